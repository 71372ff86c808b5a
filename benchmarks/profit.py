"""Profit of each customer and what is sure of them: ours against a bare DuckDB aggregation of the profit.

    python benchmarks/profit.py --study STUDY.yaml
    crm-research simulate --help tells how a study of 1,000,000 customers is made

Each contender reads the study's Parquet files inside the measured time, in a process of its own (on two cores). The
bare one is what somebody would write by hand: revenue less goods, fees by day, use at its cost and contacts of each
customer over the same twelve months, their sum, and how many leave less than nothing. Ours reconciles every column with
the records, ranks customers, draws the limits of the curve and of shares, judges who is moved beyond chance, and makes
tiers. `sure` is lifetime value (without past dates) with what is sure of each customer and each tier. Prints a Markdown
table; the profit of both is compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_research.study import Study

THREADS = 2

BARE = """
WITH money AS (
    SELECT customer_id, sum(revenue) - sum(coalesce(cost, 0)) AS profit FROM read_parquet('{folder}/orders/*.parquet')
    WHERE ordered_at >= '{start}' AND ordered_at < '{end}' AND coalesce(kind, 'sale') <> 'cancelled' GROUP BY 1
    UNION ALL
    SELECT customer_id, sum(fee * greatest(date_diff('day', greatest(s.valid_from, TIMESTAMP '{start}'),
        least(coalesce(s.valid_to, ended_at, TIMESTAMP '{end}'), coalesce(ended_at, TIMESTAMP '{end}'),
        TIMESTAMP '{end}')), 0) / 30.4375)
    FROM read_parquet('{folder}/contract_states/*.parquet') s
    JOIN (SELECT contract_id, customer_id, ended_at FROM read_parquet('{folder}/contracts/*.parquet'))
    USING (contract_id) GROUP BY 1
    UNION ALL
    SELECT customer_id, -sum(quantity * rate) FROM read_parquet('{folder}/activity_use/*.parquet')
    JOIN (SELECT activity, cost_pool / all_quantity AS rate FROM read_parquet('{folder}/activities/*.parquet') JOIN
        (SELECT activity, sum(quantity) AS all_quantity FROM read_parquet('{folder}/activity_use/*.parquet') GROUP BY 1)
        USING (activity))
    USING (activity) WHERE period >= '{start}' AND period < '{end}' GROUP BY 1
    UNION ALL
    SELECT customer_id, -sum(coalesce(cost, 0)) FROM read_parquet('{folder}/contacts/*.parquet')
    WHERE opened_at >= '{start}' AND opened_at < '{end}' GROUP BY 1
), each AS (SELECT customer_id, sum(profit) AS profit FROM money WHERE customer_id IS NOT NULL GROUP BY 1)
SELECT sum(profit), count(*), count(*) FILTER (profit < 0) FROM each
"""


def run_bare(study: Path, start: str, end: str) -> float:
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    return float(connection.sql(BARE.format(folder=study.parent, start=start, end=end)).fetchone()[0])


def open_it(study: Path) -> Study:
    from crm_research import open_study

    return open_study(str(study))


def run_profit(study: Path) -> float:
    from crm_research.pillars.value import measure_profit

    return float(measure_profit(open_it(study)).total)


def run_tiers(study: Path) -> float:
    from crm_research.pillars.value import measure_profit, measure_tiers

    opened = open_it(study)
    found = measure_profit(opened).total
    if measure_tiers(opened) is None:
        raise SystemExit("there are no tiers")
    return float(found)


def run_sure(study: Path) -> float:
    from crm_research.pillars.value.lifetime.measure import measure_lifetime
    from crm_research.pillars.value.risk.measure import RiskAdjusted, measure_risk

    opened = open_it(study)
    found = measure_risk(opened, measure_lifetime(opened, n_backtests=0), None, asked={})
    if not isinstance(found, RiskAdjusted):
        raise SystemExit(found)
    return float(found.all["sure"])


CONTENDERS = {"bare DuckDB": run_bare, "profit": run_profit, "profit and tiers": run_tiers, "sure": run_sure}


def run_one(name: str, study: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    if name == "bare DuckDB":
        from crm_research.features.money_window import find_window

        window = find_window(open_it(study), grain_months=3)
        before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        total = run_bare(study, window.start.isoformat(), window.end.isoformat())
    else:
        total = CONTENDERS[name](study)
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "wall": time.perf_counter() - begun,
                "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
                "megabytes": after.ru_maxrss / 1024,
                "total": total,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        run_one(args.one, args.study.resolve())
        return
    print("| contender | wall s | cpu s | ratio (cpu) | total | peak MB |\n|---|---:|---:|---:|---:|---:|")
    first = None
    for name in CONTENDERS:
        command = [sys.executable, __file__, "--study", str(args.study), "--one", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {name} | failed: {done.stderr.strip().splitlines()[-1][:100]} | | | | |", flush=True)
            continue
        found = json.loads(done.stdout.strip().splitlines()[-1])
        first = first or found["cpu"]
        print(
            f"| {name} | {found['wall']:.1f} | {found['cpu']:.1f} | {found['cpu'] / first:.2f} | {found['total']:,.0f} "
            f"| {found['megabytes']:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
