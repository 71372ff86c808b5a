"""What the page says of orders written by hand, of the literature's sample and of worlds whose truth is known."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_research import open_study
from crm_research.features.rfm import build_rfm
from crm_research.pillars.silent_churn import (
    SilentChurnPage,
    common_histories,
    describe_silence,
    group_table,
    summary_table,
)
from crm_research.pillars.silent_churn.advice import answer
from crm_research.pillars.silent_churn.charts import (
    draw_chances,
    draw_conditional,
    draw_cumulative,
    draw_frequencies,
    draw_silence,
    draw_weekly,
)
from crm_research.pillars.silent_churn.figures import key_figures, outlook_figures, parameter_figures
from crm_research.pillars.silent_churn.pictures import average_by_silence
from crm_research.pillars.silent_churn.tracking_words import tracking_finding
from crm_research.pillars.silent_churn.words import check_finding, future_finding, refuted_finding, regularity_finding
from crm_research.theme import chart_style
from tests.builders import a_study, orders

SECTIONS = ("answer", "intake", "groups", "names", "histories", "kinds", "models", "fit", "tracking", "holdout")
DRAWINGS = (draw_silence, draw_chances, draw_weekly, draw_cumulative, draw_frequencies, draw_conditional)


def shown(silence) -> None:
    """Everything of the page, drawn to the last line."""
    assert answer(silence)
    page = SilentChurnPage(None)
    page.result = silence
    for name in SECTIONS:
        assert getattr(page, name)._repr_html_(), name
        assert getattr(page, name).parts, name
    with chart_style():
        for draw in DRAWINGS:
            draw(silence).get_figure().savefig(BytesIO(), format="svg")
    assert len(common_histories(silence)) <= 15


def ids(figures) -> dict:
    return {figure.id.removeprefix("churn.silent."): figure for figure in figures}


def a_world(n: int, *, seed: int = 1, days: int = 600, gone_after: float = 200.0, k: int = 1):
    """Orders of customers won over 300 days who buy at their own pace until they drop out; the days of dropping out."""
    rng = np.random.default_rng(seed)
    born = rng.integers(0, 300, n)
    rate = rng.gamma(1.5, 1 / 30.0, n)
    leaves = born + rng.exponential(gone_after * rng.gamma(2.0, 0.5, n), n)
    gaps = rng.gamma(k, 1 / (k * rate[:, None]), (n, 80)).cumsum(axis=1)
    at = np.ceil(np.concatenate([np.zeros((n, 1)), gaps], axis=1) + born[:, None])
    is_seen = (at <= np.minimum(leaves, days)[:, None]) | (np.arange(81) == 0)
    who, which = np.nonzero(is_seen)
    day = pd.Timestamp("2022-01-01") + pd.to_timedelta(at[who, which], unit="D")
    frame = pd.DataFrame({"customer_id": [f"c{i}" for i in who], "ordered_at": day, "revenue": 10.0})
    frame.insert(0, "order_id", [f"o{i}" for i in range(len(frame))])
    return frame, pd.Series(leaves, index=[f"c{i}" for i in range(n)])


@pytest.fixture(scope="module")
def cdnow():
    return describe_silence(open_study("cdnow"))


def test_cdnow_gives_the_published_parameters(cdnow):
    # Fader, Hardie and Lee (2005a), Marketing Science 24, table 2; MBG/NBD: Batislam et al. (2007).
    printed = {name: figure.estimate for name, figure in ids(parameter_figures(cdnow)).items()}
    published = {
        "bgnbd_r": (0.243, 3), "bgnbd_alpha": (4.414, 3), "bgnbd_a": (0.793, 3), "bgnbd_b": (2.426, 3),
        "bgnbd_loglik": (-9582.4, 1), "paretonbd_r": (0.553, 3), "paretonbd_alpha": (10.578, 3),
        "paretonbd_s": (0.606, 3), "paretonbd_beta": (11.669, 3), "paretonbd_loglik": (-9595.0, 1),
        "mbgnbd_r": (0.5248, 4), "mbgnbd_alpha": (6.183, 3), "mbgnbd_a": (0.8914, 4), "mbgnbd_b": (1.614, 3),
    }  # fmt: skip
    assert {name: round(printed[name], digits) for name, (_, digits) in published.items()} == {
        name: value for name, (value, _) in published.items()
    }


def test_cdnow_is_judged_on_what_was_bought_afterwards(cdnow):
    check = cdnow.holdout
    # 1,882 purchases of the 2,357 customers in weeks 40 to 78, as in the literature.
    assert (check.n_customers, check.observed) == (2357, 1882)
    assert cdnow.horizon_days == 273
    model, rule = ids(key_figures(cdnow))["holdout_error"], ids(key_figures(cdnow))["naive_error"]
    assert model.estimate < rule.estimate
    assert check.errors["rmse"].min() == model.estimate
    assert "closer than the best rule of thumb" in check_finding(cdnow)


def test_the_bg_nbd_which_calls_no_one_time_buyer_gone_is_not_chosen_among_equals(cdnow):
    shares = cdnow.others.set_index("reading")["alive_share"]
    assert shares["BG/NBD, all customers"] > 0.8
    assert cdnow.chosen != "BG/NBD"
    assert cdnow.alive.lower < 0.45 < cdnow.alive.upper


@pytest.mark.slow
def test_the_whole_page_of_cdnow_and_its_table_of_figures(cdnow):
    shown(cdnow)
    assert summary_table(cdnow)["figure"].is_unique
    assert group_table(cdnow)["n_customers"].sum() == 2357
    assert not cdnow.going_silent.empty
    assert cdnow.going_silent["active_rate"].between(0.1, 0.5).all()
    assert cdnow.going_silent["spend"].is_monotonic_decreasing
    by_silence = average_by_silence(cdnow)
    assert by_silence["active_rate"].between(0, 1).all()


def test_scores_are_those_of_the_customers_themselves(cdnow):
    customers = build_rfm(open_study("cdnow"), occasion="day").to_pandas()
    joined = customers.merge(cdnow.scores, on=["frequency", "recency_days", "age_days"])
    assert len(joined) == 2357
    assert joined["probability_alive"].mean() == pytest.approx(float(cdnow.alive.estimate))


def test_the_share_still_active_and_the_holdout_of_a_known_world_are_recovered():
    world, leaves = a_world(4000)
    study = a_study(as_of="2023-02-05", holdout_until="2023-08-01", orders=world)
    silence = describe_silence(study)
    left_after = (pd.Timestamp("2023-02-05") - pd.Timestamp("2022-01-01")).days
    known = set(world.loc[world["ordered_at"] <= "2023-02-05", "customer_id"])
    truth = float((leaves[list(known)] > left_after).mean())
    # The records are whole days and the model's dropout has another shape: within five points.
    assert float(silence.alive.estimate) == pytest.approx(truth, abs=0.05)
    assert silence.holdout.share_holds or abs(silence.holdout.expected_share - silence.holdout.bought.estimate) < 0.02
    assert silence.intake.n_old == 0


def test_regular_buyers_are_noticed_and_a_model_of_their_own_is_tried():
    study = a_study(as_of="2023-02-05", holdout_until="2023-08-01", orders=a_world(1500, k=4)[0])
    silence = describe_silence(study)
    assert silence.fits.is_regular
    assert silence.fits.fitted["MBG/CNBD-k"].model == "MBG/CNBD-4"
    assert "more regularly than at random" in regularity_finding(silence)


def test_customers_who_pause_refute_the_list_of_names():
    # Each buys at a pace of his own and some leave; a fifth pauses for the twelve weeks before as_of, then goes on.
    rng = np.random.default_rng(3)
    rows = []
    for customer in range(300):
        pace, leaves = rng.beta(2, 2), rng.geometric(0.01)
        for week in range(int(rng.integers(0, 12)), min(60, leaves)):
            paused = customer % 5 == 0 and 28 <= week < 40
            if not paused and rng.random() < pace:
                day = pd.Timestamp("2022-01-01") + pd.Timedelta(days=7 * week + int(rng.integers(0, 7)))
                rows.append((f"c{customer}", str(day.date()), 20.0))
    silence = describe_silence(a_study(as_of="2022-10-08", holdout_until="2023-02-20", orders=orders(*rows)))
    assert silence.holdout.is_refuted
    assert "No list of names" in refuted_finding(silence)
    assert "no list of names is printed" in check_finding(silence)


@pytest.mark.slow
def test_old_customers_are_flagged_and_not_called_new():
    old = [(f"old{i}", f"2022-01-{1 + i % 28:02d}", 1.0) for i in range(300)]
    old += [(f"old{i}", f"2022-0{2 + i % 5}-{1 + i % 28:02d}", 1.0) for i in range(300)]
    new, _ = a_world(200, seed=2)
    both = pd.concat([orders(*old), new], ignore_index=True)
    both["order_id"] = [f"o{i}" for i in range(len(both))]
    silence = describe_silence(a_study(as_of="2023-02-05", orders=both))
    assert 300 <= silence.intake.n_old <= 340
    assert silence.intake.is_mostly_old
    assert "before the records begin" in future_finding(silence)
    shown(silence)


def test_six_orders_are_too_few_and_the_page_says_so():
    rows = [("a", "2024-01-01", 5.0), ("a", "2024-02-01", 5.0), ("b", "2024-01-03", 5.0)]
    rows += [("c", "2024-01-05", 5.0), ("c", "2024-03-05", 5.0), ("d", "2024-08-01", 5.0)]
    silence = describe_silence(a_study(as_of="2024-07-01", holdout_until="2024-12-01", orders=orders(*rows)))
    assert (silence.chosen, silence.n_customers, silence.n_repeaters) == (None, 3, 2)
    figures = ids([*key_figures(silence), *outlook_figures(silence), *parameter_figures(silence)])
    assert figures["alive_share"].estimate is None
    assert figures["holdout_error"].estimate is None
    assert figures["naive_error"].estimate is not None
    assert figures["bgnbd_r"].estimate is None
    assert answer(silence)[0] == (
        "These records cannot say how many of the 3 customers have left: how long customers stay away and still come "
        "back is learnt from 10 of them at the least."
    )
    shown(silence)


@pytest.mark.parametrize(
    "rows",
    [
        [("a", "2025-01-01", 1.0)],  # nothing known
        [("a", "2024-01-01", 1.0)],
        [(f"c{i}", f"2024-01-{1 + i % 28:02d}", 1.0) for i in range(200)],  # nobody comes back
        [(f"c{i}", f"2024-0{m}-01", -1.0) for i in range(30) for m in (1, 2)],  # one pattern, money that comes back
        [(f"客{i}", "2024-06-30", 1e15) for i in range(40)],
    ],
)
@pytest.mark.parametrize("holdout_until", [None, "2024-09-01"])
def test_thin_records_leave_a_page_without_numbers(rows, holdout_until):
    silence = describe_silence(a_study(as_of="2024-07-01", holdout_until=holdout_until, orders=orders(*rows)))
    assert silence.chosen is None
    assert ids(key_figures(silence))["alive_share"].estimate is None
    shown(silence)


@pytest.mark.slow
def test_customers_all_alike_have_no_readable_parameters_but_a_page():
    rows = [(f"c{i}", f"2024-0{month}-{1 + i % 5:02d}", 1.0) for i in range(60) for month in range(1, 7)]
    silence = describe_silence(a_study(as_of="2024-07-01", orders=orders(*rows)))
    for figure in parameter_figures(silence):
        assert figure.estimate is None or figure.label.split(" ")[0] in silence.fits.usable
    shown(silence)


def test_without_a_holdout_the_likelihood_chooses_and_says_so():
    silence = describe_silence(a_study(as_of="2023-02-05", orders=a_world(500)[0]), horizon_weeks=10)
    came = silence.tracking["observed"].sum()
    assert tracking_finding(silence).startswith(f"By the study's date {came:,.0f} repeat purchases had come")
    assert {figure.estimator for figure in key_figures(silence)[1:]} == {"root mean squared error in the holdout"}
    assert "likelihood" in silence.why_chosen
    assert silence.horizon_days == 70
    assert "no holdout" in check_finding(silence)
    assert ids(key_figures(silence))["naive_error"].estimate is None
    shown(silence)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), gone_after=st.floats(20, 2000), confidence=st.sampled_from([0.8, 0.95]))
def test_chances_are_shares_and_groups_hold_everybody(seed, gone_after, confidence):
    world, _ = a_world(120, seed=seed, gone_after=gone_after)
    silence = describe_silence(
        a_study(as_of="2023-02-05", holdout_until="2023-08-01", orders=world), confidence=confidence
    )
    if silence.chosen is None:
        return
    assert silence.scores["probability_alive"].between(0, 1).all()
    assert (silence.scores["expected_purchases"] >= 0).all()
    assert silence.groups["n_customers"].sum() == silence.n_customers
    assert silence.groups["size_share"].sum() == pytest.approx(1)
    assert 0 <= silence.alive.lower <= silence.alive.estimate <= silence.alive.upper <= 1


def test_the_same_seed_gives_the_same_page(cdnow):
    again = describe_silence(open_study("cdnow"))
    pd.testing.assert_frame_equal(summary_table(again), summary_table(cdnow))
