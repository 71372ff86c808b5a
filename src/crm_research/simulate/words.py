"""Words of the simulated world: names and phrases, some of them Chinese."""

from __future__ import annotations

from typing import Final

REGIONS: Final = ("north", "east", "south", "west")

FAMILY_NAMES: Final = (
    *("Adams", "Bauer", "Carter", "Dubois", "Evans", "Fischer", "Garcia", "Hansen", "Ivanova", "Jansen", "Keller"),
    *("Lopez", "Müller", "Novak", "O'Brien", "Petrov", "Rossi", "Schmidt", "Türkoğlu", "Weber"),
)
GIVEN_NAMES: Final = (
    *("Anna", "Ben", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Irene", "Jonas", "Karla", "Luca", "Maria"),
    *("Nils", "Olga", "Paul", "Rosa", "Simon", "Tomás", "Zoë"),
)
CHINESE_FAMILY_NAMES: Final = tuple("王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗")
CHINESE_GIVEN_NAMES: Final = (
    *("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋"),
    *("秀英", "建国", "晓明", "婷婷", "志强", "雪梅", "文博", "子涵", "浩然", "思远"),
)
COMPANY_ENDINGS: Final = (" Ltd", " GmbH", " & Sons", " Trading", " 有限公司")

# Contact kind to (department, phrase) pairs; a department's phrases are what a classifier has to tell apart.
DEPARTMENTS: Final = ("delivery", "billing", "product", "shop", "service")
COMPLAINT_PHRASES: Final = (
    ("delivery", "The parcel arrived much too late."),
    ("delivery", "Half of my order was missing."),
    ("delivery", "快递太慢了，等了两个星期。"),
    ("billing", "You charged me twice for the same order."),
    ("billing", "The discount is not on my invoice."),
    ("billing", "账单金额不对，请核实。"),
    ("product", "The device stopped working after three days."),
    ("product", "The colour is not the one I ordered."),
    ("product", "质量很差，用了三天就坏了。"),
    ("shop", "Nobody in the shop had time for me."),
    ("shop", "店员态度不好。"),
    ("service", "I have called four times and nobody calls back."),
    ("service", "打了四次电话都没有人处理。"),
)
OTHER_PHRASES: Final = (
    ("shop", "When do you open on Saturday?"),
    ("product", "Is this available in a larger size?"),
    ("billing", "Please send me a copy of my invoice."),
    ("service", "How do I change my address?"),
    ("service", "请问怎么修改收货地址？"),
    ("product", "有没有大一号的？"),
)

PERSON_NOTES: Final = (
    "Met at the fair.", "Asks for references first.", "Writes rather than rings.", "Knows our people from before.",
    "喜欢先看样品。",
)  # fmt: skip

CAMPAIGN_KINDS: Final = ("coupon", "mailing", "visit", "call")
PARTNER_KINDS: Final = ("dealer", "distributor", "service point")
OWN_BRAND: Final = "Homestead"
BRANDS: Final = ("Alpina", "Borealis", "Corvo", "Dorado", "云鼎")
PLANS: Final = ("basic", "plus", "flex")
PAYMENTS: Final = ("debit", "invoice", "card")
