"""What the checks found: one finding for each rule and column, and the verdict on the whole study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crm_research.contracts.rules import ERROR, NOTE, WARNING, Severity

if TYPE_CHECKING:
    import pandas as pd

WARNINGS_ABOVE: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Does this rule hold for this column, and if not, for how many rows?

    Parameters
    ----------
    table, column
        Where; column is empty for a rule about the table as a whole.
    rule
        Id of the rule (docs/checks.md).
    expected
        The rule in words, as it should hold.
    severity
        ``error``, ``warning`` or ``note``; already softened where the study accepts the defect.
    n_checked, n_bad
        What was checked and how many of it break the rule: rows, or orders, responses and items where the rule is
        about those. A rule about the table as a whole checks one thing.
    examples
        Keys and values of a few that break it.
    found
        What was found, where a count does not say it.
    spoils, mend
        What a failure spoils, in which reports, and what to do about it.
    accepted_share
        The largest share the study's file accepts; None where it says nothing.
    """

    table: str
    column: str
    rule: str
    expected: str
    severity: Severity
    n_checked: int
    n_bad: int
    examples: tuple[str, ...] = ()
    found: str = ""
    spoils: str = ""
    mend: str = ""
    accepted_share: float | None = None

    @property
    def share_bad(self) -> float:
        """Part of what was checked that breaks the rule, 0 to 1."""
        return self.n_bad / self.n_checked if self.n_checked else 0.0

    @property
    def holds(self) -> bool:
        """Does the rule hold throughout?"""
        return self.n_bad == 0

    @property
    def where(self) -> str:
        """``table.column``, or the table."""
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True, kw_only=True)
class TableSummary:
    """What does the study hold of one table?

    Parameters
    ----------
    n_rows, n_not_read
        All rows, and those after the study's last instant, which no report reads.
    first_at, last_at
        Earliest and latest believable time (1900 to 2200) of the column `known_at`; None without one.
    columns
        Names as they are in the table, canonical ones first.
    source
        What it was read from, where that is known.
    """

    table: str
    grain: str
    n_rows: int
    n_not_read: int = 0
    known_at: str | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    columns: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Verdict:
    """Is this study fit for use?

    Parameters
    ----------
    study, as_of, holdout_until
        Which study, and where it stands in time.
    tables
        One summary for each checked table.
    findings
        Every rule that was checked, held or broken, in the order of tables and gravity.
    """

    study: str
    as_of: datetime
    holdout_until: datetime | None
    tables: tuple[TableSummary, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> tuple[Finding, ...]:
        """Rules that hold."""
        return tuple(finding for finding in self.findings if finding.holds)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """Rules that are broken, errors first."""
        return self.errors + self.warnings + self.notes

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Broken rules that make a table unusable."""
        return self._broken(ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Broken rules that call for care."""
        return self._broken(WARNING)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """Broken rules that one should know of."""
        return self._broken(NOTE)

    def of_table(self, table: str) -> tuple[Finding, ...]:
        """All findings about one table."""
        return tuple(finding for finding in self.findings if finding.table == table)

    def exit_code(self, warnings_above: float = WARNINGS_ABOVE) -> int:
        """2 with an error, 1 where a warning concerns more than that share of what was checked, else 0."""
        if self.errors:
            return 2
        return int(any(finding.share_bad > warnings_above for finding in self.warnings))

    def headline(self, warnings_above: float = WARNINGS_ABOVE) -> str:
        """The verdict in one sentence."""
        if self.errors:
            first, others = self.errors[0], len(self.errors) - 1
            more = f" (and {others} more {'error' if others == 1 else 'errors'})" if others else ""
            return f"Not usable as it stands: {_say_broken(first)}{more}."
        grave = sorted(self.warnings, key=lambda finding: -finding.share_bad)
        if grave and self.exit_code(warnings_above):
            return f"Usable with care: {_say_broken(grave[0])}."
        if grave:
            limit = f"each concerns at most {say_share(warnings_above)} of the rows"
            return f"Fit for use, with {len(grave)} {'warning' if len(grave) == 1 else 'warnings'}: {limit}."
        return "Fit for use: every rule holds." if not self.notes else "Fit for use."

    @property
    def frames(self) -> Mapping[str, pd.DataFrame]:
        """Tidy frames for a notebook.

        Returns
        -------
        mapping
            ``tables``: one row a table (table, grain, n_rows, n_not_read, first_at, last_at, n_columns, n_passed,
            n_failed, source). ``checks``: one row a finding (its fields, share_bad, holds). ``failed``: those of
            `checks` that are broken, errors first.
        """
        import pandas as pd

        names = [item.name for item in fields(Finding)]
        checks = pd.DataFrame([as_record(finding) for finding in self.findings], columns=[*names, "share_bad", "holds"])
        failed = pd.DataFrame([as_record(finding) for finding in self.failed], columns=checks.columns)
        columns = ["table", "grain", "n_rows", "n_not_read", "first_at", "last_at", "n_columns", "n_passed", "n_failed"]
        tables = pd.DataFrame([self._table_record(table) for table in self.tables], columns=[*columns, "source"])
        return {"tables": tables, "checks": checks, "failed": failed}

    def _table_record(self, summary: TableSummary) -> dict[str, Any]:
        findings = self.of_table(summary.table)
        n_passed = sum(finding.holds for finding in findings)
        counts = {"n_columns": len(summary.columns), "n_passed": n_passed, "n_failed": len(findings) - n_passed}
        return asdict(summary) | counts

    def _broken(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if not found.holds and found.severity == severity)


def as_record(finding: Finding) -> dict[str, Any]:
    """The finding as one flat mapping, examples joined, with share_bad and holds."""
    joined = {"examples": "; ".join(finding.examples)}
    return asdict(finding) | joined | {"share_bad": finding.share_bad, "holds": finding.holds}


def say_found(finding: Finding) -> str:
    """The rule and what was found: ``every order_id stands in one row only; broken by 3 of 900 (0.33 %)``."""
    return f"{finding.expected}; {what_was_found(finding)}"


def _say_broken(finding: Finding) -> str:
    found = finding.found or f"{finding.n_bad:,} of {finding.n_checked:,}, {say_share(finding.share_bad)}"
    return f"{finding.where} breaks the rule that {finding.expected} ({found})"


def what_was_found(finding: Finding) -> str:
    """In its own words, or how many of how many break the rule: ``broken by 3 of 900 (0.33 %)``."""
    return finding.found or f"broken by {finding.n_bad:,} of {finding.n_checked:,} ({say_share(finding.share_bad)})"


def say_share(share: float) -> str:
    """A share as a percentage that never rounds something to nothing or a part to the whole."""
    percent = 100 * share
    if 0 < percent < 0.01:
        return "under 0.01 %"
    if 99.99 < percent < 100:
        return "over 99.99 %"
    digits = 2 if percent < 1 or 99 < percent < 100 else 1
    return f"{percent:.{digits}f} %"
