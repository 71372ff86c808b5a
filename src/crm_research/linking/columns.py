"""What records are compared by: columns made of the standardised ones, and the levels of likeness of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from crm_research.sources.record_parts import own_number_sql

UID: Final = "unique_id"
# Column to the SQL that makes it of standardised records; each engine reads the same.
MADE: Final = {
    UID: own_number_sql("coalesce(system, '')", "coalesce(local_id, '')"),
    "system": "system",
    "local_id": "local_id",
    "kind": "std_kind",
    "name": "std_name_key",
    "given": "std_given",
    "family": "std_family",
    "birth": "std_birth_date",
    "birth_year": "coalesce(std_birth_year, substr(std_birth_date, 1, 4))",
    "email": "std_email_key",
    "phone": "std_phone",
    "street": "std_street",
    "house": "std_house_number",
    "postcode": "std_postcode",
    "city": "std_city",
    "region": "std_region",
    "identifier": "coalesce(std_identifier, nullif(plain_identifier, ''))",
    # Of a kind whose check digit is right: no slip of a finger leaves it so.
    "valid_identifier": "std_identifier_kind || ':' || std_identifier",
}
READ: Final = (
    "system", "local_id", "plain_identifier", "std_kind", "std_name_key", "std_given", "std_family", "std_birth_date",
    "std_birth_year", "std_email_key", "std_phone", "std_street", "std_house_number", "std_postcode", "std_city",
    "std_region", "std_identifier", "std_identifier_kind",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Level:
    """One degree of likeness.

    Parameters
    ----------
    said
        In words.
    sql
        When a pair is so alike, and no more; ``_l`` and ``_r`` end the names of the two records' columns.
    usual
        How many pairs of one customer are so alike, before any are looked at.
    rare_of
        Column whose rare values tell more than common ones.
    """

    said: str
    sql: str
    usual: float
    rare_of: str | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What two records are compared by.

    Parameters
    ----------
    reads
        Columns; a pair is not compared where one of the first of them is empty on either side.
    empty
        When a pair cannot be compared, as SQL.
    levels
        From the most alike; the last takes the others.
    """

    name: str
    reads: tuple[str, ...]
    empty: str
    levels: tuple[Level, ...] = field(default_factory=tuple)

    def as_settings(self, matching: list[float], others: list[float]) -> dict[str, Any]:
        """As the linkage engine wants it, with the share of each level among pairs of one customer and of two."""
        levels: list[dict[str, Any]] = [
            {"sql_condition": self.empty, "label_for_charts": "cannot be compared", "is_null_level": True}
        ]
        for level, m, u in zip(self.levels, matching, others, strict=True):
            said = {"sql_condition": level.sql, "label_for_charts": level.said, "m_probability": m, "u_probability": u}
            if level.rare_of is not None:
                said |= {"tf_adjustment_column": level.rare_of, "tf_adjustment_weight": 1.0}
            levels.append(said)
        return {"output_column_name": self.name, "comparison_levels": levels}


# Columns stand without quotation marks: what is a name between them in one engine is a text in another.
def _either_empty(*columns: str) -> str:
    return " OR ".join(f"{name}_{side} IS NULL" for name in columns for side in "lr")


def _same(*columns: str) -> str:
    return " AND ".join(f"{name}_l = {name}_r" for name in columns)


def _near(column: str, most: int, longer: int = 0) -> str:
    near = f"levenshtein({column}_l, {column}_r) <= {most}"
    return f"({near} AND length({column}_l) > {longer} AND length({column}_r) > {longer})"


_ELSE: Final = "ELSE"
COMPARISONS: Final = (
    Comparison(
        name="name",
        reads=("name",),
        empty=_either_empty("name"),
        levels=(
            Level(said="the same name", sql=_same("name"), usual=0.85, rare_of="name"),
            Level(said="a slip or two in the name", sql=_near("name", 2, 6), usual=0.08),
            Level(
                said="the same family name, a like given name",
                sql=f"{_same('family')} AND {_near('given', 2, 3)}",
                usual=0.02,
            ),
            Level(
                said="the same given name, a like family name",
                sql=f"{_same('given')} AND {_near('family', 2, 3)}",
                usual=0.02,
            ),
            Level(said="the same family name", sql=_same("family"), usual=0.01, rare_of="family"),
            Level(said="the same given name", sql=_same("given"), usual=0.01),
            Level(said="another name", sql=_ELSE, usual=0.01),
        ),
    ),
    Comparison(
        name="birth",
        reads=("birth_year",),
        empty=_either_empty("birth_year"),
        levels=(
            Level(said="the same day of birth", sql=_same("birth"), usual=0.7),
            Level(said="a slip in the day of birth", sql=_near("birth", 1), usual=0.08),
            Level(
                said="the same year of birth, no day",
                sql=f"({_either_empty('birth')}) AND {_same('birth_year')}",
                usual=0.15,
            ),
            Level(said="another day of the same year", sql=_same("birth_year"), usual=0.03),
            Level(said="another year of birth", sql=_ELSE, usual=0.04),
        ),
    ),
    Comparison(
        name="email",
        reads=("email",),
        empty=_either_empty("email"),
        levels=(
            Level(said="the same mail address", sql=_same("email"), usual=0.75, rare_of="email"),
            Level(said="a slip in the mail address", sql=_near("email", 2, 8), usual=0.05),
            Level(said="another mail address", sql=_ELSE, usual=0.2),
        ),
    ),
    Comparison(
        name="phone",
        reads=("phone",),
        empty=_either_empty("phone"),
        levels=(
            Level(said="the same telephone", sql=_same("phone"), usual=0.75, rare_of="phone"),
            Level(said="a slip in the telephone", sql=_near("phone", 1, 8), usual=0.05),
            Level(said="another telephone", sql=_ELSE, usual=0.2),
        ),
    ),
    Comparison(
        name="street",
        reads=("street",),
        empty=_either_empty("street"),
        levels=(
            Level(said="the same street and house", sql=_same("street", "house"), usual=0.65),
            Level(said="the same street", sql=_same("street"), usual=0.1),
            Level(said="a slip or two in the street", sql=_near("street", 2, 5), usual=0.1),
            Level(said="another street", sql=_ELSE, usual=0.15),
        ),
    ),
    Comparison(
        name="place",
        reads=("postcode", "city", "region"),
        empty=" AND ".join(f"({_either_empty(name)})" for name in ("postcode", "city", "region")),
        levels=(
            Level(said="the same postcode and town", sql=_same("postcode", "city"), usual=0.6, rare_of="postcode"),
            Level(said="the same postcode", sql=_same("postcode"), usual=0.1, rare_of="postcode"),
            Level(said="the same town", sql=_same("city"), usual=0.1, rare_of="city"),
            Level(said="the same region", sql=_same("region"), usual=0.1),
            Level(said="another place", sql=_ELSE, usual=0.1),
        ),
    ),
    Comparison(
        name="identifier",
        reads=("identifier",),
        empty=_either_empty("identifier"),
        levels=(
            Level(said="the same number", sql=_same("identifier"), usual=0.9),
            Level(said="a slip in the number", sql=_near("identifier", 2, 5), usual=0.07),
            Level(said="another number", sql=_ELSE, usual=0.03),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A reason to look at a pair at all: records that agree in something.

    Parameters
    ----------
    said
        In words.
    sql
        What they agree in, of one record; empty where it says nothing.
    of
        Comparisons that such pairs tell nothing new of.
    """

    name: str
    said: str
    sql: str
    of: tuple[str, ...]


_FAMILY_YEAR: Final = "family || ':' || birth_year || ':' || coalesce(region, '')"
RULES: Final = (
    Rule(name="identifier", said="the same number", sql="identifier", of=("identifier",)),
    Rule(name="email", said="the same mail address", sql="email", of=("email",)),
    Rule(name="phone", said="the same telephone", sql="phone", of=("phone",)),
    Rule(
        name="birth",
        said="the same day of birth and a like name",
        sql="birth || ':' || substr(name, 1, 1)",
        of=("birth", "name"),
    ),
    Rule(
        name="given_birth",
        said="the same given name and day of birth",
        sql="given || ':' || birth",
        of=("birth", "name"),
    ),
    Rule(
        name="family_birth",
        said="the same family name and day of birth",
        sql="family || ':' || birth",
        of=("birth", "name"),
    ),
    Rule(
        name="birth_place",
        said="the same day of birth and postcode",
        sql="birth || ':' || postcode",
        of=("birth", "place"),
    ),
    Rule(name="name_place", said="the same name and postcode", sql="name || ':' || postcode", of=("name", "place")),
    Rule(
        name="name_year", said="the same name and year of birth", sql="name || ':' || birth_year", of=("name", "birth")
    ),
    Rule(name="name", said="the same name", sql="name", of=("name",)),
    Rule(
        name="address",
        said="the same street, house and postcode",
        sql="street || ':' || house || ':' || postcode",
        of=("street", "place"),
    ),
    Rule(
        name="given_place",
        said="the same given name and postcode",
        sql="given || ':' || postcode",
        of=("name", "place"),
    ),
    Rule(
        name="family_place",
        said="the same family name and postcode",
        sql="family || ':' || postcode",
        of=("name", "place"),
    ),
    Rule(
        name="family_year",
        said="the same family name, year of birth and region",
        sql=_FAMILY_YEAR,
        of=("name", "birth", "place"),
    ),
    Rule(
        name="given_street", said="the same given name and street", sql="given || ':' || street", of=("name", "street")
    ),
    Rule(
        name="phone_end",
        said="the same end of the telephone and a like name",
        sql="right(phone, 5) || ':' || substr(name, 1, 2)",
        of=("phone", "name"),
    ),
    Rule(
        name="beginning",
        said="the same beginning of the name and the same place",
        sql="substr(name, 1, 6) || ':' || coalesce(postcode, city)",
        of=("name", "place"),
    ),
)
