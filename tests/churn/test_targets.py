"""The retention a base needs: counted by hand, as the records tell it, and on the page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.figures import AGREES, REFUTED
from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.decisions.charts import draw_targets
from crm_research.pillars.churn.decisions.page import targets_section
from crm_research.pillars.churn.decisions.target_words import (
    RETENTION_NEEDED,
    group_target_finding,
    target_figures,
    target_finding,
)
from crm_research.pillars.churn.decisions.targets import set_targets
from tests.builders import a_study, contracts
from tests.churn.worlds import a_world
from tests.reporting.pages import bundles

PLAN = {"contracts": {"plan": "category"}}


def by_hand(**more):
    """As of 2024-07-01: four ran a year before and three still do; three came since, and two of them stayed."""
    rows = [
        ("a", "2022-01-01", None, None),
        ("b", "2022-01-01", None, None),
        ("c", "2023-07-01", None, None),
        ("d", "2022-06-01", "2024-02-01", None),
        ("e", "2022-01-01", "2023-06-30", None),  # gone before the year began
        ("f", "2023-07-02", None, None),
        ("g", "2024-03-01", None, None),
        ("h", "2024-01-01", "2024-06-01", None),
        ("i", "2024-07-02", None, None),  # not yet known
    ]
    return contracts(*rows, **more)


def shown(study, **options) -> str:
    return " ".join(bundle["text/plain"] for bundle in bundles(lambda: targets_section(study, **options).show()))


def test_the_year_is_counted_by_its_dates():
    found = set_targets(a_study(contracts=by_hand()), target_base=5).overall.iloc[0]
    assert found[["n_before", "n_kept", "n_new", "n_new_kept", "n_running"]].tolist() == [4, 3, 3, 2, 5]
    assert found["retention"] == pytest.approx(0.75)
    assert found["needed"] == pytest.approx((5 - 2) / 5)


def test_groups_share_the_target_as_they_share_the_base():
    plan = ["x", "x", "y", "y", "y", "x", "y", "y", "y"]
    targets = set_targets(a_study(contracts=by_hand(plan=plan), attributes=PLAN), target_base=10)
    rows = targets.by_group.set_index("group")
    assert rows.loc["x", ["n_running", "target"]].tolist() == [3, 6]
    assert rows.loc["y", ["n_running", "target"]].tolist() == [2, 4]
    names = ["n_before", "n_kept", "n_new", "n_new_kept", "n_running"]
    assert rows[names].sum().tolist() == targets.overall[names].iloc[0].tolist()


def test_contracts_followed_late_are_in_the_base_but_not_in_the_retention():
    late = by_hand(observed_from=["2024-01-01", *[None] * 8])
    study = a_study(contracts=late)
    leaving = describe_churn(study)
    targets = set_targets(study, leaving=leaving)
    assert targets.overall.iloc[0][["n_before", "n_kept", "n_running"]].tolist() == [3, 2, 5]
    assert targets.n_met_late == 1
    assert "came into the records during the year" in shown(study, leaving=leaving)


def test_what_would_have_been_kept_is_recovered_from_a_world_that_leaves_at_one_rate():
    frame = a_world(6000, daily_rate=1 / 1000)
    targets = set_targets(a_study(contracts=frame, as_of="2024-01-01", attributes=PLAN))
    rows = targets.by_group.set_index("group")
    assert rows.loc["flex", "retention"] == pytest.approx(np.exp(-2 * 365 / 1000), abs=0.04)
    assert rows.loc["fixed", "retention"] == pytest.approx(np.exp(-365 / 1000), abs=0.04)
    assert rows.loc["flex", "retention_lower"] < np.exp(-0.73) < rows.loc["flex", "retention_upper"]


def test_the_holdout_says_whether_the_retention_went_on():
    study = a_study(contracts=a_world(4000), as_of="2023-06-01", holdout_until="2024-01-01", attributes=PLAN)
    targets = set_targets(study)
    assert targets.check.startswith("holdout of 214 days")
    seen = next(figure for figure in target_figures(targets) if figure.id == "churn.target.retention_seen")
    assert "holdout" in seen.validation
    assert seen.verdict == (AGREES if seen.validation.endswith("; agrees") else REFUTED)
    assert targets.check_holds == (seen.verdict == AGREES)


def test_the_holdout_does_not_reach_the_year():
    frame = a_world(1000)
    with_it = set_targets(a_study(contracts=frame, as_of="2023-06-01", holdout_until="2024-01-01", attributes=PLAN))
    without = set_targets(a_study(contracts=frame, as_of="2023-06-01", attributes=PLAN))
    pd.testing.assert_frame_equal(with_it.by_group, without.by_group)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (1.2, "fewer must leave in a year"),
        (0.8, "to spare"),
        (3.0, "not possible by retention alone"),
        (0.01, "whoever else stays"),
    ],
)
def test_sentences_follow_the_numbers(times, said):
    study = a_study(contracts=a_world(2000, daily_rate=1 / 1000), as_of="2024-01-01", attributes=PLAN)
    targets = set_targets(study, target_base=times * 1000)
    assert said in target_finding(targets)
    # Both fall short, by numbers of leavers that cannot be told apart.
    assert ("'fixed' and 'flex' fall short" in group_target_finding(targets)) == (times == 1.2)
    assert ("2 of 2 fall short" in group_target_finding(targets)) == (times == 3.0)


def test_a_base_without_newcomers_is_said_to_need_some():
    rows = [(f"c{i}", "2022-01-01", None if i else "2024-01-01", None) for i in range(20)]
    told = target_finding(set_targets(a_study(contracts=contracts(*rows)), target_base=25))
    assert "none came in the last year" in told


def test_a_snapshot_gets_a_note_and_a_figure_without_a_number():
    frame = a_world(500)
    frame["ended_at"] = pd.Timestamp("2024-01-01").strftime("%Y-%m-%d")
    frame.loc[frame.index % 3 > 0, "ended_at"] = None
    study = a_study(contracts=frame, as_of="2024-01-01", attributes=PLAN)
    targets = set_targets(study)
    assert targets.overall is None
    assert [figure.estimate for figure in target_figures(targets)] == [None]
    told = shown(study)
    assert "snapshot" in told
    assert "[picture" not in told


def test_a_company_younger_than_a_year_gets_a_note():
    study = a_study(contracts=contracts(("a", "2024-01-01", None, None), ("b", "2024-02-01", "2024-05-01", None)))
    assert "No contract is known to have run on 2023-07-01" in shown(study)


def test_no_contract_at_all_gets_a_note():
    assert "No contract was watched" in shown(a_study(contracts=contracts(("a", "2025-01-01", None, None))))


def test_the_page_shows_the_picture_the_figures_and_the_groups():
    study = a_study(contracts=a_world(2000), as_of="2024-01-01", attributes=PLAN)
    told = shown(study)
    assert "Yearly retention needed, by group" in told
    assert told.count("[picture") == 1
    ids = [(figure.id, figure.group) for figure in target_figures(set_targets(study))]
    assert ids.count((RETENTION_NEEDED, None)) == 1
    assert (RETENTION_NEEDED, "flex") in ids


def test_small_groups_are_put_together():
    frame = a_world(600).assign(plan=[f"计划{i % 12}" for i in range(600)])
    targets = set_targets(a_study(contracts=frame, as_of="2024-01-01", attributes=PLAN))
    assert "all others (4)" in set(targets.by_group["group"])
    assert targets.by_group["n_running"].sum() == targets.overall["n_running"].iloc[0]
    assert len(draw_targets(targets).get_yticks()) == 10


def test_an_analysis_at_hand_tells_the_same():
    study = a_study(contracts=a_world(300), as_of="2024-01-01", attributes=PLAN)
    given = set_targets(study, leaving=describe_churn(study))
    pd.testing.assert_frame_equal(given.by_group, set_targets(study).by_group)


def test_trouble_is_told():
    study = a_study(contracts=a_world(100), as_of="2024-01-01", attributes=PLAN)
    with pytest.raises(ParameterError, match="target_base"):
        set_targets(study, target_base=0)
    with pytest.raises(ParameterError, match="plam"):
        set_targets(study, group="plam")


def test_a_base_that_falls_short_while_nobody_came_says_so_without_newcomers():
    # 200 ran a year before and 160 still do, none came: all of 160 must stay, 80 % did.
    ends = [f"2024-{1 + i % 5:02d}-15" if i < 40 else None for i in range(200)]
    rows = [(f"c{i}", "2022-01-01", end, None) for i, end in enumerate(ends)]
    told = target_finding(set_targets(a_study(contracts=contracts(*rows))))
    assert told.startswith("To have 160 contracts a year after 2024-07-01, 100 % (95 % interval 98 % to 100 %) of")
    assert "80 % did in the last year. That falls short by 20 points" in told
    assert "newcomers" not in told


def test_no_share_below_nothing_is_needed():
    # Nine ran, three came and stayed: for 4 contracts (4 - 3) / 12 must stay, and if 8.77 came (exact Poisson) none.
    rows = [(f"c{i}", "2022-01-01", None, None) for i in range(9)] + [
        (f"n{i}", "2024-01-01", None, None) for i in "abc"
    ]
    row = set_targets(a_study(contracts=contracts(*rows)), target_base=4).overall.iloc[0]
    assert row["needed"] == pytest.approx(1 / 12)
    assert row["needed_lower"] == 0
    assert row["needed_upper"] == pytest.approx((4 - 0.6187) / 12, abs=1e-4)
    none = set_targets(a_study(contracts=contracts(*rows)), target_base=1).overall.iloc[0]
    assert none[["needed", "needed_lower"]].tolist() == [0, 0]


def test_a_base_of_nobody_and_a_need_that_is_not_known_are_said_so():
    gone = a_world(300).assign(ended_at=lambda rows: rows["ended_at"].fillna(pd.Timestamp("2023-12-31")))
    assert target_finding(set_targets(a_study(as_of="2024-01-01", contracts=gone))) == (
        "No contract runs on 2024-01-01, so there is no base whose retention could be asked for."
    )
    # Six ran a year ago, five still do, and one came: what is needed lies between 7 % and 100 %.
    rows = [(f"c{i}", "2022-01-10", "2023-05-01" if i == 0 else None, None) for i in range(6)]
    few = a_study(as_of="2024-01-01", contracts=contracts(*rows, ("new", "2023-06-01", None, None)))
    assert target_finding(set_targets(few)) == (
        "To have 6 contracts a year after 2024-01-01: how many of today's 6 must stay for that is not known, for too "
        "few came in the last year; 83 % stayed then."
    )
