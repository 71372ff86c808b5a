"""What a study file says of how persons are protected."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from crm_research.study import LEAST_GROUP


class PrivacyRule(BaseModel):
    """What protects customers in what a run writes.

    Parameters
    ----------
    least_group
        A run withholds groups of fewer customers; 0 tells of all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    least_group: int = Field(default=LEAST_GROUP, ge=0, le=1_000, strict=True)
