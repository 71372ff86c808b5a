"""Fine and Gray's regression: what raises the share who end up leaving for this reason?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.hazards.assembling import shared_fields
from crm_research.models.hazards.newton import invert
from crm_research.models.hazards.regression import build_columns, robust_covariance
from crm_research.models.hazards.result import HazardFit
from crm_research.models.hazards.searching import Search, search
from crm_research.models.hazards.spell_rows import read_spell_rows
from crm_research.models.hazards.subdistribution import StayingSets, build_staying_sets, staying_influence
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import check_confidence
from crm_research.vocabulary import say_count, word_for


@dataclass(frozen=True, eq=False, kw_only=True)
class FineGrayFit(HazardFit):
    """What raises the share who leave for one reason, by the regression of its sub-distribution hazard.

    Parameters
    ----------
    target
        The reason.
    n_otherwise
        Rows that left for another reason.
    """

    target: str
    n_otherwise: int

    def incidence(self, frame: pd.DataFrame, horizons_days: Sequence[float]) -> pd.DataFrame:
        """Which share of such customers leaves for the reason within each horizon from the start of the spell?

        Returns
        -------
        pandas.DataFrame
            Grain: row of `frame`; one column for each horizon. NaN beyond the tenures watched.
        """
        ratio = np.exp(self.score(frame))
        label = self.strata_of(frame)
        days = np.asarray([float(day) for day in horizons_days])
        out = np.full((len(frame), len(days)), np.nan)
        for name in pd.unique(label):
            rows = label == name
            out[rows] = -np.expm1(-np.outer(ratio[rows], self.cumulative_hazard(days, stratum=str(name))))
        return pd.DataFrame(out, index=frame.index, columns=list(days))

    def risk(self, frame: pd.DataFrame, horizons_days: Sequence[float]) -> pd.DataFrame:
        """The incidence, for spells that are at their start; NaN for the rest.

        A sub-distribution hazard says nothing of those who are still there at a tenure: that needs every reason.
        """
        table = self.incidence(frame, horizons_days)
        return table.where(frame["tenure_days"] <= 0)


def fit_fine_gray(
    spells: pd.DataFrame,
    covariates: Sequence[str],
    *,
    target: str,
    reason: str = "end_reason",
    strata: Sequence[str] = (),
    cluster: str | None = None,
    splines: Sequence[str] = (),
    n_knots: int = 4,
    confidence: float = 0.95,
) -> FineGrayFit:
    """What raises the share who end up leaving for this reason, while others leave for other reasons?

    Parameters
    ----------
    spells
        As in `fit_cox`, one row for each spell, with the column `reason` of those that ended.
    target
        The reason of interest; every other reason competes with it.
    strata
        Columns whose groups get their own baseline and their own weights.
    cluster
        Column of those whose rows belong together.

    Returns
    -------
    FineGrayFit
        ``hazard_ratio`` is the ratio of sub-distribution hazards: above 1 the share who leave for the reason is larger
        at every tenure. Its size has no plain meaning in itself.

    Raises
    ------
    ParameterError
        For a column that is not there.
    NotEnoughData
        Without an end for the reason.

    Notes
    -----
    Whoever left for another reason stays in the risk set with the weight G(t-) / G(T-), G the reverse Kaplan-Meier
    chance to be still watched (of the stratum), ends before censorings where tied; with late entry times the
    matching ratio of the entry distribution. Ties by Efron's method. Errors are robust ("sandwich"), clustered where
    asked for, and allow for the weights being estimated. Assumes that observation stops, and begins, independently
    of leaving and of the covariates.

    References
    ----------
    Fine and Gray (1999), JASA 94, 496-509; Geskus (2011), Biometrics 67, 39-49.
    """
    check_confidence(confidence)
    if reason not in spells.columns:
        raise ParameterError(f"The spells have no column {reason!r}. {offer_names(reason, spells.columns)}")
    rows = read_spell_rows(spells, strata=strata, cluster=cluster)
    for_it = rows.ended & (rows.frame[reason] == target).fillna(value=False).to_numpy(dtype=bool)
    columns, known = build_columns(rows, covariates, for_it, splines=splines, n_knots=n_knots)
    rows, for_it = rows.keep(known), for_it[known]
    if not for_it.any():
        raise NotEnoughData(
            f"A regression of leaving for {target!r}", needed=1, found=0, mend="Nobody left for that reason."
        )
    found = search(
        rows,
        columns,
        lambda stratum: build_staying_sets(
            rows.entry, rows.tenure, for_it, rows.ended & ~for_it, stratum, watched_in=rows.stratum
        ),
        confidence=confidence,
    )
    covariance, notes = _covariance(found)
    return FineGrayFit(
        **shared_fields(found, found.beta, found.at, covariance, float(confidence)),
        log_likelihood=found.at.log_likelihood,
        has_converged=found.has_converged,
        notes=(*rows.notes, *columns.notes, *found.notes, *notes),
        estimator="Fine-Gray regression, Efron ties, robust errors" + (" by cluster" if cluster else ""),
        target=target,
        n_otherwise=int((rows.ended & ~for_it).sum()),
    )


def _covariance(found: Search) -> tuple[FloatArray, list[str]]:
    rows, sets, notes = found.rows, found.sets, []
    if not isinstance(sets, StayingSets):
        raise TypeError("Fine and Gray's regression needs sets in which those who left otherwise stay.")
    if sets.n_lost:
        notes.append(
            f"{say_count(sets.n_lost, 'row')} left for another reason at a tenure beyond which nobody was watched "
            "for a while; "
            f"{word_for(sets.n_lost, 'it', 'they')} could not be kept in the risk set."
        )
    if not found.kept:
        return np.empty((0, 0)), notes
    x = found.columns.of(found.kept)
    score = staying_influence(sets, x, found.at, entry=rows.entry, tenure=rows.tenure, stopped=~rows.ended)
    covariance, few = robust_covariance(score @ invert(found.at.information), rows, sets.order)
    return covariance, [*notes, *few]
