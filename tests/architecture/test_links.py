"""Every relative link of the docs leads to a file, and every anchor to a heading, that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture import ROOT

LINK = re.compile(
    r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|<(?:img|a)\b[^>]*?\b(?:src|href)=\"([^\"]+)\""
)
FENCE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*$", re.M | re.S)
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```", re.M | re.S)


def pages() -> list[Path]:
    return sorted([ROOT / "README.md", *(p for p in (ROOT / "docs").rglob("*.md") if "_site" not in p.parts)])


def links(text: str) -> list[str]:
    """What the text links to; what stands in code is no link, but the name of a link may be code."""
    named = re.sub(r"\[`([^`\n]*)`\](?=\()", r"[\1]", FENCE.sub("", text))
    return [one or other for one, other in LINK.findall(re.sub(r"`[^`\n]*`", "", named))]


def anchors(text: str) -> set[str]:
    """What GitHub, and the site, call the headings: small letters, hyphens for spaces, no other signs."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", FENCE.sub("", text), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = 1
        unique = slug
        while unique in found:
            unique, count = f"{slug}-{count}", count + 1
        found.add(unique)
    return found


def anchors_of(target: Path) -> set[str]:
    return anchors(target.read_text(encoding="utf-8")) if target.suffix == ".md" else set()


def contents(page: Path) -> dict[str, list[Path]]:
    """What the tables of contents of a page name, and the pages that each entry leads to."""
    found = {}
    for tree in TOCTREE.findall(page.read_text(encoding="utf-8")):
        for line in tree.splitlines():
            entry = re.sub(r".*<(.+)>$", r"\1", line.strip())
            if entry and not entry.startswith(":"):
                found[entry] = sorted(page.parent.glob(f"{entry}.md"))
    return found


def broken(page: Path, root: Path = ROOT) -> list[str]:
    """The links of a page that lead nowhere, or out of the repository."""
    text = page.read_text(encoding="utf-8")
    wrong = []
    for link in links(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        inside = target.exists() and target.is_relative_to(root)
        if not inside or (anchor and anchor not in anchors_of(target)):
            wrong.append(link)
    return wrong + [entry for entry, leads_to in contents(page).items() if not leads_to]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page):
    assert broken(page) == []


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "there.md").write_text("# The one `thing`: of 2\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n")
    here = tmp_path / "here.md"
    here.write_text(
        "# Here\n[a](there.md) [b](gone.md) [c](there.md#the-one-thing-of-2) [d](there.md#no-heading) [e](#here)\n"
        "[f](#there) [g](there.md#twice-1) [h](there.md#twice-2) `[code](code.md)` [`i`](gone-too.md)\n"
        '![p](none.webp "title") <img src="none.png" width="3"> [web](https://example.com/none)\n'
        "[out](../../../../../../../../../../../../etc/hostname)\n"
        "```python\n[fenced](fenced.md)\n```\n"
        "```{toctree}\n:hidden:\n\nthere\nlost\nTitle <lost/too>\n```\n"
    )
    out = ["../../../../../../../../../../../../etc/hostname"]
    first = ["gone.md", "there.md#no-heading", "#there", "there.md#twice-2"]
    assert broken(here, tmp_path) == [*first, "gone-too.md", "none.webp", "none.png", *out, "lost", "lost/too"]


def test_every_page_of_the_docs_is_reached_from_the_index():
    """A page that no table of contents names is never found."""
    reached, waiting = set(), [ROOT / "docs/index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        waiting += [named for leads_to in contents(page).values() for named in leads_to]
    assert [page for page in pages() if page != ROOT / "README.md" and page not in reached] == []


def test_every_picture_of_the_docs_is_shown_and_small():
    shown = {
        (page.parent / link).resolve()
        for page in pages()
        for link in links(page.read_text(encoding="utf-8"))
        if link.endswith((".png", ".webp", ".svg"))
    }
    kept = set((ROOT / "docs/images").iterdir())
    assert kept - shown == set()
    assert [picture.name for picture in kept if picture.stat().st_size > 150_000] == []
