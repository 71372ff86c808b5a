"""Chance: where every draw of a simulated world comes from, and drawing for many customers at once."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# The place in this list seeds a topic's stream: add at the end only, or every world changes.
_TOPICS: Final = (
    "surroundings",
    "people",
    "campaigns",
    "purchases",
    "baskets",
    "contacts",
    "contracts",
    "surveys",
    "systems",
    "responses",
    "invoices",
    "partners",
    "indicators",
    "numbers",
    "buying centres",
)


def open_stream(seed: int, topic: str, block: int = 0) -> np.random.Generator:
    """The chance of one topic for one block of customers.

    Streams are children of the seed named by (topic, block), so that no topic's draws depend on how many another
    topic made, nor one block's on the blocks before it.
    """
    child = np.random.SeedSequence(entropy=seed, spawn_key=(_TOPICS.index(topic), block))
    return np.random.Generator(np.random.PCG64(child))


def expand_counts(counts: Ints) -> tuple[Ints, Ints]:
    """Long form of counts: for each of ``counts.sum()`` rows its owner and its place (0, 1, ...) among the owner's."""
    owner = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - np.repeat(before, counts)


def sum_within(values: Floats, counts: Ints) -> Floats:
    """Running sum of the long form's values within each owner."""
    total = np.cumsum(values)
    before = np.concatenate(([0.0], total))[np.cumsum(counts) - counts]
    return np.asarray(total - np.repeat(before, counts))


def pick_option(uniform: Floats, shares: Floats, row: Ints) -> Ints:
    """One option for each draw, with the shares of that draw's row.

    Parameters
    ----------
    uniform
        Draws in [0, 1).
    shares
        Rows of shares, each summing to one; shape (rows, options).
    row
        Which row holds for each draw.
    """
    n_rows, n_options = shares.shape
    edges = np.minimum(np.cumsum(shares, axis=1), 1.0)
    edges[:, -1] = 1.0
    flat = (edges + np.arange(n_rows)[:, None]).ravel()
    found = np.searchsorted(flat, row + uniform, side="right") - row * n_options
    return np.asarray(np.clip(found, 0, n_options - 1), dtype=np.int64)


def scramble(keys: Ints) -> Ints:
    """Turn keys below 2 ** 36 into as many different numbers below 2 ** 36 whose order tells nothing.

    Multiplying by an odd number permutes the residues of a power of two.
    """
    product = keys.astype(np.uint64) * np.uint64(2_654_435_761)
    return np.asarray((product & np.uint64(2**36 - 1)).astype(np.int64))
