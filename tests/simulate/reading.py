"""Reading a world back, as any user of its files would."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow.parquet as pq

from crm_research.simulate import World


def read_table(world: World, name: str) -> pd.DataFrame:
    """All rows of a canonical table."""
    return pq.read_table(world.path / name).to_pandas()


def read_truth(world: World, name: str) -> pd.DataFrame:
    """All rows of a table of the truth."""
    return pq.read_table(world.truth / name).to_pandas()


def read_parameters(world: World) -> dict:
    """The population parameters."""
    return json.loads((world.truth / "truth.json").read_text(encoding="utf-8"))


def to_cents(money: pd.Series) -> pd.Series:
    """Money in whole cents."""
    return (money * 100).round().astype("int64")
