"""Which records of a study are in doubt, read from its links and their pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.contracts import DOUBTS, LINKS, PAIR_GROUPS, RECORD_KEY
from crm_research.features.drawn_joins import list_doubtful_pairs, list_doubtful_records, list_loose_records
from crm_research.models.joins.draws import PairDoubts
from crm_research.stats.bonds import DOUBTFUL_FROM, DOUBTFUL_TO, find_sure_bonds, first_together
from crm_research.vocabulary import APART, CONTRADICTING, TOGETHER

if TYPE_CHECKING:
    from crm_research.models.joins.by_record import Flags, Ints, Keys
    from crm_research.study import Study


@dataclass(frozen=True, eq=False, kw_only=True)
class DoubtfulRecords:
    """Records of which some could as well be of another customer.

    Parameters
    ----------
    records
        In the order of their names: system, local_id, customer_id (as linked), name.
    doubts
        Pairs between them, by their places.
    n_doubtful
        Pairs in doubt; where the links tell of no pairs, records that are not surely their customer's.
    is_coarse
        The links say only how sure each record is.
    is_outdated
        The pairs are of another linking than the links: what they call together is not, or what they call apart is.
    """

    records: pd.DataFrame
    doubts: PairDoubts
    n_doubtful: int
    is_coarse: bool = False
    is_outdated: bool = False


def read_doubtful(study: Study) -> DoubtfulRecords | None:
    """Which records are in doubt? None where the links tell of their pairs that none is."""
    if study.has(DOUBTS):
        return _read_pairs(study)
    return None if _has_no_doubt(study) else _read_loose(study)


def _has_no_doubt(study: Study) -> bool:
    """Do the links tell of their pairs that none is in doubt? So they do that were made when such pairs are written."""
    if not study.has(PAIR_GROUPS):
        return False
    groups: pd.DataFrame = study.table(PAIR_GROUPS).to_pandas()
    between = (groups["probable_from"] >= DOUBTFUL_FROM) & (groups["probable_from"] < DOUBTFUL_TO)
    return not (between & (groups["n_pairs"] > 0) & (groups["standing"] != CONTRADICTING)).any()


def _read_pairs(study: Study) -> DoubtfulRecords:
    """Records in the order of their names, and the pairs between them."""
    pairs: pd.DataFrame = list_doubtful_pairs(study).to_pandas()
    records: pd.DataFrame = list_doubtful_records(study).to_pandas()
    records["name"] = _names(records["system"], records["local_id"])
    records = records.drop_duplicates("name").sort_values("name", ignore_index=True)
    held = _each_once(pairs, pd.Index(records["name"]))
    left, right, standing = (held[name].to_numpy() for name in ("left", "right", "standing"))
    probability = np.clip(np.nan_to_num(held["probability"].to_numpy(dtype=float)), 0.0, 1.0)
    is_never, is_linked = (np.asarray(standing == one, dtype=bool) for one in (CONTRADICTING, TOGETHER))
    customer = pd.factorize(records["customer_id"])[0]
    is_one = customer[left] == customer[right]
    is_outdated = bool((is_linked & ~is_one).any() or (is_one & (is_never | (standing == APART))).any())
    is_always, _ = find_sure_bonds(
        len(records), left, right, probability, is_together=is_linked, is_open=~is_never
    )  # fmt: skip
    is_doubtful = ~is_never & ~is_always & ((probability > DOUBTFUL_FROM) | is_linked)
    # Records of one customer between whom no pair stands are in no doubt.
    bound = _bind_rest(customer, left[is_linked], right[is_linked])
    n_bound = len(bound[0])
    left, right = np.append(left, bound[0]), np.append(right, bound[1])
    return DoubtfulRecords(
        records=records,
        doubts=PairDoubts(
            n_records=len(records), left=left, right=right, probability=np.append(probability, np.ones(n_bound)),
            is_always=np.append(is_always, np.ones(n_bound, dtype=bool)),
            is_never=np.append(is_never, np.zeros(n_bound, dtype=bool)),
            is_linked=np.append(is_linked, np.ones(n_bound, dtype=bool)), key=_keys(records, left, right),
        ),
        n_doubtful=int(is_doubtful.sum()),
        is_outdated=is_outdated,
    )  # fmt: skip


def _each_once(pairs: pd.DataFrame, place: pd.Index) -> pd.DataFrame:
    """Each pair of two records once, whichever of them it names first: left, right, probability, standing.

    Of a pair that stands there twice a contradiction counts, else that the two are together, and the mean probability.
    """
    ends = [_names(pairs[f"{side}_system"], pairs[f"{side}_local_id"]) for side in ("left", "right")]
    one, other = (np.asarray(place.get_indexer(pd.Index(end)), dtype=np.int64) for end in ends)
    rows = pd.DataFrame(
        {
            "left": np.minimum(one, other),
            "right": np.maximum(one, other),
            "probability": pairs["probability"].to_numpy(dtype=float),
            "standing": pairs["standing"].to_numpy(dtype=object),
        }
    )
    rows = rows.loc[rows["left"] != rows["right"]]
    weight = rows["standing"].map({CONTRADICTING: 0, TOGETHER: 1}).fillna(2)
    rows = rows.assign(
        probability=rows.groupby(["left", "right"])["probability"].transform("mean"), weight=weight
    ).sort_values(["left", "right", "weight"], ignore_index=True)  # fmt: skip
    return rows.drop_duplicates(["left", "right"], ignore_index=True).drop(columns="weight")


def _bind_rest(customer: Ints, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Bonds between records of one customer that no pairs bind: of each such part its first, with the first of all."""
    n = len(customer)
    part = first_together(n, left, right)
    first = np.full(int(customer.max(initial=-1)) + 1, n, dtype=np.int64)
    np.minimum.at(first, customer, np.arange(n))
    heads = np.flatnonzero(part == np.arange(n))
    hub = first[customer[heads]]
    is_apart = part[hub] != heads
    return hub[is_apart], heads[is_apart]


def _read_loose(study: Study) -> DoubtfulRecords:
    """Each record that is not surely its customer's, bound to the surest of that customer's records."""
    if "probability" not in study.table(LINKS).columns:
        records = pd.DataFrame({name: pd.Series([], dtype=object) for name in (*RECORD_KEY, "customer_id", "name")})
        hub, bound = np.array([], dtype=np.int64), np.array([], dtype=np.int64)
        probability = np.array([])
    else:
        records = list_loose_records(study).to_pandas()
        records["name"] = _names(records["system"], records["local_id"])
        records = records.drop_duplicates("name").sort_values("name", ignore_index=True)
        surest = records.sort_values(["probability", "name"], ascending=[False, True]).drop_duplicates("customer_id")
        hub = records["customer_id"].map(pd.Series(surest.index, index=surest["customer_id"])).to_numpy(dtype=np.int64)
        bound = np.flatnonzero(hub != np.arange(len(records)))
        hub = hub[bound]
        probability = np.clip(records["probability"].to_numpy(dtype=float)[bound], 0.0, 1.0)
    is_sure: Flags = probability >= DOUBTFUL_TO
    doubts = PairDoubts(
        n_records=len(records), left=hub, right=bound, probability=probability, is_always=is_sure,
        is_never=np.zeros(len(hub), dtype=bool), is_linked=np.ones(len(hub), dtype=bool),
        key=_keys(records, hub, bound),
    )  # fmt: skip
    return DoubtfulRecords(records=records, doubts=doubts, n_doubtful=int((~is_sure).sum()), is_coarse=True)


def _names(system: pd.Series, local_id: pd.Series) -> pd.Series:
    """One name a record, of which no two are alike."""
    escaped = system.astype(str).str.replace("%", "%25", regex=False).str.replace(":", "%3A", regex=False)
    return escaped + ":" + local_id.astype(str)


def _keys(records: pd.DataFrame, left: Ints, right: Ints) -> Keys:
    own = np.asarray(pd.util.hash_array(records["name"].to_numpy(dtype=object), categorize=False))
    first, second = np.minimum(own[left], own[right]), np.maximum(own[left], own[right])
    return np.asarray(first * np.uint64(0x9E3779B97F4A7C15) + second, dtype=np.uint64)
