"""From named covariates to the columns of a model: reference levels, splines, and what cannot be estimated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import ParameterError, offer_names
from crm_research.models.hazards.splines import natural_spline, place_knots, quantiles
from crm_research.models.survival.risk import FloatArray, IntArray
from crm_research.vocabulary import say_count, word_for

NOT_KNOWN: Final = "not known"
RARE: Final = "rare values together"
_FEWEST_ENDS: Final = 5
_MOST_LEVELS: Final = 50

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
    joined
        Values at the reference because other covariates stand for them.
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
    joined: tuple[str, ...] = ()
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
        known = {self.reference, *self.levels, *self.rare, *self.joined}
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


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What was done to a covariate, in words.

    Parameters
    ----------
    needs
        The covariate that must be in the model for it to be true, if any, and the column if that is `NOT_KNOWN`:
        planning comes before the search, which may still leave them out.
    """

    text: str
    needs: tuple[str, str] | None = None

    def holds(self, kept: Collection[tuple[str, str]], names: Collection[str]) -> bool:
        """Is it true of a model with these columns of these covariates?"""
        if self.needs is None:
            return True
        return self.needs in kept if self.needs[1] == NOT_KNOWN else self.needs[0] in names


@dataclass(frozen=True, kw_only=True)
class Design:
    """The terms of a model, in order, and what was done to make them."""

    terms: tuple[Term, ...]
    remarks: tuple[Remark, ...] = ()

    def say(self, kept: Collection[tuple[str, str]]) -> list[str]:
        """What was left out, put together or set apart, where these columns are in the model in the end."""
        names = {name for name, _ in kept}
        return [remark.text for remark in self.remarks if remark.holds(kept, names)]

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
    remarks: list[Remark] = []
    wanted = [*dict.fromkeys((*covariates, *splines))]
    terms = [_plan_term(frame[name], name, name in splines, n_knots, ended, size, remarks) for name in wanted]
    return Design(terms=tuple(term for term in terms if term is not None), remarks=tuple(remarks))


def _plan_term(
    values: pd.Series[float],
    name: str,
    bends: bool,
    n_knots: int,
    ended: FloatArray,
    n: FloatArray,
    remarks: list[Remark],
) -> Term | None:
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return _plan_category(values, name, ended, n, remarks)
    numbers: FloatArray = np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    known = np.isfinite(numbers)
    seen, sizes = numbers[known], n[known]
    if len(seen) == 0 or seen.min() == seen.max():
        remarks.append(Remark(text=f"{name} is the same for everybody and was left out."))
        return None
    low, middle, high = (float(value) for value in quantiles(seen, (0.25, 0.5, 0.75), sizes))
    quartiles = (low, high) if low < high else (float(seen.min()), float(seen.max()))
    knots = place_knots(seen, n_knots, sizes) if bends else np.empty(0)
    if bends and len(knots) < 3:
        remarks.append(
            Remark(text=f"{name} takes too few values to bend; it enters as a straight line.", needs=(name, ""))
        )
    missing = _plan_missing(name, middle, ~known, ended, n, remarks)
    plain = Term(name=name, kind="number", middle=middle, quartiles=quartiles, missing=missing)
    if missing == "unknown" and not known.all():
        plain = replace(plain, unseen=(NOT_KNOWN,))
    return plain if len(knots) < 3 else replace(plain, kind="spline", knots=tuple(float(k) for k in knots))


def _plan_missing(
    name: str, middle: float, is_missing: NDArray[np.bool_], ended: FloatArray, n: FloatArray, remarks: list[Remark]
) -> Missing:
    """Rows that lack a number stay in: whether it is missing may itself go with leaving."""
    size, n_ended = float(n[is_missing].sum()), float(ended[is_missing].sum())
    if not size:
        return "unknown"
    expected = size * float(ended.sum()) / float(n.sum())
    if n_ended < _FEWEST_ENDS and expected < _FEWEST_ENDS:
        told = (
            f"{name} is not known in {size:,.0f} of {say_count(n.sum(), 'row')}, too few to tell "
            f"{word_for(size, 'it', 'them')} apart: "
            f"{word_for(size, 'it stands', 'they stand')} at its median, {middle:,.6g}."
        )
        remarks.append(Remark(text=told, needs=(name, "")))
        return "median"
    if not n_ended:
        told = (
            f"Nobody whose {name} is not known ended (n {size:,.0f}): no ratio can be given for "
            f"{word_for(size, 'this row, and it was', 'them, and they were')} left out of the model."
        )
        remarks.append(Remark(text=told))
        return "unknown"
    told = (
        f"{name} is not known in {size:,.0f} of {say_count(n.sum(), 'row')}: "
        f"{word_for(size, 'it is a group of its own', 'they are a group of their own')}, held against its median, "
        f"{middle:,.6g}."
    )
    remarks.append(Remark(text=told, needs=(name, NOT_KNOWN)))
    return "level"


def _plan_category(
    values: pd.Series[float], name: str, ended: FloatArray, n: FloatArray, remarks: list[Remark]
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
        remarks.append(Remark(text=f"{name} is the same for everybody and was left out."))
        return None
    # A large group of which hardly anybody ended is no rare one: it would lend the rare ones its own danger.
    expected = sizes["n"] * float(ended.sum()) / float(n.sum())
    is_rare = (sizes["ended"] < _FEWEST_ENDS) & (expected < 2 * _FEWEST_ENDS)
    rare = sizes.index[is_rare | (np.arange(len(sizes)) >= _MOST_LEVELS)]
    if len(rare) == len(sizes):
        rare = rare[1:]
    is_pooled = len(rare) > 1
    if is_pooled:
        together = sizes.loc[rare].sum()
        sizes = pd.concat([sizes.drop(rare), together.rename(RARE).to_frame().T])
        sizes = sizes.sort_values("n", ascending=False, kind="stable")
    unseen = [str(level) for level in sizes.index[sizes["ended"] <= 0]]
    levels = [str(level) for level in sizes.index if level not in unseen]
    if len(levels) < 2:
        # Without the covariate its rows stay in, those without an end too: nothing else is to be said of them.
        remarks.append(Remark(text=f"{name} was left out: only one of its groups ended at all."))
        return None
    if is_pooled:
        pooled = (
            f"{say_count(len(rare), 'value')} of {name} had fewer than {_FEWEST_ENDS} ends each and were put together."
        )
        remarks.append(Remark(text=pooled, needs=None if RARE in unseen else (name, "")))
    remarks.extend(
        Remark(
            text=f"Nobody with {name} = {level} ended (n {sizes['n'][level]:,.0f}): no ratio can be given for "
            f"{word_for(sizes['n'][level], 'this row, and it was', 'them, and they were')} left out of the model."
        )
        for level in unseen
    )
    merged = tuple(str(level) for level in rare) if is_pooled and RARE in levels else ()
    return Term(
        name=name, kind="category", reference=levels[0], levels=tuple(levels[1:]), rare=merged, unseen=tuple(unseen)
    )
