"""What the notebook shows of the drivers of leaving, or a note of why there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research import show
from crm_research.churn.driver_views import draw_drivers, driver_figures, driver_finding, driver_table
from crm_research.churn.drivers import DriverAnalysis, default_covariates, measure_drivers
from crm_research.errors import NotEnoughData

if TYPE_CHECKING:
    from crm_research.churn.analysis import ChurnAnalysis
    from crm_research.study import Study


def show_drivers(records: Study, leaving: ChurnAnalysis) -> None:
    """Which characteristics go with leaving, each after allowing for the rest? A note where that cannot be said."""
    if not default_covariates(records):
        show.note(
            "The contracts have no plan, fee or declared attribute to compare, so nothing can be allowed for. Declare "
            "attributes of the contracts or customers in the study's file."
        )
        return
    try:
        drivers = measure_drivers(records, confidence=leaving.confidence)
    except NotEnoughData as problem:
        show.note(str(problem))
        return
    table = driver_table(drivers)
    if not table.empty:
        _show_ratios(drivers, leaving.setting.window)
    for remark in drivers.fit.notes:
        show.note(remark, kind="caution")


def _show_ratios(drivers: DriverAnalysis, window: str) -> None:
    finding = driver_finding(drivers)
    show.chart(
        draw_drivers(drivers),
        alt=f"{finding} The picture shows one row for each comparison, with its interval.",
        data=driver_table(drivers),
    )
    show.note(f"{finding} {_say_tenure(drivers)}".strip())
    show.figures(driver_figures(drivers, window=window), as_table="Danger of leaving, everything else alike")


def _say_tenure(drivers: DriverAnalysis) -> str:
    table = driver_table(drivers)
    doubtful = list(dict.fromkeys(table.loc[table["is_doubtful"], "covariate"]))
    if not doubtful:
        return "No ratio is seen to change with tenure."
    names = ", ".join(map(str, doubtful))
    return f"The ratios of {names} change with tenure (marked *): read them as averages over the tenures watched."
