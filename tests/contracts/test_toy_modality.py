"""A modality of one file, added to the package at run time: everything that names modalities takes it up."""

from pathlib import Path

import numpy as np
import pytest

import places
from firstshell import simulation
from firstshell.api.settings import read_settings
from firstshell.cli.simulate import simulate as command
from firstshell.config import to_dict
from firstshell.dataset.build import assemble
from firstshell.dataset.materials import Material
from firstshell.dataset.pipeline import label_and_simulate
from firstshell.io.structures.files import read_structure
from firstshell.report.regions import axis_of
from firstshell.simulation import split_inputs
from firstshell.study.plan import StudyPlan
from firstshell.types import Spectrum

TOY = """
from dataclasses import dataclass

import numpy as np

from firstshell.crystal.sites import distinct_sites
from firstshell.simulation import Modality
from firstshell.types import Grid, Region, Spectrum


@dataclass(frozen=True)
class ToyParams:
    width: float = 0.5


def grid(params, metal=None):
    return Grid(np.linspace(0.0, 10.0, 21), "x", "Å")


def simulate(structure, metal, params, per_site=False):
    sites = distinct_sites(structure, metal)
    spectra = [_spectrum(structure, metal, params, site.index) for site in sites]
    return spectra if per_site else _spectrum(structure, metal, params, None)


def _spectrum(structure, metal, params, site):
    values = np.exp(-grid(params).values * params.width) * structure.volume / len(structure)
    return Spectrum(grid(params), values, "toy", "T(x)", "Å³", metal, site, {"width": params.width})


def prepare(measured, params):
    return measured


modality = Modality(
    name="toy",
    quantity="T(x)",
    unit="Å³",
    Params=ToyParams,
    grid=grid,
    simulate=simulate,
    prepare=prepare,
    regions=lambda grid, mean, lengths: (Region("near", 0.0, 2.0), Region("far", 2.0, 10.0)),
    suffix=".toy",
    hatch="**",
)
"""
RUTILE = places.DATA / "structures" / "rutile.cif"


@pytest.fixture(autouse=True)
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "modalities").mkdir()
    (tmp_path / "modalities" / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(simulation, "__path__", [*simulation.__path__, str(tmp_path / "modalities")])
    for names in (simulation.names, simulation.standard):
        names.cache_clear()
    yield
    monkeypatch.undo()
    for names in (simulation.names, simulation.standard):
        names.cache_clear()


def test_it_has_a_name_settings_and_inputs(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text("[toy]\nwidth = 1.5\n", encoding="utf-8")
    assert read_settings(config, ())["toy"].width == 1.5
    assert read_settings(None, ("toy.width=2",))["toy"].width == 2.0
    assert split_inputs("xanes+toy") == ("xanes", "toy")
    assert simulation.show("xanes+toy") == "XANES+TOY"
    assert StudyPlan(inputs=("toy", "xanes+toy")).inputs == ("toy", "xanes+toy")


def test_the_command_line_simulates_it(tmp_path: Path) -> None:
    command(RUTILE, metal="Ti", modality="toy", out=tmp_path)
    columns = np.loadtxt(tmp_path / "rutile_Ti_toy.toy")
    assert columns.shape == (21, 2)


def test_a_dataset_holds_it_and_its_regions_are_named() -> None:
    structure = read_structure(RUTILE)
    material = Material("rutile", "Ti", structure, "natural", "rutile", "test")
    params = {name: simulation.get(name).Params() for name in ("pdf", "toy")}
    record = label_and_simulate((params, False), (material, {}, []))
    data = assemble([("rutile", record)], params, {"modalities": to_dict(params)})
    spectrum = simulation.simulate(structure, "Ti", "toy")
    assert isinstance(spectrum, Spectrum)
    assert data.spectra["toy"][0] == pytest.approx(spectrum.values, rel=1e-6)  # stored in single precision
    assert [region.name for region in axis_of(data, "toy").regions] == ["near", "far"]
