"""Are the questions and attributes that parameters of the satisfaction report name there, before anything is run?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crm_research.features.answers import read_survey
from crm_research.pillars.satisfaction.groups import check_by
from crm_research.pillars.satisfaction.roles import assign_roles
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study


@step
def check_named(
    study: Study,
    *,
    recommend: str | None,
    constructs: Mapping[str, Sequence[str]] | None,
    paths: Sequence[Sequence[str]] | None,
    pairs: Mapping[str, str] | None,
    compare_by: str | None,
    wave_gap_days: int,
) -> None:
    """Refuse an item, a construct or an attribute that is not there.

    Raises
    ------
    ParameterError
        With what may be named.
    """
    if compare_by is not None:
        check_by(study, compare_by)
    if all(given is None for given in (recommend, constructs, paths, pairs)):
        return
    survey = read_survey(study, gap_days=wave_gap_days)
    if not survey.answers.empty:
        assign_roles(survey, recommend=recommend, constructs=constructs, paths=paths, pairs=pairs)
