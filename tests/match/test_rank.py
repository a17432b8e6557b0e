from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from firstshell.dataset.materials import Material
from firstshell.errors import InputError
from firstshell.io.structures.files import read_structure
from firstshell.match import fit as fitting
from firstshell.match import rank as ranking
from firstshell.match.candidates import Candidate, Candidates, Entry
from firstshell.match.first_shell import UNKNOWN, PredictedShell
from firstshell.match.fit import fit_structure
from firstshell.match.measurements import Measurements, read_measurements
from firstshell.match.rank import NONE_NAME, rank_candidates
from firstshell.match.simulations import Simulations, cost
from firstshell.match.xanes_bank import Simulated
from firstshell.measured.pdf.match import match_pdf
from pdfs import measured_pdf
from places import DATA
from quick import normalised, on_dataset_grid, scan_of, write_gr, write_xdi
from synthetic import GRIDS
from two_shells import sites, waves

NAMES = ("rutile", "anatase", "SrTiO3")
CRYSTALS = {name: read_structure(DATA / "structures" / f"{name}.cif") for name in NAMES}
XANES = {"rutile": (4, 6), "anatase": (4, 5), "SrTiO3": (3, 6)}


def pool(names=NAMES):
    found = []
    for name in names:
        entry = Entry.of(Material(name, "Ti", CRYSTALS[name]))
        found.append(Candidate(name, CRYSTALS[name].composition.reduced_formula, 1, (entry,)))
    return Candidates("Ti", tuple(found))


def measured(name="rutile", xanes=True, pdf=True):
    charge, number = XANES[name]
    scan = normalised("Ti", charge=charge, number=number) if xanes else None
    curve = match_pdf(measured_pdf(CRYSTALS[name], qmax=22.0), qmax=22.0, qdamp=0.0) if pdf else None
    return Measurements("Ti", scan, curve)


@pytest.fixture
def asked(monkeypatch):
    """Simulations without an engine; the list of what was asked for."""
    asked = []

    def simulate(materials, _):
        asked.extend(each.id for each in materials)
        made = {each.id: Simulated(each.id, on_dataset_grid(*XANES[each.id]), 4.0) for each in materials}
        return GRIDS["xanes"].values, made, {}

    monkeypatch.setattr(ranking, "predictor", lambda *_, **__: None)
    monkeypatch.setattr(ranking, "predict_shell", lambda *_: PredictedShell(np.array([4.0, 6.0, 1.95]), np.zeros(3)))
    monkeypatch.setattr(ranking, "simulate_xanes", simulate)
    monkeypatch.setattr(fitting, "simulate_xanes", simulate)
    return asked


@pytest.mark.parametrize("name", NAMES)
def test_the_right_structure_comes_first(asked, name):
    found = rank_candidates(measured(name), pool())
    assert found.ranked[0].candidate.name == name
    assert sum(each.probability for each in found.ranked) + found.none == pytest.approx(1.0)
    assert set(found.none_alone) == {"xanes", "pdf"}


def test_pdfs_come_first_and_xanes_only_for_those_they_leave(asked, monkeypatch):
    monkeypatch.setattr(ranking, "predictor", lambda *_, **__: pytest.fail("one candidate needs no model"))
    found = rank_candidates(measured("rutile"), pool())
    assert asked == ["rutile"]
    last = found.ranked[-1]
    assert last.xanes is None
    assert last.probability < 0.01


def test_more_simulations_than_allowed_are_refused_with_their_cost(asked):
    with pytest.raises(InputError, match=r"XANES of 3 structures would be simulated, about .* h") as caught:
        rank_candidates(measured(pdf=False), pool(), most=2)
    assert "--most 3" in str(caught.value)
    assert asked == []


def test_the_cost_is_told_before_anything_is_simulated(asked):
    told = []
    rank_candidates(
        measured(pdf=False), pool(), simulations=Simulations(on_cost=lambda each: told.append((each, list(asked))))
    )
    ((each, before),) = told
    assert (each.structures, each.sites, before) == (3, 3, [])


def test_an_absent_structure_raises_the_probability_of_none(asked):
    there = rank_candidates(measured("rutile", xanes=False), pool())
    absent = rank_candidates(measured("rutile", xanes=False), pool(("SrTiO3",)))
    assert there.none < 0.1 < 0.5 < absent.none


def test_the_table_ends_with_none_of_these(asked):
    frame = rank_candidates(measured(), pool()).frame()
    assert frame["candidate"].tolist()[-1] == NONE_NAME
    assert frame["probability"].sum() == pytest.approx(1.0)
    assert np.isnan(frame["xanes_rmse"].iloc[-1])


def test_exafs_speaks_beside_xanes_and_leaves_the_nearest_for_it(asked, monkeypatch):
    shells = {"rutile": (1.95, 3.0), "anatase": (1.95, 3.6), "SrTiO3": (2.1, 3.4)}

    def paths(materials, _):
        return {each.id: sites(*shells[each.id]) for each in materials}, {"none": "it failed"}

    monkeypatch.setattr(ranking, "make_paths", paths)
    sample = Measurements("Ti", measured(pdf=False).xanes, None, waves(sites(*shells["rutile"])))
    told = []
    found = rank_candidates(sample, pool(), simulations=Simulations(on_cost=lambda each: told.append(each.what)))
    assert found.ranked[0].candidate.name == "rutile"
    assert found.ranked[0].exafs.distance < 0.1
    assert set(found.none_alone) == {"exafs", "xanes"}
    assert asked[0] == "rutile"
    assert told == ["scattering paths", "XANES"]
    assert ("none", "it failed") in found.refused
    assert "exafs_distance" in found.frame()


def test_the_predicted_shell_speaks_for_structures_that_have_it(asked, monkeypatch):
    shells = {"rutile": (4.0, 6.0, 1.95), "anatase": (4.0, 4.0, 1.8), "SrTiO3": UNKNOWN}

    def simulate(materials, _):
        made = {each.id: Simulated(each.id, on_dataset_grid(4, 6), 4.0, shells[each.id]) for each in materials}
        return GRIDS["xanes"].values, made, {}

    monkeypatch.setattr(ranking, "simulate_xanes", simulate)
    names = [each.candidate.name for each in rank_candidates(measured(pdf=False), pool()).ranked]
    assert names == ["rutile", "SrTiO3", "anatase"]


def test_a_metal_without_a_model_is_ranked_by_its_spectrum_alone(asked, monkeypatch):
    monkeypatch.setattr(ranking, "load_dataset", lambda: SimpleNamespace(metals=("Cu",)))
    monkeypatch.setattr(ranking, "predictor", lambda *_, **__: pytest.fail("there is none"))
    assert rank_candidates(measured(pdf=False), pool()).ranked[0].candidate.name == "rutile"


def test_a_prior_without_meaning_is_refused(asked):
    with pytest.raises(InputError, match="not a probability"):
        rank_candidates(measured(), pool(), none=1.0)


def test_a_structure_is_fitted_to_both(asked):
    found = fit_structure(measured("rutile"), CRYSTALS["rutile"], "rutile")
    assert set(found.nearness) == set(found.residuals) == {"xanes", "pdf"}
    frame = found.frame()
    assert {"shift", "strain", "uiso Ti"} <= set(frame["parameter"])
    assert ((frame["low"] <= frame["value"]) & (frame["value"] <= frame["high"])).all()
    curves = found.curves()
    assert set(curves["modality"]) == {"xanes", "pdf"}
    assert curves["residual"].abs().max() < curves["measured"].abs().max()


def test_a_structure_without_the_metal_is_refused():
    with pytest.raises(InputError, match="Fe"):
        fit_structure(Measurements("Fe", None, measured(xanes=False).pdf), CRYSTALS["rutile"], "rutile")


def test_one_file_of_two_is_refused_by_name(tmp_path):
    gr = write_gr(tmp_path / "my.gr")
    (tmp_path / "bad.xdi").write_text("nothing\n")
    found = read_measurements([gr, tmp_path / "bad.xdi"], "Cu")
    assert found.modalities == ("pdf",)
    assert [name for name, _ in found.refused] == ["bad.xdi"]


def test_two_scans_of_one_sample_are_refused(tmp_path):
    one, two = (write_xdi(tmp_path / name) for name in ("a.xdi", "b.xdi"))
    with pytest.raises(InputError, match="2 XANES are given"):
        read_measurements([one, two])
    with pytest.raises(InputError, match="do not name the metal"):
        read_measurements([write_gr(tmp_path / "my.gr")])


def test_the_metal_is_that_of_the_edge():
    assert read_measurements([scan_of("Ti")]).metal == "Ti"


def test_cost_counts_distinct_sites():
    hausmannite = read_structure(Path(DATA / "structures" / "hausmannite.cif"))
    found = cost([Material("h", "Mn", hausmannite)])
    assert (found.structures, found.sites) == (1, 2)
    assert found.seconds > 2.0
