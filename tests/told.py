"""What a reader is told, as text: pages of small worlds held word for word, and checks for every figure and sentence.

A world stands in a file beside the tests of its pillar (`told/<world>.txt`): the answer, every part of the page, every
figure with its limits, every chart's title, labels and marks. A changed word or number fails with the difference.
Whoever changes a sentence on purpose writes the files anew, reads the difference, and commits it:

    CRM_TELL_ANEW=1 .venv/bin/python -m pytest -q tests/<pillar>/test_told.py

Plant results with distinct values (12 contracts and 12 months tell nothing apart), and compute by hand beside them:
a held page proves that nothing changed unseen, a number by hand that it was right.
"""

from __future__ import annotations

import difflib
import inspect
import io
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crm_research.figures import Figure, has_no_width

if TYPE_CHECKING:
    from crm_research.show import Section

ANEW = bool(os.environ.get("CRM_TELL_ANEW"))
_TOLERANCE = 1e-9


def tell(**parts: object) -> str:
    """Each part under its name: what a function shows, or a list of sentences, figures, a frame, or axes, as text."""
    return "\n\n".join(f"== {name} ==\n{_as_text(part)}".rstrip() for name, part in parts.items()) + "\n"


def without_pictures(section: Section) -> str:
    """What a section says, shows and stands on; of a picture what one sees and its numbers: nothing is drawn."""
    kind = "nothing" if section.result is None else type(section.result).__name__
    of_what = "missing" if section.is_missing else f"result: {kind}"
    return "\n".join([*(_laid_out(part) for part in section.parts), of_what])


def tell_planted(
    page: object, sections: Iterable[str], *, figures: object, summary: object, estimators: Mapping[str, str]
) -> str:
    """A page of planted numbers, section by section, with its figures and how they were estimated."""
    return tell(
        **{section: without_pictures(getattr(page, section)) for section in sections},
        figures=figures,
        summary=summary,
        estimators=[f"{name}: {how}" for name, how in estimators.items()],
    )


def _laid_out(part: Any) -> str:
    from crm_research.show import Answer, Chart, Table

    if isinstance(part, Answer):
        return f"{part.render().plain}\nsee: {', '.join(part.see)}"
    if isinstance(part, Chart):
        numbers = "none" if part.data is None else f"\n{_as_text(part.data)}"
        by = getattr(inspect.getclosurevars(part.draw).nonlocals.get("draw", part.draw), "__name__", "nobody")
        counts = ", ".join(part.counts)
        return f"{part.tell()}\ndrawn by {by}, caption: {part.caption}, counts: {counts}, numbers: {numbers}"
    if isinstance(part, Table):
        return f"{part.render().plain}\nat most {part.max_rows} rows, counts: {', '.join(part.counts)}"
    return part.render().plain


def hold(told: str, path: Path) -> None:
    """The text is the stored one, to the letter."""
    if ANEW:
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
        return
    stored = path.read_text(encoding="utf-8") if path.is_file() else ""
    if stored != told:
        lines = difflib.unified_diff(stored.splitlines(), told.splitlines(), "held", "told", lineterm="", n=1)
        shown = "\n".join(lines)
        pytest.fail(
            f"{path.parent.parent.name}/told/{path.name} is told otherwise (CRM_TELL_ANEW=1 writes it anew):\n{shown}"
        )


def check_figures(figures: Iterable[Figure], *, signed: Iterable[str] = ()) -> list[Figure]:
    """Every figure is in order by itself, and no figure has two values.

    Limits lie around the estimate, shares between 0 and 1 (but for those whose ids are named as `signed`), the level of
    an interval is said where there is one, of some width, and nowhere else.
    """
    kept = list(figures)
    seen: dict[tuple[str, str | None], dict[str, Any]] = {}
    for figure in kept:
        where = f"{figure.id} ({figure.group})"
        _check_limits(where, figure.lower, figure.estimate, figure.upper)
        if figure.unit == "share" and figure.id not in signed:
            for value in (figure.lower, figure.estimate, figure.upper):
                assert value is None or -_TOLERANCE <= value <= 1 + _TOLERANCE, (where, value)
        assert figure.n >= 0, where
        assert all(text.strip() for text in (figure.label, figure.window, figure.estimator)), where
        has_limits = figure.lower is not None or figure.upper is not None
        says_level = re.search(r"\d % interval", figure.estimator) is not None
        assert has_limits or not says_level, f"{where}: an interval is said, and there is none"
        assert says_level or not has_limits, f"{where}: there is an interval, and its level is not said"
        both = figure.lower is not None and figure.upper is not None
        assert not both or not has_no_width(figure.lower, figure.upper), f"{where}: an interval of no width"
        record = figure.as_record()
        assert seen.setdefault((figure.id, figure.group), record) == record, f"{where} has two values"
    return kept


def check_frame(frame: pd.DataFrame, *, estimate: str = "estimate", lower: str = "lower", upper: str = "upper") -> None:
    """Limits lie around their estimate in every row that has them."""
    for row in frame[[lower, estimate, upper]].itertuples():
        _check_limits(str(row.Index), row[1], row[2], row[3])


def numbers_in(sentence: str) -> list[str]:
    """The numbers of a sentence as they are written, without what only names something (A1, 2024-01-01)."""
    bare = re.sub(r"\d{4}-\d{2}-\d{2}", " ", sentence)
    return re.findall(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?(?![\w])", bare)


def check_numbers(sentence: str, said: Mapping[str, str]) -> None:
    """Every number of the sentence is one of those named, and each of those named is in it."""
    found = set(numbers_in(sentence))
    expected = {number for text in said.values() for number in numbers_in(text)}
    assert found <= expected, f"numbers from nowhere: {sorted(found - expected)} in {sentence!r}"
    missing = [name for name, text in said.items() if text not in sentence]
    assert not missing, f"not said: {missing} in {sentence!r}"


def _check_limits(where: str, lower: float | None, estimate: float | None, upper: float | None) -> None:
    known = [value for value in (lower, estimate, upper) if value is not None and not math.isnan(value)]
    slack = _TOLERANCE * max((abs(value) for value in known), default=1.0)
    for low, high in pairwise(known):
        assert low <= high + slack, f"{where}: {lower} {estimate} {upper}"


def _as_text(part: object) -> str:
    from matplotlib.axes import Axes

    from crm_research.show import Section

    if isinstance(part, Section):
        return repr(part)
    if callable(part):
        return _shown(part)
    if isinstance(part, str):
        return part
    if isinstance(part, Figure):
        return _figure_line(part)
    if isinstance(part, Axes):
        return _drawn(part)
    if isinstance(part, pd.DataFrame):
        return part.to_csv(index=False, float_format="%.4g", lineterminator="\n").rstrip()
    if isinstance(part, Iterable):
        return "\n".join(_as_text(one) for one in part)
    return str(part)


def _shown(part: Callable[[], object]) -> str:
    said = io.StringIO()
    with redirect_stdout(said):
        result = part()
    told = said.getvalue().rstrip()
    return told if result is None else f"{told}\n{_as_text(result)}".strip()


def _figure_line(figure: Figure) -> str:
    about = f" [{figure.group}]" if figure.group is not None else ""
    numbers = f"{_number(figure.estimate)} ({_number(figure.lower)} to {_number(figure.upper)}) {figure.unit}".rstrip()
    judged = "" if figure.verdict is None else f" | {figure.verdict}"
    return (
        f"{figure.id}{about}: {figure.label}: {numbers}; n {figure.n}\n"
        f"    {figure.window} | {figure.estimator} | {figure.validation}{judged}"
    )


def _number(value: float | None) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{value:.4g}"


def _drawn(axes: Any) -> str:
    """What is written and drawn: titles, axes, labels, and where lines and marks stand."""
    figure = axes.figure
    lines = []
    for each in figure.axes:
        written = [text.get_text() for text in each.texts if text.get_text().strip()]
        titles = [each.get_title(loc=side) for side in ("left", "center", "right")]
        lines += [f"title: {title}" for title in titles if title]
        lines.append(f"axes: {each.get_xlabel()} | {each.get_ylabel()}")
        lines.append(f"ticks: {', '.join(label.get_text() for label in each.get_yticklabels() if label.get_text())}")
        lines += [f"text: {text}" for text in written]
        lines += [f"line: {_points(line.get_xdata(), line.get_ydata())}" for line in each.get_lines()]
        lines += [
            f"marks: {_points(*np.asarray(marks.get_offsets()).T)}"
            for marks in each.collections
            if len(marks.get_offsets()) > 1
        ]
        lines += [
            f"bar: {_number(bar.get_x())} {_number(bar.get_y())} {_number(bar.get_width())} {_number(bar.get_height())}"
            for bar in each.patches
            if hasattr(bar, "get_width")
        ]
    lines += [f"text: {text.get_text()}" for text in figure.texts if text.get_text().strip()]
    return "\n".join(lines)


def _points(x: Any, y: Any) -> str:
    pairs = [f"{_coordinate(a)},{_coordinate(b)}" for a, b in zip(np.ravel(x)[:12], np.ravel(y)[:12], strict=False)]
    return " ".join(pairs) + (" ..." if np.size(x) > 12 else "")


def _coordinate(value: Any) -> str:
    try:
        return f"{float(value):.3g}"
    except (TypeError, ValueError):
        return str(value)
