"""The quality of a study's records in one result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.contracts import RECORDS, REPAIRS, TABLES
from crm_research.contracts.checks import check_study
from crm_research.deferred import Later, deferred
from crm_research.features.clock import last_complete_period
from crm_research.features.quality import TableCounts, count_by_system, count_quality
from crm_research.features.repaired import RepairCounts, count_repairs
from crm_research.features.suspects import MOST_COLUMNS, level_columns
from crm_research.features.untrue_records import UntrueRecords, find_untrue_records
from crm_research.features.without import Dealing, Suspects
from crm_research.pillars.data_quality.dead import DeadRecords, measure_dead
from crm_research.pillars.data_quality.dimensions import AFTER_WINDOW, DIMENSION_OF, VALIDITY
from crm_research.pillars.data_quality.effects import measure_effects
from crm_research.pillars.data_quality.names import name_of, tell_apart
from crm_research.pillars.data_quality.potential import LeftAlone, measure_left_alone
from crm_research.pillars.data_quality.suspicions import COPIED_DAYS, COPIES, TIMES, Looked, Suspicion, find_suspicions
from crm_research.pillars.data_quality.trends import judge_trends
from crm_research.settings import leave_out
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.contracts.findings import Finding, Verdict
    from crm_research.study import Study

# Findings that count rows which no row can be told by itself, and so come off those that break no rule.
_ROWS_TOGETHER: Final = frozenset({"duplicate-key", "repeated-row", "orphan", "overlap"})
_DEALINGS: Final[tuple[Dealing, ...]] = ("orders", "contracts")


@dataclass(frozen=True, eq=False, kw_only=True)
class DataQuality(Shown):
    """How far can the records be relied on, what is worst, and what does it cost?

    Parameters
    ----------
    verdict
        What the checks found, as ``crm-research check`` tells it.
    tables
        One row a table: table, n_rows, n_sound (rows that break no rule, and are no copy: at least so many),
        sound_share, lower, upper.
    columns
        One row a column: table, column, n_asked, n_missing, complete_share, complete_lower, complete_upper, n_checked,
        n_invalid, invalid_share, invalid_lower, invalid_upper, rule (the rule of validity most often broken; empty
        where none is).
    not_judged
        Table to columns whose empty cells say something.
    months
        table, column, month, n_asked, n_missing, of whole months that are over.
    trends
        As `judge_trends` has them.
    systems
        table, system, column, n_asked, n_missing: where rows say which system they are of.
    suspicions
        All that was looked into.
    unread
        Table to how many of its columns were not looked at for spellings: those beyond the first 40.
    dealing
        The table that the study's main figures are counted in; None without orders and contracts that can be read.
    effects
        As `measure_effects` has them; empty where nothing is under suspicion.
    dead
        Who is gone.
    left_alone
        The best customers nobody spoke to; why not, where that cannot be told.
    left_out
        Tables at fault, which were not read.
    repaired
        How much was repaired in the records of the systems; None where nothing was.
    untrue
        Records of the systems that may be of nobody; None without systems.
    """

    title: str
    currency: str
    as_of: datetime
    confidence: float
    verdict: Verdict
    tables: pd.DataFrame
    columns: pd.DataFrame
    not_judged: dict[str, tuple[str, ...]]
    months: pd.DataFrame
    trends: pd.DataFrame
    systems: pd.DataFrame
    suspicions: tuple[Suspicion, ...]
    unread: dict[str, int]
    dealing: Dealing | None
    left_out: tuple[str, ...]
    repaired: RepairCounts | None = None
    untrue: UntrueRecords | None = None
    effects: deferred[pd.DataFrame] = deferred()
    dead: deferred[DeadRecords] = deferred()
    left_alone: deferred[LeftAlone | str] = deferred()

    @property
    def found(self) -> list[Suspicion]:
        """Suspicions with rows under them: those that touch the main figures first, the largest share first."""
        held = [one for one in self.suspicions if one.n_bad]
        return sorted(held, key=lambda one: (not self.touches(one), -one.n_bad / one.n_checked, one.kind, one.table))

    def touches(self, suspicion: Suspicion) -> bool:
        """Would the main figures be others without the rows under this suspicion?"""
        return suspicion.suspects is not None and suspicion.table in {self.dealing, "customers"}

    @property
    def n_rows(self) -> int:
        """Rows of all tables."""
        return int(self.tables["n_rows"].sum())


@step
def measure_quality(study: Study, *, confidence: float = 0.95, seed: int = 20170101) -> DataQuality:
    """How good are the records, what is suspect in them, and what would change without it?

    Parameters
    ----------
    study
        Any tables. Rows of all times are looked at, as the checks do; the trend, the main figures, who is gone and who
        was left alone are told up to as_of.
    confidence, seed
        Level of the intervals, and start of the draws.
    """
    verdict = check_study(study)
    # What was repaired is no record of anybody: it is told by itself.
    counts = {name: count_quality(study, name) for name in TABLES if study.has(name) and name != REPAIRS}
    counts = {name: counted for name, counted in counts.items() if counted.n_rows}
    untrue = find_untrue_records(study) if RECORDS in counts else None
    suspicions = tuple(
        find_suspicions(Looked(study=study, counts=counts, verdict=verdict, confidence=confidence, untrue=untrue))
    )
    faulty = {finding.table for finding in verdict.errors}
    sound = frozenset(name for name in counts if name not in faulty)
    dealing = next((name for name in _DEALINGS if name in sound), None)
    months = _whole_months(counts, study.as_of)
    return DataQuality(
        title=study.title,
        currency=study.currency,
        as_of=study.as_of,
        confidence=confidence,
        verdict=verdict,
        tables=_judge_tables(counts, verdict, suspicions, confidence),
        columns=_judge_columns(counts, verdict, confidence),
        not_judged={name: counted.not_judged for name, counted in counts.items() if counted.not_judged},
        months=months,
        trends=judge_trends(months),
        systems=_read_systems(study, counts),
        suspicions=suspicions,
        unread={name: n for name in counts if (n := len(level_columns(study, name)) - MOST_COLUMNS) > 0},
        dealing=dealing,
        left_out=tuple(sorted(leave_out())),
        repaired=count_repairs(study),
        untrue=untrue,
        effects=Later(lambda: _effects(study, dealing, suspicions, confidence)),
        dead=Later(lambda: measure_dead(study, sound, confidence=confidence, seed=seed)),
        left_alone=Later(lambda: measure_left_alone(study, sound, confidence=confidence, seed=seed)),
    )


def _effects(
    study: Study, dealing: Dealing | None, suspicions: tuple[Suspicion, ...], confidence: float
) -> pd.DataFrame:
    suspects = {} if dealing is None else choose_suspects(suspicions, dealing)
    return measure_effects(study, dealing or "orders", suspects, confidence=confidence)


def choose_suspects(suspicions: tuple[Suspicion, ...], dealing: Dealing) -> dict[str, Suspects]:
    """Rows that can be left out of the main figures: of the dealings themselves, and of customers."""
    meant = [
        one for one in suspicions if one.n_bad and one.suspects is not None and one.table in {dealing, "customers"}
    ]
    names = tell_apart([name_of(one) for one in meant])
    return {name: one.suspects for name, one in zip(names, meant, strict=True) if one.suspects is not None}


def _judge_tables(
    counts: dict[str, TableCounts], verdict: Verdict, suspicions: tuple[Suspicion, ...], confidence: float
) -> pd.DataFrame:
    rows = []
    for name, counted in counts.items():
        together = [one.n_bad for one in verdict.of_table(name) if one.rule in _ROWS_TOGETHER]
        together += [one.n_bad for one in suspicions if one.table == name and one.kind in _COUNT_ROWS]
        n_sound = max(counted.n_sound - sum(together), 0)
        share = wilson_share(n_sound, counted.n_rows, confidence=confidence)
        rows.append((name, counted.n_rows, n_sound, *(float(part) for part in share)))
    return pd.DataFrame(rows, columns=["table", "n_rows", "n_sound", "sound_share", "lower", "upper"])


# Suspicions whose rows are not in order.
_COUNT_ROWS: Final = frozenset({COPIES, COPIED_DAYS, TIMES})


def _judge_columns(counts: dict[str, TableCounts], verdict: Verdict, confidence: float) -> pd.DataFrame:
    frames = [counted.columns.assign(table=name) for name, counted in counts.items()]
    held = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["column", "n_asked", "n_missing"])
    worst = {(one.table, one.column): one for one in _worst_rules(verdict)}
    known = set(zip(held["table"], held["column"], strict=True)) if len(held) else set()
    others = [
        {"table": table, "column": column, "n_asked": 0, "n_missing": 0}
        for table, column in worst
        if (table, column) not in known and table in counts
    ]
    held = pd.concat([held, pd.DataFrame(others)], ignore_index=True) if others else held
    n, missing = held["n_asked"].to_numpy(dtype=float), held["n_missing"].to_numpy(dtype=float)
    complete = wilson_share(n - missing, n, confidence=confidence)
    found = [worst.get(pair) for pair in zip(held.get("table", []), held["column"], strict=True)]
    checked = [0 if one is None else one.n_checked for one in found]
    bad = [0 if one is None else one.n_bad for one in found]
    invalid = wilson_share(bad, checked, confidence=confidence)
    frame = held.assign(
        complete_share=complete.estimate,
        complete_lower=complete.lower,
        complete_upper=complete.upper,
        n_checked=checked,
        n_invalid=bad,
        invalid_share=invalid.estimate,
        invalid_lower=invalid.lower,
        invalid_upper=invalid.upper,
        rule=["" if one is None or one.holds else one.rule for one in found],
    )
    order = {name: place for place, name in enumerate(TABLES)}
    return frame.sort_values("table", key=lambda names: names.map(order), kind="stable").reset_index(drop=True)


def _worst_rules(verdict: Verdict) -> list[Finding]:
    """Of each column the rule of validity that the largest share breaks, as the checks count it."""
    worst: dict[tuple[str, str], Finding] = {}
    for one in verdict.findings:
        is_counted = DIMENSION_OF.get(one.rule) == VALIDITY and one.column and "," not in one.column and one.n_checked
        if not is_counted or one.rule in {AFTER_WINDOW, "wrong-type"}:
            continue
        key = (one.table, one.column)
        if key not in worst or one.share_bad > worst[key].share_bad:
            worst[key] = one
    return list(worst.values())


def _whole_months(counts: dict[str, TableCounts], as_of: datetime) -> pd.DataFrame:
    last = last_complete_period(as_of, 1)
    frames = [counted.months.assign(table=name) for name, counted in counts.items() if len(counted.months)]
    if not frames:
        return pd.DataFrame(columns=["table", "column", "month", "n_asked", "n_missing"])
    found = pd.concat(frames, ignore_index=True)
    columns = ["table", "column", "month", "n_asked", "n_missing"]
    return found.loc[found["month"] <= last, columns].reset_index(drop=True)


def _read_systems(study: Study, counts: dict[str, TableCounts]) -> pd.DataFrame:
    frames = [count_by_system(study, name).assign(table=name) for name in counts]
    held = [frame for frame in frames if len(frame)]
    columns = ["table", "system", "column", "n_asked", "n_missing"]
    return pd.concat(held, ignore_index=True)[columns] if held else pd.DataFrame(columns=columns)
