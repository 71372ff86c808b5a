"""Chinese is drawn and read on a machine that has no Chinese font, and on one that was given one later."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings

import pytest
from matplotlib import font_manager

from crm_research import theme
from crm_research.reporting.render import render_page, with_carried_signs
from crm_research.theme import fonts
from tests.reporting.pages import a_notebook, a_task

WIDER = set(fonts._WIDER)


@pytest.fixture
def bare(monkeypatch):
    """A machine without any Chinese font, neither in matplotlib's cache nor in the system's list."""
    manager = font_manager.fontManager
    latin = [font for font in manager.ttflist if font.name not in WIDER | {fonts.CARRIED_FAMILY}]
    monkeypatch.setattr(manager, "ttflist", latin)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda *_, **__: [])
    fonts.chart_families.cache_clear()
    manager._findfont_cached.cache_clear()
    yield manager
    fonts.chart_families.cache_clear()
    manager._findfont_cached.cache_clear()


def draw_chinese():
    ax = theme.new_axes(title="忠诚客户", subtitle="流失客户占比", xlabel="月份")
    theme.name_rows(ax, ["北京", "上海（华东）"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.figure.draw_without_rendering()


def test_a_bare_machine_draws_chinese(bare):
    draw_chinese()
    assert fonts.chart_families() == ("DejaVu Sans", "CRM Research Han")


def test_without_the_carried_file_the_latin_font_is_left(bare, monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "CARRIED_FILE", tmp_path / "none.otf")
    assert fonts.chart_families() == ("DejaVu Sans",)


def test_a_font_that_the_cache_does_not_know_yet_is_found_in_the_systems_list(bare, monkeypatch, tmp_path):
    # Installed after matplotlib wrote its list; a broken file before it in the list is passed over.
    later = tmp_path / "wqy-microhei.otf"
    later.write_bytes(fonts.CARRIED_FILE.read_bytes())
    (tmp_path / "NotoSansCJK-Broken.otf").write_bytes(b"no font")
    found = [str(tmp_path / "NotoSansCJK-Broken.otf"), str(later), str(tmp_path / "Other.otf")]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda *_, **__: found)
    added = []
    add = type(bare).addfont
    monkeypatch.setattr(bare, "addfont", lambda path: (added.append(str(path)), add(bare, path)))
    fonts.chart_families()
    assert added == [str(fonts.CARRIED_FILE), str(tmp_path / "NotoSansCJK-Broken.otf"), str(later)]


def test_the_carried_font_has_every_sign_of_everyday_text():
    held = fonts._carried_signs()
    signs = {
        bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)
        if not (row == 0xD7 and cell > 0xF9)
    }  # fmt: skip
    assert len(signs) == 6763
    assert {ord(sign) for sign in signs} <= held
    assert {ord(sign) for sign in "，。、；：？！“”‘’（）《》【】—…￥％０９Ａｚ"} <= held
    assert fonts.CARRIED_FILE.stat().st_size < 2 * 1024**2


def test_a_page_carries_the_chinese_signs_that_it_holds_and_no_others():
    import base64
    import io
    import re

    from fontTools.ttLib import TTFont

    page = render_page(a_notebook("# Test\n\nHow?", "## 客户 and more\n\nWords."), a_task())
    (data,) = re.findall(r"font-family:'CRM Research Han';src:url\(data:font/woff;base64,([^)]*)\)", page)
    carried = TTFont(io.BytesIO(base64.b64decode(data)))
    assert {chr(sign) for sign in carried.getBestCmap()} == set("客户公司")
    assert len(data) < 5000
    assert page == render_page(a_notebook("# Test\n\nHow?", "## 客户 and more\n\nWords."), a_task())


def test_a_page_without_chinese_carries_no_font():
    assert with_carried_signs("<style>a{}</style><p>Geschäft €5</p>") == "<style>a{}</style><p>Geschäft €5</p>"


@pytest.mark.slow
def test_a_new_machine_without_fonts_or_cache_draws_chinese(tmp_path):
    """A fresh interpreter whose system lists no font at all, and whose matplotlib has no cache."""
    code = (
        "import matplotlib.font_manager as f\n"
        "f.findSystemFonts = lambda *a, **k: []\n"
        "from tests.theme.test_fonts import draw_chinese\n"
        "draw_chinese()\n"
    )
    environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert time.monotonic() - began < 300


def test_bold_text_in_a_font_without_a_bold_cut_leaves_no_line_on_the_page(bare, caplog):
    ax = theme.new_axes(title="忠诚客户", xlabel="months")
    ax.figure.draw_without_rendering()
    assert [record.getMessage() for record in caplog.records if record.name.startswith("matplotlib")] == []
