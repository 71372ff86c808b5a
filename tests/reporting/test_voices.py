"""Two voices of a page: what a manager reads is plain, what has no plain words is for researchers, nothing is lost."""

from __future__ import annotations

import re

import pytest

from crm_research import show
from crm_research.reporting.layout import lay_out
from crm_research.reporting.render import css_text, render_page
from crm_research.reporting.voices import by_sentence, in_both_voices, speak
from crm_research.theme.plain import has_statistics, in_plain_words
from tests.reporting.pages import a_chart, a_figure, a_notebook, a_task


@pytest.mark.parametrize(
    ("exact", "plain"),
    [
        ("Half buy again.", "Half buy again."),
        ("Share with its 95 % interval", "Share with its likely range"),
        ("95 % confidence intervals", "likely ranges"),
        ("Median tenure", "Half have left after"),
        ("n = 7,043", "7,043 records"),
        ("refuted by its own check", "its own check speaks against it"),
        ("expected in the holdout of 184 days", "expected in the 184 days kept apart for the check"),
        ("Mean chance of staying; the mean of all", "Average chance of staying; the average of all"),
        ("This may mean that the model errs", "This may mean that the calculation errs"),
        ("12 % (Wilson) came", "12 % came"),
        ("the highest silhouette", None),
        ("p = 0.03", None),
        ("Pareto/NBD, fitted", None),
    ],
)
def test_plain_words_stand_for_a_statisticians_or_there_are_none(exact, plain):
    assert in_plain_words(exact) == plain
    assert has_statistics(exact) is (plain != exact)


def test_a_text_carries_both_wordings_and_a_drawing_keeps_its_elements():
    html = "<p>In <b>all</b> 95 % intervals</p><svg><title>the 95 % interval</title><text>a hazard</text></svg>"
    assert speak(html) == (
        '<p>In <b>all</b><span class="exact"> 95 % intervals</span><span class="plain"> likely ranges</span></p>'
        '<svg><title>the 95 % interval</title><text><tspan class="exact">a hazard</tspan>'
        '<tspan class="plain">a danger</tspan></text></svg>'
    )
    assert speak("<p>Fine</p><p>The AUC</p>") is None
    assert by_sentence('<p>Fine</p><li class="x">The AUC</li>') == '<p>Fine</p><li class="deep x">The AUC</li>'


def test_pictures_that_can_be_said_plainly_stay_with_their_headings_and_the_rest_is_for_researchers():
    notebook = a_notebook(
        "# T\n\nQ?", lambda: show.answer("Yes."), a_chart, "## Seen\n\nWords.", a_chart,
        "## Unseen", lambda: show.note("A note."),
    )  # fmt: skip
    page = render_page(notebook, a_task(question="Q?"))
    contents = page[page.index("<summary>Contents") : page.index("</ul></details></nav>")]
    assert '<li class="level-2"><a href="#seen">Seen</a></li>' in contents
    assert '<li class="level-2 deep"><a href="#unseen">Unseen</a></li>' in contents
    article = page[page.index("<article>") : page.index("</article>")]
    bare = re.sub(r'<div class="deep">.*?</div>', "", article, flags=re.DOTALL)
    assert ("Seen</h2>" in bare, "Half of them are back" in bare) == (True, True)
    assert not any(words in bare for words in ("Words.", "Unseen", "A note."))


def test_four_cards_stand_first_and_the_others_open_behind_a_line():
    figures = [a_figure(id=f"test.f{i}", label=f"Figure {i}") for i in range(6)]
    figures[1] = a_figure(id="test.f1", label="The AUC")
    notebook = a_notebook(lambda: show.answer("Yes."), lambda: show.figures(figures))
    layout, _ = in_both_voices(lay_out(notebook, question="?"))
    first, _, fold = layout.cards.partition('<details class="folded crm more-figures">')
    assert [f"Figure {i}" in first for i in range(6)] == [True, False, True, True, True, False]
    assert ("The AUC" in fold, "Figure 5" in fold) == (True, True)
    assert '<span class="exact">2 more figures</span><span class="plain">1 more figure</span>' in fold
    assert '<span class="exact">n = 200</span><span class="plain">200 records</span>' in first
    # How it is known is a researcher's, however plain the card.
    assert layout.cards.count('<details class="deep">') == 6


def test_the_running_title_cannot_end_its_style():
    assert css_text('a "b" </style>\\') == '"a \\22 b\\22  \\3c /style\\3e \\5c "'
