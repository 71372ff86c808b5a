"""What is shown of the check of the risks."""

from __future__ import annotations

from collections.abc import Iterator

from crm_research.pillars.churn.validation.charts import calibration_data, calibration_title, draw_calibration
from crm_research.pillars.churn.validation.figures import validation_figures
from crm_research.pillars.churn.validation.horizons import say_horizon
from crm_research.pillars.churn.validation.tables import validation_table
from crm_research.pillars.churn.validation.validate import RiskCheck
from crm_research.pillars.churn.validation.words import (
    check_finding,
    distribution_finding,
    optimism_finding,
    rule_finding,
)
from crm_research.show import Chart, Figures, Note, Part, Table, panels
from crm_research.theme import say_count


def check_parts(check: RiskCheck) -> Iterator[Part]:
    """Is the model any good? A sentence, a picture, the card beside the rules, and what follows for lists."""
    yield Note(check_finding(check))
    yield from _verdict_parts(check)
    if not check.designs:
        yield Figures(validation_figures(check))
        return
    data = calibration_data(check)
    if not data.empty:
        yield Chart(
            panels(draw_calibration, check),
            alt=f"{calibration_title(data)}. Dots of groups of contracts with like risk, the chance said from left to "
            "right and the share that left upwards, around a line on which the two agree.",
            data=data.drop(columns=["horizon_days"]),
        )
    yield Figures(validation_figures(check))
    for design in check.designs:
        yield Table(
            validation_table(check, design),
            f"What the risks are worth: {design.said}",
            note=_basis(check, design.said),
        )
        yield Note(f"{rule_finding(check, design)} Judged by: {design.said}.")
    yield Note(distribution_finding(check))
    yield Note(optimism_finding(check))


def _verdict_parts(check: RiskCheck) -> Iterator[Part]:
    if not check.is_fit_for_lists:
        why = " ".join(f"{reason[0].upper()}{reason[1:].rstrip('.')}." for reason in check.reasons)
        yield Note(f"No list of customers at risk may be printed. {why}", kind="caution")
    elif check.mark:
        yield Note(
            f"These risks were {check.mark}: the records do not allow a fit as of an earlier date, so customers were "
            "left out of the fit instead. What changes from one year to the next is not in this check, and a list of "
            f"customers at risk must bear the mark '{check.mark}'.",
            kind="caution",
        )


def _basis(check: RiskCheck, said: str) -> str:
    design = next(design for design in check.designs if design.said == said)
    card = design.cards[check.name]
    ends = f"{say_count(card.n_ended, 'end')} within {say_horizon(design.horizons_days[-1])}"
    told = [f"{say_count(card.n, 'contract')}, {ends}; fitted to {say_count(design.n_fitted, 'contract')}."]
    if design.n_beyond:
        told.append(
            f"{say_count(design.n_beyond, 'contract')} could not be judged (older than any contract seen, of a kind "
            "that was not seen, with a number missing, or first watched too late)."
        )
    if check.sample:
        told.append(f"On {check.sample}.")
    return " ".join([*told, *card.notes, *design.notes])
