"""Fits of buy-till-you-die models by maximum likelihood, from counts of patterns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special

from crm_research.errors import ParameterError
from crm_research.models.btyd.beta_binomial import BgBb
from crm_research.models.btyd.beta_geometric import BgNbd, MbgNbd
from crm_research.models.btyd.family import Family
from crm_research.models.btyd.fitted import BtydFit, OpportunityFit
from crm_research.models.btyd.gompertz import GGompertzNbd
from crm_research.models.btyd.limits import Limit, find_limit
from crm_research.models.btyd.maximise import Optimum, maximise
from crm_research.models.btyd.pareto import ParetoNbd
from crm_research.models.btyd.patterns import Patterns, check_enough, read_patterns
from crm_research.models.btyd.regular_buyers import MbgCnbd
from crm_research.models.btyd.scoring import describe_limit, describe_params, read_level
from crm_research.vocabulary import DAYS_PER_WEEK, say_count

# Above this many patterns the search begins on a part of them.
_THINNED_TO = 1_000
_EDGE_NOTE = (
    "The likelihood is highest at the edge of the model, where {words}: that limiting model is used, and a parameter "
    "given as 0 or infinite is not to be read by itself."
)


def fit_bg_nbd(patterns: pd.DataFrame, *, time_unit_days: float = DAYS_PER_WEEK, confidence: float = 0.95) -> BtydFit:
    """How do customers buy, and silently drop out after a purchase? The BG/NBD model.

    Parameters
    ----------
    patterns
        One row per distinct pattern (or per customer): frequency (repeat purchase occasions), recency_days (first
        to last purchase), age_days (first purchase to the end of observation), n_customers (1 if left out).
        Customers who bought once stay in.
    time_unit_days
        Unit of the parameters, 7 for weeks. Times are divided by it and not rounded; it changes alpha alone.
    confidence
        Level of the limits.

    Returns
    -------
    BtydFit
        params: r, alpha (gamma distribution of purchase rates), a, b (beta distribution of the chance to drop out
        after a repeat purchase).

    Raises
    ------
    ContractViolation
        If a column is missing or its values contradict the definition.
    NotEnoughData
        If fewer than 10 customers, 5 repeaters or 4 distinct patterns are there.

    Notes
    -----
    Assumes Poisson buying at a constant rate, rates and dropout independent of each other, and a first purchase
    that was observed (customers acquired before the data are not new). Fader, Hardie and Lee (2005), Marketing
    Science 24, 275-284, equation 6. Standard errors from the observed information, carried over from the log
    scale by the delta method.
    """
    return fit_family(BgNbd(), patterns, time_unit_days, confidence)


def fit_mbg_nbd(patterns: pd.DataFrame, *, time_unit_days: float = DAYS_PER_WEEK, confidence: float = 0.95) -> BtydFit:
    """How do customers buy, and silently drop out, if the first purchase may be the last? The MBG/NBD model.

    Parameters, returns and errors as in `fit_bg_nbd`. Unlike there, a customer who bought once can have dropped
    out. Batislam, Denizel and Filiztekin (2007), Int. Journal of Research in Marketing 24, 201-209; Wagner and Hoppe
    (2008), 25, 225-226.
    """
    return fit_family(MbgNbd(), patterns, time_unit_days, confidence)


def fit_pareto_nbd(
    patterns: pd.DataFrame, *, time_unit_days: float = DAYS_PER_WEEK, confidence: float = 0.95
) -> BtydFit:
    """How do customers buy, and silently drop out at any time? The Pareto/NBD model.

    Parameters and errors as in `fit_bg_nbd`; params: r, alpha (gamma distribution of purchase rates), s, beta
    (gamma distribution of dropout rates). `time_unit_days` changes alpha and beta alone. Schmittlein, Morrison and
    Colombo (1987), Management Science 33, 1-24; likelihood as in Fader and Hardie (2005), A note on deriving the
    Pareto/NBD model, equation 18.
    """
    return fit_family(ParetoNbd(), patterns, time_unit_days, confidence)


def fit_ggompertz_nbd(
    patterns: pd.DataFrame, *, time_unit_days: float = DAYS_PER_WEEK, confidence: float = 0.95
) -> BtydFit:
    """How do customers buy, and silently drop out at a risk that grows with their age? The GGompertz/NBD model.

    Parameters and errors as in `fit_bg_nbd`; params: r, alpha (gamma distribution of purchase rates), b (growth of the
    risk of dropping out, per `time_unit_days`), s, beta (gamma distribution of its level, pure numbers). Where the risk
    does not grow the limit is the Pareto/NBD: b and beta are then given as 0, and ``beta / b`` is its beta. Bemmaor and
    Glady (2012), Management Science 58, 1012-1021.
    """
    return fit_family(GGompertzNbd(), patterns, time_unit_days, confidence)


def fit_mbg_cnbd(
    patterns: pd.DataFrame,
    *,
    mean_log_gap: float,
    k: int | None = None,
    max_k: int = 12,
    time_unit_days: float = DAYS_PER_WEEK,
    confidence: float = 0.95,
) -> BtydFit:
    """How do regular buyers buy, and silently drop out after a purchase? The MBG/CNBD-k model.

    For customers whose timing `estimate_regularity` finds more regular than Poisson. Silence then tells more: who
    buys every four weeks and has been silent for twelve has probably left.

    Parameters
    ----------
    patterns, time_unit_days, confidence
        As in `fit_bg_nbd`.
    mean_log_gap
        Mean natural logarithm of all gaps between purchases, in days: with it likelihoods of different k, and that
        of the MBG/NBD (k = 1), can be compared.
    k
        Gaps are Erlang-k; None takes the k up to `max_k` of the highest likelihood.

    Returns
    -------
    BtydFit
        params: r, alpha (gamma distribution of the rate of events, of which each k-th is a purchase), a, b (beta
        distribution of the chance to drop out after a purchase, the first included). Limits take k as given.

    Notes
    -----
    Reutterer, Platzer and Schroeder (2021), Int. Journal of Research in Marketing 38, 194-215. Errors as in
    `fit_bg_nbd`.
    """
    if not np.isfinite(mean_log_gap):
        raise ParameterError(f"mean_log_gap must be a number, not {mean_log_gap!r}; leave gaps of 0 days out of it.")
    if (k is not None and k < 1) or max_k < 1:
        raise ParameterError(f"k and max_k must be at least 1, not {k!r} and {max_k!r}.")
    best: BtydFit | None = None
    for shape in range(1, max_k + 1) if k is None else (k,):
        fitted = fit_family(MbgCnbd(shape), patterns, time_unit_days, confidence)
        n_repeats = read_patterns(fitted.patterns).n_repeats
        of_gaps = (shape - 1) * (mean_log_gap - np.log(time_unit_days)) - special.gammaln(shape)
        # The fit counts time once for each event; the gaps take back all but one for each purchase.
        fitted = replace(fitted, log_likelihood=fitted.log_likelihood + n_repeats * float(of_gaps))
        if best is not None and fitted.log_likelihood <= best.log_likelihood:
            return best
        best = fitted
    if best is None:  # no k to try: refused above
        raise ParameterError(f"max_k must be at least 1, not {max_k}.")
    if k is None and max_k > 1:
        return replace(best, notes=(*best.notes, f"The likelihood still rises at k = {max_k}: timing is more regular."))
    return best


def fit_bg_bb(patterns: pd.DataFrame, *, confidence: float = 0.95) -> OpportunityFit:
    """How do customers use regular opportunities (a yearly appeal, a monthly order), and drop out? The BG/BB model.

    Parameters
    ----------
    patterns
        frequency (opportunities used after the first purchase), recency_periods (the last one used, 0 if none),
        age_periods (opportunities met), n_customers; one row per distinct pattern.

    Returns
    -------
    OpportunityFit
        params: alpha, beta (chance to buy at an opportunity), gamma, delta (chance to drop out before one).

    Notes
    -----
    Fader, Hardie and Shang (2010), Marketing Science 29, 1086-1108, equation 3. Errors as in `fit_bg_nbd`.
    """
    return OpportunityFit(**vars(fit_family(BgBb(), patterns, 1.0, confidence)))


def fit_family(family: Family, frame: pd.DataFrame, time_unit_days: float, confidence: float) -> BtydFit:
    """One model of whatever family, fitted to patterns; the arguments are those of `fit_bg_nbd`."""
    level = read_level(confidence)
    if not (np.isfinite(time_unit_days) and time_unit_days > 0):
        raise ParameterError(f"time_unit_days must be a number above 0 (7 for weeks), not {time_unit_days!r}.")
    patterns = read_patterns(frame, clock=family.clock).merged()
    check_enough(patterns, family.name)
    # In units of the mean age the search is the same whatever the unit of the data.
    inner = patterns.mean_age if any(family.time_power) else time_unit_days
    optimum, limit = _search(family, patterns.scaled(1 / inner))
    shift = np.log(inner / time_unit_days) * np.array(family.time_power, dtype=float)
    log_params = optimum.log_params + shift
    params = describe_params(family.param_names, log_params, optimum.covariance, level)
    if limit is not None:
        params = describe_limit(limit, params, log_params, optimum.covariance, level)
    n_events = family.events_per_purchase * patterns.n_repeats
    notes = list(optimum.notes)
    n_at_once = int(patterns.n_customers[(patterns.frequency > 0) & (patterns.recency == 0)].sum())
    if n_at_once:
        notes.append(
            f"{say_count(n_at_once, 'customer')} made all their purchases at one moment, which no model here foresees: "
            "purchases on one day are better counted as one occasion."
        )
    kept = pd.DataFrame(
        {
            "frequency": patterns.frequency.astype(np.int64),
            f"recency_{family.clock}": patterns.recency,
            f"age_{family.clock}": patterns.age,
            "n_customers": patterns.n_customers.astype(np.int64),
        }
    )
    return BtydFit(
        model=family.name,
        reference=family.reference,
        params=params,
        log_likelihood=optimum.value * patterns.n_total - n_events * np.log(inner / time_unit_days),
        n_customers=patterns.n_total,
        n_repeaters=int(patterns.n_customers[patterns.frequency > 0].sum()),
        is_converged=optimum.is_converged,
        notes=tuple(notes),
        time_unit_days=float(time_unit_days),
        confidence=level,
        patterns=kept,
        family=family,
        log_params=log_params,
        covariance=optimum.covariance,
        limit=limit,
    )


def _search(family: Family, patterns: Patterns) -> tuple[Optimum, Limit | None]:
    thinned = patterns.thinned(_THINNED_TO)
    objective, n_customers = family.objective(patterns), float(patterns.n_total)
    found = maximise(
        objective,
        family.starts(patterns),
        n_customers=n_customers,
        names=family.param_names,
        rough=None if thinned is patterns else family.objective(thinned),
    )
    at_edge = None if found.is_converged else find_limit(objective, family.sides, found, n_customers=n_customers)
    if at_edge is None:
        return found, None
    limit, top = at_edge
    inside = replace(
        top,
        log_params=limit.base + limit.matrix @ top.log_params,
        covariance=limit.matrix @ top.covariance @ limit.matrix.T,
        notes=(f"{_EDGE_NOTE.format(words=' and '.join(limit.words))}", *top.notes),
    )
    return inside, limit
