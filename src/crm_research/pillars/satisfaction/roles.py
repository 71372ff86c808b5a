"""What each question stands for, read from its name or as the user says: no study file has to be written twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.features.answers import Survey
from crm_research.show.shown import Shown

# Words that names hold, by role; the first role that fits counts. What customers would do comes first, so that
# brand_loyalty is no image; then the order of the customer satisfaction indices (ACSI, ECSI).
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "defection": ("defection", "churn", "wechselab", "wechselbereit", "anbieterwechsel", "abwander", "kündig", "流失"),
    "recommend": ("recommend", "nps", "promoter", "word of mouth", "empfehl", "推荐"),
    "loyalty": (
        "loyal", "attitude", "retention", "repurchase", "rebuy", "revisit", "repatron", "intent",
        *(f"{verb} again" for verb in ("buy", "purchase", "order", "shop", "use", "choose", "come", "visit", "book")),
        "wiederkauf", "treue", "忠诚", "态度", "复购", "回购", "再次购买", "续约", "续费",
    ),
    "image": ("image", "brand", "reputation", "形象", "品牌"),
    "expectations": ("expect", "erwart", "期望"),
    "value": ("value", "price", "worth", "wert", "价值", "价格"),
    "complaints": ("complain", "beschwerde", "抱怨", "投诉"),
    "satisfaction": ("satisf", "csat", "zufried", "满意"),
    "trust": ("trust", "commit", "vertrau", "信任", "承诺"),
}  # fmt: skip
# Short forms that would be found inside other words, so they must stand alone in the name.
_SHORT: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    "defection": (
        frozenset({"switch"}), frozenset({"switching"}), frozenset({"leave"}), frozenset({"leaving"}),
        frozenset({"wechsel"}), frozenset({"wechseln"}),
    ),
    "loyalty": (frozenset({"loy"}), frozenset({"renew"})),
    "recommend": (frozenset({"wom"}),),
    "satisfaction": (
        frozenset({"osat"}), frozenset({"sat", "overall"}), frozenset({"sat", "total"}), frozenset({"sat", "general"}),
    ),
}  # fmt: skip
# What a firm offers, though its name speaks of loyalty or change.
_OFFERED: Final = re.compile(
    r"(loyalty|loy|treue) ?(program|scheme|card|club|point|bonus|reward|karte)|switching (cost|barrier)"
)
QUALITY: Final = "quality"  # what is none of the others is taken for something that makes customers satisfied
_LEADS: Final = (
    ("image", "expectations"), ("image", "satisfaction"), ("image", "loyalty"), ("expectations", QUALITY),
    ("expectations", "value"), ("expectations", "satisfaction"), (QUALITY, "value"), (QUALITY, "satisfaction"),
    ("value", "satisfaction"), ("satisfaction", "complaints"), ("satisfaction", "trust"), ("satisfaction", "loyalty"),
    ("trust", "loyalty"), ("complaints", "loyalty"),
)  # fmt: skip
OUTCOMES: Final = ("satisfaction", "trust", "loyalty", "complaints", "recommend", "defection")
_NUMBERED: Final = re.compile(r"^(?P<stem>.*?)[\s_.\-]*\d+[a-z]?$", re.IGNORECASE)
_NO_STEMS: Final = ("", "q", "item", "question", "frage", "f", "v", "var", "x", "问题", "题", "第")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NO_WORD: Final = re.compile(r"[\W_]+")
_STATED_WORDS: Final = "importance|imp|wichtigkeit|重要性"
_EXPECTED_WORDS: Final = "expectations?|expected|expect|erwartung|期望"


def _about(words: str) -> re.Pattern[str]:
    """A name that begins or ends with one of the words and says in between what it is about."""
    return re.compile(rf"^(?:{words})[\s_.\-]+(?P<of>.+)$|^(?P<of2>.+?)[\s_.\-]+(?:{words})$", re.IGNORECASE)


_STATED: Final = _about(_STATED_WORDS)
_EXPECTED: Final = _about(_EXPECTED_WORDS)


@dataclass(frozen=True, eq=False, kw_only=True)
class Roles(Shown):
    """Which questions ask what.

    Parameters
    ----------
    recommend
        The item of the net promoter score; None without one.
    constructs
        Construct to its items.
    role_of
        Construct to its role: image, expectations, quality, value, satisfaction, trust, loyalty, complaints, or
        defection (switching, leaving: an outcome that runs against loyalty, so it is in no path and no mean of it).
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
    spaced = _NO_WORD.sub(" ", _HUMP.sub(" ", name).lower()).strip()
    forms, alone = (name.lower(), spaced), set(spaced.split())
    if _OFFERED.search(spaced):
        return QUALITY
    role = next((role for role, words in _SHORT.items() if any(word <= alone for word in words)), None) or next(
        (role for role, words in _WORDS.items() if any(word in form for form in forms for word in words)), QUALITY
    )
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
