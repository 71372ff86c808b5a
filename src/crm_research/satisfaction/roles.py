"""What each question stands for, read from its name or as the user says: no study file has to be written twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.features.answers import Survey

# Roles in the order of the customer satisfaction indices (ACSI, ECSI), with the words their names hold.
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("image", "brand", "reputation", "形象", "品牌"),
    "expectations": ("expect", "erwart", "期望"),
    "value": ("value", "price", "worth", "wert", "价值", "价格"),
    "complaints": ("complain", "beschwerde", "抱怨", "投诉"),
    "satisfaction": ("satisf", "csat", "zufried", "满意"),
    "trust": ("trust", "commit", "vertrau", "信任", "承诺"),
    "loyalty": ("loyal", "attitude", "retention", "repurchase", "rebuy", "intention", "treue", "忠诚", "态度"),
    "recommend": ("recommend", "nps", "promoter", "empfehl", "推荐"),
}
QUALITY: Final = "quality"  # what is none of the others is taken for something that makes customers satisfied
_LEADS: Final = (
    ("image", "expectations"), ("image", "satisfaction"), ("image", "loyalty"), ("expectations", QUALITY),
    ("expectations", "value"), ("expectations", "satisfaction"), (QUALITY, "value"), (QUALITY, "satisfaction"),
    ("value", "satisfaction"), ("satisfaction", "complaints"), ("satisfaction", "trust"), ("satisfaction", "loyalty"),
    ("trust", "loyalty"), ("complaints", "loyalty"),
)  # fmt: skip
OUTCOMES: Final = ("satisfaction", "trust", "loyalty", "complaints", "recommend")
_NUMBERED: Final = re.compile(r"^(?P<stem>.*?)[\s_.\-]*\d+[a-z]?$", re.IGNORECASE)
_NO_STEMS: Final = ("", "q", "item", "question", "frage", "f", "v", "var", "x", "问题", "题", "第")
_STATED_WORDS: Final = "importance|imp|wichtigkeit|重要性"
_EXPECTED_WORDS: Final = "expectations?|expected|expect|erwartung|期望"


def _about(words: str) -> re.Pattern[str]:
    """A name that begins or ends with one of the words and says in between what it is about."""
    return re.compile(rf"^(?:{words})[\s_.\-]+(?P<of>.+)$|^(?P<of2>.+?)[\s_.\-]+(?:{words})$", re.IGNORECASE)


_STATED: Final = _about(_STATED_WORDS)
_EXPECTED: Final = _about(_EXPECTED_WORDS)


@dataclass(frozen=True, eq=False, kw_only=True)
class Roles:
    """Which questions ask what.

    Parameters
    ----------
    recommend
        The item of the net promoter score; None without one.
    constructs
        Construct to its items.
    role_of
        Construct to its role: image, expectations, quality, value, satisfaction, trust, loyalty, complaints.
    paths
        (cause, consequence) of the path model.
    stated
        Item to the item that asks how important it is.
    pairs
        Expectation item to the item of the experience.
    is_named
        The constructs were given, not read from names.
    """

    recommend: str | None
    constructs: Mapping[str, tuple[str, ...]]
    role_of: Mapping[str, str]
    paths: tuple[tuple[str, str], ...]
    stated: Mapping[str, str]
    pairs: Mapping[str, str]
    is_named: bool

    def with_role(self, *roles: str) -> list[str]:
        """Constructs that play one of the roles."""
        return [name for name in self.constructs if self.role_of[name] in roles]

    def items_with_role(self, *roles: str) -> list[str]:
        """Their items."""
        return [item for name in self.with_role(*roles) for item in self.constructs[name]]


def assign_roles(
    survey: Survey,
    *,
    recommend: str | None = None,
    constructs: Mapping[str, Sequence[str]] | None = None,
    paths: Sequence[Sequence[str]] | None = None,
    pairs: Mapping[str, str] | None = None,
) -> Roles:
    """What does each question ask?

    Parameters
    ----------
    recommend
        Item of the net promoter score; None looks for a scale from 0 to 10 whose name speaks of recommending.
    constructs
        Construct to its items; None puts items together whose names differ by a number at the end (quality_1,
        quality_2).
    paths
        Pairs (cause, consequence); None takes the order of the customer satisfaction indices among the roles found.
    pairs
        Expectation item to experience item; None reads names (expected_speed, speed).

    Raises
    ------
    ParameterError
        For an item or construct that is not there.
    """
    names = survey.names
    for item in [recommend] if recommend is not None else []:
        _check(item, names, "recommend")
    chosen = recommend if recommend is not None else _find_recommend(survey.items)
    if recommend is not None and not _is_nought_to_ten(survey.items, recommend):
        raise ParameterError(
            f"recommend names {recommend!r}, but the net promoter score is defined on a scale from 0 to 10 only."
        )
    stated = {of: item for item, of in _couples(names, _STATED).items()}
    found_pairs = dict(pairs) if pairs is not None else _couples(names, _EXPECTED)
    for item in [*found_pairs, *found_pairs.values()]:
        _check(item, names, "pairs")
    if constructs is None:
        aside = {chosen, *stated.values(), *(found_pairs if pairs is not None or found_pairs else [])}
        held = _by_stem([name for name in names if name not in aside])
    else:
        held = _given(constructs, names)
    role_of = {name: _role(name) for name in held}
    if chosen is not None and "loyalty" not in role_of.values() and all(chosen not in items for items in held.values()):
        held[chosen], role_of[chosen] = (chosen,), "loyalty"
    leads = _lead(role_of) if paths is None else _given_paths(paths, held)
    return Roles(
        recommend=chosen, constructs=held, role_of=role_of, paths=tuple(leads), stated=stated, pairs=found_pairs,
        is_named=constructs is not None,
    )  # fmt: skip


def _role(name: str) -> str:
    lowered = name.lower()
    role = next((role for role, words in _WORDS.items() if any(word in lowered for word in words)), QUALITY)
    return "loyalty" if role == "recommend" else role


def _find_recommend(items: pd.DataFrame) -> str | None:
    words = _WORDS["recommend"]
    fits = [
        name
        for name in items["item"]
        if any(word in name.lower() for word in words) and _is_nought_to_ten(items, name) and not _STATED.match(name)
    ]
    return fits[0] if fits else None


def _is_nought_to_ten(items: pd.DataFrame, name: str) -> bool:
    row = items.loc[items["item"] == name].iloc[0]
    return bool(row["scale_min"] == 0 and row["scale_max"] == 10)


def _couples(names: Sequence[str], pattern: re.Pattern[str]) -> dict[str, str]:
    """Item to the item it speaks of, where both were asked."""
    found = {}
    for name in names:
        match = pattern.match(name)
        if match is None:
            continue
        of = (match.group("of") or match.group("of2")).lower()
        partner = [other for other in names if other != name and other.lower() in (of, f"experience_{of}")]
        if partner:
            found[name] = partner[0]
    return found


def _by_stem(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        match = _NUMBERED.match(name)
        stem = match.group("stem").rstrip(" _.-") if match else name
        if stem.lower() in _NO_STEMS:
            continue
        groups.setdefault(stem, []).append(name)
    return {stem: tuple(items) for stem, items in groups.items()}


def _given(constructs: Mapping[str, Sequence[str]], names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not constructs:
        raise ParameterError("constructs is empty; leave it out, or write {'quality': ['quality_1', 'quality_2']}.")
    for name, items in constructs.items():
        if isinstance(items, str) or not items:
            raise ParameterError(f"The construct {name!r} needs a list of items, not {items!r}.")
        for item in items:
            _check(item, names, f"constructs[{name!r}]")
    return {name: tuple(items) for name, items in constructs.items()}


def _given_paths(paths: Sequence[Sequence[str]], constructs: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    leads = []
    for path in paths:
        if isinstance(path, str) or len(path) != 2:
            raise ParameterError(f"A path is a pair such as ['quality', 'satisfaction'], not {path!r}.")
        for name in path:
            if name not in constructs:
                raise ParameterError(f"paths names a construct {name!r}. {offer_names(name, constructs)}")
        leads.append((path[0], path[1]))
    return leads


def _lead(role_of: Mapping[str, str]) -> list[tuple[str, str]]:
    held = set(role_of.values())
    steps = [step for step in _LEADS if step[0] in held and step[1] in held]
    if "satisfaction" not in held and "loyalty" in held:
        steps += [(role, "loyalty") for role in ("expectations", QUALITY, "value") if role in held]
    return [
        (cause, result)
        for before, after in steps
        for cause, role in role_of.items()
        if role == before
        for result, other in role_of.items()
        if other == after
    ]


def _check(item: str, names: Sequence[str], where: str) -> None:
    if item not in names:
        raise ParameterError(f"{where} names an item {item!r} that was not asked. {offer_names(item, names)}")
