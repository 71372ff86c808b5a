"""Make the font that the package carries: the Chinese signs of everyday text, cut from Noto Sans CJK SC.

Usage: python scripts/make_font.py /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

Kept are the 7,445 signs of GB 2312 (6,763 of them Chinese characters), the punctuation of Chinese text and full-width
forms. Noto Sans CJK is under the SIL Open Font License 1.1, as is the font made here; its text lies beside the font. A
changed version must bear another name.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection

FAMILY = "CRM Research Han"
TARGET = Path(__file__).parents[1] / "src" / "crm_research" / "theme" / "carried" / "crm-research-han.otf"
_NAMES = {1: FAMILY, 2: "Regular", 3: f"{FAMILY} 1", 4: FAMILY, 6: FAMILY.replace(" ", ""), 16: FAMILY, 17: "Regular"}


def signs() -> set[int]:
    """Code points to keep."""
    # Python reads the dash and the middle dot of GB 2312 as others than people type.
    kept = set(range(0x2010, 0x2028)) | {0xB7} | set(range(0x3000, 0x3040)) | set(range(0xFF01, 0xFFEF))
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                kept.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return kept


def main(source: str) -> None:
    """Cut, rename and write."""
    font = next(font for font in TTCollection(source).fonts if font["name"].getDebugName(1) == "Noto Sans CJK SC")
    options = subset.Options(hinting=False, desubroutinize=False, layout_features=[], name_IDs=["*"])
    options.notdef_outline = True
    options.drop_tables = [*options.drop_tables, "BASE", "vhea", "vmtx", "VORG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=signs())
    cutter.subset(font)
    for record in list(font["name"].names):
        if record.nameID in _NAMES:
            record.string = _NAMES[record.nameID]
    font["CFF "].cff.fontNames = [_NAMES[6]]
    font.save(TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1024**2:.1f} MB, {len(font.getBestCmap())} signs")


if __name__ == "__main__":
    main(sys.argv[1])
