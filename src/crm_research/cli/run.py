"""``crm-research run``: make reports and say where to look."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from crm_research.cli.options import MOST_JOBS, Day, Seconds
from crm_research.vocabulary import say_count

# As crm_research.reporting.tasks has them, whose import would make every --help wait.
AUDIENCES = ("research", "management")


@click.command("run", short_help="Run reports on studies and publish their pages.")
@click.argument("reports", nargs=-1, metavar="[REPORT]...")
@click.option("--study", "studies", multiple=True, metavar="NAME|FILE", help="Study to run on; may be repeated.")
@click.option("--as-of", type=Day(), metavar="YYYY-MM-DD", help="Stand at this day instead of the study's own.")
@click.option("-p", "--parameter", "assignments", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@click.option(
    "--jobs", type=click.IntRange(1, MOST_JOBS), help="Reports at a time (default: the cores of this machine)."
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where pages go (default: reports/).")
@click.option(
    "--timeout",
    type=Seconds(),
    metavar="SECONDS",
    help="Longest that each report, and the reading and checking of each study before it, may take (default: 900 for a "
    "report; two minutes for reading, and more for large files and servers).",
)
@click.option(
    "--profile",
    "is_profiled",
    is_flag=True,
    help="Say at the end of each page where its time went: seconds and bytes by section and statement.",
)
@click.option("--pdf", "is_pdf", is_flag=True, help="Make each page as PDF beside it, too (needs Chromium).")
@click.option(
    "--xlsx", "is_xlsx", is_flag=True, help="Make a workbook of each page's figures and tables beside it, too."
)
@click.option(
    "--audience",
    type=click.Choice(AUDIENCES),
    default=AUDIENCES[0],
    show_default=True,
    help="Whom the pages are for: management reads its part and the figures, without code, rows and lists of "
    "customers. Customers stand under pseudonyms for both.",
)
@click.option(
    "--no-lists",
    is_flag=True,
    help="Make no lists with real ids; without this they go to the folder private/ of the reports, for you alone.",
)
@click.option(
    "--each",
    metavar="COLUMN",
    help="Make each report once for every value of a column that customers have (a region, a plan), of those customers "
    "alone; parts of fewer than 5 customers are withheld.",
)
@click.option(
    "--changed",
    "is_only_changed",
    is_flag=True,
    help="Make only what has changed: what was made of the same records, code and parameters stays.",
)
@click.option("--no-input-check", is_flag=True, help="Do not check the tables against their contracts first.")
def command(  # noqa: PLR0917  (one for each option)
    reports: tuple[str, ...],
    studies: tuple[str, ...],
    as_of: datetime | None,
    assignments: tuple[str, ...],
    jobs: int | None,
    out: Path | None,
    timeout: float | None,
    is_profiled: bool,
    is_pdf: bool,
    is_xlsx: bool,
    audience: str,
    no_lists: bool,
    each: str | None,
    is_only_changed: bool,
    no_input_check: bool,
) -> None:
    """Run reports on studies and publish their pages.

    \b
    crm-research run --study cdnow
    crm-research run churn --study mine.yaml -p group=plan -p horizon_months=24
    crm-research run churn loyalty --study mine --study yours --as-of 2024-07-01 --out pages
    crm-research run churn --study large --jobs 1 --profile
    crm-research run --study cdnow --pdf --xlsx
    crm-research run --study mine --audience management --no-lists
    crm-research run --study mine --changed
    crm-research run churn loyalty --study mine --each region

    Without REPORT all that apply are run, without --study every study in data/studies. Exit status: 0 all well, 1 some
    reports were not made (they failed, or read a table that is at fault; their last good pages stay), or none was,
    2 nothing could be made of what was asked (nothing was started or changed). A report that does not apply to a
    study is listed with the reason; if none of those asked for applies, that is 2.

    Beside each page lies the executed notebook; --pdf and --xlsx add REPORT.pdf and REPORT.xlsx, which are published
    with the page, as one. A later run without them takes them away: they would tell of an earlier page.
    """  # noqa: D301  (click needs the bare \b)
    if out is not None and out.exists() and not out.is_dir():
        raise click.BadParameter(f"{out} is no folder.", param_hint="--out")
    from crm_research.desk_copies import list_copies
    from crm_research.reporting.parameters import parse_assignments
    from crm_research.reporting.run import run_reports
    from crm_research.reporting.tasks import PDF, XLSX
    from crm_research.settings import read_settings

    summary = run_reports(
        reports,
        studies=studies,
        as_of=as_of.date() if as_of else None,
        parameters=parse_assignments(assignments),
        jobs=jobs,
        out=out,
        timeout_seconds=timeout,
        is_checking_input=not no_input_check,
        is_profiled=is_profiled,
        formats=[form for form, is_asked in ((PDF, is_pdf), (XLSX, is_xlsx)) if is_asked],
        audience=audience,
        is_keeping_lists=not no_lists,
        is_only_changed=is_only_changed,
        each=each,
    )
    for omission in summary.omissions:
        click.echo(f"{omission.study.name} / {omission.report.id}: not applicable: {omission.reason}")
    for problem in summary.unreadable:
        click.echo(f"crm-research: {problem}", err=True)
    for left in summary.unchanged:
        since = datetime.fromisoformat(left.made_at)
        click.echo(f"{left.study} / {left.report}: left as it is, nothing has changed since {since:%Y-%m-%d %H:%M} UTC")
    if summary.withheld:
        click.echo(summary.withheld)
    n_made = len(summary.outcomes) - summary.n_failed
    failed = f", {summary.n_failed} failed" if summary.n_failed else ""
    made = f"{say_count(n_made, 'report')} made" if n_made else "No report made"
    made += f", {say_count(len(summary.unchanged), 'report')} left as before" if summary.unchanged else ""
    click.echo(f"{made}{failed}. Open {summary.index}")
    run = {task.notebook.name for task, _ in summary.outcomes}
    for copy in list_copies(read_settings()):
        if copy.is_changed and copy.name in run:
            click.echo(f"notebooks/{copy.name} is your own: crm-research init --diff shows what you changed.")
    if summary.n_failed or summary.unreadable or not (n_made or summary.unchanged):
        sys.exit(1)
