"""A report's page as a reader meets it: every sentence, table, picture and figure in their order, and their numbers.

The notebook runs in this process with what it shows kept beside what it is made from: the frame of a table with its
printed cells, the picture with what is written in it.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from crm_research import show
from crm_research.figures import Figure
from crm_research.show.table import render_table
from tests.notebooks.running import code_cells, run_cell


@dataclass(frozen=True)
class Shown:
    """One thing on a page.

    `kind` is answer, note, table, chart, figures or printed; `texts` what is written in it, but for cells; `frame` the
    rows behind a table or a picture; `printed` the same as the reader has it.
    """

    kind: str
    texts: tuple[str, ...]
    frame: pd.DataFrame | None = None
    printed: str = ""


@dataclass
class Page:
    """All that a report shows of a study."""

    report: str
    world: str
    shown: list[Shown] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def texts(self) -> Iterator[str]:
        """Every sentence-bearing text in the order of the page."""
        for one in self.shown:
            yield from one.texts

    def frames(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Every table, and the numbers behind every picture, with what it is called."""
        for one in self.shown:
            if one.frame is not None:
                yield (one.texts[0] if one.texts else one.kind), one.frame

    def as_text(self) -> str:
        """The whole page in plain text."""
        return "\n\n".join("\n".join([*one.texts, one.printed]).strip() for one in self.shown)


def walk(report: str, study: str, monkeypatch: pytest.MonkeyPatch, *, world: str = "", **parameters: Any) -> Page:
    """Run the report's notebook over the study and keep all that it shows."""
    page = Page(report, world or study)
    cells = code_cells(report)
    names: dict[str, object] = {"__name__": "__main__"}
    with monkeypatch.context() as patches, redirect_stdout(io.StringIO()) as rest:
        _keep_what_is_shown(page, patches)
        exec(cells[0], names)
        names |= {"study": study, **parameters}
        for cell in cells[1:]:
            run_cell(cell, names)
    plt.close("all")
    page.shown.append(Shown("printed", (), printed=rest.getvalue()))
    return page


def _keep_what_is_shown(page: Page, patches: pytest.MonkeyPatch) -> None:
    def keep_answer(*sentences: str) -> None:
        page.shown.append(Shown("answer", tuple(sentences)))

    def keep_note(text: str, *, kind: str = "note") -> None:
        page.shown.append(Shown("note", (text,), printed=kind))

    def keep_table(frame: pd.DataFrame, caption: str, **options: Any) -> None:
        below = options.get("note")
        _, plain = render_table(frame, caption, **options)
        page.shown.append(Shown("table", (caption, *([below] if below else [])), frame, plain))

    def keep_chart(drawn: Any, *, alt: str, data: pd.DataFrame | None = None, caption: str | None = None) -> None:
        picture = drawn if hasattr(drawn, "get_axes") else next(iter(getattr(drawn, "flat", [drawn]))).figure
        written = [alt, *([caption] if caption else []), *written_in(picture)]
        plain = render_table(data, caption or alt, max_rows=200)[1] if data is not None else ""
        page.shown.append(Shown("chart", tuple(written), data, plain))
        plt.close(picture)

    def keep_figures(*shown: Figure | Iterable[Figure], as_table: str | None = None) -> None:
        figures = [one for part in shown for one in ([part] if isinstance(part, Figure) else part)]
        page.figures.extend(figures)
        out = io.StringIO()
        with redirect_stdout(out):
            real_figures(figures, as_table=as_table)
        page.shown.append(Shown("figures", (as_table,) if as_table else (), printed=out.getvalue()))

    def keep_section(section: show.Section) -> None:
        for part in section.parts:
            match part:
                case show.Answer():
                    keep_answer(*part.sentences)
                case show.Advice():
                    for step in part.steps:
                        keep_note(step.text)
                case show.Note():
                    keep_note(part.text, kind=part.kind)
                case show.Table():
                    below = {"formats": part.formats, "note": part.note, "max_rows": part.max_rows}
                    keep_table(part.frame, part.caption, **below)
                case show.Chart():
                    keep_chart(part.draw(None), alt=part.alt, data=part.data, caption=part.caption)
                case show.Figures():
                    keep_figures(part.figures, as_table=part.as_table)
                case _:
                    part.render().show()

    patches.setattr(show.Section, "show", keep_section)
    real_figures = show.figures
    kept = (
        ("answer", keep_answer),
        ("note", keep_note),
        ("table", keep_table),
        ("chart", keep_chart),
        ("figures", keep_figures),
    )
    for name, keep in kept:
        patches.setattr(show, name, keep)


def written_in(picture: Any) -> list[str]:
    """Titles, subtitles, labels and notes of a picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        texts = [text.get_text() for text in [picture._suptitle, *picture.texts] if text is not None]
        for axes in picture.axes:
            texts += [axes.get_title(loc=side) for side in ("left", "center", "right")]
            texts += [axes.get_xlabel(), axes.get_ylabel(), *(text.get_text() for text in axes.texts)]
    return list(dict.fromkeys(" ".join(text.split()) for text in texts if text.strip()))
