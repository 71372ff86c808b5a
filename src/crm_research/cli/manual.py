"""``crm-research manual``: the manuals that the package carries."""

from __future__ import annotations

import sys
from typing import Final

import click

_MANUALS: Final = {
    "studies": "how a study file is written, key by key",
    "schedule": "how reports are made at their times: schedules.yaml, its commands, and where they run",
    "repair": "which of a customer's values is taken, what people decide, and how repairs are undone",
    "publish": "where pages are sent, in which forms, and where keys and passwords are",
    "checks": "the rules that tables are checked by, and what becomes of rows that break one",
}


@click.command("manual", short_help="Read the manuals: study files, schedules, repair, publishing, checks.")
@click.argument("name", required=False, type=click.Choice(list(_MANUALS)))
def command(name: str | None) -> None:
    """Read a manual; without a name, which there are.

    \b
    crm-research manual studies          how a study file is written
    crm-research manual checks > checks.md
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.errors import CrmError
    from crm_research.settings import read_settings

    if name is None:
        for each, about in _MANUALS.items():
            click.echo(f"crm-research manual {each:<10} {about}")
        return
    path = read_settings().carried_manuals / f"{name}.md"
    if not path.is_file():
        raise CrmError(f"The manual {path} is not there. Install crm_research anew, or restore it from the project.")
    text = path.read_text(encoding="utf-8")
    if sys.stdout.isatty():
        click.echo_via_pager(text)
    else:
        click.echo(text, nl=False)
