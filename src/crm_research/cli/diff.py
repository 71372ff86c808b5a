"""``crm-research diff RUN RUN``: what has changed from one run of a study to another?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.comparison import Comparison, Move
    from crm_research.figures import Figure

_MOST_LISTED: Final = 40


@click.command("diff")
@click.argument("runs", nargs=-1, metavar="RUN [RUN]")
@click.option("--all", "tells_all", is_flag=True, help="List also what did not move beyond its interval.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure's move as JSON, for programs.")
def command(runs: tuple[str, ...], tells_all: bool, as_json: bool) -> None:
    """What has changed from one RUN of a study to another?

    \b
    Examples:
      crm-research diff shop                                    its last two days
      crm-research diff shop/2024-05-31 shop/2024-06-30
      crm-research diff reports/shop/2024-05-31 elsewhere/shop/2024-06-30 --json

    A RUN is a study and a day on the shelf (reports/), or a folder. Figures that have moved by more than chance
    explains come first: by more than both intervals together, and by more than the largest of so many moves would by
    chance. Figures of reports that were made with other parameters are not compared.
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.comparison import compare_runs, read_run_figures

    before, after = (read_run_figures(folder) for folder in _find(runs))
    found = compare_runs(before, after)
    if as_json:
        click.echo(json.dumps(_as_record(found), indent=2, ensure_ascii=False, allow_nan=False))
        return
    click.echo("\n".join(_tell(found, tells_all=tells_all)))


def _find(runs: Sequence[str]) -> tuple[Path, Path]:
    """The folders of the two runs, the earlier as it was named first."""
    from crm_research.errors import CrmError
    from crm_research.settings import read_settings

    shelf = read_settings().reports
    if len(runs) == 1:
        folder = Path(runs[0]) if (Path(runs[0]).is_dir() and "/" in runs[0]) else shelf / runs[0]
        days = sorted(found.parent for found in folder.glob("*/figures.json"))
        if len(days) < 2:
            what = f"only {days[0].name}" if days else "none"
            raise CrmError(
                f"Two runs of {runs[0]} are compared, and {folder} holds {what}. Name two runs, or make another: "
                f"crm-research run --study {folder.name} --as-of DATE"
            )
        return days[-2], days[-1]
    if len(runs) != 2:
        raise click.UsageError(f"Name two runs, or one study whose last two days are compared; found {len(runs)}.")
    first, second = (Path(run) if Path(run).is_dir() else shelf / run for run in runs)
    for run, folder in zip(runs, (first, second), strict=True):
        if not folder.is_dir():
            known = sorted(
                f"{found.parent.parent.name}/{found.parent.name}" for found in shelf.glob("*/*/figures.json")
            )
            raise CrmError(_say_missing(run, shelf, known))
    return first, second


def _say_missing(run: str, shelf: Path, known: Sequence[str]) -> str:
    from crm_research.errors import offer_names

    offer = offer_names(run, known) if known else "The shelf is empty: crm-research run makes the first."
    return f"There is no run {run!r}, neither as a folder nor in {shelf}. {offer}"


def _tell(found: Comparison, *, tells_all: bool) -> Iterator[str]:
    from crm_research import comparison as kinds

    before, after = found.before, found.after
    n_reports = len({move.report for move in found.moves})
    yield (
        f"{after.study}: from {before.as_of} to {after.as_of}. {say_count(n_reports, 'report')} and "
        f"{say_count(len(found.moves), 'figure')}, of which {found.n_tested:,} with an interval in both runs."
    )
    if found.is_of_same_records:
        yield "Both runs read the same records at the same day: what differs is due to the program."
    if found.only_in_one:
        yield kinds.say_only_in_one(found)
    for report, differing in found.changed_parameters.items():
        said = ", ".join(f"{name} {old} and then {new}" for name, (old, new) in differing.items())
        yield f"{_title(found, report)} was made with other parameters ({said}): its figures are not compared."
    n_moved, n_doubtful = len(found.of(kinds.MOVED)), len(found.of(kinds.DOUBTFUL))
    if not n_moved:
        yield "\nNothing has moved by more than chance explains."
    untold = () if tells_all else (kinds.WITHIN, kinds.SAME)
    heads = {kind: head for kind, head in kinds.HEADS.items() if kind not in untold}
    if n_doubtful == 1:
        heads[kinds.DOUBTFUL] = heads[kinds.DOUBTFUL].replace("their own intervals", "its own interval")
    for kind, head in heads.items():
        yield from _tell_kind(found, found.of(kind), head)
    n_same = len(found.of(kinds.SAME)) + len(found.of(kinds.WITHIN))
    if not tells_all and n_same:
        them = word_for(n_same, "it", "them")
        yield f"\n{say_count(n_same, 'figure')} did not move beyond chance; --all lists {them}."


def _tell_kind(found: Comparison, moves: Sequence[Move], head: str) -> Iterator[str]:
    if not moves:
        return
    yield f"\n{head} ({len(moves):,}):"
    for report in dict.fromkeys(move.report for move in moves[:_MOST_LISTED]):
        yield f"  {_title(found, report)}"
        for move in moves[:_MOST_LISTED]:
            if move.report == report:
                yield f"    {_label(move.figure)}: {_say(move.before)} -> {_say(move.after)}"
    if len(moves) > _MOST_LISTED:
        yield f"  and {len(moves) - _MOST_LISTED:,} more (--json lists all)"


def _title(found: Comparison, report: str) -> str:
    return found.after.titles.get(report) or found.before.titles.get(report) or report


def _label(figure: Figure) -> str:
    return f"{figure.label} ({figure.group})" if figure.group else figure.label


def _say(figure: Figure | None) -> str:
    from crm_research.show.formats import format_estimate, format_interval

    if figure is None:
        return "none"
    interval = format_interval(figure)
    return f"{format_estimate(figure)} ({interval})" if interval else format_estimate(figure)


def _as_record(found: Comparison) -> dict[str, Any]:
    return {
        "study": found.after.study,
        "before": found.before.as_of,
        "after": found.after.as_of,
        "n_tested": found.n_tested,
        "is_of_same_records": found.is_of_same_records,
        "changed_parameters": found.changed_parameters,
        "moves": [_move_record(move) for move in found.moves],
    }


def _move_record(move: Move) -> dict[str, Any]:
    numbers = ("difference", "lower", "upper", "p_value", "p_adjusted")
    held = asdict(move)
    return {
        "report": move.report,
        "id": move.figure.id,
        "group": move.figure.group,
        "label": move.figure.label,
        "kind": move.kind,
        "before": move.before.as_record() if move.before else None,
        "after": move.after.as_record() if move.after else None,
        **{name: held[name] if held[name] is not None and math.isfinite(held[name]) else None for name in numbers},
    }
