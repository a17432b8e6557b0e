"""Settings of the documentation: `make docs`."""

import re
from pathlib import Path

from sphinx.application import Sphinx

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


def seen_from_here(_app: Sphinx, _path: Path, _parent: str, content: list[str]) -> None:
    """Turn links of the files above this folder, such as the README, into links from this folder."""
    text = re.sub(r"\]\((?!https?:|#)", "](../", content[0]).replace("](../docs/", "](")
    content[0] = re.sub(r"\]\(\.\./(CHANGELOG|CONTRIBUTING)\.md", lambda found: f"]({found[1].lower()}.md", text)


def setup(app: Sphinx) -> None:
    """Connect it."""
    app.connect("include-read", seen_from_here)
