"""Publishing to a store or a server: all is sent beside the site first, and then put in place, the index last."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from crm_research.delivery.manifest import MANIFEST, OWN, STAGING, Kept, Manifest, Plan
from crm_research.delivery.retries import trying
from crm_research.errors import CrmError

SECONDS_TO_WAIT: Final = 60.0
_LOCKS: Final = f"{OWN}/locks"
# A publishing that says nothing for so long was ended: others may begin.
_LIFE: Final = timedelta(minutes=15)
_SECONDS_TO_RENEW: Final = 240.0


class Store(Protocol):
    """What publishing asks of a place, with paths from the root of the site."""

    said: str

    def read(self, path: str) -> bytes | None:
        """What a file holds; None where there is none."""

    def write(self, path: str, content: bytes) -> None:
        """Write a small file of ours."""

    def put(self, source: Path, path: str) -> None:
        """Send a file."""

    def move(self, path: str, target: str) -> None:
        """Put a file in the place of another, which goes."""

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is removed already."""

    def remove_folder(self, path: str) -> None:
        """Remove a folder with all in it."""

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Every file below a folder and how long it is."""

    def reconnect(self) -> None:
        """Begin anew after a line that broke."""

    def close(self) -> None:
        """Say goodbye."""


def read_store(store: Store) -> tuple[Manifest, dict[str, int]]:
    """What was published to a store, and what lies there."""
    text = trying(lambda: store.read(MANIFEST), between=store.reconnect)
    sizes = trying(store.sizes, between=store.reconnect)
    there = {path: size for path, size in sizes.items() if not path.startswith(f"{OWN}/")}
    return Manifest.from_text(text, store.said), there


class Lock:
    """The one who publishes to a store, told to all others by a file that is renewed while work goes on.

    Each that wants to begin writes a file of its own and then looks for those of others: of two that begin at one
    moment at least one sees the other, and none goes on who sees one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._path = f"{_LOCKS}/{secrets.token_hex(8)}"
        self._renewed = 0.0

    def take(self, seconds: float) -> None:
        """Wait for it.

        Raises
        ------
        CrmError
            If another holds it all that time.
        """
        end = time.monotonic() + seconds
        while True:
            self.renew()
            others = self._others()
            if not others:
                return
            self.release()
            if time.monotonic() >= end:
                raise CrmError(
                    f"Another publishing to {self._store.said} is at work, and was so for {seconds:g} seconds. Nothing "
                    "was changed there. Try again when it is done."
                )
            # Not in step with another that waits.
            time.sleep(0.3 + secrets.randbelow(700) / 1000)

    def renew(self) -> None:
        """Say that work goes on, if the last word of it is old."""
        if self._renewed and time.monotonic() - self._renewed < _SECONDS_TO_RENEW:
            return
        until = (datetime.now(UTC) + _LIFE).isoformat(timespec="seconds")
        content = json.dumps({"until": until, "host": _host(), "process": os.getpid()}).encode()
        trying(lambda: self._store.write(self._path, content), between=self._store.reconnect)
        self._renewed = time.monotonic()

    def release(self) -> None:
        """Let others begin."""
        self._renewed = 0.0
        with suppress(Exception):
            self._store.remove(self._path)

    def _others(self) -> list[str]:
        found = []
        for path in trying(lambda: self._store.sizes(_LOCKS), between=self._store.reconnect):
            if path != self._path:
                content = self._store.read(path)
                if content is not None and _is_alive(content):
                    found.append(path)
                else:
                    self._store.remove(path)
        return found


def _host() -> str:
    # The name of the machine is nobody's business.
    return sha256(socket.gethostname().encode()).hexdigest()[:16]


def _is_alive(content: bytes) -> bool:
    try:
        held = json.loads(content)
        until, host, process = datetime.fromisoformat(held["until"]), held["host"], int(held["process"])
    except (ValueError, TypeError, KeyError):
        # Being written at this moment.
        return True
    if until < datetime.now(UTC):
        return False
    if host != _host():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def holding_store(store: Store, *, seconds: float = SECONDS_TO_WAIT) -> Iterator[Lock]:
    """Be the only one who publishes to a store, and end what one that was ended before had begun."""
    lock = Lock(store)
    lock.take(seconds)
    try:
        _end_what_was_begun(store)
        yield lock
    finally:
        lock.release()


def put_in_store(store: Store, site: Path, plan: Plan, before: Manifest, lock: Lock) -> None:
    """Make a store hold what is planned.

    Nothing that a reader sees changes before all has been sent. Then each file is put in place by the store itself, new
    ones first and the index last; what is no longer wanted goes after that. A publishing that is ended on the way is
    carried on by the next one.
    """

    def do(work: Any) -> None:
        lock.renew()
        trying(work, between=store.reconnect)

    try:
        for path in plan.send:
            do(lambda path=path: store.put(site / path, f"{STAGING}/{path}"))
    except BaseException:
        with suppress(Exception):
            store.remove_folder(STAGING)
        raise
    moving = {path: plan.result[path] for path in plan.send}
    if moving or plan.remove:
        _write(store, Manifest(files=before.files, moving=moving))
    _move_in(store, moving, do)
    for path in plan.remove:
        do(lambda path=path: store.remove(path))
    _write(store, Manifest(files=plan.result))
    with suppress(Exception):
        store.remove_folder(STAGING)


def _end_what_was_begun(store: Store) -> None:
    """Put in place what lies ready of a publishing that was ended while it did so; what was half sent goes."""
    text = trying(lambda: store.read(MANIFEST), between=store.reconnect)
    begun = Manifest.from_text(text, store.said)
    if begun.moving:
        _move_in(store, begun.moving, lambda work: trying(work, between=store.reconnect))
        _write(store, Manifest(files={**begun.files, **begun.moving}))
    with suppress(Exception):
        store.remove_folder(STAGING)


def _move_in(store: Store, moving: Mapping[str, Kept], do: Any) -> None:
    ready = None

    def move(path: str) -> None:
        nonlocal ready
        if ready is None:
            ready = store.sizes(STAGING)
        # One that is not there any more has been moved already.
        if f"{STAGING}/{path}" in ready:
            try:
                store.move(f"{STAGING}/{path}", path)
            except FileNotFoundError:
                if path not in store.sizes():
                    raise

    for path in moving:
        do(lambda path=path: move(path))


def _write(store: Store, manifest: Manifest) -> None:
    content = manifest.as_text().encode("utf-8")
    trying(lambda: store.write(MANIFEST, content), between=store.reconnect)
