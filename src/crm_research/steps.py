"""Steps of an analysis that a study keeps: computed once for what they read, and taken from then on.

A step is a function without side effects. Its answer is kept under its name and the very inputs it was called with, so
that a parameter it does not read changes nothing, and one that it reads makes it anew: there is nothing to invalidate.
"""

from __future__ import annotations

import hashlib
import inspect
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from functools import wraps
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Literal, ParamSpec, TypeVar

from crm_research.profiling import PROFILED

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
R = TypeVar("R")
How = Literal["computed", "taken"]

# More than all reports of a study ask with a dozen settings each; what was not used for longest goes first.
_MOST: Final = 512
_MOST_SAID: Final = 4
_PLAIN: Final = (bool, int, complex, str, bytes, date, timedelta, Enum, type(None))
_current: ContextVar[KeptSteps | None] = ContextVar("kept steps", default=None)


@dataclass(eq=False, kw_only=True)
class _Held:
    """What a step gave; it holds its inputs too, so that none of them is mistaken for a later one."""

    name: str
    inputs: Mapping[str, Any]
    result: Any
    seconds: float
    n_taken: int = 0


@dataclass(eq=False)
class KeptSteps:
    """What has been computed of a study, and need not be computed again?

    Kept by the study itself: with its last user both are gone. At most 512 steps are held.
    """

    _held: OrderedDict[Hashable, _Held] = field(default_factory=OrderedDict, repr=False)
    _readers: list[MutableMapping[Hashable, How]] = field(default_factory=list, repr=False)
    _inner_seconds: list[float] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self._held)

    def clear(self) -> None:
        """Forget everything: what is asked next is computed anew."""
        self._held.clear()

    def take(self, name: str, inputs: Mapping[str, Any], compute: Callable[[], R]) -> R:
        """The answer of a step: computed when these inputs are met for the first time, and taken from then on."""
        key = _key_of_step(name, inputs)
        held = self._held.get(key)
        if held is None:
            started = perf_counter()
            self._inner_seconds.append(0.0)
            token = _current.set(self)
            try:
                with PROFILED.step(name):
                    result = compute()
            finally:
                _current.reset(token)
                inner, whole = self._inner_seconds.pop(), perf_counter() - started
                if self._inner_seconds:
                    self._inner_seconds[-1] += whole
            held = _Held(name=name, inputs=dict(inputs), result=result, seconds=max(whole - inner, 0.0))
            self._held[key] = held
            how: How = "computed"
        else:
            held.n_taken += 1
            how = "taken"
        self._held.move_to_end(key)
        for reader in self._readers:
            reader.setdefault(key, how)
        while len(self._held) > _MOST:
            self._held.popitem(last=False)
        result_held: R = held.result
        return result_held

    def hold(self, function: Callable[..., R], inputs: Mapping[str, Any], result: R) -> None:
        """Hold the answer of a step that was found elsewhere of the same records, as if it had been computed here.

        `inputs` are all that the step takes beside the study.
        """
        self.take(_name_of(function), inputs, lambda: result)

    def known(self, function: Callable[..., R], inputs: Mapping[str, Any]) -> R | None:
        """The answer of a step if it is held, inputs as for `hold`; nothing is computed, and nobody has read it."""
        held = self._held.get(_key_of_step(_name_of(function), inputs))
        result: R | None = None if held is None else held.result
        return result

    @contextmanager
    def read_by(self, reader: MutableMapping[Hashable, How]) -> Iterator[None]:
        """Within it every step asked for is noted in `reader`: was it computed, or taken?"""
        self._readers.append(reader)
        try:
            yield
        finally:
            self._readers.remove(reader)

    def table(self, reader: Mapping[Hashable, How] | None = None) -> pd.DataFrame:
        """What is held, on what does it rest, how long did it take, and who has used it?

        Parameters
        ----------
        reader
            Of `read_by`: what it asked for; without one, how often each step was taken stands alone.

        Returns
        -------
        frame
            The latest asked last: step, rests_on (inputs; other steps by their name), seconds (of the step alone,
            without the steps it asked for), n_taken (times it was taken since) and, for a reader, here (computed,
            taken, or empty where it has not asked).
        """
        import pandas as pd

        made = {id(held.result): held.name for held in self._held.values() if not isinstance(held.result, _PLAIN)}
        rows = [
            {
                "step": held.name,
                "rests_on": _say_inputs(held.inputs, made),
                "seconds": held.seconds,
                "n_taken": held.n_taken,
                **({} if reader is None else {"here": reader.get(key, "")}),
            }
            for key, held in self._held.items()
        ]
        columns = ["step", "rests_on", "seconds", "n_taken", *([] if reader is None else ["here"])]
        return pd.DataFrame(rows, columns=columns)

    def results(self) -> tuple[Any, ...]:
        """What is held, the answers alone."""
        return tuple(held.result for held in self._held.values())

    def __repr__(self) -> str:
        return self.table().to_string(index=False) if self._held else "(nothing kept)"

    def _repr_html_(self) -> str:
        return str(self.table().to_html(index=False))


def step(function: Callable[P, R]) -> Callable[P, R]:
    """A function whose answers the study keeps: the first argument is a study, or another step called it.

    Outside any study it is computed each time. Its name, in words, is the function's; nothing but its arguments may
    sway what it gives, and nobody may change what it gave.
    """
    signature = inspect.signature(function)
    name = _name_of(function)

    @wraps(function)
    def kept(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        first = next(iter(given.values()), None)
        store = getattr(first, "kept", None)
        if isinstance(store, KeptSteps):
            given.pop(next(iter(given)))
        else:
            store = _current.get()
        if store is None:
            return function(*args, **kwargs)
        return store.take(name, given, lambda: function(*args, **kwargs))

    return kept


def _name_of(function: Callable[..., Any]) -> str:
    return function.__name__.strip("_").replace("_", " ")


def _key_of_step(name: str, inputs: Mapping[str, Any]) -> Hashable:
    return (name, tuple((given, _key_of(value)) for given, value in inputs.items()))


def _key_of(value: Any) -> Hashable:
    """Equal for inputs that a step cannot tell apart: plain values and arrays by what they hold, the rest as it is."""
    if isinstance(value, float):
        return ("float", float(value).hex())
    if isinstance(value, _PLAIN):
        return (type(value), value)
    if isinstance(value, (list, tuple)):
        return (type(value), tuple(map(_key_of, value)))
    if isinstance(value, (set, frozenset)):
        return ("set", frozenset(map(_key_of, value)))
    if isinstance(value, Mapping):
        return ("mapping", tuple((_key_of(name), _key_of(held)) for name, held in value.items()))
    digest = _digest_array(value) or _digest_frame(value)
    return digest if digest is not None else ("object", id(value))


def _digest_array(value: Any) -> Hashable | None:
    import numpy as np

    if isinstance(value, np.generic):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        return None
    content = hashlib.sha256(value.tobytes()).hexdigest()
    return ("array", value.dtype.str, value.shape, content)


def _digest_frame(value: Any) -> Hashable | None:
    """Of a frame or column of numbers and times; one that holds texts is known by itself."""
    import pandas as pd

    parts: list[Any]
    if isinstance(value, pd.Series):
        parts = [value.index, value]
    elif isinstance(value, pd.DataFrame):
        parts = [value.index, *(value.iloc[:, place] for place in range(value.shape[1]))]
    else:
        return None
    if any(not hasattr(part.dtype, "byteorder") for part in parts):
        return None
    digests = [_digest_array(part.to_numpy()) for part in parts]
    if None in digests:
        return None
    return (type(value), tuple((_key_of(part.name), digest) for part, digest in zip(parts, digests, strict=True)))


def _say_inputs(inputs: Mapping[str, Any], made: Mapping[int, str]) -> str:
    said = [_say_input(name, value, made) for name, value in inputs.items() if not _is_nothing(value)]
    return ", ".join(said) or "the records"


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, (list, tuple, set, frozenset, Mapping)) and not value)


def _say_input(name: str, value: Any, made: Mapping[int, str]) -> str:
    words = name.replace("_", " ")
    if isinstance(value, str) or (isinstance(value, (_PLAIN, float)) and value is not None):
        return f"{words} {value!s}"
    if id(value) in made:
        return made[id(value)]
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{words} ({' by '.join(f'{size:,}' for size in shape)})"
    if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(one, (str, int, float)) for one in value):
        more = len(value) - _MOST_SAID
        said = ", ".join(map(str, list(value)[:_MOST_SAID]))
        return f"{words} {said}" if more <= 0 else f"{words} {said} and {more:,} more"
    return words
