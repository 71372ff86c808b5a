"""Whether risks came true as figures."""

from __future__ import annotations

from typing import Final

from crm_research.figures import Figure
from crm_research.pillars.churn.validation.designs import BY_TENURE
from crm_research.pillars.churn.validation.validate import RiskCheck
from crm_research.theme import say_percent

SLOPE_12M: Final = "churn.contract.calibration_slope_12m"
_FIGURES: Final = {
    "uno_c": ("churn.contract.uno_c", "Of two contracts, how often the one said to be at more risk left first"),
    "ibs": ("churn.contract.ibs", "Mean squared error of the risks (integrated Brier score)"),
    "ibs_null": ("churn.contract.ibs_null", "The same error of the curve by tenure alone"),
}


def validation_figures(check: RiskCheck) -> list[Figure]:
    """What the risks were worth: four figures, with None and the reason where one cannot be had."""
    level = f"{say_percent(check.confidence, 0)} interval"
    return [*_main_figures(check, level), _slope_figure(check, level)]


def _main_figures(check: RiskCheck, level: str) -> list[Figure]:
    if check.card is None:
        return [
            Figure(
                id=id_,
                label=f"{label}: could not be judged",
                estimate=None,
                unit="",
                n=0,
                window="none",
                estimator="none",
            )
            for id_, label in _FIGURES.values()
        ]
    design = check.designs[0]
    rows = check.card.measures.drop_duplicates("measure").set_index("measure")
    told = {str(measure): row for measure, row in rows.iterrows()}
    return [
        Figure(
            id=id_,
            label=label,
            estimate=float(told[measure]["estimate"]),
            lower=float(told[measure]["lower"]),
            upper=float(told[measure]["upper"]),
            unit="",
            n=check.card.n,
            window=design.window,
            estimator=f"{BY_TENURE if measure == 'ibs_null' else check.name}: {told[measure]['estimator']}; {level}",
            validation=design.said,
        )
        for measure, (id_, label) in _FIGURES.items()
    ]


def _slope_figure(check: RiskCheck, level: str) -> Figure:
    label = "Are differences between 12-month risks as large as they should be (calibration slope, 1 is right)"
    slope = check.slope_12m
    if slope is None:
        return Figure(
            id=SLOPE_12M,
            label=f"{label}: not known, {check.slope_note}",
            estimate=None,
            unit="",
            n=0,
            window=check.designs[0].window if check.designs else "none",
            estimator="none",
        )
    design = next(design for design in check.designs if design.said == slope.design)
    return Figure(
        id=SLOPE_12M,
        label=label,
        estimate=slope.estimate,
        lower=slope.lower,
        upper=slope.upper,
        unit="",
        n=slope.n,
        window=design.window,
        estimator=f"{check.name}: Cox on the complementary log-log of the risk; {level}",
        validation=slope.design,
    )
