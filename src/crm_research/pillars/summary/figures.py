"""The printed numbers of the summary itself; those of the other reports stand on their own pages."""

from __future__ import annotations

from typing import Final

from crm_research.figures import UNTESTED, Figure, FigureMaker
from crm_research.pillars.summary.standing import Standing
from crm_research.theme import say_date

ACTIONS: Final = "summary.actions"
FIGURES: Final = "ledger.figures"
UNVALIDATED: Final = "ledger.unvalidated"
_COUNTED: Final = "a count of what stands on the pages, which the ledger lists one by one"


def summary_figures(standing: Standing) -> list[Figure]:
    """Actions, and what the ledger counts; none of them has an interval."""
    made = len(standing.results.made)
    maker = FigureMaker(window=f"reports of {say_date(standing.study.as_of)}", confidence=None, validation=_COUNTED)
    n, n_open = standing.n_figures, standing.counted()[UNTESTED]
    return [
        maker.one(
            ACTIONS,
            "Actions that the reports ask for",
            float(len(standing.actions)),
            unit="actions",
            n=made,
            estimator="count of the actions that the rules draw from the figures of all reports",
        ),
        maker.one(
            FIGURES,
            "Numbers in the ledger",
            float(n),
            unit="figures",
            n=made + 1,
            estimator="count of the figures of all reports, this one among them",
        ),
        maker.one(
            UNVALIDATED,
            "Numbers that nothing has tested",
            float(n_open),
            unit="figures",
            n=n,
            estimator="count of the figures that were put to no check that could refute them",
        ),
    ]


def claim_figures(standing: Standing) -> list[Figure]:
    """The number beside each saying."""
    return [claim.figure for claim in standing.claims]
