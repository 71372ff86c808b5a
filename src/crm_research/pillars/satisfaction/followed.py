"""What customers did after they answered, group by group, each watched for as long as he could be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_research.errors import NotEnoughData
from crm_research.features.answers import Survey
from crm_research.features.clock import days_between
from crm_research.features.purchases import build_purchases
from crm_research.features.window import known_rows
from crm_research.models.attitude import GROUPS, estimate_membership
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.study import Study

FloatArray = NDArray[np.float64]

REPEAT: Final = "bought again"
ENDED: Final = "ended a contract"
_FEWEST: Final = 30
_LEAST_DAYS: Final = 14
_PARTS: Final = 25


@dataclass(frozen=True, eq=False, kw_only=True)
class Followed:
    """What the groups did from the day after their wave had closed to as_of.

    Parameters
    ----------
    table
        Grain: outcome and group. ``outcome``, ``group``, ``n`` (customers watched), ``n_censored`` (of them, watched
        for fewer than `days` without it), ``days``, ``value`` (share to whom it happened within `days`, Kaplan-Meier,
        each customer counted by his chance to belong to the group), ``lower``, ``upper``.
    contrasts
        Grain: outcome. ``outcome``, ``gap`` (true less spurious loyalty), ``lower``, ``upper``.
    notes
        What stood in the way.
    """

    table: pd.DataFrame
    contrasts: pd.DataFrame
    notes: tuple[str, ...]


@step
def follow_groups(
    study: Study, survey: Survey, items: list[str], *, patronage_days: int, confidence: float, seed: int
) -> Followed:
    """Did those loyal by conviction buy again, and keep their contracts, more than those loyal by habit?

    Parameters
    ----------
    items
        Items of attitude.
    patronage_days
        Purchases are counted over so many days before the wave closed, and customers are followed for as many at most.

    Notes
    -----
    Each customer enters with his first wave; the groups are made from that wave's answers and from purchases before it
    closed, so that nothing that is followed takes part in them. Those who answered late are watched for a shorter time
    and are censored, not left out. Limits: jackknife over 25 parts of the customers, Student's t.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, 457-481; Miller (1974), Biometrika 61, 1-15.
    """
    answers = _first_answers(survey, items)
    counts = count_patronage(study, answers[["customer_id", "at"]], patronage_days)
    frame = answers.merge(counts, on="customer_id").dropna(subset=["years"]).set_index("customer_id")
    try:
        groups = estimate_membership(
            frame[items], frame["n"].to_numpy(dtype=float), frame["years"].to_numpy(dtype=float),
            confidence=confidence, seed=seed,
        )  # fmt: skip
    except NotEnoughData as problem:
        return _nothing(f"What followed the answers cannot be told. {problem}")
    rows: list[dict[str, object]] = []
    gaps: list[dict[str, object]] = []
    chances = groups.chances[list(GROUPS)]
    for outcome, watched in _watch(study, frame["at"]).items():
        held = chances.join(watched, how="inner")
        _measure(held, outcome, patronage_days, confidence, seed, rows, gaps)
    if not rows:
        return _nothing(
            f"What followed the answers cannot be told: fewer than {_FEWEST} customers were watched for "
            f"{_LEAST_DAYS} days after their wave had closed."
        )
    return Followed(table=pd.DataFrame(rows), contrasts=pd.DataFrame(gaps), notes=())


@step
def count_patronage(study: Study, people: pd.DataFrame, patronage_days: int) -> pd.DataFrame:
    """How many repeat purchases did each make in so many days before an instant of his own, and in how many years?

    Parameters
    ----------
    people
        customer_id, at.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``n`` (days with a purchase, without the first of all), ``years`` counted; only customers who
        had bought before that instant.
    """
    asked = ibis.memtable(people.assign(customer_id=people["customer_id"].astype(str)))
    buying = build_purchases(study, occasion="day").select("customer_id", "ordered_at")
    joined = buying.join(asked, "customer_id")
    past = joined.filter(joined.ordered_at < joined["at"])
    age = days_between(past.ordered_at, past["at"])
    found = past.group_by("customer_id").agg(n_recent=(age < patronage_days).ifelse(1, 0).sum(), first_days=age.max())
    frame: pd.DataFrame = found.order_by("customer_id").to_pandas()
    is_new = frame["first_days"] < patronage_days
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "n": (frame["n_recent"] - is_new).clip(lower=0),
            "years": frame["first_days"].clip(upper=patronage_days) / DAYS_PER_YEAR,
        }
    )


def _first_answers(survey: Survey, items: list[str]) -> pd.DataFrame:
    """Each known customer's answers, 0 to 100, in the first wave he answered in, and the day after it closed."""
    held = survey.answers.dropna(subset=["customer_id"])
    held = held.loc[held[items].notna().any(axis=1)]
    first = held.sort_values(["asked_at", "response_id"]).drop_duplicates("customer_id")
    scale = survey.items.set_index("item").loc[items]
    reach = (scale["scale_max"] - scale["scale_min"]).replace(0, np.nan)
    closed = survey.waves.set_index("wave")["last_at"].dt.normalize() + timedelta(days=1)
    scaled = 100 * (first[items] - scale["scale_min"]) / reach
    return pd.concat([first[["customer_id"]], scaled], axis=1).assign(at=first["wave"].map(closed))


def _watch(study: Study, since: pd.Series) -> dict[str, pd.DataFrame]:
    """For each outcome: customer, ``days`` he was watched, and ``happened`` at their end."""
    people = ibis.memtable(since.rename_axis("customer_id").reset_index())
    reach = (pd.Timestamp(study.as_of) - since).dt.total_seconds() / 86_400
    buying = build_purchases(study, occasion="day").select("customer_id", "ordered_at").join(people, "customer_id")
    later = buying.filter(buying.ordered_at >= buying["at"])
    found = {REPEAT: _first_days(later, later.ordered_at, reach)}
    if study.has("contracts") and "ended_at" in study.table("contracts").columns:
        rows = known_rows(study, "contracts").join(people, "customer_id")
        running = rows.filter(
            rows.started_at < rows["at"],
            rows.ended_at.isnull() | (rows.ended_at >= rows["at"]),  # noqa: PD003 - Ibis
        )
        held = running.select("customer_id").distinct().to_pandas()["customer_id"]
        ended = running.filter(running.ended_at.notnull())  # noqa: PD004 - Ibis
        found[ENDED] = _first_days(ended, ended.ended_at, reach.loc[reach.index.isin(held)])
    return found


def _first_days(rows: ibis.Table, at: ibis.Value, reach: pd.Series) -> pd.DataFrame:
    wait = rows.mutate(wait=days_between(rows["at"], at)).group_by("customer_id").agg(wait=lambda t: t.wait.min())
    waits = wait.to_pandas().set_index("customer_id")["wait"].reindex(reach.index)
    frame = pd.DataFrame({"days": waits.fillna(reach), "happened": waits.notna()})
    return frame.loc[reach > 0]


def _measure(
    held: pd.DataFrame,
    outcome: str,
    most_days: int,
    confidence: float,
    seed: int,
    rows: list[dict[str, object]],
    gaps: list[dict[str, object]],
) -> None:
    days, happened = held["days"].to_numpy(dtype=float), held["happened"].to_numpy(dtype=bool)
    if len(held) < _FEWEST:
        return
    # As far as thirty were watched, whether it happened to them or not.
    horizon = float(np.floor(min(most_days, np.sort(np.where(happened, np.inf, days))[-_FEWEST])))
    if horizon < _LEAST_DAYS:
        return
    chances = held[list(GROUPS)].to_numpy(dtype=float)
    part = np.random.default_rng(seed).permutation(len(held)) % _PARTS
    whole = _reached(days, happened, chances, horizon)
    without = np.array(
        [_reached(days[part != k], happened[part != k], chances[part != k], horizon) for k in range(_PARTS)]
    )
    t = float(stats.t.ppf(0.5 + confidence / 2, _PARTS - 1))
    half = t * _spread(without)
    n_censored = int((~happened & (days < horizon)).sum())
    for place, group in enumerate(GROUPS):
        rows.append(
            {
                "outcome": outcome, "group": group, "n": len(held), "n_censored": n_censored, "days": horizon,
                "value": whole[place], "lower": max(0.0, whole[place] - half[place]),
                "upper": min(1.0, whole[place] + half[place]),
            }
        )  # fmt: skip
    gap, reach = float(whole[0] - whole[2]), t * float(_spread(without[:, :1] - without[:, 2:3])[0])
    gaps.append({"outcome": outcome, "gap": gap, "lower": gap - reach, "upper": gap + reach})


def _spread(without: FloatArray) -> FloatArray:
    """Standard errors from estimates without each part in turn."""
    return np.asarray(np.sqrt((_PARTS - 1) / _PARTS * ((without - without.mean(axis=0)) ** 2).sum(axis=0)))


def _reached(days: FloatArray, happened: NDArray[np.bool_], chances: FloatArray, horizon: float) -> FloatArray:
    """Share of each group to whom it happened by then, Kaplan-Meier with each customer's chance as his weight."""
    order = np.argsort(days, kind="stable")
    days, happened, chances = days[order], happened[order], chances[order]
    times, start = np.unique(days, return_index=True)
    at_risk = chances[::-1].cumsum(axis=0)[::-1][start]
    gone = np.add.reduceat(chances * happened[:, None], start, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        stays = np.where(at_risk > 0, 1 - gone / at_risk, 1.0)
    return np.asarray(1 - np.prod(stays[times <= horizon], axis=0))


def _nothing(why: str) -> Followed:
    table = ["outcome", "group", "n", "n_censored", "days", "value", "lower", "upper"]
    return Followed(
        table=pd.DataFrame(columns=table), contrasts=pd.DataFrame(columns=["outcome", "gap", "lower", "upper"]),
        notes=(why,),
    )  # fmt: skip
