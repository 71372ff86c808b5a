"""Untrue records: what the records themselves give reason to doubt, each suspicion with its evidence in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import StudyError
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import ibis.expr.types as ir

    from crm_research.study import Study

# More names than this on one phone or one e-mail are more than a household, whoever has married or moved.
MOST_NAMES: Final = 10
# A city is out of place where its postcode says another one this many times as often.
TIMES_AS_OFTEN: Final = 100
# An amount that stands on one row in so many, or rarer, does not meet itself by chance within a day.
RARE_AMOUNT: Final = 1_000
_OTHER_DAYS: Final = 364.25
_CENTS: Final = 100
_COLUMNS: Final = ("suspicion", "n_alike", "n_against", "chance")


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """A reason to doubt a record.

    Parameters
    ----------
    label
        What is suspected, for a table or a picture.
    evidence
        A sentence about one record, with ``{n_alike}`` and ``{n_against}``; it never holds the value itself.
    """

    label: str
    evidence: str


SUSPICIONS: Final[Mapping[str, Suspicion]] = MappingProxyType(
    {
        "placeholder_name": Suspicion(
            label="A name that stands for no one",
            evidence="The name is one that people write where they know none, as on {n_alike} of the records.",
        ),
        "keyboard_name": Suspicion(
            label="A name run off the keyboard",
            evidence="The name is keys side by side or one letter again and again, as on {n_alike} of the records.",
        ),
        "placeholder_email": Suspicion(
            label="An e-mail address that nobody reads",
            evidence="The address is one that is written where there is none, as on {n_alike} of the records.",
        ),
        "placeholder_phone": Suspicion(
            label="A phone number that is none",
            evidence="The number is one digit again and again, or counted up or down, as on {n_alike} of the records.",
        ),
        "born_on_january_first": Suspicion(
            label="Born on 1 January",
            evidence="{n_alike} records of this system are born on 1 January; chance explains {n_against}.",
        ),
        "shared_phone": Suspicion(
            label="One phone number for many",
            evidence="The phone number stands on {n_alike} records under {n_against} names.",
        ),
        "shared_email": Suspicion(
            label="One e-mail address for many",
            evidence="The e-mail address stands on {n_alike} records under {n_against} names.",
        ),
        "misplaced_city": Suspicion(
            label="A city that is not in its postcode",
            evidence="With this postcode the city stands on {n_alike} records, another one on {n_against}.",
        ),
        "birth_against_identifier": Suspicion(
            label="A birth date that the identity number contradicts",
            evidence="The identity number names another day of birth, as on {n_alike} of {n_against} such records.",
        ),
        "copied_amount": Suspicion(
            label="The same amount twice",
            evidence="This customer has the amount {n_alike} times that day; all other rows have it {n_against} times.",
        ),
        "overlapping_visit": Suspicion(
            label="A visit during another visit",
            evidence="The visit began before an earlier one had ended, or lasted into a later one, "
            "as {n_alike} of the {n_against} visits there do.",
        ),
    }
)


def say_evidence(suspicion: str, *, n_alike: int, n_against: int) -> str:
    """The evidence of one record in words, without the value that is doubted."""
    return SUSPICIONS[suspicion].evidence.format(n_alike=f"{n_alike:,}", n_against=f"{n_against:,}")


def suspect_records(records: ir.Table, *, most_names: int = MOST_NAMES) -> ir.Table:
    """Which records of customers give reason to doubt them?

    Parameters
    ----------
    records
        Grain: record. ``system``, ``local_id``, and what `standardise` made of them; what is absent raises nothing.
    most_names
        Different names on one phone number or e-mail address that raise no doubt.

    Returns
    -------
    ibis table
        Grain: record and suspicion. ``system``, ``local_id``, ``suspicion`` (see `SUSPICIONS`), ``n_alike``,
        ``n_against`` (the numbers of its evidence), ``chance`` (of the records so suspected, the share that chance
        alone explains; nought where it does not explain any).
    """
    raised = [
        raise_by(records)
        for needs, raise_by in _RAISED_BY.items()
        if {"system", "local_id", *needs} <= set(records.columns)
    ]
    if {"std_phone", *_NAMED} <= set(records.columns):
        raised.append(_suspect_shared(records, "std_phone", "shared_phone", most_names))
    if {"std_email_key", *_NAMED} <= set(records.columns):
        raised.append(_suspect_shared(records, "std_email_key", "shared_email", most_names))
    return _together(raised, records)


def _together(raised: Sequence[ir.Table], records: ir.Table) -> ir.Table:
    if not raised:
        nothing = records.filter(ibis.literal(value=False))
        return _named(nothing, "placeholder_name", ibis.literal(0), ibis.literal(0), ibis.literal(0.0))
    union: ir.Table = reduce(lambda left, right: left.union(right), raised)
    return union


_NAMED: Final = ("system", "local_id", "std_name_key")


def _named(
    rows: ir.Table,
    suspicion: str,
    n_alike: ir.Value,
    n_against: ir.Value,
    chance: ir.Value,
    *,
    keys: Sequence[str] = (),
) -> ir.Table:
    """Rows as suspicions of one kind."""
    return rows.select(
        *(keys or ("system", "local_id")),
        suspicion=ibis.literal(suspicion),
        n_alike=n_alike.cast("int64"),
        n_against=n_against.cast("int64"),
        chance=chance.cast("float64"),
    )


def _suspect_text(column: str, code: str, suspicion: str) -> Callable[[ir.Table], ir.Table]:
    """Records whose text `standardise` found to say nothing."""

    def raise_by(records: ir.Table) -> ir.Table:
        rows = records.filter(records[column] == code)
        counted = rows.mutate(_n=rows.count().over(ibis.window()))
        return _named(counted, suspicion, counted["_n"], ibis.literal(0), ibis.literal(0.0))

    return raise_by


def _suspect_names(records: ir.Table) -> ir.Table:
    """Records whose name says nothing, of either kind."""
    placeholders = _suspect_text("std_untrue_name", "placeholder", "placeholder_name")(records)
    return placeholders.union(_suspect_text("std_untrue_name", "keyboard", "keyboard_name")(records))


def _suspect_january_first(records: ir.Table) -> ir.Table:
    """Births on 1 January where a system has more of them than its other days and chance explain.

    On other days births are expected evenly; more than four standard deviations and four births above that are not
    chance (less than one in ten thousand systems).
    """
    dated = records.filter(records.std_birth_date.notnull())
    is_first = dated.std_birth_date.substr(4, 6) == "-01-01"
    counted = dated.mutate(_is_first=is_first)
    window = ibis.window(group_by=counted.system)
    counted = counted.mutate(
        _n_first=counted["_is_first"].ifelse(1, 0).sum().over(window).cast("float64"),
        _n_others=counted["_is_first"].ifelse(0, 1).sum().over(window).cast("float64"),
    )
    counted = counted.mutate(_expected=counted["_n_others"] / _OTHER_DAYS)
    limit = counted["_expected"] + 4.0 * counted["_expected"].sqrt() + 4.0
    found = counted.filter(counted["_is_first"], counted["_n_first"] > limit)
    return _named(
        found,
        "born_on_january_first",
        found["_n_first"],
        found["_expected"].round(),
        found["_expected"] / found["_n_first"],
    )


def _suspect_shared(records: ir.Table, column: str, suspicion: str, most_names: int) -> ir.Table:
    """Records of one phone or e-mail under more names than a household has; a company counts as one name."""
    name = records.std_name_key
    if "std_company" in records.columns:
        name = ibis.coalesce(records.std_company, name)
    held = records.filter(records[column].notnull()).mutate(_name=name)
    counts = held.group_by(_value=held[column]).agg(n_alike=held.count(), n_against=held["_name"].nunique())
    many = counts.filter(counts.n_against > most_names)
    found = held.inner_join(many, held[column] == many["_value"])
    return _named(found, suspicion, found.n_alike, found.n_against, ibis.literal(0.0))


def _suspect_misplaced_city(records: ir.Table) -> ir.Table:
    """Records whose city is hardly ever said with their postcode, while another one is all the time."""
    held = records.filter(records.std_postcode.notnull(), records.std_city.notnull())
    country = held.std_country.fill_null("") if "std_country" in held.columns else ibis.literal("")
    placed = held.mutate(_country=country)
    counts = placed.group_by("_country", "std_postcode", "std_city").agg(n_alike=placed.count())
    most = counts.mutate(n_against=counts.n_alike.max().over(ibis.window(group_by=["_country", "std_postcode"])))
    rare = most.filter(most.n_alike * TIMES_AS_OFTEN <= most.n_against).select(
        _c="_country", _p="std_postcode", _s="std_city", n_alike="n_alike", n_against="n_against"
    )
    found = placed.inner_join(
        rare,
        [placed["_country"] == rare["_c"], placed.std_postcode == rare["_p"], placed.std_city == rare["_s"]],
    )
    return _named(found, "misplaced_city", found.n_alike, found.n_against, ibis.literal(0.0))


def _suspect_birth(records: ir.Table) -> ir.Table:
    """Records whose Chinese identity number, which holds the day of birth, holds another one."""
    both = records.filter(
        records.std_identifier_kind == "cn.ric",
        records.std_birth_date.notnull(),
    )
    said = both.std_identifier.substr(6, 8)
    born = both.std_birth_date
    written = born.substr(0, 4).concat(born.substr(5, 2), born.substr(8, 2))
    told = both.mutate(_is_other=said != written)
    told = told.mutate(
        _n=told["_is_other"].ifelse(1, 0).sum().over(ibis.window()), _n_all=told.count().over(ibis.window())
    )
    found = told.filter(told["_is_other"])
    return _named(found, "birth_against_identifier", found["_n"], found["_n_all"], ibis.literal(0.0))


_RAISED_BY: Final[Mapping[tuple[str, ...], Callable[[ir.Table], ir.Table]]] = {
    ("std_untrue_name",): _suspect_names,
    ("std_untrue_email",): _suspect_text("std_untrue_email", "placeholder", "placeholder_email"),
    ("std_untrue_phone",): _suspect_text("std_untrue_phone", "placeholder", "placeholder_phone"),
    ("std_birth_date",): _suspect_january_first,
    ("std_postcode", "std_city"): _suspect_misplaced_city,
    ("std_identifier", "std_identifier_kind", "std_birth_date"): _suspect_birth,
}


def suspect_copied_amounts(rows: ir.Table, *, key: str, at: str, amount: str) -> ir.Table:
    """Which rows repeat an amount of the same customer on the same day, where the amount is rare among all rows?

    Parameters
    ----------
    rows
        Known orders, invoices or the like: customer_id and the columns named.
    key, at, amount
        Columns of the row's id, its time and its money.

    Returns
    -------
    ibis table
        Grain: row. The key, ``customer_id``, ``suspicion``, ``n_alike``, ``n_against``, ``chance``.
    """
    is_money = rows[amount].notnull() & (rows[amount] != 0.0)
    held = rows.filter(is_money, rows.customer_id.notnull(), rows[at].notnull())
    if "kind" in held.columns:
        # An order that was cancelled and placed again is two by right.
        held = held.filter(held.kind.fill_null("sale") != "cancelled")
    held = held.mutate(
        _cents=(held[amount].cast("float64") * _CENTS).round().cast("int64"), _day=held[at].truncate("D")
    )
    held = held.mutate(
        _n_alike=held.count().over(ibis.window(group_by=["customer_id", "_day", "_cents"])),
        _n_same_day=held.count().over(ibis.window(group_by=["customer_id", "_day"])),
        _n_amount=held.count().over(ibis.window(group_by="_cents")),
        _n_all=held.count().over(ibis.window()),
    )
    held = held.mutate(_n_others=held["_n_amount"] - held["_n_alike"], _n_beside=held["_n_all"] - held["_n_alike"])
    is_rare = held["_n_others"] * RARE_AMOUNT <= held["_n_beside"]
    # That any two rows meet in a rare amount, times the rows beside each on its customer's day.
    meets = is_rare.ifelse(held["_n_others"].cast("float64") / held["_n_beside"].nullif(0).cast("float64"), 0.0)
    held = held.mutate(_is_found=is_rare & (held["_n_alike"] > 1), _meets=meets.fill_null(0.0))
    everywhere = ibis.window()
    held = held.mutate(
        _by_chance=held["_meets"].mean().over(everywhere)
        * (held["_n_same_day"] - 1).sum().over(everywhere).cast("float64"),
        _n_found=held["_is_found"].ifelse(1, 0).sum().over(everywhere).cast("float64"),
    )
    found = held.filter(held["_is_found"])
    chance = ibis.least(found["_by_chance"] / found["_n_found"], ibis.literal(1.0))
    return _named(found, "copied_amount", found["_n_alike"], found["_n_others"], chance, keys=(key, "customer_id"))


def suspect_overlapping_visits(contacts: ir.Table, *, of: str = "customer_id") -> ir.Table:
    """Which visits fall into the time of another one?

    Parameters
    ----------
    contacts
        Known contacts, with their end.
    of
        Who cannot be in two places: the customer visited, or a column that says who visits.

    Returns
    -------
    ibis table
        Grain: visit. ``contact_id``, that column, ``suspicion``, ``n_alike`` (such visits of the same), ``n_against``
        (all visits of the same), ``chance``.
    """
    visits = contacts.filter(
        contacts.kind == "visit",
        contacts[of].notnull(),
        contacts.closed_at > contacts.opened_at,
    )
    order = [visits.opened_at, visits.closed_at, visits.contact_id]
    before = ibis.window(group_by=of, order_by=order, preceding=(None, 1))
    beside = ibis.window(group_by=of, order_by=order)
    laid = visits.mutate(_ended=visits.closed_at.max().over(before), _next=visits.opened_at.lead().over(beside))
    no = ibis.literal(value=False)
    overlaps = (laid["_ended"] > laid.opened_at).fill_null(no) | (laid["_next"] < laid.closed_at).fill_null(no)
    laid = laid.mutate(_overlaps=overlaps)
    laid = laid.mutate(
        _n=laid["_overlaps"].ifelse(1, 0).sum().over(ibis.window(group_by=of)),
        _n_all=laid.count().over(ibis.window(group_by=of)),
    )
    found = laid.filter(laid["_overlaps"])
    return _named(found, "overlapping_visit", found["_n"], found["_n_all"], ibis.literal(0.0), keys=("contact_id", of))


def suspect_dealings(study: Study) -> ir.Table:
    """Which orders, invoices and visits known at as_of give reason to doubt them?

    Returns
    -------
    ibis table
        Grain: row and suspicion. ``table``, ``row_id``, ``customer_id``, ``suspicion``, ``n_alike``, ``n_against``,
        ``chance``.

    Raises
    ------
    StudyError
        If the study has none of orders, invoices and contacts.
    """
    raised = []
    for table, key, at, amount in _AMOUNTS:
        if study.has(table):
            found = suspect_copied_amounts(known_rows(study, table), key=key, at=at, amount=amount)
            raised.append(_of_table(found, table, key))
    if study.has("contacts") and "closed_at" in (contacts := known_rows(study, "contacts")).columns:
        raised.append(_of_table(suspect_overlapping_visits(contacts), "contacts", "contact_id"))
    if not raised:
        raise StudyError("Untrue dealings are looked for in orders, invoices and contacts; the study has none of them.")
    union: ir.Table = reduce(lambda left, right: left.union(right), raised)
    return union


_AMOUNTS: Final = (("orders", "order_id", "ordered_at", "revenue"), ("invoices", "invoice_id", "issued_at", "amount"))


def _of_table(found: ir.Table, table: str, key: str) -> ir.Table:
    return found.select("customer_id", *_COLUMNS, table=ibis.literal(table), row_id=found[key]).relocate(
        "table", "row_id", before="customer_id"
    )


def count_suspicions(suspected: ir.Table) -> ir.Table:
    """One suspicion: how many records it is raised of, and how many of them chance alone explains."""
    return suspected.group_by("suspicion").agg(
        n_suspected=suspected.count(), n_by_chance=suspected.chance.sum(), most_alike=suspected.n_alike.max()
    )
