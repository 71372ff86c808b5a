"""Processes that end without a word: by which signal or exit code, and how much memory there was at the time."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Environment variable with the process that the server of forks must not outlive.
PARENT_VARIABLE: Final = "CRM_RESEARCH_PARENT"
_MEGABYTE: Final = 1024**2
_CRASH: Final = "a crash in a compiled library"
_ASKED: Final = "somebody or a job scheduler asked it to end"
# What usually sends a signal; those that are not here are named without a guess.
_USUAL_REASONS: Final = {
    "SIGKILL": "the system sends it where memory runs out; a person or a job scheduler may, too",
    "SIGSEGV": _CRASH,
    "SIGILL": f"{_CRASH}, built for another processor perhaps",
    "SIGFPE": _CRASH,
    "SIGABRT": f"{_CRASH}, or no memory for it",
    "SIGBUS": f"{_CRASH}, or a disk that is full",
    "SIGTERM": _ASKED,
    "SIGINT": _ASKED,
    "SIGHUP": "its terminal was closed",
    "SIGXCPU": "a limit on processor time",
    "SIGXFSZ": "a limit on the size of files",
}
# What multiprocessing says of a child whose parent, the server that forks, is gone itself.
_UNKNOWN: Final = 255


def say_death(who: str, exit_code: int | None) -> str:
    """How a process ended, in one sentence that names signal or exit code and the usual reason."""
    if exit_code is None:
        return f"{who} ended without an exception; how is not known"
    if exit_code == _UNKNOWN:
        return f"{who} ended, and so did the process that had started it (exit code 255)"
    if exit_code >= 0:
        return f"{who} ended by itself with exit code {exit_code}, without an exception"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = "a signal without a name"
    reason = _USUAL_REASONS.get(name)
    return f"{who} was ended by signal {-exit_code} ({name}{f': {reason}' if reason else ''})"


@dataclass(frozen=True, kw_only=True)
class MemoryLook:
    """Memory at one moment, in bytes; None where the system does not tell.

    Parameters
    ----------
    held
        What the processes looked at hold in memory.
    free
        What the machine could still give.
    limit
        The most this group of processes may take, where there is a limit (containers).
    n_killed
        How often the system has ended a process for want of memory, since it was started.
    """

    held: int | None = None
    free: int | None = None
    limit: int | None = None
    n_killed: int | None = None


def look_at_memory(
    pids: Iterable[int | None], *, proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")
) -> MemoryLook:
    """How much memory is held and free now? Nothing is known off Linux."""
    held = [_read_kilobytes(proc / str(pid) / "status", "VmRSS") for pid in pids if pid is not None]
    known = [kilobytes for kilobytes in held if kilobytes is not None]
    free = _read_kilobytes(proc / "meminfo", "MemAvailable")
    counts = [_read_number(proc / "vmstat", "oom_kill"), _read_number(groups / "memory.events", "oom_kill")]
    return MemoryLook(
        held=1024 * sum(known) if known else None,
        free=None if free is None else 1024 * free,
        limit=_read_number(groups / "memory.max", ""),
        n_killed=max((count for count in counts if count is not None), default=None),
    )


def say_memory(before: MemoryLook, last: MemoryLook, now: MemoryLook) -> str:
    """Memory around a death: held at the last look before it, free then, and whether the system killed for memory."""
    parts = []
    if last.held is not None:
        parts.append(f"the report held {_say_megabytes(last.held)}")
    if last.free is not None:
        parts.append(f"{_say_megabytes(last.free)} of the machine's memory were free")
    if last.limit is not None:
        parts.append(f"the limit of this group of processes is {_say_megabytes(last.limit)}")
    said = f"Shortly before, {' and '.join(parts)}." if parts else ""
    if before.n_killed is not None and now.n_killed is not None:
        times = now.n_killed - before.n_killed
        killed = "no process" if times <= 0 else "a process" if times == 1 else f"{times} processes"
        said += f" The system has ended {killed} for want of memory since the report began."
    return said.strip()


def _say_megabytes(n_bytes: int) -> str:
    return f"{n_bytes / _MEGABYTE:,.0f} MB"


def _read_kilobytes(path: Path, name: str) -> int | None:
    return _read_number(path, f"{name}:")


def _read_number(path: Path, name: str) -> int | None:
    """The number that follows a name at the start of a line."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.removeprefix(name).split() if line.startswith(name) else []
        if words and words[0].isdigit():
            return int(words[0])
    return None
