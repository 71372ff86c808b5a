"""What a publishing was asked for: targets and letters, of the command line and of the study files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_research.delivery.site import find_studies
from crm_research.delivery.targets import Keep, Target, read_target, target_of
from crm_research.errors import CrmError, StudyError, offer_names
from crm_research.settings import read_settings
from crm_research.sources.definition import StudyDefinition
from crm_research.sources.delivery_rule import MAIL, why_no_recipient
from crm_research.sources.own_files import find_own_files


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Who gets the newest day of a study by mail.

    Parameters
    ----------
    site
        Where readers open the pages, if a study file says so.
    house
        The file of the study's own look; None where it has the company's.
    """

    study: str
    recipients: tuple[str, ...]
    site: str | None = None
    house: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A publishing as it was asked for, checked.

    Parameters
    ----------
    studies
        Names of studies on the shelf; none means all.
    study_files
        Names or files of those whose study file is known.
    unknown
        Names of those whose study file is not, whose ids nobody can look for.
    """

    shelf: Path
    targets: tuple[Target, ...]
    letters: tuple[Letter, ...]
    studies: tuple[str, ...]
    study_files: tuple[str, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Known:
    given: str
    definition: StudyDefinition
    file: Path

    @property
    def folder(self) -> Path:
        return self.file.parent


def read_asked(
    targets: Sequence[str],
    *,
    studies: Sequence[str],
    shelf: Path | None,
    lists: Sequence[str] = (),
    recipients: Sequence[str] = (),
    keep: Keep = Keep(),  # noqa: B008  (frozen)
) -> Asked:
    """What is to go where?

    Raises
    ------
    CrmError
        If something was asked wrongly: a target that is none, a recipient without @, a list that no study file has.
    """
    place = (shelf or read_settings().reports).resolve()
    for address in recipients:
        if (problem := why_no_recipient(address)) is not None:
            raise CrmError(f"--recipient {problem}. Nothing was sent.")
    names, known = _look_up(studies, place)
    is_all = not targets and not recipients
    wants_mail = is_all or MAIL in targets or bool(lists)
    chosen = _targets(targets, known, keep, is_all=is_all)
    _check_lists(lists, known)
    letters = _letters(names, known, lists, recipients, wants_mail=wants_mail)
    if (MAIL in targets or lists) and not letters:
        raise CrmError(
            f"Mail was asked for, and {_said_files(known)} no recipients. Write recipients: [anna@example.com] there, "
            "or name them with --recipient. Nothing was sent."
        )
    if not chosen and not letters:
        raise CrmError(
            f"Nothing says where to publish: {_said_files(known)} neither publish nor recipients. Name a TARGET, such "
            "as a folder, or write publish: in the study file. Nothing was sent."
        )
    return Asked(
        shelf=place,
        targets=tuple(chosen),
        letters=tuple(letters),
        studies=tuple(names) if studies else (),
        study_files=tuple(known[name].given for name in names if name in known),
        unknown=tuple(name for name in names if name not in known),
    )


def _said_files(known: dict[str, _Known]) -> str:
    if not known:
        return "no study file of these reports is known, which holds"
    if len(known) == 1:
        return f"the study file of {next(iter(known))} holds"
    return "the study files hold"


def _look_up(studies: Sequence[str], shelf: Path) -> tuple[list[str], dict[str, _Known]]:
    """Names of the studies on the shelf, and the study files of those that have one."""
    from crm_research.sources.opening import find_study_file
    from crm_research.sources.study_file import read_study_file

    known: dict[str, _Known] = {}
    names = []
    for given in studies or find_studies(shelf):
        is_file = given.lower().endswith((".yaml", ".yml")) or "/" in given
        try:
            path = find_study_file(given)
        except StudyError:
            # Pages may be published of a study whose file is elsewhere.
            if is_file:
                raise
            names.append(given)
            continue
        definition = read_study_file(path)
        names.append(definition.name)
        known[definition.name] = _Known(given, definition, path)
    return names, known


def _targets(asked: Sequence[str], known: dict[str, _Known], keep: Keep, *, is_all: bool) -> list[Target]:
    named: dict[str, list[Target]] = {}
    for one in known.values():
        for name, rule in one.definition.publish.items():
            named.setdefault(name, []).append(target_of(rule, keep=keep, where=str(one.folder)))
    chosen = [target for each in named.values() for target in each] if is_all else []
    for text in asked:
        if text == MAIL:
            continue
        chosen += named.get(text) or [read_target(text, keep=keep)]
    return list({target.said: target for target in chosen}.values())


def _check_lists(lists: Sequence[str], known: dict[str, _Known]) -> None:
    there = {name for one in known.values() for name in one.definition.recipients}
    for name in lists:
        if name not in there:
            raise CrmError(f"--to {name}: no study file has a list of that name. {offer_names(name, there)}")


def _letters(
    names: Sequence[str],
    known: dict[str, _Known],
    lists: Sequence[str],
    recipients: Sequence[str],
    *,
    wants_mail: bool,
) -> list[Letter]:
    letters = []
    for name in names:
        one = known.get(name)
        own = one.definition.recipients if one is not None and wants_mail else {}
        addresses = [address for each, held in own.items() if not lists or each in lists for address in held]
        addresses = list(dict.fromkeys([*addresses, *recipients]))
        if addresses:
            sites = [rule.site for rule in one.definition.publish.values() if rule.site] if one is not None else []
            house = find_own_files(one.definition, one.file).house if one is not None else None
            letters.append(Letter(study=name, recipients=tuple(addresses), site=next(iter(sites), None), house=house))
    return letters
