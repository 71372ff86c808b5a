"""Which market is looked at: what competes, in which category, over which window, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.errors import ParameterError, StudyError, offer_names
from crm_research.features.brand_lines import Market, Unit, units_of
from crm_research.features.brands import count_categories
from crm_research.features.purchases import Occasion, keep_dealings
from crm_research.features.window import known_rows
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.theme import say_count, say_date, say_percent

if TYPE_CHECKING:
    from crm_research.study import Study

ALL: Final = "all"
WORDS: Final = {"brand": "brand", "category": "category", "store": "store", "own_brand": "kind of brand"}
PLURALS: Final = {"brand": "brands", "category": "categories", "store": "stores", "own_brand": "kinds of brand"}
_FEWEST_UNITS: Final = 3
_LARGEST_SHARE: Final = 0.8
_YEAR_MONTHS: Final = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class Setting(Shown):
    """The market chosen, or why there is none.

    Parameters
    ----------
    market
        What is looked at; None where the records cannot hold it.
    why
        How category and window came about, in sentences; or what is missing.
    categories
        Grain: category. Columns ``category``, ``n_lines``, ``n_units``, ``largest_share``; empty where no category was
        to be chosen.
    """

    market: Market | None
    why: tuple[str, ...]
    categories: pd.DataFrame


@step
def choose_market(
    study: Study, *, unit: Unit | None, category: str | None, months: int | None, occasion: Occasion
) -> Setting:
    """What competes here, in which category, and over which window?

    Parameters
    ----------
    unit
        None takes the first the study has: brand, category, store, own brand against the rest.
    category
        A category's name, ``all``, or None: for brands the category bought most often in which at least three brands
        are bought and none holds over 80 % of the lines; for the rest all.
    months
        Length of the window before as_of; None takes the last year, or what there is.

    Raises
    ------
    ParameterError, StudyError
        If the unit, the category or the months were asked for and cannot be had.
    """
    nothing = pd.DataFrame(columns=["category", "n_lines", "n_units", "largest_share"])
    held = units_of(study)
    if not held and unit is None:
        why = (
            "The records do not say which brand, category or store was bought: products with a brand or a category and "
            "order lines, or orders with a store, are needed."
        )
        return Setting(market=None, why=(why,), categories=nothing)
    if unit is not None and unit not in held:
        _refuse(study, unit, category, held)
    chosen = unit or held[0]
    window = _choose_window(study, months)
    if window is None:
        why = f"No purchase is known on {say_date(study.as_of)}, so nothing can be said of brands."
        return Setting(market=None, why=(why,), categories=nothing)
    after, said_window = window
    whole = Market(unit=chosen, category=None, after=after, until=study.as_of, occasion=occasion)
    if category == ALL or chosen == "category" or (category is None and chosen != "brand"):
        return Setting(market=whole, why=(said_window,), categories=nothing)
    if chosen not in held or "category" not in held:
        if category is not None or chosen not in held:
            _refuse(study, chosen, category, held)
        return Setting(market=whole, why=(said_window,), categories=nothing)
    categories = count_categories(study, whole, unit="brand" if chosen == "store" else chosen, most=500)
    name, said_category = _choose_category(study, categories, category)
    market = Market(unit=chosen, category=name, after=after, until=study.as_of, occasion=occasion)
    return Setting(market=market, why=(said_category, said_window), categories=categories)


@step
def _choose_window(study: Study, months: int | None) -> tuple[datetime, str] | None:
    if months is not None and (isinstance(months, bool) or months < 1):
        raise ParameterError(f"months must be a whole number from 1 on, not {months!r}.")
    sales = keep_dealings(known_rows(study, "orders"))
    sales = sales.filter(sales.is_sale)
    first = sales.aggregate(first=sales.ordered_at.min()).to_pandas()["first"].iloc[0]
    if pd.isna(first):
        return None
    begins = first.to_pydatetime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(microseconds=1)
    wished = (pd.Timestamp(study.as_of) - pd.DateOffset(months=months or _YEAR_MONTHS)).to_pydatetime()
    after = max(begins, wished)
    span = f"{say_date(after + timedelta(days=1))} to {say_date(study.as_of)}"
    if begins > wished:
        span = f"{say_date(first)} to {say_date(study.as_of)}"
        asked = f"{months} months were asked for" if months else "a whole year would be better"
        return after, f"The window is {span}, all that the records hold; {asked}."
    return after, f"The window is {span}."


@step
def _choose_category(study: Study, categories: pd.DataFrame, category: str | None) -> tuple[str | None, str]:
    names = list(categories["category"])
    if category is not None:
        if category not in names:
            raise ParameterError(
                f"No purchase of a category {category!r} is known in study {study.name!r}. "
                f"{offer_names(category, names[:40])} Or choose 'all'."
            )
        return category, f"The category {category} was asked for."
    fit = categories.loc[(categories["n_units"] >= _FEWEST_UNITS) & (categories["largest_share"] <= _LARGEST_SHARE)]
    if fit.empty:
        return (
            None,
            "No category has three brands of which none is alone on the shelf, so all products are taken together.",
        )
    row = fit.iloc[0]
    return str(row["category"]), (
        f"No category was asked for: {row['category']} is looked at, the one bought most often "
        f"({say_count(row['n_lines'], 'line')}) in which at least {_FEWEST_UNITS} brands are bought and none holds "
        "more "
        f"than {say_percent(_LARGEST_SHARE)} of the lines."
    )


def _refuse(study: Study, unit: str, category: str | None, held: tuple[Unit, ...]) -> None:
    split = f"It can be split by {', '.join(held)}." if held else "It can be split by nothing."
    if unit not in held:
        raise StudyError(
            f"Purchases of study {study.name!r} cannot be split by {unit}. {split} Map the column in the study's file "
            "(products: brand, category, is_own_brand; orders: store)."
        )
    raise StudyError(
        f"Study {study.name!r} knows no category of its products, so {category!r} cannot be chosen. Map products: "
        "category "
        "in its file, or leave the parameter out."
    )
