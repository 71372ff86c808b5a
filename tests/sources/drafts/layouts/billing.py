"""Payments, invoices, subscriptions and other contracts."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.sources.drafts.layouts.world import (
    ALL,
    CONTRACTS,
    KEPT,
    N_ALL,
    N_KEPT,
    N_NOT_CANCELLED,
    NOT_CANCELLED,
    ORDERS,
    Contract,
    Layout,
    table,
)

_RIGHT = {"contracts": 40, "ended": 14, "customers": 35}
_FAR = datetime(2024, 9, 1)


def _stamp(at: datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    return "" if at is None else format(at, form)


def _state(one: Contract, running: str, over: str) -> str:
    return running if one.end is None else over


def _stripe_payments() -> str:
    head = (
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,Converted Amount Refunded,"
        "Converted Currency,Fee,Decline Reason,Description,Status,Customer ID,Customer Email,Card Brand"
    )
    return table(
        head,
        [
            [
                *[
                    f"ch_{o.k:06d}",
                    f"{o.at:%Y-%m-%d %H:%M:%S}",
                    o.paid,
                    o.refunded,
                    "eur" if o.k % 3 else "usd",
                    "True",
                ],
                *[o.paid, o.refunded, "eur", 0.5, "generic_decline" if o.is_cancelled else "", "Charge"],
                *[o.state("Paid", "Failed", "Refunded"), f"cus_{o.customer:04d}", "", "Visa"],
            ]
            for o in ORDERS
        ],
    )


def _stripe_subscriptions() -> str:
    head = (
        "id,Customer ID,Customer Email,Plan,Quantity,Currency,Interval,Amount,Status,Created (UTC),Start (UTC),"
        "Current Period Start (UTC),Current Period End (UTC),Trial Start (UTC),Trial End (UTC),Canceled At (UTC),"
        "Ended At (UTC),Cancel At Period End,Cancellation Reason"
    )
    rows = []
    for c in CONTRACTS:
        changed = c.start + timedelta(days=40)
        rows.append(
            [
                *[f"sub_{c.j:05d}", f"cus_{c.customer:05d}", f"u{c.customer}@example.com", c.plan, 1, "eur", "month"],
                *[c.fee, _state(c, "active", "canceled"), _stamp(c.start), _stamp(changed), _stamp(changed)],
                *[_stamp(c.end or _FAR), "", "", _stamp(c.end), _stamp(c.end), "false" if c.j % 5 else "true"],
                "cancellation_requested" if c.end else "",
            ]
        )
    return table(head, rows)


def _recurly() -> str:
    head = (
        "uuid,account_code,email,plan_code,plan_name,state,quantity,unit_amount,currency,activated_at,"
        "current_period_started_at,current_period_ends_at,canceled_at,expires_at,collection_method"
    )
    return table(
        head,
        [
            [
                *[f"{c.j:032x}", f"acct-{c.customer}", "", c.plan, c.plan.title(), _state(c, "active", "expired"), 1],
                *[c.fee, "EUR", f"{c.start:%Y-%m-%dT%H:%M:%SZ}", f"{c.start:%Y-%m-%dT%H:%M:%SZ}"],
                *[_stamp(c.end or _FAR, "%Y-%m-%dT%H:%M:%SZ"), _stamp(c.end, "%Y-%m-%dT%H:%M:%SZ")],
                *[_stamp(c.end, "%Y-%m-%dT%H:%M:%SZ"), "automatic"],
            ]
            for c in CONTRACTS
        ],
    )


def _chargebee() -> str:
    head = (
        "subscriptions.id,customers.id,subscriptions.plan_id,subscriptions.plan_quantity,subscriptions.plan_unit_price,"
        "subscriptions.status,subscriptions.created_at,subscriptions.started_at,subscriptions.activated_at,"
        "subscriptions.current_term_end,subscriptions.cancelled_at,subscriptions.cancel_reason,subscriptions.mrr"
    )
    return table(
        head,
        [
            [
                *[
                    f"S{c.j:04d}",
                    f"K{c.customer:04d}",
                    c.plan,
                    1,
                    c.fee,
                    _state(c, "Active", "Cancelled"),
                    _stamp(c.start),
                ],
                *[_stamp(c.start), _stamp(c.start), _stamp(c.end or _FAR), _stamp(c.end), "Not paid" if c.end else ""],
                0 if c.end else c.fee,
            ]
            for c in CONTRACTS
        ],
    )


def _zuora() -> str:
    head = (
        "Subscription: Name,Account: Account Number,Account: Name,Subscription: Status,"
        "Subscription: Contract Effective Date,Subscription: Term End Date,"
        "Subscription: Cancelled Date,Rate Plan: Name,Rate Plan Charge: MRR"
    )
    return table(
        head,
        [
            [
                *[f"A-S{c.j:08d}", f"A{c.customer:08d}", f"Firm {c.customer}", _state(c, "Active", "Cancelled")],
                *[_stamp(c.start, "%m/%d/%Y"), _stamp(c.start + timedelta(days=1095), "%m/%d/%Y")],
                *[_stamp(c.end, "%m/%d/%Y"), c.plan, c.fee],
            ]
            for c in CONTRACTS
        ],
    )


def _quickbooks() -> str:
    return table(
        "Date,Transaction Type,Num,Name,Memo/Description,Due Date,Amount,Open Balance",
        [
            [
                *[
                    f"{o.at:%m/%d/%Y}",
                    "Invoice",
                    1000 + o.k,
                    f"Firm {o.customer}",
                    "",
                    f"{o.at + timedelta(days=30):%m/%d/%Y}",
                ],
                *[o.paid, o.paid if o.is_cancelled else 0],
            ]
            for o in ORDERS
        ],
    )


def _xero() -> str:
    head = (
        "ContactName,EmailAddress,InvoiceNumber,Reference,InvoiceDate,DueDate,Total,TaxTotal,InvoiceAmountPaid,"
        "InvoiceAmountDue,Currency,Type,Status"
    )
    return table(
        head,
        [
            [
                *[
                    f"Firm {o.customer}",
                    o.email,
                    f"INV-{o.k:04d}",
                    "",
                    f"{o.at:%d %b %Y}",
                    f"{o.at + timedelta(days=30):%d %b %Y}",
                ],
                *[
                    o.paid,
                    0,
                    0 if o.is_cancelled else o.paid,
                    0,
                    "EUR",
                    "Sales invoice",
                    o.state("Paid", "Voided", "Paid"),
                ],
            ]
            for o in ORDERS
        ],
    )


def _telco() -> str:
    head = (
        "CustomerID,Count,Country,Gender,Senior Citizen,Tenure Months,Internet Service,Contract,Paperless Billing,"
        "Monthly Charges,Total Charges,Churn Label,Churn Value,Churn Score,CLTV,Churn Reason"
    )
    return table(
        head,
        [
            [
                *[f"{3000 + c.j}-ABC", 1, "United States", ("Male", "Female")[c.j % 2], "No", 3 + c.j, "DSL"],
                *[("Month-to-month", "Two year")[c.j % 2], "Yes", c.fee + c.j / 10, round((3 + c.j) * c.fee, 2)],
                *[_state(c, "No", "Yes"), int(c.end is not None), 20 + c.j, 3000 + 31 * c.j, "Price" if c.end else ""],
            ]
            for c in CONTRACTS
        ],
    )


def _cell2cell() -> str:
    head = "State,Account Length,Area Code,Phone,Int'l Plan,VMail Plan,Day Mins,Day Charge,CustServ Calls,Churn?"
    return table(
        head,
        [
            [
                *[("KS", "OH", "NJ")[c.j % 3], 10 + c.j, (415, 408)[c.j % 2], f"382-{4000 + c.j}", "no", "yes"],
                *[100.5 + 3 * c.j, 17.1 + c.j / 2, c.j % 5, _state(c, "False.", "True.")],
            ]
            for c in CONTRACTS
        ],
    )


def _insurance() -> str:
    head = "保单号,投保人客户号,险种名称,保单生效日期,保单终止日期,保单状态,终止原因,年缴保费,缴费方式"
    return table(
        head,
        [
            [
                *[f"P{c.j:08d}", f"K{c.customer:06d}", ("车险", "寿险")[c.j % 2], f"{c.start:%Y-%m-%d}"],
                *[_stamp(c.end, "%Y-%m-%d"), _state(c, "有效", "终止"), "退保" if c.end else "", 12 * c.fee, "年缴"],
            ]
            for c in CONTRACTS
        ],
    )


def _policies() -> str:
    head = (
        "Policy Number,Policyholder ID,Line of Business,Inception Date,Expiry Date,Cancellation Date,"
        "Policy Status,Annual Premium"
    )
    return table(
        head,
        [
            [
                *[f"POL{c.j:06d}", f"PH{c.customer:05d}", ("Motor", "Home")[c.j % 2], f"{c.start:%Y-%m-%d}"],
                *[f"{c.start + timedelta(days=1826):%Y-%m-%d}", _stamp(c.end, "%Y-%m-%d")],
                *[_state(c, "In force", "Cancelled"), 12 * c.fee],
            ]
            for c in CONTRACTS
        ],
    )


def _gym() -> str:
    head = (
        "Mitgliedsnummer,Vorname,Nachname,Tarif,Beitrag mtl.,Vertragsbeginn,Vertragsende,Kündigungsdatum,"
        "Kündigungsgrund,Status"
    )
    return table(
        head,
        [
            [
                *[f"M{c.j:05d}", "A", "B", c.plan, f"{c.fee:.2f}".replace(".", ","), f"{c.start:%d.%m.%Y}"],
                *[_stamp(c.end, "%d.%m.%Y"), _stamp(c.end and c.end - timedelta(days=30), "%d.%m.%Y")],
                *["Umzug" if c.end else "", _state(c, "aktiv", "gekündigt")],
            ]
            for c in CONTRACTS
        ],
        sep=";",
    )


def _flagged_start() -> str:
    """A start date and a flag of churn, but no date of the end."""
    return table(
        "customer_id,signup_date,plan,monthly_fee,churned",
        [[f"C{c.j:04d}", f"{c.start:%Y-%m-%d}", c.plan, c.fee, int(c.end is not None)] for c in CONTRACTS],
    )


def _dynamics_contracts() -> str:
    head = "Contract ID,Contract Name,Customer,Status,Status Reason,Start Date,End Date,Cancelled On,Total Price"
    return table(
        head,
        [
            [
                *[f"CNR-{c.j:05d}", "Service", f"Firm {c.customer}", _state(c, "Active", "Canceled"), "x"],
                *[
                    f"{c.start:%m/%d/%Y}",
                    f"{c.start + timedelta(days=1461):%m/%d/%Y}",
                    _stamp(c.end, "%m/%d/%Y"),
                    c.fee * 48,
                ],
            ]
            for c in CONTRACTS
        ],
    )


LAYOUTS = (
    Layout(
        name="stripe-payments",
        text=_stripe_payments(),
        table="orders",
        columns={"order_id": "id", "customer_id": "Customer ID", "revenue": "Converted Amount"},
        numbers={"orders": N_KEPT, "total": KEPT, "customers": 20},
        checked=("cancellations",),
    ),
    Layout(
        name="stripe-subscriptions",
        text=_stripe_subscriptions(),
        table="contracts",
        columns={
            "contract_id": "id",
            "customer_id": "Customer ID",
            "started_at": "Created (UTC)",
            "ended_at": "Ended At (UTC)",
        },
        numbers={**_RIGHT, "fees": 600.0},
        left_out=("Status", "Cancel At Period End", "Cancellation Reason"),
    ),
    Layout(
        name="recurly",
        text=_recurly(),
        table="contracts",
        columns={
            "contract_id": "uuid",
            "customer_id": "account_code",
            "started_at": "activated_at",
            "plan": "plan_name",
        },
        numbers=_RIGHT,
        left_out=("state",),
    ),
    Layout(
        name="chargebee",
        text=_chargebee(),
        table="contracts",
        columns={
            "contract_id": "subscriptions.id",
            "customer_id": "customers.id",
            "started_at": "subscriptions.started_at",
            "ended_at": "subscriptions.cancelled_at",
        },
        numbers=_RIGHT,
        left_out=("subscriptions.status", "subscriptions.mrr"),
        is_aside=True,
    ),
    Layout(
        name="zuora",
        text=_zuora(),
        table="contracts",
        columns={
            "contract_id": "Subscription: Name",
            "customer_id": "Account: Account Number",
            "started_at": "Subscription: Contract Effective Date",
            "ended_at": "Subscription: Cancelled Date",
        },
        numbers=_RIGHT,
        left_out=("Subscription: Status",),
        is_aside=True,
    ),
    Layout(
        name="quickbooks",
        text=_quickbooks(),
        table="invoices",
        columns={
            "invoice_id": "Num",
            "customer_id": "Name",
            "issued_at": "Date",
            "due_at": "Due Date",
            "amount": "Amount",
        },
        numbers={"invoices": N_ALL, "amount": ALL},
        is_aside=True,
    ),
    Layout(
        name="xero",
        text=_xero(),
        table="invoices",
        columns={"invoice_id": "InvoiceNumber", "customer_id": "", "issued_at": "InvoiceDate", "amount": "Total"},
        numbers={"invoices": N_NOT_CANCELLED, "amount": NOT_CANCELLED},
    ),
    Layout(
        name="telco",
        text=_telco(),
        table="contracts",
        columns={"contract_id": "CustomerID", "started_at": "Tenure Months", "ended_at": "Churn", "plan": "Contract"},
        numbers={"contracts": 40, "ended": 14},
        left_out=("Churn Score", "CLTV", "Total Charges", "Churn Reason", "Churn Value", "Churn Label"),
    ),
    Layout(
        name="telco-area-codes",
        text=_cell2cell(),
        table="contracts",
        columns={"started_at": "Account Length", "ended_at": "Churn?"},
        numbers={"contracts": 40, "ended": 14},
        is_aside=True,
    ),
    Layout(
        name="insurance-zh",
        text=_insurance(),
        table="contracts",
        columns={
            "contract_id": "保单号",
            "customer_id": "投保人客户号",
            "started_at": "保单生效日期",
            "ended_at": "保单终止日期",
        },
        numbers={**_RIGHT, "fees": 600.0},
        left_out=("保单状态",),
        encoding="gb18030",
    ),
    Layout(
        name="insurance-en",
        text=_policies(),
        table="contracts",
        columns={
            "contract_id": "Policy Number",
            "customer_id": "Policyholder ID",
            "started_at": "Inception Date",
            "ended_at": "Cancellation Date",
        },
        numbers={**_RIGHT, "fees": 600.0},
        left_out=("Policy Status",),
        is_aside=True,
    ),
    Layout(
        name="gym",
        text=_gym(),
        table="contracts",
        columns={
            "contract_id": "Mitgliedsnummer",
            "started_at": "Vertragsbeginn",
            "ended_at": "Vertragsende",
            "plan": "Tarif",
        },
        numbers={"contracts": 40, "ended": 14, "fees": 600.0},
        left_out=("Status",),
        encoding="cp1252",
    ),
    Layout(
        name="start-and-flag",
        text=_flagged_start(),
        table="contracts",
        columns={"contract_id": "customer_id", "started_at": "signup_date", "ended_at": "churned"},
        numbers={"contracts": 40, "ended": 14, "fees": 600.0},
        checked=("ended_at",),
    ),
    Layout(
        name="dynamics-contracts",
        text=_dynamics_contracts(),
        table="contracts",
        columns={
            "contract_id": "Contract ID",
            "customer_id": "Customer",
            "started_at": "Start Date",
            "ended_at": "Cancelled On",
        },
        numbers=_RIGHT,
        left_out=("Status",),
        is_aside=True,
    ),
)
