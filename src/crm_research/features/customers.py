"""Everybody we know, and one row of features for each purchaser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.contracts import LINKS, PEOPLE, RELATIONS, TABLES
from crm_research.errors import ParameterError, StudyError, offer_names
from crm_research.features.basket import build_basket
from crm_research.features.purchases import Occasion
from crm_research.features.records import describe_customers
from crm_research.features.rfm import build_rfm
from crm_research.features.rhythm import build_rhythm
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

_Builder = Callable[["Study", Occasion], "ir.Table"]
_SETS: Final[Mapping[str, _Builder]] = MappingProxyType(
    {
        "rfm": lambda study, occasion: build_rfm(study, occasion=occasion),
        "rhythm": lambda study, occasion: build_rhythm(study, occasion=occasion),
        "basket": lambda study, occasion: build_basket(study),  # noqa: ARG005 - what was bought has no occasion
    }
)


def tables_naming_customers(study: Study) -> list[str]:
    """Which tables of the study say whom their rows are about? None does where all there is are anonymous answers."""
    named = [
        name
        for name, contract in TABLES.items()
        # Links, relations and people say who is who, and not that anybody is a customer at as_of.
        if study.has(name) and name not in {LINKS, RELATIONS, PEOPLE} and "customer_id" in contract.column_names
    ]
    return [name for name in named if "customer_id" in study.table(name).columns]


def build_customers(study: Study) -> ir.Table:
    """Whom do we know at as_of, and from which records?

    Parameters
    ----------
    study
        Needs any table with a customer_id.

    Returns
    -------
    ibis table
        One customer: customer_id; in_customers, in_orders, in_contracts ... (is there a row at as_of?), one for each
        such table the study has; kind and registered_at, where the study has them, and the declared attributes of
        customers, empty for those who are not in that table.

    Raises
    ------
    StudyError
        If no table of the study names customers.
    """
    named = tables_naming_customers(study)
    if not named:
        raise StudyError(f"No table of study {study.name!r} names customers. Map one with a customer_id in its file.")
    seen = reduce(ibis.union, (_ids_of(study, name, named) for name in named))
    people = seen.group_by("customer_id").agg(**{f"in_{name}": seen[f"in_{name}"].any() for name in named})
    if not study.has("customers"):
        return people
    described = describe_customers(study, ("kind", "registered_at", *study.attributes_of("customers")))
    return people.left_join(described, "customer_id").drop("customer_id_right")


def build_customer_features(
    study: Study, *, sets: Sequence[str] = ("rfm", "rhythm", "basket"), occasion: Occasion = "order"
) -> ir.Table:
    """Everything the features know of each purchaser, in one row.

    Parameters
    ----------
    study
        Needs orders.
    sets
        Which of rfm, rhythm and basket, in the order of their columns.
    occasion
        What one purchase is, as in `build_rfm`.

    Returns
    -------
    ibis table
        One customer with at least one purchase at as_of, by customer_id, so that what is drawn from them by a seed
        is the same every time: customer_id and the columns of the sets.
    """
    if not sets:
        raise ParameterError(f"At least one set of features must be named. {offer_names('', _SETS)}")
    for name in sets:
        if name not in _SETS:
            raise ParameterError(f"There is no set of features {name!r}. {offer_names(name, _SETS)}")
    first, *others = (_SETS[name](study, occasion) for name in dict.fromkeys(sets))
    joined = first
    for other in others:
        joined = joined.left_join(other, "customer_id").drop("customer_id_right")
    return joined.order_by("customer_id")


def _ids_of(study: Study, table: str, named: Sequence[str]) -> ir.Table:
    rows = known_rows(study, table)
    ids = rows.filter(rows.customer_id.notnull()).select("customer_id").distinct()
    return ids.mutate(**{f"in_{name}": ibis.literal(name == table) for name in named})
