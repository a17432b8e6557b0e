"""Documents of the Materials Project: ids, spectra and structures, and what is refused of them."""

import contextlib
import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Structure

from firstshell.errors import InputError
from firstshell.io.materials_project.documents import (
    LAST_NUMBER,
    UNKNOWN,
    canonical_id,
    document_id,
    id_order,
    licence,
    parse_document_structure,
    parse_xanes,
)
from firstshell.simulation import xanes
from mock_mp import curve, rutile, spinel, xas_document


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("mp-149", "mp-149"),
        ("mp-aaaaaaft", "mp-149"),
        ("aaaaaaft", "mp-149"),
        ("149", "mp-149"),
        ("mvc-123", "mvc-123"),
        ("mp-hilzd", f"mp-{LAST_NUMBER}"),
        ("hilze", "mp-aaahilze"),
        ("mp-3347530", "mp-aaahilze"),
    ],
)
def test_ids_have_one_spelling(spelling, name):
    assert canonical_id(spelling) == name
    assert canonical_id(name) == name


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**9))
def test_ids_keep_their_number(number):
    assert id_order(canonical_id(f"mp-{number}")) == ("mp", number)


def test_ids_sort_by_number():
    assert sorted(["mp-1000", "mp-99", "mvc-1", "mp-aaahilze"], key=id_order) == [
        "mp-99",
        "mp-1000",
        "mp-aaahilze",
        "mvc-1",
    ]


@pytest.mark.parametrize(
    "text", ["", "mp-", "mp-1a", "MP-1", "mp-1,mp-2", "mp--1", "mp-1\n", "x" * 30, "../mp-1", "mp-٣"]
)
def test_what_is_no_id(text):
    with pytest.raises(InputError, match="no id"):
        canonical_id(text)


@pytest.mark.parametrize("content", [None, [], {}, {"task_id": None}, {"task_id": 3}])
def test_documents_without_an_id(content):
    with pytest.raises(InputError, match="without an id"):
        document_id(content)


@pytest.fixture
def good():
    return xas_document("mp-7", "Fe", spinel("Fe"))


def test_a_document(good):
    read = parse_xanes(json.loads(json.dumps(good)), "Fe")
    energy, mu = curve("Fe")
    assert (read.id, read.metal, read.absorber, read.licence) == ("mp-7", "Fe", None, "BY-C")
    assert np.array_equal(read.energy, energy)
    assert np.array_equal(read.mu, mu)
    structure = spinel("Fe")
    apart = read.structure.frac_coords - structure.frac_coords
    assert np.abs(apart - np.rint(apart)).max() < 1e-12
    assert read.structure.species == structure.species
    assert np.array_equal(read.structure.lattice.matrix, structure.lattice.matrix)
    spectrum = xanes.prepare(read.spectrum(), xanes.XanesParams())
    assert spectrum.metal == "Fe"
    assert abs(spectrum.values[-20:].mean() - 1) < 0.1


def test_older_shapes(good):
    good["material_id"] = good.pop("task_id")
    good["absorbing_element"] = {"@module": "pymatgen.core.periodic_table", "@class": "Element", "element": "Fe"}
    good["spectrum"]["structure"] = {"@class": "SymmetrizedStructure", "structure": good["spectrum"]["structure"]}
    del good["builder_meta"]
    read = parse_xanes(good, "Fe")
    assert (read.id, read.licence) == ("mp-7", UNKNOWN)
    assert len(read.structure) == 14


def test_atoms_keep_their_order_and_oxidation_states_their_place():
    structure = Structure(
        rutile("Ti").lattice,
        ["O", "Ti", "O", "Ti", "O", "O"],
        [[0.305, 0.305, 0], [0, 0, 0], [0.695, 0.695, 0], [0.5] * 3, [0.195, 0.805, 0.5], [0.805, 0.195, 0.5]],
    )
    described = structure.copy().add_oxidation_state_by_element({"Ti": 4, "O": -2}).as_dict()
    read = parse_document_structure(described)
    assert [s.species_string for s in read] == ["O", "Ti", "O", "Ti", "O", "O"]
    assert np.array_equal(read.frac_coords, structure.frac_coords)


def change(document, path, value):
    *way, last = path.split("/")
    for step in way:
        document = document[int(step) if step.isdecimal() else step]
    document[int(last) if last.isdecimal() else last] = value


BROKEN = {
    "spectrum": (None, "no spectrum"),
    "absorbing_element": ("Mn", "absorbing_element 'Mn'"),
    "edge": ("L3", "edge 'L3'"),
    "spectrum_type": ("XAFS", "spectrum_type 'XAFS'"),
    "task_id": ("mp_7", "no id"),
    "spectrum/absorbing_index": (-1, "no index"),
    "spectrum/x": ("7000 7001", "no numbers x"),
    "spectrum/x/3": (None, "no numbers x"),
    "spectrum/y": ([1.0] * 99, "100 energies and 99 values"),
    "spectrum/y/3": (float("nan"), "not finite"),
    "spectrum/y/4": (float("inf"), "not finite"),
    "spectrum/y/5": (10**400, "not finite"),
    "spectrum/y/6": (True, "no numbers y"),
    "spectrum/x/7": (0.0, "do not increase"),
    "spectrum/structure": ("Fe3O4", "not one of pymatgen's"),
    "spectrum/structure/lattice": ({}, "not one of pymatgen's"),
    "spectrum/structure/lattice/matrix": ([[1.0, 0.0, 0.0]], "three vectors"),
    "spectrum/structure/lattice/matrix/0": ([0.0, 0.0, 0.0], "no volume"),
    "spectrum/structure/lattice/matrix/1": ([float("nan"), 0.0, 0.0], "cannot be used"),
    "spectrum/structure/sites": ([], "cannot be used"),
    "spectrum/structure/sites/0": (None, "not one of pymatgen's"),
    "spectrum/structure/sites/0/abc": ([0.0, "0\n1 1 1", 0.0], "not one of pymatgen's"),
    "spectrum/structure/sites/0/species": ([{"element": "Fe", "occu": 0.5}], "partly occupied"),
    "spectrum/structure/sites/0/species/0": ({"element": "Fe\nO", "occu": 1}, "not an element"),
    "spectrum/structure/sites/1/species": ([], "partly occupied"),
    "spectrum/structure/sites/2/abc": ([0.5, 0.5, 0.500001], "apart"),
}


@pytest.mark.parametrize("path", BROKEN)
def test_what_is_refused(good, path):
    value, message = BROKEN[path]
    change(good, path, value)
    with pytest.raises(InputError, match=message):
        parse_xanes(good, "Fe")


def test_too_short_too_many_and_not_an_object(good):
    for bad in (None, [], "x"):
        with pytest.raises(InputError, match="no object"):
            parse_xanes(bad, "Fe")
    big = copy.deepcopy(good)
    big["spectrum"]["structure"]["sites"] *= 100
    with pytest.raises(InputError, match=r"1,400 atoms"):
        parse_xanes(big, "Fe")
    good["spectrum"]["x"] = good["spectrum"]["x"][:10]
    with pytest.raises(InputError, match="10 points"):
        parse_xanes(good, "Fe")


@pytest.mark.parametrize("scale", [0.01, 3.0, -1.0])
def test_spectra_that_are_not_normalised(good, scale):
    good["spectrum"]["y"] = [scale * y for y in good["spectrum"]["y"]]
    with pytest.raises(InputError, match="not in edge steps"):
        parse_xanes(good, "Fe").spectrum()


@pytest.mark.parametrize("meta", [None, {}, {"license": None}, {"license": "a; b"}, {"license": ["BY-C"]}, "BY-C"])
def test_licences_that_are_not_stated(meta):
    assert licence({"builder_meta": meta}) == UNKNOWN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["lattice", "matrix", "sites", "species", "abc", "structure", "occu", "element"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [
            "spectrum",
            "spectrum/structure",
            "spectrum/structure/sites/0",
            "spectrum/structure/lattice",
            "spectrum/x",
            "spectrum/structure/sites/0/species/0",
            "last_updated",
            "builder_meta",
            "task_id",
        ]
    ),
    JSON,
)
def test_nothing_but_input_errors_escapes(path, value):
    document = xas_document("mp-7", "Fe", rutile("Fe"), 0)
    change(document, path, value)
    with contextlib.suppress(InputError):
        parse_xanes(document, "Fe")
