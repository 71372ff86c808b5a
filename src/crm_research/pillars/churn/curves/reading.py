"""The other reading of contracts that follow each other: how long do they last if joined, or if not?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.features.spells import count_spells
from crm_research.models.survival import SurvivalCurves, estimate_survival
from crm_research.pillars.churn.detection_evidence import FOLLOWED_DAYS
from crm_research.steps import step
from crm_research.study import Continuation
from crm_research.theme import say_days, say_percent

if TYPE_CHECKING:
    from crm_research.pillars.churn.setting import ChurnSetting
    from crm_research.study import Study

_TELLING_SHARE: Final = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class OtherReading:
    """How long would contracts last, were they counted the other way?

    Parameters
    ----------
    survival
        The curve of that reading.
    is_joined
        Whether the other reading joins contracts that follow each other; the page's own then does not.
    """

    survival: SurvivalCurves
    is_joined: bool

    def say(self, year_days: float) -> str:
        """The other reading in one sentence: its median, or the share that lasts longer than a year."""
        start = (
            f"If contracts that the same customer began within {FOLLOWED_DAYS} days were joined"
            if self.is_joined
            else "If each contract were counted by itself, as recorded"
        )
        median = float(self.survival.medians["median_days"].iloc[0])
        if np.isfinite(median):
            return f"{start}, half would have ended after {say_days(median)}."
        share = float(self.survival.at(year_days)["survival"].iloc[0])
        if np.isfinite(share):
            return f"{start}, {say_percent(share)} would last longer than 12 months."
        return f"{start}, the answer would be another one."


@step
def read_otherwise(study: Study, setting: ChurnSetting, *, confidence: float = 0.95) -> OtherReading | None:
    """The curve of the reading that the page does not use; None where contracts hardly follow each other."""
    sizes = setting.detection.sizes
    if study.continuation is not None:
        other = replace(study, continuation=None)
    elif sizes.n_ended and sizes.n_followed > _TELLING_SHARE * sizes.n_ended:
        other = replace(study, continuation=Continuation(within_days=FOLLOWED_DAYS))
    else:
        return None
    counts = count_spells(other).to_pandas()
    return OtherReading(
        survival=estimate_survival(counts, confidence=confidence), is_joined=other.continuation is not None
    )
