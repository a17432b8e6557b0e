"""How well the EXAFS of true structures fits measured scans: R-factors from 1 to 3.6 Å.

python validation/exafs_fits.py BMM MEASURED [--kmin 3.0]

For each standard whose structure `transfers.py` knows and whose EXAFS can be used: S0², ΔE0, σ² of near and far shells
and one factor on all lengths are fitted to k²χ(k) from `kmin` to at most 12 Å⁻¹ in R space. Some 15 numbers are
independent there. BMM and MEASURED are folders with truth.csv, as of `transfers.py`; to be run with PYTHONPATH=tools.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import least_squares
from transfers import OTHERS, STRUCTURES, compound, structure

from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.exafs import LEGS, LONGEST
from firstshell.dataset.paths import SitePaths
from firstshell.measured.exafs.extract import MeasuredExafs
from firstshell.measured.read import read_samples
from firstshell.simulation.exafs import Conditions, chi_under
from firstshell.simulation.feff.paths import site_paths
from firstshell.simulation.waves.fourier import forward
from firstshell.types import Array
from firstshell.units import EV_PER_K2

LIMITS = ([0.05, -12.0, 0.0003, 0.0003, 0.96], [1.9, 14.0, 0.03, 0.05, 1.04])
SCALES = (0.3, 3.0, 0.003, 0.005, 0.01)
STARTS = (-3.0, 3.0)
"""eV, of ΔE0."""
LAST = 12.0
"""Å⁻¹."""
WANTED = 0.06
FINE = np.arange(1.0, LAST + 1.7, 0.04)
"""Å⁻¹, on which waves are summed; ΔE0 moves them on it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bmm", type=Path)
    parser.add_argument("measured", type=Path)
    parser.add_argument("--kmin", type=float, default=3.0)
    options = parser.parse_args()
    good: dict[str, bool] = {}
    for folder, row in rows(options.bmm, options.measured):
        name = compound(row["compound"])
        (sample,) = read_samples([folder / row["file"]], row["metal"], pair=False).samples
        if sample.exafs is None:
            print(f"{row['metal']} {name}: {sample.no_exafs}")
            continue
        factor, (s02, e0, near, far, stretch) = fit(sites(name, row["metal"]), sample.exafs, options.kmin)
        good[f"{row['metal']} {name}"] = good.get(f"{row['metal']} {name}", False) or factor <= WANTED
        print(
            f"{row['metal']} {name:14} {row['file'][-22:]:22} k {min(sample.exafs.end, LAST):4.1f}: R = {factor:.3f}  "
            f"S02 {s02:.2f}, dE0 {e0:4.1f} eV, sigma2 {near:.4f} and {far:.4f} A2, lengths x {stretch:.3f}",
            flush=True,
        )
    print(f"R of {WANTED} or less: {sum(good.values())} of {len(good)} standards")


def rows(bmm: Path, measured: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Yield the standards of known structure, each with the folder of its file."""
    for folder, files, more in ((bmm, bmm / "files", ()), (measured, measured, OTHERS)):
        with (folder / "truth.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in (*csv.DictReader(file), *more):
                if compound(row["compound"]) in STRUCTURES and not row["file"].startswith("pdf"):
                    yield files, row


@cache
def sites(name: str, metal: str) -> list[SitePaths]:
    """Return the paths of the distinct sites of a metal in the crystal of a compound."""
    crystal = structure(name)
    return [
        SitePaths(site.multiplicity, site_paths(crystal, site.index, longest=LONGEST, legs=LEGS, timeout=300.0))
        for site in distinct_sites(crystal, metal)
    ]


def fit(sites: list[SitePaths], measured: MeasuredExafs, kmin: float) -> tuple[float, Any]:
    """Return the R-factor of the best fit, and its five parameters."""
    k = np.arange(kmin, min(measured.end, LAST) + 1e-9, 0.05)
    waves = forward(k, np.arange(1.0, 3.6, 0.03))
    aim = waves @ measured.weighted(k, 2)

    def off(p: Array) -> Array:
        s02, e0, near, far, stretch = p
        rest = waves @ (s02 * k**2 * summed(sites, near, far, stretch)(np.sqrt(k**2 - e0 / EV_PER_K2))) - aim
        return np.concatenate([rest.real, rest.imag])

    starts = [[0.7, e0, 0.004, 0.007, 1.0] for e0 in STARTS]
    found = [least_squares(off, start, bounds=LIMITS, x_scale=SCALES, max_nfev=60) for start in starts]
    best = min(found, key=lambda each: float(each.cost))
    return float(2 * best.cost / np.sum(np.abs(aim) ** 2)), best.x


def summed(sites: list[SitePaths], near: float, far: float, stretch: float) -> CubicSpline:
    """Return χ(k) of all sites together without a shift of the threshold, which only moves it along k."""
    one = Conditions(*(np.array([each]) for each in (0.0, near, far, stretch)))
    amounts = [site.multiplicity for site in sites]
    return CubicSpline(
        FINE, np.average([chi_under(site.table, FINE, one)[0] for site in sites], axis=0, weights=amounts)
    )


if __name__ == "__main__":
    main()
