"""`fs.predict`: what it takes, and what answers show of themselves."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

import firstshell as fs
from firstshell.prediction.model_file import load_predictor
from quick import quick_data, write_gr, write_scan, write_xdi


@pytest.fixture
def model(saved):
    return saved / "xanes.npz"


@pytest.fixture
def scan(tmp_path):
    return write_xdi(tmp_path / "my.xdi", charge=3, number=6)


def values(answers):
    return [(each["oxidation_state"].value, each[fs.Target.BOND_LENGTH].interval) for each in answers]


@pytest.mark.slow
def test_a_file_arrays_and_groups_give_the_same_answer(scan, model):
    """A path as text or Path, a list, what was read, arrays in eV or keV, and an object like larch's Group."""
    (measured,) = fs.read_measured(scan)
    group = SimpleNamespace(energy=measured.x, mu=measured.y, filename="my.xdi")
    how = {"model": model, "align": "none"}
    expected = values(fs.predict(str(scan), **how))
    assert len(expected) == 1
    for given in (scan, [scan], (str(scan),), measured, [measured], group, iter([group])):
        assert values(fs.predict(given, **how)) == expected
    for energy in (measured.x, measured.x / 1000, measured.x.tolist()):
        found = fs.predict(energy=energy, mu=measured.y, **how)
        assert values(found) == [(pytest.approx(expected[0][0]), pytest.approx(expected[0][1]))]


def test_a_group_of_larch_is_answered(scan, model):
    group = pytest.importorskip("larch.io").read_xdi(str(scan))
    group.mu = group.mutrans
    (found,) = fs.predict(group, model=model)
    assert found.sample.name == "my.xdi"


def test_many_scans_on_the_same_energies(scan, model, tmp_path):
    (one,), (two,) = fs.read_measured(scan), fs.read_measured(write_xdi(tmp_path / "b.xdi"))
    answers = fs.predict(energy=one.x, mu=np.array([one.y, two.y]), model=model)
    assert [each.sample.name for each in answers] == ["arrays 1", "arrays 2"]
    assert answers["arrays 2"] is answers[1]


def test_a_scan_and_a_pdf_as_arrays_are_one_sample(saved, tmp_path):
    (scan,) = fs.read_measured(write_scan(tmp_path / "a.dat"))
    (pdf,) = fs.read_measured(write_gr(tmp_path / "a.gr"))
    (found,) = fs.predict(
        energy=scan.x, mu=scan.y, r=pdf.x, g=pdf.y, qmax=22, radiation="xray", metal="Cu", model=saved / "both.npz"
    )
    assert found.inputs == "xanes+pdf"
    assert found.sample.pdf.conditions.qmax == 22


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"files": 3}, "a int is not a measurement. Give a path, a list of paths, arrays"),
        ({"files": [np.arange(5)]}, "a ndarray is not a measurement"),
        ({}, "no files are given"),
        ({"energy": [1.0, 2.0]}, "energy= and mu= go together"),
        ({"g": [1.0, 2.0]}, "r= and g= go together"),
        ({"energy": ["a"], "mu": [1.0]}, "energy is not a list of numbers"),
        ({"energy": np.arange(20.0), "mu": np.arange(19.0)}, "energy and mu have 20 and 19 numbers"),
        ({"energy": np.arange(20.0) + 8900, "mu": np.zeros((2, 3, 20))}, "mu is not one or several lists of numbers"),
        ({"energy": np.arange(20.0) + 8900, "mu": np.arange(20.0), "metal": "Xx"}, "not an element"),
        ({"files": "a.dat", "with_": "embedded"}, "adds to a dataset of your own"),
        ({"files": "a.dat", "data": "small.parquet"}, "is trained already"),
    ],
)
def test_what_cannot_be_used_is_told_with_a_remedy(given, message, model):
    with pytest.raises(fs.InputError, match=message.replace("(", r"\(")):
        fs.predict(**given, model=model)


def test_answers_by_name(scan, model, tmp_path):
    other = write_scan(tmp_path / "two.dat")
    answers = fs.predict([scan, other, "absent.dat"], model=model)
    assert answers["two.dat"] is answers["two"] is answers[1]
    assert answers[0]["bond_length"].target is fs.Target.BOND_LENGTH
    with pytest.raises(fs.InputError, match=r"no answer for 'twos'. Did you mean 'two'\?"):
        answers["twos"]
    with pytest.raises(fs.InputError, match=r"'absent.dat' could not be used. no such file"):
        answers["absent.dat"]
    with pytest.raises(fs.InputError, match=r"no answer for 'length'. Did you mean 'bond_length'\?"):
        answers[0]["length"]
    twice = fs.predict([scan, scan], model=model)
    with pytest.raises(fs.InputError, match=r"2 samples are of 'my.xdi'"):
        twice["my.xdi"]


def test_answers_show_themselves(scan, model, tmp_path):
    strange = write_scan(tmp_path / "<b>.dat")
    answers = fs.predict([scan, strange, "absent.dat"], model=model)
    table = answers.frame()
    assert list(table["sample"]) == ["my", "<b>"]
    assert table["bond_length (Å)"][0] == answers[0]["bond_length"].value
    assert answers[1].frame().equals(table.iloc[1:].reset_index(drop=True)[list(answers[1].frame())])
    page = answers._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "absent.dat: no such file" in page
    low, high = answers[0]["bond_length"].interval
    assert f"{answers[0]['bond_length'].value:.3f} ({low:.3f} to {high:.3f})" in answers[0]._repr_html_()
    assert isinstance(answers.plot(), Figure)
    assert isinstance(answers[0].plot(), Figure)


@pytest.mark.slow
def test_evidence_and_files(scan, model, tmp_path):
    answers = fs.predict(scan, model=model)
    _, windows = answers[0].evidence()
    assert len(answers[0].plot(windows).subfigs) == 3
    names = [path.name for path in answers.save(tmp_path / "answers", [windows])]
    assert names == ["answers.csv", "answers.parquet", "answers.json", "evidence.csv", "sample_01.png", "sample_01.svg"]


def test_the_model_of_answers_is_kept(scan, model, tmp_path):
    answers = fs.predict(scan, model=model)
    answers.save_model(tmp_path / "m.npz")
    assert load_predictor(tmp_path / "m.npz").metal == "Cu"
    assert values(fs.predict(scan, model=tmp_path / "m.npz")) == values(answers)


def test_it_trains_on_the_data_given(tmp_path, monkeypatch, model):
    asked = []

    def predictor(metal, inputs, *, data, **how):
        asked.append(data)
        return load_predictor(model)

    monkeypatch.setattr("firstshell.prediction.model_cache.predictor", predictor)
    data = quick_data()
    (found,) = fs.predict(write_scan(tmp_path / "a.dat"), data=data)
    assert found.metal == "Cu"
    assert asked == [data]


def test_targets_are_their_names():
    assert fs.Target.BOND_LENGTH == "bond_length"
    assert {fs.Target.BOND_LENGTH: 1}["bond_length"] == 1
    assert f"{fs.Target.BOND_LENGTH}" == "bond_length"
