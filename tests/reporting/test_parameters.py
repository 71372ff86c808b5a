from datetime import date

import pytest

from crm_research.catalogue import Report, ReportParameters
from crm_research.errors import ParameterError
from crm_research.reporting.parameters import check_names, complete_parameters, parse_assignments


class Wished(ReportParameters):
    study: str = "handmade"
    since: str = "2020"
    n_times: int = 1
    group: str | None = None
    levels: tuple[float, ...] = (0.5,)
    is_deep: bool = False


REPORT = Report(
    id="wished",
    title="Wished",
    question="?",
    notebook="x.ipynb",
    parameters=Wished,
    needs_any_of=(("orders",),),
    figure_ids=(),
)


def complete(*texts, as_of=None):
    return complete_parameters(REPORT, parse_assignments(texts), study="handmade", as_of=as_of)


def test_text_stays_text_where_the_model_says_text():
    assert complete("since=007")["since"] == "007"
    assert complete("since=true")["since"] == "true"
    assert complete("group=null")["group"] == "null"


def test_other_types_are_made_from_their_text():
    done = complete("n_times=7", "levels=[0.1, 0.9]", "is_deep=yes", "group=", "confidence=0.9", as_of=date(2024, 1, 2))
    assert done["n_times"] == 7
    assert done["levels"] == [0.1, 0.9]
    assert done["is_deep"] is True
    assert done["group"] is None
    assert done["as_of"] == "2024-01-02"
    assert done["seed"] == 20170101


@pytest.mark.parametrize("text", ["n_times=x", "n_times=1.5", "confidence=2", "levels=many"])
def test_a_value_that_does_not_fit_is_named_with_what_was_found(text):
    name, _, value = text.partition("=")
    with pytest.raises(ParameterError, match=f"{name}: .*{value}"):
        complete(text)


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(ParameterError, match=r"'sinse'.*Did you mean 'since'"):
        check_names(["sinse"], [REPORT])
    check_names(["since", "confidence"], [REPORT])


@pytest.mark.parametrize("text", ["since", "=3", "study=x", "as_of=2024-01-01"])
def test_what_is_no_assignment_or_has_its_own_option_is_refused(text):
    with pytest.raises(ParameterError):
        parse_assignments([text])


def test_a_parameter_given_twice_is_refused():
    with pytest.raises(ParameterError, match="twice"):
        parse_assignments(["since=1", "since=2"])
