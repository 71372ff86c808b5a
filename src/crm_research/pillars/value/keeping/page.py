"""The section of customer value on what it would bring to keep more customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.pillars.value.keeping import words
from crm_research.pillars.value.keeping.figures import keeping_figures
from crm_research.pillars.value.setting import say_window
from crm_research.pillars.value.shown import CENTS, MONEY, as_called
from crm_research.show import Figures, Note, Section, Table
from crm_research.theme import say_percent

if TYPE_CHECKING:
    from crm_research.pillars.value.keeping.measure import Keeping
    from crm_research.pillars.value.profit.measure import Profit

_LIMITS: Final = ("lower", "upper")


def keeping_section(profit: Profit, found: Keeping | str) -> Section:
    """What more customers kept would bring, what keeping one may cost, and what is commonly said of it."""
    if isinstance(found, str):
        return Section.missing(found)
    each = as_called(profit)["mean_profit"]
    claims = words.claims_table(found)
    counted = "" if profit.is_profit else f"Here it is {profit.noun} and not profit. "
    return Section(
        Note(f"{words.say_keeping(found)} {words.say_price(found, profit.noun)}"),
        Figures(keeping_figures(found, say_window(profit.window))),
        Table(
            found.tiers.rename(columns={"mean_profit": each}),
            f"How many of each tier are kept, and what keeping one is worth ({found.currency})",
            formats={
                **dict.fromkeys(("kept_share", *_LIMITS), "share"),
                **dict.fromkeys((each, "worth_each", "worth_kept"), CENTS),
            },
            note="n before: customers of the tier in the year before; kept share: of those, who bring anything this "
            "year; worth each: today's worth of what one will bring from next year on; worth kept: the same of one who "
            f"surely stays the next year. Money of later years counts {say_percent(found.rate)} a year less.",
        ),
        Table(
            found.gains,
            f"What more kept customers would bring ({found.currency})",
            formats={"money": MONEY, **dict.fromkeys(("money_share", "lifetime_share", *_LIMITS), "share")},
            note="points: so many more of a hundred kept each year, in every tier alike and never more than all; "
            "money: more next year, and its share of what is expected then; lifetime share: more of all that is to "
            "come, with its limits.",
        ),
        Table(
            claims,
            "What is commonly said of keeping, and these records",
            formats=dict.fromkeys(("said_from", "said_to", "here", *_LIMITS), "share"),
            note=f"{counted}{words.ASSUMED} The first is said of feed and cars, the second by Gupta, Lehmann and "
            "Stuart (2004).",
        ),
        result=found,
    )
