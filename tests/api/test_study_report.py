"""`fs.run_study` and `fs.advise`: the words of the commands, and results that show themselves."""

from html import escape

import pytest
from matplotlib.figure import Figure

import firstshell as fs
from firstshell.dataset.table import write_dataset
from synthetic import synthetic_dataset

PLAN = fs.StudyPlan(targets=("bond_length",), inputs=("xanes",), splits=("grouped",), repeats=2, origins=())
HOW = {"workers": 0, "backend": "sklearn"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "d.parquet"
    write_dataset(synthetic_dataset(45), path)
    return path


@pytest.fixture(scope="module")
def study(data):
    return fs.run_study(data, PLAN, metal="Cu", **HOW)


def test_a_study_takes_the_words_of_the_command(data, study, tmp_path):
    (tmp_path / "study.toml").write_text(
        '[study]\ntargets = ["bond_length"]\ninputs = ["xanes"]\nsplits = ["grouped"]\norigins = []\n'
    )
    found = fs.run_study(data, metal=["Cu"], config=tmp_path / "study.toml", set_=["study.repeats=2"], **HOW)
    assert found.scores.equals(study.scores)
    with pytest.raises(fs.InputError, match="a plan holds all settings"):
        fs.run_study(data, PLAN, set_=["study.repeats=2"])


def test_a_study_is_told_and_loaded(study, tmp_path):
    assert study._repr_html_() == f"<pre>{escape(str(study))}</pre>"
    assert "&lt;" in study._repr_html_()
    assert "Cu" in str(study)
    study.save(tmp_path)
    again = fs.Study.load(tmp_path)
    assert isinstance(again, fs.Study)
    assert again.data is None


def test_a_report_is_written_as_the_command_does(study, data, tmp_path, monkeypatch):
    monkeypatch.setattr("firstshell.report.build._drawn", lambda shown, *_: {each.name: "" for each in shown})
    asked = []
    monkeypatch.setattr("firstshell.prediction.robustness.study_curves", lambda *given, **_: asked.append(given[1]))
    assert study.report(tmp_path / "a").name == "report.html"
    assert asked == [("Cu",)]
    study.save(tmp_path)
    page = fs.Study.load(tmp_path).report(tmp_path / "b", data, robustness=False)
    assert page.read_bytes() == (tmp_path / "a" / "report.html").read_bytes()
    with pytest.raises(fs.InputError, match="made on another dataset"):
        study.report(tmp_path / "c", synthetic_dataset(12))
    assert not (tmp_path / "c").exists()


def test_sizes_and_lists_of_advice(data):
    with pytest.raises(fs.InputError, match=r"sizes = \['a'\] are not numbers"):
        fs.advise(data, metal="Cu", sizes=["a"])
    with pytest.raises(fs.InputError, match="no samples of 'Zn'"):
        fs.advise(data, metal="Zn")


@pytest.mark.slow
def test_advice_shows_itself(data, tmp_path):
    how = {"inputs": ["xanes"], "target": "bond_length", "sizes": [0.5], "repeats": 3}
    advice = fs.advise(data, metal="Cu", set_=["study.forest.trees=[4]"], **how, **HOW)
    assert "Advice: " in str(advice)
    assert "Advice: " in advice._repr_html_()
    assert set(advice.frame()["inputs"]) == {"xanes", "composition", "modal"}
    assert isinstance(advice.plot(), Figure)
    assert [path.name for path in advice.save(tmp_path)] == ["advice.csv", "curves.png", "curves.svg"]


def test_a_dataset_is_drawn():
    data = synthetic_dataset(12)
    axes = data.plot("pdf")
    assert axes.get_xlabel() == "r (Å)"
    with pytest.raises(fs.InputError, match="the dataset has no 'xane'"):
        data.plot("xane")
