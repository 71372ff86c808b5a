"""``crm-research init``: a folder to work in."""

from __future__ import annotations

import os
from pathlib import Path

import click

from crm_research.vocabulary import say_count, word_for

_README = """# A research desk

Laid out by crm_research. What is where:

- `data/studies/`: study files, one a company or a question. Draft one from your files:
  `crm-research new study mine --from orders.csv customers.xlsx`
- `notebooks/`: copies of the package's notebooks. Reports run the package's own until you change a copy; from then on
  yours is run, and kept when the package is updated. `crm-research init --diff` shows what you changed.
- `reports/`: pages. `crm-research run --study mine` makes every report that applies; open `reports/index.html`.

`crm-research check mine` says whether a study is fit for use, `crm-research list` what there is, `crm-research demo`
shows the reports on samples, `crm-research manual studies` how a study file is written (`manual checks`: what is
checked), and `--help` behind any command leads on.
"""


@click.command("init", short_help="Lay out a folder to work in.")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--diff", "tells_difference", is_flag=True, help="Show what you changed in your notebooks; write nothing."
)
def command(folder: Path, tells_difference: bool) -> None:
    """Lay out a folder to work in: notebooks/, data/studies/, reports/ and a README.

    Run again after an update, it brings the notebooks that you have not changed up to date, and keeps those that you
    have.

    \b
    crm-research init desk              lays out the folder desk
    crm-research init                   the folder you are in
    crm-research init --diff            what you changed in your notebooks
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.desk_copies import lay_out, list_copies
    from crm_research.errors import CrmError
    from crm_research.settings import read_settings

    home = folder.expanduser().resolve()
    settings = read_settings(home)
    if (home / "src" / "crm_research").is_dir():
        raise CrmError(f"{home} is the project itself, which has all this. Name another folder.")
    if tells_difference:
        _tell([copy.tell_difference() for copy in list_copies(settings) if copy.is_changed])
        return
    for place in (settings.studies, settings.reports):
        place.mkdir(parents=True, exist_ok=True)
    written, kept = lay_out(settings)
    readme = home / "README.md"
    if not readme.exists():
        readme.write_text(_README, encoding="utf-8")
    name = "This folder" if home == Path.cwd() else _shown(home)
    said = f"{say_count(len(written), 'notebook')} written" if written else "no notebook needed writing"
    click.echo(f"{name} is laid out: {said}; data/studies/ and reports/ are there.")
    for copy in kept:
        cells = f"{say_count(copy.n_cells, 'cell')} {word_for(copy.n_cells, 'differs', 'differ')}"
        click.echo(f"notebooks/{copy.name} is yours and was kept ({cells}; crm-research init --diff shows where).")
    go = "" if home == Path.cwd() else f"cd {_shown(home)}, then "
    click.echo(
        f"Next: {go}crm-research demo (the reports on samples), or crm-research new study mine --from FILE (your own)."
    )


def _tell(differences: list[str]) -> None:
    click.echo("\n\n".join(differences) or "You have changed no notebook.")


def _shown(path: Path) -> str:
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
