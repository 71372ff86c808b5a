"""What the inputs of a segmentation are made of, written down so that an engine can make them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import ibis
import numpy as np

from crm_research.pillars.segmentation.inputs.expressions import STRANGE, is_number, sum_of
from crm_research.pillars.segmentation.inputs.log_ratios import centre_log_ratios, find_average, replace_zeros

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    from numpy.typing import NDArray

UNKNOWN: Final = "unknown"
COUNT: Final = "n_orders"


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A whole that a customer spends, buys or uses, and its parts.

    Parameters
    ----------
    of
        spend, purchases or use.
    by
        What tells the parts apart: a column of products or orders, or a clock (`CLOCKS`).
    parts
        Names of the parts, in words.
    levels
        Value of `by` for each part; None for all the rest.
    inputs
        Input made of each part: its share.
    average
        Share of each part in one purchase of the average customer, which stands in for zeros.
    weights
        Of use alone: what one unit of each activity counts.
    """

    of: str
    by: str
    parts: tuple[str, ...]
    levels: tuple[str | None, ...]
    inputs: tuple[str, ...] = ()
    average: tuple[float, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)

    def keep(self, is_held: Sequence[bool], inputs: Sequence[str] = ()) -> Whole:
        """The same without parts that do not occur."""
        held = [place for place, is_there in enumerate(is_held) if is_there]
        return replace(
            self,
            parts=tuple(self.parts[place] for place in held),
            levels=tuple(self.levels[place] for place in held),
            inputs=tuple(inputs),
        )

    def fit(self, amounts: NDArray[np.float64], counts: NDArray[np.float64]) -> Whole:
        """The same with the average customer of these amounts."""
        return replace(self, average=tuple(float(share) for share in find_average(amounts, counts)))

    def compare(self, amounts: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log ratio of each part to the others, zeros filled by the average customer."""
        return centre_log_ratios(replace_zeros(amounts, counts, average=np.array(self.average)))


@dataclass(frozen=True, kw_only=True)
class Category:
    """An attribute of customers with several levels; each becomes an input of 0 and 1.

    Parameters
    ----------
    levels
        None for any other than those named.
    """

    attribute: str
    levels: tuple[str | None, ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the inputs are made of beside the features of purchases.

    Parameters
    ----------
    base
        Whom the segmentation groups: buyers, holders of a (running) contract, or everybody (`inputs.base`).
    attributes
        Inputs that are numbers among the attributes of customers, or of the contracts they hold.
    activities
        Input to the activity of which it is the mean use in a period.
    items
        Input to the item of surveys to which it is the mean answer, over the scale; a customer must have answered
        half of these.
    described
        Attributes of which half must be known, whether or not they became inputs.
    """

    base: str = "buyers"
    attributes: tuple[str, ...] = ()
    activities: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    described: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    wholes: tuple[Whole, ...] = ()

    def use(self, used: Sequence[str]) -> Recipe:
        """What these inputs need, and no more."""
        wanted = set(used)
        attributes = tuple(name for name in self.attributes if name in wanted)
        is_described = attributes or any(wanted & set(category.inputs) for category in self.categories)
        return Recipe(
            base=self.base,
            attributes=attributes,
            described=self.described if is_described else (),
            activities={name: what for name, what in self.activities.items() if name in wanted},
            items=dict(self.items) if wanted & set(self.items) else {},
            categories=tuple(category for category in self.categories if wanted & set(category.inputs)),
            wholes=tuple(whole for whole in self.wholes if wanted & set(whole.inputs)),
        )

    def list_inputs(self) -> tuple[str, ...]:
        """The inputs made of all this."""
        return (*self.attributes, *self.activities, *self.items, *self._grouped())

    def _grouped(self) -> list[str]:
        levels = [name for category in self.categories for name in category.inputs]
        return levels + [name for whole in self.wholes for name in whole.inputs]

    def is_static(self, used: Sequence[str]) -> bool:
        """Are all these inputs attributes of customers, of which the records keep no history?"""
        levels = {name for category in self.categories for name in category.inputs}
        return set(used) <= levels | set(self.attributes)

    @property
    def shared(self) -> frozenset[str]:
        """Inputs that have their scale with others: parts of a whole, levels of a category."""
        return frozenset(self._grouped())

    @property
    def shares(self) -> frozenset[str]:
        """Inputs that are compared by log ratios."""
        return frozenset(name for whole in self.wholes for name in whole.inputs)

    def list_features(self, used: Sequence[str]) -> tuple[str, ...]:
        """The columns a table of features needs beside customer_id."""
        made = self._grouped()
        parts = [part for whole in self.wholes for part in whole.parts]
        counts = [COUNT] if self.wholes else []
        attributes = [category.attribute for category in self.categories]
        return tuple(dict.fromkeys([*(name for name in used if name not in made), *attributes, *counts, *parts]))

    def make(self, features: ir.Table, used: Sequence[str]) -> ir.Table:
        """The inputs by their places among `used`.

        Returns
        -------
        ibis table
            One customer: customer_id; x_0, x_1, ... (in their own units); v_0, ... (what the transform starts from,
            for shares alone: the log ratio); strange (the first attribute of which the customer has a level that no
            input stands for).
        """
        places = {name: place for place, name in enumerate(used)}
        levels, strange = _spread_levels(features, self.categories)
        columns: dict[str, ir.Value] = {
            f"x_{place}": levels[name] if name in levels else features[name]
            for name, place in places.items()
            if name not in self.shares
        }
        for number, whole in enumerate(self.wholes):
            columns |= {f"a_{number}_{place}": _amount(features[part]) for place, part in enumerate(whole.parts)}
        if self.wholes:
            columns["count"] = ibis.greatest(features[COUNT].cast("float64").fill_null(1.0), 1.0)
        if self.categories:
            columns[STRANGE] = strange
        table = features.select("customer_id", **columns)
        for number, whole in enumerate(self.wholes):
            table = _add_ratios(table, whole, f"a_{number}_", places)
        made = [name for name in table.columns if name == STRANGE or name.startswith(("x_", "v_"))]
        return table.select("customer_id", *made)

    def make_frame(self, features: pd.DataFrame, used: Sequence[str]) -> tuple[Any, Any]:
        """The same outside the engine: the inputs in their own units, and the values their transforms start from."""
        import pandas as pd

        raw: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for category in self.categories:
            raw |= _level_columns(features, category)
        for whole in self.wholes:
            amounts, counts = pick_amounts(features, whole)
            totals = amounts.sum(axis=1, keepdims=True)
            shares = np.divide(amounts, totals, out=np.full_like(amounts, np.nan), where=totals > 0)
            raw |= dict(zip(whole.inputs, shares.T, strict=True))
            values |= dict(zip(whole.inputs, whole.compare(amounts, counts).T, strict=True))
        for name in used:
            if name not in raw:
                raw[name] = features[name].to_numpy(dtype=float, na_value=np.nan)
        own = pd.DataFrame({name: raw[name] for name in used})
        return own, pd.DataFrame({name: values.get(name, raw[name]) for name in used})

    def refit(self, features: pd.DataFrame) -> Recipe:
        """The same parts, with the average customer of these."""
        return replace(self, wholes=tuple(whole.fit(*pick_amounts(features, whole)) for whole in self.wholes))

    def measure_scales(self, features: pd.DataFrame) -> dict[str, tuple[float, float]]:
        """Centre and scale of the inputs that share one: parts of a whole, and levels of a category."""
        scales: dict[str, tuple[float, float]] = {}
        for whole in self.wholes:
            ratios = whole.compare(*pick_amounts(features, whole))
            middles = np.median(ratios, axis=0)
            spread = float(np.sqrt((ratios - middles).var(axis=0).mean())) or 1.0
            scales |= {name: (float(at), spread) for name, at in zip(whole.inputs, middles, strict=True)}
        for category in self.categories:
            shares = {name: float(column.mean()) for name, column in _level_columns(features, category).items()}
            spread = float(np.sqrt(sum(share * (1 - share) for share in shares.values()))) or 1.0
            scales |= {name: (share, spread) for name, share in shares.items()}
        return scales

    def as_record(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Recipe:
        """Read back what `as_record` wrote."""
        return cls(
            base=str(record.get("base", "buyers")),
            attributes=tuple(str(name) for name in record["attributes"]),
            described=tuple(str(name) for name in record["described"]),
            activities={str(name): str(what) for name, what in record["activities"].items()},
            items={str(name): str(what) for name, what in record["items"].items()},
            categories=tuple(_read_category(entry) for entry in record["categories"]),
            wholes=tuple(_read_whole(entry) for entry in record["wholes"]),
        )


def pick_amounts(features: pd.DataFrame, whole: Whole) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amount of each part, gaps and negative ones as nothing, and the purchases of each customer."""
    amounts = features[list(whole.parts)].to_numpy(dtype=float, na_value=np.nan)
    amounts = np.where(np.isfinite(amounts), np.maximum(amounts, 0.0), 0.0)
    return amounts, features[COUNT].to_numpy(dtype=float, na_value=np.nan)


def _level_columns(features: pd.DataFrame, category: Category) -> dict[str, NDArray[np.float64]]:
    said = features[category.attribute].astype("string").fillna(UNKNOWN)
    named = [level for level in category.levels if level is not None]
    return {
        name: np.asarray(~said.isin(named) if level is None else said == level, dtype=float)
        for level, name in zip(category.levels, category.inputs, strict=True)
    }


def _spread_levels(features: ir.Table, categories: Sequence[Category]) -> tuple[dict[str, ir.Value], ir.StringValue]:
    levels: dict[str, ir.Value] = {}
    strange: list[tuple[ir.BooleanValue, str]] = []
    for category in categories:
        value = features[category.attribute].cast("string").fill_null(UNKNOWN)
        named = [level for level in category.levels if level is not None]
        for level, name in zip(category.levels, category.inputs, strict=True):
            is_it = ~value.isin(named) if level is None else value == level
            # Not 1.0 and 0.0, which DuckDB would take for decimals.
            levels[name] = is_it.ifelse(1, 0).cast("float64")
        if None not in category.levels:
            strange.append((~value.isin(named), category.attribute))
    return levels, ibis.cases(*strange, else_=None).cast("string") if strange else ibis.null("string")


def _amount(value: ir.NumericValue) -> ir.FloatingValue:
    number = value.cast("float64")
    return (is_number(number) & (number > 0)).ifelse(number, 0.0)


def _add_ratios(table: ir.Table, whole: Whole, start: str, places: Mapping[str, int]) -> ir.Table:
    """Shares and log ratios of one whole: each stage a select of its own."""
    numbers = range(len(whole.parts))
    summed = table.mutate(total=sum_of([table[f"{start}{number}"] for number in numbers]))
    # Each over the total first: a product of two large numbers could overflow.
    shares = {
        f"{start}{number}": (summed.total > 0).ifelse(summed[f"{start}{number}"] / summed.total, 0.0)
        for number in numbers
    }
    shared = summed.mutate(**shares)
    logs = {
        f"l_{number}": (shared[f"{start}{number}"] * shared["count"] + average).ln()
        for number, average in enumerate(whole.average)
    }
    logged = shared.mutate(**logs)
    middle = logged.mutate(middle=sum_of([logged[name] for name in logs]) / float(len(logs)))
    used = {name: number for number, name in enumerate(whole.inputs) if name in places}
    made = {f"x_{places[name]}": (middle.total > 0).ifelse(middle[f"{start}{at}"], None) for name, at in used.items()}
    made |= {f"v_{places[name]}": middle[f"l_{at}"] - middle.middle for name, at in used.items()}
    kept = [name for name in table.columns if not name.startswith(start)]
    return middle.select(*kept, **made)


def _read_category(entry: Mapping[str, Any]) -> Category:
    category = Category(
        attribute=str(entry["attribute"]), levels=_levels(entry["levels"]), inputs=tuple(map(str, entry["inputs"]))
    )
    if len(category.levels) != len(category.inputs):
        raise ValueError(f"the levels of {category.attribute!r} do not fit its inputs")
    return category


def _read_whole(entry: Mapping[str, Any]) -> Whole:
    whole = Whole(
        of=str(entry["of"]),
        by=str(entry["by"]),
        parts=tuple(map(str, entry["parts"])),
        levels=_levels(entry["levels"]),
        inputs=tuple(map(str, entry["inputs"])),
        average=tuple(map(float, entry["average"])),
        weights={str(name): float(weight) for name, weight in entry["weights"].items()},
    )
    if not len(whole.parts) == len(whole.levels) == len(whole.inputs) == len(whole.average) > 1:
        raise ValueError(f"the parts of {whole.of} by {whole.by} do not fit each other")
    if not all(np.isfinite(share) and share > 0 for share in whole.average):
        raise ValueError(f"an average share of {whole.of} by {whole.by} is not above 0")
    return whole


def _levels(levels: Sequence[Any]) -> tuple[str | None, ...]:
    return tuple(None if level is None else str(level) for level in levels)
