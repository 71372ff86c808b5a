"""What the Dirichlet needs to know of a market: a few distributions, whole and without each group of customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.dirichlet.solving import leave_out
from crm_research.stats.intervals import FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Tallies:
    """Counts of one market; the first axis is the whole sample, then the sample without each group of customers.

    Parameters
    ----------
    names
        The brands, in the order of the brand axis.
    customers
        (fits): everybody asked after, buyers of the category or not.
    category_values, category
        (values) and (fits, values): numbers of category purchases from 1 on, and customers with each.
    purchases, buyers, category_purchases, sole_buyers
        (fits, brands): purchases of each brand, its buyers, the category purchases of its buyers, and those of its
        buyers who bought nothing else.
    brand_values, brand_counts
        (values) and (fits, brands, values): numbers of purchases of a brand from 1 on, and customers with each.
    """

    names: tuple[str, ...]
    customers: FloatArray
    category_values: FloatArray
    category: FloatArray
    purchases: FloatArray
    buyers: FloatArray
    category_purchases: FloatArray
    sole_buyers: FloatArray
    brand_values: FloatArray
    brand_counts: FloatArray

    @property
    def n_customers(self) -> int:
        """Everybody asked after."""
        return int(self.customers[0])

    @property
    def category_buyers(self) -> FloatArray:
        """(fits): customers with at least one purchase of the category."""
        return np.asarray(self.category.sum(axis=-1))

    @property
    def shares(self) -> FloatArray:
        """(fits, brands): market shares by purchases."""
        total = self.purchases.sum(axis=-1, keepdims=True)
        return np.asarray(self.purchases / np.where(total > 0, total, 1.0))

    @property
    def n_groups(self) -> int:
        """Groups of customers that can be left out."""
        return len(self.customers) - 1

    def observed(self) -> dict[str, FloatArray]:
        """(fits, brands): the measures the norm is held against, under the names `predict_measures` uses."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "penetration": self.buyers / self.customers[:, None],
                "purchases_per_buyer": self.purchases / self.buyers,
                "category_per_buyer": self.category_purchases / self.buyers,
                "scr": self.purchases / self.category_purchases,
                "sole_share": self.sole_buyers / self.buyers,
            }


def build_tallies(
    population: pd.DataFrame, category: pd.DataFrame, brands: pd.DataFrame, names: Sequence[str]
) -> Tallies:
    """Put the counts of an engine into arrays.

    Parameters
    ----------
    population
        Grain: group of customers. Columns ``group``, ``customers``.
    category
        Grain: group and number of category purchases (from 1 on). Columns ``group``, ``n``, ``customers``.
    brands
        Grain: group, brand and number of its purchases. Columns ``group``, ``place`` (of the name), ``n``,
        ``customers``, ``category_purchases``, ``sole_buyers``.
    names
        The brands by place.

    Raises
    ------
    NotEnoughData
        If nobody bought the category.
    """
    groups = population["group"].to_numpy()
    if category.empty or not len(groups) or category["customers"].sum() == 0:
        raise NotEnoughData("The Dirichlet model", needed=1, found=0, mend="Choose a category that somebody bought.")
    n_brands = len(names)
    where = {group: i for i, group in enumerate(groups)}

    def place(frame: pd.DataFrame) -> np.ndarray:
        return frame["group"].map(where).to_numpy(dtype=int)

    values, at = np.unique(category["n"].to_numpy(dtype=float), return_inverse=True)
    of_category = np.zeros((len(groups), len(values)))
    np.add.at(of_category, (place(category), at), category["customers"].to_numpy(dtype=float))
    brand_values, brand_at = np.unique(brands["n"].to_numpy(dtype=float), return_inverse=True)
    of_brands = np.zeros((len(groups), n_brands, len(brand_values)))
    index = (place(brands), brands["place"].to_numpy(dtype=int))
    np.add.at(of_brands, (*index, brand_at), brands["customers"].to_numpy(dtype=float))

    def sums(column: str) -> FloatArray:
        found = np.zeros((len(groups), n_brands))
        np.add.at(found, index, brands[column].to_numpy(dtype=float))
        return leave_out(found)

    counts = leave_out(of_brands)
    return Tallies(
        names=tuple(names),
        customers=leave_out(population["customers"].to_numpy(dtype=float)),
        category_values=values,
        category=leave_out(of_category),
        purchases=np.asarray((counts * brand_values).sum(axis=-1)),
        buyers=np.asarray(counts.sum(axis=-1)),
        category_purchases=sums("category_purchases"),
        sole_buyers=sums("sole_buyers"),
        brand_values=brand_values,
        brand_counts=counts,
    )
