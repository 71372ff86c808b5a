"""May contracts be compared by the column that was asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research import vocabulary
from crm_research.errors import ParameterError, offer_names
from crm_research.features.spells import build_spells
from crm_research.pillars.churn.curves.grouping import find_categories
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

_NOT_A_GROUP: Final = ("contract_id", "customer_id", "started_at", "entry_days", "tenure_days", "is_ended", "fee")


@step
def check_group(study: Study, column: str) -> None:
    """Refuse what is no group of contracts, and offer what is.

    Raises
    ------
    ParameterError
        If the column is not there, names single contracts, is a number, or is known only once a contract has ended.
    """
    if column == "end_reason":
        raise ParameterError(
            "Contracts cannot be grouped by end_reason: it is known only once a contract has ended, so those still "
            "running have none. The report shows reasons as competing reasons; name another column as group."
        )
    declared = {**study.attributes_of("customers"), **study.attributes_of("contracts")}
    if column in _NOT_A_GROUP or declared.get(column) in (vocabulary.NUMBER, vocabulary.TIME):
        kind = declared.get(column, "one value for each contract")
        offered = ", ".join(find_categories(study)[0]) or "none is declared"
        raise ParameterError(
            f"Contracts cannot be grouped by {column!r} ({kind}): a group needs few values shared by many. "
            f"Categories of this study: {offered}."
        )
    if column not in build_spells(study).columns:
        raise ParameterError(
            f"group: contracts of study {study.name!r} have no column {column!r} to compare. "
            f"{offer_names(column, find_categories(study)[0])}"
        )
