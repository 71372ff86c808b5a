"""From a column of money to a fee a month: how often it is paid, and for how many pieces."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess, TableGuess, put_in_place
from crm_research.sources.drafts.intervals import is_paid_once, months_of
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import best_score, header_words, names_any

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook

_YEARLY: Final = (
    "annual", "annually", "yearly", "year", "per year", "per annum", "pa", "jahresbeitrag", "jahrespraemie",
    "jaehrlich", "annuel", "annuelle", "anual", "annuale",
    "jahresgebuehr", "jahrespreis", "jahresentgelt", "roczna", "arr", "acv", "年缴", "年费", "年保费",
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
            "trimestrielle",
            "trimestrale",
            "quartalsgebuehr",
            "quartalspreis",
            "kwartalna",
            "per kwartaal",
            "季缴",
            "季费",
        ),
    ),
    (
        6,
        (
            "half yearly",
            "semi annual",
            "halbjaehrlich",
            "halbjahresbeitrag",
            "semestriel",
            "semestrielle",
            "semestral",
            "semestrale",
            "半年缴",
        ),
    ),
)
_MONTHLY: Final = (
    "monthly", "month", "mrr", "monatsbeitrag",
    "monatsgebuehr", "monatlich", "monat", "mtl", "mensuel", "mensuelle", "mensual",
    "mensile", "maandelijks", "maandbedrag", "miesieczna", "月费", "月租", "月缴", "月額", "月会費",
)  # fmt: skip
_INTERVALS: Final = (
    "interval", "billing interval", "billing period", "billing cycle", "billing frequency", "payment frequency",
    "plan interval", "billing period unit", "interval count", "interval unit", "plan period", "period unit",
    "payment interval", "payment mode", "premium mode",
    "premium frequency", "mode of payment", "frequency", "billing term", "term unit", "recurrence", "paid", "duration",
    "zahlungsweise", "zahlweise", "zahlungsintervall", "zahlungsrhythmus", "abrechnungszeitraum", "turnus",
    "periodicite", "fractionnement", "periodicidad", "frequence", "frecuencia", "periodiciteit", "betaaltermijn",
    "缴费方式", "缴费频率", "付款周期", "计费周期", "缴费周期", "периодичность",
)  # fmt: skip
# Said anywhere in a header, where the values agree: plan_interval_length, Rate Plan Charge: Billing Period.
_SPOKEN_OF: Final = (
    "interval", "billing period", "billing cycle", "billing frequency", "billing term", "billing every", "billed",
    "payment frequency", "payment period", "period unit", "period length", "period count", "frequency", "recurrence",
    "recurring", "cadence", "zahlungsweise", "zahlweise", "abrechnungszeitraum", "periodicidad", "periodicite",
    "periodicita", "fatturazione", "facturacion", "facturation", "okres rozliczeniowy",
)  # fmt: skip
_A_YEAR: Final = ("per year", "a year", "per annum", "pro jahr", "par an", "por ano", "al ano", "all anno", "每年")
_OTHERWISE: Final = ("trial", "contact", "usage", "login", "visit", "call", "email", "notice", "discount", "start")
# Words of how often and of nothing else; a year may also be how long a contract binds.
_HOW_OFTEN: Final = re.compile(
    r"monthly|yearly|annual(ly)?|quarterly|weekly|(semi|bi)[ -]?annual(ly)?|half[ -]?yearly|"
    r"(halb|viertel)?j(ä|ae)hrlich|"
    r"monatlich|mensuel(le)?|annuel(le)?|trimestriel(le)?|semestriel(le)?|mensual|anual|trimestral|semestral|mensal|"
    r"mensile|annuale|trimestrale|semestrale|maandelijks|jaarlijks|月缴|年缴|季缴|月付|年付|季付",
    re.IGNORECASE,
)
_PIECES: Final = ("quantity", "qty", "seats", "licenses", "plan quantity", "number of seats", "anzahl lizenzen")
_NAMED: Final = 0.75
_PIECES_NAMED: Final = 0.9
# Numbers of months that bills are parted by, and one that no count of years or weeks is likely to be.
_PLAIN_MONTHS: Final = frozenset({1, 2, 3, 4, 6, 12, 24, 36})
_SURELY_MONTHS: Final = 6


def set_fee(guess: TableGuess) -> None:
    """A fee is money a month: a year's premium is parted by twelve, one of mixed intervals by its own."""
    line = next((line for line in guess.columns if line.key == "fee"), None)
    fee = guess.column_of("fee")
    if line is None or fee is None:
        _tell_unread_fee(guess)
        return
    parts = (
        12 if names_any(fee.name, _YEARLY) else next((n for n, said in _PART_YEARLY if names_any(fee.name, said)), 1)
    )
    if parts > 1:
        why = f"{line.why}; {'a year' if parts == 12 else f'{parts} months'}'s money, as money a month"
        by_month = {"column": fee.name, "scale": round(1 / parts, 13)}
        put_in_place(guess, replace(line, value=by_month, why=why, is_unsure=True))
    elif not names_any(fee.name, _MONTHLY) and not _part_by_intervals(guess, line, name_in_sql(fee.name), fee):
        why = f"{line.why}; nothing says how often it is paid: taken as money a month. If it is a year's, {_BY_TWELVE}"
        put_in_place(guess, replace(line, why=why, is_unsure=True))
    _count_pieces(guess)


def _tell_unread_fee(guess: TableGuess) -> None:
    """Contracts without a fee, beside a column of numbers that speaks of one: told, never lost silently."""
    for name, column in guess.look.columns.items():
        is_taken = name in guess.used.values() or not column.is_number or column.n_distinct < 2
        if not is_taken and names_any(name, _SPEAK_OF_MONEY) and not names_any(name, _NO_FEE):
            why = "not read: its name speaks of money; is it the fee? Then write it as money a month"
            guess.keys.append(Guess(key="# fee", value=name, why=why, is_unsure=True))
            return


_SPEAK_OF_MONEY: Final = (
    "price", "fee", "amount", "charge", "charges", "premium", "mrr", "arr", "cost", "rate", "dues", "preis", "beitrag",
    "gebuehr", "entgelt", "prix", "tarif", "montant", "precio", "importe", "cuota", "prezzo", "canone", "importo",
    "preco", "valor", "mensalidade", "cena", "kwota", "oplata", "费", "价", "金额", "料金", "요금",
)  # fmt: skip
_NO_FEE: Final = (
    "id", "total", "count", "number", "tax", "discount", "balance", "setup", "late", "refund", "lifetime", "code",
    "percent", "paid", "总",
)  # fmt: skip


_BY_TWELVE: Final = "write {column: ..., scale: 0.0833333333333}"


def _part_by_intervals(guess: TableGuess, line: Guess, name: str, fee: ColumnLook) -> bool:
    """Part a fee by the interval that a column of words, one of numbers, or both together say; False if none does."""
    said = [one for one in guess.look.columns.values() if one is not fee and _says_interval(one)]
    words = next((one for one in said if not one.is_number), None)
    count = next((one for one in said if one.is_number and one.is_whole), None)
    if count is not None and count.low == count.high == 1 and words is not None:
        count = None
    if words is not None:
        name = name if count is None else f"{name} / nullif({name_in_sql(count.name)}, 0)"
        _part_by(guess, line, name, words, must_know=True, count=count)
    elif count is not None and names_any(count.name, _A_YEAR):
        value = {"expr": f"{name} * {name_in_sql(count.name)} / 12"}
        why = f"{line.why}; {count.name} says how many times a year it is paid"
        put_in_place(guess, replace(line, value=value, why=why, is_unsure=True))
    elif count is not None:
        _part_by_count(guess, line, name, count)
    elif (plan := guess.column_of("plan")) is not None and not plan.is_number:
        return _part_by(guess, line, name, plan, must_know=False)
    else:
        return False
    return True


def _part_by_count(guess: TableGuess, line: Guess, name: str, count: ColumnLook) -> None:
    """Numbers without a unit are months where they say so, or where hardly anything else is counted like that."""
    numbers = {float(value) for value in count.values if re.fullmatch(r"\d+(\.0)?", value)}
    is_months = bool(numbers) and numbers <= _PLAIN_MONTHS and max(numbers) >= _SURELY_MONTHS
    if _counts_months(guess, count) or is_months:
        value = {"expr": f"{name} / nullif({name_in_sql(count.name)}, 0)"}
        why = f"{line.why}; {count.name} says for how many months it is paid"
        put_in_place(guess, replace(line, value=value, why=why, is_unsure=True))
        return
    why = f"{line.why}; {count.name} says how often it is paid, and nothing says whether in months or years"
    put_in_place(guess, replace(line, why=f"{why}; write it as money a month", is_unsure=True))


def _says_interval(column: ColumnLook) -> bool:
    """Does a column say how often a fee is paid: by its name, by its name and values, or by words of nothing else?"""
    if column.is_time or not column.n or names_any(column.name, _OTHERWISE):
        return False
    if best_score(column.name, _INTERVALS) >= _NAMED:
        # Of general words such as paid and duration the values must tell.
        return not column.is_number or column.is_whole
    if column.is_number:
        is_count = names_any(column.name, _SPOKEN_OF) or names_any(column.name, _A_YEAR)
        return column.is_whole and is_count and not {"id", "amount", "price"} & set(header_words(column.name))
    if not column.values or len(column.values) > _MOST_INTERVALS:
        return False
    if names_any(column.name, _SPOKEN_OF):
        return all(months_of(value) is not None or is_paid_once(value) for value in column.values)
    return all(_HOW_OFTEN.fullmatch(value.strip()) for value in column.values)


_MOST_INTERVALS: Final = 20


def _count_pieces(guess: TableGuess) -> None:
    """Plans sold by the seat say the price of one, and how many there are beside it."""
    line = next((line for line in guess.columns if line.key == "fee"), None)
    pieces = next(
        (
            one
            for name, one in guess.look.columns.items()
            if one.is_whole and best_score(name, _PIECES) >= _PIECES_NAMED
        ),
        None,
    )
    if line is None or pieces is None or pieces.low < 1 or pieces.high < 2 or pieces.n < pieces.n_rows:
        return
    said = line.value if isinstance(line.value, dict) else {"column": line.value}
    one = f"({said['expr']})" if "expr" in said else name_in_sql(str(said["column"]))
    scale = f" * {said['scale']}" if "scale" in said else ""
    value = {"expr": f"{one}{scale} * {name_in_sql(pieces.name)}"}
    why = f"{line.why}; times {pieces.name}: is it the price of one, or of all?"
    put_in_place(guess, replace(line, value=value, why=why, is_unsure=True))


def _counts_months(guess: TableGuess, interval: ColumnLook) -> bool:
    said = [interval.name, *guess.look.options.get("signs", [])]
    return any(names_any(word, ("month", "months", "monate", "mois", "meses")) for word in said)


def _part_by(
    guess: TableGuess, line: Guess, name: str, interval: ColumnLook, *, must_know: bool, count: ColumnLook | None = None
) -> bool:
    """Part a fee by the months that words say; those of a plan's name only where some say more than a month.

    False where the names of plans say of none, or of some only, how often they are paid.
    """
    found = {value: months_of(value) for value in interval.values}
    known = {value: months for value, months in found.items() if months is not None}
    unknown = [value for value in found if value not in known and not is_paid_once(value)]
    if must_know and (unknown or not known):
        why = f"{line.why}; how often it is paid stands in {interval.name}, in words that are not known: {unknown[:4]}"
        put_in_place(guess, replace(line, why=f"{why}; write it as money a month", is_unsure=True))
        return True
    if not must_know and not any(months > 1 for months in known.values()):
        return bool(known) and len(known) == len(found)
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
    put_in_place(guess, replace(line, value=value, why=why, is_unsure=True))
    return True
