"""Records of customers who stand in several systems, in one spelling as far as the tests of repair need it."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from crm_research.repair.decisions import KEPT, enter_decisions
from crm_research.repair.held import Held
from crm_research.repair.survivors import CHANGES, OPTIONS, Found, find_changes
from crm_research.repair.units import COLUMNS
from crm_research.sources.survivorship_rule import SurvivorshipRule

AS_OF = datetime(2024, 7, 1)
AT = datetime(2026, 1, 5, 10)
TIMES = ("registered_at", "updated_at")


def standard(row):
    """The row with what standardising would make of it, much simplified."""
    made = dict(row)
    if row.get("email"):
        said = row["email"].strip().lower()
        made |= {"std_email": said, "std_email_key": said} if "@" in said else {}
    if row.get("phone"):
        digits = "".join(sign for sign in row["phone"] if sign.isdigit())
        made |= {"std_phone": "+49" + digits.removeprefix("49").removeprefix("0")} if len(digits) > 5 else {}
    names = " ".join(row.get(name) or "" for name in ("name", "given_name", "family_name"))
    made["std_name_key"] = " ".join(sorted({*names.lower().replace(",", " ").split()})) or None
    made["std_untrue_name"] = "placeholder" if names.strip() == "N.N." else None
    street, _, house = (row.get("street") or "").strip().lower().rpartition(" ")
    made |= {"std_street": street or house or None, "std_house_number": house if street else None}
    made |= {f"std_{name}": (row.get(name) or "").strip().lower() or None for name in ("city", "region")}
    born = row.get("birth_date") or ""
    made |= {"std_birth_date": born if len(born) == 10 else None, "std_birth_year": born[:4] or None}
    return made


def a_table(rows):
    rows = [standard(row) for row in rows]
    names = sorted({"system", "local_id"}.union(*rows) - {*TIMES, "customer_id"})
    held = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    return pa.table(held | {name: pa.array([row.get(name) for row in rows], pa.timestamp("us")) for name in TIMES})


def hold_rows(rows):
    """The rows in an engine; those with a customer_id are linked to it, and all others stand alone."""
    linked = [row for row in rows if row.get("customer_id")]
    links = {
        name: pa.array([row[name] for row in linked], pa.string()) for name in ("system", "local_id", "customer_id")
    }
    return Held(a_table(rows), pa.table(links), as_of=AS_OF)


def rule_of(**said) -> SurvivorshipRule:
    return SurvivorshipRule.model_validate(said)


def repair(rows, choices=(), kept=None, **said):
    """Changes as (system, local_id, column) to (before, after, rule); what is open; and what the rules came to."""
    held = hold_rows(rows)
    enter_decisions(held, KEPT.empty_table() if kept is None else kept, list(choices), AT)
    found: Found = find_changes(held, rule_of(**said))
    changes = {
        (system, local_id, column): (before, after, rule)
        for system, local_id, column, before, after, rule in held.ask(f"SELECT * FROM {CHANGES}")
    }
    options = held.ask(f"SELECT customer, unit, option, value, said_by, n_records FROM {OPTIONS} ORDER BY ALL")
    return changes, options, found


def repaired(rows, changes):
    """The rows once their changes are made."""
    made = []
    for row in rows:
        key = (row["system"], row["local_id"])
        mine = {column: changes[(*key, column)][1] for column in COLUMNS if (*key, column) in changes}
        made.append(dict(row) | mine)
    return made


def ann(system, local_id, **more):
    """A record of one customer."""
    return {"system": system, "local_id": local_id, "customer_id": "P1", "name": "Ann Arp"} | more
