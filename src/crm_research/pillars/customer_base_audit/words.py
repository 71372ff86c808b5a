"""The audit in sentences: every number in them is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from crm_research.pillars.customer_base_audit.change import NAMELESS, ONLY_RETURNS, TOTAL
from crm_research.theme import (
    first_capital,
    join_words,
    say_count,
    say_date,
    say_days,
    say_money,
    say_percent,
    say_points,
    say_with_limits,
    word_for,
)

if TYPE_CHECKING:
    from crm_research.pillars.customer_base_audit.measure import CustomerBaseAudit

# What a part is owed to, where it lies above nought, below it, or is not told apart from it.
_OWED: Final = {
    "customers": ("more buyers", "fewer buyers", "the number of buyers"),
    "frequency": ("more purchases of each", "fewer purchases of each", "how often each bought"),
    "spend": ("more money a purchase", "less money a purchase", "what a purchase brought"),
    "margin": ("more left after costs", "less left after costs", "how much was left after costs"),
}


def answer(audit: CustomerBaseAudit) -> list[str]:
    """Does the base get healthier, what moved revenue, and on how few does it rest?"""
    if not audit.books.is_balanced:
        return [say_books(audit), say_health(audit), say_change(audit)]
    return [say_health(audit), say_change(audit), say_few(audit)]


def say_health(audit: CustomerBaseAudit) -> str:
    """Healthier, or living on the customers that it has?"""
    health, periods = audit.health, audit.periods
    if health is None or periods is None:
        return f"Whether the base gets healthier cannot be told. {why_nothing_compared(audit)}"
    if not audit.books.has_named:
        return "Whether the base gets healthier cannot be told: all orders name no customer."
    new, kept = _say_new(audit), _say_kept(audit)
    verdict = health.verdict
    if verdict == "not told":
        share = health.new_revenue_share
        brought = (
            f" Customers first seen in {periods.name(periods.latest)} brought {say_percent(share)} of its revenue."
            if share is not None
            else ""
        )
        return f"Whether the base gets healthier cannot be told yet: {why_not_told(audit)}.{brought}"
    how = {
        "healthier": "The base gets healthier",
        "weaker": "The base gets weaker",
        "mixed": "The base moves both ways",
        "as before": "No clear sign that the base gets healthier or weaker",
    }[verdict]
    if not _has_new(audit):
        how = "The base lives on the customers it has"
    said = f"{how}: {'; '.join(one for one in (new, kept) if one)}."
    if health.new_change is None:
        return f"{said} What new customers bring cannot be compared: {why_not_told(audit)}."
    return said


def _has_new(audit: CustomerBaseAudit) -> bool:
    """Was anybody first seen in the latest period, or can that not be told? Of many nameless orders it cannot."""
    health = audit.health
    if audit.books.is_much_nameless:
        return True
    return health is None or health.new_change is None or bool(health.new_change["n_now"])


def _say_new(audit: CustomerBaseAudit) -> str:
    health = audit.health
    if health is None or health.new_change is None or health.new_periods is None:
        return ""
    sign, own = health.new_change, health.new_periods
    now, then = own.name(own.latest), own.name(own.then)
    nobody = "no customer who is named" if audit.books.is_much_nameless else "nobody"
    if not sign["n_then"] and not sign["n_now"]:
        return f"{nobody} was first seen in {then} or {now}"
    money = _money(audit)
    if not sign["n_now"]:
        return f"{nobody} was first seen in {now}, after customers who brought {money(sign['then'])} in {then}"
    brought = f"customers first seen in {now} brought {money(sign['now'])}"
    if sign["direction"] == 0:
        return f"{brought}, against {money(sign['then'])} of those first seen in {then}, no clear difference"
    moved = say_with_limits(abs(sign["estimate"]), *_turned(sign), money)
    return f"{brought}, {moved} {'more' if sign['direction'] > 0 else 'less'} than those first seen in {then} did then"


def _say_kept(audit: CustomerBaseAudit) -> str:
    health, periods = audit.health, audit.periods
    if health is None or periods is None or health.settled_change is None:
        return ""
    now, then = periods.name(periods.latest), periods.name(periods.then)
    if health.settled_share is None or health.settled_before is None:
        return ""
    sign = health.settled_change
    share, before = health.settled_share["estimate"], health.settled_before["estimate"]
    said = f"of the earlier customers who bought in {then}, {say_percent(share)} did again in {now}"
    if sign["direction"] == 0:
        return f"{said}, no clear difference from {say_percent(before)} one step earlier"
    word = "more" if sign["direction"] > 0 else "fewer"
    moved = say_with_limits(abs(sign["estimate"]), *_turned(sign), say_points)
    return f"{said}, {moved} {word} than one step earlier"


def _turned(limits: dict[str, Any]) -> tuple[float, float]:
    """The limits of a number that is said without its sign."""
    low, high = float(limits["lower"]), float(limits["upper"])
    return (low, high) if limits["estimate"] >= 0 else (-high, -low)


def say_change(audit: CustomerBaseAudit) -> str:
    """What made revenue rise or fall?"""
    change, periods = audit.change, audit.periods
    if change is None or periods is None:
        return f"What made revenue rise or fall cannot be told. {why_nothing_compared(audit)}"
    money = _money(audit)
    now, then = periods.name(periods.latest), periods.name(periods.then)
    rows = change.revenue.set_index("component")
    total = rows.loc[TOTAL]
    before = change.total("then")
    moved = f"{say_percent(abs(total['estimate']) / before)} " if before > 0 else ""
    limits = say_with_limits(abs(total["estimate"]), *_turned(dict(total)), money)
    head = f"Revenue of {now} was {money(change.total('now'))}"
    if total["direction"] == 0:
        head = f"{head}, no clear change from {then} ({money(before)})"
    else:
        word = "more" if total["direction"] > 0 else "less"
        head = f"{head}, {moved}{word} than in {then} ({limits} {word})"
    clear = [
        f"{_signed(row['estimate'], money)} from {_OWED[name][0 if row['direction'] > 0 else 1]}"
        for name, row in rows.iterrows()
        if name in _OWED and row["direction"] != 0
    ]
    unclear = [_OWED[str(name)][2] for name, row in rows.iterrows() if name in _OWED and row["direction"] == 0]
    parts = []
    if clear:
        parts.append(join_words(clear))
    if unclear and audit.books.has_named:
        said = join_words(unclear)
        parts.append(
            f"{said} made no clear difference" if clear else f"neither {join_words(unclear, 'nor')} moved clearly"
        )
    if NAMELESS in rows.index:
        alone = float(rows["estimate"][NAMELESS])
        parts.append(f"{_signed(alone, money)} from orders that name no customer")
    return f"{head}: {'; '.join(parts)}." if parts else f"{head}."


def say_few(audit: CustomerBaseAudit) -> str:
    """On how few does the revenue of the latest period rest?"""
    spread, periods = audit.spread, audit.periods
    if spread is None or periods is None:
        return f"On how few it rests is not known. {why_nothing_compared(audit)}"
    name = periods.name(periods.latest)
    if spread.top20 is None:
        return f"On how few the revenue of {name} rests is not known. {spread.why_none}"
    value, lower, upper = (float(part) for part in spread.top20)
    if not spread.tells_few and spread.n_losing:
        return f"On how few the revenue of {name} rests is not known: what some buyers gave back leaves too much open."
    if not spread.tells_few:
        few = f"{say_count(spread.n_buyers, 'buyer')} {word_for(spread.n_buyers, 'is', 'are')} too few"
        return f"On how few the revenue of {name} rests is not known: {few}."
    brought = say_with_limits(value, lower, upper, say_percent)
    buyers = say_count(spread.n_buyers, "buyer")
    said = f"The top fifth of the {buyers} of {name} brought {brought} of what they all brought"
    silent = spread.n_known - spread.n_buyers
    if silent > 0:
        return f"{said}; {say_count(silent, 'customer')} known by then bought nothing."
    return f"{said}."


def say_books(audit: CustomerBaseAudit) -> str:
    """Is every order in its place, and where is the revenue?"""
    books, money = audit.books, _money(audit)
    if not books.is_balanced:
        return (
            f"The books do not balance: summed up by customer and period, orders are {books.difference:,.2f} "
            f"{audit.currency} from the total of the records. No number on this page may be relied on."
        )
    said = f"All of the {money(books.revenue)} of {say_count(books.n_sales, 'purchase')} is accounted for, to the cent"
    if books.n_returns:
        said = f"{said}, with {say_count(books.n_returns, 'return')} taken off"
    beside = []
    if books.nameless_orders:
        n = books.nameless_orders
        beside.append(
            f"{say_count(n, 'order')} worth {money(books.nameless_revenue)} {word_for(n, 'names', 'name')} no customer"
        )
    if books.n_undated:
        n = books.n_undated
        beside.append(
            f"{say_count(n, 'order')} worth {money(books.undated_revenue)} {word_for(n, 'has', 'have')} no date and "
            f"{word_for(n, 'is', 'are')} in no period"
        )
    if books.n_cancelled:
        n = books.n_cancelled
        beside.append(f"{say_count(n, 'cancelled order')} {word_for(n, 'counts', 'count')} nowhere")
    return f"{said}. {first_capital(join_words(beside))}." if beside else f"{said}."


def say_periods(audit: CustomerBaseAudit) -> str:
    """Which periods are compared, and why these?"""
    periods = audit.periods
    if periods is None or periods.latest is None:
        return why_nothing_compared(audit)
    now = periods.name(periods.latest)
    if periods.then is None:
        return f"{now} is the latest whole {periods.noun} of the records. {why_nothing_compared(audit)}"
    then = periods.name(periods.then)
    said = f"{now} is the latest {periods.noun} that the records cover whole; it is compared with {then}"
    if periods.is_same_season:
        said = f"{said}, the same season a year earlier."
    else:
        said = (
            f"{said}, the one before it, since the records do not cover the same {periods.noun} a year earlier. "
            "Seasons are part of what changed."
        )
    if not audit.books.reaches_beyond(periods):
        return said
    return f"{said} What came after {now} is part of a {periods.noun} and compared with nothing."


def say_newer_periods(audit: CustomerBaseAudit) -> str:
    """Between which shorter periods is told what new customers bring? Empty where they are the same."""
    periods, health = audit.periods, audit.health
    if periods is None or health is None or health.new_periods in (None, periods):
        return ""
    own = health.new_periods
    return (
        f"What new customers bring is told from {own.name(own.then)} and {own.name(own.latest)}: of longer periods "
        "the earlier one would hold customers who may be from before."
    )


def why_nothing_compared(audit: CustomerBaseAudit) -> str:
    """Why there are no two periods to compare."""
    periods = audit.periods
    if periods is None:
        return "Nobody has bought by then."
    if periods.latest is None:
        return f"The records do not cover one {periods.noun} whole."
    if periods.step > 1 or periods.then is None:
        return f"The records cover only one {periods.noun} whole, {periods.name(periods.latest)}."
    return ""


def why_not_told(audit: CustomerBaseAudit) -> str:
    """Why customers first seen are not called new."""
    intake, books = audit.intake, audit.books
    if intake is None or books.first_at is None:
        return "nobody has bought"
    gap = ""
    if intake.usual_gap_days is not None:
        gap = f" (nine of ten leave {say_days(intake.usual_gap_days)} or less between purchases)"
    return (
        f"records begin on {say_date(books.first_at)}, and whoever was first seen before "
        f"{say_date(intake.new_since)} may be a customer from before{gap}"
    )


def say_intake(audit: CustomerBaseAudit) -> str:
    """Who is called new, and who is from before?"""
    intake, books = audit.intake, audit.books
    if intake is None:
        return ""
    if intake.is_flat:
        return (
            f"When the records begin, on {say_date(books.first_at)}, they bring no more first-time customers than "
            "later, so all of them are taken to be new."
        )
    why = why_not_told(audit)
    return f"{first_capital(why)}: those are called from before, and never new."


def say_cohort(audit: CustomerBaseAudit) -> str:
    """What became of the customers of one cohort?"""
    if audit.cohorts is None or audit.periods is None or audit.cohorts.shown is None:
        return ""
    course, money = audit.cohorts.course, _money(audit)
    first, last = course.iloc[0], course.iloc[-1]
    n = say_count(first["n_customers"], "customer")
    name, noun = audit.cohorts.shown, audit.periods.course_noun
    if len(course) == 1:
        brought = money(first["revenue_each"])
        return f"{n} first seen in {name} brought {brought} each in that {noun}; no later one is over."
    latest = audit.periods.name_of_course(int(last["period"]))
    return (
        f"Of {n} first seen in {name}, {say_percent(last['active_share'])} bought in {latest}. They brought "
        f"{money(first['revenue_each'])} each in their first {noun} and {money(last['revenue_so_far'])} each by the "
        f"end of {latest}."
    )


def say_newer(audit: CustomerBaseAudit) -> list[str]:
    """Are newer cohorts as good as older ones were? One comparison, fixed beforehand."""
    if audit.cohorts is None or audit.periods is None:
        return []
    noun, money, said = audit.periods.course_noun, _money(audit), []
    for _, row in audit.cohorts.newer.iterrows():
        limits = {name: row[name] for name in ("estimate", "lower", "upper")}
        say: Callable[[float], str] = money if row["measure"] == "first_revenue" else say_percent
        apart: Callable[[float], str] = money if row["measure"] == "first_revenue" else say_points
        what = f"brought {say(row['newer'])} each in their first {noun}"
        if row["measure"] != "first_revenue":
            what = f"came back in the next {noun} in {say(row['newer'])} of cases"
        side = 1 if row["lower"] > 0 else -1 if row["upper"] < 0 else 0
        moved = say_with_limits(abs(row["estimate"]), *_turned(limits), apart)
        against = f"{say(row['older'])} of the earlier half"
        judged = (
            f", no clear difference from {against}"
            if side == 0
            else (f", {moved} {'more' if side > 0 else 'less'} than {against}")
        )
        said.append(f"Of the new customers the later half of the cohorts {what}{judged}.")
    if audit.cohorts.best is not None:
        said.append(f"Those first seen in {audit.cohorts.best} brought more each than those of any other {noun}.")
    return said


def say_profit(audit: CustomerBaseAudit) -> str:
    """Is profit told, and if not, why?"""
    if audit.is_cost_known or audit.change is None:
        return ""
    if audit.n_without_cost:
        n = audit.n_without_cost
        return (
            f"Profit is not told: the cost of {say_count(n, 'order')} is not known, and to leave "
            f"{word_for(n, 'it', 'them')} out would change how often customers bought."
        )
    return "The records hold no costs, so this is revenue and not profit."


def say_only_returns(audit: CustomerBaseAudit) -> str:
    """What customers gave back who bought nothing in a period; empty where nobody did."""
    if audit.change is None or ONLY_RETURNS not in set(audit.change.revenue["component"]):
        return ""
    alone = float(audit.change.revenue.set_index("component")["estimate"][ONLY_RETURNS])
    moved = _signed(alone, _money(audit))
    return f"Returns of customers who bought nothing in the same period are a part of their own ({moved})."


def _money(audit: CustomerBaseAudit) -> Callable[[float], str]:
    return lambda value: say_money(value, audit.currency)


def _signed(value: float, say: Callable[[float], str]) -> str:
    return f"{'+' if value > 0 else ''}{say(value)}"
