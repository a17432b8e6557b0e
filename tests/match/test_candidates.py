import pickle
import shutil

import pytest

from firstshell.errors import InputError
from firstshell.io.structures.files import read_structure
from firstshell.match.candidates import find_candidates
from places import DATA

STRUCTURES = DATA / "structures"


def test_a_folder_gives_those_with_the_metal():
    found = find_candidates(STRUCTURES, "Ti")
    assert sorted(each.name for each in found.found) == ["SrTiO3.cif", "anatase.cif", "rutile.cif"]
    assert all(
        "Ti" in reason for _, reason in ((each.id, each.reason) for each in found.refused) if "holds no" in reason
    )


def test_the_composition_leaves_others_out():
    found = find_candidates(STRUCTURES, "Ti", ("O",))
    assert sorted(each.name for each in found.found) == ["anatase.cif", "rutile.cif"]


def test_a_list_of_files(tmp_path):
    shutil.copy(STRUCTURES / "rutile.cif", tmp_path / "1234567.cif")
    (tmp_path / "cod.csv").write_text("file,a,b\n1234567,4.6,4.6\n7654321,1,1\n")
    found = find_candidates(tmp_path / "cod.csv", "Ti")
    assert [each.formula for each in found.found] == ["TiO2"]
    assert found.refused[0].id == "7654321"


@pytest.mark.parametrize(("text", "what"), [("name\nx\n", "no column file"), ("file\nabsent\n", "none of the files")])
def test_bad_lists_are_refused(tmp_path, text, what):
    (tmp_path / "cod.csv").write_text(text)
    with pytest.raises(InputError, match=what):
        find_candidates(tmp_path / "cod.csv", "Ti")


def test_no_candidate_with_the_metal():
    with pytest.raises(InputError, match=r"no candidate with Fe; the first reason: rutile\.cif: holds no Fe"):
        find_candidates(STRUCTURES / "rutile.cif", "Fe")
    with pytest.raises(InputError, match="no candidate with Ti of Fe"):
        find_candidates(STRUCTURES, "Ti", ("Fe",))


def test_partial_occupancy_is_refused_by_name(tmp_path):
    shutil.copy(STRUCTURES / "anatase.cif", tmp_path)
    text = (STRUCTURES / "rutile.cif").read_text().replace("Ti1 0 0 0 1.0", "Ti1 0 0 0 0.5")
    lines = [line for line in text.splitlines() if "_chemical_formula_sum" not in line]
    (tmp_path / "half.cif").write_text("\n".join(lines))
    found = find_candidates(tmp_path, "Ti")
    assert [each.name for each in found.found] == ["anatase.cif"]
    ((name, reason),) = ((each.id, each.reason) for each in found.refused)
    assert (name, "partly occupied" in reason) == ("half.cif", True), reason


@pytest.mark.slow
def test_the_embedded_dataset_gives_each_structure_once():
    found = find_candidates("embedded", "Ti", ("O",))
    named = {(each.formula, each.space_group) for each in found.found}
    assert {("TiO2", 136), ("TiO2", 141), ("TiO2", 61)} <= named
    rutile = next(each for each in found.found if (each.formula, each.space_group) == ("TiO2", 136))
    assert len(rutile.entries) > 1
    assert found.stored is not None
    with pytest.raises(InputError, match="holds no Zr"):
        find_candidates("embedded", "Zr")


@pytest.mark.slow
def test_minerals_by_their_elements():
    found = find_candidates("amcsd", "Ti", ("O",))
    assert {"Rutile", "Anatase", "Brookite"} <= {each.name.split(" ")[0] for each in found.found}
    with pytest.raises(InputError, match="all of AMCSD"):
        find_candidates("amcsd", "Ti")


@pytest.mark.slow
def test_formulas_have_the_hydrogen_that_atoms_lack():
    of_minerals = {each.name: each.formula for each in find_candidates("amcsd", "Mn", ("Mn", "O")).found}
    assert of_minerals["Pyrochroite (amcsd-11790)"] == "Mn(HO)2"
    assert of_minerals["Pyrolusite (amcsd-11760)"] == "MnO2"
    assert "Mn(HO)2" in {each.formula for each in find_candidates("embedded", "Mn", ("O",)).found}


def test_little_is_kept_of_each_candidate():
    (each,) = find_candidates(STRUCTURES / "rutile.cif", "Ti").found
    (entry,) = each.entries
    assert entry.structure == read_structure(STRUCTURES / "rutile.cif")
    assert len(pickle.dumps(each)) < 1500  # of a structure of pymatgen it is some 10,000
