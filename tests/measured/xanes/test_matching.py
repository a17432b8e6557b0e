from dataclasses import replace

import numpy as np
import pytest

from firstshell.measured.xanes import matching
from firstshell.measured.xanes.matching import SHIFTS, Bank, fitted, make_bank, match
from firstshell.measured.xanes.population import PLAIN, default_population
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.measured.xanes.transfer import MIDDLE, SPAN, Transfer
from quick import on_dataset_grid
from synthetic import GRIDS

GRID = GRIDS["xanes"].values
KINDS = [(charge, number) for charge in (1, 2, 3) for number in (4, 5, 6)]
SPECTRA = np.array([on_dataset_grid(*kind) for kind in KINDS])
STATES = np.array([float(charge) for charge, _ in KINDS])
# Edges of these spectra tell them apart only by their shape, which a free shift keeps: white lines of three heights.
PLACE = KINDS.index((2, 6))


@pytest.fixture(scope="module")
def bank():
    return make_bank(GRID, SPECTRA, STATES, default_population())


@pytest.mark.parametrize("shift", [0.0, 2.0, -1.5])
def test_the_right_spectrum_is_found_after_shift_tilt_and_scale(bank, shift):
    changed = replace(default_population().typical(STATES[PLACE]), slope=0.12, scale=1.2)
    mu = changed.apply(GRID, SPECTRA[PLACE], ENERGY + shift)  # measured at energies too low by the shift
    found = match(bank, mu, misfit=0.02)
    assert found.rmse.argmin() % 3 == PLACE % 3  # the height of the white line
    assert found.rmse[PLACE] < 0.02
    assert found.shift[PLACE] == pytest.approx(shift, abs=0.5)
    assert found.likelihood.sum() == pytest.approx(1.0)


def test_nothing_is_left_of_a_spectrum_of_the_bank(bank):
    mu = bank.whole[PLACE, 4] * 8.0 * (1 + 0.05 * (ENERGY - MIDDLE) / SPAN)
    found = match(bank, mu, misfit=0.02)
    assert found.rmse[PLACE] < 1e-6
    assert found.shift[PLACE] == 0.0
    assert fitted(bank, PLACE, mu, 0.0) == pytest.approx(mu, abs=1e-6)


def test_a_bank_in_single_precision_says_the_same(bank):
    mu = default_population().typical(STATES[PLACE]).apply(GRID, SPECTRA[PLACE], ENERGY)
    single = Bank(bank.whole.astype(np.float32), bank.tilted.astype(np.float32))
    one, two = match(bank, mu, 0.03), match(single, mu, 0.03)
    assert two.rmse == pytest.approx(one.rmse, abs=1e-3)
    assert two.best_shift == pytest.approx(one.best_shift, abs=0.01)


def test_a_shift_that_two_spectra_dispute_is_ambiguous():
    step = 0.5 + np.arctan((GRID - 20) / 1.5) / np.pi
    two = np.array([step, np.interp(GRID - 5, GRID, step)])
    bank = make_bank(GRID, two, STATES[:2], PLAIN)
    mu = Transfer(sigma=0.1).apply(GRID, np.interp(GRID - 2.5, GRID, step), ENERGY)
    found = match(bank, mu, 0.03)
    assert found.ambiguous
    alone = match(make_bank(GRID, two[:1], STATES[:1], PLAIN), np.interp(ENERGY, GRID, step), 0.03)
    assert not alone.ambiguous
    assert alone.best_shift == pytest.approx(0.0, abs=0.1)


def test_what_asks_for_a_large_shift_is_not_like_it():
    bank = make_bank(GRID, SPECTRA[PLACE : PLACE + 1], STATES[PLACE : PLACE + 1], default_population())
    mu = default_population().typical(STATES[PLACE]).apply(GRID, SPECTRA[PLACE], ENERGY + 6.0)
    found = match(bank, mu, 0.03)
    assert np.abs(found.shift).max() <= 3.0
    assert found.rmse[0] > 0.05
    assert found.best_shift > 4.0  # the likelihood of shifts has no such end


def test_far_shifts_are_believed_less(bank):
    mu = default_population().typical(STATES[PLACE]).apply(GRID, SPECTRA[PLACE], ENERGY + 3.0)
    free, tight = match(bank, mu, 0.03, calibration=50.0), match(bank, mu, 0.03, calibration=0.05)
    assert abs(tight.best_shift) < 0.5 < abs(free.best_shift)
    assert len(free.likelihood) == len(SHIFTS)


def test_what_is_far_at_the_mean_transfer_is_compared_there_only(bank, monkeypatch):
    mu = default_population().typical(STATES[PLACE]).apply(GRID, SPECTRA[PLACE], ENERGY)
    whole = match(bank, mu, 0.03)
    monkeypatch.setattr(matching, "FINE", 3)
    quick = match(bank, mu, 0.03)
    nearest = np.argsort(whole.rmse)[:2]
    assert quick.rmse[nearest] == pytest.approx(whole.rmse[nearest], abs=1e-6)
    assert (quick.rmse >= whole.rmse - 1e-6).all()
    assert quick.best_shift == pytest.approx(whole.best_shift, abs=0.3)
