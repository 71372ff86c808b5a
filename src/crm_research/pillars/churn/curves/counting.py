"""Contracts counted by tenure in the engine, and the group they are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research import vocabulary
from crm_research.features.spells import count_spells, count_spells_by_reason, list_shared_spells
from crm_research.pillars.churn.curves.grouping import (
    MOST_GROUPS,
    GroupChoice,
    choose_group,
    keep_largest,
    put_together,
)
from crm_research.pillars.churn.curves.named import check_group
from crm_research.show.shown import Shown
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

MOST_REASONS: Final = 7
OTHER_REASONS: Final = "other reasons"


@dataclass(frozen=True, eq=False, kw_only=True)
class ChurnCounts(Shown):
    """How many contracts entered, ended and still ran at each tenure: all that the estimates see.

    Parameters
    ----------
    overall
        Grain: tenure. Columns ``tenure_days``, ``n_entered``, ``n_ended``, ``n_censored``.
    by_group
        The same with ``group``, the largest first and the rest in one; None without a grouping.
    reasons
        Grain: tenure and reason. Columns ``tenure_days``, ``end_reason``, ``n_ended``; None where no contract gives
        a reason.
    choice
        Column the groups come from, and how it was chosen.
    n_levels
        Groups the column has, before the small ones were put together.
    reasons_by_group
        The ends of `by_group` by reason. Grain: group, tenure and reason. Columns ``group``, ``tenure_days``,
        ``end_reason``, ``n_ended``; None without groups or reasons.
    shared, shared_by_group
        The contracts of customers who have several, with the reasons and groups of the counts, by which limits know
        that they vary together. Columns as in `features.spells.list_shared_spells`; None where everybody has one.
    """

    overall: pd.DataFrame
    by_group: pd.DataFrame | None
    reasons: pd.DataFrame | None
    choice: GroupChoice
    n_levels: int
    reasons_by_group: pd.DataFrame | None = None
    shared: pd.DataFrame | None = None
    shared_by_group: pd.DataFrame | None = None

    @property
    def group(self) -> str | None:
        """Column the groups come from."""
        return self.choice.column


@step
def count_contracts(study: Study, *, group: str | None = None) -> ChurnCounts:
    """How many contracts entered, ended and still ran at each tenure, overall, by group and by reason?

    Parameters
    ----------
    study
        Needs contracts.
    group
        A declared attribute or plan; None lets `choose_group` choose.

    Raises
    ------
    ParameterError
        If the column is not there, names single contracts, is a number, or is known only once a contract has ended.
    """
    choice = GroupChoice(column=group, why=f"Compared by {group}, as asked for.") if group else choose_group(study)
    column = choice.column
    by_group = None
    n_levels = 0
    if column is not None:
        check_group(study, column)
        counted: pd.DataFrame = count_spells(study, by=column).to_pandas()
        n_levels = int(counted["group"].nunique())
        by_group = keep_largest(counted, MOST_GROUPS)
    overall = by_group if by_group is not None else count_spells(study).to_pandas()
    tenures = overall.groupby("tenure_days", as_index=False)[["n_entered", "n_ended", "n_censored"]].sum()
    reasons = _count_reasons(study)
    shared = _list_shared(study, column, by_group, reasons)
    return ChurnCounts(
        overall=tenures,
        by_group=by_group,
        reasons=reasons,
        choice=choice,
        n_levels=n_levels,
        reasons_by_group=_count_reasons_by_group(study, column, by_group, reasons),
        shared=None if shared is None else shared.drop(columns="group", errors="ignore"),
        shared_by_group=shared if by_group is not None else None,
    )


@step
def _list_shared(
    study: Study, column: str | None, by_group: pd.DataFrame | None, reasons: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Contracts of customers with several, groups and reasons put together as in the counts."""
    shared: pd.DataFrame = list_shared_spells(study, by=column).to_pandas()
    if shared.empty:
        return None
    if by_group is not None:
        shared = put_together(shared, by_group)
    if reasons is not None:
        is_kept = shared["end_reason"].isin(set(reasons["end_reason"])) | shared["end_reason"].isna()
        shared = shared.assign(end_reason=shared["end_reason"].where(is_kept, OTHER_REASONS))
    return shared


@step
def _count_reasons(study: Study) -> pd.DataFrame | None:
    ends: pd.DataFrame = count_spells_by_reason(study).to_pandas()
    if ends.empty or set(ends["end_reason"]) == {vocabulary.REASON_NOT_GIVEN}:
        return None
    order = ends.groupby("end_reason")["n_ended"].sum().sort_values(ascending=False).index
    if len(order) > MOST_REASONS:
        kept = list(order[: MOST_REASONS - 1])
        ends = ends.assign(end_reason=ends["end_reason"].where(ends["end_reason"].isin(kept), OTHER_REASONS))
        ends = ends.groupby(["tenure_days", "end_reason"], as_index=False)[["n_ended"]].sum()
    return ends


@step
def _count_reasons_by_group(
    study: Study, column: str | None, by_group: pd.DataFrame | None, reasons: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Ends by the same groups and the same reasons as the counts have, the small ones put together alike."""
    if column is None or by_group is None or reasons is None:
        return None
    ends: pd.DataFrame = count_spells_by_reason(study, by=column).to_pandas()
    groups, kept = list(pd.unique(by_group["group"])), set(reasons["end_reason"])
    ends = ends.assign(
        group=ends["group"].where(ends["group"].isin(groups), groups[-1]),
        end_reason=ends["end_reason"].where(ends["end_reason"].isin(kept), OTHER_REASONS),
    )
    return ends.groupby(["group", "tenure_days", "end_reason"], as_index=False)[["n_ended"]].sum()
