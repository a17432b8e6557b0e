"""The dataset that comes with firstshell: whole, described truly, and made from what its ids say."""

import numpy as np
import pytest

from firstshell.dataset import embedded
from firstshell.dataset.manifest import manifest_of
from firstshell.dataset.pipeline import build_dataset, params_of
from firstshell.errors import EngineError, InputError
from firstshell.simulation import xanes
from firstshell.types import Spectrum


@pytest.fixture(scope="module")
def data():
    return embedded.load_dataset()


@pytest.fixture
def recorded(monkeypatch, data):
    """The engine replaced by what the dataset says of a site, plus `error`."""
    error = [0.0]
    sites = data.frame[data.frame["level"] == "site"]

    def simulate_site(structure, metal, site, params):
        formula = structure.composition.reduced_formula
        found = sites[(sites["formula"] == formula) & (sites["metal"] == metal) & (sites["site"] == site.index)]
        values = data.spectra["xanes"][found.index[0]] + error[0]
        return Spectrum(xanes.grid(params, metal), values, "xanes", "μ(E)", "edge steps", metal, site.index)

    monkeypatch.setattr(xanes, "simulate_site", simulate_site)
    return error


def test_it_is_whole_and_the_manifest_tells_the_truth(data):
    assert data.metals == ("Cu", "Fe", "Mn", "Ti")
    assert embedded.DATA.stat().st_size < 15e6
    assert embedded.manifest() == manifest_of(data, len(embedded.plan()))
    planned = set(embedded.plan())
    assert set(zip(data.frame["id"], data.frame["metal"], strict=True)) <= planned
    assert set(data.frame["origin"]) == {"natural", "derived"}
    assert (data.frame["group"] != "").all()
    whole = data.frame[data.frame["level"] == "material"]
    derived = whole["id"].str.contains("/")
    assert (whole["origin"] == np.where(derived, "derived", "natural")).all()


def test_spectra_are_those_of_an_edge(data):
    values = data.spectra["xanes"]
    assert (np.abs(values[:, 0]) < 0.1).all()  # before the edge
    assert (np.abs(values[:, 40:].mean(axis=1) - 1) < 0.2).all()  # edge steps, the oscillations averaged out
    assert values.min() > -0.05


@pytest.mark.parametrize("origin", ["natural", "derived"])
def test_entries_are_made_again_from_their_ids(data, recorded, origin):
    whole = data.frame[(data.frame["level"] == "material") & (data.frame["origin"] == origin)]
    unique = whole[~whole["formula"].duplicated(keep=False)].iloc[:2]
    drawn = list(zip(unique["id"], unique["metal"], strict=True))
    materials, refused = embedded.materials(wanted=drawn)
    assert not refused
    again = build_dataset(materials, params=params_of(data), workers=0)
    worst = embedded._compare(data, again, set(drawn))
    assert worst["pdf"] < 1e-9
    assert worst["dpdf"] < 1e-9
    recorded[0] = 1e-3
    spoiled = build_dataset(materials, params=params_of(data), workers=0)
    with pytest.raises(EngineError, match="xanes differs"):
        embedded._compare(data, spoiled, set(drawn))


def test_bad_requests():
    with pytest.raises(InputError, match="out of range"):
        embedded.verify(100_000)
    with pytest.raises(InputError, match="nothing is planned for V"):
        embedded.materials(("V",))
    _, refused = embedded.materials(wanted=[("amcsd-99999", "Fe"), ("nonsense", "Fe")])
    assert [each.id for each in refused] == ["amcsd-99999", "nonsense"]


@pytest.mark.parametrize(
    ("column", "one", "two", "same"),
    [
        ("bond_length", 2.0, 2.0 + 4e-16, True),
        ("bond_length", 2.0, 2.0 + 1e-8, False),
        ("bond_length", 2.0, float("nan"), False),
        ("bond_length", float("nan"), float("nan"), True),
        ("oxidation_state", 2, 3, False),
        ("formula", "FeO", "FeO", True),
    ],
)
def test_labels_are_compared_exactly_and_lengths_but_for_the_last_digit(column, one, two, same):
    assert embedded._equal(column, one, two) is same
