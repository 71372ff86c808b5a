"""What goes with leaving sooner: regression of the hazard on what is known of customers.

`fit_cox` reads single spells; `fit_grouped` reads counts by period, which the engine makes, and whose cost does not
grow with the customers. `fit_by_reason` tells reasons apart; `fit_frailty` says how alike the spells of one customer
are; `fit_boosting` is the flexible comparator.

Where to go. On single spells every regression reads its rows in `spell_rows`, builds its columns and searches in
`regression`, and adds up over `risk_sets` in `partial_likelihood`; what is its own stands in `cox` (with
`proportionality`, `concordance`, `early_late`), `fine_gray` (with `subdistribution`, `staying_weights`) and `frailty`
(with `frailty_likelihood`, `frailty_profile`). On counts: `period_counts`, `period_likelihood`, `grouped`. All of them:
`design` and `splines` (columns), `newton` (search), `result` and `baseline_steps` (what is handed back), `prediction`.
"""

from crm_research.models.hazards.boosting import BoostedHazard, fit_boosting
from crm_research.models.hazards.by_reason import ReasonFits, fit_by_reason
from crm_research.models.hazards.concordance import Concordance, measure_concordance
from crm_research.models.hazards.cox import CoxFit, fit_cox
from crm_research.models.hazards.fine_gray import FineGrayFit, fit_fine_gray
from crm_research.models.hazards.frailty import FrailtyFit, fit_frailty
from crm_research.models.hazards.grouped import GroupedFit, fit_grouped
from crm_research.models.hazards.prediction import Forecast, forecast_leaving
from crm_research.models.hazards.result import HazardFit

__all__ = [
    "BoostedHazard",
    "Concordance",
    "CoxFit",
    "FineGrayFit",
    "Forecast",
    "FrailtyFit",
    "GroupedFit",
    "HazardFit",
    "ReasonFits",
    "fit_boosting",
    "fit_by_reason",
    "fit_cox",
    "fit_fine_gray",
    "fit_frailty",
    "fit_grouped",
    "forecast_leaving",
    "measure_concordance",
]
