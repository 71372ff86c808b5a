"""Worlds in which customers join a programme at a purchase, because they buy much, and it helps or does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.study import Study
from tests.builders import a_study

BEGIN = pd.Timestamp("2020-01-01")
AS_OF = pd.Timestamp("2021-12-15")


@dataclass(frozen=True, kw_only=True)
class ProgrammeWorld:
    """Orders and joining dates, and what nobody sees: each customer's rate, and the day on which he was gone."""

    orders: pd.DataFrame
    joined: pd.DataFrame
    rate: np.ndarray
    gone: np.ndarray
    effect: float

    def study(self, **tables: pd.DataFrame) -> Study:
        """With the programme as contracts of the plan Gold club, unless tables are given."""
        plans = pd.DataFrame(
            {
                "contract_id": [f"k{i}" for i in range(len(self.joined))],
                "customer_id": self.joined["customer_id"],
                "started_at": self.joined["at"],
                "plan": "Gold club",
            }
        )
        return a_study(as_of=AS_OF.isoformat(), orders=self.orders, **(tables or {"contracts": plans}))

    def truth(self, days: float) -> float:
        """By how much joining raised the share that bought, for those who joined, from the end of that month on."""
        ends = (self.joined["at"].dt.to_period("M") + 1).dt.to_timestamp()
        is_followed = ((AS_OF - ends).dt.days >= days).to_numpy()
        place = self.joined["place"].to_numpy()
        left = np.clip(self.gone[place] - (ends - BEGIN).dt.total_seconds().to_numpy() / 86_400, 0, days)
        without, with_it = (1 - np.exp(-self.rate[place] * times * left) for times in (1.0, self.effect))
        return float((with_it - without)[is_followed].mean())


def a_programme_world(n: int = 1000, *, seed: int = 1, effect: float = 1.0, chance: float = 0.05) -> ProgrammeWorld:
    """Poisson buyers with very different rates who are gone for good one day.

    At every purchase a customer who is no member joins with the same chance: heavy buyers join more, and nobody joins
    who has gone before. Joining multiplies his rate by `effect`.
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.0, 1 / 25, n)
    start = rng.uniform(0, 400, n)
    gone = np.minimum(start + rng.exponential(300, n), 730)
    bought, joined = [], []
    for place in range(n):
        at, is_member = start[place], False
        while at < gone[place]:
            bought.append((place, at))
            if not is_member and rng.random() < chance:
                is_member = True
                joined.append((place, at))
            at += rng.exponential(1 / (rate[place] * (effect if is_member else 1.0)))
    orders, members = (pd.DataFrame(rows, columns=["place", "day"]) for rows in (bought, joined))
    for frame in (orders, members):
        frame["customer_id"] = "c" + frame["place"].astype(str)
        frame["at"] = (BEGIN + pd.to_timedelta(frame.pop("day"), unit="D")).dt.round("s")
    orders = orders.rename(columns={"at": "ordered_at"}).drop(columns="place")
    orders = orders.assign(order_id=[f"o{i}" for i in range(len(orders))], revenue=10.0)
    return ProgrammeWorld(orders=orders, joined=members, rate=rate, gone=gone, effect=effect)
