"""Telling people that a run failed: a mail with the cells that did and what they said."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final
from urllib.parse import unquote, urlsplit

from crm_research.addresses import expand_environment
from crm_research.errors import CrmError
from crm_research.schedule.definition import MailRule

_SECONDS: Final = 30.0
_PORTS: Final = {"smtp": 587, "smtps": 465}
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})

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


def notify(notice: Notice, *, sender_address: str, send: Sender) -> None:
    """Tell somebody something by whatever sends mail."""
    message = EmailMessage()
    message["Subject"] = " ".join(notice.subject.split())
    message["From"] = sender_address
    message["To"] = ", ".join(notice.to)
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=sender_address.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(notice.lines) + "\n")
    send(message)


def smtp_sender(rule: MailRule, *, context: ssl.SSLContext | None = None) -> Sender:
    """Send by the server that a schedules file names, encrypted; a server on this machine may do without.

    Raises
    ------
    CrmError
        When sending fails, with the server's own words and without its password.
    """

    def send(message: EmailMessage) -> None:
        place = urlsplit(rule.server)
        host, port = place.hostname or "", place.port or _PORTS[place.scheme]
        try:
            _send(message, place.scheme, host, port, rule.server, context or ssl.create_default_context())
        except (OSError, smtplib.SMTPException) as problem:
            raise CrmError(f"The mail server {host}:{port} did not take the mail: {_say(problem)}.") from None

    return send


def _send(message: EmailMessage, scheme: str, host: str, port: int, server: str, context: ssl.SSLContext) -> None:
    user, password = (unquote(expand_environment(part or "")) for part in _credentials(server))
    if scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(host, port, timeout=_SECONDS)
    with connection:
        connection.ehlo()
        if scheme == "smtp":
            if connection.has_extn("starttls"):
                connection.starttls(context=context)
                connection.ehlo()
            elif host not in _HERE:
                raise smtplib.SMTPException("it offers no encryption (STARTTLS), so nothing was sent")
        if user:
            connection.login(user, password)
        connection.send_message(message)


def _credentials(server: str) -> tuple[str, str]:
    before, at, _ = server.partition("://")[2].rpartition("@")
    user, _, password = before.partition(":") if at else ("", "", "")
    return user, password


def _say(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{address}: {_text(said)}" for address, (_, said) in problem.recipients.items())
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"{problem.smtp_code} {_text(problem.smtp_error)}".strip()
    said = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return " ".join(str(said).split()).rstrip(".")


def _text(said: str | bytes) -> str:
    return said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
