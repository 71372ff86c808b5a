"""Every mend that a message offers is applied as it stands there: the number is then right, or the file is not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from crm_research.contracts.checks import check_study
from crm_research.errors import CrmError
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file

H = "order_id,customer_id,ordered_at,revenue\n"
SEMICOLON = H.replace(",", ";")


def _rows(*money: Any, day: str = "2024-01-05", sep: str = ",") -> str:
    return "".join(f"{i}{sep}c{i}{sep}{day}{sep}{value}\n" for i, value in enumerate(money))


def _numbers(*money: str) -> str:
    return SEMICOLON + _rows(*money, sep=";")


def _days(day: str) -> str:
    return H + _rows(1, 2, day=day)


LINES = H + "1,a,2024-01-05,30\n1,a,2024-01-05,30\n2,b,2024-01-06,5\n"
SHIPPED = "order_id,customer_id,ordered_at,price,ship\n1,a,2024-01-05,30,20\n1,a,2024-01-05,24,\n2,b,2024-01-06,5,1\n"
CODES = "order_id,customer_id,ordered_at,m,cur\n1,a,2024-01-05,30,USD\n2,b,2024-01-06,5,EUR\n"
# What is broken, to the file, what else its study says of the orders, and the totals that a mend may lead to.
BROKEN: dict[str, tuple[str | bytes, dict[str, Any], set[float]]] = {
    "decimal comma": (_numbers("10,5", "3,25"), {}, {13.75}),
    "decimal comma and thousands": (_numbers("1.010,5", "3,25"), {}, {1013.75}),
    "thousands by commas": (_numbers("1,010.5", "3.25"), {}, {1013.75}),
    "a comma that may be either": (_numbers("1,010", "3"), {}, {1013.0, 4.01}),
    "thousands by blanks": (_numbers("1 010.5", "3.25"), {}, {1013.75}),
    "thousands by blanks, decimal comma": (_numbers("1 010,5", "3,25"), {}, {1013.75}),
    "thousands by points": (_numbers("1.000.000", "2.500"), {}, {1_002_500.0}),
    "points of two kinds": (_numbers("1.23", "4.5", "1.000.5"), {}, set()),
    "commas and points crossed": (_numbers("1,234.5", "1.000.5"), {}, set()),
    "euro sign": (H + _rows("€10.5", "€3"), {}, {13.5}),
    "euro sign and comma": (_numbers("10,5 €", "3,25 €"), {}, {13.75}),
    "code of a currency": (H + _rows("10.5 EUR", "3 EUR"), {}, {13.5}),
    "francs": (H + _rows("CHF 1'010.50", "CHF 3"), {}, {1013.5}),
    "two currencies": (H + _rows("€10", "$3"), {}, set()),
    "debit and credit": (H + _rows("10 CR", "3 DR"), {}, set()),
    "per cent": (H + _rows("10%", "5%"), {}, set()),
    "days first": (_days("31.01.2024"), {}, {3.0}),
    "months first": (_days("01/31/2024"), {}, {3.0}),
    "days and clock": (_days("31/01/2024 10:05"), {}, {3.0}),
    "names of months": (_days("31-Jan-24"), {}, {3.0}),
    "clock of twelve hours": (_days("01/31/2024 3:05 PM"), {}, {3.0}),
    "days of a spreadsheet": (_days("45295"), {}, {3.0}),
    "days of a spreadsheet among dates": (H + "1,a,45295,1\n2,a,2024-01-05,2\n", {}, {3.0}),
    "the same among German dates": (H + "1,a,45295,1\n2,a,25.01.2024,2\n", {}, {3.0}),
    "a title": ("Orders of 2024\n\n" + H + _rows(1, 2), {}, {3.0}),
    "a note below": (H + _rows(1, 2) + "made on Monday\n", {}, {3.0}),
    "a title and notes below": ("Orders\n" + H + _rows(1, 2) + "made on Monday\nby hand\n", {}, {3.0}),
    "comments": ("# a\n# b\n" + H + _rows(1, 2), {}, {3.0}),
    "comments over ids that begin alike": ("# a\n" + H + "#1,a,2024-01-05,1\n#2,a,2024-01-05,2\n", {}, {3.0}),
    "two header lines": (H + "(no),(who),(when),(EUR)\n" + _rows(1, 2), {}, {3.0}),
    "three header lines": (H + "(no),(who),(when),(EUR)\na,b,c,d\n" + _rows(1, 2), {}, {3.0}),
    "Western letters": ((H + "1,Müller,2024-01-05,1\n2,Jürgen,2024-01-05,2\n").encode("cp1252"), {}, {3.0}),
    "two bytes a letter": ((H + "1,Müller,2024-01-05,1\n2,b,2024-01-05,2\n").encode("utf-16"), {}, {3.0}),
    "Chinese": ((H + "1,王伟客户,2024-01-05,1\n2,李娜客户,2024-01-05,2\n").encode("gb18030"), {}, {3.0}),
    "a decimal comma without quotes": (H + "1,a,2024-01-05,10,50\n2,b,2024-01-05,3,25\n", {}, set()),
    "a line for each article": (H + "1,a,2024-01-05,1\n1,a,2024-01-05,2\n2,b,2024-01-06,5\n", {}, {8.0}),
    "money given back": (H + _rows(10, -3), {}, {7.0}),
    "a total": (H + _rows(1, 2) + "Total,all,2024-01-31,3\n", {}, {3.0}),
    "a total on each line": (LINES, {"sum_lines": True}, {35.0, 65.0}),
    "an empty part of a sum": (SHIPPED, {"sum_lines": True, "columns": {"revenue": {"expr": "price+ship"}}}, {80.0}),
    "a currency without a rate": (CODES, {"columns": {"revenue": {"column": "m", "currency_column": "cur"}}}, {20.0}),
    "two spellings": (H + "1,Anna,2024-01-05,1\n2,anna,2024-01-06,2\n", {}, {3.0}),
}
_KEYS = r'((?:\w+: (?:"[^"]*"|\[[^\]]*\]|\S+?)(?:, )?)+)'


def _offered(said: str) -> Iterator[dict[str, Any]]:
    """The changes of the study file that a message offers, each as what is to be laid over it."""
    beside = re.findall(rf"[Ww]rite {_KEYS} beside (?:the|its) path", said)
    beside += re.findall(rf"if it parts thousands, {_KEYS}\.(?:$| )", said)
    for keys in beside:
        yield {"orders": {"from": yaml.safe_load("{" + keys + "}")}}
    for name, text in re.findall(r"orders\.columns\.(\w+): (\{column: .*?format: .*?\}(?: or .*?)?)\.(?: |$)", said):
        column = re.search(r'column: "?([^,"]+)', text)[1]
        for form in re.findall(r'"[^"]*%[^"]*"|\[[^\]]*\]|excel', text.partition("format:")[2]):
            yield {"orders": {"columns": {name: {"column": column, "format": yaml.safe_load(form)}}}}
    for keys in re.findall(r"(?:write|own,) (revenue: \{.*?\})[,;.]", said):
        yield {"orders": {"columns": yaml.safe_load("{" + keys + "}")}}
    if "write 'sum_lines: true'" in said:
        yield {"orders": {"sum_lines": True}}
    if "declare them with 'returns:'" in said:
        yield {"orders": {"returns": "revenue < 0"}}
    if "such as where: COLUMN not in ('Total', 'Summe')" in said:
        yield {"orders": {"where": "order_id not in ('Total', 'Summe')"}}
        yield {"orders": {"from": {"skip_footer": 1}}}
    for code in re.findall(r"exchange_rates: \{(\w+): RATE", said):
        yield {"exchange_rates": {code: 0.5}}
    if "Write customer_id: {column: ..., one_spelling: true}" in said:
        yield {"orders": {"columns": {"customer_id": {"column": "customer_id", "one_spelling": True}}}}


def _laid_over(study: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    made = deepcopy(study)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(made.get(key), dict)
        made[key] = _laid_over(made[key], value) if both else value
    return made


def _outcome(folder: Any, study: dict[str, Any]) -> float | str:
    """The total of a study without a fault, or what is said of its faults."""
    tables, head = {"orders": study["orders"]}, {key: study[key] for key in study if key != "orders"}
    try:
        opened = open_study(a_study_file(folder, tables, **head))
        failed = [one for one in check_study(opened).failed if one.severity == "error" or one.rule == "one-spelling"]
    except CrmError as problem:
        return str(problem)
    if failed:
        return " ".join(one.mend for one in failed)
    return round(float(opened.table("orders").revenue.sum().to_pyarrow().as_py()), 6)


@pytest.mark.parametrize("broken", BROKEN)
def test_every_mend_that_is_offered_leads_to_the_right_number(tmp_path, broken):
    text, rule, right = BROKEN[broken]
    (tmp_path / "orders.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    studies = [{"orders": {"from": {"path": "orders.csv"}, **deepcopy(rule)}}]
    totals, tried = set(), []
    while studies:
        study = studies.pop()
        tried.append(study)
        said = _outcome(tmp_path, study)
        if isinstance(said, float):
            totals.add(said)
            continue
        changed = [_laid_over(study, change) for change in _offered(said)]
        assert changed or not right, f"nothing more is offered after {study}: {said}"
        assert not any(one in tried for one in changed), f"the same mend is offered again after {study}: {said}"
        studies += [one for one in changed if one not in studies]
    assert totals == right
