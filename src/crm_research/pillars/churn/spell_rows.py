"""Contracts as rows that a model of leaving reads: those of the past, those that run on, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.changing import CovariateBuilder, build_standing, build_stretches
from crm_research.features.clock import instant, whole_days_between
from crm_research.features.lots import share_of
from crm_research.features.window import known_rows
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

HELD: Final = ("contract_id", "customer_id", "entry_days", "tenure_days", "is_ended", "end_reason")
# A part of so many contracts is drawn from their rows; of more, the engine draws it by lot and gives no others.
MOST_WHOLE: Final = 300_000


@dataclass(frozen=True, kw_only=True)
class SomeCustomers:
    """A random part of the customers, with all the contracts of each: the same in every frame and on every day.

    Parameters
    ----------
    share
        Of the customers.
    seed
        Of the chance that draws them; where the engine draws (`is_by_lot`) it is a digest of their ids.
    n_contracts
        That the part is drawn from.
    """

    share: float
    seed: int
    n_contracts: int

    @property
    def is_by_lot(self) -> bool:
        """Are they too many to be read before they are drawn?"""
        return self.share < 1 and self.n_contracts > MOST_WHOLE

    @property
    def lot(self) -> float:
        """The share that the engine draws."""
        return self.share if self.is_by_lot else 1.0

    def draw(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows of these customers, of rows of which the engine has drawn `lot`."""
        return rows if self.share >= 1 or self.is_by_lot else draw_customers(rows, self.share, self.seed)

    def say(self) -> str:
        """How they were chosen: ``seed 1``, or by lot."""
        return "drawn by lot" if self.is_by_lot else f"seed {self.seed}"


EVERYBODY: Final = SomeCustomers(share=1.0, seed=0, n_contracts=0)


def some_customers(study: Study, n_contracts: int, *, seed: int) -> SomeCustomers:
    """As many customers as have about so many of the contracts known at as_of; all where there are no more."""
    n = count_known(study)
    return SomeCustomers(share=share_of(n, n_contracts), seed=seed, n_contracts=n)


@step
def count_known(study: Study) -> int:
    """How many contracts are known at as_of?"""
    return int(known_rows(study, "contracts").count().to_pyarrow().as_py())


def read_rows(
    study: Study,
    columns: Sequence[str],
    *,
    extra: CovariateBuilder | None = None,
    whose: SomeCustomers = EVERYBODY,
) -> pd.DataFrame:
    """What is known at as_of of every contract that was under observation?

    Parameters
    ----------
    columns
        Columns of `build_spells`, of `changing_covariates`, or of `extra`.
    extra
        Makes own covariates, as in `build_stretches`.
    whose
        Contracts of these customers alone.

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
    frame = whose.draw(_read_stretches(study, tuple(columns), extra, whose.lot))
    if not len(frame):
        raise NotEnoughData("A model of leaving", needed=1, found=0, mend="No contract was watched.")
    return frame


@step
def _read_stretches(
    study: Study, columns: tuple[str, ...], extra: CovariateBuilder | None, share: float
) -> pd.DataFrame:
    rows = build_stretches(study, columns, extra=extra, share=share)
    frame: pd.DataFrame = rows.select(*HELD, *columns).order_by("contract_id", "entry_days").to_pandas()
    return frame


def draw_customers(rows: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The rows of that share of the customers, by a hash of their ids."""
    keys = rows["customer_id"].to_numpy(dtype=object)
    chance = pd.util.hash_array(keys, hash_key=f"{seed:016d}"[-16:], categorize=True) / float(2**64)
    return rows.loc[chance < share].reset_index(drop=True)


def read_running(
    study: Study,
    columns: Sequence[str],
    *,
    extra: CovariateBuilder | None = None,
    whose: SomeCustomers = EVERYBODY,
) -> pd.DataFrame:
    """Which contracts run on at as_of, and what are they like now?

    Returns
    -------
    pandas.DataFrame
        Grain: contract; the columns of `read_rows`, with today's values; empty without any.
    """
    return whose.draw(_read_standing(study, tuple(columns), extra, whose.lot))


@step
def _read_standing(
    study: Study, columns: tuple[str, ...], extra: CovariateBuilder | None, share: float
) -> pd.DataFrame:
    rows = build_standing(study, columns, extra=extra, share=share)
    frame: pd.DataFrame = rows.select(*HELD, *columns).order_by("contract_id").to_pandas()
    return frame


@step
def read_ends(study: Study) -> pd.Series[float]:
    """How many days after as_of did contracts end, of those that ended then, by the end of the holdout?

    Returns
    -------
    pandas.Series
        Days, 0 for an end on the day itself; by contract_id. Empty without a holdout.
    """
    later = known_rows(study.standing_at(study.holdout_until or study.as_of), "contracts")
    if "ended_at" not in later.columns:
        return pd.Series(dtype=float)
    over = later.select("contract_id", days=whole_days_between(instant(study.as_of), later.ended_at))
    frame: pd.DataFrame = over.filter(over.days >= 0).to_pandas()
    return frame.drop_duplicates("contract_id").set_index("contract_id")["days"].astype(float)
