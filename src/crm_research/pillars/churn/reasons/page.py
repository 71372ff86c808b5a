"""What is shown of the drivers of leaving by reason, or a note of why there is nothing to show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crm_research.errors import NotEnoughData
from crm_research.pillars.churn.drivers.measure import default_covariates
from crm_research.pillars.churn.reasons.charts import draw_reason_drivers
from crm_research.pillars.churn.reasons.figures import reason_driver_figures
from crm_research.pillars.churn.reasons.measure import ReasonDrivers, measure_reason_drivers
from crm_research.pillars.churn.reasons.tables import reason_table
from crm_research.pillars.churn.reasons.words import difference_finding, likeness_finding, reason_finding, share_finding
from crm_research.show import Chart, Figures, Note, Part, Section, panels
from crm_research.theme import join_words, say_count, say_percent, say_plainly

if TYPE_CHECKING:
    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
    from crm_research.study import Study


def reason_drivers_section(records: Study, leaving: ChurnAnalysis, covariates: Sequence[str] | None = None) -> Section:
    """What drives those who leave for each reason? A note where that cannot be said.

    Parameters
    ----------
    covariates
        As in `measure_drivers`; None takes all that may explain leaving.

    Returns
    -------
    Section
        Its result is `ReasonDrivers`; None, and a note, where nothing can be said.
    """
    if covariates is None and not default_covariates(records):
        return Section.missing(
            "The contracts have no characteristic to compare, so no driver can be told for any reason."
        )
    try:
        drivers = measure_reason_drivers(records, covariates, confidence=leaving.confidence)
    except NotEnoughData as problem:
        return Section.missing(str(problem))
    return Section(
        *([Note(_say_none(drivers))] if drivers.ratios.empty else _ratios_parts(drivers)),
        Note(likeness_finding(drivers.likeness, drivers.confidence)),
        Figures(
            reason_driver_figures(drivers, window=leaving.setting.window),
            "Leaving by reason, everything else alike: what is clear",
        ),
        *(Note(remark, kind="caution") for remark in _cautions(drivers)),
        result=drivers,
    )


def _ratios_parts(drivers: ReasonDrivers) -> Iterator[Part]:
    finding = reason_finding(drivers)
    yield Chart(
        panels(lambda found: draw_reason_drivers(found)[0], drivers),
        alt=f"{finding} The picture has a panel for each reason and a row for each comparison, with two ratios each.",
        data=reason_table(drivers),
    )
    yield Note(f"{finding} {difference_finding(drivers)}".strip())
    yield Note(share_finding(drivers))


def _say_none(drivers: ReasonDrivers) -> str:
    if drivers.reasons.empty:
        return (
            "The records give no reason for any end (end_reason), so drivers cannot be told apart by reason."
            if drivers.n_not_given
            else "No contract ended, so there is no reason whose drivers could be told."
        )
    if not drivers.reasons["is_fitted"].any():
        most = drivers.reasons.iloc[0]
        return (
            f"No reason has the 20 ends that a comparison needs: the commonest, {most['reason']}, has "
            f"{say_count(int(most['n_ended']), 'end')}."
        )
    return "No characteristic could be compared for any reason."


def _cautions(drivers: ReasonDrivers) -> list[str]:
    """What was left out, and how far the ratios hold."""
    said: list[str] = []
    if drivers.ratios.empty:
        return said
    left = drivers.reasons.loc[~drivers.reasons["is_fitted"].astype(bool)]
    if len(left):
        named = join_words([str(name) for name in left["reason"].head(5)])
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        said.append(
            f"Too rare for ratios of their own (fewer than 20 ends, or not among the five commonest): {named}{more}, "
            f"{say_count(int(left['n_ended'].sum()), 'end')} in all. They compete with the rest."
        )
    if drivers.n_not_given:
        share = drivers.n_not_given / drivers.n_ended
        said.append(
            f"{say_count(drivers.n_not_given, 'end')} ({say_percent(share)}) have no reason and count as a reason of "
            "their own: ratios for the others lean if reasons are missing for some kinds of customers more than for "
            "others, and the shares who leave for them are understated."
        )
    return [*said, *map(say_plainly, drivers.notes)]
