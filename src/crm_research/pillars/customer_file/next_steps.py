"""What is to be done next with each customer, and how sure the reason for it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd

from crm_research.features.customer_file import COMPLAINT, ORDERS
from crm_research.pillars.customer_file.measure import (
    NOBODY_DECIDES,
    NOBODY_FOR_US,
    NOBODY_KNOWN,
    NOBODY_SPOKEN_TO,
    CustomerFile,
)
from crm_research.pillars.customer_file.names import last_of
from crm_research.pillars.customer_file.worth import ALMOST_SURELY
from crm_research.theme import say_count, say_date, say_interval, say_money, say_percent

RECORDED: Final = "as recorded"
# From these chances on something is done: about a contract, and about purchases.
RAISED: Final = 0.25
LIKELY: Final = 0.5
NOTHING: Final = "leave things as they are"


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """What is to be done, why, how sure that is, and which section proves it?

    Parameters
    ----------
    what
        What to do, without the customer's name, in small letters.
    """

    customer: str
    what: str
    why: str
    how_sure: str
    see: str


def steps_of(file: CustomerFile, customer: str) -> list[NextStep]:
    """What is to be done with a customer, the most pressing first; one step at least."""
    found = [
        *_settle(file, customer),
        *_collect(file, customer),
        *_hold(file, customer),
        *_know_people(file, customer),
        *_speak(file, customer),
        *_look_at_costs(file, customer),
    ]
    nothing = NextStep(
        customer=customer, what=NOTHING, why="nothing in the records asks for more", how_sure=RECORDED, see="dealings"
    )
    return found or [nothing]


def all_steps(file: CustomerFile) -> list[NextStep]:
    """The steps of all customers, in the order of the page."""
    return [step for one in file.ids for step in steps_of(file, one)]


def _settle(file: CustomerFile, customer: str) -> Iterator[NextStep]:
    own = file.contacts
    rows = own.loc[(own["customer_id"] == customer) & (own["kind"] == COMPLAINT) & (own["n_open"] > 0)]
    for row in rows.to_dict("records"):
        n = int(row["n_open"])
        since = say_date(pd.Timestamp(row["oldest_open_at"]))
        what = "settle the complaint that is still open" if n == 1 else f"settle the {n:,} complaints that are open"
        why = f"open since {since}" if n == 1 else f"the oldest is open since {since}"
        yield NextStep(customer=customer, what=what, why=why, how_sure=RECORDED, see="contacts")


def _collect(file: CustomerFile, customer: str) -> Iterator[NextStep]:
    bills = file.industry.bills
    for row in bills.loc[(bills["customer_id"] == customer) & (bills["overdue"] > 0)].to_dict("records"):
        overdue = say_money(float(row["overdue"]), file.currency)
        late = f"; the worst bill of the last year was {say_count(row['worst_days'], 'day')} late"
        yield NextStep(
            customer=customer, what=f"ask for the {overdue} that are overdue",
            why=f"bills past their day are not paid{late if row['worst_days'] > 0 else ''}", how_sure=RECORDED,
            see="payment",
        )  # fmt: skip


def _hold(file: CustomerFile, customer: str) -> list[NextStep]:
    """What may be lost of fees and of purchases, the larger first."""
    row, keep, win = file.of(customer), [*_keep(file, customer)], [*_win_back(file, customer)]
    fees, bought = (
        float(row[part] * row[chance]) if pd.notna(row[part]) and pd.notna(row[chance]) else 0.0
        for part, chance in (("fees", "leave"), ("revenue", "gone"))
    )
    return [*win, *keep] if bought > fees else [*keep, *win]


def _keep(file: CustomerFile, customer: str) -> Iterator[NextStep]:
    row = file.of(customer)
    if not row["leave"] >= RAISED:
        return
    n = int(row["n_judged"])
    yield NextStep(
        customer=customer,
        what="speak about going on with the contract" if n == 1 else "speak about going on with the contracts",
        why=f"the chance that {'it' if n == 1 else 'one'} ends within {say_count(file.leaving.months, 'month')} is "
        f"{say_percent(float(row['leave']))}",
        how_sure=say_interval(float(row["leave_lower"]), float(row["leave_upper"]), say_percent),
        see="stake",
    )


def _win_back(file: CustomerFile, customer: str) -> Iterator[NextStep]:
    row = file.of(customer)
    if not row["gone"] >= LIKELY:
        return
    last = last_of(file, customer, ORDERS)
    since = "" if last is None else f"no purchase since {say_date(last)}, for so long that "
    is_gone = row["gone"] > ALMOST_SURELY
    yield NextStep(
        customer=customer,
        what="ask once whether anything would bring back the purchases" if is_gone else "ask why the purchases stopped",
        why=f"{since}the chance that they have ended is {say_percent(float(row['gone']))}",
        how_sure=say_interval(float(row["gone_lower"]), float(row["gone_upper"]), say_percent),
        see="stake",
    )


def _know_people(file: CustomerFile, customer: str) -> Iterator[NextStep]:
    said = {
        NOBODY_KNOWN: ("find out who buys there, and who decides", "nobody there is known"),
        NOBODY_DECIDES: ("find out who decides there", "nobody who decides is known"),
        NOBODY_FOR_US: ("win somebody there who is for us", "nobody there is known to be for us"),
        NOBODY_SPOKEN_TO: ("speak with the people there", "no contact with any of them in a year is recorded"),
    }
    for gap in file.gaps.get(customer, ()):
        what, why = said[gap]
        yield NextStep(customer=customer, what=what, why=why, how_sure=RECORDED, see="people")


def _speak(file: CustomerFile, customer: str) -> Iterator[NextStep]:
    if "contacts" not in file.held or str(file.of(customer)["tier"]) != "gold":
        return
    if {NOBODY_SPOKEN_TO, NOBODY_KNOWN} & {*file.gaps.get(customer, ())}:
        return
    own = file.contacts.loc[file.contacts["customer_id"] == customer]
    if not own.empty and own["n_recent"].sum() > 0:
        return
    last = own["last_at"].max() if len(own) else None
    when = "no contact is recorded" if last is None or pd.isna(last) else f"the last contact was on {say_date(last)}"
    yield NextStep(
        customer=customer, what="speak with the customer", why=f"of the gold tier, and {when}", how_sure=RECORDED,
        see="contacts",
    )  # fmt: skip


def _look_at_costs(file: CustomerFile, customer: str) -> Iterator[NextStep]:
    left = file.of(customer)["profit"]
    if file.counted is None or not left < 0 or not file.counted.has_costs:
        return
    amount = say_money(float(-left), file.currency)
    yield NextStep(
        customer=customer, what="look at what the customer costs",
        why=f"{amount} more than the customer brings", how_sure=RECORDED, see="worth",
    )  # fmt: skip
