"""``crm-research list``: which reports there are, and which studies."""

from __future__ import annotations

import click


@click.command("list", short_help="List the reports and the studies.")
def command() -> None:
    """List the reports (id, question, tables they need) and the studies known by name."""
    from crm_research.catalogue import reports
    from crm_research.sources.opening import list_studies

    click.echo("Reports")
    for report in reports().values():
        needed = " or ".join(" and ".join(group) for group in report.needs_any_of)
        click.echo(f"\n  {report.id}\n      {report.question}\n      needs {needed}")
    click.echo("\nStudies")
    studies = list_studies()
    if not studies:
        click.echo("\n  none")
    for study in studies:
        click.echo(f"\n  {study.name}\n      {study.problem or study.title}")
    click.echo(
        "\nNext: crm-research demo (the reports on samples), crm-research run --study NAME, or your own files: "
        "crm-research new study NAME --from FILE"
    )
