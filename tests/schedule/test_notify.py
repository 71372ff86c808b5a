"""A failed run is told by mail: what the server received is read, over TLS, with the failing cell and its message."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from crm_research.errors import CrmError
from crm_research.schedule.notify import Notice, notify, sender_address, smtp_sender
from tests.schedule.conftest import utc

controller = pytest.importorskip("aiosmtpd.controller")
smtp = pytest.importorskip("aiosmtpd.smtp")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


class Box:
    """What a server took."""

    def __init__(self) -> None:
        self.mails, self.logins = [], []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  (aiosmtpd calls it so)
        if any("nobody" in to for to in envelope.rcpt_tos):
            return "550 there is nobody of that name"
        self.mails.append(
            (session.ssl is not None, envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default))
        )
        return "250 taken"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl is not installed")
    return key, certificate


@pytest.fixture
def server(certificate, monkeypatch):
    key, chain = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    box = Box()

    def login(server, session, envelope, mechanism, data):
        box.logins.append((data.login.decode(), data.password.decode()))
        return smtp.AuthResult(success=data.password == b"correct horse", handled=False)

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    running = controller.Controller(
        box, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True, authenticator=login
    )
    running.start()
    for name, value in (
        ("SMTP", f"smtp://keeper@localhost:{port}"),
        ("SMTP_PASSWORD", "correct horse"),
        ("SMTP_CA_FILE", str(chain)),
        ("MAIL_FROM", "reports@example.org"),
    ):
        monkeypatch.setenv(f"CRM_RESEARCH_{name}", value)
    try:
        yield box, port
    finally:
        running.stop()


NOTICE = Notice(
    to=["desk@example.org", "boss@example.org"], subject="daily:\nnot made", lines=["Zeile über 你好", "two"]
)


def send(to: str | None = None) -> None:
    notice = Notice(to=[to], subject="s", lines=[]) if to else NOTICE
    notify(notice, sender=sender_address(), send=smtp_sender())


def test_a_mail_arrives_encrypted_with_its_login(server):
    box, _ = server
    send()
    ((is_encrypted, to, mail),) = box.mails
    assert is_encrypted
    assert box.logins == [("keeper", "correct horse")]
    assert to == ["desk@example.org", "boss@example.org"]
    assert (mail["Subject"], mail["From"]) == ("daily: not made", "reports@example.org")
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail.get_content().replace("\r\n", "\n") == "Zeile über 你好\ntwo\n"


def test_a_password_may_stand_in_a_file(server, monkeypatch, tmp_path):
    box, _ = server
    (tmp_path / "password").write_text("correct horse\n")
    monkeypatch.delenv("CRM_RESEARCH_SMTP_PASSWORD")
    monkeypatch.setenv("CRM_RESEARCH_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    send()
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("changed", "to", "said"),
    [
        (("SMTP_PASSWORD", "a wrong one"), "desk@example.org", "535"),
        (("SMTP_PASSWORD", "correct horse"), "nobody@example.org", "550 there is nobody of that name"),
        (("SMTP_CA_FILE", ""), "desk@example.org", "certificate verify failed"),
    ],
)
def test_a_server_that_refuses_is_told_without_the_password(server, monkeypatch, changed, to, said):
    box, port = server
    monkeypatch.setenv(f"CRM_RESEARCH_{changed[0]}", changed[1])
    with pytest.raises(CrmError, match=f"localhost:{port} did not take the mail") as problem:
        send(to)
    assert said in str(problem.value)
    assert "correct horse" not in str(problem.value)
    assert "a wrong one" not in str(problem.value)
    assert box.mails == []


def test_a_server_that_is_not_there_or_not_named_is_told(monkeypatch):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    monkeypatch.setenv("CRM_RESEARCH_MAIL_FROM", "reports@example.org")
    monkeypatch.setenv("CRM_RESEARCH_SMTP", f"smtp://localhost:{port}")
    with pytest.raises(CrmError, match="Connection refused"):
        send()
    monkeypatch.setenv("CRM_RESEARCH_SMTP", "mail.example.org")
    with pytest.raises(CrmError, match="CRM_RESEARCH_SMTP names no mail server"):
        send()
    monkeypatch.delenv("CRM_RESEARCH_MAIL_FROM")
    with pytest.raises(CrmError, match="CRM_RESEARCH_MAIL_FROM"):
        send()


def test_a_failed_run_is_told_with_its_cell_and_message(desk, server):
    box, _ = server
    desk.write(
        """
timezone: Europe/Berlin
tell: desk@example.org
schedules:
  daily: {cron: "0 6 * * *", studies: cdnow, reports: loyalty, retries: 0, out: pages}
"""
    )
    record = {
        "reports": [
            {
                "report": "loyalty",
                "outcome": "failed",
                "failed_attempt": {"ended_at": "2026-03-03T05:00:20+00:00"},
                "error": {"kind": "ValueError", "message": "no\n orders", "place": 'cell 7, in "Who buys again?"'},
            },
            {
                "report": "churn",
                "outcome": "failed",
                "failed_attempt": {"ended_at": "2026-03-02T05:00:20+00:00"},
                "error": {"kind": "ValueError", "message": "of the day before", "place": None},
            },
        ]
    }
    day = desk.folder / "pages" / "cdnow" / "1997-10-01"
    day.mkdir(parents=True)
    (day / "run.json").write_text(json.dumps(record), encoding="utf-8")
    desk.launcher.status = lambda arguments: 1
    desk.live(desk.scheduler(send=None), until="2026-03-03T05:10")
    ((_, to, mail),) = box.mails
    text = mail.get_content()
    assert to == ["desk@example.org"]
    assert 'where: cell 7, in "Who buys again?"' in text
    assert "said:  ValueError: no orders" in text
    assert "of the day before" not in text
    assert "Tried once: 2026-03-03 06:00 CET." in text
    assert "Nothing of this run was published" in text
    assert desk.events("told")[0]["said"] == "desk@example.org was told of it by mail."
    assert utc("2026-03-03T05:00:00") in desk.launcher.runs
