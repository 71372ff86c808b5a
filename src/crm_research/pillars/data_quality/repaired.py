"""How much was repaired in the records of the systems: in a sentence, a table and a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.theme import join_words, say_count, say_date, say_plainly, word_for

if TYPE_CHECKING:
    from crm_research.features.repaired import RepairCounts
    from crm_research.pillars.data_quality.measure import DataQuality

REPAIRED: Final = "quality.repaired_share"
NOTHING: Final = "Nothing was repaired in the records: no repairs stand beside the study."
HOW: Final = "records in which one value or more was repaired, of all that are known; counted, not drawn"


def say_repaired(found: RepairCounts) -> str:
    """How many values of how many records were repaired, and in which way?"""
    sums = found.columns.drop(columns="column").sum()
    n = int(sums["n_values"])
    ways = [
        (int(sums["n_written"]), "written otherwise"),
        (int(sums["n_filled"]), "filled in from another record of the customer"),
        (int(sums["n_replaced"]), "replaced by another value"),
        (int(sums["n_emptied"]), "taken out"),
    ]
    told = [f"{count:,} {word_for(count, 'was', 'were')} {way}" for count, way in ways if count]
    decided = int(sums["n_decided"])
    by_people = f" People decided {decided:,} of them." if decided else ""
    return (
        f"{say_count(n, 'value')} in {found.n_repaired:,} of {say_count(found.n_records, 'record')} "
        f"{word_for(n, 'was', 'were')} repaired, the last on {say_date(found.last_at)}: {join_words(told)}.{by_people}"
    )


def repaired_table(found: RepairCounts) -> pd.DataFrame:
    """column, values_repaired, written_otherwise, filled_in, replaced, taken_out: the most repaired column first."""
    held = found.columns
    return pd.DataFrame(
        {
            "column": [say_plainly(name) for name in held["column"]],
            "values_repaired": held["n_values"],
            "written_otherwise": held["n_written"],
            "filled_in": held["n_filled"],
            "replaced": held["n_replaced"],
            "taken_out": held["n_emptied"],
        }
    )


def repaired_figures(quality: DataQuality) -> list[Figure]:
    """The share of records in which something was repaired; none where nothing was."""
    found = quality.repaired
    if found is None or found.n_records < found.n_repaired:
        return []
    maker = FigureMaker(
        window=f"all records known on {say_date(quality.as_of)}",
        confidence=quality.confidence,
        validation=NO_VALIDATION,
    )
    return [
        maker.one(
            REPAIRED,
            "Records in which something was repaired",
            [found.n_repaired / found.n_records, float("nan"), float("nan")],
            unit="share",
            n=found.n_records,
            estimator=HOW,
        )
    ]
