"""Words that stand among numbers or on a scale where nothing was said, such as (skipped) or 跳过."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.ladders import ladder_of
from crm_research.sources.mapping.casting import NULLS_OF_VALUES
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.session import Relation, Session

_NOTHING: Final = re.compile(
    (
        r"[(\[（【<]?(skip(ped)?|not? answer(ed)?|no response|unanswered|not applicable|not available|"
        r"unknown|missing|nil|n\.a\.|n/?a|prefer not to (say|answer)|don'?t know|no opinion|null|none|"
        r"k\.? ?a\.?|keine angabe|keine antwort|nicht beantwortet|wei(ß|ss) nicht|unbekannt|entf(ä|ae)llt|"
        r"sans r[ée]ponse|non renseign[ée]|non concern[ée]|ne sait pas|nsp|ns/?nc|sin respuesta|"
        r"no contesta|no sabe|no aplica|跳过|未作答|未回答|未填写?|不适用|不清楚|不知道|无|空|暂无|-+|—+|"
        r"\.|\?)[)\]）】>]?"
    ),
    re.IGNORECASE,
)
_MOST_WORDS: Final = 12
_SHARE_OF_VALUES: Final = 0.5


def null_words(session: Session, relation: Relation) -> list[str]:
    """Words beyond the usual ones that mean no value, in columns that hold numbers, times or answers otherwise."""
    found: dict[str, None] = {}
    usual: dict[str, None] = {}
    for name, kind in relation.kinds.items():
        if kind != "text":
            continue
        text = f"trim({quoted(name)})"
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
        is_values = not rest and n_values >= _SHARE_OF_VALUES * n
        is_ladder = not n_values and ladder_of(rest) is not None
        if is_values or is_ladder:
            found.update(dict.fromkeys(word for word in said if word not in NULLS_OF_VALUES))
            usual.update(dict.fromkeys(word for word in said if word in NULLS_OF_VALUES))
    return [*found, *usual] if found else []
