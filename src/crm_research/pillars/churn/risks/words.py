"""What the risks of single customers say, in sentences made from the results, and the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.figures import Figure, FigureMaker
from crm_research.pillars.churn.risks.assess import RiskList
from crm_research.pillars.churn.validation.designs import RULES
from crm_research.privacy.pseudonyms import hide_ids
from crm_research.theme import join_words, say_count, say_percent, say_range, say_with_limits, word_for

if TYPE_CHECKING:
    from crm_research.models.validation import ValidationCard
    from crm_research.pillars.churn.validation.validate import RiskCheck

EXPECTED_LEAVERS: Final = "churn.contract.expected_leavers"
# Of leavers in the first tenth; where most leave, no tenth can hold many more than its tenth.
_CONCENTRATED: Final = 0.15


def say_months(months: int) -> str:
    """A horizon in words."""
    return say_count(months, "month")


def risk_finding(risks: RiskList) -> str:
    """How many leave within the main horizon, and how far they can be told apart?"""
    row = risks.at(risks.main_months)
    level = say_percent(risks.confidence, 0)
    told = (
        f"Within {say_months(risks.main_months)} {row['expected']:,.0f} of the "
        f"{say_count(row['n_judged'], 'contract')} "
        f"judged {word_for(row['expected'], 'is', 'are')} expected to leave ({row['lower']:,.0f} to "
        f"{row['upper']:,.0f} at {level})."
    )
    if np.isfinite(risks.top_share):
        told += f" The tenth most at risk holds {say_percent(risks.top_share)} of them."
    return told


def risk_title(risks: RiskList) -> str:
    """The picture's finding."""
    if not np.isfinite(risks.top_share):
        row = risks.at(risks.main_months)
        return (
            f"{row['expected']:,.0f} of {row['n_judged']:,.0f} {word_for(row['expected'], 'is', 'are')} "
            "expected to leave"
        )
    if risks.top_share < _CONCENTRATED:
        low, high = (say_percent(float(risks.deciles["mean_risk"].iloc[place])) for place in (-1, 0))
        return f"Risks run from {low} in the tenth least in danger to {high} in the tenth most in danger"
    return f"The tenth most at risk holds {say_percent(risks.top_share)} of the leavers expected"


def say_unjudged(risks: RiskList) -> str:
    """Who has no risk, and why; empty if everybody has one."""
    parts = []
    if risks.n_beyond:
        parts.append(
            f"{risks.n_beyond:,} would within {say_months(risks.main_months)} be older than any contract of their kind "
            "watched so far"
        )
    if risks.n_unknown:
        parts.append(
            f"{risks.n_unknown:,} {word_for(risks.n_unknown, 'lacks', 'lack')} a number that the model needs, or "
            f"{word_for(risks.n_unknown, 'is', 'are')} of a kind that nobody was seen to leave"
        )
    if not parts:
        return ""
    n = risks.n_beyond + risks.n_unknown
    they, them = word_for(n, "It has", "They have"), word_for(n, "it", "them")
    return (
        f"Of {say_count(risks.n_running, 'running contract')}, {join_words(parts)}. {they} no risk here, and "
        f"nothing is guessed for {them}."
    )


def risk_figures(risks: RiskList, *, window: str, validation: str) -> list[Figure]:
    """How many are expected to leave within each horizon?

    Parameters
    ----------
    window
        The period of the records, in words.
    validation
        How the risks were checked, in words.
    """
    make = FigureMaker(window=window, confidence=risks.confidence, validation=validation)
    return [
        make.one(
            EXPECTED_LEAVERS,
            "Expected to leave",
            (row["expected"], row["lower"], row["upper"]),
            unit="contracts",
            n=int(row["n_judged"]),
            estimator=f"Sum of the risks ({risks.estimator})",
            limits="for the number that will leave (error of the model and chance)",
            group=f"within {say_months(int(row['horizon_months']))}",
        )
        for _, row in risks.summary.iterrows()
        if row["n_judged"] > 0
    ]


def list_rows(risks: RiskList, n_most: int) -> pd.DataFrame:
    """The contracts most at risk as the page prints them."""
    rows = risks.rows.loc[risks.rows[f"risk_{risks.main_months}m"].notna()].head(n_most)
    ids = hide_ids(rows[["customer_id", "contract_id"]])
    shown = {"customer": ids["customer_id"]}
    if risks.rows["customer_id"].duplicated().any():
        shown["contract"] = ids["contract_id"]
    shown["tenure_days"] = rows["tenure_days"]
    for months in risks.summary["horizon_months"]:
        parts = zip(rows[f"risk_{months}m"], rows[f"lower_{months}m"], rows[f"upper_{months}m"], strict=True)
        shown[f"within_{say_months(months).replace(' ', '_')}"] = pd.Series(
            [_say_risk(*part) for part in parts], index=rows.index, dtype=object
        )
    reasons = rows["reasons"].where(rows["reasons"] != "", "nothing beyond the average contract; the tenure")
    return pd.DataFrame(shown | {"goes_with_more_danger": reasons})


def list_whole(risks: RiskList) -> pd.DataFrame:
    """All contracts with a risk, the most at risk first: ids, tenure, chances with their limits, what goes with it."""
    rows = risks.rows.loc[risks.rows[f"risk_{risks.main_months}m"].notna()]
    chances = [f"{part}_{months}m" for months in risks.summary["horizon_months"] for part in ("risk", "lower", "upper")]
    return rows[["customer_id", "contract_id", "tenure_days", *chances, "reasons"]].reset_index(drop=True)


def _say_risk(risk: float, lower: float, upper: float) -> str:
    if not np.isfinite(risk):
        return "not known"
    if not np.isfinite(lower):
        return say_percent(risk)
    digits = 0 if risk >= 0.1 else 1
    return f"{say_percent(risk)} ({say_range(100 * lower, 100 * upper, lambda end: f'{end:.{digits}f}')})"


def comparison_finding(check: RiskCheck) -> str:
    """Does a more flexible model find what this one misses? Empty where none was judged beside it."""
    if not check.designs:
        return ""
    design = check.designs[0]
    gains = design.gains.set_index("name")
    told = []
    for other, card in design.cards.items():
        if other != check.name and other not in RULES:
            told.append(_compare(check.name, design.cards[check.name], other, card, gains))
    return " ".join(told)


def _compare(name: str, card: ValidationCard, other: str, other_card: ValidationCard, gains: pd.DataFrame) -> str:
    """Errors are compared pair by pair; ranking by the two estimates, whose intervals are beside them."""
    told = f"{other[0].upper()}{other[1:]}, which may take any shape, "
    ours, theirs = _limits(card, "uno_c"), _limits(other_card, "uno_c")
    gain = gains.loc[other] if other in gains.index else None
    if gain is None or not np.isfinite(gain["lower"]):
        told += f"could not be held against {name}."
    elif gain["upper"] < 0:
        told += f"has clearly less wrong risks than {name}: there is something in the records that {name} misses."
    elif gain["lower"] > 0:
        told += f"has clearly more wrong risks than {name}: nothing speaks for the more complicated model."
    else:
        told += f"does not have clearly less wrong risks than {name}: nothing speaks for the more complicated model."
    if np.isfinite([ours[0], theirs[0]]).all():
        told += f" It ranks {_say_c(theirs)} of 100 pairs of customers correctly, {name} {_say_c(ours)}."
    if other_card.is_calibrated != card.is_calibrated:
        told += f" Its risks are {'' if other_card.is_calibrated else 'not '}calibrated, unlike those of {name}."
    return told


def _say_c(limits: tuple[float, float, float]) -> str:
    estimate, lower, upper = limits
    return say_with_limits(estimate, lower, upper, lambda share: f"{100 * share:.0f}")


def _limits(card: ValidationCard, measure: str) -> tuple[float, float, float]:
    rows = card.measures.loc[card.measures["measure"] == measure]
    if rows.empty:
        return np.nan, np.nan, np.nan
    row = rows.iloc[-1]
    return float(row["estimate"]), float(row["lower"]), float(row["upper"])
