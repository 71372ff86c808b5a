"""Shops, tills and ledgers of sales."""

from __future__ import annotations

from tests.sources.drafts.layouts.world import (
    ALL,
    KEPT,
    N_ALL,
    N_KEPT,
    N_NOT_CANCELLED,
    NOT_CANCELLED,
    ORDERS,
    Layout,
    table,
)

_RIGHT = {"orders": N_KEPT, "total": KEPT, "customers": 20}


def _shopify() -> str:
    head = (
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,"
        "Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,"
        "Lineitem fulfillment status,Billing Name,Billing City,Billing Country,Notes,Cancelled at,Payment Method,"
        "Payment Reference,Refunded Amount,Vendor,Id,Tags,Risk Level,Source,Lineitem discount"
    )
    rows = []
    for o in ORDERS:
        at = f"{o.at:%Y-%m-%d %H:%M:%S} +0100"
        state = o.state("paid", "voided", "refunded")
        first = [f"#{1001 + o.k}", o.email, state, at if state != "voided" else "", "fulfilled", at, "no", "EUR"]
        money = [f"{o.paid - 5:.2f}", "5.00", "0.00", f"{o.paid:.2f}", "", "0.00", "DHL"]
        item = [1, "Lamp", f"{o.paid - 15:.2f}", "", "LAMP-1", "true", "true", "fulfilled"]
        person = ["A B", "Bonn", "DE", "", at if o.is_cancelled else "", "Card", f"r{o.k}", f"{o.refunded:.2f}"]
        rows.append([*first, *money, at, *item, *person, "House", 4500000000000 + o.k, "", "Low", "web", "0.00"])
        second = [2, "Cup", "5.00", "", "CUP-1", "true", "true", "fulfilled"]
        rows.append([f"#{1001 + o.k}", o.email, *[""] * 13, at, *second, *[""] * 8, "House", *[""] * 4, "0.00"])
    return table(head, rows)


def _woo() -> str:
    head = (
        "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),Email (Billing),"
        "Payment Method Title,Cart Discount Amount,Order Subtotal Amount,Order Shipping Amount,Order Refund Amount,"
        "Order Total Amount,Order Total Tax Amount"
    )
    return table(
        head,
        [
            [
                *[5000 + o.k, o.state("Completed", "Cancelled", "Refunded"), f"{o.at:%Y-%m-%d %H:%M}", "", "N", "M"],
                *[o.email, "Card", 0, o.paid - 4, 4, f"'-{o.paid}" if o.is_refunded else "0.00", o.paid, 0],
            ]
            for o in ORDERS
        ],
    )


def _magento() -> str:
    head = (
        "ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),Grand Total (Purchased),Status,"
        "Billing Address,Shipping Information,Customer Email,Customer Group,Subtotal,Shipping and Handling,"
        "Customer Name,Payment Method,Total Refunded"
    )
    return table(
        head,
        [
            [
                *[f"{o.k + 1:09d}", "Main Website\nMain Website Store", f"{o.at:%b %-d, %Y %-I:%M:%S %p}"],
                *[
                    "A B",
                    "A B",
                    f"€{o.paid:.2f}",
                    f"€{o.paid:.2f}",
                    o.state("complete", "canceled", "closed"),
                    "Road 1",
                ],
                *["Flat Rate", o.email, "General", f"€{o.paid - 5:.2f}", "€5.00", f"N {o.customer}", "checkmo"],
                f"€{o.refunded:.2f}",
            ]
            for o in ORDERS
        ],
    )


def _taobao() -> str:
    head = (
        "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,总金额,买家实际支付金额,"
        "订单状态,收货人姓名,订单创建时间,订单付款时间,宝贝标题,宝贝总数量,店铺名称,订单关闭原因,"
        "退款金额"
    )
    rows = []
    for o in ORDERS:
        state = o.state("交易成功", "交易关闭", "交易关闭")
        lost = state == "交易关闭"
        rows.append(
            [
                *[f'="{88880000 + o.k}"', f"买家{o.customer:02d}", "", o.paid, 5, o.listed, 0 if lost else o.paid],
                *[
                    state,
                    "王",
                    f"{o.at:%Y-%m-%d %H:%M:%S}",
                    "" if lost else f"{o.at:%Y-%m-%d %H:%M:%S}",
                    "灯",
                    1,
                    "小店",
                ],
                *["买家取消" if o.is_cancelled else "退款" if o.is_refunded else "订单未关闭", o.refunded],
            ]
        )
    return table(head, rows)


def _jd() -> str:
    head = "订单号,下单帐号,下单时间,订单金额,结算金额,应付金额,余额支付,订单状态,订单类型,客户姓名,支付方式"
    return table(
        head,
        [
            [
                *[f"{200000000000 + o.k}\t", f"jd_{o.customer:04d}", f"{o.at:%Y-%m-%d %H:%M:%S}\t", o.listed, o.paid],
                *[o.paid, 0, o.state("完成", "(删除)等待出库", "已退款"), "SOP", "李", "在线支付"],
            ]
            for o in ORDERS
        ],
    )


def _ga4() -> str:
    lines = [f"O{1000 + o.k},{o.at:%Y%m%d},{o.customer:03d}.77,{o.paid:.2f}" for o in ORDERS]
    head = (
        "# ----------------------------------------\n# Free form 1\n# 20240101-20241231\n# ----------------------\n\n"
    )
    total = f",,Grand total,{sum(o.paid for o in ORDERS):.2f}\n"
    return head + "Transaction ID,Date,User ID,Purchase revenue\n" + "\n".join(lines) + "\n" + total


def _vf05() -> str:
    head = "Fakt.beleg,Fakturaart,Auftraggeber,Fakturadatum,Nettowert,Währg,Storniert,VkOrg"
    return table(
        head,
        [
            [
                *[f"{90000000 + o.k:010d}", "F2", f"{o.customer:010d}", f"{o.at:%d.%m.%Y}"],
                *[f"{1000 + o.paid:,.2f}".translate(str.maketrans(",.", ".,")), "EUR", "X" if o.is_cancelled else ""],
                "1000",
            ]
            for o in ORDERS
        ],
        sep=";",
    )


def _vbrk() -> str:
    head = "MANDT,VBELN,FKART,WAERK,VKORG,FKDAT,KUNAG,KUNRG,NETWR,MWSBK,FKSTO,ERDAT"
    return table(
        head,
        [
            [
                *["100", f"{90000000 + o.k:010d}", "RE" if o.is_refunded else "F2", "EUR", "1000", f"{o.at:%Y%m%d}"],
                *[f"{o.customer:010d}", f"{o.customer:010d}", f"{o.paid:.2f}" + ("-" if o.is_refunded else "")],
                *["0.00", "X" if o.is_cancelled else "", f"{o.at:%Y%m%d}"],
            ]
            for o in ORDERS
        ],
        sep="|",
    )


def _kingdee() -> str:
    head = (
        "单据编号,日期,客户编码,客户名称,单据状态,物料编码,物料名称,销售单位,实发数量,含税单价,金额,税额,"
        "价税合计,作废状态,销售员"
    )
    rows = []
    for o in ORDERS:
        for code, share in (("M01", 0.75), ("M02", 0.25)):
            money = o.paid * share
            rows.append(
                [
                    *[f"XSCKD{o.k:06d}", f"{o.at:%Y/%-m/%-d}", f"CUST{o.customer:04d}", "某公司", "已审核", code, "灯"],
                    *["Pcs", 1, money, round(money / 1.13, 2), round(money - money / 1.13, 2), money],
                    *["作废" if o.is_cancelled else "未作废", "张"],
                ]
            )
    return table(head, rows)


def _square() -> str:
    head = (
        "Date,Time,Time Zone,Gross Sales,Discounts,Net Sales,Gift Card Sales,Tax,Tip,Partial Refunds,"
        "Total Collected,Source,Card,Card Entry Methods,Cash,Fees,Net Total,Transaction ID,"
        "Payment ID,Card Brand,Device Name,Staff Name,Description,Event Type,Location,Customer ID,"
        "Customer Name"
    )
    rows = []
    for o in ORDERS:
        if o.is_cancelled:
            continue
        sign = "-" if o.is_refunded else ""
        rows.append(
            [
                *[f"{o.at:%Y-%m-%d}", f"{o.at:%H:%M:%S}", "Berlin", f"{sign}€{o.listed:.2f}", "-€5.00"],
                *[f"{sign}€{o.paid:.2f}", "€0.00", "€0.00", "€0.00", "€0.00", f"{sign}€{o.paid:.2f}", "Register"],
                *[
                    "€0.00",
                    "",
                    "€0.00",
                    "€0.00",
                    f"{sign}€{o.paid:.2f}",
                    f"TX{o.k:05d}",
                    f"PY{o.k:05d}",
                    "",
                    "iPad",
                    "S",
                ],
                *["Lamp", "Refund" if o.is_refunded else "Payment", "Bonn", f"CU{o.customer:03d}", "A B"],
            ]
        )
    return table(head, rows)


def _paypal() -> str:
    head = (
        "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address,To Email Address,Transaction ID,"
        "Shipping Address,Item Title,Reference Txn ID,Balance"
    )
    return table(
        head,
        [
            [
                *[f"{o.at:%d/%m/%Y}", f"{o.at:%H:%M:%S}", "CET", "A B", "Website Payment"],
                *[o.state("Completed", "Denied", "Refunded"), "EUR", f"{o.paid:.2f}", "-0.50", f"{o.paid - 0.5:.2f}"],
                *[o.email, "shop@example.com", f"1AB{o.k:05d}", "Road 1", "Lamp", "", f"{1000 + o.k}.00"],
            ]
            for o in ORDERS
        ],
    )


def _amazon() -> str:
    head = (
        "order-id,order-item-id,purchase-date,payments-date,buyer-email,buyer-name,sku,product-name,quantity-purchased,"
        "currency,item-price,item-tax,shipping-price,shipping-tax,ship-service-level,order-status"
    )
    return table(
        head,
        [
            [
                *[
                    f"305-{o.k:07d}-1",
                    f"{77000 + o.k}",
                    f"{o.at:%Y-%m-%dT%H:%M:%S}+00:00",
                    f"{o.at:%Y-%m-%dT%H:%M:%S}+00:00",
                ],
                *[f"b{o.customer}@marketplace.amazon.de", "A B", "LAMP-1", "Lamp", 1, "EUR", f"{o.paid:.2f}", "0.00"],
                *["0.00", "0.00", "Standard", o.state("Shipped", "Cancelled", "Shipped")],
            ]
            for o in ORDERS
        ],
        sep="\t",
    )


def _ebay() -> str:
    head = (
        "Sales Record Number,Order Number,Buyer Username,Buyer Name,Buyer Email,Item Number,Item Title,Quantity,"
        "Sold For,Shipping And Handling,Total Price,Payment Method,Sale Date,Paid On Date,Shipped On Date"
    )
    rows = [
        [
            *[100 + o.k, f"12-{o.k:05d}", f"buyer_{o.customer}", "A B", "", "2551", "Lamp", 1, f"EUR {o.paid - 5:.2f}"],
            *["EUR 5.00", f"EUR {o.paid:.2f}", "PayPal", f"{o.at:%b-%d-%y}", f"{o.at:%b-%d-%y}", f"{o.at:%b-%d-%y}"],
        ]
        for o in ORDERS
    ]
    return "\n" + table(head, rows) + "\n60,record(s) downloaded,from seller\nSeller ID : lamps\n"


def _odoo() -> str:
    return table(
        "Order Reference,Creation Date,Customer,Salesperson,Company,Total,Invoice Status,Status",
        [
            [
                *[f"S{o.k:05d}", f"{o.at:%Y-%m-%d %H:%M:%S}", f"Firm {o.customer}", "Anna", "House", o.paid],
                *["Fully Invoiced", o.state("Sales Order", "Cancelled", "Quotation")],
            ]
            for o in ORDERS
        ],
    )


def _lightspeed() -> str:
    head = (
        "Receipt number,Date,Sale ID,Customer code,Customer name,Note,Subtotal,Sales Tax,Discount,Total,Register,Status"
    )
    return table(
        head,
        [
            [
                *[
                    1000 + o.k,
                    f"{o.at:%Y-%m-%d %H:%M:%S}",
                    f"a{o.k:04d}-7",
                    f"K-{o.customer:03d}",
                    "A B",
                    "",
                    o.paid - 2,
                ],
                *["2.00", "5.00", o.paid, "Main", o.state("Closed", "Voided", "Closed")],
            ]
            for o in ORDERS
        ],
    )


def _weixin() -> str:
    return table(
        "订单号,订单状态,买家昵称,下单时间,支付时间,商品总价,运费,优惠金额,实付金额,售后状态,支付方式",
        [
            [
                *[
                    f"37{o.k:012d}",
                    o.state("已完成", "已取消", "已退款"),
                    f"昵称{o.customer}",
                    f"{o.at:%Y-%m-%d %H:%M:%S}",
                ],
                *["" if o.is_cancelled else f"{o.at:%Y-%m-%d %H:%M:%S}", f"¥{o.listed:.2f}", "¥0.00", "¥5.00"],
                *[f"¥{o.paid:.2f}", "退款成功" if o.is_refunded else "", "微信支付"],
            ]
            for o in ORDERS
        ],
    )


def _youzan() -> str:
    return table(
        (
            "订单号,归属店铺,订单类型,买家手机号,下单时间,订单状态,订单应付金额,订单实付金额,"
            "订单退款状态,已退款金额,收货人"
        ),
        [
            [
                *[f"E2024{o.k:08d}", "小店", "普通订单", f"138{o.customer:08d}", f"{o.at:%Y-%m-%d %H:%M:%S}"],
                *[o.state("交易完成", "交易关闭", "交易完成"), o.paid, 0 if o.is_cancelled else o.paid],
                *["全额退款" if o.is_refunded else "", o.refunded, "王"],
            ]
            for o in ORDERS
        ],
    )


def _yonyou() -> str:
    return table(
        (
            "发货单号,发货日期,客户编码,客户简称,部门,业务员,存货编码,存货名称,数量,含税单价,无税金额,"
            "税额,价税合计,退货标识"
        ),
        [
            [
                *[f"FH{o.k:07d}", f"{o.at:%Y-%m-%d}", f"{o.customer:06d}", "某公司", "一部", "张", f"A{o.k % 3}", "灯"],
                *[-1 if o.is_refunded else 1, o.paid, round(o.paid / 1.13, 2), round(o.paid - o.paid / 1.13, 2)],
                *[-o.paid if o.is_refunded else o.paid, "是" if o.is_refunded else "否"],
            ]
            for o in ORDERS
        ],
    )


def _prestashop() -> str:
    return table(
        "ID;Référence;Nouveau client;Livraison;Client;Adresse e-mail;Total payé;Paiement;État;Date".replace(";", ","),
        [
            [
                *[o.k + 1, f"XK{o.k:07d}", 0, "France", "A. B", o.email, f"{o.paid:.2f} €".replace(".", ",")],
                *["Carte", o.state("Livré", "Annulée", "Remboursé"), f"{o.at:%d/%m/%Y %H:%M:%S}"],
            ]
            for o in ORDERS
        ],
        sep=";",
    )


def _shopware() -> str:
    return table(
        "Bestellnummer,Bestellzeit,Kundennummer,E-Mail,Gesamtbetrag,Versandkosten,Zahlungsstatus,Bestellstatus",
        [
            [
                *[
                    10000 + o.k,
                    f"{o.at:%d.%m.%Y %H:%M}",
                    20000 + o.customer,
                    o.email,
                    f"{o.paid:.2f}".replace(".", ","),
                ],
                *[
                    "4,00",
                    o.state("Bezahlt", "Offen", "Erstattet"),
                    o.state("Abgeschlossen", "Storniert", "Abgeschlossen"),
                ],
            ]
            for o in ORDERS
        ],
        sep=";",
    )


def _tienda() -> str:
    return table(
        "Nº pedido,Fecha pedido,Cliente,Importe total,Forma de pago,Estado del pedido",
        [
            [
                *[
                    f"P-{o.k:05d}",
                    f"{o.at:%d/%m/%Y}",
                    f"C{o.customer:04d}",
                    f"{o.paid:.2f}".replace(".", ","),
                    "Tarjeta",
                ],
                o.state("Entregado", "Cancelado", "Devuelto"),
            ]
            for o in ORDERS
        ],
        sep=";",
    )


def _log() -> str:
    return table("customer,date", [[f"C{o.customer:03d}", f"{o.at:%Y-%m-%d}"] for o in ORDERS])


def _baskets_in_a_cell() -> str:
    goods = ("milk", "bread", "tea", "rice")
    return table(
        "member_number,date,items",
        [[f"M{o.customer:03d}", f"{o.at:%Y-%m-%d}", ",".join(goods[: 1 + o.k % 4])] for o in ORDERS],
    )


def _baskets_in_columns() -> str:
    goods = ("milk", "bread", "tea", "rice")
    return table(
        "basket_id,customer_id,date,item_1,item_2,item_3,item_4",
        [
            [
                o.k,
                f"M{o.customer:03d}",
                f"{o.at:%Y-%m-%d}",
                *[good if i <= o.k % 4 else "" for i, good in enumerate(goods)],
            ]
            for o in ORDERS
        ],
    )


def _groceries() -> str:
    goods = ("milk", "bread", "tea", "rice")
    return "\n".join(",".join(goods[o.k % 2 : 2 + o.k % 3]) or "milk" for o in ORDERS) + "\n"


LAYOUTS = (
    Layout(
        name="shopify",
        text=_shopify(),
        table="orders",
        columns={"order_id": "Name", "customer_id": "Email", "ordered_at": "Created at", "revenue": "Total"},
        numbers=_RIGHT,
        checked=("cancellations",),
    ),
    Layout(
        name="woocommerce",
        text=_woo(),
        table="orders",
        columns={"order_id": "Order Number", "customer_id": "Email (Billing)", "revenue": "Order Total Amount"},
        numbers=_RIGHT,
        checked=("cancellations",),
    ),
    Layout(
        name="magento",
        text=_magento(),
        table="orders",
        columns={
            "order_id": "ID",
            "customer_id": "Customer Email",
            "ordered_at": "Purchase Date",
            "revenue": "Grand Total",
        },
        numbers=_RIGHT,
        checked=("cancellations",),
    ),
    Layout(
        name="taobao",
        text=_taobao(),
        table="orders",
        columns={"customer_id": "买家会员名", "ordered_at": "订单创建时间", "revenue": "买家实际支付金额"},
        numbers=_RIGHT,
        checked=("cancellations",),
        encoding="gb18030",
    ),
    Layout(
        name="jd",
        text=_jd(),
        table="orders",
        columns={"order_id": "订单号", "customer_id": "下单帐号", "ordered_at": "下单时间", "revenue": "金额"},
        numbers={**_RIGHT},
        checked=("cancellations",),
        encoding="gb18030",
    ),
    Layout(
        name="ga4",
        text=_ga4(),
        table="orders",
        columns={"order_id": "Transaction ID", "customer_id": "User ID", "revenue": "Purchase revenue"},
        numbers={"orders": N_ALL, "total": ALL, "customers": 20},
    ),
    Layout(
        name="sap-vf05",
        text=_vf05(),
        table="orders",
        columns={"order_id": "Fakt.beleg", "customer_id": "Auftraggeber", "revenue": "Nettowert"},
        numbers={"orders": N_NOT_CANCELLED, "total": NOT_CANCELLED + 55_000, "customers": 20},
        checked=("cancellations",),
        encoding="cp1252",
    ),
    Layout(
        name="sap-vbrk",
        text=_vbrk(),
        table="orders",
        columns={"order_id": "VBELN", "customer_id": "KUNAG", "ordered_at": "FKDAT", "revenue": "NETWR"},
        # Two credit notes, each of what the order would be worth: their money is taken back once more.
        numbers={"orders": N_KEPT, "total": KEPT - 80, "customers": 20},
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="kingdee",
        text=_kingdee(),
        table="orders",
        columns={"order_id": "单据编号", "customer_id": "客户编码", "ordered_at": "日期", "revenue": "价税合计"},
        numbers={"orders": N_NOT_CANCELLED, "total": NOT_CANCELLED, "customers": 20, "lines": 120},
        checked=("cancellations",),
    ),
    Layout(
        name="square",
        text=_square(),
        table="orders",
        columns={"order_id": "Transaction ID", "customer_id": "Customer ID", "ordered_at": "Date", "revenue": ""},
        numbers={"orders": N_KEPT, "total": KEPT - 80, "customers": 20},
        is_aside=True,
    ),
    Layout(
        name="paypal",
        text=_paypal(),
        table="orders",
        columns={"order_id": "Transaction ID", "customer_id": "From Email Address", "revenue": "Gross"},
        numbers=_RIGHT,
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="amazon",
        text=_amazon(),
        table="orders",
        columns={
            "order_id": "order-id",
            "customer_id": "buyer-email",
            "ordered_at": "purchase-date",
            "revenue": "item-price",
        },
        numbers={"orders": N_NOT_CANCELLED, "total": NOT_CANCELLED, "customers": 20},
        checked=("cancellations",),
        file="orders.txt",
    ),
    Layout(
        name="ebay",
        text=_ebay(),
        table="orders",
        columns={
            "order_id": "Order Number",
            "customer_id": "Buyer Username",
            "ordered_at": "Sale Date",
            "revenue": "Total Price",
        },
        numbers={"orders": N_ALL, "total": ALL, "customers": 20},
        is_aside=True,
    ),
    Layout(
        name="odoo",
        text=_odoo(),
        table="orders",
        columns={"order_id": "Order Reference", "customer_id": "Customer", "revenue": "Total"},
        numbers=_RIGHT,
        checked=("cancellations",),
    ),
    Layout(
        name="lightspeed",
        text=_lightspeed(),
        table="orders",
        columns={"customer_id": "Customer code", "ordered_at": "Date", "revenue": "Total"},
        numbers={"orders": N_NOT_CANCELLED, "total": NOT_CANCELLED, "customers": 20},
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="weixin",
        text=_weixin(),
        table="orders",
        columns={"order_id": "订单号", "customer_id": "买家昵称", "ordered_at": "下单时间", "revenue": "实付金额"},
        numbers=_RIGHT,
        checked=("cancellations",),
    ),
    Layout(
        name="youzan",
        text=_youzan(),
        table="orders",
        columns={
            "order_id": "订单号",
            "customer_id": "买家手机号",
            "ordered_at": "下单时间",
            "revenue": "订单实付金额",
        },
        # Given back in full, but the deal is called complete: kept as an order, or not, its money is nought.
        numbers={"total": KEPT},
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="yonyou",
        text=_yonyou(),
        table="orders",
        columns={"order_id": "发货单号", "customer_id": "客户编码", "ordered_at": "发货日期", "revenue": "价税合计"},
        # 58 deliveries of 2,985 - 80, and two returned, whose 80 go back.
        numbers={"orders": 58, "total": 2825.0, "customers": 20},
        is_aside=True,
    ),
    Layout(
        name="prestashop",
        text=_prestashop(),
        table="orders",
        columns={"customer_id": "Adresse e-mail", "ordered_at": "Date", "revenue": "Total payé"},
        numbers=_RIGHT,
        checked=("cancellations",),
    ),
    Layout(
        name="shopware",
        text=_shopware(),
        table="orders",
        columns={
            "order_id": "Bestellnummer",
            "customer_id": "Kundennummer",
            "ordered_at": "Bestellzeit",
            "revenue": "Gesamtbetrag",
        },
        numbers=_RIGHT,
        checked=("cancellations",),
        encoding="cp1252",
        is_aside=True,
    ),
    Layout(
        name="tienda",
        text=_tienda(),
        table="orders",
        columns={
            "order_id": "Nº pedido",
            "customer_id": "Cliente",
            "ordered_at": "Fecha pedido",
            "revenue": "Importe total",
        },
        numbers=_RIGHT,
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="log",
        text=_log(),
        table="orders",
        columns={"customer_id": "customer", "ordered_at": "date"},
        numbers={"orders": N_ALL, "total": float(N_ALL), "customers": 20},
        checked=("revenue",),
    ),
    Layout(
        name="baskets-in-a-cell",
        text=_baskets_in_a_cell(),
        table="orders",
        columns={"customer_id": "member_number", "ordered_at": "date"},
        # Baskets of one, two, three and four goods, fifteen of each: 150 lines.
        numbers={"orders": N_ALL, "customers": 20, "lines": 150},
        checked=("revenue",),
    ),
    Layout(
        name="baskets-in-columns",
        text=_baskets_in_columns(),
        table="orders",
        columns={"order_id": "basket_id", "customer_id": "customer_id", "ordered_at": "date"},
        numbers={"orders": N_ALL, "customers": 20, "lines": 150},
        checked=("revenue",),
    ),
    Layout(
        name="groceries",
        text=_groceries(),
        table="",
        says=("basket", "customer_id", "ordered_at"),
    ),
)
