"""What passes between the run and its workers: plain records that travel between processes."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final

from crm_research import errors
from crm_research.errors import CrmError
from crm_research.privacy.masking import masked
from crm_research.said_by_others import say_fault
from crm_research.theme.house import House

# Kinds of failures that say nothing against the report: its process was ended, or could not begin.
KILLED: Final = "killed"
NOT_STARTED: Final = "not started"
# Kind of a failure to begin: a table that the report reads, or a parameter that it was given, is at fault.
HINDERED: Final = "input"
# Kind of a failure to put a page that was made in its place.
NOT_PUBLISHED: Final = "not published"
DISK_FULL: Final = "disk full"
MEMORY_FULL: Final = "memory full"
# Forms beside the page, each the ending of its file.
PDF: Final = "pdf"
XLSX: Final = "xlsx"
FORMS: Final = (PDF, XLSX)
# Whom a page is for.
RESEARCH: Final = "research"
MANAGEMENT: Final = "management"
AUDIENCES: Final = (RESEARCH, MANAGEMENT)
_OWN: Final = frozenset(
    name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, CrmError)
)
# How libraries end the names of what they raise.
_FOREIGN: Final = ("Error", "Exception", "Invalid")


@dataclass(frozen=True, kw_only=True)
class StudyFacts:
    """What a page and a run's record say of a study.

    Parameters
    ----------
    given
        How the user named it: a name or a path.
    as_of, holdout_until
        Days in ISO form.
    inputs
        Mappings with table, source, fingerprint and n_rows.
    """

    given: str
    name: str
    title: str
    currency: str
    as_of: str
    holdout_until: str | None
    engine: str
    provenance: str = ""
    caveats: tuple[str, ...] = ()
    inputs: tuple[dict[str, Any], ...] = ()
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Task:
    """One report of one study, ready to be run.

    Parameters
    ----------
    parameters
        All of them, defaults included, as the notebook receives them.
    descriptions
        Parameter to what it means.
    folder
        Scratch folder of this task alone; what it makes is moved from here.
    environment
        Variables the kernel gets beside those of the caller.
    formats
        In which further forms the page is made: `PDF`, `XLSX`.
    audience
        Whom the page is for: ``research`` reads everything, ``management`` its own part and the figures.
    is_keeping_lists
        Are lists with real ids wanted, in the folder for their owner alone?
    is_last
        It stands on the results of the other tasks, and begins when these are over.
    house
        The study's own look; None takes the company's.
    made_from
        One digest of all that the report rests on (`crm_research.reporting.unchanged`); None where nobody could tell
        that its records have changed.
    """

    report: str
    title: str
    question: str
    notebook: Path
    study: StudyFacts
    parameters: dict[str, Any]
    descriptions: dict[str, str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    audience: str = RESEARCH
    is_keeping_lists: bool = True
    is_last: bool = False
    house: House | None = None
    made_from: str | None = None

    @property
    def told_parameters(self) -> dict[str, Any]:
        """The parameters as others may read them: of the study's file its name, not where it lies, and of nobody."""
        study = self.parameters.get("study")
        told = {name: masked(each) if isinstance(each, str) else each for name, each in self.parameters.items()}
        return told | {"study": PurePath(study).name} if isinstance(study, str) and study else told

    @property
    def page(self) -> Path:
        """Where the worker leaves the page."""
        return self.folder / f"{self.report}.html"

    @property
    def executed(self) -> Path:
        """Where the worker leaves the executed notebook."""
        return self.folder / f"{self.report}.ipynb"

    def other_form(self, ending: str) -> Path:
        """Where the worker leaves the page in another form."""
        return self.folder / f"{self.report}.{ending}"

    @property
    def files(self) -> Path:
        """Where the notebook leaves files that are too long to stand in it."""
        return self.folder / "files"

    @property
    def private(self) -> Path:
        """Where the notebook leaves lists with real ids."""
        return self.folder / "private"

    @property
    def label(self) -> str:
        """Name of the task in messages."""
        return f"{self.study.name} / {self.report}"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a report was not made, in words.

    Parameters
    ----------
    kind
        Name of the exception, or ``timeout``, ``killed``, ``not started``, ``not published``, ``disk full``,
        ``memory full``.
    message
        What it said.
    place
        Cell and section where it happened, if it happened in one.
    trace
        Last lines of the traceback, for the author of the notebook.
    published
        The message as others may read it, where it names values of the data.
    """

    kind: str
    message: str
    place: str | None = None
    trace: tuple[str, ...] = ()
    published: str | None = None

    def in_words(self) -> str:
        """One paragraph; what is refused in our own words, and what a library says of a fault, without its class."""
        where = f" ({self.place})" if self.place else ""
        if self.kind in _OWN or self.kind == HINDERED:
            return f"{self.message}{where}"
        is_foreign = self.kind.endswith(_FOREIGN) and not hasattr(builtins, self.kind)
        return (
            f"a step failed: {say_fault(self.message)}{where}" if is_foreign else f"{self.kind}: {self.message}{where}"
        )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one task ended.

    Parameters
    ----------
    figures
        Records of the figures shown, in order.
    answer
        Sentences of the answer.
    files
        Files handed out with the page, name and text; without a text it lies in the task's folder of files.
    private
        Names of the lists with real ids that lie in the task's private folder.
    notes
        Warnings that libraries gave on the way.
    failure
        None if the page was made.
    retried_after
        How a first attempt ended that was tried again, as its process had been killed.
    """

    started_at: str
    ended_at: str
    seconds: float
    figures: tuple[dict[str, Any], ...] = ()
    answer: tuple[str, ...] = ()
    files: tuple[tuple[str, str | None], ...] = ()
    private: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failure: Failure | None = None
    retried_after: Failure | None = None
