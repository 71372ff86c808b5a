"""Names of segments: suggested by rule from what stands out (`cards.name_groups`), overruled by the study's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from crm_research.deferred import Later
from crm_research.errors import ParameterError

_COLUMNS: Final = ("segment", "other_segment")

if TYPE_CHECKING:
    from crm_research.pillars.segmentation.describe.rules import Rules
    from crm_research.pillars.segmentation.result import Grouping, Segmentation


def rename_segments(segments: Segmentation, names: Mapping[str, str]) -> Segmentation:
    """The same segmentation under names of your own.

    Parameters
    ----------
    segments
        As found.
    names
        Suggested name to the name it shall have; the others keep theirs. A suggested name that does not occur is
        passed over (`find_unmatched`), for other records suggest other names.

    Raises
    ------
    ParameterError
        If two segments would bear the same name, or a name is empty.
    """
    if segments.found is None or not names:
        return segments
    return replace(segments, found=_rename(segments.found, names))


def find_unmatched(segments: Segmentation, names: Mapping[str, str]) -> list[str]:
    """Suggested names that were to be replaced but do not occur: neither they nor their replacement is a segment."""
    if segments.found is None:
        return []
    held = set(segments.found.cards["segment"])
    return [name for name, own in names.items() if name not in held and own not in held]


def _rename(found: Grouping, names: Mapping[str, str]) -> Grouping:
    suggested = list(found.cards["segment"])
    given = [names.get(name, name).strip() for name in suggested]
    if not all(given):
        raise ParameterError("A segment's name is empty. Write one under segmentation: names: in the study's file.")
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise ParameterError(
            f"Two segments would both be called {twice[0]!r}. Give each its own under segmentation: names: in the "
            f"study's file; the suggested names are {', '.join(map(repr, suggested))}."
        )
    mapped = dict(zip(suggested, given, strict=True))
    changes: dict[str, Any] = {}
    for part in fields(found):
        # What is deferred stays so.
        value = vars(found)[part.name]
        if isinstance(value, pd.DataFrame):
            held = [name for name in value.columns if str(name) in _COLUMNS]
            changes[part.name] = value.assign(**{name: value[name].replace(mapped) for name in held})
    changes["rules"] = Later(lambda: _rename_rules(found.rules, mapped))
    changes.setdefault("methods", Later(lambda: found.methods))
    return replace(found, **changes)


def _rename_rules(rules: Rules, mapped: Mapping[str, str]) -> Rules:
    return replace(rules, table=rules.table.assign(segment=rules.table["segment"].replace(mapped)))
