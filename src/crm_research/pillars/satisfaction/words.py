"""What the numbers say, in sentences that are true whatever the numbers are."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.attitude import Membership
from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis
from crm_research.pillars.satisfaction.followed import ENDED, REPEAT
from crm_research.pillars.satisfaction.unanswered import conviction_unanswered, priorities_unanswered
from crm_research.stats.intervals import normal_quantile
from crm_research.stats.leading import find_leader_within, widen
from crm_research.theme import (
    join_words,
    say_count,
    say_date,
    say_interval,
    say_percent,
    say_plainly,
    say_range,
    word_for,
)

_NAMES: Final = {"ave": "AVE", "rho_a": "rho_A", "rho_c": "rho_C"}
_PERFORMANCE: Final = ("performance", "performance_lower", "performance_upper")


def answer(found: SatisfactionAnalysis) -> list[str]:
    """The answer in at most three sentences: how satisfied, what matters, who is loyal by conviction."""
    if found.wave is None:
        return [
            f"No answer is known on {say_date(found.as_of)}, so nothing can be said of satisfaction.",
            "Needed: surveys with an item, a score and its scale, asked before as_of.",
        ]
    lines = (level_finding(found), priority_finding(found), conviction_finding(found))
    return [line for line in lines if line]


def answer_proofs(found: SatisfactionAnalysis) -> list[str]:
    """The sections that prove the lines of the answer, in their order."""
    if found.wave is None:
        return ["survey", "survey"]
    proofs = {"means": level_finding, "priorities": priority_finding, "conviction": conviction_finding}
    return [name for name, say in proofs.items() if say(found)]


def level_finding(found: SatisfactionAnalysis) -> str:
    """How satisfied are customers, and has it changed?"""
    parts = []
    level = found.level
    if level is not None:
        between = say_interval(level.lower, level.upper, say_points)
        parts.append(f"{level.name[0].upper()}{level.name[1:]} stands at {say_points(level.mean)} of 100 ({between})")
    if found.promoters is not None:
        row = found.promoters.latest
        said = f"{_whole(row['nps'])} ({say_interval(row['lower'], row['upper'], _whole)})"
        parts.append(f"the net promoter score at {said}" if parts else f"The net promoter score stands at {said}")
    if not parts:
        return "How satisfied customers are is not known: nobody was asked for it, nor whether they would recommend us."
    return f"{', '.join(parts)}; {_say_change(found)}."


def _say_change(found: SatisfactionAnalysis) -> str:
    known = _known_changes(found)
    if not known:
        return "there is no earlier wave to compare it with" if found.before is None else "its change cannot be judged"
    moved = [
        f"{name} has {'risen' if change['change'] > 0 else 'fallen'} by {say_points(abs(change['change']))} points"
        for name, change in known
        if change["lower"] > 0 or change["upper"] < 0
    ]
    if moved:
        return f"since {found.label_before} {join_words(moved)}"
    what = "neither has changed" if len(known) > 1 else "it has not changed"
    return f"{what} since {found.label_before} beyond chance"


def _known_changes(found: SatisfactionAnalysis) -> list[tuple[str, dict[str, float]]]:
    changes: list[tuple[str, dict[str, float] | None]] = []
    if found.level is not None:
        changes.append((found.level.name, found.level.change))
    if found.promoters is not None and (found.level is None or found.level.name != "willingness to recommend"):
        changes.append(("the net promoter score", found.promoters.change))
    return [(name, change) for name, change in changes if change is not None and np.isfinite(change["lower"])]


def power_finding(found: SatisfactionAnalysis) -> str:
    """How large must a change be to be seen?"""
    known = _known_changes(found)
    if not known:
        return ""
    reach = normal_quantile(found.confidence) + normal_quantile(0.6)  # found four times of five
    least = join_words([f"{say_points(reach * change['std_error'])} points of {name}" for name, change in known], "or")
    return f"With so many answers in the two waves, a change under {least} would go unseen one time of five or more."


def _whole(value: float) -> str:
    return f"{value:.0f}".replace("-0", "0") if abs(value) < 0.5 else f"{value:.0f}"


def say_points(value: float) -> str:
    """Points of a hundred, without decimals from ten on."""
    text = f"{value:.0f}" if abs(value) >= 9.95 else f"{value:.1f}"
    return "0" if text in ("-0", "-0.0", "0.0") else text


def change_finding(found: SatisfactionAnalysis) -> str:
    """Which items have moved since the wave before?"""
    if found.items is None or found.items.changes.empty:
        return "There is one wave only, so no change can be measured."
    changes = found.items.changes
    sure = changes.loc[changes["p_adjusted"] < 1 - found.confidence]
    family = f"among {say_count(len(changes), 'item')} compared at once (Holm)"
    if sure.empty:
        return f"No item has moved since {found.label_before} beyond what chance brings {family}."
    said = [f"{say_plainly(row['item'])} by {row['change']:+.2f}" for _, row in sure.iterrows()]
    return f"Since {found.label_before}, {join_words(said)} {'has' if len(sure) == 1 else 'have'} moved {family}."


def means_finding(found: SatisfactionAnalysis) -> str:
    """Which item is rated best, and which worst?"""
    if found.items is None or found.items.table.empty:
        return "No item was answered"
    table = found.items.table.sort_values("performance", kind="stable")
    worst, best = table.iloc[0], table.iloc[-1]
    worst_named, best_named = say_plainly(worst["item"]), say_plainly(best["item"])
    if len(table) == 1:
        return f"{best_named} is rated {say_points(best['performance'])} of 100"
    is_best, is_worst = _stand_alone(table, found.confidence)
    top = f"{best_named} is rated best ({say_points(best['performance'])} of 100)"
    bottom = f"{worst_named} worst ({say_points(worst['performance'])})"
    if is_best and is_worst:
        return f"{top}, {bottom}"
    if is_best:
        return f"{top}; which is rated worst is open"
    if is_worst:
        return f"{worst_named} is rated worst ({say_points(worst['performance'])} of 100); which is rated best is open"
    low, high = say_points(worst["performance"]), say_points(best["performance"])
    between = f"at {low}" if low == high else f"between {low} and {high}"
    return f"No item is rated clearly better than the others: all lie {between} of 100"


def _stand_alone(table: pd.DataFrame, confidence: float) -> tuple[bool, bool]:
    """Is the last item surely rated above every other one, and the first below? Each at half the level."""
    value, low, high = (table[name].to_numpy(dtype=float) for name in _PERFORMANCE)
    half = 1 - (1 - confidence) / 2
    best = find_leader_within(value, low, high, level=confidence, confidence=half)
    worst = find_leader_within(-value, -high, -low, level=confidence, confidence=half)
    return best == len(table) - 1, worst == 0


def priority_finding(found: SatisfactionAnalysis) -> str:
    """What matters most, and where are we weak on it?"""
    parts = found.priorities
    if parts is None or parts.model is None or parts.table["importance"].notna().sum() == 0:
        return priorities_unanswered(found)
    known = parts.table.dropna(subset=["importance"])
    if len(known) == 1:
        row = known.iloc[0]
        only = say_plainly(row["driver"])
        return f"Of {parts.target}, {only} explains {say_percent(parts.model.r2)}; nothing else was asked for."
    leaders = _leaders(known, parts.lines[0], found.confidence)
    weak = weak_drivers(found)
    if leaders.empty:
        said = (
            f"Nothing that was asked about stands out as what matters most for {parts.target}: all {len(known)} things "
            f"together explain {say_percent(parts.model.r2)} of it"
        )
    else:
        names = join_words([*map(say_plainly, leaders["driver"])])
        lower, upper = leaders["importance_lower"].to_numpy()[:-1], leaders["importance_upper"].to_numpy()[1:]
        order = "; their intervals overlap, so which comes first is open" if bool((lower <= upper).any()) else ""
        said = (
            f"With {parts.target} go above all {names} ({say_percent(leaders['importance'].sum())} of what the "
            f"{len(known)} things asked for explain{order})"
        )
    return f"{said}; {join_words(weak)} matters more and is rated lower than the rest." if weak else f"{said}."


def weak_drivers(found: SatisfactionAnalysis) -> list[str]:
    """What surely matters more and is rated lower than the rest."""
    if found.priorities is None or found.priorities.model is None:
        return []
    table = found.priorities.table.dropna(subset=["importance"])
    weak = table.loc[(table["quadrant"] == "matters more, rated lower") & table["is_sure"], "driver"]
    return [*map(say_plainly, weak)]


def leading_drivers(found: SatisfactionAnalysis) -> list[str]:
    """What stands out in what goes with satisfaction, the most important first."""
    parts = found.priorities
    if parts is None or parts.model is None or parts.table["importance"].notna().sum() < 2:
        return []
    leaders = _leaders(parts.table.dropna(subset=["importance"]), parts.lines[0], found.confidence)["driver"]
    return [*map(say_plainly, leaders)]


def _leaders(known: pd.DataFrame, line: float, confidence: float) -> pd.DataFrame:
    """The most important ones down to the last of the first three that surely lie above the mean; none skipped.

    Surely: by limits that hold for all that were asked for at once.
    """
    limits = widen(
        known["importance"], known["importance_lower"], known["importance_upper"], n_compared=len(known),
        confidence=confidence,
    )  # fmt: skip
    above = np.flatnonzero(limits.lower[:3] > line)
    return known.head(int(above[-1]) + 1 if len(above) else 0)


def conviction_finding(found: SatisfactionAnalysis) -> str:
    """Who is loyal by conviction, who by habit?"""
    groups = None if found.conviction is None else found.conviction.groups
    if groups is None:
        return conviction_unanswered(found)
    shares = groups.shares.set_index("group")
    true, habit = shares.loc["true loyalty"].to_dict(), shares.loc["spurious loyalty"].to_dict()
    who = f"{say_count(groups.n, 'customer')} who answered and {word_for(groups.n, 'buys', 'buy')}"
    if not has_link(groups):
        return (
            f"Of the {who}, those who buy often think no better of us than the others, as far as one can tell: "
            "conviction and habit are not told apart by what they buy."
        )
    link = (
        "attitude and buying go together"
        if groups.correlation_lower > 0
        else "attitude and buying run against each other"
    )
    return (
        f"Of the {who}, {say_percent(true['share'])} buy often by "
        f"conviction ({say_interval(true['lower'], true['upper'], say_percent)}) and {say_percent(habit['share'])} buy "
        f"often out of habit ({say_interval(habit['lower'], habit['upper'], say_percent)}); {link}."
    )


def has_link(groups: Membership) -> bool:
    """Do attitude and buying hang together beyond chance? Otherwise the groups are only what the two cuts make."""
    return bool(groups.correlation_lower > 0 or groups.correlation_upper < 0)


def later_finding(found: SatisfactionAnalysis) -> str:
    """Did conviction show in what customers did afterwards?"""
    if found.conviction is None or found.conviction.contrasts.empty:
        return "What the groups did afterwards cannot be told: the study keeps no holdout, or too few can be followed."
    said = []
    later = found.conviction.later.set_index(["outcome", "group"])["value"]
    for _, row in found.conviction.contrasts.iterrows():
        outcome = row["outcome"]
        if outcome not in (REPEAT, ENDED):
            continue
        true, habit = later[(outcome, "true loyalty")], later[(outcome, "spurious loyalty")]
        sure = row["lower"] > 0 or row["upper"] < 0
        said.append(
            f"{outcome}: {say_percent(true)} of those loyal by conviction, {say_percent(habit)} of those loyal by "
            "habit "
            f"({'a sure difference' if sure else 'no more than chance'}, {_say_gap(row)})"
        )
    return f"In the holdout, among those who bought often before, {'; '.join(said)}." if said else ""


def _say_gap(row: object) -> str:
    return f"{say_range(row['lower'], row['upper'], _percent_points)} points"  # type: ignore[index]


def _percent_points(share: float) -> str:
    return f"{100 * share:+.0f}"


def promoters_finding(found: SatisfactionAnalysis) -> str:
    """How many promoters stand against how many detractors?"""
    if found.promoters is None:
        return "No item asks for recommendation on a scale from 0 to 10"
    row = found.promoters.latest
    n = max(int(row["n"]), 1)
    return (
        f"{say_percent(row['n_promoters'] / n)} are promoters and {say_percent(row['n_detractors'] / n)} "
        "detractors: a net "
        f"promoter score of {_whole(row['nps'])}"
    )


def trend_finding(found: SatisfactionAnalysis) -> str:
    """Has the net promoter score moved?"""
    if found.promoters is None or found.promoters.change is None:
        return "There is one wave of the net promoter score only"
    change = found.promoters.change
    if not np.isfinite(change["lower"]):
        return f"The change since {found.label_before} cannot be judged"
    if change["lower"] > 0 or change["upper"] < 0:
        way = "risen" if change["change"] > 0 else "fallen"
        return f"The net promoter score has {way} by {say_points(abs(change['change']))} since {found.label_before}"
    return f"The net promoter score has not moved beyond chance since {found.label_before}"


def path_finding(found: SatisfactionAnalysis) -> str:
    """Which path is the strongest?"""
    model = None if found.structure is None else found.structure.paths
    if model is None or model.paths.empty:
        return "No path model could be fitted"
    paths = model.paths
    limits = widen(
        paths["estimate"], paths["lower"], paths["upper"], n_compared=len(paths), confidence=found.confidence
    )
    sure = int(((limits.lower > 0) | (limits.upper < 0)).sum())
    if not sure:
        return "No path between the constructs is sure"
    told = f"{sure} of {say_count(len(paths), 'path')} {word_for(sure, 'is', 'are')} sure"
    leader = find_leader_within(
        paths["estimate"].abs(), paths["lower"], paths["upper"], level=found.confidence, confidence=found.confidence
    )
    if leader is None:
        return told if len(paths) == 1 else f"{told}; which of them is the strongest is open"
    row = paths.iloc[leader]
    return f"{told}; the strongest leads from {row['source']} to {row['target']} ({row['estimate']:.2f})"


def scale_finding(found: SatisfactionAnalysis) -> str:
    """Do the questions measure what they should?"""
    parts = found.structure
    if parts is None or parts.scales.empty:
        return ""
    failed = parts.scales.loc[parts.scales["verdict"] == "not met"]
    unclear = parts.scales.loc[parts.scales["verdict"] == "unclear"]
    n = parts.scales["construct"].nunique()
    if failed.empty:
        held = (
            f"The {n} constructs measured by several items meet"
            if n > 1
            else "The construct measured by several items meets"
        )
        rest = f", but for {join_words(_named(unclear))}, where the interval holds both sides" if len(unclear) else ""
        said = f"{held} the usual conventions of reliability{rest}."
    else:
        names = join_words(_named(failed))
        said = f"Below the usual conventions lie {names}: those scores carry much error."
    close = None if parts.distinctness is None else parts.distinctness.htmt
    if close is not None and len(close):
        alike = close.loc[close["verdict"] == "not distinct"]
        said += (
            f" Hardly to be told apart: {join_words([f'{row.one} and {row.other}' for row in alike.itertuples()])}."
            if len(alike)
            else " No two constructs are so alike that they would be one."
            if (close["verdict"] == "distinct").all()
            else " Whether all constructs differ is not sure."
        )
    return said


def response_finding(found: SatisfactionAnalysis) -> str:
    """Who answered, and what does that move?"""
    parts = found.response
    if parts is None:
        return ""
    if parts.n_customers == 0:
        return "No customer was known before the wave began, so those who answered cannot be held against the others."
    said = (
        f"{say_count(parts.n_answered, 'customer')} of {parts.n_customers:,} known when the wave began answered "
        "under their "
        f"name ({say_percent(parts.n_answered / parts.n_customers) if parts.n_customers else 'none'})"
    )
    if not np.isfinite(parts.discrimination):
        if parts.n_answered == parts.n_customers:
            return f"{said}; all did, so nothing tells those who answer from others."
        return f"{said}; too little to tell who answers."
    tells = parts.discrimination_lower > 0.5
    who = "what was known of them before tells in part who" if tells else "nothing known of them before tells who"
    moved = parts.moves.loc[(parts.moves["lower"] > 0) | (parts.moves["upper"] < 0), "item"]
    what = (
        f"moves {join_words([*map(say_plainly, moved[:4])])} beyond chance"
        if len(moved)
        else "moves no item beyond chance"
    )
    return f"{said}; {who}. Weighting for it {what}, and leaves answers worth {parts.n_effective:,.0f}."


def _named(rows: pd.DataFrame) -> list[str]:
    return [f"{_NAMES.get(row['coefficient'], row['coefficient'])} of {row['construct']}" for _, row in rows.iterrows()]
