"""The quality of records as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_research.contracts.rules import NOTE
from crm_research.features.without import ALL
from crm_research.pillars.data_quality.dimensions import DIMENSION_OF, DIMENSIONS, keeper_of
from crm_research.pillars.data_quality.effects import AGAIN, TOP
from crm_research.pillars.data_quality.figures import quality_figures
from crm_research.pillars.data_quality.names import column_of, figure_name, place_of, rows_of, table_of
from crm_research.theme import say_date, say_percent, say_plainly, say_short, say_signed_points, word_for

if TYPE_CHECKING:
    from crm_research.pillars.data_quality.measure import DataQuality

_TRENDS = {True: "rises", False: "falls"}


def tables_table(quality: DataQuality) -> pd.DataFrame:
    """records, rows, break_no_rule_share, lower, upper, who_mends: each table, and how many of its rows can be used."""
    held = quality.tables
    return pd.DataFrame(
        {
            "records": [rows_of(name) for name in held["table"]],
            "rows": held["n_rows"],
            "break_no_rule_share": held["sound_share"],
            "lower": held["lower"],
            "upper": held["upper"],
            "who_mends_them": [keeper_of(name) for name in held["table"]],
        }
    )


def columns_table(quality: DataQuality) -> pd.DataFrame:
    """column, values_asked, there_share, lower, upper, invalid_share, over_time: the least complete first."""
    held = quality.columns
    trends = {(row["table"], row["column"]): row for row in quality.trends.to_dict("records")}
    frame = pd.DataFrame(
        {
            "column": [column_of(t, c) for t, c in zip(held["table"], held["column"], strict=True)],
            "values_asked": held["n_asked"].where(held["n_asked"] > 0),
            "there_share": held["complete_share"],
            "lower": held["complete_lower"],
            "upper": held["complete_upper"],
            "invalid_share": held["invalid_share"],
            "missing_over_time": [
                _say_trend(trends.get(pair), quality.confidence)
                for pair in zip(held["table"], held["column"], strict=True)
            ],
        }
    )
    order = frame.assign(whole=frame["there_share"].fillna(1.0), bad=-frame["invalid_share"].fillna(0.0))
    found: pd.DataFrame = frame.loc[order.sort_values(["whole", "bad"], kind="stable").index]
    return found.reset_index(drop=True)


def _say_trend(row: Any, confidence: float) -> str:
    if row is None:
        return ""
    if not row["p_adjusted"] < 1 - confidence:
        return "no trend beyond chance"
    ends = f"from {say_percent(row['first_share'])} to {say_percent(row['last_share'])}"
    return f"{_TRENDS[row['slope'] > 0]}, {ends}"


def rules_table(quality: DataQuality) -> pd.DataFrame:
    """kind_of_fault, where, expected, found, who_can_mend_it: every rule that is broken, the gravest first."""
    rows = [
        {
            "kind_of_fault": DIMENSION_OF.get(one.rule, ""),
            "where": column_of(one.table, one.column) if one.column else table_of(one.table),
            "expected": say_plainly(one.expected),
            "found": say_plainly(one.found)
            or f"{one.n_bad:,} of {one.n_checked:,} {word_for(one.n_bad, 'does', 'do')} not "
            f"({say_percent(one.share_bad)})",
            "who_can_mend_it": keeper_of(one.table, one.rule) if one.severity != NOTE else "nobody needs to",
        }
        for one in quality.verdict.failed
    ]
    return pd.DataFrame(rows, columns=["kind_of_fault", "where", "expected", "found", "who_can_mend_it"])


def dimensions_table(quality: DataQuality) -> pd.DataFrame:
    """kind_of_fault, rules_looked_at, rules_broken: how each kind of quality stands."""
    found = quality.verdict.findings
    rows = []
    for dimension in DIMENSIONS:
        own = [one for one in found if DIMENSION_OF.get(one.rule) == dimension]
        rows.append((dimension, len(own), sum(not one.holds and one.severity != NOTE for one in own)))
    return pd.DataFrame(rows, columns=["kind_of_quality", "rules_looked_at", "rules_broken"])


def suspicions_table(quality: DataQuality) -> pd.DataFrame:
    """suspicion, where, looked_at, suspect, suspect_share, lower, upper, who_can_tell: what is under suspicion."""
    rows = []
    for one in quality.found:
        share = [float(part) for part in one.share(quality.confidence)]
        rows.append((one.kind, place_of(one), one.n_checked, one.n_bad, *share, keeper_of(one.table)))
    columns = ["suspicion", "where", "looked_at", "suspect", "suspect_share", "lower", "upper", "who_can_tell"]
    return pd.DataFrame(rows, columns=columns)


def evidence_table(quality: DataQuality) -> pd.DataFrame:
    """suspicion, where, evidence, otherwise: on what evidence, and what explains it where nothing is wrong."""
    rows = [(one.kind, place_of(one), one.evidence, one.otherwise) for one in quality.found]
    return pd.DataFrame(rows, columns=["suspicion", "where", "evidence", "what_else_explains_it"])


def effects_table(quality: DataQuality) -> pd.DataFrame:
    """main_figure, without_what, as_they_are, without, change, from, to: as printed."""
    rows = []
    frame = quality.effects
    together = frame["suspicion"] == ALL
    for row in pd.concat([frame.loc[together], frame.loc[~together]]).to_dict("records"):
        is_share = row["figure"] in (TOP, AGAIN)
        say = say_percent if is_share else _say_number
        change = _say_points if is_share else _say_signed
        rows.append(
            {
                "main_figure": figure_name(row["figure"], quality.dealing),
                "left_out": "all of these together" if row["suspicion"] == ALL else row["suspicion"],
                "as_they_are": say(row["as_they_are"]),
                "without_them": say(row["without"]),
                "change": change(row["change"]),
                "at_least": change(row["lower"]),
                "at_most": change(row["upper"]),
            }
        )
    columns = ["main_figure", "left_out", "as_they_are", "without_them", "change", "at_least", "at_most"]
    return pd.DataFrame(rows, columns=columns)


def _say_number(value: float) -> str:
    return "not known" if not np.isfinite(value) else f"{value:,.0f}" if abs(value) >= 100 else say_short(value)


def _say_signed(value: float) -> str:
    if not np.isfinite(value):
        return "not known"
    text = f"{value:+z,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:+z.2f}"
    return text.replace("+0.00", "0").replace("+0", "0") if float(text.replace(",", "")) == 0 else text


def _say_points(value: float) -> str:
    return "not known" if not np.isfinite(value) else f"{say_signed_points(value)} points"


def timeliness_table(quality: DataQuality) -> pd.DataFrame:
    """records, first, last, days_before_the_end, months_without_any: how far each table reaches."""
    rows = []
    months = quality.months.groupby("table")["month"].agg(["min", "max", "nunique"]) if len(quality.months) else None
    for one in quality.verdict.tables:
        if one.first_at is None or one.last_at is None:
            continue
        empty = 0
        if months is not None and one.table in months.index:
            held = months.loc[one.table]
            empty = int(held["max"] - held["min"] + 1 - held["nunique"])
        days = max(((quality.verdict.holdout_until or quality.as_of) - one.last_at).days, 0)
        rows.append((rows_of(one.table), say_date(one.first_at), say_date(one.last_at), days, empty))
    columns = ["records", "first", "last", "days_before_the_end", "months_without_any"]
    return pd.DataFrame(rows, columns=columns)


def systems_table(quality: DataQuality) -> pd.DataFrame:
    """records, system, values_asked, there_share: how complete the records of each system are."""
    held = quality.systems
    if held.empty:
        return pd.DataFrame(columns=["records", "system", "column", "values_asked", "there_share"])
    found = held.loc[held["n_asked"] > 0]
    return pd.DataFrame(
        {
            "records": [rows_of(name) for name in found["table"]],
            "system": found["system"],
            "column": [say_plainly(name) for name in found["column"]],
            "values_asked": found["n_asked"],
            "there_share": 1 - found["n_missing"] / found["n_asked"],
        }
    )


def summary_table(quality: DataQuality) -> pd.DataFrame:
    """figure, group, value: the main numbers rounded to what a rerun on any machine must reproduce."""
    rows = []
    for figure in quality_figures(quality):
        if figure.id in ("quality.completeness", "quality.invalid_share") and figure.estimate in (0.0, 1.0):
            continue
        digits = 2 if figure.unit == "share" else 0
        value = "none" if figure.estimate is None else f"{figure.estimate:,.{digits}f}"
        rows.append((figure.id, figure.group, value))
    return pd.DataFrame(rows, columns=["figure", "group", "value"])
