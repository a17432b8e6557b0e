"""What is no oxide but may look like one once energies are free to move: the metal itself, sulfides, halides, others.

Measurements are compared with simulations of them as they are with training spectra: of metals and of sulfides of
Co, Ni, Zn and Mo (`python bench/foreign.py make`), and of the compounds of the embedded dataset without oxygen around
the metal (tools/embedded_dataset/non_oxides.py). PDFs are compared with those of these compounds, X-ray ones only.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.elements import elements_in
from firstshell.measured.xanes.matching import make_bank
from firstshell.measured.xanes.population import PLAIN, Population
from firstshell.prediction.channels import Channel, XanesChannel
from firstshell.prediction.training_set import named
from firstshell.types import Array

FILE = Path(str(files("firstshell.prediction") / "non_oxides.json"))
"""Rows of metal, name, first energy and step in eV, and μ in edge steps; energies of the metal itself count from its
Fermi level, which a foil has at the tabulated edge, those of compounds from the tabulated edge as simulated."""
COMPOUND_STATE = 2.0
"""Oxidation state that compounds are taken to have, whose spectra are moved as those of oxides are."""
MARGIN, OF_COMPOUNDS, OF_FLUORIDES, OF_PDFS = 1.2, 1.1, 0.75, 0.9
"""How many times as far as an oxide a metal, a compound, a fluoride, or by PDF a compound, may be and still be what was
measured (docs/explanation/answers.md). There is one of a metal, and there are dozens of compounds to be near to by
chance; measured hydroxides are as near to fluorides as to oxides."""
ALIKE = 1.0
"""The same for a fluoride that is said to be as near, the measurement being in the domain all the same."""
FLUORIDE = "a fluoride "
"""What names of fluorides begin with."""
Near = tuple[str, float]
"""Name and distance."""


@dataclass(frozen=True, eq=False)
class NonOxides:
    """What a measurement is compared with beside the training spectra.

    names : (n,); reference : as the channel's `distances` takes it
    """

    names: tuple[str, ...]
    reference: tuple[Array, ...]


def metallic(metal: str) -> str:
    """Return the name of the metal itself."""
    return f"metallic {metal}"


def non_oxide_names(metal: str, formulas: Iterable[str]) -> tuple[str, ...]:
    """Return the names of what a model of a metal, trained on materials of these formulas, does not know.

    Compounds are left out where the model is trained on sulfides.
    """
    elements = (elements_in(formula) for formula in set(formulas))
    sulfides = any("S" in each and "O" not in each for each in elements)
    found = (row["name"] for row in _rows() if row["metal"] == metal)
    return tuple(name for name in found if not sulfides or name == metallic(metal))


def spectra(metal: str, names: Sequence[str], channel: Channel) -> NonOxides | None:
    """Return what a channel compares with under these names; None where there is nothing."""
    known = tuple(row["name"] for row in _rows() if row["metal"] == metal and row["name"] in names)
    if not known:
        return None
    if not isinstance(channel, XanesChannel):
        return _pdfs(metal, channel) if set(known) != {metallic(metal)} else None
    population = channel.population or PLAIN
    banks = []
    for name in known:
        energy, mu = curve(metal, name)
        moved = _on_the_edge(population) if name == metallic(metal) else population
        banks.append(make_bank(energy, mu[None], np.array([COMPOUND_STATE]), moved))
    whole, tilted = (np.concatenate(parts) for parts in zip(*((b.whole, b.tilted) for b in banks), strict=True))
    return NonOxides(known, (whole, tilted))


def curve(metal: str, name: str) -> tuple[Array, Array]:
    """Return the energies in eV that `FILE` counts, and μ in edge steps, of one of them."""
    row = next(row for row in _rows() if (row["metal"], row["name"]) == (metal, name))
    mu = np.array(row["mu"])
    return row["first"] + row["step"] * np.arange(len(mu)), mu


def nearest_non_oxides(
    known: NonOxides, channel: Channel, values: Array, farthest: float
) -> tuple[Near | None, Near | None]:
    """Return what a measurement (p,) may be, and the fluoride that it is as near to; None where there is none.

    What it may be is as far as its margin (`MARGIN` and those beside it) times `farthest` at most, the fluoride of a
    XANES as far as `ALIKE` times that.
    """
    distances = channel.distances(known.reference, values)
    if not isinstance(channel, XanesChannel):
        return _within(known, distances, np.full(len(distances), OF_PDFS), farthest), None
    margins = np.array([_margin(name) for name in known.names])
    alike = np.array([ALIKE if name.startswith(FLUORIDE) else 0.0 for name in known.names])
    return _within(known, distances, margins, farthest), _within(known, distances, alike, farthest)


def _margin(name: str) -> float:
    if name.startswith(metallic("")):
        return MARGIN
    return OF_FLUORIDES if name.startswith(FLUORIDE) else OF_COMPOUNDS


def _within(known: NonOxides, distances: Array, margins: Array, farthest: float) -> Near | None:
    """Return name and distance of what is nearest, by its margin, of all that are within theirs."""
    kept = np.flatnonzero((margins > 0) & (distances <= margins * farthest))
    if not len(kept):
        return None
    best = int(kept[(distances[kept] / margins[kept]).argmin()])
    return known.names[best], float(distances[best])


def _pdfs(metal: str, channel: Channel) -> NonOxides | None:
    """Return the embedded dataset's compounds without oxygen around a metal, as a channel of X-ray PDFs has them."""
    from firstshell.dataset.embedded import load_everything
    from firstshell.prediction.pdf_channel import PdfChannel

    if not isinstance(channel, PdfChannel) or channel.radiation != "xray":
        return None
    data = load_everything().select(metal, "material")
    data = data.take(np.flatnonzero(["O" not in ligand.split("+") for ligand in data.frame["ligand"]]))
    if not len(data.frame):
        return None
    names = tuple(named(row) for row in data.frame.to_dict("records"))
    return NonOxides(names, channel.variants(data.spectra[channel.name], data.grids[channel.name]))


def _on_the_edge(population: Population) -> Population:
    """Return the transfers of a population without their shift."""
    return replace(population, mean=replace(population.mean, shift=0.0), gain=0.0)


@cache
def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return rows
