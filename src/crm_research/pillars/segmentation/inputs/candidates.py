"""What may serve as inputs of a segmentation, and how parts of a whole become such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.pillars.segmentation.inputs.labels import SHARE
from crm_research.pillars.segmentation.inputs.log_ratios import scale_composition
from crm_research.pillars.segmentation.inputs.recipe import COUNT, Recipe, Whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Name, words, and whether it is taken on a logarithmic scale.
Candidate = tuple[str, str, bool]


@dataclass(frozen=True, eq=False, kw_only=True)
class Offer:
    """What may serve as inputs.

    Parameters
    ----------
    customers
        One customer, by customer_id: `WORTH`, the purchase features and every candidate in its own units, gaps left
        empty.
    candidates
        name, words, is it taken on a logarithmic scale.
    n_left_out
        Customers with a purchase who are not among them, for too little is known of them.
    ready
        Candidates that are already on the scale on which they are compared (parts of a whole, levels of a category).
    recipe
        What the candidates are made of that are no features of purchases.
    money
        What the customers are worth (`WORTH`): spend, fees (a month), or empty where the records tell neither.
    refused
        Name of what would be circular, and why it is no candidate.
    """

    customers: pd.DataFrame
    candidates: tuple[Candidate, ...]
    n_left_out: int = 0
    ready: Mapping[str, NDArray[np.float64]] = field(default_factory=lambda: MappingProxyType({}))
    recipe: Recipe = field(default_factory=Recipe)
    money: str = "spend"
    refused: tuple[tuple[str, str], ...] = ()


def offer_compositions(customers: pd.DataFrame, frames: Sequence[tuple[Whole, pd.DataFrame]], what: str) -> Offer:
    """Which shares of a whole does each customer have, and how do they compare?

    Parameters
    ----------
    customers
        One customer, by customer_id, with n_orders.
    frames
        One whole each, and its amounts: customer_id and a column for each part, in words (``spend on tea``).
    what
        What the parts are, for the message where there are none.

    Raises
    ------
    NotEnoughData
        If no whole has two parts that occur.
    """
    ready: dict[str, NDArray[np.float64]] = {}
    joined = customers
    wholes: list[Whole] = []
    counts = customers[COUNT].to_numpy(dtype=float)
    for whole, frame in frames:
        parts = list(whole.parts)
        amounts = customers[["customer_id"]].merge(frame, on="customer_id", how="left")[parts].to_numpy(dtype=float)
        held = np.nansum(np.maximum(amounts, 0.0), axis=0) > 0
        if held.sum() < 2:
            continue
        names = [SHARE + name for name, is_held in zip(parts, held, strict=True) if is_held]
        amounts = np.maximum(np.nan_to_num(amounts[:, held]), 0.0)
        made = whole.keep(list(held), names).fit(amounts, counts)
        ready |= dict(zip(names, scale_composition(made.compare(amounts, counts)).T, strict=True))
        wholes.append(made)
        totals = amounts.sum(axis=1, keepdims=True)
        shares = np.divide(amounts, totals, out=np.full_like(amounts, np.nan), where=totals > 0)
        joined = joined.join(pd.DataFrame(shares, columns=names))
    if not ready:
        raise NotEnoughData(f"A segmentation by {what}", needed=2, found=0, mend="The study has no parts to compare.")
    candidates = tuple((name, name.removeprefix(SHARE), False) for name in ready)
    return Offer(customers=joined, candidates=candidates, ready=ready, recipe=Recipe(wholes=tuple(wholes)))
