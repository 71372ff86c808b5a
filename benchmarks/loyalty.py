"""Cohort triangles and measures of brands: ours against bare SQL of the same tables, and the fit of twenty brands.

    python benchmarks/loyalty.py [--lines 10000000] [--turns 5] [--memory-gb 4] [--only triangle|brands|fits]

Both contenders read the same Parquet files inside the measured time, each in a process of its own with the same threads
and the same bound on memory, and take turns, so that a busy machine disturbs both alike. What they find is compared.
Prints Markdown tables: the best turn of each, wall clock and processor, their ratios, and the peak memory.

The triangle is counted on as many orders as there are lines: an order is the finest thing it reads.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

AFTER, UNTIL = datetime(2023, 1, 1), datetime(2024, 1, 1)
N_BRANDS = 50
THREADS = 2

TRIANGLE_SQL = """
WITH busy AS (
    SELECT customer_id, date_trunc('month', ordered_at) AS month, count(*) AS n, sum(revenue) AS spend
    FROM read_parquet('{folder}/visits.parquet')
    WHERE ordered_at < TIMESTAMP '2024-01-01' AND customer_id IS NOT NULL GROUP BY ALL
), intakes AS (
    SELECT customer_id, min(month) AS cohort FROM busy GROUP BY customer_id
)
SELECT cohort, month, count(*) AS n_active, sum(n) AS n_orders, sum(spend) AS spend
FROM busy JOIN intakes USING (customer_id) GROUP BY ALL
"""

BRANDS_SQL = """
WITH sales AS (
    SELECT order_id, customer_id, ordered_at FROM read_parquet('{folder}/orders.parquet')
    WHERE ordered_at > TIMESTAMP '2023-01-01' AND ordered_at <= TIMESTAMP '2024-01-01' AND customer_id IS NOT NULL
), visits AS (
    SELECT customer_id, brand, date_trunc('day', ordered_at) AS day, sum(revenue) AS revenue
    FROM read_parquet('{folder}/order_lines.parquet') JOIN sales USING (order_id)
    JOIN read_parquet('{folder}/products.parquet') USING (product_id)
    WHERE revenue > 0 GROUP BY ALL
), raw AS (
    SELECT customer_id, brand, count(*) AS n, count(*) FILTER (day < TIMESTAMP '2023-07-02') AS early,
           sum(revenue) AS revenue FROM visits GROUP BY ALL
), places AS (
    SELECT brand, least(row_number() OVER (ORDER BY sum(n) DESC, brand) - 1, 20) AS place FROM raw GROUP BY brand
), counts AS (
    SELECT customer_id, place, sum(n) AS n, sum(early) AS early, sum(revenue) AS revenue
    FROM raw JOIN places USING (brand) GROUP BY ALL
), people AS (
    SELECT customer_id, hash(customer_id) % 40 AS g, sum(n) AS total, sum(early) AS early_total,
           sum(revenue) AS money, sum(1::BIGINT << place) AS mask FROM counts GROUP BY customer_id
)
SELECT 'brands' AS part, g, place, n, count(*) AS customers, sum(total) AS a, sum((n = total)::INT) AS b,
       sum(revenue) AS c, sum(money) AS d FROM counts JOIN people USING (customer_id) GROUP BY g, place, n
UNION ALL SELECT 'category', g, NULL, total, count(*), NULL, NULL, NULL, NULL FROM people GROUP BY g, total
UNION ALL SELECT 'sets', g, NULL, mask, count(*), NULL, NULL, NULL, NULL FROM people GROUP BY g, mask
UNION ALL SELECT 'halves', g, -1, early_total, count(*), sum(total - early_total), sum((total - early_total) ** 2),
          NULL, NULL FROM people WHERE early_total > 0 GROUP BY g, early_total
UNION ALL SELECT 'halves', g, place, early, count(*), sum(n - early), sum((n - early) ** 2), NULL, NULL
          FROM counts JOIN people USING (customer_id) WHERE early > 0 GROUP BY g, place, early
UNION ALL SELECT 'population', g, NULL, count(*), NULL, NULL, NULL, NULL, NULL
          FROM (SELECT customer_id, hash(customer_id) % 40 AS g FROM sales GROUP BY customer_id) GROUP BY g
"""


def make_files(folder: Path, n_lines: int) -> None:
    """Four lines an order, ten orders a customer, fifty brands of unequal size; and as many orders as lines."""
    n_orders, n_customers = n_lines // 4, max(n_lines // 40, 1)
    _write(
        folder / "visits.parquet",
        f"""SELECT 'o' || i AS order_id, {_customer(n_lines // 10)} AS customer_id, TIMESTAMP '2022-01-01'
            + INTERVAL 1 SECOND * floor(random() * 63072000)::BIGINT AS ordered_at,
            round(exp(3 + random()), 2) AS revenue FROM range({n_lines}) t(i)""",
    )
    _write(
        folder / "orders.parquet",
        f"""SELECT 'o' || i AS order_id, {_customer(n_customers)} AS customer_id, TIMESTAMP '2023-01-01'
            + INTERVAL 1 SECOND * (1 + floor(random() * 31535990)::BIGINT) AS ordered_at, 10.0 AS revenue
            FROM range({n_orders}) t(i)""",
    )
    _write(
        folder / "order_lines.parquet",
        f"""SELECT 'o' || (i // 4) AS order_id, 'p' || floor(500 * pow(random(), 2.5))::BIGINT AS product_id,
            1.0 AS quantity, round(exp(random() * 2), 2) AS revenue FROM range({n_lines}) t(i)""",
    )
    _write(
        folder / "products.parquet",
        f"SELECT 'p' || i AS product_id, 'brand ' || (i % {N_BRANDS}) AS brand FROM range(500) t(i)",
    )


def _customer(n_customers: int) -> str:
    return f"'customer-' || floor({n_customers} * pow(random(), 1.5))::BIGINT"


def _write(path: Path, query: str) -> None:
    import duckdb

    duckdb.connect().execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


def _study(folder: Path, memory_gb: float, **files: str) -> Any:
    from crm_research.engine import connect
    from crm_research.study import Study

    backend = connect()
    backend.con.execute(f"SET threads = {THREADS}; SET memory_limit = '{memory_gb}GB'")
    tables = {name: backend.read_parquet(folder / f"{file}.parquet") for name, file in files.items()}
    return Study(name="bench", title="Bench", currency="EUR", as_of=UNTIL, tables=tables)


def our_triangle(folder: Path, memory_gb: float) -> Callable[[], list[int]]:
    from crm_research.pillars.loyalty.repeat.retention import estimate_retention

    def run() -> list[int]:
        triangle = estimate_retention(_study(folder, memory_gb, orders="visits")).triangle
        return [int((triangle["n_active"] > 0).sum()), int(triangle["n_active"].sum())]

    return run


def our_brands(folder: Path, memory_gb: float) -> Callable[[], list[int]]:
    from crm_research.features.brand_lines import Market
    from crm_research.features.brands import count_brands

    def run() -> list[int]:
        study = _study(folder, memory_gb, orders="orders", order_lines="order_lines", products="products")
        counts = count_brands(study, Market(unit="brand", category=None, after=AFTER, until=UNTIL))
        halves = counts.halves.loc[counts.halves["place"] >= 0]
        return [
            int((counts.category["n"] * counts.category["customers"]).sum()),
            int(counts.brands["sole_buyers"].sum()),
            int(halves["later"].sum()),
        ]

    return run


def _bare(memory_gb: float) -> Any:
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{memory_gb:.2f}GB'")
    connection.execute(f"SET threads = {THREADS}")
    return connection


def bare_triangle(folder: Path, memory_gb: float) -> Callable[[], list[int]]:
    def run() -> list[int]:
        found = _bare(memory_gb).execute(TRIANGLE_SQL.format(folder=folder)).df()
        return [len(found), int(found["n_active"].sum())]

    return run


def bare_brands(folder: Path, memory_gb: float) -> Callable[[], list[int]]:
    def run() -> list[int]:
        found = _bare(memory_gb).execute(BRANDS_SQL.format(folder=folder)).df()
        category, brands = (found.loc[found["part"] == part] for part in ("category", "brands"))
        halves = found.loc[(found["part"] == "halves") & (found["place"] >= 0)]
        return [int((category["n"] * category["customers"]).sum()), int(brands["b"].sum()), int(halves["a"].sum())]

    return run


TASKS: dict[str, dict[str, Callable[[Path, float], Callable[[], list[int]]]]] = {
    "triangle": {"bare": bare_triangle, "ours": our_triangle},
    "brands": {"bare": bare_brands, "ours": our_brands},
}
LABELS = {"triangle": "cohort triangle", "brands": "measures of brands"}


def serve(task: str, contender: str, folder: Path, memory_gb: float) -> None:
    """One turn for each line read, after one that brings imports and files into memory."""
    run = TASKS[task][contender](folder, memory_gb)
    run()
    for _ in sys.stdin:
        start, start_processor = time.perf_counter(), time.process_time()
        found = run()
        turn = {"seconds": time.perf_counter() - start, "processor": time.process_time() - start_processor}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**turn, "found": found, "peak_mb": peak}), flush=True)


def take_turns(task: str, folder: Path, turns: int, memory_gb: float) -> dict[str, dict[str, float]]:
    """Both contenders by turns; the best of each."""
    servers = {name: _start(task, name, folder, memory_gb) for name in TASKS[task]}
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in servers}
    for _ in range(turns):
        for name, server in servers.items():
            server.stdin.write("go\n")
            server.stdin.flush()
            seen[name].append(json.loads(server.stdout.readline()))
    for server in servers.values():
        server.stdin.close()
        server.wait()
    if seen["bare"][0]["found"] != seen["ours"][0]["found"]:
        raise SystemExit(f"The two do not find the same: {seen['bare'][0]}, {seen['ours'][0]}")
    return {
        name: {
            "seconds": min(turn["seconds"] for turn in held),
            "processor": min(turn["processor"] for turn in held),
            "peak_mb": max(turn["peak_mb"] for turn in held),
        }
        for name, held in seen.items()
    }


def _start(task: str, contender: str, folder: Path, memory_gb: float) -> Any:
    command = [sys.executable, __file__, "--serve", f"{task}:{contender}"]
    command += ["--folder", str(folder), "--memory-gb", str(memory_gb)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def print_turns(found: dict[str, dict[str, dict[str, float]]]) -> None:
    """One row a task and contender, with the ratios to the bare query."""
    print("| task | contender | seconds | processor seconds | over bare, wall | over bare, processor | peak memory |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for task, both in found.items():
        for name, label in (("bare", "bare DuckDB SQL"), ("ours", "crm_research")):
            held, base = both[name], both["bare"]
            print(
                f"| {LABELS[task]} | {label} | {held['seconds']:.2f} | {held['processor']:.2f} "
                f"| {held['seconds'] / base['seconds']:.2f} | {held['processor'] / base['processor']:.2f} "
                f"| {held['peak_mb']:,.0f} MB |"
            )


def time_fits() -> dict[str, float]:
    """Twenty brands: one fit from published shares, and one with forty groups left out in turn, excess included."""
    from crm_research.models.dirichlet import compare_with_norm, fit_dirichlet, fit_from_summary

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from tests.models.dirichlet.markets import draw_purchases, tally

    shares = np.arange(20, 0, -1) / 210
    tallies = tally(draw_purchases(20_000, m=6, k=0.8, s=1.5, shares=shares)[0])
    fit_from_summary(0.6, 5.0, shares, tallies.observed()["penetration"][0])
    start = time.perf_counter()
    fit_from_summary(0.6, 5.0, shares, tallies.observed()["penetration"][0])
    one = time.perf_counter() - start
    start = time.perf_counter()
    compare_with_norm(tallies, fit_dirichlet(tallies))
    return {"one fit": one, "41 fits with both estimators of K and S, and the excess": time.perf_counter() - start}


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--memory-gb", type=float, default=4.0, help="bound on the memory of either engine")
    parser.add_argument("--only", choices=[*TASKS, "fits"])
    parser.add_argument("--keep", type=Path, help="folder of the files, made there if empty")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        task, contender = chosen.serve.split(":")
        serve(task, contender, chosen.folder, chosen.memory_gb)
        return
    tasks = [task for task in TASKS if chosen.only in (None, task)]
    if tasks:
        with tempfile.TemporaryDirectory() as name:
            folder = chosen.keep or Path(name)
            if not (folder / "products.parquet").exists():
                make_files(folder, chosen.lines)
            found = {task: take_turns(task, folder, chosen.turns, chosen.memory_gb) for task in tasks}
        print(f"{chosen.lines:,} lines; {THREADS} threads, at most {chosen.memory_gb:g} GB, best of {chosen.turns}\n")
        print_turns(found)
    if chosen.only in (None, "fits"):
        print("\n| twenty brands | seconds |\n|---|---:|")
        for label, seconds in time_fits().items():
            print(f"| {label} | {seconds:.3f} |")


if __name__ == "__main__":
    main()
