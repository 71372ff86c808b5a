"""Figures of retention economics."""

from __future__ import annotations

from typing import Final

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.pillars.value.keeping.measure import Keeping
from crm_research.theme import say_percent

KEPT: Final = "value.kept_share"
RETENTION_1PT: Final = "value.retention_1pt_profit"
RETENTION_5PT: Final = "value.retention_5pt_profit"
ELASTICITY: Final = "value.retention_elasticity"
ESTIMATORS: Final = {
    "worth of keeping": "this year's margin times r / (1 + i - r), by tier, r being the share kept from year to year"
}
_LIMITS: Final = "of the shares kept (Jeffreys' posterior)"


def keeping_figures(keeping: Keeping, window: str) -> list[Figure]:
    """What is kept, and what more of it would be worth."""
    maker = FigureMaker(window=window, confidence=keeping.confidence, validation=NO_VALIDATION)
    how = (
        f"all that is to come from next year on at {say_percent(keeping.rate)} a year, by tier: margin r / (1 + i - r)"
    )
    gains = [keeping.gain(points) for points in (1, 5)]
    return [
        maker.one(
            KEPT,
            "Customers of the year before who are still there",
            [keeping.kept, keeping.kept_lower, keeping.kept_upper],
            unit="share",
            n=keeping.n_before,
            estimator="share of customers with money in both years; Wilson limits",
        ),
        *(
            maker.one(
                id_,
                f"More to come with {points} more of a hundred kept each year",
                [float(gain["lifetime_share"]), float(gain["lower"]), float(gain["upper"])],
                unit="share",
                n=keeping.n_before,
                estimator=how,
                limits=_LIMITS,
            )
            for id_, points, gain in zip((RETENTION_1PT, RETENTION_5PT), ("1", "5"), gains, strict=True)
        ),
        maker.one(
            ELASTICITY,
            "More to come with one percent more kept each year",
            [keeping.elasticity, keeping.elasticity_lower, keeping.elasticity_upper],
            unit="share",
            n=keeping.n_before,
            estimator=how,
            limits=_LIMITS,
        ),
    ]
