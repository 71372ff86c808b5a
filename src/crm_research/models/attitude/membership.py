"""Loyal by conviction, by habit, at heart only, or not at all: each customer's chances, and the shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from crm_research.errors import NotEnoughData
from crm_research.models.attitude.patronage import Patronage, fit_patronage
from crm_research.models.attitude.scores import SINGLE_RELIABILITY, AttitudeScores, score_attitude
from crm_research.stats.intervals import check_confidence

FloatArray = NDArray[np.float64]

GROUPS: Final = ("true loyalty", "latent loyalty", "spurious loyalty", "no loyalty")
CUT_SHARES: Final = (0.4, 0.5, 0.6)
_ROWS_AT_ONCE: Final = 20_000
_MOST_FOR_LIMITS: Final = 10_000
_PARTS: Final = 25
_FEWEST: Final = 30
_CLOSEST: Final = 0.98


@dataclass(frozen=True, eq=False, kw_only=True)
class Membership:
    """The four groups of Dick and Basu, with what is uncertain about them.

    Parameters
    ----------
    chances
        Grain: customer, index of the answers. One column for each of `GROUPS` (they sum to one), ``attitude`` and
        ``rate`` (means given everything known).
    shares
        Grain: group. ``group``, ``share``, ``lower``, ``upper``, ``naive_share`` (observed scores cut at the same
        points, as if without error, of those who have one).
    sensitivity
        Grain: pair of cut points. ``attitude_below``, ``rate_below`` (share of customers below the cut) and one column
        a group.
    attitude_cut, rate_cut
        Where high begins.
    reliability, is_assumed
        Of the score of attitude.
    correlation, correlation_lower, correlation_upper
        Between true attitude and true rate (normal scores), free of measurement error.
    n
        Customers used.
    notes
        What is doubtful.
    """

    chances: pd.DataFrame
    shares: pd.DataFrame
    sensitivity: pd.DataFrame
    attitude_cut: float
    rate_cut: float
    reliability: float
    is_assumed: bool
    correlation: float
    correlation_lower: float
    correlation_upper: float
    n: int
    confidence: float
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Data:
    items: pd.DataFrame
    bought: FloatArray
    exposure: FloatArray

    def take(self, rows: NDArray[np.int64]) -> _Data:
        return _Data(items=self.items.iloc[rows], bought=self.bought[rows], exposure=self.exposure[rows])


@dataclass(frozen=True, eq=False, kw_only=True)
class _Joint:
    """Attitude given the normal score u of the rate: normal with mean + slope * u and variance `rest`."""

    attitude: AttitudeScores
    patronage: Patronage
    slope: float
    rest: float

    @property
    def correlation(self) -> float:
        return self.slope / float(np.sqrt(self.attitude.true_variance))


def estimate_membership(
    items: pd.DataFrame,
    n_purchases: Sequence[float] | FloatArray,
    exposure: Sequence[float] | FloatArray,
    *,
    attitude_cut: float | None = None,
    rate_cut: float | None = None,
    single_reliability: float = SINGLE_RELIABILITY,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> Membership:
    """Who is loyal by conviction, who by habit, who would be if he could, and who is not?

    Parameters
    ----------
    items
        One row a customer, one column an item of one attitude, on one scale; NaN for no answer.
    n_purchases, exposure
        Purchases of each customer and the time they were counted in.
    attitude_cut, rate_cut
        Where high begins, in the items' unit and in purchases per unit of exposure; None takes the median of the true
        values, so that half of the customers lie above by construction.
    single_reliability
        Assumed for a single item.

    Raises
    ------
    NotEnoughData
        With fewer than thirty customers who answered and could have bought, or items that do not go together.

    Notes
    -----
    Neither attitude nor rate is seen: the score carries error (alpha), and a count in a short time says little of a
    rate. True rates are gamma (NBD) and true attitudes normal, joined by a normal copula whose correlation is found
    from the regression of scores on expected normal scores of the rate; each customer's chances follow by Bayes' rule,
    summed over cells of the rate. A cut of observed values instead puts those near a cut point on the wrong side by
    chance, which fills the off-diagonal groups. Limits are by a grouped jackknife that repeats every step.

    References
    ----------
    Dick and Basu (1994), Journal of the Academy of Marketing Science 22(2), 99-113; Lord and Novick (1968), ch. 3;
    Ehrenberg (1959), Applied Statistics 8; for the jackknife Shao and Tu (1995), The Jackknife and Bootstrap, 2.3.
    """
    check_confidence(confidence)
    data, index = _clean(items, n_purchases, exposure)
    joint = _fit(data, single_reliability)
    cut_t = joint.attitude.mean if attitude_cut is None else float(attitude_cut)
    cut_r = joint.patronage.quantile(0.5) if rate_cut is None else float(rate_cut)
    chances = _chances(joint, data, [cut_t], [cut_r])
    share = chances[:, :4].mean(axis=0)
    limits, correlation = _limits(data, share, joint, attitude_cut, rate_cut, single_reliability, confidence, seed)
    frame = pd.DataFrame(chances, columns=[*GROUPS, "attitude", "rate"], index=index)
    table = pd.DataFrame({"group": GROUPS, "share": share, "lower": limits[0], "upper": limits[1]})
    return Membership(
        chances=frame,
        shares=table.assign(naive_share=_cut_observed(joint, data, cut_t, cut_r)),
        sensitivity=_vary(joint, data),
        attitude_cut=cut_t,
        rate_cut=cut_r,
        reliability=joint.attitude.reliability,
        is_assumed=joint.attitude.is_assumed,
        correlation=joint.correlation,
        correlation_lower=correlation[0],
        correlation_upper=correlation[1],
        n=len(frame),
        confidence=float(confidence),
        notes=tuple(_doubts(joint)),
    )


def _clean(
    items: pd.DataFrame, n_purchases: Sequence[float] | FloatArray, exposure: Sequence[float] | FloatArray
) -> tuple[_Data, pd.Index]:
    bought, time = np.asarray(n_purchases, dtype=float), np.asarray(exposure, dtype=float)
    usable = items.notna().any(axis=1).to_numpy() & np.isfinite(bought) & (bought >= 0) & (time > 0)
    n = int(usable.sum())
    if n < _FEWEST:
        raise NotEnoughData(
            "Attitude beside behaviour: customers who answered under their own name and had time to buy",
            needed=_FEWEST, found=n,
        )  # fmt: skip
    if bought[usable].sum() == 0:
        raise NotEnoughData(
            "Attitude beside behaviour: purchases of those who answered", needed=1, found=0,
            mend="Count over a longer time.",
        )  # fmt: skip
    kept = items.loc[usable]
    return _Data(items=kept, bought=bought[usable], exposure=time[usable]), kept.index


def _fit(data: _Data, single_reliability: float) -> _Joint:
    attitude = score_attitude(data.items, single_reliability=single_reliability)
    patronage = fit_patronage(data.bought, data.exposure)
    middles, mass, scores = patronage.cells(
        np.array([]), float(data.exposure.max()), float((data.bought / data.exposure).max())
    )
    expected = np.concatenate([
        special.softmax(_log_behaviour(part, middles, mass), axis=1) @ scores for part in _portions(data)
    ])  # fmt: skip
    # Whose only answers are to items that everybody answered alike has no score, and tells nothing of the link.
    known = np.isfinite(attitude.scores)
    spread = float(expected[known].var())
    covariance = float(np.cov(expected[known], attitude.scores[known], bias=True)[0, 1])
    slope = covariance / spread if spread > 1e-9 else 0.0
    most = _CLOSEST * float(np.sqrt(attitude.true_variance))
    slope = float(np.clip(slope, -most, most))
    return _Joint(attitude=attitude, patronage=patronage, slope=slope, rest=attitude.true_variance - slope**2)


def _portions(data: _Data) -> list[_Data]:
    n = len(data.bought)
    return [data.take(np.arange(at, min(at + _ROWS_AT_ONCE, n))) for at in range(0, n, _ROWS_AT_ONCE)]


def _log_behaviour(data: _Data, middles: FloatArray, mass: FloatArray) -> FloatArray:
    """(customers, cells): log of the share in a cell times the chance of the purchases seen, up to a constant."""
    found = np.log(mass)[None, :] + data.bought[:, None] * np.log(middles)[None, :] - np.outer(data.exposure, middles)
    return np.asarray(found)


def _chances(joint: _Joint, data: _Data, cuts_t: Sequence[float], cuts_r: Sequence[float]) -> FloatArray:
    """Per customer: the four groups for each pair of cuts, then mean attitude and mean rate."""
    middles, mass, scores = joint.patronage.cells(
        np.asarray(cuts_r, dtype=float), float(data.exposure.max()), float((data.bought / data.exposure).max())
    )
    prior = joint.attitude.mean + joint.slope * scores
    done = []
    start = 0
    for part in _portions(data):
        here = slice(start, start + len(part.bought))
        start = here.stop
        score, noise = joint.attitude.scores[here], joint.attitude.error_variance[here]
        known = np.isfinite(score)
        total = np.where(known, joint.rest + noise, 1.0)[:, None]
        off = np.where(known, score, 0.0)[:, None] - prior[None, :]
        weight = _log_behaviour(part, middles, mass) - np.where(known[:, None], 0.5 * off**2 / total, 0.0)
        weight = special.softmax(weight, axis=1)
        pull = np.where(known, joint.rest / (joint.rest + noise), 0.0)[:, None]
        middle = prior[None, :] + pull * off
        spread = np.sqrt(joint.rest * (1 - pull))
        columns = []
        for cut_t in cuts_t:
            high = special.ndtr((middle - cut_t) / spread) * weight
            for cut_r in cuts_r:
                often = middles > cut_r
                true, latent = high[:, often].sum(axis=1), high[:, ~often].sum(axis=1)
                spurious = weight[:, often].sum(axis=1) - true
                columns += [true, latent, spurious, 1 - true - latent - spurious]
        columns += [(middle * weight).sum(axis=1), weight @ middles]
        done.append(np.column_stack(columns))
    return np.concatenate(done)


def _limits(
    data: _Data,
    share: FloatArray,
    joint: _Joint,
    attitude_cut: float | None,
    rate_cut: float | None,
    single_reliability: float,
    confidence: float,
    seed: int,
) -> tuple[FloatArray, tuple[float, float]]:
    rng = np.random.default_rng(seed)
    n = len(data.bought)
    used = rng.permutation(n)[:_MOST_FOR_LIMITS]
    parts = max(2, min(_PARTS, len(used) // 4))
    group = np.arange(len(used)) % parts
    found = []
    for left_out in range(parts):
        rest = data.take(used[group != left_out])
        try:
            again = _fit(rest, single_reliability)
        except NotEnoughData:
            continue
        cut_t = again.attitude.mean if attitude_cut is None else float(attitude_cut)
        cut_r = again.patronage.quantile(0.5) if rate_cut is None else float(rate_cut)
        found.append([*_chances(again, rest, [cut_t], [cut_r])[:, :4].mean(axis=0), again.correlation])
    drawn = np.array(found)
    if len(drawn) < 2:
        return np.full((2, 4), np.nan), (np.nan, np.nan)
    k = len(drawn)
    error = np.sqrt((k - 1) / k * ((drawn - drawn.mean(axis=0)) ** 2).sum(axis=0))
    error *= np.sqrt(len(used) / n)
    reach = stats.t.ppf(0.5 + confidence / 2, k - 1)
    inside = np.clip(share, 1e-6, 1 - 1e-6)
    half = reach * error[:4] / (inside * (1 - inside))
    limits = special.expit(special.logit(inside) + np.array([-half, half]))
    r = np.clip(joint.correlation, -0.999, 0.999)
    bend = reach * error[4] / (1 - r**2)
    return limits, (float(np.tanh(np.arctanh(r) - bend)), float(np.tanh(np.arctanh(r) + bend)))


def _vary(joint: _Joint, data: _Data) -> pd.DataFrame:
    """The shares at other cut points: quantiles of true attitude by quantiles of true rate."""
    spread = float(np.sqrt(joint.attitude.true_variance))
    cuts_t = [joint.attitude.mean + spread * float(special.ndtri(share)) for share in CUT_SHARES]
    cuts_r = [joint.patronage.quantile(share) for share in CUT_SHARES]
    shares = _chances(joint, data, cuts_t, cuts_r).mean(axis=0)
    rows = [
        {"attitude_below": t, "rate_below": r, **dict(zip(GROUPS, shares[4 * place : 4 * place + 4], strict=True))}
        for place, (t, r) in enumerate((t, r) for t in CUT_SHARES for r in CUT_SHARES)
    ]
    return pd.DataFrame(rows)


def _cut_observed(joint: _Joint, data: _Data, cut_t: float, cut_r: float) -> FloatArray:
    known = np.isfinite(joint.attitude.scores)
    high, often = joint.attitude.scores[known] > cut_t, (data.bought / data.exposure)[known] > cut_r
    cells = [high & often, high & ~often, ~high & often, ~high & ~often]
    return np.array([float(cell.mean()) for cell in cells])


def _doubts(joint: _Joint) -> list[str]:
    doubts = []
    if joint.attitude.is_assumed:
        doubts.append(
            f"Attitude is measured by one item, whose reliability no answer tells; {joint.attitude.reliability:.2f} "
            "was assumed. Two or more items would measure it."
        )
    elif joint.attitude.reliability < 0.5:
        doubts.append(
            f"The items of attitude agree so little (alpha {joint.attitude.reliability:.2f}) that a customer's "
            "group is "
            "hardly known."
        )
    if not joint.patronage.has_converged:
        doubts.append("Customers hardly differ in how often they buy, or the search stopped early; rates are doubtful.")
    if abs(joint.correlation) > 0.97:
        doubts.append("Attitude and behaviour go together more closely than their errors allow; the link was capped.")
    return doubts
