"""What to do: value tiers crossed with segments, and the service each is to get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows
from crm_research.pillars.segmentation.inputs.base import FEES, NO_MONEY, WORTH
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.pillars.segmentation.result import Segmentation
    from crm_research.study import Study

STRATEGIC: Final = "strategic"
STANDARD: Final = "standard"
COSTLY: Final = "costly"
SMALL: Final = "small"
CLASSES: Final = (STRATEGIC, STANDARD, SMALL, COSTLY)
TOP_SHARE: Final = 0.2
BOTTOM_SHARE: Final = 0.2
_KNOWN_COSTS: Final = 0.8
# A suggestion, printed as one; a study's own policy stands in its file.
SUGGESTED: Final = MappingProxyType(
    {
        STRATEGIC: "a person in charge; first in line; asked before things change",
        STANDARD: "the usual service, by rule",
        SMALL: "self-service first; whatever costs little",
        COSTLY: "self-service first; review prices, terms and the causes of cost",
    }
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Treatment:
    """Who is worth which service?

    Parameters
    ----------
    cells
        One segment and class that occurs: segment, class, n_customers, size_share, value, value_share (missing where
        the sum is not positive), service, is_suggested (not from the study's policy).
    segments
        One segment: segment, n_customers, strategic_share with lower and upper (Wilson, adjusted for the number of
        segments), value_share.
    basis
        What a customer's value is, in words.
    has_costs
        Is it a contribution, rather than revenue?
    """

    cells: pd.DataFrame
    segments: pd.DataFrame
    basis: str
    has_costs: bool
    n: int
    confidence: float


@step
def plan_treatment(study: Study, segments: Segmentation, policy: Mapping[str, str] | None = None) -> Treatment | None:
    """Which customers of each segment are strategic, standard or costly, and what service does the policy give them?

    Strategic are the fifth of the customers with the highest value. Where costs are known, value is contribution and
    costly are those who bring nothing or less; where they are not, value is net revenue and the lowest fifth is called
    small, for whether they cost more than they bring is not known. The rest is standard. Tied customers stay together.

    Parameters
    ----------
    study
        Orders or contracts; costs of orders and of contacts are used where at least 80 % of the sales have one.
    segments
        As found in this study.
    policy
        Class, or segment, or ``segment / class`` to the service in words, the narrowest standing; None takes the
        study's own. What it does not name gets a suggestion.

    Returns
    -------
    Treatment or None
        None where no segments were found, or nothing is known of what customers bring.
    """
    found = segments.found
    if found is None or found.inputs.money == NO_MONEY:
        return None
    held = dict(getattr(study, "service_policy", {}) if policy is None else policy)
    if found.inputs.money == FEES:
        # Who no longer pays has left, and needs no class.
        paying = found.inputs.customers[found.inputs.customers[WORTH] > 0]
        values = paying[["customer_id", WORTH]].rename(columns={WORTH: "value"})
        basis, has_costs = "the fees a month of the contracts that run; costs are not known", False
    else:
        worth, basis, has_costs = measure_value(study)
        values = worth.to_pandas()
    names = found.cards.set_index("group")["segment"]
    frame = pd.DataFrame(
        {"customer_id": found.inputs.customers["customer_id"], "segment": names.reindex(found.labels).to_numpy()}
    ).dropna(subset="segment")
    frame = frame.merge(values, on="customer_id", how="inner" if found.inputs.money == FEES else "left")
    frame["value"] = frame["value"].astype(float).fillna(0.0)
    frame["class"] = class_by_value(frame["value"].to_numpy(), has_costs=has_costs)
    return Treatment(
        cells=_sum_cells(frame, list(found.cards["segment"]), held),
        segments=_sum_segments(frame, list(found.cards["segment"]), segments.confidence),
        basis=basis,
        has_costs=has_costs,
        n=len(frame),
        confidence=segments.confidence,
    )


def measure_value(study: Study) -> tuple[ir.Table, str, bool]:
    """What is each customer worth so far: customer_id, value; what that is in words; are costs in it?"""
    dealings = keep_dealings(known_rows(study, "orders"))
    has_costs = "cost" in dealings.columns
    if has_costs:
        sales = dealings.filter(dealings.is_sale)
        known = (sales.cost.count() / sales.count()).to_pyarrow().as_py()
        has_costs = known is not None and known >= _KNOWN_COSTS
    if not has_costs:
        revenue = dealings.group_by("customer_id").agg(value=dealings.revenue.sum())
        return revenue, "net revenue until the study's date; costs are not known", False
    # Goods that came back give their cost back, whichever sign the records write it with.
    cost = dealings.is_sale.ifelse(dealings.cost, -dealings.cost.abs()).fill_null(0.0)
    margin = dealings.group_by("customer_id").agg(value=(dealings.revenue.fill_null(0.0) - cost).sum())
    if not (study.has("contacts") and "cost" in study.table("contacts").columns):
        return margin, "net revenue less cost of goods until the study's date", True
    contacts = known_rows(study, "contacts")
    service = contacts.group_by("customer_id").agg(service=contacts.cost.sum())
    joined = margin.left_join(service, "customer_id")
    worth = joined.select("customer_id", value=joined.value - joined.service.fill_null(0.0))
    return worth, "net revenue less cost of goods and of contacts until the study's date", True


def class_by_value(values: np.ndarray, *, has_costs: bool) -> np.ndarray:
    """Class of each customer from his value; where nobody differs all are standard."""
    classes = np.full(len(values), STANDARD, dtype=object)
    if not len(values):
        return classes
    low, high = np.quantile(values, [BOTTOM_SHARE, 1 - TOP_SHARE])
    if values.max() > values.min():
        classes[values > high] = STRATEGIC
        if not has_costs:
            classes[(values <= low) & (values < high)] = SMALL
    if has_costs:
        classes[values <= 0] = COSTLY
    return classes


def name_service(segment: str, kind: str, policy: Mapping[str, str]) -> tuple[str, bool]:
    """The service of a segment's customers of that class, and whether it is only our suggestion."""
    for name in (f"{segment} / {kind}", segment, kind):
        if name in policy:
            return policy[name], False
    return SUGGESTED[kind], True


def find_unused(policy: Mapping[str, str], segments: list[str]) -> list[str]:
    """Entries of a policy that name neither a class nor a segment of this page."""
    known = {*CLASSES, *segments, *(f"{segment} / {kind}" for segment in segments for kind in CLASSES)}
    return [name for name in policy if name not in known]


def _sum_cells(frame: pd.DataFrame, names: list[str], policy: Mapping[str, str]) -> pd.DataFrame:
    total = frame["value"].sum()
    cells = frame.groupby(["segment", "class"])["value"].agg(n_customers="size", value="sum").reset_index()
    order = pd.MultiIndex.from_product([names, CLASSES], names=["segment", "class"])
    cells = cells.set_index(["segment", "class"]).reindex(order).dropna(subset="n_customers").reset_index()
    cells["n_customers"] = cells["n_customers"].astype("int64")
    cells["size_share"] = cells["n_customers"] / max(len(frame), 1)
    cells["value_share"] = cells["value"] / total if total > 0 else np.nan
    served = [name_service(name, kind, policy) for name, kind in zip(cells["segment"], cells["class"], strict=True)]
    cells["service"] = [words for words, _ in served]
    cells["is_suggested"] = [is_ours for _, is_ours in served]
    return cells[["segment", "class", "n_customers", "size_share", "value", "value_share", "service", "is_suggested"]]


def _sum_segments(frame: pd.DataFrame, names: list[str], confidence: float) -> pd.DataFrame:
    by_segment = frame.assign(is_top=frame["class"] == STRATEGIC).groupby("segment")
    sums = by_segment.agg(n=("value", "size"), value=("value", "sum"), n_top=("is_top", "sum"))
    sums = sums.reindex(names, fill_value=0)
    level = 1 - (1 - confidence) / max(len(names), 1)
    share = wilson_share(sums["n_top"], sums["n"], confidence=level)
    total = sums["value"].sum()
    return pd.DataFrame(
        {
            "segment": names,
            "n_customers": sums["n"].to_numpy(),
            "strategic_share": share.estimate,
            "lower": share.lower,
            "upper": share.upper,
            "value_share": sums["value"].to_numpy() / total if total > 0 else np.nan,
        }
    )
