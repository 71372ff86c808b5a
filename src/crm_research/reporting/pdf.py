"""A page as PDF, printed by the system's Chromium: running title, page numbers, outline, nothing folded."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from crm_research.errors import CrmError
from crm_research.settings import CHROMIUM, named_chromium

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
# From this version on a page's own style says what stands in the margins.
_OLDEST: Final = 131
_SECONDS_TO_ANSWER: Final = 20.0
SECONDS_TO_PRINT: Final = 120.0
_FOLD: Final = re.compile(r"<details\b(?![^>]*\sopen\b)")
_CODE: Final = re.compile(r'<details open class="code')
_DATES: Final = re.compile(rb"(?P<key>/(?:CreationDate|ModDate) \(D:)\d{14}(?P<zone>(?:[+-]\d\d'\d\d'|Z)\))")
_STYLE: Final = """<style>
@media print {{
@page {{
 size: A4; margin: 19mm 15mm 18mm;
 @top-left {{ content: {running}; font: 8pt sans-serif; color: #55606b; }}
 @bottom-right {{ content: counter(page) " of " counter(pages); font: 8pt sans-serif; color: #55606b; }}
}}
@page :first {{ @top-left {{ content: none; }} }}
}}
</style>
"""


def find_chromium() -> str:
    """The browser that prints: the one that CRM_RESEARCH_CHROMIUM names, or the first that the system has.

    Raises
    ------
    CrmError
        If there is none, or it is too old to number pages.
    """
    named = named_chromium()
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        where = f"{CHROMIUM} names {named}, which is no program" if named else "none of its names is on the PATH"
        raise CrmError(
            f"--pdf needs Chromium or Chrome, and {where}. Nothing was started. Install chromium, set {CHROMIUM} to "
            "its program, or leave --pdf out: the pages print well from any browser."
        )
    version = _version_of(found)
    if version is not None and version < _OLDEST:
        raise CrmError(
            f"--pdf needs Chromium {_OLDEST} or later, which numbers the pages; {found} is {version}. Nothing was "
            f"started. Install a newer one, or set {CHROMIUM} to it."
        )
    return found


def print_page(page: Path, target: Path, *, running: str, as_of: str, seconds: float = SECONDS_TO_PRINT) -> Path:
    """Print a page into `target`.

    Parameters
    ----------
    running
        What stands above every page but the first.
    as_of
        The study's day, which the file gives as its date: the same page makes the same file.
    seconds
        Longest it may take; the browser is ended then.

    Raises
    ------
    CrmError
        If no whole PDF was made; nothing is left at `target`.
    """
    browser = find_chromium()
    scratch = target.parent / f".{target.stem}.printing"
    scratch.mkdir(mode=0o700, parents=True)
    try:
        copy, made = scratch / "page.html", scratch / "page.pdf"
        copy.write_text(for_print(page.read_text(encoding="utf-8"), running), encoding="utf-8")
        said = _print(browser, copy, made, scratch / "profile", seconds)
        content = made.read_bytes() if made.is_file() else b""
        if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-1024:]:
            raise CrmError(f"{target.name} could not be printed: {Path(browser).name} {said}.")
        made.write_bytes(_dated(content, as_of))
        made.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def for_print(html: str, running: str) -> str:
    """The page with every fold open, in the light, with its title and numbers in the margins."""
    opened = _CODE.sub('<details class="code', _FOLD.sub("<details open", html))
    return opened.replace("</head>", _STYLE.format(running=_as_css(running)) + "</head>", 1)


def _as_css(text: str) -> str:
    """A text as CSS writes it, safe inside a style."""
    signs = (sign if sign.isalnum() or sign in " .,:-" else f"\\{ord(sign):x} " for sign in text)
    return f'"{"".join(signs)}"'


def _print(browser: str, page: Path, made: Path, profile: Path, seconds: float) -> str:
    profile.mkdir(mode=0o700)
    command = [
        browser,
        "--headless",
        *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-crash-reporter",
        "--no-first-run",
        "--no-default-browser-check",
        # A page needs nothing but itself.
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={profile}",
        "--no-pdf-header-footer",
        "--export-tagged-pdf",
        "--generate-pdf-document-outline",
        f"--print-to-pdf={made}",
        page.as_uri(),
    ]
    # What it says goes to a file: a grandchild that holds a pipe would keep us waiting.
    log = profile.parent / "said.txt"
    environment = {**os.environ, "HOME": str(profile), "XDG_CONFIG_HOME": str(profile), "XDG_CACHE_HOME": str(profile)}
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment, cwd=profile
        )
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"did not end within {seconds:g} seconds"
        finally:
            _end(process)
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip() and "dbus" not in line]
    last = f": {lines[-1].strip()[:200]}" if lines else ""
    return f"ended with {code} and left no whole file{last}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the browser if it is still there, and take its last word; its helpers go with it."""
    if process.poll() is None:
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_SECONDS_TO_ANSWER)


def _dated(content: bytes, as_of: str) -> bytes:
    """The same file, as long as it was, with the study's day in place of the moment."""
    day = as_of.replace("-", "").encode()
    return _DATES.sub(lambda found: found["key"] + day + b"000000" + found["zone"], content)


@lru_cache(maxsize=4)
def _version_of(browser: str) -> int | None:
    try:
        said = subprocess.run(
            [browser, "--version"], capture_output=True, text=True, timeout=_SECONDS_TO_ANSWER, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    number = re.search(r"(\d+)\.\d", said)
    return int(number.group(1)) if number else None
