"""Each purchase with the rhythm that was its customer's own by then, and the silence that would break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ibis

from crm_research.features.clock import days_between
from crm_research.features.kept import keep_table
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


def number_purchases(study: Study, *, occasion: Occasion = "day") -> ir.Table:
    """Each purchase with its number, its neighbours in time, and what its customer had done so far.

    Kept in the engine while the study is used: every measure of rhythm and of the ladder reads it.

    Returns
    -------
    ibis table
        One purchase: customer_id, ordered_at, revenue, and discount where the study has it; depth (its number),
        first_at, before_at and next_at (the customer's first, previous and next purchase; empty where there is none),
        log_gap (natural logarithm of the days since the one before, at least half a day), log_gaps_so_far (their sum).
    """
    return keep_table(study, ("purchases", occasion), lambda: _number(study, occasion))


def count_log_gaps(study: Study, *, occasion: Occasion = "day") -> pd.DataFrame:
    """How long are gaps, and how unlike each other within customers and between them? All that shrinking needs.

    Returns
    -------
    pandas.DataFrame
        Grain: number of completed gaps. Columns ``n_gaps``, ``n_customers``, ``sum_mean`` and ``sum_mean_sq`` (over
        customers, of the mean natural logarithm of their gaps in days), ``within`` (sum of squares about the own mean).
    """
    gaps = number_purchases(study, occasion=occasion)
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
        One purchase: the columns of `number_purchases`; gap_days (to the next one, empty for the last), typical_days
        (median of the gap to expect), log_centre and log_sd (of its logarithm), fading_days and lost_days (silences
        that break the rhythm), is_return (the gap before it was beyond the lost_days of that time).

    Notes
    -----
    A customer's mean logarithm is shrunk towards everybody's by n between² / (within² + n between²) for n gaps known at
    the purchase, not after it. Gaps under half a day count as half a day.

    References
    ----------
    Efron and Morris (1975), JASA 70, 311-319.
    """
    rows = number_purchases(study, occasion=occasion)
    centre, log_sd = _expect(scale, rows.depth, rows.log_gaps_so_far)
    fading, lost = _limits(scale, rows.depth)
    # The rhythm known at the purchase before, from the sums without this gap: no second look at other rows.
    centre_before, sd_before = _expect(scale, rows.depth - 1, rows.log_gaps_so_far - rows.log_gap)
    _, lost_before = _limits(scale, rows.depth - 1)
    broke = days_between(rows.before_at, rows.ordered_at) > (centre_before + lost_before * sd_before).exp()
    return rows.mutate(
        gap_days=days_between(rows.ordered_at, rows.next_at),
        log_centre=centre,
        log_sd=log_sd,
        typical_days=centre.exp(),
        fading_days=(centre + fading * log_sd).exp(),
        lost_days=(centre + lost * log_sd).exp(),
        is_return=broke.fill_null(ibis.literal(value=False)),
    )


def _expect(scale: RhythmScale, depth: Any, log_gaps: Any) -> tuple[Any, Any]:
    """Mean logarithm of the gap to expect after so many purchases with such gaps, and its standard deviation."""
    between, within = scale.between_sd**2, max(scale.within_sd, _LEAST_SD) ** 2
    n_gaps = (depth - 1).clip(lower=0).cast("float64")
    weight = n_gaps * between / (within + n_gaps * between)
    mean = (log_gaps / n_gaps.nullif(0.0)).fill_null(scale.centre)
    return scale.centre + weight * (mean - scale.centre), (within + between * (1 - weight)).sqrt()


def _limits(scale: RhythmScale, depth: Any) -> tuple[Any, Any]:
    """Standardised logarithms from which a silence after that purchase counts as fading and as lost."""
    is_first = depth == 1
    return (
        is_first.ifelse(scale.fading_first, scale.fading_later),
        is_first.ifelse(scale.lost_first, scale.lost_later),
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


def _number(study: Study, occasion: Occasion) -> ir.Table:
    purchases = build_purchases(study, occasion=occasion)
    order = ibis.window(group_by=purchases.customer_id, order_by=purchases.ordered_at)
    timed = purchases.mutate(
        depth=ibis.row_number().over(order) + 1,
        first_at=purchases.ordered_at.first().over(order),
        before_at=purchases.ordered_at.lag().over(order),
        next_at=purchases.ordered_at.lead().over(order),
    )
    timed = timed.mutate(log_gap=days_between(timed.before_at, timed.ordered_at).clip(lower=LEAST_GAP_DAYS).ln())
    so_far = ibis.window(group_by=timed.customer_id, order_by=timed.depth, preceding=None, following=0)
    timed = timed.mutate(log_gaps_so_far=timed.log_gap.fill_null(0.0).sum().over(so_far))
    money = ["revenue"] + (["discount"] if "discount" in timed.columns else [])
    return timed.select(
        "customer_id", "ordered_at", *money, "depth", "first_at", "before_at", "next_at", "log_gap",
        "log_gaps_so_far",
    )  # fmt: skip
