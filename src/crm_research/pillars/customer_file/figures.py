"""The printed numbers of the customer file, one of each kind a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.figures import Figure, FigureMaker
from crm_research.privacy.pseudonyms import say_id
from crm_research.theme import first_capital, say_count, say_date

if TYPE_CHECKING:
    from crm_research.pillars.customer_file.measure import CustomerFile

CONTRIBUTION: Final = "file.contribution"
VALUE: Final = "file.value"
STAKE: Final = "file.at_stake"
RISK: Final = "file.risk"
GONE: Final = "file.gone"
PEOPLE: Final = "file.people"
_SUM: Final = "sum of the customer's records of these months; a sum of all records has no sampling interval"
_COUNT: Final = "count of the people whom the records name in a role today"
_STAKE: Final = (
    "contribution of these months times the chance that its income ends: of fees that a contract ends, of revenue that "
    "the customer has stopped buying"
)


def file_figures(file: CustomerFile) -> list[Figure]:
    """All of them, customer by customer."""
    return [*worth_figures(file), *stake_figures(file), *people_figures(file)]


def worth_figures(file: CustomerFile) -> list[Figure]:
    """What each customer left, and will bring."""
    found: list[Figure] = []
    counted, to_come = file.counted, file.to_come
    held = to_come.rows.set_index("customer_id") if len(to_come.rows) else None
    for one in file.ids:
        name = say_id("customer_id", one)
        if counted is not None:
            days = f"{say_date(counted.window.start)} to {say_date(counted.window.last_day)}"
            left = file.of(one)["profit"]
            found.append(
                FigureMaker(window=days, confidence=None).one(
                    CONTRIBUTION, first_capital(counted.noun), None if pd.isna(left) else float(left),
                    unit=file.currency, n=counted.n_customers, estimator=_SUM,
                    validation="all customers' sums against the records themselves, to the cent", group=name,
                )
            )  # fmt: skip
        if held is not None and one in held.index:
            row = held.loc[one]
            noun = "Profit" if to_come.is_profit else "Revenue"
            found.append(
                _maker(file, f"as known on {say_date(file.as_of)}").one(
                    VALUE, f"{noun} to come in {say_count(to_come.years, 'year')}",
                    [float(row["expected"]), float(row["lower"]), float(row["upper"])], unit=file.currency, n=to_come.n,
                    estimator="as the report on value has it, less what is not paid",
                    limits="of what this customer really brings", group=name,
                )
            )  # fmt: skip
    return found


def stake_figures(file: CustomerFile) -> list[Figure]:
    """How likely each customer goes, and what is at stake."""
    found: list[Figure] = []
    months, leaving = file.leaving.months, file.leaving
    maker = _maker(file, f"as known on {say_date(file.as_of)}")
    for one in file.ids:
        row, name = file.of(one), say_id("customer_id", one)
        if file.counted is not None and pd.notna(row["at_stake"]):
            found.append(
                maker.one(
                    STAKE, f"At stake of the {file.counted.noun}",
                    [float(row["at_stake"]), float(row["at_stake_lower"]), float(row["at_stake_upper"])],
                    unit=file.currency, n=file.counted.n_customers, estimator=_STAKE,
                    limits="of the chances, the contribution being what it was", group=name,
                )
            )  # fmt: skip
        if pd.notna(row["leave"]) and leaving.predicted is not None:
            found.append(
                maker.one(
                    RISK, f"Chance that the contract ends within {say_count(months, 'month')}",
                    [float(row["leave"]), float(row["leave_lower"]), float(row["leave_upper"])], unit="share",
                    n=leaving.predicted.risks.n_running, estimator=leaving.predicted.risks.estimator,
                    validation=leaving.predicted.check.designs[0].said, group=name,
                )
            )  # fmt: skip
        if pd.notna(row["gone"]) and leaving.silence is not None:
            found.append(
                maker.one(
                    GONE, "Chance that the purchases have ended",
                    [float(row["gone"]), float(row["gone_lower"]), float(row["gone_upper"])], unit="share",
                    n=leaving.silence.n_customers, estimator=f"{leaving.silence.chosen}, as the report on silent churn",
                    group=name,
                )
            )  # fmt: skip
    return found


def people_figures(file: CustomerFile) -> list[Figure]:
    """How many people are known where each business customer buys."""
    if file.people is None:
        return []
    maker = FigureMaker(window=f"as known on {say_date(file.as_of)}", confidence=None)
    counts = file.people.groupby("customer_id")["person_id"].nunique()
    return [
        maker.one(
            PEOPLE, "People known there", float(counts.get(one, 0)), unit="", n=int(counts.get(one, 0)),
            estimator=_COUNT, group=say_id("customer_id", one),
        )
        for one in file.ids
        if one in file.gaps
    ]  # fmt: skip


def _maker(file: CustomerFile, window: str) -> FigureMaker:
    return FigureMaker(window=window, confidence=file.confidence)


def estimators(file: CustomerFile) -> dict[str, str]:
    """What is estimated, to how."""
    methods = {
        "what a customer left": "the ledger of the report on value, over its usual months",
        "what a customer will bring": "the lifetime value of the report on value, with limits of what really comes",
        "at stake": _STAKE,
        "segment": "the segmentation of that report, applied to the customer",
    }
    if file.leaving.predicted is not None:
        methods["chance that a contract ends"] = file.leaving.predicted.risks.estimator
    if file.leaving.silence is not None:
        methods["chance that purchases have ended"] = f"{file.leaving.silence.chosen}, limits of its parameters"
    return methods
