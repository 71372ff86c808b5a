"""Cox regression: what goes with leaving sooner, everything else alike?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.hazards.concordance import Concordance, measure_concordance
from crm_research.models.hazards.design import Term
from crm_research.models.hazards.partial_likelihood import evaluate, schoenfeld_residuals, score_residuals
from crm_research.models.hazards.proportionality import check_proportionality, follow_ratios
from crm_research.models.hazards.regression import (
    Columns,
    Search,
    build_columns,
    robust_covariance,
    search,
    size_terms,
    summarise_steps,
    tabulate_baseline,
    unscale,
)
from crm_research.models.hazards.result import HazardFit, tabulate_terms, tabulate_tests
from crm_research.models.hazards.risk_sets import RiskSets, build_risk_sets
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
    sets = build_risk_sets(rows.entry, rows.tenure, rows.ended, rows.stratum)
    columns = columns.in_order(sets.order)
    found = search(lambda x, beta: evaluate(sets, x, beta), columns, len(sets.event_rows))
    return _assemble(rows, columns, sets, found, float(confidence))


def _assemble(rows: SpellRows, columns: Columns, sets: RiskSets, found: Search, confidence: float) -> CoxFit:
    design, kept = columns.design, found.kept
    x = columns.of(kept)
    covariance, model, few = _covariance(rows, sets, x, found)
    coefficients, wide = unscale(columns, kept, found.beta, covariance)
    steps = summarise_steps(sets, found.at, rows, columns, kept)
    checked, drift = _follow(rows, columns, sets, x, found, model, confidence)
    together = _concordance(rows, sets, x @ found.beta)
    return CoxFit(
        terms=tabulate_terms(design, coefficients, wide, size_terms(columns, rows.ended[sets.order]), confidence),
        tests=tabulate_tests(design, coefficients, wide),
        baseline=tabulate_baseline(sets, steps.rise, rows),
        covariance=wide,
        log_likelihood=found.at.log_likelihood,
        null_log_likelihood=found.null,
        n=len(rows.tenure),
        n_ended=int(rows.ended.sum()),
        confidence=confidence,
        has_converged=found.has_converged,
        notes=(*rows.notes, *columns.notes, *found.notes, *few),
        strata=rows.strata,
        estimator="Cox regression, Efron ties" + (", robust errors by cluster" if rows.cluster is not None else ""),
        steps=steps,
        _design=design,
        _means=columns.means,
        proportionality=checked,
        drift=drift,
        concordance=together.estimate,
        concordance_error=together.std_error,
    )


def _covariance(
    rows: SpellRows, sets: RiskSets, x: FloatArray, found: Search
) -> tuple[FloatArray, FloatArray, list[str]]:
    """Of the standardised coefficients: robust where rows are clustered, and by the model; and the notes."""
    if not found.kept:
        return np.empty((0, 0)), np.empty((0, 0)), []
    model = np.asarray(np.linalg.pinv(found.at.information), dtype=np.float64)
    if rows.cluster is None:
        return model, model, []
    robust, few = robust_covariance(score_residuals(sets, x, found.at) @ model, rows, sets.order)
    return robust, model, few


def _follow(
    rows: SpellRows,
    columns: Columns,
    sets: RiskSets,
    x: FloatArray,
    found: Search,
    model: FloatArray,
    confidence: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whether the ratios are the same at every tenure, and how the doubtful ones run."""
    coefficients, by_model = (part[..., found.kept] for part in unscale(columns, found.kept, found.beta, model))
    by_model = by_model[found.kept]
    residuals = schoenfeld_residuals(sets, x, found.at)
    residuals *= columns.scale[found.kept]
    ends = sets.tenure_days[sets.event_place]
    clock = _clock(rows, sets)
    checked = check_proportionality(columns.design, found.kept, residuals, clock, coefficients, by_model)
    drift = follow_ratios(
        columns.design,
        found.kept,
        residuals,
        clock,
        ends,
        by_model,
        coefficients,
        covariates=list(checked.loc[checked["is_doubtful"], "covariate"].unique()),
        confidence=confidence,
    )
    return checked, drift


def _concordance(rows: SpellRows, sets: RiskSets, eta: FloatArray) -> Concordance:
    # The rows are in order of tenure: every k-th of them is a sample that is spread over all tenures.
    every = slice(None, None, max(1, -(-len(sets.order) // _CONCORDANCE_ROWS)))
    some = sets.order[every]
    return measure_concordance(
        eta[every],
        rows.tenure[some],
        rows.ended[some],
        entry=rows.entry[some],
        cluster=None if rows.cluster is None else rows.cluster[some],
        stratum=rows.stratum[some],
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
