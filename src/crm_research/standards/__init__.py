"""Records in one spelling: names, companies, addresses, phones, e-mail, birth dates and identity numbers."""

from crm_research.standards.records import Standardised, standardise

__all__ = ["Standardised", "standardise"]
