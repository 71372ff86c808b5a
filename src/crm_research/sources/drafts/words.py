"""Header words: how people name the columns of their files, in English, German, French and Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook

# Role of a column to the phrases that name it. A role is a canonical column, or what one is derived from.
_WRITTEN: Final = """
customer_id: customer id, customer, customer no, customer number, customer code, cust id, client id, client,
    household id, household key, member id, user id, account id, buyer id, card id, kunde, kundennummer,
    kunden nr, kundennr, kunden id, numero client, code client, no client, id client, 客户, 客户编号, 客户号,
    顾客, 会员, 用户, 买家
order_id: order id, order, order no, order number, invoice no, invoice, basket id, basket, transaction id,
    transaction, receipt, receipt no, ticket, bill no, sales order, bestellung, bestellnummer, auftrag,
    auftragsnummer, auftrag nr, bestell nr, bon, bonnummer, beleg, belegnr, belegnummer, beleg nr, rechnungsnr,
    rechnungsnummer, document no,
    document number, voucher no, sale id, sales id, purchase id, bill id, commande, numero commande, no commande, 订单,
    订单号, 订单编号, 单号, 流水号
ordered_at: ordered at, order date, invoice date, date, purchase date, transaction date, transaction timestamp,
    order purchase timestamp, sale date, day, timestamp, datum, bestelldatum, kaufdatum, auftragsdatum,
    verkaufsdatum, belegdatum, buchungsdatum, rechnungsdatum, posting date, document date, sold at, sold on,
    order datetime, date time, date commande, date achat, date de commande,
    日期, 订单日期, 下单时间, 购买日期, 交易日期,
    时间
revenue: revenue, sales, sales value, amount, total, total amount, net amount, value, turnover, spend,
    payment value, dollar value, line total, umsatz, betrag, nettobetrag, bruttobetrag,
    nettoumsatz, gross amount, net value, net sales, summe, gesamtbetrag, montant,
    chiffre affaires, ca, total ht, montant total, 金额, 销售额, 总价, 总额, 实付
quantity: quantity, qty, units, pieces, count, items, menge, anzahl, stueck, stückzahl, quantite, qte, 数量,
    件数
unit_price: unit price, price, item price, price each, selling price, preis, einzelpreis, stueckpreis, prix,
    prix unitaire, 单价, 价格
discount: discount, rebate, discount amount, rabatt, nachlass, remise, rabais, 折扣, 优惠, 优惠金额
cost: cost, costs, cogs, purchase cost, kosten, einstandspreis, wareneinsatz, cout, 成本
product_id: product id, product, sku, stock code, item id, article, article no, upc, ean, artikel,
    artikelnummer, artikel nr, produkt, produkt id, produit, reference, code produit, 商品, 商品编号, 产品,
    产品编号, 货号
category: category, product category, department, kategorie, warengruppe, categorie, rayon, 类别, 品类, 分类
brand: brand, marke, marque, 品牌
channel: channel, sales channel, kanal, vertriebsweg, canal, 渠道
store: store, store id, shop, branch, filiale, geschaeft, magasin, boutique, 门店, 店铺
contract_id: contract id, contract, contract no, subscription id, policy id, policy no, vertrag, vertragsnummer,
    vertrags nr, contrat, numero contrat, 合同, 合同号, 合同编号, 保单号
started_at: started at, start date, start, contract start, begin, begin date, signup date, activation date,
    subscription start, vertragsbeginn, beginn, startdatum, debut, date debut, date de debut, 开始日期,
    签约日期, 生效日期
ended_at: ended at, end date, end, contract end, cancel date, cancellation date, churn date, termination date,
    vertragsende, ende, enddatum, kuendigungsdatum, fin, date fin, date de fin, date resiliation, 结束日期,
    到期日期, 终止日期, 解约日期
observed_from: observed from, observation start, first observed, beobachtet ab, observe depuis, 观察开始
end_reason: end reason, reason, churn reason, cancel reason, kuendigungsgrund, grund, motif, raison, 原因,
    流失原因, 终止原因, 退保原因
plan: plan, tariff, contract type, contract, product, tarif, produkt, produit, forfait, 套餐, 方案, 产品, 险种
fee: fee, monthly charges, monthly fee, monthly charge, grundgebuehr, monatsbeitrag, gebuehr, abonnement,
    premium, monthly premium, praemie, prime, 月费, 费用, 保费
tenure: tenure, tenure months, months, account length, vertragsdauer, anciennete, 在网时长, 在网月数
churn: churn, churned, churn label, churn value, exited, attrition, gekuendigt, resilie, 流失, 是否流失
registered_at: registered at, registration date, created at, customer since, signup date, member since,
    join date, enrolled, kunde seit, anlagedatum, date inscription, client depuis, 注册日期, 注册时间, 入会日期
contact_id: contact id, ticket id, case id, complaint id, ticket no, case no, vorgang, dossier, 工单号, 投诉编号
opened_at: opened at, opened, open date, created, created at, date received, received, complaint date,
    contact date, eroeffnet, eingang, eingangsdatum, ouvert le, date ouverture, 投诉时间, 受理时间, 创建时间
closed_at: closed at, closed, close date, resolved at, resolved, erledigt, abgeschlossen, clos le, date cloture,
    关闭时间, 办结时间
text: text, comment, message, description, complaint, narrative, kommentar, beschreibung, commentaire, 内容,
    投诉内容, 评论
response_id: response id, respondent, respondent id, answer id, antwort id, reponse, 问卷编号, 答卷编号
asked_at: asked at, survey date, response date, answered at, befragungsdatum, date enquete, 调查日期, 答题时间
item: item, question, frage, item name, 题目, 问题
score: score, rating, nps, satisfaction, answer, bewertung, zufriedenheit, note, 评分, 满意度, 得分
invoice_id: invoice id, invoice no, invoice number, invoice, rechnung, rechnungsnummer, rechnungsnr, belegnr,
    belegnummer, facture, numero facture,
    发票号, 账单号
issued_at: issued at, invoice date, issue date, rechnungsdatum, belegdatum, posting date,
    document date, date facture, 开票日期, 账单日期
due_at: due at, due date, due, faellig, faelligkeit, echeance, date echeance, 到期日, 应付日期
paid_at: paid at, paid, payment date, paid date, bezahlt, bezahlt am, zahlungsdatum, paye le, date paiement, 付款日期,
    支付日期
amount: amount, invoice amount, net amount, gross amount, total, betrag, rechnungsbetrag, nettobetrag,
    bruttobetrag, montant, 金额
"""


def _phrases(written: str) -> dict[str, tuple[str, ...]]:
    entries = re.findall(r"^(\w+):((?:.*\n(?!\w))*.*)", written, flags=re.MULTILINE)
    return {role: tuple(" ".join(phrase.split()) for phrase in said.split(",")) for role, said in entries}


PHRASES: Final[Mapping[str, tuple[str, ...]]] = _phrases(_WRITTEN)

CURRENCIES: Final = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "CNY", "￥": "CNY", "₹": "INR"}
CURRENCY_WORDS: Final = {
    "eur": "EUR", "euro": "EUR", "usd": "USD", "dollar": "USD", "dollars": "USD", "gbp": "GBP", "pound": "GBP",
    "cny": "CNY", "rmb": "CNY", "元": "CNY", "chf": "CHF", "jpy": "JPY",
}  # fmt: skip


def header_words(header: str) -> list[str]:
    """The words of a header: CustomerID, customer_id and "Customer ID" are the same two."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", header)
    for umlaut, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        parted = parted.lower().replace(umlaut, plain)
    bare = "".join(c for c in unicodedata.normalize("NFKD", parted) if not unicodedata.combining(c))
    return re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]+", bare)


def name_score(header: str, role: str) -> float:
    """How well does a header name this role? 1 exactly, 0 not at all."""
    return best_score(header, PHRASES[role])


def best_score(header: str, phrases: Sequence[str]) -> float:
    """How well do any of these phrases name this header?"""
    words = header_words(header)
    joined = " ".join(words)
    return max((_phrase_score(words, joined, phrase) for phrase in phrases), default=0.0)


def _phrase_score(words: list[str], joined: str, phrase: str) -> float:
    wanted = header_words(phrase)
    target = " ".join(wanted)
    if joined == target or joined.replace(" ", "") == target.replace(" ", ""):
        return 1.0
    if not target.isascii():
        return 0.8 if target in joined else 0.0
    if set(wanted) <= set(words):
        # Words beyond the phrase weaken it, and so does a phrase of a single general word.
        return max(0.0, 0.8 - 0.12 * (len(words) - len(wanted)) - (0.1 if len(wanted) == 1 else 0.0))
    ratio = SequenceMatcher(None, joined, target).ratio()
    return 0.6 * ratio if ratio > 0.85 and len(target) > 4 else 0.0


_CURRENCY_HEADERS: Final = ("currency", "curr", "currency code", "waehrung", "devise", "monnaie", "币种", "货币")


def currency_column(columns: Mapping[str, ColumnLook]) -> str | None:
    """The column that names the currency of each row's money."""
    for name, look in columns.items():
        is_named = " ".join(header_words(name)) in _CURRENCY_HEADERS and bool(look.values)
        if is_named and all(re.fullmatch(r"[A-Z]{3}", value) for value in look.values):
            return name
    return None


def currency_of_words(headers: list[str]) -> str | None:
    """A currency that a header names, such as amount_eur."""
    for header in headers:
        for word in header_words(header):
            if word in CURRENCY_WORDS:
                return CURRENCY_WORDS[word]
    return None
