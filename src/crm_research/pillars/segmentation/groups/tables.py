"""The segmentation as figures and tables for a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.figures import Figure, FigureMaker
from crm_research.pillars.segmentation.describe.measure import say_usual
from crm_research.pillars.segmentation.evidence.number_of_groups import RULE
from crm_research.pillars.segmentation.evidence.verdicts import VERDICTS
from crm_research.pillars.segmentation.inputs.base import BUYERS
from crm_research.pillars.segmentation.inputs.money import name_money
from crm_research.pillars.segmentation.use.holdout import CELLS, OUTCOMES
from crm_research.theme import say_count, say_percent, say_small_count

if TYPE_CHECKING:
    from crm_research.pillars.segmentation.result import Grouping, Segmentation

_COLUMNS = {
    "inputs": ["input", "used", "why"],
    "numbers": [
        "n_groups",
        "silhouette",
        "calinski_harabasz",
        "gap",
        "gap_error",
        "bic",
        "stability",
        "seeds",
        "subsets",
        "smallest_share",
        "mean_rank",
        "is",
    ],
    "borders": ["segment", "other_segment", "border_density", "told_by", "is"],
    "methods": [
        "method",
        "n_groups",
        "agreement",
        "share_in_no_group",
        "silhouette",
        "border_density",
        "stability",
        "note",
    ],
    "cards": ["segment", "n_customers", "size_share", "revenue_share", "median_spend", "stands_out"],
    "profiles": ["what_is_usual"],
    "stability": ["segment", "mean_jaccard", "lower", "upper", "share_dissolved", "is"],
    "nulls": [
        "data_without_groups",
        "silhouette_here",
        "silhouette_there",
        "highest_there",
        "border_here",
        "emptiest_border_there",
        "n_draws",
    ],
    "rules": ["rule", "segment", "n_customers", "purity_share", "coverage_share"],
    "holdout": ["outcome", "grouping", "n_groups", "explained_share"],
    "gains": ["outcome", "against", "gain", "lower", "upper"],
    "later": ["segment", "n_customers", "repeat_rate", "mean_spend"],
}


def list_figures(segmentation: Segmentation, part: str = "all") -> list[Figure]:
    """Figures of the segmentation; one without a value where nothing was found.

    `part` is all, answer (what stands at the top), segments (one of each kind for each segment), or separation.
    """
    found = segmentation.found
    if found is None:
        nothing = _figure(segmentation, "k", "Groups of customers", None, "groups", 0, "none: " + segmentation.why_not)
        return [nothing]
    weakest = found.stability.loc[found.stability["mean_jaccard"].idxmin()]
    resampled = f"k-means, mean Jaccard over {found.n_bootstraps} bootstraps (Hennig 2007)"
    if part == "segments":
        return _by_segment(segmentation, found, resampled)
    if part == "separation":
        return [_separation(segmentation, found)]
    answer = [
        _figure(
            segmentation, "k", "Groups of customers", found.k, "groups", found.n_customers,
            "k-means; number by silhouette, Calinski-Harabasz, gap, BIC and stability together",
            validation=f"bootstrap: weakest group found again with a mean Jaccard of {weakest['mean_jaccard']:.2f}",
        ),
        _figure(
            segmentation, "verdict", "Are the groups natural, reproducible or constructed?",
            VERDICTS.index(found.verdict), "", found.n_customers,
            f"rule over stability, borders between groups and null data; weakest group: {resampled}",
            validation=_say_nulls(found), said=found.verdict,
        ),
        *_judged(segmentation, found),
    ]  # fmt: skip
    if part == "answer":
        return answer
    return [*answer, _separation(segmentation, found), *_by_segment(segmentation, found, resampled)]


def _separation(segmentation: Segmentation, found: Grouping) -> Figure:
    return _figure(
        segmentation, "silhouette", "Separation of the groups (silhouette)", found.silhouette, "", found.n_silhouette,
        "mean silhouette given the groups, errors over customers taken as normal",
        validation=_say_nulls(found),
    )  # fmt: skip


def _by_segment(segmentation: Segmentation, found: Grouping, resampled: str) -> list[Figure]:
    figures = []
    stability = found.stability.set_index("segment")
    money = name_money(found.inputs.money)
    for card in found.cards.to_dict("records"):
        name, n = card["segment"], int(card["n_customers"])
        values = stability.loc[name]
        shares: list[tuple[str, str, Any]] = [("size_share", "Share of customers", card["size_share"])]
        if money is not None and card["revenue_share"] == card["revenue_share"]:
            shares.append((money.share, money.share_label, card["revenue_share"]))
        figures += [
            _figure(
                segmentation, key, label, value, "share", n, "share of all customers grouped",
                validation="none needed: a share of all customers at hand", group=name,
            )
            for key, label, value in shares
        ]  # fmt: skip
        jaccard = (values["mean_jaccard"], values["lower"], values["upper"])
        figures.append(
            _figure(
                segmentation, "jaccard", "Found again (Jaccard)", jaccard, "", n, resampled,
                validation="bootstrap", group=name, limits="of the single bootstraps",
            )
        )  # fmt: skip
    return figures


def _judged(segmentation: Segmentation, found: Grouping) -> list[Figure]:
    fidelity = found.rules.fidelity
    figures = [
        _figure(
            segmentation, "rule_fidelity", "Customers whom the simple rules place correctly", fidelity, "share",
            found.rules.n,
            f"decision tree of at most {say_small_count(found.rules.depth)} questions, five folds; Wilson",
            validation="cross-validation",
        )
    ]  # fmt: skip
    if found.holdout is not None:
        gains = found.holdout.gains
        row = gains[(gains["outcome"] == OUTCOMES["holdout_spend"]) & (gains["against"] == CELLS)].iloc[0]
        if row["estimate"] == row["estimate"]:
            figures.append(
                _figure(
                    segmentation, "holdout_gain_over_rfm",
                    "Later spend explained better (+) or worse (-) than by recency, frequency and money",
                    (row["estimate"], row["lower"], row["upper"]), "share", found.holdout.n,
                    "difference in explained variance over five folds, linearised, limits out to the long tail",
                    validation=f"holdout until {segmentation.holdout_until:%Y-%m-%d}",
                )
            )  # fmt: skip
    return figures


def _figure(
    segmentation: Segmentation, key: str, label: str, value: Any, unit: str, n: int, estimator: str,
    *, limits: str = "", validation: str = "none", group: str | None = None, said: str | None = None,
) -> Figure:  # fmt: skip
    return FigureMaker(window=segmentation.window, confidence=segmentation.confidence).one(
        f"segmentation.{key}",
        label,
        value,
        unit=unit,
        n=n,
        estimator=estimator,
        limits=limits,
        validation=validation,
        group=group,
        said=said,
    )


def _say_nulls(found: Grouping) -> str:
    judging = found.nulls[found.nulls["judges_separation"]]
    beaten = int(judging["is_beyond"].sum())
    return f"null data: clearly above {beaten} of {len(judging)} kinds of data without groups"


def tabulate(segmentation: Segmentation, name: str) -> pd.DataFrame:
    """A table of the evidence with names fit to print; empty, with its columns, where nothing was found."""
    if name not in _COLUMNS:
        raise ParameterError(f"There is no table {name!r} of a segmentation. {offer_names(name, _COLUMNS)}")
    found = segmentation.found
    if found is None:
        return pd.DataFrame(columns=_COLUMNS[name])
    frame = _table(found, name)
    if name == "profiles":
        return frame
    return _name_money(frame[_COLUMNS[name]], found) if name == "cards" else frame[_COLUMNS[name]]


def _name_money(cards: pd.DataFrame, found: Grouping) -> pd.DataFrame:
    """The cards with the money of these customers named as what it is, or without."""
    money = name_money(found.inputs.money)
    if money is None:
        return cards.drop(columns=["revenue_share", "median_spend"])
    return cards.rename(columns={"revenue_share": money.share, "median_spend": money.median})


def _table(found: Grouping, name: str) -> pd.DataFrame:
    if name in ("holdout", "gains", "later"):
        return _table_of_holdout(found, name)
    makers: dict[str, Callable[[], pd.DataFrame]] = {
        "inputs": lambda: found.inputs.choice.assign(input=found.inputs.choice["what"]).rename(
            columns={"is_used": "used", "reason": "why"}
        ),
        "numbers": lambda: found.criteria.assign(**{"is": _call_numbers(found.criteria)}),
        "cards": lambda: found.cards,
        "profiles": lambda: _turn_profiles(found),
        "stability": lambda: found.stability,
        "nulls": lambda: found.nulls.rename(
            columns={
                "null": "data_without_groups",
                "silhouette": "silhouette_here",
                "null_mean": "silhouette_there",
                "null_high": "highest_there",
                "border": "border_here",
                "null_border_low": "emptiest_border_there",
            }
        ),
        "rules": lambda: found.rules.table,
        "borders": lambda: found.borders.assign(
            told_by=found.borders["heap_in_words"],
            **{
                "is": np.select(
                    [found.borders["is_gap"], found.borders["is_border"]], ["a gap", "no gap"], "no neighbours"
                )
            },
        ).sort_values("border_density", ascending=False, ignore_index=True),
        "methods": lambda: found.methods,
    }
    return makers[name]()


def _turn_profiles(found: Grouping) -> pd.DataFrame:
    """One row an input, one column a segment: names are longer than numbers."""
    terms, raw = found.inputs.terms, found.inputs.raw
    columns = {"what_is_usual": [terms[name].words for name in found.inputs.used]}
    for group, segment in found.cards[["group", "segment"]].to_numpy():
        members = raw[found.labels == group]
        columns[segment] = [say_usual(members[name].to_numpy(dtype=float), terms[name]) for name in found.inputs.used]
    return pd.DataFrame(columns)


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


def describe_picture(segmentation: Segmentation, name: str) -> str:
    """What one sees in a picture, for those who do not see it: the finding, then the shape."""
    found = segmentation.found
    if found is None:
        return f"No picture. {segmentation.why_not}"
    rows = _ALT_ROWS[name](found)
    shape = _say_bars(found) if name == "segments" else _ALT[name]
    return f"{shape}: {'; '.join(rows)}." if rows else f"{shape}."


def _say_bars(found: Grouping) -> str:
    """Of two bars where the money is known, of one where it is not."""
    money = name_money(found.inputs.money)
    if money is None or not found.cards["revenue_share"].notna().all():
        return "Bars, share of customers by segment"
    return f"Pairs of bars, share of customers and of {money.total.removeprefix('the ')}, by segment"


def describe_alternative(found: Grouping) -> str:
    """The same of another solution: which groups there would be, and how large."""
    rows = [f"{row['segment']} with {say_percent(row['size_share'])}" for row in found.cards.to_dict("records")]
    return f"{_say_bars(found)}, of {say_small_count(found.k)} groups instead: {'; '.join(rows)}."


_ALT: Final = {
    "profiles": "Dots of each segment left and right of the average customer, one row an input; medians",
    "numbers": "Six curves over the number of groups, one a criterion, with the chosen number marked",
    "stability": "A dot with its range for each segment on a scale of Jaccard similarity from 0 to 1",
    "nulls": "The silhouette of the groups as a line, that of data without groups as dots",
    "holdout": "Bars of the explained share of what customers did later, by grouping",
}
_ALT_ROWS: Final[Mapping[str, Callable[[Grouping], list[str]]]] = {
    "segments": lambda found: [
        f"{row['segment']} {say_percent(row['size_share'])} of customers"
        + ("" if row["revenue_share"] != row["revenue_share"] else f", {say_percent(row['revenue_share'])} of money")
        for row in found.cards.to_dict("records")
    ],
    "profiles": lambda found: [f"{row['segment']}: {row['stands_out']}" for row in found.cards.to_dict("records")],
    "numbers": lambda found: [f"{found.k} groups are chosen"],
    "stability": lambda found: [
        f"{row['segment']} {row['mean_jaccard']:.2f}" for row in found.stability.to_dict("records")
    ],
    "nulls": lambda found: (
        [f"here {found.nulls['silhouette'].iloc[0]:.2f}"]
        + [
            f"{row['null']} {row['null_mean']:.2f}"
            for row in found.nulls[found.nulls["judges_separation"]].to_dict("records")
        ]
    ),
    "holdout": lambda found: (
        []
        if found.holdout is None
        else [
            f"{row['outcome']}, {row['grouping']}: {say_percent(row['explained_share'])}"
            for row in found.holdout.scores.to_dict("records")
        ]
    ),
}


def summary_table(segmentation: Segmentation) -> pd.DataFrame:
    """figure, group, value: the main numbers, rounded to what a rerun on another machine must reproduce."""
    wanted = ("segmentation.k", "segmentation.verdict", "segmentation.size_share")
    rows = [
        (figure.id, figure.group or "", "none" if figure.estimate is None else f"{figure.estimate:.1f}")
        for figure in list_figures(segmentation)
        if figure.id in wanted
    ]
    return pd.DataFrame(rows, columns=["figure", "group", "value"])


def name_formats(segmentation: Segmentation, name: str) -> dict[str, str]:
    """How the columns of a table are printed."""
    money = segmentation.currency
    by_table = {
        "cards": _format_cards(segmentation.found, money),
        "gains": {"gain": "share", "lower": "share", "upper": "share"},
        "later": {"mean_spend": money},
    }
    return by_table.get(name, {})


def _format_cards(found: Grouping | None, currency: str) -> dict[str, str]:
    if found is None:
        return {"median_spend": currency}
    money = name_money(found.inputs.money)
    if money is None:
        return {}
    return {money.median: currency} | ({} if money.share == "revenue_share" else {money.share: "share"})


def name_estimators(segmentation: Segmentation) -> dict[str, str]:
    """What was estimated, and how."""
    if segmentation.found is None:
        return {}
    found = segmentation.found
    return {
        "groups": f"k-means on robustly scaled inputs, fitted on {say_count(found.n_fitted, 'customer')}, ten starts",
        "number of groups": RULE,
        "stability": f"bootstrap Jaccard similarity, {found.n_bootstraps} resamples (Hennig 2007)",
        "data without groups": "permuted columns, one Gaussian, Gaussian copulas of the data's shapes, heaps, humps",
        "borders": "kernel density of all between two neighbouring centres, ties spread over their own step; dip test",
        "other methods": "Gaussian mixture by BIC, Ward, HDBSCAN, k-means on other scales; at most 2,000 customers",
        "rules": f"decision tree of depth {say_small_count(found.rules.depth)}, fidelity by five-fold cross-validation",
        "later behaviour": "means by group, five folds, explained share of the variance"
        if found.inputs.base == BUYERS
        else "Kaplan-Meier by segment, log-rank test, alone and within plans; limits for all segments together",
    }
