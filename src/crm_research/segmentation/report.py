"""The segmentation as figures and tables for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.figures import Figure
from crm_research.segmentation.holdout import CELLS, OUTCOMES
from crm_research.segmentation.inputs import WORDS
from crm_research.theme import say_percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_research.segmentation.segments import Grouping, Segmentation

_COLUMNS = {
    "inputs": ["input", "used", "why"],
    "numbers": ["n_groups", "silhouette", "calinski_harabasz", "gap", "stability", "smallest_share", "mean_rank", "is"],
    "cards": ["segment", "n_customers", "size_share", "revenue_share", "median_spend", "stands_out"],
    "profiles": ["segment"],
    "stability": ["segment", "mean_jaccard", "lower", "upper", "share_dissolved", "is"],
    "nulls": ["data_without_groups", "silhouette_here", "silhouette_there", "highest_there", "n_draws"],
    "rules": ["rule", "segment", "n_customers", "purity_share"],
    "holdout": ["outcome", "grouping", "n_groups", "explained_share"],
    "gains": ["outcome", "against", "gain", "lower", "upper"],
    "later": ["segment", "n_customers", "repeat_rate", "mean_spend"],
}


def list_figures(segmentation: Segmentation) -> list[Figure]:
    """Figures of the segmentation; one without a value where nothing was found."""
    found = segmentation.found
    if found is None:
        nothing = _figure(segmentation, "k", "Groups of customers", None, "groups", 0, "none: " + segmentation.why_not)
        return [nothing]
    weakest = found.stability.loc[found.stability["mean_jaccard"].idxmin()]
    resampled = (
        f"k-means, mean Jaccard over {found.n_bootstraps} bootstraps (Hennig 2007); between which 95 % of them lie"
    )
    if segmentation.confidence != 0.95:
        resampled = resampled.replace("95 %", say_percent(segmentation.confidence, 0))
    return [
        _figure(
            segmentation, "k", "Groups of customers", found.k, "groups", found.n_customers,
            "k-means; number by silhouette, Calinski-Harabasz, gap and stability together",
            validation=f"bootstrap: weakest group found again with a mean Jaccard of {weakest['mean_jaccard']:.2f}",
        ),
        _figure(
            segmentation, "silhouette", "Separation of the groups (silhouette)", found.silhouette, "",
            found.n_silhouette,
            "mean silhouette given the groups, normal interval over customers",
            validation=_say_nulls(found),
        ),
        _figure(
            segmentation, "verdict", "Weakest group found again (Jaccard), so the groups are",
            (weakest["mean_jaccard"], weakest["lower"], weakest["upper"]), "", found.n_customers, resampled,
            validation=_say_nulls(found), group=found.verdict,
        ),
        *_by_segment(segmentation, found, resampled),
        *_judged(segmentation, found),
    ]  # fmt: skip


def _by_segment(segmentation: Segmentation, found: Grouping, resampled: str) -> list[Figure]:
    figures = []
    stability = found.stability.set_index("segment")
    for card in found.cards.to_dict("records"):
        name, n = card["segment"], int(card["n_customers"])
        values = stability.loc[name]
        shares: list[tuple[str, str, Any]] = [("size_share", "Share of customers", card["size_share"])]
        if card["revenue_share"] == card["revenue_share"]:
            shares.append(("revenue_share", "Share of net revenue", card["revenue_share"]))
        figures += [
            _figure(segmentation, key, label, value, "share", n, "share of all customers grouped", group=name)
            for key, label, value in shares
        ]
        jaccard = (values["mean_jaccard"], values["lower"], values["upper"])
        figures.append(_figure(segmentation, "jaccard", "Found again (Jaccard)", jaccard, "", n, resampled, group=name))
    return figures


def _judged(segmentation: Segmentation, found: Grouping) -> list[Figure]:
    fidelity = found.rules.fidelity
    figures = [
        _figure(
            segmentation, "rule_fidelity", "Customers whom the readable rules place rightly", fidelity, "share",
            found.rules.n, "decision tree of at most three questions, five-fold cross-validation, Wilson interval",
            validation="cross-validation",
        )
    ]  # fmt: skip
    if found.holdout is not None:
        gains = found.holdout.gains
        row = gains[(gains["outcome"] == OUTCOMES["holdout_spend"]) & (gains["against"] == CELLS)].iloc[0]
        if row["estimate"] == row["estimate"]:
            figures.append(
                _figure(
                    segmentation, "holdout_gain_over_rfm", "Explained share of later spend, beyond RFM quintiles",
                    (row["estimate"], row["lower"], row["upper"]), "share", found.holdout.n,
                    "difference in explained variance over five folds, linearised normal interval",
                    validation=f"holdout until {segmentation.holdout_until:%Y-%m-%d}",
                )
            )  # fmt: skip
    return figures


def _figure(
    segmentation: Segmentation, key: str, label: str, value: Any, unit: str, n: int, estimator: str,
    *, validation: str = "none", group: str | None = None,
) -> Figure:  # fmt: skip
    is_interval = isinstance(value, tuple)
    estimate, lower, upper = value if is_interval else (value, None, None)
    return Figure(
        id=f"segmentation.{key}",
        label=label,
        estimate=None if estimate is None else float(estimate),
        lower=None if lower is None else float(lower),
        upper=None if upper is None else float(upper),
        unit=unit,
        n=n,
        window=segmentation.window,
        estimator=estimator,
        validation=validation,
        group=group,
    )


def _say_nulls(found: Grouping) -> str:
    beaten = int((found.nulls["silhouette"] > found.nulls["null_high"]).sum())
    return f"null data: above all draws of {beaten} of {len(found.nulls)} kinds of data without groups"


def tabulate(segmentation: Segmentation, name: str) -> pd.DataFrame:
    """A table of the evidence with names fit to print; empty, with its columns, where nothing was found."""
    if name not in _COLUMNS:
        raise ParameterError(f"There is no table {name!r} of a segmentation. {offer_names(name, _COLUMNS)}")
    found = segmentation.found
    if found is None:
        return pd.DataFrame(columns=_COLUMNS[name])
    frame = _table(found, name)
    return frame if name == "profiles" else frame[_COLUMNS[name]]


def _table(found: Grouping, name: str) -> pd.DataFrame:
    if name in ("holdout", "gains", "later"):
        return _table_of_holdout(found, name)
    makers: dict[str, Callable[[], pd.DataFrame]] = {
        "inputs": lambda: found.inputs.choice.assign(input=found.inputs.choice["what"]).rename(
            columns={"is_used": "used", "reason": "why"}
        ),
        "numbers": lambda: found.criteria.assign(**{"is": _call_numbers(found.criteria)}),
        "cards": lambda: found.cards,
        "profiles": lambda: found.cards[["segment", *found.inputs.used]].rename(
            columns={column: f"{WORDS[column]} (median)" for column in found.inputs.used}
        ),
        "stability": lambda: found.stability,
        "nulls": lambda: found.nulls.rename(
            columns={
                "null": "data_without_groups",
                "silhouette": "silhouette_here",
                "null_mean": "silhouette_there",
                "null_high": "highest_there",
            }
        ),
        "rules": lambda: found.rules.table,
    }
    return makers[name]()


def _table_of_holdout(found: Grouping, name: str) -> pd.DataFrame:
    if found.holdout is None:
        return pd.DataFrame(columns=_COLUMNS[name])
    if name == "later":
        names = found.cards.set_index("group")["segment"]
        by_group = found.holdout.by_group.set_index("group").loc[names.index]
        return by_group.assign(segment=names).reset_index(drop=True)
    return found.holdout.scores if name == "holdout" else found.holdout.gains.rename(columns={"estimate": "gain"})


def _call_numbers(numbers: pd.DataFrame) -> list[str]:
    said = []
    for is_chosen, qualifies in zip(numbers["is_chosen"], numbers["qualifies"], strict=True):
        qualified = "qualifies" if qualifies else "does not qualify"
        said.append(("chosen" if qualifies else "chosen; does not qualify") if is_chosen else qualified)
    return said
