"""How a page was made, for whoever asks why it took so long: seconds and bytes by section and statement."""

from __future__ import annotations

from typing import Final

from crm_research.profiling import PROFILED, peak_bytes
from crm_research.show.parts import Note, Table
from crm_research.vocabulary import say_count

_FORMATS: Final = {
    "seconds": "{:,.2f}",
    "in_the_engine": "{:,.2f}",
    "statements": "{:,d}",
    "rows_given": "{:,d}",
    "megabytes_given": "{:,.1f}",
}


def profile_parts() -> tuple[Note | Table, ...]:
    """What has been asked so far, by section and by statement."""
    statements = PROFILED.statements
    seconds = sum(one.seconds for one in statements)
    peak = peak_bytes()
    memory = f" The notebook's process held at most {peak / 1e9:.2f} GB, its engine included." if peak else ""
    return (
        Note(
            f"The engine was asked {say_count(len(statements), 'time')} and took {seconds:,.1f} s of the "
            f"{sum(PROFILED.seconds.values()):,.1f} s that the sections above took.{memory}"
        ),
        Table(
            PROFILED.by_section(),
            "What each section took",
            formats=_FORMATS,
            note="Seconds are those of the wall clock. A section that is the first to ask for a result is the one that "
            "pays for it. Rows and megabytes are those that left the engine.",
            max_rows=100,
        ),
        Table(
            PROFILED.longest(),
            "The statements that took longest",
            formats={name: how for name, how in _FORMATS.items() if name not in {"in_the_engine", "statements"}},
            note="Step: the step of the analysis that asked; empty where a section asked by itself. A statement that "
            "gives no rows kept a table in the engine.",
        ),
    )
