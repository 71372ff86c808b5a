"""Is the model any good, and how many will leave? Limits of the card and of the leavers expected, on known worlds.

Contracts leave at constant rates that differ by plan, region and age of the customer, 30 kinds in all, so the truth
of a fitted model's measures is a sum over the kinds: what this fit, as it is, would be worth on endlessly many
contracts of the same world. (The limits do not claim how another fit would have done.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize

from crm_research.models.hazards import fit_cox
from crm_research.models.hazards.prediction import forecast_leaving
from crm_research.models.validation import fit_tenure_rule
from crm_research.models.validation.integrated import brier_grid
from crm_research.pillars.churn.validation.designs import BY_TENURE, Trial
from crm_research.pillars.churn.validation.measure import validate_trial
from tests.recovery.coverage_survival import Coverage
from tests.recovery.coverage_worlds import Judged, count_worlds

COVARIATES = ["plan", "region", "age"]
YEAR = 366.0
_RATE = 0.6 / YEAR
_EFFECTS = {"plan": {"basic": 0.0, "plus": -0.5, "top": -1.0}, "region": {"north": 0.0, "south": 0.4}}
_PER_YEAR_OF_AGE = -0.02
_AGES = (25.0, 35.0, 45.0, 55.0, 65.0)


def _kinds() -> pd.DataFrame:
    rows = product(*(list(levels) for levels in _EFFECTS.values()), _AGES)
    frame = pd.DataFrame(list(rows), columns=COVARIATES)
    score = sum(frame[name].map(levels) for name, levels in _EFFECTS.items()) + _PER_YEAR_OF_AGE * (frame["age"] - 45)
    return frame.assign(rate=_RATE * np.exp(score.astype(float)))


KINDS = _kinds()


class _Contracts(NamedTuple):
    """Number of the kind of each contract, when it was met, when it leaves the records, and whether it ended."""

    kind: np.ndarray
    entry: np.ndarray
    tenure: np.ndarray
    ended: np.ndarray

    def rows(self) -> pd.DataFrame:
        frame = KINDS.loc[self.kind, COVARIATES].reset_index(drop=True)
        names = np.arange(len(frame)).astype(str)
        return frame.assign(
            contract_id=names, customer_id=names, entry_days=self.entry, tenure_days=self.tenure, is_ended=self.ended
        )


def _draw(rng: np.random.Generator, n: int, shortest: float, longest: float, *, is_late: bool = False) -> _Contracts:
    """n contracts, watched for `shortest` to `longest` days; of those met late, half, those gone are not seen."""
    parts: list[np.ndarray] = []
    while sum(part.shape[1] for part in parts) < n:
        kind = rng.integers(0, len(KINDS), 2 * n)
        stay = np.ceil(rng.exponential(1 / KINDS["rate"].to_numpy()[kind]))
        late = rng.random(2 * n) < 0.5 if is_late else np.zeros(2 * n, bool)
        entry = np.where(late, np.ceil(rng.uniform(0, 200, 2 * n)), 0.0)
        watch = entry + np.ceil(rng.uniform(shortest, longest, 2 * n))
        drawn = np.stack([kind, entry, np.minimum(stay, watch), stay <= watch])
        parts.append(drawn[:, drawn[2] > drawn[1]])
    kind, entry, tenure, ended = np.concatenate(parts, axis=1)[:, :n]
    return _Contracts(kind.astype(int), entry, tenure, ended.astype(bool))


def _true_card(risk: np.ndarray, last: float) -> dict[str, float]:
    """Uno's C, integrated Brier score and calibration slope of risks by kind (rows) and day of the grid (columns)."""
    rate = KINDS["rate"].to_numpy()
    grid = brier_grid(last)
    # A day is over at its end: whoever leaves within it has left by then.
    stay = np.exp(-np.outer(rate, np.floor(grid)))
    wrong = (stay * risk**2 + (1 - stay) * (1 - risk) ** 2).mean(axis=0)
    width = np.ones(len(grid))
    width[[0, -1]] = 0.5
    pairs = rate[:, None] / (rate[:, None] + rate) * -np.expm1(-(rate[:, None] + rate) * last)
    told = risk[:, -1]
    right = (told[:, None] > told) + 0.5 * (told[:, None] == told)
    found = {"uno_c": float((pairs * right).sum() / pairs.sum()), "ibs": float(wrong @ width / width.sum())}
    if np.ptp(told) > 0:
        found["calibration_slope"] = _true_slope(np.log(-np.log1p(-told)), rate, last)
    return found


def _true_slope(said: np.ndarray, rate: np.ndarray, last: float) -> float:
    """Where the score of Cox's likelihood on the complementary log-log is nought, over all tenures up to the last."""
    stay = np.exp(-np.outer(rate, np.linspace(0, last, 200)))
    leave = stay * rate[:, None]

    def score(slope: float) -> float:
        weight = stay * np.exp(slope * (said - said.mean()))[:, None]
        mean = (weight * said[:, None]).sum(axis=0) / weight.sum(axis=0)
        return float((leave * (said[:, None] - mean)).sum())

    return float(optimize.brentq(score, -5, 20))


_FIGURES = {"uno_c": "Uno's C", "ibs": "integrated Brier score", "calibration_slope": "calibration slope, 12 months"}


def card(worlds: int, sizes: Sequence[int] = (150, 600)) -> list[Coverage]:
    """A Cox model of n contracts judged on n others, from the start and half met late, most censored before a year."""

    def judge(rng: np.random.Generator, n: int, *, is_late: bool) -> Judged:
        known = _draw(rng, n, 100, 1_000).rows()
        models = {"Cox": fit_cox(known, COVARIATES), BY_TENURE: fit_tenure_rule(known)}
        seen = _draw(rng, n, 150, 700, is_late=is_late).rows()
        begun = seen.assign(tenure_days=0.0, entry_days=0.0)
        cut = seen.assign(
            is_ended=seen["is_ended"] & (seen["tenure_days"] <= YEAR), tenure_days=seen["tenure_days"].clip(upper=YEAR)
        )
        held = (cut["tenure_days"] > cut["entry_days"]).to_numpy()
        trial = Trial(
            said="another sample", window="another sample", is_in_time=False, models=models,
            contracts=begun.loc[held].reset_index(drop=True), outcomes=cut.loc[held].reset_index(drop=True),
            horizons_days=(YEAR,), n_fitted=n, n_beyond=0, notes=(),
        )  # fmt: skip
        found = validate_trial(trial, confidence=0.95).cards["Cox"].measures.drop_duplicates("measure")
        rows = found.set_index("measure")
        kinds = KINDS.assign(tenure_days=0.0, entry_days=0.0)
        days = [float(day) for day in brier_grid(YEAR)[1:]]

        def risks(name: str) -> np.ndarray:
            told = models[name].risk(kinds, days).to_numpy(dtype=float)
            return np.column_stack([np.zeros(len(kinds)), told])

        truth = _true_card(risks("Cox"), YEAR) | {"ibs_null": _true_card(risks(BY_TENURE), YEAR)["ibs"]}
        said = "half met late" if is_late else "from the start"
        for name, value in truth.items():
            row = rows.loc[name]
            figure = _FIGURES.get(name, "the same of the curve by tenure")
            if np.isfinite([row["lower"], row["upper"]]).all():
                yield f"{figure}, {said}", bool(row["lower"] <= value <= row["upper"])

    return _with_and_without_late_entry(judge, sizes, worlds)


def leavers(worlds: int, sizes: Sequence[int] = (60, 300)) -> list[Coverage]:
    """How many of the running contracts leave within 1 and within 12 months, by a Cox model of all n contracts."""

    def judge(rng: np.random.Generator, n: int, *, is_late: bool) -> Judged:
        seen = _draw(rng, n, 1, 1_461, is_late=is_late)
        rows = seen.rows()
        fit = fit_cox(rows, ["plan"])
        running = ~seen.ended
        more = np.ceil(rng.exponential(1 / KINDS["rate"].to_numpy()[seen.kind]))[running]
        found = forecast_leaving(fit, rows.loc[running], [31.0, YEAR], with_remaining=False)
        for days, said in ((31.0, "1 month"), (YEAR, "12 months")):
            judged = found.risk[days].notna().to_numpy()
            row = found.totals.loc[found.totals["horizon_days"] == days].iloc[0]
            came = int((more[judged] <= days).sum())
            late = "half met late" if is_late else "from the start"
            yield f"leavers within {said}, {late}", bool(row["lower"] <= came <= row["upper"])

    return _with_and_without_late_entry(judge, sizes, worlds)


def _with_and_without_late_entry(judge: Callable[..., Judged], sizes: Sequence[int], worlds: int) -> list[Coverage]:
    return [
        row
        for is_late in (False, True)
        for n in sizes
        for row in count_worlds(lambda rng, n=n, late=is_late: judge(rng, n, is_late=late), n, worlds)
    ]
