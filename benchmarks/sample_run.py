"""The whole sample run beside the same notebooks one after another by bare papermill, and the pages beside nbconvert's.

    python benchmarks/sample_run.py [--studies cdnow telco] [--repeats 2]

Ours is the command that ``make report`` gives, two reports at a time: it reads, checks and stages each study once, runs
every report that applies, and makes page, figures, index and ledger. papermill is given each of these notebooks with
the same parameters, in a process and with a kernel of its own, one after another; it makes no page. They go by turns,
and each finds the tables kept that the first turn, which is not counted, has read. Then our command once more with
``--changed``, and each notebook that papermill has executed by nbconvert's own template, beside our page of it.

Seconds are those of the wall clock, and of all processors (of the whole tree of processes), which a busy machine
disturbs less; the ratio of the latter knows nothing of the two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from crm_research.catalogue import reports
from crm_research.settings import read_settings
from scale import measure

PROGRAM = Path(sys.executable).with_name("crm-research")


@dataclass(frozen=True)
class Made:
    """A page of ours, and the notebook that makes it."""

    study: str
    report: str
    page: Path

    def executed_in(self, folder: Path) -> Path:
        """Where papermill leaves the notebook."""
        return folder / f"{self.study}-{self.report}.ipynb"


def find_made(out: Path) -> list[Made]:
    """What a run has made, each study's reports in the order of the catalogue."""
    found = []
    for record in sorted(out.glob("*/*/run.json")):
        done = {entry["report"] for entry in json.loads(record.read_text())["reports"] if entry["outcome"] == "done"}
        found += [
            Made(record.parents[1].name, name, record.parent / f"{name}.html") for name in reports() if name in done
        ]
    return found


def run_ours(studies: list[str], out: Path, environment: dict[str, str], *more: str) -> tuple[float, float]:
    """Seconds of the wall clock and of processors."""
    named = [part for study in studies for part in ("--study", study)]
    return spend([str(PROGRAM), "run", "--jobs", "2", *named, "--out", str(out), *more], environment)


def spend(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """What a command takes; one that fails ends all."""
    cost = measure(command, environment=environment)
    if cost.status:
        sys.exit(f"{' '.join(command)} ended with {cost.status}")
    return cost.seconds, cost.processor_seconds


def run_papermill(made: list[Made], out: Path, folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """The same of papermill's command, of one notebook after another."""
    spent = []
    for one in made:
        source = read_settings().carried_notebooks / reports()[one.report].notebook
        command = [sys.executable, "-m", "papermill", str(source), str(one.executed_in(folder)), "-k", "python3"]
        command += ["-p", "study", one.study, "--no-progress-bar", "--cwd", str(read_settings().home)]
        command += ["-p", "results", str(out)] if reports()[one.report].is_last else []
        spent.append(spend(command, environment))
    return sum(wall for wall, _ in spent), sum(cpu for _, cpu in spent)


def tell_pages(made: list[Made], folder: Path) -> None:
    """Sizes of each page, ours beside nbconvert's of the notebook that papermill has executed."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter()
    sizes = []
    for one in made:
        html, _ = exporter.from_filename(str(one.executed_in(folder)))
        sizes.append((one.page.stat().st_size, len(html.encode())))
        print(f"{one.study + ' ' + one.report:36}{sizes[-1][0] / 1e3:10,.0f}{sizes[-1][1] / 1e3:12,.0f}")
    ours, theirs = (sum(column) for column in zip(*sizes, strict=True))
    ratio = statistics.median(a / b for a, b in sizes)
    print(f"{'all':36}{ours / 1e3:10,.0f}{theirs / 1e3:12,.0f}   median ratio {ratio:.2f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", nargs="*", default=[])
    parser.add_argument("--repeats", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as held:
        scratch = Path(held)
        environment = {**os.environ, "JUPYTER_PATH": str(scratch / "share" / "jupyter")}
        subprocess.run(
            [sys.executable, "-m", "ipykernel", "install", "--prefix", held], check=True, capture_output=True
        )
        run_ours(given.studies, scratch / "first", environment)
        made = find_made(scratch / "first")
        print(
            f"{len(made)} reports of {len({one.study for one in made})} studies, {os.cpu_count()} cores, repeated "
            f"{given.repeats} times; load of the machine beside us at the beginning {os.getloadavg()[1]:.1f}\n"
        )
        print(f"{'turn':34}{'seconds':>10}{'processors':>12}{'load':>8}", flush=True)
        rows: dict[str, list[tuple[float, float]]] = {"crm-research": [], "bare papermill": []}
        folder = scratch / "executed"
        folder.mkdir()
        for number in range(given.repeats):
            out = scratch / str(number)
            for name, spent in (
                ("crm-research", lambda out=out: run_ours(given.studies, out, environment)),
                ("bare papermill", lambda out=out: run_papermill(made, out, folder, environment)),
            ):
                rows[name].append(spent())
                wall, cpu = rows[name][-1]
                print(f"{f'{name}, {number + 1}':34}{wall:10.1f}{cpu:12.1f}{os.getloadavg()[1]:8.1f}", flush=True)
        named = [part for study in given.studies for part in ("--study", study)]
        for _ in range(3):
            began = time.perf_counter()
            command = [str(PROGRAM), "run", *named, "--out", str(scratch / "0"), "--changed"]
            subprocess.run(command, check=True, capture_output=True, env=environment)
            print(f"{'crm-research --changed':34}{time.perf_counter() - began:10.1f}{'':12}{os.getloadavg()[1]:8.1f}")
        for place, what in enumerate(("by the clock", "by processors")):
            ratios = [b[place] / a[place] for a, b in zip(*rows.values(), strict=True)]
            print(f"times faster {what}: {', '.join(f'{ratio:.1f}' for ratio in ratios)}")
        print(f"\n{'page, kB':36}{'ours':>10}{'nbconvert':>12}")
        tell_pages(made, folder)


if __name__ == "__main__":
    main()
