"""Who responded to the campaigns of the holdout, among those whom they addressed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_research.features.window import outcome_rows
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study


@step
def read_responses(study: Study) -> tuple[pd.DataFrame, str]:
    """Did each customer whom a campaign addressed after as_of respond to one of them?

    Parameters
    ----------
    study
        Needs a holdout.

    Returns
    -------
    frame
        One customer addressed in (as_of, holdout_until], controls left out: customer_id, has_responded (1.0 or 0.0;
        a response until holdout_until to a campaign that addressed him). Empty where nobody was.
    str
        Why it is empty; otherwise an empty text.
    """
    nothing = pd.DataFrame({"customer_id": pd.Series(dtype="object"), "has_responded": pd.Series(dtype=float)})
    if not study.has("campaign_targets", "campaign_responses"):
        return (
            nothing,
            "The study does not say whom campaigns addressed and who responded, so responses are not judged.",
        )
    targets = _targets_in_holdout(study)
    if targets is None:
        return nothing, "The records do not say when customers were addressed, so responses are not judged."
    responses = outcome_rows(study, "campaign_responses").select("campaign_id", "customer_id").distinct()
    answered = responses.mutate(has_responded=1.0)
    keys = ["campaign_id", "customer_id"]
    joined = targets.left_join(answered, keys).select("customer_id", "has_responded")
    by_customer = joined.group_by("customer_id").agg(has_responded=joined.has_responded.fill_null(0.0).max())
    frame = by_customer.order_by("customer_id").to_pandas()
    if frame.empty:
        return nothing, "No campaign addressed anybody in the holdout, so responses are not judged."
    return frame, ""


def _targets_in_holdout(study: Study) -> ir.Table | None:
    keys = ["campaign_id", "customer_id"]
    targets = study.table("campaign_targets")
    if "targeted_at" in targets.columns:
        chosen = outcome_rows(study, "campaign_targets")
    elif study.has("campaigns"):
        begun = outcome_rows(study, "campaigns").select("campaign_id").distinct()
        chosen = targets.semi_join(begun, "campaign_id")
    else:
        return None
    if "is_control" in chosen.columns:
        chosen = chosen.filter(~chosen.is_control.fill_null(False))
    return chosen.select(*keys).distinct()
