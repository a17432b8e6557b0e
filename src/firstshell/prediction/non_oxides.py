"""What is no oxide but may look like one once energies are free to move: the metal itself, sulfides, halides, others.

Measurements are compared with simulations of them as they are with training spectra: of metals and of sulfides of
Co, Ni, Zn and Mo (`python bench/foreign.py make`), and of the compounds of the embedded dataset without oxygen around
the metal (tools/embedded_dataset/non_oxides.py).
"""

from __future__ import annotations

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
from firstshell.types import Array

FILE = Path(str(files("firstshell.prediction") / "non_oxides.json"))
"""Rows of metal, name, first energy and step in eV, and μ in edge steps; energies of the metal itself count from its
Fermi level, which a foil has at the tabulated edge, those of compounds from the tabulated edge as simulated."""
COMPOUND_STATE = 2.0
"""Oxidation state that compounds are taken to have, whose spectra are moved as those of oxides are."""
MARGIN, OF_COMPOUNDS = 1.2, 1.0
"""How many times as far as an oxide a metal, or a compound, may be and still be what was measured
(docs/explanation/answers.md). There is one of a metal, and there are dozens of compounds to be near to by chance."""


@dataclass(frozen=True, eq=False)
class Foreign:
    """What a measurement is compared with beside the training spectra.

    names : (n,); reference : as the channel's `distances` takes it
    """

    names: tuple[str, ...]
    reference: tuple[Array, ...]


def metallic(metal: str) -> str:
    """Return the name of the metal itself."""
    return f"metallic {metal}"


def names_beside(metal: str, formulas: Iterable[str]) -> tuple[str, ...]:
    """Return the names of what a model of a metal, trained on materials of these formulas, does not know.

    Compounds are left out where the model is trained on sulfides.
    """
    elements = (elements_in(formula) for formula in set(formulas))
    sulfides = any("S" in each and "O" not in each for each in elements)
    found = (row["name"] for row in _rows() if row["metal"] == metal)
    return tuple(name for name in found if not sulfides or name == metallic(metal))


def spectra(metal: str, names: Sequence[str], channel: Channel) -> Foreign | None:
    """Return what a channel compares with under these names; None where there is nothing."""
    known = tuple(row["name"] for row in _rows() if row["metal"] == metal and row["name"] in names)
    if not known or not isinstance(channel, XanesChannel):
        return None
    population = channel.population or PLAIN
    banks = []
    for name in known:
        energy, mu = curve(metal, name)
        placed = _on_the_edge(population) if name == metallic(metal) else population
        banks.append(make_bank(energy, mu[None], np.array([COMPOUND_STATE]), placed))
    whole, tilted = (np.concatenate(parts) for parts in zip(*((b.whole, b.tilted) for b in banks), strict=True))
    return Foreign(known, (whole, tilted))


def curve(metal: str, name: str) -> tuple[Array, Array]:
    """Return the energies in eV that `FILE` counts, and μ in edge steps, of one of them."""
    row = next(row for row in _rows() if (row["metal"], row["name"]) == (metal, name))
    mu = np.array(row["mu"])
    return row["first"] + row["step"] * np.arange(len(mu)), mu


def rival(known: Foreign, channel: Channel, values: Array, farthest: float) -> tuple[str, float] | None:
    """Return name and distance of what is nearest to a measurement (p,), as far as its margin times `farthest` at most.

    The margin is `MARGIN` of a metal and `OF_COMPOUNDS` of others.
    """
    distances = channel.distances(known.reference, values)
    margins = np.array([MARGIN if name.startswith(metallic("")) else OF_COMPOUNDS for name in known.names])
    best = int((distances / margins).argmin())
    within = distances[best] <= margins[best] * farthest
    return (known.names[best], float(distances[best])) if within else None


def _on_the_edge(population: Population) -> Population:
    """Return the transfers of a population without their shift."""
    return replace(population, mean=replace(population.mean, shift=0.0), gain=0.0)


@cache
def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return rows
