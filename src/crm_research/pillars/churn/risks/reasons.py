"""Why is this customer said to be at more risk than the average one? The strongest terms of the model, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.models.hazards.apart import say_limit
from crm_research.models.hazards.design import NOT_KNOWN, as_text

if TYPE_CHECKING:
    from crm_research.models.hazards import HazardFit
    from crm_research.models.hazards.design import Term

LEAST: Final = 1.1
N_MOST: Final = 3


def say_reasons(fit: HazardFit, frame: pd.DataFrame, *, n_most: int = N_MOST, least: float = LEAST) -> pd.DataFrame:
    """Which characteristics of each customer go with more danger than the average, and which with less?

    Parameters
    ----------
    fit
        A Cox or grouped model.
    frame
        One row for each customer (contract), with the covariates.
    n_most
        Reasons each way.
    least
        A characteristic counts if it multiplies the danger by at least this much (or divides it), and if its interval
        leaves out 1. One without a finite ratio (`HazardFit.apart`) counts with its limit.

    Returns
    -------
    pandas.DataFrame
        Grain: row of `frame`, with its index. Columns ``raised_by``, ``lowered_by``: texts such as
        ``plan flex (1.8 times), no debit (1.4 times)``, strongest first; empty where nothing counts.

    Notes
    -----
    Each term is held against the mean of the rows the model was fitted to, the other terms alike. What goes with
    leaving need not be what makes somebody leave. Costs follow the rows times terms; words are made once for each
    distinct value.
    """
    strengths, texts = [], []
    for term in fit.covariate_terms:
        strength, said = _read_term(fit, term, frame[term.name], least)
        strengths.append(strength)
        texts.append(said)
    columns = {"raised_by": np.full(len(frame), "", dtype=object), "lowered_by": np.full(len(frame), "", dtype=object)}
    if strengths and len(frame):
        table, words = np.column_stack(strengths), np.column_stack(texts)
        columns = {"raised_by": _join(table, words, n_most), "lowered_by": _join(-table, words, n_most)}
    return pd.DataFrame(columns, index=frame.index)


def _read_term(
    fit: HazardFit, term: Term, values: pd.Series[Any], least: float
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """The logarithm of each row's ratio, 0 where it does not count, and its words."""
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    alone = pd.Series(distinct)
    ratios = fit.against_average(term.name, alone)
    ratio = ratios["hazard_ratio"].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = ((ratios["lower"] > 1) & (ratio >= least)) | ((ratios["upper"] < 1) & (ratio <= 1 / least))
        strength = np.where(counts, np.log(ratio), 0.0)
    said = np.full(len(alone), "", dtype=object)
    place = np.flatnonzero(counts)
    name_values = _name_category if term.kind == "category" else _name_numbers
    named = name_values(term, alone.iloc[place])
    said[place] = [f"{name} ({_times(times)})" for name, times in zip(named, ratio[place], strict=True)]
    for row, limit, against in _apart(fit, term, alone):
        if (limit if limit > 1 else 1 / limit) >= least:
            bound = "at least" if limit > 1 else "at most"
            strength[row] = np.log(limit)
            (value,) = _name_category(term, alone.iloc[np.array([row])])
            said[row] = f"{value} ({bound} {say_limit(limit)} times that of {against})"
    return np.asarray(strength[codes], dtype=np.float64), said[codes]


def _apart(fit: HazardFit, term: Term, values: pd.Series[Any]) -> list[tuple[int, float, str]]:
    """The values that have a limit instead of a ratio: their place, the limit, and the group it is held against."""
    if term.kind != "category" or fit.apart.empty:
        return []
    own = fit.apart.loc[(fit.apart["covariate"] == term.name) & np.isfinite(fit.apart["limit"])].set_index("level")
    # A limit on the other side of 1 says nothing.
    own = own.loc[(own["limit"] > 1) == own["is_sooner"]]
    texts = as_text(values)
    return [
        (place, float(own.loc[text, "limit"]), str(own.loc[text, "reference"]))
        for place, text in enumerate(texts)
        if text in own.index
    ]


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times" if ratio >= 0.3 else f"{ratio:.2g} times"


def _name_category(term: Term, values: pd.Series[Any]) -> list[str]:
    name = _plain(term.name)
    return [_name_level(name, text) for text in as_text(values)]


def _name_level(name: str, text: str) -> str:
    plain = name.removeprefix("is ").removeprefix("has ")
    known = {
        "true": plain,
        "yes": plain,
        "false": f"no {plain}" if not name.startswith("is ") else f"not {plain}",
        "no": f"no {plain}" if not name.startswith("is ") else f"not {plain}",
        NOT_KNOWN: f"{name} not known",
    }
    return known.get(text.lower(), f"{name} {text}")


def _name_numbers(term: Term, values: pd.Series[Any]) -> list[str]:
    """The number and where it lies among the rows of the model, by quarters."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    low, high = term.quartiles
    place = np.select([numbers > high, numbers < low], ["high", "low"], "middling")
    name = _plain(term.name)
    return [
        f"{name} {NOT_KNOWN}" if np.isnan(number) else f"{name} {number:,.6g}, {where}"
        for number, where in zip(numbers, place, strict=True)
    ]


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _join(strength: NDArray[np.float64], words: NDArray[np.object_], n_most: int) -> NDArray[np.object_]:
    """The words of the strongest terms above nothing, strongest first."""
    order = np.argsort(-strength, axis=1, kind="stable")[:, :n_most]
    out = np.full(len(strength), "", dtype=object)
    for rank in range(order.shape[1]):
        place = order[:, rank]
        rows = np.flatnonzero(strength[np.arange(len(place)), place] > 0)
        more = words[rows, place[rows]]
        comma = np.where(out[rows] == "", "", ", ").astype(object)
        out[rows] = out[rows] + comma + more
    return out
