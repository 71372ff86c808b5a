"""One small made-up company: what it sold, its contracts, the tickets and the answers of its customers.

Every layout tells some of it in the words of one system, so that the right numbers are computed once, by hand:

- 60 orders of 20 customers, order k worth 20 + k (half a euro more where k is odd): 2,985 in all. Cancelled are
  k = 5, 17, 29, 41, 53 (100 + 145 + 2.50 = 247.50), given back in full are k = 8 and 32 (28 + 52 = 80).
  So 53 orders came about, and 2,985 - 247.50 - 80 = 2,657.50.
- 40 contracts of 35 customers (the last five are second ones); those with j = 0, 3 ... 39 have ended: 14.
- 30 tickets of 12 customers; those with t = 3, 7 ... 27 are open: 7, so 23 are closed.
- 40 answers: recommend is s modulo 11, unanswered where that is 0 (s = 0, 11, 22, 33), which leaves 36: three times
  1 + ... + 10 = 55, and 1 + ... + 6 = 21, which is 186. satisfied is 1 + s modulo 5: eight times 15 = 120.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

N_KEPT, KEPT = 53, 2657.5
N_ALL, ALL = 60, 2985.0
N_NOT_CANCELLED, NOT_CANCELLED = 55, 2737.5


@dataclass(frozen=True)
class Order:
    k: int

    @property
    def customer(self) -> int:
        return 1 + (7 * self.k) % 20

    @property
    def at(self) -> datetime:
        return datetime(2024, 1, 1, 9) + timedelta(days=5 * self.k, minutes=7 * self.k)

    @property
    def paid(self) -> float:
        return 20 + self.k + 0.5 * (self.k % 2)

    @property
    def listed(self) -> float:
        return self.paid + 5

    @property
    def is_cancelled(self) -> bool:
        return self.k % 12 == 5

    @property
    def is_refunded(self) -> bool:
        return self.k in (8, 32)

    @property
    def email(self) -> str:
        return f"u{self.customer}@example.com"

    @property
    def refunded(self) -> float:
        return self.paid if self.is_refunded else 0.0

    def state(self, good: str, cancelled: str, refunded: str) -> str:
        return cancelled if self.is_cancelled else refunded if self.is_refunded else good


@dataclass(frozen=True)
class Contract:
    j: int

    @property
    def customer(self) -> int:
        return self.j if self.j < 35 else self.j - 35

    @property
    def start(self) -> datetime:
        return datetime(2022, 1, 3, 10) + timedelta(days=12 * self.j)

    @property
    def end(self) -> datetime | None:
        return self.start + timedelta(days=100 + 5 * self.j) if self.j % 3 == 0 else None

    @property
    def plan(self) -> str:
        return ("basic", "plus")[self.j % 2]

    @property
    def fee(self) -> float:
        return (10.0, 20.0)[self.j % 2]


@dataclass(frozen=True)
class Ticket:
    t: int

    @property
    def customer(self) -> int:
        return 1 + self.t % 12

    @property
    def opened(self) -> datetime:
        return datetime(2024, 2, 1, 8) + timedelta(days=3 * self.t)

    @property
    def closed(self) -> datetime | None:
        return None if self.t % 4 == 3 else self.opened + timedelta(days=2 + self.t % 5)


@dataclass(frozen=True)
class Answer:
    s: int

    @property
    def at(self) -> datetime:
        return datetime(2024, 5, 1, 8) + timedelta(hours=7 * self.s)

    @property
    def recommend(self) -> int | None:
        return self.s % 11 or None

    @property
    def satisfied(self) -> int:
        return 1 + self.s % 5


ORDERS = [Order(k) for k in range(60)]
CONTRACTS = [Contract(j) for j in range(40)]
TICKETS = [Ticket(t) for t in range(30)]
ANSWERS = [Answer(s) for s in range(40)]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A file as one system writes it, and the right draft of it.

    Parameters
    ----------
    table
        The canonical table it is; empty where the draft should refuse, and `says` what the refusal names.
    columns
        Role to the source column, or to a text that its expression holds.
    numbers
        What the opened study must hold: see `measured` in test_layouts.
    checked
        Keys whose lines must be marked CHECK.
    left_out
        Columns that must not be attributes, for they tell what only later was known.
    """

    name: str
    text: str
    table: str
    columns: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    checked: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    file: str = "export.csv"
    encoding: str = "utf-8"
    is_aside: bool = False


def table(header: str, rows: Iterable[Sequence[Any]], *, sep: str = ",") -> str:
    """Rows under a header line, as text; the header is written with commas."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=sep, lineterminator="\n")
    names = next(csv.reader([header]))
    writer.writerow(names)
    for row in rows:
        if len(row) != len(names):
            raise ValueError(f"{len(row)} cells under {len(names)} names: {header}")
        writer.writerow(["" if cell is None else cell for cell in row])
    return out.getvalue()
