"""Calendar: months and quarters of the records."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from crm_research.simulate.chance import Floats
from crm_research.simulate.settings import WorldSettings


def begin_periods(world: WorldSettings, months: int) -> Floats:
    """First instants of the calendar's months (1) or quarters (3) that the records touch, in days from the start."""
    month = (world.start.month - 1) // months * months + 1
    begin = datetime(world.start.year, month, 1)
    begins = []
    while begin < world.end:
        begins.append((begin - world.start) / timedelta(days=1))
        later = begin.month - 1 + months
        begin = datetime(begin.year + later // 12, later % 12 + 1, 1)
    return np.array(begins)
