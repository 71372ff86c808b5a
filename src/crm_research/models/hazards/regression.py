"""What every regression on single spells does alike: read the rows, build the columns, search, tabulate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import ParameterError, offer_names
from crm_research.models.hazards.baseline_steps import BaselineSteps
from crm_research.models.hazards.design import Design, as_label, independent_columns, plan_design, say_left_out
from crm_research.models.hazards.newton import Point, maximise
from crm_research.models.hazards.partial_likelihood import PartialLikelihood, RiskSets, baseline_steps
from crm_research.models.hazards.result import name_strata
from crm_research.models.survival.risk import FloatArray, IntArray

# A column this many standard deviations strong, with an error as large, has no finite best value.
_RUNAWAY: Final = 5.0
_ENDS_PER_COLUMN: Final = 10


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
        return replace(
            self,
            frame=self.frame.iloc[np.flatnonzero(kept)],
            entry=self.entry[kept],
            tenure=self.tenure[kept],
            ended=self.ended[kept],
            stratum=self.stratum[kept],
            cluster=None if self.cluster is None else self.cluster[kept],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Columns:
    """The columns of a model for its rows, standardised; `means` and `scale` turn coefficients back.

    Parameters
    ----------
    kept
        Columns that say something the ones before them do not.
    """

    design: Design
    x: FloatArray
    means: FloatArray
    scale: FloatArray
    kept: list[int]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Search(Generic[Point]):
    """Where a likelihood is greatest, without the columns that have no finite best value."""

    kept: list[int]
    beta: FloatArray
    at: Point
    has_converged: bool
    notes: tuple[str, ...]


def read_spell_rows(spells: pd.DataFrame, *, strata: Sequence[str], cluster: str | None) -> SpellRows:
    """The rows that were watched at all; one whose cluster is not known is a cluster of its own."""
    for name in ("tenure_days", "is_ended", *strata, *([cluster] if cluster else [])):
        if name not in spells.columns:
            raise ParameterError(f"The spells have no column {name!r}. {offer_names(name, spells.columns)}")
    tenure = spells["tenure_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    entry = np.zeros(len(spells))
    if "entry_days" in spells.columns:
        entry = spells["entry_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(tenure) & np.isfinite(entry) & spells["is_ended"].notna().to_numpy()
    watched = known & (tenure >= 0) & ((tenure > entry) | (entry <= 0))
    notes: tuple[str, ...] = ()
    if not watched.all():
        n_lost = int((~watched).sum())
        notes = (f"{n_lost:,} rows were never under observation (or lack a tenure) and were left out.",)
    frame = spells.iloc[np.flatnonzero(watched)]
    codes, names = pd.factorize(name_strata(frame, strata), sort=True)
    return SpellRows(
        frame=frame,
        entry=entry[watched],
        tenure=tenure[watched],
        ended=frame["is_ended"].to_numpy(dtype=bool),
        stratum=codes.astype(np.int64),
        stratum_names=[str(name) for name in names],
        cluster=None if cluster is None else _number_clusters(frame[cluster]),
        strata=tuple(strata),
        notes=notes,
    )


def _number_clusters(names: pd.Series[str]) -> IntArray:
    codes = pd.factorize(names)[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return codes


def build_columns(
    rows: SpellRows, covariates: Sequence[str], ended: NDArray[np.bool_], *, splines: Sequence[str], n_knots: int
) -> tuple[Columns, NDArray[np.bool_]]:
    """The columns of the model, and which rows have all of them.

    Parameters
    ----------
    ended
        The ends that the model is about, which decide which groups are too rare for a ratio.
    """
    design = plan_design(rows.frame, covariates, ended=ended.astype(float), splines=splines, n_knots=n_knots)
    x = design.matrix(rows.frame)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(x).all(axis=1), dtype=bool)
    notes = list(design.notes)
    n_missing = int((~known & ~_unseen(rows, design)).sum())
    if n_missing:
        notes.append(f"{n_missing:,} rows with a missing number were left out.")
    x = x[known]
    means, scale = (x.mean(axis=0), x.std(axis=0)) if len(x) else (np.zeros(x.shape[1]), np.ones(x.shape[1]))
    scale[scale == 0] = 1.0
    x = (x - means) / scale
    kept = independent_columns(x.T @ x)
    lost = [design.labels[column] for column in range(x.shape[1]) if column not in kept]
    notes += say_left_out(lost)
    return Columns(design=design, x=x, means=means, scale=scale, kept=kept, notes=tuple(notes)), known


def _unseen(rows: SpellRows, design: Design) -> NDArray[np.bool_]:
    """Rows of a group that nobody ended in: said in a note of their own."""
    unseen = np.zeros(len(rows.frame), dtype=bool)
    for term in design.terms:
        if term.unseen:
            unseen |= ~np.isfinite(term.columns(rows.frame[term.name])).all(axis=1)
    return unseen


def search(
    evaluate: Callable[[FloatArray, FloatArray], Point], x: FloatArray, columns: Columns, n_ends: int
) -> Search[Point]:
    """Maximise a likelihood in its columns; one that tells leavers from stayers without overlap is left out."""
    kept, notes = list(columns.kept), []
    while True:
        part = x if len(kept) == x.shape[1] else np.asfortranarray(x[:, kept])
        beta, at, arrived = maximise(lambda b, part=part: evaluate(part, b), np.zeros(len(kept)))  # type: ignore[misc]
        error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(at.information)), 0.0)) if kept else np.empty(0)
        lost = [c for c, b, e in zip(kept, beta, error, strict=True) if abs(b) > _RUNAWAY and e > _RUNAWAY]
        if not lost:
            break
        notes += [
            f"{as_label(columns.design.labels[column])} tells those who left from those who stayed without overlap: "
            "its ratio has no finite best value, and it was left out."
            for column in lost
        ]
        kept = [column for column in kept if column not in lost]
    if not arrived:
        notes.append("The search for the best coefficients did not arrive; the ratios are not to be relied on.")
    if kept and n_ends < _ENDS_PER_COLUMN * len(kept):
        notes.append(
            f"{n_ends} ends carry {len(kept)} coefficients: fewer than {_ENDS_PER_COLUMN} each, so ratios are shaky."
        )
    return Search(kept=kept, beta=beta, at=at, has_converged=arrived, notes=tuple(notes))


def unscale(
    columns: Columns, kept: list[int], beta: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Coefficients and their covariance for the columns as they are; NaN for those that were not kept."""
    full = np.full(len(columns.scale), np.nan)
    full[kept] = beta / columns.scale[kept]
    wide = np.full((len(full), len(full)), np.nan)
    wide[np.ix_(kept, kept)] = covariance / np.outer(columns.scale[kept], columns.scale[kept])
    return full, wide


def size_terms(columns: Columns, ended: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Rows and ends of each level; of everybody for a number. `ended` in the order of the columns' rows."""
    kinds = {term.name: term.kind for term in columns.design.terms}
    n = np.full(len(columns.means), len(columns.x))
    n_ended = np.full(len(columns.means), int(ended.sum()))
    for column, (name, _) in enumerate(columns.design.labels):
        if kinds[name] == "category":
            is_in = columns.x[:, column] > (0.5 - columns.means[column]) / columns.scale[column]
            n[column], n_ended[column] = is_in.sum(), (is_in & ended).sum()
    return n, n_ended


def summarise_steps(
    sets: RiskSets, at: PartialLikelihood, rows: SpellRows, columns: Columns, kept: list[int]
) -> BaselineSteps:
    """Rise at each end, its own variance (with ties as Efron has them), and its slope in the columns as recorded."""
    size = len(sets.tenure_days)
    slope = np.zeros((size, len(columns.scale)))
    for place, column in enumerate(kept):
        pulled = np.bincount(sets.event_place, at.means[:, place] / at.denominators, size)
        slope[:, column] = pulled * columns.scale[column]
    return BaselineSteps(
        stratum=tuple(rows.stratum_names[code] for code in sets.stratum),
        tenure_days=sets.tenure_days,
        rise=baseline_steps(sets, at),
        variance=np.asarray(np.bincount(sets.event_place, at.denominators**-2.0, size), dtype=np.float64),
        slope=slope,
    )


def tabulate_baseline(sets: RiskSets, steps: FloatArray, rows: SpellRows) -> pd.DataFrame:
    """Cumulative hazard by stratum, kept up to the last tenure watched even where nobody ended then."""
    rises = pd.DataFrame({"code": sets.stratum, "tenure_days": sets.tenure_days, "rise": steps})
    last = pd.DataFrame({"code": rows.stratum, "tenure_days": rows.tenure}).groupby("code", as_index=False).max()
    table = pd.concat([rises, last.assign(rise=0.0)]).groupby(["code", "tenure_days"], as_index=False)["rise"].sum()
    table["cumulative_hazard"] = table.groupby("code")["rise"].cumsum()
    table.insert(0, "stratum", [rows.stratum_names[code] for code in table["code"]])
    return pd.DataFrame(table[["stratum", "tenure_days", "cumulative_hazard"]])
