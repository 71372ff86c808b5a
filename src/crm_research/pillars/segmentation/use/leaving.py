"""Do the groups differ in who leaves? The test of use of segments of customers who hold contracts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.clock import instant, whole_days_between
from crm_research.features.holders import describe_holders
from crm_research.features.kept import seen_to_the_end
from crm_research.features.spells import build_spells, keep_watched
from crm_research.features.window import known_rows
from crm_research.models.survival import (
    LogRank,
    SurvivalCurves,
    compare_groups,
    compare_pairs,
    compare_within,
    count_rows,
    estimate_survival,
)
from crm_research.pillars.segmentation.inputs.base import HOLDERS, RUNNING
from crm_research.steps import step
from crm_research.vocabulary import days_in_months

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from crm_research.pillars.segmentation.inputs.choose import Inputs
    from crm_research.study import Study

_FEWEST_ENDS: Final = 10
_MONTHS: Final = 12
_NO_PLAN: Final = "not known"


@dataclass(frozen=True, eq=False, kw_only=True)
class LeavingCheck:
    """How many customers of each group leave, and do the groups differ in it?

    Parameters
    ----------
    curves
        Share that stays, by segment: since as_of where `is_later`, else since the contract began. Limits hold at one
        time for all segments together (Bonferroni).
    by_group
        One segment in the order of the cards: segment, n (customers, or contracts where not `is_later`), n_ended,
        n_expected (if all left alike), left_share (by the horizon, of those who lasted to `from_days`), lower, upper.
    pairs
        `compare_pairs` of the segments, at the horizon.
    test
        Log-rank of all segments.
    beyond_plan
        The same within plans; None without a plan, or where no plan holds two segments.
    from_days, horizon_days
        Between which tenures (or days after as_of) leaving is compared.
    is_later
        Was all of it seen after as_of, on customers whose contract ran then?
    n, n_ended
        Customers (contracts) watched, and who (which) ended.
    until
        The end of what was seen.
    """

    curves: SurvivalCurves
    by_group: pd.DataFrame
    pairs: pd.DataFrame
    test: LogRank
    beyond_plan: LogRank | None
    from_days: float
    horizon_days: float
    is_later: bool
    n: int
    n_ended: int
    until: datetime
    confidence: float


@step
def check_leaving(
    study: Study, inputs: Inputs, labels: NDArray[np.int64], names: Mapping[int, str], *, confidence: float
) -> LeavingCheck | None:
    """Do the segments differ in who leaves? None for customers who are not grouped as holders of contracts.

    Holders of a running contract are watched from as_of to the end of the holdout: one has left if none of the
    contracts of theirs runs then, on the day the last of them ended. Without a holdout every contract of theirs is
    watched from its start to as_of: the segments were made without knowing how long it lasted, yet of attributes as
    they stand now.

    Parameters
    ----------
    names
        Group to segment, in the order of the cards.

    Raises
    ------
    NotEnoughData
        If fewer than ten left.
    """
    if inputs.base not in (RUNNING, HOLDERS):
        return None
    segments = pd.DataFrame(
        {"customer_id": inputs.customers["customer_id"], "segment": pd.Series(labels).map(names).to_numpy()}
    ).dropna(subset="segment")
    is_later = inputs.base == RUNNING
    watched = (_watch_holdout(study) if is_later else _watch_contracts(study)).to_pandas()
    rows = segments.merge(watched, on="customer_id", how="inner")
    n_ended = int(rows["is_ended"].sum())
    if n_ended < _FEWEST_ENDS:
        raise NotEnoughData("Whether the segments differ in who leaves: ends", needed=_FEWEST_ENDS, found=n_ended)
    counts = _count(rows)
    order = {name: place for place, name in enumerate(names.values())}
    counts = counts.sort_values("group", key=lambda groups: groups.map(order), kind="stable", ignore_index=True)
    shared = _list_shared(rows)
    wanted = float(rows["exit_days"].max()) if is_later else float(days_in_months(_MONTHS))
    pairs = compare_pairs(counts, horizon_days=wanted, shared=shared, confidence=confidence)
    start, horizon = float(pairs["from_days"].iloc[0]), float(pairs["horizon_days"].iloc[0])
    level = 1 - (1 - confidence) / max(counts["group"].nunique(), 1)
    curves = estimate_survival(counts, from_days=start, shared=shared, confidence=level)
    test = compare_groups(counts, shared=shared)
    return LeavingCheck(
        curves=curves,
        by_group=_by_group(curves, test, horizon),
        pairs=pairs,
        test=test,
        beyond_plan=_compare_within_plans(rows, shared),
        from_days=start,
        horizon_days=horizon,
        is_later=is_later,
        n=len(rows),
        n_ended=n_ended,
        until=study.holdout_until if is_later and study.holdout_until is not None else study.as_of,
        confidence=confidence,
    )


def _watch_holdout(study: Study) -> ir.Table:
    """customer_id, plan, entry_days (0), exit_days (since as_of), is_ended: did the last contract of theirs end?"""
    holders = describe_holders(study, ("plan",), is_running=True)
    later = known_rows(seen_to_the_end(study), "contracts")
    ended_at = later.ended_at if "ended_at" in later.columns else later.started_at.nullif(later.started_at)
    seen = later.filter(later.customer_id.notnull()).select("customer_id", ended_at=ended_at)  # noqa: PD004
    running = seen.ended_at.isnull().any()  # noqa: PD003
    last = seen.group_by("customer_id").agg(is_running=running, ended_at=seen.ended_at.max())
    joined = holders.inner_join(last, "customer_id")
    is_ended = ~joined.is_running
    until = is_ended.ifelse(joined.ended_at, instant(study.holdout_until or study.as_of))
    days = whole_days_between(instant(study.as_of), until)
    plan = joined.plan.cast("string").fill_null(_NO_PLAN) if "plan" in joined.columns else _no_plan()
    return joined.select("customer_id", plan=plan, entry_days=days * 0, exit_days=days, is_ended=is_ended)


def _watch_contracts(study: Study) -> ir.Table:
    """The same of every contract since its start, as it was watched until as_of."""
    spells = keep_watched(build_spells(study))
    plan = spells.plan.cast("string").fill_null(_NO_PLAN) if "plan" in spells.columns else _no_plan()
    return spells.filter(spells.customer_id.notnull()).select(  # noqa: PD004
        "customer_id", plan=plan, entry_days="entry_days", exit_days="tenure_days", is_ended="is_ended"
    )


def _no_plan() -> ir.StringScalar:
    import ibis

    return ibis.literal(_NO_PLAN)


def _count(rows: pd.DataFrame) -> pd.DataFrame:
    return count_rows(
        rows["exit_days"], rows["is_ended"], entry_days=rows["entry_days"], group=rows["segment"],
        reach_days=float(rows["exit_days"].max()),
    )  # fmt: skip


def _list_shared(rows: pd.DataFrame) -> pd.DataFrame | None:
    """The contracts of customers who have several, which vary together; where one was met late, all of them."""
    is_shared = rows.duplicated("customer_id", keep=False)
    if not is_shared.any():
        return None
    some = rows if (rows["entry_days"] > 0).any() else rows[is_shared]
    return pd.DataFrame(
        {
            "group": some["segment"],
            "cluster": pd.factorize(some["customer_id"])[0],
            "entry_days": some["entry_days"],
            "tenure_days": some["exit_days"],
            "is_ended": some["is_ended"],
            "end_reason": None,
            "weight": 1,
        }
    )


def _compare_within_plans(rows: pd.DataFrame, shared: pd.DataFrame | None) -> LogRank | None:
    if rows["plan"].nunique() < 2:
        return None
    counted = [_count(part).assign(stratum=plan) for plan, part in rows.groupby("plan", sort=True)]
    within = None if shared is None else shared.assign(stratum=rows["plan"].reindex(shared.index))
    found = compare_within(pd.concat(counted, ignore_index=True), shared=within)
    return found if found.degrees else None


def _by_group(curves: SurvivalCurves, test: LogRank, horizon: float) -> pd.DataFrame:
    at = curves.at(horizon)
    frame = at.rename(columns={"group": "segment"}).merge(
        test.expected.rename(columns={"group": "segment"}), on="segment", how="left"
    )
    return pd.DataFrame(
        {
            "segment": frame["segment"],
            "n": frame["n"],
            "n_ended": frame["n_ended"],
            "n_expected": frame["n_expected"],
            "left_share": 1 - frame["survival"],
            "lower": 1 - frame["upper"],
            "upper": 1 - frame["lower"],
        }
    )
