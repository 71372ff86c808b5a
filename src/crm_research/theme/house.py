"""A company's own look: one small file with its colours, logo and fonts, which pages and their pictures follow.

Colours are refused where words or lines in them could not be read (WCAG 2.2, level AA): 4.5 to 1 for words, 3 to 1 for
lines of pictures, on light and on dark pages.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from crm_research.errors import CrmError, offer_names
from crm_research.theme.palette import ACCENT, QUALITATIVE

_LIGHT: Final = {"paper": "#ffffff", "ink": "#1f2933", "muted": "#5f6b76", "accent": "#0b6e99", "caution": "#a8400f"}
_DARK: Final = {"paper": "#14181d", "ink": "#e4e7eb", "muted": "#9fabb7", "accent": "#6cbfe4", "caution": "#f09a6c"}
_SCHEMES: Final = {"colours": _LIGHT, "dark": _DARK}
_KEYS: Final = ("name", "logo", "font", "headings", *_SCHEMES)
_WORDS, _LINES = 4.5, 3.0
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_FONT: Final = re.compile(r"[\w .,'-]{1,120}")
_LOGOS: Final = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
_LARGEST_LOGO: Final = 200_000
# The palest tint of a heat map, from which it goes on to the accent.
_PALEST: Final = "#eef4f7"
_DRAWING: Final = re.compile(r"<svg .*?</svg>", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class House:
    """How a company's pages look.

    Parameters
    ----------
    name
        What stands beside the logo, or in its place.
    logo
        As a data address; empty without one.
    font, headings
        Families of fonts that readers have, before the house's own.
    light, dark
        Name of a colour to its value, complete.
    series
        Colours of groups in pictures, in the order in which they are taken.
    """

    name: str = ""
    logo: str = ""
    font: str = ""
    headings: str = ""
    light: Mapping[str, str] = field(default_factory=lambda: dict(_LIGHT))
    dark: Mapping[str, str] = field(default_factory=lambda: dict(_DARK))
    series: tuple[str, ...] = ()

    @property
    def brand(self) -> str:
        """Logo or name, as HTML for the head of a page; empty where there is neither."""
        from html import escape

        said = escape(self.name or "Logo", quote=True)
        if self.logo:
            return f'<img class="logo" src="{self.logo}" alt="{said}">'
        return f'<span class="logo">{said}</span>' if self.name else ""

    def style(self) -> str:
        """Rules that go behind the house's own."""
        light, dark = self._variables(self.light), self._variables(self.dark)
        always = "".join(
            f"--{name}: {families}, {usual};"
            for name, families, usual in (
                ("sans", self.font, "system-ui, sans-serif"),
                ("serif", self.headings, "serif"),
            )
            if families
        )
        paper = light.replace(f"--paper: {self.light['paper']};", "--paper: #ffffff;")
        return (
            f"\n:root {{ {light}{always} }}\n"
            f':root[data-theme="dark"] {{ {dark} }}\n'
            f'@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{ {dark} }} }}\n'
            f'@media print {{ :root, :root[data-theme="dark"], :root:not([data-theme="light"]) {{ {paper} }} }}\n'
        )

    def _variables(self, colours: Mapping[str, str]) -> str:
        told = {**colours, "chart-accent": colours["accent"]}
        told |= {f"series-{n}": _readable(colour, colours["paper"], _LINES) for n, colour in enumerate(self.series, 2)}
        return "".join(f"--{name}: {value};" for name, value in told.items())

    def paint(self, html: str) -> str:
        """A page whose pictures are drawn in the house's colours."""
        named = {old.lower(): f"var(--series-{n}, {new})" for n, (old, new) in enumerate(self._pairs(), 2)}

        def repaint(match: re.Match[str]) -> str:
            colour = match.group(0).lower()
            return named.get(colour) or self._tint(colour) or match.group(0)

        return _DRAWING.sub(lambda drawing: re.sub(r"(?<!, )#[0-9a-fA-F]{6}\b", repaint, drawing.group(0)), html)

    def _pairs(self) -> list[tuple[str, str]]:
        return list(zip(QUALITATIVE[1:], self.series, strict=False))

    def _tint(self, colour: str) -> str | None:
        """The house's tint for one that lies between the palest and the accent, as heat maps have them."""
        accent = self.light["accent"]
        if accent.lower() == ACCENT:
            return None
        low, high, own = _rgb(_PALEST), _rgb(ACCENT), _rgb(colour)
        share = (low[0] - own[0]) / (low[0] - high[0])
        if not 0 <= share <= 1 or any(
            abs(a + share * (b - a) - c) > 2.5 for a, b, c in zip(low, high, own, strict=True)
        ):
            return None
        return _mix(_PALEST, accent, share)


def read_house(path: Path | None) -> House:
    """The look that a file tells; the usual one without a file.

    Raises
    ------
    CrmError
        In one paragraph that names the file, what was found and the mend: no such file or key, no colour, a colour
        that cannot be read on its paper, a logo that is none.
    """
    if path is None:
        return House()
    told = _read(path)
    schemes = {key: _colours(path, key, told.get(key)) for key in _SCHEMES}
    light, dark = schemes["colours"], schemes["dark"]
    series = _series(path, (told.get("colours") or {}).get("series"))
    if "accent" in (told.get("colours") or {}) and "accent" not in (told.get("dark") or {}):
        dark["accent"] = _readable(light["accent"], dark["paper"], _WORDS)
    for key, colours in (("colours", light), ("dark", dark)):
        for name in ("ink", "muted", "accent", "caution"):
            _require(path, f"{key}.{name}", colours[name], f"{key}.paper", colours["paper"], _WORDS, "words")
    for place, colour in enumerate(series):
        _require(path, f"colours.series[{place}]", colour, "colours.paper", light["paper"], _LINES, "lines of pictures")
    return House(
        name=_text(path, "name", told.get("name")),
        logo=_logo(path, told.get("logo")),
        font=_font(path, "font", told.get("font")),
        headings=_font(path, "headings", told.get("headings")),
        light=light,
        dark=dark,
        series=series,
    )


def contrast(one: str, other: str) -> float:
    """How much lighter is one colour than another, from 1 (alike) to 21 (black on white)? After WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise CrmError(
            f"The house theme {path} cannot be read: {getattr(problem, 'strerror', None) or problem}."
        ) from None
    except yaml.YAMLError as problem:
        said = " ".join(str(problem).split())
        raise CrmError(f"The house theme {path} is no YAML: {said}. Write it as key: value, a line each.") from None
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise CrmError(
            f"The house theme {path} holds {type(told).__name__}, not keys. Write accent and others as keys."
        )
    _require_known(path, "", told, _KEYS)
    return told


def _require_known(path: Path, above: str, told: Mapping[Any, Any], known: tuple[str, ...]) -> None:
    for key in told:
        if key not in known:
            raise CrmError(f"{path}: {above}{key} is no key of a house theme. {offer_names(str(key), known)}")


def _colours(path: Path, key: str, told: Any) -> dict[str, str]:
    usual = _SCHEMES[key]
    if told is None:
        return dict(usual)
    if not isinstance(told, dict):
        raise CrmError(f"{path}: {key} holds {told!r}. Write colours below it, such as accent: '#7a1f5c'.")
    _require_known(path, f"{key}.", told, (*usual, "series") if key == "colours" else tuple(usual))
    return {**usual, **{name: _hex(path, f"{key}.{name}", value) for name, value in told.items() if name != "series"}}


def _series(path: Path, told: Any) -> tuple[str, ...]:
    most = len(QUALITATIVE) - 1
    if told is None:
        return ()
    if not isinstance(told, list) or not 0 < len(told) <= most:
        raise CrmError(f"{path}: colours.series holds {told!r}. List 1 to {most} colours of groups, after the accent.")
    return tuple(_hex(path, f"colours.series[{place}]", colour) for place, colour in enumerate(told))


def _hex(path: Path, key: str, told: Any) -> str:
    if isinstance(told, str) and _HEX.fullmatch(told.strip()):
        return told.strip().lower()
    raise CrmError(f"{path}: {key} is {told!r}, which is no colour. Write six hexadecimal digits in quotes: '#7a1f5c'.")


def _require(path: Path, key: str, colour: str, on: str, paper: str, least: float, what: str) -> None:
    found = contrast(colour, paper)
    if found < least:
        raise CrmError(
            f"{path}: {key} {colour} on {on} {paper} has a contrast of {found:.2f} to 1, and {what} need {least:g} to "
            f"1 (WCAG AA). Take {_readable(colour, paper, least)}, or another colour further from the paper."
        )


def _text(path: Path, key: str, told: Any) -> str:
    if told is None:
        return ""
    if not isinstance(told, (str, int)) or len(str(told)) > 80:
        raise CrmError(f"{path}: {key} is {told!r}. Write a name of at most 80 signs.")
    return str(told).strip()


def _font(path: Path, key: str, told: Any) -> str:
    if told is None:
        return ""
    if not isinstance(told, str) or not _FONT.fullmatch(told.strip()):
        raise CrmError(f"{path}: {key} is {told!r}. Write the name of a font that readers have, such as Source Sans 3.")
    return ", ".join(f'"{name.strip()}"' for name in re.sub("['\"]", "", told).split(",") if name.strip())


def _logo(path: Path, told: Any) -> str:
    if told is None:
        return ""
    file = path.parent / str(told)
    kind = _LOGOS.get(file.suffix.lower())
    if kind is None:
        raise CrmError(f"{path}: logo is {told!r}. Name a file that ends in {', '.join(_LOGOS)}.")
    try:
        data = file.read_bytes()
    except OSError as problem:
        raise CrmError(f"{path}: the logo {file} cannot be read: {problem.strerror or problem}.") from None
    if len(data) > _LARGEST_LOGO:
        raise CrmError(
            f"{path}: the logo {file} has {len(data):,} bytes, and every page carries it. Take one of at most "
            f"{_LARGEST_LOGO:,} bytes."
        )
    if kind == "image/svg+xml" and re.search(rb"<script|\son\w+\s*=|(?:href|src)\s*=\s*[\"'](?!#|data:)", data):
        raise CrmError(f"{path}: the logo {file} holds a script or loads another file. Save it as a plain drawing.")
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _readable(colour: str, paper: str, least: float) -> str:
    """The colour, or the nearest to it towards black or white that can be read on the paper."""
    aim = "#ffffff" if _luminance(paper) < 0.18 else "#000000"
    steps = (_mix(colour, aim, step / 50) for step in range(51))
    return next((mixed for mixed in steps if contrast(mixed, paper) >= least), aim)


def _mix(one: str, other: str, share: float) -> str:
    parts = (round(a + share * (b - a)) for a, b in zip(_rgb(one), _rgb(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    parts = (value / 255 for value in _rgb(colour))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
