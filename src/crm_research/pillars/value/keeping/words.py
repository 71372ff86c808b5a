"""Retention economics in sentences: every number in them is computed."""

from __future__ import annotations

from typing import Final

import pandas as pd

from crm_research.pillars.value.keeping.measure import Keeping
from crm_research.theme import join_words, say_estimate, say_money, say_percent

ASSUMED: Final = (
    "Each of these claims compares all that customers will ever bring, never the profit of one year; it lets the same "
    "share stay every year and each customer bring the same every year, and it leaves out what keeping them costs."
)


def say_keeping(keeping: Keeping) -> str:
    """What is kept, and what more of it would bring."""
    gain = keeping.gain(5)
    kept = say_estimate(keeping.kept, keeping.kept_lower, keeping.kept_upper, say_percent, keeping.confidence)
    more = say_estimate(
        float(gain["lifetime_share"]), float(gain["lower"]), float(gain["upper"]), say_percent, keeping.confidence
    )
    money = say_money(float(gain["money"]), keeping.currency)
    return (
        f"Of the customers of the year before, {kept} are still there. If 5 more of a hundred stayed each year, next "
        f"year would bring {money} more, and all that is to come would be worth {more} more."
    )


def say_price(keeping: Keeping, noun: str = "profit") -> str:
    """What keeping one customer may cost at most; of anything but profit no such limit follows."""
    parts = [
        f"{say_money(float(row['worth_kept']), keeping.currency)} for one who is {row['tier']}"
        for _, row in keeping.tiers.iterrows()
        if row["worth_kept"] > 0
    ]
    if parts and noun != "profit":
        return (
            f"A customer kept for the next year who would else be gone is worth {noun} of {join_words(parts)}. How "
            "much of it may be spent on keeping them is not known, since not all that they cost is recorded."
        )
    return (
        f"Keeping a customer for the next year who would else be gone may cost up to {join_words(parts)}. A new "
        "customer of the same kind is worth no more, so winning one may cost no more either."
        if parts
        else "No kind of customer leaves enough to pay for keeping them."
    )


def claims_table(keeping: Keeping) -> pd.DataFrame:
    """What is commonly said of keeping, beside what follows from these records.

    Returns
    -------
    pandas.DataFrame
        claim, said_from, said_to, here, lower, upper, verdict (by whether the limits reach into what is said).
    """
    five = keeping.gain(5)
    ends = tuple(float(five[name]) for name in ("lifetime_share", "lower", "upper"))
    steep = (keeping.elasticity, keeping.elasticity_lower, keeping.elasticity_upper)
    rows = [
        ("5 more of a hundred kept raise profit by 25 % to 30 %", 0.25, 0.30, ends),
        ("1 % more kept raises the firm's worth by 3 % to 7 %", 0.03, 0.07, steep),
    ]
    return pd.DataFrame(
        [(claim, low, high, *here, _judge(low, high, *here[1:])) for claim, low, high, here in rows],
        columns=["claim", "said_from", "said_to", "here", "lower", "upper", "verdict"],
    )


def _judge(said_from: float, said_to: float, lower: float, upper: float) -> str:
    if lower > said_to:
        return "more than is said"
    if upper < said_from:
        return "less than is said"
    return "as is said" if lower >= said_from and upper <= said_to else "these data do not contradict it"
