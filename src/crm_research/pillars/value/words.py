"""Customer value in sentences: every number in them is computed."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from crm_research.figures import says_nothing
from crm_research.pillars.value.setting import say_window, why_no_costs
from crm_research.stats.concentration import say_against_claim
from crm_research.theme import (
    first_capital,
    join_words,
    say_count,
    say_estimate,
    say_money,
    say_percent,
    word_for,
)

if TYPE_CHECKING:
    from crm_research.pillars.value.profit.measure import Profit
    from crm_research.pillars.value.tiers.measure import Tiers
    from crm_research.stats.intervals import Interval


def answer(profit: Profit, tiers: Tiers | None) -> list[str]:
    """Who is gold, what losing them would cost, and who costs money."""
    if not profit.n_customers:
        return [say_nobody(profit)]
    return [say_gold(profit, tiers), say_loss_of_gold(profit, tiers), say_losing(profit)]


def say_nobody(profit: Profit) -> str:
    """Why no customer is counted: no money is recorded, what there is names nobody, or nobody brought anything."""
    if not profit.has_income:
        return (
            "What customers bring is not known: the records hold neither orders nor fees of contracts, and what "
            "customers cost says nothing of their worth alone."
        )
    nameless = profit.of_others("revenue") + profit.of_others("fees")
    if nameless:
        money = say_money(nameless, profit.currency)
        when = say_window(profit.window)
        return f"Who earns us money is not known: all that came in from {when}, {money}, names no customer."
    return f"Nobody brought anything from {say_window(profit.window)}."


def say_gold(profit: Profit, tiers: Tiers | None) -> str:
    """Who the gold customers are, by what their rule does not say by itself."""
    if tiers is None:
        return no_tiers(profit)
    gold, all_ = tiers.of("gold"), say_count(profit.n_customers, "customer")
    n, rule = say_count(gold["n_customers"]), tiers.rule
    if rule.name == "share":
        share = say_estimate(
            float(gold["customer_share"]), float(gold["lower"]), float(gold["upper"]), say_percent, profit.confidence
        )
        earned = say_percent(rule.gold)
        are = word_for(gold["n_customers"], "is", "are")
        return f"Gold {are} {n} of {all_}, {share}: the fewest who bring {earned} of {say_whole(profit)}."
    money = say_money(float(gold["profit"]), profit.currency)
    part = _share_of_all(profit, float(gold["profit"]))
    if rule.name == "quantile":
        return f"Gold are the first {say_percent(rule.gold)} of {all_}, {n}: they leave {money}{part}."
    least = say_money(rule.gold, profit.currency)
    return f"Gold are {n} of {all_}, who leave {least} or more each: together {money}{part}."


def say_whole(profit: Profit) -> str:
    """All that is left, of which tiers by share are parts: of those who leave anything."""
    return f"all {profit.noun} before losses" if profit.n_losing else f"all {profit.noun}"


def _share_of_all(profit: Profit, money: float) -> str:
    return f", {say_percent(money / profit.total)} of the {profit.noun}" if profit.total > 0 else ""


def no_tiers(profit: Profit) -> str:
    """Why nobody is gold, iron or lead."""
    if not profit.n_customers:
        return f"{say_nobody(profit)} So there are no tiers."
    if not (profit.ranked["total"] > 0).any():
        return f"Nobody leaves any {profit.noun}, so there is no gold, iron or lead."
    return (
        f"{say_count(profit.n_customers, 'customer')} {word_for(profit.n_customers, 'is', 'are')} too few to part into "
        "gold, iron and lead."
    )


def say_loss_of_gold(profit: Profit, tiers: Tiers | None) -> str:
    """What losing the gold customers would cost."""
    if tiers is None or not tiers.of("gold")["n_customers"]:
        return ""
    gold = tiers.of("gold")
    each = say_money(float(gold["mean_profit"]), profit.currency)
    if gold["n_customers"] == 1:
        said = f"Losing this one would cost {each} of {profit.noun} {_in_the_time(profit)}"
    else:
        said = (
            f"Losing one of them would cost {each} of {profit.noun} {_in_the_time(profit)} on average, and losing all "
            f"of them {say_money(float(gold['profit']), profit.currency)}"
        )
    if profit.sources["service"] and gold["service"] > 0:
        more = say_money(float(gold["profit"] + gold["service"]), profit.currency)
        return f"{said}; {more} as long as the work that they made is still paid for."
    return f"{said}."


def _in_the_time(profit: Profit) -> str:
    months = profit.window.months
    if not months:
        return "in the time of these records"
    return {1: "a month", 12: "a year"}.get(months, f"in {months} months")


def say_losing(profit: Profit) -> str:
    """Which customers cost money."""
    if not profit.has_income:
        return say_nobody(profit)
    if not profit.has_costs:
        return (
            f"Which customers cost money is not known: {why_no_costs(profit)}, so all that is counted here is revenue."
        )
    if not profit.n_losing:
        return "No customer costs more than they bring."
    if profit.loss_share is None:
        return ""
    value, lower, upper = (float(part) for part in profit.loss_share)
    share = say_estimate(value, lower, upper, say_percent, profit.confidence)
    n, money = say_count(profit.n_losing, "customer"), say_money(-profit.loss, profit.currency)
    verb = word_for(profit.n_losing, "costs", "cost")
    said = f"{n} {verb} more than they bring, {share} of all: {money} together"
    return f"{said}{_say_hidden(profit)}."


def _say_hidden(profit: Profit) -> str:
    moved = profit.moved
    if moved is None or not moved.n_to_loss:
        return ""
    verb = word_for(moved.n_to_loss, "looks", "look")
    return f"; {say_count(moved.n_to_loss)} of them {verb} profitable where work is spread by {profit.volume}"


def say_moved(profit: Profit) -> str:
    """Who turns from profit to loss when costs follow activity, and is that more than chance?"""
    moved = profit.moved
    if moved is None:
        return "No use of activities is recorded with its cost, so costs cannot follow activity."
    by = f"spread by {profit.volume}"
    if not moved.n_to_loss:
        return f"Nobody turns from a profit to a loss when the cost of work follows its use and is not {by}."
    n = say_count(moved.n_to_loss, "customer")
    verb = word_for(moved.n_to_loss, "turns", "turn")
    said = (
        f"{n} {verb} from a profit to a loss when the cost of work follows its use and is not {by}: a loss of "
        f"{say_money(-moved.loss, profit.currency)} in all. Costs of {say_money(moved.shifted, profit.currency)} lie "
        "with other customers than they would."
    )
    if not moved.can_tell:
        return f"{said} Whether that is more than chance cannot be told from these records."
    if not moved.n_surely:
        return (
            f"{said} Of no single one of them can it be said that they make more work than others beyond chance: they "
            "used what they used, and need not do so again."
        )
    surely = say_count(moved.n_surely)
    return (
        f"{said} {surely} of them {word_for(moved.n_surely, 'makes', 'make')} more work than chance would give in any "
        "of so many customers."
    )


def say_claim(profit: Profit) -> str:
    """The rule of the fifth, beside what the records say."""
    if profit.top20 is None:
        return f"The share of the top fifth of customers is not shown: {why_no_shares(profit)}"
    value, lower, upper = (float(part) for part in profit.top20)
    if says_nothing(lower, upper, span=1.0):
        return f"How much of the {profit.noun} the top fifth of customers bring is not known: too few customers."
    share = say_estimate(value, lower, upper, say_percent, profit.confidence)
    judged = say_against_claim(lower, upper)
    return f"The top fifth of customers bring {share} of the {profit.noun}, {judged}."


def why_no_shares(profit: Profit) -> str:
    """Why no share of what is left is shown."""
    if profit.total <= 0:
        money = say_money(profit.total, profit.currency)
        return f"all customers together leave {money}, and a share of that means nothing."
    return f"{say_count(profit.n_customers, 'customer')} {word_for(profit.n_customers, 'is', 'are')} too few."


def say_whale(profit: Profit) -> str:
    """How high the curve rises above what is left in the end."""
    whale = profit.whale
    if whale is None:
        return ""
    earners = say_percent(whale.earners_share)
    money = say_money(profit.total - profit.loss, profit.currency)
    if not profit.n_losing:
        return f"Nobody leaves less than nothing: the curve rises to {say_money(profit.total, profit.currency)}."
    lost = say_money(-profit.loss, profit.currency)
    if not whale.earners_share > 0:
        return f"Nobody leaves more than nothing, and all together lose {lost}."
    said = f"{earners} of customers earn {money}, and the others lose {lost} of it"
    value, lower, upper = (float(part) for part in whale.peak)
    if isnan(value) or isnan(upper):
        return f"{said}."
    peak = say_estimate(value, lower, upper, _times, profit.confidence)
    return f"{said}: at its highest the curve stands at {peak} times the {profit.noun}."


def _times(value: float) -> str:
    return f"{value:.2f}"


def _say_share(found: Interval | None, confidence: float) -> str:
    if found is None:
        return ""
    value, lower, upper = (float(part) for part in found)
    return say_estimate(value, lower, upper, say_percent, confidence)


def say_moves(profit: Profit, tiers: Tiers) -> str:
    """How many gold customers stayed gold, and how many iron ones rose."""
    if tiers.stayed is None:
        return tiers.why_no_moves or "Nobody was gold in as many months before."
    stayed, rose = (_say_share(found, profit.confidence) for found in (tiers.stayed, tiers.rose))
    said = f"Of those who were gold in as many months before, {stayed} are gold now"
    return f"{said}; of those who were iron, {rose} rose to gold." if rose else f"{said}."


def say_lift(profit: Profit, tiers: Tiers) -> str:
    """What it would take to lift iron customers to gold."""
    if tiers.lift.empty:
        return "Too few customers are iron to say what it would take to lift them."
    gold = say_money(tiers.cuts[0], profit.currency)
    near = tiers.lift.iloc[1]
    n, each = say_count(near["n_customers"], "customer"), say_money(float(near["more_each"]), profit.currency)
    together = say_money(float(near["more_together"]), profit.currency)
    said = (
        f"Gold begins at {gold} of {profit.noun}. For the {n} of iron who are nearest to it, a quarter of them, it "
        f"would take {each} more each, {together} together."
    )
    if tiers.rose is None:
        return said
    return f"{said} {say_percent(float(tiers.rose.estimate))} of iron customers rose last time without anybody asking."


def say_others(tiers: Tiers) -> str:
    """How many would stand in another tier under another rule."""
    if tiers.others.empty:
        return ""
    columns = (tiers.others["changed_share"], tiers.others["instead"])
    shares = [f"{say_percent(share)} {instead}" for share, instead in zip(*columns, strict=True)]
    return f"Of all customers another tier would have {join_words(shares)}."


def say_rule(tiers: Tiers) -> str:
    """What makes the tiers."""
    gold, iron = (say_money(cut, tiers.currency) for cut in tiers.cuts)
    how = {
        "share": f"from the top down, gold bring {say_percent(tiers.rule.gold)} of all that anybody leaves and iron "
        f"the rest up to {say_percent(tiers.rule.iron)}",
        "quantile": f"from the top down, gold are {say_percent(tiers.rule.gold)} of customers and iron the rest up to "
        f"{say_percent(tiers.rule.iron)}",
        "value": "by the money that was given",
    }[tiers.rule.name]
    return f"{first_capital(how)}: gold leave {gold} or more each, iron {iron} or more, lead less."
