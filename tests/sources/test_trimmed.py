"""What is quick for plain cells gives what the slow way gives for every cell."""

from __future__ import annotations

import duckdb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm_research.sources.definition import SourceRule
from crm_research.sources.mapping.casting import BLANKS, NULLS, NULLS_OF_VALUES, Reading
from crm_research.sources.readers.text import _bare, _trimmed
from crm_research.sources.session import literal
from tests.sources.files import orders_of

_SIGNS = st.sampled_from(
    [*BLANKS, *"=`'\"-+.09AZaz~!<>(),;", "\x7f", "é", "Ω", "\u2003", "\u3001", "中", "한", "ｱ", "😀"]
)
_CELLS = st.lists(st.text(_SIGNS, max_size=6), min_size=1, max_size=40)
SLOW = _bare(f"trim(cell, {literal(BLANKS)})")


@settings(max_examples=150, deadline=None)
@given(_CELLS)
@example(
    ["\u00a0a", "a\u00a0", "\u3000中", "中\ufeff", '="007"', "'5", "`7", "a\tb", "", " ", "\ufeff", "é\u3000", "-5 "]
)
def test_a_cell_told_by_its_ends_is_the_cell_that_is_trimmed(cells):
    found = duckdb.execute(f"SELECT {_trimmed('cell')}, {SLOW} FROM (SELECT unnest(?) AS cell)", [cells]).fetchall()
    assert [quick for quick, _ in found] == [slow for _, slow in found]


@settings(max_examples=100, deadline=None)
@given(_CELLS, st.sampled_from([NULLS, NULLS_OF_VALUES, ("",)]), st.sampled_from([None, ["-9", "n. a."]]))
@example(["NA", "na", "N/A", "nan", "", "-", "-9", "n. a.", "None", "NULL", "Namibia"], NULLS_OF_VALUES, None)
def test_words_for_nothing_are_the_same_to_texts_that_were_trimmed(cells, nulls, own):
    slow = Reading(rule=SourceRule(path="x.csv", null_values=own))
    quick = Reading(rule=slow.rule, is_trimmed=True)
    # What was staged has been trimmed once; marks that stood twice, and odd blanks beside others, are beyond both.
    cells = [cell for cell in cells if "\u2003" not in cell or cell == "\u2003"]
    rows = f"SELECT cell FROM (SELECT {SLOW} AS cell FROM (SELECT unnest(?) AS cell)) WHERE NOT starts_with(cell, '''')"
    rows += " AND NOT starts_with(cell, '=') AND NOT starts_with(cell, '`')"
    for raw in ('"cell"', 'CAST("cell" AS VARCHAR)'):
        asked = f"SELECT {quick.text(raw, nulls=nulls)}, {slow.text(raw, nulls=nulls)} FROM ({rows})"
        found = duckdb.execute(asked, [cells]).fetchall()
        assert [one for one, _ in found] == [other for _, other in found]


def test_what_an_expression_makes_of_trimmed_columns_is_trimmed_again(tmp_path):
    text = "order_id,customer_id,day,revenue,shop\n1,a,2024-01-05,30,N/A\n2,b,2024-01-06,20, x \n"
    rule = {"ordered_at": {"expr": "' ' || day || ' '", "format": "%Y-%m-%d"}, "store": "shop"}
    study = orders_of(tmp_path, text, columns=rule, source={"null_values": ["x"]})
    found = study.table("orders").order_by("order_id").to_pyarrow().to_pylist()
    assert [(f"{row['ordered_at']:%Y-%m-%d}", row["store"]) for row in found] == [
        ("2024-01-05", "N/A"),
        ("2024-01-06", None),
    ]
