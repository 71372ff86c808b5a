"""Fine-Gray regression: another program's results, brute force on split rows, and worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.hazards import fit_cox, fit_fine_gray
from crm_research.models.hazards.partial_likelihood import evaluate
from crm_research.models.hazards.subdistribution import build_staying_sets, staying_influence
from tests.models.hazards.reasons import entered_late, mgus, proportional_incidence, split_rows, two_reasons

# finegray and coxph (ties by Efron) of R survival 3.8 as ported in `survival` 2.0 for Python, on split rows.
PEER = {
    ("pcm", False): [-0.01730171, -0.25975679],
    ("death", False): [0.05882332, 0.37231541],
    ("pcm", True): [-0.02546957, -0.3068619],
    ("death", True): [0.05221564, 0.37888481],
}
# The same program's sandwich, which takes the weights as known.
PEER_ROBUST = {"pcm": [0.00570293, 0.18563469], "death": [0.00369754, 0.0671042]}


@pytest.mark.parametrize(("target", "is_late"), PEER)
def test_coefficients_are_those_of_r_on_split_rows(target: str, is_late: bool) -> None:
    frame = entered_late(mgus()) if is_late else mgus()
    fit = fit_fine_gray(frame, ["age", "male"], target=target)
    np.testing.assert_allclose(fit.terms["coefficient"], PEER[target, is_late], atol=5e-9)
    assert fit.n == 1384
    assert fit.notes == ()


@pytest.mark.parametrize("target", PEER_ROBUST)
def test_errors_are_near_those_that_take_the_weights_as_known(target: str) -> None:
    fit = fit_fine_gray(mgus(), ["age", "male"], target=target)
    np.testing.assert_allclose(fit.terms["std_error"], PEER_ROBUST[target], rtol=0.01)


def _chances(entry, tenure, stopped, at):
    """G(t-) and H(t-) by their definitions, one tenure at a time."""
    g, h = 1.0, 1.0
    for u in np.unique(tenure[stopped]):
        if u < at:
            risk = (entry < u) & ((tenure > u) | ((tenure == u) & stopped))
            g *= 1 - ((tenure == u) & stopped).sum() / risk.sum()
    for u in np.unique(entry[entry > 0]):
        if u >= at:
            h *= 1 - (entry == u).sum() / ((entry <= u) & (tenure > u)).sum()
    return g * h


def _brute(entry, tenure, ended, other, stratum, x, beta):
    """Log likelihood and score by loops over ends, with ties, late entry and strata."""
    value, score = 0.0, 0.0
    w = np.exp(beta * x)
    for s in np.unique(stratum):
        own = stratum == s
        stopped = ~ended[own] & ~other[own]
        chance = {t: _chances(entry[own], tenure[own], stopped, t) for t in np.unique(tenure[own])}
        for t in np.unique(tenure[own & ended]):
            weight = np.where((tenure >= t) & (entry < t), 1.0, 0.0) * own
            for i in np.flatnonzero(own & other & (tenure < t)):
                weight[i] = chance[t] / chance[tenure[i]]
            tied = own & ended & (tenure == t)
            for nth in range(tied.sum()):
                part = np.where(tied, 1 - nth / tied.sum(), 1.0) * weight
                bottom = (part * w).sum()
                value -= np.log(bottom)
                score -= (part * w * x).sum() / bottom
            value += (beta * x[tied]).sum()
            score += x[tied].sum()
    return value, score


def test_likelihood_by_brute_force_with_ties_late_entry_and_strata() -> None:
    rng = np.random.default_rng(11)
    n = 120
    entry = np.where(rng.random(n) < 0.4, rng.integers(1, 4, n), 0).astype(float)
    tenure = entry + rng.integers(1, 9, n)
    kind, stratum, x = rng.integers(0, 3, n), rng.integers(0, 2, n), rng.normal(size=n)
    ended, other = kind == 1, kind == 2
    # A tenure of 0 to begin with counts as one from before the first: the brute force needs the strict order.
    value, score = _brute(np.where(entry == 0, -1.0, entry), tenure, ended, other, stratum, x, 0.6)
    staying = build_staying_sets(entry, tenure, ended, other, stratum.astype(np.int64))
    at = evaluate(staying, x[staying.order][:, None], np.array([0.6]))
    assert at.log_likelihood == pytest.approx(value, rel=1e-12)
    assert at.score[0] == pytest.approx(score, rel=1e-10)


def test_information_is_the_derivative_of_the_score() -> None:
    spells = two_reasons(200, seed=3, months=True)
    price = (spells["end_reason"] == "price").to_numpy()
    staying = build_staying_sets(
        np.zeros(200), spells["tenure_days"].to_numpy(), price, spells["is_ended"].to_numpy() & ~price,
        np.zeros(200, np.int64),
    )  # fmt: skip
    x = spells[["a", "b"]].to_numpy()[staying.order]
    beta, step = np.array([0.3, -0.2]), 1e-5
    for column in range(2):
        move = np.eye(2)[column] * step
        up, down = evaluate(staying, x, beta + move), evaluate(staying, x, beta - move)
        slope = (down.score - up.score) / (2 * step)
        np.testing.assert_allclose(slope, evaluate(staying, x, beta).information[column], rtol=1e-6)


def _weighted_root(entry, tenure, ended, other, x, case):
    """The coefficient with case weights in the likelihood and in the estimated chances; ends are not tied."""
    stopped = ~ended & ~other
    chance = {}
    for at in np.unique(tenure):
        product = 1.0
        for u in np.unique(tenure[stopped & (tenure < at)]):
            risk = (entry < u) & ((tenure > u) | ((tenure == u) & stopped))
            product *= 1 - case[(tenure == u) & stopped].sum() / case[risk].sum()
        for u in np.unique(entry[(entry > 0) & (entry >= at)]):
            product *= 1 - case[entry == u].sum() / case[(entry <= u) & (tenure > u)].sum()
        chance[at] = product
    own = np.array([chance[t] for t in tenure])
    ends = np.flatnonzero(ended)
    weight = np.array(
        [
            np.where(other & (tenure < tenure[i]), chance[tenure[i]] / own, (tenure >= tenure[i]) & (entry < tenure[i]))
            for i in ends
        ]
    )
    beta = 0.0
    for _ in range(30):
        part = weight * case * np.exp(beta * x)
        mean = part @ x / part.sum(axis=1)
        spread = part @ x**2 / part.sum(axis=1) - mean**2
        step = (case[ends] * (x[ends] - mean)).sum() / (case[ends] * spread).sum()
        beta += step
        if abs(step) < 1e-13:
            break
    return beta


@pytest.mark.parametrize("is_late", [False, True])
def test_influence_is_how_the_coefficient_moves_with_the_weight_of_a_row(is_late: bool) -> None:
    rng = np.random.default_rng(5)
    n = 60
    entry = np.where(rng.random(n) < 0.4, rng.integers(1, 4, n), 0).astype(float) if is_late else np.zeros(n)
    tenure = entry + rng.integers(1, 8, n)
    kind, x = rng.choice([0, 1, 2], n, p=[0.4, 0.3, 0.3]), rng.normal(size=n)
    ended, other = kind == 1, kind == 2
    tenure[ended] += np.linspace(0.1, 0.9, ended.sum())
    strict = np.where(entry == 0, -1.0, entry)
    beta = _weighted_root(strict, tenure, ended, other, x, np.ones(n))
    moved = []
    for i in range(n):
        more, less = np.ones(n), np.ones(n)
        more[i], less[i] = 1 + 1e-5, 1 - 1e-5
        up, down = (_weighted_root(strict, tenure, ended, other, x, case) for case in (more, less))
        moved.append((up - down) / 2e-5)
    staying = build_staying_sets(entry, tenure, ended, other, np.zeros(n, np.int64))
    columns = x[staying.order][:, None]
    at = evaluate(staying, columns, np.array([beta]))
    assert abs(at.score[0]) < 1e-9
    score = staying_influence(staying, columns, at, entry=entry, tenure=tenure, stopped=kind == 0)
    found = np.empty(n)
    found[staying.order] = score[:, 0] / at.information[0, 0]
    np.testing.assert_allclose(found, moved, atol=1e-7)


def test_a_spell_in_two_rows_says_what_it_says_in_one() -> None:
    frame = entered_late(mgus()).assign(spell=range(1384))
    whole = fit_fine_gray(frame, ["age", "male"], target="pcm", cluster="spell")
    cut = fit_fine_gray(split_rows(frame), ["age", "male"], target="pcm", cluster="spell")
    assert cut.n > 2600
    np.testing.assert_allclose(cut.terms["coefficient"], whole.terms["coefficient"], rtol=1e-9)
    np.testing.assert_allclose(cut.terms["std_error"], whole.terms["std_error"], rtol=1e-9)


def test_a_lone_long_spell_in_two_rows_does_not_empty_the_risk_set() -> None:
    spells = two_reasons(300, seed=4)
    longest = spells["tenure_days"].idxmax()
    spells.loc[longest, ["tenure_days", "is_ended", "end_reason"]] = [5000.0, False, None]
    rows = split_rows(spells.assign(entry_days=0.0))
    fit = fit_fine_gray(rows, ["a"], target="price", cluster="spell")
    whole = fit_fine_gray(spells, ["a"], target="price")
    assert fit.terms["coefficient"].iloc[0] == pytest.approx(whole.terms["coefficient"].iloc[0], rel=1e-9)


def test_with_one_reason_only_it_is_cox_with_robust_errors() -> None:
    spells = two_reasons(400, seed=5, months=True)
    spells["end_reason"] = np.where(spells["is_ended"], "any", None)
    gray = fit_fine_gray(spells, ["a", "b"], target="any")
    cox = fit_cox(spells.assign(own=range(400)), ["a", "b"], cluster="own")
    np.testing.assert_allclose(gray.terms["coefficient"], cox.terms["coefficient"], rtol=1e-10)
    np.testing.assert_allclose(gray.terms["std_error"], cox.terms["std_error"], rtol=1e-10)


def test_without_censoring_those_who_left_otherwise_are_never_out_of_watch() -> None:
    spells = two_reasons(400, seed=6)
    spells = spells.loc[spells["is_ended"]].reset_index(drop=True)
    otherwise = spells["end_reason"] == "moved"
    for_ever = spells.assign(
        tenure_days=spells["tenure_days"].where(~otherwise, 1e6), is_ended=spells["is_ended"] & ~otherwise
    )
    gray, cox = fit_fine_gray(spells, ["a", "b"], target="price"), fit_cox(for_ever, ["a", "b"])
    np.testing.assert_allclose(gray.terms["coefficient"], cox.terms["coefficient"], rtol=1e-10)


def test_the_true_ratios_and_shares_are_found() -> None:
    fit = fit_fine_gray(proportional_incidence(8000, seed=1), ["a", "b"], target="price")
    truth = np.array([0.7, -0.5])
    assert (np.abs(fit.terms["coefficient"] - truth) < 3 * fit.terms["std_error"]).all()
    who = pd.DataFrame({"a": [0.0, 1.0], "b": [0.0, 1.0], "tenure_days": [0.0, 0.0]})
    ratio = np.exp(np.array([0.0, 0.2]))
    expected = 1 - (1 - 0.6 * (1 - np.exp(-1.0))) ** ratio
    np.testing.assert_allclose(fit.incidence(who, [365]).iloc[:, 0], expected, atol=0.02)
    assert fit.incidence(who, [5000]).isna().all(axis=None)
    started = fit.risk(who.assign(tenure_days=[0.0, 90.0]), [365])
    assert started.iloc[:, 0].notna().tolist() == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True])
def test_intervals_hold_the_truth_as_often_as_they_say(late: bool) -> None:
    truth, hits, n_worlds = np.array([0.7, -0.5]), np.zeros(2), 500
    for seed in range(n_worlds):
        terms = fit_fine_gray(proportional_incidence(300, seed=seed, late=late), ["a", "b"], target="price").terms
        hits += ((terms["lower"] < np.exp(truth)) & (np.exp(truth) < terms["upper"])).to_numpy()
    assert (hits / n_worlds >= 0.925).all()
    assert (hits / n_worlds <= 0.975).all()


class TestTrouble:
    def test_a_reason_nobody_left_for(self) -> None:
        with pytest.raises(NotEnoughData, match="'bored'"):
            fit_fine_gray(two_reasons(50, seed=1), ["a"], target="bored")

    def test_a_column_that_is_not_there(self) -> None:
        with pytest.raises(ParameterError, match="'reasson'"):
            fit_fine_gray(two_reasons(50, seed=1), ["a"], target="price", reason="reasson")

    def test_a_constant_leaves_a_fit_without_ratios(self) -> None:
        fit = fit_fine_gray(two_reasons(50, seed=1).assign(same=1.0), ["same"], target="price")
        assert fit.contrasts().empty
        assert fit.notes == ("same is the same for everybody and was left out.",)

    def test_one_end(self) -> None:
        spells = two_reasons(50, seed=1)
        keep = spells.index[spells["end_reason"] == "price"][0]
        spells.loc[(spells["end_reason"] == "price") & (spells.index != keep), "end_reason"] = "moved"
        fit = fit_fine_gray(spells, ["a"], target="price")
        assert fit.n_ended == 1
        assert any("ratios are shaky" in note or "without overlap" in note for note in fit.notes)

    def test_a_group_nobody_of_which_left_for_it(self) -> None:
        spells = two_reasons(400, seed=2).assign(plan="basic")
        stays = spells.index[spells["end_reason"] != "price"][:50]
        spells.loc[stays, "plan"] = "优惠"
        spells.loc[spells.index[-80:], "plan"] = "plus"
        fit = fit_fine_gray(spells, ["plan"], target="price")
        assert fit.terms["level"].tolist() == ["plus"]
        assert any("plan = 优惠" in note for note in fit.notes)

    def test_a_gap_in_which_nobody_was_watched_is_told(self) -> None:
        early = two_reasons(60, seed=1).assign(entry_days=0.0)
        early["tenure_days"] = early["tenure_days"].clip(upper=400)
        late = two_reasons(60, seed=2).assign(entry_days=500.0)
        late["tenure_days"] += 500
        fit = fit_fine_gray(pd.concat([early, late]), ["a"], target="price")
        assert any("nobody was watched for a while" in note for note in fit.notes)
        assert np.isfinite(fit.terms["coefficient"]).all()
