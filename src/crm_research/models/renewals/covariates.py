"""Who leaves at renewals more than others, customers differing also in what is not recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.btyd.maximise import Objective, Optimum, maximise
from crm_research.models.hazards.collinearity import choose_columns
from crm_research.stats.intervals import FloatArray, check_confidence, normal_quantile
from crm_research.vocabulary import say_count, word_for

_MOST_LEVELS: Final = 30
_FEWEST_LEFT: Final = 5
_NO_GAIN: Final = 0.02
ALIKE: Final = (
    "Beyond these characteristics customers do not differ in a way the renewals show: the ratios are those of one "
    "danger for all who share them."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class CovariateFit:
    """What goes with leaving at a renewal, everything else alike?

    Parameters
    ----------
    ratios
        Grain: level of a covariate, or number. Columns ``covariate``, ``level``, ``reference``, ``hazard_ratio``,
        ``lower``, ``upper``, ``n_up``, ``n_left``. A number's ratio is for one more of its unit.
    shape, shape_lower, shape_upper
        Of the gamma distribution of the danger not explained: the smaller, the more customers differ. Infinite where
        they do not.
    log_likelihood, null_log_likelihood
        With the covariates, and without them (customers differing in what is not recorded only).
    p_value
        Of all covariates together, by the likelihood ratio.
    notes
        What a reader has to know.
    """

    ratios: pd.DataFrame
    shape: float
    shape_lower: float
    shape_upper: float
    log_likelihood: float
    null_log_likelihood: float
    p_value: float
    is_converged: bool
    notes: tuple[str, ...]


def fit_renewal_covariates(
    counts: pd.DataFrame, covariates: Sequence[str], *, confidence: float = 0.95
) -> CovariateFit:
    """What goes with leaving at a renewal, when customers differ also in what is not recorded?

    Parameters
    ----------
    counts
        ``renewal``, ``n_up``, ``n_left`` and the covariates: texts and truth values are compared with their largest
        group, numbers are taken straight.
    covariates
        Columns to explain with.

    Raises
    ------
    ParameterError
        For a column that is not there, or a text of too many values.
    NotEnoughData
        If nobody left, or everybody did.

    Notes
    -----
    The danger of a customer at each renewal is lambda e^(xb), lambda gamma distributed over customers, and a renewal is
    refused with the chance 1 - exp(-danger): S(t | x) = (1 + t e^(xb) / rate)^(-shape). It is the geometric with a
    proportional hazard and a gamma mixture, as the sBG is the geometric with a beta mixture; ratios are those of two
    customers alike in lambda, which is further from 1 than the ratio of two groups' shares in later renewals.
    Maximum likelihood; limits from the observed information on the logarithm of the ratio.

    References
    ----------
    Prentice and Gloeckler (1978), Biometrics 34, 57-67; Meyer (1990), Econometrica 58, 757-782; Fader and Hardie
    (2020), "Incorporating time-varying covariates in a simple mixture model for discrete-time duration data".
    """
    level = check_confidence(confidence)
    frame = _summed(counts, covariates)
    left, up = float(frame["n_left"].sum()), float(frame["n_up"].sum())
    if not 0 < left < up:
        raise NotEnoughData(
            "A model of renewals with covariates", needed=1, found=0, mend="Some must have renewed, and some not."
        )
    notes: list[str] = []
    frame, terms = _terms(frame, covariates, notes)
    left, up = float(frame["n_left"].sum()), float(frame["n_up"].sum())
    terms, more = _apart(frame, terms)
    notes += more
    mixed = _search(frame, terms, is_mixed=True)
    plain = _search(frame, terms, is_mixed=False)
    is_alike = 2.0 * up * (mixed.value - plain.value) < _NO_GAIN
    top = plain if is_alike else mixed
    notes += [ALIKE] if is_alike else list(top.notes)
    null = max(_search(frame, [], is_mixed=mix).value for mix in (True, False))
    gain = max(2.0 * up * (top.value - null), 0.0)
    n_lead = 1 if is_alike else 2
    half = normal_quantile(level) * np.sqrt(np.diag(top.covariance))
    at = [np.inf] * 3 if is_alike else [float(np.exp(top.log_params[0] + sign * half[0])) for sign in (0, -1, 1)]
    return CovariateFit(
        ratios=_ratio_table(frame, terms, top.log_params[n_lead:], half[n_lead:]),
        shape=at[0],
        shape_lower=at[1],
        shape_upper=at[2],
        log_likelihood=top.value * up,
        null_log_likelihood=null * up,
        p_value=float(stats.chi2.sf(gain, len(terms))) if terms else float("nan"),
        is_converged=top.is_converged,
        notes=tuple(notes),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Term:
    """One column of the model: its values, by which they are divided, and what it is called."""

    covariate: str
    level: str
    reference: str
    x: FloatArray
    scale: float


def _summed(counts: pd.DataFrame, covariates: Sequence[str]) -> pd.DataFrame:
    for name in covariates:
        if name not in counts.columns:
            raise ParameterError(f"The renewals have no column {name!r}. {offer_names(name, counts.columns)}")
    keys = [*covariates, "renewal"]
    summed = counts.groupby(keys, as_index=False, observed=True, dropna=True)[["n_up", "n_left"]].sum()
    return summed.loc[summed["n_up"] > 0].reset_index(drop=True)


def _terms(frame: pd.DataFrame, covariates: Sequence[str], notes: list[str]) -> tuple[pd.DataFrame, list[_Term]]:
    """The columns of the model, and the renewals of those who have all of them."""
    compared: dict[str, list[str]] = {}
    for name in covariates:
        if not _is_number(frame[name]):
            frame, compared[name] = _keep_levels(name, frame, notes)
    terms: list[_Term] = []
    for name in covariates:
        if name in compared:
            text, levels = frame[name].astype(str), compared[name]
            for level in levels[1:]:
                values = np.asarray(text == level, dtype=np.float64)
                terms.append(_Term(covariate=name, level=level, reference=levels[0], x=values, scale=1.0))
            continue
        numbers = frame[name].to_numpy(dtype=float)
        spread = float(numbers.std())
        if spread == 0.0:
            notes.append(f"{name} is the same for everybody and explains nothing.")
            continue
        terms.append(_Term(covariate=name, level="1 more", reference="", x=numbers, scale=spread))
    return frame, terms


def _is_number(column: pd.Series[float]) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _keep_levels(name: str, frame: pd.DataFrame, notes: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The levels that can be compared, the reference first, and the renewals that have one of them.

    Who belongs to none of them is not put with the reference: that would move every ratio against it.
    """
    text = frame[name].astype(str)
    sizes = frame.groupby(text)[["n_up", "n_left"]].sum()
    if len(sizes) > _MOST_LEVELS:
        raise ParameterError(f"{name!r} has {len(sizes)} values; a group needs few values shared by many.")
    sizes = sizes.sort_values("n_up", ascending=False, kind="stable")
    fewest = np.minimum(sizes["n_left"], sizes["n_up"] - sizes["n_left"])
    enough = [str(level) for level in sizes.index[fewest >= _FEWEST_LEFT]]
    if len(enough) < 2:
        notes.append(f"{name} was left out: fewer than two of its groups have {_FEWEST_LEFT} who left and who renewed.")
        return frame, []
    few = sizes.loc[~sizes.index.isin(enough)]
    notes += [
        f"{name}: fewer than {_FEWEST_LEFT} of '{level}' left or renewed, so no ratio can be given for them; their "
        f"{say_count(row['n_up'], 'renewal')} {word_for(row['n_up'], 'was', 'were')} left out."
        for level, row in few.iterrows()
    ]
    return frame.loc[text.isin(enough)].reset_index(drop=True), enough


def _apart(frame: pd.DataFrame, terms: list[_Term]) -> tuple[list[_Term], list[str]]:
    """Without the covariates that cannot be told apart from others, and which these were."""
    if len(terms) < 2:
        return terms, []
    weight = frame["n_up"].to_numpy(dtype=float)
    x = np.column_stack([(term.x - np.average(term.x, weights=weight)) / term.scale for term in terms])
    labels = [(term.covariate, term.level if term.reference else "") for term in terms]
    is_level = np.array([bool(term.reference) for term in terms])
    kept, notes = choose_columns((x * weight[:, None]).T @ x, labels, is_level)
    return [terms[place] for place in kept], notes


def _search(frame: pd.DataFrame, terms: Sequence[_Term], *, is_mixed: bool) -> Optimum:
    n_up, n_left = frame["n_up"].to_numpy(dtype=float), frame["n_left"].to_numpy(dtype=float)
    matrix = np.array([(term.x - np.average(term.x, weights=n_up)) / term.scale for term in terms])
    matrix = matrix.reshape(len(terms), len(frame))
    objective = _objective(frame["renewal"].to_numpy(dtype=float), n_up, n_left, matrix, is_mixed=is_mixed)
    danger = float(-np.log1p(-n_left.sum() / n_up.sum()))
    leads = [[np.log(s), np.log(s / danger)] for s in (1.0, 5.0)] if is_mixed else [[np.log(danger)]]
    starts = [np.array([*lead, *np.zeros(len(terms))]) for lead in leads]
    names = [*(["shape", "rate"] if is_mixed else ["danger"]), *(f"{t.covariate} {t.level}".strip() for t in terms)]
    found = maximise(objective, starts, n_customers=float(n_up.sum()), names=names)
    scale = np.array([*np.ones(len(leads[0])), *(1.0 / term.scale for term in terms)])
    return Optimum(
        log_params=found.log_params * scale,
        value=found.value,
        covariance=found.covariance * np.outer(scale, scale),
        is_converged=found.is_converged,
        notes=found.notes,
    )


def _objective(
    renewal: FloatArray, n_up: FloatArray, n_left: FloatArray, matrix: FloatArray, *, is_mixed: bool
) -> Objective:
    """Mean log-likelihood of a decision and its gradient, in (log shape, log rate, b) or (log danger, b)."""
    renewed, total = n_up - n_left, float(n_up.sum())

    def mixed(point: FloatArray) -> tuple[FloatArray, FloatArray]:
        shape, rate, b = np.exp(point[0]), np.exp(point[1]), point[2:]
        danger = np.exp(np.clip(b @ matrix, -30.0, 30.0))
        done = rate + (renewal - 1.0) * danger
        renew = -shape * np.log1p(danger / done)
        # How the share of danger in rate + t danger moves from the last renewal to this one.
        step = renewal * danger / (rate + renewal * danger) - (renewal - 1.0) * danger / done
        return renew, np.vstack([renew[None, :], (shape * step)[None, :], -shape * step * matrix])

    def plain(point: FloatArray) -> tuple[FloatArray, FloatArray]:
        renew = -np.exp(np.clip(point[0] + point[1:] @ matrix, -30.0, 30.0))
        return renew, np.vstack([renew[None, :], renew * matrix])

    def objective(point: FloatArray) -> tuple[float, FloatArray]:
        renew, gradient = (mixed if is_mixed else plain)(point)
        renew = np.minimum(renew, -1e-300)
        leave = np.log(-np.expm1(renew))
        slope = renewed - n_left * np.exp(renew - leave)
        return float(renewed @ renew + n_left @ leave) / total, np.asarray(gradient @ slope / total)

    return objective


def _ratio_table(frame: pd.DataFrame, terms: Sequence[_Term], b: FloatArray, half: FloatArray) -> pd.DataFrame:
    up, left = frame["n_up"].to_numpy(dtype=float), frame["n_left"].to_numpy(dtype=float)
    rows = []
    for place, term in enumerate(terms):
        member = term.x if term.reference else np.ones(len(frame))
        limits = [float(np.exp(b[place] + sign * half[place])) for sign in (0, -1, 1)]
        rows.append((term.covariate, term.level, term.reference, *limits, int(up @ member), int(left @ member)))
    return pd.DataFrame(
        rows,
        columns=["covariate", "level", "reference", "hazard_ratio", "lower", "upper", "n_up", "n_left"],
    )
