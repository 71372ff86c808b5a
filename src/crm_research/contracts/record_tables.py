"""Canonical tables of who a customer is: records in several systems, who belongs to whom, people of a business."""

from __future__ import annotations

from dataclasses import replace
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

RECORDS: Final = "customer_records"
LINKS: Final = "links"
RELATIONS: Final = "customer_relations"
REPAIRS: Final = "repairs"
# What is known of the links themselves: whose number has changed, and how sure pairs of records are.
EVENTS: Final = "link_events"
PAIR_GROUPS: Final = "link_pairs"
DOUBTS: Final = "link_doubts"
JUDGEMENTS: Final = "link_judgements"
# Who speaks for a business customer.
PEOPLE: Final = "people"
# What says whose a record is, within the system that holds it.
RECORD_KEY: Final = ("system", "local_id")

_PAIR_GROUP: Final = (
    text_column("standing", "how the pairs were treated", required=True, allowed=vocabulary.PAIR_STANDINGS),
    number_column("probable_from", "the least probability of such a pair", required=True, minimum=0.0),
    number_column("n_pairs", "pairs of the group", required=True, minimum=0.0),
    number_column("n_expected", "of them of one customer, by their probabilities", required=True, minimum=0.0),
)  # fmt: skip
RECORD_TABLES: Final = (
    TableContract(
        name=RECORDS,
        grain="one customer as one system has written it down",
        columns=(
            id_column("system", "the system that holds the record"),
            id_column("local_id", "the customer's number in that system"),
            text_column("kind", "consumer or business", allowed=vocabulary.CUSTOMER_KINDS),
            text_column("name", "the whole name, of a person or a company"),
            text_column("given_name", "the given names"),
            text_column("family_name", "the family name"),
            text_column("company", "the company's name"),
            text_column("email", "the mail address"),
            text_column("phone", "the telephone number"),
            text_column("street", "street and number of the house"),
            text_column("postcode", "the postcode"),
            text_column("city", "the town"),
            text_column("region", "the region, province or state"),
            text_column("country", "the country, best as its two letters"),
            text_column("birth_date", "the day of birth, as written; a year alone will do"),
            text_column("identifier", "a number that others know the customer by, too (of a register, a tax)"),
            id_column("parent_id", "the owning company's number in that system", required=False, nullable=True),
            time_column("registered_at", "when the record was made"),
            time_column("updated_at", "when it was last changed"),
        ),
        key=RECORD_KEY,
        known_at="registered_at",
    ),
    TableContract(
        name=LINKS,
        grain="one record and the customer it is of",
        columns=(
            id_column("system", "the system that holds the record"),
            id_column("local_id", "the customer's number in that system"),
            id_column("customer_id", "the customer"),
            number_column("probability", "how probable it is that the record is that customer's, 0 to 1", minimum=0.0),
        ),
        key=RECORD_KEY,
    ),
    TableContract(
        name=RELATIONS,
        grain="one customer who belongs to another, or with another to something",
        columns=(
            id_column("customer_id", "the customer"),
            id_column("related_id", "the other customer"),
            text_column("kind", "what joins the two", required=True, allowed=vocabulary.RELATION_KINDS),
        ),
        key=("customer_id", "related_id", "kind"),
    ),
    TableContract(
        name=REPAIRS,
        grain="one value of one record that was repaired",
        columns=(
            id_column("system", "the system that holds the record"),
            id_column("local_id", "the customer's number in that system"),
            text_column("column", "the column of customer_records", required=True),
            Column(
                name="before", type="string", nullable=True, meaning="what the source says; empty where nothing"
            ),
            Column(
                name="after", type="string", nullable=True, meaning="what it was repaired to; empty where nothing"
            ),
            text_column("rule", "by which rule", required=True, allowed=vocabulary.REPAIR_RULES),
            time_column("at", "when it was repaired", required=True),
        ),
        key=(*RECORD_KEY, "column"),
    ),
    TableContract(
        name=EVENTS,
        grain="one customer whose records bear another number than before",
        columns=(
            time_column("linked_at", "when the records were linked", required=True),
            text_column("became", "what has become of the number", required=True, allowed=vocabulary.LINK_CHANGES),
            id_column("from_customer_id", "the number before"),
            id_column("to_customer_id", "the number now; empty for who is gone", nullable=True),
            number_column("n_records", "records that bear another number", minimum=0.0),
        ),
    ),
    TableContract(
        name=PAIR_GROUPS,
        grain="pairs of records that were treated alike and are about as probably of one customer",
        columns=_PAIR_GROUP,
        key=("standing", "probable_from"),
    ),
    TableContract(
        name=DOUBTS,
        grain="two records of which it is doubtful whether they are of one customer, or which hang on such a doubt",
        columns=(
            id_column("left_system", "the system that holds the first record"),
            id_column("left_local_id", "the customer's number there"),
            id_column("right_system", "the system that holds the second record"),
            id_column("right_local_id", "the customer's number there"),
            number_column(
                "probability", "how probable it is that the two are of one customer, 0 to 1", required=True, minimum=0.0
            ),
            text_column(
                "standing", "whether the two stand together", required=True, allowed=vocabulary.PAIR_STANDINGS
            ),
        ),
        key=("left_system", "left_local_id", "right_system", "right_local_id"),
    ),
    TableContract(
        name=JUDGEMENTS,
        grain="pairs of records that were treated alike, of which a person has judged some",
        columns=(
            *_PAIR_GROUP,
            number_column("n_drawn", "pairs laid before the person", required=True, minimum=0.0),
            number_column("n_same", "judged to be of one customer", required=True, minimum=0.0),
            number_column("n_different", "judged to be of two", required=True, minimum=0.0),
            number_column("n_unsure", "left open", required=True, minimum=0.0),
            time_column("judged_at", "when the judgements were read", required=True),
            text_column("links_digest", "digest of the links that were judged"),
        ),
        key=("standing", "probable_from"),
    ),
)  # fmt: skip

PEOPLE_TABLE: Final = TableContract(
    name=PEOPLE,
    grain="one person at a business customer, in one role, from one time on",
    columns=(
        id_column("customer_id", "the customer"),
        id_column("person_id", "the person"),
        text_column("name", "what the person is called"),
        text_column(
            "role",
            "decides, influences, uses, buys or keeps the gate",
            required=True,
            allowed=vocabulary.PERSON_ROLES,
        ),
        text_column("stance", "for us, neutral or against us; empty if unknown", allowed=vocabulary.PERSON_STANCES),
        time_column("since", "from when the row holds, as we know it", required=True),
        time_column("until", "until when it holds; empty while it does", later=True),
        text_column("note", "what else is known of the person"),
    ),
    key=("customer_id", "person_id", "role", "since"),
    known_at="since",
    references=(reference_to("customers", "customer_id"),),
)

_LOCAL: Final = (
    id_column("system", "the system whose number stands in local_id", required=False, nullable=True),
    id_column("local_id", "the customer's number there, in place of customer_id", required=False, nullable=True),
)  # fmt: skip


def with_local_ids(contract: TableContract) -> TableContract:
    """The contract of a table of dealings: whose a row is may be said by a system's own number, too."""
    if contract.name == "customers" or all(reference.to_table != "customers" for reference in contract.references):
        return contract
    return replace(contract, columns=(*contract.columns, *_LOCAL))
