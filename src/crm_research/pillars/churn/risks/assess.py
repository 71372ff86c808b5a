"""The risk of each customer: chance to leave within several horizons with an interval, and what goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import ParameterError
from crm_research.features.spells import build_spells
from crm_research.models.hazards.prediction import Forecast, forecast_leaving
from crm_research.pillars.churn.risks.reasons import say_reasons
from crm_research.pillars.churn.spell_rows import read_running
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.vocabulary import days_in_months

if TYPE_CHECKING:
    from crm_research.features.changing import CovariateBuilder
    from crm_research.models.hazards import HazardFit
    from crm_research.models.survival.risk import IntArray
    from crm_research.study import Study

HORIZONS_MONTHS: Final = (1, 3, 6, 12)
_MOSTLY: Final = 0.8
_N_GROUPS: Final = 10
_FEWEST_FOR_GROUPS: Final = 20
_TENTHS: Final = ("tenth", "n", "lowest_risk", "mean_risk", "expected", "lower", "upper", "share_expected")
_IDS: Final = ("contract_id", "customer_id", "tenure_days")


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskList(Shown):
    """The risk of each contract that runs at as_of.

    Parameters
    ----------
    rows
        Grain: running contract, highest risk at the main horizon first, those without a risk last. Columns
        ``contract_id``, ``customer_id``, ``tenure_days``; for each horizon of m months ``risk_{m}m``,
        ``lower_{m}m``, ``upper_{m}m``; ``remaining_days`` (expected further tenure within the longest horizon);
        ``fee`` (now; where contracts have one); ``reasons`` and ``lowered_by`` (what goes with more and with less
        danger than the average contract's; empty below the first `n_explained` rows).
    summary
        Grain: horizon. Columns ``horizon_months``, ``horizon_days``, ``n_judged``, ``n_beyond``, ``n_unknown``,
        ``expected`` (leavers among those judged), ``lower``, ``upper`` (limits for the number that will leave),
        ``model_error``, ``chance_error``, ``mean_risk``, ``lower_share``, ``upper_share`` (the limits over those
        judged).
    deciles
        Grain: tenth of the contracts judged at the main horizon, most at risk first. Columns ``tenth``, ``n``,
        ``lowest_risk``, ``mean_risk``, ``expected``, ``lower``, ``upper`` (for the number that will leave),
        ``share_expected`` (of all expected leavers). Empty with fewer than 20 contracts.
    main_months
        The horizon of the order and of the tenths: the longest that goes beyond the tenures watched for no more than
        one in five of the contracts the model knows; else the one at which most can be judged.
    n_running
        Contracts that run at as_of.
    n_beyond
        Of them, without a risk at the main horizon, because it goes beyond any tenure watched.
    n_unknown
        Of them, without any risk: a number the model needs is missing, or nobody of that kind was seen to leave.
    top_share
        Share of the expected leavers in the tenth most at risk; NaN without tenths.
    n_explained
        Rows that have reasons.
    grid_error_days
        `remaining_days` is wrong by no more than this.
    """

    rows: pd.DataFrame
    summary: pd.DataFrame
    deciles: pd.DataFrame
    main_months: int
    n_running: int
    n_beyond: int
    n_unknown: int
    top_share: float
    n_explained: int
    grid_error_days: float
    confidence: float
    estimator: str

    def at(self, months: int) -> pd.Series[float]:
        """The row of `summary` for one horizon."""
        row: pd.Series[float] = self.summary.loc[self.summary["horizon_months"] == months].iloc[0]
        return row


@step
def assess_risks(
    study: Study,
    fit: HazardFit,
    covariates: Sequence[str],
    *,
    horizons_months: Sequence[int] = HORIZONS_MONTHS,
    confidence: float | None = None,
    n_explained: int | None = 1000,
    n_rows_at_once: int = 100_000,
    extra: CovariateBuilder | None = None,
) -> RiskList:
    """Which of the customers still here leave soon, how sure is that, and what goes with it?

    Parameters
    ----------
    study
        Needs contracts.
    fit
        A model of leaving fitted to the same study (`measure_drivers`, `fit_risk`).
    covariates
        The columns it was fitted to; its strata may be left out.
    horizons_months
        From as_of on.
    confidence
        The fit's own by default.
    n_explained
        Contracts that get reasons, the most at risk first; None for all.
    n_rows_at_once
        Of the model's columns held in memory.
    extra
        Makes own covariates, as in `read_rows`.

    Raises
    ------
    ParameterError
        For a horizon that is not a whole number of months from 1 on, or a column that is not there.

    Notes
    -----
    Risks are conditional on the tenure so far; characteristics that change over time are held as they are now. A
    month counts its longest (`days_in_months`). A list may only be shown if the risks held out of time
    (`show_risks` asks for the check).
    """
    months = _check_months(horizons_months)
    wanted = [*dict.fromkeys((*covariates, *(term.name for term in fit.covariate_terms), *fit.strata))]
    # What a contract pays is asked for with the rest: whom to contact depends on it.
    fee = ["fee"] if extra is None and "fee" in build_spells(study).columns else []
    running = read_running(study, [*dict.fromkeys((*wanted, *fee))], extra=extra)
    days = [float(days_in_months(number)) for number in months]
    forecast = forecast_leaving(fit, running, days, confidence=confidence, n_rows_at_once=n_rows_at_once)
    summary = _summarise(forecast, months)
    main = _main_horizon(summary)
    risk = forecast.risk[float(days_in_months(main))].to_numpy()
    order = np.argsort(-np.nan_to_num(risk, nan=-1.0), kind="stable")
    n_judged = int(np.isfinite(risk).sum())
    deciles = _split_tenths(fit, running.iloc[order[:n_judged]], float(days_in_months(main)), forecast.confidence)
    explained = n_judged if n_explained is None else min(n_explained, n_judged)
    rows = _lay_out(running, forecast, months, days, order)
    for name in fee:
        rows[name] = running[name].to_numpy()[order]
    said = say_reasons(fit, running.iloc[order[:explained]])
    rows["reasons"] = _fill(said["raised_by"], len(rows))
    rows["lowered_by"] = _fill(said["lowered_by"], len(rows))
    return RiskList(
        rows=rows,
        summary=summary,
        deciles=deciles,
        main_months=main,
        n_running=len(running),
        n_beyond=int(summary.loc[summary["horizon_months"] == main, "n_beyond"].iloc[0]),
        n_unknown=int(summary["n_unknown"].iloc[0]),
        top_share=float(deciles["share_expected"].iloc[0]) if len(deciles) else np.nan,
        n_explained=explained,
        grid_error_days=max(days) / 120,
        confidence=forecast.confidence,
        estimator=fit.estimator,
    )


def _check_months(horizons_months: Sequence[int]) -> list[int]:
    months = sorted(set(horizons_months))
    if not months or any(isinstance(m, bool) or not isinstance(m, int) or m < 1 for m in months):
        raise ParameterError(f"horizons_months must be whole numbers from 1 on, not {list(horizons_months)!r}.")
    return months


def _summarise(forecast: Forecast, months: Sequence[int]) -> pd.DataFrame:
    summary = forecast.totals.copy()
    summary.insert(0, "horizon_months", list(months))
    judged = summary["n_judged"].where(summary["n_judged"] > 0)
    summary["mean_risk"] = summary["expected"] / judged
    summary["lower_share"] = summary["lower"] / judged
    summary["upper_share"] = summary["upper"] / judged
    return summary


def _main_horizon(summary: pd.DataFrame) -> int:
    judged = summary["n_judged"]
    enough = summary.loc[(judged > 0) & (judged >= _MOSTLY * (judged + summary["n_beyond"]))]
    if len(enough):
        return int(enough["horizon_months"].iloc[-1])
    return int(summary["horizon_months"].iloc[int(judged.to_numpy().argmax())])


def _lay_out(
    running: pd.DataFrame, forecast: Forecast, months: Sequence[int], days: Sequence[float], order: IntArray
) -> pd.DataFrame:
    columns = {name: running[name].to_numpy()[order] for name in _IDS}
    for number, horizon in zip(months, days, strict=True):
        for name, table in (("risk", forecast.risk), ("lower", forecast.lower), ("upper", forecast.upper)):
            columns[f"{name}_{number}m"] = table[horizon].to_numpy()[order]
    columns["remaining_days"] = forecast.remaining_days.to_numpy()[order]
    return pd.DataFrame(columns)


def _fill(said: pd.Series[str], size: int) -> NDArray[np.object_]:
    out = np.full(size, "", dtype=object)
    out[: len(said)] = said.to_numpy()
    return out


def _split_tenths(fit: HazardFit, falling: pd.DataFrame, days: float, confidence: float) -> pd.DataFrame:
    """Tenths of the contracts judged, which come with falling risk."""
    if len(falling) < _FEWEST_FOR_GROUPS:
        return pd.DataFrame(columns=list(_TENTHS))
    rows = []
    for number, part in enumerate(np.array_split(np.arange(len(falling)), _N_GROUPS), start=1):
        found = forecast_leaving(fit, falling.iloc[part], [days], confidence=confidence, with_remaining=False)
        sums = found.totals.iloc[0]
        risk = found.risk[days]
        rows.append(
            {
                "tenth": number,
                "n": len(part),
                "lowest_risk": float(risk.min()),
                "mean_risk": float(risk.mean()),
                **{name: float(sums[name]) for name in ("expected", "lower", "upper")},
            }
        )
    table = pd.DataFrame(rows)
    total = float(table["expected"].sum())
    table["share_expected"] = table["expected"] / total if total > 0 else np.nan
    return table[list(_TENTHS)]
