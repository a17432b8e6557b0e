"""How well fractions of phases are found in mixtures of measured standards whose weights are known.

python validation/mix.py check BMM MEASURED        tables of errors, coverage and missing phases
python validation/mix.py calibrate BMM MEASURED    the same, and writes the errors that come with firstshell
python validation/mix.py series BMM MEASURED       components of series whose phases are not named

BMM and MEASURED are folders with truth.csv. Mixtures of two and three phases, 10/90 to 50/50, are made of measured
spectra by computation, and fractions are sought among their phases and up to three others of the same collection:

here : sample and standards are of one beamline. The sample's spectra are normalised in other ranges (pre-edge line
    from -200…-110 to -50…-25 eV, post-edge curve from 30…80 eV to 60…100 % of the scan) and each moved by 0.1 eV, then
    all together moved by 0.2 eV, broadened by 0…0.5 eV, damped by an over-absorption of 0.05, and given noise of 0.003
    (standard deviations, or ranges where … stands)
elsewhere : the same, but standards are of other beamlines than the sample, for compounds that were measured twice; each
    spectrum of the sample is first put on the energies of its standard, since a mixture is measured on one scale
simulated : as here, with simulated spectra of the embedded dataset as phases; transfers fitted without these

A series has 12 scans that go from one standard to the next, pure at the turning points or with at most 90 % of any;
each scan is moved by 0.02 eV, its edge step is off by 0.5 %, and it has noise of 0.003.

Errors are those of the true phases, 0 for one that was not chosen. What is calibrated (the factor on
believed errors, limit of the misfit) is taken for each mixture from those that share no compound with it.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np
from scipy.optimize import nnls
from transfers import HYDROUS, OTHERS, STRUCTURES, compound, population, shipped_spectra

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.match import mixture_errors as shipped
from firstshell.match.components import components_of
from firstshell.match.fractions import STEP, Fractions, intervals
from firstshell.match.mix import chosen_phases, scan_of
from firstshell.match.phases import MeasuredPhase, Phase, SimulatedPhase
from firstshell.match.solve import most_probable
from firstshell.measured.read import MeasuredSample, read_samples
from firstshell.measured.xanes.broadening import broaden
from firstshell.measured.xanes.foil import reliable_foil_shift
from firstshell.measured.xanes.normalise import Normalised, NormaliseParams
from firstshell.measured.xanes.transfer import Transfer
from firstshell.runtime.store import write_text
from firstshell.types import Array

ERRORS = Path(shipped.__file__).with_suffix(".json")
BMM = "BMM"
LEFT_OUT = ("Li2TiO5", "anatase_exp", "Pennantite", "Purpurite")
"""A formula that is impossible, a scan of 40 eV, and two scans with the Fe edge in them."""
EXTRA = {
    "Mn.prj": ("Mn", ("Rhodochrosite", "MnCl2", "Mn Oxalate", "Todorokite", "Psilomelane", "Mn foil")),
    "Fe.prj": ("Fe", ("Ferrihydrite", "Fe foil")),
    "Fe-K-ALS-10.3.2.prj": ("Fe", ("Troilite",)),
    "athena4.prj": (
        "Cu",
        ("cufoil.001", "CuXAFS_cuprite.001", "cus_cu_xafs.001", "cu2s_cu_xafs.001", "cusulfate_cu_xafs.001"),
    ),
}
"""Groups of the projects beside those of the table."""
SAME = {"Rhodochrosite": "rhodochrosite", "cufoil.001": "Cu", "CuXAFS_cuprite.001": "Cu2O", "Mn foil": "Mn"}
"""Compounds that these groups share with the tables."""
TWO = ((0.1, 0.9), (0.2, 0.8), (0.3, 0.7), (0.4, 0.6), (0.5, 0.5))
THREE = ((0.1, 0.3, 0.6), (0.2, 0.3, 0.5), (0.34, 0.33, 0.33), (0.1, 0.45, 0.45))
DECOYS = 3
WIDENED = np.round(np.arange(0.8, 6.01, 0.2), 2)
"""Factors on the believed errors that are tried."""
FINE = np.arange(-25.0, 70.01, 0.25)
NOISE = 0.003
START = {shipped.HERE: 0.002, shipped.ELSEWHERE: 0.006, shipped.SIMULATED: 0.01}
"""Edge steps, typical misfits that all fits are made with."""


@dataclass(frozen=True, eq=False)
class Scanned:
    """A measured standard: where it is from, its file, and its normalisation in the default ranges."""

    source: str
    metal: str
    compound: str
    file: Path | str
    spectrum: Normalised

    def again(self, rng: np.random.Generator) -> Normalised:
        """Return it normalised in other ranges."""
        first, last = self.spectrum.energy[0] - self.spectrum.e0, self.spectrum.energy[-1] - self.spectrum.e0
        ranges = NormaliseParams(
            e0=self.spectrum.e0,
            pre1=rng.uniform(max(first, -200.0), -110.0) if first < -120.0 else None,
            pre2=rng.uniform(-50.0, -25.0) if first < -120.0 else None,
            norm1=rng.uniform(30.0, 80.0) if last > 150.0 else None,
            norm2=rng.uniform(0.6, 1.0) * last if last > 150.0 else None,
        )
        (sample,) = read_samples([self.file], self.metal, ranges=ranges).samples
        assert sample.xanes is not None
        return sample.xanes


@dataclass(frozen=True, eq=False)
class Made:
    """A mixture of known weights, and the phases among which it is sought, the true ones first."""

    compounds: tuple[str, ...]
    weights: tuple[float, ...]
    sample: MeasuredSample
    phases: list[Phase]
    metal: str


@dataclass(frozen=True, eq=False)
class Found:
    """What was found of one mixture.

    estimate : (k,) fractions of the true phases
    covered : (k, w) whether their intervals hold them, by factor of `WIDENED`
    widths : (k, w) of the intervals
    misfit, without : edge steps, with all true phases among the candidates and with one of them left out
    smallest : the weight of the phase that was left out
    plain : (k,) fractions by non-negative least squares on the true phases, with the best shift
    """

    made: Made
    estimate: Array
    covered: Array
    widths: Array
    misfit: float
    without: float
    left_out: float
    right: bool
    plain: Array


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("check", "calibrate", "series"))
    parser.add_argument("bmm", type=Path)
    parser.add_argument("measured", type=Path)
    parser.add_argument("--mixtures", type=int, default=120)
    parser.add_argument("--kinds", nargs="+", default=list(START), choices=list(START))
    options = parser.parse_args()
    standards = read_standards(options.bmm, options.measured)
    if options.command == "series":
        for pure in (True, False):
            print(series_report(standards, options.mixtures, pure), flush=True)
        return
    kept = json.loads(ERRORS.read_text(encoding="utf-8"))
    for kind in options.kinds:
        rng = np.random.default_rng(list(START).index(kind))
        mixtures = make(kind, standards, options.mixtures, rng)
        found = [solve(each, START[kind], rng) for each in mixtures]
        text, held = report(kind, found)
        print(text, flush=True)
        kept[kind] = described(kind, found) | {"held": round(held, 3)}
    if options.command == "calibrate":
        text = json.dumps(kept, indent=1) + "\n"
        write_text(ERRORS, text)


def read_standards(bmm: Path, measured: Path) -> list[Scanned]:
    """Return all standards of both collections that can be used."""
    rows = [(bmm / "files", row, BMM) for row in _table(bmm)]
    rows += [(measured, row, row["file"].partition("#")[0]) for row in [*_table(measured), *OTHERS]]
    for project, (metal, groups) in EXTRA.items():
        named = [{"file": f"xanes/{project}#{g}", "metal": metal, "compound": SAME.get(g, g)} for g in groups]
        rows += [(measured, row, f"xanes/{project}") for row in named]
    found = []
    for folder, row, source in rows:
        if row["file"].startswith("pdf/") or any(name in row["file"] for name in LEFT_OUT):
            continue
        try:
            (sample,) = read_samples([folder / row["file"]], row["metal"]).samples
        except InputError:
            continue
        if sample.xanes is not None:
            place = source if "#" in row["file"] or source == BMM else "XASDataLibrary"
            found.append(Scanned(place, row["metal"], compound(row["compound"]), folder / row["file"], sample.xanes))
    return found


def _table(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def make(kind: str, standards: Sequence[Scanned], count: int, rng: np.random.Generator) -> list[Made]:
    """Return mixtures of one kind, two of three of them of two phases."""
    pools = list(_pools(kind, standards))
    share = np.array([len(pool) for pool in pools], dtype=float)
    made: list[Made] = []
    while len(made) < count:
        pool = pools[rng.choice(len(pools), p=share / share.sum())]
        weights = TWO[rng.integers(len(TWO))] if len(made) % 3 < 2 or len(pool) < 4 else THREE[rng.integers(len(THREE))]
        names = [str(name) for name in rng.permutation(sorted(pool))]
        true, decoys = names[: len(weights)], names[len(weights) : len(weights) + DECOYS]
        try:
            made.append(_made(kind, pool, true, decoys, weights, rng))
        except InputError as error:
            print("left out:", error)
    return made


def _pools(kind: str, standards: Sequence[Scanned]) -> Iterable[dict[str, list[Scanned]]]:
    """Yield the compounds of which mixtures can be made, each with its scans."""
    by: dict[tuple[str, str], dict[str, list[Scanned]]] = defaultdict(lambda: defaultdict(list))
    for each in standards:
        by[each.metal, "" if kind == shipped.ELSEWHERE else each.source][each.compound].append(each)
    for pool in by.values():
        if kind == shipped.ELSEWHERE:
            twice = {name: scans for name, scans in pool.items() if len({each.source for each in scans}) > 1}
            if len(twice) > 2:
                yield twice
        elif kind == shipped.SIMULATED:
            known = {name: scans for name, scans in pool.items() if _shipped(name, scans[0].metal) is not None}
            if len(known) > 2:
                yield known
        elif len(pool) > 3:
            yield dict(pool)


def _shipped(name: str, metal: str) -> tuple[Array, Array] | None:
    spectra, grid = _spectra()
    found = None if name in HYDROUS else spectra.get((STRUCTURES.get(name, ""), metal))
    return None if found is None else (grid, found)


@cache
def _spectra() -> tuple[dict[tuple[str, str], Array], Array]:
    return shipped_spectra()


def _made(
    kind: str,
    pool: dict[str, list[Scanned]],
    true: Sequence[str],
    decoys: Sequence[str],
    weights: tuple[float, ...],
    rng: np.random.Generator,
) -> Made:
    phases: list[Phase] = []
    spectra, metal = [], next(iter(pool.values()))[0].metal
    common = rng.normal(0.0, 0.2)
    for name in (*true, *decoys):
        scans = pool[name]
        one, other = (scans[i] for i in rng.permutation(len(scans))[:2]) if len(scans) > 1 else (scans[0], scans[0])
        if kind == shipped.ELSEWHERE:
            other = next(each for each in scans if each.source != one.source)
        elif kind != shipped.SIMULATED:
            other = one
        phases.append(_phase(kind, name, other, [*true]))
        if name in true:
            moved = common + rng.normal(0.0, 0.1) + (_beside(one, other) if kind == shipped.ELSEWHERE else 0.0)
            spectra.append(_on(one.again(rng), FINE - moved))
    mu = np.array(weights) @ np.array(spectra)
    mu = broaden(FINE, mu, FINE, rng.uniform(0.0, 0.5), 0.0)
    mu = Transfer(over_absorption=abs(rng.normal(0.0, 0.05))).apply(FINE, mu)
    low, high = (
        max(_ends(scan)[0] for name in true for scan in pool[name]),
        min(_ends(scan)[1] for name in true for scan in pool[name]),
    )
    energy = np.arange(max(low, FINE[0]) + 2.0, min(high, FINE[-1]) - 2.0, STEP)
    noisy = np.interp(energy, FINE, mu) + rng.normal(0.0, NOISE, len(energy))
    anchored = all(reliable_foil_shift(scan.spectrum) is not None for name in true for scan in pool[name])
    sample = MeasuredSample("mixture", _as_measured(next(iter(pool.values()))[0].spectrum, energy, noisy, anchored))
    return Made(tuple(true), weights, sample, phases, metal)


def _phase(kind: str, name: str, scan: Scanned, without: Sequence[str]) -> Phase:
    if kind != shipped.SIMULATED:
        return MeasuredPhase(name, scan.spectrum)
    found = _shipped(name, scan.metal)
    assert found is not None
    transfers = population([(scan.metal, each) for each in without]).of_metal(scan.metal)
    return SimulatedPhase(name, *found, STATES[name], transfers)


STATES = {
    row["compound"]: row["oxidation_state"]
    for row in json.loads(Path(__file__).with_name("transfer_fits.json").read_text(encoding="utf-8"))
}
"""Oxidation states of the compounds of known structure."""


def _as_measured(like: Normalised, energy: Array, mu: Array, anchored: bool) -> Normalised:
    """Return a made spectrum as a normalised scan, with a foil whose edge lies where it is tabulated if `anchored`."""
    place = energy + k_edge(like.metal)
    foil = 0.5 + np.arctan(energy) / np.pi if anchored else None
    return replace(
        like, name="mixture", source="mixture", energy=place, mu=mu, flat=mu, raw=mu, pre=0 * mu, post=0 * mu + 1,
        e0=k_edge(like.metal) + 10.0, reference=foil,
    )  # fmt: skip


def _ends(scan: Scanned) -> tuple[float, float]:
    away = scan.spectrum.energy - k_edge(scan.metal) + (reliable_foil_shift(scan.spectrum) or 0.0)
    return float(away[0]), float(away[-1])


def _on(spectrum: Normalised, energy: Array) -> Array:
    away = spectrum.energy - k_edge(spectrum.metal) + (reliable_foil_shift(spectrum) or 0.0)
    return np.interp(energy, away, spectrum.flat)


def _beside(one: Scanned, other: Scanned) -> float:
    """Return the eV that one scan of a compound is moved up by to lie on another, after the best scale and slope."""
    energy = np.arange(-5.0, 40.0, STEP)
    target = _on(other.spectrum, energy)

    def left(shift: float) -> float:
        mu = _on(one.spectrum, energy - shift)
        basis = np.column_stack([mu, mu * (energy - 30.0)])
        return float(np.sum((basis @ np.linalg.lstsq(basis, target, rcond=None)[0] - target) ** 2))

    return float(min(np.arange(-4.0, 4.01, 0.05), key=left))


def solve(made: Made, typical: float, rng: np.random.Generator) -> Found:
    """Return what is found of a mixture among its candidates, and among them without one of its phases."""
    names, fractions = _fractions(made.sample, made.phases, typical)
    weights, draws = fractions.weights, {w: fractions.draws(np.random.default_rng(0), w, 300) for w in WIDENED}
    estimate, covered, widths = np.zeros(len(made.weights)), [], []
    for k, (name, true) in enumerate(zip(made.compounds, made.weights, strict=True)):
        if name not in names:
            covered.append(np.zeros(len(WIDENED), dtype=bool))
            widths.append(np.zeros(len(WIDENED)))
            continue
        place = names.index(name)
        estimate[k] = weights[place]
        ends = np.array([intervals(draws[w], weights)[place] for w in WIDENED])
        covered.append((ends[:, 0] <= true) & (true <= ends[:, 1]))
        widths.append(ends[:, 1] - ends[:, 0])
    out = int(rng.integers(len(made.weights)))
    others = [each for i, each in enumerate(made.phases) if i != out]
    without = _fractions(made.sample, others, typical)[1].misfit
    right = set(names) == set(made.compounds)
    return Found(
        made, estimate, np.array(covered), np.array(widths), fractions.misfit, without, made.weights[out], right,
        _plain(made),
    )  # fmt: skip


def _fractions(sample: MeasuredSample, phases: Sequence[Phase], typical: float) -> tuple[list[str], Fractions]:
    scan = scan_of(sample, phases)
    chosen = chosen_phases([scan], phases, typical)
    linear = most_probable(scan.sample, chosen, scan.energy, typical)[1]
    return [each.name for each in chosen], linear.of(range(len(chosen)))


def _plain(made: Made) -> Array:
    """Return the fractions of a least-squares fit of the true phases, as other programs make it."""
    scan = scan_of(made.sample, made.phases)
    true = made.phases[: len(made.weights)]
    columns = np.column_stack([each.plain(scan.energy) for each in true])
    moved = [scan.sample.moved(scan.energy, shift / scan.sample.calibration) for shift in np.arange(-2.0, 2.01, 0.1)]
    best = min((nnls(columns, mu) for mu in moved), key=lambda pair: pair[1])[0]
    return np.asarray(best / best.sum())


def series_report(standards: Sequence[Scanned], count: int, pure: bool) -> str:
    """Return how often the number of components is right, and how far off fractions are then."""
    rng = np.random.default_rng(int(pure))
    right: dict[int, list[bool]] = {2: [], 3: []}
    error: list[float] = []
    for _ in range(count):
        pools = [pool for pool in _pools(shipped.HERE, standards) if len(pool) > 2]
        pool = pools[rng.integers(len(pools))]
        phases = 2 + int(rng.integers(2))
        scans = [pool[str(name)][0] for name in rng.permutation(sorted(pool))[:phases]]
        weights = _along(phases, pure)
        found = components_of(_series(scans, weights, rng))
        right[phases].append(found.count == phases)
        if found.count == phases:
            order = min(permutations(range(phases)), key=lambda o: np.abs(found.fractions[:, list(o)] - weights).sum())
            error.append(float(np.abs(found.fractions[:, list(order)] - weights).mean()))
    kind = "pure at the turning points" if pure else "never more than 90 % of one"
    shares = ", ".join(f"{np.mean(each):.0%} of {len(each)} with {phases}" for phases, each in right.items())
    return f"{count} series, {kind}: number right in {shares}; mean error of fractions then {np.mean(error):.3f}"


def _along(phases: int, pure: bool) -> Array:
    """Return the weights (12, k) of the scans of a series."""
    along = np.linspace(0.0, phases - 1.0, 12)
    found = np.maximum(1.0 - np.abs(along[:, None] - np.arange(phases)), 0.0)
    found[np.abs(found - 1.0) < 1.0 / 11] = 1.0
    found /= found.sum(axis=1, keepdims=True)
    return found if pure else 0.9 * found + 0.1 * (1.0 - found) / (phases - 1)


def _series(scans: Sequence[Scanned], weights: Array, rng: np.random.Generator) -> list[Normalised]:
    low, high = max(_ends(each)[0] for each in scans), min(_ends(each)[1] for each in scans)
    energy = np.arange(max(low, FINE[0]) + 1.0, min(high, FINE[-1]) - 1.0, STEP)
    made = []
    for row in weights:
        moved = energy - rng.normal(0.0, 0.02)
        mu = row @ np.array([_on(each.spectrum, moved) for each in scans]) * (1.0 + rng.normal(0.0, 0.005))
        made.append(_as_measured(scans[0].spectrum, energy, mu + rng.normal(0.0, NOISE, len(energy)), anchored=False))
    return made


def described(kind: str, found: Sequence[Found]) -> dict[str, object]:
    """Return what is calibrated on mixtures: factor on the errors, quantiles of the misfit; and their errors."""
    misfits = np.array([each.misfit for each in found])
    return {
        "typical": START[kind],
        "widen": _widen(found),
        "misfits": [round(float(value), 5) for value in np.quantile(misfits, np.linspace(0.0, 1.0, 21))],
        "mixtures": len(found),
        "error": round(float(np.concatenate([np.abs(each.estimate - each.made.weights) for each in found]).mean()), 3),
        "constant": round(float(np.concatenate([_equal(each) for each in found]).mean()), 3),
    }


def _equal(found: Found) -> Array:
    """Return the errors (k,) of equal parts."""
    return np.abs(1.0 / len(found.made.weights) - np.array(found.made.weights))


def _widen(found: Sequence[Found]) -> float:
    """Return the smallest factor with which nine of ten intervals hold the true fraction.

    No factor reaches phases that were not chosen: where these are too many, nine of ten intervals of the others.
    """
    every = [each.covered for each in found], [each.covered[each.estimate > 0.0] for each in found]
    for covered in every:
        enough = np.flatnonzero(np.concatenate(covered).mean(axis=0) >= 0.9)
        if len(enough):
            return float(WIDENED[enough[0]])
    return float(WIDENED[-1])


def report(kind: str, found: Sequence[Found]) -> tuple[str, float]:
    """Return the table of one kind and the share of fractions that intervals hold.

    Everything that is calibrated is taken from mixtures of other compounds.
    """
    covered, widths, noticed, false = [], [], [], []
    for each in found:
        others = [other for other in found if not {*other.made.compounds} & {*each.made.compounds}]
        place = int(np.argmin(np.abs(WIDENED - _widen(others))))
        limit = float(np.quantile([other.misfit for other in others], shipped.LIMIT))
        covered.append(each.covered[:, place])
        widths.append(each.widths[:, place])
        noticed.append(each.without > limit)
        false.append(each.misfit > limit)
    error = [np.abs(each.estimate - each.made.weights) for each in found]
    plain = [np.abs(each.plain - each.made.weights) for each in found]
    constant = [_equal(each) for each in found]
    lines = [f"\n{kind}: {len(found)} mixtures, {len({c for each in found for c in each.made.compounds})} compounds"]
    for count in (2, 3):
        part = [i for i, each in enumerate(found) if len(each.made.weights) == count]
        held, width = np.concatenate([covered[i] for i in part]), np.concatenate([widths[i] for i in part])
        of = {"firstshell": error, "least squares": plain, "equal parts": constant}
        means = ", ".join(f"{name} {np.concatenate([v[i] for i in part]).mean():.3f}" for name, v in of.items())
        lines.append(f"  {count} phases ({len(part)}): mean absolute error {means}")
        lines.append(f"    90 % intervals hold {held.mean():.1%}, mean width {width.mean():.3f}")
    held = np.concatenate(covered)
    lines.append(
        f"  all: mean absolute error {np.concatenate(error).mean():.3f}; 90 % intervals hold {held.mean():.1%}"
    )
    chosen = np.concatenate([each.estimate > 0.0 for each in found])
    lines.append(
        f"  chosen are {chosen.mean():.1%} of the true phases; intervals of these hold {held[chosen].mean():.1%}"
    )
    lines.append(f"  right set of phases: {np.mean([each.right for each in found]):.1%}")
    lines.append(
        f"  a phase left out is noticed: {np.mean(noticed):.1%}; a right mixture is doubted: {np.mean(false):.1%}"
    )
    small = [n for n, each in zip(noticed, found, strict=True) if each.left_out < 0.15]
    lines.append(f"    of 10 %: {np.mean(small):.1%} of {len(small)}")
    lines.append(f"  calibrated: {json.dumps(described(kind, found))}")
    return "\n".join(lines), float(held.mean())


if __name__ == "__main__":
    main()
