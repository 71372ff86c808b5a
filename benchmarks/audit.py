"""The customer-base audit: ours against a bare DuckDB aggregation of the same content.

    python benchmarks/audit.py [--orders 10000000] [--turns 3] [--memory-gb 4]

Ten orders a customer, over two years and a half. Both contenders read the same Parquet file inside the measured time,
each in a process of its own with the same threads and the same bound on memory, and take turns, so that a busy machine
disturbs both alike. The bare one is what somebody would write by hand, with a table for each step: every customer and
quarter, every customer with the two years side by side, the kinds of customers, cohorts by quarter, tenths, and the
sums of powers that limits need. What they find is compared. Ours is measured twice: in the engine alone, and as a
whole, with the limits of concentration (a bootstrap) and all else that the page shows. Prints a Markdown table of the
best turn.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

AS_OF = datetime(2024, 6, 30, 23, 59, 59)
THREADS = 2
ORDERS_PER_CUSTOMER = 10

BARE = (
    """CREATE TABLE sums AS
    SELECT customer_id, year(ordered_at) * 4 + (month(ordered_at) - 1) // 3 AS period, count(*) AS n_orders,
           sum(revenue) AS revenue, sum(cost) AS cost, min(ordered_at) AS first_at, max(ordered_at) AS last_at
    FROM read_parquet('{path}') WHERE ordered_at <= TIMESTAMP '2024-06-30 23:59:59' GROUP BY ALL""",
    """CREATE TABLE customers AS
    SELECT customer_id, min(period) AS first_period, sum(n_orders) AS n_all, min(first_at) AS first_at,
           max(last_at) AS last_at,
           coalesce(sum(n_orders) FILTER (period // 4 = 2022), 0) AS n_then,
           coalesce(sum(revenue) FILTER (period // 4 = 2022), 0) AS revenue_then,
           coalesce(sum(cost) FILTER (period // 4 = 2022), 0) AS cost_then,
           coalesce(sum(n_orders) FILTER (period // 4 = 2023), 0) AS n_now,
           coalesce(sum(revenue) FILTER (period // 4 = 2023), 0) AS revenue_now,
           coalesce(sum(cost) FILTER (period // 4 = 2023), 0) AS cost_now
    FROM sums WHERE customer_id IS NOT NULL GROUP BY customer_id""",
)
BARE_ASKED = (
    """SELECT count(*), sum(revenue), min(ordered_at), max(ordered_at) FROM read_parquet('{path}')
    WHERE ordered_at <= TIMESTAMP '2024-06-30 23:59:59'""",
    """SELECT first_period, n_then > 0, n_now > 0, count(*), sum(n_then), sum(revenue_then), sum(cost_then), sum(n_now),
           sum(revenue_now), sum(cost_now) FROM customers GROUP BY 1, 2, 3""",
    """SELECT first_period, period, count(*), sum(n_orders), sum(revenue), sum(cost), sum(revenue ** 2),
           sum(revenue ** 3)
    FROM sums JOIN (SELECT customer_id, first_period FROM customers) USING (customer_id) GROUP BY 1, 2""",
    """SELECT ntile, count(*), sum(n_now), sum(revenue_now), min(revenue_now) FROM
    (SELECT *, ntile(10) OVER (ORDER BY revenue_now DESC) AS ntile FROM customers WHERE n_now > 0) GROUP BY 1""",
    """SELECT period, sum(n_orders), sum(revenue) FROM sums WHERE customer_id IS NULL GROUP BY 1""",
    """SELECT date_diff('day', TIMESTAMP '2022-01-01', first_at) // 30, count(*) FROM customers GROUP BY 1""",
    """SELECT quantile_cont(date_diff('microsecond', first_at, last_at) / 86400e6 / (n_all - 1), 0.9) FROM customers
    WHERE n_all > 1""",
)


def make_orders(path: Path, n_orders: int) -> None:
    """Orders of a tenth as many customers, some far keener than others, streamed to Parquet; 2 of 100 name nobody."""
    import duckdb

    duckdb.connect().execute(f"""
        COPY (
            SELECT 'o' || i AS order_id,
                   CASE WHEN random() < 0.98 THEN
                       'customer-' || floor({n_orders // ORDERS_PER_CUSTOMER} * pow(random(), 1.5))::BIGINT
                   END AS customer_id,
                   TIMESTAMP '2022-01-01' + INTERVAL 1 SECOND * floor(random() * 78796800)::BIGINT AS ordered_at,
                   round(exp(3 + random() + random()), 2) AS revenue, round(exp(2 + random()), 2) AS cost
            FROM range({n_orders}) t(i)
        ) TO '{path}' (FORMAT parquet)
    """)


def open_records(path: Path, memory_gb: int) -> Any:
    from crm_research.engine import connect
    from crm_research.study import Study

    backend = connect()
    backend.raw_sql(f"SET threads = {THREADS}; SET memory_limit = '{memory_gb}GB'")
    tables = {"orders": backend.read_parquet(path)}
    return Study(name="bench", title="Bench", currency="EUR", as_of=AS_OF, tables=tables)


def ours(path: Path, memory_gb: int, *, is_engine_alone: bool) -> dict[str, float]:
    import crm_research.pillars.customer_base_audit.measure as measured
    from crm_research.pillars.customer_base_audit import audit_base, spread

    if is_engine_alone:
        spread.limit_concentration = lambda *_, **__: [None, None, None]
    records = open_records(path, memory_gb)
    measured.audit_base(open_records_of_one())  # what is imported late is no part of the audit
    started, used = time.perf_counter(), time.process_time()
    found = audit_base(records)
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    rows = found.change.revenue.set_index("component")["estimate"]
    return {
        "seconds": seconds,
        "processor": processor,
        "revenue": found.books.revenue,
        "change": float(rows["total"] - rows["no customer named"]),
        "top": float(found.spread.tenths["revenue"].iloc[0]),
        "cohorts": len(found.cohorts.sums),
    }


def open_records_of_one() -> Any:
    """A study of a few orders."""
    import pandas as pd

    from crm_research.engine import connect
    from crm_research.study import Study

    frame = pd.DataFrame(
        {
            "order_id": [str(i) for i in range(90)],
            "customer_id": [f"c{i % 15}" for i in range(90)],
            "ordered_at": pd.date_range("2022-01-01", periods=90, freq="10D"),
            "revenue": 2.0,
            "cost": 1.0,
        }
    )
    backend = connect()
    tables = {"orders": backend.create_table("orders", frame)}
    return Study(name="few", title="Few", currency="EUR", as_of=AS_OF, tables=tables)


def bare(path: Path, memory_gb: int) -> dict[str, float]:
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}; SET memory_limit = '{memory_gb}GB'")
    started, used = time.perf_counter(), time.process_time()
    for sql in BARE:
        connection.execute(sql.format(path=path))
    found = [connection.execute(sql.format(path=path)).fetchall() for sql in BARE_ASKED]
    powers = connection.execute(_powers()).fetchall()
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    return {
        "seconds": seconds,
        "processor": processor,
        "revenue": float(found[0][0][1]),
        "change": float(powers[0][0]),
        "top": next(float(row[3]) for row in found[3] if row[0] == 1),
        "cohorts": len(found[2]),
    }


def _powers() -> str:
    """The first three powers of what each customer moves: the change, its parts, of revenue and of profit."""
    moves = ["revenue_now - revenue_then", "revenue_now - cost_now - revenue_then + cost_then"]
    bought = "(n_then > 0)::INT", "(n_now > 0)::INT"
    parts = f"{bought[0]}, n_then, revenue_then, {bought[1]}, n_now, revenue_now".split(", ")
    moves += [" + ".join(f"{0.1 * (place + 1)} * {part}" for part in parts) for place in range(3)]
    parts += ["(revenue_then - cost_then)", "(revenue_now - cost_now)"]
    moves += [" + ".join(f"{0.1 * (place + 1)} * {part}" for part in parts) for place in range(4)]
    moves += [f"(1 - {bought[1]}) * revenue_then", f"(1 - {bought[0]}) * revenue_now"]
    moves += [f"{bought[0]} * {bought[1]} * (revenue_now - revenue_then)"]
    moves += ["(first_period // 4 = 2023)::INT * revenue_now - (first_period // 4 = 2022)::INT * revenue_then"]
    asked = ", ".join(f"sum({move}), sum(({move}) ** 2), sum(({move}) ** 3)" for move in moves)
    return f"SELECT {asked} FROM customers"


CONTENDERS = {
    "bare": ("bare DuckDB SQL", bare),
    "engine": ("crm_research, in the engine", lambda path, gb: ours(path, gb, is_engine_alone=True)),
    "whole": ("crm_research, with all limits", lambda path, gb: ours(path, gb, is_engine_alone=False)),
}


def measure_apart(name: str, path: Path, memory_gb: int) -> dict[str, float]:
    """Measure one contender in a process of its own."""
    command = [sys.executable, __file__, "--contender", name, "--path", str(path), "--memory-gb", str(memory_gb)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--memory-gb", type=int, default=4)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        found = CONTENDERS[options.contender][1](options.path, options.memory_gb)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**found, "peak_mb": peak}))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.parquet"
        make_orders(path, options.orders)
        turns: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
        for _ in range(options.turns):
            for name in CONTENDERS:
                turns[name].append(measure_apart(name, path, options.memory_gb))
    least = {name: min(held, key=lambda one: one["seconds"]) for name, held in turns.items()}
    for name in ("engine", "whole"):
        for told in ("revenue", "change", "top"):
            theirs, own = least["bare"][told], least[name][told]
            if abs(theirs - own) > 1e-6 * abs(theirs):
                raise SystemExit(f"{name}: {told} is {own}, and {theirs} by hand")
    print(f"{options.orders:,} orders, {options.turns} turns, {THREADS} threads, the best turn of each\n")
    print("| contender | seconds | times bare | processor seconds | times bare | peak memory |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, (label, _) in CONTENDERS.items():
        one = least[name]
        processor = min(turn["processor"] for turn in turns[name])
        bare_processor = min(turn["processor"] for turn in turns["bare"])
        print(
            f"| {label} | {one['seconds']:.2f} | {one['seconds'] / least['bare']['seconds']:.2f} | {processor:.2f} "
            f"| {processor / bare_processor:.2f} | {one['peak_mb']:,.0f} MB |"
        )


if __name__ == "__main__":
    main()
