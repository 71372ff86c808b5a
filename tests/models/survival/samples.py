"""Spells that several tests share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.models.survival import count_rows

# Freireich et al. (1963), Blood 21, 699-716; the pairs analysed by Gehan (1965), Biometrika 52: weeks in remission.
SIX_MP = [(6, 1)] * 3 + [(t, 1) for t in (7, 10, 13, 16, 22, 23)]
SIX_MP += [(t, 0) for t in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)]
PLACEBO = [(t, 1) for t in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)]


def remission() -> pd.DataFrame:
    """Counts by week of the leukaemia remission times, groups 6-MP and placebo."""
    spells = pd.DataFrame(SIX_MP + PLACEBO, columns=["week", "ended"])
    spells["group"] = ["6-MP"] * len(SIX_MP) + ["placebo"] * len(PLACEBO)
    return count_rows(spells["week"].astype(float), spells["ended"] == 1, group=spells["group"])


def counts(*spells: tuple, group: bool = False, reach: float | None = None) -> pd.DataFrame:
    """Counts of spells (exit, ended) or (entry, exit, ended), a name last if `group`, that could be seen to `reach`."""
    rows = [spell if len(spell) == 3 + group else (0, *spell) for spell in spells]
    frame = pd.DataFrame(rows, columns=["entry", "exit", "ended", *(["group"] if group else [])])
    return count_rows(
        frame["exit"].astype(float),
        frame["ended"] == 1,
        entry_days=frame["entry"].astype(float),
        group=frame["group"] if group else None,
        reach_days=reach,
    )


def a_world(n: int, seed: int, *, late: bool = False, n_reasons: int = 1) -> pd.DataFrame:
    """Untied spells: exit, cause (0 censored), entry, group."""
    rng = np.random.default_rng(seed)
    world = pd.DataFrame({"exit": rng.exponential(100, n), "entry": 0.0, "group": rng.choice(["a", "b", "c"], n)})
    if late:
        world["entry"] = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 80, n))
        world = world[world["exit"] > world["entry"]].reset_index(drop=True)
    world["cause"] = rng.integers(0, n_reasons + 1, len(world))
    return world


def reason_counts(world: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts by tenure, and ends by reason and tenure, of a world with causes 1, 2, ..."""
    table = count_rows(world["exit"], world["cause"] > 0, entry_days=world["entry"])
    ends = world.loc[world["cause"] > 0].groupby(["exit", "cause"], as_index=False).size()
    ends.columns = ["tenure_days", "end_reason", "n_ended"]
    return table, ends.assign(end_reason=ends["end_reason"].astype(str))
