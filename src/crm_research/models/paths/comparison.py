"""Do the paths differ between groups, and may they be compared at all?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.paths.algorithm import SCHEMES, Composites, FloatArray, Scheme, weigh_items
from crm_research.models.paths.fit import prepare
from crm_research.models.paths.invariance import Contrast, chance_beyond, contrast, orient, tabulate_invariance
from crm_research.models.paths.plan import Mode, PathPlan
from crm_research.models.scales.reading import check_columns, fill_with_means, standardise, to_numbers
from crm_research.stats.correlations import correlate, resample_moments, weigh_moments
from crm_research.stats.drawn_limits import expand_percentiles
from crm_research.stats.intervals import check_confidence
from crm_research.stats.multiplicity import adjust_holm

MOST_GROUPS: Final = 5
_FEWEST: Final = 20
_ELEMENTS_AT_ONCE: Final = 5_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class PathComparison:
    """In what the paths of groups differ, as far as these answers tell.

    Parameters
    ----------
    groups
        Grain: group. Columns ``group``, ``n``, ``is_compared``.
    invariance
        Grain: pair of groups and construct. Columns ``one``, ``other``, ``construct``, ``agreement`` (correlation of
        the construct weighed as either group would; 1 is the same thing), ``agreement_by_chance`` (what permuted groups
        reach in all but 1 - confidence of the cases), ``agreement_p``, ``mean_difference`` (in standard deviations),
        ``mean_p``, ``variance_ratio``, ``variance_p``, ``invariance`` (``none``: the groups weigh it differently;
        ``partial``: paths may be compared; ``full``: means and variances agree too, so the groups may be pooled).
    paths
        Grain: pair of groups and path. Columns ``one``, ``other``, ``source``, ``target``, ``estimate_one``,
        ``estimate_other``, ``difference``, ``lower``, ``upper`` (resamples of either group), ``p_value`` (permuted
        groups), ``p_adjusted`` (Holm, over all rows), ``is_comparable`` (both constructs at least partially invariant).
    """

    groups: pd.DataFrame
    invariance: pd.DataFrame
    paths: pd.DataFrame
    n_permutations: int
    n_bootstraps: int
    confidence: float
    notes: tuple[str, ...]


def compare_paths(
    answers: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    group: str,
    *,
    modes: Mapping[str, Mode] | None = None,
    scheme: Scheme = "path",
    weights: str | None = None,
    n_permutations: int = 1000,
    n_bootstraps: int = 1000,
    seed: int = 20170101,
    confidence: float = 0.95,
) -> PathComparison:
    """Does the same thing lead to the same thing in every group?

    Parameters
    ----------
    answers, constructs, paths, modes, scheme, weights
        As in `fit_paths`; one row a respondent, who belongs to one group.
    group
        Column of the groups, five at most with enough respondents; rows without one are left out.
    n_permutations
        Times respondents are dealt anew to two groups of the same sizes.

    Raises
    ------
    ParameterError
        As `fit_paths`, and with more than five groups.
    NotEnoughData
        When fewer than two groups have twenty usable respondents.

    Notes
    -----
    Paths are compared only after asking whether the groups weigh the items of a construct alike (measurement invariance
    of composites, MICOM; the first of its steps, the same items and scales, is how the model is built). Gaps are filled
    with the mean of the group. Groups are compared two at a time, on items standardised over both.

    References
    ----------
    Henseler, Ringle and Sarstedt (2016), International Marketing Review 33, 405-431; Chin and Dibbern (2010), Handbook
    of Partial Least Squares, 171-193; Holm (1979).
    """
    check_confidence(confidence)
    if scheme not in SCHEMES:
        raise ParameterError(f"scheme must be one of {', '.join(SCHEMES)}, not {scheme!r}.")
    if n_permutations < 1:
        raise ParameterError(f"n_permutations must be 1 or more, not {n_permutations}.")
    check_columns(answers, [group])
    named = answers.loc[answers[group].notna()]
    plan, read = prepare(named, constructs, paths, modes=modes, weights=weights, cluster=None)
    label = named.loc[read.kept, group].astype(str).to_numpy(dtype=str)
    raw = to_numbers(named.loc[read.kept], plan.items)
    groups, notes = _choose(label, plan)
    chosen = groups.loc[groups["is_compared"], "group"].tolist()
    values = {name: fill_with_means(raw[label == name], read.weight[label == name]) for name in chosen}
    weight = {name: read.weight[label == name] for name in chosen}
    compared = [
        _compare(
            plan, (values[one], values[other]), (weight[one], weight[other]), scheme,
            (n_permutations, n_bootstraps), seed, confidence, {"one": one, "other": other},
        )
        for one, other in combinations(chosen, 2)
    ]  # fmt: skip
    table = pd.concat([pair[1] for pair in compared], ignore_index=True)
    table.insert(table.columns.tolist().index("p_value") + 1, "p_adjusted", adjust_holm(table["p_value"]))
    invariance = pd.concat([pair[0] for pair in compared], ignore_index=True)
    return PathComparison(
        groups=groups,
        invariance=invariance,
        paths=table,
        n_permutations=n_permutations,
        n_bootstraps=n_bootstraps,
        confidence=float(confidence),
        notes=(*read.notes, *notes, *_doubts(plan, values, invariance)),
    )


def _choose(label: NDArray[np.str_], plan: PathPlan) -> tuple[pd.DataFrame, list[str]]:
    needed = max(_FEWEST, int(plan.leads_to.sum(axis=0).max()) + 2)
    names, sizes = np.unique(label, return_counts=True)
    groups = pd.DataFrame({"group": names, "n": sizes, "is_compared": sizes >= needed})
    n_compared = int(groups["is_compared"].sum())
    if n_compared < 2:
        raise NotEnoughData(
            f"Comparing paths: groups of {needed} respondents", needed=2, found=n_compared,
            mend="Join small groups, or compare along another column.",
        )  # fmt: skip
    if n_compared > MOST_GROUPS:
        raise ParameterError(
            f"There are {n_compared} groups of {needed} respondents or more; at most {MOST_GROUPS} are compared. Join "
            "some of them first."
        )
    small = groups.loc[~groups["is_compared"], "group"].tolist()
    return groups, [f"Too few respondents (under {needed}) to compare: {', '.join(small)}."] if small else []


def _compare(
    plan: PathPlan,
    values: tuple[FloatArray, FloatArray],
    weight: tuple[FloatArray, FloatArray],
    scheme: Scheme,
    draws: tuple[int, int],
    seed: int,
    confidence: float,
    names: dict[str, str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of `invariance` and of `paths` (before Holm) for two groups."""
    w = np.concatenate(weight)
    z = standardise(np.concatenate(values), w)
    is_one = np.arange(len(z)) < len(values[0])
    together = correlate(z, w[None, :])[0]
    pooled = weigh_items(plan, together[None], scheme=scheme)

    def ask(mask: FloatArray) -> Contrast:
        one, other = weigh_moments(z, mask * w), weigh_moments(z, (1 - mask) * w)
        return contrast(plan, pooled, together, one, other, scheme)

    found = ask(is_one[None, :].astype(float))
    permuted = _join([ask(mask) for mask in _deal(is_one, draws[0], seed)])
    drawn = [
        _draw_paths(plan, pooled, together, z[rows], w[rows], scheme, draws[1], seed + number)
        for number, rows in enumerate((is_one, ~is_one))
    ]
    invariance = tabulate_invariance(plan, found, permuted, confidence)
    alike = dict(zip(invariance["construct"], invariance["invariance"] != "none", strict=True))
    n_fewer = min(len(part) for part in values)
    table = _tabulate_paths(plan, found, permuted, drawn, n_fewer, confidence, alike)
    for place, (key, value) in enumerate(names.items()):
        invariance.insert(place, key, value)
        table.insert(place, key, value)
    return invariance, table


def _draw_paths(
    plan: PathPlan,
    pooled: Composites,
    together: FloatArray,
    values: FloatArray,
    weight: FloatArray,
    scheme: Scheme,
    n_bootstraps: int,
    seed: int,
) -> FloatArray:
    """(n_sets, constructs, constructs): paths of resamples of one group, turned as both together."""
    kept = [np.empty((0, len(plan.constructs), len(plan.constructs)))]
    for moments in resample_moments(values, weight, n_bootstraps=n_bootstraps, seed=seed):
        fit = weigh_items(plan, moments.correlations, scheme=scheme)
        turn = orient(fit, pooled, together)
        kept.append((fit.paths * turn[:, :, None] * turn[:, None, :])[fit.has_converged])
    return np.concatenate(kept)


def _tabulate_paths(
    plan: PathPlan,
    found: Contrast,
    permuted: Contrast,
    drawn: list[FloatArray],
    n_fewer: int,
    confidence: float,
    alike: dict[str, bool],
) -> pd.DataFrame:
    n = min(len(drawn[0]), len(drawn[1]))
    rows = []
    for cause, result in plan.arrows:
        difference = float(found.one[0, cause, result] - found.other[0, cause, result])
        by_chance = permuted.one[:, cause, result] - permuted.other[:, cause, result]
        sample = drawn[0][:n, cause, result] - drawn[1][:n, cause, result]
        lower, upper = expand_percentiles(sample, n=n_fewer, confidence=confidence)
        source, target = plan.constructs[cause], plan.constructs[result]
        rows.append(
            {
                "source": source,
                "target": target,
                "estimate_one": float(found.one[0, cause, result]),
                "estimate_other": float(found.other[0, cause, result]),
                "difference": difference,
                "lower": float(lower),
                "upper": float(upper),
                "p_value": chance_beyond(difference, by_chance),
                "is_comparable": alike[source] and alike[target],
            }
        )
    return pd.DataFrame(rows)


def _deal(is_one: NDArray[np.bool_], n: int, seed: int) -> Iterator[FloatArray]:
    """Masks of the first group when respondents are dealt anew, (n_sets, n_rows) at a time."""
    rng = np.random.default_rng(seed)
    at_once = max(1, _ELEMENTS_AT_ONCE // len(is_one))
    for start in range(0, n, at_once):
        size = min(at_once, n - start)
        yield rng.permuted(np.broadcast_to(is_one.astype(float), (size, len(is_one))), axis=1)


def _join(parts: Sequence[Contrast]) -> Contrast:
    """Sets that settled, put together."""
    return Contrast(
        **{
            item.name: np.concatenate([getattr(part, item.name)[part.has_converged] for part in parts])
            for item in fields(Contrast)
        }
    )


def _doubts(plan: PathPlan, values: Mapping[str, FloatArray], invariance: pd.DataFrame) -> list[str]:
    doubts = []
    for name, answered in values.items():
        constant = [item for item, reach in zip(plan.items, np.ptp(answered, axis=0), strict=True) if reach <= 0]
        if constant:
            doubts.append(f"In {name} everybody answered {', '.join(constant)} alike.")
    differing = sorted(set(invariance.loc[invariance["invariance"] == "none", "construct"]))
    if differing:
        doubts.append(
            f"Groups weigh the items of {', '.join(differing)} differently: paths from and to them compare "
            "different things."
        )
    return doubts
