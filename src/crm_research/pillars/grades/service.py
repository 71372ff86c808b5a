"""What customers of each grade get, what that costs, and whether it fits their grade."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.pillars.grades.weighing import GRADES
from crm_research.show.shown import Shown
from crm_research.stats.intervals import exact_share, poisson_rate
from crm_research.stats.multiplicity import adjust_holm
from crm_research.vocabulary import CONTACT_KINDS, DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.pillars.grades.measure import Grades
    from crm_research.stats.intervals import FloatArray

    Names = np.ndarray[Any, Any]

STRATEGIC: Final = "A"
STANDARD: Final = "C"
COMPLAINT: Final = "complaint"
VISIT: Final = "visit"
# What customers get of us; a complaint is what they got too little of.
CARE: Final = tuple(kind for kind in CONTACT_KINDS if kind != COMPLAINT)
ALL_CARE: Final = "all but complaints"
_COSTS: Final = ("service", "contacts", "capital")


@dataclass(frozen=True, eq=False, kw_only=True)
class Service(Shown):
    """What does each grade get and cost, and who gets more or less than their grade?

    Grades here leave the cost to serve out: who gets much would else be of a low grade for that alone.

    Parameters
    ----------
    grades
        Grain: grade with somebody in it. grade, n_customers, years (that they were customers in the window, together),
        income, cost (to serve), cost_share (of income; NaN without any), cost_each (a customer).
    contacts
        Grain: kind of contact, and grade. kind (the last is all but complaints), grade, n_customers, n (contacts),
        years, rate (a customer and year), lower, upper; empty without contacts.
    compared
        Grain: kind of contact that is not a complaint, and all of these. kind, ratio (rate of grade A over rate of
        grade C), lower, upper, p_adjusted; empty where one of the two grades is, or neither has a contact.
    over, under
        Customers of grade C who get more than those of grade A on average, and of A who get less than those of C,
        beyond chance in any of so many: place in the ranked rows, n (contacts), years, expected, p_adjusted.
    n_tested
        Customers who were tested.
    can_tell_under
        Would not a single contact be beyond chance for anybody of grade A?
    """

    grades: pd.DataFrame
    contacts: pd.DataFrame
    compared: pd.DataFrame
    over: pd.DataFrame
    under: pd.DataFrame
    n_tested: int
    can_tell_under: bool

    @property
    def has_contacts(self) -> bool:
        """Is any contact recorded?"""
        return not self.contacts.empty

    def rate_of(self, grade: str, kind: str = ALL_CARE) -> pd.Series | None:
        """The row of a kind of contact and a grade; None where there is none."""
        if self.contacts.empty:
            return None
        found = self.contacts.loc[(self.contacts["kind"] == kind) & (self.contacts["grade"] == grade)]
        return None if found.empty else found.iloc[0]

    @property
    def ratio(self) -> pd.Series | None:
        """How many times the contacts of grade C those of grade A have; None where that is not known."""
        if self.compared.empty:
            return None
        return self.compared.iloc[-1]


def measure_service(found: Grades) -> Service | None:
    """What each grade gets and costs; None where nobody is graded, or by the cost to serve alone."""
    if not found.is_graded or found.places["worth"].eq("").any():
        return None
    rows, grade = found.rows, found.places["worth"].to_numpy()
    days_after = (found.as_of - found.window.end) / timedelta(days=1)
    days = np.clip(rows["days_known"].to_numpy(dtype=float) - days_after, 0.0, found.window.days)
    years = days / DAYS_PER_YEAR
    counts = {kind: rows[f"n_{kind}"].to_numpy(dtype=float) for kind in CONTACT_KINDS}
    care = np.sum([counts[kind] for kind in CARE], axis=0)
    has_contacts = bool(np.sum(list(counts.values())) > 0)
    over, under, n_tested, can_tell = _misfits(care, years, grade, found.confidence)
    return Service(
        grades=_sum_grades(rows, years, grade),
        contacts=_contacts({**counts, ALL_CARE: care}, years, grade, found.confidence)
        if has_contacts
        else pd.DataFrame(),
        compared=_compare({**{kind: counts[kind] for kind in CARE}, ALL_CARE: care}, years, grade, found.confidence),
        over=over,
        under=under,
        n_tested=n_tested,
        can_tell_under=can_tell,
    )


def _sum_grades(rows: pd.DataFrame, years: FloatArray, grade: Names) -> pd.DataFrame:
    cost = rows[list(_COSTS)].sum(axis=1).to_numpy(dtype=float)
    frame = pd.DataFrame({"grade": grade, "years": years, "income": rows["income"].to_numpy(dtype=float), "cost": cost})
    summed = frame.groupby("grade").agg(
        n_customers=("grade", "size"), years=("years", "sum"), income=("income", "sum"), cost=("cost", "sum")
    )
    summed = summed.reindex([name for name in GRADES if name in summed.index]).reset_index()
    summed["cost_share"] = (summed["cost"] / summed["income"]).where(summed["income"] > 0)
    summed["cost_each"] = summed["cost"] / summed["n_customers"]
    return summed


def _contacts(counts: dict[str, FloatArray], years: FloatArray, grade: Names, confidence: float) -> pd.DataFrame:
    made = []
    for kind, held in counts.items():
        for name in GRADES:
            is_of = grade == name
            if held.any() and years[is_of].sum() > 0:
                n, exposure = float(held[is_of].sum()), float(years[is_of].sum())
                lower, upper = _limit_rate(held[is_of], years[is_of], confidence)
                made.append((kind, name, int(is_of.sum()), int(n), exposure, n / exposure, lower, upper))
    columns = ["kind", "grade", "n_customers", "n", "years", "rate", "lower", "upper"]
    return pd.DataFrame(made, columns=columns)


def _limit_rate(counts: FloatArray, years: FloatArray, confidence: float) -> tuple[float, float]:
    """Exact limits of a Poisson rate, as much wider as customers differ more than chance gives."""
    times = _dispersion(counts, years)
    found = poisson_rate(counts.sum() / times, years.sum() / times, confidence=confidence)
    return float(found.lower), float(found.upper)


def _dispersion(counts: FloatArray, years: FloatArray) -> float:
    """How much more the counts of customers vary than by chance alone; at least 1."""
    expected = years * counts.sum() / years.sum()
    held = expected > 0
    if held.sum() < 2:
        return 1.0
    return max(float((np.square(counts - expected)[held] / expected[held]).sum() / (held.sum() - 1)), 1.0)


def _compare(counts: dict[str, FloatArray], years: FloatArray, grade: Names, confidence: float) -> pd.DataFrame:
    """The rate of grade A over that of grade C, each kind beside the others (Holm), and of all kinds together.

    Given the contacts of both grades together, those of A have a binomial distribution (Clopper and Pearson's limits);
    counts that stray more than by chance are taken for as many fewer.
    """
    columns = ["kind", "ratio", "lower", "upper", "p_adjusted"]
    is_a, is_c = (((grade == name) & (years > 0)) for name in (STRATEGIC, STANDARD))
    e, e0 = float(years[is_a].sum()), float(years[is_c].sum())
    if not e or not e0:
        return pd.DataFrame(columns=columns)
    made, p_values = [], []
    for kind, held in counts.items():
        times = max(_dispersion(held[one], years[one]) for one in (is_a, is_c))
        k, k0 = float(held[is_a].sum()) / times, float(held[is_c].sum()) / times
        if k + k0 > 0:
            ratio, lower, upper, p = _compare_rates(k, k0, e, e0, confidence)
            made.append((kind, ratio, lower, upper))
            p_values.append(p)
    if not made:
        return pd.DataFrame(columns=columns)
    adjusted = [*adjust_holm(p_values[:-1]), p_values[-1]]
    return pd.DataFrame([(*row, p) for row, p in zip(made, adjusted, strict=True)], columns=columns)


def _compare_rates(k: float, k0: float, e: float, e0: float, confidence: float) -> tuple[float, float, float, float]:
    share, found = e / (e + e0), exact_share(k, k + k0, confidence=confidence)
    as_many = float(stats.beta.cdf(share, k, k0 + 1)) if k else 1.0
    as_few = float(stats.beta.sf(share, k + 1, k0)) if k0 else 1.0
    ratio, lower, upper = (_odds(float(part)) * e0 / e for part in found)
    return ratio, lower, upper, min(1.0, 2 * min(as_many, as_few))


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")


def _misfits(
    care: FloatArray, years: FloatArray, grade: Names, confidence: float
) -> tuple[pd.DataFrame, pd.DataFrame, int, bool]:
    """Who of C gets more than A does, and who of A less than C does, beyond chance in any of all who were tested.

    Given the contacts of one customer and of the other grade together, that so many are the customer's has a binomial
    distribution, were their rates the same. All tests of both sides are adjusted together (Holm).
    """
    empty = pd.DataFrame(columns=["place", "n", "years", "expected", "p_adjusted"])
    is_there = years > 0
    made, least_p = [], 1.0
    for own, other, side in ((STANDARD, STRATEGIC, "over"), (STRATEGIC, STANDARD, "under")):
        among = (grade == other) & is_there
        k0, e0 = float(care[among].sum()), float(years[among].sum())
        places = np.flatnonzero((grade == own) & is_there)
        if not e0 or not len(places):
            continue
        n, e = care[places], years[places]
        share = e / (e + e0)
        if side == "over":
            p = stats.binom.sf(n - 1, n + k0, share)
        else:
            p = stats.binom.cdf(n, n + k0, share)
            least_p = float(((1 - share) ** k0).min())
        made.append(pd.DataFrame({"place": places, "side": side, "n": n, "years": e, "expected": e * k0 / e0, "p": p}))
    if not made or not care.any():
        return empty, empty, 0, False
    tested = pd.concat(made, ignore_index=True)
    tested["p_adjusted"] = adjust_holm(tested["p"])
    clear = tested.loc[tested["p_adjusted"] <= 1 - confidence].sort_values(["p_adjusted", "place"])
    over, under = (
        clear.loc[clear["side"] == side, list(empty.columns)].reset_index(drop=True) for side in ("over", "under")
    )
    return over, under, len(tested), least_p * len(tested) <= 1 - confidence
