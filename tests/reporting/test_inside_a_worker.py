"""What a worker does with a notebook, and what a run shows meanwhile, without a process or a kernel."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import nbformat
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from rich.console import Console

from crm_research.errors import CrmError
from crm_research.figures import FIGURES_MIME
from crm_research.reporting import execute, kernels, pool, run, worker
from crm_research.reporting.deaths import MemoryLook, say_death
from crm_research.reporting.harvest import read_answer, read_figures, read_files
from crm_research.reporting.kernels import NotStarted, kill_group
from crm_research.reporting.plan import _hindered
from crm_research.reporting.progress import Progress
from crm_research.reporting.tasks import NOT_PUBLISHED, Failure, Outcome
from crm_research.show.attachment import FILE_MIME
from crm_research.show.display import ANSWER_MIME
from tests.reporting.pages import a_figure, a_task

GOOD = Outcome(started_at="2026-01-02T03:04:00+00:00", ended_at="2026-01-02T03:05:00+00:00", seconds=61.04)


def a_notebook():
    cells = [
        nbformat.v4.new_markdown_cell("# Whole\n\nWords\n\n## First part"),
        nbformat.v4.new_code_cell("1", metadata={"tags": ["injected-parameters"], "papermill": {}, "execution": {}}),
        nbformat.v4.new_code_cell("2", metadata={"papermill": {"duration": 3.2}, "execution": {"at": "now"}}),
        nbformat.v4.new_markdown_cell("An error occurred", metadata={"tags": [execute._ERROR_TAG]}),
        nbformat.v4.new_markdown_cell("#### Last part ##### no heading"),
        nbformat.v4.new_code_cell("3"),
    ]
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata={"papermill": {"version": "2"}, "language_info": {"name": "python"}}
    )
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"random-{place}"
    del notebook.cells[5]["id"]
    return notebook


def test_an_executed_notebook_keeps_no_clocks_and_no_mark_of_an_error(tmp_path):
    task = replace(a_task(tmp_path), parameters={"months": 3})
    tidy = execute.tidy_notebook(a_notebook(), task)
    assert [cell.source for cell in tidy.cells] == [
        "# Whole\n\nWords\n\n## First part", "1", "2", "#### Last part ##### no heading", "3",
    ]  # fmt: skip
    assert [cell["id"] for cell in tidy.cells] == ["random-0", "injected-parameters", "random-2", "random-4", "cell-4"]
    assert dict(tidy.metadata) == {
        "language_info": {"name": "python"},
        "crm_research": {
            "report": task.report, "study": task.study.name, "as_of": task.study.as_of, "parameters": {"months": 3},
        },
    }  # fmt: skip
    assert all(not {"papermill", "execution"} & set(cell.metadata) for cell in tidy.cells)


@pytest.mark.parametrize(
    ("index", "place"),
    [
        (0, "cell 1 of 6, under 'First part'"),
        (2, "cell 3 of 6, under 'First part'"),
        (3, "cell 4 of 6, under 'First part'"),
        (4, "cell 5 of 6, under 'Last part ##### no heading'"),
        (5, "cell 6 of 6, under 'Last part ##### no heading'"),
    ],
)
def test_a_cell_is_named_with_the_heading_it_stands_under(index, place):
    assert execute._place(a_notebook(), index) == place
    assert execute._place(nbformat.v4.new_notebook(cells=a_notebook().cells[1:3]), 1) == "cell 2 of 2"


def test_which_cell_runs_is_counted_from_one():
    said = []
    hooks = execute._Hooks(lambda *which: said.append(which), said.append)
    hooks.n_cells = 7
    hooks.on_cell_start(cell=None, cell_index=0)
    hooks.on_cell_start(cell=None, cell_index=4)
    hooks.on_kernel_start(4321)
    assert said == [(1, 7), (5, 7), 4321]
    assert hooks.cell_index == 4


def test_a_kernel_that_died_is_told_with_its_place_and_last_words(tmp_path):
    task = a_task(tmp_path)
    task.folder.mkdir(exist_ok=True)
    nbformat.write(a_notebook(), task.executed)
    hooks = SimpleNamespace(cell_index=2, kernel=SimpleNamespace(poll=lambda: -9))
    died = execute._died(task, hooks, DeadKernelError("gone"))
    assert died == Failure(
        kind="killed", message=say_death("the notebook's process", -9), place="cell 3 of 6, under 'First part'"
    )
    (task.folder / "kernel.log").write_text("\n".join(f"line {number}" for number in range(99)))
    slow = execute._died(task, SimpleNamespace(cell_index=None, kernel=None), CellTimeoutError("too slow"))
    last = tuple(f"line {number}" for number in range(99))[-execute._LINES_OF_TRACE :]
    assert (slow.kind, slow.place, slow.trace) == ("timeout", None, last)
    assert "too slow" in slow.message
    unknown = execute._died(task, SimpleNamespace(cell_index=None, kernel=None), DeadKernelError("gone"))
    assert unknown.message == "the notebook's process ended without an exception; how is not known"


def test_a_kernel_gets_no_setup_of_the_user(tmp_path):
    task = replace(a_task(tmp_path), environment={"A": "1", "IPYTHONDIR": "/home/somebody"})
    assert execute._quiet_environment(task) == {
        "A": "1",
        "CRM_RESEARCH_FILES": str(task.folder / "files"),
        "CRM_RESEARCH_PICTURES": "png",
        "CRM_RESEARCH_PRIVATE": str(task.folder / "private"),
        "CRM_RESEARCH_PRIVATE_PLACE": "private/handmade/2024-07-01",
        "IPYTHONDIR": str(task.folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(task.folder / "runtime"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def test_every_failure_of_a_worker_has_words(tmp_path, monkeypatch):
    own = Failure(kind="ValueError", message="no", place="cell 2 of 3")
    assert worker._failure_of(execute.NotebookFailed(own)) is own
    assert worker._failure_of(NotStarted("no process")) == Failure(kind="not started", message="no process")
    silent = worker._failure_of(KeyError())
    assert (silent.kind, silent.message) == ("KeyError", "no reason given")
    assert 0 < len(silent.trace) <= 6
    assert worker._failure_of(CrmError("plain words")).message == "plain words"
    monkeypatch.setattr(worker, "_make", lambda *_: {"answer": ("Yes.",)})
    made = worker.run_task(a_task(tmp_path), print)
    assert (made.answer, made.failure, made.files) == (("Yes.",), None, ())
    assert 0 <= made.seconds < 5

    def fail(*_):
        raise ValueError("no")

    monkeypatch.setattr(worker, "_make", fail)
    failed = worker.run_task(a_task(tmp_path), print)
    assert (failed.answer, failed.failure.kind, failed.failure.message) == ((), "ValueError", "no")
    assert made.started_at <= made.ended_at


def outputs(*bundles):
    shown = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("x"), nbformat.v4.new_code_cell("1", outputs=shown)]
    )


def test_figures_answers_and_files_are_read_back_in_their_order():
    one, other = (a_figure(id=name).as_record() for name in ("test.one", "test.other"))
    notebook = outputs({FIGURES_MIME: [one]}, {FIGURES_MIME: [other, one]}, {"text/plain": "nothing"})
    assert [figure["id"] for figure in read_figures(notebook)] == ["test.one", "test.other"]
    twice = outputs({FIGURES_MIME: [one, a_figure(id="test.one", estimate=0.55).as_record()]})
    with pytest.raises(CrmError) as raised:
        read_figures(twice)
    assert str(raised.value) == (
        "The figure 'test.one' is shown twice with different values (0.5 and 0.55). Give each its own id or group."
    )
    groups = [a_figure(id="test.one", group="a", estimate=share).as_record() for share in (0.5, 0.55)]
    with pytest.raises(CrmError, match=r"^The figure 'test\.one' of group 'a' is shown twice"):
        read_figures(outputs({FIGURES_MIME: groups}))
    said = [{ANSWER_MIME: {"sentences": ["One.", "Two."]}}, {}, {ANSWER_MIME: {"sentences": ["Three."]}}]
    assert read_answer(outputs(*said)) == ("One.", "Two.", "Three.")
    assert read_answer(outputs({"text/plain": "x"})) == ()
    names = ["a.csv", "figures.json", "../b.csv", "run.json", "c.json", "a.csv"]
    files = [{FILE_MIME: {"name": name, "text": f"{name} {place}"}} for place, name in enumerate(names)]
    assert read_files(outputs(*files)) == (("a.csv", "a.csv 5"), ("c.json", "c.json 4"))
    beside = {FILE_MIME: {"name": "a.csv"}}
    assert read_files(outputs(*files, beside)) == (("a.csv", None), ("c.json", "c.json 4"))


def test_a_long_file_is_published_as_it_lies_and_a_lost_one_is_told(tmp_path):
    task = a_task(tmp_path / "work")
    task.files.mkdir(parents=True)
    task.executed.write_text("{}", encoding="utf-8")
    task.page.write_text("page", encoding="utf-8")
    (task.files / "many.csv").write_bytes(b"\xef\xbb\xbfa\r\n1\n")
    made = replace(GOOD, files=(("many.csv", None), ("few.csv", "b")))
    assert run._publish(tmp_path / "out", task, made, {}) is made
    (file,) = (tmp_path / "out").rglob("many.csv")
    assert file.read_bytes() == b"\xef\xbb\xbfa\r\n1\n"
    assert file.with_name("few.csv").read_text() == "b"
    (task.files / "many.csv").unlink()
    lost = run._publish(tmp_path / "out", task, made, {})
    assert lost.failure.kind == NOT_PUBLISHED
    assert "many.csv: No such file or directory" in lost.failure.message
    assert file.read_bytes() == b"\xef\xbb\xbfa\r\n1\n"


def a_running(tmp_path, **changes):
    fields = {
        "task": a_task(tmp_path), "process": SimpleNamespace(pid=1), "messages": None, "deadline": 0.0, "began": 0.0,
        "started_at": "2026-01-02T03:04:00+00:00", "place": "cell 4 of 9", "memory_before": MemoryLook(n_killed=2),
        "memory": MemoryLook(held=5 * 1024**2),
    }  # fmt: skip
    return pool._Running(**{**fields, **changes})


def test_a_report_that_takes_too_long_is_told_with_its_place_and_the_mend(tmp_path, monkeypatch):
    monkeypatch.setattr(pool.time, "monotonic", lambda: 100.456)
    assert pool._overdue(a_running(tmp_path, deadline=100.457), 90.0) is None
    late = pool._overdue(a_running(tmp_path, deadline=100.456, began=10.0), 90.0)
    assert late.failure == Failure(
        kind="timeout", message="took longer than 90 s; raise it with --timeout", place="cell 4 of 9"
    )
    assert (late.seconds, late.started_at) == (90.46, "2026-01-02T03:04:00+00:00")


def test_only_who_was_killed_is_told_with_the_memory_there_was(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "look_at_memory", lambda pids: MemoryLook(n_killed=3))
    item = a_running(tmp_path)
    killed = replace(GOOD, failure=Failure(kind="killed", message="it ended."))
    assert pool._with_memory(item, killed).failure.message == (
        "it ended. Shortly before, the report held 5 MB. The system has ended a process for want of memory since the "
        "report began."
    )
    assert pool._with_memory(item, GOOD) is GOOD
    failed = replace(GOOD, failure=Failure(kind="ValueError", message="no"))
    assert pool._with_memory(item, failed) is failed
    nothing = a_running(tmp_path, memory=MemoryLook(), memory_before=MemoryLook())
    assert pool._with_memory(nothing, killed).failure.message == "it ended."


def test_messages_of_a_worker_move_its_place_and_reach_the_watcher(tmp_path, monkeypatch):
    monkeypatch.setattr(pool.time, "monotonic", lambda: 50.0)
    sent = [("cell", 2, 9), ("kernel", 77), ("rendering",), ("ended", GOOD), ("cell", 3, 9)]
    said = []
    watcher = SimpleNamespace(
        at_cell=lambda task, *which: said.append((task.report, *which)),
        rendering=lambda task: said.append(task.report),
    )
    messages = SimpleNamespace(poll=lambda: bool(sent), recv=lambda: sent.pop(0))
    item = a_running(tmp_path, messages=messages)
    pool._listen(item, watcher, 30.0)
    assert said == [("good", 2, 9), "good"]
    assert (item.kernel, item.deadline, item.place, item.outcome) == (77, 80.0, "making the page", GOOD)
    assert sent == [("cell", 3, 9)]  # nothing is read after its end

    def closed():
        raise EOFError

    dead = SimpleNamespace(pid=1, exitcode=-9, join=lambda timeout: None)
    item = a_running(tmp_path, process=dead, messages=SimpleNamespace(poll=closed))
    pool._listen(item, watcher, 30.0)
    assert item.outcome.failure == Failure(
        kind="killed", message=say_death("the report's process", -9), place="cell 4 of 9"
    )


def test_a_hindered_report_took_no_time_and_says_each_reason_once():
    found = _hindered(["A is not there.", "B is empty.", "A is not there."])
    assert found.failure == Failure(kind="input", message="A is not there. B is empty.")
    assert (found.seconds, found.figures, found.started_at) == (0.0, (), found.ended_at)


def test_a_page_that_cannot_be_put_in_its_place_keeps_nothing_of_its_numbers(tmp_path, monkeypatch):
    kept = []

    def refuse(out, task, outcome, versions):
        kept.append(outcome)
        if len(kept) == 1:
            raise OSError(28, "No space left on device", "/shelf/page.html")

    monkeypatch.setattr("crm_research.reporting.records.publish", refuse)
    made = replace(GOOD, figures=({"id": "a"},), answer=("Yes.",), files=(("a.csv", "1"),), notes=("n",))
    found = run._publish(tmp_path, a_task(tmp_path), made, {})
    message = (
        "the page was made but could not be written: /shelf/page.html: No space left on device. The page that was "
        "there before stays. Free the disk or mend the permissions, and run the report again"
    )
    expected = replace(made, failure=Failure(kind="not published", message=message), figures=(), answer=(), files=())
    assert found == expected == kept[1]
    kept.append(None)
    assert run._publish(tmp_path, a_task(tmp_path), made, {}) is made
    assert run._say_unpublished(CrmError("The record is damaged."), tmp_path) == "The record is damaged."
    assert f"could not be written: {tmp_path}: odd. The" in run._say_unpublished(OSError("odd"), tmp_path)


def test_a_process_that_ended_without_a_fault_is_told_so():
    assert say_death("it", 0) == "it ended by itself with exit code 0, without an exception"
    assert say_death("it", 1) == "it ended by itself with exit code 1, without an exception"


@pytest.mark.skipif(os.name != "posix", reason="groups of processes are POSIX")
def test_a_group_is_ended_at_once():
    child = subprocess.Popen(
        [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"],
        start_new_session=True,
    )
    ended = []
    reaper = threading.Thread(target=lambda: ended.append(child.wait(timeout=10)))
    reaper.start()
    kill_group(child.pid)
    reaper.join(timeout=10)
    assert ended == [-signal.SIGKILL]
    kill_group(child.pid)  # gone already
    kill_group(None)


def seen(*, terminal: bool):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100, no_color=True)
    return console, console.file.getvalue


def test_a_run_tells_each_end_in_a_line_where_nobody_watches(tmp_path):
    console, told = seen(terminal=False)
    task = a_task(tmp_path)
    failure = Failure(kind="killed", message="no memory", place="cell 2 of 3")
    with Progress([task], console) as progress:
        progress.started(task)
        progress.at_cell(task, 2, 9)
        progress.rendering(task)
        progress.again(task, failure)
        progress.ended(task, GOOD)
        progress.ended(task, replace(GOOD, failure=failure))
    assert told().splitlines() == [
        f"{task.label}: to be tried again: killed: no memory (cell 2 of 3)",
        f"{task.label}: done in 61.0 s",
        f"{task.label}: failed: killed: no memory (cell 2 of 3)",
    ]


@pytest.mark.parametrize(
    ("call", "words", "has_clock"),
    [
        (lambda progress, task: None, "waiting", False),
        (lambda progress, task: progress.started(task), "starting", True),
        (lambda progress, task: (progress.started(task), progress.at_cell(task, 2, 9)), "cell 2 of 9", True),
        (lambda progress, task: (progress.started(task), progress.rendering(task)), "making the page", True),
        (lambda progress, task: (progress.started(task), progress.ended(task, GOOD)), "done in 61.0 s", False),
        (
            lambda progress, task: (progress.started(task), progress.again(task, Failure(kind="killed", message="x"))),
            "to be tried again: killed: x",
            False,
        ),
        (
            lambda progress, task: progress.ended(task, replace(GOOD, failure=Failure(kind="timeout", message="x"))),
            "failed: timeout: x",
            False,
        ),
    ],
)
def test_a_run_shows_where_each_report_stands_on_a_terminal(tmp_path, monkeypatch, call, words, has_clock):
    clock = iter([1000.0, 1012.34])
    monkeypatch.setattr("crm_research.reporting.progress.time.monotonic", lambda: next(clock))
    task = a_task(tmp_path)
    progress = Progress([task], seen(terminal=True)[0])
    call(progress, task)
    console, told = seen(terminal=False)
    console.print(progress._table())
    spent = "   12.3 s" if has_clock else ""
    assert told().rstrip() == f"{task.label}  {words}{spent}"


def test_a_worker_leaves_ctrl_c_to_the_run_and_says_what_cannot_travel(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(worker.signal, "signal", lambda *which: done.append(which))
    monkeypatch.setattr(worker.os, "setpgid", lambda *which: done.append(which))
    monkeypatch.setattr(kernels, "share_fork_server", lambda: done.append("shared"))
    monkeypatch.setattr(kernels, "die_with_parent", lambda: done.append("bound"))
    monkeypatch.setattr(worker, "run_task", lambda task, send: GOOD)
    sent = []
    messages = SimpleNamespace(send=sent.append, close=lambda: done.append("closed"))
    worker.work(a_task(tmp_path), messages)
    assert sent == [("ended", GOOD)]
    assert done == [(signal.SIGINT, signal.SIG_IGN), (0, 0), "shared", "bound", "closed"]

    def refuse(message):
        if message[1] is GOOD:
            raise TypeError("cannot pickle")
        sent.append(message)

    worker.work(a_task(tmp_path), SimpleNamespace(send=refuse, close=lambda: None))
    kind, said = sent[-1]
    assert (kind, said.failure.kind, said.failure.message) == ("ended", "TypeError", "cannot pickle")
    assert (said.seconds, said.started_at) == (GOOD.seconds, GOOD.started_at)


@pytest.mark.skipif(os.name != "posix", reason="groups of processes are POSIX")
def test_a_worker_ends_with_its_group_when_its_parent_is_gone(monkeypatch):
    reading, writing = os.pipe()
    ended, is_over = [], threading.Event()
    monkeypatch.setattr(kernels.os, "killpg", lambda *which: (ended.append(which), is_over.set()))
    monkeypatch.setattr(kernels.multiprocessing, "parent_process", lambda: SimpleNamespace(sentinel=reading))
    kernels.die_with_parent()
    (watching,) = [thread for thread in threading.enumerate() if thread.name == "die-with-parent"]
    assert watching.daemon  # or a worker that is done would wait for its run
    assert not is_over.wait(0.05)
    os.close(writing)
    assert is_over.wait(5)
    assert ended == [(os.getpgid(0), signal.SIGKILL)]
    os.close(reading)
    monkeypatch.setattr(kernels.multiprocessing, "parent_process", lambda: None)
    kernels.die_with_parent()
    assert len(ended) == 1


@pytest.mark.parametrize(
    ("address", "pid", "is_shared"), [("there", None, True), ("there", 7, False), (None, None, False)]
)
def test_a_child_of_the_fork_server_starts_no_second_one(monkeypatch, address, pid, is_shared):
    server = SimpleNamespace(_forkserver_address=address, _forkserver_pid=pid, ensure_running="its own")
    monkeypatch.setattr(kernels.forkserver, "_forkserver", server)
    kernels.share_fork_server()
    assert (server.ensure_running != "its own") is is_shared
    if is_shared:
        assert server.ensure_running() is None


@pytest.mark.parametrize("is_forked", [True, False])
def test_a_worker_is_started_with_its_task_and_a_time_limit(tmp_path, monkeypatch, is_forked):
    task, told, started = a_task(tmp_path), [], []

    def start(target, *args):
        started.append((target, args[0]))
        return SimpleNamespace(pid=77)

    spawned = SimpleNamespace(pid=77, start=lambda: started.append("spawned"))
    monkeypatch.setattr(pool, "can_fork", lambda: is_forked)
    monkeypatch.setattr(pool, "start_process", start)
    context = SimpleNamespace(Process=lambda target, args: (started.append((target, args[0])), spawned)[1])
    monkeypatch.setattr(pool.multiprocessing, "get_context", lambda how: context if how == "spawn" else None)
    monkeypatch.setattr(pool, "look_at_memory", lambda pids: MemoryLook(held=sum(pids)))
    monkeypatch.setattr(pool.time, "monotonic", lambda: 100.0)
    item = pool._start(task, 90.0, SimpleNamespace(started=told.append))
    assert told == [task]
    assert started == [(worker.work, task)] + ([] if is_forked else ["spawned"])
    assert (item.task, item.process.pid, item.deadline, item.began) == (task, 77, 490.0, 100.0)
    assert item.memory == item.memory_before == MemoryLook(held=77)
    assert (item.kernel, item.place, item.outcome) == (None, None, None)
    with pytest.raises(EOFError):
        item.messages.recv()  # only the worker holds the sending end


def test_where_no_process_can_be_started_that_is_the_outcome(tmp_path, monkeypatch):
    def refuse(*_):
        raise NotStarted("no process could be started")

    monkeypatch.setattr(pool, "can_fork", lambda: True)
    monkeypatch.setattr(pool, "start_process", refuse)
    told = []
    task, outcome = pool._start(a_task(tmp_path), 90.0, SimpleNamespace(started=told.append))
    assert (task.report, told, outcome.seconds) == ("good", [], 0.0)
    assert outcome.failure == Failure(kind="not started", message="no process could be started")
    assert outcome.started_at <= outcome.ended_at


@pytest.mark.parametrize(
    ("outcome", "killed", "is_killed"),
    [
        (GOOD, [], False),
        (replace(GOOD, failure=Failure(kind="ValueError", message="no")), [55], False),
        (None, [55, 77], True),
    ],
)
def test_what_is_left_of_a_worker_is_ended(tmp_path, monkeypatch, outcome, killed, is_killed):
    ended, done = [], []
    monkeypatch.setattr(pool, "kill_group", ended.append)

    def join(timeout):
        done.append(timeout)

    process = SimpleNamespace(pid=77, kill=lambda: done.append("killed"), join=join)
    messages = SimpleNamespace(close=lambda: done.append("closed"))
    pool._end(a_running(tmp_path, process=process, messages=messages, outcome=outcome, kernel=55))
    assert ended == killed
    assert done == [*(["killed"] if is_killed else []), 5, "closed"]


def test_a_run_hears_its_workers_and_yields_what_became_of_each(tmp_path, monkeypatch):
    """Two tasks, one worker at a time: one tells all and ends; the other dies twice without a word."""
    good, dying = a_task(tmp_path / "good"), replace(a_task(tmp_path / "bad"), report="bad")
    said, ended = [], []
    watcher = SimpleNamespace(
        at_cell=lambda task, *which: said.append((task.report, *which)),
        rendering=lambda task: said.append((task.report, "page")),
        again=lambda task, failure: said.append((task.report, "again", failure.kind)),
        ended=lambda task, outcome: said.append((task.report, "ended")),
    )

    def start(task, timeout_seconds, watcher):
        receiving, sending = multiprocessing.Pipe(duplex=False)
        for message in [("cell", 1, 2), ("kernel", 55), ("rendering",), ("ended", GOOD)] if task is good else []:
            sending.send(message)
        sending.close()
        process = SimpleNamespace(pid=77, exitcode=-9, kill=lambda: None, join=lambda timeout: None)
        return a_running(tmp_path, task=task, process=process, messages=receiving, deadline=time.monotonic() + 60)

    monkeypatch.setattr(pool, "_start", start)
    monkeypatch.setattr(pool, "kill_group", ended.append)
    monkeypatch.setattr(pool, "look_at_memory", lambda pids: MemoryLook(n_killed=3))
    dying.folder.mkdir()
    found = list(pool.run_tasks([dying, good], jobs=1, timeout_seconds=60, watcher=watcher))
    assert said == [
        ("bad", "again", "killed"), ("good", 1, 2), ("good", "page"), ("good", "ended"), ("bad", "ended"),
    ]  # fmt: skip
    (first, whole), (second, killed) = found
    assert (first, whole) == (good, GOOD)
    assert second is dying
    died = say_death("the report's process", -9)
    message = (
        f"{died}. Shortly before, the report held 5 MB. The system has ended a "
        "process for want of memory since the report began."
    )
    failure = Failure(kind="killed", message=message, place="cell 4 of 9")
    assert (killed.failure, killed.retried_after) == (failure, failure)
    assert not dying.folder.exists()
    assert ended == [None, None]  # kernels of those that died, which had none yet
