"""Minerals with a metal whose first shell is O, S, Se, N or a halogen: read from the database, ordered or decorated.

An entry whose positions are each one element (to `MAJORITY`) is taken as it is. In others whole atoms are put on the
positions in the listed proportions, in the cell or a small supercell: some seeded trials, of which the one is taken
whose anions' bond valences agree best with their charges (Pauling's second rule), so that charges balance locally.
Missing hydrogen is no reason to refuse: what counts is the metal's surroundings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from pymatgen.analysis.local_env import CrystalNN
from pymatgen.core.composition import Composition
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element, Species
from pymatgen.core.structure import Structure

from embedded_dataset.amcsd import _series
from embedded_dataset.amcsd_database import Row, expand, read_atoms, read_formula
from embedded_dataset.amcsd_quality import EMPTY, MAJORITY, OVERFULL, UnfitError
from firstshell.crystal.sites import distinct_sites, primitive
from firstshell.crystal.symmetry import symmetry
from firstshell.crystal.valences import bond_valence_sums
from firstshell.errors import InputError
from firstshell.io.structures.atoms import Atoms, same_composition
from firstshell.types import Array

LIGANDS = ("O", "S", "Se", "N", "F", "Cl", "Br", "I")
"""What the first shell of a metal may be made of."""
CHARGES = {"O": 2.0, "S": 2.0, "Se": 2.0, "N": 3.0, "F": 1.0, "Cl": 1.0, "Br": 1.0, "I": 1.0}
"""Formal charges of anions, without sign."""
MAX_ATOMS = 120
"""Most atoms in a primitive cell or decorated supercell."""
MAX_SITES = 4
"""Most distinct sites of the metal."""
TRIALS = 12
"""Decorations of one entry that are compared."""
FORMULA_TOLERANCE = 0.05
"""Relative difference between declared and listed amounts of an element; hydrogen is not compared."""
PROPORTIONS = 0.08
"""Most that the share of an element among all atoms may differ from the declared one."""
ROUNDED = 0.12
"""Mean error of occupancies, by whole atoms, that needs no larger supercell."""
SUPERCELLS = (
    (1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (2, 2, 1), (2, 1, 2), (1, 2, 2), (3, 1, 1), (1, 3, 1), (1, 1, 3),
    (2, 2, 2),
)  # fmt: skip
SHORTEST = {"hydrogen": 0.6, "any": 1.05, "ligand": 1.5, "oxygen": 2.0, "metal": 2.2}
"""Å; shortest contacts: with hydrogen, of any two atoms, of a 3d metal with a ligand, of two O or F, of two metals."""


@dataclass(frozen=True, eq=False)
class Mineral:
    """One crystal with whole atoms.

    id : "amcsd-00156", or "amcsd-00156/decorated-Fe"
    origin : "natural" or "decorated"
    name, reference : of the mineral, and where it was published
    series : formula, space group and occupied positions of the entry
    structure : primitive cell, lengths to 1e-5 Å, fractions to 1e-6
    """

    id: str
    origin: str
    name: str
    reference: str
    series: str
    structure: Structure


def candidates(rows: list[Row], metal: str) -> Iterator[Row]:
    """Yield the entries with the metal and at least one ligand in their formula."""
    for row in rows:
        try:
            elements = read_formula(row).keys()
        except InputError:
            continue
        if metal in elements and elements & set(LIGANDS):
            yield row


def mineral(row: Row, metal: str) -> Mineral:
    """Return the crystal of an entry, decorated for the metal where positions are shared; UnfitError when unfit."""
    try:
        listed = read_atoms(_water_named(row))
        atoms = expand(row, listed, max_sites=4 * MAX_ATOMS)
    except InputError as error:
        raise UnfitError("file", error.what) from None
    _check_formula(atoms)
    disordered = _disordered(atoms)
    if all(_is_whole(on_site) for on_site in disordered.species_and_occu):
        cell = _ordered(disordered)
        origin, name = "natural", row.id
    else:
        name = f"{row.id}/decorated-{metal}"
        cell = decorate(disordered, metal, _seed(name))
        origin = "decorated"
    if metal not in {element.symbol for element in cell.elements}:
        raise UnfitError("occupancy", f"{metal} only as a minor part of a site")
    cell, _ = primitive(cell)
    if len(cell) > MAX_ATOMS:
        raise UnfitError("size", f"{len(cell)} atoms in the primitive cell")
    cell = rounded(cell)
    _check_proportions(cell, atoms.formula)
    check_contacts(cell)
    check_shells(cell, metal)
    return Mineral(name, origin, row.name, row.reference, _series(cell), cell)


def rounded(cell: Structure) -> Structure:
    """Return the cell with six decimals: the same on every machine, where the last bits are not."""
    lattice = Lattice.from_parameters(*np.round(cell.lattice.parameters, 5))
    return Structure(lattice, cell.species, np.round(cell.frac_coords % 1, 6) % 1)


def check_contacts(cell: Structure) -> None:
    """Raise UnfitError when two atoms are closer than they can be."""
    first, second, _, distances = cell.get_neighbor_list(SHORTEST["metal"])
    limits = contact_limits([site.specie.symbol for site in cell])[first, second]
    if (distances < limits).any():
        worst = int(np.argmin(distances - limits))
        a, b = sorted((cell[int(first[worst])].specie.symbol, cell[int(second[worst])].specie.symbol))
        raise UnfitError("contacts", f"{a} and {b} are {distances[worst]:.2f} Å apart")


def contact_limits(symbols: list[str]) -> Array:
    """Return the (n, n) shortest distances in Å of atoms of these elements."""
    hydrogen = np.array([symbol in ("H", "D") for symbol in symbols])
    oxygen = np.array([symbol in ("O", "F") for symbol in symbols])
    ligand = np.array([symbol in LIGANDS for symbol in symbols])
    metal = np.array([Element(symbol).is_metal for symbol in symbols])
    heavy = np.array([Element(symbol).Z >= 21 for symbol in symbols]) & metal
    limits = np.full((len(symbols), len(symbols)), SHORTEST["any"])
    limits[np.logical_and.outer(oxygen, oxygen)] = SHORTEST["oxygen"]
    limits[np.logical_and.outer(heavy, ligand) | np.logical_and.outer(ligand, heavy)] = SHORTEST["ligand"]
    limits[np.logical_and.outer(metal, metal)] = SHORTEST["metal"]
    limits[np.logical_or.outer(hydrogen, hydrogen)] = SHORTEST["hydrogen"]
    return limits


def check_shells(cell: Structure, metal: str) -> None:
    """Raise UnfitError when the metal has too many distinct sites, or another first shell than of ligands."""
    sites = distinct_sites(cell, metal)
    if len(sites) > MAX_SITES:
        raise UnfitError("sites", f"{len(sites)} distinct sites of {metal}")
    for site in sites:
        shell = shell_elements(cell, site.index)
        others = set(shell) - set(LIGANDS)
        if not shell or others:
            raise UnfitError("shell", f"the first shell of {metal} holds {', '.join(sorted(others)) or 'nothing'}")


def shell_elements(cell: Structure, atom: int) -> list[str]:
    """Return the elements of the neighbours that CrystalNN gives an atom."""
    symbols = ["H" if site.specie.Z == 1 else site.specie.symbol for site in cell]
    neutral = Structure(cell.lattice, [Species(symbol, 0) for symbol in symbols], cell.frac_coords)
    try:
        found = CrystalNN().get_nn_info(neutral, atom)  # type: ignore[no-untyped-call]
    except Exception as error:  # of its many kinds
        raise UnfitError("shell", f"CrystalNN: {error}") from None
    return sorted(neighbour["site"].specie.symbol for neighbour in found)


def decorate(disordered: Structure, metal: str, seed: int) -> Structure:
    """Return the best of some seeded arrangements of whole atoms; UnfitError where there is none."""
    choices = []
    for scale in SUPERCELLS:
        if len(disordered) * math.prod(scale) > 2 * MAX_ATOMS:
            continue
        counts = _counts(disordered, math.prod(scale))
        total = sum(number for each in counts.values() for symbol, number in each.items() if symbol != "")
        held = sum(each.get(metal, 0) for each in counts.values())
        if held and total <= MAX_ATOMS:
            choices.append((_error(disordered, counts, math.prod(scale)), math.prod(scale), scale, counts))
    if not choices:
        raise UnfitError("decoration", f"no supercell of {MAX_ATOMS} atoms holds {metal}")
    good = [choice for choice in choices if choice[0] <= ROUNDED] or [min(choices, key=lambda choice: choice[:2])]
    _, _, scale, counts = min(good, key=lambda choice: (choice[1], choice[0]))
    generator = np.random.default_rng(seed)
    whole = disordered.copy()
    orbits = symmetry(disordered).orbits
    whole.add_site_property("orbit", orbits.tolist())
    whole.make_supercell(scale)
    best: tuple[float, int, Structure] | None = None
    reason = ""
    for trial in range(TRIALS):
        try:
            cell = _arranged(whole, counts, generator)
            check_contacts(cell)
            if metal not in {element.symbol for element in cell.elements}:
                raise UnfitError("decoration", f"no place for {metal}")
            sites = len(distinct_sites(cell, metal))
            if sites > MAX_SITES:
                raise UnfitError("sites", f"{sites} distinct sites of {metal} in each decoration")
        except UnfitError as error:
            reason = reason or str(error)
            continue
        score = anion_misfit(cell)
        if best is None or (score, trial) < best[:2]:
            best = (score, trial, cell)
    if best is None:
        raise UnfitError("decoration", reason)
    return best[2]


def anion_misfit(cell: Structure) -> float:
    """Return the root mean square in valence units by which anions' bond valence sums miss their charges."""
    elements = [Element("H") if site.specie.Z == 1 else Element(site.specie.symbol) for site in cell]
    try:
        sums = bond_valence_sums(cell, elements)
    except KeyError:  # an element without parameters
        return 0.0
    formal = np.array([CHARGES.get(element.symbol, 0.0) for element in elements])
    anions = formal > 0
    return float(np.sqrt(np.mean((np.abs(sums[anions]) - formal[anions]) ** 2)))


def _arranged(whole: Structure, counts: dict[int, dict[str, int]], generator: np.random.Generator) -> Structure:
    """Return one random arrangement: the fullest positions first, no atom where another is too close."""
    orbits = np.array(whole.site_properties["orbit"])
    distances = whole.distance_matrix
    limits: dict[tuple[str, str], float] = {}
    chosen: list[tuple[int, str]] = []
    occupancy = {orbit: sum(whole[int(np.flatnonzero(orbits == orbit)[0])].species.values()) for orbit in counts}
    for orbit in sorted(counts, key=lambda orbit: (-occupancy[orbit], orbit)):
        places = generator.permutation(np.flatnonzero(orbits == orbit)).tolist()
        for symbol, number in sorted(counts[orbit].items(), key=lambda item: (-item[1], item[0])):
            if symbol == "":
                continue
            left = number
            for place in list(places):
                if left == 0:
                    break
                if all(distances[place, other] >= _limit(limits, symbol, there) for other, there in chosen):
                    chosen.append((place, symbol))
                    places.remove(place)
                    left -= 1
    chosen.sort()
    return Structure(whole.lattice, [symbol for _, symbol in chosen], whole.frac_coords[[place for place, _ in chosen]])


def _limit(known: dict[tuple[str, str], float], a: str, b: str) -> float:
    if (a, b) not in known:
        known[a, b] = float(contact_limits([a, b])[0, 1])
    return known[a, b]


def _counts(disordered: Structure, times: int) -> dict[int, dict[str, int]]:
    """Return by orbit how many positions each element takes, "" for empty ones, by largest remainders."""
    orbits = symmetry(disordered).orbits
    found = {}
    for orbit in np.unique(orbits).tolist():
        positions = int((orbits == orbit).sum()) * times
        on_site = {element.symbol: float(amount) for element, amount in disordered[orbit].species.items()}
        total = sum(on_site.values())
        on_site = {symbol: amount / max(total, 1.0) for symbol, amount in on_site.items()}
        on_site[""] = max(1.0 - total, 0.0)
        exact = {symbol: amount * positions for symbol, amount in on_site.items()}
        counts = {symbol: math.floor(amount + 1e-6) for symbol, amount in exact.items()}
        order = sorted(exact, key=lambda symbol: (counts[symbol] - exact[symbol], symbol))
        for symbol in order[: positions - sum(counts.values())]:
            counts[symbol] += 1
        found[orbit] = {symbol: number for symbol, number in counts.items() if number}
    return found


def _error(disordered: Structure, counts: dict[int, dict[str, int]], times: int) -> float:
    """Return the mean difference between listed and realised occupancies of the disordered positions."""
    orbits = symmetry(disordered).orbits
    errors = []
    for orbit, each in counts.items():
        positions = int((orbits == orbit).sum()) * times
        on_site = {element.symbol: float(amount) for element, amount in disordered[orbit].species.items()}
        if _is_whole(disordered[orbit].species):
            continue
        errors.append(max(abs(each.get(symbol, 0) / positions - amount) for symbol, amount in on_site.items()))
    return float(np.mean(errors)) if errors else 0.0


def _check_formula(atoms: Atoms) -> None:
    found: dict[str, float] = {}
    for on_site in atoms.species:
        for symbol, amount in on_site.items():
            found[symbol] = found.get(symbol, 0.0) + amount
    listed, declared = (
        {symbol: amount for symbol, amount in each.items() if symbol not in ("H", "D")}
        for each in (found, atoms.formula)
    )
    if not sum(listed.values()) > 0 or not same_composition(listed, declared, FORMULA_TOLERANCE):
        shown = (" ".join(f"{s}{n:.3g}" for s, n in sorted(f.items())) for f in (atoms.formula, found))
        raise UnfitError("formula", "declared as {} but the atoms are {}".format(*shown))


def _check_proportions(cell: Structure, formula: dict[str, float]) -> None:
    """Raise UnfitError when whole atoms are far from the declared formula; hydrogen is not compared."""
    declared = {symbol: amount for symbol, amount in formula.items() if symbol not in ("H", "D")}
    symbols = [site.specie.symbol for site in cell if site.specie.Z > 1]
    for symbol in declared.keys() | set(symbols):
        off = symbols.count(symbol) / len(symbols) - declared.get(symbol, 0.0) / sum(declared.values())
        if abs(off) > PROPORTIONS:
            raise UnfitError("proportions", f"{symbol} is {100 * off:+.0f} % of the atoms off the declared formula")


def _disordered(atoms: Atoms) -> Structure:
    """Return the primitive cell with shared and partly empty positions as listed; nearly empty ones are left out."""
    species, positions = [], []
    for on_site, position in zip(atoms.species, atoms.positions, strict=True):
        total = sum(on_site.values())
        if min(on_site.values()) < 0 or total > OVERFULL:
            raise UnfitError("occupancy", f"a site holds {total:.3g} atoms")
        if total < EMPTY:
            continue
        species.append({symbol: amount / max(total, 1.0) for symbol, amount in on_site.items() if amount > 0})
        positions.append(position)
    if not species:
        raise UnfitError("occupancy", "no atom is left in the cell")
    cell, _ = primitive(Structure(Lattice(atoms.cell), species, np.array(positions)))
    if len(cell) > 2 * MAX_ATOMS:
        raise UnfitError("size", f"{len(cell)} positions in the primitive cell")
    return cell


def _is_whole(on_site: Composition) -> bool:
    """Whether a position is given to its majority element."""
    return float(max(on_site.values())) >= MAJORITY


def _ordered(disordered: Structure) -> Structure:
    symbols = [max(site.species.items(), key=lambda item: (item[1], item[0].symbol))[0].symbol for site in disordered]
    return Structure(disordered.lattice, symbols, disordered.frac_coords)


def _seed(name: str) -> int:
    return int(sha256(name.encode()).hexdigest()[:15], 16)


def _water_named(row: Row) -> Row:
    """Return the entry with the oxygen of water, "Wat" in the database, called so."""
    return replace(row, labels=row.labels.replace('"Wat', '"Ow'))


Ints = NDArray[np.int64]
