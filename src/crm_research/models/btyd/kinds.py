"""Kinds of customers: patterns with their attributes, sparse levels pooled, and the columns a model multiplies by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.btyd.patterns import MIN_REPEATERS
from crm_research.models.hazards.collinearity import choose_columns
from crm_research.stats.intervals import FloatArray

NOT_KNOWN: Final = "not known"
OTHERS: Final = "all others"
MOST_KINDS: Final = 400
MOST_LEVELS: Final = 50
# Customers and repeaters that a level needs to be compared by itself.
_FEWEST: Final = 30
_FEWEST_REPEATERS: Final = 2 * MIN_REPEATERS


@dataclass(frozen=True, eq=False, kw_only=True)
class Kinds:
    """Which kinds of customers are compared?

    Parameters
    ----------
    frame
        The patterns with their covariates as text, sparse levels pooled.
    columns
        Grain: column of the design. ``covariate``, ``level``, ``reference``, ``n_customers`` (of the level),
        ``n_reference``.
    design
        Grain: kind of customer (distinct combination of levels); one column for each row of `columns`.
    kind
        Kind of each row of `frame`.
    notes
        What was pooled, left out, or cannot be told apart.
    """

    frame: pd.DataFrame
    columns: pd.DataFrame
    design: FloatArray
    kind: np.ndarray
    notes: tuple[str, ...]


def read_kinds(patterns: pd.DataFrame, covariates: Sequence[str]) -> Kinds:
    """Which kinds of customers do these patterns hold, and against which level is each compared?

    Parameters
    ----------
    patterns
        frequency, recency_days, age_days, n_customers and the covariates; one row per pattern and combination. An
        empty value is a level of its own, ``not known``.
    covariates
        Names of columns with at most 50 levels. The level of most customers is the one compared against.

    Raises
    ------
    NotEnoughData
        If no covariate has two levels of 30 customers and 10 repeaters or more.
    ParameterError
        For a column that is not there, no covariate at all, too many levels or more than 400 combinations.
    """
    names = list(dict.fromkeys(covariates))
    if not names:
        raise ParameterError("covariates is empty: name at least one column of the patterns.")
    frame, notes = patterns.reset_index(drop=True).copy(), []
    if "n_customers" not in frame.columns:
        frame["n_customers"] = 1
    for name in names:
        if name not in frame.columns:
            raise ParameterError(f"There is no covariate {name!r}. {offer_names(name, list(frame.columns))}")
        frame[name], note = pool_levels(frame, name)
        notes += note
    kept = [name for name in names if frame[name].nunique() > 1]
    notes += [f"{name} has one level only and compares nothing." for name in names if name not in kept]
    if not kept:
        raise NotEnoughData(
            "A comparison of kinds of customers: levels of 30 customers and 10 repeaters",
            needed=2,
            found=1,
            mend="Take a covariate with fewer, larger levels.",
        )
    return _design(frame, kept, notes)


def _design(frame: pd.DataFrame, kept: list[str], notes: list[str]) -> Kinds:
    columns = _columns(frame, kept)
    grouped = frame.groupby(kept, sort=True)
    kind = grouped.ngroup().to_numpy()
    n_kinds = int(kind.max()) + 1
    if n_kinds > MOST_KINDS:
        raise ParameterError(
            f"{' and '.join(kept)} make {n_kinds:,} kinds of customers, where {MOST_KINDS} is the most: name fewer "
            "covariates, or put their levels together."
        )
    first = frame.iloc[np.unique(kind, return_index=True)[1]]
    is_of = [(first[row.covariate] == row.level).to_numpy() for row in columns.itertuples()]
    weight = np.asarray(np.bincount(kind, frame["n_customers"].to_numpy(dtype=float), n_kinds), dtype=np.float64)
    design, columns, left_out = _told_apart(np.column_stack(is_of).astype(float), columns, weight)
    notes = notes + left_out
    return Kinds(frame=frame, columns=columns, design=design, kind=kind, notes=tuple(notes))


def pool_levels(frame: pd.DataFrame, name: str) -> tuple[pd.Series, list[str]]:
    """Levels as text, those of few customers or repeaters put together; the notes say which.

    Parameters
    ----------
    frame
        The covariate, ``frequency`` and ``n_customers``.
    """
    text = frame[name].astype(object).where(frame[name].notna(), NOT_KNOWN).astype(str)
    if text.nunique() > MOST_LEVELS:
        raise ParameterError(
            f"{name!r} has {text.nunique():,} levels, where {MOST_LEVELS} is the most: put values into bands, or "
            "take a coarser column."
        )
    sizes = pd.DataFrame(
        {"n": frame["n_customers"], "again": frame["n_customers"].where(frame["frequency"] > 0, 0)}
    ).groupby(text.to_numpy())
    pooled = _sparse(sizes.sum())
    if not pooled:
        return text, []
    shown = ", ".join(pooled[:5]) + (" ..." if len(pooled) > 5 else "")
    note = f"{name}: {shown} had too few customers to be compared one by one and are put together as {OTHERS!r}."
    return text.where(~text.isin(pooled), OTHERS), [note]


def _sparse(sizes: pd.DataFrame) -> list[str]:
    """The sparse levels, and with them the smallest others until all of them together are enough to compare."""
    is_sparse = (sizes["n"] < _FEWEST) | (sizes["again"] < _FEWEST_REPEATERS)
    if not is_sparse.any() or len(sizes) == 1:
        return []
    # Who is not known goes last: he is no kind of customer to be put with others.
    rest = sizes.loc[~is_sparse].sort_values("n", kind="stable").index.tolist()
    rest.sort(key=lambda level: level == NOT_KNOWN)
    pooled = sizes.index[is_sparse].tolist()
    while rest and not _is_enough(sizes.loc[pooled].sum()):
        pooled.append(rest.pop(0))
    return [str(level) for level in pooled]


def _is_enough(total: pd.Series) -> bool:
    return bool(total["n"] >= _FEWEST and total["again"] >= _FEWEST_REPEATERS)


def _columns(frame: pd.DataFrame, kept: list[str]) -> pd.DataFrame:
    rows = []
    for name in kept:
        n = frame["n_customers"].groupby(frame[name]).sum().sort_index()
        # Who is not known, or merely left over, is nobody to compare with.
        named = n.drop([NOT_KNOWN, OTHERS], errors="ignore")
        reference = str((named if len(named) else n).idxmax())
        rows += [
            (name, str(level), reference, int(count), int(n[reference]))
            for level, count in n.items()
            if level != reference
        ]
    return pd.DataFrame(rows, columns=["covariate", "level", "reference", "n_customers", "n_reference"])


def _told_apart(
    design: FloatArray, columns: pd.DataFrame, weight: FloatArray
) -> tuple[FloatArray, pd.DataFrame, list[str]]:
    """The columns that can be told apart from the others, and what was left out."""
    centred = design - np.average(design, axis=0, weights=weight)
    labels = list(zip(columns["covariate"], columns["level"], strict=True))
    kept, notes = choose_columns((centred * weight[:, None]).T @ centred, labels, np.ones(len(labels), dtype=bool))
    return design[:, kept], columns.iloc[kept].reset_index(drop=True), notes
