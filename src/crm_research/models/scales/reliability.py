"""Do several questions measure one thing, and how well?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.scales.alpha_limits import limit_alpha
from crm_research.models.scales.coefficients import FloatArray, alpha_of, ave_of, rho_a_of, rho_c_of
from crm_research.models.scales.one_factor import load_on_one_factor
from crm_research.models.scales.reading import Answers, read_answers
from crm_research.stats.correlations import Moments, resample_moments, weigh_moments
from crm_research.stats.intervals import check_confidence
from crm_research.vocabulary import say_count

CONVENTIONS: Final = {"alpha": 0.7, "rho_a": 0.7, "rho_c": 0.7, "ave": 0.5}
_FEWEST: Final = 5
# The loadings of copies come near to 1, as far as the search for them goes.
_AS_GOOD_AS_ONE: Final = 1 - 1e-5
_FEW: Final = 50


@dataclass(frozen=True, eq=False, kw_only=True)
class ScaleQuality:
    """How well a set of questions measures one thing, as far as these answers tell.

    Parameters
    ----------
    coefficients
        Grain: coefficient. Columns ``coefficient`` (``alpha``, ``rho_a``, ``rho_c``, ``ave``), ``estimate``, ``lower``,
        ``upper``, ``convention`` (what is commonly asked for; no more than a convention), ``verdict`` (``met``: the
        whole interval reaches it; ``not met``: none of it does; ``unclear``; empty where there is no estimate).
    items
        Grain: item that was used. Columns ``item``, ``mean``, ``std_dev``, ``loading`` (on the one factor), ``lower``,
        ``upper``, ``item_rest`` (correlation with the sum of the other items), ``alpha_if_dropped``, ``is_reversed``
        (loads against the others, with its whole interval).
    alpha_if_turned
        Alpha once the reversed items are turned round; NaN where none is reversed.
    second_eigenvalue
        Of the correlation matrix; above 1 the items may hold a second thing (a convention).
    n, n_effective
        Respondents used; Kish's effective number under weights.
    estimator
        In words.
    notes
        What was left out or is doubtful.
    """

    coefficients: pd.DataFrame
    items: pd.DataFrame
    alpha_if_turned: float
    second_eigenvalue: float
    n: int
    n_effective: float
    n_bootstraps: int
    confidence: float
    estimator: str
    notes: tuple[str, ...]

    def estimate(self, coefficient: str) -> float:
        """One coefficient by its name."""
        return float(self.coefficients.set_index("coefficient")["estimate"][coefficient])


def assess_scale(
    answers: pd.DataFrame,
    items: Sequence[str],
    *,
    weights: str | None = None,
    cluster: str | None = None,
    n_bootstraps: int = 1000,
    seed: int = 20170101,
    confidence: float = 0.95,
) -> ScaleQuality:
    """Do these questions measure one thing, and how reliably?

    Parameters
    ----------
    answers
        One row a respondent, one column an item. Respondents with a gap in one of these items are left out and counted.
    items
        The questions of one scale.
    weights
        Column of weights, such as inverse chances to answer.
    cluster
        Column of those whose rows are drawn together.
    n_bootstraps
        Resamples of respondents; their percentiles are the limits, but for alpha (see `limit_alpha`).

    Raises
    ------
    ParameterError
        For a column that is not there, or no item.
    NotEnoughData
        With fewer than five complete respondents, or when all answer every item alike.

    Notes
    -----
    Alpha is of the sum of the items as answered (covariances), and takes all items to be equally good. rho_c
    (McDonald's omega), rho_A (of the sum weighted by the loadings) and AVE come from the loadings of one common factor,
    which are smaller than the composite loadings of a path model; so are these coefficients. One item has none of them.
    No item is turned round here: reversed ones are named.

    References
    ----------
    Cronbach (1951); McDonald (1999), Test Theory; Dijkstra and Henseler (2015), MIS Quarterly 39, 297-316; Fornell and
    Larcker (1981), Journal of Marketing Research 18, 39-50.
    """
    check_confidence(confidence)
    names = list(dict.fromkeys(items))
    if not names:
        raise ParameterError("Name at least one item of the scale.")
    read = read_answers(
        answers, names, what="The quality of a scale", fewest=_FEWEST, weights=weights, cluster=cluster, is_filled=False
    )
    used = [name for name in read.items if name not in read.constant]
    if not used:
        raise NotEnoughData(
            "The quality of a scale: items that differ", needed=1, found=0,
            mend="Everybody answered every item alike; such answers cannot tell how well it measures.",
        )  # fmt: skip
    values = read.scores[:, [read.items.index(name) for name in used]]
    observed = weigh_moments(values - values.mean(axis=0), read.weight[None, :])
    drawn = [
        _measure(moments)
        for moments in resample_moments(
            values, read.weight, n_bootstraps=n_bootstraps if read.n_owners > 1 else 0, seed=seed, owner=read.owner
        )
    ]
    return _assemble(used, values, read, observed, drawn, confidence)


def _measure(moments: Moments) -> dict[str, FloatArray]:
    """Every coefficient of every set, and the loadings under the name ``loading``."""
    correlations = moments.correlations
    n_sets, k = correlations.shape[:2]
    if k < 2:
        nothing = np.full(n_sets, np.nan)
        return dict.fromkeys(CONVENTIONS, nothing) | {"loading": np.full((n_sets, k), np.nan)}
    loadings = load_on_one_factor(correlations)
    variance = np.einsum("si,sij,sj->s", loadings, correlations, loadings)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = loadings / np.sqrt(variance)[:, None]
    return {
        "alpha": alpha_of(moments.covariances),
        "rho_a": rho_a_of(correlations, weights),
        "rho_c": rho_c_of(loadings),
        "ave": ave_of(loadings),
        "loading": loadings,
    }


def _assemble(
    names: list[str],
    values: FloatArray,
    read: Answers,
    observed: Moments,
    drawn: list[dict[str, FloatArray]],
    confidence: float,
) -> ScaleQuality:
    found = _measure(observed)
    loading = found["loading"][0]
    sample = {name: np.concatenate([batch[name] for batch in drawn]) if drawn else None for name in found}
    if sample["loading"] is not None:
        sample["loading"] = sample["loading"] * np.where(sample["loading"] @ loading < 0, -1.0, 1.0)[:, None]
    lower, upper = _limits(sample["loading"], len(names), confidence)
    is_reversed = (loading < 0) & ~(upper >= 0)
    signs = np.where(is_reversed, -1.0, 1.0)
    turned = alpha_of(observed.covariances[0] * signs[:, None] * signs[None, :]) if is_reversed.any() else np.nan
    eigenvalues = np.linalg.eigvalsh(observed.correlations[0])
    table = pd.DataFrame(
        {
            "item": names,
            "mean": read.weight @ values / read.weight.sum(),
            "std_dev": observed.spreads[0],
            "loading": loading,
            "lower": lower,
            "upper": upper,
            "item_rest": _item_rest(observed.covariances[0]),
            "alpha_if_dropped": _alpha_if_dropped(observed.covariances[0]),
            "is_reversed": is_reversed,
        }
    )
    second = float(eigenvalues[-2]) if len(names) > 1 else np.nan
    return ScaleQuality(
        coefficients=_tabulate(
            found, sample, limit_alpha(values, read.weight, read.owner, confidence=confidence), confidence
        ),
        items=table,
        alpha_if_turned=float(turned),
        second_eigenvalue=second,
        n=len(values),
        n_effective=read.n_effective,
        n_bootstraps=len(sample["alpha"]) if sample["alpha"] is not None else 0,
        confidence=float(confidence),
        estimator="alpha from covariances, jackknife of log(1 - alpha) over customers; rho_A, rho_c and AVE from one "
        "common factor, bootstrap percentiles",
        notes=(*read.notes, *_doubts(table, float(turned), second, read.n_effective)),
    )


def _tabulate(
    found: dict[str, FloatArray],
    sample: dict[str, FloatArray | None],
    of_alpha: tuple[float, float],
    confidence: float,
) -> pd.DataFrame:
    rows = []
    for name, convention in CONVENTIONS.items():
        lower, upper = (float(limit[0]) for limit in _limits(sample[name], 1, confidence))
        if name == "alpha":
            lower, upper = of_alpha
        estimate = float(found[name][0])
        rows.append(
            {
                "coefficient": name,
                "estimate": estimate,
                "lower": lower,
                "upper": upper,
                "convention": convention,
                "verdict": judge(estimate, lower, upper, convention),
            }
        )
    return pd.DataFrame(rows)


def judge(estimate: float, lower: float, upper: float, convention: float) -> str:
    """``met``, ``not met`` or ``unclear`` (the interval holds the convention); empty without an estimate."""
    if not np.isfinite(estimate):
        return ""
    if not (np.isfinite(lower) and np.isfinite(upper)):
        return "unclear"
    if lower >= convention:
        return "met"
    return "not met" if upper < convention else "unclear"


def _limits(sample: FloatArray | None, size: int, confidence: float) -> tuple[FloatArray, FloatArray]:
    nothing = np.full(size, np.nan)
    if sample is None:
        return nothing, nothing
    sample = sample.reshape(len(sample), -1)
    sample = sample[np.isfinite(sample).all(axis=1)]
    if not len(sample):
        return nothing, nothing
    lower, upper = np.quantile(sample, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return np.asarray(lower), np.asarray(upper)


def _item_rest(covariances: FloatArray) -> FloatArray:
    own = np.diag(covariances)
    with_all = covariances.sum(axis=1)
    rest_variance = covariances.sum() - 2 * with_all + own
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(rest_variance > 0, (with_all - own) / np.sqrt(own * rest_variance), np.nan))


def _alpha_if_dropped(covariances: FloatArray) -> FloatArray:
    k = len(covariances)
    others = [[place for place in range(k) if place != dropped] for dropped in range(k)]
    return np.array([float(alpha_of(covariances[np.ix_(rest, rest)])) if len(rest) > 1 else np.nan for rest in others])


def _doubts(table: pd.DataFrame, turned: float, second: float, n_effective: float) -> list[str]:
    doubts = []
    if len(table) < 2:
        doubts.append("A single item has no reliability that its answers could tell.")
        return doubts
    if n_effective < _FEW:
        doubts.append(f"Only {say_count(n_effective, 'respondent')} (effective): the limits are rough.")
    against = table.loc[table["is_reversed"], "item"].tolist()
    if against:
        doubts.append(
            f"Reversed against the other items: {', '.join(against)}. Turn the scale round if this was asked in "
            f"reverse (alpha would be {turned:.2f})."
        )
    full = table.loc[table["loading"].abs() >= _AS_GOOD_AS_ONE, "item"].tolist()
    if full and len(full) == len(table):
        doubts.append("The items are copies of one another: so perfect a scale asks one thing several times.")
    elif full:
        doubts.append(
            f"{', '.join(full)} would load beyond 1 on the common factor: the items do not follow one factor."
        )
    if second > 1:
        doubts.append("The second eigenvalue is above 1: these items may hold more than one thing (a convention).")
    return doubts
