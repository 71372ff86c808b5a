"""The ladder of loyalty: where customers stand, where they move, and where that leads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.clock import last_complete_period
from crm_research.features.kept import seen_to_the_end
from crm_research.features.moves import count_before_moves, count_in_rhythm, count_moves
from crm_research.features.states import FADING, LOST, LOYAL, STATES, LadderRule
from crm_research.models.markov import (
    ChainTest,
    Moves,
    SteadyState,
    check_order,
    check_stability,
    estimate_chance_before,
    estimate_first_passage,
    estimate_moves,
    estimate_steady_state,
)
from crm_research.pillars.loyalty.ladder.check import LadderCheck, check_ladder
from crm_research.pillars.loyalty.ladder.loyal_from import LoyalFrom, choose_loyal_from, compare_loyal_from
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.pillars.loyalty.rhythm.measure import RhythmAnalysis
from crm_research.show.shown import Shown
from crm_research.stats.intervals import newcombe_difference, wilson_share
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

_FEWEST_WITH_SIGN: Final = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Ladder(Shown):
    """Standing and moving on the ladder.

    Parameters
    ----------
    rule, period_months, last_at
        What the states mean, the length of a period, and the start of the last one complete at as_of.
    loyal_from, sensitivity
        Purchases that make loyal, and why; the loyal share under other numbers (`compare_loyal_from`).
    shares
        Grain: period and state. Columns ``period_start``, ``state``, ``n``, ``n_customers``, ``share``, ``lower``,
        ``upper`` (Wilson).
    moves
        From each state to each within a period, all periods together.
    steady
        Where the states settle if moves stay as they are and nobody new comes.
    to_loyal, to_lost
        Periods until a state is reached first, as in `estimate_first_passage`, from states somebody was in.
    loyal_before_lost
        Chance to be loyal before being lost, as in `estimate_chance_before`, from states somebody was in.
    memory, second_memory, stability
        Tests: does it matter where a customer is; where he was before that; are moves alike in all periods?
    before
        Grain: move and what happened before it. Columns ``move``, ``sign``, ``n_with``, ``share_with``,
        ``n_without``, ``share_without``, ``difference``, ``lower``, ``upper`` (Newcombe).
    check
        Forecasts against later moves; None where the records end too soon.
    """

    rule: LadderRule
    loyal_from: LoyalFrom
    sensitivity: pd.DataFrame
    period_months: int
    last_at: datetime
    shares: pd.DataFrame
    moves: Moves
    steady: SteadyState
    to_loyal: pd.DataFrame
    to_lost: pd.DataFrame
    loyal_before_lost: pd.DataFrame
    memory: ChainTest
    second_memory: ChainTest
    stability: ChainTest
    before: pd.DataFrame
    check: LadderCheck | None
    confidence: float
    window: str

    @property
    def standing(self) -> pd.DataFrame:
        """The last period of ``shares``, in the order of the states."""
        last = self.shares.loc[self.shares["period_start"] == self.last_at]
        return last.set_index("state").reindex(STATES).reset_index()


@step
def describe_ladder(
    study: Study,
    loyalty: LoyaltyAnalysis,
    rhythm: RhythmAnalysis,
    *,
    loyal_from: int | None = None,
    seed: int = 20170101,
) -> Ladder:
    """Where do customers stand on the ladder of loyalty, where do they move, and where does that lead?

    Parameters
    ----------
    study
        Needs orders over two calendar periods.
    loyalty, rhythm
        From `describe_loyalty` (period, occasion, confidence) and `describe_rhythm` (the scale of gaps).
    loyal_from
        Purchases from which a customer within his rhythm is loyal; None takes the number from which on another purchase
        hardly makes the next one surer (`choose_loyal_from`).

    Raises
    ------
    NotEnoughData
        Where nobody was seen at the end of two periods.

    Notes
    -----
    The running period is left out: how it ends is not known. Where the first intake holds old customers, moves out of
    it are left out too, since their purchases so far were not seen.
    """
    months = loyalty.retention.period_months
    begins_at = loyalty.retention.newcomers_from
    chosen = choose_loyal_from(loyalty.depths, loyal_from)
    rule = LadderRule(scale=rhythm.scale, loyal_from=chosen.number)
    # What happened until as_of is the same seen from then and from the end of the holdout: one table serves both.
    longest = seen_to_the_end(study)
    counts = count_moves(longest, rule, period_months=months, occasion=loyalty.occasion, begins_at=begins_at)
    past, later = _split(counts, study, months)
    moved = past.dropna(subset=["from_state"])
    if moved.empty:
        raise NotEnoughData(
            "The ladder of loyalty: complete periods with customers at their end",
            needed=2, found=past["period_start"].nunique(), mend="Take shorter ones.",
        )  # fmt: skip
    moves = estimate_moves(moved, STATES, confidence=loyalty.confidence)
    shares = _share_states(past, loyalty.confidence)
    last_at = shares["period_start"].max()
    start = shares.loc[shares["period_start"] == last_at].set_index("state")["n"].reindex(STATES).fillna(0)
    before = count_before_moves(
        longest, rule, period_months=months, occasion=loyalty.occasion, begins_at=begins_at, ends_by=study.as_of
    )
    in_rhythm = count_in_rhythm(study, rule, period_months=months, occasion=loyalty.occasion)
    known = set(moved["from_state"])
    return Ladder(
        rule=rule,
        loyal_from=chosen,
        sensitivity=compare_loyal_from(
            in_rhythm, int(start.sum()), loyalty.depths, chosen.number, confidence=loyalty.confidence
        ),
        period_months=months,
        last_at=last_at,
        shares=shares,
        moves=moves,
        steady=estimate_steady_state(moves, start=start.tolist(), seed=seed),
        to_loyal=_passage(moves, LOYAL, known, seed),
        to_lost=_passage(moves, LOST, known, seed),
        loyal_before_lost=estimate_chance_before(moves, LOYAL, LOST, seed=seed).loc[
            lambda table: table["state"].isin(known)
        ],
        memory=check_order(moved.assign(before_state=moved["from_state"], from_state="any")),
        second_memory=check_order(moved.dropna(subset=["before_state"])),
        stability=check_stability(moved.rename(columns={"period_start": "period"})),
        before=_compare_signs(before, loyalty.confidence),
        check=check_ladder(past, later, confidence=loyalty.confidence, is_holdout=study.holdout_until is not None),
        confidence=loyalty.confidence,
        window=loyalty.window,
    )


def _split(counts: pd.DataFrame, study: Study, months: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Periods complete at as_of, and those that ended in the holdout."""
    starts = pd.to_datetime(counts["period_start"])
    number = (starts.dt.year * 12 + starts.dt.month - 1) // months
    is_past = number <= last_complete_period(study.as_of, months)
    return counts.loc[is_past], counts.loc[~is_past]


def _share_states(past: pd.DataFrame, confidence: float) -> pd.DataFrame:
    counted = past.groupby(["period_start", "to_state"])["n"].sum().unstack(fill_value=0)
    counted = counted.reindex(columns=list(STATES), fill_value=0).reset_index()
    frame = counted.melt("period_start", var_name="state", value_name="n").sort_values(
        "period_start", kind="stable", ignore_index=True
    )
    frame = frame.assign(n_customers=frame.groupby("period_start")["n"].transform("sum"))
    share = wilson_share(frame["n"], frame["n_customers"], confidence=confidence)
    return frame.assign(share=share.estimate, lower=share.lower, upper=share.upper)


def _passage(moves: Moves, target: str, known: set[str], seed: int) -> pd.DataFrame:
    found = estimate_first_passage(moves, target, seed=seed)
    return found.loc[found["state"].isin(known)].reset_index(drop=True)


def _compare_signs(counts: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """How much more often did customers move after a sign than without it?"""
    rows = []
    for name, origin, targets in (
        ("loyal to fading or lost", LOYAL, (FADING, LOST)),
        ("fading to lost", FADING, (LOST,)),
    ):
        for sign, part in counts.loc[counts["from_state"] == origin].groupby("sign", sort=True):
            had = part["had_it"].to_numpy(dtype=bool)
            n, went = part["n"].to_numpy(dtype=float), part["to_state"].isin(targets).to_numpy()
            n_with, n_without = n[had].sum(), n[~had].sum()
            if min(n_with, n_without) < _FEWEST_WITH_SIGN:
                continue
            gap = newcombe_difference(
                n[had & went].sum(), n_with, n[~had & went].sum(), n_without, confidence=confidence
            )
            rows.append(
                {
                    "move": name,
                    "sign": sign,
                    "n_with": int(n_with),
                    "share_with": n[had & went].sum() / n_with,
                    "n_without": int(n_without),
                    "share_without": n[~had & went].sum() / n_without,
                    "difference": float(gap.estimate),
                    "lower": float(gap.lower),
                    "upper": float(gap.upper),
                }
            )
    columns = ["move", "sign", "n_with", "share_with", "n_without", "share_without", "difference", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def passage_of(table: pd.DataFrame, state: str) -> dict[str, float]:
    """The row of one state, or NaN where nobody was in it."""
    row = table.loc[table["state"] == state]
    names = ("chance", "n_periods", "lower", "upper")
    return {name: float(row[name].iloc[0]) if len(row) else float(np.nan) for name in names}
