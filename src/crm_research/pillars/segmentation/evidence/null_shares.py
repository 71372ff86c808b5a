"""Shares of a whole without groups: one cloud of customers, each seen through as few purchases as he made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.pillars.segmentation.evidence.null_draws import permute_columns
from crm_research.pillars.segmentation.inputs.recipe import COUNT
from crm_research.pillars.segmentation.inputs.scale import CUT_OFF
from crm_research.steps import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.pillars.segmentation.evidence.null_draws import Draw
    from crm_research.pillars.segmentation.evidence.null_tests import FitShares
    from crm_research.pillars.segmentation.inputs.choose import Inputs
    from crm_research.pillars.segmentation.inputs.recipe import Whole

# Things that go into a purchase, as many as explain how often a part is not bought at all.
_TRIALS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
_STEPS: Final = 8
_FEWEST: Final = 3
_MOST_GAIN: Final = 4.0
_MOST_VARIANCE: Final = 25.0


@step
def fit_wholes(inputs: Inputs, *, seed: int) -> FitShares | None:
    """From the numbers of some customers, the draw of inputs that are parts of a whole as if no groups lay behind them.

    Inputs that are no parts are drawn with their columns permuted. None where no input is a part.
    """
    wholes = [whole for whole in inputs.recipe.wholes if set(whole.inputs) & set(inputs.used)]
    if not wholes:
        return None
    counts = np.nan_to_num(inputs.customers[COUNT].to_numpy(dtype=float, na_value=np.nan), nan=1.0)
    scales = [_Scale(whole, inputs.customers[list(whole.inputs)].to_numpy(dtype=float), counts) for whole in wholes]
    places = [[inputs.used.index(name) if name in inputs.used else -1 for name in whole.inputs] for whole in wholes]

    def fit(rows: NDArray[np.int64]) -> Draw:
        draws = [fit_shares(scale.shares[rows], counts[rows], scale.compare, seed=seed) for scale in scales]
        given = inputs.scaled[rows]

        def draw(rng: np.random.Generator) -> NDArray[np.float64]:
            drawn = permute_columns(given, rng)
            for at, draw_whole in zip(places, draws, strict=True):
                used = np.array(at) >= 0
                drawn[:, np.array(at)[used]] = draw_whole(rng)[:, used]
            return drawn

        return draw

    return fit


class _Scale:
    """Shares of one whole, and the scale of `scale_composition` as fitted to all customers."""

    def __init__(self, whole: Whole, shares: NDArray[np.float64], counts: NDArray[np.float64]) -> None:
        self.shares, self._whole = np.nan_to_num(shares), whole
        ratios = whole.compare(self.shares, counts)
        self._middle = np.median(ratios, axis=0)
        self._spread = float(np.sqrt((ratios - self._middle).var(axis=0).mean())) or 1.0

    def compare(self, shares: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = (self._whole.compare(shares, counts) - self._middle) / self._spread
        clipped: NDArray[np.float64] = np.clip(moved, -CUT_OFF, CUT_OFF)
        return clipped


def fit_shares(
    shares: NDArray[np.float64],
    counts: NDArray[np.float64],
    compare: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    *,
    seed: int,
) -> Draw:
    """How would the shares look if no groups lay behind them?

    Every customer has shares of his own, drawn from one logistic-normal cloud (Aitchison and Shen 1980), and spreads
    what he buys over the parts by them, like throws of a die (multinomial). Who buys once buys one part: such
    customers stand in separate places without belonging to separate groups. The cloud is raised until the draws have
    the means and covariances that the data have on the scale of `compare`; the number of throws in a purchase is the
    one under which as many parts are not bought at all as in the data.

    Parameters
    ----------
    shares
        One row a customer, one column a part; a row of nothing for customers who have none.
    counts
        Purchases of each customer.
    compare
        Shares and counts on the scale on which customers are compared (log ratios).

    Returns
    -------
    callable
        From a random generator, the scaled shares of as many customers.
    """
    held = np.nan_to_num(shares)
    is_bought = held.sum(axis=1) > 0
    if is_bought.sum() < _FEWEST:
        return lambda _: compare(held, counts)
    wanted = compare(held, counts)[is_bought]
    mean, covariance = wanted.mean(axis=0), np.cov(wanted, rowvar=False)
    empty = float((held[is_bought] == 0).mean())
    fits, apart = [], []
    for per_purchase in _TRIALS:
        throws = np.maximum(np.rint(per_purchase * np.maximum(counts[is_bought], 1.0)), 1.0).astype(np.int64)
        cloud = _fit_cloud(mean, covariance, throws, counts[is_bought], compare, seed)
        thrown = _throw(*cloud, throws, np.random.default_rng(seed))
        fits.append((*cloud, throws))
        apart.append(round(abs(float((thrown == 0).mean()) - empty), 3))
    # Of several that explain the empty parts as well, the fewest throws.
    middle, spread, throws = fits[int(np.argmin(apart))]

    def draw(rng: np.random.Generator) -> NDArray[np.float64]:
        drawn = np.zeros_like(held)
        drawn[is_bought] = _throw(middle, spread, throws, rng)
        return compare(drawn, counts)

    return draw


def _fit_cloud(
    mean: NDArray[np.float64],
    covariance: NDArray[np.float64],
    throws: NDArray[np.int64],
    counts: NDArray[np.float64],
    compare: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    middle, spread = mean.copy(), covariance.copy()
    for _ in range(_STEPS):
        found = compare(_throw(middle, spread, throws, np.random.default_rng(seed)), counts)
        own = np.cov(found, rowvar=False)
        # Few purchases flatten differences: a step on the flattened scale is too short on the other.
        gain = float(np.clip(np.trace(spread) / max(np.trace(own), 1e-9), 1.0, _MOST_GAIN))
        middle = middle + gain * (mean - found.mean(axis=0))
        spread = _as_covariance(spread + gain * (covariance - own))
    return middle, spread


def _throw(
    middle: NDArray[np.float64], spread: NDArray[np.float64], throws: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(spread)
    logs = middle + rng.normal(size=(len(throws), len(middle))) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    chances = np.exp(logs - logs.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    counted: NDArray[np.float64] = rng.multinomial(throws, chances) / throws[:, None]
    return counted


def _as_covariance(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    valid: NDArray[np.float64] = (vectors * np.clip(values, 0.0, _MOST_VARIANCE)) @ vectors.T
    return valid
