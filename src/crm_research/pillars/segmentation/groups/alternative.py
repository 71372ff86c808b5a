"""The best solution with as many groups as a company can serve apart, beside the one that separates best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crm_research.errors import NotEnoughData
from crm_research.figures import Figure, FigureMaker
from crm_research.pillars.segmentation.evidence.verdicts import VERDICTS
from crm_research.pillars.segmentation.groups import charts
from crm_research.pillars.segmentation.groups import tables as report
from crm_research.pillars.segmentation.groups.leaving_words import say_leaving
from crm_research.pillars.segmentation.groups.words import say_steadiness
from crm_research.pillars.segmentation.inputs.money import name_money
from crm_research.pillars.segmentation.result import find_alternative
from crm_research.pillars.segmentation.use.holdout import OUTCOMES, SEGMENTS
from crm_research.show import Chart, Figures, Note, Section, Table, drawn
from crm_research.theme import say_percent, say_small_count

if TYPE_CHECKING:
    from crm_research.pillars.segmentation.result import Grouping, Segmentation
    from crm_research.study import Study


def alternative_section(
    records: Study, segments: Segmentation, *, k_min: int, k_max: int, n_bootstraps: int, seed: int
) -> Section:
    """Which is the best solution with so many groups, and is it as good as the one shown above?

    Returns
    -------
    Section
        Its result is the other `Segmentation`; None, and a note, where the groups found are already so many, or
        customers are too few for them.
    """
    chosen = segments.found
    if chosen is None:
        return Section.missing(segments.why_not)
    span = f"{say_small_count(k_min)} to {say_small_count(k_max)}" if k_max > k_min else say_small_count(k_min)
    if k_min <= chosen.k <= k_max:
        return Section.missing(f"The {say_small_count(chosen.k)} groups above are already within {span}.")
    try:
        other = find_alternative(records, segments, k_min=k_min, k_max=k_max, n_bootstraps=n_bootstraps, seed=seed)
    except NotEnoughData as problem:
        return Section.missing(f"There is no solution with {span} groups. {problem}")
    if other is None or other.found is None:
        return Section.missing(f"There is no solution with {span} groups.")
    return Section(
        Note(say_alternative(chosen, other, span)),
        Chart(
            drawn(charts.draw_alternative, other),
            alt=report.describe_alternative(other.found),
            data=report.tabulate(other, "cards"),
        ),
        Table(
            report.tabulate(other, "cards"),
            f"The {say_small_count(other.found.k)} groups instead",
            formats=report.name_formats(other, "cards"),
        ),
        Figures(alternative_figures(other, other.found)),
        Note(
            f"To have the whole page of these {say_small_count(other.found.k)} groups, and the file that assigns them, "
            f"set the parameters k_min and k_max to {other.found.k}."
        ),
        result=other,
    )


def say_alternative(chosen: Grouping, other: Segmentation, span: str) -> str:
    """What the other solution is, whether it exists outside this page, and whether it is of use."""
    found = other.found
    if found is None:
        return other.why_not
    own, k = say_small_count(chosen.k), say_small_count(found.k)
    best, money = found.cards.iloc[0], name_money(found.inputs.money)
    which = "few" if found.k > chosen.k else "many"
    is_known = money is not None and best["revenue_share"] == best["revenue_share"]
    worth = f"the one of the {k} that {money.best}" if money is not None and is_known else f"the largest of the {k}"
    weakest = float(found.stability["mean_jaccard"].min())
    return (
        f"If {own} groups are too {which} to act on: of {span} groups, {k} do best; {worth}, "
        f"“{best['segment']}”, is {say_percent(best['size_share'])} of the customers. By the tests of this page the "
        f"{k} are {found.verdict}: the least steady of the {k} is found again with a mean Jaccard of "
        f"{say_steadiness(weakest)}. {_say_use(chosen, found)}"
    )


def _say_use(chosen: Grouping, found: Grouping) -> str:
    """Do the other groups tell more of what customers do than the ones chosen?"""
    own, k = say_small_count(chosen.k), say_small_count(found.k)
    if found.leaving is not None:
        return say_leaving(found, f"the {k} groups")
    explained = [_explained(one) for one in (found, chosen)]
    if any(share is None for share in explained):
        return f"Whether the {k} are of more use than the {own} is not known."
    here, there = (say_percent(max(float(share or 0.0), 0.0)) for share in explained)
    return f"Of later spend the {k} explain {here} of the differences, the {own} {there}."


def _explained(found: Grouping) -> float | None:
    if found.holdout is None:
        return None
    scores = found.holdout.scores
    spend = scores[(scores["outcome"] == OUTCOMES["holdout_spend"]) & (scores["grouping"] == SEGMENTS)]
    share = float(spend["explained_share"].iloc[0])
    return share if math.isfinite(share) else None


def alternative_figures(other: Segmentation, found: Grouping) -> list[Figure]:
    """How many groups the other solution has, and its verdict."""
    weakest = float(found.stability["mean_jaccard"].min())
    make = FigureMaker(
        window=other.window,
        confidence=None,
        validation=f"bootstrap: weakest group found again with a mean Jaccard of {weakest:.2f}",
    )
    return [
        make.one(
            "segmentation.alternative_k", "Groups of the other solution", found.k, unit="groups",
            n=found.n_customers, estimator="k-means; number as above, within what can be served apart",
        ),
        make.one(
            "segmentation.alternative_verdict", "Is the other solution natural, reproducible or constructed?",
            VERDICTS.index(found.verdict), unit="", n=found.n_customers, said=found.verdict,
            estimator="rule over stability, borders between groups and null data, as above",
        ),
    ]  # fmt: skip
