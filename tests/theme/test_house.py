"""A company's own look: its colours are read, refused where nobody could read them, and followed by pictures."""

from __future__ import annotations

import re

import pytest

from crm_research.errors import CrmError
from crm_research.settings import read_settings
from crm_research.theme.house import House, contrast, read_house
from crm_research.theme.palette import ACCENT, QUALITATIVE

PNG = b"\x89PNG\r\n\x1a\n"


def a_house(folder, text):
    path = folder / "house.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_contrast_is_that_of_wcag():
    # Black on white, alike, and the grey that is known as the lightest on white.
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#336699", "#336699") == 1.0
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.005)


def test_what_is_not_named_is_as_usual_and_a_dark_accent_is_made_readable(tmp_path):
    usual = read_house(None)
    house = read_house(a_house(tmp_path, "name: Acme\ncolours:\n  accent: '#7A1F5C'\n"))
    assert (house.name, house.light["accent"], house.light["ink"]) == ("Acme", "#7a1f5c", usual.light["ink"])
    assert house.dark["accent"] != usual.dark["accent"]
    assert contrast(house.dark["accent"], house.dark["paper"]) >= 4.5
    assert read_house(a_house(tmp_path, "")) == usual
    named = read_house(a_house(tmp_path, "colours: {accent: '#7a1f5c'}\ndark: {accent: '#ff99dd'}"))
    assert named.dark["accent"] == "#ff99dd"


def test_the_usual_look_would_pass(tmp_path):
    told = "\n".join(f"  {name}: '{value}'" for name, value in House().light.items())
    series = ", ".join(f"'{colour}'" for colour in QUALITATIVE[1:])
    assert read_house(a_house(tmp_path, f"colours:\n{told}\n  series: [{series}]\n")).light == House().light


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colours: {muted: '#aaaaaa'}", ("colours.muted #aaaaaa on colours.paper #ffffff has a contrast of 2.32 to "
         "1, and words need 4.5 to 1 (WCAG AA). Take #747474, or another colour further from the paper.")),
        ("dark: {accent: '#0b6e99'}", "dark.accent #0b6e99 on dark.paper #14181d has a contrast of 3.1"),
        ("colours: {series: ['#0b6e99', '#dddddd']}", ("colours.series[1] #dddddd on colours.paper #ffffff has a "
         "contrast of 1.36 to 1, and lines of pictures need 3 to 1")),
        ("colours: {accent: red}", "colours.accent is 'red', which is no colour."),
        ("colours: {acent: '#000000'}", "colours.acent is no key of a house theme."),
        ("colour: {}", "colour is no key of a house theme."),
        ("colours: [1]", "colours holds [1]."),
        ("colours: {series: []}", "colours.series holds []. List 1 to 7 colours"),
        ("font: 'x; } body { color: red'", "font is 'x; } body { color: red'."),
        ("logo: none.svg", "cannot be read: No such file"),
        ("logo: logo.exe", "logo is 'logo.exe'. Name a file that ends in .svg, .png, .jpg, .webp."),
        ("logo: bad.svg", "holds a script or loads another file."),
        ("logo: large.png", "has 200,001 bytes, and every page carries it."),
        ("a: [", "is no YAML"),
        ("- a", "holds list, not keys"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_paragraph(tmp_path, text, said):
    (tmp_path / "bad.svg").write_text("<svg><script>1</script></svg>")
    (tmp_path / "large.png").write_bytes(PNG + b"\0" * (200_001 - len(PNG)))
    with pytest.raises(CrmError) as refusal:
        read_house(a_house(tmp_path, text))
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert str(tmp_path) in str(refusal.value)


def test_the_style_holds_both_schemes_fonts_and_a_white_paper_to_print_on(tmp_path):
    house = read_house(
        a_house(tmp_path, "font: Source Sans 3, Arial\ncolours: {paper: '#fffdf5', series: ['#aa0000']}")
    )
    style = house.style()
    assert '--sans: "Source Sans 3", "Arial", system-ui, sans-serif;' in style
    assert style.count("--paper: #fffdf5;") == 1
    assert re.search(r"@media print \{.*--paper: #ffffff;", style)
    assert style.count("--series-2: #aa0000;") == 2
    assert "--serif" not in style


def test_pictures_take_the_colours_of_groups_and_the_tints_of_the_accent(tmp_path):
    house = read_house(a_house(tmp_path, "colours: {accent: '#7a1f5c', series: ['#123456']}"))
    page = (
        f'<p style="color:{QUALITATIVE[1]}"></p><svg x="1"><path style="fill:{QUALITATIVE[1]}"/>'
        f'<path style="stroke:var(--chart-accent, {ACCENT});fill:#7db1c8"/><path style="fill:{QUALITATIVE[2]}"/></svg>'
    )
    assert house.paint(page) == (
        f'<p style="color:{QUALITATIVE[1]}"></p><svg x="1"><path style="fill:var(--series-2, #123456)"/>'
        f'<path style="stroke:var(--chart-accent, {ACCENT});fill:#b48aaa"/><path style="fill:{QUALITATIVE[2]}"/></svg>'
    )
    assert House().paint(page) == page


def test_a_logo_is_carried_and_named(tmp_path):
    (tmp_path / "acme.svg").write_text("<svg/>")
    house = read_house(a_house(tmp_path, "name: A & B\nlogo: acme.svg"))
    assert house.brand == '<img class="logo" src="data:image/svg+xml;base64,PHN2Zy8+" alt="A &amp; B">'
    assert read_house(a_house(tmp_path, "name: A & B")).brand == '<span class="logo">A &amp; B</span>'
    assert House().brand == ""


def test_the_file_is_that_which_is_named_or_lies_in_the_work(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))
    assert read_settings().house is None
    path = a_house(tmp_path, "name: A")
    assert read_settings().house == path
    monkeypatch.setenv("CRM_RESEARCH_HOUSE", "/elsewhere.yaml")
    assert str(read_settings().house) == "/elsewhere.yaml"
