"""How well the EXAFS of true structures fits measured scans: R-factors from 1 to 3.6 Å.

python validation/exafs_fits.py TRUTH.csv FOLDER

For each standard whose column truth_from names an entry that the dataset has scattering paths of: S0², ΔE0, σ² of near
and far shells and one factor on all lengths are fitted to k²χ(k) from 2.5 to at most 12 Å⁻¹ in R space.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from firstshell.dataset.embedded import load_everything
from firstshell.dataset.paths import SitePaths
from firstshell.measured.exafs.extract import MeasuredExafs
from firstshell.measured.read import read_samples
from firstshell.simulation.exafs import Conditions, chi_under
from firstshell.simulation.waves.fourier import forward

LIMITS = ([0.05, -12.0, 0.0005, 0.0006, 0.96], [1.9, 14.0, 0.03, 0.05, 1.04])
STARTS = (-2.0, 3.0, 8.0)
"""eV, of ΔE0."""


def main() -> None:
    table, folder = Path(sys.argv[1]), Path(sys.argv[2])
    paths = load_everything().paths
    assert paths is not None
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        entry = re.match(r"amcsd-\d+", row.get("truth_from") or "")
        sites = [] if entry is None else [s for key, s in paths.tables.items() if key[:2] == (entry[0], row["metal"])]
        if sites:
            (sample,) = read_samples([folder / row["file"]], row["metal"], pair=False).samples
            report(row, sites, sample.exafs, sample.no_exafs)


def report(row: Mapping[str, Any], sites: list[SitePaths], measured: MeasuredExafs | None, why: str) -> None:
    if measured is None:
        print(f"{row['metal']} {row['compound']}: {why}")
        return
    factor, (s02, e0, near, far, stretch) = fit(sites, measured)
    print(
        f"{row['metal']} {row['compound']:16} k {min(measured.end, 12.0):.1f}: R = {factor:.3f}  S02 {s02:.2f}, "
        f"dE0 {e0:.1f} eV, sigma2 {near:.4f} and {far:.4f} A2, lengths x {stretch:.3f}"
    )


def fit(sites: list[SitePaths], measured: MeasuredExafs) -> tuple[float, Any]:
    """Return the R-factor of the best fit, and its five parameters."""
    k = np.arange(2.5, min(measured.end, 12.0) + 1e-9, 0.05)
    waves = forward(k, np.arange(1.0, 3.6, 0.03))
    aim = waves @ measured.weighted(k, 2)
    amounts = [site.multiplicity for site in sites]

    def off(p: Any) -> Any:
        s02, e0, near, far, stretch = p
        one = Conditions(*(np.array([each]) for each in (e0, near, max(near, far), stretch)))
        chi = np.average([chi_under(site.table, k, one)[0] for site in sites], axis=0, weights=amounts)
        rest = waves @ (s02 * k**2 * chi) - aim
        return np.concatenate([rest.real, rest.imag])

    found = [least_squares(off, [0.7, e0, 0.004, 0.009, 1.0], bounds=LIMITS) for e0 in STARTS]
    best = min(found, key=lambda each: float(each.cost))
    return float(2 * best.cost / np.sum(np.abs(aim) ** 2)), best.x


if __name__ == "__main__":
    main()
