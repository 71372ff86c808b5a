"""The frames of the summary as they are printed."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from crm_research.pillars.summary import words
from crm_research.pillars.summary.actions import Action
from crm_research.pillars.summary.claims.sayings import SAYINGS, say_verdict
from crm_research.pillars.summary.figures import claim_figures, summary_figures
from crm_research.pillars.summary.standing import OUTCOMES, Standing
from crm_research.show.figure_cards import why_refuted
from crm_research.show.formats import format_estimate, format_interval


def actions_table(actions: Sequence[Action]) -> pd.DataFrame:
    """One action a row: department, for whom, what, at stake, report."""
    rows = [
        {
            "department": words.name_department(action.rule.department),
            "for whom": action.for_whom,
            "what": action.do,
            "at stake": words.say_stake(action) or "not known",
            "report": action.report.title,
        }
        for action in actions
    ]
    return pd.DataFrame(rows)


def claims_table(standing: Standing) -> pd.DataFrame:
    """One saying a row: what is said, what the records say, n, verdict, source."""
    rows = [
        {
            "what everybody says": claim.saying.said,
            "what these records say": words.say_claim(claim),
            "n": claim.figure.n,
            "verdict": say_verdict(claim.saying, claim.figure),
            "source": claim.saying.source,
        }
        for claim in standing.claims
    ]
    return pd.DataFrame(rows)


def moves_table(standing: Standing) -> pd.DataFrame:
    """What has moved beyond chance: number, before, after, report."""
    titles = {report.report: report.title for report in standing.results.reports}
    rows = [
        {
            "number": words.name_figure(move.figure),
            "before": "" if move.before is None else format_estimate(move.before),
            "after": "" if move.after is None else format_estimate(move.after),
            "report": titles.get(move.report, move.report),
        }
        for move in standing.moved
    ]
    return pd.DataFrame(rows)


def failing_table(standing: Standing) -> pd.DataFrame:
    """What fails its own check: number, value, what speaks against it, report."""
    rows = [
        {
            "number": words.name_figure(figure),
            "value": format_estimate(figure),
            "limits": format_interval(figure) or "",
            "what speaks against it": why_refuted(figure),
            "report": report.title,
        }
        for report, figure in standing.failing
    ]
    return pd.DataFrame(rows)


def checks_table(standing: Standing) -> pd.DataFrame:
    """How many numbers of each report hold, fail, were not tested, are not known."""
    rows = []
    for report in standing.results.reports:
        if report.figures:
            counts = {word: sum(one.outcome == outcome for one in report.figures) for outcome, word in OUTCOMES}
            rows.append({"report": report.title, **counts})
    return pd.DataFrame(rows)


def reports_table(standing: Standing) -> pd.DataFrame:
    """Which reports were made, failed or do not apply: report, came of it, why."""
    said = {"done": "made", "failed": "failed", "not applicable": "does not apply"}
    rows = [
        {"report": report.title, "what came of it": said.get(report.outcome, report.outcome), "why": report.reason}
        for report in standing.results.reports
    ]
    return pd.DataFrame(rows)


def sayings_table() -> pd.DataFrame:
    """What is commonly said: figure, saying."""
    return pd.DataFrame({"figure": list(SAYINGS), "saying": [saying.said for saying in SAYINGS.values()]})


def summary_table(standing: Standing) -> pd.DataFrame:
    """The numbers of the summary and of the sayings as they are printed, for comparison by tests."""
    shown = [*summary_figures(standing), *claim_figures(standing)]
    return pd.DataFrame({"figure": [one.id for one in shown], "value": [format_estimate(one) for one in shown]})
