"""May these covariates explain who leaves? Refused where they know the future, the end, or what came on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import ibis
from ibis import _

from crm_research.errors import LeakageError, ParameterError
from crm_research.features.changing import SINCE, CovariateBuilder, has_own_times, own_columns
from crm_research.features.clock import instant
from crm_research.features.leakage import guard_fixed_in_time, guard_history, guard_no_lookahead
from crm_research.features.person_periods import guard_outcome
from crm_research.features.spells import OWN_COLUMNS, build_spells
from crm_research.features.window import known_rows
from crm_research.steps import step
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

_EPOCH: Final = datetime(1970, 1, 1)
_FEWEST_RUNNING: Final = 20
_SHARE_OF_ENDED: Final = 0.9
_FEWEST_TO_GROW: Final = 50
_SOONEST: Final = 0.1
_FEWEST_SOON: Final = 8
_NEARLY_ALL: Final = 0.95
_HARDLY_MIXED: Final = 0.02
_TELLS_APART: Final = 0.9


def find_known_ends(spells: ir.Table, covariates: Sequence[str]) -> list[str]:
    """Which covariates are filled in only when a contract ends, and so know the end?

    Parameters
    ----------
    spells
        `build_spells`.
    covariates
        Its columns.

    Notes
    -----
    Found is a column that is empty for every contract that runs, twenty at least, and filled for nine in ten of
    those that ended.
    """
    counts = {f"of_{i}": (~spells.is_ended & spells[name].notnull()).sum() for i, name in enumerate(covariates)}
    counts |= {f"by_{i}": (spells.is_ended & spells[name].notnull()).sum() for i, name in enumerate(covariates)}
    found = spells.agg(n_ended=spells.is_ended.sum(), n=spells.count(), **counts).to_pyarrow().to_pylist()[0]
    n_ended = found["n_ended"] or 0
    if found["n"] - n_ended < _FEWEST_RUNNING or not n_ended:
        return []
    return [
        name
        for i, name in enumerate(covariates)
        if not found[f"of_{i}"] and (found[f"by_{i}"] or 0) >= _SHARE_OF_ENDED * n_ended
    ]


def guard_known_ends(spells: ir.Table, covariates: Sequence[str]) -> None:
    """Refuse covariates that `find_known_ends` finds.

    Raises
    ------
    LeakageError
        It names them.
    """
    late = find_known_ends(spells, covariates)
    if late:
        raise LeakageError(
            f"{', '.join(late)}: filled in for contracts that ended and for none of those that run on, so it became "
            "known with the end and cannot explain it. Leave it out of the covariates."
        )


def find_end_labels(spells: ir.Table, names: Sequence[str]) -> list[str]:
    """Which of these categories say that a contract has ended, as a status column does?

    Parameters
    ----------
    spells
        `build_spells`.
    names
        Its columns.

    Notes
    -----
    Found is a category whose values hold either ended or running contracts and hardly ever both: at most 2 in 100 of
    the smaller of the two kinds stand beside the other. Asked only where there are twenty of each.
    """
    sizes = spells.agg(n=spells.count(), n_ended=spells.is_ended.sum()).to_pyarrow().to_pylist()[0]
    n_fewer = min(sizes["n_ended"] or 0, sizes["n"] - (sizes["n_ended"] or 0))
    if n_fewer < _FEWEST_RUNNING or not names:
        return []
    levels = count_levels(spells, names, "string")
    mixed = levels.group_by("place").agg(n_levels=levels.count(), n=ibis.least(levels.n_ended, levels.n_running).sum())
    # Values of one contract each are never mixed, and say nothing.
    return [
        names[row["place"]]
        for row in mixed.order_by("place").to_pyarrow().to_pylist()
        if row["n_levels"] <= n_fewer / 2 and row["n"] <= _HARDLY_MIXED * n_fewer
    ]


def count_levels(spells: ir.Table, names: Sequence[str], kind: str) -> ir.Table:
    """How many contracts ended and how many run, by each value of each of these columns? In a single scan.

    Returns
    -------
    table
        One row a column and value: place (of the column among the names), level (as `kind`; empty is a value too),
        n_ended, n_running.
    """
    places = ibis.memtable([{"place": place} for place in range(len(names))], schema={"place": "int64"})
    each = spells.cross_join(places)
    level = ibis.cases(*((each.place == place, each[name].cast(kind)) for place, name in enumerate(names)))
    values = each.select("place", "is_ended", level=level)
    return values.group_by("place", "level").agg(n_ended=values.is_ended.sum(), n_running=(~values.is_ended).sum())


def find_growing(spells: ir.Table, names: Sequence[str]) -> list[str]:
    """Which of these numbers add up (or run down) while a contract runs, as recorded at its end?

    A total of charges, or years in the present role, says how long the contract lasted: to explain leaving by it is to
    explain tenure by tenure.

    Parameters
    ----------
    spells
        `build_spells`.
    names
        Its columns; those that hold no numbers are passed over.

    Notes
    -----
    Looked at are the contracts that ended, fifty at least. A number grows if 95 in 100 of the tenth (eight at least)
    that ended soonest have less of it than the median of all; it runs down if they have more. What differs by the year
    of the start does not, where ends lie in several years; of a snapshot the two cannot be told apart.
    """
    numbers = _numbers_of(spells, names)
    ended = spells.filter(spells.is_ended)
    if not numbers:
        return []
    medians = {f"m{i}": ended[name].quantile(0.5) for i, name in enumerate(numbers)}
    asked = ended.agg(n=ended.count(), soonest=ended.tenure_days.quantile(_SOONEST), **medians)
    row = asked.to_pyarrow().to_pylist()[0]
    n, limit = row["n"], row["soonest"]
    if n < _FEWEST_TO_GROW:
        return []
    # Of five that ended soonest, all lie on one side of the median in one of sixteen worlds: of eight, in one of 128.
    if n * _SOONEST < _FEWEST_SOON:
        limit = ended.tenure_days.quantile(_FEWEST_SOON / n).to_pyarrow().as_py()
    soon = ended.filter(ended.tenure_days <= limit)
    middle = {name: row[f"m{i}"] for i, name in enumerate(numbers)}
    known = [name for name in numbers if middle[name] is not None]
    if not known:
        return []
    counts = soon.agg(
        **{f"n{i}": soon[name].count() for i, name in enumerate(known)},
        **{f"l{i}": (soon[name] < middle[name]).sum() for i, name in enumerate(known)},
        **{f"h{i}": (soon[name] > middle[name]).sum() for i, name in enumerate(known)},
    )
    found = counts.to_pyarrow().to_pylist()[0]
    return [
        name
        for i, name in enumerate(known)
        if found[f"n{i}"] and max(found[f"l{i}"], found[f"h{i}"]) >= _NEARLY_ALL * found[f"n{i}"]
    ]


def _numbers_of(spells: ir.Table, names: Sequence[str]) -> list[str]:
    return [name for name in names if spells[name].type().is_numeric() and not spells[name].type().is_boolean()]


def find_end_scores(spells: ir.Table, names: Sequence[str]) -> list[str]:
    """Which of these numbers tell contracts that ended from those that run, as a churn score or a last bill does?

    Parameters
    ----------
    spells
        `build_spells`.
    names
        Its columns; those that hold no numbers are passed over.

    Notes
    -----
    Found is a number by which 9 in 10 pairs of an ended and a running contract are in the same order (concordance, ties
    by halves). What is known when a contract begins hardly tells so much. Asked only where there are twenty of each.
    """
    numbers = _numbers_of(spells, names)
    if not numbers:
        return []
    levels = count_levels(spells, numbers, "float64").filter(_.level.notnull())
    below = levels.n_running.sum().over(ibis.cumulative_window(group_by=levels.place, order_by=levels.level))
    ranked = levels.mutate(ordered=levels.n_ended * (below - levels.n_running / 2))
    sums = ranked.group_by("place").agg(
        n_ended=ranked.n_ended.sum(), n_running=ranked.n_running.sum(), ordered=ranked.ordered.sum()
    )
    return [
        numbers[row["place"]]
        for row in sums.order_by("place").to_pyarrow().to_pylist()
        if _tells_apart(int(row["n_ended"]), int(row["n_running"]), float(row["ordered"]))
    ]


def _tells_apart(n_ended: int, n_running: int, n_ordered: float) -> bool:
    if min(n_ended, n_running) < _FEWEST_RUNNING:
        return False
    share = n_ordered / (n_ended * n_running)
    return max(share, 1 - share) >= _TELLS_APART


@step
def find_circular(study: Study, names: Sequence[str]) -> list[str]:
    """Which of these columns tell how long a contract lasted, or that it ended?

    Parameters
    ----------
    names
        Columns of `build_spells`; those it does not have are passed over.

    Notes
    -----
    Attributes are of one snapshot, taken when the records were drawn: of a contract that ran at as_of they may know how
    it ended later. So `find_known_ends`, `find_end_labels`, `find_end_scores` and `find_growing` are asked of the
    contracts as they stood at as_of, and once more as they stand when the last of them has ended.
    """
    known = build_spells(study)
    held = [name for name in dict.fromkeys(names) if name in known.columns]
    if not held:
        return []
    circular = {name for name in held if name in OWN_COLUMNS}
    for spells in (known, *_see_the_rest(study)):
        circular |= {
            *find_known_ends(spells, held),
            *find_growing(spells, held),
            *find_end_labels(spells, held),
            *find_end_scores(spells, held),
        }
    return [name for name in held if name in circular]


def _see_the_rest(study: Study) -> list[ir.Table]:
    """The contracts as they stand when the last of them has ended, where some ended after as_of."""
    contracts = study.table("contracts")
    if "ended_at" not in contracts.columns:
        return []
    last = contracts.ended_at.max().to_pyarrow().as_py()
    return [build_spells(study.standing_at(last))] if last is not None and last > study.as_of else []


def guard_own_covariates(study: Study, build: CovariateBuilder, instants: Sequence[datetime]) -> tuple[str, ...]:
    """May covariates of the reader's own making explain the ends of contracts? Their names, if so.

    Parameters
    ----------
    build
        Makes contract_id and columns, one row a contract; or contract_id, ``valid_from`` and columns that hold from
        then on.
    instants
        Earlier instants to stand at; see `pick_instants`.

    Raises
    ------
    LeakageError
        If it reads what came after as_of, if one row stands for a whole contract and yet changed on the way, or if
        a history was written back.
    ParameterError
        If the table is not of one of the two kinds.
    """
    name = getattr(build, "__name__", "the builder")
    made = build(study)
    columns = own_columns(made)
    if "contract_id" not in made.columns or not columns:
        raise ParameterError(
            f"{name} must make a table of contract_id and at least one more column, not of {', '.join(made.columns)}."
        )
    guard_outcome(columns)

    def known(at: Study) -> ir.Table:
        table = build(at)
        if has_own_times(table):
            return table.filter(table[SINCE].cast("timestamp") <= instant(at.as_of))
        # A contract that the builder leaves out has an empty value, which may change like any other.
        return (
            known_rows(at, "contracts").select("contract_id").left_join(table, "contract_id").drop("contract_id_right")
        )

    known.__name__ = name
    guard_no_lookahead(known, study)
    if has_own_times(made):
        guard_history(known, study, table="contracts", key="contract_id", since=SINCE, instants=instants)
        return columns
    n_repeated = int(made.count().execute()) - int(made.contract_id.nunique().execute())
    if n_repeated:
        raise ParameterError(
            f"{name} makes {say_count(n_repeated, 'row')} more than it has contracts. Give one row a contract, or "
            f"add a column {SINCE} with "
            "the instant from which each row holds."
        )
    guard_fixed_in_time(known, study, key="contract_id", columns=columns, instants=instants)
    return columns


def pick_instants(study: Study) -> list[datetime]:
    """At which earlier instants should covariates be looked at? A few, spread over the spells of the past."""
    starts = build_spells(study).started_at.epoch_seconds()
    marks = starts.as_table().agg(**{f"q{q}": starts.quantile(q / 100).cast("int64") for q in (25, 50, 75)})
    seconds = [value for value in marks.to_pyarrow().to_pylist()[0].values() if value is not None]
    found = [_EPOCH + timedelta(seconds=value) for value in seconds]
    found += [middle + (study.as_of - middle) / 2 for middle in found[1:2]]
    return sorted({day for day in found if day < study.as_of})
