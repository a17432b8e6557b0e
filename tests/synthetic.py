"""Made-up datasets for tests: spectra that carry their labels in known places."""

import numpy as np

from firstshell.dataset.table import Crystal, Dataset, make_dataset
from firstshell.types import Grid

GRIDS = {
    "xanes": Grid(np.linspace(0, 55, 100), "E − E(K)", "eV"),
    "pdf": Grid(np.arange(100) * 0.1, "r", "Å"),
    "dpdf": Grid(np.arange(100) * 0.1, "r", "Å"),
}
CATIONS = ("Li", "Na", "K", "Mg", "Ca", "Sr", "Ba", "Al", "Si", "P", "V", "Y", "La", "Zn", "Bi")


def synthetic_dataset(
    materials: int = 60, metals: tuple[str, ...] = ("Cu",), seed: int = 0, sites: bool = False, derived: bool = False
) -> Dataset:
    """Materials of two charges, three coordination numbers and matching bond lengths.

    The edge position carries the charge, the first PDF peak the bond length (twice as sharp in the dPDF), and
    the white line the coordination number; noise hides each a little. About three materials share a formula.

    derived : the first material of each formula is natural, and the others are derived from it, two formulas to
        a group
    """
    rng = np.random.default_rng(seed)
    rows, spectra = [], {name: [] for name in GRIDS}
    crystals = {}
    for metal in metals:
        for i in range(materials):
            kind = i // 3
            cation, oxygens = CATIONS[kind % len(CATIONS)], 2 + kind // len(CATIONS)
            charge, number = 2 + int(rng.random() < 0.4), int(rng.choice([4, 5, 6]))
            length = 1.75 + 0.07 * number - 0.06 * charge + rng.normal(0, 0.01)
            base = {
                "id": f"{metal.lower()}-{i:04d}",
                "metal": metal,
                "formula": f"{cation}{metal}O{oxygens}",
                "composition": f"{cation}1 {metal}1 O{oxygens}",
                "space_group": 1 + kind % 230,
                "oxidation_state": charge,
                "coordination_number": number,
                "bond_length": length,
                "ligand": "O",
                "oxidation_state_from": "crystal",
                "reasons": "{}",
                "missing_sites": 0,
                "source": "synthetic",
                "origin": ("derived" if i % 3 else "natural") if derived else "given",
                "group": f"parent {kind // 2}" if derived else "",
            }
            crystals[base["id"], metal] = Crystal(
                np.eye(3) * (length + 1), (metal, "O"), np.array([[0.0] * 3, [0.5] * 3])
            )
            levels = [("material", None, 1)] + ([("site", j, 1) for j in range(2)] if sites else [])
            for level, site, multiplicity in levels:
                rows.append(base | {"level": level, "site": site, "multiplicity": multiplicity})
                for name, values in _spectra(rng, charge, number, length).items():
                    spectra[name].append(values)
    arrays = {name: np.array(values) for name, values in spectra.items()}
    excluded = [{"id": "cu-x", "stage": "labels", "reason": "made up"}]
    return make_dataset(rows, arrays, GRIDS, {"modalities": {}, "made_by": "tests"}, excluded, crystals)


def _spectra(rng, charge, number, length):
    energy, r = GRIDS["xanes"].values, GRIDS["pdf"].values
    edge = 8 + 2.0 * charge + rng.normal(0, 0.4)
    step = 0.5 + np.arctan((energy - edge) / 1.5) / np.pi
    line = 0.12 * number * np.exp(-(((energy - edge - 6) / 3) ** 2))
    peak = np.exp(-(((r - length) / 0.15) ** 2)) * number
    other = np.exp(-(((r - 3.1 - rng.normal(0, 0.15)) / 0.2) ** 2)) * 8
    return {
        "xanes": step + line + rng.normal(0, 0.01, energy.size),
        "pdf": 0.5 * peak + other + rng.normal(0, 0.25, r.size) - r,
        "dpdf": peak + 0.3 * other + rng.normal(0, 0.1, r.size) - 0.5 * r,
    }
