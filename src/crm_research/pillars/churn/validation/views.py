"""The check of the risks as a manager reads it: sentences, one table, and the figures other programs read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from crm_research.figures import Figure
from crm_research.models.validation import Optimism, ValidationCard
from crm_research.pillars.churn.validation.designs import BY_TENURE, RULES
from crm_research.pillars.churn.validation.horizons import say_horizon
from crm_research.pillars.churn.validation.measure import Design
from crm_research.pillars.churn.validation.validate import RiskCheck
from crm_research.theme import join_words, say_interval, say_percent

SLOPE_12M: Final = "churn.contract.calibration_slope_12m"
_FIGURES: Final = {
    "uno_c": ("churn.contract.uno_c", "Of two contracts, how often the one said to be at more risk left first"),
    "ibs": ("churn.contract.ibs", "Mean squared error of the risks (integrated Brier score)"),
    "ibs_null": ("churn.contract.ibs_null", "The same error of the curve by tenure alone"),
}
_SMALL_P: Final = 0.05
_CHANCE: Final = 0.5


def _plain(value: float) -> str:
    return f"{value:.2f}"


def _fine(value: float) -> str:
    return f"{value:.4f}"


_ROWS: Final[tuple[tuple[str, str, str, Callable[[float], str]], ...]] = (
    ("uno_c", "Of two contracts, the one said to be at more risk left first (Uno's C)", "1 (chance: 0.5)", _plain),
    ("ibs", "Squared error of the risks, mean over the days (integrated Brier score)", "0", _fine),
    ("auc", "A leaver was said to be at more risk than a stayer (AUC)", "1 (chance: 0.5)", _plain),
    ("observed_to_expected", "Leavers for each one expected (calibration in the large)", "1", _plain),
    ("calibration_slope", "Differences between risks: below 1 exaggerated (calibration slope)", "1", _plain),
    ("ici", "A typical risk is wrong by (ICI)", "0 %", say_percent),
    ("e90", "Nine of ten risks are wrong by less than (E90)", "0 %", say_percent),
)


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
        f"{100 * row['observed']:.0f} did ({100 * row['lower']:.0f} to {100 * row['upper']:.0f})."
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
        f"{_names(alike)} do{'es' if len(alike) == 1 else ''} as well: no clear difference in how wrong the risks are."
    )
    if not any(name in RULES for name in alike["name"]):
        return said
    ranking = design.cards[check.name].measures.set_index("measure").loc["uno_c"]
    if float(str(ranking["lower"])) > _CHANCE:
        return f"{said} The simplest rule will do for how many leave; on who leaves first {check.name} beats chance."
    return f"{said} The simplest rule will do."


def _names(rows: pd.DataFrame) -> str:
    return join_words([f"the {name}" if str(name).startswith("curve") else str(name) for name in rows["name"]])


def validation_table(check: RiskCheck, design: Design | None = None) -> pd.DataFrame:
    """The card in plain words, the model beside its contenders and the rules.

    Returns
    -------
    pandas.DataFrame
        Grain: measure and horizon. Columns ``measure``, ``within``, one for each model with its value and interval in
        words, ``perfect``.
    """
    chosen = design or (check.designs[0] if check.designs else None)
    if chosen is None:
        return pd.DataFrame(columns=["measure", "within", "perfect"])
    rows = []
    for key, words, perfect, say in _ROWS:
        own = chosen.cards[check.name].measures
        for days in own.loc[own["measure"] == key, "horizon_days"]:
            cells = {name: _cell(card, key, float(days), say) for name, card in chosen.cards.items()}
            rows.append({"measure": words, "within": say_horizon(float(days)), **cells, "perfect": perfect})
    return pd.DataFrame(rows)


def _cell(card: ValidationCard, key: str, days: float, say: Callable[[float], str]) -> str:
    rows = card.measures.loc[(card.measures["measure"] == key) & (card.measures["horizon_days"] == days)]
    if rows.empty or not np.isfinite(rows["estimate"].iloc[0]):
        return "–"
    row = rows.iloc[0]
    if key == "uno_c" and row["lower"] == row["upper"]:
        return say(row["estimate"])
    return f"{say(row['estimate'])} ({say_interval(row['lower'], row['upper'], say)})"


def distribution_finding(check: RiskCheck) -> str:
    """Are the chances spread as true ones would be (D-calibration)? In one sentence."""
    card = check.card
    if card is None or not np.isfinite(card.distribution_p):
        return "D-calibration could not be had: the chances at each contract's own last day are not known."
    running = say_percent(1 - card.n_ended / card.n)
    p = "p under 0.001" if card.distribution_p < 0.001 else f"p = {card.distribution_p:.2f}"
    verdict = (
        "are spread as true ones would be"
        if card.distribution_p >= _SMALL_P
        else "are not spread as true ones would be"
    )
    return (
        f"D-calibration: the chances to stay, read at each contract's own last day, {verdict} ({p}). "
        f"{running} were still running then and are spread evenly by the test itself, which makes it mild."
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


def validation_figures(check: RiskCheck) -> list[Figure]:
    """What the risks were worth: four figures, with None and the reason where one cannot be had."""
    level = f"{say_percent(check.confidence, 0)} interval"
    return [*_main_figures(check, level), _slope_figure(check, level)]


def _main_figures(check: RiskCheck, level: str) -> list[Figure]:
    if check.card is None:
        return [
            Figure(
                id=id_,
                label=f"{label}: could not be judged",
                estimate=None,
                unit="",
                n=0,
                window="none",
                estimator="none",
            )
            for id_, label in _FIGURES.values()
        ]
    design = check.designs[0]
    rows = check.card.measures.drop_duplicates("measure").set_index("measure")
    told = {str(measure): row for measure, row in rows.iterrows()}
    return [
        Figure(
            id=id_,
            label=label,
            estimate=float(told[measure]["estimate"]),
            lower=float(told[measure]["lower"]),
            upper=float(told[measure]["upper"]),
            unit="",
            n=check.card.n,
            window=design.window,
            estimator=f"{BY_TENURE if measure == 'ibs_null' else check.name}: {told[measure]['estimator']}; {level}",
            validation=design.said,
        )
        for measure, (id_, label) in _FIGURES.items()
    ]


def _slope_figure(check: RiskCheck, level: str) -> Figure:
    label = "Are differences between 12-month risks as large as they should be (calibration slope, 1 is right)"
    slope = check.slope_12m
    if slope is None:
        return Figure(
            id=SLOPE_12M,
            label=f"{label}: not known, {check.slope_note}",
            estimate=None,
            unit="",
            n=0,
            window=check.designs[0].window if check.designs else "none",
            estimator="none",
        )
    design = next(design for design in check.designs if design.said == slope.design)
    return Figure(
        id=SLOPE_12M,
        label=label,
        estimate=slope.estimate,
        lower=slope.lower,
        upper=slope.upper,
        unit="",
        n=slope.n,
        window=design.window,
        estimator=f"{check.name}: Cox on the complementary log-log of the risk; {level}",
        validation=slope.design,
    )
