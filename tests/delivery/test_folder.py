"""Publishing to a folder: what lies there, what is sent again, what stays, and what a reader sees at any moment."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crm_research.delivery import folder as folder_module
from crm_research.delivery.manifest import OWN
from crm_research.delivery.publishing import publish_site
from crm_research.delivery.site import find_studies
from crm_research.delivery.targets import Keep, Target
from crm_research.errors import CrmError
from crm_research.reporting.site import write_index
from tests.delivery.shelves import add_day, of_folder, read_site


@pytest.fixture
def shelf(tmp_path):
    shelf = tmp_path / "reports"
    add_day(shelf, tmp_path / "scratch")
    return shelf


def visible(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != OWN
    )


def one(shelf, folder, **options):
    (outcome,) = publish_site(shelf, [Target(to=str(folder), keep=options.pop("keep", Keep()))], **options)
    assert outcome.problem is None
    return outcome.plan


DAY = "shop/2024-06-30"
FILES = [
    "feed.xml",
    "index.html",
    *(f"{DAY}/{name}" for name in (
        "churn.html", "churn.ipynb", "figures.json", "ledger.html", "loyalty.html", "loyalty.ipynb", "run.json",
    )),
]  # fmt: skip


def test_a_whole_site_is_sent_once_the_index_last(shelf, tmp_path):
    found = one(shelf, tmp_path / "www")
    assert sorted(found.send) == sorted(FILES)
    assert found.send[-1] == "index.html"
    assert visible(tmp_path / "www") == sorted(FILES)
    again = one(shelf, tmp_path / "www")
    assert (again.send, len(again.unchanged), again.remove) == ((), 9, ())
    assert len(read_site(of_folder(tmp_path / "www"))) == 5


def test_only_what_changed_is_sent_again_and_what_somebody_removed(shelf, tmp_path):
    one(shelf, tmp_path / "www")
    kept = (tmp_path / "www" / DAY / "churn.html").stat().st_ino
    add_day(shelf, tmp_path / "scratch", share=0.7, reports=("loyalty",))
    (tmp_path / "www" / DAY / "churn.ipynb").unlink()
    found = one(shelf, tmp_path / "www")
    assert set(found.send) == {
        f"{DAY}/churn.ipynb", f"{DAY}/loyalty.html", f"{DAY}/figures.json", f"{DAY}/ledger.html", f"{DAY}/run.json",
        "feed.xml", "index.html",
    }  # fmt: skip
    assert found.send[0] == f"{DAY}/churn.ipynb"
    assert (tmp_path / "www" / DAY / "churn.html").stat().st_ino == kept
    assert b"70.0 %" in read_site(of_folder(tmp_path / "www"))[f"{DAY}/loyalty.html"]


def test_nothing_in_the_making_nor_private_is_sent_unless_it_is_named(shelf, tmp_path):
    (shelf / DAY / ".half.1.part").write_text("half")
    (shelf / DAY / "churn.html.part").write_text("half")
    (shelf / ".77.part").mkdir()
    (shelf / "README.md").write_text("ours")
    for place in (shelf / "private" / "shop", shelf / DAY / "private"):
        place.mkdir(parents=True)
        (place / "calls.csv").write_text("customer_id\n17\n")
    (shelf / DAY / "elsewhere.csv").symlink_to("/etc/hostname")
    one(shelf, tmp_path / "www")
    assert visible(tmp_path / "www") == sorted(FILES)
    found = one(shelf, tmp_path / "team", private=["shop"])
    assert "private/shop/calls.csv" in found.send
    assert f"{DAY}/private/calls.csv" not in found.send
    with pytest.raises(CrmError, match=r"no folder 'shap' in .* Did you mean 'shop'"):
        one(shelf, tmp_path / "team", private=["shap"])
    with pytest.raises(CrmError, match="no folder"):
        one(shelf, tmp_path / "team", private=["../shop"])


def test_what_somebody_else_put_there_stays_and_is_not_written_over(shelf, tmp_path):
    www = tmp_path / "www"
    (www / "shop").mkdir(parents=True)
    (www / "shop" / "own.txt").write_text("mine")
    (www / "empty").mkdir()
    one(shelf, www)
    one(shelf, www, keep=Keep(runs=1))
    assert (www / "shop" / "own.txt").read_text() == "mine"
    assert (www / "empty").is_dir()
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_text("mine")
    (outcome,) = publish_site(shelf, [Target(to=str(other))])
    assert "holds index.html, which was not published from here" in outcome.problem
    assert (other / "index.html").read_text() == "mine"
    assert visible(other) == ["index.html"]


def test_days_are_kept_as_long_as_asked_and_the_index_names_just_those(shelf, tmp_path):
    for day in ("2024-04-30", "2024-05-31"):
        add_day(shelf, tmp_path / "scratch", day=day, share=0.3)
    www = tmp_path / "www"
    one(shelf, www)
    found = one(shelf, www, keep=Keep(runs=2))
    # With a day the pages go that compare another one with it.
    gone = {path for path in found.remove if "changes-since-2024-04-30" not in path}
    assert {path.split("/")[1] for path in gone} == {"2024-04-30"}
    assert sorted(each.name for each in (www / "shop").iterdir()) == ["2024-05-31", "2024-06-30"]
    assert b"2024-04-30" not in (www / "index.html").read_bytes()
    one(shelf, www, keep=Keep(days=30))
    assert sorted(each.name for each in (www / "shop").iterdir()) == ["2024-06-30"]
    assert Keep(days=31).of([("shop", "2024-05-31"), ("shop", "2024-06-30"), ("a", "2020-01-01")]) == {
        ("shop", "2024-05-31"),
        ("shop", "2024-06-30"),
        ("a", "2020-01-01"),
    }


def test_days_and_studies_that_are_elsewhere_now_stay_and_are_in_the_index(shelf, tmp_path):
    www = tmp_path / "www"
    one(shelf, www)
    other = tmp_path / "other-desk"
    add_day(other, tmp_path / "scratch", study="club", day="2024-07-31", share=0.9)
    found = one(other, www)
    assert found.remove == ()
    assert len([path for path in found.unchanged if path.startswith("shop/")]) == 7
    site = read_site(of_folder(www))
    assert {f"{DAY}/churn.html", "club/2024-07-31/churn.html"} <= set(site)
    assert one(other, www).send == ()
    assert one(shelf, www, studies=["shop"]).remove == ()
    assert set(read_site(of_folder(www))) == set(site)


def test_a_dry_run_writes_nothing_at_all(shelf, tmp_path):
    found = one(shelf, tmp_path / "www", is_dry=True)
    assert len(found.send) == 9
    assert not (tmp_path / "www").exists()


def test_a_full_disk_leaves_the_old_site_and_is_told(shelf, tmp_path, monkeypatch):
    www = tmp_path / "www"
    one(shelf, www)
    before = {path: (www / path).read_bytes() for path in visible(www)}
    add_day(shelf, tmp_path / "scratch", share=0.7)
    whole = folder_module.shutil.copyfile
    n_copied = []

    def full(source, target, **options):
        n_copied.append(target)
        if len(n_copied) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(source, target, **options)

    monkeypatch.setattr(folder_module.shutil, "copyfile", full)
    broken, well = publish_site(shelf, [Target(to=str(www)), Target(to=str(tmp_path / "second"))])
    assert broken.problem == (
        f"{www} is full: there is no room for what was sent. Free some space there and publish again."
    )
    assert {path: (www / path).read_bytes() for path in visible(www)} == before
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith(".www")) == []
    # One target that fails does not stop the others.
    assert well.problem is None
    assert visible(tmp_path / "second") == sorted(FILES)


def test_a_folder_that_fills_up_the_first_time_is_not_left_half_there(shelf, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder_module.shutil, "copyfile", full)
    (outcome,) = publish_site(shelf, [Target(to=str(tmp_path / "www"))])
    assert "is full" in outcome.problem
    assert not (tmp_path / "www").exists()


def test_a_folder_that_cannot_change_places_gets_its_files_one_by_one_the_index_last(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(folder_module, "exchange_folders", lambda *_: False)
    www = tmp_path / "www"
    one(shelf, www)
    add_day(shelf, tmp_path / "scratch", share=0.7)
    add_day(shelf, tmp_path / "scratch", day="2024-07-31", share=0.8)
    one(shelf, www, keep=Keep(runs=1))
    assert sorted(each.name for each in (www / "shop").iterdir()) == ["2024-07-31"]
    assert len(read_site(of_folder(www))) == 5
    assert sorted(each.name for each in (www / OWN).iterdir()) == ["lock", "published.json"]


def test_two_do_not_publish_to_one_folder_at_once(shelf, tmp_path):
    www = tmp_path / "www"
    with folder_module.holding_folder(www):
        (outcome,) = publish_site(shelf, [Target(to=str(www))], seconds_to_wait=0.2)
    assert "Another publishing to" in outcome.problem
    assert "was so for 0.2 seconds" in outcome.problem
    assert one(shelf, www).remove == ()


def test_reports_and_target_are_not_one_inside_the_other(shelf, tmp_path):
    for target in (shelf, shelf / "site", tmp_path):
        with pytest.raises(CrmError, match="one inside the other"):
            publish_site(shelf, [Target(to=str(target))])
    (tmp_path / "file").write_text("x")
    with pytest.raises(CrmError, match="is no folder"):
        publish_site(shelf, [Target(to=str(tmp_path / "file"))])


def test_what_was_published_and_cannot_be_read_is_said(shelf, tmp_path):
    www = tmp_path / "www"
    one(shelf, www)
    (www / OWN / "published.json").write_text("{")
    (outcome,) = publish_site(shelf, [Target(to=str(www))])
    assert "cannot be read. Nothing was sent." in outcome.problem


# Ends itself with SIGKILL before the n-th call that changes anything on the disk.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
shelf, www, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
from crm_research.delivery import folder, publishing, site
from crm_research.delivery.targets import Keep, Target
import crm_research.reporting.site
calls = 0
def ending(module, name):
    whole = getattr(module, name)
    def call(*given, **named):
        global calls
        calls += 1
        if calls == n:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(*given, **named)
    setattr(module, name, call)
whole_put = publishing.put_in_folder
def put(*given, **named):
    for module, name in ((os, "link"), (os, "mkdir"), (os, "rename"), (os, "replace"), (os, "unlink"), (os, "rmdir"),
                         (shutil, "copyfile"), (folder, "exchange_folders"), (folder, "_rescue")):
        ending(module, name)
    for name in ("rename", "replace", "unlink", "rmdir", "mkdir", "touch"):
        ending(Path, name)
    if len(sys.argv) > 4:
        folder.exchange_folders = lambda *_: False
    return whole_put(*given, **named)
publishing.put_in_folder = put
publishing.publish_site(shelf, [Target(to=www, keep=Keep(runs=2))])
print(calls)
"""


def publish_until(n: int, shelf: Path, www: Path, *more: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", KILLED, str(shelf), str(www), str(n), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_killed_at_twenty_points_a_reader_sees_the_old_site_or_the_new_one_whole(shelf, tmp_path):
    import shutil

    add_day(shelf, tmp_path / "scratch", day="2024-05-31", share=0.3)
    old = tmp_path / "old"
    one(shelf, old)
    (old / "own.txt").write_text("mine")
    before = read_site(of_folder(old))
    add_day(shelf, tmp_path / "scratch", share=0.7)
    add_day(shelf, tmp_path / "scratch", day="2024-07-31", share=0.8)
    www = tmp_path / "www"

    def fresh() -> None:
        for left in tmp_path.glob(".www*"):
            shutil.rmtree(left)
        shutil.rmtree(www, ignore_errors=True)
        shutil.copytree(old, www)

    fresh()
    ended = publish_until(10**6, shelf, www)
    assert ended.returncode == 0, ended.stderr
    after = read_site(of_folder(www))
    assert after != before
    n_calls = int(ended.stdout)
    assert n_calls > 40
    seen = set()
    for n in sorted({1 + place * (n_calls - 1) // 19 for place in range(20)}):
        fresh()
        assert publish_until(n, shelf, www).returncode == -9
        site = read_site(of_folder(www))
        assert site in (before, after)
        seen.add(site == after)
        # The next one ends what was begun, and clears away what lies about.
        found = one(shelf, www, keep=Keep(runs=2))
        assert (found.send == ()) == (site == after)
        assert read_site(of_folder(www)) == after
        assert (www / "own.txt").read_text() == "mine"
        assert list(tmp_path.glob(".www*")) == []
    assert seen == {True, False}


def add_part(
    shelf: Path, scratch: Path, part: str, *, day: str = "2024-06-30", parts=("north", "south"), **told
) -> None:
    """A part of the customers of the study shop, as `run --each region` leaves it."""
    apart = shelf / "each" / "shop-region"
    add_day(apart, scratch / part, study=part, day=day, reports=("churn",), **told)
    said = {"study": "shop", "column": "region", "parts": {each: each.title() for each in parts}, "withheld": ""}
    (apart / "each.json").write_text(json.dumps(said), encoding="utf-8")
    write_index(apart)
    write_index(shelf)


OF_NORTH = "each/shop-region/north/2024-06-30"


@pytest.mark.slow
def test_parts_of_customers_go_with_their_study_and_the_index_leads_to_them(shelf, tmp_path):
    for part, share in (("north", 0.3), ("south", 0.7)):
        add_part(shelf, tmp_path / "scratch", part, share=share)
    (shelf / "each" / "shop-region" / "private" / "north").mkdir(parents=True)
    found = one(shelf, tmp_path / "www", studies=["shop"])
    apart = {path for path in found.send if path.startswith("each/")}
    assert {path.removeprefix("each/shop-region/").partition("/")[0] for path in apart} == {
        "each.json", "feed.xml", "index.html", "north", "south",
    }  # fmt: skip
    assert found.send[-4:] == ("each/shop-region/feed.xml", "each/shop-region/index.html", "feed.xml", "index.html")
    pages = read_site(of_folder(tmp_path / "www"))
    assert b"30.0 %" in pages[f"{OF_NORTH}/churn.html"]
    assert b"2 parts." in pages["index.html"]
    assert len(pages) == 5 + 2 + 2 * 2
    assert one(shelf, tmp_path / "www").send == ()


@pytest.mark.slow
def test_parts_alone_are_published_too_and_so_is_their_shelf_by_itself(tmp_path):
    add_part(tmp_path / "reports", tmp_path / "scratch", "north", parts=("north",))
    assert find_studies(tmp_path / "reports") == ["shop"]
    one(tmp_path / "reports", tmp_path / "www")
    assert f"{OF_NORTH}/churn.html" in read_site(of_folder(tmp_path / "www"))
    by_itself = tmp_path / "reports" / "each" / "shop-region"
    assert find_studies(by_itself) == ["shop"]
    one(by_itself, tmp_path / "alone", studies=["shop"])
    assert "north/2024-06-30/churn.html" in read_site(of_folder(tmp_path / "alone"))


@pytest.mark.slow
def test_a_part_that_has_no_page_any_more_leaves_the_target_and_its_earlier_days_stay(shelf, tmp_path):
    scratch, www = tmp_path / "scratch", tmp_path / "www"
    for day in ("2024-05-31", "2024-06-30"):
        for part in ("north", "south"):
            add_part(shelf, scratch / day, part, day=day)
    one(shelf, www)
    shutil.rmtree(shelf / "each" / "shop-region" / "south")
    shutil.rmtree(shelf / "each" / "shop-region" / "north" / "2024-05-31")
    add_part(shelf, scratch, "north", parts=("north",))
    removed = one(shelf, www).remove
    assert {path.rpartition("/")[0] for path in removed} == {"each/shop-region/south/2024-06-30"}
    assert (www / "each" / "shop-region" / "south" / "2024-05-31" / "churn.html").is_file()
    assert (www / "each" / "shop-region" / "north" / "2024-05-31" / "churn.html").is_file()
    one(shelf, www, keep=Keep(runs=1))
    assert not (www / "each" / "shop-region" / "north" / "2024-05-31").exists()
    read_site(of_folder(www))


@pytest.mark.slow
def test_parts_that_are_elsewhere_now_stay_and_are_in_the_index(shelf, tmp_path):
    add_part(shelf, tmp_path / "scratch", "north", parts=("north",))
    one(shelf, tmp_path / "www")
    add_day(tmp_path / "other", tmp_path / "scratch", study="bank")
    found = one(tmp_path / "other", tmp_path / "www")
    assert found.remove == ()
    pages = read_site(of_folder(tmp_path / "www"))
    assert {f"{OF_NORTH}/churn.html", "bank/2024-06-30/churn.html", "shop/2024-06-30/churn.html"} <= set(pages)


def test_a_record_of_parts_that_says_nothing_is_told(shelf, tmp_path):
    add_part(shelf, tmp_path / "scratch", "north")
    (shelf / "each" / "shop-region" / "each.json").write_text("[]", encoding="utf-8")
    with pytest.raises(CrmError, match=r"each\.json does not say whose parts these are\. Run the reports"):
        publish_site(shelf, [Target(to=str(tmp_path / "www"))])
