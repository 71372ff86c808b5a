"""A store that speaks like S3 on this machine, made of moto in an environment of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyarrow import fs

SECRET = "k9Q+zzHxRq82zz/7pWm4vX1"


@dataclass
class Store:
    """The store: its address, and what it was asked for."""

    endpoint: str
    log: Path
    process: subprocess.Popen

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


def _environment(folder: Path) -> Path:
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    command = [uv, "pip", "install", "--quiet", "--python", python, "moto[s3,server]>=5"]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if outcome.returncode:
        pytest.skip(f"moto cannot be installed here: {outcome.stderr.strip().splitlines()[-1]}")
    return python


@pytest.fixture(scope="session")
def running_store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    python = _environment(folder / "environment")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "log.jsonl"
    log.touch()
    with (folder / "server.txt").open("w") as said:
        process = subprocess.Popen(
            [python, Path(__file__).with_name("serve.py"), str(port), log], stdout=said, stderr=said
        )
    try:
        for _ in range(200):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Store(endpoint=f"http://127.0.0.1:{port}", log=log, process=process)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def store(running_store, monkeypatch):
    """The store, with the environment in which its keys are found."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_store.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "TESTKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    return running_store
