"""Shares that add up to one, made fit for distances between customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_research.pillars.segmentation.inputs.scale import CUT_OFF

if TYPE_CHECKING:
    from numpy.typing import NDArray


def find_average(amounts: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each part in a purchase of the average customer; of a part that nobody bought, half a purchase's."""
    known = np.maximum(np.nan_to_num(amounts), 0.0)
    average = known.sum(axis=0) / max(known.sum(), np.finfo(float).tiny)
    average = np.maximum(average, 0.5 / max(float(counts.sum()), 1.0))
    shares: NDArray[np.float64] = average / average.sum()
    return shares


def replace_zeros(
    amounts: NDArray[np.float64], counts: NDArray[np.float64], *, average: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Shares without zeros: one purchase of the average customer is added to those each customer made.

    Who bought seldom is drawn towards the average, who bought often hardly; a zero means less where little was
    bought (Bayesian multiplicative replacement, Martin-Fernandez and others 2015, with a prior weight of one).

    Parameters
    ----------
    amounts
        One row a customer, one column a part; negative amounts count as nothing.
    counts
        Purchases of each customer.
    average
        As of `find_average`; None finds it in these amounts.
    """
    known = np.maximum(np.nan_to_num(amounts), 0.0)
    totals = known.sum(axis=1, keepdims=True)
    average = find_average(amounts, counts) if average is None else average
    weights = np.where(totals > 0, np.maximum(counts, 1.0)[:, None], 0.0)
    shares = np.divide(known, totals, out=np.zeros_like(known), where=totals > 0)
    replaced: NDArray[np.float64] = (weights * shares + average) / (weights + 1.0)
    return replaced


def centre_log_ratios(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of each share over the geometric mean of the customer's shares (Aitchison 1986)."""
    logarithms = np.log(shares)
    ratios: NDArray[np.float64] = logarithms - logarithms.mean(axis=1, keepdims=True)
    return ratios


def scale_composition(ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    """Less the median of each part, all parts over one common spread, cut off at three: distances keep their shape."""
    moved = ratios - np.median(ratios, axis=0)
    spread = float(np.sqrt(moved.var(axis=0).mean()))
    scaled: NDArray[np.float64] = np.clip(moved / spread, -CUT_OFF, CUT_OFF) if spread > 0 else moved
    return scaled
