"""What share of the customers must stay for the base to keep its size, overall and by group?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.errors import ParameterError
from crm_research.features.clock import instant, whole_days_between
from crm_research.features.spells import build_spells, name_group
from crm_research.features.window import known_rows
from crm_research.models.decisions import needed_retention
from crm_research.models.survival import estimate_survival
from crm_research.pillars.churn.curves.counting import ChurnCounts, count_contracts
from crm_research.pillars.churn.setting import ChurnSetting, describe_setting
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step
from crm_research.theme import say_count, say_date, say_percent, say_range
from crm_research.vocabulary import DAYS_PER_YEAR, days_in_months

if TYPE_CHECKING:
    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
    from crm_research.study import Study

_COUNTED: Final = ("n_before", "n_kept", "n_new", "n_new_kept", "n_running")


@dataclass(frozen=True, eq=False, kw_only=True)
class RetentionTargets(Shown):
    """The retention a base needs beside the one it had.

    Parameters
    ----------
    since, as_of
        The year that was looked at, (since, as_of].
    target_base
        Running contracts wanted a year after as_of.
    group
        Column the groups come from; None without.
    confidence
        Level of every interval.
    overall, by_group
        One row, and one row a group (the target shared as the base is today): as `needed_retention` gives them.
        `by_group` is None without a grouping. None both where the year cannot be told.
    n_met_late
        Running contracts that neither ran a year ago nor began since then, as far as the records were watching.
    stay_by_tenure
        Share of the running contracts that stays another year by the curve over tenure; what a snapshot can say.
    check, check_holds
        The yearly retention beside the holdout, in words, and whether the two agree; empty and None without one.
    notes
        What could not be told, and why.
    """

    since: datetime
    as_of: datetime
    target_base: float
    group: str | None
    confidence: float
    overall: pd.DataFrame | None
    by_group: pd.DataFrame | None
    n_met_late: int
    stay_by_tenure: float
    check: str
    check_holds: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def window(self) -> str:
        """The year, in words."""
        return f"contracts running on {say_date(self.since)}, and those begun until {say_date(self.as_of)}"


@step
def set_targets(
    study: Study,
    *,
    group: str | None = None,
    target_base: float | None = None,
    confidence: float = 0.95,
    leaving: ChurnAnalysis | None = None,
) -> RetentionTargets:
    """To have so many contracts in a year, what share of today's must stay, and how far is that from what was seen?

    Parameters
    ----------
    study
        Needs contracts.
    group
        As in `count_contracts`: a declared attribute or plan; None lets `choose_group` choose.
    target_base
        Contracts wanted a year from as_of; None keeps today's number.
    leaving
        `describe_churn` of the same study, whose counts are then not made again.

    Returns
    -------
    RetentionTargets
        Without tables, and with a note, where the records do not hold the year (a snapshot; nobody ran a year ago;
        the ends of a part of the year are missing).

    Raises
    ------
    ParameterError
        If contracts cannot be grouped by `group`, or the target is no positive number.

    Notes
    -----
    base in a year = needed x base today + newcomers of the coming year who still run at its end. The last are taken
    from the year seen: as many come, and as many of them leave within the year they came in. A group's target is its
    share of today's base. Contracts whose records begin after their start count from there on only.
    """
    if target_base is not None and not (np.isfinite(target_base) and target_base > 0):
        raise ParameterError(f"target_base is a number of contracts above 0, not {target_base!r}.")
    counts, setting = look_at(study, group, leaving)
    since = (pd.Timestamp(study.as_of) - pd.DateOffset(years=1)).to_pydatetime()
    year = _count_year(study, counts, since)
    n_running = int(year["n_running"].sum())
    target = float(target_base if target_base is not None else n_running)
    problem = _problem(setting, year, since)
    overall = by_group = None
    if not problem:
        whole = year[list(_COUNTED)].sum().to_frame().T
        overall = needed_retention(whole, target, confidence=confidence)
        if counts.group is not None:
            by_group = needed_retention(year, target * year["n_running"] / n_running, confidence=confidence)
    check, holds = _check(study, overall, confidence)
    return RetentionTargets(
        since=since,
        as_of=study.as_of,
        target_base=target,
        group=counts.group,
        confidence=confidence,
        overall=overall,
        by_group=by_group,
        n_met_late=int(n_running - year["n_kept"].sum() - year["n_new_kept"].sum()),
        stay_by_tenure=_stay_by_tenure(counts),
        check=check,
        check_holds=holds,
        notes=(problem,) if problem else (),
    )


@step
def look_at(study: Study, group: str | None, leaving: ChurnAnalysis | None) -> tuple[ChurnCounts, ChurnSetting]:
    """Counts and setting of a study, taken from an analysis of it that compared the same groups."""
    if leaving is not None and group in (None, leaving.counts.group):
        return leaving.counts, leaving.setting
    counts = count_contracts(study, group=group)
    return counts, describe_setting(study, counts.overall)


def label_groups(names: pd.Series[str], counts: ChurnCounts) -> pd.Series[str]:
    """Group names as the counts by tenure have them: the small groups put together."""
    if counts.by_group is None:
        return names
    kept = list(dict.fromkeys(counts.by_group["group"].astype(str)))
    return names.where(names.isin(kept), kept[-1])


@step
def _count_year(study: Study, counts: ChurnCounts, since: datetime) -> pd.DataFrame:
    """Contracts of the year by group, the largest first."""
    spells = build_spells(study)
    label = ibis.literal("all") if counts.group is None else name_group(spells[counts.group])
    start = instant(since)
    at = whole_days_between(spells.started_at, start)
    ran = (spells.started_at <= start) & (spells.entry_days <= at) & (spells.tenure_days > at)
    came = (spells.started_at > start) & (spells.entry_days == 0)
    runs = ~spells.is_ended
    marked = spells.mutate(
        group=label, n_before=ran, n_kept=ran & runs, n_new=came, n_new_kept=came & runs, n_running=runs
    )
    sums = {name: marked[name].cast("int64").sum() for name in _COUNTED}
    found: pd.DataFrame = marked.group_by("group").agg(**sums).to_pandas()
    found["group"] = label_groups(found["group"].astype(str), counts)
    found = found.groupby("group", as_index=False)[list(_COUNTED)].sum()
    return found.sort_values(["n_running", "group"], ascending=[False, True], ignore_index=True)


def _problem(setting: ChurnSetting, year: pd.DataFrame, since: datetime) -> str:
    """Why the year cannot be told; empty if it can."""
    if setting.n_watched == 0:
        return "No contract was watched, so there is no retention to set a target by."
    if setting.is_snapshot:
        return (
            f"{setting.all_ends} one date ({say_date(setting.first_end)}): the records are a snapshot "
            "and do not say who ran a year ago and left since, so neither the retention of a year nor the one needed "
            "can be told. Give the contracts that ended in earlier months, with their dates."
        )
    if int(year["n_running"].sum()) == 0:
        return f"No contract runs on {say_date(setting.as_of)}, so there is no base whose retention could be asked for."
    if int(year["n_before"].sum()) == 0:
        return (
            f"No contract is known to have run on {say_date(since)}, a year before the records end, so the retention "
            "of a year cannot be told. Give older contracts, the ended ones too."
        )
    if setting.holds_only_survivors and setting.first_end is not None and setting.first_end > since:
        return (
            f"The first recorded end is of {say_date(setting.first_end)}; those who left between {say_date(since)} and "
            "then seem to be missing, so the retention of a whole year would be overstated and is not told."
        )
    return ""


def _stay_by_tenure(counts: ChurnCounts) -> float:
    """Of the contracts running now, the share that stays another year by the curve; NaN beyond its reach for most."""
    running = counts.overall.loc[counts.overall["n_censored"] > 0]
    if running.empty:
        return float("nan")
    curve = estimate_survival(counts.overall)
    days = running["tenure_days"].to_numpy(dtype=float)
    now = curve.at(list(days))["survival"].to_numpy()
    then = curve.at(list(days + days_in_months(12)))["survival"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        stay = then / now
    n = running["n_censored"].to_numpy(dtype=float)
    known = np.isfinite(stay)
    if n[known].sum() < n.sum() / 2:
        return float("nan")
    return float((n[known] * stay[known]).sum() / n[known].sum())


def _check(study: Study, overall: pd.DataFrame | None, confidence: float) -> tuple[str, bool | None]:
    """Did those running at as_of stay through the holdout as the yearly retention has it? In words, and yes or no."""
    if overall is None or study.holdout_until is None:
        return "", None
    later = known_rows(study.standing_at(study.holdout_until), "contracts")
    now = instant(study.as_of)
    ended = later.ended_at.notnull() if "ended_at" in later.columns else None  # noqa: PD004 - Ibis
    if ended is None:
        return "", None
    running = later.filter((later.started_at <= now) & (~ended | (later.ended_at > now)))
    row = running.aggregate(n=running.count(), n_ended=ended.sum().fill_null(0)).to_pandas().iloc[0]
    n, kept = int(row["n"]), int(row["n"] - row["n_ended"])
    if n == 0:
        return "", None
    days = (study.holdout_until - study.as_of).days
    expected = float(overall["retention"].iloc[0]) ** (days / DAYS_PER_YEAR)
    seen = wilson_share(kept, n, confidence=confidence)
    holds = float(seen.lower) <= expected <= float(seen.upper)
    words = (
        f"holdout of {say_count(days, 'day')}: {say_percent(float(seen.estimate))} of "
        f"{say_count(n, 'running contract')} stayed "
        f"({say_range(float(seen.lower), float(seen.upper), say_percent)}), {say_percent(expected)} at the "
        f"yearly retention seen; {'agrees' if holds else 'does not agree'}"
    )
    return words, holds
