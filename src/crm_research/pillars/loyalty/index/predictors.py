"""What a loyalty index is made of: one row a customer, from what was known at as_of."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.basket import build_basket
from crm_research.features.clock import days_between, instant
from crm_research.features.lots import lot_of
from crm_research.features.own_rhythm import (
    build_own_rhythm,
    count_gap_scores,
    count_log_gaps,
    number_purchases,
    score_silence,
)
from crm_research.features.purchases import Occasion
from crm_research.features.rfm import build_rfm
from crm_research.features.window import known_rows
from crm_research.pillars.loyalty.rhythm.gap_model import fit_gap_scale, set_limits

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

RECENCY: Final = "recency against own rhythm"
BEND: Final = "square of that recency"
FREQUENCY: Final = "frequency"
TENURE: Final = "tenure"
BREADTH: Final = "breadth"
ATTITUDE: Final = "attitude"
ANSWERED: Final = "has answered a survey"
_ATTITUDE_DAYS: Final = 365
_FEWEST_ANSWERS: Final = 30


def count_buyers(study: Study, *, occasion: Occasion = "day") -> int:
    """How many customers have an index at as_of: all with a purchase?"""
    purchases = number_purchases(study, occasion=occasion)
    return int(purchases.filter(purchases.depth == 1).count().execute())


def read_index_parts(study: Study, *, occasion: Occasion = "day", share: float = 1.0) -> pd.DataFrame:
    """Of which parts is each customer's index made up?

    Parameters
    ----------
    share
        Of the customers, drawn by lot.

    Returns
    -------
    pandas.DataFrame
        Grain: customer with a purchase at as_of. Columns ``customer_id``, ``spend``, ``days_since_last``, and the
        parts: recency against own rhythm (standardised logarithm of the silence, turned round) and its square,
        frequency (logarithm of purchases), tenure (logarithm of days since the first), breadth (logarithm of
        categories or products, where lines are recorded), attitude (mean answer of the last year on a scale of 0 to 1,
        the average where none is known) and whether there is one; the last two only with 30 customers who answered.

    Raises
    ------
    NotEnoughData
        With fewer than 30 completed gaps between purchases.
    """
    scale = fit_gap_scale(count_log_gaps(study, occasion=occasion))
    scale = set_limits(scale, count_gap_scores(study, scale, occasion=occasion))
    rows = build_own_rhythm(study, scale, occasion=occasion)
    rows = rows.filter(rows.next_at.isnull())  # noqa: PD003
    if share < 1:
        rows = rows.filter(lot_of(rows.customer_id) < share)
    rows = rows.inner_join(build_rfm(study).select("customer_id", "spend"), "customer_id")
    rows = rows.mutate(days_since_last=days_between(rows.ordered_at, instant(study.as_of)))
    parts = rows.select(
        "customer_id",
        "spend",
        "days_since_last",
        score=score_silence(rows, rows.days_since_last),
        n_purchases=rows.depth,
        age_days=days_between(rows.first_at, instant(study.as_of)),
    )
    breadth, attitude = _breadth(study), _attitude(study)
    for extra in (breadth, attitude):
        if extra is not None:
            parts = parts.left_join(extra, "customer_id").drop("customer_id_right")
    return _shape(parts.order_by("customer_id").to_pandas())


def part_names(frame: pd.DataFrame) -> list[str]:
    """The parts among the columns, in their order."""
    return [name for name in (RECENCY, BEND, FREQUENCY, TENURE, BREADTH, ATTITUDE, ANSWERED) if name in frame.columns]


def _shape(held: pd.DataFrame) -> pd.DataFrame:
    frame = held[["customer_id", "spend", "days_since_last"]].copy()
    # Each column goes as soon as what is made of it is there.
    frame[RECENCY] = -held.pop("score").astype(float)
    frame[BEND] = frame[RECENCY] ** 2
    frame[FREQUENCY] = np.log(held.pop("n_purchases").astype(float))
    frame[TENURE] = np.log1p(held.pop("age_days").astype(float).clip(lower=0))
    if "n_kinds" in held:
        frame[BREADTH] = np.log1p(held["n_kinds"].astype(float).fillna(0.0))
    if "attitude" in held and held["attitude"].notna().sum() >= _FEWEST_ANSWERS:
        known = held["attitude"].astype(float)
        frame[ATTITUDE] = known.fillna(known.mean())
        frame[ANSWERED] = known.notna().astype(float)
    return frame


def _breadth(study: Study) -> ir.Table | None:
    if not study.has("order_lines"):
        return None
    basket = build_basket(study)
    held = [name for name in ("n_categories", "n_products") if name in basket.columns]
    return basket.select("customer_id", n_kinds=basket[held[0]]) if held else None


def _attitude(study: Study) -> ir.Table | None:
    if not study.has("surveys") or "customer_id" not in study.table("surveys").columns:
        return None
    answers = known_rows(study, "surveys")
    span = (answers.scale_max - answers.scale_min).nullif(0)
    answers = answers.mutate(share=(answers.score - answers.scale_min) / span)
    recent = answers.filter(
        answers.customer_id.notnull(),  # noqa: PD004
        answers.asked_at > instant(study.as_of - timedelta(days=_ATTITUDE_DAYS)),
    )
    return recent.group_by("customer_id").agg(attitude=recent.share.mean())
