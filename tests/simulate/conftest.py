"""Worlds that several tests look at."""

from __future__ import annotations

import pytest

from crm_research.simulate import World, WorldSettings, simulate_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two thousand customers with all that can happen to them, and with faulty records in three systems."""
    settings = WorldSettings(n_customers=2_000, seed=11, dirt=0.1)
    return simulate_world(settings, tmp_path_factory.mktemp("worlds") / "rich")
