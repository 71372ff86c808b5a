"""What counts as money here: margin from cost, a margin that somebody states, or revenue alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_research.errors import ParameterError
from crm_research.features.takings import ENOUGH_COSTED
from crm_research.features.value_rows import Money, sum_money
from crm_research.steps import step

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.study import Study


@dataclass(frozen=True, kw_only=True)
class MoneyBasis:
    """Which money is valued?

    Parameters
    ----------
    source
        ``cost`` (revenue less the cost of the goods), ``stated`` (a share of revenue that was given) or ``revenue``.
    money
        What a purchase counts with in the engine.
    factor
        What an amount of the engine is multiplied by for it: the stated margin, or 1.
    margin_share
        Margin as a share of revenue; None where only revenue is known.
    cost_share
        Cost of a sale without one, as a share of its revenue.
    costed_share
        Share of the sales that carries their cost.
    kept_share
        Share of the sales that was not given back.
    why_not
        Why nothing can be expected from these sales; empty where it can.
    is_passed_over
        Was a margin stated that is not used, since costs are recorded?
    """

    source: str
    money: Money
    factor: float
    margin_share: float | None
    cost_share: float
    costed_share: float
    kept_share: float
    why_not: str = ""
    is_passed_over: bool = False


def check_margin(margin_share: float | None) -> None:
    """A stated margin is a share of revenue above 0, at most 1."""
    if margin_share is None:
        return
    if margin_share > 1:
        raise ParameterError(
            f"margin_share is a share of revenue, at most 1, not {margin_share:g}. "
            f"If {margin_share:g} % is meant, give {margin_share / 100:g}."
        )
    if not margin_share > 0:
        raise ParameterError(f"margin_share is a share of revenue above 0 (0.3 is 30 %), not {margin_share!r}.")


@step
def find_money(study: Study, margin_share: float | None) -> MoneyBasis:
    """Which money can be valued: cost where it is recorded, else the margin that was stated, else revenue alone?"""
    check_margin(margin_share)
    if not study.has("orders"):
        return _basis(None, margin_share)
    return _basis(sum_money(study).to_pandas(), margin_share)


def _basis(summed: pd.DataFrame | None, margin_share: float | None) -> MoneyBasis:
    sales, costed, cost, returned = (0.0,) * 4 if summed is None else (float(value) for value in summed.iloc[0])
    costed_share = costed / sales if sales > 0 else 0.0
    kept = min(max(1 - returned / sales, 0.0), 1.0) if sales > 0 else 1.0
    why_not = ""
    if summed is not None and not sales > 0:
        why_not = "Nothing that customers bought brought any money."
    elif sales > 0 and not returned < sales:
        why_not = "Customers gave back as much money as they ever brought, or more."
    if costed_share >= ENOUGH_COSTED and costed > 0:
        share = cost / costed
        return MoneyBasis(
            source="cost", money="margin", factor=1.0, margin_share=1 - share, cost_share=share,
            costed_share=costed_share, kept_share=kept, why_not=why_not, is_passed_over=margin_share is not None,
        )  # fmt: skip
    source = "revenue" if margin_share is None else "stated"
    factor = 1.0 if margin_share is None else float(margin_share)
    return MoneyBasis(
        source=source, money="revenue", factor=factor, margin_share=margin_share, cost_share=0.0,
        costed_share=costed_share, kept_share=kept, why_not=why_not,
    )  # fmt: skip
