"""The canonical tables, column by column. Every reader, check, feature and simulator reads this one list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from crm_research import vocabulary
from crm_research.errors import StudyError, offer_names

ColumnType = Literal["string", "timestamp", "float64", "int64", "boolean"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    name, type, meaning
        Its name, Ibis type and what it says, with the unit.
    required
        The table cannot be used without the column.
    nullable
        Values may be missing.
    allowed
        The values it may take, where they are a closed list.
    minimum
        The smallest legal value.
    happens_later
        The value is a time after the row's own time (an end, a payment): unknown until it has happened.
    known_with
        The value becomes known together with that column (an end's reason with the end).
    """

    name: str
    type: ColumnType
    meaning: str
    required: bool = True
    nullable: bool = False
    allowed: tuple[str, ...] | None = None
    minimum: float | None = None
    happens_later: bool = False
    known_with: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Values of `column` must stand in `to_column` of `to_table`, where the study has that table."""

    column: str
    to_table: str
    to_column: str


@dataclass(frozen=True, kw_only=True)
class TableContract:
    """What a canonical table promises.

    Parameters
    ----------
    grain
        One row is one ... .
    columns
        In their canonical order.
    key
        Columns that identify a row; empty where rows may repeat.
    known_at
        The time column from which a row is known; None where rows do not carry a time.
    references
        Keys that must be found in other tables.
    names_periods
        `known_at` is the first instant of a period: one that begins at as_of itself still lies ahead.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    known_at: str | None = None
    references: tuple[Reference, ...] = ()
    names_periods: bool = False

    def column(self, name: str) -> Column:
        """The column of that name; StudyError with the nearest name if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        known = offer_names(name, self.column_names)
        raise StudyError(f"The canonical table {self.name!r} has no column {name!r}. {known}")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in canonical order."""
        return tuple(column.name for column in self.columns)

    @property
    def required_names(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)


def _id(name: str, meaning: str, *, required: bool = True, nullable: bool = False) -> Column:
    return Column(name=name, type="string", meaning=meaning, required=required, nullable=nullable)


def _text(name: str, meaning: str, *, required: bool = False, allowed: tuple[str, ...] | None = None) -> Column:
    return Column(name=name, type="string", meaning=meaning, required=required, nullable=not required, allowed=allowed)


def _time(
    name: str, meaning: str, *, required: bool = False, nullable: bool | None = None, later: bool = False
) -> Column:
    is_nullable = not required if nullable is None else nullable
    return Column(
        name=name, type="timestamp", meaning=meaning, required=required, nullable=is_nullable, happens_later=later
    )


def _number(name: str, meaning: str, *, required: bool = False, minimum: float | None = None) -> Column:
    return Column(name=name, type="float64", meaning=meaning, required=required, nullable=not required, minimum=minimum)


def _to(table: str, column: str) -> Reference:
    return Reference(column=column, to_table=table, to_column=column)


_CUSTOMER_ID = _id("customer_id", "the customer")

_TABLES = (
    TableContract(
        name="customers",
        grain="one customer",
        columns=(
            _CUSTOMER_ID,
            _text("kind", "consumer or business", allowed=vocabulary.CUSTOMER_KINDS),
            _time("registered_at", "when the customer came into the records"),
        ),
        key=("customer_id",),
        known_at="registered_at",
    ),
    TableContract(
        name="orders",
        grain="one order (a basket, an invoice, a purchase occasion)",
        columns=(
            _id("order_id", "the order"),
            _CUSTOMER_ID,
            _time("ordered_at", "when it was placed", required=True),
            _number("revenue", "money after discount, in the study's currency; negative for returns", required=True),
            _number("discount", "money taken off, zero or more", minimum=0.0),
            _number("cost", "cost of the goods, in the study's currency"),
            _text("channel", "where it was placed"),
            _text("store", "the store or branch"),
            _text("kind", "sale, return or cancelled; sale if missing", allowed=vocabulary.ORDER_KINDS),
        ),
        key=("order_id",),
        known_at="ordered_at",
        references=(_to("customers", "customer_id"),),
    ),
    TableContract(
        name="order_lines",
        grain="one line of an order",
        columns=(
            _id("order_id", "the order"),
            _id("product_id", "the product"),
            _number("quantity", "units bought; negative for returns", required=True),
            _number("revenue", "money after discount, in the study's currency", required=True),
            _number("discount", "money taken off, zero or more", minimum=0.0),
            _number("cost", "cost of the goods, in the study's currency"),
        ),
        references=(_to("orders", "order_id"), _to("products", "product_id")),
    ),
    TableContract(
        name="products",
        grain="one product",
        columns=(
            _id("product_id", "the product"),
            _text("category", "the category it belongs to"),
            _text("brand", "the brand"),
            Column(name="is_own_brand", type="boolean", meaning="is it our own brand?", required=False, nullable=True),
        ),
        key=("product_id",),
    ),
    TableContract(
        name="contracts",
        grain="one contract (a subscription, a policy, an account)",
        columns=(
            _id("contract_id", "the contract"),
            _CUSTOMER_ID,
            _time("started_at", "when it began", required=True),
            _time("observed_from", "when our records of it begin, if later than its start (left truncation)"),
            _time("ended_at", "when it ended; empty while it runs", later=True),
            Column(
                name="end_reason",
                type="string",
                meaning="why it ended",
                required=False,
                nullable=True,
                known_with="ended_at",
            ),
            _text("plan", "the plan or tariff"),
            _number("fee", "money a month, in the study's currency", minimum=0.0),
        ),
        key=("contract_id",),
        known_at="started_at",
        references=(_to("customers", "customer_id"),),
    ),
    TableContract(
        name="contract_states",
        grain="one contract in one interval of time, with the attributes that change",
        columns=(
            _id("contract_id", "the contract"),
            _time("valid_from", "from when the row holds", required=True),
            _time("valid_to", "until when the row holds; empty while it does", later=True),
        ),
        key=("contract_id", "valid_from"),
        known_at="valid_from",
        references=(_to("contracts", "contract_id"),),
    ),
    TableContract(
        name="contacts",
        grain="one contact of a customer with us",
        columns=(
            _id("contact_id", "the contact"),
            _CUSTOMER_ID,
            _time("opened_at", "when it began", required=True),
            _time("closed_at", "when it was settled; empty while open", later=True),
            _text("kind", "complaint, enquiry, visit or service", required=True, allowed=vocabulary.CONTACT_KINDS),
            _text("channel", "how the customer came"),
            _text("department", "who must act"),
            _text("text", "what was said"),
            _number("cost", "what it cost us, in the study's currency", minimum=0.0),
        ),
        key=("contact_id",),
        known_at="opened_at",
        references=(_to("customers", "customer_id"),),
    ),
    TableContract(
        name="surveys",
        grain="one answer to one item of one response",
        columns=(
            _id("response_id", "the filled-in questionnaire"),
            _id("customer_id", "the customer, where not anonymous", required=False, nullable=True),
            _time("asked_at", "when it was asked", required=True),
            _text("item", "the question", required=True),
            Column(name="score", type="float64", meaning="the answer; empty where none was given", nullable=True),
            _number("scale_min", "the lowest answer possible", required=True),
            _number("scale_max", "the highest answer possible", required=True),
        ),
        key=("response_id", "item"),
        known_at="asked_at",
        references=(_to("customers", "customer_id"),),
    ),
    TableContract(
        name="campaigns",
        grain="one campaign",
        columns=(
            _id("campaign_id", "the campaign"),
            _text("name", "what it was called"),
            _text("kind", "mailing, coupon, visit ..."),
            _time("started_at", "when it began", required=True),
            _time("ended_at", "when it ended", later=True),
            _number("cost", "what it cost, in the study's currency", minimum=0.0),
        ),
        key=("campaign_id",),
        known_at="started_at",
    ),
    TableContract(
        name="campaign_targets",
        grain="one customer chosen for one campaign",
        columns=(
            _id("campaign_id", "the campaign"),
            _CUSTOMER_ID,
            _time("targeted_at", "when the customer was addressed, or held back"),
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
        references=(_to("campaigns", "campaign_id"), _to("customers", "customer_id")),
    ),
    TableContract(
        name="campaign_responses",
        grain="one response of one customer to one campaign",
        columns=(
            _id("campaign_id", "the campaign"),
            _CUSTOMER_ID,
            _time("responded_at", "when", required=True),
        ),
        known_at="responded_at",
        references=(_to("campaigns", "campaign_id"), _to("customers", "customer_id")),
    ),
    TableContract(
        name="activities",
        grain="one activity that costs money",
        columns=(
            _id("activity", "the activity"),
            _number(
                "cost_pool",
                "what it cost over the periods of activity_use up to as_of, in the study's currency",
                required=True,
                minimum=0.0,
            ),
            _text("driver", "the unit that its use is counted in", required=True),
            _number("unit_time", "time that a unit of the driver takes, in the unit of capacity", minimum=0.0),
            _number(
                "capacity",
                "practical capacity that the cost pool pays for, in time; in units of the driver without unit_time",
                minimum=0.0,
            ),
            _text("resource", "who does it, where several activities share one; their cost and capacity are added up"),
        ),
        key=("activity",),
    ),
    TableContract(
        name="activity_use",
        grain="one activity used by one customer in one period",
        columns=(
            _CUSTOMER_ID,
            _id("activity", "the activity"),
            _time("period", "first instant of the period", required=True),
            _number("quantity", "units of the activity's driver", required=True, minimum=0.0),
        ),
        key=("customer_id", "activity", "period"),
        known_at="period",
        names_periods=True,
        references=(_to("customers", "customer_id"), _to("activities", "activity")),
    ),
    TableContract(
        name="invoices",
        grain="one invoice",
        columns=(
            _id("invoice_id", "the invoice"),
            _CUSTOMER_ID,
            _time("issued_at", "when it was sent", required=True),
            _time("due_at", "when it should be paid", required=True),
            _time("paid_at", "when it was paid; empty while open", later=True),
            _number("amount", "money, in the study's currency", required=True),
        ),
        key=("invoice_id",),
        known_at="issued_at",
        references=(_to("customers", "customer_id"),),
    ),
    TableContract(
        name="partners",
        grain="one partner (a dealer, a distributor)",
        columns=(
            _id("partner_id", "the partner"),
            _text("name", "what it is called"),
            _text("kind", "dealer, distributor, service point ..."),
            _text("region", "where it works"),
            _time("joined_at", "since when it is a partner"),
        ),
        key=("partner_id",),
        known_at="joined_at",
    ),
    TableContract(
        name="partner_results",
        grain="one measure of one partner in one period",
        columns=(
            _id("partner_id", "the partner"),
            _time("period", "first instant of the period", required=True),
            _text("measure", "what was measured", required=True),
            _number("value", "the result, in the measure's own unit", required=True),
        ),
        key=("partner_id", "period", "measure"),
        known_at="period",
        names_periods=True,
        references=(_to("partners", "partner_id"),),
    ),
    TableContract(
        name="indicators",
        grain="one indicator of the economic environment in one period",
        columns=(
            _time("period", "first instant of the period", required=True),
            _text("name", "the indicator", required=True),
            _number("value", "its value", required=True),
        ),
        key=("period", "name"),
        known_at="period",
        names_periods=True,
    ),
)

TABLES: Final[Mapping[str, TableContract]] = MappingProxyType({table.name: table for table in _TABLES})


def contract_of(table: str) -> TableContract:
    """The contract of a canonical table; StudyError with the nearest name if there is none."""
    if table not in TABLES:
        raise StudyError(f"There is no canonical table {table!r}. {offer_names(table, TABLES)}")
    return TABLES[table]
