"""``crm-research link``: which records of several systems are of one customer?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from crm_research.cli.written import say_not_read
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crm_research.linking.doubts import Doubts
    from crm_research.linking.judging import Laid
    from crm_research.linking.study_links import StudyLinks

_MOST_TOLD: Final = 10


@click.command("link", short_help="Bring together the records of one customer in several systems.")
@click.argument("study", metavar="STUDY")
@click.option("--train", "is_trained_anew", is_flag=True, help="Learn anew what tells customers apart.")
@click.option(
    "--threshold",
    type=click.FloatRange(0.5, 1.0),
    default=0.9,
    show_default=True,
    help="How probable it must be that two records are of one customer.",
)
@click.option(
    "--review",
    "n_review",
    type=click.IntRange(20, 5000),
    is_flag=False,
    flag_value=300,
    metavar="[N]",
    help="Lay a sample of pairs (300 unless N is given) beside the study, for a person to judge.",
)
@click.option(
    "--judgements",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Read the judged pairs back, and tell how good the links are; nothing is linked.",
)
def command(study: str, is_trained_anew: bool, threshold: float, n_review: int | None, judgements: Path | None) -> None:
    """Bring together the records of one customer in the systems of STUDY (a name, or a study file).

    \b
    crm-research link my-shop
    crm-research link mine.yaml --train
    crm-research link my-shop --review
    crm-research link my-shop --judgements my-shop.review.xlsx

    Writes beside the study file, for your eyes only: the links (STUDY.links.parquet), which the study reads from then
    on; who belongs to whom (STUDY.relations.parquet); what became of customers' numbers (STUDY.link-events.parquet);
    and the model (STUDY.linkage.json), which is learnt at the first time and used from then on. Numbers of customers
    stay: new records join old customers or found new ones, and every change is told.

    --review lays pairs of records side by side into a workbook (STUDY.review.xlsx): write same, different or unsure
    beside each, and read them back by --judgements. Asked again it draws the same pairs, and no judgement is lost.

    Exit status: 0, or 2 if nothing could be linked or read, and then nothing is changed.
    """  # noqa: D301  (click needs the bare \b)
    from datetime import UTC, datetime

    from crm_research.errors import ParameterError

    if judgements is not None:
        if n_review is not None or is_trained_anew:
            raise ParameterError("--judgements links nothing: leave --review and --train out.")
        _read(study, judgements, datetime.now(UTC).replace(tzinfo=None))
        return
    from crm_research.linking.study_links import link_study

    linked = link_study(
        study,
        at=datetime.now(UTC).replace(tzinfo=None),
        is_trained_anew=is_trained_anew,
        threshold=threshold,
        n_review=n_review,
        tell=lambda said: click.echo(f"{said} ...", err=True),
    )
    for line in _summary(linked):
        click.echo(line)


def _summary(found: StudyLinks) -> Iterator[str]:
    linked, sure = found.linked, found.linked.sureness
    systems = ", ".join(f"{name} {n:,}" for name, n in found.by_system.items())
    yield f"Records: {linked.n_records:,} ({systems})."
    n_too_many = linked.n_records - linked.n_customers
    yield (
        f"Customers: {linked.n_customers:,}; {say_count(n_too_many, 'record')}, {100 * linked.duplicates_share:.1f} % "
        f"of all, {word_for(n_too_many, 'is', 'are')} of a customer who has another."
    )
    if sure.precision is None or sure.recall is None:
        yield "No two records are of one customer, as far as they tell."
    else:
        yield (
            f"How sure, by the model's own reckoning: {100 * sure.precision:.1f} % of the pairs brought together are "
            f"of one customer, and {100 * sure.recall:.1f} % of such pairs among those looked at were brought together."
        )
    if linked.n_cut:
        yield (
            f"{say_count(linked.n_cut, 'group')} of records that hang together by a thread, or contradict each other, "
            "were taken apart."
        )
    yield _say_doubts(linked.doubts)
    yield from _changes(found)
    for note in linked.notes:
        yield f"Note: {note}"
    yield f"Written: {found.files.links}."
    if not found.is_read:
        yield say_not_read("links")
    if found.laid is not None:
        yield from _say_laid(found.laid)


def _say_doubts(found: Doubts) -> str:
    """How many pairs are in doubt, and what is done with them."""
    n = found.n_pairs + found.n_left_out
    if not n:
        return "In doubt: no pair; each is of one customer, or of two, as good as surely."
    said = (
        f"In doubt: {say_count(n, 'pair')} that could as well be joined or parted; reports say how much of their "
        f"answer hangs on {word_for(n, 'it', 'them')}."
    )
    if not found.n_left_out:
        return said
    left = say_count(found.n_left_out, "pair")
    return f"{said} {left} of them {word_for(found.n_left_out, 'is', 'are')} left as linked: that many cannot be kept."


def _say_laid(laid: Laid) -> Iterator[str]:
    judged = f"{laid.n_judged:,} of {say_count(laid.n_pairs, 'pair')} {word_for(laid.n_judged, 'is', 'are')} judged"
    if laid.kept_as is not None:
        yield (
            f"The workbook that stood there is kept as {laid.kept_as}; what it says of the same pairs is taken over."
        )
    if laid.is_kept:
        yield f"To be judged: {laid.file}, as it was drawn before; {judged}."
    else:
        yield f"To be judged: {laid.file}; {judged}. Write same, different or unsure beside each pair."


def _read(study: str, file: Path, at: datetime) -> None:
    """Tell how good the links are by a person's judgements."""
    from crm_research.linking.judging import read_judgements

    found = read_judgements(study, file, at=at)
    told = f"{found.n_judged:,} of {say_count(found.n_pairs, 'pair')} judged"
    unsure = f", {found.n_unsure:,} of them left open" if found.n_unsure else ""
    click.echo(f"Judged: {told}{unsure}.")
    good = found.goodness
    said = (
        ("brought together are of one customer", good.precision),
        ("of one customer, among those looked at, were brought together", good.recall),
    )
    for what, one in said:
        if one is not None:
            click.echo(
                f"{100 * one.estimate:.1f} % of the pairs {what} ({100 * one.lower:.1f} % to {100 * one.upper:.1f} %)."
            )
    if good.f1 is not None:
        limits = f"{100 * good.f1.lower:.1f} % to {100 * good.f1.upper:.1f} %"
        click.echo(f"Both in one (F1): {100 * good.f1.estimate:.1f} % ({limits}).")
    if not found.is_of_these_links:
        click.echo("Note: records have been linked anew since these pairs were drawn: draw again with --review.")
    click.echo(f"Written: {found.file}.")


def _changes(found: StudyLinks) -> Iterator[str]:
    linked = found.linked
    if not found.had_links:
        return
    counts = Counter(event.kind for event in linked.events)
    if not linked.events and not linked.n_founded and not linked.n_joined and not found.n_lost:
        yield "Since last time: nothing has changed."
        return
    told = [f"{counts[kind]:,} {kind}" for kind in ("merged", "split", "moved", "gone") if counts[kind]]
    yield (
        f"Since last time: {say_count(linked.n_founded, 'new customer')}, {say_count(linked.n_joined, 'new record')} "
        f"of known ones; changes of number: {', '.join(told) or 'none'}."
    )
    for event in linked.events[:_MOST_TOLD]:
        where = f" to {event.to_id}" if event.to_id else ""
        yield f"  {event.kind}: {event.from_id}{where} ({say_count(event.n_records, 'record')})"
    if len(linked.events) > _MOST_TOLD:
        yield f"  and {len(linked.events) - _MOST_TOLD:,} more, in {found.files.events.name}."
    if found.n_lost:
        n = found.n_lost
        yield (
            f"{say_count(n, 'record')} linked before {word_for(n, 'is', 'are')} in no system any more: dealings that "
            f"bear {word_for(n, 'its number', 'their numbers')} are no longer counted with their customers."
        )
