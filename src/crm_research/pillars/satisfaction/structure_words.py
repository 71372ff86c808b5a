"""What the path model, its groups and the weights say, in sentences that are true whatever the numbers are."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis
from crm_research.pillars.satisfaction.groups import WAVE
from crm_research.theme import join_words, say_count, say_interval, say_percent, say_range

_MOST_NAMED: Final = 4


def map_finding(found: SatisfactionAnalysis) -> str:
    """Where would a better rating move the last consequence most?"""
    held = None if found.structure is None else found.structure.map
    if held is None:
        return "No path model, so no map of what would move loyalty or satisfaction"
    first = held.constructs.iloc[0]
    if not first["lower"] > 0:
        return f"Nothing asked for surely goes with more {held.target} along the paths"
    return (
        f"One more point of {first['construct']} goes with {first['importance']:.2f} points of {held.target} "
        f"({say_interval(first['lower'], first['upper'], '{:.2f}'.format)}); it stands at "
        f"{first['performance']:.0f} of 100"
    )


def corrected_finding(found: SatisfactionAnalysis) -> str:
    """What would the paths be without errors of measurement?"""
    model = None if found.structure is None else found.structure.paths
    if model is None:
        return ""
    known = model.paths.dropna(subset=["corrected"])
    if known.empty:
        return "The paths could not be corrected for errors of measurement: these answers allow no such correction."
    row = known.loc[(known["corrected"] - known["estimate"]).abs().idxmax()]
    is_same = f"{row['corrected']:.2f}" == f"{row['estimate']:.2f}"
    said = (
        "If constructs were measured without error (consistent PLS), no path would change by as much as 0.01"
        if is_same
        else f"If constructs were measured without error (consistent PLS), the path from {row['source']} to "
        f"{row['target']} would be {row['corrected']:.2f} instead of {row['estimate']:.2f}"
        f"{', the largest change in these answers' if len(known) > 1 else ''}"
    )
    limited = known.dropna(subset=["corrected_lower", "corrected_upper"])
    sure = (limited["lower"] > 0) | (limited["upper"] < 0)
    still = (limited["corrected_lower"] > 0) | (limited["corrected_upper"] < 0)
    turned = limited.loc[sure != still]
    if limited.empty:
        return f"{said}; limits of it cannot be had."
    if turned.empty:
        return f"{said}; which paths are sure stays the same."
    names = join_words([f"{source} to {target}" for source, target in turned[["source", "target"]].to_numpy()])
    return f"{said}; whether a path is sure changes for {names}."


def groups_finding(found: SatisfactionAnalysis) -> str:
    """Does the same lead to the same in every group?"""
    held = found.groups
    if held is None:
        return ""
    if held.found is None:
        return held.note
    by = "the two latest waves" if held.by == WAVE else f"groups of {held.by}"
    compared = held.found.groups.loc[held.found.groups["is_compared"], "group"].tolist()
    apart = sorted(set(held.found.invariance.loc[held.found.invariance["invariance"] == "none", "construct"]))
    kept = held.found.paths.loc[held.found.paths["is_comparable"]]
    sure = kept.loc[kept["p_adjusted"] < 1 - found.confidence]
    verb, them = ("is", "it") if len(apart) == 1 else ("are", "them")
    meant = (
        f"{join_words(apart)} {verb} not put together alike in all of them, so paths from and to {them} are not "
        "compared"
        if apart
        else "every construct is put together alike in them"
    )
    if kept.empty:
        return f"Between {by} ({join_words(compared)}) no path can be compared: {meant}."
    if sure.empty:
        verdict = f"no difference of paths is beyond chance ({say_count(len(kept), 'comparison')}, Holm)"
    else:
        named = [
            f"{row['source']} to {row['target']} ({row['one']} {row['estimate_one']:.2f}, {row['other']} "
            f"{row['estimate_other']:.2f})"
            for _, row in sure.head(_MOST_NAMED).iterrows()
        ]
        verdict = f"beyond chance (Holm) differ {join_words(named)}"
    return f"Between {by} ({join_words(compared)}) {meant}; {verdict}."


def reweighted_finding(found: SatisfactionAnalysis) -> str:
    """Do importance, scales and paths stand once weighted for who answered?"""
    table = found.reweighted
    unweighted = "Changes between waves, groups and loyalty by conviction are not weighted."
    if table.empty:
        return f"Importance, scales and paths could not be weighted for who answered. {unweighted}"
    kinds = join_words([{"importance": "importance", "alpha": "alpha", "path": "paths"}[k] for k in _kinds(table)])
    outside = table.loc[table["is_outside"]]
    if outside.empty:
        return f"Weighted in the same way, {kinds} stay inside the limits they have without weights. {unweighted}"
    named = [f"{row['measure']} of {row['of']} ({row['plain']:.2f} becomes {row['weighted']:.2f})" for _, row in
             outside.head(_MOST_NAMED).iterrows()]  # fmt: skip
    leave = "leaves the limits it has" if len(named) == 1 else "leave the limits they have"
    return f"Weighted in the same way, {join_words(named)} {leave} without weights. {unweighted}"


def followed_finding(found: SatisfactionAnalysis) -> str:
    """What did the groups do after they had answered?"""
    held = None if found.conviction is None else found.conviction.followed
    if held is None:
        return ""
    if held.table.empty:
        return " ".join(held.notes)
    said = []
    for _, gap in held.contrasts.iterrows():
        rows = held.table.loc[held.table["outcome"] == gap["outcome"]].set_index("group")
        true, habit = rows.loc["true loyalty"].to_dict(), rows.loc["spurious loyalty"].to_dict()
        sure = "a sure difference" if gap["lower"] > 0 or gap["upper"] < 0 else "no more than chance"
        said.append(
            f"{gap['outcome']} within {say_count(true['days'], 'day')}: {say_percent(true['value'])} of those loyal by "
            f"conviction, {say_percent(habit['value'])} of those loyal by habit ({sure}, "
            f"{say_range(gap['lower'], gap['upper'], lambda end: f'{100 * end:+.0f}')} points; "
            f"{say_count(true['n'], 'customer')}, "
            "of whom "
            f"{true['n_censored']:,.0f} answered too late to be followed to the end)"
        )
    return f"From the day after their wave had closed on, {'; '.join(said)}."


def _kinds(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in dict.fromkeys(table["measure"])]


def is_corrected(found: SatisfactionAnalysis) -> bool:
    """Whether any path could be corrected for errors of measurement."""
    model = None if found.structure is None else found.structure.paths
    return model is not None and bool(np.isfinite(model.paths["corrected"].to_numpy(dtype=float)).any())
