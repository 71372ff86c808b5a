"""Tickets, complaints, deals, people, campaigns, meters, bookings and loans."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.sources.drafts.layouts.world import KEPT, N_ALL, N_KEPT, ORDERS, TICKETS, Layout, Ticket, table

_RIGHT = {"contacts": 30, "closed": 23, "customers": 12}


def _at(at: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return "" if at is None else format(at, form)


def _state(one: Ticket, closed: str, is_open: str) -> str:
    return is_open if one.closed is None else closed


def _zendesk() -> str:
    head = (
        "ID,Requester,Requester id,Requester email,Submitter,Assignee,Group,Subject,Tags,Status,"
        "Priority,Via,Ticket type,Created at,Updated at,Assigned at,Organization,Due at,Solved at,"
        "Resolution time,Satisfaction Score,Reopens,Replies,First reply time in minutes"
    )
    return table(
        head,
        [
            [
                *[
                    700 + t.t,
                    f"Ann {t.customer}",
                    36000 + t.customer,
                    f"u{t.customer}@example.com",
                    "Ann",
                    "Bob",
                    "Support",
                ],
                *[f"Lamp {t.t} broke", "lamp", _state(t, "Closed", "Open"), "Normal", ("Mail", "Web form")[t.t % 2]],
                *["Incident", _at(t.opened, "%Y-%m-%d %H:%M"), _at(t.closed or t.opened, "%Y-%m-%d %H:%M")],
                *[
                    _at(t.opened, "%Y-%m-%d %H:%M"),
                    "",
                    "",
                    _at(t.closed, "%Y-%m-%d %H:%M"),
                    40 + t.t if t.closed else "",
                ],
                *["Offered", 0, 2 + t.t % 3, 12 + 3 * t.t],
            ]
            for t in TICKETS
        ],
    )


def _freshdesk() -> str:
    head = (
        "Ticket ID,Subject,Status,Priority,Source,Type,Agent,Group,Created time,Due by Time,Resolved time,Closed time,"
        "Last update time,Agent interactions,Customer interactions,Resolution status,Tags,Full name,Email,Contact ID"
    )
    return table(
        head,
        [
            [
                *[t.t + 1, f"Cup {t.t} broke", _state(t, "Closed", "Open"), "Low", "Email", "Problem", "Bob", "Shop"],
                *[_at(t.opened), _at(t.opened + timedelta(days=1)), _at(t.closed), _at(t.closed), _at(t.opened), 1, 2],
                *["Within SLA", "", "Ann", f"u{t.customer}@example.com", 43000000 + t.customer],
            ]
            for t in TICKETS
        ],
    )


def _intercom() -> str:
    head = (
        "Conversation ID,Conversation started at (UTC),Contact ID,Contact email,Channel,"
        "Conversation state,Team assigned,Last closed at (UTC),Conversation rating,"
        "First response time (seconds),Conversation tags"
    )
    return table(
        head,
        [
            [
                *[f"1998{t.t:04d}", _at(t.opened), f"65a{t.customer:021d}", f"u{t.customer}@example.com", "Messenger"],
                *[_state(t, "Closed", "Open"), "Team A", _at(t.closed), "", 30 + t.t, ""],
            ]
            for t in TICKETS
        ],
    )


def _complaints() -> str:
    return table(
        "Complaint ID,Customer,Date opened,Date closed,Category,Description",
        [
            [
                t.t + 1,
                f"K{t.customer:03d}",
                _at(t.opened, "%Y-%m-%d"),
                _at(t.closed, "%Y-%m-%d"),
                "Delivery",
                f"Late {t.t}",
            ]
            for t in TICKETS
        ],
    )


def _complaints_de() -> str:
    return table(
        "Vorgangsnummer,Kunde,Eröffnet am,Geschlossen am,Kanal,Beschreibung",
        [
            [
                *[f"R-{t.t:04d}", f"K{t.customer:03d}", _at(t.opened, "%d.%m.%Y"), _at(t.closed, "%d.%m.%Y")],
                *[("Mail", "Telefon")[t.t % 2], f"Lampe {t.t} defekt"],
            ]
            for t in TICKETS
        ],
        sep=";",
    )


def _complaints_zh() -> str:
    return table(
        "工单编号,客户编号,投诉时间,办结时间,投诉渠道,投诉内容,处理状态",
        [
            [
                *[f"TS{t.t:06d}", f"K{t.customer:04d}", _at(t.opened), _at(t.closed), "电话", f"迟到{t.t}"],
                _state(t, "已办结", "处理中"),
            ]
            for t in TICKETS
        ],
    )


def _salesforce() -> str:
    head = (
        "Account Name,Account ID,Opportunity Name,Opportunity ID,Stage,Amount Currency,Amount,"
        "Close Date,Created Date,Probability (%),Owner"
    )
    body = table(
        head,
        [
            [
                *[f"Acme {o.customer}", f"0010Y{o.customer:010d}", "Lamps", f"0060Y{o.k:010d}"],
                *[o.state("Closed Won", "Closed Lost", "Prospecting"), "EUR", o.paid, f"{o.at:%-m/%-d/%Y}"],
                *[f"{o.at - timedelta(days=20):%-m/%-d/%Y}", o.state("100", "0", "10"), "Bob"],
            ]
            for o in ORDERS
        ],
    )
    footer = '\n"Opportunities: all"\n"Copyright (c) 2000-2024 salesforce.com, inc. All rights reserved."\n'
    return body + footer + '"Confidential Information - Do Not Distribute"\n"Generated By: Bob 11/1/2024"\n'


def _hubspot_deals() -> str:
    head = (
        "Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Pipeline,Create Date,"
        "Associated Company IDs,Associated Company"
    )
    return table(
        head,
        [
            [
                *[
                    9000000 + o.k,
                    f"Deal {o.k}",
                    o.state("Closed won", "Closed lost", "Contract sent"),
                    f"{o.at:%Y-%m-%d %H:%M}",
                ],
                *["Bob", o.paid, "Sales Pipeline", f"{o.at - timedelta(days=9):%Y-%m-%d %H:%M}", 550000 + o.customer],
                f"Firm {o.customer}",
            ]
            for o in ORDERS
        ],
    )


def _hubspot_contacts() -> str:
    head = (
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Associated Company,"
        "Last Activity Date,Lead Status,"
        "Lifecycle Stage,Country/Region,Create Date"
    )
    return table(
        head,
        [
            [
                *[
                    101 + i,
                    "A",
                    f"B{i}",
                    f"p{i}@example.com",
                    "",
                    "Bob",
                    f"Firm {i % 9}",
                    f"2024-06-{1 + i % 28:02d} 10:00",
                    "Open",
                ],
                *[
                    ("Lead", "Customer")[i % 2],
                    ("Germany", "France", "Spain")[i % 3],
                    f"2023-03-{1 + i % 28:02d} 08:30",
                ],
            ]
            for i in range(40)
        ],
    )


def _dynamics_orders() -> str:
    return table(
        "Order ID,Name,Potential Customer,Status,Status Reason,Total Amount,Currency,Created On,Owner",
        [
            [
                *[f"ORD-{o.k:05d}", "Lamps", f"Firm {o.customer}", o.state("Fulfilled", "Canceled", "Canceled")],
                *[
                    o.state("Complete", "No Money", "Returned"),
                    f"€{o.paid:,.2f}",
                    "Euro",
                    f"{o.at:%m/%d/%Y %I:%M %p}",
                    "Bob",
                ],
            ]
            for o in ORDERS
        ],
    )


def _mailchimp() -> str:
    head = (
        "Title,Subject,List,Send Date,Send Weekday,Total Recipients,Successful Deliveries,Soft Bounces,Hard Bounces,"
        "Total Bounces,Unique Opens,Open Rate,Total Opens,Unique Clicks,Click Rate,Unsubscribes,Campaign Id"
    )
    return table(
        head,
        [
            [
                *[
                    f"Spring {i}",
                    "Lamps",
                    "All",
                    f"2024-{1 + i:02d}-04 09:00",
                    "Thursday",
                    1000 + i,
                    990 + i,
                    5,
                    5,
                    10,
                    300,
                ],
                *[f"{30 + i}.5%", 400, 40, "4.1%", 2, f"c{i:05d}"],
            ]
            for i in range(10)
        ],
    )


def _arms() -> str:
    """Forty chosen, every fourth held back (10); a response where i is 5 modulo 6: 5, 11, 17, 23, 29 and 35."""
    return table(
        "customer_id,campaign,group,sent_at,responded,spend",
        [
            [
                *[f"C{i:04d}", "spring", "control" if i % 4 == 0 else "treatment", "2024-03-01"],
                *[int(i % 6 == 5), 12.5 if i % 6 == 5 else 0],
            ]
            for i in range(40)
        ],
    )


def _hillstrom() -> str:
    head = "recency,history_segment,history,mens,womens,zip_code,newbie,channel,segment,visit,conversion,spend"
    return table(
        head,
        [
            [
                *[
                    1 + i % 12,
                    f"{1 + i % 3}) band",
                    f"{30 + 7.5 * i:.2f}",
                    i % 2,
                    (i + 1) % 2,
                    ("Urban", "Rural")[i % 2],
                    0,
                ],
                *[
                    ("Web", "Phone")[i % 2],
                    ("Mens E-Mail", "Womens E-Mail", "No E-Mail")[i % 3],
                    int(i % 6 == 5),
                    0,
                    0.0,
                ],
            ]
            for i in range(42)
        ],
    )


def _meters() -> str:
    months = [f"2024-{m:02d}" for m in range(1, 7)]
    return table(
        "meter_id,customer_id," + ",".join(months),
        [[f"Z{i:04d}", f"K{i:04d}", *[100 + i + m for m in range(6)]] for i in range(20)],
    )


def _usage_de() -> str:
    months = ["Jan 2024", "Feb 2024", "Mär 2024", "Apr 2024"]
    return table(
        "Kundennummer,Zählernummer," + ",".join(months),
        [[f"K{i:04d}", f"Z{i:04d}", *[f"{50 + i + m},5" for m in range(4)]] for i in range(20)],
        sep=";",
    )


def _hotel() -> str:
    head = (
        "Booking number,Booked by,Guest name(s),Check-in,Check-out,Booked on,Status,Rooms,Persons,Price,"
        "Commission amount"
    )
    return table(
        head,
        [
            [
                *[2000000 + o.k, f"Guest {o.customer}", "A B", f"{o.at + timedelta(days=30):%Y-%m-%d}"],
                *[f"{o.at + timedelta(days=32):%Y-%m-%d}", f"{o.at:%Y-%m-%d %H:%M:%S}"],
                *[o.state("ok", "cancelled_by_guest", "no_show"), 1, 2, f"{o.paid:.2f} EUR", f"{o.paid / 10:.2f} EUR"],
            ]
            for o in ORDERS
        ],
    )


def _airline() -> str:
    return table(
        "PNR,Frequent Flyer No,Ticket No,Issue Date,Flight Date,Origin,Destination,Cabin,Fare,Currency,Ticket Status",
        [
            [
                *[f"X{o.k:05d}", f"FF{o.customer:06d}", f"220{o.k:010d}", f"{o.at:%Y-%m-%d}"],
                *[f"{o.at + timedelta(days=45):%Y-%m-%d}", "FRA", "MAD", ("Y", "C")[o.k % 2], o.paid, "EUR"],
                o.state("FLOWN", "VOID", "REFUNDED"),
            ]
            for o in ORDERS
        ],
    )


def _library() -> str:
    """Loans are events of a reader without money."""
    return table(
        "loan_id,borrower_number,item_barcode,issuedate,date_due,returndate",
        [
            [
                *[
                    o.k,
                    f"R{o.customer:05d}",
                    f"39{o.k:06d}",
                    f"{o.at:%Y-%m-%d}",
                    f"{o.at + timedelta(days=28):%Y-%m-%d}",
                ],
                f"{o.at + timedelta(days=20):%Y-%m-%d}",
            ]
            for o in ORDERS
        ],
    )


def _klaviyo() -> str:
    head = (
        "Email,Klaviyo ID,First Name,Last Name,Date Added,First Active,Last Active,"
        "Email Marketing Consent,Historic CLV,Predicted CLV,Churn Risk"
    )
    return table(
        head,
        [
            [
                *[
                    f"p{i}@example.com",
                    f"01H{i:020d}",
                    "A",
                    "B",
                    f"2023-05-{1 + i % 28:02d} 10:00:00",
                    f"2023-05-{1 + i % 28:02d}",
                ],
                *[f"2024-05-{1 + i % 28:02d}", "SUBSCRIBED", 10.5 * i, 3.5 * i, f"0.{i:02d}"],
            ]
            for i in range(40)
        ],
    )


_ORDERED = {"orders": N_KEPT, "total": KEPT, "customers": 20}

LAYOUTS = (
    Layout(
        name="zendesk",
        text=_zendesk(),
        table="contacts",
        columns={
            "contact_id": "ID",
            "customer_id": "Requester id",
            "opened_at": "Created at",
            "closed_at": "Solved at",
        },
        numbers=_RIGHT,
        checked=("kind",),
    ),
    Layout(
        name="freshdesk",
        text=_freshdesk(),
        table="contacts",
        columns={
            "contact_id": "Ticket ID",
            "customer_id": "Contact ID",
            "opened_at": "Created time",
            "closed_at": "Closed time",
        },
        numbers=_RIGHT,
        checked=("kind",),
        is_aside=True,
    ),
    Layout(
        name="intercom",
        text=_intercom(),
        table="contacts",
        columns={
            "contact_id": "Conversation ID",
            "customer_id": "Contact ID",
            "opened_at": "Conversation started at (UTC)",
            "closed_at": "Last closed at (UTC)",
        },
        numbers=_RIGHT,
        is_aside=True,
    ),
    Layout(
        name="complaints",
        text=_complaints(),
        table="contacts",
        columns={
            "contact_id": "Complaint ID",
            "customer_id": "Customer",
            "opened_at": "Date opened",
            "closed_at": "Date closed",
        },
        numbers=_RIGHT,
    ),
    Layout(
        name="complaints-de",
        text=_complaints_de(),
        table="contacts",
        columns={"contact_id": "Vorgangsnummer", "opened_at": "Eröffnet am", "closed_at": "Geschlossen am"},
        numbers=_RIGHT,
        is_aside=True,
    ),
    Layout(
        name="complaints-zh",
        text=_complaints_zh(),
        table="contacts",
        columns={"contact_id": "工单编号", "customer_id": "客户编号", "opened_at": "投诉时间", "closed_at": "办结时间"},
        numbers=_RIGHT,
        encoding="gb18030",
    ),
    Layout(
        name="salesforce",
        text=_salesforce(),
        table="orders",
        columns={
            "order_id": "Opportunity ID",
            "customer_id": "Account ID",
            "ordered_at": "Close Date",
            "revenue": "Amount",
        },
        numbers=_ORDERED,
    ),
    Layout(
        name="hubspot-deals",
        text=_hubspot_deals(),
        table="orders",
        columns={
            "order_id": "Record ID",
            "customer_id": "Associated Company IDs",
            "ordered_at": "Close Date",
            "revenue": "Amount",
        },
        numbers=_ORDERED,
    ),
    Layout(
        name="hubspot-contacts",
        text=_hubspot_contacts(),
        table="customers",
        columns={"customer_id": "Record ID", "registered_at": "Create Date"},
        numbers={"customers": 40},
        left_out=("Last Activity Date",),
    ),
    Layout(
        name="dynamics-orders",
        text=_dynamics_orders(),
        table="orders",
        columns={
            "order_id": "Order ID",
            "customer_id": "Potential Customer",
            "ordered_at": "Created On",
            "revenue": "Total Amount",
        },
        numbers=_ORDERED,
        is_aside=True,
    ),
    Layout(
        name="mailchimp",
        text=_mailchimp(),
        table="campaigns",
        columns={"campaign_id": "Campaign Id", "name": "Title", "started_at": "Send Date"},
        numbers={"campaigns": 10},
        is_aside=True,
    ),
    Layout(
        name="arms",
        text=_arms(),
        table="campaign_targets",
        columns={
            "campaign_id": "campaign",
            "customer_id": "customer_id",
            "targeted_at": "sent_at",
            "is_control": "group",
        },
        # i = 5, 11, 17, 23, 29, 35 answered.
        numbers={"targets": 40, "control": 10, "responses": 6},
        checked=("is_control",),
    ),
    Layout(
        name="hillstrom",
        text=_hillstrom(),
        table="campaign_targets",
        columns={"is_control": "segment"},
        # i = 5, 11 ... 41 came: seven.
        numbers={"targets": 42, "control": 14, "responses": 7},
        checked=("is_control",),
        is_aside=True,
    ),
    Layout(
        name="meters",
        text=_meters(),
        table="activity_use",
        columns={"customer_id": "customer_id"},
        # Twenty customers and six months: 120 readings of 100 + i + m: 12,000 + 6 * 190 + 20 * 15 = 13,440.
        numbers={"uses": 120, "quantity": 13_440.0},
    ),
    Layout(
        name="usage-de",
        text=_usage_de(),
        table="activity_use",
        columns={"customer_id": "Kundennummer"},
        # Twenty customers and four months: 80 readings of 50.5 + i + m: 4,040 + 4 * 190 + 20 * 6 = 4,920.
        numbers={"uses": 80, "quantity": 4_920.0},
        is_aside=True,
    ),
    Layout(
        name="hotel",
        text=_hotel(),
        table="orders",
        columns={
            "order_id": "Booking number",
            "customer_id": "Booked by",
            "ordered_at": "Booked on",
            "revenue": "Price",
        },
        numbers=_ORDERED,
        checked=("cancellations",),
        is_aside=True,
    ),
    Layout(
        name="airline",
        text=_airline(),
        table="orders",
        columns={"customer_id": "Frequent Flyer No", "ordered_at": "Issue Date", "revenue": "Fare"},
        numbers=_ORDERED,
        checked=("cancellations",),
    ),
    Layout(
        name="library",
        text=_library(),
        table="orders",
        columns={"order_id": "loan_id", "customer_id": "borrower_number", "ordered_at": "issuedate"},
        numbers={"orders": N_ALL, "total": float(N_ALL), "customers": 20},
        checked=("revenue",),
        is_aside=True,
    ),
    Layout(
        name="klaviyo",
        text=_klaviyo(),
        table="customers",
        columns={"customer_id": "", "registered_at": "Date Added"},
        numbers={"customers": 40},
        left_out=("Historic CLV", "Predicted CLV", "Churn Risk", "Last Active"),
    ),
)
