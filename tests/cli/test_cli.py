"""Every command as a user runs it: what it writes, what it says, how it refuses."""

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from feff_runs import CUO, finished, tree_files, write_archive, write_folder
from firstshell import cli
from firstshell.dataset.table import read_dataset, write_dataset
from firstshell.errors import EngineError
from synthetic import synthetic_dataset

SMALL = ["--set", "study.repeats=2", "--set", 'study.splits=["grouped"]', "--set", 'study.inputs=["xanes","xanes+pdf"]']


@pytest.mark.parametrize(
    "name",
    [
        "study",
        "predict",
        "calibrate",
        "advise",
        "build",
        "merge",
        "fetch",
        "import-feff",
        "simulate",
        "fit",
        "rank",
        "xanes",
        "doctor",
    ],
)
def test_help_has_an_example(command, name):
    status, out, _ = command(name, "--help")
    assert status == 0
    assert f"Example: firstshell {name}" in out


def test_help_is_quick_because_imports_are_lazy():
    heavy = {"pymatgen", "sklearn", "numba", "matplotlib", "pandas", "numpy", "scipy"}
    code = "import sys; from firstshell import cli; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not heavy & set(loaded)


@pytest.mark.slow
def test_simulate_writes_columns_and_plots(command, tmp_path):
    (tmp_path / "CuO.vasp").write_text(CUO)
    status, out, err = command(
        "simulate", tmp_path / "CuO.vasp", "--metal", "Cu", "--modality", "pdf,dpdf", "--out", tmp_path
    )
    assert (status, err) == (0, "")
    for name in ("pdf", "dpdf"):
        assert f"CuO_Cu_{name}.gr" in out
        columns = np.loadtxt(tmp_path / f"CuO_Cu_{name}.gr")
        assert columns.shape == (1000, 2)
        assert (tmp_path / f"CuO_Cu_{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (tmp_path / f"CuO_Cu_{name}.svg").read_text()
    status, out, _ = command(
        "simulate", tmp_path / "CuO.vasp", "--metal", "Cu", "--out", tmp_path, "--no-native", "--per-site"
    )
    assert "CuO_Cu_pdf_site0.gr, CuO_Cu_pdf.png" in out
    assert np.loadtxt(tmp_path / "CuO_Cu_pdf_site0.gr").shape == (100, 2)


@pytest.mark.slow
def test_settings_reach_the_engine(command, tmp_path):
    (tmp_path / "CuO.vasp").write_text(CUO)
    (tmp_path / "study.toml").write_text("[pdf]\nqmax = 20.0\n")
    for name, extra in {"a": [], "b": ["--config", tmp_path / "study.toml"], "c": ["--set", "pdf.qmax=20"]}.items():
        words = ["simulate", tmp_path / "CuO.vasp", "--metal", "Cu", "--modality", "pdf", "--out", tmp_path / name]
        assert command(*words, *extra)[0] == 0
    a, b, c = (np.loadtxt(tmp_path / name / "CuO_Cu_pdf.gr") for name in "abc")
    assert np.array_equal(b, c)
    assert not np.array_equal(a, b)


def test_dpdf_follows_pdf_and_points_win_over_the_native_grid(command, tmp_path):
    (tmp_path / "CuO.vasp").write_text(CUO)
    words = ["simulate", tmp_path / "CuO.vasp", "--metal", "Cu", "--out", tmp_path]
    assert command(*words, "--set", "pdf.rmax=6", "--set", "dpdf.points=50")[0] == 0
    assert np.loadtxt(tmp_path / "CuO_Cu_pdf.gr").shape == (600, 2)
    assert np.loadtxt(tmp_path / "CuO_Cu_dpdf.gr")[[0, -1], 0].tolist() == [0.0, 5.88]


def test_the_example_settings_import_and_study(command, tmp_path):
    folder = write_folder(tree_files(), tmp_path / "runs")
    example = Path(__file__).parents[2] / "examples" / "study.toml"
    words = ["import-feff", folder, "--out", tmp_path / "d.parquet", "--workers", "0", "--config", example]
    status, _, err = command(*words)
    assert status == 0, err


def test_an_import_never_overwrites_its_input(command, tmp_path):
    archive = write_archive(tree_files(), tmp_path / "runs.tar", "w")
    before = archive.read_bytes()
    for out in (archive, tmp_path, tmp_path / "x.store"):
        status, _, err = command("import-feff", archive, "--out", out)
        assert status == 2
        assert "not the name of a dataset" in err or "overwrite the input" in err
    assert archive.read_bytes() == before


@pytest.mark.slow
def test_import_then_study(command, tmp_path):
    folder = write_folder(tree_files(), tmp_path / "runs")
    status, out, _ = command("import-feff", folder, "--out", tmp_path / "data.parquet", "--workers", "0")
    assert status == 0
    assert "Cu: 1 materials" in out
    assert read_dataset(tmp_path / "data.parquet").metals == ("Cu", "Mn")
    write_dataset(synthetic_dataset(60), tmp_path / "made.parquet")
    status, out, err = command(
        "study", tmp_path / "made.parquet", "--out", tmp_path / "study", "--workers", "0", *SMALL
    )
    assert status == 0, err
    page = Path(re.search(r"wrote (.*report\.html)", out)[1])
    assert page.stat().st_size > 10_000
    assert len(out.splitlines()) <= 15
    assert (tmp_path / "study/scores.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["study", "absent.parquet"], "cannot read the dataset"),
        (["study", "{data}", "--metal", "Zr"], "Zr"),
        (["study", "{data}", "--set", "study.repeets=3"], "Did you mean 'repeats'"),
        (["study", "{data}", "--set", "pdf.qmax=24"], "changes nothing: a study takes spectra as they are"),
        (["advise", "--metal", "Fe", "--set", "xanes.emax=40"], "changes nothing"),
        (["study", "{data}", "--set", "repeats=3"], "is not table.key=value"),
        (["study", "{data}", "--set", "studie.repeats=3"], "unknown table \\[studie\\]. Did you mean 'study'"),
        (["study", "{data}", "--set", "study.repeats=many"], "not of type int"),
        (["study", "{data}", "--config", "absent.toml"], "cannot read the settings"),
        (["study", "--with", "embedded"], "adds to a dataset of your own, and none is given"),
        (["study", "{data}", "--with", "{data}"], "the other dataset adds nothing"),
        (["predict", "absent.dat", "--with", "embedded"], "adds to a dataset of your own, and none is given"),
        (["import-feff", "absent"], "no such file or folder"),
        (["simulate", "absent.cif", "--metal", "Cu"], "absent.cif: cannot read the file"),
        (["simulate", "{cuo}", "--metal", "Fe"], "holds no Fe"),
        (["simulate", "{cuo}", "--metal", "Cu", "--modality", "xafs"], "no modality 'xafs'"),
        (["simulate", "{cuo}", "--metal", "Cu", "--set", "pdf.qmax=-1"], "qmax"),
        (["xanes", "absent.inp"], "absent.inp"),
        (["xanes", "{cuo}"], "CuO.vasp"),
    ],
)
def test_bad_input_is_one_line_and_status_2(command, tmp_path, words, message):
    (tmp_path / "CuO.vasp").write_text(CUO)
    write_dataset(synthetic_dataset(12), tmp_path / "data.parquet")
    places = {"data": tmp_path / "data.parquet", "cuo": tmp_path / "CuO.vasp"}
    status, _, err = command(*(word.format(**places) for word in words))
    assert status == 2
    assert re.search(message, err), err
    assert err.startswith("firstshell: ")
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["study", "advise"])
def test_a_command_says_at_once_what_it_does_and_a_bad_input_stays_one_line(command, monkeypatch, name):
    """On a terminal, where the error replaces what was announced; in a log there is nothing to replace."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    words = [name, "absent.parquet", *(["--metal", "Fe"] if name == "advise" else [])]
    status, _, err = command(*words)
    announced, blank, said = err.split("\r")
    assert status == 2
    assert announced.startswith({"study": "Train and test forests on every", "advise": "Advise which"}[name])
    assert announced.endswith(" …")
    assert blank == " " * len(announced)
    assert said.startswith("firstshell: absent.parquet: cannot read the dataset")
    assert said.count("\n") == 1


def test_what_was_announced_is_gone_at_the_end(command, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("firstshell.api.tools.serve", lambda *_, **__: None)
    status, _, err = command("serve")
    assert status == 0
    assert err.startswith("Serve a page")
    assert err.endswith("\r")


def test_engine_failure_and_interrupt_have_their_status(command, monkeypatch):
    def fail(error):
        def raise_it(words):
            raise error

        return raise_it

    monkeypatch.setattr(cli, "app", fail(EngineError("SCF did not converge")))
    assert command()[::2] == (1, "firstshell: SCF did not converge\n")
    monkeypatch.setattr(cli, "app", fail(KeyboardInterrupt()))
    status, _, err = command()
    assert status == 130
    assert "kept" in err


@pytest.mark.slow
def test_doctor(command):
    status, out, err = command("doctor")
    assert err.startswith("Trying every part of firstshell")
    assert status == 0, out
    assert "MnO's tallest peak" in out
    assert "Mn in MnO: 2+, 6 neighbours" in out


@pytest.mark.slow
def test_a_missing_package_is_named(monkeypatch):
    from importlib.metadata import PackageNotFoundError

    from firstshell.api import checkup

    def version(name):
        if name in ("shap", "scikit-learn-intelex"):
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(checkup, "version", version)
    broken = [f for f in checkup.doctor() if f.state == "broken"]
    assert [f.what for f in broken] == ["shap"]
    assert "pip install shap" in broken[0].detail
    assert [f.what for f in checkup.doctor() if f.state == "missing"] == ["scikit-learn-intelex"]


@pytest.mark.slow
def test_ctrl_c_of_an_import_ends_at_once_and_keeps_what_is_done(tmp_path):
    import signal

    files = {f"m{i:02d}/{k.split('/', 1)[1]}": v for i in range(40) for k, v in tree_files().items() if "mp-1" in k}
    folder = write_folder(files, tmp_path / "runs")
    command = [
        sys.executable,
        "-m",
        "firstshell",
        "import-feff",
        folder,
        "--out",
        tmp_path / "d.parquet",
        "--workers",
        "2",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while process.poll() is None and finished(tmp_path / "d.store") < 3:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "what was finished is kept" in err
    assert 3 <= finished(tmp_path / "d.store") < 40
