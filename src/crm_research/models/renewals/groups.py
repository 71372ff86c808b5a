"""The same model for each group, side by side, and whether the groups differ at all."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
from scipy import stats

from crm_research.models.renewals.fit import fit_shifted_beta_geometric
from crm_research.models.renewals.fitted import RenewalFit


class GroupFits(NamedTuple):
    """A fit for each group, the fit of all together, and the chance that groups alike would differ so much."""

    fits: dict[str, RenewalFit]
    together: RenewalFit
    p_value: float


def fit_renewal_groups(counts: pd.DataFrame, *, confidence: float = 0.95) -> GroupFits:
    """How do customers of each group differ in their chance to leave, and do the groups differ?

    Parameters
    ----------
    counts
        ``group``, ``renewal``, ``n_up``, ``n_left``. Groups in which nobody was up for a renewal have no fit.

    Returns
    -------
    GroupFits
        ``p_value`` is that of the likelihood ratio between own and common parameters; NaN with one group.

    Raises
    ------
    NotEnoughData
        If nobody was up for a renewal.
    """
    together = fit_shifted_beta_geometric(counts, confidence=confidence)
    fits = {
        str(group): fit_shifted_beta_geometric(rows, confidence=confidence)
        for group, rows in counts.groupby("group", sort=False, observed=True)
        if rows["n_up"].sum() > 0
    }
    n_more = sum(len(fit.log_params) for fit in fits.values()) - len(together.log_params)
    gain = 2.0 * (sum(fit.log_likelihood for fit in fits.values()) - together.log_likelihood)
    p_value = float(stats.chi2.sf(max(gain, 0.0), n_more)) if n_more > 0 and len(fits) > 1 else float("nan")
    return GroupFits(fits, together, p_value)
