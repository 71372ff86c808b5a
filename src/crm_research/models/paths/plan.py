"""The drawing of a path model: which items stand for which construct, and which construct leads to which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from crm_research.errors import ParameterError, offer_names

Mode = Literal["A", "B"]
MODES: Final = ("A", "B")

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class PathPlan:
    """What a path model asserts.

    Parameters
    ----------
    constructs
        Name of each construct, causes before consequences.
    items
        All items, construct by construct.
    owner
        For each item the place of its construct.
    leads_to
        [i, j] is true where construct i leads to construct j; nothing below the diagonal.
    modes
        For each construct A (its items reflect it) or B (they form it).
    """

    constructs: tuple[str, ...]
    items: tuple[str, ...]
    owner: IntArray
    leads_to: BoolArray
    modes: tuple[Mode, ...]

    @property
    def mask(self) -> NDArray[np.float64]:
        """(items, constructs): 1 where the item belongs to the construct."""
        return np.asarray(self.owner[:, None] == np.arange(len(self.constructs)), dtype=np.float64)

    def items_of(self, place: int) -> IntArray:
        """Places of a construct's items."""
        return np.flatnonzero(self.owner == place)

    def causes_of(self, place: int) -> IntArray:
        """Places of the constructs that lead to one."""
        return np.flatnonzero(self.leads_to[:, place])

    @property
    def arrows(self) -> list[tuple[int, int]]:
        """Places of cause and consequence, one pair for each path, by consequence."""
        return [(int(cause), place) for place in range(len(self.constructs)) for cause in self.causes_of(place)]


def plan_paths(
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    *,
    columns: Sequence[str],
    modes: Mapping[str, Mode] | None = None,
) -> PathPlan:
    """Can this model be fitted, and in which order do its constructs come?

    Raises
    ------
    ParameterError
        For an item that is not among the columns, is used twice or missing from a construct; for a path between
        constructs that do not exist, from a construct to itself, given twice, or closing a circle.
    """
    _check_items(constructs, columns)
    arrows = list(dict.fromkeys((str(cause), str(result)) for cause, result in paths))
    if not arrows:
        raise ParameterError("A path model needs at least one path, such as ('quality', 'satisfaction').")
    for name in [name for arrow in arrows for name in arrow]:
        if name not in constructs:
            raise ParameterError(
                f"Paths name a construct {name!r} without items. {offer_names(name, list(constructs))}"
            )
    used = [name for name in constructs if any(name in arrow for arrow in arrows)]
    order = _in_order(used, arrows)
    place = {name: number for number, name in enumerate(order)}
    leads_to = np.zeros((len(order), len(order)), dtype=bool)
    for cause, result in arrows:
        leads_to[place[cause], place[result]] = True
    chosen = dict(modes or {})
    for name, mode in chosen.items():
        if mode not in MODES:
            raise ParameterError(f"The mode of {name!r} must be 'A' (reflective) or 'B' (formative), not {mode!r}.")
    return PathPlan(
        constructs=tuple(order),
        items=tuple(item for name in order for item in constructs[name]),
        owner=np.repeat(np.arange(len(order)), [len(constructs[name]) for name in order]),
        leads_to=leads_to,
        modes=tuple(chosen.get(name, "A") for name in order),
    )


def _check_items(constructs: Mapping[str, Sequence[str]], columns: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name, items in constructs.items():
        if isinstance(items, str) or not len(items):
            raise ParameterError(f"The construct {name!r} needs a list of at least one item, not {items!r}.")
        for item in items:
            if item not in columns:
                raise ParameterError(f"The construct {name!r} names an item {item!r}. {offer_names(item, columns)}")
            if item in seen:
                raise ParameterError(f"The item {item!r} is used by {seen[item]!r} and again by {name!r}. Keep one.")
            seen[item] = name


def _in_order(names: Sequence[str], arrows: Sequence[tuple[str, str]]) -> list[str]:
    """Causes before consequences, otherwise as given; ParameterError where the paths run in a circle."""
    waiting, order = list(names), list[str]()
    while waiting:
        free = [name for name in waiting if all(cause in order for cause, result in arrows if result == name)]
        if not free:
            raise ParameterError(
                f"The paths among {', '.join(waiting)} run in a circle; a path model goes from causes to consequences. "
                "Leave one of these paths out."
            )
        order.append(free[0])
        waiting.remove(free[0])
    return order
