"""How well the records of one customer are joined: who stands in which table, and of whom we know what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from crm_research.features.customers import build_customers
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

COLUMNS: Final = ("about", "what", "part_of", "n_customers", "share")
_EVERYBODY: Final = "known from any table"
_IN_CUSTOMERS: Final = "in customers"
# To be addressed by a campaign is no dealing: the customer did nothing.
_DEALINGS: Final = ("orders", "contracts", "contacts", "surveys", "campaign_responses", "activity_use", "invoices")


@step
def measure_coverage(study: Study) -> pd.DataFrame:
    """Of how many customers do we have which records?

    Returns
    -------
    frame
        about (``everybody``, ``records``, ``joins`` or ``details``), what (in words), part_of (the row that holds all
        of these customers; the rows overlap), n_customers, share of everybody known at as_of.
    """
    people = build_customers(study)
    questions = _ask(study, people)
    wanted = {f"q{place}": _count(people, condition) for place, (*_, condition) in enumerate(questions)}
    counts = people.agg(everybody=people.count(), **wanted).to_pyarrow().to_pylist()[0]
    n = int(counts["everybody"])
    rows: list[dict[str, Any]] = [{"about": "everybody", "what": _EVERYBODY, "part_of": "", "n_customers": n}]
    rows += [
        {"about": about, "what": what, "part_of": whole, "n_customers": int(counts[f"q{place}"] or 0)}
        for place, (about, what, whole, _) in enumerate(questions)
    ]
    frame = pd.DataFrame(rows)
    frame["share"] = frame["n_customers"] / n if n else float("nan")
    return frame[list(COLUMNS)]


def _count(people: ir.Table, condition: ir.BooleanValue) -> ir.IntegerScalar:
    return people.count(where=condition)


def _ask(study: Study, people: ir.Table) -> list[tuple[str, str, str, ir.BooleanValue]]:
    tables = [name.removeprefix("in_") for name in people.columns if name.startswith("in_")]
    sources = [name for name in tables if name in _DEALINGS]
    asked = [("records", f"in {name.replace('_', ' ')}", _EVERYBODY, people[f"in_{name}"]) for name in tables]
    if "customers" in tables and sources:
        active = people[f"in_{sources[0]}"]
        for name in sources[1:]:
            active = active | people[f"in_{name}"]
        asked.append(("joins", "dealings, but no customer record", _EVERYBODY, active & ~people.in_customers))
        asked.append(("joins", "a customer record, but no dealings", _IN_CUSTOMERS, people.in_customers & ~active))
    # Details are columns of the customers' own table.
    whole = _IN_CUSTOMERS if "customers" in tables else _EVERYBODY
    details = ("kind", "registered_at", *study.attributes_of("customers"))
    asked += [
        ("details", f"{name.replace('_', ' ')} known", whole, people[name].notnull())  # noqa: PD004 - Ibis
        for name in dict.fromkeys(details)
        if name in people.columns
    ]
    return asked
