"""Reports that run side by side know how many they are, so that their engines share the machine's memory."""

from __future__ import annotations

import pytest

from crm_research.reporting.plan import RunPlan
from crm_research.reporting.run import _sharing
from crm_research.settings import SECONDS, SIDE_BY_SIDE, seconds_for_report, side_by_side
from tests.reporting.pages import a_task


@pytest.mark.parametrize(("n_tasks", "jobs", "at_once"), [(3, 2, "2"), (3, 64, "3"), (1, 8, "1"), (7, 7, "7")])
def test_each_report_is_told_how_many_are_at_work_at_once(n_tasks, jobs, at_once):
    plan = RunPlan(tasks=[a_task(environment={"KEPT": "yes"}) for _ in range(n_tasks)])
    shared = _sharing(plan, jobs, {SECONDS: "77.5"})
    assert [task.environment for task in shared.tasks] == [
        {"KEPT": "yes", SIDE_BY_SIDE: at_once, SECONDS: "77.5"}
    ] * n_tasks
    assert [task.environment for task in plan.tasks] == [{"KEPT": "yes"}] * n_tasks


@pytest.mark.parametrize(("told", "n"), [(None, 1), ("", 1), ("3", 3), ("0", 1), ("many", 1), ("-2", 1)])
def test_outside_a_run_an_engine_is_alone(monkeypatch, told, n):
    monkeypatch.delenv(SIDE_BY_SIDE, raising=False)
    if told is not None:
        monkeypatch.setenv(SIDE_BY_SIDE, told)
    assert side_by_side() == n


@pytest.mark.parametrize(("told", "seconds"), [(None, None), ("", None), ("soon", None), ("77.5", 77.5)])
def test_a_report_knows_how_long_it_may_take(monkeypatch, told, seconds):
    monkeypatch.delenv(SECONDS, raising=False)
    if told is not None:
        monkeypatch.setenv(SECONDS, told)
    assert seconds_for_report() == seconds
