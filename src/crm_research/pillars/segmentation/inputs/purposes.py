"""What customers may be grouped by, for each purpose: one row a customer, everything known at as_of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.common_tables import asked_by_many
from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.features.answers import known_answers
from crm_research.features.basket import build_basket
from crm_research.features.customers import build_customer_features
from crm_research.features.holders import HABITS
from crm_research.features.window import known_rows
from crm_research.pillars.segmentation.inputs.attributes import (
    find_outcomes,
    guess_scale,
    offer_attributes,
    refuse_circular,
    refuse_outcomes,
)
from crm_research.pillars.segmentation.inputs.base import (
    BUYERS,
    SPEND,
    WORTH,
    attributes_fit_to_group,
    attributes_of,
    choose_base,
    find_circular_attributes,
    habits_of,
    list_members,
    measure_money,
    name_habits,
)
from crm_research.pillars.segmentation.inputs.candidates import Candidate, Offer, offer_compositions
from crm_research.pillars.segmentation.inputs.columns import mean_answers
from crm_research.pillars.segmentation.inputs.labels import ALL_ELSE, ANSWER
from crm_research.pillars.segmentation.inputs.recipe import Recipe, Whole
from crm_research.pillars.segmentation.inputs.shares import sum_levels, take_spend
from crm_research.pillars.segmentation.inputs.timing import offer_rhythm, offer_usage
from crm_research.steps import step
from crm_research.vocabulary import CATEGORY

if TYPE_CHECKING:
    from crm_research.study import Study

BEHAVIOUR: Final = "behaviour"
USAGE: Final = "usage"
CONTRACTS: Final = "contracts"
ATTRIBUTES: Final = "attributes"
ATTITUDES: Final = "attitudes"
PURPOSES: Final = (BEHAVIOUR, "needs", "rhythm", USAGE, CONTRACTS, ATTRIBUTES, ATTITUDES)
TELLS_THE_END: Final = "not used: it tells how long a contract lasted, or that it ended"
_MOST_PARTS: Final = 8
_MOST_ITEMS: Final = 40

# In the order in which they are preferred: where two rank customers alike, the later one is left out.
CANDIDATES: Final[tuple[Candidate, ...]] = (
    ("days_since_last", "days since the last purchase", True),
    ("n_orders", "number of purchases", True),
    ("mean_order_value", "money per purchase", True),
    ("discount_share", "discount on the full price", False),
    ("own_brand_share", "share of own brands", False),
    ("cv_gap", "irregularity of purchases", True),
    ("n_categories", "different categories bought", True),
    ("n_products", "different products bought", True),
)
_HABIT_WORDS: Final = ("contacts a month", "complaints a month", "mean answer in surveys")
_NAMED: Final = {name: (words, is_log) for name, words, is_log in CANDIDATES} | {
    name: (words, False) for name, words in zip(HABITS, _HABIT_WORDS, strict=True)
}


@step
def choose_purpose(study: Study) -> str:
    """What can customers of this study be grouped for: how they buy, else what they hold, who they are, what they say?

    Raises
    ------
    NotEnoughData
        If the records carry no purpose at all.
    """
    if study.has("orders"):
        return BEHAVIOUR
    if study.has("contracts"):
        return CONTRACTS
    if study.has("customers") and study.attributes_of("customers"):
        return ATTRIBUTES
    if study.has("surveys") and "customer_id" in study.table("surveys").columns:
        return ATTITUDES
    if study.has("activity_use"):
        return USAGE
    raise NotEnoughData(
        "A segmentation: orders, contracts, attributes of customers, surveys that name customers, or use of activities",
        needed=1, found=0, mend="Map one of them in the study's file.",
    )  # fmt: skip


@step
def offer_inputs(study: Study, *, purpose: str | None = None, inputs: Sequence[str] | None = None) -> Offer:
    """Which numbers say how customers differ, for this purpose?

    Parameters
    ----------
    study
        Needs orders, contracts, attributes of customers, surveys, or activity_use, as the purpose asks.
    purpose
        behaviour (recency, frequency, money, breadth); needs (shares of spend by category, brand, channel and at a
        discount); rhythm (when they buy: weekend, part of the day, quarter of the year); usage (how much of each
        activity they use, and when); contracts (plan, fee and attributes of the contract and of its holder, and where
        a holdout is kept how often they get in touch and what they answer); attributes (declared columns of customers);
        attitudes (mean answer to each item of the surveys, over the scale). None takes the first that the records
        carry (`choose_purpose`).
    inputs
        Names of features or attributes, taken instead of those of the purpose.

    Raises
    ------
    ParameterError
        If the purpose or an input is not known.
    LeakageError
        If a named input is an outcome (what came after as_of, or how a contract ended), or tells one.
    NotEnoughData
        If the study does not have what the purpose needs.
    """
    asked = choose_purpose(study) if purpose is None else purpose
    _check_purpose(asked)
    base = choose_base(study, of_contracts=asked == CONTRACTS and inputs is None)
    if base != BUYERS:
        return _offer_others(study, base, asked, inputs)
    # What was bought is read again by whoever looks back from the segments: it stands on the shelf from the first.
    asked_by_many(build_basket(study), is_dear=True)
    features = build_customer_features(study)
    numbers = [name for name, kind in features.schema().items() if kind.is_numeric()]
    names = [] if inputs is None else list(dict.fromkeys(inputs))
    if inputs is not None:
        _check_named(study, [*numbers, *attributes_of(study, BUYERS)], names)
    wanted = [name for name in numbers if name in _NAMED or name == SPEND or name in names]
    table = features.select("customer_id", *wanted).to_pandas()
    customers = table.assign(**{WORTH: table[SPEND]}).sort_values("customer_id", ignore_index=True)
    if inputs is not None:
        return _offer_named(study, customers, names, BUYERS)
    if asked == BEHAVIOUR:
        return Offer(customers=customers, candidates=CANDIDATES)
    return _OFFERS[asked](study, customers)


@step
def check_asked(study: Study, *, purpose: str | None, inputs: Sequence[str] | None) -> None:
    """Refuse a purpose that the records do not carry, or an input that they do not hold, before anything is read.

    Raises
    ------
    ParameterError, LeakageError, NotEnoughData
        As `offer_inputs` does.
    """
    asked = choose_purpose(study) if purpose is None else purpose
    _check_purpose(asked)
    base = choose_base(study, of_contracts=asked == CONTRACTS and inputs is None)
    if inputs is None:
        _check_carried(study, asked)
    elif base == BUYERS:
        numbers = [name for name, kind in build_customer_features(study).schema().items() if kind.is_numeric()]
        _check_named(study, [*numbers, *attributes_of(study, BUYERS)], list(inputs))
    else:
        _check_named(study, [*name_habits(study, base), *attributes_of(study, base)], list(inputs))


def _check_purpose(asked: str) -> None:
    if asked not in PURPOSES:
        raise ParameterError(f"There is no purpose {asked!r} of a segmentation. {offer_names(asked, PURPOSES)}")


def _check_carried(study: Study, purpose: str) -> None:
    needed = {BEHAVIOUR: "orders", "needs": "orders", "rhythm": "orders", CONTRACTS: "contracts"}.get(purpose)
    if needed is not None and not study.has(needed):
        raise NotEnoughData(
            f"A segmentation by {purpose}: {needed}", needed=1, found=0,
            mend=f"Ask for a purpose that these records carry, such as {choose_purpose(study)}, or for none.",
        )  # fmt: skip


def _offer_others(study: Study, base: str, purpose: str, inputs: Sequence[str] | None) -> Offer:
    """What customers may be grouped by where they are no buyers."""
    if inputs is None:
        _check_carried(study, purpose)
    customers, money = take_members(study, base)
    if inputs is not None:
        names = list(dict.fromkeys(inputs))
        _check_named(study, [*name_habits(study, base), *attributes_of(study, base)], names)
        refuse_circular(names, find_circular_attributes(study, base))
        return replace(_offer_named(study, _add_habits(study, base, customers), names, base), money=money)
    if purpose == CONTRACTS:
        offer = _offer_contracts(study, _add_habits(study, base, customers), base)
    elif purpose == ATTRIBUTES:
        offer = _offer_all_attributes(study, customers, base)
    elif purpose == USAGE:
        offer = offer_usage(study, customers)
    else:
        offer = _offer_attitudes(study, customers)
    return replace(offer, money=money, recipe=replace(offer.recipe, base=base))


@step
def take_members(study: Study, base: str) -> tuple[pd.DataFrame, str]:
    """customer_id and `WORTH` (what the customer is worth so far, in the money that is named; else empty), by id."""
    table, money = measure_money(study, base)
    members = list_members(study, base).to_pandas().sort_values("customer_id", ignore_index=True)
    if table is None:
        return members.assign(**{WORTH: np.nan}), money
    joined = members.merge(table.to_pandas(), on="customer_id", how="left")
    return joined.assign(**{WORTH: joined[WORTH].astype(float)}), money


def _add_habits(study: Study, base: str, customers: pd.DataFrame) -> pd.DataFrame:
    table = habits_of(study, base)
    return customers if table is None else customers.merge(table.to_pandas(), on="customer_id", how="left")


def _check_named(study: Study, known: Sequence[str], names: Sequence[str]) -> None:
    if not names:
        raise ParameterError("inputs must name at least one feature, or be left out.")
    refuse_outcomes(study, names)
    for name in names:
        if name not in known:
            raise ParameterError(f"There is no feature {name!r} to group customers by. {offer_names(name, known)}")


def _offer_named(study: Study, customers: pd.DataFrame, names: list[str], base: str) -> Offer:
    described = [name for name in names if name not in customers.columns]
    offered = Offer(customers=customers, candidates=(), recipe=Recipe(base=base))
    if described:
        offered = offer_attributes(study, customers, described, base)
    plain = [
        (name, *_NAMED.get(name, guess_scale(name, customers[name]))) for name in names if name in customers.columns
    ]
    return replace(offered, candidates=(*plain, *offered.candidates))


def _offer_contracts(study: Study, customers: pd.DataFrame, base: str) -> Offer:
    names, refused = _tell_fit(study, base, list(attributes_of(study, base)))
    habits = tuple((name, *_NAMED[name]) for name in HABITS if name in customers.columns and name not in names)
    if not names and not habits:
        raise NotEnoughData(
            "A segmentation by contracts: plan, fee or attributes of contracts or customers", needed=1, found=0,
            mend="Map or declare them in the study's file.",
        )  # fmt: skip
    offer = offer_attributes(study, customers, names, base) if names else Offer(customers=customers, candidates=())
    return replace(offer, candidates=(*offer.candidates, *habits), refused=refused)


def _offer_all_attributes(study: Study, customers: pd.DataFrame, base: str = BUYERS) -> Offer:
    declared = list(study.attributes_of("customers")) if study.has("customers") else []
    names, refused = _tell_fit(study, base, declared)
    if not names:
        raise NotEnoughData(
            "A segmentation by attributes: declared attributes of customers", needed=1, found=0,
            mend="Declare them under tables: customers: attributes: in the study's file.",
        )  # fmt: skip
    return replace(offer_attributes(study, customers, names, base), refused=refused)


def _tell_fit(study: Study, base: str, names: Sequence[str]) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Those of these attributes that may make segments; and the others, each with why it may not."""
    fit, circular = attributes_fit_to_group(study, base)
    outcomes = find_outcomes(names)
    kept = [name for name in names if name in fit and name not in outcomes]
    refused = dict.fromkeys(circular, TELLS_THE_END)
    refused |= dict.fromkeys(outcomes, "not used: it is an outcome")
    return kept, tuple((name, refused[name]) for name in names if name in refused)


def _offer_needs(study: Study, customers: pd.DataFrame) -> Offer:
    what = "shares of spend: categories, brands, channels or discounts"
    frames = [_spend_by(study, column) for column in _need_columns(study)]
    discounts = [name for name in ("discount_share",) if name in customers and customers[name].notna().any()]
    if discounts and not any(len(whole.parts) > 1 for whole, _ in frames):
        return Offer(customers=customers, candidates=tuple((name, *_NAMED[name]) for name in discounts))
    offer = offer_compositions(customers, frames, what)
    more = tuple((name, *_NAMED[name]) for name in discounts)
    return replace(offer, candidates=(*offer.candidates, *more))


def _need_columns(study: Study) -> list[str]:
    columns = []
    if study.has("order_lines") and study.has("products"):
        held = study.table("products").columns
        kinds = study.attributes_of("products")
        grouped = [name for name in ("category", *kinds) if name in held and kinds.get(name, CATEGORY) == CATEGORY]
        if grouped:
            levels = _count_levels(study, grouped)
            coarse = [name for name in grouped if levels[name] > 2] or grouped
            columns.append(min(coarse, key=lambda name: levels[name]))
        columns += [name for name in ("is_own_brand",) if name in held]
    columns += [name for name in ("channel",) if name in study.table("orders").columns]
    return columns


def _count_levels(study: Study, names: Sequence[str]) -> dict[str, int]:
    products = known_rows(study, "products")
    found = products.agg(**{name: products[name].nunique() for name in names}).to_pyarrow().to_pylist()[0]
    return {name: int(found[name]) for name in names}


def _spend_by(study: Study, column: str) -> tuple[Whole, pd.DataFrame]:
    """Spend by the largest levels of a column, the rest as one more part where there is any, and its amounts."""
    rows = take_spend(study, column)
    largest = rows.group_by("level").agg(money=rows.amount.sum()).order_by(ibis.desc("money"), "level")
    levels = largest.limit(_MOST_PARTS).to_pandas()["level"].tolist()
    names = (*(_name_part(column, level) for level in levels), _name_part(column, ALL_ELSE))
    whole = Whole(of=SPEND, by=column, parts=names, levels=(*levels, None))
    frame = pd.DataFrame(sum_levels(rows, whole).to_pandas().dropna(axis="columns", how="all"))
    return whole.keep([name in frame for name in names]), frame


def _name_part(column: str, level: str) -> str:
    if column == "is_own_brand":
        return {"true": "spend on own brands", "false": "spend on other brands"}.get(
            level.lower(), f"spend on {level} brands"
        )
    return f"spend on {level}" if column != "channel" else f"spend through {level}"


def _offer_attitudes(study: Study, customers: pd.DataFrame) -> Offer:
    if not study.has("surveys") or "customer_id" not in study.table("surveys").columns:
        raise NotEnoughData("A segmentation by attitudes: surveys with customer_id", needed=1, found=0)
    rows = known_answers(study)
    counts = rows.group_by("item").agg(n=rows.count()).order_by(ibis.desc("n"), "item")
    items = counts.limit(_MOST_ITEMS).to_pandas()["item"].tolist()
    if not items:
        raise NotEnoughData("A segmentation by attitudes: answers", needed=1, found=0)
    named = {ANSWER + item: item for item in items}
    joined = customers.merge(mean_answers(rows, named).to_pandas(), on="customer_id", how="inner")
    candidates = tuple((name, name.replace("_", " "), False) for name in named)
    return Offer(
        customers=joined.reset_index(drop=True),
        candidates=candidates,
        n_left_out=len(customers) - len(joined),
        recipe=Recipe(items=named),
    )


_OFFERS: Final[Mapping[str, Callable[[Study, pd.DataFrame], Offer]]] = {
    "needs": _offer_needs,
    "rhythm": offer_rhythm,
    "usage": offer_usage,
    "attributes": _offer_all_attributes,
    "attitudes": _offer_attitudes,
}
