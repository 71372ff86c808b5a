"""Where a customer lies among the segments, as expressions that reckon no more than the answer needs."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Final

import ibis
import ibis.expr.datatypes as dt
import numpy as np
from ibis.common.exceptions import IbisError

from crm_research.pillars.segmentation.inputs.expressions import STRANGE, is_number, sum_of
from crm_research.pillars.segmentation.inputs.transforms import LARGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
    from crm_research.pillars.segmentation.inputs.transforms import InputTransform

# exp() of less is refused as an underflow by some engines (PostgreSQL), and says nothing anyway.
_LEAST_EXPONENT: Final = -600.0
_FAR: Final = 1e300
# What lies more scales than this from nought is brought near it before products are summed, so that nothing cancels.
_MOST_SHIFT: Final = 1e3
_LIST: Final = "values"
_NUMBERS: Final = dt.Array(dt.float64)


@ibis.udf.scalar.builtin(signature=((_NUMBERS, _NUMBERS), dt.float64))  # type: ignore[untyped-decorator]
def list_inner_product(one: object, other: object) -> float:
    """DuckDB's sum of products of two lists: one call for a row, where a written-out sum takes one for each term."""
    raise NotImplementedError(one, other)


def measure_places(features: ir.Table, saved: SavedSegmentation, *, is_bare: bool = False) -> ir.Table:
    """How far is each customer of a table of features from each segment?

    Parameters
    ----------
    is_bare
        Only what tells the nearest: customer_id, strange, is_known and d_0, d_1, ...

    Returns
    -------
    ibis table
        One customer: customer_id; x_0, x_1, ... (the inputs in their own units); v_0, ... (of shares: the log ratio);
        strange (an attribute of which the customer has a level that no input stands for; only where there are
        categories); is_known (at least one input is a number); n_filled; d_0, d_1, ... (a number for each segment,
        least for the nearest; those of two segments differ as their squared distances do); length (what makes the
        former squared distances).

    Notes
    -----
    A squared distance is |z|² - 2 z·c + |c|². The first term is the same for all centres; what is left, less that of
    the first centre, is one linear form of the inputs before centring and scaling, which go into its weights. So each
    input costs one logarithm and each centre but one a sum of products, however the inputs are scaled. Each stage is a
    select of its own; an engine that drops what nobody asks for (DuckDB does) reckons a column only where it is used.
    """
    scales, shifts = _find_scales(saved)
    known = _fill_and_scale(features, saved, shifts, is_bare=is_bare)
    combine = _Forms(known, len(saved.inputs), scales, np.array([t.centre for t in saved.inputs]) - shifts)
    if saved.mixture is None:
        # Less what all centres share, and less what the first has: one sum of products the fewer.
        weights, offsets = -2.0 * saved.centres, (saved.centres**2).sum(axis=1)
        length = combine.length() + combine.form(weights[0], float(offsets[0]))
        distances = [ibis.literal(0.0, "float64")] + [
            combine.form(row - weights[0], float(offset - offsets[0]))
            for row, offset in zip(weights[1:], offsets[1:], strict=True)
        ]
    else:
        length = ibis.literal(0.0, "float64")
        distances = [
            sum_of([combine.form(row, offset) for row, offset in zip(rows, offsets, strict=True)], 2) + constant
            for rows, offsets, constant in saved.mixture.forms(saved.centres)
        ]
    named = {f"d_{group}": distance for group, distance in enumerate(distances)}
    if is_bare:
        names = [name for name in known.columns if name in ("customer_id", STRANGE, "is_known")]
        return combine.table.select(*names, **named)
    names = [name for name in known.columns if not name.startswith("t_")]
    return combine.table.select(*names, length=length, **named)


def _find_scales(saved: SavedSegmentation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array([t.scale for t in saved.inputs]), np.array([_shift(t) for t in saved.inputs])


def _fill_and_scale(
    features: ir.Table, saved: SavedSegmentation, shifts: NDArray[np.float64], *, is_bare: bool
) -> ir.Table:
    """The inputs, and as t_0, t_1, ... filled, on their scales and cut off, neither centred nor divided."""
    made = saved.recipe.make(features, saved.used)
    own = [is_number(made[f"x_{place}"]) for place in range(len(saved.inputs))]
    counted = {} if is_bare else {"n_filled": sum_of([is_it.ifelse(0, 1) for is_it in own])}
    values = {
        f"t_{place}": _on_scale(made[value_column(made, place)], transform, float(shifts[place]))
        for place, transform in enumerate(saved.inputs)
    }
    return made.mutate(is_known=reduce(or_, own).ifelse(True, False), **counted, **values)


class _Forms:
    """Linear forms of the scaled inputs, from t_0, t_1, ... as they are: centring and scaling go into the weights."""

    def __init__(
        self, known: ir.Table, n_inputs: int, scales: NDArray[np.float64], middles: NDArray[np.float64]
    ) -> None:
        self.columns = [f"t_{place}" for place in range(n_inputs)]
        self.scales, self.middles = scales, middles
        self.has_lists = _has_lists(known)
        self.table = known
        if self.has_lists:
            one = ibis.literal(1.0, "float64")
            self.table = known.mutate(**{_LIST: ibis.array([*(known[name] for name in self.columns), one])})

    def form(self, weights: NDArray[np.float64], offset: float) -> ir.FloatingValue:
        """The sum of the scaled inputs times these weights, and an offset."""
        own = weights / self.scales
        rest = offset - float(weights @ (self.middles / self.scales))
        wanted = [(name, float(weight)) for name, weight in zip(self.columns, own, strict=True) if weight]
        if self.has_lists and len(wanted) > 1:
            return list_inner_product(self.table[_LIST], ibis.literal([*map(float, own), rest], _NUMBERS))
        terms = [self.table[name] * weight for name, weight in wanted]
        return sum_of(terms or [ibis.literal(0.0, "float64")]) + rest

    def length(self) -> ir.FloatingValue:
        """The sum of the squares of the scaled inputs."""
        scaled = [
            (self.table[name] - middle) * (1 / scale)
            for name, middle, scale in zip(self.columns, self.middles, self.scales, strict=True)
        ]
        return sum_of(scaled, 2)


def choose_place(measured: ir.Table, saved: SavedSegmentation) -> ir.Table:
    """The nearest and the next nearest segment of `measure_places`, and how sure the former is.

    Returns
    -------
    ibis table
        One customer: the columns of `measure_places` up to n_filled; place and second_place (counted from 0);
        squared_distance (to the nearest; in a mixture by its own covariance); certainty.
    """
    columns = [f"d_{group}" for group in range(saved.k)]
    is_duckdb = _has_lists(measured)
    placed = measured.mutate(
        place=first_least([measured[name] for name in columns], [ibis.literal(g, "int64") for g in range(saved.k)]),
        least=ibis.least(*(measured[name] for name in columns)),
    )
    others = placed.mutate(
        certainty=1.0 / sum_of([_likeness(placed, name, saved.spread, has_floor=not is_duckdb) for name in columns]),
        **{name: (placed.place == group).ifelse(_FAR, placed[name]) for group, name in enumerate(columns)},
    )
    second = first_least([others[name] for name in columns], [ibis.literal(g, "int64") for g in range(saved.k)])
    distance = others.length + others.least
    if saved.mixture is not None:
        constants = [float(constant) for constant in saved.mixture.constants()]
        distance -= ibis.cases(*((others.place == g, constant) for g, constant in enumerate(constants)), else_=0.0)
    kept = [name for name in measured.columns if name not in ("length", *columns)]
    return others.select(
        *kept,
        "place",
        second_place=second if saved.k > 1 else ibis.null("int64"),
        squared_distance=ibis.greatest(0.0, distance),
        certainty=others.certainty,
    )


def first_least(values: Sequence[ir.NumericValue], results: Sequence[ir.Value]) -> ir.Value:
    """The result that stands where the least of the values does; of equal ones the first.

    Each is compared with those after it alone: had one before it been as low, that one would have been taken.
    """
    if len(values) == 1:
        return results[0]
    branches = [
        (reduce(and_, [value <= later for later in values[place + 1 :]]), results[place])
        for place, value in enumerate(values[:-1])
    ]
    return ibis.cases(*branches, else_=results[-1])


def value_column(made: ir.Table, place: int) -> str:
    """The column that the transform of an input starts from."""
    return f"v_{place}" if f"v_{place}" in made.columns else f"x_{place}"


def _has_lists(table: ir.Table) -> bool:
    """Does the engine that holds this table sum products over lists? DuckDB does."""
    try:
        return bool(table.get_backend().name == "duckdb")
    except IbisError:  # tables that belong to no engine yet
        return False


def _shift(transform: InputTransform) -> float:
    return transform.centre if abs(transform.centre) > _MOST_SHIFT * transform.scale else 0.0


def _on_scale(value: ir.NumericValue, transform: InputTransform, shift: float) -> ir.FloatingValue:
    """The value filled, on its scale and cut off, less `shift`; first what nearly all are: within the limits."""
    number, (low, high) = value.cast("float64"), transform.limits()
    ends = [transform.on_scale(limit) - shift for limit in (low, high)]
    fill = transform.on_scale(min(max(transform.fill, low), high)) - shift

    def less(moved: ir.FloatingValue) -> ir.FloatingValue:
        return moved - shift if shift else moved

    if not transform.is_logarithmic:
        within = [(number.between(low, high), less(number))]
    else:
        within = [(number.between(max(low, 0.0), high), less((number + 1.0).ln()))]
        if low < 0:
            within.append((number.between(low, min(high, 0.0)), less(-(1.0 - number).ln())))
    beyond = [] if transform.clip is None else [
        ((number > high) & (number <= LARGEST), ends[1]),
        ((number < low) & (number >= -LARGEST), ends[0]),
    ]  # fmt: skip
    return ibis.cases(*within, *beyond, else_=fill)


def _likeness(table: ir.Table, column: str, spread: float, *, has_floor: bool) -> ir.FloatingValue:
    exponent = (table.least - table[column]) / (2.0 * spread)
    return ibis.greatest(_LEAST_EXPONENT, exponent).exp() if has_floor else exponent.exp()
