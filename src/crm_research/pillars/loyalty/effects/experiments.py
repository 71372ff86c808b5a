"""What a campaign did to buying again, against its randomised control group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.clock import days_between, instant
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows
from crm_research.stats.intervals import Interval, newcombe_difference, wilson_share
from crm_research.stats.skewed import skewed_interval
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

_FEWEST_ARM: Final = 20
_MOMENTS: Final = ("n", "came", "mean", "variance", "square", "cube")
COLUMNS: Final = (
    "campaign_id", "n_addressed", "bought_addressed", "n_control", "bought_control", "difference", "lower", "upper",
    "spend_difference", "spend_lower", "spend_upper",
)  # fmt: skip


@step
def compare_with_control(study: Study, *, days: float, confidence: float = 0.95) -> pd.DataFrame:
    """Did more of the addressed buy, and spend more, than of those kept apart by chance?

    Parameters
    ----------
    study
        Needs campaign_targets with targeted_at and is_control, and orders.
    days
        Followed so long after being addressed; campaigns whose customers were not, by as_of, are left out.
    confidence
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Grain: campaign. Columns ``campaign_id``, ``n_addressed``, ``bought_addressed``, ``n_control``,
        ``bought_control`` (shares), ``difference``, ``lower``, ``upper`` (Newcombe), ``spend_difference``,
        ``spend_lower``, ``spend_upper`` (sales less returns a customer, unequal variances). Empty where
        no campaign has 20 customers in each arm.

    Notes
    -----
    By intention to treat: who was addressed counts, whether he responded or not. That the control group was drawn by
    chance is taken from the records.
    """
    needed = {"targeted_at", "is_control", "customer_id"}
    if not study.has("campaign_targets", "orders") or not needed <= set(study.table("campaign_targets").columns):
        return pd.DataFrame(columns=list(COLUMNS))
    targets = known_rows(study, "campaign_targets")
    targets = targets.filter(
        targets.is_control.notnull(),  # noqa: PD004
        days_between(targets.targeted_at, instant(study.as_of)) >= days,
    )
    # Somebody listed twice in a campaign counts once, from the first time.
    targets = targets.group_by("campaign_id", "customer_id").agg(
        is_control=targets.is_control.any(), targeted_at=targets.targeted_at.min()
    )
    orders = keep_dealings(known_rows(study, "orders")).select("customer_id", "ordered_at", "revenue", "is_sale")
    near = targets.inner_join(orders, "customer_id")
    gap = days_between(near.targeted_at, near.ordered_at)
    bought = near.filter(gap > 0, gap <= days).group_by("campaign_id", "customer_id")
    spent = bought.agg(n_sales=lambda t: t.is_sale.ifelse(1, 0).sum(), spend=lambda t: t.revenue.sum())
    joined = targets.left_join(spent, ["campaign_id", "customer_id"])
    joined = joined.mutate(came=(joined.n_sales.fill_null(0) > 0).ifelse(1, 0), spend=joined.spend.fill_null(0.0))
    arms = joined.group_by("campaign_id", "is_control").agg(
        n=joined.count(),
        came=joined.came.sum(),
        mean=joined.spend.mean(),
        variance=joined.spend.var(how="sample"),
        square=(joined.spend * joined.spend).mean(),
        cube=(joined.spend * joined.spend * joined.spend).mean(),
    )
    return _compare_arms(arms.order_by("campaign_id", "is_control").to_pandas(), confidence)


def _compare_arms(arms: pd.DataFrame, confidence: float) -> pd.DataFrame:
    large = arms.loc[arms["n"] >= _FEWEST_ARM]
    both = large.loc[~large["is_control"]].merge(
        large.loc[large["is_control"]], on="campaign_id", suffixes=("_told", "_kept")
    )
    told, kept = (
        both[[f"{name}_{arm}" for name in _MOMENTS]].set_axis(list(_MOMENTS), axis=1) for arm in ("told", "kept")
    )
    share = newcombe_difference(told["came"], told["n"], kept["came"], kept["n"], confidence=confidence)
    spend = _compare_means(told, kept, confidence)
    return pd.DataFrame(
        {
            "campaign_id": both["campaign_id"].astype(str),
            "n_addressed": told["n"].astype(int).to_numpy(),
            "bought_addressed": (told["came"] / told["n"]).to_numpy(),
            "n_control": kept["n"].astype(int).to_numpy(),
            "bought_control": (kept["came"] / kept["n"]).to_numpy(),
            "difference": share.estimate,
            "lower": share.lower,
            "upper": share.upper,
            "spend_difference": spend.estimate,
            "spend_lower": spend.lower,
            "spend_upper": spend.upper,
        }
    )


def _compare_means(told: pd.DataFrame, kept: pd.DataFrame, confidence: float) -> Interval:
    """Welch's difference of two means, with limits that reach out to the long tail of spend (`stats.skewed`)."""
    parts = [(arm["variance"] / arm["n"]).to_numpy(dtype=float) for arm in (told, kept)]
    variance = parts[0] + parts[1]
    tilts = [
        ((arm["cube"] - 3 * arm["mean"] * arm["square"] + 2 * arm["mean"] ** 3) / arm["n"] ** 2).to_numpy(dtype=float)
        for arm in (told, kept)
    ]
    sizes = [arm["n"].to_numpy(dtype=float) for arm in (told, kept)]
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = np.where(variance > 0, (tilts[0] - tilts[1]) / variance**1.5, 0.0)
        df = variance**2 / sum(part**2 / (n - 1) for part, n in zip(parts, sizes, strict=True))
    gap = (told["mean"] - kept["mean"]).to_numpy(dtype=float)
    return skewed_interval(gap, np.sqrt(variance), skewness, np.where(variance > 0, df, 1.0), confidence=confidence)


@step
def count_discounts(study: Study) -> pd.DataFrame:
    """How many customers made so many purchases, and so many of them at a discount?

    Returns
    -------
    pandas.DataFrame
        Grain: purchases and discounted ones, of customers with two purchases or more whose discounts are all known.
        Columns ``n_purchases``, ``n_discounted``, ``n_customers``. Empty where discounts are not recorded.
    """
    orders = keep_dealings(known_rows(study, "orders"))
    if "discount" not in orders.columns:
        return pd.DataFrame(columns=["n_purchases", "n_discounted", "n_customers"])
    sales = orders.filter(orders.is_sale)
    by_customer = sales.group_by("customer_id").agg(
        n_purchases=sales.count(),
        n_discounted=(sales.discount > 0).ifelse(1, 0).sum(),
        n_known=sales.discount.count(),
    )
    kept = by_customer.filter(by_customer.n_purchases >= 2, by_customer.n_known == by_customer.n_purchases)
    counted: pd.DataFrame = (
        kept.group_by("n_purchases", "n_discounted")
        .agg(n_customers=kept.count())
        .order_by("n_purchases", "n_discounted")
        .to_pandas()
    )
    return counted


def compare_discounts(counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Are there more customers who buy at a discount always, or never, than chance would make?

    Parameters
    ----------
    counts
        As from `count_discounts`.

    Returns
    -------
    pandas.DataFrame
        Grain: kind (always, sometimes, never at a discount). Columns ``kind``, ``n``, ``share``, ``lower``, ``upper``
        (Wilson), ``by_chance`` (share, if every purchase of everybody had the same chance of a discount).
    """
    columns = ["kind", "n", "share", "lower", "upper", "by_chance"]
    n, hits, customers = (counts[name].to_numpy(dtype=float) for name in ("n_purchases", "n_discounted", "n_customers"))
    total = customers.sum()
    if not total:
        return pd.DataFrame(columns=columns)
    p = float((hits * customers).sum() / (n * customers).sum())
    seen = np.array([customers[hits == n].sum(), 0.0, customers[hits == 0].sum()])
    chance = np.array([(p**n * customers).sum(), 0.0, ((1 - p) ** n * customers).sum()]) / total
    seen[1], chance[1] = total - seen.sum(), 1 - chance.sum()
    share = wilson_share(seen, total, confidence=confidence)
    return pd.DataFrame(
        {
            "kind": ["always", "sometimes", "never"],
            "n": seen.astype(int),
            "share": share.estimate,
            "lower": share.lower,
            "upper": share.upper,
            "by_chance": chance,
        }
    )
