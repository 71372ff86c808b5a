"""The walker finds contradictions: each planted on a page that has none."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from crm_research.figures import Figure
from tests.pages.consistency import find_faults
from tests.pages.walking import Page, Shown

YEAR = "churn.contract.survival_12m"
MEDIAN = "churn.contract.median_tenure_days"


def a_figure(id_: str, label: str, estimate: float, lower: float, upper: float, unit: str, n: int = 300) -> Figure:
    return Figure(
        id=id_, label=label, estimate=estimate, lower=lower, upper=upper, unit=unit, n=n, window="2021 to 2024",
        estimator="Kaplan-Meier; 95 % interval",
    )  # fmt: skip


def a_page(**changed) -> Page:
    """A small page in order: the parts named are exchanged."""
    parts = {
        "median": "Half of the contracts have ended after 7 months (95 % interval 6 months to 7 months).",
        "year": "19 % (95 % interval 15 % to 24 %) of the contracts last longer than 12 months.",
        "title": "Half of the contracts have ended after 7 months",
        "subtitle": "Share of contracts still running by tenure (Kaplan-Meier), with its 95 % band; 300 contracts",
        "note": "57 of 300 (19 %) were watched for so long. Of those without a plan 12 % left within the first month.",
        "other": "The picture stands for itself.",
        "figures": [
            a_figure(MEDIAN, "Median tenure", 207.0, 179.0, 228.0, "days"),
            a_figure(YEAR, "Still there after 12 months", 0.19, 0.148, 0.236, "share"),
        ],
        "table": pd.DataFrame(
            {"group": ["a", "b"], "n": [180, 120], "share": [0.6, 0.4], "lower": [0.54, 0.35], "upper": [0.65, 0.46]}
        ),
        "counts": pd.DataFrame({"n": [300, 57], "n_again": [57, 19], "seen_rate": [0.19, 1 / 3]}),
    } | changed
    return Page(
        "churn",
        "planted",
        [
            Shown("answer", (parts["median"], parts["year"])),
            Shown("chart", (parts["title"], parts["subtitle"]), parts["counts"]),
            Shown("table", ("Contracts by plan",), parts["table"]),
            Shown("note", (parts["note"],)),
            Shown("note", (parts["other"],)),
        ],
        parts["figures"],
    )


def of_figures(place: int, **changed) -> list[Figure]:
    figures = a_page().figures
    figures[place] = replace(figures[place], **changed)
    return figures


def of_table(name: str, column: str, row: int, value: float) -> pd.DataFrame:
    frame = next(shown.frame for shown in a_page().shown if shown.frame is not None and name in shown.frame.columns)
    frame = frame.copy()
    frame.loc[row, column] = value
    return frame


PLANTED = {
    "the share of a year is read at another tenure": {"figures": of_figures(1, estimate=0.16)},
    "limits swapped in the sentence": {
        "median": "Half of the contracts have ended after 7 months (95 % interval 7 months to 6 months)."
    },
    "a limit of another number": {
        "year": "19 % (95 % interval 11 % to 24 %) of the contracts last longer than 12 months."
    },
    "the estimate in the sentence is another": {
        "year": "21 % (95 % interval 15 % to 24 %) of the contracts last longer than 12 months."
    },
    "the title says another median": {"title": "Half of the contracts have ended after 9 months"},
    "the subtitle counts another base": {
        "subtitle": "Share of contracts still running by tenure (Kaplan-Meier), with its 95 % band; 290 contracts"
    },
    "a share is not that of the counts beside it": {"note": "57 of 300 (25 %) were watched for so long."},
    "the same sentence with another number": {"other": "Of those without a plan 15 % left within the first month."},
    "an estimate beyond its limit in a table": {"table": of_table("lower", "upper", 1, 0.38)},
    "a share above 1": {"table": of_table("lower", "upper", 0, 1.2) .assign(share=[1.1, 0.4])},
    "shares that are not those of the counts": {"table": of_table("lower", "n", 0, 80)},
    "more of a part than of the whole": {"counts": of_table("n_again", "n_again", 1, 71)},
    "a rate that is not its quotient": {"counts": of_table("n_again", "seen_rate", 0, 0.25)},
    "limits of a figure on one side": {"figures": of_figures(0, lower=210.0)},
    "a figure with two values": {"figures": [*of_figures(0), *of_figures(0, estimate=250.0)[:1]]},
    "one label, two figures, two values": {
        "figures": [*of_figures(0), replace(of_figures(0)[0], id="churn.contract.other", estimate=220.0)]
    },
    "an unknown number in a sentence": {"year": "not known of the contracts last longer than 12 months."},
    "a missing value": {"other": "It stands at nan of 100."},
}  # fmt: skip


def test_a_page_in_order_has_no_fault():
    assert find_faults(a_page()) == []


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_fault_is_found(planted):
    assert find_faults(a_page(**PLANTED[planted]))
