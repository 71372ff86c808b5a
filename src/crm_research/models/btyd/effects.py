"""Which kinds of customers buy more often, and which drop out sooner? Covariates that do not change with time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.errors import ParameterError
from crm_research.models.btyd.beta_geometric import BgNbd, MbgNbd
from crm_research.models.btyd.effects_fitted import EffectsFit
from crm_research.models.btyd.family import Family
from crm_research.models.btyd.fit import fit_family
from crm_research.models.btyd.kind_likelihood import KindLikelihood
from crm_research.models.btyd.kinds import read_kinds
from crm_research.models.btyd.maximise import Optimum, refine
from crm_research.models.btyd.pareto import ParetoNbd
from crm_research.models.btyd.scoring import read_level
from crm_research.stats.intervals import FloatArray, normal_quantile
from crm_research.vocabulary import DAYS_PER_WEEK

_FAMILIES: dict[str, type[Family]] = {family.name: family for family in (BgNbd, MbgNbd, ParetoNbd)}
EFFECT_MODELS = tuple(_FAMILIES)


def fit_effects(
    patterns: pd.DataFrame,
    covariates: Sequence[str],
    *,
    model: str = "Pareto/NBD",
    is_tested_apart: bool = True,
    time_unit_days: float = DAYS_PER_WEEK,
    confidence: float = 0.95,
) -> EffectsFit:
    """Which kinds of customers buy more often, and which drop out sooner?

    Parameters
    ----------
    patterns
        frequency, recency_days, age_days, n_customers and the covariates: one row per distinct combination (or per
        customer). Counts of combinations are enough, so the cost does not grow with customers.
    covariates
        Columns known from a customer's first purchase on (first channel, region, band of the first order), with at
        most 50 levels each. An empty value is a level of its own; a level of fewer than 30 customers or 10
        repeaters is put with others, and `notes` say so.
    model
        ``Pareto/NBD``, ``MBG/NBD`` or ``BG/NBD``.
    is_tested_apart
        Test each covariate's two effects one by one as well as together (three refits for each instead of one).
    time_unit_days, confidence
        As in `fit_bg_nbd`.

    Returns
    -------
    EffectsFit

    Raises
    ------
    ContractViolation
        For patterns that contradict themselves.
    NotEnoughData
        If no covariate has two levels to compare, or the patterns bear no model.
    ParameterError
        For an unknown model or column, or more than 400 kinds of customers.

    Notes
    -----
    In the Pareto/NBD alpha_i = alpha exp(-g z_i) and beta_i = beta exp(-h z_i): exp(g) multiplies a customer's
    purchase rate, exp(h) the rate of dropping out. In the BG family the dropout acts through a_i = a exp(h z_i) with
    one b for all, so that exp(h) multiplies the mean odds a / b of dropping out after a purchase; Fader and Hardie let
    b differ too, which says nothing more of the mean and is hardly ever determined. Each level is compared with that of
    most customers, the other covariates alike. Associations: nothing here says what a change of channel would do.
    Standard errors from the observed information; tests by the likelihood ratio of a refit without the covariate.

    References
    ----------
    Fader and Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models.
    """
    if model not in _FAMILIES:
        raise ParameterError(f"model must be one of {', '.join(_FAMILIES)}; not {model!r}.")
    level = read_level(confidence)
    family, kinds = _FAMILIES[model](), read_kinds(patterns, covariates)
    base = fit_family(family, kinds.frame, time_unit_days, level)
    likelihood = KindLikelihood(base, kinds)
    top, mask, notes = _climb(likelihood)
    return EffectsFit(
        model=model,
        covariates=tuple(dict.fromkeys(kinds.columns["covariate"])),
        effects=_describe(likelihood, top, mask, level),
        tests=_test(likelihood, top, mask, is_tested_apart) if top.is_converged else _no_tests(),
        log_likelihood=base.log_likelihood + likelihood.n_total * (top.value - likelihood.base_value),
        base=base,
        n_customers=base.n_customers,
        is_converged=top.is_converged,
        notes=(*kinds.notes, *notes),
        confidence=level,
        likelihood=likelihood,
        point=likelihood.expand(top.log_params, mask),
        covariance=likelihood.expand_covariance(top.covariance, mask),
    )


def _climb(likelihood: KindLikelihood) -> tuple[Optimum, np.ndarray, list[str]]:
    """The top with all effects; with those on the purchase rate alone where dropout cannot be compared."""
    notes = []
    everything = np.ones(likelihood.n_params, dtype=bool)
    top = maximise_masked(likelihood, likelihood.start, everything)
    if top.is_converged:
        return top, everything, list(top.notes)
    of_rate = likelihood.mask_without(likelihood.labels[1:])
    notes.append(
        "Dropping out cannot be compared between these kinds of customers (some kind shows none at all, or too "
        "little); only the purchase rates are."
    )
    alone = maximise_masked(likelihood, likelihood.start, of_rate)
    if alone.is_converged and len(likelihood.labels) > 1:
        return alone, of_rate, notes + list(alone.notes)
    return top, everything, ["The likelihood has no top with these covariates, so no effect is given."]


def maximise_masked(likelihood: KindLikelihood, start: FloatArray, mask: np.ndarray) -> Optimum:
    """The top over some of the parameters, the others held at 0 (no effect)."""

    def objective(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = likelihood.objective(likelihood.expand(point, mask))
        return value, gradient[mask]

    return refine(
        objective,
        start[mask],
        n_customers=likelihood.n_total,
        names=[name for name, is_free in zip(likelihood.names, mask, strict=True) if is_free],
        inform=lambda point: likelihood.information(likelihood.expand(point, mask))[np.ix_(mask, mask)],
    )


def _describe(likelihood: KindLikelihood, top: Optimum, mask: np.ndarray, confidence: float) -> pd.DataFrame:
    point = likelihood.expand(top.log_params, mask)
    spread = np.sqrt(np.diag(likelihood.expand_covariance(top.covariance, mask)))
    half = normal_quantile(confidence)
    tables = []
    for label in likelihood.labels:
        places = likelihood.places(label)
        if not mask[places].all():
            continue
        estimate, se = point[places], spread[places]
        with np.errstate(invalid="ignore"):
            table = likelihood.kinds.columns.assign(
                effect=label,
                ratio=np.exp(estimate),
                lower=np.exp(estimate - half * se),
                upper=np.exp(estimate + half * se),
                se_log=se,
                p_value=2 * stats.norm.sf(np.abs(estimate) / se),
            )
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _no_tests() -> pd.DataFrame:
    return pd.DataFrame(columns=["covariate", "effect", "chi2", "df", "p_value"])


def _test(likelihood: KindLikelihood, top: Optimum, mask: np.ndarray, is_tested_apart: bool) -> pd.DataFrame:
    """Likelihood ratios of a fit without each covariate: in both effects, and in each."""
    rows = []
    fitted = [label for label in likelihood.labels if mask[likelihood.places(label)].all()]
    apart = [(label,) for label in fitted] if is_tested_apart and len(fitted) > 1 else []
    for name in dict.fromkeys(likelihood.kinds.columns["covariate"]):
        for labels in [tuple(fitted), *apart]:
            held = mask & likelihood.mask_without(labels, name)
            less = maximise_masked(likelihood, _without(likelihood, top, mask, held), held)
            chi2 = max(2 * likelihood.n_total * (top.value - less.value), 0.0) if less.is_converged else np.nan
            df = int(mask.sum() - held.sum())
            rows.append((name, " and ".join(labels), chi2, df, float(stats.chi2.sf(chi2, df))))
    return pd.DataFrame(rows, columns=list(_no_tests().columns))


def _without(likelihood: KindLikelihood, top: Optimum, mask: np.ndarray, held: np.ndarray) -> FloatArray:
    """Where the top lies without some effects, if the likelihood is quadratic: a start next to the answer."""
    gone = ~held[mask]
    of_gone = top.covariance[np.ix_(gone, gone)]
    moved = top.log_params - top.covariance[:, gone] @ np.linalg.solve(of_gone, top.log_params[gone])
    return likelihood.expand(moved, mask)
