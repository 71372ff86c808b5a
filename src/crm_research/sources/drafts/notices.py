"""Asked to stop, and stopped: of the times of a notice and of an end, which is the end, and which ends came about?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.outcomes import is_in
from crm_research.sources.drafts.words import header_words, names_any
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.guessed import TableGuess
    from crm_research.sources.drafts.look import ColumnLook
    from crm_research.sources.session import Session

_ASKED: Final = (
    "canceled", "cancelled", "cancel", "cancellation", "notice", "requested", "kuendigung", "kuendigungsdatum",
    "kuendigungseingang", "gekuendigt am", "demande de resiliation", "solicitud de baja", "opzegdatum", "opgezegd op",
    "disdetta", "wypowiedzenia", "退订", "申请", "解約申込",
)  # fmt: skip
_ENDED: Final = (
    "ended", "end", "ends", "expires", "expired", "expiry", "expiration", "terminated", "termination", "terminates",
    "churned", "deactivated", "effective", "vertragsende", "ende", "enddatum", "gekuendigt zum", "kuendigung zum",
    "austritt", "austrittsdatum", "fin", "date fin", "date de fin", "fecha fin", "fecha de fin", "einddatum",
    "data fine", "koniec", "zakonczenia", "终止", "结束", "到期", "契約終了日", "終了日",
)  # fmt: skip
_PERIODS: Final = ("period", "term", "trial")


def end_after_notice(
    session: Session, guess: TableGuess, ends: list[ColumnLook], times: dict[str, str], is_over: str | None
) -> ColumnLook | None:
    """The column of when contracts ended, where another says when that was asked for; None where none does so.

    `times` holds the SQL of each column's time. A date that contracts run to, whether or not anybody asked, is no end
    that came about: such a column stands in rows that are neither over nor asked to stop.
    """
    asked = [one for one in guess.look.columns.values() if one.name in times and names_any(one.name, _ASKED)]
    ended = [one for one in ends if _names_end(one)]
    for notice in asked:
        for end in ended:
            if end is notice or (names_any(notice.name, _ENDED) and not names_any(notice.name, ("kuendigungsdatum",))):
                continue
            at, until = times[notice.name], times[end.name]
            over = f" OR {is_over}" if is_over else f" OR {until} <= (SELECT max({at}) FROM {_rows(guess)})"
            n_both, n_before, n_later, n_agreed = session.run(
                f"SELECT count(*) FILTER (WHERE {at} IS NOT NULL AND {until} IS NOT NULL), "
                f"count(*) FILTER (WHERE {until} < date_trunc('day', {at})), count(*) FILTER (WHERE {until} > {at}), "
                f"count(*) FILTER (WHERE {until} IS NOT NULL AND {at} IS NULL AND NOT (FALSE{over})) "
                f"FROM {_rows(guess)}"
            ).fetchone()
            if n_both and n_later and not n_before and not n_agreed:
                return end
    return None


def _names_end(column: ColumnLook) -> bool:
    is_asked = names_any(column.name, _ASKED) and not names_any(column.name, ("kuendigung zum", "gekuendigt zum"))
    return names_any(column.name, _ENDED) and not is_asked and not set(header_words(column.name)) & set(_PERIODS)


def _rows(guess: TableGuess) -> str:
    return quoted(guess.look.relation.name)


def still_to_come(
    session: Session, guess: TableGuess, end: ColumnLook, times: dict[str, str], status: tuple[ColumnLook, list[str]]
) -> list[str]:
    """Words of a status that speak of an end, although all their ends lie after all that the file says came about."""
    column, over = status
    past = [times[name] for name in times if name != end.name and _came_about(name)]
    if len(over) < 2 or not past:
        return []
    latest = f"(SELECT greatest({', '.join(f'max({time})' for time in past)}) FROM {_rows(guess)})"
    said, until = f"trim({quoted(column.name)})", times[end.name]
    found = session.run(
        f"SELECT {said}, min({until}), max({until}), min({until}) > {latest} AND count({until}) = count(*) "
        f"FROM {_rows(guess)} WHERE {is_in(said, over)} GROUP BY 1"
    ).fetchall()
    planned = [
        value
        for value, first, _, is_late in found
        # Later than the ends of all others too: an export may be of long after the last notice.
        if is_late and all(last is None or last < first for other, _, last, _ in found if other != value)
    ]
    return planned if len(planned) < len(over) else []


def _came_about(name: str) -> bool:
    words = set(header_words(name))
    is_start = bool(words & {"start", "started", "begin", "began", "since"})
    return (is_start or not words & set(_PERIODS)) and not names_any(name, (*_ENDED, "next", "renewal", "due"))
