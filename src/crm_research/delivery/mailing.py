"""Mail of the newest day of each study to those who get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_research.delivery.asked import Asked, Letter
from crm_research.delivery.letter import Content, compose
from crm_research.delivery.privacy_gate import refuse_what_may_not_leave
from crm_research.delivery.site import Run, copy_runs, find_runs
from crm_research.delivery.smtp import MailServer, read_server, send
from crm_research.errors import CrmError
from crm_research.scratch import make_scratch, remove_scratch
from crm_research.settings import read_settings
from crm_research.theme.house import read_house
from crm_research.vocabulary import say_count


@dataclass(frozen=True, kw_only=True)
class Mailed:
    """What came of the letter of one study.

    Parameters
    ----------
    recipients
        Who got it, or would.
    parts
        What it is made of, with the bytes of each.
    problem
        Why it was not sent, or to whom not; None if all got it.
    """

    study: str
    recipients: tuple[str, ...] = ()
    subject: str = ""
    parts: tuple[tuple[str, int], ...] = ()
    problem: str | None = None


def send_mail(asked: Asked, *, is_dry: bool = False) -> list[Mailed]:
    """Send each letter that was asked for.

    Raises
    ------
    CrmError
        If something in the pages may not leave the house; nothing has then been sent.
    """
    newest = _newest(asked)
    server: MailServer | None = None
    problem: str | None = None
    try:
        server = None if is_dry else read_server()
    except CrmError as found:
        problem = str(found)
    scratch = make_scratch()
    try:
        copy_runs(asked.shelf, newest.values(), scratch)
        outcomes = []
        for letter in asked.letters:
            run = newest.get(letter.study)
            if run is None:
                said = f"No mail of {letter.study} was sent: {asked.shelf} holds no report of it."
                outcomes.append(Mailed(study=letter.study, problem=said))
            elif problem is not None:
                outcomes.append(Mailed(study=letter.study, problem=problem))
            else:
                outcomes.append(_send_one(letter, scratch / run.path, server, asked.study_files))
        return outcomes
    finally:
        remove_scratch(scratch)


def _newest(asked: Asked) -> dict[str, Run]:
    wanted = {letter.study for letter in asked.letters}
    return {run.study: run for run in find_runs(asked.shelf) if run.study in wanted}


def _send_one(letter: Letter, folder: Path, server: MailServer | None, study_files: Sequence[str]) -> Mailed:
    try:
        content = compose(folder, site=letter.site, house=read_house(letter.house or read_settings().house))
        # Looked at with the pages and figures that it is made of, and that the PDF prints.
        (folder / "letter.html").write_text(content.html, encoding="utf-8")
        (folder / "letter.txt").write_text(f"{content.subject}\n{content.plain}", encoding="utf-8")
        refuse_what_may_not_leave(folder, study_files)
        refused = {} if server is None else send(server, content, letter.recipients)
    except CrmError as problem:
        return Mailed(study=letter.study, problem=str(problem))
    got = tuple(address for address in letter.recipients if address not in refused)
    why = None
    if refused:
        who = "; ".join(f"{address}: {reason}" for address, reason in refused.items())
        why = (
            f"Mail of {letter.study} did not reach {len(refused):,} of "
            f"{say_count(len(letter.recipients), 'recipient')}: {who}."
        )
    return Mailed(study=letter.study, recipients=got, subject=content.subject, parts=_parts(content), problem=why)


def _parts(content: Content) -> tuple[tuple[str, int], ...]:
    return (
        ("plain text", len(content.plain.encode())),
        ("HTML", len(content.html.encode())),
        *((f"picture: {picture.alt[:60]}", len(picture.content)) for picture in content.pictures),
        *((path.name, path.stat().st_size) for path in content.attached),
    )
