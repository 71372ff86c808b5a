"""Does a covariate act alike early and late? The score test of a drift with tenure, and scaled residuals to see it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.models.hazards.design import Design, Term
from crm_research.models.hazards.newton import invert
from crm_research.models.hazards.partial_likelihood import (
    PartialLikelihood,
    schoenfeld_residuals,
    weighted_information,
)
from crm_research.models.hazards.risk_sets import RiskSets
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
    sets: RiskSets,
    x: FloatArray,
    at: PartialLikelihood,
    clock: FloatArray,
    beta: FloatArray,
    scale: FloatArray,
) -> pd.DataFrame:
    """Do the hazard ratios change with tenure, by how much, and what then?

    Parameters
    ----------
    columns
        Columns of the design that were estimated.
    sets, x, at, beta
        The risk sets, the standardised columns estimated in their order, the likelihood at its top, and the
        coefficients there.
    clock
        Of each end: one minus Kaplan-Meier just before it, so that few late ends do not rule the answer.
    scale
        Of each column of the design.

    Returns
    -------
    pandas.DataFrame
        Grain: column of the model, each covariate of several columns as a whole (empty level), and all together.
        ``ratio_early`` and ``ratio_late`` are the hazard ratios at the first and third quartile of the ends, from
        a straight line in the clock (one Newton step towards the model with it); of a number between its quartiles, all
        its bends together (given once for it). ``is_doubtful`` asks for p below 0.05, Holm-adjusted over the
        covariates, and for a change by more than 1.25 times: with many customers every small change is significant.

    Notes
    -----
    The score test that a product of the covariate and the clock adds nothing, given all covariates: what R's
    cox.zph has computed since survival 3.0, with its default transform "km". Errors by cluster have no part in it.

    References
    ----------
    Grambsch and Therneau (1994), Biometrika 81, 515-526, whose equation 7 took the variance within risk sets as the
    same at every end, which is not done here; the transform of time: Therneau and Grambsch (2000), section 6.2.
    """
    g = clock - clock.mean() if len(clock) else clock
    if len(g) < 2 or float(g @ g) <= 0 or not columns:
        return pd.DataFrame(columns=list(COLUMNS))
    residuals = schoenfeld_residuals(sets, x, at)
    test = _ScoreTest(
        pull=g @ residuals,
        plain=at.information,
        cross=weighted_information(sets, x, at, g),
        own=weighted_information(sets, x, at, g**2),
    )
    scaled = len(g) * residuals @ invert(at.information)
    early, late = (float(np.quantile(clock, q)) - float(clock.mean()) for q in (0.25, 0.75))
    labels = [design.labels[column] for column in columns]
    rows = []
    for term in design.terms:
        place = [number for number, (name, _) in enumerate(labels) if name == term.name]
        if not place:
            continue
        if len(place) > 1:
            rows.append(test.of(term.name, place))
        for number in place:
            row = test.of(term.name, [number])
            rows.append(row | {"level": labels[number][1], "correlation": _correlation(g, scaled[:, number])})
        move, slope = test.step(place)
        own = rows[-len(place) :] if term.kind == "category" else rows[-len(place) - (len(place) > 1) :][:1]
        for row, (_, weights) in zip(own, _comparisons(term, place, labels, len(columns)), strict=True):
            turned = weights / scale[columns]
            middle, rise = float(turned @ (beta + move)), float(turned @ slope)
            row |= {
                "ratio_early": float(np.exp(middle + rise * early)),
                "ratio_late": float(np.exp(middle + rise * late)),
            }
    rows.append(test.of(GLOBAL, list(range(len(columns)))))
    return _judge(pd.DataFrame(rows))


@dataclass(frozen=True, eq=False, kw_only=True)
class _ScoreTest:
    """The model with products of columns and clock added, at no effect of them.

    Parameters
    ----------
    pull
        The score of the products.
    plain, cross, own
        The information of the columns, of columns with products, and of products.
    """

    pull: FloatArray
    plain: FloatArray
    cross: FloatArray
    own: FloatArray

    def of(self, name: str, place: list[int]) -> dict[str, object]:
        """The test of these products together."""
        _, slope = self.step(place)
        chi = float(self.pull[place] @ slope[place])
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

    def step(self, place: list[int]) -> tuple[FloatArray, FloatArray]:
        """One step of Newton with these products: of the coefficients, and the products' own."""
        p = len(self.plain)
        whole = np.block([[self.plain, self.cross[:, place]], [self.cross[place], self.own[np.ix_(place, place)]]])
        size = np.sqrt(np.maximum(np.diag(whole), 1e-300))
        right = np.concatenate([np.zeros(p), self.pull[place]]) / size
        try:
            found = np.linalg.solve(whole / np.outer(size, size), right) / size
        except np.linalg.LinAlgError:
            found = np.full(len(right), np.nan)
        slope = np.zeros(p)
        slope[place] = found[p:]
        return found[:p], slope


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
    columns, clock
        As in `check_proportionality`.
    residuals, covariance, coefficients
        Schoenfeld's, one row for each end, and the model's own errors, of the columns estimated as they are recorded.
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
