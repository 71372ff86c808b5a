"""Covariates that change while a contract runs, each with the value it had before the day it is to explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import ParameterError, offer_names
from crm_research.features.clock import instant, whole_days_between
from crm_research.features.lots import lot_of
from crm_research.features.spells import OWN_COLUMNS, build_spells
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

CovariateBuilder = Callable[["Study"], "ir.Table"]

RECENT_COMPLAINT: Final = "recent_complaint"
RECENT_DAYS: Final = 90
# What a builder of own covariates calls the day from which a row holds, if its covariates change.
SINCE: Final = "valid_from"
_KINDS: Final = ("category", "flag", "number")


@dataclass(frozen=True, eq=False, kw_only=True)
class _Source:
    """Values by contract and the day of tenure (``at_days``) after which they hold, one row for each."""

    table: ir.Table
    columns: tuple[str, ...]
    # Before its first row a value is not known, but that nobody has complained yet is.
    is_false_before: bool = False


def changing_covariates(study: Study) -> dict[str, str]:
    """Which covariates may change while a contract runs, and of which kind (number, category, flag) are they?

    The declared attributes of contract_states, and ``recent_complaint`` where contacts are recorded: did the
    customer complain in the 90 days before?
    """
    found: dict[str, str] = {}
    if study.has("contract_states"):
        held = study.table("contract_states").columns
        declared = study.attributes_of("contract_states")
        found = {name: kind for name, kind in declared.items() if kind in _KINDS and name in held}
    if study.has("contacts") and {"customer_id", "kind"} <= set(study.table("contacts").columns):
        found[RECENT_COMPLAINT] = "flag"
    return found


def build_stretches(
    study: Study, covariates: Sequence[str], *, extra: CovariateBuilder | None = None, share: float = 1.0
) -> ir.Table:
    """Over which stretches of each contract were its covariates what?

    A stretch runs from ``entry_days`` (exclusive) to ``tenure_days`` (inclusive) and carries the values that held
    before it: a change on one day counts from the next day on.

    Parameters
    ----------
    study
        Needs contracts; contract_states and contacts are read where a covariate comes from them.
    covariates
        Columns of `build_spells`, `changing_covariates` or `extra`; one that changes stands in for one of the same
        name that does not.
    extra
        Makes own covariates from a study: contract_id and columns, one row a contract; or contract_id, ``valid_from``
        and columns that hold from then on.
    share
        Of the customers, drawn by lot, with all the contracts of each; those whose customer is not known by their own.

    Returns
    -------
    ibis table
        One stretch: contract_id, customer_id, started_at, entry_days, tenure_days, is_ended and end_reason (only on
        the last stretch of a contract), goes_on (is there another stretch of it?) and the covariates. One row a
        contract where none of them changes.

    Raises
    ------
    ParameterError
        For a covariate that is nowhere.

    Notes
    -----
    A value holds until the next one begins: gaps are bridged, and of states that overlap the later beginning wins,
    as the last one of a day does. Before the first state of a contract its value is not known (empty); a contract
    without any state keeps what the contracts say. Stretches of no length are dropped.
    """
    spells, sources = _read_sources(study, covariates, extra, share)
    if not sources:
        return spells.select(*OWN_COLUMNS, *covariates, goes_on=ibis.literal(value=False))
    laid = _values_at(spells, sources, spells.select("contract_id", at_days="entry_days"), covariates)
    laid = laid.filter(
        (laid.at_days == laid.entry_days) | ((laid.at_days > laid.entry_days) & (laid.at_days < laid.tenure_days))
    )
    laid = _drop_unchanged(laid, covariates)
    following = laid.at_days.lead().over(group_by=laid.contract_id, order_by=laid.at_days)
    is_last = following.isnull()
    return laid.select(
        "contract_id",
        "customer_id",
        "started_at",
        entry_days=laid.at_days,
        tenure_days=ibis.coalesce(following, laid.tenure_days),
        is_ended=laid.is_ended & is_last,
        end_reason=is_last.ifelse(laid.end_reason, ibis.null("string")),
        goes_on=~is_last,
        **{name: laid[name] for name in covariates},
    )


def build_standing(
    study: Study, covariates: Sequence[str], *, extra: CovariateBuilder | None = None, share: float = 1.0
) -> ir.Table:
    """Which contracts run on at as_of, and what are their covariates now?

    Returns
    -------
    ibis table
        One running contract: columns as in `build_stretches`, with the entry and tenure of the contract as a whole.
    """
    spells, sources = _read_sources(study, covariates, extra, share)
    running = spells.filter(~spells.is_ended)
    if not sources:
        return running.select(*OWN_COLUMNS, *covariates)
    laid = _values_at(running, sources, running.select("contract_id", at_days="tenure_days"), covariates)
    return laid.filter(laid.at_days == laid.tenure_days).select(*OWN_COLUMNS, *covariates)


def has_own_times(table: ir.Table) -> bool:
    """Do these own covariates change? Then their rows say from when on they hold."""
    return SINCE in table.columns


def own_columns(table: ir.Table) -> tuple[str, ...]:
    """The covariates that a builder makes."""
    return tuple(name for name in table.columns if name not in ("contract_id", SINCE))


def _read_sources(
    study: Study, covariates: Sequence[str], extra: CovariateBuilder | None, share: float
) -> tuple[ir.Table, list[_Source]]:
    """The spells with all covariates that do not change, and the sources of those that do."""
    spells = build_spells(study)
    if share < 1:
        spells = spells.filter(lot_of(ibis.coalesce(spells.customer_id, spells.contract_id)) < share)
    sources: list[_Source] = []
    held: set[str] = set()
    if extra is not None:
        made = extra(study)
        names = tuple(name for name in own_columns(made) if name in covariates)
        if names and has_own_times(made):
            sources.append(_own_source(study, spells, made, names))
        elif names:
            kept = [name for name in spells.columns if name not in names]
            own = made.select("contract_id", *names)
            spells = spells.select(*kept).left_join(own, "contract_id").drop("contract_id_right")
        held |= set(names)
    changing = {name: kind for name, kind in changing_covariates(study).items() if name in covariates}
    states = tuple(name for name in changing if name != RECENT_COMPLAINT and name not in held)
    if states:
        sources.append(_state_source(study, spells, states))
    if RECENT_COMPLAINT in changing and RECENT_COMPLAINT not in held:
        sources.append(_complaint_source(study, spells))
    changed = {name for source in sources for name in source.columns}
    for name in covariates:
        if name not in changed and name not in spells.columns:
            offered = {*spells.columns, *changing_covariates(study), *changed} - set(OWN_COLUMNS)
            raise ParameterError(f"Contracts have no column {name!r}. {offer_names(name, sorted(offered))}")
    return spells.drop(*[name for name in changed if name in spells.columns]), sources


def _state_source(study: Study, spells: ir.Table, names: tuple[str, ...]) -> _Source:
    states = _last_of_day(spells, known_rows(study, "contract_states"), names)
    without = spells.anti_join(states, "contract_id")
    kinds = {name: states[name].type() for name in names}
    own = without.select(
        "contract_id",
        at_days=without.entry_days,
        **{name: (without[name] if name in without.columns else ibis.null()).cast(kinds[name]) for name in names},
    )
    return _Source(table=ibis.union(states, own, distinct=False), columns=names)


def _own_source(study: Study, spells: ir.Table, made: ir.Table, names: tuple[str, ...]) -> _Source:
    known = made.filter(made[SINCE].cast("timestamp") <= instant(study.as_of))
    return _Source(table=_last_of_day(spells, known, names), columns=names)


def _last_of_day(spells: ir.Table, states: ir.Table, names: tuple[str, ...]) -> ir.Table:
    """One row for each contract and day of tenure: the state that began last on it."""
    dated = states.inner_join(spells.select("contract_id", "started_at"), "contract_id")
    dated = dated.select(
        "contract_id",
        *names,
        _since=dated[SINCE].cast("timestamp"),
        at_days=whole_days_between(dated.started_at, dated[SINCE].cast("timestamp")),
    )
    nth = ibis.row_number().over(
        group_by=[dated.contract_id, dated.at_days], order_by=[dated._since.desc(), *(dated[name] for name in names)]
    )
    return dated.mutate(_nth=nth).filter(lambda t: t._nth == 0).select("contract_id", "at_days", *names)


def _complaint_source(study: Study, spells: ir.Table) -> _Source:
    """On from the day of a complaint, off 90 days after the last one: both are days of the contract's tenure."""
    contacts = known_rows(study, "contacts")
    complaints = contacts.filter((contacts.kind == "complaint") & contacts.customer_id.notnull())
    both = complaints.select("customer_id", "opened_at").inner_join(
        spells.select("contract_id", "customer_id", "started_at"), "customer_id"
    )
    opened = both.select("contract_id", at_days=whole_days_between(both.started_at, both.opened_at)).distinct()
    on = opened.mutate(opened=opened.at_days)
    off = opened.select("contract_id", at_days=opened.at_days + RECENT_DAYS, opened=ibis.null("int64"))
    marks = ibis.union(on, off, distinct=False)
    marks = marks.group_by("contract_id", "at_days").agg(opened=marks.opened.max())
    last = marks.opened.max().over(ibis.cumulative_window(group_by=marks.contract_id, order_by=marks.at_days))
    switched = marks.select("contract_id", "at_days", **{RECENT_COMPLAINT: (marks.at_days - last) < RECENT_DAYS})
    return _Source(table=switched, columns=(RECENT_COMPLAINT,), is_false_before=True)


def _values_at(spells: ir.Table, sources: list[_Source], points: ir.Table, covariates: Sequence[str]) -> ir.Table:
    """The spells at each of these days and at each day of a change, with the values that hold after it."""
    days = [f"_day_{number}" for number in range(len(sources))]
    empty = dict.fromkeys(days, ibis.null("int64"))
    at = [points.select("contract_id", at_days=points.at_days.cast("int64"), **empty)]
    for day, source in zip(days, sources, strict=True):
        when = source.table.at_days.cast("int64")
        at.append(source.table.select("contract_id", at_days=when, **{**empty, day: when}))
    marks = reduce(lambda one, other: ibis.union(one, other, distinct=False), at)
    marks = marks.group_by("contract_id", "at_days").agg(**{day: marks[day].max() for day in days})
    # The last day of a change up to each day: the state that holds is found by it.
    so_far = ibis.cumulative_window(group_by=marks.contract_id, order_by=marks.at_days)
    marks = marks.mutate(**{day: marks[day].max().over(so_far) for day in days})
    laid = spells.inner_join(marks, "contract_id")
    for day, source in zip(days, sources, strict=True):
        wanted = [name for name in source.columns if name in covariates]
        values = source.table.select(_key=source.table.contract_id, _at=source.table.at_days, **{n: n for n in wanted})
        laid = laid.left_join(values, [laid.contract_id == values._key, laid[day] == values._at]).drop("_key", "_at")
        if source.is_false_before:
            laid = laid.mutate(**{name: laid[name].fill_null(False) for name in wanted})
    return laid.drop(*days)


def _drop_unchanged(laid: ir.Table, covariates: Sequence[str]) -> ir.Table:
    """Neighbours that are alike are one stretch."""
    window = ibis.window(group_by=laid.contract_id, order_by=laid.at_days)
    is_first = ibis.row_number().over(window) == 0
    differs = reduce(
        lambda one, other: one | other,
        [~laid[name].identical_to(laid[name].lag().over(window)) for name in covariates],
    )
    return laid.mutate(_is_kept=is_first | differs).filter(lambda t: t._is_kept).drop("_is_kept")
