"""Sending mail: one message a recipient, over a line that nobody else reads."""

from __future__ import annotations

import os
import re
import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as LINES_OF_SMTP
from functools import partial
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from crm_research.addresses import hide_credentials, holds_password
from crm_research.delivery.letter import Content
from crm_research.delivery.passwords import secret_of
from crm_research.delivery.retries import FIRST_PAUSE, TRIES, trying
from crm_research.errors import CrmError
from crm_research.sources.delivery_rule import why_no_recipient

SERVER: Final = "CRM_RESEARCH_SMTP"
PASSWORD: Final = "CRM_RESEARCH_SMTP_PASSWORD"  # noqa: S105  (its name)
SENDER: Final = "CRM_RESEARCH_MAIL_FROM"
AUTHORITY: Final = "CRM_RESEARCH_SMTP_CA_FILE"
_SECONDS: Final = 30.0
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_PORTS: Final = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """The server that mail is given to.

    Parameters
    ----------
    is_tls
        The line is closed to others from its first sign on; otherwise from STARTTLS on.
    """

    host: str
    port: int
    is_tls: bool
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    authority: str | None = None

    @property
    def said(self) -> str:
        """How messages name it."""
        return f"{self.host}:{self.port}"


def read_server() -> MailServer:
    """The mail server of the environment.

    Raises
    ------
    CrmError
        If the environment names none, or names it wrongly; no message shows a password.
    """
    text = os.environ.get(SERVER, "").strip()
    sender = os.environ.get(SENDER, "").strip()
    if not text:
        raise CrmError(
            f"Mail needs a server, and {SERVER} names none. Set it to smtps://USER@HOST:465, or to "
            f"smtp://USER@HOST:587 for one that begins with STARTTLS, and {PASSWORD} (or {PASSWORD}_FILE) to the "
            "password. Nothing was sent."
        )
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in _PORTS or not parts.hostname or port == -1 or holds_password(text):
        why = "holds a password" if holds_password(text) else "is no address of a mail server"
        raise CrmError(
            f"{SERVER} {why} ({hide_credentials(text)}). Write smtps://USER@HOST:465 or smtp://USER@HOST:587, and the "
            f"password into {PASSWORD} or into the file that {PASSWORD}_FILE names. Nothing was sent."
        )
    if not sender or why_no_recipient(sender) is not None:
        found = f"{sender[:60]!r} is no address" if sender else "it is not set"
        raise CrmError(
            f"{SENDER} says whom mail is from, and {found}. Set it to an address such as reports@example.com. Nothing "
            "was sent."
        )
    return MailServer(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        is_tls=parts.scheme == "smtps",
        sender=sender,
        user=unquote(parts.username) if parts.username else None,
        password=secret_of(PASSWORD),
        authority=os.environ.get(AUTHORITY) or None,
    )


def message_of(content: Content, *, sender: str, recipient: str) -> EmailMessage:
    """The letter to one recipient: text, the same as HTML with its pictures, and what goes along."""
    message = EmailMessage(policy=LINES_OF_SMTP)
    message["Subject"] = content.subject
    message["From"] = sender
    message["To"] = recipient
    message["Auto-Submitted"] = "auto-generated"
    said = "\0".join((content.study, content.subject, content.plain, recipient))
    # The same letter has the same name: one that arrives twice is shown once.
    message["Message-ID"] = f"<{sha256(said.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"
    message["Date"] = _now()
    message.set_content(content.plain)
    message.add_alternative(content.html, subtype="html")
    body: Any = message.get_payload()[1]  # type: ignore[index]
    for picture in {picture.name: picture for picture in content.pictures}.values():
        body.add_related(
            picture.content, "image", picture.kind, cid=f"<{picture.name}>", filename=f"{picture.name}.{picture.kind}",
            disposition="inline",
        )  # fmt: skip
    for path in content.attached:
        message.add_attachment(path.read_bytes(), "application", "pdf", filename=path.name)
    return message


def _now() -> str:
    # The clock of the sending, never that of an analysis.
    from email.utils import formatdate

    return formatdate(usegmt=True)


def send(
    server: MailServer,
    content: Content,
    recipients: Sequence[str],
    *,
    tries: int = TRIES,
    pause: float = FIRST_PAUSE,
) -> dict[str, str]:
    """Send a letter to each; who does not get it leaves the others getting theirs.

    Returns
    -------
    dict
        Recipient to why it was not sent, for those to whom it was not.

    Raises
    ------
    CrmError
        If the server cannot be spoken to at all; nobody has then got it.
    """
    line = _Line(server)
    refused: dict[str, str] = {}
    try:
        trying(line.open, tries=tries, pause=pause)
        for recipient in recipients:
            message = message_of(content, sender=server.sender, recipient=recipient)
            try:
                trying(partial(line.send, message), tries=tries, pause=pause, between=line.reopen)
            except (smtplib.SMTPException, OSError) as problem:
                refused[recipient] = _say(problem, server)
                line.reset()
    except (smtplib.SMTPException, OSError, ssl.SSLError) as problem:
        raise CrmError(f"No mail of {content.study} was sent: {_say(problem, server)}.") from None
    finally:
        line.close()
    return refused


def send_message(server: MailServer, message: EmailMessage) -> None:
    """Send one message that is written already, without another try.

    Raises
    ------
    CrmError
        If the server does not take it.
    """
    line = _Line(server)
    try:
        line.open()
        line.send(message)
    except (smtplib.SMTPException, OSError) as problem:
        raise CrmError(f"The mail was not sent: {_say(problem, server)}.") from None
    finally:
        line.close()


class _Line:
    """The line to the server, opened anew where it broke."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._smtp: smtplib.SMTP | None = None

    def open(self) -> smtplib.SMTP:
        """Speak to it, behind closed doors, as whom it knows."""
        server = self._server
        context = ssl.create_default_context(cafile=server.authority)
        if server.is_tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
        self._smtp = smtp
        smtp.ehlo()
        if not server.is_tls:
            if smtp.has_extn("starttls"):
                smtp.starttls(context=context)
                smtp.ehlo()
            elif server.host not in _LOOPBACK or server.user:
                raise _NotClosed
        if server.user:
            smtp.login(server.user, server.password or "")
        return smtp

    def send(self, message: EmailMessage) -> None:
        """One message to its recipient."""
        smtp = self._smtp or self.open()
        smtp.send_message(message)

    def reset(self) -> None:
        """Forget a message that was refused half-way."""
        if self._smtp is not None:
            try:
                self._smtp.rset()
            except (smtplib.SMTPException, OSError):
                self.close()

    def reopen(self) -> None:
        """A new line with the next message; it is opened there, where a failure is tried again."""
        self.close()

    def close(self) -> None:
        """Say goodbye."""
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
            self._smtp = None


class _NotClosed(smtplib.SMTPNotSupportedError):
    """The line stays open to others."""


def _say(problem: Exception, server: MailServer) -> str:
    """What a mail server refused, in words without what it was shown."""
    from crm_research.delivery.faults import without_secrets

    place = f"the mail server {server.said}"
    if isinstance(problem, _NotClosed):
        return (
            f"{place} offers no STARTTLS, so that anybody on the way reads the mail. Name it with smtps://, or another"
        )
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return f"{place} does not take user and password. Check {SERVER} and {PASSWORD}"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return (
            f"{place} shows a certificate that nobody here vouches for. Have it mended, or name the house's own in "
            f"{AUTHORITY}"
        )
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        code, refusal = next(iter(problem.recipients.values()))
        return f"{place} refuses the address ({code} {_text(refusal)})"
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"{place} refuses ({problem.smtp_code} {_text(problem.smtp_error)})"
    if isinstance(problem, ssl.SSLError):
        return f"{place} does not speak TLS there. smtps:// is for ports that begin with it, smtp:// for STARTTLS"
    said = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return f"{place} cannot be reached, or breaks off: {without_secrets(str(said))}"


def _text(said: bytes | str) -> str:
    from crm_research.delivery.faults import without_secrets

    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return without_secrets(re.sub(r"\s+", " ", text))[:200]
