"""The printed numbers of contract churn, each with its interval, basis and check."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from crm_research.figures import NO_VALIDATION, NOT_KNOWN, Figure, says_nothing, verdict_of
from crm_research.models.second_opinion import SecondOpinion, put_beside
from crm_research.models.survival import EVERYONE
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.setting import say_condition
from crm_research.theme import say_count, say_days, say_months
from crm_research.vocabulary import DAYS_PER_YEAR, months_of_days

_HALF: Final = 0.5

MEDIAN: Final = "churn.contract.median_tenure_days"
SURVIVAL_3M: Final = "churn.contract.survival_3m"
SURVIVAL_12M: Final = "churn.contract.survival_12m"
SURVIVAL_24M: Final = "churn.contract.survival_24m"
MEAN: Final = "churn.contract.restricted_mean_tenure_days"
CIF_12M: Final = "churn.contract.cif_12m"

ESTIMATORS: Final = MappingProxyType(
    {
        "share still there": "Kaplan-Meier with delayed entry, Greenwood variance (by customer where one has several "
        "contracts), log(-log) limits",
        "median tenure": "Brookmeyer-Crowley limits",
        "mean tenure": "area under Kaplan-Meier within the horizon",
        "danger by month": "Kaplan-Meier within each month, log(-log) limits; Ramlau-Hansen smoothing",
        "reasons": "Aalen-Johansen cumulative incidence, exact with ties",
        "whole curve": "equal-precision band on the log(-log) scale, critical value of the Brownian bridge computed",
        "tenure beyond the records": "Kaplan-Meier, then the shape that predicted hidden tenures best; delta method",
        "reasons by group": "Gray's test of cumulative incidence; Holm over the reasons",
        "groups": "log-rank test; differences by Zou and Donner; Holm for p-values, Bonferroni for intervals",
    }
)


def key_figures(leaving: ChurnAnalysis) -> list[Figure]:
    """The three numbers of the first screen: median tenure, twelve-month survival, mean within the horizon."""
    if leaving.survival is None or leaving.restricted_mean is None:
        nothing = "no contract was watched"
        return [
            _figure(leaving, MEDIAN, f"Median tenure ({nothing})", "days", None, 0, "Kaplan-Meier"),
            _figure(
                leaving, SURVIVAL_12M, f"Still there after 12 months ({nothing})", "share", None, 0, "Kaplan-Meier"
            ),
        ]
    n = int(leaving.survival.sizes["n"].iloc[0])
    return [
        _median(leaving, leaving.survival.medians.iloc[0], n),
        _survival(leaving, leaving.survival.at(leaving.days_at(12)).iloc[0], n),
        _mean(leaving, leaving.restricted_mean.iloc[0]),
    ]


def tenure_figures(leaving: ChurnAnalysis) -> list[Figure]:
    """Survival at 3 and at 24 months; without an estimate, and a label that says why, where nobody was watched so long.

    They stand lower on the page than `key_figures`, which have the 12 months.
    """
    figures = []
    for id_, months in ((SURVIVAL_3M, 3), (SURVIVAL_24M, 24)):
        days = leaving.days_at(months)
        if leaving.survival is None:
            label = f"Still there after {say_months(months)} (no contract was watched)"
            figures.append(_figure(leaving, id_, label, "share", None, 0, "Kaplan-Meier"))
        else:
            n = int(leaving.survival.sizes["n"].iloc[0])
            figures.append(_survival(leaving, leaving.survival.at(days).iloc[0], n, id_=id_, months=months))
    return figures


def group_figures(leaving: ChurnAnalysis) -> list[Figure]:
    """Median tenure and twelve-month survival of each group; empty without groups."""
    if leaving.by_group is None or leaving.group_means is None:
        return []
    sizes = leaving.by_group.sizes.set_index("group")["n"]
    medians = [_median(leaving, row, int(sizes[row["group"]]), True) for _, row in leaving.by_group.medians.iterrows()]
    year = leaving.by_group.at(leaving.days_at(12))
    return medians + [_survival(leaving, row, int(sizes[row["group"]]), True) for _, row in year.iterrows()]


def reason_figures(leaving: ChurnAnalysis) -> list[Figure]:
    """Share that has left within twelve months, by reason; empty without reasons."""
    if leaving.incidence is None:
        return []
    sizes = leaving.incidence.sizes.set_index("reason")
    return [
        _figure(
            leaving,
            CIF_12M,
            f"Left within 12 months{_condition(leaving)}",
            "share",
            row.rename({"incidence": "estimate"}),
            int(sizes.loc[row["reason"], "n"]),
            "Aalen-Johansen cumulative incidence, exact with ties; delta method, log(-log) limits",
            group=str(row["reason"]),
            is_checked=False,
            opinion=leaving.incidence_opinion,
        )
        for _, row in leaving.incidence.at(leaving.days_at(12)).iterrows()
    ]


def _median(leaving: ChurnAnalysis, row: pd.Series, n: int, is_group: bool = False) -> Figure:
    condition = _condition(leaving, row if is_group else None)
    label = f"Median tenure{condition}"
    is_known = bool(np.isfinite(row["median_days"]))
    label += "" if is_known else " (fewer than half have left)"
    said = None if is_known else _at_least(leaving, row if is_group else None)
    if not is_known and says_nothing(row["lower"], row["upper"]):
        # From nought to no end: that it lies beyond what was watched is one or two contracts' word.
        said, row = NOT_KNOWN, row.where(~row.index.isin(["lower", "upper"]), np.nan)
    return _figure(
        leaving,
        MEDIAN,
        label,
        "days",
        row.rename({"median_days": "estimate"}),
        n,
        "Kaplan-Meier; Brookmeyer-Crowley limits on the log(-log) scale",
        group=str(row["group"]) if is_group else None,
        said=said,
        opinion=_opinion(leaving, row if is_group else None),
    )


def _at_least(leaving: ChurnAnalysis, row: pd.Series | None) -> str | None:
    """A median that was not reached lies beyond the longest tenure that is known of; None where nothing is.

    That is the end of the picture, as in the sentence on it; where nobody has left, the longest tenure watched.
    """
    curves = leaving.survival if row is None else leaving.by_group
    if curves is None:
        return None
    sizes = curves.sizes.iloc[0] if row is None else curves.sizes.set_index("group").loc[row["group"]]
    days = float(sizes["last_days"]) if sizes["n_ended"] == 0 else min(leaving.horizon_days, float(sizes["last_days"]))
    still = curves.at(days).set_index("group")["survival"].loc[EVERYONE if row is None else row["group"]]
    return f"over {say_days(days)}" if days > 0 and still > _HALF else None


def _survival(
    leaving: ChurnAnalysis, row: pd.Series, n: int, is_group: bool = False, *, id_: str = SURVIVAL_12M, months: int = 12
) -> Figure:
    known = np.isfinite(row["survival"])
    curves = leaving.by_group if is_group else leaving.survival
    begins = 0.0 if curves is None else float(curves.sizes.set_index("group").loc[row["group"], "first_days"])
    why = "too few were watched so early" if row["tenure_days"] < begins else "nobody was watched that long"
    condition = _condition(leaving, row if is_group else None)
    label = f"Still there after {say_months(months)}{condition}"
    return _figure(
        leaving,
        id_,
        label if known else f"{label} ({why})",
        "share",
        row.rename({"survival": "estimate"}),
        n,
        f"Kaplan-Meier; {_say_variance(leaving)}, log(-log) limits",
        group=str(row["group"]) if is_group else None,
        opinion=_opinion(leaving, row if is_group else None),
    )


def _mean(leaving: ChurnAnalysis, row: pd.Series) -> Figure:
    months = months_of_days(row["horizon_days"])
    within = f"{months} months" if months > 1 else say_days(row["horizon_days"])
    row = row.rename({"mean_days": "estimate"})
    label = f"Mean tenure within the first {within}{say_whose(row['from_days'])}"
    said = None
    if says_nothing(row["lower"], row["upper"], span=row["horizon_days"] - row["from_days"]):
        said = NOT_KNOWN
        row = row.where(~row.index.isin(["estimate", "lower", "upper"]), np.nan)
        label += " (too few were watched to say)"
    elif row["horizon_days"] < DAYS_PER_YEAR - 1:
        label += " (what lies beyond is not counted)"
    return _figure(
        leaving,
        MEAN,
        label,
        "days",
        row,
        int(row["n"]),
        f"area under Kaplan-Meier up to {say_count(row['horizon_days'], 'day')}; limits on the logit scale",
        said=said,
        opinion=_opinion(leaving),
    )


def _say_variance(leaving: ChurnAnalysis) -> str:
    return "Greenwood variance" if leaving.counts.shared is None else "variance by customer (infinitesimal jackknife)"


def _condition(leaving: ChurnAnalysis, row: pd.Series | None = None) -> str:
    """Whose number it is where a curve, of all or of the group of a row, begins later than at the start."""
    curves = leaving.survival if row is None else leaving.by_group
    if curves is None:
        return ""
    sizes = curves.sizes if row is None else curves.sizes.loc[curves.sizes["group"] == row["group"]]
    return say_whose(float(sizes["first_days"].iloc[0]))


def _opinion(leaving: ChurnAnalysis, row: pd.Series | None = None) -> SecondOpinion | None:
    """What lifelines says of the curve of all, or of the group of a row."""
    return leaving.second_opinions.get(EVERYONE if row is None else str(row["group"]))


def say_whose(begins_days: float) -> str:
    """To stand behind a label: `` of contracts that lasted 33 days``; empty for a curve from the start."""
    return f" of contracts{say_condition(begins_days)}" if begins_days > 0 else ""


def _counted(leaving: ChurnAnalysis) -> str:
    """How contracts that follow each other were counted, where there are such."""
    if leaving.other_reading is None:
        return ""
    return ", each contract by itself" if leaving.other_reading.is_joined else ", contracts that go on joined"


def _figure(
    leaving: ChurnAnalysis,
    id_: str,
    label: str,
    unit: str,
    row: pd.Series | None,
    n: int,
    estimator: str,
    *,
    group: str | None = None,
    is_checked: bool = True,
    said: str | None = None,
    opinion: SecondOpinion | None = None,
) -> Figure:
    # The check judges the curve of all contracts; it says nothing of a single group or reason.
    is_checked = leaving.holdout is not None and is_checked and group is None
    check = leaving.holdout.say() if leaving.holdout is not None and is_checked else NO_VALIDATION
    verdict = verdict_of(leaving.holdout.holds) if leaving.holdout is not None and is_checked else None
    if row is not None and np.isfinite(row["estimate"]):
        check, verdict = put_beside(opinion, check, verdict)
    return Figure.from_numbers(
        id_,
        f"{label}{_counted(leaving)}",
        {} if row is None else {name: row[name] for name in ("estimate", "lower", "upper")},
        unit=unit,
        n=n,
        window=leaving.setting.window,
        estimator=estimator,
        confidence=leaving.confidence,
        validation=check,
        group=group,
        verdict=verdict,
        said=said,
    )
