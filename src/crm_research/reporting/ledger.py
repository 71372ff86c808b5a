"""The ledger of a study at a day: every number of its reports, what it rests on, how it was made, what checked it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.catalogue import reports
from crm_research.figures import FAILS, HOLDS, NOT_APPLICABLE, UNTESTED, Figure
from crm_research.pillars.summary.claims.sayings import CANNOT_TELL, RULE, SAYINGS, judge, say_verdict
from crm_research.reporting.voices import speak, speak_as
from crm_research.results import read_json, read_run
from crm_research.show.display import text_html
from crm_research.show.figure_cards import anchor_of, is_unchecked, why_refuted
from crm_research.show.formats import format_estimate, format_interval
from crm_research.theme import first_capital
from crm_research.theme.plain import in_plain_words
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from markupsafe import Markup

PAGE: Final = "ledger.html"
_BY_A_PROGRAM: Final = re.compile(r"equal to (?:lifelines|scipy|statsmodels|scikit-learn|R)\b[^;]*")
_CHECKED: Final = "a check that researchers see here"
_NOTHING: Final = "nothing that could have refuted it"
# What came of the check of a number, in the order in which a reader who doubts looks: word of the record to ours.
_OUTCOMES: Final = {
    FAILS: "fails its check",
    UNTESTED: "not tested",
    HOLDS: "holds",
    NOT_APPLICABLE: "not known",
}


def say(text: str | None) -> Markup:
    """A text of the ledger as HTML, in both voices where they differ; what has no plain words as it is."""
    from markupsafe import Markup

    html = text_html(text or "")
    return Markup(speak(html) or html)  # noqa: S704  (made of escaped text)


def say_check(row: Mapping[str, Any]) -> Markup:
    """What has checked the number of a row, in both voices: a manager reads of another program that there was one."""
    from markupsafe import Markup

    text = row["check"]
    plain = in_plain_words(_BY_A_PROGRAM.sub("another program finds the same", text))
    instead = _NOTHING if row["outcome"] == UNTESTED else _CHECKED
    return Markup(speak_as(text, plain or instead))  # noqa: S704  (made of escaped text)


def is_deep(*texts: str | None) -> bool:
    """Has one of them no plain words, so that it is for researchers alone?"""
    return any(text is not None and in_plain_words(text) is None for text in texts)


def read_ledger(folder: Path) -> dict[str, Any]:
    """What stands in the ledger of a folder of the shelf.

    Returns
    -------
    dict
        ``study``, ``title``, ``as_of``; ``summary`` (sentences); ``outcomes`` (word, how many, name in the page);
        ``failing`` (rows of figures that fail, with what speaks against each); ``reports``, each with its title, page
        and rows (what, group, value, interval, n, window, method, check, outcome, link); ``claims`` (said, value,
        found, verdict, link, source) where the summary was made.
    """
    run = read_run(folder)
    records = read_json(folder / "figures.json", [])
    order = list(reports())
    entries = [entry for entry in run["reports"] if entry.get("page")]
    entries.sort(key=lambda entry: order.index(entry["report"]) if entry["report"] in order else len(order))
    chapters, failing = [], []
    for entry in entries:
        own = [Figure.from_record(record) for record in records if record["report"] == entry["report"]]
        if own:
            rows = [_row(figure, entry["page"]) for figure in own]
            told = zip(rows, own, strict=True)
            failing += [row | {"check": why_refuted(figure)} for row, figure in told if figure.outcome == FAILS]
            chapters.append({"title": entry["title"], "page": entry["page"], "id": entry["report"], "rows": rows})
    found = Counter(row["outcome"] for chapter in chapters for row in chapter["rows"])
    about: Mapping[str, Any] = next((entry["study"] for entry in entries if entry.get("study")), {})
    return {
        "study": folder.parent.name,
        "title": about.get("title", folder.parent.name),
        "as_of": folder.name,
        "summary": _summary(found, len(chapters)),
        "failing": failing,
        "outcomes": [
            {"name": outcome.replace(" ", "-"), "word": word, "n": found[outcome]}
            for outcome, word in _OUTCOMES.items()
            if found[outcome]
        ],
        "reports": chapters,
        "rule": RULE,
        "claims": _claims(records, {entry["report"]: entry["page"] for entry in entries}),
    }


def _claims(records: list[dict[str, Any]], pages: Mapping[str, str]) -> list[dict[str, str]]:
    """What everybody says, beside what the summary of these records says."""
    told = []
    for record in records:
        saying, page = SAYINGS.get(record["id"]), pages.get(record["report"])
        if saying is None or page is None:
            continue
        figure = Figure.from_record(record)
        between = format_interval(figure)
        is_told = judge(saying, figure) != CANNOT_TELL
        value = f"{format_estimate(figure)}{f' ({between})' if between else ''}" if is_told else ""
        told.append(
            {
                "said": saying.said,
                "value": value,
                "found": figure.label if is_told else first_capital(figure.estimator),
                "verdict": say_verdict(saying, figure),
                "link": f"{page}#{anchor_of(figure)}",
                "source": saying.source,
            }
        )
    return told


def _row(figure: Figure, page: str) -> dict[str, Any]:
    return {
        "what": figure.label,
        "group": figure.group,
        "value": format_estimate(figure),
        "interval": format_interval(figure),
        "n": f"{figure.n:,}",
        "window": figure.window,
        "method": figure.estimator,
        "check": "nothing" if is_unchecked(figure) else figure.validation,
        "outcome": figure.outcome,
        "name": figure.outcome.replace(" ", "-"),
        "word": _OUTCOMES[figure.outcome],
        "link": f"{page}#{anchor_of(figure)}",
    }


def _summary(found: Mapping[str, int], n_reports: int) -> list[str]:
    """How many numbers there are, and for how many of them something could have gone wrong and did not."""
    n, n_hold, n_fail, n_open = sum(found.values()), found[HOLDS], found[FAILS], found[NOT_APPLICABLE]
    if not n:
        return ["No report of this study has left a figure."]
    said = [f"{say_count(n, 'figure')} of {say_count(n_reports, 'report')}."]
    n_tested = n_hold + n_fail
    if not n_tested:
        said.append("None was put to a check that could refute it.")
    elif n_tested == 1:
        said.append(f"1 was put to a check that could refute it, and {'holds' if n_hold else 'fails'}.")
    else:
        came = f"{n_hold:,} {word_for(n_hold, 'holds', 'hold')} and {n_fail:,} {word_for(n_fail, 'fails', 'fail')}"
        came = came if n_hold and n_fail else "all hold" if n_hold else "all fail"
        said.append(f"{n_tested:,} were put to a check that could refute them: {came}.")
    if n_open:
        said.append(f"{n_open:,} {word_for(n_open, 'is', 'are')} not known from these records.")
    return said
