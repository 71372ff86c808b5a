"""Records made ready to be compared: one row each in an engine of their own, and the pairs that are worth a look."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from crm_research.linking.columns import COMPARISONS, MADE, READ, RULES, UID, Comparison, Rule
from crm_research.sources.record_engine import RecordEngine
from crm_research.sources.record_parts import own_number_sql

if TYPE_CHECKING:
    pass

RECORDS: Final = "compared_records"
PAIRS: Final = "pairs_looked_at"
_SAMPLE: Final = "pairs_at_random"
_LEARNT_FROM: Final = "pairs_learnt_from"
_DIGITS: Final = 6
# A value that more records share says nothing of who is who: a placeholder, a switchboard, a street of offices.
MOST_SHARING: Final = 600
# Pairs that are looked at for each record, and for few records.
_PAIRS_A_RECORD: Final = 20
_PAIRS_AT_LEAST: Final = 3_000_000
_LEAST_FILLED: Final = 2


@dataclass(frozen=True, kw_only=True)
class Look:
    """A rule by which pairs were chosen, with what it cost.

    Parameters
    ----------
    n_pairs
        Pairs that agree so.
    n_shared_by_many
        Values that so many records share that they tell nobody from others; their pairs were not looked at.
    is_taken
        The pairs were looked at.
    """

    rule: str
    said: str
    n_pairs: int
    n_shared_by_many: int
    is_taken: bool


class Prepared(RecordEngine):
    """Records of customers in an engine, ready to be compared.

    Parameters
    ----------
    records
        Standardised records (`crm_research.standards`).
    unique
        Systems in which nobody stands twice.
    """

    def __init__(self, records: pa.Table, *, unique: Collection[str] = ()) -> None:
        super().__init__()
        self.unique = frozenset(unique)
        self.n_records = records.num_rows
        self._register(records)
        self.comparisons = tuple(one for one in COMPARISONS if self._tells(one))
        self.looks: tuple[Look, ...] = ()
        self._counted: dict[str, tuple[int, int]] = {}
        self._made_by: frozenset[str] | None = None

    def name_records(self, held: pa.Table, local_id: str = "local_id") -> list[str]:
        """Names of records, by their system and its number of them, as all records here are named."""
        self.con.register("to_be_named", held)
        named = self.table(f"SELECT {own_number_sql('system', local_id)} AS name FROM to_be_named")
        self.con.unregister("to_be_named")
        names: list[str] = named["name"].to_pylist()
        return names

    @property
    def n_all_pairs(self) -> float:
        """Pairs of records that could be of one customer: none within a system where nobody stands twice."""
        pairs = self.n_records * (self.n_records - 1) / 2
        for (n,) in self.ask(f"SELECT count(*) FROM {RECORDS} WHERE is_unique GROUP BY system"):
            pairs -= n * (n - 1) / 2
        return float(pairs)

    def _register(self, records: pa.Table) -> None:
        columns = {name: _text(records, name) for name in READ if name != "plain_identifier"}
        plain = pc.replace_substring_regex(_text(records, "identifier"), "[^0-9A-Za-z]", "")
        columns["plain_identifier"] = pc.if_else(
            pc.equal(plain, ""), pa.scalar(None, pa.string()), pc.utf8_upper(plain)
        )
        self.con.register("given_records", pa.table(columns))
        made = ", ".join(f"nullif({sql}, '') AS {name}" for name, sql in MADE.items())
        names = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}'" for name in sorted(self.unique)) or "NULL"
        # In an order of their own: what is found does not hang on that of the files.
        self.con.execute(
            f"CREATE TABLE {RECORDS} AS SELECT {made}, coalesce(system IN ({names}), false) AS is_unique "
            f"FROM given_records ORDER BY {UID}"
        )
        self.con.unregister("given_records")

    def _tells(self, comparison: Comparison) -> bool:
        """Are there two records at least that have something to compare, and do not all say the same?"""
        filled = " OR ".join(f"{name} IS NOT NULL" for name in comparison.reads)
        said = " || '|' || ".join(f"coalesce({name}, '')" for name in comparison.reads)
        ((n, n_values),) = self.ask(f"SELECT count(*), count(DISTINCT {said}) FROM {RECORDS} WHERE {filled}")
        return bool(n >= _LEAST_FILLED and n_values > 1)

    def choose_pairs(self, rules: Collection[str] | None = None) -> None:
        """Look for pairs by the rules that cost least, as long as there is room; or by those that are named."""
        counted = [(*self._count(rule), rule) for rule in RULES if rules is None or rule.name in rules]
        room = max(_PAIRS_AT_LEAST, _PAIRS_A_RECORD * self.n_records)
        looks, taken = {}, []
        for n_pairs, n_many, rule in sorted(counted, key=lambda one: (one[0], one[2].name)):
            is_taken = n_pairs > 0 and (rules is not None or n_pairs <= room)
            room -= n_pairs if is_taken else 0
            taken += [rule] if is_taken else []
            looks[rule.name] = Look(
                rule=rule.name, said=rule.said, n_pairs=n_pairs, n_shared_by_many=n_many, is_taken=is_taken
            )
        self.looks = tuple(looks[rule.name] for rule in RULES if rule.name in looks)
        self._make_pairs(taken)

    def _count(self, rule: Rule) -> tuple[int, int]:
        if rule.name not in self._counted:
            self._counted[rule.name] = self._ask_count(rule)
        return self._counted[rule.name]

    def _ask_count(self, rule: Rule) -> tuple[int, int]:
        ((n_pairs, n_many),) = self.ask(
            f"SELECT coalesce(sum(n * (n - 1) / 2) FILTER (WHERE n <= {MOST_SHARING}), 0), "
            f"count(*) FILTER (WHERE n > {MOST_SHARING}) FROM (SELECT count(*) AS n FROM {RECORDS} "
            f"WHERE ({rule.sql}) IS NOT NULL GROUP BY {rule.sql})"
        )
        return int(n_pairs), int(n_many)

    def _make_pairs(self, rules: list[Rule]) -> None:
        made_by = frozenset(rule.name for rule in rules)
        # Who has learnt from these pairs links them next.
        if made_by == self._made_by:
            return
        self._made_by = made_by
        self.con.execute(f"CREATE OR REPLACE TABLE {PAIRS} (join_key_l VARCHAR, join_key_r VARCHAR, match_key VARCHAR)")
        parts = [
            f"SELECT a.id AS join_key_l, b.id AS join_key_r FROM {_shared(rule)} a JOIN {_shared(rule)} b "
            "ON a.said = b.said AND a.id < b.id AND NOT (a.is_unique AND b.is_unique AND a.system = b.system)"
            for rule in rules
        ]
        if parts:
            self.con.execute(f"INSERT INTO {PAIRS} SELECT *, '0' FROM ({' UNION '.join(parts)})")

    def draw_pairs(self, most: int) -> None:
        """Pairs at random, the same whatever the order of the records: neighbours in the order of a digest."""
        n = self.n_records
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE drawn AS SELECT {UID} AS id, system, is_unique, "
            f"row_number() OVER (ORDER BY md5({UID}), {UID}) - 1 AS place FROM {RECORDS}"
        )
        n_steps = min(max(most // max(n, 1), 1), max((n - 1) // 2, 1))
        self.con.execute(
            f"CREATE OR REPLACE TABLE {_SAMPLE} AS SELECT least(a.id, b.id) AS join_key_l, "
            "greatest(a.id, b.id) AS join_key_r, '0' AS match_key FROM ("
            f"SELECT id, system, is_unique, (place + s.k) % {max(n, 1)} AS other FROM drawn, "
            f"range(1, {n_steps + 1}) s(k)) a JOIN drawn b ON b.place = a.other "
            "WHERE a.id <> b.id AND NOT (a.is_unique AND b.is_unique AND a.system = b.system)"
        )
        self.con.execute("DROP TABLE drawn")

    def draw_looked_at(self, most: int) -> tuple[str, float]:
        """So many of the pairs looked at, by a digest of their names, and which share of all they are."""
        ((n,),) = self.ask(f"SELECT count(*) FROM {PAIRS}")
        if n <= most:
            return PAIRS, 1.0
        first = f"{int(most / n * 16**_DIGITS):0{_DIGITS}x}"
        self.con.execute(
            f"CREATE OR REPLACE TABLE {_LEARNT_FROM} AS SELECT * FROM {PAIRS} "
            f"WHERE substr(md5(join_key_l || '|' || join_key_r), 1, {_DIGITS}) < '{first}'"
        )
        ((kept,),) = self.ask(f"SELECT count(*) FROM {_LEARNT_FROM}")
        return _LEARNT_FROM, kept / n

    @property
    def sample(self) -> str:
        """Name of the table of pairs at random."""
        return _SAMPLE


def _shared(rule: Rule) -> str:
    """Records with what the rule has them agree in, where not too many say the same."""
    said = f"SELECT {UID} AS id, system, is_unique, {rule.sql} AS said FROM {RECORDS} WHERE ({rule.sql}) IS NOT NULL"
    return f"(SELECT *, count(*) OVER (PARTITION BY said) AS n FROM ({said}) QUALIFY n BETWEEN 2 AND {MOST_SHARING})"


def _text(records: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in records.column_names:
        return pa.chunked_array([pa.nulls(records.num_rows, pa.string())])
    return records.column(name).cast(pa.string())
