"""The rhythm of purchases: how long customers let pass between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from crm_research.errors import ParameterError
from crm_research.features.clock import days_between
from crm_research.features.purchases import Occasion, build_purchases

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

Clock = Literal["weekday", "day_part"]
_NAMES: Final = {
    "weekday": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "day_part": ("night", "morning", "afternoon", "evening"),  # six hours each, from midnight on
}


def build_rhythm(study: Study, *, occasion: Occasion = "order", clock: Clock | None = None) -> ir.Table:
    """How long does each customer let pass between purchases, and how regularly?

    Parameters
    ----------
    study
        Needs orders.
    occasion
        What one purchase is: every ``order``, or each calendar ``day`` with orders.
    clock
        ``weekday`` adds the share of purchases on each day of the week, ``day_part`` the share in each quarter of
        the day (night from 0, morning from 6, afternoon from 12, evening from 18); None adds nothing.

    Returns
    -------
    ibis table
        One customer with at least one purchase at as_of: customer_id; n_gaps; mean_gap_days and median_gap_days,
        empty without a gap; cv_gap (sample standard deviation over mean), empty under two gaps or where all gaps
        are zero; the shares asked for. A cv_gap near 1 is what purchases at random give, near 0 a clockwork.

    Notes
    -----
    Gaps are the completed ones: the open one since the last purchase is not among them, so customers seen for a
    short time look quicker than they are.
    """
    purchases = build_purchases(study, occasion=occasion).select("customer_id", "ordered_at")
    previous = purchases.ordered_at.lag().over(group_by=purchases.customer_id, order_by=purchases.ordered_at)
    gaps = purchases.mutate(gap_days=days_between(previous, purchases.ordered_at))
    shares = _clock_shares(gaps, clock)
    by_customer = gaps.group_by("customer_id").agg(
        n_gaps=gaps.gap_days.count(),
        mean_gap_days=gaps.gap_days.mean(),
        median_gap_days=gaps.gap_days.median(),
        sd_gap_days=gaps.gap_days.std(how="sample"),
        **shares,
    )
    return by_customer.select(
        "customer_id",
        "n_gaps",
        "mean_gap_days",
        "median_gap_days",
        cv_gap=by_customer.sd_gap_days / by_customer.mean_gap_days.nullif(0.0),
        **{name: by_customer[name] for name in shares},
    )


def _clock_shares(purchases: ir.Table, clock: Clock | None) -> dict[str, ir.FloatingScalar]:
    if clock is None:
        return {}
    numbers = {
        "weekday": purchases.ordered_at.day_of_week.index(),
        "day_part": purchases.ordered_at.hour() // 6,
    }
    if clock not in numbers:
        raise ParameterError(f"clock must be one of {', '.join(numbers)} or None; not {clock!r}.")
    return {
        f"{name}_share": (numbers[clock] == place).ifelse(1.0, 0.0).mean() for place, name in enumerate(_NAMES[clock])
    }
