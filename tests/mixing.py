"""Made-up phases, mixtures of them with known weights, and files of both."""

import numpy as np

from firstshell.elements import k_edge
from quick import level, write_scan

KINDS = {"one": {"charge": 1, "number": 4}, "other": {"charge": 2, "number": 6}, "third": {"charge": 3, "number": 5}}


def mixture(weights, **changed):
    """Energies in eV from the edge, and μ of a mixture by weight of each kind."""
    energy = level()[0]
    return energy, sum(
        weight * np.interp(energy, *level(**(KINDS[name] | changed))) for name, weight in weights.items()
    )


def write_mixture(path, weights, noise=0.001, seed=0, metal="Cu", shift=0.0):
    """Write a mixture as it would be measured."""
    energy, mu = mixture(weights)
    mu = mu + np.random.default_rng(seed).normal(0, noise, len(mu))
    values = 0.7 * mu + 0.3 - 1e-4 * energy
    rows = "\n".join(f"{x + shift + k_edge(metal):.3f} {y:.6f}" for x, y in zip(energy, values, strict=True))
    path.write_text(f"# energy mu\n{rows}\n")
    return path


def write_phases(folder):
    """Write each kind alone."""
    return [write_scan(folder / f"{name}.dat", **kind) for name, kind in KINDS.items()]
