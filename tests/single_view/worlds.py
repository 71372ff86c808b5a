"""Small companies of several systems, each counted by hand."""

from __future__ import annotations

import pandas as pd

from crm_research.study import Study
from tests.builders import a_study

# Ann stands in three systems and twice in the shop, Bob in two, Cy, Dee and Eve in one each; Flo came after as_of.
RECORDS = pd.DataFrame(
    [
        ("office", "1", "2023-01-01"), ("dealer", "7", "2023-02-01"), ("shop", "a", "2023-03-01"),
        ("shop", "b", "2023-04-01"), ("office", "2", "2023-01-05"), ("shop", "c", "2024-06-30"),
        ("office", "3", None), ("shop", "d", "2023-05-01"), ("dealer", "8", "2023-06-01"),
        ("office", "9", "2024-08-01"),
    ],
    columns=["system", "local_id", "registered_at"],
)  # fmt: skip
LINKS = pd.DataFrame(
    [
        ("office", "1", "ann", 0.999), ("dealer", "7", "ann", 0.97), ("shop", "a", "ann", 0.999),
        ("shop", "b", "ann", 0.93), ("office", "2", "bob", 0.95), ("shop", "c", "bob", 0.95),
        ("office", "3", "cy", 1.0),
        ("shop", "d", "dee", 1.0), ("dealer", "8", "eve", 1.0), ("office", "9", "flo", 1.0),
    ],
    columns=["system", "local_id", "customer_id", "probability"],
)  # fmt: skip
PAIRS = pd.DataFrame(
    [("together", 0.9, 3, 2.9), ("together", 0.999, 4, 3.998), ("apart", 0.1, 5, 1.1), ("apart", 0.0, 20, 0.001),
     ("contradicting", 0.0, 2, 0.001)],
    columns=["standing", "probable_from", "n_pairs", "n_expected"],
)  # fmt: skip
JUDGED = pd.concat(
    [PAIRS, pd.DataFrame([("not looked at", 0.0, 11, 0.0)], columns=PAIRS.columns)], ignore_index=True
).assign(
    n_drawn=[3, 4, 5, 10, 2, 4], n_same=[2, 4, 1, 0, 0, 0], n_different=[1, 0, 3, 10, 2, 4],
    n_unsure=[0, 0, 1, 0, 0, 0], judged_at="2024-07-02", links_digest="x",
)  # fmt: skip
# By numbers six have bought, three of them again; by customers four, of whom three again. Two orders are no sale.
ORDERS = pd.DataFrame(
    [
        ("ann", "office", "1", "2024-01-01", 10.0, "sale"), ("ann", "shop", "a", "2024-02-01", 20.0, "sale"),
        ("ann", "shop", "a", "2024-03-01", 30.0, None), ("bob", "office", "2", "2024-01-02", 40.0, "sale"),
        ("bob", "shop", "c", "2024-01-03", 50.0, "sale"), ("cy", "office", "3", "2024-01-04", 5.0, "sale"),
        ("cy", "office", "3", "2024-01-05", 6.0, "sale"), ("till:1", "till", "1", "2024-01-06", 7.0, "sale"),
        ("till:1", "till", "1", "2024-01-07", 7.5, "cancelled"), ("till:1", "till", "1", "2024-01-08", -7.0, "return"),
        ("cy", "shop", "z", "2024-08-06", 7.0, "sale"),
    ],
    columns=["customer_id", "system", "local_id", "ordered_at", "revenue", "kind"],
).assign(order_id=[f"o{i}" for i in range(11)])  # fmt: skip
# In the first campaign Ann is written to three times; in the second Bob once, and a control that nobody writes to.
TARGETS = pd.DataFrame(
    [("k1", "ann", "office", "1", False), ("k1", "ann", "shop", "a", False), ("k1", "ann", "shop", "b", None),
     ("k1", "bob", "office", "2", False), ("k2", "bob", "shop", "c", False), ("k2", "bob", "office", "2", True)],
    columns=["campaign_id", "customer_id", "system", "local_id", "is_control"],
)  # fmt: skip
RELATIONS = pd.DataFrame(
    [("ann", "bob", "household"), ("ann", "cy", "household"), ("dee", "eve", "subsidiary of")],
    columns=["customer_id", "related_id", "kind"],
)
EVENTS = pd.DataFrame(
    [
        ("2024-01-01", "merged", "old", "ann", 1),
        ("2024-06-01", "merged", "p1", "ann", 2),
        ("2024-06-01", "merged", "p2", "bob", 1),
        ("2024-06-01", "split", "ann", "dee", 1),
        ("2024-06-01", "gone", "p3", None, 3),
    ],
    columns=["linked_at", "became", "from_customer_id", "to_customer_id", "n_records"],
)


def a_company(**changes: object) -> Study:
    """The company without judgements."""
    tables = {
        "customer_records": RECORDS, "links": LINKS, "link_pairs": PAIRS, "orders": ORDERS,
        "campaign_targets": TARGETS, "customer_relations": RELATIONS, "link_events": EVENTS,
    }  # fmt: skip
    return a_study(**{name: held for name, held in (tables | changes).items() if held is not None})


def judged() -> Study:
    """The same with judgements."""
    return a_company(link_judgements=JUDGED)


def bare() -> Study:
    """Records and links of one's own, and nothing else."""
    return a_study(customer_records=RECORDS, links=LINKS.drop(columns="probability"))


def nobody_linked() -> Study:
    """Two systems without a common customer."""
    links = LINKS.assign(customer_id=LINKS["system"] + LINKS["local_id"], probability=1.0)
    return a_company(
        links=links, link_pairs=PAIRS.loc[PAIRS["standing"] != "together"], customer_relations=None, link_events=None,
        orders=None, campaign_targets=None,
    )  # fmt: skip


def nobody() -> Study:
    """All records came after the study's day."""
    return a_company(
        customer_records=RECORDS.assign(registered_at="2024-08-01"), orders=None, campaign_targets=None,
        customer_relations=None, link_events=None,
    )  # fmt: skip


def one() -> Study:
    """One record."""
    return a_study(customer_records=RECORDS.head(1), links=LINKS.head(1))
