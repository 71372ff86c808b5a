"""What another package says of the same numbers, in words and as a verdict."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from crm_research.figures import NO_VALIDATION, REFUTED
from crm_research.vocabulary import say_count


@dataclass(frozen=True, kw_only=True)
class SecondOpinion:
    """Does lifelines come to the same numbers from the same spells?

    Parameters
    ----------
    method
        Its method, such as ``Kaplan-Meier``.
    of
        What stands on the spells, in the plural: ``contracts``.
    n, n_all
        Spells that were compared, and all there are; fewer where all would take long.
    gap
        The largest difference, in what `measure` names; None where nothing could be compared.
    tolerance
        The difference up to which two ways of computing count as one number.
    measure
        What the difference is counted in: ``share``, ``log ratio by standard deviation``.
    why_not
        Why nothing could be compared; empty otherwise.
    whose
        Which spells, where they are not all, in words.
    """

    method: str
    n: int
    n_all: int
    gap: float | None
    tolerance: float
    measure: str = "share"
    of: str = "contract"
    why_not: str = ""
    whose: str = "drawn at random with a fixed seed"

    @property
    def agrees(self) -> bool | None:
        """Are the numbers the same within the tolerance? None where nothing could be compared."""
        return None if self.gap is None else bool(self.gap <= self.tolerance)

    def say(self) -> str:
        """The comparison in one clause, for a figure's validation."""
        if self.gap is None:
            return f"not compared with lifelines: {self.why_not}"
        where = f"on {say_count(self.n, self.of)}"
        if self.n < self.n_all:
            where = f"on {self.n:,} of {say_count(self.n_all, self.of)}, {self.whose}"
        if self.agrees:
            return f"equal to lifelines ({self.method}) to {_say(self.tolerance)} {where}"
        return (
            f"NOT equal to lifelines ({self.method}) {where}: the two differ by up to {self.gap:.2g} ({self.measure}), "
            f"where {_say(self.tolerance)} would do; do not use this number before the difference is understood"
        )


def _say(tolerance: float) -> str:
    return f"{tolerance:.0e}".replace("e-0", "e-")


def put_beside(
    opinion: SecondOpinion | None, validation: str = NO_VALIDATION, verdict: str | None = None
) -> tuple[str, str | None]:
    """A figure's check by other means, and its verdict, with the second opinion beside it.

    A difference is told first and refutes the figure, whatever the other check says. Agreement is told last and leaves
    the verdict alone: two packages may share what the data do not bear out. What could not be compared is told only
    where nothing else checks the figure, and leaves it unchecked.
    """
    if opinion is None:
        return validation, verdict
    is_alone = validation == NO_VALIDATION
    if opinion.agrees is None:
        return (f"{NO_VALIDATION}; {opinion.say()}" if is_alone else validation), verdict
    if not opinion.agrees:
        return (opinion.say() if is_alone else f"{opinion.say()}; {validation}"), REFUTED
    return (opinion.say() if is_alone else f"{validation}; {opinion.say()}"), verdict


def ask(
    method: str, compare: Callable[[], float], *, n: int, n_all: int, tolerance: float, measure: str = "share",
    whose: str = "drawn at random with a fixed seed",
) -> SecondOpinion:  # fmt: skip
    """The largest difference that `compare` finds; where lifelines gives up, its reason in one line."""
    gap, why = None, ""
    try:
        with _quietly():
            found = float(compare())
        gap = found if np.isfinite(found) else None
        why = "" if gap is not None else f"its {method} gives no number here"
    except Exception as problem:  # whatever another package raises, a page must not die of it
        logging.getLogger(__name__).debug("lifelines gave up", exc_info=True)
        why = f"its {method} stopped with {type(problem).__name__}"
    return SecondOpinion(
        method=method, n=n, n_all=n_all, gap=gap, tolerance=tolerance, measure=measure, why_not=why, whose=whose
    )


def not_asked(method: str, why: str, *, n_all: int, tolerance: float) -> SecondOpinion:
    """Nothing was compared, and why."""
    return SecondOpinion(method=method, n=0, n_all=n_all, gap=None, tolerance=tolerance, why_not=why)


@contextmanager
def _quietly() -> Iterator[None]:
    """Lifelines warns of much that is answered for here: weights, ties, columns that hardly vary."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
