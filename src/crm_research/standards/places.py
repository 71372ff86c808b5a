"""China's provinces and large cities, and regions of the compass, by whichever name they are called."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from crm_research.standards.surnames import spell

# Province, what else it is called, and its cities; the first four are cities themselves.
_PROVINCES: Final = """
北京 京 : 北京
天津 津 : 天津
上海 沪 : 上海
重庆 渝 : 重庆
河北 冀 : 石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水
山西 晋 : 太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁
内蒙古 蒙 : 呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布
辽宁 辽 : 沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛
吉林 吉 : 长春 吉林 四平 辽源 通化 白山 松原 白城 延吉
黑龙江 黑 : 哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化
江苏 苏 : 南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 昆山 江阴 张家港 常熟 太仓 宜兴
浙江 浙 : 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 义乌 慈溪 余姚
安徽 皖 : 合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城
福建 闽 : 福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 晋江 石狮
江西 赣 : 南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶
山东 鲁 : 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽
河南 豫 : 郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店
湖北 鄂 : 武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江
湖南 湘 : 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 吉首
广东 粤 : 广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮
广西 桂 : 南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左
海南 琼 : 海口 三亚 三沙 儋州 琼海
四川 川 蜀 : 成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳
贵州 黔 贵 : 贵阳 六盘水 遵义 安顺 毕节 铜仁 凯里 都匀
云南 滇 云 : 昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 大理
西藏 藏 : 拉萨 日喀则 昌都 林芝 山南 那曲
陕西 陕 秦 : 西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛
甘肃 甘 陇 : 兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南
青海 青 : 西宁 海东 格尔木
宁夏 宁 : 银川 石嘴山 吴忠 固原 中卫
新疆 新 : 乌鲁木齐 克拉玛依 吐鲁番 哈密 喀什 阿克苏 和田 伊宁 库尔勒 石河子
台湾 台 : 台北 高雄 台中 台南 新北 桃园 新竹 基隆 嘉义
香港 港 : 香港
澳门 澳 : 澳门
"""
# Read otherwise than sign by sign, or spelt in a way of their own.
_SPELLINGS: Final = {
    "陕西": "shaanxi", "内蒙古": "inner mongolia", "西藏": "tibet", "香港": "hong kong", "澳门": "macao",
    "重庆": "chongqing", "长春": "changchun", "长沙": "changsha", "长治": "changzhi", "厦门": "xiamen",
    "六安": "luan", "蚌埠": "bengbu", "台州": "taizhou", "丽水": "lishui", "乐山": "leshan", "呼和浩特": "hohhot",
    "乌鲁木齐": "urumqi", "拉萨": "lhasa", "哈尔滨": "harbin", "齐齐哈尔": "qiqihar", "喀什": "kashgar",
    "鄂尔多斯": "ordos", "台北": "taipei", "高雄": "kaohsiung", "台中": "taichung", "台南": "tainan",
    "新北": "new taipei", "桃园": "taoyuan", "新竹": "hsinchu", "基隆": "keelung", "嘉义": "chiayi", "台湾": "taiwan",
    "石家庄": "shijiazhuang", "都匀": "duyun", "朝阳": "chaoyang", "漯河": "luohe", "亳州": "bozhou", "儋州": "danzhou",
    "郴州": "chenzhou", "衢州": "quzhou", "莆田": "putian", "泸州": "luzhou", "珠海": "zhuhai", "百色": "baise",
    "大连": "dalian", "大同": "datong", "大庆": "daqing", "大理": "dali", "单县": "shanxian", "会理": "huili",
}  # fmt: skip
# Older and foreign names, folded.
_OTHER_NAMES: Final = {
    "peking": "beijing", "canton": "guangzhou", "tientsin": "tianjin", "nanking": "nanjing", "chungking": "chongqing",
    "tsingtao": "qingdao", "amoy": "xiamen", "hongkong": "hong kong", "macau": "macao", "xian": "xian",
    "munchen": "munich", "muenchen": "munich", "koln": "cologne", "koeln": "cologne", "wien": "vienna",
    "nurnberg": "nuremberg", "nuernberg": "nuremberg", "braunschweig": "brunswick", "genf": "geneva",
    "geneve": "geneva", "zurich": "zurich", "zuerich": "zurich", "praha": "prague", "warszawa": "warsaw",
    "roma": "rome", "milano": "milan", "torino": "turin", "venezia": "venice", "firenze": "florence",
    "napoli": "naples", "lisboa": "lisbon", "sevilla": "seville", "bruxelles": "brussels", "brussel": "brussels",
    "antwerpen": "antwerp", "gent": "ghent", "kobenhavn": "copenhagen", "goteborg": "gothenburg", "moskva": "moscow",
    "den haag": "the hague", "s gravenhage": "the hague", "frankfurt": "frankfurt am main",
    "frankfurt main": "frankfurt am main", "frankfurt a m": "frankfurt am main", "bucuresti": "bucharest",
    "beograd": "belgrade", "athina": "athens", "hannover": "hanover", "dusseldorf": "dusseldorf",
    "duesseldorf": "dusseldorf", "saint petersburg": "st petersburg", "sankt peterburg": "st petersburg",
    "new york city": "new york", "nyc": "new york",
}  # fmt: skip
_COMPASS: Final = {
    "n": "north", "nord": "north", "norte": "north", "north": "north", "norden": "north", "北": "north",
    "北部": "north",
    "s": "south", "sud": "south", "sur": "south", "sul": "south", "south": "south", "suden": "south", "南": "south",
    "sued": "south", "zuid": "south", "noord": "north", "oost": "east", "南部": "south",
    "e": "east", "est": "east", "este": "east", "east": "east", "ost": "east", "osten": "east", "leste": "east",
    "东": "east", "东部": "east",
    "w": "west", "west": "west", "westen": "west", "ouest": "west", "oeste": "west", "ovest": "west", "西": "west",
    "西部": "west",
}  # fmt: skip
_ENDINGS: Final = (
    "特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "自治州", "地区", "省", "市", "盟",
)  # fmt: skip
_LATIN_ENDINGS: Final = (
    " special administrative region", " autonomous region", " autonomous prefecture", " prefecture", " municipality",
    " province", " city", " shi", " sheng",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A province or a city: its name in Chinese, in Latin letters, and the province it lies in, in Latin letters."""

    chinese: str
    latin: str
    province: str


@cache
def provinces() -> dict[str, Place]:
    """Each province by its Chinese name."""
    return {names.split()[0]: _province(names.split()[0]) for names, _ in _lines()}


@cache
def cities() -> dict[str, Place]:
    """Each large city by its Chinese name."""
    return {
        city: Place(city, _spell(city), _spell(names.split()[0]))
        for names, listed in _lines()
        for city in listed.split()
    }


def _lines() -> list[tuple[str, str]]:
    pairs = (line.split(":") for line in _PROVINCES.strip().splitlines())
    return [(names.strip(), listed.strip()) for names, listed in pairs]


def _province(name: str) -> Place:
    return Place(name, _spell(name), _spell(name))


def _spell(name: str) -> str:
    return _SPELLINGS.get(name) or spell(name)


@cache
def _latin_cities() -> dict[str, Place]:
    # A name that two cities share says no province.
    found: dict[str, Place] = {}
    for city in cities().values():
        known = found.get(city.latin)
        found[city.latin] = city if known is None else Place("", city.latin, "")
    return found


@cache
def _short_provinces() -> dict[str, str]:
    return {short: names.split()[0] for names, _ in _lines() for short in names.split()[1:]}


def bare_chinese(text: str) -> str:
    """A place without its rank: 北京 for 北京市, 广西 for 广西壮族自治区."""
    while ending := next((ending for ending in _ENDINGS if text.endswith(ending) and len(text) > len(ending) + 1), ""):
        text = text.removesuffix(ending)
    return text


def bare_latin(text: str) -> str:
    """A place without its rank: beijing for beijing city, guangdong for guangdong province."""
    while ending := next(
        (ending for ending in _LATIN_ENDINGS if text.endswith(ending) and len(text) > len(ending)), ""
    ):
        text = text.removesuffix(ending)
    return text


def name_city(folded: str) -> str:
    """One name for a city, in Latin letters where it is a known one: beijing for 北京市, Peking, Beijing."""
    chinese = bare_chinese(folded)
    if chinese in cities():
        return cities()[chinese].latin
    latin = folded.replace("'", "").replace("-", " ")
    bare = bare_latin(latin)
    # Beijing City is Beijing; Mexico City is not Mexico.
    return _OTHER_NAMES.get(latin) or _OTHER_NAMES.get(bare) or (bare if bare in latin_regions() else latin)


def name_region(folded: str) -> str:
    """One name for a region: a province of China in Latin letters, a part of the compass in English."""
    chinese = _short_provinces().get(folded, bare_chinese(folded))
    if chinese in provinces():
        return provinces()[chinese].latin
    latin = folded.replace("'", "").replace("-", " ")
    bare = bare_latin(latin)
    if bare in latin_regions():
        return bare
    return _OTHER_NAMES.get(latin) or _COMPASS.get(latin) or latin


def province_of(city: str) -> str | None:
    """The province of a city as `name_city` calls it; None where it is not known or there are two such cities."""
    found = _latin_cities().get(city)
    return found.province or None if found else None


@cache
def latin_regions() -> frozenset[str]:
    """Every province and large city of China in Latin letters."""
    return frozenset({*(place.latin for place in provinces().values()), *_latin_cities()})
