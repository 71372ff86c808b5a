"""What changed from one period to the next: who the customers are, or how often each kind of them leaves?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research import vocabulary
from crm_research.errors import ParameterError
from crm_research.features.clock import instant, whole_days_between
from crm_research.features.spells import build_spells, name_group
from crm_research.models.decisions import Decomposition, decompose_rates
from crm_research.pillars.churn.curves.counting import MOST_REASONS, OTHER_REASONS, ChurnCounts
from crm_research.pillars.churn.decisions.targets import label_groups, look_at
from crm_research.pillars.churn.setting import ChurnSetting
from crm_research.show.shown import Shown
from crm_research.stats.intervals import difference_from_limits, poisson_rate
from crm_research.steps import step
from crm_research.theme import say_date, word_for
from crm_research.vocabulary import DAYS_PER_YEAR, days_in_months

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
    from crm_research.study import Study

# Months of tenure at which the bands end; the last is open.
_BAND_MONTHS: Final = (3, 12, 24)
BANDS: Final = ("months 1 to 3", "months 4 to 12", "second year", "later")
_PERIODS: Final = ("before", "after")


@dataclass(frozen=True, eq=False, kw_only=True)
class ChangeAnalysis(Shown):
    """The change of the churn rate between two periods of equal length.

    Parameters
    ----------
    since, between, until
        The periods are (since, between] and (between, until].
    months
        Length of each.
    group
        Column the segments come from; None without.
    confidence
        Level of every interval.
    change
        Rates in ends per contract-year and the parts of their difference; None where it cannot be told.
    cells
        Grain: segment and band of tenure. Ends and contract-years of both periods; what was decomposed.
    reasons
        Grain: reason. Columns ``reason``, ``n_before``, ``n_after``, ``rate_before``, ``rate_after``, ``change``,
        ``lower``, ``upper``; the changes sum to that of the rate. None where no end has a reason.
    rates
        Grain: kind (``tenure`` or the group's column), its value, and reason, in the later period. Columns ``by``,
        ``value``, ``reason``, ``n``, ``contract_years``, ``rate``, ``lower``, ``upper`` (exact Poisson).
    notes
        What could not be told, and why.
    """

    since: datetime
    between: datetime
    until: datetime
    months: int
    group: str | None
    confidence: float
    change: Decomposition | None
    cells: pd.DataFrame
    reasons: pd.DataFrame | None
    rates: pd.DataFrame | None
    notes: tuple[str, ...] = ()

    @property
    def window(self) -> str:
        """Both periods, in words."""
        return (
            f"{say_date(self.between)} to {say_date(self.until)} against {say_date(self.since)} to "
            f"{say_date(self.between)}"
        )

    @property
    def is_clear(self) -> bool:
        """Did the rate change beyond chance?"""
        found = self.change
        return found is not None and (float(found.change.lower) > 0 or float(found.change.upper) < 0)


@step
def decompose_change(
    study: Study,
    *,
    group: str | None = None,
    months: int = 12,
    confidence: float = 0.95,
    leaving: ChurnAnalysis | None = None,
) -> ChangeAnalysis:
    """Why is the churn rate of the last period another than that of the period before?

    Parameters
    ----------
    study
        Needs contracts.
    group
        As in `count_contracts`; None lets `choose_group` choose.
    months
        Length of each period.
    leaving
        `describe_churn` of the same study, whose counts are then not made again.

    Returns
    -------
    ChangeAnalysis
        Without a decomposition, and with a note, where the records do not hold both periods.

    Raises
    ------
    ParameterError
        If contracts cannot be grouped by `group`, or months is no whole number from 1 on.

    Notes
    -----
    Ends and contract-days by segment and band of tenure are counted in the engine. The parts are accounting, not
    causes: they say where the change sits, and so where to look. Segments are read as they stand in the records; one
    that changed on the way counts under its present value.
    """
    if isinstance(months, bool) or not isinstance(months, int) or months < 1:
        raise ParameterError(f"months must be a whole number from 1 on, not {months!r}.")
    counts, setting = look_at(study, group, leaving)
    until = study.as_of
    between, since = ((pd.Timestamp(until) - pd.DateOffset(months=months * times)).to_pydatetime() for times in (1, 2))
    problem = _problem(setting, since)
    cells = _count_cells(study, counts, (since, between, until)) if not problem else pd.DataFrame()
    for period, first in zip(_PERIODS, (since, between), strict=True):
        if not problem and cells[f"exposure_{period}"].sum() <= 0:
            problem = (
                f"No contract was watched in the {word_for(months, 'month', f'{months} months')} from "
                f"{say_date(first)} on, so there is no rate."
            )
    if problem:
        return ChangeAnalysis(
            since=since, between=between, until=until, months=months, group=counts.group, confidence=confidence,
            change=None, cells=pd.DataFrame(), reasons=None, rates=None, notes=(problem,),
        )  # fmt: skip
    ends = _count_ends(study, counts, (since, between, until))
    cells = _join_ends(cells, ends)
    return ChangeAnalysis(
        since=since,
        between=between,
        until=until,
        months=months,
        group=counts.group,
        confidence=confidence,
        change=decompose_rates(cells, confidence=confidence),
        cells=cells,
        reasons=_change_by_reason(cells, ends, confidence),
        rates=_rates(cells, ends, counts.group, confidence),
    )


def _problem(setting: ChurnSetting, since: datetime) -> str:
    if setting.n_watched == 0:
        return "No contract was watched, so there is no churn rate to compare."
    if setting.is_snapshot:
        return (
            f"{setting.all_ends} one date ({say_date(setting.first_end)}): the records are a snapshot, "
            "and what changed from one period to the next cannot be told. Give the ended contracts of earlier months, "
            "with their dates."
        )
    if setting.holds_only_survivors and setting.first_end is not None and setting.first_end > since:
        return (
            f"The first recorded end is of {say_date(setting.first_end)}; those who left between {say_date(since)} and "
            "then seem to be missing, so the earlier period cannot be compared with the later one."
        )
    return ""


def _dated(study: Study, counts: ChurnCounts, instants: tuple[datetime, ...]) -> ir.Table:
    """Spells with their segment and their tenure at each of the instants."""
    spells = build_spells(study)
    watched = spells.filter((spells.tenure_days > spells.entry_days) | (spells.entry_days == 0))
    label = ibis.literal("all") if counts.group is None else name_group(watched[counts.group])
    at = {f"at_{place}": whole_days_between(watched.started_at, instant(when)) for place, when in enumerate(instants)}
    return watched.mutate(group=label, **at)


@step
def _count_cells(study: Study, counts: ChurnCounts, instants: tuple[datetime, ...]) -> pd.DataFrame:
    """Contract-years by segment, band and period."""
    dated = _dated(study, counts, instants)
    edges = [0.0, *(float(days_in_months(months)) for months in _BAND_MONTHS), None]
    sums = {}
    for band in range(len(BANDS)):
        for place, period in enumerate(_PERIODS):
            first = ibis.greatest(dated.entry_days, dated[f"at_{place}"], ibis.literal(edges[band]))
            ends = [dated.tenure_days, dated[f"at_{place + 1}"]]
            top = edges[band + 1]
            last = ibis.least(*ends) if top is None else ibis.least(*ends, ibis.literal(top))
            days = (last - first).cast("float64")
            sums[f"{band}_{period}"] = ibis.greatest(days, ibis.literal(0.0)).sum() / DAYS_PER_YEAR
    wide: pd.DataFrame = dated.group_by("group").agg(**sums).to_pandas()
    wide["group"] = label_groups(wide["group"].astype(str), counts)
    wide = wide.groupby("group").sum()
    rows = [
        {
            "group": group,
            "band": BANDS[band],
            **{f"exposure_{period}": float(row[f"{band}_{period}"]) for period in _PERIODS},
        }
        for group, row in wide.iterrows()
        for band in range(len(BANDS))
    ]
    return pd.DataFrame(rows, columns=["group", "band", "exposure_before", "exposure_after"])


@step
def _count_ends(study: Study, counts: ChurnCounts, instants: tuple[datetime, ...]) -> pd.DataFrame:
    """Ends by segment, band, period and reason. Columns ``group``, ``band``, ``period``, ``reason``, ``n``."""
    dated = _dated(study, counts, instants)
    ended = dated.filter(dated.is_ended, dated.tenure_days > dated.at_0, dated.tenure_days <= dated.at_2)
    band = ibis.literal(0)
    for months in _BAND_MONTHS:
        band = band + (ended.tenure_days > days_in_months(months)).cast("int64")
    marked = ended.mutate(band=band, is_after=ended.tenure_days > ended.at_1)
    found: pd.DataFrame = (
        marked.group_by("group", "band", "is_after", reason=marked.end_reason).agg(n=marked.count()).to_pandas()
    )
    found = found.assign(
        group=label_groups(found["group"].astype(str), counts),
        band=found["band"].map(dict(enumerate(BANDS))),
        period=found["is_after"].map({False: "before", True: "after"}),
        reason=_few_reasons(found),
    )
    return found.groupby(["group", "band", "period", "reason"], as_index=False)[["n"]].sum()


def _few_reasons(found: pd.DataFrame) -> pd.Series[str]:
    sizes = found.groupby("reason")["n"].sum().sort_values(ascending=False)
    if len(sizes) <= MOST_REASONS:
        return found["reason"]
    return found["reason"].where(found["reason"].isin(sizes.index[: MOST_REASONS - 1]), OTHER_REASONS)


def _join_ends(cells: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """The cells with their ends; cells that were never watched are left out."""
    wide = ends.groupby(["group", "band", "period"])["n"].sum().unstack("period").reindex(columns=list(_PERIODS))
    wide = wide.rename(columns={period: f"n_{period}" for period in _PERIODS}).reset_index()
    joined = cells.merge(wide, on=["group", "band"], how="left")
    names = [f"n_{period}" for period in _PERIODS]
    joined[names] = joined[names].astype(float).fillna(0.0)
    return joined.loc[(joined["exposure_before"] > 0) | (joined["exposure_after"] > 0)].reset_index(drop=True)


def _change_by_reason(cells: pd.DataFrame, ends: pd.DataFrame, confidence: float) -> pd.DataFrame | None:
    if ends.empty or set(ends["reason"]) == {vocabulary.REASON_NOT_GIVEN}:
        return None
    wide = ends.groupby(["reason", "period"])["n"].sum().unstack("period").reindex(columns=list(_PERIODS)).fillna(0.0)
    before = poisson_rate(wide["before"], cells["exposure_before"].sum(), confidence=confidence)
    after = poisson_rate(wide["after"], cells["exposure_after"].sum(), confidence=confidence)
    gap = difference_from_limits(after, before)
    found = pd.DataFrame(
        {
            "reason": wide.index.astype(str),
            "n_before": wide["before"].to_numpy().astype(int),
            "n_after": wide["after"].to_numpy().astype(int),
            "rate_before": before.estimate,
            "rate_after": after.estimate,
            "change": gap.estimate,
            "lower": gap.lower,
            "upper": gap.upper,
        }
    )
    return found.sort_values("change", ascending=False, ignore_index=True)


def _rates(cells: pd.DataFrame, ends: pd.DataFrame, group: str | None, confidence: float) -> pd.DataFrame:
    """Ends per contract-year of the later period by reason, within bands of tenure and within segments."""
    late = ends.loc[ends["period"] == "after"]
    tables = []
    for name, column in (("tenure", "band"), (group, "group")):
        if name is None:
            continue
        years = cells.groupby(column, sort=False)["exposure_after"].sum()
        wide = late.groupby([column, "reason"])["n"].sum().unstack("reason").reindex(years.index).fillna(0.0)
        n = wide.reset_index().melt(id_vars=column, var_name="reason", value_name="n")
        n["contract_years"] = n[column].map(years)
        n = n.loc[n["contract_years"] > 0]
        rate = poisson_rate(n["n"], n["contract_years"], confidence=confidence)
        tables.append(
            pd.DataFrame(
                {
                    "by": name,
                    "value": n[column].astype(str),
                    "reason": n["reason"].astype(str),
                    "n": n["n"].astype(int),
                    "contract_years": n["contract_years"],
                    "rate": rate.estimate,
                    "lower": rate.lower,
                    "upper": rate.upper,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
