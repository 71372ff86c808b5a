"""The ladder against chains whose truth is known, and on thin records."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research.features.states import STATES
from crm_research.pillars.loyalty import LoyaltyPage, describe_loyalty
from crm_research.pillars.loyalty.ladder.charts import draw_moves, draw_signs, draw_state_shares
from crm_research.pillars.loyalty.ladder.check import check_ladder
from crm_research.pillars.loyalty.ladder.figures import rhythm_figures, state_figures, steady_figures
from crm_research.pillars.loyalty.ladder.measure import describe_ladder
from crm_research.pillars.loyalty.rhythm.measure import describe_rhythm
from crm_research.theme import chart_style
from tests.builders import a_study, orders
from tests.loyalty.test_analysis import THIN, a_world
from tests.loyalty.test_rhythm import a_steady_world


def moved(*rows):
    """Moves from (period, from, to, n)."""
    frame = pd.DataFrame(rows, columns=["period_start", "from_state", "to_state", "n"])
    return frame.assign(period_start=pd.to_datetime(frame["period_start"]), before_state=None)


def test_the_check_by_hand():
    past = moved(("2024-01-01", "loyal", "loyal", 75), ("2024-01-01", "loyal", "fading", 25))
    later = moved(("2024-02-01", "loyal", "loyal", 30), ("2024-02-01", "loyal", "fading", 10))
    check = check_ladder(past, later, is_holdout=True)
    assert (check.n, check.n_periods) == (40, 1)
    assert check.chain_hits == check.rule_hits == 0.75
    # The rule has the same shares here: 75 stayed, and movers went to fading only.
    assert check.gain == pytest.approx(0.0)
    # 75 loyal and 25 fading at the beginning; of the fading nothing is known, so they stay.
    end = check.end.set_index("state")
    assert end.loc["loyal", "forecast"] == pytest.approx(0.75 * 0.75)
    assert end.loc["loyal", "seen"] == 0.75


def test_a_chain_that_always_moves_beats_the_rule_and_a_world_turned_round_does_not():
    swap = moved(("2024-01-01", "loyal", "fading", 90), ("2024-01-01", "fading", "loyal", 90),
                 ("2024-01-01", "loyal", "loyal", 10), ("2024-01-01", "fading", "fading", 10))  # fmt: skip
    assert check_ladder(swap, swap.assign(period_start=pd.Timestamp("2024-02-01")), is_holdout=True).lower >= 0
    stay = moved(("2024-02-01", "loyal", "loyal", 90), ("2024-02-01", "fading", "lost", 90))
    past = moved(("2024-01-01", "loyal", "lost", 60), ("2024-01-01", "fading", "fading", 60))
    assert check_ladder(past, stay, is_holdout=True).upper < 0


def test_without_a_holdout_the_last_quarter_is_kept_apart():
    periods = pd.date_range("2024-01-01", periods=8, freq="MS")
    rows = moved(*[(at, "loyal", state, 20) for at in periods for state in ("loyal", "fading")])
    check = check_ladder(rows, rows.head(0), is_holdout=False)
    assert (check.n_periods, check.n) == (2, 80)
    assert check_ladder(rows.head(2), rows.head(0), is_holdout=False) is None


@pytest.fixture(scope="module")
def steady():
    frame = a_steady_world(250, years=3)
    frame["discount"] = np.where(np.arange(len(frame)) % 3 == 0, 1.0, 0.0)
    return a_study(as_of="2020-07-01", holdout_until="2021-01-01", orders=frame)


@pytest.mark.slow
def test_every_share_adds_up(steady):
    loyalty = describe_loyalty(steady, occasion="order")
    ladder = describe_ladder(steady, loyalty, describe_rhythm(steady, loyalty))
    assert ladder.shares.groupby("period_start")["share"].sum().tolist() == pytest.approx(
        [1.0] * ladder.shares["period_start"].nunique()
    )
    assert ladder.steady.table["share"].sum() == pytest.approx(1.0)
    assert ladder.standing["n"].sum() == 250
    assert ladder.check.is_holdout
    assert ladder.check.n_periods == 6
    # Nobody leaves and rhythms do not change: it settles where it stands.
    gap = (ladder.steady.table.set_index("state")["share"] - ladder.standing.set_index("state")["share"]).abs()
    assert gap.max() < 0.07


def test_discounts_that_mean_nothing_are_not_said_to(steady):
    loyalty = describe_loyalty(steady, occasion="order")
    ladder = describe_ladder(steady, loyalty, describe_rhythm(steady, loyalty))
    assert ladder.before["sign"].unique().tolist() == ["the last purchase at a discount"]
    assert ladder.before["difference"].abs().max() < 0.08


@pytest.mark.slow
def test_the_holdout_changes_nothing_but_the_check(steady):
    alone = a_study(as_of="2020-07-01", orders=steady.table("orders").execute())
    found = []
    for study in (steady, alone):
        loyalty = describe_loyalty(study, occasion="order")
        found.append(describe_ladder(study, loyalty, describe_rhythm(study, loyalty)))
    assert found[0].moves.table.equals(found[1].moves.table)
    assert not found[1].check.is_holdout


def test_the_page_of_a_full_study(steady):
    page = LoyaltyPage(steady, occasion="order", seed=1)
    rhythm, ladder = page.rhythm, page.ladder_result
    for part in (page.overdue, page.cycle, page.ladder, page.ladder_check):
        assert part.result is not None
    assert [figure.id for figure in page.ladder.figures].count("loyalty.state_share") == len(STATES)
    assert [type(part).__name__ for part in page.overdue.parts] == ["Note", "Chart", "Note", "Table", "SavedList"]
    figures = [*rhythm_figures(rhythm), *state_figures(ladder), *steady_figures(ladder)]
    assert {figure.group for figure in figures if figure.id == "loyalty.state_share"} == set(STATES)
    assert all("nan" not in str(figure.as_record()) for figure in figures)
    for draw in (draw_state_shares, draw_moves, draw_signs):
        with chart_style():
            draw(ladder).figure.savefig(BytesIO(), format="svg")


@pytest.mark.slow
@pytest.mark.parametrize("case", [*THIN, "two purchases each"])
def test_thin_records_give_notes(case):
    frame = a_world(60) if case == "two purchases each" else THIN[case]
    study = a_study(as_of="2024-07-01", orders=frame)
    page = LoyaltyPage(study, period_months=1, seed=1)
    for part in (page.overdue, page.cycle, page.ladder, page.signs):
        assert repr(part).startswith(("Note: ", "Caution: "))
    assert (page.ladder_result is None) == (not page.ladder_check.parts)


@pytest.mark.slow
def test_everybody_on_one_day_each_month_is_loyal():
    rows = [(f"c{i}", f"2024-{month:02d}-15", 1.0) for i in range(20) for month in range(1, 9)]
    study = a_study(as_of="2024-09-01", orders=orders(*rows))
    loyalty = describe_loyalty(study)
    ladder = describe_ladder(study, loyalty, describe_rhythm(study, loyalty))
    assert ladder.standing.set_index("state").loc["loyal", "share"] == 1.0
    assert "loyal" in ladder.steady.absorbing
