"""Customers who are gone by their own rhythm, or whose contracts have ended: records that are dead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.customers import build_customers, tables_naming_customers
from crm_research.features.window import known_rows
from crm_research.pillars.silent_churn.analysis import describe_silence
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval, wilson_share

if TYPE_CHECKING:
    from crm_research.study import Study

BUYERS: Final = "customers who buy"
HOLDERS: Final = "customers with contracts"
BY_RHYTHM: Final = "one less the share still active, as the report on silent churn has it"
# With fewer expected to be gone than this, the model sees nobody leave.
_NOBODY: Final = 0.01
BY_ENDS: Final = "share of customers with contracts of whom every one has ended; Wilson limits"


@dataclass(frozen=True, kw_only=True)
class Dead:
    """Which share of one kind of customers is gone?

    Parameters
    ----------
    group
        `BUYERS` (by the rhythm of their purchases) or `HOLDERS` (by the ends of their contracts).
    share
        With its limits; None where it cannot be told, and `why_not` says why.
    method
        How it was estimated.
    """

    group: str
    n: int
    share: Interval | None
    method: str
    why_not: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class DeadRecords(Shown):
    """Who is gone, of whom that can be told, and of how many customers it cannot?

    Parameters
    ----------
    found
        One for each kind of customers that the study holds.
    n_customers, n_not_judged
        Customers known at as_of, and those of them with neither a purchase nor a contract.
    """

    found: tuple[Dead, ...]
    n_customers: int
    n_not_judged: int


def measure_dead(study: Study, sound: frozenset[str], *, confidence: float, seed: int) -> DeadRecords:
    """Which share of customers is gone by now?

    Parameters
    ----------
    sound
        Tables that can be read.
    """
    found = []
    if "orders" in sound:
        found.append(_buyers(study, confidence, seed))
    if "contracts" in sound:
        found.append(_holders(study, confidence))
    n, idle = _count_idle(study, sound)
    return DeadRecords(found=tuple(one for one in found if one.n), n_customers=n, n_not_judged=idle)


def _buyers(study: Study, confidence: float, seed: int) -> Dead:
    silence = describe_silence(study, confidence=confidence, seed=seed)
    if silence.alive is None:
        why = f"Whether buyers are gone cannot be told: {silence.why_chosen}."
        return Dead(group=BUYERS, n=silence.n_customers, share=None, method=BY_RHYTHM, why_not=why)
    alive = silence.alive
    gone = Interval(*(np.clip(1 - np.asarray(end), 0.0, 1.0) for end in (alive.estimate, alive.upper, alive.lower)))
    if not silence.n_customers * float(gone.estimate) >= _NOBODY:
        gone = Interval(np.asarray(0.0), np.asarray(np.nan), np.asarray(np.nan))
    return Dead(group=BUYERS, n=silence.n_customers, share=gone, method=BY_RHYTHM)


def _holders(study: Study, confidence: float) -> Dead:
    rows = known_rows(study, "contracts")
    rows = rows.filter(rows.customer_id.notnull())  # noqa: PD004 - Ibis
    if "ended_at" not in rows.columns:
        n = int(rows.customer_id.nunique().to_pyarrow().as_py())
        why = "No ends of contracts are recorded, so nobody with a contract can be seen to be gone."
        return Dead(group=HOLDERS, n=n, share=None, method=BY_ENDS, why_not=why)
    each = rows.group_by("customer_id").aggregate(n=rows.count(), n_ended=rows.ended_at.count())
    counted = (
        each.aggregate(n=each.count(), n_gone=each.count(where=each.n == each.n_ended)).to_pyarrow().to_pylist()[0]
    )
    share = wilson_share(counted["n_gone"], counted["n"], confidence=confidence) if counted["n"] else None
    return Dead(group=HOLDERS, n=int(counted["n"]), share=share, method=BY_ENDS)


def _count_idle(study: Study, sound: frozenset[str]) -> tuple[int, int]:
    if not tables_naming_customers(study):
        return 0, 0
    people = build_customers(study)
    dealt = [
        people[f"in_{name}"] for name in ("orders", "contracts") if name in sound and f"in_{name}" in people.columns
    ]
    if not dealt:
        n = int(people.count().to_pyarrow().as_py())
        return n, n
    active = dealt[0]
    for one in dealt[1:]:
        active = active | one
    counted = people.aggregate(n=people.count(), n_idle=people.count(where=~active)).to_pyarrow().to_pylist()[0]
    return int(counted["n"]), int(counted["n_idle"])


def dead_table(dead: DeadRecords) -> pd.DataFrame:
    """One row a kind of customers: who, n_customers, gone_share, lower, upper."""
    rows = [
        (one.group, one.n, *((float(part) for part in one.share) if one.share is not None else (np.nan,) * 3))
        for one in dead.found
    ]
    return pd.DataFrame(rows, columns=["who", "n_customers", "gone_share", "lower", "upper"])
