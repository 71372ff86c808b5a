"""The likelihood of kinds of customers who share a model but for the pace at which they buy and drop out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crm_research.models.btyd.family import History
from crm_research.models.btyd.fitted import BtydFit
from crm_research.models.btyd.kinds import Kinds
from crm_research.models.btyd.limits import Limit, combine
from crm_research.models.btyd.maximise import observed_information
from crm_research.models.btyd.patterns import Patterns, read_patterns
from crm_research.stats.intervals import FloatArray


class KindLikelihood:
    """The likelihood of all kinds together, its gradient and its information.

    The log parameters of a kind are linear in one vector of parameters (those of the model, then the effects), so
    gradient and information follow from those of the model itself, kind by kind, whatever the model is.
    """

    def __init__(self, base: BtydFit, kinds: Kinds) -> None:
        self.base, self.kinds, self.family = base, kinds, base.family
        self.limit: Limit = base.limit or combine([side[0] for side in base.family.sides])
        shifted = [(label, base.family.param_names.index(name), sign) for label, name, sign in base.family.shifted]
        self.effects = [(label, row, sign) for label, row, sign in shifted if self.limit.is_open[row]]
        self.labels = tuple(label for label, _, _ in self.effects)
        self.n_base, self.n_columns = self.limit.matrix.shape[1], kinds.design.shape[1]
        whole = read_patterns(kinds.frame)
        self.inner = whole.mean_age or 1.0
        parts = (_of_kind(whole, kinds.kind == kind) for kind in range(len(kinds.design)))
        self.patterns = [part.scaled(1 / self.inner) for part in parts]
        self.n_by_kind = np.array([part.n_customers.sum() for part in self.patterns])
        self.n_total = float(self.n_by_kind.sum())
        self._objectives = [self.family.objective(part) for part in self.patterns]
        self._shift = np.log(self.inner / base.time_unit_days) * np.array(self.family.time_power, dtype=float)
        self.start = np.zeros(self.n_params)
        self.start[: self.n_base] = self.limit.project @ (base.log_params - self._shift)
        self.base_value = self.objective(self.start)[0]

    @property
    def n_params(self) -> int:
        """The model's free parameters and all effects."""
        return int(self.n_base + len(self.effects) * self.n_columns)

    @property
    def names(self) -> list[str]:
        """Names of the parameters, for notes."""
        levels = [f"{row.covariate} = {row.level}" for row in self.kinds.columns.itertuples()]
        return [*self.limit.names, *(f"{label} of {level}" for label in self.labels for level in levels)]

    def slopes(self, kind: int) -> FloatArray:
        """How the log parameters of a kind change with each parameter of the whole."""
        found = np.zeros((len(self.limit.base), self.n_params))
        found[:, : self.n_base] = self.limit.matrix
        for place, (_, row, sign) in enumerate(self.effects):
            at = self.n_base + place * self.n_columns
            found[row, at : at + self.n_columns] = sign * self.kinds.design[kind]
        return found

    def log_params(self, point: FloatArray, kind: int) -> FloatArray:
        """Log parameters of a kind, in the time unit of the fit."""
        return np.asarray(self._inner(point, kind) + self._shift)

    def _inner(self, point: FloatArray, kind: int) -> FloatArray:
        return np.asarray(self.limit.base + self.slopes(kind) @ point)

    def objective(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Mean log-likelihood per customer, and its gradient."""
        value, gradient = 0.0, np.zeros(self.n_params)
        for kind, (part, n) in enumerate(zip(self._objectives, self.n_by_kind, strict=True)):
            own_value, own_gradient = part(self._inner(point, kind))
            value += own_value * n
            gradient += n * (self.slopes(kind).T @ own_gradient)
        return value / self.n_total, gradient / self.n_total

    def information(self, point: FloatArray) -> FloatArray:
        """Minus the second derivatives, from those of the model in its few parameters, kind by kind."""
        found = np.zeros((self.n_params, self.n_params))
        for kind, (part, n) in enumerate(zip(self._objectives, self.n_by_kind, strict=True)):
            slopes = self.slopes(kind)
            found += n * (slopes.T @ observed_information(part, self._inner(point, kind)) @ slopes)
        return found / self.n_total

    def places(self, label: str) -> slice:
        """Where the effects of this label stand among the parameters."""
        at = self.n_base + self.labels.index(label) * self.n_columns
        return slice(at, at + self.n_columns)

    def mask_without(self, labels: Sequence[str], covariate: str | None = None) -> np.ndarray:
        """All parameters but these effects, of one covariate or of all."""
        mask = np.ones(self.n_params, dtype=bool)
        is_of = np.ones(self.n_columns, dtype=bool)
        if covariate is not None:
            is_of = (self.kinds.columns["covariate"] == covariate).to_numpy()
        for label in labels:
            mask[self.places(label)] = ~is_of
        return mask

    def expand(self, point: FloatArray, mask: np.ndarray) -> FloatArray:
        """All parameters from the free ones; the others say that nothing differs."""
        whole = np.zeros(self.n_params)
        whole[mask] = point
        return whole

    def expand_covariance(self, covariance: FloatArray, mask: np.ndarray) -> FloatArray:
        """The covariance of all parameters; 0 for those that are held."""
        whole = np.zeros((self.n_params, self.n_params))
        whole[np.ix_(mask, mask)] = covariance
        return whole

    def history(self, kind: int) -> History:
        """Patterns of a kind, in the time unit of the fit."""
        part = self.patterns[kind].scaled(self.inner / self.base.time_unit_days)
        return History(part.frequency, part.recency, part.age)


def _of_kind(whole: Patterns, is_of: np.ndarray) -> Patterns:
    part = Patterns(
        frequency=whole.frequency[is_of],
        recency=whole.recency[is_of],
        age=whole.age[is_of],
        n_customers=whole.n_customers[is_of],
    )
    return part.merged()
