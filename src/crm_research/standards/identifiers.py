"""Identity and company numbers whose check digits are right, and what they are numbers of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from crm_research.standards.text import tidy

# What a number may be whatever the country; and what its country adds. Names of python-stdnum's modules.
_ANYWHERE: Final = {
    "cn.uscc": re.compile(r"[0-9A-Z]{18}"),
    "cn.ric": re.compile(r"\d{17}[\dX]"),
    "iban": re.compile(r"[A-Z]{2}\d{2}[0-9A-Z]{11,30}"),
    "lei": re.compile(r"[0-9A-Z]{18}\d{2}"),
    "eu.vat": re.compile(r"[A-Z]{2}[0-9A-Z]{7,14}"),
}
_KINDS: Final = """
AT at.uid at.businessid
AU au.abn au.acn
BE be.vat be.nn
BR br.cnpj br.cpf
CA ca.bn ca.sin
CH ch.uid ch.ssn
DE de.vat de.idnr
DK dk.cvr dk.cpr
ES es.nif
FI fi.alv fi.hetu
FR fr.siret fr.siren fr.tva
GB gb.vat gb.nhs
IN in_.gstin in_.pan
IT it.iva it.codicefiscale
JP jp.cn
KR kr.brn kr.rrn
MX mx.rfc mx.curp
NL nl.btw nl.bsn
NO no.orgnr no.fodselsnummer
PL pl.nip pl.regon pl.pesel
PT pt.nif
RU ru.inn
SE se.orgnr se.personnummer
TR tr.vkn tr.tckimlik
TW tw.ubn
US us.ein us.ssn
ZA za.idnr
"""
_BY_COUNTRY: Final = {code: kinds for code, *kinds in map(str.split, _KINDS.strip().splitlines())}
_LABEL: Final = re.compile(
    r"^(?:ust-?id(?:-?nr)?|vat(?: ?(?:no|id|reg(?: no)?))?|steuer-?id(?:nr)?|iban|lei|tax id|ein|siren|siret|nif|cif|"
    r"abn|uscc|统一社会信用代码|社会信用代码|身份证号?码?|证件号码?)\s*[.:：#]*\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """A number without its marks, and its kind, such as cn.uscc or eu.vat."""

    number: str | None = None
    kind: str | None = None
    flaw: str = ""


def read_identifier(written: str, country: str | None) -> Identifier:
    """The number, if its check digits are right for exactly one kind; a Chinese one of 15 digits gets its 18."""
    said = _LABEL.sub("", tidy(written))
    if not any(sign.isdigit() for sign in said):
        return Identifier(flaw="refused")
    packed = re.sub(r"[\s.\-/]", "", said).upper()
    if re.fullmatch(r"\d{15}", packed) and country in {"CN", None} and (longer := _lengthen(packed)):
        return Identifier(number=longer, kind="cn.ric")
    likely = (kind for kind, shape in _ANYWHERE.items() if shape.fullmatch(packed))
    asked = [*((kind, packed) for kind in likely), *((kind, said) for kind in _BY_COUNTRY.get(country or "", ()))]
    found = dict.fromkeys((number, kind) for kind, text in asked if (number := _valid(kind, text)))
    # A German VAT number is one of the European Union too: the first that fits with its country's letters counts.
    kinds = [kind for _, kind in found]
    if "eu.vat" in kinds:
        return Identifier(number=next(number for number, kind in found if kind == "eu.vat"), kind="eu.vat")
    if len(found) == 1:
        (number, kind) = next(iter(found))
        return _with_country(number, kind)
    return Identifier(flaw="ambiguous" if found else "refused")


_VAT: Final = {
    "at.uid": "AT", "be.vat": "BE", "de.vat": "DE", "dk.cvr": "DK", "fi.alv": "FI", "fr.tva": "FR", "it.iva": "IT",
    "nl.btw": "NL", "pl.nip": "PL",
}  # fmt: skip


def _with_country(number: str, kind: str) -> Identifier:
    """A VAT number of one country gets its letters, so that it is the same as where they were written."""
    if kind in _VAT:
        return Identifier(number=_VAT[kind] + number, kind="eu.vat")
    return Identifier(number=number, kind=kind)


def _valid(kind: str, text: str) -> str | None:
    from stdnum.exceptions import ValidationError

    try:
        number: str = _valid_ric(text) if kind == "cn.ric" else _module(kind).validate(text)
    except ValidationError:
        return None
    except (ValueError, IndexError, KeyError):
        # Signs that a module of the library did not expect.
        return None
    return number


def _valid_ric(text: str) -> str:
    """A Chinese identity number by its check digit and its day of birth; of places that are no more, too."""
    from stdnum.cn import ric
    from stdnum.exceptions import InvalidChecksum, InvalidFormat

    number: str = ric.compact(text)
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", number):
        raise InvalidFormat
    if number[-1] != ric.calc_check_digit(number):
        raise InvalidChecksum
    ric.get_birth_date(number)
    return number


@cache
def _module(kind: str) -> Any:
    from importlib import import_module

    return import_module(f"stdnum.{kind}")


def _lengthen(number: str) -> str | None:
    """A Chinese identity number of before 1999, with the century and the check digit it has since."""
    from stdnum.cn import ric

    longer = f"{number[:6]}19{number[6:]}"
    return _valid("cn.ric", longer + str(ric.calc_check_digit(longer + "0")))
