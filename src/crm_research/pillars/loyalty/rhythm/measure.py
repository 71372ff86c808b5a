"""A customer's own rhythm and its break: who is overdue, and who has bought again in a new cycle?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.features.clock import days_between, instant
from crm_research.features.own_rhythm import (
    RhythmScale,
    build_own_rhythm,
    count_gap_scores,
    count_log_gaps,
    number_purchases,
    score_silence,
)
from crm_research.features.purchases import Occasion
from crm_research.features.rfm import build_outcomes, build_rfm
from crm_research.models.survival import estimate_survival
from crm_research.pillars.loyalty.repeat.counting import count_waits
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.pillars.loyalty.rhythm.gap_model import chance_beyond, fit_gap_scale, set_limits
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

IN_RHYTHM: Final = "in rhythm"
OVERDUE: Final = "overdue"
SILENT: Final = "long silent"
BANDS: Final = (IN_RHYTHM, OVERDUE, SILENT)
_LISTED: Final = 20
_FEWEST: Final = 20
_FOLLOWED: Final = 2  # cycles a customer must have been known for


@dataclass(frozen=True, eq=False, kw_only=True)
class RhythmAnalysis(Shown):
    """Rhythms, as far as the records tell.

    Parameters
    ----------
    scale
        The common scale of gaps, and the limits.
    n_gaps, n_customers
        Completed gaps, and customers who have one.
    standing
        Grain: band (in rhythm, overdue: beyond the limit four of five gaps kept, long silent: beyond that of 19 of 20).
        Columns ``band``, ``n``, ``share``, ``lower``, ``upper`` (Wilson), ``spend`` (sales less returns so far).
    usual_overdue_share
        Of the time between purchases that did follow, the part beyond the overdue limit: what to expect of customers
        who are all still there.
    overdue
        Grain: customer overdue now, but not long silent; the 20 who spent most (sales less returns above 0). Columns
        ``customer_id``, ``spend``, ``n_purchases``, ``last_at``, ``silence_days``, ``typical_days``, ``expected_at``,
        ``chance`` (share of gaps that were longer by the rhythm known before them).
    cycle_days, cycle_basis
        Median time between purchases and where it comes from, in words.
    won
        Grain: measure. Columns ``measure``, ``n`` (followed for two cycles), ``n_won``, ``share``, ``lower``,
        ``upper`` (Wilson). Empty where nobody was followed so long.
    later
        Grain: band at as_of. Columns ``band``, ``n``, ``n_bought`` (in the holdout), ``share``, ``lower``, ``upper``.
        Empty without a holdout.
    """

    scale: RhythmScale
    n_gaps: int
    n_customers: int
    standing: pd.DataFrame
    usual_overdue_share: float
    overdue: pd.DataFrame
    cycle_days: float
    cycle_basis: str
    won: pd.DataFrame
    later: pd.DataFrame
    confidence: float
    window: str


@step
def describe_rhythm(study: Study, loyalty: LoyaltyAnalysis) -> RhythmAnalysis:
    """Who has broken his own rhythm, and which share bought again in a new cycle?

    Parameters
    ----------
    study
        Needs orders.
    loyalty
        From `describe_loyalty`: gives what one purchase is, the confidence, and whether first purchases are first.

    Raises
    ------
    NotEnoughData
        With fewer than 30 completed gaps.

    Notes
    -----
    Limits come from gaps that were completed: they say how rare a silence is among customers who came back, not the
    chance that this one will. On any day a part of those who will come back is overdue, see usual_overdue_share.
    """
    occasion, confidence = loyalty.occasion, loyalty.confidence
    counts = count_log_gaps(study, occasion=occasion)
    scale = fit_gap_scale(counts)
    scores = count_gap_scores(study, scale, occasion=occasion)
    scale = set_limits(scale, scores)
    standing = _stand(study, scale, occasion)
    cycle_days, basis = _measure_cycle(study, loyalty, scale)
    return RhythmAnalysis(
        scale=scale,
        n_gaps=int((counts["n_gaps"] * counts["n_customers"]).sum()),
        n_customers=int(counts["n_customers"].sum()),
        standing=_share_bands(standing, confidence),
        usual_overdue_share=_usual_overdue(study, scale, occasion),
        overdue=_list_overdue(standing, scores),
        cycle_days=cycle_days,
        cycle_basis=basis,
        won=_count_won(study, loyalty, cycle_days),
        later=_follow_bands(study, standing, occasion, confidence),
        confidence=confidence,
        window=loyalty.window,
    )


def _stand(study: Study, scale: RhythmScale, occasion: Occasion) -> ir.Table:
    """One customer: his last purchase, his rhythm and the band his silence is in at as_of."""
    rows = build_own_rhythm(study, scale, occasion=occasion)
    rows = rows.filter(rows.next_at.isnull())  # noqa: PD003
    rows = rows.inner_join(build_rfm(study).select("customer_id", "spend"), "customer_id")
    rows = rows.mutate(silence_days=days_between(rows.ordered_at, instant(study.as_of)))
    band = ibis.cases(
        (rows.silence_days > rows.lost_days, SILENT), (rows.silence_days > rows.fading_days, OVERDUE), else_=IN_RHYTHM
    )
    return rows.mutate(band=band, score=score_silence(rows, rows.silence_days))


def _share_bands(standing: ir.Table, confidence: float) -> pd.DataFrame:
    counted = standing.group_by("band").agg(n=standing.count(), spend=standing.spend.sum()).to_pandas()
    counted = counted.set_index("band").reindex(BANDS).fillna(0.0).reset_index()
    return _with_shares(counted, "n", int(counted["n"].sum()), confidence)


def _with_shares(counted: pd.DataFrame, hits: str, of: int | pd.Series, confidence: float) -> pd.DataFrame:
    share = wilson_share(counted[hits], of, confidence=confidence)
    return counted.assign(share=share.estimate, lower=share.lower, upper=share.upper)


@step
def _usual_overdue(study: Study, scale: RhythmScale, occasion: Occasion) -> float:
    rows = build_own_rhythm(study, scale, occasion=occasion)
    ended = rows.filter(rows.next_at.notnull())  # noqa: PD004
    late = ended.aggregate(
        late=(ended.gap_days - ended.fading_days).clip(lower=0.0).sum(), days=ended.gap_days.sum()
    ).to_pandas()
    days = float(late["days"].iloc[0])
    return float(late["late"].iloc[0]) / days if days > 0 else float("nan")


@step
def list_all_overdue(study: Study, rhythm: RhythmAnalysis, occasion: Occasion) -> pd.DataFrame:
    """Who is overdue now, but not long silent? All of them, also who paid no more than came back.

    Returns
    -------
    pandas.DataFrame
        As `RhythmAnalysis.overdue`, the largest spend first.
    """
    standing = _stand(study, rhythm.scale, occasion)
    scores = count_gap_scores(study, rhythm.scale, occasion=occasion)
    return _list_overdue(standing, scores, n_most=None)


def _list_overdue(standing: ir.Table, scores: pd.DataFrame, *, n_most: int | None = _LISTED) -> pd.DataFrame:
    overdue = standing.filter(standing.band == OVERDUE)
    overdue = overdue if n_most is None else overdue.filter(overdue.spend > 0)
    rows = overdue.select(
        "customer_id", "spend", "depth", "ordered_at", "silence_days", "typical_days", "score"
    ).order_by(ibis.desc("spend"), "customer_id")
    top = (rows if n_most is None else rows.limit(n_most)).to_pandas()
    chance = chance_beyond(scores, top["score"].to_numpy(dtype=float), (top["depth"] == 1).to_numpy(dtype=bool))
    due = top["ordered_at"] + pd.to_timedelta(top["typical_days"].clip(upper=36_500.0), unit="D")
    listed: pd.DataFrame = top.rename(columns={"depth": "n_purchases", "ordered_at": "last_at"})
    return listed.drop(columns="score").assign(expected_at=due.dt.floor("D"), chance=chance)


def _measure_cycle(study: Study, loyalty: LoyaltyAnalysis, scale: RhythmScale) -> tuple[float, str]:
    waits = count_waits(study, occasion=loyalty.occasion, newcomers_from=None)
    n_watched = 0.0
    for part, words in (
        (
            waits.loc[waits["depth"] > 1],
            "median wait after the second to sixth purchase, by survival",
        ),
        (waits, "median wait after the first to sixth purchase, by survival"),
    ):
        counts = part.groupby("tenure_days", as_index=False)[["n_entered", "n_ended", "n_censored"]].sum()
        n_watched = float(counts["n_entered"].sum())
        if n_watched < _FEWEST:
            continue
        median = float(estimate_survival(counts).medians["median_days"].iloc[0])
        if median > 0:
            return median, words
    reason = "for too few were watched to say more" if n_watched < _FEWEST else "for fewer than half did"
    return math.exp(min(scale.centre, 20.0)), f"typical gap of those who came back, {reason}"


@step
def _count_won(study: Study, loyalty: LoyaltyAnalysis, cycle_days: float) -> pd.DataFrame:
    """Who bought in the cycle after the one of his first purchase, or later still?"""
    columns = ["measure", "n", "n_won", "share", "lower", "upper"]
    if not cycle_days < 36_500:
        return pd.DataFrame(columns=columns)
    purchases = number_purchases(study, occasion=loyalty.occasion)
    aged = purchases.mutate(age_days=days_between(purchases.first_at, purchases.ordered_at))
    aged = aged.filter(aged.first_at <= instant(study.as_of - timedelta(days=_FOLLOWED * cycle_days)))
    if loyalty.retention.newcomers_from is not None:
        aged = aged.filter(aged.first_at >= instant(loyalty.retention.newcomers_from))
    is_new = aged.age_days > cycle_days
    by_customer = aged.group_by("customer_id").agg(
        next_cycle=(is_new & (aged.age_days <= _FOLLOWED * cycle_days)).any(), any_later=is_new.any()
    )
    found = by_customer.aggregate(
        n=by_customer.count(),
        next_cycle=by_customer.next_cycle.ifelse(1, 0).sum(),
        any_later=by_customer.any_later.ifelse(1, 0).sum(),
    ).to_pandas()
    row = found.iloc[0]
    if not row["n"]:
        return pd.DataFrame(columns=columns)
    counted = pd.DataFrame(
        {
            "measure": ["in the next cycle", "in the next cycle or later"],
            "n": int(row["n"]),
            "n_won": [int(row["next_cycle"]), int(row["any_later"])],
        }
    )
    return _with_shares(counted, "n_won", counted["n"], loyalty.confidence)


@step
def _follow_bands(study: Study, standing: ir.Table, occasion: Occasion, confidence: float) -> pd.DataFrame:
    if study.holdout_until is None:
        return pd.DataFrame(columns=["band", "n", "n_bought", "share", "lower", "upper"])
    came = build_outcomes(study, occasion=occasion).select("customer_id", "is_repeat")
    joined = standing.select("customer_id", "band").inner_join(came, "customer_id")
    counted = joined.group_by("band").agg(n=joined.count(), n_bought=joined.is_repeat.ifelse(1, 0).sum()).to_pandas()
    counted = counted.set_index("band").reindex([band for band in BANDS if band in set(counted["band"])]).reset_index()
    return _with_shares(counted, "n_bought", counted["n"], confidence)
