"""One customer, one record: how many there are, how sure it is, and what counting them twice does, in one result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pyarrow as pa

from crm_research.contracts import EVENTS, JUDGEMENTS, LINKS, PAIR_GROUPS, RECORDS, RELATIONS
from crm_research.errors import StudyError
from crm_research.features.linked_records import (
    IN_SYSTEM,
    count_by_system,
    count_changes,
    count_combinations,
    count_group_sizes,
    count_relations,
    count_sent_twice,
    count_taken_for_new,
    list_groups,
    list_members,
)
from crm_research.linking.goodness import Goodness, Limits, estimate_goodness
from crm_research.linking.judging import groups_of
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.vocabulary import (
    APART,
    CONTRADICTING,
    LINK_CHANGES,
    NOT_LOOKED_AT,
    PAIR_STANDINGS,
    RELATION_KINDS,
)

if TYPE_CHECKING:
    from crm_research.study import Study

# Customers of so many records or more are laid out for inspection, and so many of them.
LARGE: Final = 3
MOST_LISTED: Final = 200
# A pair that stands apart and is as probable as this has not been decided.
DOUBTFUL: Final = 0.1
# What makes two tables of pairs be of the same links.
_GROUP: Final = ("standing", "probable_from", "n_pairs")


@dataclass(frozen=True, kw_only=True)
class Judging:
    """What a person has judged.

    Parameters
    ----------
    n_drawn, n_judged, n_unsure
        Pairs laid out; those with a judgement, and those of them that were left open.
    judged_at
        When the judgements were read.
    n_unseen, n_unseen_same
        Judged pairs that no rule had anybody look at, and those of them that are of one customer.
    is_of_these_links
        The links are those that were judged, as far as the counts of pairs tell.
    """

    n_drawn: int
    n_judged: int
    n_unsure: int
    judged_at: datetime
    n_unseen: int
    n_unseen_same: int
    is_of_these_links: bool


@dataclass(frozen=True, kw_only=True)
class TakenForNew:
    """Purchases by the systems' own numbers, and by linked customers; as `count_taken_for_new` has them."""

    n_numbers: int
    n_customers: int
    n_numbers_again: int
    n_customers_again: int
    n_split: int
    revenue_of_split: float


@dataclass(frozen=True, eq=False, kw_only=True)
class SingleView(Shown):
    """How many customers do we really have, how sure are we, and what do the doubles cost?

    Parameters
    ----------
    n_records, n_customers
        Records that were there by as_of, and the customers whom the links make of them.
    n_later
        Records that came after as_of: they are counted nowhere, but pairs are those of all that is linked today.
    customers
        The number of customers with limits, within which it lies if pairs are as often wrong and missed as estimated.
    systems
        One row a system: system, n_records, n_customers, n_alone, n_again (records whose customer has another in the
        same system).
    combinations
        One row a combination of systems, the most customers first: systems (names), n_systems, n_customers, n_records.
    sizes
        One row a number of records: n_records, n_customers.
    groups
        Customers of three records or more, the largest first: customer_id, n_records, n_systems, least_sure.
    members
        Their records: customer_id, system, local_id, probability.
    pairs
        One row a group of pairs: standing, probable_from, n_pairs, n_expected; empty where links come without.
    judged
        The same with n_drawn, n_same, n_different, n_unsure; empty where nobody has judged.
    by_model, by_judgements
        How good the links are; None where nothing tells.
    judging
        None where nobody has judged.
    taken_for_new
        None where no purchases bear the systems' own numbers.
    sent_twice
        Letters of campaigns, and those of them to a customer who had the same one under another number; None where
        campaigns do not tell.
    relations
        One row a kind: kind, n_pairs, n_customers.
    changes
        One row a change of the last linking that changed any: linked_at, became, n_customers, n_records.
    """

    title: str
    currency: str
    as_of: datetime
    confidence: float
    n_records: int
    n_customers: int
    n_later: int
    customers: Limits | None
    systems: pd.DataFrame
    combinations: pd.DataFrame
    sizes: pd.DataFrame
    groups: pd.DataFrame
    members: pd.DataFrame
    pairs: pd.DataFrame
    judged: pd.DataFrame
    by_model: Goodness | None
    by_judgements: Goodness | None
    judging: Judging | None
    taken_for_new: TakenForNew | None
    sent_twice: tuple[int, int] | None
    relations: pd.DataFrame
    changes: pd.DataFrame

    @property
    def goodness(self) -> Goodness | None:
        """The better founded of the two: judged where a person has."""
        return self.by_judgements if self.by_judgements is not None else self.by_model

    @property
    def n_too_many(self) -> int:
        """Records whose customer has another already."""
        return self.n_records - self.n_customers

    @property
    def n_in_several(self) -> int:
        """Customers who stand in two systems or more."""
        return int(self.combinations.loc[self.combinations["n_systems"] > 1, "n_customers"].sum())

    @property
    def n_again(self) -> int:
        """Records that stand in a system which has their customer already."""
        return int(self.systems["n_again"].sum())

    @property
    def n_undecided(self) -> int:
        """Pairs that stand apart, and may well be of one customer."""
        held = self.pairs
        return int(held.loc[(held["standing"] == APART) & (held["probable_from"] >= DOUBTFUL), "n_pairs"].sum())

    @property
    def n_contradicting(self) -> int:
        """Pairs that are alike and contradict each other."""
        return int(self.pairs.loc[self.pairs["standing"] == CONTRADICTING, "n_pairs"].sum())


@step
def measure_single_view(study: Study, *, confidence: float = 0.95, seed: int = 20170101) -> SingleView:
    """How many customers are behind the records of several systems, how sure is it, and what do the doubles cost?

    Parameters
    ----------
    study
        Needs customer_records and links. Records that came after as_of are not counted; the links are those of today,
        whatever day the study stands at.
    confidence, seed
        Level of the limits, and start of the draws behind them.
    """
    if not study.has(RECORDS, LINKS):
        raise StudyError(
            f"Study {study.name!r} has no records of several systems with links between them. Name its systems under "
            "customer_records, and run crm-research link."
        )
    systems = count_by_system(study).execute().sort_values("system", ignore_index=True)
    systems["n_again"] = systems["n_records"] - systems["n_customers"]
    sizes = count_group_sizes(study).execute().sort_values("n_records", ignore_index=True)
    n_customers = int(sizes["n_customers"].sum())
    n_records = int(systems["n_records"].sum())
    pairs, judged = (_read_groups(study, name, n_records) for name in (PAIR_GROUPS, JUDGEMENTS))
    by_model, by_judgements = (_measure(held, confidence, seed) if len(held) else None for held in (pairs, judged))
    groups = _largest(study)
    return SingleView(
        title=study.title,
        currency=study.currency,
        as_of=study.as_of,
        confidence=confidence,
        n_records=n_records,
        n_customers=n_customers,
        n_later=int(study.table(RECORDS).count().execute()) - n_records,
        customers=_limit_customers(n_records, n_customers, by_judgements or by_model),
        systems=systems,
        combinations=_combine(study, systems["system"].tolist()),
        sizes=sizes,
        groups=groups,
        members=_members(study, groups["customer_id"].tolist()),
        pairs=pairs,
        judged=judged,
        by_model=by_model,
        by_judgements=by_judgements,
        judging=_describe_judging(judged, pairs),
        taken_for_new=_take_for_new(study),
        sent_twice=_send_twice(study),
        relations=_relate(study),
        changes=_change(study),
    )


def _limit_customers(n_records: int, n_customers: int, goodness: Goodness | None) -> Limits | None:
    """Records less those that are too many, of which there are as many more or fewer as pairs are missed or wrong."""
    if goodness is None:
        return None
    too_many = n_records - n_customers
    if too_many and goodness.right_for_found is not None:
        most, least = (too_many * ratio for ratio in (goodness.right_for_found.upper, goodness.right_for_found.lower))
    else:
        most, least = goodness.n_missed.upper, goodness.n_missed.lower
    lower, upper = (float(max(round(n_records - many), min(n_records, 1))) for many in (most, least))
    return Limits(float(n_customers), min(lower, n_customers), min(max(upper, n_customers), n_records))


def _read_groups(study: Study, table: str, n_records: int) -> pd.DataFrame:
    # Of one record nothing can be told, whatever is known of those that came later.
    if not study.has(table) or n_records <= 1:
        return pd.DataFrame(columns=[*_GROUP, "n_expected"])
    held: pd.DataFrame = study.table(table).execute()
    place = held["standing"].map(PAIR_STANDINGS.index)
    order = held.assign(_place=place, _least=-held["probable_from"]).sort_values(["_place", "_least"])
    found: pd.DataFrame = held.loc[order.index].reset_index(drop=True)
    return found


def _measure(held: pd.DataFrame, confidence: float, seed: int) -> Goodness:
    rows = pa.Table.from_pandas(held.sort_values(["standing", "probable_from"]), preserve_index=False)
    return estimate_goodness(groups_of(rows), confidence=confidence, seed=seed)


def _describe_judging(judged: pd.DataFrame, pairs: pd.DataFrame) -> Judging | None:
    if judged.empty:
        return None
    unseen = judged.loc[judged["standing"] == NOT_LOOKED_AT]
    decided, same = judged["n_same"] + judged["n_different"], unseen["n_same"].sum()
    looked_at = judged.loc[judged["standing"] != NOT_LOOKED_AT, list(_GROUP)]
    now = pairs[list(_GROUP)]
    return Judging(
        n_drawn=int(judged["n_drawn"].sum()),
        n_judged=int((decided + judged["n_unsure"]).sum()),
        n_unsure=int(judged["n_unsure"].sum()),
        judged_at=judged["judged_at"].max().to_pydatetime(),
        n_unseen=int(decided[unseen.index].sum()),
        n_unseen_same=int(same),
        is_of_these_links=pairs.empty
        or sorted(now.itertuples(index=False)) == sorted(looked_at.itertuples(index=False)),
    )


def _combine(study: Study, systems: list[str]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for row in count_combinations(study, systems).execute().to_dict("records") if systems else []:
        inside = tuple(name for k, name in enumerate(systems) if row[f"{IN_SYSTEM}{k}"])
        rows.append(
            {
                "systems": inside,
                "n_systems": len(inside),
                "n_customers": int(row["n_customers"]),
                "n_records": int(row["n_records"]),
            }
        )
    rows.sort(key=lambda row: (-row["n_customers"], row["n_systems"], row["systems"]))
    return pd.DataFrame(rows, columns=["systems", "n_systems", "n_customers", "n_records"])


def _largest(study: Study) -> pd.DataFrame:
    import ibis

    groups = list_groups(study)
    large = groups.filter(groups.n_records >= LARGE)
    found: pd.DataFrame = (
        large.order_by(ibis.desc("n_records"), "least_sure", "customer_id").limit(MOST_LISTED).execute()
    )
    return found


def _members(study: Study, customers: list[str]) -> pd.DataFrame:
    place = {name: k for k, name in enumerate(customers)}
    found: pd.DataFrame = list_members(study, customers).execute()
    found = found.assign(_place=found["customer_id"].map(place)).sort_values(["_place", "system", "local_id"])
    return found.drop(columns="_place").reset_index(drop=True)


def _take_for_new(study: Study) -> TakenForNew | None:
    if not study.has("orders") or not {"system", "local_id"} <= {*study.table("orders").columns}:
        return None
    row = count_taken_for_new(study).execute().iloc[0]
    if not row["n_numbers"]:
        return None
    counts = {name: int(row[name]) for name in TakenForNew.__dataclass_fields__ if name != "revenue_of_split"}
    return TakenForNew(**counts, revenue_of_split=float(row["revenue_of_split"]))


def _send_twice(study: Study) -> tuple[int, int] | None:
    table = "campaign_targets"
    if not study.has(table) or not {"system", "local_id"} <= {*study.table(table).columns}:
        return None
    row = count_sent_twice(study).execute().iloc[0]
    return (int(row["n_sent"]), int(row["n_twice"])) if row["n_sent"] else None


def _relate(study: Study) -> pd.DataFrame:
    if not study.has(RELATIONS):
        return pd.DataFrame(columns=["kind", "n_pairs", "n_customers"])
    found: pd.DataFrame = count_relations(study).execute()
    return found.sort_values("kind", key=lambda kinds: kinds.map(RELATION_KINDS.index), ignore_index=True)


def _change(study: Study) -> pd.DataFrame:
    if not study.has(EVENTS):
        return pd.DataFrame(columns=["linked_at", "became", "n_customers", "n_records"])
    found: pd.DataFrame = count_changes(study).execute()
    last: pd.DataFrame = found.loc[found["linked_at"] == found["linked_at"].max()]
    return last.sort_values("became", key=lambda names: names.map(LINK_CHANGES.index), ignore_index=True)
