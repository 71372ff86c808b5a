"""``crm-research check STUDY``: is this study fit for use, and if not, why and what mends it?"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from crm_research.cli.options import Share, timeout_option
from crm_research.contracts.findings import WARNINGS_ABOVE, Finding, Verdict, as_record, say_found
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from crm_research.study import Study

_COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan"}


@click.command("check")
@click.argument("study", metavar="STUDY")
@click.option("--as-of", metavar="DATE", help="Stand at another instant than the study's own.")
@click.option(
    "--warnings-above",
    type=Share(),
    default=WARNINGS_ABOVE,
    show_default=True,
    metavar="SHARE",
    help="Exit with 1 where a warning concerns more than this share of the rows.",
)
@click.option(
    "--anew", "is_anew", is_flag=True, help="Check again, also where nothing has changed since the last check."
)
@timeout_option
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON, for programs.")
def command(
    study: str, as_of: str | None, warnings_above: float, is_anew: bool, timeout: float | None, as_json: bool
) -> None:
    """Is STUDY (a name, or a study file) fit for use?

    \b
    crm-research check cdnow
    crm-research check mine.yaml --as-of 2024-07-01 --warnings-above 0.05
    crm-research check mine --json > verdict.json

    Prints for each table its rows and period, the rules it keeps and breaks, examples, what each failure spoils,
    and the mend. A table that cannot be read at all is told on standard error beside the verdict on the others. Exit
    status: 0 fit for use, 1 usable with care, 2 not usable. What was found of 100,000 rows or more is kept, and told
    again while nothing changes that it rests on: files, study file, this program.
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.errors import CrmError
    from crm_research.sources.kept_verdicts import judge_study
    from crm_research.sources.opening import open_study
    from crm_research.time_limit import time_limit

    _check_own_files(study)
    with time_limit(f"Reading and checking {study}", seconds=timeout):
        faults: dict[str, CrmError] = {}
        opened = open_study(study, as_of=as_of, faults=faults)
        if not opened.tables:
            raise CrmError("\n".join(dict.fromkeys(str(problem) for problem in faults.values())))
        judged = judge_study(opened, is_anew=is_anew)
    verdict = judged.verdict
    if as_json:
        record = _verdict_record(opened, verdict, warnings_above)
        record["checked_at"] = judged.made_at.isoformat(timespec="seconds") if judged.made_at else None
        if faults:
            record["exit_code"] = 2
            record["unreadable"] = {table: str(problem) for table, problem in faults.items()}
        click.echo(json.dumps(record, indent=2, ensure_ascii=False, default=str))
    else:
        _print_verdict(opened, verdict, warnings_above)
        if judged.made_at is not None:
            click.echo(
                f"Found on {judged.made_at:%Y-%m-%d at %H:%M} (UTC), and nothing has changed since that this rests on; "
                "--anew checks again."
            )
    for problem in dict.fromkeys(str(problem) for problem in faults.values()):
        click.echo(f"crm-research: {problem}", err=True)
    sys.exit(2 if faults else verdict.exit_code(warnings_above))


def _check_own_files(given: str) -> None:
    """A look and rules that the study file names are refused where they cannot be used, as a run would refuse them."""
    from crm_research.catalogue import reports
    from crm_research.reporting.asked import use_own_files
    from crm_research.sources.opening import find_study_file
    from crm_research.sources.own_files import find_own_files
    from crm_research.sources.study_file import read_study_file

    path = find_study_file(given)
    use_own_files(find_own_files(read_study_file(path), path), reports().values())


def _verdict_record(study: Study, verdict: Verdict, warnings_above: float) -> dict[str, Any]:
    tables = []
    for table in verdict.tables:
        findings = verdict.of_table(table.table)
        n_passed = sum(finding.holds for finding in findings)
        tables.append(
            {
                "table": table.table,
                "source": table.source,
                "n_rows": table.n_rows,
                "n_not_read": table.n_not_read,
                "first_at": table.first_at.isoformat() if table.first_at else None,
                "last_at": table.last_at.isoformat() if table.last_at else None,
                "columns": list(table.columns),
                "n_passed": n_passed,
                "n_failed": len(findings) - n_passed,
            }
        )
    return {
        "study": verdict.study,
        "title": study.title,
        "as_of": verdict.as_of.isoformat(),
        "holdout_until": verdict.holdout_until.isoformat() if verdict.holdout_until else None,
        "headline": verdict.headline(warnings_above),
        "exit_code": verdict.exit_code(warnings_above),
        "n_errors": len(verdict.errors),
        "n_warnings": len(verdict.warnings),
        "n_notes": len(verdict.notes),
        "tables": tables,
        "renamed": {table: dict(names) for table, names in study.renamed.items()},
        "failed": [as_record(finding) | {"examples": list(finding.examples)} for finding in verdict.failed],
        "passed": [as_record(finding) | {"examples": []} for finding in verdict.passed],
    }


def _print_verdict(study: Study, verdict: Verdict, warnings_above: float) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
    code = verdict.exit_code(warnings_above)
    colour = ("bold green", "bold yellow", "bold red")[code]
    console.print(Text(f"{study.title} ({verdict.study})", style="bold"))
    console.print(Text(verdict.headline(warnings_above), style=colour))
    holdout = f", holdout until {_say_instant(verdict.holdout_until)}" if verdict.holdout_until else ", no holdout"
    console.print(f"As of {_say_instant(verdict.as_of)}{holdout}.\n")
    console.print(_table_of_tables(verdict))
    for table, names in study.renamed.items():
        for called, kept in names.items():
            console.print(
                f"\n{table}.{called} is called as a column of ours, and kept as {kept}: ask for it by that name."
            )
    for finding in verdict.failed:
        _print_finding(console, finding)
    passed, failed = len(verdict.passed), len(verdict.failed)
    console.print(
        f"\n{say_count(passed + failed, 'check')}: {passed} passed, {say_count(len(verdict.errors), 'error')}, "
        f"{say_count(len(verdict.warnings), 'warning')}, {say_count(len(verdict.notes), 'note')}. "
        "Rules: crm-research manual checks."
    )


def _table_of_tables(verdict: Verdict) -> RenderableType:
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    shown.add_column("table", no_wrap=True)
    for name in ("rows", "first", "last", "passed", "failed"):
        shown.add_column(name, justify="right", no_wrap=True)
    for table in verdict.tables:
        findings = verdict.of_table(table.table)
        n_failed = sum(not finding.holds for finding in findings)
        period = [f"{at:%Y-%m-%d}" if at else "-" for at in (table.first_at, table.last_at)]
        shown.add_row(table.table, f"{table.n_rows:,}", *period, str(len(findings) - n_failed), str(n_failed or "-"))
    return shown


def _print_finding(console: Console, finding: Finding) -> None:
    from rich.table import Table
    from rich.text import Text

    console.print()
    heading = Text(f"{finding.severity}: ", style=_COLOURS[finding.severity])
    console.print(heading + Text(f"{finding.where} ({finding.rule})", style="bold"))
    lines = Table.grid(padding=(0, 2))
    lines.add_column(min_width=8, no_wrap=True)
    lines.add_column(overflow="fold")
    lines.add_row("  found", f"{say_found(finding)}.")
    if finding.examples:
        lines.add_row("  such as", "\n".join(finding.examples))
    lines.add_row("  spoils", finding.spoils)
    lines.add_row("  mend", finding.mend)
    if finding.accepted_share is not None:
        lines.add_row("  accepted", f"the study file accepts a share of {finding.accepted_share:g}")
    console.print(lines)


def _say_instant(at: datetime) -> str:
    at_midnight = at.hour == at.minute == at.second == 0
    return f"{at:%Y-%m-%d}" if at_midnight else f"{at:%Y-%m-%d %H:%M}"
