"""What the notebook shows of the risks of single customers, or the reason why no list is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research import show
from crm_research.churn.risk import RiskList
from crm_research.churn.risk_charts import draw_risks
from crm_research.churn.risk_words import (
    comparison_finding,
    list_rows,
    risk_figures,
    risk_finding,
    say_months,
    say_unjudged,
)
from crm_research.theme import say_date, say_percent

if TYPE_CHECKING:
    from crm_research.churn.judging import RiskCheck
    from crm_research.study import Study

N_SHOWN: Final = 15


def show_risks(records: Study, risks: RiskList, check: RiskCheck | None, *, n_shown: int = N_SHOWN) -> None:
    """Who is most at risk? Shown only if the risks held for customers the model had not seen.

    Parameters
    ----------
    records
        The study.
    risks
        Of `assess_risks`.
    check
        Of `judge_risks`; without it there is no list.
    n_shown
        Contracts listed.
    """
    refusal = _refuse(risks, check)
    if refusal:
        show.note(refusal, kind="caution")
    elif check is not None:
        _show_list(records, risks, check, n_shown)
    said = comparison_finding(check) if check is not None else ""
    if said:
        show.note(said)


def _refuse(risks: RiskList, check: RiskCheck | None) -> str:
    none = "No list of customers at risk is shown"
    if not risks.n_running:
        return "No contract runs at the end of the records, so nobody is at risk and there is no list."
    if check is None:
        return f"{none}: the risks were not checked on customers the model had not seen."
    if not check.is_fit_for_lists:
        why = " ".join(f"{reason[0].upper()}{reason[1:].rstrip('.')}." for reason in check.reasons)
        return f"{none}, because its risks are not known to hold. {why}"
    if not risks.at(risks.main_months)["n_judged"]:
        return f"{none}: none can be judged. {say_unjudged(risks)}"
    return ""


def _show_list(records: Study, risks: RiskList, check: RiskCheck, n_shown: int) -> None:
    finding = risk_finding(risks)
    if len(risks.deciles):
        show.chart(
            draw_risks(risks),
            alt=f"{finding} The picture shows one bar for each tenth of the contracts, falling from the most at risk.",
            data=risks.deciles,
        )
    show.note(" ".join([finding, say_unjudged(risks)]).strip())
    window = f"contracts running on {say_date(records.as_of)}"
    show.figures(
        risk_figures(risks, window=window, validation=check.designs[0].said), as_table="Contracts expected to leave"
    )
    shown = list_rows(risks, n_shown)
    mark = f" ({check.mark})" if check.mark else ""
    show.table(
        shown,
        f"The {len(shown):,} contracts most likely to leave within {say_months(risks.main_months)}{mark}",
        note=f"Chance to leave, having stayed so far, and its {say_percent(risks.confidence, 0)} interval in per cent. "
        "The last column names what goes with more danger than the average contract carries; it does not say what "
        f"would make them stay. All {len(risks.rows):,} running contracts are in the frame risks.rows.",
        max_rows=n_shown,
    )
