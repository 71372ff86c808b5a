"""``crm-research cache``: which tables are kept so that they need not be read again, and remove them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_research.sources.cache import CachedTable


@click.command("cache")
@click.argument("studies", metavar="[STUDY]...", nargs=-1)
@click.option("--clear", "is_clearing", is_flag=True, help="Remove the tables that would be listed.")
@click.option("--unused-for", type=click.IntRange(min=0), metavar="DAYS", help="Only those not used for so many days.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON, for programs.")
def command(studies: tuple[str, ...], is_clearing: bool, unused_for: int | None, as_json: bool) -> None:
    """List the tables that are kept, or remove them.

    Tables that were made of text of a megabyte or more, or of a workbook, are kept as Parquet, so that the next check,
    run or notebook need not read the text again. They are used while nothing changes that they rest on: files, study
    file, this program. So is what checks found of 100,000 rows or more, which --clear removes, too. A STUDY is a name
    or a study file; none means all.

    \b
    Examples:
      crm-research cache
      crm-research cache --clear
      crm-research cache shop.yaml --clear
      crm-research cache --unused-for 30 --clear
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.sources.cache import cache_folder, clear_cache, list_cached
    from crm_research.sources.kept_records import OPENINGS, VERDICTS, forget_records

    found = _pick(list_cached(), studies, unused_for)
    stay = clear_cache(found) if is_clearing else []
    gone = [held for held in found if held not in stay] if is_clearing else []
    if is_clearing and unused_for is None:
        # What checks found holds values of the records, too.
        for room in (VERDICTS, OPENINGS):
            forget_records(room, _files_of(studies) if studies else None)
    folder = cache_folder()
    if as_json:
        listed = [_as_record(held) for held in (stay if is_clearing else found)]
        click.echo(json.dumps({"folder": str(folder), "tables": listed, "n_removed": len(gone)}, indent=2))
        return
    if is_clearing:
        click.echo(f"Removed {_count(gone)} from {folder}.")
        if stay:
            click.echo(
                f"Somebody reads {_count(stay)}; {word_for(len(stay), 'it stays', 'they stay')} until then: "
                f"{_names(stay)}.",
                err=True,
            )
            sys.exit(1)
        return
    if not found:
        click.echo(f"No tables are kept in {folder}.")
        return
    _print_tables(found)
    click.echo(f"\n{_count(found)} in {folder}, which nobody else may read. --clear removes them.")


def _files_of(studies: Sequence[str]) -> set[str]:
    from crm_research.sources.opening import find_study_file

    return {str(find_study_file(study)) for study in studies}


def _pick(tables: Sequence[CachedTable], studies: Sequence[str], unused_for: int | None) -> list[CachedTable]:
    wanted = _files_of(studies)
    since = datetime.now(UTC) - timedelta(days=unused_for or 0)
    return [
        held
        for held in tables
        if (not studies or held.study in wanted) and (unused_for is None or held.used_at <= since)
    ]


def _as_record(held: CachedTable) -> dict[str, object]:
    return {
        "study": held.study,
        "table": held.table,
        "source": held.source,
        "n_rows": held.n_rows,
        "n_bytes": held.n_bytes,
        "made_at": held.made_at,
        "used_at": held.used_at.isoformat(timespec="seconds") if held.record.exists() else None,
        "file": str(held.file),
    }


def _count(tables: Sequence[CachedTable]) -> str:
    return f"{say_count(len(tables), 'table')} ({_say_bytes(sum(held.n_bytes for held in tables))})"


def _say_bytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB"


def _names(tables: Sequence[CachedTable]) -> str:
    return ", ".join(f"{held.table} of {Path(held.study).name}" for held in tables)


def _print_tables(tables: Sequence[CachedTable]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    shown.add_column("study", overflow="fold")
    shown.add_column("table", no_wrap=True)
    for name in ("rows", "size", "made", "last used"):
        shown.add_column(name, justify="right", no_wrap=True)
    for held in tables:
        made = datetime.fromisoformat(held.made_at)
        shown.add_row(
            Path(held.study).name,
            held.table,
            f"{held.n_rows:,}",
            _say_bytes(held.n_bytes),
            f"{made:%Y-%m-%d}",
            f"{held.used_at:%Y-%m-%d}",
        )
    Console(file=sys.stdout, highlight=False, emoji=False, markup=False).print(shown)
