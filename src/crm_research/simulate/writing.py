"""Writing: one folder of Parquet files for each table, and a whole world in place at once or not at all."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from crm_research.errors import StudyError

STUDY_FILE: Final = "study.yaml"
TRUTH_FOLDER: Final = "truth"
_BLOCKS_PER_PART: Final = 10


class TableWriter:
    """Appends blocks of rows to tables, a new part file every ten blocks. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.n_rows: Counter[str] = Counter()
        self._open: dict[str, pq.ParquetWriter] = {}
        self._n_blocks: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._open.values():
            writer.close()
        self._open.clear()

    def append(self, name: str, columns: Mapping[str, pa.Array]) -> None:
        """Append one block's rows to the table; a block without rows still makes the table's first file."""
        rows = pa.table(dict(columns))
        part, place = divmod(self._n_blocks[name], _BLOCKS_PER_PART)
        if place == 0:
            self._start_part(name, part, rows.schema)
        self._open[name].write_table(rows)
        self._n_blocks[name] += 1
        self.n_rows[name] += rows.num_rows

    def _start_part(self, name: str, part: int, schema: pa.Schema) -> None:
        if name in self._open:
            self._open.pop(name).close()
        path = self.folder / name / f"part-{part:05d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open[name] = pq.ParquetWriter(path, schema, compression="zstd")


@contextmanager
def replaced_folder(out: Path, *, replace: bool) -> Iterator[Path]:
    """A folder to write into that takes the place of `out` when all went well, and is gone otherwise.

    Raises
    ------
    StudyError
        If `out` holds something: without `replace` whatever it is, and with it unless it is a simulated world.
    """
    out = out.resolve()
    _check_place(out, replace=replace)
    partial = out.parent / f".{out.name}.partial-{os.getpid()}"
    former = out.parent / f".{out.name}.former-{os.getpid()}"
    try:
        partial.mkdir(parents=True)
        yield partial
        if out.exists():
            out.rename(former)
        partial.rename(out)
    except OSError as problem:
        raise StudyError(f"The world cannot be written to {out}: {problem.strerror or problem}.") from None
    finally:
        if former.exists() and not out.exists():
            former.rename(out)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def _check_place(out: Path, *, replace: bool) -> None:
    if out.exists() and not out.is_dir():
        raise StudyError(f"{out} is a file; the world needs a folder of its own. Name another.")
    if not out.exists() or not any(out.iterdir()):
        return
    if not replace:
        raise StudyError(f"The folder {out} is not empty. Name another, or replace the world in it with --force.")
    if not ((out / STUDY_FILE).is_file() and (out / TRUTH_FOLDER).is_dir()):
        raise StudyError(
            f"The folder {out} holds something that is no simulated world (no {STUDY_FILE} with {TRUTH_FOLDER}/), "
            "so it is not replaced. Name another."
        )
