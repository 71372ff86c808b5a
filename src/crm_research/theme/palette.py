"""Colours. A colour follows a meaning: a group keeps its own in every report, and the accent marks what is meant."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

INK: Final = "#1f2933"
MUTED: Final = "#5f6b76"
GRID: Final = "#dfe3e8"
PAPER: Final = "#ffffff"
ACCENT: Final = "#0b6e99"
# What stands beside the accent and is not the point: the rest, the null, the rule of thumb.
REST: Final = "#9aa5b1"
WARNING: Final = "#c8501e"

# Blue, vermilion, green, purple, ochre, sky, wine, olive: told apart by colour-blind readers (after Okabe and
# Ito 2008), each with a contrast of about 3 or more against white and against the dark style's paper.
QUALITATIVE: Final = ("#0b6e99", "#d55e00", "#009e73", "#a35fa0", "#b8860b", "#4596d1", "#b3446c", "#7c7f2b")

# A page draws SVG with these hex values and maps them to its own variables, so that dark style works.
CSS_VARIABLES: Final = MappingProxyType({INK: "--ink", MUTED: "--muted", GRID: "--grid", PAPER: "--paper"})


def colour_of(group: str | int, groups: Sequence[str | int] | None = None) -> str:
    """Which colour does this group have?

    Parameters
    ----------
    group
        Name of the group, or its number counted from zero.
    groups
        All groups in their fixed order: the colour is that of the group's place. Without it a number is its own
        place, and a name takes a place that depends on the name alone, so that it is the same everywhere.
    """
    if groups is not None:
        return QUALITATIVE[list(groups).index(group) % len(QUALITATIVE)]
    if isinstance(group, int):
        return QUALITATIVE[group % len(QUALITATIVE)]
    return QUALITATIVE[zlib.crc32(group.encode()) % len(QUALITATIVE)]


def colours_of(groups: Sequence[str]) -> dict[str, str]:
    """A colour for each group, by its place in the order given; colours repeat after the eighth."""
    return {group: colour_of(group, groups) for group in groups}
