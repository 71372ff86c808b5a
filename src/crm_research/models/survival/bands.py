"""Bands for a whole survival curve: between which limits does all of it run, not only each single tenure?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy import optimize, stats

from crm_research.models.survival.crossing import equal_precision_chance, hall_wellner_chance
from crm_research.models.survival.kaplan_meier import product_limit
from crm_research.models.survival.late_entry import well_watched
from crm_research.models.survival.risk import FloatArray, RiskTable, build_risk_table, split_groups
from crm_research.stats.intervals import check_confidence

BandKind = Literal["equal_precision", "hall_wellner"]
BandScale = Literal["log_log", "plain"]

BAND_COLUMNS: Final = ("group", "tenure_days", "survival", "lower", "upper")
_RANGE_COLUMNS: Final = ("group", "from_days", "to_days", "from_share", "to_share", "critical", "n", "n_ended")
_FEWEST: Final = 10


@dataclass(frozen=True, eq=False, kw_only=True)
class SurvivalBands:
    """Between which limits does the whole curve run?

    Parameters
    ----------
    bands
        Grain: group and tenure within the range. Columns ``group``, ``tenure_days``, ``survival``, ``lower``,
        ``upper``. Groups without a range have no rows.
    ranges
        Grain: group. Columns ``group``, ``from_days``, ``to_days`` (the tenures the band holds for; NaN where too few
        ended), ``from_share``, ``to_share`` (the range on the clock of the bridge, n s / (1 + n s) with Greenwood's
        sum s), ``critical``, ``n``, ``n_ended``.
    kind, scale, confidence
        Which band, on which scale, and how often the whole curve lies within it.
    """

    bands: pd.DataFrame
    ranges: pd.DataFrame
    kind: BandKind
    scale: BandScale
    confidence: float


def estimate_bands(
    counts: pd.DataFrame,
    *,
    kind: BandKind = "equal_precision",
    scale: BandScale = "log_log",
    shared: pd.DataFrame | None = None,
    from_days: float | None = None,
    to_days: float | None = None,
    confidence: float = 0.95,
) -> SurvivalBands:
    """Between which limits does the whole survival curve run?

    A pointwise interval may be read at one tenure chosen beforehand. Whoever looks along the whole curve needs a band
    that holds everywhere at once, and that is wider.

    Parameters
    ----------
    counts
        As in `estimate_survival`.
    kind
        ``equal_precision`` widens the pointwise interval by one factor at every tenure; ``hall_wellner`` is narrower
        in the middle and wider at the ends.
    shared
        As in `estimate_survival`: the band then runs on the clock of the robust variance.
    scale
        ``log_log`` stays within 0 and 1 and is better in small samples; ``plain`` adds and subtracts.
    from_days, to_days
        The tenures the band has to hold for. None takes those with ten ends behind them and ten spells still at risk;
        what is given is pulled in to the tenures where the curve is neither 1 nor 0.

    Notes
    -----
    A large-sample band: the Kaplan-Meier curve over its survival is about a Brownian motion on the clock of
    Greenwood's sum. With late entry the curve begins where enough are at risk (`late_entry.well_watched`), the
    same clock holds, and n is the number of spells; the band is then an approximation for large samples at risk.
    Critical values are computed, not read off tables.

    References
    ----------
    Hall and Wellner (1980), Biometrika 67, 133-143; Nair (1984), Technometrics 26, 265-275; scales: Borgan and
    Liestøl (1990), Scandinavian Journal of Statistics 17, 35-41; Klein and Moeschberger (2003), Survival Analysis,
    section 4.4.
    """
    check_confidence(confidence)
    bands, ranges = [], []
    for name, rows in split_groups(counts):
        table = well_watched(build_risk_table(rows))
        moments = product_limit(table, shared, name)
        band, spanned = _one_band(table, moments, kind, scale, (from_days, to_days), confidence)
        bands.append(band.assign(group=name)[list(BAND_COLUMNS)])
        ranges.append({"group": name, "n": table.n_spells, "n_ended": int(table.n_ended.sum())} | spanned)
    return SurvivalBands(
        bands=pd.concat(bands, ignore_index=True),
        ranges=pd.DataFrame(ranges, columns=list(_RANGE_COLUMNS)),
        kind=kind,
        scale=scale,
        confidence=float(confidence),
    )


def critical_value(kind: BandKind, from_share: float, to_share: float, *, confidence: float = 0.95) -> float:
    """How many times its own spread may a Brownian bridge stray between two shares of its time?

    Parameters
    ----------
    from_share, to_share
        Of the bridge's time, above 0 and below 1.
    """
    check_confidence(confidence)
    if not 0.0 < from_share <= to_share < 1.0:
        raise ValueError(f"The range must lie between 0 and 1, not {from_share!r} to {to_share!r}.")
    if kind == "equal_precision":
        low = float(stats.norm.ppf(0.5 + confidence / 2)) - 1e-9
        found = optimize.brentq(
            lambda c: equal_precision_chance(c, from_share, to_share) - confidence, low, 12.0, xtol=1e-7
        )
        return float(found)
    found = optimize.brentq(lambda k: hall_wellner_chance(k, from_share, to_share) - confidence, 1e-3, 6.0, xtol=1e-7)
    return float(found)


def _one_band(
    table: RiskTable,
    moments: tuple[FloatArray, FloatArray],
    kind: BandKind,
    scale: BandScale,
    limits: tuple[float | None, float | None],
    confidence: float,
) -> tuple[pd.DataFrame, dict[str, float]]:
    survival, greenwood = moments
    inside = _range(table, survival, greenwood, limits)
    if not inside.any():
        empty = pd.DataFrame(columns=[name for name in BAND_COLUMNS if name != "group"], dtype=float)
        return empty, dict.fromkeys(("from_days", "to_days", "from_share", "to_share", "critical"), np.nan)
    days, level, spread = table.tenure_days[inside], survival[inside], greenwood[inside]
    clock = table.n_spells * spread / (1 + table.n_spells * spread)
    critical = critical_value(kind, float(clock[0]), float(clock[-1]), confidence=confidence)
    if kind == "equal_precision":
        reach = critical * np.sqrt(spread)
    else:
        reach = critical * (1 + table.n_spells * spread) / np.sqrt(table.n_spells)
    lower, upper = _limits(level, reach, scale)
    band = pd.DataFrame({"tenure_days": days, "survival": level, "lower": lower, "upper": upper})
    spanned = {"from_days": float(days[0]), "to_days": float(days[-1])}
    return band, spanned | {"from_share": float(clock[0]), "to_share": float(clock[-1]), "critical": critical}


def _range(
    table: RiskTable, survival: FloatArray, greenwood: FloatArray, limits: tuple[float | None, float | None]
) -> np.ndarray:
    known = (greenwood > 0) & (survival > 0)
    start, end = limits
    if start is None:
        known &= np.cumsum(table.n_ended) >= _FEWEST
    else:
        known &= table.tenure_days >= start
    return known & ((table.n_at_risk >= _FEWEST) if end is None else (table.tenure_days <= end))


def _limits(survival: FloatArray, reach: FloatArray, scale: BandScale) -> tuple[FloatArray, FloatArray]:
    """Limits, `reach` being how far the cumulative hazard may stray; a true curve never rises, so neither do they."""
    if scale == "plain":
        lower, upper = np.maximum(survival * (1 - reach), 0.0), np.minimum(survival * (1 + reach), 1.0)
    else:
        factor = np.exp(reach / -np.log(survival))
        lower, upper = survival**factor, survival ** (1 / factor)
    # A curve below the upper limit at one tenure is below it at every later one; likewise from the right for the lower.
    return np.maximum.accumulate(lower[::-1])[::-1], np.minimum.accumulate(upper)
