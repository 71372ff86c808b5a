"""The page of silent churn: who has left without saying so, and what the others will buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from crm_research.pillars.silent_churn import (
    advice,
    charts,
    figures,
    kind_page,
    pictures,
    tables,
    tracking_words,
    words,
)
from crm_research.pillars.silent_churn.analysis import SilentChurn, describe_silence
from crm_research.pillars.silent_churn.blind_words import blind_note
from crm_research.pillars.silent_churn.setting import explain_setting
from crm_research.show import (
    Answer,
    Chart,
    Figures,
    Note,
    Page,
    SavedList,
    Section,
    Step,
    Table,
    briefing,
    drawn,
    fitted,
    section,
)
from crm_research.theme import say_count, without_limits

if TYPE_CHECKING:
    from crm_research.study import Study

_NO_MODEL: Final = "No model could be fitted, so this part is left out. "
_NAME_FORMATS: Final = MappingProxyType(
    {
        "spend": "{:,.2f}",
        "usual_gap_weeks": "{:.1f}",
        "silent_weeks": "{:.1f}",
        "active_rate": "share",
        "lower": "share",
        "upper": "share",
    }
)
_ERROR_FORMATS: Final = MappingProxyType(
    {
        "rmse": "{:.3f}", "lower": "{:.3f}", "upper": "{:.3f}", "mae": "{:.3f}", "brier": "{:.4f}",
        "total_expected": "{:,.0f}", "total_observed": "{:,.0f}",
    }
)  # fmt: skip
_MONEY_FORMATS: Final = MappingProxyType(
    {
        "rmse": "{:,.2f}", "lower": "{:,.2f}", "upper": "{:,.2f}", "mae": "{:,.2f}",
        "total_expected": "{:,.0f}", "total_observed": "{:,.0f}",
    }
)  # fmt: skip


class SilentChurnPage(Page):
    """Who has left without saying so, and what will the others buy?

    Parameters
    ----------
    study, horizon_weeks, covariates, confidence, seed
        As `describe_silence` takes them.
    """

    report: ClassVar[str] = "silent-churn"
    clauses: ClassVar[Mapping[str, str]] = {
        "How many customers without a contract are still active": "groups",
        "who of the valuable ones is slipping away": "names",
    }

    def __init__(
        self,
        study: Study,
        *,
        horizon_weeks: float | None = None,
        covariates: Sequence[str] | None = None,
        confidence: float = 0.95,
        seed: int = 20170101,
    ) -> None:
        super().__init__(study)
        self._describe = partial(
            describe_silence,
            study,
            horizon_weeks=horizon_weeks,
            covariates=covariates,
            confidence=confidence,
            seed=seed,
        )

    @fitted
    def result(self) -> SilentChurn:
        """Intake, models, chances, kinds and the holdout: what all sections are taken from."""
        return self._describe()

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.ESTIMATORS

    @briefing
    def answer(self) -> Section:
        """How many of the buyers are still active, and what will they buy?"""
        silence = self.result
        return Section(
            Answer(*without_limits(advice.answer, silence), see=advice.proofs(silence)),
            Figures(figures.key_figures(silence)),
            Chart(
                drawn(charts.draw_silence, silence),
                alt=charts.silence_alt(silence),
                data=pictures.average_by_silence(silence),
                caption="Read it from left to right: how high a line stands is the chance that such customers are "
                "still active.",
            ),
            result=silence,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def setting(self) -> Section:
        """Why is leaving inferred here, and what do contracts say of it?"""
        return Section(Note(explain_setting(self.study)))

    @section
    def intake(self) -> Section:
        """Are the customers new, and do they buy at random?"""
        silence = self.result
        return Section(
            Note(words.intake_finding(silence), kind="caution" if silence.intake.is_mostly_old else "note"),
            Note(words.regularity_finding(silence)),
            result=silence.intake,
        )

    @section
    def groups(self) -> Section:
        """How many customers have which chance of still being active?"""
        silence = self.result
        if silence.chosen is None:
            return _no_model(silence)
        return Section(
            Chart(
                drawn(charts.draw_chances, silence),
                alt=f"{words.silence_finding(silence)} Bars show how many customers have which chance of still being "
                "active.",
                data=pictures.count_chances(silence),
            ),
            Table(tables.group_table(silence), "Customers by their chance of still being active"),
            Note(blind_note(silence).strip(), kind="caution") if silence.is_blind_to_once else None,
            Figures(figures.outlook_figures(silence)),
            result=silence.groups,
        )

    @section
    def names(self) -> Section:
        """Which valuable customers are probably going silent? Withheld where the holdout refutes it."""
        silence = self.result
        if silence.chosen is None:
            return _no_model(silence)
        refuted = words.refuted_finding(silence)
        if refuted:
            return Section.missing(refuted, "caution")
        if silence.going_silent.empty:
            return Section.missing(
                "Nobody to list: no customer who bought again, and paid more than came back, has a chance of 10 to "
                "50 % of still being active."
            )
        return Section(
            Table(
                silence.going_silent,
                f"Most valuable customers who are probably going silent, by what they have spent ({silence.currency})",
                formats=_NAME_FORMATS,
                note="Bought again, and 10 to 50 % likely to be still active. Limits hold the uncertainty of the "
                "parameters alone. Spend is what was paid less returns, and is no profit.",
            ),
            SavedList(
                "silent-churn-going-silent",
                silence.all_going_silent,
                "All of them, the largest spend first; chances from 0 to 1.",
            ),
            Note("Nothing has checked these chances: the study keeps no holdout.", kind="caution")
            if silence.holdout is None
            else None,
            result=silence.going_silent,
        )

    @section
    def histories(self) -> Section:
        """What chances does every customer with such a history have?"""
        silence = self.result
        if silence.chosen is None:
            return _no_model(silence)
        shown = tables.common_histories(silence)
        if shown.empty:
            return Section.missing(
                "Everybody has bought six times or more, so no two histories are common enough to show."
            )
        return Section(
            Table(
                shown,
                f"The commonest of {say_count(len(silence.scores), 'distinct history', 'distinct histories')}, scored",
                formats={"active_rate": "share", "expected_purchases": "{:.3f}"},
            ),
            result=silence.scores,
        )

    @section
    def kinds(self) -> Section:
        """Which kinds of customers buy more often, and which drop out sooner?"""
        return kind_page.kinds_section(self.result)

    @section
    def models(self) -> Section:
        """Which model was chosen and why, and how far does the answer hang on it?"""
        silence = self.result
        otherwise = len(silence.others) > 0
        return Section(
            Figures(figures.parameter_figures(silence), "Parameters of the models, in weeks"),
            *(Note(f"{model}: {reason}", kind="caution") for model, reason in silence.fits.reasons.items()),
            *map(Note, words.edge_findings(silence)),
            Note(words.model_finding(silence)),
            Table(silence.others, "The share still active, read otherwise", formats={"alive_share": "share"}),
            Note(words.spread_finding(silence), kind="caution") if otherwise else None,
            result=silence.fits,
        )

    @section
    def fit(self) -> Section:
        """Does the model have as many customers with each number of purchases as were counted?"""
        silence = self.result
        if silence.chosen is None:
            return _no_model(silence)
        compared = pictures.compare_frequencies(silence)
        return Section(
            Chart(
                drawn(charts.draw_frequencies, silence),
                alt="Pairs of bars: customers counted and customers expected by number of repeat purchases.",
                data=compared,
            ),
            result=compared,
        )

    @section
    def tracking(self) -> Section:
        """Did purchases come week by week as expected?"""
        silence = self.result
        if silence.chosen is None or silence.tracking.empty:
            return Section.missing(
                "Purchases cannot be followed week by week: no model, or less than two whole weeks of records."
            )
        finding = f"{tracking_words.tracking_finding(silence)}."
        return Section(
            Chart(drawn(charts.draw_weekly, silence), alt=f"{finding} Two lines over weeks.", data=silence.tracking),
            Chart(drawn(charts.draw_cumulative, silence), alt=f"{finding} Two lines that rise over weeks."),
            result=silence.tracking,
        )

    @section
    def holdout(self) -> Section:
        """Did every forecast come true?"""
        silence = self.result
        check = silence.holdout
        is_better = check is not None and check.gain.lower > 0
        finding = Note(words.check_finding(silence), kind="note" if is_better else "caution")
        if check is None:
            return Section(finding)
        orders = Table(
            check.errors.drop(columns=["is_rule"]),
            "Error per customer of each forecast in the holdout, in orders",
            formats=_ERROR_FORMATS,
            note=tables.rules_note(silence),
        )
        money = (
            Table(
                silence.money.drop(columns=["is_rule"]),
                f"Error per customer of each forecast in the holdout, in money ({silence.currency})",
                formats=_MONEY_FORMATS,
                note=words.money_finding(silence),
            )
            if len(silence.money)
            else None
        )
        if silence.chosen is None:
            return Section(finding, orders, money, result=check)
        return Section(
            finding,
            orders,
            money,
            Chart(
                drawn(charts.draw_conditional, silence),
                alt="Mean purchases in the holdout by repeat purchases before it: as they came, by the model, by the "
                "rule.",
                data=check.by_frequency,
            ),
            Table(check.by_recency, "The same by weeks of silence at the start of the holdout, purchases per customer"),
            Note(words.group_finding(silence), kind="note" if check.share_holds else "caution"),
            Table(
                check.by_group,
                "Did those called gone stay away? Share that bought in the holdout",
                formats={"lower": "share", "upper": "share"},
            ),
            result=check,
        )


def _no_model(silence: SilentChurn) -> Section:
    return Section.missing(_NO_MODEL + silence.why_chosen, "caution")
