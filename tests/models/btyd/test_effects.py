"""Covariates: simulated effects are found again, likelihoods agree with another package, bad input is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.btyd import EFFECT_MODELS, fit_effects, fit_mbg_nbd, fit_pareto_nbd
from tests.models.btyd.worlds import two_regions

MODELS = ("Pareto/NBD", "MBG/NBD", "BG/NBD")


@pytest.fixture(scope="module")
def fitted():
    return {
        model: fit_effects(two_regions(2_000, model=model, seed=3), ["region"], model=model, time_unit_days=1.0)
        for model in MODELS
    }


@pytest.mark.parametrize("model", MODELS)
def test_effects_of_a_simulated_world_are_found_again(fitted, model):
    found = fitted[model]
    assert found.is_converged
    assert found.notes == ()
    ratios = found.effects.set_index("effect")
    assert (ratios["level"] == "north").all()
    assert (ratios["reference"] == "south").all()
    for effect, truth in zip(ratios.index, (1.5, 2.0), strict=True):
        row = ratios.loc[effect]
        assert abs(np.log(row["ratio"] / truth)) < 3.5 * row["se_log"]
        assert row["lower"] < row["ratio"] < row["upper"]
    alive = found.alive_by_level().set_index("level")
    assert alive.loc["north", "upper"] < alive.loc["south", "lower"]
    mixed = np.average(alive["alive_share"], weights=alive["n_customers"])
    assert found.alive_share()[0] == pytest.approx(mixed)
    n = found.likelihood.kinds.frame["n_customers"]
    assert np.average(found.probability_alive(), weights=n) == pytest.approx(mixed)


@pytest.mark.parametrize("model", MODELS)
def test_the_likelihood_ratio_is_that_of_the_fit_without_the_covariate(fitted, model):
    found = fitted[model]
    both = found.tests.iloc[0]
    assert both["chi2"] == pytest.approx(2 * (found.log_likelihood - found.base.log_likelihood), abs=1e-5)
    assert (both["df"], both["p_value"]) == (2, pytest.approx(stats.chi2.sf(both["chi2"], 2)))
    # Each effect alone is worth no more than both, and Wald's test says about the same.
    alone = found.tests.iloc[1:].set_index("effect")["chi2"]
    assert (alone <= both["chi2"]).all()
    wald = found.effects.set_index("effect")
    wald = (np.log(wald["ratio"]) / wald["se_log"]) ** 2
    np.testing.assert_allclose(alone[wald.index], wald, rtol=0.35)


def test_the_pareto_nbd_with_a_covariate_has_the_likelihood_of_lifetimes_by_region():
    lifetimes = pytest.importorskip("lifetimes")
    world = two_regions(600, model="Pareto/NBD", seed=5)
    found = fit_effects(world, ["region"], model="Pareto/NBD", time_unit_days=7.0)
    likelihood = lifetimes.ParetoNBDFitter._conditional_log_likelihood
    parts = [world.loc[world["region"] == region] for region in ("south", "north")]

    def negative(point):
        r, alpha, s, beta = np.exp(point[:4])
        total = 0.0
        for part, z in zip(parts, (0.0, 1.0), strict=True):
            params = (r, alpha * np.exp(-point[4] * z), s, beta * np.exp(-point[5] * z))
            columns = part["frequency"], part["recency_days"] / 7, part["age_days"] / 7
            total += float(np.sum(likelihood(params, *[column.to_numpy(dtype=float) for column in columns])))
        return -total

    ratios = np.log(found.effects["ratio"].to_numpy())
    # The model's own parameters are those of the reference level.
    reference = found.likelihood.log_params(found.point, _kind_of(found, "south"))
    ours = np.concatenate([reference, ratios])
    assert -negative(ours) == pytest.approx(found.log_likelihood, abs=1e-4)
    other = optimize.minimize(negative, np.zeros(6), method="L-BFGS-B", options={"maxiter": 400})
    assert other.fun > -found.log_likelihood - 1e-3
    np.testing.assert_allclose(other.x[4:], ratios, atol=0.02)


def test_regions_that_share_nothing_but_their_pace_cannot_beat_two_fits_of_their_own():
    world = two_regions(1_200, model="MBG/NBD", seed=6)
    found = fit_effects(world, ["region"], model="MBG/NBD")
    alone = [fit_mbg_nbd(part).log_likelihood for _, part in world.groupby("region")]
    # Two parameters (r and b) are shared, so twice the gap is chi-squared with 2 degrees of freedom, the model true.
    gap = 2 * (sum(alone) - found.log_likelihood)
    assert -1e-6 < gap < stats.chi2.ppf(0.9999, 2)
    assert found.log_likelihood > found.base.log_likelihood


def _kind_of(found, region: str) -> int:
    frame, kind = found.likelihood.kinds.frame, found.likelihood.kinds.kind
    return int(kind[(frame["region"] == region).to_numpy()][0])


def test_counts_of_combinations_fit_as_the_customers_they_stand_for():
    world = two_regions(800, model="MBG/NBD", seed=7).round({"recency_days": -1, "age_days": -1})
    columns = ["frequency", "recency_days", "age_days", "region"]
    counted = world.groupby(columns, as_index=False).size().rename(columns={"size": "n_customers"})
    one, other = (fit_effects(frame, ["region"], model="MBG/NBD") for frame in (world, counted.sample(frac=1.0)))
    assert len(counted) < len(world)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-10)
    np.testing.assert_allclose(other.effects["ratio"], one.effects["ratio"], rtol=1e-6)


def test_a_covariate_that_says_nothing_has_ratios_around_one():
    world = two_regions(1_500, model="MBG/NBD", seed=8, rate=1.0, dropout=1.0)
    found = fit_effects(world, ["region"], model="MBG/NBD")
    assert (found.effects["lower"] < 1.0).all()
    assert (found.effects["upper"] > 1.0).all()
    assert (found.tests["p_value"] > 0.01).all()


def test_sparse_levels_empty_values_and_repetitions_are_named():
    world = two_regions(900, model="MBG/NBD", seed=9)
    world["channel"] = np.select([np.arange(900) % 3 == 0, np.arange(900) % 3 == 1], [None, "网店"], "shop")
    world.loc[:4, "channel"] = "fax"
    world.loc[[5, 8], "channel"] = "telex"
    world["same"] = world["region"] + "!"
    found = fit_effects(world, ["region", "channel", "same"], model="MBG/NBD")
    assert found.is_converged
    levels = found.effects.loc[found.effects["covariate"] == "channel"]
    # The two sparse levels are too few even together, so the smaller of the others joins them.
    assert set(levels["level"]) == {"all others", "not known"}
    assert len(set(levels["reference"])) == 1
    assert set(levels["reference"]) < {"网店", "shop"}
    assert any("fax" in note and "telex" in note and "all others" in note for note in found.notes)
    assert any(
        note.startswith("same") and note.endswith("the other characteristics do not, and was left out.")
        for note in found.notes
    )
    assert found.covariates == ("region", "channel")


def test_dropout_that_never_happens_in_one_kind_leaves_the_purchase_rates():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"frequency": rng.poisson(rng.gamma(2, 5, 400)) + 1, "recency_days": 299.0, "age_days": 300.0})
    frame["kind"] = np.where(np.arange(400) % 2 == 0, "one", "two")
    found = fit_effects(frame, ["kind"])
    # Nobody drops out in either, so only the rate is compared.
    assert found.base.limit.words == ("nobody drops out",)
    assert found.effects["effect"].tolist() == ["purchase rate"]
    assert found.is_converged
    mean = frame.groupby("kind")["frequency"].mean()
    row = found.effects.iloc[0]
    assert row["ratio"] == pytest.approx(mean[row["level"]] / mean[row["reference"]], rel=0.02)


def test_a_kind_that_never_drops_out_beside_one_that_does_is_no_infinite_ratio():
    world = two_regions(600, model="Pareto/NBD", seed=1)
    stays = pd.DataFrame({"frequency": 9, "recency_days": 299.0, "age_days": 300.0, "region": ["east"] * 200})
    found = fit_effects(pd.concat([world, stays]), ["region"])
    assert np.isfinite(found.effects["ratio"]).all()
    assert found.effects["effect"].unique().tolist() == ["purchase rate"]
    assert any("Dropping out cannot be compared" in note for note in found.notes)


def test_what_cannot_be_compared_is_refused_with_the_mend():
    world = two_regions(300, model="MBG/NBD", seed=1)
    with pytest.raises(ParameterError, match="regoin"):
        fit_effects(world, ["regoin"])
    with pytest.raises(ParameterError, match="at least one"):
        fit_effects(world, [])
    with pytest.raises(ParameterError, match="BG/NBD"):
        fit_effects(world, ["region"], model="Weibull")
    with pytest.raises(ParameterError, match="bands"):
        fit_effects(world.assign(number=np.arange(300)), ["number"])
    with pytest.raises(NotEnoughData, match="fewer, larger levels"):
        fit_effects(world.assign(alike="x"), ["alike"])
    with pytest.raises(
        NotEnoughData,
        match=r"^A comparison of kinds of customers needs at least 2 levels of 30 customers and 10 repeaters; "
        r"found 1\. Take a covariate with fewer, larger levels\.$",
    ):
        fit_effects(world.head(12), ["region"])
    assert set(EFFECT_MODELS) == set(MODELS)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["Pareto/NBD", "MBG/NBD"])
def test_intervals_of_effects_cover_the_truth(model):
    n_worlds = 150
    covered = []
    for seed in range(n_worlds):
        found = fit_effects(two_regions(1_500, model=model, seed=4_000 + seed), ["region"], model=model)
        truth = np.array([1.5, 2.0])
        covered.append((found.effects["lower"] <= truth) & (truth <= found.effects["upper"]))
    assert np.mean(covered, axis=0) == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / n_worlds))


def test_the_fit_without_covariates_is_the_plain_fit():
    world = two_regions(600, model="Pareto/NBD", seed=2)
    found = fit_effects(world, ["region"])
    plain = fit_pareto_nbd(world)
    assert found.base.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(found.base.params["estimate"], plain.params["estimate"], rtol=1e-9)
