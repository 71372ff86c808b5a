"""Customers counted by history and by what was known of them at their first purchase."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.features.customers import build_customers
from crm_research.features.kept import keep_table
from crm_research.features.purchases import build_purchases, keep_dealings
from crm_research.features.rfm import build_rfm
from crm_research.features.window import known_rows
from crm_research.pillars.silent_churn.counting import PATTERN
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

FIRST_CHANNEL: Final = "first_channel"
FIRST_STORE: Final = "first_store"
FIRST_SPEND: Final = "first_purchase_value"
FIRST_SEEN: Final = "first_seen"
SEEN_EARLY, SEEN_LATER = "as the records began", "later"
_KINDS: Final = ("category", "flag", "number")
_CUTS: Final = (0.25, 0.5, 0.75)


@step
def known_covariates(study: Study) -> list[str]:
    """What is known of a customer from his first purchase on?

    Returns
    -------
    list of str
        ``kind`` and the declared attributes of customers (categories, flags, numbers), then ``first_channel``,
        ``first_store`` and ``first_purchase_value`` (of the first day), as far as the study has them.
    """
    names = []
    if study.has("customers"):
        held = study.table("customers").columns
        declared = [name for name, kind in study.attributes_of("customers").items() if kind in _KINDS]
        names = [name for name in dict.fromkeys(("kind", *declared)) if name in held]
    orders = study.table("orders").columns
    names += [
        name
        for name, column in ((FIRST_CHANNEL, "channel"), (FIRST_STORE, "store"), (FIRST_SPEND, "revenue"))
        if column in orders
    ]
    return [name for name in names if name not in (*PATTERN, "customer_id", "n_customers")]


def build_kinds(study: Study, covariates: Sequence[str], *, old_from_age_days: float | None = None) -> ir.Table:
    """What was each customer like, beside his history?

    Parameters
    ----------
    covariates
        Names of `known_covariates`. A number comes as the quarter of the customers it belongs to.
    old_from_age_days
        Customers known for so long were won before the records begin; adds the column ``first_seen``.

    Returns
    -------
    ibis table
        One customer with a purchase: customer_id, frequency, recency_days, age_days and the covariates as text.

    Raises
    ------
    ParameterError
        For a covariate that is not known.

    Notes
    -----
    Attributes are read as the customers' table has them now; one that changes on the way (a status, a tier) is no
    covariate here.
    """
    known = known_covariates(study)
    for name in covariates:
        if name not in known:
            raise ParameterError(f"No covariate {name!r} is known of customers. {offer_names(name, known)}")
    # Asked a handful of questions (levels, cuts, counts), so joined once.
    people = keep_table(study, ("kinds", *covariates), lambda: _read_people(study, covariates))
    numbers = [name for name in covariates if people[name].type().is_numeric()]
    people = _band(people, numbers)
    texts = {name: people[name].cast("string") for name in covariates}
    if old_from_age_days is not None:
        is_old = people.age_days >= float(old_from_age_days)
        texts[FIRST_SEEN] = is_old.ifelse(ibis.literal(SEEN_EARLY), ibis.literal(SEEN_LATER))
    return people.mutate(**texts)


def _read_people(study: Study, covariates: Sequence[str]) -> ir.Table:
    """One customer with a purchase: customer_id, his history and the covariates as they are."""
    people = build_rfm(study, occasion="day").select("customer_id", *PATTERN)
    of_table = [name for name in covariates if name not in (FIRST_CHANNEL, FIRST_STORE, FIRST_SPEND)]
    if of_table:
        people = _join(people, build_customers(study).select("customer_id", *of_table))
    of_first = [name for name in covariates if name not in of_table]
    if of_first:
        people = _join(people, _first_purchases(study).select("customer_id", *of_first))
    return people


def count_kinds(people: ir.Table, covariates: Sequence[str]) -> pd.DataFrame:
    """How many customers share each history and kind? One row per combination: patterns, covariates, n_customers."""
    columns = [*PATTERN, *covariates]
    counted: pd.DataFrame = people.group_by(columns).agg(n_customers=people.count()).order_by(columns).to_pandas()
    return counted.astype({"recency_days": float, "age_days": float})


def number_levels(people: ir.Table, covariates: Sequence[str]) -> dict[str, int]:
    """How many levels has each covariate, those that are not known left out?"""
    if not covariates:
        return {}
    found = people.agg(**{name: people[name].nunique() for name in covariates}).to_pyarrow().to_pylist()[0]
    return {name: int(found[name]) for name in covariates}


def count_levels(people: ir.Table, covariates: Sequence[str]) -> pd.DataFrame:
    """How many customers are there of each kind, one-time buyers (``frequency`` 0) and repeaters (1) apart?"""
    dated = people.mutate(frequency=(people.frequency > 0).ifelse(1, 0))
    columns = [*covariates, "frequency"]
    counted: pd.DataFrame = dated.group_by(columns).agg(n_customers=dated.count()).order_by(columns).to_pandas()
    return counted


def _first_purchases(study: Study) -> ir.Table:
    """One customer: channel and store of the first order (the first by name, where several are as early), its value."""
    days = build_purchases(study, occasion="day").select("customer_id", "ordered_at", "revenue")
    first = days.group_by("customer_id").agg(first_at=days.ordered_at.min())
    opening = days.inner_join(first, "customer_id")
    found = opening.filter(opening.ordered_at == opening.first_at).select("customer_id", **{FIRST_SPEND: "revenue"})
    dealings = keep_dealings(known_rows(study, "orders"))
    sales = dealings.filter(dealings.is_sale)
    places = {name: column for name, column in ((FIRST_CHANNEL, "channel"), (FIRST_STORE, "store")) if column in sales}
    if not places:
        return found
    earliest = sales.group_by("customer_id").agg(earliest_at=sales.ordered_at.min())
    opened = sales.inner_join(earliest, "customer_id")
    opened = opened.filter(opened.ordered_at == opened.earliest_at)
    where = opened.group_by("customer_id").agg(**{name: opened[column].min() for name, column in places.items()})
    return _join(found, where)


def _band(people: ir.Table, numbers: Sequence[str]) -> ir.Table:
    """Numbers as quarters of the customers, named by their ends; fewer where many share a value."""
    if not numbers:
        return people
    asked = {f"{name}_{cut}": people[name].quantile(cut) for name in numbers for cut in _CUTS}
    found = people.agg(**asked).to_pyarrow().to_pylist()[0]
    banded = {}
    for name in numbers:
        cuts = sorted({float(found[f"{name}_{cut}"]) for cut in _CUTS if found[f"{name}_{cut}"] is not None})
        if not cuts:
            banded[name] = ibis.null("string")
            continue
        text = [f"up to {_say(cuts[0])}"]
        text += [f"over {_say(low)} to {_say(high)}" for low, high in pairwise(cuts)]
        branches = [(people[name] <= cut, words) for cut, words in zip(cuts, text, strict=True)]
        banded[name] = ibis.cases(*branches, (people[name] > cuts[-1], f"over {_say(cuts[-1])}"), else_=None)
    return people.mutate(**banded)


def _say(cut: float) -> str:
    return f"{cut:,.0f}" if abs(cut) >= 1_000 else f"{cut:.4g}"


def _join(people: ir.Table, described: ir.Table) -> ir.Table:
    return people.left_join(described, "customer_id").drop("customer_id_right")
