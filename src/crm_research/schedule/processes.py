"""Commands as processes: started, looked after, and stopped with whoever started them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from crm_research.settings import read_settings

_DEATH_SIGNAL: Final = 1


class Child(Protocol):
    """A command that has been started."""

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""

    def stop(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it and all that it has started."""


class Launcher(Protocol):
    """Starts commands of the project."""

    def start(self, arguments: Sequence[str], *, output: Path, handle: int) -> Child:
        """Start one; what it says is added to `output`, and it holds `handle` for as long as it lives."""


class ProcessLauncher:
    """Starts them with the Python that runs this.

    Parameters
    ----------
    command
        What stands before the arguments.
    """

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "crm_research")) -> None:
        self.command = tuple(command)

    def start(self, arguments: Sequence[str], *, output: Path, handle: int) -> Child:
        """Start a command in the folder of the work; it is told to stop when this process dies."""
        with output.open("ab") as said:
            process = subprocess.Popen(
                [*self.command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=read_settings().home,
                pass_fds=(handle,),
                start_new_session=True,
                preexec_fn=_ends_with_parent(),  # noqa: PLW1509  (one thread starts all)
            )
        return _Process(process)


class _Process:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def poll(self) -> int | None:
        return self._process.poll()

    def stop(self) -> None:
        with suppress(OSError):
            self._process.terminate()

    def kill(self) -> None:
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _ends_with_parent() -> Callable[[], None] | None:
    """Let Linux tell a command to stop when its scheduler is killed; elsewhere the lock it holds keeps others away."""
    if sys.platform != "linux":
        return None
    library, parent = ctypes.CDLL(None), os.getpid()

    def prepare() -> None:
        library.prctl(_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
