"""What goes with leaving sooner, everything else alike?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.features.changing import (
    RECENT_COMPLAINT,
    CovariateBuilder,
    build_stretches,
    changing_covariates,
    has_own_times,
)
from crm_research.features.own_covariates import (
    find_circular,
    find_growing,
    find_known_ends,
    guard_known_ends,
    guard_own_covariates,
    pick_instants,
)
from crm_research.features.person_periods import guard_covariates, guard_outcome
from crm_research.features.spells import OWN_COLUMNS, build_spells
from crm_research.features.window import known_rows
from crm_research.models.hazards import CoxFit, HazardFit, fit_cox
from crm_research.models.second_opinion import SecondOpinion
from crm_research.pillars.churn.drivers.counts import MOST_ROWS, fit_counts
from crm_research.pillars.churn.drivers.ratios import Ratios, find_bends, tell_grouped, tell_ratios
from crm_research.pillars.churn.spell_rows import read_rows
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.theme import say_count, word_for

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

_KINDS: Final = ("category", "flag", "number")
_MOST_LEVELS: Final = 50
_FEWEST_VALUES_TO_BEND: Final = 10
_ENDS_PER_SPLINE_COLUMN: Final = 20
_N_KNOTS: Final = 4
_MOST_ROWS_TO_GUARD: Final = 200_000
# Robust errors of fewer clusters are far too small.
_FEWEST_CUSTOMERS: Final = 30


@dataclass(frozen=True, eq=False, kw_only=True)
class DriverAnalysis(Shown):
    """What goes with leaving sooner.

    Parameters
    ----------
    covariates
        Those the model was given.
    changing
        Of these, those that change while a contract runs.
    fit
        The model with one ratio for each comparison, from which risks are counted.
    ratios
        What a reader is told, as in `Ratios.table`: early and late ratios where one would be an average only.
    n_contracts, n_ended
        Contracts and ends that the model behind the ratios read.
    notes
        What was left out, put together or is doubtful, in words.
    remedy
        What was done about ratios that change with tenure, in words; empty where nothing had to be done.
    bends
        Numbers along which the danger clearly does not run straight.
    opinion
        What lifelines says of the model behind the ratios; None where it has no such model.
    """

    covariates: tuple[str, ...]
    changing: tuple[str, ...] = ()
    fit: HazardFit
    ratios: pd.DataFrame
    n_contracts: int
    n_ended: int
    notes: tuple[str, ...] = ()
    remedy: str = ""
    cut_days: float | None = None
    bends: tuple[str, ...] = field(default=())
    opinion: SecondOpinion | None = None

    @property
    def confidence(self) -> float:
        """Level of the intervals."""
        return self.fit.confidence

    @property
    def proportionality(self) -> pd.DataFrame:
        """Whether the ratios are the same early and late, as in `check_proportionality`; empty for counts."""
        return self.fit.proportionality if isinstance(self.fit, CoxFit) else pd.DataFrame()

    @property
    def drift(self) -> pd.DataFrame:
        """How the doubtful ratios run over tenure, as in `follow_ratios`; empty without any."""
        return self.fit.drift if isinstance(self.fit, CoxFit) else pd.DataFrame()


@step
def measure_drivers(
    study: Study,
    covariates: Sequence[str] | None = None,
    *,
    extra: CovariateBuilder | None = None,
    strata: Sequence[str] = (),
    splines: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> DriverAnalysis:
    """What goes with leaving sooner, everything else alike?

    Parameters
    ----------
    study
        Needs contracts.
    covariates
        Columns of `build_spells` or `changing_covariates`; None takes `default_covariates` and those of `extra`.
    extra
        Makes covariates of your own from a study: contract_id and columns, one row a contract; or, where they change
        while it runs, contract_id, ``valid_from`` and columns that hold from then on.
    strata
        Columns whose groups get their own baseline; left out of the covariates.
    splines
        Numbers that may bend; None lets all bend that take enough values.

    Raises
    ------
    LeakageError
        If a covariate knows what came after as_of, how a contract ended, or changed on the way and yet stands for a
        contract from its start.
    NotEnoughData
        If no contract ended.
    ParameterError
        For a column that is not there.

    Notes
    -----
    Standard errors allow for several contracts of one customer. With more than a million contracts (and states) the
    engine counts them by month and kind, and the grouped model takes the place of Cox's; strata are then covariates.
    """
    own = () if extra is None else guard_own_covariates(study, extra, pick_instants(study))
    usual, left_out = choose_covariates(study) if covariates is None else ([], [])
    names = [*usual, *own] if covariates is None else list(covariates)
    chosen = [name for name in dict.fromkeys(names) if name not in strata]
    wanted = [*dict.fromkeys((*chosen, *strata, *(splines or ())))]
    guard_drivers(study, tuple(wanted), own, extra)
    moving = {*changing_covariates(study), *(own if extra is not None and has_own_times(extra(study)) else ())}
    changing = tuple(name for name in wanted if name in moving)
    if _n_rows(study) > MOST_ROWS:
        counted = fit_counts(study, wanted, splines=splines, extra=extra, confidence=confidence)
        remarks = (*left_out, *counted.notes, _say_counted(study))
        return _analysis(wanted, changing, counted, tell_grouped(counted), remarks)
    rows = read_rows(study, wanted, extra=extra)
    fit = fit_risk(rows, chosen, strata=strata, splines=splines, confidence=confidence)
    told = tell_ratios(rows, fit, strata=strata, cluster=_cluster(rows))
    return _analysis(wanted, changing, fit, told, (*left_out, *fit.notes, *told.notes, *_say_few_customers(rows)))


def fit_risk(
    rows: pd.DataFrame,
    covariates: Sequence[str],
    *,
    strata: Sequence[str] = (),
    splines: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> CoxFit:
    """The model of leaving on these rows: every step that looks at the data is in here, so that it can be repeated.

    Parameters
    ----------
    rows
        `read_rows`: contract_id, customer_id, entry_days, tenure_days, is_ended, and the covariates.
    splines
        Numbers that may bend; None lets all bend that take enough values, if ends are enough to carry it.

    Raises
    ------
    ParameterError, NotEnoughData
        For a column that is not there; without a single end.
    """
    return fit_cox(
        rows,
        covariates,
        strata=strata,
        cluster=_cluster(rows),
        splines=_numbers_to_bend(rows, covariates) if splines is None else splines,
        n_knots=_N_KNOTS,
        confidence=confidence,
    )


@step
def default_covariates(study: Study) -> list[str]:
    """Which columns may explain leaving unless told otherwise?

    Plan, fee, the declared attributes of contracts and customers, and what changes while a contract runs
    (`changing_covariates`): categories, flags and numbers, with no more than 50 different texts. Left out is what
    tells how long a contract lasted or that it ended (`find_growing`, `find_known_ends`), also where it does so only of
    contracts that ended after as_of (`find_circular`).
    """
    names, _ = choose_covariates(study)
    return names


@step
def choose_covariates(study: Study) -> tuple[list[str], list[str]]:
    """`default_covariates`, and in words which columns were left out because they know the tenure or the end."""
    spells = build_spells(study)
    changing = changing_covariates(study)
    declared = {**study.attributes_of("customers"), **study.attributes_of("contracts")}
    names = [name for name in ("plan", "fee") if name in spells.columns or name in changing]
    names += [name for name, kind in declared.items() if kind in _KINDS and name in spells.columns]
    names = [name for name in dict.fromkeys([*names, *changing]) if name not in OWN_COLUMNS]
    fixed = [name for name in names if name not in changing]
    few = _few_levels(spells, fixed)
    if study.has("contract_states"):
        states = known_rows(study, "contract_states")
        few |= _few_levels(states, [name for name in changing if name in states.columns])
    if RECENT_COMPLAINT in names:
        complaints = known_rows(study, "contacts").filter(lambda t: t.kind == "complaint")
        few[RECENT_COMPLAINT] = bool(complaints.count().execute())
    held = [name for name in fixed if name in spells.columns]
    late = find_known_ends(spells, held)
    growing = [name for name in find_growing(spells, held) if name not in late]
    # A plan may be one that nobody stays in, and is what the page is about.
    told = [name for name in held if name not in ("plan", "fee", *late, *growing)]
    told = [name for name in find_circular(study, told) if name in told]
    notes = [f"{name} is filled in only once a contract has ended, and was left out." for name in late]
    notes += [
        f"{name} adds up or runs down while a contract runs: it tells how long the contract lasted, and was left out. "
        "Give its values over time as contract_states to have it."
        for name in growing
    ]
    notes += [
        f"{name} tells nearly all contracts that ended, by now or later, from those that run: it seems to have become "
        "known with the end, and was left out."
        for name in told
    ]
    return [name for name in names if few.get(name, True) and name not in (*late, *growing, *told)], notes


def _few_levels(table: ir.Table, names: Sequence[str]) -> dict[str, bool]:
    texts = [name for name in names if not table[name].type().is_numeric()]
    if not texts:
        return {}
    levels = table.agg(**{name: table[name].nunique() for name in texts}).to_pyarrow().to_pylist()[0]
    return {name: 1 < levels[name] <= _MOST_LEVELS for name in texts}


@step
def guard_drivers(study: Study, wanted: tuple[str, ...], own: tuple[str, ...], extra: CovariateBuilder | None) -> None:
    """May these covariates, some of them of the reader's own making, explain the ends of contracts?

    Raises
    ------
    LeakageError
        If one knows what came after as_of, or how a contract ended.
    """

    def build(at: Study) -> ir.Table:
        return build_stretches(at, wanted, extra=extra)

    build.__name__ = "build_stretches"
    if extra is None and _n_rows(study) > _MOST_ROWS_TO_GUARD:
        # Building and comparing twice costs as much as the rest; our own builder is held to this by its tests.
        guard_outcome(wanted)
    else:
        guard_covariates(study, wanted, build=build)
    spells = build_spells(study)
    guard_known_ends(spells, [name for name in wanted if name in spells.columns and name not in own])


@step
def _n_rows(study: Study) -> int:
    """How many rows would have to be read, about?"""
    tables = [name for name in ("contracts", "contract_states") if study.has(name)]
    return sum(int(known_rows(study, name).count().execute()) for name in tables)


def _cluster(rows: pd.DataFrame) -> str | None:
    """Stretches of one contract need no allowance, several contracts of one customer do."""
    owners = rows.drop_duplicates("contract_id")["customer_id"]
    return "customer_id" if owners.duplicated().any() and owners.nunique() >= _FEWEST_CUSTOMERS else None


def _say_few_customers(rows: pd.DataFrame) -> list[str]:
    n_customers, n_contracts = int(rows["customer_id"].nunique()), int(rows["contract_id"].nunique())
    if n_customers >= _FEWEST_CUSTOMERS or n_customers == n_contracts:
        return []
    remark = (
        f"{say_count(n_contracts, 'contract')} {word_for(n_contracts, 'belongs', 'belong')} to only "
        f"{say_count(n_customers, 'customer')}: too few to allow "
        "for what contracts of one customer have in common, so intervals take contracts as independent."
    )
    return [remark]


def _numbers_to_bend(rows: pd.DataFrame, covariates: Sequence[str]) -> list[str]:
    """A straight line is an assumption: numbers bend unless they take few values or ends are too few to carry it."""
    held = [name for name in covariates if name in rows.columns]
    numbers = [
        name
        for name in held
        if pd.api.types.is_numeric_dtype(rows[name])
        and not pd.api.types.is_bool_dtype(rows[name])
        and rows[name].nunique() >= _FEWEST_VALUES_TO_BEND
    ]
    columns = sum(_N_KNOTS - 1 if name in numbers else max(rows[name].nunique() - 1, 1) for name in held)
    return numbers if int(rows["is_ended"].sum()) >= _ENDS_PER_SPLINE_COLUMN * columns else []


def _say_counted(study: Study) -> str:
    contracts = known_rows(study, "contracts")
    n, n_customers = int(contracts.count().execute()), int(contracts.customer_id.nunique().execute())
    shared = " Counts cannot tell which contracts belong to one customer: intervals take them as independent."
    return (
        f"With {say_count(n, 'contract')} the engine counted them by calendar month of tenure and by kind, "
        "numbers in steps; "
        f"whether ratios change with tenure was not checked.{shared if n_customers < n else ''}"
    )


def _analysis(
    covariates: Sequence[str],
    changing: tuple[str, ...],
    fit: HazardFit,
    told: Ratios,
    notes: Sequence[str],
) -> DriverAnalysis:
    return DriverAnalysis(
        covariates=tuple(covariates),
        changing=changing,
        fit=fit,
        ratios=told.table,
        n_contracts=told.n_contracts,
        n_ended=told.n_ended,
        notes=tuple(dict.fromkeys(notes)),
        remedy=told.remedy,
        cut_days=told.cut_days,
        opinion=told.opinion,
        bends=tuple(
            name
            for name in find_bends(fit)
            if not (told.table["period"].ne("") & told.table["covariate"].eq(name)).any()
        ),
    )
