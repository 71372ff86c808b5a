"""How a study stands: the results of its reports, what moved since the run before, and what they ask for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crm_research.comparison import MOVED, Comparison, Move, compare_runs, read_run_figures
from crm_research.figures import FAILS, HOLDS, NOT_APPLICABLE, UNTESTED, Figure
from crm_research.pillars.summary.actions import Action, choose_actions, find_unsure
from crm_research.pillars.summary.claims.measure import Claim, measure_claims
from crm_research.pillars.summary.rules import company_rules, read_rules
from crm_research.results import DayResults, ReportResult, read_results
from crm_research.settings import folder_of_results, leave_out
from crm_research.show.shown import Shown

if TYPE_CHECKING:
    from crm_research.study import Study

REPORT: Final = "summary"
# Tables that this report reads: a run leaves out those that are at fault.
READ: Final = frozenset({"campaign_responses", "campaigns", "contracts", "orders"})
# Figures of this report itself beside its claims: actions, figures, unvalidated ones.
N_OWN: Final = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Standing(Shown):
    """How does the study stand?

    Parameters
    ----------
    study
        The study.
    results
        Of its other reports at its day.
    actions
        What they ask for.
    unsure
        Numbers beyond the mark of a rule from which nothing is drawn, as they have no limits.
    claims
        What is commonly said, beside what the records say.
    comparison
        With the run of the latest earlier day; None where there is none.
    left_out
        Tables at fault, which were not read.
    confidence
        Level of the intervals of the claims.
    """

    study: Study
    results: DayResults
    actions: tuple[Action, ...]
    unsure: tuple[tuple[ReportResult, Figure], ...]
    claims: tuple[Claim, ...]
    comparison: Comparison | None
    left_out: tuple[str, ...]
    confidence: float

    @property
    def figures(self) -> list[tuple[ReportResult, Figure]]:
        """Every figure of the other reports, with its report."""
        return [(report, figure) for report in self.results.reports for figure in report.figures]

    @property
    def failing(self) -> list[tuple[ReportResult, Figure]]:
        """Those that fail their own checks."""
        return [pair for pair in self.figures if pair[1].outcome == FAILS]

    @property
    def moved(self) -> list[Move]:
        """What has moved beyond chance, the surest first."""
        return [] if self.comparison is None else self.comparison.of(MOVED)

    def counted(self) -> Counter[str]:
        """Figures of all reports, this one among them, by what came of their check; the ledger counts the same."""
        found = Counter(figure.outcome for _, figure in self.figures)
        found.update(claim.figure.outcome for claim in self.claims)
        found[UNTESTED] += N_OWN
        return found

    @property
    def n_figures(self) -> int:
        """How many figures stand in the ledger?"""
        return sum(self.counted().values())


OUTCOMES: Final = (
    (FAILS, "fails its check"),
    (UNTESTED, "not tested"),
    (HOLDS, "holds"),
    (NOT_APPLICABLE, "not known"),
)


def find_folder(study: Study, results: str | None) -> Path:
    """Where the reports of the study and its day lie, on the shelf named or that of the run."""
    shelf = Path(results).expanduser() if results else folder_of_results()
    return shelf / study.name / f"{study.as_of:%Y-%m-%d}"


def summarise(study: Study, *, results: str | None = None, confidence: float = 0.95, seed: int = 20170101) -> Standing:
    """What do all reports of a study and its day come to?

    Parameters
    ----------
    study
        The study, at the day of its reports.
    results
        Folder of the shelf, as ``reports``; None takes the run's own.
    confidence, seed
        Of the claims that are measured here.

    Raises
    ------
    CrmError
        If rules of the company or the study, or a record on the shelf, cannot be used.
    """
    rules = read_rules(company_rules(), study.rules)
    found = read_results(find_folder(study, results), without=REPORT)
    return Standing(
        study=study,
        results=found,
        actions=choose_actions(rules, found),
        unsure=find_unsure(rules, found),
        claims=measure_claims(study, found, confidence=confidence, seed=seed, left_out=leave_out() & READ),
        comparison=_compare(found),
        left_out=tuple(sorted(leave_out() & READ)),
        confidence=confidence,
    )


def _compare(results: DayResults) -> Comparison | None:
    if results.earlier is None or not any(report.figures for report in results.reports):
        return None
    before, after = (read_run_figures(folder) for folder in (results.earlier, results.folder))
    others = [replace(run, figures=tuple(pair for pair in run.figures if pair[0] != REPORT)) for run in (before, after)]
    return compare_runs(*others)
