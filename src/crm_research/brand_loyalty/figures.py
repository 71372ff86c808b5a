"""The printed numbers of loyalty to brands, each with its interval, basis and check."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from crm_research.brand_loyalty.analysis import BrandLoyalty
from crm_research.figures import NO_VALIDATION, Figure
from crm_research.models.dirichlet import FEWEST_BUYERS
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
        "holdout": "penetrations among the window's customers, foretold and observed, and those of the period before",
    }
)


def key_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """The numbers of the first screen: the largest excess, the largest brand's share of requirements, and S."""
    if loyalty.fit is None or loyalty.norm is None:
        return [
            _figure(loyalty, PARAMETERS["s"], _LABELS["s"], "", (None, None, None), loyalty.n_buyers, "not estimated")
        ]
    excess = sorted(excess_figures(loyalty), key=lambda figure: -(figure.estimate or 0.0))
    largest = scr_figures(loyalty)[:1]
    return [*excess[:1], *largest, *(figure for figure in parameter_figures(loyalty) if figure.id == PARAMETERS["s"])]


def duplication_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """D of the duplication of purchase law."""
    if loyalty.duplication is None:
        return []
    law = loyalty.duplication.law
    limits = (float(law.estimate), float(law.lower), float(law.upper))
    label = "D: how much likelier buyers of one are to buy another"
    how = "duplication of purchase law, least squares through the origin; jackknife"
    checked = f"the shares lie {100 * loyalty.duplication.mean_miss:.1f} points from the law on average"
    return [_figure(loyalty, DUPLICATION, label, "times", limits, loyalty.n_buyers, how, validation=checked)]


def parameter_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """M, K and S in use."""
    if loyalty.fit is None:
        return []
    used = loyalty.fit.params.loc[loyalty.fit.params["is_used"]]
    return [
        _figure(
            loyalty,
            PARAMETERS[row["name"]],
            _LABELS[row["name"]],
            "",
            (row["estimate"], row["lower"], row["upper"]),
            loyalty.n_customers,
            f"{_METHODS[row['method']]}; jackknife on the logarithm",
            validation=_check(loyalty),
        )
        for _, row in used.iterrows()
    ]


def scr_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """Share of category requirements by purchases, of each brand with at least 50 buyers."""
    if loyalty.norm is None or loyalty.scr is None:
        return []
    rows = zip(loyalty.scr.estimate, loyalty.scr.lower, loyalty.scr.upper, strict=True)
    return [
        _figure(
            loyalty,
            SCR,
            "Share of its buyers' requirements",
            "share",
            limits,
            int(row["n_buyers"]),
            "purchases of the brand over its buyers' purchases of the category; jackknife",
            validation=f"the norm for its size is {say_percent(row['scr_norm'])}",
            group=str(row["brand"]),
        )
        for (_, row), limits in zip(loyalty.norm.iterrows(), rows, strict=True)
        if row["n_buyers"] >= FEWEST_BUYERS
    ]


def excess_figures(loyalty: BrandLoyalty) -> list[Figure]:
    """Purchases per buyer above or below the norm of its size, for each brand with at least 50 buyers."""
    if loyalty.norm is None:
        return []
    return [
        _figure(
            loyalty,
            EXCESS,
            "Purchases per buyer beyond its size",
            "share",
            (row["excess_ratio"], row["ratio_lower"], row["ratio_upper"]),
            int(row["n_buyers"]),
            "observed purchases per buyer over those of the NBD-Dirichlet, less 1; jackknife, fitted anew each time",
            validation=_check_brand(loyalty, str(row["brand"])),
            group=str(row["brand"]),
        )
        for _, row in loyalty.norm.iterrows()
        if row["n_buyers"] >= FEWEST_BUYERS
    ]


def _check(loyalty: BrandLoyalty) -> str:
    return NO_VALIDATION if loyalty.holdout is None else loyalty.holdout.say()


def _check_brand(loyalty: BrandLoyalty, brand: str) -> str:
    """What the norm foretold for the brand, and what came, in the holdout."""
    if loyalty.holdout is None:
        return NO_VALIDATION
    brands = loyalty.holdout.brands
    predicted, observed = brands.loc[brands["brand"] == brand, ["predicted", "observed"]].to_numpy(dtype=float)[0]
    return f"holdout: bought by {say_percent(predicted)} foretold, {say_percent(observed)} observed"


def _figure(
    loyalty: BrandLoyalty,
    id_: str,
    label: str,
    unit: str,
    numbers: tuple[float | None, float | None, float | None],
    n: int,
    estimator: str,
    *,
    validation: str = NO_VALIDATION,
    group: str | None = None,
) -> Figure:
    return Figure.from_numbers(
        id_,
        label,
        dict(zip(("estimate", "lower", "upper"), numbers, strict=True)),
        unit=unit,
        n=n,
        window=f"{loyalty.window}; {loyalty.category}",
        estimator=estimator,
        confidence=loyalty.confidence,
        validation=validation,
        group=group,
    )
