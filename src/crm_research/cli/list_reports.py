"""``crm-research list``: which reports there are, and which studies."""

from __future__ import annotations

import click


@click.command("list", short_help="List the reports and the studies, or what can be set on a report.")
@click.argument("report", required=False, metavar="[REPORT]")
def command(report: str | None) -> None:
    """List the reports (id, question, tables they need) and the studies known by name; of a REPORT, what can be set.

    \b
    crm-research list
    crm-research list churn
    """  # noqa: D301  (click needs the bare \b)
    if report is not None:
        _tell_report(report)
        return
    from crm_research.catalogue import reports
    from crm_research.sources.opening import list_studies

    click.echo("Reports")
    for one in reports().values():
        needed = " or ".join(" and ".join(group) for group in one.needs_any_of)
        click.echo(f"\n  {one.id}\n      {one.question}\n      needs {needed}")
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


def _tell_report(name: str) -> None:
    """Its question, its tables and its parameters."""
    from crm_research.catalogue import find_report
    from crm_research.catalogue.told_parameters import parameters

    report = find_report(name)
    needed = " or ".join(" and ".join(group) for group in report.needs_any_of)
    click.echo(f"{report.id}: {report.question}\nneeds {needed}\n\nParameters (-p NAME=VALUE)")
    for row in parameters(report.id).to_dict("records"):
        default = f"; {row['default']} unless set" if row["default"] else ""
        given = " (given as --as-of)" if row["parameter"] == "as_of" else ""
        click.echo(f"\n  {row['parameter']}{given}\n      {row['meaning']}\n      {row['takes']}{default}")
    first = next(
        (row for row in parameters(report.id)["parameter"] if row not in {"as_of", "confidence", "seed"}), None
    )
    example = f" -p {first}=..." if first else ""
    click.echo(f"\nExample: crm-research run {report.id} --study NAME{example}")
