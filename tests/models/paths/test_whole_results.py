"""Every column of a path model against resamples turned by hand; doubts, predictions and refusals word for word."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.paths import compare_paths, fit_paths, predict_paths
from crm_research.models.paths.algorithm import weigh_items
from crm_research.models.paths.comparison import _doubts as _say_differing
from crm_research.models.paths.comparison import _tabulate_paths
from crm_research.models.paths.consistent import correct_paths
from crm_research.models.paths.fit import _doubts, _say_overlap
from crm_research.models.paths.invariance import Contrast, tabulate_invariance
from crm_research.models.paths.plan import plan_paths
from crm_research.models.paths.prediction import _compare, _power, _tabulate_items
from crm_research.models.paths.tables import _corrected_limits, _p_value
from crm_research.models.scales.coefficients import alpha_of, ave_of, htmt_of, rho_a_of, rho_c_of
from crm_research.stats.correlations import resample_moments
from crm_research.stats.drawn_limits import explained_limits
from crm_research.stats.multiplicity import adjust_holm

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

CONSTRUCTS = {"zeal": ["z0", "z1", "z2"], "need": ["n0", "n1"], "bond": ["b0", "b1"]}
PATHS = (("zeal", "need"), ("need", "bond"), ("zeal", "bond"))
LEVEL = 0.8
N = 30  # customers, with two answers each


def answers(n=60):
    rng = np.random.default_rng(8)
    zeal = rng.normal(size=n)
    need = 0.7 * zeal + 0.7 * rng.normal(size=n)
    bond = 0.5 * need + 0.3 * zeal + 0.8 * rng.normal(size=n)
    held = {"z": zeal, "n": need, "b": bond}
    noise = {"z0": 0.4, "z1": 0.6, "z2": 0.9, "n0": 0.5, "n1": 0.7, "b0": 0.3, "b1": 0.8}
    frame = pd.DataFrame({item: 5 + held[item[0]] + rng.normal(0, noise[item], n) for item in noise})
    frame.loc[2, list(frame)[2:]] = np.nan  # two answers of seven: left out
    return frame.assign(w=1.0 + np.arange(n) % 3, who=[f"c{place // 2}" for place in range(n)]).set_axis(
        [f"r{place}" for place in range(n)]
    )


def turned(comp, first, plan):
    """Signs of each construct, so that its items load as those of the original."""
    own = np.arange(len(plan.items)), plan.owner
    turn = np.array(
        [
            -1.0 if (comp.loadings[0][own] * first)[plan.owner == place].sum() < 0 else 1.0
            for place in range(len(plan.constructs))
        ]
    )
    return turn, np.outer(turn, turn)


@pytest.fixture(scope="module")
def fitted():
    frame = answers()
    found = fit_paths(
        frame, CONSTRUCTS, PATHS, weights="w", cluster="who", bounds=(-5, 15), n_bootstraps=40, seed=6, confidence=LEVEL
    )
    return frame.drop(index="r2"), found


@pytest.fixture(scope="module")
def drawn(fitted):
    """What each resample gives, one at a time."""
    frame, _ = fitted
    plan = plan_paths(CONSTRUCTS, PATHS, columns=list(frame))
    values = (frame[list(plan.items)].to_numpy() + 5) * 5
    owner = pd.factorize(frame["who"])[0]
    weight = frame["w"].to_numpy()
    covariance = np.cov(values.T, aweights=weight, ddof=0)
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    mean = np.average(values, axis=0, weights=weight)
    original = weigh_items(plan, correlation[None])
    own = np.arange(len(plan.items)), plan.owner
    samples = {
        name: [] for name in ("loading", "weight", "path", "corrected", "total", "points", "r2", "level", "htmt")
    }
    for batch in resample_moments(values, weight, n_bootstraps=40, seed=6, owner=owner):
        for place in range(len(batch.means)):
            c, s, m = batch.correlations[place], batch.spreads[place], batch.means[place]
            comp = weigh_items(plan, c[None])
            turn, pair = turned(comp, original.loadings[0][own], plan)
            samples["loading"].append(comp.loadings[0][own] * turn[plan.owner])
            samples["weight"].append(comp.weights[0][own] * turn[plan.owner])
            samples["path"].append(comp.paths[0] * pair)
            samples["corrected"].append(correct_paths(plan, c[None], comp)[0] * pair)
            total, points, level, _ = in_points(plan, comp, s, m)
            samples["total"].append(total * pair)
            samples["points"].append(points * pair)
            samples["r2"].append(comp.r2[0])
            samples["level"].append(level)
            samples["htmt"].append(
                [htmt_of(c, plan.items_of(i), plan.items_of(j)) for i, j in ((0, 1), (0, 2), (1, 2))]
            )
    return plan, correlation, spread, mean, original, {name: np.array(part) for name, part in samples.items()}


def in_points(plan, comp, spread, mean):
    """Total effects, the same in points, performance, and each item's share of its construct."""
    w = comp.weights[0][np.arange(len(plan.items)), plan.owner]
    unit = np.array([np.abs(w / spread)[plan.owner == place].sum() for place in range(len(plan.constructs))])
    share = np.abs(w / spread) / unit[plan.owner]
    b = comp.paths[0]
    total = b + b @ b + b @ b @ b
    points = total * unit[:, None] / unit[None, :]
    level = np.array(
        [
            (share * np.where(w < 0, 100 - mean, mean))[plan.owner == place].sum()
            for place in range(len(plan.constructs))
        ]
    )
    return total, points, level, share


def of_student(p_value, n):
    """The p-value of expanded percentiles from that of plain ones."""
    return 2 * stats.t.sf(stats.norm.isf(p_value / 2) * np.sqrt((n - 1) / n), n - 1)


def limits(sample):
    """Percentiles so far out that a mean of the customers gets Student's limits."""
    tail = stats.norm.sf(np.sqrt(N / (N - 1)) * stats.t.ppf((1 + LEVEL) / 2, N - 1))
    return np.quantile(sample, [tail, 1 - tail], axis=0)


def test_every_column_of_items_and_constructs(fitted, drawn):
    frame, found = fitted
    plan, _, spread, mean, original, samples = drawn
    assert (found.n, found.n_filled, found.n_bootstraps, found.n_failed, found.confidence) == (59, 0, 40, 0, LEVEL)
    assert (found.scheme, found.has_converged) == ("path", True)
    own = np.arange(7), plan.owner
    _, _, level, share = in_points(plan, original, spread, mean)
    rows = found.loadings
    assert rows.columns.tolist() == [
        "construct", "item", "loading", "lower", "upper", "weight", "weight_lower", "weight_upper", "largest_other",
        "share", "performance",
    ]  # fmt: skip
    assert rows["construct"].tolist() == ["zeal"] * 3 + ["need"] * 2 + ["bond"] * 2
    assert rows["item"].tolist() == ["z0", "z1", "z2", "n0", "n1", "b0", "b1"]
    others = [max(abs(original.loadings[0][i, j]) for j in range(3) if j != plan.owner[i]) for i in range(7)]
    for name, expected in (
        ("loading", original.loadings[0][own]), ("lower", limits(samples["loading"])[0]),
        ("upper", limits(samples["loading"])[1]), ("weight", original.weights[0][own]),
        ("weight_lower", limits(samples["weight"])[0]), ("weight_upper", limits(samples["weight"])[1]),
        ("largest_other", others), ("share", share), ("performance", mean),
    ):  # fmt: skip
        assert rows[name].tolist() == pytest.approx(list(expected)), name
    rows = found.performance
    assert rows.columns.tolist() == ["construct", "performance", "lower", "upper"]
    assert rows["construct"].tolist() == ["zeal", "need", "bond"]
    lower, upper = limits(samples["level"])
    for name, expected in (("performance", level), ("lower", lower), ("upper", upper)):
        assert rows[name].tolist() == pytest.approx(list(expected)), name
    weight = frame["w"].to_numpy()
    values = (frame[list(plan.items)].to_numpy() + 5) * 5
    assert found.scores.index.tolist() == frame.index.tolist()
    assert found.scores.columns.tolist() == ["zeal", "need", "bond"]
    np.testing.assert_allclose(found.scores, (values - mean) / spread @ original.weights[0], atol=1e-9)
    assert np.average(found.scores["zeal"] ** 2, weights=weight) == pytest.approx(1)
    assert found.scores_in_points.columns.tolist() == ["zeal", "need", "bond"]


def test_every_column_of_paths_and_effects(fitted, drawn):
    _, found = fitted
    plan, c, spread, mean, original, samples = drawn
    rows = found.paths
    assert rows.columns.tolist() == [
        "source", "target", "estimate", "lower", "upper", "std_error", "p_value", "corrected", "corrected_lower",
        "corrected_upper", "vif", "f2",
    ]  # fmt: skip
    assert rows[["source", "target"]].to_numpy().tolist() == [["zeal", "need"], ["zeal", "bond"], ["need", "bond"]]
    r = original.correlations[0]
    r12, r1, r2 = r[0, 1], r[0, 2], r[1, 2]
    whole = (r1**2 + r2**2 - 2 * r12 * r1 * r2) / (1 - r12**2)
    by_hand = {
        (0, 1): (r12, 1.0, r12**2 / (1 - r12**2)),
        (0, 2): ((r1 - r12 * r2) / (1 - r12**2), 1 / (1 - r12**2), (whole - r2**2) / (1 - whole)),
        (1, 2): ((r2 - r12 * r1) / (1 - r12**2), 1 / (1 - r12**2), (whole - r1**2) / (1 - whole)),
    }
    corrected = correct_paths(plan, c[None], original)[0]
    for row, (pair, (estimate, vif, f2)) in zip(rows.itertuples(), by_hand.items(), strict=True):
        sample, mended = samples["path"][:, *pair], samples["corrected"][:, *pair]
        assert [row.estimate, row.vif, row.f2] == pytest.approx([estimate, vif, f2])
        assert [row.lower, row.upper] == pytest.approx(list(limits(sample)))
        assert row.std_error == pytest.approx(sample.std(ddof=1))
        beyond = min((sample <= 0).mean(), (sample >= 0).mean())
        assert row.p_value == pytest.approx(of_student(max(2 * beyond, 1 / 40), N))
        assert row.corrected == pytest.approx(corrected[pair])
        known = mended[np.isfinite(mended)]
        expected = list(limits(known)) if len(known) >= 0.99 * 40 else [np.nan, np.nan]
        assert [row.corrected_lower, row.corrected_upper] == pytest.approx(expected, nan_ok=True)
    total, points, *_ = in_points(plan, original, spread, mean)
    rows = found.effects
    assert rows.columns.tolist() == [
        "source", "target", "direct", "indirect", "total", "lower", "upper", "points", "points_lower", "points_upper",
    ]  # fmt: skip
    names = [["zeal", "need"], ["zeal", "bond"], ["need", "bond"]]
    assert rows[["source", "target"]].to_numpy().tolist() == names
    for row, pair in zip(rows.itertuples(), by_hand, strict=True):
        direct = original.paths[0][pair]
        assert [row.direct, row.indirect, row.total] == pytest.approx([direct, total[pair] - direct, total[pair]])
        assert [row.lower, row.upper] == pytest.approx(list(limits(samples["total"][:, *pair])))
        assert row.points == pytest.approx(points[pair])
        assert [row.points_lower, row.points_upper] == pytest.approx(list(limits(samples["points"][:, *pair])))


def test_every_column_of_the_quality_of_constructs(fitted, drawn):
    _, found = fitted
    plan, c, _, _, original, samples = drawn
    rows = found.quality
    assert rows.columns.tolist() == [
        "construct", "n_items", "r2", "r2_lower", "r2_upper", "r2_adjusted", "alpha", "rho_a", "rho_c", "ave",
    ]  # fmt: skip
    for place, (row, n_causes) in enumerate(zip(rows.itertuples(), (0, 1, 2), strict=True)):
        items = plan.items_of(place)
        block, loading = c[np.ix_(items, items)], original.loadings[0][items, place]
        weight = original.weights[0][items, place]
        assert (row.construct, row.n_items) == (plan.constructs[place], len(items))
        r2 = original.r2[0, place]
        adjusted = 1 - (1 - r2) * 58 / (58 - n_causes) if n_causes else np.nan
        lower, upper = explained_limits(r2, samples["r2"][:, place], n=N, confidence=LEVEL)
        assert np.isnan([lower, upper]).tolist() == [not n_causes] * 2
        told = [row.r2, row.r2_lower, row.r2_upper, row.r2_adjusted]
        assert told == pytest.approx([r2, float(lower), float(upper), adjusted], nan_ok=True)
        expected = [alpha_of(block), rho_a_of(block, weight), rho_c_of(loading), ave_of(loading)]
        assert [row.alpha, row.rho_a, row.rho_c, row.ave] == pytest.approx([float(part) for part in expected])
    assert found.htmt[["one", "other"]].to_numpy().tolist() == [["zeal", "need"], ["zeal", "bond"], ["need", "bond"]]
    pairs = [htmt_of(c, plan.items_of(i), plan.items_of(j)) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert found.htmt["htmt"].tolist() == pytest.approx([float(one) for one in pairs])
    assert found.htmt["lower"].tolist() == pytest.approx(np.quantile(samples["htmt"], 0.1, axis=0).tolist())
    assert found.htmt["upper"].tolist() == pytest.approx(np.quantile(samples["htmt"], 0.9, axis=0).tolist())


def test_formative_constructs_have_no_reliability_and_no_ratio():
    found = fit_paths(answers(), CONSTRUCTS, PATHS, modes={"zeal": "B"}, n_bootstraps=1, bounds=(-5, 15))
    assert found.quality.set_index("construct").loc["zeal", ["alpha", "rho_a", "rho_c", "ave"]].isna().all()
    assert found.htmt[["one", "other"]].to_numpy().tolist() == [["need", "bond"]]
    # One resample has percentiles and no spread.
    assert found.paths["std_error"].isna().all()
    assert found.paths["lower"].tolist() == found.paths["upper"].tolist()
    assert found.paths["p_value"].tolist() == [1.0] * 3


def test_a_share_of_resamples_beyond_nought_by_hand():
    many = 10**9  # where Student's t is the normal
    assert _p_value(np.array([-1.0, 2, 3, 4, 5, 6, 7, 8]), many) == pytest.approx(0.25)
    assert _p_value(np.array([1.0, -2, -3, -4]), many) == pytest.approx(0.5)
    assert _p_value(np.array([1.0, 2, 3, 4]), many) == pytest.approx(0.25)  # none beyond: no less than one of four
    assert _p_value(np.array([0.0, 0.0]), 20) == 1.0
    assert np.isnan(_p_value(np.array([]), 20))
    # R: 2 * pt(-qnorm(0.875) * sqrt(19 / 20), 19)
    assert _p_value(np.array([1.0, 2, 3, 4, 5, 6, 7, 8]) * 1.0, 20) == pytest.approx(of_student(0.125, 20))
    most = np.r_[np.arange(99.0), np.nan]
    assert _corrected_limits(most, 10**9, 0.8) == pytest.approx({"corrected_lower": 9.8, "corrected_upper": 88.2})
    fewer = _corrected_limits(np.r_[np.arange(98.0), np.nan, np.nan], 10**9, 0.8)
    assert np.isnan([fewer["corrected_lower"], fewer["corrected_upper"]]).all()


def test_doubts_are_said_whole():
    rows = [("price", "zest", 5.1), ("speed", "zest", 6.0), ("a", "bond", 7.0), ("b", "bond", 5.0), ("c", "bond", 9.0)]
    table = pd.DataFrame(rows, columns=["source", "target", "vif"])
    why = "that chance decides between their paths (variance inflation above 5, a convention)."
    # In the order of the table, which is that of the drawing.
    assert _say_overlap(table) == [
        f"What leads to zest goes so much together (price, speed) {why}",
        f"What leads to bond goes so much together (a, c) {why}",
    ]
    plan = plan_paths(CONSTRUCTS, PATHS, columns=list(answers()), modes={"need": "B"})
    loadings = pd.DataFrame({"item": plan.items, "loading": 0.7, "upper": 0.9})

    def said(n: int, loadings: pd.DataFrame, *, has_converged: bool = True, n_failed: int = 0) -> list[str]:
        found, sets = SimpleNamespace(has_converged=[has_converged]), SimpleNamespace(n_failed=n_failed)
        return _doubts(plan, found, n, sets, loadings)

    assert said(20, loadings) == []
    assert said(19, loadings) == ["19 respondents for 2 arrows into one construct: fewer than 10 each (a convention)."]
    assert said(20, loadings, has_converged=False, n_failed=1234) == [
        "The weights of the items did not settle; nothing on this model can be relied on.",
        "In 1,234 resamples the weights of the items did not settle; these were left out.",
    ]
    # z1 and n0 (whose construct is formed by its items) lie below nought with their upper limits, b0 without one.
    below = loadings.assign(loading=[0.7, -0.4, -0.4, -0.5, 0.6, -0.2, 0.9], upper=[1, -0.1, 0.0, -0.2, 1, np.nan, 1])
    (reversed_items,) = said(20, below)
    assert reversed_items == (
        "Reversed against the other items of the construct: z1, b0. Turn the scale round if this was asked in reverse."
    )
    formed = plan_paths(
        {"zeal": ["z0", "z1", "z2"], "bond": ["b0"]}, [("zeal", "bond")], columns=list(answers()), modes={"zeal": "B"}
    )
    found, sets = SimpleNamespace(has_converged=[True]), SimpleNamespace(n_failed=0)
    none = pd.DataFrame({"item": formed.items, "loading": 0.7, "upper": 0.9})
    assert _doubts(formed, found, 30, sets, none) == []
    assert _doubts(formed, found, 29, sets, none) == [
        "29 respondents for 3 arrows into one construct: fewer than 10 each (a convention)."
    ]


def test_refusals_are_said_whole():
    frame = answers()
    for options, paths, said in (
        ({"scheme": "best"}, PATHS, "scheme must be one of path, factorial, centroid, not 'best'."),
        ({"modes": {"zeal": "C"}}, PATHS, "The mode of 'zeal' must be 'A' (reflective) or 'B' (formative), not 'C'."),
        ({}, [], "A path model needs at least one path, such as ('quality', 'satisfaction')."),
        (
            {},
            [("zeal", "need"), ("need", "zeal")],
            (
                "The paths among zeal, need run in a circle; a path model goes from causes to consequences. Leave one "
                "of these paths out."
            ),
        ),
        (
            {},
            [("zeal", "nead")],
            "Paths name a construct 'nead' without items. Did you mean 'need'? Known: bond, need, zeal.",
        ),
    ):
        with pytest.raises(ParameterError) as raised:
            fit_paths(frame, CONSTRUCTS, paths, **options)
        assert str(raised.value) == said
    for constructs, said in (
        ({**CONSTRUCTS, "zeal": "z0"}, "The construct 'zeal' needs a list of at least one item, not 'z0'."),
        ({**CONSTRUCTS, "zeal": []}, "The construct 'zeal' needs a list of at least one item, not []."),
        ({**CONSTRUCTS, "bond": ["b0", "z1"]}, "The item 'z1' is used by 'zeal' and again by 'bond'. Keep one."),
    ):
        with pytest.raises(ParameterError) as raised:
            fit_paths(frame, constructs, PATHS)
        assert str(raised.value) == said
    with pytest.raises(NotEnoughData) as raised:
        fit_paths(frame.assign(b0=1.0, b1=2.0), CONSTRUCTS, PATHS)
    assert str(raised.value) == (
        "A path model needs items of 'bond' that differ; found none. Take the construct out of the paths, or give it "
        "items on which people differ."
    )
    many = {f"k{place}": [f"k{place}"] for place in range(10)}
    wide = pd.DataFrame(np.random.default_rng(1).normal(size=(11, 10)), columns=list(many))
    into_one = [(name, "k9") for name in list(many)[:9]]
    assert fit_paths(wide, many, into_one, n_bootstraps=0).n == 11
    with pytest.raises(NotEnoughData) as raised:
        fit_paths(wide.head(10), many, into_one, n_bootstraps=0)
    assert str(raised.value) == "A path model needs at least 11 usable respondents; found 10."


def planted_errors():
    """Two items of a construct that something leads to; the second has no answer of the last respondent."""
    plan = plan_paths({"p": ["a"], "q": ["b", "c"]}, [("p", "q")], columns=["a", "b", "c"])
    squared = {
        "paths": [[9, 1.0, 4.0], [9, 4.0, 1.0], [9, 1.0, np.nan]],
        "linear": [[9, 2.0, 2.0], [9, 3.0, 2.0], [9, 4.0, np.nan]],
        "mean": [[9, 4.0, 2.0], [9, 8.0, 3.0], [9, 2.0, np.nan]],
    }
    absolute = {
        "paths": [[3, 1.0, 2.0], [3, 2.0, 1.0], [3, 1.0, np.nan]],
        "linear": [[3, 1.5, 1.4], [3, 1.7, 1.4], [3, 2.0, np.nan]],
        "mean": [[3, 2.0, 1.4], [3, 2.8, 1.7], [3, 1.4, np.nan]],
    }
    return plan, {rule: (np.array(squared[rule]), np.array(absolute[rule])) for rule in squared}


def test_every_column_of_predicted_items_by_hand():
    plan, errors = planted_errors()
    rows = _tabulate_items(plan, np.array([1.0, 2.0, 1.0]), errors).set_index("item")
    assert rows.index.tolist() == ["b", "c"]
    # b: (1 + 2 x 4 + 1) / 4 by paths, (2 + 2 x 3 + 4) / 4 by regression, (4 + 2 x 8 + 2) / 4 by the mean.
    # c, of two respondents: (4 + 2) / 3, (2 + 4) / 3, (2 + 6) / 3.
    expected = {
        "construct": ["q", "q"],
        "n": [3, 2],
        "q2": [1 - 10 / 22, 1 - 6 / 8],
        "rmse": [2.5**0.5, 2**0.5],
        "rmse_linear": [3**0.5, 2**0.5],
        "rmse_mean": [5.5**0.5, (8 / 3) ** 0.5],
        "mae": [6 / 4, 4 / 3],
        "mae_linear": [(1.5 + 3.4 + 2) / 4, 1.4],
        "mae_mean": [(2 + 5.6 + 1.4) / 4, 4.8 / 3],
        "is_better": [True, False],
    }
    assert rows.columns.tolist() == list(expected)
    for name, values in expected.items():
        assert rows[name].tolist() == (values if name in {"construct", "n", "is_better"} else pytest.approx(values))
    errors["mean"][0][:, 2] = [0.0, 0.0, np.nan]
    assert np.isnan(_tabulate_items(plan, np.ones(3), errors)["q2"].iloc[1])


@pytest.mark.parametrize(
    ("is_better", "q2", "power"),
    [
        ([True, True, True], [0.1, 0.1, 0.1], "high"),
        ([True, True, False], [0.1, 0.1, 0.1], "medium"),
        ([True, False, True, False], [0.1] * 4, "medium"),
        ([True, False, False], [0.1, 0.1, 0.1], "low"),
        ([False, False, False], [0.1, 0.1, 0.1], "none"),
        ([True, True, True, True], [0.1, 0.1, -0.1, 0.0], "none"),
        ([True, True, True], [0.1, 0.1, 0.0], "medium"),
        ([False, False, True], [0.1, 0.1, -0.1], "none"),
    ],
)
def test_the_power_to_predict_at_every_edge(is_better, q2, power):
    """Shmueli et al. (2019): of the items that are predicted better than by their mean."""
    assert _power(pd.DataFrame({"is_better": is_better, "q2": q2})) == power


def test_differences_of_errors_are_paired_over_customers_by_hand():
    difference = np.array([[0.1, -0.3], [0.2, np.nan], [-0.4, -0.2], [np.nan, np.nan]])
    read = SimpleNamespace(owner=np.array([0, 0, 1, 2]), weight=np.array([1.0, 2.0, 1.5, 1.0]))
    found = _compare(difference, read, 0.8, "linear")
    # Customer 0: -.2 x 1 + .2 x 2 over 1 x 2 + 2 x 1 answers; customer 1: -.6 x 1.5 over 2 x 1.5; customer 2 none.
    loss, size = np.array([0.2, -0.9]), np.array([4.0, 3.0])
    estimate = -0.7 / 7
    spread = np.sqrt(2 * ((loss - estimate * size) ** 2).sum()) / 7
    reach = stats.t.ppf(0.9, 1) * spread  # R: qt(.9, 1) = 3.077684
    expected = {"linear_difference": estimate, "linear_lower": estimate - reach, "linear_upper": estimate + reach}
    assert found == pytest.approx(expected)
    single = _compare(difference[:2], SimpleNamespace(owner=np.array([0, 0]), weight=np.ones(2)), 0.8, "mean")
    assert single["mean_difference"] == pytest.approx(0.0)
    assert np.isnan([single["mean_lower"], single["mean_upper"]]).all()
    nobody = _compare(difference[3:], SimpleNamespace(owner=np.array([0]), weight=np.ones(1)), 0.8, "mean")
    assert np.isnan(list(nobody.values())).all()


def test_a_prediction_holds_its_settings_and_a_row_for_each_construct():
    frame = answers(50)
    found = predict_paths(frame, CONSTRUCTS, PATHS, n_folds=5, n_repeats=2, antecedents="direct", confidence=LEVEL)
    assert (found.n, found.n_folds, found.n_repeats, found.confidence) == (49, 5, 2, LEVEL)
    assert found.estimator == "PLSpredict, 5 folds, 2 repeats, from direct antecedents; linear model of the same items"
    assert found.notes == (
        "1 of 50 respondents answered less than half of the items (or has no weight) and was left out.",
    )
    rows = found.constructs
    assert rows.columns.tolist() == [
        "construct", "n_items", "n_useful", "n_better", "power", "linear_difference", "linear_lower", "linear_upper",
        "mean_difference", "mean_lower", "mean_upper",
    ]  # fmt: skip
    assert rows["construct"].tolist() == ["need", "bond", "all"]
    assert rows["n_items"].tolist() == [2, 2, 4]
    for name, column in (("n_useful", found.items["q2"] > 0), ("n_better", found.items["is_better"])):
        by = column.groupby(found.items["construct"]).sum()
        assert rows[name].tolist() == [by["need"], by["bond"], by.sum()]
    for name in ("linear", "mean"):
        assert (rows[f"{name}_lower"] < rows[f"{name}_difference"]).all()
        assert (rows[f"{name}_difference"] < rows[f"{name}_upper"]).all()
        # All items together: the mean of the constructs, which have two items each.
        two = rows[f"{name}_difference"]
        assert two[2] == pytest.approx((two[0] + two[1]) / 2)
    for options, said in (
        ({"n_folds": 1}, "n_folds must be 2 or more and n_repeats 1 or more, not 1 and 10."),
        ({"n_repeats": 0}, "n_folds must be 2 or more and n_repeats 1 or more, not 10 and 0."),
        ({"antecedents": "latest"}, "antecedents must be one of earliest, direct, not 'latest'."),
        ({"scheme": "best"}, "scheme must be one of path, factorial, centroid, not 'best'."),
    ):
        with pytest.raises(ParameterError) as raised:
            predict_paths(frame, CONSTRUCTS, PATHS, **options)
        assert str(raised.value) == said
    with pytest.raises(NotEnoughData) as raised:
        predict_paths(frame, CONSTRUCTS, PATHS, n_folds=50)
    assert str(raised.value) == (
        "Judging the path model by prediction needs at least 50 respondents (customers); found 49."
    )


def contrasts(agreement, mean, log_ratio, one=None, other=None):
    """One number a set, for two constructs of which the second has one item."""
    size = len(agreement)
    paths = [np.zeros((size, 2, 2)) for _ in range(2)]
    for place, values in enumerate((one, other)):
        if values is not None:
            paths[place][:, 0, 1] = values
    both = [np.column_stack([np.asarray(part, float)] * 2) for part in (agreement, mean, log_ratio)]
    return Contrast(
        agreement=both[0], mean_difference=both[1], log_variance_ratio=both[2], one=paths[0], other=paths[1],
        has_converged=np.ones(size, dtype=bool),
    )  # fmt: skip


def two_constructs():
    return plan_paths({"p": ["a", "b"], "q": ["c"]}, [("p", "q")], columns=["a", "b", "c"])


def test_every_column_of_invariance_by_hand():
    found = contrasts([0.95], [-0.4], [np.log(1.5)])
    permuted = contrasts([0.90, 0.99, 0.95, 0.97], [0.1, -0.5, 0.4, 0.3], [0.1, 0.2, -0.3, -0.1])
    rows = tabulate_invariance(two_constructs(), found, permuted, 0.75).set_index("construct")
    assert rows.columns.tolist() == [
        "agreement", "agreement_by_chance", "agreement_p", "mean_difference", "mean_p", "variance_ratio", "variance_p",
        "invariance",
    ]  # fmt: skip
    # At or below .95: two of four, and itself: 3 / 5. As far from nought as .4: two, 3 / 5; as log 1.5: none, 1 / 5.
    by_chance = np.quantile([0.90, 0.99, 0.95, 0.97], 0.25)
    assert rows.loc["p"].tolist()[:-1] == pytest.approx([0.95, by_chance, 0.6, -0.4, 0.6, 1.5, 0.2])
    assert rows.loc["p", "invariance"] == "partial"  # 1 / 5 is less than the level of 25 %
    assert rows.loc["q", "agreement_p"] == 1.0
    for agreement, log_ratio, judged in ((0.95, 0.15, "full"), (0.89, 0.15, "none"), (0.95, 0.31, "partial")):
        other = tabulate_invariance(two_constructs(), contrasts([agreement], [-0.4], [log_ratio]), permuted, 0.75)
        assert other["invariance"].tolist() == [judged, "partial" if judged == "partial" else "full"]
    nothing = tabulate_invariance(two_constructs(), found, contrasts([], [], []), 0.8)
    assert np.isnan(nothing["agreement_by_chance"]).all()


def test_every_column_of_compared_paths_by_hand():
    found = contrasts([1.0], [0.0], [0.0], one=[0.5], other=[0.2])
    permuted = contrasts([1.0] * 4, [0] * 4, [0] * 4, one=[0.4, 0.1, 0.3, 0.2], other=[0.1, 0.4, 0.2, 0.3])
    drawn = [np.zeros((4, 2, 2)), np.zeros((3, 2, 2))]
    drawn[0][:, 0, 1], drawn[1][:, 0, 1] = [0.5, 0.6, 0.4, 9.0], [0.1, 0.3, 0.2]
    for alike in ({"p": True, "q": True}, {"p": False, "q": True}, {"p": True, "q": False}):
        (row,) = _tabulate_paths(two_constructs(), found, permuted, drawn, 30, 0.8, alike).to_dict("records")
        tail = stats.norm.sf(np.sqrt(30 / 29) * stats.t.ppf(0.9, 29))
        lower, upper = np.quantile([0.4, 0.3, 0.2], [tail, 1 - tail])
        expected = {"estimate_one": 0.5, "estimate_other": 0.2, "difference": 0.3, "lower": lower, "upper": upper}
        # As far apart as .3: the first two permutations, and itself.
        assert {name: row[name] for name in [*expected, "p_value"]} == pytest.approx({**expected, "p_value": 0.6})
        assert (row["source"], row["target"], row["is_comparable"]) == ("p", "q", all(alike.values()))
        assert list(row) == ["source", "target", *expected, "p_value", "is_comparable"]


def test_groups_differ_by_hand():
    frame = pd.concat([answers().assign(side="u"), answers(90).iloc[30:].assign(side="v")]).reset_index(drop=True)
    frame.loc[frame["side"] == "v", ["n0", "n1"]] += 0.8
    options = {"weights": "w", "n_permutations": 9, "n_bootstraps": 20, "confidence": LEVEL}
    found = compare_paths(frame, CONSTRUCTS, PATHS, "side", **options)
    used = frame.drop(index=2)
    assert found.groups.to_numpy().tolist() == [["u", 59, True], ["v", 60, True]]
    assert (found.n_permutations, found.n_bootstraps, found.confidence) == (9, 20, LEVEL)
    plan = plan_paths(CONSTRUCTS, PATHS, columns=list(frame))
    items, weight = used[list(plan.items)].to_numpy(), used["w"].to_numpy()
    mean = np.average(items, axis=0, weights=weight)
    z = (items - mean) / np.sqrt(np.average((items - mean) ** 2, axis=0, weights=weight))
    together = z.T @ (z * weight[:, None]) / weight.sum()
    common = weigh_items(plan, together[None]).weights[0]
    parts = []
    for side in ("u", "v"):
        rows, w = z[used["side"] == side], weight[used["side"] == side]
        covariance = np.cov(rows.T, aweights=w, ddof=0)
        spread = np.sqrt(np.diag(covariance))
        own = weigh_items(plan, (covariance / np.outer(spread, spread))[None])
        parts.append((np.average(rows, axis=0, weights=w) @ common, common.T @ covariance @ common, own))
    for place, row in enumerate(found.invariance.itertuples()):
        assert (row.one, row.other, row.construct) == ("u", "v", plan.constructs[place])
        one, other = (part[2].weights[0][:, place] for part in parts)
        between = one @ together @ other / np.sqrt((one @ together @ one) * (other @ together @ other))
        ratio = parts[0][1][place, place] / parts[1][1][place, place]
        gap = parts[0][0][place] - parts[1][0][place]
        assert [row.agreement, row.mean_difference, row.variance_ratio] == pytest.approx([between, gap, ratio])
    assert found.paths["p_adjusted"].tolist() == pytest.approx(list(adjust_holm(found.paths["p_value"])))
    assert found.paths[["one", "other"]].drop_duplicates().to_numpy().tolist() == [["u", "v"]]
    for row in found.paths.itertuples():
        at = plan.constructs.index(row.source), plan.constructs.index(row.target)
        assert [row.estimate_one, row.estimate_other] == pytest.approx([part[2].paths[0][at] for part in parts])
    assert found.notes == (
        "1 of 120 respondents answered less than half of the items (or has no weight) and was left out.",
        *found.notes[1:],
    )


def test_what_keeps_groups_from_being_compared_is_said_whole():
    frame = answers(62).assign(side="u")
    frame.loc[["r0", "r1", "r3"], "side"] = "w"
    frame.loc[[f"r{place}" for place in range(40, 62)], "side"] = "v"
    frame.loc[frame["side"] == "v", "b1"] = 4.0
    found = compare_paths(frame, CONSTRUCTS, PATHS, "side", n_permutations=5, n_bootstraps=2)
    said = "Too few respondents (under 20) to compare: w."
    assert found.notes[1:3] == (said, "In v everybody answered b1 alike.")
    invariance = pd.DataFrame({"construct": ["zeal", "bond", "zeal"], "invariance": ["none", "none", "none"]})
    plan = plan_paths(CONSTRUCTS, PATHS, columns=list(frame))
    assert _say_differing(plan, {}, invariance) == [
        "Groups weigh the items of bond, zeal differently: paths from and to them compare different things."
    ]
    assert _say_differing(plan, {}, invariance.assign(invariance="partial")) == []
    one_group = (
        "Comparing paths needs at least 2 groups of 20 respondents; found 1. Join small groups, or compare along "
        "another column."
    )
    many = "There are 6 groups of 20 respondents or more; at most 5 are compared. Join some of them first."
    six = pd.concat([frame.assign(side=str(place)) for place in range(6)], ignore_index=True)
    refused = [(frame.assign(side="u"), NotEnoughData, one_group), (six, ParameterError, many)]
    for given, error, words in refused:
        with pytest.raises(error) as raised:
            compare_paths(given, CONSTRUCTS, PATHS, "side")
        assert str(raised.value) == words
    with pytest.raises(ParameterError) as raised:
        compare_paths(frame, CONSTRUCTS, PATHS, "side", n_permutations=0)
    assert str(raised.value) == "n_permutations must be 1 or more, not 0."
