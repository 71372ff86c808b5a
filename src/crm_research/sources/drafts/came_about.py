"""Which orders came about, when, and what was given back: read from statuses, types, dates and columns of refunds."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess, TableGuess
from crm_research.sources.drafts.outcomes import (
    called_off_at,
    is_in,
    outcome_of,
    status_columns,
    won_column,
)
from crm_research.sources.drafts.refunds import amount_in_sql, count_rows, given_back_at, lost_in
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import best_score, header_words, names_any
from crm_research.sources.mapping.states import find_states
from crm_research.sources.session import quoted
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
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
    "billing document type", "billing type", "bill type", "billing category", "invoice type", "sales document type",
    "sd document category", "posting type", "entry type", "record type", "fakturatyp", "rechnungsart", "거래구분",
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
# Documents that take back what another sold; of SAP, the cancellation stands beside the invoice that it cancels.
_TAKES_BACK: Final = (
    "credit note", "credit memo", "credit invoice", "cancellation invoice", "invoice cancellation", "gutschrift",
    "stornorechnung", "rechnungskorrektur", "avoir", "nota de credito", "nota credito", "红字发票", "贷项",
)  # fmt: skip
# Refunded says what became of the row's own sale; a refund is a row of its own.
_STATE_OF_ITS_SALE: Final = re.compile(
    r"refunded|returned|reversed|charged back|erstattet|rembours[ée]e?s?|reembolsad[oa]|devuelt[oa]|已退款|返金済",
    re.IGNORECASE,
)
_CREDIT: Final = re.compile(r"credit|gutschrift|avoir|storno|nota de cr|return|贷项|红字|退", re.IGNORECASE)
_SUMS: Final = r"^(\*{1,3}|(grand |sub)?totals?|summe|zwischensumme|合计|小计|总计)$"
_WON: Final = ("won", "gewonnen", "gagne", "ganado", "赢单")


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
    states = find_states(session, guess.look.relation, quoted(order.name), amount_in_sql(guess, money))
    if states is None:
        return None
    name, key, amount = (name_in_sql(one) for one in (states.column, order.name, money.name))
    are = word_for(len(states.others), "is", "are")
    why = f"{', '.join(states.others)} in {states.column} {are} the same payment before, or none that came about"
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
        lost = lost_in(session, guess, column)
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
    if (back := given_back_at(guess)) is not None:
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
    amount = amount_in_sql(guess, money)
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
            or names_any(value, _TAKES_BACK)
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
        guess.n_left_out = count_rows(session, guess, said)
        why = (
            f"{', '.join(sums)} in {customer.name}: {say_count(guess.n_left_out, 'row')} that "
            f"{word_for(guess.n_left_out, 'sums', 'sum')} others"
        )
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
