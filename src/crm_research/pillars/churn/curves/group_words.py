"""Which groups leave sooner, and for which reason? Named only where they differ from every other one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research import vocabulary
from crm_research.pillars.churn.curves.counting import OTHER_REASONS
from crm_research.pillars.churn.curves.grouping import is_put_together
from crm_research.pillars.churn.setting import say_condition
from crm_research.stats.leading import find_leading_count
from crm_research.theme import (
    join_words,
    say_days,
    say_days_like,
    say_estimate,
    say_interval,
    say_percent,
    say_points,
    say_with_limits,
)

if TYPE_CHECKING:
    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis


def extreme_groups(leaving: ChurnAnalysis) -> tuple[pd.Series, pd.Series] | None:
    """The groups with the lowest and the highest survival at the common horizon; None with fewer than two.

    Where these two are not told apart there, those whose contracts last shortest and longest up to it: all may have
    left by then, some of them much sooner.
    """
    if leaving.pairs is None:
        return None
    pairs = leaving.pairs
    other = pairs[["other_group", "other_survival"]].set_axis(["group", "survival"], axis=1)
    at = pd.concat([pairs[["group", "survival"]], other]).drop_duplicates("group").dropna(subset=["survival"])
    # What we put together ourselves is no group that leaves soonest or last.
    at = at.loc[~at["group"].map(is_put_together)]
    if len(at) < 2:
        return None
    ordered = at.assign(lasts=[_lasts_longer(pairs, str(group)) for group in at["group"]])
    ordered = ordered.sort_values(["survival", "lasts"], kind="stable")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    if not pair_gap(pairs, str(high["group"]), str(low["group"]))["lower"] > 0:
        by_mean = ordered.sort_values(["lasts", "survival"], kind="stable")
        if differ(leaving, str(by_mean.iloc[-1]["group"]), str(by_mean.iloc[0]["group"])):
            return by_mean.iloc[0], by_mean.iloc[-1]
    return low, high


def _lasts_longer(pairs: pd.DataFrame, group: str) -> float:
    """Days that a group's contracts last longer than the others' within the common horizon, summed over the others."""
    own, other = pairs["group"] == group, pairs["other_group"] == group
    return float(pairs.loc[own, "mean_gap_days"].sum() - pairs.loc[other, "mean_gap_days"].sum())


def group_finding(leaving: ChurnAnalysis) -> str:
    """Which group leaves sooner than which, by how much, and is it chance? Empty without groups."""
    found = extreme_groups(leaving)
    if found is None or leaving.pairs is None:
        return ""
    low, high = found
    horizon = say_days(float(leaving.pairs["horizon_days"].iloc[0]))
    condition = say_condition(float(leaving.pairs["from_days"].iloc[0]))
    whose = f", of contracts{condition}," if condition else ""
    name = leaving.counts.group
    if not differ(leaving, str(high["group"]), str(low["group"])):
        at_all = bool((leaving.pairs["p_adjusted"] <= 1 - leaving.confidence).any())
        start = f"By {name} contracts end at different times, but" if at_all else f"By {name}"
        return (
            f"{start} no difference stands out from chance: after {horizon}{whose} {_say_spread(low, high)} are still "
            "there."
        )
    gap = pair_gap(leaving.pairs, str(high["group"]), str(low["group"]))
    if not gap["lower"] > 0:
        say = say_days_like(gap["mean"], gap["mean_lower"], gap["mean_upper"])
        longer = f"{say(gap['mean'])} longer on average ({say_interval(gap['mean_lower'], gap['mean_upper'], say)})"
        return (
            f"By {name}, {say_order(leaving)}: within the first {horizon}{whose} the contracts of "
            f"'{high['group']}' last {longer}; after that {_say_spread(low, high)} are still there."
        )
    return (
        f"By {name}, {say_order(leaving)}: after {horizon}{whose} "
        f"{say_percent(low['survival'])} of '{low['group']}' and {say_percent(high['survival'])} of '{high['group']}' "
        f"are still there, a difference of "
        f"{say_with_limits(gap['gap'], gap['lower'], gap['upper'], say_points)}."
    )


def _say_spread(low: pd.Series, high: pd.Series) -> str:
    shares = say_percent(low["survival"]), say_percent(high["survival"])
    if shares[0] == shares[1]:
        return f"{shares[0]} of each"
    return f"{shares[0]} ({low['group']}) to {shares[1]} ({high['group']})"


def say_order(leaving: ChurnAnalysis) -> str:
    """Who leaves soonest and who last; of groups that cannot be told apart, only that one leaves sooner than another.

    Empty where no two groups differ.
    """
    found = extreme_groups(leaving)
    if found is None or leaving.by_group is None:
        return ""
    low, high = str(found[0]["group"]), str(found[1]["group"])
    if not differ(leaving, high, low):
        return ""
    others = [str(name) for name in leaving.by_group.groups if str(name) not in (low, high)]
    others = [name for name in others if not is_put_together(name)]
    is_first = all(differ(leaving, name, low) for name in others)
    is_last = all(differ(leaving, high, name) for name in others)
    if is_first and is_last and others:
        return f"'{low}' leaves soonest and '{high}' last"
    if is_first and others:
        return f"'{low}' leaves soonest"
    if is_last and others:
        return f"'{high}' leaves last, later than '{low}'"
    return f"'{low}' leaves sooner than '{high}'"


def differ(leaving: ChurnAnalysis, later: str, sooner: str) -> bool:
    """Do two groups leave at different times beyond chance, and the one later?

    Later is which has more contracts at the common horizon or, where that cannot be told, whose contracts last longer
    up to it; where the two point opposite ways, neither.
    """
    if leaving.pairs is None:
        return False
    gap = pair_gap(leaving.pairs, later, sooner)
    if not gap["p_adjusted"] <= 1 - leaving.confidence:
        return False
    return bool((gap["lower"] > 0 and not gap["mean_upper"] < 0) or (gap["mean_lower"] > 0 and not gap["upper"] < 0))


_GAPS: Final = ("gap", "lower", "upper", "mean", "mean_lower", "mean_upper")
_GAP_COLUMNS: Final = ("survival_gap", "gap_lower", "gap_upper", "mean_gap_days", "mean_gap_lower", "mean_gap_upper")


def pair_gap(pairs: pd.DataFrame, first: str, other: str) -> dict[str, float]:
    """Survival and mean tenure (days, up to the common horizon) of the first group less those of the other.

    With limits, and ``p_adjusted``; whichever way round the pair stands.
    """
    for _, row in pairs.iterrows():
        values = [float(row[name]) for name in _GAP_COLUMNS]
        if (row["group"], row["other_group"]) == (other, first):
            turned = (0, 2, 1, 3, 5, 4)
            values = [-values[place] for place in turned]
        elif (row["group"], row["other_group"]) != (first, other):
            continue
        return dict(zip(_GAPS, values, strict=True)) | {"p_adjusted": float(row["p_adjusted"])}
    return dict.fromkeys((*_GAPS, "p_adjusted"), np.nan)


def reason_finding(leaving: ChurnAnalysis) -> str:
    """For which reason do most leave, as far as the page looks? Empty without reasons.

    A year alone would call alike what parts later, beside a picture that shows it.
    """
    if leaving.incidence is None or leaving.counts.reasons is None:
        return ""
    days = leaving.reasons_days
    at = leaving.incidence.at(days).dropna(subset=["incidence"])
    # No answer is no reason, and a lot of small ones is not one.
    at = at.loc[~at["reason"].isin([vocabulary.REASON_NOT_GIVEN, OTHER_REASONS])]
    if at.empty:
        return ""
    at = at.sort_values("incidence", ascending=False, kind="stable")
    top = at.iloc[0]
    when = say_days(top["tenure_days"])
    said = say_estimate(top["incidence"], top["lower"], top["upper"], say_percent, leaving.confidence)
    if len(at) == 1:
        return f"The one reason given is '{top['reason']}': {said} leave for it within {when}."
    ends = leaving.counts.reasons
    counted = ends.loc[ends["tenure_days"] <= days].groupby("end_reason")["n_ended"].sum().reindex(at["reason"])
    leader = find_leading_count(counted.fillna(0).to_numpy(dtype=int), confidence=leaving.confidence)
    if leader == 0:
        return f"Most often they leave because of '{top['reason']}': {said} within {when}."
    first = [f"{say_percent(row['incidence'])} for '{row['reason']}'" for _, row in at.head(2).iterrows()]
    return f"No reason stands out as the commonest: within {when} {join_words(first)} have left."
