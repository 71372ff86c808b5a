"""Who makes what: claims on the folder that schedulers share, so that no time of a schedule is ever made twice at once.

A claim is a file that is linked into place, which one of many can do, on network file systems too. Whoever holds it
keeps a lock on it, which goes with the process and with the commands it has started; on another machine, where locks
may not be seen, a beat that has stopped says the same. What a dead one left is taken over by the next claim's number.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from crm_research.scratch import replacing

# A holder on another machine that has not shown itself for so long is taken for dead; clocks may differ by far less.
LEASE: Final = timedelta(minutes=5)
_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_TIME: Final = re.compile(r"\d{8}T\d{6}Z")
_CLAIM: Final = re.compile(r"(\d{1,6})\.claim")
# Times of a schedule that are kept after they ended, to be looked at; the newest says what has been made.
_KEPT: Final = 30

WELL: Final = "well"
FAILED: Final = "failed"
RETRY: Final = "to be tried again"
WAITING: Final = "data not fresh"
STALE: Final = "given up: data not fresh"
STOPPED: Final = "stopped"
OVERLAPPED: Final = "passed over"
SUPERSEDED: Final = "superseded"
GIVEN_UP: Final = "given up"
# What ends a time of a schedule for good.
SETTLED: Final = frozenset({WELL, FAILED, STALE, OVERLAPPED, SUPERSEDED, GIVEN_UP})
# Of those, what somebody must hear of.
BAD: Final = frozenset({FAILED, STALE, GIVEN_UP})


def host_name() -> str:
    """The name of this machine, as files are called after it."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:60] or "machine"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try at a time of a schedule, as the folder shows it.

    Parameters
    ----------
    number
        Counted from one.
    held
        What its claim says of its holder and its beginning.
    end
        How it ended, if it did.
    """

    number: int
    held: Mapping[str, Any]
    end: Mapping[str, Any] | None

    @property
    def outcome(self) -> str | None:
        """How it ended; None while it runs, or if its holder died."""
        return None if self.end is None else str(self.end.get("outcome"))


class Occasion:
    """One time of one schedule, in the folder that schedulers share.

    Parameters
    ----------
    folder
        Its own folder, named after the instant.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.schedule = folder.parent.name
        self.instant = datetime.strptime(folder.name, _FORMAT).replace(tzinfo=UTC)

    def attempts(self) -> list[Attempt]:
        """The tries at it so far, in order."""
        found = []
        with suppress(FileNotFoundError):
            numbers = sorted(int(match[1]) for path in self.folder.iterdir() if (match := _CLAIM.fullmatch(path.name)))
            for number in numbers:
                held, end = _read(self._claim(number)), _read(self._end(number))
                found.append(Attempt(number=number, held=held or {}, end=end))
        return found

    def claim(self, number: int, held: Mapping[str, Any], now: datetime) -> Hold | None:
        """Take this try; None if somebody else has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        half = self.folder / f".{number}.{host_name()}.{os.getpid()}.{id(self)}.part"
        handle = os.open(half, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            locks = _lock(handle) is not None
            record = {"host": host_name(), "pid": os.getpid(), "began_at": now.isoformat(), "locks": locks, **held}
            os.write(handle, json.dumps(record).encode())
            os.fsync(handle)
            self._beat(number, now)
            if not _link(half, self._claim(number), instead={**record, "locks": False}):
                os.close(handle)
                return None
            _sync_folder(self.folder)
        except BaseException:
            with suppress(OSError):
                os.close(handle)
            raise
        finally:
            with suppress(OSError):
                half.unlink()
        return Hold(self, number, handle)

    def is_alive(self, number: int, now: datetime) -> bool:
        """Is somebody still at this try? One on this machine is known by its lock, one elsewhere by its beat too."""
        try:
            handle = os.open(self._claim(number), os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            # Others may look at the same moment: a look disturbs no other.
            if _lock(handle, is_shared=True) is False:
                return True
        finally:
            os.close(handle)
        held = _read(self._claim(number)) or {}
        if held.get("host") == host_name() and held.get("locks"):
            return False
        beat = _read(self._beat_file(number)) or {}
        try:
            last = datetime.fromisoformat(str(beat.get("at")))
        except ValueError:
            return False
        return now - last < LEASE

    def end(self, number: int, outcome: str, now: datetime, **more: Any) -> bool:
        """Say how a try ended; the first word stands."""
        path = self._end(number)
        half = path.parent / f".{path.name}.{host_name()}.{os.getpid()}.part"
        _write(half, {"outcome": outcome, "ended_at": now.isoformat(), **more})
        try:
            return _link(half, path)
        finally:
            half.unlink(missing_ok=True)

    def settle(self, outcome: str, now: datetime, **more: Any) -> bool:
        """End the whole occasion without another try, as one that nobody is at; False if somebody was quicker."""
        number = (self.attempts()[-1].number if self.attempts() else 0) + 1
        hold = self.claim(number, {"without": "a run"}, now)
        if hold is None:
            return False
        try:
            return self.end(number, outcome, now, **more)
        finally:
            hold.release()

    def is_done(self, step: str) -> bool:
        """Has this step been done, by whichever try?"""
        return (self.folder / f"done.{step}").exists()

    def mark_done(self, step: str, now: datetime) -> None:
        """Keep that a step has been done: a later try begins behind it."""
        _write_by_rename(self.folder / f"done.{step}", {"at": now.isoformat()})

    def note(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep something about the occasion."""
        _write_by_rename(self.folder / f"{name}.json", value)

    def read_note(self, name: str) -> Mapping[str, Any] | None:
        """What was kept under a name."""
        return _read(self.folder / f"{name}.json")

    def output(self, number: int) -> Path:
        """Where the commands of a try write what they say."""
        return self.folder / f"{number}.out"

    def _claim(self, number: int) -> Path:
        return self.folder / f"{number}.claim"

    def _end(self, number: int) -> Path:
        return self.folder / f"{number}.end.json"

    def _beat_file(self, number: int) -> Path:
        return self.folder / f"{number}.beat.json"

    def _beat(self, number: int, now: datetime) -> None:
        _write_by_rename(self._beat_file(number), {"at": now.isoformat()}, is_synced=False)


class Hold:
    """A claim that this process holds: as long as it does, or a command that it has started, nobody takes it over."""

    def __init__(self, occasion: Occasion, number: int, handle: int) -> None:
        self.occasion = occasion
        self.number = number
        self.handle = handle

    def beat(self, now: datetime) -> None:
        """Show machines that see no locks that somebody is at it; one that was not claimed here has no beat to give."""
        with suppress(OSError):
            self.occasion._beat(self.number, now)

    def is_ours(self) -> bool:
        """Has nobody taken this over, as from a machine that slept?"""
        attempts = self.occasion.attempts()
        return bool(attempts) and attempts[-1].number == self.number and attempts[-1].end is None

    def release(self) -> None:
        """Let it go."""
        with suppress(OSError):
            os.close(self.handle)


class SharedFolder:
    """What schedulers of one schedules file share: when schedules became known, and the occasions of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._claimed: set[Path] = set()

    def occasions(self, schedule: str) -> list[Occasion]:
        """Times of a schedule that have been claimed, in order."""
        room = self.folder / "runs" / schedule
        try:
            names = sorted(path.name for path in room.iterdir() if _TIME.fullmatch(path.name))
        except FileNotFoundError:
            return []
        return [Occasion(room / name) for name in names if self._is_claimed(room / name)]

    def _is_claimed(self, folder: Path) -> bool:
        if folder not in self._claimed and (folder / "1.claim").exists():
            self._claimed.add(folder)
        return folder in self._claimed

    def occasion(self, schedule: str, instant: datetime) -> Occasion:
        """One of them, claimed or not."""
        return Occasion(self.folder / "runs" / schedule / instant.astimezone(UTC).strftime(_FORMAT))

    def since(self, schedule: str, key: str, now: datetime) -> datetime:
        """Since when is a schedule known with these times? What would have come before is not caught up."""
        path = self.folder / "known" / f"{schedule}.json"
        known = _read(path)
        if known is None or known.get("key") != key:
            with _waiting(path.with_suffix(".lock")):
                known = _read(path)
                if known is None or known.get("key") != key:
                    known = {"key": key, "since": now.isoformat()}
                    _write_by_rename(path, known)
        return datetime.fromisoformat(str(known["since"]))

    def sweep(self, schedule: str) -> None:
        """Remove what is old: ended long ago, and not among the newest."""
        for occasion in self.occasions(schedule)[:-_KEPT]:
            attempts = occasion.attempts()
            if attempts and attempts[-1].outcome in SETTLED:
                shutil.rmtree(occasion.folder, ignore_errors=True)


@contextmanager
def _waiting(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, *, is_shared: bool = False) -> bool | None:
    """Hold a lock on it, alone or with others who only look. False if somebody holds it; None where there are none."""
    try:
        import fcntl

        fcntl.flock(handle, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True


def _link(half: Path, path: Path, *, instead: Mapping[str, Any] | None = None) -> bool:
    """Put a file in place under a name that nobody has; on a network file system the answer may be lost on its way.

    Where there are no links it is written anew (saying `instead`, for then it has no lock).
    """
    try:
        os.link(half, path)
    except FileExistsError:
        # A link that was made though its answer was lost is asked for again, and found there: it is ours.
        return half.stat().st_ino == path.stat().st_ino
    except OSError:
        if half.stat().st_nlink == 2:
            return True
        # A file system without links: made anew, which one alone can do.
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return False
        with os.fdopen(handle, "wb") as file:
            file.write(half.read_bytes() if instead is None else json.dumps(instead).encode())
            file.flush()
            os.fsync(file.fileno())
    return True


def _read(path: Path) -> dict[str, Any] | None:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) else None


def _write(path: Path, value: Mapping[str, Any], *, is_synced: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        if is_synced:
            os.fsync(file.fileno())


def _write_by_rename(path: Path, value: Mapping[str, Any], *, is_synced: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, ending=f".{host_name()}") as half:
        _write(half, value, is_synced=is_synced)
    if is_synced:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
