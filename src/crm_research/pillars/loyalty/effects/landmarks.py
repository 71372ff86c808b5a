"""Did those to whom something happened buy again more often than customers who were like them until then?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.features.purchases import Occasion
from crm_research.pillars.loyalty.effects.balancing import Balance, balance, compare_balanced, e_value, weigh_classes
from crm_research.pillars.loyalty.effects.landmark_rows import OTHERS, read_landmarks
from crm_research.stats.correlations import number_owners
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

FEWEST: Final = 20
BOUGHT: Final = "bought"
PURCHASES: Final = "purchases"
SPEND: Final = "spend"
COLUMNS: Final = (
    "group", "n", "n_matched", "n_alike", "share", "share_alike", "difference", "lower", "upper", "raw_difference",
    "before_difference", "before_lower", "before_upper", "e_value", "e_value_limit", "largest_gap", "crossed_share",
)  # fmt: skip
OUTCOME_COLUMNS: Final = ("group", "outcome", "mean", "mean_alike", "difference", "lower", "upper")
BALANCE_COLUMNS: Final = ("group", "known_before", "mean", "mean_others", "mean_alike")
_NAMES: Final = {
    "n_all": "purchases so far", "n_recent": "purchases of late", "n_longer": "purchases in a longer time",
    "n_in_period": "purchases in the window", "silence_days": "days since the last purchase",
    "tenure_days": "days since the first purchase", "spend_so_far": "spend so far",
}  # fmt: skip
_ROWS_PER_COLUMN: Final = 10
_WINDOWS_FOLLOWED: Final = 8
_WINDOWS_ALIKE: Final = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class LandmarkComparison:
    """Customers to whom something happened, beside others who were alike until then.

    Parameters
    ----------
    table
        Grain: group. ``group``, ``n`` (customers and windows), ``n_matched`` (of them, with others of the same class),
        ``n_alike`` (others of equal weight that the weighted ones are worth), ``share`` (bought within `days` of the
        window's end), ``share_alike``, ``difference``, ``lower``, ``upper``, ``raw_difference`` (against all others,
        not weighted); ``before_difference``, ``before_lower``, ``before_upper`` (the same in the `days` before the
        window, where nothing had happened yet: a placebo; NaN where too few were customers by then); ``e_value`` and
        ``e_value_limit`` (of the estimate, and of the limit nearer to no difference; 1 if that crosses it);
        ``largest_gap`` (of a mean beforehand after weighting, standard deviations); ``crossed_share`` (of the weight
        of the others, to whom it happened while they were followed).
    outcomes
        Grain: group and outcome (bought, purchases, sales within `days`). Means and differences, a customer.
    balance
        Grain: group and what was known before. ``mean`` of the group, of all others, of the weighted others.
    days, confidence
        Followed so long; level of the intervals.
    """

    table: pd.DataFrame
    outcomes: pd.DataFrame
    balance: pd.DataFrame
    days: float
    confidence: float


@step
def compare_from_landmarks(
    study: Study,
    exposed: ir.Table,
    *,
    days: float,
    is_lasting: bool = False,
    occasion: Occasion = "day",
    confidence: float = 0.95,
) -> LandmarkComparison:
    """Of customers to whom something happened, how many more bought after it than of those alike until then?

    Parameters
    ----------
    exposed
        customer_id, at, group: when it happened, and what; see `read_landmarks`, also for `is_lasting`.
    days
        Followed so long after the end of the window in which it happened (an eighth of the days; `choose_width`).

    Returns
    -------
    LandmarkComparison
        Groups with 20 matched or more.

    Notes
    -----
    The clock starts at the end of the window for both sides, so that nobody must have survived, or bought, to count as
    exposed later. Others are of the same time (four windows), with as many purchases in the window (none, one, two,
    more) and about as many so far (doublings), and are weighted until the means of purchases so far, of late and in a
    longer time, silence, tenure and sales agree. An association still: what is not recorded may differ. What follows
    within the window is not counted, and to whom it happens while he is followed as one of the others stays there;
    both draw the difference towards nought.

    References
    ----------
    Van Houwelingen (2007), Scandinavian Journal of Statistics 34, 70-85 (landmarks); Li, Propert and Rosenbaum (2001),
    JASA 96, 870-882 (matching at the time of treatment); Hainmueller (2012), Political Analysis 20, 25-46.
    """
    width = choose_width(days)
    rows = read_landmarks(study, exposed, days=days, width_days=width, occasion=occasion, is_lasting=is_lasting)
    return compare_rows(rows, days=days, confidence=confidence)


def choose_width(days: float) -> int:
    """Days of a window: an eighth of the days followed, one at the least."""
    return max(1, int(days // _WINDOWS_FOLLOWED))


def compare_rows(rows: pd.DataFrame, *, days: float, confidence: float = 0.95) -> LandmarkComparison:
    """The comparison from rows as `read_landmarks` gives them."""
    table, outcomes, balanced = [], [], []
    for group in sorted(set(rows["group"]) - {OTHERS}):
        part = rows.loc[rows["group"].isin([group, OTHERS])]
        found = _compare(part, group, days, confidence)
        if found is not None:
            table.append(found[0])
            outcomes += found[1]
            balanced += found[2]
    return LandmarkComparison(
        table=pd.DataFrame(table, columns=list(COLUMNS)),
        outcomes=pd.DataFrame(outcomes, columns=list(OUTCOME_COLUMNS)),
        balance=pd.DataFrame(balanced, columns=list(BALANCE_COLUMNS)),
        days=float(days),
        confidence=float(confidence),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Matched:
    """Rows of classes that hold both sides, what was known of them, and the weights of the others."""

    rows: pd.DataFrame
    is_exposed: NDArray[np.bool_]
    before: NDArray[np.float64]
    weights: Balance
    owner: NDArray[np.int64]

    def compare(self, outcome: pd.Series, confidence: float) -> dict[str, float]:
        return compare_balanced(
            outcome.to_numpy(dtype=float), self.is_exposed, self.before, self.weights, self.owner, confidence=confidence
        )


def _match(rows: pd.DataFrame, suffix: str) -> _Matched | None:
    """None with fewer than twenty of either side in classes that hold both."""
    is_exposed = (rows["group"] != OTHERS).to_numpy()
    depth = np.floor(np.log2(rows[f"n_all{suffix}"].clip(lower=1)))
    bought = rows["n_in_period"].clip(upper=3)
    labels = (
        (rows["period"] // _WINDOWS_ALIKE).astype(str) + "|" + depth.astype(int).astype(str) + "|" + bought.astype(str)
    )
    kept, base = weigh_classes(labels, is_exposed)
    held, mine = rows.loc[kept], is_exposed[kept]
    if min(int(mine.sum()), int((~mine).sum())) < FEWEST:
        return None
    before = _design(held, suffix)[:, : max(1, int(mine.sum()) // _ROWS_PER_COLUMN)]
    return _Matched(
        rows=held,
        is_exposed=mine,
        before=before,
        weights=balance(before[mine], before[~mine], base),
        owner=number_owners(held["customer_id"].to_numpy()),
    )


def _design(rows: pd.DataFrame, suffix: str) -> NDArray[np.float64]:
    """What is to agree, the weightiest first, on logarithms, and squares of it."""
    logs = {
        name: np.log1p(rows[f"{name}{'' if name == 'n_in_period' else suffix}"].fillna(0).clip(lower=0).astype(float))
        for name in ("silence_days", "n_longer", "n_all", "tenure_days", "n_recent", "n_in_period", "spend_so_far")
    }
    first = np.column_stack(list(logs.values()))
    centred = (first - first.mean(axis=0))[:, :5]
    return np.column_stack([first, centred**2, centred[:, :1] * centred[:, 1:3]])


def _compare(
    rows: pd.DataFrame, group: str, days: float, confidence: float
) -> tuple[dict[str, object], list[dict[str, object]], list[dict[str, object]]] | None:
    found = _match(rows, "")
    is_exposed = (rows["group"] != OTHERS).to_numpy()
    if found is None or int(found.is_exposed.sum()) < FEWEST:
        return None
    held = found.rows
    values = {BOUGHT: held["n_after"] > 0, PURCHASES: held["n_after"], SPEND: held["spend_after"].fillna(0.0)}
    compared = {name: found.compare(outcome, confidence) for name, outcome in values.items()}
    bought = compared[BOUGHT]
    came = (rows["n_after"] > 0).to_numpy()
    ratios = [_ratio(bought, bought["mean_alike"] + bought[limit]) for limit in ("difference", "lower", "upper")]
    nearer = 1.0 if bought["lower"] <= 0 <= bought["upper"] else ratios[1] if bought["difference"] > 0 else ratios[2]
    summary: dict[str, object] = {
        "group": group,
        "n": int(is_exposed.sum()),
        "n_matched": int(found.is_exposed.sum()),
        "n_alike": found.weights.n_effective,
        "share": bought["mean"],
        "share_alike": bought["mean_alike"],
        **{name: bought[name] for name in ("difference", "lower", "upper")},
        "raw_difference": came[is_exposed].mean() - came[~is_exposed].mean(),
        **_placebo(rows, confidence),
        "e_value": e_value(ratios[0]),
        "e_value_limit": e_value(nearer),
        "largest_gap": found.weights.largest_gap,
        "crossed_share": _crossed(found, days),
    }
    outcomes: list[dict[str, object]] = [{"group": group, "outcome": name, **row} for name, row in compared.items()]
    return summary, outcomes, _say_balance(rows, found, group, is_exposed)


def _ratio(bought: dict[str, float], share: float) -> float:
    return float(np.clip(share, 1e-9, 1.0) / bought["mean_alike"]) if bought["mean_alike"] > 0 else float("nan")


def _placebo(rows: pd.DataFrame, confidence: float) -> dict[str, float]:
    """Did the two sides already differ before the window, given what was known earlier still?"""
    known = rows.loc[rows["n_all_then"] > 0]
    found = _match(known, "_then")
    if found is None:
        return dict.fromkeys(("before_difference", "before_lower", "before_upper"), np.nan)
    bought = found.compare(found.rows["n_before"] > 0, confidence)
    return {f"before_{name}": bought[name] for name in ("difference", "lower", "upper")}


def _crossed(found: _Matched, days: float) -> float:
    others = found.rows.loc[~found.is_exposed]
    waited = (pd.to_datetime(others["joined_at"]) - others["ends_at"]).dt.total_seconds() / 86_400
    return float(found.weights.weight @ (waited <= days).to_numpy(dtype=float))


def _say_balance(
    rows: pd.DataFrame, found: _Matched, group: str, is_exposed: NDArray[np.bool_]
) -> list[dict[str, object]]:
    said: list[dict[str, object]] = []
    for name, words in _NAMES.items():
        held = found.rows[name].fillna(0).to_numpy(dtype=float)
        said.append(
            {
                "group": group,
                "known_before": words,
                "mean": held[found.is_exposed].mean(),
                "mean_others": rows.loc[~is_exposed, name].fillna(0).astype(float).mean(),
                "mean_alike": float(found.weights.weight @ held[~found.is_exposed]),
            }
        )
    return said
