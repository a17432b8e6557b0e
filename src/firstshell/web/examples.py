"""Spectra to try the page with: simulations of the dataset, made to look measured when they are asked for."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from firstshell.config import did_you_mean
from firstshell.dataset.table import Dataset
from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured, PdfHeader, make_pdf, make_xanes
from firstshell.measured.xanes.augment import NOISE
from firstshell.measured.xanes.population import Population, default_population
from firstshell.prediction.pdf_channel import PdfChannel
from firstshell.prediction.training_set import Samples, collect
from firstshell.study.splits import seeded
from firstshell.types import Array, Target

SCAN = np.concatenate([np.arange(-120.0, -20.0, 2.0), np.arange(-20.0, 60.0, 0.4), np.arange(60.0, 260.0, 3.0)])
"""eV from the tabulated K edge: points of a made-up scan, dense where the edge is."""
FADING = 40.0
"""eV over which a spectrum goes to 1 where its simulation ends."""
EDGE_STEP, LEVEL, FALL = 0.9, 1.4, -0.0006
"""Of the made-up μ: edge step, μ before the edge and its slope per eV."""
QMAX, QDAMP = 22.0, 0.04
"""Å⁻¹, of the made-up PDF."""
SCANS = 12
"""Of the series."""
OFF = 5.0
"""eV that the monochromator of one example is off by."""


@dataclass(frozen=True)
class Example:
    """What can be tried: its id, a title for the list, and a sentence on what is true of it."""

    id: str
    title: str
    note: str


class Examples:
    """Examples made of a dataset, the same ones each time."""

    def __init__(self, data: Dataset, population: Population | None = None) -> None:
        self.data, self.population = data, population or default_population()

    @cached_property
    def listed(self) -> list[Example]:
        """Return what can be made."""
        found = []
        for metal in self.data.metals:
            samples = _known(self.data, metal)
            row = _typical_row(samples)
            title = f"{metal}: {_short(samples.names[row])}"
            found += [
                Example(f"{metal}-xanes", f"{title}, XANES", _truth(samples, row)),
                Example(f"{metal}-both", f"{title}, XANES and PDF", _truth(samples, row)),
            ]
            low, high = _ends(samples)
            series = f"{metal}: {SCANS} scans of a reaction"
            way = f"From {_short(samples.names[low])} to {_short(samples.names[high])}, in even steps."
            found.append(Example(f"{metal}-series", series, f"{way} {MADE}"))
            off = f"Measured with energies {OFF:g} eV too high. {_truth(samples, row)}"
            found.append(Example(f"{metal}-off", f"{title}, energies off by {OFF:g} eV", off))
        return found

    def make(self, name: str) -> list[list[Measured]]:
        """Return the files of an example, each a list of its spectra; InputError for one that is not listed."""
        if name not in [each.id for each in self.listed]:
            raise InputError(f"there is no example {name!r}", remedy=did_you_mean(name, [e.id for e in self.listed]))
        metal, _, what = name.partition("-")
        samples, rng = _known(self.data, metal), seeded("example", name)
        if what == "series":
            return [[each] for each in self._series(samples, rng)]
        row = _typical_row(samples)
        files = [[_scan(metal, self._transferred(samples, row), _stem(samples, row), rng)]]
        if what == "off":
            files = [[replace(each, x=each.x + OFF) for each in spectra] for spectra in files]
        if what == "both":
            files.append([_pdf(samples, row, rng)])
        return files

    def _series(self, samples: Samples, rng: np.random.Generator) -> list[Measured]:
        first, last = _ends(samples)
        low, high = self._transferred(samples, first), self._transferred(samples, last)
        return [
            _scan(samples.metal, (1 - part) * low + part * high, f"{samples.metal}_scan_{i:02d}", rng)
            for i, part in enumerate(np.linspace(0.0, 1.0, SCANS), start=1)
        ]

    def _transferred(self, samples: Samples, row: int) -> Array:
        """Return the spectrum of a row after the typical transfer, on the energies of a scan."""
        grid, state = samples.grids["xanes"], float(samples.truth(Target.OXIDATION_STATE)[row])
        transfer = self.population.of_metal(samples.metal).typical(state)
        mu = transfer.apply(grid, samples.spectra["xanes"][row], SCAN)
        end = grid[-1]
        return np.where(end < SCAN, 1.0 + (mu - 1.0) * np.exp(-(SCAN - end) / FADING), mu)


MADE = "Made by firstshell from simulations that the model has seen: its answers are better than on your spectra."


def _scan(metal: str, mu: Array, name: str, rng: np.random.Generator) -> Measured:
    """Return a raw scan: μ in edge steps on a falling background, with noise."""
    raw = LEVEL + FALL * SCAN + EDGE_STEP * (mu + rng.normal(0.0, NOISE, len(SCAN)))
    return make_xanes(name, SCAN + k_edge(metal), raw, f"{name}.dat", "made by firstshell", element=metal, edge="K")


def _pdf(samples: Samples, row: int, rng: np.random.Generator) -> Measured:
    channel = PdfChannel("pdf", qmax=(QMAX,), qdamp=(QDAMP,), du=(0.003,))
    values = channel.disturbed(samples.take(np.array([row])), rng)[0]
    header = PdfHeader(qmax=QMAX, qdamp=QDAMP, radiation="x-ray")
    return make_pdf(samples.grids["pdf"], values, f"{_stem(samples, row)}.gr", header, {})


def _known(data: Dataset, metal: str) -> Samples:
    return collect(data, metal, whole=True)


def _typical_row(samples: Samples) -> int:
    """Return a natural mineral of few elements, where there is one: a name that people know."""
    names = samples.names
    return min(range(len(names)), key=lambda i: (_derived(names[i]), not _is_mineral(names[i]), _elements(names[i])))


def _ends(samples: Samples) -> tuple[int, int]:
    """Return samples of the lowest and the highest oxidation state, of few elements."""
    states, names = samples.truth(Target.OXIDATION_STATE), samples.names
    low, high = (
        min(range(len(names)), key=lambda i: (sign * states[i], _derived(names[i]), _elements(names[i])))
        for sign in (1, -1)
    )
    return low, high


def _derived(name: str) -> bool:
    """Whether a sample's structure was made from another's, as its id says: "(amcsd-01314/Zn1>Fe2+)"."""
    return "/" in name.rpartition(" (")[2]


def _is_mineral(name: str) -> bool:
    return ", " in _short(name)


def _elements(name: str) -> int:
    """Return how many elements the formula in a sample's name has."""
    return sum(c.isupper() for c in _short(name).rpartition(", ")[2])


def _short(name: str) -> str:
    return name.rpartition(" (")[0]


def _stem(samples: Samples, row: int) -> str:
    return "".join(c if c.isalnum() else "_" for c in _short(samples.names[row]).replace(", ", "_"))


def _truth(samples: Samples, row: int) -> str:
    states, numbers = samples.truth(Target.OXIDATION_STATE), samples.truth(Target.COORDINATION_NUMBER)
    truth = f"oxidation state {states[row]:.4g}, coordination number {numbers[row]:.4g}"
    return f"True values: {truth}, {samples.bond_length[row]:.3f} Å. {MADE}"
