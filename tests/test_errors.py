"""What is missing is said with what it is counted in."""

from __future__ import annotations

import pytest

from crm_research.errors import NotEnoughData


@pytest.mark.parametrize(
    ("what", "needed", "found", "mend", "said"),
    [
        ("A segmentation: buyers", 50, 11, "", "A segmentation needs at least 50 buyers; found 11."),
        ("The rhythm: gaps", 1_200, 7, "Wait.", "The rhythm needs at least 1,200 gaps; found 7. Wait."),
        (
            "HTMT: constructs whose items differ",
            2,
            1,
            "",
            "HTMT needs at least 2 constructs whose items differ; found 1.",
        ),
        ("A scale: items", 1, 0, "Ask more.", "A scale needs items; found none. Ask more."),
        ("Cox regression", 1, 0, "No spell ended.", "Cox regression cannot be worked out here. No spell ended."),
        ("A look back", 20, 3, "", "A look back needs at least 20; found 3."),
    ],
)
def test_what_is_missing_is_said_with_its_noun(what, needed, found, mend, said):
    problem = NotEnoughData(what, needed=needed, found=found, mend=mend)
    assert str(problem) == said
    assert (problem.needed, problem.found) == (needed, found)
