"""How long does a report take through our runner, cold and warm, beside bare papermill on the same notebook?

The notebook imports what reports import and does next to nothing, so the difference is what a run costs by itself.
Each is one report from nothing to an executed notebook; ours makes the page as well.

    python benchmarks/report_run.py [NOTEBOOK] [-n TIMES]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

NOTEBOOK = Path(__file__).parents[1] / "tests" / "reporting" / "notebooks" / "good.ipynb"

# The runner in a process of its own, so that nothing is warm before it starts.
OURS = """
import sys, tempfile, time
from pathlib import Path
began = time.perf_counter()
from crm_research.reporting.kernels import start_fork_server
from crm_research.reporting.pool import run_tasks
from crm_research.reporting.progress import Progress
from crm_research.reporting.tasks import StudyFacts, Task
names = dict.fromkeys(("given", "name", "title", "currency", "as_of", "engine"), "x")
facts = StudyFacts(holdout_until=None, **names)
start_fork_server(threads_per_kernel=1)
for number in range(int(sys.argv[2]) + 1):
    with tempfile.TemporaryDirectory(prefix="crm-") as scratch:
        task = Task(report="x", title="x", question="x?", notebook=Path(sys.argv[1]).resolve(), study=facts,
                    parameters={}, descriptions={}, folder=Path(scratch))
        ((_, outcome),) = run_tasks([task], jobs=1, timeout_seconds=600, watcher=Progress([]))
    if outcome.failure:
        sys.exit(outcome.failure.in_words())
    print("SECONDS", time.perf_counter() - began)
    began = time.perf_counter()
"""


def seconds(call: Callable[[], object]) -> float:
    """Wall-clock seconds of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def run_bare(notebook: Path) -> None:
    """The command a user would type without us; ipykernel's own kernel is named in a folder for this call."""
    with tempfile.TemporaryDirectory() as scratch:
        install = [sys.executable, "-m", "ipykernel", "install", "--prefix", scratch]
        subprocess.run(install, check=True, capture_output=True)
        command = [sys.executable, "-m", "papermill", str(notebook), str(Path(scratch) / "out.ipynb"), "-k", "python3"]
        environment = {
            "JUPYTER_PATH": str(Path(scratch) / "share" / "jupyter"),
            "PATH": "/usr/bin:/bin",
            "HOME": scratch,
        }
        subprocess.run([*command, "--no-progress-bar"], check=True, capture_output=True, env=environment)


def run_ours(notebook: Path, times: int) -> list[float]:
    """Seconds of each report in one run: the first waits for the imports of the parent, the others find them done."""
    command = [sys.executable, "-c", OURS, str(notebook), str(times)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("SECONDS")]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", nargs="?", type=Path, default=NOTEBOOK)
    parser.add_argument("-n", "--times", type=int, default=3)
    given = parser.parse_args()
    bare = statistics.median(seconds(lambda: run_bare(given.notebook)) for _ in range(given.times))
    cold, *warm = run_ours(given.notebook, given.times)
    rows = [
        ("bare papermill", bare),
        ("crm-research, first of a run", cold),
        ("crm-research, each other", statistics.median(warm)),
    ]
    print(f"{'one report':32}{'seconds':>10}{'times faster':>14}")
    for name, spent in rows:
        print(f"{name:32}{spent:10.2f}{bare / spent:14.2f}")


if __name__ == "__main__":
    main()
