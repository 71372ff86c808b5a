"""Whose buyers also buy whom? The duplication of purchase table and its law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.models.dirichlet.solving import jackknife_interval, leave_out
from crm_research.stats.intervals import FloatArray, Interval


@dataclass(frozen=True, eq=False, kw_only=True)
class Duplication:
    """How do brands share their buyers?

    Parameters
    ----------
    table
        Of the buyers of the brand in the row, the share that also buys the brand in the column; NaN on the diagonal.
    ratios
        The same shares over what the law gives: above 1, more buyers are shared than size explains.
    law
        D of the law b(Y|X) = D b(Y): a brand shares its buyers with others in line with their penetration.
    pairs
        Grain: pair of brands, furthest above the law first. Columns ``brand``, ``other``, ``n_both``, ``observed``
        (share of the brand's buyers who buy the other), ``expected`` (by the law), ``ratio``, ``lower``, ``upper``
        (limits of the ratio that hold for all pairs at once: jackknife on the logarithm, Bonferroni).
    mean_miss
        Mean absolute difference between table and law, as a share of buyers.
    """

    table: pd.DataFrame
    ratios: pd.DataFrame
    law: Interval
    pairs: pd.DataFrame
    mean_miss: float


def measure_duplication(
    sets: pd.DataFrame, groups: FloatArray, customers: FloatArray, names: list[str], *, confidence: float = 0.95
) -> Duplication | None:
    """How many buyers of each brand also buy each other one, and is that more than the other's size explains?

    Parameters
    ----------
    sets
        Grain: group of customers and set of brands bought. Columns ``group``, ``mask`` (bit of each brand's place),
        ``customers``.
    groups, customers
        The groups in order, and all customers of each.
    names
        Brands to compare, by place; bits beyond them are left out.

    Returns
    -------
    Duplication or None
        None with fewer than two brands bought, or where nobody bought two.

    Notes
    -----
    D is fitted by least squares through the origin over all ordered pairs.

    References
    ----------
    Goodhardt (1966); Ehrenberg (1988), Repeat-Buying, 2nd edition, chapter 10.
    """
    if len(names) < 2 or sets.empty:
        return None
    both = leave_out(_count_pairs(sets, groups, len(names)))
    buyers = np.diagonal(both, axis1=1, axis2=2)
    everybody = leave_out(np.asarray(customers, dtype=float))
    if float(both[0].sum() - buyers[0].sum()) <= 0:
        return None
    share, law = _fit_law(both, buyers, everybody)
    table = share[0].copy()
    expected = law[0] * (buyers[0] / everybody[0])[None, :] * np.ones_like(table)
    off = ~np.eye(len(names), dtype=bool) & np.isfinite(table)
    np.fill_diagonal(table, np.nan)
    rows, columns = np.nonzero(np.triu(off, 1))
    pairs = pd.DataFrame(
        {
            "brand": [names[i] for i in rows],
            "other": [names[j] for j in columns],
            "n_both": both[0][rows, columns].astype(int),
            "observed": table[rows, columns],
            "expected": expected[rows, columns],
        }
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = table / expected
        pairs = pairs.assign(ratio=pairs["observed"] / pairs["expected"])
        logs = np.log(share / (law[:, None, None] * (buyers / everybody[:, None])[:, None, :]))[:, rows, columns]
        limits = jackknife_interval(logs, confidence=confidence, n_comparisons=len(pairs))
        pairs = pairs.assign(lower=np.exp(limits.lower), upper=np.exp(limits.upper))
    return Duplication(
        table=pd.DataFrame(table, index=names, columns=names),
        ratios=pd.DataFrame(ratios, index=names, columns=names),
        law=jackknife_interval(law, confidence=confidence),
        pairs=pairs.sort_values("ratio", ascending=False, ignore_index=True),
        mean_miss=float(np.abs(table - expected)[off].mean()),
    )


def _count_pairs(sets: pd.DataFrame, groups: FloatArray, n_brands: int) -> FloatArray:
    """(groups, brands, brands): customers who bought both; buyers on the diagonal."""
    found = np.zeros((len(groups), n_brands, n_brands))
    for i, group in enumerate(groups):
        rows = sets.loc[sets["group"] == group]
        mask = rows["mask"].to_numpy(dtype=np.int64)
        bits = ((mask[:, None] >> np.arange(n_brands)[None, :]) & 1).astype(float)
        found[i] = bits.T @ (bits * rows["customers"].to_numpy(dtype=float)[:, None])
    return found


def _fit_law(both: FloatArray, buyers: FloatArray, everybody: FloatArray) -> tuple[FloatArray, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = (buyers / everybody[:, None])[:, None, :]
        share = both / buyers[:, :, None]
    off = ~np.eye(both.shape[-1], dtype=bool)[None, :, :] & np.isfinite(share)
    top = np.where(off, np.nan_to_num(share) * reach, 0.0).sum(axis=(1, 2))
    bottom = np.where(off, reach**2, 0.0).sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return share, np.asarray(top / bottom)
