"""One table under examination: its shape, its clock, its rows, and its rows together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from crm_research.contracts.columns import TableContract
from crm_research.contracts.findings import Finding, TableSummary
from crm_research.contracts.rules import ERROR, NOTE, RULES, WARNING, Severity, say_mend, say_what_is_spoilt
from crm_research.contracts.scan import Scan, scan_table, show_examples
from crm_research.contracts.set_checks import build_set_queries
from crm_research.contracts.set_query import SetCheck
from crm_research.contracts.shape_checks import missing_columns, wrong_types
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.contracts.set_query import Asked


# Silence at the end of these tables is news about customers; elsewhere it is usual.
_STEADY: Final = frozenset({"orders", "contracts", "contacts", "invoices"})
STALE_DAYS: Final = 31
STALE_GAPS: Final = 5
_SECONDS_PER_DAY: Final = 86_400


class Source(Protocol):
    """What a table was read from."""

    @property
    def table(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102


class Checkable(Protocol):
    """What the checks need of a study (contracts stand on a lower floor than studies)."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> Path | None: ...  # noqa: D102
    @property
    def as_of(self) -> datetime: ...  # noqa: D102
    @property
    def holdout_until(self) -> datetime | None: ...  # noqa: D102
    @property
    def tables(self) -> Mapping[str, ir.Table]: ...  # noqa: D102
    @property
    def attributes(self) -> Mapping[str, Mapping[str, str]]: ...  # noqa: D102
    @property
    def accepted(self) -> Mapping[str, Mapping[str, float]]: ...  # noqa: D102
    @property
    def continuation(self) -> object | None: ...  # noqa: D102
    @property
    def inputs(self) -> Sequence[Source]: ...  # noqa: D102


def say_sources(study: Checkable, table: str) -> str:
    """What the table was read from; of several systems, each."""
    return "; ".join(dict.fromkeys(item.source for item in study.inputs if item.table == table))


class TableCheck:
    """What was scanned of one table of a study, and the findings read off that."""

    def __init__(self, study: Checkable, contract: TableContract, usable: Mapping[str, set[str]], asked: Asked) -> None:
        self.study = study
        self.asked = asked
        self.contract = contract
        self.name = contract.name
        self.table = study.tables[contract.name]
        self.attributes = study.attributes.get(contract.name, {})
        self.accepted = study.accepted.get(contract.name, {})
        self.usable = usable
        self.scan: Scan = scan_table(
            contract,
            self.table,
            usable[contract.name],
            as_of=study.as_of,
            last_instant=study.holdout_until or study.as_of,
            attributes=self.attributes,
        )

    def summary(self) -> TableSummary:
        """What the study holds of the table."""
        source = say_sources(self.study, self.name)
        canonical = [name for name in self.contract.column_names if name in self.table.columns]
        extra = [name for name in self.table.columns if name not in canonical]
        return TableSummary(
            table=self.name,
            grain=self.contract.grain,
            n_rows=self.scan.n_rows,
            n_not_read=self.scan.n_bad_of("after-window"),
            known_at=self.contract.known_at,
            first_at=self.scan.first_at,
            last_at=self.scan.last_at,
            columns=(*canonical, *extra),
            source=source,
        )

    def findings(self) -> Iterator[Finding]:
        """Every rule that can be checked, held or broken; of an empty table only its shape."""
        yield from self._shape()
        is_empty = self.scan.n_rows == 0
        yield self._finding("empty-table", "", "the table holds rows", 1, int(is_empty), found="it is empty")
        if is_empty:
            return
        yield from self._clock()
        yield from self._rows()
        yield from self._sets()

    def _shape(self) -> Iterator[Finding]:
        missing = missing_columns(self.contract, self.table, self.attributes)
        for name in missing:
            found = f"it has only {', '.join(self.table.columns)}"
            yield self._finding("missing-column", name, f"the table has a column {name}", 1, 1, found=found)
        if not missing:
            n_needed = len(self.contract.required_names) + len(self.attributes)
            yield self._finding("missing-column", "", "every required column is there", n_needed, 0)
        wrong = wrong_types(self.contract, self.table, self.attributes)
        for name, (wanted, found) in wrong.items():
            yield self._finding("wrong-type", name, f"the column is of type {wanted}", 1, 1, found=f"it is {found}")
        if not wrong:
            n_typed = len(self.usable[self.name])
            yield self._finding("wrong-type", "", "every column is of its type", n_typed, 0)

    def _clock(self) -> Iterator[Finding]:
        scan, known_at = self.scan, self.contract.known_at
        for name, n_filled in scan.n_filled_attributes.items():
            expected, found = f"the attribute {name} has values", "all are missing"
            yield self._finding("attribute-empty", name, expected, 1, int(n_filled == 0), found=found)
        if known_at is None or scan.n_known is None:
            return
        expected = f"rows are known at as_of, {self.study.as_of:%Y-%m-%d}"
        n = scan.n_rows
        found = f"all {n:,} rows lie after it" if n > 1 else "its only row lies after it"
        if scan.first_at is not None:
            found += f", the first at {scan.first_at:%Y-%m-%d}"
        yield self._finding("nothing-known", known_at, expected, 1, int(scan.n_known == 0), found=found)
        if self.name in _STEADY and scan.last_known_at is not None:
            silent_days = (self.study.as_of - scan.last_known_at).total_seconds() / _SECONDS_PER_DAY
            span_days = (scan.last_known_at - (scan.first_at or scan.last_known_at)).total_seconds() / _SECONDS_PER_DAY
            usual_days = span_days / max(scan.n_known - 1, 1)
            stale = silent_days > max(STALE_DAYS, STALE_GAPS * usual_days)
            expected = f"records reach to within {STALE_DAYS} days of as_of, {self.study.as_of:%Y-%m-%d}"
            found = f"the last one is of {scan.last_known_at:%Y-%m-%d}, {say_count(silent_days, 'day')} earlier"
            yield self._finding("stale", known_at, expected, 1, int(stale), found=found)
            yield from self._holdout(known_at, max(STALE_DAYS, STALE_GAPS * usual_days))

    def _holdout(self, known_at: str, longest_days: float) -> Iterator[Finding]:
        """Months kept apart that no record reaches would be read as months in which nobody did anything."""
        until, last = self.study.holdout_until, self.scan.last_kept_at
        if until is None or last is None:
            return
        found = f"the last one is of {last:%Y-%m-%d}"
        if self.name == "orders":
            expected = f"orders lie between as_of, {self.study.as_of:%Y-%m-%d}, and holdout_until, {until:%Y-%m-%d}"
            is_empty = last <= self.study.as_of
            yield self._finding("holdout-empty", known_at, expected, 1, int(is_empty), found=found)
            if is_empty:
                return
        silent_days = (until - last).total_seconds() / _SECONDS_PER_DAY
        expected = f"records reach to within {STALE_DAYS} days of holdout_until, {until:%Y-%m-%d}"
        found += f", {silent_days:,.0f} days earlier"
        yield self._finding("holdout-short", known_at, expected, 1, int(silent_days > longest_days), found=found)

    def _rows(self) -> Iterator[Finding]:
        for check, n_checked, n_bad in self.scan.counted:
            examples: tuple[str, ...] = ()
            if n_bad:
                columns = list(dict.fromkeys([*self._identifying(), *check.columns]))
                rows = self.table.filter(check.bad(self.table)).select(*columns).order_by(columns)
                examples = show_examples(rows)
            yield self._finding(
                check.rule,
                check.columns[0],
                check.expected,
                n_checked,
                n_bad,
                examples=examples,
                other=check.other,
            )

    def _sets(self) -> Iterator[Finding]:
        for query in build_set_queries(self.contract, self.study.tables, self.usable):
            counts = query.count(self.asked)
            for check in query.checks:
                if check.rule == "goes-on" and self.study.continuation is not None:
                    continue  # the study has said how they are read
                n_bad = int(counts[check.n_bad])
                yield self._finding(
                    check.rule,
                    check.column,
                    check.expected,
                    self._n_checked(check, counts),
                    n_bad,
                    examples=show_examples(check.examples) if n_bad else (),
                    other=check.other,
                )

    def _identifying(self) -> list[str]:
        ids = self.contract.key or tuple(reference.column for reference in self.contract.references)
        return [name for name in ids if name in self.usable[self.name]]

    def _n_checked(self, check: SetCheck, counts: Mapping[str, int]) -> int:
        if check.n_checked is None:
            return self.scan.n_rows
        if check.n_checked.startswith("filled:"):
            return self.scan.n_filled[check.n_checked.removeprefix("filled:")]
        return int(counts[check.n_checked])

    def _finding(
        self,
        rule_id: str,
        column: str,
        expected: str,
        n_checked: int,
        n_bad: int,
        *,
        found: str = "",
        examples: tuple[str, ...] = (),
        other: str = "",
    ) -> Finding:
        rule = RULES[rule_id]
        accepted = self.accepted.get(rule_id)
        is_accepted = accepted is not None and n_bad / max(n_checked, 1) <= accepted
        mend = say_mend(rule, self.name, column, other=other)
        if accepted is not None and n_bad and not is_accepted:
            mend += f" The study file accepts a share of {accepted:g}."
        return Finding(
            table=self.name,
            column=column,
            rule=rule_id,
            expected=expected,
            severity=_softer(rule.severity) if is_accepted else rule.severity,
            n_checked=n_checked,
            n_bad=n_bad,
            examples=examples,
            found=found if n_bad else "",
            spoils=say_what_is_spoilt(rule, self.name, other=other),
            mend=mend,
            accepted_share=accepted,
        )


def _softer(severity: Severity) -> Severity:
    return WARNING if severity == ERROR else NOTE
