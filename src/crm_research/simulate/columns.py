"""Columns: from arrays of numbers and codes to Arrow columns of the canonical types."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa

from crm_research.errors import ParameterError
from crm_research.simulate.chance import Flags, Floats, Ints

_SECONDS_PER_DAY = 86_400
_ZERO = ord("0")


def number_ids(prefix: str, *parts: tuple[Ints, int]) -> pa.StringArray:
    """Ids such as ``O00000012-00003``: a prefix and one number of fixed width for each part, joined by hyphens.

    Parameters
    ----------
    parts
        Numbers with their width in digits.

    Raises
    ------
    ParameterError
        If a number has more digits than its width: ids would not be unique.
    """
    for values, digits in parts:
        if values.max(initial=0) >= 10**digits:
            raise ParameterError(
                f"Ids {prefix}... hold {digits} digits for a number up to {values.max():,}. "
                "Lower the world's rates, so that each customer does less."
            )
    n = len(parts[0][0])
    width = len(prefix) + sum(digits for _, digits in parts) + len(parts) - 1
    letters = np.full((n, width), ord("-"), dtype=np.uint8)
    letters[:, : len(prefix)] = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    place = len(prefix)
    for numbers, digits in parts:
        rest = numbers
        for column in range(place + digits - 1, place - 1, -1):
            rest, digit = np.divmod(rest, 10)
            letters[:, column] = digit + _ZERO
        place += digits + 1
    offsets = np.arange(n + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(letters))


def name_codes(names: Sequence[str], codes: Ints) -> pa.StringArray:
    """The name of each code; a code below 0 has none."""
    encoded = [name.encode("utf-8") for name in names]
    offsets = np.concatenate(([0], np.cumsum([len(name) for name in encoded], dtype=np.int64))).astype(np.int32)
    column = pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))
    return take_rows(column, codes)


def take_rows(column: pa.Array, places: Ints) -> pa.Array:
    """The column's values at these places; a place below 0 gives an empty value."""
    return column.take(_wrap(np.maximum(places, 0), pa.int64(), places < 0))


def place_instants(start: datetime, days: Floats, *, until_days: float | None = None) -> pa.TimestampArray:
    """Instants of days after start, cut to whole seconds; empty where NaN, infinite, or not before `until_days`."""
    is_empty = ~np.isfinite(days)
    if until_days is not None:
        is_empty |= days >= until_days
    seconds = np.floor(np.where(is_empty, 0.0, days) * _SECONDS_PER_DAY).astype(np.int64)
    begin = np.datetime64(start, "us").astype(np.int64)
    return _wrap(begin + seconds * 1_000_000, pa.timestamp("us"), is_empty)


def cents_to_money(cents: Ints) -> pa.DoubleArray:
    """Money of whole cents."""
    return numbers(cents / 100.0)


def numbers(values: Floats | Ints) -> pa.DoubleArray:
    """Numbers, empty where NaN."""
    floats = np.asarray(values, dtype=np.float64)
    return _wrap(floats, pa.float64(), np.isnan(floats))


def flags(values: Flags) -> pa.BooleanArray:
    """True and false."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _pack(values)])


def _wrap(values: Floats | Ints, kind: pa.DataType, is_empty: Flags) -> pa.Array:
    # Made of buffers, since pyarrow's own conversion imports pandas, which takes longer than a small world.
    validity = _pack(~is_empty) if is_empty.any() else None
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(np.ascontiguousarray(values))])


def _pack(values: Flags) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))
