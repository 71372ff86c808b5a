"""Sections of customer value on gold customers, on who moves between tiers, and what it would take to rise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.pillars.value import figures, tables, words
from crm_research.pillars.value.shown import CENTS, MONEY, at_most, cents, shown
from crm_research.show import Figures, Note, SavedList, Section, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from crm_research.pillars.value.profit.measure import Profit
    from crm_research.pillars.value.tiers.measure import Tiers

SHOWN: Final = 15


def choices_section(profit: Profit, tiers: Tiers | None) -> Section:
    """How many would be of another tier by another rule."""
    if tiers is None:
        return Section.missing(words.no_tiers(profit))
    return Section(
        Note(words.say_others(tiers)),
        Table(tiers.others, "Customers who would be of another tier", formats={"changed_share": "share"}),
        result=tiers.others,
    )


def moves_section(profit: Profit, tiers: Tiers | None) -> Section:
    """Who moved between tiers."""
    if tiers is None or tiers.stayed is None:
        return Section.missing(words.no_tiers(profit) if tiers is None else words.say_moves(profit, tiers))
    return Section(
        Note(words.say_moves(profit, tiers)),
        Table(
            tables.moves_table(tiers),
            "Customers by their tier before and now",
            note="The rule makes the tiers of either stretch anew. Some of those who fall had an exceptional "
            "stretch before: falling back from it is no loss of theirs.",
            counts=("gold_now", "iron_now", "lead_now", "not_there_now"),
        ),
        Figures([one for one in figures.move_figures(profit, tiers) if one.id in (figures.STAYED, figures.ROSE)]),
        result=tiers.moves,
    )


def lift_section(profit: Profit, tiers: Tiers | None) -> Section:
    """What it would take to lift iron customers to gold."""
    if tiers is None or tiers.lift.empty:
        return Section.missing(words.no_tiers(profit) if tiers is None else words.say_lift(profit, tiers))
    return Section(
        Note(words.say_lift(profit, tiers)),
        Table(
            tiers.lift.rename(columns={"who": "iron_customers"}),
            f"How much more iron customers would have to leave to be gold ({profit.currency})",
            formats={"more_each": CENTS, "more_together": MONEY},
        ),
        result=tiers.lift,
    )


def gold_section(profit: Profit, tiers: Tiers | None, customers: Callable[..., pd.DataFrame]) -> Section:
    """What losing the gold customers would cost, and who they are."""
    if tiers is None or not tiers.of("gold")["n_customers"]:
        return Section.missing(words.no_tiers(profit) if tiers is None else "Nobody is gold.")
    listed = shown(customers(least=tiers.cuts[0]))
    parts = tables.parts_table(profit, tiers)
    return Section(
        Note(words.say_loss_of_gold(profit, tiers)),
        Table(
            parts,
            f"A customer of each tier on average ({profit.currency})",
            formats=dict.fromkeys(parts.columns[1:], CENTS),
        ),
        Table(listed.head(SHOWN), f"The first gold customers ({profit.currency})", formats=cents(listed)),
        SavedList(
            "value-gold-customers",
            listed,
            f"Gold customers, those who leave most first{at_most(listed)}.",
        ),
        result=listed,
    )
