"""Which customers to contact so that they stay, how many, and what it brings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.errors import ParameterError, offer_names
from crm_research.features.spells import build_spells
from crm_research.models.decisions import (
    Offer,
    Risks,
    SaveRate,
    Targeting,
    believe_save_rate,
    find_best_list,
    power_of_trial,
    size_trial,
)
from crm_research.pillars.churn.spell_rows import read_running
from crm_research.show.shown import Shown
from crm_research.stats.intervals import normal_quantile
from crm_research.steps import step
from crm_research.theme import say_months, say_percent, say_range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_research.models.survival.risk import FloatArray
    from crm_research.study import Study

# Verbraken, Verbeke and Baesens (2013): a beta distribution with alpha 6 and beta 14; costs as shares of the value.
SAVE_RATE: Final = (0.3, float(stats.beta.ppf(0.025, 6, 14)), float(stats.beta.ppf(0.975, 6, 14)))
INCENTIVE_SHARE: Final = 0.05
CONTACT_SHARE: Final = 0.005
MARGIN_SHARE: Final = 0.5
CONTACT: Final = "contact"
UNDECIDED: Final = "only if more are saved than assumed"
LEAVE_ALONE: Final = "do not contact"
_EDGE: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What would measure the save rate: contact a random half of the list, and leave the other half alone.

    Parameters
    ----------
    leave_alone, leave_contacted
        Share that leaves within the horizon in each half, at the save rate assumed.
    n_each
        Customers in each half for a power of 80 %; infinite where no difference is expected.
    n_listed
        Customers on the list.
    power
        With the whole list halved.
    """

    leave_alone: float
    leave_contacted: float
    n_each: float
    n_listed: int
    power: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Treatment(Shown):
    """Whom to contact, as far as can be said before the save rate was measured.

    Parameters
    ----------
    rows
        Grain: contract with a risk, the most profitable first. Columns ``contract_id``, ``customer_id`` (where
        given), ``risk``, ``margin_per_month``, ``worth_if_saved``, ``expected_profit``, ``lower``, ``upper``,
        ``break_even_save_rate``, ``verdict`` (``contact``, ``only if more are saved than assumed``, ``do not
        contact``: a loss even at the favourable ends of save rate and risk), ``why``.
    targeting
        The best length of the list, its profit, the strategies compared, and the profit by length.
    offer, save_rate
        What was assumed.
    trial
        The next step; None where nobody is worth a contact.
    n_unknown
        Contracts without a risk or margin, left out.
    confidence
        Level of every interval.
    assumptions
        Columns ``part``, ``value``: all that was assumed and not measured.
    notes
        What is missing.
    """

    rows: pd.DataFrame
    targeting: Targeting
    offer: Offer
    save_rate: SaveRate
    trial: Trial | None
    n_unknown: int
    confidence: float
    assumptions: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> pd.Series[float]:
        """The best list among the strategies."""
        return self.strategy("best list")

    def strategy(self, name: str) -> pd.Series[float]:
        """One row of ``targeting.strategies``."""
        rows = self.targeting.strategies.set_index("strategy")
        return pd.Series(rows.loc[name], dtype=float)


def choose_treatment(
    rows: pd.DataFrame,
    *,
    margin_per_month: float | str | Sequence[float] | FloatArray,
    contact_cost: float,
    incentive_cost: float,
    save_rate: tuple[float, float, float] = SAVE_RATE,
    horizon_months: int,
    value_months: float | None = None,
    stayers_accept: float = 1.0,
    woken_share: float = 0.0,
    seed: int = 1,
    confidence: float = 0.95,
) -> Treatment:
    """Given what a contact costs and a customer is worth, whom to contact, and whom better not to disturb?

    Parameters
    ----------
    rows
        Grain: running contract. ``contract_id`` and ``risk_{m}m`` for m = `horizon_months` (or ``risk``); with
        ``lower_{m}m`` and ``upper_{m}m`` (or ``lower``, ``upper``) the model's doubt is carried on.
    margin_per_month
        Of every contract: one amount, a column of `rows`, or one amount for each row.
    contact_cost, incentive_cost
        Of every contact; of every customer who takes the offer.
    save_rate
        Of contacted would-be leavers, the share that stays because of it: mean and range at `confidence`. An
        assumption until a trial with a control group has measured it.
    value_months
        Over which the margin of a kept customer counts, from as_of; the horizon by default.
    stayers_accept, woken_share
        As in `Offer`.

    Raises
    ------
    ParameterError
        For a column that is not there, or numbers that cannot be.

    Notes
    -----
    A kept leaver is assumed to stay to the end of `value_months`; when he would have left follows from his risk at an
    even danger. Saving does not depend on who it is: a model of uplift needs the trial this page asks for.
    """
    told = _read_risks(rows, horizon_months, margin_per_month, confidence)
    known = np.isfinite(told.risk) & np.isfinite(told.margin)
    risks = Risks(risk=told.risk[known], std_error=told.std_error[known], margin=told.margin[known])
    offer = Offer(
        contact_cost=contact_cost,
        incentive_cost=incentive_cost,
        horizon_months=horizon_months,
        value_months=float(horizon_months if value_months is None else value_months),
        stayers_accept=stayers_accept,
        woken_share=woken_share,
    )
    belief = believe_save_rate(*save_rate, confidence=confidence)
    targeting = find_best_list(risks, offer, belief, seed=seed, confidence=confidence)
    notes = (
        [] if bool(np.any(risks.std_error > 0)) else ["The risks came without intervals, so theirs is not in these."]
    )
    ids = [name for name in ("contract_id", "customer_id") if name in rows.columns]
    return Treatment(
        rows=_lay_out(rows.loc[known, ids], risks, offer, belief, targeting),
        targeting=targeting,
        offer=offer,
        save_rate=belief,
        trial=_plan_trial(risks, targeting, belief),
        n_unknown=int((~known).sum()),
        confidence=confidence,
        assumptions=_assumptions(offer, belief, risks, confidence),
        notes=tuple(notes),
    )


@step
def read_margins(study: Study, rows: pd.DataFrame, *, margin_share: float = MARGIN_SHARE) -> pd.Series[float] | None:
    """What margin does each contract of these rows bring a month? Its fee times a share; None where there is no fee.

    A fee below zero (a credit note, a mistake) is no price of a contract: its margin is not known.
    """
    if not (np.isfinite(margin_share) and 0 < margin_share <= 1):
        raise ParameterError(
            f"margin_share is the part of the fee that is left after costs, in (0, 1], not {margin_share!r}."
        )
    if "fee" not in build_spells(study).columns:
        return None
    if "fee" in rows.columns:
        fees = rows["fee"].astype(float)
    else:
        running = read_running(study, ["fee"]).drop_duplicates("contract_id").set_index("contract_id")
        fees = rows["contract_id"].map(running["fee"].astype(float))
    if not (fees > 0).any():
        return None
    margins: pd.Series[float] = fees.where(fees >= 0) * margin_share
    return margins


def usual_costs(margins: pd.Series[float], value_months: float) -> tuple[float, float]:
    """Contact and incentive cost in the published proportion to a customer's value (0.5 % and 5 %), for want of better.

    Returns
    -------
    tuple
        ``contact_cost``, ``incentive_cost``, to two figures.
    """
    worth = float(margins.mean()) * value_months
    return _two_figures(CONTACT_SHARE * worth), _two_figures(INCENTIVE_SHARE * worth)


def _two_figures(value: float) -> float:
    return float(f"{value:.2g}") if math.isfinite(value) else 0.0


def _read_risks(
    rows: pd.DataFrame, months: int, margin: float | str | Sequence[float] | FloatArray, confidence: float
) -> Risks:
    own = f"_{months}m" if f"risk_{months}m" in rows.columns else ""
    name = f"risk{own}"
    if name not in rows.columns:
        raise ParameterError(
            f"The rows have no column 'risk_{months}m'. {offer_names(f'risk_{months}m', rows.columns)}"
        )
    risk = rows[name].to_numpy(dtype=float)
    if bool(np.any((risk < 0) | (risk > 1))):
        raise ParameterError(f"{name} holds chances from 0 to 1, and some lie outside.")
    error = np.zeros(len(rows))
    if {f"lower{own}", f"upper{own}"} <= set(rows.columns):
        low, high = (_logit(rows[f"{end}{own}"].to_numpy(dtype=float)) for end in ("lower", "upper"))
        error = np.nan_to_num(np.clip((high - low) / (2 * normal_quantile(confidence)), 0.0, 5.0))
    if isinstance(margin, str):
        if margin not in rows.columns:
            raise ParameterError(f"The rows have no column {margin!r}. {offer_names(margin, rows.columns)}")
        values = rows[margin].to_numpy(dtype=float)
    else:
        values = np.broadcast_to(np.asarray(margin, dtype=float), risk.shape).astype(float)
    if bool(np.any(values < 0)):
        raise ParameterError("margin_per_month must be 0 or more for every contract.")
    return Risks(risk=risk, std_error=error, margin=values)


def _logit(share: FloatArray) -> FloatArray:
    held = np.clip(share, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(held / (1 - held)))


def _lay_out(ids: pd.DataFrame, risks: Risks, offer: Offer, belief: SaveRate, targeting: Targeting) -> pd.DataFrame:
    found = targeting.customers
    verdict = np.select([found["is_chosen"], found["is_loss"]], [CONTACT, LEAVE_ALONE], default=UNDECIDED)
    worthless = (found["worth_if_saved"] <= offer.incentive_cost).to_numpy()
    # Would a certain leaver pay? Then it is the small risk, not the small value, that speaks against a contact.
    sure = belief.mean * (found["worth_if_saved"].to_numpy() - offer.incentive_cost) - offer.contact_cost
    why = np.select(
        [found["is_chosen"], worthless, sure <= 0, found["is_loss"]],
        [
            "what is at stake outweighs the offer",
            "worth less than the incentive, even if kept",
            "brings too little for the contact, even if sure to leave",
            "too likely to stay for what is at stake: the offer would be given away",
        ],
        default="may pay, but not at the save rate assumed",
    )
    table = ids.reset_index(drop=True).assign(
        risk=risks.risk,
        margin_per_month=risks.margin,
        **{
            name: found[name].to_numpy()
            for name in ("worth_if_saved", "expected_profit", "lower", "upper", "break_even_save_rate")
        },
        verdict=verdict,
        why=why,
    )
    return table.iloc[targeting.order].reset_index(drop=True)


def _plan_trial(risks: Risks, targeting: Targeting, belief: SaveRate) -> Trial | None:
    if targeting.n_best == 0:
        return None
    listed = targeting.order[: targeting.n_best]
    alone = float(risks.risk[listed].mean())
    contacted = alone * (1 - belief.mean)
    return Trial(
        leave_alone=alone,
        leave_contacted=contacted,
        n_each=size_trial(alone, contacted),
        n_listed=targeting.n_best,
        power=power_of_trial(targeting.n_best / 2, alone, contacted),
    )


def _assumptions(offer: Offer, belief: SaveRate, risks: Risks, confidence: float) -> pd.DataFrame:
    margin = f"{risks.margin.mean():,.2f} a month on average" if risks.n else "not known"
    spread = say_range(belief.lower, belief.upper, say_percent)
    stay = (
        f"{say_percent(belief.mean)} of contacted would-be leavers stay ({say_percent(confidence, 0)} range {spread})"
    )
    whom = f"each leaver kept and {say_percent(offer.stayers_accept)} of contacted stayers"
    rows = [
        ("Save rate", stay),
        ("Margin", margin),
        ("Contact", f"{offer.contact_cost:,.2f} each"),
        ("Incentive", f"{offer.incentive_cost:,.2f}, for {whom}"),
        ("Stayers woken", f"{say_percent(offer.woken_share)} of contacted stayers leave because of the contact"),
        ("Risk", f"chance to leave within {say_months(offer.horizon_months)}"),
        ("Value", f"margin of {say_months(offer.value_months)} from now; a kept leaver stays that long"),
    ]
    return pd.DataFrame(rows, columns=["part", "value"])
