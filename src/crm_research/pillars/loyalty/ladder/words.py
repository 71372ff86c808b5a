"""What the ladder says, in sentences that are true whatever the numbers are."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np

from crm_research.features.states import DEVELOPING, FADING, LOST, LOYAL, NEW
from crm_research.models.markov import ChainTest
from crm_research.pillars.loyalty.ladder.measure import Ladder, passage_of
from crm_research.theme import (
    UNKNOWN,
    join_words,
    say_count,
    say_date,
    say_estimate,
    say_interval,
    say_p_value,
    say_percent,
    word_for,
)
from crm_research.vocabulary import DAYS_PER_MONTH

_SURE: Final = 0.05
_MANY_MOVES: Final = 10_000


def period_name(ladder: Ladder) -> str:
    """What one period is called."""
    return {1: "month", 3: "quarter", 12: "year"}.get(ladder.period_months, "period")


def rule_words(ladder: Ladder) -> str:
    """The states in one paragraph."""
    number = ladder.rule.loyal_from
    middle = "2 purchases" if number == 3 else f"2 to {number - 1} purchases"
    steps = "" if number == 2 else f"developing: {middle}; "
    return (
        f"At the end of a {period_name(ladder)} customers are lost if they have been silent for longer than 19 of 20 "
        "gaps of customers with their rhythm, and fading if for longer than four of five. Within their rhythm they are "
        "returned if their last purchase ended a silence that had counted as lost, until they buy once more in their "
        "rhythm; else new "
        f"with one purchase; {steps}loyal: from {number} on, {ladder.loyal_from.why}. The names are rules, not motives."
    )


def sensitivity_finding(ladder: Ladder) -> str:
    """How much does the loyal share hang on the number of purchases that makes loyal?"""
    number = ladder.rule.loyal_from
    shares = {int(row["loyal_from"]): float(row["loyal_share"]) for _, row in ladder.sensitivity.iterrows()}
    said = f"{say_percent(shares[number])} of customers are loyal by the rule of {say_count(number, 'purchase')}"
    others = [other for other in (number - 1, number + 1) if other in shares]
    told = join_words([f"{say_percent(shares[other])} by {other}" for other in others])
    said = f"{said}; it would be {told}" if told else said
    return f"{said}. The number is a matter of naming: the parameter loyal_from sets another."


def share_title(ladder: Ladder) -> str:
    """Has the share of loyal customers changed from the first period to the last?"""
    loyal = ladder.shares.loc[ladder.shares["state"] == LOYAL].sort_values("period_start")
    last, first = loyal.iloc[-1], loyal.iloc[0]
    now = f"{say_percent(last['share'])} of customers are loyal, {say_percent(_share_now(ladder, LOST))} lost"
    if len(loyal) < 2:
        return now
    if last["lower"] > first["upper"] or last["upper"] < first["lower"]:
        return f"{now}; the loyal share was {say_percent(first['share'])} in {_month(first['period_start'])}"
    return f"{now}; the loyal share is about what it was in {_month(first['period_start'])}"


def standing_finding(ladder: Ladder) -> str:
    """Where do customers stand now?"""
    now = ladder.standing
    n = int(now["n_customers"].max())
    said = join_words([f"{say_percent(row['share'])} {row['state']}" for _, row in now.iterrows() if row["n"] > 0])
    return (
        f"At the end of the {period_name(ladder)} of {_month(ladder.last_at)}, of {say_count(n, 'customer')}: {said}."
    )


def move_title(ladder: Ladder) -> str:
    """What becomes of a loyal customer, and of a fading one, within a period?"""
    period = period_name(ladder)
    stay, go = _move(ladder, LOYAL, LOYAL), _move(ladder, FADING, LOST)
    if stay is None and go is None:
        return f"Where customers of each state are a {period} later"
    loyal = "" if stay is None else f"{say_percent(stay)} of loyal customers are still loyal a {period} later"
    fading = "" if go is None else f"{say_percent(go)} of fading ones are lost"
    return "; ".join(part for part in (loyal, fading) if part)


def passage_finding(ladder: Ladder) -> str:
    """How long does it take to become loyal, and to be lost?"""
    parts = []
    for table, target, states in ((ladder.to_loyal, LOYAL, (NEW, DEVELOPING)), (ladder.to_lost, LOST, (LOYAL, FADING))):
        for state in states:
            row = passage_of(table, state)
            said = _say_passage(ladder, row, state, target)
            if said:
                parts.append(said)
    return " ".join([*_say_chances(ladder), *parts])


def _say_chances(ladder: Ladder) -> list[str]:
    """Who gets to be loyal at all, before being lost? The mean time alone hides those who never do."""
    found = ladder.loyal_before_lost.set_index("state")
    if LOYAL not in set(ladder.to_lost["state"]):
        return []
    said = []
    for state in (NEW, DEVELOPING):
        if state in found.index:
            estimate, lower, upper = found.loc[[state], ["chance", "lower", "upper"]].to_numpy(dtype=float)[0]
            told = say_estimate(float(estimate), float(lower), float(upper), say_percent, ladder.confidence)
            said += [] if told == UNKNOWN else [f"{told} of {state} customers"]
    return [f"By these moves {join_words(said)} would be loyal before they are lost."] if said else []


def _say_passage(ladder: Ladder, row: dict[str, float], state: str, target: str) -> str:
    period = period_name(ladder)
    if not np.isfinite(row["chance"]):
        return ""
    if row["chance"] < 1e-9:
        return f"Nobody was seen on a way from {state} to {target}."
    if not np.isfinite(row["n_periods"]):
        return f"Of {state} customers {say_percent(row['chance'])} would ever be {target}."
    if row["n_periods"] > _beyond(ladder):
        return (
            f"From {state} to {target} it would take {row['n_periods']:.0f} {period}s on average, longer than the "
            "records."
        )
    mean = say_estimate(row["n_periods"], row["lower"], row["upper"], lambda value: f"{value:.1f}", ladder.confidence)
    if mean == UNKNOWN:
        return f"How long it takes from {state} to {target} is not known."
    return f"From {state} to {target} it takes {mean} {period}s on average."


def _beyond(ladder: Ladder) -> int:
    return int(ladder.shares["period_start"].nunique())


def steady_finding(ladder: Ladder) -> str:
    """Where would it end, if moves stayed as they are?"""
    if ladder.steady.absorbing:
        held = join_words(list(ladder.steady.absorbing))
        said = (
            f"Nobody was seen to leave the state {held}"
            if len(ladder.steady.absorbing) == 1
            else (f"Nobody was seen to leave any of the states {held}")
        )
        ended = sum(_long_run(ladder, state)[0] for state in ladder.steady.absorbing)
        if ended > 1 - 1e-6:
            return f"{said}, so in the long run today's customers would all end there."
        return f"{said}; in the long run {say_percent(ended)} of today's customers would end there."
    lost, loyal = _long_run(ladder, LOST), _long_run(ladder, LOYAL)
    gone = say_estimate(*lost, say_percent, ladder.confidence)
    if gone == UNKNOWN:
        return "How many of today's customers would be lost in the end, if moves stayed as they are, is not known."
    return (
        f"If moves stayed as they are and nobody new came, {gone} of "
        f"today's customers would be lost on any later day and {say_percent(loyal[0])} loyal "
        f"({say_interval(loyal[1], loyal[2], say_percent)}); today "
        f"{say_percent(_share_now(ladder, LOST))} and {say_percent(_share_now(ladder, LOYAL))} are."
    )


def tests_finding(ladder: Ladder) -> str:
    """May the moves be read as a chain?"""
    period = period_name(ladder)
    where = _reject(ladder.memory, "where customers stand tells where they go", "standing tells nothing of moves")
    memory = _reject(
        ladder.second_memory,
        f"where they stood a {period} before tells something more, so the last state is not the whole story",
        f"where they stood a {period} before tells nothing more, as far as the records can show",
    )
    stable = _reject(
        ladder.stability,
        "moves were not alike in all periods, so the long run above is a reading of the past, no forecast",
        "moves were alike in all periods, as far as the records can show",
    )
    parts = [part for part in (where, memory, stable) if part]
    if not parts:
        return "The moves are too few to test the chain."
    told = f"Tests by likelihood ratio: {'; '.join(parts)}."
    if ladder.memory.n < _MANY_MOVES:
        return told
    return (
        f"{told} With {say_count(ladder.memory.n, 'move')} such tests find differences too small to matter; whether "
        "these matter is for the forecasts of later moves to say."
    )


def _reject(test: ChainTest, yes: str, no: str) -> str:
    if not np.isfinite(test.p_value):
        return ""
    degrees = say_count(test.degrees, "degree")
    numbers = f"chi-squared {test.chi_squared:,.0f} on {degrees} of freedom, p {say_p_value(test.p_value)}"
    return f"{yes if test.p_value < _SURE else no} ({numbers})"


def check_finding(ladder: Ladder) -> str:
    """Do the moves predict?"""
    check = ladder.check
    if check is None:
        return "Too few later moves are known to judge whether the moves of the past predict anything."
    where = "the holdout" if check.is_holdout else "the last quarter of the periods, kept apart for this"
    rule = "the rule 'same as in the last period'"
    tail = (
        f"the moves of the past predicted them better than {rule}"
        if check.lower > 0
        else f"{rule} predicted them better than the moves of the past, so do not lean on the long run above"
        if check.upper < 0
        else f"the moves of the past predicted them no better than {rule}"
    )
    return (
        f"In {where} {say_count(check.n, 'move')} {word_for(check.n, 'was', 'were')} seen: {tail} (gain in Brier "
        f"score {check.gain:.3f}, "
        f"{say_interval(check.lower, check.upper, lambda value: f'{value:.3f}')}). The likeliest state was right for "
        f"{say_percent(check.chain_hits)}, the same state for {say_percent(check.rule_hits)}. At the end the "
        f"forecast shares were off by {100 * check.forecast_error:.1f} points on average, shares left as they were by "
        f"{100 * check.unchanged_error:.1f}."
    )


def sign_title(ladder: Ladder) -> str:
    """After which signs do customers move down more often, beyond chance?"""
    more = ladder.before.loc[ladder.before["lower"] > 0, "sign"].unique()
    less = ladder.before.loc[ladder.before["upper"] < 0, "sign"].unique()
    only_more = [sign for sign in more if sign not in set(less)]
    if only_more:
        return f"Customers move down more often after {join_words(only_more)}"
    if len(less):
        return f"Customers move down less often after {join_words([str(sign) for sign in less])}"
    return "No sign of the period before goes with moving down, beyond chance"


def period_caution(ladder: Ladder) -> str:
    """Is the period too long for the rhythm? Empty if not."""
    typical = float(np.exp(min(ladder.rule.scale.centre, 20.0)))
    length = ladder.period_months * DAYS_PER_MONTH
    if typical * 3 > length:
        return ""
    period = period_name(ladder)
    return (
        f"A typical customer lets {say_count(typical, 'day')} pass between purchases, so a {period} holds several "
        "gaps. The "
        f"states are then snapshots of the last days of each {period}: somebody fading today may be back tomorrow, and "
        "what came and went within a period is not seen."
    )


def _move(ladder: Ladder, origin: str, target: str) -> float | None:
    table = ladder.moves.table
    row = table.loc[(table["from_state"] == origin) & (table["to_state"] == target)]
    value = float(row["share"].iloc[0])
    return value if np.isfinite(value) else None


def _share_now(ladder: Ladder, state: str) -> float:
    now = ladder.standing
    return float(now.loc[now["state"] == state, "share"].iloc[0])


def _long_run(ladder: Ladder, state: str) -> tuple[float, float, float]:
    table = ladder.steady.table
    row = table.loc[table["state"] == state].iloc[0]
    return float(row["share"]), float(row["lower"]), float(row["upper"])


def _month(at: datetime) -> str:
    return say_date(at)[:7]
