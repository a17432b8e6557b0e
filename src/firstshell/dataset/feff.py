"""From a tree of finished FEFF runs to a dataset: parse, label, simulate the other modalities, average over sites.

Scattering paths are taken from the tree where FEFF has written them: EXAFS is made of them, as of calculated ones.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core.structure import Structure

from firstshell import simulation as modalities
from firstshell.config import stable_hash, to_dict
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.build import assemble, build_samples, default_params, software
from firstshell.dataset.feff_paths import usable_paths
from firstshell.dataset.materials import Material
from firstshell.dataset.output import beside, check_output
from firstshell.dataset.paths import Key, Paths, SitePaths, recorded, sites_of, write_paths
from firstshell.dataset.table import PROTOCOL, Dataset, write_dataset
from firstshell.errors import EngineError, InputError
from firstshell.io.feff_tree import LAYOUT, FeffMaterial, read_tree
from firstshell.io.spectra.xmu import parse_xmu
from firstshell.io.structures.files import Partial, parse_structure
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.types import Site, Spectrum

LIMIT_S = 600.0
"""Wall-clock seconds for one material, against the unexpected: labelling has its own limits of processor time."""


@dataclass(frozen=True)
class FeffOptions:
    """What is taken from a tree of FEFF runs, and how.

    metals : absorbers; () takes all in the tree
    sites : whether site-level samples are wanted beside the materials
    partial : what to do with partial occupancies, as in `read_structure`
    """

    metals: tuple[str, ...] = ()
    sites: bool = False
    partial: Partial = "refuse"


@dataclass
class _Problems:
    """Files of one material that cannot be used, for the table of what was left out."""

    material: str
    rows: list[dict[str, str]] = field(default_factory=list)

    def note(self, stage: str, reason: object) -> None:
        self.rows.append({"id": self.material, "stage": stage, "reason": str(reason)})


def import_feff(
    path: str | Path,
    out: str | Path | None = None,
    *,
    options: FeffOptions | None = None,
    params: Mapping[str, Any] | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> Dataset:
    """Turn a tree of FEFF runs (`firstshell.io.feff_tree`) into a dataset; with `out` it is written and resumable.

    params : settings by modality, their defaults where not given
    workers : processes; one a core by default, 0 works in this process

    Scattering paths of the tree come into a file beside `out`, and are left out without one.

    Raises InputError when the tree cannot be read or nothing in it can be used.
    """
    if out is not None:
        _check_out(Path(out), Path(path))
    tree, options = read_tree(path), options or FeffOptions()
    params = default_params() | dict(params or {})
    settings = {"modalities": to_dict(params), "feff": to_dict(options), "software": software()}
    tasks = _tasks(tree, options, settings, path)
    how: dict[str, Any] = {
        "shared": (params, options),
        "workers": workers,
        "reporter": reporter,
        "label": "Import",
        "limit_s": LIMIT_S,
    }
    if out is None:
        results = run_tasks(import_material, tasks, **how)
    else:
        with Store.open(Path(out).with_suffix(".store")) as store:
            results = run_tasks(import_material, tasks, store=store, **how)
    data = assemble(((tasks[key][0].id, result) for key, result in results.items()), params, settings)
    if data.frame.empty:
        first = data.excluded["reason"].iloc[0].rstrip(".")
        raise InputError(f"nothing in it can be used; the first reason: {first}", remedy=LAYOUT, file=path)
    if out is None:
        return data
    write_dataset(data, out)
    return replace(data, paths=_write_paths(tasks, results, beside(Path(out))))


def _write_paths(
    tasks: Mapping[str, tuple[FeffMaterial, str]], results: Mapping[str, Record | Failure], path: Path
) -> Paths | None:
    """Write the scattering paths of all materials, and remove those of an earlier dataset of this name."""
    tables: dict[Key, SitePaths] = {}
    for key, result in results.items():
        if isinstance(result, Record):
            material, metal = tasks[key]
            tables |= {(material.id, metal, index): site for index, site in sites_of(result).items()}
    path.unlink(missing_ok=True)
    if not tables:
        return None
    write_paths(tables, path)
    return Paths(path)


def _check_out(out: Path, path: Path) -> None:
    """Refuse an output that would overwrite the input, or that cannot be written, before the work and not after it."""
    if out.resolve() == path.resolve():
        raise InputError("the output would overwrite the input", remedy="Choose another name", file=out)
    check_output(out)


def import_material(shared: tuple[Mapping[str, Any], FeffOptions], task: tuple[FeffMaterial, str]) -> Record:
    """Return the samples of one metal in one material, or why there are none."""
    (params, options), (material, metal) = shared, task
    problems = _Problems(material.id)
    for problem in material.problems:
        problems.note("file", problem)
    if not material.spectra:
        return Record({"rows": [], "excluded": problems.rows})
    samples, paths = Record({"rows": []}), Record({})
    try:
        if material.poscar is None:
            raise InputError("no POSCAR beside the spectra", remedy=LAYOUT, file=material.id)
        source = f"{material.id}/POSCAR"
        structure = parse_structure(material.poscar, format="poscar", source=source, partial=options.partial)
        sites = distinct_sites(structure, metal)
        spectra, program = _site_spectra(material, metal, sites, params["xanes"], problems)
        if not spectra:
            raise InputError(f"no usable spectrum of {metal}", file=material.id)
        known = Material(material.id, metal, structure, source=program)
        samples = build_samples(known, sites, {"xanes": spectra}, params, per_site=options.sites)
        paths = recorded(_site_paths(material, metal, structure, sites, problems))
    except InputError as error:
        problems.note("material", error)
    return Record(samples.meta | paths.meta | {"excluded": problems.rows}, samples.arrays | paths.arrays)


def _tasks(
    tree: list[FeffMaterial], options: FeffOptions, settings: Mapping[str, Any], path: str | Path
) -> dict[str, tuple[FeffMaterial, str]]:
    known = {metal for material in tree for _, metal in material.spectra}
    if unknown := set(options.metals) - known:
        held = ", ".join(sorted(known)) or "none"
        raise InputError(f"no spectra of {', '.join(sorted(unknown))} in it", remedy=f"It holds {held}", file=path)
    tasks = {}
    for material in tree:
        wanted = {metal for _, metal in material.spectra} & (set(options.metals) or known)
        # Files and settings name the result, so that a changed file is imported again.
        content = hashlib.sha256(repr(astuple(material)).encode()).hexdigest()
        for metal in sorted(wanted) if material.spectra else [""]:
            tasks[stable_hash([PROTOCOL, material.id, metal, content, settings])] = (material, metal)
    return tasks


def _site_spectra(
    material: FeffMaterial, metal: str, sites: list[Site], params: Any, problems: _Problems
) -> tuple[dict[int, Spectrum], str]:
    """Return by the index of the distinct site the mean of its spectra on the grid, and the program they are from."""
    found: dict[int, list[Spectrum]] = {}
    for (index, element), text in sorted(material.spectra.items()):
        if element != metal:
            continue
        name = f"{material.id}/FEFF-XANES/{index:03d}_{element}/xmu.dat"
        try:
            site = _site_of(index, metal, sites, name)
            spectrum = modalities.get("xanes").prepare(parse_xmu(text, name).normalised(metal, index), params)
            found.setdefault(site.index, []).append(spectrum)
        except InputError as error:
            problems.note("spectrum", error if error.file else f"{name}: {error}")
    programs = sorted({s.provenance["source"] for spectra in found.values() for s in spectra})
    return {site: _mean(spectra) for site, spectra in found.items()}, ", ".join(programs)


def _mean(spectra: list[Spectrum]) -> Spectrum:
    values = np.mean([s.values for s in spectra], axis=0)
    first = spectra[0]
    return replace(first, values=values)


def _site_paths(
    material: FeffMaterial, metal: str, structure: Structure, sites: list[Site], problems: _Problems
) -> dict[int, SitePaths]:
    """Return by the index of the distinct site the paths of its first atom that has usable ones."""
    found: dict[int, SitePaths] = {}
    for (index, element, kind), files in sorted(material.paths.items()):
        if element != metal:
            continue
        name = f"{material.id}/FEFF-{kind}/{index:03d}_{element}"
        try:
            site = _site_of(index, metal, sites, name)
            if site.index not in found:
                found[site.index] = SitePaths(site.multiplicity, usable_paths(files, structure, site, name))
        except (InputError, EngineError) as error:
            problems.note("paths", error if isinstance(error, InputError) and error.file else f"{name}: {error}")
    return found


def _site_of(index: int, metal: str, sites: list[Site], name: str) -> Site:
    """Return the distinct site that an atom of the POSCAR is one of."""
    for site in sites:
        if index in site.indices:
            return site
    raise InputError(f"atom {index} of the POSCAR is not {metal}", remedy="Count atoms from 0", file=name)
