"""What a study holds: its tables with their rows and periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_research.contracts import contract_of

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.study import Study


def overview(study: Study) -> pd.DataFrame:
    """Which tables does this study hold, how many rows of when, and how many of them are not yet known at as_of?

    Each table is read once, in the engine.

    Returns
    -------
    pandas.DataFrame
        Grain: table. Columns ``table``, ``grain`` (what one row is), ``rows``, ``first`` and ``last`` (times at which
        rows became known; empty without such a column), ``later`` (rows after as_of, which no analysis sees before its
        holdout), ``attributes`` (extra columns that were declared).

    Examples
    --------
    >>> overview(open_study("cdnow")).loc[0, ["table", "rows"]].tolist()
    ['orders', 6696]
    """
    import pandas as pd

    lines = []
    for name, rows in study.tables.items():
        contract = contract_of(name)
        known_at = contract.known_at if contract.known_at in rows.columns else None
        asked = {"rows": rows.count()}
        if known_at is not None:
            time = rows[known_at]
            later = (time > ibis.literal(study.as_of)).ifelse(1, 0).sum().fill_null(0)
            asked |= {"first": time.min(), "last": time.max(), "later": later}
        found = rows.aggregate(**asked).to_pyarrow().to_pylist()[0]
        lines.append(
            {
                "table": name,
                "grain": contract.grain,
                "rows": found["rows"],
                "first": found.get("first"),
                "last": found.get("last"),
                "later": found.get("later", 0),
                "attributes": ", ".join(study.attributes_of(name)),
            }
        )
    columns = ["table", "grain", "rows", "first", "last", "later", "attributes"]
    frame = pd.DataFrame(lines, columns=columns)
    return frame.astype({"rows": "int64", "later": "int64", "first": "datetime64[us]", "last": "datetime64[us]"})
