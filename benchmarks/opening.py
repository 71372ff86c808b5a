"""Opening a study of one CSV file of order lines: ours against bare DuckDB and pandas.

    python benchmarks/opening.py [--lines 3000000] [--repeats 3]

Every contender runs in a process of its own on the same file and leaves typed orders where it works: ours and DuckDB in
a table of the engine, pandas in a frame. Ours reads every cell as text first, so that nothing is guessed, and counts
what cannot be read; the two others guess types from the first rows. "kept" opens the study a second time, when its
table is kept as Parquet; the file is read for its digest alone. Prints a Markdown table of the median seconds, wall
clock and processor (which a busy machine disturbs less), the ratio of the first to ours, and the peak resident memory
of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

STUDY = "name: bench\ncurrency: EUR\nas_of: 2024-06-30\ntables:\n  orders:\n    from: orders.csv\n"
ANEW = "engine:\n  cache: no\n"


def make_file(folder: Path, n_lines: int) -> None:
    """Orders of a fifteenth as many customers over two years."""
    import duckdb

    (folder / "study.yaml").write_text(STUDY + ANEW, encoding="utf-8")
    (folder / "kept.yaml").write_text(STUDY, encoding="utf-8")
    duckdb.sql(f"""
        COPY (
            SELECT i AS order_id, 'c' || hash(i) % {max(1, n_lines // 15)} AS customer_id,
                   strftime(TIMESTAMP '2022-01-01' + to_seconds(CAST(hash(i + 7) % 70000000 AS BIGINT)),
                            '%Y-%m-%d %H:%M:%S') AS ordered_at,
                   round((hash(i + 3) % 10000) / 100.0, 2) AS revenue, 'shop' || i % 3 AS store
            FROM range({n_lines}) t(i)
        ) TO '{folder / "orders.csv"}' (HEADER)
    """)


def ours(folder: Path) -> Callable[[], int]:
    from crm_research import open_study

    return lambda: open_study(folder / "study.yaml").table("orders").count().execute()


def kept(folder: Path) -> Callable[[], int]:
    from crm_research import open_study
    from crm_research.sources import fingerprints

    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    os.environ["CRM_RESEARCH_HOME"] = str(folder)
    open_study(folder / "kept.yaml")

    def run() -> int:
        # As in another process: the file is read again to see whether it has changed.
        fingerprints._digest_file.cache_clear()
        return int(open_study(folder / "kept.yaml").table("orders").count().execute())

    return run


def bare_duckdb(folder: Path) -> Callable[[], int]:
    import duckdb

    connection = duckdb.connect()

    def run() -> int:
        connection.execute(f"CREATE OR REPLACE TABLE orders AS SELECT * FROM read_csv('{folder / 'orders.csv'}')")
        return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])

    return run


def in_pandas(folder: Path) -> Callable[[], int]:
    import pandas as pd

    return lambda: len(pd.read_csv(folder / "orders.csv", parse_dates=["ordered_at"]))


CONTENDERS = {"crm_research": ours, "crm_research, kept": kept, "DuckDB": bare_duckdb, "pandas": in_pandas}


def measure(name: str, folder: Path, repeats: int) -> None:
    """Run one contender here and print what it took as JSON."""
    run = CONTENDERS[name](folder)
    walls, processor = [], []
    n_rows = 0
    for _ in range(repeats):
        wall, used = time.perf_counter(), time.process_time()
        n_rows = run()
        walls.append(time.perf_counter() - wall)
        processor.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = {"wall": statistics.median(walls), "cpu": statistics.median(processor), "peak": peak, "rows": n_rows}
    print(json.dumps(said))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=3_000_000, metavar="N", help="order lines in the file (3,000,000)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="times each contender runs (3)")
    parser.add_argument("--only", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        measure(options.only, options.folder, options.repeats)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_file(folder, options.lines)
        found = {}
        for contender in CONTENDERS:
            words = [sys.executable, __file__, "--only", contender, "--folder", name, "--repeats", str(options.repeats)]
            ran = subprocess.run(words, capture_output=True, text=True, check=True)
            found[contender] = json.loads(ran.stdout.splitlines()[-1])
    if len({one["rows"] for one in found.values()}) > 1:
        raise SystemExit(f"the contenders do not hold the same rows: {found}")
    print(f"{options.lines:,} order lines, {options.repeats} repeats\n")
    print("| | seconds | processor | of ours | peak MB |\n|---|---|---|---|---|")
    for contender, one in found.items():
        ratio = one["wall"] / found["crm_research"]["wall"]
        print(f"| {contender} | {one['wall']:.2f} | {one['cpu']:.2f} | {ratio:.2f} | {one['peak']:,.0f} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
