"""The printed numbers of satisfaction and attitude, each with its interval, basis and check."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis
from crm_research.pillars.satisfaction.followed import REPEAT
from crm_research.pillars.satisfaction.words import has_link
from crm_research.theme import say_count, say_percent, say_range

NPS: Final = "satisfaction.nps"
LEVEL: Final = "satisfaction.level"
ITEM_MEAN: Final = "satisfaction.item_mean"
IMPORTANCE: Final = "satisfaction.importance"
PATH: Final = "satisfaction.path"
R2: Final = "satisfaction.r2"
CORRECTED: Final = "satisfaction.path_corrected"
MAP: Final = "satisfaction.map_importance"
SHARE: Final = "loyalty.dick_basu_share"
POINTS: Final = "points"

ESTIMATORS: Final = MappingProxyType(
    {
        "item means": "mean of a wave, one response a customer; Student's t, never beyond the scale",
        "changes": "partially overlapping samples (Derrick and others 2017); Holm over the items",
        "net promoter score": "promoters less detractors; adjusted Wald (Rocks 2016)",
        "importance": "Shapley shares of R squared; expanded bootstrap percentiles or Student's t, the farthest",
        "scales": "alpha (jackknife of log(1 - alpha)), rho_A, composite reliability, AVE, HTMT; bootstrap percentiles",
        "paths": "partial least squares, standardised, and consistent (PLSc); expanded percentiles; PLSpredict",
        "map": "total effects in points of the last consequence beside mean scores (Ringle and Sarstedt 2016)",
        "groups": "invariance of composites (MICOM) and permuted differences of paths, Holm",
        "who answered": "logistic model of answering, inverse weights trimmed at five times their median",
        "loyalty by conviction": "Dick and Basu's groups; reliability (alpha), NBD rates, normal copula; grouped "
        "jackknife; followed by weighted Kaplan-Meier from the close of the wave",
    }
)


def key_figures(found: SatisfactionAnalysis) -> list[Figure]:
    """The numbers of the first screen: satisfaction, net promoter score, and loyalty by conviction and by habit.

    Without a link between attitude and buying the last two say only where the cuts lie, and are left to the evidence.
    """
    groups = None if found.conviction is None else found.conviction.groups
    says_something = groups is None or has_link(groups)
    return [*_level(found), _net_score(found), *(conviction_figures(found)[:3:2] if says_something else ())]


def _level(found: SatisfactionAnalysis) -> list[Figure]:
    level = found.level
    if level is None:
        return []
    return [
        _maker(found).one(
            LEVEL,
            f"{level.name[0].upper()}{level.name[1:]}, 0 to 100",
            {"estimate": level.mean, "lower": level.lower, "upper": level.upper},
            unit=POINTS,
            n=int(level.n),
            estimator="mean of its items in the latest wave, one response a customer; Student's t, "
            "never beyond the scale",
        )
    ]


def item_figures(found: SatisfactionAnalysis) -> list[Figure]:
    """The mean answer to each item, on its own scale; one figure without a value where nothing was answered."""
    if found.items is None or found.items.table.empty:
        return [
            _maker(found).one(
                ITEM_MEAN,
                "Mean answer (no answer is known)",
                {},
                unit="",
                n=0,
                estimator="mean",
            )
        ]
    return [
        _maker(found).one(
            ITEM_MEAN,
            f"Mean answer on {row['scale']}",
            {"estimate": row["mean"], "lower": row["lower"], "upper": row["upper"]},
            unit="",
            n=int(row["n"]),
            estimator="mean of the latest wave, one response a customer; Student's t, never beyond the scale",
            validation=_reweighted(found, str(row["item"])),
            group=str(row["item"]),
        )
        for _, row in found.items.table.iterrows()
    ]


def importance_figures(found: SatisfactionAnalysis) -> list[Figure]:
    """The share of explained variance that belongs to each driver."""
    parts = found.priorities
    if parts is None or parts.model is None:
        return []
    figures = []
    for _, row in parts.table.dropna(subset=["importance"]).iterrows():
        then = parts.before.get(row["driver"])
        check = NO_VALIDATION if then is None or pd.isna(then) else f"in the wave before: {say_percent(then)}"
        figures.append(
            _maker(found).one(
                IMPORTANCE,
                f"Share of what the items explain of {parts.target}",
                {"estimate": row["importance"], "lower": row["importance_lower"], "upper": row["importance_upper"]},
                unit="share",
                n=int(parts.model.n),
                estimator=parts.model.estimator,
                validation=check,
                group=str(row["driver"]),
            )
        )
    return figures


def path_figures(found: SatisfactionAnalysis) -> list[Figure]:
    """Path coefficients, and how much of each construct the paths explain."""
    model = None if found.structure is None else found.structure.paths
    if model is None:
        return []
    check = _prediction(found)
    estimator = (
        f"partial least squares ({model.scheme} scheme), {model.n_bootstraps:,} bootstraps, expanded percentiles"
    )
    figures = [
        _maker(found).one(
            PATH,
            "Path, in standard deviations",
            {"estimate": row["estimate"], "lower": row["lower"], "upper": row["upper"]},
            unit="",
            n=int(model.n),
            estimator=estimator,
            validation=check,
            group=f"{row['source']} -> {row['target']}",
        )
        for _, row in model.paths.iterrows()
    ]
    explained = model.quality.dropna(subset=["r2"])
    return figures + [
        _maker(found).one(
            R2,
            "Variance explained by the paths",
            {"estimate": row["r2"], "lower": row["r2_lower"], "upper": row["r2_upper"]},
            unit="share",
            n=int(model.n),
            estimator=f"R squared of the path model; {estimator} or Student's t on two scales, the farthest",
            validation=check,
            group=str(row["construct"]),
        )
        for _, row in explained.iterrows()
    ]


def corrected_figures(found: SatisfactionAnalysis) -> list[Figure]:
    """Paths as they would be if constructs were measured without error; those that cannot be had are left out."""
    model = None if found.structure is None else found.structure.paths
    if model is None:
        return []
    return [
        _maker(found).one(
            CORRECTED,
            "Path without errors of measurement, in standard deviations",
            {"estimate": row["corrected"], "lower": row["corrected_lower"], "upper": row["corrected_upper"]},
            unit="",
            n=int(model.n),
            estimator=f"consistent partial least squares (reliability rho_A), {model.n_bootstraps:,} "
            "bootstraps, expanded percentiles",
            validation=f"with errors of measurement: {row['estimate']:.2f}",
            group=f"{row['source']} -> {row['target']}",
        )
        for _, row in model.paths.dropna(subset=["corrected"]).iterrows()
    ]


def map_figures(found: SatisfactionAnalysis) -> list[Figure]:
    """Points of the last consequence that go with one more point of each construct, along all paths."""
    held = None if found.structure is None else found.structure.map
    if held is None:
        return []
    return [
        _maker(found).one(
            MAP,
            f"Points of {held.target} for one more (now at {row['performance']:.0f})",
            {"estimate": row["importance"], "lower": row["lower"], "upper": row["upper"]},
            unit=POINTS,
            n=int(held.n),
            estimator="total effect of the path model, both from 0 to 100; expanded percentiles",
            validation=_prediction(found),
            group=str(row["construct"]),
        )
        for _, row in held.constructs.iterrows()
    ]


def conviction_figures(found: SatisfactionAnalysis) -> list[Figure]:
    """The shares of Dick and Basu's four groups."""
    groups = None if found.conviction is None else found.conviction.groups
    if found.conviction is None or groups is None:
        return []
    days = found.conviction.patronage_days
    later = found.conviction.later
    figures = []
    for _, row in groups.shares.iterrows():
        then = later.loc[(later["outcome"] == REPEAT) & (later["group"] == row["group"])]
        check = NO_VALIDATION
        if len(then):
            seen = then.iloc[0]
            check = (
                f"holdout: {say_percent(seen['value'])} of the group bought again "
                f"({say_range(seen['lower'], seen['upper'], say_percent)})"
            )
        figures.append(
            _maker(found, f"each customer's latest answer, {found.window.split(', ')[-1]}").one(
                SHARE,
                "Share of buyers who answered",
                {"estimate": row["share"], "lower": row["lower"], "upper": row["upper"]},
                unit="share",
                n=int(groups.n),
                estimator=f"chances of each customer from reliability {groups.reliability:.2f} and repeat purchases in "
                f"{say_count(days, 'day')}; "
                "cut at the stated points; grouped jackknife",
                validation=check,
                group=str(row["group"]),
            )
        )
    return figures


def _net_score(found: SatisfactionAnalysis) -> Figure:
    if found.promoters is None:
        return _maker(found).one(
            NPS,
            "Net promoter score (no item asks for it on 0 to 10)",
            {},
            unit=POINTS,
            n=0,
            estimator="promoters less detractors",
        )
    row = found.promoters.latest
    return _maker(found).one(
        NPS,
        "Net promoter score, -100 to 100",
        {"estimate": row["nps"], "lower": row["lower"], "upper": row["upper"]},
        unit=POINTS,
        n=int(row["n"]),
        estimator="share of 9 and 10 less share of 0 to 6; adjusted Wald (Rocks 2016)",
        validation=_reweighted(found, "net promoter score"),
    )


def _reweighted(found: SatisfactionAnalysis, item: str) -> str:
    if found.response is None:
        return NO_VALIDATION
    row = found.response.moves.loc[found.response.moves["item"] == item]
    if row.empty:
        return NO_VALIDATION
    first = row.iloc[0]
    return f"weighted for who answers: {first['weighted']:.2f} ({first['plain']:.2f} without)"


def _prediction(found: SatisfactionAnalysis) -> str:
    prediction = None if found.structure is None else found.structure.prediction
    if prediction is None:
        return NO_VALIDATION
    row = prediction.constructs.set_index("construct").loc["all"]
    return (
        f"PLSpredict, {prediction.n_folds} parts: {row['n_useful']:.0f} of {row['n_items']:.0f} items predicted better "
        f"than by their mean, {row['n_better']:.0f} better than by a linear model"
    )


def _maker(found: SatisfactionAnalysis, window: str | None = None) -> FigureMaker:
    return FigureMaker(window=window or found.window, confidence=found.confidence)
