"""Who belongs to whom without being one: people of one house, companies of one group, a company and its people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from crm_research.linking.columns import UID
from crm_research.linking.prepared import RECORDS
from crm_research.vocabulary import HOUSEHOLD, NAMESAKE, SUBSIDIARY, say_count

if TYPE_CHECKING:
    from crm_research.linking.prepared import Prepared

# A house where more customers of one name live is a home, a barracks, or the address of the one who typed.
_LARGEST_HOUSEHOLD: Final = 10
_SCHEMA: Final = pa.schema([("customer_id", pa.string()), ("related_id", pa.string()), ("kind", pa.string())])


def find_relations(
    prepared: Prepared, customers: Mapping[str, str], others_of_a_kind: pa.Table, parents: pa.Table
) -> tuple[pa.Table, tuple[str, ...]]:
    """Customers who belong together and are not one, and notes on what cannot be.

    Parameters
    ----------
    customers
        Record to customer.
    others_of_a_kind
        Pairs of records, left_id and right_id, of a person and a company that share what they are reached by.
    parents
        Records and the record of the company that owns each: record, parent.
    """
    prepared.con.register("whose", pa.table({"record": [*customers], "customer": [*customers.values()]}))
    prepared.con.register("of_two_kinds", others_of_a_kind)
    prepared.con.register("owned", parents)
    house = (
        f"SELECT DISTINCT w.customer, r.street || '|' || r.house || '|' || coalesce(r.postcode, r.city) || '|' || "
        f"r.family AS home FROM {RECORDS} r JOIN whose w ON w.record = r.{UID} WHERE coalesce(r.kind, '') <> 'company'"
    )
    found = prepared.table(
        f"WITH house AS ({house}), homes AS (SELECT home FROM house WHERE home IS NOT NULL GROUP BY home "
        f"HAVING count(*) BETWEEN 2 AND {_LARGEST_HOUSEHOLD}), lived AS (SELECT * FROM house JOIN homes USING (home)) "
        f"SELECT DISTINCT a.customer AS customer_id, b.customer AS related_id, '{HOUSEHOLD}' AS kind "
        "FROM lived a JOIN lived b ON a.home = b.home AND a.customer < b.customer UNION "
        f"SELECT DISTINCT least(a.customer, b.customer), greatest(a.customer, b.customer), '{NAMESAKE}' "
        "FROM of_two_kinds t JOIN whose a ON a.record = t.left_id JOIN whose b ON b.record = t.right_id "
        "WHERE a.customer <> b.customer UNION "
        f"SELECT DISTINCT a.customer, b.customer, '{SUBSIDIARY}' FROM owned o JOIN whose a ON a.record = o.record "
        "JOIN whose b ON b.record = o.parent WHERE a.customer <> b.customer"
    ).cast(_SCHEMA)
    for name in ("whose", "of_two_kinds", "owned"):
        prepared.con.unregister(name)
    return _without_circles(found)


def _without_circles(relations: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    """Owners who in the end own themselves are told, and left out."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    frame = relations.to_pandas().sort_values(["kind", "customer_id", "related_id"], ignore_index=True)
    owned = frame[frame["kind"] == SUBSIDIARY]
    names = sorted({*owned["customer_id"], *owned["related_id"]})
    place = {name: i for i, name in enumerate(names)}
    if owned.empty:
        return pa.Table.from_pandas(frame, schema=_SCHEMA, preserve_index=False), ()
    start, end = owned["customer_id"].map(place).to_numpy(), owned["related_id"].map(place).to_numpy()
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(len(names), len(names)))
    _, part = connected_components(graph, directed=True, connection="strong")
    in_circle = part[start] == part[end]
    notes: tuple[str, ...] = ()
    if in_circle.any():
        n = len({*start[in_circle], *end[in_circle]})
        circle = f"{say_count(n, 'company', 'companies')} own each other in a circle, so that nobody is on top"
        notes = (f"{circle}: who owns whom is left open there. Correct parent_id in the records.",)
        frame = frame.drop(index=owned.index[in_circle])
    return pa.Table.from_pandas(frame, schema=_SCHEMA, preserve_index=False), notes
