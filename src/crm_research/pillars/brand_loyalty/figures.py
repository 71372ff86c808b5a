"""The printed numbers of loyalty to brands, each with its interval, basis and check."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker, leaves_size_open
from crm_research.models.dirichlet import ABOVE, BELOW, FEWEST_BUYERS, SLIGHTLY_ABOVE, SLIGHTLY_BELOW
from crm_research.pillars.brand_loyalty.analysis import BrandLoyalty
from crm_research.theme import say_percent

SCR: Final = "loyalty.scr"
EXCESS: Final = "loyalty.excess"
DUPLICATION: Final = "loyalty.duplication_d"
PARAMETERS: Final = MappingProxyType(
    {"m": "loyalty.dirichlet_m", "k": "loyalty.dirichlet_k", "s": "loyalty.dirichlet_s"}
)
_LABELS: Final = MappingProxyType(
    {
        "m": "M: purchases of the category per customer",
        "k": "K: how alike customers are in how much they buy",
        "s": "S: how freely customers change between them",
    }
)
_METHODS: Final = MappingProxyType(
    {
        "mean": "mean of the counts",
        "zeros": "means and zeros",
        "likelihood": "maximum likelihood",
    }
)
ESTIMATORS: Final = MappingProxyType(
    {
        "purchases": "a customer's day (or order) with the brand counts once; the category's are their sum",
        "norm": "NBD-Dirichlet (Goodhardt, Ehrenberg and Chatfield 1984); K and S by means and zeros, or by likelihood",
        "intervals": "jackknife leaving out one of 40 groups of customers at a time, with everything fitted again",
        "shared buyers": "duplication of purchase law, D by least squares through the origin",
        "heavy buyers": "conditional trend analysis: NBD of the first half, at the same buyers' later level",
        "holdout": "penetrations among the window's customers, predicted and observed, and those of the period before",
    }
)


def key_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """The numbers of the first screen: an excess, and the largest brand's share of requirements.

    The excess is the largest of those that surely lie above their size, else the farthest below, else likewise of
    those that are slightly off, else the largest brand's: the largest of many that chance has scattered would be no
    finding.
    """
    if loyalty.fit is None or loyalty.norm is None:
        return [
            _maker(loyalty).one(
                PARAMETERS["s"], _LABELS["s"], None, unit="", n=loyalty.n_buyers, estimator="not estimated"
            )
        ]
    return [*_excess_to_show(loyalty), *scr_figures(loyalty)[:1]]


def duplication_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """D of the duplication of purchase law."""
    if loyalty.duplication is None:
        return []
    law = loyalty.duplication.law
    return [
        _maker(loyalty).one(
            DUPLICATION,
            "How much more likely buyers of one are to buy another (D)",
            (float(law.estimate), float(law.lower), float(law.upper)),
            unit="times",
            n=loyalty.n_buyers,
            estimator="duplication of purchase law, least squares through the origin; jackknife",
            validation=f"the shares lie {100 * loyalty.duplication.mean_miss:.1f} points from the law on average",
        )
    ]


def parameter_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """M, K and S in use."""
    if loyalty.fit is None:
        return []
    used = loyalty.fit.params.loc[loyalty.fit.params["is_used"]]
    return [
        _maker(loyalty).one(
            PARAMETERS[row["name"]],
            _LABELS[row["name"]],
            None
            if leaves_size_open(row["lower"], row["upper"])
            else [row[name] for name in ("estimate", "lower", "upper")],
            unit="",
            n=loyalty.n_customers,
            estimator=f"{_METHODS[row['method']]}; jackknife on the logarithm",
        )
        for row in used.to_dict("records")
    ]


def scr_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """Share of category requirements by purchases, of each brand with at least 50 buyers."""
    if loyalty.norm is None or loyalty.scr is None:
        return []
    limits = {name: getattr(loyalty.scr, name) for name in ("estimate", "lower", "upper")}
    return _maker(loyalty).of_rows(
        _large_enough(loyalty.norm.assign(**limits)),
        SCR,
        "Share of its buyers' requirements",
        unit="share",
        n="n_buyers",
        group="brand",
        estimator="purchases of the brand over its buyers' purchases of the category; jackknife",
        validation=lambda row: f"the norm for its size is {say_percent(row['scr_norm'])}",
    )


def excess_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """Purchases per buyer above or below the norm of its size, for each brand with at least 50 buyers."""
    if loyalty.norm is None:
        return []
    return _maker(loyalty).of_rows(
        _large_enough(loyalty.norm),
        EXCESS,
        "Purchases per buyer beyond its size",
        unit="share",
        n="n_buyers",
        group="brand",
        numbers=("excess_ratio", "ratio_lower", "ratio_upper"),
        estimator="observed purchases per buyer over those of the NBD-Dirichlet, less 1; "
        "jackknife, fitted anew each time",
        limits="for all judged together",
        validation=lambda row: _check_brand(loyalty, str(row["brand"])),
    )


def _excess_to_show(loyalty: BrandLoyalty) -> list[Figure]:
    found = {figure.group: figure for figure in excess_figures(loyalty)}
    norm = pd.DataFrame() if loyalty.norm is None else loyalty.norm
    for verdict, is_least in ((ABOVE, False), (BELOW, True), (SLIGHTLY_ABOVE, False), (SLIGHTLY_BELOW, True)):
        sure = norm.loc[norm["verdict"] == verdict].sort_values("excess_ratio", ascending=is_least)
        if not sure.empty:
            return [found[str(sure["brand"].iloc[0])]]
    return list(found.values())[:1]


def _large_enough(norm: pd.DataFrame) -> pd.DataFrame:
    return norm.loc[norm["n_buyers"] >= FEWEST_BUYERS]


def _check_brand(loyalty: BrandLoyalty, brand: str) -> str:
    """What the norm predicted for the brand, and what came, in the holdout."""
    if loyalty.holdout is None:
        return NO_VALIDATION
    brands = loyalty.holdout.brands
    predicted, observed = brands.loc[brands["brand"] == brand, ["predicted", "observed"]].to_numpy(dtype=float)[0]
    return f"holdout: bought by {say_percent(predicted)} predicted, {say_percent(observed)} observed"


def _maker(loyalty: BrandLoyalty) -> FigureMaker:
    return FigureMaker(
        window=f"{loyalty.window}; {loyalty.category}",
        confidence=loyalty.confidence,
        validation=NO_VALIDATION if loyalty.holdout is None else loyalty.holdout.say(),
    )
