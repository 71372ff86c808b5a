"""From a behaviour in its own units to a scaled input, written down so that it can be done again elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.errors import ParameterError
from crm_research.pillars.segmentation.inputs.scale import CUT_OFF

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

LARGEST: Final = sys.float_info.max
_NORMAL_IQR: Final = 1.349
_SAME: Final = 1e-8


@dataclass(frozen=True, kw_only=True)
class InputTransform:
    """How is one input made from the feature of that name?

    A gap becomes `fill`; then the logarithm is taken where asked, sign(x) ln(1 + |x|); then `centre` is taken off, the
    rest is divided by `scale` and cut off at plus and minus `clip`.

    Parameters
    ----------
    name, what
        Column of the features, and what it is in words.
    fill
        In the units of the feature.
    centre, scale
        On the logarithmic scale where `is_logarithmic`.
    clip
        None where nothing is cut off.
    """

    name: str
    what: str
    is_logarithmic: bool
    fill: float
    centre: float
    scale: float
    clip: float | None

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scaled input from values in their own units; what is no finite number counts as a gap."""
        scaled = (_on_scale(_filled(values, self.fill), self.is_logarithmic) - self.centre) / self.scale
        return scaled if self.clip is None else np.clip(scaled, -self.clip, self.clip)

    @property
    def weight(self) -> float:
        """How much more the input counts than the rule of the house has it (`weigh_inputs`): its cut over three."""
        return 1.0 if self.clip is None else self.clip / CUT_OFF

    def weighted(self, weight: float) -> InputTransform:
        """The same input, counting so many times as much."""
        clip = None if self.clip is None else self.clip * weight
        return replace(self, scale=self.scale / weight, clip=clip)

    def on_scale(self, value: float) -> float:
        """One finite value on the scale that `centre` and `scale` refer to."""
        return float(_on_scale(np.asarray(value, dtype=float), self.is_logarithmic))

    def limits(self) -> tuple[float, float]:
        """Lowest and highest value, in the units of the feature, that is not cut off; the largest numbers at most."""
        if self.clip is None:
            return -LARGEST, LARGEST
        low, high = (self._back(self.centre + side * self.clip * self.scale) for side in (-1.0, 1.0))
        return max(low, -LARGEST), min(high, LARGEST)

    def _back(self, moved: float) -> float:
        if not self.is_logarithmic:
            return moved
        with np.errstate(over="ignore"):
            return float(np.sign(moved) * np.expm1(abs(moved)))


def fit_transform(name: str, what: str, values: NDArray[np.float64], *, is_logarithmic: bool) -> InputTransform:
    """The transform of the house, fitted to these values: median, IQR / 1.349 (else the standard deviation), cut at 3.

    Values that are all alike, or none at all, get a scale of 1.
    """
    known = values[np.isfinite(values)]
    fill = float(np.median(known)) if len(known) else 0.0
    moved = _on_scale(_filled(values, fill), is_logarithmic)
    if len(moved) == 0:
        return InputTransform(
            name=name, what=what, is_logarithmic=is_logarithmic, fill=fill, centre=0.0, scale=1.0, clip=CUT_OFF
        )
    low, high = np.quantile(moved, [0.25, 0.75])
    scale = float(high - low) / _NORMAL_IQR
    if scale <= 0:
        scale = float(moved.std())
    return InputTransform(
        name=name,
        what=what,
        is_logarithmic=is_logarithmic,
        fill=fill,
        centre=float(np.median(moved)),
        scale=scale if scale > 0 else 1.0,
        clip=CUT_OFF,
    )


def recover_transforms(
    raw: pd.DataFrame,
    scaled: NDArray[np.float64],
    names: Sequence[str],
    words: Sequence[str],
    *,
    shared: Collection[str] = (),
) -> tuple[InputTransform, ...]:
    """Which transforms lead from the features to the scaled inputs, value by value?

    Parameters
    ----------
    raw
        One row a customer, the columns `names` in their own units, gaps empty.
    scaled
        The same customers, one column for each of `names`.
    words
        What each input is, in words.
    shared
        Inputs that have their scale with others (parts of a whole, levels of a category) and so none of their own.

    Raises
    ------
    ParameterError
        If an input was not made by logarithm, shift, scale and cut alone: it cannot be made again from the feature.
    """
    return tuple(
        _recover(
            name, what, raw[name].to_numpy(dtype=float, na_value=np.nan), scaled[:, place], has_own=name not in shared
        )
        for place, (name, what) in enumerate(zip(names, words, strict=True))
    )


def _recover(
    name: str, what: str, values: NDArray[np.float64], scaled: NDArray[np.float64], *, has_own: bool
) -> InputTransform:
    # First the rule of the house, whose parameters are exact, also weighted; then any other line through the values.
    for is_logarithmic in (True, False) if has_own else ():
        fitted = fit_transform(name, what, values, is_logarithmic=is_logarithmic)
        if _fits(fitted, values, scaled):
            return fitted
        weighted = fitted.weighted(_find_weight(fitted.apply(values), scaled))
        if _fits(weighted, values, scaled):
            return weighted
    for is_logarithmic in (False, True):
        line = _straight_line(name, what, values, scaled, is_logarithmic)
        if line is not None and _fits(line, values, scaled):
            return line
    raise ParameterError(
        f"The input {name!r} of this segmentation is not made from its feature by logarithm, centre, scale and cut "
        "alone, so it cannot be made again for other customers and the segmentation cannot be saved. Save one on "
        "robustly scaled inputs."
    )


def _find_weight(house: NDArray[np.float64], scaled: NDArray[np.float64]) -> float:
    size = float(house @ house)
    weight = float(house @ scaled) / size if size > 0 else 1.0
    return weight if weight > 0 else 1.0


def _straight_line(
    name: str, what: str, values: NDArray[np.float64], scaled: NDArray[np.float64], is_logarithmic: bool
) -> InputTransform | None:
    known = np.isfinite(values)
    if not known.any():
        return None
    moved = _on_scale(values[known], is_logarithmic)
    most = float(np.abs(scaled).max())
    inner = np.abs(scaled[known]) < most - _SAME
    if np.ptp(moved[inner]) <= 0 if inner.any() else True:
        inner = np.ones(len(moved), dtype=bool)
    low, high = np.argmin(np.where(inner, moved, np.inf)), np.argmax(np.where(inner, moved, -np.inf))
    rise = scaled[known][high] - scaled[known][low]
    if not rise:
        return None
    scale = float((moved[high] - moved[low]) / rise)
    line = InputTransform(
        name=name,
        what=what,
        is_logarithmic=is_logarithmic,
        fill=float(np.median(values[known])),
        centre=float(moved[low] - scale * scaled[known][low]),
        scale=scale,
        clip=CUT_OFF if most <= CUT_OFF + _SAME else None,
    )
    return line if scale > 0 else None


def _fits(transform: InputTransform, values: NDArray[np.float64], scaled: NDArray[np.float64]) -> bool:
    return bool(np.abs(transform.apply(values) - scaled).max(initial=0.0) < _SAME)


def _filled(values: NDArray[np.float64], fill: float) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, fill)


def _on_scale(values: NDArray[np.float64], is_logarithmic: bool) -> NDArray[np.float64]:
    return np.sign(values) * np.log1p(np.abs(values)) if is_logarithmic else values
