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
        (GSAS.replace("G(R)", "S(Q)").replace("#L R", "#L Q") + rows(R, G), "it holds 'Q     S.Q.', not G"),
        (PDFGUI.replace("##### PDFgui", "##### PDFgui fit") + rows(R, G), "a fitted curve of PDFgui"),
        ("#L r(nm) G\n" + rows(R, G), "r in nm"),
        (GSAS + rows(R), "no G|a single column"),
        (GSAS + rows(R[::-1], G), "r does not increase"),
        (GSAS + rows(np.repeat(R, 2), np.repeat(G, 2)), "r does not increase"),
        (GSAS + rows(R - 1, G), "r does not increase"),
        (GSAS + rows(R * 1000, G), "r does not increase"),
        (GSAS + rows(R, 0 * R), "constant"),
        (GSAS + rows(R[:5], G[:5]), "5 points are no spectrum"),
        (GSAS + rows(R, G) + "1 2 3\n", ":402: 3 numbers where the rows before have 2"),
        (GSAS + rows(R, G) + "the end\n", ":402: not a row of numbers"),
        (PDFGETX2, "no rows of numbers"),
        ("#L r G\n", "no G"),
        ("words\n" * 20_000 + rows(R, G), "no G"),
    ],
)
def test_what_is_no_pdf_is_refused(text, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read(written(tmp_path, text))


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
