"""The scale on which inputs are compared: robust standard deviations from the median, cut off where they end."""

from __future__ import annotations

from typing import Final

CUT_OFF: Final = 3.0
