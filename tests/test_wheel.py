"""The wheel stands alone: built, put into an environment of its own, and used in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment that holds the wheel; the packages it depends on are those of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=PROJECT, check=True, capture_output=True,
    )  # fmt: skip
    [wheel] = folder.glob("*.whl")
    environment = folder / "env"
    venv.create(environment, with_pip=False, symlinks=True)
    [packages] = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as held:
        held.extractall(packages)
    # Editable installs are .pth files, which are not followed from here: the package is the wheel's.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin" / "python"


@pytest.fixture
def desk(installed: Path, tmp_path: Path):
    """A command line in an empty folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRM_RESEARCH")}
    environment |= {"JUPYTER_PATH": f"{sys.prefix}/share/jupyter", "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = "from crm_research.cli import main; main()"
        return subprocess.run(
            [str(installed), "-c", code, *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return command


def test_every_command_works_in_an_empty_folder(installed, desk, tmp_path):
    where = [str(installed), "-c", "import crm_research; print(crm_research.__file__)"]
    assert str(installed.parents[1]) in subprocess.run(where, cwd=tmp_path, capture_output=True, text=True).stdout
    listed = desk("list")
    assert "simulated" in listed.stdout
    assert listed.returncode == 0
    for manual in ("studies", "checks"):
        assert desk("manual", manual).stdout == (PROJECT / "docs" / f"{manual}.md").read_text(encoding="utf-8")
    nothing = desk("run")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "crm-research demo" in nothing.stderr
    (tmp_path / "buys.csv").write_text(
        "order_id,customer,date,total\n"
        + "".join(f"{i},c{i % 9},2024-01-{1 + i % 28:02d},{5 + i}.50\n" for i in range(60))
    )
    assert desk("init").returncode == 0
    assert desk("new", "study", "mine", "--from", "buys.csv").returncode == 0
    assert (tmp_path / "data" / "studies" / "mine.yaml").is_file()
    assert "Fit for use" in desk("check", "mine").stdout
    made = desk("run", "customer-base")
    assert made.returncode == 0, made.stdout + made.stderr
    [page] = tmp_path.glob("reports/mine/*/customer-base.html")
    copy = tmp_path / "notebooks" / "00_customer_base.ipynb"
    copy.write_text(copy.read_text().replace("## The answer", "## What I found"))
    again = desk("run", "customer-base")
    assert "notebooks/00_customer_base.ipynb is your own" in again.stdout
    assert "What I found" in page.read_text()
    assert "+## What I found" in desk("init", "--diff").stdout
    assert desk("demo", "--help").returncode == 0
