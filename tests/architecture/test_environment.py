"""Dependencies are written once, locked without addresses, and kept off known traps."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib

from tests.architecture import ROOT

HEAVY = ("pandas", "numpy", "matplotlib", "seaborn", "sklearn", "scipy", "lifelines", "papermill", "ibis", "duckdb")


def test_environment_yml_agrees_with_pyproject():
    outcome = subprocess.run(
        [sys.executable, "scripts/write_environment.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stdout


def test_lock_holds_names_versions_and_hashes_only():
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    named = re.compile(r"[a-z0-9._-]+==\S+( ; .+)? \\")
    hashed = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    odd = [line for line in lines if not named.fullmatch(line) and not hashed.fullmatch(line)]
    assert odd == []


def test_lock_covers_every_requirement():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in ("postgres", "lakes", "linking", "lab", "samples", "docs", "dev"):
        wanted += project["optional-dependencies"][extra]
    names = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower().replace("_", "-").replace(".", "-") for line in wanted}
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.M))
    assert names - locked == set()


def test_versions_stay_off_known_traps():
    """pandas 3 with lifelines 0.30.0 crashes its at-risk tables; duckdb 2 and sqlglot 30.18 break ibis 12."""
    version = {
        name: tuple(int(part) for part in re.findall(r"\d+", importlib.metadata.version(name))[:3])
        for name in ("pandas", "lifelines", "duckdb", "sqlglot")
    }
    assert version["pandas"] < (3,)
    assert version["lifelines"] >= (0, 30, 3)
    assert version["duckdb"] < (2,)
    assert version["sqlglot"] < (30, 18)


# Named to another library instead of being imported: pandas reads Excel by this engine.
BY_NAME = {"python_calamine": "calamine"}


def test_every_dependency_is_used_by_the_package():
    """What runs the package is imported by it: a package on the card that nothing calls is a promise not kept."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named: set[str] = set()
    texts: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                named |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                named.add(node.module.partition(".")[0])
            elif isinstance(node, ast.keyword) and node.arg == "engine" and isinstance(node.value, ast.Constant):
                texts.add(node.value.value)
    assert unused(project["dependencies"], named, texts) == []


def unused(lines, named, texts=frozenset()):
    """Declared packages of which no module is imported."""
    modules: dict[str, set[str]] = {}
    for module, packages in importlib.metadata.packages_distributions().items():
        for package in packages:
            modules.setdefault(re.sub(r"[-_.]+", "-", package).lower(), set()).add(module)
    wanted = [re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", line)[0]).lower() for line in lines]
    used = named | {module for module, name in BY_NAME.items() if name in texts}
    return [name for name in wanted if not modules.get(name, {name}) & used]


def test_a_dependency_that_nothing_imports_is_found():
    assert unused(["seaborn>=0.13.2", "scikit-learn>=1.6", "pyyaml"], {"sklearn", "yaml"}) == ["seaborn"]
    assert unused(["python-calamine>=0.3"], set()) == ["python-calamine"]
    assert unused(["python-calamine>=0.3"], set(), {"calamine"}) == []


def test_import_of_the_package_stays_light():
    """`import crm_research` must not pull in the heavy libraries: the command line answers at once."""
    code = f"import sys, crm_research, crm_research.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert outcome.stdout.strip() == "[]"
