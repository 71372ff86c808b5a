"""Strict casts: what a source column must look like to become text, a number, a time or a flag.

A cast gives two pieces of SQL (DuckDB's dialect): the value, empty where it cannot be read, and the condition under
which a value was there and could not be read. Nothing is ever lost without being counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from crm_research.contracts.spelling import AFTER, BEFORE, HAS_OTHER_SIGNS, PADDED
from crm_research.errors import StudyError
from crm_research.sources.session import literal, literals

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
    from crm_research.sources.session import Kind, Relation

# Texts that mean "nothing here". NA is left alone in plain text, where it may be Namibia or North America.
NULLS: Final = ("", "NULL", "null", "NaN", "nan", "#N/A", "N/A", "n/a", "\\N")
NULLS_OF_VALUES: Final = (*NULLS, "NA", "na", "-", "None", "none")
# Blanks that people and programs leave around cells; taken off once, where text is staged.
BLANKS: Final = " \t\r\n\u00a0\u3000\ufeff"
_YES: Final = ("1", "1.0", "true", "t", "yes", "y", "on", "ja", "j", "wahr", "oui", "o", "vrai", "是", "有")
_NO: Final = ("0", "0.0", "false", "f", "no", "n", "off", "nein", "falsch", "non", "faux", "否", "无")

# Words that stand beside formats: the year first, as read without a format; the day numbers of spreadsheets.
ISO, EXCEL = "iso", "excel"
# Time since 1970 as programs count it, to the microseconds in one of its units.
UNIX: Final = {"unix": 1_000_000, "unix_ms": 1_000, "unix_us": 1}
# Others that are nothing where they stand alone.
_ODD_BLANKS: Final = "\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
# Blanks within numbers that no keyboard makes by accident, and apostrophes: they can only part thousands.
THIN_BLANKS: Final = "\u00a0\u2007\u2008\u2009\u200a\u202f"
_APOSTROPHES: Final = "'\u2019\u02bc\u00b4`"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_FULL_WIDTH: Final = "０１２３４５６７８９．，（）＋"
_HALF_WIDTH: Final = "0123456789.,()+"
# Spreadsheets count days from here; 1 to 60 are left out, since they hold a 29 February that never was.
_DAY_NOUGHT: Final = "1899-12-30"
_DAYS: Final = "61 AND 2958465"
# The years 1900 to 2100 in microseconds since 1970.
_FIRST_MICROS, _LAST_MICROS = "-2208988800000000", "4102444800000000"

_CLOCK: Final = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_ISO: Final = rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}([T ]{_CLOCK})?"
_ISO_ZONED: Final = rf"\d{{4}}-\d{{2}}-\d{{2}}[T ]{_CLOCK} ?(Z|UTC|[+-]\d{{2}}(:?\d{{2}})?)"
# A clock and what may stand behind it: the zone of a time.
ZONED: Final = r":\d{2}(\.\d+)? ?(Z|UTC|[+-]\d{2}(:?\d{2})?)$"
_YEAR_FIRST: Final = rf"\d{{4}}[/.年]\d{{1,2}}[/.月]\d{{1,2}}日?( {_CLOCK})?"


@dataclass(frozen=True, kw_only=True)
class Cast:
    """A value as SQL, and when it could not be read (None: it always can)."""

    value: str
    bad: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the values of one source are written."""

    rule: SourceRule
    timezone: str = "UTC"
    #: Have the texts been through `text` already? Then they are not looked through again at every mention.
    is_clean: bool = False
    #: Have columns of text lost blanks around them and marks where they were staged (`Relation.is_trimmed`)?
    is_trimmed: bool = False

    @classmethod
    def of(cls, relation: Relation, *, timezone: str = "UTC") -> Self:
        """How the values of these rows are written, and what was done to them where they were staged."""
        return cls(rule=relation.rule, timezone=timezone, is_trimmed=relation.is_trimmed)

    def cast(
        self, raw: str, kind: Kind, target: str, *, formats: Sequence[str] | None = None, is_id: bool = False
    ) -> Cast:
        """The column or expression `raw`, which holds `kind`, as `target` (an Ibis type).

        Raises
        ------
        StudyError
            If no value of that kind can be one of that type.
        """
        if target == "string":
            return self._to_text(raw, kind, is_id=is_id)
        if target == "float64":
            return self._to_number(raw, kind)
        if target == "int64":
            number = self._to_number(raw, kind)
            return Cast(value=f"CAST({number.value} AS BIGINT)", bad=number.bad)
        if target == "timestamp":
            return self._to_time(raw, kind, formats or self.rule.date_format)
        return self._to_flag(raw, kind)

    def text(self, raw: str, *, nulls: Sequence[str] = NULLS) -> str:
        """A text without surrounding blanks, empty where it says there is nothing."""
        if self.is_clean:
            return raw
        tokens = self.rule.null_values if self.rule.null_values is not None else nulls
        empty = ["", *(token.strip() for token in tokens)]
        longest = max(len(token.encode()) for token in empty)
        if self.is_trimmed and _IS_COLUMN.fullmatch(raw):
            known = f"WHEN NOT list_contains([{literals([*empty, *_ODD_BLANKS])}], {raw}) THEN {raw}"
            return f"CASE WHEN strlen({raw}) > {longest} THEN {raw} {known} END"
        # Nearly every text is told by its length and ends alone; NOT IN would cost the engine a join a column.
        is_plain = f"strlen({raw}) > {longest} AND NOT prefix({raw}, ' ') AND NOT suffix({raw}, ' ')"
        # ="007", '007 and `007 are how spreadsheets are kept from making 7 of it.
        bare = rf"trim(regexp_replace(trim({raw}), {literal(KEPT_AS_TEXT)}, '\1\2\3'))"
        kept = f"WHEN NOT list_contains([{literals(empty)}], {bare}) THEN {bare}"
        return f"CASE WHEN {is_plain} AND NOT {IS_MARKED.format(raw)} THEN {raw} {kept} END"

    def computed_time(self, value: str, formats: Sequence[str] | None) -> Cast:
        """What an expression gives as a time: read as it is declared where it is text, and as it stands where not."""
        as_text = f"CAST({value} AS VARCHAR)"
        read = self.cast(as_text, "text", "timestamp", formats=formats)
        is_text = f"typeof({value}) = 'VARCHAR'"
        return Cast(
            value=f"CASE WHEN {is_text} THEN {read.value} ELSE TRY_CAST({value} AS TIMESTAMP) END",
            bad=f"CASE WHEN {is_text} THEN {read.bad} ELSE FALSE END",
        )

    def one_spelling(self, text: str) -> str:
        """An id in small letters and half width, without blanks and leading zeros: one, however it is written."""
        signs = f"nfc_normalize(translate({text}, {literal(BEFORE)}, {literal(AFTER)}))"
        plain = f"replace(lower({signs}), '\u00df', 'ss')"
        small = f"CASE WHEN regexp_matches({text}, '{HAS_OTHER_SIGNS}') THEN {plain} ELSE lower({text}) END"
        return f"CASE WHEN regexp_matches({small}, '{PADDED}') THEN ltrim({small}, '0') ELSE {small} END"

    def says_nothing(self, words: Sequence[str]) -> bool:
        """Is one of these words a word for nothing here? Whoever compares with it by name means the word itself."""
        nulls = self.rule.null_values if self.rule.null_values is not None else NULLS_OF_VALUES
        return bool({word.strip() for word in words if word.strip()} & {null.strip() for null in nulls})

    def _to_text(self, raw: str, kind: Kind, *, is_id: bool) -> Cast:
        if kind == "text":
            value = self.text(f"CAST({raw} AS VARCHAR)", nulls=NULLS_OF_VALUES if is_id else NULLS)
            # Spreadsheets and data frames write whole numbers with empty cells between them as 1001.0.
            whole = rf"CASE WHEN suffix({raw}, '.0') THEN regexp_replace({value}, '^(\d+)\.0$', '\1') ELSE {value} END"
            return Cast(value=whole if is_id else value)
        if kind == "number":
            double = f"CAST({raw} AS DOUBLE)"
            whole = f"{double} = trunc({double}) AND abs({double}) < 9e15"
            as_whole = f"CAST(CAST({raw} AS BIGINT) AS VARCHAR)"
            return Cast(
                value=f"CASE WHEN isnan({double}) THEN NULL WHEN {whole} THEN {as_whole} "
                f"ELSE CAST({raw} AS VARCHAR) END"
            )
        return Cast(value=f"CAST({raw} AS VARCHAR)")

    def _to_number(self, raw: str, kind: Kind) -> Cast:
        if kind in {"integer", "boolean"}:
            return Cast(value=f"CAST({raw} AS DOUBLE)")
        if kind == "number":
            double = f"CAST({raw} AS DOUBLE)"
            return Cast(value=f"CASE WHEN isfinite({double}) THEN {double} END", bad=f"isinf({double})")
        if kind != "text":
            raise StudyError(f"holds {_SAID[kind]}, which cannot be a number")
        text = self._without_signs(self.text(raw, nulls=NULLS_OF_VALUES))
        plain = self._plain_number(text)
        double = f"TRY_CAST({plain} AS DOUBLE)"
        # Nearly every number is plain; the other ways of writing one are looked for only where it is not.
        value = (
            f"CASE WHEN isfinite({double}) AND NOT contains({plain}, '_') THEN {double} "
            f"WHEN ({text}) IS NOT NULL THEN {self._odd_number(text)} END"
        )
        return Cast(value=value, bad=f"({text}) IS NOT NULL AND ({value}) IS NULL")

    def _without_signs(self, text: str) -> str:
        for sign in self.rule.signs:
            text = f"trim(replace({text}, {literal(sign)}, ''), {literal(BLANKS)})"
        return text

    @property
    def _thousands(self) -> str | None:
        return self.rule.thousands if self.rule.thousands is not None else "." if self.rule.decimal == "," else None

    def _plain_number(self, text: str) -> str:
        decimal, thousands = self.rule.decimal, self._thousands
        if thousands is None:
            return text
        mark, point = re.escape(thousands), re.escape(decimal)
        # Groups must be whole: 1.5 is no way to write fifteen where the point parts thousands.
        grouped = rf"[+-]?(\d{{1,3}}({mark}\d{{3}})+|\d+)({point}\d*)?|[+-]?{point}\d+"
        bare = f"replace(replace({text}, {literal(thousands)}, ''), {literal(decimal)}, '.')"
        return f"CASE WHEN regexp_full_match({text}, {literal(grouped)}) THEN {bare} END"

    def _odd_number(self, text: str) -> str:
        """A number with its minus behind it, in brackets or as a dash, in full width, or parted by thin blanks."""
        point = re.escape(self.rule.decimal)
        groups = "|".join(rf"({mark}\d{{3}})+" for mark in self._marks())
        whole = rf"(\d{{1,3}}({groups})|\d+)"
        body, blank = rf"({whole}({point}\d*)?|{point}\d+)", f"[ {THIN_BLANKS}]?"
        # 25,- is a price without cents; only behind a digit is a hyphen a minus.
        to_a_digit = rf"({whole}({point}\d+)?|{point}\d+)"
        negative = rf"-{blank}{body}|{to_a_digit}{blank}-|\({blank}{body}{blank}\)"
        positive = rf"\+?{blank}{body}|{whole}{point}--?"
        ascii_only = _translated(text, _DASHES + _FULL_WIDTH, "-" * len(_DASHES) + _HALF_WIDTH)
        digits = f"regexp_replace({ascii_only}, {literal(f'[^0-9{point}]')}, '', 'g')"
        size = f"TRY_CAST(replace({digits}, {literal(self.rule.decimal)}, '.') AS DOUBLE)"
        return (
            f"CASE WHEN regexp_full_match({ascii_only}, {literal(negative)}) THEN -{size} "
            f"WHEN regexp_full_match({ascii_only}, {literal(positive)}) THEN {size} END"
        )

    def _marks(self) -> list[str]:
        """What may part thousands, as patterns: what the study says, else what can mean nothing else."""
        if self.rule.thousands is None:
            point = [re.escape(".")] if self.rule.decimal == "," else []
            return [*point, f"[{THIN_BLANKS}]", f"[{_APOSTROPHES}]"]
        for alike in (f" {THIN_BLANKS}", _APOSTROPHES):
            if self.rule.thousands in alike:
                return [f"[{alike}]"]
        return [re.escape(self.rule.thousands)]

    def _to_time(self, raw: str, kind: Kind, formats: Sequence[str] | None) -> Cast:
        if kind in {"date", "timestamp"}:
            return Cast(value=f"CAST({raw} AS TIMESTAMP)")
        if kind == "zoned":
            return Cast(value=f"CAST({raw} AT TIME ZONE {literal(self.timezone)} AS TIMESTAMP)")
        if kind not in {"text", "integer", "number"}:
            raise StudyError(f"holds {_SAID[kind]}, which cannot be a time; derive it with expr")
        text = self.text(self._digits(raw, kind), nulls=NULLS_OF_VALUES)
        declared = [form for form in formats or () if form.lower() not in {ISO, EXCEL, *UNIX}]
        words = {form.lower() for form in formats or ()}
        ways = [self._declared_time(text, declared)] if declared else []
        counted = [self._since_1970(text, UNIX[word]) for word in UNIX if word in words]
        if ISO in words or not (declared or counted):
            ways.append(self._common_time(text))
        if EXCEL in words:
            ways.append(self._day_number(text))
        ways += counted
        value = ways[0] if len(ways) == 1 else f"coalesce({', '.join(ways)})"
        return Cast(value=value, bad=f"({text}) IS NOT NULL AND ({value}) IS NULL")

    def _digits(self, raw: str, kind: Kind) -> str:
        """A column as text; numbers that are whole without a point, so that 20240105 is a day."""
        if kind != "number":
            return f"CAST({raw} AS VARCHAR)"
        double = f"CAST({raw} AS DOUBLE)"
        is_whole = f"{double} = trunc({double}) AND abs({double}) < 9e15"
        return (
            f"CASE WHEN {is_whole} THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) "
            f"ELSE replace(CAST({raw} AS VARCHAR), '.', {literal(self.rule.decimal)}) END"
        )

    def _day_number(self, text: str) -> str:
        """The day number of a spreadsheet: days since the end of 1899, with the clock as a fraction, to the second."""
        pattern = literal(rf"\d{{2,7}}({re.escape(self.rule.decimal)}\d+)?")
        days = f"TRY_CAST(replace({text}, {literal(self.rule.decimal)}, '.') AS DOUBLE)"
        return (
            f"CASE WHEN regexp_full_match({text}, {pattern}) AND {days} BETWEEN {_DAYS} "
            f"THEN TIMESTAMP '{_DAY_NOUGHT}' + to_seconds(CAST(round({days} * 86400) AS BIGINT)) END"
        )

    def _since_1970(self, text: str, micros: int) -> str:
        """A time counted from the beginning of 1970 in Greenwich, as the clock of the study's time zone showed it."""
        count = f"TRY_CAST({text} AS BIGINT) * {micros}"
        clock = f"CAST(make_timestamptz({count}) AT TIME ZONE {literal(self.timezone)} AS TIMESTAMP)"
        return (
            rf"CASE WHEN regexp_full_match({text}, '-?\d{{1,16}}') "
            f"AND {count} BETWEEN {_FIRST_MICROS} AND {_LAST_MICROS} THEN {clock} END"
        )

    def _declared_time(self, text: str, formats: Sequence[str]) -> str:
        parsed = f"try_strptime({text}, [{literals(formats)}])"
        if any("%z" in form for form in formats):
            return f"CAST({parsed} AT TIME ZONE {literal(self.timezone)} AS TIMESTAMP)"
        return f"CAST({parsed} AS TIMESTAMP)"

    def _common_time(self, text: str) -> str:
        zone = literal(self.timezone)
        year_first = f"regexp_replace(replace({text}, '日', ''), '[/.年月]', '-', 'g')"
        zoned = rf"regexp_replace(replace({text}, ' UTC', 'Z'), ' ?([+-]\d{{2}}):?(\d{{2}})$', '\1:\2')"
        return (
            f"CASE WHEN regexp_full_match({text}, {literal(_ISO)}) THEN TRY_CAST({text} AS TIMESTAMP)"
            rf" WHEN regexp_full_match({text}, '\d{{8}}') THEN CAST(try_strptime({text}, '%Y%m%d') AS TIMESTAMP)"
            rf" WHEN regexp_full_match({text}, '\d{{14}}') THEN CAST(try_strptime({text}, '%Y%m%d%H%M%S') AS TIMESTAMP)"
            f" WHEN regexp_full_match({text}, {literal(_ISO_ZONED)})"
            f" THEN CAST(TRY_CAST({zoned} AS TIMESTAMPTZ) AT TIME ZONE {zone} AS TIMESTAMP)"
            f" WHEN regexp_full_match({text}, {literal(_YEAR_FIRST)}) THEN TRY_CAST({year_first} AS TIMESTAMP) END"
        )

    def _to_flag(self, raw: str, kind: Kind) -> Cast:
        if kind == "boolean":
            return Cast(value=raw)
        if kind not in {"text", "integer", "number"}:
            raise StudyError(f"holds {_SAID[kind]}, which cannot be yes or no")
        text = f"lower({self.text(f'CAST({raw} AS VARCHAR)', nulls=NULLS_OF_VALUES)})"
        value = f"CASE WHEN {text} IN ({literals(_YES)}) THEN TRUE WHEN {text} IN ({literals(_NO)}) THEN FALSE END"
        return Cast(value=value, bad=f"({text}) IS NOT NULL AND ({value}) IS NULL")


def _translated(text: str, before: str, after: str) -> str:
    # Slow, so it is asked of such texts only as have something to translate.
    return (
        f"CASE WHEN regexp_matches({text}, '[^!-~]') THEN translate({text}, {literal(before)}, {literal(after)}) "
        f"ELSE {text} END"
    )


# A column as it stands, or as text: what an expression makes of columns may have blanks and marks again.
_IS_COLUMN: Final = re.compile(r'(?:CAST\()?"(?:[^"]|"")*"(?: AS VARCHAR\))?')
# Before them all else is a text's own: a name may begin with an apostrophe.
KEPT_AS_TEXT: Final = r"""^(?:="([^"]*)"|`([^`]*)|'([0-9+=-][^']*))$"""
IS_MARKED: Final = "(prefix({0}, '=') OR prefix({0}, '`') OR prefix({0}, ''''))"
_SAID: Final = {
    "text": "text",
    "integer": "whole numbers",
    "number": "numbers",
    "boolean": "yes and no",
    "date": "dates",
    "timestamp": "times",
    "zoned": "times with a zone",
    "other": "nested values",
}
