"""Grades in one result: who stands nearest to the best customer one could wish for, and on what that hangs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.features.customer_costs import find_grain_months
from crm_research.features.grade_rows import (
    GradeInputs,
    count_kinds,
    kept_grade_rows,
    list_items,
    read_largest,
    total_grade_rows,
)
from crm_research.features.money_window import USUAL_MONTHS, MoneyWindow, find_window, holds_months_before
from crm_research.features.profit import sources_of
from crm_research.models.costing import Costing, plan_costs
from crm_research.models.grading import read_judgements
from crm_research.pillars.grades.ahead import look_ahead
from crm_research.pillars.grades.criteria import COSTS, CRITERIA, Criteria, Held, is_about_satisfaction, make_criteria
from crm_research.pillars.grades.placing import FEWEST, place, weigh
from crm_research.pillars.grades.weighing import GIVEN, JUDGED, WEIGHTINGS, Cuts, Weighting, check_weights, cut_at
from crm_research.pillars.value.lifetime.measure import USUAL_RATE, USUAL_YEARS
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.theme import say_percent
from crm_research.vocabulary import BUSINESS

if TYPE_CHECKING:
    from crm_research.study import Study

ALL: Final = "all"
USUAL_A: Final = 0.2
USUAL_B: Final = 0.3
USUAL_SPREAD: Final = 0.1
USUAL_RANKED: Final = 2_000
MOST_RANKED: Final = 20_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Grades(Shown):
    """Which grade has each customer, and does it hang on the weights?

    Parameters
    ----------
    window, costing
        Over which months money is counted, and which costs are charged.
    who, kinds
        Whom was asked for (``business`` or ``all``), and how many customers of each kind the study names.
    n_all, income_all
        Customers who could be ranked, and what they bring; the ranked are the largest of them.
    rows
        Of the ranked, what is known of each; empty where nobody is.
    criteria
        What they are graded by.
    weightings
        Name to weights, of those that could be made.
    why_no_weighting
        Name to why a weighting could not be made.
    used
        Name of the weighting that the grades follow.
    cuts
        Up to which place each grade goes.
    places
        In the order of `rows`: near (to the best), place, grade, and of each weighting place_NAME and grade_NAME;
        lower, upper (limits of the place), current, future (closeness by the criteria of today, and by those of what
        may come; NaN where these tell nothing), any_share (share of all mixes of what weighs under which a customer is
        of grade A), worth (grade without the cost to serve; empty where nothing else weighs). Empty where nobody can be
        graded.
    why_not
        Why nobody is graded; empty where somebody is.
    """

    currency: str
    as_of: datetime
    window: MoneyWindow
    costing: Costing
    sources: Mapping[str, bool]
    who: str
    kinds: Mapping[str, int]
    n_all: int
    income_all: float
    rows: pd.DataFrame
    criteria: Criteria
    weightings: Mapping[str, Weighting]
    why_no_weighting: Mapping[str, str]
    used: str
    cuts: Cuts
    places: pd.DataFrame
    why_not: str
    spread: float
    a_share: float
    b_share: float
    confidence: float

    @property
    def n_ranked(self) -> int:
        """Customers who are ranked."""
        return len(self.rows)

    @property
    def is_graded(self) -> bool:
        """Has anybody a grade?"""
        return not self.places.empty

    @property
    def weighting(self) -> Weighting:
        """The weighting that the grades follow."""
        return self.weightings[self.used]

    @property
    def judged(self) -> Weighting | None:
        """The weighting by judgements; None where there are none, or they cannot be used."""
        return self.weightings.get(JUDGED)

    @property
    def is_all_kinds(self) -> bool:
        """Are customers of all kinds graded?"""
        return self.who == ALL or not self.kinds

    def of_grade(self, grade: str) -> pd.DataFrame:
        """What is known of the customers of a grade."""
        return self.rows.loc[(self.places["grade"] == grade).to_numpy()]

    @property
    def has_service(self) -> bool:
        """Is what it costs to serve customers recorded?"""
        return self.sources["service"] or self.sources["contacts"]

    @property
    def has_costs(self) -> bool:
        """Is any cost recorded?"""
        return self.sources["goods"] or self.has_service

    @property
    def left(self) -> pd.Series:
        """What each ranked customer leaves after all costs recorded."""
        rows = self.rows
        return rows["income"] - rows["goods"] - rows["service"] - rows["contacts"] - rows["capital"]

    @property
    def left_noun(self) -> str:
        """What is left, by its name: profit only where the goods' cost is recorded, or there are no goods."""
        if self.sources["goods"] or (not self.sources["orders"] and self.has_costs):
            return "profit"
        return "revenue after the cost to serve" if self.has_costs else "revenue"

    @property
    def n_ways(self) -> int:
        """Ways of weighing by which customers could be graded."""
        return len(self._ways)

    @property
    def _ways(self) -> list[str]:
        return [f"grade_{name}" for name in self.weightings if f"grade_{name}" in self.places]

    @property
    def telling(self) -> list[str]:
        """Criteria that weigh anything and in which customers differ."""
        weights = self.weighting.weights
        return [name for name in self.criteria.names if weights[name] > 0 and name not in self.criteria.same]

    @property
    def hangs_on_weights(self) -> bool:
        """Is what weighs in no one order? Where it is in one, or is known well of all, no weights can matter."""
        cells = self.criteria.cells
        orders = {tuple(cells[name].rank(method="min", ascending=name in COSTS).tolist()) for name in self.telling}
        return len(orders) > 1 or any(name in self.criteria.doubtful for name in self.telling)

    @property
    def has_same_grade(self) -> pd.Series:
        """Has a customer the same grade by every way of weighing?"""
        found: pd.Series = self.places[self._ways].nunique(axis=1) == 1
        return found

    @property
    def is_sure(self) -> pd.Series:
        """Is a customer of grade A whatever the weights: under as many of all mixes as the level of the limits asks?"""
        found: pd.Series = self.places["any_share"] >= self.confidence
        return found

    @property
    def is_possible(self) -> pd.Series:
        """Is a customer of grade A under some weights, and not under others?"""
        return ~self.is_sure & (self.places["any_share"] > 1 - self.confidence)


def check_asked(
    study: Study,
    *,
    position: str | None = None,
    satisfaction_items: list[str] | None = None,
    weights: Mapping[str, float] | None = None,
    judgements: Mapping[str, float | str] | None = None,
    shares: tuple[float, float] = (USUAL_A, USUAL_B),
) -> None:
    """ParameterError where a name, a weight, a judgement or the shares are none that this study can take."""
    a_share, b_share = shares
    if not 0 < a_share < 1 or not 0 <= b_share < 1 or a_share + b_share >= 1:
        raise ParameterError(
            f"a_share and b_share are shares of customers that leave some for grade C; not {a_share!r} and {b_share!r}."
        )
    check_weights(study.grade_weights if weights is None else weights)
    read_judgements(study.judgements if judgements is None else judgements, CRITERIA)
    _check_position(study, position)
    _find_items(study, satisfaction_items)


@step
def measure_grades(
    study: Study,
    *,
    who: str = BUSINESS,
    months: int = USUAL_MONTHS,
    capital_rate: float | None = None,
    contact_costs: bool = True,
    position: str | None = None,
    satisfaction_items: list[str] | None = None,
    lifetime_value: bool = True,
    horizon_years: float = USUAL_YEARS,
    discount_rate: float = USUAL_RATE,
    weights: Mapping[str, float] | None = None,
    judgements: Mapping[str, float | str] | None = None,
    weighting: str = GIVEN,
    a_share: float = USUAL_A,
    b_share: float = USUAL_B,
    n_ranked: int = USUAL_RANKED,
    spread: float = USUAL_SPREAD,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> Grades:
    """Which customers are strategic, by what they bring today and what may come, and on which weights does it hang?

    Parameters
    ----------
    study
        Needs orders or contracts.
    who
        ``business`` or ``all``. Where the study tells no kinds apart, all.
    months, capital_rate, contact_costs
        Over which whole calendar months money is counted, and which costs are charged, as the report on value does.
    position
        Column of customers, a number, that says how they stand in their industry: more is better.
    satisfaction_items
        Questions that ask for satisfaction; None takes those whose names say so.
    lifetime_value, horizon_years, discount_rate
        Is what customers will still bring a criterion, as the report on value expects it; over how many years, and
        discounted at which yearly rate.
    weights, judgements
        Criterion to weight; ``ONE over OTHER`` to how many times as important the first is. None takes the study's
        own. Without weights all criteria weigh the same.
    weighting
        Which of them makes the grades: ``given``, ``judgements`` or ``entropy``.
    a_share, b_share
        Share of the ranked who are of grade A, and of grade B.
    n_ranked
        How many are ranked: those who bring most.
    spread
        Error of a weight of one half, for the limits of places.
    """
    _check(who, weighting, n_ranked)
    check_asked(
        study,
        position=position,
        satisfaction_items=satisfaction_items,
        weights=weights,
        judgements=judgements,
        shares=(a_share, b_share),
    )
    grain = find_grain_months(study) if study.has("activities", "activity_use") else 1
    window = find_window(study, months=months, grain_months=grain)
    costing = plan_costs(study, window, volume="revenue", capital_rate=capital_rate, contact_costs=contact_costs)
    sources, kinds = sources_of(study, costing.plan), count_kinds(study)
    items, why_no_items = _find_items(study, satisfaction_items)
    looks_back = holds_months_before(study, window)
    asked = GradeInputs(
        kind=BUSINESS if kinds and who == BUSINESS else None, looks_back=looks_back, items=items, position=position
    )
    table = kept_grade_rows(study, window, costing.plan, asked)
    totals, rows = total_grade_rows(table), read_largest(table, n_ranked)
    ahead = look_ahead(
        study, rows["customer_id"], is_asked=lifetime_value, years=horizon_years, rate=discount_rate,
        confidence=confidence,
    )  # fmt: skip
    if ahead.rows is not None:
        rows = rows.assign(lifetime=ahead.rows["expected"], lifetime_error=ahead.rows["error"])
    held = Held(
        has_goods=sources["goods"],
        why_no_goods=_say_no_goods(costing),
        has_service=sources["service"] or sources["contacts"],
        ahead=ahead.meaning,
        why_not_ahead=ahead.why_not,
        looks_back=looks_back,
        why_not_back=f"the records do not hold the {window.months} months before whole",
        items=items,
        why_no_items=why_no_items,
        position=position,
    )
    start = window.before().start if looks_back else window.start
    criteria = make_criteria(rows, held, days_back=(study.as_of - start) / timedelta(days=1))
    weightings, why_no_weighting = weigh(
        criteria,
        study.grade_weights if weights is None else weights,
        study.judgements if judgements is None else judgements,
    )
    cuts = cut_at(len(rows), a_share, b_share)
    places, why_not = place(criteria, weightings, why_no_weighting, weighting, cuts, spread, confidence, seed)
    return Grades(
        currency=study.currency,
        as_of=study.as_of,
        window=window,
        costing=costing,
        sources=sources,
        who=who,
        kinds=MappingProxyType(kinds),
        n_all=int(totals["n"]),
        income_all=totals["income"],
        rows=rows,
        criteria=criteria,
        weightings=MappingProxyType(weightings),
        why_no_weighting=MappingProxyType(why_no_weighting),
        used=weighting,
        cuts=cuts,
        places=places,
        why_not=why_not,
        spread=spread,
        a_share=a_share,
        b_share=b_share,
        confidence=confidence,
    )


def _check(who: str, weighting: str, n_ranked: int) -> None:
    if who not in (BUSINESS, ALL):
        raise ParameterError(f"who must be {BUSINESS} or {ALL}; not {who!r}.")
    if weighting not in WEIGHTINGS:
        raise ParameterError(f"weighting must be one of {', '.join(WEIGHTINGS)}; not {weighting!r}.")
    if not FEWEST <= n_ranked <= MOST_RANKED:
        raise ParameterError(f"n_ranked must be from {FEWEST} to {MOST_RANKED:,}; not {n_ranked!r}.")


def _check_position(study: Study, position: str | None) -> None:
    if position is None:
        return
    columns = study.table("customers").schema() if study.has("customers") else {}
    numbers = [name for name, kind in columns.items() if kind.is_numeric() and not kind.is_boolean()]
    if position not in numbers:
        raise ParameterError(
            f"position: {position!r} is no column of customers that holds a number. {offer_names(position, numbers)}"
        )


def _find_items(study: Study, asked: list[str] | None) -> tuple[tuple[str, ...], str]:
    """The questions of satisfaction, or why there are none."""
    known = list_items(study)
    if asked is not None:
        unknown = [item for item in asked if item not in known]
        if unknown:
            raise ParameterError(
                f"satisfaction_items: no customer has answered {unknown[0]!r}. {offer_names(unknown[0], known)}"
            )
        return tuple(dict.fromkeys(asked)), "no question was chosen for it"
    if not known:
        return (), "no customer who is named has answered a survey"
    found = tuple(item for item in known if is_about_satisfaction(item))
    return found, "no question of the surveys names it: satisfaction_items says which ask for it"


def _say_no_goods(costing: Costing) -> str:
    if costing.costed_share:
        return f"the cost of goods is recorded for {say_percent(costing.costed_share)} of sales only"
    return "no cost of goods is recorded, so it would be volume again"
