"""Rates a year that somebody gives: a percentage in the place of a factor is asked back."""

from __future__ import annotations

from crm_research.errors import ParameterError


def check_yearly_rate(name: str, rate: float | None) -> float | None:
    """The rate, if it is a factor a year from 0 to below 1; None stays None.

    Raises
    ------
    ParameterError
        For 1 or more: whether 12 means 12 % or twelvefold is not guessed.
    """
    if rate is None:
        return None
    if rate < 0:
        raise ParameterError(f"{name} must be 0 or more a year, not {rate:g}.")
    if rate >= 1:
        raise ParameterError(
            f"{name} is {rate:g}: is that a percentage or a factor? It is read as a factor a year: write "
            f"{rate / 100:g} for {rate:g} %."
        )
    return rate
