"""What is shown where the records may or may not hold it: the part, or a note of what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from crm_research.pillars.churn.curves import charts, words
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.curves.figures import group_figures, reason_figures
from crm_research.pillars.churn.curves.group_words import group_finding, reason_finding
from crm_research.pillars.churn.curves.hazard_words import hazard_finding
from crm_research.pillars.churn.setting import say_condition
from crm_research.show import Chart, Figures, Note, Part, Table, drawn
from crm_research.theme import say_count, say_days, say_months, say_p_value, say_percent, say_points, word_for
from crm_research.vocabulary import months_of_days


def cautions_parts(leaving: ChurnAnalysis, doubts: Sequence[str] = ()) -> Iterator[Part]:
    """What speaks against taking the curves at their word, first what the check of the records found."""
    found = [*doubts, *leaving.setting.cautions()]
    for caution in found:
        yield Note(caution, kind="caution")
    if not found:
        yield Note("Nothing in the records suggests that early leavers are missing or that contracts were cut off.")
    if leaving.sensitivity is not None:
        yield Table(
            leaving.sensitivity,
            "How far the answer moves if those who left earlier were dropped from the records",
            formats={"survival_12m": "share", "lower": "share", "upper": "share", "median_days": "days"},
            note="The truth lies between the rows if some early leavers are missing. Comparisons of groups suffer "
            "less.",
        )


def groups_parts(leaving: ChurnAnalysis) -> Iterator[Part]:
    """Curves, figures and pairs of groups; a note where there are none."""
    finding = group_finding(leaving)
    if not finding and leaving.compared is not None:
        yield Note(
            f"Too few contracts were watched to compare them by {leaving.counts.group} within "
            f"{say_days(leaving.compared_days)}. Set horizon_months to a longer tenure."
        )
        return
    if not finding:
        yield Note(
            "The contracts have no category with two values to compare. Declare an attribute of the contracts or "
            "customers in the study's file, or name one as group."
        )
        return
    yield Chart(
        drawn(charts.draw_groups, leaving),
        alt=f"{finding} The picture shows one falling curve for each {leaving.counts.group}.",
        data=leaving.compared.at([leaving.days_at(12), leaving.compared_days]) if leaving.compared else None,
    )
    yield Note(leaving.counts.choice.why)
    yield Note(" ".join([words.chance_finding(leaving), words.groups_told_apart(leaving)]).strip())
    yield Figures(group_figures(leaving), f"Tenure by {leaving.counts.group}")
    if leaving.pairs is not None:
        yield from pairs_parts(leaving)


def pairs_parts(leaving: ChurnAnalysis) -> Iterator[Part]:
    """The differences between groups, largest first."""
    if leaving.pairs is None:
        return
    pairs = leaving.pairs
    order = pairs["survival_gap"].abs().sort_values(ascending=False).index
    shown = pairs.loc[
        order, ["group", "other_group", "survival_gap", "gap_lower", "gap_upper", "mean_gap_days", "p_adjusted"]
    ]
    months = months_of_days(float(pairs["horizon_days"].iloc[0]))
    condition = say_condition(float(pairs["from_days"].iloc[0]))
    of_whom = f", of contracts{condition}" if condition else ""
    yield Table(
        shown.rename(columns={"gap_lower": "lower", "gap_upper": "upper"}).reset_index(drop=True),
        f"How much more of the first group is still there after {say_months(months)}{of_whom}",
        formats={
            "survival_gap": say_points,
            "lower": say_points,
            "upper": say_points,
            "mean_gap_days": "{:,.0f}",
            "p_adjusted": say_p_value,
        },
        note="All intervals hold together (Bonferroni); p-values of the log-rank test adjusted by Holm. mean gap days: "
        "difference of mean tenure within these months.",
        max_rows=15,
    )


def reasons_parts(leaving: ChurnAnalysis) -> Iterator[Part]:
    """Why they leave; a note where the records do not say."""
    if leaving.incidence is None:
        yield Note("The records give no reason for any end (end_reason), so this page cannot say why customers leave.")
        return
    finding = reason_finding(leaving) or "Too few contracts were watched to say for which reason most leave."
    at = dict.fromkeys((min(leaving.days_at(12), leaving.reasons_days), leaving.reasons_days))
    yield Chart(
        drawn(charts.draw_reasons, leaving),
        alt=f"{finding} The picture stacks the share that has left for each reason by month of tenure.",
        data=pd.concat([leaving.incidence.at(days) for days in at], ignore_index=True),
    )
    yield Figures(reason_figures(leaving), "Left within 12 months, by reason")


def holdout_parts(leaving: ChurnAnalysis) -> Iterator[Part]:
    """The check out of time; a note where there is no holdout."""
    check = leaving.holdout
    yield Note(words.holdout_finding(leaving), kind="note" if check is not None and check.holds else "caution")
    if check is None:
        return
    yield Chart(drawn(charts.draw_holdout, leaving), alt=words.holdout_finding(leaving), data=check.bands)
    if check.n_beyond:
        share = check.n_beyond / (check.n + check.n_beyond)
        yield Note(
            f"{say_count(check.n_beyond, 'running contract')} ({say_percent(share)}) "
            f"{word_for(check.n_beyond, 'is', 'are')} older than the curve reaches, or younger than it begins, and "
            f"{word_for(check.n_beyond, 'was', 'were')} not judged."
        )


def rule_parts(leaving: ChurnAnalysis) -> Iterator[Part]:
    """The rule of thumb beside the curve."""
    finding = words.rule_finding(leaving)
    data = leaving.rule.compared if leaving.rule is not None else None
    yield Chart(drawn(charts.draw_rule, leaving), alt=finding, data=data)
    yield Note(finding)


def hazard_parts(leaving: ChurnAnalysis) -> Iterator[Part]:
    """When the danger is greatest."""
    finding = hazard_finding(leaving)
    yield Chart(
        drawn(charts.draw_hazard, leaving),
        alt=f"{finding}. The picture shows the share that leaves in each {leaving.period} of tenure.",
        data=leaving.rates,
    )


def needs_parts(leaving: ChurnAnalysis) -> Iterator[Part]:
    """What the study's file would have to give for the parts this page lacks."""
    yield Note(words.needs(leaving) or "The study holds all that this page can use.")
