"""Attitude beside behaviour, both measured with error: who is loyal by conviction, and who by habit."""

from crm_research.models.attitude.membership import GROUPS, Membership, estimate_membership
from crm_research.models.attitude.scores import AttitudeScores, score_attitude

__all__ = ["GROUPS", "AttitudeScores", "Membership", "estimate_membership", "score_attitude"]
