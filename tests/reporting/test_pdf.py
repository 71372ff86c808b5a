"""A page as PDF: what it holds, and what becomes of a browser that does not do as it should."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest

from crm_research.errors import CrmError
from crm_research.reporting import pdf as pdf_module
from crm_research.reporting.harvest import read_figures
from crm_research.reporting.pdf import find_chromium, for_print, print_page
from crm_research.reporting.render import render_page
from crm_research.reporting.run import run_reports
from crm_research.settings import CHROMIUM
from tests.reporting.pages import a_task, a_whole_notebook

RUNNING = "Test report · “The” <study>, as of 2024-07-01"


@pytest.fixture(autouse=True)
def _asked_anew():
    pdf_module._version_of.cache_clear()


def a_browser(folder: Path, script: str) -> str:
    path = folder / "browser"
    path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "Chromium 140.0.1"; exit; fi\n{script}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def printed(tmp_path: Path, **options) -> Path:
    page = tmp_path / "page.html"
    page.write_text("<html><head></head><body>page</body></html>", encoding="utf-8")
    return print_page(page, tmp_path / "page.pdf", running=RUNNING, as_of="2024-07-01", **options)


def test_without_a_browser_nothing_is_started(project, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CrmError, match="--pdf needs Chromium or Chrome, and none of its names is on the PATH"):
        run_reports(["good"], studies=["handmade"], out=tmp_path / "out", formats=["pdf"])
    monkeypatch.setenv(CHROMIUM, "/nowhere/chrome")
    with pytest.raises(CrmError, match="CRM_RESEARCH_CHROMIUM names /nowhere/chrome, which is no program"):
        run_reports(["good"], studies=["handmade"], out=tmp_path / "out", formats=["pdf"])
    assert not (tmp_path / "out").exists()


def test_a_browser_that_cannot_number_pages_is_told(tmp_path, monkeypatch):
    path = tmp_path / "old"
    path.write_text("#!/bin/sh\necho Chromium 120.0.6099.1\n")
    path.chmod(0o755)
    monkeypatch.setenv(CHROMIUM, str(path))
    with pytest.raises(CrmError, match=r"needs Chromium 131 or later.* is 120"):
        find_chromium()


def test_a_browser_that_hangs_is_ended_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(CHROMIUM, a_browser(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60"))
    started = time.monotonic()
    with pytest.raises(CrmError, match=r"page\.pdf could not be printed: browser did not end within 0\.4 seconds"):
        printed(tmp_path, seconds=0.4)
    assert time.monotonic() - started < 5
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["browser", "page.html", "pid"]


@pytest.mark.parametrize(
    ("script", "said"),
    [("echo it broke >&2; exit 3", "ended with 3 and left no whole file: it broke"), ("exit 0", "ended with 0")],
)
def test_a_browser_that_fails_is_told_and_leaves_nothing(tmp_path, monkeypatch, script, said):
    monkeypatch.setenv(CHROMIUM, a_browser(tmp_path, script))
    with pytest.raises(CrmError, match=said):
        printed(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["browser", "page.html"]


def test_half_a_file_is_none(tmp_path, monkeypatch):
    script = 'for each in "$@"; do case "$each" in --print-to-pdf=*) echo "%PDF-1.4 half" > "${each#*=}";; esac; done'
    monkeypatch.setenv(CHROMIUM, a_browser(tmp_path, script))
    with pytest.raises(CrmError, match="left no whole file"):
        printed(tmp_path)


def test_every_fold_is_open_but_that_of_the_code():
    html = '<head></head><details class="folded">a</details><details class="code">b</details><details open>c</details>'
    opened = for_print(html, "A “title” \\ </style>")
    assert '<details open class="folded">' in opened
    assert '<details class="code">' in opened
    assert opened.count("<details open") == 2
    assert "</style>" in opened
    assert opened.count("</style>") == 1
    assert '"A \\201c title\\201d  \\5c  \\3c \\2f style\\3e "' in opened


@pytest.mark.browser
def test_a_page_is_printed_whole_with_title_numbers_outline_and_tags(tmp_path):
    if shutil.which("chromium") is None or shutil.which("pdftotext") is None:
        pytest.skip("no Chromium or no poppler is installed")
    notebook, task = a_whole_notebook(), a_task(tmp_path)
    page = tmp_path / "page.html"
    page.write_text(render_page(notebook, task), encoding="utf-8")
    made = [
        print_page(page, tmp_path / name, running=RUNNING, as_of="2024-07-01").read_bytes()
        for name in ("1.pdf", "2.pdf")
    ]
    # The same page makes the same file but for the file's own name, which PDF draws by chance.
    assert len(made[0]) == len(made[1])
    assert b"D:20240701000000" in made[0]
    assert b"/Outlines" in made[0]
    facts = subprocess.run(["pdfinfo", tmp_path / "1.pdf"], capture_output=True, text=True, check=True).stdout
    assert "Tagged:          yes" in facts
    assert "A4" in facts
    n_pages = int(next(line for line in facts.splitlines() if line.startswith("Pages:")).split()[1])
    sheets = subprocess.run(["pdftotext", "-layout", tmp_path / "1.pdf", "-"], capture_output=True, text=True).stdout
    text = " ".join(sheets.split())
    for number, sheet in enumerate(sheets.split("\f")[:n_pages], start=1):
        assert f"{number} of {n_pages}" in sheet
        assert (RUNNING in " ".join(sheet.split())) == (number > 1)
    for figure in read_figures(notebook):
        assert figure["said"] is None or figure["said"] in text
    assert "Half of the customers buy again." in text
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_run_leaves_pdf_and_workbook_with_the_page_and_takes_them_away_with_it(project, tmp_path):
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium is installed")
    out = tmp_path / "out"
    folder = out / "handmade" / "2024-07-01"
    summary = run_reports(["good"], studies=["handmade"], out=out, formats=["pdf", "xlsx"])
    assert summary.n_failed == 0
    assert (folder / "good.pdf").read_bytes().startswith(b"%PDF-")
    assert (folder / "good.xlsx").read_bytes().startswith(b"PK")
    run_reports(["good"], studies=["handmade"], out=out, formats=["xlsx"])
    assert sorted(path.name for path in folder.glob("good.*")) == ["good.html", "good.ipynb", "good.xlsx"]
