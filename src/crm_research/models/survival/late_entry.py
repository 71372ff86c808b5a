"""Where a curve may begin, and where it has to stop, when spells were met late: only where enough were watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.models.survival.risk import FloatArray, IntArray, RiskTable, build_risk_table

# A curve of spells met late begins where so many are under observation: the first end then takes a tenth at most.
FEWEST_AT_RISK: Final = 10


def well_watched(table: RiskTable, *, from_days: float | None = None) -> RiskTable:
    """The part of the counts that a curve can rest on, begun where enough are at risk; all of them without late entry.

    Among one or two who happen to be watched early, one end would bring survival to one half or to nothing, and every
    later tenure with it. So the curve begins where ten are at risk (or as many as ever are), and is conditional on
    having lasted so long. Where the number at risk falls below ten again, somebody ends among so few, and ten are met
    afterwards, there are several such beginnings: the one with the most ends before the next is taken. Where nobody
    is left while others are met at longer tenures, the curve is not known from there on, and the end that would have
    brought it to nothing is not counted.

    Parameters
    ----------
    from_days
        Begin here instead, or where the rule above begins if that is later.

    Returns
    -------
    RiskTable
        Its ``first_days`` is the tenure that must have been lasted.
    """
    start = max(find_start(table), 0.0 if from_days is None else from_days)
    return _until_emptied(since(table, start))


def well_watched_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """The same part as counts by tenure, without groups: what a model of the curve's spells is fitted to."""
    table = well_watched(build_risk_table(counts))
    found = pd.DataFrame(
        {
            "tenure_days": table.tenure_days,
            "n_entered": table.n_entered,
            "n_ended": table.n_ended,
            "n_censored": table.n_censored,
        }
    )
    if table.reach_days <= table.last_days:
        return found
    reach = pd.DataFrame({"tenure_days": [table.reach_days], "n_entered": 0, "n_ended": 0, "n_censored": 0})
    return pd.concat([found, reach], ignore_index=True)


def begin_together(tables: Mapping[str, RiskTable]) -> dict[str, RiskTable]:
    """The well watched part of each group, all begun where the last of them begins: only so can they be compared."""
    start = max(well_watched(table).first_days for table in tables.values())
    return {name: well_watched(table, from_days=start) for name, table in tables.items()}


def find_start(table: RiskTable) -> float:
    """From which tenure on are enough at risk? 0 where nobody was met late."""
    if not (table.n_entered[table.tenure_days > 0] > 0).any():
        return 0.0
    days, at_risk, ended, is_wiped = _stretches(table)
    enough = min(FEWEST_AT_RISK, int(at_risk.max()))
    is_enough = at_risk >= enough
    breaks = is_wiped | ~is_enough & ((ended > 0) | (at_risk == 0))
    run = np.cumsum(breaks)
    begins = [int(np.argmax(is_enough & (run == number))) for number in np.unique(run[is_enough])]
    n_ended = [int(ended[begin:end].sum()) for begin, end in pairwise([*begins, len(days)])]
    return float(days[begins[int(np.argmax(n_ended))]])


def since(table: RiskTable, days: float) -> RiskTable:
    """The same spells seen from a tenure on: those who had gone by then are left out, the others were met there."""
    if days <= table.tenure_days[0]:
        return table
    later = table.tenure_days > days
    gone = int((table.n_ended + table.n_censored)[~later].sum())
    met = int(table.n_entered[~later].sum()) - gone
    return RiskTable(
        tenure_days=np.append(float(days), table.tenure_days[later]),
        n_at_risk=np.append(0, table.n_at_risk[later]),
        n_ended=np.append(0, table.n_ended[later]),
        n_censored=np.append(0, table.n_censored[later]),
        n_entered=np.append(met, table.n_entered[later]),
        reach_days=table.reach_days,
    )


def _until_emptied(table: RiskTable) -> RiskTable:
    """The counts up to the tenure at which nobody is left, if others are met only later."""
    days, at_risk, _, is_wiped = _stretches(table)
    empty = np.flatnonzero((is_wiped | (at_risk == 0)) & (np.cumsum(at_risk[::-1])[::-1] > 0))
    if not len(empty):
        return table
    last = int(np.searchsorted(table.tenure_days, days[empty[0]]))
    kept = slice(0, last + 1)
    ended, censored = table.n_ended[kept].copy(), table.n_censored[kept].copy()
    ended[last], censored[last] = 0, ended[last] + censored[last]
    entered = table.n_entered[kept].copy()
    if table.tenure_days[last] > 0:
        entered[last] = 0
    return replace(
        table,
        tenure_days=table.tenure_days[kept],
        n_at_risk=table.n_at_risk[kept],
        n_ended=ended,
        n_censored=censored,
        n_entered=entered,
    )


def _stretches(table: RiskTable) -> tuple[FloatArray, IntArray, IntArray, NDArray[np.bool_]]:
    """The stretches between tenures: where each begins, how many are at risk in it, and how many end where it ends.

    Last whether all those at risk before it had ended where it begins. Those watched from tenure 0 are at risk before
    anything happens there: that is a stretch of no length.
    """
    after = table.n_at_risk - table.n_ended - table.n_censored + np.where(table.tenure_days > 0, table.n_entered, 0)
    is_wiped = (table.n_ended > 0) & (table.n_ended == table.n_at_risk)
    if table.tenure_days[0] > 0:
        return table.tenure_days, after, np.append(table.n_ended[1:], 0), is_wiped
    days, at_risk = np.append(0.0, table.tenure_days), np.append(table.n_at_risk[0], after)
    return days, at_risk, np.append(table.n_ended, 0), np.append(False, is_wiped)
