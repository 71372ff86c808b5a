"""What Tab offers a researcher: the answers of a pillar, and nothing else."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest

from crm_research import pillars

PILLARS = [module.name for module in iter_modules(pillars.__path__)]


def test_there_are_pillars():
    assert {"churn", "loyalty", "silent_churn"} <= set(PILLARS)


@pytest.mark.parametrize("name", PILLARS)
def test_tab_offers_what_a_pillar_answers(name):
    pillar = import_module(f"crm_research.pillars.{name}")
    assert dir(pillar) == sorted(pillar.__all__)
    assert any(offered.endswith("Page") for offered in dir(pillar))
    for offered in dir(pillar):
        assert getattr(pillar, offered).__doc__
