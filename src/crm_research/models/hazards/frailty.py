"""Shared frailty: how alike are the spells of one customer, beyond what is known of them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.hazards.assembling import shared_fields
from crm_research.models.hazards.frailty_likelihood import (
    Clustered,
    FrailtyPoint,
    curvature_of_profile,
    solve_curvature,
)
from crm_research.models.hazards.frailty_profile import find_variance, limit_from_zero, limit_variance
from crm_research.models.hazards.newton import invert
from crm_research.models.hazards.regression import build_columns
from crm_research.models.hazards.result import HazardFit
from crm_research.models.hazards.risk_sets import build_risk_sets
from crm_research.models.hazards.searching import Search, search
from crm_research.models.hazards.spell_rows import SpellRows, read_spell_rows
from crm_research.models.survival.risk import FloatArray, IntArray
from crm_research.stats.intervals import check_confidence
from crm_research.vocabulary import say_count, word_for

_FEWEST_REPEATED: Final = 10
_FEW_SHARE: Final = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class FrailtyFit(HazardFit):
    """What goes with leaving sooner for a customer of given frailty, and how much frailties differ.

    Parameters
    ----------
    variance, variance_lower, variance_upper
        Of the frailties, whose mean is 1, with the interval of its profile likelihood. NaN where it cannot be told.
    p_value
        Of a variance of 0, by the likelihood ratio.
    n_clusters, n_repeated
        Clusters, and those of more than one spell (rows that go on where another stops are one).
    frailties
        Grain: cluster. Columns ``cluster``, ``n`` (spells), ``n_ended``, ``frailty`` (expected given what it did).
    """

    variance: float
    variance_lower: float
    variance_upper: float
    p_value: float
    n_clusters: int
    n_repeated: int
    frailties: pd.DataFrame = field(repr=False)

    @property
    def kendall_tau(self) -> float:
        """How alike two spells of one cluster run: 0 not at all, 1 the same order always."""
        return self.variance / (self.variance + 2.0)

    def risk(self, frame: pd.DataFrame, horizons_days: Sequence[float]) -> pd.DataFrame:
        """The chance to leave within each horizon of somebody of unknown frailty, having stayed for ``tenure_days``.

        Who has stayed long is likely to be of low frailty: the chance is averaged over the frailties of those left.
        """
        plain = super().risk(frame, horizons_days)
        if not self.variance > 0:
            return plain
        ratio = np.exp(self.score(frame))
        label = self.strata_of(frame)
        now = frame["tenure_days"].to_numpy(dtype=np.float64)
        so_far = np.full(len(frame), np.nan)
        for name in pd.unique(label):
            rows = label == name
            so_far[rows] = self.cumulative_hazard(now[rows], stratum=str(name)) * ratio[rows]
        rise = -np.log1p(-plain.to_numpy())
        left = 1.0 + self.variance * rise / (1.0 + self.variance * so_far)[:, None]
        return pd.DataFrame(1.0 - left ** (-1.0 / self.variance), index=plain.index, columns=plain.columns)


def fit_frailty(
    spells: pd.DataFrame,
    covariates: Sequence[str],
    *,
    cluster: str,
    strata: Sequence[str] = (),
    splines: Sequence[str] = (),
    n_knots: int = 4,
    variance: float | None = None,
    confidence: float = 0.95,
) -> FrailtyFit:
    """How alike are the spells of one customer beyond their covariates, and what goes with leaving, allowing for it?

    Parameters
    ----------
    spells
        As in `fit_cox`; several rows of a cluster are its repeated spells (or stretches of them).
    cluster
        Column of those who share a frailty, such as customer_id.
    variance
        Hold the variance of the frailties at this value instead of estimating it.

    Returns
    -------
    FrailtyFit
        Ratios compare spells of equal frailty, and lie further from 1 than those of `fit_cox`. Errors allow for the
        variance being estimated.

    Raises
    ------
    ParameterError
        For a column that is not there, or a variance not above 0.
    NotEnoughData
        Without a single end under observation.

    Notes
    -----
    h(t | x, z) = z h0(t) exp(x b) with z gamma, of mean 1, shared within a cluster and independent of the covariates.
    Maximum likelihood: for each variance the penalised partial likelihood, over variances the marginal one. The
    test is against half a chi-squared distribution, since a variance cannot be negative. Ties by Efron's method.
    With late entry the frailties of those who enter late are taken to be like those of all, which understates the
    variance. Where hardly any cluster has several rows the variance would rest on the shape of the hazard alone: then
    it is not estimated.

    References
    ----------
    Nielsen, Gill, Andersen and Sorensen (1992), Scand. J. Statist. 19, 25-43; Therneau, Grambsch and Pankratz
    (2003), J. Comput. Graph. Statist. 12, 156-175; Self and Liang (1987), JASA 82, 605-610.
    """
    check_confidence(confidence)
    if variance is not None and not variance > 0:
        raise ParameterError(f"The variance of the frailties must be above 0, not {variance!r}.")
    case = _prepare(spells, covariates, cluster, strata=strata, splines=splines, n_knots=n_knots, confidence=confidence)
    is_told = variance is not None or case.n_repeated >= _FEWEST_REPEATED
    point = find_variance(case.data, case.plain, variance) if is_told else None
    return _assemble(case, point, is_told=is_told, is_given=variance is not None, confidence=confidence)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Case:
    data: Clustered
    plain: Search
    names: pd.Series[str]
    n_spells: IntArray

    @property
    def n_repeated(self) -> int:
        return int((self.n_spells > 1).sum())


def _prepare(
    spells: pd.DataFrame,
    covariates: Sequence[str],
    cluster: str,
    *,
    strata: Sequence[str],
    splines: Sequence[str],
    n_knots: int,
    confidence: float,
) -> _Case:
    """The rows with their clusters, and the fit without frailty, from which the search starts."""
    rows = read_spell_rows(spells, strata=strata, cluster=cluster)
    columns, known = build_columns(rows, covariates, rows.ended, splines=splines, n_knots=n_knots)
    rows = rows.keep(known)
    if not rows.ended.any():
        raise NotEnoughData("A frailty model", needed=1, found=0, mend="No spell with known covariates ended.")
    plain = search(
        rows,
        columns,
        lambda stratum: build_risk_sets(rows.entry, rows.tenure, rows.ended, stratum),
        confidence=confidence,
    )
    numbers, codes = np.unique(np.asarray(rows.cluster), return_inverse=True)
    owner = codes.astype(np.int64)
    _, first = np.unique(owner, return_index=True)
    ends = np.bincount(owner[rows.ended], minlength=len(numbers)).astype(np.float64)
    return _Case(
        data=Clustered(sets=plain.sets, x=plain.columns.of(plain.kept), owner=owner[plain.sets.order], n_ended=ends),
        plain=plain,
        names=rows.frame[cluster].iloc[first].reset_index(drop=True),
        n_spells=np.bincount(owner[~_goes_on(rows)], minlength=len(numbers)).astype(np.int64),
    )


def _assemble(
    case: _Case, point: FrailtyPoint | None, *, is_told: bool, is_given: bool, confidence: float
) -> FrailtyFit:
    data, plain = case.data, case.plain
    at, beta = (plain.at, plain.beta) if point is None else (point.at, point.beta)
    covariance = _covariance(data, plain, point, is_given)
    variance, lower, upper, p_value = _variance(case, point, is_told, is_given, confidence)
    return FrailtyFit(
        **shared_fields(plain, beta, at, covariance, float(confidence)),
        log_likelihood=plain.at.log_likelihood if point is None else point.log_likelihood,
        has_converged=plain.has_converged and (point is None or point.has_converged),
        notes=(*plain.rows.notes, *plain.columns.notes, *plain.notes, *_remarks(case, point, is_told)),
        estimator="Cox regression with shared gamma frailty, Efron ties",
        variance=variance,
        variance_lower=lower,
        variance_upper=upper,
        p_value=p_value,
        n_clusters=len(case.n_spells),
        n_repeated=case.n_repeated,
        frailties=_frailties(case, point),
    )


def _variance(
    case: _Case, point: FrailtyPoint | None, is_told: bool, is_given: bool, confidence: float
) -> tuple[float, float, float, float]:
    """The variance, its limits, and the p-value of none."""
    at_zero = case.plain.at.log_likelihood
    if not is_told:
        return np.nan, np.nan, np.nan, np.nan
    if point is None:
        return 0.0, 0.0, limit_from_zero(case.data, case.plain, confidence), 1.0
    lower, upper = (np.nan, np.nan) if is_given else limit_variance(case.data, point, at_zero, confidence)
    p_value = float(stats.chi2.sf(2 * max(point.log_likelihood - at_zero, 0.0), 1) / 2)
    return 1.0 / point.nu, lower, upper, p_value


def _covariance(data: Clustered, plain: Search, point: FrailtyPoint | None, is_given: bool) -> FloatArray:
    p = data.x.shape[1]
    if point is None or not p:
        return invert(plain.at.information)
    unit = np.eye(p, p + len(data.n_ended))
    solved = [solve_curvature(data, point.nu, point.at, point.log_frailty, row)[:p] for row in unit]
    found = np.array(solved)
    found = (found + found.T) / 2
    if is_given:
        return found
    curvature, shift = curvature_of_profile(data, point)
    return np.asarray(found + np.outer(shift, shift) / -curvature if curvature < 0 else found)


def _remarks(case: _Case, point: FrailtyPoint | None, is_told: bool) -> list[str]:
    rows, n_repeated, n_clusters = case.plain.rows, case.n_repeated, len(case.n_spells)
    told = f"{n_repeated:,} of {say_count(n_clusters, 'cluster')} {word_for(n_repeated, 'has', 'have')}"
    notes = []
    if not is_told:
        notes.append(
            f"Only {told} several spells: how alike the spells of one are "
            "cannot be told, and the ratios are those without frailty."
        )
    elif n_repeated < _FEW_SHARE * n_clusters:
        notes.append(
            f"Only {told} several spells: the variance of the frailties rests "
            f"on {word_for(n_repeated, 'it', 'them')} and on the shape of the hazard."
        )
    if is_told and ((rows.entry > 0) & ~_goes_on(rows)).any():
        notes.append(
            "Some spells were watched from a later tenure on; their frailties are taken to be like those of all, which "
            "understates the variance."
        )
    if point is not None and not point.has_converged:
        notes.append("The search for the frailties did not arrive; the variance is not to be relied on.")
    return notes


def _goes_on(rows: SpellRows) -> NDArray[np.bool_]:
    """Rows that begin where another of their cluster stops without an end: stretches of one spell."""
    stopped = ~rows.ended
    stops = pd.MultiIndex.from_arrays([np.asarray(rows.cluster)[stopped], rows.tenure[stopped]])
    begins = pd.MultiIndex.from_arrays([np.asarray(rows.cluster), rows.entry])
    return np.asarray((rows.entry > 0) & begins.isin(stops))


def _frailties(case: _Case, point: FrailtyPoint | None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cluster": case.names,
            "n": case.n_spells,
            "n_ended": case.data.n_ended.astype(np.int64),
            "frailty": 1.0 if point is None else np.exp(point.log_frailty),
        }
    )
