"""Pages as a reader meets them: in a browser, with no network, on a phone, in the dark, by keyboard and ear."""

from __future__ import annotations

import importlib.util
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from crm_research import show
from crm_research.reporting.records import publish
from crm_research.reporting.render import render_page
from crm_research.reporting.site import write_index
from crm_research.reporting.tasks import Failure, Outcome
from crm_research.settings import PICTURES
from crm_research.theme import new_axes
from tests.reporting.pages import a_figure, a_notebook, a_task, a_whole_notebook

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """A report's page and the index over it, one failed report included."""
    out = tmp_path_factory.mktemp("reports")
    scratch = tmp_path_factory.mktemp("scratch")
    times = {"started_at": "2026-01-01T00:00:00+00:00", "ended_at": "2026-01-01T00:00:05+00:00", "seconds": 5.0}
    figures = (
        a_figure(),
        a_figure(id="test.refuted", label="Back <in> a year", verdict="refuted", validation="holdout: 26 %, not 28 %"),
        a_figure(id="test.held", label="Renewals", verdict="agrees", group="a & b"),
    )
    records = tuple(one.as_record() for one in figures)
    good = Outcome(**times, figures=records, answer=("Half of the customers buy again.",))
    bad = Outcome(**times, failure=Failure(kind="ValueError", message="no customers <here>" * 20))
    task, failing = a_task(scratch), a_task(scratch, report="failing")
    task.page.write_text(render_page(a_whole_notebook(), task), encoding="utf-8")
    task.executed.write_text("{}", encoding="utf-8")
    page = publish(out, task, good, {"python": "3.11"})
    publish(out, failing, bad, {"python": "3.11"})
    drawn = scratch / "phone.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PICTURES, "png")
        chart = show.Chart(draw_a_line, alt="One falling line.")
        notebook = a_notebook("# Test report\n\nWho leaves?", "## Answer", lambda: chart.render().show())
    drawn.write_text(render_page(notebook, task), encoding="utf-8")
    earlier = a_task(scratch, study=replace(task.study, as_of="2024-06-01"))
    before = a_figure(id="test.held", label="Renewals", estimate=0.2, lower=0.15, upper=0.25, group="a & b")
    publish(out, earlier, replace(good, figures=(before.as_record(),)), {"python": "3.11"})
    index = write_index(out)
    return {
        "report": page, "index": index, "phone": drawn, "ledger": page.with_name("ledger.html"),
        "changes": page.with_name("changes-since-2024-06-01.html"),
    }  # fmt: skip


def draw_a_line(ax=None):
    ax = new_axes(title="Basic leaves more", xlabel="months", ax=ax)
    ax.plot([1, 2, 3], [0.9, 0.8, 0.7])
    return ax


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The folder of all reports of a sample, made once for all tests that look at them."""
    from crm_research.reporting.run import run_reports

    made: dict[str, Path] = {}

    def pages_of(study: str) -> Path:
        if study not in made:
            made[study] = tmp_path_factory.mktemp(study)
            run_reports(studies=[study], out=made[study])
        return made[study]

    return pages_of


@pytest.fixture
def open_page(chromium, pages):
    """Open a page with everything but its own file refused; the faults found are collected on `page.faults`."""
    contexts = []

    def open_(name: str, voice: str = "researcher", **options):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        # Remembered as a reader who chose it once.
        context.add_init_script(f"localStorage.setItem('crm-voice', '{voice}')")
        context.set_default_timeout(5_000)
        page = context.new_page()
        page.faults = []
        address = pages[name].as_uri()

        def guard(route):
            if route.request.url.split("#")[0] == address:
                route.continue_()
            else:
                page.faults.append(f"asked for {route.request.url}")
                route.abort()

        page.route("**/*", guard)
        page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["report", "index", "ledger", "changes"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.slow
def test_a_page_asks_for_nothing_and_reports_no_error(open_page, name, scheme):
    page = open_page(name, color_scheme=scheme)
    page.wait_for_timeout(200)
    assert page.faults == []


@pytest.mark.parametrize("name", ["report", "index", "ledger", "changes"])
@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_only_tables_and_pictures_scroll_sideways(open_page, name, width):
    page = open_page(name, viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = page.evaluate(
        """() => [...document.querySelectorAll('main *, header *')]
            .filter(e => !e.closest('.scroll, pre, .skip, .sr-only'))
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert beyond == []


WHICH = """() => [...document.querySelectorAll('.crm-chart:has(> .narrow)')].map(chart => ({
    wide: chart.querySelector('.scroll').getClientRects().length > 0,
    narrow: chart.querySelector('.narrow').getClientRects().length > 0,
    width: Math.max(...[...chart.querySelectorAll('svg')].map(svg => svg.getBoundingClientRect().width)),
    smallest: Math.min(...[...chart.querySelectorAll('.narrow svg text')].map(t => t.getBoundingClientRect().height)),
}))"""


def test_a_phone_gets_the_narrow_drawing_whole_and_everybody_else_the_wide_one(open_page):
    (phone,) = open_page("phone", viewport={"width": 390, "height": 800}).evaluate(WHICH)
    assert (phone["wide"], phone["narrow"]) == (False, True)
    assert 300 <= phone["width"] <= 390
    assert phone["smallest"] > 9
    desk = open_page("phone")
    (wide,) = desk.evaluate(WHICH)
    assert (wide["wide"], wide["narrow"]) == (True, False)
    desk.emulate_media(media="print")
    (printed,) = desk.evaluate(WHICH)
    assert (printed["wide"], printed["narrow"]) == (True, False)


def test_code_is_folded_until_it_is_asked_for(open_page):
    page = open_page("report")
    assert not page.locator("details.code pre").first.is_visible()
    page.get_by_role("button", name="Show code").click()
    assert page.locator("details.code pre").first.is_visible()
    page.get_by_role("button", name="Hide code").click()
    assert not page.locator("details.code pre").first.is_visible()


def test_dark_follows_the_reader_and_can_be_switched(open_page):
    page = open_page("report", color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(20, 24, 29)"
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    label = page.locator("figure svg text").first
    assert label.evaluate("e => getComputedStyle(e).fill") == "rgb(95, 107, 118)"
    page.get_by_role("button", name="Dark").click()
    assert label.evaluate("e => getComputedStyle(e).fill") == "rgb(159, 171, 183)"


def test_a_table_copies_as_tab_separated_text(open_page):
    page = open_page("report")
    page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text; }")
    page.get_by_role("button", name="Copy table: Segments").click()
    page.wait_for_function("window.copied")
    lines = page.evaluate("window.copied").split("\n")
    assert lines[0].split("\t")[:2] == ["segment", "measure 0"]
    assert lines[1].split("\t")[0] == "北京"


CUT = """() => [...document.querySelectorAll('.crm-table')].map(block => {
    const box = block.querySelector('.scroll'), sign = block.querySelector('.more');
    return {
        title: box.getAttribute('aria-label'),
        isCut: box.scrollWidth > box.clientWidth + 1,
        isSaid: sign !== null && sign.getClientRects().length > 0,
        hidden: box.clientWidth === 0,
    };
})"""


def test_a_table_uses_the_width_there_is_and_says_where_it_is_cut(open_page):
    page = open_page("report")
    page.wait_for_timeout(200)
    tables = {table["title"].split(",")[0]: table for table in page.evaluate(CUT)}
    assert (tables["Contact first"]["isCut"], tables["Contact first"]["isSaid"]) == (False, False)
    many = tables["Segments by fourteen measures"]
    assert (many["isCut"], many["isSaid"]) == (True, True)
    # The names of the rows stay where they are while the numbers are pushed.
    name, number = (page.locator(f".is-cut tbody tr >> nth=0 >> {part} >> nth=0") for part in ("th", "td"))
    before = name.bounding_box()["x"], number.bounding_box()["x"]
    page.evaluate("document.querySelector('.is-cut .scroll').scrollLeft = 90")
    after = name.bounding_box()["x"], number.bounding_box()["x"]
    assert (after[0] - before[0], after[1] - before[1]) == (0, -90)


def test_a_table_in_a_fold_says_that_it_is_cut_once_it_is_opened(open_page):
    page = open_page("report", viewport={"width": 500, "height": 800})
    page.evaluate("document.querySelectorAll('.crm-chart details').forEach(part => part.open = true)")
    page.wait_for_timeout(200)
    seen = page.evaluate(CUT)
    assert all(table["isCut"] == table["isSaid"] for table in seen)
    assert sum(table["isCut"] for table in seen) >= 2


ROWS = """() => [...document.querySelectorAll('.crm-table.is-cut')].map(block => {
    const [first] = block.querySelectorAll('tbody tr'), cells = [...first.cells];
    const names = cells.slice(1).map(cell => getComputedStyle(cell, '::before').content.slice(1, -1));
    const left = cells.map(cell => cell.getBoundingClientRect());
    return {
        names, head: [...block.querySelectorAll('thead th')].slice(1).map(cell => cell.textContent),
        below: left.slice(1).every((box, place) => box.top >= left[place].bottom - 1),
        within: left.every(box => box.left >= 0 && box.right <= innerWidth),
    };
})"""


def test_on_a_phone_a_wide_table_becomes_a_block_a_row_and_nothing_is_pushed_sideways(open_page):
    page = open_page("report", viewport={"width": 390, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.wait_for_timeout(200)
    stacked = page.evaluate(ROWS)
    assert len(stacked) >= 2
    assert all(row["names"] == row["head"] and row["below"] and row["within"] for row in stacked)
    assert not any(table["isCut"] or table["isSaid"] for table in page.evaluate(CUT))
    # Paper has room for the columns, whatever the screen was that it was printed from.
    page.emulate_media(media="print")
    assert page.locator(".crm-table.is-cut thead").first.is_visible()


def test_rows_of_a_list_stay_low_where_a_reason_stands_out_of_sight(open_page):
    page = open_page("report", viewport={"width": 560, "height": 800})
    page.wait_for_timeout(200)
    rows = page.locator(".crm-table", has_text="Contact first").locator("tbody tr")
    assert max(row.bounding_box()["height"] for row in rows.all()) < 70


FIRST_SCREENS = """() => {
    const end = part => part ? part.getBoundingClientRect().bottom + scrollY : null;
    const links = [...document.querySelectorAll('.brief a[href^="#"]')];
    return {
        picture: end(document.querySelector('.headline svg')),
        manager: document.querySelector('#behind').getBoundingClientRect().top + scrollY,
        asked: document.querySelectorAll('.answer, .advice').length,
        dead: links.map(link => link.getAttribute('href')).filter(to => !document.querySelector(to)),
        listed: document.querySelectorAll('.contents li').length,
        headings: document.querySelectorAll('article :is(h2, h3)').length,
        stacked: [...document.querySelectorAll('main :is(h2, p, li, td, figure):not(nav *)')]
            .filter(part => part.checkVisibility() && document.documentElement.dataset.voice === 'manager')
            .filter((part, i, all) => part.tagName === 'H2' && (all[i + 1] || part).tagName === 'H2')
            .map(part => part.textContent),
        tall: [...document.querySelectorAll('details.missing:not([open])')].filter(e => e.offsetHeight > 60).length,
    };
}"""
SCREEN, MOST_SCREENS = 900, 3


def assert_first_screens(page, name):
    seen = page.evaluate(FIRST_SCREENS)
    # What a department reads is a list of what to do.
    if not name.startswith("summary-"):
        assert seen["picture"] is not None, name
        assert seen["picture"] <= SCREEN, (name, seen)
    assert seen["manager"] <= MOST_SCREENS * SCREEN, (name, seen)
    assert seen["dead"] == [], (name, seen)
    # Everything that has a heading is in the contents, and the ends of the page beside it.
    assert seen["listed"] >= seen["headings"] + 2, (name, seen)
    assert seen["tall"] == 0, (name, seen)
    assert seen["stacked"] == [], (name, seen)


def test_one_picture_is_whole_on_the_first_screen_and_the_managers_part_is_three_at_most(open_page):
    page = open_page("report")
    assert_first_screens(page, "report")
    assert page.locator(".headline .crm-headings .title").text_content().startswith("Half of them are back")
    assert "Half of them are back" not in page.locator(".headline svg text").all_text_contents()


@pytest.mark.slow
def test_the_manager_reads_what_to_do_with_links_that_lead_somewhere(chromium, tmp_path):
    from crm_research.reporting.run import run_reports

    run_reports(["customer-base"], studies=["cdnow"], out=tmp_path)
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto(next(tmp_path.rglob("customer-base.html")).as_uri())
    assert_first_screens(page, "customer-base")
    links = page.locator(".brief a.proof")
    assert links.count() >= 4
    page.locator(".crm-advice a.proof").first.click()
    page.wait_for_timeout(200)
    assert page.locator(".contents a[aria-current]").count() == 1
    page.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_words_in_a_picture_are_nine_pixels_high_or_more_and_a_cut_one_says_so(open_page, width):
    page = open_page("report", viewport={"width": width, "height": 844})
    page.wait_for_timeout(200)
    seen = page.evaluate(
        """() => [...document.querySelectorAll('.crm-chart')].map(part => {
            const svg = part.querySelector('svg');
            const box = part.querySelector('.scroll'), sign = part.querySelector('.more');
            const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
            const sizes = [...svg.querySelectorAll('text')].map(e => parseFloat(getComputedStyle(e).fontSize) * scale);
            return {
                least: Math.min(...sizes),
                agrees: (box.scrollWidth > box.clientWidth + 1) === (sign.getClientRects().length > 0),
            };
        })"""
    )
    assert seen
    assert all(picture["least"] >= 9 and picture["agrees"] for picture in seen)


@pytest.mark.slow
@pytest.mark.parametrize("study", ["simulated", "telco"])
def test_no_table_of_a_sample_is_cut_without_a_sign(chromium, sample, study):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    for path in sorted(sample(study).rglob("*.html")):
        page.goto(f"{path.as_uri()}?voice=researcher")
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        page.wait_for_timeout(300)
        seen = page.evaluate(CUT)
        assert [table for table in seen if table["isCut"] != table["isSaid"]] == [], path.name
        assert not any(table["hidden"] for table in seen), path.name
        if path.name not in {"index.html", "ledger.html"} and "changes" not in path.name:
            page.goto(f"{path.as_uri()}?voice=manager")
            assert_first_screens(page, path.name)
    page.close()


def test_the_button_names_the_other_scheme_when_the_system_changes(open_page):
    page = open_page("report", color_scheme="light")
    page.emulate_media(color_scheme="dark")
    # The page hears of it a moment later.
    page.wait_for_function("document.querySelector('#theme').textContent === 'Light'")


def test_contents_lead_to_their_sections_and_pictures_have_names(open_page):
    page = open_page("report")
    for link in page.locator(".contents a").all():
        assert page.locator(link.get_attribute("href")).count() == 1
    for drawing in page.locator("svg").all():
        assert drawing.get_attribute("role") == "img"
        described = drawing.get_attribute("aria-labelledby").split()
        assert all(page.locator(f"#{name}").text_content().strip() for name in described)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_print_shows_parameters_and_hides_what_only_a_screen_needs(open_page):
    page = open_page("report")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.get_by_text("From when.").is_visible()
    assert not page.locator(".tools").is_visible()
    assert not page.locator(".contents").is_visible()


def test_on_paper_the_key_figures_stand_below_the_answer(open_page):
    page = open_page("report")
    page.emulate_media(media="print")
    tops = [page.locator(part).first.bounding_box()["y"] for part in (".answer", ".key", ".headline")]
    assert tops == sorted(tops)


def test_print_says_nothing_twice_and_is_light_where_the_reader_likes_it_dark(open_page):
    page = open_page("report", color_scheme="dark")
    page.evaluate(
        """() => document.querySelector('article').insertAdjacentHTML('beforeend', `
            <details class="folded crm" id="long"><summary>Everybody: 30 rows</summary><div class="crm-table">
            <table><caption>Everybody</caption><tbody><tr><td>one</td></tr></tbody></table></div></details>
            <details class="missing"><summary><h3>Why?</h3> <span class="why">No reason.</span></summary>
            <p>No reason.</p><p>What it would tell.</p></details>`)"""
    )
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    long = page.locator("#long")
    assert (long.locator("summary").is_visible(), long.locator("caption").is_visible()) == (False, True)
    told = page.locator("details.missing", has_text="What it would tell.")
    seen = [part.is_visible() for part in told.get_by_text("No reason.").all()]
    assert (seen, told.get_by_text("What it would tell.").is_visible()) == ([True, False], True)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_first_tab_stop_skips_to_the_report(open_page):
    page = open_page("report")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"


def violations_of(page, only: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds on a page with everything open, by all its rules or by these only."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("axe-playwright-python, which carries axe-core, is not installed")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.evaluate(Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8"))
    asked = {"runOnly": list(only)} if only else {}
    violations = page.evaluate("async (asked) => (await axe.run(asked)).violations", asked)
    return [f"{rule['id']}: {node['html'][:120]}" for rule in violations for node in rule["nodes"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "voice"),
    [("report", "researcher"), *((name, "manager") for name in ("report", "index", "ledger", "changes"))],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, name, voice, scheme):
    page = open_page(name, voice, color_scheme=scheme)
    if (name, voice) == ("report", "researcher"):
        page.get_by_role("button", name="Show code").click()
    assert violations_of(page) == []


def test_each_point_of_a_picture_says_its_value_under_the_pointer(open_page):
    page = open_page("report")
    said = page.evaluate(
        """() => [...document.querySelectorAll('svg g.hover > *')].map(mark => {
            mark.scrollIntoView({block: 'center'});
            const box = mark.getBoundingClientRect();
            const met = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return [met === mark, mark.querySelector('title').textContent];
        })"""
    )
    assert [words for _, words in said[:3]] == ["1: 0.1", "2: 0.3", "3: 0.5"]
    assert all(is_met for is_met, _ in said)
    # The picture keeps its own words for those who do not see it, and nothing is seen of the places.
    assert page.get_by_role("img", name="The share rises to one half").first.is_visible()
    style = "e => [getComputedStyle(e).fillOpacity, getComputedStyle(e).stroke]"
    assert page.locator("svg g.hover > *").first.evaluate(style) == ["0", "none"]


def test_the_ledger_is_sifted_by_words_and_by_what_came_of_the_check(open_page):
    page = open_page("ledger")
    shown = """() => [...document.querySelectorAll('.entries > li')].filter(row => row.getClientRects().length)
        .map(row => row.querySelector('.what').textContent.trim())"""
    assert len(page.evaluate(shown)) == 3
    for voice, said in (("Manager", "time kept apart for the check"), ("Researcher", "holdout")):
        page.get_by_role("button", name=voice).click()
        failing = page.inner_text(".failing li").replace("\xa0", " ")
        assert failing == f"Back <in> a year, 50.0 %: {said}: 26 %, not 28 %"
    page.uncheck("input[value=fails]")
    assert page.evaluate(shown) == ["Customers who buy again", "Renewals: a & b"]
    assert page.text_content(".left") == "2 of 3 shown"
    page.fill("#find", "RENEW a")
    assert page.evaluate(shown) == ["Renewals: a & b"]
    page.fill("#find", "no such words")
    assert page.text_content(".left") == "None of them."
    assert page.evaluate("[...document.querySelectorAll('.chapter')].every(part => part.hidden)")
    page.fill("#find", "")
    page.check("input[value=fails]")
    assert page.text_content(".left") == ""
    assert len(page.evaluate(shown)) == 3


def shown_to(page) -> str:
    """The text that is seen, with everything opened that opens."""
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    return page.evaluate("document.body.innerText")


def test_a_manager_reads_plain_words_and_a_researcher_everything(open_page):
    page = open_page("report", voice="manager")
    assert page.get_by_role("button", name="Manager").get_attribute("aria-pressed") == "true"
    assert not page.get_by_role("button", name="Show code").is_visible()
    told = shown_to(page)
    assert "Half of the customers buy again." in told
    assert "200 records" in told
    assert not any(word in told for word in ("n = 200", "not validated", "How do we know", "A test has few customers."))
    page.get_by_role("button", name="Researcher").click()
    told = shown_to(page)
    assert all(word in told for word in ("n = 200", "not validated", "How do we know", "A test has few customers."))
    assert "200 records" not in told
    assert page.evaluate("localStorage.getItem('crm-voice')") == "researcher"


def test_the_voice_is_remembered_and_an_address_may_name_it(chromium, pages):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(pages["report"].as_uri())
    assert page.evaluate("document.documentElement.dataset.voice") == "manager"
    page.get_by_role("button", name="Researcher").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.voice") == "researcher"
    page.get_by_role("button", name="Manager").click()
    page.goto(f"{pages['report'].as_uri()}?voice=researcher")
    assert page.get_by_text("n = 200").first.is_visible()
    page.goto(pages["report"].as_uri())
    assert page.evaluate("document.documentElement.dataset.voice") == "manager"
    context.close()


def test_a_link_to_what_only_researchers_see_shows_it_and_changes_no_habit(open_page, pages):
    page = open_page("report", voice="manager")
    page.goto(f"{pages['report'].as_uri()}#how-sure-are-we")
    page.reload()
    assert page.locator("#how-sure-are-we").is_visible()
    assert page.evaluate("localStorage.getItem('crm-voice')") == "manager"
    assert page.locator("#told").text_content().startswith("The whole report is shown")


def test_without_a_script_everything_is_there(chromium, pages):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["report"].as_uri())
    assert page.get_by_text("n = 200").first.is_visible()
    assert page.get_by_text("A test has few customers.").is_visible()
    assert not page.get_by_text("200 records").first.is_visible()
    assert not page.locator(".tools").is_visible()
    assert page.get_by_role("navigation", name="Reports of this study").get_by_role("link").count() >= 2
    context.close()


SORTED = """
<div class="crm crm-table"><div class="scroll" tabindex="0"><table><caption>Mixed, "all"</caption>
<thead><tr><th scope="col">name</th><th scope="col" class="num">share</th><th scope="col" class="num">money</th>
<th scope="col" class="num">time</th><th scope="col" class="date">day</th></tr></thead><tbody>
<tr><th scope="row">Öl</th><td>9.5 %</td><td>1.20 m USD</td><td>3 months</td><td>2024-02-01</td></tr>
<tr><th scope="row">=SUM(A1)</th><td>under 0.01 %</td><td>900 k USD</td><td>2.0 years</td><td>2023-12-31</td></tr>
<tr><th scope="row">apple</th><td>not known</td><td>-12 USD</td><td>89 days</td><td>–</td></tr>
<tr><th scope="row">北京</th><td>10 %</td><td>1,234.5 USD</td><td>not reached</td><td>2024-01-15</td></tr>
</tbody></table></div></div>"""

MIXED = ".crm-table:has(caption:text('Mixed'))"


@pytest.fixture
def sorting(open_page, pages, tmp_path):
    """A page whose first table holds numbers of every kind."""
    text = pages["report"].read_text(encoding="utf-8").replace("<article>", f"<article>{SORTED}", 1)
    pages["sorted"] = tmp_path / "sorted.html"
    pages["sorted"].write_text(text, encoding="utf-8")
    return open_page("sorted")


def column(page, place):
    return page.locator(MIXED).locator(f"tbody tr > :nth-child({place})").all_text_contents()


@pytest.mark.parametrize(
    ("head", "place", "first", "then"),
    [
        ("share", 2, ["10 %", "9.5 %", "under 0.01 %", "not known"], ["under 0.01 %", "9.5 %", "10 %", "not known"]),
        ("money", 3, ["1.20 m USD", "900 k USD", "1,234.5 USD", "-12 USD"],
         ["-12 USD", "1,234.5 USD", "900 k USD", "1.20 m USD"]),
        ("time", 4, ["2.0 years", "3 months", "89 days", "not reached"],
         ["89 days", "3 months", "2.0 years", "not reached"]),
        ("day", 5, ["2023-12-31", "2024-01-15", "2024-02-01", "–"], ["2024-02-01", "2024-01-15", "2023-12-31", "–"]),
        ("name", 1, ["=SUM(A1)", "apple", "Öl", "北京"], ["北京", "Öl", "apple", "=SUM(A1)"]),
    ],
)  # fmt: skip
def test_a_table_is_sorted_by_value_with_the_keyboard_and_goes_back(sorting, head, place, first, then):
    before = column(sorting, place)
    button = sorting.locator(MIXED).get_by_role("button", name=head, exact=True)
    button.focus()
    sorting.keyboard.press("Enter")
    assert column(sorting, place) == first
    way = sorting.locator(MIXED).locator(f"thead th:nth-child({place})")
    assert way.get_attribute("aria-sort") == ("ascending" if head in ("day", "name") else "descending")
    sorting.keyboard.press("Enter")
    assert column(sorting, place) == then
    sorting.keyboard.press("Space")
    assert column(sorting, place) == before
    assert way.get_attribute("aria-sort") is None


def test_a_table_is_saved_as_its_cells_are_shown_and_no_cell_is_a_formula(sorting):
    with sorting.expect_download() as saved:
        sorting.get_by_role("button", name='Save as CSV: Mixed, "all"').click()
    assert saved.value.suggested_filename == "mixed-all.csv"
    text = Path(saved.value.path()).read_bytes().decode("utf-8")
    assert text == (
        "\ufeffname,share,money,time,day\r\nÖl,9.5 %,1.20 m USD,3 months,2024-02-01\r\n"
        "'=SUM(A1),under 0.01 %,900 k USD,2.0 years,2023-12-31\r\napple,not known,-12 USD,89 days,–\r\n"
        '北京,10 %,"1,234.5 USD",not reached,2024-01-15\r\n'
    )
    assert sorting.faults == []


@pytest.mark.parametrize(
    ("cell", "saved"),
    [
        ("-2 +3+cmd|' /C calc'!A0", "'-2 +3+cmd|' /C calc'!A0"),
        ("+1 =cmd", "'+1 =cmd"),
        ("-12 % to -3 %", "'-12 % to -3 %"),
        ("-12.5 EUR", "-12.5 EUR"),
        ("+3 %", "+3 %"),
    ],
)
def test_what_follows_an_amount_makes_no_formula_of_it(sorting, cell, saved):
    sorting.locator(MIXED).locator("tbody tr:first-child td").first.evaluate(
        "(at, text) => { at.textContent = text; }", cell
    )
    with sorting.expect_download() as found:
        sorting.get_by_role("button", name='Save as CSV: Mixed, "all"').click()
    row = Path(found.value.path()).read_text(encoding="utf-8-sig").splitlines()[1]
    assert row.startswith(f"Öl,{saved},")


def test_search_finds_by_words_of_any_alphabet_and_leads_to_the_very_figure(open_page, pages):
    page = open_page("index", voice="manager")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("RENÉWALS handmade")
    assert page.locator("#n-found").text_content() == "1 found."
    page.keyboard.press("ArrowDown")
    target = page.evaluate("document.activeElement.getAttribute('href')")
    assert target.endswith("good.html#figure-test-held-a-b")
    page.keyboard.press("Escape")
    assert (page.locator("#found a").count(), page.evaluate("document.activeElement.id")) == (0, "find")
    page.keyboard.type("公司 back")
    assert [link.text_content() for link in page.locator("#found a").all()] == ["Back <in> a year"]
    for quoted in ('"Back" year', "“公司” back", "「公司」 back", '"'):
        page.fill("#find", quoted)
        assert page.locator("#found a").count() == (quoted != '"'), quoted
    page.fill("#find", "nowhere")
    assert page.locator("#n-found").text_content() == "Nothing is found."
    assert page.faults == []


def test_two_days_are_reached_from_the_index_and_from_a_report(open_page, pages):
    page = open_page("changes", voice="manager")
    assert page.locator("h1").text_content() == "What has changed"
    assert page.get_by_text("Moved by more than chance explains (1)").is_visible()
    assert page.locator(".reports [aria-current]").text_content() == "What has changed"
    assert pages["changes"].name in pages["index"].read_text(encoding="utf-8")
    assert pages["changes"].name in pages["report"].read_text(encoding="utf-8")


# Held apart from the words that pages are made by.
_STATISTICS = re.compile(
    r"\b(confidence interval|\d %\s+interval|hazard|p-value|log-rank|bootstrap|estimator|validat|holdout|covariate|"
    r"regression|likelihood|posterior|bayes|quantile|percentile|median|variance|standard (error|deviation)|significan|"
    r"coefficient|correlat|AUC|Brier|calibrat|Kaplan|Cox\b|NBD|Dirichlet|Markov|silhouette|censor|survival|odds|residual|"
    r"refuted|verdict|n = \d|RFM|recency|tenure|frailty|concordance|propensity|degrees of freedom|hypothesis)",
    re.IGNORECASE,
)


PLAIN, WHOLE_IN_THE_DARK = ("manager", "light"), ("researcher", "dark")
EVERY_WAY = (PLAIN, ("manager", "dark"), ("researcher", "light"), WHOLE_IN_THE_DARK)


def assert_plain_and_open_to_all(browser, path, ways):
    """In a manager's voice no word of statistics, and the answer, the picture; in these ways WCAG AA."""
    for voice, scheme in ways:
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(f"{path.as_uri()}?voice={voice}")
        # What is not of colours is the same in the dark; the voice was looked at in another light.
        only = () if (voice, scheme) in (PLAIN, WHOLE_IN_THE_DARK) else ("color-contrast",)
        assert violations_of(page, only) == [], (path, voice, scheme)
        if (voice, scheme) == PLAIN:
            # A file's name is a name.
            told = re.sub(r"[\w-]+\.csv", "", shown_to(page))
            found = [told[max(0, hit.start() - 40) : hit.end() + 20] for hit in _STATISTICS.finditer(told)]
            assert found == [], path
            answer = page.locator(".answer p").first
            assert answer.is_visible(), path
            # What a department reads is a list of what to do.
            assert path.name.startswith("summary-") or page.locator(".headline figure").is_visible(), path
            assert page.locator(".key > .crm-cards > .crm-card:visible").count() <= 4, path
        context.close()


@pytest.mark.slow
@pytest.mark.parametrize("study", ["cdnow", "complete-journey", "simulated", "telco"])
def test_every_sample_page_is_plain_for_managers_and_open_to_all(chromium, sample, study):
    out = sample(study)
    made = [path for path in sorted(out.glob("*/*/*.html")) if path.name != "ledger.html"]
    assert len(made) >= 3
    for path in made:
        # Voices and schemes are the house's own: all four are looked at where a study has every table.
        assert_plain_and_open_to_all(chromium, path, EVERY_WAY if study == "simulated" else (PLAIN, WHOLE_IN_THE_DARK))
    page = chromium.new_page()
    page.goto((out / "index.html").as_uri())
    page.fill("#find", "a")
    hrefs = page.evaluate("JSON.parse(document.getElementById('search-data').textContent).map(entry => entry[2])")
    # What is found stands on the page that the link leads to.
    texts = {path: (out / path).read_text(encoding="utf-8") for path in {href.split("#")[0] for href in hrefs}}
    missing = [href for href in hrefs if "#" in href and f'id="{href.split("#")[1]}"' not in texts[href.split("#")[0]]]
    assert missing == []
    page.close()
