"""The best solution with as many groups as a company can serve apart, beside the one that separates best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research.errors import NotEnoughData
from crm_research.figures import Figure, FigureMaker
from crm_research.pillars.segmentation.evidence.verdicts import VERDICTS
from crm_research.pillars.segmentation.groups import charts
from crm_research.pillars.segmentation.groups import tables as report
from crm_research.pillars.segmentation.groups.leaving_words import say_leaving
from crm_research.pillars.segmentation.groups.words import say_groups, say_holdout, say_verdict
from crm_research.pillars.segmentation.inputs.base import BUYERS
from crm_research.pillars.segmentation.result import find_alternative
from crm_research.show import Chart, Figures, Note, Section, Table, drawn
from crm_research.theme import say_small_count

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
            drawn(charts.draw, other, "segments"),
            alt=report.describe_picture(other, "segments"),
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
    use = say_holdout(other) if found.inputs.base == BUYERS else say_leaving(found)
    which, own = "few" if found.k > chosen.k else "many", say_small_count(chosen.k)
    return (
        f"If {own} groups are too {which} to act on: of {span} groups, {say_small_count(found.k)} do best. "
        f"{say_groups(found)} {say_verdict(found)} {use}"
    )


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
