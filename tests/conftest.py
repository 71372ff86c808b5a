"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.spark_servers import apache_url, sail_url

__all__ = ["apache_url", "sail_url"]

# Tests hold numbers, never times: a busy machine is no fault of the code.
settings.register_profile("house", settings(), deadline=None)
settings.load_profile("house")

# Runs that tests start write the same pseudonyms everywhere, and make no key in the folder of whoever tests.
os.environ.setdefault("CRM_PSEUDONYM_KEY", "0123456789abcdef0123456789abcdef")

# Notebooks that fail, hang or kill themselves on purpose: material of tests, not tests that nbval should run.
collect_ignore_glob = ["reporting/notebooks/*"]


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """A PostgreSQL server of this test run alone: the folder of its Unix socket. It listens on no network."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("the programs of the PostgreSQL server (initdb, pg_ctl) are not installed")
    # The server refuses to run as root, so root hands it to the user that Debian's package made for it.
    as_root = os.geteuid() == 0
    if as_root and shutil.which("runuser") is None:
        pytest.skip("root cannot hand the PostgreSQL server to its owner: runuser is not installed")
    as_owner = ["runuser", "-u", "postgres", "--"] if as_root else []
    folder = Path(tempfile.mkdtemp(prefix="crm-postgres-"))
    try:
        if as_root:
            shutil.chown(folder, "postgres")
        folder.chmod(0o755)
        password = folder / "password"
        password.write_text("correct horse\n", encoding="utf-8")
        password.chmod(0o644)
        data, log = folder / "data", folder / "log"
        create = ["-D", data, "-U", "keeper", "--pwfile", password, "--auth=scram-sha-256", "-E", "UTF8", "--no-sync"]
        _run([*as_owner, initdb, *create])
        logged = "-c log_statement=all -c log_line_prefix='%u|'"
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off {logged}"
        _run([*as_owner, pg_ctl, "-D", data, "-l", log, "-w", "-o", options, "start"])
        try:
            yield folder
        finally:
            _run([*as_owner, pg_ctl, "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def standby(postgres_socket: Path) -> Iterator[Path]:
    """A hot standby of the server, which takes no write at all: the folder of its socket (port 5433)."""
    backup, pg_ctl = _program("pg_basebackup"), _program("pg_ctl")
    if backup is None or pg_ctl is None:
        pytest.skip("pg_basebackup is not installed")
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = postgres_socket / "standby"
    data = folder / "data"
    folder.mkdir(exist_ok=True)
    if as_owner:
        shutil.chown(folder, "postgres")
    environment = [*as_owner, "env", "PGPASSWORD=correct horse"]
    done = subprocess.run(
        [*map(str, environment), backup, "-h", str(postgres_socket), "-U", "keeper", "-D", str(data), "-R", "-X",
         "stream", "--checkpoint=fast"],
        capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"pg_basebackup makes no standby here: {done.stderr.splitlines()[:1]}")
    logged = "-c log_statement=all -c log_line_prefix='%u|'"
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c port=5433 {logged}"
    _run([*as_owner, pg_ctl, "-D", data, "-l", folder / "log", "-w", "-o", options, "start"])
    try:
        yield folder
    finally:
        _run([*as_owner, pg_ctl, "-D", data, "-m", "immediate", "stop"])


@pytest.fixture
def postgres_url(postgres_socket: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its URL, with user and password to be taken from the environment."""
    monkeypatch.setenv("CRM_TEST_USER", "keeper")
    monkeypatch.setenv("CRM_TEST_PASSWORD", "correct%20horse")
    return f"postgres://${{CRM_TEST_USER}}:${{CRM_TEST_PASSWORD}}@/postgres?host={postgres_socket}"


def _program(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(installed[-1]) if installed else None


def _run(command: list[object]) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{getpass.getuser()}: {command[0]} failed: {done.stderr}{done.stdout}")
