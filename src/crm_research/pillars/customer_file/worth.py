"""What customers left, what they will bring, how likely they go, and what is at stake: as the other reports have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.money_window import USUAL_MONTHS, holds_months_before
from crm_research.features.profit import has_income
from crm_research.features.rfm import build_rfm
from crm_research.figures import says_nothing
from crm_research.models.joins import draw_joins
from crm_research.pillars.churn.drivers.measure import default_covariates, measure_drivers
from crm_research.pillars.churn.risks.prediction import predict_leaving
from crm_research.pillars.silent_churn.analysis import describe_silence
from crm_research.pillars.silent_churn.counting import PATTERN
from crm_research.pillars.value.lifetime.measure import measure_lifetime
from crm_research.pillars.value.lifetime.words import say_missing
from crm_research.pillars.value.profit.measure import books_of, measure_profit, open_books, profit_table
from crm_research.pillars.value.risk.measure import measure_risk
from crm_research.pillars.value.risk.single import quantile_of_each
from crm_research.pillars.value.tiers.measure import measure_tiers
from crm_research.pillars.value.tiers.rule import TIERS, tier_of
from crm_research.steps import step

if TYPE_CHECKING:
    from datetime import datetime

    from crm_research.features.money_window import MoneyWindow
    from crm_research.pillars.churn.risks.prediction import LeavingPrediction
    from crm_research.pillars.silent_churn.analysis import SilentChurn
    from crm_research.pillars.value.risk.measure import RiskAdjusted
    from crm_research.study import Study

# With a higher chance to be gone, and no contract that runs, there is nothing left to lose.
ALMOST_SURELY: Final = 0.9
# So many of those who contribute most are looked at for who is worth a look.
CANDIDATES: Final = 1_000
MONEY: Final = ("income", "revenue", "fees", "goods", "service", "contacts", "capital", "profit", "n_orders")
CHANCES: Final = ("leave", "leave_lower", "leave_upper", "n_running", "n_judged", "gone", "gone_lower", "gone_upper")
STAKES: Final = ("at_stake", "at_stake_lower", "at_stake_upper")


@dataclass(frozen=True, eq=False, kw_only=True)
class Leaving:
    """What tells how likely customers go, and why it does not where it cannot?

    Parameters
    ----------
    predicted, why_no_risk
        Of contracts: risks that held when they were checked, or why there are none.
    silence, why_no_rhythm
        Of purchases: the model of buying, or why there is none.
    """

    predicted: LeavingPrediction | None
    why_no_risk: str
    silence: SilentChurn | None
    why_no_rhythm: str

    @property
    def months(self) -> int:
        """Within how many months a contract may end; 0 where no risk is told."""
        return 0 if self.predicted is None else self.predicted.risks.main_months


@step
def read_leaving(study: Study, *, confidence: float, seed: int) -> Leaving:
    """Can it be told who leaves, of contracts and of purchases? As the reports on churn and silent churn tell it."""
    predicted, why_no_risk = _predict(study, confidence, seed)
    silence, why_no_rhythm = None, "No orders are recorded, so no rhythm of purchases tells who is gone."
    if study.has("orders"):
        found = describe_silence(study, confidence=confidence, seed=seed)
        silence = None if found.fit is None else found
        why_no_rhythm = "" if silence is not None else f"Whether buyers are gone cannot be told: {found.why_chosen}"
    return Leaving(predicted=predicted, why_no_risk=why_no_risk, silence=silence, why_no_rhythm=why_no_rhythm)


def _predict(study: Study, confidence: float, seed: int) -> tuple[LeavingPrediction | None, str]:
    if not study.has("contracts"):
        return None, "No contracts are recorded, so none can be seen to be about to end."
    if not default_covariates(study):
        return None, "Nothing is recorded that tells contracts apart, so all of the same age carry the same risk."
    try:
        drivers = measure_drivers(study, None, confidence=confidence)
        predicted = predict_leaving(study, drivers.covariates, confidence=confidence, seed=seed)
    except NotEnoughData as problem:
        return None, str(problem)
    if not predicted.check.is_fit_for_lists:
        return None, "The risks of single contracts are not told, because they are not known to hold."
    return predicted, ""


def read_money(study: Study, ids: Sequence[str] | None, *, confidence: float) -> pd.DataFrame:
    """What did customers bring, cost and leave in the latest months?

    Parameters
    ----------
    ids
        Of whom; None takes those who left most, at most `CANDIDATES`, the most first.

    Returns
    -------
    pandas.DataFrame
        One customer with money in the window: customer_id and the columns of `MONEY`.
    """
    if not has_income(study):
        return pd.DataFrame(columns=["customer_id", *MONEY])
    table = profit_table(study, open_books(study, months=USUAL_MONTHS, confidence=confidence))
    rows = table.filter(table.profit > 0) if ids is None else table.filter(table.customer_id.isin(list(ids)))
    rows = rows.order_by([rows.profit.desc(), rows.customer_id.asc()])
    found: pd.DataFrame = (rows.limit(CANDIDATES) if ids is None else rows).select("customer_id", *MONEY).to_pandas()
    return found


def read_money_before(study: Study, ids: Sequence[str], *, confidence: float) -> pd.DataFrame | None:
    """The same of as many months before; None where the records do not reach back so far."""
    if not has_income(study):
        return None
    books = open_books(study, months=USUAL_MONTHS, confidence=confidence)
    if not books.window.months or not holds_months_before(study, books.window):
        return None
    earlier = books_of(study, books.window.before(), "revenue", None, confidence, contact_costs=True)
    table = profit_table(study, earlier)
    found: pd.DataFrame = table.filter(table.customer_id.isin(list(ids))).select("customer_id", *MONEY).to_pandas()
    return found


def read_chances(study: Study, leaving: Leaving, ids: Sequence[str], *, confidence: float, seed: int) -> pd.DataFrame:
    """How likely do these customers go, by their contracts and by their purchases?

    Returns
    -------
    pandas.DataFrame
        In the order of `ids`: customer_id; leave, leave_lower, leave_upper (chance that a running contract ends within
        `Leaving.months`, contracts with a higher fee counting as much more; NaN where none is judged), n_running and
        n_judged (contracts), gone, gone_lower, gone_upper (chance that the customer has stopped buying by now; NaN
        where it cannot be told).
    """
    frame = pd.DataFrame({"customer_id": list(ids)})
    held = frame.merge(_contract_chances(leaving, ids), on="customer_id", how="left")
    held = held.merge(_silent_chances(study, leaving, ids, confidence, seed), on="customer_id", how="left")
    held[["n_running", "n_judged"]] = held[["n_running", "n_judged"]].astype(float).fillna(0.0).astype(int)
    return held[["customer_id", *CHANCES]]


def _contract_chances(leaving: Leaving, ids: Sequence[str]) -> pd.DataFrame:
    columns = ["customer_id", *CHANCES[:5]]
    if leaving.predicted is None:
        return pd.DataFrame(columns=columns).astype({"customer_id": object})
    rows, months = leaving.predicted.risks.rows, leaving.months
    rows = rows.loc[rows["customer_id"].isin(list(ids))]
    numbers = [f"{name}_{months}m" for name in ("risk", "lower", "upper")]
    judged = rows.loc[rows[numbers[0]].notna()]
    fee = judged["fee"].astype(float).fillna(0.0) if "fee" in judged else pd.Series(0.0, index=judged.index)
    has_fees = fee.groupby(judged["customer_id"]).transform("sum") > 0
    weights = fee.where(has_fees, 1.0)
    sums = weights.groupby(judged["customer_id"]).sum()
    found = pd.DataFrame({"n_running": rows.groupby("customer_id").size()})
    found["n_judged"] = judged.groupby("customer_id").size()
    for name, number in zip(("leave", "leave_lower", "leave_upper"), numbers, strict=True):
        found[name] = (judged[number] * weights).groupby(judged["customer_id"]).sum() / sums
    named = ["leave", "leave_lower", "leave_upper"]
    found[named] = found[named].where(_is_told(found, "leave"))
    return found.reset_index()[columns]


def _silent_chances(study: Study, leaving: Leaving, ids: Sequence[str], confidence: float, seed: int) -> pd.DataFrame:
    columns = ["customer_id", "gone", "gone_lower", "gone_upper"]
    silence = leaving.silence
    if silence is None or silence.fit is None:
        return pd.DataFrame(columns=columns).astype({"customer_id": object})
    rfm = build_rfm(study, occasion="day")
    rows = (
        rfm.filter(rfm.customer_id.isin(list(ids))).select("customer_id", *PATTERN).order_by("customer_id").to_pandas()
    )
    if silence.is_blind_to_once:
        # The model counts who has bought once as active by itself, which is no knowledge of him.
        rows = rows.loc[rows["frequency"] > 0]
    if rows.empty:
        return pd.DataFrame(columns=columns).astype({"customer_id": object})
    alive = silence.fit.probability_alive(rows, confidence=confidence, seed=seed)
    ends = {"gone": "probability_alive", "gone_lower": "upper", "gone_upper": "lower"}
    gone = pd.DataFrame({name: (1 - alive[held]).clip(0.0, 1.0) for name, held in ends.items()})
    return gone.where(_is_told(gone, "gone")).assign(customer_id=rows["customer_id"])[columns]


def _is_told(chances: pd.DataFrame, name: str) -> pd.Series:
    """Do the limits of a chance leave less than nearly everything open? Else it is not known."""
    ends = zip(chances[f"{name}_lower"], chances[f"{name}_upper"], strict=True)
    return pd.Series([not says_nothing(low, high, span=1.0) for low, high in ends], index=chances.index)


def put_at_stake(money: pd.DataFrame) -> pd.DataFrame:
    """What of a customer's contribution may not come again?

    Parameters
    ----------
    money
        customer_id, revenue, fees, profit, and the columns of `CHANCES`.

    Returns
    -------
    pandas.DataFrame
        In the same order: at_stake, at_stake_lower, at_stake_upper. The contribution times the chance that its income
        ends: of fees that a contract ends, of revenue that the customer is gone. Where the chance of one of the two is
        not known, that of the other stands for both; NaN where neither is. Nothing is at stake of who leaves nothing.
    """
    left = money["profit"].astype(float).clip(lower=0.0)
    income = {name: money[name].astype(float).clip(lower=0.0) for name in ("fees", "revenue")}
    found = {}
    for name, end in zip(STAKES, ("", "_lower", "_upper"), strict=True):
        weight, weighted = pd.Series(0.0, index=money.index), pd.Series(0.0, index=money.index)
        for part, chance in (("fees", "leave"), ("revenue", "gone")):
            held = money[f"{chance}{end}"].astype(float)
            own = income[part].where(held.notna(), 0.0)
            weight, weighted = weight + own, weighted + own * held.fillna(0.0)
        share = (weighted / weight).where(left > 0, 0.0)
        found[name] = left * share
    return pd.DataFrame(found, index=money.index)


@dataclass(frozen=True, eq=False, kw_only=True)
class ToCome:
    """What will customers still bring, as the report on value has it?

    Parameters
    ----------
    rows
        customer_id, expected, lower, upper (of what really comes, at the level of the page), sure (comes with
        nine chances of ten at least).
    why_not
        Why nothing is told; empty where it is.
    years
        How far is looked ahead.
    noun
        What is counted: profit or revenue.
    """

    rows: pd.DataFrame
    why_not: str
    years: float
    is_profit: bool
    n: int


def read_to_come(study: Study, ids: Sequence[str], *, confidence: float, seed: int) -> ToCome:
    """What will these customers bring, between which limits, and what of it is sure?"""
    columns = ["customer_id", "expected", "lower", "upper", "sure"]
    lifetime = measure_lifetime(study, confidence=confidence) if has_income(study) else None
    if lifetime is None:
        none = pd.DataFrame(columns=columns)
        return ToCome(rows=none, why_not="Nothing is recorded of what customers pay.", years=0.0, is_profit=False, n=0)
    tiers = measure_tiers(study, confidence=confidence, seed=seed)
    asked = {"months": USUAL_MONTHS, "confidence": confidence}
    risk = measure_risk(study, lifetime, tiers, asked=asked, drawn=draw_joins(study, seed=seed))
    more: dict[str, Any] = {"years": lifetime.horizon_years, "is_profit": lifetime.is_profit}
    if isinstance(risk, str):
        return ToCome(rows=pd.DataFrame(columns=columns), why_not=say_missing(lifetime), n=0, **more)
    places = risk.parts.names.get_indexer(pd.Index(list(ids), dtype=object))
    places = places[places >= 0]
    rows = risk.customers.iloc[places]
    tail = (1 - confidence) / 2
    low, high = (_quantile(risk, places, share) for share in (tail, 1 - tail))
    expected = rows["paid"].to_numpy(dtype=float)
    found = pd.DataFrame(
        {
            "customer_id": rows["customer_id"].to_numpy(),
            "expected": expected,
            # Who nearly surely brings nothing is expected to bring something all the same.
            "lower": np.minimum(low, expected),
            "upper": np.maximum(high, expected),
            "sure": rows["sure"].to_numpy(dtype=float),
        }
    )
    return ToCome(rows=found, why_not="", n=len(risk.customers), **more)


def _quantile(risk: RiskAdjusted, places: np.ndarray, share: float) -> np.ndarray:
    """Below which money customers (by their places) stay with this chance; of who is in doubt over all joins."""
    found = quantile_of_each(risk.parts, risk.lifetime, share, places)
    if risk.identity is None:
        return found
    over_joins = risk.identity.quantile(share).reindex(risk.customers["customer_id"].iloc[places]).to_numpy()
    return np.where(np.isnan(over_joins), found, over_joins)


def read_tiers(study: Study, ids: Sequence[str], *, confidence: float, seed: int) -> dict[str, str]:
    """The tier of each of these customers with money in the window, by the usual rule of the report on value."""
    if not has_income(study):
        return {}
    tiers = measure_tiers(study, confidence=confidence, seed=seed)
    if tiers is None:
        return {}
    table = profit_table(study, open_books(study, months=USUAL_MONTHS, confidence=confidence))
    own = table.filter(table.customer_id.isin(list(ids)))
    placed = own.select("customer_id", place=tier_of(own.profit, tiers.cuts)).to_pandas()
    return {one: TIERS[int(place)] for one, place in zip(placed["customer_id"], placed["place"], strict=True)}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Over which months is money counted, how is what is left called, and of how many customers?"""

    window: MoneyWindow
    noun: str
    n_customers: int
    has_costs: bool
    is_reconciled: bool
    sources: dict[str, bool]


@step
def read_counted(study: Study, *, confidence: float, seed: int) -> Counted | None:
    """How money is counted; None where nothing is recorded of what customers bring."""
    if not has_income(study):
        return None
    profit = measure_profit(study, confidence=confidence, seed=seed)
    return Counted(
        window=profit.window,
        noun=profit.noun,
        n_customers=profit.n_customers,
        has_costs=profit.has_costs,
        is_reconciled=profit.is_reconciled,
        sources=dict(profit.sources),
    )


def year_before(as_of: datetime) -> datetime:
    """The same day a year earlier; of 29 February the 28th."""
    day = 28 if (as_of.month, as_of.day) == (2, 29) else as_of.day
    return as_of.replace(year=as_of.year - 1, day=day)
