"""What came of a row: which values of a status column mean that nothing came about, and which that it is over."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from crm_research.sources.drafts.words import header_words, names_any

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook

Outcome = Literal["done", "lost", "refunded", "partly", "open", "closed", "unknown"]

# Outcome to the texts that say it, looked for within a value; the first outcome that fits holds.
_SAID: Final[tuple[tuple[Outcome, str], ...]] = (
    ("unknown", (
        r"order not closed|订单未关闭|未退款|无退款|not refunded|no refund|未作废|未关闭|not[ _-]?cancell?ed|"
        r"uncancelled|await\w*[ _-](fulfil|ship|pickup|dispatch|collect)"
    )),
    ("partly", r"partial|partly|teilweise|partiel|parcial|部分"),
    ("refunded", (
        r"refund|returned|reversed|charge ?back|rueckerstatt|rückerstatt|erstattet|retour|rembours|reembols|"
        r"devuelt|devoluci|iade|zwróc|zwroc|rimborsat|terugbetaald|^credited|gutgeschrieben|返品|返金|"
        r"退款成功|全额退款|已退款|退款完成|退货完成|已退货|全部退款|возврат|возвращ|estornad|rimbors|zwrot|devolvid"
    )),
    ("lost", (
        r"cancel|^canc$|^not attending$|void|fail|declin|denied|reject|refus|abandon|no[ _-]?show|"
        r"closed[ _-]?lost|^lost|annul|"
        r"iptal|anulowan|annullat|geannuleerd|"
        r"abgelehnt|storn|gescheitert|fehlgeschlagen|verloren|perdu|perdid|rechaz|anulad|echou|échou|"
        r"fallid|キャンセル|解約|退会|交易关闭|取消|作废|删除|失败|撤销|拒绝|丢单|输单|^expired?$|uncollectible|write.?off|"
        r"delet|blocked|^dead$|^invalid$|incomplete_expired|disputed|отмен|аннулир|удал[её]н|отказ|brak wpłaty|"
        r"취소|환불|반품|미결제|"
        r"erreur|zahlungsfehler|(payment|zahlungs?)[ _-]?error|^error$|errore|error de pago|erro no pagamento|błąd|"
        r"odrzucon|wycofan|negad|recusad|rifiutat|respint|no[ _-]?answer|^busy$|congestion|unanswered"
    )),
    ("open", (
        r"pending|await|draft|quotation|quote|unpaid|not[ _-]?paid|prospect|qualif|negotiat|proposal|"
        r"appointment|presentation|contract ?sent|decision|waiting|unbezahlt|entwurf|angebot|^offen$|"
        r"en attente|brouillon|devis|impag|pendiente|borrador|presupuesto|待付款|未付款|等待买家付款|"
        r"入金待ち|新規受付|待支付|未支付|草稿|创建|审核中|重新审核|暂存|待审核|未审核|^incomplete$|requires_|authorized|checkout|^open$|^new$|"
        r"on[ _-]?hold|^hold(ed)?$|payment[ _-]?review|suspected|fraud|in zahlung|"
        r"nieopłac|oczekuj|w trakcie|in attesa|non pagat|da pagare|aguardando|não pago|nao pago|bozza|rascunho|"
        r"robocz|preventivo|orçamento|черновик|не оплач|ожида|новый"
    )),
    ("done", (
        r"complet|paid|ship|deliver|success|succeed|won|fulfil|process|settle|invoiced|sales order|accept|"
        r"confirm|finish|approved|flown|used|checked|stayed|^ok$|^done$|captured|posted|active|"
        r"zrealizowan|wysłan|dostarczon|opłacon|zapłacon|zakończon|zakonczon|spedit|pagat|completat|conclu|concluíd|pago|teslim|evaso|spedit|consegnat|betaald|verzonden|geleverd|"
        r"abgeschlossen|bezahlt|versand|versendet|geliefert|erledigt|gewonnen|livr|pay[eé]|expedi|expédi|"
        r"termin|trait(e|ement)|in bearbeitung|en curso|en proceso|gagn|entregad|pagad|enviad|completad|ganad|"
        r"成功|完成|已付款|已支付|已发货|已收货|已审核|"
        r"정상|완료|결제|배송|구매확정|赢单|已签收|正常|発送済|入金済|出荷済|完了|выполнен|оплачен|доставлен|заверш[её]н|проведен|answered"
    )),
    ("closed", r"clos|已关闭|geschlossen|cerrad|cl[oô]tur|ferm|закрыт"),
)  # fmt: skip
_STATUS: Final = (
    "status", "state", "stage", "deal stage", "financial status", "payment status", "outcome", "result", "phase",
    "etat", "statut", "estado", "zustand", "zahlungsstatus", "bestellstatus", "auftragsstatus", "rechnungsstatus",
    "vertragsstatus", "durum", "stato",
    "situacao", "status do pedido", "stato ordine", "stato pagamento", "stan", "fksto", "disposition",
    "상태", "状态", "阶段", "售后", "ステータス", "対応状況", "注文状況", "статус", "состояние",
)  # fmt: skip
# A column of these marks what was called off by any value but no.
_CALLED_OFF: Final = (
    "cancelled", "canceled", "is cancelled", "is canceled", "void", "voided", "cancellation", "storniert", "storno",
    "storn", "fksto", "fully refunded", "is fully refunded", "annule", "anulado", "cancelado", "作废", "作废状态",
    "是否取消", "是否作废",
)  # fmt: skip
_CALLED_OFF_AT: Final = (
    "cancelled at", "canceled at", "cancelled on", "canceled on", "cancelled date", "canceled date", "cancel date",
    "cancellation date", "voided at", "void date", "storniert am", "stornodatum", "annule le", "date annulation",
    "fecha cancelacion", "取消时间", "关闭时间", "作废时间",
)  # fmt: skip
# A column of these is filled where a row was called off, and says why.
_CALLED_OFF_FOR: Final = (
    "rejection reason", "reason for rejection", "reason of rejection", "cancellation reason", "cancel reason",
    "reason for cancellation", "cancelled reason", "canceled reason", "void reason", "abgr", "ab gr", "absagegrund",
    "ablehnungsgrund", "stornogrund", "motif annulation", "motif d annulation", "motivo cancelacion",
    "motivo de cancelacion", "motivo annullamento", "取消原因", "拒绝原因", "作废原因",
)  # fmt: skip
_OF_DELIVERY: Final = (
    "fulfillment",
    "fulfilment",
    "shipping",
    "shipment",
    "delivery",
    "lieferung",
    "versand",
    "livraison",
    "invoice",
    "发货",
    "物流",
)
_REASONS: Final = (
    "reason",
    "grund",
    "motif",
    "motivo",
    "原因",
    "note",
    "comment",
    "description",
    "resolution",
    "sla",
    "country",
    "region",
    "address",
)
# A type of order that tells what became of it.
_BECAME: Final = re.compile(r"(fully )?refunded|cancell?ed|voided|refused|declined|failed", re.IGNORECASE)
_MOST_VALUES: Final = 25
# A column of yes and no that says of each deal whether it was won; deals that are still open say no.
_WON_OR_NOT: Final = frozenset(
    ("is closed won", "is won", "won", "closed won", "deal won", "gewonnen", "ist gewonnen", "gagne", "gagnee",
     "ganado", "ganada", "是否赢单")
)  # fmt: skip
_YES: Final = re.compile(r"yes|y|true|t|1|ja|oui|s[ií]|是", re.IGNORECASE)
_NO: Final = re.compile(r"|no|n|false|f|0|nein|non|否|无|-|未.*|none|null", re.IGNORECASE)


def outcome_of(value: str) -> Outcome:
    """What does one value of a status column say?"""
    # The Turkish capital İ leaves a dot of its own behind.
    plain = value.strip().lower().replace("i\u0307", "i")
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    return next((outcome for outcome, said in _SAID if re.search(said, plain) or re.search(said, bare)), "unknown")


@dataclass(frozen=True, kw_only=True)
class Called:
    """Rows that did not come about, or are over: a condition in SQL, and what it was read from."""

    sql: str
    why: str
    columns: tuple[str, ...]


def status_columns(look: FileLook) -> Iterator[ColumnLook]:
    """Columns of few values whose name or values say what came of a row; alone the one that says yes or no to it."""
    won = won_column(look)
    if won is not None:
        yield won
    for name, column in look.columns.items() if won is None else ():
        if column.is_time or not column.n or len(column.values) > _MOST_VALUES or column.n_distinct > _MOST_VALUES:
            continue
        if names_any(name, _REASONS) or (column.is_number and not _calls_off(column)):
            continue
        tells_what_became = any(_BECAME.fullmatch(value.strip()) for value in column.values)
        if (
            names_any(name, _STATUS)
            or (tells_what_became and header_words(name)[-1:] == ["type"])
            or any(word.endswith("status") for word in header_words(name))
            or _calls_off(column)
        ):
            yield column


def won_column(look: FileLook) -> ColumnLook | None:
    """The column of yes and no that says which deals were won, however a company calls its stages."""
    return next((column for column in look.columns.values() if _says_won(column)), None)


def _says_won(column: ColumnLook) -> bool:
    if " ".join(header_words(column.name)) not in _WON_OR_NOT or len(column.values) != 2:
        return False
    return sum(bool(_YES.fullmatch(value.strip())) for value in column.values) == 1


def _calls_off(column: ColumnLook) -> bool:
    return " ".join(header_words(column.name)) in {" ".join(header_words(phrase)) for phrase in _CALLED_OFF}


def lost_values(column: ColumnLook) -> dict[str, Outcome]:
    """The values of a status column that mean nothing came about, each with what it says."""
    if _says_won(column):
        return {value: "lost" for value in column.values if not _YES.fullmatch(value.strip())}
    if _calls_off(column):
        return {value: "lost" for value in column.values if not _NO.fullmatch(value.strip())}
    found = {value: outcome_of(value) for value in column.values}
    said = set(found.values())
    if any(re.search(r"won|gewonnen|gagn|ganad|赢单|成交", value.lower()) for value in found):
        # A pipeline: only what was won came about.
        won = re.compile(r"won|gewonnen|gagn|ganad|赢单|成交")
        return {value: found[value] for value in found if not won.search(value.lower())}
    lost: set[Outcome] = {"lost", "refunded"}
    if not names_any(column.name, _OF_DELIVERY):
        lost.add("open")
        if "done" in said:
            lost.add("closed")  # beside completed ones, closed means ended without a sale
    return {value: outcome for value, outcome in found.items() if outcome in lost}


def called_off_at(look: FileLook) -> list[str]:
    """Columns that are filled where a row was called off: with when, or with why."""
    return [
        name
        for name, column in look.columns.items()
        if 0 < column.n < column.n_rows and " ".join(header_words(name)) in (_TIMES if column.is_time else _WHYS)
    ]


_TIMES: Final = frozenset(" ".join(header_words(phrase)) for phrase in _CALLED_OFF_AT)
_WHYS: Final = frozenset(" ".join(header_words(phrase)) for phrase in _CALLED_OFF_FOR)


def is_in(sql: str, values: Iterable[str], *, is_number: bool = False) -> str:
    """SQL that is true of these values."""
    said = [value if is_number else "'" + value.replace("'", "''") + "'" for value in values]
    return f"{sql} = {said[0]}" if len(said) == 1 else f"{sql} in ({', '.join(said)})"
