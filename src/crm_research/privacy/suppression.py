"""Groups of too few customers: which rows of a table must not be told, so that subtraction does not tell them either.

Withheld are rows that count fewer than the threshold (but somebody), and further ones, the smallest first, until from
all totals that a reader can know (of the table, and of each row and column of a cross table in long form) each small
count could as well be the threshold or more. Hundepool et al. 2012, Statistical Disclosure Control, chapter 4.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# Columns that count customers (or their contracts) of a group, in frames that are printed.
COUNTED: Final = frozenset({
    "n_customers", "customers", "buyers", "n_contracts", "n_then", "n_now", "n_before", "n_after", "n_active",
    "n_first_seen", "n_addressed", "n_control", "n_matched", "n_watched", "n_left", "n_running", "n_started",
    "n_stayed", "n_gained", "n_lost", "n_new", "n_kept", "n_both", "n_up", "n_repeat",
})  # fmt: skip
_WHOLE: Final = frozenset({"n_customers", "customers", "buyers", "n_contracts"})
# Numbers that name a row: the limits of a class, its place in an order.
_NAMING: Final = ("from_", "to_", "until_", "tenth", "decile", "period", "days", "months", "weeks", "renewal")
# Columns of a curve or of a course of time, whose picture shows no group.
_OF_A_COURSE: Final = ("period", "cohort", "days", "month", "week", "tenure", "renewal", "purchases", "repeats", "year")
_MOST_SOLVED: Final = 300
WITHHELD: Final = "withheld"


def counted_columns(frame: pd.DataFrame, declared: Sequence[str] = ()) -> list[str]:
    """The columns of a frame that count customers by group: those that are declared, and those known by their names."""
    from pandas.api import types

    names = [str(name) for name in frame.columns]
    # Of a curve only those whom it is about are a group: who left at a tenure, or is still there, is its course.
    known = _WHOLE if is_of_a_course(frame) else COUNTED
    return [
        name
        for place, name in enumerate(names)
        if (name in declared or name.replace(" ", "_") in known)
        and types.is_numeric_dtype(frame.iloc[:, place])
        and not types.is_bool_dtype(frame.iloc[:, place])
    ]


def withheld_rows(frame: pd.DataFrame, declared: Sequence[str], least: int) -> frozenset[int]:
    """The places of rows of a frame that must not be told."""
    counted = counted_columns(frame, declared) if least > 0 else []
    if not counted:
        return frozenset()
    import numpy as np

    counts = {name: np.nan_to_num(frame[name].to_numpy(dtype=float, na_value=np.nan)) for name in counted}
    if not any(((held > 0) & (held < least)).any() for held in counts.values()):
        return frozenset()
    keys = [frame.iloc[:, place].tolist() for place in _key_places(frame, counted)]
    return withhold(list(counts.values()), keys, least)


def withhold(
    counts: Sequence[Sequence[float] | np.ndarray[Any, Any]], keys: Sequence[Sequence[Hashable]], least: int
) -> frozenset[int]:
    """The rows to withhold.

    Parameters
    ----------
    counts
        Columns of counts, each of one number a row.
    keys
        Columns that name the rows. What repeats in one of them is a row or column of a cross table, whose sum a reader
        is taken to know.
    least
        The threshold.
    """
    import numpy as np

    columns = [np.asarray(column, dtype=float) for column in counts]
    n_rows = len(columns[0])
    lines = [tuple(range(n_rows)), *_slices(keys)]
    withheld = {row for column in columns for row in range(n_rows) if 0 < column[row] < least}
    while True:
        more = {row for column in columns for row in _add(column, lines, withheld, least)} - withheld
        if not more:
            return frozenset(withheld)
        withheld |= more


def _add(
    column: np.ndarray[Any, Any], lines: Sequence[tuple[int, ...]], withheld: set[int], least: int
) -> Iterable[int]:
    """The next rows to withhold, so that no small count of this column can be told; none where that is so."""
    small = [row for row in withheld if 0 < column[row] < least]
    if not small:
        return
    for line in lines:
        held = [row for row in line if row in withheld and column[row] > 0]
        if any(row in held for row in small) and not _is_open(column[held].sum(), len(held), least):
            others = [row for row in line if row not in withheld and column[row] > 0]
            if others:
                yield min(others, key=lambda row: column[row])
                return
    if len(lines) > 1:
        yield from _solve(column, lines, withheld, small, least)


def _is_open(total: float, n: int, least: int) -> bool:
    """Could each of n counts, of which only the sum is known and that each is somebody, be the threshold or more?"""
    return total - (n - 1) >= least and n > 1


def _solve(
    column: np.ndarray[Any, Any],
    lines: Sequence[tuple[int, ...]],
    withheld: set[int],
    small: Sequence[int],
    least: int,
) -> Iterable[int]:
    """The same where sums of several lines are known together: the largest that each small count could be."""
    import numpy as np
    from scipy.optimize import linprog

    held = sorted(row for row in withheld if column[row] > 0)
    known = [line for line in lines if any(row in withheld and column[row] > 0 for row in line)]
    place_of = {row: place for place, row in enumerate(held)}
    sums = np.zeros((len(known), len(held)))
    for number, line in enumerate(known):
        for row in line:
            if row in place_of:
                sums[number, place_of[row]] = 1.0
    totals = sums @ column[held]
    for row in small:
        if len(held) <= _MOST_SOLVED:
            aim = np.zeros(len(held))
            aim[place_of[row]] = -1.0
            found = linprog(aim, A_eq=sums, b_eq=totals, bounds=(1, None), method="highs")
            if found.status == 0 and -found.fun >= least - 1e-6:
                continue
        near = [
            other for line in lines[1:] if row in line for other in line if other not in withheld and column[other] > 0
        ]
        if near:
            yield min(near, key=lambda other: column[other])
            return
        others = [other for other in range(len(column)) if other not in withheld and column[other] > 0]
        if others:
            yield min(others, key=lambda other: column[other])
            return


def _slices(keys: Sequence[Sequence[Hashable]]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for key in keys:
        rows: dict[Hashable, list[int]] = {}
        for row, value in enumerate(key):
            rows.setdefault(value, []).append(row)
        # A key that is the same throughout parts nothing, and one of distinct values names the rows.
        if 1 < len(rows) < len(key):
            found += [tuple(held) for held in rows.values()]
    return found


def _key_places(frame: pd.DataFrame, counted: Sequence[str]) -> list[int]:
    from pandas.api import types

    first = min(list(map(str, frame.columns)).index(name) for name in counted)
    return [place for place in range(first) if not types.is_float_dtype(frame.iloc[:, place])][:2]


def names_a_row(name: str, place: int, first_counted: int, is_number: bool, has_digits: bool) -> bool:
    """Does a column of a table with withheld rows only name them, so that it is told of all?"""
    plain = name.replace(" ", "_")
    if plain.startswith(_NAMING) or plain == "meaning":
        return True
    return not is_number and (place < first_counted or not has_digits)


def is_of_a_course(frame: pd.DataFrame) -> bool:
    """Does a frame follow time, a tenure or a number of purchases, and not groups of customers?"""
    from pandas.api import types

    return any(
        types.is_datetime64_any_dtype(frame.iloc[:, place]) or any(part in str(name) for part in _OF_A_COURSE)
        for place, name in enumerate(frame.columns)
    )


def say_withheld(n_rows: int, least: int, *, what: str = "row") -> str:
    """How many rows (or figures) are withheld, and why?"""
    rows = f"1 {what} is" if n_rows == 1 else f"{n_rows:,} {what}s are"
    return (
        f"{rows} withheld: groups of fewer than {least} customers are not told apart, nor what would give them away "
        "by subtraction."
    )
