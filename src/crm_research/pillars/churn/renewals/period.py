"""How far apart are renewals, unless told otherwise?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.errors import ParameterError
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    from crm_research.pillars.churn.detection import SettingDetection

UNITS: Final = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
_LONG_MONTHS: Final = 72
_LONGEST_MONTHS: Final = 180


def choose_period(unit: str | int | None, detection: SettingDetection, longest_days: float) -> tuple[int, str]:
    """Months from one renewal to the next, and why."""
    if isinstance(unit, str):
        if unit not in UNITS:
            raise ParameterError(f"unit must be one of {', '.join(UNITS)} or a number of months, not {unit!r}.")
        return UNITS[unit], "as asked for"
    if unit is not None:
        return unit, "as asked for"
    if detection.period_months is not None:
        known = "tenure is known in whole periods only"
        return detection.period_months, known if detection.is_whole_periods else "ends crowd around these anniversaries"
    longest_months = longest_days / DAYS_PER_MONTH
    if longest_months > _LONGEST_MONTHS:
        return UNITS["year"], "ends crowd around no anniversary, and contracts have run for very long"
    if longest_months > _LONG_MONTHS:
        return UNITS["quarter"], "ends crowd around no anniversary, and contracts have run for long"
    return UNITS["month"], "ends are not seen to crowd around longer anniversaries"


def check_horizon(horizon_periods: int) -> int:
    """The horizon, if it is a whole number of renewals from 1 on."""
    if isinstance(horizon_periods, bool) or not isinstance(horizon_periods, int) or horizon_periods < 1:
        raise ParameterError(f"horizon_periods must be a whole number from 1 on, not {horizon_periods!r}.")
    return horizon_periods
