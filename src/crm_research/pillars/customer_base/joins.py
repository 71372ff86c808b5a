"""How far the main number of the base moves had the doubtful joins of records been decided otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.features.customers import build_customers
from crm_research.features.rfm import build_rfm
from crm_research.models.joins import DrawnJoins, draw_joins
from crm_research.pillars.customer_base.figures import CUSTOMERS, TOP20
from crm_research.show.joined import JoinsTold
from crm_research.stats.concentration import concentration_of
from crm_research.stats.joined import HangsOnJoins, sum_up_draws
from crm_research.steps import step
from crm_research.theme import say_count, say_percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.pillars.customer_base.base import CustomerBase
    from crm_research.study import Study

_DIGITS: Final = 6


def measure_joins(study: Study, base: CustomerBase, *, seed: int) -> JoinsTold | None:
    """How much of what the base's page says first hangs on the joins? None for a study without links."""
    drawn = draw_joins(study, seed=seed)
    if drawn is None:
        return None
    if base.concentration is None:
        return JoinsTold(
            id=CUSTOMERS, label="customers known", clause="we would know {}", say=_say_customers,
            found=_vary_customers(base, drawn), window=base.window, **drawn.told("orders", "contracts"),
        )  # fmt: skip
    top20 = base.concentration.top20
    point, lower, upper = (float(part) for part in top20)
    values = np.full(drawn.n_draws, point)
    if drawn.study is not None:
        values = draw_top_shares(study, drawn)
    return JoinsTold(
        id=TOP20, label="share of revenue from the top fifth",
        clause="the top fifth of buyers would bring in {} of the revenue", say=say_percent, is_share=True,
        found=sum_up_draws(point, values, lower=lower, upper=upper, confidence=base.concentration.confidence),
        window=base.window, **drawn.told("orders"),
    )  # fmt: skip


def draw_top_shares(study: Study, drawn: DrawnJoins) -> NDArray[np.float64]:
    """The share of revenue that the top fifth of buyers bring, in each draw of the joins."""
    rest, moved, of_draw = _spend(study, drawn)
    shares = np.empty(drawn.n_draws)
    for draw in range(1, drawn.n_draws + 1):
        own = moved[of_draw == draw]
        # Those whom no draw touches are in order already.
        spend = np.insert(rest, np.searchsorted(-rest, -own), own)
        shares[draw - 1] = concentration_of(spend, np.ones(len(spend)))[0]
    return shares


@step
def _spend(study: Study, drawn: DrawnJoins) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """What those spent whom no draw changes, the highest first; what the others did in each draw, and in which."""
    others = drawn.without_touched(build_rfm(study).select("customer_id", "spend"))
    rest = np.nan_to_num(others.to_pyarrow()["spend"].to_numpy().astype(float)).round(_DIGITS)
    frame = drawn.by_draw(build_rfm(drawn.changed).select("customer_id", "spend").to_pandas())
    own = np.nan_to_num(frame["spend"].to_numpy(dtype=float)).round(_DIGITS)
    order = np.argsort(-own, kind="stable")
    return -np.sort(-rest), own[order], frame["draw"].to_numpy()[order]


def _say_customers(n: float) -> str:
    return say_count(n, "customer")


def _vary_customers(base: CustomerBase, drawn: DrawnJoins) -> HangsOnJoins:
    point = base.n_customers
    values = np.full(drawn.n_draws, float(point))
    if drawn.study is not None:
        counts = _count_customers(drawn)
        values = point - counts[0] + counts[1:]
    return sum_up_draws(point, values.astype(float), lower=None, upper=None, confidence=0.95)


@step
def _count_customers(drawn: DrawnJoins) -> NDArray[np.int64]:
    """Customers in each draw, as linked the first."""
    found = drawn.by_draw(build_customers(drawn.changed).select("customer_id").to_pandas())
    return np.bincount(found["draw"], minlength=drawn.n_draws + 1)
