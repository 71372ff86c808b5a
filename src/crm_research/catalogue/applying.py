"""Which reports can be made of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.study import Study


def reports_of(study: Study) -> pd.DataFrame:
    """Which reports can be made of this study, and what does each of the others need?

    Returns
    -------
    pandas.DataFrame
        Grain: report, in the order of the catalogue. Columns ``report``, ``question``, ``applies``, ``lacks`` (why not,
        in words; empty where it applies), ``reads`` (the study's tables that it looks at).

    Examples
    --------
    >>> found = reports_of(open_study("cdnow")).set_index("report")
    >>> found.loc["churn", "lacks"]
    'needs the table contracts, which the study does not have'
    """
    import pandas as pd

    from crm_research.catalogue import reports

    held = tuple(study.tables)
    lines = []
    for report in reports().values():
        lacks = report.why_not_applicable(held)
        reads = () if lacks else report.read_among(held, held, report.parameters(study=study.name).model_dump())
        lines.append(
            {
                "report": report.id,
                "question": report.question,
                "applies": lacks is None,
                "lacks": lacks or "",
                "reads": ", ".join(reads),
            }
        )
    return pd.DataFrame(lines)
