"""Pseudonyms: what stands for a customer's id in whatever a run writes, the same for the same key and id.

HMAC-SHA256 (RFC 2104) of the kind of id and the id, of which the first 40 bits are written as eight signs of
Crockford's alphabet without i, l, o and u. Where two ids of a study share those, both are written with 60 bits.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from crm_research.privacy.keys import require_key
from crm_research.privacy.masking import masked
from crm_research.settings import hides_persons, longer_pseudonyms

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# Columns of ids of persons and of their records, each with the sign that its pseudonyms begin with.
SIGNS: Final = {
    "customer_id": "C", "contract_id": "K", "order_id": "B", "contact_id": "T", "response_id": "R", "local_id": "L",
    "person_id": "P",
}  # fmt: skip
# Columns of records of customers that say who they are, and what standardising makes of them: hidden as their numbers.
_OF_PERSONS: Final = frozenset(
    {"given_name", "family_name", "person_name", "email", "phone", "street", "birth_date", "identifier", "parent_id"}
)
_ALPHABET: Final = b"0123456789abcdefghjkmnpqrstvwxyz"
_SHORT: Final = 8
_LONG: Final = 12
_BYTES: Final = 8
_BLOCK: Final = 64


def kind_of(name: object) -> str | None:
    """Which ids does a column of this name hold: ``customer_id``, ``customer id``, ``buyer_customer_id``?"""
    plain = str(name).strip().lower().replace(" ", "_")
    for kind in SIGNS:
        if plain == kind or plain.endswith(f"_{kind}") or plain.startswith(f"{kind}_"):
            return kind
    return "local_id" if plain in _OF_PERSONS or plain.startswith("std_") else None


def say_id(kind: str, value: Any) -> str:
    """An id of this kind as it may be shown: its pseudonym in what a run writes, itself where one works by hand."""
    return _write(kind, [str(value)])[0] if hides_persons() else str(value)


def is_pseudonym(kind: str, text: str) -> bool:
    """Does a text look like a pseudonym of an id of this kind, such as a page shows?"""
    return (
        re.fullmatch(rf"{SIGNS[kind]}-[{_ALPHABET.decode()}]{{{_SHORT}}}(?:[{_ALPHABET.decode()}]{{4}})?", text)
        is not None
    )


def name_publicly(kind: str, ids: Sequence[str], *, longer: Collection[str]) -> list[str]:
    """What others may read in the place of each id, wherever one works; who is named by a pseudonym stays so.

    Parameters
    ----------
    longer
        Beginnings that two ids of the study share, as `find_shared` has them.
    """
    written = _written(SIGNS[kind], _digest(kind, ids), longer=longer) if ids else []
    return [one if is_pseudonym(kind, one) else told for one, told in zip(ids, written, strict=True)]


def find_named(kind: str, pseudonyms: Collection[str], ids: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    """Whose pseudonyms are these? Each to the ids it stands for (two where it is too short); ids come in parts."""
    import numpy as np

    lengths = {one: len(one) - len(SIGNS[kind]) - 1 for one in pseudonyms}
    found: dict[str, list[str]] = {one: [] for one in pseudonyms}
    for part in ids:
        digests = _digest(kind, part)
        written = {n: np.array(_letters(digests, n), dtype=object) for n in set(lengths.values())} if part else {}
        for one, n in lengths.items():
            if part:
                places = np.flatnonzero(written[n] == one[-n:])
                found[one] += [part[int(place)] for place in places]
    return {one: list(dict.fromkeys(held)) for one, held in found.items()}


def hide_ids(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with pseudonyms instead of ids, in its index, too; itself where one works by hand or has no ids."""
    if not hides_persons():
        return frame
    kinds = {place: kind for place, name in enumerate(frame.columns) if (kind := kind_of(name)) is not None}
    levels = [name for name in frame.index.names if name is not None and kind_of(name) is not None]
    if not kinds and not levels:
        return frame
    import pandas as pd

    hidden = frame.copy(deep=False)
    if levels:
        named = hidden.index.to_frame(index=False)
        for name in levels:
            named[name] = pseudonymise(named[name], str(kind_of(name)))
        hidden.index = pd.Index(named[levels[0]]) if named.shape[1] == 1 else pd.MultiIndex.from_frame(named)
    held = [
        pseudonymise(hidden.iloc[:, place], kinds[place]) if place in kinds else hidden.iloc[:, place]
        for place in range(hidden.shape[1])
    ]
    made = pd.concat(held, axis=1) if held else hidden
    made.columns = frame.columns
    return made


def hide_persons(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with pseudonyms, and with what its texts hold of a person masked; itself where one works by hand."""
    if not hides_persons():
        return frame
    import pandas as pd

    hidden = hide_ids(frame)
    columns = {place: _masked(hidden.iloc[:, place]) for place in range(hidden.shape[1])}
    made = pd.DataFrame(columns, index=hidden.index)
    made.columns = hidden.columns
    return made


def hide_in_parts(frame: pd.DataFrame, n_rows: int) -> Iterator[pd.DataFrame]:
    """`hide_persons` of so many rows at a time, without its index: a long list is not held a second time.

    An id is written as it would be in the whole: those that share their pseudonym are looked for in all rows first.
    """
    if not hides_persons():
        yield from (frame.iloc[start : start + n_rows] for start in range(0, len(frame), n_rows))
        return
    import pandas as pd

    kinds = {place: kind for place, name in enumerate(frame.columns) if (kind := kind_of(name)) is not None}
    known = {place: _Known(frame.iloc[:, place], kind, n_rows) for place, kind in kinds.items()}
    for start in range(0, len(frame), n_rows):
        part = frame.iloc[start : start + n_rows].reset_index(drop=True)
        columns = {
            place: known[place].pseudonyms(start, len(part)) if place in known else _masked(part.iloc[:, place])
            for place in range(part.shape[1])
        }
        made = pd.DataFrame(columns, index=part.index)
        made.columns = frame.columns
        yield made


class _Known:
    """The ids of a column as numbers, and which of them share the beginning of theirs."""

    def __init__(self, ids: pd.Series, kind: str, n_rows: int) -> None:
        import numpy as np

        self._sign = SIGNS[kind]
        self._is_there = ids.notna().to_numpy()
        starts = range(0, len(ids), n_rows)
        parts = [_digest(kind, ids.iloc[start : start + n_rows].astype(str).tolist()) for start in starts]
        self._digests = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)
        self._shared = _shared_beginnings(self._digests[self._is_there])

    def pseudonyms(self, start: int, n_rows: int) -> np.ndarray[Any, Any]:
        import numpy as np

        rows = slice(start, start + n_rows)
        digests = self._digests[rows]
        is_shared = np.isin(digests >> np.uint64(24), self._shared)
        written = np.array(_written(self._sign, digests, is_shared), dtype=object)
        written[~self._is_there[rows]] = None
        return written


def _masked(column: pd.Series) -> pd.Series:
    """The column, itself where its texts hold nothing of a person, or are ids."""
    import pandas as pd
    from pandas.api import types

    if kind_of(column.name) is not None or not (types.is_object_dtype(column) or types.is_string_dtype(column)):
        return column
    codes, distinct = pd.factorize(column)
    told = [masked(value) if isinstance(value, str) else value for value in distinct]
    if all(new is old for new, old in zip(told, distinct, strict=True)):
        return column
    return pd.Series(pd.array([*told, None], dtype=object)[codes], index=column.index)


def pseudonymise(ids: pd.Series, kind: str) -> pd.Series:
    """A pseudonym for each id, missing ones missing; each distinct id is hashed once."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(ids)
    written = np.array([*_write(kind, list(map(str, distinct))), None], dtype=object)
    return pd.Series(written[codes], index=ids.index, name=ids.name)


def find_shared(kind: str, ids: Iterable[Sequence[str]]) -> frozenset[str]:
    """Beginnings of pseudonyms, each with its kind's sign, that two different ids share; ids come in parts."""
    import numpy as np

    parts = [_digest(kind, part) for part in ids]
    if not parts:
        return frozenset()
    shared = _shared_beginnings(np.concatenate(parts)) << np.uint64(24)
    return frozenset(f"{SIGNS[kind]}{text}" for text in _letters(shared, _SHORT))


def _write(kind: str, ids: Sequence[str]) -> list[str]:
    """Pseudonyms of these ids; those that are the same within the study or here are lengthened."""
    if not ids:
        return []
    import numpy as np

    digests = _digest(kind, ids)
    return _written(SIGNS[kind], digests, np.isin(digests >> np.uint64(24), _shared_beginnings(digests)))


def _shared_beginnings(digests: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The first 40 bits that different ids have in common, in ascending order."""
    import numpy as np

    found, n_times = np.unique(np.unique(digests) >> np.uint64(24), return_counts=True)
    shared: np.ndarray[Any, Any] = found[n_times > 1]
    return shared


def _written(
    sign: str,
    digests: np.ndarray[Any, Any],
    is_shared: np.ndarray[Any, Any] | None = None,
    longer: Collection[str] | None = None,
) -> list[str]:
    import numpy as np

    short, longer = _letters(digests, _SHORT), longer_pseudonyms() if longer is None else longer
    is_shared = np.zeros(len(digests), dtype=bool) if is_shared is None else is_shared
    if not longer and not is_shared.any():
        return [f"{sign}-{text}" for text in short]
    long = _letters(digests, _LONG)
    return [
        f"{sign}-{far if is_twice or sign + text in longer else text}"
        for text, far, is_twice in zip(short, long, is_shared, strict=True)
    ]


def _digest(kind: str, ids: Sequence[str]) -> np.ndarray[Any, Any]:
    """The first 64 bits of each id's HMAC."""
    import numpy as np

    inner, outer = _begun(kind)
    inner_copy, outer_copy = inner.copy, outer.copy
    digests = []
    for text in ids:
        within, around = inner_copy(), outer_copy()
        within.update(text.encode("utf-8", "surrogatepass"))
        around.update(within.digest())
        digests.append(around.digest()[:_BYTES])
    held = b"".join(digests)
    return np.frombuffer(held, dtype=">u8").astype(np.uint64)


def _letters(digests: np.ndarray[Any, Any], n_signs: int) -> list[str]:
    import numpy as np

    alphabet = np.frombuffer(_ALPHABET, dtype=np.uint8)
    shifts = np.array([64 - 5 * (place + 1) for place in range(n_signs)], dtype=np.uint64)
    written = alphabet[((digests[:, None] >> shifts) & np.uint64(31)).astype(np.intp)]
    told: list[str] = np.ascontiguousarray(written).view(f"S{n_signs}").ravel().astype(f"U{n_signs}").tolist()
    return told


def _begun(kind: str) -> tuple[Any, Any]:
    """Both hashes of HMAC (RFC 2104) up to where the id comes in: half the time of beginning anew for each."""
    key = _key()
    padded = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(each ^ 0x36 for each in padded) + f"{kind}\0".encode())
    return inner, hashlib.sha256(bytes(each ^ 0x5C for each in padded))


@cache
def _key() -> bytes:
    return require_key()
