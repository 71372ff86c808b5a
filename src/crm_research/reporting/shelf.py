"""The shelf of published reports: all of a study and day is changed in a copy, which takes its place at once.

A reader sees the old folder or the new one, whole, whenever a run is killed. What a killed run leaves behind ends in
``.part`` and is swept by the next one.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from crm_research.errors import CrmError
from crm_research.scratch import UNFINISHED, replacing

# Folders on their way out, kept by study and day until those that take their place are there.
_ASIDE: Final = f".aside{UNFINISHED}"
# What a file system without the exchange of two folders answers.
_CANNOT_EXCHANGE: Final = (errno.ENOSYS, errno.EINVAL, errno.EXDEV, errno.ENOTSUP, errno.EPERM)
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_RENAME_SWAP: Final = 2
_FEWEST_FREE_BYTES: Final = 64 * 1024**2


def folder_of(out: Path, study: str, as_of: str) -> Path:
    """Where the reports of a study at a day are kept."""
    return out / study / as_of


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it; its mode follows the umask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keep a second run from writing the same shelf at the same moment."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        # Without file locks (Windows) two runs into one folder are the user's to avoid.
        yield
        return
    with (out / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def changing(out: Path, study: str, as_of: str) -> Iterator[Path]:
    """A copy of a study's folder to change, which takes the folder's place by one rename if the block ends well."""
    with locked(out):
        _sweep(out)
        folder, draft = folder_of(out, study, as_of), out / f".{os.getpid()}{UNFINISHED}"
        try:
            if folder.exists():
                shutil.copytree(folder, draft, symlinks=True, copy_function=_link_or_copy)
                _sweep_files(draft)
            else:
                draft.mkdir()
            yield draft
            folder.parent.mkdir(parents=True, exist_ok=True)
            _put_in_place(out, draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def require_room(*folders: Path) -> None:
    """Stop before any work where a run could not write what it makes.

    Raises
    ------
    CrmError
        Naming the folder, if it cannot be made or written, or if its disk is full.
    """
    for folder in dict.fromkeys(folders):
        missing = [folder, *folder.parents]
        there = next(parent for parent in missing if parent.exists())
        probe = there / f".{os.getpid()}.probe{UNFINISHED}"
        try:
            if not there.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
            n_free = shutil.disk_usage(there).free
            probe.write_bytes(b"\0" * 4096)
        except OSError as problem:
            raise CrmError(
                f"Nothing can be written in {folder}: {problem.strerror or problem} ({there}). Nothing was started. "
                "Name another folder, free its disk, or ask for the right to write there."
            ) from None
        finally:
            with suppress(OSError):
                probe.unlink()
        if n_free < _FEWEST_FREE_BYTES:
            raise CrmError(
                f"The disk of {folder} is full: {n_free / 1024**2:,.0f} MB are free, and a run needs at least "
                f"{_FEWEST_FREE_BYTES / 1024**2:,.0f} MB. Nothing was started. Free the disk or name a folder on "
                "another one."
            )


def sweep_shelf(out: Path) -> None:
    """Clear away what runs that were killed left half-made; a folder on its way out is put back where none came."""
    if out.is_dir():
        with locked(out):
            _sweep(out)


def _sweep(out: Path) -> None:
    # The lock is held, so whatever is unfinished is nobody's any more.
    for aside in (out / _ASIDE).glob("*/*"):
        target = out / aside.relative_to(out / _ASIDE)
        if not target.exists():
            aside.rename(target)
    for left in out.glob(f".*{UNFINISHED}"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
    for folder in (out, *out.glob("*/*")):
        _sweep_files(folder)


def _sweep_files(folder: Path) -> None:
    for left in folder.glob(f".*{UNFINISHED}"):
        if left.is_file():
            with suppress(OSError):
                left.unlink()


def _link_or_copy(source: str, target: str) -> None:
    # Files are replaced and never written to, so that old and new folder may share them.
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _put_in_place(out: Path, draft: Path, folder: Path) -> None:
    if not folder.exists():
        draft.rename(folder)
        return
    if exchange_folders(draft, folder):
        return
    aside = out / _ASIDE / folder.parent.name / folder.name
    aside.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(aside)
    except OSError:
        # A folder that cannot be moved (a mount, a layer of a container's image): its files are, one by one.
        _move_files(draft, folder)
        return
    draft.rename(folder)
    shutil.rmtree(out / _ASIDE, ignore_errors=True)


def _move_files(draft: Path, folder: Path) -> None:
    shutil.copytree(draft, folder, symlinks=True, dirs_exist_ok=True, copy_function=_replace_by_copy)
    for path in folder.iterdir():
        if not (draft / path.name).exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _replace_by_copy(source: str, target: str) -> None:
    with replacing(Path(target)) as beside:
        shutil.copy2(source, beside, follow_symlinks=False)


def exchange_folders(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where system or file system cannot."""
    rename = _exchanger()
    if rename is None:
        return False
    ctypes.set_errno(0)
    if rename(os.fsencode(one), os.fsencode(other)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))


@cache
def _exchanger() -> Any:
    library = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        call: Any = library.renameat2  # type: ignore[union-attr]
        return lambda one, other: call(_AT_FDCWD, one, _AT_FDCWD, other, ctypes.c_uint(_RENAME_EXCHANGE))
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        swap: Any = library.renamex_np
        return lambda one, other: swap(one, other, ctypes.c_uint(_RENAME_SWAP))
    return None
