"""What is asked of one study, told from its file alone: which reports apply, with which parameters, on which tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_research.catalogue import Report, reports
from crm_research.desk_copies import find_notebook
from crm_research.errors import CrmError
from crm_research.reporting import inputs
from crm_research.reporting.parameters import complete_parameters
from crm_research.reporting.tasks import MANAGEMENT
from crm_research.reporting.unchanged import MadeBefore, Rests, find_made, look_at_study
from crm_research.settings import read_settings
from crm_research.sources.own_files import OwnFiles, find_own_files
from crm_research.theme.house import House, read_house

if TYPE_CHECKING:
    from crm_research.sources.definition import StudyDefinition


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of one study, told from its file alone.

    Parameters
    ----------
    given, as_of
        As the user wrote them.
    definition, file
        What the study file says, and where it lies.
    reasons
        Report to why it does not apply; None where it does.
    applicable
        Reports to make.
    values, notebook
        Report to its parameters, all of them, and to its notebook.
    rests
        What the pages rest on, beside these.
    house
        The study's own look; None takes the company's.
    """

    given: str
    as_of: date | None
    candidates: Sequence[Report]
    definition: StudyDefinition
    file: Path
    reasons: Mapping[str, str | None]
    applicable: Sequence[Report]
    values: Mapping[str, dict[str, Any]]
    notebook: Mapping[str, Path]
    rests: Rests
    house: House | None = None

    @property
    def mapped(self) -> tuple[str, ...]:
        """The tables that the file maps."""
        return self.definition.mapped

    def wanted(self, applicable: Sequence[Report] | None = None) -> list[str]:
        """The tables that these reports read, or all that apply."""
        return _wanted(self.applicable if applicable is None else applicable, self.mapped, self.values, self.notebook)

    def stamp(self, report: Report) -> str | None:
        """One digest of all that a report rests on."""
        return self.rests.stamp(report, self.notebook[report.id], self.values[report.id], self.wanted([report]))

    def without_made(self, made_in: Path | None, study: str) -> tuple[Asked, tuple[MadeBefore, ...]]:
        """What is left to make where some was made of the very same before, and that."""
        if made_in is None:
            return self, ()
        found = {report.id: find_made(made_in, study, report.id, self.stamp(report)) for report in self.applicable}
        for report in self.applicable:
            made = found[report.id]
            others = (found[other.id] for other in self.applicable if not other.is_last)
            if report.is_last and made is not None and (None in others or not made.is_newest):
                # What stands on the others is made anew with any of them.
                found[report.id] = None
        left = [report for report in self.applicable if found[report.id] is None]
        return replace(self, applicable=left), tuple(made for made in found.values() if made is not None)


def ask(
    given: str,
    candidates: Sequence[Report],
    as_of: date | None,
    parameters: Mapping[str, Any],
    notebooks: Path | None,
    how: Mapping[str, Any],
    out: Path | None = None,
) -> Asked:
    """What of this can be made of the tables that the study's file maps, with which parameters?

    A report that stands on the others and is there already in `out` is made anew with them: it counts what they say.
    """
    definition, file = inputs.read_definition(given)
    if out is not None:
        day = f"{as_of or definition.as_of:%Y-%m-%d}"
        is_there = {name for name in reports() if (out / definition.name / day / f"{name}.html").is_file()}
        known = {report.id for report in candidates}
        candidates = [
            *candidates,
            *(each for each in reports().values() if each.is_last and each.id in is_there and each.id not in known),
        ]
    own = find_own_files(definition, file)
    mapped = definition.mapped
    is_for_management = how.get("audience") == MANAGEMENT
    reasons = {
        report.id: report.why_not_applicable(mapped)
        or (report.why_not_told(definition.privacy.least_group) if is_for_management else None)
        for report in candidates
    }
    applicable = [report for report in candidates if reasons[report.id] is None]
    house = use_own_files(own, applicable)
    name = given if not _is_path(given) else str(Path(given).expanduser().resolve())
    values = {report.id: complete_parameters(report, parameters, study=name, as_of=as_of) for report in applicable}
    notebook = {report.id: _notebook(notebooks, report) for report in applicable}
    # Files of tables that no report reads are not looked at either.
    read = _wanted(applicable, mapped, values, notebook) if applicable else ()
    return Asked(
        given=given,
        as_of=as_of,
        candidates=candidates,
        definition=definition,
        file=file,
        reasons=reasons,
        applicable=applicable,
        values=values,
        notebook=notebook,
        rests=look_at_study(definition, file, read, how),
        house=house,
    )


def use_own_files(own: OwnFiles, asked: Iterable[Report]) -> House | None:
    """The study's own look, if it has one; a look and rules that cannot be used are refused before anything is made."""
    if own.rules is not None:
        for report in asked:
            if report.check_files is not None:
                report.check_files(own.rules)
    return None if own.house is None else read_house(own.house)


def _wanted(
    applicable: Sequence[Report],
    mapped: Sequence[str],
    values: Mapping[str, Mapping[str, Any]],
    notebook: Mapping[str, Path],
) -> list[str]:
    """The tables that these reports read; all where a notebook is not the package's own, or where nothing applies."""
    carried = read_settings().carried_notebooks
    if not applicable or any(path.parent.resolve() != carried.resolve() for path in notebook.values()):
        return list(mapped)
    read = {name for report in applicable for name in report.read_among(mapped, mapped, values[report.id])}
    return [name for name in mapped if name in read]


def _notebook(folder: Path | None, report: Report) -> Path:
    path = find_notebook(read_settings(), report.notebook) if folder is None else folder / report.notebook
    if not path.is_file():
        raise CrmError(f"The notebook of report {report.id!r}, {path}, is not there. Restore it from the project.")
    return path


def _is_path(given: str) -> bool:
    return given.lower().endswith((".yaml", ".yml")) or "/" in given or "\\" in given
