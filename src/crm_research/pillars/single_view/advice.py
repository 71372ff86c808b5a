"""What to do about customers who stand twice, and what is most in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crm_research.show import Step
from crm_research.theme import say_count, word_for

if TYPE_CHECKING:
    from crm_research.pillars.single_view.measure import SingleView


def steps(view: SingleView) -> Iterator[Step]:
    """What can be done, the most useful first."""
    if view.n_records < 2:
        return
    if view.goodness is not None and (view.judging is None or not view.judging.is_of_these_links):
        again = "anew " if view.judging is not None else ""
        yield Step(
            f"Have somebody who knows the customers judge some pairs {again}(crm-research link with --review lays them "
            "out): then it is known how sure the links are.",
            "sureness",
        )
    if view.n_too_many:
        n = say_count(view.n_too_many, "letter")
        yield Step(f"Write to customers, not to records: it saves {n} each time that all are written to.", "cost")
    if view.n_undecided:
        n = say_count(view.n_undecided, "pair")
        yield Step(f"Ask the customers where records leave it open: {n} may well be of one customer.", "undecided")
    if view.n_again:
        verb = word_for(view.n_again, "stands", "stand")
        yield Step(
            f"Clean each system by itself: {say_count(view.n_again, 'record')} {verb} in a system that has "
            f"{word_for(view.n_again, 'its', 'their')} customer already.",
            "systems",
        )
    if len(view.groups):
        yield Step("Look through the largest groups: two people taken for one show there first.", "largest")


def gravest_doubt(view: SingleView) -> str:
    """What would most change the answer."""
    if view.goodness is None:
        return "Nothing tells how sure the links are."
    if view.judging is None:
        return "Nobody has judged whether the pairs belong together: how sure they are is the links' own reckoning."
    if not view.judging.is_of_these_links:
        return "The pairs that a person judged are of links that have been made anew since."
    return (
        "Whoever has moved, and changed name, telephone and mail address, stays two customers: records that agree in "
        "nothing are not compared."
    )
