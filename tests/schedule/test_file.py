"""Schedules files: what is wrong is told at once, by line and key, with the mend."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from crm_research.schedule.checks import open_schedules
from crm_research.schedule.commands import steps_of
from crm_research.schedule.definition import resolve_as_of, resolve_parameters
from crm_research.schedule.file import SchedulesError, read_schedules

GOOD = """\
timezone: Europe/Berlin
schedules:
  month:
    cron: "0 6 1 * *"
    studies: [telco]
    reports: [churn]
    as_of: month_start
"""


def told(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "schedules.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchedulesError) as problem:
        open_schedules(path)
    return [line.removeprefix(str(path)).strip() for line in str(problem.value).splitlines()]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0 6 1 * *", "0 6 30 2 *", "line 4: schedules.month.cron: '0 6 30 2 *' never comes"),
        ("Berlin", "Berln", "line 1: timezone: 'Europe/Berln' is no IANA time zone"),
        (
            "month_start",
            "month_strat",
            "line 7: schedules.month.as_of: 'month_strat' is no day. Did you mean 'month_start'?",
        ),
        ("[churn]", "[chrn]", "line 6: schedules.month.reports.0: There is no report 'chrn'. Did you mean 'churn'?"),
        ("[telco]", "[telko]", "line 5: schedules.month.studies.0: There is no study 'telko'. Did you mean 'telco'?"),
        ("[telco]", "[telco, ./none.yaml]", "line 5: schedules.month.studies.1: There is no study file at"),
        ("reports:", "report:", "line 6: schedules.month.report: unknown key. Did you mean 'reports'?"),
        ("  month:", "  Month End:", "line 3: schedules.Month End: 'Month End' must be made of a-z"),
        ("as_of:", "retries: 99\n    as_of:", "line 7: schedules.month.retries: must be 10 or less; found 99"),
        (
            "as_of:",
            "recipients: [boss]\n    publish: site\n    as_of:",
            "line 7: schedules.month.recipients.0: 'boss' has no @",
        ),
        (
            "as_of:",
            "parameters: {horizon_month: 3}\n    as_of:",
            "line 7: schedules.month.parameters.horizon_month: No parameter",
        ),
        (
            "as_of:",
            "parameters: {horizon_months: x}\n    as_of:",
            "line 7: schedules.month.parameters: Report 'churn' cannot take",
        ),
        (
            "as_of:",
            "parameters: {group: month_strat}\n    as_of:",
            "looks like a day told by the day of the run and is none",
        ),
        ("as_of:", "parameters: {as_of: yesterday}\n    as_of:", "stands beside cron instead, as as_of: DAY."),
        ("as_of:", "fresh: {table: orders, within_days: 3}\n    as_of:", "study telco maps no table 'orders'"),
        ("as_of:", "fresh: {table: products, within_days: 3}\n    as_of:", "products holds no times"),
        (
            "as_of:",
            "fresh: {table: contracts, within_days: -1}\n    as_of:",
            "fresh.within_days: must be 0 or more; found -1",
        ),
        (
            "schedules:",
            "tell: [a-b.org]\nschedules:",
            "line 2: tell.0: 'a-b.org' has no @",
        ),
        ("as_of:", "publish: [site]\n    as_of:", "line 7: schedules.month.publish.0: no study of this schedule gives"),
        ("as_of:", "publish: [mail]\n    as_of:", "publish.0: mail goes to the recipients of the study files, which"),
        ("as_of:", "publish: [ftp://h/x]\n    as_of:", "publish.0: 'ftp://h/x' begins with ftp://, where nothing is"),
        (
            "as_of:",
            "formats: [doc]\n    as_of:",
            "line 7: schedules.month.formats.0: must be 'pdf' or 'xlsx'; found 'doc'",
        ),
        (
            "as_of:",
            "audience: boss\n    as_of:",
            "line 7: schedules.month.audience: must be 'research' or 'management'",
        ),
        (
            "studies: [telco]",
            "studies: [telco, cdnow]\n    each: plan",
            "line 6: schedules.month.each: takes one study apart, and here are several",
        ),
        (
            "as_of:",
            "each: plan\n    recipients: [a@b.org]\n    as_of:",
            "schedules.month.each: parts of customers are not",
        ),
        ("    studies: [telco]\n", "", "line 3: schedules.month.studies: is missing. Write studies: [my-shop]"),
        ("    as_of", "    cron: '* * * * *'\n    as_of", "the key 'cron' stands here a second time"),
        (GOOD, "schedules: {}\n", "line 1: schedules: must be filled with at least one entry"),
        (GOOD, "- a\n", "holds keys such as timezone and schedules"),
        (GOOD, "schedules: [\n", "no valid YAML"),
    ],
)
def test_each_fault_names_line_key_and_mend(tmp_path, old, new, said):
    assert old in GOOD
    lines = told(tmp_path, GOOD.replace(old, new, 1))
    assert len(lines) == 1
    assert said in lines[0]
    assert "secret" not in lines[0]


def test_all_faults_are_told_in_the_order_of_their_lines(tmp_path):
    lines = told(tmp_path, GOOD.replace("Berlin", "Nowhere").replace("0 6 1", "0 6 99").replace("month_start", "never"))
    assert [line.split(":")[0] for line in lines] == ["line 1", "line 4", "line 7"]


def test_a_file_that_is_not_there_or_is_none_is_told(tmp_path):
    with pytest.raises(SchedulesError, match=r"There is no schedules file .*crm-research manual schedule"):
        read_schedules(tmp_path / "schedules.yaml")
    with pytest.raises(SchedulesError, match="is no file but a folder"):
        read_schedules(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"timezone: \xe9\n")
    with pytest.raises(SchedulesError, match="not UTF-8"):
        read_schedules(tmp_path / "latin.yaml")


def test_parameters_are_text_days_of_the_run_or_text_that_stays(tmp_path):
    path = tmp_path / "schedules.yaml"
    more = "    parameters: {a: yesterday, b: {text: yesterday}, c: 3, d: true, e: null, f: plan, g: '007'}\n"
    path.write_text(GOOD + more, encoding="utf-8")
    rule = read_schedules(path).definition.schedules["month"]
    assert resolve_as_of(rule, date(2026, 3, 1)) == date(2026, 3, 1)
    assert resolve_parameters(rule, date(2026, 3, 1)) == {
        "a": "2026-02-28", "b": "yesterday", "c": "3", "d": "true", "e": "", "f": "plan", "g": "007",
    }  # fmt: skip


def test_a_schedule_makes_parts_of_a_study(tmp_path):
    path = tmp_path / "schedules.yaml"
    path.write_text(GOOD + "    each: payment_method\n    publish: [./site]\n", encoding="utf-8")
    run, publish = steps_of(open_schedules(path), "month", date(2026, 3, 1))
    at = run.arguments.index("--each")
    assert run.arguments[at : at + 2] == ("--each", "payment_method")
    assert publish.arguments[:2] == ("publish", str(tmp_path / "site"))


def test_a_file_of_a_study_lies_beside_the_schedules(tmp_path):
    from crm_research.schedule.checks import locate_study

    (tmp_path / "schedules.yaml").write_text(GOOD, encoding="utf-8")
    file = read_schedules(tmp_path / "schedules.yaml")
    assert locate_study(file, "studies/mine.yaml") == str(tmp_path / "studies" / "mine.yaml")
    assert locate_study(file, "telco") == "telco"
