"""Times as they are found: several ways in one column, the day numbers of spreadsheets, and what is offered."""

from __future__ import annotations

import re
from datetime import datetime

import pandas as pd
import pytest
import yaml

from crm_research.errors import ContractViolation, StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, held, orders_of

HEAD = "order_id;customer_id;day;revenue\n"


def _dated(folder, *written, rule="day", **source):
    rows = "".join(f"{i};A;{text};1\n" for i, text in enumerate(written))
    columns = {"ordered_at": rule}
    return orders_of(folder, HEAD + rows, source={"delimiter": ";", **source}, columns=columns)


def _times(study):
    return [str(at) for (at,) in held(study, "orders", "ordered_at")]


def _offered_rule(problem):
    found = re.search(r"ordered_at: (\{column: .*?\})\.", str(problem))
    assert found is not None, str(problem)
    return yaml.safe_load(found[1])


@pytest.mark.parametrize(
    ("written", "rule", "read"),
    [
        # 45,295 days after 1899-12-30 are 2024-01-04; .125 of a day is 3 hours
        (["45295.125", "45298"], "excel", ["2024-01-04 03:00:00", "2024-01-07 00:00:00"]),
        (["45295.125", "2024-01-05"], "excel", ["2024-01-04 03:00:00", "2024-01-05 00:00:00"]),
        (["05.01.2024", "45295"], ["%d.%m.%Y", "excel"], ["2024-01-04 00:00:00", "2024-01-05 00:00:00"]),
        (["31.01.2024", "2024-01-05 10:00"], ["%d.%m.%Y", "iso"], ["2024-01-05 10:00:00", "2024-01-31 00:00:00"]),
        (["31/01/2024", "01/31/2025 x"][:1], "%d/%m/%Y", ["2024-01-31 00:00:00"]),
    ],
)
def test_the_format_that_is_offered_reads_every_row(tmp_path, written, rule, read):
    with pytest.raises(ContractViolation, match="every value is a time") as caught:
        _dated(tmp_path, *written)
    choice = _offered_rule(caught.value) if "more than one way" not in str(caught.value) else None
    if choice is not None:
        assert choice == {"column": "day", "format": rule}
    assert _times(_dated(tmp_path, *written, rule={"column": "day", "format": rule})) == read


def test_day_numbers_with_a_decimal_comma(tmp_path):
    assert _times(_dated(tmp_path, "45295,5", decimal=",", date_format="excel")) == ["2024-01-04 12:00:00"]


def test_a_third_of_a_day_in_six_digits_is_eight_oclock(tmp_path):
    assert _times(_dated(tmp_path, "45295.333333", date_format="excel")) == ["2024-01-04 08:00:00"]


@pytest.mark.parametrize("number", ["60", "2958466", "-5", "45295.5.5"])
def test_what_is_no_day_of_a_spreadsheet_is_told(tmp_path, number):
    with pytest.raises(ContractViolation, match="every value is a time"):
        _dated(tmp_path, number, date_format="excel")


def test_eight_digits_stay_a_day_of_the_calendar_beside_day_numbers(tmp_path):
    study = _dated(tmp_path, "20240105", "45295", date_format="excel")
    assert _times(study) == ["2024-01-04 00:00:00", "2024-01-05 00:00:00"]


@pytest.mark.parametrize("days", [[45295.125, 45296.0], [45295.125, datetime(2024, 1, 5)]])
def test_day_numbers_of_a_sheet_alone_and_among_dates(tmp_path, days):
    frame = pd.DataFrame({"order_id": [1, 2], "customer_id": ["A", "B"], "day": days, "revenue": [1.0, 2.0]})
    frame.to_excel(tmp_path / "orders.xlsx", index=False)
    rule = {"from": "orders.xlsx", "columns": {"ordered_at": "day"}}
    with pytest.raises(ContractViolation, match="days that a spreadsheet counts") as caught:
        open_study(a_study_file(tmp_path, {"orders": rule}))
    rule["columns"] = {"ordered_at": _offered_rule(caught.value)}
    study = open_study(a_study_file(tmp_path, {"orders": rule}))
    assert _times(study) == ["2024-01-04 03:00:00", "2024-01-05 00:00:00"]


def test_days_that_a_sheet_holds_as_whole_numbers(tmp_path):
    frame = {"order_id": [1, 2], "customer_id": ["A", "B"], "day": [20240105, None], "revenue": [1.0, 2.0]}
    pd.DataFrame(frame).to_excel(tmp_path / "orders.xlsx", index=False)
    rule = {"from": "orders.xlsx", "columns": {"ordered_at": "day"}, "where": "day is not null"}
    assert _times(open_study(a_study_file(tmp_path, {"orders": rule}))) == ["2024-01-05 00:00:00"]


def test_the_whole_column_decides_which_formats_fit(tmp_path):
    # only the sixth value, which no message shows, tells that the day stands first
    written = [f"0{i}/0{i}/2024" for i in range(1, 6)] + ["13/06/2024"]
    with pytest.raises(ContractViolation) as caught:
        _dated(tmp_path, *written)
    assert _offered_rule(caught.value) == {"column": "day", "format": "%d/%m/%Y"}


def test_a_time_that_only_an_expression_reads_gets_its_format_beside_the_path(tmp_path):
    text = "order_id,customer_id,ordered_at,revenue,paid\n1,A,2024-01-05,1,31.01.2024\n"
    with pytest.raises(
        ContractViolation, match=r'Write date_format: \["%d.%m.%Y", iso\] beside|date_format: "%d.%m.%Y"'
    ):
        orders_of(tmp_path, text, where="paid > ordered_at + interval 1 day")
    columns = {"ordered_at": {"column": "ordered_at", "format": "iso"}}
    study = orders_of(
        tmp_path, text, where="paid > as_of - interval 1 year", columns=columns, source={"date_format": "%d.%m.%Y"}
    )
    assert len(held(study, "orders")) == 1


def test_further_header_lines_are_told_with_the_key_that_leaves_them_out(tmp_path):
    text = (
        "order_id,customer_id,ordered_at,revenue\nNumber,Who,Recorded date,Money\n"
        '"{""ImportId"":""a""}",b,c,d\n1,A,2024-01-05,10\n2,B,2024-01-06,20\n'
    )
    with pytest.raises(Exception, match=r"The first 2 rows are no record but a part of the header: write header: 3"):
        orders_of(tmp_path, text)
    assert held(orders_of(tmp_path, text, source={"header": 3}), "orders", "revenue") == [(10.0,), (20.0,)]


def test_a_first_row_that_holds_a_number_is_never_called_a_header(tmp_path):
    with pytest.raises(ContractViolation, match="every value is a time") as caught:
        _dated(tmp_path, "unknown", "2024-01-05", "2024-01-06")
    assert "header" not in str(caught.value)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (
            ["2024-01-05T10:00:00+02:00", "2024-01-05 10:00:00"],
            "1 of 2 times of ordered_at carries a zone, the other is read as Europe/Berlin",
        ),
        (
            ["2024-01-05T10:00:00Z", "2024-01-05", "2024-01-06"],
            "1 of 3 times of ordered_at carries a zone, the others are read as Europe/Berlin",
        ),
        (["2024-01-05T10:00:00Z", "2024-07-05T10:00:00+02:00"], None),
        (["2024-01-05", "2024-01-06 12:30:10"], None),
    ],
)
def test_times_with_and_without_a_zone_in_one_column_are_told(tmp_path, times, said):
    rows = "".join(f"{i},a,{time},1\n" for i, time in enumerate(times))
    study = orders_of(tmp_path, "order_id,customer_id,ordered_at,revenue\n" + rows, head={"timezone": "Europe/Berlin"})
    source = study.inputs[0].source
    assert said in source if said else "a zone" not in source


@pytest.mark.parametrize("how", ["beside the path", "beside the column"])
@pytest.mark.parametrize(
    ("expr", "ends"),
    [
        ("case when state = 'over' then last end", ["2024-02-07 00:00:00", "NaT"]),
        ("case when state = 'over' then as_of - interval 3 day end", ["2024-06-28 00:00:00", "NaT"]),
        ("case when last < as_of then last end", ["2024-02-07 00:00:00", "NaT"]),
        ("case when last < date '2024-12-01' then last end", ["2024-02-07 00:00:00", "NaT"]),
        ("last || ''", ["2024-02-07 00:00:00", "2024-12-24 00:00:00"]),
    ],
)
def test_an_expression_of_times_reads_them_as_they_are_declared(tmp_path, how, expr, ends):
    (tmp_path / "c.csv").write_text(
        "id,who,begun,last,state\n1,a,05.01.2024,07.02.2024,over\n2,b,06.01.2024,24.12.2024,on\n"
    )
    form = "%d.%m.%Y"
    is_of_all = how == "beside the path"
    own = {} if is_of_all else {"format": form}
    table = {
        "from": {"path": "c.csv", **({"date_format": form} if is_of_all else {})},
        "columns": {
            "contract_id": "id",
            "customer_id": "who",
            "started_at": {"column": "begun", **own},
            "ended_at": {"expr": expr, **own},
        },
    }
    study = open_study(a_study_file(tmp_path, {"contracts": table}))
    assert sorted(str(at) for (at,) in held(study, "contracts", "ended_at")) == ends


@pytest.mark.parametrize("form", ["%d%m", "%d.%m.", "%H:%M", "%m/%d %H:%M"])
def test_a_format_without_the_year_is_refused_since_all_would_be_of_1900(tmp_path, form):
    with pytest.raises(StudyError, match="says no year"):
        _dated(tmp_path, "0501", date_format=form)
    with pytest.raises(StudyError, match="says no year"):
        _dated(tmp_path, "0501", rule={"column": "day", "format": form})
