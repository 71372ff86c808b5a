"""The columns a saved segmentation needs, gathered in the study's own engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_research.errors import ParameterError
from crm_research.features.answers import known_answers
from crm_research.features.customers import build_customer_features
from crm_research.features.kept import keep_table
from crm_research.pillars.segmentation.inputs.base import (
    BUYERS,
    EVERYBODY,
    attributes_of,
    describe_members,
    habits_of,
    list_members,
    name_habits,
)
from crm_research.pillars.segmentation.inputs.recipe import COUNT
from crm_research.pillars.segmentation.inputs.shares import check_columns, known_use, mean_use, sum_parts
from crm_research.steps import step

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import ibis.expr.types as ir

    from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
    from crm_research.study import Study

LEAST_ANSWERED = 0.5
_SETS = ("rfm", "rhythm", "basket")


def gather_features(study: Study, saved: SavedSegmentation) -> ir.Table:
    """What the inputs of a saved segmentation are made from, and nothing else, of each buyer at as_of.

    Returns
    -------
    ibis table
        One customer of the base (of attitudes and attributes: of whom half of them are known): customer_id and
        `saved.features`.

    Raises
    ------
    ParameterError
        If the study lacks one of them.
    """
    recipe = saved.recipe
    described = [*recipe.attributes, *(category.attribute for category in recipe.categories), *recipe.described]
    elsewhere = {*described, *recipe.activities, *recipe.items, *(p for whole in recipe.wholes for p in whole.parts)}
    bought = [name for name in saved.features if name not in elsewhere]
    made = name_features(study, recipe.base)
    check_inputs({column for columns in made.values() for column in columns}, bought, saved, study.name)
    table = _take_members(study, recipe.base, made, bought)
    if described:
        _check_described(study, recipe.base, described)
        joined = _join(table, describe_members(study, recipe.base, described), described)
        table = _keep_described(joined, recipe.described) if recipe.described else joined
    for whole in recipe.wholes:
        table = _join(table, sum_parts(study, whole), whole.parts)
    if recipe.activities:
        check_columns(study, "activity_use", ("customer_id", "activity", "period", "quantity"))
        table = _join(table, mean_use(known_use(study), recipe.activities), recipe.activities)
        # Who is in no row used nothing: that is known, no gap.
        table = table.mutate(**{name: table[name].fill_null(0.0) for name in recipe.activities})
    if recipe.items:
        check_columns(study, "surveys", ("customer_id", "item", "score", "scale_min", "scale_max"))
        answers = mean_answers(known_answers(study), recipe.items)
        table = table.inner_join(answers, "customer_id")
    return table.select("customer_id", *saved.features)


def keep_features(study: Study, saved: SavedSegmentation) -> ir.Table:
    """The same, made once for all questions of a page: a study's past is scanned once for each day looked back to."""
    key = ("features", saved.features, repr(saved.recipe))
    return keep_table(study, key, lambda: gather_features(study, saved))


def _take_members(study: Study, base: str, made: Mapping[str, set[str]], wanted: Sequence[str]) -> ir.Table:
    """Customers of the base with the features wanted of what they did."""
    if base == BUYERS:
        sets = [name for name, columns in made.items() if columns & set(wanted)] or ["rfm"]
        return build_customer_features(study, sets=sets).select("customer_id", *wanted)
    members, habits = list_members(study, base).select("customer_id"), habits_of(study, base)
    return members if habits is None or not wanted else _join(members, habits, wanted)


def _check_described(study: Study, base: str, names: Sequence[str]) -> None:
    if base in (BUYERS, EVERYBODY):
        check_columns(study, "customers", ("customer_id", *names))
        return
    held = attributes_of(study, base)
    missing = [name for name in dict.fromkeys(names) if name not in held]
    if missing:
        raise ParameterError(
            f"Study {study.name!r} does not have {', '.join(missing)} of contracts or customers, which inputs of the "
            "segmentation are made from. Map or declare them in the study's file, or segment the study anew."
        )


def _keep_described(table: ir.Table, described: Collection[str]) -> ir.Table:
    """Those of whom at least half of these are known."""
    names = list(dict.fromkeys(described))
    n_known = sum((table[name].notnull().cast("int32") for name in names), ibis.literal(0))
    return table.filter(n_known >= LEAST_ANSWERED * len(names))


def mean_answers(rows: ir.Table, items: Mapping[str, str]) -> ir.Table:
    """customer_id and the mean answer to each item of `known_answers`, of those who answered half of the items."""
    means = {f"answer_{place}": rows.share.mean(where=rows.item == item) for place, item in enumerate(items.values())}
    table = rows.group_by("customer_id").agg(**means)
    n_known = sum((table[name].notnull().cast("int32") for name in means), ibis.literal(0))
    table = table.filter(n_known >= LEAST_ANSWERED * len(means))
    return table.select("customer_id", **dict(zip(items, (table[name] for name in means), strict=True)))


@step
def name_features(study: Study, base: str = BUYERS) -> dict[str, set[str]]:
    """Which features can the engine make of this study's buyers, or other customers? Set of features to its columns."""
    if base != BUYERS:
        return {"habits": set(name_habits(study, base))}
    return {name: set(build_customer_features(study, sets=(name,)).columns) for name in _SETS}


def check_inputs(held: Collection[str], wanted: Collection[str], saved: SavedSegmentation, study: str) -> None:
    """Raise ParameterError unless all that is wanted is held."""
    missing = [name for name in wanted if name not in held]
    if missing:
        words = {transform.name: transform.what for transform in saved.inputs} | {COUNT: "number of purchases"}
        said = ", ".join(f"{name} ({words[name]})" if name in words else name for name in missing)
        raise ParameterError(
            f"Study {study!r} does not have the inputs {said} that the segmentation of {saved.study!r} rests on. Map "
            "the tables and columns they are made from in the study's file, or segment the study anew."
        )


def _join(table: ir.Table, other: ir.Table, columns: Collection[str]) -> ir.Table:
    held = list(dict.fromkeys(columns))
    joined = table.left_join(other.select("customer_id", *held), "customer_id")
    return joined.drop("customer_id_right")
