"""One quantity has one value on the churn page: sentences, titles, tables and figures agree, axes hold their titles."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars import churn
from crm_research.pillars.churn.curves.charts import draw_groups, draw_reasons, draw_rule, draw_survival
from crm_research.pillars.churn.curves.figures import key_figures, tenure_figures
from crm_research.pillars.churn.curves.hazard_words import hazard_finding
from crm_research.pillars.churn.curves.words import answer, year_finding
from crm_research.pillars.churn.renewals import words as renewal_words
from crm_research.theme import say_percent
from tests.builders import a_study
from tests.churn.worlds import START, a_world

DAYS = {"day": 1.0, "days": 1.0, "month": 30.4375, "months": 30.4375, "year": 365.25, "years": 365.25}
PICTURES = (draw_survival, draw_groups, draw_rule, draw_reasons)
WORLDS = {
    "half have left": lambda: a_world(900, reasons=("price", "moved")),
    "most still run": lambda: a_world(900, daily_rate=1 / 6000),
    "watched briefly": lambda: a_world(900, daily_rate=1 / 900, until="2020-06-01").loc[
        lambda t: t["started_at"] < "2020-06-01"
    ],
}


def a_page(world: str, **options):
    frame = WORLDS[world]()
    as_of = "2020-06-01" if world == "watched briefly" else "2024-01-01"
    return churn.describe_churn(a_study(as_of=as_of, contracts=frame), **options)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("horizon", [None, 6])
def test_every_tenure_in_a_title_lies_within_the_picture(world, horizon):
    leaving = a_page(world, horizon_months=horizon)
    for draw in PICTURES:
        axes = draw(leaving)
        title = " ".join(axes.figure.get_suptitle().split())
        for number, unit in re.findall(r"(\d+(?:\.\d+)?) (days?|months?|years?)\b", title):
            # A year with one decimal may be off by half of it.
            slack = 0.05 * DAYS[unit] if "." in number else 0.5 * DAYS[unit]
            assert float(number) * DAYS[unit] <= axes.get_xlim()[1] * 30.4375 + slack, (draw.__name__, title)


@pytest.mark.parametrize("world", WORLDS)
def test_shares_of_all_contracts_are_said_as_the_figures_and_the_curve_have_them(world):
    leaving = a_page(world)
    said = [*answer(leaving), " ".join(draw_survival(leaving).figure.get_suptitle().split())]
    found = 0
    for sentence in said[:2] + said[-1:]:
        for share, number, unit in re.findall(
            r"(\d+(?:\.\d+)?) %(?: \(95 % interval [^)]*\))? (?:still run after|of the contracts last longer than) "
            r"(\d+(?:\.\d+)?) (days|months|years)",
            sentence,
        ):
            days = float(number) * DAYS[unit]
            near = leaving.survival.at([days - 0.06 * DAYS[unit], days, days + 0.06 * DAYS[unit]])["survival"]
            assert f"{share} %" in {say_percent(value) for value in near}, sentence
            found += 1
    figures = {one.id: one for one in key_figures(leaving) + tenure_figures(leaving)}
    year = figures["churn.contract.survival_12m"].estimate
    if year is not None:
        assert year_finding(leaving).startswith(say_percent(year))
        table = churn.milestones(leaving).set_index("months")
        assert table.loc[12, "still_there"] == pytest.approx(100 * year, abs=0.051)
    assert found or world == "half have left"


def test_the_average_month_is_the_rule_of_thumb():
    leaving = a_page("half have left")
    rate = say_percent(leaving.rule.monthly_share)
    assert f"an average month {rate} of those still there leave" in hazard_finding(leaving)
    data = churn.curves.words.rule_finding(leaving)
    assert f"The rule of thumb, {rate} leave every month" in data


def a_monthly_world(n: int = 800, *, is_mixed: bool) -> pd.DataFrame:
    """Contracts that end on the day a month is over: by chances that differ between customers, or many at once."""
    rng = np.random.default_rng(8)
    mixed, many_at_once = rng.geometric(rng.beta(1, 8, n)), np.where(rng.random(n) < 0.2, 1, rng.geometric(0.05, n))
    months = np.minimum(mixed if is_mixed else many_at_once, 600)
    started = START + pd.to_timedelta(rng.integers(0, 1400, n), unit="D")
    ended = pd.Series([begin + pd.DateOffset(months=int(m)) for begin, m in zip(started, months, strict=True)])
    return pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": started,
            "ended_at": ended.where(ended <= pd.Timestamp("2024-01-01")),
        }
    )


def test_a_model_that_has_left_what_was_seen_is_not_carried_beyond_it():
    held = churn.describe_renewals(a_study(as_of="2024-01-01", contracts=a_monthly_world(is_mixed=True)))
    assert held.model_misses is None
    assert held.carried.equals(held.projection)
    # One rate after a first month that takes a fifth: the model mistakes the fifth for customers who differ.
    renewals = churn.describe_renewals(a_study(as_of="2024-01-01", contracts=a_monthly_world(is_mixed=False)))
    missed = renewals.model_misses
    assert missed is not None
    renewal, modelled, seen = missed
    assert seen == pytest.approx(renewals.shown["survival"].iloc[-1])
    assert modelled == pytest.approx(renewals.fit.survival([renewal])["survival"].item())
    finding = renewal_words.projection_finding(renewals)
    assert finding.startswith(
        f"The model does not hold where the records end: after {renewal} renewals it has {say_percent(modelled)} of an "
        f"intake still there, and {say_percent(seen)} were seen."
    )
    # No number of the model is printed or drawn beyond what it contradicts.
    assert renewals.carried.loc[renewals.carried["renewal"] > renewal, "survival"].isna().all()
    beyond = say_percent(renewals.projection["survival"].iloc[-1])
    assert beyond not in renewal_words.projection_title(renewals)


@pytest.mark.slow
def test_renewals_are_called_so_only_where_contracts_are_renewed():
    anytime = churn.describe_renewals(a_study(as_of="2024-01-01", contracts=a_world(600)))
    assert renewal_words.counting_note(anytime).startswith(
        "Counted by the month (ends are not seen to crowd around longer anniversaries); "
    )
    monthly = churn.describe_renewals(a_study(as_of="2024-01-01", contracts=a_monthly_world(is_mixed=True)))
    assert renewal_words.counting_note(monthly).startswith("A renewal every month (ends crowd around these ")
