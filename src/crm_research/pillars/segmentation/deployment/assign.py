"""Customers given the segments of a saved segmentation, by expressions that the study's own engine runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import ParameterError
from crm_research.features.customers import build_customers
from crm_research.pillars.segmentation.deployment.reference import UNCERTAIN_BELOW
from crm_research.pillars.segmentation.deployment.score_sql import choose_place, first_least, measure_places
from crm_research.pillars.segmentation.inputs.base import name_members
from crm_research.pillars.segmentation.inputs.columns import check_inputs, gather_features
from crm_research.pillars.segmentation.inputs.expressions import STRANGE

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
    from crm_research.study import Study

FEW_ANSWERS: Final = "fewer than half of the items answered"
FEW_KNOWN: Final = "fewer than half of the attributes known"
NOTHING_KNOWN: Final = "none of the inputs is known"


def assign_customers(study: Study, saved: SavedSegmentation, *, features: ir.Table | None = None) -> ir.Table:
    """Which segment is each customer in at the study's as_of, and how surely?

    Parameters
    ----------
    study
        Any study with the same inputs and the same money; needs orders, or of segments of contracts these.
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
    check_study(study, saved)
    measured = measure_places(_take_features(study, saved, features), saved)
    assigned = _name(choose_place(measured, saved), measured, saved)
    if features is not None:
        return assigned
    everybody = build_customers(study).select("customer_id")
    joined = everybody.left_join(assigned.mutate(is_buyer=ibis.literal(value=True)), "customer_id")
    return joined.select(
        *(name for name in assigned.columns if name != "why_not"),
        why_not=joined.is_buyer.isnull().ifelse(_why_absent(saved), joined.why_not),
    )


def assign_segments(study: Study, saved: SavedSegmentation, *, features: ir.Table | None = None) -> ir.Table:
    """The segment alone, of each customer, as fast as the engine can: customer_id, segment, as `assign_customers`."""
    check_study(study, saved)
    measured = measure_places(_take_features(study, saved, features), saved, is_bare=True)
    return measured.select("customer_id", segment=_is_placed(measured).ifelse(_name_nearest(measured, saved), None))


def place_customers(study: Study, saved: SavedSegmentation, *, features: ir.Table | None = None) -> ir.Table:
    """Where does each buyer lie among the segments? Their numbers instead of their names.

    Returns
    -------
    ibis table
        One buyer whose inputs can be made, as `choose_place`.
    """
    check_study(study, saved)
    return place_features(_take_features(study, saved, features), saved)


def place_features(features: ir.Table, saved: SavedSegmentation) -> ir.Table:
    """The same for a table of what the inputs are made from."""
    measured = measure_places(features, saved)
    if STRANGE in measured.columns:
        measured = measured.filter(measured[STRANGE].isnull())
    return choose_place(measured, saved)


def _why_absent(saved: SavedSegmentation) -> str:
    few = FEW_ANSWERS if saved.recipe.items else FEW_KNOWN if saved.recipe.described else ""
    return ", or ".join(why for why in (name_members(saved.recipe.base).absent, few) if why) or NOTHING_KNOWN


def _take_features(study: Study, saved: SavedSegmentation, features: ir.Table | None) -> ir.Table:
    if features is None:
        return gather_features(study, saved)
    check_inputs(features.columns, saved.features, saved, study.name)
    return features


def _name(placed: ir.Table, measured: ir.Table, saved: SavedSegmentation) -> ir.Table:
    is_placed = _is_placed(placed)
    why_not = placed.is_known.ifelse(None, NOTHING_KNOWN).cast("string")
    if STRANGE in measured.columns:
        said = placed[STRANGE] + ibis.literal(" was of no such kind when the segments were made")
        why_not = placed[STRANGE].isnull().ifelse(why_not, said)
    return placed.select(
        "customer_id",
        segment=is_placed.ifelse(_named(placed.place, saved), None),
        certainty=is_placed.ifelse(placed.certainty, None),
        is_uncertain=is_placed.ifelse(placed.certainty < UNCERTAIN_BELOW, None),
        second_segment=is_placed.ifelse(_named(placed.second_place, saved), None),
        distance=is_placed.ifelse(placed.squared_distance.sqrt(), None),
        n_filled=placed.n_filled,
        why_not=why_not,
    )


def _is_placed(table: ir.Table) -> ir.BooleanValue:
    return table.is_known & table[STRANGE].isnull() if STRANGE in table.columns else table.is_known


def check_study(study: Study, saved: SavedSegmentation) -> None:
    """Raise ParameterError unless the study has what customers are grouped by, in the money it was made in."""
    if study.currency != saved.currency:
        raise ParameterError(
            f"The segmentation was made in {saved.currency} (study {saved.study!r}), study {study.name!r} is in "
            f"{study.currency}: amounts do not compare. Convert the study's money, or segment it anew."
        )
    needs = name_members(saved.recipe.base)
    if needs.table and not study.has(needs.table):
        raise ParameterError(
            f"Study {study.name!r} has no {needs.table}, and the segmentation rests on {needs.rests_on}. Map "
            f"'tables: {needs.table}:' in its file."
        )


def _named(place: ir.IntegerValue, saved: SavedSegmentation) -> ir.StringValue:
    return ibis.cases(*((place == group, name) for group, name in enumerate(saved.names)), else_=None)


def _name_nearest(measured: ir.Table, saved: SavedSegmentation) -> ir.Value:
    distances = [measured[f"d_{group}"] for group in range(saved.k)]
    return first_least(distances, [ibis.literal(name) for name in saved.names])
