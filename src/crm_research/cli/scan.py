"""``crm-research scan``: is there anything of a person in what is about to be published?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crm_research.vocabulary import say_count, word_for

_MOST_TOLD = 50


@click.command("scan", short_help="Look for ids, addresses, phones and cards of persons in written reports.")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--study",
    "studies",
    multiple=True,
    metavar="NAME|FILE",
    help="Study whose ids are looked for; may be repeated (default: those in data/studies that have pages there).",
)
def command(folder: Path | None, studies: tuple[str, ...]) -> None:
    """Look for ids, e-mail addresses, phones, identity cards, accounts and payment cards in written reports.

    \b
    crm-research scan
    crm-research scan pages --study mine.yaml

    Every file of FOLDER (default: reports/) is read: pages, notebooks, figures, lists, workbooks, and files inside
    links. Its folder private/ is left out, as publishing leaves it out. Each finding is told by file, place and kind,
    never by its value. Exit status: 0 nothing was found, 1 something was, 2 the folder or a study cannot be read.
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.privacy.known_ids import IdsOfStudy
    from crm_research.privacy.scan import scan_reports
    from crm_research.settings import read_settings
    from crm_research.sources.opening import list_studies, open_study

    target = folder or read_settings().reports
    made = {path.parent.parent.name for path in target.glob("*/*/run.json")}
    known = {entry.name for entry in list_studies()}
    asked = list(studies) or sorted(made & known)
    opened = [open_study(given) for given in asked]
    found = scan_reports(target, {study.name: IdsOfStudy(study) for study in opened})
    unknown = sorted(made - {study.name for study in opened})
    for each in found[:_MOST_TOLD]:
        click.echo(str(each))
    if len(found) > _MOST_TOLD:
        click.echo(f"and {len(found) - _MOST_TOLD:,} more.")
    if unknown:
        click.echo(
            f"The ids of {', '.join(unknown)} were not looked for: name "
            f"{word_for(len(unknown), 'its file', 'their files')} with --study.",
            err=True,
        )
    if found:
        click.echo(f"{say_count(len(found), 'place')} to mend in {target} before anything is published.")
        sys.exit(1)
    click.echo(f"Nothing of a person was found in {target}.")
