"""What a study file says of its engine: where the tables are, and how much of the machine it may take."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crm_research.addresses import scheme_of
from crm_research.engine import DEFAULT_URL
from crm_research.errors import StudyError
from crm_research.said_by_others import say_fault, say_found
from crm_research.sources.written import as_allowed

_GIGABYTES: Final = {"k": 1e-6, "m": 1e-3, "g": 1.0, "t": 1e3}
_BINARY: Final = {"k": 2**10 / 1e9, "m": 2**20 / 1e9, "g": 2**30 / 1e9, "t": 2**40 / 1e9}
# Less does not hold the pages that two threads sort and join in; more has no machine.
_LEAST_GIGABYTES, _MOST_GIGABYTES = 0.1, 1e6
_MOST_THREADS: Final = 1024


def _as_gigabytes(value: Any) -> float:
    """Gigabytes of what is written as 2GB, 512 MB or 1.5 GiB."""
    found = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,9})?)\s*([kmgt])(i?)b\s*", str(value), re.IGNORECASE)
    if found is None:
        raise ValueError(f"{str(value)[:40]!r} is no amount of memory; write a number and its unit, such as 2GB")
    number, unit, is_binary = float(found[1]), found[2].lower(), bool(found[3])
    gigabytes = number * (_BINARY if is_binary else _GIGABYTES)[unit]
    if not _LEAST_GIGABYTES <= gigabytes <= _MOST_GIGABYTES:
        raise ValueError(
            f"{str(value)[:40]!r} lies outside what an engine can work with, 100 MB to 1,000,000 GB; leave it out and "
            "reports that run side by side share the machine's"
        )
    return gigabytes


class EngineRule(BaseModel):
    """Address and limits of a study's engine.

    Parameters
    ----------
    url
        Where the tables are scanned: the embedded engine, or a server.
    memory
        Gigabytes that the embedded engine of each report may take before it works from disk; None shares the machine's.
    threads
        Threads of the embedded engine of each report; None takes all that the process may run on.
    spill
        Folder for what does not fit into memory; None takes the system's temporary one.
    cache
        May tables that were made of text be kept (`crm_research.sources.cache`)?
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(as_allowed)] = DEFAULT_URL
    memory: Annotated[float, BeforeValidator(_as_gigabytes)] | None = None
    threads: Annotated[int, Field(ge=1, le=_MOST_THREADS, strict=True)] | None = None
    spill: str | None = None
    cache: Annotated[bool, Field(strict=True)] = True

    @model_validator(mode="after")
    def _has_what_it_limits(self) -> EngineRule:
        told = [name for name in ("memory", "threads", "spill") if getattr(self, name) is not None]
        if told and scheme_of(self.url) != "duckdb":
            raise ValueError(
                f"{', '.join(told)}: of the embedded engine only; what a server may take is settled there. Leave it "
                "out, or leave the url out: then everything is copied into the embedded engine"
            )
        return self

    def spill_folder(self, path: Path) -> Path | None:
        """The folder to spill into, beside the study file at `path` where it is no whole path.

        Raises
        ------
        StudyError
            If it is not there, or nobody may write into it.
        """
        if self.spill is None:
            return None
        if not self.spill.strip():
            raise StudyError(f"{path}: engine.spill: names no folder. Write its path, or leave the key out.")
        try:
            folder = (path.parent / Path(self.spill).expanduser()).resolve()
            is_there = folder.is_dir()
        except (OSError, RuntimeError, ValueError) as problem:
            # Names that are too long or hold a zero byte, and homes of nobody.
            reason = getattr(problem, "strerror", None) or say_fault(problem)
            raise StudyError(
                f"{path}: engine.spill: the path {self.spill[:100]!r} cannot be used: {reason}. Name another folder."
            ) from None
        if not is_there:
            raise StudyError(f"{path}: engine.spill: there is no folder {folder}. Make it, or name another.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StudyError(f"{path}: engine.spill: {folder} may not be written into. Name another folder.")
        return folder


def _as_rule(value: Any) -> Any:
    """An address alone is a rule without limits."""
    if not isinstance(value, (str, dict, EngineRule)):
        raise ValueError(
            f"{say_found(value)[:40]} is no engine; write an address, or keys such as {{memory: 2GB, threads: 2}}"
        )
    return {"url": as_allowed(value)} if isinstance(value, str) else value


Engine = Annotated[EngineRule, BeforeValidator(_as_rule)]


def read_from_server(content: Any) -> Any:
    """A study as written, in which sources that name a table or a query alone have the address of its server."""
    engine = content.get("engine") if isinstance(content, dict) else None
    url = engine.get("url") if isinstance(engine, dict) else engine
    tables = content.get("tables") if isinstance(content, dict) else None
    if not isinstance(url, str) or not isinstance(tables, dict) or scheme_of(url) in {None, "duckdb"}:
        return content
    return content | {"tables": {name: _at(url, rule) for name, rule in tables.items()}}


def _at(url: str, rule: Any) -> Any:
    source = rule.get("from") if isinstance(rule, dict) else None
    if not isinstance(source, dict) or {"path", "url", "sample", "sql"} & set(source):
        return rule
    return rule | {"from": {"url": url} | source} if {"table", "query"} & set(source) else rule
