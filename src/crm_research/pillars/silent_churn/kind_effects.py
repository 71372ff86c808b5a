"""Which kinds of customers buy more often, and which drop out sooner?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.btyd import EFFECT_MODELS, EffectsFit, fit_effects
from crm_research.models.btyd.kinds import MOST_LEVELS, pool_levels
from crm_research.pillars.silent_churn.fits import MBG_NBD, PARETO_NBD
from crm_research.pillars.silent_churn.intake import Intake
from crm_research.pillars.silent_churn.kinds import (
    FIRST_SEEN,
    build_kinds,
    count_kinds,
    count_levels,
    known_covariates,
    number_levels,
)
from crm_research.show.shown import Shown
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

_MOST_KINDS: Final = 120
_MOST_COMPARISONS: Final = 24
# Beyond these the Pareto/NBD takes minutes, and the MBG/NBD answers the same question in seconds.
_MOST_PATTERNS_FOR_PARETO: Final = 20_000
_MOST_KINDS_FOR_PARETO: Final = 24


@dataclass(frozen=True, eq=False, kw_only=True)
class KindAnalysis(Shown):
    """What goes with buying more often, and with dropping out sooner?

    Parameters
    ----------
    fit
        The model with covariates; None where nothing can be compared.
    why
        Why not; empty where there is a fit.
    left_out
        Covariates that were known but not compared: too many levels, no two large enough, or too many kinds together.
    """

    fit: EffectsFit | None
    why: str
    left_out: tuple[str, ...] = ()


@step
def measure_kinds(
    study: Study,
    model: str | None,
    intake: Intake,
    *,
    covariates: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> KindAnalysis:
    """Which kinds of customers buy more often, and which drop out sooner, everything else alike?

    Parameters
    ----------
    model
        The model in use. The MBG/NBD takes its place where it knows no covariates (MBG/CNBD-k), or would take
        minutes; None compares nothing.
    intake
        Customers won before the records begin get a pace of their own beside the covariates.
    covariates
        Names of `known_covariates`; None takes them in their order, as long as they make no more than 120 kinds of
        customers and 24 comparisons.

    Raises
    ------
    ParameterError
        For a covariate that is not known.
    """
    known = known_covariates(study)
    asked = list(known if covariates is None else dict.fromkeys(covariates))
    old_from = intake.old_from_age_days
    if model is None:
        return KindAnalysis(fit=None, why="No model could be fitted, so kinds of customers cannot be compared.")
    people = build_kinds(study, asked, old_from_age_days=old_from)
    asked = ([] if old_from is None else [FIRST_SEEN]) + asked
    chosen = asked
    if covariates is None:
        n_levels = number_levels(people, asked)
        chosen = _choose(people, asked, n_levels)
        asked = [name for name in asked if name in chosen or n_levels[name] > 1]
    left_out = tuple(name for name in asked if name not in chosen)
    if not chosen:
        return KindAnalysis(fit=None, why=_NOTHING, left_out=left_out)
    patterns = count_kinds(people, chosen)
    try:
        fit = fit_effects(
            patterns, chosen, model=_model_for(model, patterns, chosen), is_tested_apart=False, confidence=confidence
        )
    except NotEnoughData as problem:
        return KindAnalysis(fit=None, why=str(problem), left_out=left_out)
    why = "" if fit.is_converged else " ".join(fit.notes)
    return KindAnalysis(fit=fit if fit.is_converged else None, why=why, left_out=left_out)


def _model_for(model: str, patterns: pd.DataFrame, chosen: Sequence[str]) -> str:
    is_large = len(patterns) > _MOST_PATTERNS_FOR_PARETO
    is_large |= len(patterns[list(chosen)].drop_duplicates()) > _MOST_KINDS_FOR_PARETO
    return MBG_NBD if model not in EFFECT_MODELS or (model == PARETO_NBD and is_large) else model


_NOTHING: Final = (
    "Nothing is known of these customers that tells them apart from their first purchase on: no attribute with two "
    "levels of 30 customers and 10 repeaters, no channel, no store. Declare attributes of customers in the study's "
    "file."
)


def _choose(people: ir.Table, asked: Sequence[str], n_levels: Mapping[str, int]) -> list[str]:
    """The covariates that can be compared together, in their order."""
    few = [name for name in asked if n_levels[name] <= MOST_LEVELS - 1]
    if not few:
        return []
    levels = count_levels(people, few)
    pooled = pd.DataFrame({name: pool_levels(levels, name)[0] for name in few})
    chosen: list[str] = []
    for name in few:
        tried = pooled[[*chosen, name]].drop_duplicates()
        comparisons = sum(tried[column].nunique() - 1 for column in tried)
        if pooled[name].nunique() > 1 and len(tried) <= _MOST_KINDS and comparisons <= _MOST_COMPARISONS:
            chosen.append(name)
    return chosen
