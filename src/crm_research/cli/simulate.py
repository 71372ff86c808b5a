"""``crm-research simulate``: write the records of a company whose truth is known."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from crm_research.cli.options import Day
from crm_research.vocabulary import DAYS_PER_YEAR, say_count, word_for

if TYPE_CHECKING:
    from crm_research.simulate import World

_MOST_HOLDOUT_DAYS: Final = 36_525


@click.command("simulate")
@click.option("--customers", "n_customers", type=int, default=5_000, show_default=True, help="How many customers.")
@click.option("--seed", type=int, default=20170101, show_default=True, help="Start of every chance draw.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write; must be empty."
)
@click.option(
    "--as-of",
    type=Day(),
    metavar="YYYY-MM-DD",
    default="2024-06-30",
    show_default=True,
    help="Date the study stands at.",
)
@click.option("--years", type=float, default=2.5, show_default=True, help="Years of records before that date.")
@click.option("--holdout-days", type=int, default=184, show_default=True, help="Days of records after it; 0: none.")
@click.option("--segments", "n_segments", type=int, default=4, show_default=True, help="Groups of customers, 1 to 8.")
@click.option("--separation", type=float, default=1.0, show_default=True, help="How far groups differ; 0: not at all.")
@click.option("--effect", "campaign_effect", type=float, default=0.4, show_default=True, help="Lift of a campaign.")
@click.option(
    "--dirt", type=float, default=0.0, show_default=True, help="Share of faulty records in systems/; 0: no systems/."
)
@click.option("--null", "is_null", is_flag=True, help="A world where nothing has an effect.")
@click.option("--name", default="simulated", show_default=True, help="Name of the study that is written.")
@click.option("--force", "replace", is_flag=True, help="Replace the simulated world that is in the folder.")
def command(
    out: Path, as_of: datetime, years: float, holdout_days: int, is_null: bool, replace: bool, **others: Any
) -> None:
    """Write the records of a company whose truth is known.

    All canonical tables as Parquet, a study.yaml to run reports on, and the truth beside them.

    \b
    Example:
      crm-research simulate --customers 20000 --seed 7 --out worlds/seven
      crm-research run --study worlds/seven/study.yaml
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.errors import ParameterError
    from crm_research.simulate import WorldSettings, simulate_world
    from crm_research.sources.definition import believable

    if not 0 < years <= 100:
        raise ParameterError(f"--years must lie above 0 and be at most 100, found {years:g}.")
    if not 0 <= holdout_days <= _MOST_HOLDOUT_DAYS:
        raise ParameterError(f"--holdout-days must lie between 0 and {_MOST_HOLDOUT_DAYS:,}, found {holdout_days:,}.")
    try:
        believable(as_of)
        believable(as_of - timedelta(days=round(years * DAYS_PER_YEAR)))
    except (ValueError, OverflowError) as problem:
        raise ParameterError(
            f"--as-of, or the {years:g} {word_for(years, 'year') if years == 1 else 'years'} before it, {problem}."
        ) from None
    if is_null:
        del others["n_segments"], others["campaign_effect"]
    make = WorldSettings.without_effects if is_null else WorldSettings
    try:
        settings = make(
            start=as_of - timedelta(days=round(years * DAYS_PER_YEAR)),
            as_of=as_of,
            holdout_until=as_of + timedelta(days=holdout_days) if holdout_days else None,
            **others,
        )
    except ParameterError as problem:
        raise ParameterError(_by_option(str(problem))) from None
    began = time.monotonic()
    world = simulate_world(settings, out, replace=replace, on_progress=_tell_progress)
    _tell_result(world, time.monotonic() - began)


def _by_option(said: str) -> str:
    """What is wrong with a setting, said of the option that gives it."""
    for option in command.params:
        said = re.sub(rf"\b{option.name}(?= must)", option.opts[0], said)
    return said


def _tell_progress(n_done: int, n_all: int) -> None:
    click.echo(f"\r{n_done:,} of {say_count(n_all, 'customer')}", nl=n_done == n_all, err=True)


def _tell_result(world: World, seconds: float) -> None:
    rows = ", ".join(f"{table} {n:,}" for table, n in sorted(world.n_rows.items()))
    click.echo(f"Rows: {rows}.", err=True)
    click.echo(f"Written in {seconds:.1f} s. Run the reports with", err=True)
    click.echo(f"  crm-research run --study {world.study_file}", err=True)
    click.echo(str(world.study_file))
