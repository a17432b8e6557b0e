"""Whether oxides and other compounds can be told apart by the nearest spectrum of the embedded dataset.

python validation/compounds.py

For every material of the dataset, XANES of the same formula or group left out, by metal: the oxides that no oxide is
the nearest to, and the compounds without oxygen around the metal that no such compound is the nearest to. The distance
is the root mean square difference over 0 to 45 eV, the smallest of those at shifts of -3 to 3 eV.
"""

from __future__ import annotations

import numpy as np

from firstshell.dataset import embedded
from firstshell.dataset.table import Dataset
from firstshell.types import Array

SHIFTS = np.arange(-3.0, 3.1, 0.5)
RANGE = 45.0


def main() -> None:
    data = embedded.load_everything()
    for metal in data.metals:
        of_metal = data.select(metal, "material")
        oxide = (of_metal.frame["ligand"] == "O").to_numpy()
        other = np.array(["O" not in ligand.split("+") for ligand in of_metal.frame["ligand"]])
        apart = distances(of_metal)
        mistaken = [
            int(np.sum(apart[mine][:, theirs].min(axis=1) < apart[mine][:, mine].min(axis=1)))
            for mine, theirs in ((oxide, other), (other, oxide))
        ]
        print(f"{metal}: {mistaken[0]} of {oxide.sum()} oxides, {mistaken[1]} of {other.sum()} other compounds")


def distances(data: Dataset) -> Array:
    """Return the (n, n) distances of materials; infinite of those that share a formula or a group."""
    energy, values = data.grids["xanes"].values, data.spectra["xanes"]
    kept = energy <= RANGE
    moved = np.array([[np.interp(energy, energy + shift, row)[kept] for row in values] for shift in SHIFTS])
    found = np.array([np.sqrt(((moved - row[kept]) ** 2).mean(axis=2)).min(axis=0) for row in values])
    for column in ("formula", "group"):
        names = data.frame[column].to_numpy(str)
        found[names[:, None] == names] = np.inf
    return found


if __name__ == "__main__":
    main()
