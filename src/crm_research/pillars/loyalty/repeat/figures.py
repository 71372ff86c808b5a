"""The printed numbers of loyalty as behaviour, each with its interval, basis and check."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

import numpy as np

from crm_research.figures import Figure, FigureMaker, verdict_of
from crm_research.models.second_opinion import put_beside
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.pillars.loyalty.repeat.words import say_horizon
from crm_research.vocabulary import DAYS_PER_YEAR, word_for

REPEAT_RATE: Final = "loyalty.repeat_rate"
MEDIAN_DAYS: Final = "loyalty.median_days_to_second"
WITHIN: Final = "loyalty.repeat_"  # and the horizon: 90d, 12m, 36m
RETENTION: Final = "loyalty.retention_m"

ESTIMATORS: Final = MappingProxyType(
    {
        "repeat rate": "share of buyers with a second purchase; Wilson score interval",
        "time to the second purchase": "Kaplan-Meier, censored at as_of; log(-log) and Brookmeyer-Crowley limits",
        "return by depth": "Kaplan-Meier of the wait after each purchase; differences by Zou and Donner",
        "retention": "share of an intake that bought in each complete calendar period; Wilson score interval",
        "rhythm": "own gaps shrunk to everybody's on logarithms (empirical Bayes, Paule and Mandel); limits that four "
        "of five, and 19 of 20, completed gaps kept within",
        "ladder": "states by rule at the end of each whole period; moves by maximum likelihood, Wilson; long run by "
        "Dirichlet draws; first passage by the fundamental matrix; order and stability by likelihood ratio",
        "index": "ridge logistic regression learned on an earlier period; areas compared by DeLong, deviance paired",
        "first purchase": "Cox regression of the wait for the second on what was known at the first",
        "complaints, campaigns, programme": "from the end of the days it happened in, against customers of the same "
        "class weighted to be alike (entropy balancing); customers as clusters",
        "experiments": "share and sales against the control group; Newcombe, and Welch with limits out to the long "
        "tail",
        "holdout": "expected against observed returns of first-time buyers; Brier score against one daily rate",
    }
)
_KM: Final = "one minus Kaplan-Meier of the wait for the second purchase, censored at as_of; log(-log) limits"


def key_figures(loyalty: LoyaltyAnalysis) -> list[Figure]:
    """The numbers of the first screen: repeat rate, share back at each horizon, median days to the second."""
    return [_repeat_rate(loyalty), *_within(loyalty), _median(loyalty)]


def retention_figures(loyalty: LoyaltyAnalysis) -> list[Figure]:
    """Share of customers who bought in each period after the first; the group is months since the first purchase."""
    months = loyalty.retention.period_months
    span = word_for(months, "one month", f"{months} months")
    return [
        _maker(loyalty).one(
            RETENTION,
            "Intake buying again, months after the first",
            {"estimate": row["retention_rate"], "lower": row["lower"], "upper": row["upper"]},
            unit="share",
            n=int(row["n_customers"]),
            estimator=f"active share of each intake per calendar period of {span}, pooled over complete "
            "periods; Wilson",
            group=str(int(row["period_index"]) * months),
        )
        for _, row in loyalty.retention.pooled.head(12).iterrows()
    ]


def _repeat_rate(loyalty: LoyaltyAnalysis) -> Figure:
    row = loyalty.repeat.iloc[0]
    agrees = loyalty.recount == (int(row["n"]), int(row["n_repeat"]))
    word = "agrees" if agrees else "does not agree"
    what = "on another day" if loyalty.occasion == "day" else "in another order"
    return _maker(loyalty).one(
        REPEAT_RATE,
        f"Buyers who bought again {what} so far",
        {"estimate": row["repeat_rate"], "lower": row["lower"], "upper": row["upper"]},
        unit="share",
        n=int(row["n"]),
        estimator="share of buyers with a second purchase by as_of, however long they were watched; Wilson score",
        validation=f"recounted from one row per customer: {loyalty.recount[1]:,} of {loyalty.recount[0]:,}; {word}",
        verdict=verdict_of(agrees),
    )


def _within(loyalty: LoyaltyAnalysis) -> list[Figure]:
    """Share back at each horizon, as far as anybody was watched."""
    if loyalty.time_to_second is None:
        return []
    figures = []
    check, verdict = _check(loyalty)
    for days in loyalty.period_choice.horizons_days:
        row = loyalty.time_to_second.at(days).iloc[0]
        if not np.isfinite(row["survival"]):
            continue
        numbers = {"estimate": 1 - row["survival"], "lower": 1 - row["upper"], "upper": 1 - row["lower"]}
        label = f"Back within {say_horizon(days)} of the first purchase"
        estimator = _on(loyalty, _KM)
        figures.append(
            _maker(loyalty).one(
                _horizon_id(days),
                label,
                numbers,
                unit="share",
                n=_n_waits(loyalty),
                estimator=estimator,
                validation=check,
                verdict=verdict,
            )
        )
    return figures


def _horizon_id(days: float) -> str:
    """Whole years are named by their months, other horizons by their days."""
    years = round(days / DAYS_PER_YEAR)
    is_whole = years >= 1 and abs(days - years * DAYS_PER_YEAR) < 1
    return f"{WITHIN}{12 * years}m" if is_whole else f"{WITHIN}{days:.0f}d"


def _median(loyalty: LoyaltyAnalysis) -> Figure:
    numbers: dict[str, Any] = {}
    check, verdict = _check(loyalty)
    label = "Median days to the second purchase"
    if loyalty.time_to_second is not None:
        row = loyalty.time_to_second.medians.iloc[0]
        numbers = {"estimate": row["median_days"], "lower": row["lower"], "upper": row["upper"]}
        label += "" if np.isfinite(row["median_days"]) else " (fewer than half have come back)"
    estimator = _on(loyalty, "Kaplan-Meier of the wait, censored at as_of; Brookmeyer-Crowley limits")
    is_reached = np.isfinite(float(numbers.get("estimate", np.nan)))
    return _maker(loyalty).one(
        MEDIAN_DAYS,
        label,
        numbers,
        unit="days",
        n=_n_waits(loyalty),
        estimator=estimator,
        validation=check,
        # What was not reached is no number that a check could refute.
        verdict=verdict if is_reached else None,
    )


def _n_waits(loyalty: LoyaltyAnalysis) -> int:
    return 0 if loyalty.time_to_second is None else int(loyalty.time_to_second.sizes["n"].iloc[0])


def _on(loyalty: LoyaltyAnalysis, estimator: str) -> str:
    return f"{estimator}; {loyalty.basis}"


def _check(loyalty: LoyaltyAnalysis) -> tuple[str, str | None]:
    """Against the holdout where there is one, and against another package's curve of the same waits."""
    if loyalty.holdout is None:
        return put_beside(loyalty.second_opinion)
    return put_beside(loyalty.second_opinion, loyalty.holdout.say(), verdict_of(loyalty.holdout.holds))


def _maker(loyalty: LoyaltyAnalysis) -> FigureMaker:
    return FigureMaker(window=loyalty.window, confidence=loyalty.confidence)
