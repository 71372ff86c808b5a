"""What a notebook calls to show things; each call displays at once, in JupyterLab and on a rendered page.

A page lifts the answer, the first cards and the first picture to its first screen, wherever in the notebook they
were computed.
"""

from __future__ import annotations

from crm_research.show.advice import Advice, Step
from crm_research.show.chart import chart
from crm_research.show.display import ANSWER_MIME, CHART_MIME, NOTE_MIME, TABLE_MIME
from crm_research.show.figure_cards import figures
from crm_research.show.formats import format_interval, format_value
from crm_research.show.page import Page, briefing, fitted, section
from crm_research.show.parts import Answer, Caveats, Chart, Figures, File, Note, Part, Provenance, Table, drawn, panels
from crm_research.show.prose import answer, note
from crm_research.show.saved_list import SavedList
from crm_research.show.section import Section
from crm_research.show.sources import caveats, provenance
from crm_research.show.table import table

__all__ = [
    "ANSWER_MIME",
    "CHART_MIME",
    "NOTE_MIME",
    "TABLE_MIME",
    "Advice",
    "Answer",
    "Caveats",
    "Chart",
    "Figures",
    "File",
    "Note",
    "Page",
    "Part",
    "Provenance",
    "SavedList",
    "Section",
    "Step",
    "Table",
    "answer",
    "briefing",
    "caveats",
    "chart",
    "drawn",
    "figures",
    "fitted",
    "format_interval",
    "format_value",
    "note",
    "panels",
    "provenance",
    "section",
    "table",
]
