"""What the numbers say, in sentences that are true whatever the numbers are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from crm_research.features.gaps import DatesSeen
from crm_research.figures import has_no_width, says_nothing
from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.pillars.silent_churn.blind_words import blind_finding, blind_note
from crm_research.pillars.silent_churn.figures import say_weeks
from crm_research.pillars.silent_churn.fits import BG_NBD, REGULAR, nobody_leaves
from crm_research.pillars.silent_churn.money import REVENUE, SPEND
from crm_research.pillars.silent_churn.slipping_words import say_came_back, say_readings
from crm_research.pillars.silent_churn.tracking_words import AS_EXPECTED
from crm_research.theme import (
    join_words,
    say_count,
    say_date,
    say_days,
    say_estimate,
    say_interval,
    say_percent,
    word_for,
)

_MONEY = {REVENUE: "sales before returns", SPEND: "sales less returns"}
_LONG_MODEL = {REGULAR: "model for regular buyers"}


def alive_finding(silence: SilentChurn, *, alone: bool = False) -> str:
    """How many customers are probably still active? `alone` leaves out what other models say, and the check's numbers.

    That the check speaks against the share is said all the same: no number that it refutes stands by itself.
    """
    doubts = _share_refuted(silence, alone=alone)
    readings = "" if alone else _other_readings(silence)
    if silence.alive is None:
        return "How many customers are still active cannot be said."
    if silence.tells_nobody_apart and _all_active(silence):
        return (
            f"Of {say_count(silence.n_customers, 'customer')} none is seen to have left, and nobody is told apart: by "
            f"what they bought nobody drops out, and then all count as active{readings}{doubts}."
        )
    if silence.is_blind_to_once:
        return blind_finding(silence, doubts)
    share, lower, upper = (_number(part) for part in silence.alive)
    if says_nothing(lower, upper, span=1.0):
        n = silence.n_customers
        how_many = word_for(n, "Whether the one customer is", f"How many of the {n:,} customers are")
        return f"{how_many} still active is not known: the interval spans nearly everything{doubts}."
    n_active = round(share * silence.n_customers)
    n_gone = silence.n_customers - n_active
    # Where no name can be given for it, the sentence that says so tells who came back.
    told = "" if alone and refuted_finding(silence) else say_came_back(silence)
    came_back = f"; {told}" if told else ""
    limits = _say_limits(silence, lower, upper, say_percent, ", ")
    return (
        f"Of {say_count(silence.n_customers, 'customer')} about {say_count(n_active)} "
        f"{word_for(n_active, 'is', 'are')} probably "
        f"still active ({say_percent(share)}{limits}{readings}); about "
        f"{say_count(n_gone)} {word_for(n_gone, 'has', 'have')} probably left without saying so"
        f"{came_back}{doubts}."
    )


def _all_active(silence: SilentChurn) -> bool:
    """Does the model count everybody as active, to the last customer?"""
    at_edge = silence.fit is not None and nobody_leaves(silence.fit)
    n = silence.n_customers
    return at_edge or (silence.alive is not None and round(float(silence.alive.estimate) * n) == n)


def _say_limits(
    silence: SilentChurn, lower: float, upper: float, say: Callable[[float], str], before: str, after: str = ""
) -> str:
    """The interval of a number between two signs; nothing where there is none."""
    if not np.isfinite([lower, upper]).any() or has_no_width(lower, upper):
        return ""
    level = say_percent(silence.confidence, 0)
    return f"{before}{level} interval {say_interval(lower, upper, say)}{after}"


def _share_refuted(silence: SilentChurn, *, alone: bool = False) -> str:
    """What the holdout says against the share still active; empty where it says nothing against it."""
    check = silence.holdout
    if check is None or check.share_holds:
        return ""
    if alone:
        return "; its own check speaks against this model"
    return (
        f"; the check speaks against this model: {say_percent(float(check.bought.estimate))} bought in the holdout, "
        f"where it had expected {say_percent(check.expected_share)}"
    )


def other_range(silence: SilentChurn) -> tuple[float, float] | None:
    """Smallest and largest share still active of all customers by the readings not chosen; None without any.

    The one range that the page gives. Left out: the BG/NBD, in which nobody who bought once can be gone, models at an
    edge where nobody leaves, whose share is 100 % by construction, and readings of newcomers, who are other customers.
    """
    rows = silence.others
    if rows.empty:
        return None
    is_other = ~rows["is_chosen"] & ~rows["reading"].str.startswith(BG_NBD)
    at_edge = tuple(f"{name}," for name, fit in silence.fits.usable.items() if nobody_leaves(fit))
    is_other &= ~rows["reading"].str.startswith(at_edge)
    told = rows.loc[is_other & (rows["n_customers"] == silence.n_customers), "alive_share"]
    return None if told.empty else (float(told.min()), float(told.max()))


def _other_readings(silence: SilentChurn) -> str:
    """What other models say, where that lies outside the interval; the BG/NBD, blind to one-time buyers, left out."""
    told, alive = other_range(silence), silence.alive
    if alive is None or told is None:
        return ""
    if float(alive.lower) <= told[0] and told[1] <= float(alive.upper):
        return ""
    return f"; {say_readings(told)}"


def future_finding(silence: SilentChurn, *, alone: bool = False) -> str:
    """What will they buy, and are they new? `alone` leaves out that most of them are not."""
    if silence.expected is None:
        return ""
    n, lower, upper = (_number(part) for part in silence.expected)
    said = f"{say_count(n, 'purchase')}{_say_limits(silence, lower, upper, say_count, ' (', ')')}"
    sentence = f"In the next {say_weeks(silence.horizon_days)} they are expected to make {said}"
    sentence += _total_refuted(silence)
    if silence.intake.is_mostly_old and not alone:
        return (
            f"{sentence}; beware that {say_percent(silence.intake.old_share)} were probably customers before the "
            "records begin, so the models take them to be younger than they are."
        )
    return f"{sentence}."


def _total_refuted(silence: SilentChurn) -> str:
    """What the holdout says against the purchases expected; empty where it says nothing against them."""
    check = silence.holdout
    row = None if check is None else check.error_of(silence.chosen)
    if check is None or row is None or check.total_holds is not False:
        return ""
    return (
        f", a number that the check refutes: in the {say_weeks(check.horizon_days)} of the holdout "
        f"{say_count(row['total_expected'])} {word_for(row['total_expected'], 'was', 'were')} expected and "
        f"{say_count(check.observed)} came"
    )


def check_finding(silence: SilentChurn) -> str:
    """Was the model better than a rule of thumb, on what happened afterwards?"""
    check = silence.holdout
    if check is None:
        return (
            "Nothing here was checked on what happened afterwards: the study keeps no holdout (set holdout_until "
            "in its file)."
        )
    model, rule = check.error_of(silence.chosen), check.error_of(check.best_rule)
    if model is None or rule is None:
        return "No model could be judged on what happened afterwards."
    of_model, of_rule = say_apart(model["rmse"], rule["rmse"])
    name = f"the best rule of thumb ({check.best_rule})"
    if check.gain.lower > 0:
        verdict = f"the model was closer than {name}: an error of {of_model} against {of_rule} orders per customer"
    elif check.gain.upper < 0:
        verdict = (
            f"{name} was closer than the model: an error of {of_rule} against {of_model} orders per customer; use the "
            "rule"
        )
    else:
        verdict = f"the model was no better than {name}: an error of {of_model} against {of_rule} orders per customer"
    if check.is_refuted:
        verdict += "; and those whom the model called gone bought again too often, so no list of names is printed"
    return f"In the {say_weeks(check.horizon_days)} after, {verdict}."


def say_apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many decimals, two to four, as keep them apart."""
    digits = next((digits for digits in (2, 3) if f"{one:.{digits}f}" != f"{other:.{digits}f}"), 4)
    return f"{one:,.{digits}f}", f"{other:,.{digits}f}"


def money_finding(silence: SilentChurn) -> str:
    """Was the model better than the rules in money, and was the total right?"""
    table = silence.money
    if table.empty or silence.chosen is None:
        return "No model could be judged in money."
    kind = SPEND if (table["money"] == SPEND).any() else REVENUE
    rows = table.loc[table["money"] == kind]
    model, rule = rows.loc[~rows["is_rule"]].iloc[0], rows.loc[rows["is_rule"]].iloc[0]
    smaller = "smaller" if model["rmse"] < rule["rmse"] else "no smaller"
    said = (
        f"In money ({_MONEY[kind]}) the model's error per customer ({model['rmse']:,.2f} {silence.currency}) is "
        f"{smaller} than that of the better rule ({rule['forecast']}, {rule['rmse']:,.2f}). "
    )
    came = float(model["total_observed"])
    if came > 0:
        off = float(model["total_expected"]) / came - 1
        way = "more" if off > 0 else "less"
        how_far = "as much as" if abs(off) < AS_EXPECTED else f"{say_percent(abs(off))} {way} than"
        said += f"All together it had expected {how_far} came. "
    return (
        f"{said}Revenue is sales before returns: purchases expected times the sum expected on one (Gamma-Gamma model, "
        "or the own mean where that cannot be fitted). Spend (sales less returns) and margin are expected at their "
        "past share of it."
    )


def silence_finding(silence: SilentChurn) -> str:
    """What does a silence mean? The group sizes in words."""
    if silence.groups.empty:
        return "Nothing can be said of what a silence means."
    shares = silence.groups.set_index("customers")["size_share"]
    said = join_words([f"{say_percent(share)} are {name}" for name, share in shares.items()])
    return f"Of customers, {said}.{blind_note(silence)}"


def model_finding(silence: SilentChurn) -> str:
    """Which model is used, and why?"""
    if silence.chosen is None:
        return f"No model is used: {silence.why_chosen}"
    name = silence.fit.model if silence.fit is not None else silence.chosen
    long = _LONG_MODEL.get(silence.chosen)
    said = f"The {name} is used" + (f" (a {long})" if long else "")
    return f"{said}: {silence.why_chosen}."


def edge_findings(silence: SilentChurn) -> list[str]:
    """Which models have come to rest at an edge, where customers are alike or nobody leaves? One sentence each."""
    told = []
    for model, fit in silence.fits.usable.items():
        if fit.limit is None:
            continue
        ratios = fit.params.loc[fit.params["name"].str.contains("/"), ["name", "estimate"]]
        named = [f"{row.name_} = {row.estimate:.4g}" for row in ratios.rename(columns={"name": "name_"}).itertuples()]
        rest = f" What is left of its parameters, in weeks: {join_words(named)}." if named else ""
        if nobody_leaves(fit):
            rest += " Its share still active is 100 % by construction, and has no interval."
        told.append(
            f"{model}: these records take it to an edge, where {join_words(list(fit.limit.words))}. It is used as that "
            f"simpler model; parameters given as 0 or left empty are not to be read.{rest}"
        )
    return told


def spread_finding(silence: SilentChurn) -> str:
    """How much does the share still active hang on the model?"""
    rows = silence.others
    if rows.empty:
        return "No model could be fitted, so there is nothing that hangs on it."
    if len(rows) < 2:
        return "Only one model could be fitted, so how far the share hangs on the model is not known."
    said = (
        "The interval on this page takes its model as right; the other readings of the same records, one a line, show "
        "how far the share hangs on the model."
    )
    n_once = silence.n_customers - silence.n_repeaters
    if n_once and any(str(name).startswith(BG_NBD) for name in rows["reading"]):
        said += (
            f" In the {BG_NBD} nobody who has bought only once can be gone, so its share counts all who bought once "
            f"({say_count(n_once, 'customer')}) as active and is no reading of who is still there."
        )
    if (rows["n_customers"] != silence.n_customers).any():
        said += " Readings of newcomers are of those customers alone, not of the whole base."
    return said


def intake_finding(silence: SilentChurn) -> str:
    """Are customers who were won before the records begin taken for new ones?"""
    intake = silence.intake
    if intake.n_customers == 0:
        return "No purchase is known."
    usual = say_count(intake.usual)
    if intake.usual != intake.usual:
        return (
            f"All first purchases lie within {say_days(intake.span_days + 1)}, so the records look like one "
            "intake. Whether these customers had bought before cannot be told from them."
        )
    if intake.n_old == 0:
        return (
            f"First purchases come evenly, usually {usual} in 30 days, from the beginning on: nothing "
            "suggests customers who were won before the records begin."
        )
    told = (
        f"{say_count(intake.n_old, 'customer')} ({say_percent(intake.old_share)}) first came while the records still "
        f"brought more than twice as many first-seen customers in 30 days as usual (usually {usual}). "
        "They were probably customers before, and are not called new: the records see neither their age nor their "
        "earlier purchases."
    )
    if intake.is_mostly_old:
        told += (
            " They are the greater part of the base. The ages that the models are given are too short, the parameters "
            "describe a settled base and no intake of new customers, and those who left before the records begin "
            "are not seen at all. Read the shares as those of the customers seen, over the time seen."
        )
    return told


def regularity_finding(silence: SilentChurn) -> str:
    """Is buying random, regular, or in bursts?"""
    found = silence.fits.regularity
    if found is None:
        return (
            "Too few customers bought three times, so it cannot be tested whether they buy at random or by the clock."
        )
    level = f"{say_percent(found.confidence, 0)} interval"
    between = f"{found.shape:.2f} ({level} {found.lower:.2f} to {found.upper:.2f})"
    if not math.isfinite(found.upper):
        between = f"at least {found.lower:.2f} (lower end of the {level}; the dates cannot tell how much more)"
    told = dates_finding(silence.fits.dates)
    counted = f" {told}" if told else ""
    base = f"{say_count(found.n_customers, 'customer')} with two gaps or more give a shape of {between}"
    if found.lower > 1:
        if REGULAR in silence.fits.fitted:
            extra = f" A model for regular buyers ({REGULAR}) was therefore tried as well."
        elif silence.fits.is_regular:
            extra = f" There are too many histories for the model of regular buyers ({REGULAR})."
        else:
            extra = " It is so little that the random models were kept."
        return f"Customers buy more regularly than at random: {base}, where 1 is random.{extra}{counted}"
    if found.upper < 1:
        return (
            f"Customers buy in bursts: {base}, where 1 is random. None of the models foresees that, so a silence "
            f"after a burst is taken too seriously.{counted}"
        )
    return f"Customers buy about at random, as the models assume: {base}, where 1 is random.{counted}"


def dates_finding(dates: DatesSeen) -> str:
    """Are orders dated to the month, the week or some days alone? Empty where they are not."""
    if not dates.is_coarse:
        return ""
    return (
        f"Purchases are dated on {say_count(dates.n_dates)} of {say_count(dates.n_days, 'day')}, far fewer than by "
        "chance, as where only the month or the week of an order is recorded. Gaps between purchases were therefore "
        "counted in these dates: counted in days, customers who buy at random would seem to buy by the clock."
    )


def refuted_finding(silence: SilentChurn) -> str:
    """Why is no list of names printed? Empty where nothing speaks against it."""
    check = silence.holdout
    told = None if check is None or not check.is_refuted else check.called_gone
    if told is None:
        return ""
    who, alive, share = told
    estimate, lower, upper = (_number(end) for end in share)
    # One group's own limits stand with the groups; these hold for all that were judged, and would be a second interval.
    bought = say_percent(estimate)
    if check is not None and check.is_refuted_together:
        bought = say_estimate(estimate, lower, upper, say_percent, silence.confidence)
    return (
        f"No list of names is printed. Of the customers whom the model calls {who}, "
        f"{say_percent(alive)} could still be active by its own account, yet {bought} bought in the holdout. "
        "They had paused and came back (holidays, a season, purchases elsewhere), which none of these models "
        "knows: such a list would take customers for lost who are not."
    )


def group_finding(silence: SilentChurn) -> str:
    """Did those called gone stay away?"""
    check = silence.holdout
    if check is None or check.by_group.empty:
        missing = "holdout" if check is None else "model"
        return f"Without a {missing} it cannot be checked whether those called gone stayed away."
    agree = "agrees" if check.share_holds else "does not agree"
    return (
        f"{say_percent(float(check.bought.estimate))} of customers bought between {say_date(check.as_of)} and "
        f"{say_date(check.until)} "
        f"({say_interval(_number(check.bought.lower), _number(check.bought.upper), say_percent)}); "
        f"{say_percent(check.expected_share)} had been expected, which {agree}. Whoever bought was active, so the "
        "share still active cannot have been lower."
    )


def _number(value: Any) -> float:
    return float(value)
