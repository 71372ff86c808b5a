"""Sentences are written as a manager would: words that no page prints, in templates and notebooks."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
BANNED = re.compile(
    r"\b(foret(ell|old)\w*|oftener|oftenest|lets expect|mere fitting|flattery|unmoved by)\b", re.IGNORECASE
)

HE = re.compile(r"\b(he|his|him|himself)\b", re.IGNORECASE)


def texts_of(source: str) -> list[str]:
    """The texts of a module that may be printed: every string but docstrings, f-strings by their fixed parts."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


def test_the_search_sees_texts_and_leaves_docstrings():
    source = 'def f(x):\n    """foretell"""\n    return f"{x} foretells " + "leaving"\n'
    assert sorted(texts_of(source)) == [" foretells ", "leaving"]
    assert [text for text in texts_of(source) if BANNED.search(text)] == [" foretells "]


ROOMS = (
    "pillars", "models", "features", "show", "reporting", "catalogue", "contracts", "privacy", "delivery", "schedule",
)  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
def test_no_template_holds_a_banned_word(room):
    found = [
        f"{path.relative_to(ROOT)}: {text.strip()[:90]}"
        for path in sorted((ROOT / "src" / "crm_research" / room).rglob("*.py"))
        for text in texts_of(path.read_text(encoding="utf-8"))
        if BANNED.search(text) and " " in text.strip() and " | " not in text  # a type is no sentence
    ]
    assert found == []


def test_no_rule_of_the_summary_holds_a_banned_word():
    (rules,) = (ROOT / "src" / "crm_research").rglob("rules.yaml")
    said = yaml.safe_load(rules.read_text(encoding="utf-8"))["rules"]
    assert [text for rule in said for text in map(str, rule.values()) if BANNED.search(text)] == []


def test_no_text_calls_a_customer_he():
    rooms = ROOT / "src" / "crm_research"
    found = [
        f"{path.relative_to(ROOT)}: {text.strip()[:90]}"
        for path in sorted(rooms.rglob("*.py"))
        if path.name != "surnames.py"  # syllables of Chinese names, among them he
        for text in texts_of(path.read_text(encoding="utf-8"))
        if HE.search(text) and " " in text.strip()
    ]
    pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "notebooks").glob("*.ipynb"), *rooms.rglob("*.j2")]
    found += [
        f"{path.relative_to(ROOT)}: {line.strip()[:90]}"
        for path in sorted(path for path in pages if "_site" not in path.parts)
        for line in path.read_text(encoding="utf-8").splitlines()
        if HE.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_notebook_holds_a_banned_word(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    said = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert [BANNED.search(text).group(0) for text in said if BANNED.search(text)] == []


# A method's name in brackets says nothing to a manager: it stands under "How do we know?" and in the appendix.
METHOD_IN_BRACKETS = re.compile(r"\((Kaplan-Meier|Dirichlet|Aalen-Johansen|BG/NBD)\)|RFM quintiles|[Ss]egments live\b")


def test_no_picture_answer_or_advice_names_a_method_in_brackets():
    rooms = (ROOT / "src" / "crm_research" / "pillars").rglob("*.py")
    manager = [path for path in rooms if path.stem.endswith(("charts", "words", "advice", "tables"))]
    assert len(manager) > 40
    found = [
        f"{path.relative_to(ROOT)}: {text.strip()[:90]}"
        for path in sorted(manager)
        for text in texts_of(path.read_text(encoding="utf-8"))
        if METHOD_IN_BRACKETS.search(text)
    ]
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "data" / "studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_caveats_name_no_columns(path):
    caveats = yaml.safe_load(path.read_text(encoding="utf-8")).get("caveats", [])
    assert [line for line in caveats if re.search(r"\b[a-z]+_[a-z]+\b", line)] == []
