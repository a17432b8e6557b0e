from dataclasses import replace

import numpy as np
import pytest

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.match.held_out import ENERGY, HeldOut, held_out
from firstshell.match.xanes_bank import Simulated, compare_xanes, states_of
from firstshell.match.xanes_fit import fit_xanes
from firstshell.measured.xanes.population import default_population
from firstshell.measured.xanes.standards import Standard
from quick import normalised, on_dataset_grid
from synthetic import GRIDS

GRID = GRIDS["xanes"].values
AT = np.arange(-10.0, 45.0, 0.5)


def planted(rng, simulated, anchored=True):
    transfer = default_population().of_metal("Cu").draw(np.array([2.0]), rng)[0]
    error = rng.multivariate_normal(np.zeros(len(AT)), held_out().covariance(AT))
    measured = transfer.apply(GRID, simulated, AT) + error
    return transfer, Standard("made", "made", "Cu", AT, measured, GRID, simulated, 2.0, anchored)


@pytest.mark.slow
def test_intervals_hold_planted_transfers_in_nine_cases_of_ten():
    rng, held, simulated = np.random.default_rng(0), [], on_dataset_grid(2, 5)
    for _ in range(25):
        transfer, pair = planted(rng, simulated)
        found = fit_xanes(pair, default_population(), held_out())
        held += [
            abs(getattr(found.transfer, name) - getattr(transfer, name)) <= 1.645 * error
            for name, error in found.errors.items()
        ]
    assert 0.84 <= np.mean(held) <= 0.97  # of 175


def test_a_shift_without_a_foil_is_less_certain():
    rng, simulated = np.random.default_rng(0), on_dataset_grid(2, 5)
    _, pair = planted(rng, simulated)
    loose = Standard(**{**vars(pair), "anchored": False})
    with_foil, without = (fit_xanes(each, default_population(), held_out()) for each in (pair, loose))
    assert without.errors["shift"] > with_foil.errors["shift"]


def test_the_right_spectrum_has_the_most_evidence():
    kinds = [(1, 4), (2, 4), (2, 6), (3, 6)]
    spectra = [Simulated(f"{kind}", on_dataset_grid(*kind), float(kind[0])) for kind in kinds]
    as_measured = default_population().of_metal("Cu").typical(2.0).apply(GRID, spectra[2].values, AT)
    measured = replace(normalised(), energy=k_edge("Cu") + AT, mu=as_measured)
    found = compare_xanes(measured, GRID, spectra, default_population(), held_out())
    assert int(np.argmax([each.evidence for each in found])) == kinds.index((2, 6))
    assert all(each.fit is not None for each in found)


def test_unknown_states_are_taken_as_the_mean_of_the_others():
    values = np.zeros(3)
    spectra = [Simulated("a", values, 2.0), Simulated("b", values, float("nan")), Simulated("c", values, 4.0)]
    assert states_of(spectra).tolist() == [2.0, 3.0, 4.0]


def test_residuals_of_standards_survive_writing():
    again = HeldOut.from_json(held_out().to_json())
    assert again.keys == held_out().keys
    assert np.array_equal(again.residuals, held_out().residuals)
    with pytest.raises(InputError, match="no residuals"):
        HeldOut.from_json('{"xanes": 3}')


def test_a_compound_can_be_left_out():
    key = held_out().keys[0]
    rest = held_out().without({key})
    assert key not in rest.keys
    assert len(rest.rmse) == len(rest.keys) == len(held_out().keys) - held_out().keys.count(key)
    assert not np.allclose(rest.covariance(ENERGY), held_out().covariance(ENERGY))


def test_the_share_of_larger_residuals():
    assert held_out().percentile(0.0) == pytest.approx(1.0)
    assert held_out().percentile(1.0) == 0.0
    assert held_out().percentile(float(np.median(held_out().rmse))) == pytest.approx(0.5, abs=0.15)
