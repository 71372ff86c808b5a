"""Whom a segmentation groups: buyers, those who hold a contract, or everybody whom the records name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from crm_research.features.customers import build_customer_features, build_customers
from crm_research.features.holders import HABITS, build_habits, describe_holders, measure_fees
from crm_research.features.own_covariates import find_end_labels, find_growing, find_known_ends
from crm_research.features.records import describe_customers
from crm_research.features.spells import build_spells
from crm_research.vocabulary import CATEGORY, FLAG, NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

    from crm_research.study import Study

BUYERS: Final = "buyers"
RUNNING: Final = "holders of a running contract"
HOLDERS: Final = "holders of a contract"
EVERYBODY: Final = "everybody"
BASES: Final = (BUYERS, RUNNING, HOLDERS, EVERYBODY)
# What a customer is worth so far, by the records at hand.
SPEND: Final = "spend"
FEES: Final = "fees"
NO_MONEY: Final = ""
# Whom the messages speak of.
WHO: Final[Mapping[str, str]] = MappingProxyType(
    {
        BUYERS: "buyers",
        RUNNING: "customers with a running contract",
        HOLDERS: "customers with a contract",
        EVERYBODY: "customers",
    }
)
_KINDS: Final = (NUMBER, CATEGORY, FLAG)


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


def attributes_of(study: Study, base: str) -> Mapping[str, str]:
    """What customers may be described by, name to type: declared attributes, of holders plan and fee too."""
    own = study.attributes_of("customers") if study.has("customers") else {}
    if base not in (RUNNING, HOLDERS):
        return own
    held = study.table("contracts").columns
    plain = {name: kind for name, kind in (("plan", CATEGORY), ("fee", NUMBER)) if name in held}
    return {**plain, **own, **study.attributes_of("contracts"), **plain}


def attributes_fit_to_group(study: Study, base: str) -> tuple[list[str], list[str]]:
    """Which attributes may make segments of such a base, and which tell how long a contract lasted or that it ended?"""
    names = [name for name, kind in attributes_of(study, base).items() if kind in _KINDS]
    if base not in (RUNNING, HOLDERS):
        return names, []
    spells = build_spells(study)
    held = [name for name in names if name in spells.columns]
    kinds = attributes_of(study, base)
    circular = {
        *find_known_ends(spells, held),
        *find_growing(spells, held),
        *find_end_labels(spells, [name for name in held if kinds[name] != NUMBER]),
    }
    return [name for name in held if name not in circular], [name for name in held if name in circular]


def habits_of(study: Study, base: str) -> ir.Table | None:
    """What customers of the base do beside buying (`build_habits`); None where it would tell who has left."""
    return build_habits(study) if base == RUNNING else None


def name_habits(study: Study, base: str) -> list[str]:
    """The columns of `habits_of`, without the id."""
    table = habits_of(study, base)
    return [] if table is None else [name for name in HABITS if name in table.columns]


def measure_money(study: Study, base: str) -> tuple[ir.Table | None, str]:
    """What is each customer worth so far: customer_id, spend; and whether that is spend, fees a month or not known."""
    if base == BUYERS:
        return build_customer_features(study, sets=("rfm",)).select("customer_id", "spend"), SPEND
    fees = None if base == EVERYBODY else measure_fees(study)
    return (None, NO_MONEY) if fees is None else (fees.select("customer_id", spend=fees.fees), FEES)
