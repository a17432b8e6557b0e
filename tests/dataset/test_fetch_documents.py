"""`firstshell fetch`: which spectra are averaged, and documents that are not as they should be."""

import numpy as np

from fetching import fetch_iron, on_grid
from mock_mp import rutile, spinel, summary_document, xas_document


def by_site(name, *absorbers, structure=None):
    """Documents of single sites of a spinel, atoms `absorbers`."""
    structure = structure or spinel("Fe")
    return [xas_document(name, "Fe", structure, atom, shift=2.0 * k) for k, atom in enumerate(absorbers)]


def test_single_sites_are_averaged_by_multiplicity(tmp_path):
    data, _ = fetch_iron(tmp_path, by_site("mp-2", 0, 2))
    assert data.frame["missing_sites"].tolist() == [0, 0]
    expected = (2 * on_grid("Fe") + 4 * on_grid("Fe", 2.0)) / 6
    assert np.allclose(data.spectra["xanes"][1], expected, rtol=1e-6, atol=1e-9)
    assert "; XANES of 2 of 2 distinct Fe sites, averaged by multiplicity; " in data.frame["source"][1]


def test_a_missing_site_is_marked(tmp_path):
    data, _ = fetch_iron(tmp_path, by_site("mp-2", 3, 4))  # the same site twice
    assert data.frame["missing_sites"].tolist() == [0, 1]
    assert np.allclose(data.spectra["xanes"][1], on_grid("Fe"), rtol=1e-6, atol=1e-9)
    assert "; XANES of 1 of 2 distinct Fe sites, " in data.frame["source"][1]


def test_an_average_is_taken_before_single_sites(tmp_path):
    average = xas_document("mp-2", "Fe", spinel("Fe"), None, shift=5.0)
    data, _ = fetch_iron(tmp_path, [*by_site("mp-2", 0, 2), average])
    assert np.allclose(data.spectra["xanes"][1], on_grid("Fe", 5.0), rtol=1e-6, atol=1e-9)
    assert "averaged over all 6 Fe atoms" in data.frame["source"][1]


def test_single_sites_of_different_structures_are_not_averaged(tmp_path):
    documents = by_site("mp-2", 0) + by_site("mp-2", 2, structure=spinel("Fe").copy().apply_strain(0.01))
    documents[0]["last_updated"] = "2024-01-01T00:00:00"
    data, _ = fetch_iron(tmp_path, documents)
    assert data.frame["missing_sites"].tolist() == [0, 1]
    assert np.allclose(data.spectra["xanes"][1], on_grid("Fe"), rtol=1e-6, atol=1e-9)


def test_indices_count_the_atoms_of_the_document_and_not_of_the_summary(tmp_path):
    turned = summary_document("mp-2", spinel("Fe"))  # there, atoms 0 and 2 are oxygen
    data, _ = fetch_iron(tmp_path, by_site("mp-2", 0, 2), [turned])
    assert turned["structure"]["sites"][0]["species"][0]["element"] == "O"
    assert data.frame["missing_sites"].tolist() == [0, 0]


def test_an_index_that_is_no_metal_atom(tmp_path):
    one_site = xas_document("mp-2", "Fe", rutile("Fe"), 5)  # an oxygen, but there is one iron site only
    data, _ = fetch_iron(tmp_path, [one_site, *by_site("mp-3", 0, 13), *by_site("mp-4", 13)])
    assert data.frame["id"].tolist() == ["mp-1", "mp-2", "mp-3"]
    assert data.frame["missing_sites"].tolist() == [0, 0, 1]
    reasons = data.excluded["reason"].tolist()
    assert reasons[0] == reasons[1] == "its absorbing_index 13 is no Fe of its own structure"
    assert reasons[2] == "no usable spectrum of Fe"


def test_a_document_without_a_structure(tmp_path):
    bare = [xas_document("mp-2", "Fe", spinel("Fe")), *by_site("mp-3", 0), xas_document("mp-4", "Fe", rutile("Fe"), 1)]
    bare += [xas_document("mp-5", "Fe", rutile("Fe"), 1)]
    for document in bare:
        document["spectrum"]["structure"] = None
    known = [summary_document(f"mp-{n}", s) for n, s in ((2, spinel("Fe")), (3, spinel("Fe")), (4, rutile("Fe")))]
    data, _ = fetch_iron(tmp_path, bare, known)
    # An average needs no index, nor does a single site.
    assert data.frame["id"].tolist() == ["mp-1", "mp-2", "mp-4"]
    assert data.frame["source"].str.endswith("structure of the summary").tolist() == [False, True, True]
    reasons = data.excluded.set_index("id")["reason"]
    assert reasons["mp-3"].startswith("its XANES document holds no structure, so which of 2 distinct sites atom 0 is")
    assert reasons["mp-5"] == "neither its XANES document nor the summary holds a structure"


def test_malformed_documents_stop_no_other(tmp_path):
    bad = {name: xas_document(f"mp-{10 + n}", "Fe", rutile("Fe"), 0) for n, name in enumerate(("y", "far", "level"))}
    bad["y"]["spectrum"]["y"][3] = None
    bad["far"]["spectrum"]["x"] = [x - 30 for x in bad["far"]["spectrum"]["x"]]
    bad["level"]["spectrum"]["y"] = [0.001 * y for y in bad["level"]["spectrum"]["y"]]
    nameless = xas_document(None, "Fe", rutile("Fe"), 0)
    data, _ = fetch_iron(tmp_path, [*bad.values(), nameless, "not a document"])
    assert data.frame["id"].tolist() == ["mp-1"]
    reasons = dict(zip(data.excluded["id"], data.excluded["reason"], strict=True))
    assert reasons[""] == "2 entries of the list of Fe spectra hold no id"
    assert reasons["mp-10"] == "no usable XANES document came"
    assert reasons["mp-11"].startswith("the spectrum spans")
    assert reasons["mp-12"].startswith("its XANES is not in edge steps")
    assert "its spectrum has no numbers y" in data.excluded["reason"].tolist()
