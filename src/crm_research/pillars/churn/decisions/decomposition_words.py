"""What a change of the churn rate says, in sentences that are true whatever the numbers are, and its figure."""

from __future__ import annotations

from typing import Final

import pandas as pd

from crm_research.figures import Figure, FigureMaker
from crm_research.models.decisions import BAND_MIX, GROUP_MIX, RATES
from crm_research.pillars.churn.decisions.decomposition import ChangeAnalysis
from crm_research.stats.leading import find_leader_within, widen
from crm_research.theme import join_words, say_interval, say_percent

RATE_CHANGE: Final = "churn.cause.rate_change"


def per_100(rate: float) -> str:
    """A rate a year as ends per 100 contract-years."""
    return f"{100 * rate:.1f}"


def signed(rate: float) -> str:
    """A change of a rate, per 100 contract-years, with its sign."""
    text = f"{100 * rate:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def say_way(change: float, up: str, down: str, same: str) -> str:
    """Which of three ways a change of a rate went, as far as it is printed."""
    return same if signed(change) == "0.0" else up if change > 0 else down


def change_finding(found: ChangeAnalysis) -> str:
    """Did the churn rate change, and where does the change sit?"""
    if found.change is None:
        return " ".join(found.notes)
    before, after, change = (
        float(one.estimate) for one in (found.change.before, found.change.after, found.change.change)
    )
    between = say_interval(float(found.change.change.lower), float(found.change.change.upper), signed)
    if before == after == 0:
        return "Nobody left in either of the two years, so there is no change to explain."
    level = say_percent(found.confidence, 0)
    way = say_way(change, "rose from", "fell from", "stayed at")
    there = per_100(before) if signed(change) == "0.0" else f"{per_100(before)} to {per_100(after)}"
    told = f"Leaving {way} {there} ends per 100 contract-years ({signed(change)}, {level} interval {between})"
    if not found.is_clear:
        return f"{told}, no more than chance explains. {_say_parts(found)}"
    return f"{told}. {_say_parts(found)}"


def _say_parts(found: ChangeAnalysis) -> str:
    if found.change is None:
        return ""
    parts = found.change.effects.set_index("effect")["estimate"]
    mix = f", {signed(parts[GROUP_MIX])} from another mix of {found.group}" if found.group else ""
    return (
        f"Of it, {signed(parts[RATES])} come from contracts alike leaving more or less often{mix} and "
        f"{signed(parts[BAND_MIX])} from a base of younger or older contracts."
    )


def reason_change_finding(found: ChangeAnalysis) -> str:
    """Which reason grew or shrank the most? Empty without reasons."""
    if found.reasons is None or found.reasons.empty:
        return ""
    clear, row = clear_reasons(found.reasons, found.confidence)
    if clear.empty:
        return "No reason of leaving grew or shrank beyond chance."
    if row is None:
        return f"{_say_moved(clear)}, by amounts that cannot be told apart."
    verb, most = "grew" if row["change"] > 0 else "shrank", " most" if len(clear) > 1 else ""
    before, after, change, lower, upper = (
        float(row[name]) for name in ("rate_before", "rate_after", "change", "lower", "upper")
    )
    return (
        f"The reason '{row['reason']}' {verb}{most}: {per_100(before)} to {per_100(after)} ends per 100 contract-years "
        f"({signed(change)}, {say_interval(lower, upper, signed)})."
    )


def clear_reasons(reasons: pd.DataFrame, confidence: float) -> tuple[pd.DataFrame, pd.Series | None]:
    """Reasons that changed by limits that hold for all at once, and the one whose change is surely the largest."""
    limits = widen(
        reasons["change"], reasons["lower"], reasons["upper"], n_compared=len(reasons), confidence=confidence
    )
    clear = reasons.loc[(limits.lower > 0) | (limits.upper < 0)]
    if len(clear) < 2:
        return clear, clear.iloc[0] if len(clear) else None
    leader = find_leader_within(
        clear["change"].abs(), clear["lower"], clear["upper"], level=confidence, confidence=confidence
    )
    return clear, None if leader is None else clear.iloc[leader]


def _say_moved(clear: pd.DataFrame) -> str:
    grew = [f"'{name}'" for name in clear.loc[clear["change"] > 0, "reason"]]
    shrank = [f"'{name}'" for name in clear.loc[clear["change"] < 0, "reason"]]
    parts = [f"{join_words(grew)} grew"] if grew else []
    parts += [f"{join_words(shrank)} shrank"] if shrank else []
    return f"Of the reasons, {' and '.join(parts)}"


def say_reason_title(found: ChangeAnalysis) -> str:
    """The same as a picture's title."""
    if found.reasons is None or found.reasons.empty:
        return ""
    clear, row = clear_reasons(found.reasons, found.confidence)
    if clear.empty:
        return "No reason of leaving grew or shrank beyond chance"
    if row is None:
        return _say_moved(clear)
    most = " most" if len(clear) > 1 else ""
    return f"The reason '{row['reason']}' {'grew' if float(row['change']) > 0 else 'shrank'}{most}"


def change_rows(found: ChangeAnalysis) -> pd.DataFrame:
    """The parts of the change as a manager reads them, the largest increase first, the whole last.

    Returns
    -------
    pandas.DataFrame
        Columns ``part``, ``estimate``, ``lower``, ``upper``, ``is_total``.
    """
    columns = ["part", "estimate", "lower", "upper", "is_total"]
    if found.change is None:
        return pd.DataFrame(columns=columns)
    own = found.change.by_group.loc[found.change.by_group["effect"] == RATES]
    effects = found.change.effects
    limits = zip(effects["estimate"], effects["lower"], effects["upper"], strict=True)
    whole = dict(zip(effects["effect"], limits, strict=True))
    rows = []
    for name, value, low, high in zip(own["group"], own["estimate"], own["lower"], own["upper"], strict=True):
        way = say_way(value, "more often", "less often", "as often")
        who = f"'{name}' leaves" if found.group else "contracts of the same age leave"
        rows.append((f"{who} {way}", value, low, high, False))
    mixes = [(BAND_MIX, "age of the contracts")]
    if found.group:
        mixes.append((GROUP_MIX, f"mix of {found.group}"))
    rows += [(label, *whole[name], False) for name, label in mixes]
    rows.sort(key=lambda row: -float(row[1]))
    change = found.change.change
    rows.append(("all together", float(change.estimate), float(change.lower), float(change.upper), True))
    return pd.DataFrame(rows, columns=columns)


def change_figures(found: ChangeAnalysis) -> list[Figure]:
    """The change of the churn rate; without an estimate where it cannot be told."""
    change = None if found.change is None else found.change.change
    n = 0 if found.change is None else int(found.cells[["n_before", "n_after"]].to_numpy().sum())
    make = FigureMaker(window=found.window, confidence=found.confidence)
    return [
        make.one(
            RATE_CHANGE,
            "Change of ends per contract-year"
            if change is not None
            else "Change of ends per contract-year (these records cannot tell)",
            None if change is None else (float(change.estimate), float(change.lower), float(change.upper)),
            unit="",
            n=n,
            estimator="ends over contract-years of two periods, exact Poisson limits combined",
        )
    ]
