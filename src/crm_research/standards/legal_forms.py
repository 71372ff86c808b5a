"""Legal forms of companies, each by the words that it ends in."""

from __future__ import annotations

from typing import Final

# Written behind the name; words without dots, in small letters. What is repeated is taken off one by one.
WESTERN: Final = frozenset(
    tuple(form.split())
    for form in (
        "gmbh", "ggmbh", "mbh", "gesellschaft mit beschrankter haftung", "ag", "aktiengesellschaft", "kg",
        "kommanditgesellschaft", "kgaa", "ohg", "gbr", "ug", "haftungsbeschrankt", "ek", "ev", "eg", "se", "partg",
        "partgmbb", "and co", "and cie", "co", "cie", "company", "ltd", "limited", "inc", "incorporated", "corp",
        "corporation", "llc", "llp", "lp", "plc", "pllc", "pc", "pty", "pte", "pvt", "private limited", "sdn", "bhd",
        "sa", "sarl", "sas", "sasu", "eurl", "snc", "sci", "scop", "societe anonyme", "sl", "slu", "sau", "slp",
        "sa de cv", "s de rl de cv", "srl de cv", "ltda", "limitada", "eireli", "lda", "epp", "srl", "srls", "spa",
        "sapa", "societa per azioni", "bv", "nv", "vof", "bvba", "sprl", "cvba", "ab", "aktiebolag", "as", "asa",
        "aps", "oy", "oyj", "ky", "hf", "ehf", "ans", "ks", "is", "sp z oo", "sp zoo", "sp k", "sp j",
        "spolka z ograniczona odpowiedzialnoscia", "spolka akcyjna", "sro", "spol s ro", "vos", "kft", "zrt", "nyrt",
        "bt", "uab", "ou", "sia", "dd", "doo", "ood", "eood", "ad", "ead", "ae", "epe", "sti", "kk",
        "kabushiki kaisha", "godo kaisha", "gk", "tbk", "jsc", "ojsc", "pjsc", "cjsc", "zao", "oao", "ооо", "оао",
        "зао", "пао", "ао", "тов", "psc", "wll", "fze", "fzco", "fzc", "fz",
    )
)  # fmt: skip
BEFORE: Final = frozenset(
    tuple(form.split())
    for form in ("ooo", "ооо", "оао", "зао", "пао", "ао", "ип", "тов", "pt", "firma", "fa", "uab", "sia")
)
LONGEST: Final = max(len(form) for form in WESTERN)
# A name that ends in one of these is a company's however it is written; the others are words or initials as well.
_TELLING_TEXT: Final = """
ag spa oy nv gmbh ggmbh mbh kgaa ohg
gbr kg ltd limited inc incorporated corp corporation llc llp plc pllc pty pte pvt sdn
bhd sarl sasu eurl slu ltda limitada eireli srl srls bv nv bvba sprl aktiebolag aktiengesellschaft aps oyj ehf
sro kft zrt nyrt uab doo ood eood jsc ojsc pjsc cjsc ооо оао зао пао fze fzco company sons bros trading holding
holdings group gruppe solutions consulting industries enterprises technologies logistics verlag stiftung werke
immobilien
"""
TELLING: Final = frozenset(_TELLING_TEXT.split())
# The longer stand before the shorter that they end in.
CHINESE: Final = tuple(
    sorted(
        (
            "有限责任公司", "股份有限公司", "有限公司", "责任有限公司", "股份公司", "股份合作公司", "两合公司",
            "无限公司",
            "集团公司", "集团", "控股", "总公司", "分公司", "子公司", "公司", "股份", "有限责任", "有限合伙",
            "普通合伙",
            "特殊普通合伙", "合伙企业", "个人独资企业", "独资企业", "外商独资", "中外合资", "全民所有制", "集体所有制",
            "个体工商户", "个体户", "个体", "农民专业合作社", "专业合作社", "股份合作社", "供销合作社", "合作联社",
            "合作社",
            "联社", "总厂", "分厂", "工厂", "加工厂", "制造厂", "厂", "商行", "商社", "商店", "经营部", "门市部",
            "营业部", "经销部", "销售部", "服务部", "办事处", "代表处", "代理处", "分行", "支行", "分店", "总店",
            "旗舰店", "专卖店", "工作室", "事务所", "分所", "分院", "基金会", "联合会", "株式会社", "有限会社",
            "合同会社",
        ),
        key=len,
        reverse=True,
    )
)  # fmt: skip
CHINESE_BEFORE: Final = ("株式会社", "有限会社", "合同会社", "주식회사")
# What a name may not be reduced to.
TRADES: Final = frozenset(
    {
        "银行", "大学", "医院", "学校", "学院", "科技", "贸易", "商贸", "实业", "投资", "酒店", "饭店", "宾馆",
        "超市", "物流",
        "建筑", "工程", "电子", "汽车", "地产", "房地产", "旅行社", "研究院", "出版社", "报社", "机场", "地铁",
        "公交", "燃气",
        "自来水", "电力", "网络", "信息", "广告", "文化", "传媒", "食品", "服装", "机械", "化工", "制药", "医药",
        "保险", "证券",
    }
)  # fmt: skip
