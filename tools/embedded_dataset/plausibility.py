"""Whether a hypothetical oxide looks like chemistry: bond valences, contacts, volume, bond lengths, labels."""

import numpy as np
from pymatgen.core.structure import Structure

from embedded_dataset.bond_network import Ints, Network
from embedded_dataset.ions import Ion
from embedded_dataset.jahn_teller import FLAT, opposite_pairs, shell, widest_angle
from firstshell.crystal.labels import label_sites
from firstshell.crystal.sites import distinct_sites
from firstshell.types import Array

GLOBAL, WORST = 0.25, 0.50
"""Valences; most for the global instability index (the root mean square over all atoms of sum less charge) and for one
atom. Nine in ten natural oxides of the database stay below 0.27 and 0.52."""
OXYGENS = 2.2
"""Å; no two oxygens of the natural oxides are closer (2.205 Å)."""
CATIONS = 0.90
"""Shortest distance between cations, as a fraction of the parent's."""
FARTHEST = 0.5
"""Å; most that an atom may leave its place in the parent's cell. Of all that is relaxed 97 in 100 stay below it; beyond
it the structure is another one, and which one may hang on little."""
SHRINK, GROW = 0.76, 1.25
"""Range of the volume, as a fraction of the parent's. Isotypes: MnO is 0.79 of CaO, Ti2O3 1.23 of Al2O3."""
LENGTH = 0.12
"""Å; most that a mean bond may differ from Shannon's radii and from its bond-valence length, whichever is nearer."""
ELONGATED = 1.08
"""Least ratio of long and short bonds in a Jahn–Teller octahedron (LaMnO3 1.12, CuO 1.42)."""
CONTACT = 3.5
"""Å; contacts beyond it are not looked at."""


class NotChemistryError(Exception):
    """A hypothetical oxide fails at a stage of the check; the message names it."""

    def __init__(self, stage: str, why: str) -> None:
        self.stage = stage
        super().__init__(f"{stage}: {why}")


def check(parent: Structure, structure: Structure, after: Network, atoms: Ints, new: Ion) -> None:
    """Raise NotChemistryError at the first stage where a relaxed structure is unlike natural oxides.

    parent : the natural oxide
    structure, after : the relaxed one and its bonds
    atoms : where the new ion is
    """
    _check_shifts(parent, structure)
    _check_valences(structure, after)
    _check_volume(parent, structure)
    _check_contacts(parent, structure)
    if new.elongated is not None:
        _check_elongation(after, atoms, new)
    _check_labels(structure, new)


def _check_shifts(parent: Structure, structure: Structure) -> None:
    apart = structure.frac_coords - parent.frac_coords
    shifts = (apart - np.round(apart)) @ structure.lattice.matrix
    farthest = float(np.linalg.norm(shifts - shifts.mean(axis=0), axis=1).max())
    if farthest > FARTHEST:
        raise NotChemistryError("shifts", f"an atom moves by {farthest:.2f} Å")


def _check_valences(structure: Structure, after: Network) -> None:
    misfits = after.misfits()
    index = float(np.sqrt((misfits**2).mean()))
    if index > GLOBAL:
        raise NotChemistryError("bond valences", f"the global instability index is {index:.2f}, above {GLOBAL}")
    worst = int(np.abs(misfits).argmax())
    if abs(misfits[worst]) > WORST:
        symbol = structure[worst].specie.symbol
        raise NotChemistryError("bond valences", f"{symbol} deviates by {misfits[worst]:+.2f} from its charge")


def _check_volume(parent: Structure, structure: Structure) -> None:
    ratio = structure.volume / parent.volume
    if not SHRINK <= ratio <= GROW:
        raise NotChemistryError("volume", f"the cell changes by {100 * (ratio - 1):+.1f} %")


def _check_contacts(parent: Structure, structure: Structure) -> None:
    shortest, natural = _shortest(structure), _shortest(parent)
    for kind, limit in (("O–O", min(OXYGENS, natural["O–O"] - 0.01)), ("cations", CATIONS * natural["cations"])):
        if shortest[kind] < limit:
            raise NotChemistryError("contacts", f"{kind} are {shortest[kind]:.2f} Å apart, less than {limit:.2f} Å")


def _shortest(structure: Structure) -> dict[str, float]:
    first, second, _, distances = structure.get_neighbor_list(CONTACT)
    oxygen = np.array([atom.specie.symbol == "O" for atom in structure])
    kinds = {"O–O": oxygen[first] & oxygen[second], "cations": ~(oxygen[first] | oxygen[second])}
    return {kind: float(distances[chosen].min(initial=CONTACT)) for kind, chosen in kinds.items()}


def _check_elongation(after: Network, atoms: Ints, new: Ion) -> None:
    lengths: Array = after.lengths()
    for atom in atoms.tolist():
        members = shell(after, atom)
        if len(members) == 4 and widest_angle(after, members) < FLAT:
            raise NotChemistryError("Jahn–Teller", f"a tetrahedron of {new} stays regular")
        if len(members) != 6:
            continue
        try:
            pairs = sorted(float(lengths[list(pair)].mean()) for pair in opposite_pairs(after, members))
        except ValueError as error:
            raise NotChemistryError("Jahn–Teller", str(error)) from None
        ratio = pairs[2] / ((pairs[0] + pairs[1]) / 2)
        if ratio < ELONGATED:
            raise NotChemistryError(
                "Jahn–Teller", f"an octahedron of {new} is elongated by {100 * (ratio - 1):.0f} % only"
            )


def _check_labels(structure: Structure, new: Ion) -> None:
    labels = label_sites(structure, new.symbol, distinct_sites(structure, new.symbol))
    for label in labels:
        if label.oxidation_state != new.charge:
            raise NotChemistryError(
                "oxidation state", f"bond valences give {new.symbol} the charge {label.oxidation_state}"
            )
        if label.coordination_number not in new.coordinations:
            raise NotChemistryError("coordination", f"{new} has {label.coordination_number} neighbours")
    numbers = {label.coordination_number for label in labels}
    if len(numbers) > 1:
        raise NotChemistryError("coordination", f"the sites of {new} have {sorted(map(str, numbers))} neighbours")
    for label in labels:
        coordination = int(label.coordination_number or 0)
        usual = sorted((new.shannon_length(coordination), new.length(coordination)))
        if label.bond_length is None or not usual[0] - LENGTH <= label.bond_length <= usual[1] + LENGTH:
            known = " to ".join(f"{length:.2f}" for length in usual)
            raise NotChemistryError("bond length", f"{label.bond_length:.3f} Å for {new}, where {known} Å is usual")
