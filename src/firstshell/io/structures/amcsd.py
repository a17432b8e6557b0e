"""Structures of the American Mineralogist Crystal Structure Database, which larixite carries, by their elements.

Downs and Hall-Wallace, Am. Mineral. 88, 247 (2003). Nothing is fetched: the database is the file in the package.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

from firstshell.errors import InputError

MOST = 20_000
"""Entries of a search; the database has half as many."""


def search(elements: Sequence[str], metal: str) -> Iterator[tuple[str, str, str]]:
    """Yield (id, mineral, CIF text) of every entry that holds a metal and nothing but the elements and hydrogen.

    Raises InputError when larixite or its database cannot be used.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that it imports
        try:
            from larixite.amcsd import AMCSD

            database = AMCSD(read_only=True)
        except (ImportError, OSError, ValueError) as error:
            what = f"the AMCSD database cannot be used: {error}"
            raise InputError(what, remedy='Run "pip install larixite"') from None
        allowed = {*elements, metal, "H", "D"}
        held = database.get_cif_elems()
        found = sorted(key for key, symbols in held.items() if metal in symbols and allowed.issuperset(symbols))
        for number in found[:MOST]:
            entry = database.get_cif(number)
            if entry is not None:
                yield f"amcsd-{number:05d}", _name(entry.mineral.name), str(entry.ciftext)


def _name(mineral: str) -> str:
    return "" if mineral == "<missing>" else str(mineral)
