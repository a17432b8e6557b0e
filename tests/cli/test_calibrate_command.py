"""`firstshell calibrate`: standards in, transfers of a beamline out."""

import re

import numpy as np
import pandas as pd
import pytest

from feff_runs import CUO
from firstshell import simulation as modalities
from firstshell.errors import EngineError
from firstshell.measured.xanes import standards
from firstshell.measured.xanes.population import default_population, read_population
from firstshell.simulation.xanes import XanesParams, grid
from firstshell.types import Spectrum
from quick import level, write_scan

CU2O = """Cu2O
1.0
4.27 0 0
0 4.27 0
0 0 4.27
Cu O
4 2
Direct
0.25 0.25 0.25
0.75 0.75 0.25
0.75 0.25 0.75
0.25 0.75 0.75
0 0 0
0.5 0.5 0.5
"""
KINDS = {"CuO": {"charge": 2, "number": 4}, "Cu2O": {"charge": 1, "number": 6}}
OFF = 2.0


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Standards of a beamline whose energies are off, and an engine that needs no time."""
    (tmp_path / "CuO.vasp").write_text(CUO)
    (tmp_path / "Cu2O.vasp").write_text(CU2O)
    for name, kind in KINDS.items():
        write_scan(tmp_path / f"{name}.dat", shift=OFF, **kind)
    (tmp_path / "list.csv").write_text(
        "\ufefffile, structure ,metal\nCuO.dat,CuO.vasp,Cu\nCu2O.dat,Cu2O.vasp, Cu\n", encoding="utf-8"
    )
    monkeypatch.setattr(standards, "STARTS", (0.0,))
    return tmp_path


@pytest.fixture
def simulated(monkeypatch):
    """Structures that were simulated."""
    calls = []

    def simulate(structure, metal, modality, params, per_site=False):
        formula = structure.composition.reduced_formula
        calls.append((formula, metal, modality, params))
        energy, mu = level(**KINDS[formula])
        values = np.interp(grid(params).values, energy, mu)
        return Spectrum(grid(params, metal), values, "xanes", "μ(E)", "edge steps", metal)

    monkeypatch.setattr(modalities, "simulate", simulate)
    return calls


def calibrate(command, folder, *more):
    return command("calibrate", folder / "list.csv", "--out", folder / "t.json", "--workers", "0", *more)


@pytest.mark.slow
def test_a_beamline_is_told_from_the_default(command, folder, simulated):
    status, out, err = calibrate(command, folder, "--progress", "none")
    assert (status, err) == (0, "")
    found, default = read_population(folder / "t.json"), default_population()
    assert found.compounds == ("Cu2O (Cu2O)", "CuO (CuO)")
    assert found.mean.shift > default.mean.shift + 1.0  # by what the files are off, as far as two standards warrant
    assert re.search(r"energies lie \d\.\d\d eV higher", out)
    assert {call[0] for call in simulated} == {"CuO", "Cu2O"}
    assert {call[3] for call in simulated} == {XanesParams()}
    table = pd.read_csv(folder / "t.csv")
    assert list(table["compound"]) == ["CuO (CuO)", "Cu2O (Cu2O)"]
    assert (table["correlation"] > 0.985).all()
    assert table["shift (eV)"].tolist() == pytest.approx([OFF] * 2, abs=1.0)
    for i in (1, 2):
        assert (folder / f"t_0{i}.png").read_bytes().startswith(b"\x89PNG")
        assert "after the transfer" in (folder / f"t_0{i}.svg").read_text()


@pytest.mark.slow
def test_what_was_simulated_is_not_simulated_again(command, folder, simulated):
    first = calibrate(command, folder, "--progress", "none")
    assert calibrate(command, folder, "--progress", "none") == first
    assert len(simulated) == 2
    (folder / "CuO.vasp").write_text(CUO.replace("4.68", "4.70") if "4.68" in CUO else CUO.replace("1.0", "1.01", 1))
    calibrate(command, folder, "--progress", "none")
    assert len(simulated) == 3


@pytest.mark.slow
def test_hydrogen_is_left_out_of_the_structures(command, folder, simulated):
    hydrous = CU2O.replace("Cu O\n4 2", "Cu O H\n4 2 1") + "0.5 0 0\n"
    (folder / "Cu2O.vasp").write_text(hydrous)
    assert calibrate(command, folder, "--progress", "none")[0] == 0
    assert {call[0] for call in simulated} == {"CuO", "Cu2O"}


def test_a_structure_that_cannot_be_simulated_is_named(command, folder, monkeypatch):
    def fail(*args, **more):
        raise EngineError("SCF did not converge")

    monkeypatch.setattr(modalities, "simulate", fail)
    (folder / "t.json").write_text("earlier")
    status, _, err = calibrate(command, folder, "--progress", "none")
    assert status == 2
    assert "CuO (CuO): SCF did not converge" in err.replace("EngineError: ", "")
    assert (folder / "t.json").read_text() == "earlier"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column file, metal, structure"),
        ("file,structure\na,b\n", "no column metal"),
        ("file,structure,metal\n", "0 compounds are listed"),
        ("file,structure,metal\nCuO.dat,CuO.vasp,Cu\n", "1 compounds are listed"),
        ("file,structure,metal\nCuO.dat,CuO.vasp,Cu\nCu2O.dat,CuO.vasp,Cu\n", "1 compounds are listed"),
        ("file,structure,metal\nCuO.dat,,Cu\n", "list.csv:2: no structure"),
        ("file,structure,metal\nCuO.dat\n", "list.csv:2: no structure, metal"),
        ("file,structure,metal\nabsent.dat,CuO.vasp,Cu\n", "list.csv:2: .*absent.dat"),
        ("file,structure,metal\nCuO.dat,absent.cif,Cu\n", "list.csv:2: .*absent.cif"),
        ("file,structure,metal\nCuO.dat,CuO.vasp,Copper\n", "list.csv:2: 'Copper' is not an element"),
        ("file,structure,metal\nCuO.dat,CuO.vasp,Fe\n", "K edge of Cu, not of Fe"),
        ("file,structure,metal\nlist.csv,CuO.vasp,Cu\n", "list.csv:2:"),
        ("file,structure,metal,oxidation_state\nCuO.dat,CuO.vasp,Cu,two\n", "list.csv:2: .*'two' is none"),
        ("file,structure,metal\n" + "a,b,c\n" * 501, "at most 500"),
        ("\0" * 50, "no column|cannot read"),
    ],
)
def test_bad_lists_are_one_line_and_status_2(command, folder, simulated, text, message):
    (folder / "list.csv").write_text(text)
    status, _, err = calibrate(command, folder)
    assert status == 2
    assert re.search(message, err), err
    assert len(err.strip().splitlines()) == 1
    assert simulated == []
    assert not (folder / "t.json").exists()


def test_lists_that_are_no_text(command, folder):
    (folder / "list.csv").write_bytes(b"\xff\xfe" * 100)
    assert calibrate(command, folder)[0] == 2
    (folder / "list.csv").write_bytes(b"x" * 10_000_001)
    assert "over 10 MB" in calibrate(command, folder)[2]
    assert command("calibrate", folder / "absent.csv")[0] == 2
