"""Servers of Spark Connect on loopback: one without Java for everything, and Apache Spark itself where it is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_STARTS_WITHIN = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def sail_url() -> Iterator[str]:
    """A server of Spark Connect in this process."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start()
    _, port = server.listening_address
    try:
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def apache_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Apache Spark in local mode: the one of SPARK_HOME, a Spark 4.0 with its jars (pip install pyspark elsewhere)."""
    home = Path(os.environ.get("SPARK_HOME", ""))
    submit = home / "bin" / "spark-submit"
    if not os.environ.get("SPARK_HOME") or not submit.is_file():
        pytest.skip("SPARK_HOME names no Apache Spark: python -m venv E && E/bin/pip install 'pyspark>=4.0,<4.1'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Java 17 is not installed (Debian: openjdk-17-jre-headless)")
    folder, port = tmp_path_factory.mktemp("apache"), free_port()
    options = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 1,
        "spark.sql.warehouse.dir": folder / "warehouse",
    }
    command = [submit, "--master", "local[2]", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    command += [part for name, value in options.items() for part in ("--conf", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(part) for part in (*command, "spark-internal")],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        )
    try:
        _wait_for(port, server, folder / "log")
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Apache Spark did not start: {log.read_text(errors='replace')[-2000:]}")
