"""``crm-research new report``: pillar, notebook, catalogue entry and test of a report, from a skeleton that runs."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import click

from crm_research.errors import CrmError

# Longer names would break the lines of the skeleton.
_MOST_SIGNS: Final = 20
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_SKELETON: Final = Path(__file__).with_name("skeleton")
_LAST_NOTEBOOK: Final = 99
_ROOMS: Final = ("measure", "figures", "words", "charts", "tables", "page", "in_notebooks")
# What the checked cell of the skeleton's notebook says of the sample that it runs on.
_CHECKED: Final = {"buyers": "2,357 customers", "again_share": "40.1 %"}


@dataclass(frozen=True, kw_only=True)
class _Names:
    """One name as each place writes it."""

    id: str
    notebook: str

    @property
    def package(self) -> str:
        return self.id.replace("-", "_")

    @property
    def title(self) -> str:
        return self.id.replace("-", " ").capitalize()

    def as_words(self) -> dict[str, str]:
        camel = "".join(part.capitalize() for part in self.id.split("-"))
        names = ", ".join(sorted((self.package, "open_study")))
        return {
            "id": self.id, "package": self.package, "title": self.title, "Class": camel, "notebook": self.notebook,
            "names": names,
        }  # fmt: skip


@click.command(name="report", short_help="A report to be written, from a skeleton that runs.")
@click.argument("name")
def command(name: str) -> None:
    """Make the pillar, notebook, catalogue entry and test of the report NAME, in a copy of the project.

    The skeleton runs at once: it counts who has bought again, until you write your own question in its place.

    \b
    crm-research new report winback
    crm-research run winback --study cdnow
    """  # noqa: D301  (click needs the bare \b)
    root = find_project()
    made, changed = make_report(root, name)
    package = name.replace("-", "_")
    click.echo(f"Made the report {name}:")
    for path in made:
        click.echo(f"  {path.relative_to(root)}")
    click.echo("Entered in: " + ", ".join(str(path.relative_to(root)) for path in changed))
    click.echo(
        f"Try it: crm-research run {name} --study cdnow; pytest tests/{package}; make check.\n"
        f"Then write your question, and before it is handed in: its pages {name}.md in docs/reports (with a picture) "
        f"and {package}.md in docs/api, and the beginning of its figures' ids in the table of the architecture."
    )


def find_project() -> Path:
    """The copy of the project that runs.

    Raises
    ------
    CrmError
        If the package is installed by itself, without notebooks and tests to add to.
    """
    root = Path(__file__).resolve().parents[3]
    if all((root / name).exists() for name in ("pyproject.toml", "src/crm_research", "notebooks", "tests")):
        return root
    raise CrmError(
        "A report is made in a copy of the project, and this crm_research is installed without one. Get a copy, and "
        "run crm-research there (README: Your own report)."
    )


def make_report(root: Path, name: str) -> tuple[list[Path], list[Path]]:
    """Write the files of a report and enter it where pillars are listed: all of it, or nothing.

    Returns
    -------
    tuple
        The files that were made, and those that were changed.

    Raises
    ------
    CrmError
        If the name is none, is taken, or a file cannot be written.
    """
    _check_name(root, name)
    names = _Names(id=name, notebook=_next_notebook(root, name.replace("-", "_")))
    made = _render(root, names)
    taken = next((path for path in made if path.exists()), None)
    if taken is not None:
        raise CrmError(f"{taken.relative_to(root)} is there already. Choose another name than {name!r}.")
    changed = _enter(root, names)
    _write_whole(made, changed)
    return list(made), list(changed)


def _check_name(root: Path, name: str) -> None:
    package = name.replace("-", "_")
    if not _NAME.fullmatch(name) or len(name) > _MOST_SIGNS:
        raise CrmError(
            f"A report's name is made of at most {_MOST_SIGNS} of a-z, 0-9 and hyphens between them, and begins with a "
            f"letter, such as winback or next-offer; found {name[:60]!r}."
        )
    if keyword.iskeyword(package):
        raise CrmError(f"{name!r} is a word of Python itself, so no package can bear it. Choose another name.")
    source = root / "src" / "crm_research"
    # Also names of the package's own rooms: `from crm_research import NAME` has to mean the report.
    places = [source / "pillars" / package, source / package, source / f"{package}.py", root / "tests" / package]
    places += [source / "catalogue" / f"{package}.py", *(root / "notebooks").glob(f"[0-9]*_{package}.ipynb")]
    taken = next((place for place in places if place.exists()), None)
    if taken is not None:
        raise CrmError(f"{taken.relative_to(root)} is there already. Choose another name than {name!r}.")
    door = (source / "__init__.py").read_text(encoding="utf-8")
    if f'"{package}"' in door:
        raise CrmError(f"crm_research offers something by the name {package!r} already. Choose another name.")


def _next_notebook(root: Path, package: str) -> str:
    numbers = [int(path.name[:2]) for path in (root / "notebooks").glob("[0-9][0-9]_*.ipynb")]
    number = max((one for one in numbers if one < _LAST_NOTEBOOK), default=-1) + 1
    if number >= _LAST_NOTEBOOK:
        raise CrmError("The numbers of notebooks are used up below 99. Number them anew.")
    return f"{number:02d}_{package}.ipynb"


def _render(root: Path, names: _Names) -> dict[Path, str]:
    """Each file of the report with its text."""
    package, source, tests = names.package, root / "src" / "crm_research", root / "tests" / names.package
    pillar = source / "pillars" / package
    files = {pillar / "__init__.py": "init.py"} | {pillar / f"{room}.py": f"{room}.py" for room in _ROOMS}
    files |= {source / "catalogue" / f"{package}.py": "catalogue.py", tests / f"test_{package}.py": "test.py"}
    made = {path: _fill(skeleton, names) for path, skeleton in files.items()}
    return made | {tests / "__init__.py": "", root / "notebooks" / names.notebook: _notebook(names)}


def _fill(skeleton: str, names: _Names) -> str:
    text = (_SKELETON / f"{skeleton}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(names.as_words())


def _notebook(names: _Names) -> str:
    """The notebook as Jupyter writes it, with the output of the cell that is checked."""
    import nbformat
    import pandas as pd

    table = pd.DataFrame({"figure": [f"{names.package}.{one}" for one in _CHECKED], "value": list(_CHECKED.values())})
    made = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )  # type: ignore[no-untyped-call]
    for place, (kind, tags, source) in enumerate(json.loads(_fill("notebook.json", names))):
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(source, metadata={"tags": tags} if tags else {})
        cell["id"] = f"{names.id}-{place}"
        if "nbval-check-output" in tags:
            told = f"{table.to_string(index=False)}\n"
            cell["execution_count"] = 1
            cell["outputs"] = [nbformat.v4.new_output("stream", name="stdout", text=told)]  # type: ignore[no-untyped-call]
        made.cells.append(cell)
    text: str = nbformat.writes(made)  # type: ignore[no-untyped-call]
    return f"{text}\n"


def _enter(root: Path, names: _Names) -> dict[Path, str]:
    """The files that list pillars, with this one among them."""
    package = names.package
    door, project = root / "src" / "crm_research" / "__init__.py", root / "pyproject.toml"
    text = door.read_text(encoding="utf-8")
    text = _insert(text, "    from crm_research.pillars import (\n", f"        {package},\n")
    text = _insert(text, "__all__ = [\n", f'    "{package}",\n')
    text = _insert(text, "_ROOMS = {\n", f'    "{package}": "crm_research.pillars.{package}",\n')
    modules = project.read_text(encoding="utf-8")
    listed = 'type = "independence"\nmodules = [\n'
    return {door: text, project: _insert(modules, listed, f'  "crm_research.pillars.{package}",\n')}


def _insert(text: str, opening: str, line: str) -> str:
    """The line in its place by the alphabet in the list behind an opening; names with capitals stand before."""
    before, found, rest = text.partition(opening)
    if not found:
        raise CrmError(f"The list that begins with {opening.strip().splitlines()[0]!r} is not found in the project.")
    lines, indent = rest.splitlines(keepends=True), _indent(line)
    place = 0
    while _indent(lines[place]) == indent and (not _is_lower(lines[place]) or lines[place] < line):
        place += 1
    return "".join([before, found, *lines[:place], line, *lines[place:]])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_lower(line: str) -> bool:
    return line.strip(' "')[:1].islower()


def _write_whole(made: Mapping[Path, str], changed: Mapping[Path, str]) -> None:
    """Write everything, or leave everything as it was."""
    former = {path: path.read_bytes() for path in changed}
    folders = [folder for folder in {path.parent for path in made} if not folder.exists()]
    try:
        for path, text in [*made.items(), *changed.items()]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except BaseException as problem:
        for path in made:
            path.unlink(missing_ok=True)
        for path, content in former.items():
            if path.read_bytes() != content:
                path.write_bytes(content)
        for folder in folders:
            if folder.is_dir():
                folder.rmdir()
        if isinstance(problem, OSError):
            raise CrmError(
                f"{problem.filename or 'A file'} cannot be written: {problem.strerror}. Nothing was made."
            ) from None
        raise
