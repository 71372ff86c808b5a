"""From the columns found to contracts: when each began and ended, whether dates and status agree, and its fee."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.attributes import without_the_end
from crm_research.sources.drafts.events import read_ending
from crm_research.sources.drafts.guessed import Guess, TableGuess
from crm_research.sources.drafts.intervals import is_paid_once, months_of
from crm_research.sources.drafts.outcomes import is_in, status_columns
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import best_score, name_score, names_any, rank
from crm_research.sources.session import quoted

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
_YEARLY: Final = (
    "annual", "annually", "yearly", "year", "per year", "per annum", "pa", "jahresbeitrag", "jahrespraemie",
    "jaehrlich", "annuel", "annuelle", "anual", "年缴", "年费", "年保费",
)  # fmt: skip
_PART_YEARLY: Final = (
    (
        3,
        (
            "quarterly",
            "per quarter",
            "quartalsbeitrag",
            "vierteljaehrlich",
            "trimestriel",
            "trimestral",
            "季缴",
            "季费",
        ),
    ),
    (6, ("half yearly", "semi annual", "halbjaehrlich", "halbjahresbeitrag", "semestriel", "semestral", "半年缴")),
)
_INTERVALS: Final = (
    "interval", "billing interval", "billing period", "billing cycle", "billing frequency", "payment frequency",
    "plan interval", "billing period unit", "interval count", "interval unit", "plan period", "period unit",
    "payment interval", "payment mode", "premium mode",
    "premium frequency", "mode of payment", "frequency", "billing term", "term unit", "recurrence", "paid", "duration",
    "zahlungsweise", "zahlweise", "zahlungsintervall", "zahlungsrhythmus", "abrechnungszeitraum", "turnus",
    "periodicite", "fractionnement", "periodicidad", "frequence", "frecuencia", "periodiciteit", "betaaltermijn",
    "缴费方式", "缴费频率", "付款周期", "计费周期", "缴费周期", "периодичность",
)  # fmt: skip
_NAMED: Final = 0.4
_AGREES: Final = 0.9


def shape_contracts(session: Session, guess: TableGuess) -> None:
    """Choose the beginning, the end, the fee and the attributes of contracts, by their names and by how they agree."""
    _set_start(session, guess)
    ended = _set_end(session, guess)
    _leave_out_never_begun(guess)
    _set_fee(guess)
    _count_pieces(guess)
    guess.attributes = without_the_end(session, guess, ended)


def _put(guess: TableGuess, line: Guess) -> None:
    guess.columns[:] = [*(other for other in guess.columns if other.key != line.key), line]


def _time(guess: TableGuess, column: ColumnLook) -> str:
    """SQL of the time in a column, as the study file would read it."""
    formats = list(column.formats[:1]) or None
    kind = guess.look.relation.kinds[column.name]
    return guess.look.reading.cast(quoted(column.name), kind, "timestamp", formats=formats).value


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
            why = f"the earliest; {start.name} is later in {n_before:,} rows, as after a change of plan"
            _put(guess, Guess(key="started_at", value=name, why=why, is_unsure=True))
            return


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


def _set_end(session: Session, guess: TableGuess) -> str:
    """The end that agrees best with the status. Returns SQL of the study's engine that is true of rows that ended."""
    status = _status(guess)
    is_over = f"coalesce({is_in(f'trim({quoted(status[0].name)})', status[1])}, FALSE)" if status else None
    candidates = [
        column
        for name, column in guess.look.columns.items()
        if column.is_time and name != guess.used.get("started_at") and name_score(name, "ended_at") >= _NAMED
    ]
    if not candidates:
        guess.used.pop("ended_at", None)
        return _end_by_flag(guess, status)
    judged = [(_agreement(session, guess, column, is_over), column) for column in candidates]
    share, end = max(
        judged, key=lambda one: (round(one[0], 1), name_score(one[1].name, "ended_at"), -rank(one[1].name, "ended_at"))
    )
    guess.used["ended_at"] = end.name
    sql = f"({_time(guess, end)}) IS NOT NULL"
    named = "named so" if name_score(end.name, "ended_at") >= 0.95 else "named much like it"
    why = f"{named}; {end.n:,} of {end.n_rows:,} have one"
    others = [column.name for _, column in judged if column is not end]
    if others:
        why += f"; rather than {', '.join(others)}"
    if status is not None and share < _AGREES:
        column, over = status
        condition = is_in(name_in_sql(column.name), over)
        if end.n == end.n_rows:
            value = {"expr": f"case when {condition} then {name_in_sql(end.name)} end"}
            value |= {"format": end.formats[0]} if end.formats else {}
            why = f"each row has {end.name}; only {' and '.join(over)} in {column.name} are taken as ended"
            _put(guess, Guess(key="ended_at", value=value, why=why, is_unsure=True))
            _set_latest_end(session, guess, end, str(is_over))
            return str(is_over)
        why += f"; {column.name} says otherwise in {1 - share:.0%} of the rows"
    elif status is not None and is_over is not None and _is_only_planned(session, guess, end, is_over):
        column, over = status
        condition = is_in(name_in_sql(column.name), over)
        value = {"expr": f"case when {condition} then {name_in_sql(end.name)} end"}
        value |= {"format": end.formats[0]} if end.formats else {}
        why += f"; only {' and '.join(over)} in {column.name} are taken as ended, other ends are still to come"
        _put(guess, Guess(key="ended_at", value=value, why=why, is_unsure=True))
        _set_latest_end(session, guess, end, is_over)
        return is_over
    is_planned = end.n == end.n_rows and status is None
    if is_planned:
        why += "; are these ends that came, or ends that are only agreed?"
    is_unsure = bool(others) or is_planned or "otherwise" in why or name_score(end.name, "ended_at") < 0.75
    _put(guess, Guess(key="ended_at", value=end.name, why=why, is_unsure=is_unsure))
    return sql


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
        raw, kind = quoted(name), guess.look.relation.kinds[name]
        read = guess.look.reading.cast(raw, kind, "float64").value if ending.is_number else f"trim({raw})"
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
    _put(
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


def _set_fee(guess: TableGuess) -> None:
    """A fee is money a month: a year's premium is parted by twelve, one of mixed intervals by its own."""
    line = next((line for line in guess.columns if line.key == "fee"), None)
    fee = guess.column_of("fee")
    if line is None or fee is None:
        return
    name = name_in_sql(fee.name)
    parts = (
        12 if names_any(fee.name, _YEARLY) else next((n for n, said in _PART_YEARLY if names_any(fee.name, said)), 1)
    )
    named = [one for one in guess.look.columns.values() if one is not fee and best_score(one.name, _INTERVALS) >= 0.75]
    interval = next((one for one in named if not one.is_number), next(iter(named), None))
    count = next((one for one in named if one.is_whole and one is not interval and one.high > 1), None)
    if parts > 1:
        why = f"{line.why}; {'a year' if parts == 12 else f'{parts} months'}'s money, as money a month"
        by_month = {"column": fee.name, "scale": round(1 / parts, 13)}
        _put(guess, replace(line, value=by_month, why=why, is_unsure=True))
    elif interval is not None and interval.is_number and _counts_months(guess, interval):
        value = {"expr": f"{name} / nullif({name_in_sql(interval.name)}, 0)"}
        why = f"{line.why}; {interval.name} says for how many months it is paid"
        _put(guess, replace(line, value=value, why=why, is_unsure=True))
    elif interval is not None and not interval.is_number and not interval.is_time:
        name = name if count is None else f"{name} / nullif({name_in_sql(count.name)}, 0)"
        _part_by(guess, line, name, interval, must_know=True, count=count)
    elif (plan := guess.column_of("plan")) is not None and not plan.is_number:
        _part_by(guess, line, name, plan, must_know=False)


def _count_pieces(guess: TableGuess) -> None:
    """Plans sold by the seat say the price of one, and how many there are beside it."""
    line = next((line for line in guess.columns if line.key == "fee"), None)
    pieces = next(
        (one for name, one in guess.look.columns.items() if one.is_whole and best_score(name, _PIECES) >= _AGREES), None
    )
    if line is None or pieces is None or pieces.low < 1 or pieces.high < 2 or pieces.n < pieces.n_rows:
        return
    said = line.value if isinstance(line.value, dict) else {"column": line.value}
    one = f"({said['expr']})" if "expr" in said else name_in_sql(str(said["column"]))
    scale = f" * {said['scale']}" if "scale" in said else ""
    value = {"expr": f"{one}{scale} * {name_in_sql(pieces.name)}"}
    why = f"{line.why}; times {pieces.name}: is it the price of one, or of all?"
    _put(guess, replace(line, value=value, why=why, is_unsure=True))


_PIECES: Final = ("quantity", "qty", "seats", "licenses", "plan quantity", "number of seats", "anzahl lizenzen")


def _counts_months(guess: TableGuess, interval: ColumnLook) -> bool:
    said = [interval.name, *guess.look.options.get("signs", [])]
    return any(names_any(word, ("month", "months", "monate", "mois", "meses")) for word in said)


def _part_by(
    guess: TableGuess, line: Guess, name: str, interval: ColumnLook, *, must_know: bool, count: ColumnLook | None = None
) -> None:
    """Part a fee by the months that words say; those of a plan's name only where some say more than a month."""
    found = {value: months_of(value) for value in interval.values}
    known = {value: months for value, months in found.items() if months is not None}
    unknown = [value for value in found if value not in known and not is_paid_once(value)]
    if must_know and (unknown or not known):
        why = f"{line.why}; how often it is paid stands in {interval.name}, in words that are not known: {unknown[:4]}"
        _put(guess, replace(line, why=f"{why}; write it as money a month", is_unsure=True))
        return
    if not must_know and not any(months > 1 for months in known.values()):
        return
    column = name_in_sql(interval.name)
    cases = " ".join(
        f"when {column} = '{value.replace(chr(39), chr(39) * 2)}' then {name} / {months:g}"
        for value, months in known.items()
        if must_know or months != 1
    )
    if must_know:
        why = f"{line.why}; {interval.name} says how often it is paid"
        is_monthly = len(known) == len(found) and set(known.values()) == {1} and count is None
        value = line.value if is_monthly else {"expr": f"case {cases} end"}
    else:
        why = f"{line.why}; {interval.name} speaks of longer intervals: is the fee of these for the whole of one?"
        value = {"expr": f"case {cases} else {name} end"}
    _put(guess, replace(line, value=value, why=why, is_unsure=True))
