"""How far what today's customers will bring moves had the doubtful joins of records been decided otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.models.btyd.family import sum_by
from crm_research.models.joins import draw_joins
from crm_research.pillars.value.lifetime.figures import EQUITY
from crm_research.pillars.value.lifetime.words import say_noun, say_span
from crm_research.pillars.value.risk.drawn import add_up_draws, draw_parts
from crm_research.show.joined import JoinsTold
from crm_research.stats.joined import sum_up_draws
from crm_research.theme import say_date, say_money

if TYPE_CHECKING:
    from crm_research.pillars.value.lifetime.measure import Lifetime
    from crm_research.study import Study

_HELD: Final = (
    "The models of what customers buy, pay and stay are held as they were fitted; to fit them anew in each draw would "
    "show a little more or less."
)  # fmt: skip


def measure_joins(study: Study, lifetime: Lifetime, *, seed: int) -> JoinsTold | None:
    """How much of what customers will bring hangs on the joins? None without links, or where that is not known."""
    drawn = draw_joins(study, seed=seed) if lifetime.is_known else None
    if drawn is None:
        return None
    row = lifetime.all
    point, lower, upper = (float(row[name]) for name in ("expected", "lower", "upper"))
    values = np.full(drawn.n_draws, point)
    if drawn.study is not None:
        parts = draw_parts(drawn, lifetime, None)
        own = np.zeros(len(parts.names))
        for part in parts.held:
            is_named = part.owner >= 0
            own += sum_by(part.owner[is_named], part.value.expected[is_named], len(own))
        sums = add_up_draws(drawn, parts, own)
        values = point - sums[0] + sums[1:]
    years, noun = say_span(lifetime.horizon_years), say_noun(lifetime)
    return JoinsTold(
        id=EQUITY, label=f"{noun} of today's customers in the next {years}",
        clause=f"today's customers would be expected to bring {{}} of {noun} in the next {years}",
        say=lambda money: say_money(money, lifetime.currency), more=_HELD, **drawn.told("orders", "contracts"),
        window=f"records up to {say_date(lifetime.as_of)}",
        found=sum_up_draws(point, values, lower=lower, upper=upper, confidence=lifetime.confidence),
    )  # fmt: skip
