"""What the notebook shows where the records may or may not hold it: the part, or a note of what is missing."""

from __future__ import annotations

from crm_research import show
from crm_research.churn.curves import charts, words
from crm_research.churn.curves.analysis import ChurnAnalysis
from crm_research.churn.curves.danger_words import hazard_finding
from crm_research.churn.curves.figures import group_figures, reason_figures
from crm_research.churn.curves.group_words import group_finding, reason_finding
from crm_research.theme import say_p_value, say_percent, say_points
from crm_research.vocabulary import months_of_days


def show_cautions(leaving: ChurnAnalysis) -> None:
    """What speaks against taking the curves at their word."""
    found = leaving.setting.cautions()
    for caution in found:
        show.note(caution, kind="caution")
    if not found:
        show.note("Nothing in the records suggests that early leavers are missing or that contracts were cut off.")
    if leaving.sensitivity is not None:
        show.table(
            leaving.sensitivity,
            "How far the answer moves if those who left earlier were dropped from the records",
            formats={"survival_12m": "share", "lower": "share", "upper": "share", "median_days": "days"},
            note="The truth lies between the rows if some early leavers are missing. Comparisons of groups suffer "
            "less.",
        )


def show_groups(leaving: ChurnAnalysis) -> None:
    """Curves, figures and pairs of groups; a note where there are none."""
    finding = group_finding(leaving)
    if not finding:
        show.note(
            "The contracts have no category with two values to compare. Declare an attribute of the contracts or "
            "customers in the study's file, or name one as group."
        )
        return
    show.chart(
        charts.draw_groups(leaving),
        alt=f"{finding} The picture shows one falling curve for each {leaving.counts.group}.",
        data=leaving.compared.at([leaving.days_at(12), leaving.horizon_days]) if leaving.compared else None,
    )
    show.note(leaving.counts.choice.why)
    show.note(" ".join([words.chance_finding(leaving), words.groups_told_apart(leaving)]).strip())
    show.figures(group_figures(leaving), as_table=f"Tenure by {leaving.counts.group}")
    if leaving.pairs is not None:
        show_pairs(leaving)


def show_pairs(leaving: ChurnAnalysis) -> None:
    """The differences between groups, largest first."""
    if leaving.pairs is None:
        return
    pairs = leaving.pairs
    order = pairs["survival_gap"].abs().sort_values(ascending=False).index
    shown = pairs.loc[
        order, ["group", "other_group", "survival_gap", "gap_lower", "gap_upper", "mean_gap_days", "p_adjusted"]
    ]
    months = months_of_days(float(pairs["horizon_days"].iloc[0]))
    show.table(
        shown.rename(columns={"gap_lower": "lower", "gap_upper": "upper"}).reset_index(drop=True),
        f"How much more of the first group is still there after {months} months",
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


def show_reasons(leaving: ChurnAnalysis) -> None:
    """Why they leave; a note where the records do not say."""
    if leaving.incidence is None:
        show.note("The records give no reason for any end (end_reason), so this page cannot say why customers leave.")
        return
    finding = reason_finding(leaving) or "Too few contracts were watched to say for which reason most leave."
    show.chart(
        charts.draw_reasons(leaving),
        alt=f"{finding} The picture stacks the share that has left for each reason by month of tenure.",
        data=leaving.incidence.at(min(leaving.days_at(12), leaving.horizon_days)),
    )
    show.figures(reason_figures(leaving), as_table="Left within 12 months, by reason")


def show_holdout(leaving: ChurnAnalysis) -> None:
    """The check out of time; a note where there is no holdout."""
    check = leaving.holdout
    show.note(words.holdout_finding(leaving), kind="note" if check is not None and check.holds else "caution")
    if check is None:
        return
    show.chart(charts.draw_holdout(leaving), alt=words.holdout_finding(leaving), data=check.bands)
    if check.n_beyond:
        share = check.n_beyond / (check.n + check.n_beyond)
        show.note(
            f"{check.n_beyond:,} running contracts ({say_percent(share)}) are older than the curve reaches, or younger "
            "than it begins, and were not judged."
        )


def show_rule(leaving: ChurnAnalysis) -> None:
    """The rule of thumb beside the curve."""
    finding = words.rule_finding(leaving)
    data = leaving.rule.compared if leaving.rule is not None else None
    show.chart(charts.draw_rule(leaving), alt=finding, data=data)
    show.note(finding)


def show_hazard(leaving: ChurnAnalysis) -> None:
    """When the danger is greatest."""
    finding = hazard_finding(leaving)
    show.chart(
        charts.draw_hazard(leaving),
        alt=f"{finding}. The picture shows the share that leaves in each {leaving.period} of tenure.",
        data=leaving.rates,
    )


def show_needs(leaving: ChurnAnalysis) -> None:
    """What the study's file would have to give for the parts this page lacks."""
    show.note(words.needs(leaving) or "The study holds all that this page can use.")
