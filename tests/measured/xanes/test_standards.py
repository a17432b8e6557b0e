from dataclasses import replace

import numpy as np
import pytest

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.measured.xanes import beamline, standards
from firstshell.measured.xanes.beamline import calibrate, differences
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.population import BROAD, LEAST, default_population
from firstshell.measured.xanes.standards import MISFIT, Standard, fit, standard
from firstshell.measured.xanes.transfer import PARAMETERS, Transfer
from quick import normalised, on_dataset_grid, with_foil
from synthetic import GRIDS

GRID = GRIDS["xanes"].values
ENERGY = np.arange(-15, 48, 0.5)
TRUE = Transfer(shift=1.5, stretch=0.04, sigma=1.6, growth=0.06, over_absorption=0.1, slope=0.05, scale=1.03)


def simulation(charge=2, number=5):
    """A simulated spectrum with structure enough to tell all parameters."""
    wiggles = 0.15 * np.sin(0.45 * (GRID - 14)) * np.exp(-GRID / 40) * (GRID > 14)
    return on_dataset_grid(charge, number) + wiggles


def made(transfer=TRUE, compound="made", charge=2, number=5, noise=0.0, seed=0):
    simulated = simulation(charge, number)
    measured = transfer.apply(GRID, simulated, ENERGY)
    measured = measured + noise * np.random.default_rng(seed).normal(size=len(ENERGY))
    return Standard(compound, compound, "Cu", ENERGY, measured, GRID, simulated, float(charge))


def test_a_known_transfer_is_recovered():
    found = fit(made(noise=0.002), BROAD)
    assert found.rmse < 0.01
    assert found.correlation > 0.999
    for name, tolerance in [("shift", 0.3), ("stretch", 0.02), ("sigma", 0.3), ("slope", 0.03), ("scale", 0.03)]:
        assert getattr(found.transfer, name) == pytest.approx(getattr(TRUE, name), abs=tolerance), name


def test_a_shift_of_many_ev_is_found_over_the_wiggles():
    assert fit(made(replace(TRUE, shift=-7.0))).transfer.shift == pytest.approx(-7.0, abs=0.5)


def test_what_is_not_told_stays_at_what_is_expected():
    short = made()
    few = slice(20, 82)
    short = replace(short, energy=short.energy[few], measured=short.measured[few])
    expected = replace(BROAD, mean=replace(BROAD.mean, growth=0.2), spread=BROAD.spread | {"growth": 1e-4})
    assert fit(short, expected).transfer.growth == pytest.approx(0.2, abs=0.01)


def test_a_measurement_is_paired_where_it_overlaps():
    paired = standard(normalised(), "CuO", GRID, simulation())
    assert paired.energy[0] == -15.0
    assert paired.energy[-1] <= min(48.0, GRID[-1] - 5)
    assert (paired.metal, paired.compound) == ("Cu", "CuO")
    measured = normalised()
    near = np.abs(measured.energy - k_edge("Cu")) < 12
    cut = replace(measured, energy=measured.energy[near], mu=measured.mu[near])
    assert isinstance(cut, Normalised)
    with pytest.raises(InputError, match="At least 30 eV"):
        standard(cut, "CuO", GRID, simulation())


def test_a_foil_sets_the_energies_of_a_standard():
    plain = standard(normalised(), "CuO", GRID, simulation())
    moved = standard(with_foil(normalised(shift=2.0), 2.0), "CuO", GRID, simulation())
    assert (plain.anchored, moved.anchored) == (False, True)
    half = [np.interp(0.5, each.measured[:60], each.energy[:60]) for each in (plain, moved)]
    assert half[1] == pytest.approx(half[0], abs=0.4)
    assert not standard(with_foil(normalised(), 9.0), "CuO", GRID, simulation()).anchored  # no foil is 9 eV off


def no_edge(each):
    """What no transfer makes of a spectrum: a second edge, 20 eV up."""
    return 0.5 * (each.measured + np.interp(ENERGY - 20, ENERGY, each.measured))


@pytest.fixture
def quick_fits(monkeypatch):
    """Fits from two starts, each standard fitted once for all tests that have the same prior."""
    monkeypatch.setattr(standards, "STARTS", (0.0, 3.0))

    def cached(each, population):
        key = (each.name, each.measured.tobytes(), population.to_json())
        if key not in FITTED:
            FITTED[key] = fit(each, population)
        return FITTED[key]

    monkeypatch.setattr(beamline, "fit", cached)


FITTED = {}


def gained(charge):
    population = default_population().of_metal("Cu")
    return population.typical(charge).shift - population.mean.shift


@pytest.fixture(scope="module")
def several():
    """Standards of a beamline that is 3 eV off and a little sharper, compounds differing by little."""
    base = default_population().of_metal("Cu").mean
    rng = np.random.default_rng(2)
    kinds = [(charge, number) for charge in (1, 3) for number in (4, 6)]
    transfers = [
        replace(
            base,
            shift=base.shift + 3.0 + rng.normal(0, 0.2) + gained(kind[0]),
            sigma=base.sigma - 0.6,
            over_absorption=0.1,
        )
        for kind in kinds
    ]
    return [made(t, f"c{i}", *kind, seed=i) for i, (t, kind) in enumerate(zip(transfers, kinds, strict=True))]


def test_the_default_is_moved_as_far_as_standards_warrant(quick_fits, several):
    prior = default_population()
    found = {n: calibrate(several[:n], prior).population for n in (2, 4)}
    moved = {n: each.mean.shift - prior.mean.shift for n, each in found.items()}
    assert moved[4] == pytest.approx(3.0 * 4 / 5, abs=0.5)
    assert moved[2] == pytest.approx(3.0 * 2 / 3, abs=0.5)  # two compounds against the default's one
    # What is not known of the mean yet is part of the spread, and less of it with more standards.
    assert found[2].spread["shift"] > found[4].spread["shift"] > LEAST["shift"]
    assert found[4].spread["stretch"] < prior.spread["stretch"]
    assert found[4].compounds == tuple(f"c{i}" for i in range(4))
    assert (found[4].gain, found[4].offsets) == (prior.gain, prior.offsets)


def test_a_compound_measured_often_counts_once(quick_fits, several):
    prior = default_population()
    one = calibrate(several[:2], prior).population
    again = calibrate([*several[:1] * 4, several[1]], prior).population
    for name in PARAMETERS:
        assert getattr(again.mean, name) == pytest.approx(getattr(one.mean, name), abs=1e-6)


def test_standards_of_the_default_beamline_leave_it_as_it_is(quick_fits):
    prior = default_population()
    typical = [made(prior.of_metal("Cu").typical(c), f"c{c}", c) for c in (1, 3)]
    found = calibrate(typical, prior).population
    for name in PARAMETERS:
        assert abs(getattr(found.mean, name) - getattr(prior.mean, name)) < 0.5 * prior.spread[name]
    assert "as the default has it" in differences(found, prior)[0]


def test_differences_are_said_in_words(quick_fits, several):
    said = " | ".join(differences(calibrate(several, default_population()).population, default_population()))
    assert "energies lie" in said
    assert "eV higher" in said


def test_a_standard_that_is_not_its_structure_is_named_and_not_counted(quick_fits, several):
    wrong = replace(several[0], name="rust", compound="rust", measured=no_edge(several[0]))
    found = calibrate([*several[:2], wrong], default_population())
    assert [each.standard.name for each in found.doubtful] == ["rust"]
    assert "rust" not in found.population.compounds
    with pytest.raises(InputError, match="none of the standards"):
        calibrate([wrong, replace(wrong, compound="more rust")], default_population())
    with pytest.raises(InputError, match="two compounds"):
        calibrate(several[:1] * 3, default_population())


def test_the_misfit_is_what_fits_leave(quick_fits, several):
    prior = default_population()
    noisy = [replace(s, measured=s.measured + 0.08 * np.sin(3 * ENERGY)) for s in several[:2]]
    assert calibrate(noisy, prior).population.misfit > prior.misfit > calibrate(several, prior).population.misfit
    assert 0 < MISFIT < 0.1
