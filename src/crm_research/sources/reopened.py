"""The study that a notebook holds already: opened again by the same cell, it keeps what was computed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from crm_research.engine import DEFAULT_URL
from crm_research.settings import runs_in_notebook
from crm_research.sources.definition import walk_sources

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from crm_research.sources.definition import SourceRule, StudyDefinition
    from crm_research.study import Study

_HELD: Final[WeakValueDictionary[Hashable, Study]] = WeakValueDictionary()


def take_held(study: Study, definition: StudyDefinition) -> Study:
    """The study of the same file and records that somebody holds already, in a notebook; else the study itself.

    Whoever changes a parameter runs the cell again that opens the study. What was computed of it and does not rest on
    the parameter is then still there (`Study.kept`).

    Notes
    -----
    The same are studies of one file whose text, instant and records are the same, by the digests of the files they were
    read from. Records of a database have no such digest and are read anew. Outside of notebooks each study is its own.
    """
    is_of_files = definition.engine.url == DEFAULT_URL and all(rule.url is None for rule in _rules(definition))
    if not is_of_files or not runs_in_notebook():
        return study
    seen = (study.as_of, study.holdout_until, study.inputs, tuple(study.tables))
    return _HELD.setdefault((study.path, definition.model_dump_json(), *seen), study)


def _rules(definition: StudyDefinition) -> Iterator[SourceRule]:
    for table in definition.tables.values():
        yield from walk_sources(table.source)
