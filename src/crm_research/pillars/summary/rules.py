"""Rules: which number asks for which action, of which department. The package's stand in rules.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from crm_research.errors import CrmError, nearest_name, offer_names
from crm_research.said_by_others import say_found, say_wanted
from crm_research.settings import read_settings
from crm_research.sources.strict_yaml import parse_yaml

Department = Literal["sales", "service", "marketing", "finance", "product"]
DEPARTMENTS: Final = ("sales", "service", "marketing", "finance", "product")
OWN: Final = Path(__file__).with_name("rules.yaml")
# Where a company's own rules are looked for, in its desk.
COMPANY: Final = Path("data") / "rules.yaml"
_PLACES: Final = frozenset({"value", "group"})


class RulesError(CrmError):
    """A file of rules cannot be used as it stands."""


class Money(BaseModel):
    """What is at stake: a share of a sum, both figures of reports."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: str = Field(min_length=1)
    of: list[str] = Field(min_length=1)


class Rule(BaseModel):
    """Where does a number ask for an action, of whom, and what would show that it works? rules.yaml tells the keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    department: Department
    figure: str = Field(min_length=1)
    group: str | None = None
    any: bool = False
    counted: bool = False
    above: float | None = None
    below: float | None = None
    for_whom: str = Field(min_length=1)
    do: str = Field(min_length=1)
    why: str = Field(min_length=1)
    money: Money | None = None
    effect: str | None = None
    trial: str = ""

    @field_validator("for_whom", "do", "why")
    @classmethod
    def _known_places(cls, text: str) -> str:
        try:
            named = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        except ValueError as problem:
            raise ValueError(f"the braces do not close ({problem}); write {{value}} or {{group}}") from None
        if named - _PLACES:
            raise ValueError(f"only {{value}} and {{group}} can stand in braces; found {sorted(named - _PLACES)[0]!r}")
        return text

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Rule:
        if self.above is not None and self.below is not None:
            raise ValueError("a rule has above or below, not both; write two rules")
        if self.any and self.group is not None:
            raise ValueError("a rule has group (one group) or any (each of them), not both")
        if self.effect is None and not self.trial:
            raise ValueError("name the figure that says what it brings (effect), or what would measure that (trial)")
        return self


class _RuleFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: list[Rule] = Field(default=[])
    leave_out: list[str] = Field(default=[])


def company_rules() -> Path | None:
    """A company's own file of rules; None where its desk has none."""
    path = read_settings().home / COMPANY
    return path if path.exists() else None


def read_rules(*own: Path | None) -> tuple[Rule, ...]:
    """The rules of the package, changed by files of a company's own, each of which changes those before it.

    Parameters
    ----------
    own
        The company's file, and after it that of a study; None where there is none.

    Raises
    ------
    RulesError
        If a file is no YAML or breaks the format: one line for each problem, with the key, what was found and the mend.
    """
    rules = {rule.name: rule for rule in _read(OWN).rules}
    for path in own:
        if path is None:
            continue
        said = _read(path)
        for name in said.leave_out:
            if name not in rules:
                raise RulesError(f"{path}: leave_out: there is no rule {name!r}. {offer_names(name, rules)}")
        rules = {name: rule for name, rule in rules.items() if name not in said.leave_out}
        rules |= {rule.name: rule for rule in said.rules}
    return tuple(rules.values())


def _read(path: Path) -> _RuleFile:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise RulesError(f"{path}: byte {problem.start:,} is not UTF-8. Save the file of rules as UTF-8.") from None
    except OSError as problem:
        raise RulesError(f"{path}: cannot be read: {problem.strerror}.") from None
    content = parse_yaml(path, text, RulesError)
    if not isinstance(content, Mapping):
        raise RulesError(f"{path}: a file of rules holds the keys rules and leave_out; found {say_found(content)}.")
    try:
        found = _RuleFile.model_validate(content)
    except ValidationError as problem:
        raise RulesError("\n".join(f"{path}: {_explain(error, content)}" for error in problem.errors())) from None
    names = [rule.name for rule in found.rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise RulesError(f"{path}: rules: two have the name {twice!r}. Give each its own.")
    return found


def _explain(error: Any, content: Mapping[str, Any]) -> str:
    place = _place(error["loc"], content)
    if error["type"] == "extra_forbidden":
        key, known = str(error["loc"][-1]), _known_keys(error["loc"])
        offer = offer_names(key, known) if nearest_name(key, known) else f"Known: {', '.join(known)}."
        return f"{place}: unknown key. {offer}"
    if error["type"] == "missing":
        return f"{place}: is missing. Add it."
    if error["type"] == "value_error":
        return f"{place}: {error['msg'].removeprefix('Value error, ')}."
    if error["type"] == "literal_error":
        return f"{place}: {offer_names(str(error['input']), DEPARTMENTS)} Found {say_found(error['input'])}."
    return f"{place}: must be {say_wanted(error)}; found {say_found(error['input'])}."


def _known_keys(loc: Sequence[int | str]) -> list[str]:
    model: type[BaseModel] = Money if "money" in loc[:-1] else Rule if loc[0] == "rules" and len(loc) > 1 else _RuleFile
    return list(model.model_fields)


def _place(loc: Sequence[int | str], content: Mapping[str, Any]) -> str:
    """Where it stands, a rule by its name."""
    parts = [str(part) for part in loc]
    if len(loc) > 1 and loc[0] == "rules" and isinstance(loc[1], int):
        rule = content["rules"][loc[1]]
        name = rule.get("name") if isinstance(rule, Mapping) else None
        parts[1] = str(name) if name else f"{loc[1] + 1}"
    return ".".join(parts)
