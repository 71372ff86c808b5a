"""Ratios that are not the same at every tenure: one for the first months, one for later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.models.hazards.cox import CoxFit, fit_cox
from crm_research.models.hazards.design import Term
from crm_research.models.survival.risk import FloatArray

EARLY: Final = "early"
LATE: Final = "late"
_ENDS_PER_LEVEL: Final = 5
_ENDS_PER_COLUMN: Final = 10
_MOST_GROUPS: Final = 6
# Stands for a value without an estimate; no record can hold it.
_NO_ESTIMATE: Final = "\0no estimate"


@dataclass(frozen=True, eq=False, kw_only=True)
class EarlyLateFit:
    """Ratios before and after a tenure.

    Parameters
    ----------
    ratios
        Grain: comparison, as in `HazardFit.contrasts`, with ``period`` (early, late, empty for one ratio throughout).
    cut_days
        Tenure up to which a period is early.
    split
        Covariates of which one ratio at least is told twice.
    strata
        Categories with too few ends for that, which got a baseline for each group instead, and no ratio.
    fit, rows
        The model behind it, and what it was fitted to: one row for each period of a spell.
    """

    ratios: pd.DataFrame
    cut_days: float
    split: tuple[str, ...]
    strata: tuple[str, ...]
    fit: CoxFit
    rows: pd.DataFrame = field(repr=False)


def fit_early_late(
    spells: pd.DataFrame,
    first: CoxFit,
    covariates: Sequence[str],
    *,
    cut_days: float,
    strata: Sequence[str] = (),
    cluster: str | None = None,
) -> EarlyLateFit | None:
    """What are the ratios of these covariates in the first months, and what later?

    Parameters
    ----------
    spells
        The rows that `first` was fitted to.
    first
        The fit with one ratio throughout; its terms (levels, knots) are kept.
    covariates
        Those whose ratio changes with tenure.
    cut_days
        Ends at this tenure and before are early.
    strata, cluster
        As in `first`.

    Returns
    -------
    EarlyLateFit or None
        None where nothing can be done: too few ends before or after.

    Notes
    -----
    Each spell is cut in two at `cut_days`; a covariate becomes two columns, each at its reference in the other period.
    That is Cox's model with an interaction of the covariate and a step of tenure (Therneau and Grambsch 2000, section
    6.5). Within each period the ratio is again taken as the same. A level is told twice if it and the reference had
    five ends in both periods (a number: ten for each of its columns); other levels keep one ratio. A category without
    such a level, of at most six groups, gets a baseline for each.
    """
    pieces = _cut(spells, cut_days)
    is_early = (pieces["tenure_days"] <= cut_days).to_numpy()
    told = _told_terms(first)
    doubtful = [term for term in told if term.name in covariates]
    twice = {term.name: _told_twice(term, pieces, is_early) for term in doubtful}
    halved = [term.name for term in doubtful if twice[term.name]]
    grouped = [
        t.name for t in doubtful if t.name not in halved and t.kind == "category" and len(t.labels) < _MOST_GROUPS
    ]
    if not halved and not grouped:
        return None
    terms: list[Term] = []
    origin: dict[str, tuple[str, str]] = {}
    for term in told:
        if term.name in grouped:
            continue
        if term.name not in halved:
            terms.append(term)
            continue
        for part, period, values in _parts(term, twice[term.name], pieces[term.name], is_early):
            pieces[part.name] = values
            terms.append(part)
            origin[part.name] = (term.name, period)
    whose = [*strata, *grouped]
    fit = fit_cox(pieces, (), strata=whose, cluster=cluster, terms=terms, confidence=first.confidence)
    ratios = fit.contrasts()
    names = [origin.get(name, (name, "")) for name in ratios["covariate"]]
    ratios["covariate"], ratios["period"] = [name for name, _ in names], [period for _, period in names]
    periods = ratios.groupby("covariate")["period"].agg(set)
    split = tuple(name for name in halved if {EARLY, LATE} <= periods.get(name, set()))
    return EarlyLateFit(
        ratios=ratios, cut_days=float(cut_days), split=split, strata=tuple(grouped), fit=fit, rows=pieces
    )


def _told_terms(first: CoxFit) -> list[Term]:
    """The terms with what the first fit could tell of them: what only repeats other covariates adds nothing here."""
    terms, start = [], 0
    for term in first.covariate_terms:
        columns = slice(start, start + len(term.labels))
        start += len(term.labels)
        has_part = first.weights.coefficients[columns] != 0
        for direction in first.weights.directions:
            has_part |= direction.loadings[columns] != 0
        if not has_part.any():
            continue
        if term.kind != "category" or has_part.all():
            terms.append(term)
            continue
        # A level that others stand for is at the reference, as in the first fit.
        levels = tuple(level for level, is_in in zip(term.levels, has_part, strict=True) if is_in)
        repeated = tuple(level for level, is_in in zip(term.levels, has_part, strict=True) if not is_in)
        terms.append(replace(term, levels=levels, joined=repeated))
    return terms


def _cut(spells: pd.DataFrame, cut_days: float) -> pd.DataFrame:
    entry = spells["entry_days"] if "entry_days" in spells.columns else pd.Series(0.0, index=spells.index)
    whole = spells.assign(entry_days=entry)
    across = (whole["entry_days"] < cut_days) & (whole["tenure_days"] > cut_days)
    before = whole.loc[across].assign(tenure_days=cut_days, is_ended=False)
    after = whole.loc[across].assign(entry_days=cut_days)
    return pd.concat([whole.loc[~across], before, after], ignore_index=True)


def _told_twice(term: Term, pieces: pd.DataFrame, is_early: NDArray[np.bool_]) -> tuple[str, ...]:
    """The labels of a term that have ends enough in both periods."""
    ended = pieces["is_ended"].to_numpy(dtype=bool)
    halves = [pieces.iloc[np.flatnonzero(ended & half)] for half in (is_early, ~is_early)]
    if term.kind != "category":
        enough = min(len(half) for half in halves) >= _ENDS_PER_COLUMN * len(term.labels)
        return term.labels if enough else ()
    counts = []
    for half in halves:
        x = term.columns(half[term.name])
        x = x[np.isfinite(x).all(axis=1)]
        counts.append([(x == 0).all(axis=1).sum(), *x.sum(axis=0)])
    ends = np.min(counts, axis=0)
    if ends[0] < _ENDS_PER_LEVEL:
        return ()
    return tuple(level for level, n in zip(term.levels, ends[1:], strict=True) if n >= _ENDS_PER_LEVEL)


def _parts(
    term: Term, twice: tuple[str, ...], values: pd.Series[float], is_early: NDArray[np.bool_]
) -> Iterator[tuple[Term, str, pd.Series[float]]]:
    """The columns that stand in for a covariate: in each period its own value, and in the other its reference."""
    halves = ((EARLY, is_early), (LATE, ~is_early))
    if term.kind != "category":
        for period, inside in halves:
            yield replace(term, name=f"{term.name}, {period}"), period, values.astype(float).where(inside, term.middle)
        return
    x = term.columns(values)
    level = pd.Series(np.array([term.reference, *term.levels], dtype=object)[_place(x)], index=values.index)
    has_estimate = np.asarray(np.isfinite(x).all(axis=1), dtype=bool)
    level = level.where(has_estimate, _NO_ESTIMATE)
    plain = replace(term, levels=twice, rare=(), joined=(), unseen=(_NO_ESTIMATE,))
    is_twice = level.isin([*twice, _NO_ESTIMATE])
    for period, inside in halves:
        yield replace(plain, name=f"{term.name}, {period}"), period, level.where(is_twice & inside, term.reference)
    once = tuple(name for name in term.levels if name not in twice)
    if once:
        kept = level.where(level.isin([*once, _NO_ESTIMATE]), term.reference)
        yield replace(plain, name=f"{term.name}, throughout", levels=once), "", kept


def _place(x: FloatArray) -> NDArray[np.intp]:
    found = np.nan_to_num(x)
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1, 0)
