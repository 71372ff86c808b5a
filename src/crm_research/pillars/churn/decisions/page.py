"""What is shown to decide by: targets, what changed, whom to contact; or a note of what is missing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError
from crm_research.pillars.churn.decisions import charts, decomposition_words, target_words, treatment_words
from crm_research.pillars.churn.decisions.decomposition import ChangeAnalysis, decompose_change
from crm_research.pillars.churn.decisions.keep_words import cannot_say, keep_sentence, nobody_apart
from crm_research.pillars.churn.decisions.targets import RetentionTargets, set_targets
from crm_research.pillars.churn.decisions.treatment import (
    CONTACT,
    LEAVE_ALONE,
    MARGIN_SHARE,
    SAVE_RATE,
    Treatment,
    choose_treatment,
    read_margins,
    usual_costs,
)
from crm_research.pillars.churn.decisions.treatment_check import TreatmentCheck, check_treatment
from crm_research.show import Answer, Chart, Figures, Note, Part, SavedList, Section, Table, drawn
from crm_research.theme import say_count, say_date, say_money, say_months, say_percent, say_points, without_limits
from crm_research.vocabulary import days_in_months

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
    from crm_research.pillars.churn.risks.assess import RiskList
    from crm_research.pillars.churn.risks.prediction import LeavingPrediction
    from crm_research.study import Study

N_LISTED: Final = 20
N_LEFT_ALONE: Final = 10
_SEE: Final = ("contacts",)
_NO_RISK: Final = "No contract with a risk is running, so there is nobody to choose from."
_NO_FEE: Final = "The contracts have no fee, so what a customer is worth is not known."
_NO_CHOICE: Final = "A choice of customers by risk would be drawn by lot, so none is shown."
_TARGET_COLUMNS: Final = (
    "group", "n_running", "n_before", "n_new", "retention", "needed", "gap", "n_fewer_leavers", "n_newcomers_instead",
)  # fmt: skip


def targets_section(
    records: Study,
    leaving: ChurnAnalysis | None = None,
    *,
    group: str | None = None,
    target_base: float | None = None,
    confidence: float = 0.95,
) -> Section:
    """What share must stay to hold the base, overall and by group? A note where the records do not hold a year."""
    targets = set_targets(records, group=group, target_base=target_base, confidence=confidence, leaving=leaving)
    return Section(*target_parts(targets), result=targets)


def target_parts(targets: RetentionTargets) -> Iterator[Part]:
    """What must stay to hold the base: a sentence, a picture and the figures."""
    finding = target_words.target_finding(targets)
    if targets.overall is None:
        yield Note(f"{finding} {_say_by_tenure(targets)}".strip(), kind="caution")
        yield Figures(target_words.target_figures(targets))
        return
    yield Note(f"{finding} {target_words.group_target_finding(targets)}".strip())
    yield Chart(
        drawn(charts.draw_targets, targets),
        alt=f"{finding} The picture shows the retention seen and needed, one row for each group.",
        data=targets.by_group if targets.by_group is not None else targets.overall,
    )
    figures = target_words.target_figures(targets)
    yield Figures([figure for figure in figures if figure.group is None])
    if targets.by_group is not None:
        yield Figures([f for f in figures if f.group is not None], "Yearly retention needed, by group")
        yield from _target_table_parts(targets)
    if targets.n_met_late:
        yield Note(target_words.met_late_note(targets))


def _target_table_parts(targets: RetentionTargets) -> Iterator[Part]:
    if targets.by_group is None:
        return
    yield Table(
        targets.by_group[list(_TARGET_COLUMNS)].rename(columns={"group": targets.group or "group"}),
        f"Retention needed for {say_count(targets.target_base, 'contract')} a year from now, by {targets.group}",
        formats={
            "retention": "share",
            "needed": "share",
            "gap": say_points,
            "n_fewer_leavers": "{:,.0f}",
            "n_newcomers_instead": "{:,.0f}",
        },
        note="Each group's target is its share of today's base; groups need not add up to the whole, as the mix of the "
        "base has moved. A gap below 0: more than enough. n newcomers instead: newcomers a year if retention stays as "
        "seen.",
    )


def _say_by_tenure(targets: RetentionTargets) -> str:
    if math.isnan(targets.stay_by_tenure):
        return ""
    return (
        f"So much can be said: if no early leavers are missing from the records, {say_percent(targets.stay_by_tenure)} "
        "of the running contracts would stay another year by the curve over tenure; if some are, fewer."
    )


def change_section(
    records: Study,
    leaving: ChurnAnalysis | None = None,
    *,
    group: str | None = None,
    months: int = 12,
    confidence: float = 0.95,
) -> Section:
    """What changed since the period before, and where does the change sit? A note where that cannot be told."""
    found = decompose_change(records, group=group, months=months, confidence=confidence, leaving=leaving)
    return Section(*change_parts(found), result=found)


def change_parts(found: ChangeAnalysis) -> Iterator[Part]:
    """What changed: a sentence, a picture and the figures."""
    finding = decomposition_words.change_finding(found)
    if found.change is None:
        yield Note(finding, kind="caution")
        yield Figures(decomposition_words.change_figures(found))
        return
    yield Note(finding)
    yield Chart(
        drawn(charts.draw_change, found),
        alt=f"{finding} The picture shows one bar for each part, to the right where it raised leaving.",
        data=decomposition_words.change_rows(found),
    )
    yield Figures(decomposition_words.change_figures(found))
    if found.reasons is None:
        yield Note("The records give no reason for any end, so it cannot be told which reason grew.")
    else:
        told = decomposition_words.reason_change_finding(found)
        yield Chart(
            drawn(charts.draw_reason_change, found),
            alt=f"{told} The picture shows one bar for each reason, to the right where it grew.",
            data=found.reasons,
        )
        yield Note(told)
    if found.rates is not None and found.reasons is not None:
        yield Table(
            found.rates.assign(**{name: 100 * found.rates[name] for name in ("rate", "lower", "upper")}),
            f"Why they leave, by tenure{f' and {found.group}' if found.group else ''}: ends per 100 contract-years",
            formats={"contract_years": "{:,.0f}", "rate": "{:.1f}", "lower": "{:.1f}", "upper": "{:.1f}"},
            note=f"From {say_date(found.between)} to {say_date(found.until)}; exact Poisson limits.",
            max_rows=60,
        )
    yield Note(
        "These parts are bookkeeping: they say where the change sits and so where to look, not what brought it about."
    )


def contacts_section(
    records: Study,
    predicted: LeavingPrediction | None,
    *,
    margin_per_month: float | None = None,
    margin_share: float = MARGIN_SHARE,
    contact_cost: float | None = None,
    incentive_cost: float | None = None,
    save_rates: Sequence[float] = SAVE_RATE,
    seed: int = 1,
    confidence: float = 0.95,
) -> Section:
    """Whom to contact so that they stay, by the risks predicted; a note where there are none.

    The horizon is the longest that the holdout can judge; without a holdout the main one of the list.

    Parameters
    ----------
    predicted
        Risks and their check; None where no risk can be told.
    save_rates
        Share of would-be leavers that a contact keeps: best guess, lower and upper end.
    """
    if predicted is None:
        why = "Without risks of single customers it cannot be said whom to contact."
        return Section(Answer(cannot_say("No risk of single customers could be told."), see=_SEE), Note(why))
    if predicted.check.tells_nobody_apart:
        ranking = predicted.check.ranking
        # Limits belong to the proof, not to the answer.
        why = nobody_apart(ranking, has_limits=True)
        return Section(
            Answer(cannot_say(nobody_apart(ranking, has_limits=False)), see=_SEE),
            Note(f"{why} {_NO_CHOICE}", kind="caution"),
        )
    if len(save_rates) != 3:
        raise ParameterError(
            f"save_rates needs three shares, a best guess and its lower and upper end; found {list(save_rates)!r}."
        )
    guess, low, high = (float(rate) for rate in save_rates)
    chosen = treatment_section(
        records,
        predicted.risks.rows,
        horizon_months=_months_to_act(records, predicted.risks),
        margin_per_month=margin_per_month,
        margin_share=margin_share,
        contact_cost=contact_cost,
        incentive_cost=incentive_cost,
        save_rate=(guess, low, high),
        is_fit_for_lists=predicted.check.is_fit_for_lists,
        seed=seed,
        confidence=confidence,
    )
    if chosen.result is None:
        return Section(Answer(cannot_say(_NO_RISK if predicted.risks.rows.empty else _NO_FEE), see=_SEE), chosen)
    may_list = predicted.check.is_fit_for_lists

    def keep(treatment: Treatment) -> list[str]:
        return [keep_sentence(treatment, records.currency, may_list=may_list)]

    return Section(Answer(*without_limits(keep, chosen.result), see=_SEE), chosen, result=chosen.result)


def _months_to_act(records: Study, risks: RiskList) -> int:
    months = [int(number) for number in risks.summary["horizon_months"] if number <= risks.main_months]
    if records.holdout_until is not None:
        held = (records.holdout_until - records.as_of).days
        months = [number for number in months if days_in_months(number) <= held + 1] or months[:1]
    return months[-1]


def treatment_section(
    records: Study,
    rows: pd.DataFrame,
    *,
    horizon_months: int,
    margin_per_month: float | None = None,
    margin_share: float = MARGIN_SHARE,
    contact_cost: float | None = None,
    incentive_cost: float | None = None,
    save_rate: tuple[float, float, float] = SAVE_RATE,
    value_months: float | None = None,
    stayers_accept: float = 1.0,
    woken_share: float = 0.0,
    is_fit_for_lists: bool = False,
    seed: int = 1,
    confidence: float = 0.95,
) -> Section:
    """Whom to contact so that they stay, how many, what it brings, and whom to leave alone?

    Parameters
    ----------
    rows
        The running contracts with their risks, as `choose_treatment` takes them.
    margin_per_month
        Of every contract; without it the fee times `margin_share`.
    contact_cost, incentive_cost
        Without them 0.5 % and 5 % of a customer's mean value, the proportions of Verbraken and others (2013).
    is_fit_for_lists
        Whether the risks held in the holdout (the card's `is_calibrated`); without it no single customers are named.
    """
    margins: float | pd.Series[float] | None = margin_per_month
    if margin_per_month is None:
        margins = read_margins(records, rows, margin_share=margin_share) if len(rows) else None
    if margins is None or not len(rows):
        return Section.missing(
            _NO_RISK
            if not len(rows)
            else f"{_NO_FEE} Give margin_per_month, and with it contact_cost and incentive_cost, to learn whom to "
            "contact."
        )
    told = pd.Series(margins, index=rows.index, dtype=float)
    months = float(horizon_months if value_months is None else value_months)
    usual = usual_costs(told, months)
    treatment = choose_treatment(
        rows,
        margin_per_month=np.asarray(told, dtype=np.float64),
        contact_cost=usual[0] if contact_cost is None else contact_cost,
        incentive_cost=usual[1] if incentive_cost is None else incentive_cost,
        save_rate=save_rate,
        horizon_months=horizon_months,
        value_months=value_months,
        stayers_accept=stayers_accept,
        woken_share=woken_share,
        seed=seed,
        confidence=confidence,
    )
    assumed = _say_assumed(margin_per_month, margin_share, contact_cost, incentive_cost)
    check = check_treatment(records, treatment, seed=seed)
    return Section(*_result_parts(records, treatment, check, assumed, is_fit_for_lists), result=treatment)


def _say_assumed(margin: float | None, share: float, contact: float | None, incentive: float | None) -> str:
    """Which amounts nobody gave."""
    parts = [] if margin is not None else [f"the margin is taken as {say_percent(share)} of the fee"]
    if contact is None or incentive is None:
        parts.append("costs not given are taken as 0.5 % (contact) and 5 % (incentive) of a customer's mean value")
    if not parts:
        return ""
    said = " and ".join(parts)
    return f"{said[0].upper()}{said[1:]}: give margin_per_month, contact_cost and incentive_cost to do better."


def _result_parts(
    records: Study, treatment: Treatment, check: TreatmentCheck | None, assumed: str, may_list: bool
) -> Iterator[Part]:
    currency = records.currency
    finding = treatment_words.treatment_finding(treatment, currency)
    yield Note(f"{finding} {treatment_words.strategy_finding(treatment, currency)}".strip())
    yield Note(f"{treatment_words.save_rate_warning(treatment)} {assumed}".strip(), kind="caution")
    if treatment.rows.empty:
        return
    yield Chart(
        drawn(charts.draw_profit, treatment, currency),
        alt=f"{finding} The picture shows the profit by the length of the list.",
        data=treatment.targeting.curve,
    )
    window = f"contracts running on {say_date(records.as_of)}, the {say_months(treatment.offer.horizon_months)} after"
    yield Figures(treatment_words.treatment_figures(treatment, currency, window=window, check=check))
    money = dict.fromkeys(("expected", "lower", "upper", "behind", "behind_lower", "behind_upper"), currency)
    yield Table(
        treatment.targeting.strategies,
        "What each way of choosing brings",
        formats={**money, "n": "{:,.0f}"},
        note="behind: what the best list brings more.",
    )
    yield Table(treatment.assumptions, "What was assumed", note="Change any of these and run again.")
    verdicts = treatment_words.verdict_table(treatment)
    yield Table(verdicts, "Whom to contact, and whom not", formats={"n": "{:,.0f}"}, counts=("n",))
    yield from _rows_parts(treatment, currency, may_list)
    yield from _check_parts(treatment, check, currency)
    yield Note(treatment_words.trial_finding(treatment))
    for remark in treatment.notes:
        yield Note(remark)
    if treatment.n_unknown:
        unknown = say_count(treatment.n_unknown, "contract")
        yield Note(f"Left out, because no risk or no margin is known of them: {unknown}.")


def _rows_parts(treatment: Treatment, currency: str, may_list: bool) -> Iterator[Part]:
    if not may_list:
        yield Note(
            "The risks did not hold, or were not checked, out of time: no single customers are named.", kind="caution"
        )
        return
    rows = treatment.rows
    columns = [name for name in ("contract_id", "customer_id") if name in rows.columns]
    columns += ["risk", "worth_if_saved", "expected_profit", "lower", "upper", "break_even_save_rate", "why"]
    formats = {
        "risk": "share",
        "break_even_save_rate": "share",
        **dict.fromkeys(("worth_if_saved", "expected_profit", "lower", "upper"), currency),
    }
    everybody = rows.loc[rows["verdict"] == CONTACT, columns]
    chosen = everybody.head(N_LISTED)
    alone = rows.loc[rows["verdict"] == LEAVE_ALONE].sort_values("risk", ascending=False, kind="stable")
    if len(chosen):
        yield Table(
            chosen, "Contact first", formats=formats, note="Below its break-even save rate a contact loses money."
        )
        yield SavedList(
            "churn-contact",
            everybody,
            f"Everybody whom it pays to contact, the most profitable first: chance to leave from 0 to 1, money in "
            f"{currency}.",
        )
    if len(alone):
        yield Table(
            alone[columns].head(N_LEFT_ALONE),
            "Do not contact: the riskiest of those on whom a contact loses money even if all goes well",
            formats=formats,
        )
        yield SavedList(
            "churn-leave-alone",
            alone[columns],
            "Everybody on whom a contact loses money even if all goes well, the riskiest first.",
        )


def _check_parts(treatment: Treatment, check: TreatmentCheck | None, currency: str) -> Iterator[Part]:
    yield Note(treatment_words.check_finding(check), kind="note" if check is not None else "caution")
    if check is None:
        return
    yield Chart(
        drawn(charts.draw_net_benefit, check, treatment.confidence),
        alt="Net benefit of acting on the risks, on everybody and on nobody, by the threshold one would act from.",
        data=check.curve,
    )
    if check.empc is not None:
        empc = check.empc
        limits = ""
        if not math.isnan(empc.lower):
            limits = f" ({say_money(empc.lower, currency)} to {say_money(empc.upper, currency)})"
        yield Note(
            f"The order of these risks is worth {say_money(empc.profit, currency)} a contract{limits} to a campaign of "
            f"the best length, which would contact {say_percent(empc.fraction)} (expected maximum profit, EMPC)."
        )
