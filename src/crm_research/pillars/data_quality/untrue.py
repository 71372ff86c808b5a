"""What is said of records of the systems that may not be of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crm_research.theme import say_count, say_short, word_for

if TYPE_CHECKING:
    from crm_research.features.untrue_records import UntrueCount, UntrueRecords


@dataclass(frozen=True, kw_only=True)
class _Words:
    """A suspicion in words.

    Parameters
    ----------
    kind
        What is suspected, within a line.
    bears, bear
        What one record, and what several of them do, by which they are suspect.
    otherwise
        What else explains it, and how often it is false where the truth is known (tests/features/test_suspicions.py).
    """

    kind: str
    bears: str
    bear: str
    otherwise: str


HOW: Final = (
    "names, addresses, numbers and births in one spelling; lists of what stands for nothing, and more than ten names, "
    "four standard deviations or 100 to 1 against"
)
_NEVER_WRONG: Final = "Of simulated records of known truth, none so suspected was a true one."
_WORDS: Final[Mapping[str, _Words]] = {
    "placeholder_name": _Words(
        kind="names that stand for no one",
        bears="bears a name that people write where they know none",
        bear="bear a name that people write where they know none",
        otherwise=f"Somebody may be called so. {_NEVER_WRONG}",
    ),
    "keyboard_name": _Words(
        kind="names run off the keyboard",
        bears="bears a name of keys side by side, or of one letter again and again",
        bear="bear a name of keys side by side, or of one letter again and again",
        otherwise=f"A short foreign name may look so. {_NEVER_WRONG}",
    ),
    "placeholder_email": _Words(
        kind="e-mail addresses that nobody reads",
        bears="bears an address that is written where there is none",
        bear="bear an address that is written where there is none",
        otherwise="Somebody may read such an address: write to it.",
    ),
    "placeholder_phone": _Words(
        kind="phone numbers that are none",
        bears="bears a number of one digit again and again, or counted up or down",
        bear="bear a number of one digit again and again, or counted up or down",
        otherwise="Some true numbers are so: of simulated records of known truth, one in 1,700 so suspected was true.",
    ),
    "born_on_january_first": _Words(
        kind="births on 1 January beyond chance",
        bears="is of somebody born on 1 January, beyond what chance gives in its system",
        bear="are of people born on 1 January, beyond what chance gives in their system",
        otherwise="Chance alone explains about {n_by_chance} of them.",
    ),
    "shared_phone": _Words(
        kind="phone numbers that many share",
        bears="has its phone number under more than ten names",
        bear="have their phone number under more than ten names",
        otherwise="People who are reached through one office share a number. "
        "Of simulated households none was so suspected.",
    ),
    "shared_email": _Words(
        kind="e-mail addresses that many share",
        bears="has its e-mail address under more than ten names",
        bear="have their e-mail address under more than ten names",
        otherwise="People who are reached through one office share an address.",
    ),
    "misplaced_city": _Words(
        kind="towns that are not in their postcode",
        bears="names a town that hardly any other names with its postcode",
        bear="name a town that hardly any other names with its postcode",
        otherwise="A hamlet that few write is right. Of simulated villages none was so suspected.",
    ),
    "birth_against_identifier": _Words(
        kind="births that the identity number contradicts",
        bears="has another day of birth than its identity number names",
        bear="have another day of birth than their identity number names",
        otherwise="One of the two is wrong: there is no other reading.",
    ),
}


def kind_of(suspicion: str) -> str:
    """A suspicion as it is called within a line."""
    return _WORDS[suspicion].kind


def say_found(one: UntrueCount) -> str:
    """What was found, of how many records."""
    words = _WORDS[one.suspicion]
    return f"{say_count(one.n_suspected, 'record')} {word_for(one.n_suspected, words.bears, words.bear)}."


def say_otherwise(one: UntrueCount) -> str:
    """What else explains it, or how often the suspicion is false."""
    return _WORDS[one.suspicion].otherwise.format(n_by_chance=say_short(one.n_by_chance, 2))


def say_read(untrue: UntrueRecords | None) -> str:
    """Which records were looked at for untrue names, addresses and numbers? Empty where all were, or there are none."""
    if untrue is None or not untrue.n_records:
        return ""
    what = "Names, addresses, numbers and births"
    if untrue.why_not:
        return f"{what} of the systems' records were not looked at. {untrue.why_not}"
    if untrue.n_read < untrue.n_records:
        return (
            f"{what} were looked at in {untrue.n_read:,} of the {untrue.n_records:,} records of the systems, drawn by "
            "lot; their shares stand for all."
        )
    return ""
