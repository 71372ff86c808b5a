"""What the customer file says, in sentences made from its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.features.customer_file import ORDERS
from crm_research.pillars.customer_file.names import (
    call,
    call_first,
    last_of,
    running_of,
    say_dealings,
    say_kind,
    since_of,
)
from crm_research.pillars.customer_file.worth import CANDIDATES
from crm_research.privacy.pseudonyms import say_id
from crm_research.theme import (
    first_capital,
    join_words,
    say_count,
    say_date,
    say_money,
    say_percent,
    say_small_count,
    say_with_limits,
    word_for,
)
from crm_research.vocabulary import AGAINST_US, FOR_US

if TYPE_CHECKING:
    from crm_research.pillars.customer_file.measure import CustomerFile

_MOST_NAMED: Final = 3
# From this chance on it is said to be likely.
LIKELY: Final = 0.5
NOT_TOLD: Final = "is not told by these records"


def answer(file: CustomerFile) -> Iterator[str]:
    """Who they are, what they are worth, what is at stake; the next step is said by `advice`."""
    if not file.ids:
        yield "Nobody is known by this day, so there is no file."
        return
    yield say_who(file)
    yield say_worth(file)
    yield say_stake(file)


def say_who(file: CustomerFile) -> str:
    """Who are they?"""
    if len(file.ids) == 1:
        (one,) = file.ids
        since, did = since_of(file, one), say_dealings(file, one)
        known = "" if since is None else f", known since {say_date(since)}"
        if not known and not did and not file.kind_of(one) and not file.of(one)["tier"]:
            return f"Of {call(one)} neither the kind nor any dealing is recorded."
        return f"{call_first(one)} is {say_kind(file, one)}{known}{f': {did}' if did else ''}."
    named, n_more = [say_id("customer_id", one) for one in file.ids], len(file.ids) - _MOST_NAMED
    if n_more > 0:
        named = [*named[:_MOST_NAMED], f"{say_small_count(n_more)} {word_for(n_more, 'other')}"]
    led = join_words(named)
    return f"{first_capital(say_small_count(len(file.ids)))} customers{say_rule(file)}: {led}{_say_kinds(file)}."


def say_rule(file: CustomerFile) -> str:
    """By which rule they were chosen, behind their number; empty where they were named."""
    n = f"the best {file.chosen.n_looked_at:,}" if file.chosen.n_looked_at == CANDIDATES else "all who left anything"
    return {
        "named": "",
        "stake": f" with most at stake of {n}",
        "contribution": " who contributed most",
        "first": ", the first by their ids",
    }[file.chosen.rule]


def _say_kinds(file: CustomerFile) -> str:
    kinds = [file.kind_of(one) for one in file.ids]
    n_business, n = kinds.count("business"), len(kinds)
    if not n_business:
        return ""
    if n_business == n:
        return ", all of them businesses"
    return f"; {say_small_count(n_business)} of them {word_for(n_business, 'is a business', 'are businesses')}"


def say_worth(file: CustomerFile) -> str:
    """What did they leave, and what will they bring?"""
    who = "The customer" if len(file.ids) == 1 else "Together they"
    parts = []
    left = file.worth["profit"]
    if file.counted is not None and left.notna().any():
        window = file.counted.window
        days = f"from {say_date(window.start)} to {say_date(window.last_day)}"
        amount = say_money(float(left.sum()), file.currency)
        parts.append(f"left {amount} of {file.counted.noun} {days}")
    elif file.counted is not None:
        parts.append("brought nothing in the latest months")
    to_come = file.to_come
    if len(to_come.rows):
        noun = "profit" if to_come.is_profit else "revenue"
        is_one = len(file.ids) == 1
        sure = float(to_come.rows["sure"].sum())
        least = f", at least {say_money(sure, file.currency)} with nine chances of ten"
        more = "" if not is_one else least if sure > 0 else ", none of it sure"
        amount = say_money(float(to_come.rows["expected"].sum()), file.currency)
        verb = "is expected" if is_one else "are expected"
        years = say_count(to_come.years, "year")
        parts.append(f"{verb} to bring {amount} of {noun} in the next {years}{more}")
    if not parts:
        return f"What {who.lower().replace('together they', 'they')} {_is(file)} worth {NOT_TOLD}."
    return f"{who} {' and '.join(parts)}."


def _is(file: CustomerFile) -> str:
    return "is" if len(file.ids) == 1 else "are"


def say_stake(file: CustomerFile) -> str:
    """What is at stake, and why?"""
    if len(file.ids) == 1:
        (one,) = file.ids
        row = file.of(one)
        chances, led = say_chances(file, one), say_amount_at_stake(file, row)
        if not chances:
            return _say_no_stake(file)
        return f"{led}: {chances}." if led else f"{first_capital(chances)}."
    stakes = file.worth["at_stake"]
    if file.counted is None or not stakes.notna().any():
        return _say_no_stake(file)
    whole, noun = float(stakes.sum()), f"of this {file.counted.noun}"
    # Of whom it is not known what is at stake, more may be.
    is_open = bool((stakes.isna() & (file.worth["profit"] > 0)).any())
    if is_open and not whole > 0:
        return _say_no_stake(file)
    if not whole > 0:
        return f"Nothing {noun} is at stake, as far as the records tell."
    first = file.worth.loc[stakes.idxmax()]
    own, name = float(first["at_stake"]), call(str(first["customer_id"]))
    amount = f"{'At least ' if is_open else ''}{say_money(whole, file.currency)}"
    with_whom = f"{say_money(own, file.currency)} of it" if own < whole else "all of it"
    return f"{amount} {noun} is at stake, {with_whom} with {name}."


def _say_no_stake(file: CustomerFile) -> str:
    """That it is not known what is at stake, as a manager needs it; the section on it tells the reasons."""
    if file.counted is None:
        return f"What is at stake {NOT_TOLD}: nothing is recorded of what customers pay."
    who = "this customer goes" if len(file.ids) == 1 else "these customers go"
    return f"What is at stake {NOT_TOLD}: too little is recorded to say how likely {who}."


def say_amount_at_stake(file: CustomerFile, row: pd.Series) -> str:
    """How much of a customer's contribution is at stake; empty where that is not known."""
    if pd.isna(row["at_stake"]) or file.counted is None:
        return ""
    if not row["at_stake"] > 0:
        return f"Nothing of the {file.counted.noun} is at stake"
    said = say_with_limits(
        float(row["at_stake"]),
        float(row["at_stake_lower"]),
        float(row["at_stake_upper"]),
        lambda value: say_money(value, file.currency),
    )
    return f"Of the {file.counted.noun} {said} is at stake"


def say_chances(file: CustomerFile, customer: str) -> str:
    """How likely does a customer's contract end, and how likely has the customer stopped buying?"""
    row, said = file.of(customer), []
    if pd.notna(row["leave"]):
        chance = say_with_limits(float(row["leave"]), float(row["leave_lower"]), float(row["leave_upper"]), say_percent)
        n = int(row["n_judged"])
        what = "the running contract ends" if n == 1 else "a running contract ends"
        said.append(f"the chance that {what} within {say_count(file.leaving.months, 'month')} is {chance}")
    if pd.notna(row["gone"]):
        chance = say_with_limits(float(row["gone"]), float(row["gone_lower"]), float(row["gone_upper"]), say_percent)
        said.append(f"the chance that the customer has stopped buying is {chance}")
    return join_words(said)


def say_why_no_chance(file: CustomerFile) -> str:
    """Why nothing is known of how likely these customers go."""
    if file.counted is None:
        return "nothing is recorded of what customers pay."
    reasons = [one for one in (file.leaving.why_no_risk, file.leaving.why_no_rhythm) if one]
    if not reasons:
        return "none of them has a contract that runs, or bought often enough to have a rhythm."
    return first_lower(" ".join(f"{one.rstrip('.')}." for one in reasons))


def first_lower(text: str) -> str:
    """The words as they go on within a sentence."""
    return text[:1].lower() + text[1:]


def say_chosen(file: CustomerFile) -> str:
    """Whose file it is, by which rule, and who is left out of it."""
    if file.chosen.rule == "named":
        n = len(file.ids)
        return f"{first_capital(say_small_count(n))} {word_for(n, 'customer')}, named by whoever asked for this file."
    rules = {
        "stake": (
            "Nobody was named. Those who are shown have most at stake: what they left in the latest months times the "
            f"chance that it does not come again. They were looked for among {_say_looked_at(file)}. Left out is who "
            "is almost surely gone already (a chance over 90 %, and no contract that runs): there is nothing to lose."
        ),
        "contribution": (
            "Nobody was named. Those who are shown contributed most; who has most at stake "
            f"{NOT_TOLD}: {say_why_no_chance(file)}"
        ),
        "first": (
            "Nobody was named, and nothing is recorded of what customers bring: these are the first by their ids."
        ),
    }
    return rules[file.chosen.rule]


def _say_looked_at(file: CustomerFile) -> str:
    n = file.chosen.n_looked_at
    return f"the {n:,} who left most" if n == CANDIDATES else f"the {say_count(n, 'customer')} who left anything"


def say_days_of(file: CustomerFile) -> str:
    """The months over which money is counted, by their first and last day."""
    if file.counted is None:
        return "in no months"
    window = file.counted.window
    return f"from {say_date(window.start)} to {say_date(window.last_day)}"


def say_how_at_stake(file: CustomerFile) -> str:
    """What at stake means."""
    noun = "contribution" if file.counted is None else file.counted.noun
    return (
        f"At stake is the {noun} of the latest months times the chance that its income ends: of fees that a "
        "contract ends, of purchases that they have ended by now. It says what may be missing a year from now, not "
        "what a call would save."
    )


def say_people(file: CustomerFile) -> Iterator[str]:
    """Of each business customer how many are known, in which roles, and what is missing."""
    for one in file.ids:
        if one not in file.gaps or file.people is None:
            continue
        own, gaps = file.people.loc[file.people["customer_id"] == one], file.gaps[one]
        if own.empty:
            yield f"Nobody is known at {call(one)}."
            continue
        n = int(own["person_id"].nunique())
        missing = f"Missing: {join_words(list(gaps))}." if gaps else "Somebody who decides is known."
        known = f"{say_count(n, 'person', 'people')} {word_for(n, 'is', 'are')} known at {call(one)}"
        yield f"{known}; {_say_stances(own)}. {missing}"


def _say_stances(people: pd.DataFrame) -> str:
    """How many of these people are for us, how many against, each counted once."""
    in_favour, opposed = ({*people.loc[people["stance"] == held, "person_id"]} for held in (FOR_US, AGAINST_US))
    divided = in_favour & opposed
    n_for, n_against, n_divided = (len(held) for held in (in_favour - divided, opposed - divided, divided))
    stands = f"{_say_number(n_for)} {'are' if n_for > 1 else 'is'} for us and {_say_number(n_against)} against"
    if not n_divided:
        return stands
    role = word_for(n_divided, "in one role and against us in another", "in some roles and against us in others")
    return f"{stands}, and {_say_number(n_divided)} {word_for(n_divided, 'is', 'are')} for us {role}"


def _say_number(n: int) -> str:
    return "nobody" if n == 0 else say_small_count(n)


def say_contracts(file: CustomerFile, customer: str) -> str:
    """Which contracts run, and what they pay."""
    own = running_of(file, customer)
    if own.empty:
        return f"{call_first(customer)} has no contract that runs."
    fees = own["fee"].dropna() if "fee" in own else pd.Series(dtype=float)
    paid = f", for {say_money(float(fees.sum()), file.currency)} a month" if len(fees) else ""
    return f"{call_first(customer)} has {say_count(len(own), 'running contract')}{paid}."


def timeline_title(file: CustomerFile, customer: str) -> str:
    """What one sees of a customer's dealings."""
    at, n = last_of(file, customer, ORDERS), int(file.lane(customer, ORDERS)["n"].sum())
    name = say_id("customer_id", customer)
    if at is None:
        own = file.months.loc[file.months["customer_id"] == customer, "last_at"]
        if own.empty:
            return f"{name}: no dealings but contracts are recorded"
        return f"{name} was last heard of on {say_date(pd.Timestamp(own.max()))}"
    return f"{name} bought {say_times(n)}, the last time on {say_date(at)}"


def say_times(n: int) -> str:
    """How many times: ``once``, ``twice``, ``12 times``."""
    return {1: "once", 2: "twice"}.get(n, f"{n:,} times")
