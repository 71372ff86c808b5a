"""How well the expected purchases follow those that came, in sentences."""

from __future__ import annotations

from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.theme import say_count, say_percent

_TOO_SHORT = "The records are too short to follow purchases week by week"
_NO_MODEL = "No model could be fitted, so purchases cannot be followed week by week"
# A total that is off by less than this share of it came as expected.
AS_EXPECTED = 0.005


def tracking_finding(silence: SilentChurn) -> str:
    """Do expected purchases follow those that came?"""
    table = silence.tracking
    if table.empty:
        return _cannot_follow(silence)
    later = table.loc[table["is_holdout"]]
    if later.empty:
        return total_finding(silence)
    came, expected = float(later["observed"].sum()), float(later["expected"].sum())
    if came == 0:
        return (
            f"No repeat purchase came in the holdout, where {say_count(expected)} had been expected from the days of "
            "first purchases alone"
        )
    off = expected / came - 1
    said = f"In the holdout {say_count(came, 'repeat purchase')} came"
    if abs(off) < AS_EXPECTED:
        return f"{said}, as expected from the days of first purchases alone"
    way = "more" if off > 0 else "fewer"
    return f"{said}; from the days of first purchases alone the model expected {say_percent(abs(off))} {way}"


def _cannot_follow(silence: SilentChurn) -> str:
    return _TOO_SHORT if silence.chosen is not None else _NO_MODEL


def total_finding(silence: SilentChurn) -> str:
    """Do expected purchases add up to those that came, over the whole of the records?"""
    if silence.tracking.empty:
        return _cannot_follow(silence)
    last = silence.tracking.iloc[-1]
    until = "end of the holdout" if last["is_holdout"] else "study's date"
    return (
        f"By the {until} {say_count(last['observed_total'], 'repeat purchase')} had come; from the days of first "
        f"purchases alone the model expected {say_count(last['expected_total'])}"
    )
