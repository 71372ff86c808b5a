"""What only the summary shows: actions with links into the pages that prove them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crm_research.pillars.summary import words
from crm_research.pillars.summary.actions import Action
from crm_research.show.display import Output, text_html
from crm_research.show.figure_cards import anchor_of

# Says of an output that it is what a department is told; a run makes a page of its own of that section.
DEPARTMENT_MIME: Final = "application/vnd.crm-research.department+json"


@dataclass(frozen=True)
class ActionList:
    """What is to be done, for whom, by which department, and where is it proved?

    Parameters
    ----------
    actions
        The most money first.
    """

    actions: tuple[Action, ...]

    def __init__(self, actions: Iterable[Action]) -> None:
        object.__setattr__(self, "actions", tuple(actions))

    @property
    def is_empty(self) -> bool:
        """Is there nothing to do?"""
        return not self.actions

    def render(self) -> Output:
        """The actions as a numbered list, each with a link to its proof."""
        items = "".join(map(_item, self.actions))
        lines = [f"{place}. {_plain(action)}" for place, action in enumerate(self.actions, start=1)]
        return Output(html=f'<ol class="crm crm-advice crm-actions">{items}</ol>', plain="\n".join(lines))


@dataclass(frozen=True)
class DepartmentLine:
    """What a department is asked to do, in one line."""

    department: str
    text: str

    @property
    def is_empty(self) -> bool:
        """A department is always told something."""
        return False

    def render(self) -> Output:
        """The line, and for a run the name of the department."""
        held = {"department": self.department, "name": words.name_department(self.department), "line": self.text}
        html = f'<p class="crm crm-department">{text_html(self.text)}</p>'
        return Output(html=html, plain=self.text, types={DEPARTMENT_MIME: held})


def _item(action: Action) -> str:
    check = words.say_check_first(action)
    warned = f'<br><strong class="check-first">{text_html(check)}</strong>' if check else ""
    stake = words.say_stake(action)
    at_stake = f"<br>At stake: {text_html(stake)}." if stake else ""
    proof = f'<a class="proof" href="{text_html(action.link)}">{text_html(action.report.title)}</a>'
    return (
        f"<li><strong>{text_html(words.name_department(action.rule.department))}</strong>, for "
        f"{text_html(action.for_whom)}: {text_html(action.do)}{warned}"
        f"<br>{text_html(action.why)} {proof}{at_stake}"
        f"<br>{text_html(words.say_effect(action))}{_effect_link(action)}</li>"
    )


def _effect_link(action: Action) -> str:
    if action.effect is None or action.effect_report is None:
        return ""
    target = f"{action.effect_report.page}#{anchor_of(action.effect)}"
    return f' <a class="proof" href="{text_html(target)}">{text_html(action.effect_report.title)}: effect</a>'


def _plain(action: Action) -> str:
    stake = words.say_stake(action)
    told = [
        f"{words.name_department(action.rule.department)}, for {action.for_whom}: {action.do}",
        words.say_check_first(action),
        action.why,
        f"At stake: {stake}." if stake else "",
        words.say_effect(action),
    ]
    return " ".join(part for part in told if part)
