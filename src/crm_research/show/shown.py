"""Results that show themselves: as a cell's last line their finding, their figures and their main picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from crm_research.deferred import Later
from crm_research.show.display import LAB_STYLE
from crm_research.show.parts import Chart, Note, Table
from crm_research.show.section import Section
from crm_research.vocabulary import say_count

# Of a pillar: its module that says how each of its results is shown, and the name of the mapping in it.
_MODULE, _MAPPING = "in_notebooks", "SHOWN"
_MOST_SIGNS: Final = 80
_NOT_YET: Final = "computed when it is first read"


class Shown:
    """A result of a pillar, shown as `SHOWN` of the pillar's module ``in_notebooks`` says, else by what it holds.

    The mapping leads from a class of results to what makes a `Section` of one. It is looked up when a result is shown,
    so that a result knows neither its words nor its pictures.
    """

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        # A dataclass would print its frames one below the other.
        if "__repr__" not in vars(cls):
            setattr(cls, "__repr__", Shown.__repr__)  # noqa: B010 - mypy takes no method as a value

    def _as_section(self) -> Section:
        maker = _makers(type(self).__module__).get(type(self))
        made = None if maker is None else maker(self)
        # Not as a section of a page: the page that has it shows it in its place.
        return _tell_contents(self) if made is None or not made.parts else Section(*made.parts, result=self)

    def _ipython_display_(self) -> None:
        self._as_section().show()

    def _repr_html_(self) -> str:
        return LAB_STYLE + "".join(part.render().html for part in self._as_section().parts)

    def __repr__(self) -> str:
        # Pictures are told and not drawn: whoever prints a result wants to read it.
        parts = self._as_section().parts
        return "\n\n".join(part.tell() if isinstance(part, Chart) else part.render().plain for part in parts)


@cache
def _makers(module: str) -> Mapping[type[Any], Callable[[Any], Section]]:
    pillar = ".".join(module.split(".")[:3])
    name = f"{pillar}.{_MODULE}"
    if not pillar.startswith("crm_research.pillars.") or find_spec(name) is None:
        return {}
    found: Mapping[type[Any], Callable[[Any], Section]] = getattr(import_module(name), _MAPPING)
    return found


def _tell_contents(result: Any) -> Section:
    """What a result is and what it holds; nothing of it is computed for that."""
    import pandas as pd

    asked, meanings = _read_docstring(type(result).__doc__ or "")
    rows = [
        {"part": name, "holds": _say_held(held), "meaning": meanings.get(name, "")}
        for name, held in vars(result).items()
        if not name.startswith("_")
    ]
    return Section(
        Note(asked), Table(pd.DataFrame(rows), f"What {type(result).__name__} holds", max_rows=100), result=result
    )


def _say_held(held: Any) -> str:
    if isinstance(held, Later):
        return _NOT_YET
    shape = getattr(held, "shape", None)
    columns = getattr(held, "columns", None)
    if columns is not None and shape is not None:
        return f"{say_count(shape[0], 'row')}: {_shorten(', '.join(map(str, columns)))}"
    if isinstance(shape, tuple) and shape:
        return f"{' by '.join(f'{size:,}' for size in shape)} values"
    if isinstance(held, (Mapping, list, tuple, set, frozenset)) and len(held) > 0:
        return f"{say_count(len(held), 'part')}: {_shorten(', '.join(map(str, held)))}"
    if isinstance(held, Shown):
        return f"a {type(held).__name__}"
    return _shorten(str(held)) or "empty"


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_SIGNS else f"{line[:_MOST_SIGNS]} ..."


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """The question of a class in its first line, and what it says of each of its parameters."""
    first, _, rest = text.strip().partition("\n")
    told: dict[str, str] = {}
    for names, meaning in _entries(rest.partition("----------\n")[2]):
        told |= dict.fromkeys((name.strip() for name in names.split(",")), meaning)
    return first.strip(), told


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Names and meanings of a section of a docstring, up to the next section."""
    lines = text.partition("\n\n")[0].splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    names = ""
    meaning: list[str] = []
    for line in lines:
        if len(line) - len(line.lstrip()) == margin:
            if names:
                yield names, " ".join(meaning)
            names, meaning = line.strip(), []
        else:
            meaning.append(line.strip())
    if names:
        yield names, " ".join(meaning)
