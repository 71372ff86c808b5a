"""What a model of leaving found, as tidy tables, and its use on other rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_research.models.hazards.baseline_steps import BaselineSteps
from crm_research.models.hazards.design import Design, Term
from crm_research.models.hazards.separation import Direction
from crm_research.models.survival.risk import EVERYONE, FloatArray, IntArray
from crm_research.stats.intervals import normal_quantile

TERM_COLUMNS = (
    "covariate",
    "level",
    "reference",
    "hazard_ratio",
    "lower",
    "upper",
    "coefficient",
    "std_error",
    "z",
    "p_value",
    "n",
    "n_ended",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Weights:
    """What scores are made of, which is more than what can be read.

    Parameters
    ----------
    coefficients, covariance
        Of every column of the model; nought for those that others stand for.
    directions
        Along which groups are told apart without overlap: each has its own baseline.
    """

    coefficients: FloatArray
    covariance: FloatArray
    directions: tuple[Direction, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class HazardFit:
    """What goes with leaving sooner, everything else alike.

    Parameters
    ----------
    terms
        Grain: column of the model. Columns ``covariate``, ``level`` (empty for a straight number, ``bend k`` of a
        spline), ``reference``, ``hazard_ratio`` (of the level against the reference, or of one unit more),
        ``lower``, ``upper``, ``coefficient``, ``std_error``, ``z``, ``p_value``, ``n`` and ``n_ended`` (of the level;
        of everybody for a number). NaN where nothing can be estimated; of a level in `apart` only the limit is there.
    tests
        Grain: covariate. Columns ``covariate``, ``chi_squared``, ``degrees``, ``p_value``: Wald's test that the
        covariate as a whole does nothing.
    baseline
        Grain: stratum and tenure. Columns ``stratum``, ``tenure_days``, ``cumulative_hazard``: of a row at
        the mean of every column of the model (the average customer), from which `score` counts.
    apart
        Grain: comparison without a finite ratio, because it tells those who left from the rest without overlap. Columns
        ``covariate``, ``level``, ``reference`` (for a number its upper and lower quartile), ``is_sooner``, ``limit``
        (of the ratio: at least so much where sooner, at most where later), ``p_value``, ``n``, ``n_ended``. Such a
        group has a baseline (stratum) of its own. Empty mostly.
    covariance
        Of the coefficients, rows and columns as in `terms`; NaN where these are.
    log_likelihood, null_log_likelihood
        With the covariates and without them.
    n, n_ended
        Rows (spells) and ends that were used.
    has_converged
        False where the search for the best coefficients did not arrive.
    notes
        What was left out, put together or is doubtful, in words.
    steps
        The baseline's steps with their uncertainty, for intervals of single customers.
    """

    terms: pd.DataFrame
    tests: pd.DataFrame
    baseline: pd.DataFrame
    covariance: FloatArray
    log_likelihood: float
    null_log_likelihood: float
    n: int
    n_ended: int
    confidence: float
    has_converged: bool
    notes: tuple[str, ...]
    strata: tuple[str, ...] = ()
    estimator: str
    steps: BaselineSteps = field(repr=False)
    apart: pd.DataFrame = field(repr=False)
    _design: Design = field(repr=False)
    _means: FloatArray = field(repr=False)
    _weights: Weights = field(repr=False)

    def score(self, frame: pd.DataFrame, *, n_rows_at_once: int = 100_000) -> FloatArray:
        """How much more danger than the baseline does each row carry, as the logarithm of the hazard ratio?

        NaN for a row with a value that the model never saw end, or that lacks a number nobody lacked then. Of a group
        in `apart` it counts from the group's own baseline.
        """
        scores = np.empty(len(frame))
        for part, block in self._design.blocks(frame, n_rows_at_once):
            scores[part] = (block - self._means) @ self._weights.coefficients
            for direction in self._weights.directions:
                scores[part][direction.place(block) < 0] = np.nan
        return scores

    @property
    def weights(self) -> Weights:
        """What scores are made of, column by column."""
        return self._weights

    def centred_blocks(self, frame: pd.DataFrame, n_rows: int) -> Iterator[tuple[slice, FloatArray]]:
        """The rows as the model reads them, less the average row's columns, so many at a time."""
        for part, block in self._design.blocks(frame, n_rows):
            yield part, block - self._means

    @property
    def covariate_terms(self) -> tuple[Term, ...]:
        """How each covariate enters."""
        return self._design.terms

    def against_average(self, covariate: str, values: pd.Series[str] | pd.Series[float]) -> pd.DataFrame:
        """How many times the danger of the average row do rows with these values of a covariate carry, the rest alike?

        Returns
        -------
        pandas.DataFrame
            Grain: value, in its order. Columns ``hazard_ratio``, ``lower``, ``upper``; NaN for a value without a
            ratio. The average row is at the mean of every column of the model, so a group counts by its share.
        """
        term = next(t for t in self._design.terms if t.name == covariate)
        rise = term.columns(values) - self._means[self._columns_of(term)]
        return self._ratios(term, rise)

    def strata_of(self, frame: pd.DataFrame) -> NDArray[np.object_]:
        """The stratum of each row, as named in `baseline`: its own for a group in `apart`."""
        named = name_strata(frame, self.strata)
        if self._weights.directions:
            x = self._design.matrix(frame)
            for direction in self._weights.directions:
                named = direction.name(named, x)
        return named

    def cumulative_hazard(self, tenure_days: FloatArray, *, stratum: str = EVERYONE) -> FloatArray:
        """The baseline's cumulative hazard at these tenures; NaN beyond the last tenure watched."""
        rows = self.baseline.loc[self.baseline["stratum"] == stratum]
        days = rows["tenure_days"].to_numpy(dtype=np.float64)
        total = np.concatenate([[0.0], rows["cumulative_hazard"].to_numpy(dtype=np.float64)])
        found = total[np.searchsorted(days, tenure_days, side="right")]
        beyond = np.asarray(tenure_days, dtype=np.float64) > (days[-1] if len(days) else -1.0)
        return np.where(beyond, np.nan, found)

    def risk(self, frame: pd.DataFrame, horizons_days: Sequence[float]) -> pd.DataFrame:
        """What is each row's chance to leave within each horizon, having stayed for its ``tenure_days`` so far?

        Returns
        -------
        pandas.DataFrame
            Grain: row of `frame`, in its order and with its index; one column for each horizon, named by it. NaN
            where the horizon goes beyond the tenures watched, or the row has no score. Memory is rows times
            horizons.
        """
        ratio = np.exp(self.score(frame))
        now = frame["tenure_days"].to_numpy(dtype=np.float64)
        label = self.strata_of(frame)
        out = np.full((len(frame), len(horizons_days)), np.nan)
        for name in pd.unique(label):
            rows = label == name
            base = self.cumulative_hazard(now[rows], stratum=str(name))
            for column, horizon in enumerate(horizons_days):
                rise = self.cumulative_hazard(now[rows] + horizon, stratum=str(name)) - base
                out[rows, column] = -np.expm1(-rise * ratio[rows])
        return pd.DataFrame(out, index=frame.index, columns=[float(h) for h in horizons_days])

    def curve(self, covariate: str, *, n_points: int = 60) -> pd.DataFrame:
        """How does the danger change along a number, against its median?

        Returns
        -------
        pandas.DataFrame
            Columns ``value``, ``hazard_ratio``, ``lower``, ``upper``, between the outer knots of a spline.
        """
        term = next(t for t in self._design.terms if t.name == covariate)
        low, high = (term.knots[0], term.knots[-1]) if term.knots else (term.middle - 1, term.middle + 1)
        values = np.linspace(low, high, n_points)
        return self._against(term, values, term.middle)

    def contrasts(self) -> pd.DataFrame:
        """One ratio for each group against its reference, and for each number between its quartiles.

        Returns
        -------
        pandas.DataFrame
            Grain: level of a category (also that of not knowing a number), or number (with all its bends). Columns
            ``covariate``, ``level``, ``reference`` (for a number its upper and lower quartile), ``hazard_ratio``,
            ``lower``, ``upper``, ``p_value``, ``p_whole`` (of the covariate with all its levels or bends; the same for
            a number), ``n``, ``n_ended``; what could not be estimated is left out.
        """
        is_group = self._design.is_level
        columns = ["covariate", "level", "reference", "hazard_ratio", "lower", "upper", "p_value", "n", "n_ended"]
        frames = [self.terms.loc[is_group & np.isfinite(self.terms["std_error"]), columns]]
        tests = self.tests.set_index("covariate")
        place = columns.index("n")
        for term in self._design.terms:
            own = (self.terms["covariate"] == term.name) & ~is_group & np.isfinite(self.terms["std_error"])
            if not own.any():
                continue
            low, high = term.quartiles
            row = self._against(term, np.array([high]), low).drop(columns="value")
            said = {"covariate": term.name, "level": f"{high:,.6g}", "reference": f"{low:,.6g}"}
            frames.append(
                row.assign(**said, p_value=tests.loc[term.name, "p_value"], n=self.n, n_ended=self.n_ended)[columns]
            )
        kept = [frame for frame in frames if len(frame)]
        found = pd.concat(kept, ignore_index=True) if kept else frames[0].copy()
        found.insert(place, "p_whole", found["covariate"].map(tests["p_value"]).astype(float))
        return found

    def _against(self, term: Term, values: FloatArray, base: float) -> pd.DataFrame:
        rise = term.columns(pd.Series(values)) - term.columns(pd.Series([base]))
        ratios = self._ratios(term, rise)
        ratios.insert(0, "value", values)
        return ratios

    def _ratios(self, term: Term, rise: FloatArray) -> pd.DataFrame:
        columns = self._columns_of(term)
        chosen = self._weights.covariance[np.ix_(columns, columns)]
        log_ratio = rise @ self._weights.coefficients[columns]
        is_told = np.isfinite(self.terms["coefficient"].to_numpy(dtype=np.float64)[columns])
        if not is_told.any():
            log_ratio = np.full(len(rise), np.nan)
        # A column that others stand for is nought here; one that has no ratio of its own is not.
        loads = np.any([d.loadings[columns] != 0 for d in self._weights.directions] or [~is_told & False], axis=0)
        blurred = loads | (~is_told & (self._weights.coefficients[columns] != 0))
        log_ratio = np.where((rise[:, blurred] != 0).any(axis=1), np.nan, log_ratio)
        half = normal_quantile(self.confidence) * np.sqrt(np.einsum("ij,jk,ik->i", rise, chosen, rise))
        return pd.DataFrame(
            {
                "hazard_ratio": np.exp(log_ratio),
                "lower": np.exp(log_ratio - half),
                "upper": np.exp(log_ratio + half),
            }
        )

    def _columns_of(self, term: Term) -> list[int]:
        return [place for place, (name, _) in enumerate(self._design.labels) if name == term.name]


def name_strata(frame: pd.DataFrame, strata: Sequence[str]) -> NDArray[np.object_]:
    """The stratum of each row, in words: its values joined; everybody's without strata."""
    if not strata:
        return np.full(len(frame), EVERYONE, dtype=object)
    parts = [frame[name].astype("string").fillna("not known") for name in strata]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + ", " + part
    return np.asarray(joined.to_numpy(dtype=object))


def tabulate_terms(
    design: Design,
    coefficients: FloatArray,
    covariance: FloatArray,
    sizes: tuple[IntArray, IntArray],
    confidence: float,
    apart: pd.DataFrame,
) -> pd.DataFrame:
    """One row for each column of the model, as in `HazardFit.terms`; `coefficients` NaN for those not told."""
    error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    half = normal_quantile(confidence) * error
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = coefficients / error
        table = pd.DataFrame(
            {
                "covariate": [name for name, _ in design.labels],
                "level": [level for _, level in design.labels],
                "reference": [reference for term in design.terms for reference in term.references],
                "hazard_ratio": np.exp(coefficients),
                "lower": np.exp(coefficients - half),
                "upper": np.exp(coefficients + half),
                "coefficient": coefficients,
                "std_error": error,
                "z": z,
                "p_value": 2 * stats.norm.sf(np.abs(z)),
                "n": sizes[0].astype(np.int64),
                "n_ended": sizes[1].astype(np.int64),
            },
            columns=list(TERM_COLUMNS),
        )
    for _, row in apart.iterrows():
        place = (table["covariate"] == row["covariate"]) & (table["level"] == row["level"]) & design.is_level
        limits = (row["limit"], np.inf) if row["is_sooner"] else (0.0, row["limit"])
        table.loc[place, ["lower", "upper", "p_value"]] = [*limits, row["p_value"]]
    return table


def tabulate_tests(design: Design, coefficients: FloatArray, covariance: FloatArray) -> pd.DataFrame:
    """Wald's test of each covariate as a whole."""
    labels = np.array([name for name, _ in design.labels])
    rows = []
    for term in design.terms:
        place = np.flatnonzero((labels == term.name) & np.isfinite(coefficients) & np.isfinite(np.diag(covariance)))
        chi, degrees = np.nan, len(place)
        if degrees:
            part = coefficients[place]
            chi = float(part @ np.linalg.solve(covariance[np.ix_(place, place)], part))
        rows.append(
            {
                "covariate": term.name,
                "chi_squared": chi,
                "degrees": degrees,
                "p_value": float(stats.chi2.sf(chi, degrees)) if degrees else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=["covariate", "chi_squared", "degrees", "p_value"])
