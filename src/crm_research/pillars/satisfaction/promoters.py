"""Would customers recommend us? The net promoter score with an interval, its spread, and its changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.features.answers import Survey
from crm_research.pillars.satisfaction.means import compare_waves
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval, check_confidence, normal_quantile

PROMOTER: Final = 9
DETRACTOR: Final = 6
_ADDED: Final = 3.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Promoters(Shown):
    """The net promoter score of each wave.

    Parameters
    ----------
    item
        The question.
    waves
        Grain: wave. ``wave``, ``label``, ``n``, ``n_promoters``, ``n_passives``, ``n_detractors``, ``nps``, ``lower``,
        ``upper`` (points, -100 to 100).
    spread
        Grain: answer 0 to 10 of the latest wave. ``answer``, ``n``, ``share``.
    change
        Latest wave against the one before: ``change``, ``lower``, ``upper``, ``p_value``, ``n_both`` ..., points; None
        with one wave.
    wave
        Number of the wave that stands for now.
    """

    item: str
    waves: pd.DataFrame
    spread: pd.DataFrame
    change: dict[str, float] | None
    wave: int

    @property
    def latest(self) -> pd.Series:
        """The row of the wave that stands for now."""
        return self.waves.loc[self.waves["wave"] == self.wave].iloc[0]


def net_score(n_promoters: float, n_passives: float, n_detractors: float, *, confidence: float = 0.95) -> Interval:
    """By how many points of a hundred do promoters outnumber detractors, and between which limits?

    Adjusted Wald interval: three answers are added, one and a half passive, three quarters each of the others. It has a
    width even where all answer alike.

    References
    ----------
    Reichheld (2003), Harvard Business Review 81(12), 46-54; Rocks (2016), Interval estimation for the "Net Promoter
    Score", The American Statistician 70(4), 365-372.
    """
    check_confidence(confidence)
    n = n_promoters + n_passives + n_detractors
    if n == 0:
        return Interval(np.array(np.nan), np.array(np.nan), np.array(np.nan))
    score = (n_promoters - n_detractors) / n
    size = n + _ADDED
    up, down = (n_promoters + _ADDED / 4) / size, (n_detractors + _ADDED / 4) / size
    half = normal_quantile(confidence) * np.sqrt((up + down - (up - down) ** 2) / size)
    limits = np.clip([up - down - half, up - down + half], -1.0, 1.0)
    # The middle is drawn towards nought; the limits still hold the score itself.
    return Interval(np.array(100 * score), np.array(100 * min(limits[0], score)), np.array(100 * max(limits[1], score)))


def measure_promoters(
    survey: Survey, item: str | None, *, now: int, before: int | None, confidence: float
) -> Promoters | None:
    """How does the net promoter score stand, wave by wave? None without such a question or without an answer to it.

    Notes
    -----
    9 and 10 are promoters, 0 to 6 detractors. The cut throws away what the answers say beyond it: the same mean can
    come with very different scores, which is why the spread is shown beside it.
    """
    if item is None:
        return None
    answered = survey.answers.dropna(subset=[item])
    latest = answered.loc[answered["wave"] == now]
    if latest.empty:
        return None
    sign = sign_answers(answered[item])
    rows = []
    for wave, group in answered.groupby("wave"):
        signs = sign.loc[group.index]
        counts = {"n_promoters": int((signs > 0).sum()), "n_passives": int((signs == 0).sum())}
        counts["n_detractors"] = len(group) - sum(counts.values())
        score = net_score(*counts.values(), confidence=confidence)
        limits = dict(zip(("nps", "lower", "upper"), (float(value) for value in score), strict=True))
        rows.append({"wave": wave, "n": len(group), **counts, **limits})
    waves = pd.DataFrame(rows)
    waves.insert(1, "label", waves["wave"].map(survey.waves.set_index("wave")["label"]))
    counts_now = latest[item].round().astype(int).value_counts()
    spread = pd.DataFrame({"answer": range(11)})
    spread["n"] = spread["answer"].map(counts_now).fillna(0).astype(int)
    return Promoters(
        item=item,
        waves=waves,
        spread=spread.assign(share=spread["n"] / len(latest)),
        change=_change(survey, item, now, before, confidence),
        wave=now,
    )


def sign_answers(answers: pd.Series) -> pd.Series:
    """1 for promoters, 0 for passives, -1 for detractors; NaN without an answer."""
    signs = np.where(answers >= PROMOTER, 1.0, np.where(answers > DETRACTOR, 0.0, -1.0))
    return pd.Series(signs, index=answers.index).where(answers.notna())


def _change(survey: Survey, item: str, now: int, before: int | None, confidence: float) -> dict[str, float] | None:
    if before is None:
        return None
    first = survey.answers.loc[survey.answers["wave"] == before]
    last = survey.answers.loc[survey.answers["wave"] == now]
    found = compare_waves(
        sign_answers(first[item]), sign_answers(last[item]), first["customer_id"], last["customer_id"], confidence
    )
    if not found["n_before"]:
        return None
    return {name: value if name.startswith("n_") or name == "p_value" else 100 * value for name, value in found.items()}
