"""A second round of layouts, written after the first were read right, to see what was learnt and what only fitted."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.sources.drafts.layouts.world import (
    CONTRACTS,
    KEPT,
    N_KEPT,
    N_NOT_CANCELLED,
    NOT_CANCELLED,
    ORDERS,
    TICKETS,
    Layout,
    table,
)

_ORDERED = {"orders": N_KEPT, "total": KEPT, "customers": 20}
_HELD = {"contracts": 40, "ended": 14, "customers": 35}
_TOLD = {"contacts": 30, "closed": 23, "customers": 12}


def _day(at: datetime | None, form: str = "%Y-%m-%d") -> str:
    return "" if at is None else format(at, form)


def _etsy() -> str:
    head = (
        "Sale Date,Order ID,Buyer User ID,Full Name,Number of Items,Payment Method,Date Shipped,Ship City,Currency,"
        "Order Value,Coupon Code,Discount Amount,Shipping,Sales Tax,Order Total,Status,Card Processing Fees,Order Net"
    )
    rows = []
    for o in ORDERS:
        state = o.state("Paid", "Canceled", "Refunded")
        money = [o.paid - 3, "", 0, 3, 0, o.paid, state, 0.7, o.paid - 0.7]
        who = [f"{o.at:%m/%d/%y}", 290000 + o.k, f"buyer{o.customer}", "A B"]
        rows.append([*who, 1, "Card", _day(o.at, "%m/%d/%y"), "Bonn", "EUR", *money])
    return table(head, rows)


def _braintree() -> str:
    head = (
        "Transaction ID,Transaction Type,Transaction Status,Created Datetime,Settlement Date,Merchant Account,"
        "Amount Authorized,Amount Submitted For Settlement,Currency,Customer ID,Customer Email,Order ID"
    )
    rows = []
    for o in ORDERS:
        state = o.state("Settled", "Processor Declined", "Voided")
        at = f"{o.at:%Y-%m-%d %H:%M:%S}"
        rows.append([f"t{o.k:06d}", "sale", state, at, at, "main", o.paid, o.paid, "EUR", o.customer + 70, o.email, ""])
    return table(head, rows)


def _paddle() -> str:
    head = "subscription_id,user_id,email,plan_name,status,signup_date,next_payment_date,cancelled_at,mrr,paused_at"
    rows = []
    for c in CONTRACTS:
        state = "active" if c.end is None else "deleted"
        next_at = "2024-09-01" if c.end is None else ""
        who = [510000 + c.j, 8800 + c.customer, f"u{c.customer}@example.com", c.plan]
        rows.append([*who, state, _day(c.start), next_at, _day(c.end), c.fee, ""])
    return table(head, rows)


def _pipedrive() -> str:
    head = (
        "ID,Title,Value,Currency,Organization,Contact person,Pipeline,Status,Deal created,Won time,"
        "Lost time,Lost reason"
    )
    rows = []
    for o in ORDERS:
        state = o.state("Won", "Lost", "Open")
        begun = f"{o.at - timedelta(days=11):%Y-%m-%d %H:%M:%S}"
        at = f"{o.at:%Y-%m-%d %H:%M:%S}"
        times = [at if state == "Won" else "", at if state == "Lost" else ""]
        rows.append([o.k + 1, "Lamps", o.paid, "EUR", f"Firm {o.customer}", "A", "Sales", state, begun, *times, ""])
    return table(head, rows)


def _servicenow() -> str:
    head = (
        "Number,Opened,Short description,Caller,Account,Priority,State,Category,Assignment group,"
        "Resolved,Closed,Contact type"
    )
    rows = []
    for t in TICKETS:
        state = "In Progress" if t.closed is None else "Closed"
        opened, closed = _day(t.opened, "%Y-%m-%d %H:%M:%S"), _day(t.closed, "%Y-%m-%d %H:%M:%S")
        what = [f"CS{t.t:07d}", opened, f"Lamp {t.t}", "Ann", f"ACC{t.customer:05d}", "3", state, "Lamps", "First"]
        rows.append([*what, closed, closed, "Email"])
    return table(head, rows)


def _pinduoduo() -> str:
    head = (
        "商品,订单号,订单状态,商品总价(元),邮费(元),店铺优惠折扣(元),用户实付金额(元),商家实收金额(元),"
        "商品数量(件),用户ID,订单成交时间,售后状态"
    )
    rows = []
    for o in ORDERS:
        state = o.state("已收货", "已取消", "已收货,退款成功")
        at = f"{o.at:%Y-%m-%d %H:%M:%S}"
        money = [o.listed, 0, 5, o.paid, o.paid]
        rows.append(["灯", f"240101-{o.k:012d}", state, *money, 1, f"用户{o.customer:04d}", at, "无售后"])
    return table(head, rows)


def _netsuite() -> str:
    head = "Date,Document Number,Name,Internal ID,Status,Amount,Memo,Type"
    rows = []
    for o in ORDERS:
        state = o.state("Billed", "Cancelled", "Billed")
        rows.append(
            [f"{o.at:%-d.%-m.%Y}", f"SO{o.k:05d}", f"{o.customer} Firm", 9000 + o.k, state, o.paid, "", "Sales Order"]
        )
    return table(head, rows)


def _lexware() -> str:
    head = "Rechnungsnummer,Rechnungsdatum,Fälligkeitsdatum,Debitorennummer,Firma,Rechnungsbetrag,Bezahlt am,Status"
    rows = []
    for o in ORDERS:
        state = o.state("bezahlt", "storniert", "bezahlt")
        paid = f"{o.paid:.2f}".replace(".", ",")
        due = f"{o.at + timedelta(days=14):%d.%m.%Y}"
        at = "" if o.is_cancelled else f"{o.at + timedelta(days=9):%d.%m.%Y}"
        rows.append([f"R{o.k:05d}", f"{o.at:%d.%m.%Y}", due, 10000 + o.customer, "Haus", f"{paid} €", at, state])
    return table(head, rows, sep=";")


def _assurance() -> str:
    head = (
        "Numéro de contrat,Numéro client,Produit,Date d'effet,Date de résiliation,Motif de résiliation,"
        "Prime annuelle,Statut"
    )
    rows = []
    for c in CONTRACTS:
        state = "En cours" if c.end is None else "Résilié"
        who = [f"CT{c.j:06d}", f"CL{c.customer:05d}", c.plan, _day(c.start, "%d/%m/%Y"), _day(c.end, "%d/%m/%Y")]
        rows.append([*who, "Prix" if c.end else "", f"{12 * c.fee:.2f}".replace(".", ","), state])
    return table(head, rows, sep=";")


def _gimnasio() -> str:
    head = "ID socio,Nombre,Tarifa,Cuota mensual,Fecha de alta,Fecha de baja,Motivo de baja,Estado"
    rows = []
    for c in CONTRACTS:
        state = "Activo" if c.end is None else "Baja"
        fee = f"{c.fee:.2f}".replace(".", ",")
        dates = [_day(c.start, "%d/%m/%Y"), _day(c.end, "%d/%m/%Y")]
        rows.append([f"S{c.j:05d}", "A", c.plan, fee, *dates, "Precio" if c.end else "", state])
    return table(head, rows, sep=";")


def _toast() -> str:
    head = "Order Id,Order #,Opened,Closed,Server,Guest Id,Amount,Discount Amount,Tax,Tip,Total,Voided,Dining Options"
    rows = []
    for o in ORDERS:
        at = f"{o.at:%Y-%m-%d %H:%M}"
        money = [o.paid - 2, 0, 2, 0, o.paid, "true" if o.is_cancelled else "false"]
        rows.append([f"ord-{o.k:06d}", 1 + o.k % 9, at, at, "Bob", f"g{o.customer}", *money, "Dine in"])
    return table(head, rows)


def _jira() -> str:
    head = "Issue key,Issue id,Summary,Issue Type,Status,Priority,Reporter Id,Created,Resolved,Updated,Request Type"
    rows = []
    for t in TICKETS:
        state = "Open" if t.closed is None else "Done"
        opened, closed = _day(t.opened, "%d/%b/%y %I:%M %p"), _day(t.closed, "%d/%b/%y %I:%M %p")
        what = [f"SD-{t.t}", 10000 + t.t, f"Cup {t.t}", "Incident", state, "High", f"r{t.customer}"]
        rows.append([*what, opened, closed, closed or opened, "Help"])
    return table(head, rows)


LAYOUTS = (
    Layout(
        name="etsy",
        text=_etsy(),
        table="orders",
        columns={
            "order_id": "Order ID",
            "customer_id": "Buyer User ID",
            "ordered_at": "Sale Date",
            "revenue": "Order Total",
        },
        numbers=_ORDERED,
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="braintree",
        text=_braintree(),
        table="orders",
        columns={"order_id": "Transaction ID", "customer_id": "Customer ID", "ordered_at": "Created Datetime"},
        numbers=_ORDERED,
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="paddle",
        text=_paddle(),
        table="contracts",
        columns={"contract_id": "subscription_id", "customer_id": "user_id", "started_at": "signup_date"},
        numbers=_HELD,
        left_out=("status",),
        is_aside=True,
    ),
    Layout(
        name="pipedrive",
        text=_pipedrive(),
        table="orders",
        columns={"order_id": "ID", "customer_id": "Organization", "ordered_at": "Won time", "revenue": "Value"},
        numbers=_ORDERED,
        is_aside=True,
    ),
    Layout(
        name="servicenow",
        text=_servicenow(),
        table="contacts",
        columns={"contact_id": "Number", "customer_id": "Account", "opened_at": "Opened"},
        numbers=_TOLD,
        is_aside=True,
    ),
    Layout(
        name="pinduoduo",
        text=_pinduoduo(),
        table="orders",
        columns={
            "order_id": "订单号",
            "customer_id": "用户ID",
            "ordered_at": "订单成交时间",
            "revenue": "用户实付金额(元)",
        },
        numbers=_ORDERED,
        checked=("cancellations",),
        encoding="gb18030",
        is_aside=True,
    ),
    Layout(
        name="netsuite",
        text=_netsuite(),
        table="orders",
        columns={"order_id": "Document Number", "customer_id": "Name", "ordered_at": "Date", "revenue": "Amount"},
        numbers={"orders": N_NOT_CANCELLED, "total": NOT_CANCELLED, "customers": 20},
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="lexware",
        text=_lexware(),
        table="invoices",
        columns={"invoice_id": "Rechnungsnummer", "customer_id": "Debitorennummer", "due_at": "Fälligkeitsdatum"},
        numbers={"invoices": N_NOT_CANCELLED, "amount": NOT_CANCELLED},
        encoding="cp1252",
        is_aside=True,
    ),
    Layout(
        name="assurance",
        text=_assurance(),
        table="contracts",
        columns={"contract_id": "Numéro de contrat", "customer_id": "Numéro client", "ended_at": "Date de résiliation"},
        numbers={**_HELD, "fees": 600.0},
        left_out=("Statut",),
        is_aside=True,
    ),
    Layout(
        name="gimnasio",
        text=_gimnasio(),
        table="contracts",
        columns={
            "contract_id": "ID socio",
            "started_at": "Fecha de alta",
            "ended_at": "Fecha de baja",
            "plan": "Tarifa",
        },
        numbers={"contracts": 40, "ended": 14, "fees": 600.0},
        left_out=("Estado",),
        encoding="cp1252",
        is_aside=True,
    ),
    Layout(
        name="toast",
        text=_toast(),
        table="orders",
        columns={"order_id": "Order Id", "customer_id": "Guest Id", "ordered_at": "Opened", "revenue": "Total"},
        numbers={"orders": N_NOT_CANCELLED, "total": NOT_CANCELLED, "customers": 20},
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="jira",
        text=_jira(),
        table="contacts",
        columns={
            "contact_id": "Issue key",
            "customer_id": "Reporter Id",
            "opened_at": "Created",
            "closed_at": "Resolved",
        },
        numbers=_TOLD,
        is_aside=True,
    ),
)
