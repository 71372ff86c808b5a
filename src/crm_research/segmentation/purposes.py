"""What customers may be grouped by, for each purpose: one row a customer, everything known at as_of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.contracts import TABLES
from crm_research.errors import LeakageError, NotEnoughData, ParameterError, offer_names
from crm_research.features.customers import build_customer_features
from crm_research.features.purchases import build_purchases, keep_dealings
from crm_research.features.records import describe_customers
from crm_research.features.window import known_rows
from crm_research.segmentation.compositions import centre_log_ratios, replace_zeros, scale_composition
from crm_research.vocabulary import CATEGORY, FLAG, NUMBER

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from crm_research.study import Study

BEHAVIOUR: Final = "behaviour"
PURPOSES: Final = (BEHAVIOUR, "needs", "rhythm", "attributes", "attitudes")
_MOST_PARTS: Final = 8
_MOST_LEVELS: Final = 8
_LEAST_LEVEL: Final = 0.05
_MOST_ITEMS: Final = 40
_OUTCOMES: Final = frozenset(
    {"holdout_spend", "holdout_orders", "is_repeat", "is_alive", "churn", "churned", "has_left", "left", "is_churned"}
)

Candidate = tuple[str, str, bool]
# Name, words, and whether it is taken on a logarithmic scale. In the order in which they are preferred: where two
# rank customers alike, the later one is left out.
CANDIDATES: Final[tuple[Candidate, ...]] = (
    ("days_since_last", "days since the last purchase", True),
    ("n_orders", "number of purchases", True),
    ("mean_order_value", "money per purchase", True),
    ("discount_share", "share bought at a discount", False),
    ("own_brand_share", "share of own brands", False),
    ("cv_gap", "irregularity of purchases", True),
    ("n_categories", "different categories bought", True),
    ("n_products", "different products bought", True),
)
_NAMED: Final = {name: (words, is_log) for name, words, is_log in CANDIDATES}


@dataclass(frozen=True, eq=False, kw_only=True)
class Offer:
    """What may serve as inputs.

    Parameters
    ----------
    customers
        One customer, by customer_id: the purchase features and every candidate in its own units, gaps left empty.
    candidates
        name, words, is it taken on a logarithmic scale.
    ready
        Candidates that are already on the scale on which they are compared (parts of a whole, levels of a category).
    """

    customers: pd.DataFrame
    candidates: tuple[Candidate, ...]
    ready: Mapping[str, NDArray[np.float64]] = field(default_factory=lambda: MappingProxyType({}))


def offer_inputs(study: Study, *, purpose: str = BEHAVIOUR, inputs: Sequence[str] | None = None) -> Offer:
    """Which numbers say how customers differ, for this purpose?

    Parameters
    ----------
    study
        Needs orders; order_lines, products, surveys, attributes of customers as the purpose asks.
    purpose
        behaviour (recency, frequency, money, breadth); needs (shares of spend by category, brand, channel and at a
        discount); rhythm (when they buy: weekend, part of the day, quarter of the year); attributes (declared columns
        of customers); attitudes (mean answer to each item of the surveys, over the scale).
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
    return Offer(customers=offered.customers, candidates=(*plain, *offered.candidates), ready=offered.ready)


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
                "made of it foretell it by construction. Take it out of the inputs, and judge the groups by it instead."
            )


def _offer_needs(study: Study, customers: pd.DataFrame) -> Offer:
    frames = [_spend_by(study, column) for column in _need_columns(study)]
    return _offer_compositions(customers, frames, "shares of spend: categories, brands, channels or discounts")


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


def _spend_by(study: Study, column: str) -> pd.DataFrame:
    """One customer: customer_id and spend by the largest levels of a column, the rest as other."""
    orders = keep_dealings(known_rows(study, "orders"))
    sales = orders.filter(orders.is_sale)
    rows = sales
    if column != "channel":
        dated = sales.select("order_id", "customer_id").distinct()
        products = known_rows(study, "products")
        what = products.group_by("product_id").agg(**{column: products[column].max()})
        rows = study.table("order_lines").inner_join(dated, "order_id")
        rows = rows.drop(column) if column in rows.columns else rows
        rows = rows.left_join(what, "product_id").drop("product_id_right")
    level = rows[column].cast("string").fill_null("unknown")
    rows = rows.select("customer_id", "revenue", level=level)
    largest = rows.group_by("level").agg(money=rows.revenue.sum()).order_by(ibis.desc("money"), "level")
    levels = largest.limit(_MOST_PARTS).to_pandas()["level"].tolist()
    parts: dict[str, ir.Value] = {
        _name_part(column, name): rows.revenue.sum(where=rows.level == name) for name in levels
    }
    parts[_name_part(column, "other")] = rows.revenue.sum(where=~rows.level.isin(levels))
    frame = rows.group_by("customer_id").agg(**parts).to_pandas()
    return pd.DataFrame(frame.dropna(axis="columns", how="all"))


def _name_part(column: str, level: str) -> str:
    if column == "is_own_brand":
        return {"true": "spend on own brands", "false": "spend on other brands"}.get(level.lower(), f"brands: {level}")
    return f"spend on {level}" if column != "channel" else f"spend through {level}"


def _offer_rhythm(study: Study, customers: pd.DataFrame) -> Offer:
    purchases = build_purchases(study).select("customer_id", "ordered_at")
    at = purchases.ordered_at
    is_weekend, hour, month = at.day_of_week.index() >= 5, at.hour(), at.month()
    clocks = [
        {"weekdays": ~is_weekend, "weekends": is_weekend},
        {
            name: (hour >= start) & (hour < start + 6)
            for name, start in (("nights", 0), ("mornings", 6), ("afternoons", 12), ("evenings", 18))
        },
    ]
    first, last = purchases.agg(first=at.min(), last=at.max()).to_pandas().iloc[0]
    if (last - first).days >= 365:
        clocks.append({f"quarter {q + 1}": (month - 1) // 3 == q for q in range(4)})
    frames = [
        purchases.group_by("customer_id")
        .agg(**{f"purchases on {name}" if "q" not in name else f"purchases in {name}": is_then.sum().cast("float64")
                for name, is_then in clock.items()})
        .to_pandas()
        for clock in clocks
    ]  # fmt: skip
    return _offer_compositions(customers, frames, "purchases by day, hour and season")


def _offer_compositions(customers: pd.DataFrame, frames: list[pd.DataFrame], what: str) -> Offer:
    ready: dict[str, NDArray[np.float64]] = {}
    joined = customers
    for frame in frames:
        parts = [name for name in frame.columns if name != "customer_id"]
        amounts = customers[["customer_id"]].merge(frame, on="customer_id", how="left")[parts].to_numpy(dtype=float)
        held = np.nansum(np.maximum(amounts, 0.0), axis=0) > 0
        if held.sum() < 2:
            continue
        names = [f"share of {name}" for name, is_held in zip(parts, held, strict=True) if is_held]
        amounts = np.maximum(np.nan_to_num(amounts[:, held]), 0.0)
        ratios = centre_log_ratios(replace_zeros(amounts, customers["n_orders"].to_numpy(dtype=float)))
        ready |= dict(zip(names, scale_composition(ratios).T, strict=True))
        totals = amounts.sum(axis=1, keepdims=True)
        shares = np.divide(amounts, totals, out=np.full_like(amounts, np.nan), where=totals > 0)
        joined = joined.join(pd.DataFrame(shares, columns=names))
    if not ready:
        raise NotEnoughData(f"A segmentation by {what}", needed=2, found=0, mend="The study has no parts to compare.")
    return Offer(customers=joined, candidates=tuple((name, name, False) for name in ready), ready=ready)


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
    held = describe_customers(study, names).to_pandas()
    joined = customers.merge(held, on="customer_id", how="left", suffixes=("_of_purchases", ""))
    ready: dict[str, NDArray[np.float64]] = {}
    candidates: list[Candidate] = []
    columns = {}
    for name in names:
        if kinds.get(name) == NUMBER:
            candidates.append((name, *_guess(name, joined[name])))
        elif kinds.get(name) in (CATEGORY, FLAG):
            levels = spread_levels(joined[name])
            total = float(np.sqrt(sum(column.var() for column in levels.values()))) or 1.0
            for level, column in levels.items():
                label = f"{name} {level}"
                columns[label] = column
                ready[label] = (column - column.mean()) / total
                candidates.append((label, f"{name.replace('_', ' ')}: {level}", False))
    joined = joined.drop(columns=[name for name in names if kinds.get(name) != NUMBER])
    return Offer(customers=joined.assign(**columns), candidates=tuple(candidates), ready=ready)


def spread_levels(values: pd.Series) -> dict[str, NDArray[np.float64]]:
    """A column of 0 and 1 for each of the most frequent levels; rare ones, and those beyond eight, are pooled."""
    said = values.astype("string").fillna("unknown")
    shares = said.value_counts(normalize=True)
    kept = [str(level) for level in shares.index[shares >= _LEAST_LEVEL]][:_MOST_LEVELS]
    columns = {level: np.asarray(said == level, dtype=np.float64) for level in kept}
    rest = np.asarray(~said.isin(kept), dtype=np.float64)
    return columns if not rest.any() else {**columns, "any other": rest}


def _offer_attitudes(study: Study, customers: pd.DataFrame) -> Offer:
    if not study.has("surveys") or "customer_id" not in study.table("surveys").columns:
        raise NotEnoughData("A segmentation by attitudes: surveys with customer_id", needed=1, found=0)
    rows = known_rows(study, "surveys")
    rows = rows.filter(rows.customer_id.notnull(), rows.score >= rows.scale_min, rows.score <= rows.scale_max)  # noqa: PD004
    rows = rows.mutate(share=(rows.score - rows.scale_min) / (rows.scale_max - rows.scale_min).nullif(0.0))
    counts = rows.group_by("item").agg(n=rows.count()).order_by(ibis.desc("n"), "item")
    items = counts.limit(_MOST_ITEMS).to_pandas()["item"].tolist()
    if not items:
        raise NotEnoughData("A segmentation by attitudes: answers", needed=1, found=0)
    means = {f"answer_{place}": rows.share.mean(where=rows.item == item) for place, item in enumerate(items)}
    answers = rows.group_by("customer_id").agg(**means).to_pandas()
    answers = answers.rename(columns={f"answer_{place}": f"answer to {item}" for place, item in enumerate(items)})
    names = [name for name in answers.columns if name != "customer_id"]
    answers = answers[answers[names].notna().mean(axis=1) >= 0.5]
    joined = customers.merge(answers, on="customer_id", how="inner").reset_index(drop=True)
    return Offer(customers=joined, candidates=tuple((name, name, False) for name in names))


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
    "rhythm": _offer_rhythm,
    "attributes": _offer_all_attributes,
    "attitudes": _offer_attitudes,
}
