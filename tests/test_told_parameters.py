"""What can be set on a report is told as a table, and on the command line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import crm_research
from crm_research.catalogue import find_report, reports
from crm_research.cli import cli
from crm_research.errors import UnknownReport
from crm_research.reporting.parameters import complete_parameters


@pytest.mark.parametrize("report", list(reports()))
def test_every_parameter_is_told_with_its_meaning_and_a_kind_in_words(report):
    told = crm_research.parameters(report)
    assert told["parameter"].tolist() == [n for n in find_report(report).parameters.model_fields if n != "study"]
    assert (told["meaning"].str.len() > 10).all()
    assert not told["takes"].str.contains("typing|class|None|Literal|\\[").any(), told["takes"].tolist()


@pytest.mark.parametrize("report", list(reports()))
def test_what_is_told_as_default_is_what_is_taken_when_it_is_given(report):
    told = crm_research.parameters(report)
    given = {row["parameter"]: row["default"] for row in told.to_dict("records") if row["default"]}
    unset = complete_parameters(find_report(report), {}, study="s", as_of=None)
    assert complete_parameters(find_report(report), given, study="s", as_of=None) == unset


@pytest.mark.parametrize(
    ("report", "name", "takes", "default"),
    [
        ("churn", "confidence", "number, above 0.5, below 1", "0.95"),
        ("churn", "horizon_months", "whole number, at least 1, at most 600", ""),
        ("churn", "save_rates", "list of numbers, 3 of them", "[0.3, 0.126, 0.512]"),
        ("churn", "risk_months", "list of whole numbers", "[1, 3, 6, 12]"),
        ("churn", "as_of", "day", ""),
        ("segmentation", "rfm_cuts", "list of numbers for each of recency, frequency, money", ""),
    ],
)
def test_kinds_limits_and_defaults_in_words(report, name, takes, default):
    row = crm_research.parameters(report).set_index("parameter").loc[name]
    assert (row["takes"], row["default"]) == (takes, default)


def test_the_command_line_tells_them():
    done = CliRunner().invoke(cli, ["list", "churn"])
    assert done.exit_code == 0
    assert done.output.startswith("churn: When do customers end their contracts")
    told = (
        "\n  margin_share\n      Share of the fee that is margin.\n      number, above 0, at most 1; 0.5 unless set\n"
    )
    assert told in done.output
    assert "as_of (given as --as-of)" in done.output


def test_a_report_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(UnknownReport, match="churn"):
        crm_research.parameters("chrun")
