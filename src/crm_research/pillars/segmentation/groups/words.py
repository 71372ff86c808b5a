"""The segmentation in sentences: every number in them is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.errors import ParameterError, offer_names
from crm_research.pillars.segmentation.evidence.number_of_groups import rank_numbers
from crm_research.pillars.segmentation.evidence.separation import GAP
from crm_research.pillars.segmentation.evidence.stability import STABLE
from crm_research.pillars.segmentation.evidence.verdicts import NATURAL, REPRODUCIBLE
from crm_research.pillars.segmentation.groups.leaving_words import say_leaving, say_left_out_habits
from crm_research.pillars.segmentation.inputs.base import BUYERS, SPEND, name_members
from crm_research.pillars.segmentation.inputs.labels import list_terms
from crm_research.pillars.segmentation.inputs.money import name_money
from crm_research.pillars.segmentation.inputs.purposes import TELLS_THE_END
from crm_research.pillars.segmentation.use.holdout import CELLS, OUTCOMES
from crm_research.theme import join_words, say_count, say_date, say_percent, say_small_count, say_with_limits, word_for

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.pillars.segmentation.result import Grouping, Segmentation


def answer_segments(segmentation: Segmentation) -> list[str]:
    """How many groups, whether they are real, and whether they predict what customers do next."""
    found = segmentation.found
    if found is None:
        return [f"These records do not carry a segmentation. {segmentation.why_not}"]
    use = say_holdout(segmentation) if found.inputs.base == BUYERS else say_leaving(found)
    return [say_groups(found), say_verdict(found), use]


def say_verdict(found: Grouping) -> str:
    """Natural, reproducible or constructed, and by what it is so."""
    if found.verdict == NATURAL:
        return (
            "The groups are natural: they are found again in other samples of the customers, and between any two "
            f"neighbours few stand ({_say_crowd(found.borders)})."
        )
    if found.verdict == REPRODUCIBLE:
        again = (
            "The groups are reproducible, not natural: the same lines are found again in other samples of the "
            "customers, and"
        )
        if _kinds_alike(found, "judges_separation", "is_beyond"):
            return (
                f"{again} fewer customers stand on every border than in records made up without groups, but the groups "
                f"run into each other ({_say_crowd(found.borders)})."
            )
        return f"{again} the groups lie further apart than in records made up without groups, but {_say_border(found)}."
    weakest = float(found.stability["mean_jaccard"].min())
    if not weakest >= STABLE:
        steadiness = say_steadiness(weakest)
        why = (
            "not every group is found again in other samples of the customers (the weakest overlaps with the one found "
            f"there by {steadiness}, where 1 is the very same customers)"
        )
    elif not found.criteria["qualifies"].any():
        why = (
            "whatever their number, some group holds less than 2 % of the customers or is not found again in "
            "other samples of them"
        )
    else:
        why = "they are found again, but records made up without groups, cut into as many parts, look much the same"
        if (found.borders["heap"] != "").any():
            why += f", and {_say_border(found)}"
    return f"The groups are constructed: {why}. Use them to order the work, not as kinds of customers that exist."


def say_steadiness(jaccard: float) -> str:
    """A mean Jaccard with as many digits as tell on which side of "stable" it lies: .7462 is not printed as .75."""
    return f"{jaccard:.{2 if (round(jaccard, 2) < STABLE) == (jaccard < STABLE) else 4}f}"


def _kinds_alike(found: Grouping, judging: str, beyond: str) -> list[str]:
    """The kinds of data without groups that look as the data do."""
    return [f"“{name}”" for name in found.nulls.loc[found.nulls[judging] & ~found.nulls[beyond], "null"]]


def say_nulls(found: Grouping) -> str:
    """Which records made up without groups look like these? The evidence behind the verdict, kind by kind."""
    apart, emptier = (
        _say_kinds(found, *names) for names in (("judges_separation", "is_beyond"), ("judges_borders", "is_emptier"))
    )
    return (
        f"Records made up without groups and cut into as many parts lie as far apart as these groups in {apart}, and "
        f"have a border as empty as the most crowded one here in {emptier}."
    )


# Borders within a twentieth of the middle's crowd are said to be as crowded.
_AS_CROWDED: Final = 0.05


def _say_kinds(found: Grouping, judging: str, beyond: str) -> str:
    kinds = _kinds_alike(found, judging, beyond)
    n_kinds = int(found.nulls[judging].sum())
    return f"{len(kinds)} of {n_kinds} kinds ({join_words(kinds)})" if kinds else f"none of {n_kinds} kinds"


def _say_crowd(borders: pd.DataFrame) -> str:
    return f"on the most crowded border {_per_hundred(float(borders['border_density'].max()))}"


def _per_hundred(density: float) -> str:
    if abs(density - 1) < _AS_CROWDED:
        return "about as many customers as in an equal stretch of the middle of the sparser group"
    n = say_count(100 * density, "customer")
    return f"{n} for every hundred in an equal stretch of the middle of the sparser group"


def _say_border(found: Grouping) -> str:
    """What speaks against a gap between any two neighbours."""
    heaps = found.borders[found.borders["heap"] != ""]
    if len(heaps):
        row = heaps.iloc[0]
        return (
            f"the line between “{row['segment']}” and “{row['other_segment']}” only asks whether {row['heap_in_words']}"
        )
    closed = found.borders[found.borders["is_border"] & ~found.borders["is_gap"]]
    if closed.empty:
        return (
            "records made up without groups, cut into as many parts, show borders as empty "
            f"({_say_crowd(found.borders)})"
        )
    row = closed.sort_values("border_density", ascending=False).iloc[0]
    between, density = f"“{row['segment']}” and “{row['other_segment']}”", float(row["border_density"])
    if np.isnan(density):
        return "some groups are too small for a gap to be seen between them"
    if density <= GAP:
        return f"the gap between {between} may be chance among so few customers ({_per_hundred(density)})"
    return f"the line between {between} runs through a crowd: on it stand {_per_hundred(density)}"


def say_numbers(found: Grouping) -> str:
    """For which numbers of groups do the criteria speak?"""
    if len(found.criteria) == 1:
        return f"No other number than {say_small_count(found.k)} groups was tried."
    votes = vote(found.criteria)
    n_votes = sum(len(names) for names in votes.values())
    said = [f"{say_small_count(len(names))} for {say_small_count(k)}" for k, names in sorted(votes.items())]
    if len(votes) == 1:
        speak = word_for(n_votes, "The one criterion speaks", f"All {say_small_count(n_votes)} criteria speak")
        return f"{speak} for {say_small_count(next(iter(votes)))} groups."
    mean = found.criteria.loc[found.criteria["is_chosen"], "mean_rank"].iloc[0]
    agree = found.criteria.loc[found.criteria["is_chosen"], "subsets"].iloc[0]
    return (
        f"Of {say_small_count(n_votes)} criteria, {join_words(said)} groups; {say_small_count(found.k)} groups do best "
        f"on the whole (mean rank {mean:.1f}), and two halves of the customers grouped apart agree by {agree:.2f} "
        "(adjusted Rand; 1 is the very same groups)."
    )


def vote(criteria: pd.DataFrame) -> dict[int, list[str]]:
    """The numbers of groups that some criterion finds best, and which criteria those are."""
    ranks = rank_numbers(criteria)
    votes: dict[int, list[str]] = {}
    for name in ranks:
        if ranks[name].notna().any() and (name != "gap" or criteria["is_gap_choice"].any()):
            best = int(criteria["n_groups"].to_numpy()[int(ranks[name].fillna(np.inf).to_numpy().argmin())])
            votes.setdefault(best, []).append(str(name))
    return votes


def say_methods(found: Grouping) -> str:
    """Would other methods and scales have drawn the same groups?"""
    others = found.methods.iloc[1:].dropna(subset="agreement")
    if others.empty:
        return "No other method could be compared."
    least, most = others.loc[others["agreement"].idxmin()], others.loc[others["agreement"].idxmax()]
    return (
        f"Of {say_small_count(len(others))} other ways to group the same customers, “{most['method']}” agrees most "
        f"(adjusted Rand {most['agreement']:.2f}) and “{least['method']}” least ({least['agreement']:.2f}); 1 is the "
        "same groups, 0 what chance gives."
    )


def say(segmentation: Segmentation, name: str) -> str:
    """The sentence of that name, or why there is none."""
    sentences: dict[str, Callable[[Grouping], str]] = {
        "numbers": say_numbers,
        "methods": say_methods,
        "verdict": say_verdict,
        "nulls": say_nulls,
        "fidelity": lambda _: say_fidelity(segmentation),
        "holdout": lambda found: say_holdout(segmentation) if found.inputs.base == BUYERS else say_leaving(found),
    }
    if name not in sentences:
        raise ParameterError(f"There is no sentence {name!r} of a segmentation. {offer_names(name, sentences)}")
    return segmentation.why_not if segmentation.found is None else sentences[name](segmentation.found)


def name_first(found: Grouping) -> pd.Series:
    """The group that the page names first: whose customers bring most, or the largest where none brings more."""
    best = found.cards.iloc[0]
    if _is_of_money(found) and best["revenue_share"] == best["revenue_share"] and not brings_more(best):
        return found.cards.iloc[int(found.cards["size_share"].to_numpy().argmax())]
    return best


def _is_of_money(found: Grouping) -> bool:
    """Is anything known of what groups bring? Where all have left nobody pays, or all came back."""
    best = found.cards.iloc[0]
    no_fees = found.inputs.money != SPEND and best["revenue_share"] != best["revenue_share"]
    return name_money(found.inputs.money) is not None and not no_fees


def say_groups(found: Grouping) -> str:
    """The number of groups, and what the best of them is and brings."""
    best, first = found.cards.iloc[0], name_first(found)
    money = name_money(found.inputs.money)
    start = f"The {say_count(found.n_customers, 'customer')} fall into {say_small_count(found.k)} groups"
    size = say_percent(best["size_share"])
    if money is None or not _is_of_money(found):
        return f"{start}; the largest, “{best['segment']}”, is {size} of the customers."
    if best["revenue_share"] == best["revenue_share"] and not brings_more(best):
        return (
            f"{start}, none of which brings in more per customer; the largest, “{first['segment']}”, is "
            f"{say_percent(float(first['size_share']))} of the customers."
        )
    brings = ""
    if best["revenue_share"] == best["revenue_share"]:
        brings = f" and {say_percent(best['revenue_share'])} of {money.total}"
    return f"{start}; those who {money.most}, “{best['segment']}”, are {size} of the customers{brings}."


def brings_more(group: pd.Series) -> bool:
    """Is a group's share of the money, as it is printed, another than its share of the customers, and greater?"""
    size, money = float(group["size_share"]), float(group["revenue_share"])
    return money > size and say_percent(money) != say_percent(size)


# The rule that a manager would use instead of groups.
_PLAIN: Final = "recency, frequency and money"


def say_holdout(segmentation: Segmentation) -> str:
    """Do the groups predict later spend better than RFM cells?"""
    found = segmentation.found
    if found is None or found.holdout is None:
        return "The study keeps no holdout, so nothing says yet whether the groups predict what customers do."
    better = compare_with_cells(found)
    if better is None:
        return "In the holdout nobody spent anything different from the others, so nothing can be predicted."
    scores = found.holdout.scores
    spend = scores[scores["outcome"] == OUTCOMES["holdout_spend"]].set_index("grouping")["explained_share"]
    groups, cells = (say_percent(max(float(spend[name]), 0.0)) for name in ("segments", CELLS))
    said = f"the groups explain {groups} of the differences in later spend, {_PLAIN} {cells}"
    if better < 0:
        return f"To predict spend, use {_PLAIN}, not these groups: {said}."
    if better > 0:
        return f"The groups predict spend better than {_PLAIN} do: {said}."
    return f"The groups predict spend no better and no worse than {_PLAIN}, as far as one can tell: {said}."


def compare_with_cells(found: Grouping) -> int | None:
    """Do the groups tell later spend better (1) or worse (-1) than RFM cells, beyond chance? 0 for neither.

    None without a holdout, or where nobody's spend differed.
    """
    if found.holdout is None:
        return None
    gains = found.holdout.gains
    row = gains[(gains["outcome"] == OUTCOMES["holdout_spend"]) & (gains["against"] == CELLS)].iloc[0]
    if row["estimate"] != row["estimate"]:
        return None
    return int(row["lower"] > 0) - int(row["upper"] < 0)


def note_segments(segmentation: Segmentation) -> str:
    """What a reader must know before using the groups, in one paragraph."""
    found = segmentation.found
    if found is None:
        return f"Nothing below can be shown. {segmentation.why_not}"
    used = list_terms(found.inputs.terms.values(), with_levels=False)
    known_on = say_date(segmentation.as_of)
    said = [f"Grouped for: {found.inputs.purpose}. Customers are compared by {used}, as known on {known_on}."]
    if found.inputs.n_left_out:
        n = found.inputs.n_left_out
        others = say_count(n, "other customer")
        said.append(
            f"{others}{name_members(found.inputs.base).having} {word_for(n, 'is', 'are')} in no group, for "
            f"of {word_for(n, 'it', 'them')} fewer than half of these are known."
        )
    if found.inputs.n_filled:
        n = found.inputs.n_filled
        said.append(f"{say_count(n, 'customer')} had a gap in one of these, filled with the median.")
    circular = found.inputs.choice.loc[found.inputs.choice["reason"] == TELLS_THE_END, "what"]
    if len(circular):
        names = join_words([f"“{name}”" for name in circular])
        said.append(f"Left out, for it tells how long a contract lasted or that it ended: {names}.")
    if found.n_fitted < found.n_customers:
        said.append(
            f"The groups were found on {say_count(found.n_fitted, 'customer')} drawn at random; all were then assigned."
        )
    if not found.criteria["qualifies"].any():
        said.append("No number of groups qualified; the most stable one is shown.")
    said += [remark for remark in (say_left_out_habits(found),) if remark]
    return " ".join(said)


def say_fidelity(segmentation: Segmentation) -> str:
    """How often the readable rules are right."""
    found = segmentation.found
    if found is None:
        return segmentation.why_not
    rules = found.rules
    value, lower, upper = (float(part) for part in rules.fidelity)
    said = say_with_limits(value, lower, upper, say_percent, " of the cases")
    return (
        f"Customers left out when the rules were made are placed correctly in {said}; putting everybody into the "
        f"largest group would be right in {say_percent(rules.largest_share)}."
    )
