"""Write environment.yml from pyproject.toml, or check that the two agree.

python scripts/write_environment.py            write
python scripts/write_environment.py --check    exit 1 where they differ
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "environment.yml"

# conda-forge spells these differently from PyPI.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "ibis-framework[duckdb]": "ibis-duckdb",
    "ibis-framework[postgres]": "ibis-postgres",
    "jupyter-client": "jupyter_client",
    "matplotlib": "matplotlib-base",
}
# Extras that a person at work in JupyterLab wants; sample data packages are on PyPI only.
CONDA_EXTRAS = ("postgres", "lab")
PIP_EXTRAS = ("samples",)

HEADER = """\
# Written by scripts/write_environment.py from pyproject.toml; do not edit by hand.
# For those who work with conda. The project itself is built and tested from requirements.lock (make report);
# this list agrees with pyproject.toml, but conda's own solve of it is not tested.
"""


def environment_text(project: dict) -> str:
    """The text of environment.yml for a parsed pyproject.toml."""
    extras = project["optional-dependencies"]
    conda = [*project["dependencies"], *(line for extra in CONDA_EXTRAS for line in extras[extra])]
    pip = [line for extra in PIP_EXTRAS for line in extras[extra]]
    lines = [HEADER + "name: crm-research", "channels: [conda-forge, nodefaults]", "dependencies:"]
    lines += [f'  - "python{project["requires-python"]}"', "  - pip"]
    lines += [f'  - "{_conda_line(line)}"' for line in conda]
    lines += ["  - pip:"]
    lines += [f'      - "{line}"' for line in pip]
    lines += ["      - --editable ."]
    return "\n".join(lines) + "\n"


def _conda_line(requirement: str) -> str:
    matched = re.match(r"([A-Za-z0-9._\[\]-]+)(.*)", requirement)
    if matched is None:
        raise SystemExit(f"pyproject.toml: cannot read the requirement {requirement!r}")
    name, versions = matched.groups()
    return CONDA_NAMES.get(name, name) + versions


def main() -> int:
    """Write or check; the exit status."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = environment_text(project)
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        print("environment.yml does not agree with pyproject.toml; run: python scripts/write_environment.py")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
