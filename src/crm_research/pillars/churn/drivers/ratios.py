"""The ratios that a reader is told: one for each comparison, or an early and a late one where it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_research.models.hazards import CoxFit, HazardFit
from crm_research.models.hazards.design import NOT_KNOWN, Term
from crm_research.models.hazards.early_late import EARLY, LATE, EarlyLateFit, fit_early_late
from crm_research.models.hazards.spell_rows import rows_read
from crm_research.models.second_opinion import SecondOpinion, compare_ratios
from crm_research.theme import join_words
from crm_research.vocabulary import days_in_months, months_of_days

RATIO_COLUMNS: Final = (
    "covariate",
    "level",
    "reference",
    "period",
    "hazard_ratio",
    "lower",
    "upper",
    "p_value",
    "p_whole",
    "n",
    "n_ended",
    "is_doubtful",
)
_SMALL_P: Final = 0.05
_LEAST_BEND: Final = 1.1
# Notes that the fit with one ratio throughout has given already.
_SAID_BEFORE: Final = (
    "nothing that the other characteristics",
    "can hardly be told apart",
    "marks nearly the same",
    "missing number",
    "under observation",
    "clusters",
    "ends carry",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Ratios:
    """What goes with leaving sooner, and what was done where it changes with tenure.

    Parameters
    ----------
    table
        Grain: comparison. Columns ``covariate``, ``level``, ``reference``, ``period`` (in words; empty where one ratio
        holds throughout), ``hazard_ratio``, ``lower``, ``upper``, ``p_value``, ``p_whole`` (of the whole covariate in
        the period), ``n`` (contracts that the ratio's model read), ``n_ended``
        (of them, in the period), ``is_doubtful`` (an average of a ratio that changes).
    remedy
        What was done, in words; empty where nothing had to be.
    notes
        What the fit behind the early and late ratios had to leave out.
    cut_days
        Tenure up to which a period is early; None without one.
    opinion
        What lifelines says of the model behind the ratios; None where it has no such model.
    n_contracts, n_ended
        Contracts and ends that the model behind the ratios read.
    """

    table: pd.DataFrame
    n_contracts: int
    n_ended: int
    remedy: str = ""
    notes: tuple[str, ...] = ()
    cut_days: float | None = None
    opinion: SecondOpinion | None = None


def tell_ratios(rows: pd.DataFrame, fit: CoxFit, *, strata: Sequence[str], cluster: str | None) -> Ratios:
    """Which ratios may be told as one number, and which must be told as two?

    Parameters
    ----------
    rows
        `read_rows`, to which `fit` was fitted.
    """
    checked = fit.proportionality
    doubtful = list(dict.fromkeys(checked.loc[checked["is_doubtful"].astype(bool), "covariate"]))
    two = None
    if doubtful:
        cut = cut_tenure(rows)
        two = fit_early_late(rows, fit, doubtful, cut_days=cut, strata=strata, cluster=cluster)
    told = _Read(fit, rows)
    if two is None:
        return Ratios(
            table=_finish(fit.contrasts().assign(period=""), told, doubtful),
            n_contracts=told.n_contracts,
            n_ended=told.n_ended,
            remedy=_say_remedy(None, doubtful),
            opinion=compare_ratios(rows, fit),
        )
    halves = _Read(two.fit, two.rows, fit.covariate_terms, two.cut_days)
    averages = fit.contrasts()
    averages = averages.loc[averages["covariate"].isin(two.strata)].assign(period="")
    parts = [_finish(two.ratios, halves, doubtful), _finish(averages, told, doubtful)]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    first, later = _name_periods(two.cut_days)
    table["period"] = table["period"].map({EARLY: first, LATE: later, "": ""})
    apart = [f" = {level} (n " for level in fit.apart["level"]]
    kept = [note for note in two.fit.notes if not any(words in note for words in (*_SAID_BEFORE, *apart))]
    has_star = bool((table["is_doubtful"] & table["covariate"].isin(two.split)).any())
    return Ratios(
        table=table,
        n_contracts=halves.n_contracts,
        n_ended=halves.n_ended,
        remedy=_say_remedy(two, doubtful, has_star=has_star),
        notes=tuple(kept),
        cut_days=two.cut_days,
        opinion=compare_ratios(two.rows, two.fit),
    )


def tell_grouped(fit: HazardFit) -> Ratios:
    """The ratios of a fit to counts, which say nothing of how they change."""
    table = fit.contrasts().assign(period="", is_doubtful=False)[list(RATIO_COLUMNS)]
    return Ratios(table=table, n_contracts=fit.n, n_ended=fit.n_ended)


def cut_tenure(rows: pd.DataFrame) -> float:
    """Up to which tenure is a ratio early? The median tenure of those who left, in calendar months, one at least."""
    middle = float(rows.loc[rows["is_ended"].astype(bool), "tenure_days"].median())
    return float(days_in_months(max(months_of_days(middle), 1)))


def find_bends(fit: HazardFit, confidence: float = 0.95) -> list[str]:
    """Along which numbers does the danger clearly not run straight, by chance (Holm) and by more than 1.1 times?"""
    found: dict[str, float] = {}
    for term in fit.covariate_terms:
        if term.kind != "spline":
            continue
        is_bend = (fit.terms["covariate"] == term.name) & ~fit.terms["level"].isin(["", NOT_KNOWN])
        place = np.flatnonzero(is_bend.to_numpy())
        part = fit.terms["coefficient"].to_numpy(dtype=np.float64)[place]
        own = fit.covariance[np.ix_(place, place)]
        if not np.isfinite(part).all() or not np.isfinite(own).all():
            continue
        found[term.name] = float(stats.chi2.sf(float(part @ np.linalg.pinv(own) @ part), len(place)))
    clear = []
    for number, (name, p) in enumerate(sorted(found.items(), key=lambda item: item[1])):
        if p * (len(found) - number) >= min(_SMALL_P, 1 - confidence):
            break
        curve = fit.curve(name)
        is_off_one = (curve["lower"] > 1) | (curve["upper"] < 1)
        if is_off_one.any() and _departure(curve) > np.log(_LEAST_BEND):
            clear.append(name)
    return clear


def _departure(curve: pd.DataFrame) -> float:
    """How far does the logarithm of the ratio lie from the straight line between its ends, at most?"""
    line = np.log(curve["hazard_ratio"].to_numpy(dtype=np.float64))
    return float(np.abs(line - np.linspace(line[0], line[-1], len(line))).max())


def _name_periods(cut_days: float) -> tuple[str, str]:
    months = months_of_days(cut_days)
    return f"first {months} months" if months > 1 else "first month", "later"


def _say_remedy(two: EarlyLateFit | None, doubtful: Sequence[str], *, has_star: bool = False) -> str:
    said = []
    if two is not None and two.split:
        many = len(two.split) > 1
        said.append(
            f"The {'ratios' if many else 'ratio'} of {_named(two.split)} {'change' if many else 'changes'} with "
            f"tenure, so {'each is' if many else 'it is'} given twice: for the {_name_periods(two.cut_days)[0]} of a "
            "contract and for later."
            + (" What is marked * had too few ends for that and is an average." if has_star else "")
        )
    if two is not None and two.strata:
        said.append(
            f"The danger by {_named(two.strata)} changes with tenure, with too few ends for an early and a late "
            "ratio: in the other ratios each group has its own course, and its own, marked *, is an average."
        )
    done = () if two is None else (*two.split, *two.strata)
    left = [name for name in doubtful if name not in done]
    if left:
        said.append(
            f"What goes with {_named(left)} changes with tenure, with too few ends to tell early from late: read "
            "what is marked * as an average over the tenures watched."
        )
    return " ".join(said)


def _named(names: Sequence[str]) -> str:
    return join_words([name.replace("_", " ") for name in names])


class _Read:
    """What a model read, in contracts: its rows may be stretches of contracts, or their early and later parts."""

    def __init__(
        self, fit: CoxFit, rows: pd.DataFrame, terms: Sequence[Term] | None = None, cut_days: float | None = None
    ) -> None:
        self._rows = rows.loc[rows_read(fit, rows)]
        self._terms = {term.name: term for term in (fit.covariate_terms if terms is None else terms)}
        self._codes, names = pd.factorize(self._rows["contract_id"])
        self._ended = self._rows["is_ended"].to_numpy(dtype=bool)
        self._cut_days = cut_days
        self.n_contracts, self.n_ended = len(names), int(self._ended.sum())

    def count(self, covariate: str, level: str, period: str) -> tuple[int, int]:
        """Contracts and ends of a level in a period; all of the period for a number, whose contrast names quartiles."""
        term, is_in = self._terms[covariate], self._is_in(period)
        if level in term.labels and term.is_level[term.labels.index(level)]:
            is_in = is_in & (term.columns(self._rows[covariate])[:, term.labels.index(level)] == 1)
        return len(np.unique(self._codes[is_in])), int((is_in & self._ended).sum())

    def _is_in(self, period: str) -> NDArray[np.bool_]:
        if not period:
            return np.ones(len(self._rows), dtype=bool)
        is_early = self._rows["tenure_days"].to_numpy(dtype=np.float64) <= self._cut_days
        return np.asarray(is_early if period == EARLY else ~is_early, dtype=bool)


def _finish(table: pd.DataFrame, read: _Read, doubtful: Sequence[str]) -> pd.DataFrame:
    """Each ratio with the contracts and ends that its model read, in place of the model's rows."""
    named = zip(*(table[column].astype(str) for column in ("covariate", "level", "period")), strict=True)
    counts = [read.count(*names) for names in named]
    return table.assign(
        n=[n for n, _ in counts],
        n_ended=[n_ended for _, n_ended in counts],
        is_doubtful=table["covariate"].isin(list(doubtful)) & (table["period"] == ""),
    )[list(RATIO_COLUMNS)]
