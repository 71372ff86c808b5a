"""Cox regression: what goes with leaving sooner, everything else alike?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.hazards.baseline_steps import BaselineSteps
from crm_research.models.hazards.concordance import Concordance, measure_concordance
from crm_research.models.hazards.design import Design, Term, as_label, independent_columns, plan_design, say_left_out
from crm_research.models.hazards.newton import maximise
from crm_research.models.hazards.partial_likelihood import (
    PartialLikelihood,
    RiskSets,
    baseline_steps,
    build_risk_sets,
    evaluate,
    schoenfeld_residuals,
    score_residuals,
)
from crm_research.models.hazards.proportionality import check_proportionality, follow_ratios
from crm_research.models.hazards.result import HazardFit, name_strata, tabulate_terms, tabulate_tests
from crm_research.models.survival.kaplan_meier import product_limit
from crm_research.models.survival.risk import FloatArray, IntArray, build_risk_table, count_rows
from crm_research.stats.intervals import check_confidence

# A column this many standard deviations strong, with an error as large, has no finite best value.
_RUNAWAY: Final = 5.0
_ENDS_PER_COLUMN: Final = 10
# Share of a column's variance that must lie within strata, not between them.
_ALIKE_WITHIN: Final = 1e-9
_CONCORDANCE_ROWS: Final = 100_000
_FEWEST_CLUSTERS: Final = 50

_Sizes = tuple[IntArray, IntArray]


@dataclass(frozen=True, eq=False, kw_only=True)
class CoxFit(HazardFit):
    """What goes with leaving sooner, by Cox's regression.

    Parameters
    ----------
    proportionality
        Whether the ratios are the same early and late, as in `check_proportionality`.
    drift
        How the doubtful ones run over tenure, as in `follow_ratios`; empty without any.
    concordance, concordance_error
        Harrell's, on the rows of the fit (of more than 100,000 on every k-th by tenure): flattering; the validation
        card gives the honest one.
    """

    proportionality: pd.DataFrame
    concordance: float
    concordance_error: float
    drift: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)


def fit_cox(
    spells: pd.DataFrame,
    covariates: Sequence[str],
    *,
    strata: Sequence[str] = (),
    cluster: str | None = None,
    splines: Sequence[str] = (),
    n_knots: int = 4,
    terms: Sequence[Term] | None = None,
    confidence: float = 0.95,
) -> CoxFit:
    """What goes with leaving sooner, everything else alike?

    Parameters
    ----------
    spells
        One row for each spell, or for each stretch of a spell over which its covariates are constant: ``tenure_days``
        (at which the row ends), ``is_ended``, ``entry_days`` (from which on the row is under observation; 0 without
        the column), and the covariates. Texts, categories and truth values enter as groups against the largest one,
        numbers as they are, or along a natural cubic spline.
    strata
        Columns whose groups get their own baseline and no ratio.
    cluster
        Column of those whose rows belong together (customer_id where one has several contracts): standard errors
        then allow for it (robust, "sandwich").
    splines, n_knots
        Numbers that may bend, and at how many knots.
    terms
        How the covariates enter, from an earlier fit (`HazardFit.covariate_terms`), instead of planning it anew.

    Returns
    -------
    CoxFit
        What cannot be estimated is NaN or left out, and said in ``notes``; nothing is raised for poor data.

    Raises
    ------
    ParameterError
        For a column that is not there.
    NotEnoughData
        Without a single end under observation.

    Notes
    -----
    Ties by Efron's method. Assumes that ratios are the same at every tenure (checked in ``proportionality``) and that
    observation stops for reasons that have nothing to do with leaving, given the covariates. Rows with a missing
    number are left out. Ratios are associations: they say who leaves, not what would make them stay.

    References
    ----------
    Cox (1972), JRSS B 34, 187-220; Efron (1977), JASA 72, 557-565; Lin and Wei (1989), JASA 84, 1074-1078;
    Therneau and Grambsch (2000), Modeling Survival Data.
    """
    check_confidence(confidence)
    rows = _read_rows(spells, strata, cluster)
    if terms is None:
        design = plan_design(rows.frame, covariates, ended=rows.ended.astype(float), splines=splines, n_knots=n_knots)
    else:
        design = Design(terms=tuple(terms), notes=())
    rows, x, notes = _complete(rows, design)
    notes = [*rows.notes, *design.notes, *notes]
    if not rows.ended.any():
        raise NotEnoughData("Cox regression", needed=1, found=0, mend="No spell with known covariates ended.")
    means, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale == 0] = 1.0
    x = (x - means) / scale
    sets = build_risk_sets(rows.entry, rows.tenure, rows.ended, rows.stratum)
    x = np.asfortranarray(x[sets.order])  # sums run down columns
    kept, notes = _usable(x, rows.stratum[sets.order], design, notes)
    found = _search(sets, x, kept, design, notes)
    return _assemble(rows, design, sets, x, found, means=means, scale=scale, confidence=confidence)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Rows:
    frame: pd.DataFrame
    entry: FloatArray
    tenure: FloatArray
    ended: NDArray[np.bool_]
    stratum: IntArray
    stratum_names: list[str]
    cluster: IntArray | None
    strata: tuple[str, ...]
    notes: list[str]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Found:
    kept: list[int]
    beta: FloatArray
    at: PartialLikelihood
    null: float
    has_converged: bool
    notes: list[str]


def _read_rows(spells: pd.DataFrame, strata: Sequence[str], cluster: str | None) -> _Rows:
    for name in ("tenure_days", "is_ended", *strata, *([cluster] if cluster else [])):
        if name not in spells.columns:
            raise ParameterError(f"The spells have no column {name!r}. {offer_names(name, spells.columns)}")
    tenure = spells["tenure_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    entry = np.zeros(len(spells))
    if "entry_days" in spells.columns:
        entry = spells["entry_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(tenure) & np.isfinite(entry) & spells["is_ended"].notna().to_numpy()
    watched = known & (tenure >= 0) & ((tenure > entry) | (entry <= 0))
    notes = []
    if not watched.all():
        notes.append(
            f"{int((~watched).sum()):,} rows were never under observation (or lack a tenure) and were left out."
        )
    frame = spells.iloc[np.flatnonzero(watched)]
    codes, names = pd.factorize(name_strata(frame, strata), sort=True)
    return _Rows(
        frame=frame,
        entry=entry[watched],
        tenure=tenure[watched],
        ended=frame["is_ended"].to_numpy(dtype=bool),
        stratum=codes.astype(np.int64),
        stratum_names=[str(name) for name in names],
        cluster=None if cluster is None else pd.factorize(frame[cluster], use_na_sentinel=False)[0].astype(np.int64),
        strata=tuple(strata),
        notes=notes,
    )


def _complete(rows: _Rows, design: Design) -> tuple[_Rows, FloatArray, list[str]]:
    x = design.matrix(rows.frame)
    known = np.isfinite(x).all(axis=1)
    if known.all():
        return rows, x, []
    unseen = np.zeros(len(x), dtype=bool)
    for term in design.terms:
        if term.unseen:
            unseen |= ~np.isfinite(term.columns(rows.frame[term.name])).all(axis=1)
    n_missing = int((~known & ~unseen).sum())
    notes = [f"{n_missing:,} rows with a missing number were left out."] if n_missing else []
    kept = _Rows(
        frame=rows.frame.iloc[np.flatnonzero(known)],
        entry=rows.entry[known],
        tenure=rows.tenure[known],
        ended=rows.ended[known],
        stratum=rows.stratum[known],
        stratum_names=rows.stratum_names,
        cluster=None if rows.cluster is None else rows.cluster[known],
        strata=rows.strata,
        notes=rows.notes,
    )
    return kept, x[known], notes


def _usable(x: FloatArray, stratum: IntArray, design: Design, notes: list[str]) -> tuple[list[int], list[str]]:
    """Columns that say something within the strata: the partial likelihood compares nobody across them."""
    within, alike = x, np.zeros(x.shape[1], dtype=bool)
    if stratum.max(initial=0) > 0:
        sizes = np.maximum(np.bincount(stratum), 1)
        means = np.column_stack([np.bincount(stratum, column) / sizes for column in x.T]) if x.shape[1] else x[:1]
        within = x - means[stratum]
        alike = (within**2).sum(axis=0) <= _ALIKE_WITHIN * (x**2).sum(axis=0)
        within[:, alike] = 0.0
    kept = independent_columns(within.T @ within)
    labels = design.labels
    known = (x**2).sum(axis=0) > 0
    lost = [labels[column] for column in range(x.shape[1]) if column not in kept and not (alike & known)[column]]
    same = ", ".join(as_label(labels[column]) for column in np.flatnonzero(alike & known))
    told = [f"{same}: the same throughout each stratum, so no ratio can be told; left out."] if same else []
    return kept, [*notes, *told, *say_left_out(lost)]


def _search(sets: RiskSets, x: FloatArray, kept: list[int], design: Design, notes: list[str]) -> _Found:
    null = evaluate(sets, x[:, :0], np.empty(0)).log_likelihood
    while True:
        part = x if len(kept) == x.shape[1] else np.asfortranarray(x[:, kept])
        beta, at, arrived = maximise(lambda b, part=part: evaluate(sets, part, b), np.zeros(len(kept)))  # type: ignore[misc]
        error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(at.information)), 0.0)) if kept else np.empty(0)
        lost = [c for c, b, e in zip(kept, beta, error, strict=True) if abs(b) > _RUNAWAY and e > _RUNAWAY]
        if not lost:
            break
        notes = notes + [
            f"{as_label(design.labels[column])} tells those who left from those who stayed without overlap: its ratio "
            "has no finite best value, and it was left out."
            for column in lost
        ]
        kept = [column for column in kept if column not in lost]
    if not arrived:
        notes = [*notes, "The search for the best coefficients did not arrive; the ratios are not to be relied on."]
    n_ends = len(sets.event_rows)
    if kept and n_ends < _ENDS_PER_COLUMN * len(kept):
        notes = [
            *notes,
            f"{n_ends} ends carry {len(kept)} coefficients: fewer than {_ENDS_PER_COLUMN} each, so ratios are shaky.",
        ]
    return _Found(kept=kept, beta=beta, at=at, null=null, has_converged=arrived, notes=notes)


def _assemble(
    rows: _Rows,
    design: Design,
    sets: RiskSets,
    x: FloatArray,
    found: _Found,
    *,
    means: FloatArray,
    scale: FloatArray,
    confidence: float,
) -> CoxFit:
    kept = found.kept
    part = x if len(kept) == x.shape[1] else x[:, kept]
    covariance, model, notes = _covariance(rows, sets, part, found)
    full = np.full(len(scale), np.nan)
    full[kept] = found.beta / scale[kept]
    wide = np.full((len(scale), len(scale)), np.nan)
    wide[np.ix_(kept, kept)] = covariance / np.outer(scale[kept], scale[kept])
    residuals = schoenfeld_residuals(sets, part, found.at) * scale[kept]
    ends = sets.tenure_days[sets.event_place]
    clock, by_model = _clock(rows, ends), model / np.outer(scale[kept], scale[kept])
    checked = check_proportionality(design, kept, residuals, clock, full[kept], by_model)
    together = _concordance(rows, sets, part @ found.beta)
    return CoxFit(
        terms=tabulate_terms(design, full, wide, _sizes(design, sets, x, means, scale), confidence),
        tests=tabulate_tests(design, full, wide),
        baseline=_baseline(sets, found.at, rows),
        covariance=wide,
        log_likelihood=found.at.log_likelihood,
        null_log_likelihood=found.null,
        n=len(rows.tenure),
        n_ended=int(rows.ended.sum()),
        confidence=float(confidence),
        has_converged=found.has_converged,
        notes=tuple(notes),
        strata=rows.strata,
        estimator="Cox regression, Efron ties" + (", robust errors by cluster" if rows.cluster is not None else ""),
        steps=_steps(sets, found, rows, scale),
        _design=design,
        _means=means,
        proportionality=checked,
        drift=follow_ratios(
            design,
            kept,
            residuals,
            clock,
            ends,
            by_model,
            full[kept],
            covariates=list(checked.loc[checked["is_doubtful"], "covariate"].unique()),
            confidence=confidence,
        ),
        concordance=together.estimate,
        concordance_error=together.std_error,
    )


def _covariance(rows: _Rows, sets: RiskSets, x: FloatArray, found: _Found) -> tuple[FloatArray, FloatArray, list[str]]:
    """Of the standardised coefficients: robust where rows are clustered, and by the model; and the notes."""
    if not found.kept:
        return np.empty((0, 0)), np.empty((0, 0)), found.notes
    model = np.asarray(np.linalg.pinv(found.at.information), dtype=np.float64)
    if rows.cluster is None:
        return model, model, found.notes
    influence = score_residuals(sets, x, found.at) @ model
    owner = rows.cluster[sets.order]
    sums = np.column_stack([np.bincount(owner, column) for column in influence.T])
    notes = found.notes
    n_clusters = len(np.unique(owner))
    if n_clusters < _FEWEST_CLUSTERS:
        notes = [*notes, f"Robust errors rest on only {n_clusters} clusters and are likely too small."]
    return np.asarray(sums.T @ sums, dtype=np.float64), model, notes


def _concordance(rows: _Rows, sets: RiskSets, eta: FloatArray) -> Concordance:
    # The rows are in order of tenure: every k-th of them is a sample that is spread over all tenures.
    every = slice(None, None, max(1, -(-len(sets.order) // _CONCORDANCE_ROWS)))
    some = sets.order[every]
    return measure_concordance(
        eta[every],
        rows.tenure[some],
        rows.ended[some],
        entry=rows.entry[some],
        cluster=None if rows.cluster is None else rows.cluster[some],
        stratum=rows.stratum[some],
    )


def _sizes(design: Design, sets: RiskSets, x: FloatArray, means: FloatArray, scale: FloatArray) -> _Sizes:
    """Rows and ends of each level; of everybody for a number. `x` is standardised, in the order of the risk sets."""
    kinds = {term.name: term.kind for term in design.terms}
    n, n_ended = np.full(len(means), len(x)), np.full(len(means), len(sets.event_rows))
    for column, (name, _) in enumerate(design.labels):
        if kinds[name] == "category":
            is_in = x[:, column] > (0.5 - means[column]) / scale[column]
            n[column], n_ended[column] = is_in.sum(), is_in[sets.event_rows].sum()
    return n, n_ended


def _baseline(sets: RiskSets, at: PartialLikelihood, rows: _Rows) -> pd.DataFrame:
    """Cumulative hazard by stratum, kept up to the last tenure watched even where nobody ended then."""
    steps = pd.DataFrame({"code": sets.stratum, "tenure_days": sets.tenure_days, "rise": baseline_steps(sets, at)})
    last = pd.DataFrame({"code": rows.stratum, "tenure_days": rows.tenure}).groupby("code", as_index=False).max()
    table = pd.concat([steps, last.assign(rise=0.0)]).groupby(["code", "tenure_days"], as_index=False)["rise"].sum()
    table["cumulative_hazard"] = table.groupby("code")["rise"].cumsum()
    table.insert(0, "stratum", [rows.stratum_names[code] for code in table["code"]])
    return pd.DataFrame(table[["stratum", "tenure_days", "cumulative_hazard"]])


def _steps(sets: RiskSets, found: _Found, rows: _Rows, scale: FloatArray) -> BaselineSteps:
    """Rise at each end, its own variance (with ties as Efron has them), and its slope in the columns as recorded."""
    size, at = len(sets.tenure_days), found.at
    slope = np.zeros((size, len(scale)))
    for place, column in enumerate(found.kept):
        pulled = np.bincount(sets.event_place, at.means[:, place] / at.denominators, size)
        slope[:, column] = pulled * scale[column]
    return BaselineSteps(
        stratum=tuple(rows.stratum_names[code] for code in sets.stratum),
        tenure_days=sets.tenure_days,
        rise=baseline_steps(sets, at),
        variance=np.asarray(np.bincount(sets.event_place, at.denominators**-2.0, size), dtype=np.float64),
        slope=slope,
    )


def _clock(rows: _Rows, tenures: FloatArray) -> FloatArray:
    """One minus Kaplan-Meier of everybody just before each tenure."""
    counts = count_rows(
        pd.Series(rows.tenure), pd.Series(rows.ended), entry_days=pd.Series(np.maximum(rows.entry, 0.0))
    )
    table = build_risk_table(counts)
    survival = np.concatenate([[1.0], product_limit(table)[0]])
    return np.asarray(1.0 - survival[np.searchsorted(table.tenure_days, tenures, side="left")])
