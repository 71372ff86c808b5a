"""The steps by which records are standardised: what each reads, what it writes, and which function it asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crm_research.standards.addresses import read_city, read_postcode, read_region, read_street
from crm_research.standards.companies import looks_like_company, read_company
from crm_research.standards.countries import read_country
from crm_research.standards.dates import read_birth_date
from crm_research.standards.emails import read_email
from crm_research.standards.identifiers import read_identifier
from crm_research.standards.names import read_name
from crm_research.standards.phones import read_phone
from crm_research.standards.placeholders import read_untrue_email, read_untrue_name, read_untrue_phone

# Each function gives the values it writes, in order, and then the flaw: empty, "ambiguous", "doubtful" or "refused".
Answer = tuple[str | None, ...]
_HERE: Final = "crm_research.standards.steps:"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step.

    Parameters
    ----------
    name
        As the log names it.
    reads
        Columns of the records or of steps before; what is absent is null.
    needs
        Of these at least one must be said, else nothing is asked; the first is the one that the log compares with.
    writes
        Columns made.
    """

    name: str
    reads: tuple[str, ...]
    needs: tuple[str, ...]
    writes: tuple[str, ...]

    @property
    def function(self) -> str:
        """Where it is."""
        return f"{_HERE}{self.name}"


STEPS: Final = (
    Step(name="countries", reads=("country",), needs=("country",), writes=("std_country",)),
    Step(
        name="names",
        reads=("name", "given_name", "family_name", "company", "kind", "std_country", "name_order"),
        needs=("name", "given_name", "family_name", "company"),
        writes=("std_kind", "std_given", "std_family", "std_name_key", "std_name_chinese", "std_untrue_name"),
    ),
    Step(
        name="companies",
        reads=("company", "name", "std_kind"),
        needs=("company", "name"),
        writes=("std_company", "std_company_form", "std_company_region"),
    ),
    Step(name="emails", reads=("email",), needs=("email",), writes=("std_email", "std_email_key", "std_untrue_email")),
    Step(name="phones", reads=("phone", "std_country"), needs=("phone",), writes=("std_phone", "std_untrue_phone")),
    Step(
        name="streets",
        reads=("street",),
        needs=("street",),
        writes=("std_street", "std_house_number", "street_city", "street_region"),
    ),
    Step(name="postcodes", reads=("postcode", "std_country"), needs=("postcode",), writes=("std_postcode",)),
    Step(name="cities", reads=("city", "street_city"), needs=("city", "street_city"), writes=("std_city",)),
    Step(name="regions", reads=("region", "street_region"), needs=("region", "street_region"), writes=("std_region",)),
    Step(
        name="birth_dates",
        reads=("birth_date", "date_order", "latest_year"),
        needs=("birth_date",),
        writes=("std_birth_date", "std_birth_year"),
    ),
    Step(
        name="identifiers",
        reads=("identifier", "std_country"),
        needs=("identifier",),
        writes=("std_identifier", "std_identifier_kind"),
    ),
)


def countries(text: str) -> Answer:
    """The country's code."""
    code = read_country(text)
    return code, "" if code else "refused"


def names(
    name: str | None,
    given: str | None,
    family: str | None,
    company: str | None,
    kind: str | None,
    code: str | None,
    order: str | None,
) -> Answer:
    """Person or company, a person's name taken apart (a company's key is its name), and why the name says nothing."""
    said = " ".join(part for part in (given, family) if part and part.strip())
    whole = name if name and name.strip() else None
    named = _kind_of(kind)
    if named == "company" or (named is None and not said and (not whole or looks_like_company(whole))):
        text = company if company and company.strip() else whole or said
        key = read_company(text).name if text else None
        return "company" if key else named, None, None, key, None, read_untrue_name(key) if key else None, ""
    if not said and not whole:
        return named, None, None, None, None, None, "refused"
    read = read_name(name, given, family, code, order)
    kind_said = "person" if named == "person" or said else None
    return kind_said, read.given, read.family, read.key, read.chinese, read_untrue_name(said or whole or ""), read.flaw


def _kind_of(kind: str | None) -> str | None:
    said = (kind or "").strip().casefold()
    if said in {"company", "business", "firma", "organisation", "organization", "b2b", "企业", "公司", "单位"}:
        return "company"
    return "person" if said in {"person", "consumer", "individual", "private", "b2c", "个人"} else None


def _is_said(text: str | None) -> bool:
    return text is not None and bool(text.strip())


def companies(company: str | None, name: str | None, kind: str | None) -> Answer:
    """The company itself, or the one that the record's name is."""
    text = company if _is_said(company) else name if kind == "company" else None
    if text is None:
        return None, None, None, ""
    read = read_company(text)
    return read.name, read.form, read.region, read.flaw


def emails(text: str) -> Answer:
    """Address and key, and why the address is none."""
    read = read_email(text)
    return read.address, read.key, read_untrue_email(read.address) if read.address else None, read.flaw


def phones(text: str, code: str | None) -> Answer:
    """The number in E.164, and why it is none."""
    number, flaw = read_phone(text, code)
    return number, read_untrue_phone(text), flaw


def streets(text: str) -> Answer:
    """Street and house number, and the city and region that stand in the same line."""
    read = read_street(text)
    return read.street, read.number, read.city, read.region, read.flaw


def postcodes(text: str, code: str | None) -> Answer:
    """The postcode."""
    return read_postcode(text, code)


def cities(city: str | None, of_street: str | None) -> Answer:
    """The city, else the one that stands in the street's line."""
    return read_city(city) if _is_said(city) else (of_street, "")  # type: ignore[arg-type]


def regions(region: str | None, of_street: str | None) -> Answer:
    """The region, else the one that stands in the street's line."""
    return read_region(region) if _is_said(region) else (of_street, "")  # type: ignore[arg-type]


def birth_dates(text: str, order: str | None, latest_year: str | None) -> Answer:
    """The day of birth, and the year."""
    read = read_birth_date(text, order, int(latest_year) if latest_year else None)
    return read.day, read.year, read.flaw


def identifiers(text: str, code: str | None) -> Answer:
    """The number and its kind."""
    read = read_identifier(text, code)
    return read.number, read.kind, read.flaw
