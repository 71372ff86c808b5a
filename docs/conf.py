"""How the site of docs/ is built: make docs. Sphinx, offline; warnings are errors."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

from crm_research.version import __version__  # noqa: E402

project = "crm_research"
author = "The crm_research developers"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "catalogued"]
exclude_patterns = ["_site"]
root_doc = "index"

# Links to headings of other pages are checked, as everything else is.
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block"]
nitpicky = False

# Docstrings are written in numpy's style; a name in single backticks is code.
default_role = "code"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_default_options = {"exclude-members": "__init__, __new__"}
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "crm_research"
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_show_sourcelink = False
html_copy_source = False
# They are fetched, which a page opened from the disk may not do; titles are found all the same.
html_show_search_summary = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "monokai"


def _declared(css: str, selector: str) -> dict[str, str]:
    """The variables that a rule of the pages' own style declares."""
    found = re.search(re.escape(selector) + r"\s*\{([^}]*)\}", css)
    if found is None:
        raise ValueError(f"house.css: no rule {selector}; the site takes its colours from there")
    return {name: " ".join(value.split()) for name, value in re.findall(r"--([a-z-]+):\s*([^;]+);", found[1])}


def _variables(house: dict[str, str]) -> dict[str, str]:
    """The theme's names for the colours of the reports' pages."""
    return {
        "color-brand-primary": house["accent"],
        "color-brand-content": house["accent"],
        "color-brand-visited": house["accent"],
        "color-foreground-primary": house["ink"],
        "color-foreground-secondary": house["muted"],
        "color-foreground-muted": house["muted"],
        "color-background-primary": house["paper"],
        "color-background-secondary": house["code"],
        "color-background-border": house["grid"],
        "color-code-background": house["code"],
        "color-api-name": house["accent"],
        "color-api-pre-name": house["accent"],
    }


_css = (HERE.parent / "src/crm_research/reporting/templates/house.css").read_text(encoding="utf-8")
_light = _declared(_css, ":root")
html_theme_options = {
    "light_css_variables": {
        **_variables(_light),
        "font-stack": _light["sans"],
        "font-stack--headings": _light["serif"],
        "font-stack--monospace": _light["mono"],
    },
    "dark_css_variables": _variables(_declared(_css, ':root[data-theme="dark"]')),
}
