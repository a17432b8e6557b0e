"""`fs.mix`: files in, fractions out; bad input."""

import numpy as np
import pytest

import firstshell as fs
from feff_runs import CUO
from firstshell.errors import InputError
from firstshell.match import read_phases
from firstshell.match.phases import MeasuredPhase
from firstshell.measured import standards_file
from firstshell.measured.xanes.population import PLAIN
from firstshell.prediction import model_cache
from firstshell.runtime.store import Record
from mixing import KINDS, write_mixture, write_phases
from quick import QUICK, level, write_gr, write_scan


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three phases and a mixture of two; models are not wanted."""
    write_phases(tmp_path)
    write_mixture(tmp_path / "mixture.dat", {"one": 0.3, "other": 0.7})
    monkeypatch.setattr("firstshell.match.mix.first_shells", lambda *_: {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def phases(*names):
    return [f"{name}.dat" for name in (names or KINDS)]


def test_the_sufficient_phases_and_their_fractions(folder):
    (found,) = fs.mix("mixture.dat", with_=phases())
    assert [part.name for part in found.parts] == ["other", "one"]
    assert found.candidates == tuple(KINDS)
    assert found.fraction("other") == pytest.approx(0.7, abs=0.03)
    assert found.fraction("third") == 0.0
    for part in found.parts:
        low, high = part.interval
        assert low <= part.fraction <= high
    assert found.sufficient
    assert found.free_sum == pytest.approx(1.0, abs=0.05)
    assert found.rms < 0.01


def test_the_same_files_give_the_same_answer(folder):
    first, second = (fs.mix("mixture.dat", with_=phases()).frame() for _ in range(2))
    assert first.equals(second)


def test_a_phase_that_is_not_on_the_list_is_noticed(folder):
    (found,) = fs.mix("mixture.dat", with_=phases("one", "third"))
    assert not found.sufficient
    assert found.errors.percentile(found.misfit) > 0.9


def test_energies_without_a_foil_are_found(folder):
    write_mixture(folder / "moved.dat", {"one": 0.3, "other": 0.7}, shift=-1.2)
    (found,) = fs.mix("moved.dat", with_=phases())
    assert found.shift == pytest.approx(1.2, abs=0.25)
    assert found.fraction("one") == pytest.approx(0.3, abs=0.06)


def test_standards_of_another_beamline_make_intervals_wider(folder):
    near, far = (fs.mix("mixture.dat", with_=phases("one", "other"), elsewhere=e)[0] for e in (False, True))
    widths = [np.ptp(each.parts[0].interval) for each in (near, far)]
    assert widths[1] > widths[0]


def test_a_series_has_one_set_of_phases(folder):
    names = []
    for i, weight in enumerate((0.0, 0.5, 1.0)):
        names.append(write_mixture(folder / f"s{i}.dat", {"one": weight, "other": 1.0 - weight}, seed=i))
    found = fs.mix(names, with_=phases(), series=True)
    assert {frozenset(part.name for part in each.parts) for each in found} == {frozenset(("one", "other"))}
    assert [each.fraction("one") for each in found] == pytest.approx([0.0, 0.5, 1.0], abs=0.04)
    assert found.names[0] in ("one", "other")
    assert found.plot() is not None


def test_a_series_without_phases_tells_its_components(folder):
    names = []
    for i, weight in enumerate(np.linspace(0.0, 1.0, 7)):
        names.append(write_mixture(folder / f"s{i}.dat", {"one": weight, "other": 1.0 - weight}, noise=0.002, seed=i))
    found = fs.mix(names)
    assert found.components is not None
    assert found.components.count == 2
    first = np.array([each.fraction("component 1") for each in found])
    along = first if first[0] < 0.5 else 1.0 - first
    assert along == pytest.approx(np.linspace(0.0, 1.0, 7), abs=0.06)


def test_a_list_of_standards(folder):
    (folder / "standards.csv").write_text("file,metal,name\none.dat,,first\nother.dat,Cu,second\nx.dat,Fe,none\n")
    (found,) = fs.mix("mixture.dat", with_="standards.csv")
    assert {part.name for part in found.parts} == {"first", "second"}


def test_a_folder_of_standards(folder, tmp_path):
    (tmp_path / "all").mkdir()
    write_phases(tmp_path / "all")
    (found,) = fs.mix("mixture.dat", with_="all")
    assert found.candidates == ("one", "other", "third")


def test_a_structure_is_simulated(folder, monkeypatch):
    (folder / "CuO.vasp").write_text(CUO)

    def simulate(function, tasks, **_):
        energy, mu = level(**KINDS["one"])
        return {key: Record({}, {"mu": np.interp(np.linspace(0, 55, 100), energy, mu)}) for key in tasks}

    monkeypatch.setattr(standards_file, "run_tasks", simulate)
    monkeypatch.setattr("firstshell.api.mix.default_population", lambda: PLAIN)
    (found,) = fs.mix("mixture.dat", with_=["CuO.vasp", "other.dat"])
    assert found.fraction("other") == pytest.approx(0.7, abs=0.2)
    assert {part.name: part.simulated for part in found.parts} == {"CuO": True, "other": False}


def test_the_embedded_dataset_is_asked(folder):
    settings = read_phases.PhaseReading("Cu", PLAIN)
    found = read_phases.read_phases(["embedded"], settings)
    assert len(found) > 100
    assert not any(isinstance(each, MeasuredPhase) for each in found)


@pytest.mark.slow
def test_the_first_shell_of_each_phase(tmp_path, monkeypatch):
    write_phases(tmp_path)
    write_mixture(tmp_path / "mixture.dat", {"one": 0.3, "other": 0.7})
    monkeypatch.setenv("FIRSTSHELL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(model_cache, "TrainingParams", lambda: QUICK)
    monkeypatch.setattr("firstshell.api.mix.ModelSource", _quick_models)
    (found,) = fs.mix(tmp_path / "mixture.dat", with_=[tmp_path / "one.dat", tmp_path / "other.dat"])
    assert all(part.answer is not None and part.answer.metal == "Cu" for part in found.parts)


def _quick_models(**_):
    from firstshell.prediction.model_source import ModelSource
    from quick import quick_data

    return ModelSource(load=quick_data, population=PLAIN)


@pytest.mark.parametrize(
    ("with_", "message"),
    [
        (["one.dat"], "1 phase to make a mixture of"),
        (["one.dat", "one.dat"], "given twice"),
        (["one.dat", "again.dat"], "one and again are one phase"),
        (["one.dat", "iron.dat"], "of Fe, not of Cu"),
        (["one.dat", "zero.dat"], "mu is constant"),
        (["one.dat", "my.gr"], "is a PDF"),
        (["one.dat", "Fe2O3.vasp"], "there is no Cu in it"),
        (["one.dat", "absent.dat"], "absent.dat"),
        (["one.dat", "empty"], "the folder is empty"),
        (["one.dat", "bad.csv"], "neither file nor structure"),
    ],
)
def test_phases_that_cannot_be_used_are_refused(folder, with_, message):
    write_scan(folder / "again.dat", **KINDS["one"])
    write_scan(folder / "iron.dat", "Fe")
    write_gr(folder / "my.gr")
    energy = level()[0] + 8979.0
    (folder / "zero.dat").write_text("# energy mu\n" + "\n".join(f"{x:.2f} 0.0" for x in energy))
    (folder / "Fe2O3.vasp").write_text(CUO.replace("Cu", "Fe"))
    (folder / "empty").mkdir()
    (folder / "bad.csv").write_text("file,name\n,nothing\n")
    with pytest.raises(InputError, match=message) as caught:
        fs.mix("mixture.dat", with_=with_)
    assert caught.value.remedy or "." in str(caught.value)


def test_the_scans_that_cannot_be_used_are_named_and_the_others_answered(folder):
    write_scan(folder / "iron.dat", "Fe")
    (folder / "broken.dat").write_text("nothing")
    write_gr(folder / "my.gr")
    found = fs.mix(["mixture.dat", "iron.dat", "broken.dat", "my.gr"], with_=phases())
    assert len(found) == 1
    assert sorted(name for name, _ in found.refused) == ["broken.dat", "iron", "my"]


def test_components_are_sought_where_no_phases_are_named(folder):
    with pytest.raises(InputError, match="a number of components and the phases are given"):
        fs.mix("mixture.dat", with_=phases(), components=2)


def test_scans_without_a_xanes_are_refused(folder):
    write_gr(folder / "my.gr")
    with pytest.raises(InputError, match="no XANES"):
        fs.mix("my.gr", "Cu", with_=phases())


def test_phases_that_share_too_little_with_a_scan_are_refused(folder):
    lines = (folder / "one.dat").read_text().splitlines()
    kept = [line for line in lines if line.startswith("#") or float(line.split()[0]) < 8979 + 30]
    (folder / "short.dat").write_text("\n".join(kept))
    with pytest.raises(InputError, match="needed"):
        fs.mix("mixture.dat", with_=["other.dat", "short.dat"])
