"""Where a report's numbers come from: the study, its inputs, its doubts, the engine and the versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from crm_research.packages import package_versions
from crm_research.show.display import Output, text_html
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.study import Study

_LENGTH_OF_SHORT_FINGERPRINT: Final = 12


def caveats(study: Study) -> None:
    """What is doubtful about these data?"""
    render_caveats(study).show()


def render_caveats(study: Study) -> Output:
    """The caveats as `caveats` displays them."""
    doubts = study.caveats or (
        "The study's file names no doubts about its data; that is no proof that there are none.",
    )
    items = "".join(f"<li>{text_html(doubt)}</li>" for doubt in doubts)
    return Output(html=f'<ul class="crm crm-caveats">{items}</ul>', plain="\n".join(f"- {doubt}" for doubt in doubts))


def provenance(study: Study, *, estimators: Mapping[str, str] | Iterable[str] = ()) -> None:
    """Where do the numbers on this page come from, and how could someone make them again?

    Parameters
    ----------
    estimators
        The methods used, in words; or what they estimate to the method.
    """
    render_provenance(study, estimators=estimators).show()


def render_provenance(study: Study, *, estimators: Mapping[str, str] | Iterable[str] = ()) -> Output:
    """The list of sources as `provenance` displays it."""
    rows = _study_rows(study)
    if isinstance(estimators, Mapping):
        rows += [(f"Method: {what}", how) for what, how in estimators.items()]
    else:
        rows += [("Method", how) for how in ([estimators] if isinstance(estimators, str) else estimators)]
    rows += [("Caveat", doubt) for doubt in study.caveats]
    rows += [("Versions", ", ".join(f"{name} {number}" for name, number in package_versions().items()))]
    shown = "".join(f"<div><dt>{text_html(name)}</dt><dd>{text_html(value)}</dd></div>" for name, value in rows)
    return Output(
        html=f'<dl class="crm crm-provenance">{shown}</dl>', plain="\n".join(f"{name}: {value}" for name, value in rows)
    )


def short_fingerprint(fingerprint: str) -> str:
    """The first signs of a digest, without the name of its method."""
    return fingerprint.rpartition(":")[2][:_LENGTH_OF_SHORT_FINGERPRINT]


def _study_rows(study: Study) -> list[tuple[str, str]]:
    rows = [("Study", f"{study.title} ({study.name})")]
    if study.provenance:
        rows.append(("Data", study.provenance))
    rows += [("Currency", study.currency), ("As of", f"{study.as_of:%Y-%m-%d}")]
    holdout = f"until {study.holdout_until:%Y-%m-%d}" if study.holdout_until else "none kept apart"
    rows.append(("Holdout", holdout))
    for found in study.inputs:
        counted = f", {say_count(found.n_rows, 'row')}" if found.n_rows is not None else ""
        short = short_fingerprint(found.fingerprint)
        rows.append((f"Table {found.table}", f"{found.source}{counted}, fingerprint {short}"))
    if study.tables:
        rows.append(("Engine", study.backend.name))
    return rows
