"""Rules about rows together: unique keys, references, identities. One query counts, another shows examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from crm_research.contracts.columns import Reference, TableContract
from crm_research.contracts.copies import count_copies
from crm_research.contracts.lines_of_orders import CENTS_PER_LINE, have_lines, sum_lines
from crm_research.contracts.record_tables import PEOPLE
from crm_research.contracts.row_checks import is_missing
from crm_research.contracts.set_query import SetCheck, SetQuery, in_order
from crm_research.contracts.spelling import ends_in_noughts, fold, is_long_number
from crm_research.contracts.tables import TABLES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    Held = Mapping[str, ir.Table]
    Usable = Mapping[str, set[str]]

# A total stands among so many rows; of fewer, one may be the sum of the others by chance.
FEWEST_SUMMED: Final = 10
MONEY_LOST: Final = 1e-12
# That so many long ids all end in a nought comes about by chance once in a hundred thousand times.
FEWEST_CUT: Final = 5
CROWD_SHARE: Final = 0.05
CROWD_TIMES: Final = 100
FOLLOWED_DAYS: Final = 7
FOLLOWED_SHARE: Final = 0.05
_MOSTLY: Final = 0.5
# What refers to these only describes: a row without it loses a description, not its place in the study.
_DESCRIBING: Final = frozenset({"products"})
_NAMED: Final = ("customers", "products")
_OPEN_END: Final = "9999-12-31"


def build_set_queries(contract: TableContract, held: Held, usable: Usable) -> list[SetQuery]:
    """Which rules about rows together can be checked for this table?

    Parameters
    ----------
    held
        All tables of the study.
    usable
        For each, the columns that are present and of their type; rules that need another one are left out.
    """
    table, mine = held[contract.name], usable[contract.name]
    queries = []
    if contract.key and mine.issuperset(contract.key):
        queries.append(_unique_orders(held, usable) if contract.name == "orders" else _unique(table, contract.key))
    elif not contract.key:
        queries.append(_no_repeats(table, contract))
    queries += [
        _refers(table, reference, held, usable)
        for reference in contract.references
        if reference.column in mine and reference.to_column in usable.get(reference.to_table, set())
    ]
    queries += [_one_spelling(table, name) for name in _names_of_things(contract, usable)]
    queries += _TABLE_QUERIES.get(contract.name, _none)(held, usable)
    return queries


def _names_of_things(contract: TableContract, usable: Usable) -> list[str]:
    """Ids of customers and products that this table is the one to judge: its own, or those no other table lists."""
    listed = {to_table for to_table in _NAMED if usable.get(to_table, set()) >= set(TABLES[to_table].key)}
    names = [*contract.key] if contract.name in _NAMED else []
    names += [one.column for one in contract.references if one.to_table in _NAMED and one.to_table not in listed]
    return [name for name in dict.fromkeys(names) if name in usable[contract.name]]


def _one_spelling(table: ir.Table, name: str) -> SetQuery:
    """No id is another one in capitals, in full width, with blanks, with leading zeros, or without its last digits."""
    ids = table.group_by(name).aggregate(n_rows=table.count())
    ids = ids.filter(~is_missing(ids[name]))
    ids = ids.mutate(written=fold(ids[name]))
    things = ids.group_by("written").aggregate(
        n_ways=ids.count(), n_rows=ids.n_rows.sum(), first=ids[name].min(), last=ids[name].max()
    )
    several = things.filter(things.n_ways > 1).rename({name: "first", "also_written": "last"})
    check = SetCheck(
        rule="one-spelling",
        column=name,
        expected=f"no {name} is another one in capitals, other width or composition, with blanks or leading zeros",
        n_bad="n_bad",
        n_checked="n_ids",
        examples=in_order(several, [name, "also_written", "n_rows"]),
    )
    cut = things.filter(ends_in_noughts(things.written)).rename({name: "first"})
    whole = SetCheck(
        rule="cut-key",
        column=name,
        expected=f"the long numbers among {name} do not all end in noughts after their fifteenth digit",
        n_bad="n_bad_cut",
        n_checked="n_ids",
        examples=in_order(cut, [name, "n_rows"]),
    )
    counts = things.aggregate(
        n_ids=things.n_ways.sum().fill_null(0),
        n_things=things.count(),
        n_long=is_long_number(things.written).sum().fill_null(0),
        n_cut=ends_in_noughts(things.written).sum().fill_null(0),
    )
    is_cut = (counts.n_cut >= FEWEST_CUT) & (counts.n_cut == counts.n_long)
    counts = counts.mutate(n_bad=counts.n_ids - counts.n_things, n_bad_cut=is_cut.ifelse(counts.n_cut, 0))
    return SetQuery(counts=counts, checks=(check, whole))


def _unique(table: ir.Table, key: tuple[str, ...]) -> SetQuery:
    # Engines group nulls together, so two rows without a key repeat each other.
    check = SetCheck(
        rule="duplicate-key",
        column=", ".join(key),
        expected=f"every {' and '.join(key)} stands in one row only",
        n_bad="n_bad",
        examples=in_order(_repeated(table, list(key)), [*key, "n_rows"]),
    )
    return count_copies(table, list(key), check)


def _unique_orders(held: Held, usable: Usable) -> SetQuery:
    """Where every order has lines, laying them beside their orders tells a repeated one: it would get them twice."""
    exact = _unique(held["orders"], TABLES["orders"].key)
    if not have_lines(usable):
        return exact
    checks = tuple(replace(check, n_bad="n_unclear") for check in exact.checks)
    counts = exact.whole.rename(n_unclear="n_bad")
    return SetQuery(counts=counts, checks=checks, shortcut=sum_lines(held, usable).counts)


def _no_repeats(table: ir.Table, contract: TableContract) -> SetQuery:
    shown = [name for name in contract.column_names if name in table.columns]
    extra = [name for name in table.columns if name not in shown and not table[name].type().is_json()]
    # Extra columns may have any name, also that of a count.
    table = table.select(*shown, **{f"extra_{i}": table[name] for i, name in enumerate(extra)})
    columns = list(table.columns)
    check = SetCheck(
        rule="repeated-row",
        column="",
        expected="no row is the copy of another in all its columns",
        n_bad="n_bad",
        examples=in_order(_repeated(table, columns), [*shown, "n_rows"]),
    )
    return count_copies(table, columns, check)


def _repeated(table: ir.Table, columns: list[str]) -> ir.Table:
    return table.group_by(columns).aggregate(n_rows=table.count()).filter(lambda t: t.n_rows > 1)


def _refers(table: ir.Table, reference: Reference, held: Held, usable: Usable) -> SetQuery:
    name, to_name, other = reference.column, reference.to_column, held[reference.to_table]
    known = other.select(other[to_name].name(name))
    lost = table.select(name).anti_join(known, name)
    lost = lost.filter(~is_missing(lost[name]))
    values = lost.group_by(name).aggregate(n_rows=lost.count())
    check = SetCheck(
        rule="undescribed" if reference.to_table in _DESCRIBING else "orphan",
        column=name,
        expected=f"every {name} stands in {reference.to_table}",
        n_bad="n_bad",
        n_checked=f"filled:{name}",
        examples=in_order(values, [name, "n_rows"]),
        other=reference.to_table,
    )
    if reference.to_table == "orders" and name == "order_id" and have_lines(usable):
        # Lines are laid beside their orders anyway.
        return SetQuery(counts=sum_lines(held, usable).counts, checks=(replace(check, n_bad="n_lost"),))
    return SetQuery(counts=lost.aggregate(n_bad=lost.count()), checks=(check,))


def _none(_held: Held, _usable: Usable) -> Iterator[SetQuery]:
    return iter(())


def _no_total(table: ir.Table, key: str, money: str) -> SetQuery:
    """No row's money is that of all the others together, to the cent."""
    whole = table.aggregate(n_rows=table.count(), total=table[money].sum())
    rows = table.select(key, money).cross_join(whole)
    is_sum = (rows.n_rows >= FEWEST_SUMMED) & (rows[money] != 0)
    is_sum &= (2 * rows[money] - rows.total).abs() <= CENTS_PER_LINE + MONEY_LOST * rows[money].abs()
    sums = rows.filter(is_sum)
    check = SetCheck(
        rule="total-row",
        column=money,
        expected=f"no row's {money} is the sum of all the others",
        n_bad="n_bad",
        examples=in_order(sums, [key, money]),
    )
    return SetQuery(counts=sums.aggregate(n_bad=sums.count()), checks=(check,))


def _invoice_queries(held: Held, usable: Usable) -> Iterator[SetQuery]:
    if usable["invoices"] >= {"invoice_id", "amount"}:
        yield _no_total(held["invoices"], "invoice_id", "amount")


def _order_queries(held: Held, usable: Usable) -> Iterator[SetQuery]:
    if usable["orders"] >= {"order_id", "revenue"}:
        yield _no_total(held["orders"], "order_id", "revenue")
    if "customer_id" in usable["orders"]:
        yield _no_crowd(held["orders"])
    if have_lines(usable):
        yield sum_lines(held, usable)


def _no_crowd(orders: ir.Table) -> SetQuery:
    """No id stands for a crowd of buyers: over a twentieth of all orders, and a hundred times the average."""
    import ibis

    buyers = orders.group_by("customer_id").aggregate(n_orders=orders.count())
    buyers = buyers.filter(~is_missing(buyers.customer_id))
    everyone = ibis.window()
    buyers = buyers.mutate(n_all=buyers.n_orders.sum().over(everyone), n_usual=buyers.n_orders.mean().over(everyone))
    crowds = buyers.filter(
        (buyers.n_orders > CROWD_SHARE * buyers.n_all) & (buyers.n_orders > CROWD_TIMES * buyers.n_usual)
    )
    check = SetCheck(
        rule="crowd-account",
        column="customer_id",
        expected=f"no customer has over {100 * CROWD_SHARE:g} % of the orders and {CROWD_TIMES} times the average",
        n_bad="n_bad",
        n_checked="filled:customer_id",
        examples=in_order(crowds, ["customer_id", "n_orders"]),
    )
    return SetQuery(counts=crowds.aggregate(n_bad=crowds.n_orders.sum().fill_null(0)), checks=(check,))


def _customer_queries(held: Held, usable: Usable) -> Iterator[SetQuery]:
    dealing = [
        name
        for name, contract in TABLES.items()
        if any(reference.to_table == "customers" for reference in contract.references)
        # Who works at a customer is no dealing with it.
        and name != PEOPLE
        and "customer_id" in usable.get(name, set())
    ]
    if not dealing or "customer_id" not in usable["customers"]:
        return
    idle = held["customers"].select("customer_id")
    for name in dealing:
        idle = idle.anti_join(held[name].select("customer_id"), "customer_id")
    check = SetCheck(
        rule="no-dealings",
        column="customer_id",
        expected=f"every customer stands in {' or '.join(dealing)}",
        n_bad="n_bad",
        examples=in_order(idle, ["customer_id"]),
    )
    yield SetQuery(counts=idle.aggregate(n_bad=idle.count()), checks=(check,))


def _contract_queries(held: Held, usable: Usable) -> Iterator[SetQuery]:
    """Ends after which the same customer began another contract at once: a change of plan, it seems, and no leaving."""
    import ibis

    if not usable["contracts"] >= {"contract_id", "customer_id", "started_at", "ended_at"}:
        return
    rows = held["contracts"].filter(lambda t: ~is_missing(t.customer_id))
    after = ibis.window(group_by="customer_id", order_by=["started_at", "contract_id"])
    rows = rows.mutate(next_started_at=rows.started_at.lead().over(after))
    limit = rows.ended_at.truncate("D") + ibis.interval(days=FOLLOWED_DAYS)
    first = rows.ended_at.truncate("D") - ibis.interval(days=1)
    soon = (rows.next_started_at.truncate("D") >= first) & (rows.next_started_at.truncate("D") <= limit)
    counts = rows.aggregate(n_ended=rows.ended_at.count(), n_soon=rows.count(where=soon))
    counts = counts.mutate(n_bad=(counts.n_soon > FOLLOWED_SHARE * counts.n_ended).ifelse(counts.n_soon, 0))
    ended = rows.filter(rows.ended_at.notnull())
    examples = in_order(ended.filter(soon), ["customer_id", "contract_id", "ended_at", "next_started_at"])
    if "end_reason" in usable["contracts"]:
        reasons = ended.filter(ended.end_reason.notnull()).group_by("end_reason")
        by_reason = reasons.aggregate(n_ends=lambda t: t.count(), n_followed=lambda t: t.next_started_at.count())
        mostly = by_reason.filter(by_reason.n_followed >= _MOSTLY * by_reason.n_ends)
        examples = mostly.select("end_reason", "n_followed", "n_ends").order_by(mostly.n_followed.desc(), "end_reason")
    check = SetCheck(
        rule="goes-on",
        column="ended_at",
        expected=f"at most {100 * FOLLOWED_SHARE:g} % of the ends are followed, within {FOLLOWED_DAYS} days, by "
        "another contract of the same customer",
        n_bad="n_bad",
        n_checked="n_ended",
        examples=examples,
    )
    yield SetQuery(counts=counts, checks=(check,))


def _survey_queries(held: Held, usable: Usable) -> Iterator[SetQuery]:
    surveys = held["surveys"]
    if usable["surveys"] >= {"response_id", "customer_id"}:
        yield _one_value(
            surveys, "response_id", ["customer_id"], "one-customer", "every response belongs to one customer"
        )
    if usable["surveys"] >= {"item", "scale_min", "scale_max"}:
        yield _one_value(surveys, "item", ["scale_min", "scale_max"], "one-scale", "every item has one scale")


def _one_value(table: ir.Table, group: str, values: list[str], rule: str, expected: str) -> SetQuery:
    ends: dict[str, Any] = {}
    for value in values:
        ends |= {f"lowest_{value}": table[value].min(), f"highest_{value}": table[value].max()}
    groups = table.group_by(group).aggregate(**ends)
    differs = groups[f"lowest_{values[0]}"] != groups[f"highest_{values[0]}"]
    for value in values[1:]:
        differs |= groups[f"lowest_{value}"] != groups[f"highest_{value}"]
    counts = groups.aggregate(n_checked=groups.count(), n_bad=groups.count(where=differs))
    examples = in_order(groups.filter(differs), [group, *ends])
    check = SetCheck(
        rule=rule,
        column=values[0],
        expected=expected,
        n_bad="n_bad",
        n_checked="n_checked",
        examples=examples,
        other=group,
    )
    return SetQuery(counts=counts, checks=(check,))


def _state_queries(held: Held, usable: Usable) -> Iterator[SetQuery]:
    """A state begins when every earlier state of its contract has ended."""
    import ibis

    states = held["contract_states"]
    if not usable["contract_states"] >= {"contract_id", "valid_from", "valid_to"}:
        return
    end = ibis.coalesce(states.valid_to, ibis.timestamp(_OPEN_END))
    before = ibis.window(group_by="contract_id", order_by=["valid_from", "valid_to"], rows=(None, -1))
    shown = states.select("contract_id", "valid_from", "valid_to", ended_until_then=end.max().over(before))
    overlapping = shown.filter(shown.valid_from < shown.ended_until_then)
    check = SetCheck(
        rule="overlap",
        column="valid_from",
        expected="every state of a contract begins after the earlier ones have ended",
        n_bad="n_bad",
        examples=in_order(overlapping, ["contract_id", "valid_from", "valid_to"]),
    )
    yield SetQuery(counts=overlapping.aggregate(n_bad=overlapping.count()), checks=(check,))


_TABLE_QUERIES: Final[Mapping[str, Callable[[Held, Usable], Iterator[SetQuery]]]] = {
    "invoices": _invoice_queries,
    "orders": _order_queries,
    "customers": _customer_queries,
    "surveys": _survey_queries,
    "contract_states": _state_queries,
    "contracts": _contract_queries,
}
