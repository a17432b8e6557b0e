"""`firstshell predict`: what it says, writes and refuses."""

import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from firstshell.dataset.table import write_dataset
from firstshell.measured.xanes.population import PLAIN
from firstshell.prediction import model_cache as models
from firstshell.prediction.model_file import load_predictor
from quick import QUICK, quick_data, write_gr, write_scan


@pytest.mark.slow
def test_one_sample_is_told_in_a_paragraph(command, saved, tmp_path):
    path = write_scan(tmp_path / "a.dat", charge=3, number=6)
    words = ["predict", path, "--model", saved / "xanes.npz", "--align", "none"]
    status, short, _ = command(*words)
    assert status == 0
    (line,) = [line for line in short.splitlines() if line.startswith("a ")]
    assert re.search(
        r"Cu +\d\.\d\d \(\d\.\d\d to \d\.\d\d\) .*\d\.\d{3} \(\d\.\d{3} to \d\.\d{3}\) +(in domain|OUTSIDE)", line
    )
    status, out, err = command(*words, "-v")
    assert (status, err) == (0, "")
    assert "a: Cu, from XANES (a.dat)" in out
    assert re.search(r"Oxidation state +\d\.\d\d \(90 % interval \d\.\d\d to \d\.\d\d\)  \+2: \d+ %, \+3: \d+ %", out)
    assert re.search(r"Coordination number +\d\.\d\d .*4: \d+ %, 5: \d+ %, 6: \d+ %", out)
    assert re.search(r"Mean bond length +\d\.\d{3} Å \(90 % interval \d\.\d{3} to \d\.\d{3} Å\)", out)
    assert re.search(r"omain.*differs by \d\.\d{3} edge steps from the nearest training spectrum \(limit", out)
    assert re.search(r"nearest: synthetic, \w+ \(cu-\d{4}(, site \d)?\) \d\.\d{3};", out)
    assert "Energies as in the file" in out
    assert "averages over all sites" in out


@pytest.mark.slow
def test_many_samples_are_a_table_files_and_pictures(command, saved, tmp_path, monkeypatch):
    monkeypatch.setattr("firstshell.api.answers.PICTURES", 2)
    files = [write_scan(tmp_path / f"scan{i}.dat", charge=2 + i % 2, number=4 + i % 3) for i in range(8)]
    (tmp_path / "bad.dat").write_text("nothing")
    out = tmp_path / "answers"
    status, text, err = command("predict", *files, tmp_path / "bad.dat", "--model", saved / "xanes.npz", "--out", out)
    assert status == 0
    assert err.startswith("not used: bad.dat: ")
    assert len([line for line in text.splitlines() if line.startswith("scan")]) == 8
    table = pd.read_csv(out / "answers.csv")
    assert len(table) == 8
    assert {"oxidation_state", "bond_length (Å)", "bond_length_low (Å)", "P(oxidation_state = 2)", "in_domain"} <= set(
        table
    )
    assert {"energy_shift (eV)", "xanes_distance (edge steps)", "xanes_nearest"} <= set(table)
    classes = [name for name in table if name.startswith("P(coordination_number")]
    assert np.allclose(table[classes].sum(axis=1), 1.0)
    assert classes == sorted(classes)
    assert (table["coordination_number_low"] <= table["coordination_number"]).all()
    again = pd.read_parquet(out / "answers.parquet")
    assert list(again) == list(table)
    assert np.allclose(again["bond_length (Å)"], table["bond_length (Å)"])
    names = {path.name for path in out.iterdir()}
    pictures = {f"sample_0{i}.{kind}" for i in (1, 2) for kind in ("png", "svg")}
    assert names == pictures | {"answers.csv", "answers.parquet", "answers.json", "series.png", "series.svg"}
    assert (out / "series.png").read_bytes().startswith(b"\x89PNG")
    assert "Oxidation state" in (out / "series.svg").read_text()
    assert "μ(E) (edge steps)" in (out / "sample_01.svg").read_text()


@pytest.mark.slow
def test_pairs_evidence_and_pictures_of_both(command, saved, tmp_path):
    files = [write_scan(tmp_path / "x.dat", charge=3), write_gr(tmp_path / "y.gr")]
    out = tmp_path / "answers"
    status, text, err = command(
        "predict", *files, "--metal", "Cu", "--model", saved / "both.npz", "--explain", "-v", "--out", out
    )
    assert (status, err) == (0, "")
    assert "from XANES + PDF (x.dat, y.gr)" in text
    assert "windows of the XANES and PDF that move it most" in text
    evidence = pd.read_csv(out / "evidence.csv")
    assert len(evidence) == 3 * 2 * 8
    assert set(evidence["unit of low and high"]) == {"eV", "Å"}
    svg = (out / "sample_01.svg").read_text()
    assert "Evidence: bond length" in svg
    assert "G(r) / RMS" in svg


def test_ranges_and_shifts_reach_the_model(command, saved, tmp_path):
    path = write_scan(tmp_path / "a.dat")
    words = ["predict", path, "--model", saved / "xanes.npz", "-v"]
    _, plain, _ = command(*words, "--align", "none")
    _, moved, _ = command(*words, "--align", "-2.5")
    assert "moved by −2.50 eV, as given" in moved
    assert moved != plain
    _, cut, _ = command(*words, "--align", "none", "--norm1", "80", "--norm2", "200", "--pre1", "-120", "--pre2", "-60")
    assert cut != plain
    status, _, err = command(*words, "--e0", "7112")
    assert status == 2
    assert "before the edge at 7112.0 eV" in err


@pytest.mark.slow
def test_what_of_a_file_is_taken_can_be_said(command, saved, tmp_path):
    path = write_scan(tmp_path / "a.dat")
    words = ["predict", path, "--model", saved / "xanes.npz", "--align", "none"]
    status, plain, _ = command(*words)
    assert status == 0
    assert re.search(r"columns of text: μ from mu; Cu K edge, E0 \d{4}\.\d eV, line −\d+ to −\d+ eV, curve", plain)
    status, out, _ = command(*words, "--columns", "energy=1,mu=-2*(2-2-2)/2")
    assert status == 0
    assert "μ from -2*(2-2-2)/2;" in out
    assert command(*words, "--signal", "mu", "--format", "columns")[0] == 0
    for option, message in ((("--signal", "fluorescence"), "has no signal"), (("--format", "xds"), "no format 'xds'")):
        status, _, err = command(*words, *option)
        assert status == 2
        assert message in err


@pytest.mark.slow
def test_a_model_is_trained_kept_and_saved(command, tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTSHELL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(models, "TrainingParams", lambda: QUICK)
    write_dataset(quick_data(), tmp_path / "data.parquet")
    (tmp_path / "t.json").write_text(PLAIN.to_json())
    path = write_scan(tmp_path / "a.dat")
    words = ["predict", path, "--data", tmp_path / "data.parquet", "--transfer", tmp_path / "t.json"]
    words += ["--align", "none", "--progress", "plain"]
    status, first, err = command(*words, "--save-model", tmp_path / "m.npz")
    assert status == 0
    assert "Training for Cu, xanes" in err
    assert [p.suffix for p in (tmp_path / "cache" / "models").iterdir()] == [".npz"]
    models._cached.cache_clear()
    assert command(*words) == (0, first, "")  # not trained again
    assert load_predictor(tmp_path / "m.npz").metal == "Cu"
    assert command("predict", path, "--model", tmp_path / "m.npz", "--align", "none") == (0, first, "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["absent.dat"], "absent.dat: no such file"),
        (["{scan}", "--metal", "Fe"], "K edge of Cu, not of Fe"),
        (["{scan}", "--metal", "Xx"], "not an element"),
        (["{scan}", "--align", "guess"], "cannot align by 'guess'"),
        (["{scan}", "--align", "foil"], "no foil"),
        (["{iron}"], "the model is of Cu from xanes, not of Fe from xanes"),
        (["{pdf}", "--metal", "Cu"], "not of Cu from pdf"),
        (["{pdf}"], "its metal"),
        (["{scan}", "--data", "{scan}"], "a saved model is trained already"),
        (["{scan}", "--norm1", "-5"], "post-edge range"),
        (["{pdf}", "--metal", "Cu", "--qmax", "-3"], "qmax"),
    ],
)
def test_bad_input_is_one_line_and_status_2(command, saved, tmp_path, words, message):
    places = {
        "scan": write_scan(tmp_path / "a.dat"),
        "iron": write_scan(tmp_path / "iron.dat", "Fe"),
        "pdf": write_gr(tmp_path / "b.gr"),
    }
    status, out, err = command("predict", *(word.format(**places) for word in words), "--model", saved / "xanes.npz")
    assert (status, out) == (2, "")
    assert re.search(message, err), err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(("option", "message"), [("--model", "not a model"), ("--transfer", "no transfer file")])
def test_files_that_are_something_else(command, tmp_path, option, message):
    path = write_scan(tmp_path / "a.dat")
    status, _, err = command("predict", path, option, path)
    assert status == 2
    assert message in err


def test_only_one_model_can_be_saved(command, saved, tmp_path, monkeypatch):
    known = {"Cu": load_predictor(saved / "xanes.npz")}
    known["Fe"] = replace(known["Cu"], metal="Fe")
    monkeypatch.setattr(models, "predictor", lambda metal, inputs, **how: known[metal])
    files = [write_scan(tmp_path / "a.dat"), write_scan(tmp_path / "b.dat", "Fe")]
    status, _, err = command("predict", *files, "--save-model", tmp_path / "m.npz")
    assert status == 2
    assert "there are 2 models: Cu from xanes, Fe from xanes" in err
    assert not (tmp_path / "m.npz").exists()


def test_an_answer_needs_no_slow_package(saved, tmp_path, monkeypatch):
    """A model that is kept answers in well under a second: what takes longer to import is not."""
    path = write_scan(tmp_path / "a.dat")
    code = f"""
import sys
from firstshell import cli
from firstshell.prediction import model_cache as models
from firstshell.prediction.model_file import load_predictor
model = load_predictor({str(saved / "xanes.npz")!r})
models.predictor = lambda *a, **k: model
sys.argv = ["firstshell", "predict", {str(path)!r}, "-v"]
cli.main()
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    slow = {"scipy", "pandas", "sklearn", "shap", "numba", "pymatgen", "matplotlib", "xraydb", "larch", "h5py"}
    slow |= {"numpy.random"}
    assert not slow & loaded
    assert "Oxidation state" in done.stdout


@pytest.mark.slow
def test_ctrl_c_while_training_leaves_nothing_half_done(tmp_path):
    path = write_scan(tmp_path / "a.dat", "Fe")
    command = [sys.executable, "-m", "firstshell", "predict", path, "--progress", "plain"]
    environment = {"FIRSTSHELL_CACHE": str(tmp_path / "cache"), "PATH": "", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert "Training for Fe" in process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    # Where Ctrl-C met an import, Python may end by the signal itself, once all is tidied up; shells call both 130.
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
