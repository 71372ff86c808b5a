"""What do all reports of a study cost as the customers grow: seconds, processor seconds, memory of the whole tree?

    python benchmarks/scale.py [--sizes 10k 100k 1m] [--reports churn loyalty] [--plot scale.png] [--csv scale.csv]
                               [--memory 400MB] [--folder DIR]
                               [--postgres postgresql://me@/db?host=/run] [--spark sail] [--servers-to 100k]
    python benchmarks/scale.py --sizes 10m --memory 1GB --csv scale.csv

Worlds are drawn by `crm-research simulate` (every table, Parquet). Each report is a command of its own, as a user types
it; "check" is the check alone, which the reports after it are told again, "all together" one run of all of them.
Beside them, in a process each: bare DuckDB, which groups the same orders into customers (the least that any report of
purchases must do), lifelines' Kaplan-Meier on a frame of all contracts that pandas has read, and lifetimes' summary of
all orders by customer, which its models are fitted to. The same commands can be asked of the same records in a
PostgreSQL server and, through Spark Connect, in a Spark server; what those servers hold and work is not counted, since
they are no children of the command. Seconds are those of the wall clock; processor seconds and the peak of memory are
of the whole tree of processes, memory shared between them counted once (proportional set size, read twice a second:
short peaks can be missed). What a command leaves (pages, lists, shelves, what was spilled) goes before the next one
starts, so that the disk holds a world and what one command needs; a size that would not fit is refused. The last
columns are seconds over those of the size before, and how many times the customers are more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

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
LIFETIMES = """
import sys, pandas as pd
from lifetimes.utils import summary_data_from_transaction_data
rows = pd.read_parquet(sys.argv[1] + "/orders", columns=["customer_id", "ordered_at", "revenue"])
print(summary_data_from_transaction_data(
    rows, "customer_id", "ordered_at", monetary_value_col="revenue", observation_period_end="2024-06-30").shape)
"""
SAIL = """
import sys, time
from pysail.spark import SparkConnectServer
server = SparkConnectServer("127.0.0.1", 0)
server.start()
print(f"sc://127.0.0.1:{server.listening_address[1]}", flush=True)
time.sleep(1e6)
"""
FILES = "files"
SIZES = {"": 1, "k": 1_000, "m": 1_000_000}
# Half a kilobyte is the world's; shelves, spilled rows and two copies of each list are the rest.
BYTES_PER_CUSTOMER = 4_000
POSTGRES_TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "TIMESTAMP_NS": "timestamp"}


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


def customers(said: str) -> int:
    """How many are 10000, 10k or 1m?"""
    number, unit = (said[:-1], said[-1].lower()) if said[-1:].lower() in SIZES else (said, "")
    return int(number) * SIZES[unit]


def require_disk(n: int, folder: Path) -> None:
    """Refuse a size of which the world, and what one command needs beside it, have no room."""
    free, wanted = shutil.disk_usage(folder).free, n * BYTES_PER_CUSTOMER
    if free < wanted:
        sys.exit(
            f"{n:,} customers want {wanted / 1e9:.0f} GB in {folder.parent}, where {free / 1e9:.0f} GB are free. "
            "Name a folder on another disk: --folder DIR"
        )


def measure_size(n: int, folder: Path, chosen: tuple[str, ...], given: argparse.Namespace) -> list[dict[str, object]]:
    """All commands on one world, from its files and from each server that is named."""
    tool = str(Path(sys.executable).with_name("crm-research"))
    world, pages = folder / "world", str(folder / "pages")
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder)}

    def reports_of(study: Path) -> dict[str, list[str]]:
        run = [tool, "run", "--study", str(study), "--out", pages, "--timeout", "7200"]
        return {
            "check": [tool, "check", str(study)],
            **{report: [*run, report] for report in chosen},
            "all together": [*run, "--jobs", "2", *chosen],
        }

    study = world / "study.yaml"
    simulate = {"simulate": [tool, "simulate", "--customers", str(n), "--out", str(world)]}
    rows = _measured(n, FILES, simulate, environment)
    if given.memory:
        said = yaml.safe_load(study.read_text(encoding="utf-8"))
        _written(study, {**said, "engine": {"memory": given.memory}})
    files = {
        **reports_of(study),
        "bare DuckDB: orders by customer": [sys.executable, "-c", BARE_DUCKDB, str(world)],
        "lifelines: Kaplan-Meier of contracts": [sys.executable, "-c", LIFELINES, str(world)],
        "lifetimes: purchases by customer": [sys.executable, "-c", LIFETIMES, str(world)],
    }
    rows += _measured(n, FILES, files, environment, leaves=folder / "pages")
    if given.postgres and n <= given.servers_to:
        rows += _measured(n, "PostgreSQL", reports_of(lay_in_postgres(world, given.postgres)), environment)
    if given.spark and n <= given.servers_to:
        with spark_server(given.spark) as url:
            rows += _measured(n, "Spark", reports_of(read_by_spark(world, url)), environment)
    return rows


def _measured(
    n: int, engine: str, commands: dict[str, list[str]], env: dict[str, str], leaves: Path | None = None
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, command in commands.items():
        cost = measure(command, environment=env)
        if leaves is not None:
            shutil.rmtree(leaves, ignore_errors=True)
        gigabytes = cost.peak_bytes / 1e9
        rows.append(
            {
                "customers": n, "engine": engine, "command": name, "seconds": cost.seconds,
                "processor seconds": cost.processor_seconds, "peak GB": gigabytes, "status": cost.status,
            }
        )  # fmt: skip
        print(
            f"{n:>10,}  {engine:11}{name:38}{cost.seconds:9.1f}{cost.processor_seconds:9.1f}{gigabytes:8.2f}",
            flush=True,
        )
    return rows


def lay_in_postgres(world: Path, url: str) -> Path:
    """Copy the world's tables into the schema `scale` of a PostgreSQL database, made anew; the study that reads it."""
    import duckdb
    import psycopg

    study = yaml.safe_load((world / "study.yaml").read_text(encoding="utf-8"))
    with psycopg.connect(url, autocommit=True) as server:
        server.execute("DROP SCHEMA IF EXISTS scale CASCADE")
        server.execute("CREATE SCHEMA scale")
        for table, rule in study["tables"].items():
            rows = f"read_parquet('{world / rule['from']}')"
            described = duckdb.sql(f"DESCRIBE SELECT * FROM {rows}").fetchall()
            columns = ", ".join(f'"{name}" {POSTGRES_TYPES.get(kind, kind)}' for name, kind, *_ in described)
            server.execute(f'CREATE TABLE scale."{table}" ({columns})')
            written = world / "rows.csv"
            duckdb.sql(f"COPY (SELECT * FROM {rows}) TO '{written}' (FORMAT csv, HEADER false)")
            with (
                written.open("rb") as lines,
                server.cursor().copy(f'COPY scale."{table}" FROM STDIN (FORMAT csv)') as copy,
            ):
                while chunk := lines.read(1 << 20):
                    copy.write(chunk)
            written.unlink()
            server.execute(f'ANALYZE scale."{table}"')
            rule["from"] = {"url": url, "table": f"scale.{table}"}
    return _written(world / "postgres.yaml", {**study, "engine": url})


def read_by_spark(world: Path, url: str) -> Path:
    """The study that reads the world's folders by a server of Spark Connect."""
    study = yaml.safe_load((world / "study.yaml").read_text(encoding="utf-8"))
    return _written(world / "spark.yaml", {**study, "engine": url})


def _written(file: Path, study: dict[str, object]) -> Path:
    file.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return file


@contextmanager
def spark_server(named: str) -> Iterator[str]:
    """The address itself, or that of a server of pysail's, which needs no Java, for as long as it is used."""
    if named != "sail":
        yield named
        return
    with subprocess.Popen(
        [sys.executable, "-c", SAIL], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            yield str(server.stdout and server.stdout.readline().strip())
        finally:
            server.terminate()


def grow(found: pd.DataFrame) -> pd.DataFrame:
    """Seconds over those of the size before."""
    by = ["engine", "command"]
    before = found.groupby(by)["seconds"].shift()
    more = found["customers"] / found.groupby(by)["customers"].shift()
    return found.assign(**{"times the seconds": found["seconds"] / before, "times the customers": more})


def draw(found: pd.DataFrame, file: Path) -> None:
    """Customers against seconds and against memory, both axes by powers of ten: reports of files, and engines."""
    import matplotlib as mpl

    mpl.use("Agg")
    import seaborn as sns
    from matplotlib import pyplot as plt

    sns.set_theme(style="whitegrid", palette="colorblind")
    reports_of_files = found[found["command"].isin((*REPORTS, "check")) & (found["engine"] == FILES)]
    together = found[found["command"] == "all together"]
    figure, axes = plt.subplots(2, 2, figsize=(12, 9), sharex=True, layout="constrained")
    titles = {"seconds": "Seconds", "peak GB": "Most memory at a time, GB (of servers: without the server's own)"}
    for row, (shown, hue) in enumerate(((reports_of_files, "command"), (together, "engine"))):
        for ax, (column, title) in zip(axes[row], titles.items(), strict=True):
            sns.lineplot(shown, x="customers", y=column, hue=hue, style=hue, markers=True, dashes=False, ax=ax)
            ax.set(xscale="log", yscale="log", xlabel="Customers", ylabel=title)
            ax.yaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_major_formatter("{x:,.0f}")
            sns.despine(ax=ax, left=True)
            ax.get_legend().set(title=None)
            if column == "seconds":
                ax.get_legend().remove()
            else:
                sns.move_legend(ax, "upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        axes[row][0].set_title(("Each report, from files", "All reports in one run")[row], loc="left")
    figure.savefig(file, dpi=120)


def main() -> None:
    """Print the table, write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", "--customers", type=customers, nargs="+", default=[10_000, 100_000], metavar="N",
                        help="customers of each world: 10000, 10k, 1m")  # fmt: skip
    parser.add_argument(
        "--memory", help="what the engine of each command is held to (default: a share of the machine's)"
    )
    parser.add_argument(
        "--folder", type=Path, help="where worlds and all else are laid (default: the system's for that)"
    )
    parser.add_argument("--reports", nargs="+", choices=REPORTS, default=list(REPORTS))
    parser.add_argument("--postgres", metavar="URL", help="a PostgreSQL database in which the schema scale is made")
    parser.add_argument("--spark", metavar="URL", help="an address sc://..., or sail: a server that is started for it")
    parser.add_argument(
        "--servers-to", type=customers, default=100_000, help="the most customers that servers are asked of"
    )
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--csv", type=Path)
    given = parser.parse_args()
    print(f"{'customers':>10}  {'engine':11}{'command':38}{'seconds':>9}{'cpu s':>9}{'GB':>8}")
    rows: list[dict[str, object]] = []
    for n in sorted(given.sizes):
        with tempfile.TemporaryDirectory(prefix="crm-scale-", dir=given.folder) as scratch:
            require_disk(n, Path(scratch))
            rows += measure_size(n, Path(scratch), tuple(given.reports), given)
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
