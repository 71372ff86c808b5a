"""Logs of what people did, of which only the purchases are orders: views, carts and clicks are none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.came_about import add_where
from crm_research.sources.drafts.guessed import Guess, TableGuess
from crm_research.sources.drafts.look import look_at_rows
from crm_research.sources.drafts.outcomes import is_in
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import header_words, name_score
from crm_research.sources.session import quoted
from crm_research.vocabulary import word_for

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook
    from crm_research.sources.session import Session

_EVENT: Final = (
    "event", "event name", "event type", "eventname", "action", "action type", "activity", "activity type", "behavior",
    "behavior type", "behaviour type", "interaction", "ereignis", "aktion", "evenement", "evento", "行为", "行为类型",
    "事件", "事件名称", "событие",
)  # fmt: skip
_BOUGHT: Final = re.compile(
    r"(ecommerce|in[ _]app|item|product)?[ _]?(purchased?|order(ed)?|buy|bought|transaction)"
    r"[ _]?(completed?|placed|success(ful)?)?|checkout[ _](complet|success)\w*|(complet|plac)ed?[ _](order|purchase)|"
    r"payment[ _]succe\w+|kauf|gekauft|achat|compra|购买|下单|支付成功|付款|покупка",
    re.IGNORECASE,
)
_BACK: Final = re.compile(r"(partial |order |full )?refund(ed)?|return(ed)?|退款|退货|возврат", re.IGNORECASE)
_MOST_EVENTS: Final = 60


@dataclass(frozen=True, kw_only=True)
class PurchaseLog:
    """The rows of a log that bought or gave money back.

    Parameters
    ----------
    look
        A look at these rows only.
    event, bought, back
        The column of events, and its values that mean a purchase and money given back.
    """

    look: FileLook
    event: str
    bought: tuple[str, ...]
    back: tuple[str, ...]
    others: tuple[str, ...]

    def restrict(self, guess: TableGuess) -> None:
        """Say in a draft which rows count, and that money given back is a return."""
        name = name_in_sql(self.event)
        shown = ", ".join(self.others[:6])
        are = word_for(len(self.bought), "is a purchase", "are purchases")
        none = word_for(len(self.others), "is none", "are none")
        why = f"only {', '.join(self.bought)} in {self.event} {are}; {shown} {none}"
        add_where(guess, Guess(key="where", value=is_in(name, (*self.bought, *self.back)), why=why, is_unsure=True))
        line = next((line for line in guess.columns if line.key == "revenue"), None)
        if self.back and guess.table == "orders" and line is not None:
            self._take_back(guess, line, is_in(name, self.back))

    def _take_back(self, guess: TableGuess, line: Guess, is_back: str) -> None:
        money, refund = guess.column_of("revenue"), self._refund()
        if money is None:
            return
        own = f"coalesce({name_in_sql(money.name)}, 0)"
        given = f"coalesce({name_in_sql(refund.name)}, 0)" if refund is not None else own
        why = f"{', '.join(self.back)} in {self.event}: money given back"
        value = {"expr": f"case when {is_back} then -abs({given}) else {own} end"}
        changed = {"revenue": replace(line, value=value, why=f"{line.why}; {why}", is_unsure=True)}
        guess.columns[:] = [changed.get(one.key, one) for one in guess.columns]
        guess.keys[:] = [key for key in guess.keys if key.key != "returns"]
        guess.keys.append(Guess(key="returns", value=is_back, why=why, is_unsure=True))

    def _refund(self) -> ColumnLook | None:
        found = (one for name, one in self.look.columns.items() if one.is_number and name_score(name, "refund") >= 0.7)
        return next(found, None)


def purchases_of(session: Session, look: FileLook) -> PurchaseLog | None:
    """The purchases of a log; None where the file is no log of several kinds of events, one of which buys."""
    named = {" ".join(header_words(phrase)) for phrase in _EVENT}
    for name, column in look.columns.items():
        if " ".join(header_words(name)) not in named or column.is_time or column.is_number:
            continue
        values = [value.strip() for value in column.values]
        bought = tuple(value for value in values if _BOUGHT.fullmatch(value))
        back = tuple(value for value in values if _BACK.fullmatch(value))
        others = tuple(value for value in values if value not in (*bought, *back))
        if not bought or not others or column.n_distinct > _MOST_EVENTS:
            continue
        rows = look_at_rows(session, look, is_in(f"trim({quoted(name)})", (*bought, *back)))
        return PurchaseLog(look=rows, event=name, bought=bought, back=back, others=others)
    return None
