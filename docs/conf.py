"""Settings of the documentation: `make docs`."""

from firstshell import __version__

project = "firstshell"
author = "The firstshell developers"
copyright = f"2026, {author}"  # noqa: A001  Sphinx has it so
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax", "numpydoc"]
myst_heading_anchors = 3
nitpicky = False
autosummary_generate = True
autodoc_typehints = "none"  # the sections of numpydoc have them
numpydoc_show_class_members = False
html_theme = "furo"
html_title = f"firstshell {release}"
