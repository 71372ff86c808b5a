"""A function over the rows of a table, asked once for each distinct row, on several processors where that pays."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_research.errors import CrmError

Row = tuple[str | None, ...]
# With fewer, starting processes takes longer than it saves.
_WORTH_PROCESSES: Final = 40_000


class DistinctRows:
    """The distinct rows of some text columns, and where each row of the table stands among them."""

    def __init__(self, columns: Sequence[pa.ChunkedArray]) -> None:
        codes = np.zeros(len(columns[0]), dtype=np.int64)
        for column in columns:
            code, n_codes = _codes_of(column)
            if len(code) and code.min() == code.max():
                # One value throughout parts nothing.
                continue
            _, codes = np.unique(codes * n_codes + code, return_inverse=True)
        _, first, self.place = np.unique(codes, return_index=True, return_inverse=True)
        self.counts = np.bincount(self.place, minlength=len(first))
        picked = [column.take(pa.array(first)).to_pylist() for column in columns]
        self.rows: list[Row] = list(zip(*picked, strict=True))

    def spread(self, values: Sequence[Any]) -> pa.Array:
        """A value for each distinct row as a column of the table."""
        return pa.array(values, type=pa.string()).take(pa.array(self.place))


def _codes_of(column: pa.ChunkedArray) -> tuple[np.ndarray, int]:
    encoded = pc.dictionary_encode(column).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    codes = pc.fill_null(pc.add(encoded.indices.cast(pa.int64()), 1), 0).to_numpy(zero_copy_only=False)
    return codes, len(encoded.dictionary) + 1


def map_rows(function: str, rows: Sequence[Row], *, n_processes: int | None = None) -> list[Any]:
    """What a function of this room says of each row.

    Parameters
    ----------
    function
        ``module:name``; it takes the row's values as arguments, and nothing else.
    n_processes
        Beside each other at most; those of this machine where it is not given.
    """
    n_beside = min(n_processes or _processors(), len(rows) // _WORTH_PROCESSES + 1)
    if n_beside == 1:
        return apply(function, rows)
    size = -(-len(rows) // n_beside)
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    with ThreadPoolExecutor(max_workers=n_beside) as threads:
        # One part is worked on here; this program waits for the others.
        others = [threads.submit(_apply_elsewhere, function, part) for part in parts[1:]]
        done = apply(function, parts[0])
        for other in others:
            done += other.result()
    return done


def apply(function: str, rows: Sequence[Row]) -> list[Any]:
    """The function of each row, here."""
    module, _, name = function.partition(":")
    called: Callable[..., Any] = getattr(import_module(module), name)
    return [called(*row) for row in rows]


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _apply_elsewhere(function: str, rows: Sequence[Row]) -> list[Any]:
    """In a process of its own, which knows nothing of the program that asks: its script is not run again."""
    asked = pickle.dumps((function, rows), protocol=pickle.HIGHEST_PROTOCOL)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ran = subprocess.run(
        [sys.executable, "-m", "crm_research.standards.worker"],
        input=asked,
        capture_output=True,
        env=environment,
        check=False,
    )
    if ran.returncode:
        raise CrmError("A process that standardises records ended before its end. Run it again with n_processes=1.")
    answered: list[Any] = pickle.loads(ran.stdout)
    return answered
