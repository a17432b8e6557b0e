"""Cost and agreement of the XANES engine.

python bench/xanes.py presets [--presets fast standard] [--oxides rutile CuO]   CPU seconds by stage
python bench/xanes.py reference FOLDER   every NAME.feff.inp of a folder against its NAME.xmu.dat of FEFF
python bench/xanes.py peer WORDS … [--oxides rutile CuO]   a whole site at preset `fast` against a FEFF10 of yours that
    is given the same field, radii, l and energies; WORDS start it in a folder that holds feff.inp. CPU seconds of each
python bench/xanes.py scattering         full multiple scattering alone, with symmetry and without, by cluster radius;
    beside it LAPACK's LU alone of matrices as large as the whole cluster's
python bench/xanes.py invariance [--oxides rutile CuO]   the same crystal turned, its atoms in another order, its cell
    doubled, and the same field without use of symmetry: largest differences of the spectrum, preset `fast`
python bench/xanes.py guard FOLDER [--metals Cu Ti Mn Fe] [--sites 26]   sites drawn from FOLDER/NAME/POSCAR: what
    the guard accepts, at what cost, and, where there is FOLDER/NAME/FEFF-XANES/NNN_Cu/xmu.dat, the agreement with it.
    Goes on where it was stopped; results in bench/results/xanes_guard.json

All but guard write to bench/results/xanes.json. Set OMP_NUM_THREADS=1: times are CPU seconds of one core, those of the
engine's processes included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core import Lattice, Structure
from scipy.linalg.lapack import cgesv
from scipy.spatial.transform import Rotation

from firstshell.crystal.sites import distinct_sites
from firstshell.errors import EngineError, InputError
from firstshell.simulation.feff.cards import Job, write_cards
from firstshell.simulation.feff.feff8l import Potentials, calculate
from firstshell.simulation.feff.inp import read_feff_inp
from firstshell.simulation.feff.site import SiteSettings, input_xanes, site_cluster, site_job
from firstshell.simulation.feff.surroundings import surroundings
from firstshell.simulation.scattering.absorption import Absorption, absorption, average, propagators
from firstshell.simulation.scattering.pad import read_phases
from firstshell.simulation.scattering.propagator import Cluster, Scattering
from firstshell.simulation.xanes import PRESETS
from firstshell.units import BOHR

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
RESULTS = Path(__file__).with_name("results") / "xanes.json"
GUARD = RESULTS.with_name("xanes_guard.json")
LIGHT = 10
"""Atomic number up to which `light_lmax` holds."""
MAX_CELL = 60
"""Atoms of the largest cell that sites are drawn from."""


def cpu(task: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a task returns and its CPU seconds, those of its finished child processes included."""
    before = os.times()
    result = task()
    after = os.times()
    return result, sum(after[:4]) - sum(before[:4])


def timed_site(
    structure: Structure, site: int, settings: SiteSettings
) -> tuple[Absorption, Potentials, Scattering, tuple[float, float]]:
    """Calculate a site: its curve, the potentials, the scattering cluster; CPU seconds of the engine and of the FMS."""
    job = site_job(structure, site, settings)
    solved, engine = cpu(lambda: calculate(job, timeout=settings.timeout))
    scattering = Scattering(site_cluster(job, settings))
    scattered, fms = cpu(lambda: propagators(solved.phases, scattering))
    return absorption(solved.phases, average(scattered)), solved, scattering, (engine, fms)


def presets(names: list[str], oxides: list[str]) -> None:
    print("oxide     preset        engine      FMS    atoms   matrix operations E_F(eV)  SCF radii tried")
    curves: dict[tuple[str, str], Absorption] = {}
    rows: dict[str, Any] = {}
    for oxide in oxides:
        for name in names:
            curves[oxide, name], solved, scattering, (engine, fms) = timed_site(OXIDES[oxide], 0, PRESETS[name])
            tried = " ".join(f"{attempt['radius']:.2f}" for attempt in solved.attempts)
            row = {
                "engine_cpu_s": engine,
                "fms_cpu_s": fms,
                "atoms": len(scattering.cluster.kinds),
                "matrix": scattering.size,
                "operations": len(scattering.group.rotations),
                "fermi_eV": curves[oxide, name].fermi,
            }
            rows[f"{oxide} {name}"] = row | {"attempts": solved.attempts}
            print(
                f"{oxide:9s} {name:10s}" + "".join(f"{value:9.2f}" for value in row.values()) + f"  {tried}", flush=True
            )
        best = curves[oxide, names[-1]]
        for name in names[:-1]:
            rows[f"{oxide} {name} against {names[-1]}"] = row = _differences(curves[oxide, name], best)
            print(f"          {name} against {names[-1]}: {row}", flush=True)
    _store("presets", rows)


def peer(words: list[str], oxides: list[str]) -> None:
    """Time whole sites of preset `fast`, and the same by another program."""
    rows = {}
    for oxide in oxides:
        settings = PRESETS["fast"]
        job = site_job(OXIDES[oxide], 0, settings)
        (mine, _, solver, _), ours = cpu(lambda: timed_site(OXIDES[oxide], 0, settings))  # noqa: B023  called at once
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "feff.inp").write_text(cards_of_feff10(job, settings), encoding="ascii")
            run = partial(subprocess.run, words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            _, theirs = cpu(run)
            energy, mu = np.loadtxt(Path(folder) / "xmu.dat")[:, [0, 3]].T
        inside = (mine.energy >= energy[0]) & (mine.energy <= energy[-1])
        error = float(np.sqrt(np.mean((mine.mu[inside] - np.interp(mine.energy[inside], energy, mu)) ** 2)))
        rows[oxide] = row = {
            "atoms": len(solver.cluster.kinds),
            "firstshell_cpu_s": round(ours, 2),
            "feff10_cpu_s": round(theirs, 2),
            "ratio": round(theirs / ours, 2),
            "rmse": round(error, 5),
        }
        print(f"{oxide:9s} {row}", flush=True)
        _store("peer", rows)


def cards_of_feff10(job: Job, settings: SiteSettings) -> str:
    """Return the cards that make FEFF10 do what a job and the settings of a site do here."""
    light = [f"{i} {each.charge} {each.label} -1" for i, each in enumerate(job.potentials) if each.charge <= LIGHT]
    lines = []
    for line in write_cards(job).splitlines():
        if line == "POTENTIALS":
            mesh = settings.mesh
            lines += ["COREHOLE FSR", f"FMS {settings.fms_radius} 0", f"XANES {mesh.kmax} {mesh.kstep} {mesh.estep}"]
        start = next((each for each in light if line.startswith(f"{each} ")), None)
        lines.append(line if start is None else line.replace(f"{start} -1", f"{start} {settings.light_lmax}"))
    return "\n".join(lines) + "\n"


def _differences(one: Absorption, other: Absorption) -> dict[str, float]:
    """RMSE in edge steps as it stands, and after the rigid shift that makes it least."""
    energy = np.arange(other.fermi + other.energy[0] - other.level[0] - 8, other.energy[-1] - 5, 0.25)
    target = np.interp(energy, other.energy, other.mu)
    shifts = np.arange(-2, 2.01, 0.02)
    errors = [np.sqrt(np.mean((np.interp(energy - s, one.energy, one.mu) - target) ** 2)) for s in shifts]
    best = int(np.argmin(errors))
    return {
        "rmse": round(float(errors[len(shifts) // 2]), 4),
        "shift_eV": round(float(shifts[best]), 2),
        "rmse_shifted": round(float(errors[best]), 4),
    }


def reference(folder: Path) -> None:
    print("input             RMSE     cosine    CPU s")
    rows = {}
    for file in sorted(folder.glob("*.feff.inp")):
        (result, _), seconds = cpu(lambda file=file: input_xanes(read_feff_inp(file)))
        energy, mu = np.loadtxt(file.with_name(file.name.replace(".feff.inp", ".xmu.dat")))[:, [0, 3]].T
        inside = (result.energy >= energy[0]) & (result.energy <= energy[-1])
        ours, theirs = result.mu[inside], np.interp(result.energy[inside], energy, mu)
        rmse = float(np.sqrt(np.mean((ours - theirs) ** 2)))
        cosine = float(ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs))
        rows[file.name[:-9]] = {"rmse": rmse, "cosine": cosine, "cpu_s": seconds}
        print(f"{file.name[:-9]:15s} {rmse:7.5f} {cosine:10.7f} {seconds:8.1f}", flush=True)
    _store("reference", rows)


def scattering() -> None:
    phases = read_phases(STORED)
    print(f"rutile, {len(phases.energy)} energies")
    rows = {}
    for radius, l_oxygen in ((5.0, 3), (6.0, 2), (6.0, 3), (7.5, 3)):
        positions, charges = surroundings(RUTILE, 0, radius)
        kinds = np.where(charges == 8, 1, 2)
        kinds[0] = 0
        row: dict[str, float] = {"atoms": len(kinds)}
        for case, symmetry in (("", True), ("_plain", False)):
            start = time.process_time()
            solver = Scattering(Cluster(positions / BOHR, kinds, (3, l_oxygen, 3)), symmetry=symmetry)
            propagators(phases, solver)
            row |= {f"matrix{case}": solver.size, f"cpu_s{case}": round(time.process_time() - start, 2)}
        row["cpu_s_lu"] = round(factorisations(int(row["matrix_plain"]), len(phases.energy)), 2)
        rows[f"{radius} Å, l(O) = {l_oxygen}"] = row
        print(f"{radius:6.1f} Å, l(O) = {l_oxygen}: {row}", flush=True)
    _store("scattering", rows)


def invariance(oxides: list[str]) -> None:
    print("largest difference, edge steps")
    rows = {}
    for oxide in oxides:
        plain, solved, solver, _ = timed_site(OXIDES[oxide], 0, PRESETS["fast"])
        unreduced = absorption(
            solved.phases, average(propagators(solved.phases, Scattering(solver.cluster, symmetry=False)))
        )
        rows[oxide] = row = {"without symmetry": _largest(plain, unreduced)}
        for way, written in rewritten(OXIDES[oxide]).items():
            row[way] = _largest(plain, timed_site(written, 0, PRESETS["fast"])[0])
        print(f"{oxide:10s}" + "  ".join(f"{way} {value:.1e}" for way, value in row.items()), flush=True)
    _store("invariance", rows)


def rewritten(structure: Structure) -> dict[str, Structure]:
    """Return a crystal turned, with its atoms in another order, and in a doubled cell; atom 0 remains of its kind."""
    turn = Rotation.from_rotvec([0.7, -0.4, 1.1]).as_matrix()
    turned = Structure(structure.lattice.matrix @ turn.T, structure.species, structure.frac_coords)
    order = np.random.default_rng(0).permutation(len(structure))
    absorber = next(i for i in order if structure[i].specie == structure[0].specie)
    order = [absorber, *(i for i in order if i != absorber)]
    doubled = structure * (1, 1, 2)
    return {
        "turned": turned,
        "atoms in another order": Structure.from_sites([structure[i] for i in order]),
        "doubled cell": doubled,
    }


def _largest(one: Absorption, other: Absorption) -> float:
    """Largest difference in edge steps at the energies that both have."""
    inside = (other.energy >= one.energy[0]) & (other.energy <= one.energy[-1])
    return float(np.abs(np.interp(other.energy, one.energy, one.mu) - other.mu)[inside].max())


def factorisations(size: int, energies: int, timed: int = 10) -> float:
    """Return CPU seconds of LU of a general matrix, in single precision, at each energy: most of a plain solution."""
    real, imaginary = np.random.default_rng(0).normal(scale=0.1 / np.sqrt(size), size=(2, size, size))
    matrix = np.asfortranarray(np.eye(size) + real + 1j * imaginary, dtype=np.complex64)
    columns = np.eye(size, 4, dtype=np.complex64, order="F")
    seconds = 0.0
    for _ in range(timed):
        each, right = matrix.copy(order="F"), columns.copy(order="F")
        start = time.process_time()
        _, _, _, failed = cgesv(each, right, overwrite_a=True, overwrite_b=True)
        seconds += time.process_time() - start
        assert not failed
    return seconds / timed * energies


def _store(command: str, rows: dict[str, Any]) -> None:
    record = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    record |= _machine()
    record[command] = record.get(command, {}) | rows
    RESULTS.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def guard(folder: Path, metals: list[str], count: int) -> None:
    """Calculate `count` sites of each metal at preset `fast`, one of each compound drawn; write after each site."""
    record = json.loads(GUARD.read_text()) if GUARD.is_file() else {}
    record |= _machine() | {"preset": "fast"}
    rows = record.setdefault("sites", [])
    done = {(row["compound"], row["metal"]) for row in rows}
    drawn = [[(compound, metal) for compound in _drawn(folder, metal, count)] for metal in metals]
    # One site of each metal in turn, so that a part of the sites is a fair part.
    for compound, metal in (pair for turn in zip_longest(*drawn) for pair in turn if pair):
        if (compound.name, metal) not in done:
            rows.append({"compound": compound.name, "metal": metal} | _guarded(compound, metal))
            GUARD.write_text(json.dumps(record, indent=1) + "\n")
            print(json.dumps(rows[-1]), flush=True)
    _summarise(rows)


def _drawn(folder: Path, metal: str, count: int) -> list[Path]:
    """`count` compounds that hold the metal, in random order."""
    fitting = []
    for file in sorted(folder.glob("*/POSCAR")):
        elements, numbers = (line.split() for line in file.read_text().splitlines()[5:7])
        if metal in elements and sum(map(int, numbers)) <= MAX_CELL:
            fitting.append(file.parent)
    return [fitting[i] for i in np.random.default_rng(0).permutation(len(fitting))[:count]]


def _guarded(compound: Path, metal: str) -> dict[str, Any]:
    structure = Structure.from_file(compound / "POSCAR")
    sites = distinct_sites(structure, metal)
    site = sites[np.random.default_rng(0).integers(len(sites))]
    row: dict[str, Any] = {"site": site.index, "formula": structure.composition.reduced_formula}
    start = sum(os.times()[:4])
    try:
        curve, solved, _, times = timed_site(structure, site.index, PRESETS["fast"])
    except (EngineError, InputError) as error:
        return row | {"cpu_s": [round(sum(os.times()[:4]) - start, 2)], "failure": str(error)}
    row |= {"cpu_s": [round(each, 2) for each in times], "fermi_eV": round(curve.fermi, 3), "failure": None}
    row |= {"attempts": solved.attempts}
    for atom in site.indices:
        file = compound / f"FEFF-XANES/{atom:03d}_{metal}/xmu.dat"
        if file.is_file():
            return row | {"feff99": _against(file, curve)}
    return row


def _against(file: Path, curve: Absorption) -> dict[str, float]:
    """Agreement with an xmu.dat from 2 eV past its Fermi level on, after the rigid shift of ours that serves best."""
    text = file.read_text()
    fermi = float(text.split("Mu=")[1].split("eV")[0])
    omega, level, _, mu = np.loadtxt(file, usecols=(0, 1, 2, 3)).T
    past = (level > fermi + 2) & (omega < curve.energy[-1] - 3)
    shifts = np.arange(-3, 5.01, 0.01)
    moved = [np.interp(omega[past] - shift, curve.energy, curve.mu) for shift in shifts]
    errors = [float(np.sqrt(np.mean((each - mu[past]) ** 2))) for each in moved]
    best = int(np.argmin(errors))
    return {
        "shift_eV": round(float(shifts[best]), 2),
        "rmse": round(errors[best], 4),
        "pearson": round(float(np.corrcoef(moved[best], mu[past])[0, 1]), 4),
        "fermi_eV": fermi,
    }


def _summarise(rows: list[dict[str, Any]]) -> None:
    failed = [row for row in rows if row["failure"]]
    retried = [row for row in rows if not row["failure"] and len(row["attempts"]) > 1]
    print(f"{len(rows)} sites: {len(retried)} accepted after retries, {len(failed)} failed")
    compared = [row for row in rows if "feff99" in row]
    if compared:
        print(f"{len(compared)} against FEFF 9.9: median, mean, standard deviation, least, most")
        for name in ("shift_eV", "rmse", "pearson"):
            _print_figures(name, np.array([row["feff99"][name] for row in compared]))
        _print_figures(
            "E_F, ours - theirs", np.array([row["fermi_eV"] - row["feff99"]["fermi_eV"] for row in compared])
        )
        _print_figures("CPU s", np.array([sum(row["cpu_s"]) for row in compared]))


def _print_figures(name: str, values: Any) -> None:
    figures = (np.median(values), values.mean(), values.std(ddof=1), values.min(), values.max())
    print(f"{name:20s}" + "".join(f"{figure:9.3f}" for figure in figures))


def _machine() -> dict[str, Any]:
    model = platform.processor()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return {
        "machine": f"{platform.machine()}, {model}, CPU seconds of one core",
        "versions": {name: version(name) for name in ("xraylarch", "numpy", "scipy", "pymatgen", "spglib")},
        "python": platform.python_version(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("presets")
    command.add_argument("--presets", nargs="+", choices=list(PRESETS), default=["fast", "standard"])
    command.add_argument("--oxides", nargs="+", choices=list(OXIDES), default=list(OXIDES))
    commands.add_parser("reference").add_argument("folder", type=Path)
    command = commands.add_parser("peer")
    command.add_argument("words", nargs="+")
    command.add_argument("--oxides", nargs="+", choices=list(OXIDES), default=list(OXIDES))
    commands.add_parser("scattering")
    command = commands.add_parser("invariance")
    command.add_argument("--oxides", nargs="+", choices=list(OXIDES), default=list(OXIDES))
    command = commands.add_parser("guard")
    command.add_argument("folder", type=Path)
    command.add_argument("--metals", nargs="+", default=["Cu", "Ti", "Mn", "Fe"])
    command.add_argument("--sites", type=int, default=26, help="of each metal")
    chosen = parser.parse_args()
    if chosen.command == "presets":
        presets(chosen.presets, chosen.oxides)
    elif chosen.command == "reference":
        reference(chosen.folder)
    elif chosen.command == "peer":
        peer(chosen.words, chosen.oxides)
    elif chosen.command == "invariance":
        invariance(chosen.oxides)
    elif chosen.command == "guard":
        guard(chosen.folder, chosen.metals, chosen.sites)
    else:
        scattering()


if __name__ == "__main__":
    main()
