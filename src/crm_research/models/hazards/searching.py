"""The search of every regression on single spells: which columns can be told, and where the likelihood is greatest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.models.hazards.apart import no_apart, other_reference, say_apart, say_far, tabulate_apart
from crm_research.models.hazards.collinearity import choose_columns, say_same, tell_within
from crm_research.models.hazards.newton import maximise
from crm_research.models.hazards.partial_likelihood import PartialLikelihood, evaluate
from crm_research.models.hazards.regression import Columns, size_terms, standardise
from crm_research.models.hazards.risk_sets import RiskSets
from crm_research.models.hazards.separation import NOWHERE, Direction, describe_direction, find_direction, is_far
from crm_research.models.hazards.spell_rows import SpellRows
from crm_research.models.survival.risk import FloatArray, IntArray
from crm_research.vocabulary import say_count, word_for

_ENDS_PER_COLUMN: Final = 10
# Share of a column's variance that must lie within the sets compared, not between them.
_ALIKE_WITHIN: Final = 1e-9

Build = Callable[[IntArray], RiskSets]


@dataclass(frozen=True, eq=False, kw_only=True)
class Search:
    """Where a likelihood is greatest, without the columns that have no best value.

    Parameters
    ----------
    rows, columns, sets
        The rows with a stratum of its own for each group that tells leavers apart, and what was made of them; columns
        in the order of the risk sets.
    stratum
        Of each row in that order, as it was given.
    kept
        Numbers of the columns that have a best value, in the order of `beta`.
    is_told
        Of each column of the design: whether its coefficient can be read by itself.
    null
        The log likelihood without any column.
    directions, apart
        Along which leavers are told apart without overlap, and what is told of them, as in `tabulate_apart`.
    """

    rows: SpellRows
    columns: Columns
    sets: RiskSets
    stratum: IntArray
    kept: list[int]
    beta: FloatArray
    at: PartialLikelihood
    is_told: NDArray[np.bool_]
    null: float
    has_converged: bool
    directions: tuple[Direction, ...]
    apart: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        """Rows that the likelihood reads: those of a group in which nobody ended say nothing."""
        if not self.directions:
            return len(self.rows.tenure)
        return int((np.array(self.rows.stratum_names, dtype=object)[self.rows.stratum] != NOWHERE).sum())


def search(rows: SpellRows, columns: Columns, build: Build, *, confidence: float) -> Search:
    """Maximise a partial likelihood in its columns, which are in the order of the rows.

    Left out are columns that are the same for all who are compared, or that cannot be told apart from others. A group
    (or values of a number) that tells leavers from the rest without overlap gets a baseline of its own: the limit of
    the likelihood, in which nothing joins another group's reference.

    Parameters
    ----------
    build
        The risk sets of the rows in these strata.
    """
    first = _prepare(columns, build, rows.stratum)
    candidates, notes = _usable(first)
    usable = candidates
    kept, blurred, now, split = usable, set[int](), first, rows
    directions: list[Direction] = []
    while True:
        part = now.columns.of(kept)
        beta, at, arrived = maximise(
            lambda b, part=part, now=now: now.likelihood(part, b),  # type: ignore[misc]
            np.zeros(len(kept)),
            first=now.start if len(kept) == part.shape[1] == columns.x.shape[1] else None,
        )
        direction = _find_direction(now, kept, part, at)
        if direction is None:
            break
        again = _with_other_reference(rows, columns, direction)
        if again is not None:
            return search(rows, again, build, confidence=confidence)
        directions.append(direction)
        n_strata, split = len(split.stratum_names), _split(split, columns, direction)
        if len(split.stratum_names) == n_strata:
            # Too near each other to be followed apart: without the columns, as nothing can be told of them.
            usable = [column for column in usable if not direction.loadings[column]]
        now = _prepare(_at_main(columns, directions), build, split.stratum)
        kept, blurred, lost = tell_within(*_among(now), usable)
        gone = [columns.design.labels[column] for column in lost if not any(d.loadings[column] for d in directions)]
        notes += say_same(gone, by_stratum=False)
    is_told = np.zeros(len(columns.scale), dtype=bool)
    is_told[[column for column in kept if column not in blurred]] = True
    n_ends = len(now.sets.event_rows)
    found = Search(
        rows=split,
        columns=now.columns,
        sets=now.sets,
        stratum=rows.stratum[now.sets.order],
        kept=kept,
        beta=beta,
        at=at,
        is_told=is_told,
        null=first.start.log_likelihood,
        has_converged=arrived,
        directions=tuple(directions),
        apart=_tabulate_apart(first, candidates, directions, at.log_likelihood, confidence),
        notes=(),
    )
    model = {column for column in candidates if is_told[column] or any(d.loadings[column] for d in directions)}
    notes = [*columns.design.say([columns.design.labels[column] for column in sorted(model)]), *notes]
    notes += say_apart(found.apart, confidence, is_clustered=rows.cluster is not None)
    if found.n < len(rows.tenure):
        n = len(rows.tenure) - found.n
        notes.append(
            f"{say_count(n, 'row')} of such values that nobody ended with {word_for(n, 'says', 'say')} nothing here."
        )
    if not arrived:
        notes.append("The search for the best coefficients did not arrive; the ratios are not to be relied on.")
    if kept and n_ends < _ENDS_PER_COLUMN * len(kept):
        notes.append(
            f"{say_count(n_ends, 'end')} {word_for(n_ends, 'carries', 'carry')} "
            f"{say_count(len(kept), 'coefficient')}: fewer than "
            f"{_ENDS_PER_COLUMN} each, so ratios are shaky."
        )
    told = [column for column in kept if is_told[column]]
    far = say_far(columns.design, told, beta[[kept.index(c) for c in told]] / now.columns.scale[told])
    return replace(found, notes=(*notes, *far))


@dataclass(frozen=True, eq=False, kw_only=True)
class _Prepared:
    """Columns in the order of their risk sets, and the likelihood without effects."""

    columns: Columns
    sets: RiskSets
    start: PartialLikelihood

    def likelihood(self, x: FloatArray, beta: FloatArray) -> PartialLikelihood:
        return evaluate(self.sets, x, beta)


def _prepare(columns: Columns, build: Build, stratum: IntArray) -> _Prepared:
    sets = build(stratum)
    ordered = replace(columns, stratum=stratum).in_order(sets.order)
    return _Prepared(columns=ordered, sets=sets, start=evaluate(sets, ordered.x, np.zeros(ordered.x.shape[1])))


def _among(now: _Prepared) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The variance within risk sets, and which columns have none although they vary.

    The information without effects is that variance; what has none there has none at any effect.
    """
    x, among = now.columns.x, now.start
    if now.columns.stratum.max(initial=0) > 0 and x.shape[1]:
        # Around the stratum's mean, where variances keep their digits.
        sizes = np.maximum(np.bincount(now.columns.stratum), 1)
        means = np.column_stack([np.bincount(now.columns.stratum, column) / sizes for column in x.T])
        among = now.likelihood(np.asfortranarray(x - means[now.columns.stratum]), np.zeros(x.shape[1]))
    load = now.start.weights * now.start.hazard
    total = np.array([load @ column**2 for column in x.T])
    varies = np.array([column.any() for column in x.T], dtype=bool)
    is_alike = varies & (np.diag(among.information) <= _ALIKE_WITHIN * total)
    cross = among.information.copy()
    cross[is_alike] = cross[:, is_alike] = 0.0
    return cross, is_alike


def _usable(now: _Prepared) -> tuple[list[int], list[str]]:
    """Columns that tell apart those who are compared with each other: at risk together, in one stratum."""
    labels = now.columns.design.labels
    cross, is_alike = _among(now)
    # What is the same for all compared was told by itself.
    different = [column for column in range(len(labels)) if not is_alike[column]]
    kept, notes = choose_columns(
        cross[np.ix_(different, different)],
        [labels[column] for column in different],
        now.columns.design.is_level[different],
    )
    by_stratum = bool(now.columns.stratum.max(initial=0) > 0)
    same = say_same([labels[column] for column in np.flatnonzero(is_alike)], by_stratum=by_stratum)
    return [different[column] for column in kept], [*same, *notes]


def _find_direction(now: _Prepared, kept: Sequence[int], part: FloatArray, at: PartialLikelihood) -> Direction | None:
    if not len(kept):
        return None
    span = np.ptp(part, axis=0)
    if not is_far(span, at):
        return None
    found = find_direction(lambda b: now.likelihood(part, b), len(kept), span)
    if found is None:
        return None
    loadings = np.zeros(len(now.columns.scale))
    loadings[list(kept)] = found / now.columns.scale[list(kept)]
    loadings /= np.abs(loadings).max()
    ended = np.zeros(len(part))
    ended[now.sets.event_rows] = 1.0
    raw = now.columns.x * now.columns.scale + now.columns.means
    return describe_direction(loadings, raw, ended, now.columns.design.labels, np.ones(len(part)))


def _with_other_reference(rows: SpellRows, columns: Columns, direction: Direction) -> Columns | None:
    """The columns against another group, where a category's reference is what is told apart from several others."""
    terms = other_reference(columns.design.terms, direction)
    if terms is None:
        return None
    design = replace(columns.design, terms=terms)
    return standardise(design, design.matrix(rows.frame), columns.stratum, columns.notes)


def _split(rows: SpellRows, columns: Columns, direction: Direction) -> SpellRows:
    """The rows with strata by their place along a direction."""
    raw = columns.x * columns.scale + columns.means
    named = direction.name(np.array(rows.stratum_names, dtype=object)[rows.stratum], raw)
    codes, names = pd.factorize(named, sort=True)
    return replace(rows, stratum=codes.astype(np.int64), stratum_names=[str(name) for name in names])


def _at_main(columns: Columns, directions: Sequence[Direction]) -> Columns:
    """The average row is not one of those who are told apart: it is at nought of their columns."""
    means, x = columns.means.copy(), columns.x.copy(order="F")
    for column in np.flatnonzero(np.any([d.loadings != 0 for d in directions], axis=0)):
        if columns.design.is_level[column]:
            x[:, column] += means[column] / columns.scale[column]
            means[column] = 0.0
    return replace(columns, x=x, means=means)


def _tabulate_apart(
    first: _Prepared,
    usable: Sequence[int],
    directions: Sequence[Direction],
    top: float,
    confidence: float,
) -> pd.DataFrame:
    if not directions:
        return no_apart()
    ended = np.zeros(len(first.columns.x), dtype=bool)
    ended[first.sets.event_rows] = True
    return tabulate_apart(
        first.likelihood,
        first.columns.of(list(usable)),
        usable,
        first.columns.design,
        first.columns.scale,
        directions,
        size_terms(first.columns, ended),
        top,
        confidence,
    )
