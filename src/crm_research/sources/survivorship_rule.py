"""What a study file says of records that disagree: which of a customer's values is taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from crm_research.contracts import RECORDS
from crm_research.errors import offer_names
from crm_research.sources.record_parts import system_of, table_of
from crm_research.vocabulary import COMPLETE, FREQUENT, RECENT, TRUSTED

# What is taken whole from one record, since parts of two make a third that nobody has.
TOGETHER: Final = {
    "address": ("street", "postcode", "city", "region", "country"),
    "name": ("name", "given_name", "family_name"),
}
_WHOLE: Final = {part: whole for whole, parts in TOGETHER.items() for part in parts if part != whole}
_DEFAULT: Final = (RECENT, FREQUENT, COMPLETE)


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _each_once(rules: tuple[str, ...]) -> tuple[str, ...]:
    return _once(rules, "a rule that has left it open once does so again")


def _each_system_once(systems: tuple[str, ...]) -> tuple[str, ...]:
    return _once(systems, "a system has one place among those that are trusted")


def _once(names: tuple[str, ...], why: str) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"names {twice[0]!r} twice; {why}")
    return names


Rule = Literal["most recent", "most complete", "most trusted", "most frequent"]
Rules = Annotated[
    tuple[Rule, ...], Field(min_length=1), BeforeValidator(_as_list), AfterValidator(_each_once)
]  # fmt: skip
_Systems = Annotated[
    tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)], ...],
    BeforeValidator(_as_list),
    AfterValidator(_each_system_once),
]


class SurvivorshipRule(BaseModel):
    """Which of several values of one customer is taken: rules in their order, for all or for what is named.

    Parameters
    ----------
    trust
        Systems, the most trusted first; those that are not named come last.
    default
        For all that is not named; what one rule leaves open, the next one settles.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    trust: _Systems = ()
    default: Rules = _DEFAULT
    kind: Rules | None = None
    name: Rules | None = None
    company: Rules | None = None
    email: Rules | None = None
    phone: Rules | None = None
    address: Rules | None = None
    birth_date: Rules | None = None
    identifier: Rules | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_of_wholes(cls, said: Any) -> Any:
        parts = [part for part in said if part in _WHOLE] if isinstance(said, dict) else []
        if parts:
            whole = _WHOLE[parts[0]]
            raise ValueError(
                f"{parts[0]} is taken together with {_say_others(parts[0], whole)}, from one record; write {whole} "
                "in its place"
            )
        return said

    @model_validator(mode="after")
    def _knows_whom_to_trust(self) -> SurvivorshipRule:
        asks = [name for name in type(self).model_fields if name != "trust" and TRUSTED in (getattr(self, name) or ())]
        if asks and not self.trust:
            raise ValueError(
                f"{asks[0]} says {TRUSTED}, but nothing says which system that is; write trust: [SYSTEM, SYSTEM], the "
                "most trusted first"
            )
        return self

    def rules_for(self, unit: str) -> tuple[str, ...]:
        """What decides on it, in order."""
        own: tuple[str, ...] | None = getattr(self, unit)
        return self.default if own is None else own


def _say_others(part: str, whole: str) -> str:
    *others, last = [name for name in TOGETHER[whole] if name != part]
    return f"{', '.join(others)} and {last}" if others else last


def problems_of_survivorship(rule: SurvivorshipRule | None, tables: Iterable[str]) -> list[str]:
    """What a study file says of records that disagree, and its tables do not bear out."""
    parts = [part for part in tables if table_of(part) == RECORDS]
    if rule is None:
        return []
    if not parts:
        return [f"survivorship: is of {RECORDS}, which the file does not map. Map them, or leave survivorship out."]
    systems = [system for part in parts if (system := system_of(part)) is not None]
    unknown = [name for name in rule.trust if name not in systems] if systems else []
    return [f"survivorship.trust: there is no system {name!r}. {offer_names(name, systems)}" for name in unknown]
