"""Contracts counted by what they are and how long they were watched: all that a model of periods needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import LeakageError, ParameterError, offer_names
from crm_research.features.leakage import guard_fixed_in_time, guard_no_lookahead
from crm_research.features.spells import build_spells
from crm_research.vocabulary import days_in_months

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from crm_research.study import Study

_CYCLE_MONTHS: Final = 48
_OUTCOME: Final = ("tenure_days", "entry_days", "is_ended", "end_reason", "ended_at")


def count_stretches(
    spells: ir.Table, covariates: Sequence[str], *, unit_days: int = 1, is_by_month: bool = False
) -> ir.Table:
    """How many contracts of each kind were watched from which period to which, and how many ended in the last?

    One row stands for any number of contracts that are alike; there are never more rows than contracts, however
    many periods they lasted.

    Parameters
    ----------
    spells
        `build_spells`, `build_stretches`, or any table with tenure_days, is_ended, entry_days (optional) and the
        covariates.
    covariates
        Columns that tell contracts apart; numbers should be few and round.
    unit_days
        Length of a period of tenure. Whoever was watched for part of a period was at risk in all of it, as in
        `count_spells`.
    is_by_month
        Periods are the calendar months of `vocabulary.days_in_months` instead.

    Returns
    -------
    ibis table
        One combination of the covariates, first and last period (0 is the first of tenure): the covariates,
        first_period, last_period, n_at_risk (watched in every period from first to last), n_ended (of them, in the
        last period).

    Notes
    -----
    A contract whose tenure equals an entry after its start was never watched for a whole day and is not counted. One
    that ended on its first day belongs to period 0.
    """
    _check(spells, covariates, unit_days)
    entry = spells.entry_days if "entry_days" in spells.columns else ibis.literal(0, "int64")
    watched = spells.filter((spells.tenure_days >= 0) & ((spells.tenure_days > entry) | (entry <= 0)))
    entry = watched.entry_days if "entry_days" in watched.columns else ibis.literal(0, "int64")
    whole = _whole_months if is_by_month else partial(_whole_units, unit_days=unit_days)
    one = ibis.literal(1, "int64")
    # The period of a tenure is the one after all those that were over the day before.
    dated = watched.mutate(
        first_period=ibis.greatest(whole(entry), 0), last_period=ibis.greatest(whole(watched.tenure_days - one), 0)
    )
    if "goes_on" in dated.columns:
        # The period in which a contract changes is counted once, for what it is at the period's end.
        before = whole(dated.tenure_days) - one
        dated = dated.mutate(last_period=dated.goes_on.ifelse(before, dated.last_period))
        dated = dated.filter(dated.last_period >= dated.first_period)
    return dated.group_by(*covariates, "first_period", "last_period").agg(
        n_at_risk=dated.count(), n_ended=dated.is_ended.cast("int64").sum()
    )


def _whole_units(days: ir.NumericValue, *, unit_days: int) -> ir.IntegerValue:
    return (days // unit_days).cast("int64")


def _whole_months(days: ir.NumericValue) -> ir.IntegerValue:
    """How many calendar months are over by a tenure: four years repeat, and in each of them five months are 153 days.

    `days_in_months`, of k months of one year, is the whole part of (153 k + 4) / 5.
    """
    cycle = days_in_months(_CYCLE_MONTHS)
    cycles = (days // cycle).cast("int64")
    rest = days - cycles * cycle
    years = [(months, days_in_months(months)) for months in range(_CYCLE_MONTHS - 12, -1, -12)]
    over = [(rest >= begin, months + ((rest - begin) * 5 // 153).cast("int64")) for months, begin in years]
    return cycles * _CYCLE_MONTHS + ibis.cases(*over)


def count_person_periods(spells: ir.Table, covariates: Sequence[str], *, unit_days: int = 1) -> ir.Table:
    """Of the contracts of each kind, how many were at risk in each period of tenure, and how many ended?

    Parameters
    ----------
    spells, covariates, unit_days
        As in `count_stretches`, of which this is the table laid out by period: a table to read and to draw. Its rows
        grow with combinations times periods; a model of many covariates should be given the stretches.

    Returns
    -------
    ibis table
        One combination of the covariates and period: the covariates, period_index (0 is the first of tenure),
        n_at_risk, n_ended.
    """
    stretches = count_stretches(spells, covariates, unit_days=unit_days)
    end = stretches.last_period + ibis.literal(1, "int64")
    each = stretches.mutate(period_index=ibis.range(stretches.first_period, end)).unnest("period_index")
    ended = (each.period_index == each.last_period).ifelse(each.n_ended, 0)
    return (
        each.mutate(ended=ended)
        .group_by(*covariates, "period_index")
        .agg(n_at_risk=lambda t: t.n_at_risk.sum(), n_ended=lambda t: t.ended.sum())
        .order_by(*covariates, "period_index")
    )


def guard_covariates(
    study: Study,
    covariates: Sequence[str],
    *,
    build: Callable[[Study], ir.Table] = build_spells,
    instants: Sequence[datetime] = (),
    key: str = "contract_id",
) -> None:
    """May these covariates explain the ends of contracts? Refused where they read the future.

    To be called before a model is fitted: a covariate may neither read what came after as_of, nor change on the way
    and yet stand for a contract from its start ("ever complained").

    Parameters
    ----------
    build
        Makes the spells with their covariates from a study.
    instants
        Earlier instants at which the covariates must already have been what they are.

    Raises
    ------
    LeakageError
        Naming the covariates; also where the outcome itself is among them.
    """
    guard_outcome(covariates)

    def chosen(at: Study) -> ir.Table:
        built = build(at)
        _check(built, covariates, 1)
        return built.select(key, *covariates)

    chosen.__name__ = getattr(build, "__name__", "the builder")
    guard_no_lookahead(chosen, study)
    if instants:
        guard_fixed_in_time(chosen, study, key=key, columns=covariates, instants=instants)


def guard_outcome(covariates: Sequence[str]) -> None:
    """Is the outcome itself among the covariates? Then a LeakageError names it."""
    outcome = [name for name in covariates if name in _OUTCOME]
    if outcome:
        raise LeakageError(
            f"{', '.join(outcome)} say how long a contract was watched and how it ended, so they cannot explain it. "
            "Leave them out of the covariates."
        )


def _check(spells: ir.Table, covariates: Sequence[str], unit_days: int) -> None:
    if isinstance(unit_days, bool) or not isinstance(unit_days, int) or unit_days < 1:
        raise ParameterError(f"unit_days must be a whole number from 1 on, not {unit_days!r}.")
    for name in covariates:
        if name not in spells.columns:
            raise ParameterError(f"Contracts have no column {name!r}. {offer_names(name, spells.columns)}")
