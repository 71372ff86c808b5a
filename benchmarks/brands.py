"""Purchases by customer and brand: ours against bare SQL of the same measures, and the fit of twenty brands.

    python benchmarks/brands.py [--lines 10000000] [--repeats 3]

Both read the same Parquet files inside the measured time, each in a process of its own, and bring the same
distributions out. Prints a Markdown table of the median seconds and the ratio, and the seconds of the fits.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np

AFTER, UNTIL = datetime(2023, 1, 1), datetime(2024, 1, 1)
N_BRANDS = 50

SQL = """
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
    """Four lines an order, ten orders a customer, fifty brands of unequal size, streamed to Parquet."""
    from crm_research.engine import connect

    n_orders, n_customers = n_lines // 4, max(n_lines // 40, 1)
    connect().raw_sql(f"""
        COPY (SELECT 'o' || i AS order_id, 'customer-' || floor({n_customers} * pow(random(), 1.5))::BIGINT
              AS customer_id, TIMESTAMP '2023-01-01' + INTERVAL 1 SECOND * (1 + floor(random() * 31535990)::BIGINT)
              AS ordered_at, 10.0 AS revenue FROM range({n_orders}) t(i))
        TO '{folder}/orders.parquet' (FORMAT parquet)""").close()
    connect().raw_sql(f"""
        COPY (SELECT 'o' || (i // 4) AS order_id, 'p' || floor(500 * pow(random(), 2.5))::BIGINT AS product_id,
              1.0 AS quantity, round(exp(random() * 2), 2) AS revenue FROM range({n_lines}) t(i))
        TO '{folder}/order_lines.parquet' (FORMAT parquet)""").close()
    connect().raw_sql(f"""
        COPY (SELECT 'p' || i AS product_id, 'brand ' || (i % {N_BRANDS}) AS brand FROM range(500) t(i))
        TO '{folder}/products.parquet' (FORMAT parquet)""").close()


def run_ours(folder: Path) -> int:
    from crm_research.engine import connect
    from crm_research.features.brand_lines import Market
    from crm_research.features.brands import count_brands
    from crm_research.study import Study

    backend = connect()
    names = ("orders", "order_lines", "products")
    tables = {name: backend.read_parquet(folder / f"{name}.parquet") for name in names}
    study = Study(name="bench", title="Bench", currency="EUR", as_of=UNTIL, tables=tables)
    counts = count_brands(study, Market(unit="brand", category=None, after=AFTER, until=UNTIL))
    return int((counts.category["n"] * counts.category["customers"]).sum())


def run_sql(folder: Path) -> int:
    import duckdb

    found = duckdb.connect().execute(SQL.format(folder=folder)).df()
    category = found[found["part"] == "category"]
    return int((category["n"] * category["customers"]).sum())


def measure(name: str, folder: Path, repeats: int) -> None:
    run = {"ours": run_ours, "sql": run_sql}[name]
    run(folder)  # imports, and the files into the cache of the machine
    seconds, purchases = [], 0
    for _ in range(repeats):
        start = time.perf_counter()
        purchases = run(folder)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(seconds), "purchases": purchases}))


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["ours", "sql"])
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.only:
        measure(chosen.only, chosen.folder, chosen.repeats)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder, chosen.lines)
        found = {}
        for contender in ("sql", "ours"):
            command = [
                sys.executable,
                __file__,
                "--only",
                contender,
                "--folder",
                name,
                "--repeats",
                str(chosen.repeats),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[contender] = json.loads(done.stdout.strip().splitlines()[-1])
    if found["ours"]["purchases"] != found["sql"]["purchases"]:
        raise SystemExit(f"The two do not count the same purchases: {found}")
    print(f"{chosen.lines:,} lines, {found['ours']['purchases']:,} purchases of brands\n")
    print("| contender | seconds | over bare SQL |\n|---|---:|---:|")
    for contender, label in (("sql", "bare DuckDB SQL"), ("ours", "crm_research count_brands")):
        ratio = found[contender]["seconds"] / found["sql"]["seconds"]
        print(f"| {label} | {found[contender]['seconds']:.2f} | {ratio:.2f} |")
    print("\n| twenty brands | seconds |\n|---|---:|")
    for label, seconds in time_fits().items():
        print(f"| {label} | {seconds:.3f} |")


if __name__ == "__main__":
    main()
