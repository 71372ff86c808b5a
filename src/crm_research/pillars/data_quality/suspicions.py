"""Records under suspicion: each suspicion with its rows, its evidence in words, and what else may explain it.

A finder takes the study, what was counted and the level, and gives suspicions; another one joins by standing in
`FINDERS`. What it calls rows under suspicion may say by a condition which rows they are (`Suspects`): then the report
tells what the study's main figures would be without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import stats

from crm_research.contracts import RECORDS, TABLES
from crm_research.contracts.shape_checks import usable_columns
from crm_research.features.quality import TableCounts, is_at_fault, time_faults
from crm_research.features.suspects import (
    count_copied_records,
    count_levels,
    find_copied_days,
    is_copied_record,
    is_of_days,
)
from crm_research.features.suspicions import SUSPICIONS as LABELS
from crm_research.features.suspicions import suspect_copied_amounts, suspect_overlapping_visits
from crm_research.features.without import Suspects
from crm_research.pillars.data_quality.untrue import kind_of, say_found, say_otherwise
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval, wilson_share
from crm_research.stats.multiplicity import adjust_holm
from crm_research.theme import say_count, say_date, say_percent, say_short, word_for

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.contracts.findings import Verdict
    from crm_research.features.untrue_records import UntrueRecords
    from crm_research.study import Study

BROKEN: Final = "rows that break a rule"
TIMES: Final = "dates that cannot be"
JANUARY: Final = "dates on 1 January beyond chance"
COPIES: Final = "one record under two numbers"
COPIED_DAYS: Final = "days that repeat another day"
ONE_ID: Final = "one number in two spellings"
LEVELS: Final = "one name in two spellings"
UNKNOWN: Final = "a word where nothing is known"
NUMBERS: Final = "numbers kept as text"
KINDS: Final = (BROKEN, TIMES, JANUARY, COPIES, COPIED_DAYS, ONE_ID, LEVELS, UNKNOWN, NUMBERS)
_FIRST_OF_JANUARY: Final = 1 / 365.25
_FEWEST_ON_A_DAY: Final = 5
_NEARLY_ALL: Final = 0.95
_IMPOSSIBLE: Final = ("before-1900", "in-the-future")
_JANUARY: Final = ("first-of-january",)


@dataclass(frozen=True, kw_only=True)
class Suspicion(Shown):
    """What is suspected of how many rows, on what evidence, and what else may explain it?

    Parameters
    ----------
    kind
        What is suspected, one of `KINDS` or another finder's own.
    table, column
        Where; column is empty where whole rows are meant.
    n_checked, n_bad
        Rows (or ids) looked at, and those under suspicion.
    evidence
        What was found, a sentence.
    otherwise
        What explains it where nothing is wrong, or how often the suspicion is false; a sentence.
    suspects
        Which rows they are, where they can be left out; None otherwise.
    """

    kind: str
    table: str
    column: str
    n_checked: int
    n_bad: int
    evidence: str = ""
    otherwise: str = ""
    suspects: Suspects | None = None

    def share(self, confidence: float) -> Interval:
        """Share of what was looked at that is under suspicion."""
        return wilson_share(self.n_bad, self.n_checked, confidence=confidence)


@dataclass(frozen=True, eq=False, kw_only=True)
class Looked:
    """What every finder may read: the study, one scan of each table, what the checks found, the systems' records."""

    study: Study
    counts: Mapping[str, TableCounts]
    verdict: Verdict
    confidence: float
    untrue: UntrueRecords | None = None


def find_suspicions(looked: Looked, finders: Sequence[Callable[[Looked], Iterator[Suspicion]]] = ()) -> list[Suspicion]:
    """All suspicions that could be looked into, those that found nothing among them."""
    return [found for finder in (finders or FINDERS) for found in finder(looked)]


def _broken(looked: Looked) -> Iterator[Suspicion]:
    for table, counted in looked.counts.items():
        if counted.n_rows:
            yield Suspicion(
                kind=BROKEN,
                table=table,
                column="",
                n_checked=counted.n_rows,
                n_bad=counted.n_rows - counted.n_sound,
                evidence="They break a rule of the records by themselves: the table of rules says which.",
                otherwise="An unusual row may be a true one: a rule that may be broken can be accepted in the study.",
                suspects=Suspects(table=table, condition=partial(is_at_fault, table=table)),
            )


def _times(looked: Looked) -> Iterator[Suspicion]:
    for table, counted in looked.counts.items():
        for row in counted.times.to_dict("records"):
            early, late = int(row["before-1900"]), int(row["in-the-future"])
            yield Suspicion(
                kind=TIMES,
                table=table,
                column=str(row["column"]),
                n_checked=int(row["n_filled"]),
                n_bad=early + late,
                evidence=f"{_lie(early)} before 1900, and {late:,} after the end of the records.",
                otherwise="Such a date is a slip or stands for none: there is no other reading.",
                suspects=Suspects(
                    table=table, condition=partial(_is_of_time, column=str(row["column"]), faults=_IMPOSSIBLE)
                ),
            )


def _lie(n: int) -> str:
    return f"{n:,} {word_for(n, 'lies', 'lie')}"


def _is_of_time(*, study: Study, rows: ir.Table, column: str, faults: Sequence[str]) -> Any:
    found = time_faults(rows[column], study)
    return reduce(lambda left, right: left | right, [found[fault] for fault in faults])


def _january(looked: Looked) -> Iterator[Suspicion]:
    """Of dates that people are described by, more on 1 January than chance gives, all of them looked at together."""
    rows = [
        (table, row) for table, counted in looked.counts.items() for row in counted.times.to_dict("records")
        if table == "customers" and row["n_filled"]
    ]  # fmt: skip
    n = np.array([row["n_filled"] for _, row in rows], dtype=float)
    hits = np.array([row["first-of-january"] for _, row in rows], dtype=float)
    p_values = adjust_holm(stats.binom.sf(hits - 1, n, _FIRST_OF_JANUARY)) if rows else np.array([])
    for (table, row), p_value in zip(rows, p_values, strict=True):
        on_it, filled = int(row["first-of-january"]), int(row["n_filled"])
        is_beyond = p_value < 1 - looked.confidence and on_it >= _FEWEST_ON_A_DAY
        expected = filled * _FIRST_OF_JANUARY
        yield Suspicion(
            kind=JANUARY,
            table=table,
            column=str(row["column"]),
            n_checked=filled,
            n_bad=on_it if is_beyond else 0,
            evidence=f"{_lie(on_it)} on 1 January, where chance gives about {say_short(expected, 2)}.",
            otherwise=f"About {say_percent(min(expected / on_it, 1.0))} of them are true." if is_beyond else "",
            suspects=Suspects(table=table, condition=partial(_is_of_time, column=str(row["column"]), faults=_JANUARY)),
        )


def _copies(looked: Looked) -> Iterator[Suspicion]:
    for table in looked.counts:
        n_checked, n_bad = count_copied_records(looked.study, table)
        if n_checked:
            yield Suspicion(
                kind=COPIES,
                table=table,
                column="",
                n_checked=n_checked,
                n_bad=n_bad,
                evidence=f"{n_bad:,} {word_for(n_bad, 'agrees', 'agree')} with another row in everything but "
                f"{word_for(n_bad, 'its', 'their')} number.",
                otherwise="Two true ones look so where somebody does the same twice, and only the day is recorded.",
                suspects=Suspects(table=table, condition=partial(is_copied_record, table=table)),
            )


def _copied_days(looked: Looked) -> Iterator[Suspicion]:
    if "orders" not in looked.counts:
        return
    days = find_copied_days(looked.study)
    if not days.attrs["n_compared"]:
        return
    again = [say_date(at) for name in ("day", "like") for at in days[name].head(1)]
    first = f", such as {again[0]}, which is {again[1]} again" if again else ""
    yield Suspicion(
        kind=COPIED_DAYS,
        table="orders",
        column="",
        n_checked=looked.counts["orders"].n_rows,
        n_bad=int(days["n_orders"].sum()),
        evidence=f"{say_count(len(days), 'day')} {word_for(len(days), 'has', 'have')} the orders of an earlier day, "
        f"amount by amount{first}.",
        otherwise="Standing orders do the same; where most days repeat others, nothing is suspected.",
        suspects=Suspects(table="orders", condition=partial(_is_of_days, days=tuple(days["day"]))),
    )


def _is_of_days(*, study: Study, rows: ir.Table, days: Sequence[Any]) -> Any:  # noqa: ARG001  (others need the study)
    return is_of_days(rows.ordered_at, days)


def _ids(looked: Looked) -> Iterator[Suspicion]:
    for finding in looked.verdict.findings:
        if finding.rule == "one-spelling" and finding.n_checked:
            yield Suspicion(
                kind=ONE_ID,
                table=finding.table,
                column=finding.column,
                n_checked=finding.n_checked,
                n_bad=finding.n_bad,
                evidence=f"{finding.n_bad:,} {word_for(finding.n_bad, 'differs', 'differ')} from another one in "
                "capitals, blanks or leading zeros alone.",
                otherwise="Where capitals alone tell two apart, they are two.",
            )


def _levels(looked: Looked) -> Iterator[Suspicion]:
    for table in looked.counts:
        for row in count_levels(looked.study, table).to_dict("records"):
            column, n = str(row["column"]), int(row["n_rows"])
            if not n:
                continue
            names = int(row["n_odd_levels"])
            yield Suspicion(
                kind=LEVELS,
                table=table,
                column=column,
                n_checked=n,
                n_bad=int(row["n_odd_rows"]),
                evidence=f"{say_count(names, 'name')} of {int(row['n_levels']):,} {word_for(names, 'is', 'are')} "
                "written in more than one way: capitals, blanks or marks alone differ.",
                otherwise="Where capitals or marks tell two apart, they are two.",
            )
            yield Suspicion(
                kind=UNKNOWN,
                table=table,
                column=column,
                n_checked=n,
                n_bad=int(row["n_unknown_rows"]),
                evidence=f"In {int(row['n_unknown_rows']):,} a word for unknown, or a mark, fills the place.",
                otherwise="Where unknown is an answer of its own, it is one.",
            )
            is_number = row["n_number_rows"] >= _NEARLY_ALL * n and row["n_measured"] > 0
            yield Suspicion(
                kind=NUMBERS,
                table=table,
                column=column,
                n_checked=n,
                n_bad=int(row["n_number_rows"]) if is_number else 0,
                evidence=f"{say_percent(row['n_number_rows'] / n)} are numbers, some with decimals.",
                otherwise="Where the numbers are only names (of versions, say), text is right.",
            )


# Of each: the id, the time and the money of a row, where the suspicion is of money.
_UNTRUE: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "orders": ("copied_amount", ("order_id", "ordered_at", "revenue")),
    "invoices": ("copied_amount", ("invoice_id", "issued_at", "amount")),
    "contacts": ("overlapping_visit", ("contact_id", "opened_at", "closed_at")),
}
_FOUND: Final[Mapping[str, str]] = {
    "copied_amount": "{n_bad:,} {has} an amount that is rare elsewhere twice for one customer on one day; chance "
    "explains about {by_chance}.",
    "overlapping_visit": "{visits} began while another one of the same customer went on.",
}


def _untrue(looked: Looked) -> Iterator[Suspicion]:
    """Amounts and visits that copy or overlap each other."""
    for table, (name, columns) in _UNTRUE.items():
        if table not in looked.counts:
            continue
        rows = looked.study.table(table)
        if not usable_columns(TABLES[table], rows, {}) >= {"customer_id", *columns}:
            continue
        key, at, last = columns
        found = (
            suspect_copied_amounts(rows, key=key, at=at, amount=last)
            if name == "copied_amount"
            else suspect_overlapping_visits(rows)
        )
        counted = found.aggregate(n_bad=found.count(), by_chance=found.chance.sum()).to_pyarrow().to_pylist()[0]
        n_bad, by_chance = int(counted["n_bad"]), float(counted["by_chance"] or 0.0)
        n_checked = int(rows.count().to_pyarrow().as_py())
        if n_checked:
            yield Suspicion(
                kind=LABELS[name].label.lower(),
                table=table,
                column="",
                n_checked=n_checked,
                n_bad=n_bad,
                evidence=_FOUND[name].format(
                    n_bad=n_bad,
                    has=word_for(n_bad, "has", "have"),
                    visits=say_count(n_bad, "visit"),
                    by_chance=say_short(by_chance, 2),
                ),
                otherwise="Two true ones look so where a customer does the same twice on a day."
                if name == "copied_amount"
                else "Two who visit together look so, where one stands for both.",
            )


def _untrue_records(looked: Looked) -> Iterator[Suspicion]:
    """Records of the systems that seem to be of nobody."""
    for one in () if looked.untrue is None else looked.untrue.counts:
        yield Suspicion(
            kind=kind_of(one.suspicion),
            table=RECORDS,
            column="",
            n_checked=one.n_checked,
            n_bad=one.n_suspected,
            evidence=say_found(one),
            otherwise=say_otherwise(one),
        )


FINDERS: Final[tuple[Callable[[Looked], Iterator[Suspicion]], ...]] = (
    _broken, _times, _january, _copies, _copied_days, _untrue, _untrue_records, _ids, _levels,
)  # fmt: skip
