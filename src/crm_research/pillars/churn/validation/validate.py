"""Is the model any good? Risks judged by what came true, beside the simplest rules, and what follows for lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.features.window import known_rows
from crm_research.models.validation import Fit, Optimism, ValidationCard, estimate_risk_optimism
from crm_research.pillars.churn.spell_rows import SomeCustomers, draw_customers, read_rows, some_customers
from crm_research.pillars.churn.validation.designs import Trial, cross_fit, stand_at, stand_earlier
from crm_research.pillars.churn.validation.horizons import MONTH_SLACK_DAYS, say_horizon
from crm_research.pillars.churn.validation.measure import Design, validate_trial
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.theme import join_words, say_count, say_date, say_interval, say_percent
from crm_research.vocabulary import days_in_months

if TYPE_CHECKING:
    from crm_research.study import Study

HORIZONS_DAYS: Final = tuple(float(days_in_months(months)) for months in (3, 6, 12))
YEAR_DAYS: Final = float(days_in_months(12))
_EARLIER_DAYS: Final = (365.0, 183.0, 92.0)
_MOST_CONTRACTS: Final = 50_000
_MOST_FOR_OPTIMISM: Final = 5_000
CHANCE: Final = 0.5
NOT_IN_TIME: Final = "not tested in time"


@dataclass(frozen=True, kw_only=True)
class YearSlope:
    """The calibration slope of risks within 12 months: 1 is right, below 1 differences are exaggerated.

    Parameters
    ----------
    n
        Contracts judged.
    design
        How, in words.
    """

    estimate: float
    lower: float
    upper: float
    n: int
    design: str


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskCheck(Shown):
    """Is the model any good, and may a list of customers at risk be printed?

    Parameters
    ----------
    name
        Of the model judged; the other names of the cards are those it is held against.
    designs
        The ways it could be judged, the best first; empty if none was possible.
    not_possible
        Ways that were tried and why they were not possible.
    slope_12m, slope_note
        The slope at 12 months, or None and why.
    optimism, optimism_said
        What of a measure on the rows of the fit is mere fitting (``uno_c``, ``calibration_slope``), and on which rows;
        empty where it was not asked for or not possible.
    sample
        Which random part of the customers was used, in words; empty for all.
    """

    name: str
    designs: tuple[Design, ...]
    not_possible: tuple[str, ...]
    slope_12m: YearSlope | None
    slope_note: str
    optimism: Mapping[str, Optimism]
    optimism_said: str
    sample: str
    confidence: float

    @property
    def cards(self) -> Mapping[str, ValidationCard]:
        """A card for each model and rule, from the best design; empty without any."""
        return self.designs[0].cards if self.designs else {}

    @property
    def card(self) -> ValidationCard | None:
        """The card of the model."""
        return self.cards.get(self.name)

    @property
    def n_beyond(self) -> int:
        """Contracts of the best design that could not be judged."""
        return self.designs[0].n_beyond if self.designs else 0

    @property
    def is_tested_in_time(self) -> bool:
        """Did the outcomes come after everything the model was fitted to?"""
        return bool(self.designs) and self.designs[0].is_in_time

    @property
    def ranking(self) -> tuple[float, float, float] | None:
        """Of two contracts, how often the one said to be at more risk left first (Uno's C), and its limits.

        None where that was not judged; a half is what chance gives.
        """
        if self.card is None:
            return None
        rows = self.card.measures.loc[self.card.measures["measure"] == "uno_c", ["estimate", "lower", "upper"]]
        found = tuple(float(end) for end in rows.iloc[0]) if len(rows) else ()
        return (found[0], found[1], found[2]) if found and np.isfinite(found).all() else None

    @property
    def tells_nobody_apart(self) -> bool:
        """Was it judged who leaves first, and were the risks no surer of it than chance?"""
        return self.ranking is not None and self.ranking[1] <= CHANCE

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why no list may be printed; empty if one may."""
        if not self.designs:
            return ("Nothing could be judged: " + "; ".join(self.not_possible) + ".",)
        failed = tuple(f"{design.said}: {why}" for design in self.designs for why in design.cards[self.name].reasons)
        if self.tells_nobody_apart:
            failed += (f"{self.designs[0].said}: who leaves first is told no better than by chance",)
        return failed

    @property
    def is_fit_for_lists(self) -> bool:
        """May a list of customers at risk be printed? Only where risks were judged and none surely failed."""
        return not self.reasons

    @property
    def mark(self) -> str:
        """What a list must bear: ``not tested in time`` where only folds could be had; else empty."""
        return "" if self.is_tested_in_time or not self.designs else NOT_IN_TIME

    def say(self) -> str:
        """The check in one or two sentences."""
        if self.card is None:
            return f"The risks could not be judged. {self.reasons[0]}"
        main = self.designs[0]
        last = main.horizons_days[-1]
        everyone = self.card.calibration.loc[lambda t: (t["group"] == "all") & (t["horizon_days"] == last)].iloc[0]
        between = say_interval(everyone["lower"], everyone["upper"], say_percent)
        verdict = "A list of customers at risk may be printed"
        if not self.is_fit_for_lists:
            verdict = f"No list of customers at risk may be printed ({join_words(self.reasons)})"
        elif self.mark:
            verdict += f", marked '{self.mark}'"
        return (
            f"{main.said[0].upper()}{main.said[1:]}: of {say_count(self.card.n, 'contract')} "
            f"{say_percent(everyone['expected'])} were said to leave within {say_horizon(last)}, and "
            f"{say_percent(everyone['observed'])} did ({between}). {verdict}."
        )


@step
def validate_risks(
    study: Study,
    fits: Mapping[str, Fit],
    columns: Sequence[str],
    *,
    horizons_days: Sequence[float] = HORIZONS_DAYS,
    n_folds: int = 5,
    n_resamples: int = 20,
    confidence: float = 0.95,
    seed: int = 1,
) -> RiskCheck:
    """Is the model any good? Judged in the best way the records carry, beside its contenders and two simple rules.

    Parameters
    ----------
    study
        Needs contracts.
    fits
        Name to every step that looks at the data, from rows (as `read_rows` gives them) to a model. The first is the
        model that is judged, others are contenders.
    columns
        What the models read, beside the columns that `read_rows` always gives.
    horizons_days
        Where calibration is judged, as far as the records reach; 12 months should be among them.
    n_folds, n_resamples
        Parts of the customers for cross-fitting, where nothing better is possible; bootstrap samples for optimism (0
        for none).

    Raises
    ------
    ParameterError, LeakageError
        Without a model; for a column that is not there, or one that knows the future. Too few records are told, not
        raised.

    Notes
    -----
    Best is the study's own holdout; beside it, or instead of it, a fit as of 12 months earlier (6 or 3, where there is
    no holdout and no more history) judged by what came since; else customers are left out in folds, which is no test in
    time. More than 50,000 contracts: all is done on a random sample of customers.
    """
    if not fits:
        raise ParameterError("validate_risks needs at least one model: a name, and what fits it to rows.")
    name = next(iter(fits))
    whose = some_customers(study, _MOST_CONTRACTS, seed=seed)
    found: list[Trial] = []
    failed: list[str] = []
    for trial in _stand(study, fits, columns, horizons_days, whose):
        (found if isinstance(trial, Trial) else failed).append(trial)  # type: ignore[arg-type]
    if not found:
        crossed = cross_fit(study, fits, columns, horizons_days=horizons_days, whose=whose, n_folds=n_folds, seed=seed)
        (found if isinstance(crossed, Trial) else failed).append(crossed)  # type: ignore[arg-type]
    designs = tuple(validate_trial(trial, confidence=confidence) for trial in found)
    slope = _slope_at_year(designs, name)
    optimism, said = _optimism(study, fits[name], columns, designs, whose, n_resamples, confidence, seed)
    return RiskCheck(
        name=name,
        designs=designs,
        not_possible=tuple(failed),
        slope_12m=slope,
        slope_note="" if slope else _why_no_slope(designs, failed),
        optimism=optimism,
        optimism_said=said,
        sample=_say_sample(whose),
        confidence=float(confidence),
    )


def _stand(
    study: Study, fits: Mapping[str, Fit], columns: Sequence[str], horizons_days: Sequence[float], whose: SomeCustomers
) -> list[Trial | str]:
    """The trials in time: the holdout, and an earlier date beside it (if that reaches further) or instead of it."""
    tried: list[Trial | str] = []
    held = 0.0
    if study.holdout_until is not None:
        kept = stand_at(study, fits, columns, horizons_days=horizons_days, whose=whose, word="holdout after")
        tried.append(kept)
        held = kept.horizons_days[-1] if isinstance(kept, Trial) else 0.0
        if held >= YEAR_DAYS - MONTH_SLACK_DAYS:
            return tried
    if (none := _say_no_ends_before(study)) is not None:
        return [*tried, none]
    best: Trial | None = None
    for days in _EARLIER_DAYS[: 1 if held else None]:
        earlier = stand_earlier(study, days)
        trial = stand_at(earlier, fits, columns, horizons_days=horizons_days, whose=whose, word="earlier date,")
        if isinstance(trial, str):
            tried.append(trial)
        elif trial.horizons_days[-1] > (best.horizons_days[-1] if best else held):
            best = trial
        else:
            tried.append(f"{trial.said}: risks can be judged for {say_count(trial.horizons_days[-1], 'day')} only")
        # A short history cannot say much about a long time ahead: a later date may carry further.
        if best is not None and best.horizons_days[-1] >= days - 2 * MONTH_SLACK_DAYS:
            break
    return [*tried, best] if best is not None else tried


def _say_no_ends_before(study: Study) -> str | None:
    """Why one cannot stand at an earlier date: no end was recorded by the last of those tried. None where one was."""
    contracts = known_rows(study, "contracts")
    if "ended_at" not in contracts.columns:
        return None
    first = contracts.ended_at.min().to_pyarrow().as_py()
    if first is None or first <= study.as_of - timedelta(days=_EARLIER_DAYS[-1]):
        return None
    return f"an earlier date: the first recorded end is of {say_date(first)}, so none was known before"


def _say_sample(whose: SomeCustomers) -> str:
    """Which part of the customers was judged, in words; empty for all."""
    if whose.share >= 1:
        return ""
    about = say_count(_MOST_CONTRACTS, "contract")
    return f"a random {say_percent(whose.share)} of the customers (about {about}, {whose.say()})"


def _slope_at_year(designs: Sequence[Design], name: str) -> YearSlope | None:
    for design in designs:
        rows = design.cards[name].measures
        is_it = (rows["measure"] == "calibration_slope") & (rows["horizon_days"] - YEAR_DAYS).abs().le(MONTH_SLACK_DAYS)
        for _, row in rows.loc[is_it & np.isfinite(rows["estimate"].astype(float))].iterrows():
            return YearSlope(
                estimate=float(row["estimate"]),
                lower=float(row["lower"]),
                upper=float(row["upper"]),
                n=design.cards[name].n,
                design=design.said,
            )
    return None


def _why_no_slope(designs: Sequence[Design], failed: Sequence[str]) -> str:
    if not designs:
        return "nothing could be judged"
    reach = max(design.horizons_days[-1] for design in designs)
    if reach >= YEAR_DAYS - MONTH_SLACK_DAYS:
        return "the risks within 12 months do not differ between contracts, or too few ended"
    return f"risks could be judged for {say_count(reach, 'day')} only" + (f" ({'; '.join(failed)})" if failed else "")


def _optimism(
    study: Study,
    fit: Fit,
    columns: Sequence[str],
    designs: Sequence[Design],
    whose: SomeCustomers,
    n_resamples: int,
    confidence: float,
    seed: int,
) -> tuple[Mapping[str, Optimism], str]:
    if not designs or n_resamples < 1:
        return {}, ""
    rows = read_rows(study, columns, whose=whose)
    n_all = rows["contract_id"].nunique()
    if n_all > _MOST_FOR_OPTIMISM:
        rows = draw_customers(rows, _MOST_FOR_OPTIMISM / n_all, seed + 1)
    try:
        found = estimate_risk_optimism(
            rows, fit, horizon_days=YEAR_DAYS, seed=seed, n_resamples=n_resamples, confidence=confidence
        )
    except (NotEnoughData, ValueError, ArithmeticError, np.linalg.LinAlgError) as problem:
        return {}, f"Optimism could not be estimated: {problem}"
    n = rows["contract_id"].nunique()
    of = f" of {n_all:,}, on which the gain is larger than on all" if n < n_all else ""
    return found, f"{n_resamples} bootstrap samples of whole customers, {say_count(n, 'contract')}{of}"
