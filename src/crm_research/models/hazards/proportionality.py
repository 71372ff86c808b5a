"""Does a covariate act alike early and late? Scaled Schoenfeld residuals against tenure."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.models.hazards.design import Design, Term
from crm_research.models.hazards.splines import natural_spline, place_knots
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import normal_quantile

COLUMNS = (
    "covariate",
    "level",
    "chi_squared",
    "degrees",
    "p_value",
    "correlation",
    "ratio_early",
    "ratio_late",
    "is_doubtful",
    "verdict",
)
DRIFT_COLUMNS = ("covariate", "level", "reference", "tenure_days", "hazard_ratio", "lower", "upper")
GLOBAL: Final = "all together"
_SMALL_P: Final = 0.05
_MATTERS: Final = 1.25
_N_POINTS: Final = 40
_FEWEST_ENDS_TO_SMOOTH: Final = 20


def check_proportionality(
    design: Design,
    columns: list[int],
    residuals: FloatArray,
    clock: FloatArray,
    coefficients: FloatArray,
    covariance: FloatArray,
) -> pd.DataFrame:
    """Do the hazard ratios change with tenure, by how much, and what then?

    Parameters
    ----------
    columns
        Columns of the design that were estimated.
    residuals
        Schoenfeld's, one row for each end; only the columns estimated, like coefficients and covariance.
    clock
        Of each end: one minus Kaplan-Meier just before it, so that few late ends do not rule the answer.

    Returns
    -------
    pandas.DataFrame
        Grain: column of the model, each covariate of several columns as a whole (empty level), and all together.
        ``ratio_early`` and ``ratio_late`` are the hazard ratios at the first and third quartile of the ends, from
        a straight line through the scaled residuals; of a number between its quartiles, all its bends together (given
        once for it). ``is_doubtful`` asks for p below 0.05, Holm-adjusted over the
        covariates, and for a change by more than 1.25 times: with many customers every small change is significant.

    References
    ----------
    Grambsch and Therneau (1994), Biometrika 81, 515-526, equation 7; the transform of time: Therneau and Grambsch
    (2000), section 6.2.
    """
    g = clock - clock.mean()
    spread = float(g @ g)
    d = len(g)
    if d < 2 or spread <= 0 or not columns:
        return pd.DataFrame(columns=list(COLUMNS))
    pull = g @ residuals
    slope = d * covariance @ pull / spread
    scaled = d * residuals @ covariance
    early, late = (float(np.quantile(clock, q)) - float(clock.mean()) for q in (0.25, 0.75))
    labels = [design.labels[column] for column in columns]
    rows = []
    for term in design.terms:
        place = [number for number, (name, _) in enumerate(labels) if name == term.name]
        if not place:
            continue
        if len(place) > 1:
            rows.append(_block(term.name, place, slope, covariance, spread, d))
        for number in place:
            row = _block(term.name, [number], slope, covariance, spread, d)
            rows.append(row | {"level": labels[number][1], "correlation": _correlation(g, scaled[:, number])})
        own = rows[-len(place) :] if term.kind == "category" else rows[-len(place) - (len(place) > 1) :][:1]
        for row, (_, weights) in zip(own, _comparisons(term, place, labels, len(columns)), strict=True):
            at, rise = float(weights @ coefficients), float(weights @ slope)
            row |= {"ratio_early": float(np.exp(at + rise * early)), "ratio_late": float(np.exp(at + rise * late))}
    rows.append(_block(GLOBAL, list(range(len(columns))), slope, covariance, spread, d))
    return _judge(pd.DataFrame(rows))


def follow_ratios(
    design: Design,
    columns: list[int],
    residuals: FloatArray,
    clock: FloatArray,
    tenure_days: FloatArray,
    covariance: FloatArray,
    coefficients: FloatArray,
    *,
    covariates: list[str],
    confidence: float,
) -> pd.DataFrame:
    """How does the ratio of these covariates run over tenure? For a picture: smoothed scaled Schoenfeld residuals.

    Parameters
    ----------
    columns, residuals, clock, covariance, coefficients
        As in `check_proportionality`.
    tenure_days
        Of each end.
    covariates
        Those to follow.

    Returns
    -------
    pandas.DataFrame
        Grain: comparison (level against the reference, or upper against lower quartile) and tenure. Columns
        ``covariate``, ``level``, ``reference``, ``tenure_days``, ``hazard_ratio``, ``lower``, ``upper`` (point by
        point). Empty with fewer than 20 ends.

    References
    ----------
    Therneau and Grambsch (2000), section 6.2: a natural spline through the residuals against the transformed time,
    each residual with d times the coefficients' variance, d the number of ends.
    """
    d = len(clock)
    terms = [term for term in design.terms if term.name in covariates]
    knots = place_knots(clock) if d >= _FEWEST_ENDS_TO_SMOOTH else np.empty(0)
    if not terms or len(knots) < 3:
        return pd.DataFrame(columns=list(DRIFT_COLUMNS))
    labels = [design.labels[column] for column in columns]
    low, high = (float(value) for value in np.quantile(tenure_days, (0.02, 0.98)))
    days = np.linspace(low, high, _N_POINTS)
    order = np.argsort(tenure_days, kind="stable")
    at = np.interp(days, tenure_days[order], clock[order])
    basis, there = (np.column_stack([np.ones(len(v)), natural_spline(v, knots)]) for v in (clock, at))
    inverse = np.linalg.pinv(basis.T @ basis)
    spread = np.sqrt(np.einsum("ij,jk,ik->i", there, inverse, there) * d)
    scaled = d * residuals @ covariance + coefficients
    frames = []
    for term in terms:
        place = [number for number, (name, _) in enumerate(labels) if name == term.name]
        for (level, reference), weights in _comparisons(term, place, labels, len(columns)):
            line = there @ (inverse @ (basis.T @ (scaled @ weights)))
            half = normal_quantile(confidence) * spread * math.sqrt(max(float(weights @ covariance @ weights), 0.0))
            shown = {"hazard_ratio": np.exp(line), "lower": np.exp(line - half), "upper": np.exp(line + half)}
            named = {"covariate": term.name, "level": level, "reference": reference, "tenure_days": days}
            frames.append(pd.DataFrame({**named, **shown}))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(DRIFT_COLUMNS))


def _comparisons(
    term: Term, place: list[int], labels: list[tuple[str, str]], size: int
) -> list[tuple[tuple[str, str], FloatArray]]:
    """What a reader compares: each level with the reference, or a number's upper quartile with its lower."""
    if term.kind == "category":
        return [((labels[number][1], term.reference), np.eye(size)[number]) for number in place]
    low, high = term.quartiles
    rise = (term.columns(pd.Series([high])) - term.columns(pd.Series([low])))[0]
    among = list(term.labels)
    weights = np.zeros(size)
    for number in place:
        weights[number] = rise[among.index(labels[number][1])]
    return [((f"{high:,.6g}", f"{low:,.6g}"), weights)] if place else []


def _block(
    name: str, place: list[int], slope: FloatArray, covariance: FloatArray, spread: float, d: int
) -> dict[str, object]:
    # The line's slope has covariance d V / spread (Grambsch and Therneau, equation 7 with the averaged variance).
    part = slope[place]
    chi = float(part @ np.linalg.pinv(covariance[np.ix_(place, place)]) @ part) * spread / d
    return {
        "covariate": name,
        "level": "",
        "chi_squared": chi,
        "degrees": len(place),
        "p_value": float(stats.chi2.sf(chi, len(place))),
        "correlation": np.nan,
        "ratio_early": np.nan,
        "ratio_late": np.nan,
    }


def _correlation(g: FloatArray, values: FloatArray) -> float:
    centred = values - values.mean()
    size = float(np.sqrt((g @ g) * (centred @ centred)))
    return float(g @ centred / size) if size > 0 else np.nan


def _judge(table: pd.DataFrame) -> pd.DataFrame:
    each = table["covariate"] != GLOBAL
    whole = table.loc[each].drop_duplicates("covariate")
    order = whole["p_value"].sort_values()
    holm = np.minimum(np.maximum.accumulate(order.to_numpy() * (len(order) - np.arange(len(order)))), 1.0)
    adjusted = dict(zip(whole.loc[order.index, "covariate"], holm, strict=True))
    moves = (np.log(table["ratio_late"]) - np.log(table["ratio_early"])).abs()
    largest = moves.groupby(table["covariate"]).max().to_dict()
    doubtful = {name: p < _SMALL_P and largest[name] > np.log(_MATTERS) for name, p in adjusted.items()}
    table["is_doubtful"] = [bool(doubtful.get(str(name), False)) for name in table["covariate"]]
    table["verdict"] = [_say(str(row["covariate"]), row) for _, row in table.iterrows()]
    return table[list(COLUMNS)]


def _say(covariate: str, row: pd.Series[float]) -> str:
    if covariate == GLOBAL:
        return ""
    if not row["is_doubtful"]:
        return "The ratio may be read as the same at every tenure."
    early, late = float(row["ratio_early"]), float(row["ratio_late"])
    moved = "" if np.isnan(early) else f" from {early:.2f} early to {late:.2f} late"
    return (
        f"The ratio changes with tenure{moved}: read it as an average over the tenures watched. Give each group its "
        "own baseline (strata), or compare mean tenure within a horizon."
    )
