"""What an expression may hold: the operators and functions that compute one value from the values of one row.

A list of what is allowed, not of what is refused: what an engine calls the moment, the user, the database or itself has
many names, and new ones come with every version.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from crm_research.sources.mapping.lengths import makes_long_value

_SIGNS: Final = (
    exp.Column, exp.Identifier, exp.Literal, exp.RawString, exp.National, exp.Boolean, exp.Null, exp.Paren, exp.Tuple,
    exp.Var, exp.DataType, exp.DataTypeParam, exp.Interval, exp.IntervalSpan, exp.Array, exp.Bracket, exp.Slice,
    exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript, exp.JSONPathWildcard,
)  # fmt: skip
_OPERATORS: Final = (
    exp.Not, exp.And, exp.Or, exp.Xor, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow,
    exp.DPipe, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In,
    exp.Between, exp.Like, exp.ILike, exp.Escape, exp.SimilarTo, exp.Glob, exp.BitwiseAnd, exp.BitwiseOr,
    exp.BitwiseXor, exp.BitwiseNot, exp.BitwiseLeftShift, exp.BitwiseRightShift, exp.AtTimeZone, exp.Collate,
)  # fmt: skip
_CHOICES: Final = (
    exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Cast, exp.TryCast, exp.Try, exp.Nvl2,
)  # fmt: skip
_OF_NUMBERS: Final = (
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Trunc, exp.Sqrt, exp.Cbrt, exp.Ln, exp.Log, exp.Exp, exp.Sign, exp.Sin,
    exp.Cos, exp.Tan, exp.Asin, exp.Acos, exp.Atan, exp.Atan2, exp.Cot, exp.Degrees, exp.Radians, exp.Pi, exp.IsNan,
    exp.IsInf, exp.Factorial, exp.BitwiseCount,
)  # fmt: skip
_OF_TEXTS: Final = (
    exp.Upper, exp.Lower, exp.Initcap, exp.Length, exp.ByteLength, exp.BitLength, exp.Trim, exp.Left, exp.Right,
    exp.Pad, exp.Substring, exp.Replace, exp.Translate, exp.Reverse, exp.Concat, exp.ConcatWs, exp.Split, exp.SplitPart,
    exp.StrPosition, exp.Contains, exp.StartsWith, exp.EndsWith, exp.RegexpLike, exp.RegexpILike, exp.RegexpFullMatch,
    exp.RegexpExtract, exp.RegexpExtractAll, exp.RegexpReplace, exp.RegexpSplit, exp.RegexpCount, exp.RegexpInstr,
    exp.Ascii, exp.Unicode, exp.Chr, exp.Format, exp.Hex, exp.Unhex, exp.ToBase64, exp.FromBase64, exp.MD5, exp.SHA,
    exp.SHA2, exp.Levenshtein, exp.JarowinklerSimilarity, exp.JSONExtract, exp.JSONExtractScalar, exp.ArrayContains,
    exp.ArraySize, exp.ArrayToString, exp.ArrayPosition, exp.ArraySlice, exp.ArrayConcat,
)  # fmt: skip
_OF_TIMES: Final = (
    exp.StrToTime, exp.StrToDate, exp.TimeToStr, exp.TimestampTrunc, exp.DateTrunc, exp.DateDiff, exp.TimestampDiff,
    exp.DateAdd, exp.DateSub, exp.TimestampAdd, exp.TimestampSub, exp.TsOrDsAdd, exp.TsOrDsDiff, exp.TsOrDsToDate,
    exp.TsOrDsToTimestamp, exp.Date, exp.Timestamp, exp.Extract, exp.Year, exp.Quarter, exp.Month, exp.Week,
    exp.WeekOfYear, exp.Day, exp.DayOfMonth, exp.DayOfWeek, exp.DayOfWeekIso, exp.DayOfYear, exp.YearOfWeek,
    exp.YearOfWeekIso, exp.Hour, exp.Minute, exp.Second, exp.Dayname, exp.Monthname, exp.LastDay, exp.DateFromParts,
    exp.TimestampFromParts, exp.TimeFromParts, exp.UnixToTime, exp.TimeToUnix, exp.UnixDate, exp.UnixSeconds,
    exp.UnixMillis, exp.UnixMicros, exp.DateBin, exp.ToDays, exp.MakeInterval, exp.MonthsBetween,
)  # fmt: skip
_ALLOWED: Final = frozenset((*_SIGNS, *_OPERATORS, *_CHOICES, *_OF_NUMBERS, *_OF_TEXTS, *_OF_TIMES))
# Functions sqlglot has no class of its own for.
_ALLOWED_NAMES: Final = frozenset([
    "array_extract", "century", "contains", "damerau_levenshtein", "date_part", "datepart", "datesub", "dayname",
    "dayofyear", "decade", "epoch", "epoch_ns", "epoch_us", "era", "even", "fdiv", "fmod", "gamma", "hamming",
    "hash", "isfinite", "isinf", "isodow", "isoyear", "jaccard", "jaro_similarity", "julian", "last_day", "lgamma",
    "list_element", "list_extract", "millennium", "monthname", "nfc_normalize", "octet_length", "prefix", "printf",
    "regexp_full_match", "strip_accents", "strlen", "suffix", "timezone", "to_days", "to_hours", "to_milliseconds",
    "to_minutes", "to_months", "to_seconds", "to_weeks", "to_years", "try_strptime", "weekday", "yearweek",
])  # fmt: skip


def why_not_allowed(node: exp.Expr) -> str | None:
    """What an expression may not hold of this part of it, as its name; None where it may."""
    if isinstance(node, exp.Anonymous):
        name = node.name.lower()
        if name == "age" and len(node.expressions) == 2:
            return None  # with one argument it asks for today
        return None if name in _ALLOWED_NAMES and not makes_long_value(node) else node.name
    if type(node) in _ALLOWED and not makes_long_value(node):
        return None
    return node.sql(dialect="duckdb")
