"""The plan, the build and the shipping of the embedded dataset."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from embedded_dataset import build, rotation_fix
from embedded_dataset.ship import KEYS, LIST, group_of, material_of, origin_of, read_crystals, seed, write_list
from firstshell.dataset.embedded import load_everything, materials
from firstshell.errors import UnavailableError
from firstshell.runtime.store import Store
from firstshell.simulation.feff import feff8l


def row(name, metal="Fe", kind="natural", cost=1.0, **more):
    origin = kind.removeprefix("distorted-").replace("old", "natural")
    about = {"id": name, "metal": metal, "kind": kind, "origin": origin, "name": "Wustite", "series": "FeO Fm-3m"}
    cell = {
        "lattice": (np.eye(3) * 4.3).tolist(),
        "species": ["Fe"] * 4 + ["O"] * 4,
        "sites": [0],
        "numbers": [6],
        "cost": [cost],
    }
    corners = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    cell["fractions"] = [*corners.tolist(), *(corners + 0.5).tolist()]
    return about | cell | {"ligand": ["O"], "reference": "somebody"} | more


def test_the_cheapest_and_the_rare_come_first_copies_and_what_is_no_oxide_late(monkeypatch):
    monkeypatch.setattr(build, "WANTED", {"Fe": 6})
    rows = [row("a", cost=3e3), row("a/distorted-Fe-1", kind="distorted-natural", cost=3e3)]
    rows += [row("b"), row("b/distorted-Fe-1", kind="distorted-natural", cost=1e3)]
    rows += [row("c", kind="old"), row("c/distorted-Fe-1", kind="distorted-old", cost=2e3)]
    rows += [row("d", ligand=["S"], cost=1.5e3), row("a", metal="Cr", cost=9e3)]
    rows += [row("e", numbers=[4], cost=1.2e4)]
    asked = [(each["id"], each["metal"]) for each in build.queue(rows, {("c", "Fe")})]
    assert asked == [
        ("b", "Fe"),
        ("e", "Fe"),
        ("a", "Fe"),
        ("b/distorted-Fe-1", "Fe"),
        ("d", "Fe"),
        ("a", "Cr"),
        ("c/distorted-Fe-1", "Fe"),
        ("a/distorted-Fe-1", "Fe"),
    ]


def test_what_is_finished_of_one_metal_ships_after_a_build_of_another(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "copy_programs", lambda folder: None)
    monkeypatch.setattr(build, "run_tasks", lambda *args, **options: None)
    build.build(tmp_path, [row("a", "Fe")])
    build.build(tmp_path, [row("b", "Fe")])
    assert set(json.loads((tmp_path / KEYS).read_text())) == {"a|Fe", "b|Fe"}


def test_the_plan_of_one_metal_keeps_the_list_of_the_others(tmp_path):
    shutil.copyfile(LIST, tmp_path / "plan.csv")
    write_list([row("z", "Fe"), row("a", "Fe", kind="old")], tmp_path / "plan.csv")
    before, after = (pd.read_csv(path, keep_default_na=False) for path in (LIST, tmp_path / "plan.csv"))
    assert after[after["metal"] == "Fe"]["id"].tolist() == ["a", "z"]
    pd.testing.assert_frame_equal(
        after[after["metal"] != "Fe"].reset_index(drop=True), before[before["metal"] != "Fe"].reset_index(drop=True)
    )


def test_a_distortion_has_its_parents_state_and_group():
    parent, child = row("amcsd-1", kind="old"), row("amcsd-1/distorted-Fe-1", kind="distorted-old")
    found = material_of(child, {"amcsd-1|Fe": parent})
    assert (found.origin, found.group, found.states, found.states_from) == ("distorted", "Wustite", {0: 2}, "parent")
    assert material_of(parent, {}).states is None
    derived = row("amcsd-1/Mg1>Fe2+/distorted-Fe-1", kind="distorted-derived", origin="derived") | {"name": ""}
    assert (origin_of(derived), group_of(derived)) == ("derived", "FeO Fm-3m")
    assert material_of(derived, {}).states == {0: 2}


def test_the_changed_programs_differ_in_one_number_and_only_known_ones_are_changed(tmp_path, monkeypatch):
    try:
        rotation_fix.copy_programs(tmp_path / "bin")
    except UnavailableError:
        pytest.skip("the installed feff8l is not the one that the change is for")
    for stage in rotation_fix.KNOWN:
        old = np.frombuffer(feff8l.executable(stage).read_bytes(), dtype=np.uint8)
        new = np.frombuffer((tmp_path / "bin" / f"feff8l_{stage}").read_bytes(), dtype=np.uint8)
        assert 1 <= np.count_nonzero(old != new) <= 4
    monkeypatch.setattr(rotation_fix, "KNOWN", {"pot": "0" * 64})
    with pytest.raises(UnavailableError, match="feff8l_pot is not the program"):
        rotation_fix.copy_programs(tmp_path / "other")


def test_shipped_crystals_keep_their_atoms_and_spectra(tmp_path):
    shipped = load_everything()
    (crystal,) = materials(data=shipped, wanted=[("amcsd-00018", "Cu")])
    cell = crystal.structure
    known = row("amcsd-00018", "Cu", lattice=cell.lattice.matrix.tolist(), species=[s.specie.symbol for s in cell])
    moved = known | {"fractions": (cell.frac_coords + 0.01 * np.eye(len(cell), 3)).tolist()}
    other = moved | {"species": known["species"][::-1]}
    for each, same in ((other, False), (moved, True)):
        (tmp_path / "Cu.jsonl").write_text(json.dumps(each) + "\n")
        [read] = read_crystals(tmp_path)
        assert np.allclose(read["fractions"], cell.frac_coords) is same
        with Store.open(tmp_path / "store") as store:
            seed(store, [read], tmp_path, shipped)
            assert len(store.keys()) == same
