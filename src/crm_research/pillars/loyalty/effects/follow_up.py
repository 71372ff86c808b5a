"""How long customers are followed after something happened to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
    from crm_research.pillars.loyalty.rhythm.measure import RhythmAnalysis
    from crm_research.study import Study

FEWEST_DAYS: Final = 14.0
_USUAL_DAYS: Final = 60.0
_PART_OF_SPAN: Final = 4.0


@step
def follow_days(study: Study, loyalty: LoyaltyAnalysis, rhythm: RhythmAnalysis | None) -> float:
    """Two buying cycles (60 days where none is known), between two weeks and a quarter of the records."""
    first = loyalty.first_at or study.as_of
    span = (study.as_of - first).total_seconds() / 86_400
    wanted = _USUAL_DAYS if rhythm is None else 2 * rhythm.cycle_days
    return float(np.floor(max(FEWEST_DAYS, min(wanted, span / _PART_OF_SPAN))))
