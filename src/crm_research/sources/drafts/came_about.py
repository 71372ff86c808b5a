"""Which orders came about, when, and what was given back: read from statuses, types, dates and columns of refunds."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess, TableGuess
from crm_research.sources.drafts.outcomes import (
    called_off_at,
    is_in,
    lost_values,
    outcome_of,
    status_columns,
    won_column,
)
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import best_score, header_words, name_score, names_any, rank
from crm_research.sources.mapping.states import find_states
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook
    from crm_research.sources.session import Session

_CLOSE: Final = (
    "close date", "closed date", "won date", "won time", "won at", "gewonnen am", "abschlussdatum", "schlusstermin",
    "date de cloture", "fecha de cierre", "成交日期", "结单日期",
)  # fmt: skip
_TYPES: Final = (
    "type", "event type", "transaction type", "document type", "order type", "kind", "fkart", "fakturaart",
    "belegart", "belegtyp", "dokumenttyp", "type de document", "type de piece", "tipo de documento", "gift type",
    "reporting category", "document type code", "doc type", "blart", "voucher type", "source type", "vorgangsart",
    "тип документа", "вид документа", "тип операции", "交易类型", "退货标识", "单据类型", "业务类型", "类型",
)  # fmt: skip


_PAYMENT: Final = re.compile(
    r"(ein|aus)?zahlung(en|seingang)?|((accounts )?receivable |customer |bill )?payments?( received)?|deposit|"
    r"paiement|r[eè]glement|pago|cobro|付款单?|收款单?|入金|оплата|(приходный|платежн)\w* \w+",
    re.IGNORECASE,
)
# Offers are no sales, whatever comes of them.
_OFFER: Final = re.compile(
    r"estimates?|quot(e|ation)s?|angebote?|kostenvoranschlag|devis|presupuesto|报价单", re.IGNORECASE
)
# Document types of SAP: invoices and credit notes, and what customers paid.
_SAP_BILLED: Final = frozenset({"RV", "DR", "DG"})
_SAP_PAID: Final = frozenset({"DZ", "ZP", "ZV", "ZR", "ZE"})
_BILLED: Final = re.compile(r"rechnung|faktura|invoice|bill|factur|发票|請求|销售单", re.IGNORECASE)
# Sage writes SI for an invoice, SC for its credit note, SR and SA for what customers paid.
_CODE_OF_BILL: Final = "SI"
_CODES_OF_PAYMENT: Final = frozenset({"SR", "SA", "SP", "SD"})
_CODE_OF_CREDIT: Final = "SC"
# A promise is no money; what is paid of it stands in rows of its own.
_PROMISE: Final = re.compile(r"pledge|recurring gift|zusage|promesse( de don)?|promesa", re.IGNORECASE)
_PAID_PROMISE: Final = re.compile(r"\bpay\b|paid|payment|zahlung|paiement|pago", re.IGNORECASE)
# Refunded says what became of the row's own sale; a refund is a row of its own.
_STATE_OF_ITS_SALE: Final = re.compile(
    r"refunded|returned|reversed|charged back|erstattet|rembours[ée]e?s?|reembolsad[oa]|devuelt[oa]|已退款|返金済",
    re.IGNORECASE,
)
_CREDIT: Final = re.compile(r"credit|gutschrift|avoir|storno|nota de cr|return|贷项|红字|退", re.IGNORECASE)
_SUMS: Final = r"^(\*{1,3}|(grand |sub)?totals?|summe|zwischensumme|合计|小计|总计)$"
_WON: Final = ("won", "gewonnen", "gagne", "ganado", "赢单")


def _in_sql(guess: TableGuess, column: ColumnLook) -> str:
    """SQL of the session for a number in a column; nought where it is empty."""
    kind = guess.look.relation.kinds[column.name]
    return f"coalesce({guess.look.reading.cast(quoted(column.name), kind, 'float64').value}, 0)"


def _count(session: Session, guess: TableGuess, condition: str) -> int:
    (n,) = session.run(f"SELECT count(*) FILTER (WHERE {condition}) FROM {quoted(guess.look.relation.name)}").fetchone()
    return int(n)


def _is_pipeline(guess: TableGuess) -> bool:
    if won_column(guess.look) is not None:
        return True
    return any(names_any(value, _WON) for column in status_columns(guess.look) for value in column.values)


def set_date_of_sale(guess: TableGuess) -> None:
    """A deal that was won came about when it was closed, not when somebody first wrote it down."""
    if not _is_pipeline(guess):
        return
    closed = [one for name, one in guess.look.columns.items() if one.is_time and best_score(name, _CLOSE) >= 0.7]
    if closed and closed[0].name != guess.used.get("ordered_at"):
        guess.used["ordered_at"] = closed[0].name
        why = "a deal comes about when it is closed"
        line = Guess(key="ordered_at", value=closed[0].name, why=why, is_unsure=True)
        guess.columns[:] = [*(other for other in guess.columns if other.key != "ordered_at"), line]
        if closed[0].n < closed[0].n_rows:
            why = "deals that were not won have no such day, and are left out"
            value = f"{name_in_sql(closed[0].name)} is not null"
            guess.keys.append(Guess(key="where", value=value, why=why, is_unsure=True))


def count_once_of_states(session: Session, guess: TableGuess) -> str | None:
    """A log holds a payment once for each state it went through: one of them counts, what went back is a return.

    Returns the column of the states; None where rows are no states of the same payment.
    """
    order, money = guess.column_of("order_id"), guess.column_of("revenue")
    line = next((line for line in guess.columns if line.key == "revenue"), None)
    if order is None or money is None or line is None or not isinstance(line.value, str):
        return None
    states = find_states(session, guess.look.relation, quoted(order.name), _in_sql(guess, money))
    if states is None:
        return None
    name, key, amount = (name_in_sql(one) for one in (states.column, order.name, money.name))
    why = f"{', '.join(states.others)} in {states.column} are the same payment before, or none that came about"
    add_where(guess, Guess(key="where", value=is_in(name, states.counted), why=why, is_unsure=True))
    if states.back:
        back = ", ".join(states.back)
        why = f"{back} in {states.column}: money given back"
        guess.keys.append(Guess(key="returns", value=states.is_back(name), why=why, is_unsure=True))
        changed = {
            "revenue": replace(line, value={"expr": states.money(name, amount)}, is_unsure=True, why=why),
            "order_id": Guess(
                key="order_id",
                value={"expr": states.number(name, key)},
                why=f"{why}, an order of its own",
                is_unsure=True,
            ),
        }
        guess.columns[:] = [changed.get(one.key, one) for one in guess.columns]
    return states.column


def add_where(guess: TableGuess, line: Guess) -> None:
    """A condition on rows beside those there are."""
    others = [key for key in guess.keys if key.key == "where"]
    conditions = [str(key.value) for key in (*others, line)]
    value = conditions[0] if len(conditions) == 1 else " and ".join(f"({one})" for one in conditions)
    why = "; ".join(key.why for key in (*others, line))
    caveat = " ".join(key.caveat for key in (*others, line) if key.caveat)
    guess.keys[:] = [key for key in guess.keys if key.key != "where"]
    guess.keys.append(Guess(key="where", value=value, why=why, is_unsure=True, caveat=caveat))


def set_cancellations(session: Session, guess: TableGuess, *, besides: str | None = None) -> None:
    """Orders that never came about or were wholly given back, by every column that says so but one."""
    conditions, said = [], []
    for column in status_columns(guess.look):
        if column.name == besides:
            continue
        lost = [value for value in lost_values(column) if not _has_money_back(session, guess, column, value)]
        if not lost or (len(lost) == len(column.values) and column.n == column.n_rows):
            continue
        won = [value for value in column.values if value not in lost]
        # Of a pipeline only what was won counts, whatever stages are added later.
        is_pipeline = any(names_any(value, _WON) for value in won)
        said_lost, said_won = (is_in(name_in_sql(column.name), values) for values in (lost, won))
        if won_column(guess.look) is column:
            conditions.append(f"({said_won}) is not true")
        else:
            conditions.append(f"not ({said_won})" if is_pipeline else said_lost)
        said.append(f"{', '.join(lost)} in {column.name}")
    for name in called_off_at(guess.look):
        conditions.append(f"{name_in_sql(name)} is not null")
        said.append(f"any {name}")
    if (back := _given_back_at(guess)) is not None:
        conditions.append(f"{name_in_sql(back)} is not null")
        said.append(f"any {back}")
    known = next((line for line in guess.keys if line.key == "cancellations"), None)
    if not conditions:
        if besides is None:
            _doubt_unknown(guess)
        return
    if known is not None:
        conditions.insert(0, str(known.value))
        guess.keys.remove(known)
    kept = [value for column in status_columns(guess.look) for value in column.values if value not in " ".join(said)]
    why = f"{'; '.join(said)}: not bought or wholly given back? {', '.join(kept[:8])} count as bought"
    guess.keys.append(Guess(key="cancellations", value=" or ".join(conditions), why=why, is_unsure=True))


def _has_money_back(session: Session, guess: TableGuess, column: ColumnLook, value: str) -> bool:
    """Is the money of rows with this status negative, so that it takes back what stands elsewhere?"""
    money, customer = guess.column_of("revenue"), guess.column_of("customer_id")
    if money is None or outcome_of(value) != "refunded":
        return False
    rows, amount = is_in(f"trim({quoted(column.name)})", [value]), _in_sql(guess, money)
    refund = _refund_column(guess, money)
    below = f"{amount} < 0"
    if refund is not None:
        below = f"({below} OR ({amount} = 0 AND abs({_in_sql(guess, refund)}) > 0))"
    named = f"nullif(trim(CAST({quoted(customer.name)} AS VARCHAR)), '') IS NOT NULL" if customer else "TRUE"
    n_rows, n_back, n_elsewhere = (
        _count(session, guess, condition)
        for condition in (rows, f"{rows} AND {below}", f"NOT coalesce({rows}, FALSE) AND {below} AND {named}")
    )
    # A sale that is called refunded keeps its money where other rows take it back, one for each at least.
    return n_rows > 0 and (n_back == n_rows or (not n_back and n_elsewhere >= n_rows))


def _refund_column(guess: TableGuess, money: ColumnLook) -> ColumnLook | None:
    """The column of money given back that stands beside the money paid; yes and no are no money."""
    found = sorted(
        (rank(name, "refund"), name)
        for name, column in guess.look.columns.items()
        if column.is_number
        and name != money.name
        and name_score(name, "refund") >= 0.7
        and not column.is_flag
        and not name.rstrip().endswith("?")
        and (column.low, column.high) != (0, 0)
    )
    same = [name for _, name in found if names_any(name, ("converted",)) == names_any(money.name, ("converted",))]
    return guess.look.columns[same[0]] if same else None


def _unread_refunds(guess: TableGuess) -> str | None:
    """A column of money given back that is no number throughout, though it holds some."""
    return next(
        (
            name
            for name, column in guess.look.columns.items()
            if name_score(name, "refund") >= 0.7
            and not (column.is_number or column.is_time)
            and any(re.fullmatch(r"\W{0,2}\d[\d.,]*\W{0,2}", value) for value in column.values)
        ),
        None,
    )


def _given_back_at(guess: TableGuess) -> str | None:
    """The time at which a row's money went back, where no column says how much did."""
    money = guess.column_of("revenue")
    if money is None or _refund_column(guess, money) is not None or _unread_refunds(guess):
        return None
    return next(
        (
            name
            for name, column in guess.look.columns.items()
            if column.is_time and 0 < column.n < column.n_rows and best_score(name, _BACK_AT) >= 0.75
        ),
        None,
    )


_BACK_AT: Final = (
    "refunded at", "refund date", "refunded date", "refunded on", "refund time", "returned at", "return date",
    "erstattet am", "erstattungsdatum", "date de remboursement", "rembourse le", "fecha de reembolso", "退款时间",
)  # fmt: skip


def _doubt_unknown(guess: TableGuess) -> None:
    """A status of which nothing is known to mean a lost order is told: what it says is the user's to judge."""
    for column in status_columns(guess.look):
        if len(column.values) > 1:
            why = f"{column.name} says {', '.join(sorted(column.values)[:8])}; write those that never came about"
            guess.keys.append(
                Guess(key="# cancellations", value=f"{name_in_sql(column.name)} = '...'", why=why, is_unsure=True)
            )
            return


def doubt_of_negative_types(session: Session, guess: TableGuess) -> str:
    """What to say of rows of a type that are all negative: given back, or paid? Empty where no type is so."""
    money, left_out = guess.column_of("revenue"), " ".join(str(key.value) for key in guess.keys)
    if money is None:
        return ""
    amount = _in_sql(guess, money)
    for name, column in guess.look.columns.items():
        if " ".join(header_words(name)) not in {" ".join(header_words(phrase)) for phrase in _TYPES} or column.is_time:
            continue
        rows = session.run(
            f"SELECT trim(CAST({quoted(name)} AS VARCHAR)) AS said FROM {quoted(guess.look.relation.name)} "
            f"GROUP BY 1 HAVING max({amount}) <= 0 AND min({amount}) < 0 ORDER BY said"
        ).fetchall()
        said = [row[0] for row in rows if row[0] and f"'{row[0]}'" not in left_out]
        unknown = [value for value in said if outcome_of(value) != "refunded" and not _CREDIT.search(value)]
        if unknown and len(unknown) < len(column.values):
            return f"all of {', '.join(unknown)} in {name} are negative: given back, or payments, which are no returns?"
    return ""


def take_back_by_type(guess: TableGuess) -> bool:
    """Rows whose type says that money was given back, where the sign does not."""
    money = guess.column_of("revenue")
    if money is None or (money.low is not None and money.low < 0):
        return False
    for name, column in guess.look.columns.items():
        is_type = " ".join(header_words(name)) in {" ".join(header_words(phrase)) for phrase in _TYPES}
        back = [
            value
            for value in column.values
            if (outcome_of(value) == "refunded" and not _STATE_OF_ITS_SALE.search(value))
            or names_any(value, ("credit note", "credit memo", "gutschrift", "avoir"))
            or value.strip().lower() in {"credit", "credits"}
            or (value.strip() == _CODE_OF_CREDIT and _CODE_OF_BILL in column.values)
        ]
        if not is_type or column.is_time or not back or len(back) == len(column.values):
            continue
        condition = is_in(name_in_sql(name), back)
        why = f"{', '.join(back)} in {name}: money given back, though no number is negative"
        guess.keys.append(Guess(key="returns", value=condition, why=why, is_unsure=True))
        amount = name_in_sql(money.name)
        value = {"expr": f"case when {condition} then -abs({amount}) else {amount} end"}
        guess.columns[:] = [
            replace(line, value=value, why=f"{line.why}; {why}", is_unsure=True) if line.key == "revenue" else line
            for line in guess.columns
        ]
        return True
    return False


def leave_out_sums(session: Session, guess: TableGuess) -> None:
    """Rows among the others that sum them, which lists mark by a star or a word where the customer stands."""
    customer = guess.column_of("customer_id")
    if customer is None or guess.look.relation.kinds[customer.name] != "text":
        return
    sums = [
        row[0]
        for row in session.run(
            f"SELECT DISTINCT trim({quoted(customer.name)}) AS said FROM {quoted(guess.look.relation.name)} "
            f"WHERE regexp_matches(lower(trim({quoted(customer.name)})), '{_SUMS}') ORDER BY said"
        ).fetchall()
    ]
    if sums:
        said = is_in(f"trim({quoted(customer.name)})", sums)
        guess.n_left_out = _count(session, guess, said)
        why = f"{', '.join(sums)} in {customer.name}: {guess.n_left_out:,} rows that sum others"
        value = f"({is_in(name_in_sql(customer.name), sums)}) is not true"
        add_where(guess, Guess(key="where", value=value, why=why, is_unsure=True))


def leave_out_payments(guess: TableGuess) -> None:
    """A ledger holds payments among its invoices: money that came in for what was sold before, and no sale."""
    for name, column in guess.look.columns.items():
        is_type = " ".join(header_words(name)) in {" ".join(header_words(phrase)) for phrase in _TYPES}
        if not is_type:
            continue
        paid = [value for value in column.values if _PAYMENT.fullmatch(value.strip())]
        paid = paid if any(_BILLED.search(value) for value in column.values) else []
        if _CODE_OF_BILL in column.values:
            paid += [value for value in column.values if value.strip() in _CODES_OF_PAYMENT]
        if _SAP_BILLED & {value.strip() for value in column.values}:
            paid += [value for value in column.values if value.strip() in _SAP_PAID]
        offered = [value for value in column.values if _OFFER.fullmatch(value.strip())]
        promised = [value for value in column.values if _PROMISE.fullmatch(value.strip())]
        if not any(_PAID_PROMISE.search(value) for value in column.values if value not in promised):
            promised = []
        told = (
            (paid, "payments for what other rows sell"),
            (promised, "promises, whose payments are other rows"),
            (offered, "offers, which are no sales"),
        )
        why = "; ".join(f"{', '.join(values)} in {name}: {what}" for values, what in told if values)
        paid = [*paid, *promised, *offered]
        if not paid or len(paid) == len(column.values):
            continue
        add_where(
            guess,
            Guess(key="where", value=f"({is_in(name_in_sql(name), paid)}) is not true", why=why, is_unsure=True),
        )


def take_off_refunds(session: Session, guess: TableGuess) -> None:
    """Money given back of orders that stand: a column of refunds beside the money that was paid."""
    money = guess.column_of("revenue")
    line = next((line for line in guess.columns if line.key == "revenue"), None)
    refund = None if money is None else _refund_column(guess, money)
    if line is not None and refund is None and (unread := _unread_refunds(guess)):
        why = f"{line.why}; {unread} holds words beside numbers and is not taken off"
        guess.columns[:] = [replace(one, why=why, is_unsure=True) if one is line else one for one in guess.columns]
    if money is None or line is None or refund is None or not isinstance(line.value, str):
        return
    back = f"abs({_in_sql(guess, refund)})"
    lost = _sql_of_lost(session, guess)
    n_partly = _count(session, guess, f"{back} > 0 AND ({lost}) IS NOT TRUE")
    if not n_partly:
        return
    paid = name_in_sql(money.name)
    if money.n < money.n_rows and not _count(
        session, guess, f"nullif(trim(CAST({quoted(money.name)} AS VARCHAR)), '') IS NULL AND ({lost}) IS NOT TRUE"
    ):
        paid = f"coalesce({paid}, 0)"  # only what never came about says no money, as payments that failed
    value = {"expr": f"{paid} - abs(coalesce({name_in_sql(refund.name)}, 0))"}
    why = f"{line.why}; less {refund.name}, which {n_partly:,} orders that stand have"
    guess.columns[:] = [
        replace(one, value=value, why=why, is_unsure=True) if one is line else one for one in guess.columns
    ]


def _sql_of_lost(session: Session, guess: TableGuess) -> str:
    """The drafted cancellations as SQL of the session, whose columns are text."""
    lost = []
    for column in status_columns(guess.look):
        values = [value for value in lost_values(column) if not _has_money_back(session, guess, column, value)]
        if values and (len(values) < len(column.values) or column.n < column.n_rows):
            lost.append(is_in(f"trim({quoted(column.name)})", values))
    lost += [f"nullif(trim(CAST({quoted(name)} AS VARCHAR)), '') IS NOT NULL" for name in called_off_at(guess.look)]
    return " OR ".join(lost) or "FALSE"
