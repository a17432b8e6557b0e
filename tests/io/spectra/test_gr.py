"""PDFs: the headers of the programs that write them, and what is refused."""

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.spectra.gr import read
from firstshell.io.spectra.measured import PdfHeader
from firstshell.io.spectra.sniff import read_measured
from format_examples import gr, rows

R = np.arange(1, 400) / 20
G = np.sin(4 * R) / R

PDFGETX2 = """History written: Mon Jan 5 2015
produced by user
##### PDFgetX2 v1.0
stype=X  x-ray scattering
## Data    qmin=0.98  qmax=27.5   QDamp = 0.06
composition = Ni1.0
##### start data
#O0 rg_int sig_rg_int low_int sig_low_int rmax rhofit
#S 1 - PDF from PDFgetX2
#L r G(r) d_r d_Gr
"""
PDFGETN = """History written: Fri Apr 30 13:05:36 2004
##### Sample Material     numElements=2     NormLaue=0.47
Element relAtomNum atomMass atomCoherCS
   O        0.6667   15.999      4.2320
  Ti        0.3333   47.867     -1.4850
density=     effDensity=3.4138

bank   angle   blendQmin   blendQmax       (0.0 means no info)
  1     90.0        1.62    29.42
## Damp     Qmin=1.5     Qmax=32     startDampQ=32    QAveMin=0.6
##### start data
#S 1 - PDF from PDFgetN
#L r G(r) dr dG(r)
"""
PDFGUI = """History written: Fri Apr 30 13:05:36 2004
produced by user
##### PDFgui
stype=N  neutron scattering
qmax=0   correction not applied
qdamp=0
qbroad=0.02
dscale=1
# metadata
temperature=300
##### start data
#L r(A) G(r) d_r d_Gr
"""
MANTID = """#Comment: neutron, Qmin=0.9, Qmax=34.9, Qdamp=0.017, Qbroad= 0.019, Temperature = 300
##### start data
#S 1 - PDF from Mantid 6.10
#L r G(r) dr dG(r)
"""
GSAS = "#T G(R) PDF NiO_300K.fxye\n#L R     G(R)\n"
GSAS_PDFGUI = """[DEFAULT]

version = GSAS-II-v5000

# input and output specifications
dataformat = Qnm
outputtype = gr

# PDF calculation setup
mode = neutron
wavelength = 0.10000
composition = Ni1O1
qmaxinst = 25.00
qmin = 0.50000
qmax = 22.0000

#### start data
#S 1
#L r($\\AA$)  G($\\AA^{-2}$)
"""
NONE = PdfHeader()


def written(folder, text):
    path = folder / "sample.gr"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (PDFGETX2, PdfHeader(qmin=0.98, qmax=27.5, qdamp=0.06, composition="Ni1.0", radiation="x-ray")),
        (PDFGETN, PdfHeader(qmin=1.5, qmax=32.0, composition="O0.6667Ti0.3333", radiation="neutron")),
        (PDFGUI, PdfHeader(qdamp=0.0, qbroad=0.02, radiation="neutron")),
        (MANTID, PdfHeader(qmin=0.9, qmax=34.9, qdamp=0.017, qbroad=0.019, radiation="neutron")),
        (GSAS, NONE),
        (GSAS_PDFGUI, PdfHeader(0.5, 22.0, 25.0, composition="Ni1O1", radiation="neutron")),
        ("", NONE),
        ("# r G\n", NONE),
    ],
    ids=["PDFgetX2", "PDFgetN", "PDFgui", "Mantid", "GSAS-II", "GSAS-II for PDFgui", "none", "comment"],
)
def test_headers(head, expected, tmp_path):
    for table in (rows(R, G), rows(R, G, 0 * R, 0.1 + 0 * R)):
        (spectrum,) = read_measured(written(tmp_path, head + table))
        assert np.allclose(spectrum.x, R)
        assert np.allclose(spectrum.y, G)
        assert (spectrum.kind, spectrum.name, spectrum.pdf) == ("pdf", "sample", expected)


def test_pdfgetx3(tmp_path):
    (spectrum,) = read_measured(written(tmp_path, gr().decode()))
    assert spectrum.pdf == PdfHeader(0.5, 24.0, 25.0, rpoly=0.9, composition="Ti O2", radiation="x-ray")
    assert spectrum.header["version"] == "diffpy.pdfgetx-2.2.1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (gr().decode().replace("outputtype = gr", "outputtype = fq"), "it holds 'fq', not G"),
        (GSAS.replace("G(R)", "S(Q)").replace("#L R", "#L Q") + rows(R, G), "it holds S.Q. or F.Q., not r and G"),
        (PDFGUI.replace("##### PDFgui", "##### PDFgui fit") + rows(R, G), "a fitted curve of PDFgui"),
        ("#L r(nm) G\n" + rows(R, G), "r in nm"),
        (GSAS + rows(R), "no G|a single column"),
        (GSAS + rows(R[::-1], G), "r does not increase"),
        (GSAS + rows(np.repeat(R, 2), np.repeat(G, 2)), "r does not increase"),
        (GSAS + rows(R - 1, G), "r does not increase"),
        (GSAS + rows(R * 1000, G), "r does not increase"),
        (GSAS + rows(R, 0 * R), "constant"),
        (GSAS + rows(R[:5], G[:5]), "5 points are no spectrum"),
        (GSAS + rows(R, G) + "21 2 3\n", ":402: 3 numbers where other rows have 2"),
        (GSAS + rows(R, G, 0 * R, 0 * R) + "21 2 3\n", ":402: 3 numbers where other rows have 4"),
        ("#  k   chi   chi_re\n" + rows(R, G), "χ.k. of EXAFS, not r and G"),
        ("# r chir_mag chir_re\n" + rows(R, G, G), "χ.R., the Fourier transform of EXAFS"),
        ("# Q(A^-1)  F(Q)\n" + rows(R, G), "S.Q. or F.Q."),
        ("x.chi\n2-Theta Angle (Degrees)\nIntensity\n" + rows(R, G), "a diffraction pattern"),
        ("399\nrmc oxide\n" + rows(R, G), "a file of RMCProfile"),
        (GSAS + rows(R, np.where(np.arange(len(R)) % 9, G, 1e9)), "fit none of their neighbours, first of line"),
        (GSAS + rows(R, G) + "the end\n", ":402: not a row of numbers"),
        (PDFGETX2, "no rows of numbers"),
        ("#L r G\n", "no G"),
        ("words\n" * 20_000 + rows(R, G), "no G"),
    ],
)
def test_what_is_no_pdf_is_refused(text, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read(written(tmp_path, text))


ELEMENTS = """####### Get_XPDF #######
##### Correction_Setup qmin=0.1    qmax=31.0
##### Sample_Setup information    num_atoms=2
#L symbol valence fractions z user_f1 user_f2 user_macoef
  Ti    0.00   1.000000    22   0.000000   0.000000   0.001000
   O    0.00   2.000000     8   0.000000   0.000000   0.001000
geometry=2    mut=0.50000000    numberdensity=0.09000000
qmin=0.900000    qmax=26.000000    rmin=0.010000    rmax=20.000000    deltar=0.010000
##### start data
#S 1    G(r)
#L r(A)    G(r)    d_r    d_Gr
"""


def test_the_table_of_elements_of_pdfgetx2(tmp_path):
    (spectrum,) = read_measured(written(tmp_path, ELEMENTS + rows(R, G, 0 * R, 0.1 + 0 * R)))
    assert np.array_equal(spectrum.y, [float(f"{value:.9g}") for value in G])
    expected = PdfHeader(0.9, 26.0, composition="Ti1O2", radiation="x-ray")
    assert (spectrum.pdf, spectrum.notes) == (expected, ())


def test_rows_of_two_and_of_four_numbers(tmp_path):
    two, four = rows(R, G).splitlines(), rows(R, G, 0 * R, 0 * R).splitlines()
    mixed = "\n".join([*two[:60], *four[60:300], two[300], *four[301:]]) + "\n"
    (spectrum,) = read_measured(written(tmp_path, mixed))
    assert np.allclose(spectrum.y, G)
    assert spectrum.notes == ("some rows have 2 numbers and others 4: the first two are r and G(r)",)


@pytest.mark.parametrize("value", [0.0, 1e15, -1e15, 3.0, -2.0, np.nan, np.inf])
@pytest.mark.parametrize("place", [45, 200, 395, 398])
def test_one_spoilt_value_is_left_out_and_named(value, place, tmp_path):
    spoilt = G.copy()
    spoilt[place] = value if value != 0 or place < 300 else 1.0
    (spectrum,) = read(written(tmp_path, "#L r G\n" + rows(R, spoilt)))
    assert spectrum.notes == (f"the point of line {place + 2} fits no neighbour: left out",)
    assert np.abs(spectrum.y - G[: len(spectrum.y)]).max() < 0.01
    assert np.allclose(spectrum.x, R[: len(spectrum.x)])


def test_runs_of_one_value_and_axes_that_jump_are_spoilt(tmp_path):
    stuck, jumping = G.copy(), R.copy()
    stuck[100:107] = 0.5
    jumping[[50, 120]] += (0.01, 30.0)
    for r, g, places in ((R, stuck, range(100, 107)), (jumping, G, (50, 120))):
        (spectrum,) = read(written(tmp_path, "#L r G\n" + rows(r, g)))
        shown = ", ".join(str(place + 2) for place in [*places][:5])
        assert shown in spectrum.notes[0]
        assert np.allclose(spectrum.x, R)
        assert np.abs(spectrum.y - G).max() < 0.05


def test_a_last_line_that_is_cut_short_is_left_out(tmp_path):
    text = "#L r G\n" + rows(R, G)
    for end in ("19.95", "19.95 -", "19.95 0.1e"):
        (spectrum,) = read(written(tmp_path, text.rsplit("19.95", 1)[0] + end))
        assert spectrum.notes == ("line 400 is cut short and left out",)
        assert len(spectrum.x) == 398


def test_zeros_at_the_end_are_left_out_and_those_before_the_first_shell_are_not(tmp_path):
    padded = np.where((R < 1) | (R > 15), 0, G)
    (spectrum,) = read(written(tmp_path, "#L r G\n" + rows(R, padded)))
    assert spectrum.notes == ("G(r) is 0 from 15.05 Å (line 302) to the end, which is left out",)
    assert np.allclose(spectrum.y, padded[:300])


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("case_13_pdfgetx2.gr", ("Ti1O2", 26.0, "x-ray")),
        ("case_13b_same_numbers_pdfgetx3.gr", ("TiO2", 26.0, "x-ray")),
        ("case_29_gr_rmcprofile_two_line_header.gr", "RMCProfile"),
        ("case_30_gr_rows_of_two_then_four.gr", (None, None, None)),
    ],
)
def test_shared_cases(name, right, shared):
    path = shared / "cases" / name
    if not path.is_file():
        pytest.skip("no cases here")
    if isinstance(right, str):
        with pytest.raises(InputError, match=right):
            read_measured(path)
        return
    (spectrum,) = read_measured(path)
    assert (spectrum.pdf.composition, spectrum.pdf.qmax, spectrum.pdf.radiation) == right
    (same,) = read_measured(path.with_name("case_13b_same_numbers_pdfgetx3.gr"))
    assert np.allclose(spectrum.y, same.y, atol=1e-6)


def test_published_pdfs(shared):
    folder = shared / "data" / "measured" / "pdf"
    if not folder.is_dir():
        pytest.skip("no measured files here")
    expected = {
        "LaMnO3_300K_neutron.gr": (84, PdfHeader(2.0, 32.0, composition="O0.6Mn0.2La0.2", radiation="neutron")),
        "MgTi2O4_400K_xray.gr": (27, PdfHeader(0.1, 21.79984014, 21.8, None, None, 0.9, "MgTi2O4", "x-ray")),
        "TiO2_film_xray.gr": (21, PdfHeader(0.7, 16.0, 20.0, None, None, 1.0, "TiO2", "x-ray")),
    }
    assert {path.name for path in folder.glob("*.gr")} == set(expected)
    for name, (_, header) in expected.items():
        lines = (folder / name).read_text().splitlines()
        start = max(i for i, line in enumerate(lines) if line.startswith("#"))
        table = np.loadtxt(lines[start + 1 :])
        (spectrum,) = read_measured(folder / name)
        assert np.array_equal(spectrum.x, table[:, 0])
        assert np.array_equal(spectrum.y, table[:, 1])
        assert spectrum.pdf == header
