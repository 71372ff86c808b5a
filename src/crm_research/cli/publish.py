"""``crm-research publish``: send the pages to where their readers are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.delivery.asked import Asked
    from crm_research.delivery.mailing import Mailed
    from crm_research.delivery.publishing import Published


@click.command("publish", short_help="Publish the pages: folders, stores, servers, mail.")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--study", "studies", multiple=True, metavar="NAME|FILE", help="Study whose pages to publish; may be repeated."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Where the pages are (default: reports/)."
)
@click.option(
    "--to", "lists", multiple=True, metavar="LIST", help="Mail this list of the study file only; may be repeated."
)
@click.option(
    "--recipient", "recipients", multiple=True, metavar="ADDRESS", help="Mail this address, too; may be repeated."
)
@click.option(
    "--keep-runs", type=click.IntRange(min=1), metavar="N", help="Keep the newest N days of each study there."
)
@click.option(
    "--keep-days", type=click.IntRange(min=1), metavar="N", help="Keep what lies within N days of each study's newest."
)
@click.option(
    "--private", multiple=True, metavar="FOLDER", help="Send this folder of private/, too, with its real ids."
)
@click.option(
    "--no-parts", is_flag=True, help="Leave out parts of customers (run --each); what lies there of them stays."
)
@click.option("--dry-run", "is_dry", is_flag=True, help="Show what would go where; send nothing.")
def command(
    targets: tuple[str, ...],
    studies: tuple[str, ...],
    out: Path | None,
    lists: tuple[str, ...],
    recipients: tuple[str, ...],
    keep_runs: int | None,
    keep_days: int | None,
    private: tuple[str, ...],
    no_parts: bool,
    is_dry: bool,
) -> None:
    """Send the pages to where their readers are.

    \b
    crm-research publish /srv/www/reports
    crm-research publish s3://bucket/reports --study shop --keep-runs 12
    crm-research publish webdavs://cloud.example.com/reports sftp://web@example.com/srv/www
    crm-research publish mail --study shop --dry-run
    crm-research publish --study shop

    A TARGET is a folder, an address of a store or server, mail, or the name that a study file gives a target under
    publish. Without one, everything goes that the study files say: their targets, and mail to their recipients.
    Readers see the old site or the new one: nothing is put in place before all was sent, and the index comes last.
    What is there already is not sent again, and nothing is removed that was not published from here.

    Passwords and keys come from the environment, never from a study file: crm-research manual publish names them.
    Exit status: 0 all well, 1 some targets failed (each is named), 2 nothing could be sent.
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.delivery.asked import read_asked
    from crm_research.delivery.mailing import send_mail
    from crm_research.delivery.publishing import publish_site
    from crm_research.delivery.targets import Keep

    asked = read_asked(
        targets,
        studies=studies,
        shelf=out,
        lists=lists,
        recipients=recipients,
        keep=Keep(runs=keep_runs, days=keep_days),
    )
    if asked.unknown:
        click.echo(
            f"The ids of {', '.join(asked.unknown)} were not looked for: name "
            f"{word_for(len(asked.unknown), 'its file', 'their files')} with --study.",
            err=True,
        )
    published: list[Published] = []
    if asked.targets:
        published = publish_site(
            asked.shelf,
            asked.targets,
            studies=asked.studies,
            study_files=asked.study_files,
            private=private,
            with_parts=not no_parts,
            is_dry=is_dry,
        )
    for one in published:
        _tell(one, is_dry)
    mailed = send_mail(asked, is_dry=is_dry) if asked.letters else []
    for each in mailed:
        _tell_mail(each, asked, is_dry)
    problems = [*(one.problem for one in published), *(each.problem for each in mailed)]
    n_failed = len(problems) - problems.count(None)
    # A letter that reached some did not fail whole.
    is_nothing = n_failed == len(problems) and not any(each.recipients for each in mailed)
    if n_failed:
        sys.exit(2 if is_nothing else 1)


def _tell(one: Published, is_dry: bool) -> None:
    if one.plan is None:
        click.echo(f"crm-research: {one.problem}", err=True)
        return
    plan = one.plan
    sent = f"{say_count(len(plan.send), 'file')} {'would be sent' if is_dry else 'sent'} ({_size(plan.n_bytes)})"
    gone = f", {len(plan.remove):,} {'would be removed' if is_dry else 'removed'}" if plan.remove else ""
    click.echo(f"{one.target.said}: {sent}, {len(plan.unchanged):,} unchanged{gone}.")
    if is_dry:
        for path in plan.send:
            click.echo(f"  send    {path} ({_size(plan.result[path].size)})")
        for path in plan.remove:
            click.echo(f"  remove  {path}")


def _tell_mail(each: Mailed, asked: Asked, is_dry: bool) -> None:
    del asked
    if each.subject:
        n = len(each.recipients)
        verb = "would be sent" if is_dry else "sent"
        click.echo(f"Mail of {each.study}: {verb} to {say_count(n, 'recipient')}: {each.subject}")
    if is_dry:
        for line in _parts(each.recipients, each.parts):
            click.echo(line)
    if each.problem is not None:
        click.echo(f"crm-research: {each.problem}", err=True)


def _parts(recipients: Sequence[str], parts: Sequence[tuple[str, int]]) -> list[str]:
    return [f"  to      {address}" for address in recipients] + [f"  part    {name} ({_size(n)})" for name, n in parts]


def _size(n_bytes: int) -> str:
    if n_bytes < 1_000:
        return f"{n_bytes} {word_for(n_bytes, 'byte', 'bytes')}"
    if n_bytes < 1_000_000:
        return f"{n_bytes / 1_000:,.0f} kB"
    return f"{n_bytes / 1_000_000:,.1f} MB"
