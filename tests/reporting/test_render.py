import nbformat
import pandas as pd
import pytest

from crm_research import show
from crm_research.errors import CrmError
from crm_research.reporting.harvest import read_answer, read_figures, read_warnings
from crm_research.reporting.layout import lay_out
from crm_research.reporting.page_check import PageError, check_page
from crm_research.reporting.render import render_page
from tests.reporting.pages import a_chart, a_figure, a_notebook, a_task, a_whole_notebook, bundles


def test_answer_cards_and_first_picture_stand_on_the_first_screen_and_nowhere_else():
    page = render_page(a_whole_notebook(), a_task())
    first_screen, _, rest = page.partition("<article>")
    assert "Half of the customers buy again." in first_screen
    assert "Customers who buy again" in first_screen
    assert first_screen.count("<svg") == 1
    assert "Half of the customers buy again." not in rest
    assert rest.count("<svg") == 1


def test_what_a_later_question_is_answered_with_stands_on_the_first_screen_too():
    first, later = "Half buy again.", "Whom to keep: 37 of 120."
    notebook = a_notebook("## The answer", lambda: show.answer(first), "## Whom to keep?", lambda: show.answer(later))
    laid = lay_out(notebook, question="?")
    assert laid.answer.index(first) < laid.answer.index(later)
    assert laid.sections == ()
    assert read_answer(notebook) == (first, later)


def test_the_title_comes_from_the_catalogue_and_a_section_left_empty_goes():
    laid = lay_out(a_whole_notebook(), question="How many customers buy again?")
    assert [section.title for section in laid.sections] == ["Evidence", "How sure are we"]
    assert render_page(a_whole_notebook(), a_task()).count("How many customers buy again?") == 1


def test_a_heading_at_the_end_of_a_text_goes_when_what_followed_it_was_lifted():
    notebook = a_notebook("## Doubts\n\nSome.\n\n## Answer", lambda: show.answer("Yes."))
    assert [section.title for section in lay_out(notebook, question="?").sections] == ["Doubts"]
    kept = a_notebook("## Doubts\n\nSome.\n\n## Answer", lambda: show.note("Yes."))
    assert [section.title for section in lay_out(kept, question="?").sections] == ["Doubts", "Answer"]


def test_a_cell_tagged_headline_gives_the_first_screen_its_picture():
    notebook = a_notebook(a_chart, lambda: show.answer("Yes."), a_chart)
    notebook.cells[2].outputs[0].data["text/html"] = "<figure>chosen</figure>"
    notebook.cells[2].metadata["tags"] = ["headline"]
    assert lay_out(notebook, question="?").picture == "<figure>chosen</figure>"


def test_rendering_twice_gives_the_same_bytes_and_leaves_the_notebook_alone():
    notebook = a_whole_notebook()
    before = nbformat.writes(notebook)
    assert render_page(notebook, a_task()) == render_page(notebook, a_task())
    assert nbformat.writes(notebook) == before


@pytest.mark.slow
def test_library_warnings_are_notes_without_paths_and_never_raw_stderr():
    page = render_page(a_whole_notebook(), a_task())
    assert "<strong>A library warned.</strong> no convergence (UserWarning)." in page
    assert "/x/y.py" not in page
    assert read_warnings(a_whole_notebook()) == ("no convergence (UserWarning).",)


def test_parameters_and_provenance_are_on_the_page_and_a_study_file_is_not_named_by_its_place():
    task = a_task(parameters={"study": "/home/someone/mine.yaml", "since": None})
    page = render_page(a_notebook(lambda: show.answer("Yes.")), task)
    assert "/home/someone" not in page
    assert "<dd>not set<br" in page
    assert "orders.csv, fingerprint 0123456789ab" in page
    assert "The records are invented." in page


@pytest.mark.parametrize(
    "html",
    [
        '<img src="data:image/png;base64,AA">',
        '<img src="data:image/png;base64,AA" alt=" ">',
        "<svg><path/></svg>",
        '<script src="https://example.org/x.js"></script>',
        '<img src="picture.png" alt="A line.">',
        '<link rel="stylesheet" href="//example.org/x.css">',
    ],
)
def test_a_page_without_words_for_a_picture_or_with_something_to_load_is_refused(html):
    with pytest.raises(PageError):
        check_page(html)


def test_a_notebook_with_a_bare_picture_makes_no_page():
    picture = nbformat.v4.new_output("display_data", data={"image/png": "AA", "text/plain": "<Figure>"})
    with pytest.raises(PageError, match="alt"):
        render_page(a_notebook([picture]), a_task())
    picture.metadata["image/png"] = {"alt": "A line."}
    assert 'alt="A line."' in render_page(a_notebook([picture]), a_task())


def test_figures_and_answer_are_read_back_from_the_outputs():
    notebook = a_whole_notebook()
    assert read_answer(notebook)[0] == "Half of the customers buy again."
    assert [figure["id"] for figure in read_figures(notebook)] == ["test.repeat_rate", "test.median"]


def test_one_figure_with_two_values_is_an_error_and_shown_again_counts_once():
    again = a_notebook(lambda: show.figures(a_figure()), lambda: show.figures(a_figure()))
    assert len(read_figures(again)) == 1
    differing = a_notebook(lambda: show.figures(a_figure()), lambda: show.figures(a_figure(estimate=0.6)))
    with pytest.raises(CrmError, match="twice with different values"):
        read_figures(differing)


def test_an_output_that_brings_its_own_style_for_jupyterlab_leaves_it_behind():
    assert "data-crm-lab" in bundles(lambda: show.answer("Yes."))[0]["text/html"]
    assert "data-crm-lab" not in render_page(a_notebook(lambda: show.answer("Yes.")), a_task())


def test_a_short_list_is_carried_by_the_page_and_a_long_one_lies_beside_it(tmp_path):
    few, many = pd.DataFrame({"id": ["a"]}), pd.DataFrame({"id": ["customer"] * 6_000})
    section = show.Section(show.SavedList("short", few, "All."), show.SavedList("long", many, "All."))
    page = render_page(a_notebook(a_chart, section.show), a_task(tmp_path))
    assert '<a download="short.csv" href="data:text/csv;charset=utf-8;base64,' in page
    assert '<a download="long.csv" href="long.csv">long.csv</a>' in page
    assert "Save the whole list (6,000 rows)" in page
