"""Servers on this machine that pages are published to: a store like S3, WebDAV, SFTP, and mail."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sources.stores.conftest import running_store, store  # noqa: F401  (fixtures)

PASSWORD = "k9Q-zzHx-Rq82"
_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/openssh", "/usr/libexec/openssh"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(60):
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers at port {port}")


@pytest.fixture(autouse=True)
def _nothing_of_the_machine(monkeypatch):
    for name in [name for name in os.environ if name.startswith("CRM_RESEARCH_") and name != "CRM_RESEARCH_HOME"]:
        monkeypatch.delenv(name)


@dataclass
class Server:
    """A server, with the address of a folder on it and the same folder here."""

    address: str
    folder: Path
    asked: list[str] = field(default_factory=list)
    # What it answers instead of doing as it is told, for each method: codes, one a request.
    failing: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture
def webdav(tmp_path, monkeypatch) -> Iterator[Server]:
    """WsgiDAV behind a password."""
    from cheroot import wsgi
    from wsgidav.wsgidav_app import WsgiDAVApp

    folder = tmp_path / "webdav"
    folder.mkdir()
    port = free_port()
    served = Server(address=f"webdav://127.0.0.1:{port}/site of ours", folder=folder / "site of ours")
    users = {"*": {"reports": {"password": PASSWORD}}}
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(folder)},
            "simple_dc": {"user_mapping": users},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "verbose": 0,
            "logging": {"enable_loggers": []},
        }
    )

    def door(environ, start_response):
        method = environ["REQUEST_METHOD"]
        served.asked.append(f"{method} {environ['PATH_INFO']}")
        if served.failing.get(method):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(served.failing[method].pop(0), [("Content-Length", "0")])
            return [b""]
        return app(environ, start_response)

    server = wsgi.Server(("127.0.0.1", port), door)
    thread = threading.Thread(target=server.safe_start, daemon=True)
    thread.start()
    wait_for(port)
    monkeypatch.setenv("CRM_RESEARCH_WEBDAV_USER", "reports")
    monkeypatch.setenv("CRM_RESEARCH_WEBDAV_PASSWORD", PASSWORD)
    yield served
    server.stop()


@pytest.fixture
def sftp(tmp_path, monkeypatch) -> Iterator[Server]:
    """OpenSSH's own server, with keys made for it."""
    sshd, serve = (shutil.which(name, path=_PLACES) for name in ("sshd", "sftp-server"))
    if sshd is None or serve is None or shutil.which("ssh-keygen") is None:
        pytest.skip("OpenSSH's server is not installed")
    place = tmp_path / "ssh"
    place.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / name], check=True)
    shutil.copy(place / "user.pub", place / "authorized")
    port = free_port()
    (place / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nAuthorizedKeysFile {place}/authorized\n"
        f"PidFile {place}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nSubsystem sftp {serve}\n"
        "PermitRootLogin yes\n"
    )
    log = (place / "log").open("w")
    process = subprocess.Popen([sshd, "-D", "-e", "-f", place / "config"], stdout=log, stderr=log)
    try:
        try:
            wait_for(port)
        except RuntimeError:
            pytest.skip(f"OpenSSH's server does not start here: {(place / 'log').read_text().strip()}")
        key = (place / "host.pub").read_text().split()
        (place / "known").write_text(f"[127.0.0.1]:{port} {key[0]} {key[1]}\n")
        monkeypatch.setenv("CRM_RESEARCH_SFTP_KEY_FILE", str(place / "user"))
        monkeypatch.setenv("CRM_RESEARCH_SFTP_KNOWN_HOSTS", str(place / "known"))
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        user = os.environ.get("USER") or subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        folder = tmp_path / "sftp" / "site"
        yield Server(address=f"sftp://{user}@127.0.0.1:{port}{folder}", folder=folder)
    finally:
        process.terminate()
        process.wait()
        log.close()


@dataclass
class MailBox:
    """What a mail server got: from whom, to whom, and the message as it came."""

    port: int
    got: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    # Answers instead of taking a message, one a try.
    failing: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    logins: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    """A key and certificate for localhost, in one file, that vouches for itself."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def serving_mail(certificate: Path, *, how: str) -> Iterator[MailBox]:
    """A mail server: `how` is ``starttls``, ``tls`` or ``open``."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    box = MailBox(port=free_port())

    class Handler:
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
            if address in box.refused:
                return "550 5.1.1 nobody of that name here"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            if box.failing:
                return box.failing.pop(0)
            box.got.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content or envelope.content))
            return "250 OK"

    def judge(server, session, envelope, mechanism, data):
        login, password = data.login.decode(), data.password.decode()
        box.logins.append((login, password))
        return AuthResult(success=password == PASSWORD, handled=False)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    secured = {
        "starttls": {"tls_context": context, "require_starttls": True},
        "tls": {"ssl_context": context, "auth_require_tls": False},
        "open": {"auth_require_tls": False},
    }[how]
    controller = Controller(Handler(), hostname="localhost", port=box.port, authenticator=judge, **secured)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@pytest.fixture
def mail(certificate, monkeypatch) -> Iterator[MailBox]:
    """A server that begins with STARTTLS, as the environment names it."""
    with serving_mail(certificate, how="starttls") as box:
        monkeypatch.setenv("CRM_RESEARCH_SMTP", f"smtp://reports@localhost:{box.port}")
        monkeypatch.setenv("CRM_RESEARCH_SMTP_PASSWORD", PASSWORD)
        monkeypatch.setenv("CRM_RESEARCH_SMTP_CA_FILE", str(certificate))
        monkeypatch.setenv("CRM_RESEARCH_MAIL_FROM", "reports@example.com")
        yield box
