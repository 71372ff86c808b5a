"""The index a manager opens: each study with its pages, their answers, what failed, and what does not apply."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.catalogue import reports
from crm_research.figures import NOT_KNOWN, Figure
from crm_research.reporting import changes
from crm_research.reporting.dressing import day_of, dress_days
from crm_research.reporting.feed import FEED, write_feed
from crm_research.reporting.ledger import PAGE, is_deep, read_ledger, say, say_check
from crm_research.reporting.render import TEMPLATES, house, house_style, read_template_text, with_carried_signs
from crm_research.reporting.search import search_data
from crm_research.reporting.shelf import locked, write_text
from crm_research.reporting.sparklines import draw_history
from crm_research.results import FAILED, NOT_APPLICABLE, PARTS_RECORD, find_parts, read_json, read_run
from crm_research.show.figure_cards import anchor_of
from crm_research.show.formats import format_estimate, format_interval
from crm_research.show.sources import short_fingerprint
from crm_research.theme.plain import in_plain_words
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from jinja2 import Environment

_MOST_FIGURES: Final = 4
# The report that sums up the others, and how many of its sentences the index shows.
SUMMARY: Final = "summary"
_MOST_LINES: Final = 3


def write_index(out: Path) -> Path:
    """Write ``index.html`` over everything in the folder, also what earlier runs left; returns its path.

    The feed is written beside it, and every page is told what stands beside it.
    """
    from jinja2 import Environment, FileSystemLoader

    with locked(out):
        return _write_index(out, Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True))


def _write_index(out: Path, environment: Environment) -> Path:
    studies = read_shelf(out)
    pages = [page for study in studies for page in study["pages"]]
    latest = [study for study in studies if study["is_latest"]]
    html = environment.get_template("site/index.html.j2").render(
        studies=latest,
        apart=[_apart(record) for record in find_parts(out)],
        part_of=_apart(out / PARTS_RECORD) if (out / PARTS_RECORD).is_file() else None,
        n_pages=sum(page["href"] is not None for page in pages),
        n_failed=sum(bool(page["failed"]) for page in pages),
        found=search_data(latest),
        style=house_style() + read_template_text("site/site.css"),
        brand=house().brand,
        voice=read_template_text("voice.js"),
        script=read_template_text("page.js") + read_template_text("site/search.js"),
    )
    for folder in _folders(out):
        _write_ledger(folder, environment)
    for study in latest:
        style = house_style(_look_of(out / study["name"] / study["as_of"])) + read_template_text("site/site.css")
        days = [day_of(out / day["name"] / day["as_of"], day["entries"]) for day in [*study["earlier"][::-1], study]]
        dress_days(days, environment, title=study["title"], style=style, ledger=PAGE)
    write_text(out / FEED, write_feed(studies))
    path = out / "index.html"
    write_text(path, with_carried_signs(html))
    return path


def _apart(record: Path) -> dict[str, Any]:
    """A study that was taken apart: by what, into how many parts with pages, and which have none."""
    said = read_json(record, {})
    return {
        "title": f"{said['study']} by {said['column'].replace('_', ' ')}",
        "href": f"{record.parent.relative_to(record.parents[2]).as_posix()}/index.html",
        "told": f"{say_count(len(said['parts']), 'part')}. {said['withheld']}".strip(),
    }


def _look_of(folder: Path) -> str:
    """The style of the own look of a study, as its run has left it; empty where it has the company's."""
    return str(read_run(folder).get("look") or "")


def _folders(out: Path) -> list[Path]:
    """Of each study and day that reports were made of."""
    return sorted(record.parent for record in out.glob("*/*/run.json"))


def _write_ledger(folder: Path, environment: Environment) -> None:
    """The ledger beside the pages of a study's day, unless nothing was published there since it was written."""
    path = folder / PAGE
    newest = max(
        (folder / name).stat().st_mtime_ns for name in ("run.json", "figures.json") if (folder / name).exists()
    )
    if path.exists() and path.stat().st_mtime_ns >= newest:
        return
    html = environment.get_template("site/ledger.html.j2").render(
        ledger=read_ledger(folder),
        say=say,
        say_check=say_check,
        is_deep=is_deep,
        voice=read_template_text("voice.js"),
        style=house_style(_look_of(folder)) + read_template_text("site/ledger.css"),
        script=read_template_text("page.js") + read_template_text("site/ledger.js"),
    )
    write_text(path, with_carried_signs(html))


def read_shelf(out: Path) -> list[dict[str, Any]]:
    """What the folder holds: one mapping for each study and day, studies by name, the latest day first."""
    folders: dict[str, list[Path]] = defaultdict(list)
    for folder in _folders(out):
        folders[folder.parent.name].append(folder)
    shelf = []
    for name in sorted(folders):
        days = sorted(folders[name], reverse=True)
        own = [_study(folder, is_latest=folder == days[0]) for folder in days]
        latest, earlier = own[0], own[1:]
        latest |= {"earlier": earlier, "is_latest": True}
        before = next((day["as_of"] for day in earlier if day["held"]), None)
        if before and latest["held"]:
            latest["changes"] = f"{name}/{latest['as_of']}/{changes.page_of(before)}"
        _add_histories(latest, [*earlier[::-1], latest])
        shelf += own
    return shelf


def _add_histories(study: dict[str, Any], days: Sequence[Mapping[str, Any]]) -> None:
    """The history of each figure that the index shows of a study, over its days on the shelf."""
    for figure in (figure for page in study["pages"] for figure in page["figures"]):
        past = [(day["as_of"], day["held"].get(figure["key"])) for day in days]
        figure["history"] = draw_history(
            figure["label"], [(day, Figure.from_record(record) if record else None) for day, record in past]
        )


def _study(folder: Path, *, is_latest: bool) -> dict[str, Any]:
    entries = read_run(folder)["reports"]
    figures = read_json(folder / "figures.json", [])
    order = list(reports())
    entries.sort(key=lambda entry: order.index(entry["report"]) if entry["report"] in order else len(order))
    # What a reader opens first stands first.
    entries.sort(key=lambda entry: entry["report"] != SUMMARY)
    shown = [entry for entry in entries if entry["outcome"] != NOT_APPLICABLE]
    # What stands on the shelf speaks last: an attempt that failed tells only what no page does.
    about: dict[str, Any] = {}
    for entry in [*entries, *shown, *(entry for entry in shown if entry.get("page"))]:
        about = {**about, **(entry.get("study") or _attempt(entry).get("study") or {})}
    name = folder.parent.name
    return {
        "id": _id_of(folder),
        "name": name,
        "title": about.get("title", name),
        "as_of": folder.name,
        "currency": about.get("currency"),
        "pages": [_page(entry, folder, figures if is_latest else []) for entry in shown],
        "ledger": f"{name}/{folder.name}/{PAGE}" if figures else None,
        "omitted": [entry for entry in entries if entry["outcome"] == NOT_APPLICABLE],
        "facts": _facts(about, shown) if is_latest else [],
        "earlier": [],
        "is_latest": False,
        "entries": [entry for entry in shown if entry.get("page")],
        "held": {_name_of(record): record for record in figures},
        "summary": _summary(shown),
        "href": _href_of(folder, shown),
        "changes": None,
        "updated": max((str(entry["ended_at"]) for entry in shown if entry.get("ended_at")), default=""),
    }


def _name_of(record: Mapping[str, Any]) -> tuple[str, str, str | None]:
    return record["report"], record["id"], record["group"]


def _summary(shown: Sequence[Mapping[str, Any]]) -> list[str]:
    """The first lines of the study's summary, if one was made."""
    made = next((entry for entry in shown if entry["report"] == SUMMARY and entry.get("page")), None)
    return list((made or {}).get("answer") or [])[:_MOST_LINES]


def _href_of(folder: Path, shown: Sequence[Mapping[str, Any]]) -> str:
    """Where a reader of the feed goes: to the summary, else to the only page, else to the study in the index."""
    pages = {entry["report"]: entry["page"] for entry in shown if entry.get("page")}
    page = pages.get(SUMMARY) or (next(iter(pages.values())) if len(pages) == 1 else None)
    place = f"{folder.parent.name}/{folder.name}"
    return f"{place}/{page}" if page else f"index.html#{_id_of(folder)}"


def _id_of(folder: Path) -> str:
    return re.sub(r"\W+", "-", f"{folder.parent.name}-{folder.name}")


def _page(entry: Mapping[str, Any], folder: Path, figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    href = f"{folder.parent.name}/{folder.name}/"
    is_failed = entry["outcome"] == FAILED
    own = [figure for figure in figures if figure["report"] == entry["report"]]
    error = entry.get("error") or {}
    notebook = entry.get("failed_notebook") if is_failed else None
    # The page's own run; only where there is no page, that of the attempt.
    ran = entry if entry.get("page") else _attempt(entry) or entry
    return {
        "title": entry["title"],
        # Its first lines stand above all pages, and are not told twice.
        "is_summary": entry["report"] == SUMMARY,
        "question": entry["question"],
        "href": href + entry["page"] if entry.get("page") else None,
        "answer": _say(next(iter(entry.get("answer") or []), None)) if entry.get("page") else None,
        "figures": [_figure(figure, href, entry) for figure in _key_figures(entry["report"], own)],
        "failed": _failed_in_words(entry) if is_failed else None,
        "error": _error_in_words(error) if is_failed else None,
        "notebook": href + notebook if notebook else None,
        "ran": f"Run {_moment(ran['ended_at'])}, {ran['seconds']:.1f} s",
    }


def _attempt(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attempt that failed last, if the report's latest one did."""
    return entry.get("failed_attempt") or {}


def _failed_in_words(entry: Mapping[str, Any]) -> str:
    if not entry.get("page"):
        return "Failed; there is no earlier page."
    return f"Last good page of {_moment(entry['last_good_at'])}, failed since {_moment(entry['failed_since'])}."


def _error_in_words(error: Mapping[str, Any]) -> str:
    place = f" ({error['place']})" if error.get("place") else ""
    return f"{error.get('kind', 'error')}: {error.get('message', '')}{place}"


def _key_figures(report: str, figures: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    # Those that the catalogue promises come first, then the others in the page's order; never one of many groups.
    promised = reports()[report].figure_ids if report in reports() else ()
    # A number without a unit is a statistic for those who know it, unless words stand for it.
    whole = [figure for figure in figures if figure["group"] is None and (figure["unit"] or _is_in_words(figure))]
    whole = [figure for figure in whole if in_plain_words(figure["label"]) is not None]
    first = [figure for figure in whole if figure["id"] in promised]
    return [*first, *(figure for figure in whole if figure["id"] not in promised)][:_MOST_FIGURES]


def _is_in_words(record: Mapping[str, Any]) -> bool:
    said = record.get("said") or NOT_KNOWN
    return said != NOT_KNOWN and not any(sign.isdigit() for sign in said)


def _say(text: str | None) -> str | None:
    """In plain words, where there are some: the index is a manager's."""
    return text if text is None else in_plain_words(text) or text


def _figure(record: Mapping[str, Any], href: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    figure = Figure.from_record(record)
    return {
        "label": _say(figure.label),
        "value": format_estimate(figure),
        "interval": format_interval(figure),
        "href": f"{href}{entry['page']}#{anchor_of(figure)}" if entry.get("page") else None,
        "key": _name_of(record),
        "history": "",
    }


def _facts(about: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    rows = [("Data", about.get("provenance") or ""), ("Records kept apart until", about.get("holdout_until") or "")]
    rows += [("Caveat", caveat) for caveat in about.get("caveats") or ()]
    # Facts of what stands on the shelf: of an attempt that failed only where nothing does.
    made = [entry for entry in shown if entry.get("page")] or [_attempt(entry) or entry for entry in shown]
    newest = max(made, key=lambda entry: str(entry["ended_at"]), default={})
    for found in newest.get("inputs") or ():
        rows.append(
            (f"Table {found['table']}", f"{found['source']}, fingerprint {short_fingerprint(found['fingerprint'])}")
        )
    if newest:
        rows.append(("Engine", str(newest.get("engine"))))
        versions = newest.get("versions") or {}
        rows.append(("Versions", ", ".join(f"{name} {number}" for name, number in versions.items())))
    return [(name, value) for name, value in rows if value]


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
