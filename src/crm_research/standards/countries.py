"""Countries by their code of two letters, whatever they are called."""

from __future__ import annotations

from functools import cache
from typing import Final

from crm_research.standards.text import fold

_NAMES: Final = """
AT austria osterreich oesterreich aut 奥地利
AU australia aus 澳大利亚
BE belgium belgie belgique belgien bel 比利时
BR brazil brasil brasilien bra 巴西
CA canada kanada can 加拿大
CH switzerland schweiz suisse svizzera che 瑞士
CN china volksrepublik_china pr_china prc peoples_republic_of_china mainland_china chn 中国 中华人民共和国
CZ czechia czech_republic tschechien cesko cze 捷克
DE germany deutschland allemagne alemania germania brd deu ger d 德国
DK denmark danmark danemark dnk 丹麦
ES spain espana spanien espagne esp 西班牙
FI finland suomi finnland fin 芬兰
FR france frankreich francia fra f 法国
GB united_kingdom great_britain uk england scotland wales northern_ireland gbr grossbritannien 英国
GR greece hellas griechenland grc 希腊
HK hong_kong hongkong hkg 香港 中国香港
HU hungary magyarorszag ungarn hun 匈牙利
IE ireland irland eire irl 爱尔兰
IN india indien ind 印度
IT italy italia italien ita i 意大利
JP japan nippon jpn 日本
KR south_korea korea republic_of_korea kor 韩国
LU luxembourg luxemburg lux 卢森堡
MO macao macau mac 澳门 中国澳门
MX mexico mexiko mex 墨西哥
MY malaysia mys 马来西亚
NL netherlands the_netherlands holland nederland niederlande nld 荷兰
NO norway norge norwegen nor 挪威
NZ new_zealand neuseeland nzl 新西兰
PL poland polska polen pol 波兰
PT portugal prt 葡萄牙
RO romania rumanien rou 罗马尼亚
RU russia russian_federation russland rus 俄罗斯
SE sweden sverige schweden swe 瑞典
SG singapore singapur sgp 新加坡
TH thailand tha 泰国
TR turkey turkiye turkei tur 土耳其
TW taiwan twn 台湾 中国台湾
UA ukraine ukr 乌克兰
US united_states united_states_of_america usa america vereinigte_staaten us_of_a 美国
VN vietnam viet_nam vnm 越南
ZA south_africa sudafrika zaf 南非
"""


def read_country(text: str) -> str | None:
    """A country's code of two letters; None where it is not known."""
    folded = fold(text).replace(".", "")
    code = folded.upper()
    if len(code) == 2 and code.isascii() and code.isalpha():
        return "GB" if code == "UK" else code
    return _by_name().get(folded)


@cache
def _by_name() -> dict[str, str]:
    lines = (line.split() for line in _NAMES.strip().splitlines())
    return {fold(name.replace("_", " ")): code for code, *names in lines for name in names}
