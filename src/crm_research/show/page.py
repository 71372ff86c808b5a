"""A page: a study and a report's parameters, given once, and a section for each question, made when first looked at."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, overload

from crm_research.profiling import PROFILED
from crm_research.settings import is_profiled
from crm_research.show.advice import Advice, Step
from crm_research.show.display import emit, text_html
from crm_research.show.doubts import find_doubts, say_doubt, say_doubts
from crm_research.show.joined import JoinsTold, say_joins, say_outside
from crm_research.show.parts import Caveats, Note, Provenance, Table
from crm_research.show.profile_parts import profile_parts
from crm_research.show.section import Section
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.figures import Figure
    from crm_research.steps import How
    from crm_research.study import Study

T = TypeVar("T")


class fitted(cached_property[T]):  # noqa: N801 - a decorator, as cached_property is
    """What a page fits when it is first looked at; the page notes which steps that took (`Page.kept`)."""

    @overload
    def __get__(self, page: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, page: object, owner: type[Any] | None = None) -> T: ...

    def __get__(self, page: Any, owner: type[Any] | None = None) -> Self | T:
        if page is None:
            return self
        kept = getattr(page.study, "kept", None)
        with PROFILED.section(_in_words(self.attrname)), nullcontext() if kept is None else kept.read_by(page.asked):
            fit: T = super().__get__(page, owner)
        return fit


def _in_words(name: str | None) -> str:
    return (name or "").replace("_", " ")


class section(fitted[Section]):  # noqa: N801 - a decorator, as cached_property is
    """A section of a page: a method that makes it, called when it is first looked at, then kept.

    The first line of its docstring is the question that it answers; the page lists it under contents.
    """

    def __get__(self, page: Any, owner: type[Any] | None = None) -> Any:
        made = super().__get__(page, owner)
        if isinstance(made, Section) and made.name is None and self.attrname is not None:
            made.name = self.attrname
            if is_brief(type(page), self.attrname):
                made.as_brief()
        return made


class briefing(section):  # noqa: N801 - a decorator, as cached_property is
    """A section of the manager's part: a rendered page puts it before everything else, wherever a notebook shows it."""


def is_brief(page: type[Page], name: str) -> bool:
    """Is a section of the manager's part? What a page overrides stays where it was."""
    return any(isinstance(vars(kind).get(name), briefing) for kind in page.__mro__)


class Page:
    """What does a report say of a study?

    A pillar's page adds its parameters and its sections. As the last line of a cell it displays the answer and what
    else it holds; Tab lists the sections.

    Parameters
    ----------
    study
        The study asked.
    """

    # Each clause of the report's question, and the section that a sentence of the manager's part cites for it.
    clauses: ClassVar[Mapping[str, str]] = {}
    # The id under which checks name the report; empty for a page that tells all that they found by itself.
    report: ClassVar[str] = ""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.asked: dict[Hashable, How] = {}

    @classmethod
    def of_result(cls, result: Any, **parts: Any) -> Self:
        """The page of a result (and what else is fitted) at hand, for sections that look at nothing else."""
        page = cls.__new__(cls)
        vars(page).update(study=None, asked={}, result=result, **parts)
        return page

    @property
    def kept(self) -> Section:
        """What has been computed of the study, and what of it did this page compute or take?

        A page with another parameter takes what does not rest on it. `study.kept.clear()` forgets everything.
        """
        held = self.study.kept.table(self.asked)
        if held.empty:
            return Section.missing("Nothing has been computed yet: look at a section first.")
        n_taken, n_made = ((held["here"] == how).sum() for how in ("taken", "computed"))
        return Section(
            Note(
                f"This page has computed {n_made:,} and taken {n_taken:,} of the {say_count(len(held), 'step')} "
                "kept of "
                "the study. A step is computed anew when something that it rests on changes; study.kept.clear() "
                "forgets all of them."
            ),
            Table(
                held,
                "Steps of the analysis that are kept",
                formats={"seconds": "{:.2f}"},
                note="Seconds are those of the step alone, without the steps it rests on. n taken: times it was taken "
                "instead of computed. Here: what this page did; empty where it has not asked for it.",
                max_rows=200,
            ),
            result=held,
        )

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how; printed with the provenance."""
        return {}

    @briefing
    def answer(self) -> Section:
        """What is the answer, with the picture and the numbers that carry it?"""
        raise NotImplementedError

    @briefing
    def advice(self) -> Section:
        """What is to be done, and what is the gravest doubt?"""
        found = [Note(said, "caution") for said in self.doubts]
        return Section(
            Advice(self.steps(), self.contents()),
            Note(self.gravest_doubt(), "caution"),
            *found,
            Note(f"{say_joins(self.hanging)} {say_outside(self.hanging)}".strip()),
        )

    @property
    def hanging(self) -> JoinsTold | None:
        """The main number under other joins of records; None for a study without links, or a page that tells none."""
        return None

    @property
    def doubts(self) -> list[str]:
        """What the check of a run found in the records that spoils this report; nothing where no check was made."""
        return say_doubts(find_doubts(self.study, self.report))

    def steps(self) -> Sequence[Step]:
        """What a manager can do with the answer, the most useful first, each with the section that proves it."""
        return ()

    def gravest_doubt(self) -> str:
        """The one thing that would make the answer wrong, as a sentence; empty where nothing stands out."""
        return ""

    @section
    def caveats(self) -> Section:
        """What is doubtful about these data?"""
        said = map(say_doubt, find_doubts(self.study, self.report))
        return Section(Caveats(self.study), *(Note(one, "caution") for one in said))

    @section
    def provenance(self) -> Section:
        """Where do the numbers come from?"""
        return Section(Provenance(self.study, self.estimators), *(profile_parts() if is_profiled() else ()))

    @classmethod
    def contents(cls) -> dict[str, str]:
        """The sections by name, in the order in which they are read, each with the question that it answers."""
        own = [vars(kind) for kind in reversed(cls.__mro__) if kind is not Page]
        named = {name: held for held in [*own, vars(Page)] for name in held if isinstance(getattr(cls, name), section)}
        if cls.steps is Page.steps and cls.gravest_doubt is Page.gravest_doubt:
            named.pop("advice", None)
        order = sorted(named, key=lambda name: not is_brief(cls, name))
        return {name: (getattr(cls, name).__doc__ or "").split("\n", 1)[0].strip() for name in order}

    def sections(self) -> dict[str, Section]:
        """All sections, each made now if it was not looked at before."""
        return {name: getattr(self, name) for name in self.contents()}

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every printed number of the page, each id and group once; makes all sections."""
        found = {(figure.id, figure.group): figure for made in self.sections().values() for figure in made.figures}
        return tuple(found.values())

    def show(self) -> None:
        """Display the answer, and what else the page holds."""
        self.answer.show()
        emit(self._contents_html(), self._contents_text())

    def _ipython_display_(self) -> None:
        self.show()

    def _repr_html_(self) -> str:
        return f"{self.answer._repr_html_()}{self._contents_html()}"

    def __repr__(self) -> str:
        return f"{self.answer!r}\n\n{self._contents_text()}"

    def _contents_html(self) -> str:
        rows = "".join(
            f"<div><dt><code>.{name}</code></dt><dd>{text_html(question)}</dd></div>"
            for name, question in self.contents().items()
        )
        return f'<dl class="crm crm-contents">{rows}</dl>'

    def _contents_text(self) -> str:
        return "\n".join(f".{name}: {question}" for name, question in self.contents().items())
