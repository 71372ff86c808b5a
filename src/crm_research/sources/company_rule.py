"""What a study file says of the company itself: what it calls its segments, how it weighs, where its own files lie."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from crm_research.addresses import scheme_of

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class SegmentationRule(BaseModel):
    """What the company calls its segments, and what service each gets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: dict[str, _Name] = Field(default_factory=dict)
    policy: dict[str, _Name] = Field(default_factory=dict)


class GradesRule(BaseModel):
    """How much the company holds each criterion of a customer's grade to weigh: told outright, or judged in pairs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(default_factory=dict)
    judgements: dict[str, float | str] = Field(default_factory=dict)


def _as_own_file(path: str) -> str:
    if scheme_of(path) is not None:
        raise ValueError("is an address; name a file of this machine, such as house.yaml beside the study file")
    if not path.lower().endswith((".yaml", ".yml")) or "\x00" in path:
        raise ValueError(f"{path[:60]!r} is no YAML file; name one that ends in .yaml, such as house.yaml")
    return path


OwnFile = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_as_own_file)]
