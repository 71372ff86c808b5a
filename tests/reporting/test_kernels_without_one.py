"""How kernels and their parent are started and ended, with stand-ins for the processes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from types import SimpleNamespace

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from crm_research.reporting import execute, kernels, preload
from crm_research.reporting.deaths import PARENT_VARIABLE
from crm_research.reporting.kernels import NotStarted, ReportKernelManager
from crm_research.reporting.tasks import Failure
from tests.reporting.pages import a_task

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A fork server that only notes what its environment was when it was asked to run."""
    held = SimpleNamespace(_forkserver_pid=None, _stop=lambda: seen.append("stopped"))
    seen = []
    process = SimpleNamespace(_config={})
    context = SimpleNamespace(set_forkserver_preload=seen.append)
    monkeypatch.setattr(kernels.forkserver, "_forkserver", held)
    names = (*THREADS, PARENT_VARIABLE, "MPLBACKEND")
    monkeypatch.setattr(
        kernels.forkserver, "ensure_running", lambda: seen.append({name: os.environ.get(name) for name in names})
    )
    monkeypatch.setattr(kernels.multiprocessing, "get_context", lambda how: context if how == "forkserver" else None)
    monkeypatch.setattr(kernels.multiprocessing, "current_process", lambda: process)
    monkeypatch.setattr(kernels, "make_scratch", lambda prefix, within=None: tmp_path / prefix)
    return SimpleNamespace(held=held, seen=seen, process=process)


def test_the_parent_of_kernels_starts_with_few_threads_and_dies_with_who_asked(server, monkeypatch, tmp_path):
    for name in (*THREADS, PARENT_VARIABLE, "MPLBACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # what somebody has set is kept
    assert kernels.start_fork_server(threads_per_kernel=3) is True
    ours = {"OPENBLAS_NUM_THREADS": "3", "OMP_NUM_THREADS": "7", "MKL_NUM_THREADS": "3", "MPLBACKEND": "agg"}
    assert server.seen == [["crm_research.reporting.preload"], {**ours, PARENT_VARIABLE: str(os.getpid())}]
    assert server.process._config == {"tempdir": str(tmp_path / "crm-")}
    assert (os.environ.get(PARENT_VARIABLE), os.environ.get("MPLBACKEND"), os.environ["OMP_NUM_THREADS"]) == (
        None, None, "7",
    )  # fmt: skip


def test_from_another_thread_the_parent_outlives_it_and_one_that_runs_is_left_alone(server, monkeypatch, tmp_path):
    monkeypatch.delenv(PARENT_VARIABLE, raising=False)
    server.process._config = {"tempdir": str(tmp_path)}
    thread = threading.Thread(target=kernels.start_fork_server, kwargs={"threads_per_kernel": 1})
    thread.start()
    thread.join()
    assert server.seen[-1][PARENT_VARIABLE] is None
    assert server.process._config == {"tempdir": str(tmp_path)}  # a folder that is there is kept
    server.held._forkserver_pid, server.process._config = 5, {"tempdir": "gone"}
    assert kernels.start_fork_server(threads_per_kernel=1) is False
    assert server.process._config == {"tempdir": "gone"}


def test_the_parent_is_killed_at_once(server, monkeypatch):
    killed = []
    monkeypatch.setattr(kernels.os, "kill", lambda *which: killed.append(which))
    kernels.stop_fork_server()
    assert (killed, server.seen) == ([], [])
    server.held._forkserver_pid = 5
    kernels.stop_fork_server()
    assert (killed, server.seen) == ([(5, signal.SIGKILL)], ["stopped"])

    def gone(*_):
        raise ProcessLookupError

    monkeypatch.setattr(kernels.os, "kill", gone)
    kernels.stop_fork_server()
    assert server.seen == ["stopped"] * 2


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (OSError(12, "Cannot allocate memory"), "Cannot allocate memory"),
        (OSError("odd"), "the process that forks the others was killed, or could not fork"),
        (EOFError(), "the process that forks the others was killed, or could not fork"),
    ],
)
def test_a_process_that_cannot_be_started_says_why(monkeypatch, problem, reason):
    main = sys.modules["__main__"]
    before = (getattr(main, "__file__", None), main.__spec__)
    seen = []

    def start():
        seen.append((hasattr(main, "__file__"), main.__spec__))
        raise problem

    made = SimpleNamespace(Process=lambda target, args: (seen.append((target, args)), SimpleNamespace(start=start))[1])
    monkeypatch.setattr(kernels.multiprocessing, "get_context", lambda how: made if how == "forkserver" else None)
    with pytest.raises(NotStarted) as refusal:
        kernels.start_process(print, 1, 2)
    assert str(refusal.value) == (
        f"no process could be started ({reason}); too little memory or a limit on the number of processes is usual"
    )
    # The caller's script is no business of the child, and stands again afterwards.
    assert seen == [(print, (1, 2)), (False, None)]
    assert (getattr(main, "__file__", None), main.__spec__) == before


@pytest.mark.parametrize(
    ("wanted", "is_forked", "metadata"),
    [
        (None, True, {"kernel_provisioner": {"provisioner_name": "crm-research-forked"}}),
        ("forked", True, {"kernel_provisioner": {"provisioner_name": "crm-research-forked"}}),
        ("own", True, {}),
        (None, False, {}),
    ],
)
def test_a_kernel_is_that_of_the_running_interpreter(monkeypatch, wanted, is_forked, metadata):
    monkeypatch.delenv("CRM_RESEARCH_KERNELS", raising=False)
    if wanted:
        monkeypatch.setenv("CRM_RESEARCH_KERNELS", wanted)
    monkeypatch.setattr(kernels, "can_fork", lambda: is_forked)
    spec = ReportKernelManager()._kernel_spec
    assert spec.argv == [
        sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False",
        "--IPKernelApp.log_level=50",
    ]  # fmt: skip
    assert spec.metadata == metadata


def test_the_way_of_forking_is_known_under_its_name():
    kernels._register()
    found = kernels.KernelProvisionerFactory.instance().provisioners["crm-research-forked"]
    assert (found.value, found.group) == (
        "crm_research.reporting.kernels:ForkedProvisioner", "jupyter_client.kernel_provisioners",
    )  # fmt: skip
    assert found.load() is kernels.ForkedProvisioner


def test_a_kernel_is_forked_with_its_own_arguments_folder_and_log(monkeypatch, tmp_path):
    started = []
    process = SimpleNamespace(pid=41, exitcode=None, join=lambda: started.append("joined"))
    monkeypatch.setattr(kernels, "start_process", lambda *given: (started.append(given), process)[1])
    launching = SimpleNamespace(parent=SimpleNamespace(log_path=tmp_path / "log"), connection_info={"ip": "k"})
    command = ["python", "-m", "ipykernel_launcher", "-f", "file.json", "--quiet"]
    launch = kernels.ForkedProvisioner.launch_kernel
    info = asyncio.run(launch(launching, command, cwd="/there", env={"A": "1"}))
    assert started == [
        (kernels._become_kernel, ["-f", "file.json", "--quiet"], {"A": "1"}, "/there", str(tmp_path / "log"))
    ]
    assert (info, launching.pid, launching.pgid, launching.cwd) == ({"ip": "k"}, 41, 41, "/there")
    bare = SimpleNamespace(parent=None, connection_info={})
    asyncio.run(launch(bare, command))
    assert started[-1][2:] == (dict(os.environ), str(kernels.Path.cwd()), os.devnull)
    adapter = launching.process
    sent = []
    monkeypatch.setattr(kernels.os, "kill", lambda *which: sent.append(which))
    assert (adapter.poll(), adapter.pid, adapter.stdin, adapter.stdout, adapter.stderr) == (None, 41, None, None, None)
    process.exitcode = 3
    assert (adapter.poll(), adapter.wait(), started[-1]) == (3, 3, "joined")
    adapter.terminate()
    adapter.kill()
    adapter.send_signal(2)
    adapter.pid = None
    adapter.kill()
    assert sent == [(41, signal.SIGTERM), (41, signal.SIGKILL), (41, 2)]


def test_a_group_that_is_gone_or_not_ours_is_left(monkeypatch):
    calls = []
    monkeypatch.setattr(kernels.time, "sleep", calls.append)

    def gone(*which):
        calls.append(which)
        raise ProcessLookupError

    monkeypatch.setattr(kernels.os, "killpg", lambda *which: calls.append(which))
    monkeypatch.setattr(kernels.os, "kill", gone)
    kernels.kill_group(None)
    assert calls == []
    kernels.kill_group(7)
    assert calls == [(7, signal.SIGKILL), (7, 0)]
    # One that does not go is waited for three seconds.
    calls.clear()
    clock = iter([10.0, 10.0, 12.99, 13.0])
    monkeypatch.setattr(kernels.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(kernels.os, "kill", lambda *which: calls.append(which))
    kernels.kill_group(7)
    assert calls == [(7, signal.SIGKILL), (7, 0), 0.02, (7, 0), 0.02]


def a_source(folder):
    path = folder / "source.ipynb"
    cells = [nbformat.v4.new_markdown_cell("## Part"), nbformat.v4.new_code_cell("1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_notebook_is_given_to_papermill_without_a_bar_and_with_the_house_s_kernels(tmp_path, monkeypatch):
    task = a_task(tmp_path, notebook=a_source(tmp_path), environment={"CRM_TEST_ONLY": "1"}, parameters={"n": 3})
    given = {}

    def run(source, target, **more):
        given.update(more, source=source, target=target)
        nbformat.write(nbformat.read(source, as_version=4), target)

    monkeypatch.setattr(papermill, "execute_notebook", run)
    for name in ("CRM_TEST_ONLY", "CRM_RESEARCH_PICTURES", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR",
                 "PYDEVD_DISABLE_FILE_VALIDATION"):  # fmt: skip
        monkeypatch.setenv(name, "before")  # put back afterwards
    seen = []
    done = execute.execute_notebook(task, on_cell=lambda *which: seen.append(which), on_kernel=seen.append)
    assert done.metadata["crm_research"]["parameters"] == {"n": 3}
    assert os.environ["CRM_TEST_ONLY"] == "1"
    assert logging.getLogger("papermill").level == logging.CRITICAL + 1
    manager, start = given.pop("kernel_manager_class"), given.pop("on_cell_start")
    assert given == {
        "source": str(task.notebook), "target": str(task.executed), "parameters": {"n": 3}, "kernel_name": "python3",
        "language": "python", "progress_bar": False, "start_timeout": 120,
        "resources": {"metadata": {"path": str(tmp_path)}},
    }  # fmt: skip
    start(cell=None, cell_index=1)
    assert seen == [(2, 3)]  # two cells, and that of the parameters
    assert issubclass(manager, ReportKernelManager)
    assert manager.log_path == tmp_path / "kernel.log"


def test_a_cell_that_raises_is_told_with_the_end_of_its_trace(tmp_path, monkeypatch):
    task = a_task(tmp_path, notebook=a_source(tmp_path))

    def run(source, target, **_):
        nbformat.write(nbformat.read(source, as_version=4), target)
        trace = ["\x1b[31mred\x1b[0m", *(f"line {i}\nand {i}" for i in range(9))]
        raise PapermillExecutionError(1, 1, "1/0", "ZeroDivisionError", "division by zero", trace)

    monkeypatch.setattr(papermill, "execute_notebook", run)
    monkeypatch.setattr(execute, "_quiet_environment", lambda task: {})
    with pytest.raises(execute.NotebookFailed) as failed:
        execute.execute_notebook(task, on_cell=print, on_kernel=print)
    lines = [line for i in range(9) for line in (f"line {i}", f"and {i}")]
    assert failed.value.failure == Failure(
        kind="ZeroDivisionError",
        message="division by zero",
        place="cell 2 of 2, under 'Part'",
        trace=tuple(lines[-12:]),
    )
    assert str(failed.value) == "ZeroDivisionError: division by zero (cell 2 of 2, under 'Part')"
    assert nbformat.read(task.executed, as_version=4).metadata["crm_research"]["report"] == "good"


@pytest.mark.parametrize(("n", "transport"), [(89, "ipc"), (90, "tcp")])
def test_a_kernel_s_sockets_lie_in_its_folder_where_their_path_is_short(tmp_path, monkeypatch, n, transport):
    source = a_source(tmp_path)
    folder = kernels.Path("/" + "f" * (n - len("//k")))
    task = a_task(folder, notebook=source)
    started = []
    hooks = execute._Hooks(lambda *_: None, started.append)
    manager = execute._manager_class(task, hooks)()
    assert (manager.transport, manager.connection_file) == (transport, str(folder / "kernel.json"))
    assert (manager.ip == str(folder / "k")) is (transport == "ipc")

    async def start(self, **kwargs):
        started.append(kwargs)

    monkeypatch.setattr(ReportKernelManager, "_async_start_kernel", start)
    manager.provisioner = None
    asyncio.run(manager.start_kernel(a=1))
    assert (started, hooks.kernel) == ([{"a": 1}], None)
    manager.provisioner = SimpleNamespace(process="the process", pid=12, has_process=False)
    asyncio.run(manager.start_kernel())
    assert (started, hooks.kernel) == ([{"a": 1}, {}, 12], "the process")


def test_what_is_missing_is_left_to_the_report_that_needs_it(monkeypatch):
    asked = []

    def load(name):
        asked.append(name)
        if name == "numpy":
            raise RuntimeError("broken")

    monkeypatch.setattr(preload.importlib, "import_module", load)
    monkeypatch.setattr(preload, "HEAVY", ("numpy", "pandas"))
    preload.import_all()
    assert asked == ["numpy", "pandas"]


@pytest.mark.skipif(sys.platform != "linux", reason="a call of Linux")
@pytest.mark.parametrize(("parent", "ended"), [(11, []), (12, [1])])
def test_a_parent_that_is_gone_already_ends_the_process_at_once(monkeypatch, parent, ended):
    calls, exits = [], []
    library = SimpleNamespace(prctl=lambda *given: calls.append(given))
    monkeypatch.setattr(preload.ctypes, "CDLL", lambda name: library if name is None else None)
    monkeypatch.setattr(preload.os, "getppid", lambda: 11)
    monkeypatch.setattr(preload.os, "_exit", exits.append)
    preload.end_with_parent(parent)
    assert (calls, exits) == ([(1, signal.SIGKILL)], ended)
