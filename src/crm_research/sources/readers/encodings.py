"""In which signs a text file is written: the study's encoding held against its bytes, and a likelier one."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crm_research.errors import StudyError
from crm_research.sources.readers.opened import open_binary

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule

HEAD_BYTES: Final = 256 * 1024
# Tried in this order when a file is not what its study says; the first that decodes the whole file is offered.
_LIKELY_ENCODINGS: Final = ("utf-8-sig", "cp1251", "cp932", "cp949", "gb18030", "cp1252")
_CHUNK_BYTES: Final = 1024**2
_FEWEST_SYLLABLES: Final = 8
# First bytes of the common kanji, those of JIS level 1.
_KANJI: Final = (0x88, 0x97)


def read_head(path: Path, encoding: str) -> str:
    """The first quarter megabyte of a text file; a character cut off at its end is left out."""
    with open_binary(path) as file:
        return codecs.getincrementaldecoder(encoding)("replace").decode(file.read(HEAD_BYTES))


def check_encoding(path: Path, encoding: str, *, where: str) -> None:
    """Raise StudyError with the byte's position and a likelier encoding if the file is not in this one."""
    position = first_bad_byte(path, encoding)
    if position is None:
        return
    likely = suggest_encoding(path, besides=encoding)
    if likely is None and _is_zero(path, position):
        raise StudyError(
            f"{where}: byte {position:,} is a zero byte, which no text holds. The file was damaged, or written only in "
            "part; save it anew, or take the zero bytes out."
        )
    mend = f"Write encoding: {likely} beside its path." if likely else "Find out how it was saved, and give encoding."
    raise StudyError(f"{where}: byte {position:,} is not {encoding}. {mend}")


def encoding_of(path: Path, rule: SourceRule, *, where: str) -> str:
    """The encoding its study says; of several, the first that reads the whole of this file."""
    said = [rule.encoding] if isinstance(rule.encoding, str) else rule.encoding
    known = []
    for name in said:
        try:
            known.append(codecs.lookup(name).name)
        except LookupError:
            raise StudyError(
                f"{where}: there is no encoding {name!r}. Known are utf-8, cp1252, gb18030, utf-16 ..."
            ) from None
    fitting = (name for name in known[:-1] if first_bad_byte(path, name) is None)
    return next(fitting, known[-1])


def first_bad_byte(path: Path, encoding: str) -> int | None:
    """Where does a file stop being text of this encoding? None if it never does."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    with open_binary(path) as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                decoded = decoder.decode(chunk, final=not chunk)
            except UnicodeError as problem:
                return read - pending + int(getattr(problem, "start", 0))
            if "\x00" in decoded and not encoding.startswith("utf-16"):
                return read + decoded.index("\x00")
            if not chunk:
                return None
            read += len(chunk)


def _is_zero(path: Path, position: int) -> bool:
    with open_binary(path) as file:
        left = position
        while left > 0:
            left -= len(file.read(min(left, _CHUNK_BYTES)))
        return file.read(1) == b"\x00"


def suggest_encoding(path: Path, *, besides: str = "") -> str | None:
    """Which encoding is this file probably in?"""
    with open_binary(path) as file:
        start = file.read(2)
    if start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    for encoding in _LIKELY_ENCODINGS:
        if (
            encoding in {besides, "utf-8-sig" if besides == "utf-8" else ""}
            or first_bad_byte(path, encoding) is not None
        ):
            continue
        if encoding == "cp1251" and not _reads_as_russian(read_head(path, encoding)):
            continue
        if encoding == "cp932" and not _reads_as_japanese(read_head(path, encoding)):
            continue
        if encoding == "cp949" and not _reads_as_korean(read_head(path, encoding)):
            continue
        if encoding == "gb18030" and not _reads_as_chinese(read_head(path, encoding)):
            continue
        return encoding
    return None


def _reads_as_russian(head: str) -> bool:
    # Western letters read so stand alone or among Latin ones; Chinese is a mixture of capitals and signs.
    foreign = re.findall(r"[^\x00-\x7f]", head)
    words = re.findall(r"(?<![А-Яа-яЁё])(?:[А-ЯЁ]?[а-яё]{2,}|[А-ЯЁ]{3,})(?![А-Яа-яЁё])", head)
    return bool(foreign) and sum(map(len, words)) >= 0.7 * len(foreign)


def _reads_as_japanese(head: str) -> bool:
    # Chinese read so is full of small kana of half width; Japanese has kana of full width everywhere.
    foreign = re.findall(r"[^\x00-\x7f]", head)
    kana, signs = re.findall(r"[\u3041-\u30ff]", head), re.findall(r"[\u3041-\u30ff\u4e00-\u9fff]", head)
    # Short tables may have none: then nearly all signs are among those that are learnt at school.
    common = [sign for sign in signs if sign in kana or _KANJI[0] <= sign.encode("cp932")[0] <= _KANJI[1]]
    is_japanese = len(kana) >= 0.03 * len(foreign) and len(signs) >= 0.8 * len(foreign)
    return bool(foreign) and (is_japanese or len(common) >= 0.9 * len(foreign))


def _reads_as_korean(head: str) -> bool:
    # Chinese read so has Chinese characters among its syllables: only its first two thirds by sound become syllables.
    foreign = re.findall(r"[^\x00-\x7f]", head)
    syllables = re.findall(r"[\uac00-\ud7a3]", head)
    return len(set(syllables)) >= _FEWEST_SYLLABLES and len(syllables) >= 0.97 * len(foreign)


def _reads_as_chinese(head: str) -> bool:
    # Two Western letters above 127 also decode as some rare Chinese character; common ones are in this block, in runs,
    # after a digit as a unit (2024年03月15日, 35岁), or alone in a cell (男).
    foreign = re.findall(r"[^\x00-\x7f]", head)
    common = re.findall(
        r"[\u4e00-\u9fff]{2,}|(?<=\d)[年月日号时点分秒元岁天次件个](?![\u4e00-\u9fff])"
        r"|(?<![^\s,;|\"])[\u4e00-\u9fff](?![^\s,;|\"])",
        head,
    )
    return bool(foreign) and sum(map(len, common)) >= 0.5 * len(foreign)
