"""What is shown of the risks of single customers, or the reason why no list is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from crm_research.errors import NotEnoughData
from crm_research.pillars.churn.drivers.words import say_covariate
from crm_research.pillars.churn.risks.assess import HORIZONS_MONTHS, RiskList
from crm_research.pillars.churn.risks.charts import draw_risks
from crm_research.pillars.churn.risks.prediction import LeavingPrediction, predict_leaving
from crm_research.pillars.churn.risks.words import (
    comparison_finding,
    list_rows,
    list_whole,
    risk_figures,
    risk_finding,
    say_months,
    say_unjudged,
)
from crm_research.pillars.churn.validation.page import check_parts
from crm_research.show import Chart, Figures, Note, Part, SavedList, Section, Table, drawn
from crm_research.theme import join_words, say_date, say_percent, word_for

if TYPE_CHECKING:
    from crm_research.pillars.churn.drivers.measure import DriverAnalysis
    from crm_research.pillars.churn.validation.validate import RiskCheck
    from crm_research.study import Study

N_SHOWN: Final = 15


def check_section(
    records: Study,
    drivers: DriverAnalysis | None,
    *,
    horizons_months: Sequence[int] = HORIZONS_MONTHS,
    seed: int = 20170101,
) -> Section:
    """Can the risk of single customers be predicted? The check, before anybody is named.

    Parameters
    ----------
    drivers
        What the risks are counted from; None where nothing goes with leaving.

    Returns
    -------
    Section
        Its result is the `LeavingPrediction`; None, and a note, where no risk can be told.
    """
    if drivers is None:
        return Section.missing(
            "Without anything that goes with leaving, all contracts of the same tenure carry the same risk."
        )
    try:
        predicted = predict_leaving(
            records,
            drivers.covariates,
            horizons_months=horizons_months,
            confidence=drivers.confidence,
            seed=seed,
        )
    except NotEnoughData as problem:
        return Section.missing(str(problem))
    named = join_words([say_covariate(name) for name in predicted.strata])
    return Section(
        Note(
            f"What goes with {named} changes over tenure. For the risks, each of these groups therefore has a "
            "danger by tenure of its own."
        )
        if predicted.strata
        else None,
        *check_parts(predicted.check),
        result=predicted,
    )


def risks_section(records: Study, predicted: LeavingPrediction | None, *, n_shown: int = N_SHOWN) -> Section:
    """Who is most at risk? Shown only if the risks held for customers the model had not seen.

    Parameters
    ----------
    predicted
        Risks and their check; None where no risk can be told.
    n_shown
        Contracts listed.
    """
    if predicted is None:
        return Section.missing("No risk of single customers could be told, so there is no list.")
    risks, check = predicted.risks, predicted.check
    refusal = _refuse(risks, check)
    return Section(
        *([Note(refusal, kind="caution")] if refusal else _list_parts(records, risks, check, n_shown)),
        Note(comparison_finding(check)),
        result=risks,
    )


def _refuse(risks: RiskList, check: RiskCheck) -> str:
    none = "No list of customers at risk is shown"
    if not risks.n_running:
        return "No contract runs at the end of the records, so nobody is at risk and there is no list."
    if not check.is_fit_for_lists:
        why = " ".join(f"{reason[0].upper()}{reason[1:].rstrip('.')}." for reason in check.reasons)
        return f"{none}, because its risks are not known to hold. {why}"
    if not risks.at(risks.main_months)["n_judged"]:
        return f"{none}: none can be judged. {say_unjudged(risks)}"
    return ""


def _list_parts(records: Study, risks: RiskList, check: RiskCheck, n_shown: int) -> Iterator[Part]:
    finding = risk_finding(risks)
    if len(risks.deciles):
        yield Chart(
            drawn(draw_risks, risks),
            alt=f"{finding} The picture shows one bar for each tenth of the contracts, falling from the most at risk.",
            data=risks.deciles,
        )
    yield Note(" ".join([finding, say_unjudged(risks)]).strip())
    window = f"contracts running on {say_date(records.as_of)}"
    yield Figures(risk_figures(risks, window=window, validation=check.designs[0].said), "Contracts expected to leave")
    shown = list_rows(risks, n_shown)
    mark = f" ({check.mark})" if check.mark else ""
    yield Table(
        shown,
        f"The {word_for(len(shown), 'contract', f'{len(shown):,} contracts')} most likely to leave within "
        f"{say_months(risks.main_months)}{mark}",
        note=f"Chance to leave, having stayed so far, and its {say_percent(risks.confidence, 0)} interval in per cent. "
        "The last column names what goes with more danger than the average contract carries; it does not say what "
        "would make them stay.",
        max_rows=n_shown,
    )
    yield SavedList(
        "churn-most-likely-to-leave",
        list_whole(risks),
        "Every running contract whose risk can be told, the most likely to leave first: chance to leave within so many "
        "months and its limits, from 0 to 1, and what goes with more danger.",
    )
