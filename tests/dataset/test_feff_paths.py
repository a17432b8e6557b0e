"""Scattering paths from a tree of FEFF runs: those of our own simulation; what is refused; EXAFS made of them."""

from contextlib import nullcontext

import numpy as np
import pytest

from feff_runs import MNO, tree_files, with_paths, write_archive, write_folder
from firstshell.dataset.exafs import LEGS, LONGEST, make_paths, with_spectra
from firstshell.dataset.feff import import_feff
from firstshell.dataset.feff_paths import K, moved, threshold
from firstshell.dataset.paths import read_paths
from firstshell.dataset.table import read_dataset
from firstshell.errors import InputError
from firstshell.io.feff_paths import parse_run
from firstshell.io.structures.files import parse_structure
from firstshell.simulation.exafs import Conditions, chi_under
from firstshell.simulation.feff import paths as module

UNDER = Conditions(*(np.array([value]) for value in (2.0, 0.005, 0.0095, 1.0)))
RUN = "mp-3/FEFF-EXAFS/000_Mn"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of feff6l for MnO."""
    folder = tmp_path_factory.mktemp("feff6")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "scratch_folder", lambda: nullcontext(folder))
        structure = parse_structure(MNO, format="poscar", source="x")
        module.site_paths(structure, 0, longest=LONGEST, legs=LEGS, timeout=60)
    return folder


@pytest.fixture(scope="module")
def tree(run):
    return with_paths(tree_files(), run, "mp-3", "000_Mn")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_paths_are_those_of_our_own_simulation(tree, tmp_path, workers):
    data = import_feff(write_archive(tree, tmp_path / "runs.tar.xz"), tmp_path / "data.parquet", workers=workers)
    assert not make_paths(data, tmp_path / "own-paths.parquet", workers=0)
    ((key, found),) = data.paths.tables.items()
    own = read_paths(tmp_path / "own-paths.parquet")[key]
    assert key == ("mp-3", "Mn", 0)
    assert found.multiplicity == own.multiplicity
    for name, values in vars(own.table).items():
        assert np.array_equal(getattr(found.table, name), values), name


def test_exafs_is_made_of_them(tree, tmp_path):
    import_feff(write_folder(tree, tmp_path / "runs"), tmp_path / "data.parquet", workers=0)
    made = with_spectra(read_dataset(tmp_path / "data.parquet"), ["exafs"])
    assert made.frame["id"].tolist() == ["mp-3"]  # the copper oxide has no paths
    assert np.isfinite(made.spectra["exafs"]).all()


def test_paths_beside_the_xanes_are_taken_too(run, tmp_path):
    files = with_paths(tree_files(), run, "mp-3", "000_Mn", kind="XANES")
    data = import_feff(write_folder(files, tmp_path / "runs"), tmp_path / "data.parquet", workers=0)
    assert len(data.paths.tables) == 1


def test_paths_of_an_earlier_import_do_not_stay(tree, tmp_path):
    import_feff(write_folder(tree, tmp_path / "one"), tmp_path / "data.parquet", workers=0)
    data = import_feff(write_folder(tree_files(), tmp_path / "two"), tmp_path / "data.parquet", workers=0)
    assert data.paths is None
    assert not (tmp_path / "data-paths.parquet").exists()


def longest(files, length):
    """Leave out the paths that are longer than so many Å."""
    listed = files[f"{RUN}/files.dat"].splitlines(keepends=True)
    gone = {line.split()[0] for line in listed if line.startswith(" feff") and float(line.split()[5]) > length}
    kept = "".join(line for line in listed if line.split()[0] not in gone)
    return {k: v for k, v in files.items() if k.rpartition("/")[2] not in gone} | {f"{RUN}/files.dat": kept}


def changed(name, old, new=""):
    return lambda files: files | {f"{RUN}/{name}": files[f"{RUN}/{name}"].replace(old, new)}


def every(old, new):
    return lambda files: {k: v.replace(old, new) if "/feff0" in k else v for k, v in files.items()}


BROKEN = {
    "no list": (lambda files: {k: v for k, v in files.items() if "files.dat" not in k}, "there is no files.dat"),
    "a lost path": (lambda files: {k: v for k, v in files.items() if "feff0003" not in k}, "names feff0003.dat, which"),
    "a path too many": (lambda files: files | {f"{RUN}/feff9999.dat": ""}, "does not name feff9999.dat"),
    "a cut path": (lambda files: files | {f"{RUN}/feff0002.dat": files[f"{RUN}/feff0002.dat"][:3000]}, "cut short"),
    "a cut list": (changed("files.dat", "feff0005.dat 0.00000", "feff0005.dat"), "files.dat: cut short"),
    "lost rows": (changed("feff0004.dat", "\n 20.000", "\n# 20.000"), "cut short"),
    "lost last row": (
        lambda files: files | {f"{RUN}/feff0004.dat": files[f"{RUN}/feff0004.dat"].rpartition(" 20.000")[0]},
        "wave numbers are not those|cut short",
    ),
    "not finite": (changed("feff0004.dat", " 19.000", " nan"), "feff0004.dat: cut short, or not as FEFF"),
    "other run": (changed("feff0001.dat", "   6.000 ", "   5.000 "), "not the path that files.dat describes"),
    "another absorber": (every("Abs   Z=25", "Abs   Z=26"), "its absorber is Fe, not Mn"),
    "one other absorber": (changed("feff0002.dat", "Abs   Z=25", "Abs   Z=26"), "absorber or wave numbers"),
    "another edge": (every("K shell", "L3 shell"), "of the L3 edge"),
    "too short": (lambda files: longest(files, 4.0), "RPATH 5"),
    "another atom": (lambda files: {k.replace("000_Mn/f", "001_Mn/f"): v for k, v in files.items()}, "is not Mn"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_spoilt_paths_are_named_once_and_the_material_stays(tree, tmp_path, name):
    change, message = BROKEN[name]
    data = import_feff(write_folder(change(tree), tmp_path / "runs"), tmp_path / "data.parquet", workers=0)
    assert data.paths is None
    assert data.frame["id"].tolist() == ["mp-1", "mp-3"]
    assert data.excluded["stage"].tolist() == ["paths"]
    assert data.excluded["reason"].str.contains(message, regex=True).all(), data.excluded["reason"][0]
    assert "mp-3/FEFF-EXAFS/" in data.excluded["reason"][0]


def test_paths_of_another_crystal_are_refused(tree, tmp_path):
    stretched = tree | {"mp-3/POSCAR": tree["mp-3/POSCAR"].replace("2.223", "2.45")}
    data = import_feff(write_folder(stretched, tmp_path / "runs"), tmp_path / "data.parquet", workers=0)
    assert data.paths is None
    assert data.excluded["reason"].str.contains("not that of this atom of the POSCAR").all()


@pytest.mark.parametrize("shift", [-5.5, 3.75])
def test_another_threshold_is_found_and_taken_back(run, shift):
    own = module.read_paths(run)
    other = moved(own, shift)
    found, left = threshold(other, own)
    assert found == -shift
    assert left < 1e-3
    again = chi_under(moved(other, found), K, UNDER)
    expected = chi_under(own, K, UNDER)
    assert np.abs(K**2 * (again - expected)).max() < 0.02 * np.abs(K**2 * expected).max()


@pytest.mark.slow
def test_a_link_among_the_paths_is_named(tree, tmp_path):
    folder = write_folder(tree, tmp_path / "runs")
    (folder / RUN / "feff0001.dat").unlink()
    (folder / RUN / "feff0001.dat").symlink_to(folder / RUN / "feff0002.dat")
    data = import_feff(folder, tmp_path / "data.parquet", workers=1)
    assert data.excluded["stage"].tolist() == ["paths"]
    assert "a link" in data.excluded["reason"][0]


def test_paths_that_end_early_are_refused(tree, tmp_path):
    files = {
        k: v.rpartition(" 13.000")[0].rstrip(" ") if k.rpartition("/")[2].startswith("feff0") else v
        for k, v in tree.items()
    }
    data = import_feff(write_folder(files, tmp_path / "runs"), tmp_path / "data.parquet", workers=0)
    assert data.excluded["reason"].str.contains(r"reach from k = 0.0 to 12.0 Å⁻¹. Run FEFF with the card EXAFS").all()


def test_a_run_without_files_is_refused():
    with pytest.raises(InputError, match=r"x: there is no files\.dat beside the paths"):
        parse_run({}, "x")
