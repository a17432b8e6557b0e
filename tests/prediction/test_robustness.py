import numpy as np
import pytest

from firstshell.measured.xanes.population import default_population
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.prediction import robustness
from firstshell.prediction.pdf_channel import PdfChannel
from firstshell.prediction.robustness import COLUMNS, XANES, curves, pdf_disturbances, study_curves
from firstshell.prediction.training import TrainingParams
from firstshell.prediction.training_set import collect
from firstshell.report.figures.robustness import robustness as drawn
from firstshell.runtime.store import Store
from synthetic import synthetic_dataset

QUICK = TrainingParams(copies=1, trees=5)
STEP = 0.5 + np.arctan((ENERGY - 12.0) / 2.0) / np.pi


@pytest.fixture(scope="module")
def data():
    return synthetic_dataset(60)


@pytest.fixture(scope="module")
def frame(data):
    metal = data.metals[0]
    made = {name: collect(data, metal, whole=name != "xanes") for name in ("xanes", "pdf")}
    return curves(made, default_population(), QUICK)


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
    metal = data.metals[0]
    made = {name: collect(data, metal, whole=name != "xanes") for name in ("xanes", "pdf")}
    assert curves(made, default_population(), QUICK).equals(frame)


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
