"""XANES from a structure, the whole way through the engine."""

import json

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.core.operations import SymmOp

from firstshell.errors import InputError
from firstshell.simulation import xanes
from firstshell.simulation.feff.feff8l import available
from firstshell.simulation.feff.site import SCF_ATOMS, site_job

MANGANOSITE = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.446), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
RUTILE = Structure.from_spacegroup(
    "P4_2/mnm", Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
)


@pytest.fixture(scope="module", autouse=True)
def _engine():
    works, why = available()
    if not works:
        pytest.skip(why)


@pytest.fixture(scope="module")
def spectrum():
    return xanes.simulate(MANGANOSITE, "Mn", xanes.XanesParams())


@pytest.mark.slow
def test_a_spectrum_stands_on_the_grid(spectrum):
    assert spectrum.grid == xanes.grid(xanes.XanesParams(), "Mn")
    assert spectrum.unit == "edge steps"
    assert abs(spectrum.values[:8]).max() < 0.1
    assert spectrum.values[50:].mean() == pytest.approx(1, abs=0.1)
    assert 1.2 < spectrum.values.max() < 2.5


@pytest.mark.slow
def test_the_way_it_came_about_is_told(spectrum):
    record = json.loads(json.dumps(spectrum.provenance))["sites"][0]
    assert record["scf"][-1]["objection"] is None
    assert record["symmetry_operations"] == 48
    assert record["multiplicity"] == 4


@pytest.mark.slow
def test_the_writing_of_the_crystal_does_not_matter(spectrum):
    """A supercell of the primitive cell, turned, shuffled, its origin moved; polarized, in a cubic crystal."""
    other = MANGANOSITE.get_primitive_structure()
    other.make_supercell([[2, 0, 0], [0, 1, 0], [0, 0, 1]])
    other.translate_sites(range(len(other)), [0.13, 0.21, 0.37])
    other = Structure.from_sites([other[i] for i in np.random.default_rng(0).permutation(len(other))])
    other.apply_operation(SymmOp.from_axis_angle_and_translation([1, 2, 3], 37))
    sites = xanes.simulate(other, "Mn", xanes.XanesParams(polarization=(1.0, 2.0, -1.0)), per_site=True)
    assert len(sites) == 1
    assert np.abs(sites[0].values - spectrum.values).max() < 1e-4


def test_a_job_does_not_depend_on_the_cell():
    settings = xanes.PRESETS["fast"]
    other = RUTILE * (2, 1, 1)
    one, two = (site_job(structure, 0, settings) for structure in (RUTILE, other))
    assert one.scf == two.scf
    assert [(p.charge, p.amount) for p in one.potentials] == [(p.charge, p.amount) for p in two.potentials]
    assert np.array_equal(one.kinds, two.kinds)
    assert np.allclose(np.linalg.norm(one.positions, axis=1), np.linalg.norm(two.positions, axis=1), atol=1e-5)


@pytest.mark.parametrize("preset", xanes.PRESETS)
def test_self_consistent_clusters_stay_within_the_engines_limit_and_clear_of_shells(preset):
    job = site_job(RUTILE, 0, xanes.PRESETS[preset])
    for kind in range(3):
        atom = np.flatnonzero(job.kinds == kind)[0]
        distances = np.linalg.norm(job.positions - job.positions[atom], axis=1)
        assert (distances < job.scf.radius).sum() <= SCF_ATOMS
        assert np.abs(distances - job.scf.radius).min() > 0.005


def test_a_polarized_average_over_equivalent_atoms():
    """Ti at (0,0,0) and (½,½,½) of rutile are turned by 90° about c, so in the mean x and y are the same."""
    x, y, z = (xanes._equivalent(RUTILE, np.eye(3)[axis]) for axis in range(3))
    assert np.allclose(x.T @ x / len(x), y.T @ y / len(y))
    assert np.allclose(x.T @ x / len(x), np.diag([0.5, 0.5, 0]), atol=1e-12)
    assert np.allclose(z.T @ z / len(z), np.diag([0, 0, 1.0]), atol=1e-12)


@pytest.mark.parametrize(
    "settings",
    [{"preset": "fastest"}, {"polarization": (0.0, 0.0, 0.0)}, {"polarization": (1.0, 0.0)}, {"uiso": -0.1}],
)
def test_bad_settings_are_refused(settings):
    with pytest.raises(InputError):
        xanes.XanesParams(**settings)


def test_partial_occupancy_and_absent_metals_are_refused():
    with pytest.raises(InputError, match="no Fe"):
        xanes.simulate(MANGANOSITE, "Fe", xanes.XanesParams())
    mixed = MANGANOSITE.copy()
    mixed.replace_species({"O": {"O": 0.9}})
    with pytest.raises(InputError, match="occupied"):
        xanes.simulate(mixed, "Mn", xanes.XanesParams())
