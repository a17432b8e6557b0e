"""From FEFF runs to a dataset: averages, labels, what is left out and why, and resuming."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from feff_runs import CUO, MNO, finished, tree_files, write_archive, write_folder, xmu
from firstshell.dataset.feff import FeffOptions, import_feff
from firstshell.dataset.table import read_dataset
from firstshell.errors import InputError
from firstshell.io.spectra.xmu import parse_xmu
from firstshell.io.structures.files import parse_structure
from firstshell.simulation import simulate, xanes

# Rock salt with sulfur in the middle of the cell: the copper at the corner and the three on the faces differ.
ONE_AND_THREE = """Cu4 S1 O3
4.6
1.0 0.0 0.0
0.0 1.0 0.0
0.0 0.0 1.0
Cu S O
4 1 3
direct
0.0 0.0 0.0
0.0 0.5 0.5
0.5 0.0 0.5
0.5 0.5 0.0
0.5 0.5 0.5
0.5 0.0 0.0
0.0 0.5 0.0
0.0 0.0 0.5
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feff")
    write_archive(tree_files(), folder / "runs.tar.xz")
    return import_feff(folder / "runs.tar.xz", folder / "data.parquet", workers=0), folder


def test_labels_and_spectra(data):
    dataset, folder = data
    assert dataset.frame["id"].tolist() == ["mp-1", "mp-3"]
    assert dataset.frame["metal"].tolist() == ["Cu", "Mn"]
    assert dataset.frame["formula"].tolist() == ["CuO", "MnO"]
    assert dataset.frame["oxidation_state"].tolist() == [2, 2]
    assert dataset.frame["coordination_number"].tolist() == [4, 6]
    assert dataset.frame["bond_length"].tolist() == pytest.approx([1.95, 2.223], abs=0.01)
    assert dataset.frame["missing_sites"].tolist() == [0, 0]
    assert dataset.frame["source"].tolist() == ["FEFF 9.9.1"] * 2
    expected = xanes.prepare(parse_xmu(xmu(), "x").normalised("Cu"), xanes.XanesParams()).values
    assert np.allclose(dataset.spectra["xanes"][0], expected, rtol=1e-6)
    structure = parse_structure(MNO, format="poscar", source="x")
    for name in ("pdf", "dpdf"):
        assert np.allclose(dataset.spectra[name][1], simulate(structure, "Mn", name).values, rtol=1e-6, atol=1e-6)
    assert read_dataset(folder / "data.parquet").hash == dataset.hash


def test_sites_are_averaged_by_multiplicity_and_missing_ones_marked(tmp_path):
    files = {
        "a/POSCAR": ONE_AND_THREE,
        "a/FEFF-XANES/000_Cu/xmu.dat": xmu(shift=-1.0),
        "a/FEFF-XANES/002_Cu/xmu.dat": xmu(shift=2.0),
    }
    dataset = import_feff(write_folder(files, tmp_path / "t"), options=FeffOptions(sites=True), workers=0)
    sites = dataset.select("Cu", "site")
    assert sites.frame["multiplicity"].tolist() == [1, 3]
    corner, faces = sites.spectra["xanes"]
    assert np.abs(corner - faces).max() > 0.01
    assert np.allclose(dataset.select("Cu").spectra["xanes"][0], (corner + 3 * faces) / 4)
    # Two spectra of equivalent atoms count as one site.
    twice = files | {"a/FEFF-XANES/003_Cu/xmu.dat": files["a/FEFF-XANES/002_Cu/xmu.dat"]}
    again = import_feff(write_folder(twice, tmp_path / "v"), workers=0)
    assert np.allclose(again.spectra["xanes"][0], (corner + 3 * faces) / 4)
    del files["a/FEFF-XANES/000_Cu/xmu.dat"]
    partly = import_feff(write_folder(files, tmp_path / "u"), workers=0)
    assert partly.frame["missing_sites"].tolist() == [1]
    assert np.allclose(partly.spectra["xanes"][0], faces)


BROKEN = {
    "truncated": ({"FEFF-XANES/000_Cu/xmu.dat": xmu()[:5000]}, "spectrum", "cut short|six numbers"),
    "nan": ({"FEFF-XANES/000_Cu/xmu.dat": xmu().replace(" 1.", " NaN ", 1)}, "spectrum", "six numbers|not finite"),
    "empty": ({"FEFF-XANES/000_Cu/xmu.dat": ""}, "spectrum", "no spectrum"),
    "short": ({"FEFF-XANES/000_Cu/xmu.dat": xmu(last_k=2.0)}, "spectrum", "spans .* and the grid"),
    "index": ({"FEFF-XANES/006_Cu/xmu.dat": xmu()}, "spectrum", "atom 6 of the POSCAR is not Cu"),
    "beyond": ({"FEFF-XANES/099_Cu/xmu.dat": xmu()}, "spectrum", "atom 99 of the POSCAR is not Cu"),
    "edge": ({"FEFF-XANES/000_Cu/xmu.dat": xmu(fermi=7112.0)}, "spectrum", "not the K edge of Cu"),
    "no metal": ({"POSCAR": MNO}, "material", "holds no Cu"),
    "no poscar": ({"POSCAR": None}, "material", "no POSCAR"),
    "bad poscar": ({"POSCAR": "Cu\nnot a cell\n"}, "material", "POSCAR"),
    "no element": ({"FEFF-XANES/000_Qq/xmu.dat": xmu(), "FEFF-XANES/000_Cu/xmu.dat": None}, "material", "Qq"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_one_broken_material_stops_no_other(tmp_path, name):
    changes, stage, message = BROKEN[name]
    files = {"bad/POSCAR": CUO, "bad/FEFF-XANES/000_Cu/xmu.dat": xmu()}
    files |= {f"bad/{k}": v for k, v in changes.items()}
    if name in ("index", "beyond"):
        del files["bad/FEFF-XANES/000_Cu/xmu.dat"]
    files = {k: v for k, v in (tree_files() | files).items() if v is not None}
    dataset = import_feff(write_folder(files, tmp_path / "runs"), workers=0)
    assert dataset.frame["id"].tolist() == ["mp-1", "mp-3"]
    left_out = dataset.excluded
    assert set(left_out["id"]) == {"bad"}
    assert left_out["reason"][left_out["stage"] == stage].str.contains(message, regex=True).any(), left_out.values


def test_metals_by_choice(tmp_path):
    folder = write_folder(tree_files(), tmp_path / "runs")
    assert import_feff(folder, options=FeffOptions(metals=("Mn",)), workers=0).metals == ("Mn",)
    with pytest.raises(InputError, match=r"no spectra of Fe in it. It holds Cu, Mn"):
        import_feff(folder, options=FeffOptions(metals=("Fe",)), workers=0)


def test_a_tree_of_which_nothing_can_be_used(tmp_path):
    files = {"bad/POSCAR": CUO, "bad/FEFF-XANES/000_Cu/xmu.dat": ""}
    with pytest.raises(InputError, match=r"nothing in it can be used; the first reason: .*no spectrum"):
        import_feff(write_folder(files, tmp_path / "runs"), workers=0)


@pytest.mark.slow
def test_workers_and_order_do_not_matter(data, tmp_path):
    dataset, folder = data
    again = import_feff(write_folder(tree_files(), tmp_path / "runs"), tmp_path / "data.parquet", workers=2)
    assert again.hash == dataset.hash
    assert (tmp_path / "data.parquet").read_bytes() == (folder / "data.parquet").read_bytes()


@pytest.mark.slow
def test_kill_and_resume_give_the_same_bytes(data, tmp_path):
    files = {f"m{i:02d}/{k.split('/', 1)[1]}": v for i in range(20) for k, v in tree_files().items() if "mp-1" in k}
    folder = write_folder(files, tmp_path / "runs")
    import_feff(folder, tmp_path / "whole.parquet", workers=0)
    command = [sys.executable, "-m", "firstshell", "import-feff", str(folder), "--out", str(tmp_path / "cut.parquet")]
    process = subprocess.Popen([*command, "--workers", "1"], stderr=subprocess.DEVNULL, start_new_session=True)
    store = tmp_path / "cut.store"
    while process.poll() is None and finished(store) < 3:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 3 <= finished(store) < 20
    assert not (tmp_path / "cut.parquet").exists()
    import_feff(folder, tmp_path / "cut.parquet", workers=0)
    assert (tmp_path / "cut.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_changed_file_is_imported_again(tmp_path):
    folder = write_folder(tree_files(), tmp_path / "runs")
    first = import_feff(folder, tmp_path / "data.parquet", workers=0)
    (folder / "mp-1/FEFF-XANES/000_Cu/xmu.dat").write_text(xmu(shift=1.0))
    second = import_feff(folder, tmp_path / "data.parquet", workers=0)
    assert not np.array_equal(first.spectra["xanes"][0], second.spectra["xanes"][0])
    assert np.array_equal(first.spectra["xanes"][1], second.spectra["xanes"][1])


@pytest.mark.filterwarnings("ignore::firstshell.errors.DomainWarning")  # a cell of 216 Å³ an atom
def test_reasons_are_recorded(tmp_path):
    lonely = MNO.replace("Mn1 O1", "gas").replace("2.223", "6.0")
    files = {"x/POSCAR": lonely, "x/FEFF-XANES/000_Mn/xmu.dat": xmu(fermi=6543.7)}
    frame = import_feff(write_folder(files, tmp_path / "runs"), workers=0).frame
    reasons = json.loads(frame["reasons"][0])
    for target in ("oxidation_state", "coordination_number", "bond_length"):
        assert frame[target].isna()[0] == (target in reasons)
    assert reasons


@pytest.mark.slow
def test_a_spoilt_file_leaves_out_its_material_and_is_named(tmp_path):
    files = tree_files()
    good, crystal = files["mp-1/FEFF-XANES/000_Cu/xmu.dat"], files["mp-1/POSCAR"]
    lines = good.split("\n")
    words = lines[60].split()
    lines[60] = " ".join([*words[:3], str(3 * float(words[3])), *words[4:]])
    files |= {"mp-4/POSCAR": crystal, "mp-4/FEFF-XANES/000_Cu/xmu.dat": "\n".join(lines)}
    wide = crystal.replace("4.6837 0.0 0.0", "4.6837 0.0 0.0 1.0")
    files |= {"mp-5/POSCAR": wide, "mp-5/FEFF-XANES/000_Cu/xmu.dat": good}
    data = import_feff(write_folder(files, tmp_path / "runs"), workers=1)
    assert set(data.frame["id"]) == {"mp-1", "mp-3"}
    reasons = " ".join(data.excluded["reason"])
    assert "mp-4/FEFF-XANES/000_Cu/xmu.dat:61: χ is not μ − μ0" in reasons
    assert "mp-5/POSCAR:3: there are more numbers in this row" in reasons
