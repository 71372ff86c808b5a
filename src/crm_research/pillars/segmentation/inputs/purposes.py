"""What customers may be grouped by, for each purpose: one row a customer, everything known at as_of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.contracts import TABLES
from crm_research.errors import LeakageError, NotEnoughData, ParameterError, offer_names
from crm_research.features.customers import build_customer_features
from crm_research.features.records import describe_customers
from crm_research.features.window import known_rows
from crm_research.pillars.segmentation.inputs.candidates import Candidate, Offer, offer_compositions
from crm_research.pillars.segmentation.inputs.columns import LEAST_ANSWERED, known_answers, mean_answers
from crm_research.pillars.segmentation.inputs.labels import ALL_ELSE, ANSWER, REST, UNKNOWN
from crm_research.pillars.segmentation.inputs.recipe import Category, Makings, Whole
from crm_research.pillars.segmentation.inputs.shares import SPEND, sum_levels, take_spend
from crm_research.pillars.segmentation.inputs.timing import offer_rhythm, offer_usage
from crm_research.vocabulary import CATEGORY, FLAG, NUMBER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.study import Study

BEHAVIOUR: Final = "behaviour"
PURPOSES: Final = (BEHAVIOUR, "needs", "rhythm", "usage", "attributes", "attitudes")
_MOST_PARTS: Final = 8
_MOST_LEVELS: Final = 8
_LEAST_LEVEL: Final = 0.05
_MOST_ITEMS: Final = 40
_OUTCOMES: Final = frozenset(
    {"holdout_spend", "holdout_orders", "is_repeat", "is_alive", "churn", "churned", "has_left", "left", "is_churned"}
)

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
_NAMED: Final = {name: (words, is_log) for name, words, is_log in CANDIDATES}


def offer_inputs(study: Study, *, purpose: str = BEHAVIOUR, inputs: Sequence[str] | None = None) -> Offer:
    """Which numbers say how customers differ, for this purpose?

    Parameters
    ----------
    study
        Needs orders; order_lines, products, activity_use, surveys, attributes of customers as the purpose asks.
    purpose
        behaviour (recency, frequency, money, breadth); needs (shares of spend by category, brand, channel and at a
        discount); rhythm (when they buy: weekend, part of the day, quarter of the year); usage (how much of each
        activity they use, and when); attributes (declared columns of customers); attitudes (mean answer to each item
        of the surveys, over the scale).
    inputs
        Names of features or attributes, taken instead of those of the purpose.

    Raises
    ------
    ParameterError
        If the purpose or an input is not known.
    LeakageError
        If an input is an outcome: what came after as_of, or how a contract ended.
    NotEnoughData
        If the study does not have what the purpose needs.
    """
    if purpose not in PURPOSES:
        raise ParameterError(f"There is no purpose {purpose!r} of a segmentation. {offer_names(purpose, PURPOSES)}")
    features = build_customer_features(study)
    numbers = [name for name, kind in features.schema().items() if kind.is_numeric()]
    asked = [] if inputs is None else list(dict.fromkeys(inputs))
    if inputs is not None:
        _check_named(study, numbers, asked)
    wanted = [name for name in numbers if name in _NAMED or name == "spend" or name in asked]
    table = features.select("customer_id", *wanted).to_pandas()
    customers = table.sort_values("customer_id", ignore_index=True)
    if inputs is not None:
        return _offer_named(study, customers, asked)
    if purpose == BEHAVIOUR:
        return Offer(customers=customers, candidates=CANDIDATES)
    return _OFFERS[purpose](study, customers)


def _check_named(study: Study, numbers: Sequence[str], names: Sequence[str]) -> None:
    if not names:
        raise ParameterError("inputs must name at least one feature, or be left out.")
    refuse_outcomes(study, names)
    known = [*numbers, *(study.attributes_of("customers") if study.has("customers") else ())]
    for name in names:
        if name not in known:
            raise ParameterError(f"There is no feature {name!r} to group customers by. {offer_names(name, known)}")


def _offer_named(study: Study, customers: pd.DataFrame, names: list[str]) -> Offer:
    described = [name for name in names if name not in customers.columns]
    offered = _offer_attributes(study, customers, described) if described else Offer(customers=customers, candidates=())
    plain = [(name, *_NAMED.get(name, _guess(name, customers[name]))) for name in names if name in customers.columns]
    return replace(offered, candidates=(*plain, *offered.candidates))


def refuse_outcomes(study: Study, names: Sequence[str]) -> None:
    """Raise LeakageError if one of these is what customers did later, or an end that makes the groups circular."""
    later = {column.name for contract in TABLES.values() for column in contract.columns if column.happens_later}
    with_it = {
        column.name
        for contract in TABLES.values()
        for column in contract.columns
        if column.known_with is not None and column.known_with in later
    }
    for name in names:
        if name in _OUTCOMES or name in later or name in with_it or name.startswith("holdout_"):
            raise LeakageError(
                f"{name!r} is an outcome, known only after {study.as_of:%Y-%m-%d} or by the end it describes. Groups "
                "made of it predict it by construction. Take it out of the inputs, and judge the groups by it instead."
            )


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


def _offer_all_attributes(study: Study, customers: pd.DataFrame) -> Offer:
    names = list(study.attributes_of("customers")) if study.has("customers") else []
    if not names:
        raise NotEnoughData(
            "A segmentation by attributes: declared attributes of customers", needed=1, found=0,
            mend="Declare them under tables: customers: attributes: in the study's file.",
        )  # fmt: skip
    refuse_outcomes(study, names)
    return _offer_attributes(study, customers, names)


def _offer_attributes(study: Study, customers: pd.DataFrame, names: Sequence[str]) -> Offer:
    kinds = study.attributes_of("customers")
    said = describe_customers(study, names)
    # Levels as the engine writes them, which is how it finds them again.
    texts = {name: said[name].cast("string") for name in names if kinds.get(name) in (CATEGORY, FLAG)}
    held = said.mutate(**texts).to_pandas()
    joined = customers.merge(held, on="customer_id", how="left", suffixes=("_of_purchases", ""))
    # Customers of whom hardly anything is known would be a group of their own, made of gaps.
    joined = joined[joined[list(names)].notna().mean(axis=1) >= LEAST_ANSWERED].reset_index(drop=True)
    ready: dict[str, NDArray[np.float64]] = {}
    candidates: list[Candidate] = []
    columns = {}
    categories = []
    for name in names:
        if kinds.get(name) == NUMBER:
            candidates.append((name, *_guess(name, joined[name])))
        elif kinds.get(name) in (CATEGORY, FLAG):
            levels = spread_levels(joined[name])
            known = tuple(None if level == REST else level for level in levels)
            categories.append(
                Category(attribute=name, levels=known, inputs=tuple(f"{name} {level}" for level in levels))
            )
            total = float(np.sqrt(sum(column.var() for column in levels.values()))) or 1.0
            for level, column in levels.items():
                label = f"{name} {level}"
                columns[label] = column
                ready[label] = (column - column.mean()) / total
                candidates.append((label, f"{name.replace('_', ' ')}: {level}", False))
    joined = joined.drop(columns=[name for name in names if kinds.get(name) != NUMBER])
    numbers = tuple(name for name in names if kinds.get(name) == NUMBER)
    makings = Makings(attributes=numbers, categories=tuple(categories), described=tuple(names))
    return Offer(
        customers=joined.assign(**columns),
        candidates=tuple(candidates),
        n_left_out=len(customers) - len(joined),
        ready=ready,
        makings=makings,
    )


def spread_levels(values: pd.Series) -> dict[str, NDArray[np.float64]]:
    """A column of 0 and 1 for each of the most frequent levels; rare ones, and those beyond eight, are pooled."""
    said = values.astype("string").fillna(UNKNOWN)
    shares = said.value_counts(normalize=True)
    kept = [str(level) for level in shares.index[shares >= _LEAST_LEVEL]][:_MOST_LEVELS]
    columns = {level: np.asarray(said == level, dtype=np.float64) for level in kept}
    rest = np.asarray(~said.isin(kept), dtype=np.float64)
    return columns if not rest.any() else {**columns, REST: rest}


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
        makings=Makings(items=named),
    )


def _guess(name: str, values: pd.Series) -> tuple[str, bool]:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    is_log = len(numbers) > 0 and numbers.min() >= 0 and numbers.max() > 1 and _is_skewed(numbers)
    return name.replace("_", " "), is_log


def _is_skewed(numbers: NDArray[np.float64]) -> bool:
    low, middle, high = np.quantile(numbers, [0.05, 0.5, 0.95])
    return bool(high - middle > 2 * (middle - low))


_OFFERS: Final[Mapping[str, Callable[[Study, pd.DataFrame], Offer]]] = {
    "needs": _offer_needs,
    "rhythm": offer_rhythm,
    "usage": offer_usage,
    "attributes": _offer_all_attributes,
    "attitudes": _offer_attitudes,
}
