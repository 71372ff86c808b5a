"""From the columns found to contracts: when each began and ended, whether dates and status agree, and its fee."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.attributes import without_the_end
from crm_research.sources.drafts.events import read_ending
from crm_research.sources.drafts.fees import set_fee
from crm_research.sources.drafts.guessed import Guess, TableGuess, put_in_place, put_last
from crm_research.sources.drafts.notices import end_after_notice, still_to_come
from crm_research.sources.drafts.outcomes import is_in, status_columns
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import BEGINS, best_score, name_score, names_any, rank
from crm_research.sources.session import quoted
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook
    from crm_research.sources.session import Session

_OVER: Final = re.compile(
    r"^(?!.*(not?[ _-]|non[ _-]|un)(cancel|expir|renew)).*(cancel|expired|ended|terminat|laps|clos|"
    r"churn|inactiv|left|surrender|matured|stopp|deactiv|disconnect|beendet|gekuendigt|gekündigt|"
    r"abgelaufen|inaktiv|ausgetreten|storn|resili|résili|anulad|cancelad|cerrad|baja|vencid|终止|退保|"
    r"失效|注销|离网|流失|解约|已到期|停用|关闭|销户|退订|расторг|отключ|закрыт|прекращ|перестал)"
)
_NEVER: Final = re.compile(
    r"incomplete_expired|^draft$|^void|never started|not taken up|entwurf|brouillon|borrador|未生效|作废|草稿"
)
_CREATED: Final = ("created", "created at", "created date", "created on", "creation date", "signup date")
# A record is created when someone types it in, which need not be when what it tells of began.
_CREATION: Final = (
    "created", "creation", "create", "creating", "entered", "record", "erstellt", "erstellung", "erstelldatum",
    "erstellungsdatum", "angelegt", "anlagedatum", "anlage", "erfasst", "erfassungsdatum", "cree", "creee",
    "creado", "creada", "creacion", "creato", "creata", "creazione", "criado", "criada", "criacao",
    "aangemaakt", "aanmaakdatum", "utworzono", "utworzenia", "oprettet", "skapad", "создан", "создана", "создано",
    "создания", "创建", "建档", "录入", "作成", "생성",
)  # fmt: skip
_PERIODS: Final = ("current period", "current term", "trial", "billing period")
_FLAGS: Final = (
    "churn",
    "churned",
    "churn label",
    "churn flag",
    "churn value",
    "is churned",
    "exited",
    "attrition",
    "left",
    "流失",
    "是否流失",
    "gekuendigt",
)
_NAMED: Final = 0.4
_AGREES: Final = 0.9


def shape_contracts(session: Session, guess: TableGuess) -> None:
    """Choose the beginning, the end, the fee and the attributes of contracts, by their names and by how they agree."""
    _set_start(session, guess)
    _ask_of_creation(guess)
    ended = _set_end(session, guess)
    _leave_out_never_begun(guess)
    set_fee(guess)
    guess.attributes = without_the_end(session, guess, ended)


def _time(guess: TableGuess, column: ColumnLook) -> str:
    """SQL of the time in a column, as the study file would read it."""
    return guess.look.read_in_sql(column.name, "timestamp", formats=column.written or None)


def _set_start(session: Session, guess: TableGuess) -> None:
    """In systems that bill by periods, the start moves with a change of plan, and the day of creation does not."""
    start = guess.column_of("started_at")
    if start is None or not any(names_any(name, _PERIODS) for name in guess.look.columns):
        return
    for name, column in guess.look.columns.items():
        if name == start.name or not column.is_time or column.n < column.n_rows or best_score(name, _CREATED) < _NAMED:
            continue
        created, begun = _time(guess, column), _time(guess, start)
        n_after, n_before = session.run(
            f"SELECT count(*) FILTER (WHERE {created} > {begun}), count(*) FILTER (WHERE {created} < {begun}) "
            f"FROM {quoted(guess.look.relation.name)}"
        ).fetchone()
        if n_before and not n_after:
            guess.used["started_at"] = name
            why = f"the earliest; {start.name} is later in {say_count(n_before, 'row')}, as after a change of plan"
            put_last(guess, Guess(key="started_at", value=name, why=why, is_unsure=True))
            return


def _ask_of_creation(guess: TableGuess) -> None:
    """Where only the creation of its record tells when a contract began, the user is asked whether it does."""
    line = next((line for line in guess.columns if line.key == "started_at"), None)
    start = guess.column_of("started_at")
    if line is None or start is None or line.value != start.name or not _is_of_creation(start.name):
        return
    begun = [
        column
        for name, column in guess.look.columns.items()
        if column.is_time
        and not _is_of_creation(name)
        and name_score(name, "started_at") >= max(_NAMED, name_score(name, "ended_at"))
    ]
    if any(column.n == column.n_rows for column in begun):
        return  # the two were compared
    said = [f"{column.name} says when it began in {column.n:,} of {column.n_rows:,} rows" for column in begun]
    other = f"; {' and '.join(said)}" if said else ", and no other column says when it began"
    why = f"{line.why}; did each contract begin when its record was created? This is the day of its creation{other}"
    put_in_place(guess, replace(line, why=why, is_unsure=True))


def _is_of_creation(header: str) -> bool:
    return names_any(header, _CREATION) and not names_any(header, BEGINS)


def _over_values(column: ColumnLook) -> list[str]:
    return [
        value
        for value in column.values
        if _OVER.search(value.strip().lower()) and not _NEVER.search(value.strip().lower())
    ]


def _status(guess: TableGuess) -> tuple[ColumnLook, list[str]] | None:
    """The column that tells which contracts are over, with the values that say so."""
    for column in status_columns(guess.look):
        over = _over_values(column)
        if over and column.name not in {guess.used.get("plan"), guess.used.get("end_reason")} and not column.is_number:
            return column, over
    return None


@dataclass(frozen=True, kw_only=True)
class _End:
    """The column of ends, why it was taken, and which words of a status agree with it, in what share of the rows."""

    column: ColumnLook
    why: str
    has_others: bool
    is_narrowed: bool
    share: float
    status: tuple[ColumnLook, list[str]] | None
    is_over: str | None

    def of_those_over(self, otherwise: str = "") -> dict[str, object]:
        """The end of those that the status calls over; of all that have one, where `otherwise` is one of the rest."""
        column, over = self.status or (self.column, [])
        condition, name = is_in(name_in_sql(column.name), over), name_in_sql(self.column.name)
        case = f"case when {condition} then {name_in_sql(otherwise) if otherwise else name} end"
        return {"expr": f"coalesce({name}, {case})" if otherwise else case, **self.column.format_key}


def _set_end(session: Session, guess: TableGuess) -> str:
    """The end that agrees best with the status. Returns SQL of the study's engine that is true of rows that ended."""
    status = _status(guess)
    candidates = [
        column
        for name, column in guess.look.columns.items()
        if column.is_time and name != guess.used.get("started_at") and name_score(name, "ended_at") >= _NAMED
    ]
    if not candidates:
        guess.used.pop("ended_at", None)
        return _end_by_flag(guess, status)
    chosen = _choose_end(session, guess, candidates, status)
    guess.used["ended_at"] = chosen.column.name
    if chosen.status is None or chosen.is_over is None:
        return _put_end(guess, chosen, chosen.why)
    return _end_by_status(session, guess, chosen, *chosen.status, chosen.is_over)


def _choose_end(
    session: Session, guess: TableGuess, candidates: list[ColumnLook], status: tuple[ColumnLook, list[str]] | None
) -> _End:
    """Of times named like an end, that which the status agrees with best, and never when the end was asked for."""
    is_over = _says_over(status) if status else None
    judged = [(_agreement(session, guess, column, is_over), column) for column in candidates]
    share, end = max(
        judged, key=lambda one: (round(one[0], 1), name_score(one[1].name, "ended_at"), -rank(one[1].name, "ended_at"))
    )
    times = {name: _time(guess, column) for name, column in guess.look.columns.items() if column.is_time}
    later = end_after_notice(session, guess, [*candidates, *_late_ends(guess)], times, is_over)
    end = later or end
    waiting = still_to_come(session, guess, end, times, status) if status is not None else []
    if status is not None and waiting:
        status = status[0], [value for value in status[1] if value not in waiting]
        is_over = _says_over(status)
    named = "named so" if name_score(end.name, "ended_at") >= 0.95 else "named much like it"
    why = f"{named}; {end.n:,} of {end.n_rows:,} {word_for(end.n, 'has', 'have')} one"
    others = [column.name for _, column in judged if column is not end]
    why += f"; rather than {', '.join(others)}" if others else ""
    why += ", which says when it was asked for" if later and others else ""
    why += (
        f"; {' and '.join(waiting)} "
        f"{word_for(len(waiting), 'is asked to stop and still runs', 'are asked to stop and still run')}"
        if waiting
        else ""
    )
    share = _agreement(session, guess, end, is_over) if later or waiting else share
    return _End(
        column=end,
        why=why,
        has_others=bool(others),
        is_narrowed=bool(waiting),
        share=share,
        status=status,
        is_over=is_over,
    )


def _end_by_status(
    session: Session, guess: TableGuess, chosen: _End, column: ColumnLook, over: list[str], is_over: str
) -> str:
    """The end where a status says who is over too: ends that all have, that are to come, or that some lack."""
    end, why = chosen.column, chosen.why
    if chosen.share < _AGREES and end.n < end.n_rows and not chosen.is_narrowed:
        return _put_end(guess, chosen, f"{why}; {column.name} says otherwise in {1 - chosen.share:.0%} of the rows")
    n_open = _without_end(session, guess, end, is_over)
    other = _end_of_those(session, guess, end, is_over) if n_open else None
    are = word_for(len(over), "is", "are")
    if chosen.share < _AGREES and end.n == end.n_rows:
        why = f"each row has {end.name}; only {' and '.join(over)} in {column.name} {are} taken as ended"
    elif _is_only_planned(session, guess, end, is_over):
        why += f"; only {' and '.join(over)} in {column.name} {are} taken as ended, other ends are still to come"
    elif other is not None:
        why += f"; {n_open:,} that {word_for(n_open, 'is', 'are')} over without one ended at {other.name}"
    elif n_open:
        why += f"; {n_open:,} that {column.name} calls {' or '.join(over)} "
        why += f"{word_for(n_open, 'has none and counts', 'have none and count')} as running"
        return _put_end(guess, chosen, why, is_unsure=True)
    else:
        return _put_end(guess, chosen, why)
    value = chosen.of_those_over(other.name if other is not None else "")
    put_last(guess, Guess(key="ended_at", value=value, why=why, is_unsure=True))
    _set_latest_end(session, guess, end, is_over)
    return is_over


def _put_end(guess: TableGuess, chosen: _End, why: str, *, is_unsure: bool = False) -> str:
    """The end as it stands. Returns SQL that is true of the rows that have one."""
    end = chosen.column
    is_planned = end.n == end.n_rows and chosen.status is None
    if is_planned:
        why += "; are these ends that came, or ends that are only agreed?"
    is_unsure = is_unsure or chosen.has_others or is_planned or "otherwise" in why
    is_unsure = is_unsure or name_score(end.name, "ended_at") < 0.75
    put_last(guess, Guess(key="ended_at", value=end.name, why=why, is_unsure=is_unsure))
    return f"({_time(guess, end)}) IS NOT NULL"


def _says_over(status: tuple[ColumnLook, list[str]]) -> str:
    return f"coalesce({is_in(f'trim({quoted(status[0].name)})', status[1])}, FALSE)"


def _late_ends(guess: TableGuess) -> list[ColumnLook]:
    """Times that are named like an end with other words beside, such as expires_at_utc or Gekündigt zum."""
    return [
        column
        for name, column in guess.look.columns.items()
        if column.is_time and name != guess.used.get("started_at") and 0 < name_score(name, "ended_at") < _NAMED
    ]


def _without_end(session: Session, guess: TableGuess, end: ColumnLook, is_over: str) -> int:
    sql = f"SELECT count(*) FROM {quoted(guess.look.relation.name)} WHERE {is_over} AND ({_time(guess, end)}) IS NULL"
    return int(session.run(sql).fetchone()[0])


def _end_of_those(session: Session, guess: TableGuess, end: ColumnLook, is_over: str) -> ColumnLook | None:
    """Another end, written in the same way, that all that are over without one have: the end of their term."""
    for name, column in guess.look.columns.items():
        if column is end or not column.is_time or column.written != end.written or not names_any(name, _TERM_ENDS):
            continue
        (n_without,) = session.run(
            f"SELECT count(*) FROM {quoted(guess.look.relation.name)} WHERE {is_over} "
            f"AND ({_time(guess, end)}) IS NULL AND ({_time(guess, column)}) IS NULL"
        ).fetchone()
        if not n_without:
            return column
    return None


_TERM_ENDS: Final = ("end", "ends", "expires", "expiry", "expired", "expiration", "ende", "enddatum", "fin", "到期")


def _set_latest_end(session: Session, guess: TableGuess, end: ColumnLook, is_over: str) -> None:
    """The last end that came: those still to come say nothing of how far the records reach."""
    (latest,) = session.run(
        f"SELECT max({_time(guess, end)}) FILTER (WHERE {is_over}) FROM {quoted(guess.look.relation.name)}"
    ).fetchone()
    if latest is not None:
        guess.latest["ended_at"] = latest


def _is_only_planned(session: Session, guess: TableGuess, end: ColumnLook, is_over: str) -> bool:
    """Do all that are over have an end, and some that are not over one too, as after a notice?"""
    has_end = f"({_time(guess, end)}) IS NOT NULL"
    n_planned, n_without = session.run(
        f"SELECT count(*) FILTER (WHERE {has_end} AND NOT {is_over}), "
        f"count(*) FILTER (WHERE {is_over} AND NOT {has_end}) "
        f"FROM {quoted(guess.look.relation.name)}"
    ).fetchone()
    return n_planned > 0 and not n_without


def _agreement(session: Session, guess: TableGuess, column: ColumnLook, is_over: str | None) -> float:
    """The share of rows in which a date stands exactly where the status says that the contract is over."""
    if is_over is None:
        return 1.0 if 0 < column.n < column.n_rows else 0.5
    (share,) = session.run(
        f"SELECT avg(((({_time(guess, column)}) IS NOT NULL) = ({is_over}))::INT) "
        f"FROM {quoted(guess.look.relation.name)}"
    ).fetchone()
    return float(share or 0)


def _end_by_flag(guess: TableGuess, status: tuple[ColumnLook, list[str]] | None) -> str:
    """Who left is told by a flag or a status, and not when: the end lies somewhere before as_of."""
    ending = None
    for name, column in guess.look.columns.items():
        if best_score(name, _FLAGS) >= _NAMED and name_score(name, "churn") > 0:
            ending = ending or read_ending(column)
    if ending is not None:
        name, condition = ending.column, ending.condition(name_in_sql(ending.column))
        read = guess.look.read_in_sql(name, "float64") if ending.is_number else f"trim({quoted(name)})"
        sql = ending.condition(f"({read})")
    elif status is not None:
        name, condition = status[0].name, is_in(name_in_sql(status[0].name), status[1])
        sql = is_in(f"trim({quoted(name)})", status[1])
    else:
        return ""
    guess.used["churn"] = name
    why = f"{name} says who left, and nothing says when; put at as_of. Write the column of the date if there is one"
    caveat = (
        f"{name} says which contracts ended, and not when: their ends are put at as_of, so lengths and curves are "
        "too long. Only the share that ended is known."
    )
    put_last(
        guess,
        Guess(
            key="ended_at",
            value={"expr": f"case when {condition} then as_of end"},
            why=why,
            is_unsure=True,
            caveat=caveat,
        ),
    )
    return sql


def _leave_out_never_begun(guess: TableGuess) -> None:
    for column in status_columns(guess.look):
        never = [value for value in column.values if _NEVER.search(value.strip().lower())]
        if never and len(never) < len(column.values):
            condition = is_in(name_in_sql(column.name), never)
            why = f"{' and '.join(never)} in {column.name}: contracts that never began?"
            guess.keys.append(Guess(key="where", value=f"({condition}) is not true", why=why, is_unsure=True))
            return
