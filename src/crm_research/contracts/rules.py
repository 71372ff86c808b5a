"""Every rule a canonical table is held to: how grave a failure is, what it spoils, and the mend. One list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from crm_research.contracts.readers import READERS

Severity = Literal["error", "warning", "note"]

ERROR: Final = "error"
WARNING: Final = "warning"
NOTE: Final = "note"
SEVERITIES: Final = (ERROR, WARNING, NOTE)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule, whatever the table.

    Parameters
    ----------
    id
        Its name in verdicts, in ``accept:`` of a study file and in docs/checks.md.
    severity
        ``error``: the table is unusable while the rule is broken; ``warning``: usable with care; ``note``: to know.
    spoils
        What becomes wrong where the rule is broken.
    mend
        What the user can do about it. ``{table}``, ``{column}`` and ``{other}`` are filled in.
    mend_of
        Table to another mend, where one table has a likelier one.
    """

    id: str
    severity: Severity
    spoils: str
    mend: str
    mend_of: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


_RULES: Final = (
    # The table as a whole
    Rule(
        id="empty-table",
        severity=ERROR,
        spoils="nothing can be computed from the table",
        mend="Check the source and the filter of {table}, or leave the table out of the study file.",
    ),
    Rule(
        id="missing-column",
        severity=ERROR,
        spoils="everything that needs the column",
        mend="Map it under 'tables: {table}: columns: {column}:' in the study file.",
    ),
    Rule(
        id="wrong-type",
        severity=ERROR,
        spoils="sums, comparisons and dates of the column",
        mend="Read the column as that type: mend the source, or cast it in the study file with an expression.",
    ),
    Rule(
        id="nothing-known",
        severity=ERROR,
        spoils="nothing of the table is known at as_of, so no report can be made from it",
        mend="Move as_of in the study file to a date after the first record, or correct the dates.",
    ),
    Rule(
        id="stale",
        severity=WARNING,
        spoils="silence after the last record looks like customers who stay away, in recency, churn and retention",
        mend="Load the newer records, or move as_of in the study file back to the last one.",
    ),
    Rule(
        id="holdout-empty",
        severity=ERROR,
        spoils="every forecast is judged by months without records, as if nobody had bought in them",
        mend="Load the orders up to holdout_until, move as_of back, or take holdout_until out of the study file.",
    ),
    Rule(
        id="holdout-short",
        severity=WARNING,
        spoils="forecasts are judged by months without records, as if nobody had done anything in them",
        mend="Load the newer records, or move holdout_until in the study file back to the last one.",
    ),
    # Keys
    Rule(
        id="missing-key",
        severity=ERROR,
        spoils="such rows belong to nobody: they are counted in totals and left out of every customer's figures",
        mend="Fill the key at the source, or leave such rows out with 'where:' under {table}.",
    ),
    Rule(
        id="placeholder-key",
        severity=WARNING,
        spoils="many strangers are taken for one very busy customer or product",
        mend="Turn the placeholder into a missing value, or leave such rows out with 'where:' under {table}.",
    ),
    Rule(
        id="rounded-key",
        severity=ERROR,
        spoils="the last digits are lost, so that different ids have become one and meet no other table's",
        mend=(
            "The file no longer holds the digits: export it anew with {column} as text (a spreadsheet shortens long "
            "numbers when it opens a file), or map another id."
        ),
    ),
    Rule(
        id="cut-key",
        severity=WARNING,
        spoils="the last digits are probably lost, so that different ids have become one and meet no other table's",
        mend=(
            "A spreadsheet keeps fifteen digits of a number: export it anew with {column} as text, or map another id. "
            "If the ids do end in noughts, write accept: {{cut-key: 1}}."
        ),
    ),
    Rule(
        id="total-row",
        severity=ERROR,
        spoils="the total is counted as one more row, so that money is counted twice",
        mend=(
            "If the row is a total and no record, leave it out with 'where:' under {table}, such as where: COLUMN not "
            "in ('Total', 'Summe'), COLUMN being the one that says so; at the end of the file, skip_footer: 1 beside "
            "the path does it. If it is a record, write accept: {{total-row: 1}}."
        ),
    ),
    Rule(
        id="total-name",
        severity=WARNING,
        spoils="if the rows are totals, what they sum is counted twice, and one customer or product is none",
        mend=(
            "If the rows are totals, leave them out with 'where:' under {table}; if somebody is called so, write "
            "accept: {{total-name: 1}}."
        ),
    ),
    Rule(
        id="one-spelling",
        severity=WARNING,
        spoils="what is one is counted as several: too many customers or products, each bought from too seldom",
        mend=(
            "Write {column}: {{column: ..., one_spelling: true}} in every table that has it: letters become small and "
            "composed, blanks, unseen signs and leading zeros go, \u00df becomes ss, and width the usual one. If "
            "capitals alone tell two apart, write accept: {{one-spelling: 1}}."
        ),
    ),
    Rule(
        id="duplicate-key",
        severity=ERROR,
        spoils="rows are counted twice, and joins multiply money",
        mend="Remove the copies at the source, or map an id that tells the rows apart.",
        mend_of={
            "orders": (
                "If the file holds one row for each line of an order, write 'sum_lines: true' under orders in the "
                "study file; else remove the copies at the source."
            )
        },
    ),
    Rule(
        id="repeated-row",
        severity=WARNING,
        spoils="if the rows are copies, quantities and money are too high; if they are true repeats, nothing",
        mend="Check whether a file was loaded twice; if so, remove the copies at the source.",
    ),
    Rule(
        id="orphan",
        severity=ERROR,
        spoils="what the rows refer to is not in the study: totals of the two tables disagree",
        mend=(
            "Add the missing rows to {other}, or correct the ids; where capitals, blanks, full width or leading zeros "
            "are all that differs, write {column}: {{column: ..., one_spelling: true}} in both tables."
        ),
    ),
    Rule(
        id="undescribed",
        severity=WARNING,
        spoils="the rows' category and brand are unknown: shares by category and own brand rest on the other rows",
        mend=(
            "Add the missing rows to {other}, or correct the ids; where capitals, blanks, full width or leading zeros "
            "are all that differs, write {column}: {{column: ..., one_spelling: true}} in both tables."
        ),
    ),
    Rule(
        id="no-dealings",
        severity=NOTE,
        spoils="nothing; such customers are counted in the base and in no behaviour",
        mend="No mend is needed if they are prospects; else check the ids.",
    ),
    Rule(
        id="crowd-account",
        severity=NOTE,
        spoils="if many people buy under the id (walk-in sales, tests), they are taken for one very loyal customer",
        mend="Leave the id out with 'where:' under {table} if it is no customer; a true key account needs no mend.",
    ),
    # Values
    Rule(
        id="missing-value",
        severity=ERROR,
        spoils="such rows drop out of sums, periods and comparisons without a word",
        mend="Fill the value at the source, or leave such rows out with 'where:' under {table}.",
    ),
    Rule(
        id="not-allowed",
        severity=ERROR,
        spoils="such rows are in no group that a report knows",
        mend="Translate the values at the source or by an expression for {column} in the study file.",
    ),
    Rule(
        id="below-minimum",
        severity=WARNING,
        spoils="shares and costs computed from the column come out too low",
        mend="If the sign is the other way round, turn it by an expression for {column}; else correct the values.",
    ),
    Rule(
        id="not-finite",
        severity=ERROR,
        spoils="one such value makes every sum and mean over it unusable",
        mend="Turn such values into missing ones, or leave such rows out with 'where:' under {table}.",
    ),
    Rule(
        id="too-large",
        severity=WARNING,
        spoils="one such value outweighs all others in totals and means, and cents are lost",
        mend="Correct the value, or its unit, at the source.",
    ),
    Rule(
        id="negative-revenue",
        severity=ERROR,
        spoils="returns are counted as purchases: frequency comes out too high, and money per order too low",
        mend="If these are returns, declare them with 'returns:' under {table} in the study file; else mend the sign.",
    ),
    Rule(
        id="positive-return",
        severity=ERROR,
        spoils="money given back is added to revenue",
        mend="Turn the sign of returned money with an expression for {column} in the study file.",
    ),
    Rule(
        id="line-sign",
        severity=WARNING,
        spoils="units and money of products disagree about what came back",
        mend="Give quantity and revenue of a returned line the same sign.",
    ),
    Rule(
        id="discount-beyond-reason",
        severity=WARNING,
        spoils="the discount share, and every judgement of who buys for the discount",
        mend="Check that discount is in money (no percentage), per row, and that revenue is what is left after it.",
    ),
    Rule(
        id="outside-scale",
        severity=ERROR,
        spoils="means and shares of the item",
        mend="Codes for 'no answer' (99, -1) must be missing values; else correct scale_min and scale_max.",
    ),
    Rule(
        id="scale-reversed",
        severity=ERROR,
        spoils="every comparison of scores: high and low change places",
        mend="Give scale_min the lowest and scale_max the highest possible answer.",
    ),
    Rule(
        id="known-too-early",
        severity=WARNING,
        spoils="the value is not read: what it tells would become known with {other}, which is empty",
        mend="Fill {other} at the source, or empty {column}.",
    ),
    Rule(
        id="attribute-empty",
        severity=WARNING,
        spoils="nothing can be learnt from the attribute",
        mend="Map another column to it, or remove it from the attributes of {table}.",
    ),
    # Time
    Rule(
        id="before-1900",
        severity=WARNING,
        spoils="tenure, recency and periods: one placeholder date stretches them by a century",
        mend="Turn placeholder dates into missing values, or correct them at the source.",
    ),
    Rule(
        id="beyond-calendar",
        severity=ERROR,
        spoils="no analysis can hold such a time; most are placeholders of programs, of the years 1 and 9999",
        mend=(
            "Where the rows are no records, leave them out with 'where: COLUMN between date '1900-01-01' and date "
            "'2199-12-31'' under {table}, COLUMN being what you map to {column}; else correct the dates at the source."
        ),
    ),
    Rule(
        id="zero-date",
        severity=NOTE,
        spoils="tenure and recency, if the dates are placeholders",
        mend="If these dates stand for 'unknown', turn them into missing values.",
    ),
    Rule(
        id="after-window",
        severity=WARNING,
        spoils="nothing; such rows are not read",
        mend="Move as_of, declare holdout_until, or correct the dates.",
    ),
    Rule(
        id="time-order",
        severity=ERROR,
        spoils="durations come out negative",
        mend="Correct the two times at the source, or leave such rows out with 'where:' under {table}.",
    ),
    Rule(
        id="early-payment",
        severity=WARNING,
        spoils="days to payment come out negative, if the dates are not those of payment in advance",
        mend="Check the two dates; payment in advance needs no mend.",
    ),
    Rule(
        id="overlap",
        severity=ERROR,
        spoils="a contract is in two states at once, and its time at risk is counted twice",
        mend="End each state (valid_to) where the next one begins (valid_from).",
    ),
    Rule(
        id="goes-on",
        severity=WARNING,
        spoils="changes of plan, renewals and pauses count as ends: customers seem to leave far sooner than they do",
        mend=(
            "If such contracts go on in the next one, write 'continues_within: 7 days' and 'by: customer' under "
            "{table} in the study file; end reasons that are no end, such as a pause, as 'continues_after: [REASON]'."
        ),
    ),
    # Identities
    Rule(
        id="lines-sum",
        severity=WARNING,
        spoils="money by product does not add up to money by order",
        mend="Look for lines that were not loaded, shipping or fees outside the lines, and discount taken twice.",
    ),
    Rule(
        id="order-without-lines",
        severity=NOTE,
        spoils="breadth, discount and own-brand share leave these orders out",
        mend="Load the missing lines, if there are any.",
    ),
    Rule(
        id="one-customer",
        severity=ERROR,
        spoils="answers of several customers are mixed into one response",
        mend="Give each filled-in questionnaire a response_id of its own.",
    ),
    Rule(
        id="one-scale",
        severity=WARNING,
        spoils="the item's mean mixes answers on different scales",
        mend="Bring the answers onto one scale, or name the items differently.",
    ),
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.id: rule for rule in _RULES})


def say_mend(rule: Rule, table: str, column: str, *, other: str = "") -> str:
    """What the user can do where the rule is broken there."""
    mend = rule.mend_of.get(table, rule.mend)
    return mend.format(table=table, column=column or "a column", other=other)


def say_what_is_spoilt(rule: Rule, table: str, *, other: str = "") -> str:
    """What a failure of the rule on that table spoils, and in which reports."""
    readers = READERS.get(table, ())
    where = f"reports: {', '.join(readers)}" if readers else "no report reads this table yet"
    return f"{rule.spoils.format(table=table, other=other)} ({where})"
