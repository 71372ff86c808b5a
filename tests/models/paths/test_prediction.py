"""LeavingPrediction answers of people left out, against a slow loop and against worlds where the answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.paths import fit_paths, predict_paths
from crm_research.models.paths.held_out import cut_folds
from tests.models.paths.test_fit import PATHS, constructs_of, some_answers


def slowly(answers, constructs, antecedents, n_folds, n_repeats, seed):
    """Mean squared errors of the loyalty items, one fold at a time, by the path model and by regression."""
    targets, first = constructs["loyalty"], constructs["quality"]
    sources = first if antecedents == "earliest" else [*first, *constructs["satisfaction"]]
    errors = {"paths": [], "linear": []}
    for cut in cut_folds(len(answers), n_folds, n_repeats, seed):
        for fold in range(n_folds):
            train, test = answers[cut != fold], answers[cut == fold]
            mean, spread = train.mean(), train.std(ddof=0)
            model = fit_paths(train, constructs, PATHS, n_bootstraps=0)
            z = (test - mean) / spread
            score = {
                name: z[items] @ model.loadings.set_index("item")["weight"][items] for name, items in constructs.items()
            }
            if antecedents == "earliest":
                total = model.effects.set_index(["source", "target"])["total"]
                loyalty = total["quality", "loyalty"] * score["quality"]
            else:
                loyalty = sum(model.path(cause, "loyalty") * score[cause] for cause in ("quality", "satisfaction"))
            loading = model.loadings.set_index("item")["loading"][targets]
            predicted = np.outer(loyalty, loading * spread[targets]) + mean[targets].to_numpy()
            errors["paths"].append((test[targets] - predicted) ** 2)
            x = np.column_stack([np.ones(len(train)), train[sources]])
            slopes = np.linalg.lstsq(x, train[targets], rcond=None)[0]
            errors["linear"].append(
                (test[targets] - np.column_stack([np.ones(len(test)), test[sources]]) @ slopes) ** 2
            )
    return {rule: pd.concat(parts).mean() ** 0.5 for rule, parts in errors.items()}


@pytest.mark.parametrize("antecedents", ["earliest", "direct"])
def test_it_is_the_slow_loop(antecedents):
    answers = some_answers(60, n_items=2)
    constructs = constructs_of(answers)
    expected = slowly(answers, constructs, antecedents, 4, 2, 5)
    found = predict_paths(answers, constructs, PATHS, antecedents=antecedents, n_folds=4, n_repeats=2, seed=5)
    rows = found.items.set_index("item").loc[constructs["loyalty"]]
    assert rows["rmse"].tolist() == pytest.approx(expected["paths"].tolist(), rel=1e-5)
    assert rows["rmse_linear"].tolist() == pytest.approx(expected["linear"].tolist(), rel=1e-6)


def test_a_true_model_beats_the_mean_and_the_regression_on_few_answers():
    answers = some_answers(100)
    found = predict_paths(answers, constructs_of(answers), PATHS, n_repeats=3)
    whole = found.constructs.set_index("construct").loc["all"]
    assert whole["mean_upper"] < 0
    assert whole["linear_difference"] < 0
    assert whole["power"] in {"medium", "high"}
    assert (found.items["q2"] < 1).all()


def test_noise_has_no_power():
    noise = pd.DataFrame(np.random.default_rng(2).normal(size=(150, 12)), columns=some_answers(3).columns)
    found = predict_paths(noise, constructs_of(noise), PATHS, n_repeats=2)
    assert found.constructs["power"].tolist() == ["none"] * 3
    assert (found.constructs["mean_upper"] > 0).all()


def test_gaps_are_not_predicted_and_customers_stay_together():
    answers = some_answers(80)
    answers.loc[:9, "loyalty_0"] = np.nan
    found = predict_paths(answers, constructs_of(answers), PATHS, n_repeats=1)
    assert found.items.set_index("item")["n"].loc[["loyalty_0", "loyalty_1"]].tolist() == [70, 80]
    twice = pd.concat([some_answers(40).assign(owner=range(40))] * 2, ignore_index=True)
    constructs = constructs_of(twice.drop(columns="owner"))
    apart = predict_paths(twice, constructs, PATHS, cluster="owner", n_repeats=2).items["rmse_linear"].mean()
    leaking = predict_paths(twice, constructs, PATHS, n_repeats=2).items["rmse_linear"].mean()
    assert apart > 1.05 * leaking


def test_bad_requests_end_in_words():
    answers = some_answers(60)
    constructs = constructs_of(answers)
    with pytest.raises(NotEnoughData, match=r"needs at least 20 respondents \(customers\); found 19"):
        predict_paths(answers.head(19), constructs, PATHS)
    with pytest.raises(ParameterError, match="n_folds"):
        predict_paths(answers, constructs, PATHS, n_folds=1)
    with pytest.raises(ParameterError, match="antecedents"):
        predict_paths(answers, constructs, PATHS, antecedents="latest")
    twins = answers.assign(quality_1=answers["quality_0"])
    assert np.isfinite(predict_paths(twins, constructs, PATHS, n_repeats=1).items["rmse_linear"]).all()
