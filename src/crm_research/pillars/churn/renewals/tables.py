"""Renewals laid out for reading: by renewal, by intake, by group, and projected."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.renewals import fit_renewal_groups
from crm_research.models.renewals.fitted import RenewalFit
from crm_research.models.survival import FEWEST_AT_RISK
from crm_research.stats.intervals import Interval, normal_quantile, wilson_share

_MOST_ROWS: Final = 12
_MOST_COLUMNS: Final = 7
_INTAKES: Final = (1, 3, 6, 12, 24, 60, 120)
_FEWEST_IN_CELL: Final = 5


def observe_renewals(counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Of all who came to each renewal, what share renewed, and what share of a new intake is left then?

    Returns
    -------
    pandas.DataFrame
        Columns ``renewal``, ``n_up``, ``n_left``, ``retention``, ``lower``, ``upper``, ``survival``. The survival is
        missing from the first renewal on that nobody was seen to come to, or so few (under ten, of contracts met late)
        though more came to a later one: what happens among them would count for all.
    """
    sums = counts.groupby("renewal", as_index=False)[["n_up", "n_left"]].sum()
    sums = sums.loc[sums["n_up"] > 0].reset_index(drop=True)
    share = wilson_share(sums["n_up"] - sums["n_left"], sums["n_up"], confidence=confidence)
    most_later = sums["n_up"][::-1].cummax()[::-1]
    is_thin = (sums["n_up"] < FEWEST_AT_RISK) & (most_later >= FEWEST_AT_RISK)
    is_joined = ((sums["renewal"] == np.arange(1, len(sums) + 1)) & ~is_thin).cummin()
    return sums.assign(
        retention=share.estimate,
        lower=share.lower,
        upper=share.upper,
        survival=np.where(is_joined, np.cumprod(share.estimate), np.nan),
    )


def project_renewals(fit: RenewalFit, rule: RenewalFit, horizon: int) -> pd.DataFrame:
    """What retention and what share still there follow from the model, and from one constant rate?"""
    ahead = list(range(1, horizon + 1))
    retention, survival = fit.retention(ahead), fit.survival(ahead)
    return survival.assign(
        retention=retention["retention"],
        retention_lower=retention["lower"],
        retention_upper=retention["upper"],
        rule_retention=rule.retention(ahead)["retention"],
        rule_survival=rule.survival(ahead)["survival"],
    )


def triangle_of(counts: pd.DataFrame, period_months: int) -> pd.DataFrame:
    """What share of each intake was still there after so many renewals? Few enough cells for a small screen.

    Intakes are put together until there are at most twelve, and at most eight renewals are shown: the
    first and others evenly spaced.

    Returns
    -------
    pandas.DataFrame
        Index: intake (its first month, or year). A column for each renewal shown; missing where fewer than five came
        to a renewal on the way, or the intake was first met after its first renewal.
    """
    if counts.empty:
        return pd.DataFrame()
    number = counts["cohort"].dt.year * 12 + counts["cohort"].dt.month - 1
    width = next(
        (
            months
            for months in _INTAKES
            if months >= min(period_months, 12) and _n_intakes(number, months) <= _MOST_ROWS
        ),
        _INTAKES[-1],
    )
    placed = counts.assign(intake=number // width * width)
    sums = placed.groupby(["intake", "renewal"], as_index=False)[["n_up", "n_left"]].sum()
    sums["retention"] = np.where(sums["n_up"] >= _FEWEST_IN_CELL, 1 - sums["n_left"] / sums["n_up"], np.nan)
    wide = sums.pivot_table(index="intake", columns="renewal", values="retention", dropna=False)
    wide = wide.reindex(columns=range(1, int(sums["renewal"].max()) + 1))
    # A product stops at the first renewal that is missing, also where later ones are known.
    survival = wide.cumprod(axis=1, skipna=False).dropna(how="all").dropna(how="all", axis=1)
    shown = _spaced([int(renewal) for renewal in survival.columns])
    survival = survival[shown].dropna(how="all")
    survival.index = pd.Index([_name_intake(int(first), width) for first in survival.index], name="intake")
    survival.columns = pd.Index(shown, name="renewal")
    return survival


def group_table(counts: pd.DataFrame, *, confidence: float = 0.95) -> tuple[pd.DataFrame, float]:
    """How do groups renew, and do they differ?

    Returns
    -------
    tuple
        Table, the most faithful group first: ``group``, ``n_up`` and ``retention`` with ``lower`` and ``upper`` at the
        first renewal, ``mean_retention`` over all renewals, ``alpha``, ``beta`` (missing where a group is one constant
        rate). And the chance that groups alike would differ so much.
    """
    first = int(counts["renewal"].min())
    fitted = fit_renewal_groups(counts, confidence=confidence)
    sums = counts.loc[counts["renewal"] == first].groupby("group", as_index=False)[["n_up", "n_left"]].sum()
    share = wilson_share(sums["n_up"] - sums["n_left"], sums["n_up"], confidence=confidence)
    params = {
        name: (np.nan, np.nan) if fit.is_constant else tuple(np.exp(fit.log_params))
        for name, fit in fitted.fits.items()
    }
    pairs = np.array([params.get(str(name), (np.nan, np.nan)) for name in sums["group"]])
    whole = counts.groupby("group")[["n_up", "n_left"]].sum()
    mean = (1 - whole["n_left"] / whole["n_up"]).reindex(sums["group"]).to_numpy()
    table = sums.assign(
        retention=share.estimate,
        lower=share.lower,
        upper=share.upper,
        mean_retention=mean,
        alpha=pairs[:, 0],
        beta=pairs[:, 1],
    )
    ordered = table.sort_values(["mean_retention", "group"], ascending=[False, True], ignore_index=True)
    return ordered.drop(columns="n_left"), fitted.p_value


def _n_intakes(number: pd.Series, months: int) -> int:
    return int((number // months).nunique())


def _spaced(renewals: list[int]) -> list[int]:
    if len(renewals) <= _MOST_COLUMNS:
        return renewals
    step = -(-len(renewals) // _MOST_COLUMNS)
    # Whole dozens and halves of them are read more easily than sevens.
    nice = next((width for width in (2, 3, 4, 6, 12, 24, 36, 60, 120) if width >= step), step)
    return [renewal for renewal in renewals if renewal == 1 or renewal % nice == 0]


def _name_intake(number: int, width: int) -> str:
    year, month = divmod(number, 12)
    if width >= 12:
        last = (number + width - 1) // 12
        return str(year) if last == year else f"{year}-{str(last)[-2:]}"
    return (
        f"{year}-{month + 1:02d}"
        if width < 3
        else f"{year} Q{month // 3 + 1}"
        if width == 3
        else f"{year} H{month // 6 + 1}"
    )


def seen_survival(observed: pd.DataFrame, renewal: int, *, confidence: float = 0.95) -> Interval:
    """Share of a new intake seen to be there after a renewal, the product of the retentions, with its limits.

    Greenwood's variance over the renewals, limits on the log(-log) scale.
    """
    rows = observed.loc[observed["renewal"] <= renewal]
    share = float(rows["survival"].iloc[-1])
    n_up, n_left = rows["n_up"].to_numpy(dtype=float), rows["n_left"].to_numpy(dtype=float)
    if not 0 < share < 1 or bool(np.any(n_left >= n_up)):
        return Interval(*(np.asarray(value) for value in (share, share, share)))
    error = float(np.sqrt(np.sum(n_left / (n_up * (n_up - n_left))))) / abs(np.log(share))
    half = normal_quantile(confidence) * error
    lower, upper = (float(np.exp(np.log(share) * np.exp(sign * half))) for sign in (1, -1))
    return Interval(np.asarray(share), np.asarray(lower), np.asarray(upper))
