"""Names of people: whatever order, script and company they come in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.standards.names import read_name, read_whole_name
from crm_research.standards.surnames import part_surname, spell_surname, syllables_of


@pytest.mark.parametrize(
    ("name", "given_name", "family_name", "key"),
    [
        # Surnames that are read otherwise than the same sign in a text; 尉迟 is one surname.
        ("单田芳", "tianfang", "shan", "fang shan tian"),
        ("仇英", "ying", "qiu", "qiu ying"),
        ("解缙", "jin", "xie", "jin xie"),
        ("曾国藩", "guofan", "zeng", "fan guo zeng"),
        ("查良镛", "liangyong", "zha", "liang yong zha"),
        ("尉迟恭", "gong", "yuchi", "chi gong yu"),
        ("吕布", "bu", "lyu", "bu lu"),
        ("任我行", "woxing", "ren", "ren wo xing"),
        # Either script, either order, spaces, what people are called by.
        ("張偉", "wei", "zhang", "wei zhang"),
        ("张 伟", "wei", "zhang", "wei zhang"),
        ("张伟先生", "wei", "zhang", "wei zhang"),
        ("Zhang Xiaoming", "xiaoming", "zhang", "ming xiao zhang"),
        ("李明 (Li Ming)", "ming", "li", "li ming"),
        ("欧阳娜娜", "nana", "ouyang", "na na ou yang"),
        ("Nana Ouyang", "nana", "ouyang", "na na ou yang"),
        ("Na Na OUYANG", "nana", "ouyang", "na na ou yang"),
        ("LYU BU", "bu", "lyu", "bu lu"),
        ("Lü Bu", "bu", "lu", "bu lu"),
        ("Lv Bu", "bu", "lv", "bu lu"),
        ("约翰·史密斯", "yuehan", "shimisi", "han mi shi si yue"),
        # Western ones.
        ("Hans Müller", "hans", "muller", "hans muller"),
        ("MUELLER, Hans", "hans", "mueller", "hans muller"),
        ("Hans MUELLER", "hans", "mueller", "hans muller"),
        ("MUELLER Hans", "hans", "mueller", "hans muller"),
        ("Dr. med. Anna Schmidt-Groß", "anna", "schmidt gross", "anna gross schmidt"),
        ("Prof. Dr. Dr. h.c. Karl Otto", "karl", "otto", "karl otto"),
        ("John Smith Jr.", "john", "smith", "john smith"),
        ("Ludwig van Beethoven", "ludwig", "van beethoven", "beethoven ludwig van"),
        ("Hans von der Heide", "hans", "von der heide", "der hans heide von"),
        ("VON DER HEIDE, Hans", "hans", "von der heide", "der hans heide von"),
        ("J. R. R. Tolkien", "j r r", "tolkien", "j r r tolkien"),
        ("O’Brien, Pat", "pat", "obrien", "obrien pat"),
        ("Ma, Jack", "jack", "ma", "jack ma"),
        ("Иван Петров", "иван", "петров", "иван петров"),
    ],
)
def test_names_are_taken_apart(name, given_name, family_name, key):
    read = read_whole_name(name)
    assert (read.given, read.family, read.key, read.flaw) == (given_name, family_name, key, "")


@pytest.mark.parametrize(
    ("name", "country", "key"),
    [
        ("Wei Li", None, "li wei"),  # both are among the commonest surnames
        ("Madonna", None, "madonna"),
        ("王小姐", None, "wang"),
        ("田中太郎", "JP", "田中太郎"),  # not read as Chinese
        ("김철수", None, "김철수"),
    ],
)
def test_where_two_readings_stand_open_neither_is_chosen(name, country, key):
    read = read_whole_name(name, country)
    assert (read.given, read.family, read.key, read.flaw) == (None, None, key, "ambiguous")


def test_a_common_surname_counts_before_a_rare_one():
    assert read_whole_name("Ma Yun").family == "ma"
    assert read_whole_name("Yun Ma").family == "ma"


@pytest.mark.parametrize(
    ("name", "country", "family"),
    [
        ("Nina Lange", None, "lange"),  # spelt like pinyin; neither end is a Chinese surname
        ("Nina Lange", "DE", "lange"),
        ("Bo Lange", "DE", "lange"),  # Bo is a rare surname: in Germany it is nobody's
        ("Bo Lange", None, None),
        ("Bo Lange", "CN", "bo"),
        ("Shan Xiaoming", "CN", "shan"),
        ("Lin Xiaoming", "DE", "lin"),
        ("Wei Li", "CN", None),
        ("Nina Lange", "CN", None),
    ],
)
def test_a_name_that_is_spelt_like_a_chinese_one(name, country, family):
    assert read_whole_name(name, country).family == family


def test_where_the_family_name_stands_first_by_country():
    assert read_whole_name("Nagy István", "HU").family == "nagy"
    assert read_whole_name("Nagy István", "DE").family == "istvan"


def test_parts_are_taken_before_the_whole():
    read = read_name("somebody else", "小明", "单", "CN")
    assert (read.given, read.family, read.chinese) == ("xiaoming", "shan", "单小明")
    assert read_name(None, "Ana María", None, None).given == "ana maria"
    assert read_name(None, None, "García", None).family == "garcia"
    assert read_name(None, None, None, None).flaw == "refused"


@pytest.mark.parametrize("name", ["", "   ", "12345", "---", "()", "·", "\u200b"])
def test_what_holds_no_name_is_none(name):
    read = read_whole_name(name)
    assert (read.key, read.flaw) == (None, "refused")


def test_surnames_of_two_signs_come_first():
    assert part_surname("司马光") == ("司马", "光")
    assert part_surname("司马") == ("司", "马")
    assert part_surname("囍囍") == ("", "囍囍")
    assert spell_surname("万俟") == "moqi"


def test_syllables_begin_with_a_consonant_where_they_can():
    assert syllables_of("nana") == ("na", "na")
    assert syllables_of("xian") == ("xian",)
    assert syllables_of("xiaoan") == ("xiao", "an")
    assert syllables_of("smith") == ()


PIECES = st.sampled_from(
    [
        "Müller",
        "MÜLLER",
        "Wei",
        "Li",
        "Zhang",
        "单",
        "小明",
        "欧阳",
        ",",
        "·",
        "Dr.",
        "von",
        "O'",
        "(x)",
        "先生",
        "J.",
        "Ø",
        "é",
        "ß",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=5).map(" ".join), st.sampled_from([None, "DE", "CN", "HU", "JP"]))
def test_what_is_read_is_read_the_same_again(name, country):
    once = read_whole_name(name, country)
    if once.given and once.family:
        again = read_name(None, once.given, once.family, country)
        assert (again.given, again.family, again.key) == (once.given, once.family, once.key)
