"""What a model with covariates says: effects, tests, and the share still active of each kind of customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from crm_research.models.btyd.family import History
from crm_research.models.btyd.fitted import BtydFit
from crm_research.models.btyd.kind_likelihood import KindLikelihood
from crm_research.stats.intervals import FloatArray, normal_quantile

_STEP = 1e-4


@dataclass(frozen=True, eq=False, kw_only=True)
class EffectsFit:
    """Which kinds of customers buy more often, and which drop out sooner? One fitted model with covariates.

    Parameters
    ----------
    model, covariates
        Name of the model, and the covariates compared.
    effects
        Grain: level and effect. ``covariate``, ``level``, ``reference``, ``n_customers`` (of the level),
        ``n_reference``, ``effect`` (``purchase rate``; ``dropout rate`` or ``odds of dropping out``), ``ratio`` (times
        the reference's), ``lower``, ``upper`` (Wald on the log scale), ``se_log``, ``p_value``.
    tests
        Likelihood ratios against the fit without the covariate. ``covariate``, ``effect``, ``chi2``, ``df``,
        ``p_value``; empty where there is no top.
    log_likelihood
        With all effects, comparable with that of `base`.
    base
        The same model of the same customers without covariates.
    n_customers, confidence
        Customers compared; level of the limits.
    is_converged, notes
        Whether the effects may be read, and what was pooled or left out.
    """

    model: str
    covariates: tuple[str, ...]
    effects: pd.DataFrame
    tests: pd.DataFrame
    log_likelihood: float
    base: BtydFit
    n_customers: int
    is_converged: bool
    notes: tuple[str, ...]
    confidence: float
    likelihood: KindLikelihood
    point: FloatArray
    covariance: FloatArray

    def alive_share(self) -> tuple[float, float, float]:
        """Share of all customers still active, with limits from the parameters' uncertainty (logit scale)."""
        everybody = np.ones(len(self.likelihood.n_by_kind), dtype=bool)
        return self._share(everybody, *self._alive_of_kinds())

    def alive_by_level(self) -> pd.DataFrame:
        """What share of the customers of each level is still active?

        Returns
        -------
        pandas.DataFrame
            Grain: level of a covariate. ``covariate``, ``level``, ``n_customers``, ``alive_share``, ``lower``,
            ``upper`` (delta method on the logit scale, parameters alone). As the customers are, not everything
            else alike.
        """
        alive, slopes = self._alive_of_kinds()
        frame = self.likelihood.kinds.frame
        rows = []
        for name in self.covariates:
            level_of_kind = frame[name].groupby(self.likelihood.kinds.kind).first()
            for level in sorted(level_of_kind.unique()):
                inside = (level_of_kind == level).to_numpy()
                n = int(self.likelihood.n_by_kind[inside].sum())
                rows.append((name, str(level), n, *self._share(inside, alive, slopes)))
        columns = ["covariate", "level", "n_customers", "alive_share", "lower", "upper"]
        return pd.DataFrame(rows, columns=columns)

    def probability_alive(self) -> FloatArray:
        """The chance of still being active for each row of `likelihood.kinds.frame`."""
        frame = self.likelihood.kinds.frame
        found = np.empty(len(frame))
        for kind in range(len(self.likelihood.n_by_kind)):
            rows = self.likelihood.kinds.kind == kind
            history = self.base.history(frame.loc[rows])
            found[rows] = self.likelihood.family.probability_alive(self._params(self.point, kind), history)
        return np.clip(found, 0.0, 1.0)

    def _params(self, point: FloatArray, kind: int) -> FloatArray:
        return np.asarray(np.exp(self.likelihood.log_params(point, kind)))

    def _alive_of_kinds(self) -> tuple[FloatArray, FloatArray]:
        """Customers still active of each kind, and how that number changes with each parameter of the whole."""
        likelihood = self.likelihood
        alive, slopes = np.zeros(len(likelihood.n_by_kind)), np.zeros((len(likelihood.n_by_kind), likelihood.n_params))
        for kind in range(len(alive)):
            history, n = likelihood.history(kind), likelihood.patterns[kind].n_customers
            log_params = likelihood.log_params(self.point, kind)
            alive[kind] = self._count(log_params, history, n)
            steps = _STEP * np.eye(len(log_params))
            ends = [(log_params + step, log_params - step) for step in steps]
            own = np.array([self._count(up, history, n) - self._count(down, history, n) for up, down in ends])
            own /= 2 * _STEP
            slopes[kind] = likelihood.slopes(kind).T @ own
        return alive, slopes

    def _count(self, log_params: FloatArray, history: History, n: FloatArray) -> float:
        chance = self.likelihood.family.probability_alive(np.exp(log_params), history)
        return float(n @ np.clip(chance, 0.0, 1.0))

    def _share(self, inside: np.ndarray, alive: FloatArray, slopes: FloatArray) -> tuple[float, float, float]:
        n = float(self.likelihood.n_by_kind[inside].sum())
        share, slope = float(alive[inside].sum()) / n, slopes[inside].sum(axis=0) / n
        spread = float(np.sqrt(max(float(slope @ self.covariance @ slope), 0.0)))
        if not 0.0 < share < 1.0 or not np.isfinite(spread):
            return share, np.nan, np.nan
        half = normal_quantile(self.confidence) * spread / (share * (1 - share))
        middle = float(special.logit(share))
        return share, float(special.expit(middle - half)), float(special.expit(middle + half))
