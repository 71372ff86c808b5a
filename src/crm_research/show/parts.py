"""What a section is made of: sentences, pictures, tables and figures, shown only where there is something to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from crm_research.privacy.suppression import is_of_a_course, withheld_rows
from crm_research.settings import keeps_pictures, least_group
from crm_research.show.attachment import render_attachment
from crm_research.show.chart import render_chart
from crm_research.show.display import TABLE_MIME, Output
from crm_research.show.figure_cards import render_figures
from crm_research.show.prose import render_answer, render_note
from crm_research.show.sources import render_caveats, render_provenance
from crm_research.show.table import Format, render_table, table_output
from crm_research.theme import for_phones

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from crm_research.figures import Figure
    from crm_research.study import Study


class Part(Protocol):
    """One thing of a section: it knows whether it is empty, and how it looks."""

    @property
    def is_empty(self) -> bool:
        """Is there nothing to show? Then it drops out of its section."""
        ...

    def render(self) -> Output:
        """How it looks, as HTML and as text."""
        ...


@dataclass(frozen=True)
class Answer:
    """What is the answer, in at most three lines? Empty ones drop out; the first stands in the index.

    Parameters
    ----------
    *sentences
        The lines.
    see
        Names of the sections that prove them, one for each line, in their order.
    """

    sentences: tuple[str, ...]
    see: tuple[str, ...] = ()

    def __init__(self, *sentences: str, see: Sequence[str] = ()) -> None:
        proofs = [*see, *[""] * (len(sentences) - len(see))]
        kept = [(line, proof) for line, proof in zip(sentences, proofs, strict=False) if line.strip()]
        object.__setattr__(self, "sentences", tuple(line for line, _ in kept))
        object.__setattr__(self, "see", tuple(proof for _, proof in kept))

    @property
    def is_empty(self) -> bool:
        """Is there no sentence?"""
        return not self.sentences

    def render(self) -> Output:
        """The lines, the first the largest."""
        return render_answer(*self.sentences, see=self.see)


@dataclass(frozen=True)
class Note:
    """What should the reader know beside this: a plain note, or a caution about how far to trust it?"""

    text: str
    kind: Literal["note", "caution"] = "note"

    @property
    def is_empty(self) -> bool:
        """Is there no text?"""
        return not self.text.strip()

    def render(self) -> Output:
        """The note with its kind before it."""
        return render_note(self.text, kind=self.kind)


_IN_ITS_PLACE: Final = "In the place of a picture that would tell of very few customers"


@dataclass(frozen=True)
class Chart:
    """What does this look like, and what does one see?

    Parameters
    ----------
    draw
        Draws on the axes it is given, or makes its own: ``draw(ax=None) -> Axes``.
    alt
        What one sees, for those who do not see it.
    data
        The numbers behind the picture.
    caption
        A line below it.
    counts
        Columns of `data` that count the customers of a group, beside those that are known by their names.
    """

    draw: Callable[[Axes | None], Axes]
    alt: str
    data: pd.DataFrame | None = None
    caption: str | None = None
    counts: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """A picture is always one: what cannot be drawn says so in its place."""
        return False

    @property
    def is_without_numbers(self) -> bool:
        """Are the numbers behind it known to be none? Such a picture drops out of the manager's part."""
        return self.data is not None and self.data.empty

    def render(self) -> Output:
        """The picture as SVG, its caption, and its numbers folded away."""
        if self.data is not None and self._shows_few():
            # What one sees of the picture tells its numbers, too.
            html, plain = render_table(self.data, _IN_ITS_PLACE, counts=self.counts)
            told = {"caption": _IN_ITS_PLACE, "n_rows": len(self.data)}
            return Output(html=html, plain=plain, types={TABLE_MIME: told})
        return render_chart(
            self.draw(None),
            alt=self.alt,
            data=self.data,
            caption=self.caption,
            narrow=self._narrow(),
            counts=self.counts,
        )

    def tell(self) -> str:
        """What one sees, as text; nothing is drawn for it."""
        return self.render().plain if self._shows_few() else f"[picture: {self.alt.strip()}]"

    def _shows_few(self) -> bool:
        """Would the picture tell of groups of too few customers? Then its table stands in its place."""
        return (
            self.data is not None
            and bool(withheld_rows(self.data, self.counts, least_group()))
            and not is_of_a_course(self.data)
        )

    def _narrow(self) -> Axes | None:
        """The same for a phone, where a page is made; somebody at a notebook needs no second picture."""
        if not keeps_pictures():
            return None
        with for_phones():
            return self.draw(None)


@dataclass(frozen=True)
class Table:
    """What do these rows say, number by number? (`show.table` says what the fields mean.)"""

    frame: pd.DataFrame
    caption: str
    formats: Mapping[str, Format] | None = None
    note: str | None = None
    max_rows: int = 50
    counts: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Has it no row?"""
        return self.frame.empty

    def render(self) -> Output:
        """The table with its caption."""
        return table_output(
            self.frame,
            self.caption,
            formats=self.formats,
            note=self.note,
            max_rows=self.max_rows,
            counts=self.counts,
        )


@dataclass(frozen=True)
class Figures:
    """Which numbers carry the answer, and how sure are we of each? Cards, or one table under the caption `as_table`.

    Those `of_single` are each of one customer, on a page that is made for whoever may read of single customers: no
    threshold for groups applies to them.
    """

    figures: tuple[Figure, ...] = field(default=())
    as_table: str | None = None
    of_single: bool = False

    def __init__(self, figures: Iterable[Figure], as_table: str | None = None, *, of_single: bool = False) -> None:
        object.__setattr__(self, "figures", tuple(figures))
        object.__setattr__(self, "as_table", as_table)
        object.__setattr__(self, "of_single", of_single)

    @property
    def is_empty(self) -> bool:
        """Is there no figure?"""
        return not self.figures

    def render(self) -> Output:
        """The cards or the table, with the records of the figures."""
        return render_figures(self.figures, as_table=self.as_table, of_single=self.of_single)


@dataclass(frozen=True)
class File:
    """Which file goes with this page, and what is it for? (`show.attachment` says what the fields mean.)"""

    name: str
    text: str
    words: str

    @property
    def is_empty(self) -> bool:
        """A file is always something."""
        return False

    def render(self) -> Output:
        """The file as a link that saves it; a run puts it beside the page."""
        return render_attachment(self.name, self.text, self.words)


@dataclass(frozen=True)
class Caveats:
    """What is doubtful about the data of a study?"""

    study: Study

    @property
    def is_empty(self) -> bool:
        """A study without caveats says that it names none."""
        return False

    def render(self) -> Output:
        """The caveats, one a line."""
        return render_caveats(self.study)


@dataclass(frozen=True)
class Provenance:
    """Where do the numbers of a page come from, and how could someone make them again?"""

    study: Study
    estimators: Mapping[str, str]

    @property
    def is_empty(self) -> bool:
        """Every number comes from somewhere."""
        return False

    def render(self) -> Output:
        """Study, inputs, methods and versions."""
        return render_provenance(self.study, estimators=self.estimators)


def drawn(draw: Callable[..., Axes], *results: Any) -> Callable[[Axes | None], Axes]:
    """A drawing function with its results, ready for a `Chart`: ``drawn(draw_excess, loyalty)``."""
    return lambda ax: draw(*results, ax=ax)


def panels(draw: Callable[..., Axes], *results: Any) -> Callable[[Axes | None], Axes]:
    """The same for a picture of several panels, which makes a figure of its own.

    Raises
    ------
    ValueError
        When it is drawn on axes that somebody gives.
    """

    def drawn_alone(ax: Axes | None) -> Axes:
        if ax is not None:
            raise ValueError("This picture has several panels and makes a figure of its own: plot it without axes.")
        return draw(*results)

    return drawn_alone
