"""Renewals at fixed moments: how retention rises as the restless go, projected beyond the records.

Everything is fitted to how many were up for each renewal and how many left; cost does not grow with the customers.
"""

from crm_research.models.renewals.counts import RenewalCounts, sum_counts
from crm_research.models.renewals.covariates import CovariateFit, fit_renewal_covariates
from crm_research.models.renewals.fit import fit_beta_discrete_weibull, fit_constant_rate, fit_shifted_beta_geometric
from crm_research.models.renewals.fitted import Goodness, RenewalFit
from crm_research.models.renewals.groups import GroupFits, fit_renewal_groups
from crm_research.models.renewals.lifetime import expected_lifetime
from crm_research.models.renewals.profile import profile_limits

__all__ = [
    "CovariateFit",
    "Goodness",
    "GroupFits",
    "RenewalCounts",
    "RenewalFit",
    "expected_lifetime",
    "fit_beta_discrete_weibull",
    "fit_constant_rate",
    "fit_renewal_covariates",
    "fit_renewal_groups",
    "fit_shifted_beta_geometric",
    "profile_limits",
    "sum_counts",
]
