"""Do groups differ in how many leave for a reason? Gray's test of cumulative incidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.survival.excess import judge_excess
from crm_research.models.survival.kaplan_meier import product_limit
from crm_research.models.survival.late_entry import begin_together
from crm_research.models.survival.risk import FloatArray, RiskTable, build_risk_table, split_groups
from crm_research.stats.multiplicity import adjust_holm

TEST_COLUMNS = ("reason", "chi_squared", "degrees", "p_value", "p_adjusted", "n_ended")


@dataclass(frozen=True, eq=False, kw_only=True)
class IncidenceTests:
    """For each reason, do the groups differ in the share that has left for it?

    Parameters
    ----------
    tests
        Grain: reason. Columns ``reason``, ``chi_squared``, ``degrees``, ``p_value`` (NaN where nothing can be
        compared), ``p_adjusted`` (Holm over the reasons), ``n_ended`` (for the reason, all groups).
    expected
        Grain: reason and group. Columns ``reason``, ``group``, ``n``, ``n_ended`` (for the reason), ``n_expected``
        (if the share that leaves for it by each tenure were the same in all groups).
    """

    tests: pd.DataFrame
    expected: pd.DataFrame


@dataclass(frozen=True, eq=False, kw_only=True)
class _Groups:
    """Groups in rows, tenures at which anybody ends in columns; survival just before and just after each."""

    names: list[str]
    n_spells: list[int]
    days: FloatArray
    at_risk: FloatArray
    ended: FloatArray
    before: FloatArray
    after: FloatArray


def compare_incidence(counts: pd.DataFrame, ends: pd.DataFrame) -> IncidenceTests:
    """For each reason, could groups alike in the share that leaves for it have differed this much by chance?

    A log-rank test of one reason asks about the danger among those still there. This one asks about the share that has
    left for the reason, which is what cumulative incidence curves show: a group can lose fewer to a reason simply
    because another reason takes them first.

    Parameters
    ----------
    counts
        As in `estimate_survival`, with a ``group`` column of two groups or more.
    ends
        Grain: group, tenure and reason: ``group``, ``tenure_days``, ``end_reason``, ``n_ended``. Every end of the
        counts needs a reason.

    Raises
    ------
    NotEnoughData
        With fewer than two groups.
    ValueError
        If the reasons' ends do not add up to the ends of the counts.

    Notes
    -----
    Weights of rho = 0. With ties and with one reason only the excess of ends is that of the log-rank test; its variance
    differs a little. With late entry the groups are compared from the tenure on at which enough of each are at risk
    (`late_entry.begin_together`), and the number at risk over survival estimates how many would be watched, as it does
    without, and the same sums serve as a large-sample approximation.

    References
    ----------
    Gray (1988), Annals of Statistics 16, 1141-1154.
    """
    whole = {name: build_risk_table(rows) for name, rows in split_groups(counts)}
    if len(whole) < 2:
        raise NotEnoughData("A comparison of groups: groups", needed=2, found=len(whole), mend="Name a group column.")
    tables = begin_together(whole)
    groups, ends = _stack(tables), _within(ends, whole, tables)
    by_reason = {str(name): _place(rows, groups) for name, rows in ends.groupby("end_reason", sort=True, observed=True)}
    found = sum(by_reason.values(), np.zeros_like(groups.ended))
    if not np.array_equal(found, groups.ended):
        raise ValueError("Ends by reason do not add up to all ends of each group: every end needs a reason.")
    tests, expected = [], []
    for reason, ended in by_reason.items():
        excess, variance = _score(groups, ended)
        tests.append({"reason": reason, "n_ended": int(ended.sum())} | _judge(excess, variance))
        expected += [
            {"reason": reason, "group": name, "n": n, "n_ended": int(own), "n_expected": float(own - more)}
            for name, n, own, more in zip(groups.names, groups.n_spells, ended.sum(axis=1), excess, strict=True)
        ]
    frame = pd.DataFrame(tests, columns=[name for name in TEST_COLUMNS if name != "p_adjusted"])
    return IncidenceTests(
        tests=frame.assign(p_adjusted=adjust_holm(frame["p_value"].astype(float)))[list(TEST_COLUMNS)],
        expected=pd.DataFrame(expected, columns=["reason", "group", "n", "n_ended", "n_expected"]),
    )


def _within(ends: pd.DataFrame, whole: dict[str, RiskTable], tables: dict[str, RiskTable]) -> pd.DataFrame:
    """The ends that happened where the groups are compared."""
    begins = {name: table.first_days for name, table in tables.items() if table.first_days > 0}
    stops = {name: table.last_days for name, table in tables.items() if table.last_days < whole[name].last_days}
    group, days = ends["group"].astype(str), ends["tenure_days"].astype(float)
    is_in = ~(days <= group.map(begins)) & ~(days >= group.map(stops))
    return ends.loc[is_in]


def _stack(tables: dict[str, RiskTable]) -> _Groups:
    days = np.unique(np.concatenate([table.tenure_days[table.n_ended > 0] for table in tables.values()]))
    ended, before, after = (np.zeros((len(tables), len(days))) for _ in range(3))
    for row, table in enumerate(tables.values()):
        happened = table.n_ended > 0
        ended[row, np.searchsorted(days, table.tenure_days[happened])] = table.n_ended[happened]
        curve = np.append(1.0, product_limit(table)[0])
        before[row] = curve[np.searchsorted(table.tenure_days, days, side="left")]
        after[row] = curve[np.searchsorted(table.tenure_days, days, side="right")]
    return _Groups(
        names=list(tables),
        n_spells=[table.n_spells for table in tables.values()],
        days=days,
        at_risk=np.stack([table.at_risk(days) for table in tables.values()]).astype(float),
        ended=ended,
        before=before,
        after=after,
    )


def _place(rows: pd.DataFrame, groups: _Groups) -> FloatArray:
    ended = np.zeros_like(groups.ended)
    rows = rows.loc[rows["n_ended"] > 0]
    column = np.searchsorted(groups.days, rows["tenure_days"].to_numpy(dtype=float))
    row = pd.Index(groups.names).get_indexer(pd.Index(rows["group"].astype(str)))
    if (row < 0).any() or not np.isin(rows["tenure_days"].to_numpy(dtype=float), groups.days).all():
        raise ValueError("Ends by reason name a group or tenure at which the counts have no end.")
    np.add.at(ended, (row, column), rows["n_ended"].to_numpy(dtype=float))
    return ended


def _score(groups: _Groups, ended: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends beyond the expected in each group, and their covariance if the incidences are the same.

    The excess of group i is a sum over groups k of a_ik dF_k / (1 - F). Its error is linear in the martingales of the
    ends for the reason (factor a_ik + (c - c_ik(t)) held) and of all other ends (factor -(c - c_ik(t)) gone), where
    c_ik is a_ik summed over dF / (1 - F) up to t and c the whole sum.
    """
    watched = groups.at_risk > 0
    safe = np.where(watched, groups.at_risk, 1.0)
    own_steps = groups.before * ended / safe
    incidence_before = np.cumsum(own_steps, axis=1) - own_steps
    # At risk for the reason: those still there, and those who have left otherwise and would still be watched.
    scaled = np.where(watched, groups.at_risk / np.where(groups.before > 0, groups.before, 1.0), 0.0)
    everyone = scaled.sum(axis=0)
    still_free = scaled * (1 - incidence_before)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(still_free.sum(axis=0) > 0, ended.sum(axis=0) * still_free / still_free.sum(axis=0), 0.0)
        step = np.where(everyone > 0, ended.sum(axis=0) / everyone, 0.0)
    excess = (ended - expected).sum(axis=1)
    return excess, _variance(groups, ended, scaled, step)


def _variance(groups: _Groups, ended: FloatArray, scaled: FloatArray, step: FloatArray) -> FloatArray:
    pooled = np.cumsum(step)
    everyone = np.where(scaled.sum(axis=0) > 0, scaled.sum(axis=0), 1.0)
    others = groups.ended - ended
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(pooled - step < 1, step / (1 - (pooled - step)), 0.0)
        gone = np.where(groups.after > 0, (1 - pooled) / groups.after, 0.0)
        at_risk = np.where(groups.at_risk > 0, groups.at_risk, np.inf)
        # Ties: of d ends at once the later ones leave a little less to chance.
        tied = 1 - (ended.sum(axis=0) - 1) / np.maximum(everyone * groups.before - 1, 1e-9)
        own = np.where(ended.sum(axis=0) > 1, tied, 1.0).clip(0, 1) * groups.before * step / at_risk
        other_tied = np.where(others > 1, 1 - (others - 1) / np.maximum(groups.at_risk - 1, 1), 1.0).clip(0, 1)
        other = np.where(groups.after > 0, other_tied * groups.before**2 * others / at_risk**2, 0.0)
    n_groups = len(groups.names)
    variance = np.zeros((n_groups, n_groups))
    for k in range(n_groups):
        weight = scaled[k] * (np.eye(n_groups)[:, k][:, None] - scaled / everyone)
        summed = np.cumsum(weight * rate, axis=1)
        left = summed[:, -1:] - summed
        for_reason = weight + left * (1 - gone[k])
        variance += (for_reason * own[k]) @ for_reason.T + (left * gone[k] ** 2 * other[k]) @ left.T
    return variance


def _judge(excess: FloatArray, variance: FloatArray) -> dict[str, float]:
    chi_squared, degrees, p_value = judge_excess(excess, variance)
    return {"chi_squared": chi_squared, "degrees": degrees, "p_value": p_value}
