"""What to do next, and what could be wrong with the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from crm_research.pillars.customer_file.names import call_first
from crm_research.pillars.customer_file.next_steps import NextStep, steps_of
from crm_research.show import Step
from crm_research.theme import say_count, say_percent

if TYPE_CHECKING:
    from crm_research.pillars.customer_file.measure import CustomerFile

_MOST: Final = 5
_DOUBTFUL: Final = 0.95


def steps(file: CustomerFile) -> Iterator[Step]:
    """Of one customer all that is to be done; of several the first step of each, those with most at stake first."""
    if len(file.ids) == 1:
        held = steps_of(file, file.ids[0])
    else:
        stakes = dict(zip(file.worth["customer_id"], file.worth["at_stake"].fillna(-1.0), strict=True))
        order = sorted(file.ids, key=lambda one: -stakes[one])
        held = [steps_of(file, one)[0] for one in order]
    for place, one in enumerate(held[:_MOST]):
        # Why each is to be done, and how sure that is, stands in one table.
        yield Step(say_step(one), "next_steps" if place == 0 else one.see)


def say_step(step: NextStep) -> str:
    """A step as a sentence with the customer's name."""
    return f"{call_first(step.customer)}: {step.what}; {step.why}."


def gravest_doubt(file: CustomerFile) -> str:
    """What would most change the answer."""
    links = file.links
    if len(links) and "least_probability" in links:
        sure = links.loc[links["least_probability"] < _DOUBTFUL]
        if len(sure):
            row = sure.sort_values("least_probability", kind="stable").iloc[0]
            name, n = call_first(row["customer_id"]), int(row["n_records"])
            chance = say_percent(float(row["least_probability"]))
            if n == 1:
                return (
                    f"{name} is known from one record, which is this customer's with a chance of {chance}: what is "
                    "said here may be of another customer."
                )
            return (
                f"{name} is joined from {say_count(n, 'record')}, the least sure of them with a chance of {chance}: "
                "what is said here may be of two customers."
            )
    return (
        "A file tells what was written down. A talk, a promise or a person that nobody recorded is not in it: ask who "
        "deals with the customer before acting on it."
    )
