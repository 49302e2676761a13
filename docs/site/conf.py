"""How Sphinx builds the site from the pages that scripts/website/build.py has put together."""

import os
from pathlib import Path

from sklearn.base import BaseEstimator

from pytwolayer._version import __version__

project = "pytwolayer"
author = "The pytwolayer authors"
copyright = "The pytwolayer authors"  # noqa: A001
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.graphviz",
    "numpydoc",
]
exclude_patterns = ["**/_parts", "guides/data", "_templates"]
templates_path = ["_templates"]

myst_enable_extensions = ["colon_fence", "attrs_inline", "attrs_block"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"
autodoc_default_options = {"members": False}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False
nitpicky = True

# Methods that scikit-learn gives every estimator are described there.
autosummary_context = {"inherited": {name for name in dir(BaseEstimator) if name[0] != "_"}}

graphviz_output_format = "svg"

html_theme = "pydata_sphinx_theme"
html_title = "pytwolayer"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_extra_path: list[str] = []
html_theme_options = {
    "navbar_align": "left",
    "navbar_start": ["navbar-logo"],
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 8,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_center": [],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "show_prev_next": True,
    "back_to_top_button": False,
    "logo": {"text": "pytwolayer"},
}
html_sidebars = {"index": [], "changelog": []}
copybutton_exclude = ".linenos, .gp, .go, .c1.out"
copybutton_selector = "div:not(.output) > div.highlight > pre"

ROOT = Path(os.environ["PYTWOLAYER_ROOT"])
