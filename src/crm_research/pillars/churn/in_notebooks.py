"""How results of this pillar show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.decisions.decomposition import ChangeAnalysis
from crm_research.pillars.churn.decisions.page import change_parts, target_parts
from crm_research.pillars.churn.decisions.targets import RetentionTargets
from crm_research.pillars.churn.drivers.measure import DriverAnalysis
from crm_research.pillars.churn.drivers.page import ratios_parts
from crm_research.pillars.churn.page import ChurnPage
from crm_research.pillars.churn.renewals.describe import Renewals
from crm_research.pillars.churn.renewals.page import renewals_parts
from crm_research.pillars.churn.risks.prediction import LeavingPrediction
from crm_research.pillars.churn.setting import ChurnSetting
from crm_research.pillars.churn.validation.page import check_parts
from crm_research.pillars.churn.validation.validate import RiskCheck
from crm_research.show import Note, Section, Table

_WINDOW: Final = "all contracts known on the study's date"

SHOWN: Final[Mapping[type[Any], Callable[[Any], Section]]] = {
    ChangeAnalysis: lambda found: Section(*change_parts(found)),
    ChurnAnalysis: lambda leaving: ChurnPage.of_result(leaving).answer,
    ChurnSetting: lambda setting: Section(Note(setting.explain()), Table(setting.estimand(), "What is estimated")),
    DriverAnalysis: lambda drivers: Section(*ratios_parts(drivers, _WINDOW)),
    LeavingPrediction: lambda predicted: Section(*check_parts(predicted.check)),
    Renewals: lambda renewals: Section(*renewals_parts(renewals)),
    RetentionTargets: lambda targets: Section(*target_parts(targets)),
    RiskCheck: lambda check: Section(*check_parts(check)),
}
