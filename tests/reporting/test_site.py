"""The site: pages know each other and their earlier days, the index finds figures and shows their past, a feed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from crm_research import comparison as kinds
from crm_research.comparison import Move, compare_runs, read_run_figures
from crm_research.figures import Figure
from crm_research.reporting.changes import page_of, say_change
from crm_research.reporting.feed import MOST_ENTRIES, write_feed
from crm_research.reporting.search import search_data
from crm_research.reporting.site import read_shelf, write_index
from crm_research.reporting.sparklines import draw_history
from crm_research.show.figure_cards import render_figures

PAGE = "<!DOCTYPE html>\n<html><head></head><body><!--reports--><!--/reports-->{cards}</body></html>\n"
ATOM = "{http://www.w3.org/2005/Atom}"


def a_figure(name="left", **more):
    held = {"label": f"Share {name}", "estimate": 0.25, "lower": 0.23, "upper": 0.27, "unit": "share", "n": 1_200}
    return Figure(**{**held, "id": f"x.{name}", "window": "2023", "estimator": "share", "validation": "none", **more})


def put(out, as_of, figures, *, study="shop", moment="2024-07-01T01:00:00+00:00"):
    """Figures by report on the shelf, each with a page of cards."""
    folder = out / study / as_of
    folder.mkdir(parents=True, exist_ok=True)
    entries = [
        {
            "report": report, "title": report.title(), "question": "Who?", "outcome": "done", "page": f"{report}.html",
            "answer": [f"{report} says <so>."], "study": {"name": study, "title": "A shop"}, "seconds": 1.0,
            "started_at": moment, "ended_at": moment,
        }
        for report in figures
    ]  # fmt: skip
    (folder / "run.json").write_text(json.dumps({"study": study, "as_of": as_of, "reports": entries}))
    records = [{"report": report, **one.as_record()} for report, held in figures.items() for one in held]
    (folder / "figures.json").write_text(json.dumps(records))
    for report, held in figures.items():
        (folder / f"{report}.html").write_text(PAGE.format(cards=render_figures(held).html if held else ""))
    return folder


@pytest.fixture
def shelf(tmp_path):
    """Two days: one figure has moved, one has not, one is new."""
    put(tmp_path, "2024-05-31", {"churn": [a_figure(), a_figure("kept")], "loyalty": [a_figure("back")]})
    moved = a_figure(estimate=0.45, lower=0.43, upper=0.47)
    put(tmp_path, "2024-06-30", {"churn": [moved, a_figure("kept", estimate=0.251), a_figure("new")]})
    write_index(tmp_path)
    return tmp_path


def links_of(path):
    bar = re.search(r"<!--reports-->(.*?)<!--/reports-->", path.read_text(), re.DOTALL).group(1)
    return re.findall(r'<a href="([^"]*)"( aria-current="page")?>([^<]*)</a>', bar)


def test_each_page_has_links_to_those_beside_it_and_marks_itself(shelf):
    assert links_of(shelf / "shop/2024-05-31/loyalty.html") == [
        ("churn.html", "", "Churn"), ("loyalty.html", ' aria-current="page"', "Loyalty"),
        ("ledger.html", "", "All figures"),
    ]  # fmt: skip
    links = links_of(shelf / "shop/2024-06-30/ledger.html")
    assert [link[0] for link in links] == ["churn.html", "changes-since-2024-05-31.html", "ledger.html"]
    assert links[2][1] == ' aria-current="page"'
    # A report made later is named in those that were there.
    put(shelf, "2024-05-31", {"churn": [a_figure()], "loyalty": [a_figure("back")], "satisfaction": [a_figure("sat")]})
    write_index(shelf)
    assert [link[2] for link in links_of(shelf / "shop/2024-05-31/churn.html")] == [
        "Churn", "Loyalty", "Satisfaction", "All figures",
    ]  # fmt: skip


def test_a_page_alone_has_no_links(tmp_path):
    put(tmp_path, "2024-05-31", {"churn": []})
    write_index(tmp_path)
    assert links_of(tmp_path / "shop/2024-05-31/churn.html") == []


def test_cards_say_what_has_changed_and_are_written_once(shelf):
    page = shelf / "shop/2024-06-30/churn.html"
    text = page.read_text()
    assert re.findall(r'<p class="(change[^"]*)">(.*?)</p>', text) == [
        ("change moved", "up 20 points since <time>2024-05-31</time>, more than chance explains"),
        ("change", "unchanged within its doubt since <time>2024-05-31</time>"),
        ("change", "new since <time>2024-05-31</time>"),
    ]
    before = page.stat().st_mtime_ns
    write_index(shelf)
    assert page.stat().st_mtime_ns == before
    # The earlier day changes: so does what is said of it, and nothing is said twice.
    put(shelf, "2024-05-31", {"churn": [a_figure("kept")]})
    write_index(shelf)
    told = re.findall(r'<p class="change[^"]*">(.*?)</p>', page.read_text())
    assert [line.split(" since")[0] for line in told] == ["new", "unchanged within its doubt", "new"]


def test_two_days_are_compared_on_a_page_as_in_a_terminal(shelf):
    page = shelf / "shop/2024-06-30" / page_of("2024-05-31")
    text = page.read_text()
    before, after = (read_run_figures(shelf / "shop" / day) for day in ("2024-05-31", "2024-06-30"))
    found = compare_runs(before, after)
    for kind, head in kinds.HEADS.items():
        n = len(found.of(kind))
        assert (f"{head} ({n})" in text) is bool(n), kind
    assert text.index("Moved by more than chance explains (1)") < text.index("New (1)")
    assert '<a href="churn.html#figure-x-left">Share left</a>' in text
    assert "1 figure has moved by more than chance explains." in text
    (row,) = re.findall(r"<li>.*?Share left.*?</li>", text, re.DOTALL)
    assert "up 20 points" in row
    assert "25.0\N{NO-BREAK SPACE}% (23.0\N{NO-BREAK SPACE}% to 27.0\N{NO-BREAK SPACE}%)" in row
    assert '<a href="shop/2024-06-30/changes-since-2024-05-31.html">What has changed</a>' in (
        shelf / "index.html"
    ).read_text(encoding="utf-8")
    # A day that is taken from the shelf takes its comparison along.
    for path in (shelf / "shop/2024-05-31").iterdir():
        path.unlink()
    write_index(shelf)
    assert not page.exists()


def test_two_days_are_compared_in_two_voices(tmp_path):
    named = {"left": "Median tenure", "fit": "BG/NBD log-likelihood", "odds": "Times the odds of dropping out <now>"}
    for day, value in (("2024-05-31", 0.25), ("2024-06-30", 0.45)):
        numbers = {"estimate": value, "lower": value - 0.02, "upper": value + 0.02}
        put(tmp_path, day, {"churn": [a_figure(name, label=label, **numbers) for name, label in named.items()]})
    write_index(tmp_path)
    text = (tmp_path / "shop/2024-06-30" / page_of("2024-05-31")).read_text()
    rows = re.findall(r"<li( class=\"deep\")?><p class=\"what\">(.*?)</p>", text)
    assert [bool(deep) for deep, _ in rows] == [True, False, True]
    assert '<span class="exact">Median tenure</span><span class="plain">Half have left after</span>' in rows[1][1]
    assert "dropping out &lt;now&gt;" in rows[2][1]
    assert "3 figures have moved by more than chance explains." in text
    assert text.count('<p class="plain only">2 numbers of these are for researchers only; they see them here.</p>') == 1
    assert set(re.findall(r'<button type="button" data-voice="(\w+)"', text)) == {"manager", "researcher"}


def test_a_day_is_compared_with_five_before_it(tmp_path):
    days = [f"2024-0{month}-01" for month in range(1, 8)]
    for day in days:
        put(tmp_path, day, {"churn": [a_figure()]})
    write_index(tmp_path)
    found = sorted(path.name for path in (tmp_path / "shop" / days[-1]).glob("changes*"))
    assert found == [page_of(day) for day in days[1:-1]]
    text = (tmp_path / "shop" / days[-1] / found[0]).read_text()
    assert re.findall(r'<a href="changes-since-([\d-]*).html"( aria-current="page")?>\d', text) == [
        (day, ' aria-current="page"' if day == days[1] else "") for day in reversed(days[1:-1])
    ]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (kinds.MOVED, "down 3 months since D, more than chance explains"),
        (kinds.DOUBTFUL, "perhaps down 3 months since D; chance may explain it"),
        (kinds.COUNTED, "down 3 months since D"),
        (kinds.WITHIN, "unchanged within its doubt since D"),
        (kinds.SAME, "the same as on D"),
        (kinds.BECAME_KNOWN, "not known on D"),
        (kinds.NO_LONGER_KNOWN, "6.6 months on D"),
        (kinds.NEW, "new since D"),
        (kinds.MEASURED_OTHERWISE, "measured otherwise on D, not compared"),
        (kinds.GONE, ""),
    ],
)
def test_each_kind_of_change_has_its_words(kind, said):
    figure = a_figure(unit="days", estimate=200.0, lower=180.0, upper=220.0)
    move = Move(report="churn", figure=figure, before=figure, after=figure, kind=kind, difference=-92.0)
    assert say_change(move, "D") == said


def test_a_history_is_a_line_with_its_interval_and_breaks_where_a_day_is_missing():
    figure = a_figure()
    days = [
        ("2024-01-31", figure), ("2024-02-29", replace(figure, estimate=0.3, lower=None, upper=None)),
        ("2024-03-31", None), ("2024-04-30", replace(figure, estimate=0.2, lower=0.1, upper=0.3)),
    ]  # fmt: skip
    drawn = draw_history("Who <leaves>", days)
    assert (drawn.count("<polyline"), drawn.count('class="band"'), drawn.count("<circle")) == (1, 2, 2)
    assert (
        "Who &lt;leaves&gt;: 25.0\N{NO-BREAK SPACE}% on 2024-01-31, 20.0\N{NO-BREAK SPACE}% on 2024-04-30; over 3 days "
        "between 20.0\N{NO-BREAK SPACE}% and 30.0\N{NO-BREAK SPACE}%; on 1 day not known"
    ) in drawn
    ET.fromstring(drawn)
    points = re.search(r'<polyline points="([^"]*)"', drawn).group(1)
    # Days lie by the calendar: the second is 29 of 90 days on; the highest value stands highest.
    assert points == "3.0,9.0 43.6,3.0"
    assert draw_history("x", days[:1]) == draw_history("x", [("monday", figure), ("tuesday", figure)]) == ""


def test_the_index_shows_the_past_of_a_figure_and_its_earlier_days_in_a_line(shelf):
    latest, before = read_shelf(shelf)
    assert [figure["label"] for figure in latest["pages"][0]["figures"]] == ["Share left", "Share kept", "Share new"]
    assert [bool(figure["history"]) for figure in latest["pages"][0]["figures"]] == [True, True, False]
    assert (latest["is_latest"], before["is_latest"], before["pages"][0]["figures"]) == (True, False, [])
    text = (shelf / "index.html").read_text(encoding="utf-8")
    assert text.count('<section class="study"') == 1
    assert '<li id="shop-2024-05-31"><time>2024-05-31</time>:\n<a href="shop/2024-05-31/churn.html">Churn</a>' in text


def test_a_summary_speaks_first_for_its_study(tmp_path):
    put(tmp_path, "2024-05-31", {"churn": [a_figure()], "summary": []})
    path = tmp_path / "shop/2024-05-31/run.json"
    run = json.loads(path.read_text())
    next(one for one in run["reports"] if one["report"] == "summary")["answer"] = ["One.", "Two.", "Three.", "Four."]
    path.write_text(json.dumps(run))
    (study,) = read_shelf(tmp_path)
    assert (study["summary"], study["href"]) == (["One.", "Two.", "Three."], "shop/2024-05-31/summary.html")
    text = write_index(tmp_path).read_text(encoding="utf-8")
    assert '<p class="said">One.</p>\n<p>Two.</p><p>Three.</p></div>' in text
    assert text.index('href="shop/2024-05-31/summary.html"') < text.index('href="shop/2024-05-31/churn.html"')
    # Once, and not again as the answer of the summary's own page.
    assert text.count(">One.<") == 1
    told = ET.fromstring((tmp_path / "feed.xml").read_text(encoding="utf-8")).find(f"{ATOM}entry")
    assert told.findtext(f"{ATOM}content") == "One.\nTwo.\nThree.\nChurn: churn says <so>."


def test_a_page_of_a_department_leads_to_the_reports_too(tmp_path):
    folder = put(tmp_path, "2024-05-31", {"churn": [a_figure()], "summary": []})
    run = json.loads((folder / "run.json").read_text())
    next(one for one in run["reports"] if one["report"] == "summary")["files"] = ["summary-sales.html", "list.csv"]
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "summary-sales.html").write_text(PAGE.format(cards=""))
    (folder / "list.csv").write_text("a\n")
    write_index(tmp_path)
    assert links_of(folder / "summary-sales.html") == [
        ("summary.html", "", "Summary"), ("churn.html", "", "Churn"), ("ledger.html", "", "All figures"),
    ]  # fmt: skip
    before = (folder / "summary-sales.html").stat().st_mtime_ns
    write_index(tmp_path)
    assert (folder / "summary-sales.html").stat().st_mtime_ns == before


def test_what_is_found_leads_to_the_very_figure_and_cannot_end_the_page(shelf):
    put(shelf, "2024-06-30", {"churn": [a_figure("odd", group="北京 </script>", label="Median tenure")]})
    latest = [study for study in read_shelf(shelf) if study["is_latest"]]
    text = search_data(latest)
    assert "<" not in text
    assert json.loads(text) == [
        ["Churn", "", "shop/2024-06-30/churn.html", "A shop · Churn", "Who?"],
        ["churn says <so>.", "", "shop/2024-06-30/churn.html", "A shop · Churn", "churn says <so>."],
        ["Half have left after: 北京 </script>", "25.0 %", "shop/2024-06-30/churn.html#figure-x-odd-script-f90453",
         "A shop · Churn", "Median tenure: 北京 </script> x.odd"],
    ]  # fmt: skip


def test_the_feed_is_atom_with_ids_that_stay_and_moments_of_the_runs(shelf):
    first = (shelf / "feed.xml").read_text(encoding="utf-8")
    feed = ET.fromstring(first)
    ids = [part.text for part in feed.iter(f"{ATOM}id")]
    assert len(ids) == len(set(ids)) == 3
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", one) for one in ids)
    assert feed.findtext(f"{ATOM}updated") == "2024-07-01T01:00:00+00:00"
    assert [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")] == [
        "A shop, as of 2024-06-30", "A shop, as of 2024-05-31",
    ]  # fmt: skip
    assert [entry.find(f"{ATOM}link").get("href") for entry in feed.iter(f"{ATOM}entry")] == [
        "shop/2024-06-30/churn.html", "index.html#shop-2024-05-31",
    ]  # fmt: skip
    assert feed.find(f"{ATOM}entry").findtext(f"{ATOM}content") == "Churn: churn says <so>."
    put(shelf, "2024-06-30", {"churn": [a_figure()]}, moment="2024-08-01T01:00:00+00:00")
    write_index(shelf)
    again = ET.fromstring((shelf / "feed.xml").read_text(encoding="utf-8"))
    assert again.findtext(f"{ATOM}updated") == "2024-08-01T01:00:00+00:00"
    assert [part.text for part in again.iter(f"{ATOM}id")] == ids


def test_a_feed_of_nothing_and_of_very_much():
    assert ET.fromstring(write_feed([])).findtext(f"{ATOM}updated") == "1970-01-01T00:00:00+00:00"
    study = {
        "name": "s",
        "title": "T\x00 & co",
        "as_of": "d",
        "updated": "2024",
        "summary": [],
        "pages": [],
        "href": "a&b",
    }
    feed = ET.fromstring(write_feed([{**study, "as_of": str(day)} for day in range(MOST_ENTRIES + 9)]))
    assert len(list(feed.iter(f"{ATOM}entry"))) == MOST_ENTRIES
    assert feed.find(f"{ATOM}entry").findtext(f"{ATOM}title").startswith("T & co")
