"""What a path model found, as tidy tables."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crm_research.models.paths.algorithm import FloatArray, Scheme
from crm_research.models.paths.plan import PathPlan


@dataclass(frozen=True, eq=False, kw_only=True)
class PathModel:
    """What leads to what, as far as these answers tell.

    Parameters
    ----------
    loadings
        Grain: item. Columns ``construct``, ``item``, ``loading`` (correlation with its construct), ``lower``,
        ``upper``, ``weight`` (of the standardised item), ``weight_lower``, ``weight_upper``, ``largest_other``
        (its highest correlation with another construct), ``share`` (of its construct in points; they sum to one),
        ``performance`` (mean answer from 0 to 100).
    paths
        Grain: path. Columns ``source``, ``target``, ``estimate`` (standardised), ``lower``, ``upper``, ``std_error``,
        ``p_value`` (share of resamples beyond nought, two-sided), ``corrected``, ``corrected_lower``,
        ``corrected_upper`` (if reflective constructs were measured without error; NaN where that is not possible),
        ``vif`` (times its variance grows because the causes
        go together; infinite where they cannot be told apart), ``f2`` (Cohen: what R squared loses without it).
    effects
        Grain: ordered pair of constructs with any way between them. Columns ``source``, ``target``, ``direct``,
        ``indirect``, ``total``, ``lower``, ``upper`` (of the total), ``points`` (the total effect in points: how many
        points of the target, from 0 to 100, go with one more point of the source), ``points_lower``,
        ``points_upper``.
    quality
        Grain: construct. Columns ``construct``, ``n_items``, ``r2``, ``r2_lower``, ``r2_upper``, ``r2_adjusted``,
        ``alpha`` (Cronbach), ``rho_a`` (Dijkstra and Henseler), ``rho_c`` (composite reliability), ``ave`` (average
        variance extracted); NaN where it has no meaning.
    performance
        Grain: construct. Columns ``construct``, ``performance`` (mean score from 0 to 100), ``lower``, ``upper``.
    htmt
        Grain: pair of constructs whose items reflect them. Columns as in `models.scales.Distinctness.htmt`.
    scores
        Grain: respondent, with the index of the answers. One standardised column for each construct.
    n, n_filled
        Respondents used; answers that were missing and filled with the item's mean.
    n_bootstraps, n_failed
        Resamples used; resamples in which the weights did not settle.
    has_converged
        False where the weights did not settle on the answers themselves.
    notes
        What was left out or is doubtful.
    """

    loadings: pd.DataFrame
    paths: pd.DataFrame
    effects: pd.DataFrame
    quality: pd.DataFrame
    performance: pd.DataFrame
    htmt: pd.DataFrame
    scores: pd.DataFrame
    n: int
    n_filled: int
    n_bootstraps: int
    n_failed: int
    confidence: float
    scheme: Scheme
    has_converged: bool
    notes: tuple[str, ...]
    plan: PathPlan = field(repr=False)
    correlations: FloatArray = field(repr=False)
    weights: FloatArray = field(repr=False)
    units: FloatArray = field(repr=False)

    @property
    def scores_in_points(self) -> pd.DataFrame:
        """The scores of every respondent from 0 to 100, as in `performance`."""
        means = self.performance["performance"].to_numpy()  # in the order of the plan, as the scores are
        return pd.DataFrame(means + self.scores.to_numpy() / self.units, self.scores.index, self.scores.columns)

    def path(self, source: str, target: str) -> float:
        """The coefficient of one path; NaN if the model does not have it."""
        rows = self.paths.loc[(self.paths["source"] == source) & (self.paths["target"] == target), "estimate"]
        return float(rows.iloc[0]) if len(rows) else float(np.nan)
