"""The search of the grouped model: which columns can be told, and groups that need a danger by period of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.models.hazards.apart import no_apart, other_reference, tabulate_apart
from crm_research.models.hazards.collinearity import choose_columns, say_same, tell_within
from crm_research.models.hazards.design import Design
from crm_research.models.hazards.newton import maximise
from crm_research.models.hazards.period_counts import Kinds, add_up_periods, number_periods
from crm_research.models.hazards.period_likelihood import PeriodLikelihood, Stretches, evaluate
from crm_research.models.hazards.separation import Direction, describe_direction, find_direction, is_far
from crm_research.models.survival.risk import EVERYONE, FloatArray, IntArray

_ROWS_AT_ONCE: Final = 100_000
_ELEMENTS_KEPT: Final = 10_000_000
# Share of a column's information that must be left once the periods have taken theirs.
_ALIKE_WITHIN: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class Blocks:
    """The columns of the model for each kind, a block at a time: kept while they are small, made anew otherwise."""

    design: Design
    frame: pd.DataFrame

    def __call__(self) -> Iterator[tuple[slice, FloatArray]]:  # noqa: D102
        is_small = len(self.frame) * len(self.design.labels) <= _ELEMENTS_KEPT
        yield from self._at_hand if is_small else self.design.blocks(self.frame, _ROWS_AT_ONCE)

    @cached_property
    def _at_hand(self) -> list[tuple[slice, FloatArray]]:
        return list(self.design.blocks(self.frame, _ROWS_AT_ONCE))


@dataclass(frozen=True, eq=False, kw_only=True)
class CountedColumns:
    """The columns as the search wants them: standardised, and only those that can be estimated.

    Parameters
    ----------
    n, n_ended
        Contracts and ends of each kind.
    """

    blocks: Blocks
    n: FloatArray
    n_ended: FloatArray
    means: FloatArray
    scale: FloatArray
    kept: list[int]

    def __call__(self) -> Iterator[tuple[slice, FloatArray]]:  # noqa: D102
        is_small = len(self.n) * len(self.kept) <= _ELEMENTS_KEPT
        yield from self._at_hand if is_small else self._make()

    @property
    def design(self) -> Design:
        """How the covariates enter."""
        return self.blocks.design

    @cached_property
    def _at_hand(self) -> list[tuple[slice, FloatArray]]:
        return list(self._make())

    def span(self) -> FloatArray:
        """Of each column that can be estimated: its largest less its smallest value."""
        limits = [(block.min(axis=0), block.max(axis=0)) for _, block in self()]
        return np.asarray(np.max([high for _, high in limits], axis=0) - np.min([low for low, _ in limits], axis=0))

    def whole(self) -> FloatArray:
        """The columns that can be estimated, of all kinds at once."""
        return np.concatenate([block for _, block in self._make()])

    def raw(self) -> FloatArray:
        """Every column of all kinds, as recorded."""
        return np.concatenate([block for _, block in self.blocks()])

    def _make(self) -> Iterator[tuple[slice, FloatArray]]:
        for part, block in self.blocks():
            yield part, np.ascontiguousarray(((block - self.means) / self.scale)[:, self.kept])


@dataclass(frozen=True, eq=False, kw_only=True)
class Layout:
    """The counts with periods of their own for each group that has its own danger.

    Parameters
    ----------
    table
        Grain: group and period. Columns ``stratum``, ``period_index``, ``n_at_risk``, ``n_ended``.
    stretches
        Periods numbered among those of a group in which somebody ended.
    used
        Counted rows that say something.
    """

    table: pd.DataFrame
    stretches: Stretches
    used: NDArray[np.bool_]

    @property
    def start(self) -> FloatArray:
        """The logarithm of each period's danger without covariates, where somebody ended."""
        table = self.table.loc[self.table["n_ended"] > 0]
        share = table["n_ended"].to_numpy(np.float64) / table["n_at_risk"].to_numpy(np.float64)
        return np.asarray(np.log(-np.log1p(-np.minimum(share, 1 - 1e-9))))


def lay_out(frame: pd.DataFrame, kinds: Kinds, strata: NDArray[np.object_] | None = None) -> Layout:
    """The counts by group and period; one group without `strata`, which name the group of each kind."""
    codes, names = np.zeros(len(kinds.frame), np.int64), [EVERYONE]
    if strata is not None:
        found, among = pd.factorize(strata, sort=True)
        codes, names = found.astype(np.int64), [str(name) for name in among]
    size = int(frame["last_period"].max()) + 2
    shift = codes[kinds.kind] * size
    moved = frame.assign(first_period=frame["first_period"] + shift, last_period=frame["last_period"] + shift)
    table = add_up_periods(moved)
    number = table["period_index"].to_numpy(np.int64)
    stretches, used = number_periods(moved, kinds, number[table["n_ended"].to_numpy() > 0])
    named = np.array(names, dtype=object)[number // size]
    return Layout(table=table.assign(stratum=named, period_index=number % size), stretches=stretches, used=used)


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupedSearch:
    """Where the likelihood is greatest.

    Parameters
    ----------
    beta
        Of the columns kept, and of the periods with an end.
    is_told
        Of each column of the design: whether its coefficient can be read by itself.
    """

    columns: CountedColumns
    layout: Layout
    beta: FloatArray
    at: PeriodLikelihood
    has_converged: bool
    is_told: NDArray[np.bool_]
    directions: tuple[Direction, ...]
    apart: pd.DataFrame
    notes: tuple[str, ...]


def search_grouped(
    columns: CountedColumns, layout: Layout, frame: pd.DataFrame, kinds: Kinds, *, confidence: float
) -> GroupedSearch | Design:
    """Maximise the likelihood; a group that tells leavers from the rest without overlap gets periods of its own.

    Returns
    -------
    GroupedSearch or Design
        A design where another reference is to be taken (`other_reference`).
    """
    usable, blurred, now, first = list(columns.kept), set[int](), layout, columns
    directions: list[Direction] = []
    strata = np.full(len(kinds.frame), EVERYONE, dtype=object)
    notes: list[str] = []
    while True:
        p = len(columns.kept)

        def at(b: FloatArray, columns: CountedColumns = columns, p: int = p, now: Layout = now) -> PeriodLikelihood:
            return evaluate(now.stretches, columns, p, b)

        start = np.concatenate([np.zeros(p), now.start])
        beta, here, arrived = maximise(at, start)
        loadings = None
        if p:
            span = columns.span()
            if is_far(span, here):
                loadings = find_direction(at, p, span, start, (columns.means / columns.scale)[columns.kept])
        if loadings is None:
            break
        wide = np.zeros(len(columns.scale))
        wide[columns.kept] = loadings / columns.scale[columns.kept]
        raw = columns.raw()
        direction = describe_direction(
            wide / np.abs(wide).max(), raw, columns.n_ended, columns.design.labels, columns.n
        )
        terms = other_reference(columns.design.terms, direction)
        if terms is not None:
            return replace(columns.design, terms=terms)
        directions.append(direction)
        n_strata, strata = len(set(strata)), direction.name(strata, raw)
        if len(set(strata)) == n_strata:
            # Too near each other to be followed apart: without the columns, as nothing can be told of them.
            usable = [column for column in usable if not direction.loadings[column]]
        now = lay_out(frame, kinds, strata)
        columns = _at_main(replace(columns, kept=usable), directions)
        cross, is_alike = _within(now, columns)
        kept, blurred, lost = tell_within(cross, is_alike, usable)
        gone = [columns.design.labels[c] for c in lost if not any(d.loadings[c] for d in directions)]
        notes += say_same(gone, by_stratum=False)
        columns = replace(columns, kept=kept)
    is_told = np.zeros(len(columns.scale), dtype=bool)
    is_told[[column for column in columns.kept if column not in blurred]] = True
    return GroupedSearch(
        columns=columns,
        layout=now,
        beta=beta,
        at=here,
        has_converged=arrived,
        is_told=is_told,
        directions=tuple(directions),
        apart=_tabulate(first, layout, directions, here.log_likelihood, confidence),
        notes=tuple(notes),
    )


def _at_main(columns: CountedColumns, directions: Sequence[Direction]) -> CountedColumns:
    """The average contract is not one of those who are told apart: it is at nought of their columns."""
    loaded = np.any([d.loadings != 0 for d in directions], axis=0) & columns.design.is_level
    return replace(columns, means=np.where(loaded, 0.0, columns.means))


def _within(layout: Layout, columns: CountedColumns) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The information of the columns once each period has taken its own danger, and which columns have none."""
    p, size = len(columns.kept), len(columns.scale)
    at = evaluate(layout.stretches, columns, p, np.concatenate([np.zeros(p), layout.start]))
    own = np.maximum(np.diag(at.information)[p:], 1e-300)
    link = at.information[p:, :p]
    left = at.information[:p, :p] - link.T @ (link / own[:, None])
    cross, is_alike = np.zeros((size, size)), np.zeros(size, dtype=bool)
    cross[np.ix_(columns.kept, columns.kept)] = left
    is_alike[columns.kept] = np.diag(left) <= _ALIKE_WITHIN * np.diag(at.information)[:p]
    return cross, is_alike


def _tabulate(
    columns: CountedColumns, layout: Layout, directions: Sequence[Direction], top: float, confidence: float
) -> pd.DataFrame:
    if not directions:
        return no_apart()

    def likelihood(x: FloatArray, b: FloatArray) -> PeriodLikelihood:
        return evaluate(layout.stretches, lambda: iter([(slice(0, len(x)), x)]), x.shape[1], b)

    return tabulate_apart(
        likelihood,
        columns.whole(),
        columns.kept,
        columns.design,
        columns.scale,
        directions,
        count_sizes(columns),
        top,
        confidence,
        layout.start,
    )


def standardise(blocks: Blocks, n: FloatArray, n_ended: FloatArray, notes: list[str]) -> CountedColumns:
    """The columns that can be told apart; what is left out is added to the notes."""
    labels = blocks.design.labels
    size = len(labels)
    sums, cross, total = np.zeros(size), np.zeros((size, size)), float(n.sum())
    for part, block in blocks():
        sums += n[part] @ block
    means = sums / total
    for part, block in blocks():
        centred = block - means
        cross += (centred * n[part][:, None]).T @ centred
    kept, left_out = choose_columns(cross, labels, blocks.design.is_level)
    notes.extend(left_out)
    scale = np.sqrt(np.maximum(np.diag(cross) / total, 0.0))
    scale[scale == 0] = 1.0
    return CountedColumns(blocks=blocks, n=n, n_ended=n_ended, means=means, scale=scale, kept=kept)


def count_sizes(columns: CountedColumns) -> tuple[IntArray, IntArray]:
    """Counted spells and ends of each level; of everybody for a number."""
    is_level = columns.design.is_level
    sums, ends = np.zeros(len(is_level)), np.zeros(len(is_level))
    for part, block in columns.blocks():
        inside = np.where(is_level, block, 1.0)
        sums += columns.n[part] @ inside
        ends += columns.n_ended[part] @ inside
    return np.rint(sums).astype(np.int64), np.rint(ends).astype(np.int64)
