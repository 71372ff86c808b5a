"""Who answered, and what would the others have said? Weights for what can be seen, a warning for what cannot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from crm_research.features.answers import Survey
from crm_research.features.customers import build_customers, tables_naming_customers
from crm_research.features.rfm import build_rfm
from crm_research.features.window import known_rows
from crm_research.pillars.satisfaction.promoters import sign_answers
from crm_research.show.shown import Shown
from crm_research.stats.intervals import normal_quantile
from crm_research.stats.ties import place_scores
from crm_research.steps import step
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.study import Study

FloatArray = NDArray[np.float64]

_FEWEST: Final = 30
_MOST_LEVELS: Final = 8
_TRIM: Final = 5.0
_RIDGE: Final = 1.0
_PER_COLUMN: Final = 10


@dataclass(frozen=True, eq=False, kw_only=True)
class Response(Shown):
    """Who answered the latest wave among the customers known before it.

    Parameters
    ----------
    n_customers, n_answered
        Customers known when the wave began; those of them who answered under their name.
    n_anonymous
        Answers that belong to nobody and cannot be weighted.
    effects
        Grain: attribute (a number by one standard deviation; a level against the most common one). ``attribute``,
        ``odds_ratio``, ``lower``, ``upper``, ``p_value``.
    discrimination
        Chance that a customer who answered had the higher predicted chance to (out of fold); 0.5 if nothing tells.
    discrimination_lower, discrimination_upper
        Its limits.
    n_effective
        Answers of equal weight that the weighted ones are worth (Kish).
    trimmed_share
        Share of weights that were cut at five times their median.
    moves
        Grain: item (and the net promoter score). ``item``, ``n``, ``plain``, ``weighted``, ``moved``, ``lower``,
        ``upper`` (of the move).
    again
        Those who answered the wave before: mean of their answers then, by whether they answered again; None where too
        few did.
    weights
        One for each customer who answered, by his id; empty without a model.
    notes
        What stood in the way.
    """

    n_customers: int
    n_answered: int
    n_anonymous: int
    effects: pd.DataFrame
    discrimination: float
    discrimination_lower: float
    discrimination_upper: float
    n_effective: float
    trimmed_share: float
    moves: pd.DataFrame
    again: dict[str, float] | None
    weights: pd.Series
    notes: tuple[str, ...]


@step
def measure_response(
    study: Study,
    survey: Survey,
    *,
    now: int,
    before: int | None,
    recommend: str | None,
    outcome: pd.Series | None,
    confidence: float,
    seed: int,
) -> Response:
    """Do those who answered differ from the other customers, and what would that change?

    Parameters
    ----------
    outcome
        A rating for each row of the survey's answers, for the comparison of those who answered again.

    Notes
    -----
    A logistic model (weakly held, one unit of prior for each coefficient) of answering given what was known before the
    wave: attributes, purchases, contracts. Answers are weighted by the inverse of the chance, trimmed at five times the
    median. This mends only what the attributes tell. That unhappy customers stay silent at the same attributes cannot
    be seen in the answers; the comparison of those who answered again is the nearest look at it.

    References
    ----------
    Little and Rubin (2019), Statistical Analysis with Missing Data, 3.3; Kish (1965), Survey Sampling, 11.7; Hanley and
    McNeil (1982), Radiology 143, 29-36.
    """
    latest = survey.answers.loc[survey.answers["wave"] == now]
    if not tables_naming_customers(study):
        why = (
            f"{word_for(len(latest), 'The one answer is', f'All {len(latest):,} answers are')} anonymous and no "
            "other table names customers, so who answered cannot be "
            "compared with who did not. Map customer_id of the surveys, or a table of customers, to have it."
        )
        return replace(_bare(0, 0, len(latest), None), notes=(why,))
    start = latest["asked_at"].min().to_pydatetime().replace(hour=0, minute=0, second=0, microsecond=0)
    people = _read_people(study.standing_at(start - timedelta(microseconds=1)))
    named = latest.dropna(subset=["customer_id"])
    people["is_answered"] = people["customer_id"].isin(named["customer_id"])
    n_answered = int(people["is_answered"].sum())
    again = _answered_again(survey, now, before, outcome, confidence)
    bare = _bare(len(people), n_answered, len(latest) - len(named), again)
    if min(n_answered, len(people) - n_answered) < _FEWEST:
        why = (
            f"{n_answered:,} of {say_count(len(people), 'customer')} known before the wave answered under their "
            "name; at least "
            f"{_FEWEST} who answered and {_FEWEST} who did not are needed to model who answers."
        )
        return replace(bare, notes=(why,))
    design, names, notes = _design(people, n_answered)
    if not names:
        return replace(bare, notes=("Nothing was known of customers before the wave that differs among them.",))
    y = people["is_answered"].to_numpy(dtype=float)
    found, spread = _fit(design, y)
    chance = special.expit(design @ found)
    weight, trimmed = _weigh(people.loc[people["is_answered"], "customer_id"], chance[y > 0])
    auc, low, high = _auc(y, _out_of_fold(design, y, seed), confidence)
    return replace(
        bare,
        effects=_tabulate(names, found[1:], spread[1:], confidence),
        discrimination=auc,
        discrimination_lower=low,
        discrimination_upper=high,
        n_effective=float(weight.sum() ** 2 / (weight**2).sum()),
        trimmed_share=trimmed,
        moves=_move(survey, named, weight, recommend, confidence),
        weights=weight,
        notes=tuple(notes),
    )


def _bare(n_customers: int, n_answered: int, n_anonymous: int, again: dict[str, float] | None) -> Response:
    """What can be said without a model."""
    return Response(
        n_customers=n_customers,
        n_answered=n_answered,
        n_anonymous=n_anonymous,
        effects=pd.DataFrame(columns=["attribute", "odds_ratio", "lower", "upper", "p_value"]),
        discrimination=np.nan,
        discrimination_lower=np.nan,
        discrimination_upper=np.nan,
        n_effective=float(n_answered),
        trimmed_share=0.0,
        moves=pd.DataFrame(columns=["item", "n", "plain", "weighted", "moved", "lower", "upper"]),
        again=again,
        weights=pd.Series(dtype=float),
        notes=(),
    )


def _tabulate(names: list[str], found: FloatArray, spread: FloatArray, confidence: float) -> pd.DataFrame:
    z = normal_quantile(confidence)
    return pd.DataFrame(
        {
            "attribute": names,
            "odds_ratio": np.exp(found),
            "lower": np.exp(found - z * spread),
            "upper": np.exp(found + z * spread),
            "p_value": 2 * stats.norm.sf(np.abs(found / spread)),
        }
    )


def _read_people(then: Study) -> pd.DataFrame:
    """Everybody known just before the wave, with what was known of them."""
    people = build_customers(then)
    kept = ["customer_id", *(name for name in then.attributes_of("customers") if name in people.columns)]
    kept += [name for name in ("kind", "registered_at") if name in people.columns]
    frame = people.filter(people.customer_id.notnull()).select(*dict.fromkeys(kept)).to_pandas()  # noqa: PD004 - Ibis
    if "registered_at" in frame.columns:
        frame["days since registration"] = (pd.Timestamp(then.as_of) - frame.pop("registered_at")).dt.days
    if then.has("orders"):
        rfm = build_rfm(then).select("customer_id", "n_orders", "days_since_last", "spend").to_pandas()
        frame = frame.merge(rfm, on="customer_id", how="left")
        frame["purchases before (log)"] = np.log1p(frame.pop("n_orders").fillna(0).astype(float))
        frame["spend before (log)"] = np.log1p(frame.pop("spend").fillna(0).astype(float).clip(lower=0))
        frame["days since the last purchase"] = frame.pop("days_since_last").astype(float)
    if then.has("contracts"):
        rows = known_rows(then, "contracts")
        runs = rows.ended_at.isnull() if "ended_at" in rows.columns else rows.started_at.notnull()  # noqa: PD003, PD004
        held = rows.group_by("customer_id").agg(runs=runs.any()).to_pandas()
        frame["has a running contract"] = frame["customer_id"].isin(held.loc[held["runs"].astype(bool), "customer_id"])
    ordered: pd.DataFrame = frame.sort_values("customer_id", ignore_index=True)
    return ordered


def _design(people: pd.DataFrame, n_answered: int) -> tuple[FloatArray, list[str], list[str]]:
    columns: dict[str, FloatArray] = {}
    for name in [name for name in people.columns if name not in ("customer_id", "is_answered")]:
        values = people[name]
        if pd.api.types.is_bool_dtype(values):
            columns[name] = values.to_numpy(dtype=float)
        elif pd.api.types.is_numeric_dtype(values):
            columns.update(_number_columns(name, values.astype(float)))
        elif not pd.api.types.is_datetime64_any_dtype(values):
            columns.update(_level_columns(name, values))
    columns = _once({name: values for name, values in columns.items() if np.ptp(values) > 0})
    notes = []
    most = max(1, n_answered // _PER_COLUMN)
    if len(columns) > most:
        notes.append(
            f"{len(columns)} attributes for {say_count(n_answered, 'answer')}; the first "
            f"{word_for(most, 'is', f'{most} are')} used (ten answers for each)."
        )
        columns = dict(list(columns.items())[:most])
    return np.column_stack([np.ones(len(people)), *columns.values()]), list(columns), notes


def _once(columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Columns that say the same of everybody (what is unknown together) are kept once."""
    seen: dict[bytes, str] = {}
    return {name: values for name, values in columns.items() if seen.setdefault(values.tobytes(), name) == name}


def _number_columns(name: str, values: pd.Series) -> dict[str, FloatArray]:
    values = values.replace([np.inf, -np.inf], np.nan)
    if values.notna().sum() < 2:
        return {}
    low, high = values.quantile([0.005, 0.995])
    clipped = values.clip(low, high)
    spread = float(clipped.std())
    found = {}
    if spread > 0:
        scaled = (clipped - clipped.mean()) / spread
        found[name] = scaled.fillna(0.0).to_numpy()
    if values.isna().any():
        found[f"{name}: not known"] = values.isna().to_numpy(dtype=float)
    return found


def _level_columns(name: str, values: pd.Series) -> dict[str, FloatArray]:
    text = values.astype("string").fillna("not known")
    levels = text.value_counts()
    if len(levels) > 0.5 * len(text):  # names of people, not levels
        return {}
    return {f"{name}: {level}": (text == level).to_numpy(dtype=float) for level in levels.index[1 : _MOST_LEVELS + 1]}


def _fit(design: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients and standard errors of a logistic model; the ridge keeps separated attributes finite."""
    beta = np.zeros(design.shape[1])
    beta[0] = special.logit(np.clip(y.mean(), 1e-9, 1 - 1e-9))
    ridge = np.full(len(beta), _RIDGE)
    ridge[0] = 0.0
    for _ in range(50):
        chance = special.expit(design @ beta)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curve + 1e-10 * np.eye(len(beta)), design.T @ (y - chance) - ridge * beta)
        beta = beta + step
        if np.abs(step).max() < 1e-8:
            break
    return beta, np.sqrt(np.diag(np.linalg.inv(curve + 1e-10 * np.eye(len(beta)))))


def _out_of_fold(design: FloatArray, y: FloatArray, seed: int) -> FloatArray:
    fold = np.random.default_rng(seed).permutation(len(y)) % 5
    scores = np.empty(len(y))
    for part in range(5):
        beta, _ = _fit(design[fold != part], y[fold != part])
        scores[fold == part] = design[fold == part] @ beta
    return scores


def _auc(y: FloatArray, scores: FloatArray, confidence: float) -> tuple[float, float, float]:
    ranks = stats.rankdata(place_scores(scores))
    n1, n0 = int(y.sum()), int((1 - y).sum())
    auc = float((ranks[y > 0].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (n1 - 1) * (q1 - auc**2) + (n0 - 1) * (q2 - auc**2)) / (n1 * n0)
    half = normal_quantile(confidence) * float(np.sqrt(max(variance, 0.0)))
    return auc, max(0.0, auc - half), min(1.0, auc + half)


def _weigh(ids: pd.Series, chance: FloatArray) -> tuple[pd.Series, float]:
    raw = 1 / chance
    most = _TRIM * float(np.median(raw))
    weight = np.minimum(raw, most)
    return pd.Series(weight / weight.mean(), index=ids.to_numpy()), float((raw > most).mean())


def _move(
    survey: Survey, named: pd.DataFrame, weight: pd.Series, recommend: str | None, confidence: float
) -> pd.DataFrame:
    each = named["customer_id"].map(weight).to_numpy(dtype=float)
    values = {name: named[name].to_numpy(dtype=float) for name in survey.names}
    if recommend is not None:
        values["net promoter score"] = 100 * sign_answers(named[recommend]).to_numpy(dtype=float)
    rows = []
    for name, answers in values.items():
        held = np.isfinite(answers) & np.isfinite(each)
        if held.sum() < 2:
            continue
        y, w = answers[held], each[held]
        plain, weighted = float(y.mean()), float(w @ y / w.sum())
        parts = w / w.sum() * (y - weighted) - (y - plain) / len(y)
        half = normal_quantile(confidence) * float(np.sqrt(len(y) / (len(y) - 1) * (parts**2).sum()))
        moved = weighted - plain
        rows.append([name, len(y), plain, weighted, moved, moved - half, moved + half])
    return pd.DataFrame(rows, columns=["item", "n", "plain", "weighted", "moved", "lower", "upper"])


def _answered_again(
    survey: Survey, now: int, before: int | None, outcome: pd.Series | None, confidence: float
) -> dict[str, float] | None:
    """Did those who answered again think more highly of us the first time?"""
    if before is None or outcome is None:
        return None
    answers = survey.answers.assign(rating=outcome)
    first = answers.loc[(answers["wave"] == before)].dropna(subset=["customer_id", "rating"])
    last = answers.loc[answers["wave"] == now, "customer_id"]
    is_again = first["customer_id"].isin(last)
    yes, no = first.loc[is_again, "rating"], first.loc[~is_again, "rating"]
    if min(len(yes), len(no)) < 10 or max(yes.var(), no.var()) == 0:
        return None
    test = stats.ttest_ind(yes, no, equal_var=False)
    limits = test.confidence_interval(confidence)
    return {
        "n_again": len(yes), "n_not": len(no), "mean_again": float(yes.mean()), "mean_not": float(no.mean()),
        "gap": float(yes.mean() - no.mean()), "lower": float(limits.low), "upper": float(limits.high),
    }  # fmt: skip
