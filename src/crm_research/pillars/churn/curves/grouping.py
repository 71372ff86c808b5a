"""Which groups of contracts does the page compare, unless told otherwise?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research import vocabulary
from crm_research.features.own_covariates import find_circular, find_known_ends
from crm_research.features.spells import build_spells, count_spells, list_shared_spells
from crm_research.models.survival import compare_groups
from crm_research.stats.multiplicity import adjust_holm
from crm_research.steps import step
from crm_research.theme import join_words, say_count, say_p_value

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

MOST_GROUPS: Final = 8
PLAN: Final = "plan"
_FEWEST_EXPECTED: Final = 5.0
_LEVEL: Final = 0.05
_CATEGORIES: Final = ["category", "n_levels", "chi_squared", "degrees", "p_value", "p_adjusted"]


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupChoice:
    """Which column tells the groups apart, and how was it chosen?

    Parameters
    ----------
    column
        Its name; None where there is nothing to compare by.
    why
        How it was chosen, in a sentence; empty without a column.
    n_looked_at
        Columns whose differences were looked at before this one was chosen for its own: p-values and limits of its
        groups have to allow for so many comparisons.
    evidence
        Grain: column looked at, the clearest first. Columns ``category``, ``n_levels``, ``chi_squared``, ``degrees``,
        ``p_value`` (log-rank), ``p_adjusted`` (Holm). Empty where nothing had to be chosen.
    """

    column: str | None
    why: str = ""
    n_looked_at: int = 1
    evidence: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_CATEGORIES))


@step
def choose_group(study: Study) -> GroupChoice:
    """By which column are contracts compared unless told otherwise?

    The plan, where the study maps one that takes two values or more. Else the declared category or flag of the
    contracts or customers whose groups differ most clearly (log-rank); the first of the study's file where none does.

    Parameters
    ----------
    study
        Needs contracts.

    Notes
    -----
    Passed over is what tells that a contract has ended, by as_of or later (`find_circular`). Groups are those the
    page shows, the largest and the rest; those in which fewer than five ends would be expected are put together, since
    the test cannot be trusted with less.
    """
    usable, telling = find_categories(study)
    left_out = _say_left_out(telling)
    if not usable:
        return GroupChoice(column=None, why=left_out)
    if PLAN in usable:
        return GroupChoice(column=PLAN, why=f"Compared by plan, as the study maps it.{left_out}")
    if len(usable) == 1:
        return GroupChoice(column=usable[0], why=f"Compared by {usable[0]}, the only category there is.{left_out}")
    evidence = weigh_categories(
        {name: count_spells(study, by=name).to_pandas() for name in usable},
        {name: list_shared_spells(study, by=name).to_pandas() for name in usable},
    )
    best = evidence.iloc[0]
    n = say_count(len(usable), "category", "categories")
    if not best["p_adjusted"] <= _LEVEL:
        why = (
            f"None of {n} tells early leavers from late ones beyond chance (log-rank tests, adjusted by Holm); "
            f"{usable[0]}, the first in the study's file, is shown."
        )
        return GroupChoice(column=usable[0], why=f"{why}{left_out}", n_looked_at=len(usable), evidence=evidence)
    why = (
        f"Compared by {best['category']}: of {n} it tells early leavers from late ones most clearly (log-rank test, "
        f"p {say_p_value(best['p_adjusted'])} after Holm's adjustment for {len(usable)}); the limits and p-values of "
        "its groups allow for that choice."
    )
    return GroupChoice(column=str(best["category"]), why=f"{why}{left_out}", n_looked_at=len(usable), evidence=evidence)


@step
def find_categories(study: Study) -> tuple[list[str], list[str]]:
    """Categories by which contracts may be compared, and those passed over as they tell that a contract has ended."""
    spells = build_spells(study)
    n_values = _count_values(spells, _categories(study, spells))
    held = [name for name, n in n_values.items() if n > 1]
    # A plan may be one that nobody stays in, and is what the page is about.
    telling = {
        *find_known_ends(spells, [name for name in held if name == PLAN]),
        *find_circular(study, [name for name in held if name != PLAN]),
    }
    return [name for name in held if name not in telling], [name for name in held if name in telling]


def weigh_categories(
    counts: Mapping[str, pd.DataFrame], shared: Mapping[str, pd.DataFrame] | None = None
) -> pd.DataFrame:
    """Of which category do the groups differ most clearly?

    Parameters
    ----------
    counts
        Category to contracts by tenure and ``group``, as `features.spells.count_spells` gives them.
    shared
        Likewise the contracts of customers with several, as `features.spells.list_shared_spells` gives them.

    Returns
    -------
    pandas.DataFrame
        As `GroupChoice.evidence`; last those that cannot be tested.
    """
    rows = []
    for name, counted in counts.items():
        largest = keep_largest(counted, MOST_GROUPS)
        ours = None if shared is None or shared[name].empty else put_together(shared[name], largest)
        chi_squared, degrees = _log_rank(largest, ours)
        rows.append((name, counted["group"].nunique(), chi_squared, degrees))
    found = pd.DataFrame(rows, columns=_CATEGORIES[:4])
    # Of thousands of contracts p-values are too small to be told apart; their logarithms are not.
    log_p = stats.chi2.logsf(found["chi_squared"], found["degrees"].where(found["degrees"] > 0))
    found = found.assign(p_value=np.exp(log_p), p_adjusted=adjust_holm(np.exp(log_p)))
    return found.iloc[np.argsort(np.where(np.isnan(log_p), np.inf, log_p), kind="stable")].reset_index(drop=True)


def is_put_together(name: object) -> bool:
    """Is this the lump of all groups beyond the largest, which `keep_largest` made?"""
    return re.fullmatch(r"all others \(\d+\)", str(name)) is not None


def keep_largest(counts: pd.DataFrame, most: int) -> pd.DataFrame:
    """The counts with their largest groups first and all groups beyond `most` put together."""
    sizes = counts.groupby("group")["n_entered"].sum()
    order = sizes.to_frame("n").reset_index().sort_values(["n", "group"], ascending=[False, True])["group"].tolist()
    kept = order[:most]
    if len(order) > most:
        rest = f"all others ({len(order) - most})"
        counts = counts.assign(group=counts["group"].where(counts["group"].isin(kept), rest))
        kept = [*kept, rest]
    summed = counts.groupby(["group", "tenure_days"], as_index=False)[["n_entered", "n_ended", "n_censored"]].sum()
    place = summed["group"].map({name: place for place, name in enumerate(kept)})
    return summed.assign(place=place).sort_values(["place", "tenure_days"]).drop(columns="place", inplace=False)


def put_together(rows: pd.DataFrame, largest: pd.DataFrame) -> pd.DataFrame:
    """Rows with a ``group``, the small ones put together as in the counts."""
    groups = list(pd.unique(largest["group"]))
    return rows.assign(group=rows["group"].where(rows["group"].isin(groups), groups[-1]))


@step
def _categories(study: Study, spells: ir.Table) -> list[str]:
    """Plan, then declared categories, then flags; those of the contracts before those of the customers."""
    found = [PLAN] if PLAN in spells.columns else []
    for kind in (vocabulary.CATEGORY, vocabulary.FLAG):
        for table in ("contracts", "customers"):
            found += [name for name, held in study.attributes_of(table).items() if held == kind]
    return [name for name in dict.fromkeys(found) if name in spells.columns]


def _count_values(spells: ir.Table, names: Sequence[str]) -> dict[str, int]:
    """Values each takes; not knowing it is one of them, as on the page."""
    if not names:
        return {}
    asked = {f"n{i}": spells[name].nunique() for i, name in enumerate(names)}
    asked |= {f"e{i}": (spells[name].count() < spells.count()) for i, name in enumerate(names)}
    found = spells.agg(**asked).to_pyarrow().to_pylist()[0]
    return {name: found[f"n{i}"] + int(found[f"e{i}"]) for i, name in enumerate(names)}


def _log_rank(counts: pd.DataFrame, shared: pd.DataFrame | None) -> tuple[float, int]:
    """Chi-squared and its degrees, small groups put together and left out where they stay small."""
    for name in ("the small ones", None):
        if counts["group"].nunique() < 2:
            return float("nan"), 0
        test = compare_groups(counts, shared=shared)
        small = test.expected.loc[test.expected["n_expected"] < _FEWEST_EXPECTED, "group"]
        if small.empty:
            return test.chi_squared, test.degrees
        is_small = counts["group"].isin(small)
        counts = counts.loc[~is_small] if name is None else counts.assign(group=counts["group"].mask(is_small, name))
        if shared is not None and name is not None:
            shared = shared.assign(group=shared["group"].mask(shared["group"].isin(small), name))
    if counts["group"].nunique() < 2:
        return float("nan"), 0
    test = compare_groups(counts, shared=shared)
    return test.chi_squared, test.degrees


def _say_left_out(names: Sequence[str]) -> str:
    if not names:
        return ""
    tell = "tells" if len(names) == 1 else "tell"
    return f" Not compared: {join_words(list(names))}, which {tell} that a contract has ended rather than who leaves."
