"""The dataset that comes with firstshell: whole, described truly, and simulated again from the structures it keeps."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from embedded_dataset.manifest import manifest_of
from firstshell.dataset import embedded
from firstshell.dataset.pipeline import build_dataset, params_of
from firstshell.dataset.table import CRYSTAL
from firstshell.errors import EngineError, InputError
from firstshell.simulation import xanes
from firstshell.types import Spectrum

CLASS = ["metal", "oxidation_state", "coordination_number"]


@pytest.fixture(scope="module")
def data():
    return embedded.load_everything()


@pytest.fixture
def recorded(monkeypatch, data):
    """The engine replaced by what the dataset says of a site, plus `error`."""
    error = [0.0]
    sites = data.frame[data.frame["level"] == "site"]
    known = {}
    for i, row in zip(sites.index, sites.itertuples(), strict=True):
        known[data.crystals[row.id, row.metal].cell.tobytes(), row.metal, row.site] = i

    def simulate_site(structure, metal, site, params):
        found = known[structure.lattice.matrix.tobytes(), metal, site.index]
        values = data.spectra["xanes"][found] + error[0]
        return Spectrum(xanes.grid(params, metal), values, "xanes", "μ(E)", "edge steps", metal, site.index)

    monkeypatch.setattr(xanes, "modality", replace(xanes.modality, simulate_site=simulate_site))
    return error


def materials_of(data):
    return data.frame[data.frame["level"] == "material"]


def test_it_is_written_as_the_lowest_pyarrow_reads_it():
    schema = pq.read_schema(embedded.DATA)
    assert {name: schema.field(name).type for name in CRYSTAL} == CRYSTAL


def test_it_is_whole_and_the_manifest_tells_the_truth(data):
    assert {"Cu", "Fe", "Mn", "Ti"} <= set(data.metals)
    assert embedded.DATA.stat().st_size < 30e6
    manifest = embedded.manifest()
    assert manifest == manifest_of(data, manifest["planned"])
    whole = materials_of(data)
    assert set(zip(whole["id"], whole["metal"], strict=True)) == data.crystals.keys()
    assert set(whole["origin"]) == {"natural", "decorated", "distorted", "derived"}
    assert (data.frame["group"] != "").all()
    assert (data.frame["ligand"] != "").all()


def test_metals_of_which_there_are_few_are_not_studied_by_default(data, monkeypatch):
    count = materials_of(embedded.oxides_of(data))["metal"].value_counts()
    assert set(embedded.studied(data).metals) == set(count.index[count >= embedded.FEWEST])
    fewest = int(count["Fe"])
    monkeypatch.setattr(embedded, "FEWEST", fewest)
    assert "Fe" in embedded.studied(data).metals
    monkeypatch.setattr(embedded, "FEWEST", fewest + 1)
    assert "Fe" not in embedded.studied(data).metals


def test_an_id_says_the_origin(data):
    whole = materials_of(data)
    for name, origin in zip(whole["id"], whole["origin"], strict=True):
        how = "distorted" if "/distorted-" in name else "decorated" if "/decorated-" in name else "natural"
        assert origin == ("derived" if ">" in name else how)


def test_a_structure_has_the_composition_and_the_sites_of_its_rows(data):
    whole = materials_of(data)
    for row in whole.iloc[:: len(whole) // 40].itertuples():
        structure = data.structure(row.id, row.metal)
        assert structure.composition.reduced_formula == row.formula
        sites = data.frame[(data.frame["id"] == row.id) & (data.frame["metal"] == row.metal)]["site"].dropna()
        assert all(structure[int(site)].specie.symbol == row.metal for site in sites)


def test_oxides_are_what_is_loaded_by_default(data):
    oxides = embedded.load_dataset()
    assert set(oxides.frame["ligand"]) == {"O"}
    assert len(oxides.frame) < len(data.frame)
    left_out = set(data.frame["id"]) - set(oxides.frame["id"])
    assert left_out
    assert not (materials_of(data).set_index("id").loc[list(left_out), "ligand"] == "O").all()


def test_lengths_spread_within_classes_as_those_of_nature_do(data):
    """Class must not fix length: that is what the first edition suffered from."""
    oxides = embedded.load_dataset()
    whole = materials_of(oxides)
    spread = whole[whole["origin"] != "derived"].groupby(CLASS)["bond_length"].agg(["size", "std"])
    large = spread[spread["size"] >= 10]["std"]
    assert len(large) >= 6
    assert large.median() > 0.03


def test_spectra_are_those_of_an_edge(data):
    values = data.spectra["xanes"]
    assert (np.abs(values[:, 0]) < 0.15).all()  # before the edge
    # Edge steps, the oscillations averaged out. Those of the shortest bonds, such as of chromates and of CoF3 distorted
    # to 1.80 Å, are longer than what is left of the range.
    limit = np.where(data.frame["bond_length"].to_numpy(float, na_value=np.inf) < 1.85, 0.3, 0.25)
    assert (np.abs(values[:, 40:].mean(axis=1) - 1) < limit).all()
    assert values.min() > -0.05


@pytest.mark.slow
@pytest.mark.parametrize("origin", ["natural", "decorated", "distorted", "derived"])
def test_entries_are_simulated_again_from_their_structures(data, recorded, origin):
    whole = materials_of(data)
    drawn = whole[(whole["origin"] == origin) & (whole["missing_sites"] == 0)].iloc[[0, -1]]
    names = list(zip(drawn["id"], drawn["metal"], strict=True))
    materials = embedded.materials(data=data, wanted=names)
    again = build_dataset(materials, params=params_of(data), workers=0)
    assert max(embedded._compare(data, again, set(names)).values()) < 1e-5
    recorded[0] = 1e-3
    spoiled = build_dataset(materials, params=params_of(data), workers=0)
    with pytest.raises(EngineError, match="xanes differs"):
        embedded._compare(data, spoiled, set(names))


def test_bad_requests(data):
    with pytest.raises(InputError, match="out of range"):
        embedded.verify(100_000)
    with pytest.raises(InputError, match="none of these materials"):
        embedded.materials(("Zr",))
    with pytest.raises(InputError, match=r"no structure of .* Build the dataset again"):
        embedded.verify(1, replace(data, crystals={}))


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
