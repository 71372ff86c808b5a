"""From named covariates to the columns of a model: reference levels, splines, and what cannot be estimated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import ParameterError, offer_names
from crm_research.models.hazards.splines import natural_spline, place_knots, quantiles
from crm_research.models.survival.risk import FloatArray, IntArray

NOT_KNOWN: Final = "not known"
RARE: Final = "rare values together"
_FEWEST_ENDS: Final = 5
_MOST_LEVELS: Final = 50
_LEAST_OWN_VARIANCE: Final = 1e-9
# Share of a number's variance that the other numbers must leave over; with less its error is 100 times as wide.
_LEAST_APART: Final = 1e-4

Kind = Literal["category", "number", "spline"]
Missing = Literal["unknown", "median", "level"]


@dataclass(frozen=True, kw_only=True)
class Term:
    """One covariate as the model reads it.

    Parameters
    ----------
    name, kind
        The column of the records, and how it enters.
    reference, levels
        Of a category: the largest group, and the groups compared with it, largest first.
    rare, unseen
        Values put together as rare, and values that nobody ended with, which get no estimate.
    knots, middle, quartiles
        Of a spline or number: where it may bend, its median, and its lower and upper quartile (its extremes, where
        these are the same).
    missing
        Of a spline or number: rows without it get no estimate ("unknown"), stand at the median ("median"), or stand
        there and have a column of their own ("level").
    """

    name: str
    kind: Kind
    reference: str = ""
    levels: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    knots: tuple[float, ...] = ()
    middle: float = 0.0
    quartiles: tuple[float, float] = (0.0, 0.0)
    missing: Missing = "unknown"

    @property
    def labels(self) -> tuple[str, ...]:
        """One label for each column: the level, empty for a straight number, bend k of a spline, `NOT_KNOWN`."""
        if self.kind == "category":
            return self.levels
        bends = tuple(f"bend {place}" for place in range(1, len(self.knots) - 1))
        return ("", *bends, *((NOT_KNOWN,) if self.missing == "level" else ()))

    @property
    def references(self) -> tuple[str, ...]:
        """What each column is held against: a group, the median for rows that lack a number, nothing for a number."""
        if self.kind == "category":
            return (self.reference,) * len(self.levels)
        return tuple(f"median, {self.middle:,.6g}" if label == NOT_KNOWN else "" for label in self.labels)

    @property
    def is_level(self) -> tuple[bool, ...]:
        """Whether each column marks the rows of a group."""
        return tuple(self.kind == "category" or label == NOT_KNOWN for label in self.labels)

    def columns(self, values: pd.Series[str] | pd.Series[float]) -> FloatArray:
        """These values as columns of the model; NaN where a value has no estimate."""
        if self.kind == "category":
            return self._indicators(values)
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        is_missing = ~np.isfinite(numbers)
        if self.missing != "unknown":
            numbers = np.where(is_missing, self.middle, numbers)
        x = numbers[:, None] if self.kind == "number" else natural_spline(numbers, np.asarray(self.knots))
        return np.column_stack([x, is_missing]) if self.missing == "level" else x

    def _indicators(self, values: pd.Series[str] | pd.Series[float]) -> FloatArray:
        codes, distinct = number_values(values)
        place = {name: number for number, name in enumerate(self.levels)}
        rare = place.get(RARE, -1)
        table = np.zeros((len(distinct) + 1, len(self.levels)))
        known = {self.reference, *self.levels, *self.rare}
        for row, text in enumerate([*as_text(pd.Series(distinct)), NOT_KNOWN]):
            if text in place:
                table[row, place[text]] = 1.0
            elif text in self.rare and rare >= 0:
                table[row, rare] = 1.0
            elif text not in known:
                table[row] = np.nan
        return np.asarray(table[codes])


def as_text(values: pd.Series[str] | pd.Series[float]) -> list[str]:
    """Values of a category as text, with one stand-in for what is missing."""
    return [NOT_KNOWN if missing else str(value) for value, missing in zip(values, values.isna(), strict=True)]


def number_values(values: pd.Series[Any]) -> tuple[IntArray, pd.Index[Any]]:
    """Each value's number (-1 where it is missing), and the values by number; some may not occur."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(values.cat.codes, dtype=np.int64), values.cat.categories
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    return np.asarray(codes, dtype=np.int64), pd.Index(distinct)


def as_label(label: tuple[str, str]) -> str:
    """A column in words: the covariate, and its level if it has one."""
    return " = ".join(part for part in label if part)


@dataclass(frozen=True, kw_only=True)
class Design:
    """The terms of a model, in order, and what had to be left out."""

    terms: tuple[Term, ...]
    notes: tuple[str, ...]

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Covariate and level of each column."""
        return [(term.name, label) for term in self.terms for label in term.labels]

    @property
    def is_level(self) -> NDArray[np.bool_]:
        """Whether each column marks the rows of a group."""
        return np.array([flag for term in self.terms for flag in term.is_level], dtype=bool)

    def matrix(self, frame: pd.DataFrame) -> FloatArray:
        """Rows of the records as rows of the model; NaN where a value is missing or was never seen."""
        x = np.empty((len(frame), len(self.labels)), order="F")  # sums run down columns
        place = 0
        for term in self.terms:
            block = term.columns(frame[term.name])
            x[:, place : place + block.shape[1]] = block
            place += block.shape[1]
        return x

    def blocks(self, frame: pd.DataFrame, n_rows: int) -> Iterator[tuple[slice, FloatArray]]:
        """The matrix, so many rows at a time, for memory that does not grow with them."""
        for start in range(0, len(frame), n_rows):
            part = slice(start, min(start + n_rows, len(frame)))
            yield part, self.matrix(frame.iloc[part])


def plan_design(
    frame: pd.DataFrame,
    covariates: Sequence[str],
    *,
    ended: FloatArray,
    n: FloatArray | None = None,
    splines: Sequence[str] = (),
    n_knots: int = 4,
) -> Design:
    """How does each covariate enter, which group is the reference, and what cannot be estimated?

    Parameters
    ----------
    frame
        One row for each spell, or for each cell of counts.
    covariates
        Text, categories and truth values enter as groups, numbers as they are.
    ended, n
        Ends and spells of each row.
    splines
        Those of the numbers that may bend.
    """
    for name in (*covariates, *splines):
        if name not in frame.columns:
            raise ParameterError(f"The spells have no column {name!r}. {offer_names(name, frame.columns)}")
    size = np.ones(len(frame)) if n is None else n
    notes: list[str] = []
    wanted = [*dict.fromkeys((*covariates, *splines))]
    terms = [_plan_term(frame[name], name, name in splines, n_knots, ended, size, notes) for name in wanted]
    return Design(terms=tuple(term for term in terms if term is not None), notes=tuple(notes))


def _plan_term(
    values: pd.Series[float],
    name: str,
    bends: bool,
    n_knots: int,
    ended: FloatArray,
    n: FloatArray,
    notes: list[str],
) -> Term | None:
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return _plan_category(values, name, ended, n, notes)
    numbers: FloatArray = np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    known = np.isfinite(numbers)
    seen, sizes = numbers[known], n[known]
    if len(seen) == 0 or seen.min() == seen.max():
        notes.append(f"{name} is the same for everybody and was left out.")
        return None
    low, middle, high = (float(value) for value in quantiles(seen, (0.25, 0.5, 0.75), sizes))
    quartiles = (low, high) if low < high else (float(seen.min()), float(seen.max()))
    knots = place_knots(seen, n_knots, sizes) if bends else np.empty(0)
    if bends and len(knots) < 3:
        notes.append(f"{name} takes too few values to bend; it enters as a straight line.")
    missing = _plan_missing(name, middle, ~known, ended, n, notes)
    plain = Term(name=name, kind="number", middle=middle, quartiles=quartiles, missing=missing)
    if missing == "unknown" and not known.all():
        plain = replace(plain, unseen=(NOT_KNOWN,))
    return plain if len(knots) < 3 else replace(plain, kind="spline", knots=tuple(float(k) for k in knots))


def _plan_missing(
    name: str, middle: float, is_missing: NDArray[np.bool_], ended: FloatArray, n: FloatArray, notes: list[str]
) -> Missing:
    """Rows that lack a number stay in: whether it is missing may itself go with leaving."""
    size, n_ended = float(n[is_missing].sum()), float(ended[is_missing].sum())
    if not size:
        return "unknown"
    expected = size * float(ended.sum()) / float(n.sum())
    if n_ended < _FEWEST_ENDS and expected < _FEWEST_ENDS:
        notes.append(
            f"{name} is not known in {size:,.0f} of {n.sum():,.0f} rows, too few to tell them apart: "
            f"they stand at its median, {middle:,.6g}."
        )
        return "median"
    if not n_ended:
        notes.append(
            f"Nobody whose {name} is not known ended (n {size:,.0f}): no ratio can be given for them, "
            "and they were left out of the model."
        )
        return "unknown"
    notes.append(
        f"{name} is not known in {size:,.0f} of {n.sum():,.0f} rows: they are a group of their own, "
        f"held against its median, {middle:,.6g}."
    )
    return "level"


def _plan_category(
    values: pd.Series[float], name: str, ended: FloatArray, n: FloatArray, notes: list[str]
) -> Term | None:
    codes, distinct = number_values(values)
    # The last place is that of what is missing.
    place = np.where(codes < 0, len(distinct), codes)
    sizes = pd.DataFrame(
        {"n": np.bincount(place, n, len(distinct) + 1), "ended": np.bincount(place, ended, len(distinct) + 1)},
        index=[*as_text(pd.Series(distinct)), NOT_KNOWN],
    )
    sizes = sizes.loc[np.bincount(place, minlength=len(sizes)) > 0]
    once = sizes if sizes.index.is_unique else sizes.groupby(level=0).sum()
    sizes = once.sort_index().sort_values(["n", "ended"], ascending=False, kind="stable")
    if len(sizes) < 2:
        notes.append(f"{name} is the same for everybody and was left out.")
        return None
    rare = sizes.index[(sizes["ended"] < _FEWEST_ENDS) | (np.arange(len(sizes)) >= _MOST_LEVELS)]
    if len(rare) == len(sizes):
        rare = rare[1:]
    if len(rare) > 1:
        together = sizes.loc[rare].sum()
        sizes = pd.concat([sizes.drop(rare), together.rename(RARE).to_frame().T])
        sizes = sizes.sort_values("n", ascending=False, kind="stable")
        notes.append(f"{len(rare)} values of {name} had fewer than {_FEWEST_ENDS} ends each and were put together.")
    else:
        rare = rare[:0]
    unseen = [str(level) for level in sizes.index[sizes["ended"] <= 0]]
    levels = [str(level) for level in sizes.index if level not in unseen]
    notes.extend(
        f"Nobody with {name} = {level} ended (n {sizes['n'][level]:,.0f}): no ratio can be given for them, "
        "and they were left out of the model."
        for level in unseen
    )
    if len(levels) < 2:
        notes.append(f"{name} was left out: only one of its groups ended at all.")
        return None
    merged = tuple(str(level) for level in rare) if RARE in levels else ()
    return Term(
        name=name, kind="category", reference=levels[0], levels=tuple(levels[1:]), rare=merged, unseen=tuple(unseen)
    )


def say_left_out(labels: Sequence[tuple[str, str]]) -> list[str]:
    """The note about columns that `independent_columns` did not keep: one for all of them, none without any."""
    if not labels:
        return []
    named = ", ".join(as_label(label) for label in labels)
    verb = (
        "says nothing that the covariates before it do not, and was"
        if len(labels) == 1
        else ("say nothing that the covariates before them do not, and were")
    )
    return [f"{named} {verb} left out."]


def say_same(labels: Sequence[tuple[str, str]], *, by_stratum: bool) -> list[str]:
    """The note about columns without any difference between those compared; none without any."""
    if not labels:
        return []
    named = ", ".join(as_label(label) for label in labels)
    where = "throughout each stratum" if by_stratum else "for all who could be compared with somebody who left"
    return [f"{named}: the same {where}, so no ratio can be told; left out."]


def say_separated(labels: Iterable[tuple[str, str]]) -> list[str]:
    """A note on each column that has no finite best value."""
    return [
        f"{as_label(label)} tells those who left from those who stayed without overlap: its ratio has no finite best "
        "value, and it was left out."
        for label in labels
    ]


def independent_columns(cross: FloatArray) -> list[int]:
    """Which columns say something that the columns before them do not? From the cross products of centred columns."""
    scale = np.sqrt(np.maximum(np.diag(cross), 0.0))
    kept: list[int] = []
    for column in range(len(cross)):
        if scale[column] <= 0:
            continue
        own = 1.0
        if kept:
            among = cross[np.ix_(kept, kept)] / np.outer(scale[kept], scale[kept])
            with_it = cross[kept, column] / (scale[kept] * scale[column])
            own = 1.0 - float(with_it @ np.linalg.solve(among, with_it))
        if own > _LEAST_OWN_VARIANCE:
            kept.append(column)
    return kept


def without_near_copies(cross: FloatArray, kept: list[int], labels: Sequence[tuple[str, str]]) -> list[int]:
    """Of numbers that are the same but for rounding (minutes, and what they cost), the first; with all of its columns.

    Kept together, each would take any ratio that the other undoes.
    """
    seen: list[int] = []
    gone: set[str] = set()
    for column in (column for column in kept if labels[column][1] == ""):
        trial = [*seen, column]
        scale = np.sqrt(np.diag(cross)[trial])
        together = cross[np.ix_(trial, trial)] / np.outer(scale, scale)
        if 1.0 / np.linalg.pinv(together)[-1, -1] < _LEAST_APART:
            gone.add(labels[column][0])
        else:
            seen = trial
    return [column for column in kept if labels[column][0] not in gone]
