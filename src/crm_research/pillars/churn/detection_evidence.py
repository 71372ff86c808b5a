"""The evidence of a detection: where ends crowd, and what is odd about the contracts; counted in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.features.clock import instant, whole_days_between
from crm_research.features.renewals import count_end_offsets
from crm_research.features.window import known_rows
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

NEAR_DAYS: Final = 3
FOLLOWED_DAYS: Final = 7
EVIDENCE: Final = ["period_months", "n_ends", "near_share", "lower", "upper", "chance_share", "running_share"]
_PERIODS: Final = (1, 3, 6, 12, 24, 36)
MOST_ENDS: Final = 0.5
_TIMES_CHANCE: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class ContractSizes:
    """How many contracts are known, and how many are of an odd kind? As in `SettingDetection`."""

    n_contracts: int = 0
    n_customers: int = 0
    n_ended: int = 0
    is_one_date: bool = False
    n_overlapping: int = 0
    n_followed: int = 0
    n_planned: int = 0
    n_same_day: int = 0
    usual_days: int = 0
    n_usual: int = 0


@step
def weigh_anniversaries(study: Study) -> tuple[pd.DataFrame, int | None, bool]:
    """Do ends crowd around anniversaries, and do running contracts stand there as often?

    Returns
    -------
    tuple
        The evidence (as `SettingDetection.evidence`), the months between renewals (None where ends crowd nowhere), and
        whether more than half of the running contracts, by the lower limit, stand near such an anniversary at as_of.
    """
    offsets: pd.DataFrame = count_end_offsets(study).to_pandas()
    ended, running = (offsets.loc[offsets["is_ended"] == flag] for flag in (True, False))
    n_ends, n_running = int(ended["n_contracts"].sum()), int(running["n_contracts"].sum())
    if not n_ends:
        return pd.DataFrame(columns=EVIDENCE), None, False
    rows = []
    for months in _PERIODS:
        near = wilson_share(_count_near(ended, months), n_ends)
        chance = min(1.0, (2 * NEAR_DAYS + 1) / (months * DAYS_PER_MONTH))
        stand = _count_near(running, months) / n_running if n_running else np.nan
        rows.append((months, n_ends, *(float(value) for value in near), chance, stand))
    evidence = pd.DataFrame(rows, columns=EVIDENCE)
    is_clear = (evidence["lower"] > MOST_ENDS) & (evidence["lower"] > _TIMES_CHANCE * evidence["chance_share"])
    if not is_clear.any():
        return evidence, None, False
    period = int(evidence.loc[is_clear, "period_months"].max())
    stands = float(wilson_share(_count_near(running, period), n_running).lower) if n_running else 0.0
    return evidence, period, stands > MOST_ENDS


def _count_near(offsets: pd.DataFrame, months: int) -> int:
    is_near = (offsets["offset_days"].abs() <= NEAR_DAYS) & (offsets["month"] > 0) & (offsets["month"] % months == 0)
    return int(offsets.loc[is_near, "n_contracts"].sum())


@step
def count_contract_sizes(study: Study) -> ContractSizes:
    """How many contracts are known at as_of, and how many overlap, follow each other, end as they begin?"""
    known = known_rows(study, "contracts")
    end = known.ended_at if "ended_at" in known.columns else ibis.null("timestamp")
    rows = known.select("contract_id", "customer_id", begin=known.started_at.truncate("D"), end=end.truncate("D"))
    order = ["begin", "contract_id"]
    before = ibis.window(group_by="customer_id", order_by=order, rows=(None, -1))
    rows = rows.mutate(
        taken_until=ibis.coalesce(rows.end, instant(study.as_of)).max().over(before),
        next_begin=rows.begin.lead().over(ibis.window(group_by="customer_id", order_by=order)),
    )
    gap = whole_days_between(rows.end, rows.next_begin)
    found = rows.aggregate(
        n_contracts=rows.count(),
        n_customers=rows.customer_id.nunique(),
        n_ended=rows.end.count(),
        first_end=rows.end.min(),
        last_end=rows.end.max(),
        n_overlapping=rows.count(where=rows.begin < rows.taken_until),
        n_followed=rows.count(where=gap.between(-1, FOLLOWED_DAYS)),
        n_same_day=rows.count(where=rows.end == rows.begin),
    )
    row = found.to_pandas().iloc[0]
    n_ended = int(row["n_ended"])
    usual_days, n_usual = _find_usual_tenure(rows) if n_ended else (0, 0)
    return ContractSizes(
        n_contracts=int(row["n_contracts"]),
        n_customers=int(row["n_customers"]),
        n_ended=n_ended,
        is_one_date=n_ended > 1 and bool(row["first_end"] == row["last_end"]),
        n_overlapping=int(row["n_overlapping"]),
        n_followed=int(row["n_followed"]),
        n_planned=_count_planned(study),
        n_same_day=int(row["n_same_day"]),
        usual_days=usual_days,
        n_usual=n_usual,
    )


def _find_usual_tenure(rows: ir.Table) -> tuple[int, int]:
    """The number of days after which most ended, the shortest of several, and how many did."""
    ended = rows.drop_null("end").mutate(days=whole_days_between(rows.begin, rows.end))
    counted = ended.group_by("days").agg(n=ended.count()).order_by(ibis.desc("n"), "days").limit(1).to_pandas()
    return int(counted["days"].iloc[0]), int(counted["n"].iloc[0])


@step
def _count_planned(study: Study) -> int:
    """Contracts known at as_of whose recorded end lies beyond all that the study looks at.

    None if contracts also begin beyond it: the study was then moved back in time, and its ends did happen.
    """
    contracts = study.table("contracts")
    if "ended_at" not in contracts.columns:
        return 0
    limit = instant(study.holdout_until or study.as_of)
    is_planned = (contracts.started_at <= instant(study.as_of)) & (contracts.ended_at > limit)
    is_later = contracts.started_at > limit
    found = contracts.aggregate(n=contracts.count(where=is_planned), n_later=contracts.count(where=is_later))
    row = found.to_pandas().iloc[0]
    return 0 if int(row["n_later"]) else int(row["n"])


@step
def count_buyers(study: Study) -> tuple[int, int]:
    """How many customers ordered by as_of, and how many of them have no contract?"""
    if not study.has("orders"):
        return 0, 0
    buyers = known_rows(study, "orders").select("customer_id").distinct()
    n_buyers = _scalar(buyers.count())
    if not study.has("contracts"):
        return n_buyers, n_buyers
    alone = buyers.anti_join(known_rows(study, "contracts").select("customer_id"), "customer_id")
    return n_buyers, _scalar(alone.count())


def _scalar(count: ir.IntegerScalar) -> int:
    return int(count.to_pyarrow().as_py())
