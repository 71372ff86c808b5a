"""Whom a segmentation groups: buyers, those who hold a contract, or everybody whom the records name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from crm_research.features.customers import build_customer_features, build_customers
from crm_research.features.holders import HABITS, build_habits, describe_holders, measure_fees
from crm_research.features.own_covariates import find_circular
from crm_research.features.records import describe_customers
from crm_research.steps import step
from crm_research.vocabulary import CATEGORY, FLAG, NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

    from crm_research.study import Study

BUYERS: Final = "buyers"
RUNNING: Final = "holders of a running contract"
HOLDERS: Final = "holders of a contract"
EVERYBODY: Final = "everybody"
# What a customer is worth so far, by the records at hand; and its column, as no attribute can be called.
WORTH: Final = "worth so far"
SPEND: Final = "spend"
FEES: Final = "fees"
NO_MONEY: Final = ""
_KINDS: Final = (NUMBER, CATEGORY, FLAG)


@dataclass(frozen=True, kw_only=True)
class Members:
    """How customers of a base are spoken of, and what their segments rest on.

    Parameters
    ----------
    who
        Whom the messages speak of: buyers.
    having
        What sets them apart from other customers, after a noun: ` with purchases`.
    seen
        What is known of them, by a day: purchases.
    absent
        Why a customer is not among them: no purchase by that day; empty where everybody is.
    table, rests_on
        The table a segmentation of them needs, and what it rests on; empty where any will do.
    """

    who: str
    having: str
    seen: str
    absent: str
    table: str
    rests_on: str


NO_PURCHASE: Final = "no purchase by that day"
_MEMBERS: Final[Mapping[str, Members]] = MappingProxyType(
    {
        BUYERS: Members(
            who="buyers", having=" with purchases", seen="purchases", absent=NO_PURCHASE, table="orders",
            rests_on="purchases",
        ),
        RUNNING: Members(
            who="customers with a running contract", having=" with a running contract", seen="running contracts",
            absent="no contract that runs on that day", table="contracts", rests_on="contracts",
        ),
        HOLDERS: Members(
            who="customers with a contract", having=" with a contract", seen="contracts",
            absent="no contract by that day", table="contracts", rests_on="contracts",
        ),
        EVERYBODY: Members(who="customers", having="", seen="customers", absent="", table="", rests_on=""),
    }
)  # fmt: skip


def name_members(base: str) -> Members:
    """The words for customers of this base."""
    return _MEMBERS[base]


def choose_base(study: Study, *, of_contracts: bool) -> str:
    """Whom does a segmentation of this study group?

    Buyers where there are orders, unless it is one of contracts. Else those who hold a contract: where a holdout is
    kept those whose contract runs, and whether they leave in it is the test of use; without one also those who have
    left, for there is nothing else to test by. Else everybody whom a table names.
    """
    if study.has("orders") and not of_contracts:
        return BUYERS
    if study.has("contracts"):
        return HOLDERS if study.holdout_until is None else RUNNING
    return EVERYBODY


def list_members(study: Study, base: str) -> ir.Table:
    """One customer of the base at as_of: customer_id."""
    if base == BUYERS:
        return build_customer_features(study, sets=("rfm",)).select("customer_id")
    if base == EVERYBODY:
        return build_customers(study).select("customer_id")
    return describe_holders(study, is_running=base == RUNNING)


def describe_members(study: Study, base: str, names: Iterable[str]) -> ir.Table:
    """One customer of whom something is recorded: customer_id and those of these columns that the records have."""
    if base in (RUNNING, HOLDERS):
        return describe_holders(study, names, is_running=base == RUNNING)
    return describe_customers(study, names)


@step
def attributes_of(study: Study, base: str) -> Mapping[str, str]:
    """What customers may be described by, name to type: declared attributes, of holders plan and fee too."""
    own = study.attributes_of("customers") if study.has("customers") else {}
    if base not in (RUNNING, HOLDERS):
        return own
    held = study.table("contracts").columns
    plain = {name: kind for name, kind in (("plan", CATEGORY), ("fee", NUMBER)) if name in held}
    return {**plain, **own, **study.attributes_of("contracts"), **plain}


@step
def attributes_fit_to_group(study: Study, base: str) -> tuple[list[str], list[str]]:
    """Which attributes may make segments of such a base, and which tell how long a contract lasted or that it ended?"""
    names = [name for name, kind in attributes_of(study, base).items() if kind in _KINDS]
    circular = find_circular_attributes(study, base)
    return [name for name in names if name not in circular], [name for name in names if name in circular]


def find_circular_attributes(study: Study, base: str) -> tuple[str, ...]:
    """Attributes of contracts that tell how long one lasted, or that it ended; none where leaving is not the test."""
    if base not in (RUNNING, HOLDERS):
        return ()
    kinds = attributes_of(study, base)
    names = [name for name, kind in kinds.items() if kind in _KINDS]
    return tuple(find_circular(study, names))


def habits_of(study: Study, base: str) -> ir.Table | None:
    """What customers of the base do beside buying (`build_habits`); None where it would tell who has left."""
    return build_habits(study) if base == RUNNING else None


@step
def name_habits(study: Study, base: str) -> list[str]:
    """The columns of `habits_of`, without the id."""
    table = habits_of(study, base)
    return [] if table is None else [name for name in HABITS if name in table.columns]


def measure_money(study: Study, base: str) -> tuple[ir.Table | None, str]:
    """What is each customer worth so far: customer_id, `WORTH`; and is that spend, fees a month or not known?"""
    if base == BUYERS:
        bought = build_customer_features(study, sets=("rfm",))
        return bought.select("customer_id", **{WORTH: bought.spend}), SPEND
    fees = None if base == EVERYBODY else measure_fees(study)
    return (None, NO_MONEY) if fees is None else (fees.select("customer_id", **{WORTH: fees.fees}), FEES)
