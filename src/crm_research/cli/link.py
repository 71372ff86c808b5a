"""``crm-research link``: which records of several systems are of one customer?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from collections.abc import Iterator

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
def command(study: str, is_trained_anew: bool, threshold: float) -> None:
    """Bring together the records of one customer in the systems of STUDY (a name, or a study file).

    \b
    crm-research link my-shop
    crm-research link mine.yaml --train

    Writes beside the study file, for your eyes only: the links (STUDY.links.parquet), which the study reads from then
    on; who belongs to whom (STUDY.relations.parquet); what became of customers' numbers (STUDY.link-events.parquet);
    and the model (STUDY.linkage.json), which is learnt at the first time and used from then on. Numbers of customers
    stay: new records join old customers or found new ones, and every change is told. Exit status: 0, or 2 if nothing
    could be linked, and then nothing is changed.
    """  # noqa: D301  (click needs the bare \b)
    from datetime import UTC, datetime

    from crm_research.linking.study_links import link_study

    linked = link_study(
        study,
        at=datetime.now(UTC).replace(tzinfo=None),
        is_trained_anew=is_trained_anew,
        threshold=threshold,
        tell=lambda said: click.echo(f"{said} ...", err=True),
    )
    for line in _summary(linked):
        click.echo(line)


def _summary(found: StudyLinks) -> Iterator[str]:
    linked, sure = found.linked, found.linked.sureness
    systems = ", ".join(f"{name} {n:,}" for name, n in found.by_system.items())
    yield f"Records: {linked.n_records:,} ({systems})."
    yield (
        f"Customers: {linked.n_customers:,}; {say_count(linked.n_records - linked.n_customers, 'record')}, "
        f"{100 * linked.duplicates_share:.1f} % of all, are of a customer who has another."
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
    yield from _changes(found)
    for note in linked.notes:
        yield f"Note: {note}"
    yield f"Written: {found.files.links}."


def _changes(found: StudyLinks) -> Iterator[str]:
    linked = found.linked
    if not found.had_links:
        return
    counts = Counter(event.kind for event in linked.events)
    if not linked.events and not linked.n_founded and not linked.n_joined:
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
