"""Cox's regression by lifelines on the same rows, or on a part of them that is drawn at random."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.hazards.cox import CoxFit, fit_cox
from crm_research.models.second_opinion.opinion import SecondOpinion, ask, not_asked

_TOLERANCE: Final = 1e-4
_METHOD: Final = "Cox regression"
# lifelines walks through risk sets of spells met late one by one.
_MOST_ROWS: Final = 8_000
_MOST_LATE_ROWS: Final = 2_000
_SEED: Final = 20170101
# It stops a little short of the peak otherwise, where that is flat.
_CLOSELY: Final = {"precision": 1e-10, "r_precision": 1e-12}
_FEWEST_ENDS: Final = 5


def compare_ratios(rows: pd.DataFrame, fit: CoxFit, *, seed: int = _SEED) -> SecondOpinion:
    """Does lifelines find the same ratios?

    Parameters
    ----------
    rows
        What `fit` was fitted to, with ``contract_id`` where a contract has several rows.
    seed
        Start of the draw of contracts where all would take long; both then estimate from those drawn, with the same
        columns.

    Notes
    -----
    The largest difference of the logarithms of two ratios, each of one standard deviation of its column. Groups that
    have a baseline of their own have one in lifelines too. Both break ties by Efron's method.
    """
    n_all = _n_contracts(rows)
    own = _watched(rows, fit)
    is_late = bool((own["entry_days"] > 0).any()) if "entry_days" in own.columns else False
    most = _MOST_LATE_ROWS if is_late else _MOST_ROWS
    part, ours = own, fit
    if int(own["is_ended"].sum()) < _FEWEST_ENDS:
        return not_asked(_METHOD, "fewer than five have left", n_all=n_all, tolerance=_TOLERANCE)
    if len(own) > most:
        part = _draw(own, most / len(own), seed)
        if int(part["is_ended"].sum()) < _FEWEST_ENDS:
            return not_asked(_METHOD, "fewer than five of those drawn have left", n_all=n_all, tolerance=_TOLERANCE)
        ours = fit_cox(part, (), strata=fit.strata, terms=fit.covariate_terms, confidence=fit.confidence)
        part = _watched(part, ours)
    told = ours.terms["coefficient"].to_numpy(dtype=float)
    kept = np.flatnonzero(np.isfinite(told))
    if not len(kept) or not ours.has_converged:
        why = "our own model did not settle" if len(kept) else "no ratio can be estimated"
        return not_asked(_METHOD, why, n_all=n_all, tolerance=_TOLERANCE)

    def compare() -> float:
        from lifelines import CoxPHFitter

        x = np.concatenate([block for _, block in ours.centred_blocks(part, len(part))])[:, kept]
        spread = x.std(axis=0)
        names = [f"x{number}" for number in range(len(kept))]
        frame = pd.DataFrame(x / spread, columns=names)
        frame["tenure"], frame["ended"] = part["tenure_days"].to_numpy(dtype=float), part["is_ended"].to_numpy(bool)
        strata, _ = pd.factorize(ours.strata_of(part))
        more = {}
        if is_late:
            entry = part["entry_days"].to_numpy(dtype=float)
            # Who is met on the first day may leave on it.
            frame["entry"], more["entry_col"] = np.where(entry > 0, entry, -1.0), "entry"
        if strata.max() > 0:
            frame["stratum"], more["strata"] = strata, "stratum"
        peer = CoxPHFitter().fit(frame, "tenure", "ended", fit_options=dict(_CLOSELY), **more)
        return float(np.abs(peer.params_[names].to_numpy() - told[kept] * spread).max())

    return ask(
        _METHOD, compare, n=_n_contracts(part), n_all=n_all, tolerance=_TOLERANCE, measure="logarithm of a ratio"
    )


def _watched(rows: pd.DataFrame, fit: CoxFit) -> pd.DataFrame:
    """The rows that the fit read."""
    entry = rows["entry_days"] if "entry_days" in rows.columns else pd.Series(0.0, index=rows.index)
    is_in = (rows["tenure_days"] > entry) | ((entry <= 0) & (rows["tenure_days"] >= 0))
    scores = np.full(len(rows), np.nan)
    if fit.weights.directions:
        # Scores are missing beyond what a group told apart can be given; the columns tell who was read.
        scores = np.concatenate([block.sum(axis=1) for _, block in fit.centred_blocks(rows, max(len(rows), 1))])
    else:
        scores = fit.score(rows)
    return rows.loc[is_in.to_numpy() & np.isfinite(scores)]


def _draw(rows: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """All rows of that share of the contracts, drawn with the seed."""
    if "contract_id" not in rows.columns:
        return rows.sample(frac=share, random_state=seed).sort_index()
    names = pd.unique(rows["contract_id"])
    drawn = np.random.default_rng(seed).permutation(len(names))[: max(1, int(share * len(names)))]
    return rows.loc[rows["contract_id"].isin(names[drawn])]


def _n_contracts(rows: pd.DataFrame) -> int:
    return int(rows["contract_id"].nunique()) if "contract_id" in rows.columns else len(rows)
