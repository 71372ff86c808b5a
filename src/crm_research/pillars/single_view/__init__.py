"""Single view: how many customers stand behind the records of several systems, how sure that is, what doubles cost."""

from crm_research.pillars.single_view.measure import SingleView, measure_single_view
from crm_research.pillars.single_view.page import SingleViewPage
from crm_research.pillars.single_view.tables import summary_table

__all__ = [
    "SingleView",
    "SingleViewPage",
    "measure_single_view",
    "summary_table",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
