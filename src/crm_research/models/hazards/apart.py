"""What is told of levels and numbers that tell who leaves from the rest without overlap: a limit, not a ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.hazards.collinearity import as_label
from crm_research.models.hazards.design import Design, Term
from crm_research.models.hazards.newton import Evaluated
from crm_research.models.hazards.separation import Direction, limit_ratio
from crm_research.models.survival.risk import FloatArray, IntArray

APART_COLUMNS: Final = ("covariate", "level", "reference", "is_sooner", "limit", "p_value", "n", "n_ended")
_TYPES: Final = {"is_sooner": bool, "limit": float, "p_value": float}
# Beyond, a ratio is said to rest on little: next to nobody of the one group was at risk when the other ended.
FAR_RATIO: Final = 100.0


def tabulate_apart(
    likelihood: Callable[[FloatArray, FloatArray], Evaluated],
    x: FloatArray,
    usable: Sequence[int],
    design: Design,
    scale: FloatArray,
    directions: Sequence[Direction],
    sizes: tuple[IntArray, IntArray],
    top: float,
    confidence: float,
    free: FloatArray | None = None,
) -> pd.DataFrame:
    """The comparisons without a finite ratio, each with its limit.

    Parameters
    ----------
    likelihood, x, usable
        Of columns and coefficients, before anybody got a baseline of his own; the columns, and their numbers.
    top
        The greatest log likelihood, which no finite ratio reaches.
    free
        Where the search of further coefficients starts.

    Returns
    -------
    pandas.DataFrame
        Columns ``covariate``, ``level``, ``reference`` (for a number its upper and lower quartile), ``is_sooner``,
        ``limit`` (of the ratio: at least so much where sooner, at most where later), ``p_value``, ``n``, ``n_ended``.
    """
    rows = []
    loads = np.sum([direction.loadings * 4.0**-place for place, direction in enumerate(directions)], axis=0)
    start = 0
    for term in design.terms:
        columns = list(range(start, start + len(term.labels)))
        start += len(term.labels)
        for (level, reference), rise in _comparisons(term, columns, loads):
            weights = np.zeros(len(loads))
            weights[columns] = rise
            pull = float(weights @ loads)
            if pull == 0.0:
                continue
            own = (weights / scale)[list(usable)]
            limit, p_value = limit_ratio(likelihood, x, own, top, pull > 0, confidence, free)
            place = columns[int(np.argmax(np.abs(rise)))]
            told = (term.name, level, reference, pull > 0, float(np.exp(limit)), p_value)
            rows.append((*told, int(sizes[0][place]), int(sizes[1][place])))
    return pd.DataFrame(rows, columns=list(APART_COLUMNS)).astype(_TYPES)


def no_apart() -> pd.DataFrame:
    """The table of `tabulate_apart` where every ratio is finite."""
    return pd.DataFrame(columns=list(APART_COLUMNS)).astype(_TYPES)


def _comparisons(term: Term, columns: Sequence[int], loads: FloatArray) -> list[tuple[tuple[str, str], FloatArray]]:
    """Of the columns of a term with a part in a direction: levels with the reference, a number's quartiles."""
    found = []
    for place, (label, reference, is_level) in enumerate(zip(term.labels, term.references, term.is_level, strict=True)):
        if is_level and loads[columns[place]] != 0:
            found.append(((label, reference), np.eye(len(columns))[place]))
    numbers = [place for place, is_level in enumerate(term.is_level) if not is_level]
    if any(loads[columns[place]] != 0 for place in numbers):
        low, high = term.quartiles
        rise = (term.columns(pd.Series([high])) - term.columns(pd.Series([low])))[0]
        found.append(((f"{high:,.6g}", f"{low:,.6g}"), np.asarray(rise, dtype=np.float64)))
    return found


def other_reference(terms: Sequence[Term], direction: Direction) -> tuple[Term, ...] | None:
    """The terms with another reference, where that of a category is what is told apart from several of its levels.

    These may then be compared with each other. None where nothing has to be changed.
    """
    start = 0
    for number, term in enumerate(terms):
        own = direction.loadings[start : start + len(term.labels)]
        start += len(term.labels)
        if term.kind != "category" or len(own) < 2 or not own.all():
            continue
        alike = max((np.flatnonzero(np.abs(own - part) <= 1e-3 * np.abs(own).max()) for part in own), key=len)
        if len(alike) < 2:
            continue
        # Levels come by size, the largest first.
        chosen = term.levels[alike[0]]
        others = (term.reference, *(level for level in term.levels if level != chosen))
        return (*terms[:number], replace(term, reference=chosen, levels=others), *terms[number + 1 :])
    return None


def say_far(design: Design, columns: Sequence[int], coefficients: FloatArray) -> list[str]:
    """A ratio far from 1 rests on a few rows, however narrow its interval."""
    return [
        f"{as_label(design.labels[column])}: the ratio is beyond {FAR_RATIO:.0f} (or below 1 in {FAR_RATIO:.0f}): "
        "so far from 1 it is mostly the work of few ends, or of few rows at risk together. Read its limits, not its "
        "size."
        for column, coefficient in zip(columns, coefficients, strict=True)
        if design.is_level[column] and abs(coefficient) > np.log(FAR_RATIO)
    ]


def say_apart(table: pd.DataFrame, confidence: float, *, is_clustered: bool) -> list[str]:
    """A note on each comparison without a finite ratio."""
    notes = []
    for _, row in table.iterrows():
        is_number = str(row["reference"]).replace(",", "").replace(".", "").replace("-", "").replace("e+", "").isdigit()
        named = row["covariate"] if is_number else as_label((str(row["covariate"]), str(row["level"])))
        against = f" ({row['level']} against {row['reference']})" if is_number else f" against {row['reference']}"
        side = "at least" if row["is_sooner"] else "at most"
        own = ", rows of one cluster taken as independent" if is_clustered else ""
        bound = (
            f"its ratio{against} is {side} {say_limit(float(row['limit']))} ({100 * confidence:g} % limit{own})"
            if np.isfinite(row["limit"])
            else f"how far its ratio{against} is from 1 at the least cannot be told"
        )
        size = "" if is_number else f" (n {row['n']:,}, {row['n_ended']:,} ended)"
        notes.append(
            f"{named}{size} tells those who left from those who stayed without overlap, so that no finite ratio fits "
            f"best: {bound}. It has a baseline of its own, and the other ratios compare within it and within the rest."
        )
    return notes


def say_limit(limit: float) -> str:
    """A limit of a ratio with two digits, rounded towards 1."""
    if not limit > 0:
        return "0"
    unit = 10.0 ** (np.floor(np.log10(limit)) - 1)
    rounded = np.floor(limit / unit) * unit if limit > 1 else np.ceil(limit / unit) * unit
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:.2g}"
