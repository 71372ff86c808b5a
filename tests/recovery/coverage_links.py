"""How good are links? Worlds whose systems' records are linked, of which a sample is judged by the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from crm_research.linking.goodness import PairGroups, estimate_goodness, group_pairs
from crm_research.linking.review import spread
from crm_research.linking.study_links import link_study
from crm_research.simulate import WorldSettings, simulate_world
from crm_research.vocabulary import TOGETHER
from tests.recovery.coverage_survival import Coverage
from tests.recovery.coverage_worlds import Judged, count_worlds

_JUDGED = 300


def links(worlds: int, sizes: Sequence[int] = (500, 1_200)) -> list[Coverage]:
    """Precision, recall and F of links of n customers' records, at four levels of dirt."""

    def judge(rng: np.random.Generator, n: int) -> Judged:
        dirt = float(rng.choice([0.02, 0.08, 0.15, 0.25]))
        with tempfile.TemporaryDirectory() as folder:
            group, is_same, table = _link(Path(folder), n, dirt, int(rng.integers(1 << 31)))
        size, same = np.bincount(group), np.bincount(group, weights=is_same)
        drawn = spread(size, table["n_expected"].to_numpy(), _JUDGED)
        found = rng.hypergeometric(same.astype(int), (size - same).astype(int), drawn).astype(float)
        groups = PairGroups(
            standing=table["standing"].tolist(), n_pairs=size.astype(float), n_expected=table["n_expected"].to_numpy(),
            n_same=found, n_different=drawn - found, n_unsure=np.zeros(len(size)),
        )  # fmt: skip
        is_together = (table["standing"] == TOGETHER).to_numpy()
        hits, n_found, n_true = same[is_together].sum(), size[is_together].sum(), same.sum()
        good = estimate_goodness(groups, seed=int(rng.integers(1 << 31)))
        truths = {"precision": hits / n_found, "recall": hits / n_true, "F1": 2 * hits / (n_found + n_true)}
        for (name, truth), one in zip(truths.items(), (good.precision, good.recall, good.f1), strict=True):
            yield f"{name} of links, judged", one is not None and bool(one.lower - 1e-9 <= truth <= one.upper + 1e-9)

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def _link(folder: Path, n: int, dirt: float, seed: int) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Of each pair the number of its group among those there are, and whether it is of one customer; and the groups."""
    world = simulate_world(WorldSettings(n_customers=n, seed=seed, dirt=dirt), folder / "world")
    linked = link_study(world.path / "systems.yaml", at=datetime(2026, 1, 5)).linked
    whose = dict(_owners(world.truth))
    places = {name: k for k, name in enumerate(sorted(set(whose.values())))}
    true = np.array([places[whose[name]] for name in sorted(whose)])
    pairs = linked.pairs
    _, group = np.unique(pairs.group, return_inverse=True)
    return group, true[pairs.left] == true[pairs.right], group_pairs(pairs).to_pandas()


def _owners(truth: Path) -> Iterator[tuple[str, str]]:
    for row in pq.read_table(truth / "system_records").to_pylist():
        # A false record is nobody's.
        name = f"{row['system']}:{row['record_id']}"
        yield name, row["customer_id"] or f"false {name}"
