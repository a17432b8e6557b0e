"""Scattering paths beside a dataset: kept compactly, resumed, and made into the EXAFS of sites and materials."""

from dataclasses import replace

import numpy as np
import pytest

from firstshell.dataset import exafs as module
from firstshell.dataset.embedded import DATA, load_everything
from firstshell.dataset.exafs import make_paths, spectra_under, with_spectra
from firstshell.dataset.output import beside
from firstshell.dataset.paths import Paths, SitePaths, read_paths, write_paths
from firstshell.errors import EngineError, InputError
from firstshell.simulation.exafs import Conditions, ExafsParams, chi_under, grid, weighted_chi
from firstshell.simulation.feff.paths import PathTable

K = np.arange(3.0, 8.0, 0.1)
ONE = Conditions(*(np.array([each]) for each in (1.0, 0.005, 0.01, 1.0)))
TABLE = PathTable(
    k := np.concatenate([np.arange(0.0, 6.0, 0.2), np.arange(6.0, 10.0, 0.5), np.arange(10.0, 21.0)]),
    k + 0.5,
    5.0 + k,
    np.array([6.0, 2.0]),
    np.array([1.98, 2.9]),
    np.array([2, 3]),
    np.array([0.4, 0.1])[:, None] * np.exp(-0.1 * k) * (1 + 0.2 * np.sin(k)),
    np.array([-1.0, 2.0])[:, None] - 0.9 * k,
)


def single(length):
    return replace(TABLE, length=np.array([length, 2.9]))


def test_packed_tables_give_the_same_waves(tmp_path):
    write_paths({("a", "Fe", 3): SitePaths(4, TABLE)}, tmp_path / "x-paths.parquet")
    (key, (amount, found)), *_ = read_paths(tmp_path / "x-paths.parquet").items()
    assert (key, amount) == (("a", "Fe", 3), 4)
    params = ExafsParams(e0=2.0)
    assert np.abs(weighted_chi(found, params) - weighted_chi(TABLE, params)).max() < 0.02
    first = (tmp_path / "x-paths.parquet").read_bytes()
    write_paths({("a", "Fe", 3): SitePaths(4, TABLE)}, tmp_path / "x-paths.parquet")
    assert (tmp_path / "x-paths.parquet").read_bytes() == first


def test_a_file_that_holds_none(tmp_path):
    for content in (b"", b"PAR1 nothing", DATA.read_bytes()[:1000]):
        (tmp_path / "x.parquet").write_bytes(content)
        with pytest.raises(InputError, match="no path tables"):
            read_paths(tmp_path / "x.parquet")


def test_many_conditions_are_each_of_them():
    many = Conditions(np.array([0.0, 4.0]), np.array([0.003, 0.006]), np.array([0.01, 0.02]), np.array([1.0, 1.01]))
    both = chi_under(TABLE, K, many)
    for i in range(2):
        one = Conditions(*(each[i : i + 1] for each in vars(many).values()))
        assert np.allclose(chi_under(TABLE, K, one)[0], both[i])
    stretched = replace(TABLE, length=1.01 * TABLE.length)
    alone = Conditions(*(each[1:] for each in (many.e0, many.sigma2, many.sigma2_far)), np.array([1.0]))
    assert np.allclose(chi_under(stretched, K, alone)[0], both[1])


@pytest.mark.slow
def test_the_embedded_dataset_has_paths_of_nearly_all_sites():
    data = load_everything()
    sites = data.frame[data.frame["level"] == "site"]
    known = set(zip(sites["id"], sites["metal"], sites["site"], strict=True))
    assert len(known & data.paths.tables.keys()) > 0.98 * len(known)
    assert beside(DATA).stat().st_size < 10e6


@pytest.mark.slow
def test_a_material_is_the_mean_of_its_sites():
    data = load_everything()
    rows, spectra = spectra_under(data, "Ti", K, ONE)
    frame = data.frame.iloc[rows].reset_index(drop=True)
    assert spectra.shape == (len(rows), 1, len(K))
    several = frame[frame["level"] == "site"].groupby("id").filter(lambda part: len(part) == 2)
    name = several["id"].iloc[0]
    own = np.flatnonzero((frame["id"] == name) & (frame["level"] == "site"))
    (whole,) = np.flatnonzero((frame["id"] == name) & (frame["level"] == "material"))
    mean = np.average(spectra[own], axis=0, weights=frame["multiplicity"].iloc[own].astype(float))
    assert np.allclose(spectra[whole], mean)


def test_a_dataset_without_paths(tmp_path):
    data = replace(load_everything(), paths=None)
    with pytest.raises(InputError, match=r"no scattering paths of Ti.*--paths"):
        spectra_under(data, "Ti", K, ONE)


def test_only_what_is_missing_is_calculated(tmp_path, monkeypatch):
    whole = load_everything()
    chosen = dict(list(whole.crystals.items())[:3])
    asked = []

    def fake(structure, site, **_):
        asked.append(structure.composition.reduced_formula)
        if len(asked) == 1:
            raise EngineError("no path")
        return single(2.0)

    monkeypatch.setattr(module, "site_paths", fake)
    out = tmp_path / "own-paths.parquet"
    failures = make_paths(replace(whole, crystals=chosen), out, workers=0)
    assert list(failures.values()) == ["no path"]
    before = len(asked)
    assert make_paths(replace(whole, crystals=chosen), out, workers=0) == failures
    assert len(asked) == before
    assert len({name for name, *_ in Paths(out).tables}) == 2


@pytest.mark.slow
def test_exafs_of_a_study_is_made_of_the_paths():
    data = load_everything().select("Ti")
    made = with_spectra(data, ["xanes", "exafs"])
    assert len(made.frame) >= 0.98 * len(data.frame)
    assert made.spectra["exafs"].shape == (len(made.frame), len(grid(ExafsParams())))
    assert np.isfinite(made.spectra["exafs"]).all()
    assert with_spectra(data, ["xanes", "pdf"]) is data
    first = made.frame["id"].iloc[0]
    (site,) = (key for key in data.paths.tables if key[:2] == (first, "Ti"))
    assert np.allclose(made.spectra["exafs"][0], weighted_chi(data.paths.tables[site].table, ExafsParams()))
