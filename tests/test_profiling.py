"""Where the time of a report goes: by section and statement, on the page of a run that asks for it."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from crm_research import profiling
from crm_research.common_tables import keep_on_shelf, name_shelf
from crm_research.engine import open_embedded_engine
from crm_research.profiling import PROFILED, Profile, watch
from crm_research.settings import PROFILE, is_profiled
from crm_research.show.page import Page, section
from crm_research.show.parts import Note
from crm_research.show.profile_parts import profile_parts
from crm_research.show.section import Section
from crm_research.steps import step
from tests.builders import a_study, orders


@pytest.fixture
def profiled(monkeypatch):
    """A fresh account in the place of the process' own."""
    monkeypatch.setenv(PROFILE, "yes")
    fresh = Profile()
    for name, value in vars(fresh).items():
        monkeypatch.setattr(PROFILED, name, value)
    return PROFILED


@step
def count_orders(study) -> int:
    """How many?"""
    return int(study.table("orders").count().execute())


class Counting(Page):
    """How many orders are there?"""

    @section
    def answer(self) -> Section:
        """How many are there?"""
        return Section(Note(f"{count_orders(self.study)} orders"))

    @section
    def again(self) -> Section:
        """How many were there, and which?"""
        assert len(self.answer.parts) == 1
        rows = self.study.table("orders").select("order_id", "revenue").to_pyarrow()
        return Section(Note(f"{rows.num_rows} rows"))


def test_a_statement_is_told_under_the_section_and_the_step_that_asked(profiled):
    study = a_study(orders=orders(("ann", "2024-01-01", 1.0), ("bob", "2024-02-01", 2.0)))
    watch(study.backend)
    page = Counting(study)
    assert page.again.parts
    assert page.answer.parts
    first, second = profiled.statements
    # The answer was first looked at by the other section, which pays for it.
    assert (first.section, first.step, first.n_rows) == ("again", "count orders", 1)
    assert (second.section, second.step, second.n_rows) == ("again", "", 2)
    assert second.n_bytes > first.n_bytes >= 8
    told = profiled.by_section().set_index("section")
    assert told.loc["again", ["statements", "rows_given"]].tolist() == [2, 3]
    assert told.loc["again", "seconds"] >= told.loc["again", "in_the_engine"] > 0
    assert told.loc["again", "megabytes_given"] == pytest.approx((first.n_bytes + second.n_bytes) / 1e6)
    assert profiled.longest(1)["seconds"].tolist() == [max(one.seconds for one in profiled.statements)]


def test_a_table_that_is_kept_is_a_statement_that_gives_nothing(profiled, tmp_path):
    engine = open_embedded_engine()
    engine.con.execute("CREATE TABLE sales AS SELECT 1 AS n")
    name_shelf(engine, tmp_path)
    keep_on_shelf(engine, engine.table("sales"))
    (kept,) = profiled.statements
    assert (kept.section, kept.n_rows, kept.n_bytes) == ("(before any section)", 0, 0)


def test_sizes_are_those_of_what_left_the_engine():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})
    assert profiling._size_of(frame) == (3, 24 + 24 + frame.index.memory_usage())
    assert profiling._size_of(frame["a"]) == (3, 24 + frame.index.memory_usage())
    assert profiling._size_of(7) == (1, 8)


def test_nothing_is_noted_unless_a_run_asks(monkeypatch):
    monkeypatch.delenv(PROFILE, raising=False)
    assert not is_profiled()
    n_before = len(PROFILED.statements)
    engine = open_embedded_engine()
    engine.con.execute("CREATE TABLE sales AS SELECT 1 AS n")
    assert engine.table("sales").n.sum().execute() == 1
    assert len(PROFILED.statements) == n_before
    study = a_study(orders=orders(("ann", "2024-01-01", 1.0)))
    assert not any("What each section took" in str(part) for part in Counting(study).provenance.parts)


def test_the_page_says_where_its_time_went(profiled):
    study = a_study(orders=orders(("ann", "2024-01-01", 1.0)))
    watch(study.backend)
    page = Counting(study)
    assert page.answer.parts
    note, sections, statements = profile_parts()
    assert re.match(r"The engine was asked 1 time and took 0\.\d s of the 0\.\d s that ", str(note.text))
    assert sections.frame["section"].tolist() == ["answer"]
    assert statements.frame["step"].tolist() == ["count orders"]
    assert "What each section took" in sections.render().html
    assert [part.frame.shape[0] for part in page.provenance.parts[-2:]] == [1, 1]
