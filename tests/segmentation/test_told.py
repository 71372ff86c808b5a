"""Every sentence, figure, table and picture of the segmentation, held word for word in worlds of planted numbers."""

from pathlib import Path

import pytest

from crm_research.pillars.segmentation.groups import charts
from crm_research.pillars.segmentation.groups import tables as report
from crm_research.pillars.segmentation.groups import words as wording
from crm_research.theme import chart_style
from tests.segmentation.told_worlds import a_segmentation, other_worlds
from tests.told import check_figures, check_numbers, hold, tell

TOLD = Path(__file__).parent / "told"
WORLDS = {"natural": a_segmentation(), **other_worlds()}
SENTENCES = ("numbers", "methods", "verdict", "fidelity", "holdout")
TABLES = (
    "inputs", "numbers", "borders", "methods", "cards", "profiles", "stability", "nulls", "rules", "holdout", "gains",
    "later",
)  # fmt: skip
PICTURES = ("segments", "profiles", "numbers", "stability", "nulls", "holdout")


@pytest.mark.parametrize("world", WORLDS)
def test_what_a_reader_is_told(world):
    told = WORLDS[world]
    with chart_style():
        parts = {
            "answer": wording.answer_segments(told),
            "notes": wording.note_segments(told),
            **{f"sentence on {name}": wording.say(told, name) for name in SENTENCES},
            **{f"figures: {part}": report.list_figures(told, part) for part in ("all", "answer", "segments")},
            **{f"table of {name}": report.tabulate(told, name) for name in TABLES},
            **{f"formats of {name}": str(report.name_formats(told, name)) for name in TABLES},
            **{f"in words: {name}": report.describe_picture(told, name) for name in PICTURES},
            **{f"picture of {name}": charts.draw(told, name) for name in PICTURES},
            "summary": report.summary_table(told),
            "estimators": str(report.name_estimators(told)),
            "members": told.members(),
        }
        hold(tell(**parts), TOLD / f"{world.replace(' ', '-')}.txt")
    check_figures(
        report.list_figures(told), signed={"segmentation.holdout_gain_over_rfm", "segmentation.revenue_share"}
    )


def test_the_numbers_of_the_answer_are_those_planted():
    # 4 of 11 customers are 36 %, 2,720 of 3,537 in revenue 77 %; the most crowded border .312.
    groups, verdict, holdout = wording.answer_segments(WORLDS["natural"])
    check_numbers(groups, {"customers": "11", "share": "36 %", "revenue": "77 %"})
    check_numbers(verdict, {"border": "31 customers for every hundred"})
    check_numbers(holdout, {"segments": "24 %", "cells": "18 %"})


def test_the_figures_of_the_answer_are_those_planted():
    figures = {figure.id: figure for figure in report.list_figures(WORLDS["natural"], "answer")}
    assert "segmentation.silhouette" not in figures  # a number for statisticians: it stands in the evidence
    (silhouette,) = report.list_figures(WORLDS["natural"], "separation")
    assert (silhouette.estimate, silhouette.lower, silhouette.upper, silhouette.n) == (0.467, 0.451, 0.483, 1_009)
    fidelity = figures["segmentation.rule_fidelity"]
    assert (fidelity.estimate, fidelity.lower, fidelity.upper, fidelity.n) == (0.876, 0.831, 0.911, 1_103)
    gain = figures["segmentation.holdout_gain_over_rfm"]
    assert (gain.estimate, gain.lower, gain.upper) == pytest.approx((0.061, 0.031, 0.111))
    codes = {world: report.list_figures(told, "answer") for world, told in WORLDS.items() if told.found is not None}
    verdicts = {
        world: next(f.estimate for f in some if f.id == "segmentation.verdict") for world, some in codes.items()
    }
    assert verdicts == {"natural": 0, "reproducible": 1, "constructed": 2, "unstable": 2}
    said = {world: next(f.said for f in some if f.id == "segmentation.verdict") for world, some in codes.items()}
    assert said == {world: "constructed" if world == "unstable" else world for world in said}


def test_an_unknown_table_sentence_or_picture_is_told():
    told = WORLDS["natural"]
    for ask, what in ((report.tabulate, "table"), (wording.say, "sentence"), (charts.draw, "picture")):
        with pytest.raises(report.ParameterError, match=f"There is no {what} 'brders' of a segmentation"):
            ask(told, "brders")
