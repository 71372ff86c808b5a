"""Parts of a result that are computed when somebody first looks at them, so that an answer waits for what it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class Later(Generic[T]):
    """A part that is not computed yet, and how it will be."""

    def __init__(self, compute: Callable[[], T]) -> None:
        self.compute = compute


class deferred(Generic[T]):  # noqa: N801 - written as a field's default, as dataclasses.field is
    """A field of a frozen result that takes a value, or a `Later` to be computed once, when it is first read.

    To the reader it is a field like any other: ``rules: deferred[Rules] = deferred()``.
    """

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, result: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, result: object, owner: type[Any] | None = None) -> T: ...

    def __get__(self, result: object | None, owner: type[Any] | None = None) -> Self | T:
        if result is None:
            # A dataclass asks here for the field's default: there is none.
            raise AttributeError(self._name)
        held = vars(result)[self._name]
        if isinstance(held, Later):
            held = vars(result)[self._name] = held.compute()
        value: T = held
        return value

    def __set__(self, result: object, value: T | Later[T]) -> None:
        vars(result)[self._name] = value
