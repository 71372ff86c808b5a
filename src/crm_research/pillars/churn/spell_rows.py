"""Contracts as rows that a model of leaving reads: those of the past, those that run on, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.changing import CovariateBuilder, build_standing, build_stretches
from crm_research.features.clock import whole_days_between
from crm_research.features.window import known_rows
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

HELD: Final = ("contract_id", "customer_id", "entry_days", "tenure_days", "is_ended", "end_reason")


@step
def read_rows(study: Study, columns: Sequence[str], *, extra: CovariateBuilder | None = None) -> pd.DataFrame:
    """What is known at as_of of every contract that was under observation?

    Parameters
    ----------
    columns
        Columns of `build_spells`, of `changing_covariates`, or of `extra`.
    extra
        Makes own covariates, as in `build_stretches`.

    Returns
    -------
    pandas.DataFrame
        Grain: contract, ordered by it; where one of the columns changes over time, stretch of a contract, in order.
        ``contract_id``, ``customer_id``, ``entry_days``, ``tenure_days``, ``is_ended``, ``end_reason`` (both only on
        the last stretch) and the columns asked for, with the values that held before the stretch.

    Raises
    ------
    NotEnoughData
        Without a contract.
    """
    rows = build_stretches(study, columns, extra=extra)
    frame: pd.DataFrame = rows.select(*HELD, *columns).order_by("contract_id", "entry_days").to_pandas()
    if not len(frame):
        raise NotEnoughData("A model of leaving", needed=1, found=0, mend="No contract was watched.")
    return frame


def some_customers(rows: pd.DataFrame, *, n_contracts: int, seed: int) -> pd.DataFrame:
    """About so many of the contracts: all those of a random part of the customers, the same part whatever the rows.

    All rows where there are no more contracts than that.
    """
    n = int(rows["contract_id"].nunique())
    return rows if n <= n_contracts else draw_customers(rows, n_contracts / n, seed)


def draw_customers(rows: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The rows of that share of the customers, by a hash of their ids."""
    keys = rows["customer_id"].to_numpy(dtype=object)
    chance = pd.util.hash_array(keys, hash_key=f"{seed:016d}"[-16:], categorize=True) / float(2**64)
    return rows.loc[chance < share].reset_index(drop=True)


@step
def read_running(study: Study, columns: Sequence[str], *, extra: CovariateBuilder | None = None) -> pd.DataFrame:
    """Which contracts run on at as_of, and what are they like now?

    Returns
    -------
    pandas.DataFrame
        Grain: contract; the columns of `read_rows`, with today's values; empty without any.
    """
    rows = build_standing(study, columns, extra=extra)
    frame: pd.DataFrame = rows.select(*HELD, *columns).order_by("contract_id").to_pandas()
    return frame


@step
def read_ends(study: Study) -> pd.DataFrame:
    """At which tenure had contracts ended by the end of the holdout (by as_of, without one)?

    Returns
    -------
    pandas.DataFrame
        Grain: contract that ended. Columns ``contract_id``, ``end_tenure`` (days).
    """
    later = known_rows(study.standing_at(study.holdout_until or study.as_of), "contracts")
    if "ended_at" not in later.columns:
        return pd.DataFrame({"contract_id": pd.Series(dtype=object), "end_tenure": pd.Series(dtype=float)})
    over = later.filter(later.ended_at.notnull())  # noqa: PD004 - Ibis
    frame: pd.DataFrame = over.select(
        "contract_id", end_tenure=whole_days_between(over.started_at, over.ended_at)
    ).to_pandas()
    return frame
