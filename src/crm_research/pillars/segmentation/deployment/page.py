"""What is shown of segments that live on: the file to keep, who moved, and whether they have aged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.pillars.segmentation.deployment.charts import draw_drift, draw_migration
from crm_research.pillars.segmentation.deployment.drift import AGE_RULE, Drift, measure_drift
from crm_research.pillars.segmentation.deployment.migration import Migration, measure_migration
from crm_research.pillars.segmentation.deployment.save import keep_segmentation
from crm_research.pillars.segmentation.deployment.saved import FILE_NAME, SavedSegmentation, as_text
from crm_research.pillars.segmentation.deployment.words import (
    drift_figures,
    migration_figures,
    say_model,
    say_moves,
    tabulate_flows,
    tabulate_rates,
    tabulate_signs,
)
from crm_research.pillars.segmentation.inputs.base import BUYERS
from crm_research.show import Chart, Figures, File, Note, Part, Section, Table, drawn
from crm_research.theme import say_count, say_date, word_for

if TYPE_CHECKING:
    from crm_research.pillars.segmentation.result import Segmentation
    from crm_research.study import Study

_JOINED: Final[Mapping[bool, str]] = {True: "bought for the first time", False: "joined"}


@dataclass(frozen=True, eq=False, kw_only=True)
class LivingSegments:
    """What is kept of a segmentation, who moved in the window before as_of, and whether older segments still fit.

    Parameters
    ----------
    migration, drift
        None where the records do not reach back far enough.
    """

    saved: SavedSegmentation
    migration: Migration | None
    drift: Drift | None


def living_section(
    records: Study, segments: Segmentation, *, window_days: float | None = None, seed: int = 20170101
) -> Section:
    """How are these segments used from now on, who moved between them lately, and do they age?

    Parameters
    ----------
    window_days
        Days looked back; None takes a quarter of the records, a year at most.

    Returns
    -------
    Section
        Its result is `LivingSegments`; None, and a note, where the segmentation cannot be kept.
    """
    try:
        saved = keep_segmentation(records, segments)
    except (NotEnoughData, ParameterError) as problem:
        return Section.missing(str(problem))
    file = File(FILE_NAME, as_text(saved), _say_use(records))
    alone = LivingSegments(saved=saved, migration=None, drift=None)
    if saved.recipe.is_static(saved.used):
        static = Note(
            "Attributes of customers are kept as they are now, not as they were, so nobody can be seen to move between "
            "these segments. Whether they have aged is told once the records hold new customers or new attributes: "
            "crm-research assign with --drift."
        )
        return Section(file, static, result=alone)
    try:
        migration = measure_migration(
            records, saved, window_days=window_days, confidence=segments.confidence, seed=seed
        )
    except NotEnoughData as problem:
        return Section(file, Note(f"Nobody's moves can be told yet. {problem}"), result=alone)
    drift = measure_drift(records, migration.then, confidence=segments.confidence, seed=seed)
    found = LivingSegments(saved=saved, migration=migration, drift=drift)
    return Section(
        file, *_moves_parts(migration, is_bought=saved.recipe.base == BUYERS), *_age_parts(drift), result=found
    )


def _say_use(records: Study) -> str:
    return (
        "It holds how the inputs are made, the centres and the evidence, and a person can read it. With it customers "
        "get the same segments on any later day, without finding groups anew: crm-research assign "
        f"{FILE_NAME} --study {records.name} --as-of DATE --out segments.parquet. Each row bears the certainty of the "
        "segment and the next nearest one; add --drift to be told whether the segments have aged."
    )


def _moves_parts(migration: Migration, *, is_bought: bool = True) -> Iterator[Part]:
    sentence = say_moves(migration)
    yield Chart(
        drawn(draw_migration, migration),
        alt=f"{sentence} The picture is a grid with a row for each segment before and a column for each after.",
        data=tabulate_flows(migration),
    )
    yield Note(f"{sentence} {say_model(migration)}")
    yield Figures(migration_figures(migration))
    yield Table(
        tabulate_rates(migration),
        "Did the customer move, or the model?",
        formats={"share": "share", "lower": "share", "upper": "share"},
        note="The model found on the first day has the same inputs and the same number of groups; its groups are "
        "matched to today's so that most customers keep theirs. Intervals are given the models.",
    )
    n_new = int(migration.joiners["n_customers"].sum())
    if n_new:
        top = migration.joiners.sort_values("n_customers", ascending=False, kind="stable").iloc[0]
        yield Note(
            f"{say_count(n_new, 'customer')} {_JOINED[is_bought]} after {say_date(migration.first_day)} and "
            f"{word_for(n_new, 'is', 'are')} in no row of the picture; most of them are now in “{top['segment']}” "
            f"({top['n_customers']:,})."
        )


def _age_parts(drift: Drift) -> Iterator[Part]:
    yield Chart(
        drawn(draw_drift, drift),
        alt=f"{drift.sentence()} The picture shows one row an input: its stability index, with the limit as a line.",
        data=drift.inputs,
    )
    yield Note(f"{drift.sentence()} {AGE_RULE}", kind="note")
    yield Table(tabulate_signs(drift), f"Signs of age, {drift.made_at} to {drift.seen_at}")
    yield Figures(drift_figures(drift))
    for remark in drift.notes:
        yield Note(remark, kind="caution")
