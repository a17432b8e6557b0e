"""One metal in one material of the Materials Project: from the documents received to a sample of the dataset.

Spectra are per material and absorber. Labels and PDFs are made of the structure that the spectrum was calculated for,
which its document holds, and its index of the absorber counts the atoms of that structure: structures of other
endpoints have other cells and orders of atoms (https://github.com/materialsproject/api/issues/916).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pymatgen.core.structure import Structure

from firstshell import simulation as modalities
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.build import build_samples
from firstshell.dataset.materials import Material
from firstshell.errors import InputError
from firstshell.io.materials_project.documents import (
    UNKNOWN,
    XanesDocument,
    licence,
    parse_document_structure,
    parse_xanes,
)
from firstshell.runtime.store import Record
from firstshell.types import Site, Spectrum

GONE = "not among the current materials"


@dataclass(frozen=True)
class MaterialTask:
    """What was received of one metal in one material: XANES documents and the summary's, as JSON; None where absent."""

    id: str
    metal: str
    documents: tuple[str, ...]
    summary: str | None


def build_material(shared: tuple[Mapping[str, Any], tuple[str, ...]], task: MaterialTask) -> Record:
    """Return the sample of one metal in one material, or why there is none.

    The column `source` says the licence, what was averaged, and whose structure was taken.
    """
    (params, elements), problems = shared, list[dict[str, str]]()
    samples = Record({"rows": []})
    try:
        documents = _parsed(task, problems)
        summary = None if task.summary is None else json.loads(task.summary)
        structure, whose = documents[0].structure, "structure of the XANES document"
        if structure is None:
            structure, whose = _summary_structure(summary), "structure of the summary"
            documents = [_without_index(documents[0], len(distinct_sites(structure, task.metal)))]
        if missing := sorted(set(elements) - {e.symbol for e in structure.elements}):
            raise InputError(f"it holds no {', '.join(missing)}")
        sites = distinct_sites(structure, task.metal)
        spectra, how = _site_spectra(documents, sites, params["xanes"], problems)
        stated = next((d.licence for d in documents if d.licence != UNKNOWN), licence(summary or {}))
        source = "; ".join(["Materials Project FEFF", stated, how, whose] + ([GONE] if summary is None else []))
        material = Material(task.id, task.metal, structure, source=source)
        samples = build_samples(material, sites, {"xanes": spectra}, params, per_site=False)
    except InputError as error:
        problems.append(_problem(task.id, "material", error.what))
    return Record(samples.meta | {"excluded": problems}, samples.arrays)


def _parsed(task: MaterialTask, problems: list[dict[str, str]]) -> list[XanesDocument]:
    """Return the documents to use: the newest average over sites, or else those of single sites.

    One with a structure comes before one without, then the newer before the older.
    """
    documents = []
    for text in task.documents:
        try:
            documents.append(parse_xanes(json.loads(text), task.metal))
        except InputError as error:
            problems.append(_problem(task.id, "spectrum", error.what))
    if not documents:
        raise InputError("no usable XANES document came" if task.documents else "no XANES document came for its id")
    documents.sort(key=lambda document: (document.structure is not None, document.updated), reverse=True)
    averages = [document for document in documents if document.absorber is None]
    return averages[:1] or [d for d in documents if _same_atoms(d, documents[0])]


def _same_atoms(document: XanesDocument, other: XanesDocument) -> bool:
    """Whether indices of two documents name the same atoms: only then may their spectra be averaged."""
    one, two = document.structure, other.structure
    if one is None or two is None or one.species != two.species:
        return document is other
    places = [(s.lattice.matrix, s.frac_coords) for s in (one, two)]
    return all(np.allclose(a, b, atol=1e-4) for a, b in zip(*places, strict=True))


def _summary_structure(summary: Any) -> Structure:
    if not isinstance(summary, dict) or summary.get("structure") is None:
        raise InputError("neither its XANES document nor the summary holds a structure")
    return parse_document_structure(summary["structure"])


def _without_index(document: XanesDocument, sites: int) -> XanesDocument:
    """Return the document for a structure that its index does not refer to."""
    if document.absorber is not None and sites > 1:
        raise InputError(
            f"its XANES document holds no structure, so which of {sites} distinct sites atom {document.absorber} is "
            "is unknown"
        )
    return document


def _site_spectra(
    documents: Sequence[XanesDocument], sites: Sequence[Site], params: Any, problems: list[dict[str, str]]
) -> tuple[dict[int, Spectrum], str]:
    """Return by distinct site its spectrum on the grid, and in words what was averaged."""
    prepare = modalities.get("xanes").prepare
    atoms = sum(site.multiplicity for site in sites)
    first = documents[0]
    if first.absorber is None or len(sites) == 1:
        # One distinct site needs no index: every atom has the same spectrum.
        spectrum = prepare(first.spectrum(), params)
        mean = f"XANES averaged over all {atoms} {first.metal} atoms by the Materials Project"
        one = f"XANES of the one distinct {first.metal} site"
        return {site.index: spectrum for site in sites}, mean if len(sites) > 1 else one
    of_atom = {atom: site.index for site in sites for atom in site.indices}
    found: dict[int, Spectrum] = {}
    for document in documents:
        site = of_atom.get(-1 if document.absorber is None else document.absorber)
        try:
            if site is None:
                what = f"its absorbing_index {document.absorber} is no {document.metal} of its own structure"
                raise InputError(what)
            if site not in found:
                found[site] = prepare(document.spectrum(site), params)
        except InputError as error:
            problems.append(_problem(document.id, "spectrum", error.what))
    if not found:
        raise InputError(f"no usable spectrum of {first.metal}")
    return found, f"XANES of {len(found)} of {len(sites)} distinct {first.metal} sites, averaged by multiplicity"


def _problem(material: str, stage: str, reason: str) -> dict[str, str]:
    return {"id": material, "stage": stage, "reason": reason}
