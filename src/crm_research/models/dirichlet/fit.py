"""The NBD-Dirichlet: M and K of the category, S of the brands' choice, and what they predict of every brand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_research.errors import NotEnoughData
from crm_research.models.dirichlet import choice, nbd
from crm_research.models.dirichlet.solving import FEWEST_GROUPS, jackknife_error, jackknife_interval
from crm_research.models.dirichlet.tallies import Tallies
from crm_research.stats.intervals import FloatArray
from crm_research.vocabulary import say_count, word_for

Method = Literal["zeros", "likelihood"]
FEWEST_NON_BUYERS: Final = 20
MEASURES: Final = ("penetration", "purchases_per_buyer", "category_per_buyer", "scr", "sole_share")


@dataclass(frozen=True, eq=False, kw_only=True)
class DirichletFit:
    """How would these brands be bought if they differed in nothing but size?

    Parameters
    ----------
    params
        Grain: parameter and estimator. Columns ``name`` (m, k, s), ``method`` (zeros, likelihood), ``estimate``,
        ``std_error``, ``lower``, ``upper`` (jackknife over groups of customers, on the logarithm), ``is_used``.
    brands
        Grain: brand. Columns ``brand``, ``share``, ``s`` (the S that gives its penetration; 0 or infinite where none
        does).
    m, k, s
        (fits): the parameters in use, whole and without each group.
    shares
        (fits, brands).
    is_truncated
        Were only buyers of the category known? Penetrations are then shares of them.
    notes
        What was in the way, in words.
    """

    params: pd.DataFrame
    brands: pd.DataFrame
    m: FloatArray
    k: FloatArray
    s: FloatArray
    shares: FloatArray
    is_truncated: bool
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The brands in their order."""
        return list(self.brands["brand"])

    def measures(self, periods: float = 1.0) -> dict[str, FloatArray]:
        """(fits, brands): what the norm says, for a period so many times as long as the one fitted."""
        found = choice.predict_measures(self.m * periods, self.k, self.s, self.shares)
        if self.is_truncated:
            found["penetration"] = found["penetration"] / (1 - nbd.none_chance(self.m, self.k))[:, None]
        return found

    def predict(self, periods: float = 1.0) -> pd.DataFrame:
        """What does the norm say of each brand in a period so many times as long?

        Returns
        -------
        pandas.DataFrame
            Grain: brand. Columns ``brand``, ``share``, ``penetration`` (of the customers known; of buyers only, it may
            pass 1 in longer periods), ``purchases_per_buyer``, ``category_per_buyer``, ``scr``, ``sole_share``,
            ``repeat_share`` (of a period's buyers, those who buy again in the next).
        """
        whole = {name: values[0] for name, values in self.measures(periods).items()}
        twice = self.measures(2 * periods)["penetration"][0]
        with np.errstate(divide="ignore", invalid="ignore"):
            repeat = 2 - twice / whole["penetration"]
        return pd.DataFrame({"brand": self.names, "share": self.shares[0], **whole, "repeat_share": repeat})

    def predict_later(self, periods: float) -> FloatArray:
        """Share of the customers known who buy each brand in a later period so many times as long, by brand.

        Notes
        -----
        Where only buyers were known, whoever bought in the first period buys more often than the average: the chance of
        having bought nothing then and the brand later is taken out.
        """
        later = choice.predict_measures(self.m[:1] * periods, self.k[:1], self.s[:1], self.shares[:1])["penetration"][0]
        if not self.is_truncated:
            return np.asarray(later)
        none = float(nbd.none_chance(self.m[:1], self.k[:1])[0])
        unseen_mean = self.m[:1] * periods * self.k[:1] / (self.k[:1] + self.m[:1])
        unseen = choice.predict_measures(unseen_mean, self.k[:1], self.s[:1], self.shares[:1])["penetration"][0]
        return np.asarray((later - none * unseen) / (1 - none))

    def duplication(self) -> pd.DataFrame:
        """Of the buyers of the brand in the row, what share also buys the one in the column?"""
        found = choice.predict_duplication(float(self.m[0]), float(self.k[0]), float(self.s[0]), self.shares[0])
        return pd.DataFrame(found, index=self.names, columns=self.names)

    def line(self, n_points: int = 60) -> pd.DataFrame:
        """Double jeopardy: how often do buyers buy a brand of each penetration, if size is all there is?

        Returns
        -------
        pandas.DataFrame
            Grain: a size. Columns ``share``, ``penetration``, ``purchases_per_buyer``, ``scr``.
        """
        largest = min(float(self.shares[0].max()) * 1.3, 0.999)
        sizes = np.concatenate([[1e-4], np.linspace(0, largest, n_points + 1)[1:]])
        found = choice.predict_measures(self.m[:1], self.k[:1], self.s[:1], sizes[None, :])
        among = 1 - float(nbd.none_chance(self.m, self.k)[0]) if self.is_truncated else 1.0
        columns = {name: found[name][0] for name in ("penetration", "purchases_per_buyer", "scr")}
        frame = pd.DataFrame({"share": sizes, **columns})
        return frame.assign(penetration=frame["penetration"] / among)


def fit_dirichlet(
    tallies: Tallies, *, method: Method = "zeros", is_truncated: bool = False, confidence: float = 0.95
) -> DirichletFit:
    """Which M, K and S describe this market?

    Parameters
    ----------
    tallies
        Counts of purchases by category and brand.
    method
        ``zeros``: K from the share of non-buyers, S from the brands' penetrations (means and zeros). ``likelihood``: K
        from all counts, S from how each customer's purchases fall on the brands.
    is_truncated
        Were only buyers known by construction? K and M then come from the counts of buyers alone.
    confidence
        Level of the intervals.

    Raises
    ------
    NotEnoughData
        With fewer than two brands bought: there is no choice to describe.

    Notes
    -----
    Customers are taken as alike over the window (no trend, nobody leaves for good); brand choice as independent of how
    much is bought; all brands as rivals of each other alike.

    References
    ----------
    Goodhardt, Ehrenberg and Chatfield (1984), JRSS A 147, 621-655. S is weighted with market shares as there.
    """
    n_bought = int((tallies.purchases[0] > 0).sum())
    if n_bought < 2:
        raise NotEnoughData("The Dirichlet model: brands bought", needed=2, found=n_bought)
    shares = tallies.shares
    truncated = is_truncated or bool((tallies.customers[0] - tallies.category_buyers[0]) < 0.5)
    frequency = _fit_frequency(tallies, truncated)
    k_used = "likelihood" if truncated or method == "likelihood" or not _enough_zeros(tallies) else "zeros"
    m, k = frequency["m"][k_used], np.clip(frequency["k"][k_used], nbd.LEAST_ALIKE, nbd.MOST_ALIKE)
    observed = tallies.buyers / tallies.customers[:, None]
    if truncated:
        observed = observed * (1 - nbd.none_chance(m, k))[:, None]
    by_brand = choice.s_by_zeros(nbd.make_nodes(m, k), shares, observed)
    s = {"zeros": choice.average_s(by_brand, shares), "likelihood": _likely_s(tallies)}
    params = _frame_params(frequency, s, k_used, method, confidence)
    notes = _notes(tallies, frequency["k"][k_used][0], by_brand[0], truncated, k_used, method)
    return DirichletFit(
        params=params,
        brands=pd.DataFrame({"brand": list(tallies.names), "share": shares[0], "s": by_brand[0]}),
        m=m,
        k=k,
        s=np.clip(s[method], choice.LEAST_S, choice.MOST_S),
        shares=shares,
        is_truncated=truncated,
        notes=tuple(notes),
    )


def fit_from_summary(
    category_penetration: float,
    category_rate: float,
    shares: ArrayLike,
    penetrations: ArrayLike,
    names: Sequence[str] | None = None,
) -> DirichletFit:
    """Which M, K and S do published tables give: penetration and rate of the category, share and penetration of brands?

    Parameters
    ----------
    category_penetration, category_rate
        Share of customers who bought the category, and purchases of each of them.
    shares, penetrations
        Market share and penetration of each brand; shares need not add up to 1, the rest is left open.

    Notes
    -----
    Means and zeros. Without the customers themselves there are no standard errors.
    """
    mean = np.array([category_penetration * category_rate])
    k = nbd.shape_by_zeros(mean, np.array([1 - category_penetration]))
    k_used = np.clip(k, nbd.LEAST_ALIKE, nbd.MOST_ALIKE)
    share = np.asarray(shares, dtype=float)[None, :]
    by_brand = choice.s_by_zeros(nbd.make_nodes(mean, k_used), share, np.asarray(penetrations, dtype=float)[None, :])
    s = choice.average_s(by_brand, share)
    labels = list(names) if names is not None else [f"brand {i + 1}" for i in range(share.shape[1])]
    params = pd.DataFrame({"name": ["m", "k", "s"], "method": "zeros", "estimate": [mean[0], k[0], s[0]]})
    params = params.assign(std_error=np.nan, lower=np.nan, upper=np.nan, is_used=True)
    brands = pd.DataFrame({"brand": labels, "share": share[0], "s": by_brand[0]})
    return DirichletFit(params=params, brands=brands, m=mean, k=k_used, s=s, shares=share, is_truncated=False, notes=())


def _enough_zeros(tallies: Tallies) -> bool:
    non_buyers = tallies.customers - tallies.category_buyers
    return bool(non_buyers[0] >= FEWEST_NON_BUYERS and (non_buyers > 0).all())


def _fit_frequency(tallies: Tallies, truncated: bool) -> dict[str, dict[str, FloatArray]]:
    """M and K by each estimator that the records allow."""
    values, counts = tallies.category_values, tallies.category
    if truncated:
        m, k = nbd.fit_truncated(values, counts)
        return {"m": {"likelihood": m}, "k": {"likelihood": k}}
    mean = np.asarray((counts * values).sum(axis=-1) / tallies.customers)
    found = {
        "m": {"likelihood": mean, "zeros": mean},
        "k": {"likelihood": nbd.shape_by_likelihood(values, counts, tallies.customers)},
    }
    if _enough_zeros(tallies):
        found["k"]["zeros"] = nbd.shape_by_zeros(mean, 1 - tallies.category_buyers / tallies.customers)
    return found


def _likely_s(tallies: Tallies) -> FloatArray:
    return choice.s_by_likelihood(
        tallies.brand_values, tallies.brand_counts, tallies.category_values, tallies.category, tallies.shares
    )


def _frame_params(
    frequency: dict[str, dict[str, FloatArray]], s: dict[str, FloatArray], k_used: str, method: str, confidence: float
) -> pd.DataFrame:
    found = [("m", "mean", frequency["m"][k_used], True)]
    found += [("k", name, values, name == k_used) for name, values in frequency["k"].items()]
    found += [("s", name, values, name == method) for name, values in s.items()]
    rows = []
    for name, how, values, is_used in found:
        with np.errstate(divide="ignore", invalid="ignore"):
            limits = jackknife_interval(np.log(values), confidence=confidence)
            error = jackknife_error(values)
        rows.append(
            {
                "name": name,
                "method": how,
                "estimate": float(values[0]),
                "std_error": float(error),
                "lower": float(np.exp(limits.lower)),
                "upper": float(np.exp(limits.upper)),
                "is_used": is_used,
            }
        )
    return pd.DataFrame(rows).sort_values(
        ["name", "is_used"], ascending=[True, False], kind="stable", ignore_index=True
    )


def _notes(tallies: Tallies, k: float, by_brand: FloatArray, truncated: bool, k_used: str, method: str) -> list[str]:
    notes = []
    if truncated:
        notes.append(
            "Everybody asked after bought, so nobody's nought is known: M and K come from the counts of buyers "
            "alone, and "
            "penetrations are shares of these buyers."
        )
    elif k_used != method:
        notes.append(
            f"Fewer than {FEWEST_NON_BUYERS} customers did not buy the category, so K comes from all counts instead "
            "of the "
            "share of non-buyers."
        )
    if k == 0.0 or k >= nbd.MOST_ALIKE:
        what = "a few customers buy nearly everything" if k == 0.0 else "customers differ no more than chance allows"
        notes.append(f"K lies at the edge of what can be estimated: {what}.")
    voteless = int((~np.isfinite(by_brand) | (by_brand <= 0)).sum())
    if voteless:
        notes.append(
            f"{voteless} of {say_count(len(by_brand), 'brand')} {word_for(voteless, 'has', 'have')} a reach that no "
            f"freedom of choice (S) explains; {word_for(voteless, 'it is', 'they are')} left out where S is estimated."
        )
    if tallies.n_groups < FEWEST_GROUPS:
        notes.append("Too few customers for intervals: fewer than ten groups of them could be left out in turn.")
    return notes
