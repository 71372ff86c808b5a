"""Running one notebook: papermill executes it, and what it leaves is made the same on every run."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable
from typing import Any, Final

from crm_research.privacy.masking import masked, masked_html
from crm_research.reporting.deaths import say_death
from crm_research.reporting.notebook_file import read_notebook, write_notebook
from crm_research.reporting.private_shelf import private_place
from crm_research.reporting.tasks import KILLED, XLSX, Failure, Task
from crm_research.settings import FILES, PICTURES, PRIVATE, PRIVATE_PLACE, TABLES

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LINES_OF_TRACE: Final = 12
# papermill puts a banner and a link into a notebook that failed.
_OWN_KIND: Final = "application/vnd.crm-research."
_ERROR_TAG: Final = "papermill-error-cell-tag"
_LONGEST_SOCKET_PATH: Final = 90
_SECONDS_TO_START: Final = 120

OnCell = Callable[[int, int], None]
OnKernel = Callable[[int], None]


class NotebookFailed(Exception):  # not an error of the user's input, so outside the CrmError tree
    """A notebook did not run to its end."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.in_words())


def execute_notebook(task: Task, *, on_cell: OnCell, on_kernel: OnKernel) -> Any:
    """Run a task's notebook with its parameters and return it, executed.

    Raises
    ------
    NotebookFailed
        If a cell raised or the kernel died. The notebook as far as it came stays at `task.executed`.
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    logging.getLogger("papermill").setLevel(logging.CRITICAL + 1)
    os.environ.update(_quiet_environment(task))
    hooks = _Hooks(on_cell, on_kernel)
    try:
        papermill.execute_notebook(
            str(task.notebook),
            str(task.executed),
            parameters=task.parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=_SECONDS_TO_START,
            kernel_manager_class=_manager_class(task, hooks),
            on_cell_start=hooks.on_cell_start,
            resources={"metadata": {"path": str(task.notebook.parent)}},
        )
    except PapermillExecutionError as problem:
        notebook = tidy_notebook(read_notebook(task.executed), task)
        write_notebook(notebook, task.executed)
        place = _place(notebook, problem.cell_index)
        trace = [_ANSI.sub("", line) for line in "\n".join(problem.traceback).splitlines()]
        raise NotebookFailed(
            Failure(kind=problem.ename, message=problem.evalue, place=place, trace=tuple(trace[-_LINES_OF_TRACE:]))
        ) from None
    except (DeadKernelError, CellTimeoutError) as problem:
        raise NotebookFailed(_died(task, hooks, problem)) from None
    return tidy_notebook(read_notebook(task.executed), task)


def tidy_notebook(notebook: Any, task: Task) -> Any:
    """The executed notebook without clocks, machine paths and random ids, so that two runs leave the same bytes."""
    notebook.metadata.pop("papermill", None)
    notebook.cells = [cell for cell in notebook.cells if _ERROR_TAG not in cell.metadata.get("tags", [])]
    notebook.metadata["crm_research"] = {
        "report": task.report,
        "study": task.study.name,
        "as_of": task.study.as_of,
        "parameters": task.told_parameters,
    }
    for place, cell in enumerate(notebook.cells):
        for clock in ("papermill", "execution"):
            cell.metadata.pop(clock, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
            given, told = (str(each.get("study", "")) for each in (task.parameters, task.told_parameters))
            cell["source"] = masked(cell.source.replace(json.dumps(given), json.dumps(told)))
        else:
            cell.setdefault("id", f"cell-{place}")
        for output in cell.get("outputs", []):
            _mask(output)
    return notebook


def _mask(output: Any) -> None:
    """What a cell prints by itself (a bare frame, an error) tells no address or number of a person."""
    for name in ("text", "evalue"):
        if name in output:
            output[name] = masked(output[name])
    if "traceback" in output:
        output["traceback"] = list(map(masked, output["traceback"]))
    data = output.get("data", {})
    # What is shown by the house has been masked on its way out.
    if not any(kind.startswith(_OWN_KIND) for kind in data):
        for kind, mask in (("text/plain", masked), ("text/html", masked_html)):
            if kind in data:
                data[kind] = mask(data[kind])


class _Hooks:
    """Passes on which cell runs and which process is the kernel."""

    def __init__(self, on_cell: OnCell, on_kernel: OnKernel) -> None:
        self._on_cell = on_cell
        self._on_kernel = on_kernel
        self.n_cells = 0
        self.cell_index: int | None = None
        self.kernel: Any = None

    def on_cell_start(self, cell: Any, cell_index: int) -> None:  # noqa: ARG002  (nbclient names its arguments)
        self.cell_index = cell_index
        self._on_cell(cell_index + 1, self.n_cells)

    def on_kernel_start(self, pid: int) -> None:
        self._on_kernel(pid)


def _manager_class(task: Task, hooks: _Hooks) -> type:
    from crm_research.reporting.kernels import ReportKernelManager

    hooks.n_cells = len(read_notebook(task.notebook).cells) + 1  # papermill adds the cell of parameters

    class Manager(ReportKernelManager):
        log_path = task.folder / "kernel.log"

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.connection_file = str(task.folder / "kernel.json")
            address = str(task.folder / "k")
            # Sockets in the task's own folder cannot be taken by a neighbour, as ports can.
            if os.name == "posix" and len(address) < _LONGEST_SOCKET_PATH:
                self.transport, self.ip = "ipc", address

        async def _async_start_kernel(self, **kwargs: Any) -> None:
            await super()._async_start_kernel(**kwargs)
            hooks.kernel = getattr(self.provisioner, "process", None)
            pid = getattr(self.provisioner, "pid", None)
            if pid is not None:
                hooks.on_kernel_start(pid)

        start_kernel = _async_start_kernel  # type: ignore[assignment]

    return Manager


def _quiet_environment(task: Task) -> dict[str, str]:
    # The kernel inherits these: nothing of the user's own IPython setup may change a report.
    wanted = {PRIVATE: str(task.private), PRIVATE_PLACE: private_place(task.study.name, task.study.as_of)}
    return {
        **task.environment,
        **(wanted if task.is_keeping_lists else {}),
        PICTURES: "png",
        FILES: str(task.files),
        **({TABLES: "yes"} if XLSX in task.formats else {}),
        "IPYTHONDIR": str(task.folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(task.folder / "runtime"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _died(task: Task, hooks: _Hooks, problem: Exception) -> Failure:
    place = None
    if hooks.cell_index is not None:
        place = _place(read_notebook(task.executed if task.executed.exists() else task.notebook), hooks.cell_index)
    log = task.folder / "kernel.log"
    said = log.read_text(errors="replace").splitlines()[-_LINES_OF_TRACE:] if log.exists() else []
    is_dead = "Dead" in type(problem).__name__
    exit_code = hooks.kernel.poll() if hooks.kernel is not None else None
    return Failure(
        kind=KILLED if is_dead else "timeout",
        message=say_death("the notebook's process", exit_code) if is_dead else str(problem),
        place=place,
        trace=tuple(said),
    )


def _place(notebook: Any, cell_index: int) -> str:
    heading = ""
    for cell in notebook.cells[: cell_index + 1]:
        if cell.cell_type == "markdown":
            titles = re.findall(r"^#{1,4}\s+(.+?)\s*$", cell.source, flags=re.MULTILINE)
            heading = titles[-1] if titles else heading
    return f"cell {cell_index + 1} of {len(notebook.cells)}" + (f", under {heading!r}" if heading else "")
