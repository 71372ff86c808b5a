"""How far the share of contracts that last a year moves had the doubtful joins of records been decided otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.drawn_joins import count_drawn_spells
from crm_research.models.joins import DrawnJoins, draw_joins
from crm_research.models.survival import estimate_survival
from crm_research.pillars.churn.curves.figures import SURVIVAL_12M
from crm_research.show.joined import JoinsTold
from crm_research.stats.joined import sum_up_draws
from crm_research.steps import step
from crm_research.theme import say_date, say_percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
    from crm_research.study import Study

_MOVES: Final = ["n_entered", "n_ended", "n_censored"]
_CONTRACTS_ALONE: Final = (
    "each contract is counted by itself, whoever holds it. Only where the study says that contracts of one customer go "
    "on in each other does it matter who that is."
)  # fmt: skip


def measure_joins(study: Study, leaving: ChurnAnalysis, *, seed: int) -> JoinsTold | None:
    """How much of the share that lasts a year hangs on the joins? None for a study without links or contracts."""
    if leaving.survival is None:
        return None
    row = leaving.survival.at(leaving.days_at(12)).iloc[0]
    drawn = draw_joins(study, seed=seed)
    if drawn is None or not np.isfinite(row["survival"]):
        return None
    point, lower, upper = (float(row[name]) for name in ("survival", "lower", "upper"))
    is_joined = study.continuation is not None
    values = np.full(drawn.n_draws, point)
    if drawn.study is not None and is_joined:
        values = draw_survival(leaving, drawn)
    return JoinsTold(
        id=SURVIVAL_12M, label="contracts still there after 12 months",
        clause="{} of the contracts would last longer than 12 months", say=say_percent, is_share=True,
        found=sum_up_draws(point, values, lower=lower, upper=upper, confidence=leaving.confidence),
        window=f"contracts known on {say_date(study.as_of)}", still="" if is_joined else _CONTRACTS_ALONE,
        **drawn.told("contracts"),
    )  # fmt: skip


def draw_survival(leaving: ChurnAnalysis, drawn: DrawnJoins) -> NDArray[np.float64]:
    """The share of contracts that last longer than a year, in each draw of the joins."""
    if leaving.survival is None:
        raise ValueError("No contract was watched.")
    moves = _read_moves(drawn)
    others = leaving.counts.overall.set_index("tenure_days")[_MOVES].astype("int64")
    rest = others.sub(moves[0], fill_value=0)
    begins, days = float(leaving.survival.sizes["first_days"].iloc[0]), leaving.days_at(12)
    shares = np.empty(drawn.n_draws)
    for draw in range(1, drawn.n_draws + 1):
        counts = rest.add(moves[draw], fill_value=0).rename_axis("tenure_days").reset_index().astype("int64")
        curve = estimate_survival(counts, from_days=begins, confidence=leaving.confidence)
        shares[draw - 1] = float(curve.at(days)["survival"].iloc[0])
    return shares


@step
def _read_moves(drawn: DrawnJoins) -> dict[int, pd.DataFrame]:
    """Of each draw the contracts that entered, ended and still ran, by tenure."""
    spells = drawn.by_draw(count_drawn_spells(drawn.changed).to_pandas())
    n, is_ended = spells["n_contracts"], spells["is_ended"].astype(bool)
    entries = pd.DataFrame({"draw": spells["draw"], "tenure_days": spells["entry_days"], "n_entered": n})
    exits = pd.DataFrame(
        {
            "draw": spells["draw"],
            "tenure_days": spells["tenure_days"],
            "n_ended": n.where(is_ended, 0),
            "n_censored": n.where(~is_ended, 0),
        }
    )
    both = pd.concat([entries, exits], ignore_index=True).fillna(0)
    sums = both.groupby(["draw", "tenure_days"])[_MOVES].sum().astype("int64")
    rows = sums.reset_index()
    return {draw: rows.loc[rows["draw"] == draw].set_index("tenure_days")[_MOVES] for draw in range(drawn.n_draws + 1)}
