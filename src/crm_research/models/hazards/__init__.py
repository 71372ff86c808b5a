"""What goes with leaving sooner: regression of the hazard on what is known of customers.

`fit_cox` reads single spells; `fit_grouped` reads counts by period, which the engine makes, and whose cost does not
grow with the customers.
"""

from crm_research.models.hazards.concordance import Concordance, measure_concordance
from crm_research.models.hazards.cox import CoxFit, fit_cox
from crm_research.models.hazards.grouped import GroupedFit, fit_grouped
from crm_research.models.hazards.result import HazardFit

__all__ = ["Concordance", "CoxFit", "GroupedFit", "HazardFit", "fit_cox", "fit_grouped", "measure_concordance"]
