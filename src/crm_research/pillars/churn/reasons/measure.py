"""What drives those who leave for each reason, and how alike are the contracts of one customer?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.errors import NotEnoughData
from crm_research.models.hazards import FrailtyFit, HazardFit, ReasonFits, fit_by_reason, fit_cox, fit_frailty
from crm_research.models.hazards.by_reason import (
    CAUSE_SPECIFIC,
    SUBDISTRIBUTION,
    count_reasons,
    end_for,
    name_reasons,
)
from crm_research.models.hazards.spell_rows import rows_read
from crm_research.models.second_opinion import SecondOpinion, compare_ratios
from crm_research.pillars.churn.drivers.measure import default_covariates, guard_drivers
from crm_research.pillars.churn.spell_rows import SomeCustomers, read_rows, some_customers
from crm_research.show.shown import Shown
from crm_research.stats.intervals import normal_quantile
from crm_research.stats.multiplicity import adjust_holm
from crm_research.steps import step
from crm_research.theme import say_percent
from crm_research.vocabulary import REASON_NOT_GIVEN, say_count

if TYPE_CHECKING:
    from crm_research.study import Study

_FEWEST_ENDS: Final = 20
_MOST_REASONS: Final = 5
_SEVERAL_SHARE: Final = 0.10
_MOST_CONTRACTS: Final = 100_000
_COMPARISON: Final = ["covariate", "level", "reference"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Likeness:
    """How alike do the contracts of one customer end, beyond what is recorded?

    Parameters
    ----------
    fit
        The model with shared frailty, every end counted alike.
    several_share
        Share of customers with several contracts.
    n_contracts
        Contracts that the model read.
    largest_move
        By how many times the ratio that moves most differs from the one without frailty (1: none moves).
    """

    fit: FrailtyFit
    n_contracts: int
    several_share: float
    largest_move: float


@dataclass(frozen=True, eq=False, kw_only=True)
class ReasonDrivers(Shown):
    """What goes with leaving for each reason.

    Parameters
    ----------
    covariates
        Those the models were given.
    reasons
        Grain: reason given, the commonest first. Columns ``reason``, ``n_ended``, ``is_fitted``.
    n_not_given
        Ends without a reason.
    fits
        The models; None where no reason has enough ends.
    ratios
        Grain: reason and comparison. Columns ``reason``, ``covariate``, ``level``, ``reference``; ``n_read`` (contracts
        that the reason's model read), ``n_ended`` (of the level; of all for a number), ``hazard_ratio``, ``lower``,
        ``upper``, ``p_value`` (Holm) of the cause-specific hazard; the same but ``n_ended`` with ``share_`` before them
        of the sub-distribution hazard; ``is_clear``, ``share_is_clear``.
    differences
        Grain: comparison. Columns ``covariate``, ``level``, ``reference``, ``n_reasons``, ``chi_squared``,
        ``p_value`` (Holm): whether the cause-specific ratio is the same for every reason.
    likeness
        None where fewer than a tenth of the customers have several contracts.
    n_contracts
        Contracts that the models read at some time, with those whose unknown number is a group of its own.
    n_ended
        Ends read.
    opinions
        By reason with a clear cause-specific ratio: what lifelines says of its regression.
    """

    covariates: tuple[str, ...]
    reasons: pd.DataFrame
    n_not_given: int
    fits: ReasonFits | None
    ratios: pd.DataFrame
    differences: pd.DataFrame
    likeness: Likeness | None
    n_contracts: int
    n_ended: int
    confidence: float
    notes: tuple[str, ...]
    opinions: Mapping[str, SecondOpinion] = field(default_factory=dict, repr=False)


@step
def measure_reason_drivers(
    study: Study,
    covariates: Sequence[str] | None = None,
    *,
    strata: Sequence[str] = (),
    confidence: float = 0.95,
    seed: int = 20170101,
) -> ReasonDrivers:
    """What drives those who leave for each reason, and what raises the share who end up leaving for it?

    Parameters
    ----------
    study
        Needs contracts.
    covariates
        As in `measure_drivers`; None takes `default_covariates`.
    strata
        Columns whose groups get their own baseline; left out of the covariates.
    seed
        Of the chance that draws a part of the customers, where contracts are too many.

    Returns
    -------
    ReasonDrivers
        With at most the five commonest reasons of at least 20 ends; every other end still competes.

    Raises
    ------
    LeakageError
        If a covariate reads what came after as_of.
    NotEnoughData
        Without a contract.
    ParameterError
        For a column that is not there.

    Notes
    -----
    Numbers enter straight and are told as upper against lower quartile. p-values are adjusted by Holm's method over
    all reasons and comparisons of a kind. Ratios of different reasons are compared by Cochran's Q, which takes them
    as independent: the scores of two reasons are, but for customers with several contracts. With more than 100,000
    contracts a random part of the customers is read.
    """
    chosen = [name for name in (covariates or default_covariates(study)) if name not in strata]
    wanted = [*dict.fromkeys((*chosen, *strata))]
    guard_drivers(study, tuple(wanted), (), None)
    whose = some_customers(study, _MOST_CONTRACTS, seed=seed)
    rows = read_rows(study, wanted, whose=whose)
    notes = _say_sample(rows, whose)
    cluster = "customer_id" if rows["customer_id"].duplicated().any() else None
    counts = count_reasons(name_reasons(rows))
    given = counts.drop(REASON_NOT_GIVEN, errors="ignore")
    kept = [str(name) for name in given.index[given >= _FEWEST_ENDS][:_MOST_REASONS]]
    fits = None
    if kept and chosen:
        fits = fit_by_reason(rows, chosen, reasons=kept, strata=strata, cluster=cluster, confidence=confidence)
        notes += fits.notes
    ratios = _pair(rows, fits, confidence)
    return ReasonDrivers(
        covariates=tuple(wanted),
        reasons=pd.DataFrame(
            {"reason": given.index, "n_ended": given.to_numpy(), "is_fitted": given.index.isin(kept if fits else [])}
        ),
        n_not_given=int(counts.get(REASON_NOT_GIVEN, 0)),
        fits=fits,
        ratios=ratios,
        differences=_compare_reasons(fits, confidence),
        likeness=_measure_likeness(rows, chosen, strata, confidence),
        n_contracts=_count_all(rows, fits),
        n_ended=int(counts.sum()),
        confidence=float(confidence),
        notes=notes,
        opinions=_ask_others(rows, fits, ratios),
    )


def _ask_others(rows: pd.DataFrame, fits: ReasonFits | None, ratios: pd.DataFrame) -> dict[str, SecondOpinion]:
    clear = set(ratios.loc[ratios["is_clear"].astype(bool), "reason"])
    if fits is None:
        return {}
    return {
        reason: compare_ratios(end_for(rows, reason), fit)
        for reason, fit in fits.cause_specific.items()
        if reason in clear
    }


def _say_sample(rows: pd.DataFrame, whose: SomeCustomers) -> tuple[str, ...]:
    if whose.share >= 1:
        return ()
    n, of = int(rows["contract_id"].nunique()), say_count(whose.n_contracts, "contract")
    return (f"A random {say_percent(whose.share)} of the customers were read ({whose.say()}): {n:,} of {of}.",)


def _count_read(rows: pd.DataFrame, fit: HazardFit) -> int:
    """Contracts that a model read at some time."""
    return int(rows["contract_id"][rows_read(fit, rows)].nunique())


def _count_all(rows: pd.DataFrame, fits: ReasonFits | None) -> int:
    if fits is None:
        return int(rows["contract_id"].nunique())
    is_read = np.any([rows_read(fit, rows) for fit in fits.cause_specific.values()], axis=0)
    return int(rows["contract_id"][is_read].nunique())


def _pair(rows: pd.DataFrame, fits: ReasonFits | None, confidence: float) -> pd.DataFrame:
    """The two ratios of each reason and comparison, side by side."""
    values = ["hazard_ratio", "lower", "upper", "p_value"]
    columns = [
        "reason",
        *_COMPARISON,
        "n_read",
        "n_ended",
        *values,
        "share_n_read",
        *(f"share_{name}" for name in values),
    ]
    whole = pd.DataFrame(columns=["reason", "hazard"]) if fits is None else fits.contrasts()
    if fits is None or whole.empty:
        return pd.DataFrame(columns=[*columns, "is_clear", "share_is_clear"])
    whole = whole.assign(p_value=whole["p_adjusted"])
    keys = ["reason", *_COMPARISON]
    speed = whole.loc[whole["hazard"] == CAUSE_SPECIFIC, [*keys, "n_ended", *values]]
    share = whole.loc[whole["hazard"] == SUBDISTRIBUTION, [*keys, *values]]
    read = {name: _count_read(rows, fit) for name, fit in fits.cause_specific.items()}
    share_read = {name: _count_read(rows, fit) for name, fit in fits.subdistribution.items()}
    table = speed.merge(share.rename(columns={name: f"share_{name}" for name in values}), on=keys, how="left")
    table["n_read"], table["share_n_read"] = table["reason"].map(read), table["reason"].map(share_read)
    level = 1.0 - confidence
    return table[columns].assign(is_clear=table["p_value"] < level, share_is_clear=table["share_p_value"] < level)


def _compare_reasons(fits: ReasonFits | None, confidence: float) -> pd.DataFrame:
    """Is the cause-specific ratio the same for every reason?

    References
    ----------
    Cochran (1954), Biometrics 10, 101-129.
    """
    columns = [*_COMPARISON, "n_reasons", "chi_squared", "p_value"]
    whole = pd.DataFrame(columns=["hazard"]) if fits is None else fits.contrasts()
    speed = whole.loc[whole["hazard"] == CAUSE_SPECIFIC]
    rows = []
    for comparison, part in speed.groupby(_COMPARISON, sort=False) if len(speed) else ():
        log = np.log(part["hazard_ratio"].to_numpy())
        width = np.log(part["upper"].to_numpy()) - np.log(part["lower"].to_numpy())
        weight = (2 * normal_quantile(confidence) / width) ** 2
        good = np.isfinite(log) & np.isfinite(weight)
        log, weight = log[good], weight[good]
        if len(log) > 1:
            chi = float(weight @ (log - weight @ log / weight.sum()) ** 2)
            rows.append((*comparison, len(log), chi, float(stats.chi2.sf(chi, len(log) - 1))))
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(p_value=adjust_holm(table["p_value"].to_numpy(dtype=np.float64)))


def _measure_likeness(
    rows: pd.DataFrame, covariates: Sequence[str], strata: Sequence[str], confidence: float
) -> Likeness | None:
    per_customer = rows.groupby("customer_id")["contract_id"].nunique()
    several = float((per_customer > 1).mean())
    if several < _SEVERAL_SHARE:
        return None
    try:
        fit = fit_frailty(rows, covariates, cluster="customer_id", strata=strata, confidence=confidence)
        plain = fit_cox(rows, covariates, strata=strata, cluster="customer_id", confidence=confidence)
    except NotEnoughData:
        return None
    both = fit.contrasts().merge(plain.contrasts(), on=_COMPARISON, suffixes=("", "_plain"))
    moves = np.abs(np.log(both["hazard_ratio"]) - np.log(both["hazard_ratio_plain"]))
    return Likeness(
        fit=fit,
        n_contracts=_count_read(rows, fit),
        several_share=several,
        largest_move=float(np.exp(moves.max())) if len(moves) else 1.0,
    )
