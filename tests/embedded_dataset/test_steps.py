"""The plan, the build and the shipping of the embedded dataset."""

import numpy as np
import pytest

from embedded_dataset import build, rotation_fix
from embedded_dataset.ship import group_of, material_of, origin_of, seed
from firstshell.dataset.embedded import load_everything, materials
from firstshell.errors import UnavailableError
from firstshell.runtime.store import Store
from firstshell.simulation.feff import feff8l


def row(name, metal="Fe", kind="natural", cost=1.0, **more):
    origin = kind.removeprefix("distorted-").replace("old", "natural")
    about = {"id": name, "metal": metal, "kind": kind, "origin": origin, "name": "Wustite", "series": "FeO Fm-3m"}
    cell = {"lattice": (np.eye(3) * 4.3).tolist(), "species": ["Fe"] * 4 + ["O"] * 4, "sites": [0], "cost": [cost]}
    corners = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    cell["fractions"] = [*corners.tolist(), *(corners + 0.5).tolist()]
    return about | cell | {"ligand": ["O"], "reference": "somebody"} | more


def test_the_cheapest_come_first_and_copies_and_what_is_no_oxide_cost_twice_as_much(monkeypatch):
    monkeypatch.setattr(build, "WANTED", {"Fe": 5})
    rows = [row("a", cost=3e3), row("a/distorted-Fe-1", kind="distorted-natural", cost=3e3)]
    rows += [row("b"), row("b/distorted-Fe-1", kind="distorted-natural", cost=1e3)]
    rows += [row("c", kind="old"), row("c/distorted-Fe-1", kind="distorted-old", cost=2e3)]
    rows += [row("d", ligand=["S"], cost=1.5e3), row("a", metal="Cr", cost=9e3)]
    asked = [(each["id"], each["metal"]) for each in build.queue(rows, {("c", "Fe")})]
    assert asked == [
        ("b", "Fe"),
        ("a", "Fe"),
        ("b/distorted-Fe-1", "Fe"),
        ("d", "Fe"),
        ("a", "Cr"),
        ("c/distorted-Fe-1", "Fe"),
        ("a/distorted-Fe-1", "Fe"),
    ]


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


def test_spectra_of_the_shipped_dataset_are_not_simulated_again_unless_its_crystal_is_another(tmp_path):
    shipped = load_everything()
    (crystal,) = materials(data=shipped, wanted=[("amcsd-00018", "Cu")])
    cell = crystal.structure
    same = row("amcsd-00018", "Cu", lattice=cell.lattice.matrix.tolist(), species=[s.specie.symbol for s in cell])
    same |= {"fractions": cell.frac_coords.tolist()}
    other = same | {"fractions": (cell.frac_coords + 0.01 * np.eye(len(cell), 3)).tolist()}
    for each, count in ((other, 0), (same, 1)):
        with Store.open(tmp_path / "store") as store:
            seed(store, [each], tmp_path, shipped)
            assert len(store.keys()) == count
