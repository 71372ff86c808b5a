"""Fonts for charts and pages: those of the system, and one of our own with the Chinese signs of everyday text.

What a machine has is looked up when something is drawn: matplotlib's own list is a cache, and knows nothing of a font
that was installed after it was written.
"""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

CARRIED_FAMILY: Final = "CRM Research Han"
CARRIED_FILE: Final = Path(__file__).parent / "carried" / "crm-research-han.otf"
_LATIN: Final = "DejaVu Sans"
# Families with more Chinese, Japanese and Korean signs than the carried font, with how their files are called.
_WIDER: Final = {
    "Noto Sans CJK SC": "notosanscjk",
    "Noto Sans SC": "notosanssc",
    "Source Han Sans SC": "sourcehansans",
    "WenQuanYi Micro Hei": "wqy-microhei",
    "WenQuanYi Zen Hei": "wqy-zenhei",
    "PingFang SC": "pingfang",
    "Hiragino Sans GB": "hiragino sans gb",
    "Microsoft YaHei": "msyh",
    "SimHei": "simhei",
    "Droid Sans Fallback": "droidsansfallback",
}
# Below this no sign is Chinese, Japanese or Korean.
_FIRST_WIDE: Final = 0x2E80
_BOLD: Final = ("700", "bold")


@cache
def chart_families() -> tuple[str, ...]:
    """Families in which charts are drawn, sign by sign the first that has it."""
    from matplotlib import font_manager

    manager: Any = font_manager.fontManager
    if CARRIED_FAMILY not in _names(manager) and CARRIED_FILE.is_file():
        manager.addfont(CARRIED_FILE)
    if not _names(manager) & set(_WIDER):
        _add_installed(manager)
    names = _names(manager)
    families = tuple(family for family in (_LATIN, CARRIED_FAMILY, *_WIDER) if family in names)
    _embolden(manager, families)
    return families


def _embolden(manager: Any, families: tuple[str, ...]) -> None:
    """Let a font without a bold cut serve bold text as it is.

    Matplotlib takes it anyway, but says so in a line of its log, which a notebook would print on the page.
    """
    for family in families:
        own = [font for font in manager.ttflist if font.name == family]
        if not any(str(font.weight) in _BOLD for font in own):
            manager.ttflist.append(replace(own[0], weight=700))


def _names(manager: Any) -> set[str]:
    return {font.name for font in manager.ttflist}


def _add_installed(manager: Any) -> None:
    """Add the first font of the system's own list that matplotlib's cache does not know yet."""
    from matplotlib import font_manager

    stems = tuple(_WIDER.values())
    for path in sorted(font_manager.findSystemFonts()):
        if Path(path).name.lower().startswith(stems) and "bold" not in path.lower():
            try:
                manager.addfont(path)
            except (OSError, RuntimeError):
                # A file that is no font, or one that may not be read.
                continue
            if _names(manager) & set(_WIDER):
                return


def carried_style(text: str) -> str:
    """A style with those signs of the carried font that a page's text holds; empty where it holds none.

    A page is read on machines of which nothing is known. Fonts of the reader's own come first, in the page's style.
    """
    wanted = {ord(sign) for sign in set(text) if ord(sign) >= _FIRST_WIDE} & _carried_signs()
    return _style_with(tuple(sorted(wanted))) if wanted else ""


# Pages of one run hold the same few signs.
@lru_cache(maxsize=64)
def _style_with(wanted: tuple[int, ...]) -> str:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options: Any = subset.Options(hinting=False, layout_features=[], notdef_outline=True)
    font = TTFont(CARRIED_FILE, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    font.flavor = "woff"
    buffer = io.BytesIO()
    font.save(buffer)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"@font-face{{font-family:'{CARRIED_FAMILY}';src:url(data:font/woff;base64,{data}) format('woff')}}"


@cache
def _carried_signs() -> frozenset[int]:
    try:
        from fontTools.ttLib import TTFont

        return frozenset(TTFont(CARRIED_FILE).getBestCmap())
    except (ImportError, OSError):
        return frozenset()
