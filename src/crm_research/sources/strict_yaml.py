"""YAML that people write: read safely, with a key that stands twice, too deep a nest and a bomb of aliases refused."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from crm_research.addresses import hide_credentials
from crm_research.errors import CrmError
from crm_research.said_by_others import say_found, say_yaml_fault

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class StrictLoader(yaml.SafeLoader):
    """A safe loader to which a key that is written twice is a mistake: YAML would keep the last and drop the other."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Keys with their values, each key once."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is not None and key in seen and key_node.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here a second time; keep one", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)

    def get_single_node(self) -> yaml.Node | None:
        """The whole file as nodes, unless it is nested too deeply or its aliases stand for too much."""
        node: yaml.Node | None = super().get_single_node()
        if node is not None:
            _refuse_huge(node)
        return node

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """One node, not nested too deeply."""
        self._depth = getattr(self, "_depth", 0) + 1
        if self._depth > _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, f"keys and lists are nested deeper than {_DEEPEST}", mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A value; one that its kind does not have is told with its place."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError, ArithmeticError) as problem:
            # Such as 2024-02-30, or a number of thousands of digits.
            kind = _SAID_KINDS.get(node.tag.rpartition(":")[2], "value")
            found = short_text(node.value)
            reason = f"{found} is no {kind} ({str(problem).split(';')[0]})"
            raise yaml.constructor.ConstructorError(None, None, reason, node.start_mark) from None


def load_yaml(text: str) -> Any:
    """What a YAML text says; `yaml.YAMLError` or `RecursionError` where it cannot be read so."""
    return yaml.load(text, Loader=StrictLoader)  # noqa: S506  (a SafeLoader that refuses repeated keys)


def parse_yaml(path: Path, text: str, error: type[CrmError]) -> Any:
    """What the text of a file says; a fault is raised as `error`, with its place and the mend."""
    try:
        return load_yaml(text)
    except RecursionError:
        raise error(f"{path}: is nested too deeply to be read. Check brackets and indentation.") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = say_yaml_fault(getattr(problem, "problem", None))
        raise error(f"{path}{place}: no valid YAML: {reason}. Check indentation, colons and quotes.") from None


def place_of(error: ErrorDetails, content: Any, keys: Collection[str] = ()) -> str:
    """The keys that lead to an error of a model, without the kinds of values that its place could have held.

    `keys` are those that may stand for a value written short, such as ``age: number``.
    """
    here, kept = content, []
    for place, part in enumerate(error["loc"]):
        is_key = isinstance(here, dict) and part in here
        is_entry = isinstance(here, list) and isinstance(part, int) and 0 <= part < len(here)
        if is_key or is_entry:
            here = here[part]
            kept.append(str(part))
        elif part in keys or (error["type"] == "missing" and place == len(error["loc"]) - 1):
            here = None
            kept.append(str(part))
    return ".".join(kept)


def _refuse_huge(root: yaml.Node) -> None:
    """Count what the file stands for once its aliases are followed; each node is counted once and then known."""
    sizes: dict[int, int | None] = {}

    def size(node: yaml.Node) -> int:
        key = id(node)
        if key in sizes:
            known = sizes[key]
            if known is None:
                raise yaml.composer.ComposerError(
                    None, None, "an alias stands inside what it stands for", node.start_mark
                )
            return known
        sizes[key] = None
        children = node.value if isinstance(node, yaml.CollectionNode) else []
        pairs = (part for child in children for part in (child if isinstance(child, tuple) else (child,)))
        sizes[key] = total = 1 + sum(map(size, pairs))
        if total > _MOST_NODES:
            raise yaml.composer.ComposerError(
                None, None, f"aliases make more than {_MOST_NODES:,} entries of this", node.start_mark
            )
        return total

    size(root)


_SAID_KINDS = {"timestamp": "date of the calendar", "int": "whole number", "float": "number"}
# Such a file is written by hand: beyond these it is something else, or made to break its reader.
_DEEPEST = 50
_MOST_NODES = 100_000


def _start_of(value: list[Any] | dict[Any, Any]) -> str:
    """The beginning of a list or of keys, without writing all of it out."""
    shown = list(value)[:3] if isinstance(value, list) else dict(list(value.items())[:3])
    return repr(shown)


def short_text(value: Any) -> str:
    """A value as a file has it, cut where it is long, without credentials."""
    text = hide_credentials(say_found(value) if not isinstance(value, (list, dict)) else _start_of(value))
    return text if len(text) <= 60 else f"{text[:57]}..."
