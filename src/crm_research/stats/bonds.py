"""Things that hang together by bonds between pairs of them, and which of these bonds are beyond doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

# Pairs that are nearly surely of one, or nearly surely of two, are not in doubt.
DOUBTFUL_FROM: Final = 0.01
DOUBTFUL_TO: Final = 0.99


def number_groups(n: int, left: Ints, right: Ints) -> Ints:
    """Of each of n things, the number of the group that it hangs together with by these bonds: from 0, without gaps."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, part = connected_components(coo_array((np.ones(len(left)), (left, right)), shape=(n, n)), directed=False)
    return np.asarray(part)


def first_together(n: int, left: Ints, right: Ints) -> Ints:
    """Of each of n things, the first of those that it hangs together with by these bonds."""
    if not len(left):
        return np.arange(n)
    part = number_groups(n, left, right)
    first = np.full(int(part.max()) + 1, n, dtype=np.int64)
    np.minimum.at(first, part, np.arange(n))
    return np.asarray(first[part])


def find_sure_bonds(
    n: int, left: Ints, right: Ints, probability: Floats, *, is_together: Flags, is_open: Flags
) -> tuple[Flags, Flags]:
    """Which pairs are beyond doubt, and which gave way to another though they are as probable?

    Parameters
    ----------
    left, right, probability
        Pairs of things, and that the two are one.
    is_together
        The two stand together.
    is_open
        Nothing says that they are two.

    Returns
    -------
    tuple
        Pairs that stand together beyond doubt; and pairs that are as probable and stand apart, since one of the two has
        found another: a bond of either is in doubt with them.
    """
    is_probable = is_open & (probability >= DOUBTFUL_TO)
    gave_way = is_probable & ~is_together
    is_rival = np.zeros(n, dtype=bool)
    for side in (left, right):
        is_rival[side[gave_way]] = True
    return is_probable & is_together & ~is_rival[left] & ~is_rival[right], gave_way
