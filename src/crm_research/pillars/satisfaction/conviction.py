"""Loyal by conviction or by habit: attitude from surveys beside what customers buy, and what they did afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData
from crm_research.features.answers import Survey
from crm_research.features.rfm import build_outcomes
from crm_research.features.window import known_rows
from crm_research.models.attitude import GROUPS, Membership, estimate_membership
from crm_research.pillars.satisfaction.followed import ENDED, REPEAT, Followed, count_patronage, follow_groups
from crm_research.pillars.satisfaction.roles import Roles
from crm_research.show.shown import Shown
from crm_research.stats.intervals import normal_quantile
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

FloatArray = NDArray[np.float64]

NO_ATTITUDE: Final = "No item asks for attitude, loyalty or satisfaction; name them under 'constructs'."
NO_ORDERS: Final = "Attitude is put beside repeat buying, and the study has no orders."
ALL_ANONYMOUS: Final = "All answers are anonymous, so attitude cannot be put beside what the same customers do."
SPEND: Final = "spend"
_FEWEST_LATER: Final = 30


@dataclass(frozen=True, eq=False, kw_only=True)
class Conviction(Shown):
    """The four groups among customers who answered.

    Parameters
    ----------
    groups
        Memberships, shares and sensitivity; rates are repeat purchases a year; None where they could not be had.
    items
        Items that stand for attitude.
    patronage_days
        How far back purchases were counted.
    median_age_days
        Half of the answers used are younger than this at as_of.
    n_without_purchase
        Customers who answered and never bought, so that no rate can be had; they are left out.
    later
        Grain: outcome and group. ``outcome``, ``group``, ``n``, ``value``, ``lower``, ``upper``: what the customers did
        in the holdout, each counted in every group by his chance to belong to it.
    contrasts
        Grain: outcome. ``outcome``, ``gap`` (true less spurious loyalty: conviction at the same habit), ``lower``,
        ``upper``.
    followed
        The same from the close of each customer's first wave on, to as_of, with those censored who answered late; None
        without groups.
    notes
        What stood in the way.
    """

    groups: Membership | None
    items: tuple[str, ...]
    patronage_days: int
    median_age_days: float
    n_without_purchase: int
    later: pd.DataFrame
    contrasts: pd.DataFrame
    followed: Followed | None
    notes: tuple[str, ...]


@step
def measure_conviction(
    study: Study,
    survey: Survey,
    roles: Roles,
    *,
    patronage_days: int,
    attitude_cut: float | None,
    rate_cut: float | None,
    confidence: float,
    seed: int,
) -> Conviction:
    """Who is loyal by conviction, who by habit, who at heart only, and did they act accordingly afterwards?

    Parameters
    ----------
    patronage_days
        Repeat purchases (days with a purchase after the first) are counted over so many days before as_of.
    attitude_cut
        Where a high attitude begins, on 0 to 100; None takes the median of true attitudes.
    rate_cut
        Where frequent buying begins, in repeat purchases a year; None takes the median of true rates.

    Notes
    -----
    Each customer's latest answer, whatever its wave. Dick and Basu speak of attitude relative to what rivals offer;
    surveys rarely ask for rivals, and then this is attitude as such.
    """
    later = pd.DataFrame(columns=["outcome", "group", "n", "value", "lower", "upper"])
    contrasts = pd.DataFrame(columns=["outcome", "gap", "lower", "upper"])
    items = roles.items_with_role("loyalty")
    notes: list[str] = []
    if not items:
        items = roles.items_with_role("satisfaction")
        notes += ["No item asks for attitude or loyalty; satisfaction stands for it here."] if items else []
    why = _what_is_missing(study, survey, items)
    ages, n_left_out, groups, followed = np.nan, 0, None, None
    if why is None:
        answers = _latest_answers(survey, items)
        ages = float((pd.Timestamp(study.as_of) - answers["asked_at"]).dt.days.median())
        counts = count_patronage(study, answers[["customer_id"]].assign(at=pd.Timestamp(study.as_of)), patronage_days)
        frame = answers.merge(counts, on="customer_id", how="left").set_index("customer_id")
        n_left_out = int(frame["years"].isna().sum())
        frame = frame.dropna(subset=["years"])
        try:
            groups = estimate_membership(
                frame[items], frame["n"].to_numpy(dtype=float), frame["years"].to_numpy(dtype=float),
                attitude_cut=attitude_cut, rate_cut=rate_cut, confidence=confidence, seed=seed,
            )  # fmt: skip
            notes += groups.notes
            later, contrasts = _look_later(study, groups.chances, confidence)
            followed = follow_groups(
                study, survey, items, patronage_days=patronage_days, confidence=confidence, seed=seed
            )
        except NotEnoughData as problem:
            why = str(problem)
    return Conviction(
        groups=groups, items=tuple(items), patronage_days=patronage_days, median_age_days=ages,
        n_without_purchase=n_left_out, later=later, contrasts=contrasts, followed=followed,
        notes=(*notes, *([why] if why else [])),
    )  # fmt: skip


def _what_is_missing(study: Study, survey: Survey, items: list[str]) -> str | None:
    if not items:
        return NO_ATTITUDE
    if not study.has("orders"):
        return NO_ORDERS
    if survey.answers["customer_id"].isna().all():
        return ALL_ANONYMOUS
    return None


def _latest_answers(survey: Survey, items: list[str]) -> pd.DataFrame:
    """Each known customer's latest answers to these items, on 0 to 100."""
    held = survey.answers.dropna(subset=["customer_id"])
    held = held.loc[held[items].notna().any(axis=1)]
    last = held.sort_values(["asked_at", "response_id"]).drop_duplicates("customer_id", keep="last")
    scale = survey.items.set_index("item").loc[items]
    reach = (scale["scale_max"] - scale["scale_min"]).replace(0, np.nan)
    scaled = 100 * (last[items] - scale["scale_min"]) / reach
    return pd.concat([last[["customer_id", "asked_at"]], scaled], axis=1)


def _look_later(study: Study, chances: pd.DataFrame, confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    later: list[dict[str, object]] = []
    contrasts: list[dict[str, object]] = []
    for outcome, values in _outcomes(study, chances.index).items():
        known = chances.loc[values.notna().to_numpy(), list(GROUPS)]
        y = values.dropna().to_numpy(dtype=float)
        if len(y) < _FEWEST_LATER:
            continue
        is_share = outcome != SPEND
        parts = {}
        for group in GROUPS:
            p = known[group].to_numpy()
            mean = float(p @ y / p.sum())
            parts[group] = p * (y - mean) / p.sum()
            lower, upper = _limits(mean, parts[group], confidence)
            if is_share:
                lower, upper = max(lower, 0.0), min(upper, 1.0)
            later.append(
                {"outcome": outcome, "group": group, "n": len(y), "value": mean, "lower": lower, "upper": upper}
            )
        gap = float(later[-4]["value"]) - float(later[-2]["value"])  # type: ignore[arg-type]
        lower, upper = _limits(gap, parts[GROUPS[0]] - parts[GROUPS[2]], confidence)
        contrasts.append({"outcome": outcome, "gap": gap, "lower": lower, "upper": upper})
    columns = ["outcome", "group", "n", "value", "lower", "upper"]
    return pd.DataFrame(later, columns=columns), pd.DataFrame(contrasts, columns=["outcome", "gap", "lower", "upper"])


def _limits(value: float, parts: FloatArray, confidence: float) -> tuple[float, float]:
    n = len(parts)
    half = normal_quantile(confidence) * float(np.sqrt(n / max(n - 1, 1) * (parts**2).sum()))
    return value - half, value + half


@step
def _outcomes(study: Study, customers: pd.Index) -> dict[str, pd.Series]:
    """What each customer did in the holdout; NaN where he could not (no running contract)."""
    if study.holdout_until is None:
        return {}
    bought = build_outcomes(study, occasion="day").to_pandas().set_index("customer_id").reindex(customers)
    found = {REPEAT: bought["is_repeat"].astype(float), SPEND: bought["holdout_spend"].astype(float)}
    if study.has("contracts"):
        rows = known_rows(study.standing_at(study.holdout_until), "contracts")
        if "ended_at" in rows.columns:
            running = rows.filter(
                rows.started_at <= study.as_of,
                rows.ended_at.isnull() | (rows.ended_at > study.as_of),  # noqa: PD003 - Ibis
            )
            ended = running.group_by("customer_id").agg(ended=running.ended_at.notnull().any())  # noqa: PD004
            found[ENDED] = ended.to_pandas().set_index("customer_id")["ended"].astype(float).reindex(customers)
    return found
