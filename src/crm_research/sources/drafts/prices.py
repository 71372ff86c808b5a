"""Prices and costs of one piece, which must not stand for the money of a line of several."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess, TableGuess, put_in_place
from crm_research.sources.drafts.refunds import amount_in_sql
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import name_score, names_any
from crm_research.sources.session import quoted
from crm_research.vocabulary import word_for

if TYPE_CHECKING:
    from crm_research.sources.session import Session

_PRICES: Final = ("price", "preis", "prix", "precio", "prezzo", "prijs", "fiyat", "cena", "单价", "价格", "цена")
_WHOLE: Final = (
    "total", "order", "gesamt", "gesamtpreis", "totale", "line", "extended", "paid", "purchase", "net", "sum",
)  # fmt: skip
_OF_A_PIECE: Final = ("unit", "each", "per piece", "einzel", "stueck", "unitaire", "unitario", "单位", "单件")
_NAMED: Final = 0.6


def is_price_of_a_piece(session: Session, guess: TableGuess) -> bool:
    """Is what is named most like money the price of one piece, beside a column of pieces?"""
    money, pieces = guess.column_of("revenue"), guess.column_of("quantity")
    if money is None or pieces is None or not pieces.is_number or pieces.high == 1:
        return False
    is_named = names_any(money.name, _PRICES) and not names_any(money.name, _WHOLE)
    return is_named and not _grows_with_pieces(session, guess)


def _grows_with_pieces(session: Session, guess: TableGuess) -> bool:
    """Does it vary less by the piece than as it stands, among lines of one product: the money of all its pieces?"""
    money, pieces, product = (guess.column_of(role) for role in ("revenue", "quantity", "product_id"))
    if money is None or pieces is None or product is None:
        return False
    look = guess.look
    price, count = (look.read_in_sql(one.name, "float64") for one in (money, pieces))
    n_so, n_not = session.run(
        "SELECT count(*) FILTER (WHERE by_piece < as_is), count(*) FILTER (WHERE as_is < by_piece) FROM (SELECT "
        f"stddev_pop({price}) / nullif(avg({price}), 0) AS as_is, stddev_pop({price} / nullif({count}, 0)) / "
        f"nullif(avg({price} / nullif({count}, 0)), 0) AS by_piece FROM {quoted(look.relation.name)} "
        f"WHERE {count} > 0 GROUP BY {quoted(product.name)} HAVING count(DISTINCT {count}) > 1)"
    ).fetchone()
    return int(n_so) > int(n_not)


def take_total_or_pieces(guess: TableGuess) -> None:
    """Of a line, pieces times price; the order's own total where the file has one, which its lines may repeat."""
    price, pieces = guess.used["revenue"], guess.used["quantity"]
    line = next(line for line in guess.columns if line.key == "revenue")
    totals = sorted(
        (-score, name)
        for name, look in guess.look.columns.items()
        if look.is_number
        and name not in guess.used.values()
        and not names_any(name, _PRICES)
        and (score := name_score(name, "revenue")) >= _NAMED
    )
    guess.used.setdefault("unit_price", price)
    if totals:
        guess.used["revenue"] = totals[0][1]
        why = f"money of the order, rather than {price}, the price of a piece"
        put_in_place(guess, replace(line, value=totals[0][1], why=why, is_unsure=True))
        return
    del guess.used["revenue"]
    value = {"expr": f"{name_in_sql(pieces)} * {name_in_sql(price)}"}
    why = f"no column of money; pieces times {price}, which looks like the price of a piece"
    put_in_place(guess, replace(line, value=value, why=why, is_unsure=True))


def take_before_fees(session: Session, guess: TableGuess) -> None:
    """Money from which a market place or a bank took its fees is less than what customers paid: the sales are taken."""
    money, look = guess.column_of("revenue"), guess.look
    line = next((line for line in guess.columns if line.key == "revenue"), None)
    fees = [one for name, one in look.columns.items() if one.is_number and names_any(name, _FEES)]
    if money is None or line is None or not fees or not isinstance(line.value, str):
        return
    after = look.read_in_sql(money.name, "float64")
    taken = " + ".join(amount_in_sql(guess, one) for one in fees)
    for name, column in look.columns.items():
        if column is money or not column.is_number or column in fees or not names_any(name, _BEFORE_FEES):
            continue
        before = look.read_in_sql(name, "float64")
        n, n_less = session.run(
            f"SELECT count(*), count(*) FILTER (WHERE abs({after}) < abs({before})) "
            f"FROM {quoted(look.relation.name)} WHERE abs({taken}) > 0 AND {before} IS NOT NULL"
        ).fetchone()
        if n and n_less >= _NEARLY_ALL * n:
            guess.used["revenue"] = name
            why = (
                f"before fees, rather than {money.name}, from which {' and '.join(one.name for one in fees)} "
                f"{word_for(len(fees), 'is', 'are')} taken"
            )
            put_in_place(guess, replace(line, value=name, why=why, is_unsure=True))
            return


_FEES: Final = (
    "fee", "fees", "commission", "commissions", "gebuehr", "gebuehren", "provision", "frais", "comision", "comisiones",
    "commissione", "commissioni", "taxa", "prowizja", "手续费", "佣金", "技术服务费", "手数料", "수수료", "комиссия",
)  # fmt: skip
_BEFORE_FEES: Final = (
    "product sales", "gross", "sales", "principal", "item price", "charge amount", "order amount", "brutto", "brut",
    "bruto", "lordo", "bruttobetrag", "订单金额", "实付金额", "总金额", "売上", "결제금액",
)  # fmt: skip
_NEARLY_ALL: Final = 0.9


def set_cost(guess: TableGuess) -> None:
    """What one piece cost is taken as often as there are pieces."""
    cost, pieces = guess.column_of("cost"), guess.column_of("quantity")
    if cost is None or pieces is None or not names_any(cost.name, _OF_A_PIECE):
        return
    value = {"expr": f"{name_in_sql(pieces.name)} * {name_in_sql(cost.name)}"}
    for line in [line for line in guess.columns if line.key == "cost"]:
        why = f"{line.why}; cost of a piece times pieces"
        put_in_place(guess, Guess(key="cost", value=value, why=why, is_unsure=True))
