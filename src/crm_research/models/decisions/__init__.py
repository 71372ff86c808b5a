"""From chances and counts to decisions: whom to contact, what retention is needed, why a rate changed."""

from crm_research.models.decisions.decomposition import (
    BAND_MIX,
    EFFECTS,
    GROUP_MIX,
    RATES,
    Decomposition,
    combine_rates,
    decompose_rates,
)
from crm_research.models.decisions.empc import MaximumProfit, expected_maximum_profit
from crm_research.models.decisions.net_benefit import measure_net_benefit
from crm_research.models.decisions.offer import Offer, mean_leaving_time
from crm_research.models.decisions.profit import Risks, Targeting, find_best_list
from crm_research.models.decisions.save_rate import SaveRate, believe_save_rate
from crm_research.models.decisions.stock import needed_retention
from crm_research.models.decisions.trial import power_of_trial, size_trial

__all__ = [
    "BAND_MIX",
    "EFFECTS",
    "GROUP_MIX",
    "RATES",
    "Decomposition",
    "MaximumProfit",
    "Offer",
    "Risks",
    "SaveRate",
    "Targeting",
    "believe_save_rate",
    "combine_rates",
    "decompose_rates",
    "expected_maximum_profit",
    "find_best_list",
    "mean_leaving_time",
    "measure_net_benefit",
    "needed_retention",
    "power_of_trial",
    "size_trial",
]
