"""What only the summary shows: actions with links into the pages that prove them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crm_research.pillars.summary import words
from crm_research.pillars.summary.actions import Action
from crm_research.settings import folder_of_files
from crm_research.show.advice import link_to
from crm_research.show.display import Output, text_html
from crm_research.show.figure_cards import anchor_of
from crm_research.vocabulary import say_count

# Says of an output that it is what a department is told; a run makes a page of its own of that section.
DEPARTMENT_MIME: Final = "application/vnd.crm-research.department+json"


@dataclass(frozen=True)
class ActionList:
    """What is to be done, for whom, by which department, and where is it proved?

    Parameters
    ----------
    actions
        The most money first.
    most
        So many are shown at once, in brief, and the others behind a line. None shows all, each whole.
    """

    actions: tuple[Action, ...]
    most: int | None = None

    def __init__(self, actions: Iterable[Action], most: int | None = None) -> None:
        object.__setattr__(self, "actions", tuple(actions))
        object.__setattr__(self, "most", most)

    @property
    def is_empty(self) -> bool:
        """Is there nothing to do?"""
        return not self.actions

    def render(self) -> Output:
        """The actions as a numbered list, each with a link to its proof."""
        is_brief = self.most is not None
        items = [_item(action, is_brief=is_brief) for action in self.actions]
        lines = [f"{place}. {_plain(action)}" for place, action in enumerate(self.actions, start=1)]
        html = f'<ol class="crm crm-advice crm-actions">{"".join(items[: self.most])}</ol>'
        others = items[self.most :] if self.most is not None else []
        if self.most is not None and others:
            # Not only a link: a page for management has nowhere to lead to.
            html += (
                f'<details class="folded crm more-actions"><summary>{say_count(len(others), "more action")}</summary>'
                f'<ol class="crm crm-advice crm-actions" start="{self.most + 1}">{"".join(others)}</ol>'
                f'<p class="crm">{link_to("actions", "all actions, with what would measure them")}</p></details>'
            )
        return Output(html=html, plain="\n".join(lines))


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
        # Only a run makes the page that this leads to.
        link = (
            f' <a class="proof" href="{_page_of(self.department)}">a page of its own</a>'
            if folder_of_files() is not None
            else ""
        )
        html = f'<p class="crm crm-department">{text_html(self.text)}{link}</p>'
        return Output(html=html, plain=self.text, types={DEPARTMENT_MIME: held})


def _page_of(department: str) -> str:
    return f"summary-{department}.html"


def _item(action: Action, *, is_brief: bool) -> str:
    check = words.say_check_first(action)
    warned = f'<br><strong class="check-first">{text_html(check)}</strong>' if check else ""
    stake = words.say_stake(action)
    proof = f'<a class="proof" href="{text_html(action.link)}">{text_html(action.report.title)}</a>'
    name = text_html(words.name_department(action.rule.department))
    # Only a run makes the page that this leads to.
    owner = name if folder_of_files() is None else f'<a href="{_page_of(action.rule.department)}">{name}</a>'
    task = f"<strong>{owner}</strong>, for {text_html(action.for_whom)}: {text_html(action.do)}{warned}"
    at_stake = f" At stake: {text_html(stake)}." if stake else ""
    effect = words.say_effect(action, is_brief=is_brief)
    return f"<li>{task}<br>{text_html(action.why)}{at_stake} {text_html(effect)}{_effect_link(action)} {proof}</li>"


def _effect_link(action: Action) -> str:
    if action.effect is None or action.effect_report is None:
        return ""
    target = f"{action.effect_report.page}#{anchor_of(action.effect)}"
    return f' <a class="proof" href="{text_html(target)}">effect</a>'


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
