"""Which columns can be told apart: what the others repeat, or nearly repeat, is left out and named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from crm_research.models.survival.risk import FloatArray
from crm_research.theme import join_words

# With more, errors are over three times as wide as without the others: Kutner, Nachtsheim, Neter and Li (2005),
# Applied Linear Statistical Models, 5th edition, section 10.5.
MOST_INFLATION: Final = 10.0
_LEAST_OWN_VARIANCE: Final = 1e-9
_SMALL_PART: Final = 1e-6
_SIMILAR: Final = 1.1
_WORTH_NAMING: Final = 0.1
_MOST_NAMED: Final = 4

Label = tuple[str, str]


def as_label(label: Label) -> str:
    """A column in words: the covariate, and its level if it has one."""
    return " = ".join(part for part in label if part)


def choose_columns(
    cross: FloatArray, labels: Sequence[Label], is_level: NDArray[np.bool_]
) -> tuple[list[int], list[str]]:
    """Which columns can be told apart from the others, and in words which were left out and why?

    Parameters
    ----------
    cross
        Cross products of centred columns, or the variances within the sets that are compared.
    labels
        Covariate and level of each column.
    is_level
        Columns that mark the rows of a group.

    Notes
    -----
    A column that the ones before it make up goes alone; if the other levels of its own category have a part in that,
    the category goes as a whole, because its other levels would then be held against another group than they say.
    The same rows under two names count once. Of the rest the covariate with the largest variance inflation (of any
    combination of its columns, given all other covariates) goes first, the last of several alike, as a whole, until
    none is above 10. No outcome has a part in it, so intervals keep their meaning.

    References
    ----------
    Generalised to covariates of several columns: Fox and Monette (1992), JASA 87, 178-183.
    """
    kept, notes = _without_repeated(cross, labels)
    kept, more = _without_twins(cross, kept, labels, is_level)
    notes += more
    blocks = _blocks(kept, labels, is_level)
    while len(blocks) > 1:
        inflation = _inflations(cross, blocks)
        if inflation.max() <= MOST_INFLATION:
            break
        worst = int(np.flatnonzero(inflation >= inflation.max() / _SIMILAR)[-1])
        notes.append(_say_near(cross, blocks, worst, float(inflation[worst]), labels))
        blocks.pop(worst)
    return sorted(column for block in blocks for column in block), notes


def independent_columns(cross: FloatArray) -> list[int]:
    """Which columns say something that the columns before them do not? From the cross products of centred columns."""
    kept: list[int] = []
    for column in range(len(cross)):
        if _own_share(cross, kept, column) > _LEAST_OWN_VARIANCE:
            kept.append(column)
    return kept


def _own_share(cross: FloatArray, kept: Sequence[int], column: int) -> float:
    """The share of a column's variance that the kept ones leave over; 0 for one without any."""
    scale = np.sqrt(np.maximum(np.diag(cross), 0.0))
    if scale[column] <= 0:
        return 0.0
    if not kept:
        return 1.0
    among = cross[np.ix_(kept, kept)] / np.outer(scale[kept], scale[kept])
    with_it = cross[kept, column] / (scale[kept] * scale[column])
    return 1.0 - float(with_it @ np.linalg.solve(among, with_it))


def makes_up(cross: FloatArray, kept: Sequence[int], column: int) -> list[int] | None:
    """The kept columns with a part in one that they make up; None where they do not make it up."""
    if _own_share(cross, kept, column) > _LEAST_OWN_VARIANCE:
        return None
    scale = np.sqrt(np.maximum(np.diag(cross), 1e-300))
    among = cross[np.ix_(kept, kept)] / np.outer(scale[kept], scale[kept])
    parts = np.linalg.solve(among, cross[kept, column] / scale[kept])
    return [kept[int(place)] for place in np.flatnonzero(np.abs(parts) > _SMALL_PART * scale[column])]


def tell_within(
    cross: FloatArray, is_alike: NDArray[np.bool_], usable: Sequence[int]
) -> tuple[list[int], set[int], list[int]]:
    """Once groups have baselines of their own: which columns are left, which of them only in place of others, and lost.

    Parameters
    ----------
    cross, is_alike
        The variance within what is still compared, and the columns that have none.
    usable
        The columns that could be told before.
    """
    kept: list[int] = []
    blurred: set[int] = set()
    lost: list[int] = []
    for column in usable:
        parts = [] if is_alike[column] else makes_up(cross, kept, column)
        if parts is None:
            kept.append(column)
        else:
            blurred |= set(parts)
            lost.append(column)
    return kept, blurred, lost


def _without_repeated(cross: FloatArray, labels: Sequence[Label]) -> tuple[list[int], list[str]]:
    """Columns that the ones before them do not make up exactly."""
    gone: set[str] = set()
    while True:
        kept: list[int] = []
        lost: list[Label] = []
        whole = ""
        for column in range(len(cross)):
            name = labels[column][0]
            if name in gone or cross[column, column] <= 0:
                continue
            parts = makes_up(cross, kept, column)
            if parts is None:
                kept.append(column)
                continue
            others = {labels[other][0] for other in parts}
            if name in others and len(others) > 1:
                whole = name
                break
            lost.append(labels[column])
        if not whole:
            break
        gone.add(whole)
    return kept, say_left_out(_by_covariate(lost, gone, {labels[column][0] for column in kept}, labels))


def _by_covariate(lost: list[Label], gone: set[str], left: set[str], labels: Sequence[Label]) -> list[Label]:
    """What was lost, in the order of the columns; a covariate of which nothing is left counts once."""
    found = {(name, "") if name in gone or name not in left else (name, level) for name, level in lost}
    found |= {(name, "") for name in gone}
    wanted = [(name, "") if (name, "") in found else (name, level) for name, level in labels]
    return [label for label in dict.fromkeys(wanted) if label in found]


def _without_twins(
    cross: FloatArray, kept: list[int], labels: Sequence[Label], is_level: NDArray[np.bool_]
) -> tuple[list[int], list[str]]:
    """Of levels of two covariates that mark nearly the same rows, the first."""
    once: list[int] = []
    notes = []
    for column in kept:
        twins = [
            other
            for other in once
            if is_level[column]
            and is_level[other]
            and labels[other][0] != labels[column][0]
            and cross[column, other] ** 2 > (1 - 1 / MOST_INFLATION) * cross[column, column] * cross[other, other]
        ]
        if not twins:
            once.append(column)
            continue
        notes.append(
            f"{as_label(labels[column])} marks nearly the same contracts as {as_label(labels[twins[0]])}: the two "
            "cannot be told apart, and it was left out."
        )
    return once, notes


def _blocks(kept: Sequence[int], labels: Sequence[Label], is_level: NDArray[np.bool_]) -> list[list[int]]:
    """The columns of each covariate; whether a number is known counts by itself."""
    blocks: dict[tuple[str, bool], list[int]] = {}
    is_category = {labels[column][0] for column in kept if is_level[column]} - {
        labels[column][0] for column in kept if not is_level[column]
    }
    for column in kept:
        name = labels[column][0]
        blocks.setdefault((name, bool(is_level[column]) and name not in is_category), []).append(column)
    return list(blocks.values())


def _inflations(cross: FloatArray, blocks: list[list[int]]) -> FloatArray:
    """By how many times does the presence of the others raise the variance of each block's least known combination?"""
    order = [column for block in blocks for column in block]
    scale = np.sqrt(np.diag(cross)[order])
    among = cross[np.ix_(order, order)] / np.outer(scale, scale)
    inverse = np.linalg.inv(among)
    found, start = [], 0
    for block in blocks:
        part = slice(start, start + len(block))
        root = linalg.cholesky(among[part, part] + 1e-12 * np.eye(len(block)))
        found.append(float(np.linalg.eigvalsh(root @ inverse[part, part] @ root.T).max()))
        start += len(block)
    return np.array(found)


def _say_near(cross: FloatArray, blocks: list[list[int]], worst: int, inflation: float, labels: Sequence[Label]) -> str:
    """What was left out, and the covariates that tell nearly all of it."""
    block = blocks[worst]
    others = [(place, b) for place, b in enumerate(blocks) if place != worst]
    rest = [column for _, b in others for column in b]
    own = cross[np.ix_(block, block)]
    link = np.linalg.solve(cross[np.ix_(rest, rest)], cross[np.ix_(rest, block)])
    told = cross[np.ix_(block, rest)] @ link
    # The combination of its columns that the others tell best.
    combination = linalg.eigh(told, own + 1e-12 * np.diag(np.diag(own)))[1][:, -1]
    parts = link @ combination
    sizes, start = [], 0
    for _, b in others:
        piece = parts[start : start + len(b)]
        sizes.append(float(np.sqrt(max(piece @ cross[np.ix_(b, b)] @ piece, 0.0))))
        start += len(b)
    order = np.argsort(-np.array(sizes), kind="stable")
    weighty = [labels[others[place][1][0]][0] for place in order if sizes[place] >= _WORTH_NAMING * max(sizes)]
    named = list(dict.fromkeys(weighty))
    named = named if len(named) <= _MOST_NAMED else [*named[: _MOST_NAMED - 1], "others"]
    name = labels[block[0]]
    said = name[0] if len(block) > 1 else as_label(name)
    return (
        f"{said} can hardly be told apart from {join_words(named)}, which tell "
        f"{100 * (1 - 1 / inflation):.3g} % of it (variance inflation {inflation:,.0f}; above "
        f"{MOST_INFLATION:.0f} a covariate is left out): it was left out, and the others stand for it."
    )


def say_left_out(labels: Sequence[Label]) -> list[str]:
    """The note about columns that others make up: one for all of them, none without any."""
    if not labels:
        return []
    named = ", ".join(as_label(label) for label in labels)
    verb = (
        "says nothing that the other characteristics do not, and was"
        if len(labels) == 1
        else ("say nothing that the other characteristics do not, and were")
    )
    return [f"{named} {verb} left out."]


def say_same(labels: Sequence[Label], *, by_stratum: bool) -> list[str]:
    """The note about columns without any difference between those compared; none without any."""
    if not labels:
        return []
    named = ", ".join(as_label(label) for label in labels)
    where = "throughout each stratum" if by_stratum else "for all who could be compared with somebody who left"
    return [f"{named}: the same {where}, so no ratio can be told; left out."]
