"""The grouped proportional hazards model: what goes with leaving sooner, from counts that the engine made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.hazards.baseline_steps import BaselineSteps
from crm_research.models.hazards.design import (
    Design,
    independent_columns,
    plan_design,
    say_left_out,
    say_separated,
    without_near_copies,
)
from crm_research.models.hazards.newton import is_runaway, maximise
from crm_research.models.hazards.period_counts import add_up_periods, number_periods, read_counts, tell_kinds
from crm_research.models.hazards.period_likelihood import PeriodLikelihood, Stretches, evaluate
from crm_research.models.hazards.result import HazardFit, tabulate_terms, tabulate_tests
from crm_research.models.survival.risk import EVERYONE, FloatArray, IntArray
from crm_research.stats.intervals import check_confidence, normal_quantile

_ROWS_AT_ONCE: Final = 100_000
_ELEMENTS_KEPT: Final = 10_000_000


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


@dataclass(frozen=True, eq=False, kw_only=True)
class _Blocks:
    """The columns of the model for each kind, a block at a time: kept while they are small, made anew otherwise."""

    design: Design
    frame: pd.DataFrame

    def __call__(self) -> Iterator[tuple[slice, FloatArray]]:
        is_small = len(self.frame) * len(self.design.labels) <= _ELEMENTS_KEPT
        yield from self._at_hand if is_small else self.design.blocks(self.frame, _ROWS_AT_ONCE)

    @cached_property
    def _at_hand(self) -> list[tuple[slice, FloatArray]]:
        return list(self.design.blocks(self.frame, _ROWS_AT_ONCE))


@dataclass(frozen=True, eq=False, kw_only=True)
class _Columns:
    """The columns as the search wants them: standardised, and only those that can be estimated.

    Parameters
    ----------
    n, n_ended
        Contracts and ends of each kind.
    """

    blocks: _Blocks
    n: FloatArray
    n_ended: FloatArray
    means: FloatArray
    scale: FloatArray
    kept: list[int]

    def __call__(self) -> Iterator[tuple[slice, FloatArray]]:
        is_small = len(self.n) * len(self.kept) <= _ELEMENTS_KEPT
        yield from self._at_hand if is_small else self._make()

    @property
    def design(self) -> Design:
        """How the covariates enter."""
        return self.blocks.design

    @cached_property
    def _at_hand(self) -> list[tuple[slice, FloatArray]]:
        return list(self._make())

    def _make(self) -> Iterator[tuple[slice, FloatArray]]:
        for part, block in self.blocks():
            yield part, np.ascontiguousarray(((block - self.means) / self.scale)[:, self.kept])


def fit_grouped(
    counts: pd.DataFrame,
    covariates: Sequence[str] = (),
    *,
    splines: Sequence[str] = (),
    n_knots: int = 4,
    unit_days: float = 1.0,
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
    notes = list(design.notes)
    blocks = _Blocks(design=design, frame=kinds.frame)
    known = np.concatenate([np.empty(0, bool), *(np.isfinite(block).all(axis=1) for _, block in blocks())])
    if not known.all():
        kinds, rows = kinds.keep(known)
        lost = int(frame.loc[~rows, "n_at_risk"].sum())
        notes.append(f"{lost:,} counted spells in a group without an end were left out.")
        frame, blocks = frame.loc[rows].reset_index(drop=True), _Blocks(design=design, frame=kinds.frame)
    if frame["n_ended"].sum() <= 0:
        raise NotEnoughData("A model of leaving", needed=1, found=0, mend="No spell with known covariates ended.")
    table = add_up_periods(frame)
    periods = table.loc[table["n_ended"] > 0, "period_index"].to_numpy(np.int64)
    stretches, used = number_periods(frame, kinds, periods)
    sizes = [kinds.add_up(np.where(used, frame[name].to_numpy(np.float64), 0.0)) for name in ("n_at_risk", "n_ended")]
    columns = _standardise(blocks, sizes[0], sizes[1], notes)
    start = _log_hazard(table.loc[table["n_ended"] > 0])
    null = _null_likelihood(table)
    columns, beta, at, arrived = _search(columns, stretches, start, notes)
    if not arrived:
        notes.append("The search for the best coefficients did not arrive; the ratios are not to be relied on.")
    return _assemble(columns, beta, at, table, null, unit_days, confidence, arrived, notes)


def _standardise(blocks: _Blocks, n: FloatArray, n_ended: FloatArray, notes: list[str]) -> _Columns:
    labels = blocks.design.labels
    size = len(labels)
    sums, cross, total = np.zeros(size), np.zeros((size, size)), float(n.sum())
    for part, block in blocks():
        sums += n[part] @ block
    means = sums / total
    for part, block in blocks():
        centred = block - means
        cross += (centred * n[part][:, None]).T @ centred
    kept = without_near_copies(cross, independent_columns(cross), labels)
    notes.extend(say_left_out([labels[column] for column in range(size) if column not in kept]))
    scale = np.sqrt(np.maximum(np.diag(cross) / total, 0.0))
    scale[scale == 0] = 1.0
    return _Columns(blocks=blocks, n=n, n_ended=n_ended, means=means, scale=scale, kept=kept)


def _log_hazard(table: pd.DataFrame) -> FloatArray:
    share = table["n_ended"].to_numpy(np.float64) / table["n_at_risk"].to_numpy(np.float64)
    return np.asarray(np.log(-np.log1p(-np.minimum(share, 1 - 1e-9))))


def _null_likelihood(table: pd.DataFrame) -> float:
    ended, n = table["n_ended"].to_numpy(np.float64), table["n_at_risk"].to_numpy(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(ended > 0, ended * np.log(ended / n), 0.0)
        parts += np.where(n > ended, (n - ended) * np.log1p(-ended / n), 0.0)
    return float(parts.sum())


def _search(
    columns: _Columns, stretches: Stretches, start: FloatArray, notes: list[str]
) -> tuple[_Columns, FloatArray, PeriodLikelihood, bool]:
    while True:
        p = len(columns.kept)

        def at(b: FloatArray, columns: _Columns = columns, p: int = p) -> PeriodLikelihood:
            return evaluate(stretches, columns, p, b)

        beta, here, arrived = maximise(at, np.concatenate([np.zeros(p), start]))
        lost = [c for c, gone in zip(columns.kept, is_runaway(beta[:p], here.information), strict=True) if gone]
        if not lost:
            return columns, beta, here, arrived
        notes.extend(say_separated(columns.design.labels[column] for column in lost))
        columns = replace(columns, kept=[column for column in columns.kept if column not in lost])


def _assemble(
    columns: _Columns,
    beta: FloatArray,
    at: PeriodLikelihood,
    table: pd.DataFrame,
    null: float,
    unit_days: float,
    confidence: float,
    arrived: bool,
    notes: list[str],
) -> GroupedFit:
    kept, scale, p = columns.kept, columns.scale, len(columns.kept)
    covariance = np.linalg.pinv(at.information)
    full, wide = np.full(len(scale), np.nan), np.full((len(scale), len(scale)), np.nan)
    full[kept] = beta[:p] / scale[kept]
    wide[np.ix_(kept, kept)] = covariance[:p, :p] / np.outer(scale[kept], scale[kept])
    periods = _periods(table, beta[p:], np.sqrt(np.maximum(np.diag(covariance)[p:], 0.0)), unit_days, confidence)
    with np.errstate(divide="ignore"):
        rises = -np.log1p(-periods["share_ended"].to_numpy(np.float64))
    if p:
        rises = np.zeros(len(table))
        rises[table["n_ended"].to_numpy() > 0] = np.exp(beta[p:])
    return GroupedFit(
        terms=tabulate_terms(columns.design, full, wide, _sizes(columns), confidence),
        tests=tabulate_tests(columns.design, full, wide),
        baseline=pd.DataFrame(
            {"stratum": EVERYONE, "tenure_days": periods["to_days"], "cumulative_hazard": np.cumsum(rises)}
        ),
        covariance=wide,
        log_likelihood=at.log_likelihood if p else null,
        null_log_likelihood=null,
        n=round(columns.n.sum()),
        n_ended=int(table["n_ended"].sum()),
        confidence=float(confidence),
        has_converged=arrived,
        notes=tuple(notes),
        estimator="Complementary log-log model of periods (Prentice and Gloeckler)",
        steps=_steps(table, columns, at, rises, unit_days),
        _design=columns.design,
        _means=columns.means,
        periods=periods,
    )


def _steps(
    table: pd.DataFrame, columns: _Columns, at: PeriodLikelihood, rises: FloatArray, unit_days: float
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
        stratum=(EVERYONE,) * int(ended.sum()),
        tenure_days=(table["period_index"].to_numpy(np.float64)[ended] + 1.0) * float(unit_days),
        rise=rises[ended],
        variance=np.nan_to_num(variance, nan=np.inf),
        slope=np.nan_to_num(slope),
    )


def _periods(
    table: pd.DataFrame, alpha: FloatArray, error: FloatArray, unit_days: float, confidence: float
) -> pd.DataFrame:
    ended = table["n_ended"].to_numpy() > 0
    half = normal_quantile(confidence) * error
    out = table.assign(to_days=(table["period_index"] + 1) * float(unit_days))
    for name, value in (("share_ended", alpha), ("lower", alpha - half), ("upper", alpha + half)):
        share = np.zeros(len(table))
        share[ended] = -np.expm1(-np.exp(np.minimum(value, 700.0)))
        out[name] = share
    # Nobody is left: the share is one, which no finite coefficient reaches.
    everyone = (table["n_ended"] == table["n_at_risk"]).to_numpy()
    out.loc[everyone, ["share_ended", "upper"]] = 1.0
    return out[["period_index", "to_days", "n_at_risk", "n_ended", "share_ended", "lower", "upper"]]


def _sizes(columns: _Columns) -> tuple[IntArray, IntArray]:
    """Counted spells and ends of each level; of everybody for a number."""
    is_level = columns.design.is_level
    sums, ends = np.zeros(len(is_level)), np.zeros(len(is_level))
    for part, block in columns.blocks():
        inside = np.where(is_level, block, 1.0)
        sums += columns.n[part] @ inside
        ends += columns.n_ended[part] @ inside
    return np.rint(sums).astype(np.int64), np.rint(ends).astype(np.int64)
