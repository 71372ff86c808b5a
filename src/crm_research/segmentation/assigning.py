"""Customers given the segments of a saved segmentation, by expressions that the study's own engine runs."""

from __future__ import annotations

import sys
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import ParameterError
from crm_research.features.customers import build_customer_features, build_customers
from crm_research.segmentation.portrait import UNCERTAIN_BELOW

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.segmentation.saved import SavedSegmentation
    from crm_research.segmentation.transforms import InputTransform
    from crm_research.study import Study

NO_PURCHASE: Final = "no purchase by that day"
NOTHING_KNOWN: Final = "none of the inputs is known"
_SETS: Final = ("rfm", "rhythm", "basket")
# exp() of less is refused by PostgreSQL as an underflow, and says nothing anyway.
_LEAST_EXPONENT: Final = -600.0
_FAR: Final = 1e300
_LARGEST: Final = sys.float_info.max


def assign_customers(study: Study, saved: SavedSegmentation, *, features: ir.Table | None = None) -> ir.Table:
    """Which segment is each customer in at the study's as_of, and how surely?

    Parameters
    ----------
    study
        Any study with the same inputs and the same money; needs orders.
    saved
        As kept by `keep_segmentation` or read by `load_segmentation`.
    features
        One customer a row with customer_id and the inputs in their own units; None builds them from the study.

    Returns
    -------
    ibis table
        One customer whom a table of the study names, in no order: customer_id; segment (empty for those who cannot
        be assigned, and `why_not` says why); certainty (of the segment, 0 to 1); is_uncertain (certainty under two
        thirds); second_segment (the next nearest); distance (to the own centre, in robust standard deviations);
        n_filled (inputs that were not known and were filled as when the segments were found); why_not.

    Raises
    ------
    ParameterError
        If the study's money is another, or an input is missing.

    Notes
    -----
    The certainty is the chance of the segment under the model k-means is the limit of: segments of equal weight, each
    a round normal cloud whose variance is that within the segments when they were found. It tells who stands near a
    line; it is no chance of being right. Ties go to the segment that stands first.
    """
    placed = place_customers(study, saved, features=features)
    segment = _named(placed.place, saved)
    is_known = placed.n_filled < len(saved.inputs)
    assigned = placed.select(
        "customer_id",
        segment=is_known.ifelse(segment, None),
        certainty=is_known.ifelse(placed.certainty, None),
        is_uncertain=is_known.ifelse(placed.certainty < UNCERTAIN_BELOW, None),
        second_segment=is_known.ifelse(_named(placed.second_place, saved), None),
        distance=is_known.ifelse(placed.squared_distance.sqrt(), None),
        n_filled=placed.n_filled,
        why_not=is_known.ifelse(None, NOTHING_KNOWN).cast("string"),
    )
    if features is not None:
        return assigned
    everybody = build_customers(study).select("customer_id")
    joined = everybody.left_join(assigned.mutate(is_buyer=ibis.literal(value=True)), "customer_id")
    return joined.select(
        *(name for name in assigned.columns if name != "why_not"),
        why_not=joined.is_buyer.isnull().ifelse(NO_PURCHASE, joined.why_not),
    )


def place_customers(study: Study, saved: SavedSegmentation, *, features: ir.Table | None = None) -> ir.Table:
    """Where does each buyer lie among the centres? Numbers of segments instead of names.

    Returns
    -------
    ibis table
        One customer with a purchase at as_of: customer_id; the inputs in their own units; place and second_place (of
        the nearest and next nearest segment, counted from 0); squared_distance (to the nearest); certainty; n_filled.
    """
    check_study(study, saved)
    built = build_inputs_of(study, saved) if features is None else features
    _check_columns(built.columns, saved, study.name)
    return measure_features(built, saved)


def measure_features(features: ir.Table, saved: SavedSegmentation) -> ir.Table:
    """The same for a table of features: each stage is a select of its own, so that nothing is reckoned twice."""
    inputs = saved.inputs
    known = features.select(
        "customer_id",
        **{transform.name: features[transform.name] for transform in inputs},
        **{f"x_{place}": _finite(features[transform.name]) for place, transform in enumerate(inputs)},
    )
    scaled = known.mutate(
        n_filled=_sum([known[f"x_{place}"].isnull().cast("int32") for place in range(len(inputs))]),
        **{f"z_{place}": _scale(known[f"x_{place}"], transform) for place, transform in enumerate(inputs)},
    )
    names = ["customer_id", *saved.used, "n_filled"]
    # Squared distances less what all centres share, by their products: a third of the work of the differences.
    measured = scaled.select(
        *names,
        length=_sum([scaled[f"z_{place}"] * scaled[f"z_{place}"] for place in range(len(inputs))]),
        **{
            f"d_{group}": _sum([scaled[f"z_{place}"] * (-2.0 * float(at)) for place, at in enumerate(centre)])
            + float(centre @ centre)
            for group, centre in enumerate(saved.centres)
        },
    )
    return _choose(measured, names, saved)


def build_inputs_of(study: Study, saved: SavedSegmentation) -> ir.Table:
    """The features a saved segmentation needs, and no others, of each buyer at as_of.

    Raises
    ------
    ParameterError
        If the study lacks one of them.
    """
    made = name_features(study)
    _check_columns({column for columns in made.values() for column in columns}, saved, study.name)
    sets = [name for name, columns in made.items() if columns & set(saved.used)]
    return build_customer_features(study, sets=sets).select("customer_id", *saved.used)


def name_features(study: Study) -> dict[str, set[str]]:
    """Which features can the engine make of this study's buyers? Set of features to its columns."""
    return {name: set(build_customer_features(study, sets=(name,)).columns) for name in _SETS}


def check_study(study: Study, saved: SavedSegmentation) -> None:
    """Raise ParameterError unless the study has orders, in the money the segmentation was made in."""
    if study.currency != saved.currency:
        raise ParameterError(
            f"The segmentation was made in {saved.currency} (study {saved.study!r}), study {study.name!r} is in "
            f"{study.currency}: amounts do not compare. Convert the study's money, or segment it anew."
        )
    if not study.has("orders"):
        raise ParameterError(
            f"Study {study.name!r} has no orders, and the segmentation rests on purchases. Map 'tables: orders:' in "
            "its file."
        )


def _check_columns(held: object, saved: SavedSegmentation, study: str) -> None:
    missing = [transform for transform in saved.inputs if transform.name not in held]  # type: ignore[operator]
    if missing:
        said = ", ".join(f"{transform.name} ({transform.what})" for transform in missing)
        raise ParameterError(
            f"Study {study!r} does not have the inputs {said} that the segmentation of {saved.study!r} rests on. Map "
            "the tables and columns they are made from in the study's file, or segment the study anew."
        )


def _finite(value: ir.Column) -> ir.FloatingValue:
    number = value.cast("float64")
    # On every engine NaN sorts above all numbers: one comparison finds it, the infinities and the gaps.
    return (number.abs() <= _LARGEST).ifelse(number, None)


def _scale(value: ir.FloatingValue, transform: InputTransform) -> ir.FloatingValue:
    filled = value.fill_null(transform.fill)
    if transform.is_logarithmic:
        filled = filled.sign().cast("float64") * (filled.abs() + 1.0).ln()
    scaled = (filled - transform.centre) / transform.scale
    if transform.clip is None:
        return scaled
    return ibis.greatest(-transform.clip, ibis.least(transform.clip, scaled))


def _choose(measured: ir.Table, names: list[str], saved: SavedSegmentation) -> ir.Table:
    columns = [f"d_{group}" for group in range(saved.k)]
    nearest = measured.mutate(least=ibis.least(*(measured[name] for name in columns)))
    placed = nearest.mutate(
        place=_first_at(nearest, columns, nearest.least),
        certainty=1.0 / _sum([_likeness(nearest, name, saved.portrait.spread) for name in columns]),
    )
    others = placed.mutate(
        **{name: (placed.place == group).ifelse(_FAR, placed[name]) for group, name in enumerate(columns)}
    )
    second = _first_at(others, columns, ibis.least(*(others[name] for name in columns)))
    return others.select(
        *names,
        "place",
        second_place=second if saved.k > 1 else ibis.null("int64"),
        squared_distance=ibis.greatest(0.0, others.length + others.least),
        certainty=others.certainty,
    )


def _first_at(table: ir.Table, columns: list[str], value: ir.FloatingValue) -> ir.IntegerValue:
    branches = [(table[name] <= value, ibis.literal(group, "int64")) for group, name in enumerate(columns)]
    return ibis.cases(*branches, else_=ibis.null("int64"))


def _likeness(table: ir.Table, column: str, spread: float) -> ir.FloatingValue:
    exponent = (table.least - table[column]) / (2.0 * spread)
    return ibis.greatest(_LEAST_EXPONENT, exponent).exp()


def _named(place: ir.IntegerValue, saved: SavedSegmentation) -> ir.StringValue:
    return ibis.cases(*((place == group, name) for group, name in enumerate(saved.names)), else_=None)


def _sum(values: list[ir.NumericValue]) -> ir.NumericValue:
    return reduce(add, values)
