"""How many of a base must stay for it to keep its size, given who comes?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_research.errors import ParameterError, offer_names
from crm_research.stats.intervals import Interval, difference_from_limits, poisson_rate, wilson_share

_COLUMNS: Final = ("n_before", "n_kept", "n_new", "n_new_kept", "n_running")


def needed_retention(counts: pd.DataFrame, target: ArrayLike, *, confidence: float = 0.95) -> pd.DataFrame:
    """What share of today's base must still be there in a year, for the base to have its target size then?

    Parameters
    ----------
    counts
        Grain: group. Columns ``n_before`` (ran a year ago), ``n_kept`` (of them, run today), ``n_new`` (came within
        the year), ``n_new_kept`` (of them, run today), ``n_running`` (run today).
    target
        Base wanted a year from now, one for each row.

    Returns
    -------
    pandas.DataFrame
        `counts` with ``target``; ``retention`` (seen within the year) with ``retention_lower``, ``retention_upper``
        (Wilson); ``needed`` with ``needed_lower``, ``needed_upper`` (0 or more); ``gap`` (needed less seen) with
        ``gap_lower``, ``gap_upper``; ``n_fewer_leavers`` (gap times the base) with its limits; ``n_more_newcomers``
        (0 unless even a retention of 1 is not enough); ``n_newcomers_instead`` (newcomers in all, if retention stays
        as seen).

    Notes
    -----
    Target = needed x running + newcomers who stay. As many newcomers are assumed to come, and to be there at the end
    of the year they came in, as last year: ``n_new_kept``, a Poisson count (exact limits). The gap combines the
    limits of both parts (Zou and Donner 2008).
    """
    for name in _COLUMNS:
        if name not in counts.columns:
            raise ParameterError(f"The counts have no column {name!r}. {offer_names(name, counts.columns)}")
    before, kept, new, new_kept, running = (counts[name].to_numpy(dtype=float) for name in _COLUMNS)
    wanted = np.broadcast_to(np.asarray(target, dtype=float), running.shape)
    seen = wilson_share(kept, before, confidence=confidence)
    stay = poisson_rate(new_kept, np.ones_like(running), confidence=confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        base = np.where(running > 0, running, np.nan)
        # Where newcomers alone are enough none of the base need stay; a share below nought says nothing more.
        needed = Interval(
            *(np.maximum((wanted - came) / base, 0.0) for came in (stay.estimate, stay.upper, stay.lower))
        )
        survive = np.where(new > 0, new_kept / new, np.nan)
        gap = difference_from_limits(needed, seen)
        short = np.clip(wanted - running - new_kept, 0.0, None)
        more = np.where(short > 0, short / survive, 0.0)
        instead = np.clip((wanted - seen.estimate * running) / survive, 0.0, None)
    found = {
        "target": wanted,
        "retention": seen.estimate,
        "retention_lower": seen.lower,
        "retention_upper": seen.upper,
        "needed": needed.estimate,
        "needed_lower": needed.lower,
        "needed_upper": needed.upper,
        "gap": gap.estimate,
        "gap_lower": gap.lower,
        "gap_upper": gap.upper,
        "n_fewer_leavers": gap.estimate * base,
        "fewer_lower": gap.lower * base,
        "fewer_upper": gap.upper * base,
        "n_more_newcomers": more,
        "n_newcomers_instead": instead,
    }
    return counts.assign(**found)
