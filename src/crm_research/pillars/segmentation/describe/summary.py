"""Cards: how large each group is, what it brings, what stands out, and a plain name from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.describe.suggested_names import name_groups, stands_out
from crm_research.pillars.segmentation.inputs.base import FEES, WORTH
from crm_research.pillars.segmentation.inputs.choose import Inputs
from crm_research.pillars.segmentation.inputs.labels import Term, list_terms
from crm_research.steps import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_SAID: Final = 5


@step
def describe_groups(inputs: Inputs, labels: NDArray[np.int64], k: int) -> pd.DataFrame:
    """How large is each group, what does it bring, and what stands out in it?

    Returns
    -------
    frame
        One group, those that spend most per customer first, and of those the largest: group (its number in `labels`),
        segment (a plain name), n_customers, size_share, revenue, revenue_share (net; of holders of contracts their
        fees; missing where there is none), median_spend, and stands_out (the five furthest inputs, in words).
    """
    spend = inputs.customers[WORTH].to_numpy(dtype=float, na_value=0.0)
    total = spend.sum()
    counts = np.bincount(labels, minlength=k)
    revenue = np.bincount(labels, weights=spend, minlength=k)
    frame = pd.DataFrame({"group": np.arange(k), "n_customers": counts, "revenue": revenue})
    frame = frame[frame["n_customers"] > 0]
    # Of those who left a fee of nought would be no fee at all.
    shown = np.where(spend > 0, spend, np.nan) if inputs.money == FEES else spend
    frame = frame.join(pd.Series(shown, name="median_spend").groupby(labels).median(), on="group")
    frame["size_share"] = frame["n_customers"] / len(labels)
    frame["revenue_share"] = frame["revenue"] / total if total > 0 else np.nan
    shifts = _measure_shifts(inputs, labels)
    frame = frame.assign(mean_spend=frame["revenue"] / frame["n_customers"]).sort_values(
        ["mean_spend", "n_customers"], ascending=False, kind="stable", ignore_index=True
    )
    terms = inputs.terms
    frame["stands_out"] = [_say_shifts(shifts.loc[group], terms) for group in frame["group"]]
    words = {name: term.words for name, term in terms.items()}
    frame["segment"] = name_groups([shifts.loc[group] for group in frame["group"]], words)
    first = ["group", "segment", "n_customers", "size_share", "revenue", "revenue_share", "median_spend"]
    return frame[[*first, "stands_out"]]


def _measure_shifts(inputs: Inputs, labels: NDArray[np.int64]) -> pd.DataFrame:
    """Mean of each group less that of all on the scaled inputs.

    Nought for a part of a whole whose plain shares say the opposite: it may stand high on the log ratio only because
    the other parts are rarer still.
    """
    columns = list(inputs.used)
    scaled = pd.DataFrame(inputs.scaled, columns=columns)
    shifts = scaled.groupby(labels).mean() - scaled.mean()
    raw = inputs.raw.astype(float)
    plain = raw.groupby(labels).mean() - raw.mean()
    is_part = np.array([term.kind == "part" for term in inputs.terms.values()])
    return shifts.where(~is_part | (np.sign(shifts) == np.sign(plain)), 0.0)


def _say_shifts(shift: pd.Series, terms: Mapping[str, Term]) -> str:
    standing = stands_out(shift)[:_MOST_SAID]
    sides = (("more", [name for name in standing if shift[name] > 0]), ("less", [n for n in standing if shift[n] < 0]))
    said = [f"{side}: {list_terms([terms[name] for name in names])}" for side, names in sides if names]
    return "; ".join(said) or "close to the average in everything"
