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
from crm_research.schedule.definition import MailRule
from crm_research.schedule.notify import Notice, notify, smtp_sender
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
def server(certificate):
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
    trusting = ssl.create_default_context(cafile=chain)
    try:
        yield box, port, trusting
    finally:
        running.stop()


def rule_of(port: int, user: str = "${SMTP_USER}:${SMTP_PASSWORD}@") -> MailRule:
    return MailRule.model_validate({"server": f"smtp://{user}localhost:{port}", "from": "reports@example.org"})


NOTICE = Notice(
    to=["desk@example.org", "boss@example.org"], subject="daily:\nnot made", lines=["Zeile über 你好", "two"]
)


def test_a_mail_arrives_encrypted_with_its_login(server, monkeypatch):
    box, port, trusting = server
    monkeypatch.setenv("SMTP_USER", "keeper")
    monkeypatch.setenv("SMTP_PASSWORD", "correct horse")
    rule = rule_of(port)
    notify(NOTICE, sender_address=rule.sender, send=smtp_sender(rule, context=trusting))
    ((is_encrypted, to, mail),) = box.mails
    assert is_encrypted
    assert box.logins == [("keeper", "correct horse")]
    assert to == ["desk@example.org", "boss@example.org"]
    assert (mail["Subject"], mail["From"]) == ("daily: not made", "reports@example.org")
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail.get_content().replace("\r\n", "\n") == "Zeile über 你好\ntwo\n"


@pytest.mark.parametrize(
    ("password", "to", "trusts", "said"),
    [
        ("wrong", "desk@example.org", True, "535"),
        ("correct horse", "nobody@example.org", True, "550 there is nobody of that name"),
        ("correct horse", "desk@example.org", False, "certificate verify failed"),
    ],
)
def test_a_server_that_refuses_is_told_without_the_password(server, monkeypatch, password, to, trusts, said):
    box, port, trusting = server
    monkeypatch.setenv("SMTP_USER", "keeper")
    monkeypatch.setenv("SMTP_PASSWORD", password)
    rule = rule_of(port)
    send = smtp_sender(rule, context=trusting if trusts else None)
    with pytest.raises(CrmError, match=f"localhost:{port} did not take the mail") as problem:
        notify(Notice(to=[to], subject="s", lines=[]), sender_address=rule.sender, send=send)
    assert said in str(problem.value)
    assert password not in str(problem.value)
    assert box.mails == []


def test_a_server_that_is_not_there_and_a_variable_that_is_not_set_are_told(monkeypatch):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    rule = rule_of(port, user="")
    with pytest.raises(CrmError, match="Connection refused"):
        notify(NOTICE, sender_address=rule.sender, send=smtp_sender(rule))
    monkeypatch.delenv("SMTP_USER", raising=False)
    rule = rule_of(port)
    with pytest.raises(CrmError, match="SMTP_USER"):
        notify(NOTICE, sender_address=rule.sender, send=smtp_sender(rule))


def test_a_failed_run_is_told_with_its_cell_and_message(desk, server, monkeypatch):
    box, port, trusting = server
    monkeypatch.setenv("SMTP_USER", "keeper")
    monkeypatch.setenv("SMTP_PASSWORD", "correct horse")
    file = desk.write(
        f"""
timezone: Europe/Berlin
tell: desk@example.org
mail: {{server: "smtp://${{SMTP_USER}}:${{SMTP_PASSWORD}}@localhost:{port}", from: reports@example.org}}
schedules:
  daily: {{cron: "0 6 * * *", studies: cdnow, reports: loyalty, retries: 0, out: pages}}
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
    assert file.definition.mail is not None
    desk.live(desk.scheduler(send=smtp_sender(file.definition.mail, context=trusting)), until="2026-03-03T05:10")
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
