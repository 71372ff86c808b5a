"""`run` and then `publish`, as they are typed, killed with all their processes at twenty moments.

After each kill the shelf and the site are those of before or of after, whole; the same two commands then end well, say
what is true now, and leave nothing in the making behind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

from crm_research.delivery.manifest import OWN
from tests.delivery.shelves import of_folder, read_site

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")]

# So many moments in the run, and so many in the publishing after it.
IN_RUN, IN_PUBLISHING = 12, 8
DAY = Path("shop") / "2024-06-30"
MARK = "CRM_TEST_TREE"
PROGRAM = f"{sys.executable} -m crm_research"
STUDY = """\
name: shop
title: A shop
currency: EUR
as_of: 2024-06-30
publish: {web: ../../www}
tables: {orders: {from: orders.csv}}
"""


class Desk:
    """A folder of work with a site beside it, and the two commands on it."""

    def __init__(self, home: Path) -> None:
        self.home, self.shelf, self.site, self.temporary = home, home / "reports", home / "www", home / "tmp"
        for folder in (home / "data" / "studies", self.temporary):
            folder.mkdir(parents=True)
        (home / "data" / "studies" / "shop.yaml").write_text(STUDY, encoding="utf-8")
        self.mark = uuid.uuid4().hex
        self.began = home / "publishing-began"

    def know(self, n_customers: int) -> None:
        """The records now tell of so many customers."""
        rows = [
            f"o{c}-{month},c{c},2024-0{month}-03,{c}.5" for c in range(n_customers) for month in range(1, 2 + c % 4)
        ]
        text = "\n".join(["order_id,customer_id,ordered_at,revenue", *rows]) + "\n"
        (self.home / "data" / "studies" / "orders.csv").write_text(text, encoding="utf-8")

    def start(self) -> subprocess.Popen[str]:
        """Both commands, one after the other."""
        with suppress(FileNotFoundError):
            self.began.unlink()
        commands = f"{PROGRAM} run customer-base --study shop --jobs 1 && touch {self.began} && "
        environment = {
            **os.environ,
            MARK: self.mark,
            "CRM_RESEARCH_HOME": str(self.home),
            "TMPDIR": str(self.temporary),
        }
        return subprocess.Popen(
            ["sh", "-c", f"{commands}{PROGRAM} publish --study shop"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )

    def run(self) -> tuple[float, float]:
        """To the end; seconds of the run, and of the publishing."""
        before = time.time()
        running = self.start()
        said, _ = running.communicate(timeout=600)
        assert running.returncode == 0, said
        began = self.began.stat().st_mtime
        return began - before, time.time() - began

    def kill_all(self) -> None:
        """Every process of the commands, at once, as long as there is one."""
        end = time.monotonic() + 20
        while found := [pid for pid in _processes() if f"{MARK}={self.mark}" in _environment(pid)]:
            assert time.monotonic() < end, found
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def told_on_shelf(self) -> int | None:
        """How many customers the shelf tells of, everywhere the same; None where it holds no page."""
        return _told(self.shelf / DAY) if (self.shelf / DAY).exists() else None

    def told_on_site(self) -> int | None:
        """The same of the site, each of whose links leads somewhere; None where nothing was published."""
        if not (self.site / "index.html").exists():
            assert {path.name for path in self.site.glob("*")} <= {OWN}
            return None
        pages = read_site(of_folder(self.site))
        assert (DAY / "customer-base.html").as_posix() in pages
        told = _told(self.site / DAY)
        assert 'id="figure-base-customers"' in pages[(DAY / "customer-base.html").as_posix()].decode()
        assert f">{told} customers<" in pages["index.html"].decode()
        return told

    def files_of_site(self) -> dict[str, bytes]:
        """What a web server would hand out."""
        files = {path.relative_to(self.site): path for path in self.site.rglob("*") if path.is_file()}
        return {name.as_posix(): path.read_bytes() for name, path in files.items() if name.parts[0] != OWN}


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment(pid: int) -> str:
    try:
        # One that is dead and not yet waited for has none.
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _told(day: Path) -> int:
    figures = {figure["id"]: figure for figure in json.loads((day / "figures.json").read_text(encoding="utf-8"))}
    (entry,) = json.loads((day / "run.json").read_text(encoding="utf-8"))["reports"]
    told = int(figures["base.customers"]["estimate"])
    page = (day / "customer-base.html").read_text(encoding="utf-8")
    assert (entry["outcome"], page.rstrip().endswith("</html>")) == ("done", True)
    said = f"we know {told} customers"
    assert said in " ".join(entry["answer"])
    assert said in page.replace("\N{NO-BREAK SPACE}", " ")
    return told


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "desk")
    yield desk
    desk.kill_all()


def test_killed_at_twenty_moments_nothing_is_half_published_and_the_next_run_is_right(desk):
    desk.know(40)
    in_run, in_publishing = desk.run()
    assert (desk.told_on_shelf(), desk.told_on_site()) == (40, 40)
    n_hit, told_then = 0, []
    for number in range(IN_RUN + IN_PUBLISHING):
        before, now = 40 + number, 41 + number
        desk.know(now)
        site = desk.files_of_site()
        running = desk.start()
        if number < IN_RUN:
            time.sleep((number + 0.5) / IN_RUN * in_run)
        else:
            while not desk.began.exists() and running.poll() is None:
                time.sleep(0.02)
            time.sleep((number - IN_RUN + 0.5) / IN_PUBLISHING * in_publishing)
        n_hit += running.poll() is None
        desk.kill_all()
        running.communicate(timeout=20)
        on_shelf, on_site = desk.told_on_shelf(), desk.told_on_site()
        told_then.append((on_shelf, on_site))
        assert on_shelf in (before, now), told_then
        assert on_site in (before, on_shelf), told_then
        if on_site == before:
            assert desk.files_of_site() == site
        in_run, in_publishing = desk.run()
        assert (desk.told_on_shelf(), desk.told_on_site()) == (now, now)
        left = [path for path in desk.home.rglob("*.part*") if "cache" not in path.parts]
        assert left == []
        assert [path.name for path in desk.temporary.iterdir() if path.name.startswith("crm-")] == []
    # Most came while a command was at work, in the run and in the publishing.
    assert n_hit >= 0.8 * (IN_RUN + IN_PUBLISHING), told_then


def test_a_temporary_folder_too_long_for_a_socket_stops_no_run(desk):
    desk.temporary = desk.home / "/".join(["a-folder-of-a-name-that-is-long"] * 4)
    desk.temporary.mkdir(parents=True)
    desk.know(30)
    desk.run()
    assert (desk.told_on_shelf(), desk.told_on_site()) == (30, 30)
    assert list(desk.temporary.iterdir()) == []
