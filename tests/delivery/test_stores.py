"""Publishing to servers that run here: S3's way (moto), WebDAV (WsgiDAV) and SFTP (OpenSSH)."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyarrow import fs

from crm_research.delivery import retries as retries_module
from crm_research.delivery.clients import open_target
from crm_research.delivery.manifest import MANIFEST, OWN, STAGING, Manifest
from crm_research.delivery.publishing import publish_site
from crm_research.delivery.store import holding_store
from crm_research.delivery.targets import Keep, Target
from tests.delivery.shelves import add_day, of_folder, read_site

DAY = "shop/2024-06-30"


@pytest.fixture
def shelf(tmp_path):
    shelf = tmp_path / "reports"
    add_day(shelf, tmp_path / "scratch", day="2024-05-31", share=0.3)
    add_day(shelf, tmp_path / "scratch")
    return shelf


@dataclass
class Bucket:
    """A place in a store of objects, read as a reader does: by name."""

    address: str
    client: fs.S3FileSystem
    root: str

    def read(self, path: str) -> bytes | None:
        try:
            with self.client.open_input_stream(f"{self.root}/{path}") as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        found = self.client.get_file_info(fs.FileSelector(self.root, recursive=True, allow_not_found=True))
        return sorted(each.path.removeprefix(f"{self.root}/") for each in found if each.is_file)


@pytest.fixture
def bucket(store, tmp_path):
    root = f"web/{tmp_path.name}"
    store.put("web/marker", b"")
    return Bucket(address=f"s3://{root}", client=store.client(), root=root)


def one(shelf, address, **options):
    (outcome,) = publish_site(shelf, [Target(to=address, keep=options.pop("keep", Keep()))], **options)
    assert outcome.problem is None, outcome.problem
    return outcome.plan


def why(shelf, address, **options):
    (outcome,) = publish_site(shelf, [Target(to=address)], **options)
    return outcome.problem


def all_that_a_place_must_do(shelf, tmp_path, address, read, names):
    """Sent once, changed in place, kept as long as asked; what somebody else put there stays."""
    found = one(shelf, address)
    assert len(found.send) == 17
    assert len(read_site(read)) == 9
    assert one(shelf, address).send == ()
    add_day(shelf, tmp_path / "scratch", share=0.7, reports=("loyalty",))
    add_day(shelf, tmp_path / "scratch", day="2024-07-31", share=0.8)
    dry = one(shelf, address, keep=Keep(runs=2), is_dry=True)
    assert len(read_site(read)) == 9
    found = one(shelf, address, keep=Keep(runs=2))
    assert found == dry
    assert f"{DAY}/loyalty.html" in found.send
    assert f"{DAY}/churn.html" in found.unchanged
    site = read_site(read)
    assert b"70.0 %" in site[f"{DAY}/loyalty.html"]
    assert b"2024-05-31" not in site["index.html"]
    assert not any(name.startswith("shop/2024-05-31/") for name in names())
    # Of ours nothing is left but what says what is there.
    assert [name for name in names() if name.startswith(OWN)] == [MANIFEST]


@pytest.mark.slow
def test_a_store_of_objects(shelf, tmp_path, bucket):
    all_that_a_place_must_do(shelf, tmp_path, bucket.address, bucket.read, bucket.names)
    kinds = {
        path: bucket.client.open_input_stream(f"{bucket.root}/{path}").metadata()["Content-Type"]
        for path in ("index.html", f"{DAY}/figures.json")
    }
    assert kinds == {
        "index.html": b"text/html; charset=utf-8",
        f"{DAY}/figures.json": b"application/json; charset=utf-8",
    }


@pytest.mark.slow
def test_a_server_of_webdav(shelf, tmp_path, webdav):
    folder = webdav.folder
    all_that_a_place_must_do(shelf, tmp_path, webdav.address, of_folder(folder), lambda: below(folder))


@pytest.mark.slow
def test_a_server_of_sftp(shelf, tmp_path, sftp):
    folder = sftp.folder
    all_that_a_place_must_do(shelf, tmp_path, sftp.address, of_folder(folder), lambda: below(folder))
    assert sorted(each.name for each in (folder / OWN).iterdir()) == ["locks", "published.json"]


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_what_passes_is_tried_again(shelf, webdav, monkeypatch):
    monkeypatch.setattr(retries_module, "time", Clock())
    webdav.failing["PUT"] = ["503 Service Unavailable", "500 Internal Server Error"]
    webdav.failing["MOVE"] = ["502 Bad Gateway"]
    one(shelf, webdav.address)
    assert len(read_site(of_folder(webdav.folder))) == 9
    assert retries_module.time.slept == [0.5, 1.0, 0.5]


class Clock:
    """Sleeps without waiting."""

    def __init__(self):
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.mark.slow
def test_what_does_not_pass_is_told_and_leaves_the_site_as_it_was(shelf, tmp_path, webdav, monkeypatch):
    monkeypatch.setattr(retries_module, "time", Clock())
    one(shelf, webdav.address)
    before = read_site(of_folder(webdav.folder))
    add_day(shelf, tmp_path / "scratch", share=0.9)
    # The first that is written is the lock, and the second a page.
    webdav.failing["PUT"] = ["507 Insufficient Storage"]
    assert why(shelf, webdav.address).startswith(f"{webdav.address} is full")
    webdav.failing["PUT"] = ["503 Service Unavailable"] * 4
    assert "after 4 tries" in why(shelf, webdav.address)
    monkeypatch.setenv("CRM_RESEARCH_WEBDAV_PASSWORD", "wrong-and-secret")
    said = why(shelf, webdav.address)
    assert said.startswith(f"{webdav.address} refuses")
    assert "wrong-and-secret" not in said
    assert read_site(of_folder(webdav.folder)) == before


@pytest.mark.slow
def test_a_server_that_is_not_there_is_told_after_its_tries(shelf, monkeypatch):
    monkeypatch.setattr(retries_module, "time", Clock())
    for address in ("webdav://127.0.0.1:9/x", "sftp://web@127.0.0.1:9/x"):
        assert why(shelf, address) == (
            f"{address} cannot be reached, or breaks off, after 4 tries. Check the network and the server."
        )
    assert len(retries_module.time.slept) == 6


@pytest.mark.slow
def test_a_store_refuses_or_is_not_there(shelf, bucket, monkeypatch):
    assert "lies in a bucket that is not there" in why(shelf, "s3://no-such-bucket-here/x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "STRANGER")
    said = why(shelf, bucket.address)
    assert said.startswith(f"{bucket.address} refuses")
    assert "AWS_ACCESS_KEY_ID" in said
    assert bucket.names() == []


def test_a_server_whose_key_is_not_known_gets_nothing(shelf, tmp_path, sftp, monkeypatch):
    (tmp_path / "nobody").write_text("")
    monkeypatch.setenv("CRM_RESEARCH_SFTP_KNOWN_HOSTS", str(tmp_path / "nobody"))
    assert "is not known to be the server it says it is" in why(shelf, sftp.address)
    assert not sftp.folder.exists()


def test_a_password_does_not_travel_in_the_open(shelf, monkeypatch):
    monkeypatch.setenv("CRM_RESEARCH_WEBDAV_USER", "reports")
    monkeypatch.setenv("CRM_RESEARCH_WEBDAV_PASSWORD", "geheim")
    assert "Write webdavs://" in why(shelf, "webdav://cloud.example.com/x")


@pytest.mark.slow
def test_two_do_not_publish_to_one_server_at_once_and_one_that_died_holds_nobody_up(shelf, webdav):
    store = open_target(webdav.address)
    with holding_store(store):
        said = why(shelf, webdav.address, seconds_to_wait=0.5)
    assert said.startswith(f"Another publishing to {webdav.address} is at work")
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    with holding_store(store):
        (name,) = store.sizes(f"{OWN}/locks")
        held = json.loads(store.read(name))
    held["process"] = int(ended.stdout)
    store.write(f"{OWN}/locks/left", json.dumps(held).encode())
    one(shelf, webdav.address)
    held |= {"host": "another", "until": 1_600_000_000}
    store.write(f"{OWN}/locks/old", json.dumps(held).encode())
    assert one(shelf, webdav.address).send == ()
    assert store.sizes(f"{OWN}/locks") == {}


# Ends itself with SIGKILL before the n-th thing that it asks of the store.
KILLED = """
import os, signal, sys
from pathlib import Path
from crm_research.delivery import clients, publishing
from crm_research.delivery.targets import Keep, Target
shelf, address, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
calls = 0
whole = clients.open_target
def opened(to):
    store = whole(to)
    for name in ("read", "write", "put", "move", "remove", "remove_folder", "sizes"):
        def call(*given, whole=getattr(store, name)):
            global calls
            calls += 1
            if calls == n:
                os.kill(os.getpid(), signal.SIGKILL)
            return whole(*given)
        setattr(store, name, call)
    return store
clients.open_target = opened
(outcome,) = publishing.publish_site(shelf, [Target(to=address, keep=Keep(runs=2))])
print(outcome.problem or calls)
"""


def publish_until(n: int, shelf: Path, address: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", KILLED, str(shelf), address, str(n)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_killed_at_twenty_points_a_reader_of_a_store_sees_whole_pages_and_no_dead_link(shelf, tmp_path, bucket):
    """The index is new only where all that it leads to is; each page is the old one or the new one to the last sign."""
    new = tmp_path / "new"
    add_day(new, tmp_path / "scratch", share=0.7)
    add_day(new, tmp_path / "scratch", day="2024-07-31", share=0.8)

    def fresh(n: int) -> Bucket:
        place = Bucket(address=f"{bucket.address}/{n}", client=bucket.client, root=f"{bucket.root}/{n}")
        one(shelf, place.address)
        return place

    first = fresh(0)
    before = read_site(first.read)
    ended = publish_until(10**6, new, first.address)
    assert ended.stdout.strip().isdigit(), ended.stdout + ended.stderr
    n_calls = int(ended.stdout)
    after = read_site(first.read)
    assert after["index.html"] != before["index.html"]
    states = set()
    for n in sorted({2 + place * (n_calls - 2) // 19 for place in range(20)}):
        place = fresh(n)
        assert publish_until(n, new, place.address).returncode == -9
        site = read_site(place.read)
        assert all(content in (before.get(path), after.get(path)) for path, content in site.items())
        if site["index.html"] == after["index.html"]:
            assert site == after
        moving = Manifest.from_text(place.read(MANIFEST), "").moving
        states.add("new" if site == after else "between" if moving else "old")
        if not moving:
            assert site in (before, after)
        # The next one ends what was begun.
        one(new, place.address, keep=Keep(runs=2))
        assert read_site(place.read) == after
        assert [name for name in place.names() if name.startswith((STAGING, f"{OWN}/locks"))] == []
    assert states == {"old", "between", "new"}
