"""The customer base in sentences: every number in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.figures import says_nothing
from crm_research.pillars.customer_base import advice
from crm_research.stats.concentration import say_against_claim
from crm_research.theme import say_count, say_date, say_days, say_estimate, say_money, say_percent, word_for

if TYPE_CHECKING:
    from crm_research.pillars.customer_base.base import CustomerBase
    from crm_research.pillars.customer_base.concentration import Concentration
    from crm_research.pillars.customer_base.growth import Growth

# Ends spread over fewer months, or fewer ends, may well lie in one.
_MONTHS_TO_SPREAD: Final = 6
_ENDS_TO_SPREAD: Final = 10


def answer(base: CustomerBase) -> list[str]:
    """On how few it rests, whom we know, and how far the records can be trusted."""
    known = f"{advice.say_known(base)} {_say_records(base)}".strip()
    if base.concentration is not None:
        return [say_concentration(base.concentration), say_holdings(base), known]
    return [
        say_holdings(base),
        known,
        f"How much of the revenue rests on how few is not known. {base.why_no_concentration}",
    ]


def say_holdings(base: CustomerBase) -> str:
    """Customers, and what they did, in one sentence."""
    known = f"On {say_date(base.as_of)} we know {say_count(base.n_customers, 'customer')}"
    if base.orders is not None:
        money = say_money(base.orders.revenue, base.currency)
        said = f"{known}, with {say_count(base.orders.n_sales, 'order')} worth {money} net of returns"
        if not base.orders.n_nameless:
            return f"{said}."
        named = say_money(base.orders.customers_revenue, base.currency)
        rest = say_money(base.orders.nameless_revenue, base.currency)
        return f"{said}, of which {named} names a customer and {rest} does not."
    if len(base.contracts):
        started, running = int(base.contracts["n_started"].sum()), int(base.contracts["n_running"].iloc[-1])
        return f"{known}, with {say_count(started, 'contract')}, {say_count(running)} of them running."
    return f"{known}; the study holds nothing of what they did."


def say_concentration(found: Concentration) -> str:
    """The share of the top fifth, against the rule of four fifths."""
    value, lower, upper = (float(part) for part in found.top20)
    if says_nothing(lower, upper, span=1.0):
        return (
            f"How much of the revenue the top fifth of buyers bring in is not known: "
            f"{say_count(found.n_customers, 'buyer')} {word_for(found.n_customers, 'is', 'are')} too few to say."
        )
    if found.is_one_customer:
        return (
            f"One customer brings in {say_percent(found.top_customer_share)} of the revenue, so the rule of thumb that "
            "the top fifth bring in 80 % is not judged."
        )
    brought = say_estimate(value, lower, upper, say_percent, found.confidence)
    judged = say_against_claim(lower, upper)
    return f"The top fifth of buyers bring in {brought} of the revenue, {judged}."


def no_concentration(base: CustomerBase) -> str:
    """Why nothing is said of how few the revenue rests on."""
    return f"No concentration of revenue is shown. {base.why_no_concentration}"


def say_growth(growth: Growth) -> str:
    """How many buy in a usual period, and how many of them are first seen in the latest one."""
    if growth.whole.empty:
        return f"The records do not cover one {growth.grain} whole."
    n, n_first = (int(growth.whole[name].iloc[-1]) for name in ("n_active", "n_first_seen"))
    said = f"{say_usual(growth)}; in the last whole {growth.grain} {say_count(n)} did"
    return f"{said}, {say_percent(n_first / n)} of them for the first time." if n else f"{said}."


def say_usual(growth: Growth) -> str:
    """How many customers buy in a usual period."""
    n = growth.usual_active
    return f"In a usual {growth.grain} {say_count(n, 'customer buys', 'customers buy')}"


def notes(base: CustomerBase) -> list[str]:
    """What a reader must know before trusting the numbers: one sentence each."""
    said = []
    if base.why_no_concentration:
        said.append(no_concentration(base))
    if base.orders is not None:
        if base.orders.n_nameless:
            rest = say_money(base.orders.nameless_revenue, base.currency)
            said.append(
                "In the totals and in nothing counted by customer: "
                f"{say_count(base.orders.n_nameless, 'order')} without a customer, worth {rest} net of returns. "
                f"Shares of "
                f"revenue are of the {say_money(base.orders.customers_revenue, base.currency)} that name one."
            )
        if base.orders.n_undated:
            said.append(f"Counted nowhere: {say_count(base.orders.n_undated, 'order')} without a time.")
        if base.orders.n_cancelled:
            said.append(f"Counted nowhere: {say_count(base.orders.n_cancelled, 'cancelled order')}.")
    if base.growth is not None:
        said.append(_note_warm_up(base.growth))
    if base.concentration is not None and base.concentration.n_losing:
        losing = say_count(base.concentration.n_losing, "customer")
        said.append(f"{losing} gave back more than they bought, so the curve of revenue rises above 100 % and returns.")
    return said


def concentration_seen(base: CustomerBase) -> str:
    """What one sees in the picture of the concentration, for those who do not see it."""
    if base.concentration is None:
        return f"No picture. {base.why_no_concentration}"
    return curve_seen(base.concentration)


def curve_seen(found: Concentration) -> str:
    """The same of a concentration by itself."""
    return (
        f"{say_concentration(found)} A curve of the share of revenue over the share of buyers, "
        "highest spenders first, rises steeply and flattens; a mark shows the rule of thumb at 20 % and 80 %."
    )


def coverage_seen(base: CustomerBase) -> str:
    """What one sees in the picture of what is known of customers."""
    if not base.n_customers:
        return "No picture. No customer is known."
    rows = base.coverage.iloc[1:]
    said = "; ".join(f"{what} {say_percent(share)}" for what, share in zip(rows["what"], rows["share"], strict=True))
    known = say_count(base.n_customers, "customer")
    return f"Of {known}: {said or 'nothing further is known'}. Lying bars, one for each kind of record."


def growth_seen(base: CustomerBase) -> str:
    """What one sees in the picture of customers by period, or of contracts by month."""
    if base.growth is not None:
        return periods_seen(base.growth)
    if len(base.contracts):
        n = base.contracts["n_running"].iloc[-1]
        return f"{say_count(n, 'contract is', 'contracts are')} running at the end. A line of contracts by month."
    return "No picture. Neither a purchase nor a contract is known."


def periods_seen(growth: Growth) -> str:
    """The same of customers by period by themselves."""
    return f"{say_growth(growth)} Upright bars by {growth.grain}, customers first seen on top of those seen before."


def ends_note(base: CustomerBase) -> str | None:
    """Do most ends of contracts lie in one month, as where a list says who has left and not when? None where not."""
    if base.growth is not None or len(base.contracts) < _MONTHS_TO_SPREAD:
        return None
    ended = base.contracts["n_ended"]
    n, n_all = int(ended.max()), int(ended.sum())
    if n_all < _ENDS_TO_SPREAD or 2 * n <= n_all:
        return None
    month = base.contracts.loc[ended.idxmax(), "period"]
    n_said = f"All {n_all:,}" if n == n_all else f"{n:,} of the {n_all:,}"
    return (
        f"{n_said} ends known are dated in one month, {month:%Y-%m}, as where a list says who has left and not when: "
        "the fall there may be that of the records."
    )


def _note_warm_up(growth: Growth) -> str:
    if growth.warm_up_days is None or growth.usual_gap_days is None:
        return "Nobody has bought twice, so new customers cannot be told from old ones first seen when records begin."
    share = say_percent(growth.n_first_seen_in_warm_up / growth.n_customers)
    is_cut = growth.warm_up_days < growth.usual_gap_days
    more = ", which is more than half of the records" if is_cut else ""
    when = f"in the first half of the records ({say_days(growth.warm_up_days)})" if is_cut else "in that time"
    return (
        f"Records begin on {say_date(growth.first_at)}. Nine of ten repeat customers leave "
        f"{say_days(growth.usual_gap_days)} or less between purchases on average{more}, so the {share} of customers "
        f"who "
        f"were first seen {when} may well be old ones: they are called first seen, not new."
    )


def _say_records(base: CustomerBase) -> str:
    """The verdict on the records, said of them."""
    verdict = base.verdict.headline()
    return f"The records are {verdict[:1].lower()}{verdict[1:]}".replace(" as it stands", " as they stand")
