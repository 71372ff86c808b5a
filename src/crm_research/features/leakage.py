"""The guard against features that look ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import ibis

from crm_research.errors import LeakageError
from crm_research.features.clock import instant
from crm_research.features.window import known_rows
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from crm_research.study import Study

_TOLERANCE: Final = 1e-9
_CUT, _NTH = "_in_the_cut", "_nth"


@dataclass(frozen=True, kw_only=True)
class LookaheadCheck:
    """What a builder was held against.

    Parameters
    ----------
    n_rows
        Rows the builder made, the same from the study and from its past alone.
    n_rows_ahead
        Rows of the study from after as_of, which the builder could have read. Nothing is proven where it is 0.
    """

    n_rows: int
    n_rows_ahead: int


def guard_no_lookahead(build: Callable[[Study], ir.Table], study: Study) -> LookaheadCheck:
    """Does this feature read anything that was not yet known at as_of?

    The builder runs on the study as it is and on one whose tables really end at as_of: rows from after it removed,
    times that had not yet come emptied. What was not known then cannot make a difference, so any difference is a
    look ahead. Both run and are compared in the engine; numbers may differ by rounding (1 in 10^9).

    Parameters
    ----------
    build
        Takes a study, returns a table. Columns that end in ``_id`` identify its rows.
    study
        Should hold records from after as_of, or nothing can be found out.

    Raises
    ------
    LeakageError
        Naming the columns that differ, and how many customers (or rows) are concerned.

    Notes
    -----
    An attribute that a source system overwrote later carries the future inside the records; no cut can show that.
    """
    past = cut_study(study)
    whole, cut = build(study), build(past)
    name = getattr(build, "__name__", "the builder")
    _refuse_other_columns(name, whole, cut)
    _refuse_later_times(name, whole, study)
    if whole.columns:
        _refuse_differences(name, whole, cut)
    return LookaheadCheck(n_rows=int(whole.count().execute()), n_rows_ahead=_count_ahead(study, past))


def cut_study(study: Study) -> Study:
    """The same study with tables that end at as_of: reading one whole, or a holdout, shows nothing later."""
    return replace(study, tables={name: known_rows(study, name) for name in study.tables})


def _refuse_other_columns(name: str, whole: ir.Table, cut: ir.Table) -> None:
    if whole.schema() != cut.schema():
        differing = sorted(set(whole.schema().items()) ^ set(cut.schema().items()), key=lambda item: item[0])
        named = ", ".join(dict.fromkeys(column for column, _ in differing))
        raise LeakageError(
            f"{name} makes other columns of the whole study than of what was known at as_of: {named}. "
            "Its columns must not depend on what came later."
        )


def _refuse_later_times(name: str, built: ir.Table, study: Study) -> None:
    times = [column for column, kind in built.schema().items() if kind.is_timestamp() or kind.is_date()]
    if not times:
        return
    limit = instant(study.as_of)
    later = built.agg(**{c: (built[c].cast("timestamp") > limit).sum() for c in times}).to_pyarrow().to_pylist()[0]
    found = {column: n for column, n in later.items() if n}
    if found:
        counts = ", ".join(f"{column} ({say_count(n, 'row')})" for column, n in found.items())
        raise LeakageError(
            f"{name} gives times after as_of {study.as_of:%Y-%m-%d %H:%M} in {counts}. "
            "Read tables through features.window.known_rows, which empties what had not yet come."
        )


def _refuse_differences(name: str, whole: ir.Table, cut: ir.Table) -> None:
    keys = [column for column in whole.columns if column.endswith("_id")]
    found = _compare(whole, cut, keys).to_pyarrow().to_pylist()[0]
    if not found["n_differing"]:
        return
    columns = [column for column in whole.columns if found.get(f"differs_{column}")]
    reasons = []
    if columns:
        n = len(columns)
        reasons.append(f"the {word_for(n, 'column')} {', '.join(columns)} {word_for(n, 'differs', 'differ')}")
    if found["n_only_whole"]:
        n = found["n_only_whole"]
        reasons.append(f"{say_count(n, 'row')} {word_for(n, 'comes', 'come')} only from what happened later")
    if found["n_only_cut"]:
        n = found["n_only_cut"]
        reasons.append(f"{say_count(n, 'row')} {word_for(n, 'vanishes', 'vanish')} through what happened later")
    whom = "n_customers", "customer"
    if "n_customers" not in found:
        whom = "n_differing", "row"
    raise LeakageError(
        f"{name} reads what was not known at as_of: for {say_count(found[whom[0]], whom[1])}, "
        f"{', and '.join(reasons)} once the records after as_of "
        "are taken away. Read tables through features.window.known_rows."
    )


def _compare(whole: ir.Table, cut: ir.Table, keys: list[str]) -> ir.Table:
    """One row: how many rows and customers differ, and in which columns."""
    values = [column for column in whole.columns if column not in keys]
    left = _numbered(whole, keys, values)
    right = _numbered(cut, keys, values).rename(lambda column: f"{column}{_CUT}")
    # Keys may be empty; as text with a stand-in they still meet their like.
    both = left.outer_join(right, [left[k] == right[f"{k}{_CUT}"] for k in (*(f"{_NTH}_{k}" for k in keys), _NTH)])
    only_whole, only_cut = both[f"{_NTH}{_CUT}"].isnull(), both[_NTH].isnull()
    paired = ~(only_whole | only_cut)
    differs = {column: paired & ~_same(both[column], both[f"{column}{_CUT}"]) for column in values}
    anything = only_whole | only_cut
    for condition in differs.values():
        anything = anything | condition
    measures: dict[str, Any] = {f"differs_{column}": condition.sum() for column, condition in differs.items()}
    measures |= {"n_only_whole": only_whole.sum(), "n_only_cut": only_cut.sum(), "n_differing": anything.sum()}
    if "customer_id" in keys:
        customer = ibis.coalesce(both["customer_id"], both[f"customer_id{_CUT}"])
        measures["n_customers"] = customer.nunique(where=anything)
    return both.agg(**measures)


def _numbered(table: ir.Table, keys: list[str], values: list[str]) -> ir.Table:
    """Rows told apart: keys as text, and a number among those of the same key, in the order of their values."""
    texts = {f"{_NTH}_{key}": table[key].cast("string").fill_null("") for key in keys}
    window = ibis.window(group_by=[table[key] for key in keys], order_by=[table[value] for value in values])
    return table.mutate(**texts, **{_NTH: ibis.row_number().over(window)})


def _same(one: ir.Value, other: ir.Value) -> ir.BooleanValue:
    equal = one == other
    if one.type().is_floating():
        size = ibis.greatest(one.abs(), other.abs(), 1.0)
        equal = ((one - other).abs() <= _TOLERANCE * size) | equal
    return equal.fill_null(False) | (one.isnull() & other.isnull())


def _count_ahead(study: Study, past: Study) -> int:
    held = (int(study.table(name).count().execute()) for name in study.tables)
    known = (int(past.table(name).count().execute()) for name in past.tables)
    return sum(held) - sum(known)


def guard_fixed_in_time(
    build: Callable[[Study], ir.Table],
    study: Study,
    *,
    key: str,
    columns: Sequence[str],
    instants: Sequence[datetime],
) -> None:
    """Do these covariates stay what they were, so that they may stand for a contract from its start?

    A covariate read at as_of and used from the start of a spell lets the future explain the past wherever it can
    change on the way ("ever complained" makes those immortal who lived long enough to complain). The builder runs at
    earlier instants too; a value that differs from the one at as_of, among rows known at both, is refused.

    Parameters
    ----------
    build
        Takes a study, returns a table with one row for each `key`.
    key, columns
        Column that identifies its rows, and the covariates to be judged.
    instants
        Earlier instants to stand at; a few, spread over the spells, will do.

    Raises
    ------
    LeakageError
        Naming the covariates that changed, since when, and for how many rows.
    """
    latest = build(study).select(key, *columns)
    for earlier in instants:
        # Tables that really end there: whoever reads them whole is found out too.
        then = (
            build(cut_study(study.standing_at(earlier))).select(key, *columns).rename(lambda column: f"{column}{_CUT}")
        )
        both = latest.inner_join(then, latest[key] == then[f"{key}{_CUT}"])
        changed = {column: (~_same(both[column], both[f"{column}{_CUT}"])).sum() for column in columns}
        found = {column: n for column, n in both.agg(**changed).to_pyarrow().to_pylist()[0].items() if n}
        if found:
            counts = ", ".join(f"{column} ({say_count(n, 'row')})" for column, n in found.items())
            raise LeakageError(
                f"{getattr(build, '__name__', 'the builder')}: {counts} changed between {earlier:%Y-%m-%d} and "
                f"{study.as_of:%Y-%m-%d}, so they may not stand for a spell from its start. Use their value at the "
                "start, or map them as contract_states and let them change in time."
            )


def guard_history(
    build: Callable[[Study], ir.Table],
    study: Study,
    *,
    table: str,
    key: str,
    since: str,
    instants: Sequence[datetime],
) -> None:
    """Was each row of this history already there when it is said to have begun to hold?

    A covariate that changes over time may not be written back: a row that holds from March must not be made of
    what came in May. The builder runs on tables that end at earlier instants; what it says of the time before each
    must be what it says of it now.

    Parameters
    ----------
    build
        Takes a study, returns a table whose columns that end in ``_id`` say whose history it is.
    table, key
        Canonical table of those whose history it is, and the column that identifies them: the past of one who was
        not yet known at an instant is not judged there.
    since
        Its column with the instant from which a row holds.
    instants
        Earlier instants to stand at.

    Raises
    ------
    LeakageError
        Naming the columns that were written back.
    """
    name = getattr(build, "__name__", "the builder")
    for earlier in instants:
        limit = instant(earlier)
        past = cut_study(study.standing_at(earlier))
        held = past.table(table).select(key)
        made = [build(at).filter(lambda t, limit=limit: t[since].cast("timestamp") <= limit) for at in (study, past)]
        now, then = (rows.semi_join(held, key) for rows in made)
        keys = [column for column in now.columns if column.endswith("_id")]
        found = _compare(now, then, keys).to_pyarrow().to_pylist()[0]
        if found["n_differing"]:
            columns = [column for column in now.columns if found.get(f"differs_{column}")]
            which = f"in {', '.join(columns)} " if columns else ""
            raise LeakageError(
                f"{name} writes history back: {found['n_differing']:,} of its rows that hold from before "
                f"{earlier:%Y-%m-%d} {word_for(found['n_differing'], 'was', 'were')} made {which}of what came "
                "after it. Let a row hold only from the instant at "
                "which it was known."
            )
