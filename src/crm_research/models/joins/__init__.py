"""Joins of records drawn anew: what a study would be had its doubtful joins been decided otherwise."""

from __future__ import annotations

from crm_research.models.joins.draws import PairDoubts, draw_groups
from crm_research.models.joins.of_study import N_DRAWS, DrawnJoins, draw_joins

__all__ = ["N_DRAWS", "DrawnJoins", "PairDoubts", "draw_groups", "draw_joins"]
