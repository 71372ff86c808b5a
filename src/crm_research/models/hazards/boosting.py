"""Gradient boosting of the hazard: what would a model find that may take any shape? The comparator of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.hazards.design import NOT_KNOWN, as_text
from crm_research.models.hazards.person_rows import PersonPeriods, lay_out_periods
from crm_research.models.survival.risk import FloatArray, IntArray
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

# scikit-learn bins values into at most 255 groups.
_MOST_LEVELS: Final = 200
_MOST_TREES: Final = 200
_PATIENCE: Final = 15
_STEP: Final = 40
_HELD_BACK: Final = 0.2
_FEWEST_ENDS: Final = 20
_PERIODS_WANTED: Final = 24


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """How one covariate becomes a whole number: its place among cuts, or that of its level; missing stays missing."""

    name: str
    levels: tuple[str, ...] | None
    cuts: FloatArray

    def read(self, values: pd.Series[Any]) -> FloatArray:
        if self.levels is None:
            numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
            place = np.searchsorted(self.cuts, numbers).astype(np.float64)
            return np.where(np.isnan(numbers), np.nan, place)
        codes, distinct = pd.factorize(values, use_na_sentinel=True)
        places = {level: float(number) for number, level in enumerate(self.levels)}
        table = np.array([places.get(text, np.nan) for text in [*as_text(pd.Series(distinct)), NOT_KNOWN]])
        return np.asarray(table[codes], dtype=np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class BoostedHazard:
    """A flexible model of leaving; asked like the others, it explains nothing.

    Parameters
    ----------
    unit_days
        Length of the periods of tenure.
    last_days
        The last tenure watched; beyond it nothing is said.
    n, n_ended
        Rows and ends.
    n_periods, n_periods_used
        Person-periods there are, and those the trees were grown on.
    n_trees
        As many as did best on customers held back.
    notes
        What was left out or is doubtful.
    """

    unit_days: float
    last_days: float
    n: int
    n_ended: int
    n_periods: int
    n_periods_used: int
    n_trees: int
    notes: tuple[str, ...]
    estimator: str = "Gradient boosting of the hazard by period (log loss, trees chosen on customers held back)"
    _readers: tuple[_Reader, ...] = field(repr=False)
    _model: HistGradientBoostingClassifier = field(repr=False)

    def risk(
        self, frame: pd.DataFrame, horizons_days: Sequence[float], *, n_rows_at_once: int = 100_000
    ) -> pd.DataFrame:
        """What is each row's chance to leave within each horizon, having stayed for its ``tenure_days`` so far?

        Returns
        -------
        pandas.DataFrame
            Grain: row of `frame`, in its order and with its index; one column for each horizon, named by it. NaN
            where the horizon goes beyond the tenures watched.

        Notes
        -----
        Periods multiply; within a period the hazard is level.
        """
        horizons = np.asarray(horizons_days, dtype=np.float64)
        out = np.full((len(frame), len(horizons)), np.nan)
        for start in range(0, len(frame), n_rows_at_once):
            part = slice(start, start + n_rows_at_once)
            out[part] = self._risk(frame.iloc[part], horizons)
        return pd.DataFrame(out, index=frame.index, columns=[float(h) for h in horizons])

    def _risk(self, frame: pd.DataFrame, horizons: FloatArray) -> FloatArray:
        now = frame["tenure_days"].to_numpy(dtype=np.float64, na_value=np.nan)
        until = now[:, None] + horizons
        with np.errstate(invalid="ignore"):
            reached = until <= self.last_days
        total = np.zeros((len(frame), len(horizons)))
        x = _columns(frame, self._readers)
        first = np.floor(np.where(np.isfinite(now), now, 0.0) / self.unit_days).astype(np.int64)
        furthest = np.where(reached, until, -1.0).max(axis=1, initial=-1.0)
        for ahead in range(int(np.ceil(horizons.max() / self.unit_days)) + 1 if len(horizons) else 0):
            period = first + ahead
            begin, end = period * self.unit_days, (period + 1) * self.unit_days
            rows = np.flatnonzero(begin < furthest)
            if not len(rows):
                break
            step = self._cumulative_hazard(x[rows], period[rows])
            inside = np.minimum(end[rows, None], until[rows]) - np.maximum(begin, now)[rows, None]
            total[rows] += step[:, None] * np.clip(inside / self.unit_days, 0.0, 1.0)
        return np.where(reached, -np.expm1(-total), np.nan)

    def _cumulative_hazard(self, x: FloatArray, period: IntArray) -> FloatArray:
        chance = self._model.predict_proba(np.column_stack([x, period]))[:, 1]
        return np.asarray(-np.log1p(-np.minimum(chance, 1 - 1e-12)))


def fit_boosting(
    rows: pd.DataFrame,
    covariates: Sequence[str],
    *,
    unit_days: float | None = None,
    group: str = "customer_id",
    n_periods_at_most: int = 100_000,
    seed: int = 1,
) -> BoostedHazard:
    """Who leaves when, if the covariates may bend, combine and change their meaning with tenure as they like?

    Parameters
    ----------
    rows
        One row for each spell, or for each stretch of one: ``tenure_days`` (at which the row ends), ``is_ended``,
        ``entry_days`` (optional) and the covariates. Missing values are a value of their own.
    covariates
        Texts, categories and truth values enter as groups, numbers as they are.
    unit_days
        Length of a period; by default a month, or less where the longest tenure has fewer than 24.
    group
        Rows that must be held back together; every row by itself without this column.
    n_periods_at_most
        Of more person-periods a weighted sample is taken, so that memory does not grow with contracts.
    seed
        Of the sample and of the customers held back. The same seed gives the same trees.

    Raises
    ------
    ParameterError
        For a column that is not there.
    NotEnoughData
        With fewer than 20 ends, which cannot carry trees.

    Notes
    -----
    Log loss on the event of leaving in a period. Trees are grown on four customers of five, counted where the fifth
    does best, and grown again on all. Nothing is balanced or made up: chances have to stay chances. Someone watched
    for part of a period counts for that part. It has no intervals and no ratios, and is here to tell what the
    interpretable model misses.

    References
    ----------
    Brown (1975), Biometrics 31, 863-872 (discrete hazards by a classifier); Friedman (2001), Annals of Statistics
    29, 1189-1232; Ke and others (2017), NeurIPS 30 (trees on histograms).
    """
    for name in ("tenure_days", "is_ended", *covariates):
        if name not in rows.columns:
            raise ParameterError(f"The spells have no column {name!r}. {offer_names(name, rows.columns)}")
    tenure = rows["tenure_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    entry = np.zeros(len(rows))
    if "entry_days" in rows.columns:
        entry = rows["entry_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    watched = np.isfinite(entry) & (tenure >= 0) & ((tenure > entry) | (entry <= 0)) & rows["is_ended"].notna()
    frame, tenure, entry = rows.loc[np.asarray(watched)], tenure[watched], entry[watched]
    ended = frame["is_ended"].to_numpy(dtype=bool)
    if int(ended.sum()) < _FEWEST_ENDS:
        raise NotEnoughData("Boosting: ends to learn from", needed=_FEWEST_ENDS, found=int(ended.sum()))
    unit = float(unit_days or max(1.0, min(DAYS_PER_MONTH, float(tenure.max()) / _PERIODS_WANTED)))
    periods = lay_out_periods(entry, tenure, ended, unit_days=unit, n_most=n_periods_at_most, seed=seed)
    if periods.has_ended.all():
        raise NotEnoughData(
            "Boosting",
            needed=1,
            found=0,
            mend="Nobody outlived the first period: there is nobody to tell leavers from.",
        )
    readers = tuple(_plan(frame[name], name) for name in dict.fromkeys(covariates))
    x = np.column_stack([_columns(frame, readers)[periods.row], periods.period])
    model = _grow(x, periods, readers, _is_held_back(frame, group, seed)[periods.row], seed)
    notes = []
    if len(periods.row) < periods.n_all:
        notes.append(
            f"Trees were grown on {len(periods.row):,} of {periods.n_all:,} person-periods, weighted for the rest."
        )
    return BoostedHazard(
        unit_days=unit,
        last_days=float(tenure.max()),
        n=len(frame),
        n_ended=int(ended.sum()),
        n_periods=periods.n_all,
        n_periods_used=len(periods.row),
        n_trees=int(model.n_iter_),
        notes=tuple(notes),
        _readers=readers,
        _model=model,
    )


def _plan(values: pd.Series[Any], name: str) -> _Reader:
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        known = numbers[np.isfinite(numbers)]
        cuts = np.unique(np.quantile(known, np.linspace(0, 1, _MOST_LEVELS))) if len(known) else np.empty(0)
        return _Reader(name=name, levels=None, cuts=cuts)
    sizes = values.value_counts(dropna=False).head(_MOST_LEVELS)
    texts = as_text(pd.Series(sizes.index))
    return _Reader(name=name, levels=tuple(dict.fromkeys(texts)), cuts=np.empty(0))


def _columns(frame: pd.DataFrame, readers: Sequence[_Reader]) -> FloatArray:
    found = [reader.read(frame[reader.name]) for reader in readers]
    return np.column_stack(found) if found else np.empty((len(frame), 0))


def _is_held_back(frame: pd.DataFrame, group: str, seed: int) -> NDArray[np.bool_]:
    """One customer of five, with all his rows."""
    owner = pd.factorize(frame[group], use_na_sentinel=False)[0] if group in frame.columns else np.arange(len(frame))
    chosen = np.random.default_rng(seed + 1).random(int(owner.max()) + 1) < _HELD_BACK
    return np.asarray(chosen[owner])


def _grow(
    x: FloatArray, periods: PersonPeriods, readers: Sequence[_Reader], back: NDArray[np.bool_], seed: int
) -> HistGradientBoostingClassifier:
    used = periods.weight > 0
    train, test = used & ~back, used & back
    n_trees = 50
    if periods.has_ended[train].any() and periods.has_ended[test].any() and not periods.has_ended[train].all():
        n_trees = _best_number(x, periods, readers, (train, test), seed)
    return _new_trees(readers, n_trees, seed).fit(x[used], periods.has_ended[used], periods.weight[used])


def _new_trees(readers: Sequence[_Reader], n_trees: int, seed: int, **more: Any) -> HistGradientBoostingClassifier:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        loss="log_loss",
        learning_rate=0.15,
        max_iter=n_trees,
        max_leaf_nodes=15,
        min_samples_leaf=50,
        l2_regularization=1.0,
        categorical_features=[reader.levels is not None for reader in readers] + [False],
        early_stopping=False,
        random_state=seed,
        **more,
    )


def _best_number(
    x: FloatArray,
    periods: PersonPeriods,
    readers: Sequence[_Reader],
    split: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    seed: int,
) -> int:
    """How many trees lose least on the customers held back? Growth stops when 15 more have not helped."""
    train, test = split
    trees = _new_trees(readers, _STEP, seed, warm_start=True)
    best, fewest, grown = np.inf, 1, 0
    while grown < _MOST_TREES and grown - fewest < _PATIENCE:
        trees.set_params(max_iter=grown + _STEP)
        trees.fit(x[train], periods.has_ended[train], periods.weight[train])
        for number, chance in enumerate(trees.staged_predict_proba(x[test]), start=1):
            if number <= grown:
                continue
            loss = _log_loss(chance[:, 1], periods.has_ended[test], periods.weight[test])
            if loss < best - 1e-12:
                best, fewest = loss, number
        grown += _STEP
    return fewest


def _log_loss(chance: FloatArray, ended: NDArray[np.bool_], weight: FloatArray) -> float:
    right = np.clip(np.where(ended, chance, 1.0 - chance), 1e-15, 1.0)
    return float(-(weight @ np.log(right)) / weight.sum())
