"""What every regression on single spells does alike: build the columns, tabulate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.models.hazards.baseline_steps import BaselineSteps
from crm_research.models.hazards.design import Design, Term, plan_design
from crm_research.models.hazards.partial_likelihood import PartialLikelihood, baseline_steps
from crm_research.models.hazards.risk_sets import RiskSets
from crm_research.models.hazards.spell_rows import SpellRows
from crm_research.models.survival.risk import FloatArray, IntArray
from crm_research.vocabulary import say_count, word_for

_FEWEST_CLUSTERS: Final = 50


@dataclass(frozen=True, eq=False, kw_only=True)
class Columns:
    """The columns of a model for its rows, standardised; `means` and `scale` turn coefficients back.

    Parameters
    ----------
    x, stratum
        In the order of the rows, or of the risk sets after `in_order`.
    """

    design: Design
    x: FloatArray
    stratum: IntArray
    means: FloatArray
    scale: FloatArray
    notes: tuple[str, ...]

    def in_order(self, order: IntArray) -> Columns:
        """The rows in another order, each column together in memory, as sums over them want it."""
        x = np.empty((len(order), self.x.shape[1]), order="F")
        for column in range(x.shape[1]):
            x[:, column] = self.x[:, column][order]
        return replace(self, x=x, stratum=self.stratum[order])

    def of(self, kept: list[int]) -> FloatArray:
        """Only some of the columns."""
        return self.x if len(kept) == self.x.shape[1] else np.asfortranarray(self.x[:, kept])


def build_columns(
    rows: SpellRows,
    covariates: Sequence[str],
    ended: NDArray[np.bool_],
    *,
    splines: Sequence[str] = (),
    n_knots: int = 4,
    terms: Sequence[Term] | None = None,
) -> tuple[Columns, NDArray[np.bool_]]:
    """The columns of the model, and which rows have all of them.

    Parameters
    ----------
    ended
        The ends that the model is about, which decide which groups are too rare for a ratio.
    terms
        How the covariates enter, instead of planning it.
    """
    if terms is None:
        design = plan_design(rows.frame, covariates, ended=ended.astype(float), splines=splines, n_knots=n_knots)
    else:
        design = Design(terms=tuple(terms))
    x = design.matrix(rows.frame)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(x).all(axis=1), dtype=bool)
    notes: list[str] = []
    if not known.all():
        n_missing = int((~known & ~_unseen(rows, design)).sum())
        told = f"{say_count(n_missing, 'row')} with a missing number {word_for(n_missing, 'was', 'were')} left out."
        notes += [told] if n_missing else []
        x = np.asfortranarray(x[known])
    return standardise(design, x, rows.stratum[known], tuple(notes)), known


def standardise(design: Design, x: FloatArray, stratum: IntArray, notes: tuple[str, ...]) -> Columns:
    """The columns with mean 0 and spread 1; `x` is used up."""
    means, scale = (x.mean(axis=0), x.std(axis=0)) if len(x) else (np.zeros(x.shape[1]), np.ones(x.shape[1]))
    scale[scale == 0] = 1.0
    x -= means
    x /= scale
    return Columns(design=design, x=x, stratum=stratum, means=means, scale=scale, notes=notes)


def _unseen(rows: SpellRows, design: Design) -> NDArray[np.bool_]:
    """Rows of a group that nobody ended in: said in a note of their own."""
    unseen = np.zeros(len(rows.frame), dtype=bool)
    for term in design.terms:
        if term.unseen:
            unseen |= ~np.isfinite(term.columns(rows.frame[term.name])).all(axis=1)
    return unseen


def robust_covariance(influence: FloatArray, rows: SpellRows, order: IntArray) -> tuple[FloatArray, list[str]]:
    """The "sandwich": of what each row (in `order`) adds to the coefficients, together with the rest of its cluster."""
    if rows.cluster is None:
        return np.asarray(influence.T @ influence, dtype=np.float64), []
    owner = rows.cluster[order]
    sums = np.column_stack([np.bincount(owner, column) for column in influence.T])
    n_clusters = len(np.unique(owner))
    few = [f"Robust errors rest on only {say_count(n_clusters, 'cluster')} and are likely too small."]
    return np.asarray(sums.T @ sums, dtype=np.float64), few if n_clusters < _FEWEST_CLUSTERS else []


def size_terms(columns: Columns, ended: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Rows and ends of each level; of everybody for a number. `ended` in the order of the columns' rows."""
    n = np.full(len(columns.means), len(columns.x))
    n_ended = np.full(len(columns.means), int(ended.sum()))
    for column in np.flatnonzero(columns.design.is_level):
        is_in = columns.x[:, column] > (0.5 - columns.means[column]) / columns.scale[column]
        n[column], n_ended[column] = is_in.sum(), (is_in & ended).sum()
    return n, n_ended


def summarise_steps(
    sets: RiskSets, at: PartialLikelihood, rows: SpellRows, columns: Columns, kept: Sequence[int]
) -> BaselineSteps:
    """Rise at each end, its own variance (with ties as Efron has them), and its slope in the columns as recorded."""
    slope = np.zeros((len(sets.tenure_days), len(columns.scale)))
    for place, column in enumerate(kept):
        slope[:, column] = sets.sum_by_end(at.means[:, place] / at.denominators) * columns.scale[column]
    return BaselineSteps(
        stratum=tuple(np.array(rows.stratum_names, dtype=object)[sets.stratum]),
        tenure_days=sets.tenure_days,
        rise=baseline_steps(sets, at),
        variance=sets.sum_by_end(at.denominators**-2.0),
        slope=slope,
    )


def tabulate_baseline(sets: RiskSets, rises: FloatArray, rows: SpellRows) -> pd.DataFrame:
    """Cumulative hazard of strata with an end, kept up to the last tenure watched even where nobody ended then."""
    last = pd.Series(rows.tenure).groupby(rows.stratum).max()
    # Of a group that nobody was seen to leave nothing is known: it has no baseline, rather than no danger.
    last = last.loc[last.index.isin(sets.stratum)]
    codes = np.concatenate([sets.stratum, last.index.to_numpy(dtype=np.int64)])
    days = np.concatenate([sets.tenure_days, last.to_numpy()])
    order = np.lexsort((days, codes))
    codes, days = codes[order], days[order]
    is_new = np.ones(len(order), dtype=bool)
    # The sort is stable: of two rows of one tenure the end comes first.
    is_new[1:] = (codes[1:] != codes[:-1]) | (days[1:] != days[:-1])
    table = pd.DataFrame({"stratum": np.array(rows.stratum_names, dtype=object)[codes], "tenure_days": days})
    rise = pd.Series(np.concatenate([rises, np.zeros(len(last))])[order])
    table["cumulative_hazard"] = rise.groupby(codes).cumsum()
    return table.loc[is_new].reset_index(drop=True)
