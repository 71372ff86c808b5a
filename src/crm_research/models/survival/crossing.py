"""How often does a Brownian bridge stay within bounds? The critical values of bands rest on it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.polynomial import Legendre, legendre
from scipy import stats

from crm_research.models.survival.risk import FloatArray

_N_SHAPES = 24
_N_NODES = 64
_N_MIRRORS = 6
# Shares of time closer than this are one moment.
_ONE_MOMENT = 1e-12


def equal_precision_chance(bound: float, from_share: float, to_share: float) -> float:
    """Chance that |W(u)| / sqrt(u (1 - u)) stays below the bound for a bridge W and all u of the range.

    Over the time log(u / (1 - u)) / 2 the ratio is a stationary Ornstein-Uhlenbeck process. Killed at the bound, its
    chance is a sum of exponentials, whose rates are eigenvalues on [-bound, bound]: they are found in a basis of
    polynomials that vanish there.

    References
    ----------
    The process: Nair (1984), Technometrics 26; Miller and Siegmund (1982), Biometrics 38, give the approximation
    that printed tables rest on.
    """
    span = 0.5 * np.log(to_share * (1 - from_share) / (from_share * (1 - to_share)))
    rates, weights = _decay(round(float(bound), 12))
    return float(np.sum(weights * np.exp(-rates * span)))


@lru_cache(maxsize=1)
def _basis() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Nodes and weights on [-1, 1]; even polynomials that vanish at both ends, and their slopes."""
    nodes, weights = legendre.leggauss(_N_NODES)
    shapes, slopes = np.empty((_N_SHAPES, _N_NODES)), np.empty((_N_SHAPES, _N_NODES))
    for place in range(_N_SHAPES):
        even = Legendre.basis(2 * place)
        shapes[place] = (1 - nodes**2) * even(nodes)
        slopes[place] = (1 - nodes**2) * even.deriv()(nodes) - 2 * nodes * even(nodes)
    return nodes, weights, shapes, slopes


@lru_cache(maxsize=256)
def _decay(bound: float) -> tuple[FloatArray, FloatArray]:
    nodes, node_weights, shapes, slopes = _basis()
    mass = node_weights * bound * np.exp(-((bound * nodes) ** 2) / 2) / np.sqrt(2 * np.pi)
    overlap, energy = (shapes * mass) @ shapes.T, (slopes * mass) @ slopes.T / bound**2
    values, vectors = np.linalg.eigh(overlap)
    kept = values > 1e-13 * values[-1]
    whiten = vectors[:, kept] / np.sqrt(values[kept])
    rates, modes = np.linalg.eigh(whiten.T @ energy @ whiten)
    start = (shapes * mass).sum(axis=1) @ whiten @ modes
    return rates, start**2


def hall_wellner_chance(bound: float, from_share: float, to_share: float) -> float:
    """Chance that |W(u)| stays below the bound for a Brownian bridge W and all u of the range.

    Given its values at both ends of the range the bridge is a bridge again, whose chance to stay within two lines is a
    sum over mirror images; the ends are averaged over.

    References
    ----------
    Hall and Wellner (1980), Biometrika 67, 133-143; mirror images: Anderson (1960), Annals of Mathematical
    Statistics 31, theorem 4.2.
    """
    nodes, node_weights = legendre.leggauss(_N_NODES)
    spread = np.sqrt(from_share * (1 - from_share))
    if to_share - from_share < _ONE_MOMENT:
        return float(2 * stats.norm.cdf(bound / spread) - 1)
    edge = min(bound, 9.0 * spread)
    first = edge * nodes
    first_mass = node_weights * edge * stats.norm.pdf(first, scale=spread)
    # From the first end on: a bridge to 0 at time 1.
    shrink = (1 - to_share) / (1 - from_share)
    step = np.sqrt(max((to_share - from_share) * shrink, 1e-300))
    low, high = np.maximum(-bound, shrink * first - 9.0 * step), np.minimum(bound, shrink * first + 9.0 * step)
    half = (high - low) / 2
    second = (high + low)[:, None] / 2 + half[:, None] * nodes[None, :]
    second_mass = node_weights * half[:, None] * stats.norm.pdf(second, loc=shrink * first[:, None], scale=step)
    stays = _stays_between(first[:, None], second, bound, to_share - from_share)
    return float(np.sum(first_mass[:, None] * second_mass * stays))


def _stays_between(first: FloatArray, second: FloatArray, bound: float, time: float) -> FloatArray:
    """Chance of a Brownian bridge from `first` to `second` to stay within -bound and bound."""
    if time <= 0:
        return np.ones(np.broadcast_shapes(first.shape, second.shape))
    total = np.zeros(np.broadcast_shapes(first.shape, second.shape))
    gap = (second - first) ** 2
    for mirror in range(-_N_MIRRORS, _N_MIRRORS + 1):
        straight = second - first + 4 * mirror * bound
        turned = second + first - 2 * bound + 4 * mirror * bound
        total += np.exp(-(straight**2 - gap) / (2 * time)) - np.exp(-(turned**2 - gap) / (2 * time))
    return np.clip(total, 0.0, 1.0)
