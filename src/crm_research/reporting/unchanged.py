"""What need not be made again: a report whose records, notebook, code and parameters are those of its page."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.catalogue import Report
from crm_research.errors import CrmError
from crm_research.results import DONE, read_run
from crm_research.settings import read_settings
from crm_research.sources.fingerprints import digest_files, digest_text
from crm_research.sources.own_files import OwnFiles, find_own_files
from crm_research.sources.states import states_of
from crm_research.theme.house import read_house

if TYPE_CHECKING:
    from crm_research.sources.definition import StudyDefinition

_PACKAGE: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class MadeBefore:
    """A report that was left as it is.

    Parameters
    ----------
    study, report
        Its name and id.
    page
        Where it is.
    made_at
        In UTC, ISO form.
    is_newest
        No other report of the study's day was made after it began.
    """

    study: str
    report: str
    page: Path
    made_at: str
    is_newest: bool = True


@dataclass(frozen=True, kw_only=True)
class Rests:
    """What the reports of a study rest on, beside their own parameters and notebooks.

    Parameters
    ----------
    study_file
        Digest of its file.
    states
        Table to a digest of what its rows come from; None where only reading could tell.
    look_and_rules
        Digest of the look and rules of the company, and of the study's own.
    how
        What else was asked of the run that shows on its pages.
    """

    study_file: str
    states: Mapping[str, str | None]
    look_and_rules: str
    how: Mapping[str, Any]

    def stamp(self, report: Report, notebook: Path, values: Mapping[str, Any], reads: Sequence[str]) -> str | None:
        """One digest of all that a report rests on; None where nobody could tell that its records have changed."""
        states = {name: self.states[name] for name in reads}
        named = {
            name: Path(value)
            for name, value in values.items()
            if name != "study" and isinstance(value, str) and 0 < len(value) < 1000 and Path(value).is_file()
        }
        if None in states.values():
            return None
        said = {
            "report": report.id,
            "parameters": {name: value for name, value in values.items() if name != "study"},
            "named": {name: digest_files([path]) for name, path in named.items()},
            "notebook": digest_files([notebook]),
            "study_file": self.study_file,
            "tables": states,
            "how": dict(self.how),
            "code": digest_of_code(),
            "own": self.look_and_rules,
        }
        return digest_text(json.dumps(said, sort_keys=True, ensure_ascii=False))


def look_at_study(definition: StudyDefinition, path: Path, tables: Sequence[str], how: Mapping[str, Any]) -> Rests:
    """What do the reports of this study rest on now? No table is opened."""
    return Rests(
        study_file=digest_files([path]),
        states=states_of(definition, path.parent, tables),
        look_and_rules=_own_look_and_rules(find_own_files(definition, path)),
        how=how,
    )


def find_made(out: Path, study: str, report: str, stamp: str | None) -> MadeBefore | None:
    """The page that was made of exactly this, with all its files, if its report has not failed since; else None."""
    if stamp is None:
        return None
    for record in sorted(out.glob(f"{study}/*/run.json"), reverse=True):
        folder = record.parent
        try:
            entries = read_run(folder)["reports"]
        except (CrmError, KeyError, TypeError):
            continue
        for entry in entries:
            if entry["report"] != report or entry["outcome"] != DONE or entry.get("made_from") != stamp:
                continue
            needed = [
                entry["page"],
                f"{report}.ipynb",
                "figures.json",
                *entry.get("files", []),
                *entry.get("forms", []),
            ]
            if all((folder / name).is_file() for name in needed):
                others = [each.get("last_good_at") or "" for each in entries if each["report"] != report]
                return MadeBefore(
                    study=study,
                    report=report,
                    page=folder / entry["page"],
                    made_at=entry["last_good_at"],
                    is_newest=all(made_at <= entry["started_at"] for made_at in others),
                )
    return None


def _own_look_and_rules(own: OwnFiles) -> str:
    """A digest of what lies beside the work or is named by a study: its look, the logo in it, rules of the summary."""
    settings = read_settings()
    rules = [path for path in (settings.home / "data" / "rules.yaml", own.rules) if path is not None and path.is_file()]
    return digest_text("\n".join([repr(read_house(own.house or settings.house)), *(digest_files([p]) for p in rules)]))


@lru_cache(maxsize=1)
def digest_of_code() -> str:
    """Of every file of the package, and what else is installed: another release of anything makes every page anew."""
    own = sorted(file for file in _PACKAGE.rglob("*") if file.is_file() and file.suffix not in {".pyc", ".so"})
    installed = sorted({f"{found.name} {found.version}" for found in distributions()})
    return digest_text("\n".join([digest_files(own), sys.version, *installed]))
