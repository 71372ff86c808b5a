"""How far the size of the group that the page names first moves had the doubtful joins been decided otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.joins import DrawnJoins, draw_joins
from crm_research.pillars.segmentation.deployment.assign import assign_segments
from crm_research.pillars.segmentation.deployment.save import keep_segmentation
from crm_research.pillars.segmentation.groups.words import name_first
from crm_research.pillars.segmentation.inputs.base import BUYERS, EVERYBODY, HOLDERS, RUNNING
from crm_research.show.joined import JoinsTold
from crm_research.stats.intervals import wilson_share
from crm_research.stats.joined import sum_up_draws
from crm_research.steps import step
from crm_research.theme import say_date, say_percent

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
    from crm_research.pillars.segmentation.result import Segmentation
    from crm_research.study import Study

# The figure of each segment that the page has under this key.
SIZE: Final = "size_share"
_HELD: Final = (
    "The groups are held as they were found, and customers of each draw are put to the nearest of their middles; to "
    "find groups anew in each draw would show more. The number's own limits are those of a share of so many customers."
)  # fmt: skip
_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    BUYERS: ("orders",),
    RUNNING: ("contracts",),
    HOLDERS: ("contracts",),
    EVERYBODY: ("orders", "contracts"),
}
_CANNOT: Final = (
    "the customers of other joins cannot be put into these groups, which are not those of the nearest middle."
)  # fmt: skip


def measure_joins(study: Study, segments: Segmentation, *, confidence: float, seed: int) -> JoinsTold | None:
    """How much of the first group's size hangs on the joins? None for a study without links, or without groups."""
    drawn = None if segments.found is None else draw_joins(study, seed=seed)
    if segments.found is None or drawn is None:
        return None
    first = name_first(segments.found)
    name, n = str(first["segment"]), int(segments.found.n_customers)
    point = float(first["size_share"])
    values, told = np.full(drawn.n_draws, point), drawn.told(*_TABLES[segments.found.inputs.base])
    if drawn.study is not None:
        try:
            counts = _count_groups(drawn, keep_segmentation(study, segments))
        except (ParameterError, NotEnoughData):
            told["unknown"] = _CANNOT
        else:
            own = counts[name].to_numpy() if name in counts.columns else np.zeros(len(counts))
            placed = counts.sum(axis=1).to_numpy()
            values = (point * n - own[0] + own[1:]) / np.maximum(n - placed[0] + placed[1:], 1)
    limits = wilson_share(round(point * n), n, confidence=confidence)
    return JoinsTold(
        id=SIZE, label=f"share of customers in “{name}”", clause=f"“{_as_it_is(name)}” would be {{}} of the customers",
        say=say_percent, is_share=True, more=_HELD, **told,
        window=f"all records known on {say_date(study.as_of)}",
        found=sum_up_draws(
            point, values, lower=float(limits.lower), upper=float(limits.upper), confidence=confidence
        ),
    )  # fmt: skip


def _as_it_is(name: str) -> str:
    """A name that a sentence with a place for a number keeps as it is."""
    return name.replace("{", "{{").replace("}", "}}")


@step
def _count_groups(drawn: DrawnJoins, saved: SavedSegmentation) -> pd.DataFrame:
    """Customers of each group (column) in each draw (row), those whom some draw changes alone; as linked the first."""
    rows: pd.DataFrame = assign_segments(drawn.changed, saved).to_pandas()
    placed = drawn.by_draw(rows.loc[rows["segment"].notna(), ["customer_id", "segment"]])
    counts = placed.groupby(["draw", "segment"]).size().unstack(fill_value=0)
    return counts.reindex(range(drawn.n_draws + 1), fill_value=0)
