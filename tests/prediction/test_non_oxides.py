import json
from dataclasses import replace

import numpy as np
import pytest

from firstshell.measured.pdf.match import window
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.prediction import non_oxides
from firstshell.prediction.channels import XanesChannel
from firstshell.prediction.model import make_predictor
from firstshell.prediction.model_file import load_predictor, save_predictor
from firstshell.prediction.pdf_channel import PdfChannel
from firstshell.prediction.resemblance import resemblance
from quick import QUICK, XANES, normalised

ROWS = json.loads(non_oxides.FILE.read_text(encoding="utf-8"))
COMPOUNDS = {row["metal"]: row["name"] for row in ROWS if row["name"].startswith("a sulfide such as ")}
"""A sulfide of each metal that one is known of."""
METALS = ["Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Zr", "Nb", "Mo"]


def on_energies(metal, name):
    return np.interp(ENERGY, *non_oxides.curve(metal, name))


def test_every_metal_is_there_and_has_an_edge_at_its_fermi_level():
    assert [row["metal"] for row in ROWS if row["name"] == non_oxides.metallic(row["metal"])] == METALS
    for metal in METALS:
        mu = on_energies(metal, non_oxides.metallic(metal))
        assert mu[ENERGY < -3].max() < 0.16  # the tail of a short-lived core hole: Zr
        assert mu[ENERGY > 30].mean() == pytest.approx(1.0, abs=0.12)
        assert 0.02 < mu[ENERGY == 0][0] < 0.6
    assert len({(row["metal"], row["name"]) for row in ROWS}) == len(ROWS)


def test_what_may_be_measured_beside_oxides():
    names = non_oxides.non_oxide_names("Fe", ["Fe2O3", "FeSO4"])
    assert {"metallic Fe", COMPOUNDS["Fe"]} <= set(names)
    assert non_oxides.non_oxide_names("Fe", ["Fe2O3", "FeS2"]) == ("metallic Fe",)
    assert non_oxides.non_oxide_names("W", ["WO3"]) == ()


def test_pdfs_are_compared_with_those_of_compounds():
    channel = PdfChannel()
    found = non_oxides.spectra("Cu", non_oxides.non_oxide_names("Cu", ()), channel)
    assert found.reference[0].shape == (len(found.names), 6, len(channel.positions()))
    assert any("CuS" in name for name in found.names)
    assert non_oxides.spectra("Cu", ("metallic Cu",), channel) is None  # of a model that knows sulfides
    assert non_oxides.spectra("Cu", non_oxides.non_oxide_names("Cu", ()), PdfChannel(radiation="neutron")) is None
    assert non_oxides.spectra("Cu", (), XANES[0]) is None


def test_pdfs_are_compared_over_first_shells():
    channel, rng = PdfChannel(), np.random.default_rng(0)
    (known,) = non_oxides.spectra("Cu", non_oxides.non_oxide_names("Cu", ()), channel).reference
    values = np.zeros(len(channel.grid.values))
    values[window(channel.grid.values)] = 3.0 * known[4, 2]
    far = values.copy()
    far[channel.grid.values > 3.3] += rng.normal(size=(channel.grid.values > 3.3).sum())
    for each in (values, far):
        distances = channel.distances((known,), each)
        assert distances.argmin() == 4
        assert distances[4] == pytest.approx(0.0, abs=1e-3)


class Apart:
    """What a XANES is compared with at distances that are given."""

    def __init__(self, *distances):
        names = "metallic Fe", "a sulfide such as FeS", "a fluoride such as FeF3"
        self.known = non_oxides.NonOxides(names, (np.eye(3),))
        self.all = np.array(distances)

    def ask(self, monkeypatch):
        monkeypatch.setattr(XanesChannel, "distances", lambda _, reference, __: reference[0] @ self.all)
        return non_oxides.nearest_non_oxides(self.known, XANES[0], np.zeros(111), 0.03)


@pytest.mark.parametrize(
    ("distances", "non_oxide", "alike"),
    [
        ((0.035, 0.1, 0.1), "metallic Fe", None),
        ((0.037, 0.1, 0.1), None, None),
        ((0.1, 0.032, 0.1), "a sulfide such as FeS", None),
        ((0.1, 0.034, 0.1), None, None),
        ((0.1, 0.1, 0.022), "a fluoride such as FeF3", "a fluoride such as FeF3"),
        ((0.1, 0.1, 0.029), None, "a fluoride such as FeF3"),
        ((0.1, 0.1, 0.031), None, None),
    ],
)
def test_how_near_each_kind_must_be(distances, non_oxide, alike, monkeypatch):
    found = Apart(*distances).ask(monkeypatch)
    assert [None if each is None else each[0] for each in found] == [non_oxide, alike]


def test_a_fluoride_that_is_as_near_is_said(xanes_model):
    found = resemblance(xanes_model, "xanes", np.interp(ENERGY, [-5, 5, 10, 50], [0, 0.2, 1.2, 1.0]))
    near = replace(found, distance=0.029, limit=0.06, non_oxide=None, look_alike=("a fluoride such as FeF3", 0.028))
    assert near.inside
    assert "is as near to a fluoride such as FeF3 as to the nearest oxide (0.028 and 0.029)" in near.warning
    assert replace(near, look_alike=None).warning is None


@pytest.mark.parametrize("name", ["metallic Cu", COMPOUNDS["Cu"]])
def test_a_metal_and_a_sulfide_are_no_oxides(xanes_model, name):
    mu = 0.95 * on_energies("Cu", name) * (1 + 0.001 * (ENERGY - 30))
    found = resemblance(xanes_model, "xanes", mu)
    assert found.non_oxide is not None
    assert found.non_oxide[0] == name
    assert found.non_oxide[1] < 0.01
    assert not found.inside
    assert name in found.verdict
    assert found.warning is not None
    assert f"is more like {name} than like any oxide (" in found.warning


def test_an_oxide_is_not_taken_for_them(xanes_model):
    measured = normalised(charge=2, number=4)
    mu = np.interp(ENERGY, measured.energy - 8978.9, measured.mu)
    found = resemblance(xanes_model, "xanes", mu)
    assert found.non_oxide is None
    assert found.inside
    assert found.verdict == "In domain"
    assert found.warning is None


def test_a_metal_is_looked_for_where_it_was_measured(xanes_model):
    mu = on_energies("Cu", "metallic Cu")
    moved = np.interp(ENERGY - 6.0, ENERGY, mu)
    assert resemblance(xanes_model, "xanes", moved).non_oxide is None
    non_oxide = resemblance(xanes_model, "xanes", moved, as_measured=mu).non_oxide
    assert non_oxide is not None
    assert non_oxide[0] == "metallic Cu"


@pytest.mark.slow
def test_models_of_sulfides_know_them(data):
    frame = data.frame.assign(formula=data.frame["formula"].where(data.frame.index != 0, "CuS"))
    model = make_predictor(replace(data, frame=frame), "Cu", XANES, QUICK)
    assert model.non_oxides["xanes"].names == ("metallic Cu",)


def test_a_file_keeps_what_a_model_does_not_know(xanes_model, tmp_path):
    save_predictor(xanes_model, tmp_path / "model.npz")
    known, again = xanes_model.non_oxides["xanes"], load_predictor(tmp_path / "model.npz").non_oxides["xanes"]
    assert again.names == known.names
    assert set(again.names) >= {"metallic Cu", COMPOUNDS["Cu"]}
    for one, two in zip(known.reference, again.reference, strict=True):
        assert two == pytest.approx(one, abs=1e-6)
