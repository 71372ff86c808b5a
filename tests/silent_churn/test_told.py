"""Every sentence, figure, table and picture of silent churn, held word for word in three worlds; sentences by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.models.btyd.kinds import OTHERS
from crm_research.pillars import silent_churn as sc
from crm_research.pillars.silent_churn import (
    advice,
    charts,
    figures,
    kind_charts,
    kind_figures,
    kind_tables,
    kind_words,
    pictures,
    tracking_words,
    words,
)
from crm_research.pillars.silent_churn.fits import BG_NBD, MBG_NBD, PARETO_NBD, REGULAR
from crm_research.pillars.silent_churn.intake import Intake
from crm_research.pillars.silent_churn.money import MARGIN, REVENUE, SPEND
from crm_research.pillars.silent_churn.slipping_words import slipping_finding
from crm_research.stats.intervals import Interval, wilson_share
from crm_research.theme import ACCENT, WARNING, chart_style
from tests.builders import a_study, contracts, orders
from tests.silent_churn.worlds import bad_news, good_news, no_news
from tests.told import check_figures, check_frame, hold, tell

TOLD = Path(__file__).parent / "told"
STUDIES = {"good": good_news, "bad": bad_news, "nothing": no_news}
SENTENCES = (
    advice.answer, words.alive_finding, words.future_finding, words.check_finding, words.money_finding,
    words.silence_finding, words.model_finding, words.edge_findings, words.spread_finding, words.intake_finding,
    words.regularity_finding, tracking_words.tracking_finding, tracking_words.total_finding,
    words.refuted_finding, words.group_finding,
    charts.silence_title,
)  # fmt: skip
FIGURES = (figures.key_figures, figures.outlook_figures, figures.parameter_figures)
TABLES = (
    sc.summary_table, sc.group_table, sc.common_histories, pictures.average_by_silence, pictures.count_chances,
)  # fmt: skip
PICTURES = (
    charts.draw_silence, charts.draw_chances, charts.draw_weekly, charts.draw_cumulative, charts.draw_frequencies,
    charts.draw_conditional,
)  # fmt: skip
SECTIONS = (
    "intake", "groups", "names", "histories", "kinds", "models", "fit", "tracking", "holdout",
)  # fmt: skip


@cache
def measured(world: str) -> sc.SilentChurn:
    """Each world measured once for all tests of this file."""
    return sc.describe_silence(STUDIES[world]())


def page_of(silence: sc.SilentChurn) -> sc.SilentChurnPage:
    """The page of a result that a test has planted."""
    page = sc.SilentChurnPage(None)
    page.result = silence
    return page


@pytest.mark.parametrize("world", STUDIES)
def test_what_a_reader_is_told(world):
    silence = measured(world)
    kinds = silence.kinds
    with chart_style():
        parts: dict[str, object] = {make.__name__: make(silence) for make in (*SENTENCES, *FIGURES, *TABLES)}
        parts |= {draw.__name__: draw(silence) for draw in PICTURES}
        parts |= {make.__name__: make(kinds) for make in (kind_words.kind_title, kind_charts.draw_kinds)}
        parts |= {name: getattr(page_of(silence), name).show for name in SECTIONS}
        hold(tell(**parts), TOLD / f"{world}.txt")
    made = [figure for make in FIGURES for figure in make(silence)]
    check_figures([*made, *kind_figures.kind_figures(kinds, window=silence.window)])
    assert {figure.window for figure in made if "holdout" not in figure.estimator} == {silence.window}


@pytest.mark.parametrize("world", ["good", "bad"])
def test_limits_surround_and_counts_add_up(world):
    silence = measured(world)
    check = silence.holdout
    check_frame(check.errors, estimate="rmse")
    check_frame(silence.money, estimate="rmse")
    check_frame(check.by_group, estimate="observed_share")
    check_frame(silence.going_silent, estimate="active_rate")
    check_frame(kind_tables.kind_table(silence.kinds), estimate="ratio")
    check_frame(silence.kinds.fit.alive_by_level(), estimate="alive_share")
    n = silence.n_customers
    counted = pictures.count_chances(silence)
    for frame in (silence.groups, counted, check.by_frequency, check.by_recency, check.by_group):
        assert frame["n_customers"].sum() == n
    assert silence.groups["size_share"].sum() == pytest.approx(1)
    levels = silence.kinds.fit.alive_by_level()
    assert set(levels.groupby("covariate")["n_customers"].sum()) == {n}


def an_interval(estimate: float, lower: float, upper: float) -> Interval:
    return Interval(*map(np.asarray, (estimate, lower, upper)))


def planted(**changed) -> sc.SilentChurn:
    """The good world with other numbers in the places named."""
    return replace(measured("good"), **changed)


def checked(**changed) -> sc.SilentChurn:
    """The good world with other numbers in its check."""
    return planted(holdout=replace(measured("good").holdout, **changed))


def readings(*rows: tuple[str, int, float, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["reading", "n_customers", "alive_share", "is_chosen"])


def test_the_main_numbers_of_the_good_world_by_hand():
    """Counted from the orders themselves, in pandas: a purchase is a day with a sale."""
    silence, study = measured("good"), good_news()
    bought = study.table("orders").to_pandas()
    sales = bought.loc[bought["kind"] == "sale"].copy()
    sales["day"] = sales["ordered_at"].dt.normalize()
    days = sales.drop_duplicates(["customer_id", "day"])
    known = days.loc[days["ordered_at"] <= silence.as_of]
    later = days.loc[(days["ordered_at"] > silence.as_of) & days["customer_id"].isin(known["customer_id"])]
    per_customer = known.groupby("customer_id").size()
    assert silence.n_customers == len(per_customer) == 240
    assert silence.n_purchases == len(known) == per_customer.sum()
    assert silence.n_repeaters == (per_customer > 1).sum() == 180  # 60 bought once
    assert silence.holdout.observed == len(later) == 368
    back = later["customer_id"].nunique()
    assert float(silence.holdout.bought.estimate) == pytest.approx(back / 240)
    assert f"{100 * back / 240:.0f} % of customers bought between" in words.group_finding(silence)
    # Blocks of 30 days from the first purchase on; the median of the later half of the nine whole ones.
    first = known.groupby("customer_id")["ordered_at"].min()
    block = (first.dt.normalize() - first.min().normalize()).dt.days // 30
    counts = block.value_counts().sort_index().to_numpy()
    assert float(np.median(counts[:9][4:])) == silence.intake.usual == 25
    # The share still active is the mean chance, and what is expected their sum.
    scores = silence.scores
    chance = np.average(scores["probability_alive"], weights=scores["n_customers"])
    assert float(silence.alive.estimate) == pytest.approx(chance)
    assert round(240 * chance) == 84
    assert float(silence.expected.estimate) == pytest.approx(scores["expected_purchases"] @ scores["n_customers"])
    # Money that came: sales less returns of the 240 after as_of.
    money = bought.loc[(bought["ordered_at"] > silence.as_of) & bought["customer_id"].isin(known["customer_id"])]
    assert silence.money.loc[silence.money["money"] == SPEND, "total_observed"].unique() == pytest.approx(
        [money["revenue"].sum()]
    )


def test_how_many_are_still_active_by_hand():
    others = readings(
        (f"{MBG_NBD}, all customers", 431, 0.41, True),
        (f"{PARETO_NBD}, all customers", 431, 0.52, False),
        ("MBG/NBD, those won before with a pace of their own", 431, 0.29, False),
        (f"{BG_NBD}, all customers", 431, 0.77, False),
        (f"{MBG_NBD}, newcomers only", 217, 0.93, False),
    )
    silence = planted(n_customers=431, alive=an_interval(0.41, 0.36, 0.47), others=others, confidence=0.9, holdout=None)
    # .41 x 431 = 176.7; 431 - 177 = 254.
    assert words.alive_finding(silence) == (
        "Of 431 customers about 177 are probably still active (41 %, 90 % interval 36 % to 47 %; 29 % to 52 % by other "
        "models); about 254 have probably left without saying so."
    )
    assert words.other_range(silence) == (0.29, 0.52)
    # One that lies inside the interval adds nothing; one beyond either end is told, at the very end it is not.
    for told, said in ((0.47, ""), (0.36, ""), (0.48, "; 48 % by another model"), (0.35, "; 35 % by another model")):
        one = replace(silence, others=others.iloc[:2].assign(alive_share=[0.41, told]))
        assert (f"36 % to 47 %{said})") in words.alive_finding(one)
    assert words.other_range(replace(silence, others=others.iloc[:1])) is None
    assert words.other_range(replace(silence, others=others.iloc[:0])) is None


def test_active_and_gone_add_up_to_all():
    # .5 x 25 = 12.5 would round to 12 both ways.
    said = words.alive_finding(planted(n_customers=25, alive=an_interval(0.5, 0.41, 0.6), others=readings()))
    assert said.startswith(
        "Of 25 customers about 12 are probably still active (50 %, 95 % interval 41 % to 60 %); about 13"
    )


def test_an_interval_that_says_nothing_or_is_not_there():
    wide = planted(alive=an_interval(0.5, 0.03, 0.94), others=readings(), holdout=None)
    assert words.alive_finding(wide) == (
        "How many of the 240 customers are still active is not known: the interval spans nearly everything."
    )
    none = planted(alive=an_interval(0.5, np.nan, np.nan), expected=an_interval(71.4, np.nan, np.nan), holdout=None)
    assert words.alive_finding(replace(none, others=readings())) == (
        "Of 240 customers about 120 are probably still active (50 %); about 120 have probably left without saying so."
    )
    assert words.future_finding(none) == "In the next 29 weeks they are expected to make 71 purchases."


def test_a_share_that_the_check_refutes_says_so():
    silence = checked(bought=an_interval(0.43, 0.38, 0.49), expected_share=0.37, gone_bought=None)
    assert words.alive_finding(silence).endswith(
        "have probably left without saying so; the check speaks against this model: 43 % bought in the holdout, where "
        "it had expected 37 %."
    )
    for expected in (0.38, 0.49):
        assert "speaks against" not in words.alive_finding(
            checked(expected_share=expected, bought=silence.holdout.bought)
        )
    assert "speaks against" in words.alive_finding(checked(expected_share=0.491, bought=silence.holdout.bought))


def test_how_many_of_those_called_gone_bought_again_stands_where_they_are_called_so():
    silence = checked(gone_alive=0.13, gone_bought=an_interval(0.17, 0.11, 0.26))
    weeks = words.say_weeks(silence.holdout.horizon_days)
    said = f"have probably left without saying so; of those called {{}}, {{}} bought again in the {weeks} after"
    both = "probably or almost surely gone"
    assert said.format(both, "17 %") in words.alive_finding(silence)
    assert said.format(both, "17 %") in words.alive_finding(silence, alone=True)
    none = checked(gone_alive=0.13, gone_bought=an_interval(0.0, 0.0, 0.02))
    assert said.format(both, "none") in words.alive_finding(none)
    # The page's other sentence of them gives the same number, of one group where only that speaks against the model.
    refuted = checked(gone_alive=0.07, gone_bought=an_interval(0.17, 0.11, 0.26))
    assert said.format(both, "17 %") in words.alive_finding(refuted)
    assert f"whom the model calls {both}, 7.0 % could still be active by its own account, yet 17 %" in (
        words.refuted_finding(refuted)
    )
    row = {"customers": "almost surely gone", "n_customers": 97, "alive_share": 0.03, "observed_share": 0.23}
    group = pd.DataFrame([row | {"expected_share": 0.02, "lower": 0.16, "upper": 0.32}])
    one = checked(gone_alive=0.31, gone_bought=an_interval(0.29, 0.2, 0.4), by_group=group)
    assert said.format("almost surely gone", "23 %") in words.alive_finding(one)
    assert "almost surely gone, 3.0 % could still be active by its own account, yet 23 % bought in the holdout." in (
        words.refuted_finding(one)
    )
    # The first sentence of the page leaves it to the one that names nobody for it.
    assert "bought again" not in words.alive_finding(one, alone=True)
    assert slipping_finding(one, is_refuted=True) == (
        "Who of the valuable ones is slipping away cannot be named: those whom the model called gone bought again too "
        f"often (of those called almost surely gone, 23 % bought again in the {weeks} after)."
    )


@pytest.mark.parametrize(("total", "refuted"), [((31, 2, 60), True), ((29, 0, 60), False), ((-29, -60, -1), True)])
def test_what_they_will_buy_by_hand(total, refuted):
    silence = checked(total=an_interval(*total), observed=412, horizon_days=70.0)
    errors = silence.holdout.errors
    errors = errors.assign(total_expected=np.where(errors["forecast"] == silence.chosen, 381.2, 999.0))
    silence = replace(
        silence,
        holdout=replace(silence.holdout, errors=errors),
        expected=an_interval(1234.4, 1101.2, 1378.9),
        horizon_days=91.0,
    )
    said = words.future_finding(silence)
    assert said.startswith(
        "In the next 13 weeks they are expected to make 1,234 purchases (95 % interval 1,101 to 1,379)"
    )
    told = ", a number that the check refutes: in the 10 weeks of the holdout 381 were expected and 412 came."
    assert said.endswith(told if refuted else "to 1,379).")
    old = Intake(n_customers=240, n_old=137, old_from_age_days=300.0, usual=7.0, span_days=360.0)
    assert words.future_finding(replace(silence, intake=old)).endswith(
        "; beware that 57 % were probably customers before the records begin, so the models take them to be younger "
        "than they are."
    )
    figure = figures.outlook_figures(silence)[0]
    assert (figure.estimate, figure.lower, figure.upper) == (1234.4, 1101.2, 1378.9)
    assert figure.label == "Purchases to expect in the next 13 weeks"
    came = "holdout: 381 purchases expected in 70 days, 412 came; "
    assert figure.validation == came + ("does not agree" if refuted else "agrees")
    assert figure.verdict == ("refuted" if refuted else "agrees")


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        ((2.0, 0.1, 4.0), "the model was closer than {rule}: an error of 1.41 against 2.23 orders per customer."),
        ((2.0, 0.0, 4.0), "the model was no better than {rule}: an error of 1.41 against 2.23 orders per customer."),
        ((-2.0, -4.0, 0.0), "the model was no better than {rule}: an error of 1.41 against 2.23 orders per customer."),
        (
            (-2.0, -4.0, -0.1),
            "{rule} was closer than the model: an error of 2.23 against 1.41 orders per customer; use the rule.",
        ),
    ],
)
def test_model_and_rule_by_hand(gain, said):
    errors = pd.DataFrame(
        {
            "forecast": [PARETO_NBD, MBG_NBD, "by the clock", "slow"],
            "is_rule": [False, False, True, True],
            "rmse": [1.412, 1.5, 2.228, 2.9],
            "lower": [1.2, 1.3, 2.0, 2.5],
            "upper": [1.6, 1.7, 2.6, 3.3],
        }
    )
    silence = checked(
        errors=errors,
        best_rule="by the clock",
        gain=an_interval(*gain),
        horizon_days=84.0,
        gone_bought=None,
        n_customers=231,
    )
    rule = "the best rule of thumb (by the clock)"
    assert words.check_finding(silence) == f"In the 12 weeks after, {said.format(rule=rule)}"
    key = {figure.id: figure for figure in figures.key_figures(silence)}
    model, naive = key[figures.HOLDOUT_ERROR], key[figures.NAIVE_ERROR]
    assert (model.estimate, model.lower, model.upper, model.n) == (1.412, 1.2, 1.6, 231)
    assert (naive.estimate, naive.lower, naive.upper, naive.n) == (2.228, 2.0, 2.6, 231)
    assert model.estimator == f"root mean squared error in the holdout, {PARETO_NBD}; 95 % interval over customers"
    close = checked(errors=errors.assign(rmse=[1.4121, 1.5, 1.4132, 2.9]), best_rule="by the clock")
    assert "an error of 1.412 against 1.413 orders per customer" in words.check_finding(close)
    assert words.say_apart(1.23456, 1.23456) == ("1.2346", "1.2346")
    assert words.say_apart(1.0, 2.0) == ("1.00", "2.00")


def test_a_list_that_the_check_refutes_is_announced_in_the_answer():
    back = wilson_share(np.asarray(24.0), np.asarray(60.0), confidence=0.95)
    silence = checked(gone_alive=0.21, gone_bought=back, by_group=measured("good").holdout.by_group.iloc[:0])
    assert words.check_finding(silence).endswith(
        "orders per customer; and those whom the model called gone bought again too often, so no list of names is "
        "printed."
    )
    # R: prop.test(24, 60, correct = FALSE) gives .2857 to .5263.
    assert words.refuted_finding(silence).startswith(
        "No list of names is printed. Of the customers whom the model calls probably or almost surely gone, 21 % could "
        "still be active by its own account, yet 40 % (95 % interval 29 % to 53 %) bought in the holdout."
    )
    told = tell(names=page_of(silence).names.show)
    assert "Caution: No list of names is printed." in told
    assert "c202" not in told
    at_the_edge = checked(gone_alive=float(back.lower), gone_bought=back, by_group=silence.holdout.by_group)
    assert words.refuted_finding(at_the_edge) == ""


MONEY = pd.DataFrame(
    {
        "money": [REVENUE] * 3 + [SPEND] * 3 + [MARGIN] * 3,
        "forecast": [PARETO_NBD, "by the clock", "slow"] * 3,
        "is_rule": [False, True, True] * 3,
        "rmse": [51.2, 61.3, 71.4, 1052.5, 1062.6, 1072.7, 13.8, 14.9, 15.1],
        "total_expected": [900.0, 1.0, 1.0, 1230.0, 1.0, 1.0, 5.0, 1.0, 1.0],
        "total_observed": [800.0] * 3 + [1000.0] * 3 + [4.0] * 3,
    }
)


def test_money_by_hand():
    said = words.money_finding(planted(money=MONEY))
    assert said.startswith(
        "In money (sales less returns) the model's error per customer (1,052.50 EUR) is smaller than that of the "
        "better "
        "rule (by the clock, 1,062.60). All together it had expected 23 % more than came."
    )
    only = MONEY.loc[MONEY["money"] != SPEND].copy()
    only.loc[only["is_rule"] & (only["rmse"] == 61.3), "rmse"] = 51.2
    only["total_expected"] = 712.0
    said = words.money_finding(planted(money=only))
    assert said.startswith(
        "In money (sales before returns) the model's error per customer (51.20 EUR) is no smaller than that of the "
        "better "
        "rule (by the clock, 51.20). All together it had expected 11 % less than came."
    )
    for expected, way in ((803.9, "as much as"), (804.1, "0.5 % more than"), (795.9, "0.5 % less than")):
        said = words.money_finding(planted(money=only.assign(total_expected=expected)))
        assert f"All together it had expected {way} came." in said
    assert "All together" not in words.money_finding(planted(money=only.assign(total_observed=0.0)))


def test_groups_by_hand():
    groups = pd.DataFrame({"customers": ["sure", "likely", "gone"], "size_share": [0.613, 0.0412, 0.3458]})
    assert (
        words.silence_finding(planted(groups=groups))
        == "Of customers, 61 % are sure, 4.1 % are likely and 35 % are gone."
    )


def test_the_check_of_groups_by_hand():
    silence = checked(bought=an_interval(0.43, 0.38, 0.49), expected_share=0.37)
    agrees = checked(bought=an_interval(0.43, 0.38, 0.49), expected_share=0.38)
    assert words.group_finding(silence) == (
        "43 % of customers bought between 2023-02-05 and 2023-08-24 (38 % to 49 %); 37 % had been expected, which "
        "does not "
        "agree. Whoever bought was active, so the share still active cannot have been lower."
    )
    assert "38 % had been expected, which agrees." in words.group_finding(agrees)
    assert words.group_finding(planted(holdout=None)) == (
        "Without a holdout it cannot be checked whether those called gone stayed away."
    )
    assert words.group_finding(measured("nothing")) == (
        "Without a model it cannot be checked whether those called gone stayed away."
    )


def test_the_model_in_use_by_hand():
    regular = SimpleNamespace(model="MBG/CNBD-3")
    silence = planted(chosen=REGULAR, fits=replace(measured("good").fits, fitted={REGULAR: regular}), why_chosen="so")
    assert words.model_finding(silence) == "The MBG/CNBD-3 is used (a model for regular buyers): so."
    assert words.model_finding(planted(why_chosen="so")) == "The Pareto/NBD is used: so."


def test_an_edge_at_which_nobody_leaves_has_no_width():
    fit = measured("good").fits.fitted[PARETO_NBD]
    params = pd.DataFrame({"name": ["r", "r / alpha", "s / beta"], "estimate": [0.3, 0.123456, 0.0789]})
    limit = SimpleNamespace(words=("everybody buys at the same rate", "nobody drops out"))
    fits = replace(measured("good").fits, fitted={PARETO_NBD: replace(fit, limit=limit, params=params)})
    assert words.edge_findings(planted(fits=fits)) == [
        (
            "Pareto/NBD: these records take it to an edge, where everybody buys at the same rate and nobody drops out. "
            "It is "
            "used as that simpler model; parameters given as 0 or left empty are not to be read. What is left of its "
            "parameters, in weeks: r / alpha = 0.1235 and s / beta = 0.0789. Its share still active is 100 % by "
            "construction, and has no interval."
        )
    ]
    bare = replace(fit, limit=SimpleNamespace(words=("nobody drops out",)), params=params.iloc[:1])
    said = words.edge_findings(planted(fits=replace(fits, fitted={PARETO_NBD: bare})))[0]
    assert "not to be read. Its share still active" in said


def test_how_far_the_share_hangs_on_the_model_by_hand():
    three = readings(
        (f"{MBG_NBD}, all customers", 240, 0.4, True),
        (f"{BG_NBD}, all customers", 240, 0.8, False),
        (f"{MBG_NBD}, newcomers only", 211, 0.5, False),
    )
    said = words.spread_finding(planted(others=three, n_repeaters=171))
    assert "counts all who bought once (69 customers) as active" in said
    assert said.endswith(" Readings of newcomers are of those customers alone, not of the whole base.")
    assert "newcomers" not in words.spread_finding(planted(others=three.iloc[:2]))
    assert "bought once" not in words.spread_finding(planted(others=three.iloc[[0, 2]]))
    assert "bought once" not in words.spread_finding(planted(others=three, n_repeaters=240))
    assert words.spread_finding(planted(others=three.iloc[:1])).startswith("Only one model could be fitted")
    assert words.spread_finding(planted(others=three.iloc[:0])).startswith("No model could be fitted")


def test_customers_won_before_the_records_by_hand():
    def said(n_old: int, usual: float = 23.0, n: int = 431) -> str:
        intake = Intake(n_customers=n, n_old=n_old, old_from_age_days=None, usual=usual, span_days=41.0)
        return words.intake_finding(planted(intake=intake))

    assert said(0, n=0) == "No purchase is known."
    assert said(0, np.nan) == (
        "All first purchases lie within 42 days, so the records look like one intake. Whether these customers had "
        "bought "
        "before cannot be told from them."
    )
    assert said(0) == (
        "First purchases come evenly, usually 23 in 30 days, from the beginning on: nothing suggests customers who "
        "were won "
        "before the records begin."
    )
    assert said(1).startswith(
        "1 customer (0.2 %) first came while the records still brought more than twice as many first-seen customers in "
        "30 days as usual (usually 23)."
    )
    # 215 of 431 are 49.9 %, 216 are 50.1 %.
    assert "greater part" not in said(215)
    assert "They are the greater part of the base." in said(216)


def test_how_regularly_they_buy_by_hand():
    def said(shape: float, lower: float, upper: float, fitted=()) -> str:
        regularity = SimpleNamespace(shape=shape, lower=lower, upper=upper, n_customers=187, n_gaps=601, confidence=0.9)
        fits = replace(measured("good").fits, regularity=regularity, fitted=dict.fromkeys(fitted))
        return words.regularity_finding(planted(fits=fits))

    base = "187 customers with two gaps or more give a shape of {} (90 % interval {} to {}), where 1 is random."
    random = "Customers buy about at random, as the models assume: " + base
    assert said(1.05, 1.0, 1.11) == random.format("1.05", "1.00", "1.11")
    assert said(0.95, 0.9, 1.0) == random.format("0.95", "0.90", "1.00")
    regular = "Customers buy more regularly than at random: " + base
    little = " It is so little that the random models were kept."
    assert said(1.24, 1.01, 1.53) == regular.format("1.24", "1.01", "1.53") + little
    tried = " A model for regular buyers (MBG/CNBD-k) was therefore tried as well."
    assert said(2.5, 2.2, 2.8, (REGULAR,)) == regular.format("2.50", "2.20", "2.80") + tried
    assert said(2.5, 2.2, 2.8).endswith(" There are too many histories for the model of regular buyers (MBG/CNBD-k).")
    assert said(0.7, 0.6, 0.99).startswith("Customers buy in bursts: " + base.format("0.70", "0.60", "0.99"))
    open_above = "at least 2.20 (lower end of the 90 % interval; the dates cannot tell how much more)"
    for shape in (3.0, np.inf):
        assert f"give a shape of {open_above}, where 1 is random." in said(shape, 2.2, np.inf)


def tracked(*weeks: tuple[float, float, bool]) -> pd.DataFrame:
    table = pd.DataFrame(weeks, columns=["observed", "expected", "is_holdout"])
    return table.assign(observed_total=table["observed"].cumsum(), expected_total=table["expected"].cumsum())


@pytest.mark.parametrize(
    ("weeks", "said"),
    [
        (
            [(31, 40, False), (17, 23, True), (83, 101, True)],  # 124 expected of 100 that came
            (
                "In the holdout 100 repeat purchases came; from the days of first purchases alone the model expected "
                "24 % more"
            ),
        ),
        (
            [(31, 40, False), (17, 10, True), (83, 69, True)],
            (
                "In the holdout 100 repeat purchases came; from the days of first purchases alone the model expected "
                "21 % fewer"
            ),
        ),
        (
            [(31, 40, False), (1000, 995.1, True)],
            "In the holdout 1,000 repeat purchases came, as expected from the days of first purchases alone",
        ),
        (
            [(31, 40, False), (1000, 994.9, True)],
            (
                "In the holdout 1,000 repeat purchases came; from the days of first purchases alone the model expected "
                "0.5 % fewer"
            ),
        ),
        (
            [(31, 40, False), (0, 7.2, True)],
            "No repeat purchase came in the holdout, where 7 had been expected from the days of first purchases alone",
        ),
        (
            [(31, 40, False), (17, 23, False)],
            (
                "By the study's date 48 repeat purchases had come; from the days of first purchases alone the model "
                "expected 63"
            ),
        ),
    ],
)
def test_week_by_week_by_hand(weeks, said):
    assert tracking_words.tracking_finding(planted(tracking=tracked(*weeks))) == said


def test_the_whole_of_the_records_by_hand():
    said = tracking_words.total_finding(planted(tracking=tracked((1, 40, False), (0, 23.4, True))))
    assert said == (
        "By the end of the holdout 1 repeat purchase had come; from the days of first purchases alone the model "
        "expected 63"
    )
    short = planted(tracking=pd.DataFrame())
    assert tracking_words.total_finding(short) == "The records are too short to follow purchases week by week"


def kinds_with(*effects: tuple[str, str, str, str, float, float, float, int, int], p: dict[str, float]):
    names = ["covariate", "level", "reference", "effect", "ratio", "lower", "upper", "n_customers", "n_reference"]
    table = pd.DataFrame(effects, columns=names)
    # One row for each effect of a covariate, as the fit gives them: Holm counts covariates, not rows.
    tests = pd.DataFrame(
        {"covariate": [*p, *p], "p_value": [*p.values()] * 2, "effect": ["both"] * len(p) + ["rate"] * len(p)}
    )
    fit = SimpleNamespace(
        effects=table, tests=tests, confidence=0.9, covariates=tuple(p), model="Pareto/NBD", n_customers=431
    )
    return SimpleNamespace(fit=fit, why="", left_out=())


RATE, DROP, ODDS = "purchase rate", "dropout rate", "odds of dropping out"


def test_kinds_of_customers_by_hand():
    kinds = kinds_with(
        ("first_channel", "web", "shop", RATE, 1.61, 1.31, 1.98, 130, 211),
        # Further from 1 than web: log .52 = -.65, log 1.61 = .48.
        ("first_channel", "fair", "shop", RATE, 0.52, 0.41, 0.66, 47, 211),
        ("first_channel", OTHERS, "shop", RATE, 0.11, 0.05, 0.2, 43, 211),
        ("first_channel", "web", "shop", DROP, 0.0731, 0.031, 0.172, 130, 211),
        ("first_seen", "later", "early", RATE, 9.0, 8.0, 10.0, 100, 331),
        ("age_band", "old", "young", ODDS, 3.2, 2.9, 3.6, 71, 99),  # clear alone, not after Holm
        p={"first_channel": 0.0004, "first_seen": 0.2, "age_band": 0.06},
    )
    assert kind_words.kind_finding(kinds) == (
        "Everything else alike, customers with first channel fair buy 0.52 (90 % interval 0.41 to 0.66) times "
        "as often as those with shop and customers with first channel web drop out 0.073 (90 % interval 0.031 to 0.17) "
        "times as fast as those with shop."
    )
    table = kind_tables.kind_table(kinds).set_index(["covariate", "level", "effect"])
    assert table.loc[("first channel", "web", RATE), "n"] == 341  # 130 + 211
    # Holm over three covariates: 3 x .0004, 2 x .06, 1 x .2; clear is what lies below .1.
    assert table["adjusted_p"].groupby("covariate").first().to_dict() == pytest.approx(
        {"first channel": 0.0012, "first seen": 0.2, "age band": 0.12}
    )
    assert kind_words.kind_title(kinds) == "Customers differ beyond chance by first channel"
    made = kind_figures.kind_figures(kinds, window="2023")
    ratios = {(figure.id, figure.group): (figure.estimate, figure.lower, figure.upper, figure.n) for figure in made}
    assert ratios[("churn.silent.purchase_ratio", "first channel: fair against shop")] == (0.52, 0.41, 0.66, 258)
    assert ratios[("churn.silent.dropout_ratio", "age band: old against young")] == (3.2, 2.9, 3.6, 170)
    assert {figure.label for figure in made} == {f"Times the {effect}" for effect in (RATE, DROP, ODDS)}
    assert {figure.window for figure in made} == {"2023"}
    assert made[0].estimator == "Pareto/NBD with covariates, maximum likelihood; 90 % interval"


def test_a_difference_is_named_only_beyond_chance_and_beyond_its_limits():
    def said(lower: float, upper: float, p: float) -> str:
        return kind_words.kind_finding(kinds_with(("region", "a", "b", ODDS, 1.7, lower, upper, 9, 8), p={"region": p}))

    assert said(1.01, 2.8, 0.0999) == (
        "Everything else alike, customers with region a have 1.70 (90 % interval 1.01 to 2.80) times the "
        "odds of dropping out after a purchase of those with b."
    )
    nothing = "Nothing in region goes with buying more often or dropping out sooner beyond chance."
    assert said(1.0, 2.8, 0.0999) == nothing
    assert said(1.01, 2.8, 0.1) == nothing
    assert "region a" in said(0.2, 0.99, 0.01)
    assert said(0.2, 1.0, 0.01) == nothing
    only = kinds_with(("first_seen", "later", "early", RATE, 2.0, 1.5, 2.5, 9, 8), p={"first_seen": 0.001})
    assert kind_words.kind_finding(only) == "Nothing else is known of these customers that could be compared."


def test_a_title_names_three_characteristics_and_counts_the_rest():
    names = ["a", "b", "c", "d", "e"]
    kinds = kinds_with(
        *[(name, "x", "y", RATE, 2.0, 1.5, 2.5, 9, 8) for name in names],
        p={name: 0.001 * (1 + place) for place, name in enumerate(names)},
    )
    assert kind_words.kind_title(kinds) == "Customers differ beyond chance by a, b, c and 2 more"


def test_what_the_covariates_explain_by_hand():
    fit = SimpleNamespace(
        model="MBG/NBD", log_likelihood=-1200.25, base=SimpleNamespace(log_likelihood=-1217.5),
        alive_share=lambda: (0.3712, 0.3341, 0.4187),
    )  # fmt: skip
    said = kind_words.kind_gain(SimpleNamespace(fit=fit))
    # -1200.25 + 1217.5 = 17.25
    assert "The MBG/NBD is used here. Its log-likelihood rises by 17.2 with" in said
    assert "the share still active by it is 37.1 % (33.4 % to 41.9 %)." in said
    fit.alive_share = lambda: (0.3712, np.nan, np.nan)
    assert "the share still active by it is 37.1 %." in kind_words.kind_gain(SimpleNamespace(fit=fit))


def test_what_contracts_say_beside_orders():
    bought = orders(
        ("a", "2024-01-01", 1.0), ("b", "2024-02-01", 1.0), ("e", "2024-02-01", 1.0), ("f", "2024-09-01", 1.0)
    )
    bound = contracts(
        ("a", "2024-01-01", None, None), ("a", "2024-02-01", None, None), ("b", "2024-01-01", None, None),
        ("c", "2024-01-01", None, None), ("d", "2024-01-01", None, None), ("f", "2024-01-01", None, None),
    )  # fmt: skip
    assert sc.explain_setting(a_study(orders=bought)).endswith("inferred from silence. The study holds no contracts.")
    # Contracts of a, b, c, d and f; of them a and b bought by 1 July.
    said = sc.explain_setting(a_study(orders=bought, contracts=bound))
    assert "The study also holds contracts of 5 customers, 2 of them among the buyers" in said


def test_parameters_say_where_their_limits_come_from():
    made = {figure.id: figure for figure in figures.parameter_figures(measured("good"))}
    fits = measured("good").fits
    profiled = fits.profiles[BG_NBD].set_index("name")
    wald = fits.fitted[BG_NBD].params.set_index("name")
    figure = made["churn.silent.bgnbd_r"]
    assert (figure.lower, figure.upper) == pytest.approx(tuple(profiled.loc["r", ["lower", "upper"]]))
    assert figure.estimate == pytest.approx(wald.loc["r", "estimate"])
    without = figures.parameter_figures(planted(fits=replace(fits, profiles={})))
    (bare,) = (figure for figure in without if figure.id == "churn.silent.bgnbd_r")
    assert (bare.lower, bare.upper) == pytest.approx(tuple(wald.loc["r", ["lower", "upper"]]))
    assert bare.estimator == "maximum likelihood, time in weeks; 95 % interval on the log scale"
    assert made["churn.silent.mbgnbd_loglik"].estimate == pytest.approx(fits.fitted[MBG_NBD].log_likelihood, abs=1e-4)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (7.0, "1 week"),
        (14.0, "2 weeks"),
        (7.3, "1 week"),
        (7.4, "1.1 weeks"),
        (200.0, "29 weeks"),
        (10.5, "1.5 weeks"),
        (69.0, "9.9 weeks"),
        (184.0, "26 weeks"),
    ],
)
def test_a_horizon_in_weeks(days, said):
    assert figures.say_weeks(days) == said


def test_the_picture_of_kinds_by_hand():
    kinds = kinds_with(
        ("region", "a", "b", RATE, 1.7, 0.55, 4.5, 9, 8),
        ("region", "a", "b", ODDS, 0.6, 0.2, 1.3, 9, 8),
        ("region", "c", "b", RATE, 2.0, 1.5, np.inf, 9, 8),
        p={"region": 0.01},
    )
    with chart_style():
        ax = kind_charts.draw_kinds(kinds)
    # Limits from .2 to 50 (an end that is open is drawn to 50), a tenth wider on either side.
    assert ax.get_xlim() == pytest.approx((0.2 / 1.1, 50 * 1.1))
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks == ["0.2", "0.3", "0.5", "0.7", "1", "1.5", "2", "3", "5", "10", "20", "50"]
    (legend,) = ax.figure.legends
    assert [(text.get_text(), text.get_color()) for text in legend.get_texts()] == [(RATE, ACCENT), (ODDS, WARNING)]
    open_end = next(f for f in kind_figures.kind_figures(kinds, window="w") if f.group == "region: c against b")
    assert (open_end.lower, open_end.upper) == (1.5, None)


def test_a_picture_of_ratios_near_one_reaches_to_both_sides_of_it():
    # .55 / 1.1 is .5, which is the first tick; the upper limit 4.5454... x 1.1 is 5, the last.
    kinds = kinds_with(("region", "a", "b", RATE, 1.7, 0.55, 5 / 1.1, 9, 8), p={"region": 0.01})
    ax = kind_charts.draw_kinds(kinds)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.5", "0.7", "1", "1.5", "2", "3", "5"]
    close = kind_charts.draw_kinds(kinds_with(("region", "a", "b", RATE, 1.0, 0.98, 1.02, 9, 8), p={"region": 0.9}))
    assert close.get_xlim() == pytest.approx((0.9 / 1.1, 1.1 * 1.1))
    assert [label.get_text() for label in close.get_xticklabels()] == ["1"]


def test_what_is_missing_is_said_on_the_card():
    without = {figure.id: figure.label for figure in figures.key_figures(planted(holdout=None))}
    assert without[figures.HOLDOUT_ERROR] == "Error of the model per customer (no holdout)"
    assert without[figures.NAIVE_ERROR] == "Error of the best rule of thumb (no holdout)"
    assert {figure.verdict for figure in figures.key_figures(measured("bad"))} == {"refuted", None}


def blind(alive: Interval, *, n: int = 100, again: int = 40) -> sc.SilentChurn:
    """The world of bad news, in which the BG/NBD was chosen, with other sizes."""
    silence = measured("bad")
    assert silence.chosen == BG_NBD
    return replace(silence, n_customers=n, n_repeaters=again, alive=alive, holdout=None)


def test_by_the_bg_nbd_customers_who_bought_once_are_not_called_active():
    # 85 of 100 by the model: the 60 who bought once, all of them by construction, and 25 of the 40 others.
    silence = blind(Interval(*map(np.asarray, (0.85, 0.80, 0.89))))
    assert [float(end) for end in silence.alive_again] == pytest.approx([25 / 40, 20 / 40, 29 / 40])
    assert words.alive_finding(silence) == (
        "Of 100 customers 60 bought once only; whether they are still active is not known, for in the model used "
        "here nobody can be gone before a second purchase. Of the 40 who bought again about 25 are probably "
        "still active: 62 % (95 % interval 50 % to 72 %)."
    )
    figure = figures.key_figures(silence)[0]
    assert (figure.estimate, figure.lower, figure.upper, figure.n) == (
        pytest.approx(0.625), pytest.approx(0.5), pytest.approx(0.725), 40
    )  # fmt: skip
    assert figure.label.startswith("Of those who bought again, probably still active")
    note = (
        " All 60 customers who bought once count as surely active here, which is how the BG/NBD is made and no "
        "finding: in it nobody can be gone before a second purchase."
    )
    assert words.silence_finding(silence).endswith(note)
    assert note.strip() in [part.text for part in page_of(silence).groups.parts if hasattr(part, "text")]


def test_by_other_models_and_where_all_bought_again_nothing_is_taken_off():
    alive = Interval(*map(np.asarray, (0.85, 0.80, 0.89)))
    for silence in (replace(blind(alive), chosen=PARETO_NBD), blind(alive, again=100)):
        assert not silence.is_blind_to_once
        assert "bought once only" not in words.alive_finding(silence)
        assert figures.key_figures(silence)[0].estimate == 0.85


def test_where_nobody_bought_again_the_bg_nbd_says_nothing_at_all():
    silence = blind(Interval(*map(np.asarray, (1.0, 1.0, 1.0))), again=0)
    assert silence.alive_again is None
    assert words.alive_finding(silence).endswith("nobody can be gone before a second purchase.")
    assert figures.key_figures(silence)[0].estimate is None
