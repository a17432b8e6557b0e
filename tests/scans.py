"""Made-up absorption scans, as a beamline would give them."""

from dataclasses import replace

import numpy as np

from firstshell.io.spectra.measured import Measured, make_xanes

E0 = {"Ti": 4978.0, "Mn": 6547.0, "Fe": 7124.0, "Cu": 8985.0}


def scan(metal="Fe", before=150.0, past=500.0, step=0.5, noise=0.0, edge_step=0.8, seed=0, **changed) -> Measured:
    """An edge with a white line and fine structure on a falling background; steepest at `E0[metal]`."""
    e0 = E0[metal]
    energy = np.arange(e0 - before, e0 + past, step)
    x = energy - e0
    k = np.sqrt(np.maximum(x - 5, 0) / 3.81)
    mu = 0.5 + 0.5 * np.tanh(x / 2) + 0.5 * np.exp(-0.5 * ((x - 7) / 4) ** 2)
    mu += 0.3 * np.sin(4 * k) * np.exp(-0.02 * k**2) * np.exp(-k / 4) * (x > 15)
    background = 1.2 - 4e-4 * x
    noisy = edge_step * mu + background + noise * edge_step * np.random.default_rng(seed).normal(size=len(x))
    made = make_xanes("made", energy, noisy, "made.dat", "mu")
    return replace(made, **changed)


def cut(measured: Measured, low: float, high: float) -> Measured:
    """The part of a scan between two energies in eV, without its foil."""
    inside = (measured.x >= low) & (measured.x <= high)
    return replace(measured, x=measured.x[inside], y=measured.y[inside], reference=None)
