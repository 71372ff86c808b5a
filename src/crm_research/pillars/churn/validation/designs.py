"""Ways to judge risks by what came true: stand at an instant and look on, or leave customers out of the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData
from crm_research.models.survival.risk import FloatArray
from crm_research.models.validation import (
    Fit,
    RiskModel,
    fit_constant_rule,
    fit_tenure_rule,
    join_stretches,
    read_outcomes,
    usable_horizon,
)
from crm_research.pillars.churn.spell_rows import SomeCustomers, read_ends, read_rows, read_running
from crm_research.pillars.churn.validation.horizons import pick_horizons
from crm_research.steps import step
from crm_research.theme import say_count, say_date
from crm_research.vocabulary import days_in_months, month_of_tenure

if TYPE_CHECKING:
    from datetime import datetime

    from crm_research.study import Study

BY_TENURE: Final = "curve by tenure"
CONSTANT: Final = "one constant rate"
RULES: Final[Mapping[str, Fit]] = {BY_TENURE: fit_tenure_rule, CONSTANT: fit_constant_rule}
# Conventions: with fewer ends no design says anything; a contender must judge nearly all that the model judges.
FEWEST_ENDS: Final = 20
_LEAST_JUDGED: Final = 0.5
_LEAST_SHARED: Final = 0.8
_PARTS_OF_ENDS: Final = (0.25, 0.5, 0.75)


@dataclass(frozen=True, eq=False, kw_only=True)
class Trial:
    """Models that were fitted without the outcomes they are judged by.

    Parameters
    ----------
    said
        The design in words.
    window
        Which contracts, followed how long, in words.
    is_in_time
        Was the fit made from what was known before the outcomes came?
    models
        The model first, then its contenders and the rules.
    contracts
        Grain: contract judged. What the models read, as known before its outcome.
    outcomes
        The same rows, as far as the last horizon: ``tenure_days`` (days since as_of, where there is one),
        ``is_ended``, ``entry_days``, ``customer_id``.
    horizons_days
        Where risks are judged.
    n_fitted
        Contracts the models were fitted to.
    n_beyond
        Contracts that could not be judged: beyond the tenures watched, or of a kind the model never saw.
    """

    said: str
    window: str
    is_in_time: bool
    models: Mapping[str, RiskModel]
    contracts: pd.DataFrame
    outcomes: pd.DataFrame
    horizons_days: tuple[float, ...]
    n_fitted: int
    n_beyond: int
    notes: tuple[str, ...]


@step
def stand_at(
    study: Study,
    fits: Mapping[str, Fit],
    columns: Sequence[str],
    *,
    horizons_days: Sequence[float],
    whose: SomeCustomers,
    word: str,
) -> Trial | str:
    """Fit on what was known at as_of, and judge the contracts running then by what came until holdout_until.

    Returns
    -------
    Trial or str
        Why it cannot be done, in words.
    """
    if study.holdout_until is None:
        return "no holdout is kept"
    said = f"{word} {say_date(study.as_of)}, outcomes until {say_date(study.holdout_until)}"
    try:
        return _stand(study, study.holdout_until, fits, columns, horizons_days, whose, said)
    except (_NotPossibleError, NotEnoughData) as problem:
        return f"{said}: {problem}"


class _NotPossibleError(Exception):
    """Why a design cannot be had."""


def _stand(
    study: Study,
    until: datetime,
    fits: Mapping[str, Fit],
    columns: Sequence[str],
    horizons_days: Sequence[float],
    whose: SomeCustomers,
    said: str,
) -> Trial:
    window = float((until.date() - study.as_of.date()).days)
    if window < 1:
        raise _NotPossibleError("shorter than a day")
    rows, running = read_rows(study, columns, whose=whose), read_running(study, columns, whose=whose)
    _need_ends(rows["is_ended"], "before it")
    after, came = _outcomes(study, running, window)
    _need_ends(came, "in it")
    models, notes = _fit_all(rows, {**fits, **RULES}, next(iter(fits)))
    horizons, can = _choose_horizons(models, running, pick_horizons(horizons_days, window))
    models, can, more = _share(models, running, can, horizons[-1])
    judged = running.loc[can].reset_index(drop=True)
    all_ends = pd.DataFrame({"tenure_days": after, "is_ended": came, "entry_days": 0.0})
    outcomes = _cut(all_ends.assign(customer_id=running["customer_id"]).loc[can], horizons[-1])
    _need_ends(outcomes["is_ended"], "of contracts that can be judged")
    return Trial(
        said=said,
        window=f"contracts running on {say_date(study.as_of)}, followed until {say_date(until)}",
        is_in_time=True,
        models=models,
        contracts=judged,
        outcomes=outcomes,
        horizons_days=horizons,
        n_fitted=int(rows["contract_id"].nunique()),
        n_beyond=int((~can).sum()),
        notes=(*notes, *more),
    )


def _need_ends(is_ended: pd.Series[bool] | NDArray[np.bool_], where: str) -> None:
    n = int(is_ended.sum())
    if n < FEWEST_ENDS:
        raise _NotPossibleError(f"only {say_count(n, 'end')} {where}, {FEWEST_ENDS} are needed")


def stand_earlier(study: Study, days: float) -> Study:
    """The study seen so many days earlier, with what came since as its holdout."""
    return replace(study.standing_at(study.as_of - pd.Timedelta(days=days)), holdout_until=study.as_of)


@step
def cross_fit(
    study: Study,
    fits: Mapping[str, Fit],
    columns: Sequence[str],
    *,
    horizons_days: Sequence[float],
    whose: SomeCustomers,
    n_folds: int,
    seed: int,
) -> Trial | str:
    """Leave a part of the customers out, fit to the rest, and judge those left out from the start of their contracts.

    Returns
    -------
    Trial or str
        Why it cannot be done, in words.
    """
    said = f"{n_folds} folds of customers, not a test in time"
    try:
        return _cross(study, fits, read_rows(study, columns, whose=whose), horizons_days, n_folds, seed, said)
    except (_NotPossibleError, NotEnoughData) as problem:
        return f"{said}: {problem}"


def _cross(
    study: Study,
    fits: Mapping[str, Fit],
    rows: pd.DataFrame,
    horizons_days: Sequence[float],
    n_folds: int,
    seed: int,
    said: str,
) -> Trial:
    # Whoever ended on the day of the start had left before a chance could be said.
    contracts = _watched(join_stretches(rows)).loc[lambda t: t["tenure_days"] > 0].reset_index(drop=True)
    if contracts.empty and len(rows):
        raise _NotPossibleError("too few were watched for a day")
    _need_ends(contracts["is_ended"], "in all")
    reach = usable_horizon(read_outcomes(contracts))
    if reach < 1:
        raise _NotPossibleError("too few were watched for a day")
    models, notes, fold_of = _fit_folds(rows, fits, n_folds, seed)
    begun = contracts.assign(tenure_days=0.0, entry_days=0.0, fold=contracts["customer_id"].map(fold_of))
    asked = reach_enough_ends(horizons_days, contracts, reach)
    horizons, can = _choose_horizons(models, begun, pick_horizons(asked, reach))
    models, can, more = _share(models, begun, can, horizons[-1])
    can &= ((contracts["entry_days"] < horizons[-1]) | (contracts["entry_days"] <= 0)).to_numpy()
    outcomes = _cut(contracts.loc[can, ["tenure_days", "is_ended", "entry_days", "customer_id"]], horizons[-1])
    _need_ends(outcomes["is_ended"], "of contracts that can be judged")
    return Trial(
        said=said,
        window=f"contracts known on {say_date(study.as_of)}, each judged from its start",
        is_in_time=False,
        models=models,
        contracts=begun.loc[can].reset_index(drop=True),
        outcomes=outcomes,
        horizons_days=horizons,
        n_fitted=len(contracts),
        n_beyond=int((~can).sum()),
        notes=(*notes, *more),
    )


def reach_enough_ends(asked: Sequence[float], contracts: pd.DataFrame, reach: float) -> Sequence[float]:
    """The horizons asked for; where hardly anybody leaves so soon after the start, those by which a part has left.

    They are the whole months by which a quarter, half and three quarters of the ends within reach have come. A horizon
    before the first end (tenure in whole years) says nothing and is left out.
    """
    ends = contracts.loc[contracts["is_ended"] & (contracts["tenure_days"] <= reach), "tenure_days"]
    if len(ends) < FEWEST_ENDS:
        return asked
    if (ends <= max(asked, default=0.0)).sum() >= FEWEST_ENDS:
        return [days for days in asked if days >= ends.min()]
    tenures = np.quantile(ends.to_numpy(dtype=np.float64), _PARTS_OF_ENDS)
    return sorted({float(days_in_months(month_of_tenure(float(tenure)))) for tenure in tenures})


def _fit_folds(
    rows: pd.DataFrame, fits: Mapping[str, Fit], n_folds: int, seed: int
) -> tuple[dict[str, RiskModel], list[str], pd.Series[int]]:
    """Each model fitted without each part of the customers, the rules to all, and the part of each customer."""
    customers = pd.unique(rows["customer_id"])
    fold_of = pd.Series(np.random.default_rng(seed).permutation(len(customers)) % n_folds, index=customers)
    fold = rows["customer_id"].map(fold_of)
    parts = [_fit_all(rows.loc[fold != number], fits, next(iter(fits))) for number in range(n_folds)]
    names = [name for name in parts[0][0] if all(name in models for models, _ in parts)]
    crossed: dict[str, RiskModel] = {
        name: CrossFitted(models=tuple(models[name] for models, _ in parts)) for name in names
    }
    # A rule fitted to the rest errs against the very fold it is to judge; fitted to all it is flattered instead.
    crossed |= {name: fit(rows) for name, fit in RULES.items()}
    return crossed, list(dict.fromkeys(note for _, notes in parts for note in notes)), fold_of


@dataclass(frozen=True, eq=False, kw_only=True)
class CrossFitted:
    """Models each of which judges only the customers it was not fitted to (column ``fold`` of the rows)."""

    models: tuple[RiskModel, ...]

    def risk(self, frame: pd.DataFrame, horizons_days: Sequence[float]) -> pd.DataFrame:
        """Chances to leave, each row's by the model that does not know it."""
        parts = [
            model.risk(part.drop(columns="fold"), horizons_days)
            for fold, model in enumerate(self.models)
            if len(part := frame.loc[frame["fold"] == fold])
        ]
        return pd.concat(parts).loc[frame.index]


@step
def _outcomes(study: Study, running: pd.DataFrame, window: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Days from as_of to the end of each running contract, or to the end of the window; and whether it ended."""
    after = running["contract_id"].map(read_ends(study)).to_numpy(dtype=np.float64)
    came = np.isfinite(after) & (after <= window)
    return np.where(came, after, window), came


def _cut(outcomes: pd.DataFrame, last: float) -> pd.DataFrame:
    """Outcomes as far as the last horizon: whoever stayed longer is censored there."""
    tenure = outcomes["tenure_days"].to_numpy(dtype=np.float64)
    ended = outcomes["is_ended"].to_numpy(dtype=bool) & (tenure <= last)
    return outcomes.assign(tenure_days=np.minimum(tenure, last), is_ended=ended).reset_index(drop=True)


def _watched(contracts: pd.DataFrame) -> pd.DataFrame:
    is_watched = (contracts["tenure_days"] > contracts["entry_days"]) | (contracts["entry_days"] <= 0)
    return contracts.loc[is_watched].reset_index(drop=True)


def _fit_all(rows: pd.DataFrame, fits: Mapping[str, Fit], needed: str) -> tuple[dict[str, RiskModel], list[str]]:
    """Every model fitted to these rows, and notes of those that cannot be; the needed one must be."""
    models: dict[str, RiskModel] = {}
    notes: list[str] = []
    for name, fit in fits.items():
        try:
            models[name] = fit(rows)
        except (NotEnoughData, ValueError, ArithmeticError, np.linalg.LinAlgError) as problem:
            notes.append(f"{name} could not be fitted: {problem}")
            if name == needed:
                raise _NotPossibleError(notes[-1]) from problem
    return models, notes


def _choose_horizons(
    models: Mapping[str, RiskModel], frame: pd.DataFrame, horizons: tuple[float, ...]
) -> tuple[tuple[float, ...], NDArray[np.bool_]]:
    """The longest horizons at which at least half of the contracts can be judged by the model and the rules."""
    first = next(iter(models.values()))
    judges = [first, *(models[name] for name in RULES if name in models)]
    while True:
        can = np.ones(len(frame), dtype=bool)
        for judge in judges:
            can &= np.isfinite(judge.risk(frame, [horizons[-1]]).iloc[:, 0].to_numpy(dtype=np.float64))
        if can.any() and (len(horizons) == 1 or can.mean() >= _LEAST_JUDGED):
            return horizons, can
        if len(horizons) == 1:
            raise _NotPossibleError("no contract can be judged")
        horizons = horizons[:-1]


def _share(
    models: Mapping[str, RiskModel], frame: pd.DataFrame, can: NDArray[np.bool_], last: float
) -> tuple[dict[str, RiskModel], NDArray[np.bool_], list[str]]:
    """Contracts that all can judge, so that they are compared on the same ones; who judges too few is left out."""
    kept, notes = {}, []
    everyone = can.copy()
    for name, model in models.items():
        own = can & np.isfinite(model.risk(frame, [last]).iloc[:, 0].to_numpy(dtype=np.float64))
        if own.sum() < _LEAST_SHARED * can.sum():
            notes.append(f"{name} can judge only {own.sum():,} of {say_count(can.sum(), 'contract')} and is left out.")
            continue
        kept[name] = model
        everyone &= own
    return kept, everyone, notes
