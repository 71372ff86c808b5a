"""Do several questions measure one thing, and different things from one another?"""

from crm_research.models.scales.coefficients import alpha_of, ave_of, htmt_of, rho_a_of, rho_c_of

__all__ = ["alpha_of", "ave_of", "htmt_of", "rho_a_of", "rho_c_of"]
