"""Datasets made with a FEFF of the user's: what is stored, resumed and refused. tests/fake_feff.py stands in for it."""

import json
import os
import shutil
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest

import places
from fake_feff import calls, fake_feff
from firstshell.api.checkup import doctor
from firstshell.api.simulate import simulate
from firstshell.config import to_dict
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.embedded import load_dataset
from firstshell.dataset.materials import Material
from firstshell.dataset.merge import merge_files
from firstshell.dataset.pipeline import build_dataset, params_of
from firstshell.dataset.table import make_dataset, read_dataset
from firstshell.errors import EngineError, InputError
from firstshell.io.structures.files import read_structure
from firstshell.runtime.cluster import ClusterPlan, open_cluster
from firstshell.runtime.progress import Silent
from firstshell.runtime.store import Store
from firstshell.simulation import xanes
from firstshell.simulation.feff import process
from firstshell.simulation.feff.settings import FeffSettings

CRYSTALS = places.DATA / "structures"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts stand in for FEFF")


def oxides():
    """Three sites in two materials: hematite has one, magnetite two."""
    return [Material(name, "Fe", read_structure(CRYSTALS / name)) for name in ("hematite.cif", "magnetite.cif")]


def settings(path, **changes):
    return {"xanes": xanes.XanesParams(feff=FeffSettings(str(path), **changes))}


def test_the_settings_of_the_embedded_dataset_are_untouched():
    """A new field must not change what was stored before it: hashes of settings name results."""
    stored = load_dataset().settings["modalities"]["xanes"]
    assert to_dict(xanes.XanesParams()) == stored
    assert list(to_dict(xanes.XanesParams())) == ["emin", "emax", "points", "preset", "polarization", "uiso"]
    assert params_of(load_dataset())["xanes"] == xanes.XanesParams()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_a_dataset_says_what_made_it_and_a_second_run_repeats_nothing(tmp_path, workers):
    feff, out = fake_feff(tmp_path / "bin", modules=True), tmp_path / "d.parquet"
    data = build_dataset(oxides(), out, params=settings(feff), workers=workers)
    assert sorted(data.frame["level"]) == ["material", "material", "site", "site", "site"]
    stored = data.settings["modalities"]["xanes"]
    assert stored["preset"] == "feff"
    assert stored["feff"]["program"] == "FEFF 9.9.1"
    assert (stored["feff"]["core_hole"], stored["feff"]["scf_radius"], stored["feff"]["fms_radius"]) == (
        "RPA",
        7.0,
        9.0,
    )
    assert str(tmp_path) not in json.dumps(data.settings)  # where a program lies is nobody else's business
    first, starts = out.read_bytes(), len(calls(feff))
    shutil.move(tmp_path / "bin", tmp_path / "moved")
    build_dataset(oxides(), out, params=settings(tmp_path / "moved"), workers=workers)
    assert out.read_bytes() == first
    assert len(calls(tmp_path / "moved")) == starts + starts // 4  # the small cluster only: one of four
    assert read_dataset(out).settings == data.settings


def test_provenance_names_program_settings_and_attempts(tmp_path):
    structure = read_structure(CRYSTALS / "MnO.cif")
    params = settings(fake_feff(tmp_path, "gentle"))["xanes"]
    spectrum = xanes.simulate(structure, "Mn", params)
    assert spectrum.provenance["engine"] == "FEFF 9.9.1"
    assert spectrum.provenance["feff"]["exchange"] == [0.0, 0.0, 0.0, 2.0]
    (site,) = spectrum.provenance["sites"]
    assert [attempt["mixing"] for attempt in site["scf"]] == [0.2, 0.1]
    assert spectrum.values[-1] == pytest.approx(1.0, abs=0.05)
    assert np.array_equal(spectrum.values, xanes.simulate_site(structure, "Mn", _only_site(structure), params).values)


def _only_site(structure):
    (site,) = distinct_sites(structure, "Mn")
    return site


@pytest.mark.slow
def test_failures_are_kept_with_their_cause_and_tried_again_when_asked(tmp_path):
    out, feff = tmp_path / "d.parquet", fake_feff(tmp_path / "bin")
    params = settings(feff)
    build_dataset(oxides()[:1], out, params=params, workers=0)
    good = fake_feff(tmp_path / "works")
    (tmp_path / "bin" / "26.dat").write_text("# FEFF 9.9.1\n")
    data = build_dataset(oxides(), out, params=params, workers=0)
    assert set(data.frame["id"]) == {"hematite.cif"}
    assert data.excluded["reason"].str.contains("Fe site 0: xmu.dat: no spectrum in it").any()
    starts = len(calls(feff))
    build_dataset(oxides(), out, params=params, workers=0)
    assert len(calls(feff)) == starts + 1  # the failures are known
    data = build_dataset(oxides(), out, params=settings(good), workers=0, retry_failed=True)
    assert set(data.frame["id"]) == {"hematite.cif", "magnetite.cif"}


@pytest.mark.slow
def test_a_node_without_feff_spoils_nothing(tmp_path, monkeypatch):
    """The failure is the node's, not the site's: the next run calculates the site without being asked to."""
    out, feff = tmp_path / "d.parquet", fake_feff(tmp_path / "bin")
    build_dataset(oxides()[:1], out, params=settings(feff), workers=0)
    ready = xanes.ready

    def lost(params):
        done = ready(params)
        feff.rename(tmp_path / "gone")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(xanes, "modality", replace(xanes.modality, ready=lost))
        data = build_dataset(oxides(), out, params=settings(feff), workers=0)
    assert set(data.frame["id"]) == {"hematite.cif"}
    assert data.excluded["reason"].str.contains("does not exist on").any()
    with Store.open(out.with_suffix(".store")) as store:
        kept = store.keys()
        assert not any("failure" in store.get(key).meta for key in kept)
    (tmp_path / "gone").rename(feff)
    assert set(build_dataset(oxides(), out, params=settings(feff), workers=0).frame["id"]) == {
        "hematite.cif",
        "magnetite.cif",
    }


class Answering(Silent):
    """Lets the stand-in for FEFF go on once its iteration is reported."""

    def __init__(self, go):
        self.go, self.notes = go, []

    def advance(self, n=1, note=""):
        self.notes.append(note)
        if "iteration 3" in note:
            self.go.touch()


def test_the_iteration_of_a_long_site_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "LOOK_S", 0.02)
    reporter = Answering(tmp_path / "go")
    params = settings(fake_feff(tmp_path, "waits"))["xanes"]
    simulate(CRYSTALS / "MnO.cif", "Mn", "xanes", params, reporter=reporter)
    assert "Mn site 0: SCF iteration 3 of 100" in reporter.notes


@pytest.mark.slow
def test_the_iteration_is_reported_from_a_worker_too(tmp_path):
    reporter = Answering(tmp_path / "bin" / "go")
    feff = fake_feff(tmp_path / "bin", "waits", modules=True)
    build_dataset(oxides()[:1], tmp_path / "d.parquet", params=settings(feff), workers=1, reporter=reporter)
    said = dict.fromkeys(note for note in reporter.notes if note)
    assert "hematite.cif: Fe site 0: SCF iteration 3 of 100" in said
    assert "hematite.cif: Fe site 0: ff2x" in said


class KillAfterFirst(Silent):
    """Kills a Dask worker when the first site is done."""

    def __init__(self, client):
        self.client, self.killed = client, False

    def advance(self, n=1, note=""):
        if not self.killed:
            self.killed = True
            os.kill(next(iter(self.client.run(os.getpid).values())), signal.SIGKILL)


@pytest.mark.slow
def test_a_dask_node_that_dies_costs_nothing(tmp_path):
    distributed = pytest.importorskip("distributed")
    feff, out = fake_feff(tmp_path / "bin"), tmp_path / "d.parquet"
    expected = build_dataset(oxides(), params=settings(feff), workers=0)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as running,
        open_cluster(ClusterPlan(running.scheduler_address)) as executor,
    ):
        killer = KillAfterFirst(executor.client)
        data = build_dataset(oxides(), out, params=settings(feff), executor=executor, reporter=killer)
    assert killer.killed
    assert data.hash == expected.hash
    assert data.excluded.empty


@pytest.mark.slow
def test_datasets_of_other_programs_or_settings_are_not_merged(tmp_path, monkeypatch):
    a, b, c = (tmp_path / f"{name}.parquet" for name in "abc")
    (one, other) = oxides()
    build_dataset([one], a, params=settings(fake_feff(tmp_path / "nine")), workers=0)
    build_dataset([other], b, params=settings(fake_feff(tmp_path / "ten", "newer")), workers=0)
    with pytest.raises(InputError, match=r"modalities\.xanes\.feff\.program is 'FEFF 10\.0\.0', not 'FEFF 9\.9\.1'"):
        merge_files([a, b], c)
    build_dataset([other], b, params=settings(tmp_path / "nine" / "feff", core_hole="FSR"), workers=0)
    with pytest.raises(InputError, match=r"feff\.core_hole is 'FSR', not 'RPA'"):
        merge_files([a, b], c)
    monkeypatch.setattr(xanes, "modality", replace(xanes.modality, simulate_site=_feff8l_stand_in))
    build_dataset([other], b, workers=0)
    with pytest.raises(InputError, match=r"modalities\.xanes\.feff"):
        merge_files([a, b], c)


def _feff8l_stand_in(structure, metal, site, params):
    step = np.linspace(0, 1, params.points)
    return xanes.Spectrum(xanes.grid(params, metal), step, "xanes", "μ(E)", "edge steps", metal, site.index)


@pytest.mark.slow
def test_a_dataset_cannot_name_a_program_to_run(tmp_path):
    data = build_dataset(oxides()[:1], params=settings(fake_feff(tmp_path)), workers=0)
    forged = json.loads(json.dumps(data.settings))
    forged["modalities"]["xanes"]["feff"]["path"] = str(tmp_path / "feff")
    crafted = make_dataset([], {}, {}, forged)
    starts = len(calls(tmp_path))
    params = params_of(crafted)
    assert params["xanes"].feff.path == ""
    with pytest.raises(InputError, match="no path is given"):
        build_dataset(oxides(), params=params, workers=0)
    assert len(calls(tmp_path)) == starts


@pytest.mark.parametrize("other", [{"preset": "standard"}, {"uiso": 0.01}, {"polarization": (0.0, 0.0, 1.0)}])
def test_settings_of_the_built_in_engine_are_not_mixed_in(other):
    with pytest.raises(InputError, match="settings of the built-in engine"):
        xanes.XanesParams(feff=FeffSettings("feff"), **other)


def test_a_failing_site_names_metal_and_site(tmp_path):
    structure = read_structure(CRYSTALS / "MnO.cif")
    with pytest.raises(EngineError, match=r"Mn site \d+: self-consistent field"):
        xanes.simulate(structure, "Mn", settings(fake_feff(tmp_path, "crash"))["xanes"])


@pytest.mark.slow
def test_build_and_doctor_take_a_path(command, tmp_path):
    feff, out = fake_feff(tmp_path / "bin"), tmp_path / "d.parquet"
    words = ("build", CRYSTALS / "MnO.cif", "--feff", feff, "--out", out, "--workers", "0", "--progress", "none")
    status, said, err = command(*words, "--set", "xanes.feff.core_hole=FSR")
    assert (status, err) == (0, "")
    assert "Mn: 1 materials" in said
    assert params_of(read_dataset(out))["xanes"].feff.core_hole == "FSR"
    (tmp_path / "study.toml").write_text(f'[xanes.feff]\npath = "{feff}"\nscf_radius = 5.0\n')
    assert command("build", CRYSTALS / "MnO.cif", "--config", tmp_path / "study.toml", *words[4:])[0] == 0
    assert params_of(read_dataset(out))["xanes"].feff.scf_radius == 5.0
    (finding,) = [found for found in doctor(str(feff)) if found.what == "FEFF"]
    assert finding.state == "ok"
    assert finding.detail.startswith("FEFF 9.9.1 works")
    (finding,) = [found for found in doctor("/bin/true") if found.what == "FEFF"]
    assert finding.state == "broken"


@pytest.mark.slow
def test_a_path_that_is_no_feff_is_one_message_and_keeps_what_is_there(command, tmp_path):
    out = tmp_path / "d.parquet"
    out.write_bytes(b"an earlier dataset")
    for path, words in (("/bin/true", "reports no self-consistent field"), (tmp_path / "x", "does not exist")):
        status, _, err = command("build", CRYSTALS / "MnO.cif", "--feff", path, "--out", out)
        assert status == 2
        assert words in err
        assert err.count("\n") == 1
    status, _, err = command("build", CRYSTALS / "MnO.cif", "--set", "xanes.feff.scf_radus=5", "--out", out)
    assert (status, "Did you mean 'scf_radius'?" in err) == (2, True)
    assert out.read_bytes() == b"an earlier dataset"
