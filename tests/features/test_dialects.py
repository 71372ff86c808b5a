"""The same expressions run where the data live: each compiles for DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import ibis
import pytest
from ibis.config import Config

from crm_research.contracts import contract_of
from crm_research.features.audit import (
    count_classes,
    count_first_seen,
    lay_side_by_side,
    measure_usual_gap,
    sum_by_cohort,
    sum_by_period,
    sum_nameless,
    sum_powers,
    total_dealings,
)
from crm_research.features.basket import build_basket
from crm_research.features.changing import build_standing, build_stretches
from crm_research.features.clock import instant
from crm_research.features.credit import class_now, sum_losses
from crm_research.features.customer_file import (
    build_month_counts,
    count_contact_kinds,
    count_links,
    latest_indicators,
    list_contracts,
    list_last_answers,
    list_people,
    sum_bills,
    sum_partners,
    sum_product_mix,
)
from crm_research.features.customers import build_customer_features, build_customers
from crm_research.features.drawn_joins import (
    build_drawn_study,
    count_drawn_spells,
    list_doubtful_pairs,
    list_doubtful_records,
    list_loose_records,
)
from crm_research.features.fees import running_contracts, sum_fee_changes
from crm_research.features.gaps import count_gaps, count_spans
from crm_research.features.grade_rows import GradeInputs, build_grade_rows
from crm_research.features.holders import build_habits, describe_holders, measure_fees
from crm_research.features.linked_records import (
    build_linked_records,
    count_by_system,
    count_changes,
    count_combinations,
    count_group_sizes,
    count_relations,
    count_sent_twice,
    count_taken_for_new,
    list_groups,
    list_members,
)
from crm_research.features.money_window import MoneyWindow
from crm_research.features.own_covariates import count_levels
from crm_research.features.panel import build_customer_periods, count_retention
from crm_research.features.person_periods import count_stretches
from crm_research.features.profit import CostPlan, build_money
from crm_research.features.purchases import build_later_purchases, build_purchases, build_returns
from crm_research.features.quality import build_quality_counts, is_at_fault
from crm_research.features.renewals import count_end_offsets, count_renewals
from crm_research.features.repaired import build_repair_counts
from crm_research.features.rfm import build_outcomes, build_rfm, count_patterns
from crm_research.features.rhythm import build_rhythm
from crm_research.features.spells import build_spells, count_spells, count_spells_by_reason, list_shared_spells
from crm_research.features.suspects import build_days, build_level_counts, is_copied_record, is_of_days
from crm_research.features.suspicions import (
    count_suspicions,
    suspect_copied_amounts,
    suspect_dealings,
    suspect_overlapping_visits,
    suspect_records,
)
from crm_research.features.value_rows import build_running_fees, build_value_rows, sum_money
from crm_research.features.winning import address_rows, list_won, sum_first_months, sum_winning
from crm_research.features.without import Suspects, build_without
from crm_research.postgres_backend import ReadingBackend
from crm_research.sources.golden import ATTRIBUTES, with_repairs
from crm_research.sources.resolving import describe_customers as describe_recorded
from tests.features.worlds import a_full_study


def two_quarters(study):
    """Customers with two quarters of months side by side."""
    return lay_side_by_side(sum_by_period(study, period_months=1), periods={"then": 8096, "now": 8097}, fold=3)


def in_place_of_none(table):
    """A whole number where customers only returned, so that every engine's rows have the same order."""
    return table.mutate(first_period=table.first_period.fill_null(0))


def without_nobody(table):
    """A month of its own for rows without a time, so that every engine's rows have the same order."""
    return table.mutate(_month=table["_month"].fill_null(0)) if "_month" in table.columns else table


# Rows of orders that break a rule, that are another one, or that lie on a day.
SUSPECTS = {
    "broken": Suspects(table="orders", condition=partial(is_at_fault, table="orders")),
    "copied": Suspects(table="orders", condition=partial(is_copied_record, table="orders")),
    "on a day": Suspects(
        table="orders", condition=lambda study, rows: is_of_days(rows.ordered_at, [datetime(2024, 1, 5)])
    ),
}


def with_fees_in_states(study):
    """Contracts whose fee changes."""
    columns = {"contract_id": "string", "valid_from": "timestamp", "fee": "float64"}
    return replace(study, tables={**study.tables, "contract_states": ibis.table(columns, name="contract_states")})


def rows_of_grades(study):
    """All that a grade reads of customers, and of their standing in the industry."""
    window = MoneyWindow(start=datetime(2024, 4, 1), end=datetime(2024, 7, 1), months=3, asked=3)
    plan = CostPlan(rates={"calls": 2.5}, capital_rate=0.1)
    people = study.table("customers").mutate(market_share=ibis.literal(0.5), kind=ibis.literal("business"))
    kinds = {column.name: column.type for column in contract_of("surveys").columns}
    surveys = ibis.table(kinds, name="surveys")
    study = replace(study, tables={**study.tables, "customers": people, "surveys": surveys})
    asked = GradeInputs(kind="business", looks_back=True, items=("satisfaction",), position="market_share")
    money, before = (build_money(study, one, plan) for one in (window, window.before()))
    return build_grade_rows(study, money, before, window, plan, asked)


def untrue_records(study):
    """Records of customers, each with every reason to doubt it."""
    customers = study.table("customers")
    same = customers.select(
        system=ibis.literal("a"),
        local_id=customers.customer_id,
        std_name_key=customers.customer_id,
        std_untrue_name=ibis.literal("keyboard"),
        std_untrue_email=ibis.literal("placeholder"),
        std_untrue_phone=ibis.literal("placeholder"),
        std_phone=ibis.literal("+4930231250"),
        std_email_key=ibis.literal("a@example.org"),
        std_birth_date=ibis.literal("1970-01-01"),
        std_postcode=ibis.literal("01067"),
        std_city=ibis.literal("dresden"),
        std_identifier=ibis.literal("11010519491231002X"),
        std_identifier_kind=ibis.literal("cn.ric"),
    )
    return suspect_records(same, most_names=1)


def of_systems(study):
    """Records of customers in a system, and what was repaired in them."""
    customers = study.table("customers")
    mine = {"system": ibis.literal("a"), "local_id": customers.customer_id}
    records = customers.select(
        **mine, kind=customers.kind, registered_at=customers.registered_at, region=customers.region,
        country=ibis.literal(" DE"), birth_date=ibis.literal("1980-04-03"),
    )  # fmt: skip
    repairs = customers.select(
        **mine, column=ibis.literal("region"), before=customers.region, after=ibis.literal("east"),
        rule=ibis.literal("most recent"), at=ibis.literal(datetime(2024, 1, 5)),
    )  # fmt: skip
    return replace(study, tables={**study.tables, "customer_records": records, "repairs": repairs})


def golden_records(study):
    """Customers as their records describe them, once these are repaired."""
    tables = of_systems(study).tables
    until = datetime(2024, 7, 1)
    return describe_recorded(tables["customer_records"], None, tables["repairs"], attributes=ATTRIBUTES, until=until)


def put_back(study):
    """Repaired records with what stood there before."""
    tables = of_systems(study).tables
    return with_repairs(tables["customer_records"], tables["repairs"], ("region", "country"), told="before")


def copied_amounts(study):
    """Orders of one amount, twice."""
    orders = study.table("orders")
    twice = orders.union(orders.mutate(order_id=orders.order_id.concat("x")))
    return suspect_copied_amounts(twice, key="order_id", at="ordered_at", amount="revenue")


def overlapping_visits(study):
    """Contacts as visits of ten days each."""
    contacts = study.table("contacts")
    ended = contacts.opened_at + ibis.interval(days=10)
    return suspect_overlapping_visits(contacts.mutate(kind=ibis.literal("visit"), closed_at=ended))


def with_bills(study):
    """Bills with and without a payment."""
    times = dict.fromkeys(("issued_at", "due_at", "paid_at"), "timestamp")
    columns = {"invoice_id": "string", "customer_id": "string", **times, "amount": "float64"}
    return replace(study, tables={**study.tables, "invoices": ibis.table(columns, name="invoices")})


def with_campaigns(study):
    """Campaigns, and whom they addressed."""
    ids = {"campaign_id": "string"}
    campaigns = {**ids, "kind": "string", "started_at": "timestamp", "cost": "float64"}
    targets = {**ids, "customer_id": "string", "targeted_at": "timestamp", "is_control": "boolean"}
    more = {"campaigns": campaigns, "campaign_targets": targets}
    tables = {name: ibis.table(columns, name=name) for name, columns in more.items()}
    return replace(study, tables={**study.tables, **tables})


def with_linked_records(study):
    """Customers as two systems know them, linked, with dealings under the systems' own numbers."""
    customers = study.table("customers")
    parts = [
        customers.select(
            "customer_id",
            system=ibis.literal(name),
            local_id=customers.customer_id,
            registered_at=ibis.null("timestamp"),
        )
        for name in "ab"
    ]
    both = parts[0].union(parts[1])
    whose = both.select("system", "local_id", "customer_id")
    known = customers.select("customer_id")
    tables = {
        "customer_records": both.drop("customer_id"),
        "links": whose.mutate(probability=ibis.literal(0.9)),
        "customer_relations": known.mutate(related_id=known.customer_id.concat("x"), kind=ibis.literal("household")),
        "link_events": known.select(
            linked_at=ibis.literal(datetime(2024, 1, 5)).cast("timestamp"),
            became=ibis.literal("gone"),
            from_customer_id=known.customer_id,
            n_records=ibis.literal(2.0),
        ),
        "campaign_targets": whose.mutate(campaign_id=ibis.literal("k"), is_control=ibis.literal(value=False)),
        "orders": study.table("orders").mutate(system=ibis.literal("a"), local_id=ibis.literal("1")),
    }
    return replace(study, tables={**study.tables, **tables})


# Customers whose file is asked for.
FEW = ("ann", "bob", "cy")


def with_people(study, *, are_named=True):
    """All tables that a customer's file reads beside the others'."""
    more = ("people", "surveys", "campaigns", "campaign_targets", "partners", "links", "indicators")
    tables = {
        name: ibis.table({column.name: column.type for column in contract_of(name).columns}, name=name) for name in more
    }
    orders, contacts = study.table("orders").mutate(store=ibis.literal("P1")), study.table("contacts")
    named = contacts.mutate(person_id=ibis.literal("n1")) if are_named else contacts
    return replace(study, tables={**study.tables, **tables, "orders": orders, "contacts": named})


def of_other_joins(study):
    """The study of customers under other joins: each order and contract known to one system, two draws of each."""
    linked = with_linked_records(study)
    own = {
        name: study.table(name).mutate(system=ibis.literal("a"), local_id=study.table(name).customer_id)
        for name in ("orders", "contracts")
    }
    customers = study.table("customers").select("customer_id")
    numbers = [customers.mutate(draw=ibis.literal(prefix)) for prefix in ("0000000|", "0000001|")]
    drawn = ibis.union(*numbers)
    drawn_id = drawn.draw + drawn.customer_id
    records = drawn.select(system=ibis.literal("a"), local_id=drawn.customer_id, customer_id=drawn_id)
    heirs = drawn.select("customer_id", drawn_id=drawn_id)
    return build_drawn_study(replace(linked, tables={**linked.tables, **own}), records, heirs)


def with_doubts(study):
    """Links of which some are in doubt: every customer's record, and another one of theirs."""
    linked = with_linked_records(study)
    customers = study.table("customers")
    doubts = customers.select(
        left_system=ibis.literal("a"), left_local_id=customers.customer_id, right_system=ibis.literal("b"),
        right_local_id=customers.customer_id, probability=ibis.literal(0.5), standing=ibis.literal("apart"),
    )  # fmt: skip
    return replace(linked, tables={**linked.tables, "link_doubts": doubts})


BUILDERS = {
    "orders of other joins": lambda study: of_other_joins(study).table("orders"),
    "contracts of other joins": lambda study: of_other_joins(study).table("contracts"),
    "customers of other joins": lambda study: of_other_joins(study).table("customers"),
    "lines of other joins": lambda study: of_other_joins(study).table("order_lines"),
    "spells of other joins": lambda study: count_drawn_spells(of_other_joins(study)),
    "buyers of other joins": lambda study: build_rfm(of_other_joins(study)),
    "pairs in doubt": lambda study: list_doubtful_pairs(with_doubts(study)),
    "records in doubt": lambda study: list_doubtful_records(with_doubts(study)),
    "loose records": lambda study: list_loose_records(with_doubts(study)),
    "linked records": lambda study: build_linked_records(with_linked_records(study)),
    "records by system": lambda study: count_by_system(with_linked_records(study)),
    "combinations of systems": lambda study: count_combinations(with_linked_records(study), ["a", "b"]),
    "sizes of groups": lambda study: count_group_sizes(with_linked_records(study)),
    "groups of records": lambda study: list_groups(with_linked_records(study)),
    "members of groups": lambda study: list_members(with_linked_records(study), ["ann", "bob"]),
    "buyers taken for new": lambda study: count_taken_for_new(with_linked_records(study)),
    "letters sent twice": lambda study: count_sent_twice(with_linked_records(study)),
    "relations": lambda study: count_relations(with_linked_records(study)),
    "changes of numbers": lambda study: count_changes(with_linked_records(study)),
    "untrue records": untrue_records,
    "untrue records counted": lambda study: count_suspicions(untrue_records(study)),
    "golden records": golden_records,
    "records put back": put_back,
    "repairs counted": lambda study: build_repair_counts(of_systems(study)),
    "copied amounts": copied_amounts,
    "overlapping visits": overlapping_visits,
    "untrue dealings": suspect_dealings,
    "dealings in all": total_dealings,
    "customers by quarter": lambda study: sum_by_period(study, period_months=3),
    "two quarters": two_quarters,
    "kinds of two quarters": lambda study: in_place_of_none(count_classes(two_quarters(study), names=("then", "now"))),
    "powers of two quarters": lambda study: sum_powers(
        two_quarters(study), {"change": two_quarters(study).revenue_now - two_quarters(study).revenue_then}
    ),
    "cohorts by month": lambda study: in_place_of_none(
        sum_by_cohort(sum_by_period(study, period_months=1), two_quarters(study))
    ),
    "nobody's orders": lambda study: sum_nameless(sum_by_period(study, period_months=1)),
    "first seen": lambda study: count_first_seen(two_quarters(study), instant(datetime(2024, 1, 10))),
    "usual gap": lambda study: measure_usual_gap(two_quarters(study)),
    "purchases": build_purchases,
    "purchases by day": lambda study: build_purchases(study, occasion="day"),
    "later purchases": build_later_purchases,
    "later purchases by day": lambda study: build_later_purchases(study, occasion="day"),
    "returns": build_returns,
    "outcomes by day": lambda study: build_outcomes(study, occasion="day"),
    "rfm": build_rfm,
    "rfm by day": lambda study: build_rfm(study, occasion="day"),
    "outcomes": build_outcomes,
    "patterns": lambda study: count_patterns(study, unit_days=7),
    "rhythm of weekdays": lambda study: build_rhythm(study, clock="weekday"),
    "rhythm of hours": lambda study: build_rhythm(study, clock="day_part"),
    "gaps in dates": lambda study: count_gaps(study, unit="date"),
    "spans in days": count_spans,
    "basket": build_basket,
    "what is missing in orders": lambda study: without_nobody(build_quality_counts(study, "orders")),
    "what is missing in customers": lambda study: without_nobody(build_quality_counts(study, "customers")),
    "spellings of contracts": lambda study: build_level_counts(study, "contracts"),
    "days with orders enough": build_days,
    "customers without what is suspect": lambda study: build_without(study, "orders", SUSPECTS),
    "spells": build_spells,
    "spells by plan": lambda study: count_spells(study, by="plan", unit_days=30),
    "reasons": count_spells_by_reason,
    "shared spells": lambda study: list_shared_spells(study, by="plan", unit_days=30),
    "stretches": lambda study: build_stretches(study, ["plan", "region", "recent_complaint"]),
    "standing": lambda study: build_standing(study, ["plan", "recent_complaint"]),
    "stretches by lot": lambda study: build_stretches(study, ["plan", "recent_complaint"], share=0.3),
    "standing by lot": lambda study: build_standing(study, ["plan", "recent_complaint"], share=0.3),
    "kinds by month": lambda study: count_stretches(build_stretches(study, ["plan"]), ["plan"], is_by_month=True),
    "renewals by plan": lambda study: count_renewals(study, period_months=1, slack_days=3, by="plan"),
    "renewals by quarter": lambda study: count_renewals(study, period_months=3, is_by_appointment=False),
    "end offsets": count_end_offsets,
    "customer months": build_customer_periods,
    "retention by quarter": lambda study: count_retention(study, period_months=3),
    "holders": lambda study: describe_holders(study, ("plan", "fee"), is_running=True),
    "fees of holders": lambda study: measure_fees(
        replace(study, tables={**study.tables, "contracts": study.table("contracts").mutate(fee=1.0)})
    ),
    "habits of holders": build_habits,
    "levels by end": lambda study: count_levels(build_spells(study), ["plan", "region"], "string"),
    "money of value": sum_money,
    "rows of value": build_value_rows,
    "margins of value": lambda study: build_value_rows(study, money="margin", cost_share=0.4),
    "running fees": build_running_fees,
    "running contracts": running_contracts,
    "lost bills": lambda study: sum_losses(with_bills(study)),
    "how late now": lambda study: class_now(with_bills(study)),
    "won by campaigns": lambda study: sum_winning(with_campaigns(study), address_rows(with_campaigns(study))),
    "who was won": lambda study: list_won(address_rows(with_campaigns(study))),
    "first months of those won": lambda study: sum_first_months(
        with_campaigns(study), list_won(address_rows(with_campaigns(study))), money="margin", cost_share=0.4
    ),
    "changes of fees": lambda study: sum_fee_changes(with_fees_in_states(study), datetime(2024, 1, 10)),
    "rows of grades": rows_of_grades,
    "customers": build_customers,
    "features": build_customer_features,
    "months of a file": lambda study: build_month_counts(with_people(study), FEW),
    "months of a file of what is here": lambda study: build_month_counts(study, FEW),
    "contracts of a file": lambda study: list_contracts(study, FEW),
    "contacts of a file": lambda study: count_contact_kinds(study, FEW, datetime(2024, 1, 10)),
    "answers of a file": lambda study: list_last_answers(with_people(study), FEW),
    "people of a file": lambda study: list_people(with_people(study), FEW),
    "people of a file, contacts unnamed": lambda study: list_people(with_people(study, are_named=False), FEW),
    "products of a file": lambda study: sum_product_mix(study, FEW, datetime(2024, 1, 15), datetime(2024, 7, 1)),
    "partners of a file": lambda study: sum_partners(
        with_people(study), FEW, datetime(2024, 1, 15), datetime(2024, 7, 1)
    ),
    "bills of a file": lambda study: sum_bills(with_bills(study), FEW, datetime(2024, 1, 10)),
    "links of a file": lambda study: count_links(with_people(study), FEW),
    "the economy around a file": lambda study: latest_indicators(with_people(study)),
}


class SparkOptions(Config):
    """What Ibis sets when its Spark backend is loaded, which needs Spark itself."""

    treat_nan_as_null: bool = False


@pytest.fixture
def spark_options():
    before = ibis.options.pyspark
    ibis.options.pyspark = SparkOptions()
    yield
    ibis.options.pyspark = before


def an_unbound_study():
    """The full study with tables that belong to no engine yet."""
    study = a_full_study()
    unbound = {name: ibis.table(table.schema(), name=name) for name, table in study.tables.items()}
    return replace(study, tables=unbound)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "pyspark"])
@pytest.mark.parametrize("name", BUILDERS)
def test_every_builder_compiles(name, dialect, spark_options):
    built = BUILDERS[name](an_unbound_study())
    sql = ibis.to_sql(built, dialect=dialect)
    for column in built.columns:
        assert column in sql
    if dialect == "postgres":
        assert ReadingBackend.compiler.to_sqlglot(built).sql(dialect)
