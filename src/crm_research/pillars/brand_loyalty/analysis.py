"""Which brands are loyal beyond their size?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError
from crm_research.features.brand_lines import Unit
from crm_research.features.brands import BrandCounts, count_brands
from crm_research.features.purchases import Occasion, check_occasion
from crm_research.models.dirichlet import (
    ConditionalTrend,
    DirichletFit,
    Duplication,
    Tallies,
    build_tallies,
    compare_with_norm,
    fit_dirichlet,
    follow_buyers,
    jackknife_interval,
    measure_duplication,
)
from crm_research.models.dirichlet.fit import Method
from crm_research.pillars.brand_loyalty.holdout import PenetrationCheck, check_penetrations
from crm_research.pillars.brand_loyalty.setting import ALL, PLURALS, WORDS, Setting, choose_market
from crm_research.show.shown import Shown
from crm_research.stats.intervals import FloatArray, Interval
from crm_research.steps import step
from crm_research.theme import say_count, say_date, say_percent, say_range, word_for

if TYPE_CHECKING:
    from crm_research.study import Study

REST: Final = "all others"
_FEWEST_BUYERS: Final = 50
_UNNAMED_SHARE: Final = 0.01


@dataclass(frozen=True, eq=False, kw_only=True)
class BrandLoyalty(Shown):
    """Brands against the norm of their size, as far as the records tell.

    Parameters
    ----------
    setting
        The market looked at, or why there is none.
    fit, norm, tallies
        The Dirichlet, each brand against it (`compare_with_norm`), and the counts; None where there is no choice to
        describe.
    money
        Grain: brand. Columns ``brand``, ``revenue_share``, ``scr_revenue`` (of the money the brand's buyers spend in
        the category, the brand's part).
    scr
        Share of category requirements by purchases, with limits; in the order of the brands.
    duplication, trend, holdout
        Shared buyers, heavy buyers in the next period, and the check out of time; None where they cannot be had.
    is_settled
        Heavy buyers are judged among customers who had bought before the window; False where the records hold fewer
        than 50 such, and every buyer of the first half is judged.
    by_brand
        Grain: brand with enough buyers. What its heaviest buyers did in the second half of the window. Columns
        ``brand``, ``from_purchases``, ``n``, ``first``, ``expected``, ``observed``, ``gap_lower``, ``gap_upper``.
    notes
        What was in the way, in words.
    n_customers, n_buyers, n_purchases
        Customers with a purchase of anything in the window, those who bought the category, and their purchases of it.
    """

    setting: Setting
    fit: DirichletFit | None
    norm: pd.DataFrame | None
    tallies: Tallies | None
    money: pd.DataFrame
    scr: Interval | None
    duplication: Duplication | None
    trend: ConditionalTrend | None
    is_settled: bool
    by_brand: pd.DataFrame
    holdout: PenetrationCheck | None
    notes: tuple[str, ...]
    n_customers: int
    n_buyers: int
    n_purchases: int
    confidence: float
    currency: str

    @property
    def window(self) -> str:
        """Period of the records, in words."""
        market = self.setting.market
        if market is None:
            return "no purchase of a known brand"
        first = market.after + timedelta(days=1) if market.after.hour == 0 else market.after + timedelta(microseconds=1)
        return f"purchases {say_range(first, market.until, say_date)}"

    @property
    def unit(self) -> str:
        """What one unit is called."""
        return WORDS[self.setting.market.unit] if self.setting.market else "brand"

    @property
    def units(self) -> str:
        """What several are called."""
        return PLURALS[self.setting.market.unit] if self.setting.market else "brands"

    @property
    def category(self) -> str:
        """The market in words."""
        market = self.setting.market
        return "all products" if market is None or market.category is None else market.category


@step
def describe_brands(
    study: Study,
    *,
    unit: Unit | None = None,
    category: str | None = None,
    months: int | None = None,
    occasion: Occasion = "day",
    method: Method = "zeros",
    confidence: float = 0.95,
) -> BrandLoyalty:
    """Which brands are loyal beyond their size, and which below it?

    Parameters
    ----------
    study
        Needs orders with order_lines and products (brand, category or is_own_brand), or orders with a store.
    unit
        What competes: ``brand``, ``category``, ``store`` or ``own_brand``; None takes the first the study has.
    category
        A category's name, ``all``, or None for the one bought most often with a choice of brands.
    months
        Length of the window before as_of; None takes the last year, or what there is.
    occasion
        A customer's ``day`` or ``order`` with the brand counts as one purchase.
    method
        How the norm is fitted: means and ``zeros`` (the custom), or ``likelihood``.
    confidence
        Level of every interval.

    Returns
    -------
    BrandLoyalty
        With ``fit`` None where fewer than two brands, or fewer than 50 customers, bought; ``notes`` says so.
    """
    check_occasion(occasion)
    if method not in ("zeros", "likelihood"):
        raise ParameterError(f"method must be one of zeros, likelihood; not {method!r}.")
    setting = choose_market(study, unit=unit, category=category, months=months, occasion=occasion)
    if setting.market is None:
        return _nothing(setting, study, confidence, setting.why)
    counts = count_brands(study, setting.market)
    names = list(counts.units["name"]) + ([REST] if counts.n_units > len(counts.units) else [])
    n_buyers = int(counts.category["customers"].sum())
    trouble = _too_little(setting, names, n_buyers)
    if trouble:
        return _nothing(setting, study, confidence, (trouble,), counts)
    tallies = build_tallies(counts.population, counts.category, counts.brands, names)
    fit = fit_dirichlet(tallies, method=method, is_truncated=setting.market.category is None, confidence=confidence)
    groups = counts.population["group"].to_numpy()
    told = names[: len(counts.units)]
    halves, is_settled = _choose_followed(counts.halves)
    return BrandLoyalty(
        setting=setting,
        fit=fit,
        norm=compare_with_norm(tallies, fit, confidence=confidence),
        tallies=tallies,
        money=_money(counts, names),
        scr=jackknife_interval(tallies.observed()["scr"], confidence=confidence),
        duplication=measure_duplication(
            counts.sets, groups, counts.population["customers"].to_numpy(), told, confidence=confidence
        ),
        trend=follow_buyers(
            _of_place(halves, -1), _second_half(counts.category, counts.halves, -1), groups, confidence=confidence
        ),
        is_settled=is_settled,
        by_brand=_follow_brands(counts, halves, told, groups, confidence),
        holdout=check_penetrations(study, setting.market, fit, told, tallies.n_customers, confidence=confidence),
        notes=(*_notes(counts, setting, told), *fit.notes),
        n_customers=tallies.n_customers,
        n_buyers=n_buyers,
        n_purchases=int(tallies.purchases[0].sum()),
        confidence=confidence,
        currency=study.currency,
    )


def _too_little(setting: Setting, names: list[str], n_buyers: int) -> str:
    market = setting.market
    if market is None or not names:
        return "No purchase with a known name falls into the window, so nothing can be compared."
    if len(names) < 2:
        return (
            f"Only one {WORDS[market.unit]} is bought ({names[0]}), so its buyers have no choice that could show "
            "loyalty. "
            "Choose another unit, or a category with more of them."
        )
    if n_buyers < _FEWEST_BUYERS:
        return (
            f"Only {say_count(n_buyers, 'customer')} bought in the window; the norm needs at least {_FEWEST_BUYERS}. "
            "Choose "
            "a longer window or a larger category."
        )
    return ""


def _nothing(
    setting: Setting, study: Study, confidence: float, notes: tuple[str, ...], counts: BrandCounts | None = None
) -> BrandLoyalty:
    return BrandLoyalty(
        setting=setting,
        fit=None,
        norm=None,
        tallies=None,
        money=pd.DataFrame(columns=["brand", "revenue_share", "scr_revenue"]),
        scr=None,
        duplication=None,
        trend=None,
        is_settled=False,
        by_brand=pd.DataFrame(),
        holdout=None,
        notes=notes,
        n_customers=int(counts.population["customers"].sum()) if counts is not None else 0,
        n_buyers=int(counts.category["customers"].sum()) if counts is not None else 0,
        n_purchases=_count_purchases(counts) if counts is not None else 0,
        confidence=confidence,
        currency=study.currency,
    )


def _count_purchases(counts: BrandCounts) -> int:
    return int((counts.category["n"] * counts.category["customers"]).sum())


def _money(counts: BrandCounts, names: list[str]) -> pd.DataFrame:
    summed = (
        counts.brands.groupby("place")[["revenue", "category_revenue"]].sum().reindex(range(len(names)), fill_value=0.0)
    )
    total = float(summed["revenue"].sum())
    return pd.DataFrame(
        {
            "brand": names,
            "revenue_share": (summed["revenue"] / total if total > 0 else summed["revenue"] * np.nan).to_numpy(),
            "scr_revenue": (summed["revenue"] / summed["category_revenue"].where(lambda money: money > 0)).to_numpy(),
        }
    )


def _of_place(halves: pd.DataFrame, place: int) -> pd.DataFrame:
    return halves.loc[halves["place"] == place]


def _choose_followed(halves: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Buyers who were customers before the window, where there are enough; else all buyers of the first half."""
    settled = halves.loc[halves["settled"] == 1]
    is_enough = bool(_of_place(settled, -1)["customers"].sum() >= _FEWEST_BUYERS)
    return (settled, True) if is_enough else (halves, False)


def _second_half(rows: pd.DataFrame, halves: pd.DataFrame, place: int) -> float:
    """Purchases of all customers in the second half, from those of the window (``n`` by ``customers``)."""
    early = _of_place(halves, place)
    return float((rows["n"] * rows["customers"]).sum() - (early["n"] * early["customers"]).sum())


def _follow_brands(
    counts: BrandCounts, halves: pd.DataFrame, names: list[str], groups: FloatArray, confidence: float
) -> pd.DataFrame:
    rows = []
    for place, name in enumerate(names):
        of_brand = counts.brands.loc[counts.brands["place"] == place]
        if of_brand["customers"].sum() < 2 * _FEWEST_BUYERS:
            continue
        second = _second_half(of_brand, counts.halves, place)
        trend = follow_buyers(_of_place(halves, place), second, groups, confidence=confidence)
        if trend is not None and trend.heavy is not None:
            rows.append({"brand": name, **trend.heavy.to_dict()})
    return pd.DataFrame(rows)


def _notes(counts: BrandCounts, setting: Setting, told: list[str]) -> list[str]:
    market = setting.market
    named = _count_purchases(counts)
    share = counts.n_unnamed / max(named + counts.n_unnamed, 1)
    notes = []
    if share >= _UNNAMED_SHARE and market is not None:
        notes.append(
            f"Of the purchases in the window {say_percent(share)} bear no {WORDS[market.unit]} and are left out: "
            "whoever bought them may be less loyal than it seems."
        )
    if counts.n_units > len(told) and market is not None:
        notes.append(
            f"{counts.n_units:,} {PLURALS[market.unit]} were bought; the "
            f"{word_for(len(told), 'largest is', f'{len(told)} largest are')} told apart, the others stand "
            f"together as {REST!r}."
        )
    if market is not None and market.category is None and market.unit == "brand":
        notes.append(
            "Brands of all categories stand together here, though a customer chooses between brands of one category."
        )
    if market is not None and market.unit == "store":
        notes.append(
            "The norm takes every store to be open to every customer. Where stores lie apart, nearness looks like "
            "loyalty."
        )
    if len(told) < 3 and market is not None:
        notes.append(
            f"With two {PLURALS[market.unit]} only, the norm is fitted to what it is held against, and says little."
        )
    return notes


__all__ = ["ALL", "REST", "BrandLoyalty", "describe_brands"]
