"""What to do about the quality of records: what to mend first, whom to ask, whom to speak to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crm_research.contracts.rules import NOTE
from crm_research.pillars.data_quality import words
from crm_research.pillars.data_quality.dimensions import AFTER_WINDOW, keeper_of
from crm_research.pillars.data_quality.names import column_of, name_of, table_of
from crm_research.pillars.data_quality.potential import BEST, LeftAlone
from crm_research.show import Step
from crm_research.theme import word_for

if TYPE_CHECKING:
    from crm_research.pillars.data_quality.measure import DataQuality


def steps(quality: DataQuality) -> Iterator[Step]:
    """What to mend, the gravest first; each only where there is something to do."""
    errors = quality.verdict.errors
    if errors or quality.left_out:
        table = errors[0].table if errors else quality.left_out[0]
        rule = errors[0].rule if errors else ""
        yield Step(f"{words.say_unusable(quality)} Have {keeper_of(table, rule)} mend this first.", "rules")
    broken = [one for one in quality.verdict.warnings if one.severity != NOTE and one.rule != AFTER_WINDOW]
    if broken:
        first = broken[0]
        where = column_of(first.table, first.column) if first.column else table_of(first.table)
        yield Step(f"Mend {where}, where a rule is broken: it is for {keeper_of(first.table, first.rule)}.", "rules")
    if quality.found:
        first_suspicion = words.leading(quality) or quality.found[0]
        yield Step(
            f"Look into {name_of(first_suspicion)}: {keeper_of(first_suspicion.table)} can tell what is true.",
            "suspicions",
        )
    worse = quality.trends.loc[(quality.trends["p_adjusted"] < 1 - quality.confidence) & (quality.trends["slope"] > 0)]
    if len(worse):
        row = worse.sort_values("p_adjusted", kind="stable").iloc[0]
        yield Step(
            f"Find out what has changed for {column_of(row['table'], row['column'])}: more of it goes missing now.",
            "completeness",
        )
    found = quality.left_alone
    if isinstance(found, LeftAlone):
        held = found.groups.loc[(found.groups["who"] == BEST) & (found.groups["n_left_alone"] > 0)]
        for n in held["n_left_alone"]:
            who = word_for(int(n), "the one gold customer", f"the {int(n):,} gold customers")
            yield Step(f"Speak to {who} whom nobody has spoken to.", "left_alone")
    if not errors and not broken and not quality.found:
        yield Step("Keep the checks running with every load: what is in order today need not be tomorrow.", "rules")


def gravest_doubt(quality: DataQuality) -> str:
    """What would most change the answer."""
    unusable = words.say_unusable(quality)
    if unusable:
        return unusable
    return (
        "A record that keeps every rule may still be untrue: nobody has compared these records with the customers "
        "themselves."
    )
