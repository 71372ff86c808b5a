"""What is shown of the drivers of leaving, or a note of why there is nothing to show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crm_research.errors import NotEnoughData
from crm_research.pillars.churn.drivers.charts import draw_bend, draw_drift, draw_drivers
from crm_research.pillars.churn.drivers.figures import driver_figures
from crm_research.pillars.churn.drivers.measure import DriverAnalysis, default_covariates, measure_drivers
from crm_research.pillars.churn.drivers.tables import driver_table
from crm_research.pillars.churn.drivers.words import driver_finding, say_covariate
from crm_research.show import Chart, Figures, Note, Part, Section, drawn, panels
from crm_research.theme import join_words, say_plainly

if TYPE_CHECKING:
    from crm_research.features.changing import CovariateBuilder
    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
    from crm_research.study import Study


def drivers_section(
    records: Study,
    leaving: ChurnAnalysis,
    covariates: Sequence[str] | None = None,
    *,
    extra: CovariateBuilder | None = None,
) -> Section:
    """Which characteristics go with leaving, each after allowing for the rest?

    Parameters
    ----------
    covariates
        As in `measure_drivers`; None takes all that may explain leaving.
    extra
        Makes covariates of your own.

    Returns
    -------
    Section
        Its result is the `DriverAnalysis`; None, and a note, where nothing can be said.

    Raises
    ------
    ParameterError
        For a covariate that is not there.
    LeakageError
        For one that knows the future.
    """
    if covariates is None and extra is None and not default_covariates(records):
        return Section.missing(
            "The contracts have no plan, fee or declared attribute to compare, so nothing can be allowed for. Declare "
            "attributes of the contracts or customers in the study's file."
        )
    try:
        drivers = measure_drivers(records, covariates, extra=extra, confidence=leaving.confidence)
    except NotEnoughData as problem:
        return Section.missing(str(problem))
    cautions = [Note(say_plainly(remark), kind="caution") for remark in drivers.notes]
    if driver_table(drivers).empty:
        return Section(*cautions, result=drivers)
    return Section(*ratios_parts(drivers, leaving.setting.window), *_curves_parts(drivers), *cautions, result=drivers)


def ratios_parts(drivers: DriverAnalysis, window: str) -> Iterator[Part]:
    """What goes with leaving: a picture, a sentence and the figures, whose records are of `window`."""
    finding = driver_finding(drivers)
    yield Chart(
        drawn(draw_drivers, drivers),
        alt=f"{finding} The picture shows one row for each comparison, with its interval.",
        data=driver_table(drivers),
    )
    yield Note(" ".join(part for part in (finding, _say_changing(drivers), _say_tenure(drivers)) if part))
    yield Figures(driver_figures(drivers, window=window), "Risk of leaving, everything else alike")


def _curves_parts(drivers: DriverAnalysis) -> Iterator[Part]:
    if not drivers.drift.empty:
        yield Chart(
            panels(draw_drift, drivers),
            alt=f"{_say_tenure(drivers)} The picture shows each such ratio over the months of tenure, with its band.",
            data=drivers.drift,
        )
    for name in drivers.bends:
        yield Chart(
            drawn(draw_bend, drivers, name),
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
