"""The site of docs/ is whole: a page and a picture for each report, a page for each room that is offered."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import tomllib

import click
import pytest

from crm_research.catalogue import reports
from crm_research.cli import cli
from tests.architecture import ROOT

DOCS = ROOT / "docs"
ROOMS = sorted(
    path.parent.relative_to(ROOT / "src").as_posix().replace("/", ".")
    for floor in ("pillars", "models")
    for path in (ROOT / "src/crm_research" / floor).glob("*/__init__.py")
)


@pytest.mark.parametrize("report", reports())
def test_every_report_has_its_page_with_question_and_picture(report):
    text = (DOCS / "reports" / f"{report}.md").read_text(encoding="utf-8")
    assert f"**{reports()[report].question}**" in text
    assert f"](../images/{report}.webp)" in text
    assert f"```{{catalogued}} {report}\n" in text
    assert f"[{text.splitlines()[0][2:]}]({report}.md) | {reports()[report].question} |" in (
        DOCS / "reports/index.md"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_that_is_offered_has_its_page_of_the_interface(room):
    _, floor, name = room.split(".")
    page = DOCS / "api" / ("models" if floor == "models" else "") / f"{name}.md"
    assert f".. automodule:: {room}\n   :members:\n" in page.read_text(encoding="utf-8")


def test_modules_that_make_figures_are_the_ones_named():
    """The table of docs/architecture.md: every id of the source stands in a module named beside its beginning."""
    named = {}
    for row in re.findall(r"^\| `([a-z.]+\.)` \|(.*)\|$", (DOCS / "architecture.md").read_text(encoding="utf-8"), re.M):
        named[row[0]] = set(re.findall(r"`([a-z_/]+\.py)`", row[1]))
    folder = ROOT / "src/crm_research/pillars"
    made = {beginning: set() for beginning in named}
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for beginning in named:
            literal = rf"(?:^[A-Z_0-9]+(?:: Final)? = |\bid=|\(\n\s+)f?\"{re.escape(beginning)}"
            if re.search(literal, text, re.M) and f'"{beginning}json"' not in text:
                made[beginning].add(path.relative_to(folder).as_posix())
    ids = {figure for report in reports().values() for figure in report.figure_ids}
    assert {figure for figure in ids if not figure.startswith(tuple(named))} == set()
    assert {beginning: paths - named[beginning] for beginning, paths in made.items() if paths - named[beginning]} == {}
    gone = [path for paths in named.values() for path in paths if not (folder / path).exists()]
    assert gone == []


def test_what_the_site_needs_is_declared_and_used():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    names = [re.match(r"[a-z-]+", line)[0].replace("-", "_") for line in declared["docs"]]
    users = ("docs/conf.py", "Makefile", "scripts/draw_pictures.py")
    used = "".join((ROOT / path).read_text(encoding="utf-8") for path in users)
    named = {"sphinx": "/sphinx-build ", "pillow": "from PIL import"}
    assert [name for name in names if named.get(name, f'"{name}"') not in used] == []


def blocks(language):
    """Code of that language in README and docs, with the page that shows it."""
    pages = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_site" not in path.parts)]
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.M | re.S)
    return [
        (page.relative_to(ROOT).as_posix(), code) for page in pages for code in fence.findall(page.read_text("utf-8"))
    ]


def test_commands_that_the_docs_show_are_there():
    """A reader who types what stands there must not be told that there is no such command, option or target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    unknown, seen = [], set()
    for page, code in blocks("sh"):
        for line in re.sub(r"\s#.*", "", code, flags=re.M).splitlines():
            words = line.split()
            if words[:1] == ["make"]:
                seen.add(line)
                unknown += [f"{page}: {line}"] if words[1] not in targets else []
            elif words[:1] in (["crm-research"], [".venv/bin/crm-research"]):
                seen.add(line)
                options = {word.partition("=")[0] for word in words if word.startswith("--")}
                known = known_options(words[1:])
                unknown += [f"{page}: {line}"] if known is None or options - known else []
    assert unknown == []
    assert len(seen) > 15


def known_options(words):
    """The options of the command that these words begin with; None where there is no such command."""
    command = cli
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words[0]) if words else None
        words = words[1:]
    if command is None:
        return None
    return {"--help", "--traceback"} | {name for option in command.params for name in option.opts}


@pytest.mark.slow
@pytest.mark.parametrize(("page", "code"), [one for one in blocks("python") if one[0].startswith("docs/guide/")])
def test_examples_of_the_guide_run_as_they_stand(page, code):
    exec(compile(code, page, "exec"), {})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--builder", "html"]
    built = subprocess.run(
        [*command, "--doctree-dir", folder / "trees", DOCS, folder / "html"], capture_output=True, text=True
    )
    assert (built.returncode, built.stdout + built.stderr) == (0, "")
    return folder / "html"


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_fetches_nothing(site):
    asks = re.compile(r"<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=\"(?:https?:)?//[^\"]*\"")
    assert {path.name: asks.findall(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}.keys() >= {
        "index.html",
        "search.html",
        *(f"{report}.html" for report in reports()),
    }
    assert [found for path in site.rglob("*.html") for found in asks.findall(path.read_text(encoding="utf-8"))] == []
    assert [
        path.name for path in site.rglob("*.css") if re.search(r"url\(\s*['\"]?(https?:)?//", path.read_text())
    ] == []


@pytest.mark.slow
def test_a_report_page_says_what_the_catalogue_says(site):
    page = (site / "reports/segmentation.html").read_text(encoding="utf-8")
    assert "orders, contracts, customers, surveys or activity_use" in page
    assert "Fewest groups that can be served apart." in page
    # Described once for all reports; this report changes the default alone.
    assert "Name of a study, or the path of a study file." in page
    assert "Are the groups found again?" in page
    for figure in reports()["segmentation"].figure_ids:
        assert figure in page


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_the_interface_names_all_that_a_room_offers(site, room):
    _, floor, name = room.split(".")
    page = (site / "api" / ("models" if floor == "models" else "") / f"{name}.html").read_text(encoding="utf-8")
    module = importlib.import_module(room)
    documented = [one for one in module.__all__ if callable(getattr(module, one)) and getattr(module, one).__doc__]
    assert [one for one in documented if f'id="{room}.{one}"' not in page] == []


@pytest.mark.slow
@pytest.mark.browser
def test_search_works_on_pages_opened_from_the_disk_and_asks_nobody(site):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto((site / "reports/churn.html").as_uri())
        page.fill("input[name=q]", "estimate_survival")
        page.press("input[name=q]", "Enter")
        page.wait_for_selector("#search-results li a")
        found = page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
        browser.close()
    assert any(link.partition("#")[0].endswith("api/models/survival.html") for link in found)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert complaints == []
