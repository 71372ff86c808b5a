"""Strict casts: what a source column must look like to become text, a number, a time or a flag.

A cast gives two pieces of SQL (DuckDB's dialect): the value, empty where it cannot be read, and the condition under
which a value was there and could not be read. Nothing is ever lost without being counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.errors import StudyError
from crm_research.sources.session import literal, literals

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
    from crm_research.sources.session import Kind

# Texts that mean "nothing here". NA is left alone in plain text, where it may be Namibia or North America.
_NULLS: Final = ("", "NULL", "null", "NaN", "nan", "#N/A", "N/A", "n/a", "\\N")
NULLS_OF_VALUES: Final = (*_NULLS, "NA", "na", "-", "None", "none")
# Blanks that people and programs leave around cells; taken off once, where text is staged.
BLANKS: Final = " \t\r\n\u00a0\u3000\ufeff"
_YES: Final = ("1", "1.0", "true", "t", "yes", "y", "on", "ja", "j", "wahr", "oui", "o", "vrai", "是", "有")
_NO: Final = ("0", "0.0", "false", "f", "no", "n", "off", "nein", "falsch", "non", "faux", "否", "无")

_CLOCK: Final = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_ISO: Final = rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}([T ]{_CLOCK})?"
_ISO_ZONED: Final = rf"\d{{4}}-\d{{2}}-\d{{2}}[T ]{_CLOCK} ?(Z|UTC|[+-]\d{{2}}(:?\d{{2}})?)"
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

    def text(self, raw: str, *, nulls: Sequence[str] = _NULLS) -> str:
        """A text without surrounding blanks, empty where it says there is nothing."""
        tokens = self.rule.null_values if self.rule.null_values is not None else nulls
        empty = ["", *(token.strip() for token in tokens)]
        longest = max(len(token.encode()) for token in empty)
        # Nearly every text is told by its length and ends alone; NOT IN would cost the engine a join a column.
        is_plain = f"strlen({raw}) > {longest} AND NOT prefix({raw}, ' ') AND NOT suffix({raw}, ' ')"
        kept = f"WHEN NOT list_contains([{literals(empty)}], trim({raw})) THEN trim({raw})"
        return f"CASE WHEN {is_plain} THEN {raw} {kept} END"

    def _to_text(self, raw: str, kind: Kind, *, is_id: bool) -> Cast:
        if kind == "text":
            value = self.text(f"CAST({raw} AS VARCHAR)", nulls=NULLS_OF_VALUES if is_id else _NULLS)
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
        text = self.text(raw, nulls=NULLS_OF_VALUES)
        plain = self._plain_number(text)
        double = f"TRY_CAST({plain} AS DOUBLE)"
        value = f"CASE WHEN isfinite({double}) AND NOT contains({plain}, '_') THEN {double} END"
        return Cast(value=value, bad=f"({text}) IS NOT NULL AND ({value}) IS NULL")

    def _plain_number(self, text: str) -> str:
        for sign in self.rule.signs:
            text = f"trim(replace({text}, {literal(sign)}, ''), {literal(BLANKS)})"
        decimal = self.rule.decimal
        thousands = self.rule.thousands if self.rule.thousands is not None else "." if decimal == "," else None
        if thousands is None:
            return text
        mark, point = re.escape(thousands), re.escape(decimal)
        # Groups must be whole: 1.5 is no way to write fifteen where the point parts thousands.
        grouped = rf"[+-]?(\d{{1,3}}({mark}\d{{3}})+|\d+)({point}\d*)?|[+-]?{point}\d+"
        bare = f"replace(replace({text}, {literal(thousands)}, ''), {literal(decimal)}, '.')"
        return f"CASE WHEN regexp_full_match({text}, {literal(grouped)}) THEN {bare} END"

    def _to_time(self, raw: str, kind: Kind, formats: Sequence[str] | None) -> Cast:
        if kind in {"date", "timestamp"}:
            return Cast(value=f"CAST({raw} AS TIMESTAMP)")
        if kind == "zoned":
            return Cast(value=f"CAST({raw} AT TIME ZONE {literal(self.timezone)} AS TIMESTAMP)")
        if kind not in {"text", "integer"}:
            raise StudyError(f"holds {_SAID[kind]}, which cannot be a time; derive it with expr")
        text = self.text(f"CAST({raw} AS VARCHAR)", nulls=NULLS_OF_VALUES)
        value = self._declared_time(text, formats) if formats else self._common_time(text)
        return Cast(value=value, bad=f"({text}) IS NOT NULL AND ({value}) IS NULL")

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
