"""From structures to a dataset: sites, failures, resuming, shards, merging; all but one test use a stand-in engine."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import places
from firstshell import cli
from firstshell import simulation as modalities
from firstshell.dataset.materials import Material, Refused, read_folder
from firstshell.dataset.merge import merge_files
from firstshell.dataset.pipeline import Shard, build_dataset, params_of
from firstshell.dataset.table import excluded_path, read_dataset
from firstshell.errors import EngineError, InputError
from firstshell.io.structures.files import read_structure
from firstshell.simulation import xanes
from firstshell.types import Spectrum

CRYSTALS = places.DATA / "structures"
CALLS: list[tuple[str, int]] = []


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    CALLS.clear()
    monkeypatch.setattr(xanes, "modality", replace(xanes.modality, simulate_site=stand_in))


def stand_in(structure, metal, site, params):
    """A spectrum that depends on the site; of cuprite the engine fails."""
    CALLS.append((structure.composition.reduced_formula, site.index))
    if structure.composition.reduced_formula == "Cu2O":
        raise EngineError(f"{metal} site {site.index}: no field can be believed")
    grid = modalities.get("xanes").grid(params, metal)
    step = np.arctan(np.linspace(-20, 20, len(grid)) + structure.volume / 100 + site.index) / np.pi + 0.5
    return Spectrum(grid, step, "xanes", "μ(E)", "edge steps", metal, site.index)


def some(*names, metal):
    return [Material(n, metal, read_structure(CRYSTALS / n), "natural", "g", n) for n in names]


def everything():
    return [
        *some("tenorite.cif", "cuprite.cif", metal="Cu"),
        *some("hausmannite.cif", "MnO.cif", metal="Mn"),
        *some("hematite.cif", "magnetite.cif", metal="Fe"),
    ]


def test_sites_labels_and_failures():
    data = build_dataset(everything(), refused=[Refused("x.cif", "structure", "not a structure")], workers=0)
    whole = data.frame[data.frame["level"] == "material"]
    assert whole["id"].tolist() == ["MnO.cif", "hausmannite.cif", "hematite.cif", "magnetite.cif", "tenorite.cif"]
    sites = data.frame[data.frame["level"] == "site"].groupby("id")["multiplicity"].agg(list)
    assert sorted(sites["magnetite.cif"]) == [8, 16]
    assert sites["hematite.cif"] == [12]
    assert set(data.frame["origin"]) == {"natural"}
    assert set(data.frame["group"]) == {"g"}
    left_out = data.excluded.set_index("id")
    assert left_out.loc["x.cif", "reason"] == "not a structure"
    assert set(left_out.loc["cuprite.cif", "stage"]) == {"xanes", "material"}
    assert left_out.loc["cuprite.cif", "reason"].str.contains("no field can be believed").any()
    both = data.take(np.flatnonzero(data.frame["id"] == "magnetite.cif"))
    mean = np.average(both.spectra["xanes"][1:], axis=0, weights=both.frame["multiplicity"][1:].astype(int))
    assert np.allclose(both.spectra["xanes"][0], mean, rtol=1e-6)
    assert params_of(data)["xanes"] == xanes.XanesParams()


@pytest.mark.slow
def test_a_second_run_repeats_nothing_and_gives_the_same_bytes(tmp_path):
    out = tmp_path / "d.parquet"
    build_dataset(everything(), out, workers=0)
    first, calls = out.read_bytes(), len(CALLS)
    build_dataset(list(reversed(everything())), out, workers=0)
    assert out.read_bytes() == first
    assert len(CALLS) == calls
    build_dataset(everything(), out, workers=0, retry_failed=True)
    assert CALLS[calls:] == [("Cu2O", 0)]


def test_equal_crystals_share_their_spectrum():
    twice = [*some("MnO.cif", metal="Mn"), Material("again", "Mn", read_structure(CRYSTALS / "MnO.cif"))]
    data = build_dataset(twice, workers=0, per_site=False)
    assert data.frame["id"].tolist() == ["MnO.cif", "again"]
    assert len(CALLS) == 1


def test_what_is_finished_can_be_written_while_the_rest_waits(tmp_path):
    out = tmp_path / "d.parquet"
    build_dataset(some("MnO.cif", metal="Mn"), out, workers=0)
    calls = len(CALLS)
    data = build_dataset(everything(), out, workers=0, finished_only=True)
    assert set(data.frame["id"]) == {"MnO.cif"}
    assert len(CALLS) == calls
    with pytest.raises(InputError, match="no earlier run"):
        build_dataset(everything(), workers=0, finished_only=True)


@pytest.mark.slow
@pytest.mark.parametrize("of", [3, 8])
def test_shards_merged_are_the_undivided_build(tmp_path, of):
    refused = [Refused("x.cif", "structure", "not a structure")]
    build_dataset(everything(), tmp_path / "all.parquet", refused=refused, workers=0)
    parts = []
    for index in (of, *range(1, of)):
        parts.append(tmp_path / f"part{index}.parquet")
        build_dataset(everything(), parts[-1], refused=refused, shard=Shard(index, of), workers=0)
    assert (min(len(read_dataset(part).frame) for part in parts) == 0) == (of == 8)  # of eight, some are empty
    merge_files(parts, tmp_path / "merged.parquet")
    for file in (Path, excluded_path):
        assert file(tmp_path / "merged.parquet").read_bytes() == file(tmp_path / "all.parquet").read_bytes()


def test_merge_refuses_what_does_not_belong_together(tmp_path):
    a, b, c = (tmp_path / f"{name}.parquet" for name in "abc")
    build_dataset(some("MnO.cif", metal="Mn"), a, workers=0)
    build_dataset(some("hematite.cif", metal="Fe"), b, params={"xanes": xanes.XanesParams(emax=50.0)}, workers=0)
    with pytest.raises(InputError, match=r"modalities\.xanes\.emax is 50\.0, not 55\.0") as caught:
        merge_files([a, b], c)
    assert caught.value.file == b
    with pytest.raises(InputError, match="in two parts"):
        merge_files([a, a], c)
    content = bytearray(a.read_bytes())
    content[len(content) // 2] ^= 255
    b.write_bytes(bytes(content))
    with pytest.raises(InputError) as caught:
        merge_files([a, b], c)
    assert caught.value.file == b
    with pytest.raises(InputError, match="no datasets"):
        merge_files([], c)
    build_dataset(some("cuprite.cif", metal="Cu"), tmp_path / "none.parquet", shard=Shard(1, 2), workers=0)
    with pytest.raises(InputError, match="no part holds a sample"):
        merge_files([tmp_path / "none.parquet"], c)
    assert not c.exists()


@pytest.mark.parametrize("text", ["", "3", "0/2", "3/2", "a/b", "1/0", "1/2/3", "-1/2"])
def test_bad_shards(text):
    with pytest.raises(InputError):
        Shard.parse(text)


def test_names_and_outputs_are_checked(tmp_path):
    with pytest.raises(InputError, match="twice"):
        build_dataset(some("MnO.cif", "MnO.cif", metal="Mn"), workers=0)
    with pytest.raises(InputError, match="not the name of a dataset"):
        build_dataset(some("MnO.cif", metal="Mn"), tmp_path / "d.csv", workers=0)
    with pytest.raises(InputError, match="none of 1 materials"):
        build_dataset(some("cuprite.cif", metal="Cu"), workers=0)


def test_a_folder_with_broken_files(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("MnO.cif", "hematite.cif", "rutile.cif"):
        shutil.copy(CRYSTALS / name, tmp_path / "sub")
    (tmp_path / "broken.cif").write_text("data_x\nloop_\n_atom_site_fract_x\n0.1 0.2")
    (tmp_path / "empty.cif").write_text("")
    (tmp_path / "notes.txt").write_text("not a structure")
    materials, refused = read_folder([tmp_path])
    assert [(m.id, m.metal) for m in materials] == [
        ("sub/MnO.cif", "Mn"),
        ("sub/hematite.cif", "Fe"),
        ("sub/rutile.cif", "Ti"),
    ]
    assert {r.id for r in refused} == {"broken.cif", "empty.cif"}
    only, rest = read_folder([tmp_path], ("Fe",))
    assert [m.id for m in only] == ["sub/hematite.cif"]
    assert {r.reason for r in rest if r.id == "sub/MnO.cif"} == {"holds no Fe"}
    with pytest.raises(InputError, match="holds no Cu"):
        read_folder([tmp_path / "sub"], ("Cu",))
    with pytest.raises(InputError, match="no such file"):
        read_folder([tmp_path / "nowhere"])
    with pytest.raises(InputError, match="not an element"):
        read_folder([tmp_path], ("Xx",))
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputError, match="no structure files"):
        read_folder([tmp_path / "bare"])


def test_a_folder_of_which_three_in_ten_are_broken(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "crystals"
    folder.mkdir()
    good = ("MnO.cif", "hausmannite.cif", "hematite.cif", "magnetite.cif", "rutile.cif", "tenorite.cif", "cuprite.cif")
    for name in good:
        shutil.copy(CRYSTALS / name, folder)
    text = (CRYSTALS / "hematite.cif").read_text()
    (folder / "half.cif").write_text(text[: len(text) // 2])
    (folder / "binary.cif").write_bytes(bytes(range(256)) * 20)
    (folder / "empty.cif").write_text("")
    out = tmp_path / "d.parquet"
    words = ["build", folder, "--out", out, "--workers", "0", "--progress", "none", "--no-sites"]
    monkeypatch.setattr(sys, "argv", ["firstshell", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code
    data = read_dataset(out)
    assert set(data.frame["id"]) == set(good) - {"cuprite.cif"}
    reasons = data.excluded.groupby("id")["reason"].agg(" ".join)
    assert set(reasons.index) == {"half.cif", "binary.cif", "empty.cif", "cuprite.cif"}
    assert reasons.str.len().min() > 5
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    assert str(out) in captured.out


KILLED = """
from pathlib import Path
from firstshell.dataset.materials import read_folder
from firstshell.dataset.pipeline import build_dataset
materials, refused = read_folder([Path({folder!r})])
build_dataset(materials, {out!r}, refused=refused, workers=2)
"""


@pytest.mark.slow
def test_killed_and_started_again_with_the_real_engine(tmp_path):
    folder = tmp_path / "crystals"
    folder.mkdir()
    for name in ("MnO.cif", "cuprite.cif"):
        shutil.copy(CRYSTALS / name, folder)
    whole, broken = tmp_path / "whole.parquet", tmp_path / "broken.parquet"
    for delay in (2.0, 6.0):
        script = KILLED.format(folder=str(folder), out=str(broken))
        run = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
        time.sleep(delay)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    for out in (broken, whole):
        subprocess.run([sys.executable, "-c", KILLED.format(folder=str(folder), out=str(out))], check=True)
    assert broken.read_bytes() == whole.read_bytes()
    assert read_dataset(whole).metals == ("Cu", "Mn")
