from dataclasses import replace

import numpy as np
import pytest

from firstshell.dataset.exafs import with_spectra
from firstshell.measured.xanes.population import default_population
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.prediction import robustness
from firstshell.prediction.exafs_channel import ExafsChannel
from firstshell.prediction.pdf_channel import PdfChannel
from firstshell.prediction.robustness import COLUMNS, XANES, curves, exafs_disturbances, pdf_disturbances, study_curves
from firstshell.prediction.training import TrainingParams
from firstshell.report.figures.robustness import robustness as drawn
from firstshell.runtime.store import Store
from firstshell.units import EV_PER_K2
from quick import quick_data
from synthetic import synthetic_dataset
from two_shells import MadePaths

QUICK = TrainingParams(copies=1, trees=5)
STEP = 0.5 + np.arctan((ENERGY - 12.0) / 2.0) / np.pi


@pytest.fixture(scope="module")
def data():
    return synthetic_dataset(60)


@pytest.fixture(scope="module")
def frame(data):
    return curves(data, data.metals[0], default_population(), QUICK)


@pytest.mark.parametrize("way", XANES, ids=lambda way: way.name)
def test_the_first_amount_does_no_harm_and_the_last_does(way):
    rng = np.random.default_rng(0)
    assert way.apply(STEP[None], way.amounts[0], rng)[0] == pytest.approx(STEP, abs=2e-3)
    assert np.abs(way.apply(STEP[None], way.amounts[-1], rng)[0] - STEP).max() > 0.01


def test_pdfs_without_a_disturbance_stay_what_they_are(data):
    values = data.spectra["pdf"][:3]
    rng = np.random.default_rng(0)
    for way in pdf_disturbances(PdfChannel()):
        same = way.apply(values, way.amounts[0], rng)
        assert np.sqrt(np.mean((same - values) ** 2)) < 0.12 * np.sqrt(np.mean(values**2))


@pytest.mark.slow
def test_all_models_are_scored_on_every_disturbance(frame):
    assert list(frame.columns) == COLUMNS
    assert set(frame["model"][frame["modality"] == "pdf"]) == {"augmented", "plain"}
    assert set(frame["model"][frame["modality"] == "xanes"]) == {"augmented", "plain", "as simulated"}
    counts = frame.groupby(["modality", "disturbance", "amount", "model", "target"]).size()
    assert (counts == robustness.REPEATS).all()
    assert frame["value"].notna().all()


@pytest.mark.slow
def test_the_curves_are_the_same_when_made_again(data, frame):
    assert curves(data, data.metals[0], default_population(), QUICK).equals(frame)


@pytest.fixture(scope="module")
def exafs_frame():
    """Curves of EXAFS alone, of made-up shells at the bond lengths of the samples."""
    made = quick_data()
    data = with_spectra(replace(made, paths=MadePaths(made.frame)), ["exafs"])
    return curves(replace(data, spectra={"exafs": data.spectra["exafs"]}), "Cu", default_population(), QUICK)


def test_exafs_without_a_disturbance_stays_what_it_is():
    channel, rng = ExafsChannel(), np.random.default_rng(0)
    waves = channel.k**2 * np.sin(4.0 * channel.k)[None]
    for way in exafs_disturbances(channel):
        assert np.allclose(way.apply(waves, way.amounts[0], rng), waves)
        assert not np.allclose(way.apply(waves, way.amounts[-1], rng), waves, atol=0.1)


def test_a_threshold_taken_too_high_moves_waves_to_smaller_k():
    channel, rng = ExafsChannel(), np.random.default_rng(0)
    (_, _, shift) = exafs_disturbances(channel)
    energy = EV_PER_K2 * channel.k**2
    moved = shift.apply(channel.k**2 * np.sin(4.0 * channel.k)[None], 4.0, rng)[0]
    assert np.allclose(moved / channel.k**2, np.sin(4.0 * np.sqrt((energy + 4.0) / EV_PER_K2)), atol=0.002)


def test_exafs_has_its_own_disturbances_and_its_panel_by_its_description(exafs_frame):
    assert set(exafs_frame["modality"]) == {"exafs"}
    assert set(exafs_frame["disturbance"]) == {way.name for way in exafs_disturbances(ExafsChannel())}
    assert exafs_frame["value"].notna().all()
    shown = drawn(exafs_frame, "exafs")
    assert shown.name == "robustness_exafs"
    assert [len(row) for row in shown.rows] == [3] * 3
    assert "EXAFS" in shown.title


def test_lengths_are_worse_when_the_threshold_is_off(exafs_frame):
    rows = exafs_frame.query("model == 'augmented' and target == 'bond_length' and disturbance == 'shift of E0'")
    errors = rows.groupby("amount")["value"].mean()
    assert errors[0.0] < min(errors[-4.0], errors[4.0])


def test_finished_metals_are_kept(data, frame, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(robustness, "curves", lambda *a, **k: calls.append(1) or frame)
    for _ in range(2):
        with Store.open(tmp_path) as store:
            found = study_curves(data, data.metals[:1], store)
    assert len(calls) == 1
    assert found[COLUMNS].equals(frame)


def test_a_metal_with_too_few_samples_is_left_out(data):
    few = data.take(np.flatnonzero((data.frame["metal"] == data.metals[0]).to_numpy())[:6])
    assert study_curves(few, few.metals).empty


def test_a_panel_for_each_disturbance(frame):
    shown = drawn(frame, "xanes")
    assert [len(row) for row in shown.rows] == [len(XANES)] * 3
    assert {"mean", "std"} <= set(shown.frame().columns)
    assert set(shown.frame()["model"]) == {"augmented", "plain", "as simulated"}
