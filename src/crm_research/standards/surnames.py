"""Chinese names: surnames and how they are read, syllables, and Chinese signs in Latin letters."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

# Surnames of one sign: those of the classical list and those common today, simplified script.
_SINGLE: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任"
    "袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈"
    "宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗"
    "丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰"
    "秋仲伊宫宁仇栾暴甘钭厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴鬱胥能苍双闻莘党翟谭贡劳逄"
    "姬申扶堵冉宰郦雍郤璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广"
    "禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公"
    "肖闫付代佟覃邸谌揭仝苑佘冼丘岳帅缑海晋楚汝鄢涂钦归区朴仉佴么原青车邝练阳植麦晖初宛南迟商牟库闪战藏由苟修敬银矫门鹿苌"
)
# The hundred that nearly nine in ten Chinese bear, after the counts of the public security offices.
_COMMON: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付"
    "方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
# Surnames of two signs with how they are read.
_DOUBLE: Final = {
    "欧阳": "ouyang", "司马": "sima", "上官": "shangguan", "诸葛": "zhuge", "尉迟": "yuchi", "皇甫": "huangfu",
    "令狐": "linghu", "慕容": "murong", "司徒": "situ", "司空": "sikong", "东方": "dongfang", "夏侯": "xiahou",
    "公孙": "gongsun", "轩辕": "xuanyuan", "长孙": "zhangsun", "宇文": "yuwen", "单于": "chanyu", "万俟": "moqi",
    "澹台": "tantai", "淳于": "chunyu", "申屠": "shentu", "赫连": "helian", "濮阳": "puyang", "太叔": "taishu",
    "公冶": "gongye", "宗政": "zongzheng", "闻人": "wenren", "公羊": "gongyang", "鲜于": "xianyu", "闾丘": "lyuqiu",
    "钟离": "zhongli", "仲孙": "zhongsun", "端木": "duanmu", "百里": "baili", "呼延": "huyan", "南宫": "nangong",
    "西门": "ximen", "东郭": "dongguo", "拓跋": "tuoba", "独孤": "dugu", "纳兰": "nalan", "完颜": "wanyan",
    "司寇": "sikou", "第五": "diwu", "东野": "dongye", "羊舌": "yangshe", "梁丘": "liangqiu", "左丘": "zuoqiu",
}  # fmt: skip
# Read otherwise in a surname than in a text.
_READINGS: Final = {
    "单": "shan", "仇": "qiu", "解": "xie", "曾": "zeng", "查": "zha", "任": "ren", "朴": "piao", "区": "ou",
    "盖": "ge", "乐": "yue", "缪": "miao", "翟": "zhai", "覃": "qin", "冼": "xian", "逄": "pang", "隗": "wei",
    "那": "na", "能": "nai", "瞿": "qu", "郗": "xi", "卜": "bu", "柏": "bai", "葛": "ge", "华": "hua",
    "燕": "yan", "应": "ying", "宁": "ning", "纪": "ji", "贾": "jia", "车": "che", "曲": "qu", "强": "qiang",
    "相": "xiang", "尉": "wei", "吕": "lyu", "谌": "chen", "么": "yao", "句": "gou", "种": "chong", "员": "yun",
    "秘": "bi", "召": "shao", "折": "she", "仉": "zhang", "佴": "nai", "邴": "bing", "莘": "shen", "乜": "nie",
    "訾": "zi", "厍": "she", "殳": "shu", "晁": "chao", "阚": "kan", "昝": "zan", "郤": "xi", "璩": "qu",
    "贲": "ben", "钭": "tou", "褚": "chu", "石": "shi", "都": "du", "娄": "lou", "薄": "bo", "从": "cong",
    "宿": "su", "洗": "xian", "行": "xing", "祭": "zhai", "观": "guan", "干": "gan", "广": "guang", "鱼": "yu",
    "冯": "feng", "沈": "shen", "尹": "yin", "牟": "mu", "藏": "zang", "俞": "yu", "於": "yu", "臧": "zang",
}  # fmt: skip
# How surnames are written by those who write another Chinese, or wrote before pinyin; each stands for one reading only.
_OTHER_SPELLINGS_TEXT: Final = """
chan cheung chow choy chung fung hsieh hsu hung kwan kwok kwong lam lau leung loong mak ng poon tsai tsang tse
tsui wong yeung yip yuen
"""
OTHER_SPELLINGS: Final = frozenset(_OTHER_SPELLINGS_TEXT.split())
_SYLLABLES_TEXT: Final = """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng
cha chai chan chang chao che chen cheng chi chong chou chu chuai chuan chuang chui chun chuo ci cong cou cu cuan
cui cun cuo da dai dan dang dao de den deng di dian diao die ding diu dong dou du duan dui dun duo e ei en er fa
fan fang fei fen feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo
ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin
jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan kuang kui kun kuo la
lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu long lou lu luan lun luo lv lyu lue lve
lyue ma mai man mang mao mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen
neng ni nian niang niao nie nin ning niu nong nou nu nuan nv nyu nue nve nyue o ou pa pai pan pang pao pei pen
peng pi pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang
rao re ren reng ri rong rou ru ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she
shei shen sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan
tang tao te teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia
xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue
yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhen zheng zhi zhong zhou zhu zhua zhuai
zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
"""
_SYLLABLES: Final = frozenset(_SYLLABLES_TEXT.split())
_LONGEST: Final = 6
_LONGEST_WORD: Final = 24


def part_surname(name: str) -> tuple[str, str]:
    """Surname and given name of a Chinese name in simplified script; the surname is empty where none is known."""
    if name[:2] in _DOUBLE and len(name) > 2:
        return name[:2], name[2:]
    if name[:1] in _single() and 2 <= len(name) <= 4:
        return name[:1], name[1:]
    return "", name


@cache
def _single() -> frozenset[str]:
    return frozenset(_SINGLE) | frozenset(_READINGS)


def spell_surname(surname: str) -> str:
    """How a surname is read, in Latin letters: Shan for 单, Lyu for 吕."""
    if surname in _DOUBLE:
        return _DOUBLE[surname]
    return _READINGS.get(surname) or spell(surname)


@lru_cache(maxsize=200_000)
def spell(text: str) -> str:
    """How Chinese signs are read, in Latin letters without tones, as one word; ü is yu, as in passports."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(text)).replace("lv", "lyu").replace("nv", "nyu").replace("ü", "yu")


@cache
def surname_spellings() -> frozenset[str]:
    """Every surname in Latin letters, and older spellings."""
    return frozenset({*map(spell_surname, _single()), *_DOUBLE.values(), "lu", "lv", *OTHER_SPELLINGS})


@cache
def common_spellings() -> frozenset[str]:
    """The hundred commonest surnames, and those of two signs, in Latin letters."""
    return frozenset({*map(spell_surname, _COMMON), *_DOUBLE.values(), "lu", "lv", *OTHER_SPELLINGS})


@lru_cache(maxsize=200_000)
def syllables_of(word: str) -> tuple[str, ...]:
    """The syllables of a word in pinyin, the longer first; empty where it is none.

    Inside a word a syllable begins with a consonant, as the spelling has it (nana is na-na); else as it goes (xiao-an).
    """
    return _parted(word, "") or _parted(word, "aeo") if len(word) <= _LONGEST_WORD else ()


@lru_cache(maxsize=200_000)
def _parted(word: str, also: str) -> tuple[str, ...]:
    if word in _SYLLABLES:
        return (word,)
    for end in range(min(_LONGEST, len(word) - 1), 0, -1):
        if (
            word[:end] in _SYLLABLES
            and (word[end] not in "aeo" or word[end] in also)
            and (rest := _parted(word[end:], also))
        ):
            return (word[:end], *rest)
    return ()
