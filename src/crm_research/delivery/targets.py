"""Where pages go: a folder, a store of objects, a server of WebDAV or SFTP, or the readers' mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from crm_research.addresses import scheme_of
from crm_research.errors import CrmError
from crm_research.sources.delivery_rule import PublishRule, why_no_target


@dataclass(frozen=True, kw_only=True)
class Keep:
    """How long the days of a study stay at a target; None keeps all.

    Parameters
    ----------
    runs
        So many of a study's days, the newest first.
    days
        So many days back from the newest.
    """

    runs: int | None = None
    days: int | None = None

    def of(self, found: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these stay, each a study and its day?"""
        by_study: dict[str, list[str]] = defaultdict(list)
        for study, day in found:
            by_study[study].append(day)
        kept = set()
        for study, days in by_study.items():
            newest_first = sorted(days, reverse=True)
            first = _days_back(newest_first[0], self.days)
            kept |= {(study, day) for day in newest_first[: self.runs] if day >= first}
        return kept


def _days_back(day: str, n: int | None) -> str:
    try:
        return "" if n is None else (date.fromisoformat(day) - timedelta(days=n - 1)).isoformat()
    except (ValueError, OverflowError):
        return ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One place that pages are published to.

    Parameters
    ----------
    to
        The folder or the address; it holds no credentials.
    """

    to: str
    keep: Keep = Keep()
    site: str | None = None

    @property
    def is_folder(self) -> bool:
        """Is it a folder of this machine?"""
        return scheme_of(self.to) is None

    @property
    def folder(self) -> Path:
        """The folder it is."""
        return Path(self.to).expanduser().resolve()

    @property
    def said(self) -> str:
        """How messages name it."""
        return str(self.folder) if self.is_folder else self.to


def target_of(rule: PublishRule, *, keep: Keep, where: str | None = None) -> Target:
    """The target of a study file; what the command says of keeping goes before what the file says."""
    to = rule.to
    if where is not None and scheme_of(to) is None:
        # Beside the study file, as its tables are.
        to = str(Path(where) / Path(to).expanduser())
    runs, days = keep.runs or rule.keep_runs, keep.days or rule.keep_days
    return Target(to=to, keep=Keep(runs=runs, days=days), site=rule.site)


def read_target(text: str, *, keep: Keep) -> Target:
    """The target that somebody wrote on the command line.

    Raises
    ------
    CrmError
        If it is none, in words that show no credentials.
    """
    if (problem := why_no_target(text)) is not None:
        from crm_research.addresses import hide_credentials

        raise CrmError(f"The target {hide_credentials(text)} {problem}. Nothing was sent.")
    return Target(to=text.strip(), keep=keep)
