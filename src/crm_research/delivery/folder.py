"""Publishing to a folder: the new site is laid out beside the old one, and the two change places at once."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from crm_research.delivery.manifest import MANIFEST, OWN, Manifest, Plan
from crm_research.delivery.site import link_or_copy
from crm_research.errors import CrmError
from crm_research.reporting.shelf import exchange_folders
from crm_research.results import PRIVATE
from crm_research.scratch import UNFINISHED, replacing

SECONDS_TO_WAIT: Final = 60.0
_LOCK: Final = f"{OWN}/lock"
# Stands in a site while it is laid out; what is in it then is nobody's.
_HALF: Final = f"{OWN}/half{UNFINISHED}"


def read_folder(folder: Path, wanted: Iterable[str] = ()) -> tuple[Manifest, dict[str, int]]:
    """What was published to a folder, and what lies there of it and of what is wanted."""
    path = folder / MANIFEST
    manifest = Manifest.from_text(path.read_text(encoding="utf-8") if path.is_file() else None, str(folder))
    sizes = {name: (folder / name).stat().st_size for name in {*manifest.files, *wanted} if (folder / name).is_file()}
    return manifest, sizes


@contextmanager
def holding_folder(folder: Path, *, seconds: float = SECONDS_TO_WAIT) -> Iterator[None]:
    """Be the only one who publishes to a folder; with a dead process its lock is free.

    Raises
    ------
    CrmError
        If another is at work there all that time.
    """
    (folder / OWN).mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle, folder, seconds)
        _sweep(folder)
        yield
    finally:
        os.close(handle)


def put_in_folder(folder: Path, site: Path, plan: Plan) -> None:
    """Make a folder hold what is planned; a reader sees the old site or the new one, whole, whenever this is ended."""
    draft = _beside(folder) / f".{folder.name}.{os.getpid()}.publishing{UNFINISHED}"
    try:
        can_exchange = _lay_out(folder, draft, site, plan)
        if can_exchange and exchange_folders(draft, folder):
            _rescue(draft, folder)
            return
        _move_in(folder, site, plan)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _beside(folder: Path) -> Path:
    return folder.parent


def _lay_out(folder: Path, draft: Path, site: Path, plan: Plan) -> bool:
    """The new site beside the old one, sharing what does not change; False where nothing may be written there."""
    try:
        draft.mkdir()
    except OSError as problem:
        if isinstance(problem, PermissionError) or problem.errno == errno.EROFS:
            return False
        raise
    shutil.copystat(folder, draft)
    (draft / OWN).mkdir()
    (draft / _HALF).touch()
    leave = {*plan.send, *plan.remove, MANIFEST}
    _share(folder, draft, folder, leave)
    for path in plan.send:
        _copy(site / path, draft / path, draft)
    _write_manifest(draft, plan)
    (draft / _HALF).unlink()
    return True


def _share(source: Path, target: Path, root: Path, leave: set[str]) -> None:
    for path in source.iterdir():
        if path.relative_to(root).as_posix() in leave:
            continue
        if path.is_symlink():
            (target / path.name).symlink_to(path.readlink())
        elif path.is_dir():
            (target / path.name).mkdir(exist_ok=True)
            _share(path, target / path.name, root, leave)
            shutil.copystat(path, target / path.name)
            _remove_if_emptied(path, target / path.name)
        else:
            link_or_copy(path, target / path.name)


def _remove_if_emptied(before: Path, now: Path) -> None:
    """A folder whose last file of ours goes, goes with it; one that was empty before is somebody's."""
    if any(before.iterdir()) and not any(now.iterdir()):
        now.rmdir()


def _copy(source: Path, target: Path, root: Path) -> None:
    inner = target.relative_to(root)
    for parent in reversed(inner.parents[:-1]):
        # Lists with real ids stay their owner's alone, here as there.
        (root / parent).mkdir(mode=0o700 if inner.parts[0] == PRIVATE else 0o777, parents=True, exist_ok=True)
    with replacing(target) as half:
        shutil.copyfile(source, half)
        shutil.copymode(source, half)


def _write_manifest(root: Path, plan: Plan) -> None:
    path = root / MANIFEST
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as half:
        half.write_text(Manifest(files=plan.result).as_text(), encoding="utf-8")


def _rescue(old: Path, folder: Path) -> None:
    """Put into the new site what somebody else wrote into the old one while the new one was laid out."""
    ours = set(read_folder(old)[0].files)
    for path in sorted(old.rglob("*")):
        inner = path.relative_to(old)
        if path.is_dir() or inner.as_posix() in ours or inner.parts[0] == OWN or (folder / inner).exists():
            continue
        (folder / inner).parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            path.rename(folder / inner)


def _move_in(folder: Path, site: Path, plan: Plan) -> None:
    """Where folders cannot change places (a mount, no right beside it): file by file, the index last."""
    staged = folder / OWN / f"staging{UNFINISHED}"
    try:
        for path in plan.send:
            _copy(site / path, staged / path, staged)
        before = read_folder(folder)[0].files
        _write_manifest(folder, Plan(send=(), unchanged=(), remove=(), result={**before, **plan.result}))
        for path in plan.send:
            is_private = path.startswith(f"{PRIVATE}/")
            (folder / path).parent.mkdir(mode=0o700 if is_private else 0o777, parents=True, exist_ok=True)
            (staged / path).replace(folder / path)
        for path in plan.remove:
            with suppress(FileNotFoundError):
                (folder / path).unlink()
            _remove_empty((folder / path).parent, folder)
        _write_manifest(folder, plan)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _remove_empty(path: Path, root: Path) -> None:
    while path != root and path.is_dir() and not any(path.iterdir()):
        path.rmdir()
        path = path.parent


def _lock(handle: int, folder: Path, seconds: float) -> None:
    try:
        import fcntl
    except ImportError:
        # Without file locks (Windows) two that publish to one folder are the user's to avoid.
        return
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= end:
                raise CrmError(
                    f"Another publishing to {folder} is at work, and was so for {seconds:g} seconds. Nothing was "
                    "changed there. Try again when it is done."
                ) from None
            time.sleep(0.1)
        else:
            return


def _sweep(folder: Path) -> None:
    """Clear away what a publishing that was killed left; the lock is held, so it is nobody's."""
    for left in _beside(folder).glob(f".{folder.name}.*.publishing{UNFINISHED}"):
        if left.is_dir() and not left.is_symlink():
            if not (left / _HALF).exists():
                _rescue(left, folder)
            shutil.rmtree(left, ignore_errors=True)
    shutil.rmtree(folder / OWN / f"staging{UNFINISHED}", ignore_errors=True)
