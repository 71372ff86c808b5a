"""Answers in words, from the lowest to the highest: the ladders that questionnaires use most."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook

# A rung with several words is written in one of them.
_WRITTEN: Final = """
strongly disagree, disagree / somewhat disagree, neutral / neither agree nor disagree / undecided, agree / somewhat agree, strongly agree
very dissatisfied, dissatisfied / somewhat dissatisfied, neutral / neither satisfied nor dissatisfied, satisfied / somewhat satisfied, very satisfied
very unsatisfied, unsatisfied, neutral, satisfied, very satisfied
very unlikely, unlikely, neutral / neither likely nor unlikely, likely, very likely
very poor / very bad, poor / bad, fair / average / neutral, good, very good / excellent
not at all important, slightly important, moderately important, important, very important / extremely important
never, rarely / seldom, sometimes / occasionally, often / usually, always
stimme gar nicht zu / stimme überhaupt nicht zu, stimme eher nicht zu / stimme nicht zu, teils teils / teils/teils / neutral, stimme eher zu / stimme zu, stimme voll zu / stimme voll und ganz zu
sehr unzufrieden, unzufrieden / eher unzufrieden, neutral / teils teils / teils/teils, zufrieden / eher zufrieden, sehr zufrieden
pas du tout d'accord, plutôt pas d'accord / pas d'accord, neutre, plutôt d'accord / d'accord, tout à fait d'accord
très insatisfait, insatisfait / plutôt insatisfait / peu satisfait, neutre / ni satisfait ni insatisfait, satisfait / plutôt satisfait, très satisfait
médiocre, passable, bien, très bien, excellent
très mauvais, mauvais, moyen, bon, très bon / excellent
poor, fair, good, very good, excellent
非常不同意 / 完全不同意, 不同意, 一般 / 中立 / 不确定, 同意, 非常同意 / 完全同意
非常不满意, 不满意, 一般, 满意, 非常满意
很不满意, 不满意, 一般, 满意, 很满意
muy insatisfecho, insatisfecho, neutral / ni satisfecho ni insatisfecho / indiferente, satisfecho, muy satisfecho
totalmente en desacuerdo / muy en desacuerdo, en desacuerdo, neutral / ni de acuerdo ni en desacuerdo, de acuerdo, totalmente de acuerdo / muy de acuerdo
nie, selten, manchmal / gelegentlich, oft / häufig, immer
schlecht / sehr schlecht, mangelhaft / eher schlecht, mittel / befriedigend, gut, sehr gut
sehr schlecht, schlecht / eher schlecht, durchschnittlich / mittelmäßig / weder noch, gut / eher gut, sehr gut / ausgezeichnet
trifft gar nicht zu / trifft überhaupt nicht zu, trifft nicht zu / trifft eher nicht zu, teils teils / teils/teils / neutral, trifft zu / trifft eher zu, trifft voll zu / trifft voll und ganz zu
terrible, poor / bad, average / fair / okay, good, excellent / great
非常不满意 / 很不满意 / 十分不满意, 不满意 / 不太满意 / 比较不满意, 一般 / 中立 / 说不清, 满意 / 比较满意 / 基本满意, 非常满意 / 很满意 / 十分满意
非常不可能 / 完全不可能, 不太可能 / 不可能, 一般 / 不确定 / 中立, 可能 / 比较可能, 非常可能
とても不満 / 非常に不満 / 大変不満, 不満 / やや不満, 普通 / どちらともいえない / どちらでもない, 満足 / やや満足, とても満足 / 非常に満足 / 大変満足
不満, やや不満, 普通 / どちらともいえない / どちらでもない, やや満足, 満足
全くそう思わない / まったくそう思わない, そう思わない / あまりそう思わない, どちらともいえない, そう思う / ややそう思う, 強くそう思う / とてもそう思う
per niente soddisfatto / per nulla soddisfatto, poco soddisfatto, abbastanza soddisfatto / mediamente soddisfatto, soddisfatto / molto soddisfatto, molto soddisfatto / estremamente soddisfatto
del tutto in disaccordo / fortemente in disaccordo, in disaccordo, neutrale / né d'accordo né in disaccordo, d'accordo, del tutto d'accordo / fortemente d'accordo
pessimo, scarso / insufficiente, sufficiente / discreto, buono, ottimo / eccellente
discordo totalmente, discordo / discordo parcialmente, neutro / não concordo nem discordo / nem concordo nem discordo, concordo / concordo parcialmente, concordo totalmente
péssimo / muito ruim, ruim, regular, bom, ótimo / muito bom / excelente
zdecydowanie się nie zgadzam, nie zgadzam się / raczej się nie zgadzam, trudno powiedzieć / ani się zgadzam ani nie zgadzam, zgadzam się / raczej się zgadzam, zdecydowanie się zgadzam
zdecydowanie nie, raczej nie, trudno powiedzieć / nie wiem, raczej tak, zdecydowanie tak
매우 불만족 / 매우 불만, 불만족 / 불만, 보통 / 보통이다, 만족, 매우 만족
전혀 그렇지 않다, 그렇지 않다, 보통이다 / 보통, 그렇다, 매우 그렇다
"""  # noqa: E501  (a ladder is a line)
_LADDERS: Final = tuple(
    tuple(tuple(word.strip() for word in rung.split(" / ")) for rung in line.split(","))
    for line in _WRITTEN.strip().splitlines()
)
# How a language grades a word and its opposite: strongly, mildly, and neither; the ladders of them all are made below.
_GRADES: Final = (
    (("very", "extremely", "completely", "highly", "totally"), ("", "somewhat", "fairly"), ("slightly", "somewhat"),
     ("neutral", "undecided", "neither {} nor {}"),
     (("satisfied", "dissatisfied"), ("satisfied", "unsatisfied"), ("happy", "unhappy"), ("likely", "unlikely"),
      ("easy", "difficult"), ("important", "unimportant"))),
    (("sehr", "äußerst", "überaus", "völlig", "vollkommen"), ("", "eher", "ziemlich"), ("eher", "etwas"),
     ("neutral", "teils teils", "teils/teils", "weder noch", "weder {} noch {}"),
     (("zufrieden", "unzufrieden"), ("wahrscheinlich", "unwahrscheinlich"), ("wichtig", "unwichtig"))),
    (("très", "tout à fait", "extrêmement", "totalement"), ("", "plutôt", "assez"), ("plutôt", "assez", "peu"),
     ("neutre", "ni {} ni {}", "sans opinion"),
     (("satisfait", "insatisfait"), ("satisfait", "mécontent"), ("probable", "improbable"))),
    (("muy", "extremadamente", "totalmente", "completamente"), ("", "algo", "bastante"), ("algo",),
     ("neutral", "indiferente", "ni {} ni {}"),
     (("satisfecho", "insatisfecho"), ("probable", "improbable"))),
    (("muito", "extremamente", "totalmente"), ("", "um pouco", "parcialmente"), ("um pouco",),
     ("neutro", "indiferente", "nem {} nem {}"),
     (("satisfeito", "insatisfeito"), ("provável", "improvável"))),
    (("molto", "estremamente", "del tutto"), ("", "abbastanza", "piuttosto"), ("abbastanza", "poco"),
     ("neutrale", "né {} né {}"),
     (("soddisfatto", "insoddisfatto"), ("soddisfatta", "insoddisfatta"), ("probabile", "improbabile"))),
    (("bardzo", "całkowicie", "zdecydowanie"), ("", "raczej", "dość"), ("raczej",),
     ("neutralny", "neutralnie", "ani {} ani {}", "ani {}, ani {}", "trudno powiedzieć", "średnio"),
     (("zadowolony", "niezadowolony"), ("zadowolona", "niezadowolona"), ("prawdopodobne", "nieprawdopodobne"),
      ("dobrze", "źle"), ("dobra", "zła"))),
    (("zeer", "heel", "erg", "uiterst"), ("", "enigszins"), ("enigszins",),
     ("neutraal", "noch {} noch {}", "niet {}, niet {}"),
     (("tevreden", "ontevreden"), ("waarschijnlijk", "onwaarschijnlijk"))),
)  # fmt: skip


def _graded() -> Iterator[tuple[tuple[str, ...], ...]]:
    for strong, mild, slight, neither, pairs in _GRADES:
        for good, bad in pairs:
            middle = tuple(text.format(*two) for text in neither for two in ((good, bad), (bad, good)))
            rungs = [
                tuple(f"{word} {stem}".strip() for word in words)
                for words in (strong, mild, slight)
                for stem in (bad, good)
            ]
            worst, best, worse, better, below, above = rungs
            yield (worst, worse, middle, better, best)
            moderate = tuple(tuple(f"{word} {stem}".strip() for word in ("moderately", "")) for stem in (bad, good))
            yield (worst, moderate[0], below, middle, above, moderate[1], best)


_FEWEST_RUNGS: Final = 3
_ENDINGS: Final = re.compile(r"\((e|es|s|ne|a|o|as|os|en|n|r|in)\)")


def find_ladder(column: ColumnLook) -> list[str] | None:
    """The words of a column's answers from the lowest to the highest; None where no ladder holds them all."""
    return ladder_of(column.values)


def ladder_of(values: Sequence[str]) -> list[str] | None:
    """These words from the lowest to the highest; None where no ladder holds them all."""
    # Satisfait(e) is satisfait, whoever answers.
    found = {_ENDINGS.sub("", value.strip().lower()): value.strip() for value in values}
    if len(found) < len({value.strip() for value in values}):
        return None
    if len(found) < _FEWEST_RUNGS:
        return None
    for ladder in (*_LADDERS, *_graded()):
        rungs = [next((found[word] for word in rung if word in found), None) for rung in ladder]
        if len([rung for rung in rungs if rung is not None]) == len(found):
            return [rung or words[0] for rung, words in zip(rungs, ladder, strict=True)]
    return None
