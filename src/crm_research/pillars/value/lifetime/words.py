"""Lifetime value in sentences: every number in them is computed."""

from __future__ import annotations

from crm_research.pillars.value.lifetime.backtest import Backtest
from crm_research.pillars.value.lifetime.forecasts import PACE, RULES, SAME_AGAIN
from crm_research.pillars.value.lifetime.measure import Lifetime
from crm_research.theme import (
    first_capital,
    join_words,
    say_count,
    say_date,
    say_days,
    say_money,
    say_percent,
    say_with_limits,
)

# A sum of many sales agrees with another one up to its last digits.
ALL_COSTED = 1 - 1e-9
_RULE_WORDS = {
    SAME_AGAIN: "that everybody spends as much again as in the last such stretch",
    PACE: "each customer's average purchase, as often as they bought again so far",
}


def say_noun(lifetime: Lifetime) -> str:
    """What is valued, in a word."""
    return "margin" if lifetime.is_profit else "revenue"


def say_missing(lifetime: Lifetime) -> str:
    """Why nobody can be valued."""
    reasons = [reason for reason in (lifetime.why_no_orders, lifetime.why_no_fees) if reason]
    return " ".join(["What customers will still bring cannot be told.", *reasons])


def say_value(lifetime: Lifetime) -> str:
    """What all customers of today will bring, and between which limits."""
    row, money = lifetime.all, lifetime.currency
    said = say_with_limits(row["expected"], row["lower"], row["upper"], lambda value: say_money(value, money))
    came = f"{say_money(row['outcome_lower'], money)} and {say_money(row['outcome_upper'], money)}"
    discount = f"discounted at {say_percent(lifetime.rate)} a year" if lifetime.rate > 0 else "not discounted"
    parts = ""
    if len(lifetime.parts) > 1:
        shares = lifetime.parts.set_index("part")["expected"]
        parts = (
            f" {say_money(shares['orders'], money)} of it are orders to come, {say_money(shares['contracts'], money)} "
            "fees of contracts that run; who has both is counted with both, each once."
        )
    return (
        f"In the next {say_span(lifetime.horizon_years)} today's customers are expected to bring {said} of "
        f"{say_noun(lifetime)}, {discount}. What will really come lies between {came}, as far as chance and the "
        f"records' own uncertainty go.{parts}"
    )


def say_basis(lifetime: Lifetime) -> str:
    """Which money this is, and what stands in for what is not recorded."""
    basis = lifetime.basis
    none = "no cost of goods is recorded"
    if basis.costed_share > 0:
        none = f"the cost of goods is recorded for {say_percent(basis.costed_share)} of sales only, too few to go by,"
    said = {
        "cost": f"Margin is revenue less the recorded cost of the goods, "
        f"{say_percent(basis.margin_share or 0.0)} of sales.",
        "stated": f"Margin is the stated {say_percent(basis.margin_share or 0.0)} of revenue; {none.rstrip(',')}.",
        "revenue": f"{first_capital(none)} and no margin was stated, so this is revenue and no profit.",
    }[basis.source]
    if basis.is_passed_over:
        said += " The margin that was stated is not used."
    if basis.source == "cost" and basis.costed_share < ALL_COSTED:
        said += f" {say_percent(1 - basis.costed_share)} of sales carry no cost; theirs is taken as that of the others."
    if lifetime.orders is not None and basis.kept_share < 1:
        back = say_percent(1 - basis.kept_share, 1)
        said += f" {back} of sales came back so far, and as much is taken off what is to come."
    if lifetime.fees is not None and basis.source == "cost":
        said += " Fees count in full: what serving a contract costs is not recorded with it."
    if lifetime.leaves_work_out:
        said += " What the work for customers costs is not taken off."
    return said + " What winning customers cost, and what they have paid so far, is no part of it."


def say_growth(lifetime: Lifetime) -> str:
    """How fees rise and fall, and for how long they are taken to; empty without contracts."""
    fees = lifetime.fees
    if fees is None:
        return ""
    found = fees.growth
    if found is None:
        return f"{fees.why_no_growth}, so fees are taken to stay as they are."
    if not found.n_risen and not found.n_fallen:
        return (
            f"No fee changed of the contracts that ran through the last {say_span(found.years)}, so fees are taken to "
            "stay as they are."
        )
    change, low, high = found.limits(lifetime.confidence)
    is_told = low > 0 or high < 0
    ranged = say_with_limits(change, low, high, lambda share: say_percent(share, 1))
    doubt = "" if is_told else ", which may be no change at all"
    risen, fallen = say_percent(found.risen_share, 1), say_percent(found.fallen_share, 1)
    return (
        f"Fees of contracts that ran through the last {say_span(found.years)} changed by {ranged} a year{doubt}: "
        f"over all of that time rises came to {risen} and falls to {fallen} of the fees at the beginning. They are "
        "taken to go on so for as long again, and then to stay."
    )


def say_span(years: float) -> str:
    """Years as a stretch that is spoken of: ``the next year``, ``the next 3 years``."""
    return "year" if years == 1 else f"{years:g} years"


def say_never(lifetime: Lifetime) -> str:
    """What comes without an end."""
    if not lifetime.rate > 0:
        return "Without a discount rate what comes for ever has no sum, so only the years asked for are counted."
    row = lifetime.all
    return (
        f"Without an end it would be {say_money(row['for_ever'], lifetime.currency)}; all of that beyond the "
        f"records rests on "
        "buying and leaving going on as they did."
    )


def say_amounts(lifetime: Lifetime) -> str:
    """How amounts are expected, and why so."""
    if lifetime.orders is None:
        return ""
    spend = lifetime.orders.spend
    slope = abs(2.0**spend.elasticity - 1) if spend.elasticity == spend.elasticity else 0.0
    more = "more" if spend.elasticity > 0 else "less"
    return {
        "": "How often customers buy says nothing of how much a purchase brings, so amounts are expected by each "
        "customer's own average, drawn towards that of all the more, the fewer purchases there are.",
        "dependent": f"Customers who buy twice as often bring {say_percent(slope)} {more} on a purchase. "
        f"Frequency and amount "
        "belong together here, so each customer's average is drawn towards that of customers who buy about as "
        "often, not "
        "of all.",
        "negative": "Some customers' purchases bring nothing or cost more than they bring, so amounts are expected by "
        "each customer's own average, drawn towards that of customers who buy about as often; a loss stays a loss.",
        "wild": "Amounts vary so widely between customers that their spread has no bound in the usual model; each "
        "customer's average is drawn towards that of customers who buy about as often instead.",
        "few": "Amounts are too few or too much alike for the usual model; each customer's average is drawn "
        "towards that "
        "of customers who buy about as often.",
    }[spend.reason]


def say_model(lifetime: Lifetime) -> str:
    """Which model of purchases is used, and why."""
    orders = lifetime.orders
    if orders is None:
        return lifetime.why_no_orders
    why = {
        "backtest": f"of all models it lost least money at past dates{_say_how_clearly(lifetime)}",
        "likelihood": "the records are likeliest under it; they are too short for a test at past dates",
        "only": "no other could be fitted",
    }[orders.why]
    return f"Purchases to come are expected by the {orders.model} model: {why}."


def _say_how_clearly(lifetime: Lifetime) -> str:
    """The best of several looks better than it is: is it clearly better than each of the other models?"""
    test, orders = lifetime.backtest, lifetime.orders
    if test is None or orders is None or test.pooled.empty:
        return ""
    others = test.pooled.loc[~test.pooled["is_rule"] & (test.pooled["forecast"] != orders.model)]
    if others.empty or (test.best == orders.model and others["is_clearly_worse"].all()):
        return ""
    return ", though not clearly less than every other"


def say_backtest(backtest: Backtest | None) -> str:
    """Who won at past dates, and whether that is more than chance."""
    if backtest is None or backtest.best is None:
        return "No forecast was held against what came. " + ("" if backtest is None else backtest.reason)
    model, rule = backtest.best_model, backtest.best_rule
    if model is None or rule is None:
        return backtest.reason
    row, other = backtest.row(model), backtest.row(rule)
    dates, ahead = say_count(len(backtest.dates), "past date"), say_days(backtest.horizon_days)
    when = f"Standing at {dates} and looking {ahead} ahead, "
    if backtest.best in RULES:
        clear = bool(row["is_clearly_worse"])
        verdict = f"the best simple rule ({_RULE_WORDS[rule]}) predicted a customer's money " + (
            "clearly better than every model." if clear else "best; the models were not clearly worse."
        )
    elif bool(other["is_clearly_worse"]):
        verdict = (
            f"the model predicted a customer's money clearly better than the best simple rule ({_RULE_WORDS[rule]})."
        )
    else:
        verdict = (
            f"the model predicted a customer's money no clearly better than the best simple rule ({_RULE_WORDS[rule]})."
        )
    errors = row["total_error"], other["total_error"]
    if any(error != error for error in errors):  # noqa: PLR0124
        return f"{when}{verdict}"
    return f"{when}{verdict} The model's total was {_say_error(errors[0])}, the rule's {_say_error(errors[1])}."


def say_capture(backtest: Backtest) -> str:
    """How much of the money the best tenth by forecast brought."""
    if backtest.best_model is None:
        return ""
    row = backtest.row(backtest.best_model)
    if row["captured"] != row["captured"]:
        return ""
    best = row["captured"] + row["regret"]
    return (
        f"The tenth of customers that the model put first brought {say_percent(row['captured'])} of the money "
        f"that came; no "
        f"tenth could have brought more than {say_percent(best)}."
    )


def say_dates(backtest: Backtest) -> str:
    """At which dates forecasts were made."""
    return join_words([say_date(one) for one in reversed(backtest.dates)])


def _say_error(error: float) -> str:
    if abs(error) < 0.005:
        return "right"
    return f"{say_percent(abs(error))} too {'high' if error > 0 else 'low'}"
