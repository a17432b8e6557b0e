"""EXAFS as an answer: learned from path tables, asked of measured χ(k), and joined with what XANES says."""

from dataclasses import replace

import numpy as np
import pytest

import firstshell as fs
from firstshell.errors import InputError
from firstshell.measured.exafs.extract import MeasuredExafs
from firstshell.measured.read import MeasuredSample, Reading
from firstshell.prediction.answer import answer_all
from firstshell.prediction.exafs_channel import ExafsChannel, exafs_on_grid
from firstshell.prediction.exafs_samples import collect_exafs
from firstshell.prediction.joint import JointError, joint, joint_errors, usual_errors
from firstshell.prediction.model import make_predictor
from firstshell.prediction.model_file import load_predictor, save_predictor
from firstshell.report.words.answer import evidence_lines, exafs
from firstshell.types import Prediction, Target
from quick import QUICK, normalised, quick_data
from two_shells import MadePaths, one_shell

CHANNEL = ExafsChannel(conditions=3)


@pytest.fixture(scope="module")
def exafs_data():
    made = quick_data()
    return replace(made, paths=MadePaths(made.frame))


@pytest.fixture(scope="module")
def model(exafs_data):
    return make_predictor(exafs_data, "Cu", (CHANNEL,), QUICK)


def chi_of(length, e0=2.3):
    """χ(k) of one shell as measured, on the mesh of measurements."""
    from firstshell.simulation.exafs import Conditions, chi_under

    k = 0.05 * np.arange(20, 200)
    one = Conditions(*(np.array([each]) for each in (e0, 0.005, 0.0095, 1.0)))
    mesh = 0.05 * np.arange(200)
    return MeasuredExafs(
        "made", "made.dat", "Cu", mesh, np.interp(mesh, k, 0.7 * chi_under(one_shell(4.0, length), k, one)[0])
    )


def test_variants_stretch_their_labels(exafs_data):
    rng = np.random.default_rng(0)
    samples = collect_exafs(exafs_data, "Cu", CHANNEL, rng)
    assert len(samples) % 3 == 0
    first = samples.bond_length[:3]
    stretch = CHANNEL.drawn(np.random.default_rng(0)).stretch
    assert np.allclose(first / stretch, first[0] / stretch[0])
    assert samples.spectra["exafs"].shape == (len(samples), len(CHANNEL.k))
    assert samples.names[0] == samples.names[2] != samples.names[3]


def test_lengths_are_read_from_the_waves(model):
    short, long = (model.predict({"exafs": exafs_on_grid(chi_of(each))})[0] for each in (1.88, 2.02))
    assert long[Target.BOND_LENGTH].value - short[Target.BOND_LENGTH].value > 0.05
    low, high = long[Target.BOND_LENGTH].interval
    assert low < 2.02 < high


def test_a_model_of_exafs_is_kept(model, tmp_path):
    save_predictor(model, tmp_path / "m.npz")
    again = load_predictor(tmp_path / "m.npz")
    waves = {"exafs": exafs_on_grid(chi_of(1.95))}
    assert again.predict(waves)[0][Target.BOND_LENGTH] == model.predict(waves)[0][Target.BOND_LENGTH]
    assert again.channels == (CHANNEL,)


def test_a_file_of_chi_alone_is_answered(model):
    sample = MeasuredSample("made", exafs=chi_of(1.95))
    (found,) = answer_all(Reading([sample]), None, lambda *_: model)
    assert (found.metal, found.inputs, found.sample.sources) == ("Cu", "exafs", ("made.dat",))


def test_waves_of_another_distance_are_outside(model):
    sample = MeasuredSample("made", exafs=chi_of(2.9))
    (found,) = answer_all(Reading([sample]), None, lambda *_: model)
    assert not found.in_domain


def test_a_scan_with_exafs_is_answered_jointly(model, xanes_model):
    models = {("xanes",): xanes_model, ("exafs",): model}
    sample = MeasuredSample("made", xanes=normalised(number=4), exafs=chi_of(1.95))
    (found,) = answer_all(Reading([sample]), None, models_of(models), apart=models_of(models))
    assert found.inputs == "xanes+exafs"
    assert list(found.by_measurement) == ["xanes", "exafs", "xanes+exafs"]
    assert set(found.resemblance) == {"xanes", "exafs"}
    (plain,) = answer_all(Reading([sample]), None, models_of(models))
    assert plain.inputs == "xanes"
    assert found.alone["xanes"] == plain.predictions


def test_evidence_of_a_joint_answer_is_that_of_the_xanes(model, xanes_model):
    """EXAFS has a model of its own: the answer's is that of the XANES, and no panel of the picture is empty."""
    models = models_of({("xanes",): xanes_model, ("exafs",): model})
    sample = MeasuredSample("made", xanes=normalised(number=4), exafs=chi_of(1.95))
    (found,) = answer_all(Reading([sample]), None, models, apart=models)
    shown = fs.Answer(**vars(found), models=models)
    start, windows = shown.evidence()
    assert shown.inputs == "xanes+exafs"
    assert {each.modality for each in windows} == {"xanes"}
    assert all("windows of the XANES that move it most" in line for line in evidence_lines(start, windows))
    assert exafs(shown) == ["EXAFS from k = 3.0 to 7.0 Å⁻¹ is in the answer; it can be used up to k = 10.0 Å⁻¹"]
    panels = [axes for axes in shown.plot(windows).axes if axes.get_title(loc="left").startswith("Evidence")]
    assert len(panels) == len(Target)
    assert all(axes.patches for axes in panels)


def test_exafs_outside_the_domain_or_without_a_model_is_left_out_and_said(model, xanes_model):
    sample = MeasuredSample("made", xanes=normalised(number=4), exafs=chi_of(2.9))
    models = models_of({("xanes",): xanes_model, ("exafs",): model})
    (found,) = answer_all(Reading([sample]), None, models, apart=models)
    assert found.inputs == "xanes"
    assert found.warnings[-1].startswith("the EXAFS is not used: it is unlike all training spectra")
    (bare,) = answer_all(Reading([sample]), None, models, apart=models_of({("xanes",): xanes_model}))
    assert bare.warnings[-1] == "the EXAFS is not used: no model. Train one."


def models_of(known):
    def find(_metal, inputs, _radiation):
        if tuple(inputs) not in known:
            raise InputError("no model", remedy="Train one")
        return known[tuple(inputs)]

    return find


def predictions(inputs, state, length, width):
    shares = {2: 1 - state, 3: state}
    return {
        Target.OXIDATION_STATE: Prediction("Fe", Target.OXIDATION_STATE, inputs, 2 + state, (2.0, 3.0), shares),
        Target.BOND_LENGTH: Prediction("Fe", Target.BOND_LENGTH, inputs, length, (length - width, length + width)),
    }


def test_probabilities_are_updated_and_lengths_weighted_by_their_intervals():
    before = {Target.OXIDATION_STATE: {2: 0.5, 3: 0.5}}
    both = joint(predictions("xanes", 0.8, 2.00, 0.10), predictions("exafs", 0.8, 2.10, 0.05), before, [])
    state, length = both[Target.OXIDATION_STATE], both[Target.BOND_LENGTH]
    assert state.inputs == "xanes+exafs"
    assert state.probabilities[3] / state.probabilities[2] == pytest.approx(4 * 2)
    assert sum(state.probabilities.values()) == pytest.approx(1.0)
    assert state.interval[0] <= state.value <= state.interval[1] <= 3.0
    assert length.value == pytest.approx(2.08)
    assert length.interval == pytest.approx((2.03, 2.13))


def test_lengths_count_by_their_errors_for_standards():
    before = {Target.OXIDATION_STATE: {2: 0.2, 3: 0.8}}
    errors = [JointError("Cu", name, 0.5, 1.0) for name in ("tenorite", "cuprite")]
    one, two = predictions("xanes", 0.8, 2.00, 0.10), predictions("exafs", 0.8, 2.10, 0.10)
    found = joint(one, two, before, errors)[Target.BOND_LENGTH]
    assert found.value == pytest.approx(2.02)
    with_pdf = joint(predictions("xanes+pdf", 0.8, 2.00, 0.10), two, before, errors)[Target.BOND_LENGTH]
    assert with_pdf.value == pytest.approx(2.05)


def test_errors_of_a_metal_are_shrunk_to_those_of_all():
    errors = [
        JointError("Ti", "rutile", 0.2, 1.0),
        JointError("Ti", "rutile", 0.2, 1.0),
        JointError("Fe", "FeO", 0.6, 1.0),
    ]
    everyone = (0.2**2 + 0.6**2) / 2
    assert usual_errors("Mn", errors) == pytest.approx((everyone**0.5, 1.0))
    assert usual_errors("Ti", errors)[0] == pytest.approx(((0.2**2 + 3 * everyone) / 4) ** 0.5)


def test_errors_for_standards_come_with_firstshell():
    errors = joint_errors()
    assert len({(each.metal, each.compound) for each in errors}) > 20
    assert all(0 <= each.xanes < 5 and 0 <= each.exafs < 5 for each in errors)


def test_an_interval_that_ends_at_the_last_class_reaches_as_far_to_it():
    before = {Target.COORDINATION_NUMBER: {4: 0.3, 6: 0.7}}
    xanes, exafs = (
        {Target.COORDINATION_NUMBER: Prediction("Fe", Target.COORDINATION_NUMBER, name, 6.0, (5.8, 6.0), shares)}
        for name, shares in (("xanes", {4: 0.02, 6: 0.98}), ("exafs", {4: 0.3, 6: 0.7}))
    )
    found = joint(xanes, exafs, before)[Target.COORDINATION_NUMBER]
    assert found.value == pytest.approx(6.0, abs=1e-3)  # nearly the likeliest, as without EXAFS
    assert found.interval == pytest.approx((5.8, 6.0), abs=1e-3)


def test_exafs_that_says_what_its_training_says_changes_nothing():
    before = {Target.OXIDATION_STATE: {2: 0.2, 3: 0.8}}
    both = joint(predictions("xanes", 0.4, 2.0, 0.1), predictions("exafs", 0.8, 2.0, 0.1), before)
    assert both[Target.OXIDATION_STATE].probabilities[3] == pytest.approx(0.4)
