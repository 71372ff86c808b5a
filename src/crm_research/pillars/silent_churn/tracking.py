"""Purchases week by week, as they came and as a model expected them, on into the holdout."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.models.btyd import BtydFit
from crm_research.pillars.silent_churn.counting import count_purchase_days
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_WEEK

if TYPE_CHECKING:
    from crm_research.study import Study


@step
def track_purchases(study: Study, fit: BtydFit) -> pd.DataFrame:
    """How many repeat purchases came in each week, and how many did the model expect?

    Parameters
    ----------
    fit
        Sees each customer's day of first purchase, and nothing else of him: the line is no smoothing of what came.

    Returns
    -------
    pandas.DataFrame
        Grain: week, counted so that one ends at as_of; the last ends with the holdout and may be shorter. Columns
        ``week`` (0 ends at as_of), ``ends_at``, ``is_whole``, ``observed``, ``expected``, ``observed_total``,
        ``expected_total`` (since the records begin), ``is_holdout``. Empty where there are no two whole weeks.
    """
    days = count_purchase_days(study)
    columns = ["week", "ends_at", "is_whole", "observed", "expected", "observed_total", "expected_total", "is_holdout"]
    if days.empty:
        return pd.DataFrame(columns=columns)
    start = int(np.floor(days["day"].min() / DAYS_PER_WEEK))
    until = study.as_of if study.holdout_until is None else study.holdout_until
    reach = (until - study.as_of) / timedelta(days=1)
    last = int(reach // DAYS_PER_WEEK)
    if last - start < 2:
        return pd.DataFrame(columns=columns)
    ends = np.arange(start, last + 1) * DAYS_PER_WEEK
    if reach > ends[-1]:
        ends = np.append(ends, reach)
    repeats = (days["n_purchases"] - days["n_first"]).to_numpy(dtype=float)
    cumulative = np.concatenate([[0.0], np.cumsum(repeats)])
    observed = cumulative[np.searchsorted(days["day"].to_numpy(), np.ceil(ends), side="right")]
    born = days.loc[days["n_first"] > 0, ["born_days", "n_first"]]
    births = born.groupby("born_days", as_index=False)[["n_first"]].sum().rename(columns={"n_first": "n_customers"})
    expected = fit.expected_tracking(births, ends.tolist())["expected_repeats"].to_numpy()
    table = pd.DataFrame(
        {
            "week": np.ceil(ends[1:] / DAYS_PER_WEEK).astype(int),
            "ends_at": pd.Timestamp(study.as_of) + pd.to_timedelta(ends[1:], unit="D"),
            "is_whole": np.diff(ends) == DAYS_PER_WEEK,
            "observed": np.diff(observed),
            "expected": np.diff(expected),
            "observed_total": observed[1:],
            "expected_total": expected[1:],
        }
    )
    return table.assign(is_holdout=table["week"] > 0)
