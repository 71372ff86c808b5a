"""Silent churn as tables, rounded for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.pillars.silent_churn.figures import key_figures, outlook_figures, parameter_figures
from crm_research.vocabulary import DAYS_PER_WEEK

if TYPE_CHECKING:
    from crm_research.pillars.silent_churn.analysis import SilentChurn

_PURCHASES_SHOWN: Final = 5


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


def summary_table(silence: SilentChurn) -> pd.DataFrame:
    """The figures of this page as text: ``figure`` (its id without ``churn.silent.``), ``value`` (rounded, or none)."""
    figures = [*key_figures(silence), *outlook_figures(silence), *parameter_figures(silence)]
    values = ["none" if figure.estimate is None else f"{figure.estimate:,.3f}" for figure in figures]
    return pd.DataFrame({"figure": [figure.id.removeprefix("churn.silent.") for figure in figures], "value": values})


def rules_note(silence: SilentChurn) -> str:
    """What the columns and the simple rules of the holdout's table are."""
    check = silence.holdout
    hiatus = "" if check is None or check.hiatus_days is None else f" ({check.hiatus_days:.0f} days here)"
    return (
        "rmse: root mean squared error with its interval; mae: mean absolute error, which favours forecasts of nothing "
        "where most buy nothing; brier: squared error of the chance to buy at all. Same as last period: the repeat "
        "purchases of the stretch of equal length before. Silent too long is gone: past rate, or nothing after a "
        f"silence longer than nine of ten gaps{hiatus}."
    )
