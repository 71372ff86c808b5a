"""Telling people that a run failed: a mail with the cells that did and what they said."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from crm_research.errors import CrmError

# The same that publishing goes by.
SERVER: Final = "CRM_RESEARCH_SMTP"
PASSWORD: Final = "CRM_RESEARCH_SMTP_PASSWORD"  # noqa: S105  (its name)
SENDER: Final = "CRM_RESEARCH_MAIL_FROM"
AUTHORITY: Final = "CRM_RESEARCH_SMTP_CA_FILE"
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


def sender_address() -> str:
    """Whom mail is from.

    Raises
    ------
    CrmError
        If the environment names no address.
    """
    found = os.environ.get(SENDER, "").strip()
    if "@" not in found:
        raise CrmError(
            f"{SENDER} says whom mail is from, and names no address. Set it to one like reports@example.com."
        )
    return found


def smtp_sender() -> Sender:
    """Send by the mail server that the environment names, encrypted; a server on this machine may do without.

    Raises
    ------
    CrmError
        When sending fails, with the server's own words and without its password.
    """

    def send(message: EmailMessage) -> None:
        text = os.environ.get(SERVER, "").strip()
        place = urlsplit(text)
        if place.scheme not in _PORTS or not place.hostname:
            raise CrmError(f"{SERVER} names no mail server. Set it to smtp://USER@HOST:587 or smtps://USER@HOST:465.")
        port = place.port or _PORTS[place.scheme]
        try:
            _send(message, place, port)
        except (OSError, smtplib.SMTPException) as problem:
            raise CrmError(f"The mail server {place.hostname}:{port} did not take the mail: {_say(problem)}.") from None

    return send


def _send(message: EmailMessage, place: SplitResult, port: int) -> None:
    context = ssl.create_default_context(cafile=os.environ.get(AUTHORITY) or None)
    host, user = place.hostname or "", unquote(place.username or "")
    if place.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(host, port, timeout=_SECONDS)
    with connection:
        connection.ehlo()
        if place.scheme == "smtp":
            if connection.has_extn("starttls"):
                connection.starttls(context=context)
                connection.ehlo()
            elif host not in _HERE or user:
                raise smtplib.SMTPException("it offers no encryption (STARTTLS), so nothing was sent")
        if user:
            connection.login(user, _password())
        connection.send_message(message)


def _password() -> str:
    """Of the environment, or of the file that it names."""
    held, file = os.environ.get(PASSWORD), os.environ.get(f"{PASSWORD}_FILE")
    if held or not file:
        return held or ""
    return Path(file).expanduser().read_text(encoding="utf-8").splitlines()[0].strip()


def _say(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{address}: {_text(said)}" for address, (_, said) in problem.recipients.items())
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"{problem.smtp_code} {_text(problem.smtp_error)}".strip()
    said = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return " ".join(str(said).split()).rstrip(".")


def _text(said: str | bytes) -> str:
    return said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
