"""Spells of contracts: entry, exit and reason, and the counts that survival estimates rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import ibis
import ibis.expr.types as ir

from crm_research import vocabulary
from crm_research.common_tables import asked_by_many
from crm_research.errors import ParameterError, offer_names
from crm_research.features.clock import instant, whole_days_between
from crm_research.features.records import describe_customers
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.study import Study

# What a spell is, whatever the study declares beside it.
OWN_COLUMNS: Final = ("contract_id", "customer_id", "started_at", "entry_days", "tenure_days", "is_ended", "end_reason")
_GROUP_NOT_KNOWN = "not known"
_MOST_SHARED = 100_000


def build_spells(study: Study) -> ir.Table:
    """How long has each contract run, has it ended, and why?

    Time runs in whole calendar days from a contract's start. It is watched from entry_days on (left truncation) to
    its end or, still running, to as_of (right censoring).

    Parameters
    ----------
    study
        Needs contracts.

    Returns
    -------
    ibis table
        One contract known at as_of: contract_id, customer_id, started_at; entry_days (tenure at which our records of
        it begin, 0 or more); tenure_days; is_ended; end_reason ("not given" if it ended without one, empty while it
        runs); plan and fee where the study has them; the declared attributes of contracts and of customers, where
        both have one of the same name that of the contract. One named as a column of these is not read.

    Notes
    -----
    Contracts that ended before our records of them begin, or before they started, are left out: their tenure lies
    under their entry. Attributes are read as they stand in the records. One that changed during a contract belongs
    into contract_states; read as fixed it lets the future explain the past.
    """
    contracts = known_rows(study, "contracts")
    is_ended = ibis.literal(value=False)
    if "ended_at" in contracts.columns:
        is_ended = contracts.ended_at.notnull()  # noqa: PD004 - Ibis
    until = instant(study.as_of)
    if "ended_at" in contracts.columns:
        until = ibis.coalesce(contracts.ended_at, until)
    reason = contracts.end_reason if "end_reason" in contracts.columns else ibis.null("string")
    names = dict.fromkeys(("plan", "fee", *study.attributes_of("contracts")))
    own = [name for name in names if name in contracts.columns and name not in OWN_COLUMNS]
    spells = contracts.select(
        "contract_id",
        "customer_id",
        "started_at",
        entry_days=_entry_days(contracts),
        tenure_days=whole_days_between(contracts.started_at, until),
        is_ended=is_ended,
        end_reason=is_ended.ifelse(ibis.coalesce(reason, vocabulary.REASON_NOT_GIVEN), ibis.null("string")),
        **{name: contracts[name] for name in own},
    )
    # Nearly every question of the report on churn begins here.
    return asked_by_many(_add_customer_attributes(study, spells.filter(spells.tenure_days >= spells.entry_days)))


def count_spells(study: Study, *, by: str | None = None, unit_days: int = 1) -> ir.Table:
    """How many contracts entered, ended and were still running at each tenure?

    These counts are all that Kaplan-Meier and Nelson-Aalen need, whatever the number of contracts.

    Parameters
    ----------
    study
        Needs contracts.
    by
        A column of `build_spells` (plan, an attribute) to tell groups apart.
    unit_days
        Width of the steps of tenure. Exits count at the end of the step they fall into and entries at its start, so
        that whoever was watched for part of a step was at risk in it.

    Returns
    -------
    ibis table
        One tenure (in a group): group (text; only with `by`), tenure_days, n_entered, n_ended, n_censored. At risk
        at a tenure t are those who entered before t (or at 0) and left at t or later. A row of noughts is the longest
        tenure that a contract could have reached by as_of, where the one begun first has ended.

    Notes
    -----
    A contract whose tenure equals an entry after its start was never watched for a whole day and is not counted.
    """
    spells, keys = _grouped(_steps(build_spells(study), unit_days), by)
    return _count_moves(spells, keys, _to_step(whole_days_between(spells.started_at, instant(study.as_of)), unit_days))


def count_spells_by_reason(study: Study, *, by: str | None = None, unit_days: int = 1) -> ir.Table:
    """How many contracts ended for each reason at each tenure?

    With `count_spells` of the same options, all that the Aalen-Johansen estimate of cumulative incidence needs.

    Returns
    -------
    ibis table
        One tenure and reason (in a group): group (text; only with `by`), tenure_days, end_reason, n_ended. Tenures
        without an end have no row.
    """
    spells, keys = _grouped(_steps(build_spells(study), unit_days), by)
    ended = spells.filter(spells.is_ended)
    return (
        ended.group_by(*keys, "tenure_days", "end_reason")
        .agg(n_ended=ended.count())
        .order_by(*keys, "tenure_days", "end_reason")
    )


def list_shared_spells(
    study: Study, *, by: str | None = None, unit_days: int = 1, most: int = _MOST_SHARED
) -> ir.Table:
    """Which contracts belong to customers who have several of them?

    Contracts of one customer vary together, and limits have to know it; those of customers with one contract each are
    counted by `count_spells` and need no row, unless some contract was met late: what one contract does to a curve then
    depends on its entry and its exit together, which those counts do not hold.

    Parameters
    ----------
    most
        About so many contracts at most: where there are more, every second, third ... such customer is taken, and
        stands for so many.

    Returns
    -------
    ibis table
        One contract that `count_spells` of the same options counts: group (text; only with `by`), cluster (number of
        the customer), entry_days, tenure_days, is_ended, end_reason, weight (customers it stands for). Contracts of
        customers with one, where they are listed, are one row for all that are alike, with a cluster below nought.
    """
    spells, keys = _grouped(_steps(build_spells(study), unit_days), by)
    held = spells.group_by("customer_id").agg(n_held=spells.count())
    held = held.filter(held.customer_id.notnull())  # noqa: PD004 - Ibis
    several = held.filter(held.n_held > 1)
    numbered = several.mutate(
        cluster=ibis.row_number().over(order_by=several.customer_id).cast("int64"),
        weight=(several.n_held.sum().over(ibis.window()).cast("float64") / float(most)).ceil().cast("int64"),
    )
    some = numbered.filter(numbered.cluster % numbered.weight == 0).select("customer_id", "cluster", "weight")
    listed = spells.inner_join(some, "customer_id")
    columns = [*keys, "cluster", "entry_days", "tenure_days", "is_ended", "end_reason", "weight"]
    return listed.select(*columns).union(_list_single(spells, several, keys).select(*columns))


def to_lifelines(study: Study, covariates: Sequence[str] = ()) -> pd.DataFrame:
    """The contracts as a frame that any fitter of lifelines takes.

    Parameters
    ----------
    study
        Needs contracts.
    covariates
        Columns of `build_spells`: a number stays one, a flag becomes 0 or 1, and texts become columns of 0 and 1 named
        ``column: level`` against the most frequent level (missing ones are the level ``not known``).

    Returns
    -------
    pandas.DataFrame
        One contract that was watched (index contract_id): ``duration`` (days from its start to its end or to as_of;
        half a day where it ended on its first, since many fitters refuse 0), ``event`` (True if it ended), ``entry``
        (days after which our records of it begin), and the covariates. A contract that lacks a number is left out.

    Raises
    ------
    ParameterError
        For a covariate that contracts do not have.

    Notes
    -----
    lifelines counts a contract met at a tenure as at risk at that very tenure, we only after it; entries above 0 are a
    millionth of a day later therefore.
    """
    import pandas as pd

    spells = keep_watched(build_spells(study))
    for name in covariates:
        if name not in spells.columns:
            raise ParameterError(f"Contracts have no column {name!r}. {offer_names(name, spells.columns)}")
    held = list(dict.fromkeys(covariates))
    read = spells.select("contract_id", "tenure_days", "is_ended", "entry_days", *held).order_by("contract_id")
    rows: pd.DataFrame = read.to_pandas().set_index("contract_id")
    late = rows["entry_days"] > 0
    frame = pd.DataFrame(
        {
            "duration": rows["tenure_days"].astype(float).clip(lower=0.5),
            "event": rows["is_ended"].astype(bool),
            "entry": rows["entry_days"].astype(float).where(~late, rows["entry_days"] + 1e-6),
        }
    )
    for name in held:
        if isinstance(spells[name], ir.BooleanValue | ir.NumericValue):
            frame[name] = pd.to_numeric(rows[name]).astype(float)
            continue
        levels = rows[name].astype(object).where(rows[name].notna(), _GROUP_NOT_KNOWN).astype(str)
        for level in (
            levels.value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable").index[1:]
        ):
            frame[f"{name}: {level}"] = (levels == level).astype(float)
    return frame.dropna()


def _list_single(spells: ir.Table, several: ir.Table, keys: list[str]) -> ir.Table:
    """Contracts of customers with one, counted by all that tells them apart; none unless some contract was met late."""
    is_asked = (several.count().as_scalar() > 0) & (spells.entry_days.max().as_scalar() > 0)
    alone = spells.anti_join(several, "customer_id").filter(is_asked)
    alike = alone.group_by(*keys, "entry_days", "tenure_days", "is_ended", "end_reason").agg(weight=alone.count())
    order = [*keys, "entry_days", "tenure_days", "is_ended", "end_reason"]
    return alike.mutate(
        cluster=-1 - ibis.row_number().over(order_by=order).cast("int64"), weight=alike.weight.cast("int64")
    )


def _entry_days(contracts: ir.Table) -> ir.IntegerValue:
    if "observed_from" not in contracts.columns:
        return ibis.literal(0, "int64")
    since = whole_days_between(contracts.started_at, contracts.observed_from).fill_null(0)
    return (since > 0).ifelse(since, 0)


def _add_customer_attributes(study: Study, spells: ir.Table) -> ir.Table:
    if not study.has("customers"):
        return spells
    wanted = [name for name in study.attributes_of("customers") if name not in spells.columns]
    if not wanted:
        return spells
    return spells.left_join(describe_customers(study, wanted), "customer_id").drop("customer_id_right")


def keep_watched(spells: ir.Table) -> ir.Table:
    """The spells of `build_spells` that were under observation for any time."""
    return spells.filter((spells.tenure_days > spells.entry_days) | (spells.entry_days == 0))


def _steps(spells: ir.Table, unit_days: int) -> ir.Table:
    if isinstance(unit_days, bool) or not isinstance(unit_days, int) or unit_days < 1:
        raise ParameterError(f"unit_days must be a whole number from 1 on, not {unit_days!r}.")
    watched = keep_watched(spells)
    if unit_days == 1:
        return watched
    return watched.mutate(
        entry_days=watched.entry_days // unit_days * unit_days,
        tenure_days=_to_step(watched.tenure_days, unit_days),
    )


def _to_step(days: ir.IntegerValue, unit_days: int) -> ir.IntegerValue:
    return days if unit_days == 1 else (days + (unit_days - 1)) // unit_days * unit_days


def _grouped(spells: ir.Table, by: str | None) -> tuple[ir.Table, list[str]]:
    if by is None:
        return spells, []
    if by not in spells.columns:
        raise ParameterError(f"Contracts have no column {by!r} to group by. {offer_names(by, spells.columns)}")
    return spells.mutate(group=name_group(spells[by])), ["group"]


def name_group(column: ir.Value) -> ir.StringValue:
    """The groups of a column as people call them: a flag says yes or no."""
    if isinstance(column, ir.BooleanValue):
        return ibis.cases((column, "yes"), (~column, "no"), else_=_GROUP_NOT_KNOWN)
    return column.cast("string").fill_null(_GROUP_NOT_KNOWN)


def _count_moves(spells: ir.Table, keys: list[str], could_reach: ir.IntegerValue) -> ir.Table:
    zero, one = ibis.literal(0, "int64"), ibis.literal(1, "int64")
    entries = spells.select(*keys, tenure_days="entry_days", n_entered=one, n_ended=zero, n_censored=zero)
    exits = spells.select(
        *keys,
        "tenure_days",
        n_entered=zero,
        n_ended=spells.is_ended.ifelse(one, zero),
        n_censored=spells.is_ended.ifelse(zero, one),
    )
    longest = spells.group_by(keys) if keys else spells
    reach = longest.agg(tenure_days=could_reach.max())
    reach = reach.filter(reach.tenure_days.notnull())  # noqa: PD004 - Ibis
    reach = reach.select(*keys, "tenure_days", n_entered=zero, n_ended=zero, n_censored=zero)
    moves = ibis.union(entries, exits, reach, distinct=False)
    counts = {name: moves[name].sum() for name in ("n_entered", "n_ended", "n_censored")}
    return moves.group_by(*keys, "tenure_days").agg(**counts).order_by(*keys, "tenure_days")
