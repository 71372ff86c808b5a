"""Each purchase with the rhythm that was its customer's own by then, and the silence that would break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ibis

from crm_research.features.clock import days_between
from crm_research.features.purchases import Occasion, build_purchases

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from crm_research.study import Study

LEAST_GAP_DAYS: Final = 0.5
SCORE_STEP: Final = 0.02
_LEAST_SD: Final = 0.05
_MOST_SCORE: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class RhythmScale:
    """How gaps between purchases spread, between customers and within each: what a customer's own gaps are shrunk to.

    Parameters
    ----------
    centre
        Mean over customers of the mean natural logarithm of their gaps in days.
    between_sd, within_sd
        Standard deviation of the customers' means, and of a customer's gaps about his mean.
    fading_first, lost_first
        Standardised logarithms of the gap after a first purchase from which a silence counts as fading and as lost.
    fading_later, lost_later
        The same after later purchases.
    """

    centre: float
    between_sd: float
    within_sd: float
    fading_first: float
    lost_first: float
    fading_later: float
    lost_later: float


def count_log_gaps(study: Study, *, occasion: Occasion = "day") -> pd.DataFrame:
    """How long are gaps, and how unlike each other within customers and between them? All that shrinking needs.

    Returns
    -------
    pandas.DataFrame
        Grain: number of completed gaps. Columns ``n_gaps``, ``n_customers``, ``sum_mean`` and ``sum_mean_sq`` (over
        customers, of the mean natural logarithm of their gaps in days), ``within`` (sum of squares about the own mean).
    """
    gaps = _with_gap(study, occasion)
    gaps = gaps.filter(gaps.log_gap.notnull())  # noqa: PD004
    by_customer = gaps.group_by("customer_id").agg(
        n_gaps=gaps.count(), mean=gaps.log_gap.mean(), spread=gaps.log_gap.var(how="pop")
    )
    counted: pd.DataFrame = (
        by_customer.group_by("n_gaps")
        .agg(
            n_customers=by_customer.count(),
            sum_mean=by_customer["mean"].sum(),
            sum_mean_sq=(by_customer["mean"] * by_customer["mean"]).sum(),
            within=(by_customer.spread * by_customer.n_gaps).sum(),
        )
        .order_by("n_gaps")
        .to_pandas()
    )
    return counted


def build_own_rhythm(study: Study, scale: RhythmScale, *, occasion: Occasion = "day") -> ir.Table:
    """Which gap was to be expected after each purchase, from the customer's own earlier gaps and everybody's?

    Parameters
    ----------
    study
        Needs orders.
    scale
        Of the gaps, from `count_log_gaps`.
    occasion
        What one purchase is: each calendar ``day`` with orders, or every ``order``.

    Returns
    -------
    ibis table
        One purchase: the columns of `build_purchases`; depth (its number), next_at and gap_days (to the next one, empty
        for the last), typical_days (median of the gap to expect), log_sd (of its logarithm), fading_days and lost_days
        (silences that break the rhythm), is_return (the gap before it was beyond its lost_days).

    Notes
    -----
    A customer's mean logarithm is shrunk towards everybody's by n between² / (within² + n between²) for n gaps known at
    the purchase, not after it. Gaps under half a day count as half a day.

    References
    ----------
    Efron and Morris (1975), JASA 70, 311-319.
    """
    numbered = _with_gap(study, occasion)
    before = ibis.cumulative_window(group_by=numbered.customer_id, order_by=numbered.ordered_at)
    n_gaps = numbered.depth - 1
    known = numbered.mutate(
        n_gaps=n_gaps, mean_log=numbered.log_gap.fill_null(0.0).sum().over(before) / n_gaps.nullif(0).cast("float64")
    )
    between, within = scale.between_sd**2, max(scale.within_sd, _LEAST_SD) ** 2
    weight = known.n_gaps * between / (within + known.n_gaps * between)
    centre = scale.centre + weight * (known.mean_log.fill_null(scale.centre) - scale.centre)
    shrunk = known.mutate(log_centre=centre, log_sd=(within + between * (1 - weight)).sqrt())
    is_first = shrunk.depth == 1
    fading = is_first.ifelse(scale.fading_first, scale.fading_later)
    lost = is_first.ifelse(scale.lost_first, scale.lost_later)
    limits = shrunk.mutate(
        typical_days=shrunk.log_centre.exp(),
        fading_days=(shrunk.log_centre + fading * shrunk.log_sd).exp(),
        lost_days=(shrunk.log_centre + lost * shrunk.log_sd).exp(),
    )
    in_order = ibis.window(group_by=limits.customer_id, order_by=limits.ordered_at)
    broke = (limits.gap_days > limits.lost_days).fill_null(ibis.literal(value=False))
    return limits.mutate(is_return=broke.lag().over(in_order).fill_null(ibis.literal(value=False))).drop(
        "log_gap", "mean_log"
    )


def score_silence(rows: ir.Table, silence_days: Any) -> ir.FloatingValue:
    """How long is a silence by the customer's own rhythm? Its standardised logarithm; 0 is the median gap to expect."""
    score = (silence_days.clip(lower=LEAST_GAP_DAYS).ln() - rows.log_centre) / rows.log_sd
    return score.clip(lower=-_MOST_SCORE, upper=_MOST_SCORE)


def count_gap_scores(study: Study, scale: RhythmScale, *, occasion: Occasion = "day") -> pd.DataFrame:
    """How did completed gaps turn out against the rhythm known before each of them?

    Returns
    -------
    pandas.DataFrame
        Grain: whether the gap followed a first purchase, and score in steps of 0.02. Columns ``is_first``, ``score``
        (standardised logarithm of the gap, as in `score_silence`), ``n`` (gaps), ``days`` (in all).
    """
    rows = build_own_rhythm(study, scale, occasion=occasion)
    ended = rows.filter(rows.next_at.notnull())  # noqa: PD004
    scored = ended.mutate(
        is_first=ended.depth == 1,
        step=(score_silence(ended, ended.gap_days) / SCORE_STEP).round().cast("int64"),
    )
    counted: pd.DataFrame = (
        scored.group_by("is_first", "step")
        .agg(n=scored.count(), days=scored.gap_days.sum())
        .order_by("is_first", "step")
        .to_pandas()
    )
    return counted.assign(score=counted["step"] * SCORE_STEP)[["is_first", "score", "n", "days"]]


def _with_gap(study: Study, occasion: Occasion) -> ir.Table:
    """Purchases with depth, next_at, gap_days to the next and log_gap since the one before."""
    purchases = build_purchases(study, occasion=occasion)
    order = ibis.window(group_by=purchases.customer_id, order_by=purchases.ordered_at)
    timed = purchases.mutate(
        depth=ibis.row_number().over(order) + 1,
        before_at=purchases.ordered_at.lag().over(order),
        next_at=purchases.ordered_at.lead().over(order),
    )
    return timed.mutate(
        gap_days=days_between(timed.ordered_at, timed.next_at),
        log_gap=days_between(timed.before_at, timed.ordered_at).clip(lower=LEAST_GAP_DAYS).ln(),
    ).drop("before_at")
