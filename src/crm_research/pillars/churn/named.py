"""Are the columns that parameters of the churn report name there, before anything is worked out?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crm_research.errors import ParameterError, offer_names
from crm_research.features.changing import changing_covariates
from crm_research.features.person_periods import guard_outcome
from crm_research.features.spells import OWN_COLUMNS, build_spells
from crm_research.pillars.churn.curves.named import check_group
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study


@step
def check_named(study: Study, *, group: str | None, covariates: Sequence[str] | None) -> None:
    """Refuse a group or a covariate that contracts do not have.

    Raises
    ------
    ParameterError
        For a column that is not there, or that makes no groups.
    LeakageError
        For a covariate that says how a contract ended.
    """
    if group is not None:
        check_group(study, group)
    if covariates is None:
        return
    guard_outcome(covariates)
    known = {*build_spells(study).columns, *changing_covariates(study)} - set(OWN_COLUMNS)
    for name in covariates:
        if name not in known:
            raise ParameterError(
                f"covariates: contracts of study {study.name!r} have no column {name!r}. {offer_names(name, known)}"
            )
