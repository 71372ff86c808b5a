"""Groups of too few customers: which rows of a table must not be told, so that subtraction does not tell them either.

Withheld are rows that count fewer than the threshold (but somebody), and further ones, the smallest first, until from
all totals that a reader can know (of the table, and of each row and column of a cross table in long form) each small
count could as well be the threshold or more. Rows that overlap (a column ``part_of`` names the row that each lies in)
have no total but their wholes: of them those are withheld that are small, or all of their whole but a few.
Hundepool et al. 2012, Statistical Disclosure Control, chapter 4.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
# Money of a few is what these few spent, also in a month.
_MONEY: Final = ("revenue", "spend", "spent", "sales", "profit", "margin", "paid")
_WHOLE: Final = frozenset({"n_customers", "customers", "buyers", "n_contracts"})
# Numbers that name a row: the limits of a class, its place in an order.
_NAMING: Final = ("from_", "to_", "until_", "tenth", "decile", "period", "days", "months", "weeks", "renewal")
# Columns of a curve or of a course of time, whose picture shows no group.
_OF_A_COURSE: Final = ("period", "cohort", "days", "month", "week", "tenure", "renewal", "purchases", "repeats", "year")
_MOST_SOLVED: Final = 300
_KEYS_OF_A_GRID: Final = 2
WITHHELD: Final = "withheld"
# Names of each row the row that it is a part of, where the rows are not parts of one whole.
PART_OF: Final = "part_of"


def counted_columns(frame: pd.DataFrame, declared: Sequence[str] = ()) -> list[str]:
    """The columns of a frame that count customers by group: those that are declared, and those known by their names."""
    from pandas.api import types

    names = [str(name) for name in frame.columns]
    # Of a curve only those whom it is about are a group: who left at a tenure, or is still there, is its course.
    tells_money = any(word in name for name in names for word in _MONEY)
    known = COUNTED if tells_money or not is_of_a_course(frame) else _WHOLE
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
    if PART_OF in frame.columns:
        return frozenset(row for held in counts.values() for row in _small_beside_wholes(frame, held, least))
    keys = [frame.iloc[:, place].tolist() for place in _key_places(frame, counted)]
    return withhold(list(counts.values()), keys, least)


def _small_beside_wholes(frame: pd.DataFrame, column: np.ndarray[Any, Any], least: int) -> Iterable[int]:
    """Of rows that overlap: those that count few, or leave but few of the row that they lie in."""
    name = list(frame.columns).index(PART_OF) - 1
    count_of = dict(zip(frame.iloc[:, name].astype(str), column, strict=True))
    for row, (count, whole) in enumerate(zip(column, frame[PART_OF].astype(str), strict=True)):
        rest = count_of[whole] - count if whole in count_of else 0.0
        if 0 < count < least or 0 < rest < least:
            yield row


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
    grid = _Grid.of(keys) if len(lines) > 1 else None
    withheld = {row for column in columns for row in range(n_rows) if 0 < column[row] < least}
    while True:
        more = {row for column in columns for row in _add(column, lines, grid, withheld, least)} - withheld
        if not more:
            return frozenset(withheld)
        withheld |= more


@dataclass(frozen=True)
class _Grid:
    """The rows of a cross table in long form, by row and column."""

    row_at: Mapping[tuple[Hashable, Hashable], int]
    place_of: Sequence[tuple[Hashable, Hashable]]

    @classmethod
    def of(cls, keys: Sequence[Sequence[Hashable]]) -> _Grid | None:
        """None where two keys do not name each row."""
        if len(keys) != _KEYS_OF_A_GRID:
            return None
        places = list(zip(*keys, strict=True))
        row_at = {place: row for row, place in enumerate(places)}
        return cls(row_at, places) if len(row_at) == len(places) else None

    def find_rectangle(
        self, column: np.ndarray[Any, Any], withheld: set[int], row: int, least: int
    ) -> frozenset[int] | None:
        """The fewest further rows (of as many the smallest) that let a count be the threshold, all sums as they are.

        What one corner of a rectangle gains its neighbours lose, and the corner across gains again.
        """
        (here, there), need = self.place_of[row], least - column[row]
        best: tuple[int, float, frozenset[int]] | None = None
        for (first, second), across in self.row_at.items():
            if first == here or second == there or column[across] <= 0:
                continue
            beside, below = self.row_at.get((here, second)), self.row_at.get((first, there))
            if beside is None or below is None or min(column[beside], column[below]) - 1 < need:
                continue
            new = frozenset({across, beside, below} - withheld)
            score = (len(new), float(sum(column[each] for each in new)), new)
            if new and (best is None or score[:2] < best[:2]):
                best = score
        return best[2] if best else None


def _add(
    column: np.ndarray[Any, Any],
    lines: Sequence[tuple[int, ...]],
    grid: _Grid | None,
    withheld: set[int],
    least: int,
) -> Iterable[int]:
    """The next rows to withhold, so that no small count of this column can be told; none where that is so."""
    small = [row for row in withheld if 0 < column[row] < least]
    if len(lines) > 1:
        told = next((row for row in small if not _could_be(column, lines, withheld, row, least)), None)
        if told is None:
            return ()
        found = grid.find_rectangle(column, withheld, told, least) if grid else None
        return found or _nearest(column, [*(line for line in lines[1:] if told in line), lines[0]], withheld)
    held = [row for row in withheld if column[row] > 0]
    if not small or _is_open(column[held].sum(), len(held), least):
        return ()
    return _nearest(column, lines, withheld)


def _nearest(column: np.ndarray[Any, Any], lines: Iterable[tuple[int, ...]], withheld: set[int]) -> list[int]:
    """The row of the smallest count that is told as yet, in the first of these lines that has one."""
    for line in lines:
        others = [row for row in line if row not in withheld and column[row] > 0]
        if others:
            return [min(others, key=lambda row: column[row])]
    return []


def _is_open(total: float, n: int, least: int) -> bool:
    """Could each of n counts, of which only the sum is known and that each is somebody, be the threshold or more?"""
    return total - (n - 1) >= least and n > 1


def _could_be(
    column: np.ndarray[Any, Any], lines: Sequence[tuple[int, ...]], withheld: set[int], row: int, least: int
) -> bool:
    """Could this small count be the threshold or more, the sums of all lines being what they are?"""
    import numpy as np
    from scipy.optimize import linprog

    held = sorted(each for each in withheld if column[each] > 0)
    if len(held) > _MOST_SOLVED:
        # Too many to solve: both of its lines hide enough by themselves.
        near = [[each for each in line if each in withheld and column[each] > 0] for line in lines if row in line]
        return all(_is_open(column[each].sum(), len(each), least) for each in near)
    place_of = {each: place for place, each in enumerate(held)}
    known = [line for line in lines if any(each in place_of for each in line)]
    sums = np.array([[float(each in line) for each in held] for line in map(set, known)])
    aim = np.zeros(len(held))
    aim[place_of[row]] = -1.0
    found = linprog(aim, A_eq=sums, b_eq=sums @ column[held], bounds=(1, None), method="highs")
    return found.status == 0 and bool(-found.fun >= least - 1e-6)


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
