"""Spells of one customer vary together: by how much are limits wider than those of as many customers' spells?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.survival.risk import FloatArray, IntArray, RiskTable, greenwood_steps

SHARED_COLUMNS: Final = ("cluster", "entry_days", "tenure_days", "is_ended", "weight")


@dataclass(frozen=True, eq=False, kw_only=True)
class SharedSpells:
    """The spells of customers with several, within one risk table.

    Parameters
    ----------
    unit
        Number of the customer.
    first
        Place of the entry among the table's tenures: at risk after it; -1 for those at risk from the start.
    last
        Place of the exit.
    ended
        Whether the exit was an end that the table counts.
    weight
        How many customers each stands for: above 1 where only a sample of them is given.
    reasons
        The reason of each end, as text; empty where none is given.
    is_whole
        Whether some were met late and all spells of the table are here, those of customers with one as well: the
        variance is then the customers' squares alone.
    """

    unit: IntArray
    first: IntArray
    last: IntArray
    ended: FloatArray
    weight: FloatArray
    reasons: np.ndarray
    is_whole: bool = False


def place_spells(shared: pd.DataFrame | None, table: RiskTable, group: str | None = None) -> SharedSpells | None:
    """The spells of customers with several that a risk table holds, cut to where it begins and stops; None without.

    Parameters
    ----------
    shared
        Grain: spell of a customer who has several. Columns ``cluster``, ``entry_days``, ``tenure_days``, ``is_ended``,
        ``weight``, and ``group`` and ``end_reason`` where they are known; None without any. Where spells were met late
        also those of customers with one, alike ones as one row with their number as weight: without them the variance
        is Greenwood's and what customers add, which late entry takes from the jackknife's by a tenth or more.
    group
        Only the spells of this group.
    """
    if shared is None or shared.empty:
        return None
    days = table.tenure_days
    entry, tenure = (shared[name].to_numpy(dtype=np.float64) for name in ("entry_days", "tenure_days"))
    begin = table.first_days
    kept = (tenure > begin) | (begin == 0)
    kept &= (entry < table.last_days) | (entry == 0)
    if group is not None and "group" in shared.columns:
        kept &= (shared["group"].astype(str) == group).to_numpy()
    some = shared.loc[kept]
    unit = np.asarray(pd.factorize(some["cluster"])[0], dtype=np.int64)
    if not len(some) or len(unit) == unit.max() + 1:
        return None
    entry, tenure = np.maximum(entry[kept], begin), tenure[kept]
    last = np.searchsorted(days, np.minimum(tenure, table.last_days), side="right") - 1
    # At the last tenure of a table that was cut, ends may count as censored.
    counted = (tenure <= table.last_days) & (table.n_ended[last] > 0)
    weight = some["weight"].to_numpy(dtype=np.float64)
    names_single = not shared["cluster"].duplicated(keep=False).all()
    reasons = some["end_reason"].astype(str).to_numpy() if "end_reason" in some.columns else np.array([], dtype=str)
    return SharedSpells(
        unit=unit,
        first=np.where(entry > 0, np.searchsorted(days, entry, side="right") - 1, -1),
        last=last,
        ended=(some["is_ended"].to_numpy(dtype=bool) & counted).astype(np.float64),
        weight=weight,
        reasons=reasons,
        is_whole=bool((entry > begin).any() and (names_single or weight.sum() == table.n_spells)),
    )


def survival_excess(table: RiskTable, spells: SharedSpells | None) -> FloatArray:
    """What spells of one customer add to Greenwood's sum after each tenure: nothing where everybody has one.

    The sum over customers of the square of what their spells did to the curve together (infinitesimal jackknife), less
    the squares of what each did. Without late entry the latter are Greenwood's sum, and the whole is R's
    ``survfit(..., cluster = id)``. With late entry they are not; where the spells are the whole table's, Greenwood's
    sum itself is taken off, and the whole is R's again.

    References
    ----------
    Williams (1995), Biometrics 51, 1519-1522; infinitesimal jackknife: Therneau and Grambsch (2000), section 7.3.
    """
    if spells is None:
        return np.zeros(len(table.tenure_days))
    risen, jump = _curve_steps(table)
    at_entry, at_exit = _before(risen, spells.first), risen[spells.last]
    ends = spells.ended * jump[spells.last]
    # The pull of a spell: minus the danger it stood since its entry, and one over those left where it ends.
    coming = np.stack([at_entry, -np.ones_like(at_entry)], axis=1)
    going = np.stack([ends - at_exit, np.ones_like(at_exit)], axis=1)
    basis = np.stack([np.ones_like(risen), risen], axis=1)
    return _excess(spells, coming, going, basis, np.cumsum(greenwood_steps(table)))


def incidence_excess(
    table: RiskTable, spells: SharedSpells | None, ended: FloatArray, reason: str, alone: FloatArray
) -> FloatArray:
    """The same for the share that has left for one reason; added to its variance.

    Parameters
    ----------
    ended
        Ends for the reason at each tenure of the table.
    alone
        The variance that it is added to.
    """
    if spells is None:
        return np.zeros(len(table.tenure_days))
    risen, jump = _curve_steps(table)
    at_risk = np.maximum(table.n_at_risk, 1).astype(np.float64)
    staying = np.where(table.n_ended > 0, 1 - table.n_ended / at_risk, 1.0)
    before = np.concatenate([[1.0], np.cumprod(staying)[:-1]])
    step = before * ended / at_risk
    share = np.cumsum(step)
    lost = np.cumsum(np.concatenate([[0.0], risen[:-1]]) * step) - np.cumsum(step / at_risk)
    entry, gone = spells.first, spells.last
    pulled = spells.ended * jump[gone] - (risen[gone] - _before(risen, entry))
    is_it = spells.ended * (spells.reasons == reason) if len(spells.reasons) else spells.ended
    own = is_it * (before / at_risk)[gone]
    start = _before(risen, entry)
    met = np.stack([-_before(lost, entry) + start * _before(share, entry), -start, np.ones_like(start)], axis=1)
    left = np.stack(
        [
            lost[gone] - _before(lost, entry) - start * (share[gone] - _before(share, entry)) + own
            + pulled * share[gone],
            -pulled,
            np.zeros_like(start),
        ],
        axis=1,
    )  # fmt: skip
    basis = np.stack([np.ones_like(share), share, lost], axis=1)
    return _excess(spells, met, left - met, basis, alone)


def mean_excess(
    table: RiskTable, spells: SharedSpells | None, survival: FloatArray, horizon: float, alone: float
) -> float:
    """The same for the area under the curve up to a horizon; added to its variance `alone`."""
    if spells is None:
        return 0.0
    risen, jump = _curve_steps(table)
    edges = np.minimum(np.append(table.tenure_days, np.inf), horizon)
    width = np.maximum(np.diff(edges), 0.0)
    area = np.cumsum(width * survival) - width * survival  # under the curve up to each tenure
    weighed = np.cumsum(width * survival * risen) - width * survival * risen
    total = float(np.sum(width * survival))
    entry, gone = spells.first, spells.last
    within = table.tenure_days[gone] <= horizon
    start = _before(risen, entry)
    area_left = np.where(within, area[gone], total)
    weighed_left = np.where(within, weighed[gone], float(np.sum(width * survival * risen)))
    pulled = spells.ended * jump[gone] - (risen[gone] - start)
    value = (
        weighed_left - _before(weighed, entry) - start * (area_left - _before(area, entry))
        - np.where(within, pulled * (total - area_left), 0.0)
    )  # fmt: skip
    scaled = value * np.sqrt(spells.weight)
    return float(np.sum(np.bincount(spells.unit, scaled) ** 2) - (alone if spells.is_whole else np.sum(scaled**2)))


def score_spells(days: FloatArray, at_risk: FloatArray, ended: FloatArray, shared: pd.DataFrame) -> FloatArray:
    """What each spell adds to the excess of ends of each group (log-rank): groups in rows, spells in columns.

    Parameters
    ----------
    days, at_risk, ended
        Tenures at which anybody ends; at risk and ended, groups in rows.
    shared
        As in `place_spells`, with ``number``, the row of the spell's group.
    """
    share = at_risk / at_risk.sum(axis=0)
    step = ended.sum(axis=0) / at_risk.sum(axis=0)
    risen, split = np.append(0.0, np.cumsum(step)), np.cumsum(share * step, axis=1)
    split = np.concatenate([np.zeros((len(share), 1)), split], axis=1)
    entry, tenure = (shared[name].to_numpy(dtype=np.float64) for name in ("entry_days", "tenure_days"))
    first = np.where(entry > 0, np.searchsorted(days, entry, side="right"), 0)
    last = np.searchsorted(days, tenure, side="right")
    own = np.eye(len(share))[shared["number"].to_numpy(dtype=np.int64)].T
    stood = own * (risen[last] - risen[first]) - (split[:, last] - split[:, first])
    came = np.where(shared["is_ended"].to_numpy(dtype=bool), own - share[:, np.maximum(last - 1, 0)], 0.0)
    return np.asarray((came - stood) * np.sqrt(shared["weight"].to_numpy(dtype=np.float64)), dtype=np.float64)


def score_excess(score: FloatArray, cluster: pd.Series) -> FloatArray:
    """What spells of one customer add to the covariance of the groups' excesses, by the scores of `score_spells`."""
    unit = pd.factorize(cluster)[0]
    summed = np.stack([np.bincount(unit, row) for row in score])
    return np.asarray(summed @ summed.T - score @ score.T, dtype=np.float64)


def _curve_steps(table: RiskTable) -> tuple[FloatArray, FloatArray]:
    """Greenwood's sum up to each tenure, and what one end more does to the logarithm of the curve there."""
    left = (table.n_at_risk - table.n_ended).astype(np.float64)
    return np.cumsum(greenwood_steps(table)), np.where(left > 0, 1.0 / np.maximum(left, 1.0), 0.0)


def _before(values: FloatArray, place: IntArray) -> FloatArray:
    """The value at a place, and nought before the first."""
    return np.where(place >= 0, values[np.maximum(place, 0)], 0.0)


def _excess(
    spells: SharedSpells, coming: FloatArray, going: FloatArray, basis: FloatArray, alone_variance: FloatArray
) -> FloatArray:
    """At each tenure, the squares of the customers' pulls less those of their spells', or less what it is added to.

    The pull of a spell is at each tenure `basis` times coefficients, which change by `coming` where it enters and by
    `going` where it leaves. The squares are then the basis times the summed products of coefficients, and these change
    only where a spell of the customer moves.
    """
    n, size = len(basis), basis.shape[1]
    unit = np.concatenate([spells.unit, spells.unit])
    alone = np.concatenate([np.arange(len(spells.unit))] * 2)
    place = np.concatenate([np.maximum(spells.first, 0), spells.last])
    scale = np.sqrt(np.concatenate([spells.weight, spells.weight]))[:, None]
    change = np.concatenate([coming, going]) * scale
    found = -alone_variance if spells.is_whole else np.zeros(n)
    for who, sign in ((unit, 1.0),) if spells.is_whole else ((unit, 1.0), (alone, -1.0)):
        order = np.lexsort((place, who))
        owner, moved = who[order], change[order]
        state = np.cumsum(moved, axis=0)
        begins = np.flatnonzero(np.diff(owner, prepend=-1))
        state -= np.repeat(state[begins] - moved[begins], np.diff(np.append(begins, len(owner))), axis=0)
        earlier = state - moved
        for one in range(size):
            for other in range(one, size):
                step = state[:, one] * state[:, other] - earlier[:, one] * earlier[:, other]
                sums = np.cumsum(np.bincount(place[order], step, minlength=n))
                found += sign * (1.0 if one == other else 2.0) * sums * basis[:, one] * basis[:, other]
    return found
