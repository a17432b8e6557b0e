"""`fs.simulate` and its files: the same grids as the command's, read back with nothing assumed."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import firstshell as fs
from firstshell import simulation as modalities
from firstshell.elements import k_edge
from firstshell.measured.read import read_samples
from firstshell.types import Grid
from places import DATA
from quick import level

RUTILE = DATA / "structures" / "rutile.cif"
TENORITE = DATA / "structures" / "tenorite.cif"


@pytest.fixture
def xanes():
    """A XANES on the grid of simulations, as simulated."""
    grid = modalities.get("xanes").grid(fs.XanesParams(), "Cu")
    mu = np.interp(grid.values - k_edge("Cu"), *level(charge=2, number=4)) - 0.02
    site = {"site": 0, "fermi_eV": -8.5, "scf": [{"fermi": [1.0, 2.0]}]}
    about = {"software": "firstshell 0.1.0", "structure": "tenorite.cif", "formula": "CuO", "preset": "fast"}
    return fs.Spectrum.absorption(grid, mu, "Cu", None, about | {"sites": [site]})


def test_a_path_and_a_structure_give_the_same():
    crystal = fs.read_structure(RUTILE)
    expected = fs.simulate(crystal, "Ti", "pdf", qmax=24)
    for given in (RUTILE, str(RUTILE)):
        found = fs.simulate(given, "Ti", "pdf", fs.PdfParams(qmax=24, points=None))
        assert np.array_equal(found.values, expected.values)
    assert found.provenance["structure"] == "rutile.cif"
    assert expected.provenance["structure"] == expected.provenance["formula"] == "TiO2"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "given"),
    [
        ((), {}),
        (("--no-native",), {"native": False}),
        (("--set", "pdf.qmax=20", "--set", "pdf.rmax=8"), {"qmax": 20, "rmax": 8}),
        (("--set", "dpdf.normalization=differential"), {"set_": ["dpdf.normalization=differential"]}),
        (("--config", "study.toml"), {"config": "study.toml"}),
    ],
)
def test_the_command_line_and_python_have_the_same_grids_and_values(words, given, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text("[pdf]\nqmax = 18.0\npoints = 300\n")
    status, _, err = command("simulate", RUTILE, "--metal", "Ti", "--out", "a", *words)
    assert (status, err) == (0, "")
    spectra = fs.simulate(RUTILE, "Ti", **given)
    fs.save_spectra(spectra, "b")
    for name in ("pdf", "dpdf"):
        r, g = np.loadtxt(f"a/rutile_Ti_{name}.gr").T
        assert np.allclose(r, spectra[name].grid.values, rtol=1e-7)
        assert np.allclose(g, spectra[name].values, rtol=1e-7, atol=1e-12)
    for path in (tmp_path / "b").iterdir():
        if path.suffix == ".gr":
            assert path.read_bytes() == (tmp_path / "a" / path.name).read_bytes()


def test_several_modalities_in_three_ways():
    for given in ("pdf,dpdf", "pdf+dpdf", ["pdf", "dpdf"]):
        assert [each.modality for each in fs.simulate(RUTILE, "Ti", given)] == ["pdf", "dpdf"]
    spectra = fs.simulate(RUTILE, "Ti")
    assert spectra["dpdf"] is spectra[1]
    with pytest.raises(fs.InputError, match="no spectrum of 'xanes'"):
        spectra["xanes"]
    table = spectra.frame()
    assert len(table) == 2000
    assert set(table["axis"]) == {"r (Å)"}
    assert isinstance(spectra.plot(), Figure)
    assert spectra.plot()._repr_png_().startswith(b"\x89PNG")  # notebooks show it
    (site,) = fs.simulate(RUTILE, "Ti", "pdf", per_site=True)
    assert site.site == 0


def test_keywords_go_to_the_modalities_that_have_them(monkeypatch):
    asked = {}

    def simulate(structure, metal, name, params, per_site=False):
        asked[name] = params
        return fs.Spectrum(Grid(np.arange(9.0), "x", "y"), np.arange(9.0), name, "q", "u", metal)

    monkeypatch.setattr(modalities, "simulate", simulate)
    fs.simulate(RUTILE, "Ti", ["pdf", "xanes"], qmax=24, preset="standard", uiso=0.01)
    assert (asked["pdf"].qmax, asked["pdf"].uiso, asked["pdf"].points) == (24, 0.01, None)
    assert (asked["xanes"].preset, asked["xanes"].uiso) == ("standard", 0.01)
    fs.simulate(RUTILE, "Ti", "pdf", uiso={"Ti": 0.005, "O": 0.01}, points=200)
    assert asked["pdf"].uiso["O"] == 0.01
    assert asked["pdf"].points == 200


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"qmaks": 24}, r"PDF and dPDF have no setting 'qmaks'. Did you mean 'qmax'\?"),
        ({"qmax": "wide"}, "PdfParams.qmax = 'wide' is not of type float"),
        ({"params": fs.PdfParams(), "config": "study.toml"}, "params hold all settings"),
        ({"params": fs.XanesParams()}, "XanesParams are not the settings of pdf"),
        ({"modality": "pdfs"}, "there is no modality 'pdfs'"),
        ({"modality": ["pdf", "pdf"]}, "names a modality twice"),
        ({"set_": ["pdf.qmaks=1"]}, "unknown setting 'qmaks'"),
    ],
)
def test_what_is_wrong_is_told_with_a_remedy(given, message):
    with pytest.raises(fs.InputError, match=message):
        fs.simulate(RUTILE, "Ti", **given)


def test_what_is_no_structure_is_refused():
    with pytest.raises(fs.InputError, match=r"a int is not a structure. Give a CIF"):
        fs.simulate(3, "Ti")


def test_pdfs_are_read_back_with_nothing_assumed(tmp_path):
    how = {"qmax": 24, "qdamp": 0.03, "radiation": "neutron", "rmax": 20}
    fs.save_spectra(fs.simulate(TENORITE, "Cu", **how), tmp_path)
    for name, metal in (("pdf", "Cu"), ("dpdf", None)):
        path = tmp_path / f"tenorite_Cu_{name}.gr"
        (sample,) = read_samples([path], metal).samples
        assert sample.inputs == (name,)
        assert sample.pdf.warnings == ()
        found = sample.pdf.conditions
        assert (found.radiation, found.qmax, found.qdamp, found.doubtful) == ("neutron", 24.0, 0.03, ())
        assert sample.pdf.composition == "CuO"
    assert sample.metal == "Cu"
    with pytest.raises(fs.InputError, match="differential PDF of Cu, not of Fe"):
        read_samples([path], "Fe")


def test_an_unlimited_q_range_is_that_of_the_step(tmp_path):
    fs.save_spectra(fs.simulate(TENORITE, "Cu", "pdf", qmax=0, rstep=0.02), tmp_path)
    (sample,) = read_samples([tmp_path / "tenorite_Cu_pdf.gr"], "Cu").samples
    assert sample.pdf.conditions.doubtful == ()
    assert "# qmax = 157.0796" in (tmp_path / "tenorite_Cu_pdf.gr").read_text()


def test_header_lines_are_those_that_pdf_programs_look_for(tmp_path):
    pdffit2 = pytest.importorskip("diffpy.pdffit2")
    fs.save_spectra(fs.simulate(TENORITE, "Cu", "pdf", qmax=24), tmp_path)
    path = tmp_path / "tenorite_Cu_pdf.gr"
    head, _, rows = path.read_text().partition("#### start data\n")
    assert {"# qmax = 24.0", "# qdamp = 0.0", "# mode = xray", "# composition = CuO"} <= set(head.splitlines())
    assert rows.startswith("#L r(A) G(A^-2)\n")
    fit = pdffit2.PdfFit()
    fit.read_data(str(path), "X", 24.0, 0.0)
    assert np.allclose(fit.getpdf_obs(), np.loadtxt(path)[:, 1], atol=1e-5)


def test_a_xanes_is_read_back_with_nothing_assumed(xanes, tmp_path):
    assert next(path.name for path in fs.save_spectra(xanes, tmp_path)) == "tenorite_Cu_xanes.xdi"
    path = tmp_path / "tenorite_Cu_xanes.xdi"
    (scan,) = fs.read_measured(path)
    assert (scan.element, scan.edge, scan.normalised, scan.notes) == ("Cu", "K", True, ())
    assert np.allclose(scan.y, xanes.values, atol=1e-7)
    assert scan.header["firstshell.preset"] == "fast"
    assert scan.header["firstshell.sites_0_fermi_ev"] == "-8.5"
    (sample,) = read_samples([path]).samples
    assert sample.xanes.kept
    assert np.array_equal(sample.xanes.mu, scan.y)
    assert sample.xanes.warnings == ("the file says it is normalised: it was left as it is",)


def test_larch_reads_the_columns_with_their_names(xanes, tmp_path):
    larch = pytest.importorskip("larch.io")
    fs.save_spectra(xanes, tmp_path)
    group = larch.read_xdi(str(tmp_path / "tenorite_Cu_xanes.xdi"))
    assert (group.array_labels, group.array_units) == (["energy", "norm"], ["eV", "edge_steps"])
    assert (group.element, group.edge) == ("Cu", "K")
    assert np.allclose(group.norm, xanes.values, atol=1e-7)
    fs.save_spectra(fs.simulate(TENORITE, "Cu", ["pdf"]), tmp_path)
    assert larch.read_ascii(str(tmp_path / "tenorite_Cu_pdf.gr")).array_labels == ["r", "g"]


@pytest.mark.slow
def test_larch_reads_an_exafs_with_the_names_of_its_columns(tmp_path):
    larch = pytest.importorskip("larch.io")
    spectrum = fs.simulate(RUTILE, "Ti", "exafs", longest=3)
    fs.save_spectra(spectrum, tmp_path)
    group = larch.read_ascii(str(tmp_path / "rutile_Ti_exafs.dat"))
    assert group.array_labels == ["k", "chi", "k2chi"]
    assert np.allclose(group.chi * group.k**2, spectrum.values, atol=1e-6)
    (scan,) = fs.read_measured(tmp_path / "rutile_Ti_exafs.dat")
    assert (scan.kind, scan.element, scan.notes) == ("exafs", "Ti", ())
    assert np.allclose(scan.y, group.chi)
    assert larch.read_ascii(str(tmp_path / "rutile_Ti_exafs_R.dat")).array_labels == ["r", "chir_mag"]
    assert fs.transform(spectrum).grid.unit == "Å"
    with pytest.raises(fs.InputError, match="one axis only"):
        fs.transform(fs.simulate(RUTILE, "Ti", "pdf"))


def test_sites_have_a_file_each(tmp_path):
    magnetite = DATA / "structures" / "magnetite.cif"
    names = [p.name for p in fs.save_spectra(fs.simulate(magnetite, "Fe", "pdf", per_site=True), tmp_path, "m")]
    assert len([name for name in names if name.endswith(".gr")]) == 2
    assert all(name.startswith("m_Fe_pdf_site") for name in names if name.endswith(".gr"))
