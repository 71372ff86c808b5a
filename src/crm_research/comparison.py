"""Two runs of a study side by side: which figures have moved by more than chance explains?"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final

from crm_research.errors import CrmError
from crm_research.figures import Figure
from crm_research.results import DONE, read_json, read_run

# Kinds of moves, in the order in which they are told.
MOVED: Final = "moved"
DOUBTFUL: Final = "doubtful"
COUNTED: Final = "counted"
BECAME_KNOWN: Final = "became known"
NO_LONGER_KNOWN: Final = "no longer known"
NEW: Final = "new"
GONE: Final = "gone"
MEASURED_OTHERWISE: Final = "measured otherwise"
WITHIN: Final = "within"
SAME: Final = "same"
KINDS: Final = (
    MOVED, DOUBTFUL, COUNTED, BECAME_KNOWN, NO_LONGER_KNOWN, NEW, GONE, MEASURED_OTHERWISE, WITHIN, SAME,
)  # fmt: skip
_LEVEL: Final = 0.95
# Figures are written with twelve digits.
_EQUAL: Final = 1e-11
# What counts actions and figures follows from which reports were made.
_OF_REPORTS: Final = ("summary.", "ledger.")
_NORMAL: Final = NormalDist()
_DAY: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_NUMBERS: Final = re.compile(r"\d+(?:[.,]\d+)*")


# What each kind is called where moves are listed, in the order in which they are told.
HEADS: Final = {
    MOVED: "Moved by more than chance explains",
    DOUBTFUL: "Moved beyond their own intervals, as some of so many do by chance",
    COUNTED: "Counted, without an interval",
    BECAME_KNOWN: "Not known before",
    NO_LONGER_KNOWN: "No longer known",
    NEW: "New",
    GONE: "Gone",
    MEASURED_OTHERWISE: "Measured otherwise, and not compared",
    WITHIN: "Within what chance explains",
    SAME: "The same",
}


@dataclass(frozen=True, kw_only=True)
class RunFigures:
    """What a run left of a study at a day.

    Parameters
    ----------
    study, as_of
        The study's name, and the day it stood at.
    figures
        Report and figure, in the order of the record.
    titles, parameters
        By report: its title, and what it was made with, but for study and day.
    contents
        Table to the digest of the records that were read.
    """

    study: str
    as_of: str
    figures: tuple[tuple[str, Figure], ...]
    titles: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Any]]
    contents: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Move:
    """What became of one figure.

    Parameters
    ----------
    report
        Which report says it.
    figure
        The later one, or the one that there was.
    before, after
        The figure in either run; None where there is none.
    kind
        One of `KINDS`.
    difference, lower, upper
        After less before, with its interval, in the figure's unit; None where one of them has none.
    p_value, p_adjusted
        Of no difference; by itself, and among all that were compared (Holm). None where nothing was tested.
    """

    report: str
    figure: Figure
    before: Figure | None
    after: Figure | None
    kind: str
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs, figure by figure.

    Parameters
    ----------
    before, after
        The runs.
    moves
        Those that moved beyond chance first, the surest first; then kind by kind.
    n_tested
        Figures with an interval in both runs, among which chance was shared out.
    changed_parameters
        Report to the parameters that differ, with both values: its figures are not compared.
    is_of_same_records
        Do both stand on the very same records and day? Then no difference is chance.
    only_in_one
        Titles of the reports that were made in one of the runs only; nothing of them is compared.
    """

    before: RunFigures
    after: RunFigures
    moves: tuple[Move, ...]
    n_tested: int
    changed_parameters: Mapping[str, Mapping[str, tuple[Any, Any]]]
    is_of_same_records: bool
    only_in_one: tuple[str, ...] = ()

    @property
    def n_compared(self) -> int:
        """Figures of which one can say whether they have moved: tested, or the very same."""
        return self.n_tested + len(self.of(SAME))

    def of(self, kind: str) -> list[Move]:
        """The moves of one kind."""
        return [move for move in self.moves if move.kind == kind]


def read_run_figures(folder: Path) -> RunFigures:
    """The figures that a run left in a folder of the shelf (``reports/STUDY/AS_OF``).

    Raises
    ------
    CrmError
        If there are none.
    """
    records = read_json(folder / "figures.json", [])
    run = read_run(folder)
    if not records:
        raise CrmError(f"{folder} holds no figures of a run. Name a folder such as reports/STUDY/2024-06-30.")
    made = {entry["report"]: entry for entry in run["reports"] if entry.get("page") or entry["outcome"] == DONE}
    contents = {
        str(found["table"]): str(found["fingerprint"]) for e in made.values() for found in e.get("inputs") or ()
    }
    return RunFigures(
        study=str(run.get("study") or folder.parent.name),
        as_of=str(run.get("as_of") or folder.name),
        figures=tuple((record["report"], Figure.from_record(record)) for record in records),
        titles={report: str(entry["title"]) for report, entry in made.items()},
        parameters={report: _asked(entry.get("parameters") or {}) for report, entry in made.items()},
        contents=contents,
    )


def compare_runs(before: RunFigures, after: RunFigures) -> Comparison:
    """Which figures have moved by more than chance explains, and which only seem to?

    Parameters
    ----------
    before, after
        Two runs of one study.

    Returns
    -------
    Comparison
        Every figure of a report that both runs made has one move, but for those that count what the reports say.

    Notes
    -----
    The interval of a difference is made of the intervals of both figures on the sides that face each other, as if the
    runs were of different customers (Zou and Donner 2008, Statistics in Medicine 27, 1693-1702). Runs of one study
    share most of theirs, whose errors are alike: the true interval is narrower, so that a move is missed rather than
    made up. Among so many figures some move beyond their own interval by chance; those that do so beyond what that
    explains at 5 % (Holm) have `moved`, the others are `doubtful`.

    Raises
    ------
    CrmError
        If the runs are of two studies.
    """
    if before.study != after.study:
        raise CrmError(
            f"These are runs of two studies, {before.study!r} and {after.study!r}, whose figures are of different "
            "customers. Name two runs of one study."
        )
    changed = _changed_parameters(before, after)
    is_same = bool(before.contents) and before.contents == after.contents and before.as_of == after.as_of
    there, here = ({*run.titles, *(report for report, _ in run.figures)} for run in (before, after))
    both, alone = there & here, there ^ here
    titles = {**before.titles, **after.titles}
    earlier, later = _by_name(before.figures, both), _by_name(after.figures, both)
    moves = [
        _move(name[0], figure, earlier.get(name), later.get(name), (before, after), is_otherwise=name[0] in changed)
        for name, figure in (earlier | later).items()
    ]
    moves = _judge(moves, is_of_same_records=is_same)
    return Comparison(
        before=before,
        after=after,
        moves=tuple(sorted(moves, key=_order)),
        n_tested=sum(move.p_value is not None for move in moves),
        changed_parameters=changed,
        is_of_same_records=is_same,
        only_in_one=tuple(sorted(titles.get(report, report) for report in alone)),
    )


def say_only_in_one(found: Comparison) -> str:
    """Which reports were not compared, since one of the runs did not make them; empty without any."""
    named = ", ".join(f"“{title}”" for title in found.only_in_one)
    return f"Not compared, since one of the days has no such report: {named}." if named else ""


def _asked(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name not in {"study", "as_of"}}


def _changed_parameters(before: RunFigures, after: RunFigures) -> dict[str, dict[str, tuple[Any, Any]]]:
    changed: dict[str, dict[str, tuple[Any, Any]]] = {}
    for report in before.parameters.keys() & after.parameters.keys():
        here, there = before.parameters[report], after.parameters[report]
        # A parameter that a release has added or dropped says nothing of what was asked.
        differing = {
            name: (here[name], there[name]) for name in here.keys() & there.keys() if here[name] != there[name]
        }
        if differing:
            changed[report] = dict(sorted(differing.items()))
    return dict(sorted(changed.items()))


_Name = tuple[str, str, str | None]


def _by_name(figures: Iterable[tuple[str, Figure]], reports: Collection[str]) -> dict[_Name, Figure]:
    return {
        (report, figure.id, figure.group): figure
        for report, figure in figures
        if report in reports and not figure.id.startswith(_OF_REPORTS)
    }


def _move(
    report: str,
    figure: Figure,
    before: Figure | None,
    after: Figure | None,
    runs: tuple[RunFigures, RunFigures],
    *,
    is_otherwise: bool,
) -> Move:
    def kind_of(kind: str, **numbers: float) -> Move:
        return Move(report=report, figure=figure, before=before, after=after, kind=kind, **numbers)

    if before is None or after is None:
        return kind_of(NEW if before is None else GONE)
    if is_otherwise or not _is_alike(before, after):
        return kind_of(MEASURED_OTHERWISE)
    if before.is_known != after.is_known:
        return kind_of(BECAME_KNOWN if after.is_known else NO_LONGER_KNOWN)
    if before.estimate is None or after.estimate is None:
        return kind_of(SAME)
    difference = after.estimate - before.estimate
    if math.isclose(before.estimate, after.estimate, rel_tol=_EQUAL, abs_tol=_EQUAL):
        return kind_of(SAME, difference=0.0)
    levels = tuple(_level(run.parameters.get(report)) for run in runs)
    tested = _test(before, after, levels)
    return kind_of(COUNTED if tested is None else WITHIN, difference=difference, **(tested or {}))


def _is_alike(before: Figure, after: Figure) -> bool:
    """Is it one quantity, measured by one method? Numbers in a method's words are of the data, days are of the run."""
    methods = {_NUMBERS.sub("#", figure.estimator) for figure in (before, after)}
    labels = {_DAY.sub("#", figure.label) for figure in (before, after)}
    return before.unit == after.unit and len(labels) == len(methods) == 1


def _level(parameters: Mapping[str, Any] | None) -> float:
    level = (parameters or {}).get("confidence")
    return float(level) if isinstance(level, (int, float)) and 0 < level < 1 else _LEVEL


def _test(before: Figure, after: Figure, levels: Sequence[float]) -> dict[str, float] | None:
    """Interval of the difference and p-value of none; None where neither figure has an interval, as of counts."""
    a, b = float(before.estimate or 0.0), float(after.estimate or 0.0)
    z_before, z_after, z_own = (_NORMAL.inv_cdf(0.5 + level / 2) for level in (*levels, _LEVEL))
    (a_down, a_up), (b_down, b_up) = _reaches(before, z_before), _reaches(after, z_after)
    below, above = math.hypot(b_down, a_up), math.hypot(b_up, a_down)
    facing = below if b > a else above
    if facing == 0.0:
        return None
    p_value = math.erfc(abs(b - a) / facing / math.sqrt(2.0))
    return {"lower": b - a - z_own * below, "upper": b - a + z_own * above, "p_value": p_value}


def _reaches(figure: Figure, z: float) -> tuple[float, float]:
    """One standard error downwards and upwards; without end where one limit was never reached, none of a count."""
    if figure.lower is None and figure.upper is None:
        return 0.0, 0.0
    at = float(figure.estimate or 0.0)
    down, up = (math.inf if limit is None else abs(limit - at) / z for limit in (figure.lower, figure.upper))
    return down, up


def _judge(moves: Sequence[Move], *, is_of_same_records: bool) -> list[Move]:
    """Which of the tested moves are beyond chance, by themselves and among all; of the same records every one is."""
    from crm_research.stats.multiplicity import adjust_holm

    tested = [move for move in moves if move.p_value is not None]
    adjusted = dict(zip(map(id, tested), adjust_holm([float(move.p_value or 0.0) for move in tested]), strict=True))
    found = []
    for move in moves:
        if move.p_value is None:
            found.append(move)
            continue
        p_adjusted = float(adjusted[id(move)])
        kind = MOVED if p_adjusted < 1 - _LEVEL else DOUBTFUL if move.p_value < 1 - _LEVEL else WITHIN
        found.append(replace(move, kind=MOVED if is_of_same_records else kind, p_adjusted=p_adjusted))
    return found


def _order(move: Move) -> tuple[int, float, str, str, str]:
    return (
        KINDS.index(move.kind),
        move.p_value if move.p_value is not None else 0.0,
        move.report,
        move.figure.id,
        move.figure.group or "",
    )
