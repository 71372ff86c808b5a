"""What is half made: files beside the place they will take, and folders that go when their process ends.

A process that is killed removes nothing. Its scratch folders hold customers' records, so the next run sweeps those
whose lock nobody holds any more.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

UNFINISHED: Final = ".part"
_PREFIX: Final = "crm-research-"
# Both prefixes that there were: runs without "research-", for names of sockets are short.
_OURS: Final = re.compile(r"crm-(?:research-)?[a-z0-9_]{8}")
# What an engine spills is named by its process (crm_research.engine).
_SPILLED: Final = re.compile(r"crm-research-(\d{1,7})")
_LOCK: Final = ".lock"
_SECONDS_WITHOUT_LOCK: Final = 24 * 3600.0
_SECRET: Final = 0o600
# Folder to the descriptor that holds its lock, of this process alone.
_held: dict[Path, int] = {}
_owner = os.getpid()


@contextmanager
def replacing(path: Path, *, ending: str = "", is_secret: bool = False) -> Iterator[Path]:
    """A place beside `path` to write to, which takes its place by one rename if the block ends well.

    The file's mode follows the umask, as that of any file written anew; a secret one is its owner's alone from its
    first byte on. `ending` is for writers that go by it.
    """
    scratch = path.parent / f".{path.name[:200]}.{os.getpid()}{UNFINISHED}{ending}"
    try:
        if is_secret:
            scratch.touch(mode=_SECRET)
        yield scratch
        if is_secret:
            # Some writers make the file anew.
            scratch.chmod(_SECRET)
        scratch.replace(path)
    except BaseException as problem:
        with suppress(OSError):
            scratch.unlink()
        if isinstance(problem, OSError) and problem.errno is not None and problem.filename is None:
            # A full disk is told without saying where.
            raise OSError(problem.errno, problem.strerror, str(path)) from problem
        raise


@contextmanager
def waiting_for(lock: Path) -> Iterator[None]:
    """Hold a lock that one process has at a time, and wait for it if another does; with a dead process it is free."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with suppress(ImportError):
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def make_scratch(prefix: str = _PREFIX, *, within: Path | None = None) -> Path:
    """A folder of this process alone, in the system's temporary folder or `within` another; it goes with the process.

    The first of a process in each sweeps what killed ones left there, whatever command this is.
    """
    global _owner  # noqa: PLW0603  (a fork inherits the folders of its parent, and may not remove them)
    if _owner != os.getpid():
        _held.clear()
        _owner = os.getpid()
    where = Path(tempfile.gettempdir()) if within is None else within
    if not any(folder.parent == where for folder in _held):
        sweep_scratch(where)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
    held = _lock_new(folder)
    if not _held:
        atexit.register(remove_scratch)
    _held[folder] = held
    return folder


def remove_scratch(*folders: Path) -> None:
    """Remove scratch folders of this process; all of them if none is named."""
    if _owner != os.getpid():
        return
    for folder in folders or tuple(_held):
        held = _held.pop(folder, -1)
        shutil.rmtree(folder, ignore_errors=True)
        if held >= 0:
            os.close(held)


def sweep_scratch(where: Path | None = None) -> list[Path]:
    """Remove what killed processes of this user left in the system's temporary folder, or in another.

    A folder whose lock is free is nobody's. One without a lock (of an earlier release, or made this moment) goes after
    a day.

    Returns
    -------
    list of Path
        The folders removed.
    """
    removed = []
    for folder in (where or Path(tempfile.gettempdir())).glob("crm-*"):
        spilled = _SPILLED.fullmatch(folder.name)
        is_left = _is_gone(int(spilled.group(1))) if spilled else bool(_OURS.fullmatch(folder.name))
        if is_left and folder not in _held and _is_abandoned(folder, is_lockless=spilled is not None):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed


def _lock_new(folder: Path) -> int:
    # The lock is held before it has its name: who finds it free finds it left behind.
    handle = os.open(folder / f"{_LOCK}.new", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    if not _try_lock(handle):
        os.close(handle)
        return -1
    (folder / f"{_LOCK}.new").rename(folder / _LOCK)
    return handle


def _try_lock(handle: int) -> bool:
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _is_abandoned(folder: Path, *, is_lockless: bool) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        # Its own process has just removed it.
        return False
    try:
        if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
            return False
        if is_lockless:
            return True
        handle = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return time.time() - found.st_mtime > _SECONDS_WITHOUT_LOCK
    except OSError:
        return False
    try:
        return _try_lock(handle)
    finally:
        os.close(handle)
