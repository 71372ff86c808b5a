"""One report a value of a column: the study taken apart, each part run as a study of its own on a shelf of its own."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from crm_research.catalogue import Report
from crm_research.errors import StudyError
from crm_research.features.parts import list_parts, take_part
from crm_research.privacy.masking import masked
from crm_research.reporting import inputs
from crm_research.reporting.asked import ask
from crm_research.reporting.plan import Opened, RunPlan, join_plans, open_asked, plan_tasks
from crm_research.reporting.records import write_json
from crm_research.reporting.shelf import locked
from crm_research.results import PARTS, PARTS_RECORD, PRIVATE
from crm_research.sources.definition import LONGEST_NAME
from crm_research.sources.fingerprints import require_unchanged
from crm_research.time_limit import time_limit
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.study import Study

_N_SIGNS: Final = 6
_LONGEST: Final = LONGEST_NAME - _N_SIGNS - 1


@dataclass(frozen=True, kw_only=True)
class FanOut:
    """What is made of which parts.

    Parameters
    ----------
    study, as_of
        Name of the study that is taken apart, and its day.
    plan
        The reports to make, of all parts.
    out
        The shelf of the parts.
    made
        Name of a part to its value.
    withheld
        How many parts have no page, and why, in a sentence; empty where all have.
    """

    study: str
    as_of: str
    plan: RunPlan
    out: Path
    made: Mapping[str, str]
    withheld: str

    def note(self, column: str) -> None:
        """Leave on the shelf which parts there are, and why others are not; what these had at this day goes."""
        with locked(self.out):
            for folder in self.out.glob(f"*/{self.as_of}"):
                if folder.parent.name not in {*self.made, PRIVATE} and (folder / "run.json").is_file():
                    shutil.rmtree(folder, ignore_errors=True)
        write_json(
            self.out / PARTS_RECORD,
            {
                "study": self.study,
                "column": column,
                "parts": {name: masked(value) for name, value in self.made.items()},
                "withheld": self.withheld,
            },
        )


def plan_each(
    candidates: Sequence[Report],
    *,
    given: str,
    column: str,
    as_of: date | None,
    parameters: Mapping[str, Any],
    scratch: Path,
    out: Path,
    is_checking_input: bool,
    notebooks: Path | None,
    timeout_seconds: float | None = None,
    shown: Mapping[str, Any],
    is_only_changed: bool = False,
) -> FanOut:
    """Which reports are made of which parts of a study?

    Parameters
    ----------
    column
        Of which each customer has one value, in whichever table names customers.
    shown
        What else was asked of the run that shows on its pages.
    out
        The shelf of the run; parts get one below it.

    Raises
    ------
    CrmError
        If what was asked cannot be done, or if no part is large enough.
    """
    how = {**shown, "is_checking_input": is_checking_input}
    with time_limit(f"Reading and checking {given}", seconds=timeout_seconds):
        asked = ask(given, candidates, as_of, parameters, notebooks, how | {"each": column})
        opened = open_asked(asked, more=asked.mapped)
        study = inputs.without(opened.study, opened.faults)
        if study.backend.name != "duckdb":
            raise StudyError(
                f"Study {study.name!r} lives in a server, and --each takes a study apart on this machine. Write a "
                f"study file for each value, with where: {column} = 'VALUE' under its tables, and run those."
            )
        parts = list_parts(study, column)
        kept, withheld = _withhold(study, parts.n_customers, parts.n_without, column)
        names = _name_parts(kept)
        shelf = out / PARTS / f"{study.name}-{_slug(column) or 'column'}"
        plans = []
        for name, value in names.items():
            own = replace(asked, rests=replace(asked.rests, how={**how, "each": column, "value": value}))
            own, unchanged = own.without_made(shelf if is_only_changed else None, name)
            if not own.applicable:
                plans.append(RunPlan(unchanged=unchanged))
                continue
            part = _as_copy(take_part(study, parts, value, name=name))
            held = Opened(
                study=part, wanted=opened.wanted, faults=opened.faults, verdict=None, omissions=opened.omissions
            )
            plans.append(replace(plan_tasks(own, held, scratch / name), unchanged=unchanged))
        require_unchanged(
            (state for found in study.inputs for state in found.files), while_what="while the study was taken apart"
        )
    # What does not apply to the study applies to no part, and is told once.
    plan = replace(join_plans(plans), omissions=opened.omissions)
    day = f"{study.as_of:%Y-%m-%d}"
    return FanOut(study=study.name, as_of=day, plan=plan, out=shelf, made=names, withheld=withheld)


def _slug(text: str) -> str:
    """A text as a folder may be called: its letters and digits, if it has any of ours."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _as_copy(part: Study) -> Study:
    """The part as kernels find it: its rows are copied, so that no file is read again."""
    return replace(part, inputs=tuple(replace(found, files=()) for found in part.inputs))


def _withhold(study: Study, n_customers: Mapping[str, int], n_without: int, column: str) -> tuple[list[str], str]:
    """The parts that are large enough, and what is said of the others.

    What is withheld must not be told from the whole and the other parts: a single small part, or small ones that
    together are few, take the next smallest along. Those without a value have no page, and are a part to be reckoned.
    """
    least = study.least_group
    smallest = sorted(n_customers, key=lambda value: (n_customers[value], value))
    left = [value for value in smallest if n_customers[value] < least]
    n_small = len(left)

    def is_told_apart() -> bool:
        hidden = [n_customers[value] for value in left] + ([n_without] if n_without else [])
        is_small_one = bool(left) or 0 < n_without < least
        return is_small_one and (len(hidden) == 1 or sum(hidden) < least)

    while is_told_apart() and len(left) < len(smallest):
        left.append(smallest[len(left)])
    kept = [value for value in n_customers if value not in left]
    if not kept:
        raise StudyError(
            f"Study {study.name!r}: no value of {column!r} leaves a page. Parts of fewer than {least} customers are "
            "withheld, since persons could be told from them, and so is what would give them away. Name a coarser "
            "column."
        )
    if not left:
        return kept, ""
    n_more = len(left) - n_small
    told = []
    if n_small:
        told.append(
            f"{say_count(n_small, 'part')} of fewer than {least} customers {word_for(n_small, 'is', 'are')} withheld, "
            f"since persons could be told from {word_for(n_small, 'it', 'them')}"
        )
    if n_more and n_small:
        told.append(f"so {word_for(n_more, 'is', 'are')} {n_more:,} more, with which others could be reckoned")
    elif n_more:
        told.append(
            f"{say_count(n_more, 'part')} {word_for(n_more, 'is', 'are')} withheld, with which the few customers "
            "without a value could be reckoned"
        )
    return kept, f"{'; '.join(told)}."


def _name_parts(values: Sequence[str]) -> Mapping[str, str]:
    """A name for folders to each value, distinct, and the same tomorrow, whichever others there are and how large.

    Its letters and digits; where these are not all of ours, tell of a person, or are those of another value, too, with
    signs that are the value's own.
    """
    plain = {value: _slug(masked(value))[:_LONGEST].strip("-") for value in values}
    n_alike = Counter(plain.values())
    named = {}
    for value, name in plain.items():
        is_ours = all(sign.isascii() or not sign.isalnum() for sign in value)
        is_told = is_ours and n_alike[name] == 1 and name not in (PRIVATE, PARTS)
        own = sha256(masked(value).encode()).hexdigest()[:_N_SIGNS]
        named[name if name and is_told else f"{name or 'part'}-{own}"] = value
    return MappingProxyType(named)
