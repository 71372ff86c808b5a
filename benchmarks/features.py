"""One row of recency, frequency, age and money for each customer: ours against bare SQL, pandas and lifetimes.

    python benchmarks/features.py [--orders 10000000] [--peer-orders N] [--repeats 3]

Every contender runs in a process of its own, reads the same Parquet file inside the measured time and leaves its
result where it works: DuckDB in a stored table, pandas and lifetimes in a frame. Prints a Markdown table of the median
seconds, wall clock and processor (which a busy machine disturbs less), the ratio of the first to ours of the same
occasion, and the peak resident memory of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

ORDERS_PER_CUSTOMER = 10
AS_OF = datetime(2024, 1, 1)
SLOWEST_PER_REPEAT = 45.0  # seconds after which a contender is not run again

SQL_BY_ORDER = """
CREATE OR REPLACE TABLE rfm AS
SELECT customer_id, n AS n_orders, n - 1 AS frequency, first AS first_order_at, last AS last_order_at,
       date_diff('microsecond', first, last) / 86400e6 AS recency_days,
       date_diff('microsecond', first, TIMESTAMP '2024-01-01') / 86400e6 AS age_days,
       date_diff('microsecond', last, TIMESTAMP '2024-01-01') / 86400e6 AS days_since_last,
       spend, spend / n AS mean_order_value, 0 AS n_returns
FROM (SELECT customer_id, count(ordered_at) AS n, min(ordered_at) AS first, max(ordered_at) AS last,
             sum(revenue) AS spend
      FROM read_parquet('{path}') WHERE ordered_at <= TIMESTAMP '2024-01-01' AND customer_id IS NOT NULL
      GROUP BY customer_id)
"""
SQL_BY_DAY = SQL_BY_ORDER.replace("count(ordered_at)", "count(DISTINCT ordered_at::DATE)")
for _column in ("min", "max"):
    SQL_BY_DAY = SQL_BY_DAY.replace(f"{_column}(ordered_at)", f"date_trunc('day', {_column}(ordered_at))")


def make_orders(path: Path, n_orders: int) -> None:
    """Orders of a tenth as many customers, some far keener than others, over two years, streamed to Parquet."""
    from crm_research.engine import connect

    connect().raw_sql(f"""
        COPY (
            SELECT 'o' || i AS order_id,
                   'customer-' || floor({n_orders // ORDERS_PER_CUSTOMER} * pow(random(), 1.5))::BIGINT AS customer_id,
                   TIMESTAMP '2022-01-01' + INTERVAL 1 SECOND * floor(random() * 63072000)::BIGINT AS ordered_at,
                   round(exp(3 + random() + random()), 2) AS revenue
            FROM range({n_orders}) t(i)
        ) TO '{path}' (FORMAT parquet)
    """).close()


def ours(path: Path, occasion: str) -> Callable[[], int]:
    from crm_research.engine import connect
    from crm_research.features.rfm import build_rfm
    from crm_research.study import Study

    backend = connect()
    orders = backend.read_parquet(path)
    study = Study(name="bench", title="Bench", currency="EUR", as_of=AS_OF, tables={"orders": orders})
    expression = build_rfm(study, occasion=occasion)
    return lambda: backend.create_table("rfm", expression, overwrite=True).count().execute()


def bare_sql(path: Path, occasion: str) -> Callable[[], int]:
    import duckdb

    connection = duckdb.connect()
    sql = (SQL_BY_ORDER if occasion == "order" else SQL_BY_DAY).format(path=path)

    def run() -> int:
        connection.execute(sql)
        return connection.execute("SELECT count(*) FROM rfm").fetchone()[0]

    return run


def pandas_groupby(path: Path, occasion: str) -> Callable[[], int]:
    import pandas as pd

    def run() -> int:
        frame = pd.read_parquet(path, columns=["customer_id", "ordered_at", "revenue"])
        frame = frame[frame.ordered_at <= AS_OF]
        if occasion == "day":
            frame = frame.assign(ordered_at=frame.ordered_at.dt.floor("D"))
            frame = frame.groupby(["customer_id", "ordered_at"], as_index=False).revenue.sum()
        found = frame.groupby("customer_id").agg(
            n_orders=("ordered_at", "count"),
            first_order_at=("ordered_at", "min"),
            last_order_at=("ordered_at", "max"),
            spend=("revenue", "sum"),
        )
        day = pd.Timedelta(days=1)
        found["frequency"] = found.n_orders - 1
        found["recency_days"] = (found.last_order_at - found.first_order_at) / day
        found["age_days"] = (AS_OF - found.first_order_at) / day
        found["days_since_last"] = (AS_OF - found.last_order_at) / day
        found["mean_order_value"] = found.spend / found.n_orders
        return len(found)

    return run


def lifetimes_summary(path: Path, occasion: str) -> Callable[[], int]:
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    if occasion != "day":
        raise ValueError("lifetimes counts whole periods only")

    def run() -> int:
        frame = pd.read_parquet(path, columns=["customer_id", "ordered_at", "revenue"])
        summary = summary_data_from_transaction_data(
            frame, "customer_id", "ordered_at", monetary_value_col="revenue", observation_period_end=AS_OF, freq="D"
        )
        return len(summary)

    return run


CONTENDERS: dict[str, tuple[str, Callable[[Path, str], Callable[[], int]], str]] = {
    "ours": ("crm_research build_rfm", ours, "order"),
    "sql": ("bare DuckDB SQL", bare_sql, "order"),
    "pandas": ("pandas groupby", pandas_groupby, "order"),
    "ours-day": ("crm_research build_rfm", ours, "day"),
    "sql-day": ("bare DuckDB SQL, count(DISTINCT day)", bare_sql, "day"),
    "pandas-day": ("pandas groupby", pandas_groupby, "day"),
    "lifetimes-day": ("lifetimes summary_data_from_transaction_data", lifetimes_summary, "day"),
}
PEERS_IN_MEMORY = ("lifetimes-day",)


def measure_here(name: str, path: Path, repeats: int) -> None:
    """Measure one contender in this process and print what was found as JSON."""
    import warnings

    warnings.filterwarnings("ignore")
    _, make, occasion = CONTENDERS[name]
    run = make(path, occasion)
    seconds, processor, customers = [], [], 0
    for _ in range(repeats):
        start, start_processor = time.perf_counter(), time.process_time()
        customers = run()
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_processor)
        if seconds[-1] > SLOWEST_PER_REPEAT:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "processor": processor, "customers": customers, "peak_mb": peak}))


def measure_apart(name: str, path: Path, repeats: int) -> dict:
    """Measure one contender in a process of its own."""
    command = [sys.executable, __file__, "--contender", name, "--path", str(path), "--repeats", str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"signal {-done.returncode}"])[-1][:80]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def print_table(found: list[tuple[str, int, dict]]) -> None:
    """Print the measures; ratios are to ours of the same occasion and size."""
    base = {
        (CONTENDERS[name][2], n_orders): statistics.median(result["seconds"])
        for name, n_orders, result in found
        if name.startswith("ours") and "seconds" in result
    }
    heads = ("occasion", "contender", "orders", "customers", "seconds (median)", "processor seconds", "runs")
    print(f"| {' | '.join((*heads, 'times ours', 'peak memory'))} |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, n_orders, result in found:
        label, _, occasion = CONTENDERS[name]
        if "failed" in result:
            print(f"| {occasion} | {label} | {n_orders:,} | | failed: {result['failed']} | | | | |")
            continue
        median, runs = statistics.median(result["seconds"]), len(result["seconds"])
        ratio = median / base.get((occasion, n_orders), float("nan"))
        print(
            f"| {occasion} | {label} | {n_orders:,} | {result['customers']:,} | {median:.2f} "
            f"| {statistics.median(result['processor']):.2f} | {runs} | {ratio:.2f} | {result['peak_mb']:,.0f} MB |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--peer-orders", type=int, help="smaller size for lifetimes and for ours beside it")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        measure_here(options.contender, options.path, options.repeats)
        return
    small = options.peer_orders or options.orders
    found = []
    with tempfile.TemporaryDirectory() as folder:
        plan = [(options.orders, [n for n in CONTENDERS if small == options.orders or n not in PEERS_IN_MEMORY])]
        if small != options.orders:
            plan.append((small, ["ours-day", *PEERS_IN_MEMORY]))
        for n_orders, names in plan:
            path = Path(folder) / f"orders-{n_orders}.parquet"
            make_orders(path, n_orders)
            for name in names:
                print(f"{name} on {n_orders:,} orders ...", file=sys.stderr, flush=True)
                found.append((name, n_orders, measure_apart(name, path, options.repeats)))
    print_table(found)


if __name__ == "__main__":
    main()
