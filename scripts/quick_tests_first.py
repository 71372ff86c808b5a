"""For pytest under `scripts/mutants.py`: what notices a mutant soonest runs first, and examples are few and fixed.

Files of tests keep together (fixtures are made once a file), the quickest file first, and in it the quickest test.
Property tests take few examples, the same ones each time, and do not look for the smallest that fails: whether a mutant
is noticed then hangs on no chance, and a room whose share is held so holds it all the more with all examples.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import hypothesis
import pytest

_EXAMPLES = 15


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by how long they took when mutmut watched them, and bound the property tests."""
    watched = Path("mutmut-stats.json")
    took = json.loads(watched.read_text(encoding="utf-8"))["duration_by_test"] if watched.is_file() else {}
    by_file: Counter[str] = Counter()
    for item in items:
        by_file[str(item.path)] += took.get(item.nodeid, 0.0)
        _bound_examples(item)
    items.sort(key=lambda item: (by_file[str(item.path)], str(item.path), took.get(item.nodeid, 0.0)))


def _bound_examples(item: pytest.Item) -> None:
    function = getattr(item, "obj", None)
    function = getattr(function, "__func__", function)
    asked = getattr(function, "_hypothesis_internal_use_settings", None)
    if asked is not None:
        function._hypothesis_internal_use_settings = hypothesis.settings(
            asked,
            max_examples=min(asked.max_examples, _EXAMPLES),
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
            derandomize=True,
            database=None,
        )
