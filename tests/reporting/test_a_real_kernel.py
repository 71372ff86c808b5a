"""One notebook run in a real kernel, from this process: what comes back, and what stays behind."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from unittest.mock import patch

import nbformat
import pytest

from crm_research.reporting import worker
from crm_research.reporting.kernels import can_fork, stop_fork_server
from tests.reporting.pages import a_task


@pytest.fixture(autouse=True)
def nothing_left():
    """The worker of a run has a process of its own; here its variables and its server go with the test."""
    with patch.dict(os.environ):
        yield
    stop_fork_server()


def a_notebook_file(folder, *sources: str):
    cells = [nbformat.v4.new_code_cell("times = 1", metadata={"tags": ["parameters"]})]
    cells += [
        nbformat.v4.new_markdown_cell(source) if source.startswith("#") else nbformat.v4.new_code_cell(source)
        for source in sources
    ]
    path = folder / "made.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


WHERE = "import os\nprint(os.getcwd())\nprint(os.environ['MPLBACKEND'])"
FIGURE = (
    "from crm_research import show\nfrom crm_research.figures import Figure\n"
    "show.answer('Yes.', f'Asked {times} times.')\n"
    "show.figures(Figure(id='test.repeat_rate', label='Back', estimate=0.5, lower=0.4, upper=0.6, unit='share', n=9, "
    "window='2024', estimator='share', validation='none'))"
)


@pytest.mark.skipif(not can_fork(), reason="no fork server on this system")
def test_a_notebook_is_run_with_its_parameters_and_made_a_page(tmp_path):
    path = a_notebook_file(
        tmp_path, "# A report", "## Answer", FIGURE, "import os\nprint(os.getcwd())\nprint(os.environ['MPLBACKEND'])"
    )
    task = replace(a_task(tmp_path / "task"), notebook=path, parameters={"times": 3})
    sent = []
    outcome = worker.run_task(task, sent.append)
    assert outcome.failure is None
    assert outcome.answer == ("Yes.", "Asked 3 times.")
    assert [(figure["id"], figure["estimate"]) for figure in outcome.figures] == [("test.repeat_rate", 0.5)]
    assert (outcome.files, outcome.notes) == ((), ())
    assert [message[1:] for message in sent if message[0] == "cell"] == [(number, 6) for number in range(1, 7)]
    kernels = [message[1] for message in sent if message[0] == "kernel"]
    assert len(kernels) == 1
    assert sent[-1] == ("rendering",)
    page = task.page.read_text(encoding="utf-8")
    assert "Asked 3 times." in page
    stored = json.loads(task.executed.read_text(encoding="utf-8"))
    assert stored["metadata"]["crm_research"]["parameters"] == {"times": 3}
    folder, backend = "".join(stored["cells"][-1]["outputs"][0]["text"]).split()
    assert (folder, backend) == (str(tmp_path), "module://matplotlib_inline.backend_inline")
    assert [cell["id"] for cell in stored["cells"]][1] == "injected-parameters"
    with pytest.raises(ProcessLookupError):
        os.kill(kernels[0], 0)


def test_a_cell_that_fails_is_named_with_its_heading_and_its_last_words(tmp_path):
    os.environ["CRM_RESEARCH_KERNELS"] = "started"  # afresh, as where no process can fork
    path = a_notebook_file(tmp_path, "# A report", "## Second part", "1 / 0", "print('never')")
    task = replace(a_task(tmp_path / "task"), notebook=path, parameters={})
    outcome = worker.run_task(task, lambda message: None)
    assert (outcome.failure.kind, outcome.failure.message) == ("ZeroDivisionError", "division by zero")
    assert outcome.failure.place.endswith(", under 'Second part'")
    assert "division by zero" in outcome.failure.trace[-1]
    assert "\x1b" not in "".join(outcome.failure.trace)
    assert not task.page.exists()
    assert "never" in task.executed.read_text(encoding="utf-8")
    assert "An Exception was encountered" not in task.executed.read_text(encoding="utf-8")


DRAWN = (
    "import pandas as pd\nfrom crm_research import show, theme\n"
    "ax = theme.new_axes(title='Rising')\nax.plot([1, 2], [3, 4])\n"
    "show.chart(ax, alt='A line that rises.', data=pd.DataFrame({'x': [1, 2]}), caption='Of two days')"
)


@pytest.mark.skipif(not can_fork(), reason="no fork server on this system")
@pytest.mark.slow
def test_the_notebook_that_is_kept_holds_its_pictures_as_images_and_the_page_as_drawings(tmp_path):
    path = a_notebook_file(tmp_path, "# A report", "## Answer", DRAWN)
    task = replace(a_task(tmp_path / "task"), notebook=path, parameters={})
    assert worker.run_task(task, lambda message: None).failure is None
    image, rest = json.loads(task.executed.read_text(encoding="utf-8"))["cells"][-1]["outputs"]
    assert set(image["data"]) == {"image/png", "text/plain"}
    assert base64.b64decode(image["data"]["image/png"])[:8] == b"\x89PNG\r\n\x1a\n"
    assert image["metadata"] == {"image/png": {"alt": "A line that rises."}}
    html = "".join(rest["data"]["text/html"])
    assert "<svg" not in html
    assert "Of two days" in html
    assert "The numbers behind this picture" in html
    assert "image/png" not in rest["data"]
    page = task.page.read_text(encoding="utf-8")
    assert page.count("<title id=") == 1
    assert "data:image/png" not in page
    again = replace(a_task(tmp_path / "again"), notebook=path, parameters={})
    worker.run_task(again, lambda message: None)
    assert again.executed.read_bytes() == task.executed.read_bytes()
