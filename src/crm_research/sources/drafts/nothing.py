"""Words that stand among numbers or on a scale where nothing was said, such as (skipped) or 跳过."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.ladders import ladder_of
from crm_research.sources.mapping.casting import NULLS, NULLS_OF_VALUES
from crm_research.sources.session import literal, quoted

if TYPE_CHECKING:
    from crm_research.sources.session import Relation, Session

_NOTHING: Final = re.compile(
    (
        r"[(\[（【<]?(skip(ped)?|not? answer(ed)?|no response|unanswered|not applicable|not available|"
        r"unknown|missing|nil|n\.a\.|n/?a|prefer not to (say|answer)|don'?t know|no opinion|null|none|"
        r"k\.? ?a\.?|keine angabe|keine antwort|nicht beantwortet|wei(ß|ss) nicht|unbekannt|entf(ä|ae)llt|"
        r"sans r[ée]ponse|non renseign[ée]|non concern[ée]|ne sait pas|nsp|ns/?nc|sin respuesta|"
        r"no contesta|no sabe|no aplica|no refunds?|not refunded|无退款(申请)?|未退款|нет|"
        r"nicht zutreffend|sans objet|ne s'applique pas|no procede|n[ãa]o se aplica|non applicabile|"
        r"niet van toepassing|n\.?v\.?t\.?|該当なし|해당 ?없음|무응답|"
        r"跳过|未作答|未回答|未填写?|不适用|不清楚|不知道|无|空|暂无|-+|—+|"
        r"\.|\?)[)\]）】>]?"
    ),
    re.IGNORECASE,
)
_MOST_WORDS: Final = 12
_SHARE_OF_VALUES: Final = 0.5
# A day, the year first, last, or without signs between; what stands behind it is a clock.
_CLOCK: Final = r"([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}|AM|PM))?)?"
_DATE: Final = (
    rf"(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](\d{{4}}|\d{{2}})|(19|20)\d{{6}}){_CLOCK}"
)
_NOUGHTS: Final = r"0{4}[-/.]?0{2}[-/.]?0{2}|0{2}[-/.]0{2}[-/.]0{4}"
_NEVER_A_DAY: Final = (
    rf"({_NOUGHTS}|(9999|0001)[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](9999|0001)|(9999|0001)\d{{4}})"
)
# The last days of calendars, and the first ones of programs.
_FAR: Final = r"(2099|2[1-9]\d\d|[3-9]\d{3}|1[78]\d\d|1900)"
_FAR_DAY: Final = rf"{_FAR}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]{_FAR}|{_FAR}1231|19000101"
_NO_DATE: Final = rf"({_NEVER_A_DAY}|{_FAR_DAY}){_CLOCK}"
_SHARE_OF_ONE_DAY: Final = 0.05


def null_words(session: Session, relation: Relation) -> list[str]:
    """Words beyond the usual ones that mean no value, in columns that hold numbers, times or answers otherwise."""
    found: dict[str, None] = {}
    usual: dict[str, None] = {}
    for name, kind in relation.kinds.items():
        if kind != "text":
            continue
        text = f"trim({quoted(name)})"
        found.update(dict.fromkeys(_no_dates(session, relation, text)))
        n, n_values = session.run(
            f"SELECT count(*), count(*) FILTER (WHERE regexp_matches({text}, '\\d')) "
            f"FROM {quoted(relation.name)} WHERE {text} <> ''"
        ).fetchone()
        rows = session.run(
            f"SELECT DISTINCT {text} AS value FROM {quoted(relation.name)} "
            f"WHERE {text} <> '' AND NOT regexp_matches({text}, '\\d') ORDER BY value LIMIT {_MOST_WORDS + 1}"
        ).fetchall()
        words = [row[0] for row in rows]
        said = [word for word in words if _NOTHING.fullmatch(word)]
        if not said or len(words) > _MOST_WORDS:
            continue
        rest = [word for word in words if word not in said]
        # A dash says nothing among words too, such as reasons of those that still run.
        is_among_words = any(word[0].isalpha() for word in rest)
        found.update(dict.fromkeys(word for word in said if is_among_words and not word.strip("-\u2014")))
        # A question that was mostly skipped, and money that seldom went back, hold more of these words than numbers.
        is_skipped = bool(n_values) and _are_numbers(session, relation, text)
        is_values = not rest and (n_values >= _SHARE_OF_VALUES * n or is_skipped)
        is_ladder = not n_values and ladder_of(rest) is not None
        if is_values or is_ladder:
            found.update(dict.fromkeys(word for word in said if word not in NULLS_OF_VALUES))
            usual.update(dict.fromkeys(word for word in said if word in NULLS_OF_VALUES))
    if not found:
        return []
    # What a file says replaces the usual words, so those that it holds are said as well.
    return list(dict.fromkeys([*found, *usual, *_usual_words(session, relation)]))


def _are_numbers(session: Session, relation: Relation, text: str) -> bool:
    """Is all that holds a digit a number, and no text such as 26-30?"""
    (n_others,) = session.run(
        f"SELECT count(*) FROM {quoted(relation.name)} WHERE regexp_matches({text}, '\\d') "
        f"AND NOT regexp_full_match({text}, '[+-]?\\d+([.,]\\d+)?')"
    ).fetchone()
    return not n_others


def _no_dates(session: Session, relation: Relation, text: str) -> list[str]:
    """Dates that programs write for none, among dates: noughts, the years 1 and 9999, and one far day that repeats."""
    rows = session.run(
        f"SELECT {text} AS value, count(*) AS n FROM {quoted(relation.name)} "
        f"WHERE regexp_full_match({text}, '{_NO_DATE}') GROUP BY 1 ORDER BY 1 LIMIT {_MOST_WORDS}"
    ).fetchall()
    if not rows:
        return []
    n_dates, n_others = session.run(
        f"SELECT count(*) FILTER (WHERE regexp_full_match({text}, '{_DATE}')), "
        f"count(*) FILTER (WHERE NOT regexp_full_match({text}, '{_DATE}')) "
        f"FROM {quoted(relation.name)} WHERE {text} <> '' AND NOT regexp_full_match({text}, '{_NO_DATE}')"
    ).fetchone()
    if n_others or not n_dates:
        return []
    n_all = n_dates + sum(n for _, n in rows)
    return [value for value, n in rows if re.match(_NEVER_A_DAY, value) or (n > 1 and n >= _SHARE_OF_ONE_DAY * n_all)]


def _usual_words(session: Session, relation: Relation) -> list[str]:
    texts = [quoted(name) for name, kind in relation.kinds.items() if kind == "text"]
    words = [word for word in NULLS if word]
    asked = ", ".join(
        f"count(*) FILTER (WHERE {' OR '.join(f'trim({name}) = {literal(word)}' for name in texts)})" for word in words
    )
    counts = session.run(f"SELECT {asked} FROM {quoted(relation.name)}").fetchone()
    return [word for word, n in zip(words, counts, strict=True) if n]
