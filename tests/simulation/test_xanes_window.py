"""Where calculated spectra may begin: the Fermi level lies further above the tabulated edge in heavier metals."""

import numpy as np
import pytest

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.simulation import xanes
from firstshell.types import Grid, Spectrum


def spectrum(metal, first):
    """An edge of a metal whose energies begin `first` eV above the tabulated edge, as the engine's do."""
    energy = k_edge(metal) + np.linspace(first, first + 65, 120)
    values = np.arctan(energy - k_edge(metal) - first - 4) / np.pi + 0.5
    return Spectrum(Grid(energy, "Energy", "eV"), values, "xanes", "μ(E)", "edge steps", metal)


@pytest.mark.parametrize(("metal", "first"), [("V", 2.0), ("Ni", 5.0), ("Zr", 10.9), ("Nb", 11.3), ("Mo", 14.8)])
def test_the_default_grid_holds_every_metal(metal, first):
    raw = spectrum(metal, first)
    prepared = xanes.prepare(raw, xanes.XanesParams())
    below = prepared.grid.values < raw.grid.values[0]
    assert below.any()
    assert (prepared.values[below] == raw.values[0]).all()


@pytest.mark.parametrize(("metal", "first"), [("V", 10.5), ("Mo", 20.5)])
def test_nothing_is_held_for_longer(metal, first):
    with pytest.raises(InputError, match="spans"):
        xanes.prepare(spectrum(metal, first), xanes.XanesParams())
