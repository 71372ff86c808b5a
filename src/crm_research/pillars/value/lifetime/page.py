"""What is shown of lifetime value, or a note of why there is nothing to show."""

from __future__ import annotations

from typing import Final

import pandas as pd

from crm_research.pillars.value.lifetime import charts, figures, words
from crm_research.pillars.value.lifetime.forecasts import RULES
from crm_research.pillars.value.lifetime.measure import Lifetime, by_tenth, by_year, list_valuable
from crm_research.pillars.value.shown import CENTS, MONEY
from crm_research.show import Chart, Figures, Note, SavedList, Section, Table, drawn

_LIMITS: Final = ("expected", "lower", "upper", "outcome_lower", "outcome_upper")
_MOST_LISTED: Final = 1_000
_SHOWN: Final = 15


def value_section(lifetime: Lifetime) -> Section:
    """What all are worth, and each tenth."""
    if not lifetime.is_known:
        return Section(
            Note(words.say_missing(lifetime), "caution"), Figures(figures.value_figures(lifetime)), result=lifetime
        )
    # Without a discount rate what comes for ever has no sum.
    money = (*_LIMITS, "for_ever") if lifetime.rate > 0 else _LIMITS
    tenths = by_tenth(lifetime)
    return Section(
        Note(words.say_value(lifetime)),
        Note(words.say_basis(lifetime), "note" if lifetime.is_profit else "caution"),
        Note(words.say_growth(lifetime)),
        Figures([*figures.value_figures(lifetime), *figures.fee_figures(lifetime)]),
        Table(
            lifetime.parts[["part", *money]],
            f"What is to come in the next {words.say_span(lifetime.horizon_years)}, in today's money "
            f"({lifetime.currency})",
            formats=dict.fromkeys(money, MONEY),
            note="lower, upper: where the expected value lies; outcome lower, upper: where what really comes will lie. "
            f"{words.say_never(lifetime)}",
        ),
        None
        if tenths.empty
        else Chart(
            drawn(charts.draw_tenths, lifetime),
            alt=f"{charts.tenths_title(lifetime)}. Ten bars that fall from left to right, with whiskers.",
            data=tenths[["group", "n_customers", *_LIMITS]],
        ),
        result=lifetime,
    )


def years_section(lifetime: Lifetime) -> Section:
    """Customers by the year they were won in, and how the value hangs on the discount rate."""
    if not lifetime.is_known:
        return Section.missing(words.say_missing(lifetime))
    years = by_year(lifetime)
    shown = pd.DataFrame()
    if not years.empty:
        shown = years.rename(columns={"group": "first_order"})[["first_order", "n_customers", "realised", *_LIMITS]]
    return Section(
        Table(
            shown,
            f"What buyers brought so far and will bring, by the year of their first order ({lifetime.currency})",
            formats=dict.fromkeys(("realised", *_LIMITS), MONEY),
            note="realised: what they brought up to now, less what usually comes back, not discounted; it is no part "
            f"of what is to come.{_orders_alone(lifetime)}",
        ),
        Table(
            lifetime.sensitivity.drop(columns="is_used"),
            f"The same value at other discount rates ({lifetime.currency})",
            formats={"rate": "share", "expected": MONEY, "for_ever": MONEY},
            note=f"The rate used is {100 * lifetime.rate:g} % a year."
            + (" The value of orders rises and falls with the margin one to one." if _has_margin(lifetime) else ""),
        ),
        result=years,
    )


def _has_margin(lifetime: Lifetime) -> bool:
    return lifetime.is_profit and lifetime.orders is not None


def _orders_alone(lifetime: Lifetime) -> str:
    return "" if lifetime.fees is None else " Orders alone: fees of contracts are not in it."


def valuable_section(lifetime: Lifetime) -> Section:
    """Who will bring most."""
    listed = list_valuable(lifetime, _MOST_LISTED)
    if listed.empty:
        return Section.missing(
            words.say_missing(lifetime) if not lifetime.is_known else "Nobody buys without a contract."
        )
    formats = {**dict.fromkeys(("brought", "value", "lower", "upper"), CENTS), "none": "share"}
    return Section(
        Table(
            listed.head(_SHOWN),
            f"Buyers who will bring most in the next {words.say_span(lifetime.horizon_years)} ({lifetime.currency})",
            formats=formats,
            note=f"brought: {words.say_noun(lifetime)} so far, before returns; lower, upper: where what the customer "
            "really brings will lie; none: chance that nothing comes. Of one customer it is far less sure than of all "
            f"together.{_orders_alone(lifetime)}",
        ),
        SavedList(
            "value-customers-to-come",
            listed,
            f"The first {len(listed):,} by what they are expected to bring, with limits.",
        ),
        result=listed,
    )


def past_forecasts_section(lifetime: Lifetime) -> Section:
    """Would past money have been predicted, by which model, and what it rests on."""
    test = lifetime.backtest
    if lifetime.orders is None and test is None:
        return Section.missing("Without orders there is no forecast of purchases to hold against what came.")
    pooled = pd.DataFrame() if test is None else test.pooled
    is_won = test is not None and test.best is not None and test.best not in RULES
    shown = pooled.drop(columns=["is_rule"], errors="ignore").rename(columns={"is_clearly_worse": "clearly_worse"})
    return Section(
        Note(words.say_backtest(test), "note" if is_won else "caution"),
        Note(words.say_capture(test)) if test is not None and test.best_model is not None else None,
        None
        if pooled.empty
        else Chart(
            drawn(charts.draw_backtest, lifetime),
            alt=f"{charts.backtest_title(lifetime)}. Dots with whiskers, one for each forecast.",
            data=shown[["forecast", "rmse", "lower", "upper"]],
        ),
        Figures(figures.backtest_figures(lifetime)),
        Table(
            shown,
            f"Forecasts of a customer's money at past dates, the best first ({lifetime.currency})",
            formats={
                **dict.fromkeys(("rmse", "lower", "upper"), CENTS),
                **dict.fromkeys(("total_error", "captured", "regret"), "share"),
                "rank_correlation": "{:.2f}",
            },
            note="rmse: root mean squared error of a customer over all dates, with its interval; total error: of all "
            "together; captured: share of the money that the best tenth by forecast brought, regret: how much "
            "more the best "
            "tenth there was brought; clearly worse: than the first, all pairs taken together.",
        ),
        Note(f"{words.say_model(lifetime)} {words.say_amounts(lifetime)}".strip()) if lifetime.is_known else None,
        Figures(figures.amount_figures(lifetime), "Amounts in the usual model"),
        result=test,
    )  # fmt: skip
