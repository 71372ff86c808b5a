"""What can go wrong, in words a user can act on.

Every error says what was expected, what was found, where, and the mend. The command line prints them as one
paragraph without a traceback and exits with 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Which known name did the user probably mean? None where nothing is close."""
    lowered = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return lowered[close[0]] if close else None


def offer_names(name: str, known: Iterable[str]) -> str:
    """Words that end an error about an unknown name: the nearest one, and all there are."""
    names = sorted(known)
    nearest = nearest_name(name, names)
    meant = f"Did you mean {nearest!r}? " if nearest else ""
    return f"{meant}Known: {', '.join(names)}." if names else f"{meant}None are known.".strip()


class CrmError(Exception):
    """The root of every error this package raises on purpose."""


class StudyError(CrmError):
    """A study file, or a source it names, cannot be used as it stands."""


class ContractViolation(CrmError):
    """A table breaks its contract: a rule holds for every row, and for some it did not.

    Parameters
    ----------
    table, column, rule
        Where it broke and what was expected.
    n_bad
        Rows (or keys) that break the rule.
    examples
        A few of the values found, as printed.
    mend
        What the user can do about it.
    found
        What was found, where a count of rows does not say it (a column that is not there).
    """

    def __init__(
        self,
        *,
        table: str,
        column: str,
        rule: str,
        n_bad: int,
        examples: Sequence[str] = (),
        mend: str = "",
        found: str = "",
    ) -> None:
        self.table = table
        self.column = column
        self.rule = rule
        self.n_bad = n_bad
        self.examples = tuple(examples)
        self.mend = mend
        shown = f" Found for example: {', '.join(self.examples)}." if self.examples else ""
        where = f"{table}.{column}" if column else table
        said = f"{where}: {rule}; {found or f'broken by {n_bad:,}'}."
        # What others may read: the values found may be ids of customers.
        self.without_examples = f"{said} {mend}".strip()
        super().__init__(f"{said}{shown} {mend}".strip())


class NotEnoughData(CrmError):
    """An estimate was asked of fewer records than it can stand on.

    Parameters
    ----------
    what
        What was asked for, and after a colon (or as `of`) what it is counted in: ``A segmentation: customers``.
    needed, found
        How many it takes, and how many there are.
    mend
        What to do about it, or why there is nothing.
    of
        What is counted, as behind the colon.
    """

    def __init__(self, what: str, *, needed: int, found: int, mend: str = "", of: str = "") -> None:
        self.needed = needed
        self.found = found
        subject, _, counted = what.partition(": ")
        noun = of or counted
        said = f"{subject} needs at least {needed:,}{f' {noun}' if noun else ''}; found {found:,}."
        if needed == 1 and found == 0 and counted:
            said = f"{subject} needs {counted}; found none."
        elif needed == 1 and found == 0 and mend and not of:
            # Nothing is counted: the mend says what is missing.
            said = f"{subject} cannot be worked out here."
        super().__init__(f"{said} {mend}".strip())


class LeakageError(CrmError):
    """Something that should rest on the past reads what happened after the study's as_of."""


class UnknownReport(CrmError):
    """No report of that name is in the catalogue."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        names = tuple(known)
        self.nearest = nearest_name(name, names)
        super().__init__(f"There is no report {name!r}. {offer_names(name, names)}")


class ParameterError(CrmError):
    """A report's parameter has an unknown name, a wrong type or a value outside its range."""


class EngineError(CrmError):
    """The engine a study asks for cannot be reached or used."""
