"""Structures of the American Mineralogist Crystal Structure Database, which larixite carries, by their elements.

Downs and Hall-Wallace, Am. Mineral. 88, 247 (2003). Nothing is fetched: the database is the file in the package.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from firstshell.errors import InputError
from firstshell.io.structures.atoms import HYDROGEN, parse_formula, without_hydrogen

MOST = 20_000
"""Entries of a search; the database has half as many."""


def search(elements: Sequence[str], metal: str) -> Iterator[tuple[str, str, str]]:
    """Yield (id, mineral, CIF text) of every entry that holds a metal and nothing but the elements and hydrogen.

    Raises InputError when larixite or its database cannot be used.
    """
    with _quiet():
        database = _database()
        allowed = {*elements, metal, *HYDROGEN}
        held = database.get_cif_elems()
        found = sorted(key for key, symbols in held.items() if metal in symbols and allowed.issuperset(symbols))
        for number in found[:MOST]:
            entry = database.get_cif(number)
            if entry is not None:
                yield f"amcsd-{number:05d}", _name(entry.mineral.name), str(entry.ciftext)


def hydrogen(numbers: Iterable[int]) -> dict[int, float]:
    """Return by number of the entry how many atoms of hydrogen its formula has for each other atom, where it has any.

    Raises InputError when larixite or its database cannot be used.
    """
    with _quiet():
        database = _database()
        held = database.get_cif_elems()
        found = {}
        for number in sorted(set(numbers)):
            if not {*HYDROGEN}.isdisjoint(held.get(number, ())):
                formula = parse_formula(database.get_cif(number).formula) or {}
                heavy = sum(without_hydrogen(formula).values())
                if heavy:
                    found[number] = sum(formula.values()) / heavy - 1.0
        return found


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that larixite imports
        yield


def _database() -> Any:
    try:
        from larixite.amcsd import AMCSD

        return AMCSD(read_only=True)
    except (ImportError, OSError, ValueError) as error:
        what = f"the AMCSD database cannot be used: {error}"
        raise InputError(what, remedy='Run "pip install larixite"') from None


def _name(mineral: str) -> str:
    return "" if mineral == "<missing>" else str(mineral)
