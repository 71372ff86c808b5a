"""Purchase patterns: the counts that a buy-till-you-die model sees instead of customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.errors import ContractViolation, NotEnoughData
from crm_research.stats.intervals import FloatArray

MIN_CUSTOMERS = 10
MIN_REPEATERS = 5
MIN_DISTINCT = 4
_MENDS = {
    "frequency": "frequency counts repeat purchase occasions: 0 for somebody who bought once.",
    "recency": "Recency runs from the first to the last purchase, so it lies between 0 and the age.",
    "age": "Age runs from the first purchase to the end of observation.",
    "n_customers": "n_customers is a whole number of customers who share the pattern.",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Patterns:
    """How often, how recently and for how long: one entry for each distinct pattern.

    Parameters
    ----------
    frequency
        Repeat purchase occasions.
    recency, age
        Time from the first purchase to the last and to the end of observation, in one unit.
    n_customers
        Customers who share the pattern.
    """

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray
    n_customers: FloatArray

    @property
    def n_total(self) -> int:
        """Customers in all patterns."""
        return int(self.n_customers.sum())

    @property
    def n_repeats(self) -> float:
        """Repeat purchases of all customers."""
        return float(self.n_customers @ self.frequency)

    @property
    def mean_age(self) -> float:
        """How long the average customer has been observed."""
        return float(self.n_customers @ self.age) / float(self.n_customers.sum())

    def scaled(self, factor: float) -> Patterns:
        """The same patterns with every time multiplied by `factor`."""
        return Patterns(
            frequency=self.frequency,
            recency=self.recency * factor,
            age=self.age * factor,
            n_customers=self.n_customers,
        )

    def merged(self) -> Patterns:
        """Each distinct pattern once, in rising order, with all customers who share it; patterns of nobody left out."""
        rows = pd.DataFrame({"x": self.frequency, "recency": self.recency, "age": self.age, "n": self.n_customers})
        sums = rows[rows["n"] > 0].groupby(["x", "recency", "age"], as_index=False)["n"].sum()
        frequency, recency, age, n_customers = (sums[name].to_numpy(dtype=float) for name in rows.columns)
        return Patterns(frequency=frequency, recency=recency, age=age, n_customers=n_customers)

    def thinned(self, n: int) -> Patterns:
        """At most about `n` patterns that stand for all: the heaviest half as they are, a sample of the others."""
        if len(self.age) <= n:
            return self
        order = np.argsort(-self.n_customers, kind="stable")
        heavy, light = order[: n // 2], order[n // 2 :]
        # A fixed seed: this sample only says where the search begins, so it must not vary from run to run.
        chosen = np.random.default_rng(0).choice(light, size=n - len(heavy), replace=False)
        factor = float(self.n_customers[light].sum() / self.n_customers[chosen].sum())
        rows = np.concatenate([heavy, chosen])
        weights = np.concatenate([self.n_customers[heavy], self.n_customers[chosen] * factor])
        return Patterns(
            frequency=self.frequency[rows], recency=self.recency[rows], age=self.age[rows], n_customers=weights
        )


def read_patterns(frame: pd.DataFrame, *, clock: str = "days") -> Patterns:
    """Which patterns does this frame hold, in its own unit of time?

    Parameters
    ----------
    frame
        Columns `frequency`, ``recency_<clock>``, ``age_<clock>`` and optionally `n_customers` (1 where it is
        left out); one row per pattern or per customer.
    clock
        ``days`` for models in continuous time, ``periods`` for a model of purchase opportunities.

    Raises
    ------
    ContractViolation
        If a column is missing or holds empty, negative, fractional or contradictory values.
    NotEnoughData
        If the frame has no rows.
    """
    recency_name, age_name = f"recency_{clock}", f"age_{clock}"
    if frame.empty:
        raise NotEnoughData("A buy-till-you-die model", needed=1, found=0, mend="The table of patterns has no rows.")
    frequency = read_column(frame, "frequency", whole=True, mend=_MENDS["frequency"])
    recency = read_column(frame, recency_name, whole=clock == "periods", mend=_MENDS["recency"])
    age = read_column(frame, age_name, whole=clock == "periods", mend=_MENDS["age"])
    weights = np.ones(len(frame))
    if "n_customers" in frame.columns:
        weights = read_column(frame, "n_customers", whole=True, mend=_MENDS["n_customers"])
    refuse_rows(frame, recency_name, f"is not above {age_name}", recency > age, _MENDS["recency"])
    refuse_rows(frame, recency_name, "is 0 where frequency is 0", (frequency == 0) & (recency > 0), _MENDS["recency"])
    if clock == "periods":
        mend = "At one opportunity a customer buys once or not at all."
        refuse_rows(frame, "frequency", f"is not above {recency_name}", frequency > recency, mend)
    return Patterns(frequency=frequency, recency=recency, age=age, n_customers=weights)


def check_enough(patterns: Patterns, model: str) -> None:
    """Do the merged patterns carry enough to fit four parameters? NotEnoughData otherwise."""
    n_repeaters = int(patterns.n_customers[patterns.frequency > 0].sum())
    for what, needed, found in (
        ("customers", MIN_CUSTOMERS, patterns.n_total),
        ("customers who bought again", MIN_REPEATERS, n_repeaters),
        ("distinct patterns of frequency, recency and age", MIN_DISTINCT, len(patterns.age)),
    ):
        if found < needed:
            raise NotEnoughData(
                f"The {model} model: {what}",
                needed=needed,
                found=found,
                mend="Take a longer window or a larger group of customers.",
            )


def read_column(
    frame: pd.DataFrame, column: str, *, whole: bool = False, lowest: float = 0.0, mend: str = ""
) -> FloatArray:
    """One column as finite numbers of at least `lowest`; ContractViolation where it is not."""
    if column not in frame.columns:
        present = ", ".join(str(name) for name in frame.columns)
        raise ContractViolation(
            table="patterns", column=column, rule=f"the column is there (found: {present})", n_bad=len(frame), mend=mend
        )
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    rule = "is a finite number" if lowest == -np.inf else f"is a finite number of at least {lowest:g}"
    refuse_rows(frame, column, rule, ~(np.isfinite(values) & (values >= lowest)), mend)
    if whole:
        refuse_rows(frame, column, "is a whole number", values != np.floor(values), mend)
    return np.asarray(values)


def refuse_rows(frame: pd.DataFrame, column: str, rule: str, is_bad: np.ndarray, mend: str) -> None:
    """Raise ContractViolation if any row is bad, with a few of the values found."""
    if is_bad.any():
        examples = ["empty" if pd.isna(value) else str(value) for value in frame[column].to_numpy()[is_bad][:3]]
        raise ContractViolation(
            table="patterns", column=column, rule=rule, n_bad=int(is_bad.sum()), examples=examples, mend=mend
        )
