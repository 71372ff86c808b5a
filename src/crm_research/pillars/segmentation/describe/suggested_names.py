"""Names for segments as a manager would say them, made by rule from what stands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crm_research.pillars.segmentation.inputs.labels import ALL_ELSE, REST, UNKNOWN, Term, read_terms
from crm_research.privacy.masking import mask_text
from crm_research.theme import first_capital, join_words

if TYPE_CHECKING:
    import pandas as pd

STANDS_OUT: Final = 0.35
_MOST_TRAITS: Final = 2
_MOST_LETTERS: Final = 28
_SHARE_OF_ITEMS: Final = 0.6
# How a customer is called who stands out low or high on an input, and at which place of the name it is said.
_ADJECTIVES: Final[Mapping[str, tuple[int, str, str]]] = {
    "discount_share": (0, "full-price", "bargain-seeking"),
    "own_brand_share": (0, "brand-name", "own-brand"),
    "days_since_last": (1, "recent", "long-silent"),
    "n_orders": (2, "occasional", "frequent"),
    "frequency": (2, "occasional", "frequent"),
    "cv_gap": (3, "steady", "irregular"),
    "mean_order_value": (4, "small-basket", "large-basket"),
    "n_categories": (5, "narrow-range", "broad-range"),
    "n_products": (5, "narrow-range", "broad-range"),
    "spend": (4, "low-spend", "high-spend"),
    "age": (0, "younger", "older"),
    "fee": (4, "low-fee", "high-fee"),
    "contacts_a_month": (2, "seldom-calling", "often-calling"),
    "complaints_a_month": (3, "uncomplaining", "complaining"),
    "mean_answer_share": (1, "critical", "content"),
    "mean_gap_days": (2, "quick", "slow"),
    "median_gap_days": (2, "quick", "slow"),
}
_OF_BEHAVIOUR: Final = frozenset(_ADJECTIVES) - {
    "age", "fee", "contacts_a_month", "complaints_a_month", "mean_answer_share"
}  # fmt: skip
# Parts of a whole that have an adjective of their own; of two that make up the whole, the other one when low.
_OF_PARTS: Final[Mapping[str, tuple[int, str, str]]] = {
    "spend on own brands": (0, "brand-name", "own-brand"),
    "spend on other brands": (0, "own-brand", "brand-name"),
    "spend at a discount": (0, "full-price", "bargain-seeking"),
    "spend at the full price": (0, "bargain-seeking", "full-price"),
    "purchases on weekdays": (6, "weekend", "weekday"),
    "purchases on weekends": (6, "weekday", "weekend"),
    "use on weekdays": (6, "weekend", "weekday"),
    "use on weekends": (6, "weekday", "weekend"),
}
_QUARTERS: Final = {"1": "first", "2": "second", "3": "third", "4": "fourth"}
_VAGUE: Final = frozenset(
    ("unknown", "other", "any other", "none", "null", "n/a", "low", "middle", "medium", "high", "small", "large")
)


@dataclass(kw_only=True)
class _Phrase:
    """The words of one name, by their place in it."""

    adjectives: list[tuple[int, str]] = field(default_factory=list)
    things: list[str] = field(default_factory=list)
    through: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    high: list[str] = field(default_factory=list)
    low: list[str] = field(default_factory=list)
    levels: dict[str, list[str]] = field(default_factory=dict)
    levels_behind: dict[str, list[str]] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)


def name_groups(shifts: Sequence[pd.Series], words: Mapping[str, str] | None = None) -> list[str]:
    """What might a manager call each group?

    Parameters
    ----------
    shifts
        For each group, by how much its mean lies above that of all customers, input by input, on the scaled inputs.
    words
        Input to its words; None takes those made from the name.

    Returns
    -------
    list
        One name a group, all different. The two inputs that stand out most speak (from .35 on); of parts of one whole
        and levels of one category those that are high speak, for where one is high others must be low. Where two
        groups would be called alike, what sets them apart from each other is added, then a number.
    """
    if not shifts:
        return []
    terms = read_terms({str(name): (words or {}).get(str(name), "") for name in shifts[0].index})
    alone = _levels_that_speak_alone(terms)
    chosen = [_take(shift, terms) for shift in shifts]
    is_everything = [_is_halo(shift, terms) for shift in shifts]
    names = [
        _halo_name(shift) if is_all else _compose(shift, traits, terms, alone)
        for shift, traits, is_all in zip(shifts, chosen, is_everything, strict=True)
    ]
    for _ in range(_MOST_TRAITS):
        names = _part(names, shifts, chosen, terms, alone)
    return _number(names)


def stands_out(shift: pd.Series) -> list[str]:
    """Inputs in which a group stands out, most first."""
    far = shift[shift.abs() >= STANDS_OUT]
    return [str(name) for name in far.abs().sort_values(ascending=False, kind="stable").index]


def _choose(shift: pd.Series, terms: Mapping[str, Term]) -> list[str]:
    standing = stands_out(shift)
    # Where one part, level or activity is high, that others are low adds little.
    is_high = {_whole(terms[name]) for name in standing if shift[name] > 0} - {""}
    chosen = []
    for name in standing:
        term = terms[name]
        if shift[name] < 0 and _whole(term) in is_high and term.words not in _OF_PARTS:
            continue
        chosen.append(name)
    # Gaps and what is pooled speak only where nothing else does.
    telling = [name for name in chosen if terms[name].part not in (UNKNOWN, REST, ALL_ELSE)]
    return telling or chosen


def _whole(term: Term) -> str:
    """What the input is a part of; all use is one whole, and so is what a customer is."""
    if term.head.split(" ")[0] == "use":
        return "use"
    return {"part": term.head, "level": "levels"}.get(term.kind, "")


def _take(shift: pd.Series, terms: Mapping[str, Term]) -> list[str]:
    """The traits that speak: two, and of a category all levels that are high."""
    chosen = _choose(shift, terms)
    taken: list[str] = []
    for name in chosen:
        wholes = {terms[other].head for other in taken if terms[other].kind == "level"}
        is_sister = terms[name].kind == "level" and terms[name].head in wholes and shift[name] > 0
        n_traits = len({terms[other].head if terms[other].kind == "level" else other for other in taken})
        if is_sister or n_traits < _MOST_TRAITS:
            taken.append(name)
    return taken


def _part(
    names: list[str],
    shifts: Sequence[pd.Series],
    chosen: list[list[str]],
    terms: Mapping[str, Term],
    alone: frozenset[str],
) -> list[str]:
    """Where groups would be called alike, add the input in which they differ most from each other."""
    parted = list(names)
    for name in {name for name in names if names.count(name) > 1}:
        alike = [place for place, other in enumerate(names) if other == name]
        left = [one for one in shifts[0].index if all(str(one) not in chosen[place] for place in alike)]
        if not left:
            continue
        spread = {one: max(shifts[p][one] for p in alike) - min(shifts[p][one] for p in alike) for one in left}
        best = max(left, key=lambda one: spread[one])
        if spread[best] < STANDS_OUT:
            continue
        middle = sum(shifts[place][best] for place in alike) / len(alike)
        for place in alike:
            chosen[place] = [*chosen[place], str(best)]
            against = shifts[place].copy()
            against[best] = shifts[place][best] - middle
            parted[place] = _compose(against, chosen[place], terms, alone)
    return parted


def _number(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    different = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        different.append(f"{name} ({seen[name]})" if names.count(name) > 1 else name)
    return different


def _is_halo(shift: pd.Series, terms: Mapping[str, Term]) -> bool:
    """Does the group answer nearly everything higher, or lower, than the others?"""
    standing = stands_out(shift)
    if len(shift) < 3 or any(term.kind != "answer" for term in terms.values()):
        return False
    is_one_sided = len({shift[name] > 0 for name in standing}) == 1
    return is_one_sided and len(standing) >= _SHARE_OF_ITEMS * len(shift)


def _halo_name(shift: pd.Series) -> str:
    return f"{'High' if shift.sum() > 0 else 'Low'} on nearly everything asked"


def _compose(shift: pd.Series, traits: Sequence[str], terms: Mapping[str, Term], alone: frozenset[str]) -> str:
    said = _Phrase()
    for name in traits:
        _place(said, terms[name], alone, is_high=bool(shift[name] > 0))
    noun = _noun(terms)
    if not traits:
        return f"Middling {noun}"
    if all(terms[name].kind == "answer" for name in traits):
        answers = [
            f"{side} on {join_words(items)}" for side, items in (("high", said.high), ("low", said.low)) if items
        ]
        return first_capital(", ".join(answers))
    behind = [f"{head} {join_words(levels, last='or')}" for head, levels in said.levels_behind.items()]
    behind += [*said.behind, *(f"high {item}" for item in said.high), *(f"low {item}" for item in said.low)]
    said.adjectives += [(8, join_words(levels, last="or")) for levels in said.levels.values()]
    front = list(dict.fromkeys(word for _, word in sorted(said.adjectives, key=lambda pair: pair[0])))
    if said.things:
        front.append(join_words(said.things))
    named = " ".join([*front, noun])
    if said.used:
        named += f" of {join_words(said.used)}"
    if said.through:
        named += f" through {join_words(said.through)}"
    if behind:
        is_bare = not front and not said.through and not behind[0].startswith("seldom ")
        named += f" with {join_words(behind)}" if is_bare else f", {join_words(behind)}"
    # A value of the records, such as iPhone, keeps its letters.
    return named if any(letter.isupper() for letter in named.split(" ")[0][1:]) else first_capital(named)


def _noun(terms: Mapping[str, Term]) -> str:
    if any(_whole(term) == "use" for term in terms.values()):
        return "users"
    is_buying = any(term.kind == "part" or name in _OF_BEHAVIOUR for name, term in terms.items())
    return "buyers" if is_buying else "customers"


def _place(said: _Phrase, term: Term, alone: frozenset[str], *, is_high: bool) -> None:
    if term.kind == "part":
        _place_part(said, term, is_high=is_high)
    elif term.kind == "level":
        _place_level(said, term, alone, is_high=is_high)
    elif term.kind == "answer":
        (said.high if is_high else said.low).append(term.part)
    elif term.head == "use of":
        said.adjectives.append((7, "heavy" if is_high else "light"))
        said.used.append(_shorten(term.part))
    elif term.name in _ADJECTIVES:
        order, low, high = _ADJECTIVES[term.name]
        said.adjectives.append((order, high if is_high else low))
    else:
        said.behind.append(f"{'high' if is_high else 'low'} {term.words}")


def _place_part(said: _Phrase, term: Term, *, is_high: bool) -> None:
    part = _shorten(term.part)
    if term.words in _OF_PARTS:
        order, low, high = _OF_PARTS[term.words]
        said.adjectives.append((order, high if is_high else low))
    elif term.head == "spend on":
        if is_high:
            said.things.append(part)
        else:
            said.adjectives.append((7, f"light {part}"))
    elif term.head == "spend through" and is_high:
        said.through.append(part)
    elif term.head.startswith(("purchases", "use")) and is_high:
        said.things.append(_say_time(part))
    elif term.head.startswith(("purchases", "use")):
        said.behind.append(f"seldom {_say_time(part)}")
    elif term.head == "spend through":
        said.behind.append(f"seldom through {part}")
    else:
        said.behind.append(f"{'much' if is_high else 'little'} {term.head} {part}".strip())


def _say_time(part: str) -> str:
    """``third-quarter`` of quarter 3, ``morning`` of mornings."""
    if part.startswith("quarter "):
        return f"{_QUARTERS.get(part.removeprefix('quarter '), part)}-quarter"
    return part.removesuffix("s")


def _place_level(said: _Phrase, term: Term, alone: frozenset[str], *, is_high: bool) -> None:
    level = _shorten(term.part)
    if term.part in (UNKNOWN, REST):
        words = {UNKNOWN: ("known", "unknown"), REST: ("common", "other")}[term.part]
        said.behind.append(f"{words[int(is_high)]} {term.head}")
    elif level.lower() in ("true", "yes"):
        said.behind.append(term.head if is_high else f"no {term.head}")
    elif level.lower() in ("false", "no"):
        said.behind.append(f"no {term.head}" if is_high else term.head)
    elif term.name in alone:
        said.levels.setdefault(term.head, []).append(level if is_high else f"not {level}")
    else:
        said.levels_behind.setdefault(term.head, []).append(level if is_high else f"not {level}")


def _levels_that_speak_alone(terms: Mapping[str, Term]) -> frozenset[str]:
    """Levels that need no word on what they are a level of: Married, north; not 2, unknown or 45-54."""
    levels = [term for term in terms.values() if term.kind == "level"]
    counted = [term.part.lower() for term in levels]
    return frozenset(
        term.name
        for term in levels
        if counted.count(term.part.lower()) == 1
        and term.part.lower() not in _VAGUE
        and not any(letter.isdigit() for letter in term.part)
        and len(term.part) >= (4 if term.part.isascii() else 2)
    )


def _shorten(words: str) -> str:
    words = mask_text(words)
    return words if len(words) <= _MOST_LETTERS else words[: _MOST_LETTERS - 1].rstrip() + "…"
