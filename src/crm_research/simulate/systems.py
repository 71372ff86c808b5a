"""Systems: the same customers as head office, dealers and service points each wrote them down, faults and all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Flags, Floats, Ints, open_stream, scramble
from crm_research.simulate.people import People
from crm_research.simulate.settings import WorldSettings

FALSE_SHARE: Final = 0.5  # false records for one unit of dirt and record


@dataclass(frozen=True, kw_only=True)
class System:
    """How one system keeps its customers.

    Parameters
    ----------
    share
        Of the customers, those it knows.
    delimiter, encoding, date_format, region_names
        How its file is written.
    puts_family_first
        Writes FAMILY, Given.
    phone_marks
        What stands around the groups of a phone number: before, between, between.
    """

    name: str
    share: float
    delimiter: str
    encoding: str
    date_format: str
    region_names: tuple[str, ...]
    puts_family_first: bool
    phone_marks: tuple[str, str, str]


SYSTEMS: Final = (
    System(
        name="head_office",
        share=0.9,
        delimiter=",",
        encoding="utf-8",
        date_format="%Y-%m-%d",
        region_names=("north", "east", "south", "west"),
        puts_family_first=False,
        phone_marks=("+49 ", " ", " "),
    ),
    System(
        name="dealers",
        share=0.35,
        delimiter=";",
        encoding="gb18030",
        date_format="%d.%m.%Y",
        region_names=("Nord", "Ost", "Süd", "West"),
        puts_family_first=True,
        phone_marks=("0", "/", ""),
    ),
    System(
        name="service_points",
        share=0.4,
        delimiter="\t",
        encoding="utf-8-sig",
        date_format="%Y/%m/%d",
        region_names=("N", "E", "S", "W"),
        puts_family_first=False,
        phone_marks=("0049-", "-", "-"),
    ),
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Records:
    """Records of one system and block, one value each, in no telling order.

    Parameters
    ----------
    customer
        Place of the customer within the block; -1 for a false record.
    kind
        0 the customer's first record, 1 a duplicate, 2 a false record.
    typo
        0 the name is right, 1 to 3 which slip was made.
    phone
        Ten digits as a number, -1 where missing.
    """

    number: Ints
    customer: Ints
    kind: Ints
    typo: Ints
    phone: Ints
    has_wrong_phone: Flags
    has_email: Flags
    has_age: Flags
    registered: Floats
    false_name: Ints


def draw_records(world: WorldSettings, block: int, people: People, place: int) -> Records:
    """What has the system at that place of SYSTEMS written down of this block's customers?"""
    rng = open_stream(world.seed, "systems", block * len(SYSTEMS) + place)
    known = np.flatnonzero(rng.random(len(people)) < SYSTEMS[place].share)
    repeated = known[rng.random(len(known)) < world.dirt]
    beside_false = known[rng.random(len(known)) < world.dirt * FALSE_SHARE]
    near = np.concatenate((known, repeated, beside_false))
    kind = np.repeat([0, 1, 2], [len(known), len(repeated), len(beside_false)])
    n = len(near)
    is_false = kind == 2
    phone = true_phones(people)[near]
    has_wrong_phone = rng.random(n) < world.dirt
    place_of_digit = 10 ** rng.integers(0, 7, size=n)
    digit = phone // place_of_digit % 10
    wrong = phone + ((digit + rng.integers(1, 10, size=n)) % 10 - digit) * place_of_digit
    phone = np.where(has_wrong_phone, wrong, phone)
    is_without_phone = rng.random(n) < world.dirt
    typo = np.where(rng.random(n) < world.dirt, rng.integers(1, 4, size=n), 0)
    key = (people.index[near] * 4 + kind) * len(SYSTEMS) + place
    number = scramble(key)
    drawn = Records(
        number=number,
        customer=np.where(is_false, -1, near),
        kind=kind,
        typo=np.where(is_false, 0, typo),
        phone=np.select([is_false, is_without_phone], [0, -1], phone),
        has_wrong_phone=has_wrong_phone & ~is_without_phone & ~is_false,
        has_email=(rng.random(n) >= world.dirt) & ~is_false,
        has_age=(rng.random(n) >= world.dirt) & ~is_false,
        registered=people.registered[near] + np.floor(rng.exponential(5.0, n)) * (place > 0),
        false_name=rng.integers(0, 5, size=n),
    )
    order = np.argsort(number)
    return Records(**{name: values[order] for name, values in vars(drawn).items()})


def true_phones(people: People) -> Ints:
    """Each customer's phone number, ten digits of their own."""
    return np.asarray(1_000_000_000 + (people.index * 7_368_787) % 8_999_999_993)
