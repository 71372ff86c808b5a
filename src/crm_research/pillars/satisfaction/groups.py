"""Does the same lead to satisfaction in every group of customers?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.errors import CrmError, ParameterError, offer_names
from crm_research.features.answers import Survey
from crm_research.features.window import known_rows
from crm_research.models.paths import PathComparison, compare_paths
from crm_research.pillars.satisfaction.roles import Roles
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

WAVE: Final = "wave"
_FEWEST: Final = 50
_MOST_GROUPS: Final = 4
_MOST_DRAWS: Final = 1000


@dataclass(frozen=True, eq=False, kw_only=True)
class Groups:
    """Paths of groups side by side.

    Parameters
    ----------
    by
        What parts the groups: an attribute of customers, or ``wave`` (now against before).
    found
        Invariance of the constructs and differences of the paths; None where it could not be had.
    note
        What stood in the way; empty where nothing did.
    """

    by: str
    found: PathComparison | None
    note: str


@step
def compare_groups(
    study: Study,
    survey: Survey,
    roles: Roles,
    *,
    now: int,
    before: int | None,
    by: str | None,
    confidence: float,
    n_bootstraps: int,
    seed: int,
) -> Groups:
    """Do paths differ between groups, and do these mean the same by a construct?

    Parameters
    ----------
    by
        Attribute of customers, or ``wave``; None takes the first attribute that has two to four levels of fifty
        answers each, else the two latest waves.

    Raises
    ------
    ParameterError
        For an attribute that customers do not have.
    """
    answers = survey.answers.loc[survey.answers["wave"] == now].reset_index(drop=True)
    if by is not None:
        check_by(study, by)
    labels = _labels(study, answers)
    chosen = by or next((name for name, column in labels.items() if _can_part(column)), WAVE)
    if not roles.paths:
        return Groups(by=chosen, found=None, note="Without a path model there are no groups to compare.")
    if chosen == WAVE:
        if before is None:
            why = "No attribute of customers parts the answers into two to four groups of fifty, and there is one wave."
            return Groups(by=WAVE, found=None, note=f"{why} So paths are not compared.")
        rows, label = _two_waves(survey, now, before)
    else:
        rows, label = answers, labels[chosen]
    frame = rows[survey.names].assign(**{_GROUP: _keep_large(label).to_numpy()})
    held = {name: list(items) for name, items in roles.constructs.items()}
    draws = min(n_bootstraps, _MOST_DRAWS)
    try:
        found = compare_paths(
            frame, held, list(roles.paths), _GROUP, n_permutations=draws, n_bootstraps=draws, seed=seed,
            confidence=confidence,
        )  # fmt: skip
    except CrmError as problem:
        return Groups(by=chosen, found=None, note=f"Paths by {chosen}: {problem}")
    return Groups(by=chosen, found=found, note="")


_GROUP: Final = "group of the comparison"


@step
def check_by(study: Study, by: str) -> None:
    """Refuse what parts no groups of answers: an attribute that customers do not have, a number, a time.

    Raises
    ------
    ParameterError
        With what may be named.
    """
    names = [*_name_labels(study), WAVE]
    if by not in names:
        raise ParameterError(f"compare_by names {by!r}, which is no attribute of customers. {offer_names(by, names)}")


@step
def _name_labels(study: Study) -> list[str]:
    """Attributes of customers that are groups; numbers and times are none."""
    if not study.has("customers"):
        return []
    columns = known_rows(study, "customers").columns
    kinds = study.attributes_of("customers")
    names = [name for name, kind in kinds.items() if kind in ("category", "flag") and name in columns]
    return names if "kind" in names or "kind" not in columns else [*names, "kind"]


@step
def _labels(study: Study, answers: pd.DataFrame) -> dict[str, pd.Series]:
    """Attributes of the customers who answered, one label an answer."""
    names = _name_labels(study)
    if not names:
        return {}
    known = (
        known_rows(study, "customers")
        .select("customer_id", *names)
        .to_pandas()
        .drop_duplicates("customer_id")
        .set_index("customer_id")
    )
    return {name: answers["customer_id"].map(known[name]) for name in names}


def _can_part(label: pd.Series) -> bool:
    sizes = label.value_counts()
    return 2 <= int((sizes >= _FEWEST).sum()) <= _MOST_GROUPS


def _keep_large(label: pd.Series) -> pd.Series:
    """The largest groups; answers of the others have none."""
    kept = label.value_counts().head(_MOST_GROUPS).index
    return label.where(label.isin(kept)).astype(object)


def _two_waves(survey: Survey, now: int, before: int) -> tuple[pd.DataFrame, pd.Series]:
    """Both waves without those who stand in the later one too: one row a respondent, who belongs to one group."""
    names = survey.waves.set_index("wave")["label"]
    rows = survey.answers.loc[survey.answers["wave"].isin([now, before])].sort_values("wave", ascending=False)
    again = rows["customer_id"].notna() & rows["customer_id"].duplicated()
    rows = rows.loc[~again].reset_index(drop=True)
    return rows, rows["wave"].map(names)
