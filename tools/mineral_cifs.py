"""Write CIF files of oxides of one metal for `firstshell build`: natural ones, then some derived from others.

python tools/mineral_cifs.py V FOLDER [--count 60]

Natural oxides come from the mineral database: one of each temperature or pressure series, small cells first. Where
they are too few, oxides derived by substitution follow, the classes of charge and coordination number in turn. None has
a formula that nature or another has: files of a folder are grouped by nothing else.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from pymatgen.core.structure import Structure

from embedded_dataset.amcsd import Entry, oxides
from embedded_dataset.choosing import candidate, choose
from embedded_dataset.substitution import Derived, candidates, derive
from firstshell.crystal.sites import distinct_sites
from firstshell.errors import InputError
from firstshell.runtime.progress import Plain

MAX_ATOMS, MAX_SITES = 36, 2
"""Of the primitive cell, and distinct sites of the metal: what makes a simulation cheap."""
MAX_PARENT = 24
"""Atoms of a parent's primitive cell."""


def main() -> None:
    """Choose the oxides and write their files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metal")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    entries = oxides(reporter=Plain(every=30))[0]
    chosen = dict(natural(entries, options.metal)[: options.count])
    known = {entry.structure.composition.reduced_formula for entry in entries}
    more = derived(entries, options.metal, known, options.count - len(chosen))
    print(f"{len(chosen)} natural and {len(more)} derived oxides of {options.metal}")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, structure in (chosen | more).items():
        structure.to(str(options.folder / f"{name}.cif"))


def natural(entries: list[Entry], metal: str) -> list[tuple[str, Structure]]:
    """Return name and structure of oxides with the metal, the smallest cells first."""
    series: set[str] = set()
    found = []
    for entry in sorted(entries, key=lambda entry: (len(entry.structure), entry.id)):
        structure = entry.structure
        small = len(structure) <= MAX_ATOMS and metal in {element.symbol for element in structure.elements}
        if small and entry.series not in series and len(distinct_sites(structure, metal)) <= MAX_SITES:
            series.add(entry.series)
            found.append((entry.id, structure))
    return found


def derived(entries: list[Entry], metal: str, known: set[str], count: int) -> dict[str, Structure]:
    """Return by name up to `count` oxides derived for the metal, none of a known formula and one of each."""
    made: dict[str, Derived] = {}
    pool = []
    for entry in entries:
        for recipe in candidates(entry, metal) if len(entry.structure) <= MAX_PARENT else []:
            try:
                new = derive(recipe, entry)
                each = candidate(new)
            except InputError:
                continue  # it does not look like chemistry
            formula = new.structure.composition.reduced_formula
            if formula not in known and each.sites == 1:
                known.add(formula)
                made[recipe] = new
                pool.append(each)
    print("can be derived:", dict(Counter((each.charge, each.coordination) for each in pool)))
    return {_file_name(recipe): made[recipe].structure for recipe in choose(pool, max(count, 0))}


def _file_name(recipe: str) -> str:
    return recipe.replace("/", "-").replace(">", "-").replace("+", "")


if __name__ == "__main__":
    main()
