"""What the page can do, where a message written for the command line names an option."""

import re

REPLACEMENTS = (
    (r"Name one with --format \(format= in Python\)", "Choose one in the field “Format”"),
    (r"Name it with --metal", "Choose it in the field “Metal”"),
    (r"Name two or more with --with \(with_= in Python\)", "Drop CIFs or spectra of two phases or more"),
    (r"or name the phases with --with \(with_= in Python\)", "or drop CIFs or spectra of the phases"),
    (r"name the elements \(--composition\)", "name the elements in the field “Elements”"),
    (r"allow it with --most \d+", "give fewer structures"),
    (r", or allow --partial round where it is an option \(partial=\"round\" in Python\)", ""),
    (r"List it in a CSV\. .*", "Give a spectrum of it instead, or leave it out"),
    (r"--metal", "the field “Metal”"),
    (r"--align (\S+) or the like moves them", r"an energy shift of \1 eV or the like moves them"),
    (r"Align by fit, or give a shift in eV", "Take energies by similarity, or shift them"),
    (r"Name the scan, as in file\.dat#S2, or say which columns to take", "Say which columns to take"),
    (r"with --columns", "in the field “Columns”"),
    (r"^--columns ('.*') does not give", r"the columns \1 do not give"),
    (r"--columns", "the field “Columns”"),
    (r"--signal", "the field “Signal”"),
    (r"Leave out --model to have one trained", "Start the page without a model of your own"),
)
"""Wording of the command line, as a pattern, and that of the page; the first that fits goes first."""


def for_page(text: str) -> str:
    """Return a message with the page's fields in place of options of the command line."""
    for pattern, instead in REPLACEMENTS:
        text = re.sub(pattern, instead, text)
    return text
