"""Contracts as renewals: who came to which anniversary of its start, and who left there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import ParameterError, offer_names
from crm_research.features.clock import instant, period_number, period_start, whole_days_between
from crm_research.features.spells import build_spells, name_group

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

_MONTHS_PER_YEAR: Final = 12


def count_renewals(
    study: Study,
    *,
    period_months: int,
    slack_days: int = 0,
    by: str | None = None,
    is_by_appointment: bool = True,
    cohort_months: int | None = None,
) -> ir.Table:
    """Of the contracts of each intake, how many came to each renewal under observation, and how many left there?

    Renewal t stands t periods after the start, on the same day of the month (on its last day where the month is too
    short). A contract is up for it if that day had come by as_of, and its records began before.

    Parameters
    ----------
    study
        Needs contracts.
    period_months
        Months from one renewal to the next.
    slack_days
        An end so many days after the day of renewal still counts as leaving there (notices are booked late).
    by
        A column of `build_spells` to tell groups apart.
    is_by_appointment
        Whether contracts can end only at renewals. Then whoever was met between two of them was at risk in full at the
        next; otherwise the period in which the records of a contract begin is left out, since those who left earlier
        in it were not seen.
    cohort_months
        Length of the calendar periods of start that make an intake; None takes period_months (at most a year).

    Returns
    -------
    ibis table
        One intake and renewal (in a group): group (text; only with `by`), cohort (first day of the period of start),
        renewal (1 is the first), n_up, n_left.

    Notes
    -----
    An end between two renewals counts at the later one, and only once that one's day has come, whether the contract
    runs or not: counting early ends of a period that is not over would count leavers without those who stay. Rows
    grow with intakes times renewals, not with contracts.
    """
    months = check_months(period_months, "period_months")
    intake = check_months(cohort_months or min(months, _MONTHS_PER_YEAR), "cohort_months")
    if isinstance(slack_days, bool) or not isinstance(slack_days, int) or slack_days < 0:
        raise ParameterError(f"slack_days must be a whole number from 0 on, not {slack_days!r}.")
    spells = build_spells(study)
    keys = ["cohort"]
    extra: dict[str, ir.Value] = {"cohort": period_start(period_number(spells.started_at, intake), intake)}
    if by is not None:
        if by not in spells.columns:
            raise ParameterError(f"Contracts have no column {by!r} to group by. {offer_names(by, spells.columns)}")
        extra["group"] = name_group(spells[by])
        keys = ["group", "cohort"]
    stretches = _stretches(spells.mutate(**extra), study, months, slack_days, is_by_appointment=is_by_appointment)
    alike = stretches.group_by(*keys, "first", "last", "is_left").agg(n=stretches.count())
    each = alike.mutate(renewal=ibis.range(alike["first"], alike["last"] + ibis.literal(1, "int64"))).unnest("renewal")
    left = ((each.renewal == each["last"]) & each.is_left).ifelse(each.n, 0)
    return (
        each.mutate(left=left)
        .group_by(*keys, "renewal")
        .agg(n_up=lambda t: t.n.sum(), n_left=lambda t: t.left.sum())
        .order_by(*keys, "renewal")
    )


def count_end_offsets(study: Study) -> ir.Table:
    """How many days from the nearest monthly anniversary do contracts end, and where do running ones stand at as_of?

    Ends that crowd around an anniversary of some months betray the length of the contracts. Running contracts are the
    comparison: if they crowd alike, starts were written down in whole months.

    Returns
    -------
    ibis table
        One month and offset: is_ended, month (of the nearest anniversary, from 0), offset_days (negative before it),
        n_contracts.
    """
    spells = build_spells(study)
    watched = spells.filter((spells.tenure_days > spells.entry_days) | (spells.entry_days == 0))
    until = watched.started_at.truncate("D") + watched.tenure_days.as_interval("D")
    dated = watched.mutate(until=until)
    passed = _anniversaries(dated.started_at, dated.until, 1)
    dated = dated.mutate(passed=passed)
    dated = dated.mutate(
        after=whole_days_between(_anniversary(dated.started_at, dated.passed), dated.until),
        before=whole_days_between(dated.until, _anniversary(dated.started_at, dated.passed + ibis.literal(1, "int64"))),
    )
    is_nearer_before = dated.before < dated.after
    placed = dated.select(
        "is_ended",
        month=is_nearer_before.ifelse(dated.passed + ibis.literal(1, "int64"), dated.passed),
        offset_days=is_nearer_before.ifelse(-dated.before, dated.after),
    )
    keys = ["is_ended", "month", "offset_days"]
    return placed.group_by(*keys).agg(n_contracts=placed.count()).order_by(*keys)


def check_months(months: int, name: str) -> int:
    """A number of months, if it is a whole one from 1 on."""
    if isinstance(months, bool) or not isinstance(months, int) or months < 1:
        raise ParameterError(f"{name} must be a whole number of months from 1 on, not {months!r}.")
    return months


def _stretches(spells: ir.Table, study: Study, months: int, slack_days: int, *, is_by_appointment: bool) -> ir.Table:
    """One contract that was up for a renewal: the first and the last it was up for, and whether it left there."""
    one = ibis.literal(1, "int64")
    start = spells.started_at.truncate("D")
    end = start + (spells.tenure_days - ibis.literal(slack_days + 1, "int64")).as_interval("D")
    # Between appointments the eve of the entry tells whether the records begin on a day of renewal or inside a period.
    eve = 0 if is_by_appointment else 1
    entry = start + (spells.entry_days - ibis.literal(eve, "int64")).as_interval("D")
    first = _anniversaries(start, entry, months) + ibis.literal(1 + eve, "int64")
    dated = spells.mutate(
        first=(spells.entry_days > 0).ifelse(first, one),
        decided=_anniversaries(start, instant(_day(study.as_of) - timedelta(days=slack_days)), months),
        left_at=ibis.greatest(_anniversaries(start, end, months) + one, one),
    )
    is_left = dated.is_ended & (dated.left_at <= dated.decided)
    dated = dated.mutate(is_left=is_left, last=is_left.ifelse(dated.left_at, dated.decided))
    return dated.filter(dated["last"] >= dated["first"])


def _day(when: datetime) -> datetime:
    return when.replace(hour=0, minute=0, second=0, microsecond=0)


def _anniversaries(start: ir.TimestampValue, until: ir.TimestampValue, months: int) -> ir.IntegerValue:
    """Whole periods of so many months from one date to another; from the 31st a month ends with its last day."""
    passed = _month_number(until) - _month_number(start)
    last_day = (until.truncate("M") + ibis.interval(months=1) - ibis.interval(days=1)).day()
    due = ibis.least(start.day(), last_day)
    whole = passed - (until.day() < due).ifelse(ibis.literal(1, "int64"), ibis.literal(0, "int64"))
    return whole if months == 1 else (whole // months).cast("int64")


def _anniversary(start: ir.TimestampValue, number: ir.IntegerValue) -> ir.TimestampValue:
    """The day so many months after a start; engines stop at the last day of a month that is too short."""
    return start.truncate("D") + number.as_interval("M")


def _month_number(at: ir.TimestampValue) -> ir.IntegerValue:
    return at.year().cast("int64") * _MONTHS_PER_YEAR + at.month().cast("int64")
