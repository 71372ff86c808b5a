"""From how many purchases is a customer called loyal, and what would another number change?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from crm_research.stats.intervals import wilson_share

CUSTOM: Final = 4
NOTABLE: Final = 0.05
_FEWEST: Final = 100
_LEAST: Final = 2


@dataclass(frozen=True, kw_only=True)
class LoyalFrom:
    """The number of purchases, and why.

    Parameters
    ----------
    number
        Purchases from which a customer who keeps his rhythm is loyal.
    why
        Where the number comes from, in words that follow "loyal from N purchases on, ".
    """

    number: int
    why: str


def choose_loyal_from(depths: pd.DataFrame, given: int | None = None) -> LoyalFrom:
    """From which purchase on does one more purchase hardly make the next one surer?

    The smallest number n of purchases, from 2 on, after which no deeper measured purchase has a share of returns more
    than 5 points above that after n.

    Parameters
    ----------
    depths
        From `LoyaltyAnalysis.depths`: return rates after each purchase, within the same time.
    given
        The user's number; it stands as it is.

    Notes
    -----
    Depths with fewer than 100 customers are not read. Part of the rise is selection, for the keener buyers get deeper;
    the number sorts customers, it does not say that purchases make loyalty. With fewer than two depths to compare the
    custom of four purchases is kept, or two where hardly anybody buys more often.
    """
    if given is not None:
        return LoyalFrom(number=given, why="as the parameter loyal_from says")
    known = depths.loc[(depths["depth"] >= _LEAST) & (depths["n"] >= _FEWEST)].sort_values("depth")
    if len(known) < 2:
        few = depths.loc[depths["depth"] >= _LEAST, "n"].sum() >= _FEWEST
        reason = "for too few buy more often than twice to compare more" if few else "by custom, for too few buy twice"
        return LoyalFrom(number=_LEAST if few else CUSTOM, why=reason)
    rates = known["return_rate"].to_numpy(dtype=float)
    numbers = known["depth"].to_numpy(dtype=int)
    enough = [place for place in range(len(rates)) if rates[place:].max() - rates[place] <= NOTABLE]
    number = int(numbers[enough[0]])
    if enough[0] == len(rates) - 1:
        return LoyalFrom(number=number, why="the deepest that could be measured, for returns still rise until then")
    return LoyalFrom(
        number=number,
        why="for from there on, up to the deepest that could be measured, no further purchase raises the share that "
        f"comes back by more than {100 * NOTABLE:.0f} points",
    )


def compare_loyal_from(
    in_rhythm: pd.DataFrame, n_customers: int, depths: pd.DataFrame, chosen: int, *, confidence: float = 0.95
) -> pd.DataFrame:
    """How many customers would be loyal if another number of purchases made them so?

    Parameters
    ----------
    in_rhythm
        From `count_in_rhythm`: customers within their rhythm by purchases so far.
    n_customers
        All customers then.
    depths, chosen
        As in `choose_loyal_from`, and the number it gave.

    Returns
    -------
    pandas.DataFrame
        Grain: number of purchases, from 2 to 6 and the chosen one. Columns ``loyal_from``, ``is_chosen``, ``n``,
        ``loyal_share``, ``lower``, ``upper`` (Wilson), ``return_rate`` (after so many purchases; missing where not
        measured).
    """
    numbers = sorted({*range(_LEAST, 7), chosen})
    n = [int(in_rhythm.loc[in_rhythm["depth"] >= number, "n"].sum()) for number in numbers]
    share = wilson_share(n, n_customers, confidence=confidence)
    rates = depths.set_index("depth")["return_rate"].reindex(numbers).to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "loyal_from": numbers,
            "is_chosen": [number == chosen for number in numbers],
            "n": n,
            "loyal_share": share.estimate,
            "lower": share.lower,
            "upper": share.upper,
            "return_rate": rates,
        }
    )
