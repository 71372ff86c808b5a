"""A section: the answer to one question, as an object that shows itself and hands out what it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crm_research.show.display import LAB_STYLE, SECTION_MIME, emit
from crm_research.show.parts import Chart, Figures, Note, Part, Table
from crm_research.show.saved_list import SavedList, write_csv
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from crm_research.figures import Figure


class Section:
    """What do the records say to one question?

    As the last line of a cell it displays itself; elsewhere `show` does. Its pictures, tables and figures can be taken
    out of it, and `result` is the analysis behind them.

    Parameters
    ----------
    *parts
        Notes, charts, tables, figures or other sections, in the order in which they are read. None and what is empty
        drop out.
    result
        What the numbers were taken from.
    """

    def __init__(self, *parts: Part | Section | None, result: Any = None) -> None:
        self.parts: tuple[Part, ...] = tuple(_kept(parts))
        self.result = result
        # A page names its sections and says which are the manager's.
        self.name: str | None = None
        self.is_brief = False
        self.is_missing = False

    @classmethod
    def missing(cls, why: str, kind: Literal["note", "caution"] = "note") -> Section:
        """A question that these records cannot answer, and why."""
        made = cls(Note(why, kind))
        made.is_missing = True
        return made

    def as_brief(self) -> None:
        """Take it for one of the manager's part: what has nothing to draw drops out, with how to read it."""
        self.is_brief = True
        self.parts = tuple(part for part in self.parts if not (isinstance(part, Chart) and part.is_without_numbers))

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Its pictures, each to be drawn with `plot` or its own `draw`."""
        return tuple(part for part in self.parts if isinstance(part, Chart))

    @property
    def tables(self) -> tuple[pd.DataFrame, ...]:
        """The frames of its tables, whole."""
        return tuple(part.frame for part in self.parts if isinstance(part, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Its printed numbers, each with interval, basis and check."""
        return tuple(figure for part in self.parts if isinstance(part, Figures) for figure in part.figures)

    @property
    def lists(self) -> dict[str, pd.DataFrame]:
        """The lists that somebody acts on, whole, by name: ids, the reason, the value."""
        return {part.name: part.frame for part in self.parts if isinstance(part, SavedList)}

    def to_csv(self, name: str, path: str | Path | None = None, *, is_for_spreadsheets: bool = True) -> Path:
        """Write one of its lists, whole, as CSV.

        Parameters
        ----------
        name
            Of `lists`.
        path
            Where to; None writes ``NAME.csv`` where one works.
        is_for_spreadsheets
            Marked as UTF-8, and with an apostrophe before texts that a spreadsheet would run as a formula.

        Raises
        ------
        LookupError
            If it has no such list.
        """
        lists = self.lists
        if name not in lists:
            held = ", ".join(lists) or "none"
            raise LookupError(f"This section has no list {name!r}. Its lists: {held}.")
        target = Path(f"{name}.csv" if path is None else path)
        target.write_text(write_csv(lists[name], is_for_spreadsheets=is_for_spreadsheets), encoding="utf-8")
        return target

    def plot(self, ax: Axes | None = None, *, which: int = 0) -> Axes:
        """Draw its first picture (or another), on axes of your own if you give some.

        Raises
        ------
        LookupError
            If it has no such picture.
        """
        if not -len(self.charts) <= which < len(self.charts):
            n_charts = len(self.charts)
            held = say_count(n_charts, "picture") if n_charts else "no picture"
            raise LookupError(f"This section has {held}, so there is none at place {which}.")
        return self.charts[which].draw(ax)

    def show(self) -> None:
        """Display its parts, one after the other."""
        place = {"name": self.name, "brief": self.is_brief, "missing": self.is_missing}
        for part in self.parts:
            output = part.render()
            emit(output.html, output.plain, **output.types, **({SECTION_MIME: place} if self.name else {}))

    def _ipython_display_(self) -> None:
        self.show()

    def _repr_html_(self) -> str:
        return LAB_STYLE + "".join(part.render().html for part in self.parts)

    def __repr__(self) -> str:
        return "\n\n".join(part.render().plain for part in self.parts) or "(nothing to show)"


def _kept(parts: Iterable[Part | Section | None]) -> Iterable[Part]:
    for part in parts:
        if isinstance(part, Section):
            yield from part.parts
        elif part is not None and not part.is_empty:
            yield part
