"""``crm-research demo``: the reports on samples, to look at."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crm_research.cli.options import MOST_JOBS
from crm_research.vocabulary import say_count


@click.command("demo", short_help="Show the reports on samples.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where pages go (default: reports/).")
@click.option("--again", is_flag=True, help="Make them anew, also where they are there already.")
@click.option("--no-open", is_flag=True, help="Only say where the index is; open no browser.")
@click.option(
    "--jobs", type=click.IntRange(1, MOST_JOBS), help="Reports at a time (default: the cores of this machine)."
)
def command(out: Path | None, again: bool, no_open: bool, jobs: int | None) -> None:
    """Make every report on the samples (minutes, once), and open their index.

    \b
    crm-research demo
    crm-research demo --no-open --out /tmp/pages

    Samples whose packages are not installed are named and left out: pip install "crm-research[samples]" brings them.
    The simulated company is always there. Exit status: 0 all well, 1 some reports failed or none was made.
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.errors import StudyError
    from crm_research.reporting.run import run_reports
    from crm_research.settings import read_settings
    from crm_research.sources.opening import find_samples

    target = (out or read_settings().reports).resolve()
    ready, missing = find_samples()
    made = [name for name in ready if any((target / name).glob("*/run.json"))]
    wanted = ready if again else [name for name in ready if name not in made]
    n_failed = 0
    for name, why in missing.items():
        click.echo(f"{name}: left out. {why}")
    if wanted:
        summary = run_reports(studies=wanted, out=target, jobs=jobs)
        n_failed = summary.n_failed
        click.echo(
            f"{say_count(len(summary.outcomes) - n_failed, 'report')} made{f', {n_failed} failed' if n_failed else ''}."
        )
    index = target / "index.html"
    if not index.is_file():
        raise StudyError("No sample could be read, so there is no report to show.")
    click.echo(f"Open {index}")
    if not no_open:
        click.launch(index.as_uri())
    if n_failed:
        sys.exit(1)
