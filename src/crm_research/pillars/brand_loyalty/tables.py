"""The brands in rows, for the page and for a reader's own notes."""

from __future__ import annotations

from typing import Final

import pandas as pd

from crm_research.pillars.brand_loyalty.analysis import BrandLoyalty

_PERIODS: Final = ((0.25, "a quarter"), (0.5, "half"), (1.0, "whole"), (2.0, "double"))
_LARGEST: Final = 6


def brand_table(loyalty: BrandLoyalty) -> pd.DataFrame:
    """How is each brand bought, and how would one of its size be?

    Returns
    -------
    pandas.DataFrame
        Grain: brand, largest first. Columns ``brand``, ``buyers``, ``market`` (share of purchases), ``penetration``
        and its ``norm``,
        ``per_buyer`` and ``norm_per_buyer`` (purchases), ``scr`` and ``norm_scr``, ``sole`` and ``norm_sole``
        (buyers of nothing else), ``verdict``. Shares in per cent, rounded.
    """
    columns = {
        "penetration": "penetration",
        "penetration_norm": "norm_penetration",
        "scr": "scr",
        "scr_norm": "norm_scr",
        "sole_share": "sole",
        "sole_share_norm": "norm_sole",
    }
    if loyalty.norm is None:
        return pd.DataFrame(columns=["brand", "buyers", "market", *columns.values(), "verdict"])
    norm = loyalty.norm
    found = pd.DataFrame({"brand": norm["brand"], "buyers": norm["n_buyers"], "market": (100 * norm["share"]).round(1)})
    for name in ("penetration", "penetration_norm"):
        found[columns[name]] = (100 * norm[name]).round(1)
    found["per_buyer"] = norm["purchases_per_buyer"].round(2)
    found["norm_per_buyer"] = norm["purchases_per_buyer_norm"].round(2)
    for name in ("scr", "scr_norm", "sole_share", "sole_share_norm"):
        found[columns[name]] = (100 * norm[name]).round(1)
    return found.assign(verdict=norm["verdict"])


def money_table(loyalty: BrandLoyalty) -> pd.DataFrame:
    """Is loyalty by money the same as loyalty by purchases?

    Returns
    -------
    pandas.DataFrame
        Grain: brand. Columns ``brand``, ``share_of_purchases``, ``share_of_revenue``, ``scr_by_purchases``,
        ``scr_by_revenue``, in per cent, rounded.
    """
    if loyalty.norm is None:
        return pd.DataFrame(
            columns=["brand", "share_of_purchases", "share_of_revenue", "scr_by_purchases", "scr_by_revenue"]
        )
    both = loyalty.norm[["brand", "share", "scr"]].merge(loyalty.money, on="brand")
    return pd.DataFrame(
        {
            "brand": both["brand"],
            "share_of_purchases": (100 * both["share"]).round(1),
            "share_of_revenue": (100 * both["revenue_share"]).round(1),
            "scr_by_purchases": (100 * both["scr"]).round(1),
            "scr_by_revenue": (100 * both["scr_revenue"]).round(1),
        }
    )


def growth_table(loyalty: BrandLoyalty) -> pd.DataFrame:
    """How would penetration and purchases per buyer of the largest brands grow with the length of the period?

    Returns
    -------
    pandas.DataFrame
        Grain: brand. For a quarter, a half, the whole and twice the window: buyers predicted of all the
        customers known, and purchases of each. Columns ``brand`` and one ``buyers, <period>`` and ``each, <period>``
        per period.
    """
    if loyalty.fit is None:
        return pd.DataFrame(columns=["brand"])
    columns: dict[str, object] = {"brand": loyalty.fit.names[:_LARGEST]}
    for periods, words in _PERIODS:
        predicted = loyalty.fit.predict(periods).head(_LARGEST)
        columns[f"buyers, {words}"] = (predicted["penetration"] * loyalty.n_customers).round(0).astype(int)
        columns[f"each, {words}"] = predicted["purchases_per_buyer"].round(1)
    return pd.DataFrame(columns)


def heavy_table(loyalty: BrandLoyalty) -> pd.DataFrame:
    """What did the heaviest buyers of each brand do in the second half?

    Returns
    -------
    pandas.DataFrame
        Grain: brand with at least 100 buyers. Columns ``brand``, ``from_purchases``, ``buyers``, ``first_half``,
        ``expected``, ``second_half``, ``less_than_expected`` (interval of the difference in words).
    """
    columns = ["brand", "from_purchases", "buyers", "first_half", "expected", "second_half", "beyond_chance"]
    if loyalty.by_brand.empty:
        return pd.DataFrame(columns=columns)
    rows = loyalty.by_brand
    # Plus nought takes the minus off what is rounded to it.
    beyond = [
        f"{round(low, 1) + 0.0:+.1f} to {round(high, 1) + 0.0:+.1f}"
        for low, high in zip(rows["gap_lower"], rows["gap_upper"], strict=True)
    ]
    return pd.DataFrame(
        {
            "brand": rows["brand"],
            "from_purchases": rows["from_purchases"].astype(int),
            "buyers": rows["n"].astype(int),
            "first_half": rows["first"].round(1),
            "expected": rows["expected"].round(1),
            "second_half": rows["observed"].round(1),
            "beyond_chance": beyond,
        }
    )
