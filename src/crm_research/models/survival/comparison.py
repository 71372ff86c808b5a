"""Do groups differ in how long they stay, by how much, and could it be chance?"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.survival.clusters import score_excess, score_spells
from crm_research.models.survival.excess import judge_excess
from crm_research.models.survival.kaplan_meier import SurvivalCurves, estimate_survival
from crm_research.models.survival.mean import estimate_restricted_mean
from crm_research.models.survival.risk import FloatArray, RiskTable, build_risk_table, split_groups
from crm_research.stats.intervals import Interval, check_confidence, difference_from_limits
from crm_research.stats.multiplicity import adjust_holm


@dataclass(frozen=True, kw_only=True)
class LogRank:
    """Is there a difference between any of the groups?

    Parameters
    ----------
    chi_squared, degrees, p_value
        The test; NaN where no spell ended while others, of more than one group, went on.
    expected
        Grain: group. Columns ``group``, ``n``, ``n_ended``, ``n_expected`` (ends if all groups left alike).
    """

    chi_squared: float
    degrees: int
    p_value: float
    expected: pd.DataFrame


def compare_groups(counts: pd.DataFrame, *, shared: pd.DataFrame | None = None) -> LogRank:
    """Could groups that leave alike have differed this much by chance?

    Parameters
    ----------
    counts
        As in `estimate_survival`, with a ``group`` column of two groups or more.
    shared
        As there: what the spells of one customer add to the variance makes the test that of a robust score.

    Notes
    -----
    Strong where one group leaves faster throughout, weak where curves cross: look at the curves. Tenures at which few
    are at risk weigh little, so that with late entry all of them are used.

    References
    ----------
    Mantel (1966), Cancer Chemotherapy Reports 50; Peto and Peto (1972); k groups and ties as in Kalbfleisch and
    Prentice (2002), section 1.5.
    """
    tables = {name: build_risk_table(rows) for name, rows in split_groups(counts)}
    if len(tables) < 2:
        raise NotEnoughData("A comparison of groups: groups", needed=2, found=len(tables), mend="Name a group column.")
    days = np.unique(np.concatenate([table.tenure_days[table.n_ended > 0] for table in tables.values()]))
    at_risk = np.stack([table.at_risk(days) for table in tables.values()]).astype(float)
    ended = np.stack([_ended_at(table, days) for table in tables.values()])
    expected, variance = _expected_and_variance(at_risk, ended)
    if shared is not None and len(days):
        number = shared["group"].astype(str).map({name: row for row, name in enumerate(tables)})
        ours = shared.assign(number=number).dropna(subset=["number"])
        variance = variance + score_excess(score_spells(days, at_risk, ended, ours), ours["cluster"])
    excess = ended.sum(axis=1) - expected
    chi_squared, degrees, p_value = judge_excess(excess, variance)
    return LogRank(
        chi_squared=chi_squared,
        degrees=degrees,
        p_value=p_value,
        expected=pd.DataFrame(
            {
                "group": list(tables),
                "n": [table.n_spells for table in tables.values()],
                "n_ended": ended.sum(axis=1).astype(int),
                "n_expected": expected,
            }
        ),
    )


def compare_within(counts: pd.DataFrame, *, shared: pd.DataFrame | None = None) -> LogRank:
    """Do groups that are alike in something else, a plan or a region, still leave differently?

    Parameters
    ----------
    counts
        As in `compare_groups`, with a ``stratum`` column beside ``group``: groups are compared within each stratum, and
        what they differ by is added up over all of them.
    shared
        As there, with the ``stratum`` of each spell: spells of one customer count as one, in whichever strata they lie.

    Returns
    -------
    LogRank
        `expected` has a row a group, summed over strata. The test is NaN with no degrees of freedom where no stratum
        holds two groups.

    References
    ----------
    Stratified log-rank test: Kalbfleisch and Prentice (2002), section 1.5; `survdiff` with ``strata()`` in R.
    """
    names = [str(name) for name in counts["group"].drop_duplicates()]
    excess, variance = np.zeros(len(names)), np.zeros((len(names), len(names)))
    n, n_ended, n_expected = (np.zeros(len(names)) for _ in range(3))
    scores: list[tuple[FloatArray, pd.Series]] = []
    for stratum, rows in counts.groupby("stratum", sort=False, dropna=False, observed=True):
        tables = {name: build_risk_table(part) for name, part in split_groups(rows)}
        places = np.array([names.index(name) for name in tables])
        days = np.unique(np.concatenate([table.tenure_days[table.n_ended > 0] for table in tables.values()]))
        at_risk = np.stack([table.at_risk(days) for table in tables.values()]).astype(float)
        ended = np.stack([_ended_at(table, days) for table in tables.values()])
        expected, spread = _expected_and_variance(at_risk, ended)
        excess[places] += ended.sum(axis=1) - expected
        variance[np.ix_(places, places)] += spread
        if shared is not None and len(days):
            number = shared["group"].astype(str).map({name: row for row, name in enumerate(tables)})
            ours = shared.assign(number=number)[shared["stratum"] == stratum].dropna(subset=["number"])
            placed = np.zeros((len(names), len(ours)))
            placed[places] = score_spells(days, at_risk, ended, ours)
            scores.append((placed, ours["cluster"]))
        n[places] += [table.n_spells for table in tables.values()]
        n_ended[places] += ended.sum(axis=1)
        n_expected[places] += expected
    if scores:
        every, clusters = zip(*scores, strict=True)
        variance += score_excess(np.concatenate(every, axis=1), pd.concat(clusters))
    chi_squared, degrees, p_value = judge_excess(excess, variance)
    columns = {"group": names, "n": n.astype(int), "n_ended": n_ended.astype(int), "n_expected": n_expected}
    return LogRank(chi_squared=chi_squared, degrees=degrees, p_value=p_value, expected=pd.DataFrame(columns))


def compare_pairs(
    counts: pd.DataFrame,
    *,
    horizon_days: float,
    n_families: int = 1,
    shared: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Between which groups, and by how much, does the share that stays to the horizon differ?

    Parameters
    ----------
    counts
        As in `estimate_survival`, with a ``group`` column.
    horizon_days
        Where survival is compared, and the restriction of the mean tenure. Pulled in to the longest tenure that
        every group was observed to; the result states it. With spells met late all groups begin together, where enough
        of each are at risk (`late_entry.begin_together`), and what is compared is conditional on lasting so long.
    n_families
        Groupings that were looked at before this one was chosen for its differences; p-values and limits hold for all.
    shared
        As in `estimate_survival`. Customers with spells in both groups make their gap a little surer than its limits.

    Returns
    -------
    pandas.DataFrame
        Grain: pair of groups. Columns ``group``, ``other_group``, ``from_days``, ``horizon_days``, ``survival``,
        ``other_survival``, ``survival_gap`` (group less other), ``gap_lower``, ``gap_upper``, ``mean_gap_days``
        (restricted mean tenure), ``mean_gap_lower``, ``mean_gap_upper``, ``chi_squared``, ``p_value`` (log-rank of the
        pair), ``p_adjusted`` (Holm over all pairs, times `n_families`). All intervals hold together: widened by
        Bonferroni over pairs and families.

    References
    ----------
    Difference from each curve's log-log limits: Zou and Donner (2008), Statistics in Medicine 27, 1693-1702.
    """
    groups = dict(split_groups(counts))
    pairs = list(combinations(groups, 2))
    if not pairs:
        raise NotEnoughData("A comparison of groups: groups", needed=2, found=len(groups), mend="Name a group column.")
    level = 1 - (1 - check_confidence(confidence)) / (len(pairs) * n_families)
    start = max(estimate_survival(counts).sizes["first_days"])
    curves = estimate_survival(counts, from_days=start, shared=shared, confidence=level)
    horizon = min(horizon_days, _common_reach(curves))
    survival = curves.at(horizon).set_index("group").to_dict("index")
    means = estimate_restricted_mean(counts, horizon_days=horizon, is_common=True, shared=shared, confidence=level)
    mean = means.set_index("group").to_dict("index")
    rows = []
    for name, other in pairs:
        test = compare_groups(pd.concat([groups[name], groups[other]]), shared=shared)
        gap = difference_from_limits(_interval(survival[name]), _interval(survival[other]))
        mean_limits = difference_from_limits(_interval(mean[name], "mean_days"), _interval(mean[other], "mean_days"))
        rows.append(
            {"group": name, "other_group": other, "from_days": start, "horizon_days": horizon}
            | {"survival": survival[name]["survival"], "other_survival": survival[other]["survival"]}
            | _named(("survival_gap", "gap_lower", "gap_upper"), gap)
            | _named(("mean_gap_days", "mean_gap_lower", "mean_gap_upper"), mean_limits)
            | {"chi_squared": test.chi_squared, "p_value": test.p_value}
        )
    frame = pd.DataFrame(rows)
    return frame.assign(p_adjusted=np.minimum(n_families * adjust_holm(frame["p_value"]), 1.0))


def _ended_at(table: RiskTable, days: FloatArray) -> FloatArray:
    happened = table.n_ended > 0
    ended = np.zeros(len(days))
    ended[np.searchsorted(days, table.tenure_days[happened])] = table.n_ended[happened]
    return ended


def _expected_and_variance(at_risk: FloatArray, ended: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Expected ends per group and their covariance (hypergeometric at each tenure), groups in rows."""
    all_at_risk, all_ended = at_risk.sum(axis=0), ended.sum(axis=0)
    share = at_risk / all_at_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(all_at_risk > 1, all_ended * (all_at_risk - all_ended) / (all_at_risk - 1), 0.0)
    expected = (share * all_ended).sum(axis=1)
    variance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    return expected, variance


def _common_reach(curves: SurvivalCurves) -> float:
    return float(curves.sizes["known_days"].min())


def _interval(row: Mapping[Hashable, Any], estimate: str = "survival") -> Interval:
    return Interval(*(np.asarray(row[name], dtype=float) for name in (estimate, "lower", "upper")))


def _named(names: tuple[str, str, str], interval: Interval) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, interval, strict=True)}
