"""The printed numbers of data quality, each with its basis and check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.pillars.data_quality import effects
from crm_research.pillars.data_quality.names import column_of, figure_name, name_of, table_of, tell_apart
from crm_research.pillars.data_quality.repaired import HOW as REPAIRED_HOW
from crm_research.pillars.data_quality.repaired import repaired_figures
from crm_research.pillars.data_quality.suspicions import KINDS
from crm_research.pillars.data_quality.trends import HOW as TREND_HOW
from crm_research.pillars.data_quality.untrue import HOW as UNTRUE_HOW
from crm_research.theme import say_date

if TYPE_CHECKING:
    from crm_research.pillars.data_quality.measure import DataQuality

SOUND: Final = "quality.sound_share"
COMPLETE: Final = "quality.completeness"
INVALID: Final = "quality.invalid_share"
SUSPECT: Final = "quality.suspect_share"
DEAD: Final = "quality.dead_share"
EFFECT: Final = "quality.effect"
# More columns than these stand in the table of the page, and in no figure.
MOST_COLUMNS: Final = 120
OTHERS: Final = "any other column"
_SHARE: Final = "share of rows; Wilson limits, as if rows had been drawn one by one"
_UNCHANGED: Final = {"change": 0.0, "lower": np.nan, "upper": np.nan}
_CHECKED: Final = "the same count as crm-research check"


def quality_figures(quality: DataQuality) -> list[Figure]:
    """All of them."""
    return [
        *sound_figures(quality),
        *column_figures(quality),
        *suspect_figures(quality),
        *dead_figures(quality),
        *effect_figures(quality),
        *repaired_figures(quality),
    ]


def _maker(quality: DataQuality, window: str = "") -> FigureMaker:
    said = window or f"all records, those after {say_date(quality.as_of)} among them"
    return FigureMaker(window=said, confidence=quality.confidence, validation=NO_VALIDATION)


def _known(quality: DataQuality) -> str:
    return f"all records known on {say_date(quality.as_of)}"


def sound_figures(quality: DataQuality) -> list[Figure]:
    """Of each table the share of rows that break no rule, and are no copy."""
    return _maker(quality).of_rows(
        quality.tables.assign(group=[table_of(name) for name in quality.tables["table"]]),
        SOUND,
        "Rows in order, at least",
        unit="share",
        estimator=_SHARE,
        numbers=("sound_share", "lower", "upper"),
        n="n_rows",
    )


def column_figures(quality: DataQuality) -> list[Figure]:
    """Of each column the share of values that are there, and of those that break a rule."""
    maker, found = _maker(quality), []
    held = quality.columns.head(MOST_COLUMNS)
    groups = tell_apart([column_of(*pair) for pair in zip(held["table"], held["column"], strict=True)])
    for group, row in zip(groups, held.to_dict("records"), strict=True):
        if row["n_asked"]:
            limits = [row["complete_share"], row["complete_lower"], row["complete_upper"]]
            found.append(_of_column(maker, COMPLETE, "Values that are there", limits, row["n_asked"], group))
        if row["n_invalid"]:
            limits = [row["invalid_share"], row["invalid_lower"], row["invalid_upper"]]
            found.append(_of_column(maker, INVALID, "Values that break a rule", limits, row["n_checked"], group))
    clean = held.loc[(held["n_checked"] > 0) & (held["n_invalid"] == 0)].nlargest(1, "n_checked")
    for row in clean.to_dict("records"):
        limits = [row["invalid_share"], row["invalid_lower"], row["invalid_upper"]]
        found.append(_of_column(maker, INVALID, "Values that break a rule", limits, row["n_checked"], OTHERS))
    return found


def _of_column(maker: FigureMaker, id_: str, label: str, limits: list[float], n: int, group: str) -> Figure:
    how = "the rule most often broken; " if id_ == INVALID else ""
    return maker.one(
        id_, label, limits, unit="share", n=int(n), estimator=f"{how}{_SHARE}", group=group, validation=_CHECKED
    )


def suspect_figures(quality: DataQuality) -> list[Figure]:
    """Of each suspicion the share under it; of those that found nothing one for each kind, with what may be unseen."""
    maker, found = _maker(quality), []
    for group, one in zip(tell_apart([name_of(one) for one in quality.found]), quality.found, strict=True):
        limits = [float(part) for part in one.share(quality.confidence)]
        found.append(_suspect(maker, limits, one.n_checked, group))
    kinds = {one.kind for one in quality.found}
    for kind in dict.fromkeys((*KINDS, *(one.kind for one in quality.suspicions))):
        clean = [one for one in quality.suspicions if one.kind == kind and one.n_checked]
        if kind in kinds or not clean:
            continue
        largest = max(clean, key=lambda one: one.n_checked)
        limits = [float(part) for part in largest.share(quality.confidence)]
        found.append(_suspect(maker, limits, largest.n_checked, kind))
    return found


def _suspect(maker: FigureMaker, limits: list[float], n: int, group: str) -> Figure:
    return maker.one(SUSPECT, "Under suspicion", limits, unit="share", n=n, estimator=_SHARE, group=group)


def dead_figures(quality: DataQuality) -> list[Figure]:
    """Of each kind of customers the share that is gone."""
    maker = _maker(quality, _known(quality))
    return [
        maker.one(
            DEAD,
            "Gone by now",
            None if one.share is None else [float(part) for part in one.share],
            unit="share",
            n=one.n,
            estimator=one.method,
            group=one.group,
        )
        for one in quality.dead.found
    ]


def effect_figures(quality: DataQuality) -> list[Figure]:
    """Of each main figure how far it changes without all that is under suspicion; nought where nothing is."""
    if quality.dealing is None:
        return []
    maker, found = _maker(quality, _known(quality)), []
    last = whole_effect(quality)
    n_rows = int(quality.tables.loc[quality.tables["table"] == quality.dealing, "n_rows"].sum())
    for figure in effects.FIGURES:
        row: dict[str, Any] = dict(_UNCHANGED) if last is None else last[figure]
        found.append(
            maker.one(
                EFFECT,
                "Change without what is suspect",
                [row["change"], row["lower"], row["upper"]],
                unit=_unit_of(figure, quality),
                n=n_rows if last is None else int(row["n"]),
                estimator="nothing is under suspicion" if last is None else effects.HOW,
                limits="over customers",
                group=figure_name(figure, quality.dealing),
            )
        )
    return found


def whole_effect(quality: DataQuality) -> dict[str, dict[str, Any]] | None:
    """Figure to its change without all that is under suspicion; None where nothing is."""
    frame = quality.effects
    if frame.empty:
        return None
    last = frame.loc[frame["suspicion"] == frame["suspicion"].iloc[-1]]
    return {str(row["figure"]): dict(row) for row in last.to_dict("records")}


def _unit_of(figure: str, quality: DataQuality) -> str:
    if figure in (effects.MONEY, effects.AVERAGE):
        return quality.currency
    if figure in (effects.TOP, effects.AGAIN):
        return "share"
    return "customers" if figure == effects.CUSTOMERS else str(quality.dealing)


def estimators(quality: DataQuality) -> dict[str, str]:
    """What was estimated, and how."""
    methods = {
        "rules": "the checks of the contract, counted in the engine; every rule in docs/checks.md",
        "shares": _SHARE,
        "trends": TREND_HOW,
        "dates on 1 January beyond chance": "binomial tail against 1 in 365.25, Holm over all dates of customers",
        "what it costs": effects.HOW,
    }
    methods |= {} if quality.repaired is None else {"repaired": REPAIRED_HOW}
    methods |= {"systems' records": UNTRUE_HOW} if quality.untrue is not None and quality.untrue.counts else {}
    methods |= {f"gone: {one.group}": one.method for one in quality.dead.found}
    return methods
