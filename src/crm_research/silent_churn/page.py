"""What the notebook shows where the records may or may not hold it: the part, or a note of what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research import show
from crm_research.silent_churn import charts, pictures, words
from crm_research.silent_churn.analysis import SilentChurn
from crm_research.silent_churn.figures import key_figures, outlook_figures, parameter_figures
from crm_research.silent_churn.setting import explain_setting
from crm_research.vocabulary import DAYS_PER_WEEK

if TYPE_CHECKING:
    from crm_research.study import Study

_NO_MODEL: Final = "No model could be fitted, so this part is left out. "
_PURCHASES_SHOWN: Final = 5


def show_setting(records: Study) -> None:
    """Why leaving is inferred here, and what the report on contracts covers."""
    show.note(explain_setting(records))


def show_base(silence: SilentChurn) -> None:
    """Whether the customers are new, and whether they buy at random."""
    show.note(words.intake_finding(silence), kind="caution" if silence.intake.is_mostly_old else "note")
    show.note(words.regularity_finding(silence))


def show_groups(silence: SilentChurn) -> None:
    """Customers by their chance of still being active."""
    if silence.chosen is None:
        show.note(_NO_MODEL + silence.why_chosen, kind="caution")
        return
    finding = words.silence_finding(silence)
    show.chart(
        charts.draw_chances(silence),
        alt=f"{finding} Bars show how many customers have which chance of still being active.",
        data=pictures.count_chances(silence),
    )
    show.table(group_table(silence), "Customers by their chance of still being active")
    show.figures(outlook_figures(silence))


def show_names(silence: SilentChurn) -> None:
    """The most valuable customers who are probably going silent; withheld where the holdout refutes it."""
    if silence.chosen is None:
        show.note(_NO_MODEL + silence.why_chosen, kind="caution")
        return
    refuted = words.refuted_finding(silence)
    if refuted:
        show.note(refuted, kind="caution")
        return
    if silence.going_silent.empty:
        show.note(
            "Nobody to list: no customer who bought again, and paid more than came back, has a chance of 10 to 50 % of "
            "still being active."
        )
        return
    show.table(
        silence.going_silent,
        f"Most valuable customers who are probably going silent, by what they have spent ({silence.currency})",
        formats={
            "spend": "{:,.2f}",
            "usual_gap_weeks": "{:.1f}",
            "silent_weeks": "{:.1f}",
            "active_rate": "share",
            "lower": "share",
            "upper": "share",
        },
        note="Bought again, and 10 to 50 % likely to be still active. Limits hold the uncertainty of the "
        "parameters alone. Spend is what was paid less returns, and is no profit.",
    )
    if silence.holdout is None:
        show.note("Nothing has checked these chances: the study keeps no holdout.", kind="caution")


def show_histories(silence: SilentChurn) -> None:
    """Common histories scored; every customer with such a history has these chances."""
    if silence.chosen is None:
        show.note(_NO_MODEL + silence.why_chosen, kind="caution")
        return
    show.table(
        common_histories(silence),
        f"The commonest of {len(silence.scores):,} distinct histories, scored",
        formats={"active_rate": "share", "expected_purchases": "{:.3f}"},
    )


def common_histories(silence: SilentChurn, n: int = 3) -> pd.DataFrame:
    """Which histories do most customers with 1, 2 ... 5 purchases share, and what is expected of such a customer?

    Returns
    -------
    pandas.DataFrame
        At most `n` rows for each number of purchases: ``purchases``, ``first_seen_weeks`` and ``last_seen_weeks``
        (before as_of), ``n_customers``, ``active_rate``, ``expected_purchases`` in the horizon. Empty without a model.
    """
    columns = ["purchases", "first_seen_weeks", "last_seen_weeks", "n_customers", "active_rate", "expected_purchases"]
    if silence.scores.empty:
        return pd.DataFrame(columns=columns)
    few = silence.scores.loc[silence.scores["frequency"] < _PURCHASES_SHOWN]
    order = ["frequency", "n_customers", "age_days", "recency_days"]
    top = few.sort_values(order, ascending=[True, False, True, True], kind="stable").groupby("frequency").head(n)
    found = top.assign(
        purchases=top["frequency"] + 1,
        first_seen_weeks=(top["age_days"] / DAYS_PER_WEEK).round(1),
        last_seen_weeks=(top["silent_days"] / DAYS_PER_WEEK).round(1),
        active_rate=top["probability_alive"],
    )
    return found[columns].reset_index(drop=True)


def group_table(silence: SilentChurn) -> pd.DataFrame:
    """How many customers have which chance of still being active, and what is expected of them? Rounded.

    Returns
    -------
    pandas.DataFrame
        Grain: group, the surest first. Columns ``customers``, ``chance`` (of activity), ``n_customers``, ``percent``,
        ``silent_weeks`` (mean), ``purchases`` (expected in the horizon). Empty without a model.
    """
    columns = ["customers", "chance", "n_customers", "percent", "silent_weeks", "purchases"]
    if silence.groups.empty:
        return pd.DataFrame(columns=columns)
    table = silence.groups
    ends = zip(table["from_rate"], table["to_rate"], strict=True)
    found = table.assign(
        chance=[f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in ends],
        percent=(100 * table["size_share"]).round(1),
        silent_weeks=table["mean_silent_weeks"].round(1),
        purchases=table["expected_purchases"].round(0).astype(int),
    )
    return found[columns]


def summary(silence: SilentChurn) -> pd.DataFrame:
    """The figures of this page as text: ``figure`` (its id without ``churn.silent.``), ``value`` (rounded, or none)."""
    figures = [*key_figures(silence), *outlook_figures(silence), *parameter_figures(silence)]
    values = ["none" if figure.estimate is None else f"{figure.estimate:,.3f}" for figure in figures]
    return pd.DataFrame({"figure": [figure.id.removeprefix("churn.silent.") for figure in figures], "value": values})


def show_models(silence: SilentChurn) -> None:
    """The parameters, why one model was chosen, and how far the answer hangs on it."""
    show.figures(parameter_figures(silence), as_table="Parameters of the models, in weeks")
    for model, reason in silence.fits.reasons.items():
        show.note(f"{model}: {reason}", kind="caution")
    for remark in words.edge_findings(silence):
        show.note(remark)
    show.note(words.model_finding(silence))
    if len(silence.others):
        show.table(silence.others, "The share still active, read otherwise", formats={"alive_share": "share"})
        show.note(words.spread_finding(silence), kind="caution")


def show_fit(silence: SilentChurn) -> None:
    """The frequencies counted and as the model has them."""
    if silence.chosen is None:
        show.note(_NO_MODEL + silence.why_chosen, kind="caution")
        return
    table = pictures.compare_frequencies(silence)
    show.chart(
        charts.draw_frequencies(silence),
        alt="Pairs of bars: customers counted and customers expected by number of repeat purchases.",
        data=table,
    )


def show_tracking(silence: SilentChurn) -> None:
    """Purchases week by week and added up, as they came and as expected."""
    if silence.chosen is None or silence.tracking.empty:
        show.note("Purchases cannot be followed week by week: no model, or less than two whole weeks of records.")
        return
    finding = f"{words.tracking_finding(silence)}."
    show.chart(charts.draw_weekly(silence), alt=f"{finding} Two lines over weeks.", data=silence.tracking)
    show.chart(charts.draw_cumulative(silence), alt=f"{finding} Two lines that rise over weeks.")


def show_holdout(silence: SilentChurn) -> None:
    """Every forecast against what came; a note where there is no holdout."""
    check = silence.holdout
    show.note(words.check_finding(silence), kind="note" if check is not None and check.gain.lower > 0 else "caution")
    if check is None:
        return
    show.table(
        check.errors.drop(columns=["is_rule"]),
        "Error per customer of each forecast in the holdout, in orders",
        formats={
            "rmse": "{:.3f}", "lower": "{:.3f}", "upper": "{:.3f}", "mae": "{:.3f}", "brier": "{:.4f}",
            "total_expected": "{:,.0f}", "total_observed": "{:,.0f}",
        },
        note=_say_rules(silence),
    )  # fmt: skip
    if len(silence.money):
        show.table(
            silence.money.drop(columns=["is_rule"]),
            f"Error per customer of each forecast in the holdout, in money ({silence.currency})",
            formats={
                "rmse": "{:,.2f}",
                "lower": "{:,.2f}",
                "upper": "{:,.2f}",
                "mae": "{:,.2f}",
                "total_expected": "{:,.0f}",
                "total_observed": "{:,.0f}",
            },
            note=words.money_finding(silence),
        )
    if silence.chosen is None:
        return
    show.chart(
        charts.draw_conditional(silence),
        alt="Mean purchases in the holdout by repeat purchases before it: as they came, by the model, by the rule.",
        data=check.by_frequency,
    )
    show.table(check.by_recency, "The same by weeks of silence at the start of the holdout, purchases per customer")
    show.note(words.group_finding(silence), kind="note" if check.share_holds else "caution")
    show.table(
        check.by_group,
        "Did those called gone stay away? Share that bought in the holdout",
        formats={"lower": "share", "upper": "share"},
    )


def _say_rules(silence: SilentChurn) -> str:
    check = silence.holdout
    hiatus = "" if check is None or check.hiatus_days is None else f" ({check.hiatus_days:.0f} days here)"
    return (
        "rmse: root mean squared error with its interval; mae: mean absolute error, which favours forecasts of "
        "nothing where "
        "most buy nothing; brier: squared error of the chance to buy at all. Same as last period: the repeat "
        "purchases of "
        "the stretch of equal length before. Silent too long is gone: past rate, or nothing after a silence "
        f"longer than nine of ten gaps{hiatus}."
    )
