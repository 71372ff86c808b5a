"""What is told of targets, of what changed, and of renewals: held word for word in three worlds, and by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from crm_research.figures import AGREES, REFUTED
from crm_research.models.decisions import needed_retention
from crm_research.pillars import churn as ch
from crm_research.pillars.churn.decisions import charts, decomposition_words, target_words
from crm_research.pillars.churn.decisions.page import change_section, targets_section
from crm_research.pillars.churn.decisions.targets import _check
from crm_research.theme import chart_style
from tests.builders import a_study, contracts
from tests.churn.worlds import TOLD as WORLDS
from tests.churn.worlds import described
from tests.told import check_figures, check_frame, check_numbers, hold, tell

TOLD = Path(__file__).parent / "told"
# What newcomers bring may be more than the base needs, or less than it lacks; a change may be a fall.
SIGNED = {target_words.RETENTION_NEEDED, decomposition_words.RATE_CHANGE}


@pytest.mark.parametrize("world", WORLDS)
def test_what_a_reader_is_told_to_decide_by(world):
    study, leaving = WORLDS[world](), described(world)
    targets, change = ch.set_targets(study, leaving=leaving), ch.decompose_change(study, leaving=leaving)
    told = tell(
        targets=lambda: targets_section(study, leaving).show(),
        target_figures=target_words.target_figures(targets),
        causes=lambda: change_section(study, leaving).show(),
        cause_figures=decomposition_words.change_figures(change),
        parts=decomposition_words.change_rows(change),
    )
    with chart_style():
        told += tell(
            targets=charts.draw_targets(targets), change=charts.draw_change(change),
            reasons=charts.draw_reason_change(change),
        )  # fmt: skip
    hold(told, TOLD / f"decisions-{world}.txt")
    check_figures([*target_words.target_figures(targets), *decomposition_words.change_figures(change)], signed=SIGNED)
    check_frame(decomposition_words.change_rows(change))


def test_who_left_exactly_a_year_ago_did_not_run_then():
    """A year before 2024-07-01: b left that day and did not run, c left the day after and did, d began that day."""
    rows = contracts(
        ("a", "2022-01-01", None, None),
        ("b", "2022-01-01", "2023-07-01", None),
        ("c", "2022-01-01", "2023-07-02", None),
        ("d", "2023-07-01", None, None),
        ("e", "2023-07-02", None, None),
        ("f", "2023-07-02", "2024-07-01", None),
        ("g", "2024-07-01", None, None),
    )
    targets = ch.set_targets(a_study(contracts=rows))
    found = targets.overall.iloc[0]
    names = ["n_before", "n_kept", "n_new", "n_new_kept", "n_running"]
    assert found[names].tolist() == [3, 2, 3, 2, 4]  # a, c, d; a, d; e, f, g; e, g; a, d, e, g
    assert targets.window == "contracts running on 2023-07-01, and those begun until 2024-07-01"


def a_row(before=900, kept=765, new=200, new_kept=130, running=1000, **more) -> dict[str, float]:
    return {"n_before": before, "n_kept": kept, "n_new": new, "n_new_kept": new_kept, "n_running": running} | more


def targets_of(target: float, *groups: dict[str, float], group="plan", check="", **whole) -> ch.RetentionTargets:
    """Targets from counts of our choice; groups share the target as they share the base."""
    table = pd.DataFrame([a_row(**whole)])
    by_group = None
    if groups:
        parts = pd.DataFrame([{"group": f"g{place}"} | a_row(**one) for place, one in enumerate(groups, start=1)])
        by_group = needed_retention(parts, [one["target"] for one in groups])
    return ch.RetentionTargets(
        since=datetime(2023, 7, 1), as_of=datetime(2024, 7, 1), target_base=target, group=group, confidence=0.95,
        overall=needed_retention(table, target), by_group=by_group, n_met_late=0, stay_by_tenure=0.7, check=check,
    )  # fmt: skip


def told_of(target: float, **whole) -> str:
    return target_words.target_finding(targets_of(target, **whole))


def test_a_shortfall_by_hand():
    """Needed (1,050 - 130) / 1,000 = 92 %, seen 765 / 900 = 85 %: short by 7 points, 70 leavers; newcomers instead
    (1,050 - .85 x 1,000) / (130 / 200) = 307.7."""
    said = told_of(1050)
    row = targets_of(1050).overall.iloc[0]
    assert (row["needed"], row["retention"]) == pytest.approx((0.92, 0.85))
    low, high, few, many = (row[name] for name in ("gap_lower", "gap_upper", "fewer_lower", "fewer_upper"))
    assert 0 < low < 0.07 < high
    need = f"{100 * row['needed_lower']:.0f} % to {100 * row['needed_upper']:.0f} %"
    assert said == (
        f"To have 1,050 contracts a year after 2024-07-01, 92 % (95 % interval {need}) of today's 1,000 must stay; "
        f"85 % did in the last year. That falls short by 7.0 points ({100 * low:.1f} points to {100 * high:.0f} points)"
        f": 70 fewer must leave in a year ({few:,.0f} to {many:,.0f}), or 308 newcomers come instead of 200."
    )


def test_enough_and_to_spare_by_hand():
    """Needed (850 - 130) / 1,000 = 72 %, seen 85 %: 13 points to spare, the nearer limit first."""
    row = targets_of(850).overall.iloc[0]
    assert row["gap_lower"] < -0.13 < row["gap_upper"] < 0
    near, far = 100 * -row["gap_upper"], 100 * -row["gap_lower"]
    assert told_of(850).endswith(
        f"85 % did in the last year. That is enough, with 13 points to spare ({near:.0f} points to {far:.0f} points), "
        "if as many come as last year."
    )


def test_what_lies_within_chance_and_what_cannot_be():
    assert told_of(980).endswith("85 % did in the last year. The difference is within what chance explains.")
    # Even if none left, 1,000 + 130 are there: 120 more must be there, at 130 / 200 of those who come 184.6.
    assert told_of(1250) == (
        "To have 1,250 contracts a year after 2024-07-01 is not possible by retention alone: even if none of 1,000 "
        "contracts ended, 185 newcomers more than in the last year are needed."
    )
    assert told_of(1130).startswith("To have 1,130 contracts a year after 2024-07-01, 100 % (95 % interval")
    assert "is not possible by retention alone" in told_of(1131)
    assert told_of(1250, new=0, new_kept=0).endswith("ended, newcomers are needed, and none came in the last year.")
    assert told_of(1250, new=5, new_kept=0).endswith(
        "ended, newcomers who stay are needed, and of those of the last year none did."
    )
    enough = "the newcomers of a year like the last are enough, whoever else stays."
    assert told_of(130) == f"To have 130 contracts a year after 2024-07-01, {enough}"
    assert "1 of today's 1,000" not in told_of(131)
    assert told_of(131).startswith("To have 131 contracts a year after 2024-07-01, 0.1 % (95 % interval")
    # Where no newcomer stays, none can come instead. Short by 150 of 1,000 (85 %, Wilson 82.5 to 87.2).
    assert told_of(1000, new_kept=0).endswith("fewer must leave in a year (128 to 175).")


SHORT, FINE = {"kept": 650, "target": 1100}, {"kept": 880, "target": 900}
GROUPS = [
    ((FINE, FINE), "No plan falls short of its share of the target beyond chance."),
    (
        # Needed (1,100 - 130) / 1,000 = 97 %, seen 650 / 900 = 72 %: 24.8 points, 248 contracts.
        (SHORT, FINE),
        "Only 'g1' falls short: 72 % stayed, 97 % are needed, 248 fewer must leave.",
    ),
    (
        (SHORT, FINE, {"kept": 700, "target": 1200, "running": 1050}),
        "'g3' and 'g1' fall short of their share of the target, together by 501 leavers too many.",
    ),
    (
        # Needed (6,000 - 130) / 6,000 = 97.8 % of a base six times as large: 5,870 - .65 x 6,000 = 1,970 too many.
        ({"before": 5400, "kept": 3510, "running": 6000, "target": 6000}, FINE, SHORT),
        "'g1' falls short by most contracts: 65 % stayed, 98 % are needed, 1,970 fewer must leave; 2 of 3 fall short.",
    ),
    (
        ({"kept": 650, "target": 1300}, FINE),
        "Only 'g1' falls short: it cannot reach its share of the target by retention alone, even if nobody left.",
    ),
    (
        ({"before": 5400, "kept": 3510, "running": 6000, "target": 7000}, SHORT, FINE),
        (
            "'g1' falls short by most contracts: it cannot reach its share of the target by retention alone, even if "
            "nobody left; 2 of 3 fall short."
        ),
    ),
    ((SHORT,), ""),
]


@pytest.mark.parametrize(("groups", "said"), GROUPS)
def test_groups_that_fall_short_by_hand(groups, said):
    assert target_words.group_target_finding(targets_of(1050, *groups)) == said


def test_a_gap_that_holds_for_one_group_and_not_for_all_at_once_is_not_told():
    """Limits of each alone leave out nought; twelve at once are 2.865 / 1.960 = 1.46 times as wide."""
    alone = targets_of(1050, {"kept": 740, "target": 996}, *[FINE] * 11)
    row = alone.by_group.iloc[0]
    assert 0 < row["gap_lower"] < 0.46 * (row["gap"] - row["gap_lower"])
    assert target_words.group_target_finding(alone).startswith("No plan falls short")
    pair = replace(alone, by_group=alone.by_group.head(2))
    assert target_words.group_target_finding(pair).startswith("Only 'g1' falls short: ")


def test_every_target_figure_is_the_number_that_it_names():
    targets = targets_of(1050, {"kept": 650, "running": 700, "target": 1100}, FINE, check="holdout of 184 days: fine")
    needed, seen, first, second = target_words.target_figures(targets)
    row = targets.overall.iloc[0]
    assert (needed.id, needed.estimate, needed.lower, needed.upper, needed.n) == (
        "churn.target.retention_needed", row["needed"], row["needed_lower"], row["needed_upper"], 1000,
    )  # fmt: skip
    assert (seen.id, seen.estimate, seen.lower, seen.upper, seen.n) == (
        "churn.target.retention_seen", row["retention"], row["retention_lower"], row["retention_upper"], 900,
    )  # fmt: skip
    assert (needed.label, seen.label) == ("Yearly retention needed", "Retention seen in the last year")
    assert (needed.validation, seen.validation) == ("none", "holdout of 184 days: fine")
    assert (needed.verdict, seen.verdict) == (None, None)
    for holds, verdict in ((True, AGREES), (False, REFUTED)):
        judged = target_words.target_figures(replace(targets, check_holds=holds))
        assert [figure.verdict for figure in judged[:2]] == [None, verdict]
    assert needed.estimator == (
        "balance of the base: (target - newcomers who stay) / base today, newcomers as in the last year, exact Poisson "
        "limits; 95 % interval"
    )
    assert seen.estimator == ("share of the contracts running a year ago that still run, Wilson limits; 95 % interval")
    rows = targets.by_group.set_index("group")
    for figure, group, n in ((first, "g1", 700), (second, "g2", 1000)):
        row = rows.loc[group]
        assert (figure.group, figure.estimate, figure.lower, figure.upper, figure.n) == (
            group, row["needed"], row["needed_lower"], row["needed_upper"], n,
        )  # fmt: skip
    assert first.label == "Yearly retention needed (more than all: not possible without more newcomers)"
    assert target_words.target_figures(targets_of(130))[0].label.endswith(" (none: newcomers alone are enough)")
    assert target_words.target_figures(targets_of(131))[0].label == "Yearly retention needed"
    assert target_words.target_figures(targets_of(1130))[0].label == "Yearly retention needed"
    (nothing,) = target_words.target_figures(replace(targets, overall=None))
    assert (nothing.estimate, nothing.lower, nothing.n) == (None, None, 0)
    assert nothing.label == "Yearly retention needed to hold the base (these records cannot tell)"


TITLES = [
    (1250, "Retention alone cannot reach the target"),
    (1050, "Retention falls short of what is needed by 7.0 points"),
    (850, "Retention is higher than what is needed"),
    (980, "Retention is about what is needed"),
]


@pytest.mark.parametrize(("target", "title"), TITLES)
def test_the_picture_of_the_target_says_the_same(target, title):
    assert charts._target_title(targets_of(target).overall.iloc[0]) == title


CHECKS = [
    # 1 of 21 left in the half year of 184 days; at a yearly retention of 90 % .9 ** (184 / 365.25) = 94.8 % stay.
    (0.9, "95 %", "agrees"),
    (0.3, "55 %", "does not agree"),
]


@pytest.mark.parametrize(("yearly", "expected", "verdict"), CHECKS)
def test_the_holdout_of_the_retention_by_hand(yearly, expected, verdict):
    rows = [(f"c{i}", "2022-01-01", "2024-03-01" if i == 0 else None, None) for i in range(20)]
    rows += [("gone", "2022-01-01", "2023-12-31", None), ("late", "2024-02-01", None, None)]
    rows += [("that day", "2022-01-01", "2024-01-01", None), ("after", "2022-01-01", "2024-08-01", None)]
    study = a_study(contracts=contracts(*rows), as_of="2024-01-01", holdout_until="2024-07-03")
    overall = pd.DataFrame([{"retention": yearly}])
    said, holds = _check(study, overall, 0.95)
    assert holds == (verdict == "agrees")
    assert said == (  # Wilson of 20 of 21: 77.3 to 99.2 %
        f"holdout of 184 days: 95 % of 21 running contracts stayed (77 % to 99 %), {expected} at the yearly retention "
        f"seen; {verdict}"
    )
    assert _check(replace(study, holdout_until=None), overall, 0.95) == ("", None)
    late = contracts(("a", "2024-02-01", None, None))
    unborn = a_study(contracts=late, as_of="2024-01-01", holdout_until="2024-07-03")
    assert _check(unborn, overall, 0.95) == ("", None)


def test_numbers_of_the_target_all_come_from_its_row():
    said = told_of(1050)
    row = targets_of(1050).overall.iloc[0]
    named = {
        "target": "1,050 contracts", "day": "2024-07-01", "level": "95 %", "base": "1,000", "seen": "85 %",
        "needed": "92 %", "interval": f"{100 * row['needed_lower']:.0f} % to {100 * row['needed_upper']:.0f} %",
        "gap": "7.0 points", "leavers": "70 fewer", "newcomers": "308 newcomers come instead of 200",
        "gap interval": f"{100 * row['gap_lower']:.1f} points to {100 * row['gap_upper']:.0f} points",
        "leavers' interval": f"({row['fewer_lower']:.0f} to {row['fewer_upper']:.0f})",
    }  # fmt: skip
    check_numbers(said, named)
