"""Spells as a regression reads them: those that were watched, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import ParameterError, offer_names
from crm_research.models.hazards.result import HazardFit, name_strata
from crm_research.models.survival.risk import EVERYONE, FloatArray, IntArray
from crm_research.vocabulary import say_count, word_for


@dataclass(frozen=True, eq=False, kw_only=True)
class SpellRows:
    """Spells that were under observation, as arrays; `frame` holds their other columns.

    Parameters
    ----------
    stratum, stratum_names
        Number of each row's stratum, and the strata in words.
    cluster
        Number of those whose rows belong together; None without clusters.
    """

    frame: pd.DataFrame
    entry: FloatArray
    tenure: FloatArray
    ended: NDArray[np.bool_]
    stratum: IntArray
    stratum_names: list[str]
    cluster: IntArray | None
    strata: tuple[str, ...]
    notes: tuple[str, ...]

    def keep(self, kept: NDArray[np.bool_]) -> SpellRows:
        """Only some of the rows."""
        if kept.all():
            return self
        return replace(
            self,
            frame=self.frame.iloc[np.flatnonzero(kept)],
            entry=self.entry[kept],
            tenure=self.tenure[kept],
            ended=self.ended[kept],
            stratum=self.stratum[kept],
            cluster=None if self.cluster is None else self.cluster[kept],
        )


def read_spell_rows(spells: pd.DataFrame, *, strata: Sequence[str], cluster: str | None) -> SpellRows:
    """The rows that were watched at all; one whose cluster is not known is a cluster of its own."""
    for name in ("tenure_days", "is_ended", *strata, *([cluster] if cluster else [])):
        if name not in spells.columns:
            raise ParameterError(f"The spells have no column {name!r}. {offer_names(name, spells.columns)}")
    tenure, entry = _times_of(spells)
    watched = is_watched(spells)
    notes: tuple[str, ...] = ()
    frame = spells
    if not watched.all():
        n_lost = int((~watched).sum())
        were, lack = word_for(n_lost, "was", "were"), word_for(n_lost, "lacks", "lack")
        notes = (
            f"{say_count(n_lost, 'row')} {were} never under observation (or {lack} a tenure) and {were} left out.",
        )
        frame = spells.iloc[np.flatnonzero(watched)]
    codes, names = _number_strata(frame, strata)
    return SpellRows(
        frame=frame,
        entry=entry[watched],
        tenure=tenure[watched],
        ended=frame["is_ended"].to_numpy(dtype=bool),
        stratum=codes,
        stratum_names=names,
        cluster=None if cluster is None else _number_clusters(frame[cluster]),
        strata=tuple(strata),
        notes=notes,
    )


def is_watched(spells: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows were under observation at all, with a tenure and what became of them?"""
    tenure, entry = _times_of(spells)
    known = np.isfinite(tenure) & np.isfinite(entry) & spells["is_ended"].notna().to_numpy()
    return np.asarray(known & (tenure >= 0) & ((tenure > entry) | (entry <= 0)), dtype=bool)


def rows_read(fit: HazardFit, spells: pd.DataFrame) -> NDArray[np.bool_]:
    """Which of the rows that a regression was given did it read? As many as its ``n``.

    Not read is a row that was never watched, that lacks a number the model has no place for, or that belongs to a group
    in which nobody ended.
    """
    return np.asarray(is_watched(spells) & np.isfinite(fit.score(spells)), dtype=bool)


def _times_of(spells: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Tenure and entry of each row, in days; entry is 0 where nothing says otherwise."""
    tenure = spells["tenure_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    if "entry_days" not in spells.columns:
        return tenure, np.zeros(len(spells))
    return tenure, spells["entry_days"].to_numpy(dtype=np.float64, na_value=np.nan)


def _number_strata(frame: pd.DataFrame, strata: Sequence[str]) -> tuple[IntArray, list[str]]:
    if not strata:
        return np.zeros(len(frame), np.int64), [EVERYONE]
    codes, names = pd.factorize(name_strata(frame, strata), sort=True)
    return codes.astype(np.int64), [str(name) for name in names]


def _number_clusters(names: pd.Series[str]) -> IntArray:
    codes = pd.factorize(names)[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return codes
