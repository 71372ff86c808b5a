"""The three things a grouping of customers can be; their places are the codes of `segmentation.verdict`."""

from __future__ import annotations

from typing import Final

NATURAL: Final = "natural"
REPRODUCIBLE: Final = "reproducible"
CONSTRUCTED: Final = "constructed"
VERDICTS: Final = (NATURAL, REPRODUCIBLE, CONSTRUCTED)
