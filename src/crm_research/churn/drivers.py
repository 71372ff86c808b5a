"""What goes with leaving sooner, everything else alike, and how far the risks can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.churn.spell_rows import read_ends, read_rows
from crm_research.features.person_periods import guard_covariates
from crm_research.features.spells import build_spells
from crm_research.models.hazards import CoxFit, fit_cox
from crm_research.models.survival import SurvivalCurves, count_rows, estimate_survival
from crm_research.models.survival.risk import FloatArray
from crm_research.models.validation import ValidationCard, validate_chances

if TYPE_CHECKING:
    from crm_research.study import Study

_KINDS: Final = ("category", "flag", "number")
_RESERVED: Final = ("contract_id", "customer_id", "started_at", "entry_days", "tenure_days", "is_ended", "end_reason")
_MOST_LEVELS: Final = 50


@dataclass(frozen=True, eq=False, kw_only=True)
class DriverAnalysis:
    """What goes with leaving sooner.

    Parameters
    ----------
    covariates
        Those the model was given.
    fit
        The ratios, with their intervals and the check that they are the same at every tenure.
    card
        What its risks were worth in the holdout, for the contracts that were running at as_of; None without a holdout,
        or if none of these ended in it.
    n_beyond
        Running contracts that the model cannot judge: older than any contract it saw, or of a kind it did not see.
    """

    covariates: tuple[str, ...]
    fit: CoxFit
    card: ValidationCard | None
    n_beyond: int

    @property
    def is_fit_for_lists(self) -> bool:
        """May a list of customers at risk be printed? Only where the holdout found the risks calibrated."""
        return self.card is not None and self.card.is_calibrated


def measure_drivers(
    study: Study,
    covariates: Sequence[str] | None = None,
    *,
    strata: Sequence[str] = (),
    splines: Sequence[str] = (),
    confidence: float = 0.95,
) -> DriverAnalysis:
    """What goes with leaving sooner, everything else alike, and do the risks hold in the holdout?

    Parameters
    ----------
    study
        Needs contracts.
    covariates
        Columns of `build_spells`; None takes plan, fee and the declared attributes that are categories, flags or
        numbers.
    strata
        Columns whose groups get their own baseline; left out of the covariates.
    splines
        Numbers that may bend.

    Raises
    ------
    LeakageError
        If a covariate reads what came after as_of.
    NotEnoughData
        If no contract ended.
    ParameterError
        For a column that is not there.

    Notes
    -----
    Standard errors allow for several contracts of one customer. A covariate is read as it stands in the records: one
    that changed on the way belongs into contract_states.
    """
    chosen = [name for name in (covariates or default_covariates(study)) if name not in strata]
    wanted = [*dict.fromkeys((*chosen, *strata, *splines))]
    guard_covariates(study, wanted)
    spells = read_rows(study, wanted)
    clustered = bool(spells["customer_id"].duplicated().any())
    fit = fit_cox(
        spells,
        chosen,
        strata=strata,
        splines=splines,
        cluster="customer_id" if clustered else None,
        confidence=confidence,
    )
    card, n_beyond = _judge(study, spells, fit, confidence)
    return DriverAnalysis(covariates=tuple(wanted), fit=fit, card=card, n_beyond=n_beyond)


def default_covariates(study: Study) -> list[str]:
    """Which columns may explain leaving unless told otherwise? Plan, fee and the declared attributes."""
    spells = build_spells(study)
    declared = {**study.attributes_of("customers"), **study.attributes_of("contracts")}
    names = [name for name in ("plan", "fee") if name in spells.columns]
    names += [name for name, kind in declared.items() if kind in _KINDS and name in spells.columns]
    names = [name for name in dict.fromkeys(names) if name not in _RESERVED]
    texts = [name for name in names if not spells[name].type().is_numeric()]
    if not texts:
        return names
    levels = spells.agg(**{name: spells[name].nunique() for name in texts}).to_pyarrow().to_pylist()[0]
    return [name for name in names if name not in texts or 1 < levels[name] <= _MOST_LEVELS]


def _judge(study: Study, spells: pd.DataFrame, fit: CoxFit, confidence: float) -> tuple[ValidationCard | None, int]:
    """The card on the contracts that ran at as_of; the clock starts there, and everybody is watched to the end."""
    if study.holdout_until is None:
        return None, 0
    window = float((study.holdout_until.date() - study.as_of.date()).days)
    running = spells.loc[~spells["is_ended"]].reset_index(drop=True)
    if running.empty or window < 1:
        return None, 0
    can = np.isfinite(fit.risk(running, [window]).iloc[:, 0].to_numpy())
    judged = running.loc[can].merge(read_ends(study), on="contract_id", how="left")
    after = judged["end_tenure"] - judged["tenure_days"]
    came = after.notna() & (after >= 0)
    outcomes = pd.DataFrame({"tenure_days": after.where(came, window).clip(upper=window), "is_ended": came})
    if not came.any():
        return None, int((~can).sum())
    past = estimate_survival(count_rows(spells["tenure_days"], spells["is_ended"], entry_days=spells["entry_days"]))
    card = validate_chances(
        outcomes,
        lambda days: 1.0 - fit.risk(judged, [days]).iloc[:, 0].to_numpy(),
        horizons_days=[round(window / 3), round(2 * window / 3), window] if window >= 3 else [window],
        null_survival_at=lambda days: _rule(past, judged["tenure_days"].to_numpy(dtype=float), days),
        confidence=confidence,
    )
    return card, int((~can).sum())


def _rule(past: SurvivalCurves, tenure: FloatArray, days: float) -> FloatArray:
    """The chance to stay so many more days by the curve of everybody, given the tenure so far."""
    distinct, place = np.unique(tenure, return_inverse=True)
    now = past.at(list(distinct))["survival"].to_numpy()
    then = past.at(list(distinct + days))["survival"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(now > 0, then / now, 0.0))[place]
