"""The quality of records of planted, distinct numbers: what is said and shown of it needs no engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from crm_research.contracts.findings import Finding, TableSummary, Verdict
from crm_research.features.money_window import MoneyWindow
from crm_research.features.repaired import RepairCounts
from crm_research.features.untrue_records import UntrueCount, UntrueRecords
from crm_research.features.without import Suspects
from crm_research.pillars.data_quality import DataQualityPage, effects
from crm_research.pillars.data_quality.dead import BUYERS, BY_ENDS, BY_RHYTHM, HOLDERS, Dead, DeadRecords
from crm_research.pillars.data_quality.measure import DataQuality
from crm_research.pillars.data_quality.potential import BEST, LIKE, LeftAlone
from crm_research.pillars.data_quality.suspicions import BROKEN, COPIES, JANUARY, LEVELS, NUMBERS, TIMES, Suspicion
from crm_research.pillars.data_quality.trends import TREND_COLUMNS
from crm_research.stats.intervals import Interval, wilson_share
from tests.builders import a_study, orders

CONFIDENCE = 0.9
SUSPECTS = Suspects(table="orders", condition=lambda **_: None)
COLUMNS = ["table", "column", "n_asked", "n_missing", "n_checked", "n_invalid", "rule"]


def some_tables(*rows: tuple[str, int, int]) -> pd.DataFrame:
    """table, n_rows and n_sound with what follows from them."""
    frame = pd.DataFrame(rows, columns=["table", "n_rows", "n_sound"])
    share = wilson_share(frame["n_sound"], frame["n_rows"], confidence=CONFIDENCE)
    return frame.assign(sound_share=share.estimate, lower=share.lower, upper=share.upper)


def some_columns(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """What was counted of each column, with what follows from it."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    there = wilson_share(frame["n_asked"] - frame["n_missing"], frame["n_asked"], confidence=CONFIDENCE)
    bad = wilson_share(frame["n_invalid"], frame["n_checked"], confidence=CONFIDENCE)
    return frame.assign(
        complete_share=there.estimate, complete_lower=there.lower, complete_upper=there.upper,
        invalid_share=bad.estimate, invalid_lower=bad.lower, invalid_upper=bad.upper,
    )  # fmt: skip


def some_effects(**change: tuple[float, float, float]) -> pd.DataFrame:
    """Two suspicions and both together; every figure changes by a number of its own."""
    rows = []
    for k, name in enumerate(("dates that cannot be (born of customers)", "rows that break a rule (orders)", "all")):
        for place, figure in enumerate(effects.FIGURES):
            as_they_are = 0.1 * (place + 3) if figure in (effects.TOP, effects.AGAIN) else 1000.0 * (place + 2)
            moved = -as_they_are / (100 + 10 * k + place)
            lower, upper = moved * 1.3, moved * 0.8
            if name == "all" and figure in change:
                moved, lower, upper = change[figure]
            rows.append((name, figure, 2411, 30 + k, as_they_are, as_they_are + moved, moved, lower, upper))
    return pd.DataFrame(rows, columns=list(effects.COLUMNS))


def a_finding(table: str, column: str, rule: str, severity: str, n_bad: int, **more: Any) -> Finding:
    return Finding(
        table=table, column=column, rule=rule, expected=f"{column or table} keeps {rule}", severity=severity,  # type: ignore[arg-type]
        n_checked=5200, n_bad=n_bad, **more,
    )  # fmt: skip


def a_verdict(*more: Finding) -> Verdict:
    findings = (
        a_finding("customers", "city", "missing-value", "warning", 41),
        a_finding("customers", "born", "before-1900", "warning", 1),
        a_finding("orders", "order_id", "duplicate-key", "warning", 0),
        a_finding("orders", "discount", "discount-beyond-reason", "note", 7),
        a_finding("orders", "", "stale", "note", 1, found="the last of them is 19 days old"),
        a_finding("contacts", "customer_id", "orphan", "warning", 23),
        *more,
    )
    summary = TableSummary(
        table="orders", grain="order", n_rows=5200, known_at="ordered_at", first_at=datetime(2023, 2, 3),
        last_at=datetime(2024, 6, 12),
    )  # fmt: skip
    later = replace(summary, table="contacts", first_at=datetime(2023, 3, 5), last_at=datetime(2024, 8, 15))
    timeless = replace(summary, table="customers", first_at=None, last_at=None)
    return Verdict(
        study="Planted", as_of=datetime(2024, 7, 1), holdout_until=None, tables=(timeless, summary, later),
        findings=findings,
    )  # fmt: skip


def a_suspicion(kind: str, table: str, column: str, n_bad: int, n_checked: int, **more: Any) -> Suspicion:
    return Suspicion(
        kind=kind, table=table, column=column, n_checked=n_checked, n_bad=n_bad,
        evidence=f"There are {n_bad} of them.", otherwise=f"Of {n_checked} some may be so.",
        suspects=SUSPECTS if table in ("orders", "customers") else None, **more,
    )  # fmt: skip


FOUND = (
    a_suspicion(BROKEN, "orders", "", 260, 5200),
    a_suspicion(TIMES, "customers", "born", 9, 2411),
    a_suspicion(JANUARY, "customers", "born", 0, 2411),
    a_suspicion(COPIES, "orders", "", 0, 5200),
    a_suspicion(COPIES, "contacts", "", 0, 731),
    a_suspicion(LEVELS, "contacts", "kind", 310, 731),
    a_suspicion(NUMBERS, "orders", "store", 0, 5093),
)


def an_interval(*numbers: float) -> Interval:
    return Interval(*(np.asarray(one) for one in numbers))


def a_quality(**changes: object) -> DataQuality:
    """Customers, orders and contacts with faults of all kinds."""
    trends = pd.DataFrame(
        [("orders", "store", 17, 0.021, 0.147, 0.0079, 0.0004, 0.0012),
         ("customers", "city", 16, 0.093, 0.011, -0.0051, 0.004, 0.008),
         ("contacts", "kind", 15, 0.31, 0.29, -0.0014, 0.4, 0.4)],
        columns=list(TREND_COLUMNS),
    )  # fmt: skip
    months = pd.DataFrame(
        [("orders", "store", 24_287 + m, 300 + m, 7 + 2 * m) for m in (0, 1, 2, 4, 5)]
        + [("customers", "city", 24_288 + m, 120 + m, 9 - m) for m in range(4)],
        columns=["table", "column", "month", "n_asked", "n_missing"],
    )
    window = MoneyWindow(start=datetime(2023, 7, 1), end=datetime(2024, 7, 1), months=12, asked=12)
    alone = pd.DataFrame(
        [(BEST, 83, 14, 0.1687, 0.1093, 0.2516, 23_456.0), (LIKE, 211, 57, 0.2701, 0.2227, 0.3235, 34_567.0)],
        columns=["who", "n_customers", "n_left_alone", "left_alone_share", "lower", "upper", "money"],
    )
    listed = pd.DataFrame(
        [("c07", BEST, 3141.59, 12), ("c12", LIKE, 2718.28, 11)], columns=["customer_id", "who", "money", "purchases"]
    )
    repaired = RepairCounts(
        columns=pd.DataFrame(
            [("postal_code", 61, 37, 12, 5, 7, 3), ("phone", 29, 14, 8, 6, 1, 1)],
            columns=["column", "n_values", "n_written", "n_filled", "n_emptied", "n_replaced", "n_decided"],
        ),
        n_repaired=78, n_records=3120, last_at=datetime(2024, 6, 21),
    )  # fmt: skip
    untrue = UntrueRecords(
        counts=(UntrueCount(suspicion="shared_phone", n_checked=3000, n_suspected=33, n_by_chance=0.0),),
        listed=pd.DataFrame(
            [("shared_phone", "dealer", "r7", "eleven names")], columns=["suspicion", "system", "local_id", "evidence"]
        ),
        n_records=3120, n_read=3120,
    )  # fmt: skip
    dead = DeadRecords(
        found=(
            Dead(group=BUYERS, n=2210, share=an_interval(0.314, 0.271, 0.362), method=BY_RHYTHM),
            Dead(group=HOLDERS, n=433, share=an_interval(0.127, 0.103, 0.156), method=BY_ENDS),
        ),
        n_customers=2411, n_not_judged=119,
    )  # fmt: skip
    quality = DataQuality(
        title="Planted", currency="EUR", as_of=datetime(2024, 7, 1), confidence=CONFIDENCE, verdict=a_verdict(),
        tables=some_tables(("customers", 2411, 2402), ("orders", 5200, 4917), ("contacts", 731, 708)),
        columns=some_columns(
            ("customers", "city", 2411, 171, 0, 0, ""), ("customers", "born", 2411, 0, 2411, 9, "before-1900"),
            ("orders", "store", 5200, 643, 0, 0, ""),
            ("orders", "discount", 5200, 0, 5200, 7, "discount-beyond-reason"),
            ("orders", "revenue", 5200, 0, 5200, 0, ""), ("contacts", "kind", 0, 0, 0, 0, ""),
        ),
        not_judged={"orders": ("returned_at", "note"), "contacts": ("closed_at",)},
        months=months, trends=trends,
        systems=pd.DataFrame(
            [("customers", "dealer", "city", 811, 97), ("customers", "shop", "city", 1600, 74),
             ("customers", "till", "city", 0, 0)],
            columns=["table", "system", "column", "n_asked", "n_missing"],
        ),
        suspicions=FOUND, unread={"orders": 13, "customers": 4}, dealing="orders", left_out=(), repaired=repaired,
        untrue=untrue,
        effects=some_effects(customers=(-87.0, -104.2, -71.9), money=(-213.5, -345.6, -98.7)), dead=dead,
        left_alone=LeftAlone(window=window, told_by=("contacts", "campaign_targets"), groups=alone, listed=listed),
    )  # fmt: skip
    return replace(quality, **changes)


def in_order() -> DataQuality:
    """Nothing is wrong, missing or suspect, and nobody can be told to be gone or left alone."""
    verdict = a_verdict()
    quality = a_quality()
    return replace(
        quality,
        verdict=Verdict(
            study="Planted", as_of=verdict.as_of, holdout_until=datetime(2024, 9, 4), tables=verdict.tables,
            findings=(a_finding("orders", "order_id", "duplicate-key", "error", 0),),
        ),
        tables=some_tables(("customers", 613, 613), ("orders", 1733, 1733)),
        columns=some_columns(
            ("customers", "city", 613, 0, 613, 0, ""), ("orders", "store", 1733, 0, 1733, 0, "")
        ),
        not_judged={}, months=quality.months.head(0), trends=quality.trends.head(0), systems=quality.systems.head(0),
        suspicions=(a_suspicion(BROKEN, "orders", "", 0, 1733), a_suspicion(TIMES, "customers", "born", 0, 610)),
        unread={}, repaired=None, untrue=None, effects=quality.effects.head(0),
        dead=DeadRecords(
            found=(
                Dead(group=BUYERS, n=600, share=an_interval(0.0, np.nan, np.nan), method=BY_RHYTHM),
                Dead(group=HOLDERS, n=1, share=an_interval(1.0, 0.3, 1.0), method=BY_ENDS),
            ),
            n_customers=613, n_not_judged=1,
        ),
        left_alone="No contacts and no campaigns are recorded, so nobody can be seen to be left alone.",
    )  # fmt: skip


def of_contracts() -> DataQuality:
    """Contracts with one fault of each kind; a table is unusable, and another one was left out."""
    quality = a_quality()
    alone = quality.left_alone
    assert not isinstance(alone, str)
    return replace(
        quality,
        verdict=a_verdict(
            a_finding("people", "", "empty-table", "error", 1), a_finding("orders", "x", "cut-key", "error", 2)
        ),
        tables=some_tables(("contracts", 433, 432), ("customers", 950, 950)),
        columns=some_columns(("contracts", "fee", 433, 1, 433, 0, "")),
        not_judged={"contracts": ("ended_at",)},
        months=quality.months.head(1), trends=quality.trends.tail(1),
        suspicions=(a_suspicion(TIMES, "customers", "born", 3, 950),),
        unread={"contracts": 1}, dealing="contracts", left_out=("surveys",),
        repaired=RepairCounts(
            columns=quality.repaired.columns.head(1).assign(
                n_values=1, n_written=0, n_filled=0, n_emptied=1, n_replaced=0, n_decided=0
            ),
            n_repaired=1, n_records=1, last_at=datetime(2024, 6, 22),
        ),
        untrue=None,
        effects=some_effects(customers=(-1.0, -3.0, 0.0), money=(37.4, 12.3, 61.2)).tail(6).assign(
            suspicion="dates that cannot be (born of customers)"
        ),
        dead=DeadRecords(
            found=(
                Dead(group=BUYERS, n=7, share=None, method=BY_RHYTHM, why_not="Whether they are cannot be told."),
                Dead(group=HOLDERS, n=5, share=an_interval(0.5, 0.0, 1.0), method=BY_ENDS),
            ),
            n_customers=951, n_not_judged=0,
        ),
        left_alone=replace(alone, told_by=("contacts",), groups=alone.groups.assign(n_left_alone=[1, 0])),
    )  # fmt: skip


def of_nothing() -> DataQuality:
    """No table holds a row."""
    quality = a_quality()
    return replace(
        in_order(),
        tables=quality.tables.head(0), columns=quality.columns.head(0), suspicions=(), dealing=None,
        dead=DeadRecords(found=(), n_customers=0, n_not_judged=0),
        left_alone="Neither orders nor contracts are recorded, so nobody can be seen to be one of the best.",
        verdict=Verdict(study="Planted", as_of=datetime(2024, 7, 1), holdout_until=None, tables=(), findings=()),
    )  # fmt: skip


def page_of(quality: DataQuality) -> DataQualityPage:
    """The page, with this for what it measured."""
    page = DataQualityPage(a_study(orders=orders(("a", "2024-01-01", 10.0))))
    page._measure = lambda: quality
    return page
