"""The last look before anything leaves: the one place that asks the scan of what is written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crm_research.errors import CrmError
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.study import Study

_MOST_TOLD: Final = 10


def refuse_what_may_not_leave(folder: Path, studies: Sequence[str] = ()) -> None:
    """Stop where a file that would be sent holds an id, an address, a phone or a card of somebody.

    Parameters
    ----------
    studies
        Names or files of the studies whose ids are looked for.

    Raises
    ------
    CrmError
        Naming file and place, never what stands there.
    """
    from crm_research.privacy.known_ids import IdsOfStudy
    from crm_research.privacy.scan import scan_reports

    opened = [_opened(given) for given in studies]
    found = scan_reports(folder, {study.name: IdsOfStudy(study) for study in opened})
    if not found:
        return
    told = "".join(f"\n  {each}" for each in found[:_MOST_TOLD])
    more = f"\n  and {len(found) - _MOST_TOLD:,} more" if len(found) > _MOST_TOLD else ""
    raise CrmError(
        f"Nothing was sent: what would be sent tells of persons in {say_count(len(found), 'place')}.{told}{more}\nMake "
        "those reports anew, which puts pseudonyms in the place of ids, and words in that of addresses and numbers, "
        "also in the study's title and caveats. What is found again stands in a name (of a column, a file or a "
        "parameter) or in a notebook of yours: change it there. crm-research scan lists every place."
    )


@lru_cache(maxsize=8)
def _opened(given: str) -> Study:
    """The study; a command asks for it before it publishes and before it sends mail."""
    from crm_research.sources.opening import open_study

    return open_study(given)
