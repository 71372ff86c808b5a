"""The printed numbers of silent churn, each with its interval, basis and check."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker, leaves_size_open, verdict_of
from crm_research.models.btyd import BtydFit
from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.pillars.silent_churn.fits import BG_NBD, MBG_NBD, PARETO_NBD
from crm_research.stats.intervals import Interval
from crm_research.theme import say_count, say_date, say_percent, word_for

_WHOLE_FROM_WEEKS: Final = 10
ALIVE_SHARE: Final = "churn.silent.alive_share"
EXPECTED_ORDERS: Final = "churn.silent.expected_orders"
HOLDOUT_ERROR: Final = "churn.silent.holdout_error"
NAIVE_ERROR: Final = "churn.silent.naive_error"
# Model to the part of its ids, and its parameters.
PARAMETERS: Final = MappingProxyType(
    {
        BG_NBD: ("bgnbd", ("r", "alpha", "a", "b")),
        MBG_NBD: ("mbgnbd", ("r", "alpha", "a", "b")),
        PARETO_NBD: ("paretonbd", ("r", "alpha", "s", "beta")),
    }
)
ESTIMATORS: Final = MappingProxyType(
    {
        "models": "BG/NBD, MBG/NBD, Pareto/NBD by maximum likelihood on counts of histories, times in weeks; "
        "MBG/CNBD-k where purchase timing is more regular than at random",
        "choice": "Brier score of who buys in the holdout, then squared error in orders; the likelihood without "
        "a holdout",
        "share active": "mean chance of being active; limits from 200 draws of the parameters, or of the profile "
        "likelihood where they differ by a tenth of the interval, and each customer's chance",
        "kinds of customers": "Pareto/NBD or MBG/NBD with covariates (Fader and Hardie 2007), maximum likelihood; "
        "likelihood ratio of each covariate, Holm over the covariates",
        "regularity": "Dirichlet-multinomial of the gaps given their sum, in days or in the dates that occur; "
        "likelihood ratio against 1",
        "rules of thumb": "same as last period of equal length; past rate unless silent for longer than nine of "
        "ten gaps",
    }
)


def key_figures(silence: SilentChurn) -> list[Figure]:
    """The numbers of the first screen: share active, the model's error and that of the best rule of thumb."""
    return [_alive(silence), *_errors(silence)]


def outlook_figures(silence: SilentChurn) -> list[Figure]:
    """How many purchases are to be expected of all customers within the horizon."""
    return [_expected(silence)]


def parameter_figures(silence: SilentChurn) -> list[Figure]:
    """Parameters and log-likelihood of the three models; without a value where a fit has no top to stand on."""
    figures = []
    for model, (part, names) in PARAMETERS.items():
        fit = silence.fits.usable.get(model)
        rows = {} if fit is None else _limits_of(fit, silence.fits.profiles.get(model))
        missing = "" if fit is not None else " (no fit)"
        error = None if silence.holdout is None else silence.holdout.error_of(model)
        checks = ["published values of CDNOW reproduced"] if fit is not None else []
        checks += [f"holdout error {error['rmse']:.2f} orders"] if error is not None else []
        make = FigureMaker(
            window=silence.window, confidence=silence.confidence, validation="; ".join(checks) or NO_VALIDATION
        )
        common: dict[str, Any] = {
            "unit": "", "n": silence.n_customers, "estimator": "maximum likelihood, time in weeks"
        }  # fmt: skip
        for name in names:
            row = rows.get(name, {})
            is_open = leaves_size_open(row.get("lower"), row.get("upper"))
            row = {} if is_open else row
            figures.append(
                make.one(
                    f"churn.silent.{part}_{name}",
                    f"{model} {name}{' (the records do not tell it)' if is_open else missing}",
                    row,
                    limits="of the profile likelihood" if row.get("is_profiled") else "on the log scale",
                    **common,
                )
            )
        likelihood = None if fit is None else round(fit.log_likelihood, 4)
        figures.append(
            make.one(f"churn.silent.{part}_loglik", f"{model} log-likelihood{missing}", likelihood, **common)
        )
    return figures


def _limits_of(fit: BtydFit, profiled: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    """Parameters by name; limits of the profile likelihood where the search gets to them (open ends stay open)."""
    rows: dict[str, dict[str, Any]] = {
        str(row["name"]): {str(key): value for key, value in row.items()} | {"is_profiled": False}
        for row in fit.params.to_dict("records")
    }
    for own in [] if profiled is None else profiled.to_dict("records"):
        ends = np.array([own["lower"], own["upper"]], dtype=float)
        if not np.isnan(ends).any():
            # Wald's limits are too narrow in small fits; a parameter without an end to one side has none there.
            lower, upper = (end if 0 < end < np.inf else None for end in ends)
            rows[own["name"]] |= {"lower": lower, "upper": upper, "is_profiled": True}
    return rows


def _alive(silence: SilentChurn) -> Figure:
    check, found = silence.holdout, silence.alive
    validation, verdict = NO_VALIDATION, None
    if check is not None and found is not None:
        verdict = verdict_of(check.share_holds and not check.is_refuted)
        word = "agrees" if check.share_holds else "does not agree"
        validation = (
            f"holdout {say_date(check.as_of)} to {say_date(check.until)}: "
            f"{say_percent(float(check.bought.estimate), 1)} bought "
            f"({say_percent(float(check.bought.lower), 1)} to {say_percent(float(check.bought.upper), 1)}), "
            f"{say_percent(check.expected_share, 1)} expected; {word}"
        )
        validation += "; those called gone bought too often: refuted" if check.is_refuted else ""
    label, n = "Customers probably still active", silence.n_customers
    if silence.is_blind_to_once:
        found, n = silence.alive_again, silence.n_repeaters
        label = f"Of those who bought again, probably still active ({BG_NBD}; of who bought once it says nothing)"
    return _maker(silence).one(
        ALIVE_SHARE,
        label + ("" if found else " (not known)" if silence.alive else " (no model could be fitted)"),
        _numbers(found),
        unit="share",
        n=n,
        estimator=f"mean chance of being active by the {silence.fit.model}; limits from its parameters "
        "(drawn, or of the profile likelihood where that differs clearly) "
        "and each customer's chance, the model taken as right"
        if silence.fit
        else "none",
        validation=validation,
        verdict=verdict,
    )


def _expected(silence: SilentChurn) -> Figure:
    found, check = silence.expected, silence.holdout
    error = None if check is None else check.error_of(silence.chosen)
    validation, verdict = NO_VALIDATION, None
    if check is not None and error is not None:
        verdict = verdict_of(check.total_holds)
        validation = (
            f"holdout: {say_count(error['total_expected'], 'purchase')} expected in "
            f"{say_count(check.horizon_days, 'day')}, "
            f"{say_count(check.observed)} came"
            + {None: "", True: "; agrees", False: "; does not agree"}[check.total_holds]
        )
    return _maker(silence).one(
        EXPECTED_ORDERS,
        f"Purchases to expect in the next {say_weeks(silence.horizon_days)}",
        _numbers(found),
        unit="orders",
        n=silence.n_customers,
        estimator=f"{silence.fit.model}, expectation by the delta method, with what customers do by chance"
        if silence.fit
        else "none",
        validation=validation,
        verdict=verdict,
    )


def _errors(silence: SilentChurn) -> list[Figure]:
    check = silence.holdout
    kinds = (
        (HOLDOUT_ERROR, "Error of the model per customer", silence.chosen),
        (NAIVE_ERROR, "Error of the best rule of thumb", None if check is None else check.best_rule),
    )
    figures = []
    for id_, label, forecast in kinds:
        row = None if check is None else check.error_of(forecast)
        window = silence.window if check is None else f"{say_date(check.as_of)} to {say_date(check.until)}"
        missing = " (no holdout)" if check is None else " (no model could be fitted)" if row is None else ""
        figures.append(
            _maker(silence, window).one(
                id_,
                label + missing,
                None if row is None else (row["rmse"], row["lower"], row["upper"]),
                unit="orders",
                n=silence.n_customers if check is None else check.n_customers,
                estimator="root mean squared error in the holdout" + ("" if row is None else f", {forecast}"),
                limits="over customers",
                validation=NO_VALIDATION
                if row is None
                else "measured on the holdout, which the forecast did not see"
                + ("; the model was chosen on it" if id_ == HOLDOUT_ERROR else ""),
            )
        )
    return figures


def _maker(silence: SilentChurn, window: str | None = None) -> FigureMaker:
    return FigureMaker(window=window or silence.window, confidence=silence.confidence)


def _numbers(found: Interval | None) -> tuple[float, float, float] | None:
    return None if found is None else (float(found.estimate), float(found.lower), float(found.upper))


def say_weeks(days: float) -> str:
    """A horizon in weeks: whole ones where it is long or whole, a tenth of a short one."""
    weeks = days / 7
    is_whole = weeks >= _WHOLE_FROM_WEEKS or abs(weeks - round(weeks)) < 0.05
    text = f"{weeks:.0f}" if is_whole else f"{weeks:.1f}"
    return f"{text} {word_for(float(text), 'week') if is_whole else 'weeks'}"


def _known(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
