"""Where does the time of a report go: which section asked the engine what, how long did it take, how much came back?

Off unless a run asks for it (``crm-research run --profile``): a page of such a run says how it was made, and two of
them do not hold the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

_OUTSIDE: Final = "(before any section)"
# What an engine is asked through; each gives what has left it.
_ASKED: Final = ("execute", "to_pyarrow", "to_pyarrow_batches")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One question to the engine.

    Parameters
    ----------
    section, step
        Who asked: the section looked at, and the innermost step of the analysis; empty outside of steps.
    seconds
        Of the wall clock.
    n_rows, n_bytes
        Of what left the engine; nothing where a table was kept in it.
    """

    section: str
    step: str
    seconds: float
    n_rows: int
    n_bytes: int


@dataclass
class Profile:
    """What this process has asked its engines, and how long each section took.

    Parameters
    ----------
    statements
        In their order.
    seconds
        Of each section, with all that it was the first to ask for.
    """

    statements: list[Statement] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    _sections: list[str] = field(default_factory=list)
    _steps: list[str] = field(default_factory=list)
    _depth: int = 0

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Within it the section is at work; one that it looks into counts as part of it."""
        started = perf_counter()
        self._sections.append(name)
        try:
            yield
        finally:
            self._sections.pop()
            if not self._sections:
                self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - started

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Within it the step is computed."""
        self._steps.append(name)
        try:
            yield
        finally:
            self._steps.pop()

    @contextmanager
    def asking(self) -> Iterator[list[Any]]:
        """Within it one statement is at work; what is put into the list is what it gave."""
        given: list[Any] = []
        started = perf_counter()
        self._depth += 1
        try:
            yield given
        finally:
            self._depth -= 1
            # What an engine asks itself on the way belongs to the question it was asked.
            if not self._depth:
                n_rows, n_bytes = _size_of(given[0]) if given else (0, 0)
                self.statements.append(
                    Statement(
                        section=self._sections[0] if self._sections else _OUTSIDE,
                        step=self._steps[-1] if self._steps else "",
                        seconds=perf_counter() - started,
                        n_rows=n_rows,
                        n_bytes=n_bytes,
                    )
                )

    def by_section(self) -> pd.DataFrame:
        """Grain: section, in the order they were made; seconds, those of the engine, statements, rows and megabytes."""
        import pandas as pd

        names = dict.fromkeys([*(one.section for one in self.statements), *self.seconds])
        rows = []
        for name in names:
            asked = [one for one in self.statements if one.section == name]
            in_engine = sum(one.seconds for one in asked)
            rows.append(
                {
                    "section": name,
                    "seconds": self.seconds.get(name, in_engine),
                    "in_the_engine": in_engine,
                    "statements": len(asked),
                    "rows_given": sum(one.n_rows for one in asked),
                    "megabytes_given": sum(one.n_bytes for one in asked) / 1e6,
                }
            )
        return pd.DataFrame(rows)

    def longest(self, n_most: int = 25) -> pd.DataFrame:
        """Grain: statement, those that took longest first; section, step, seconds, rows and megabytes given."""
        import pandas as pd

        rows = [
            {
                "section": one.section,
                "step": one.step,
                "seconds": one.seconds,
                "rows_given": one.n_rows,
                "megabytes_given": one.n_bytes / 1e6,
            }
            for one in sorted(self.statements, key=lambda one: -one.seconds)[:n_most]
        ]
        return pd.DataFrame(rows)


PROFILED: Final = Profile()


def wrap_questions(backend: Any, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put something around every way of asking this engine (an Ibis backend), outside of what stands there already."""
    for name in _ASKED:
        setattr(backend, name, wrap(getattr(backend, name)))


def watch(backend: Any) -> None:
    """Note what this engine is asked from now on."""
    wrap_questions(backend, _noted)


def _noted(ask: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(ask)
    def noted(*args: Any, **kwargs: Any) -> Any:
        with PROFILED.asking() as given:
            result = ask(*args, **kwargs)
            given.append(result)
        return result

    return noted


def _size_of(given: Any) -> tuple[int, int]:
    """Rows and bytes of a frame, a column, an Arrow table or a single value."""
    shape = getattr(given, "shape", None)
    if shape is None:
        return 1, 8
    n_rows = int(shape[0]) if shape else 1
    if hasattr(given, "memory_usage"):
        usage = given.memory_usage(deep=False)
        return n_rows, int(usage.sum() if hasattr(usage, "sum") else usage)
    return n_rows, int(getattr(given, "nbytes", 8))


def peak_bytes() -> int | None:
    """Most memory that this process has held; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024
