"""``crm-research new``: drafts for the user to correct."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import click

from crm_research.cli.options import timeout_option
from crm_research.errors import CrmError, StudyError
from crm_research.vocabulary import say_count

# Subcommands that live in modules of their own, imported only when they are asked for.
_ELSEWHERE = {"report": "new_report"}


class _Drafts(click.Group):
    """Drafts of this module, and those that other modules add."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        package = Path(__file__).parent
        added = [name for name, module in _ELSEWHERE.items() if (package / f"{module}.py").is_file()]
        return sorted([*super().list_commands(ctx), *added])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in _ELSEWHERE and name in self.list_commands(ctx):
            found: click.Command = import_module(f"{__package__}.{_ELSEWHERE[name]}").command
            return found
        return super().get_command(ctx, name)


@click.group(name="new", cls=_Drafts)
def command() -> None:
    """Draft something new: a study file from your files, or a report of your own."""


@command.command(name="study")
@click.argument("name")
@click.option("--from", "files", multiple=True, required=True, metavar="FILE", help="A file to look at; repeatable.")
@click.argument("more", nargs=-1, metavar="[FILE]...")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of data/studies/NAME.yaml."
)
@click.option("--force", is_flag=True, help="Overwrite a study file that is there.")
@timeout_option
def new_study(
    name: str, files: tuple[str, ...], more: tuple[str, ...], out: Path | None, force: bool, timeout: float | None
) -> None:
    """Draft the study file NAME by looking at your files: CSV, Parquet, Excel, DuckDB or SQLite.

    \b
    crm-research new study mine --from orders.csv
    crm-research new study mine --from orders.csv customers.xlsx --out mine.yaml
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.sources.drafts.draft import draft_study
    from crm_research.sources.opening import open_study
    from crm_research.time_limit import TimeLimitExceeded, allow_for, time_limit

    target = _target(name, out, force=force)
    reference = name if out is None else _shown(target)
    given = [*files, *more]
    for file in given:
        if Path(file).exists() and not (Path(file).is_file() or Path(file).is_dir()):
            raise StudyError(f"{file} is a pipe or a device, no file. Save what it gives as a file first.")
    with time_limit(f"Looking at {', '.join(given)}", seconds=timeout):
        allow_for(n_bytes=sum(Path(file).stat().st_size for file in given if Path(file).is_file()))
        drafted = draft_study(name, given, beside=target.parent, reference=reference)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(drafted.text, encoding="utf-8")
    click.echo(f"Drafted {_shown(target)}:")
    for table, file, n_unsure in drafted.guesses:
        doubt = f", {say_count(n_unsure, 'guess', 'guesses')} to check" if n_unsure else ""
        click.echo(f"  {table:<12} from {file}{doubt}")
    for file, reason in drafted.unused:
        click.echo(f"  (not used)   {file}: {reason}")
    try:
        with time_limit(f"Reading {_shown(target)}", seconds=timeout):
            open_study(target)
    except TimeLimitExceeded:
        raise
    except CrmError as problem:
        click.echo(f"\nIt does not open yet:\n{problem}\n")
    click.echo(f"Read it, correct the lines marked CHECK, then: crm-research check {reference}")


def _target(name: str, out: Path | None, *, force: bool) -> Path:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", name):
        raise StudyError(
            f"A study's name is made of at most 80 of a-z, 0-9 and hyphens, such as my-shop; found {name[:90]!r}."
        )
    if out is None:
        from crm_research.settings import read_settings

        out = read_settings().studies / f"{name}.yaml"
    out = out.expanduser().resolve()
    if out.exists() and not force:
        raise StudyError(f"{_shown(out)} is there already. Give --force to overwrite it, or --out for another place.")
    return out


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
