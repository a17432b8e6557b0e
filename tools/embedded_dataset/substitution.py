"""Hypothetical oxides of a metal, derived from natural ones: a cation gives its site to a metal ion of its charge.

The bond graph and the charges stay, and so do the ideal bond valences (the network equations of Brown, The Chemical
Bond in Inorganic Chemistry, 2002, hold nothing else); only the lengths that belong to them change. Cell and atoms are
relaxed to them, Jahn–Teller ions with their octahedra elongated. What does not look like chemistry is refused.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from embedded_dataset.bond_network import Ints, Network
from embedded_dataset.ions import IONS, Ion, ion
from embedded_dataset.plausibility import NotChemistryError, check
from embedded_dataset.relaxation import relax
from embedded_dataset.replacement import Parent, cation_sites, plan, understand, why_not
from firstshell.errors import InputError

if TYPE_CHECKING:
    from embedded_dataset.amcsd import Entry

LENGTH_DIGITS, FRACTION_DIGITS = 5, 6
"""Decimals of cell vectors in Å and of fractional coordinates."""

_RECIPE = re.compile(r"([A-Za-z0-9._-]{1,80})/([A-Z][a-z]?)([1-9][0-9]?)>([A-Z][a-z]?)([1-9])\+", re.ASCII)


@dataclass(frozen=True, eq=False)
class Derived:
    """A hypothetical oxide.

    id : the recipe, "amcsd-00156/Al1>Fe3+": parent, replaced element and number of its distinct site, new ion
    parent, series : id and series of the natural oxide it comes from
    metal : symbol of the new metal
    change : what was done to the parent, in words
    structure : primitive cell; vectors rounded to 1e-5 Å, fractional coordinates to 1e-6
    """

    id: str
    parent: str
    series: str
    metal: str
    change: str
    structure: Structure


@dataclass(frozen=True)
class Recipe:
    """What a recipe's text says; `number` counts the distinct sites of `element` from 1."""

    parent: str
    element: str
    number: int
    metal: str
    charge: int

    def __str__(self) -> str:
        return f"{self.parent}/{self.element}{self.number}>{self.metal}{self.charge}+"


def parse_recipe(text: object) -> Recipe:
    """Return what a recipe says; InputError when it is none."""
    match = _RECIPE.fullmatch(text) if isinstance(text, str) else None
    if match is None or not (Element.is_valid_symbol(match[2]) and Element.is_valid_symbol(match[4])):
        raise InputError(f"{str(text)[:80]!r} is not a recipe", remedy='Write it as in "amcsd-00156/Al1>Fe3+"')
    return Recipe(match[1], match[2], int(match[3]), match[4], int(match[5]))


def candidates(entry: "Entry", metal: str) -> list[str]:
    """Return the recipes that this parent allows for a metal, by charge, neighbours, size and company of the site.

    Raises
    ------
    InputError : no ions of the metal are known here

    """
    if metal not in IONS:
        raise InputError(f"no ions of {metal} are known", remedy=f"Choose from {', '.join(IONS)}")
    if metal in {element.symbol for element in entry.structure.composition.elements}:
        return []
    try:
        parent = understand(entry.structure)
    except ValueError:
        return []
    found = []
    for element, number, site in cation_sites(parent.cell):
        for new in IONS[metal]:
            recipe = Recipe(entry.id, element, number, metal, new.charge)
            if not why_not(parent, site, new):
                found.append(str(recipe))
    return found


def derive(id: str, parent: "Entry | None" = None) -> Derived:  # noqa: A002
    """Carry out a recipe; the same recipe always gives the same structure.

    parent : the entry that the recipe names; read from the database when it is not given

    Raises
    ------
    InputError : not a recipe; another parent than it names; no such site; or the stage at which the result does not
        look like chemistry

    """
    recipe = parse_recipe(id)
    if parent is None:
        from embedded_dataset.amcsd import read_entry

        parent = read_entry(recipe.parent)
    if parent.id != recipe.parent:
        raise InputError(f"the recipe names the parent {recipe.parent}, not {parent.id}", remedy="Give that entry")
    new = ion(recipe.metal, recipe.charge)
    if new is None:
        known = ", ".join(str(each) for ions in IONS.values() for each in ions)
        raise InputError(f"{recipe.metal}{recipe.charge}+ is not a known ion", remedy=f"Choose from {known}")
    try:
        return _derive(recipe, new, parent)
    except NotChemistryError as error:
        raise InputError(f"{recipe}: {error}", remedy="Choose another recipe") from None


def _derive(recipe: Recipe, new: Ion, entry: "Entry") -> Derived:
    if recipe.metal in {element.symbol for element in entry.structure.composition.elements}:
        raise NotChemistryError("parent", f"it holds {recipe.metal} already")
    try:
        parent = understand(entry.structure)
    except ValueError as error:
        raise NotChemistryError("parent", str(error)) from None
    sites = [site for element, number, site in cation_sites(parent.cell) if element == recipe.element]
    if recipe.number > len(sites):
        what = f"{recipe}: the parent has {len(sites)} distinct sites of {recipe.element}"
        raise InputError(what, remedy="Use candidates(entry, metal)")
    site = sites[recipe.number - 1]
    reason = why_not(parent, site, new)
    if reason:
        raise NotChemistryError("site", reason)
    atoms = np.array(site.indices)
    start, goal, symmetry = plan(parent, atoms, new)
    try:
        end = relax(start, goal, symmetry)
    except ValueError as error:
        raise NotChemistryError("relaxation", str(error)) from None
    structure = _structure(parent.cell, atoms, new.symbol, end)
    check(parent.cell, structure, end, atoms, new)
    return Derived(
        str(recipe), entry.id, entry.series, new.symbol, _in_words(recipe, parent, structure, len(sites)), structure
    )


def _structure(parent: Structure, atoms: Ints, metal: str, end: Network) -> Structure:
    """Return the relaxed structure, rounded so that the last digits of a computation do not show."""
    symbols = [metal if i in atoms else atom.specie.symbol for i, atom in enumerate(parent)]
    fractions = np.round(end.fractions, FRACTION_DIGITS) % 1.0
    return Structure(Lattice(np.round(end.cell, LENGTH_DIGITS)), symbols, np.round(fractions, FRACTION_DIGITS) % 1.0)


def _in_words(recipe: Recipe, parent: Parent, structure: Structure, sites: int) -> str:
    where = "" if sites == 1 else f" on site {recipe.number} of {sites}"
    growth = 100 * (structure.volume / parent.cell.volume - 1)
    old = f"{recipe.element}{recipe.charge}+"
    return f"{old}{where} replaced by {recipe.metal}{recipe.charge}+; cell {growth:+.1f} %"
