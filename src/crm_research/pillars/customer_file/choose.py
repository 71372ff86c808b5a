"""Whose file is asked for: customers named by an id or a pseudonym, or those worth a look by a stated rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.errors import ParameterError
from crm_research.features.customers import build_customers
from crm_research.privacy.pseudonyms import find_named, is_pseudonym
from crm_research.theme import say_date
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.study import Study

TOP: Final = "top"
USUAL_TOP: Final = 5
MOST: Final = 20
_ID: Final = "customer_id"
_PART: Final = 10_000
_AS_A_LIST: Final = ' Several customers are written as a list: \'customers=["A", "B"]\'.'


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Whose file is it, and by which rule?

    Parameters
    ----------
    ids
        The customers, in the order of the page.
    rule
        ``named``; or of those worth a look ``stake`` (most at stake), ``contribution`` (most contributed: nobody's
        chance to leave is known) or ``first`` (nothing is recorded of what customers bring).
    n_looked_at
        Customers among whom they were chosen; 0 where they were named.
    """

    ids: tuple[str, ...]
    rule: str
    n_looked_at: int = 0


def find_customers(study: Study, named: Sequence[str]) -> tuple[str, ...]:
    """The ids of customers who are named by their ids or their pseudonyms, each once, in the order given.

    Raises
    ------
    ParameterError
        For nobody, too many, and somebody whom the records do not know at as_of. The names themselves are not told:
        what is said of a run stands on the shelf.
    """
    wanted = list(dict.fromkeys(str(one) for one in named))
    if not wanted:
        raise ParameterError(f"customers names nobody. Give the ids of 1 to {MOST} customers, or {TOP}.")
    if len(wanted) > MOST:
        raise ParameterError(
            f"customers names {say_count(len(wanted), 'customer')}; a file is of at most {MOST}. Ask for fewer at once."
        )
    people = build_customers(study).select(_ID)
    known = set(people.filter(people.customer_id.isin(wanted)).to_pyarrow()[_ID].to_pylist())
    hidden = [one for one in wanted if one not in known and is_pseudonym(_ID, one)]
    behind = find_named(_ID, hidden, _parts(study)) if hidden else {}
    found: list[str] = []
    for place, one in enumerate(wanted, start=1):
        held = [one] if one in known else behind.get(one, [])
        if len(held) != 1:
            told = _say_unknown(study, place, len(wanted), n_held=len(held))
            raise ParameterError(told + (_AS_A_LIST if len(wanted) == 1 and {*one} & {*",;"} else ""))
        found += held
    return tuple(dict.fromkeys(found))


def _parts(study: Study) -> Iterator[Sequence[str]]:
    people = build_customers(study).select(_ID)
    for batch in study.backend.to_pyarrow(people).to_batches(max_chunksize=_PART):
        yield batch.column(0).to_pylist()


def _say_unknown(study: Study, place: int, n: int, *, n_held: int) -> str:
    which = "the customer named" if n == 1 else f"number {place} of the {n} customers named"
    if n_held > 1:
        return f"customers: {which} is a pseudonym that {n_held} customers share. Give the customer's id."
    return (
        f"customers: {which} is nobody whom the records of study {study.name!r} know by {say_date(study.as_of)}. Give "
        "an id as it stands in the records, or a pseudonym as a page of this study shows it; for a customer who came "
        "later, a later date with --as-of."
    )
