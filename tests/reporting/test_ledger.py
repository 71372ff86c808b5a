"""The ledger: every figure of a study's day, with what it rests on and what came of its check."""

from __future__ import annotations

import json
import re

import pytest

from crm_research.figures import Figure
from crm_research.reporting.ledger import read_ledger
from crm_research.reporting.site import write_index


def a_figure(name, **more):
    held = {"label": name, "estimate": 0.25, "lower": 0.2, "upper": 0.31, "unit": "share", "n": 1_200}
    return Figure(**{**held, "id": f"x.{name}", "window": "2023", "estimator": "Kaplan-Meier; 95 % interval", **more})


def put(out, figures, *, as_of="2024-06-30", study="shop"):
    """Figures by report on the shelf, as runs leave them."""
    folder = out / study / as_of
    folder.mkdir(parents=True, exist_ok=True)
    entries = [
        {
            "report": report, "title": report.title(), "question": "?", "outcome": "done", "page": f"{report}.html",
            "answer": [], "study": {"name": study, "title": "A <shop> & co"}, "seconds": 1.0,
            "ended_at": "2024-07-01T00:00:00+00:00", "started_at": "2024-07-01T00:00:00+00:00",
        }
        for report in figures
    ]  # fmt: skip
    (folder / "run.json").write_text(json.dumps({"study": study, "as_of": as_of, "reports": entries}))
    records = [{"report": report, **one.as_record()} for report, held in figures.items() for one in held]
    (folder / "figures.json").write_text(json.dumps(records))
    return folder


OPEN = "1 is not known from these records."
FIGURES = {
    "churn": [
        a_figure("left", verdict="refuted", validation="holdout: 30 % left"),
        a_figure("stay", verdict="agrees", validation="published: 25 %"),
        a_figure("kept", group="$20-$50 & <more>"),
    ],
    "loyalty": [
        a_figure("back", validation="none; lifelines has no such curve"),
        a_figure("open", lower=0.01, upper=0.99, verdict="agrees"),
        a_figure("sums", lower=None, upper=None, estimate=3.0, unit="orders", validation="the study's checks"),
    ],
}


def test_every_figure_has_a_row_with_what_it_rests_on(tmp_path):
    found = read_ledger(put(tmp_path, FIGURES))
    assert (found["study"], found["title"], found["as_of"]) == ("shop", "A <shop> & co", "2024-06-30")
    # In the order of the catalogue: churn stands before loyalty.
    assert [(part["id"], [row["what"] for row in part["rows"]]) for part in found["reports"]] == [
        ("churn", ["left", "stay", "kept"]),
        ("loyalty", ["back", "open", "sums"]),
    ]
    left, stay, kept = found["reports"][0]["rows"]
    assert left == {
        "what": "left", "group": None, "value": "25.0 %", "interval": "20.0 % to 31.0 %", "n": "1,200",
        "window": "2023", "method": "Kaplan-Meier; 95 % interval", "check": "holdout: 30 % left",
        "outcome": "fails", "name": "fails", "word": "fails its check", "link": "churn.html#figure-x-left",
    }  # fmt: skip
    assert (stay["word"], stay["check"]) == ("holds", "published: 25 %")
    assert (kept["word"], kept["check"], kept["link"]) == (
        "not tested",
        "nothing",
        "churn.html#figure-x-kept-20-50-more",
    )
    back, unknown, sums = found["reports"][1]["rows"]
    assert (back["word"], back["check"]) == ("not tested", "nothing")
    assert (unknown["word"], unknown["value"], unknown["interval"]) == ("not known", "not known", None)
    assert (sums["value"], sums["interval"], sums["check"]) == ("3 orders", None, "the study's checks")


def test_the_ledger_speaks_in_two_voices(tmp_path):
    figures = [
        a_figure("stay", verdict="agrees", validation="equal to lifelines (Kaplan-Meier) to 1e-6"),
        a_figure("Found again (Jaccard)", validation="k-means of resamples"),
        a_figure("Brier score"),
    ]
    folder = put(tmp_path, {"churn": figures})
    write_index(tmp_path)
    text = (folder / "ledger.html").read_text(encoding="utf-8")
    told = re.sub(
        r'<span class="exact">.*?</span>',
        "",
        re.sub(r'<(li|div)\b[^>]*class="deep".*?</\1>', "", text, flags=re.DOTALL),
    )
    plain = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]*>", " ", told, flags=re.DOTALL)
    assert not re.search("Kaplan|lifelines|Jaccard|k-means|Brier|interval", plain)
    assert "another program finds the same" in plain
    assert "nothing that could have refuted it" in plain
    assert "1 of these numbers is for researchers only; they see it here." in plain
    assert len(re.findall(r'<li data-outcome="[a-z-]+" class="deep">', text)) == 1
    assert "equal to lifelines (Kaplan-Meier) to 1e-6" in text


def test_what_failed_is_told_first_and_all_are_counted(tmp_path):
    found = read_ledger(put(tmp_path, FIGURES))
    assert found["summary"] == [
        "6 figures of 2 reports.",
        "2 were put to a check that could refute them: 1 holds and 1 fails.",
        "1 is not known from these records.",
    ]
    assert [row["what"] for row in found["failing"]] == ["left"]
    assert [(one["word"], one["n"]) for one in found["outcomes"]] == [
        ("fails its check", 1), ("not tested", 3), ("holds", 1), ("not known", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"churn": [a_figure("a")]}, "1 figure of 1 report. None was put to a check that could refute it."),
        (
            {"churn": [a_figure("a", verdict="agrees"), a_figure("b", verdict="agrees")]},
            "2 figures of 1 report. 2 were put to a check that could refute them: all hold.",
        ),
        (
            {"churn": [a_figure("a", verdict="refuted"), a_figure("b", verdict="refuted")]},
            "2 figures of 1 report. 2 were put to a check that could refute them: all fail.",
        ),
        (
            {"churn": [a_figure("a", verdict="refuted"), a_figure("b")]},
            "2 figures of 1 report. 1 was put to a check that could refute it, and fails.",
        ),
        (
            {"churn": [a_figure("a", verdict="agrees"), a_figure("b", lower=0.0, upper=1.0)]},
            "2 figures of 1 report. 1 was put to a check that could refute it, and holds. " + OPEN,
        ),
        ({"churn": []}, "No report of this study has left a figure."),
        ({}, "No report of this study has left a figure."),
    ],
)
def test_one_and_many_agree_with_their_words(tmp_path, figures, said):
    assert " ".join(read_ledger(put(tmp_path, figures))["summary"]).strip() == said


def test_a_ledger_stands_beside_the_pages_of_every_day_and_the_index_leads_to_it(tmp_path):
    put(tmp_path, FIGURES)
    put(tmp_path, {"churn": []}, as_of="2024-05-31")
    index = write_index(tmp_path).read_text(encoding="utf-8")
    assert re.findall(r'href="([^"]*ledger[^"]*)"', index) == ["shop/2024-06-30/ledger.html"]
    page = tmp_path / "shop" / "2024-06-30" / "ledger.html"
    text = page.read_text(encoding="utf-8")
    assert "A &lt;shop&gt; &amp; co" in text
    assert "$20-$50 &amp; &lt;more&gt;" in text
    assert text.count("<li data-outcome=") == 6
    before = page.stat()
    write_index(tmp_path)
    # What has not changed is not written again.
    assert page.stat().st_mtime_ns == before.st_mtime_ns
    put(tmp_path, {**FIGURES, "loyalty": []})
    write_index(tmp_path)
    assert page.read_text(encoding="utf-8").count("<li data-outcome=") == 3
