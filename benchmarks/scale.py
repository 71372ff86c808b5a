"""What do all reports of a study cost as the customers grow: seconds, processor seconds, memory of the whole tree?

    python benchmarks/scale.py [--customers 10000 100000] [--reports churn loyalty] [--plot scale.png] [--csv scale.csv]

Worlds are drawn by `crm-research simulate` (every table, Parquet). Each report is a command of its own, as a user types
it, checks included; "check" is the check alone, "all together" one run of all of them. Beside them, in a process each:
bare DuckDB, which groups the same orders into customers (the least that any report of purchases must do), and
lifelines' Kaplan-Meier on a frame of all contracts that pandas has read. Seconds are those of the wall clock; processor
seconds and the peak of memory are of the whole tree of processes, memory shared between them counted once
(proportional set size, read twice a second: short peaks can be missed). The last columns are seconds over those of the
size before, and how many times the customers are more.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crm_research.catalogue import reports

REPORTS = tuple(reports())
SECONDS_BETWEEN_LOOKS = 0.5
BARE_DUCKDB = """
import sys, duckdb
duckdb.sql("SET threads = 2")
print(duckdb.sql(f'''
    SELECT count(*), sum(n), sum(revenue) FROM (
        SELECT customer_id, count(*) AS n, min(ordered_at) AS first_at, max(ordered_at) AS last_at,
               sum(revenue) AS revenue
        FROM '{sys.argv[1]}/orders/*.parquet' WHERE ordered_at <= TIMESTAMP '2024-06-30' GROUP BY customer_id)
''').fetchall())
"""
LIFELINES = """
import sys, pandas as pd
from lifelines import KaplanMeierFitter
rows = pd.read_parquet(sys.argv[1] + "/contracts")
at = pd.Timestamp("2024-06-30")
rows = rows[rows["started_at"] < at]
ended = rows["ended_at"].notna() & (rows["ended_at"] <= at)
days = (rows["ended_at"].where(ended, at) - rows["started_at"]).dt.total_seconds() / 86400
print(KaplanMeierFitter().fit(days, ended).median_survival_time_)
"""


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    seconds: float
    processor_seconds: float
    peak_bytes: int
    status: int


def measure(command: list[str], *, environment: dict[str, str]) -> Cost:
    """Run a command and watch all that it starts."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        started = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment)
        peak, done, worked = 0, 0, dict[int, float]()
        while not done:
            tree = _tree(started.pid)
            worked |= tree
            peak = max(peak, sum(_own_bytes(pid) for pid in tree))
            time.sleep(SECONDS_BETWEEN_LOOKS)
            done, status, used = os.wait4(started.pid, os.WNOHANG)
        started.returncode = os.waitstatus_to_exitcode(status)
        if started.returncode:
            said.seek(0)
            print(said.read().decode(errors="replace")[-2_000:], file=sys.stderr)
    # What a process that nobody waits for has done is in no account but its own.
    spent = max(used.ru_utime + used.ru_stime, sum(worked.values()))
    return Cost(time.perf_counter() - began, spent, peak, started.returncode)


def _tree(root: int) -> dict[int, float]:
    """A process and all below it, with the seconds that each has worked itself."""
    parents: dict[int, list[int]] = {}
    worked: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
                worked[int(entry.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    found, left = [], [root]
    while left:
        found.append(left.pop())
        left.extend(parents.get(found[-1], ()))
    return {pid: worked.get(pid, 0.0) for pid in found}


def _own_bytes(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    return 0


def measure_size(n: int, folder: Path, chosen: tuple[str, ...]) -> list[dict[str, object]]:
    """All commands on one world."""
    tool = str(Path(sys.executable).with_name("crm-research"))
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder)}
    world, study = folder / "world", str(folder / "world" / "study.yaml")
    pages = str(folder / "pages")
    commands = {
        "simulate": [tool, "simulate", "--customers", str(n), "--out", str(world)],
        "check": [tool, "check", study],
        **{report: [tool, "run", report, "--study", study, "--out", pages, "--timeout", "7200"] for report in chosen},
        "all together": [
            tool, "run", *chosen, "--study", study, "--out", pages, "--jobs", "2", "--timeout", "7200",
        ],
        "bare DuckDB: orders by customer": [sys.executable, "-c", BARE_DUCKDB, str(world)],
        "lifelines: Kaplan-Meier of contracts": [sys.executable, "-c", LIFELINES, str(world)],
    }  # fmt: skip
    rows: list[dict[str, object]] = []
    for name, command in commands.items():
        cost = measure(command, environment=environment)
        rows.append(
            {
                "customers": n, "command": name, "seconds": cost.seconds, "processor seconds": cost.processor_seconds,
                "peak GB": cost.peak_bytes / 1e9, "status": cost.status,
            }
        )  # fmt: skip
        print(
            f"{n:>10,}  {name:38}{cost.seconds:9.1f}{cost.processor_seconds:9.1f}{cost.peak_bytes / 1e9:8.2f}",
            flush=True,
        )
    return rows


def grow(found: pd.DataFrame) -> pd.DataFrame:
    """Seconds over those of the size before."""
    before = found.groupby("command")["seconds"].shift()
    more = found["customers"] / found.groupby("command")["customers"].shift()
    return found.assign(**{"times the seconds": found["seconds"] / before, "times the customers": more})


def draw(found: pd.DataFrame, file: Path) -> None:
    """Customers against seconds and against memory, both axes by powers of ten."""
    import matplotlib as mpl

    mpl.use("Agg")
    import seaborn as sns
    from matplotlib import pyplot as plt

    shown = found[found["command"].isin((*REPORTS, "check"))]
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.5), sharex=True)
    for ax, column in zip(axes, ("seconds", "peak GB"), strict=True):
        sns.lineplot(shown, x="customers", y=column, hue="command", style="command", markers=True, dashes=False, ax=ax)
        ax.set(xscale="log", yscale="log")
        sns.despine(ax=ax)
    axes[0].get_legend().remove()
    sns.move_legend(axes[1], "upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, title=None)
    figure.savefig(file, dpi=120, bbox_inches="tight")


def main() -> None:
    """Print the table, write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--reports", nargs="+", choices=REPORTS, default=list(REPORTS))
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--csv", type=Path)
    given = parser.parse_args()
    print(f"{'customers':>10}  {'command':38}{'seconds':>9}{'cpu s':>9}{'GB':>8}")
    rows: list[dict[str, object]] = []
    for n in sorted(given.customers):
        with tempfile.TemporaryDirectory(prefix="crm-scale-") as scratch:
            rows += measure_size(n, Path(scratch), tuple(given.reports))
    found = grow(pd.DataFrame(rows))
    print("\n" + found.to_string(index=False, float_format="{:,.2f}".format))
    if given.csv:
        found.to_csv(given.csv, index=False)
    if given.plot:
        draw(found, given.plot)
    if (found["status"] != 0).any():
        sys.exit("Some commands failed.")


if __name__ == "__main__":
    main()
