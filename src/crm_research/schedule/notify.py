"""Telling people that a run failed: a mail with the cells that did and what they said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from crm_research.delivery.smtp import read_server, send_message

Sender = Callable[[EmailMessage], None]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What somebody is told.

    Parameters
    ----------
    to
        Addresses.
    subject, lines
        The mail.
    """

    to: Sequence[str]
    subject: str
    lines: Sequence[str]


def notify(notice: Notice, *, sender: str, send: Sender) -> None:
    """Tell somebody something by whatever sends mail."""
    message = EmailMessage()
    message["Subject"] = " ".join(notice.subject.split())
    message["From"] = sender
    message["To"] = ", ".join(notice.to)
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(notice.lines) + "\n")
    send(message)


def smtp_sender() -> tuple[str, Sender]:
    """Whom mail is from, and what sends it: by the server of publishing, which the environment names.

    Raises
    ------
    CrmError
        If the environment names no server or no sender.
    """
    server = read_server()
    return server.sender, lambda message: send_message(server, message)
