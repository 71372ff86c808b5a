"""A log of states: one payment stands there once for each state it went through, and is still one payment."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.errors import ContractViolation
from crm_research.sources.session import literal, quoted

if TYPE_CHECKING:
    from crm_research.sources.mapping.plans import TablePlan
    from crm_research.sources.session import Asking, Relation

# What says that the money came, the surest first; then that it was promised.
_CAME: Final = (
    r"settled|paid ?out|abgerechnet|ausgezahlt|已结算|结算成功|入账",
    (
        r"captured?|sent ?for ?settle|collected|eingezogen|succeeded|success(ful)?|paid|completed?|bezahlt|"
        r"abgeschlossen|pay[eé]e?|encaiss[eé]e?|pagad[oa]|cobrad[oa]|支付成功|已支付|已付款|交易成功|完成|已完成|入金済み?"
    ),
)
_PROMISED: Final = (
    r"authori[sz]ed|autorisiert|autoris[eé]e?|autorizad[oa]|approved|confirmed|已授权",
    (
        r"received|created|initiated|pending|open|submitted|new|eingegangen|angelegt|offen|re[cç]ue?|recibid[oa]|"
        r"待支付|待付款|已创建|已提交|受付"
    ),
)
_BACK: Final = (
    r"refunded( ?external(ly)?)?|refund|partial(ly)? ?refund(ed)?|(second ?)?charge ?back|reversed|reversal|returned|"
    r"r[uü]ckerstattet|erstattet|erstattung|r[uü]cklastschrift|rembours[eé]e?|remboursement|reembolsad[oa]|devuelt[oa]|"
    r"已退款|退款成功|退款|返金済み?|返金"
)
_BACK_AGAIN: Final = r"charge ?back ?reversed|refunded ?reversed|refund ?failed|rueckerstattung storniert"
_ON_THE_WAY: Final = (
    r"sent ?for ?refund|refund ?(requested|initiated|pending|created)|refused|declined|error|failed|cancell?ed|expired|"
    r"voided|abgelehnt|storniert|fehlgeschlagen|refus[eé]e?|annul[eé]e?|rechazad[oa]|cancelad[oa]|notification ?of ?"
    r"(charge ?back|fraud)|request ?for ?information|capture ?failed|已取消|已关闭|交易关闭|支付失败|退款中|キャンセル"
)
_MOST_STATES: Final = 20
_FEWEST: Final = 2
_SHARE: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class States:
    """A column of states, and which of its values count.

    Parameters
    ----------
    column
        The column of the source.
    came
        The one value that counts a payment.
    back, again
        Values whose money went back to the customer, and those that take such a return back.
    others
        All other values: the same payment before or after, which counts no more.
    """

    column: str
    came: str
    back: tuple[str, ...]
    again: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def counted(self) -> tuple[str, ...]:
        """The values whose rows are read."""
        return (self.came, *self.back, *self.again)

    def is_back(self, name: str) -> str:
        """SQL over the column, written `name`, that is true of rows whose money went back."""
        return is_one_of(name, (*self.back, *self.again))

    def money(self, name: str, amount: str) -> str:
        """SQL of a row's money: what went back is negative, whatever sign the file gives it."""
        if not self.back:
            return amount
        return f"case when {is_one_of(name, self.back)} then -abs({amount}) else {amount} end"

    def number(self, name: str, key: str) -> str:
        """SQL of the order's number: what came and what went back are two orders."""
        return f"{key} || case when {self.is_back(name)} then '-back' else '' end"


def is_one_of(sql: str, values: Collection[str]) -> str:
    """SQL that is true of these texts."""
    said = [literal(value) for value in values]
    return f"{sql} = {said[0]}" if len(said) == 1 else f"{sql} in ({', '.join(said)})"


def as_states(column: str, values: Collection[str]) -> States | None:
    """These values as states of payments; None where they are not, or where none says that money came."""
    plain = {value: re.sub(r"[\s_-]+", " ", value.strip()).lower() for value in values}

    def those(pattern: str) -> list[str]:
        return [value for value, said in plain.items() if re.fullmatch(pattern, said)]

    again, way = those(_BACK_AGAIN), those(_ON_THE_WAY)
    back = [value for value in those(_BACK) if value not in {*again, *way}]
    stages = [those(pattern) for pattern in (*_CAME, *_PROMISED)]
    known = {*again, *way, *back, *(value for stage in stages for value in stage)}
    came = next((stage for stage in stages if len(stage) == 1), None)
    if came is None or len(known) < max(2, len(plain) * _SHARE) or next(filter(None, stages)) != came:
        return None
    counted = {*came, *back, *again}
    return States(
        column=column,
        came=came[0],
        back=tuple(sorted(back)),
        again=tuple(sorted(again)),
        others=tuple(sorted(set(plain) - counted)),
    )


def find_states(session: Asking, relation: Relation, key: str, money: str, kept: str = "TRUE") -> States | None:
    """Does the same payment stand there in several states, with its money in each? None where it does not.

    Parameters
    ----------
    key, money
        The order's number and its money, as SQL over the relation.
    kept
        Rows to look at, as SQL.
    """
    for column, values in _columns_of_few(session, relation, kept):
        states = as_states(column, values)
        if states is None:
            continue
        state = f"trim(CAST({quoted(column)} AS VARCHAR))"
        # What went back with its minus is a part of its order; only money of one sign stands there again.
        own = f" FILTER (WHERE NOT coalesce(({money}) < 0 AND {is_one_of(state, states.back)}, FALSE))"
        own = own if states.back else ""
        orders = (
            f"SELECT count(DISTINCT {state}) > 1 AND count(DISTINCT abs({money})){own} < count({money}){own} AS is_one "
            f"FROM {quoted(relation.name)} WHERE ({kept}) AND ({key}) IS NOT NULL GROUP BY {key} HAVING count(*) > 1"
        )
        n_orders, n_one = session.run(
            f"SELECT count(*), count(*) FILTER (WHERE is_one) FROM ({orders}) AS orders__"
        ).fetchone()
        if n_orders >= _FEWEST and n_one >= _SHARE * n_orders:
            return states
    return None


def check_states(session: Asking, plan: TablePlan, relation: Relation) -> None:
    """Lines are added only where they are parts of an order, and not one payment in several states.

    Raises
    ------
    ContractViolation
        If the same payment stands in several states among the rows that count.
    """
    if plan.is_of_lines:
        return
    conditions = [f"({plan.where}) IS TRUE"] if plan.where else []
    conditions += [f"({flag}) IS NOT TRUE" for flag in plan.flags.values()]
    kept = " AND ".join(conditions) or "TRUE"
    states = find_states(session, relation, plan.outputs["order_id"], plan.outputs["revenue"], kept)
    if states is None:
        return
    written = plan.written
    name, key, amount = quoted(states.column), written["order_id"], written["revenue"]
    where = is_one_of(name, states.counted)
    lines: dict[str, str | dict[str, str]] = {
        "where": f"({written['where']}) and {where}" if "where" in written else where
    }
    if states.back:
        returns = states.is_back(name)
        lines["returns"] = f"({written['returns']}) or {returns}" if "returns" in written else returns
        lines["order_id"] = {"expr": states.number(name, key)}
        lines["revenue"] = {"expr": states.money(name, amount)}
    said = ", ".join(f"{key}: {_in_yaml(value)}" for key, value in lines.items())
    raise ContractViolation(
        table=plan.table,
        column="order_id",
        rule="every line that is added is a part of an order",
        n_bad=1,
        found=f"the same order stands there in several states of {states.column!r}, with its money in each",
        examples=[repr(value) for value in (*states.counted, *states.others)[:6]],
        mend=(
            f"To count each once, where it is {states.came!r}"
            f"{', and what went back as returns' if states.back else ''}, write {said} (where and returns beside from, "
            "the others under columns). If each line has money of its own, write once_an_order: false beside revenue."
        ),
    )


def _in_yaml(value: str | dict[str, str]) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_in_yaml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _columns_of_few(session: Asking, relation: Relation, kept: str) -> Iterator[tuple[str, list[str]]]:
    texts = [name for name, kind in relation.kinds.items() if kind == "text"]
    if not texts:
        return
    counts = ", ".join(f"count(DISTINCT {quoted(name)})" for name in texts)
    found = session.run(f"SELECT {counts} FROM {quoted(relation.name)} WHERE {kept}").fetchone()
    for name, n in zip(texts, found, strict=True):
        if 1 < n <= _MOST_STATES:
            text = f"CAST({quoted(name)} AS VARCHAR)"
            rows = session.run(f"SELECT DISTINCT {text} FROM {quoted(relation.name)} WHERE {kept}").fetchall()
            yield name, [row[0] for row in rows if row[0] is not None and row[0].strip()]
