"""Tables that several measures of a study read, made once and kept in its engine for as long as the study is used."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from crm_research.common_tables import keep_on_shelf
from crm_research.study import Study

if TYPE_CHECKING:
    import ibis.expr.types as ir

_TABLES: Final[WeakKeyDictionary[Study, dict[Hashable, ir.Table]]] = WeakKeyDictionary()
_LATER: Final[WeakKeyDictionary[Study, Study]] = WeakKeyDictionary()


def keep_table(study: Study, key: Hashable, build: Callable[[], ir.Table]) -> ir.Table:
    """The table that `build` describes: computed when it is first asked for, and read from then on.

    Parameters
    ----------
    study
        Whose table it is; when nobody holds the study any more, the engine drops the table.
    key
        What tells this table from the study's others.
    build
        Gives the expression.

    Notes
    -----
    The embedded engine keeps it as a file, which all reports of a run share (`keep_on_shelf`); other engines, and one
    that was opened by hand, as a temporary table.
    """
    held = _TABLES.setdefault(study, {})
    if key not in held:
        described = build()
        kept = keep_on_shelf(study.backend, described)
        held[key] = described.cache() if kept is None else kept
    return held[key]


def seen_to_the_end(study: Study) -> Study:
    """The study as it stands when its holdout is over (itself without one), the same object each time."""
    if study.holdout_until is None:
        return study
    if study not in _LATER:
        _LATER[study] = study.standing_at(study.holdout_until)
    return _LATER[study]
