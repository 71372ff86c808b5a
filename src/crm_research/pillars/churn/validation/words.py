"""The check of the risks as a manager reads it: sentences, one table, and the figures other programs read."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.validation import Optimism
from crm_research.pillars.churn.validation.designs import RULES
from crm_research.pillars.churn.validation.horizons import say_horizon
from crm_research.pillars.churn.validation.measure import Design
from crm_research.pillars.churn.validation.validate import RiskCheck
from crm_research.theme import join_words, say_p_value, say_percent, say_with_limits, word_for

_SMALL_P: Final = 0.05
_CHANCE: Final = 0.5


def check_finding(check: RiskCheck) -> str:
    """Do the risks come true? In contracts of a hundred, at the last horizon at which the best design was judged."""
    if check.card is None:
        return f"The risks could not be judged. {check.reasons[0]}"
    design = check.designs[0]
    table = check.card.calibration
    if table.empty:
        shortest = say_horizon(design.horizons_days[0])
        return f"The risks could not be judged by groups: hardly any contract was left to watch after {shortest}."
    days = float(table["horizon_days"].max())
    groups = table.loc[(table["horizon_days"] == days) & (table["group"] != "all")]
    within = f"within {say_horizon(days)}" + ("" if design.is_in_time else " of their start")
    if groups.empty:
        groups = table.loc[(table["horizon_days"] == days)]
    said = [_of_hundred(groups.iloc[-1], within)]
    if len(groups) > 1:
        said.append(_of_hundred(groups.iloc[0], within))
    return " ".join(said)


def _of_hundred(row: pd.Series[float], within: str) -> str:
    return (
        f"Of 100 contracts said to leave {within} with a chance of about {say_percent(row['expected'])}, "
        f"{say_with_limits(row['observed'], row['lower'], row['upper'], lambda share: f'{100 * share:.0f}', ' did')}."
    )


def rule_finding(check: RiskCheck, design: Design | None = None) -> str:
    """Is the model better than what it is held against? In a sentence or two; empty where nothing was judged."""
    chosen = design or (check.designs[0] if check.designs else None)
    if chosen is None:
        return ""
    gains = chosen.gains
    told = []
    beaten = gains.loc[gains["lower"] > 0]
    if len(beaten):
        told.append(f"the risks of {check.name} are clearly less wrong than those of {_names(beaten)}.")
    alike = gains.loc[(gains["lower"] <= 0) & (gains["upper"] >= 0)]
    if len(alike):
        told.append(_say_alike(check, chosen, alike))
    better = gains.loc[gains["upper"] < 0]
    if len(better):
        told.append(f"the risks of {_names(better)} are clearly less wrong than those of {check.name}.")
    return " ".join(line[0].upper() + line[1:] for line in told)


def _say_alike(check: RiskCheck, design: Design, alike: pd.DataFrame) -> str:
    said = (
        f"{_names(alike)} {word_for(len(alike), 'does', 'do')} as well: no clear difference in how wrong the risks are."
    )
    if not any(name in RULES for name in alike["name"]):
        return said
    ranking = design.cards[check.name].measures.set_index("measure").loc["uno_c"]
    if float(str(ranking["lower"])) > _CHANCE:
        return f"{said} The simplest rule will do for how many leave; on who leaves first {check.name} beats chance."
    return f"{said} The simplest rule will do."


def _names(rows: pd.DataFrame) -> str:
    return join_words([f"the {name}" if str(name).startswith("curve") else str(name) for name in rows["name"]])


def distribution_finding(check: RiskCheck) -> str:
    """Are the chances spread as true ones would be (D-calibration)? In one sentence."""
    card = check.card
    if card is None or not np.isfinite(card.distribution_p):
        return "D-calibration could not be had: the chances at each contract's own last day are not known."
    running = say_percent(1 - card.n_ended / card.n)
    verdict = (
        "are spread as true ones would be"
        if card.distribution_p >= _SMALL_P
        else "are not spread as true ones would be"
    )
    return (
        f"D-calibration: the chances to stay, read at each contract's own last day, {verdict} "
        f"(p {say_p_value(card.distribution_p)}). {running} were still running then and are spread evenly by the test "
        "itself, which makes it mild."
    )


def optimism_finding(check: RiskCheck) -> str:
    """How much of the success on the model's own rows is mere fitting? In one sentence."""
    if not check.optimism:
        return check.optimism_said or "Optimism was not estimated."
    named = {"uno_c": "Uno's C", "calibration_slope": "the calibration slope"}
    known = {
        key: found for key, found in check.optimism.items() if np.isfinite([found.apparent, found.corrected]).all()
    }
    if not known:
        return (
            "How much of the success comes from the fit itself (optimism) is not known: the rows of the fit do not "
            "tell it."
        )
    parts = [_flattery(named[key], found) for key, found in known.items()]
    days = next(iter(known.values())).horizon_days
    within = f", within {say_horizon(days)} of the start" if days is not None else ""
    return (
        f"Optimism (what the model owes to having seen these contracts){within}: "
        f"{'; '.join(parts)} ({check.optimism_said})."
    )


def _flattery(name: str, found: Optimism) -> str:
    return (
        f"{name} is {found.apparent:.3f} on the rows of the fit, {found.optimism:+.3f} of it optimism, which leaves "
        f"{found.corrected:.3f} ({found.lower:.3f} to {found.upper:.3f})"
    )
