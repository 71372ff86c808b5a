"""Winning customers in sentences: every number in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.features.winning import EVERY_KIND, REACH_DAYS
from crm_research.theme import say_count, say_money, say_months, say_percent, say_plainly, word_for

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.pillars.value.winning.measure import Winning

_MOST_SAID: Final = 3


def say_winning(found: Winning) -> str:
    """What winning one costs and when it has come back, of the kinds that addressed most."""
    rows = found.kinds.sort_values("n_prospects", ascending=False, kind="stable").head(_MOST_SAID)
    said = [_say(row, found) for _, row in rows.iterrows()]
    if found.kinds["came_anyway"].isna().any():
        said.append(
            "Where hardly anybody was held back, those who would have come anyway are counted as won, so that winning "
            "one looks cheaper than it is."
        )
    if found.n_without_cost:
        n = say_count(found.n_without_cost, "campaign")
        said.append(f"Kinds with campaigns of unknown cost ({n}) are left out.")
    return " ".join(said)


def _say(row: pd.Series, found: Winning) -> str:
    name = "campaigns" if row["kind"] == EVERY_KIND else f"campaigns of the kind “{say_plainly(row['kind'])}”"
    won = say_count(int(row["n_won"]), "customer")
    n = int(row["n_prospects"])
    people = f"{n:,} {word_for(n, 'person', 'people')}"
    were = word_for(n, "was no customer", "were no customers")
    times = f", {row['n_addresses'] / n:.1f} times on average" if row["n_addresses"] > n else ""
    start = f"Of {people} addressed by {name}{times}, who {were} yet, {won} bought within {REACH_DAYS} days"
    if row["came_anyway"] == row["came_anyway"]:
        if not row["extra_lower"] > 0:
            return f"{start}: no clearly larger share than of those held back, so what winning one costs is not known."
        start += f"; {say_percent(row['came_anyway'])} of them would have come anyway"
    if row["cost_each"] != row["cost_each"]:
        return f"{start}."
    if not row["cost"] > 0:
        return f"{start}. By the records winning them cost nothing."
    back = "which has not come back yet"
    if row["payback_months"] == row["payback_months"]:
        months = int(row["payback_months"])
        back = f"which came back within {say_months(months) if months > 1 else 'the first month'}"
    noun = "margin" if found.is_profit else "revenue"
    return f"{start}. Winning one cost {say_money(row['cost_each'], found.currency)}, {back} as {noun}."
