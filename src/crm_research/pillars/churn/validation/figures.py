"""Whether risks came true as figures."""

from __future__ import annotations

from typing import Final

from crm_research.figures import Figure, FigureMaker
from crm_research.pillars.churn.validation.designs import BY_TENURE
from crm_research.pillars.churn.validation.validate import RiskCheck

SLOPE_12M: Final = "churn.contract.calibration_slope_12m"
_FIGURES: Final = {
    "uno_c": ("churn.contract.uno_c", "Of two contracts, how often the one said to be at more risk left first"),
    "ibs": ("churn.contract.ibs", "Mean squared error of the risks (integrated Brier score)"),
    "ibs_null": ("churn.contract.ibs_null", "The same error of the curve by tenure alone"),
}


def validation_figures(check: RiskCheck) -> list[Figure]:
    """What the risks were worth: four figures, with None and the reason where one cannot be had."""
    return [*_main_figures(check), _slope_figure(check)]


def _main_figures(check: RiskCheck) -> list[Figure]:
    if check.card is None:
        none = FigureMaker(window="none", confidence=None)
        return [
            none.one(id_, f"{label}: could not be judged", None, unit="", n=0, estimator="none")
            for id_, label in _FIGURES.values()
        ]
    design = check.designs[0]
    rows = check.card.measures.drop_duplicates("measure").set_index("measure")
    told = {str(measure): row for measure, row in rows.iterrows()}
    make = FigureMaker(window=design.window, confidence=check.confidence, validation=design.said)
    return [
        make.one(
            id_,
            label,
            (told[measure]["estimate"], told[measure]["lower"], told[measure]["upper"]),
            unit="",
            n=check.card.n,
            estimator=f"{BY_TENURE if measure == 'ibs_null' else check.name}: {told[measure]['estimator']}",
        )
        for measure, (id_, label) in _FIGURES.items()
    ]


def _slope_figure(check: RiskCheck) -> Figure:
    label = "Are differences between 12-month risks as large as they should be (calibration slope, 1 is right)"
    slope = check.slope_12m
    if slope is None:
        none = FigureMaker(window=check.designs[0].window if check.designs else "none", confidence=None)
        return none.one(SLOPE_12M, f"{label}: not known, {check.slope_note}", None, unit="", n=0, estimator="none")
    design = next(design for design in check.designs if design.said == slope.design)
    return FigureMaker(window=design.window, confidence=check.confidence, validation=slope.design).one(
        SLOPE_12M,
        label,
        (slope.estimate, slope.lower, slope.upper),
        unit="",
        n=slope.n,
        estimator=f"{check.name}: Cox on the complementary log-log of the risk",
    )
