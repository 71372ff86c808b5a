"""The drivers of leaving by reason as a manager reads them: table, sentences and figures."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.pillars.churn.drivers.words import say_covariate, say_ratios
from crm_research.pillars.churn.reasons.measure import Likeness, ReasonDrivers
from crm_research.pillars.churn.reasons.tables import plainly, ratio_strength, reason_table
from crm_research.theme import say_count, say_percent

_MOST_NAMED: Final = 3


def reason_finding(drivers: ReasonDrivers) -> str:
    """For each reason one driver that is surely one (Holm), the furthest from chance, in one sentence."""
    clear = reason_table(drivers)
    clear = clear.loc[clear["is_clear"].astype(bool)]
    if clear.empty:
        return "With all else alike, nothing recorded goes with leaving for any one reason beyond chance."
    parts = []
    for reason in drivers.fits.cause_specific if drivers.fits else ():
        own = clear.loc[clear["reason"] == reason]
        if own.empty:
            parts.append(f"for '{reason}' nothing recorded")
            continue
        row = own.iloc[int(ratio_strength(own, "").to_numpy().argmax())]
        ratio, low, high = _told(row, "")
        more = f" and {say_count(len(own) - 1, 'other comparison')}" if len(own) > 1 else ""
        parts.append(f"for '{reason}' {_compare(row)} ({ratio} times the risk, {low} to {high}){more}")
    return f"Beyond chance, and after allowing for the rest: {'; '.join(parts)}."


def difference_finding(drivers: ReasonDrivers) -> str:
    """Does anything drive one reason more than another?"""
    table = drivers.differences
    if table.empty:
        return ""
    sure = table.loc[table["p_value"] < 1 - drivers.confidence].sort_values("p_value", kind="stable")
    if sure.empty:
        return (
            "No driver is seen to work more for one reason than for another: where only one of them shows it, the rest "
            "may have too few ends."
        )
    said = []
    for _, row in sure.head(_MOST_NAMED).iterrows():
        part = drivers.ratios.merge(row[["covariate", "level", "reference"]].to_frame().T)
        part = part.sort_values("hazard_ratio")
        least, most = part.iloc[0], part.iloc[-1]
        said.append(
            f"{say_covariate(str(row['covariate']))} ({plainly(row['level'])} against {plainly(row['reference'])}): "
            f"{_told(most, '')[0]} times the risk of leaving for '{most['reason']}', {_told(least, '')[0]} times for "
            f"'{least['reason']}'"
        )
    more = f"; and {say_count(len(sure) - _MOST_NAMED, 'more comparison')}" if len(sure) > _MOST_NAMED else ""
    return f"Drivers that work differently by reason, beyond chance: {'; '.join(said)}{more}."


def share_finding(drivers: ReasonDrivers) -> str:
    """Why the two ratios may differ, and where they do."""
    table = reason_table(drivers)
    speed, share = table["is_clear"].astype(bool), table["share_is_clear"].astype(bool)
    turned = speed & share & ((table["hazard_ratio"] > 1) != (table["share_hazard_ratio"] > 1))
    only_share, only_speed = share & ~speed, speed & ~share
    why = (
        "The first ratio compares how fast those still there leave for a reason; the second compares the share who end "
        "up leaving for it. They may differ, because whoever leaves earlier for another reason can no longer leave for "
        "this one."
    )
    found = []
    for rows, words in (
        (turned, "The two point opposite ways for"),
        (only_share, "Only the share differs, not the speed, for"),
        (only_speed, "The speed differs but the share who end up leaving does not clearly, for"),
    ):
        if rows.any():
            named = [
                f"'{row['reason']}' and {_compare(row)}" for _, row in table.loc[rows].head(_MOST_NAMED).iterrows()
            ]
            more = int(rows.sum()) - len(named)
            found.append(f"{words} {'; '.join(named)}{f' (and {more} more)' if more > 0 else ''}.")
    return " ".join([why, *(found or ["Here they say the same wherever either is clear."])])


def likeness_finding(likeness: Likeness | None, confidence: float) -> str:
    """How alike are the contracts of one customer, in one or two sentences? Empty where few have several."""
    if likeness is None or not np.isfinite(likeness.fit.variance):
        return ""
    fit = likeness.fit
    opening = f"{say_percent(likeness.several_share)} of the customers have several contracts."
    limits = f"{fit.variance_lower:.2f} to {fit.variance_upper:.2f} at {say_percent(confidence, 0)}"
    if not np.isfinite(fit.variance_upper):
        limits = f"{fit.variance_lower:.2f} or more at {say_percent(confidence, 0)}"
    if fit.p_value >= 1 - confidence:
        return (
            f"{opening} Beyond what is recorded their contracts are not seen to end more alike than those of different "
            f"customers (variance of the shared risk {fit.variance:.2f}, {limits})."
        )
    apart = float(np.divide(*stats.gamma.ppf([0.75, 0.25], 1 / fit.variance)))
    move = likeness.largest_move - 1
    ratios = "the ratios hardly move" if move < 0.05 else f"ratios move by up to {say_percent(move)}"
    far = f"{apart:,.1f}" if apart < 100 else "over 100"
    return (
        f"{opening} Beyond what is recorded their contracts end alike: a customer at the upper quartile of the shared "
        f"risk leaves {far} times as fast as one at the lower (variance {fit.variance:.2f}, {limits}). Allowing for "
        f"it, {ratios}."
    )


def _told(row: pd.Series[float], prefix: str) -> list[str]:
    return say_ratios(*(float(row[f"{prefix}{name}"]) for name in ("hazard_ratio", "lower", "upper")))


def _compare(row: pd.Series[str]) -> str:
    return f"{row['covariate']}, {row['compared']}"
