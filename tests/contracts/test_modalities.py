"""What every modality must do; a new file in `modalities/` is tested here without another line."""

import json
import tomllib
from dataclasses import is_dataclass

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from firstshell import simulation as modalities
from firstshell.config import from_dict, to_dict
from firstshell.errors import InputError
from firstshell.types import Grid, Spectrum

NAMES = modalities.names()
# XANES takes seconds a site: what it must do is tested where one calculation serves many tests.
TOLERANCE = {"exafs": 2e-4}  # its engine prints four to five digits
QUICK = [name for name in NAMES if name != "xanes"]


def rutile(metal="Ti"):
    return Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(4.594, 2.959), [metal, "O"], [[0, 0, 0], [0.305, 0.305, 0]]
    )


@pytest.mark.parametrize("name", NAMES)
def test_members(name):
    kind = modalities.get(name)
    assert (kind.name, modalities.show(name)) == (name, kind.label)
    assert is_dataclass(kind.Params)
    assert kind.Params.__dataclass_params__.frozen
    assert kind.settings_of in ("", *NAMES)
    assert all(hasattr(kind.Params(), "limit_s") for _ in range(kind.slow))


@pytest.mark.parametrize("name", NAMES)
def test_params_survive_toml(name):
    module = modalities.get(name)
    params = module.Params()

    def toml(value):
        if isinstance(value, dict):
            return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
        return json.dumps("none" if value is None else value)

    text = "\n".join(f"{key} = {toml(value)}" for key, value in to_dict(params).items())
    assert from_dict(module.Params, tomllib.loads(text)) == params


@pytest.mark.parametrize("name", NAMES)
def test_grid(name):
    module = modalities.get(name)
    grid = module.grid(module.Params())
    assert (np.diff(grid.values) > 0).all()
    assert grid.unit
    assert len(module.grid(module.Params(), "Fe")) == len(grid)


@pytest.mark.parametrize("name", QUICK)
def test_a_spectrum_is_finite_on_its_grid_and_repeatable(name):
    module = modalities.get(name)
    spectrum = module.simulate(rutile(), "Ti", module.Params())
    assert spectrum.grid == module.grid(module.Params(), "Ti")
    assert np.isfinite(spectrum.values).all()
    assert (spectrum.modality, spectrum.metal, spectrum.site) == (name, "Ti", None)
    assert np.array_equal(module.simulate(rutile(), "Ti", module.Params()).values, spectrum.values)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_invariance(name):
    module = modalities.get(name)
    structure = rutile()
    reference = module.simulate(structure, "Ti", module.Params()).values
    lattice = Lattice.from_parameters(4.594, 4.594, 2.959, 90, 90, 90, vesta=True)
    shifted = Structure(lattice, structure.species, structure.frac_coords + np.array([0.1, 0.27, 0.4]))
    supercell = structure.copy()
    supercell.make_supercell([[2, 0, 0], [0, 1, 1], [0, 0, 2]])
    reordered = Structure.from_sites(structure.sites[::-1])
    decorated = structure.copy()
    decorated.add_oxidation_state_by_element({"Ti": 4, "O": -2})
    for other in (shifted, supercell, reordered, decorated):
        assert np.abs(module.simulate(other, "Ti", module.Params()).values - reference).max() < TOLERANCE.get(
            name, 1e-9
        )


@pytest.mark.parametrize("name", QUICK)
def test_per_site_gives_one_spectrum_for_each_distinct_site(name):
    module = modalities.get(name)
    spectra = module.simulate(rutile(), "Ti", module.Params(), per_site=True)
    assert [s.site for s in spectra] == [0]
    assert np.isfinite(spectra[0].values).all()


@pytest.mark.parametrize("name", NAMES)
def test_bad_metals_are_refused(name):
    for metal in ("Xx", "Fe", "ti", ""):
        with pytest.raises(InputError):
            modalities.simulate(rutile(), metal, name)


@pytest.mark.parametrize("name", NAMES)
def test_bad_structures_are_refused(name):
    bad = [
        Structure(Lattice.cubic(4), ["Ti", "O"], [[0, 0, 0], [np.nan, 0, 0]]),
        Structure(Lattice.cubic(4), ["Ti", "O"], [[0, 0, 0], [np.inf, 0, 0]]),
        Structure(Lattice([[4, 0, 0], [0, 4, 0], [4, 4, 0]]), ["Ti"], [[0, 0, 0]]),
        "rutile.cif",
    ]
    for structure in bad:
        with pytest.raises(InputError):
            modalities.simulate(structure, "Ti", name)


@pytest.mark.parametrize("name", NAMES)
def test_prepare_puts_a_spectrum_on_the_grid_and_refuses_a_short_one(name):
    module = modalities.get(name)
    grid = module.grid(module.Params(), "Ti")
    margin = 0.05 * (grid.values[-1] - grid.values[0])
    fine = Grid(np.arange(max(0.0, grid.values[0] - margin), grid.values[-1] + margin, 0.01), grid.quantity, grid.unit)
    prepared = module.prepare(Spectrum(fine, np.sin(fine.values), name, "y", "1", "Ti"), module.Params())
    assert prepared.grid == grid
    assert np.abs(prepared.values - np.sin(grid.values)).max() < 1e-3
    short = Grid(fine.values[: len(fine) // 2], grid.quantity, grid.unit)
    with pytest.raises(InputError):
        module.prepare(Spectrum(short, np.sin(short.values), name, "y", "1", "Ti"), module.Params())


def test_the_registry_names_the_unknown():
    with pytest.raises(InputError, match="no modality 'raman'"):
        modalities.get("raman")
    with pytest.raises(InputError, match="twice"):
        modalities.split_inputs("pdf+pdf")
    with pytest.raises(InputError, match="not the settings of pdf"):
        modalities.simulate(rutile(), "Ti", "pdf", modalities.get("xanes").Params())
