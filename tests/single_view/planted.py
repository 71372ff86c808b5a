"""Single views of planted, distinct numbers: what is said and shown of them needs no engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd

from crm_research.linking.goodness import Goodness, Limits
from crm_research.pillars.single_view import SingleViewPage
from crm_research.pillars.single_view.measure import Judging, SingleView, TakenForNew
from crm_research.vocabulary import (
    APART,
    CONTRADICTING,
    GONE,
    HOUSEHOLD,
    MERGED,
    MOVED,
    NAMESAKE,
    NOT_LOOKED_AT,
    SPLIT,
    SUBSIDIARY,
    TOGETHER,
)
from tests.builders import a_study, orders

JUDGING = Judging(
    n_drawn=370, n_judged=361, n_unsure=17, judged_at=datetime(2024, 6, 3), n_unseen=23, n_unseen_same=2,
    is_of_these_links=True,
)  # fmt: skip
BY_MODEL = Goodness(
    precision=Limits(0.971, 0.934, 0.988), recall=Limits(0.883, 0.841, 0.917), f1=Limits(0.925, 0.892, 0.949),
    right_for_found=Limits(1.1, 1.02, 1.17), n_missed=Limits(157.4, 101.6, 222.7), n_wrong=Limits(38.4, 15.6, 87.7),
)  # fmt: skip
BY_JUDGEMENTS = Goodness(
    precision=Limits(0.953, 0.915, 0.979), recall=Limits(0.864, 0.825, 0.896), f1=Limits(0.906, 0.873, 0.932),
    right_for_found=Limits(1.1, 1.02, 1.17), n_missed=Limits(189.6, 143.4, 260.7), n_wrong=Limits(62.4, 27.7, 112.6),
)  # fmt: skip


def a_view(**changes: object) -> SingleView:
    """Four systems with 2,310 records of 1,640 customers, judged."""
    pairs = pd.DataFrame(
        [(TOGETHER, 0.9, 413, 391.2), (TOGETHER, 0.999, 921, 920.6), (APART, 0.5, 31, 18.3), (APART, 0.1, 47, 12.4),
         (APART, 0.01, 809, 14.7), (CONTRADICTING, 0.1, 19, 3.8), (CONTRADICTING, 0.0, 10, 0.001)],
        columns=["standing", "probable_from", "n_pairs", "n_expected"],
    )  # fmt: skip
    unseen = pd.DataFrame([(NOT_LOOKED_AT, 0.0, 90_000, 0.0)], columns=pairs.columns)
    judged = pd.concat([pairs, unseen], ignore_index=True).assign(
        n_drawn=[81, 82, 31, 46, 79, 18, 9, 24], n_same=[74, 80, 15, 9, 3, 2, 0, 2],
        n_different=[5, 1, 12, 33, 75, 14, 7, 21], n_unsure=[2, 1, 4, 4, 1, 2, 2, 1],
    )  # fmt: skip
    view = SingleView(
        title="Planted", currency="EUR", as_of=datetime(2024, 7, 1), confidence=0.9, n_records=2310, n_customers=1640,
        n_later=13, customers=Limits(1640.0, 1580.0, 1703.0),
        systems=pd.DataFrame(
            {"system": ["dealer", "office", "shop", "x" * 45], "n_records": [505, 610, 1120, 75],
             "n_customers": [498, 601, 1067, 74], "n_alone": [113, 207, 702, 14], "n_again": [7, 9, 53, 1]}
        ),
        combinations=pd.DataFrame(
            [(("shop",), 1, 702, 731), (("office",), 1, 207, 209), (("dealer", "shop"), 2, 190, 391),
             (("dealer",), 1, 113, 115), (("office", "shop", "x" * 45), 3, 428, 864)],
            columns=["systems", "n_systems", "n_customers", "n_records"],
        ),
        sizes=pd.DataFrame({"n_records": [1, 2, 3, 8], "n_customers": [1036, 567, 34, 3]}),
        groups=pd.DataFrame(
            [("p3", 8, 4, 0.912), ("p1", 3, 2, 0.874)], columns=["customer_id", "n_records", "n_systems", "least_sure"]
        ),
        members=pd.DataFrame(
            [("p3", "dealer", "7", 0.912), ("p1", "shop", "a", 0.874)],
            columns=["customer_id", "system", "local_id", "probability"],
        ),
        pairs=pairs, judged=judged, by_model=BY_MODEL, by_judgements=BY_JUDGEMENTS, judging=JUDGING,
        taken_for_new=TakenForNew(
            n_numbers=1210, n_customers=977, n_numbers_again=503, n_customers_again=551, n_split=164,
            revenue_of_split=98_765.4,
        ),
        sent_twice=(5210, 433),
        relations=pd.DataFrame(
            [(HOUSEHOLD, 45, 83), (SUBSIDIARY, 1, 2), (NAMESAKE, 6, 11)], columns=["kind", "n_pairs", "n_customers"]
        ),
        changes=pd.DataFrame(
            [(datetime(2024, 5, 6), MERGED, 12, 29), (datetime(2024, 5, 6), SPLIT, 4, 5),
             (datetime(2024, 5, 6), MOVED, 3, 8), (datetime(2024, 5, 6), GONE, 1, 2)],
            columns=["linked_at", "became", "n_customers", "n_records"],
        ),
    )  # fmt: skip
    return replace(view, **changes)


def without_judgements(view: SingleView, **changes: object) -> SingleView:
    """The same, and nobody has judged any pair."""
    return replace(view, judged=view.judged.head(0), by_judgements=None, judging=None, **changes)


def of_ones() -> SingleView:
    """Wherever a sentence counts, it counts one."""
    view = a_view()
    one = Limits(1.0, 1.0, 1.0)
    return replace(
        view,
        n_records=2, n_customers=1, n_later=1, customers=one,
        systems=view.systems.head(2).assign(n_records=1, n_customers=1, n_alone=0, n_again=[1, 0]),
        combinations=pd.DataFrame(
            [(("dealer", "office"), 2, 1, 2)], columns=["systems", "n_systems", "n_customers", "n_records"]
        ),
        sizes=pd.DataFrame({"n_records": [3], "n_customers": [1]}),
        groups=view.groups.tail(1),
        pairs=view.pairs.iloc[2:6].assign(n_pairs=[1, 0, 0, 1]),
        by_judgements=replace(BY_JUDGEMENTS, n_missed=one, n_wrong=one),
        judging=replace(
            JUDGING, n_drawn=1, n_judged=1, n_unsure=1, n_unseen=1, n_unseen_same=1, is_of_these_links=False
        ),
        taken_for_new=TakenForNew(
            n_numbers=2, n_customers=1, n_numbers_again=1, n_customers_again=1, n_split=1, revenue_of_split=12.5
        ),
        sent_twice=(1, 1),
        relations=view.relations.assign(n_pairs=1),
        changes=view.changes.assign(n_customers=1),
    )  # fmt: skip


def apart(n_missed: float) -> SingleView:
    """No two records are of one customer, as linked; so many pairs may be all the same."""
    none = Limits(0.0, 0.0, 0.0)
    view = a_view()
    return without_judgements(
        view,
        n_records=29, n_customers=29, n_later=0, customers=Limits(29.0, 27.0, 29.0),
        systems=view.systems.head(2).assign(n_records=[12, 17], n_customers=[12, 17], n_alone=[12, 17], n_again=0),
        combinations=pd.DataFrame(
            [(("office",), 1, 17, 17), (("dealer",), 1, 12, 12)], columns=view.combinations.columns
        ),
        sizes=pd.DataFrame({"n_records": [1], "n_customers": [29]}),
        groups=view.groups.head(0), members=view.members.head(0), pairs=view.pairs.tail(1),
        by_model=Goodness(
            precision=None, recall=None, f1=None, right_for_found=None, n_wrong=none,
            n_missed=Limits(0.0, 0.0, n_missed),
        ),
        taken_for_new=TakenForNew(
            n_numbers=21, n_customers=21, n_numbers_again=8, n_customers_again=8, n_split=0, revenue_of_split=0.0
        ),
        sent_twice=(44, 0), relations=view.relations.head(0), changes=view.changes.head(0),
    )  # fmt: skip


def of_few(n_records: int) -> SingleView:
    """One record, or none."""
    view = a_view()
    return without_judgements(
        view,
        n_records=n_records, n_customers=n_records, n_later=13, customers=None,
        systems=view.systems.head(n_records).assign(n_records=1, n_customers=1, n_alone=1, n_again=0),
        combinations=pd.DataFrame(
            [(("dealer",), 1, 1, 1)][:n_records], columns=["systems", "n_systems", "n_customers", "n_records"]
        ),
        sizes=pd.DataFrame({"n_records": [1], "n_customers": [1]}).head(n_records),
        groups=view.groups.head(0), members=view.members.head(0), pairs=view.pairs.head(0), by_model=None,
        taken_for_new=None, sent_twice=None, relations=view.relations.head(0), changes=view.changes.head(0),
    )  # fmt: skip


def of_bare_links() -> SingleView:
    """Links of one's own in one system: without pairs, purchases, campaigns, relations and changes."""
    view = a_view()
    return without_judgements(
        view,
        n_records=310, n_customers=296, n_later=0, customers=None,
        systems=view.systems.head(1).assign(n_records=310, n_customers=296, n_alone=296, n_again=14),
        combinations=pd.DataFrame([(("dealer",), 1, 296, 310)], columns=view.combinations.columns),
        sizes=pd.DataFrame({"n_records": [1, 2], "n_customers": [282, 14]}), groups=view.groups.head(0),
        members=view.members.head(0), pairs=view.pairs.head(0), by_model=None, taken_for_new=None, sent_twice=None,
        relations=view.relations.head(0), changes=view.changes.head(0),
    )  # fmt: skip


def page_of(view: SingleView) -> SingleViewPage:
    """The page, with this for what it measured."""
    page = SingleViewPage(a_study(orders=orders(("a", "2024-01-01", 10.0))))
    page._measure = lambda: view
    return page
