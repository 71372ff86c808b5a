"""What is told of renewals: held word for word in three worlds, and by hand from planted results."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.figures import AGREES, REFUTED
from crm_research.models.renewals import profile_limits
from crm_research.pillars import churn as ch
from crm_research.pillars.churn.renewals import charts, figures, words
from crm_research.pillars.churn.renewals.check import RenewalCheck
from crm_research.pillars.churn.renewals.page import renewal_check_parts, renewals_parts
from crm_research.show import Section
from crm_research.stats.intervals import Interval
from crm_research.theme import chart_style
from tests.builders import a_study, contracts
from tests.churn.renewal_worlds import a_renewed_world
from tests.told import check_figures, check_frame, hold, tell

TOLD = Path(__file__).parent / "told"


@cache
def renewed() -> ch.Renewals:
    """Yearly contracts with a holdout."""
    world = a_renewed_world(500, late_days=2)
    return ch.describe_renewals(a_study(as_of="2022-06-30", holdout_until="2023-12-31", contracts=world))


@cache
def worse() -> ch.Renewals:
    """All that came to the fifth renewal left at it."""
    started = pd.date_range("2014-01-01", "2018-12-31", periods=300).normalize()
    left_at = np.where(np.arange(300) % 10 == 0, 1, 5)
    ended = [start + pd.DateOffset(years=int(n)) for start, n in zip(started, left_at, strict=True)]
    rows = [(f"c{i}", str(s.date()), str(e.date()), None) for i, (s, e) in enumerate(zip(started, ended, strict=True))]
    return ch.describe_renewals(a_study(as_of="2018-12-31", holdout_until="2023-12-31", contracts=contracts(*rows)))


@cache
def none_yet() -> ch.Renewals:
    return ch.describe_renewals(a_study(contracts=contracts(("a", "2024-06-20", None, None))))


WORLDS = {"good": renewed, "bad": worse, "nothing": none_yet}


@pytest.mark.parametrize("world", WORLDS)
def test_what_a_reader_is_told_of_renewals(world):
    renewals = WORLDS[world]()
    with chart_style():
        told = tell(
            page=lambda: Section(*renewals_parts(renewals)).show(),
            check=lambda: Section(*renewal_check_parts(renewals)).show(),
            figures=figures.renewal_figures(renewals),
            retention=charts.draw_retention(renewals),
            projection=charts.draw_projection(renewals),
            judged=charts.draw_renewal_check(renewals),
        )
    hold(told, TOLD / f"renewals-{world}.txt")
    check_figures(figures.renewal_figures(renewals))
    if len(renewals.observed):
        check_frame(renewals.observed, estimate="retention")
        check_frame(renewals.projection, estimate="survival")


def planted(**changes) -> ch.Renewals:
    """The renewed world without a model that misses what was seen."""
    return replace(renewed(), **changes)


def seen(*rows: tuple[int, int, float, float, float]) -> pd.DataFrame:
    """Renewal, contracts up for it, share that goes on with its limits."""
    frame = pd.DataFrame(rows, columns=["renewal", "n_up", "retention", "lower", "upper"])
    return frame.assign(n_left=1, survival=frame["retention"].cumprod())


FIRST = (1, 431, 0.713, 0.671, 0.754)
START = "71 % (95 % interval 67 % to 75 %) of the contracts go on after the first year"
NO_CHANGE = "no clear change from the first"
RENEWED = [
    ([FIRST], f"{START}; later renewals have not been seen often enough."),
    (
        [FIRST, (4, 57, 0.86, 0.7541, 0.93)],
        f"{START}; of those still there at renewal 4, 86 % (95 % interval 75 % to 93 %) go on: more than at first.",
    ),
    (
        [FIRST, (4, 57, 0.86, 0.754, 0.93)],
        f"{START}; of those still there at renewal 4, 86 % (95 % interval 75 % to 93 %) go on: {NO_CHANGE}.",
    ),
    (
        [FIRST, (4, 57, 0.5, 0.31, 0.671)],
        f"{START}; of those still there at renewal 4, 50 % (95 % interval 31 % to 67 %) go on: {NO_CHANGE}.",
    ),
    (
        [FIRST, (4, 57, 0.5, 0.31, 0.6709)],
        f"{START}; of those still there at renewal 4, 50 % (95 % interval 31 % to 67 %) go on: fewer than at first.",
    ),
    (
        [(2, 431, 0.9213, 0.8976, 0.9412)],
        (
            "92.1 % (95 % interval 90 % to 94.1 %) of the contracts go on at renewal 2; later renewals have not been "
            "seen often enough."
        ),
    ),
]


@pytest.mark.parametrize(("rows", "said"), RENEWED)
def test_what_share_renews_by_hand(rows, said):
    assert words.renewal_finding(planted(observed=seen(*rows))) == said


def test_the_first_renewal_is_held_beside_all_later_ones_together_and_not_beside_the_last_alone():
    # 283 of 326 go on at the later ones: .8681, by Wilson's limits .827 to .9006; the last has 19 contracts.
    rows = seen(FIRST, (2, 307, 0.8599, 0.817, 0.894), (3, 19, 1.0, 0.75, 1.0)).assign(n_left=[124, 43, 0])
    renewals = planted(observed=rows)
    assert words.renewal_finding(renewals) == (
        f"{START}; of those still there at renewals 2 to 3 together, 87 % (95 % interval 83 % to 90 %) go on: "
        "more than at first."
    )
    title = " ".join(charts.draw_retention(renewals).figure.get_suptitle().split())
    assert title == "71 % go on at renewal 1, 87 % at renewals 2 to 3 together"


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.8949, "89 %"), (0.9, "90.0 %"), (0.9949, "99.5 %"), (0.99949, "99.9 %"), (0.9996, "99.96 %"), (1.0, "100 %")],
)
def test_whoever_is_missing_from_a_high_share_does_not_vanish(share, said):
    assert words.say_high_share(share) == said


def a_fit(alpha: float, beta: float, *, notes=(), is_constant=False, is_converged=True):
    return SimpleNamespace(
        log_params=np.log([alpha, beta]), is_constant=is_constant, is_converged=is_converged, notes=notes, model="sBG"
    )


# Of beta(a, b): mean a / (a + b), variance a b / ((a + b)^2 (a + b + 1)).
MIXTURES = [
    ((0.5, 0.31), "62 %", "36 %", "They lie near none or near certain: customers are of two kinds."),
    ((0.7, 2.5), "22 %", "20 %", "Most customers hardly ever leave, and few leave soon."),
    ((2.5, 0.7), "78 %", "20 %", "Most customers are near certain to leave, and few stay for long."),
    ((3.0, 6.0), "33 %", "15 %", "Most customers lie around that average."),
    ((1.0, 1.0), "50 %", "29 %", "Most customers lie around that average."),
]


@pytest.mark.parametrize(("params", "mean", "spread", "shape"), MIXTURES)
def test_how_customers_differ_by_hand(params, mean, spread, shape):
    assert words.heterogeneity_finding(planted(fit=a_fit(*params))) == (
        f"Read as a mixture, customers leave at a renewal with a chance of {mean} on average, and these chances spread "
        f"by {spread} (standard deviation). {shape} Retention then rises only because the restless go first; nobody "
        "need have become more loyal."
    )


def test_a_model_that_stands_for_nothing_says_its_notes():
    notes = ("One rate.", "Not settled.")
    assert (
        words.heterogeneity_finding(planted(fit=a_fit(1, 1, notes=notes, is_constant=True))) == "One rate. Not settled."
    )
    assert (
        words.heterogeneity_finding(planted(fit=a_fit(1, 1, notes=notes, is_converged=False)))
        == "One rate. Not settled."
    )
    assert words.heterogeneity_finding(planted(fit=None)) == ""


def a_check(gain: tuple[float, float, float], *, expected=(61.2, 83.4)) -> RenewalCheck:
    errors = pd.DataFrame(
        {"forecast": ["sBG", "BdW", "constant rate"], "expected_left": [expected[0], 7.0, expected[1]]}
    )
    return RenewalCheck(
        basis="holdout 2022-06-30 to 2023-12-31", is_holdout=True, n=1234, n_left=71, errors=errors,
        by_renewal=renewed().check.by_renewal, gain=Interval(*(np.asarray(value) for value in gain)), left_lower=56.4,
        left_upper=88.3,
    )  # fmt: skip


MODEL, RATE, OPEN = (0.02, 0.001, 0.04), (-0.02, -0.04, -0.001), (0.01, 0.0, 0.02)


def ahead_of(survival=(0.35, 0.31, 0.4), rule=0.22) -> pd.DataFrame:
    """The projection with a last renewal of our choice; the others as they were."""
    ahead = renewed().projection.copy()
    ahead.loc[ahead.index[-1], ["renewal", "survival", "lower", "upper", "rule_survival"]] = (17, *survival, rule)
    return ahead


class Agreeing(ch.Renewals):
    """Renewals whose model has not left what was seen."""

    model_misses = None


class Missing(ch.Renewals):
    """Renewals whose model has left what was seen at renewal 6."""

    model_misses = (6, 0.43, 0.21)
    rule_misses = False


class BothMissing(Missing):
    """And one constant rate as well."""

    rule_misses = True


def as_kind(kind: type, **changes) -> ch.Renewals:
    found = planted(**changes)
    return kind(**{name: getattr(found, name) for name in found.__dataclass_fields__})


INTAKE = "Of a new intake 35 % (95 % interval 31 % to 40 %) will be there after 17 renewals"
PROJECTED = [
    (MODEL, f"{INTAKE} by the model; one constant rate, 22 %, proved less close."),
    (
        RATE,
        (
            "Of a new intake 22 % will be there after 17 renewals at one constant rate, which came closer to what "
            "followed; the model would have 35 % (95 % interval 31 % to 40 %)."
        ),
    ),
    (OPEN, f"{INTAKE} by the model, 22 % if the same share left at every one."),
    (None, f"{INTAKE} by the model, 22 % if the same share left at every one."),
]
TITLES = [
    (MODEL, "After 17 renewals 35 % of an intake should still be there, not 22 %"),
    (RATE, "After 17 renewals 35 % are there by the model, 22 % at one rate, which proved closer"),
    (OPEN, "After 17 renewals 35 % are there by the model, 22 % at one rate"),
    (None, "After 17 renewals 35 % are there by the model, 22 % at one rate"),
]


@pytest.mark.parametrize(("gain", "said"), PROJECTED)
def test_the_projection_by_hand(gain, said):
    check = None if gain is None else a_check(gain)
    assert words.projection_finding(as_kind(Agreeing, projection=ahead_of(), check=check)) == said


@pytest.mark.parametrize(("gain", "title"), TITLES)
def test_the_title_of_the_projection_by_hand(gain, title):
    check = None if gain is None else a_check(gain)
    assert words.projection_title(as_kind(Agreeing, projection=ahead_of(), check=check)) == title


def test_two_forecasts_that_print_alike_are_not_set_against_each_other():
    alike = as_kind(Agreeing, projection=ahead_of(rule=0.3501), check=a_check(MODEL))
    assert words.projection_title(alike) == "After 17 renewals 35 % of an intake should still be there"


def test_one_constant_rate_is_projected_as_such():
    one = as_kind(Agreeing, projection=ahead_of(), fit=a_fit(1, 1, is_constant=True))
    assert words.projection_finding(one) == f"{INTAKE}, at one constant rate."
    assert words.projection_title(one) == "After 17 renewals 35 % of an intake should still be there"
    assert words.projection_finding(planted(fit=None)) == "There is nothing to project."


MISS = (
    "The model does not hold where the records end: after 6 renewals it has 43 % of an intake still there, and 21 % "
    "were seen. It is not carried beyond them"
)


def test_a_model_that_left_what_was_seen_by_hand():
    def said(kind, gain):
        return words.projection_finding(
            as_kind(kind, projection=ahead_of(), check=None if gain is None else a_check(gain))
        )

    assert said(Missing, None) == f"{MISS}."
    assert said(Missing, MODEL) == f"{MISS}."
    assert said(Missing, RATE) == f"{MISS}; one constant rate, which came closer to what followed, has 22 % after 17."
    assert said(BothMissing, RATE) == f"{MISS}, nor is one constant rate, which has left what was seen as well."
    assert words.projection_title(as_kind(Missing)) == (
        "The model has 43 % after 6 renewals where 21 % were seen: it is not carried further"
    )


JUDGED = (
    "holdout 2022-06-30 to 2023-12-31: of 1,234 decisions 71 were against renewing (by chance 56 to 88); the model "
)
SHORT = "one rate was closer"
VERDICTS = [
    (MODEL, (61.2, 83.4), "expected 61, one constant rate 83; the model is closer", "closer than one rate"),
    (RATE, (61.2, 83.4), "expected 61, one constant rate 83; one constant rate is closer; use it", SHORT),
    (RATE, (61.2, 88.3), "expected 61, one constant rate 88; one constant rate is closer; use it", SHORT),
    (RATE, (61.2, 88.4), "expected 61, one constant rate 88; one constant rate is closer, though it misses too", SHORT),
    (RATE, (61.2, 56.3), "expected 61, one constant rate 56; one constant rate is closer, though it misses too", SHORT),
    (RATE, (61.2, 56.4), "expected 61, one constant rate 56; one constant rate is closer; use it", SHORT),
    (OPEN, (56.4, 83.4), "expected 56, one constant rate 83; the two cannot be told apart", "no closer than one rate"),
    (
        OPEN, (56.3, 83.4),
        "expected 56, one constant rate 83; the two cannot be told apart, and more left than the model expected",
        "no closer than one rate",
    ),
    (OPEN, (88.3, 83.4), "expected 88, one constant rate 83; the two cannot be told apart", "no closer than one rate"),
    (
        OPEN, (88.4, 83.4),
        "expected 88, one constant rate 83; the two cannot be told apart, and fewer left than the model expected",
        "no closer than one rate",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("gain", "expected", "said", "short"), VERDICTS)
def test_the_forecasts_judged_by_hand(gain, expected, said, short):
    check = a_check(gain, expected=expected)
    assert words.check_finding(planted(check=check)) == f"Judged on {JUDGED}{said}."
    assert check.say_short() == f"holdout 2022-06-30 to 2023-12-31: {short}"


def test_what_was_not_judged_says_so():
    assert words.check_finding(planted(check=None)).startswith("Too few renewals could be kept apart")
    assert words.check_finding(planted(fit=None)) == "No forecast of renewals was made, so there is none to judge."
    assert words.renewal_finding(planted(fit=None)).startswith("No contract has come to a renewal yet")


@pytest.mark.parametrize(("p_value", "n_free", "is_told"), [(0.0099, 3, True), (0.01, 3, False), (0.0099, 0, False)])
def test_a_model_that_misses_the_counts_is_told_by_how_much(p_value, n_free, is_told):
    """Misses of 3 points among 300 and of 7 among 100 are 4 points on average."""
    modelled = pd.DataFrame({"retention": [0.73, 0.87]})
    fit = a_fit(1, 2)
    fit.goodness = lambda: SimpleNamespace(p_value=p_value, n_free=n_free)
    fit.retention = lambda renewals: modelled
    observed = seen((1, 300, 0.7, 0.6, 0.8), (2, 100, 0.8, 0.7, 0.9))
    found = words.fit_findings(planted(fit=fit, observed=observed, shape_p_value=0.5))
    told = (
        "The model (sBG) misses the counts by more than chance: on average by 4.0 % of those who come to a renewal. "
        "Its projection is a simplification."
    )
    assert found == ([told] if is_told else [])


@pytest.mark.parametrize(
    ("c", "converged", "said"),
    [
        (1.31, True, "rises with the renewals (BdW, c = 1.31, 1.12 to 1.53; 1 is no change)."),
        (0.83, True, "falls with the renewals (BdW, c = 0.83, 1.12 to 1.53; 1 is no change)."),
        (1.31, False, "rises with the renewals (BdW), by how much they do not settle."),
    ],
)
def test_each_customers_own_chance_may_move(c, converged, said):
    fit = a_fit(1, 2)
    fit.goodness = lambda: SimpleNamespace(p_value=0.5, n_free=3)
    row = pd.DataFrame([(9.0, 8.0, 10.0), (c, 1.12, 1.53)], columns=["estimate", "lower", "upper"])
    more = SimpleNamespace(log_params=np.log([9.0, c]), is_converged=converged, params=row)
    found = words.fit_findings(planted(fit=fit, extension=more, shape_p_value=0.0099))
    assert found == [f"The counts ask for more than customers who differ: each customer's own chance to leave {said}"]
    assert words.fit_findings(planted(fit=fit, extension=more, shape_p_value=0.01)) == []
    assert words.fit_findings(planted(fit=None)) == []


def test_every_renewal_figure_is_the_number_that_it_names():
    renewals = renewed()
    first, alpha, beta, later = figures.renewal_figures(renewals)
    seen_later = renewals.shown.iloc[1:].sum()
    assert (later.label, later.n) == ("Go on at renewals 2 to 8 together", seen_later["n_up"])
    assert later.estimate == pytest.approx(1 - seen_later["n_left"] / seen_later["n_up"])
    row = renewals.observed.iloc[0]
    assert (first.estimate, first.lower, first.upper, first.n) == tuple(row[["retention", "lower", "upper", "n_up"]])
    assert first.label == "Go on at the first renewal (after a year)"
    assert first.estimator == "share of those who came to it under observation; Wilson; 95 % interval"
    limits = profile_limits(renewals.fit).set_index("parameter")
    for figure, name in ((alpha, "alpha"), (beta, "beta")):
        row = limits.loc[name]
        assert (figure.estimate, figure.lower, figure.upper) == tuple(row[["estimate", "lower", "upper"]])
        assert (figure.label, figure.n) == (f"sBG {name}", renewals.fit.counts.n_decisions)
        assert figure.validation == renewals.check.say_short()
        assert figure.estimator == (
            "shifted-beta-geometric by maximum likelihood (Fader and Hardie 2007); 95 % interval of the profile "
            "likelihood"
        )
    assert renewals.first_start < datetime(2014, 2, 1)


@pytest.mark.parametrize(("n_left", "verdict"), [(22, "agrees"), (60, "does not agree")])
def test_the_first_renewal_in_the_holdout_by_hand(n_left, verdict):
    """100 of 431 left before; of 100 then 22 are as many, 60 are not."""
    observed = seen((1, 431, 331 / 431, 0.73, 0.81)).assign(n_left=100)
    later = pd.DataFrame(
        {"renewal": [1, 2], "n_up": [100, 3], "n_left": [n_left, 1], "retention": [1 - n_left / 100, 0.5]}
    )
    check = replace(a_check(MODEL), by_renewal=later)
    first = figures.renewal_figures(planted(observed=observed, check=check))[0]
    assert first.validation == f"holdout: {100 - n_left} % of 100; {verdict}"
    assert first.verdict == {"agrees": AGREES, "does not agree": REFUTED}[verdict]
    apart = replace(check, is_holdout=False)
    unchecked = figures.renewal_figures(planted(observed=observed, check=apart))[0]
    assert (unchecked.validation, unchecked.verdict) == ("none", None)
    second = replace(check, by_renewal=later.tail(1))
    assert figures.renewal_figures(planted(observed=observed, check=second))[0].validation == "none"
