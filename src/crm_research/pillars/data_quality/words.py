"""The quality of records in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_research.contracts.rules import NOTE
from crm_research.figures import says_nothing
from crm_research.pillars.data_quality import effects
from crm_research.pillars.data_quality.dimensions import COMPLETENESS, DIMENSION_OF, keeper_of
from crm_research.pillars.data_quality.figures import whole_effect
from crm_research.pillars.data_quality.names import column_of, name_of, rows_of, table_of
from crm_research.pillars.data_quality.potential import BEST, LIKE, LeftAlone
from crm_research.stats.leading import find_leader_within
from crm_research.theme import (
    first_capital,
    join_words,
    say_count,
    say_date,
    say_money,
    say_percent,
    say_plainly,
    say_with_limits,
    word_for,
)

if TYPE_CHECKING:
    from crm_research.pillars.data_quality.measure import DataQuality
    from crm_research.pillars.data_quality.suspicions import Suspicion

_NAMED = 3
_TRIFLE = 0.001


def answer(quality: DataQuality) -> tuple[str, str, str]:
    """How much of the records breaks no rule, what is worst and who mends it, and what it costs."""
    return say_sound(quality), say_worst(quality), say_cost(quality)


def main_table(quality: DataQuality) -> pd.Series | None:
    """The table that most rests on: of dealings, else the one with most rows; None where all are empty."""
    if quality.tables.empty:
        return None
    own = quality.tables.loc[quality.tables["table"] == (quality.dealing or "")]
    row: pd.Series = (own if len(own) else quality.tables.nlargest(1, "n_rows")).iloc[0]
    return row


def say_sound(quality: DataQuality) -> str:
    """Of the main records, how many break no rule and are no copy? Tables that cannot be used come first."""
    unusable = say_unusable(quality)
    row = main_table(quality)
    if row is None:
        return f"{unusable} No table that could be looked at holds a row.".strip()
    n, name = int(row["n_rows"]), rows_of(str(row["table"]))
    if n == 1:
        return f"{unusable} There is one row in {name}, from which no share can be told.".strip()
    if row["n_sound"] == n:
        unseen = say_percent(1 - float(row["lower"]))
        return (
            f"{unusable} None of the {n:,} {name} breaks a rule or is a copy: a fault in more than {unseen} of such "
            "records would have shown."
        ).strip()
    if says_nothing(row["lower"], row["upper"], span=1.0):
        return f"{unusable} How many of the {n:,} {name} can be relied on is not known: they are too few.".strip()
    n_bad = n - int(row["n_sound"])
    share = say_with_limits(1 - row["sound_share"], 1 - row["upper"], 1 - row["lower"], say_percent)
    verb = word_for(n_bad, "breaks a rule or is a copy", "break a rule or are copies")
    return f"{unusable} Of the {n:,} {name}, {n_bad:,} at most {verb}: {share}.".strip()


def say_unusable(quality: DataQuality) -> str:
    """Which tables cannot be used at all? Empty where all can."""
    broken = dict.fromkeys([*(one.table for one in quality.verdict.errors), *quality.left_out])
    if not broken:
        return ""
    names = join_words([table_of(name) for name in broken])
    verb = word_for(len(broken), "cannot be used as it is: a rule is", "cannot be used as they are: rules are")
    return f"The {word_for(len(broken), 'table', 'tables')} of {names} {verb} broken."


def leading(quality: DataQuality) -> Suspicion | None:
    """The suspicion under which the largest share lies, if it is the largest beyond chance; None otherwise.

    Of those that touch the main figures, where any do.
    """
    found = [one for one in quality.found if quality.touches(one)] or quality.found
    if len(found) == 1:
        return found[0]
    shares = np.array([[float(part) for part in one.share(quality.confidence)] for one in found]).reshape(-1, 3)
    place = find_leader_within(shares[:, 0], shares[:, 1], shares[:, 2], level=quality.confidence) if found else None
    return None if place is None else found[place]


def is_trifle(quality: DataQuality) -> bool:
    """Is less than one row in a thousand under each suspicion (or none), while values are missing?"""
    n_missing = int(quality.columns["n_missing"].sum())
    return n_missing > 0 and all(one.n_bad < _TRIFLE * one.n_checked for one in quality.found)


def say_worst(quality: DataQuality) -> str:
    """What is worst, and who can mend it?"""
    if is_trifle(quality):
        return say_least_complete(quality)
    found, first = quality.found, leading(quality)
    if first is not None:
        value, lower, upper = (float(part) for part in first.share(quality.confidence))
        share = say_with_limits(value, lower, upper, say_percent)
        begin = "Worst are" if len(found) > 1 else "Suspect are"
        return f"{begin} {name_of(first)}: {share}. {first_capital(keeper_of(first.table))} can look into it."
    if found:
        named = [name_of(one) for one in found[:_NAMED]]
        more = [f"{len(found) - _NAMED:,} more"] if len(found) > _NAMED else []
        return f"Suspect are {join_words([*named, *more])}; none of them stands out beyond chance."
    return say_least_complete(quality)


def say_least_complete(quality: DataQuality) -> str:
    """Which column misses the most values, and who can fill it?"""
    held = quality.columns.loc[quality.columns["n_missing"] > 0]
    if held.empty:
        return nothing_missing(quality)
    place = find_leader_within(
        1 - held["complete_share"], 1 - held["complete_upper"], 1 - held["complete_lower"], level=quality.confidence
    )
    if len(held) == 1:
        place = 0
    if place is None:
        ordered = held.sort_values("complete_share", kind="stable").head(_NAMED)
        names = join_words([_column(row) for row in ordered.to_dict("records")])
        return f"Values are missing most in {names}; none of them stands out beyond chance."
    row = held.iloc[place].to_dict()
    there = say_with_limits(row["complete_share"], row["complete_lower"], row["complete_upper"], say_percent)
    keeper = first_capital(keeper_of(row["table"]))
    return f"Most is missing in {_column(row)}: a value is there in {there}. {keeper} can fill it."


def _column(row: Mapping[Any, Any]) -> str:
    return column_of(row["table"], row["column"])


def nothing_missing(quality: DataQuality) -> str:
    """That every value which should be there is there."""
    if quality.columns.empty or not quality.columns["n_asked"].sum():
        return "No value is asked for in these records."
    return f"No value is missing in any of the {int((quality.columns['n_asked'] > 0).sum()):,} columns."


def say_cost(quality: DataQuality) -> str:
    """How far do customers and money of the study change without what is suspect?"""
    if quality.dealing is None:
        return "What bad records cost cannot be told: neither orders nor contracts are there to count in."
    found = whole_effect(quality)
    if found is None:
        elsewhere = "" if not quality.found else " What is suspect lies elsewhere."
        return (
            f"Nothing in {quality.dealing} or in the dates of customers is suspect, so the main figures stay as they "
            f"are.{elsewhere}"
        )
    customers, money = found[effects.CUSTOMERS], found[effects.MONEY]
    what = "revenue" if quality.dealing == "orders" else "fees"
    n_less = int(-customers["change"])
    of = f"{int(customers['as_they_are']):,}"
    less = f"{say_count(n_less, 'customer')} fewer of {of}" if n_less else "no customer fewer"
    return f"Without what is suspect there would be {less}, and {what} would be {_say_change(money, quality)}."


def _say_change(row: Mapping[str, Any], quality: DataQuality) -> str:
    before, change = row["as_they_are"], row["change"]
    if not np.isfinite(change) or before <= 0:
        return "another" if change else "the same"
    if round(change, 2) == 0:
        return "the same"
    side = "lower" if change < 0 else "higher"
    ends = sorted(-np.sign(-change) * np.array([row["lower"], row["upper"]]) / before)
    share = say_with_limits(abs(change) / before, ends[0], ends[1], say_percent)
    return f"{say_money(abs(change), quality.currency)} {side}, which is {share}"


def say_rules(quality: DataQuality) -> str:
    """How many rules were looked at, and how many are broken?"""
    found = quality.verdict.findings
    broken = [one for one in quality.verdict.failed if one.severity != NOTE]
    if not broken:
        verb = word_for(len(found), "was", "were")
        return f"{say_count(len(found), 'rule')} {verb} looked at, and none that calls for care is broken."
    return (
        f"Of {say_count(len(found), 'rule')} that {word_for(len(found), 'was', 'were')} looked at, {len(broken):,} "
        f"{word_for(len(broken), 'is', 'are')} broken. The counts are those of crm-research check."
    )


def say_trends(quality: DataQuality) -> str:
    """In which columns does more go missing as time goes on, or less?"""
    tested = quality.trends
    if tested.empty:
        return "Whether more goes missing as time goes on cannot be told: too few months, or too few values missing."
    beyond = tested.loc[tested["p_adjusted"] < 1 - quality.confidence].sort_values("p_adjusted", kind="stable")
    n = len(tested)
    if beyond.empty:
        held = word_for(n, "the one column", f"any of the {n:,} columns")
        return f"What is missing has no trend beyond chance in {held} that can be tested."
    said = [_say_trend(row) for row in beyond.head(_NAMED).to_dict("records")]
    more = f" {len(beyond) - _NAMED:,} more stand in the table." if len(beyond) > _NAMED else ""
    return f"{' '.join(said)}{more}"


def _say_trend(row: Mapping[Any, Any]) -> str:
    verb = "gets worse" if row["slope"] > 0 else "gets better"
    ends = f"{say_percent(row['first_share'])} missing at first and {say_percent(row['last_share'])} in the end"
    return f"{first_capital(_column(row))} {verb}: {ends}."


def say_not_judged(quality: DataQuality) -> str:
    """Which columns are not judged, since their empty cells say something?"""
    names = [column_of(table, name) for table, columns in quality.not_judged.items() for name in columns]
    if not names:
        return ""
    return f"Empty places say something, and are not missing, in {join_words(names)}."


def say_unread(quality: DataQuality) -> str:
    """Of which tables are there columns that were not looked at for spellings? Empty where there are none."""
    said = [f"{n:,} of {table_of(table)}" for table, n in quality.unread.items()]
    if not said:
        return ""
    return f"Names in two spellings are looked for in the first 40 columns of a table; not in {join_words(said)}."


def say_dead(quality: DataQuality) -> Iterator[str]:
    """Which share of customers is gone, of whom it can be told?"""
    dead = quality.dead
    for one in dead.found:
        if one.share is None:
            yield one.why_not
            continue
        value, lower, upper = (float(part) for part in one.share)
        if says_nothing(lower, upper, span=1.0):
            yield f"How many of the {one.n:,} {one.group} are gone is not known."
            continue
        if value == 0 and not np.isfinite(upper):
            yield f"None of the {one.n:,} {one.group} can be seen to be gone."
            continue
        share = say_with_limits(value, lower, upper, say_percent)
        if one.n == 1 and value in (0.0, 1.0):
            yield f"The only one of the {one.group} is {'gone by now' if value else 'still there'}."
            continue
        yield f"Gone by now are {share} of {one.n:,} {one.group}."
    if dead.n_not_judged:
        yield (
            f"{say_count(dead.n_not_judged, 'customer')} of {dead.n_customers:,} "
            f"{word_for(dead.n_not_judged, 'has', 'have')} neither bought nor held a contract: nothing tells whether "
            f"{word_for(dead.n_not_judged, 'it is', 'they are')} still there."
        )


def say_left_alone(quality: DataQuality) -> str:
    """How many of the best did nobody speak to?"""
    found = quality.left_alone
    if isinstance(found, str):
        return found
    return " ".join(_say_alone(found, who, quality.currency) for who in (BEST, LIKE)).strip()


def _say_alone(found: LeftAlone, who: str, currency: str) -> str:
    held = found.groups.loc[found.groups["who"] == who]
    if held.empty:
        return ""
    row = held.iloc[0]
    n, of = int(row["n_left_alone"]), int(row["n_customers"])
    if not n:
        return f"None of the {of:,} {who} was left alone."
    share = say_with_limits(row["left_alone_share"], row["lower"], row["upper"], say_percent)
    money = say_money(float(row["money"]), currency)
    these = word_for(n, "This one", f"These {who}")
    return f"Nobody spoke to {n:,} of the {of:,} {who}: {share}. {these} brought {money} all the same."


def say_alone_window(found: LeftAlone) -> str:
    """Over which months, and by which tables?"""
    days = f"{say_date(found.window.start)} to {say_date(found.window.last_day)}"
    names = join_words([name.replace("_", " ") for name in found.told_by])
    return (
        f"Value and contacts are those of {days}, and {names} tell who was spoken to. The best are the gold customers "
        "of the report on value; like them are others who bought at least as often as the middle one of these."
    )


def months_seen(quality: DataQuality) -> str:
    """What the picture of months shows."""
    beyond = quality.trends.loc[quality.trends["p_adjusted"] < 1 - quality.confidence]
    worse, better = int((beyond["slope"] > 0).sum()), int((beyond["slope"] < 0).sum())
    if quality.trends.empty:
        return "What is missing, month by month"
    if not worse and not better:
        return "What is missing, month by month: no trend beyond chance"
    said = [
        f"{say_count(n, 'column')} {word_for(n, 'gets', 'get')} {how}"
        for n, how in ((worse, "worse"), (better, "better"))
        if n
    ]
    return f"What is missing, month by month: {' and '.join(said)}"


def columns_seen(quality: DataQuality) -> str:
    """What the picture of columns shows."""
    n = int((quality.columns["n_missing"] > 0).sum())
    return f"{say_count(n, 'column')} {word_for(n, 'misses', 'miss')} values"


def faults_seen(quality: DataQuality) -> str:
    """What the picture of tables shows."""
    n = int((quality.tables["n_sound"] < quality.tables["n_rows"]).sum())
    if not n:
        return "No row breaks a rule; how many such rows may be unseen"
    return f"Rows that break a rule or are copies stand in {say_count(n, 'table')}"


def incomplete_rules(quality: DataQuality) -> list[str]:
    """Rules of completeness that are broken, as they are expected."""
    held = [one for one in quality.verdict.failed if DIMENSION_OF.get(one.rule) == COMPLETENESS]
    return [say_plainly(one.expected) for one in held]
