"""Is a study fit for use? Every table against its contract, counted inside the engine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crm_research.addresses import hide_credentials
from crm_research.contracts.findings import Finding, TableSummary, Verdict, what_was_found
from crm_research.contracts.rules import RULES, SEVERITIES, WARNING
from crm_research.contracts.shape_checks import usable_columns
from crm_research.contracts.table_check import Checkable, TableCheck, say_sources
from crm_research.contracts.tables import TABLES, contract_of
from crm_research.errors import ContractViolation, CrmError, StudyError, offer_names
from crm_research.said_by_others import say_fault, say_no_room
from crm_research.steps import step
from crm_research.stopping import stop_if_asked

if TYPE_CHECKING:
    from crm_research.contracts.set_query import Asked

# What only a mistake in this code raises: never to be told as a fault of the user's source.
_OUR_MISTAKES: Final = (AttributeError, IndexError, KeyError, NameError, TypeError)


@step
def check_study(study: Checkable, *, tables: Collection[str] | None = None) -> Verdict:
    """Is this study fit for use?

    All rules that need a single row are counted in one query a table; keys, references and identities in one query
    each. Rows of offenders are fetched only for rules that are broken. Rows of all times are checked, also those that
    no report reads yet.

    Parameters
    ----------
    study
        An opened study.
    tables
        Canonical tables to check; None checks every table the study holds. Tables that the study lacks are passed
        over: whether a report can do without them is for its catalogue entry to say.

    Raises
    ------
    StudyError
        If a table's name is not canonical, a rule in `accepted` does not exist, or the source of a table cannot be
        read.
    """
    _refuse_unknown_rules(study)
    wanted = set(study.tables if tables is None else tables)
    for name in wanted:
        contract_of(name)
    usable = {
        name: usable_columns(TABLES[name], table, study.attributes.get(name, {}))
        for name, table in study.tables.items()
    }
    summaries, findings = [], []
    asked: Asked = {}
    for name in TABLES:
        stop_if_asked()
        if name in wanted and name in study.tables:
            try:
                checked = TableCheck(study, TABLES[name], usable, asked)
                summaries.append(checked.summary())
                findings += sorted(checked.findings(), key=_gravity)
            except _OUR_MISTAKES:
                raise
            except Exception as problem:
                raise _unreadable(study, name, problem) from problem
    return Verdict(
        study=study.name,
        as_of=study.as_of,
        holdout_until=study.holdout_until,
        tables=tuple(summaries),
        findings=tuple(_soften_later(finding, study, summaries) for finding in findings),
    )


def is_about(verdict: Verdict, study: Checkable) -> bool:
    """Was this found of a study of the same name, tables and instants?"""
    stood = (verdict.study, verdict.as_of, verdict.holdout_until, [summary.table for summary in verdict.tables])
    return stood == (study.name, study.as_of, study.holdout_until, [name for name in TABLES if name in study.tables])


# What customers do: where it lies after as_of, the date is wrong. Anything else may well begin later.
_DEALINGS: Final = ("orders", "contracts")


def _soften_later(finding: Finding, study: Checkable, summaries: Sequence[TableSummary]) -> Finding:
    """A table whose rows all lie in the holdout, beside others that are known, spoils only what needs it."""
    if finding.rule != "nothing-known" or finding.holds or finding.table in _DEALINGS or study.holdout_until is None:
        return finding
    first_at = {summary.table: summary.first_at for summary in summaries}
    begins = first_at[finding.table]
    others = [first for name, first in first_at.items() if name != finding.table and first is not None]
    if begins is None or begins > study.holdout_until or not any(first <= study.as_of for first in others):
        return finding
    spoils = "it lies in the holdout, so what rests on it says that nothing is known; other reports are as they are"
    return replace(finding, severity=WARNING, spoils=spoils)


def require_sound(study: Checkable, tables: Collection[str] | None = None) -> Verdict:
    """The verdict on these tables, if no rule is broken that makes one of them unusable.

    Raises
    ------
    ContractViolation
        Otherwise: it tells the first error in full, and how many others there are.
    """
    verdict = check_study(study, tables=tables)
    if not verdict.errors:
        return verdict
    raise say_violation(study, verdict)


def say_violation(study: Checkable, verdict: Verdict, table: str | None = None) -> ContractViolation:
    """The first error of a verdict in full, and how many others there are; of one table if it is named."""
    errors = [error for error in verdict.errors if table in {None, error.table}]
    first, others = errors[0], len(errors) - 1
    more = f"{others} more {'rule is' if others == 1 else 'rules are'} broken. " if others else ""
    source = say_sources(study, first.table)
    read_from = f"The table is read from {source}. " if source else ""
    return ContractViolation(
        table=first.table,
        column=first.column,
        rule=first.expected,
        n_bad=first.n_bad,
        found=what_was_found(first),
        examples=first.examples,
        mend=f"{first.mend} {read_from}{more}See all with 'crm-research check {study.path or study.name}'.",
    )


def _refuse_unknown_rules(study: Checkable) -> None:
    for table, rules in study.accepted.items():
        contract_of(table)
        for rule, share in rules.items():
            where = f"Study {study.name!r}: tables: {table}: accept: {rule}"
            if rule not in RULES:
                raise StudyError(f"{where} names no rule. {offer_names(rule, RULES)}")
            if not 0 <= share <= 1:
                raise StudyError(f"{where} is {share:g}; it must be a share between 0 and 1.")


def _unreadable(study: Checkable, table: str, problem: Exception) -> Exception:
    if isinstance(problem, CrmError):
        return problem
    source = say_sources(study, table)
    read_from = f", read from {source}," if source else ""
    if full := say_no_room(problem):
        return StudyError(f"Table {table!r} of study {study.name!r}{read_from} cannot be scanned: {full}.")
    return StudyError(
        f"Table {table!r} of study {study.name!r}{read_from} cannot be scanned: "
        f"{say_fault(hide_credentials(str(problem)))}. Check the source and the expressions in the study file."
    )


def _gravity(finding: Finding) -> int:
    return len(SEVERITIES) if finding.holds else SEVERITIES.index(finding.severity)
