"""The customer file in one result: who a few customers are, what they are worth, what is at stake, what is doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.deferred import Later, deferred
from crm_research.errors import NotEnoughData, ParameterError
from crm_research.features import customer_file as records
from crm_research.features.customers import build_customers
from crm_research.features.suspicions import suspect_dealings
from crm_research.pillars.customer_file.choose import TOP, USUAL_TOP, Chosen, find_customers
from crm_research.pillars.customer_file.industry import Industry, read_industry
from crm_research.pillars.customer_file.worth import (
    ALMOST_SURELY,
    CHANCES,
    MONEY,
    STAKES,
    Counted,
    Leaving,
    ToCome,
    put_at_stake,
    read_chances,
    read_counted,
    read_leaving,
    read_money,
    read_tiers,
    read_to_come,
    year_before,
)
from crm_research.pillars.grades.measure import measure_grades
from crm_research.pillars.segmentation.deployment.assign import assign_customers
from crm_research.pillars.segmentation.deployment.save import keep_segmentation
from crm_research.pillars.segmentation.result import segment_customers
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.vocabulary import BUSINESS, DECIDES, FOR_US

if TYPE_CHECKING:
    from crm_research.study import Study

_SUSPECTED: Final = ("orders", "invoices", "contacts")
_PEOPLE: Final = ("customer_id", "person_id", "name", "role", "stance", "since", "spoken_at")
_MONTHS: Final = ("customer_id", "lane", "month", "n", "money", "first_at", "last_at")
NOBODY_DECIDES: Final = "nobody who decides"
NOBODY_FOR_US: Final = "nobody who is for us"
NOBODY_SPOKEN_TO: Final = "nobody spoken to in a year"
NOBODY_KNOWN: Final = "nobody at all"


@dataclass(frozen=True, eq=False, kw_only=True)
class CustomerFile(Shown):
    """Who are these customers, what are they worth, what is at stake, and what is doubtful about their records?

    Parameters
    ----------
    chosen
        Whose file it is, and by which rule.
    basics
        One customer in the order of the page: customer_id, kind, registered_at, and the declared attributes, as far as
        the study has them.
    attributes
        Names of the declared attributes.
    months
        One customer, kind of dealings (lane) and calendar month: customer_id, lane, month, n, money, first_at, last_at.
    contracts
        One contract: customer_id, contract_id, started_at, ended_at, end_reason, plan, fee.
    contacts
        One customer and kind of contact: customer_id, kind, n, n_recent (in the last year), last_at, n_open,
        oldest_open_at.
    answers
        The last answer to each question: customer_id, item, score, scale_min, scale_max, asked_at.
    worth
        One customer in the order of the page: customer_id; income, revenue, fees, goods, service, contacts, capital,
        profit and n_orders of the window (NaN without money in it); leave, leave_lower, leave_upper, n_running,
        n_judged, gone, gone_lower, gone_upper; at_stake, at_stake_lower, at_stake_upper; tier (empty if none).
    counted
        How money is counted; None where nothing is recorded of what customers bring.
    leaving
        What tells who leaves.
    to_come
        What they will bring.
    people
        One person and role: customer_id, person_id, name, role, stance, since, spoken_at. None without the table.
    gaps
        Customer to what is not known or not done where it buys; of business customers, and of those with people.
    industry
        What they buy, through whom, and how they pay.
    links, suspicions
        Joined records (customer_id, n_records, n_systems, least_probability), and dealings under suspicion
        (customer_id, suspicion, n).
    held
        Tables that the study has.
    """

    title: str
    currency: str
    as_of: datetime
    confidence: float
    held: frozenset[str]
    chosen: Chosen
    basics: pd.DataFrame
    attributes: tuple[str, ...]
    months: pd.DataFrame
    contracts: pd.DataFrame
    contacts: pd.DataFrame
    answers: pd.DataFrame
    worth: pd.DataFrame
    counted: Counted | None
    leaving: Leaving
    to_come: deferred[ToCome] = deferred()
    people: pd.DataFrame | None
    gaps: dict[str, tuple[str, ...]]
    industry: deferred[Industry] = deferred()
    links: pd.DataFrame
    suspicions: deferred[pd.DataFrame] = deferred()
    segments: deferred[pd.DataFrame | str] = deferred()
    grades: deferred[pd.DataFrame | str] = deferred()

    @property
    def ids(self) -> tuple[str, ...]:
        """The customers, in the order of the page."""
        return self.chosen.ids

    def of(self, customer: str) -> pd.Series:
        """What a customer is worth, and what is at stake: the row of `worth`."""
        return self.worth.loc[self.worth["customer_id"] == customer].iloc[0]

    def kind_of(self, customer: str) -> str | None:
        """Is it a consumer or a business? None where the records do not say."""
        if "kind" not in self.basics.columns:
            return None
        kind = self.basics.loc[self.basics["customer_id"] == customer, "kind"].iloc[0]
        return None if pd.isna(kind) else str(kind)

    def lane(self, customer: str, lane: str) -> pd.DataFrame:
        """Its months of one kind of dealings."""
        return self.months.loc[(self.months["customer_id"] == customer) & (self.months["lane"] == lane)]


@step
def measure_file(
    study: Study,
    *,
    customers: str | Sequence[str] = TOP,
    n_top: int = USUAL_TOP,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> CustomerFile:
    """What do the records hold of these customers, and what do the other reports say of them?

    Parameters
    ----------
    study
        Needs any table that names customers.
    customers
        Their ids, or pseudonyms of a page of this study; ``top`` takes those worth a look: who has most at stake among
        the 1,000 who contributed most in the latest months, but for those who are almost surely gone.
    n_top
        How many ``top`` takes, 1 to 20.
    confidence, seed
        Level of the intervals, and start of the draws.

    Raises
    ------
    ParameterError
        For somebody whom the records do not know at as_of.
    """
    leaving = read_leaving(study, confidence=confidence, seed=seed)
    chosen, worth = _choose(study, customers, n_top, leaving, confidence, seed)
    ids = chosen.ids
    tiers = read_tiers(study, ids, confidence=confidence, seed=seed)
    worth = worth.assign(tier=[tiers.get(one, "") for one in ids])
    attributes = tuple(study.attributes_of("customers"))
    basics = _read(build_customers(study), ids)
    people = _read(records.list_people(study, ids), ids, "person_id", "role") if study.has("people") else None
    contacts, counted = _contacts(study, ids), read_counted(study, confidence=confidence, seed=seed)
    return CustomerFile(
        title=study.title,
        currency=study.currency,
        as_of=study.as_of,
        confidence=confidence,
        held=frozenset(study.tables),
        chosen=chosen,
        basics=basics,
        attributes=tuple(name for name in attributes if name in basics.columns),
        months=_months(study, ids),
        contracts=_read(records.list_contracts(study, ids), ids, "started_at", "contract_id")
        if study.has("contracts")
        else pd.DataFrame(columns=["customer_id"]),
        contacts=contacts,
        answers=_answers(study, ids),
        worth=worth,
        counted=counted,
        leaving=leaving,
        to_come=Later(lambda: read_to_come(study, ids, confidence=confidence, seed=seed)),
        people=people,
        gaps=_find_gaps(study, basics, people, contacts),
        industry=Later(
            lambda: read_industry(study, ids, window=None if counted is None else counted.window, confidence=confidence)
        ),
        links=_read(records.count_links(study, ids), ids)
        if study.has("links")
        else pd.DataFrame(columns=["customer_id"]),
        suspicions=Later(lambda: _suspicions(study, ids)),
        segments=Later(lambda: _segments(study, ids, confidence, seed)),
        grades=Later(lambda: _grades(study, ids, confidence, seed)),
    )


def _choose(
    study: Study, customers: str | Sequence[str], n_top: int, leaving: Leaving, confidence: float, seed: int
) -> tuple[Chosen, pd.DataFrame]:
    """Whose file it is, with what they are worth."""
    if customers != TOP:
        named = [customers] if isinstance(customers, str) else list(customers)
        ids = find_customers(study, named)
        return Chosen(ids=ids, rule="named"), _worth(study, ids, leaving, confidence, seed)
    money = read_money(study, None, confidence=confidence)
    if money.empty:
        people = build_customers(study).select("customer_id").order_by("customer_id").limit(n_top)
        ids = tuple(people.to_pyarrow()["customer_id"].to_pylist())
        return Chosen(ids=ids, rule="first"), _worth(study, ids, leaving, confidence, seed)
    candidates = tuple(money["customer_id"])
    # The limits are for the page alone: they cost much more than the chance itself.
    chances = read_chances(study, leaving, candidates, confidence=confidence, seed=seed)
    ranked = money.merge(chances, on="customer_id", how="left")
    ranked = ranked.join(put_at_stake(ranked)).assign(_place=range(len(ranked)))
    is_lost = (ranked["gone"] > ALMOST_SURELY) & (ranked["n_running"] == 0)
    ranked = ranked.loc[~is_lost] if not is_lost.all() else ranked
    rule = "stake" if (ranked["at_stake"] > 0).any() else "contribution"
    order = ranked.sort_values(["at_stake", "_place"], ascending=[False, True], kind="stable", na_position="last")
    ids = tuple((order if rule == "stake" else ranked)["customer_id"].head(n_top))
    return Chosen(ids=ids, rule=rule, n_looked_at=len(candidates)), _worth(study, ids, leaving, confidence, seed)


def _worth(study: Study, ids: Sequence[str], leaving: Leaving, confidence: float, seed: int) -> pd.DataFrame:
    if not ids:
        return pd.DataFrame(columns=["customer_id", *MONEY, *CHANCES, *STAKES])
    money = read_money(study, ids, confidence=confidence)
    frame = pd.DataFrame({"customer_id": list(ids)}).merge(money, on="customer_id", how="left")
    frame[list(MONEY)] = frame[list(MONEY)].astype(float)
    frame = frame.merge(read_chances(study, leaving, ids, confidence=confidence, seed=seed), on="customer_id")
    return frame.join(put_at_stake(frame))


def _read(table: object, ids: Sequence[str], *order: str) -> pd.DataFrame:
    """A table's rows of these customers, in the order of the page."""
    if not ids:
        return pd.DataFrame(columns=list(table.columns))  # type: ignore[attr-defined]
    rows = table.filter(table.customer_id.isin(list(ids)))  # type: ignore[attr-defined]
    frame: pd.DataFrame = rows.to_pandas()
    place = {one: number for number, one in enumerate(ids)}
    frame = frame.assign(_place=frame["customer_id"].map(place))
    return frame.sort_values(["_place", *order], kind="stable", ignore_index=True).drop(columns="_place")


def _months(study: Study, ids: Sequence[str]) -> pd.DataFrame:
    counted = records.build_month_counts(study, ids) if ids else None
    if counted is None:
        return pd.DataFrame(columns=list(_MONTHS))
    return _read(counted, ids, "lane", "month")


def _contacts(study: Study, ids: Sequence[str]) -> pd.DataFrame:
    if not study.has("contacts") or not ids:
        return pd.DataFrame(columns=["customer_id", "kind", "n", "n_recent", "last_at", "n_open", "oldest_open_at"])
    return _read(records.count_contact_kinds(study, ids, year_before(study.as_of)), ids, "kind")


def _answers(study: Study, ids: Sequence[str]) -> pd.DataFrame:
    if not study.has("surveys") or not ids or "customer_id" not in study.table("surveys").columns:
        return pd.DataFrame(columns=["customer_id", "item", "score", "scale_min", "scale_max", "asked_at"])
    return _read(records.list_last_answers(study, ids), ids, "item")


def _find_gaps(
    study: Study, basics: pd.DataFrame, people: pd.DataFrame | None, contacts: pd.DataFrame
) -> dict[str, tuple[str, ...]]:
    """What is not known or not done at each business customer, and at each other one with people; the gravest first."""
    if people is None:
        return {}
    since = year_before(study.as_of)
    names_persons = study.has("contacts") and "person_id" in study.table("contacts").columns
    is_spoken_of = study.has("contacts")
    found: dict[str, tuple[str, ...]] = {}
    for row in basics.to_dict("records"):
        customer = row["customer_id"]
        own = people.loc[people["customer_id"] == customer]
        if own.empty and row.get("kind") != BUSINESS:
            continue
        if own.empty:
            found[customer] = (NOBODY_KNOWN,)
            continue
        gaps = [] if (own["role"] == DECIDES).any() else [NOBODY_DECIDES]
        gaps += [] if (own["stance"] == FOR_US).any() else [NOBODY_FOR_US]
        of_customer = contacts.loc[contacts["customer_id"] == customer, "last_at"].max()
        last = own["spoken_at"].max() if names_persons else of_customer
        if is_spoken_of and (pd.isna(last) or last <= pd.Timestamp(since)):
            gaps.append(NOBODY_SPOKEN_TO)
        found[customer] = tuple(gaps)
    return found


def _suspicions(study: Study, ids: Sequence[str]) -> pd.DataFrame:
    if not ids or not any(study.has(name) for name in _SUSPECTED):
        return pd.DataFrame(columns=["customer_id", "suspicion", "n"])
    suspected = suspect_dealings(study)
    own = suspected.filter(suspected.customer_id.isin(list(ids)))
    return _read(own.group_by("customer_id", "suspicion").agg(n=own.count()), ids, "suspicion")


def _segments(study: Study, ids: Sequence[str], confidence: float, seed: int) -> pd.DataFrame | str:
    """customer_id, segment, certainty, second_segment, why_not; why nobody has a segment, where that is so."""
    try:
        segments = segment_customers(study, confidence=confidence, seed=seed)
        if segments.found is None:
            return segments.why_not
        assigned = assign_customers(study, keep_segmentation(study, segments))
    except (NotEnoughData, ParameterError) as problem:
        return str(problem)
    return _read(assigned.select("customer_id", "segment", "certainty", "second_segment", "why_not"), ids)


def _grades(study: Study, ids: Sequence[str], confidence: float, seed: int) -> pd.DataFrame | str:
    """customer_id, grade, place, lower, upper (limits of the place), n_ranked; why nobody is graded, where so."""
    if not (study.has("orders") or study.has("contracts")):
        return "Neither orders nor contracts are recorded, so nobody is graded."
    grades = measure_grades(study, confidence=confidence, seed=seed)
    if not grades.is_graded:
        return grades.why_not
    places = grades.places[["grade", "place", "lower", "upper"]]
    frame = places.assign(customer_id=grades.rows["customer_id"].to_numpy(), n_ranked=grades.n_ranked)
    frame = frame.loc[frame["customer_id"].isin(list(ids))]
    order = {one: place for place, one in enumerate(ids)}
    return frame.sort_values("customer_id", key=lambda held: held.map(order), ignore_index=True)
