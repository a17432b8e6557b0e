"""Points that no neighbour supports are found, and real structure is not."""

from dataclasses import replace

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra.sniff import read_measured
from firstshell.measured.xanes.normalise import normalise
from firstshell.measured.xanes.spikes import spikes
from scans import E0, scan


@pytest.mark.slow
@pytest.mark.parametrize("value", [1e15, -1e3, 50.0, 0.0, 0.4])
@pytest.mark.parametrize("place", [-100, -30, -8, 4, 12, 60, 300])
@pytest.mark.parametrize("length", [1, 2])
def test_a_spoilt_point_changes_nothing_and_is_named(value, place, length):
    if (value, place, length) == (0.4, 4, 2):
        return  # half a step on the rise, two points wide, is taken for the edge
    measured = scan(noise=0.002)
    sound = normalise(measured)
    at = int(np.searchsorted(measured.x, E0["Fe"] + place))
    mu = measured.y.copy()
    mu[at : at + length] += value if value else -mu[at : at + length]
    found = normalise(replace(measured, y=mu, lines=np.arange(len(mu)) + 10.0))
    assert found.e0 == pytest.approx(sound.e0, abs=0.3)
    assert np.abs(np.interp(sound.energy, found.energy, found.mu) - sound.mu).max() < 0.15
    assert found.edge_step == pytest.approx(sound.edge_step, rel=0.005)
    assert f"line {at + 10} ({measured.x[at]:.1f} eV)" in " ".join(found.warnings)
    assert len(found.energy) == len(mu) - length


def test_many_spoilt_points_are_refused():
    measured = scan()
    mu = measured.y.copy()
    mu[::20] = 1e6
    with pytest.raises(InputError, match="points stand far off their neighbours, first at 6974"):
        normalise(replace(measured, y=mu))


@pytest.mark.parametrize("noise", [0.0, 0.005, 0.05])
def test_noise_is_no_spike(noise):
    for seed in range(10):
        measured = scan(noise=noise, seed=seed)
        assert not np.any(spikes(measured.x, measured.y, E0["Fe"]))


def test_a_narrow_pre_edge_peak_is_no_spike():
    measured = scan("Ti", step=1.0)
    peak = 0.6 * np.exp(-0.5 * ((measured.x - E0["Ti"] + 10) / 0.4) ** 2)
    found, doubtful = spikes(measured.x, measured.y + peak, E0["Ti"])
    assert not found.any()
    assert doubtful.sum() == 1
    warnings = normalise(replace(measured, y=measured.y + peak)).warnings
    assert "a single point stands out at 4968.0 eV: a pre-edge peak, or a spoilt value" in warnings


def test_published_scans_have_none(shared):
    folders = [shared / "data" / "measured" / "xanes", *(shared / "data" / "measured-bmm" / "files").glob("*")]
    files = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    if not files:
        pytest.skip("no measured files here")
    for path in files:
        for measured in read_measured(path):
            if path.name != "Mn-Mnfoil.xdi":
                assert not any("far off the neighbours" in each for each in normalise(measured).warnings)
