"""The grouped proportional hazards model: what goes with leaving sooner, from counts that the engine made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.hazards.apart import say_apart, say_far
from crm_research.models.hazards.baseline_steps import BaselineSteps
from crm_research.models.hazards.design import Design, plan_design
from crm_research.models.hazards.grouped_search import (
    Blocks,
    CountedColumns,
    GroupedSearch,
    count_sizes,
    lay_out,
    search_grouped,
    standardise,
)
from crm_research.models.hazards.newton import invert
from crm_research.models.hazards.period_counts import Kinds, read_counts, tell_kinds
from crm_research.models.hazards.period_likelihood import PeriodLikelihood
from crm_research.models.hazards.result import HazardFit, Weights, tabulate_terms, tabulate_tests
from crm_research.models.survival.risk import EVERYONE, FloatArray, IntArray
from crm_research.stats.intervals import check_confidence, normal_quantile
from crm_research.vocabulary import days_in_months, say_count, word_for

PeriodEnds = Callable[[IntArray], FloatArray]

_NOT_ARRIVED: Final = "The search for the best coefficients did not arrive; the ratios are not to be relied on."


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupedFit(HazardFit):
    """What goes with leaving sooner, by the complementary log-log model of periods.

    Parameters
    ----------
    periods
        Grain: period of tenure. Columns ``period_index``, ``to_days`` (its end), ``n_at_risk``, ``n_ended``,
        ``share_ended`` (of those at risk, for the average customer), ``lower``, ``upper``.
    """

    periods: pd.DataFrame


def fit_grouped(
    counts: pd.DataFrame,
    covariates: Sequence[str] = (),
    *,
    splines: Sequence[str] = (),
    n_knots: int = 4,
    unit_days: float = 1.0,
    is_by_month: bool = False,
    confidence: float = 0.95,
) -> GroupedFit:
    """What goes with leaving sooner, everything else alike, given only counts by period?

    Exact where ends are known to the period only (months of tenure); the ratios are those of Cox's model of the
    tenure behind the periods. Every period has its own danger, of any shape.

    Parameters
    ----------
    counts
        The covariates, ``n_at_risk``, ``n_ended``, and either ``first_period`` and ``last_period``
        (`features.person_periods.count_stretches`: watched from one to the other, ended in the last) or
        ``period_index`` (`count_person_periods`).
    splines, n_knots
        Numbers that may bend.
    unit_days
        Length of a period, to give tenures in days.
    is_by_month
        Periods are the calendar months of `vocabulary.days_in_months` instead.

    Returns
    -------
    GroupedFit
        Without covariates ``share_ended`` is Kaplan-Meier's, and ``baseline`` its logarithm.

    Raises
    ------
    ParameterError, NotEnoughData
        For a column that is not there; without a single end.

    Notes
    -----
    Maximum likelihood by Newton's method on the concave log-likelihood (at the same estimate as iteratively
    reweighted least squares); errors from the observed information, which takes rows as independent: counts cannot
    tell which contracts belong to one customer. Beyond the counts it takes at most about 200 MB: the columns of the
    model are kept while they are small, and made anew in blocks of 100,000 rows otherwise.

    References
    ----------
    Prentice and Gloeckler (1978), Biometrics 34, 57-67; Allison (1982), Sociological Methodology 13, 61-98.
    """
    check_confidence(confidence)
    frame = read_counts(counts)
    kinds = tell_kinds(frame, [*dict.fromkeys((*covariates, *splines))])
    n, ended = (kinds.add_up(frame[name].to_numpy(np.float64)) for name in ("n_at_risk", "n_ended"))
    design = plan_design(kinds.frame, covariates, ended=ended, n=n, splines=splines, n_knots=n_knots)
    notes: list[str] = []
    blocks = Blocks(design=design, frame=kinds.frame)
    known = np.concatenate([np.empty(0, bool), *(np.isfinite(block).all(axis=1) for _, block in blocks())])
    if not known.all():
        kinds, rows = kinds.keep(known)
        lost = int(frame.loc[~rows, "n_at_risk"].sum())
        notes.append(
            f"{say_count(lost, 'counted spell')} in a group without an end {word_for(lost, 'was', 'were')} left out."
        )
        frame = frame.loc[rows].reset_index(drop=True)
    if frame["n_ended"].sum() <= 0:
        raise NotEnoughData("A model of leaving", needed=1, found=0, mend="No spell with known covariates ended.")
    ends = _month_ends if is_by_month else partial(_unit_ends, unit_days=float(unit_days))
    return _assemble(_search(frame, kinds, design, notes, float(confidence)), ends, float(confidence))


def _search(frame: pd.DataFrame, kinds: Kinds, design: Design, notes: list[str], confidence: float) -> GroupedSearch:
    """The columns, and where the likelihood is greatest; with all that is to be said of it."""
    layout = lay_out(frame, kinds)
    sizes = [
        kinds.add_up(np.where(layout.used, frame[name].to_numpy(np.float64), 0.0)) for name in ("n_at_risk", "n_ended")
    ]
    left_out: list[str] = []
    columns = standardise(Blocks(design=design, frame=kinds.frame), sizes[0], sizes[1], left_out)
    found = search_grouped(columns, layout, frame, kinds, confidence=confidence)
    if isinstance(found, Design):
        return _search(frame, kinds, found, notes, confidence)
    labels, kept = design.labels, found.columns.kept
    model = [c for c in columns.kept if found.is_told[c] or any(d.loadings[c] for d in found.directions)]
    told = [place for place, column in enumerate(kept) if found.is_told[column]]
    at = [kept[place] for place in told]
    said = [
        *design.say([labels[column] for column in model]),
        *notes,
        *left_out,
        *found.notes,
        *say_apart(found.apart, confidence, is_clustered=False),
        *([] if found.has_converged else [_NOT_ARRIVED]),
        *say_far(design, at, found.beta[told] / found.columns.scale[at]),
    ]
    return replace(found, notes=tuple(said))


def _null_likelihood(table: pd.DataFrame) -> float:
    ended, n = table["n_ended"].to_numpy(np.float64), table["n_at_risk"].to_numpy(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(ended > 0, ended * np.log(ended / n), 0.0)
        parts += np.where(n > ended, (n - ended) * np.log1p(-ended / n), 0.0)
    return float(parts.sum())


def _unit_ends(period: IntArray, *, unit_days: float) -> FloatArray:
    return np.asarray((period + 1.0) * unit_days, dtype=np.float64)


def _month_ends(period: IntArray) -> FloatArray:
    return np.array([days_in_months(int(number) + 1) for number in period], dtype=np.float64)


def _assemble(found: GroupedSearch, ends: PeriodEnds, confidence: float) -> GroupedFit:
    columns, beta, at, table = found.columns, found.beta, found.at, found.layout.table
    kept, scale, p = columns.kept, columns.scale, len(columns.kept)
    covariance = invert(at.information)
    full, wide = np.zeros(len(scale)), np.zeros((len(scale), len(scale)))
    full[kept] = beta[:p] / scale[kept]
    wide[np.ix_(kept, kept)] = covariance[:p, :p] / np.outer(scale[kept], scale[kept])
    told = np.where(found.is_told, full, np.nan)
    seen = np.where(np.outer(found.is_told, found.is_told), wide, np.nan)
    periods = _periods(table, beta[p:], np.sqrt(np.maximum(np.diag(covariance)[p:], 0.0)), ends, confidence)
    with np.errstate(divide="ignore"):
        rises = -np.log1p(-periods["share_ended"].to_numpy(np.float64))
    if p:
        rises = np.zeros(len(table))
        rises[table["n_ended"].to_numpy() > 0] = np.exp(beta[p:])
    null = _null_likelihood(add_up_strata(table))
    # Of a group that nobody was seen to leave nothing is known: it has no baseline.
    has_ends = table["stratum"].isin(table.loc[table["n_ended"] > 0, "stratum"]).to_numpy()
    baseline = pd.DataFrame({"stratum": table["stratum"], "tenure_days": periods["to_days"], "rise": rises})[has_ends]
    baseline["cumulative_hazard"] = baseline["rise"].groupby(baseline["stratum"]).cumsum()
    main = (table["stratum"] == EVERYONE).to_numpy()
    return GroupedFit(
        terms=tabulate_terms(columns.design, told, seen, count_sizes(columns), confidence, found.apart),
        tests=tabulate_tests(columns.design, told, seen),
        baseline=baseline.drop(columns="rise").reset_index(drop=True),
        covariance=seen,
        log_likelihood=at.log_likelihood if p or found.directions else null,
        null_log_likelihood=null,
        n=round(columns.n.sum()),
        n_ended=int(table["n_ended"].sum()),
        confidence=confidence,
        has_converged=found.has_converged,
        notes=found.notes,
        estimator="Complementary log-log model of periods (Prentice and Gloeckler)",
        steps=_steps(table, columns, at, rises, ends),
        apart=found.apart,
        _design=columns.design,
        _means=columns.means,
        _weights=Weights(coefficients=full, covariance=np.nan_to_num(wide), directions=found.directions),
        periods=periods[main].reset_index(drop=True),
    )


def add_up_strata(table: pd.DataFrame) -> pd.DataFrame:
    """At risk and ended in each period, whatever the group."""
    return table.groupby("period_index", as_index=False)[["n_at_risk", "n_ended"]].sum()


def _steps(
    table: pd.DataFrame, columns: CountedColumns, at: PeriodLikelihood, rises: FloatArray, ends: PeriodEnds
) -> BaselineSteps:
    """The periods' hazards with their uncertainty given the coefficients, and how they lean on these.

    Given the coefficients the periods are independent (their block of the information is diagonal), each with the
    inverse of its own information; each leans on the coefficients by its cross information.
    """
    ended, p = table["n_ended"].to_numpy() > 0, len(columns.kept)
    own = np.diag(at.information)[p:]
    slope = np.zeros((int(ended.sum()), len(columns.scale)))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        variance = rises[ended] ** 2 / own
        lean = (at.information[p:, :p] / own[:, None]) * rises[ended][:, None]
    slope[:, columns.kept] = lean * columns.scale[columns.kept]
    return BaselineSteps(
        stratum=tuple(table.loc[ended, "stratum"]),
        tenure_days=ends(table["period_index"].to_numpy(np.int64)[ended]),
        rise=rises[ended],
        variance=np.nan_to_num(variance, nan=np.inf),
        slope=np.nan_to_num(slope),
    )


def _periods(
    table: pd.DataFrame, alpha: FloatArray, error: FloatArray, ends: PeriodEnds, confidence: float
) -> pd.DataFrame:
    ended = table["n_ended"].to_numpy() > 0
    half = normal_quantile(confidence) * error
    out = table.assign(to_days=ends(table["period_index"].to_numpy(np.int64)))
    for name, value in (("share_ended", alpha), ("lower", alpha - half), ("upper", alpha + half)):
        share = np.zeros(len(table))
        share[ended] = -np.expm1(-np.exp(np.minimum(value, 700.0)))
        out[name] = share
    # Nobody is left: the share is one, which no finite coefficient reaches.
    everyone = (table["n_ended"] == table["n_at_risk"]).to_numpy()
    out.loc[everyone, ["share_ended", "upper"]] = 1.0
    return out[["period_index", "to_days", "n_at_risk", "n_ended", "share_ended", "lower", "upper"]]
