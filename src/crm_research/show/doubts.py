"""What the check of the records found that spoils a report, as cautions on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.contracts.findings import WARNINGS_ABOVE, what_was_found
from crm_research.contracts.readers import READERS
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.contracts.findings import Finding
    from crm_research.study import Study

_MOST_SAID: Final = 3
_HARMLESS: Final = "nothing"


def find_doubts(study: Study, report: str) -> tuple[Finding, ...]:
    """Broken rules of the tables that a report reads, those that concern the largest share first.

    Without errors, with which no report is made, and without what the study's file accepts as no more than a note. None
    where the records were not checked, as in a notebook opened by hand: to check them is a run's part.
    """
    from crm_research.contracts.checks import check_study

    kept = getattr(study, "kept", None)
    verdict = kept.known(check_study, {"tables": None}) if kept is not None and report else None
    if verdict is None:
        return ()
    spoiling = [
        found
        for found in verdict.warnings
        if report in READERS.get(found.table, ()) and not found.spoils.startswith(_HARMLESS)
    ]
    return tuple(sorted(spoiling, key=lambda found: -found.share_bad))


def say_doubts(found: tuple[Finding, ...]) -> list[str]:
    """The gravest of them, each as a caution; those that concern few rows are left to the page of the customer base."""
    grave = [one for one in found if one.share_bad > WARNINGS_ABOVE]
    said = [say_doubt(one) for one in grave[:_MOST_SAID]]
    n_more = len(grave) - len(said)
    if n_more:
        more = say_count(n_more, "more rule does", "more rules do")
        said.append(f"{more} not hold; the page of the customer base lists them.")
    return said


def say_doubt(finding: Finding) -> str:
    """One broken rule: what should hold, what was found, and what it spoils."""
    found = what_was_found(finding)
    spoils = finding.spoils.split(" (reports")[0]
    return (
        f"The records break the rule that in {finding.table} {finding.expected}: {found}. What that spoils: {spoils}."
    )
