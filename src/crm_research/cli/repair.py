"""``crm-research repair``: which of a customer's values is taken, and what was changed for it?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_research.cli.written import say_not_read
from crm_research.vocabulary import DECIDED, REPAIR_RULES, say_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_research.repair.study_repairs import StudyRepairs
    from crm_research.repair.undo import Undone


@click.command("repair", short_help="Make one record of each customer's, with every change told.")
@click.argument("study", metavar="STUDY")
@click.option(
    "--decisions",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help="A list that people have filled in; the one beside the study file is read in any case.",
)
@click.option("--undo", "is_undone", is_flag=True, help="Put back what stood in the records before.")
@click.option("--rule", metavar="RULE", help=f"Undo only what was repaired by this rule: {', '.join(REPAIR_RULES)}.")
@click.option("--column", metavar="COLUMN", help="Undo only what was repaired in this column, name or address.")
@click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Undo only what was repaired on this day."
)
def command(
    study: str, decisions: Path | None, is_undone: bool, rule: str | None, column: str | None, on: datetime | None
) -> None:
    """Make one record of each customer in the systems of STUDY (a name, or a study file), with every change told.

    \b
    crm-research repair my-shop
    crm-research repair my-shop --decisions filled-in.csv
    crm-research repair my-shop --undo
    crm-research repair my-shop --undo --column email --rule spelling
    crm-research repair my-shop --undo --on 2026-03-31

    Which of several values is taken, the study file says under survivorship (crm-research manual repair). Your records
    are not touched. Written beside the study file, for your eyes only: each change with what stood there before
    (STUDY.repairs.parquet), which the study reads from then on; one record a customer (STUDY.golden.parquet); and what
    no rule settles (STUDY.conflicts.csv): write x under choose, and repair again. Exit status: 0, or 2 if nothing could
    be done, and then nothing is changed.
    """  # noqa: D301  (click needs the bare \b)
    if not is_undone and (rule is not None or column is not None or on is not None):
        raise click.UsageError("--rule, --column and --on say what is to be undone: add --undo.")
    if is_undone and decisions is not None:
        raise click.UsageError("--decisions and --undo do not go together: undo first, then repair.")
    lines = _undo(study, rule, column, on) if is_undone else _repair(study, decisions)
    for line in lines:
        click.echo(line)


def _repair(study: str, decisions: Path | None) -> Iterator[str]:
    from datetime import UTC

    from crm_research.repair.study_repairs import repair_study

    at = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    return _summary(repair_study(study, at=at, decisions=decisions, tell=_tell))


def _undo(study: str, rule: str | None, column: str | None, on: datetime | None) -> Iterator[str]:
    from crm_research.repair.undo import undo_repairs

    day = None if on is None else on.date()
    return _summary_of_undoing(undo_repairs(study, rule=rule, column=column, on=day, tell=_tell))


def _tell(said: str) -> None:
    click.echo(f"{said} ...", err=True)


def _summary(done: StudyRepairs) -> Iterator[str]:
    yield f"Records: {done.n_records:,} of {say_count(done.n_customers, 'customer')}."
    if done.n_later:
        yield f"Left out: {say_count(done.n_later, 'record')} made or changed after the study's as_of."
    n_values = sum(done.by_rule.values())
    if not n_values:
        yield "Nothing to repair: all records of a customer say the same, as it should be written."
    else:
        told = ", ".join(f"{rule} {n:,}" for rule, n in done.by_rule.items())
        yield f"Repaired: {say_count(n_values, 'value')} in {say_count(done.n_repaired, 'record')} ({told})."
    if done.n_settled:
        told = ", ".join(
            f"{rule} {n:,}" for rule, n in sorted(done.n_settled.items(), key=lambda one: (-one[1], one[0]))
        )
        yield f"Disputes settled: {sum(done.n_settled.values()):,} ({told})."
    if done.n_open:
        yield (
            f"Disputes that no rule settles: {done.n_open:,}, of {say_count(done.n_open_customers, 'customer')}; "
            f"listed by what the customers brought in {done.files.conflicts}. Write x under choose, and repair again."
        )
    if done.n_stale:
        fits, was = ("fits", "was") if done.n_stale == 1 else ("fit", "were")
        choices = say_count(done.n_stale, "choice")
        yield f"Note: {choices} on the list {fits} nothing that the records say now, and {was} left out."
    if done.had_repairs:
        is_same = not done.n_new and not done.n_gone
        yield (
            "Since last time: nothing has changed."
            if is_same
            else f"Since last time: {say_count(done.n_new, 'new repair')}, {done.n_gone:,} no longer there."
        )
    written = [done.files.golden, *([done.files.repairs] if n_values else [])]
    yield f"Written: {', '.join(map(str, written))}."
    if n_values and not done.is_read:
        yield say_not_read("repairs")


def _summary_of_undoing(done: Undone) -> Iterator[str]:
    yield f"Undone: {say_count(done.n_undone, 'value')}, which {'is' if done.n_undone == 1 else 'are'} as before."
    yield f"Still repaired: {say_count(done.n_left, 'value')}." if done.n_left else "Nothing is repaired any more."
    if done.n_forgotten:
        yield f"Forgotten: {say_count(done.n_forgotten, 'decision')} of people."
    if done.n_decisions:
        yield (
            f"Kept: {say_count(done.n_decisions, 'decision')} of people, in {done.files.decisions}, which the next "
            f"repair heeds; --undo --rule {DECIDED} forgets them."
        )
    if done.is_list_kept:
        yield f"Kept: what is filled in in {done.files.conflicts}, which the next repair reads."
    yield "The next repair does again what the study file says: change survivorship there for what shall not come back."
