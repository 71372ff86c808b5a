"""What a page of the docs says of a report, read from the catalogue and from the report's page: nothing to keep twice.

```{catalogued} churn
```
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

from crm_research.catalogue import find_report
from crm_research.catalogue.entry import Report, ReportParameters
from crm_research.show import Page


class Catalogued(Directive):
    """Which records does a report need, which questions does its page answer, which parameters does it take?"""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The sections on records, questions, parameters and figures."""
        report = find_report(self.arguments[0])
        kind = page_of(report)
        questions = [[nodes.literal(text=name), nodes.Text(asked)] for name, asked in kind.contents().items()]
        parameters = [
            [nodes.literal(text=name), nodes.literal(text=_shown(field.default)), nodes.Text(_said(report, name))]
            for name, field in report.parameters.model_fields.items()
        ]
        return [
            _paragraph("It needs ", nodes.strong(text=needs(report)), *_also(report)),
            nodes.rubric(text="Questions"),
            _paragraph(
                "The page object is ",
                nodes.literal(text=f"{kind.__module__.split('.')[-2]}.{kind.__name__}"),
                "; each section is an attribute of it.",
            ),
            _table(["section", "question"], questions, [22, 78]),
            nodes.rubric(text="Parameters"),
            _paragraph(
                "Given with ",
                nodes.literal(text="-p name=value"),
                "; the page object takes the report's own by the same names.",
            ),
            _table(["parameter", "default", "what it is"], parameters, [22, 18, 60]),
            nodes.rubric(text="Figures that programs may rely on"),
            _paragraph("Ids in ", nodes.literal(text="figures.json"), ", wherever the records suffice:"),
            nodes.bullet_list("", *(nodes.list_item("", _paragraph(nodes.literal(text=i))) for i in report.figure_ids)),
        ]


def page_of(report: Report) -> type[Page]:
    """The page class that the report's pillar offers."""
    pillar = import_module(f"crm_research.pillars.{report.id.replace('-', '_')}")
    offered = [getattr(pillar, name) for name in pillar.__all__]
    return next(kind for kind in offered if isinstance(kind, type) and issubclass(kind, Page))


def needs(report: Report) -> str:
    """The tables of which a study must have one group, in words."""
    groups = [" and ".join(group) for group in report.needs_any_of]
    return groups[0] if len(groups) == 1 else f"{', '.join(groups[:-1])} or {groups[-1]}"


def _also(report: Report) -> list[nodes.Node]:
    if report.may_read is None:
        return [nodes.Text(", and looks at every other table that the study has.")]
    needed = {name for group in report.needs_any_of for name in group}
    more = [name for name in report.may_read if name not in needed]
    return [nodes.Text(f". Where a study has them it also reads {', '.join(more)}." if more else ".")]


def _said(report: Report, name: str) -> str:
    """What a parameter is: in the report's words, or in those for all reports where it changes the default alone."""
    own = report.parameters.model_fields[name].description
    return own or ReportParameters.model_fields[name].description or ""


def _shown(value: Any) -> str:
    return "None" if value is None else str(value)


def _paragraph(*parts: str | nodes.Node) -> nodes.paragraph:
    return nodes.paragraph("", "", *(nodes.Text(part) if isinstance(part, str) else part for part in parts))


def _table(names: list[str], rows: list[list[nodes.Node]], widths: list[int]) -> nodes.table:
    head = nodes.thead("", _row([nodes.Text(name) for name in names]))
    columns = [nodes.colspec(colwidth=width) for width in widths]
    group = nodes.tgroup("", *columns, head, nodes.tbody("", *map(_row, rows)), cols=len(names))
    return nodes.table("", group)


def _row(cells: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))


def setup(app: Any) -> dict[str, bool]:
    """Make the directive known to Sphinx."""
    app.add_directive("catalogued", Catalogued)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
