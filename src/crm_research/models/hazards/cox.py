"""Cox regression: what goes with leaving sooner, everything else alike?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.hazards.assembling import shared_fields, unscale
from crm_research.models.hazards.concordance import Concordance, measure_concordance
from crm_research.models.hazards.design import Term
from crm_research.models.hazards.newton import invert
from crm_research.models.hazards.partial_likelihood import schoenfeld_residuals, score_residuals
from crm_research.models.hazards.proportionality import check_proportionality, follow_ratios
from crm_research.models.hazards.regression import (
    build_columns,
    robust_covariance,
)
from crm_research.models.hazards.result import HazardFit
from crm_research.models.hazards.risk_sets import RiskSets, build_risk_sets
from crm_research.models.hazards.searching import Search, search
from crm_research.models.hazards.spell_rows import SpellRows, read_spell_rows
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import check_confidence

_CONCORDANCE_ROWS: Final = 100_000


@dataclass(frozen=True, eq=False, kw_only=True)
class CoxFit(HazardFit):
    """What goes with leaving sooner, by Cox's regression.

    Parameters
    ----------
    proportionality
        Whether the ratios are the same early and late, as in `check_proportionality`.
    drift
        How the doubtful ones run over tenure, as in `follow_ratios`; empty without any.
    concordance, concordance_error
        Harrell's, on the rows of the fit (of more than 100,000 on every k-th by tenure): flattering; the validation
        card gives the honest one.
    """

    proportionality: pd.DataFrame
    concordance: float
    concordance_error: float
    drift: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)


def fit_cox(
    spells: pd.DataFrame,
    covariates: Sequence[str],
    *,
    strata: Sequence[str] = (),
    cluster: str | None = None,
    splines: Sequence[str] = (),
    n_knots: int = 4,
    terms: Sequence[Term] | None = None,
    confidence: float = 0.95,
) -> CoxFit:
    """What goes with leaving sooner, everything else alike?

    Parameters
    ----------
    spells
        One row for each spell, or for each stretch of a spell over which its covariates are constant: ``tenure_days``
        (at which the row ends), ``is_ended``, ``entry_days`` (from which on the row is under observation; 0 without
        the column), and the covariates. Texts, categories and truth values enter as groups against the largest one,
        numbers as they are, or along a natural cubic spline.
    strata
        Columns whose groups get their own baseline and no ratio.
    cluster
        Column of those whose rows belong together (customer_id where one has several contracts): standard errors
        then allow for it (robust, "sandwich").
    splines, n_knots
        Numbers that may bend, and at how many knots.
    terms
        How the covariates enter, from an earlier fit (`HazardFit.covariate_terms`), instead of planning it anew.

    Returns
    -------
    CoxFit
        What cannot be estimated is NaN or left out, and said in ``notes``; nothing is raised for poor data.

    Raises
    ------
    ParameterError
        For a column that is not there.
    NotEnoughData
        Without a single end under observation.

    Notes
    -----
    Ties by Efron's method. Assumes that ratios are the same at every tenure (checked in ``proportionality``) and that
    observation stops for reasons that have nothing to do with leaving, given the covariates. Rows that lack a
    number are a group of their own, held against its median (a few stand at the median). Ratios are associations:
    they say who leaves, not what would make them stay.

    References
    ----------
    Cox (1972), JRSS B 34, 187-220; Efron (1977), JASA 72, 557-565; Lin and Wei (1989), JASA 84, 1074-1078;
    Therneau and Grambsch (2000), Modeling Survival Data.
    """
    check_confidence(confidence)
    rows = read_spell_rows(spells, strata=strata, cluster=cluster)
    columns, known = build_columns(rows, covariates, rows.ended, splines=splines, n_knots=n_knots, terms=terms)
    rows = rows.keep(known)
    if not rows.ended.any():
        raise NotEnoughData("Cox regression", needed=1, found=0, mend="No spell with known covariates ended.")
    found = search(
        rows,
        columns,
        lambda stratum: build_risk_sets(rows.entry, rows.tenure, rows.ended, stratum),
        confidence=confidence,
    )
    return _assemble(found, float(confidence))


def _assemble(found: Search, confidence: float) -> CoxFit:
    rows, x = found.rows, found.columns.of(found.kept)
    covariance, model, few = _covariance(found, x)
    checked, drift = _follow(found, x, model, confidence)
    together = _concordance(found, x @ found.beta)
    return CoxFit(
        **shared_fields(found, found.beta, found.at, covariance, confidence),
        log_likelihood=found.at.log_likelihood,
        has_converged=found.has_converged,
        notes=(*rows.notes, *found.columns.notes, *found.notes, *few),
        estimator="Cox regression, Efron ties" + (", robust errors by cluster" if rows.cluster is not None else ""),
        proportionality=checked,
        drift=drift,
        concordance=together.estimate,
        concordance_error=together.std_error,
    )


def _covariance(found: Search, x: FloatArray) -> tuple[FloatArray, FloatArray, list[str]]:
    """Of the standardised coefficients: robust where rows are clustered, and by the model; and the notes."""
    model = invert(found.at.information)
    if found.rows.cluster is None or not found.kept:
        return model, model, []
    influence = score_residuals(found.sets, x, found.at) @ model
    robust, few = robust_covariance(influence, found.rows, found.sets.order)
    return robust, model, few


def _follow(found: Search, x: FloatArray, model: FloatArray, confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whether the ratios are the same at every tenure, and how the doubtful ones run."""
    sets, kept, design = found.sets, found.kept, found.columns.design
    clock = _clock(found.rows, sets)
    checked = check_proportionality(design, kept, sets, x, found.at, clock, found.beta, found.columns.scale)
    coefficients, by_model = unscale(found, found.beta, model)
    drift = follow_ratios(
        design,
        kept,
        schoenfeld_residuals(sets, x, found.at) * found.columns.scale[kept],
        clock,
        sets.tenure_days[sets.event_place],
        by_model[np.ix_(kept, kept)],
        coefficients[kept],
        covariates=list(checked.loc[checked["is_doubtful"], "covariate"].unique()),
        confidence=confidence,
    )
    return checked, drift


def _concordance(found: Search, eta: FloatArray) -> Concordance:
    rows, order = found.rows, found.sets.order
    # Who is told apart without overlap comes before or after all the rest.
    raw = found.columns.x * found.columns.scale + found.columns.means if found.directions else np.empty((0, 0))
    for direction in reversed(found.directions):
        eta = eta + direction.place(raw) * (np.ptp(eta) + 1.0)
    # The rows are in order of tenure: every k-th of them is a sample that is spread over all tenures.
    every = slice(None, None, max(1, -(-len(order) // _CONCORDANCE_ROWS)))
    some = order[every]
    return measure_concordance(
        eta[every],
        rows.tenure[some],
        rows.ended[some],
        entry=rows.entry[some],
        cluster=None if rows.cluster is None else rows.cluster[some],
        stratum=found.stratum[every],
    )


def _clock(rows: SpellRows, sets: RiskSets) -> FloatArray:
    """One minus Kaplan-Meier of everybody just before each end."""
    pooled, place = sets, sets.event_place
    if len(rows.stratum_names) > 1:
        pooled = build_risk_sets(rows.entry, rows.tenure, rows.ended, np.zeros_like(rows.stratum))
        place = np.searchsorted(pooled.tenure_days, sets.tenure_days)[place]
    at_risk = pooled.risk_sums(np.ones(len(pooled.order)))
    stay = np.concatenate([[1.0], np.cumprod(1.0 - pooled.n_ended / at_risk)])
    return np.asarray(1.0 - stay[place])
