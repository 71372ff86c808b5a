"""Take the pictures of docs/ and README.md anew: the first screen of each report, from pages that were made before.

    make report
    python scripts/draw_pictures.py                          from reports/
    python scripts/draw_pictures.py --reports /tmp/pages     from another folder of pages
    python scripts/draw_pictures.py churn loyalty            some reports only

A picture is what a reader sees first in a window of 1280 by 900. It is kept as WebP, which is a third of a PNG.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from crm_research.catalogue import reports

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
WINDOW = {"width": 1280, "height": 900}
LARGEST_BYTES = 150_000

# The sample on which each report has most to show.
STUDY_OF = {
    "customer-base": "complete-journey",
    "segmentation": "complete-journey",
    "churn": "telco",
    "loyalty": "complete-journey",
    "silent-churn": "cdnow",
    "brand-loyalty": "complete-journey",
    "satisfaction": "simulated",
    "customer-base-audit": "simulated",
    "value": "simulated",
    "grades": "simulated",
    "data-quality": "complete-journey",
    "single-view": "several-systems",
    "customer-file": "simulated",
    "summary": "simulated",
}


def newest_page(folder: Path, report: str) -> Path:
    """The page of a report on its sample, of the latest date that was made."""
    found = sorted((folder / STUDY_OF[report]).glob(f"*/{report}.html"))
    if not found:
        raise SystemExit(f"{folder} holds no page of {report} on {STUDY_OF[report]}. Make it first: make report")
    return found[-1]


def draw(browser: Browser, page: Path, target: Path) -> int:
    """Save the first screen of a page; the bytes of the picture."""
    tab = browser.new_page(viewport=WINDOW, color_scheme="light")
    tab.goto(page.resolve().as_uri())
    tab.wait_for_load_state("networkidle")
    screen = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    tab.close()
    screen.save(target, "WEBP", quality=82, method=6)
    return target.stat().st_size


def main() -> int:
    """Draw the reports named, or all; 1 where a picture is too large to keep in the repository."""
    ask = argparse.ArgumentParser(description="Take the pictures of docs/ anew from rendered pages.")
    ask.add_argument("report", nargs="*", choices=[[], *reports()], help="reports to draw; all unless named")
    ask.add_argument("--reports", type=Path, default=ROOT / "reports", help="folder of rendered pages")
    asked = ask.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("No Chromium is installed; it draws the pages. On Debian: apt-get install chromium")
    wanted = asked.report or list(reports())
    pages = {report: newest_page(asked.reports, report) for report in wanted}
    too_large = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for report, page in pages.items():
            size = draw(browser, page, IMAGES / f"{report}.webp")
            print(f"docs/images/{report}.webp  {size / 1000:.0f} kB")
            too_large += [report] if size > LARGEST_BYTES else []
        browser.close()
    if too_large:
        print(f"Larger than {LARGEST_BYTES / 1000:.0f} kB: {', '.join(too_large)}")
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
