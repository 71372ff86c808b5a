"""The key of pseudonyms: from the environment, or from a file that its owner alone may read, made when first needed."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from crm_research.errors import CrmError
from crm_research.settings import PSEUDONYM_KEY, PSEUDONYM_KEY_FILE, pseudonym_key, pseudonym_key_file

# Signs that a key has at least: 32 of them as hexadecimal digits hold 128 bits.
LEAST_SIGNS: Final = 32
_BYTES: Final = 32
_LONGEST: Final = 4096
_MADE_BY: Final = "python -c 'import secrets; print(secrets.token_hex(32))'"
_OF_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def require_key(*published: Path) -> bytes:
    """The key; a file is made where there is none yet.

    Parameters
    ----------
    *published
        Folders of what others read: a key that lies in one of them is refused.

    Raises
    ------
    CrmError
        If the key is empty or short, or its file is a folder, lies among what is published, can be read by others, or
        can be neither read nor made.
    """
    given = pseudonym_key()
    if given is not None:
        return _checked(given, f"The environment's {PSEUDONYM_KEY}", f"Set it to the output of {_MADE_BY}.")
    path = pseudonym_key_file()
    for folder in published:
        if path.resolve().is_relative_to(folder.resolve()):
            raise CrmError(
                f"The key of pseudonyms {path} lies in {folder}, which others read: with it every customer could be "
                f"found again. Move it elsewhere and set {PSEUDONYM_KEY_FILE} to its new place."
            )
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as problem:
        raise CrmError(
            f"The key of pseudonyms {path} can be neither read nor made: {problem.strerror or problem}. Set "
            f"{PSEUDONYM_KEY_FILE} to a file that can be, outside the reports, or {PSEUDONYM_KEY} to a key of "
            f"{LEAST_SIGNS} signs or more."
        ) from None


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise CrmError(
            f"The key of pseudonyms {path} is no file but a folder, a pipe or a device. Set {PSEUDONYM_KEY_FILE} to "
            "a file; where there is none it is made."
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & _OF_OTHERS:
        raise CrmError(
            f"The key of pseudonyms {path} can be read or written by others (mode {mode:03o}): whoever holds it can "
            f"find every customer again. Close it with chmod 600 {path}; if others may have seen it, remove it "
            "instead, and the next run makes another, with other pseudonyms."
        )
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LONGEST)
    except UnicodeDecodeError:
        text = ""
    return _checked(
        text, f"The key of pseudonyms {path}", "Remove the file, and the next run makes one, with other pseudonyms."
    )


def _checked(text: str, what: str, mend: str) -> bytes:
    key = text.strip()
    if len(key) < LEAST_SIGNS or len(set(key)) < LEAST_SIGNS // 4:
        found = "is empty" if not key else f"has {len(key)} signs, too few or too much alike"
        raise CrmError(f"{what} {found}: a key that can be guessed hides nobody. {mend}")
    return key.encode()


def _make(path: Path) -> None:
    """A new key under its name at once, so that of two runs that begin together both read the same one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.parent / f".{path.name}.{os.getpid()}.part"
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
        with suppress(FileExistsError):
            os.link(half, path)
    finally:
        half.unlink()
