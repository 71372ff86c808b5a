"""Rules that each row keeps or breaks by itself, as conditions that one aggregate query can count together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crm_research import vocabulary
from crm_research.contracts.columns import Column, TableContract
from crm_research.contracts.doubts import (
    has_gaps,
    has_gaps_or_odd_texts,
    has_marked_numbers,
    has_marks,
    has_odd_texts,
    reaches,
    without_digits,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.contracts.doubts import Doubt

    Condition = Callable[[ir.Table], ir.BooleanValue]

# Texts that programs write for "nothing" and that then look like an id.
PLACEHOLDERS: Final = ("nan", "none", "null", "n/a", "#n/a", "<na>", "nat", "\\n")
# Compared with a list, since trimming ten million texts takes seconds.
BLANKS: Final = ("", "\t", *(" " * n for n in range(1, 9)))
# Above this a 64-bit float no longer holds cents.
TOO_LARGE: Final = 1e13
# More than 90 % off: discount is larger than nine times what is left.
DISCOUNT_TO_REVENUE: Final = 9.0
_ROUNDED: Final = "^[0-9]([.,][0-9]+)?[eE][+][0-9]{2}$|^[0-9][.,][0-9]+[eE][0-9]{1,2}$"
# What stands in place of an id where a row sums the others.
_TOTAL: Final = (
    r"^(grand[ -]?|sub[ -]?|over ?all )?totals?( general| général)?:?$|^(sum|summe|gesamt|gesamtsumme|gesamtbetrag|"
    r"zwischensumme|endsumme|insgesamt|somme|total[ei]|totaal|suma|razem|итого|всего|\*{1,3}|∑|σ|合计|合計|总计|總計|小计|小計|共计|総計|합계)[:：]?$"
)
_NAMES_THINGS: Final = frozenset({"customer_id", "product_id", "partner_id"})
# What the calendar of the analyses can hold.
_CALENDAR: Final = ("1678-01-01", "2261-12-31")
_LARGEST: Final = sys.float_info.max

# Table: pairs (earlier, later) of times, whether they may be equal, and the rule.
_TIME_PAIRS: Final[Mapping[str, tuple[tuple[str, str, bool, str], ...]]] = {
    "contracts": (
        ("started_at", "ended_at", True, "time-order"),
        ("observed_from", "ended_at", True, "time-order"),
    ),
    "contract_states": (("valid_from", "valid_to", False, "time-order"),),
    "people": (("since", "until", True, "time-order"),),
    "contacts": (("opened_at", "closed_at", True, "time-order"),),
    "campaigns": (("started_at", "ended_at", True, "time-order"),),
    "invoices": (
        ("issued_at", "due_at", True, "time-order"),
        ("issued_at", "paid_at", True, "early-payment"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class RowCheck:
    """A condition that no row may fulfil.

    Parameters
    ----------
    rule
        Id of the rule.
    columns
        Columns the condition reads, the one the finding names first; all must be present and of their type.
    expected
        The rule in words.
    bad
        From a table to the condition; where it is null the row is not bad.
    filled
        Columns that must have a value for the row to be checked at all.
    other
        The other column that the mend speaks of.
    doubt
        What tells of all rows at once that none is bad; without it each is looked at.
    """

    rule: str
    columns: tuple[str, ...]
    expected: str
    bad: Condition
    filled: tuple[str, ...] = ()
    other: str = ""
    doubt: Doubt | None = None


def build_row_checks(
    contract: TableContract,
    table: ir.Table,
    usable: set[str],
    *,
    last_instant: datetime,
    attributes: Mapping[str, str] | None = None,
) -> list[RowCheck]:
    """Which row rules can be checked on this table?

    Parameters
    ----------
    usable
        Columns that are present and of their type; rules that need another one are left out.
    last_instant
        End of the study's window: holdout_until, or as_of without a holdout.
    attributes
        Declared extra columns, name to type.
    """
    checks: list[RowCheck] = []
    for column in contract.columns:
        checks += _column_checks(contract, column, table)
    for name, kind in (attributes or {}).items():
        is_extra_number = kind == vocabulary.NUMBER and name in table.columns and name not in contract.column_names
        if is_extra_number and table[name].type().is_floating():
            checks.append(_finite(name))
    checks += _time_checks(contract, last_instant)
    checks += _TABLE_CHECKS.get(contract.name, list)()
    return [check for check in checks if usable.issuperset(check.columns)]


def is_key(contract: TableContract, column: str) -> bool:
    """Is the column an id: part of the key, or a reference to another table?"""
    return column in contract.key or any(reference.column == column for reference in contract.references)


def is_missing(value: ir.Value) -> ir.BooleanValue:
    """Null, or a text of blanks only."""
    return value.isnull() | without_digits(value, value.isin(BLANKS)) if value.type().is_string() else value.isnull()


def _column_checks(contract: TableContract, column: Column, table: ir.Table) -> Iterator[RowCheck]:
    name, key = column.name, is_key(contract, column.name)
    if not column.nullable:
        rule = "missing-key" if key else "missing-value"
        one = f"an {name}" if name[0] in "aeiou" else f"a {name}"
        doubt = has_gaps(name) if column.type != "string" else has_gaps_or_odd_texts(name) if key else None
        yield RowCheck(
            rule=rule,
            columns=(name,),
            expected=f"every row has {one}",
            bad=lambda t: is_missing(t[name]),
            doubt=doubt,
        )
    if key and column.type == "string":
        yield RowCheck(
            rule="placeholder-key",
            columns=(name,),
            expected=f"every {name} names something, and is no placeholder such as 'nan' or 'null'",
            bad=lambda t: without_digits(t[name], t[name].lower().isin(PLACEHOLDERS)),
            filled=(name,),
            doubt=has_odd_texts(name),
        )
        yield RowCheck(
            rule="rounded-key",
            columns=(name,),
            expected=f"every {name} is written in full, and not as 1.23E+15",
            bad=lambda t: _is_rounded(t[name]),
            filled=(name,),
            doubt=has_marked_numbers(name),
        )
        yield RowCheck(
            rule="total-name" if name in _NAMES_THINGS else "total-row",
            columns=(name,),
            expected=f"no {name} is a word for a total",
            bad=lambda t: _is_total(t[name]),
            filled=(name,),
            doubt=has_odd_texts(name),
        )
    if column.allowed is not None:
        allowed = column.allowed
        yield RowCheck(
            rule="not-allowed",
            columns=(name,),
            expected=f"every {name} is one of {', '.join(allowed)}",
            bad=lambda t: t[name].notin(allowed),
            filled=(name,),
        )
    if column.minimum is not None:
        minimum = column.minimum
        yield RowCheck(
            rule="below-minimum",
            columns=(name,),
            expected=f"every {name} is {minimum:g} or more",
            bad=lambda t: t[name] < minimum,
            filled=(name,),
            doubt=lambda t: t[name].min() < minimum,
        )
    if column.type == "float64" and name in table.columns and table[name].type().is_floating():
        yield _finite(name)
        yield RowCheck(
            rule="too-large",
            columns=(name,),
            expected=f"every {name} is below {TOO_LARGE:,.0f} in size",
            bad=lambda t: _unless_small(t[name], t[name].abs().between(TOO_LARGE, _LARGEST)),
            filled=(name,),
            doubt=reaches(name, below=-TOO_LARGE, above=TOO_LARGE),
        )
    if column.known_with is not None:
        source = column.known_with
        yield RowCheck(
            rule="known-too-early",
            columns=(name, source),
            expected=f"every row with a {name} has {source}",
            bad=lambda t: t[name].notnull() & t[source].isnull(),
            filled=(name,),
            other=source,
        )


def _is_rounded(value: Any) -> Any:
    """Is the id a number that a spreadsheet has shortened? Searched only where there is a plus or a point."""
    import ibis

    return ibis.cases((has_marks(value), value.re_search(_ROUNDED)), else_=False)


def _is_total(value: Any) -> Any:
    """Does a word for a sum stand in place of an id?"""
    return without_digits(value, value.strip().lower().re_search(_TOTAL))


def _finite(name: str) -> RowCheck:
    return RowCheck(
        rule="not-finite",
        columns=(name,),
        expected=f"every {name} is a finite number",
        bad=lambda t: _unless_small(t[name], t[name].isnan() | t[name].isinf()),
        filled=(name,),
        doubt=reaches(name, below=-TOO_LARGE, above=TOO_LARGE),
    )


def _unless_small(value: Any, condition: Any) -> Any:
    """A condition that no number of usual size fulfils."""
    import ibis

    return ibis.cases((value.abs() < TOO_LARGE, False), else_=condition)


def _time_checks(contract: TableContract, last_instant: datetime) -> Iterator[RowCheck]:
    import ibis

    def instant(text: str) -> Any:
        return ibis.timestamp(text)

    for column in contract.columns:
        if column.type == "timestamp":
            yield from _believable(column.name, instant)
    if contract.known_at is not None:
        known_at, limit = contract.known_at, last_instant.isoformat()
        yield RowCheck(
            rule="after-window",
            columns=(known_at,),
            expected=f"every {known_at} lies at or before {last_instant:%Y-%m-%d}, the end of the study's window",
            bad=lambda t: t[known_at] > instant(limit),
            filled=(known_at,),
            doubt=lambda t: t[known_at].max() > instant(limit),
        )
    for earlier, later, may_be_equal, rule in _TIME_PAIRS.get(contract.name, ()):
        yield _in_order(earlier, later, rule, may_be_equal=may_be_equal)


def _believable(name: str, instant: Callable[[str], Any]) -> Iterator[RowCheck]:
    yield RowCheck(
        rule="before-1900",
        columns=(name,),
        expected=f"no {name} lies before 1900",
        bad=lambda t: t[name] < instant("1900-01-01"),
        filled=(name,),
        doubt=lambda t: t[name].min() < instant("1900-01-01"),
    )
    first, last = _CALENDAR
    yield RowCheck(
        rule="beyond-calendar",
        columns=(name,),
        expected=f"every {name} lies in the years {first[:4]} to {last[:4]}",
        bad=lambda t: (t[name] < instant(first)) | (t[name] > instant(last)),
        filled=(name,),
        doubt=reaches(name, below=instant(first), above=instant(last)),
    )
    yield RowCheck(
        rule="zero-date",
        columns=(name,),
        expected=f"no {name} is midnight of 1900-01-01 or 1970-01-01, where programs begin to count",
        bad=lambda t: (t[name] == instant("1900-01-01")) | (t[name] == instant("1970-01-01")),
        filled=(name,),
        doubt=lambda t: t[name].min() <= instant("1970-01-01"),
    )


def _in_order(earlier: str, later: str, rule: str, *, may_be_equal: bool) -> RowCheck:
    words = "at or after" if may_be_equal else "after"
    return RowCheck(
        rule=rule,
        columns=(later, earlier),
        expected=f"every {later} lies {words} its {earlier}",
        bad=lambda t: t[later] < t[earlier] if may_be_equal else t[later] <= t[earlier],
        filled=(later, earlier),
        other=earlier,
    )


def _order_checks() -> list[RowCheck]:
    # `kind` is optional: without it no order is declared a return.
    def is_sale(t: ir.Table) -> Any:
        return t.kind.isnull() | (t.kind == vocabulary.SALE) if "kind" in t.columns else True

    return [
        RowCheck(
            rule="negative-revenue",
            columns=("revenue",),
            expected="every revenue is zero or more, but for declared returns",
            bad=lambda t: (t.revenue < 0) & is_sale(t),
            filled=("revenue",),
        ),
        RowCheck(
            rule="positive-return",
            columns=("revenue", "kind"),
            expected="every return has a revenue of zero or less",
            bad=lambda t: (t.kind == vocabulary.RETURN) & _above(t.revenue, 0),
            filled=("revenue",),
        ),
        _discount_check(),
    ]


def _line_checks() -> list[RowCheck]:
    return [
        RowCheck(
            rule="line-sign",
            columns=("revenue", "quantity"),
            expected="every line's revenue has the sign of its quantity",
            bad=lambda t: ((t.quantity < 0) & _above(t.revenue, 0)) | (_above(t.quantity, 0) & (t.revenue < 0)),
            filled=("revenue", "quantity"),
            doubt=lambda t: (t.quantity.sign() * t.revenue.sign()).min() < 0,
        ),
        _discount_check(),
    ]


def _discount_check() -> RowCheck:
    return RowCheck(
        rule="discount-beyond-reason",
        columns=("discount", "revenue"),
        expected="every discount is at most 90 % of the price",
        bad=lambda t: (t.revenue > 0) & _above(t.discount, t.revenue * DISCOUNT_TO_REVENUE),
        filled=("discount", "revenue"),
        doubt=lambda t: (t.discount - t.revenue.abs() * DISCOUNT_TO_REVENUE).max() > 0,
    )


def _survey_checks() -> list[RowCheck]:
    return [
        RowCheck(
            rule="outside-scale",
            columns=("score", "scale_min", "scale_max"),
            expected="every score lies on its scale",
            bad=lambda t: (t.scale_min < t.scale_max) & ((t.score < t.scale_min) | _above(t.score, t.scale_max)),
            filled=("score",),
        ),
        RowCheck(
            rule="scale-reversed",
            columns=("scale_min", "scale_max"),
            expected="every scale_min is below its scale_max",
            bad=lambda t: t.scale_min >= t.scale_max,
            filled=("scale_min", "scale_max"),
        ),
    ]


def _above(value: Any, limit: Any) -> Any:
    # Engines sort NaN and infinity above every number; those are another rule's business.
    return (value > limit) & (value <= _LARGEST)


_TABLE_CHECKS: Final[Mapping[str, Callable[[], list[RowCheck]]]] = {
    "orders": _order_checks,
    "order_lines": _line_checks,
    "surveys": _survey_checks,
}
