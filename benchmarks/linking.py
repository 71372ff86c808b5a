"""Linking: ours beside the bare engine with the same comparisons and rules, and beside recordlinkage.

    python benchmarks/linking.py [--customers 100000] [--dirt 0.05] [--small 10000]

Records are those of simulated systems; 558,000 customers have a million. Ours and the bare engine (splink) both get the
same standardised records and the same choice of pairs (our rules as the engine's own blocking). Ours learns, compares,
cuts and numbers; the engine estimates by sampling and expectation-maximisation, predicts, clusters. Each runs in a
process of its own. Prints a Markdown table: seconds of the wall clock, peak of memory, pairwise precision, recall and
F1 beside the truth at 0.9. Standardising is timed apart. The package recordlinkage holds all
pairs in memory and compares text by text: it is asked at a small size, beside ours at that size, for pairs that agree
in mail, telephone, or name with birth, postcode or town; its expectation-maximisation takes likenesses as yes or no,
and what it takes for matches is brought together by connected components.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

THRESHOLD = 0.9


def make_records(folder: Path, n: int, dirt: float) -> float:
    from crm_research import open_study
    from crm_research.simulate import WorldSettings, simulate_world
    from crm_research.standards import standardise

    world = simulate_world(WorldSettings(n_customers=n, seed=5, dirt=dirt), folder / "world")
    records = (
        open_study(world.path / "systems.yaml", tables=["customer_records"]).table("customer_records").to_pyarrow()
    )
    began = time.perf_counter()
    standard = standardise(records, country=None).records
    seconds = time.perf_counter() - began
    pq.write_table(standard, folder / "records.parquet")
    truth = pd.read_parquet(world.truth / "system_records")
    truth["unique_id"] = truth["system"] + ":" + truth["record_id"]
    truth["true"] = truth["customer_id"].fillna("false " + truth["record_id"])
    truth[["unique_id", "true"]].to_parquet(folder / "truth.parquet")
    return seconds


def run_ours(folder: Path) -> pd.DataFrame:
    from crm_research.linking.linked import link_records
    from crm_research.linking.model import train
    from crm_research.linking.prepared import Prepared

    prepared = Prepared(pq.read_table(folder / "records.parquet"))
    links = link_records(prepared, train(prepared), threshold=THRESHOLD).links.to_pandas()
    return pd.DataFrame({"unique_id": links["system"] + ":" + links["local_id"], "found": links["customer_id"]})


def run_engine(folder: Path) -> pd.DataFrame:
    from splink import DuckDBAPI, Linker

    from crm_research.linking.columns import RULES
    from crm_research.linking.prepared import RECORDS, Prepared
    from crm_research.linking.scoring import settings_of

    prepared = Prepared(pq.read_table(folder / "records.parquet"))
    prepared.choose_pairs()
    taken = {look.rule for look in prepared.looks if look.is_taken}
    rules = [rule for rule in RULES if rule.name in taken]
    names = ", ".join(f"{rule.sql} AS rule_{rule.name}" for rule in rules)
    prepared.con.execute(f"CREATE TABLE blocked AS SELECT *, {names} FROM {RECORDS}")
    usual = {one.name: [level.usual for level in one.levels] for one in prepared.comparisons}
    settings = settings_of(prepared.comparisons, usual, usual)
    settings["blocking_rules_to_generate_predictions"] = [f"l.rule_{rule.name} = r.rule_{rule.name}" for rule in rules]
    warnings.simplefilter("ignore")
    api = DuckDBAPI(connection=prepared.con)
    linker = Linker(api.register("blocked"), settings, log_level=None, validate_settings=False)
    linker.training.estimate_probability_two_random_records_match(
        ["l.email = r.email", "l.phone = r.phone"], recall=0.9
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for name in ("email", "phone", "name"):
        linker.training.estimate_parameters_using_expectation_maximisation(f"l.{name} = r.{name}", max_pairs=2e6)
    scored = linker.inference.predict(threshold_match_probability=0.01, warning_mode="never")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(scored, THRESHOLD)
    return clusters.as_pandas_dataframe()[["unique_id", "cluster_id"]].rename(columns={"cluster_id": "found"})


def run_recordlinkage(folder: Path) -> pd.DataFrame:
    import numpy as np
    import recordlinkage as rl
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    frame = pd.read_parquet(folder / "records.parquet")
    frame.index = frame["system"] + ":" + frame["local_id"]
    index = rl.Index()
    for on in (
        "std_email_key",
        "std_phone",
        *(["std_name_key", f"std_{one}"] for one in ("birth_date", "postcode", "city")),
    ):
        index.block(on)
    pairs = index.index(frame)
    compare = rl.Compare()
    for name in ("std_given", "std_family", "std_street"):
        compare.string(name, name, method="jarowinkler", threshold=0.9, label=name)
    for name in ("std_email_key", "std_phone", "std_birth_date", "std_postcode", "std_city"):
        compare.exact(name, name, label=name)
    warnings.simplefilter("ignore")
    found = rl.ECMClassifier().fit_predict(compare.compute(pairs, frame).fillna(0).astype(int))
    ends = [frame.index.get_indexer(found.get_level_values(k)) for k in (0, 1)]
    graph = coo_array((np.ones(len(found)), ends), shape=(len(frame), len(frame)))
    return pd.DataFrame({"unique_id": frame.index, "found": connected_components(graph)[1]})


RUN = {"ours": run_ours, "splink": run_engine, "recordlinkage": run_recordlinkage}


def n_pairs(whose: pd.Series) -> float:
    counts = whose.value_counts()
    return float((counts * (counts - 1) // 2).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--dirt", type=float, default=0.05)
    parser.add_argument("--small", type=int, default=10_000, help="customers for recordlinkage and ours beside it")
    parser.add_argument("--contender", choices=tuple(RUN))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.contender:
        began = time.perf_counter()
        found = RUN[options.contender](options.folder)
        seconds = time.perf_counter() - began
        both = found.merge(pd.read_parquet(options.folder / "truth.parquet"), on="unique_id", validate="1:1")
        right = n_pairs(both["found"].astype(str) + "|" + both["true"])
        precision, recall = right / max(n_pairs(both["found"]), 1), right / n_pairs(both["true"])
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        told = {"seconds": seconds, "megabytes": megabytes, "precision": precision, "recall": recall}
        print(json.dumps(told | {"n": len(both)}))
        return
    print("| | records | seconds | MB | precision | recall | F1 |\n|---|---|---|---|---|---|---|")
    for n, contenders in ((options.customers, ("ours", "splink")), (options.small, ("ours", "recordlinkage"))):
        with tempfile.TemporaryDirectory() as folder:
            seconds = make_records(Path(folder), n, options.dirt)
            for contender in contenders:
                asked = [sys.executable, __file__, "--contender", contender, "--folder", folder]
                done = subprocess.run(asked, check=True, capture_output=True, text=True)
                told = json.loads(done.stdout.splitlines()[-1])
                p, r = told["precision"], told["recall"]
                print(
                    f"| {contender} | {told['n']:,} | {told['seconds']:.1f} | {told['megabytes']:,.0f} | {p:.4f} "
                    f"| {r:.4f} | {2 * p * r / (p + r):.4f} |",
                    flush=True,
                )
            print(f"| standardising these | {told['n']:,} | {seconds:.1f} | | | | |", flush=True)


if __name__ == "__main__":
    main()
