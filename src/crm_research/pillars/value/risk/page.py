"""What is shown of certainty, or a note of why there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.pillars.value.lifetime.words import say_noun, say_span
from crm_research.pillars.value.risk import charts, words
from crm_research.pillars.value.risk.figures import payment_figures, risk_figures
from crm_research.pillars.value.risk.measure import by_tenth, list_sure
from crm_research.pillars.value.risk.payment import LATE
from crm_research.pillars.value.shown import CENTS, MONEY
from crm_research.show import Chart, Figures, Note, SavedList, Section, Table, drawn

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.pillars.value.risk.measure import RiskAdjusted

_MONEY: Final = ("staying", "leaving", "unpaid", "unsettled", "expected", "sure", "lower", "upper", "sure_each")
_MOST_LISTED: Final = 1_000
_SHOWN: Final = 15


def certainty_section(risk: RiskAdjusted | str) -> Section:
    """What is sure of all customers, of each tier and of customers of equal value."""
    if isinstance(risk, str):
        return Section.missing(risk)
    groups, tenths, years = groups_table(risk), by_tenth(risk), say_span(risk.lifetime.horizon_years)
    return Section(
        Note(f"{words.say_sure(risk)} {words.say_alike(risk)}".strip()),
        Note(words.say_doubts(risk)),
        Figures([one for one in risk_figures(risk) if one.group is None]),
        None
        if tenths.empty
        else Chart(
            drawn(charts.draw_alike, risk),
            alt=f"{words.alike_title(tenths)}. Ten dots with whiskers, from the most valuable tenth to the least.",
            data=tenths,
        ),
        Table(
            groups,
            f"What is expected, doubtful and sure in the next {years} ({risk.currency})",
            formats={name: MONEY for name in _MONEY if name in groups},
            note=_say_columns(risk),
        ),
        Figures([one for one in risk_figures(risk) if one.group is not None], "What is sure of each tier"),
        result=risk,
    )


def _say_columns(risk: RiskAdjusted) -> str:
    """What stands in the columns."""
    taken = "leaving, unpaid: what the two doubts take; expected: with both"
    if risk.identity is not None:
        taken = (
            "leaving, unpaid: what these doubts take; unsettled: what the doubt takes which records are one customer "
            "(below nought it adds); expected: with all of them"
        )
    return (
        f"staying: if everybody stayed and paid; {taken}; sure: comes with 9 of 10 chance at least from all of them "
        "together (lower, upper: where the expected lies at its own limits); sure each: the same of each customer "
        "alone, added up."
    )


def sure_section(risk: RiskAdjusted | str) -> Section:
    """On whom there is most to rely."""
    if isinstance(risk, str):
        return Section.missing(risk)
    listed = list_sure(risk, _MOST_LISTED)
    if listed.empty:
        return Section.missing(words.NOTHING_SURE)
    money = ("if_staying", "expected", "sure", "lower", "upper")
    return Section(
        Table(
            listed.head(_SHOWN),
            f"Customers of whom most is sure in the next {say_span(risk.lifetime.horizon_years)} ({risk.currency})",
            formats={**dict.fromkeys(money, CENTS), "sure_share": "share"},
            note="if staying: expected if the customer surely stayed and paid; expected: with the chance to leave and "
            "not to pay; sure: comes with 9 of 10 chance at least, with lower and upper where the expected lies at its "
            "own limits.",
        ),
        SavedList(
            "value-customers-to-rely-on",
            listed,
            f"The first {len(listed):,} by the {say_noun(risk.lifetime)} that comes with 9 of 10 chance at least.",
        ),
        result=listed,
    )


def payment_section(risk: RiskAdjusted | str) -> Section:
    """What is lost of billed money, by how late customers pay."""
    if isinstance(risk, str):
        return Section.missing(risk)
    if risk.payment is None:
        return Section.missing(risk.why_no_payment)
    return Section(
        Note(words.say_payment(risk)),
        Table(
            payment_table(risk),
            f"Bills by how late their customers had been before ({risk.currency})",
            formats={"due": MONEY, "lost": MONEY, **dict.fromkeys(("lost_share", "lower", "upper"), "share")},
            note="paid before: the customer's worst bill of the year before; lost share: drawn towards that of all "
            "where customers are few; customers now: those who stand there today.",
        ),
        Figures(payment_figures(risk), "Bills that are not paid"),
        result=risk.payment,
    )


def groups_table(risk: RiskAdjusted) -> pd.DataFrame:
    """The groups with their doubts, those that take nothing left out."""
    idle = ["unpaid"] if risk.payment is None else []
    idle += ["unsettled"] if risk.identity is None else []
    table = risk.groups.drop(columns=["lower", "upper", *idle])
    table = table.rename(columns={"paid": "expected", "sure_lower": "lower", "sure_upper": "upper"})
    return table.drop(columns="tier") if len(table) == 1 else table


def payment_table(risk: RiskAdjusted) -> pd.DataFrame:
    """paid_before, n_customers, n_bills, due, lost, lost_share, lower, upper, customers_now."""
    if risk.payment is None:
        raise ValueError("Payment is not known.")
    losses = risk.payment.losses
    now = risk.payment.standing["late"].value_counts()
    table = losses.assign(
        paid_before=[LATE[int(late)] for late in losses["late"]], lost_share=losses["share"],
        customers_now=losses["late"].map(now).fillna(0).astype("int64"),
    )  # fmt: skip
    columns = [
        "paid_before", "n_customers", "n_bills", "due", "lost", "lost_share", "lower", "upper", "customers_now",
    ]  # fmt: skip
    return table.loc[(table["n_customers"] > 0) | (table["customers_now"] > 0), columns].reset_index(drop=True)
