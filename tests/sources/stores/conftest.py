"""A store that speaks like S3 on this machine, made of moto in an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from pyarrow import fs

SECRET = "k9Q+zzHxRq82zz/7pWm4vX1"


@dataclass
class Store:
    """The store: its address, and what it was asked for."""

    endpoint: str
    log: Path

    def client(self) -> fs.S3FileSystem:
        """One that may write."""
        return fs.S3FileSystem(
            access_key="TESTKEY", secret_key=SECRET, endpoint_override=self.endpoint, allow_bucket_creation=True
        )

    def put(self, path: str, content: bytes) -> None:
        """Write an object, and its bucket where it is not there."""
        client = self.client()
        client.create_dir(path.partition("/")[0], recursive=False)
        with client.open_output_stream(path, compression=None) as stream:
            stream.write(content)

    def requests(self) -> list[dict]:
        """All that it was asked for until now."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def _environment(folder: Path, package: str) -> Path:
    """The folder of programs of an environment with this package, outside the project's own lock."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    programs = folder / "bin"
    command = [uv, "pip", "install", "--quiet", "--python", programs / "python", package]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if outcome.returncode:
        pytest.skip(f"{package} cannot be installed here: {outcome.stderr.strip().splitlines()[-1]}")
    return programs


@contextmanager
def _served(command: list, port: int, said: Path) -> Iterator[subprocess.Popen]:
    """A server while it is needed, from when it answers."""
    with said.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        for _ in range(300):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _forget_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "STORAGE_"))]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def running_store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    programs = _environment(folder / "environment", "moto[s3,server]>=5")
    port, log = _free_port(), folder / "log.jsonl"
    log.touch()
    command = [programs / "python", Path(__file__).with_name("serve.py"), str(port), log]
    with _served(command, port, folder / "server.txt"):
        yield Store(endpoint=f"http://127.0.0.1:{port}", log=log)


@pytest.fixture(scope="session")
def running_google(tmp_path_factory):
    folder = tmp_path_factory.mktemp("google")
    programs = _environment(folder / "environment", "gcp-storage-emulator")
    port = _free_port()
    command = [programs / "gcp-storage-emulator", "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"]
    with _served([*command, "--default-bucket=shop"], port, folder / "server.txt"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def google(running_google, monkeypatch):
    """A client that writes to a store that speaks like Google's, at the address the environment says."""
    _forget_stores(monkeypatch)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running_google)

    def put(name: str, content: bytes) -> None:
        where = f"{running_google}/upload/storage/v1/b/shop/o?uploadType=media&name={quote(name, safe='')}"
        kind = {"Content-Type": "application/octet-stream"}
        with urlopen(Request(where, data=content, method="POST", headers=kind)) as answer:
            answer.read()

    return put


# The account of Microsoft's own emulator, whose key everybody knows.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
AZURE = "devstoreaccount1"


@pytest.fixture(scope="session")
def running_azure(tmp_path_factory):
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm here to install Azurite by")
    folder = tmp_path_factory.mktemp("azure")
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, "azurite@3"]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if outcome.returncode:
        pytest.skip(f"azurite cannot be installed here: {outcome.stderr.strip()[-200:]}")
    port = _free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--skipApiVersionCheck", "--disableTelemetry"]
    command = [folder / "node_modules/.bin/azurite-blob", "--location", folder / "held", *options]
    with _served(command, port, folder / "server.txt"):
        yield f"127.0.0.1:{port}"


@pytest.fixture
def azure(running_azure, monkeypatch):
    """A client that writes to a store that speaks like Azure's, whose connection string the environment holds."""
    _forget_stores(monkeypatch)
    said = f"AccountName={AZURE};AccountKey={AZURE_KEY};BlobEndpoint=http://{running_azure}/{AZURE};"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"DefaultEndpointsProtocol=http;{said}")
    asked = {"storage_authority": running_azure, "storage_scheme": "http"}
    both = {f"{part}_{name}": value for part in ("blob", "dfs") for name, value in asked.items()}
    client = fs.AzureFileSystem(AZURE, account_key=AZURE_KEY, **both)

    def put(path: str, content: bytes) -> None:
        container = path.partition("/")[0]
        # Asked for a container that is there, the emulator's refusal breaks off now and then.
        if client.get_file_info(container).type == fs.FileType.NotFound:
            client.create_dir(container, recursive=False)
        with client.open_output_stream(path, compression=None) as stream:
            stream.write(content)

    return put


@pytest.fixture
def store(running_store, monkeypatch):
    """The store, with the environment in which its keys are found."""
    _forget_stores(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_store.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "TESTKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    return running_store
