"""Settings of the documentation: `make docs`."""

import re
from pathlib import Path

from sphinx.application import Sphinx

from firstshell import __version__
from firstshell.cli import app as commands

project = "firstshell"
author = "The firstshell developers"
copyright = f"2026, {author}"  # noqa: A001  Sphinx has it so
release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax", "numpydoc"]
myst_heading_anchors = 3
nb_execution_mode = "cache"  # a notebook runs again when its code changes, or build/ is removed
nb_execution_cache_path = str(Path(__file__).parents[1] / "build" / "notebooks")
nb_execution_in_temp = True
nb_execution_timeout = -1
nb_execution_raise_on_error = True
smartquotes = False  # --metal is no dash
nitpicky = False
autosummary_generate = True
autodoc_typehints = "none"  # the sections of numpydoc have them
numpydoc_show_class_members = False
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["outputs.css"]
html_title = f"firstshell {release}"


def link_from_docs(_app: Sphinx, _path: Path, _parent: str, content: list[str]) -> None:
    """Turn links of the files above this folder, such as the README, into links from this folder."""
    text = re.sub(r"\]\((?!https?:|#)", "](../", content[0]).replace("](../docs/", "](")
    content[0] = re.sub(r"\]\(\.\./(CHANGELOG|CONTRIBUTING)\.md", lambda found: f"]({found[1].lower()}.md", text)


def fill_in_commands(_app: Sphinx, _page: str, content: list[str]) -> None:
    """Put the help of every command where a page asks for it."""
    if "<!-- commands -->" in content[0]:
        pages = commands.generate_docs(heading_level=2, flatten_commands=True, usage_name="firstshell")
        _, heading, pages = pages.partition("## firstshell ")
        content[0] = content[0].replace("<!-- commands -->", heading + pages)


def setup(app: Sphinx) -> None:
    """Connect them."""
    app.connect("include-read", link_from_docs)
    app.connect("source-read", fill_in_commands)
