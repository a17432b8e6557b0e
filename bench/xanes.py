"""Cost and agreement of the XANES engine.

python bench/xanes.py presets [--presets fast standard] [--oxides rutile CuO]   CPU seconds by stage
python bench/xanes.py reference FOLDER   every NAME.feff.inp of a folder against its NAME.xmu.dat of FEFF
python bench/xanes.py scattering         full multiple scattering alone, with symmetry and without, by cluster radius

Set OMP_NUM_THREADS=1: times are CPU seconds of one core, those of the engine's processes included.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core import Lattice, Structure

from firstshell.engines.absorption import absorption, average, propagators
from firstshell.engines.feff8l import calculate
from firstshell.engines.feff_inp import read_feff_inp
from firstshell.engines.pad import BOHR, read_phases
from firstshell.engines.scattering import Cluster, Scattering
from firstshell.engines.site_xanes import input_xanes, site_cluster, site_job
from firstshell.engines.surroundings import surroundings
from firstshell.modalities.xanes import PRESETS

RUTILE = Structure.from_spacegroup(
    "P4_2/mnm", Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
)
OXIDES = {
    "rutile": RUTILE,
    "anatase": Structure.from_spacegroup(
        "I4_1/amd", Lattice.tetragonal(3.785, 9.514), ["Ti", "O"], [[0, 0, 0], [0, 0, 0.2081]]
    ),
    "MnO": Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.446), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "CuO": Structure.from_spacegroup(
        "C2/c",
        Lattice.monoclinic(4.6837, 3.4226, 5.1288, 99.54),
        ["Cu", "O"],
        [[0.25, 0.25, 0], [0, 0.4184, 0.25]],
    ),
    "Fe2O3": Structure.from_spacegroup(
        "R-3c", Lattice.hexagonal(5.038, 13.772), ["Fe", "O"], [[0, 0, 0.1447], [0.3059, 0, 0.25]]
    ),
}
STORED = Path(__file__).parents[1] / "tests/data/xanes/rutile"


def cpu(task: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a task returns and its CPU seconds, those of its finished child processes included."""
    before = os.times()
    result = task()
    after = os.times()
    return result, sum(after[:4]) - sum(before[:4])


def presets(names: list[str], oxides: list[str]) -> None:
    print("oxide     preset     engine   FMS  atoms  matrix  operations  E_F(eV)  SCF radii tried")
    curves = {}
    for oxide in oxides:
        for name in names:
            settings = PRESETS[name]
            job = site_job(OXIDES[oxide], 0, settings)
            solved, engine = cpu(lambda job=job, settings=settings: calculate(job, timeout=settings.timeout))
            scattering = Scattering(site_cluster(job, settings))
            scattered, fms = cpu(lambda solved=solved, scattering=scattering: propagators(solved.phases, scattering))
            curves[oxide, name] = absorption(solved.phases, average(scattered))
            tried = " ".join(f"{attempt['radius']:.2f}" for attempt in solved.attempts)
            atoms, operations = len(scattering.cluster.kinds), len(scattering.group.rotations)
            print(
                f"{oxide:9s} {name:10s} {engine:6.1f} {fms:5.2f} {atoms:6d} {scattering.size:7d}"
                f" {operations:11d} {curves[oxide, name].fermi:8.2f}  {tried}",
                flush=True,
            )
        best = curves[oxide, names[-1]]
        for name in names[:-1]:
            print(f"          {name} against {names[-1]}: {_differences(curves[oxide, name], best)}", flush=True)


def _differences(one: Any, other: Any) -> str:
    """RMSE in edge steps as it stands, and after the rigid shift that makes it least."""
    energy = np.arange(other.fermi + other.energy[0] - other.level[0] - 8, other.energy[-1] - 5, 0.25)
    target = np.interp(energy, other.energy, other.mu)
    shifts = np.arange(-2, 2.01, 0.02)
    errors = [np.sqrt(np.mean((np.interp(energy - s, one.energy, one.mu) - target) ** 2)) for s in shifts]
    best = int(np.argmin(errors))
    return f"RMSE {errors[len(shifts) // 2]:.4f}; {errors[best]:.4f} after a shift of {shifts[best]:.2f} eV"


def reference(folder: Path) -> None:
    print("input             RMSE     cosine    CPU s")
    for file in sorted(folder.glob("*.feff.inp")):
        (result, _), seconds = cpu(lambda file=file: input_xanes(read_feff_inp(file)))
        energy, mu = np.loadtxt(file.with_name(file.name.replace(".feff.inp", ".xmu.dat")))[:, [0, 3]].T
        inside = (result.energy >= energy[0]) & (result.energy <= energy[-1])
        ours, theirs = result.mu[inside], np.interp(result.energy[inside], energy, mu)
        cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
        print(
            f"{file.name[:-9]:15s} {np.sqrt(np.mean((ours - theirs) ** 2)):7.5f} {cosine:10.7f} {seconds:8.1f}",
            flush=True,
        )


def scattering() -> None:
    phases = read_phases(STORED)
    print(f"rutile, {len(phases.energy)} energies, l = 3 everywhere\nradius  atoms  matrix (plain)  CPU s (plain)")
    for radius in (5.0, 6.0, 7.5):
        positions, charges = surroundings(RUTILE, 0, radius)
        kinds = np.where(charges == 8, 1, 2)
        kinds[0] = 0
        row = []
        for symmetry in (True, False):
            start = time.process_time()
            solver = Scattering(Cluster(positions / BOHR, kinds, (3, 3, 3)), symmetry=symmetry)
            propagators(phases, solver)
            row.append((solver.size, time.process_time() - start))
        print(
            f"{radius:6.1f} {len(kinds):6d} {row[0][0]:7d} ({row[1][0]})  {row[0][1]:8.2f} ({row[1][1]:.2f})",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("presets")
    command.add_argument("--presets", nargs="+", choices=list(PRESETS), default=["fast", "standard"])
    command.add_argument("--oxides", nargs="+", choices=list(OXIDES), default=list(OXIDES))
    commands.add_parser("reference").add_argument("folder", type=Path)
    commands.add_parser("scattering")
    chosen = parser.parse_args()
    if chosen.command == "presets":
        presets(chosen.presets, chosen.oxides)
    elif chosen.command == "reference":
        reference(chosen.folder)
    else:
        scattering()


if __name__ == "__main__":
    main()
