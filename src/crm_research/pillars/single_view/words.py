"""The single view in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from crm_research.figures import says_nothing
from crm_research.theme import (
    join_words,
    say_count,
    say_date,
    say_money,
    say_percent,
    say_with_limits,
    shorten,
    word_for,
)
from crm_research.vocabulary import GONE, HOUSEHOLD, MERGED, MOVED, NAMESAKE, SPLIT, SUBSIDIARY

if TYPE_CHECKING:
    from crm_research.linking.goodness import Limits
    from crm_research.pillars.single_view.measure import SingleView

_LONGEST: Final = 40


def answer(view: SingleView) -> tuple[str, str, str]:
    """How many customers there are, how sure it is, and what the doubles cost."""
    return say_customers(view), say_sureness(view), say_cost(view)


def name_systems(names: Sequence[str]) -> str:
    """Systems by name."""
    return join_words([shorten(name, _LONGEST) for name in names])


def name_place(names: Sequence[str], n_systems: int) -> str:
    """The systems that a customer stands in; of one among several, that it is the only one."""
    return f"{name_systems(names)} only" if len(names) == 1 and n_systems > 1 else name_systems(names)


def say_customers(view: SingleView) -> str:
    """How many customers are behind the records?"""
    n, n_systems = view.n_records, len(view.systems)
    if n == 0:
        return f"No record was there by {say_date(view.as_of)}."
    if n == 1:
        return "There is one record, and so one customer."
    where = say_count(n_systems, "system")
    if not view.n_too_many:
        return f"As linked, no two of the {n:,} records of {where} are of one customer."
    verb = word_for(view.n_customers, "one customer", f"{view.n_customers:,} customers")
    limits = view.customers
    if limits is None:
        return f"The {n:,} records of {where} are of {verb}."
    said = say_with_limits(limits.estimate, limits.lower, limits.upper, lambda one: f"{one:,.0f}")
    return f"The {n:,} records of {where} are of {said} {word_for(view.n_customers, 'customer', 'customers')}."


def say_sureness(view: SingleView) -> str:
    """Which share of the pairs brought together belongs together, and which share of such pairs was found?"""
    if view.n_records < 2:
        return ""
    good = view.goodness
    if good is None:
        return f"How sure {'the links are' if view.n_too_many else 'that is'} cannot be told: {_say_no_pairs(view)}."
    if good.precision is None or good.recall is None:
        upper = round(good.n_missed.upper)
        if not upper:
            return "No two records were brought together, and none that were looked at seem to be of one customer."
        may = f"up to {say_count(upper, 'pair')} may be of one customer all the same"
        return f"No two records were brought together; {may}."
    right, found = _say(good.precision), _say(good.recall)
    basis = say_basis(view)
    if right is None or found is None:
        return f"How sure the links are is not known{basis}."
    return (
        f"Of the pairs of records brought together {right} belong together, and {found} of such pairs were "
        f"found{basis}."
    )


def _say_no_pairs(view: SingleView) -> str:
    if view.n_too_many:
        return "the links come without the pairs that they were made of"
    return "no two records are known to have been compared"


def say_later(view: SingleView) -> str:
    """That pairs are those of all records linked, where some of them came after the study's day; else empty."""
    if view.goodness is None or not view.n_later:
        return ""
    n = view.n_records + view.n_later
    return (
        f"Pairs are those of all {n:,} records that are linked today; {view.n_later:,} of these records came after "
        f"{say_date(view.as_of)}."
    )


def _say(one: Limits) -> str | None:
    if says_nothing(one.lower, one.upper, span=1.0):
        return None
    return say_with_limits(one.estimate, one.lower, one.upper, say_percent)


def say_too_few(view: SingleView) -> str:
    """That there are not even two records to bring together; empty where there are."""
    return "" if view.n_records > 1 else f"{say_customers(view)} There is nothing to bring together."


def say_basis(view: SingleView) -> str:
    """On what that rests, as the end of a sentence."""
    if view.judging is None or view.by_judgements is None:
        return ", by the links' own reckoning"
    return f", by the {say_count(view.judging.n_judged, 'pair')} that a person judged"


def say_cost(view: SingleView) -> str:
    """What do the doubles cost?"""
    if view.n_records < 2:
        return ""
    if not view.n_too_many:
        led = "As linked, no" if view.goodness is None else "No"
        return f"{led} record is one too many, so nothing is counted twice."
    new = view.taken_for_new
    if new is None:
        return say_letters(view)
    n_new = new.n_numbers - new.n_customers
    if not n_new:
        return f"No buyer would be taken for a new one: each of the {new.n_customers:,} bought under one number only."
    buyers = word_for(new.n_customers, "one buyer", f"{new.n_customers:,} buyers")
    times = {1: "once", 2: "twice"}.get(n_new, f"{n_new:,} times")
    return (
        f"Without the links {buyers} would count as {new.n_numbers:,}: {times} a buyer whom we know would be taken for "
        "a new one."
    )


def say_letters(view: SingleView) -> str:
    """How many letters too many would go out?"""
    if not view.n_too_many:
        return ""
    letters = say_count(view.n_too_many, "letter")
    return f"A letter to every record would send {letters} to customers who get one already."


def say_again(view: SingleView) -> str:
    """How does the share of buyers who came back change?"""
    new = view.taken_for_new
    if new is None:
        return "What the doubles do to purchases cannot be told: no purchases bear the numbers of the systems."
    before, after = new.n_numbers_again / new.n_numbers, new.n_customers_again / new.n_customers
    if say_percent(before) == say_percent(after):
        told = f"The share of buyers who bought more than once is {say_percent(after)} either way."
    else:
        told = (
            f"By the systems' numbers {say_percent(before)} of buyers bought more than once; by customers it is "
            f"{say_percent(after)}."
        )
    if not new.n_split:
        return told
    under = word_for(new.n_split, "customer bought", "customers bought")
    money = say_money(new.revenue_of_split, view.currency)
    return f"{told} {new.n_split:,} {under} under two numbers or more, for {money} together."


def say_sent_twice(view: SingleView) -> str:
    """How many letters of campaigns went to one customer twice?"""
    if view.sent_twice is None:
        return ""
    sent, twice = view.sent_twice
    if not twice:
        return f"None of the {sent:,} letters of campaigns went to a customer twice under two numbers."
    return (
        f"Of {say_count(sent, 'letter')} of campaigns {twice:,} went to a customer who had the same one under another "
        f"number: {say_percent(twice / sent)}."
    )


def say_systems(view: SingleView) -> str:
    """How many records stand in a system that has their customer already?"""
    if view.n_records < 2:
        return say_customers(view)
    again = view.n_again
    verb = word_for(again, "stands", "stand")
    if not again:
        return "No system has the same customer twice."
    return (
        f"{say_count(again, 'record')} {verb} in a system that has {word_for(again, 'its', 'their')} customer already."
    )


def say_together(view: SingleView) -> str:
    """How many customers stand in several systems?"""
    if view.n_records < 2:
        return say_too_few(view)
    if len(view.systems) < 2:
        return "There is only one system, so nobody stands in several."
    n, of = view.n_in_several, view.n_customers
    if not n:
        return f"None of the {of:,} customers stands in two systems or more."
    return (
        f"{n:,} of {say_count(of, 'customer')} {word_for(n, 'stands', 'stand')} in two systems or more: "
        f"{say_percent(n / of)}."
    )


def say_judging(view: SingleView) -> Iterator[str]:
    """What has been judged, and what of it no number holds?"""
    judging = view.judging
    if view.goodness is None:
        return
    if judging is None:
        yield (
            "Nobody has judged any pairs yet: crm-research link with --review lays a sample of them out. Until then "
            "all that is told of their sureness rests on how probable the links hold each pair to be."
        )
        return
    left_open = word_for(judging.n_judged, ", and left it open", f", {judging.n_unsure:,} of them left open")
    yield (
        f"A person has judged {judging.n_judged:,} of {say_count(judging.n_drawn, 'pair')} that "
        f"{word_for(judging.n_drawn, 'was', 'were')} drawn{left_open if judging.n_unsure else ''}; "
        f"read on {say_date(judging.judged_at)}."
    )
    if not judging.is_of_these_links:
        yield "Records have been linked anew since these pairs were drawn: the judgements are of the links before."
    if judging.n_unseen:
        n, same = judging.n_unseen, judging.n_unseen_same
        told = "none is" if not same else f"{same:,} {word_for(same, 'is', 'are')}"
        yield (
            f"Of {say_count(n, 'pair')} that nothing had anybody look at {told} of one customer. They are too few of "
            "too many to say how many such pairs there are, and stand in no number here."
        )


def say_errors(view: SingleView) -> str:
    """How many pairs are wrong, and how many were missed?"""
    good = view.goodness
    if good is None:
        return f"Which pairs are doubtful cannot be told: {_say_no_pairs(view)}."
    wrong, missed = (
        say_with_limits(round(one.estimate), round(one.lower), round(one.upper), lambda value: f"{value:,.0f}")
        for one in (good.n_wrong, good.n_missed)
    )
    little = f"Too little: {missed} {word_for(round(good.n_missed.upper), 'pair', 'pairs')} left apart would be of one."
    if good.precision is None:
        return f"No two records were brought together, so none by mistake. {little}"
    return f"Too much: {wrong} of the pairs brought together would be of two customers. {little}"


def say_undecided(view: SingleView) -> Iterator[str]:
    """What could not be decided?"""
    if view.pairs.empty:
        yield f"What could not be decided is not known: {_say_no_pairs(view)}."
        return
    n = view.n_undecided
    if not n:
        yield "No pair was left apart that may well be of one customer."
    else:
        verb, they = word_for(n, "was", "were"), word_for(n, "it is", "they are")
        yield (
            f"{say_count(n, 'pair')} {verb} left apart though the chance that {they} of one customer is one in ten or "
            "more: the two records do not settle it, or others of the same customer speak against it."
        )
    if view.n_contradicting:
        k = view.n_contradicting
        yield (
            f"{say_count(k, 'pair')} {word_for(k, 'is', 'are')} alike and {word_for(k, 'contradicts', 'contradict')} "
            "each other all the same (two numbers, two days of birth, a person and a company), and stayed apart."
        )


def say_largest(view: SingleView) -> str:
    """How large are the largest groups?"""
    if view.groups.empty:
        return "No customer has three records or more."
    n = int(view.sizes.loc[view.sizes["n_records"] > 2, "n_customers"].sum())
    most = int(view.groups["n_records"].max())
    return (
        f"{say_count(n, 'customer')} {word_for(n, 'has', 'have')} three records or more, {most:,} at most. Two people "
        "taken for one show here first."
    )


_BECAME: Final = {
    MERGED: ("customer became one with another", "customers became one with others"),
    SPLIT: ("customer was parted", "customers were parted"),
    MOVED: ("customer gave records to another", "customers gave records to others"),
    GONE: ("customer has no record any more", "customers have no record any more"),
}


def say_changes(view: SingleView) -> str:
    """What has become of customers' numbers at the last linking that changed any?"""
    if view.changes.empty:
        return "No customer's number has ever changed."
    said = []
    for row in view.changes.to_dict("records"):
        n = int(row["n_customers"])
        said.append(f"{n:,} {word_for(n, *_BECAME[row['became']])}")
    day = view.changes["linked_at"].max()
    return f"When records were linked on {say_date(day)}, {join_words(said)}."


_KINDS: Final = {
    HOUSEHOLD: "of one household",
    SUBSIDIARY: "of a company and the one that owns it",
    NAMESAKE: "of a person and a company who share a mail address, a telephone or a house",
}


def say_relations(view: SingleView) -> str:
    """Who belongs to whom without being one?"""
    if view.relations.empty:
        return "No two customers are known to belong together."
    said = [
        f"{say_count(int(row['n_pairs']), 'pair')} {_KINDS[row['kind']]}" for row in view.relations.to_dict("records")
    ]
    return f"They stay customers of their own, and belong together: {join_words(said)}."


def together_seen(view: SingleView) -> str:
    """What the picture of combinations shows."""
    n = view.n_in_several
    if len(view.systems) < 2 or not n:
        return "Each customer stands in one system only"
    return f"{n:,} of {say_count(view.n_customers, 'customer')} {word_for(n, 'stands', 'stand')} in two systems or more"


def sureness_seen(view: SingleView) -> str:
    """What the picture of sureness shows."""
    if view.by_judgements is None:
        return "How sure the links are, by their own reckoning"
    return "How sure the links are, by their own reckoning and as a person judged"
