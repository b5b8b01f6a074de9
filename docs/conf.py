"""How Sphinx builds the site.

    pip install -e ".[docs]"
    sphinx-build -W --keep-going docs build/site

No network is needed but the loopback interface, by which Jupyter speaks to the kernels of the
lecture: what the pages need lies in ``_static``, and addresses of other projects' pages are
written down in ``extensions/inventories.py``.
"""

import os
import sys
from pathlib import Path

import sk_softmax

HERE = Path(__file__).parent
MADE = HERE.parent / "build" / "docs"  # what is written on the way to the site
sys.path.insert(0, str(HERE / "extensions"))
# The gallery and the lecture use the data that every installation has, whatever else is at hand.
os.environ.pop("SK_SOFTMAX_DATA", None)
os.environ.pop("MPLBACKEND", None)  # kernels draw into their pages

import gallery_sources  # noqa: E402
import inventories  # noqa: E402

# --- project ------------------------------------------------------------------------------------

project = "sk_softmax"
author = "The sk_softmax developers"
copyright = author
version = release = sk_softmax.__version__

# --- sources ------------------------------------------------------------------------------------

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
    "sphinx_design",
    "sphinx_copybutton",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
exclude_patterns = ["extensions", "gallery/*.ipynb", "gallery_header.rst", "_static/mathjax"]
templates_path = ["_templates"]
nitpicky = False
smartquotes = False  # quotes and dashes are often code
toc_object_entries_show_parents = "hide"

# --- the package's own docstrings ---------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"  # docstrings say types, with shapes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True

# --- text and notebooks -------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "amsmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
copybutton_exclude = ".linenos, .gp, .go"

# --- examples -----------------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": [
        str(gallery_sources.written(HERE.parent / "examples", HERE / "gallery_header.rst", MADE))
    ],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"\.py$",  # all of them run
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 1e9,
    "default_thumb_file": str(HERE / "_static" / "numbers.png"),
    "reset_modules": ("matplotlib",),
    "abort_on_example_error": True,
}

# --- other projects -----------------------------------------------------------------------------

intersphinx_mapping = inventories.written(MADE)

# --- pages --------------------------------------------------------------------------------------

MARK = "_static/mark.svg"
html_theme = "pydata_sphinx_theme"
html_title = "sk_softmax"
html_favicon = MARK
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
mathjax_path = "mathjax/tex-svg-full.js"
html_theme_options = {
    "logo": {
        "text": "sk_softmax",
        "image_light": "_static/mark.svg",
        "image_dark": "_static/mark.svg",
    },
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version", "theme-version"],
    "show_prev_next": True,
}
ALONE = ("index", "start", "inside", "benchmarks", "scale", "promises", "changelog")
html_sidebars = {page: [] for page in ALONE}


# --- classes that users do not make -------------------------------------------------------------

RETURNED = ("sk_softmax.inference.", "sk_softmax.interfaces.", "sk_softmax.SoftmaxPath")


def without_arguments(app, what, name, obj, options, signature, returned):
    """Leave out how a class is made that only the package makes."""
    is_returned = what == "class" and name.startswith(RETURNED)
    return ("", None) if is_returned else (signature, returned)


def setup(app):
    """Connect what this file adds to Sphinx."""
    app.connect("autodoc-process-signature", without_arguments)
