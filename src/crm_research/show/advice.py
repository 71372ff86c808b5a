"""What is to be done: steps for a manager, each with the section that proves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_research.show.display import Output, text_html


@dataclass(frozen=True)
class Step:
    """What can be done, and which section of the page proves it?

    Parameters
    ----------
    text
        A sentence that begins with what to do.
    see
        Name of the section.
    """

    text: str
    see: str | None = None


@dataclass(frozen=True)
class Advice:
    """What is to be done, in which order?

    Parameters
    ----------
    steps
        The most useful first; empty ones drop out.
    questions
        The sections of the page by name, each with the question that it answers: the words of the links.
    """

    steps: tuple[Step, ...]
    questions: Mapping[str, str]

    def __init__(self, steps: Iterable[Step], questions: Mapping[str, str]) -> None:
        object.__setattr__(self, "steps", tuple(step for step in steps if step.text.strip()))
        object.__setattr__(self, "questions", questions)

    @property
    def is_empty(self) -> bool:
        """Is there nothing to do?"""
        return not self.steps

    def render(self) -> Output:
        """The steps as a numbered list, each with a link to its proof."""
        items = "".join(f"<li>{text_html(step.text.strip())}{self._proof(step)}</li>" for step in self.steps)
        lines = [f"{place}. {step.text.strip()}" for place, step in enumerate(self.steps, start=1)]
        return Output(html=f'<ol class="crm crm-advice">{items}</ol>', plain="\n".join(lines))

    def _proof(self, step: Step) -> str:
        if step.see is None:
            return ""
        return f" {link_to(step.see, self.questions.get(step.see, step.see))}"


def link_to(section: str, words: str, unseen: str = "") -> str:
    """A link to a section of the same page; what is unseen is told to those who hear the page."""
    told = f'<span class="sr-only">: {text_html(unseen)}</span>' if unseen else ""
    return f'<a class="proof" href="#{anchor_of(section)}">{text_html(words)}{told}</a>'


def anchor_of(section: str) -> str:
    """The id under which a rendered page holds a section."""
    return f"section-{section.replace('_', '-')}"
