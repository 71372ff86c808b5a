"""What people call the columns of their files, in English, German, French, Spanish, Chinese, Japanese and others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# Role of a column to the phrases that name it, the likelier ones first. A role is a canonical column, or what one is
# derived from. Technical names of ledgers (KUNAG, NETWR) are words like others.
_WRITTEN: Final = """
customer_id: 회원번호, 회원 번호, 고객번호, 고객 번호, 회원id, 고객id, 회원코드, 고객코드, お客様番号, 会員no, 顧客no, customer id, mitglied, mitglieds id, mitglieder nr, mitgliedsnr, teilnehmer, membre, numero membre, adherent, numero adherent, socio, numero socio, numero de socio, lid, lidnummer,
    pass id, badge id, athlete id, student id, customer no, acct, acct no, acct id, a c, constituent id, donor id, customer number, customer code, customer key, customer ref, cust id, cust no,
    client id, client code, client no, client number, household id, household key, member id, member number, member no,
    membership number, user id, account id, account number, account no, account code, buyer id, card id, shopper id,
    subscriber id, consumer id, requester id, reporter id, caller id, contact id, patron id, patron number, borrower number, reader id, policyholder id,
    insured id, frequent flyer no, frequent flyer number, loyalty number, associated company id, associated company ids,
    company id, sold to party, sold to pt, sold to, payer, external data reference, external reference,
    customer, client, buyer, member, shopper, subscriber, policyholder, borrower, patron, guest id, kunde, kundennummer,
    kunden nr, kundennr, kunden id, kundenkonto, auftraggeber, debitor, debitorennummer, mitgliedsnummer, kunag, kunnr,
    kunrg, numero client, code client, no client, id client, identifiant client, numero abonne, cliente, id cliente,
    codigo cliente, codigo de cliente, numero de cliente, no cliente,
    用户标识, openid, 客户, 客户编号, 客户编码, 客户代码, 客户号, 顾客, 会员, 会员号, 会员编号, 会员名, 用户, 用户编号, 用户id, 买家, 买家会员名, 读者证号,
    下单帐号, 下单账号, 帐号, 账号, 投保人客户号, 投保人, 购货单位,
    会員id, 会員番号, 顧客id, 顧客番号, 顧客コード, 得意先コード, 取引先コード, 購入者id, 契約者番号,
    klantnummer, klantnr, klant nr, klant, relatienummer, relatie nr, tessera fedelta, numero tessera, codice cliente, numero cliente, musteri no, musteri numarasi, musteri kodu, numer klienta, klient,
    user pseudo id, effective user id, visitor id, client number hash, anonymous id, device id, app user id, rc original app user id, cif, cif no, cif number, customer information file,
    kundenkarte, kundenkartennummer, kartennummer, bonuskarte, loyalty card, loyalty card no, loyalty card number, card number, card no, customer card, carte fidelite, numero carte fidelite,
    tarjeta cliente, 会员卡号, 卡号, конто, контрагент, клиент, покупатель, заказчик, код клиента, номер клиента, ид клиента, id клиента, абонент, лицевой счет,
    cod cliente, n cliente, tessera, codigo do cliente, cod do cliente, id do cliente, numero do cliente, cpf, cnpj, id klienta, kod klienta, nr klienta, klient id, kontrahent, cliente id
customer_email: 이메일, customer email, buyer email, email billing, billing email, from email address, requester email,
    contact email, account email, email address, email, e mail, mail, e mail adresse, adresse e mail, adresse mail, adresse electronique, courriel,
    correo electronico, correo, 邮箱, 电子邮件,
    メールアドレス, メール,
    почта, эл почта, электронная почта, email клиента, e mail клиента,
    indirizzo email, indirizzo e mail, indirizzo di posta elettronica, e mail cliente, email cliente, endereco de email, endereco de e mail, email do cliente, e mail do cliente, adres email, adres e mail, e mail klienta, email klienta, mail klienta
customer_phone: customer phone, buyer phone, phone number, phone, mobile, telephone, telefon, telefonnummer, handy,
    movil, 买家手机号, 手机号, 手机, 电话,
    電話番号, 携帯電話番号,
    msisdn, calling number, calling party, caller number, caller, a number, subscriber number, телефон, номер телефона, 主叫号码, 用户号码,
    telefono, cellulare, telefono cliente, telefone, celular, telefone do cliente, numer telefonu, nr telefonu
customer_name: 고객명, 회원명, お客様名, account name, account, consumer name, buyer username, username, user name, customer name, client name, company name,
    associated company, potential customer, contact name, company, organization, organisation, firm, booked by, guest name,
    name, requester, full name, bill to name, kundenname, firma, nom du client, raison sociale, razon social, nombre del cliente,
    对方账户, 对方账号, 交易对方,
    客户名称, 客户简称, 买家昵称, 昵称, 会员昵称, 公司名称, 单位名称,
    顧客名, 得意先名, 会社名,
    login kupujacego, kupujacy, nome cliente, klantnaam, musteri adi,
    наименование клиента, имя клиента, фио, фио клиента, получатель,
    cognome e nome, nome e cognome, ragione sociale, nominativo, nome do cliente, razao social, nome completo, comprador, nazwa klienta, imie i nazwisko, nazwa uzytkownika, nome utente, nome do usuario, nome de usuario
order_id: increment id, 主订单编号, 主订单号, 父订单号, 父单号, 주문번호, 주문 번호, 영수증번호, 거래번호, 전표번호, order id, order, order no, order number, order reference, order ref, invoice no, invoice, basket id, basket,
    transaction id, transaction, transaction no, transaction number, receipt, receipt no, receipt number, ticket, bill no,
    billing document, billing doc, bill doc, bill document, sales order, sale id, sales id, purchase id, bill id, booking number, booking id,
    booking no, booking reference, reservation id, reservation number, pnr, confirmation number, opportunity id, deal id,
    loan id, merchant reference, merchant order reference, psp reference, payment id, charge id, sales record number, document no, document number, voucher no, purchase order,
    bestellung, bestellnummer, auftrag, auftragsnummer, auftrag nr, bestell nr, bon, bonnummer, beleg, belegnr, belegnummer,
    beleg nr, fakt beleg, fakturabeleg, faktura, rechnungsnr, rechnungsnummer, lieferscheinnummer, buchungsnummer, vbeln,
    commande, numero commande, no commande, numero de commande, reference commande, ref commande, pedido, numero pedido,
    no pedido, numero de pedido, id pedido, factura, numero factura,
    订单, 订单号, 订单编号, 单号, 流水号, 单据编号, 单据号, 发货单号, 出库单号, 销售单号, 交易号, 小票号,
    auftragsnummer, numero du document, numero de document, numero documento, gift id, donation id,
    微信订单号, 支付宝交易号, 商户订单号, 注文id, 注文番号, 受注番号, 受注id, 伝票番号, 取引番号, 売上番号, 予約番号,
    bestelnummer, ordernummer, scontrino, numero scontrino, numero ordine, siparis no, siparis numarasi, numer zamowienia,
    order name, reference number, document nr, номер заказа, заказ, номер документа, номер, код заказа, чек, номер чека, record id, call id,
    id ordine, n ordine, nr ordine, numero dell ordine, codice ordine, ordine, numero d ordine, numero fattura, n fattura, numero do pedido, n do pedido, codigo do pedido, id do pedido, no do pedido, numero da encomenda, encomenda, numero da venda, venda, id zamowienia, nr zamowienia, zamowienie, numer faktury, nr faktury, nr dokumentu, numer dokumentu, nr paragonu
ordered_at: event timestamp, ts, event ts, unix time, epoch, 주문일시, 주문일자, 주문일, 거래일시, 거래일자, 거래일, 구매일자, 구매일, 결제일시, 결제일, 판매일자, ordered at, order date, order time, order datetime, order purchase timestamp, purchase date, purchase time,
    purchased at, transaction date, transaction timestamp, transaction time, sale date, date of sale, sold at, sold on,
    invoice date, inv date, gift date, donation date, billing date, bill date, booked on, booking date, issue date, issuedate, loan date, checkout date,
    created date, created at, created on, created time, creation date, create date, created, date created, date, day,
    timestamp, date time, opened, opened at, posting date, document date, payment date, paid at, time,
    datum, bestelldatum, bestellzeit, bestellt am, kaufdatum, auftragsdatum, verkaufsdatum, belegdatum, buchungsdatum,
    rechnungsdatum, fakturadatum, fkdat, zeitpunkt, date commande, date achat, date de commande, date de vente, date facture,
    fecha, fecha pedido, fecha del pedido, fecha de compra, fecha venta, fecha factura,
    下单时间, 订单创建时间, 订单日期, 下单日期, 购买日期, 交易日期, 交易时间, 发货日期, 销售日期, 单据日期, 出库日期, 创建时间, 日期,
    付款时间, 支付时间, 时间,
    date de reservation, fecha de reserva, 注文日時, 注文日, 受注日時, 受注日, 購入日時, 購入日, 売上日, 取引日, 予約日,
    besteldatum, orderdatum, data ordine, data acquisto, data, siparis tarihi, tarih, data zamowienia,
    event date, event time, call start, call date, call time, start time, setup time, purchase date ms, дата заказа, дата, дата документа, дата продажи, дата покупки, дата создания, период, 通话开始时间,
    data dell ordine, data e ora, data di acquisto, data vendita, data fattura, data creazione, data di creazione, data documento, data do pedido, data da compra, data da venda, data de criacao, data de compra, data da encomenda, data zlozenia, data zlozenia zamowienia, data zakupu, data sprzedazy, data utworzenia, data wystawienia
revenue: 合計金額, 결제금액, 실결제금액, 총 결제금액, 총주문금액, 주문금액, 판매금액, 합계금액, 매출액, 금액, amount paid, paid amount, total paid, paid total, total collected, amount submitted for settlement, converted amount, grand total, order total,
    order total amount, total amount, total price, total sales, total, net sales, net value, net amount, net revenue, revenue, net,
    purchase revenue, gross, gross amount, amount, sales, sales value, sales amount, line total, line amount, item price,
    item total, value, turnover, spend, payment value, dollar value, fare, rent, price, sold for, deal amount, gross sales,
    umsatz, nettoumsatz, nettowert, nettobetrag, bruttobetrag, gesamtbetrag, gesamtsumme, rechnungsbetrag, bestellwert,
    positionssumme, zeilensumme, gesamtpreis, gift amount, donation amount, summe, betrag, netwr, total paye, montant paye, montant total, total ttc, total ht, montant, chiffre affaires, ca,
    importe total, importe, total pagado, total pedido, ingresos, ventas,
    买家实际支付金额, 实际支付金额, 实付金额, 订单实付金额, 实付, 实收金额, 支付金额, 价税合计, 结算金额, 应付金额, 成交金额, 订单金额,
    应结订单金额, 商家实收, 总金额, 金额, 销售额, 总价, 总额,
    お支払い合計, 支払合計, 支払い合計, 合計金額, 請求金額, ご請求金額, 売上金額, 税込合計, 支払金額, 売上, 合計,
    totale, importo, totaalbedrag, bedrag, toplam tutar, tutar, wartosc zamowienia, kwota,
    order value, basket value, amount net, gesamt, gesamtwert, endbetrag, price in usd, price usd, proceeds, umsatz soll haben, charged amount, charge amount, charge, call charge,
    сумма, сумма заказа, сумма документа, итого, всего, стоимость, выручка, сумма с ндс,
    totale ordine, importo totale, totale pagato, totale fattura, totale complessivo, totale riga, importo pagato, valor total, valor do pedido, total do pedido, valor pago, total pago, valor da venda, valor total do pedido, total da encomenda, valor, wartosc, kwota zamowienia, suma, razem, wartosc brutto, kwota brutto, do zaplaty, zaplacono, laczna kwota
quantity: 수량, 주문수량, 구매수량, quantity, qty, units, pieces, count, items, quantity purchased, lineitem quantity, net quantity, menge, anzahl,
    stueck, stückzahl, quantite, qte, cantidad, unidades, 数量, 件数, 实发数量, 宝贝总数量,
    個数,
    quantita, aantal, adet, ilosc,
    количество, кол во,
    q ta, qta, pezzi, quantidade, qtd, qtde, liczba sztuk, sztuk
unit_price: 단가, 판매단가, unit price, price, item price, price each, selling price, lineitem price, preis, einzelpreis, stueckpreis,
    prix, prix unitaire, precio, precio unitario, 单价, 价格, 含税单价,
    item cost, цена, цена за единицу, stk preis, 京东价,
    prezzo, prezzo unitario, preco, preco unitario, valor unitario, cena, cena jednostkowa
discount: discount, discounts, rebate, discount amount, rabatt, nachlass, remise, rabais, descuento, 折扣, 优惠, 优惠金额,
    скидка, сумма скидки,
    sconto, importo sconto, desconto, valor do desconto, rabat, znizka
refund: item refund amount, refund value, refund total, refund money, refund in usd, amount refunded, refunded amount, refund amount, order refund amount, total refunded, refunds, refund, refunded,
    converted amount refunded, partial refund, partial refunds, erstattung, erstattet, erstattungsbetrag, montant rembourse, rembourse,
    importe reembolsado, reembolso, 退款金额, 已退款金额, 退款,
    importo rimborsato, rimborso, rimborsato, valor reembolsado, valor estornado, estorno, reembolsado, zwrot, kwota zwrotu, zwrocono, bedrag teruggestort, teruggestort, terugbetaald, terugbetaald bedrag
cost: cost, costs, cogs, purchase cost, unit cost, kosten, einstandspreis, wareneinsatz, cout, coste, 成本,
    costo, custo, koszt
product_id: 상품코드, 상품번호, 품목코드, product id, product, product code, product sku, sku, lineitem sku, stock code, item id, item number, item code,
    item barcode, article, article no, upc, ean, asin, artikel, artikelnummer, artikel nr, produkt, produkt id, produit,
    code produit, reference produit, producto, codigo producto, 商品, 商品编号, 商品编码, 产品, 产品编号, 货号, 物料编码, 存货编码,
    宝贝标题,
    商品番号, 商品コード, 品番,
    codice articolo, urun kodu, kod produktu,
    номенклатура, товар, артикул, код товара,
    codice prodotto, id prodotto, prodotto, articolo, codigo do produto, id do produto, produto, id produktu, nazwa produktu, nr produktu
category: category, product category, department, kategorie, warengruppe, categorie, rayon, categoria, 类别, 品类, 分类,
    категория
brand: brand, marke, marque, marca, 品牌
channel: 受付方法, 受付経路, 접수경로, 채널, channel, sales channel, via, source, contact channel, conversation channel, kanal, vertriebsweg, canal, 渠道, 投诉渠道, 来源渠道,
    канал, источник
store: 점포, 매장, 지점, 店舗, store, store id, shop, branch, location, filiale, geschaeft, magasin, boutique, tienda, 门店, 店铺,
    магазин, склад
contract_id: 계약번호, 구독번호, contract id, contract, contract no, contract number, subscription id, subscriptions id, subscription,
    subscription name, subscription number, policy id, policy no, policy number, membership id, membership no, uuid, vertrag,
    vertragsnummer, vertrags nr, policennummer, mitgliedsnummer, contrat, numero contrat, numero de contrat, contrato,
    numero de contrato, poliza, numero de poliza, 合同, 合同号, 合同编号, 保单号, 保单号码,
    agreement no, agreement number, agreement id, agreement, 契約番号, 契約id,
    contractnummer, numero contratto, sozlesme no, numer umowy,
    договор, номер договора, контракт, номер контракта, подписка, iban, account iban, kontonummer, konto iban, numero de compte, mitgliedsnr,
    id contratto, n contratto, contratto, numero do contrato, id do contrato, umowa, nr umowy, id umowy
started_at: angelegt am, 계약시작일, 가입일, 개통일, 시작일, started at, start date, contract start, contract start date, contract effective date, effective date,
    inception date, policy start, start, begin, begin date, valid from, activation date, activated at, service activation date,
    subscription start, subscription start date, subscription created, signup date, sign up date, join date, joined, joined at,
    member since, opening date, created at, created, created date, created on, vertragsbeginn, vertragsstart, beginn,
    beginndatum, startdatum, eintrittsdatum, eintritt, abschlussdatum, debut, date debut, date de debut, date effet, date d effet,
    fecha de inicio, fecha inicio, inicio, fecha de alta, fecha alta,
    开始日期, 开始时间, 签约日期, 生效日期, 保单生效日期, 起保日期, 合同开始日期, 开通时间, 入网时间, 起始日期,
    契約開始日, 利用開始日, 開始日, 契約日, 入会日, 加入日,
    ingangsdatum, begindatum, data inizio, data attivazione,
    open dt, open date, opened on, opened, account open date, account opened, eroeffnet am, eroeffnungsdatum, date ouverture, date d ouverture, fecha apertura, fecha de apertura, purchase date, 开户日期, 开户时间, дата начала, дата договора, дата подключения, дата заключения, дата активации, начало,
    data di inizio, data inizio contratto, data decorrenza, decorrenza, data de inicio, inicio do contrato, data de adesao, adesao, data rozpoczecia, data zawarcia, data zawarcia umowy, data aktywacji, od kiedy
ended_at: beendet am, 계약종료일, 해지일, 종료일, ended at, end date, ended on, contract end, contract end date, cancelled at, canceled at, cancelled on, canceled on,
    cancelled date, canceled date, cancel date, cancellation date, churn date, churned at, termination date, terminated at,
    terminated on, lapse date, expired at, expires at, expiry date, expiration date, closing date, end, exit date, left at, leave date,
    vertragsende, ende, enddatum, kuendigungsdatum, gekuendigt zum, austrittsdatum, austritt, kuendigung zum, fin, date fin,
    date de fin, date resiliation, date de resiliation, fecha de fin, fecha fin, fecha de baja, fecha baja, fecha cancelacion,
    终止日期, 保单终止日期, 结束日期, 解约日期, 退保日期, 失效日期, 销户时间, 离网时间, 注销时间, 到期日期,
    解約日, 退会日, 契約終了日, 終了日,
    einddatum, data fine, data cessazione,
    close dt, close date, closed on, closed at, closed, account close date, account closed, geschlossen am, schliessungsdatum, date cloture, date de cloture, fecha cierre, fecha de cierre, 销户日期, 退订时间, дата окончания, дата расторжения, дата отключения, дата закрытия, окончание,
    data di fine, data fine contratto, data disdetta, data scadenza, scadenza, data de termino, termino, data de cancelamento, fim do contrato, data de fim, data zakonczenia, data rozwiazania, data rezygnacji
observed_from: observed from, observation start, first observed, beobachtet ab, observe depuis, 观察开始
end_reason: end reason, cancellation reason, cancel reason, churn reason, termination reason, reason for leaving, reason,
    kuendigungsgrund, grund, austrittsgrund, motif, motif de resiliation, raison, motivo, motivo de baja, motivo baja,
    终止原因, 退保原因, 流失原因, 离网原因, 原因,
    解約理由, 退会理由,
    причина, причина расторжения, причина отключения
plan: plan, plan name, plan code, plan id, rate plan name, rate plan, tariff, contract type, membership type, line of business,
    policy type, contract, product, product name, tarif, produkt, produit, forfait, formule, producto, tarifa,
    套餐, 方案, 险种名称, 险种, 产品, 产品名称,
    プラン, プラン名, 料金プラン, コース,
    тариф, тарифный план, план, продукт
fee: jahresgebuehr, quartalsgebuehr, monatsgebuehr, monthly fee, monthly charges, monthly charge, monthly price, monthly premium, fee, unit amount, plan unit price, amount,
    price, annual premium, premium, mrr, grundgebuehr, monatsbeitrag, beitrag, beitrag mtl, jahresbeitrag, gebuehr, abonnement,
    praemie, jahrespraemie, prime, prime annuelle, cotisation, cuota, cuota mensual, prima, prima anual,
    月费, 月保费, 年缴保费, 年保费, 费用, 保费,
    monthly dues, dues, 月額料金, 月額, 会費, 月会費,
    maandbedrag, canone mensile, canone,
    абонентская плата, ежемесячный платеж, плата,
    importo canone, premio, quota mensile, mensalidade, valor mensal, oplata, oplata miesieczna, abonament, skladka
tenure: tenure, tenure months, months, account length, vertragsdauer, anciennete, antiguedad, 在网时长, 在网月数
churn: churn, churned, churn label, churn value, churn flag, exited, attrition, attrition flag, gekuendigt, resilie, baja,
    流失, 是否流失
registered_at: registered at, registration date, created at, create date, created date, date created, date added,
    customer since, signup date, member since, join date, first active, enrolled, optin time, kunde seit, anlagedatum,
    date inscription, client depuis, fecha de registro, fecha de alta, 注册日期, 注册时间, 入会日期,
    дата регистрации
contact_id: 受付番号, 受付no, 問合せ番号, お問い合わせ番号, 案件番号, 苦情番号, 접수번호, 문의번호, 민원번호, contact id, ticket id, issue key, issue id, issue number, case id, case number, complaint id, complaint no, ticket no, ticket number, conversation id,
    incident id, request id, klachtnummer, meldingsnummer, meldingnummer, zaaknummer, numero reclamo, vorgang, vorgangsnummer, ticketnummer, fallnummer, dossier, numero dossier, reclamacion,
    numero de caso, 工单号, 工单编号, 投诉编号, 投诉单号,
    номер обращения, обращение, заявка, номер заявки,
    id ticket, n ticket, numero segnalazione, numero pratica, numero do chamado, chamado, protocolo, numero do protocolo, numer zgloszenia, nr zgloszenia, id zgloszenia, numer reklamacji, nr reklamacji
opened_at: 受付日, 受付日時, 問合せ日, 発生日, 접수일, 접수일시, 접수일자, opened at, date opened, opened on, opened, open date, created at, created time, created date, created on, created,
    date received, received, received at, submitted at, complaint date, contact date, conversation started at, reported at,
    datum ontvangst, ontvangen op, datum melding, meldingsdatum, datum klacht, klachtdatum, data apertura, eroeffnet, eroeffnet am, eingang, eingangsdatum, eingegangen am, erstellt am, ouvert le, date ouverture, date reception,
    fecha de apertura, fecha apertura, fecha de creacion, 投诉时间, 投诉日期, 受理时间, 创建时间, 来电时间,
    erstellt, eroeffnet um, 受付日時, 受付日,
    дата обращения, дата открытия, создано,
    aperto il, data di apertura, data segnalazione, data reclamo, data de abertura, aberto em, data da reclamacao, data zgloszenia, data otwarcia, data reklamacji, utworzono
closed_at: 完了日時, 対応完了日時, 処理完了日, 解決日時, 対応日, 처리완료일, 완료일, 처리일, ticket solved, ticket resolved, ticket closed, solved, solved on, solved date, date solved, date resolved, closed at, date closed, closed on, closed time, last closed at, solved at, resolved at, resolved time, resolved on,
    datum afgehandeld, afgehandeld op, datum afhandeling, afhandeldatum, gesloten op, data chiusura, resolved, closed, close date, resolution date, completed at, erledigt, erledigt am, geschlossen am, abgeschlossen,
    abgeschlossen am, clos le, date cloture, resolu le, fecha de cierre, fecha cierre, 办结时间, 关闭时间, 完成时间, 解决时间, 结案时间,
    geschlossen, 完了日, 対応完了日, 解決日,
    дата закрытия, закрыто, дата решения,
    chiuso il, data di chiusura, data de fechamento, fechado em, encerrado em, data de conclusao, data zamkniecia, zamknieto, data rozwiazania
text: text, comment, message, description, subject, complaint, narrative, kommentar, beschreibung, betreff, commentaire,
    objet, asunto, descripcion, 内容, 投诉内容, 评论, 问题描述
response_id: response id, respondent id, respondent, answer id, submission id, response, antwort id, id reponse, reponse,
    id respuesta, 问卷编号, 答卷编号, 序号,
    id rispondente, id risposta, id risposte, id da resposta, id do respondente, id odpowiedzi, id respondenta, numer odpowiedzi
asked_at: asked at, survey date, response date, recorded date, submitted at, submit date, submission date, answered at,
    end date, completed at, responded at, response time, feedback date, feedback time, survey sent at, sent at,
    timestamp, date, befragungsdatum, datum abgeschickt, abgeschickt, zeitstempel, date enquete,
    date reponse, horodateur, fecha respuesta, marca temporal, 提交答卷时间, 提交时间, 调查日期, 答题时间,
    informazioni cronologiche, data di fine, data invio, data di invio, data compilazione, data risposta, carimbo de data hora, data de envio, data da resposta, data de termino, sygnatura czasowa, data wypelnienia, data odpowiedzi, data zakonczenia
item: item, question, frage, item name, pregunta, 题目, 问题
score: score, rating, nps, nps score, csat, satisfaction, answer, stars, bewertung, zufriedenheit, note, puntuacion, 评分, 满意度, 得分
invoice_id: 单据编号, 单据号, 应收单号, invoice id, invoice no, invoice number, invoice, num, rechnung, rechnungsnummer, rechnungsnr, belegnr,
    belegnummer, facture, numero facture, numero de facture, factura, numero factura, 发票号, 账单号
issued_at: issued at, invoice date, inv date, issue date, bill date, date, rechnungsdatum, belegdatum, posting date, document date,
    date facture, date de facture, fecha factura, fecha de emision, 开票日期, 账单日期,
    дата счета
due_at: due at, due date, due, payment due, faellig, faellig am, faelligkeit, faelligkeitsdatum, echeance, date echeance,
    date d echeance, vencimiento, fecha de vencimiento, fecha vencimiento, 到期日, 应付日期, 应收日期,
    net due date, netto faelligkeit, nettofaelligkeit, nettofaelligkeitsdatum, due on, payment due date, срок оплаты, 到期日期, 应收到期日
paid_at: paid at, paid on, paid, payment date, paid date, bezahlt, bezahlt am, zahlungsdatum, paye le, date paiement,
    fecha de pago, 付款日期, 支付日期,
    clearing date, clearing, ausgleichsdatum, ausgleich, paid off, date de paiement, date de lettrage, дата оплаты, 核销日期, 收款日期
amount: invoice amount, total amount, total, amount, net amount, gross amount, invoice total, betrag, rechnungsbetrag,
    nettobetrag, bruttobetrag, montant, montant total, importe, importe total, 金额,
    amount in local currency, amount in lc, amount in doc curr, amount in document currency, betrag in hauswaehrung, betrag in belegwaehrung, 应收金额, 价税合计, сумма счета
campaign_id: campaign id, campaign, campaign code, campaign key, kampagne, kampagnen id, campagne, campana, 活动编号, 活动
campaign_started_at: send date, sent at, send time, sent date, campaign start, start date, sent, launch date, versanddatum,
    versendet am, date envoi, fecha de envio, 发送时间, 开始时间
targeted_at: date d envoi, date envoi, versandtag, targeted at, sent at, send date, sent date, mailed at, mail date, contacted at, date, assigned at, treatment date,
    versendet am, date envoi, fecha de envio, 发送时间, 发送日期,
    drop date, mail drop date, in home date, delivery date, deployment date, send time, sent time, launch date, versandt am, versanddatum, date d envoi, 触达时间
arm: arm, group, test group, treatment, treatment group, segment, variant, control, is control, control group, experiment group,
    gruppe, testgruppe, kontrollgruppe, groupe, groupe test, grupo, grupo de control, 组别, 分组, 实验组,
    test cell, cell, test arm, ab group, ab test group, ab test, test variant, offer group, split, arm code, cohort arm, behandlung, bras, rama, 实验分组, 对照
responded: responded, response, converted, conversion, visited, visit, clicked, redeemed, purchased, bought, reaktion,
    reagiert, repondu, respondio, 响应, 转化, 是否响应,
    respond, order placed, has purchased, is converted, kauf, gekauft, bestellt, opened account, achat, a achete, compra, 是否转化, 是否购买, 购买
partner_id: partner id, dealer id, dealer code, distributor id, reseller id, vendor id, haendlernummer, haendler nr,
    partner, dealer, distributor, reseller, haendler, revendeur, distribuidor, 经销商, 经销商编号, 代理商
"""  # noqa: E501  (a role is a paragraph)

# Words that turn what a phrase says into something else: a churn score is no churn, a refunded amount no revenue.
_BLOCKED: Final = """
customer_id: name, email, mail, phone, group, segment, type, note, notes, since, city, state, country, region, language, age, value,
    lifetime, satisfaction, service, interactions, count, first, last, owner, status, address, category, 名称, 简称, 留言, 级别, 等级,
    类型, 姓名, 电话, 服务, 满意, 邮箱, 城市, 单价, 昵称, 数
customer_email: to, agent, owner, submitter, assignee, subject, marketing, consent, status, sent, opened, service, count, klicks,
    recipient, permission, campaign
customer_phone: service, model, plan, agent
customer_name: first, last, product, item, plan, campaign, agent, owner, staff, deal, opportunity, card, subscription, manager,
    store, lineitem, shipping, channel, event, device, contract, billing, ship, status, type, age, length, code, number, balance,
    product, 商品, 产品, 物料, 存货, 险种, 店铺
order_id: 子订单, 子单, date, status, total, amount, type, count, item, line, time, value, number of, note, price, currency, method, state, refund,
    tax, source, tags, discount, city, channel, quantity, 金额, 状态, 时间, 日期, 类型, 数量, 备注, 关闭, 来源, 收入,
    payment method name, source name
ordered_at: update, updated, modified, due, paid, shipped, delivered, delivery, cancelled, canceled, closed, birth, expiry, expires,
    end, expected, required, estimated, last, flight, check, time zone, timezone, zone, duration, period, valid, 结束, 关闭,
    更新, 修改, 预计, 出生, 到期
revenue: tax, taxes, vat, shipping, freight, postage, discount, discounts, refund, refunded, refunds, tip, fee, fees, commission,
    balance, cost, points, number, quantity, qty, count, score, lifetime, predicted, due, outstanding, id, code, item count,
    compare, cart, coupon, gift, cash, mwst, steuer, versand, versandkosten, rabatt, taxe, livraison, remise, impuesto, envio, descuento,
    probability, currency, card, list, target, recipients, deliveries, bounces, opens, clicks,
    税额, 税, 邮费, 运费, 退款, 优惠, 折扣, 余额, 积分, 数量, 成本, 应收, 单价,
    小計, 送料, 手数料
refund: status, date, state, type, reason, at, id, count, 状态, 时间, 原因, 编号, 类型
amount: tax, due, paid, balance, discount, open, fee, id, currency, 税,
    quantity, qty, count
cost: shipping, freight, postage, delivery, handling, transport, versand, porto, livraison, expedition, envio, flete,
    运费, 邮费, 物流, 送料, cost center, cost centre, per click, id, code, type,
    item cost, per item price
discount: code, codes, type, name, rate, percent, id
quantity: amount, total, price, value, id, name, code
unit_price: id, total, compare, shipping, currency, tax, level, index, 合计
product_id: name, price, category, type, title, id type, quantity, description, count, value, line, variant title
contract_id: type, name type, start, end, date, status, length, value, amount, duration, term, signed, 日期, 状态, 类型, 金额, 期
started_at: trial, period, renewal, next, last, term start, updated, current, birth, session, end, promo, cancel, review, 结束, 终止, 更新,
    balance
ended_at: period, trial, due, current, next, renewal, weekend, front, reason, 原因, 状态, 年限,
    contract length
plan: id number, price, amount, start, end, interval, quantity, length, contractor, status, number, date, lineitem, usage, mins,
    minutes, 编号, 号, 日期, 状态, 金额
fee: late, refund, refunded, balance, tax, currency, setup, shipping, total price, interval, overdue, usage, status, due, code, id
churn: score, risk, reason, probability, date, category, prediction, predicted, rate, month, time, cost, cause, prob, 原因, 风险, 概率
contact_id: email, name, type, status, date, created, closed, time
opened_at: updated, update, modified, last, due, first, resolved, closed, solved, assigned, birth, 更新
closed_at: due, by, first, updated, 更新, 状态
text: id, count, type, length
channel: id, type count, 编号
store: credit, id number, date
response_id: time, date, rate, first, count, type, status, 时间
asked_at: start, birth, update, expiry, 开始
score: lead, credit, churn, health, risk, engagement, quality score
invoice_id: date, amount, total, status, due, type, currency, paid, sent
issued_at: due, paid, expected, sent
campaign_id: name, type, budget, start, end, date, cost, email, source, medium, member, status, goal, 类型, 名称
targeted_at: birth, order, purchase, signup, registered
arm: history, age, market, customer, income, product, price
responded: rate, time, id, date, count, first, unique, status
partner_id: name, type, region, level, discount
"""  # noqa: E501  (as above)


def _phrases(written: str) -> dict[str, tuple[str, ...]]:
    entries = re.findall(r"^(\w+):((?:.*\n(?!\w))*.*)", written, flags=re.MULTILINE)
    return {
        role: tuple(" ".join(phrase.split()) for phrase in said.split(",") if phrase.strip()) for role, said in entries
    }


PHRASES: Final[Mapping[str, tuple[str, ...]]] = _phrases(_WRITTEN)
BLOCKED: Final[Mapping[str, tuple[str, ...]]] = _phrases(_BLOCKED)
