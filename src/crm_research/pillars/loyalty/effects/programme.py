"""Membership of a programme: where the records hold it, and what went with joining it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.features.clock import instant
from crm_research.features.purchases import Occasion, build_purchases
from crm_research.features.window import known_rows
from crm_research.pillars.loyalty.effects.landmarks import LandmarkComparison, compare_from_landmarks
from crm_research.show.shown import Shown
from crm_research.stats.intervals import newcombe_difference
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

MEMBER: Final = "joined the programme"
PLAN: Final = "plan"
DATE: Final = "date"
CAMPAIGN: Final = "campaign"
# What programmes are called, not what other plans or dates are: a bare "card" may be a means of payment.
_WORDS: Final = re.compile(
    r"loyal|member|club|reward|bonus|frequent|miles|vip|mitglied|treue|kundenkarte|会员|積分|积分|忠诚|俱乐部",
    re.IGNORECASE,
)
_MOST_NAMES: Final = 500


@dataclass(frozen=True, eq=False, kw_only=True)
class Membership(Shown):
    """A programme as the records hold it.

    Parameters
    ----------
    words
        What stands for joining it, such as ``contracts of the plan 'Club'``.
    joined
        customer_id, at, group (``joined the programme``); one row a customer, the first time.
    is_named
        It was named by the parameter, not found by what it is called.
    """

    words: str
    joined: ir.Table
    is_named: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class ProgrammeEffect(Shown):
    """What went with joining a programme.

    Parameters
    ----------
    membership
        What was read as joining it.
    n_members, first_at, last_at
        Customers who had joined by as_of, and when the first and the last did.
    comparison
        New members from the end of the window (see `choose_width`) they joined in, beside others who were alike until
        then; its `table` has no row where fewer than twenty can be compared.
    naive
        One row: ``n_members``, ``members`` (share that bought in the last `days`), ``n_others``, ``others``,
        ``difference``, ``lower``, ``upper``: what is usually said of a programme, and shows no effect.
    """

    membership: Membership
    n_members: int
    first_at: datetime | None
    last_at: datetime | None
    comparison: LandmarkComparison
    naive: pd.DataFrame

    @property
    def found(self) -> pd.Series | None:
        """The row of the comparison; None where too few can be compared."""
        return None if self.comparison.table.empty else self.comparison.table.iloc[0]


@step
def find_membership(study: Study, programme: str | None = None) -> Membership | None:
    """Where do the records hold when customers joined a programme?

    Looked for in contracts (a plan), in columns of time of customers (such as card_since), and in answers to campaigns
    (an invitation). Use of activities is counted over periods and holds no day of joining.

    Parameters
    ----------
    programme
        A plan, a column, or a campaign (id, name or kind); ``contracts``: any contract. None looks for names that
        speak of a club, members, loyalty, rewards.

    Raises
    ------
    ParameterError
        For a programme that is not there.
    """
    known = _candidates(study)
    if programme is None:
        chosen = [entry for entry in known if _WORDS.search(entry[1])]
    else:
        asked = programme.strip().casefold()
        chosen = [entry for entry in known if entry[1].casefold() == asked]
        chosen = chosen or [entry for entry in known if asked in entry[1].casefold()]
        if asked == "contracts" and study.has("contracts"):
            chosen = [(PLAN, "contracts")]
        if not chosen:
            names = [name for _, name in known]
            raise ParameterError(
                f"programme names {programme!r}, which is no plan of contracts, no column of time of customers and no "
                f"campaign that was answered. {offer_names(programme, names) if names else 'There are none.'}"
            )
    if not chosen:
        return None
    # One place stands for the programme: a plan before a date, a date before an invitation.
    kind = next(kind for kind in (PLAN, DATE, CAMPAIGN) if any(entry[0] == kind for entry in chosen))
    names = [name for held, name in chosen if held == kind]
    joined = _read_joined(study, kind, names)
    joined = joined.filter(joined.customer_id.notnull(), joined["at"].notnull())  # noqa: PD004 - Ibis
    first = joined.group_by("customer_id").agg(at=joined["at"].min()).mutate(group=ibis.literal(MEMBER))
    return Membership(words=_say(kind, names), joined=first, is_named=programme is not None)


@step
def measure_programme(
    study: Study,
    membership: Membership,
    *,
    days: float,
    occasion: Occasion = "day",
    confidence: float = 0.95,
) -> ProgrammeEffect:
    """Do customers buy more often after joining than others who were alike until then?

    Parameters
    ----------
    days
        Followed so long after the end of the window of joining.

    Notes
    -----
    See `compare_from_landmarks`. By intention to treat: who leaves the programme again stays a member here.
    """
    span = membership.joined.aggregate(
        n=membership.joined.count(), first=membership.joined["at"].min(), last=membership.joined["at"].max()
    )
    row = span.to_pandas().iloc[0]
    return ProgrammeEffect(
        membership=membership,
        n_members=int(row["n"]),
        first_at=None if pd.isna(row["first"]) else row["first"].to_pydatetime(),
        last_at=None if pd.isna(row["last"]) else row["last"].to_pydatetime(),
        comparison=compare_from_landmarks(
            study, membership.joined, days=days, is_lasting=True, occasion=occasion, confidence=confidence
        ),
        naive=_compare_naively(study, membership.joined, days, confidence),
    )  # fmt: skip


def _candidates(study: Study) -> list[tuple[str, str]]:
    """Kind and name of whatever could stand for joining a programme."""
    found: list[tuple[str, str]] = []
    if study.has("contracts") and "plan" in study.table("contracts").columns:
        plans = known_rows(study, "contracts").select("plan").distinct().limit(_MOST_NAMES).to_pandas()["plan"]
        found += [(PLAN, str(name)) for name in sorted(plans.dropna())]
    if study.has("customers"):
        schema = study.table("customers").schema()
        dates = [name for name, kind in schema.items() if kind.is_timestamp() or kind.is_date()]
        found += [(DATE, name) for name in dates if name != "registered_at"]
    if study.has("campaign_responses"):
        names = known_rows(study, "campaign_responses").select("campaign_id").distinct()
        if study.has("campaigns"):
            campaigns = known_rows(study, "campaigns")
            kept = [name for name in ("campaign_id", "name", "kind") if name in campaigns.columns]
            names = campaigns.select(*kept).semi_join(names, "campaign_id").distinct()
        frame = names.limit(_MOST_NAMES).to_pandas()
        held = {str(name) for column in frame.columns for name in frame[column].dropna()}
        found += [(CAMPAIGN, name) for name in sorted(held)]
    return found


def _read_joined(study: Study, kind: str, names: list[str]) -> ir.Table:
    if kind == DATE:
        people = known_rows(study, "customers")
        at = ibis.least(*(people[name].cast("timestamp") for name in names))
        return people.select("customer_id", at=(at <= instant(study.as_of)).ifelse(at, None))
    if kind == PLAN:
        rows = known_rows(study, "contracts")
        held = rows if names == ["contracts"] else rows.filter(rows.plan.isin(names))
        return held.select("customer_id", at=held.started_at)
    rows = known_rows(study, "campaign_responses")
    is_one = rows.campaign_id.isin(names)
    if study.has("campaigns"):
        campaigns = known_rows(study, "campaigns")
        for column in ("name", "kind"):
            if column in campaigns.columns:
                held = campaigns.filter(campaigns[column].isin(names)).campaign_id
                is_one = is_one | rows.campaign_id.isin(held)
    taken = rows.filter(is_one)
    return taken.select("customer_id", at=taken.responded_at)


def _say(kind: str, names: list[str]) -> str:
    if kind == PLAN and names == ["contracts"]:
        return "the first contract of a customer"
    said = ", ".join(repr(name) for name in names[:3]) + (" and others" if len(names) > 3 else "")
    if kind == PLAN:
        return f"contracts of the plan {said}"
    return f"the customers' date {said}" if kind == DATE else f"answers to the campaign {said}"


def _compare_naively(study: Study, joined: ir.Table, days: float, confidence: float) -> pd.DataFrame:
    """Members against everybody else, over the last days: who joins, and who is gone, settles it."""
    columns = ["n_members", "members", "n_others", "others", "difference", "lower", "upper"]
    since = instant(study.as_of - timedelta(days=days))
    sales = build_purchases(study)
    by_customer = sales.group_by("customer_id").agg(first_at=sales.ordered_at.min(), last_at=sales.ordered_at.max())
    known = by_customer.filter(by_customer.first_at < since).left_join(joined, "customer_id")
    known = known.mutate(
        is_member=(known["at"] < since).fill_null(ibis.literal(value=False)),
        came=(known.last_at >= since).ifelse(1, 0),
    )
    counted = known.group_by("is_member").agg(n=known.count(), came=known.came.sum()).to_pandas()
    sides = counted.set_index("is_member").reindex([True, False], fill_value=0)
    n, came = sides["n"].to_numpy(dtype=float), sides["came"].to_numpy(dtype=float)
    if n.min() < 1:
        return pd.DataFrame(columns=columns)
    gap = newcombe_difference(came[0], n[0], came[1], n[1], confidence=confidence)
    row = [n[0], came[0] / n[0], n[1], came[1] / n[1], float(gap.estimate), float(gap.lower), float(gap.upper)]
    return pd.DataFrame([row], columns=columns).astype({"n_members": int, "n_others": int})
