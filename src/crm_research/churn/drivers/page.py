"""What the notebook shows of the drivers of leaving, or a note of why there is nothing to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crm_research import show
from crm_research.churn.drivers.charts import draw_bend, draw_drift
from crm_research.churn.drivers.measure import DriverAnalysis, default_covariates, measure_drivers
from crm_research.churn.drivers.views import draw_drivers, driver_figures, driver_finding, driver_table, say_covariate
from crm_research.errors import NotEnoughData
from crm_research.theme import join_words, say_plainly

if TYPE_CHECKING:
    from crm_research.churn.curves.analysis import ChurnAnalysis
    from crm_research.features.changing import CovariateBuilder
    from crm_research.study import Study


def show_drivers(
    records: Study,
    leaving: ChurnAnalysis,
    covariates: Sequence[str] | None = None,
    *,
    extra: CovariateBuilder | None = None,
) -> DriverAnalysis | None:
    """Which characteristics go with leaving, each after allowing for the rest?

    Parameters
    ----------
    covariates
        As in `measure_drivers`; None takes all that may explain leaving.
    extra
        Makes covariates of your own.

    Returns
    -------
    DriverAnalysis or None
        None, and a note, where nothing can be said.

    Raises
    ------
    ParameterError
        For a covariate that is not there.
    LeakageError
        For one that knows the future.
    """
    if covariates is None and extra is None and not default_covariates(records):
        show.note(
            "The contracts have no plan, fee or declared attribute to compare, so nothing can be allowed for. Declare "
            "attributes of the contracts or customers in the study's file."
        )
        return None
    try:
        drivers = measure_drivers(records, covariates, extra=extra, confidence=leaving.confidence)
    except NotEnoughData as problem:
        show.note(str(problem))
        return None
    if not driver_table(drivers).empty:
        _show_ratios(drivers, leaving.setting.window)
        _show_curves(drivers)
    for remark in drivers.notes:
        show.note(say_plainly(remark), kind="caution")
    return drivers


def _show_ratios(drivers: DriverAnalysis, window: str) -> None:
    finding = driver_finding(drivers)
    show.chart(
        draw_drivers(drivers),
        alt=f"{finding} The picture shows one row for each comparison, with its interval.",
        data=driver_table(drivers),
    )
    show.note(" ".join(part for part in (finding, _say_changing(drivers), _say_tenure(drivers)) if part))
    show.figures(driver_figures(drivers, window=window), as_table="Risk of leaving, everything else alike")


def _show_curves(drivers: DriverAnalysis) -> None:
    if not drivers.drift.empty:
        show.chart(
            draw_drift(drivers),
            alt=f"{_say_tenure(drivers)} The picture shows each such ratio over the months of tenure, with its band.",
            data=drivers.drift,
        )
    for name in drivers.bends:
        show.chart(
            draw_bend(drivers, name),
            alt=f"The risk of leaving along {say_covariate(name)}, against its median, with its band.",
            data=drivers.fit.curve(name),
        )


def _say_changing(drivers: DriverAnalysis) -> str:
    fit = drivers.fit
    told = {*fit.terms.loc[fit.terms["coefficient"].notna(), "covariate"], *fit.apart["covariate"], *fit.strata}
    in_model = [name for name in drivers.changing if name in told]
    if not in_model:
        return ""
    names = join_words([say_covariate(name) for name in in_model])
    return f"What changes while a contract runs ({names}) counts with the value it had on the day before."


def _say_tenure(drivers: DriverAnalysis) -> str:
    if drivers.remedy:
        return drivers.remedy
    return "No ratio is seen to change with tenure." if not drivers.proportionality.empty else ""
