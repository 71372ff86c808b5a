"""The canonical tables, column by column. Every reader, check, feature and simulator reads this one list."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crm_research import vocabulary
from crm_research.contracts.columns import (
    Column,
    TableContract,
    id_column,
    number_column,
    reference_to,
    text_column,
    time_column,
)
from crm_research.contracts.record_tables import PEOPLE_TABLE, RECORD_TABLES, with_local_ids
from crm_research.errors import StudyError, offer_names

_CUSTOMER_ID = id_column("customer_id", "the customer")

_TABLES = (
    TableContract(
        name="customers",
        grain="one customer",
        columns=(
            _CUSTOMER_ID,
            text_column("kind", "consumer or business", allowed=vocabulary.CUSTOMER_KINDS),
            time_column("registered_at", "when the customer came into the records"),
        ),
        key=("customer_id",),
        known_at="registered_at",
    ),
    TableContract(
        name="orders",
        grain="one order (a basket, an invoice, a purchase occasion)",
        columns=(
            id_column("order_id", "the order"),
            _CUSTOMER_ID,
            time_column("ordered_at", "when it was placed", required=True),
            number_column(
                "revenue", "money after discount, in the study's currency; negative for returns", required=True
            ),
            number_column("discount", "money taken off, zero or more", minimum=0.0),
            number_column("cost", "cost of the goods, in the study's currency"),
            text_column("channel", "where it was placed"),
            text_column("store", "the store or branch"),
            text_column("kind", "sale, return or cancelled; sale if missing", allowed=vocabulary.ORDER_KINDS),
        ),
        key=("order_id",),
        known_at="ordered_at",
        references=(reference_to("customers", "customer_id"),),
    ),
    TableContract(
        name="order_lines",
        grain="one line of an order",
        columns=(
            id_column("order_id", "the order"),
            id_column("product_id", "the product"),
            number_column("quantity", "units bought; negative for returns", required=True),
            number_column("revenue", "money after discount, in the study's currency", required=True),
            number_column("discount", "money taken off, zero or more", minimum=0.0),
            number_column("cost", "cost of the goods, in the study's currency"),
        ),
        references=(reference_to("orders", "order_id"), reference_to("products", "product_id")),
    ),
    TableContract(
        name="products",
        grain="one product",
        columns=(
            id_column("product_id", "the product"),
            text_column("category", "the category it belongs to"),
            text_column("brand", "the brand"),
            Column(name="is_own_brand", type="boolean", meaning="is it our own brand?", required=False, nullable=True),
        ),
        key=("product_id",),
    ),
    TableContract(
        name="contracts",
        grain="one contract (a subscription, a policy, an account)",
        columns=(
            id_column("contract_id", "the contract"),
            _CUSTOMER_ID,
            time_column("started_at", "when it began", required=True),
            time_column("observed_from", "when our records of it begin, if later than its start (left truncation)"),
            time_column("ended_at", "when it ended; empty while it runs", later=True),
            Column(
                name="end_reason",
                type="string",
                meaning="why it ended",
                required=False,
                nullable=True,
                known_with="ended_at",
            ),
            text_column("plan", "the plan or tariff"),
            number_column("fee", "money a month, in the study's currency", minimum=0.0),
        ),
        key=("contract_id",),
        known_at="started_at",
        references=(reference_to("customers", "customer_id"),),
    ),
    TableContract(
        name="contract_states",
        grain="one contract in one interval of time, with the attributes that change",
        columns=(
            id_column("contract_id", "the contract"),
            time_column("valid_from", "from when the row holds", required=True),
            time_column("valid_to", "until when the row holds; empty while it does", later=True),
        ),
        key=("contract_id", "valid_from"),
        known_at="valid_from",
        references=(reference_to("contracts", "contract_id"),),
    ),
    TableContract(
        name="contacts",
        grain="one contact of a customer with us",
        columns=(
            id_column("contact_id", "the contact"),
            _CUSTOMER_ID,
            time_column("opened_at", "when it began", required=True),
            time_column("closed_at", "when it was settled; empty while open", later=True),
            text_column(
                "kind", "complaint, enquiry, visit or service", required=True, allowed=vocabulary.CONTACT_KINDS
            ),
            text_column("channel", "how the customer came"),
            text_column("department", "who must act"),
            id_column("person_id", "with whom at the customer, as in people", required=False, nullable=True),
            text_column("text", "what was said"),
            number_column("cost", "what it cost us, in the study's currency", minimum=0.0),
        ),
        key=("contact_id",),
        known_at="opened_at",
        references=(reference_to("customers", "customer_id"),),
    ),
    TableContract(
        name="surveys",
        grain="one answer to one item of one response",
        columns=(
            id_column("response_id", "the filled-in questionnaire"),
            id_column("customer_id", "the customer, where not anonymous", required=False, nullable=True),
            time_column("asked_at", "when it was asked", required=True),
            text_column("item", "the question", required=True),
            Column(name="score", type="float64", meaning="the answer; empty where none was given", nullable=True),
            number_column("scale_min", "the lowest answer possible", required=True),
            number_column("scale_max", "the highest answer possible", required=True),
        ),
        key=("response_id", "item"),
        known_at="asked_at",
        references=(reference_to("customers", "customer_id"),),
    ),
    TableContract(
        name="campaigns",
        grain="one campaign",
        columns=(
            id_column("campaign_id", "the campaign"),
            text_column("name", "what it was called"),
            text_column("kind", "mailing, coupon, visit ..."),
            time_column("started_at", "when it began", required=True),
            time_column("ended_at", "when it ended", later=True),
            number_column("cost", "what it cost, in the study's currency", minimum=0.0),
        ),
        key=("campaign_id",),
        known_at="started_at",
    ),
    TableContract(
        name="campaign_targets",
        grain="one customer chosen for one campaign",
        columns=(
            id_column("campaign_id", "the campaign"),
            _CUSTOMER_ID,
            time_column("targeted_at", "when the customer was addressed, or held back"),
            Column(
                name="is_control",
                type="boolean",
                meaning="held back as a control?",
                required=False,
                nullable=True,
            ),
        ),
        key=("campaign_id", "customer_id"),
        known_at="targeted_at",
        references=(reference_to("campaigns", "campaign_id"), reference_to("customers", "customer_id")),
    ),
    TableContract(
        name="campaign_responses",
        grain="one response of one customer to one campaign",
        columns=(
            id_column("campaign_id", "the campaign"),
            _CUSTOMER_ID,
            time_column("responded_at", "when", required=True),
        ),
        known_at="responded_at",
        references=(reference_to("campaigns", "campaign_id"), reference_to("customers", "customer_id")),
    ),
    TableContract(
        name="activities",
        grain="one activity that costs money",
        columns=(
            id_column("activity", "the activity"),
            number_column(
                "cost_pool",
                "what it cost over the periods of activity_use up to as_of, in the study's currency",
                required=True,
                minimum=0.0,
            ),
            text_column("driver", "the unit that its use is counted in", required=True),
            number_column("unit_time", "time that a unit of the driver takes, in the unit of capacity", minimum=0.0),
            number_column(
                "capacity",
                "practical capacity that the cost pool pays for, in time; in units of the driver without unit_time",
                minimum=0.0,
            ),
            text_column(
                "resource", "who does it, where several activities share one; their cost and capacity are added up"
            ),
        ),
        key=("activity",),
    ),
    TableContract(
        name="activity_use",
        grain="one activity used by one customer in one period",
        columns=(
            _CUSTOMER_ID,
            id_column("activity", "the activity"),
            time_column("period", "first instant of the period", required=True),
            number_column("quantity", "units of the activity's driver", required=True, minimum=0.0),
        ),
        key=("customer_id", "activity", "period"),
        known_at="period",
        names_periods=True,
        references=(reference_to("customers", "customer_id"), reference_to("activities", "activity")),
    ),
    TableContract(
        name="invoices",
        grain="one invoice",
        columns=(
            id_column("invoice_id", "the invoice"),
            _CUSTOMER_ID,
            time_column("issued_at", "when it was sent", required=True),
            time_column("due_at", "when it should be paid", required=True),
            time_column("paid_at", "when it was paid; empty while open", later=True),
            number_column("amount", "money, in the study's currency", required=True),
        ),
        key=("invoice_id",),
        known_at="issued_at",
        references=(reference_to("customers", "customer_id"),),
    ),
    TableContract(
        name="partners",
        grain="one partner (a dealer, a distributor)",
        columns=(
            id_column("partner_id", "the partner"),
            text_column("name", "what it is called"),
            text_column("kind", "dealer, distributor, service point ..."),
            text_column("region", "where it works"),
            time_column("joined_at", "since when it is a partner"),
        ),
        key=("partner_id",),
        known_at="joined_at",
    ),
    TableContract(
        name="partner_results",
        grain="one measure of one partner in one period",
        columns=(
            id_column("partner_id", "the partner"),
            time_column("period", "first instant of the period", required=True),
            text_column("measure", "what was measured", required=True),
            number_column("value", "the result, in the measure's own unit", required=True),
        ),
        key=("partner_id", "period", "measure"),
        known_at="period",
        names_periods=True,
        references=(reference_to("partners", "partner_id"),),
    ),
    TableContract(
        name="indicators",
        grain="one indicator of the economic environment in one period",
        columns=(
            time_column("period", "first instant of the period", required=True),
            text_column("name", "the indicator", required=True),
            number_column("value", "its value", required=True),
        ),
        key=("period", "name"),
        known_at="period",
        names_periods=True,
    ),
)

TABLES: Final[Mapping[str, TableContract]] = MappingProxyType(
    {table.name: with_local_ids(table) for table in (*_TABLES, *RECORD_TABLES, PEOPLE_TABLE)}
)


def contract_of(table: str) -> TableContract:
    """The contract of a canonical table; StudyError with the nearest name if there is none."""
    if table not in TABLES:
        raise StudyError(f"There is no canonical table {table!r}. {offer_names(table, TABLES)}")
    return TABLES[table]
