"""The base line: named groups by recency, frequency and money, as a manager would make them in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.features.rfm import build_rfm
from crm_research.stats.intervals import wilson_share
from crm_research.stats.skewed import skewed_interval, skewness_of_mean
from crm_research.steps import step
from crm_research.theme import say_count, say_percent, word_for

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import ArrayLike, NDArray

    from crm_research.study import Study

# Measure to column of `build_rfm`, and whether little of it is good.
MEASURES: Final = MappingProxyType(
    {"recency": ("days_since_last", True), "frequency": ("n_orders", False), "money": ("spend", False)}
)
_SHARES: Final = (0.2, 0.4, 0.6, 0.8)
_SCORES: Final = (1, 2, 3, 4, 5)
_N_SCORES: Final = len(_SCORES)
_FEW: Final = 50

# Best first. One row a group, with the recency scores and the value scores (mean of frequency and money, rounded up)
# it holds: every one of the 25 pairs stands in exactly one row.
PARTITION: Final = (
    ("Champions", "bought lately, much and often", ((5, 4), (5, 5), (4, 5))),
    ("Loyal", "bought much and often, not long ago", ((4, 4), (3, 4), (3, 5))),
    ("Promising", "bought lately, so far a middling amount", ((5, 2), (5, 3), (4, 2), (4, 3))),
    ("Recent and small", "bought lately, so far little", ((5, 1), (4, 1))),
    ("Needing attention", "middling in everything", ((3, 3),)),
    ("Falling asleep", "bought little, and not lately", ((3, 1), (3, 2))),
    ("Cannot lose", "bought most and most often, now long silent", ((2, 5), (1, 5))),
    ("At risk", "bought a good deal, now long silent", ((2, 3), (2, 4), (1, 3), (1, 4))),
    ("Hibernating", "bought little, long ago", ((2, 1), (2, 2))),
    ("Lost", "bought little, longest ago", ((1, 1), (1, 2))),
)
NAMES: Final = tuple(name for name, _, _ in PARTITION)
_NAME_OF: Final = MappingProxyType({pair: name for name, _, pairs in PARTITION for pair in pairs})


@dataclass(frozen=True, eq=False, kw_only=True)
class RfmGroups:
    """How do the customers stand in recency, frequency and money?

    Parameters
    ----------
    groups
        One named group, best first: group, meaning, n_customers, size_share, revenue (net), revenue_share with lower
        and upper, mean_days_since_last, mean_orders, mean_spend.
    cells
        One (recency, frequency, money) score that occurs: the three scores, group, n_customers, revenue.
    cuts
        measure, then cut_1 to cut_4: a value above a cut point has passed it; for recency, fewer days are better.
    n
        Customers scored: all with a purchase at as_of.
    given
        Measures whose cut points were given; those of the others are quintiles of these customers.
    """

    groups: pd.DataFrame
    cells: pd.DataFrame
    cuts: pd.DataFrame
    n: int
    given: tuple[str, ...]
    currency: str
    confidence: float
    notes: tuple[str, ...]


@step
def score_rfm(
    study: Study, *, cuts: Mapping[str, Sequence[float]] | None = None, confidence: float = 0.95
) -> RfmGroups:
    """Who are champions, who is at risk, who is lost, by rule?

    Parameters
    ----------
    study
        Needs orders.
    cuts
        Four ascending cut points for recency (days since the last purchase), frequency (purchases) and money (net
        spend, in the study's currency), for instance ``{"recency": [30, 90, 180, 365]}``. A measure without cut
        points is cut at its quintiles.
    confidence
        Level of the intervals.

    Raises
    ------
    ParameterError
        If a measure is unknown, or its cut points are not four ascending numbers.
    NotEnoughData
        If the study has no orders, or nobody had bought at as_of.

    Notes
    -----
    A score is one more than the number of cut points passed, so tied customers share it, however many they are: where
    most bought once, fewer than five scores occur. Quantiles are exact and interpolated, and the engine takes them.
    The interval of a revenue share is that of a ratio over customers, linearised (Cochran 1977, Sampling Techniques,
    6.4).

    References
    ----------
    Hughes (1994), Strategic Database Marketing; the names are customary, their borders ours (`PARTITION`).
    """
    given = check_cuts(cuts or {})
    if not study.has("orders"):
        raise NotEnoughData("Scores of recency, frequency and money: orders", needed=1, found=0)
    measured = measure_rfm(study)
    held = given | take_quintiles(measured, [name for name in MEASURES if name not in given])
    cells = name_cells(count_cells(measured, held))
    n = int(cells["n_customers"].sum())
    if not n:
        raise NotEnoughData("Scores of recency, frequency and money", needed=1, found=0, mend="Nobody had bought yet.")
    table = pd.DataFrame(
        [[name, *held[name]] for name in MEASURES], columns=["measure", *(f"cut_{i}" for i in _PLACES)]
    )
    return RfmGroups(
        groups=sum_groups(cells, confidence=confidence),
        cells=cells[["recency", "frequency", "money", "group", "n_customers", "revenue"]],
        cuts=table,
        n=n,
        given=tuple(given),
        currency=study.currency,
        confidence=confidence,
        notes=tuple(_note(cells, n)),
    )


_PLACES: Final = (1, 2, 3, 4)
_DIGITS: Final = 6


def list_rfm_members(study: Study, groups: RfmGroups) -> pd.DataFrame:
    """Which customer is in which named group, and by which scores?

    Returns
    -------
    frame
        One customer with a purchase at as_of, the best group first: customer_id, group, recency (days since the last
        purchase), frequency, money (net), and the three scores.
    """
    cuts = {str(row["measure"]): tuple(row[f"cut_{i}"] for i in _PLACES) for row in groups.cuts.to_dict("records")}
    scored = score_table(measure_rfm(study), cuts).to_pandas()
    scores = [f"{name}_score" for name in MEASURES]
    named = groups.cells.rename(columns=dict(zip(MEASURES, scores, strict=True)))[[*scores, "group"]]
    order = {name: place for place, name in enumerate(groups.groups["group"])}
    found = scored.merge(named, on=scores, how="left")
    found = found.assign(place=found["group"].map(order))
    ranked = found.sort_values(["place", "money", "customer_id"], ascending=[True, False, True], ignore_index=True)
    listed: pd.DataFrame = ranked[["customer_id", "group", *MEASURES, *scores]]
    return listed


def measure_rfm(study: Study) -> ir.Table:
    """One customer with a purchase at as_of: customer_id, recency (days since the last), frequency, money (net)."""
    rfm = build_rfm(study)
    return rfm.select(
        "customer_id",
        recency=rfm.days_since_last,
        frequency=rfm.n_orders.cast("float64"),
        # Engines add in another order: who stands at a cut point stands on the same side of it in all of them.
        money=rfm.spend.fill_null(0.0).round(_DIGITS),
    )


def take_quintiles(measured: ir.Table, names: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """The four cut points of each measure that part the customers into fifths, ties aside."""
    if not names:
        return {}
    asked = {f"{name}_{place}": measured[name].quantile(share) for name in names for place, share in enumerate(_SHARES)}
    row = measured.aggregate(**asked).to_pandas().iloc[0]
    return {name: tuple(float(row[f"{name}_{place}"]) for place in range(len(_SHARES))) for name in names}


def count_cells(measured: ir.Table, cuts: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """How many customers share each score, and what do they bring? At most 125 rows leave the engine.

    Returns
    -------
    frame
        recency, frequency, money (scores 1 to 5, 5 is best), n_customers, revenue, revenue_squared and
        revenue_cubed (sums of powers over customers), days, orders (sums).
    """
    scored = score_table(measured, cuts)
    cells = scored.group_by(*(f"{name}_score" for name in MEASURES)).agg(
        n_customers=scored.count(),
        revenue=scored.money.sum(),
        revenue_squared=(scored.money**2).sum(),
        revenue_cubed=(scored.money**3).sum(),
        days=scored.recency.sum(),
        orders=scored.frequency.sum(),
    )
    frame: pd.DataFrame = cells.to_pandas().rename(columns={f"{name}_score": name for name in MEASURES})
    return frame.sort_values(list(MEASURES), ascending=False, ignore_index=True)


def score_table(measured: ir.Table, cuts: Mapping[str, Sequence[float]]) -> ir.Table:
    """The measures with recency_score, frequency_score and money_score, in the engine."""
    scores = {}
    for name, (_, is_less_better) in MEASURES.items():
        passed = sum((measured[name] > float(cut)).cast("int64") for cut in cuts[name])
        scores[f"{name}_score"] = _N_SCORES - passed if is_less_better else 1 + passed
    return measured.mutate(**scores)


def score_values(values: ArrayLike, cuts: ArrayLike, *, is_less_better: bool = False) -> NDArray[np.int64]:
    """Scores 1 to 5 of values at hand: one more than the cut points passed, or five less them."""
    passed = np.searchsorted(np.asarray(cuts, dtype=float), np.asarray(values, dtype=float), side="left")
    return np.asarray(_N_SCORES - passed if is_less_better else 1 + passed, dtype=np.int64)


def name_score(recency: int, frequency: int, money: int) -> str:
    """The named group of a customer with these scores (1 to 5 each)."""
    return _NAME_OF[recency, (frequency + money + 1) // 2]


def number_scores(scores: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the named group (its place in `NAMES`) for rows of recency, frequency and money scores."""
    places = np.array([[NAMES.index(_NAME_OF[r, v]) for v in _SCORES] for r in _SCORES], dtype=np.int64)
    found: NDArray[np.int64] = places[scores[:, 0] - 1, (scores[:, 1] + scores[:, 2] + 1) // 2 - 1]
    return found


def name_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """The counts of each score, with the named group it belongs to."""
    scores = cells[list(MEASURES)].astype("int64").to_numpy()
    return cells.assign(group=[name_score(*row) for row in scores.tolist()])


def sum_groups(cells: pd.DataFrame, *, confidence: float) -> pd.DataFrame:
    """One row for each named group, as in `RfmGroups.groups`, from named cells of `count_cells`."""
    sums = cells.groupby("group")[
        ["n_customers", "revenue", "revenue_squared", "revenue_cubed", "days", "orders"]
    ].sum()
    sums = sums.reindex(list(NAMES), fill_value=0)
    n, total, squares = sums["n_customers"].sum(), sums["revenue"].sum(), sums["revenue_squared"].sum()
    sizes = wilson_share(sums["n_customers"], n, confidence=confidence)
    share = sums["revenue"] / total if total > 0 else sums["revenue"] * np.nan
    variance = ((1 - 2 * share) * sums["revenue_squared"] + share**2 * squares).clip(lower=0)
    cubes = (1 - share) ** 3 * sums["revenue_cubed"] - share**3 * (sums["revenue_cubed"].sum() - sums["revenue_cubed"])
    error = np.sqrt(variance) / total if total > 0 else variance * np.nan
    skewness = skewness_of_mean(variance / n, cubes / n, n)
    limits = skewed_interval(share, error, skewness, max(int(n) - 1, 1), confidence=confidence)
    counts = sums["n_customers"].where(sums["n_customers"] > 0)
    return pd.DataFrame(
        {
            "group": NAMES,
            "meaning": [meaning for _, meaning, _ in PARTITION],
            "n_customers": sums["n_customers"].to_numpy(dtype="int64"),
            "size_share": sizes.estimate,
            "revenue": sums["revenue"].to_numpy(),
            "revenue_share": limits.estimate,
            # A share, unless some gave back more than they bought: then a group's may lie outside.
            "lower": np.clip(limits.lower, 0, None) if (sums["revenue"] >= 0).all() else limits.lower,
            "upper": np.clip(limits.upper, None, 1) if (sums["revenue"] >= 0).all() else limits.upper,
            "mean_days_since_last": (sums["days"] / counts).to_numpy(),
            "mean_orders": (sums["orders"] / counts).to_numpy(),
            "mean_spend": (sums["revenue"] / counts).to_numpy(),
        }
    )


def check_cuts(cuts: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    """The cut points as numbers; refused unless each measure that is known has four ascending ones."""
    for name, values in cuts.items():
        if name not in MEASURES:
            raise ParameterError(f"There are no cut points of {name!r}. {offer_names(name, MEASURES)}")
        numbers = [float(value) for value in values]
        if len(numbers) != len(_SHARES) or not np.all(np.isfinite(numbers)) or np.any(np.diff(numbers) <= 0):
            raise ParameterError(
                f"Cut points of {name} must be four ascending numbers, so that they part five scores; found {values!r}."
            )
    return {name: tuple(float(value) for value in values) for name, values in cuts.items()}


def _note(cells: pd.DataFrame, n: int) -> Iterator[str]:
    if n < _FEW:
        yield f"Only {say_count(n, 'customer')} {word_for(n, 'is', 'are')} scored; the shares are uncertain."
    for name, words in (
        ("recency", "time of the last purchase"),
        ("frequency", "number of purchases"),
        ("money", "money"),
    ):
        by_score: Any = cells.groupby(name)["n_customers"].sum()
        if len(by_score) < _N_SCORES:
            largest = say_percent(by_score.max() / n, 0)
            yield (
                f"The {words} gives {len(by_score)} of five scores, for customers who are alike share one: the "
                f"largest holds {largest} of them."
            )
