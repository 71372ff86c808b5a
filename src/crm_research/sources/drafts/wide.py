"""Files with a column a month, and baskets of which each row is one: laid out as one row each by SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess, TableGuess
from crm_research.sources.drafts.keys import find_customers, own_number
from crm_research.sources.drafts.spans import Span, span_of
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import header_words, names_any
from crm_research.vocabulary import word_for

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar januari jaen janv janvier enero ene janeiro gennaio gen styczen stycznia sty leden oca",
            "february feb februar februari fev fevr fevrier febrero fevereiro febbraio luty lutego lut unor subat",
            "march mar maerz maer mrz marz mars marzo marco maart mrt marzec marca brezen mart",
            "april apr avr avril abril abr aprile kwiecien kwietnia kwi duben nisan",
            "may mai mayo maio maggio mag mei maj maja kveten mayis",
            "june jun juni juin junio junho giugno giu czerwiec czerwca cze cerven haziran",
            "july jul juli juil juillet julio julho luglio lug lipiec lipca lip cervenec temmuz",
            "august aug aout agosto ago augustus augusti sierpien sierpnia sie srpen agustos",
            "september sep sept septembre septiembre setembro settembre set sett wrzesien wrzesnia wrz zari eylul",
            "october oct oktober okt octobre octubre outubro out ottobre ott pazdziernik pazdziernika paz rijen ekim",
            "november nov novembre noviembre novembro listopad listopada lis kasim",
            "december dec dezember dez decembre diciembre dic dezembro dicembre grudzien grudnia gru prosinec aralik",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONEY: Final = (
    "revenue",
    "sales",
    "spend",
    "turnover",
    "umsatz",
    "amount",
    "chiffre affaires",
    "ventas",
    "销售额",
    "金额",
)
_ITEMS: Final = (
    "items",
    "item",
    "products",
    "product",
    "basket",
    "goods",
    "articles",
    "artikel",
    "produits",
    "productos",
    "商品",
    "购买商品",
    "상품목록",
    "상품",
)
_BETWEEN: Final = (",", ";", "|", "、", "/", "+")


def month_of(header: str) -> datetime | None:
    """The month that a header names, such as 2024-03, Mar 2024 or 2024年3月; None where it names none."""
    plain = header.strip().lower()
    found = re.fullmatch(r"(?:.*[^0-9])?(\d{4})\s*[-/._年 ]\s*(\d{1,2})\s*(?:月|[-/.]0?1)?", plain) or re.fullmatch(
        r"(\d{4})(\d{2})", plain
    )
    if found:
        return _month(int(found[1]), int(found[2]))
    found = re.fullmatch(r"(\d{1,2})\s*[-/.]\s*(\d{4})", plain)
    if found:
        return _month(int(found[2]), int(found[1]))
    words = header_words(header)
    numbers = [word for word in words if word.isdigit() and len(word) in {2, 4}]
    months = [_MONTHS[word] for word in words if word in _MONTHS]
    if len(months) == 1 and len(numbers) == 1 and len(words) <= 3:
        year = int(numbers[0])
        return _month(year if year > 99 else 2000 + year, months[0])
    return None


def _month(year: int, month: int) -> datetime | None:
    return datetime(year, month, 1) if 1900 <= year <= 2100 and 1 <= month <= 12 else None


def guess_months(look: FileLook) -> list[TableGuess]:
    """A file with a column a month, quarter or year as one row each: what was used, or the money that it holds."""
    spans, totals = _spans(look)
    numbers = [name for name in spans if look.columns[name].is_number or not look.columns[name].n]
    if not numbers or len(numbers) < len(spans):
        return []
    months = spans[numbers[0]].months
    if len(numbers) < _FEWEST[months]:
        return []
    keys = [key for key in find_customers(look) if key.column.name not in {*spans, *totals}]
    taken = {*spans, *totals}
    own = keys[0].column if keys else own_number(look, taken) or _first_unique(look, taken)
    if own is None:
        return []
    who = name_in_sql(own.name)
    dates = ", ".join(f"'{spans[name].start:%Y-%m-%d}'" for name in numbers)
    values = ", ".join(f"cast({name_in_sql(name)} as double)" for name in numbers)
    told, is_unsure = _told(numbers, totals, spans)
    is_money = any(names_any(text, _MONEY) for text in (*look.columns, look.paths[0].stem))
    guess = TableGuess(table="orders" if is_money else "activity_use", look=look, score=3.0)
    guess.known_until = max(span.end for span in spans.values())
    guess.sql = f"select {who}, unnest([{dates}]) as month, unnest([{values}]) as amount from records"
    sure = bool(keys) and not keys[0].doubt
    customer = Guess(
        key="customer_id", value=own.name, why="named so" if sure else "tells the rows apart", is_unsure=not sure
    )
    said = _SAID[months]
    if is_money:
        guess.columns = [
            Guess(
                key="order_id",
                value={"expr": f"{who} || '-' || month"},
                why=f"one for each customer and {said}",
                is_unsure=True,
            ),
            customer,
            Guess(key="ordered_at", value="month", why=f"{told}; only the {said} is known", is_unsure=True),
            Guess(key="revenue", value="amount", why=f"the cells under the {said}s", is_unsure=True),
        ]
        why = f"{said}s without money are no orders"
        guess.keys = [Guess(key="where", value="amount <> 0", why=why, is_unsure=True)]
        return [guess]
    what = "what is counted; if it is money, write a table of orders with revenue: amount and ordered_at: month instead"
    guess.columns = [
        customer,
        Guess(key="activity", value={"value": "consumption"}, why=what, is_unsure=True),
        Guess(key="period", value="month", why=told, is_unsure=is_unsure),
        Guess(key="quantity", value="amount", why=f"the cells under the {said}s"),
    ]
    guess.keys = [Guess(key="where", value="amount is not null", why="empty cells are no readings")]
    return [guess]


_A_YEAR: Final = 12
_SAID: Final = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}
# A column a year may be anything that is called by a year; quarters are hardly anything else.
_FEWEST: Final = {1: 3, 3: 2, 6: 2, 12: 3}


def _spans(look: FileLook) -> tuple[dict[str, Span], list[str]]:
    """Columns that name the shortest spans of the file, and those of longer ones, which would count them twice."""
    found: dict[str, Span] = {}
    for name in look.columns:
        month = month_of(name)
        span = Span(start=month, months=1) if month is not None else span_of(name)
        if span is not None and not look.columns[name].is_time:
            found[name] = span
    for months, fewest in _FEWEST.items():
        spans = {name: span for name, span in found.items() if span.months == months}
        starts = {span.start for span in spans.values()}
        # A list of customers may tell a few years' figures of each beside all else.
        is_list = months == _A_YEAR and 2 * len(spans) < len(look.columns) - 1
        if len(spans) >= fewest and not is_list:
            if len(starts) < len(spans):
                return {}, []  # several things counted side by side
            return spans, [name for name, span in found.items() if span.months > months]
    return {}, []


def _told(numbers: Sequence[str], totals: Sequence[str], spans: Mapping[str, Span]) -> tuple[str, bool]:
    """What is said of the columns, and whether anything of it is doubtful."""
    months = spans[numbers[0]].months
    told = f"the columns {numbers[0]} to {numbers[-1]}, one row each"
    lost = _months_without_column(sorted(span.start for span in spans.values()), months)
    told += f"; no column is known for {lost}: are there months whose names were not understood?" if lost else ""
    if totals:
        told += f"; {', '.join(totals)} would count the same again and {word_for(len(totals), 'is', 'are')} left out"
    if months > 1:
        told += f"; each {_SAID[months]} stands at its first day, by calendar years"
    return told, bool(lost or totals or months > 1)


def _months_without_column(starts: Sequence[datetime], months: int) -> str:
    """Spans between the first and the last that none of the columns holds; empty where they follow each other."""
    counted = {one.year * 12 + one.month - 1 for one in starts}
    lost = [n for n in range(min(counted), max(counted), months) if n not in counted]
    # A January of each year has no gaps to speak of.
    if len(lost) >= len(counted):
        return ""
    return ", ".join(f"{n // 12}-{n % 12 + 1:02}" for n in lost[:6])


def _first_unique(look: FileLook, besides: set[str]) -> ColumnLook | None:
    return next(
        (one for name, one in look.columns.items() if name not in besides and one.is_unique and not one.is_time), None
    )


def basket_columns(look: FileLook) -> list[str]:
    """Columns that hold the items of a basket: item_1, item_2 ..., or one cell with several; empty without such."""
    stems: dict[str, list[str]] = {}
    for name, column in look.columns.items():
        stem = re.fullmatch(r"(.*?)[ _.-]?\d+", name.strip())
        if stem and not column.is_number and not column.is_time and names_any(stem[1], _ITEMS):
            stems.setdefault(stem[1].lower(), []).append(name)
    numbered = max(stems.values(), key=len, default=[])
    if len(numbered) > 1:
        return numbered
    return [name for name, column in look.columns.items() if names_any(name, _ITEMS) and separator_of(column)][:1]


def separator_of(column: ColumnLook) -> str | None:
    """What parts several items in one cell; None where cells hold one."""
    if column.is_number or column.is_time or not column.values:
        return None
    counts = {sign: sum(sign in value for value in column.values) for sign in _BETWEEN}
    sign = max(_BETWEEN, key=lambda one: counts[one])
    parts = [part for value in column.values[:50] for part in value.split(sign)]
    if 2 * sum(bool(re.match(r"\s*\w+:", part)) for part in parts) > len(parts):
        return None  # what one item is, such as name:Mug|sku:M1, and no several items
    return sign if 2 * counts[sign] > len(column.values) else None


def lines_of_baskets(orders: TableGuess) -> TableGuess | None:
    """The items of baskets as order lines, each counted once; None where a row is no basket."""
    names = basket_columns(orders.look)
    number = next((line for line in orders.columns if line.key == "order_id"), None)
    if not names or number is None:
        return None
    lines = TableGuess(table="order_lines", look=orders.look, used=dict(orders.used), score=orders.score)
    if len(names) > 1:
        parts = f"unnest([{', '.join(name_in_sql(name) for name in names)}])"
        why = f"the columns {names[0]} to {names[-1]}, one row each"
    else:
        sign = str(separator_of(orders.look.columns[names[0]]))
        parts = f"unnest(string_split({name_in_sql(names[0])}, '{sign}'))"
        why = f"the parts of {names[0]}, one row each"
    lines.sql = f"select *, trim({parts}) as basket_item from records"
    one = "each item counts 1; the file holds no quantity and no money of an item"
    lines.columns = [
        replace(number, why="as above"),
        Guess(key="product_id", value="basket_item", why=why, is_unsure=True),
        Guess(key="quantity", value={"value": 1}, why=one, is_unsure=True),
        Guess(key="revenue", value={"value": 1}, why=one, is_unsure=True),
    ]
    wheres = [str(key.value) for key in orders.keys if key.key == "where"]
    value = " and ".join([*wheres, "basket_item <> ''"])
    lines.keys = [Guess(key="where", value=value, why="empty places hold no item")]
    return lines
