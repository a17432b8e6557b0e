"""From one structure to samples: labels, simulated spectra and averages; and from many materials to one dataset."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np

from firstshell import __version__
from firstshell import simulation as modalities
from firstshell.crystal.labels import label_material, label_sites
from firstshell.crystal.symmetry import space_group
from firstshell.dataset.materials import Material
from firstshell.dataset.table import Crystal, Dataset, make_dataset
from firstshell.errors import InputError
from firstshell.runtime.store import Record
from firstshell.runtime.tasks import Failure
from firstshell.types import Array, Labels, Site, Spectrum, Target

Given = Mapping[str, Mapping[int, Spectrum]]
"""Spectra that came from elsewhere: modality -> index of the distinct site -> spectrum on the modality's grid."""


def default_params() -> dict[str, Any]:
    """Return the default settings of every modality that a dataset holds unless others are asked for."""
    return {name: modalities.get(name).Params() for name in modalities.standard()}


def software() -> dict[str, str]:
    """Return the versions that labels and simulated spectra depend on."""
    return {"firstshell": __version__, "pymatgen": version("pymatgen"), "spglib": version("spglib")}


def build_samples(
    material: Material, sites: Sequence[Site], given: Given, params: Mapping[str, Any], *, per_site: bool
) -> Record:
    """Return the material-level sample of one metal, and with `per_site` one for each site whose spectra are all there.

    A modality in `given` is averaged over the sites that have a spectrum, by multiplicity; the others are simulated.
    The record holds `rows` (see `dataset.table.COLUMNS`), `crystal` and, by modality, an (n, points) array.
    """
    structure, metal = material.structure, material.metal
    labels = label_sites(structure, metal, sites)
    if material.states is not None:
        states = [material.states.get(site.index) for site in sites]
        labels = [_with_state(known, state) for known, state in zip(labels, states, strict=True)]
    multiplicities = [site.multiplicity for site in sites]
    present = [site for site in sites if all(site.index in spectra for spectra in given.values())]
    base = {
        "id": material.id,
        "metal": metal,
        "formula": structure.composition.reduced_formula,
        "composition": structure.composition.reduced_composition.formula,
        "space_group": space_group(structure)[1],
        "missing_sites": len(sites) - len(present),
        "source": material.source,
        "origin": material.origin,
        "group": material.group,
        "oxidation_state_from": material.states_from,
    }
    whole = _label_columns(label_material(labels, multiplicities))
    rows = [base | whole | {"level": "material", "site": None, "multiplicity": sum(multiplicities)}]
    if per_site:
        for site, known in zip(sites, labels, strict=True):
            if site in present:
                place = {"level": "site", "site": site.index, "multiplicity": site.multiplicity}
                rows.append(base | _label_columns(known) | place)
    arrays = {
        name: _given(given[name], present, per_site)
        if name in given
        else _simulated(modalities.get(name), material, settings, present if per_site else ())
        for name, settings in params.items()
    }
    return Record({"rows": rows, "excluded": [], "crystal": Crystal.of(structure).columns}, arrays)


def assemble(
    results: Iterable[tuple[str, Record | Failure]], params: Mapping[str, Any], settings: Mapping[str, Any]
) -> Dataset:
    """Put the records of many materials, in the order given, into one dataset; a Failure is a row of `excluded`."""
    rows: list[dict[str, Any]] = []
    excluded: list[dict[str, Any]] = []
    parts: dict[str, list[Array]] = {name: [] for name in params}
    crystals: dict[tuple[str, str], Crystal] = {}
    for material, result in results:
        if isinstance(result, Failure):
            excluded.append({"id": material, "stage": "material", "reason": result.reason})
            continue
        rows += result.meta["rows"]
        excluded += result.meta["excluded"]
        if result.meta["rows"]:
            first = result.meta["rows"][0]
            crystals[first["id"], first["metal"]] = Crystal.parse(result.meta["crystal"])
            for name, values in parts.items():
                values.append(result.arrays[name])
    grids = {name: modalities.get(name).grid(settings) for name, settings in params.items()}
    spectra = {n: np.concatenate(p) if p else np.empty((0, len(grids[n]))) for n, p in parts.items()}
    return make_dataset(rows, spectra, grids, settings, excluded, crystals)


def _with_state(labels: Labels, state: int | None) -> Labels:
    """Return the labels of a site with another oxidation state, or without one."""
    reasons = {name: why for name, why in labels.reasons.items() if name != Target.OXIDATION_STATE.value}
    if state is None:
        reasons[Target.OXIDATION_STATE.value] = "the parent's is not known"
    return replace(labels, oxidation_state=state, reasons=reasons)


def _label_columns(labels: Labels) -> dict[str, Any]:
    return {
        "oxidation_state": labels.oxidation_state,
        "coordination_number": labels.coordination_number,
        "bond_length": labels.bond_length,
        "ligand": labels.ligand,
        "reasons": json.dumps(labels.reasons, sort_keys=True, ensure_ascii=False),
    }


def _given(spectra: Mapping[int, Spectrum], present: Sequence[Site], per_site: bool) -> Array:
    """Return the (n, points) spectra that came from elsewhere: of the material, then of each present site."""
    sites = [spectra[site.index].values for site in present]
    whole = np.average(sites, axis=0, weights=[site.multiplicity for site in present])
    return np.array([whole, *sites] if per_site else [whole])


def _simulated(modality: modalities.Modality, material: Material, params: Any, sites: Sequence[Site]) -> Array:
    """Return the (n, points) spectra of one modality: of the material, then of each of the sites."""
    rows = [modality.simulate(material.structure, material.metal, params).values]
    if sites:
        simulated = modality.simulate(material.structure, material.metal, params, per_site=True)
        rows += [_of_site(site, simulated).values for site in sites]
    return np.array(rows)


def _of_site(site: Site, spectra: Sequence[Spectrum]) -> Spectrum:
    # The simulator may have named another atom of the same set.
    for spectrum in spectra:
        if spectrum.site in site.indices:
            return spectrum
    raise InputError(f"no simulated spectrum for atom {site.index}")
