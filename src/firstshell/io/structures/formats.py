"""What is read of structures and of trees of FEFF runs, as a table for the documentation; each module says its part."""

from firstshell.io import feff_tree
from firstshell.io.structures import cif, poscar


def table() -> str:
    """Return the table of formats, in Markdown, as docs/reference/formats.md has it."""
    abouts = [*cif.abouts, poscar.about, feff_tree.about]
    rows = [f"| {each.title} | {each.written_by} | {each.read} | {each.ignored} | {each.refused} |" for each in abouts]
    return "| | written by | read | ignored | refused |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
