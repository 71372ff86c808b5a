"""What matters to customers, and how well we do on it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.errors import NotEnoughData
from crm_research.features.answers import Survey
from crm_research.models.importance import Importance, share_r2
from crm_research.pillars.satisfaction.means import mean_interval
from crm_research.pillars.satisfaction.roles import OUTCOMES, Roles
from crm_research.stats.multiplicity import adjust_holm

NO_OUTCOME: Final = "No item asks for satisfaction or recommendation, so importance cannot be derived."
NO_DRIVER: Final = "No item asks for anything that could lead to satisfaction, so nothing can be ranked."
MOST_DRIVERS: Final = 12
TARGET: Final = "the outcome"


@dataclass(frozen=True, eq=False, kw_only=True)
class Priorities:
    """Importance and performance of what customers rate.

    Parameters
    ----------
    table
        Grain: driver (an item, or a construct where there are many items), the most important first. ``driver``,
        ``importance`` (share of R squared), ``importance_lower``, ``importance_upper``, ``performance``,
        ``performance_lower``, ``performance_upper`` (mean on 0 to 100), ``quadrant`` and ``is_sure`` (no interval
        crosses a line of the picture), ``stated`` (mean of the item that asks how important it is, 0 to 100, with
        ``stated_lower`` and ``stated_upper``; NaN without one).
    target
        What the drivers are to explain, in words.
    model
        The division of R squared; None where it could not be made.
    gaps
        Grain: pair of an expectation and an experience. ``expectation``, ``experience``, ``n``, ``gap`` (experience
        less expectation, points of 100), ``lower``, ``upper``, ``p_adjusted``.
    lines
        Where the lines of the picture cross: (mean importance, mean performance).
    before
        Importance by driver in the wave before; empty without one.
    notes
        What stood in the way.
    """

    table: pd.DataFrame
    target: str
    model: Importance | None
    gaps: pd.DataFrame
    lines: tuple[float, float]
    before: pd.Series
    notes: tuple[str, ...]


def measure_priorities(
    survey: Survey,
    roles: Roles,
    *,
    now: int,
    before: int | None,
    confidence: float,
    n_bootstraps: int,
    seed: int,
) -> Priorities:
    """Which of the things customers rate go with their satisfaction, and how well do we do on them?

    Notes
    -----
    Satisfaction is the mean of its items on 0 to 100, else the willingness to recommend. Drivers are all items that
    are no outcome themselves; with more than twelve, constructs. The lines of the picture lie at the means (Martilla
    and James 1977, Journal of Marketing 41(1), 77-79): a convention, by which something always is below average.
    """
    scaled = _to_hundred(survey, survey.answers.loc[survey.answers["wave"] == now])
    gaps = _measure_gaps(scaled, roles, confidence)
    target, words = _target(scaled, roles)
    drivers = _drivers(scaled, roles)
    notes: list[str] = []
    model = None
    if target is None:
        notes.append(NO_OUTCOME)
    elif not drivers:
        notes.append(NO_DRIVER)
    else:
        frame = pd.DataFrame({**drivers, TARGET: target})
        try:
            model = share_r2(frame, TARGET, list(drivers), n_bootstraps=n_bootstraps, seed=seed, confidence=confidence)
            notes += model.notes
        except NotEnoughData as problem:
            notes.append(str(problem))
    table = _tabulate(drivers, model, scaled, roles, confidence)
    known = table.dropna(subset=["importance"])
    lines = (
        1 / len(known) if len(known) else np.nan,
        float(known["performance"].mean()) if len(known) else np.nan,
    )
    return Priorities(
        table=_place(table, lines),
        target=words,
        model=model,
        gaps=gaps,
        lines=lines,
        before=pd.Series(dtype=float) if model is None else _look_back(survey, roles, before, seed),
        notes=tuple(notes),
    )


def _look_back(survey: Survey, roles: Roles, before: int | None, seed: int) -> pd.Series:
    """The same shares in the wave before, to see whether they last."""
    nothing = pd.Series(dtype=float)
    if before is None:
        return nothing
    target, drivers = rate_drivers(survey, roles, before)
    if target is None or not drivers:
        return nothing
    try:
        model = share_r2(pd.DataFrame({**drivers, TARGET: target}), TARGET, list(drivers), n_bootstraps=2, seed=seed)
    except NotEnoughData:
        return nothing
    return model.shares.set_index("driver")["r2_share"]


def rate_drivers(survey: Survey, roles: Roles, wave: int) -> tuple[pd.Series | None, dict[str, pd.Series]]:
    """The outcome and the drivers of a wave, 0 to 100, one value a response; the outcome None where none was asked."""
    scaled = _to_hundred(survey, survey.answers.loc[survey.answers["wave"] == wave])
    return _target(scaled, roles)[0], _drivers(scaled, roles)


def _to_hundred(survey: Survey, answers: pd.DataFrame) -> pd.DataFrame:
    items = survey.items.set_index("item")
    reach = (items["scale_max"] - items["scale_min"]).replace(0, np.nan)
    return 100 * (answers[survey.names] - items["scale_min"]) / reach


def _target(scaled: pd.DataFrame, roles: Roles) -> tuple[pd.Series | None, str]:
    items = roles.items_with_role("satisfaction")
    if items and scaled[items].notna().any(axis=None):
        return scaled[items].mean(axis=1), "satisfaction"
    if roles.recommend is not None:
        return scaled[roles.recommend], "willingness to recommend"
    items = roles.items_with_role("loyalty")
    return (scaled[items].mean(axis=1), "loyalty") if items else (None, "satisfaction")


def _drivers(scaled: pd.DataFrame, roles: Roles) -> dict[str, pd.Series]:
    outcomes = {*roles.items_with_role(*OUTCOMES), *roles.stated.values(), *roles.pairs, roles.recommend}
    held = [name for name in scaled.columns if name not in outcomes and scaled[name].notna().any()]
    if len(held) <= MOST_DRIVERS:
        return {name: scaled[name] for name in held}
    groups = {name: [item for item in items if item in held] for name, items in roles.constructs.items()}
    grouped = {name: scaled[items].mean(axis=1) for name, items in groups.items() if items}
    if 2 <= len(grouped) <= 3 * MOST_DRIVERS:
        return grouped
    return {name: scaled[name] for name in scaled[held].count().nlargest(2 * MOST_DRIVERS).index}


def _tabulate(
    drivers: dict[str, pd.Series],
    model: Importance | None,
    scaled: pd.DataFrame,
    roles: Roles,
    confidence: float,
) -> pd.DataFrame:
    shares = model.shares.set_index("driver") if model is not None else pd.DataFrame()
    rows = []
    for name, values in drivers.items():
        found = mean_interval(values.dropna().to_numpy(dtype=float), 0.0, 100.0, confidence)
        asked = roles.stated.get(name)
        said = mean_interval(
            scaled[asked].dropna().to_numpy(dtype=float) if asked else np.array([]), 0.0, 100.0, confidence
        )
        share: Mapping[Hashable, float] = shares.loc[name].to_dict() if name in shares.index else {}
        rows.append(
            {
                "driver": name,
                "n": int(values.notna().sum()),
                "importance": float(share.get("r2_share", np.nan)),
                "importance_lower": float(share.get("lower", np.nan)),
                "importance_upper": float(share.get("upper", np.nan)),
                **_named("performance", found),
                **_named("stated", said),
            }
        )
    columns = ["driver", "n", "importance", "importance_lower", "importance_upper", "performance"]
    table = pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*columns, "performance_lower", "performance_upper"])
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def _named(name: str, found: tuple[object, object, object]) -> dict[str, float]:
    keys = (name, f"{name}_lower", f"{name}_upper")
    return {key: float(value) for key, value in zip(keys, found, strict=True)}  # type: ignore[arg-type]


def _place(table: pd.DataFrame, lines: tuple[float, float]) -> pd.DataFrame:
    """Which quarter of the picture each driver lies in, and whether its intervals stay inside it."""
    if table.empty:
        return table.assign(quadrant=pd.Series(dtype=object), is_sure=pd.Series(dtype=bool))
    weighty, good = table["importance"] > lines[0], table["performance"] >= lines[1]
    words = np.select(
        [weighty & ~good, weighty & good, ~weighty & good],
        ["matters more, rated lower", "matters more, rated higher", "matters less, rated higher"],
        "matters less, rated lower",
    )
    crosses = table["importance_lower"].lt(lines[0]) & table["importance_upper"].gt(lines[0]) | table[
        "performance_lower"
    ].lt(lines[1]) & table["performance_upper"].gt(lines[1])
    known = table["importance"].notna()
    return table.assign(quadrant=np.where(known, words, "not known"), is_sure=known & ~crosses & (len(table) > 1))


def _measure_gaps(scaled: pd.DataFrame, roles: Roles, confidence: float) -> pd.DataFrame:
    columns = ["expectation", "experience", "n", "gap", "lower", "upper", "p_value", "p_adjusted"]
    rows = []
    for expected, lived in roles.pairs.items():
        gap = (scaled[lived] - scaled[expected]).dropna().to_numpy(dtype=float)
        n = len(gap)
        if n == 0:
            continue
        error = float(gap.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
        half = float(stats.t.ppf(0.5 + confidence / 2, n - 1)) * error if n > 1 and error > 0 else np.nan
        mean = float(gap.mean())
        p_value = float(2 * stats.t.sf(abs(mean) / error, n - 1)) if n > 1 and error > 0 else np.nan
        rows.append([expected, lived, n, mean, mean - half, mean + half, p_value, np.nan])
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(p_adjusted=adjust_holm(frame["p_value"])) if len(frame) else frame
