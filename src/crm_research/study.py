"""A study: one company's tables, its clock and its currency, opened and ready to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from crm_research.contracts import contract_of, is_internal, name_apart
from crm_research.errors import StudyError, offer_names
from crm_research.steps import KeptSteps

# Groups of fewer customers are withheld in what a run writes, unless the study's file says otherwise.
LEAST_GROUP: Final = 5

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend


@dataclass(frozen=True, kw_only=True)
class FileState:
    """How a file was found: its path, its bytes, and when it was last written to (nanoseconds since 1970)."""

    path: str
    n_bytes: int
    written_at: int


@dataclass(frozen=True, kw_only=True)
class InputFingerprint:
    """What a study's table was read from, so that a later reader can tell whether it has changed.

    Parameters
    ----------
    table
        Canonical table it feeds.
    source
        File name, database table or sample, without credentials.
    fingerprint
        Digest of content (files) or of definition and row count (databases).
    n_rows
        Rows of the canonical table, where they were counted.
    files
        Files that the table is read from whenever it is asked, as they were when it was opened; none where its rows
        are a copy.
    """

    table: str
    source: str
    fingerprint: str
    n_rows: int | None = None
    files: tuple[FileState, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """When does a contract go on in another one of the same customer, so that its end is none?

    Parameters
    ----------
    within_days
        The next one begins at most so many days after the end; also one that begins while the other runs. None where
        only reasons tell.
    after
        End reasons that are no end (a change of plan, a pause): the next contract of the customer, whenever it begins,
        goes on with it; without a next one it counts as running.
    """

    within_days: int | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Study:
    """Which records do we have, until when, and in which money?

    Parameters
    ----------
    name, title
        The id used on the command line and in paths, and the name people read.
    currency
        The one currency of all money, as an ISO 4217 code.
    as_of
        The instant the study stands at: records at or before it are known, later ones are not. A date means
        its midnight. Times carry no zone; they are in the study's own.
    holdout_until
        Records in (as_of, holdout_until] are kept apart to judge what was fitted before; None without a holdout.
    tables
        Canonical table name to Ibis table with the canonical columns, types and declared extra columns.
    attributes
        Table name to extra columns that may serve as covariates, each with its type (number, category, flag, time).
    accepted
        Table name to rule id (docs/checks.md) to the largest share of rows that may break the rule: defects the
        user knows of and can live with. Written as ``accept:`` under a table in the study's file.
    continuation
        Which contracts are read as one; None reads each by itself. Applied where tables are cut to what was known.
    provenance
        Where the data come from, under which licence.
    caveats
        What is doubtful about the data; printed on every page.
    segment_names
        Suggested name of a segment to the company's own.
    service_policy
        Class of customers, or segment, to the service it gets, in words.
    grade_weights, judgements
        Criterion of a customer's grade to what it weighs; and ``ONE over OTHER`` to how many times as important the
        first is.
    least_group
        How many customers a group must hold for a run to tell of it; 0 tells of all.
    rules
        The study's own file of rules for its summary; None takes the company's.
    truth
        Folder of the simulator's known truth, for simulated studies only.
    renamed
        Table name to attributes that are called as columns of ours, each with the name under which it is kept; told by
        ``crm-research check``.
    kept
        What was computed of it (`steps`); a copy that stands elsewhere begins anew.

    Notes
    -----
    An attribute that is called as a column of ours (``weight``, ``_place``) is kept as ``weight_recorded``, in its
    table and among the attributes, also in a study made by hand. Undeclared columns that look like passing ones go.
    """

    name: str
    title: str
    currency: str
    as_of: datetime
    tables: Mapping[str, ir.Table]
    holdout_until: datetime | None = None
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    accepted: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MappingProxyType({}))
    continuation: Continuation | None = None
    provenance: str = ""
    caveats: tuple[str, ...] = ()
    segment_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    service_policy: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    grade_weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    judgements: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))
    least_group: int = LEAST_GROUP
    inputs: tuple[InputFingerprint, ...] = ()
    path: Path | None = None
    rules: Path | None = None
    truth: Path | None = None
    renamed: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    kept: KeptSteps = field(default_factory=KeptSteps, init=False)

    def __post_init__(self) -> None:
        for table in self.tables:
            contract_of(table)
        if self.holdout_until is not None and self.holdout_until <= self.as_of:
            raise StudyError(
                f"Study {self.name!r}: holdout_until {self.holdout_until:%Y-%m-%d} must lie after as_of "
                f"{self.as_of:%Y-%m-%d}. Move one of them, or leave holdout_until out."
            )
        self._keep_names_apart()

    def _keep_names_apart(self) -> None:
        """No column of a user's stands where one of ours is made; what a study file has named apart stays so."""
        tables, attributes, renamed = dict(self.tables), dict(self.attributes), dict(self.renamed)
        for name, table in self.tables.items():
            declared = dict(self.attributes.get(name, {}))
            taken = {*declared, *table.columns}
            apart = {one: name_apart(one, taken - {one}) for one in declared}
            changed = {one: kept for one, kept in apart.items() if kept != one}
            ours = contract_of(name).column_names
            passing = [one for one in table.columns if is_internal(one) and one not in {*declared, *ours}]
            if changed:
                held = {kept: one for one, kept in changed.items() if one in table.columns}
                tables[name] = table.rename(held)
                attributes[name] = MappingProxyType({apart[one]: kind for one, kind in declared.items()})
                renamed[name] = MappingProxyType({**renamed.get(name, {}), **changed})
            if passing:
                tables[name] = tables[name].drop(*passing)
        if any(tables[name] is not table for name, table in self.tables.items()) or len(renamed) > len(self.renamed):
            object.__setattr__(self, "tables", MappingProxyType(tables))
            object.__setattr__(self, "attributes", MappingProxyType(attributes))
            object.__setattr__(self, "renamed", MappingProxyType(renamed))

    def __repr__(self) -> str:
        return "\n".join(f"{what}: {said}" for what, said in self._facts().items())

    def _repr_html_(self) -> str:
        rows = "".join(f"<dt>{escape(what)}</dt><dd>{escape(said)}</dd>" for what, said in self._facts().items())
        return f'<dl class="crm crm-study">{rows}</dl>'

    def _facts(self) -> dict[str, str]:
        """What somebody who has just opened it wants to see; nothing is computed."""
        held = f"{self.holdout_until:%Y-%m-%d}" if self.holdout_until is not None else "none"
        facts = {
            "study": f"{self.name}, {self.title}",
            "as of": f"{self.as_of:%Y-%m-%d %H:%M}".removesuffix(" 00:00"),
            "holdout until": held,
            "currency": self.currency,
            "tables": ", ".join(self.tables) or "none",
        }
        declared = [f"{table}.{name}" for table, columns in self.attributes.items() for name in columns]
        return facts | ({"attributes": ", ".join(declared)} if declared else {})

    def has(self, *tables: str) -> bool:
        """Does the study hold all of these tables?"""
        return all(table in self.tables for table in tables)

    def table(self, name: str) -> ir.Table:
        """A canonical table, whole: also what happened after as_of. Analyses read `features.window` instead."""
        contract_of(name)
        if name not in self.tables:
            raise StudyError(
                f"Study {self.name!r} has no table {name!r}. {offer_names(name, self.tables)} "
                f"Map it under 'tables: {name}:' in the study's file."
            )
        return self.tables[name]

    def attributes_of(self, table: str) -> Mapping[str, str]:
        """Declared extra columns of a table, name to type (number, category, flag, time)."""
        return self.attributes.get(table, MappingProxyType({}))

    def standing_at(self, as_of: datetime) -> Study:
        """The same study seen from another instant; a holdout that would lie before it is dropped."""
        holdout = self.holdout_until if self.holdout_until is not None and self.holdout_until > as_of else None
        return replace(self, as_of=as_of, holdout_until=holdout)

    @property
    def backend(self) -> BaseBackend:
        """The engine the tables live in."""
        if not self.tables:
            raise StudyError(f"Study {self.name!r} has no tables. Map at least one under 'tables:' in its file.")
        return next(iter(self.tables.values())).get_backend()
