"""Who the customers are and what to do, in sentences: every number in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.pillars.segmentation.rfm.changes import NO_PURCHASE
from crm_research.pillars.segmentation.rfm.rules import MEASURES
from crm_research.pillars.segmentation.use.holdout import ADDED, CELLS, EQUAL, NAMED, NONE, OUTCOMES
from crm_research.pillars.segmentation.use.treatment import COSTLY, STRATEGIC
from crm_research.theme import first_capital, join_words, say_count, say_date, say_percent, say_small_count, word_for

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.pillars.segmentation.deployment.trend import Trend
    from crm_research.pillars.segmentation.describe.descriptors import Descriptors
    from crm_research.pillars.segmentation.describe.map import SegmentMap
    from crm_research.pillars.segmentation.rfm.changes import RfmChanges
    from crm_research.pillars.segmentation.rfm.rules import RfmGroups
    from crm_research.pillars.segmentation.use.holdout import HoldoutCheck
    from crm_research.pillars.segmentation.use.treatment import Treatment


# Of the standardised differences those from .8 on are called large (Cohen 1988).
_FAR: Final = 0.8


def find_rfm(rfm: RfmGroups) -> str:
    """What the best of the named groups is and brings, for a title."""
    best = rfm.groups.iloc[0]
    if not best["n_customers"]:
        return "Nobody is a champion by recency, frequency and money"
    brings = ""
    if best["revenue_share"] == best["revenue_share"]:
        brings = f" and bring {say_percent(best['revenue_share'])} of the revenue"
    return f"Champions are {say_percent(best['size_share'])} of the customers{brings}"


def say_rfm(rfm: RfmGroups) -> str:
    """Champions, and those who are worth winning back, in a sentence or two."""
    said = [f"{find_rfm(rfm)}."]
    rows = rfm.groups.set_index("group")
    away = rows.loc[["Cannot lose", "At risk"]]
    if away["n_customers"].sum():
        share = away["revenue_share"].sum()
        of_it = f", who brought {say_percent(share)} of the revenue" if rows["revenue_share"].notna().all() else ""
        n_away = away["n_customers"].sum()
        n, have = say_count(n_away, "customer"), word_for(n_away, "has", "have")
        said.append(f"{n} bought a good deal and {have} long been silent{of_it}: first to be won back.")
    how = "Scores are by quintiles of these customers"
    if rfm.given:
        rest = "" if len(rfm.given) == len(MEASURES) else ", of the rest quintiles of these customers"
        how = f"Cut points of {join_words(rfm.given)} were given{rest}"
    return " ".join([*said, f"{how}."])


def say_periods(changes: RfmChanges) -> str:
    """Which groups grew and which shrank, for a title."""
    rows = changes.groups[changes.groups["group"] != NO_PURCHASE]
    grew, shrank = (list(rows.loc[mask, "group"]) for mask in (rows["lower"] > 0, rows["upper"] < 0))
    if not grew and not shrank:
        return "No named group has clearly grown or shrunk"
    parts = []
    if grew:
        parts.append(f"{join_words(grew)} grew" if len(grew) <= 3 else f"{say_small_count(len(grew))} groups grew")
    if shrank:
        few = len(shrank) <= 3
        parts.append(f"{join_words(shrank)} shrank" if few else f"{say_small_count(len(shrank))} groups shrank")
    title = ", ".join(parts)
    return first_capital(title)


def say_gains_and_losses(changes: RfmChanges) -> str:
    """How many champions were gained and lost, and how many stopped buying."""
    rows = changes.groups.set_index("group")
    best, nothing = rows.iloc[0].to_dict(), rows.loc[NO_PURCHASE].to_dict()
    gone, won = (say_count(nothing[name], "customer") for name in ("n_now", "n_before"))
    return (
        f"From the period up to {say_date(changes.changes_at)} to the one up to {say_date(changes.ends_at)}: of "
        f"{say_count(best['n_before'], 'champion')} {say_count(best['n_stayed'])} remained so, "
        f"{say_count(best['n_lost'])} did not, and {say_count(best['n_gained'])} came to them. {gone} "
        f"of the earlier period bought nothing in the later one; {won} of the later had bought nothing in the earlier. "
        "Both are scored by the cut points of the earlier period, within their own period only; seasons "
        "are not removed."
    )


def say_widest(profiles: pd.DataFrame) -> str:
    """The input in which a segment stands furthest from the others, for a title."""
    known = profiles.dropna(subset="effect")
    if known.empty:
        return "The segments cannot be told apart in any single input"
    row = known.loc[known["effect"].abs().idxmax()]
    side = "above" if row["effect"] > 0 else "below"
    far = "far " if abs(row["effect"]) >= _FAR else ""
    return f"“{row['segment']}” stand out most: {far}{side} the others in {row['what']}"


def say_map(seen: SegmentMap) -> str:
    """How much of the segments the map shows, for a title."""
    if seen.placed_share != seen.placed_share:
        return "The customers from above"
    if seen.placed_share >= 0.9:
        return f"Two directions show nearly all of the segments: {say_percent(seen.placed_share)} lie where they belong"
    return f"Seen from above the segments overlap: {say_percent(seen.placed_share)} lie where they belong"


def note_map(seen: SegmentMap) -> str:
    """What the map leaves out."""
    left_out = 1 - seen.axes["share"].sum()
    how = (
        "the two directions in which customers differ most"
        if seen.method == "components"
        else "the two directions in which the segments differ most, which flatter them"
    )
    return (
        f"A map has two directions, the inputs may have more: this one shows {how} and leaves out "
        f"{say_percent(left_out)}. {say_percent(seen.placed_share)} of the customers lie nearest to the middle of "
        "their own segment here; by all inputs together the segments are parted otherwise. Gaps and overlaps on a map "
        "prove nothing."
    )


def say_trend(trend: Trend, *, is_of_buyers: bool = True) -> str:
    """Which segments have grown since the earlier day."""
    rows = trend.segments
    grew, shrank = (list(rows.loc[mask, "segment"]) for mask in (rows["lower"] > 0, rows["upper"] < 0))
    said = f"Among {say_count(trend.n_both, 'customer')} known on {say_date(trend.then_at)} as well as now, "
    parts = [f"{join_words([f'“{name}”' for name in grew])} grew"] if grew else []
    parts += [f"{join_words([f'“{name}”' for name in shrank])} shrank"] if shrank else []
    said += ", ".join(parts) if parts else "no segment has clearly grown or shrunk"
    if not is_of_buyers:
        return f"{said}. Placed by the same centres on both days, by what describes them now."
    return (
        f"{said}. Placed by the same centres on both days. Purchases are counted from the beginning of the records, so "
        "a segment of frequent buyers grows with the records alone."
    )


def say_descriptors(found: Descriptors) -> str:
    """By what that was held out the segments differ, if by anything."""
    tests = found.tests
    if tests.empty:
        return "The study has no attribute, channel or category by which members could be described beyond the inputs."
    clear = tests[tests["p_adjusted"] < 0.05]
    n = say_small_count(len(tests))
    if clear.empty:
        none = word_for(len(tests), "The one descriptor", f"None of {n} descriptors")
        differs = word_for(len(tests), "does not differ", "differs")
        return f"{none} that had no part in making the segments {differs} between them (Holm-adjusted)."
    said = [f"{row['what']} (association {row['effect']:.2f})" for row in clear.to_dict("records")[:4]]
    said += [f"{say_small_count(len(clear) - 4)} more"] if len(clear) > 4 else []
    return (
        f"Of {n} {word_for(len(tests), 'descriptor')} that had no part in making the segments, "
        f"{word_for(len(clear), 'this differs', 'these differ')} between them (Holm-adjusted): "
        f"{join_words(said)}. An association of .1 is small, .3 middling (Cohen). The channel and the category "
        "used most depend on how much was bought, too."
    )


def find_worth(check: HoldoutCheck) -> str:
    """Are the segments better than the rules a manager would use, for a title?"""
    gains = check.gains[check.gains["against"].isin((CELLS, EQUAL, NAMED))]
    counts = gains["finding"].value_counts()
    better, worse = int(counts.get("better", 0)), int(counts.get("worse", 0))
    if better and worse:
        n = say_small_count(len(gains))
        return (
            f"Of {n} comparisons with RFM the segments win {say_small_count(better)} and lose {say_small_count(worse)}"
        )
    if worse:
        return f"RFM predicts customers better than the segments in {worse} of {say_count(len(gains), 'comparison')}"
    if better:
        return f"The segments predict customers better than RFM in {better} of {say_count(len(gains), 'comparison')}"
    return "The segments predict customers neither better nor worse than RFM, as far as one can tell"


def say_worth(check: HoldoutCheck) -> list[str]:
    """Do the segments matter: outcome by outcome, alone and beside RFM?"""
    said = []
    for outcome in OUTCOMES.values():
        rows = check.gains[check.gains["outcome"] == outcome].set_index("against")
        if rows.empty:
            continue
        if not rows["estimate"].notna().any():
            said.append(f"{_say_outcome(outcome)}: nobody differed, so nothing can be predicted.")
            continue
        alone, added = rows.loc[NONE].to_dict(), rows.loc[ADDED].to_dict()
        tells = {
            "better": f"they explain {say_percent(alone['estimate'])} of the differences",
            "worse": "they predict worse than the plain average",
        }.get(alone["finding"], "they are not seen to predict it")
        adds = {
            "better": f"they add {say_percent(added['estimate'])} to what the ten RFM groups explain",
            "worse": "added to the ten RFM groups they do harm",
        }.get(added["finding"], "they are not seen to add anything to the ten RFM groups")
        said.append(f"{_say_outcome(outcome)} ({say_count(rows['n'].iloc[0], 'customer')}): {tells}, and {adds}.")
    known = check.gains[(check.gains["against"] != NONE) & check.gains["estimate"].notna()]
    if len(known) and not (known["finding"] == "better").any():
        said.append(
            "Nothing here shows that the segments predict more than RFM does; keep them for other reasons, if any."
        )
    return said


def _say_outcome(outcome: str) -> str:
    return {"later spend": "Later spend", "buys again": "Buying again"}.get(outcome, "Response to campaigns")


def say_treatment_title(plan: Treatment) -> str:
    """Where the most valuable customers are, for a title."""
    top = plan.cells[plan.cells["class"] == STRATEGIC]
    if not top["n_customers"].sum():
        return "Nobody stands out in value"
    row = top.loc[top["n_customers"].idxmax()]
    share = row["n_customers"] / top["n_customers"].sum()
    return f"{say_percent(share)} of the most valuable customers are “{row['segment']}”"


def say_treatment(plan: Treatment) -> str:
    """What strategic customers bring, and how many cost more than they bring."""
    by_class = plan.cells.groupby("class")[["n_customers", "value_share"]].sum(min_count=1)
    said = [f"Value is {plan.basis}."]
    if STRATEGIC in by_class.index:
        top = by_class.loc[STRATEGIC].to_dict()
        brings = f" bring {say_percent(top['value_share'])} of it" if top["value_share"] == top["value_share"] else ""
        n = say_count(top["n_customers"], "customer")
        said.append(f"{n} in the highest fifth{brings or ' stand out'} (strategic).")
    if plan.has_costs:
        n_costly = int(by_class["n_customers"].get(COSTLY, 0))
        said.append(
            f"{say_count(n_costly, 'customer')} brought nothing or less (costly)."
            if n_costly
            else "Nobody costs more than they bring."
        )
    else:
        said.append("Whether anybody costs more than they bring is not known, so the lowest fifth is called small.")
    if bool(plan.cells["is_suggested"].any()):
        said.append("Service that the study's policy does not name is only a suggestion, and marked so.")
    return " ".join(said)
