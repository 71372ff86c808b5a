"""What contradicts itself on a page: a quantity with two values, limits beside their estimate, parts that do not add.

Every rule returns sentences that name what is wrong, so that a test can hold that there are none and another that
planted faults are found. Numbers are compared as they are printed: 40 % and 40.5 % are the same, 41 % is not.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from crm_research.figures import Figure
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR
from tests.pages.quantities import QUANTITIES, SIGNED
from tests.pages.walking import Page

_NUMBER = r"[-−+]?\d[\d,]*(?:\.\d+)?"
_TOKEN = re.compile(rf"(?<![\w.,-])({_NUMBER})(?: ?(%|k\b|m\b|bn\b))?(?![\w])")
_UNIT = r" ?(?:%|days?|weeks?|months?|years?|points?|times|purchases?|orders?|k|m|bn|[A-Z]{3})?(?: [A-Z]{3})?"
TRIPLE = re.compile(
    rf"(?<![\w.,-])(?P<estimate>{_NUMBER})(?P<unit>{_UNIT})(?: of [\d,]+)? ?\((?:\d+(?:\.\d+)? % interval )?"
    rf"(?P<lower>{_NUMBER}){_UNIT} to (?P<upper>{_NUMBER})(?P<limit_unit>{_UNIT})[);,]"
)
# Numbers with limits that stand in a sentence alone, with no table, picture or figure beside it that holds them.
_ONLY_SAID = re.compile(
    r"By these moves|on the rows of the fit|is an ASSUMPTION|Customers buy .*a shape of|slope is|Satisfaction stands at"
    r"|A (?:high|low) attitude|A broken rhythm|No list of|log-likelihood rises by"
    r"|together they bought|That is enough, with|falls short by|Leavers for each|gain in Brier"
    r"|variance of the shared risk|ends lie within|each customer's own chance|left for each one expected"
)
_COUNTED = re.compile(rf"({_NUMBER}) of (?:the |these |today's )?({_NUMBER})\b[^.;:%()]{{0,60}}\((\d+(?:\.\d+)?) %")
_SCALES = {"k": 1e3, "m": 1e6, "bn": 1e9}
# Numbers of one name are many in a list: each row of a page's list has its own.
_LISTED = re.compile(
    r"said to leave|did \(|would be|it takes|would take|above the norm|before |in the holdout -|of the buyers of|→"
    r"|could not be judged|where 1 is right|loyal by habit|too late to be followed|they explain|left out|ends carry"
    r"|not known in|are missing|shares off|panel|the picture shows|[Cc]ustomer \d+\b"
)
# What is said of one customer of several is not said of the others.
_OF_ONE = re.compile(r"(?:\d+\. )?(?:Customer \S+|\d+): ")
_SHARES = re.compile(r"(^|_)(share|rate|survival|retention|incidence|coverage|purity)$")
# Differences, rates over time, and shares of money in which a customer may have given back more than was bought.
_SIGNED_COLUMNS = re.compile(
    r"change|gap|moved|difference|excess|effect|expected_(days|orders)|rate_(before|after)|monthly|^rate$|value_share|profit_share"
)
_LIMITS = ("lower", "upper")
_RATES = (
    ("n_again", "n", "seen_rate"), ("n_repeat", "n", "repeat_rate"), ("n_active", "n_customers", "retention_rate"),
    ("n_kept", "n_before", "retention"), ("n_ended", "n_at_risk", "share"),
)  # fmt: skip
_WITHIN = (
    ("n_ended", "n_at_risk"), ("n_ended", "n"), ("n_again", "n"), ("n_repeat", "n"), ("n_active", "n_customers"),
    ("n_left", "n_up"), ("n_kept", "n_before"), ("n_new_kept", "n_new"), ("n_both", "n_buyers"),
)  # fmt: skip
_SLIPS = (
    (r"\b(?:nan|inf|NaT)\b|\bNone\b(?! of\b)", "a missing value in words"),
    (r"(?<![\d,.])1 (?:customers|contracts|months|days|weeks|years|orders|groups|buyers|ends|coefficients|renewals)\b",
     "one of several"),
    (r"(?<![\d.,])(\d+(?:\.\d+)?) % to \1 %", "from a share to itself"),
    (r"\bbetween (\S+(?: %)?) and \1\b", "between a number and itself"),
    (r"\bp (?:value )?0\.0+\b", "a p-value of nought"),
    (r"not known of\b|\bnot known \(", "a hole in the sentence"),
    (r"\b(?:is|are|of|to) (?:,|\.(?!\d))|  ", "a hole in the sentence"),
    (r"\b(?:oftener|lets? expect|foretells? of)\b", "no English of ours"),
)  # fmt: skip


@dataclass(frozen=True)
class Number:
    """A number as it is printed: its value, and how far off the true one may be."""

    value: float
    slack: float
    text: str

    def agrees(self, other: float) -> bool:
        """Could the other number be printed so?"""
        return abs(self.value - other) <= self.slack + 1e-9 * max(abs(other), 1.0)


def read_number(text: str, unit: str = "") -> Number:
    """A printed number with half a unit of its last digit."""
    bare = text.replace(",", "").replace("−", "-")
    scale = _SCALES.get(unit, 1.0)
    decimals = len(bare.partition(".")[2])
    return Number(float(bare) * scale, 0.5 * 10.0**-decimals * scale, f"{text} {unit}".strip())


def find_faults(page: Page) -> list[str]:
    """Everything on the page that cannot be true together."""
    rules = (
        check_figures_of, check_frames_of, check_limits_said, check_triples, check_counts_said, check_repeated,
        check_quantities, check_slips,
    )  # fmt: skip
    return [f"{page.report}/{page.world}: {fault}" for rule in rules for fault in rule(page)]


def check_figures_of(page: Page) -> Iterator[str]:
    """Limits around estimates, shares from 0 to 1, and one value for each id and for each label."""
    by_id: dict[tuple[str, str | None], dict[str, object]] = {}
    by_label: dict[tuple[str, ...], tuple[str, float | None]] = {}
    for figure in page.figures:
        where = f"figure {figure.id} ({figure.group})"
        if not _in_order(figure.lower, figure.estimate, figure.upper):
            yield f"{where}: {figure.lower} {figure.estimate} {figure.upper} are out of order"
        if figure.unit == "share" and figure.id not in SIGNED:
            for value in map(_float, (figure.lower, figure.estimate, figure.upper)):
                if value is not None and not -1e-9 <= value <= 1 + 1e-9:
                    yield f"{where}: a share of {value}"
        if figure.n < 0:
            yield f"{where}: n is {figure.n}"
        record = figure.as_record()
        if by_id.setdefault((figure.id, figure.group), record) != record:
            yield f"{where} has two values"
        label = (figure.label, str(figure.group), figure.unit, figure.window)
        estimate = _float(figure.estimate)
        known = by_label.setdefault(label, (figure.id, estimate))
        if known[1] != estimate:
            yield f"'{figure.label}' ({figure.group}) is {known[1]} as {known[0]} and {estimate} as {figure.id}"


def check_frames_of(page: Page) -> Iterator[str]:
    """In every table and behind every picture: limits, shares, counts within counts, and parts that add up."""
    for name, frame in page.frames():
        where = f"table {name[:70]!r}"
        for estimate, lower, upper in limits_in(frame):
            for row in range(len(frame)):
                values = [_float(frame.iloc[row][column]) for column in (lower, estimate, upper)]
                if not _in_order(*values):
                    yield f"{where}, row {row}: {estimate} {values} are out of order"
        yield from (f"{where}: {fault}" for fault in _faulty_shares(frame))
        yield from (f"{where}: {fault}" for fault in _faulty_counts(frame))


def limits_in(frame: pd.DataFrame) -> Iterator[tuple[object, object, object]]:
    """Columns that are an estimate with its limits: ``x, lower, upper`` or ``x, x_lower, x_upper``."""
    names = list(frame.columns)
    for place, name in enumerate(names):
        if not isinstance(name, str) or not name.endswith("lower"):
            continue
        upper = f"{name.removesuffix('lower')}upper"
        if upper not in names:
            continue
        stem = name.removesuffix("lower").rstrip("_")
        own = [stem, "estimate"] if stem else ["estimate"]
        before = [other for other in names[:place] if other not in _LIMITS and _is_number(frame[other])]
        found = next((column for column in own if column in names), before[-1] if before and not stem else None)
        if found is not None and _is_number(frame[name]) and _is_number(frame[upper]):
            yield found, name, upper


def _faulty_shares(frame: pd.DataFrame) -> Iterator[str]:
    for column in frame.columns:
        if not isinstance(column, str) or not _SHARES.search(column) or _SIGNED_COLUMNS.search(column):
            continue
        if _is_number(frame[column]):
            values = frame[column].dropna().astype(float)
            if len(values) and not (values.between(-1e-9, 1 + 1e-9).all()):
                yield f"{column} holds {values.min():.4g} to {values.max():.4g}, no shares"
    for share in ("share", "size_share", "percent", "revenue_share"):
        for count in ("n", "n_customers", "revenue"):
            if share in frame.columns and count in frame.columns and (share == "revenue_share") == (count == "revenue"):
                yield from _parts(frame, share, count)


def _parts(frame: pd.DataFrame, share: str, count: str) -> Iterator[str]:
    """Shares that add up to a whole are the counts' shares of their sum."""
    if not (_is_number(frame[share]) and _is_number(frame[count])) or len(frame) < 2:
        return
    whole = 100.0 if share == "percent" else 1.0
    total, counted = float(frame[share].sum()), float(frame[count].sum())
    if counted <= 0 or abs(total - whole) > 0.02 * whole:
        return
    for row, (said, n) in enumerate(zip(frame[share], frame[count], strict=True)):
        if abs(float(said) / whole - float(n) / counted) > 0.0051:
            yield f"{share} of row {row} is {said:.4g}, and {count} {n:,.4g} of {counted:,.4g}"


def _faulty_counts(frame: pd.DataFrame) -> Iterator[str]:
    for column in frame.columns:
        if isinstance(column, str) and (column == "n" or column.startswith("n_")) and _is_number(frame[column]):
            values = frame[column].dropna().astype(float)
            if column in ("n_fewer_leavers", "n_more_newcomers", "n_newcomers_instead"):
                continue
            if (values < 0).any():
                yield f"{column} holds a count below 0: {values.min():.4g}"
    for part, whole in _WITHIN:
        if part in frame.columns and whole in frame.columns:
            over = frame[(frame[part] > frame[whole]).fillna(value=False)]
            if len(over):
                yield f"{part} {over[part].iloc[0]} of {whole} {over[whole].iloc[0]}"
    for part, whole, rate in _RATES:
        if {part, whole, rate} <= set(frame.columns) and all(_is_number(frame[one]) for one in (part, whole, rate)):
            rows = frame[(frame[whole] > 0) & frame[rate].notna()]
            if part == "n_ended" and len(rows):
                continue  # shares of a period by Kaplan-Meier, no plain quotients
            for _, row in rows.iterrows():
                if abs(float(row[part]) / float(row[whole]) - float(row[rate])) > 1e-6:
                    yield f"{rate} {row[rate]:.4g} beside {row[part]} of {row[whole]}"


def check_limits_said(page: Page) -> Iterator[str]:
    """Every estimate that is said with limits lies between them."""
    for text in _said(page):
        for found in _triples(text):
            low, middle, high = (read_number(found[name]) for name in ("lower", "estimate", "upper"))
            if low.value > high.value + 1e-12:
                yield f"limits out of order in {found[0]!r}"
            # A number said as a distance (5 points lower, -7 to -3) lies between its limits but for the sign.
            signs = (middle.value, -middle.value) if low.value < 0 or high.value < 0 else (middle.value,)
            if not any(
                low.value - low.slack - middle.slack <= one <= high.value + high.slack + middle.slack for one in signs
            ):
                yield f"{found[0]!r} in {text[:90]!r}"


def check_triples(page: Page) -> Iterator[str]:
    """Every number said with limits is a figure of the page, or a row of a table or picture, with those very limits."""
    pool = np.array(list(_raw_triples(page)), dtype=float).reshape(-1, 3)
    for text in dict.fromkeys(page.texts()):
        for found in () if _ONLY_SAID.search(text) else _triples(text):
            # Money is said in thousands, where it is: all three alike.
            scale = next((part for part in found["unit"].split() if part in _SCALES), "")
            wanted = [read_number(found[name], scale) for name in ("estimate", "lower", "upper")]
            near = np.ones(len(pool), dtype=bool)
            for place, number in enumerate(wanted):
                near &= np.abs(np.abs(pool[:, place]) - abs(number.value)) <= number.slack + 1e-9
            if not near.any():
                yield f"nowhere on the page: {found[0]!r} in {text[:90]!r}"


def _triples(text: str) -> Iterator[re.Match[str]]:
    """Numbers with their limits; not those of another unit, whose limits belong to a number further off."""
    for found in TRIPLE.finditer(text):
        units = [found[name].strip().rstrip("s") for name in ("unit", "limit_unit")]
        if units[0] == units[1]:
            yield found


def _raw_triples(page: Page) -> Iterator[tuple[float, float, float]]:
    for figure in page.figures:
        yield from _ways(figure.estimate, figure.lower, figure.upper)
    for _, frame in page.frames():
        for estimate, lower, upper in limits_in(frame):
            for row in frame[[estimate, lower, upper]].itertuples(index=False, name=None):
                yield from _ways(*(_float(value) for value in row))
        for cell in {str(cell) for cell in frame.select_dtypes("object").to_numpy().ravel()}:
            for found in _triples(cell):
                yield from _ways(*(read_number(found[name]).value for name in ("estimate", "lower", "upper")))


def _ways(estimate: float | None, lower: float | None, upper: float | None) -> Iterator[tuple[float, float, float]]:
    """The same three numbers as they may be said: in per cent, months, years, per 100, and the other way round."""
    if any(value is None or not math.isfinite(value) for value in (estimate, lower, upper)):
        return
    for scale in (1.0, 100.0, 1 / DAYS_PER_MONTH, 1 / DAYS_PER_YEAR, 1 / 7):
        yield estimate * scale, lower * scale, upper * scale  # type: ignore[operator]
        yield estimate * scale, upper * scale, lower * scale  # type: ignore[operator]
    for whole in (1.0, 100.0):
        for scale in (1.0, 100.0 / whole):
            ends = (whole - estimate, whole - upper, whole - lower)  # type: ignore[operator]
            yield ends[0] * scale, ends[1] * scale, ends[2] * scale


def check_counts_said(page: Page) -> Iterator[str]:
    """38 of 100 (38 %): a share in brackets behind two counts is theirs."""
    for text in _said(page):
        for found in _COUNTED.finditer(text):
            part, whole, share = read_number(found[1]), read_number(found[2]), read_number(found[3])
            if whole.value > 0 and part.value <= whole.value and not share.agrees(100 * part.value / whole.value):
                yield f"{found[0]!r} %: {100 * part.value / whole.value:.2f} %"


def check_repeated(page: Page) -> Iterator[str]:
    """The same sentence is never said twice with other numbers."""
    said: dict[str, tuple[list[Number], str]] = {}
    for text in dict.fromkeys(page.texts()):
        lines = "\n".join(line for line in text.splitlines() if not _OF_ONE.match(line.strip()))
        for clause in re.split(r"(?<=[a-z)%])[.;:] |\n", lines):
            numbers = [read_number(found[1], found[2] or "") for found in _TOKEN.finditer(clause)]
            mask = re.sub(r"\W+", " ", _TOKEN.sub("#", re.sub(r"['“‘][^'”’]*['”’]", "Q", clause))).strip().lower()
            words = re.findall(r"[a-z]{3,}", mask)
            if not numbers or len(words) < 5 or "Q" in clause or _LISTED.search(clause.lower()):
                continue
            if re.search(r"['“‘]", clause):
                continue
            known = said.setdefault(mask, (numbers, clause))
            if len(known[0]) == len(numbers) and not all(map(_alike, known[0], numbers)):
                yield f"{known[1]!r} beside {clause!r}"


def _alike(one: Number, other: Number) -> bool:
    return abs(one.value - other.value) <= max(one.slack, other.slack) * (1 + 1e-9)


def check_quantities(page: Page) -> Iterator[str]:
    """What a sentence names is the figure of that name."""
    for text, name, number, value in named_numbers(page):
        if not number.agrees(value):
            yield f"{name} is {value:.6g}, and {number.text} is said: {text[:110]!r}"


def named_numbers(page: Page) -> Iterator[tuple[str, str, Number, float]]:
    """Each number of a sentence that names a figure: the sentence, the id, the number as said, and the figure's."""
    figures: dict[str, list[Figure]] = defaultdict(list)
    for figure in page.figures:
        figures[figure.id].append(figure)
    for quantity in QUANTITIES.get(page.report, ()):
        for text in dict.fromkeys(_said(page)):
            for found in quantity.pattern.finditer(text):
                parts = found.groupdict()
                id_ = quantity.id.format(**parts)
                group = parts.get("group", quantity.group)
                known = [one for one in figures[id_] if (group is None) == (one.group is None)]
                known = [one for one in known if group is None or one.group == group]
                if not known:
                    continue
                for part in ("estimate", "lower", "upper", "n"):
                    value = getattr(known[0], part)
                    if parts.get(part) and value is not None:
                        unit = parts.get("unit") or ""
                        yield text, f"{id_} {part}", read_number(parts[part]), quantity.in_words(value, part, unit)


def check_slips(page: Page) -> Iterator[str]:
    """Holes, plurals of one, ranges from a number to itself, p-values of nought."""
    for text in dict.fromkeys(page.texts()):
        for pattern, what in _SLIPS:
            found = re.search(pattern, text)
            if found:
                yield f"{what} ({found[0]!r}) in {text[:110]!r}"
    for one in page.shown:
        for line in one.printed.splitlines() if one.kind in ("table", "figures") else ():
            if re.search(r"\b(?:nan|None|NaT)\b", line):
                yield f"a missing value in a table: {line.strip()[:100]!r}"


def _said(page: Page) -> Iterator[str]:
    """Sentences, and the lines of cards."""
    yield from page.texts()
    for one in page.shown:
        if one.kind == "figures":
            yield from one.printed.splitlines()


def _in_order(lower: float | None, estimate: float | None, upper: float | None) -> bool:
    known = [value for value in (lower, estimate, upper) if value is not None and math.isfinite(value)]
    slack = 1e-9 * max((abs(value) for value in known), default=1.0) + 1e-12
    return all(low <= high + slack for low, high in pairwise(known))


def _float(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _is_number(values: pd.Series | pd.DataFrame) -> bool:
    return isinstance(values, pd.Series) and pd.api.types.is_numeric_dtype(values) and values.dtype != bool


def all_figures(pages: Iterable[Page]) -> set[str]:
    """Ids of all figures of several pages."""
    return {figure.id for page in pages for figure in page.figures}
