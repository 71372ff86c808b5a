"""For each reason: does it take more from some groups than from others?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.churn.curves.figures import say_whose
from crm_research.show import Note, Part, Table
from crm_research.stats.intervals import difference_from_limits
from crm_research.stats.leading import widen
from crm_research.theme import join_words, say_count, say_days, say_p_value, say_percent, word_for

if TYPE_CHECKING:
    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis

_MOST_NAMED: Final = 4


def reason_group_finding(leaving: ChurnAnalysis) -> str:
    """For which reasons do the groups differ beyond chance? Empty without reasons or groups."""
    if leaving.reason_tests is None:
        return ""
    tests, name = leaving.reason_tests.tests, leaving.counts.group
    known = tests.dropna(subset=["p_adjusted"])
    if known.empty:
        why = "no contract ended while others, of more than one group, went on"
        return f"The reasons cannot be compared by {name}: {why}."
    apart = known.loc[known["p_adjusted"] <= 1 - leaving.confidence].sort_values("chi_squared", ascending=False)
    if apart.empty:
        return f"By {name}, no reason takes more from one group than from another beyond chance (Gray's test)."
    first = _extremes(leaving, str(apart["reason"].iloc[0]))
    names = [f"'{reason}'" for reason in apart["reason"]]
    listed = join_words(
        names[:_MOST_NAMED] + ([f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else [])
    )
    take = word_for(len(apart), "takes", "take")
    return (
        f"By {name}, {len(apart)} of {say_count(len(tests), 'reason')} {take} more from some groups than from others "
        f"beyond chance: {listed}.{first}"
    )


def reason_group_table(leaving: ChurnAnalysis) -> pd.DataFrame:
    """The share that has left for each reason within a year (or the horizon) in each group, and the test.

    Returns
    -------
    pandas.DataFrame
        Grain: reason. Columns ``reason``, one for each group (share; missing where nobody was watched that long),
        ``n_ended``, ``p_adjusted``.
    """
    if leaving.reason_tests is None or leaving.reason_groups is None:
        return pd.DataFrame(columns=["reason", "n_ended", "p_adjusted"])
    at = leaving.reason_groups.at(_when(leaving))
    wide = at.pivot_table(index="reason", columns="group", values="incidence", dropna=False, observed=True)
    # Groups of which nobody has left have no curve: nought, as far as they were watched.
    alone = leaving.reason_groups.sizes["group"].unique() if leaving.by_group is None else leaving.by_group.groups
    groups = [str(name) for name in alone]
    tests = leaving.reason_tests.tests.sort_values("n_ended", ascending=False).set_index("reason")
    # Nobody of a group has left for a reason that has no curve there: nought, as far as it was watched.
    table = wide.reindex(index=tests.index, columns=groups)
    for group in groups:
        if _is_watched(leaving, at, group):
            table[group] = table[group].fillna(0.0)
    return table.assign(n_ended=tests["n_ended"], p_adjusted=tests["p_adjusted"]).rename_axis("reason").reset_index()


def _is_watched(leaving: ChurnAnalysis, at: pd.DataFrame, group: str) -> bool:
    """Is it known what a group had lost by then, though it may have lost nobody?"""
    own = at.loc[at["group"] == group, "incidence"]
    if len(own) or leaving.by_group is None:
        return bool(own.notna().any())
    there = leaving.by_group.at(_when(leaving)).set_index("group")["survival"]
    return bool(np.isfinite(there.get(group, np.nan)))


def reason_groups_parts(leaving: ChurnAnalysis) -> Iterator[Part]:
    """Whether the groups leave for different reasons; nothing where there are no reasons or groups."""
    finding = reason_group_finding(leaving)
    if not finding:
        return
    yield Note(finding)
    table = reason_group_table(leaving)
    groups = [name for name in table.columns if name not in ("reason", "n_ended", "p_adjusted")]
    yield Table(
        table,
        f"Left within {say_days(_when(leaving))} for each reason, by {leaving.counts.group}{_whose(leaving)}",
        formats={**dict.fromkeys(groups, "share"), "p_adjusted": say_p_value},
        note="Cumulative incidence. p adjusted: Gray's test that the whole curve of the reason is the same in all "
        "groups, adjusted by Holm over the reasons. A group may lose fewer to one reason because another takes them "
        "first." + _say_shared(leaving),
    )


def _say_shared(leaving: ChurnAnalysis) -> str:
    """That the test does not know of customers with several contracts; empty where nobody has."""
    if leaving.counts.shared is None:
        return ""
    return (
        " Gray's test takes contracts as independent; here customers hold several, which may end together, so its p "
        "may be too small."
    )


def _extremes(leaving: ChurnAnalysis, reason: str) -> str:
    """The groups in which most and fewest have left for a reason, in one sentence."""
    if leaving.reason_groups is None:
        return ""
    # Curves that part late are told apart by the end of the picture, not by the first year.
    for days in dict.fromkeys((_when(leaving), leaving.horizon_days)):
        at = leaving.reason_groups.at(days)
        at = at.loc[(at["reason"] == reason) & np.isfinite(at["incidence"])].sort_values("incidence")
        if len(at) < 2:
            continue
        low, high = at.iloc[0], at.iloc[-1]
        more, fewer = say_percent(high["incidence"]), say_percent(low["incidence"])
        if more != fewer and _are_apart(low, high, len(at), leaving.confidence):
            return (
                f" For '{reason}' {more} of '{high['group']}' have left within {say_days(days)}, against {fewer} of "
                f"'{low['group']}'."
            )
    return ""


def _are_apart(low: pd.Series, high: pd.Series, n_groups: int, confidence: float) -> bool:
    """Does the most lie above the least by more than the largest gap of so many pairs would by chance?"""
    limits = [
        widen(row["incidence"], row["lower"], row["upper"], n_compared=n_groups * (n_groups - 1) // 2,
              confidence=confidence)
        for row in (high, low)
    ]  # fmt: skip
    return bool(difference_from_limits(*limits).lower > 0)


def _whose(leaving: ChurnAnalysis) -> str:
    """Whose shares these are, where the groups begin to be compared later than at the start."""
    return "" if leaving.compared is None else say_whose(float(leaving.compared.sizes["first_days"].max()))


def _when(leaving: ChurnAnalysis) -> float:
    return min(leaving.days_at(12), leaving.horizon_days)
