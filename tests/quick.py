"""A small model that is trained in a second, and measurements that suit it."""

from dataclasses import replace

import numpy as np

from firstshell.elements import k_edge
from firstshell.io.spectra.measured import make_xanes
from firstshell.measured.xanes.normalise import normalise
from firstshell.measured.xanes.population import PLAIN
from firstshell.prediction.channels import XanesChannel
from firstshell.prediction.pdf_channel import PdfChannel
from firstshell.prediction.training import TrainingParams
from synthetic import GRIDS, synthetic_dataset

QUICK = TrainingParams(copies=1, trees=10, folds=2)
XANES = (XanesChannel(PLAIN),)
BOTH = (XanesChannel(PLAIN), PdfChannel())


def quick_data(metals=("Cu",)):
    return synthetic_dataset(45, metals, sites=True)


def level(charge=2, number=4, shift=0.0):
    """Energies in eV from the edge, and μ in edge steps, like those of the synthetic dataset."""
    energy = np.concatenate([np.arange(-150, -20, 5.0), np.arange(-20, 60, 0.4), np.arange(60, 400, 4.0)])
    edge = 8 + 2.0 * charge
    mu = 0.5 + np.arctan((energy - edge) / 1.5) / np.pi + 0.12 * number * np.exp(-(((energy - edge - 6) / 3) ** 2))
    return energy + shift, mu


def scan_of(metal="Cu", charge=2, number=4, shift=0.0, name="made"):
    """The same as measured: on a background, with another edge step."""
    energy, mu = level(charge, number, shift)
    return make_xanes(name, energy + k_edge(metal), 0.7 * mu + 0.3 - 1e-4 * energy, f"{name}.dat", "mu")


def normalised(metal="Cu", **changed):
    return normalise(scan_of(metal, **changed))


def write_scan(path, metal="Cu", **changed):
    scan = scan_of(metal, **changed)
    rows = "\n".join(f"{x:.3f} {y:.6f}" for x, y in zip(scan.x, scan.y, strict=True))
    path.write_text(f"# energy mu\n{rows}\n")
    return path


def write_xdi(path, metal="Cu", **changed):
    scan = scan_of(metal, **changed)
    rows = "\n".join(f"{x:.3f} {y:.6f}" for x, y in zip(scan.x, scan.y, strict=True))
    head = (
        f"# XDI/1.0\n# Element.symbol: {metal}\n# Element.edge: K\n# Mono.d_spacing: 3.13555\n# Column.1: energy eV\n"
    )
    path.write_text(f"{head}# Column.2: mutrans\n# //////\n# made for tests\n# ----\n# energy mutrans\n{rows}\n")
    return path


def write_gr(path, length=1.95, number=4):
    """G(r) like that of the synthetic dataset, up to 15 Å."""
    r = np.arange(0, 15, 0.05)
    g = 0.5 * number * np.exp(-(((r - length) / 0.15) ** 2)) + 8 * np.exp(-(((r - 3.1) / 0.2) ** 2)) - 0.4 * r
    g[r > 5] += 2 * np.sin(4 * r[r > 5])
    g -= np.polyval(np.polyfit(r, g, 1), r)
    rows = "\n".join(f"{x:.3f} {y:.6f}" for x, y in zip(r, g, strict=True))
    path.write_text(
        "[DEFAULT]\nqmax = 22.0\nmode = xray\ncomposition = CuO\n#### start data\n"
        f"#L r($\\AA$)  G($\\AA^{{-2}}$)\n{rows}\n"
    )
    return path


def on_dataset_grid(charge=2, number=4, shift=0.0):
    energy, mu = level(charge, number, shift)
    return np.interp(GRIDS["xanes"].values, energy, mu)


def with_foil(measured, at):
    """The same with a foil whose edge was measured `at` eV from where it is tabulated."""
    foil = scan_of("Cu", charge=-4, number=0, shift=at)  # an edge at the tabulated energy
    return replace(measured, reference=np.interp(measured.energy, foil.x, foil.y))
