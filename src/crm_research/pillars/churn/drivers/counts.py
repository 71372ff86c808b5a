"""What goes with leaving sooner, where contracts are too many to be read one by one: from counts the engine made."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.changing import CovariateBuilder, build_stretches
from crm_research.features.kept import keep_table
from crm_research.features.person_periods import count_stretches
from crm_research.models.hazards import GroupedFit, fit_grouped
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

# Up to so many rows contracts are read one by one (about 1.5 kB each); beyond, the engine counts them by month.
MOST_ROWS: Final = 1_000_000
# Numbers are counted in so many steps, each at the mean of its values: in fewer where kinds would be too many.
STEPS: Final = (12, 6, 3)
MOST_KINDS: Final = 1_000_000


@step
def fit_counts(
    study: Study,
    covariates: Sequence[str],
    *,
    splines: Sequence[str] | None = None,
    extra: CovariateBuilder | None = None,
    confidence: float = 0.95,
) -> GroupedFit:
    """What goes with leaving sooner, everything else alike, from counts by calendar month and kind of contract?

    Parameters
    ----------
    covariates, extra
        As in `build_stretches`.
    splines
        Numbers that may bend; None lets all bend that take enough values.

    Raises
    ------
    NotEnoughData
        Without a contract or an end.

    Notes
    -----
    A number that takes more than twelve values is counted in twelve steps of as many contracts each, at their mean
    (which moves a straight effect little); in six or three where there would be more than a million kinds of
    contracts. Only the kinds reach memory. A contract whose covariates change within a month counts for that month as
    what it is at the month's end.
    """
    named = (tuple(covariates), extra)
    stretches = keep_table(study, ("stretches", *named), lambda: build_stretches(study, covariates, extra=extra))
    numbers = [name for name in covariates if stretches[name].type().is_numeric()]
    for n_steps in STEPS:
        stepped, many = _in_steps(stretches, numbers, n_steps)
        kinds = keep_table(
            study,
            ("kinds of contracts", *named, n_steps),
            partial(count_stretches, stepped, covariates, is_by_month=True),
        )
        if not many or int(kinds.count().execute()) <= MOST_KINDS:
            break
    counts = kinds.to_pandas()
    if not len(counts):
        raise NotEnoughData("A model of leaving", needed=1, found=0, mend="No contract was watched.")
    for name in covariates:
        if name not in numbers and not pd.api.types.is_bool_dtype(counts[name]):
            counts[name] = counts[name].astype("category")
    bending = many if splines is None else splines
    return fit_grouped(counts, covariates, splines=bending, is_by_month=True, confidence=confidence)


def _in_steps(stretches: ir.Table, numbers: Sequence[str], n_steps: int) -> tuple[ir.Table, list[str]]:
    """Numbers of many values at the mean of their step, and which these are."""
    if not numbers:
        return stretches, []
    distinct = stretches.agg(**{name: stretches[name].nunique() for name in numbers}).to_pyarrow().to_pylist()[0]
    many = [name for name in numbers if distinct[name] > STEPS[0]]
    if not many:
        return stretches, []
    asked = {
        f"{i}_{step}": stretches[name].cast("float64").quantile(step / n_steps)
        for i, name in enumerate(many)
        for step in range(1, n_steps)
    }
    limits = stretches.agg(**asked).to_pyarrow().to_pylist()[0]
    for i, name in enumerate(many):
        steps = sorted({limits[f"{i}_{step}"] for step in range(1, n_steps)} - {None})
        value = stretches[name].cast("float64")
        place = sum(((value > limit).cast("int64") for limit in steps), start=ibis.literal(0, "int64"))
        numbered = stretches.mutate(_step=place)
        means = numbered.group_by("_step").agg(_mean=numbered[name].cast("float64").mean()).to_pyarrow().to_pylist()
        cases = [(numbered._step == row["_step"], row["_mean"]) for row in means if row["_step"] is not None]
        stretches = numbered.mutate(**{name: ibis.cases(*cases)}).drop("_step")
    return stretches, many
