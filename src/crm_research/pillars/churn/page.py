"""The page of contract churn: when customers leave, for which reasons, and whom to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from crm_research.pillars.churn import advice
from crm_research.pillars.churn.curves import charts, extrapolation_page, figures, page, reason_page, tables, words
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis, describe_churn
from crm_research.pillars.churn.decisions import page as decisions_page
from crm_research.pillars.churn.decisions.treatment import MARGIN_SHARE, SAVE_RATE
from crm_research.pillars.churn.drivers.page import drivers_section
from crm_research.pillars.churn.joins import measure_joins
from crm_research.pillars.churn.reasons.page import reason_drivers_section
from crm_research.pillars.churn.renewals.describe import Renewals, describe_renewals
from crm_research.pillars.churn.renewals.page import renewal_check_parts, renewals_parts
from crm_research.pillars.churn.risks.assess import HORIZONS_MONTHS
from crm_research.pillars.churn.risks.page import check_section, risks_section
from crm_research.show import Answer, Chart, Figures, Note, Page, Section, Step, Table, briefing, drawn, fitted, section
from crm_research.show.joined import JoinsTold, joins_section
from crm_research.theme import without_limits

if TYPE_CHECKING:
    from crm_research.pillars.churn.decisions.treatment import Treatment
    from crm_research.pillars.churn.drivers.measure import DriverAnalysis
    from crm_research.pillars.churn.risks.prediction import LeavingPrediction
    from crm_research.study import Study


class ChurnPage(Page):
    """When do customers end their contracts, for which reasons, and whom is it worth keeping?

    Parameters
    ----------
    study, group, horizon_months, confidence
        As `describe_churn` takes them.
    covariates
        What may explain leaving; None takes all that the study declares.
    risk_months
        Horizons of the risks of single customers, in months.
    target_base
        Contracts to run a year from now; None is as many as now.
    margin_per_month, margin_share, contact_cost, incentive_cost, save_rates
        What a customer brings, what a contact costs, and the share of would-be leavers whom it keeps (best guess,
        lower and upper end).
    seed
        Start of the resampling.
    """

    report: ClassVar[str] = "churn"
    clauses: ClassVar[Mapping[str, str]] = {
        "When do customers end their contracts": "hazard",
        "for which reasons": "reasons",
        "whom is it worth keeping": "contacts",
    }

    def __init__(
        self,
        study: Study,
        *,
        group: str | None = None,
        horizon_months: int | None = None,
        covariates: Sequence[str] | None = None,
        risk_months: Sequence[int] = HORIZONS_MONTHS,
        target_base: float | None = None,
        margin_per_month: float | None = None,
        margin_share: float = MARGIN_SHARE,
        contact_cost: float | None = None,
        incentive_cost: float | None = None,
        save_rates: Sequence[float] = SAVE_RATE,
        confidence: float = 0.95,
        seed: int = 20170101,
    ) -> None:
        super().__init__(study)
        self.group = group
        self.covariates = covariates
        self.risk_months = risk_months
        self.target_base = target_base
        self.confidence = confidence
        self.seed = seed
        self._describe = partial(
            describe_churn, study, group=group, horizon_months=horizon_months, confidence=confidence
        )
        self._choose = partial(
            decisions_page.contacts_section,
            study,
            margin_per_month=margin_per_month,
            margin_share=margin_share,
            contact_cost=contact_cost,
            incentive_cost=incentive_cost,
            save_rates=save_rates,
            seed=seed,
            confidence=confidence,
        )

    @fitted
    def result(self) -> ChurnAnalysis:
        """Tenure, hazard, groups, reasons and the holdout of the curve."""
        return self._describe()

    @fitted
    def hanging(self) -> JoinsTold | None:
        """The main number under other joins of records; None for a study without links."""
        return measure_joins(self.study, self.result, seed=self.seed)

    @fitted
    def renewals_result(self) -> Renewals:
        """The same leaving by number of the renewal."""
        leaving = self.result
        return describe_renewals(
            self.study, group=leaving.counts.group, confidence=self.confidence, detection=leaving.setting.detection
        )

    @property
    def drivers_result(self) -> DriverAnalysis | None:
        """What goes with leaving, everything else alike; None where nothing can be said."""
        return cast("DriverAnalysis | None", self.drivers.result)

    @property
    def predicted(self) -> LeavingPrediction | None:
        """Risks of single customers and their check; None where no risk can be told."""
        return cast("LeavingPrediction | None", self.risk_check.result)

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.ESTIMATORS

    @briefing
    def answer(self) -> Section:
        """When do customers end their contracts, for which reasons, and which groups sooner?"""
        leaving = self.result
        return Section(
            Answer(*without_limits(words.answer, leaving), see=("tenure", "hazard", "reasons")),
            Figures(figures.key_figures(leaving)),
            Chart(
                drawn(charts.draw_survival, leaving),
                alt=f"{words.stay_finding(leaving)} {words.year_finding(leaving)} The curve falls from 100 % as tenure "
                "grows.",
                data=tables.milestones(leaving),
                caption="Read it from left to right: how high the curve stands at a month is the share that lasts "
                "longer.",
            ),
            result=leaving,
        )

    @property
    def treatment(self) -> Treatment | None:
        """Whom to contact, and what it brings; None where that cannot be told."""
        return cast("Treatment | None", self.contacts.result)

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(
            advice.steps(
                self.result, self.treatment, may_list=self._may_list(), nobody_apart=self._tells_nobody_apart()
            )
        )

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result, self.treatment)

    def _tells_nobody_apart(self) -> bool:
        return self.predicted is not None and self.predicted.check.tells_nobody_apart

    def _may_list(self) -> bool:
        return self.predicted is not None and self.predicted.check.is_fit_for_lists

    @section
    def setting(self) -> Section:
        """What is counted as leaving, and what exactly is estimated?"""
        setting = self.result.setting
        return Section(Note(setting.explain()), Table(setting.estimand(), "What is estimated"), result=setting)

    @section
    def cautions(self) -> Section:
        """Could early leavers be missing?"""
        return Section(*page.cautions_parts(self.result, self.doubts), result=self.result.sensitivity)

    @section
    def tenure(self) -> Section:
        """How long do they stay?"""
        found = tables.milestones(self.result)
        return Section(
            Table(found, "Contracts still there after so many months, in per cent"),
            *extrapolation_page.tenure_figures_parts(self.result),
            result=found,
        )

    @section
    def hazard(self) -> Section:
        """When is the danger of leaving greatest?"""
        return Section(*page.hazard_parts(self.result), result=self.result.rates)

    @section
    def renewals(self) -> Section:
        """How many go on each time, how many will, and is the forecast any good?"""
        return Section(*renewals_parts(self.renewals_result), result=self.renewals_result)

    @section
    def beyond(self) -> Section:
        """How long do they last in all?"""
        return extrapolation_page.extrapolation_section(self.result, self.study)

    @section
    def groups(self) -> Section:
        """Which groups leave sooner?"""
        return Section(*page.groups_parts(self.result), result=self.result.compared)

    @section
    def reasons(self) -> Section:
        """Why do they leave, and does each group have its own reasons?"""
        leaving = self.result
        return Section(
            *page.reasons_parts(leaving), *reason_page.reason_groups_parts(leaving), result=leaving.incidence
        )

    @section
    def drivers(self) -> Section:
        """What goes with leaving, after allowing for the rest?"""
        return drivers_section(self.study, self.result, self.covariates)

    @section
    def reason_drivers(self) -> Section:
        """Does each reason have its own drivers?"""
        return reason_drivers_section(self.study, self.result, self.covariates)

    @section
    def change(self) -> Section:
        """What has changed since the period before, and where does the change sit?"""
        return decisions_page.change_section(self.study, self.result, group=self.group, confidence=self.confidence)

    @section
    def targets(self) -> Section:
        """What share must stay to hold the base?"""
        return decisions_page.targets_section(
            self.study, self.result, group=self.group, target_base=self.target_base, confidence=self.confidence
        )

    @section
    def risk_check(self) -> Section:
        """Can the risk of a single customer be predicted?"""
        return check_section(self.study, self.drivers_result, horizons_months=self.risk_months, seed=self.seed)

    @section
    def risks(self) -> Section:
        """Who is most at risk now?"""
        return risks_section(self.study, self.predicted)

    @section
    def contacts(self) -> Section:
        """Whom to contact so that they stay, and whom to leave alone?"""
        return self._choose(self.predicted)

    @section
    def rule(self) -> Section:
        """Does the simplest rule do as well: that the same share leaves each month?"""
        return Section(*page.rule_parts(self.result), result=self.result.rule)

    @section
    def holdout(self) -> Section:
        """Did as many leave afterwards as the curve had expected?"""
        return Section(*page.holdout_parts(self.result), result=self.result.holdout)

    @section
    def renewal_check(self) -> Section:
        """Did as many renew as was expected?"""
        return Section(*renewal_check_parts(self.renewals_result), result=self.renewals_result.check)

    @section
    def joins(self) -> Section:
        """How much of the answer hangs on which records are joined as one customer?"""
        return joins_section(self.hanging)

    @section
    def needs(self) -> Section:
        """What would the study have to hold for the parts that this page lacks?"""
        return Section(*page.needs_parts(self.result))
