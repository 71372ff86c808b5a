"""States and the moves between them, from counts of moves: where customers go, and where they end up."""

from crm_research.models.markov.chain import Moves, estimate_moves
from crm_research.models.markov.checks import ChainTest, check_order, check_stability
from crm_research.models.markov.future import (
    SteadyState,
    estimate_chance_before,
    estimate_first_passage,
    estimate_steady_state,
)

__all__ = [
    "ChainTest",
    "Moves",
    "SteadyState",
    "check_order",
    "check_stability",
    "estimate_chance_before",
    "estimate_first_passage",
    "estimate_moves",
    "estimate_steady_state",
]
