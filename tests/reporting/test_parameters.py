from datetime import date

import pytest

from crm_research.catalogue import Report, ReportParameters
from crm_research.errors import ParameterError
from crm_research.reporting.parameters import _in_words, check_names, complete_parameters, parse_assignments


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


TWO = "n_times: must be a whole number; found '1.5'. is_deep: must be true or false; found 'maybe'."


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["n_times=x"], "n_times: must be a whole number; found 'x'."),
        (["confidence=2"], "confidence: must be less than 1; found '2'."),
        (
            ["n_times=1.5", "is_deep=maybe"],
            TWO,
        ),
        (["levels=many"], "levels: must be a list, such as [a, b]; found 'many'."),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_was_found(texts, words):
    with pytest.raises(ParameterError) as refusal:
        complete(*texts)
    assert str(refusal.value) == f"Report 'wished' cannot take these parameters. {words}"


def test_what_is_wrong_with_none_of_the_names_is_told_of_all_of_them():
    found = [
        {"loc": (), "msg": "Value error, Odd", "type": "value_error"},
        {"loc": ("study",), "msg": "Value error, No", "type": "value_error"},
    ]
    problem = type("P", (), {"errors": lambda self: found})()
    assert _in_words(REPORT, {}, problem) == (
        "Report 'wished' cannot take these parameters. the parameters: Odd. study: No."
    )


def test_values_are_text_up_to_the_end_and_none_is_read_where_nothing_else_fits():
    assert parse_assignments([" is-deep =a=b", "x= y "]) == {"is_deep": "a=b", "x": " y "}
    assert complete("group=")["group"] is None
    assert complete("n_times= 7 ")["n_times"] == 7
    for nothing in ("", " None", "NULL"):
        with pytest.raises(ParameterError, match=f"n_times: must be a whole number; found {nothing!r}"):
            complete(f"n_times={nothing}")


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(ParameterError) as refusal:
        check_names(["sinse", "study"], [REPORT, REPORT])
    known = "Known: confidence, group, is_deep, levels, n_times, seed, since."
    assert str(refusal.value) == (
        f"No parameter of that name in the reports of this run (wished, wished). 'sinse': Did you mean 'since'? "
        f"{known} 'study': {known}"
    )
    check_names(["since", "confidence"], [REPORT])


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["since"], "-p 'since' is no parameter. Write -p NAME=VALUE."),
        (["=3"], "-p '=3' is no parameter. Write -p NAME=VALUE."),
        (["study=x"], "-p study is given with --study."),
        (["as-of=2024-01-01"], "-p as_of is given with --as-of."),
        (["since=1", "since=2"], "-p since is given twice: '1' and '2'. Keep one."),
    ],
)
def test_what_is_no_assignment_or_has_its_own_option_or_comes_twice_is_refused(texts, words):
    with pytest.raises(ParameterError) as refusal:
        parse_assignments(texts)
    assert str(refusal.value) == words
