"""From a pymatgen Structure to what the pair sum needs: elements without charges, occupancies, displacements."""

from dataclasses import dataclass

import numpy as np
from pymatgen.core.periodic_table import DummySpecies, Species
from pymatgen.core.structure import Structure

from firstshell.crystal.sanity import check_structure
from firstshell.errors import InputError
from firstshell.simulation.pairs.params import U_LIMIT, PdfParams
from firstshell.simulation.pairs.sums import Atoms
from firstshell.types import Array

MOST_KINDS = 8
"""More different displacements than this, and every atom brings its own instead of its kind's."""
DISPLACEMENTS = {"u_cart", "uiso"}


@dataclass(frozen=True, eq=False)
class Crystal:
    """Entries of a crystal: one for each element on each site.

    atoms : the entries
    kind_elements : element of each kind
    sites : for each entry, index of its site in the structure
    """

    atoms: Atoms
    kind_elements: tuple[str, ...]
    sites: tuple[int, ...]


def read_crystal(structure: Structure, params: PdfParams) -> Crystal:
    """Take a structure apart.

    Mixed sites give one entry per element. Site properties "u_cart" ((3, 3) Cartesian tensor, Å²) or "uiso" (Å²) win
    over the settings; a site may lack them (None). InputError: no atoms, dummy species, displacements without meaning.
    """
    occupancy = check_structure(structure)
    elements: list[str] = []
    sites: list[int] = []
    fractions: list[Array] = []
    for index, site in enumerate(structure):
        for species in site.species:
            if isinstance(species, DummySpecies):
                raise InputError(f"site {index} holds {species}, which is no element", remedy="Replace dummy species")
            # The symbol of deuterium would be H.
            elements.append((species.element if isinstance(species, Species) else species).name)
            sites.append(index)
            fractions.append(site.frac_coords)
    u = _displacements(structure, elements, sites, params)
    kinds: dict[tuple[str, float] | str, int] = {}
    if u.ndim == 1:
        kind = [kinds.setdefault(key, len(kinds)) for key in zip(elements, u.tolist(), strict=True)]
        if len(kinds) > MOST_KINDS:
            u, kinds = u[:, None, None] * np.eye(3), {}
    if u.ndim == 3:
        kind = [kinds.setdefault(element, len(kinds)) for element in elements]
    names = tuple(key if isinstance(key, str) else key[0] for key in kinds)
    lattice = np.array(structure.lattice.matrix, dtype=float)
    inside = np.array(fractions, dtype=float)
    inside -= np.floor(inside)  # tables of images are sized by where atoms are
    positions = inside @ lattice
    return Crystal(Atoms(lattice, positions, np.array(occupancy), np.array(kind), u), names, tuple(sites))


def _displacements(structure: Structure, elements: list[str], sites: list[int], params: PdfParams) -> Array:
    """Return (N,) isotropic displacements of the entries, or (N, 3, 3) tensors where any of them is anisotropic, Å²."""
    default = {element: params.displacement(element) for element in set(elements)}
    if not any(DISPLACEMENTS & site.properties.keys() for site in structure if site.properties):
        return np.array([default[element] for element in elements])
    tensors = np.array([default[element] * np.eye(3) for element in elements])
    for entry, index in enumerate(sites):
        properties = structure[index].properties
        if properties.get("u_cart") is not None:
            tensors[entry] = _tensor(properties["u_cart"], index)
        elif properties.get("uiso") is not None:
            tensors[entry] = _tensor(_numbers(properties["uiso"], index) * np.eye(3), index)
    isotropic = tensors[:, 0, 0].copy()
    return isotropic if np.array_equal(tensors, isotropic[:, None, None] * np.eye(3)) else tensors


def _numbers(value: object, site: int) -> Array:
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InputError(
            f"the displacement {value!r} of site {site} is no number", remedy="Give uiso or u_cart in Å²"
        ) from None


def _tensor(value: object, site: int) -> Array:
    tensor = _numbers(value, site)
    if tensor.shape != (3, 3) or not np.isfinite(tensor).all() or not np.allclose(tensor, tensor.T, atol=1e-9):
        raise InputError(
            f"the displacement tensor of site {site} is not a symmetric 3×3 matrix of numbers",
            remedy="Give u_cart as Cartesian Å²",
        )
    eigenvalues = np.linalg.eigvalsh(tensor)
    if eigenvalues[0] <= 0 or eigenvalues[-1] > U_LIMIT:
        raise InputError(
            f"the displacements of site {site} are not above 0 and up to {U_LIMIT:g} Å² in every direction",
            remedy="Correct its uiso or u_cart, or remove it to use the uiso of the settings",
        )
    return np.asarray((tensor + tensor.T) / 2)
