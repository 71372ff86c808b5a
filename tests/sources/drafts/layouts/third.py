"""A third round: bills of payment services, ledgers, guests, promises, lists with drawn lines, money in cents."""

from __future__ import annotations

from datetime import timedelta

from tests.sources.drafts.layouts.world import (
    CONTRACTS,
    KEPT,
    N_KEPT,
    NOT_CANCELLED,
    ORDERS,
    Layout,
    table,
)

# Given back in full are orders 8 and 32, worth 28 and 52: rows of their own where a layout writes such.
_SOLD = [o for o in ORDERS if not o.is_cancelled]
_BACK = [o for o in ORDERS if o.is_refunded]
_STAMP = "%Y-%m-%d %H:%M:%S"


def _money(value: float) -> str:
    return f"{value:,.2f}".replace(",", "\u202f").replace(".", ",") + " €"


def _weixin_bill() -> str:
    head = (
        "交易时间,商户号,微信订单号,用户标识,交易类型,交易状态,应结订单金额,微信退款单号,退款金额,手续费,"
        "订单金额,申请退款金额"
    )

    def row(o, *, is_back: bool) -> list[str]:
        money = (
            ["0.00", f"50{o.k:05d}", o.paid, "-0.01", "0.00", o.paid] if is_back else [o.paid, "0", 0, 0.1, o.paid, 0]
        )
        who = [
            f"{o.at:{_STAMP}}",
            "12300",
            f"42{o.k:026d}",
            f"oU{o.customer}",
            "JSAPI",
            "REFUND" if is_back else "SUCCESS",
        ]
        return [f"`{cell}" for cell in (*who, *money)]

    rows = [row(o, is_back=False) for o in _SOLD] + [row(o, is_back=True) for o in _BACK]
    return table(head, rows) + "总交易单数,应结订单总金额,退款总金额\n`57,`2737.50,`80.00\n"


def _alipay_bill() -> str:
    head = (
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,对方账户,订单金额（元）,商家实收（元）,"
        "服务费（元）,备注"
    )
    rows = []
    for o, sign, kind in [*((o, 1, "交易") for o in _SOLD), *((o, -1, "退款") for o in _BACK)]:
        money = [f"{sign * o.paid:.2f}"] * 2
        at = f"{o.at:{_STAMP}}"
        cells = [f"2023{o.k:020d}", f"S{o.k}", kind, "灯", at, at, f"张三(u{o.customer}***@qq.com)", *money, "0", ""]
        rows.append([f"{cell}\t" for cell in cells])
    above = "#支付宝业务明细查询\n#账号：[20885555]\n#-----业务明细列表-----\n"
    return above + table(head, rows) + "#-----业务明细列表结束-----\n#导出时间：[2024年12月01日]\n"


def _sage() -> str:
    head = "No,Type,A/C,N/C,Details,Date,Ref,Net,Tax,T/C,Paid,Amount Paid"
    rows = []
    for o in _SOLD:
        day = f"{o.at:%d/%m/%Y}"
        rows.append(["SI", f"CUST{o.customer:03d}", "4000", "Goods", day, f"{o.k}", o.paid, 0, "T1", "Y", o.paid])
        rows.append(["SR", f"CUST{o.customer:03d}", "1200", "Receipt", day, "BACS", o.paid, 0, "T9", "Y", o.paid])
    for o in _BACK:
        rows.append(
            ["SC", f"CUST{o.customer:03d}", "4000", "Credit", f"{o.at:%d/%m/%Y}", "", o.paid, 0, "T1", "Y", o.paid]
        )
    return table(head, [[i, *row] for i, row in enumerate(rows, start=1)])


def _eventbrite() -> str:
    head = (
        "Order #,Order Date,First Name,Email,Quantity,Ticket Type,Attendee #,Order Type,Currency,"
        "Total Paid,Attendee Status"
    )
    rows = []
    for o in ORDERS:
        kind = "Refunded" if o.is_refunded else "Eventbrite Completed"
        state = "Not Attending" if o.is_cancelled or o.is_refunded else "Attending"
        what = [800 + o.k, f"{o.at:%b %d, %Y}", "A", o.email, 1, "Standard", 5000 + o.k, kind, "EUR", o.paid, state]
        rows.append(what)
    return table(head, rows)


def _gumroad() -> str:
    head = (
        "Purchase ID,Item Name,Purchase Email,Purchase Date,Subtotal ($),Sale Price ($),Refunded?,"
        "Partial Refund ($),Fully Refunded?,Order Number"
    )
    rows = []
    for o in _SOLD:
        part = 2 if o.k % 10 == 1 else 0
        flags = [int(o.is_refunded or part > 0), part, int(o.is_refunded)]
        rows.append([f"p{o.k}==", "Book", o.email, f"{o.at:%Y-%m-%d}", o.paid - 1, o.paid, *flags, 900 + o.k])
    return table(head, rows)


def _ebp() -> str:
    head = "Type de document,Numéro du document,Date,Code client,Nom du client,Montant Total TTC,Etat"
    rows = []
    for o in ORDERS:
        state = "Annulé" if o.is_cancelled else "Validé"
        who = [f"{o.at:%d/%m/%Y}", f"C{o.customer:04d}", "Dupont"]
        rows.append(["Facture de vente", f"FA{o.k:06d}", *who, _money(o.paid), state])
    for o in _BACK:
        who = [f"{o.at:%d/%m/%Y}", f"C{o.customer:04d}", "Dupont"]
        rows.append(["Avoir", f"AV{o.k:06d}", *who, _money(o.paid), "Validé"])
    return "\ufeff" + table(head, rows, sep=";")


def _alv() -> str:
    lines = ["03.12.2024          Dynamische Listenausgabe          1", "", "Verkäufe je Auftraggeber", ""]
    head = "|Auftraggeb|Faktura   |FkDat     |      Nettowert|Währg|Storn|"
    rule = "-" * len(head)
    lines += [rule, head, rule]
    for customer in sorted({o.customer for o in ORDERS}):
        total = 0.0
        for o in [o for o in ORDERS if o.customer == customer]:
            written = f"{o.paid:.2f}".replace(".", ",")
            mark = "X" if o.is_cancelled else " "
            lines.append(f"|{customer:010d}|{9000 + o.k:010d}|{o.at:%d.%m.%Y}|{written:>15}|EUR  |{mark}    |")
            total += o.paid
            if o.is_refunded:
                lines.append(f"|{customer:010d}|{9900 + o.k:010d}|{o.at:%d.%m.%Y}|{written + '-':>15}|EUR  |     |")
                total -= o.paid
        sums = f"{total:.2f}".replace(".", ",")
        lines.append(f"|*         |          |          |{sums:>15}|EUR  |     |")
    return "\r\n".join([*lines, rule]) + "\r\n"


def _bigcommerce() -> str:
    head = (
        "Order ID,Customer ID,Customer Name,Customer Email,Order Date,Order Status,"
        "Shipping Cost (inc tax),Order Total (inc tax)"
    )
    rows = []
    for o in ORDERS:
        number = 0 if o.customer <= 5 else 700 + o.customer
        state = o.state("Completed", "Cancelled", "Refunded")
        rows.append([100 + o.k, number, "A B", o.email, f"{o.at:%d/%m/%Y}", state, 4.9, f"{o.paid:.4f}"])
    return table(head, rows)


def _woocommerce_tables() -> str:
    head = "id,status,currency,type,tax_amount,total_amount,customer_id,billing_email,date_created_gmt,parent_order_id"
    rows = []
    for o in ORDERS:
        state = o.state("wc-completed", "wc-cancelled", "wc-refunded")
        rows.append([o.k + 1, state, "EUR", "shop_order", 0, o.paid, o.customer, o.email, f"{o.at:{_STAMP}}", 0])
    for o in _BACK:
        at = f"{o.at + timedelta(days=2):{_STAMP}}"
        rows.append([900 + o.k, "wc-completed", "EUR", "shop_order_refund", 0, -o.paid, o.customer, "", at, o.k + 1])
    return table(head, rows)


def _gifts() -> str:
    head = "Gift ID,Constituent ID,Gift Date,Gift Amount,Gift Type,Fund ID,Receipt Number"
    rows = []
    for o in ORDERS:
        what = "Pledge" if o.is_cancelled else "Pay-Cash" if o.is_refunded else "Cash"
        rows.append([f"G{o.k:05d}", o.customer, f"{o.at:%m/%d/%Y}", f"${o.paid:,.2f}", what, "GEN", ""])
    return table(head, rows)


def _maxio() -> str:
    head = (
        "id,state,product_price_in_cents,current_period_ends_at,activated_at,created_at,"
        "canceled_at,customer_id,product_name"
    )
    rows = []
    for c in CONTRACTS:
        times = ["2024-09-01", f"{c.start:%Y-%m-%d}", f"{c.start:%Y-%m-%d}", f"{c.end:%Y-%m-%d}" if c.end else ""]
        rows.append([c.j, "canceled" if c.end else "active", int(100 * c.fee), *times, 500 + c.customer, c.plan])
    return table(head, rows)


def _notice() -> str:
    head = "subscription_id,status,started_at,cancelled_at,plan,customer_id"
    rows = []
    for c in CONTRACTS:
        end = c.end or (c.start + timedelta(days=1200) if c.j in (1, 4) else None)
        state = "cancelled" if c.end else "non_renewing" if end else "active"
        dates = [f"{c.start:%d-%b-%Y %H:%M}", f"{end:%d-%b-%Y %H:%M}" if end else ""]
        rows.append([f"S{c.j}", state, *dates, c.plan, f"cb{c.customer}"])
    return table(head, rows)


_ALL = {"total": KEPT, "customers": 20}

LAYOUTS = (
    Layout(name="weixin-bill", text=_weixin_bill(), table="orders", columns={"customer_id": "用户标识"}, numbers=_ALL),
    Layout(
        name="alipay-bill",
        text=_alipay_bill(),
        table="orders",
        columns={"customer_id": "对方账户", "ordered_at": "创建时间"},
        numbers=_ALL,
        encoding="gb18030",
        checked=("customer_id",),
    ),
    Layout(
        name="sage",
        text=_sage(),
        table="orders",
        columns={"customer_id": "A/C", "ordered_at": "Date"},
        numbers=_ALL,
        checked=("where", "returns", "revenue"),
    ),
    Layout(
        name="eventbrite",
        text=_eventbrite(),
        table="orders",
        columns={"order_id": "Order #", "revenue": "Total Paid"},
        numbers={"orders": N_KEPT, **_ALL},
        checked=("cancellations",),
    ),
    Layout(
        name="gumroad",
        text=_gumroad(),
        table="orders",
        columns={"order_id": "Order Number"},
        # 2.00 were given back of orders 1, 11, 21, 31 and 51; order 41 was cancelled
        numbers={"orders": N_KEPT, "total": KEPT - 10, "customers": 20},
        checked=("cancellations", "revenue"),
    ),
    Layout(
        name="ebp",
        text=_ebp(),
        table="orders",
        columns={"order_id": "Numéro du document", "customer_id": "Code client"},
        numbers=_ALL,
        checked=("returns", "revenue"),
    ),
    Layout(
        name="sap-alv",
        text=_alv(),
        table="orders",
        columns={"order_id": "Faktura", "customer_id": "Auftraggeb", "revenue": "Nettowert"},
        numbers=_ALL,
        checked=("where", "cancellations"),
        encoding="cp1252",
        file="list.txt",
    ),
    Layout(
        name="bigcommerce",
        text=_bigcommerce(),
        table="orders",
        columns={"customer_id": "Customer Email", "revenue": "Order Total (inc tax)"},
        numbers={"orders": N_KEPT, **_ALL},
        checked=("customer_id",),
    ),
    Layout(
        name="woocommerce-tables",
        text=_woocommerce_tables(),
        table="orders",
        columns={"customer_id": "customer_id", "revenue": "total_amount"},
        numbers=_ALL,
        checked=("cancellations",),
    ),
    Layout(
        name="gifts",
        text=_gifts(),
        table="orders",
        columns={"order_id": "Gift ID", "customer_id": "Constituent ID", "ordered_at": "Gift Date"},
        numbers={"total": NOT_CANCELLED, "customers": 20},
        checked=("where",),
    ),
    Layout(
        name="maxio",
        text=_maxio(),
        table="contracts",
        columns={"fee": "product_price_in_cents", "ended_at": "canceled_at"},
        numbers={"contracts": 40, "ended": 14, "customers": 35, "fees": sum(c.fee for c in CONTRACTS)},
        checked=("fee",),
    ),
    Layout(
        name="notice-given",
        text=_notice(),
        table="contracts",
        columns={"ended_at": "cancelled_at", "started_at": "started_at"},
        numbers={"contracts": 40, "ended": 14, "customers": 35},
        checked=("ended_at",),
    ),
)
