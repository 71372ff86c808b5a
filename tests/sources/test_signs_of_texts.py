"""In which signs a text file is probably written, where its bytes say more than one thing."""

from __future__ import annotations

import pytest

from crm_research.sources.readers.encodings import suggest_encoding

CHINESE = "编号,开始日期,结束日期,性别,年龄\n" + "".join(
    f"HT{i:03},2022年12月{i:02}日,2024年01月{i:02}日,{'男' if i % 2 else '女'},{20 + i}岁\n" for i in range(1, 29)
)
FRENCH = "référence,prénom,qualité,à payer\n" + "".join(f"R{i},Zoë,à {i}°,été\n" for i in range(28))
GERMAN = "Straße;Größe;Gerät;Temperatur\n" + "".join(f"Übergasse {i};ÄÖ;ß;{i}°C\n" for i in range(28))
JAPANESE = "受注番号,受注日,顧客ID,合計金額\n" + "".join(f"J{i},2024/1/{i},{i % 4},{i}円\n" for i in range(1, 29))
SHORT = "订单号,客户编号,金额\n" + "".join(f"A{i},K{i},{i}元\n" for i in range(28))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(JAPANESE, "cp932"), (SHORT, "gb18030"), (CHINESE, "gb18030"), (FRENCH, "cp1252"), (GERMAN, "cp1252")],
    ids=[
        "Japanese without kana",
        "Chinese of few signs",
        "years, months and sexes of one sign",
        "French",
        "German with two capitals in a cell",
    ],
)
def test_the_likelier_signs_are_offered(tmp_path, text, encoding):
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode(encoding))
    assert suggest_encoding(path) == encoding
    assert suggest_encoding(path, besides="utf-8") == encoding
