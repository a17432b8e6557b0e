"""Whether rankings of structures are right, and their probabilities.

python validation/rank.py standards BMM MEASURED [--work WORK]    residuals of right and wrong structures; writes
    firstshell/match/held_out.json. BMM and MEASURED are folders with truth.csv
python validation/rank.py rank BMM MEASURED [--work WORK] [--elements]    measured standards among candidates, by XANES,
    EXAFS and both; --elements: only among those of the sample's elements
python validation/rank.py pdf MEASURED    the same by PDF, of the PDFs in MEASURED
python validation/rank.py both BMM MEASURED    by XANES, PDF and both, PDFs simulated where none is measured; measured
    PDFs among all oxides of the metal in AMCSD. Writes validation/rank.json
python validation/rank.py planted    parameters of simulated measurements against their intervals

To be run with PYTHONPATH=tools. No standard has a part in the transfers, residuals and forests that it is judged with.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import transfers
from pymatgen.core.periodic_table import Element

from firstshell.dataset import embedded
from firstshell.dataset.paths import SitePaths
from firstshell.errors import InputError
from firstshell.io.spectra.measured import PdfHeader, make_pdf
from firstshell.io.spectra.sniff import read_measured
from firstshell.match import held_out
from firstshell.match.candidates import AMCSD, EMBEDDED, Candidate, find_candidates
from firstshell.match.exafs_scan import ExafsMatch, ExafsScan, spectra_of
from firstshell.match.first_shell import UNKNOWN, PredictedShell, predict_shell
from firstshell.match.held_out import ENERGY, HeldOut
from firstshell.match.pdf_fit import fit_pdf
from firstshell.match.pdf_scan import PdfScan
from firstshell.match.posterior import LEVELS, none_ratio, posterior
from firstshell.match.simulations import stored_xanes
from firstshell.match.xanes_bank import Simulated, compare_xanes
from firstshell.match.xanes_fit import fit_xanes
from firstshell.measured.exafs.extract import extract
from firstshell.measured.pdf.match import MatchedPdf, match_pdf
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.population import Population, default_population
from firstshell.measured.xanes.standards import Standard
from firstshell.measured.xanes.standards import fit as fit_standard
from firstshell.prediction.model import Predictor, make_predictor
from firstshell.prediction.model_cache import channels_of
from firstshell.prediction.training import TrainingParams
from firstshell.runtime.store import write_text
from firstshell.simulation.pdf import PdfParams, pdf_family
from firstshell.types import Array

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

PDFS = {"TiO2_film_xray.gr": ("Ti", "TiO2", 141), "LaMnO3_300K_neutron.gr": ("Mn", "LaMnO3", 62)}
"""Measured PDFs whose structure is among the candidates: metal, formula, space group."""
UNLIKE = ("Hercynite",)
"""Measurements that are not of what they are named after (docs/results/answers.md)."""
FORMULAS = {"gamma-MnOOH": "MnHO2", "azurite": "Cu3H2C2O8"}
"""Of standards that are no candidates of the dataset."""
SHELLS = {
    "EuTiO3": (4.0, 6.0, 1.952),
    "Eu2Ti2O7": (4.0, 6.0, 1.966),
    "gamma-MnOOH": (3.0, 6.0, 2.046),
    "azurite": (2.0, 4.67, 2.007),
}
"""First shells of these."""
FEWER = TrainingParams(copies=4, mixtures=0.2, trees=40, folds=2)
"""How the models are trained that do not know a compound: one for each."""
MADE = 60
"""PDFs that are simulated as if measured."""
FEW, SMALL = 3, 60
"""Elements and atoms of structures whose PDFs are fitted."""
Row = tuple[str, int, int, float, float, float, float]
"""File, place of the right structure from 0, candidates, probabilities: its own, of the first, of none with and without
it."""
LEAST = 10
"""Candidates that a ranking needs to count."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("standards", "rank"):
        command = commands.add_parser(name)
        command.add_argument("bmm", type=Path)
        command.add_argument("measured", type=Path)
        command.add_argument("--work", type=Path, default=Path("standards.store"))
    command.add_argument("--elements", action="store_true")
    commands.add_parser("pdf").add_argument("measured", type=Path)
    command = commands.add_parser("both")
    command.add_argument("bmm", type=Path)
    command.add_argument("measured", type=Path)
    commands.add_parser("planted")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.command == "standards":
        standards(options.bmm, options.measured, options.work)
    elif options.command == "rank":
        rank(options.bmm, options.measured, options.work, options.elements)
    elif options.command == "pdf":
        pdf(options.measured)
    elif options.command == "both":
        both(options.bmm, options.measured)
    else:
        planted()


@dataclass(frozen=True, eq=False)
class Entry:
    """The XANES of one determination of a candidate.

    kind : what candidate it belongs to
    elements : without hydrogen
    oxide : whether only oxygen surrounds the metal
    """

    kind: tuple[str, int, str]
    elements: frozenset[str]
    oxide: bool
    simulated: Simulated


@cache
def pool(metal: str) -> list[Candidate]:
    return list(find_candidates(EMBEDDED, metal).found)


@cache
def entries(metal: str) -> tuple[Array, list[Entry]]:
    """The grid and all entries that the embedded dataset has of a metal."""
    data = embedded.load_everything()
    whole = data.frame[(data.frame["level"] == "material") & (data.frame["metal"] == metal)]
    ligands = dict(zip(whole["id"], whole["ligand"], strict=True))
    materials = [entry for each in pool(metal) for entry in each.entries]
    grid, found = stored_xanes(data, materials)
    listed = []
    for each in pool(metal):
        elements = frozenset(e.symbol for e in each.entries[0].structure.elements) - {"H", "D"}
        kind = (each.formula, each.space_group, each.name)
        listed += [Entry(kind, elements, ligands[e.id] == "O", found[e.id]) for e in each.entries]
    return grid, listed


def formula_elements(formula: str) -> frozenset[str]:
    return frozenset(re.findall("[A-Z][a-z]?", formula)) - {"H", "D"}


def listed(standard: Standard) -> tuple[Array, list[Entry], set[tuple[str, int, str]]]:
    """The candidates for a standard, its own structure added where the dataset lacks it; and which are right."""
    grid, found = entries(standard.metal)
    name = transfers.STRUCTURES[standard.compound]
    right = {each.kind for each in found if each.simulated.name == name}
    mineral = {each.kind for each in found if each.kind[2].lower().startswith(standard.compound.lower() + " ")}
    if not right | mineral:
        kind = (FORMULAS.get(standard.compound, standard.compound), 0, standard.compound)
        made = Simulated(standard.compound, standard.simulated, standard.state, SHELLS.get(standard.compound, UNKNOWN))
        return grid, [*found, Entry(kind, formula_elements(kind[0]), True, made)], {kind}
    return grid, found, right | mineral


def standards(bmm: Path, measured: Path, work: Path) -> None:
    keys, residuals, distance, wrong = [], [], [], []
    pairs, near_exafs, far_exafs, tables = [], [], [], embedded_paths()
    for file, sample, each in transfers.paired(bmm, measured, work):
        if each.metal not in embedded.load_dataset().metals or any(name in file for name in UNLIKE):
            continue
        population = transfers.population(without={(each.metal, each.compound)})
        found = fit_standard(each, population)
        fitted = found.transfer.apply(each.grid, each.simulated, each.energy)
        grid, candidates, right = listed(each)
        compared = quick(sample, grid, candidates, population)
        is_right = np.array([entry.kind in right for entry in candidates])
        keys.append((each.metal, each.compound))
        residuals.append(np.interp(ENERGY, each.energy, each.measured - fitted))
        pairs.append((each, population))
        waves = exafs_of(sample, each.metal, candidates, tables)
        apart = np.array(
            [waves[e.simulated.name].distance if e.simulated.name in waves else np.inf for e in candidates]
        )
        if np.isfinite(apart[is_right]).any():
            near_exafs.append(apart[is_right].min())
            far_exafs.append(np.quantile(by_kind(candidates, apart, ~is_right & np.isfinite(apart)), LEVELS))
        distance.append(compared[is_right].min())
        wrong.append(np.quantile(by_kind(candidates, compared, ~is_right), LEVELS))
        print(f"{file}: {found.rmse:.3f}, distance {distance[-1]:.3f}, nearest wrong {wrong[-1][0]:.3f}", flush=True)
    right_exafs, wrong_exafs = np.array(near_exafs), np.array(far_exafs)
    right_rw, wrong_rw = made_pdfs()
    right_rw = np.concatenate([right_rw, measured_rw(measured)])
    unknown = np.full(len(keys), np.nan)
    found_all = HeldOut(
        tuple(keys),
        np.array(residuals),
        unknown,
        np.array(distance),
        np.array(wrong),
        right_rw,
        wrong_rw,
        right_exafs,
        wrong_exafs,
    )
    # A fit needs the covariance of the others' residuals, so that it can only be made now.
    rmse = [
        fit_xanes(each, population, found_all.without({key})).rmse
        for key, (each, population) in zip(keys, pairs, strict=True)
    ]
    found_all = replace(found_all, rmse=np.array(rmse))
    path = Path(held_out.__file__).with_name(held_out.FILE)
    write_text(path, found_all.to_json() + "\n")


MODELS: dict[tuple[str, str], Predictor] = {}
"""By metal and compound, models that do not know it."""


def shell_without(
    sample: Normalised,
    standard: Standard,
    candidates: Sequence[Entry],
    right: set[tuple[str, int, str]],
    population: Population,
) -> PredictedShell:
    """The first shell by a model that knows neither a structure of the compound nor its transfers."""
    key = (standard.metal, standard.compound)
    if key not in MODELS:
        data = embedded.load_dataset()
        own = {entry.simulated.name for entry in candidates if entry.kind in right}
        groups = set(data.frame["group"][data.frame["id"].isin(own)])
        known = data.take(np.flatnonzero(~data.frame["group"].isin(groups)))
        channels = channels_of(("xanes",), population.of_metal(standard.metal))
        MODELS[key] = make_predictor(known, standard.metal, channels, FEWER)
    return predict_shell(MODELS[key], sample)


def quick(sample: Normalised, grid: Array, candidates: Sequence[Entry], population: object) -> Array:
    """The distances of the quick comparison."""
    from firstshell.match import xanes_bank

    return np.array(xanes_bank.distances(sample, grid, [each.simulated for each in candidates], population).rmse)


def by_kind(candidates: Sequence[Entry], values: Array, kept: Array) -> list[float]:
    """The least value of each candidate."""
    least: dict[tuple[str, int, str], float] = {}
    for each, value, keep in zip(candidates, values, kept, strict=True):
        if keep:
            least[each.kind] = min(least.get(each.kind, np.inf), float(value))
    return list(least.values())


def rank(bmm: Path, measured: Path, work: Path, elements_only: bool) -> None:
    known, tables = held_out.held_out(), embedded_paths()
    sets: dict[str, Callable[[Standard, Entry, frozenset[str]], bool]] = {
        "elements of the sample, and binary oxides": lambda each, entry, elements: (
            entry.oxide and (entry.elements <= elements or entry.elements == {each.metal, "O"})
        ),
        "all oxides of the metal": lambda _each, entry, _elements: entry.oxide,
    }
    if elements_only:
        del sets["all oxides of the metal"]
    results: dict[tuple[str, str], list[Row]] = {}
    for file, sample, each in transfers.paired(bmm, measured, work):
        key = (each.metal, each.compound)
        if each.metal not in embedded.load_dataset().metals or any(name in file for name in UNLIKE):
            continue
        population, residuals = transfers.population(without={key}), known.without({key})
        grid, candidates, right = listed(each)
        elements = next(entry.elements for entry in candidates if entry.kind in right)
        waves = exafs_of(sample, each.metal, candidates, tables)
        if not any(entry.kind in right and entry.simulated.name in waves for entry in candidates):
            waves = {}
        shell = shell_without(sample, each, candidates, right, population)
        for name, allowed in sets.items():
            kept = [e for e in candidates if e.kind in right or allowed(each, e, elements)]
            scans = dict(
                zip(
                    (e.simulated.name for e in kept),
                    compare_xanes(sample, grid, [e.simulated for e in kept], population, residuals, shell=shell),
                    strict=True,
                )
            )
            inputs_of: dict[str, dict[str, dict[str, Any]]] = {"xanes": {"xanes": scans}}
            if waves:
                inputs_of |= {"exafs": {"exafs": waves}, "xanes+exafs": {"xanes": scans, "exafs": waves}}
            for inputs, found in inputs_of.items():
                with_it, without = (judged(kept, found, right, residuals, there) for there in (True, False))
                results.setdefault((name, inputs), []).append((file, *with_it, without[-1]))
                place, count, own, first, none = with_it
                print(
                    f"{name}, {inputs}: {file}: {each.compound} is number {place + 1} of {count}, {own:.2f} "
                    f"(first {first:.2f}), none {none:.2f}; without it none {without[-1]:.2f}",
                    flush=True,
                )
    for (name, inputs), rows in sorted(results.items()):
        summarise(f"{name}, {inputs}", rows)
    paired_tests(results)


def embedded_paths() -> dict[tuple[str, str], list[SitePaths]]:
    """Scattering paths of the embedded dataset by material and metal."""
    paths = embedded.load_everything().paths
    found: dict[tuple[str, str], list[SitePaths]] = {}
    for (name, metal, _), site in ({} if paths is None else paths.tables).items():
        found.setdefault((name, metal), []).append(site)
    return found


SPECTRA: dict[tuple[str, str], Array] = {}
"""EXAFS that were made once."""


def exafs_of(
    sample: Normalised, metal: str, candidates: Sequence[Entry], tables: dict[tuple[str, str], list[SitePaths]]
) -> dict[str, ExafsMatch]:
    """How the EXAFS of a scan compares with candidates; nothing where it has none."""
    try:
        scan = ExafsScan(extract(sample))
    except InputError:
        return {}
    found = {}
    for entry in candidates:
        key = (entry.simulated.name, metal)
        if key in tables:
            if key not in SPECTRA:
                SPECTRA[key] = spectra_of(tables[key])
            found[key[0]] = scan.compare(SPECTRA[key])
    return found


def judged(
    kept: Sequence[Entry],
    found: dict[str, dict[str, Any]],
    right: set[tuple[str, int, str]],
    known: HeldOut,
    with_right: bool,
) -> tuple[int, int, float, float, float]:
    """Place of the right structure, number of candidates, its probability, that of the first, and of none.

    found : by modality and name of the entry how it compares
    """
    best: dict[str, dict[object, Any]] = {name: {} for name in found}
    for entry in kept:
        kind = "right" if entry.kind in right else entry.kind
        for name, compared in found.items():
            each = compared.get(entry.simulated.name)
            if each is None or (kind == "right" and not with_right):
                continue
            if kind not in best[name] or each.evidence > best[name][kind].evidence:
                best[name][kind] = each
    kinds = list(dict.fromkeys(kind for each in best.values() for kind in each))
    if not kinds:
        return 0, 0, 0.0, 0.0, 1.0
    evidence = {}
    for name, each in best.items():
        least = min((match.evidence for match in each.values()), default=0.0)
        evidence[name] = np.array([each[kind].evidence if kind in each else least for kind in kinds])
    total = np.sum(list(evidence.values()), axis=0)
    first = kinds[int(total.argmax())]
    against = {
        name: none_ratio(each[first].distance, len(each), *known.distances(name)) if first in each else 0.0
        for name, each in best.items()
    }
    shares, none = posterior(evidence, against)
    order = [kinds[i] for i in np.argsort(-total, kind="stable")]
    own = float(shares[kinds.index("right")]) if with_right else 0.0
    return order.index("right") if with_right else -1, len(kinds), own, float(shares.max()), none


def both(bmm: Path, measured: Path) -> None:
    """Standards among candidates of the embedded dataset by XANES, PDF and both; measured PDFs among AMCSD's oxides."""
    known, rng = held_out.held_out(), np.random.default_rng(2)
    film = match_pdf(read_measured(measured / "pdf" / "TiO2_film_xray.gr")[0])
    results: dict[tuple[str, str], list[Row]] = {}
    for file, sample, each in transfers.paired(bmm, measured, None):
        if any(name in file for name in UNLIKE):
            continue
        key = (each.metal, each.compound)
        population, residuals = transfers.population(without={key}), known.without({key})
        grid, candidates, right = listed(each)
        crystals = {entry.id: entry.structure for candidate in pool(each.metal) for entry in candidate.entries}
        own = [e for e in candidates if e.kind in right]
        of_pdf = own[int(rng.integers(len(own)))]
        is_measured = key == ("Ti", "anatase")
        curve = film if is_measured else as_if_measured(crystals[of_pdf.simulated.name], rng)[0]
        kept = [
            e
            for e in candidates
            if (e.kind in right or (e.oxide and (e.elements <= own[0].elements or e.elements == {each.metal, "O"})))
            and len(crystals[e.simulated.name]) <= SMALL
            and (is_measured or len(own) == 1 or e is not of_pdf)  # the determination that the PDF was made of
        ]
        spectra = [e.simulated for e in kept]
        names = [e.simulated.name for e in kept]
        shell = shell_without(sample, each, candidates, right, population)
        compared = compare_xanes(sample, grid, spectra, population, residuals, shell=shell)
        scans = dict(zip(names, compared, strict=True))
        scan = PdfScan(curve)
        curves = {name: scan.compare(crystals[name]) for name in names}
        inputs_of: dict[str, dict[str, dict[str, Any]]] = {"xanes": {"xanes": scans}, "pdf": {"pdf": curves}}
        inputs_of["xanes+pdf"] = {"xanes": scans, "pdf": curves}
        kind = "measured PDF" if is_measured else "simulated PDF"
        for inputs, found in inputs_of.items():
            with_it, without = (judged(kept, found, right, residuals, there) for there in (True, False))
            results.setdefault((kind, inputs), []).append((file, *with_it, without[-1]))
            print(f"{kind}, {inputs}: {file}: number {with_it[0] + 1} of {with_it[1]}, {with_it[2]:.2f}", flush=True)
    for (kind, inputs), rows in sorted(results.items()):
        summarise(f"{kind}, {inputs}", rows)
    paired_tests(results, (("xanes", "pdf"), ("xanes", "xanes+pdf"), ("pdf", "xanes+pdf")))
    columns = ("file", "place", "candidates", "probability", "first", "none", "none_without")
    table = {
        f"{kind}, {inputs}": [
            {name: round(v, 4) if isinstance(v, float) else v for name, v in zip(columns, row, strict=True)}
            for row in rows
        ]
        for (kind, inputs), rows in sorted(results.items())
    }
    table["measured PDF among AMCSD's oxides"] = [among_amcsd(measured, file) for file in PDFS]
    write_text(Path(__file__).with_name("rank.json"), json.dumps(table, indent=1) + "\n")


def among_amcsd(measured: Path, file: str) -> dict[str, Any]:
    """Place of the structure of a measured PDF among all oxides of its metal in AMCSD of at most 60 atoms."""
    metal, formula, group = PDFS[file]
    scan = PdfScan(match_pdf(read_measured(measured / "pdf" / file)[0]))
    every = [element.symbol for element in Element]
    found: dict[tuple[str, int], float] = {}
    for each in find_candidates(AMCSD, metal, every).found:
        for entry in each.entries:
            if len(entry.structure) <= SMALL and "O" in entry.structure.symbol_set:
                kind = (each.formula, each.space_group)
                found[kind] = max(found.get(kind, -np.inf), scan.compare(entry.structure).evidence)
    order = sorted(found, key=lambda kind: -found[kind])
    place = next((i for i, kind in enumerate(order) if kind == (formula, group)), -1)
    print(f"{file}: {formula} is number {place + 1} of {len(order)} in AMCSD; first {order[0]}", flush=True)
    return {"file": file, "place": place, "candidates": len(order), "first": " ".join(map(str, order[0]))}


def paired_tests(
    results: dict[tuple[str, str], list[Row]],
    pairs: Sequence[tuple[str, str]] = (("xanes", "exafs"), ("xanes", "xanes+exafs"), ("exafs", "xanes+exafs")),
) -> None:
    """Exact sign tests of one kind of measurement against another, on the files that have both."""
    from scipy.stats import binomtest

    for name in dict.fromkeys(each for each, _ in results):
        places = {inputs: {row[0]: row[1] for row in rows} for (each, inputs), rows in results.items() if each == name}
        for one, two in pairs:
            both = places[one].keys() & places[two].keys()
            better = sum(places[two][file] < places[one][file] for file in both)
            worse = sum(places[two][file] > places[one][file] for file in both)
            p = binomtest(better, better + worse).pvalue if better + worse else 1.0
            said = f"{two} places the right one higher than {one} in {better}, lower in {worse}"
            print(f"{name}: {said} of {len(both)} files, p {p:.3f}")


def summarise(name: str, rows: Sequence[Row]) -> None:
    for least in (2, LEAST):
        some = [row for row in rows if row[2] >= least]
        if not some:
            continue
        place, count = np.array([row[1] for row in some]), np.array([row[2] for row in some])
        first, none, without = (np.array([row[i] for row in some]) for i in (4, 5, 6))
        print(
            f"\n{name}, {least} candidates or more: {len(some)} files, {np.median(count):.0f} candidates (median)\n"
            f"first in {np.mean(place == 0):.0%}, among three in {np.mean(place < 3):.0%}; by chance "
            f"{np.mean(1 / count):.0%} and {np.mean(np.minimum(1, 3 / count)):.0%}\n"
            f"none of these: {none.mean():.2f} where the right one is there, {without.mean():.2f} where it is not"
        )
        for low, high in ((0.0, 0.3), (0.3, 0.6), (0.6, 1.01)):
            within = (first >= low) & (first < high)
            if within.any():
                stated, held = first[within].mean(), np.mean(place[within] == 0)
                print(
                    f"probability of the first {low:.1f} to {min(high, 1):.1f}: stated {stated:.2f}, "
                    f"right {held:.2f} ({within.sum()})"
                )


def made_pdfs() -> tuple[Array, Array]:
    """Rw of right and quantiles of those of wrong structures, for PDFs simulated from other determinations."""
    rng = np.random.default_rng(0)
    twice = [each for metal in embedded.load_dataset().metals for each in pool(metal) if len(each.entries) > 1]
    right, wrong = [], []
    for k in rng.choice(len(twice), min(MADE, len(twice)), replace=False):
        target = twice[k]
        one, other = rng.choice(len(target.entries), 2, replace=False)
        entry = target.entries[one]
        scan = PdfScan(as_if_measured(entry.structure, rng)[0])
        right.append(scan.compare(target.entries[other].structure).rw)
        others = [each for each in pool(entry.metal) if each is not target]
        wrong.append(np.quantile([scan.compare(each.entries[0].structure).rw for each in others], LEVELS))
    print(
        f"Rw of {len(right)} correct structures: {np.median(right):.2f}; "
        f"nearest wrong: {np.median(np.array(wrong)[:, 0]):.2f}"
    )
    return np.array(right), np.array(wrong)


def as_if_measured(
    structure: Structure, rng: np.random.Generator, noise: float = 0.05
) -> tuple[MatchedPdf, dict[str, float]]:
    """The PDF of a structure as of a measurement with noise, and the parameters that it was made with."""
    qmax, qdamp = float(rng.uniform(18.0, 28.0)), float(rng.uniform(0.02, 0.05))
    uiso = {element.symbol: float(0.006 * 2 ** rng.normal(0.0, 0.7)) for element in structure.elements}
    truth = {"scale": float(rng.uniform(0.5, 1.0)), "strain": float(rng.normal(0.0, 0.004))}
    truth |= {f"uiso {symbol}": value for symbol, value in uiso.items()}
    truth["delta2"] = float(rng.uniform(0.0, 2.0))
    strained = structure.copy()
    strained.scale_lattice(structure.volume * (1.0 + truth["strain"]) ** 3)
    params = PdfParams(
        rmax=24.0, rstep=np.pi / qmax / 8, qmax=qmax, qdamp=qdamp, points=None, uiso=uiso, delta2=truth["delta2"]
    )
    family = pdf_family(strained, None, params)
    values = family.total()
    # White noise on the independent points, carried to the others as the transform does.
    points = np.arange(0, len(family.r), 8)
    random = rng.normal(0.0, noise * np.sqrt(np.mean(values**2)), len(points))
    carried = np.sinc((family.r[:, None] - family.r[points]) * qmax / np.pi) @ random
    header = PdfHeader(qmax=qmax, qdamp=qdamp, radiation="x-ray")
    return match_pdf(make_pdf(family.r, truth["scale"] * (values + carried), "made", header, {})), truth


def measured_rw(folder: Path) -> Array:
    found = []
    for file, (metal, formula, group) in PDFS.items():
        scan = PdfScan(match_pdf(read_measured(folder / "pdf" / file)[0]))
        right = [e for c in pool(metal) if (c.formula, c.space_group) == (formula, group) for e in c.entries]
        found.append(min(scan.compare(each.structure).rw for each in right))
    return np.array(found)


def pdf(folder: Path) -> None:
    for file, (metal, formula, group) in PDFS.items():
        scan = PdfScan(match_pdf(read_measured(folder / "pdf" / file)[0]))
        best = [(max(scan.compare(e.structure).evidence for e in c.entries), c) for c in pool(metal)]
        best.sort(key=lambda pair: -pair[0])
        places = [i for i, (_, c) in enumerate(best) if (c.formula, c.space_group) == (formula, group)]
        print(f"{file}: {formula} is number {places[0] + 1} of {len(best)}; next {best[1][1].name}")


def planted() -> None:
    """Share of true parameters within their 90 % intervals."""
    rng = np.random.default_rng(1)
    inside: dict[str, list[bool]] = {}
    known, population = held_out.held_out(), default_population()
    for metal in embedded.load_dataset().metals:
        grid, found = entries(metal)
        own = population.of_metal(metal)
        for k in rng.choice(len(found), 15, replace=False):
            each = found[k].simulated
            state = 3.0 if np.isnan(each.state) else each.state
            transfer = own.draw(np.array([state]), rng)[0]
            energy = np.arange(-10.0, 45.0, 0.5)
            error = rng.multivariate_normal(np.zeros(len(energy)), known.covariance(energy))
            measured = transfer.apply(grid, each.values, energy) + error
            pair = Standard(each.name, each.name, metal, energy, measured, grid, each.values, state, True)
            fit = fit_xanes(pair, population, known)
            for name, error_of in fit.errors.items():
                away = abs(getattr(fit.transfer, name) - getattr(transfer, name))
                inside.setdefault(f"xanes {name}", []).append(bool(away <= 1.645 * error_of))
    few = [
        each
        for metal in embedded.load_dataset().metals
        for each in pool(metal)
        if len(each.entries[0].structure.elements) <= FEW
    ]
    for k in rng.choice(len(few), MADE, replace=False):
        crystal = few[k].entries[0].structure
        measured_pdf, truth = as_if_measured(crystal, rng)
        for each in fit_pdf(measured_pdf, crystal).parameters:
            inside.setdefault(f"pdf {each.name.split()[0]}", []).append(each.low <= truth[each.name] <= each.high)
    for name, found_in in inside.items():
        print(f"{name}: {np.mean(found_in):.2f} of {len(found_in)}")
    for kind in ("xanes", "pdf"):
        every = [held for name, values in inside.items() if name.startswith(kind) for held in values]
        print(f"{kind}, all: {np.mean(every):.3f} of {len(every)}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
