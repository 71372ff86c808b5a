from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from crm_research.pillars.segmentation.deployment import page as living_page
from crm_research.pillars.segmentation.deployment.page import living_section
from crm_research.pillars.segmentation.inputs.recipe import Recipe
from tests.builders import a_study, orders
from tests.segmentation.kept import a_kept, draw_features


@pytest.fixture
def shop():
    rng = np.random.default_rng(1)
    rows = []
    for i in range(60):
        rows += [(f"often{i}", f"2024-0{m}-{1 + int(rng.integers(27)):02}", 40.0) for m in (1, 2, 3, 4, 5, 6)]
        rows += [(f"seldom{i}", f"2023-0{1 + i % 9}-{1 + i % 27:02}", 8.0)]
    rows += [(f"new{i}", "2024-06-20", 10.0) for i in range(5)]
    return a_study(orders=orders(*rows))


@pytest.fixture
def segments(monkeypatch):
    """Segments whose search is stood in for: what is kept of them is written by hand."""
    monkeypatch.setattr(living_page, "keep_segmentation", lambda _records, segments: segments.kept)
    return SimpleNamespace(kept=a_kept(draw_features(300)), confidence=0.95)


def test_the_page_hands_out_the_file_and_tells_movers_and_age(shop, segments):
    section = living_section(shop, segments, window_days=91)
    living, said = section.result, repr(section)
    assert "File segmentation.json" in said
    assert "crm-research assign segmentation.json --study handmade" in said
    assert "of the 120 customers known on both days moved" in said
    assert "5 customers bought for the first time after 2024-04-01" in said
    assert "Signs of age, 2024-04-01 to 2024-07-01" in said
    assert living.migration.n_customers == 120
    assert living.drift.made_at == "2024-04-01"


def test_records_that_do_not_reach_back_still_hand_out_the_file(segments):
    study = a_study(orders=orders(*[(f"c{i}", "2024-06-30", 5.0 + i) for i in range(60)]))
    section = living_section(study, segments, window_days=30)
    living, said = section.result, repr(section)
    assert "File segmentation.json" in said
    assert "moves can be told yet" in said
    assert living.migration is None
    assert living.drift is None


def test_what_cannot_be_kept_is_a_note(shop):
    section = living_section(shop, SimpleNamespace(found=None, why_not="Too few buyers."))
    assert section.result is None
    assert repr(section) == "Note: A saved segmentation needs groups; found none. Too few buyers."


def test_attributes_have_no_history_and_nobody_is_said_to_stay(shop, segments):
    segments.kept = replace(segments.kept, recipe=Recipe(attributes=segments.kept.used))
    section = living_section(shop, segments)
    living, said = section.result, repr(section)
    assert "nobody can be seen to move" in said
    assert living.migration is None
