"""Cards: how large each group is, what it brings, what stands out, and a plain name from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.segmentation.inputs import WORDS, Inputs
from crm_research.theme import join_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STANDS_OUT: Final = 0.35
_MOST_WORDS: Final = 2
# How a customer is called who stands out low or high on an input.
_ADJECTIVES: Final = {
    "days_since_last": ("recent", "long silent"),
    "n_orders": ("seldom buying", "often buying"),
    "mean_order_value": ("small-basket", "large-basket"),
    "discount_share": ("full-price", "bargain-seeking"),
    "own_brand_share": ("brand-buying", "own-brand"),
    "cv_gap": ("regular", "irregular"),
    "n_categories": ("narrow-range", "broad-range"),
    "n_products": ("narrow-range", "broad-range"),
}
# The same of shares of a whole: how their names begin, and what goes before a low one and behind a high one.
_PARTS: Final = (
    ("share of spend on ", "little-", "-buying"),
    ("share of spend through ", "seldom-", "-using"),
    ("share of purchases on ", "few-", "-visiting"),
    ("share of purchases in ", "few-", "-visiting"),
)


def describe_groups(inputs: Inputs, labels: NDArray[np.int64], k: int) -> pd.DataFrame:
    """How large is each group, what does it bring, and what stands out in it?

    Returns
    -------
    frame
        One group, those that spend most per customer first: group (its number in `labels`), segment (a plain name),
        n_customers, size_share, revenue, revenue_share (net; missing where there is no net revenue), median_spend, the
        median of each used input, and stands_out in words.
    """
    spend = inputs.customers["spend"].to_numpy(dtype=float, na_value=0.0)
    total = spend.sum()
    counts = np.bincount(labels, minlength=k)
    revenue = np.bincount(labels, weights=spend, minlength=k)
    frame = pd.DataFrame({"group": np.arange(k), "n_customers": counts, "revenue": revenue})
    frame = frame[frame["n_customers"] > 0]
    by_group = inputs.raw.assign(median_spend=spend).groupby(labels)
    frame = frame.join(by_group.median(), on="group")
    frame["size_share"] = frame["n_customers"] / len(labels)
    frame["revenue_share"] = frame["revenue"] / total if total > 0 else np.nan
    shifts = pd.DataFrame(inputs.scaled, columns=list(inputs.used)).groupby(labels).mean()
    shifts = shifts - inputs.scaled.mean(axis=0)
    order = (frame["revenue"] / frame["n_customers"]).sort_values(ascending=False, kind="stable").index
    frame = frame.loc[order].reset_index(drop=True)
    frame["stands_out"] = [_say_shifts(shifts.loc[group]) for group in frame["group"]]
    frame["segment"] = name_groups([shifts.loc[group] for group in frame["group"]])
    first = ["group", "segment", "n_customers", "size_share", "revenue", "revenue_share", "median_spend"]
    return frame[[*first, *inputs.used, "stands_out"]]


def name_groups(shifts: Sequence[pd.Series]) -> list[str]:
    """Plain names from what stands out, each different: more words where two would be alike, then numbers."""
    names = [_name(shift, _MOST_WORDS) for shift in shifts]
    names = [
        _name(shift, _MOST_WORDS + 1) if names.count(name) > 1 else name
        for shift, name in zip(shifts, names, strict=True)
    ]
    seen: dict[str, int] = {}
    different = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        different.append(f"{name} ({seen[name]})" if names.count(name) > 1 else name)
    return different


def _name(shift: pd.Series, n_words: int) -> str:
    standing = _standing_out(shift)[:n_words]
    if not standing:
        return "Middling buyers"
    words = dict.fromkeys(_adjective(name, is_high=bool(shift[name] > 0)) for name in standing)
    named = f"{', '.join(words)} customers"
    return named[:1].upper() + named[1:]


def _adjective(name: str, *, is_high: bool) -> str:
    if name in _ADJECTIVES:
        return _ADJECTIVES[name][int(is_high)]
    for start, little, much in _PARTS:
        if name.startswith(start):
            part = "-".join(name.removeprefix(start).split())
            return f"{part}{much}" if is_high else f"{little}{part}"
    return f"{'high' if is_high else 'low'} {WORDS[name]}"


def _say_shifts(shift: pd.Series) -> str:
    said = [
        f"{'more' if shift[name] > 0 else 'fewer' if _is_count(name) else 'less'} {_noun(name)}"
        for name in _standing_out(shift)
    ]
    return join_words(said) or "close to the average in everything"


def _is_count(name: str) -> bool:
    return name.startswith("n_") or name == "days_since_last"


def _noun(name: str) -> str:
    return {"n_orders": "purchases", "discount_share": "at a discount", "own_brand_share": "of own brands"}.get(
        name, WORDS[name]
    )


def _standing_out(shift: pd.Series) -> list[str]:
    far = shift[shift.abs() >= _STANDS_OUT]
    return [str(name) for name in far.abs().sort_values(ascending=False, kind="stable").index]
