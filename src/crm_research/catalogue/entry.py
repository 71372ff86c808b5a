"""What the catalogue says of one report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pathlib import Path

    from crm_research.study import Study


class ReportParameters(BaseModel):
    """Parameters that every report takes. A report adds its own, each with a default and a description."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str = Field(description="Name of a study, or the path of a study file.")
    as_of: date | None = Field(default=None, description="Stand at another date than the study's own.")
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0, description="Level of every interval.")
    seed: int = Field(default=20170101, ge=0, description="Start of every chance draw.")


@dataclass(frozen=True, kw_only=True)
class Report:
    """One report: its question, its notebook, its parameters, and the tables it cannot do without.

    Parameters
    ----------
    id
        Name on the command line and of the page.
    title, question
        What people read in the index.
    notebook
        File name in notebooks/.
    parameters
        Model of its parameters; the notebook's parameter cell holds the same names and defaults.
    needs_any_of
        Groups of tables; the report applies when the study holds all tables of at least one group.
    lacks
        What a study without them lacks, in words, where their names alone do not say how to come by them.
    may_read
        Every table the report looks at where the study holds it, those it cannot do without among them; None: all.
    spares
        Which of these it does not look at, given the tables at hand and its parameters; None: looks at all of them.
    look_up
        Raises a `CrmError` where a parameter names a column or a value that the study, once opened, does not hold;
        None: no parameter names any.
    figure_ids
        Ids other programs may rely on, wherever the report applies and the records suffice.
    is_last
        It stands on the results of the others: made after them, also where some of them failed, from those tables that
        are not at fault.
    passes_over_faults
        It is made from those tables that are not at fault, where there are any, and says which it could not read.
    check_files
        Raises a `CrmError` where a file that it reads beside the study cannot be used, before anything is made; takes
        the study's own, if its file names one.
    tells_of_single
        It tells of single customers in its manager's part: management gets it only where groups of one may be told.
    names_customers
        Its parameters that name customers: others read pseudonyms in their place.
    """

    id: str
    title: str
    question: str
    notebook: str
    parameters: type[ReportParameters]
    needs_any_of: tuple[tuple[str, ...], ...]
    figure_ids: tuple[str, ...]
    may_read: tuple[str, ...] | None = None
    lacks: str = ""
    spares: Callable[[Collection[str], Mapping[str, Any]], Collection[str]] | None = None
    look_up: Callable[[Study, Mapping[str, Any]], None] | None = None
    is_last: bool = False
    passes_over_faults: bool = False
    check_files: Callable[[Path | None], None] | None = None
    tells_of_single: bool = False
    names_customers: tuple[str, ...] = ()

    def why_not_applicable(self, tables: Iterable[str]) -> str | None:
        """Why can this report not be made from these tables? None if it can."""
        held = set(tables)
        if any(held.issuperset(group) for group in self.needs_any_of):
            return None
        if self.lacks:
            return f"needs {self.lacks}"
        needed = " or ".join(" and ".join(group) for group in self.needs_any_of)
        return f"needs the table {needed}, which the study does not have"

    def why_not_told(self, least_group: int) -> str | None:
        """Why may management not read this report, where groups of fewer than so many are withheld? None if it may."""
        if not self.tells_of_single or least_group <= 1:
            return None
        return (
            f"tells of single customers, and the study withholds groups of fewer than {least_group:,} from management: "
            "make it with --audience research for those who deal with these customers, or write privacy: "
            "{least_group: 1} in the study file"
        )

    def hide_customers(self, values: Mapping[str, Any], hide: Callable[[list[str]], list[str]]) -> dict[str, Any]:
        """The parameters, with what `hide` makes of those that name customers."""
        told = dict(values)
        for name in self.names_customers:
            given = told.get(name)
            if isinstance(given, list):
                told[name] = hide([str(one) for one in given])
        return told

    def read_among(self, names: Iterable[str], tables: Collection[str], values: Mapping[str, Any]) -> list[str]:
        """Which of these does the report read of a study that has such tables, with such parameters?"""
        spared = () if self.spares is None else self.spares(tables, values)
        return [name for name in names if name not in spared and (self.may_read is None or name in self.may_read)]
