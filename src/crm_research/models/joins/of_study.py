"""The doubtful joins of a study, drawn anew: which customers there would be, and what they would have done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from crm_research.contracts import LINKS, RECORD_KEY
from crm_research.features.drawn_joins import (
    PREFIX,
    build_drawn_study,
    name_records,
)
from crm_research.models.joins.draws import PairDoubts, draw_groups
from crm_research.models.joins.reading import read_doubtful
from crm_research.stats.bonds import number_groups
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.models.joins.by_record import Ints
    from crm_research.study import Study

# The fewest of which the range holds 95 % of further draws.
N_DRAWS: Final = 40
_MOST_DRAWS: Final = 999


@dataclass(frozen=True, eq=False, kw_only=True)
class DrawnJoins:
    """A study's doubtful joins, drawn anew.

    Parameters
    ----------
    study
        The customers whom some draw changes, as they are in the draws, each once: with seven digits and a bar before
        the number, since one number can stand for other records in another draw. None where no draw changes anything.
    members
        Who is there in which draw: draw (0 as linked, then 1, 2 ...), customer_id (in `study`), number (without the
        digits) and origin (the number that the first of the records bears as linked).
    touched
        Numbers of customers whom some draw changes, as linked; sorted.
    n_draws
        Draws, beside the records as linked.
    n_doubtful
        Pairs of records in doubt; where the links tell of no pairs, records that are not surely their customer's.
    is_coarse
        The links say only how sure each record is: a draw can part what stands together, and join nothing.
    names_records
        Of orders and contracts, those that are there: do they say which record they came with? Of those that name
        customers alone no draw can tell, and they go with the customer's number.
    is_outdated
        The pairs in doubt are of another linking than the links, so that nothing can be drawn.
    """

    study: Study | None
    members: pd.DataFrame
    touched: tuple[str, ...]
    n_draws: int
    n_doubtful: int
    is_coarse: bool = False
    names_records: Mapping[str, bool] = field(default_factory=dict)
    is_outdated: bool = False

    @property
    def changed(self) -> Study:
        """`study`, where some draw changes anything; else there is none to ask."""
        if self.study is None:
            raise ValueError("No draw changes anything.")
        return self.study

    @property
    def n_more(self) -> float:
        """How many more customers there are in a draw, on average, than as linked; fewer where it is below nought."""
        counts = np.bincount(self.members["draw"].to_numpy(dtype=np.int64), minlength=self.n_draws + 1)
        return float(counts[1:].mean() - counts[0])

    def told(self, *tables: str) -> dict[str, Any]:
        """What a page says of how the joins were drawn, by the names that `show.joined.JoinsTold` has for it.

        Parameters
        ----------
        tables
            Orders, contracts or both: what the number of the page is counted from.
        """
        known = [name for name in tables if name in self.names_records]
        lacking = " and ".join(name for name in known if not self.names_records[name]) if self.n_doubtful else ""
        unknown, partly = OUTDATED if self.is_outdated else "", ""
        if lacking and not unknown and any(self.names_records[name] for name in known):
            partly = WITH_NUMBER.format(lacking.capitalize())
        elif lacking and not unknown:
            unknown = NOT_NAMED.format(lacking)
        return {
            "n_draws": self.n_draws, "n_doubtful": self.n_doubtful, "is_coarse": self.is_coarse,
            "n_more": self.n_more, "unknown": unknown, "partly": partly,
        }  # fmt: skip

    def without_touched(self, rows: ir.Table) -> ir.Table:
        """Rows of the customers whom no draw changes."""
        if not self.touched:
            return rows
        asked = ibis.memtable(pa.table({"customer_id": pa.array(self.touched, pa.string())}))
        return rows.anti_join(asked, "customer_id")

    def by_draw(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of the customers of `study`, once for each draw in which they are there: with draw, number, origin."""
        return self.members.merge(rows, on="customer_id", how="inner", sort=False)


NOT_NAMED: Final = "{} name customers, and not the records of the systems that they came with."
WITH_NUMBER: Final = (
    "{} name customers alone: they stay with the customer who keeps the number, so that parting customers moves none "
    "of them."
)
OUTDATED: Final = "the pairs are of another linking than the links. crm-research link writes both anew."
_NOBODY: Final = pd.DataFrame(
    {
        "draw": pd.Series([], dtype="int64"),
        **{name: pd.Series([], dtype=object) for name in ("customer_id", "number", "origin")},
    }
)  # fmt: skip


@step
def draw_joins(study: Study, *, n_draws: int = N_DRAWS, seed: int = 20170101) -> DrawnJoins | None:
    """Had the doubtful joins been decided otherwise, which customers would there be? None for a study without links.

    Parameters
    ----------
    study
        Needs ``links``; with ``link_doubts`` pairs are drawn by their probabilities, without them each record whose
        place is not sure is a customer by itself as often as its probability leaves open.
    n_draws
        How many draws, 2 to 999.
    seed
        Of chance; the order of rows changes nothing.
    """
    if not 2 <= n_draws <= _MOST_DRAWS:
        raise ValueError(f"n_draws must be from 2 to {_MOST_DRAWS}, not {n_draws!r}.")
    if not study.has(LINKS):
        return None
    found = read_doubtful(study)
    if found is None:
        return _unmoved(n_draws)
    named = name_records(study)
    common: dict[str, Any] = {
        "n_doubtful": found.n_doubtful, "is_coarse": found.is_coarse, "names_records": named,
        "is_outdated": found.is_outdated,
    }  # fmt: skip
    if found.is_outdated or (named and not any(named.values())):
        return _unmoved(n_draws, **common)
    records, doubts = found.records, found.doubts
    groups = draw_groups(doubts, n_draws=n_draws, seed=seed)
    customer, names = pd.factorize(records["customer_id"], sort=True)
    drawn, heirs = _name_groups(groups, customer, records["name"].to_numpy(dtype=object), names.to_numpy(dtype=object))
    is_changed = (drawn != names.to_numpy(dtype=object)[customer]).any(axis=0)
    area = _areas(doubts, customer)
    is_touched = np.isin(area, area[is_changed])
    if not is_touched.any():
        return _unmoved(n_draws, **common)
    as_linked = np.unique(customer[is_touched])
    held = _Held(
        records=records.loc[is_touched].reset_index(drop=True),
        numbers=np.vstack([names.to_numpy(dtype=object)[customer], drawn])[:, is_touched],
        names=names.to_numpy(dtype=object)[as_linked],
        heirs=np.vstack([names.to_numpy(dtype=object), heirs])[:, as_linked],
    )
    members, whose, followed = held.list_customers()
    return DrawnJoins(
        study=build_drawn_study(study, ibis.memtable(whose), ibis.memtable(followed)),
        members=members,
        touched=tuple(str(one) for one in held.names),
        n_draws=n_draws,
        **common,
    )


def _unmoved(n_draws: int, n_doubtful: int = 0, **more: Any) -> DrawnJoins:
    """Joins of which no draw changes any."""
    return DrawnJoins(study=None, touched=(), members=_NOBODY, n_draws=n_draws, n_doubtful=n_doubtful, **more)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Held:
    """Records that some draw changes, with the number that each bears in each draw, as linked the first.

    Parameters
    ----------
    records
        system, local_id, customer_id (as linked) and name, in the order of names.
    numbers
        One row a draw, one column a record.
    names, heirs
        Numbers as linked, and in each draw (rows) the number that each has gone over to.
    """

    records: pd.DataFrame
    numbers: np.ndarray
    names: np.ndarray
    heirs: np.ndarray

    def list_customers(self) -> tuple[pd.DataFrame, pa.Table, pa.Table]:
        """Members of all draws; and of each customer told apart the records, and the numbers gone over to them."""
        n_draws = len(self.numbers)
        code, numbers = pd.factorize(np.concatenate([self.numbers.ravel(), self.heirs.ravel()]))
        of_record, of_heir = np.split(code, [self.numbers.size])
        cells = [
            np.repeat(np.arange(n_draws), held.shape[1]) * len(numbers) + own
            for held, own in ((self.numbers, of_record), (self.heirs, of_heir))
        ]
        cell, first, at = np.unique(cells[0], return_index=True, return_inverse=True)
        # A customer is told by the number, the records and what else has gone over to it: sums of a lot for each.
        sign = _lots_of(numbers)[cell % len(numbers)]
        np.add.at(sign, at, np.tile(_lots_of(self.records["name"].to_numpy(dtype=object)), n_draws))
        heir_at = np.minimum(np.searchsorted(cell, cells[1]), len(cell) - 1)
        np.add.at(sign, heir_at, np.tile(_lots_of(self.names + "\n"), n_draws))
        _, shown, which = np.unique(sign, return_index=True, return_inverse=True)
        number = numbers[cell % len(numbers)]
        prefix = np.array([f"{one:0{PREFIX - 1}d}|" for one in range(len(shown))], dtype=object)
        ids = prefix[which] + number
        members = pd.DataFrame(
            {
                "draw": cell // len(numbers),
                "customer_id": ids,
                "number": number,
                "origin": self.records["customer_id"].to_numpy(dtype=object)[first % self.numbers.shape[1]],
            }
        )
        is_shown = np.zeros(len(cell), dtype=bool)
        is_shown[shown] = True
        kept, going = np.flatnonzero(is_shown[at]), np.flatnonzero(is_shown[heir_at])
        place = kept % self.numbers.shape[1]
        whose = {
            **{name: self.records[name].to_numpy(dtype=object)[place] for name in RECORD_KEY},
            "customer_id": ids[at[kept]],
        }
        followed = {"customer_id": self.names[going % len(self.names)], "drawn_id": ids[heir_at[going]]}
        return members, _texts(whose), _texts(followed)


def _lots_of(names: np.ndarray) -> np.ndarray:
    """A number for each name, so that sums of them tell sets of names apart."""
    return np.asarray(pd.util.hash_array(np.asarray(names, dtype=object), categorize=False))


def _texts(columns: dict[str, np.ndarray]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _areas(doubts: PairDoubts, customer: Ints) -> Ints:
    """Of each record the number of all that any draw could bring it together with."""
    n = doubts.n_records
    first = np.full(int(customer.max(initial=-1)) + 1, n, dtype=np.int64)
    np.minimum.at(first, customer, np.arange(n))
    may = ~doubts.is_never
    ends = np.append(doubts.left[may], np.arange(n)), np.append(doubts.right[may], first[customer])
    return number_groups(n, *ends)


def _name_groups(groups: Ints, customer: Ints, records: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of each record's customer in each draw, and the customer whom each number has gone over to.

    Most of a customer's records keep its number, and of several numbers in a group the one with most records stays.
    """
    n_draws, n = groups.shape
    m = len(names)
    if not n:
        return np.empty((n_draws, 0), dtype=object), np.empty((n_draws, 0), dtype=object)
    draw = np.repeat(np.arange(n_draws), n)
    cell = (draw * n + groups.ravel()) * m + np.tile(customer, n_draws)
    cells, counts = np.unique(cell, return_counts=True)
    group, number = cells // m, cells % m
    holder = (group // n) * m + number
    # The largest part of each customer claims its number; of equal ones the one whose first record comes first.
    order = np.lexsort((group, -counts, holder))
    is_first = np.append(True, np.diff(holder[order]) != 0)
    claims = order[is_first]
    heir_group = np.empty(n_draws * m, dtype=np.int64)
    heir_group[holder[claims]] = group[claims]
    # Of several claims the one of most records stands; of equal ones the smaller number.
    order = claims[np.lexsort((number[claims], -counts[claims], group[claims]))]
    is_best = np.append(True, np.diff(group[order]) != 0)
    best = order[is_best]
    given = _new_numbers(records)
    id_of = np.tile(given, n_draws)
    id_of[group[best]] = names[number[best]]
    return id_of[draw * n + groups.ravel()].reshape(n_draws, n), id_of[heir_group].reshape(n_draws, m)


def _new_numbers(records: np.ndarray) -> np.ndarray:
    """Numbers of customers whom a draw founds: by their first record, and like none that anybody bears."""
    return np.array([f"|{name}" for name in records], dtype=object)
