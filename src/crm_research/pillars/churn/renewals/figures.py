"""The printed numbers of renewals, each with its interval, basis and check."""

from __future__ import annotations

from typing import Final

import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker, leaves_size_open, verdict_of
from crm_research.models.renewals import profile_limits
from crm_research.pillars.churn.renewals.describe import Renewals
from crm_research.pillars.churn.renewals.words import say_later
from crm_research.stats.intervals import newcombe_difference
from crm_research.theme import say_count, say_percent

RETENTION_1: Final = "churn.renewal.retention_1"
RETENTION_LATER: Final = "churn.renewal.retention_later"
SBG_ALPHA: Final = "churn.renewal.sbg_alpha"
SBG_BETA: Final = "churn.renewal.sbg_beta"
_SOURCE: Final = "Fader and Hardie 2007"


def renewal_figures(renewals: Renewals) -> list[Figure]:
    """Share renewed at the first renewal, at all later ones together, and the two parameters of the sBG.

    None where they cannot be told; without later ones, that figure is left out.
    """
    return [_first(renewals), *_parameters(renewals), *_later(renewals)]


def _later(renewals: Renewals) -> list[Figure]:
    later = renewals.later
    if later is None:
        return []
    return [
        _maker(renewals).one(
            RETENTION_LATER,
            f"Go on {say_later(later)}",
            (later["retention"], later["lower"], later["upper"]),
            unit="share",
            n=int(later["n_up"]),
            estimator="share of the decisions at them that were to go on; Wilson",
        )
    ]


def _first(renewals: Renewals) -> Figure:
    seen = renewals.observed.loc[renewals.observed["renewal"] == 1]
    is_shown = bool((renewals.shown["renewal"] == 1).any())
    row = seen.iloc[0] if len(seen) and is_shown else None
    label = f"Go on at the first renewal ({renewals.after_one})"
    if row is None:
        label = f"{label}: too few came to it" if len(seen) else "Nobody came to a first renewal"
    check, agrees = _later_share(renewals, row)
    return _maker(renewals).one(
        RETENTION_1,
        label,
        None if row is None else (row["retention"], row["lower"], row["upper"]),
        unit="share",
        n=0 if row is None else int(row["n_up"]),
        estimator="share of those who came to it under observation; Wilson",
        validation=check,
        verdict=verdict_of(agrees),
    )


def _later_share(renewals: Renewals, row: pd.Series | None) -> tuple[str, bool | None]:
    """What the first renewal was like in the holdout, where the study keeps one, and whether the two agree."""
    if row is None or renewals.check is None or not renewals.check.is_holdout:
        return NO_VALIDATION, None
    later = renewals.check.by_renewal
    later = later.loc[later["renewal"] == 1]
    if later.empty:
        return NO_VALIDATION, None
    now, then = row["n_up"] - row["n_left"], later["n_up"] - later["n_left"]
    gap = newcombe_difference(then, later["n_up"], now, row["n_up"], confidence=renewals.confidence)
    agrees = bool((gap.lower <= 0).all() and (gap.upper >= 0).all())
    words = (
        f"holdout: {say_percent(float(later['retention'].iloc[0]))} of {say_count(later['n_up'].iloc[0])}; "
        f"{'agrees' if agrees else 'does not agree'}"
    )
    return words, agrees


def _parameters(renewals: Renewals) -> list[Figure]:
    fit = renewals.fit
    limits = profile_limits(fit) if fit is not None else None
    found = {} if limits is None else limits.set_index("parameter").to_dict("index")
    figures = []
    for id_, name in ((SBG_ALPHA, "alpha"), (SBG_BETA, "beta")):
        row = found.get(name)
        if row is not None and leaves_size_open(row["lower"], row["upper"]):
            row = None
        figures.append(
            _maker(renewals).one(
                id_,
                f"sBG {name}" if row is not None else f"sBG {name} (the renewals do not tell it)",
                None if row is None else (row["estimate"], row["lower"], row["upper"]),
                unit="",
                n=0 if fit is None else fit.counts.n_decisions,
                estimator=f"shifted-beta-geometric by maximum likelihood ({_SOURCE})",
                limits="of the profile likelihood",
                validation=renewals.check.say_short() if renewals.check is not None else NO_VALIDATION,
            )
        )
    return figures


def _maker(renewals: Renewals) -> FigureMaker:
    return FigureMaker(window=renewals.window, confidence=renewals.confidence)
