"""Do several questions measure one thing, and different things from one another?"""

from crm_research.models.scales.coefficients import alpha_of, ave_of, htmt_of, rho_a_of, rho_c_of
from crm_research.models.scales.reading import Answers, read_answers
from crm_research.models.scales.reliability import CONVENTIONS, ScaleQuality, assess_scale
from crm_research.models.scales.validity import HTMT_CONVENTION, Distinctness, measure_htmt

__all__ = [
    "CONVENTIONS",
    "HTMT_CONVENTION",
    "Answers",
    "Distinctness",
    "ScaleQuality",
    "alpha_of",
    "assess_scale",
    "ave_of",
    "htmt_of",
    "measure_htmt",
    "read_answers",
    "rho_a_of",
    "rho_c_of",
]
