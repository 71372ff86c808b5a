"""lifelines is asked on the same spells: it agrees, it is loud where it does not, and no page dies of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData
from crm_research.figures import NO_VALIDATION, REFUTED
from crm_research.models.hazards import fit_cox
from crm_research.models.parametric import fit_parametric
from crm_research.models.second_opinion import (
    SecondOpinion,
    compare_incidence_estimates,
    compare_ratios,
    compare_shape,
    compare_survival_estimates,
    put_beside,
)
from crm_research.models.second_opinion.curves import as_rows
from crm_research.models.second_opinion.opinion import ask
from crm_research.models.survival import build_risk_table, count_rows, estimate_incidence, estimate_survival

SPELLS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(0, 6), st.integers(1, 3)), min_size=1, max_size=30
)


def a_world(n=400, *, seed=1, is_late=False):
    rng = np.random.default_rng(seed)
    tenure = np.ceil(rng.weibull(0.8, n) * 300)
    entry = np.where(rng.random(n) < 0.5, np.floor(tenure * rng.random(n)), 0.0) if is_late else np.zeros(n)
    world = pd.DataFrame(
        {
            "tenure_days": tenure,
            "is_ended": rng.random(n) < 0.4,
            "entry_days": entry,
            "end_reason": rng.choice(list("abc"), n),
        }
    )
    world["fee"], world["plan"] = rng.normal(size=n), rng.choice(["flex", "basic", "plus"], n)
    return world


def counts_of(world):
    return count_rows(world["tenure_days"], world["is_ended"], entry_days=world["entry_days"])


def ends_of(world):
    ended = world.loc[world["is_ended"]]
    return ended.groupby(["tenure_days", "end_reason"]).size().reset_index(name="n_ended")


@pytest.mark.parametrize("is_late", [False, True])
def test_it_agrees_on_an_ordinary_world(is_late):
    world = a_world(is_late=is_late)
    counts, ends = counts_of(world), ends_of(world)
    curve = compare_survival_estimates(counts, estimate_survival(counts))["all"]
    reasons = compare_incidence_estimates(counts, ends, estimate_incidence(counts, ends))
    ratios = compare_ratios(world, fit_cox(world, ["fee", "plan"]))
    shapes = [
        compare_shape(counts, fit_parametric(counts, shape=s))
        for s in ("exponential", "weibull", "log_normal", "log_logistic")
    ]
    assert [found.agrees for found in (curve, reasons, ratios, *shapes)] == [True] * 7
    assert curve.gap < 1e-12
    assert ratios.gap < 1e-6
    if not is_late:
        assert curve.say() == "equal to lifelines (Kaplan-Meier) to 1e-6 on 400 contracts"
        assert ratios.say() == "equal to lifelines (Cox regression) to 1e-4 on 400 contracts"
        assert shapes[1].say() == "equal to lifelines (Weibull curve) to 1e-4 on 400 contracts"


def test_ties_are_compared_where_it_is_exact_and_that_is_said():
    world = a_world(400)
    counts, ends = counts_of(world), ends_of(world)
    found = compare_incidence_estimates(counts, ends, estimate_incidence(counts, ends))
    n_ended, n_tenures = int(world["is_ended"].sum()), world.loc[world["is_ended"], "tenure_days"].nunique()
    assert n_tenures < n_ended
    assert found.n == 400 - n_ended + n_tenures
    assert found.say() == (
        f"equal to lifelines (Aalen-Johansen) to 1e-6 on {found.n} of 400 contracts, one end for each tenure "
        "(it shifts ties by chance)"
    )


def test_without_ties_the_shares_themselves_are_compared():
    world = a_world(300).assign(tenure_days=np.arange(300.0) + 1)
    counts, ends = counts_of(world), ends_of(world)
    curves = estimate_incidence(counts, ends)
    assert compare_incidence_estimates(counts, ends, curves).n == 300
    wrong = replace(curves, curves=curves.curves.assign(incidence=curves.curves["incidence"] * 1.01))
    assert compare_incidence_estimates(counts, ends, wrong).agrees is False


def test_a_wrong_curve_is_told_loudly():
    counts = counts_of(a_world())
    curves = estimate_survival(counts)
    wrong = replace(curves, curves=curves.curves.assign(survival=lambda t: t["survival"] + 2e-6))
    found = compare_survival_estimates(counts, wrong)["all"]
    assert found.agrees is False
    assert found.say() == (
        "NOT equal to lifelines (Kaplan-Meier) on 400 contracts: the two differ by up to 2e-06 (share), where 1e-6 "
        "would do; do not use this number before the difference is understood"
    )
    assert put_beside(found) == (found.say(), REFUTED)
    assert put_beside(found, "holdout: agrees", "agrees") == (f"{found.say()}; holdout: agrees", REFUTED)


@pytest.mark.parametrize("shape", ["exponential", "weibull", "log_normal", "log_logistic"])
def test_a_shape_off_its_peak_is_found_out(shape):
    counts = counts_of(a_world())
    fit = fit_parametric(counts, shape=shape)
    theta = fit._theta.copy()
    theta[0] += 0.05
    moved = fit.parameters.assign(
        estimate=fit.parameters["estimate"] + np.where(fit.parameters["parameter"] == "location", 0.05, 0)
    )
    assert compare_shape(counts, replace(fit, _theta=theta, parameters=moved)).agrees is False


def test_a_wrong_ratio_is_found_out():
    world = a_world()
    fit = fit_cox(world, ["fee", "plan"])
    terms = fit.terms.assign(
        coefficient=fit.terms["coefficient"] + np.where(fit.terms["covariate"] == "fee", 1e-3, 0.0)
    )
    found = compare_ratios(world, replace(fit, terms=terms))
    assert found.agrees is False
    assert found.gap == pytest.approx(1e-3, rel=0.1)


def test_what_agrees_stands_beside_the_other_check_and_leaves_the_verdict():
    found = SecondOpinion(method="Kaplan-Meier", n=7, n_all=7, gap=1e-6, tolerance=1e-6)
    assert found.agrees is True
    said = "equal to lifelines (Kaplan-Meier) to 1e-6 on 7 contracts"
    assert put_beside(found) == (said, None)
    assert put_beside(found, "holdout: does not agree", REFUTED) == (f"holdout: does not agree; {said}", REFUTED)
    assert put_beside(None) == (NO_VALIDATION, None)


def test_what_could_not_be_compared_leaves_a_number_unchecked_and_says_why():
    counts = counts_of(a_world().assign(is_ended=False))
    found = compare_survival_estimates(counts, estimate_survival(counts))["all"]
    assert found.agrees is None
    assert put_beside(found) == ("none; not compared with lifelines: nobody has left yet", None)
    assert put_beside(found, "holdout: agrees", "agrees") == ("holdout: agrees", "agrees")
    shape = compare_shape(counts_of(a_world()), fit_parametric(counts_of(a_world()), shape="gompertz"))
    assert shape.say() == "not compared with lifelines: it has no Gompertz curve"


def test_whatever_it_raises_is_said_and_no_page_dies():
    def stop():
        raise ZeroDivisionError("for whatever reason")

    found = ask("Cox regression", stop, n=3, n_all=3, tolerance=1e-4)
    assert found.say() == "not compared with lifelines: its Cox regression stopped with ZeroDivisionError"
    nothing = ask("Cox regression", lambda: float("nan"), n=3, n_all=3, tolerance=1e-4)
    assert nothing.say() == "not compared with lifelines: its Cox regression gives no number here"


def test_each_group_has_its_own_opinion():
    world = a_world()
    counts = count_rows(world["tenure_days"], world["is_ended"], entry_days=world["entry_days"], group=world["plan"])
    found = compare_survival_estimates(counts, estimate_survival(counts))
    assert {name: one.n for name, one in found.items()} == world["plan"].value_counts().to_dict()
    assert all(one.agrees for one in found.values())


def test_a_large_table_is_compared_on_contracts_drawn_alike_each_time():
    world = a_world(9000).assign(contract_id=np.arange(9000))
    fit = fit_cox(world, ["fee", "plan"])
    first, again = compare_ratios(world, fit), compare_ratios(world, fit)
    assert first == again
    assert (first.n, first.n_all, first.agrees) == (8000, 9000, True)
    assert first.say().endswith("on 8,000 of 9,000 contracts, drawn at random with a fixed seed")


def test_groups_told_apart_have_their_own_baseline_in_both():
    world = a_world(600)
    is_plus = world["plan"] == "plus"
    world["tenure_days"] = np.where(is_plus, world["tenure_days"] % 7 + 1, world["tenure_days"] + 10)
    world["is_ended"] |= is_plus
    fit = fit_cox(world, ["fee", "plan"])
    assert fit.apart["level"].tolist() == ["plus"]
    assert compare_ratios(world, fit).agrees is True


@pytest.mark.parametrize("is_late", [False, True])
def test_stretches_strata_and_the_first_day(is_late):
    world = a_world(500, is_late=is_late)
    world.loc[:20, ["tenure_days", "entry_days"]] = 0.0
    world = world.loc[(world["tenure_days"] > world["entry_days"]) | (world["entry_days"] == 0)]
    assert compare_ratios(world, fit_cox(world, ["fee"], strata=["plan"])).agrees is True


@settings(deadline=None, max_examples=40)
@given(SPELLS)
def test_rows_with_weights_hold_the_counts(spells):
    frame = pd.DataFrame(spells, columns=["exit", "kind", "entry", "n"])
    frame = frame.loc[(frame["exit"] > frame["entry"]) | (frame["entry"] == 0)]
    frame = frame.loc[frame.index.repeat(frame["n"])].reset_index(drop=True)
    if frame.empty:
        return
    table = build_risk_table(count_rows(frame["exit"], frame["kind"] > 0, entry_days=frame["entry"]))
    rows = as_rows(table)
    assert (rows["weight"] > 0).all()
    assert ((rows["tenure_days"] > rows["entry_days"]) | (rows["entry_days"] == 0)).all()
    entered = rows.groupby("entry_days")["weight"].sum().reindex(table.tenure_days, fill_value=0)
    assert entered.tolist() == table.n_entered.tolist()
    for flag, own in ((True, table.n_ended), (False, table.n_censored)):
        left = rows.loc[rows["is_ended"] == flag].groupby("tenure_days")["weight"].sum()
        assert left.reindex(table.tenure_days, fill_value=0).tolist() == own.tolist()


@settings(deadline=None, max_examples=40)
@given(SPELLS)
@pytest.mark.slow
def test_it_never_contradicts_and_never_stops_on_thin_records(spells):
    frame = pd.DataFrame(spells, columns=["tenure_days", "kind", "entry_days", "n"]).astype(float)
    frame = frame.loc[(frame["tenure_days"] > frame["entry_days"]) | (frame["entry_days"] == 0)]
    frame = frame.loc[frame.index.repeat(frame["n"])].reset_index(drop=True)
    if frame.empty:
        return
    world = frame.assign(is_ended=frame["kind"] > 0, end_reason=frame["kind"].astype(int).astype(str))
    counts, ends = counts_of(world), ends_of(world)
    curve = compare_survival_estimates(counts, estimate_survival(counts))["all"]
    assert curve.agrees is not False
    reasons = compare_incidence_estimates(counts, ends, estimate_incidence(counts, ends))
    assert reasons.agrees is not False
    try:
        fit = fit_cox(world.assign(fee=np.arange(len(world)) % 3), ["fee"])
    except NotEnoughData:
        return
    assert compare_ratios(world.assign(fee=np.arange(len(world)) % 3), fit).agrees is not False
