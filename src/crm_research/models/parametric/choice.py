"""Which shape predicts best what is hidden from it? A backtest along tenure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.parametric.extend import watched_until
from crm_research.models.parametric.fit import SHAPES, fit_parametric
from crm_research.models.parametric.result import ParametricFit
from crm_research.models.survival.kaplan_meier import product_limit
from crm_research.models.survival.late_entry import well_watched
from crm_research.models.survival.risk import FloatArray, build_risk_table

HELD_FLAT: Final = "held flat"
CONSTANT: Final = "exponential"
_CUTS: Final = (0.35, 0.5, 0.65)
_FEWEST_KNOWN: Final = 20
_FEWEST_HIDDEN: Final = 10
_N_POINTS: Final = 20
_SCORE_COLUMNS: Final = (
    "shape", "log_score", "gain", "gain_error", "survival_error", "survival_bias", "n_best", "aic", "is_chosen"
)  # fmt: skip
_TRIAL_COLUMNS: Final = (
    "trial", "from_days", "to_days", "n_known_ended", "n_hidden", "n_hidden_ended", "best"
)  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Trial:
    """One test: what a shape is given, and what it has to predict.

    Parameters
    ----------
    label
        What was hidden, in words.
    known
        Counts that the shape is fitted to.
    later
        Counts of which those beyond `from_days` are predicted.
    from_days
        The longest tenure known.
    """

    label: str
    known: pd.DataFrame
    later: pd.DataFrame
    from_days: float


@dataclass(frozen=True, eq=False, kw_only=True)
class ShapeChoice:
    """Which shape predicted hidden tenures best?

    Parameters
    ----------
    shape
        The chosen one.
    scores
        Grain: shape, and the curve held flat, the best first. Columns ``shape``, ``log_score`` (log-likelihood of what
        was hidden, by hidden spell; mean of the trials), ``gain`` (over one constant danger), ``gain_error`` (its
        standard error within a trial, mean of the trials), ``survival_error`` (mean distance of predicted and observed
        share still there), ``survival_bias`` (predicted less observed), ``n_best`` (trials it won), ``aic`` (on all
        counts), ``is_chosen``.
    trials
        Grain: trial. Columns ``trial``, ``from_days``, ``to_days``, ``n_known_ended``, ``n_hidden``,
        ``n_hidden_ended``, ``best``.
    notes
        Shapes that could not be fitted, and what could not be tested, in words.
    """

    shape: str
    scores: pd.DataFrame
    trials: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def is_tested(self) -> bool:
        """Was it chosen by what it predicted? Otherwise by AIC."""
        return len(self.trials) > 0


def choose_shape(
    counts: pd.DataFrame, *, trials: Sequence[Trial] | None = None, shapes: Sequence[str] = SHAPES, n_knots: int = 2
) -> ShapeChoice:
    """Which shape, fitted to the shorter tenures only, predicts the longer ones best?

    How well a shape fits what it was fitted to says little about tenures beyond. So each is fitted with the longer
    tenures hidden, at several places, and scored on them: by the log-likelihood of what was hidden, given that the
    spell had lasted so far. That score is proper: nothing but what one believes can gain by it.

    Parameters
    ----------
    counts
        As in `models.survival.estimate_survival`, one group.
    trials
        What to hide; None hides tenures beyond 35, 50 and 65 % of those watched.
    shapes, n_knots
        The shapes that compete, and the inner knots of the spline.

    Notes
    -----
    One constant danger is kept unless the best shape gains more over it than one standard error: what is no better than
    the simplest rule shall not replace it. Trials with fewer than 20 known or 10 hidden ends are left out. Without any
    the shape with the lowest AIC is taken, and a note says that it is untested. The curve held flat has no log score:
    it holds every end impossible.

    References
    ----------
    Proper scores: Gneiting and Raftery (2007), JASA 102, 359-378.
    """
    notes: list[str] = []
    fits = _fit_all(counts, shapes, n_knots, notes)
    if not fits:
        raise NotEnoughData(
            "A curve beyond the records", needed=_FEWEST_HIDDEN, of="ends", found=int(counts["n_ended"].sum()),
            mend="No shape could be fitted to so few ends.",
        )  # fmt: skip
    usable = [trial for trial in (hide_tenures(counts) if trials is None else trials) if _is_telling(trial)]
    tried = [(trial, _score_trial(trial, list(fits), n_knots)) for trial in usable]
    usable = [trial for trial, score in tried if score["log_score"].notna().any()]
    scored = [score for _, score in tried if score["log_score"].notna().any()]
    table = _summarise(scored, fits)
    if not scored:
        notes.append(
            "Too few customers were watched long enough to hide a part of the tenures and predict it: the shape was "
            "chosen by AIC, and nothing tests how it goes on."
        )
    described = [
        {
            "trial": trial.label,
            "from_days": trial.from_days,
            "to_days": float(score["to_days"].iloc[0]),
            "n_known_ended": int(trial.known["n_ended"].sum()),
            "n_hidden": int(score["n_hidden"].iloc[0]),
            "n_hidden_ended": int(score["n_hidden_ended"].iloc[0]),
            "best": str(score["log_score"].idxmax()),
        }
        for trial, score in zip(usable, scored, strict=True)
    ]
    return ShapeChoice(
        shape=str(table.loc[table["is_chosen"], "shape"].iloc[0]),
        scores=table,
        trials=pd.DataFrame(described, columns=list(_TRIAL_COLUMNS)),
        notes=tuple(notes),
    )


def hide_tenures(counts: pd.DataFrame, shares: Sequence[float] = _CUTS) -> list[Trial]:
    """Trials that hide what lies beyond these shares of the tenures watched by enough."""
    reach = watched_until(counts)
    days = np.unique(counts["tenure_days"].to_numpy(dtype=float))
    below = [days[(days <= share * reach) & (days > 0)] for share in shares]
    return [
        Trial(label=f"tenures beyond {cut:,.0f} days", known=cut_counts(counts, cut), later=counts, from_days=cut)
        for cut in dict.fromkeys(float(part[-1]) for part in below if len(part))
    ]


def cut_counts(counts: pd.DataFrame, days: float) -> pd.DataFrame:
    """The counts as if nobody had been watched beyond a tenure: those still there are censored at it."""
    within = counts.loc[counts["tenure_days"] <= days]
    # Whoever is met at the cut itself would be watched for no time.
    entered = within["n_entered"].where((within["tenure_days"] < days) | (within["tenure_days"] == 0), 0)
    within = within.assign(n_entered=entered)
    left = float(within["n_entered"].sum() - within["n_ended"].sum() - within["n_censored"].sum())
    last = pd.DataFrame({"tenure_days": [days], "n_entered": [0], "n_ended": [0], "n_censored": [max(left, 0.0)]})
    columns = ["tenure_days", "n_entered", "n_ended", "n_censored"]
    return pd.concat([within[columns], last], ignore_index=True).astype(float)


def _fit_all(counts: pd.DataFrame, shapes: Sequence[str], n_knots: int, notes: list[str]) -> dict[str, ParametricFit]:
    fits = {}
    for shape in shapes:
        fit = fit_parametric(counts, shape=shape, n_knots=n_knots)
        if fit.has_converged:
            fits[shape] = fit
        else:
            notes.extend(fit.notes)
    return fits


def _is_telling(trial: Trial) -> bool:
    hidden = trial.later.loc[trial.later["tenure_days"] > trial.from_days, "n_ended"].sum()
    return bool(trial.known["n_ended"].sum() >= _FEWEST_KNOWN and hidden >= _FEWEST_HIDDEN)


@np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore")
def _score_trial(trial: Trial, shapes: Sequence[str], n_knots: int) -> pd.DataFrame:
    """Grain: shape. ``log_score``, ``survival_error``, ``survival_bias``, and what was hidden."""
    later = trial.later.loc[trial.later["tenure_days"] > trial.from_days]
    days, ended = later["tenure_days"].to_numpy(dtype=float), later["n_ended"].to_numpy(dtype=float)
    net = ended + later["n_censored"].to_numpy(dtype=float) - later["n_entered"].to_numpy(dtype=float)
    n_hidden = float(net.sum() + later["n_entered"].sum())
    grid, observed = _observed(trial)
    rows: dict[str, dict[str, float]] = {}
    told: dict[str, tuple[FloatArray, FloatArray]] = {}
    for shape in shapes:
        fit = fit_parametric(trial.known, shape=shape, n_knots=n_knots)
        start = fit.read(np.array([trial.from_days])).cumulative[0]
        there = fit.read(days)
        score = float(ended @ there.log_hazard - net @ (there.cumulative - start)) / n_hidden
        told[shape] = there.log_hazard - (there.cumulative - start), start - there.cumulative
        predicted = np.exp(-(fit.read(grid).cumulative - start))
        rows[shape] = {"log_score": score if fit.has_converged else np.nan} | _distance(predicted, observed)
    rows[HELD_FLAT] = {"log_score": np.nan} | _distance(np.ones_like(observed), observed)
    censored = later["n_censored"].to_numpy(dtype=float)
    for shape in told if CONSTANT in told else ():
        gaps = [own - base for own, base in zip(told[shape], told[CONSTANT], strict=True)]
        rows[shape]["gain_error"] = _mean_error(np.concatenate(gaps), np.concatenate([ended, censored]))
    table = pd.DataFrame.from_dict(rows, orient="index").assign(**{} if CONSTANT in told else {"gain_error": np.nan})
    return table.assign(to_days=grid[-1], n_hidden=n_hidden, n_hidden_ended=ended.sum())


def _mean_error(values: FloatArray, n: FloatArray) -> float:
    """Standard error of the mean of values that came so many times."""
    mean = np.average(values, weights=n)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=n) / n.sum()))


def _observed(trial: Trial) -> tuple[FloatArray, FloatArray]:
    """Hidden tenures on an even grid, as far as enough were watched, and the share still there of those at the cut."""
    table = well_watched(build_risk_table(trial.later))
    curve = np.append(1.0, product_limit(table)[0])
    reach = max(watched_until(trial.later), float(np.nextafter(trial.from_days, np.inf)))
    grid = np.linspace(trial.from_days, reach, _N_POINTS + 1)[1:]
    at_cut = curve[np.searchsorted(table.tenure_days, trial.from_days, side="right")]
    return grid, np.asarray(curve[np.searchsorted(table.tenure_days, grid, side="right")] / max(at_cut, 1e-12))


def _distance(predicted: FloatArray, observed: FloatArray) -> dict[str, float]:
    gap = predicted - observed
    return {"survival_error": float(np.abs(gap).mean()), "survival_bias": float(gap.mean())}


def _summarise(scored: Sequence[pd.DataFrame], fits: dict[str, ParametricFit]) -> pd.DataFrame:
    aic = pd.Series({shape: fit.aic for shape, fit in fits.items()})
    if not scored:
        table = pd.DataFrame({"aic": aic}).sort_values("aic")
        table = table.assign(
            log_score=np.nan, gain=np.nan, gain_error=np.nan, survival_error=np.nan, survival_bias=np.nan, n_best=0
        )
        chosen = str(table.index[0])
    else:
        stacked = pd.concat(scored)[["log_score", "gain_error", "survival_error", "survival_bias"]].groupby(level=0)
        # A shape that failed in one trial is not averaged over the easier ones.
        table = stacked.mean().assign(log_score=stacked["log_score"].apply(lambda part: part.mean(skipna=False)))
        best = pd.Series([score["log_score"].idxmax() for score in scored]).value_counts()
        base = table["log_score"].get(CONSTANT, np.nan)
        table = table.assign(
            gain=table["log_score"] - base, n_best=best.reindex(table.index, fill_value=0), aic=aic.reindex(table.index)
        ).sort_values("log_score", ascending=False)
        chosen = _pick(table, str(aic.idxmin()))
    table = table.rename_axis("shape").reset_index()
    return table.assign(is_chosen=table["shape"] == chosen)[list(_SCORE_COLUMNS)]


def _pick(table: pd.DataFrame, otherwise: str) -> str:
    """The best score, unless it is no better than one constant danger beyond a standard error."""
    if not table["log_score"].notna().any():
        return otherwise
    best = str(table["log_score"].idxmax())
    gain, error = float(table["gain"][best]), float(table["gain_error"][best])
    return CONSTANT if CONSTANT in table.index and gain <= error else best
