"""What a reader should be warned of: faults of the answers, silence, and cut points."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd

from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis
from crm_research.pillars.satisfaction.roles import OUTCOMES
from crm_research.pillars.satisfaction.words import say_points
from crm_research.theme import join_words, say_count, say_interval, word_for

Kind = Literal["note", "caution"]
_FEWEST: Final = 20

_FAULTS: Final[tuple[tuple[str, str, Kind], ...]] = (
    ("n_outside", "Answers outside their scale (such as -99) count as missing: {items}.", "caution"),
    (
        "n_rescaled",
        (
            "Answers on another scale than the item's latest were carried over by their place between the ends: "
            "{items}. Whether people use two scales alike is not known, so changes of these items are doubtful."
        ),
        "caution",
    ),
    (
        "n_reversed",
        (
            "Scales written from high to low: {items}. They are read from the least to the greatest number; if the "
            "least means the best (as in school marks), turn the scores in the study file."
        ),
        "caution",
    ),
)


def response_kind(found: SatisfactionAnalysis) -> Kind:
    """Whether weighting moves anything that a reader should be warned of."""
    parts = found.response
    if parts is None or parts.moves.empty:
        return "caution"
    moved = (parts.moves["lower"] > 0) | (parts.moves["upper"] < 0)
    return "caution" if bool(moved.any()) else "note"


def silence_notes(found: SatisfactionAnalysis) -> list[str]:
    """What no weight can mend, and the nearest look at it."""
    parts = found.response
    if parts is None:
        return []
    said = [
        (
            "Weights mend only what was known of customers before they were asked. If, at the same attributes, the "
            "unhappy stay silent, every mean here is too high, and nothing in the answers can show it. The records do "
            "not tell who was asked: not being asked and not answering look the same."
        )
    ]
    again = parts.again
    if again is not None:
        sure = again["lower"] > 0 or again["upper"] < 0
        way = "higher" if again["gap"] >= 0 else "lower"
        verdict = "a sure difference: answering goes with attitude" if sure else "no sure difference"
        said.append(
            f"The nearest look at it: of those who answered in {found.label_before}, {again['n_again']:.0f} "
            "answered again "
            f"and {again['n_not']:.0f} did not; the first had then rated us {say_points(abs(again['gap']))} "
            f"points {way} "
            f"(difference {say_interval(again['lower'], again['upper'], say_points)}), {verdict}."
        )
    if parts.n_anonymous:
        verb = word_for(parts.n_anonymous, "is", "are")
        said.append(f"{say_count(parts.n_anonymous, 'answer')} of the wave {verb} anonymous and cannot be weighted.")
    return said


def survey_notes(found: SatisfactionAnalysis) -> list[tuple[str, Kind]]:
    """What a reader should know of waves, scales and answers, each with how grave it is."""
    survey, notes = found.survey, list[tuple[str, Kind]]()
    items = survey.items
    for column, text, kind in _FAULTS:
        hit = items.loc[items[column] > 0]
        if len(hit):
            named = join_words([f"{row['item']} ({row[column]:,.0f})" for _, row in hit.head(8).iterrows()])
            notes.append((text.format(items=named), kind))
    if survey.is_continuous:
        notes.append(("The survey never paused for long; calendar quarters stand for waves.", "note"))
    if found.wave is not None and found.wave != int(survey.waves["wave"].iloc[-1]):
        notes.append(("The latest wave has fewer than twenty responses; the one before it stands for now.", "caution"))
    if survey.n_timeless:
        verb = word_for(survey.n_timeless, "is", "are")
        notes.append((f"{say_count(survey.n_timeless, 'response')} without a time {verb} left out.", "caution"))
    if survey.n_items_left_out:
        verb = word_for(survey.n_items_left_out, "is", "are")
        notes.append((f"{say_count(survey.n_items_left_out, 'rarely asked item')} {verb} left out.", "note"))
    flipped = turned_between_waves(found)
    if flipped:
        text = (
            f"{join_words(flipped)} went with the other items in one wave and against them in another: the scale may "
            "have been turned round in between. Its changes are not to be trusted before that is settled."
        )
        notes.append((text, "caution"))
    turned = () if found.structure is None else found.structure.reversed_items
    if turned:
        notes.append(
            (
                (
                    f"{join_words(turned)} {'runs' if len(turned) == 1 else 'run'} against the other items of "
                    f"{'its' if len(turned) == 1 else 'their'} construct, as items do that are asked the other way "
                    "round. Nothing was turned; turn it in the study file if so."
                ),
                "caution",
            )
        )
    return notes


def turned_between_waves(found: SatisfactionAnalysis) -> list[str]:
    """Items that go with the others of their construct in one of the two latest waves and against them in the other."""
    if found.wave is None or found.before is None:
        return []
    answers = found.survey.answers
    waves = [answers.loc[answers["wave"] == wave] for wave in (found.before, found.wave)]
    flipped = []
    for items in found.roles.constructs.values():
        for item in items if len(items) > 1 else ():
            rest = [other for other in items if other != item]
            signs = [_sure_sign(wave[item], wave[rest].mean(axis=1)) for wave in waves]
            if signs[0] * signs[1] < 0:
                flipped.append(item)
    return flipped


def _sure_sign(one: pd.Series, other: pd.Series) -> int:
    """Sign of a correlation that is beyond chance (three standard errors); 0 otherwise."""
    both = pd.DataFrame({"one": one, "other": other}).dropna()
    if len(both) < _FEWEST or both.std().min() == 0:
        return 0
    r = float(both["one"].corr(both["other"]))
    return int(np.sign(r)) if abs(np.arctanh(np.clip(r, -0.999, 0.999))) * np.sqrt(len(both) - 3) > 3 else 0


def placing_table(found: SatisfactionAnalysis) -> pd.DataFrame:
    """Driver, quadrant and whether its intervals keep it there."""
    if found.priorities is None:
        return pd.DataFrame(columns=["driver", "place", "is_sure"])
    table = found.priorities.table.dropna(subset=["importance"])
    return table[["driver", "quadrant", "is_sure"]].rename(columns={"quadrant": "place"})


def drivers_note(found: SatisfactionAnalysis) -> str:
    """Which items count as outcomes and so as no drivers, how that was read, and how to say otherwise."""
    taken = found.roles.items_with_role(*OUTCOMES)
    asked = found.roles.recommend
    taken += [asked] if asked is not None and asked not in taken else []
    how = "the names of the constructs given" if found.roles.is_named else "their names"
    named = f"As outcomes, and so not as drivers, count by {how}: {join_words(taken)}. " if taken else ""
    rest = (
        f"{named}Every other item counts as something that may lead to satisfaction."
        if taken
        else "By their names no item is an outcome (satisfaction, loyalty, recommendation)."
    )
    return (
        f"{rest} Where names do not tell, the "
        "parameter constructs does: a construct whose name says satisfaction, loyalty, repurchase, switching, "
        "recommendation or complaints makes its items outcomes (constructs: loyalty: [item, item])."
    )


def cut_note(found: SatisfactionAnalysis) -> str:
    """Where the cuts lie, what that settles by itself, and what the errors do."""
    parts = found.conviction
    if parts is None or parts.groups is None:
        return ""
    groups = parts.groups
    return (
        f"A high attitude begins at {groups.attitude_cut:.0f} of 100, frequent buying at {groups.rate_cut:.1f} repeat "
        "purchases a year (the medians of the true values, unless they are given). At the medians half of all "
        "lie above "
        "each cut by construction; only how the two halves overlap is a finding. The score of attitude has a "
        "reliability "
        f"of {groups.reliability:.2f}{' (assumed)' if groups.is_assumed else ''}; without its errors, attitude "
        "and buying "
        f"correlate at {groups.correlation:.2f} ({groups.correlation_lower:.2f} to "
        f"{groups.correlation_upper:.2f}). Purchases "
        f"are those of {say_count(parts.patronage_days, 'day')} before the study's date; half of the answers are "
        "younger than "
        f"{say_count(parts.median_age_days, 'day')}; {say_count(parts.n_without_purchase, 'customer')} who "
        "answered had "
        f"not bought and {word_for(parts.n_without_purchase, 'is', 'are')} left out."
    )
