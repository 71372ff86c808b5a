"""Why did a rate change: other customers, or the same customers leaving more often?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import Interval, difference_from_limits, poisson_rate

RATES: Final = "rates"
GROUP_MIX: Final = "group_mix"
BAND_MIX: Final = "band_mix"
EFFECTS: Final = (RATES, GROUP_MIX, BAND_MIX)
_CELL_COLUMNS: Final = ("group", "band", "n_before", "exposure_before", "n_after", "exposure_after")


@dataclass(frozen=True, eq=False, kw_only=True)
class Decomposition:
    """A change of a rate, parted into what adds up to it exactly.

    Parameters
    ----------
    before, after, change
        The rates (ends over exposure) of the two periods and their difference, each with its interval.
    effects
        Grain: effect. Columns ``effect`` (``rates``: the same cells leave more or less often; ``group_mix``: other
        groups; ``band_mix``: other bands within the groups), ``estimate``, ``lower``, ``upper``. They sum to the
        change.
    by_group
        Grain: group and effect, the same columns and ``group``; all of them sum to the change. The mix of groups is
        told against the mean of the two rates: a growing group whose rate is above it adds to the change.
    """

    before: Interval
    after: Interval
    change: Interval
    effects: pd.DataFrame
    by_group: pd.DataFrame


def decompose_rates(cells: pd.DataFrame, *, confidence: float = 0.95) -> Decomposition:
    """How much of the change of a rate comes from the rates of the cells, and how much from their weights?

    Parameters
    ----------
    cells
        Grain: group and band within it. Columns ``group``, ``band``, ``n_before``, ``exposure_before``, ``n_after``,
        ``exposure_after``.

    Raises
    ------
    NotEnoughData
        Without exposure in one of the periods.

    Notes
    -----
    The rate is the sum over cells of share of the group, share of the band in it, and rate of the cell; each of the
    three factors gets the mean of what it changes over all orders of changing them. A cell watched in one period only
    has no change of its rate: all it does is mix. Exposure is taken as known, ends as Poisson counts; the limits
    combine the exact ones of the cells and are wide where many cells are nearly empty.

    References
    ----------
    Kitagawa (1955), JASA 50, 1168-1194; Das Gupta (1993), Standardization and Decomposition of Rates, Current
    Population Reports P23-186, three vector factors. Intervals: Zou, Huang and Zhang (2009), Statistics in Medicine
    28 (limits of linear combinations from the limits of their parts).
    """
    _check(cells)
    table = cells.reset_index(drop=True)
    counts = [table[name].to_numpy(dtype=float) for name in ("n_before", "n_after")]
    exposures = [table[name].to_numpy(dtype=float) for name in ("exposure_before", "exposure_after")]
    weights = _weights(table, exposures)
    names = [str(name) for name in table["group"]]
    groups = list(dict.fromkeys(names))
    inside = np.array([[name == group for name in names] for group in groups], dtype=float)
    events, time = np.concatenate(counts), np.concatenate(exposures)
    whole = combine_rates(np.stack([weights[effect] for effect in EFFECTS]), events, time, confidence=confidence)
    parts = combine_rates(_group_rows(weights, inside, table, exposures), events, time, confidence=confidence)
    before, after = (
        poisson_rate(count.sum(), exposure.sum(), confidence=confidence)
        for count, exposure in zip(counts, exposures, strict=True)
    )
    labels = pd.DataFrame({"group": groups * len(EFFECTS), "effect": np.repeat(EFFECTS, len(groups))})
    return Decomposition(
        before=before,
        after=after,
        change=difference_from_limits(after, before),
        effects=pd.DataFrame({"effect": list(EFFECTS), **whole._asdict()}),
        by_group=labels.assign(**parts._asdict()),
    )


def combine_rates(
    weights: FloatArray, n_events: FloatArray, exposure: FloatArray, *, confidence: float = 0.95
) -> Interval:
    """What do weighted sums of independent Poisson rates come to, and between which limits?

    Parameters
    ----------
    weights
        One row for each sum, one column for each rate; must be 0 where there is no exposure.
    """
    rate = poisson_rate(n_events, exposure, confidence=confidence)
    value, low, high = (np.nan_to_num(part, nan=0.0, posinf=0.0) for part in rate)
    rows = np.atleast_2d(weights)
    estimate = rows @ value
    rising, falling = np.clip(rows, 0.0, None) ** 2, np.clip(rows, None, 0.0) ** 2
    down, up = (value - low) ** 2, (high - value) ** 2
    return Interval(
        estimate, estimate - np.sqrt(rising @ down + falling @ up), estimate + np.sqrt(rising @ up + falling @ down)
    )


def _weights(table: pd.DataFrame, exposures: list[FloatArray]) -> dict[str, FloatArray]:
    """What each effect gives to the rates before (first half) and after (second half)."""
    group_share, band_share = _shares(table, exposures)
    (a1, a2), (b1, b2) = group_share, band_share
    of_rates = (a1 * b1 + a2 * b2) / 3 + (a1 * b2 + a2 * b1) / 6
    groups, bands = a2 - a1, b2 - b1
    pairs = {
        RATES: (-of_rates, of_rates),
        GROUP_MIX: (groups * (b1 / 3 + b2 / 6), groups * (b2 / 3 + b1 / 6)),
        BAND_MIX: (bands * (a1 / 3 + a2 / 6), bands * (a2 / 3 + a1 / 6)),
    }
    return {effect: _move(before, after, exposures) for effect, (before, after) in pairs.items()}


def _move(before: FloatArray, after: FloatArray, exposures: list[FloatArray]) -> FloatArray:
    """A cell that was not watched in one period takes its rate from the other."""
    none_before, none_after = exposures[0] <= 0, exposures[1] <= 0
    first = np.where(none_before, 0.0, before + np.where(none_after, after, 0.0))
    second = np.where(none_after, 0.0, after + np.where(none_before, before, 0.0))
    return np.concatenate([first, second])


def _shares(
    table: pd.DataFrame, exposures: list[FloatArray]
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Share of each cell's group in everything, and of the cell in its group, in both periods."""
    sums = [
        pd.Series(exposure).groupby(table["group"].to_numpy()).transform("sum").to_numpy(dtype=float)
        for exposure in exposures
    ]
    of_group = [total / exposure.sum() for total, exposure in zip(sums, exposures, strict=True)]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_band = [exposure / total for total, exposure in zip(sums, exposures, strict=True)]
    # A group that was not there in one period has no bands of its own then: it takes those of the other.
    first = np.where(sums[0] > 0, of_band[0], of_band[1])
    second = np.where(sums[1] > 0, of_band[1], of_band[0])
    return (of_group[0], of_group[1]), (np.nan_to_num(first), np.nan_to_num(second))


def _group_rows(
    weights: dict[str, FloatArray], inside: FloatArray, table: pd.DataFrame, exposures: list[FloatArray]
) -> FloatArray:
    """Each group's part of each effect; the mix of groups is told against the mean of the two rates."""
    (a1, a2), _ = _shares(table, exposures)
    mean = np.concatenate([exposure / exposure.sum() / 2 for exposure in exposures])
    # All cells of a group bear the same growth; the first stands for it.
    growth = np.array([(a2 - a1)[np.flatnonzero(row)[0]] for row in inside])
    both = np.tile(inside, 2)
    rows = {effect: both * weights[effect] for effect in EFFECTS}
    rows[GROUP_MIX] = rows[GROUP_MIX] - growth[:, None] * mean
    return np.concatenate([rows[effect] for effect in EFFECTS])


def _check(cells: pd.DataFrame) -> None:
    for name in _CELL_COLUMNS:
        if name not in cells.columns:
            raise ParameterError(f"The cells have no column {name!r}. {offer_names(name, cells.columns)}")
    for name in ("exposure_before", "exposure_after"):
        if not len(cells) or float(cells[name].sum()) <= 0:
            raise NotEnoughData(
                "A comparison of two periods", needed=1, found=0, mend=f"Nobody was watched in one of them ({name})."
            )
