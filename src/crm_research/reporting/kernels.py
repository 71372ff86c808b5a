"""Kernels that start in a blink: forked from a parent that has already imported what reports use.

The parent is the standard library's fork server. It imports and opens nothing, so a kernel forked from it is as clean
as a new interpreter, has its own process and process group, and dies with whoever asked for it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import EntryPoint
from multiprocessing import connection, forkserver
from pathlib import Path
from typing import Any, Final

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from crm_research.freed_memory import give_back_when_freed
from crm_research.reporting.deaths import PARENT_VARIABLE
from crm_research.scratch import make_scratch, remove_scratch

_NAME: Final = "crm-research-forked"
_GROUP: Final = "jupyter_client.kernel_provisioners"
_PRELOAD: Final = "crm_research.reporting.preload"
_THREAD_VARIABLES: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_SECONDS_TO_END: Final = 3.0
# A socket's path holds 103 letters on some systems, and its name and folder take 31 of them.
_LONGEST_TEMPORARY: Final = 72
_SHORT_TEMPORARY: Final = Path("/tmp")  # noqa: S108  (a folder of this user alone is made in it)
KERNEL_NAME: Final = "python3"


class NotStarted(RuntimeError):
    """A process could not be started."""


def can_fork() -> bool:
    """Does this system have the fork server (Windows does not)?"""
    return "forkserver" in multiprocessing.get_all_start_methods()


def start_fork_server(*, threads_per_kernel: int) -> bool:
    """Start the parent of workers and kernels, so that it imports while the caller does other things.

    Parameters
    ----------
    threads_per_kernel
        Threads of the linear algebra in each child; read by those libraries when they are loaded, that is now.

    Returns
    -------
    bool
        True if it was not running already.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload([_PRELOAD])
    limits = {name: os.environ.get(name, str(threads_per_kernel)) for name in _THREAD_VARIABLES}
    # The system ends the server with the thread that started it, so only the main thread asks for that.
    is_main = threading.current_thread() is threading.main_thread()
    parent = {PARENT_VARIABLE: str(os.getpid())} if is_main else {}
    server: Any = forkserver._forkserver
    was_running = server._forkserver_pid is not None
    # Sockets of the server lie where a later run sweeps what this one leaves if it is killed.
    own: Any = multiprocessing.current_process()
    known = own._config.get("tempdir")
    if not was_running and (known is None or not Path(known).is_dir()):
        is_long = len(os.fsencode(tempfile.gettempdir())) > _LONGEST_TEMPORARY
        own._config["tempdir"] = str(make_scratch("crm-", within=_SHORT_TEMPORARY if is_long else None))
    with _environment({**limits, **parent, "MPLBACKEND": "agg"}):
        forkserver.ensure_running()
    return not was_running


def stop_fork_server() -> None:
    """End the parent of workers and kernels at once, also while it still imports."""
    server: Any = forkserver._forkserver
    if server._forkserver_pid is None:
        return
    with suppress(OSError):
        os.kill(server._forkserver_pid, signal.SIGKILL)
    server._stop()


def share_fork_server() -> None:
    """Let a child of the fork server ask the same server for children.

    A child holds the server's address and its pipe, yet up to Python 3.12 `ensure_running` would start a second
    server, and every import would be paid again.
    """
    server: Any = forkserver._forkserver
    if server._forkserver_address is not None and server._forkserver_pid is None:
        server.ensure_running = lambda: None


def start_process(target: Any, *args: Any) -> multiprocessing.process.BaseProcess:
    """Start a child of the fork server that runs `target`, and that does not run the caller's script again.

    Raises
    ------
    NotStarted
        If the system gives no process: too little memory, too many processes, or the fork server was killed.
    """
    process = multiprocessing.get_context("forkserver").Process(target=target, args=args)
    try:
        with _unnamed_main():
            process.start()
    except (OSError, EOFError) as problem:
        reason = "the process that forks the others was killed, or could not fork"
        if isinstance(problem, OSError) and problem.strerror:
            reason = problem.strerror
        raise NotStarted(
            f"no process could be started ({reason}); too little memory or a limit on the number of processes is usual"
        ) from problem
    return process


def die_with_parent() -> None:
    """End this process group as soon as the process that asked for it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=watch, name="die-with-parent", daemon=True).start()


def kill_group(pid: int | None) -> None:
    """End a process that leads its group, and all it started; returns when it is gone, or after a few seconds."""
    if pid is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
        deadline = time.monotonic() + _SECONDS_TO_END
        while time.monotonic() < deadline:
            # Until then it holds its files, so that nobody could clear them away.
            os.kill(pid, 0)
            time.sleep(0.02)


class ReportKernelManager(AsyncKernelManager):
    """Starts the kernel of the running interpreter; no kernel needs to be registered on the machine."""

    #: Where the kernel's own standard output and error go (not those of the notebook's cells).
    log_path: Path = Path(os.devnull)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _register()
        is_forked = can_fork() and os.environ.get("CRM_RESEARCH_KERNELS", "forked") == "forked"
        metadata = {"kernel_provisioner": {"provisioner_name": _NAME}} if is_forked else {}
        self._kernel_spec = KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *_KERNEL_OPTIONS],
            metadata=metadata,
        )


# Kernels of one user would otherwise wait for each other at the history's file.
_KERNEL_OPTIONS: Final = ("--HistoryManager.enabled=False", "--IPKernelApp.log_level=50")


class ForkedProvisioner(LocalProvisioner):
    """Launches a kernel as a child of the fork server instead of a new interpreter."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork, and let the child become the kernel that `cmd` describes."""
        arguments = cmd[cmd.index("-f") :]
        log_path = str(getattr(self.parent, "log_path", os.devnull))
        folder = str(kwargs.get("cwd") or Path.cwd())
        process = start_process(_become_kernel, arguments, dict(kwargs.get("env") or os.environ), folder, log_path)
        adapter: Any = _Forked(process)
        self.process = adapter
        # The child leads its own group as soon as it runs; its id is known before that.
        self.pid = self.pgid = process.pid
        self.cwd = folder
        return self.connection_info


class _Forked:
    """A child of the fork server, seen as the subprocess that a provisioner expects."""

    stdin = stdout = stderr = None

    def __init__(self, process: multiprocessing.process.BaseProcess) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, signum: int) -> None:
        if self.pid is not None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _become_kernel(arguments: list[str], environment: Mapping[str, str], folder: str, log_path: str) -> None:
    with suppress(OSError):
        os.setpgid(0, 0)
    die_with_parent()
    os.environ.clear()
    os.environ.update(environment)
    give_back_when_freed()
    os.chdir(folder)
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    from ipykernel.kernelapp import IPKernelApp

    # A notebook may draw with pyplot; a kernel that starts afresh has this backend too.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    if "matplotlib" in sys.modules:
        import matplotlib as mpl

        mpl.rcParams["backend"] = os.environ["MPLBACKEND"]
    try:
        IPKernelApp.launch_instance(argv=arguments)
    finally:
        # os._exit runs no handlers of its own.
        remove_scratch()
        # Threads of libraries must not keep a finished kernel alive.
        os._exit(0)


def _register() -> None:
    factory = KernelProvisionerFactory.instance()
    factory.provisioners.setdefault(
        _NAME, EntryPoint(name=_NAME, value=f"{__name__}:{ForkedProvisioner.__name__}", group=_GROUP)
    )


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _unnamed_main() -> Iterator[None]:
    # multiprocessing tells a child to import the caller's script; a report has no use for it.
    main = sys.modules["__main__"]
    hidden = {name: main.__dict__.pop(name) for name in ("__file__",) if name in main.__dict__}
    spec, main.__spec__ = getattr(main, "__spec__", None), None
    try:
        yield
    finally:
        main.__dict__.update(hidden)
        main.__spec__ = spec
