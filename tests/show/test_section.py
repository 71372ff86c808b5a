"""A section hands out what it is made of; a page makes each of its sections once, and lists them."""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType

import pandas as pd
import pytest
from matplotlib.figure import Figure as Canvas

from crm_research import show
from crm_research.figures import FIGURES_MIME
from crm_research.show.display import SECTION_MIME
from crm_research.steps import step
from crm_research.theme import empty_axes, new_axes
from tests.builders import a_study, orders
from tests.reporting.pages import a_figure, bundles

FRAME = pd.DataFrame({"plan": ["basic", "plus"], "left": [31, 17]})


def draw(ax=None):
    ax = new_axes(title="Basic leaves more", ax=ax)
    ax.plot([1, 2, 3], [0.9, 0.8, 0.7])
    return ax


def a_section() -> show.Section:
    return show.Section(
        show.Answer("Basic leaves more.", ""),
        show.Note("17 of plus have left."),
        None,
        show.Note("  "),
        show.Chart(draw, alt="One falling line.", data=FRAME),
        show.Table(FRAME, "Who left"),
        show.Table(FRAME.head(0), "Nobody"),
        show.Figures([a_figure(group="a"), a_figure(group="b")], "Both"),
        show.Figures([]),
        show.Section(show.Note("Of 2024.", kind="caution")),
        result=FRAME,
    )


def test_what_is_empty_drops_out_and_sections_join_in_their_place():
    kinds = [type(part).__name__ for part in a_section().parts]
    assert kinds == ["Answer", "Note", "Chart", "Table", "Figures", "Note"]


def test_it_hands_out_its_parts_and_what_they_were_taken_from():
    section = a_section()
    assert [figure.group for figure in section.figures] == ["a", "b"]
    assert [list(frame["left"]) for frame in section.tables] == [[31, 17]]
    assert section.result is FRAME


def test_a_picture_is_drawn_on_axes_of_ones_own_or_on_new_ones():
    ax = Canvas().subplots()
    assert a_section().plot(ax) is ax
    assert [list(line.get_ydata()) for line in ax.get_lines()] == [[0.9, 0.8, 0.7]]
    assert a_section().plot().figure is not ax.figure
    with pytest.raises(LookupError, match="has 1 picture, so there is none at place 1"):
        a_section().plot(which=1)
    with pytest.raises(LookupError, match="has no picture"):
        show.Section.missing("Nothing was recorded.").plot()


@pytest.mark.slow
def test_in_a_kernel_each_part_is_an_output_of_its_own():
    shown = bundles(a_section().show)
    assert [bundle["text/plain"].splitlines()[0] for bundle in shown] == [
        "Basic leaves more.",
        "Note: 17 of plus have left.",
        "[picture: One falling line.]",
        "Who left",
        "Both",
        "Caution: Of 2024.",
    ]
    assert shown[0][show.ANSWER_MIME] == {"sentences": ["Basic leaves more."]}
    assert len(shown[4][FIGURES_MIME]) == 2
    assert bundles(a_section()._ipython_display_) == shown


def test_elsewhere_it_is_text_or_html():
    said = repr(a_section())
    assert said.startswith(
        "Basic leaves more.\n\nNote: 17 of plus have left.\n\n[picture: One falling line.]\n\nWho left\n"
    )
    html = a_section()._repr_html_()
    assert html.count("<svg") == 1
    assert html.index("Basic leaves more") < html.index("Who left") < html.index("Of 2024")
    assert repr(show.Section()) == "(nothing to show)"


def test_what_cannot_be_answered_says_why():
    section = show.Section.missing("No plan is recorded.", "caution")
    assert repr(section) == "Caution: No plan is recorded."
    assert (section.figures, section.tables, section.charts) == ((), (), ())


class LeaversPage(show.Page):
    """Who leaves?"""

    def __init__(self, study, *, at_least=1):
        super().__init__(study)
        self.at_least = at_least
        self.made = []

    @cached_property
    def result(self):
        self.made.append("result")
        return FRAME.loc[FRAME["left"] >= self.at_least]

    @show.section
    def answer(self):
        """Who leaves most?"""
        self.made.append("answer")
        return show.Section(show.Answer(f"{self.result['plan'].iloc[0]} does."), show.Figures([a_figure(group="a")]))

    @show.section
    def plans(self):
        """How many of each plan left?

        Not said on the page.
        """
        self.made.append("plans")
        return show.Section(
            show.Table(self.result, "By plan"), show.Figures([a_figure(group="a"), a_figure(group="b")])
        )


@pytest.fixture
def page():
    return LeaversPage(a_study(orders=orders(("a", "2024-01-01", 1.0))), at_least=20)


def test_a_section_is_made_when_first_looked_at_and_then_kept(page):
    assert page.made == []
    assert page.plans is page.plans
    assert page.made == ["plans", "result"]
    assert list(page.plans.tables[0]["plan"]) == ["basic"]


def test_a_page_lists_its_sections_in_their_order_with_their_questions(page):
    assert LeaversPage.contents() == {
        "answer": "Who leaves most?",
        "plans": "How many of each plan left?",
        "caveats": "What is doubtful about these data?",
        "provenance": "Where do the numbers come from?",
    }
    assert page.made == []
    assert list(page.sections()) == list(LeaversPage.contents())
    assert {"answer", "plans", "caveats", "provenance"} <= set(dir(page))


def test_a_page_shows_its_answer_and_what_else_it_holds(page):
    first, cards, contents = bundles(page._ipython_display_)
    assert first["text/plain"] == "basic does."
    assert contents["text/plain"].splitlines()[1] == ".plans: How many of each plan left?"
    assert "By plan" not in repr(page)
    assert repr(page).endswith(contents["text/plain"])
    assert cards[FIGURES_MIME][0]["group"] == "a"
    assert "basic does." in page._repr_html_()


def test_each_figure_of_a_page_is_counted_once(page):
    assert [figure.group for figure in page.figures] == ["a", "b"]


def test_a_picture_of_several_panels_makes_a_figure_of_its_own():
    chart = show.Chart(show.panels(draw, *[]), alt="Lines.")
    section = show.Section(chart)
    assert section.plot().get_figure() is not None
    with pytest.raises(ValueError, match="several panels"):
        section.plot(Canvas().subplots())


class AdvisingPage(LeaversPage):
    """One that says what to do."""

    clauses = MappingProxyType({"Who leaves most": "plans"})

    def steps(self):
        return show.Step("Call them.", "plans"), show.Step("  "), show.Step("Wait.")

    def gravest_doubt(self):
        return "Some may have left already."


def test_what_to_do_stands_in_the_managers_part_with_links_to_its_proof():
    advising = AdvisingPage(a_study(orders=orders(("a", "2024-01-01", 1.0))), at_least=20)
    assert list(advising.contents())[:2] == ["answer", "advice"]
    listed, doubt = bundles(advising.advice.show)
    assert listed["text/plain"] == "1. Call them.\n2. Wait."
    assert doubt["text/plain"] == "Caution: Some may have left already."
    assert (
        '<li>Call them. <a class="proof" href="#section-plans">How many of each plan left?</a></li><li>Wait.</li>'
        in listed["text/html"]
    )
    assert listed[SECTION_MIME] == {"name": "advice", "brief": True, "missing": False}
    assert bundles(advising.answer.show)[0][SECTION_MIME] == {"name": "answer", "brief": True, "missing": False}
    assert bundles(advising.plans.show)[0][SECTION_MIME] == {"name": "plans", "brief": False, "missing": False}


def test_a_line_of_an_answer_names_the_section_that_proves_it():
    shown = show.Answer("Basic leaves.", "", "Soon.", see=("plans", "groups", "waits"))
    assert (shown.sentences, shown.see) == (("Basic leaves.", "Soon."), ("plans", "waits"))
    html = shown.render().html
    assert html.count('class="proof"') == 2
    assert (
        '<p>Soon. <a class="proof" href="#section-waits">evidence<span class="sr-only">: waits</span></a></p>' in html
    )
    assert shown.render().plain == "Basic leaves.\nSoon."


def test_what_a_page_has_computed_and_taken_is_listed_with_its_seconds():
    @step
    def count(study, at_least):
        return at_least

    class CountingPage(LeaversPage):
        @show.fitted
        def counts(self):
            return [count(self.study, 1), count(self.study, 1), count(self.study, 2)]

    counting = CountingPage(a_study(orders=orders(("a", "2024-01-01", 1.0))))
    assert repr(counting.kept) == "Note: Nothing has been computed yet: look at a section first."
    assert counting.kept.is_missing
    assert counting.counts == [1, 1, 2]
    note, table = counting.kept.parts
    assert note.text == (
        "This page has computed 2 and taken 0 of the 2 steps kept of the study. A step is computed anew when "
        "something that it rests on changes; study.kept.clear() forgets all of them."
    )
    assert (table.caption, table.max_rows) == ("Steps of the analysis that are kept", 200)
    assert table.note == (
        "Seconds are those of the step alone, without the steps it rests on. n taken: times it was taken instead of "
        "computed. Here: what this page did; empty where it has not asked for it."
    )
    assert counting.kept.result["n_taken"].tolist() == table.frame["n_taken"].tolist() == [1, 0]
    assert table.formats == {"seconds": "{:.2f}"}
    other = CountingPage(counting.study)
    assert other.counts == [1, 1, 2]
    assert other.kept.parts[0].text.startswith("This page has computed 0 and taken 2 of the 2 steps")


def test_a_drawing_with_its_results_draws_them_on_what_it_is_given():
    seen = []
    show.drawn(lambda *results, ax: seen.append((results, ax)), 1, 2)("axes")
    show.panels(lambda *results: seen.append(results), 3, 4)(None)
    assert seen == [((1, 2), "axes"), (3, 4)]


def test_a_picture_without_numbers_drops_out_of_the_managers_part_alone():
    part = show.Chart(lambda ax=None: empty_axes("Too few.", ax), alt="Nothing.", data=pd.DataFrame(), caption="How.")
    made = show.Section(show.Note("Seen."), part)
    assert made.charts == (part,)
    made.as_brief()
    assert (made.charts, made.is_brief, len(made.parts)) == ((), True, 1)


def test_a_strip_that_says_why_nothing_is_drawn_has_no_caption_and_no_numbers():
    part = show.Chart(lambda ax=None: empty_axes("Too few.", ax), alt="Nothing.", data=pd.DataFrame(), caption="How.")
    html = part.render().html
    assert "Too few." in html
    assert "How." not in html
    assert "The numbers behind" not in html
