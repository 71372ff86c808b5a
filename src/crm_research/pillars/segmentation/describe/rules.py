"""Rules a person can read: a shallow tree that imitates the groups, and how faithfully it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.evidence.kmeans import draw_sample
from crm_research.pillars.segmentation.inputs.choose import WORDS
from crm_research.pillars.segmentation.inputs.labels import Term, read_term, say_number
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval, wilson_share
from crm_research.steps import step
from crm_research.theme import join_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_SAMPLE: Final = 20_000
_FOLDS: Final = 5
_FEWEST_QUESTIONS: Final = 3
_MOST_QUESTIONS: Final = 5
_MOST_RULES: Final = 12


_Leaf = tuple[str, int, int, int]  # rule in words, group, customers it is met by, those of them in the group


@dataclass(frozen=True, eq=False, kw_only=True)
class Rules(Shown):
    """Can the groups be told by a few rules?

    Parameters
    ----------
    table
        rule (in words), segment, n_customers, purity_share (of them that the grouping puts there too), coverage_share
        (of the segment's customers whom the rule finds); segments in the order of `names`, within each the rule that
        finds most first.
    fidelity
        Share of customers that the tree puts into their own group when they had no part in growing it.
    largest_share
        The same for the rule that puts everybody into the largest group.
    n
        Customers the fidelity was measured on.
    depth
        Most questions asked in a row.
    """

    table: pd.DataFrame
    fidelity: Interval
    largest_share: float
    n: int
    depth: int = _FEWEST_QUESTIONS


@step
def grow_rules(
    raw: pd.DataFrame,
    labels: NDArray[np.int64],
    names: Mapping[int, str],
    *,
    seed: int,
    confidence: float,
    depth: int | None = None,
    terms: Mapping[str, Term] | None = None,
) -> Rules:
    """Which few rules say to which group a customer belongs, and how often are they right?

    Parameters
    ----------
    raw
        Used inputs in their own units, without gaps.
    names
        Group number to the segment's name, in the order in which the segments are read.
    depth
        Most questions asked in a row; None takes three, and one less than there are groups from five groups on, five
        at most. The tree has at most two rules a group, twelve at most unless there are more groups.
    terms
        How the inputs are spoken of; None reads it from their names.

    Notes
    -----
    The tree grows where it gains most (Gini). Neighbouring leaves that say the same group are one rule. Fidelity is
    that of trees grown on four fifths of the customers on the last fifth.

    References
    ----------
    Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees.
    """
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    drawn = draw_sample(len(raw), _SAMPLE, seed=seed)
    values, target = raw.to_numpy(dtype=float)[drawn], labels[drawn]
    groups, counts = np.unique(target, return_counts=True)
    k = len(groups)
    depth = min(max(k - 1, _FEWEST_QUESTIONS), _MOST_QUESTIONS) if depth is None else depth
    tree = DecisionTreeClassifier(
        max_depth=depth,
        max_leaf_nodes=max(2, k, min(2 * k, _MOST_RULES)),
        min_samples_leaf=max(5, len(drawn) // 200),
        random_state=seed,
    )
    folds = KFold(_FOLDS, shuffle=True, random_state=seed)
    hits = int((cross_val_predict(tree, values, target, cv=folds) == target).sum())
    tree.fit(values, target)
    held = {name: (terms or {}).get(name, read_term(name, WORDS[name])) for name in raw.columns}
    return Rules(
        table=_tabulate(_leaves(tree, list(held.values())), names, dict(zip(groups, counts, strict=True))),
        fidelity=wilson_share(hits, len(drawn), confidence=confidence),
        largest_share=float(counts.max() / len(target)),
        n=len(drawn),
        depth=depth,
    )


def _tabulate(leaves: list[_Leaf], names: Mapping[int, str], sizes: Mapping[int, int]) -> pd.DataFrame:
    order = {group: place for place, group in enumerate(names)}
    rows = [
        {
            "rule": rule,
            "segment": names[group],
            "n_customers": n,
            "purity_share": hits / n,
            "coverage_share": hits / sizes[group],
            "place": order[group],
        }
        for rule, group, n, hits in leaves
    ]
    frame = pd.DataFrame(rows).sort_values(["place", "coverage_share"], ascending=[True, False], kind="stable")
    return frame.drop(columns="place").reset_index(drop=True)


def _leaves(tree: Any, terms: list[Term]) -> list[_Leaf]:
    grown = tree.tree_
    # Shares or counts, as the version of the library has it.
    counts = grown.value[:, 0, :] / grown.value[:, 0, :].sum(axis=1, keepdims=True) * grown.n_node_samples[:, None]
    said = [int(place) for place in counts.argmax(axis=1)]
    leaves: list[_Leaf] = []
    ahead: list[tuple[int, dict[int, tuple[float, float]]]] = [(0, {})]
    while ahead:
        node, bounds = ahead.pop()
        below = _said_below(grown, said, node)
        if len(below) == 1:
            group = below.pop()
            n = int(grown.n_node_samples[node])
            leaves.append((_say(bounds, terms), int(tree.classes_[group]), n, round(float(counts[node, group]))))
            continue
        place, cut = int(grown.feature[node]), float(grown.threshold[node])
        low, high = bounds.get(place, (-math.inf, math.inf))
        ahead.append((int(grown.children_right[node]), {**bounds, place: (max(low, cut), high)}))
        ahead.append((int(grown.children_left[node]), {**bounds, place: (low, min(high, cut))}))
    return leaves


def _said_below(grown: Any, said: list[int], node: int) -> set[int]:
    """Groups that the leaves below a node say."""
    left, right = int(grown.children_left[node]), int(grown.children_right[node])
    if left < 0:
        return {said[node]}
    return _said_below(grown, said, left) | _said_below(grown, said, right)


def _say(bounds: Mapping[int, tuple[float, float]], terms: list[Term]) -> str:
    if not bounds:
        return "everybody"
    # Who has one level of a category has none of the others.
    told = {terms[place].head for place, (low, _) in bounds.items() if terms[place].kind == "level" and low >= 0}
    said = []
    refused: dict[str, list[Term]] = {}
    for place, (low, high) in bounds.items():
        term = terms[place]
        if term.kind != "level":
            said.append(_say_range(term, low, high))
        elif low >= 0:
            said.append(term.words)
        elif term.head not in told:
            refused.setdefault(term.head, []).append(term)
    return join_words([*said, *(_say_refused(head, levels) for head, levels in refused.items())])


def _say_refused(head: str, levels: list[Term]) -> str:
    """Levels that somebody has none of: ``region neither north nor south``."""
    if len(levels) == 1:
        return levels[0].say_not()
    return f"{head} neither {join_words([term.part for term in levels], last='nor')}"


def _say_range(term: Term, low: float, high: float) -> str:
    joiner = "over"
    if term.name.startswith("n_"):  # whole numbers: more than 44.5 is 45 or more
        joiner = "from"
        low = math.floor(low) + 1 if math.isfinite(low) else low
        high = math.floor(high) if math.isfinite(high) else high
    if math.isinf(low):
        return f"{term.words} up to {_say_cut(term, high)}"
    if math.isinf(high):
        return f"{term.words} {joiner} {_say_cut(term, low)}"
    if low == high:
        return f"{term.words} {_say_cut(term, low)}"
    return f"{term.words} {joiner} {_say_cut(term, low)} up to {_say_cut(term, high)}"


def _say_cut(term: Term, value: float) -> str:
    return f"{100 * value:.3g} %" if term.is_percent else say_number(value)
