"""What is shown of winning customers, or a note of why there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.features.winning import REACH_DAYS
from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.pillars.value.shown import CENTS, MONEY
from crm_research.pillars.value.winning.words import say_winning
from crm_research.show import Figures, Note, Section, Table
from crm_research.theme import say_date

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.pillars.value.lifetime.measure import Lifetime
    from crm_research.pillars.value.winning.measure import Winning

COST: Final = "value.acquisition_cost"
PAYBACK: Final = "value.payback_months"
_CENTS: Final = ("cost_each", "cost_lower", "cost_upper", "brought", "to_come")


def winning_section(found: Winning | str, lifetime: Lifetime) -> Section:
    """What winning a customer costs, by kind of campaign, and what one brings."""
    if isinstance(found, str):
        return Section.missing(found)
    shown = found.kinds.drop(columns=["extra_lower", "extra_upper"])
    for people, times in (("n_prospects", "n_addresses"), ("n_control", "n_held_back")):
        if (shown[people] == shown[times]).all():
            shown = shown.drop(columns=times)
    # What nobody was held back for, or nobody has paid back, is no column of blanks.
    shown = shown.drop(columns=[name for name in shown.columns if shown[name].isna().all()])
    formats = {
        "cost": MONEY, "came_anyway": "share", "extra": "{:,.0f}", "payback_months": "{:.0f}",
        **dict.fromkeys(_CENTS, CENTS),
    }  # fmt: skip
    return Section(
        Note(say_winning(found)),
        Table(
            shown,
            f"What winning a customer costs, and what one brings ({found.currency})",
            formats={name: how for name, how in formats.items() if name in shown},
            note="n prospects: people addressed who were no customers yet; n won: of these, who bought within "
            f"{REACH_DAYS} days of the last time; n control: such people held back; {_say_times(shown)}cost: the "
            "prospects' share of what campaigns cost; extra: won beyond those who would have come anyway; cost each: "
            "of one of them; brought, to come: so far and expected, of one on average; payback months: until those "
            "won had brought their cost.",
        ),
        Figures(winning_figures(found, lifetime)),
        result=found,
    )


def _say_times(shown: pd.DataFrame) -> str:
    said = {
        "n_addresses": "how often they were addressed, all together",
        "n_held_back": "how often they were held back",
    }
    return "".join(f"{name.replace('_', ' ')}: {what}; " for name, what in said.items() if name in shown)


def winning_figures(found: Winning, lifetime: Lifetime) -> list[Figure]:
    """What winning one costs, and how long until it has come back."""
    make = FigureMaker(
        window=f"campaigns at least {REACH_DAYS} days before {say_date(lifetime.as_of)}", confidence=found.confidence,
        validation=NO_VALIDATION,
    )  # fmt: skip
    made = []
    for row in found.kinds.to_dict("records"):
        is_held = row["came_anyway"] == row["came_anyway"]
        made += [
            make.one(
                COST, "Cost of winning one customer more" if is_held else "Cost of each customer who bought first",
                [row["cost_each"], row["cost_lower"], row["cost_upper"]], unit=found.currency,
                n=int(row["n_prospects"]),
                estimator="cost of addressing prospects over customers won"
                + (" beyond those of the people held back" if is_held else ""),
                limits="of the difference of shares" if is_held else "", group=row["kind"],
            ),
            make.one(
                PAYBACK, "Months until a customer won has brought their cost", row["payback_months"], unit="months",
                n=int(row["n_won"]), estimator="mean of those seen so long, by month since their first order",
                group=row["kind"],
            ),
        ]  # fmt: skip
    return made
