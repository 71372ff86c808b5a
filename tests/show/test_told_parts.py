"""Each part of a page as markup, as text and as what programs read of it, to the letter; and each refusal, whole."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import ibis
import pandas as pd
import pytest

from crm_research import packages, show
from crm_research.figures import Figure
from crm_research.show.chart import render_chart
from crm_research.show.display import Output
from crm_research.show.figure_cards import render_figures
from crm_research.show.prose import render_answer, render_note
from crm_research.show.saved_list import write_csv
from crm_research.show.sources import render_caveats, render_provenance, short_fingerprint
from crm_research.show.svg import draw_svg
from crm_research.show.table import render_table, table_output
from crm_research.study import InputFingerprint
from tests.builders import a_study, orders
from tests.reporting.pages import a_figure, bundles
from tests.told import hold

TOLD = Path(__file__).parent / "told"


def say(output: Output) -> str:
    """Markup with a line for each element that opens, then text, then the further types."""
    html = re.sub(r"(?<=>)(?=<[a-z])", "\n", output.html)
    types = {name: held for name, held in output.types.items() if "image" not in name}
    return "\n".join(["-- html", html, "-- plain", output.plain, "-- types", json.dumps(types, ensure_ascii=False)])


def held(name: str, outputs: Mapping[str, Output]) -> None:
    hold("\n\n".join(f"== {part} ==\n{say(output)}" for part, output in outputs.items()) + "\n", TOLD / f"{name}.txt")


def test_words_and_lists_are_told_to_the_letter():
    frame = pd.DataFrame({"customer_id": ["=a", "b"], "at_stake": [2.5, 1.0]})
    questions = {"plans": "How many of <plan> left?"}
    steps = [show.Step(" Call 5 % of them. ", "plans"), show.Step(""), show.Step("Wait.", "waits"), show.Step("Look.")]
    held(
        "words",
        {
            "answer": render_answer(" First & last. ", "Second.", "Third.", see=("plans", "", "own_rhythm")),
            "note": render_note(" Of <2024>. "),
            "caution": render_note("Few.", kind="caution"),
            "advice": show.Advice(steps, questions).render(),
            "file": show.File("a.csv", "x,y\n", " What it is for. ").render(),
            "list": show.SavedList("to-call", frame, "Those <to call>.").render(),
        },
    )


NUMBERS = [
    a_figure(id="a.Share!", group="B <&> c", verdict="agrees", validation="holdout: 41 came"),
    a_figure(id="a.days", label="Median", unit="days", estimate=400.0, lower=31.0, upper=None, n=1_234),
    a_figure(id="a.open", label="Open", unit="weeks", estimate=None, lower=None, upper=None),
    a_figure(id="a.none", label="None", unit="weeks", estimate=None, lower=None, upper=None, n=0),
    a_figure(id="a.other", label="Other", estimate=None, lower=None, upper=None, group="x"),
    a_figure(id="a.wide", label="Wide", lower=0.01, upper=0.99, validation="None; lifelines was not asked"),
    a_figure(id="a.code", label="Code", unit="", lower=None, upper=None, said="as before", window="", validation=" "),
    a_figure(id="a.ref", label="Refuted", unit="EUR", estimate=1_234.5, lower=900.0, upper=2_000.0,
             verdict="refuted", validation="5 <came>"),
]  # fmt: skip


def test_numbers_are_told_to_the_letter():
    held(
        "numbers",
        {
            "cards": render_figures(NUMBERS[0], NUMBERS[1:]),
            "only what is not known": render_figures(NUMBERS[3:5]),
            "as a table": render_figures(NUMBERS, as_table="Figures <&>"),
        },
    )


def test_tables_are_told_to_the_letter():
    frame = pd.DataFrame(
        {
            "a_share": [0.5, 0.25],
            "n": [1_000, None],
            "at": [date(2024, 2, 3), date(2024, 12, 31)],
            "seen_at": pd.to_datetime(["2024-01-01 00:00", "2024-01-01 00:01"]),
            "is_open": [True, False],
            "p": [0.04, 0.00001],
            "x": [12.5, -0.0001],
            "mixed": [1.5, "<b>"],
            "days": [3.0, float("inf")],
            "words": [5.0, 7.0],
        },
        index=pd.Index(["a <", "b"], name="plan"),
    )
    formats = {"x": "{:.1f}", "days": "days", "words": lambda value: f"so {value:.0f}"}
    held(
        "tables",
        {
            "whole": table_output(frame, "Plans <&>", formats=formats, note="Of <2024>."),
            "two of three": table_output(pd.DataFrame({"i": [1, 2, 3]}), "Short", max_rows=2),
            "long": table_output(pd.DataFrame({"i": range(26)}), "Long <&>", max_rows=1),
            "none": table_output(pd.DataFrame({"i": []}), "None"),
            "nothing": table_output(pd.DataFrame(), "Nothing"),
            "levels": table_output(
                pd.DataFrame(
                    {("a", "x"): [1.234, 10.0], ("b", ""): ["u", "v"]},
                    index=pd.MultiIndex.from_tuples([("k", 1), ("l", 2)], names=["who", None]),
                ),
                "Levels",
            ),
        },
    )


@pytest.mark.parametrize(
    ("values", "printed"),
    [
        ([1.0, 2.0], ["1", "2"]),
        ([1_000.4, 0.5], ["1,000", "0"]),
        ([999.94, 0.5], ["999.9", "0.5"]),
        ([100.0, 0.55], ["100.0", "0.6"]),
        ([99.99, 0.5], ["99.99", "0.50"]),
        ([99.9, 0.5], ["99.9", "0.5"]),
        ([1.0, 0.123], ["1.00", "0.12"]),
        ([0.9999, 0.1], ["1.000", "0.100"]),
        ([-1_000.5, 0.5], ["-1,000", "0"]),
        ([float("inf"), 0.25], ["–", "0.25"]),
        ([float("inf"), 3.0], ["–", "3"]),
        ([float("nan"), 3.0], ["–", "3"]),
        ([-0.0001, 0.5], ["0.000", "0.500"]),
    ],
)
def test_a_column_has_as_many_decimals_as_its_largest_number_needs(values, printed):
    _, plain = render_table(pd.DataFrame({"of": ["a", "b"], "value": values}), "Numbers")
    assert [line.split()[1] for line in plain.splitlines()[2:]] == printed


@pytest.mark.parametrize(
    ("cells", "is_number"),
    [
        (["1,234", "-5.5", "–"], True),
        (["–", "–"], False),
        (["1 %", "2"], False),
        (["", "1"], False),
        (["a1"], False),
    ],
)
def test_a_column_of_texts_that_are_all_numbers_stands_to_the_right(cells, is_number):
    frame = pd.DataFrame({"of": range(len(cells)), "said": pd.Series(cells, dtype=object)})
    html, _ = render_table(frame, "Texts")
    assert ('<th scope="col" class="num">said</th>' in html) is is_number


@pytest.fixture
def study(monkeypatch):
    monkeypatch.setattr(packages, "PACKAGES", ("numpy", "no-such-package-here", "pandas"))
    monkeypatch.setattr(packages, "version", lambda name: {"numpy": "1.9", "pandas": "2.8"}[name] if "-" not in name
                        else _raise(packages.PackageNotFoundError(name)))  # fmt: skip
    monkeypatch.setattr(packages, "sys", SimpleNamespace(version_info=(3, 11, 9, "final", 0)))
    held_study = a_study(orders=orders(("a", "2024-01-01", 3.0)), holdout_until="2024-09-30")
    return replace(
        held_study,
        title="Tea & <Co>",
        provenance="Made by <hand>.",
        caveats=("One <doubt>.", "Another."),
        inputs=(
            InputFingerprint(table="orders", source="o.csv", fingerprint="sha256:0123456789abcdef", n_rows=12_345),
            InputFingerprint(table="products", source="p.csv", fingerprint="fedcba9876543210"),
        ),
    )


def _raise(error):
    raise error


def test_where_numbers_come_from_is_told_to_the_letter(study):
    bare = replace(study, caveats=(), inputs=(), provenance="", holdout_until=None, tables={})
    held(
        "sources",
        {
            "caveats": render_caveats(study),
            "no caveats": render_caveats(bare),
            "methods by what they estimate": render_provenance(study, estimators={"survival": "Kaplan & Meier"}),
            "methods in a row": render_provenance(bare, estimators=["one", "two"]),
            "one method": render_provenance(bare, estimators="one"),
            "none": render_provenance(bare),
        },
    )
    assert packages.package_versions() == {"python": "3.11.9", "numpy": "1.9", "pandas": "2.8"}
    assert short_fingerprint("md5:sha256:0123456789abcdef") == "0123456789ab"
    (shown,) = bundles(lambda: show.caveats(study))
    assert shown["text/plain"] == "- One <doubt>.\n- Another."
    (shown,) = bundles(lambda: show.provenance(bare, estimators="one"))
    assert shown["text/plain"] == render_provenance(bare, estimators="one").plain


@pytest.mark.parametrize(("n", "is_cut"), [(50, False), (51, True)])
def test_a_table_prints_fifty_rows_unless_asked_otherwise(n, is_cut):
    frame = pd.DataFrame({"i": range(n)})
    outputs = [table_output(frame, "T"), show.Table(frame, "T").render()]
    outputs += [Output(html=bundle["text/html"], plain=bundle["text/plain"]) for bundle in
                bundles(lambda: show.table(frame, "T"))]  # fmt: skip
    for plain in [render_table(frame, "T")[1], *(output.plain for output in outputs)]:
        assert plain.endswith("\nThe first 50 of 51 rows." if is_cut else "\n49")
        assert len(plain.splitlines()) == 52 + is_cut


def test_the_numbers_behind_a_picture_are_two_hundred_rows_at_most():
    from crm_research.show.chart import _numbers

    told = _numbers(pd.DataFrame({"i": range(201)}), "W")
    assert "The first 200 of 201 rows." in told
    assert "The first" not in _numbers(pd.DataFrame({"i": range(200)}), "W")


@pytest.mark.parametrize(("most", "is_file"), [(2, True), (1, False)])
def test_a_list_is_a_file_up_to_the_most_rows_a_page_holds(monkeypatch, most, is_file):
    monkeypatch.setattr("crm_research.show.saved_list.MOST_ROWS", most)
    shown = show.SavedList("a-list", pd.DataFrame({"id": ["a", "b"]}), "Who <they> are.").render()
    assert shown.plain == (
        "Save the whole list (2 rows) a-list.csv: Who <they> are."
        if is_file
        else "Note: The whole list has 2 rows, too many for a page. In a notebook the section writes it: "
        ".to_csv('a-list'). Who <they> are."
    )


def test_parts_that_always_show_something_are_never_empty(study):
    parts = [
        show.Caveats(study), show.Provenance(study, {}), show.File("a.txt", "", "w"),
        show.Chart(lambda ax: ax, alt="A line."),
    ]  # fmt: skip
    assert [part.is_empty for part in parts] == [False] * 4
    assert [show.Note(" ").is_empty, show.Note("x").is_empty, show.Advice([], {}).is_empty] == [True, False, True]


NO_FIGURE = "There is no figure to show."
TWICE = "The figure 'a.b' of group 'x' is shown twice in one call. Give each its own group."


def two_in_one_group() -> list[Figure]:
    return [a_figure(id="a.b", group="x")] * 2


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (render_figures, ValueError, NO_FIGURE),
        (lambda: render_figures([]), ValueError, NO_FIGURE),
        (lambda: render_figures(two_in_one_group()), ValueError, TWICE),
        (
            lambda: render_figures(a_figure(id="a.b"), a_figure(id="a.b")),
            ValueError,
            TWICE.replace(" of group 'x'", ""),
        ),
        (
            lambda: render_answer("a", "b", "c", "d"),
            ValueError,
            "An answer has one to 3 sentences, none of them empty; found ('a', 'b', 'c', 'd').",
        ),
        (lambda: render_note("x", kind="hint"), ValueError, "kind must be one of note, caution, not 'hint'."),
        (lambda: render_note(" \n"), ValueError, "A note without text says nothing; leave it out."),
        (
            lambda: render_table(pd.DataFrame({"a": [1]}), " "),
            ValueError,
            "A table needs a caption that says what it shows.",
        ),
        (
            lambda: render_table(pd.DataFrame({"a": [1]}), "A", formats={"c": "EUR", "b": "EUR"}),
            ValueError,
            "formats names ['b', 'c'], but the table has the columns ['a'].",
        ),
        (
            lambda: render_chart(None, alt=" "),
            ValueError,
            "A chart needs alt: one or two sentences that say what one sees.",
        ),
        (
            lambda: render_chart(7, alt="A"),
            TypeError,
            "show.chart takes a matplotlib figure or axes, not int.",
        ),
        (
            lambda: show.File("A.csv", "x", "w").render(),
            ValueError,
            "A file's name is a-z, 0-9 and hyphens, ending in .json, .csv or .txt; found 'A.csv'.",
        ),
        (lambda: show.File("a.csv", "x", " ").render(), ValueError, "A file needs words that say what it is for."),
        (
            lambda: show.Section().to_csv("a"),
            LookupError,
            "This section has no list 'a'. Its lists: none.",
        ),
        (
            lambda: show.Section().plot(),
            LookupError,
            "This section has no picture, so there is none at place 0.",
        ),
        (
            lambda: show.Section(*[show.Chart(lambda ax: ax, alt="A")] * 2).plot(which=-3),
            LookupError,
            "This section has 2 pictures, so there is none at place -3.",
        ),
        (
            lambda: show.panels(lambda: None)(object()),
            ValueError,
            "This picture has several panels and makes a figure of its own: plot it without axes.",
        ),
        (
            lambda: Figure(id="a.b", label="", estimate=1.0, unit="", n=1, window="", estimator="", verdict="so"),
            ValueError,
            "The verdict of 'a.b' must be 'agrees', 'refuted' or None: 'so'.",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == words


def test_a_picture_without_a_box_is_refused(monkeypatch):
    from crm_research.show import svg
    from crm_research.theme import new_axes

    monkeypatch.setattr(svg, "_saved", lambda figure: "<svg></svg>")
    with pytest.raises(ValueError, match=r"^matplotlib wrote an SVG without a viewBox\.$"):
        draw_svg(new_axes(title="T").get_figure(), alt="A", colours={})


def test_a_list_for_programs_has_ten_digits_and_instants_with_seconds():
    frame = pd.DataFrame(
        {"x": [1 / 3, 12_345_678_901.5], "n": [3, 4],
         "at": [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-02 03:04:05")],
         "who": ["-a", None], "b": [True, False]}
    )  # fmt: skip
    assert write_csv(frame, is_for_spreadsheets=False) == (
        "x,n,at,who,b\n0.3333333333,3,2024-01-02,-a,True\n1.23456789e+10,4,2024-01-02 03:04:05,,False\n"
    )


class _Silent(show.Page):
    """A page that says neither what to do nor what to doubt."""

    clauses = MappingProxyType({})

    @show.briefing
    def answer(self):
        """What?"""
        return show.Section(show.Answer("This."))


def test_a_page_that_only_answers_has_no_advice_no_doubt_and_no_methods(study):
    page = _Silent(study)
    assert list(page.contents()) == ["answer", "caveats", "provenance"]
    assert (tuple(page.steps()), page.gravest_doubt(), dict(page.estimators)) == ((), "", {})
    assert page.advice.parts == ()
    assert page._repr_html_().endswith(
        '<dl class="crm crm-contents"><div><dt><code>.answer</code></dt><dd>What?</dd></div>'
        "<div><dt><code>.caveats</code></dt><dd>What is doubtful about these data?</dd></div>"
        "<div><dt><code>.provenance</code></dt><dd>Where do the numbers come from?</dd></div></dl>"
    )
    with pytest.raises(NotImplementedError):
        _ = show.Page(study).answer


def test_a_study_is_asked_for_its_engine_only_where_it_has_tables(study):
    assert "Engine: duckdb" in render_provenance(study).plain.splitlines()
    assert isinstance(study.tables["orders"], ibis.Table)
