"""Kinds of customers: levels that other covariates make up do not change what their siblings are held against."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.models.btyd.kinds import read_kinds


def patterns(first: list[str], second: list[str]) -> pd.DataFrame:
    """400 customers, every second one a repeater, the levels in turn."""
    place = np.arange(400)
    return pd.DataFrame(
        {
            "frequency": place // 2 % 2,
            "recency_days": np.where(place // 2 % 2, 30.0, 0.0),
            "age_days": 200.0,
            "channel": np.array(first)[place % len(first)],
            "region": np.array(second)[place % len(second)],
        }
    )


def test_a_category_made_up_with_its_siblings_goes_as_a_whole():
    # The web is regions north and south together: without south, north would be held against south.
    found = read_kinds(
        patterns(["web", "web", "shop", "shop", "shop"], ["north", "south", "east", "west", "east"]),
        ["channel", "region"],
    )
    assert found.columns["covariate"].tolist() == ["channel"]
    assert found.notes == ("region says nothing that the other characteristics do not, and was left out.",)


def test_a_level_that_repeats_another_goes_alone():
    # Of the shop no region is known; the others are told apart.
    found = read_kinds(
        patterns(["web", "web", "web", "web", "shop"], ["north", "south", "north", "south", "none"]),
        ["channel", "region"],
    )
    assert found.columns[["covariate", "level"]].to_numpy().tolist() == [["channel", "shop"], ["region", "south"]]
    assert found.columns["reference"].tolist() == ["web", "north"]
    assert found.notes == ("region = none says nothing that the other characteristics do not, and was left out.",)
