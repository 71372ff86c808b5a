"""What is repaired together: columns of records, how each is written, and by what two of them say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from crm_research.sources.survivorship_rule import TOGETHER

# What parts words, in the widths that Chinese keyboards type, too.
_BLANKS: Final = "[\\s\u00a0\u2007\u202f\u3000]+"


def tidy_sql(column: str) -> str:
    """The text without needless blanks, as SQL; null where nothing else is there."""
    return f"nullif(trim(regexp_replace({column}, '{_BLANKS}', ' ', 'g')), '')"


def _key(standard: str, column: str) -> str:
    """What is compared: the standard's reading, else the text in small letters; null where the column is empty."""
    return f"CASE WHEN {tidy_sql(column)} IS NOT NULL THEN coalesce({standard}, lower({tidy_sql(column)})) END"


def _where_said(standard: str, column: str) -> str:
    return f"CASE WHEN {tidy_sql(column)} IS NOT NULL THEN {standard} END"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What is taken from one record, whole.

    Parameters
    ----------
    name
        As the study file names it.
    columns
        Column to the parts that it says, the first of them what it is compared by.
    parts
        What is compared, as SQL on standardised records: two records say the same where no part that both have differs.
    level
        How much a record's word counts, as SQL: 0 says nothing, and of a customer's records only those of the highest
        level are asked. A placeholder gives way to what can be read.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, str]
    level: str
    noun: str = field(default="")

    @property
    def is_single(self) -> bool:
        """Is it one column, for which a person may write another value?"""
        return len(self.columns) == 1


def _single(name: str, key: str, level: str = "1") -> Unit:
    part = f"{name}_key"
    return Unit(
        name=name,
        columns=MappingProxyType({name: (part,)}),
        parts=MappingProxyType({part: key}),
        level=f"CASE WHEN {tidy_sql(name)} IS NULL THEN 0 ELSE {level} END",
    )


def _readable(standard: str, untrue: str = "NULL") -> str:
    return f"CASE WHEN {standard} IS NULL OR {untrue} IS NOT NULL THEN 1 ELSE 2 END"


_NAMES: Final = "concat_ws(' ', " + ", ".join(tidy_sql(name) for name in TOGETHER["name"]) + ")"
_ANY_PLACE: Final = f"coalesce({', '.join(tidy_sql(name) for name in ('street', 'postcode', 'city'))})"
_ANY_LAND: Final = f"coalesce({', '.join(tidy_sql(name) for name in ('region', 'country'))})"

UNITS: Final = (
    _single("kind", _key("NULL", "kind")),
    Unit(
        name="name",
        columns=MappingProxyType(dict.fromkeys(TOGETHER["name"], ("name_key",))),
        parts=MappingProxyType(
            {"name_key": f"CASE WHEN {_NAMES} <> '' THEN coalesce(std_name_key, lower({_NAMES})) END"}
        ),
        level=f"CASE WHEN {_NAMES} = '' THEN 0 WHEN std_untrue_name IS NOT NULL THEN 1 ELSE 2 END",
    ),
    _single("company", _key("std_company", "company")),
    _single("email", _key("std_email_key", "email"), _readable("std_email", "std_untrue_email")),
    _single("phone", _key("std_phone", "phone"), _readable("std_phone", "std_untrue_phone")),
    Unit(
        name="address",
        columns=MappingProxyType(
            {
                "street": ("street_key", "house_key"),
                "postcode": ("postcode_key",),
                "city": ("city_key",),
                "region": ("region_key",),
                "country": ("country_key",),
            }
        ),
        parts=MappingProxyType(
            {
                "street_key": _key("std_street", "street"),
                "house_key": _where_said("std_house_number", "street"),
                "postcode_key": _key("std_postcode", "postcode"),
                "city_key": _key("std_city", "city"),
                "region_key": _key("std_region", "region"),
                "country_key": _key("std_country", "country"),
            }
        ),
        # A land alone is no address where another record knows the town.
        level=f"CASE WHEN {_ANY_PLACE} IS NOT NULL THEN 2 WHEN {_ANY_LAND} IS NOT NULL THEN 1 ELSE 0 END",
    ),
    Unit(
        name="birth_date",
        columns=MappingProxyType({"birth_date": ("birth_year_key", "birth_day_key")}),
        parts=MappingProxyType(
            {
                "birth_year_key": _key("coalesce(std_birth_year, substr(std_birth_date, 1, 4))", "birth_date"),
                "birth_day_key": _where_said("std_birth_date", "birth_date"),
            }
        ),
        level=f"CASE WHEN {tidy_sql('birth_date')} IS NULL THEN 0 "
        "WHEN coalesce(std_birth_date, std_birth_year) IS NULL THEN 1 ELSE 2 END",
    ),
    _single(
        "identifier",
        _key("coalesce(std_identifier, upper(regexp_replace(identifier, '[^0-9A-Za-z]', '', 'g')))", "identifier"),
        _readable("std_identifier"),
    ),
)
COLUMNS: Final = tuple(column for unit in UNITS for column in unit.columns)
UNIT_OF: Final[Mapping[str, Unit]] = MappingProxyType({column: unit for unit in UNITS for column in unit.columns})
PARTS: Final[Mapping[str, str]] = MappingProxyType({part: sql for unit in UNITS for part, sql in unit.parts.items()})

# Of writings that say the same the plainer is taken: "Clara Novak" before "NOVAK, Clara".
WORDS: Final = frozenset({"name", "given_name", "family_name", "company", "street", "city"})


def shouted_sql(column: str) -> str:
    """How far a writing is from plain, as SQL: 0 for "Clara Novak", more for "Novak, Clara" and "NOVAK"."""
    return f"regexp_matches({column}, '\\p{{Lu}}{{3}}')::INT + contains({column}, ',')::INT"


# How a value is written, where its standard is a writing and no mere key.
WRITTEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "email": "std_email",
        "phone": "std_phone",
        "postcode": "std_postcode",
        "country": "std_country",
        "birth_date": "std_birth_date",
        "identifier": "std_identifier",
    }
)
# And where it is a key only: written as most records write it.
COMMON: Final[Mapping[str, str]] = MappingProxyType({"city": "std_city", "region": "std_region"})
