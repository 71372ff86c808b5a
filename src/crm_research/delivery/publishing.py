"""Publishing: what of the shelf goes where, sent to each target by itself, with what came of each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crm_research.delivery.faults import say_unpublished
from crm_research.delivery.folder import holding_folder, put_in_folder, read_folder
from crm_research.delivery.manifest import OWN, Manifest, Plan, fingerprint, parts_of, plan, run_of
from crm_research.delivery.privacy_gate import refuse_what_may_not_leave
from crm_research.delivery.retries import TRIES, trying
from crm_research.delivery.site import (
    RECORDS,
    Run,
    copy_private,
    copy_runs,
    copy_tree,
    files_of,
    find_runs,
    make_index,
)
from crm_research.delivery.store import SECONDS_TO_WAIT, holding_store, put_in_store, read_store
from crm_research.delivery.targets import Target
from crm_research.errors import CrmError
from crm_research.results import PARTS_RECORD, PRIVATE
from crm_research.scratch import make_scratch, remove_scratch


@dataclass(frozen=True, kw_only=True)
class Published:
    """What came of publishing to one target.

    Parameters
    ----------
    plan
        What was done there, or would be; None where it could not even be looked at.
    problem
        Why it was not done, in words; None if it was.
    """

    target: Target
    plan: Plan | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Parcel:
    """What is to be published: a copy of the pages, and which studies and days it holds."""

    copied: Path
    runs: tuple[Run, ...]


def publish_site(
    shelf: Path,
    targets: Sequence[Target],
    *,
    studies: Sequence[str] = (),
    study_files: Sequence[str] = (),
    private: Sequence[str] = (),
    with_parts: bool = True,
    is_dry: bool = False,
    seconds_to_wait: float = SECONDS_TO_WAIT,
) -> list[Published]:
    """Publish the pages of a shelf to each target; one that fails leaves the others going.

    Parameters
    ----------
    studies
        Names of the studies; none means all that are on the shelf.
    study_files
        Names or files under which the studies are known, for the look at what may not leave.
    private
        Folders of ``private/`` that go along, as somebody named them.
    with_parts
        Do parts of customers (``run --each``) go along? What lies at a target of them stays, whether or not.
    is_dry
        Look only: nothing is sent, locked or written.

    Raises
    ------
    CrmError
        If there is nothing to publish, or something in it may not leave the house; nothing has then been sent.
    """
    for target in targets:
        _refuse_overlap(target, shelf.resolve())
    runs = find_runs(shelf, studies, with_parts=with_parts)
    scratch = make_scratch()
    try:
        parcel = _Parcel(copied=scratch / "copied", runs=tuple(runs))
        copy_runs(shelf, runs, parcel.copied)
        copy_private(shelf, private, parcel.copied)
        make_index(parcel.copied)
        refuse_what_may_not_leave(parcel.copied, study_files)
        return [
            _publish_one(target, parcel, scratch / str(number), is_dry=is_dry, seconds_to_wait=seconds_to_wait)
            for number, target in enumerate(targets)
        ]
    finally:
        remove_scratch(scratch)


def _publish_one(target: Target, parcel: _Parcel, site: Path, *, is_dry: bool, seconds_to_wait: float) -> Published:
    try:
        publish = _to_folder if target.is_folder else _to_store
        return Published(target=target, plan=publish(target, parcel, site, is_dry, seconds_to_wait))
    except Exception as problem:
        return Published(target=target, problem=say_unpublished(target.said, problem, tries=TRIES))
    finally:
        shutil.rmtree(site, ignore_errors=True)


def _to_folder(target: Target, parcel: _Parcel, site: Path, is_dry: bool, seconds_to_wait: float) -> Plan:
    folder = target.folder

    def look() -> Plan:
        before, _ = read_folder(folder)
        held = _lay_out(target, parcel, site, before, lambda path: _bytes_of(folder / path))
        wanted = fingerprint(site, files_of(site))
        before, there = read_folder(folder, wanted)
        return _without_strangers(plan(wanted, before, there, held), before, there, target)

    if is_dry:
        return look()
    is_new = not folder.exists()
    try:
        with holding_folder(folder, seconds=seconds_to_wait):
            found = look()
            if found.send or found.remove:
                put_in_folder(folder, site, found)
    except BaseException:
        if is_new:
            _remove_if_nothing_came(folder)
        raise
    return found


def _to_store(target: Target, parcel: _Parcel, site: Path, is_dry: bool, seconds_to_wait: float) -> Plan:
    from crm_research.delivery.clients import open_target

    store = trying(lambda: open_target(target.to))

    def look() -> tuple[Plan, Manifest]:
        before, there = read_store(store)
        held = _lay_out(
            target, parcel, site, before, lambda path: trying(lambda: store.read(path), between=store.reconnect)
        )
        found = plan(fingerprint(site, files_of(site)), before, there, held)
        return _without_strangers(found, before, there, target), before

    try:
        if is_dry:
            return look()[0]
        with holding_store(store, seconds=seconds_to_wait) as lock:
            found, before = look()
            if found.send or found.remove:
                put_in_store(store, site, found, before, lock)
    finally:
        store.close()
    return found


def _bytes_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _lay_out(
    target: Target, parcel: _Parcel, site: Path, before: Manifest, read: Callable[[str], bytes | None]
) -> list[str]:
    """The site of a target, with an index of what will lie there; returns what lies there and stays as it is.

    Days that lie there from earlier, and are not on the shelf or not asked for now, stay (as long as days are kept):
    of them only the records are fetched, which the index is made of. Of a day that was taken apart anew only the parts
    that were made now stay: the others are withheld, or are no more.
    """
    here = {(run.study, run.day) for run in parcel.runs}
    apart = {parts_of(run) for run in here} - {None}
    kept = target.keep.of(here | {run for run in before.runs if run in here or parts_of(run) not in apart})
    site.mkdir(parents=True, exist_ok=True)
    for study, day in sorted(kept & here):
        copy_tree(parcel.copied / study / day, site / study / day)
    for folder in sorted((parcel.copied / PRIVATE).glob("*")):
        copy_tree(folder, site / PRIVATE / folder.name)
    elsewhere = kept - here
    for study, day in sorted(elsewhere):
        for name in RECORDS:
            content = read(f"{study}/{day}/{name}")
            if content is not None:
                (site / study / day).mkdir(parents=True, exist_ok=True)
                (site / study / day / name).write_bytes(content)
    for apart_in in sorted({parts[0] for run in kept if (parts := parts_of(run)) is not None}):
        path = f"{apart_in}/{PARTS_RECORD}"
        content = _bytes_of(parcel.copied / path) or read(path)
        if content is not None:
            (site / path).write_bytes(content)
    make_index(site)
    # What lies there is as good as what was fetched, or made of it here.
    stay = [path for path in before.files if run_of(path) in elsewhere]
    for path in stay:
        with suppress(OSError):
            (site / path).unlink()
    return stay


def _without_strangers(found: Plan, before: Manifest, there: dict[str, int], target: Target) -> Plan:
    """The plan, unless it would write over what somebody else put there.

    Raises
    ------
    CrmError
        Naming the first.
    """
    strange = [path for path in found.send if path in there and path not in before.files]
    if strange:
        more = f" and {len(strange) - 1:,} more" if len(strange) > 1 else ""
        raise CrmError(
            f"{target.said} holds {strange[0]}{more}, which was not published from here and would be written over. "
            "Nothing was sent. Publish into a folder of its own, or move away what lies there."
        )
    return found


def _refuse_overlap(target: Target, shelf: Path) -> None:
    if not target.is_folder:
        return
    folder = target.folder
    if folder.exists() and not folder.is_dir():
        raise CrmError(f"The target {target.said} is no folder. Nothing was sent. Name another.")
    if folder.is_relative_to(shelf) or shelf.is_relative_to(folder):
        raise CrmError(
            f"The target {target.said} and the reports, which lie in {shelf}, are one inside the other. Nothing was "
            "sent. Name a folder elsewhere."
        )


def _remove_if_nothing_came(folder: Path) -> None:
    with suppress(OSError):
        if {path.name for path in folder.iterdir()} <= {OWN}:
            shutil.rmtree(folder)
